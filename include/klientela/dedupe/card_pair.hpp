// Two cards, by their numbers.
#pragma once

#include <compare>
#include <cstdint>

namespace klientela {

struct CardPair {
  std::uint32_t a{0};
  std::uint32_t b{0};
  friend auto operator<=>(const CardPair&, const CardPair&) = default;
};

}  // namespace klientela
