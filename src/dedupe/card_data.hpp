// How normalised cards are held: per field the codes of every card, and the forms of every distinct value.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/dedupe/cards.hpp"
#include "klientela/model/values.hpp"

namespace klientela {
namespace dedupe {

/// Texts after each other.
class Texts {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return begins_.size() - 1; }
  [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
    return std::string_view(bytes_).substr(begins_[i], begins_[i + 1] - begins_[i]);
  }
  void push_back(std::string_view text) {
    bytes_.append(text);
    begins_.push_back(bytes_.size());
  }
  void shrink() {
    bytes_.shrink_to_fit();
    begins_.shrink_to_fit();
  }

 private:
  std::vector<std::uint64_t> begins_{0};
  std::string bytes_;
};

inline constexpr std::size_t max_forms = 4;

/// One field of all cards. A value's code is its place in order of first appearance, which is canonical because cards
/// are.
struct FieldColumn {
  std::vector<std::uint32_t> first;  ///< by card: its first value, no_code without one; empty where no card has one
  std::vector<std::uint32_t> more_begin;  ///< by card and the end: its further values in `more`; empty without any
  std::vector<std::uint32_t> more;
  std::array<Texts, max_forms> forms;  ///< by code
  std::vector<std::uint32_t> counts;   ///< by code: cards with the value
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

}  // namespace dedupe

struct PreparedCards::Data {
  std::array<ClientBase, 2> bases;
  std::size_t first_list{0};
  bool two_lists{false};
  std::vector<std::uint32_t> codes;  ///< by card: client code in the base of its list
  std::array<dedupe::FieldColumn, card_field_count> fields;

  [[nodiscard]] const dedupe::FieldColumn& operator[](CardField field) const noexcept {
    return fields[static_cast<std::size_t>(field)];
  }
};

}  // namespace klientela
