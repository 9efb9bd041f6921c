// Numbers found by 64-bit keys, to which some are added at the price of those alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dedupe/radix_sort.hpp"

namespace klientela::dedupe {

/// Sorted keys: a large settled part that copies share, and a recent one that they copy.
class KeyIndex {
 public:
  [[nodiscard]] bool empty() const noexcept { return settled_ == nullptr && recent_.keys.empty(); }

  /// Numbers of equal keys stay in the order in which they came. O(new + recent); O(all) once the recent part is more
  /// than an eighth of the settled one.
  void add(std::vector<KeyedCard> items) {
    if (items.empty()) return;
    radix_sort(items);
    Sorted added;
    for (const KeyedCard& item : items) added.push_back(item.key, item.card);
    recent_ = recent_.keys.empty() ? std::move(added) : merged(recent_, added);
    if (settled_ != nullptr && 8 * recent_.keys.size() <= settled_->keys.size()) return;
    settled_ = std::make_shared<const Sorted>(settled_ ? merged(*settled_, recent_) : std::move(recent_));
    recent_ = {};
  }
  /// The settled numbers of a key, then the recent ones. O(log keys)
  [[nodiscard]] std::array<std::span<const std::uint32_t>, 2> with(std::uint64_t key) const noexcept {
    return {settled_ ? settled_->with(key) : std::span<const std::uint32_t>(), recent_.with(key)};
  }
  template <class Visit>
  void each(std::uint64_t key, Visit visit) const {
    for (const auto part : with(key))
      for (const std::uint32_t number : part) visit(number);
  }

 private:
  struct Sorted {
    std::vector<std::uint64_t> keys;
    std::vector<std::uint32_t> numbers;

    void push_back(std::uint64_t key, std::uint32_t number) {
      keys.push_back(key);
      numbers.push_back(number);
    }
    [[nodiscard]] std::span<const std::uint32_t> with(std::uint64_t key) const noexcept {
      const auto [begin, end] = std::equal_range(keys.begin(), keys.end(), key);
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
