// How many characters a text of UTF-8 has.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace klientela::detail {

/// Bytes that begin a character; of what is no UTF-8, about as many. O(bytes)
[[nodiscard]] inline std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace klientela::detail
