// Cards in the order of 64-bit keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/column_vector.hpp"

namespace klientela::dedupe {

struct KeyedCard {
  std::uint64_t key;
  std::uint32_t card;
};

/// Few of them. O(n) where they are nearly sorted, O(n log n)
inline void sort_by_key(std::span<KeyedCard> items) {
  constexpr std::size_t few = 24;
  const auto before = [](const KeyedCard& a, const KeyedCard& b) { return a.key < b.key; };
  if (items.size() > few) {
    if (!std::is_sorted(items.begin(), items.end(), before)) std::stable_sort(items.begin(), items.end(), before);
    return;
  }
  for (std::size_t i = 1; i < items.size(); ++i) {
    const KeyedCard item = items[i];
    std::size_t at = i;
    for (; at > 0 && item.key < items[at - 1].key; --at) items[at] = items[at - 1];
    items[at] = item;
  }
}

/// By key, equal keys as they stood. Keys are hashes, so that their first bits part them evenly: O(n); O(n log n) where
/// they are not.
inline void radix_sort(ColumnVector<KeyedCard>& items) {
  constexpr std::size_t bins = 1024;  // more would each be another page of memory to write to
  constexpr int shift = 54;
  constexpr std::size_t few = 64;
  if (items.size() <= few) return sort_by_key(items);
  std::array<std::size_t, bins + 1> begins{};
  for (const KeyedCard& item : items) ++begins[(item.key >> shift) + 1];
  for (std::size_t bin = 0; bin < bins; ++bin) begins[bin + 1] += begins[bin];
  ColumnVector<KeyedCard> other(items.size());
  std::array<std::size_t, bins + 1> next = begins;
  for (const KeyedCard& item : items) other[next[item.key >> shift]++] = item;
  // The next bits, as many as make small parts of each of these; what a part is then is in the cache.
  std::array<std::size_t, 257> inner{};
  for (std::size_t bin = 0; bin < bins; ++bin) {
    const std::span<const KeyedCard> from(other.data() + begins[bin], begins[bin + 1] - begins[bin]);
    const std::span<KeyedCard> to(items.data() + begins[bin], from.size());
    if (from.size() <= few) {
      std::copy(from.begin(), from.end(), to.begin());
      sort_by_key(to);
      continue;
    }
    const auto part = [](const KeyedCard& item) { return item.key >> (shift - 8) & 0xFFU; };
    inner.fill(0);
    for (const KeyedCard& item : from) ++inner[part(item) + 1];
    for (std::size_t i = 0; i < 256; ++i) inner[i + 1] += inner[i];
    for (const KeyedCard& item : from) to[inner[part(item)]++] = item;
    for (std::size_t i = 0, begin = 0; i < 256; begin = inner[i++]) sort_by_key(to.subspan(begin, inner[i] - begin));
  }
}

}  // namespace klientela::dedupe
