// Blanks around texts, as Unicode knows them.
#pragma once

#include <cstddef>
#include <string_view>

namespace klientela::detail {

/// Bytes of the blank that a text begins with, 0 where it begins with none. Blanks are the characters of the Unicode
/// property White_Space and those of no width that stand for one: U+200B, U+2060, U+FEFF.
[[nodiscard]] constexpr std::size_t blank_in_front(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(text[i])); };
  if (text.empty()) return 0;
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead == ' ' || (lead >= '\t' && lead <= '\r') ? 1 : 0;
  if (lead == 0xC2) return text.size() > 1 && (byte(1) == 0x85 || byte(1) == 0xA0) ? 2 : 0;
  if (text.size() < 3 || lead < 0xE1 || lead > 0xEF) return 0;
  switch (lead << 16 | byte(1) << 8 | byte(2)) {
    case 0xE19A80:  // U+1680
    case 0xE280A8:  // U+2028
    case 0xE280A9:
    case 0xE280AF:  // U+202F
    case 0xE2819F:  // U+205F
    case 0xE281A0:
    case 0xE38080:  // U+3000
    case 0xEFBBBF: return 3;
    default: return lead == 0xE2 && byte(1) == 0x80 && byte(2) <= 0x8B ? 3 : 0;  // U+2000 to U+200B
  }
}

/// Bytes of the blank that a text ends with.
[[nodiscard]] constexpr std::size_t blank_at_end(std::string_view text) noexcept {
  for (std::size_t n = 1; n <= 3 && n <= text.size(); ++n)
    if (blank_in_front(text.substr(text.size() - n)) == n) return n;
  return 0;
}

[[nodiscard]] constexpr std::string_view trimmed(std::string_view text) noexcept {
  while (const std::size_t n = blank_in_front(text)) text.remove_prefix(n);
  while (const std::size_t n = blank_at_end(text)) text.remove_suffix(n);
  return text;
}

}  // namespace klientela::detail
