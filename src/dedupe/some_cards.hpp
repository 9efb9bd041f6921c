// Some of many cards, numbered among themselves.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dedupe/value_sketch.hpp"

namespace klientela::clustering {

/// Some of the cards, and their places among themselves; a bit a card, so that it stays in the cache.
class SomeCards {
 public:
  explicit SomeCards(std::uint32_t n) : bits_(n / 64 + 1, 0), before_(bits_.size(), 0) {}
  void add(std::uint32_t card) noexcept { bits_[card / 64] |= bit(card); }
  /// After the last add(). Returns them in order.
  [[nodiscard]] std::vector<std::uint32_t> count() {
    std::vector<std::uint32_t> cards;
    for (std::size_t word = 0; word < bits_.size(); ++word) {
      before_[word] = static_cast<std::uint32_t>(cards.size());
      for (std::uint64_t rest = bits_[word]; rest != 0; rest &= rest - 1)
        cards.push_back(static_cast<std::uint32_t>(64 * word) + static_cast<std::uint32_t>(std::countr_zero(rest)));
    }
    return cards;
  }
  [[nodiscard]] bool has(std::uint32_t card) const noexcept { return (bits_[card / 64] & bit(card)) != 0; }
  /// \pre has(card)
  [[nodiscard]] std::uint32_t place(std::uint32_t card) const noexcept {
    return before_[card / 64] + static_cast<std::uint32_t>(dedupe::count_bits(bits_[card / 64] & (bit(card) - 1)));
  }

 private:
  static constexpr std::uint64_t bit(std::uint32_t card) noexcept { return std::uint64_t{1} << card % 64; }
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint32_t> before_;  ///< how many stand in earlier words
};

}  // namespace klientela::clustering
