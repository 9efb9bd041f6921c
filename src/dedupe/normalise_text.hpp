// Texts of any script in Latin letters, and spellings of one name folded into one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace klientela::dedupe_internal {

/// Punctuation that stays in the text: hyphens as '-', commas as ',', points as '.', slashes as '/'; all other counts
/// as a blank, apostrophes as nothing.
enum class Keep : std::uint8_t { nothing, punctuation };

/// Writes texts in lower-case Latin letters, digits and single blanks. Thread-safe.
class Latinizer {
 public:
  Latinizer();
  ~Latinizer();
  Latinizer(const Latinizer&) = delete;
  Latinizer& operator=(const Latinizer&) = delete;

  /// O(bytes). The text must not lie in out.
  void latin(std::string_view text, std::string& out, Keep keep = Keep::nothing) const;

 private:
  struct Letter {
    char text[6];
    std::uint8_t length;
    std::uint8_t kind;
  };
  struct Foreign;
  class Writer;

  static constexpr std::size_t table_size = 0x530;
  [[nodiscard]] Letter letter(char32_t c) const noexcept;
  void fill();
  [[nodiscard]] std::size_t foreign_run(std::string_view text, std::size_t begin, Writer& writer, Keep keep) const;

  std::array<Letter, table_size> table_{};
  std::array<Letter, 0x100> additional_{};  // U+1E00 to U+1EFF
  std::unique_ptr<Foreign> foreign_;
};

/// The folded form of what latin() wrote without punctuation; O(bytes). The text must not lie in out.
void fold(std::string_view latin, std::string& out);

/// Bytes of the code point that the text begins with, and the code point; ill-formed: 1 and 0xFFFFFFFF. Not empty.
struct Decoded {
  char32_t code;
  std::uint8_t bytes;
};
[[nodiscard]] inline Decoded decode(std::string_view text) noexcept {
  constexpr Decoded bad{0xFFFFFFFF, 1};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2) return bad;
  if (lead < 0xE0) {
    if (!tail(1)) return bad;
    return {(lead & 0x1FU) << 6 | (byte(1) & 0x3FU), 2};
  }
  if (lead < 0xF0) {
    if (!tail(1) || !tail(2)) return bad;
    const char32_t code = (lead & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    return code < 0x800 || (code >= 0xD800 && code < 0xE000) ? bad : Decoded{code, 3};
  }
  if (lead < 0xF5) {
    if (!tail(1) || !tail(2) || !tail(3)) return bad;
    const char32_t code = (lead & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
    return code < 0x10000 || code > 0x10FFFF ? bad : Decoded{code, 4};
  }
  return bad;
}

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_letter(char c) noexcept { return c >= 'a' && c <= 'z'; }

}  // namespace klientela::dedupe_internal
