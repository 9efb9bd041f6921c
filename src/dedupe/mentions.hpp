// Whether a free text names a client: by name, address or number, however they are written.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/model/client_base.hpp"

namespace klientela::dedupe {

/// What a client is known by: runs of whole words, without regard to case (Latin and Cyrillic) and what stands between
/// the words. A letter of a script without blanks (Han, Kana, Hangul, Thai) is a word of its own. Lengths are counted
/// in letters and digits.
class Mentions {
 public:
  /// A value of a field of the client's cards: names, e-mails, websites, tax numbers and identifiers of five and more,
  /// a family name by itself too, of names three in scripts without blanks; a whole address with a digit in it; of
  /// phones and other numbers the last ten digits, seven at least. What many share (city, a given name) is not looked
  /// for.
  void add(ClientField field, std::string_view value);
  /// Texts of five and more, numbers of six digits and more.
  void add_id(const ClientId& id);
  /// Given and family name of one card, in both orders: together five letters and more, of a given name more than an
  /// initial; two in scripts without blanks.
  void add_name(std::string_view given, std::string_view family);
  /// Street and house of one card.
  void add_street(std::string_view street, std::string_view house);
  /// Whether a text names the client. From eight letters on a run may be broken into words in other places, or not at
  /// all. O(words of the text x words of the longest value)
  [[nodiscard]] bool in(std::string_view text) const;

 private:
  void add_words(const std::vector<std::string>& words);

  std::set<std::string, std::less<>> runs_;    ///< words with a blank between two
  std::set<std::string, std::less<>> joined_;  ///< of eight letters and more: words without blanks
  std::set<std::string, std::less<>> numbers_;
  std::size_t longest_{0};  ///< bytes of the longest of them, without blanks
};

}  // namespace klientela::dedupe
