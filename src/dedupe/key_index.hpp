// Numbers found by 64-bit keys, to which some are added at the price of those alone.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/prefetch.hpp"
#include "dedupe/radix_sort.hpp"

namespace klientela::dedupe {

/// Sorted keys: a large settled part that copies share, and a recent one that they copy.
class KeyIndex {
 public:
  [[nodiscard]] bool empty() const noexcept { return settled_ == nullptr && recent_.keys.empty(); }

  /// Numbers of equal keys stay in the order in which they came. O(new + recent); O(all) once the recent part is more
  /// than an eighth of the settled one.
  void add(ColumnVector<KeyedCard> items) {
    if (items.empty()) return;
    radix_sort(items);
    Sorted added;
    for (const KeyedCard& item : items) added.push_back(item.key, item.card);
    recent_ = recent_.keys.empty() ? std::move(added) : merged(recent_, added);
    if (settled_ != nullptr && 8 * recent_.keys.size() <= settled_->keys.size()) return;
    Sorted all = settled_ ? merged(*settled_, recent_) : std::move(recent_);
    all.note_beginnings();
    settled_ = std::make_shared<const Sorted>(std::move(all));
    recent_ = {};
  }
  /// The settled numbers of a key, then the recent ones. O(log keys)
  [[nodiscard]] std::array<std::span<const std::uint32_t>, 2> with(std::uint64_t key) const noexcept {
    return {settled_ ? settled_->with(key) : std::span<const std::uint32_t>(), recent_.with(key)};
  }
  /// Asks for the memory that with() wants: where a key's neighbours begin, and, later, the neighbours.
  void ask_beginning(std::uint64_t key) const noexcept {
    if (settled_ && !settled_->beginnings.empty()) prefetch(&settled_->beginnings[key >> settled_->shift]);
  }
  void ask_neighbours(std::uint64_t key) const noexcept {
    if (!settled_ || settled_->beginnings.empty()) return;
    const std::size_t first = settled_->beginnings[key >> settled_->shift];
    const std::size_t last = settled_->beginnings[(key >> settled_->shift) + 1];
    for (const std::size_t at : {first, (first + last) / 2}) prefetch(settled_->keys.data() + at);
    for (const std::size_t at : {first, last}) prefetch(settled_->numbers.data() + at);
  }
  template <class Visit>
  void each(std::uint64_t key, Visit visit) const {
    for (const auto part : with(key))
      for (const std::uint32_t number : part) visit(number);
  }

 private:
  struct Sorted {
    ColumnVector<std::uint64_t> keys;
    ColumnVector<std::uint32_t> numbers;
    std::vector<std::size_t> beginnings;  ///< by the first bits of a key, and the end; empty: not noted
    int shift{0};                         ///< to those bits

    void push_back(std::uint64_t key, std::uint32_t number) {
      keys.push_back(key);
      numbers.push_back(number);
    }
    /// Where keys of the same first bits begin, about eight of them, so that looking one up reads little memory.
    void note_beginnings() {
      const int bits = std::max(0, static_cast<int>(std::bit_width(keys.size())) - 4);
      if (bits == 0) return;
      shift = 64 - bits;
      beginnings.assign((std::size_t{1} << bits) + 1, 0);
      for (const std::uint64_t key : keys) ++beginnings[(key >> shift) + 1];
      std::partial_sum(beginnings.begin(), beginnings.end(), beginnings.begin());
    }
    [[nodiscard]] std::span<const std::uint32_t> with(std::uint64_t key) const noexcept {
      auto first = keys.begin();
      auto last = keys.end();
      if (!beginnings.empty()) {
        last = first + static_cast<std::ptrdiff_t>(beginnings[(key >> shift) + 1]);
        first += static_cast<std::ptrdiff_t>(beginnings[key >> shift]);
      }
      const auto [begin, end] = std::equal_range(first, last, key);
      return std::span(numbers).subspan(static_cast<std::size_t>(begin - keys.begin()),
                                        static_cast<std::size_t>(end - begin));
    }
  };
  static Sorted merged(const Sorted& a, const Sorted& b) {
    Sorted all;
    all.keys.reserve(a.keys.size() + b.keys.size());
    all.numbers.reserve(a.keys.size() + b.keys.size());
    std::size_t i = 0;
    for (std::size_t k = 0; k < b.keys.size(); ++k) {
      for (; i < a.keys.size() && a.keys[i] <= b.keys[k]; ++i) all.push_back(a.keys[i], a.numbers[i]);
      all.push_back(b.keys[k], b.numbers[k]);
    }
    for (; i < a.keys.size(); ++i) all.push_back(a.keys[i], a.numbers[i]);
    return all;
  }

  std::shared_ptr<const Sorted> settled_;
  Sorted recent_;
};

}  // namespace klientela::dedupe
