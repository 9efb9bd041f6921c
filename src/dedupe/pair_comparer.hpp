// Levels of pairs, remembered by distinct values.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dedupe/card_data.hpp"
#include "dedupe/value_sketch.hpp"
#include "klientela/dedupe/comparison.hpp"

namespace klientela::dedupe {

/// The levels of one pair: four bits a comparison, the first one lowest.
using Pattern = std::uint64_t;
[[nodiscard]] constexpr std::uint8_t level_of(Pattern pattern, std::size_t comparison) noexcept {
  return static_cast<std::uint8_t>(pattern >> (4 * comparison) & 0xF);
}
static_assert(max_card_comparisons <= 16);

/// Compares pairs. Immutable but for the memory that each thread brings.
class PairComparer {
 public:
  /// \throws Error invalid_argument naming the comparison
  PairComparer(const PreparedCards& cards, std::span<const Comparison> comparisons);
  /// The same comparisons of cards that grew out of those: values keep their codes. O(cards + values that came)
  PairComparer(const PairComparer& before, const PreparedCards& cards);

  /// What one thread remembers: levels by pairs of distinct values, the newest where two want one place.
  class Memory {
   public:
    explicit Memory(std::size_t comparisons) : slots_(comparisons << bits) {}

   private:
    friend class PairComparer;
    static constexpr std::size_t bits = 13;
    struct Slot {
      std::uint64_t key{~std::uint64_t{0}};
      std::uint8_t level{0};
    };
    std::vector<Slot> slots_;
  };
  [[nodiscard]] Memory memory() const { return Memory(comparisons_.size()); }

  /// Asks for the memory that the pairs of a list want, some pairs ahead of the one that is compared: cards lie far
  /// apart, and waiting for them would take longer than comparing.
  void ask_ahead(std::span<const CardPair> pairs, std::size_t at) const noexcept {
    constexpr std::size_t cards_ahead = 16;
    constexpr std::size_t values_ahead = 8;
    const std::size_t width = comparisons_.size();
    if (at + cards_ahead < pairs.size()) {
      const CardPair& pair = pairs[at + cards_ahead];
      __builtin_prefetch(rows_.data() + pair.a * width);
      __builtin_prefetch(rows_.data() + pair.b * width);
    }
    if (at + values_ahead >= pairs.size()) return;
    const std::uint32_t* const a = rows_.data() + pairs[at + values_ahead].a * width;
    const std::uint32_t* const b = rows_.data() + pairs[at + values_ahead].b * width;
    for (std::size_t i = 0; i < width; ++i) {
      if (a[i] == b[i] || a[i] == no_code || b[i] == no_code || sketches_[i].empty()) continue;
      __builtin_prefetch(sketches_[i].data() + a[i]);
      __builtin_prefetch(sketches_[i].data() + b[i]);
    }
  }

  [[nodiscard]] Pattern operator()(CardPair pair, Memory& memory) const { return compared(pair, &memory); }
  [[nodiscard]] Pattern operator()(CardPair pair) const { return compared(pair, nullptr); }
  /// The value that both cards have where the level is the highest, of several the rarest; no_code where none is.
  [[nodiscard]] std::uint32_t common_value(CardPair pair, std::size_t comparison) const;
  [[nodiscard]] const std::vector<Comparison>& comparisons() const noexcept { return comparisons_; }
  [[nodiscard]] const PreparedCards& cards() const noexcept { return cards_; }
  [[nodiscard]] std::uint8_t highest(std::size_t comparison) const noexcept { return highest_[comparison]; }

 private:
  /// What is looked up by card or value.
  void look_up();
  [[nodiscard]] Pattern compared(CardPair pair, Memory* memory) const;
  [[nodiscard]] std::uint8_t level(std::size_t comparison, std::uint32_t x, std::uint32_t y, Memory* memory) const;
  [[nodiscard]] std::uint8_t compared(std::size_t comparison, std::uint32_t x, std::uint32_t y) const;
  [[nodiscard]] std::uint8_t best_of_several(std::size_t comparison, CardPair pair, Memory* memory) const;

  PreparedCards cards_;
  std::vector<Comparison> comparisons_;
  std::vector<const FieldColumn*> columns_;
  std::vector<std::uint8_t> highest_;
  std::vector<std::uint32_t> rows_;  ///< by card, then comparison: its first value, so that a card is a line of memory
  std::vector<std::vector<Sketch>> sketches_;
  std::vector<Verdict> verdicts_;
  std::vector<Day> days_;  ///< by code of birthdays
  bool several_{false};    ///< whether some card has several values
  std::size_t given_;      ///< place among the comparisons; none
  std::size_t family_;
};

}  // namespace klientela::dedupe
