// How normalised cards are held: per field the codes of every card, and the forms of every distinct value.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/column_vector.hpp"
#include "core/prefetch.hpp"
#include "klientela/dedupe/cards.hpp"
#include "klientela/model/values.hpp"

namespace klientela {
namespace dedupe {

/// Texts after each other. Copies share what stood there at the last settle(), and copy what came after.
class Texts {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return settled_count_ + recent_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return i < settled_count_ ? (*settled_)[i] : recent_[i - settled_count_];
  }
  /// Asks for the memory that tells where a text lies, and, when that is there, for the text.
  void ask_where(std::size_t i) const noexcept {
    if (i < settled_count_) prefetch(&settled_->begins[i]);
  }
  void ask(std::size_t i) const noexcept {
    if (i < settled_count_) prefetch(settled_->bytes.data() + settled_->begins[i]);
  }
  void push_back(std::string_view text) { recent_.push_back(text); }
  /// Takes away what came since the last settle(), but not its memory.
  void clear() noexcept {
    recent_.begins.resize(1);
    recent_.bytes.clear();
  }
  /// Makes room for as many times those that came, and a little more: memory that nothing is written to costs nothing.
  void reserve_times(double times) {
    const auto more = [&](std::size_t size) {
      return static_cast<std::size_t>(1.05 * times * static_cast<double>(size));
    };
    recent_.begins.reserve(more(recent_.begins.size()));
    recent_.bytes.reserve(more(recent_.bytes.size()));
  }
  /// O(bytes)
  void settle() {
    auto all = std::make_shared<Block>();
    if (settled_count_ == 0) {
      *all = std::move(recent_);
      all->fit();
    } else {
      *all = *settled_;
      for (std::size_t i = 0; i < recent_.size(); ++i) all->push_back(recent_[i]);
    }
    settled_count_ = all->size();
    settled_ = std::move(all);
    recent_ = {};
  }
  /// Settles where copies would copy more than an eighth; amortised O(bytes that came)
  void settle_if_many() {
    if (recent_.bytes.size() > (settled_ ? settled_->bytes.size() / 8 : 0)) settle();
  }

 private:
  struct Block {
    std::vector<std::uint64_t> begins{0};
    std::string bytes;
    [[nodiscard]] std::size_t size() const noexcept { return begins.size() - 1; }
    [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
      return std::string_view(bytes).substr(begins[i], begins[i + 1] - begins[i]);
    }
    void push_back(std::string_view text) {
      bytes.append(text);
      begins.push_back(bytes.size());
    }
    /// Gives back what lies idle where it is much: all is copied for it.
    void fit() {
      const auto fit_one = [](auto& of) {
        if (of.capacity() - of.size() > of.size() / 4) of.shrink_to_fit();
      };
      fit_one(begins);
      fit_one(bytes);
    }
  };
  std::shared_ptr<const Block> settled_;
  std::size_t settled_count_{0};
  Block recent_;
};

inline constexpr std::size_t max_forms = 4;

/// One field of all cards. A value's code is its place in order of first appearance, which is canonical because cards
/// are; values of cards that were added later follow, and those that no card has any more keep their codes.
struct FieldColumn {
  ColumnVector<std::uint32_t> first;  ///< by card: its first value, no_code without one; empty where no card has one
  ColumnVector<std::uint32_t> more_begin;  ///< by card and the end: its further values in `more`; empty without any
  ColumnVector<std::uint32_t> more;
  std::array<Texts, max_forms> forms;  ///< by code
  ColumnVector<std::uint32_t> counts;  ///< by code: cards with the value
  std::size_t filled{0};               ///< cards with a value

  [[nodiscard]] bool empty() const noexcept { return first.empty(); }
  [[nodiscard]] std::size_t distinct() const noexcept { return counts.size(); }
  [[nodiscard]] std::span<const std::uint32_t> further(std::uint32_t card) const noexcept {
    if (more_begin.empty()) return {};
    return std::span(more).subspan(more_begin[card], more_begin[card + 1] - more_begin[card]);
  }
  /// Calls visit(code) for each value of a card.
  template <class Visit>
  void each(std::uint32_t card, Visit visit) const {
    if (empty() || first[card] == no_code) return;
    visit(first[card]);
    for (const std::uint32_t code : further(card)) visit(code);
  }
};

/// A number out of a card's values in every field; 0 without any. \pre card < cards of the column
[[nodiscard]] constexpr std::uint64_t content_mixed(std::uint64_t hash, std::size_t field,
                                                    std::uint32_t code) noexcept {
  std::uint64_t x = hash ^ (std::uint64_t{field + 1} << 32 | code);
  x = (x ^ (x >> 30)) * 0xBF58'476D'1CE4'E5B9U;
  x = (x ^ (x >> 27)) * 0x94D0'49BB'1331'11EBU;
  return x ^ (x >> 31);
}

}  // namespace dedupe

struct PreparedCards::Data {
  std::array<ClientBase, 2> bases;
  std::optional<Normaliser> normaliser;  ///< that of the values; none without cards
  std::size_t first_list{0};
  bool two_lists{false};
  std::vector<std::uint32_t> codes;  ///< by card: client code in the base of its list
  std::array<dedupe::FieldColumn, card_field_count> fields;

  [[nodiscard]] const dedupe::FieldColumn& operator[](CardField field) const noexcept {
    return fields[static_cast<std::size_t>(field)];
  }
  /// Of a card's values in every field. Equal cards have the same.
  [[nodiscard]] std::uint64_t content(std::uint32_t card) const {
    std::uint64_t hash = 0;
    for (std::size_t f = 0; f < fields.size(); ++f)
      fields[f].each(card, [&](std::uint32_t code) { hash = dedupe::content_mixed(hash, f, code); });
    return hash;
  }
  /// Whether two cards have the same values in every field.
  [[nodiscard]] bool same_content(std::uint32_t a, std::uint32_t b) const {
    for (const dedupe::FieldColumn& column : fields) {
      if (column.empty()) continue;
      const auto x = column.further(a);
      const auto y = column.further(b);
      if (column.first[a] != column.first[b] || !std::equal(x.begin(), x.end(), y.begin(), y.end())) return false;
    }
    return true;
  }
};

namespace dedupe {

/// The cards of some clients of a base, in the order given. \pre every client has a card
[[nodiscard]] PreparedCards prepare_some(const ClientBase& base, std::vector<std::uint32_t> codes,
                                         const Normaliser& normaliser, const Control& control);

}  // namespace dedupe

}  // namespace klientela
