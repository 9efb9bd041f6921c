// Two cards, by their numbers.
#pragma once

#include <compare>
#include <cstdint>

namespace klientela {

struct CardPair {
  std::uint32_t a{0};
  std::uint32_t b{0};
  friend bool operator==(const CardPair&, const CardPair&) = default;
  friend constexpr std::strong_ordering operator<=>(const CardPair& x, const CardPair& y) noexcept {
    return x.a != y.a ? x.a <=> y.a : x.b <=> y.b;
  }
};

}  // namespace klientela
