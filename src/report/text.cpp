// UTF-8 checking, HTML escaping and shortening: see text.hpp.
#include "report/text.hpp"

#include "core/utf8.hpp"

namespace klientela::report {
using detail::character_size;
using detail::replacement_character;

std::string valid_utf8(std::string_view text) { return detail::mended_utf8(text); }

void append_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = character_size(text);
    if (length == 0) {
      out += replacement_character;
      text.remove_prefix(1);
      continue;
    }
    const auto c = static_cast<unsigned char>(text.front());
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F)
      out += replacement_character;
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  append_escaped(out, text);
  return out;
}

std::string shortened(std::string_view text, std::size_t characters) {
  std::string out = valid_utf8(text);
  std::size_t count = 0;
  std::size_t cut = 0;  // end of the last character that may stand before an ellipsis
  for (std::size_t i = 0; i < out.size(); ++count) {
    if (count + 1 == characters) cut = i;
    if (count == characters) {
      out.resize(cut);
      return out + "\xE2\x80\xA6";
    }
    i += character_size(std::string_view(out).substr(i));
  }
  return out;
}

}  // namespace klientela::report
