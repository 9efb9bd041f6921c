// Patterns and case folding of rules; see text_match.hpp.
#include "classify/text_match.hpp"

#include <algorithm>

namespace klientela::classifying {
namespace {

/// Bytes of the character at `at`; 1 for a byte that begins none.
std::size_t width(std::string_view text, std::size_t at) noexcept {
  const auto first = static_cast<unsigned char>(text[at]);
  if (first < 0x80) return 1;
  const std::size_t wanted = first >= 0xF0 && first < 0xF5   ? 4
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 1;
  if (at + wanted > text.size()) return 1;
  for (std::size_t i = 1; i < wanted; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0U) != 0x80U) return 1;
  return wanted;
}

std::uint32_t code_point(std::string_view text, std::size_t at, std::size_t bytes) noexcept {
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(text[at + i])}; };
  if (bytes == 1) return byte(0);
  if (bytes == 2) return (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
  if (bytes == 3) return (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
  return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
}

/// Simple case folding (Unicode 15, CaseFolding.txt, status C and S) of the blocks that business names are written in.
std::uint32_t folded(std::uint32_t c) noexcept {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
  if (c < 0x100) {
    if (c == 0xB5) return 0x3BC;
    return c >= 0xC0 && c <= 0xDE && c != 0xD7 ? c + 32 : c;
  }
  if (c < 0x180) {  // Latin Extended-A
    if (c == 0x130) return c;
    if (c == 0x178) return 0xFF;
    if (c == 0x17F) return 's';
    const bool odd_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E);
    if (c == 0x138 || c == 0x149) return c;
    if (odd_upper) return (c & 1U) != 0 ? c + 1 : c;
    return (c & 1U) == 0 ? c + 1 : c;
  }
  if (c >= 0x370 && c < 0x400) {  // Greek
    if (c == 0x386) return 0x3AC;
    if (c >= 0x388 && c <= 0x38A) return c + 37;
    if (c == 0x38C) return 0x3CC;
    if (c == 0x38E || c == 0x38F) return c + 63;
    if (c >= 0x391 && c <= 0x3AB && c != 0x3A2) return c + 32;
    return c == 0x3C2 ? 0x3C3 : c;
  }
  if (c < 0x400) return c;
  if (c < 0x410) return c + 80;  // Cyrillic
  if (c < 0x430) return c + 32;
  if (c < 0x460) return c;
  if ((c >= 0x460 && c <= 0x481) || (c >= 0x48A && c <= 0x4BF) || (c >= 0x4D0 && c <= 0x52F))
    return (c & 1U) == 0 ? c + 1 : c;
  if (c == 0x4C0) return 0x4CF;
  if (c >= 0x4C1 && c <= 0x4CE) return (c & 1U) != 0 ? c + 1 : c;
  if (c >= 0x531 && c <= 0x556) return c + 48;  // Armenian
  if (c >= 0x1E00 && c <= 0x1EFF) {             // Latin Extended Additional
    if (c >= 0x1E96 && c <= 0x1E9F) return c == 0x1E9B ? 0x1E61 : c == 0x1E9E ? 0xDF : c;
    return (c & 1U) == 0 ? c + 1 : c;
  }
  return c;
}

void append(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0U | c >> 6);
    out += static_cast<char>(0x80U | (c & 0x3FU));
  } else {  // folding never leaves the plane that it is asked about, and only asks about the first
    out += static_cast<char>(0xE0U | c >> 12);
    out += static_cast<char>(0x80U | (c >> 6 & 0x3FU));
    out += static_cast<char>(0x80U | (c & 0x3FU));
  }
}

}  // namespace

std::optional<std::size_t> bad_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = width(text, at);
    const std::uint32_t c = code_point(text, at, bytes);
    const bool bad = bytes == 1   ? static_cast<unsigned char>(text[at]) >= 0x80
                     : bytes == 3 ? c < 0x800 || (c >= 0xD800 && c <= 0xDFFF)
                     : bytes == 4 ? c < 0x10000 || c > 0x10FFFF
                                  : false;
    if (bad) return at;
    at += bytes;
  }
  return std::nullopt;
}

std::string lowered(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = width(text, at);
    const auto first = static_cast<unsigned char>(text[at]);
    if (bytes == 1) {
      out += first < 0x80 ? static_cast<char>(folded(first)) : text[at];
    } else {
      const std::uint32_t c = bytes == 4 ? 0 : code_point(text, at, bytes);
      const std::uint32_t low = bytes == 4 ? 0 : folded(c);
      if (low == c)
        out.append(text, at, bytes);
      else
        append(out, low);
    }
    at += bytes;
  }
  return out;
}

std::size_t characters(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += width(text, at)) ++count;
  return count;
}

std::optional<Pattern> Pattern::like(std::string_view text) { return read(text, '%', '_'); }

std::optional<Pattern> Pattern::glob(std::string_view text) { return read(text, '*', '?'); }

std::optional<Pattern> Pattern::read(std::string_view text, char many, char one) {
  Pattern pattern;
  pattern.parts_.emplace_back();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == many) {
      pattern.parts_.emplace_back();
    } else if (text[i] == one) {
      pattern.parts_.back().pieces.emplace_back();
    } else {
      if (text[i] == '\\' && ++i == text.size()) return std::nullopt;
      pattern.parts_.back().pieces.back() += text[i];
    }
  }
  return pattern;
}

std::size_t Pattern::Part::match(std::string_view text, std::size_t at) const noexcept {
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    if (p > 0) {
      if (at >= text.size()) return std::string_view::npos;
      at += width(text, at);
    }
    const std::string& piece = pieces[p];
    if (text.size() - at < piece.size() || text.compare(at, piece.size(), piece) != 0) return std::string_view::npos;
    at += piece.size();
  }
  return at;
}

bool Pattern::fits(std::string_view text) const noexcept {
  std::size_t at = parts_.front().match(text, 0);
  if (at == std::string_view::npos) return false;
  if (parts_.size() == 1) return at == text.size();
  // The leftmost place of every middle part leaves the most to the others, so none is ever tried again.
  for (std::size_t p = 1; p + 1 < parts_.size(); ++p) {
    const Part& part = parts_[p];
    std::size_t begin = at;
    for (;;) {
      const std::size_t end = part.match(text, begin);
      if (end != std::string_view::npos) {
        at = end;
        break;
      }
      if (begin >= text.size()) return false;
      begin += width(text, begin);
    }
  }
  // The last part ends where the text does: counted in characters from there.
  const Part& last = parts_.back();
  std::size_t wanted = last.pieces.size() - 1;
  std::size_t begin = text.size();
  for (std::size_t p = last.pieces.size(); p-- > 0;) {
    const std::string& piece = last.pieces[p];
    if (begin < at || begin - at < piece.size()) return false;
    begin -= piece.size();
    if (text.compare(begin, piece.size(), piece) != 0) return false;
    if (p == 0) break;
    if (begin <= at) return false;
    --begin;  // back over one character
    while (begin > at && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
    --wanted;
  }
  return wanted == 0;
}

}  // namespace klientela::classifying
