// Blocks that are too large, split by one key after the other.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dedupe/radix_sort.hpp"

namespace klientela::dedupe {

/// Which pairs of a block there are: all of them in one list, of two lists those between them.
class BlockPairs {
 public:
  /// Of one list.
  BlockPairs() = default;
  /// \param second  the first card of the second list
  explicit BlockPairs(std::uint32_t second) noexcept : second_(second), two_lists_(true) {}

  /// A block may have as many pairs as one of so many cards has in one list.
  [[nodiscard]] static constexpr std::uint64_t of_one_list(std::uint64_t cards) noexcept {
    return cards * (cards - 1) / 2;
  }
  [[nodiscard]] bool two_lists() const noexcept { return two_lists_; }
  [[nodiscard]] bool in_second(std::uint32_t card) const noexcept { return two_lists_ && card >= second_; }
  /// Cards that have pairs with others behind them: those of the first list, or all. \param cards  ascending
  [[nodiscard]] std::size_t rows(std::span<const std::uint32_t> cards) const noexcept {
    if (!two_lists_) return cards.size();
    return static_cast<std::size_t>(std::lower_bound(cards.begin(), cards.end(), second_) - cards.begin());
  }
  /// \param rows  rows() of the block
  [[nodiscard]] std::uint64_t count(std::uint64_t cards, std::uint64_t rows) const noexcept {
    return two_lists_ ? rows * (cards - rows) : of_one_list(cards);
  }
  [[nodiscard]] std::uint64_t count(std::span<const std::uint32_t> cards) const noexcept {
    return count(cards.size(), rows(cards));
  }
  /// Most pairs of what a block is split into: of parts with a x b <= limit each, the sum of the roots of both is
  /// bounded by Cauchy's inequality.
  [[nodiscard]] std::uint64_t count_within(std::uint64_t cards, std::uint64_t rows,
                                           std::uint64_t limit) const noexcept {
    const std::uint64_t all = count(cards, rows);
    if (all <= of_one_list(limit)) return all;
    if (!two_lists_) return cards * (limit - 1) / 2 + 1;
    const double bound = std::sqrt(static_cast<double>(of_one_list(limit)) * static_cast<double>(all));
    return std::min(all, static_cast<std::uint64_t>(bound) + 1);
  }

 private:
  std::uint32_t second_{0};
  bool two_lists_{false};
};

/// Calls add(cards) with each part that has a pair: the cards as they are where they have at most as many pairs as
/// `limit` cards of one list, else those with one value of key_of(level, card), level by level, and in the end runs of
/// so many; of two lists, as many of the one as of the other side by side, and what is left of the longer one with the
/// last ones of the shorter, as far as that is no more pairs.
/// \param cards  ascending, as in each part
template <class KeyOf, class Add>
void split_block(std::span<const std::uint32_t> cards, std::size_t levels, std::uint32_t limit, KeyOf&& key_of,
                 const Add& add, std::size_t level = 0, BlockPairs pairs = {}) {
  const std::size_t rows = pairs.rows(cards);
  const std::uint64_t count = pairs.count(cards.size(), rows);
  if (count == 0) return;
  if (count <= BlockPairs::of_one_list(limit)) {
    add(cards);
    return;
  }
  if (level == levels) {
    if (!pairs.two_lists()) {
      for (std::size_t begin = 0; begin < cards.size(); begin += limit)
        if (const auto run = cards.subspan(begin, std::min<std::size_t>(limit, cards.size() - begin)); run.size() > 1)
          add(run);
      return;
    }
    auto first = cards.first(rows);
    auto second = cards.subspan(rows);
    std::vector<std::uint32_t> run;
    while (!first.empty() && !second.empty()) {
      const std::size_t shorter = std::min(first.size(), second.size());
      const std::size_t each = std::min<std::size_t>(shorter, std::max<std::size_t>(1, limit / 2));
      const std::size_t more = each < shorter ? each : BlockPairs::of_one_list(limit) / each;
      const std::size_t a = first.size() == shorter ? each : std::min(first.size(), more);
      const std::size_t b = second.size() == shorter ? each : std::min(second.size(), more);
      run.assign(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(a));
      run.insert(run.end(), second.begin(), second.begin() + static_cast<std::ptrdiff_t>(b));
      add(std::span<const std::uint32_t>(run));
      first = first.subspan(a);
      second = second.subspan(b);
    }
    return;
  }
  std::vector<KeyedCard> keyed;
  keyed.reserve(cards.size());
  for (const std::uint32_t card : cards) keyed.push_back({key_of(level, card), card});
  std::stable_sort(keyed.begin(), keyed.end(), [](const KeyedCard& a, const KeyedCard& b) { return a.key < b.key; });
  std::vector<std::uint32_t> group;
  for (std::size_t begin = 0; begin < keyed.size();) {
    std::size_t end = begin;
    group.clear();
    while (end < keyed.size() && keyed[end].key == keyed[begin].key) group.push_back(keyed[end++].card);
    split_block(std::span<const std::uint32_t>(group), levels, limit, key_of, add, level + 1, pairs);
    begin = end;
  }
}

}  // namespace klientela::dedupe
