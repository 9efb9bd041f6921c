// How the report page speaks: its sentences, numbers and plurals in English and Russian.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "klientela/report/report.hpp"
#include "report/facts.hpp"

namespace klientela::report {

/// What a name of klientela's own is called.
struct Word {
  std::string_view name, english, russian;
};
/// Null where the list has no such name. O(words)
[[nodiscard]] inline const Word* word_named(std::span<const Word> words, std::string_view name) noexcept {
  const auto found = std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.name == name; });
  return found == words.end() ? nullptr : &*found;
}

class Speech {
 public:
  Speech(Language language, std::string currency)
      : russian_(language == Language::russian), currency_(std::move(currency)) {}

  /// The sentence of the language.
  [[nodiscard]] std::string_view operator()(std::string_view english, std::string_view russian) const noexcept {
    return russian_ ? russian : english;
  }
  [[nodiscard]] std::string_view language_tag() const noexcept { return russian_ ? "ru" : "en"; }

  /// 397,884 or 397 884.
  [[nodiscard]] std::string count(std::uint64_t number) const;
  /// A plain decimal text with its thousands grouped: 8,911,407.904.
  [[nodiscard]] std::string decimal(std::string_view text) const;
  /// The same for an exact amount: one decimal is written as two.
  [[nodiscard]] std::string amount(std::string text) const;
  /// An exact amount with the currency.
  [[nodiscard]] std::string money(const Total& total) const;
  [[nodiscard]] std::string money(std::int64_t units) const;
  /// An amount at three significant digits without the currency: 8.91M, 12.3k.
  [[nodiscard]] std::string compact(double amount) const;
  /// 0.4523 as 45.2%.
  [[nodiscard]] std::string percent(double share) const;
  /// A day as people write it: 9 December 2011.
  [[nodiscard]] std::string day(Day day) const;
  /// What people call a column, band, segment, group or class; names that are not klientela's own stay as they are.
  /// Escaped, isolated from the direction of the text around it.
  [[nodiscard]] std::string term(std::string_view name) const;
  /// The same without markup and cut to so many characters, for SVG and attributes.
  [[nodiscard]] std::string plain_term(std::string_view name, std::size_t characters = 60) const;
  [[nodiscard]] std::string_view reason(RejectReason reason) const noexcept;
  [[nodiscard]] std::string clients(std::uint64_t number) const;
  [[nodiscard]] std::string rows(std::uint64_t number) const;

 private:
  /// The words for one of klientela's own names; empty for others.
  [[nodiscard]] std::string known(std::string_view name) const;
  [[nodiscard]] std::string_view plural(std::uint64_t number, std::string_view one, std::string_view few,
                                        std::string_view many) const noexcept;
  [[nodiscard]] std::string with_currency(const std::string& amount) const;
  bool russian_;
  std::string currency_;
};

}  // namespace klientela::report
