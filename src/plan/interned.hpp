// Numbers for equal things, so that they are kept and compared once.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace klientela::planning {

/// Numbers equal things from 0 in order of first appearance.
template <class Key>
class Interned {
 public:
  std::uint32_t operator()(const Key& key) {
    const auto [at, added] = places_.try_emplace(key, static_cast<std::uint32_t>(values_.size()));
    if (added) values_.push_back(key);
    return at->second;
  }
  [[nodiscard]] const std::vector<Key>& values() const noexcept { return values_; }
  [[nodiscard]] std::vector<Key>& values() noexcept { return values_; }

 private:
  std::map<Key, std::uint32_t> places_;
  std::vector<Key> values_;
};

}  // namespace klientela::planning
