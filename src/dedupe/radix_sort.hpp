// Cards in the order of 64-bit keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace klientela::dedupe {

struct KeyedCard {
  std::uint64_t key;
  std::uint32_t card;
};

/// By key, equal keys as they stood. O(n); passes over bytes that are the same everywhere are left out.
inline void radix_sort(std::vector<KeyedCard>& items) {
  constexpr std::size_t digits = 8;
  constexpr std::size_t bins = 256;
  std::vector<std::array<std::size_t, bins>> counts(digits);
  for (const KeyedCard& item : items)
    for (std::size_t d = 0; d < digits; ++d) ++counts[d][(item.key >> (8 * d)) & 0xFF];
  std::vector<KeyedCard> other(items.size());
  for (std::size_t d = 0; d < digits; ++d) {
    std::array<std::size_t, bins>& places = counts[d];
    std::size_t begin = 0;
    bool one_bin = false;
    for (std::size_t& place : places) {
      const std::size_t count = place;
      one_bin = one_bin || count == items.size();
      place = begin;
      begin += count;
    }
    if (one_bin) continue;
    for (const KeyedCard& item : items) other[places[(item.key >> (8 * d)) & 0xFF]++] = item;
    items.swap(other);
  }
}

}  // namespace klientela::dedupe
