// What a spreadsheet would take for a formula: the writer of CSV puts an apostrophe before it, the reader of ids takes
// that off.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/text.hpp"

namespace klientela::detail {

/// Bytes of the blank, control or invisible character at the front, which a spreadsheet may pass over; 0: none.
[[nodiscard]] inline std::size_t blank_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead <= 0x20 || lead == 0x7F) return 1;
  const auto last = text.size() > 2 ? static_cast<unsigned char>(text[2]) : 0U;
  if (text.starts_with("\xE2\x80") && last >= 0x8C && last <= 0x8F) return 3;  // joiners and marks of direction
  return blank_in_front(text);
}

[[nodiscard]] inline std::string_view without_leading_blanks(std::string_view text) noexcept {
  while (const std::size_t blank = blank_length(text)) text.remove_prefix(blank);
  return text;
}

/// Whether a cell begins with a tab, CR or LF, or, behind blanks, with = + - @ or their fullwidth forms U+FF1D, FF0B,
/// FF0D, FF20.
[[nodiscard]] inline bool begins_formula(std::string_view text) noexcept {
  if (text.empty()) return false;
  if (std::string_view("\t\r\n").find(text.front()) != std::string_view::npos) return true;
  text = without_leading_blanks(text);
  for (const std::string_view sign :
       {"=", "+", "-", "@", "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"})
    if (text.starts_with(sign)) return true;
  return false;
}

}  // namespace klientela::detail
