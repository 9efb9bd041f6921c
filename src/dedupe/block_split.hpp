// Blocks that are too large, split by one key after the other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "dedupe/radix_sort.hpp"

namespace klientela::dedupe {

/// Calls add(cards) with each part of two cards and more: the cards as they are where they are at most `limit`, else
/// those with one value of key_of(level, card), level by level, and in the end runs of so many.
/// \param cards  ascending, as in each part
template <class KeyOf, class Add>
void split_block(std::span<const std::uint32_t> cards, std::size_t levels, std::uint32_t limit, KeyOf&& key_of,
                 const Add& add, std::size_t level = 0) {
  if (cards.size() < 2) return;
  if (cards.size() <= limit) {
    add(cards);
    return;
  }
  if (level == levels) {
    for (std::size_t begin = 0; begin < cards.size(); begin += limit)
      if (const auto run = cards.subspan(begin, std::min<std::size_t>(limit, cards.size() - begin)); run.size() > 1)
        add(run);
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
    split_block(std::span<const std::uint32_t>(group), levels, limit, key_of, add, level + 1);
    begin = end;
  }
}

}  // namespace klientela::dedupe
