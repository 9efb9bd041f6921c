// Text tests of rules: patterns without backtracking that could blow up, and letters compared without case.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klientela::classifying {

/// Well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF): the offset of the first byte that is not.
[[nodiscard]] std::optional<std::size_t> bad_utf8(std::string_view text) noexcept;

/// Lower case by simple case folding of Latin, Greek, Cyrillic and Armenian letters; everything else as it is.
/// Bytes that are no UTF-8 stay. O(length)
[[nodiscard]] std::string lowered(std::string_view text);

/// How many characters there are; a byte that is no UTF-8 counts as one.
[[nodiscard]] std::size_t characters(std::string_view text) noexcept;

/// A pattern with wildcards for any characters and for one character.
class Pattern {
 public:
  /// SQL: % any characters, _ one, \ takes the next literally. nullopt where the text ends in a lone backslash.
  [[nodiscard]] static std::optional<Pattern> like(std::string_view text);
  /// Shell: * any characters, ? one, \ takes the next literally. nullopt where the text ends in a lone backslash.
  [[nodiscard]] static std::optional<Pattern> glob(std::string_view text);
  /// The whole text fits. O(text x pattern) at worst: the parts between wildcards are each looked for once.
  [[nodiscard]] bool fits(std::string_view text) const noexcept;

 private:
  struct Part {                                      // between two wildcards for many
    std::vector<std::string> pieces{std::string()};  // literal bytes; between two of them stands one character
    /// Where the part ends if it begins at `at`; npos where it does not fit there.
    [[nodiscard]] std::size_t match(std::string_view text, std::size_t at) const noexcept;
  };
  static std::optional<Pattern> read(std::string_view text, char many, char one);
  std::vector<Part> parts_;  // never empty
};

}  // namespace klientela::classifying
