// Text of strangers made safe to write: valid UTF-8, escaped for HTML, cut at a character.
#pragma once

#include <string>
#include <string_view>

namespace klientela::report {

/// The same text with every byte that is no part of a UTF-8 character as U+FFFD. O(length).
[[nodiscard]] std::string valid_utf8(std::string_view text);

/// Appends valid UTF-8 that is plain text in HTML and SVG content and in quoted attributes: & < > " ' as entities,
/// control characters as U+FFFD.
void append_escaped(std::string& out, std::string_view text);
[[nodiscard]] std::string escaped(std::string_view text);

/// At most `characters` characters of valid UTF-8; where the text is longer the last one is an ellipsis.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t characters);

}  // namespace klientela::report
