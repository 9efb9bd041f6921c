// Sixteen bytes that tell of most pairs of values that they are different, without looking at the values.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dedupe/card_data.hpp"
#include "dedupe/grown.hpp"
#include "klientela/dedupe/comparison.hpp"

namespace klientela::dedupe {

/// What a value is made of. Two sketches show that values differ in a way that no level above the lowest allows; they
/// never show that values are alike.
struct Sketch {
  /// Bits 0 to 55: which characters (or pairs of neighbours, of codes and phones) there are, hashed; above: the length,
  /// 255 for more.
  std::uint64_t characters{0};
  /// Bits 0 to 55: of what may be equal as a whole, folded forms, roots, words, ends of numbers; above: the first byte
  /// of the text that is compared by Jaro and Winkler.
  std::uint64_t wholes{0};

  static constexpr std::uint64_t low = (std::uint64_t{1} << 56) - 1;
  [[nodiscard]] std::uint64_t bits() const noexcept { return characters & low; }
  [[nodiscard]] std::uint32_t length() const noexcept { return static_cast<std::uint32_t>(characters >> 56); }
  [[nodiscard]] bool shares_whole(const Sketch& other) const noexcept { return (wholes & other.wholes & low) != 0; }
  [[nodiscard]] bool begins_as(const Sketch& other) const noexcept { return (wholes ^ other.wholes) <= low; }
};

/// Of the distinct values of a comparison's field from code `all.size()` on, behind those there are; none for kinds
/// that are cheap to compare anyway. O(bytes)
void add_sketches(const FieldColumn& column, const Comparison& comparison, Grown<Sketch>& all);

/// How many bits are 1. Without the instruction of its own, which not every processor has, std::popcount() is a call.
[[nodiscard]] constexpr int count_bits(std::uint64_t x) noexcept {
  x -= x >> 1 & 0x5555'5555'5555'5555U;
  x = (x & 0x3333'3333'3333'3333U) + (x >> 2 & 0x3333'3333'3333'3333U);
  return static_cast<int>(((x + (x >> 4)) & 0x0F0F'0F0F'0F0F'0F0FU) * 0x0101'0101'0101'0101U >> 56);
}

/// What two sketches tell of two values, neither of which is the other.
enum class Likeness : std::uint8_t {
  unknown,
  at_most_similar,  ///< no level above Verdict::similar
  different         ///< the lowest level
};

/// Tells the likeness of two values from their sketches. O(1)
class Verdict {
 public:
  explicit Verdict(const Comparison& comparison) noexcept;

  /// The level of e-mails that names explain; the only kind of which Likeness::at_most_similar is told.
  static constexpr std::uint8_t similar = 2;

  [[nodiscard]] Likeness likeness(const Sketch& a, const Sketch& b) const noexcept {
    if (different(a, b)) return Likeness::different;
    // Local parts that are not the same are close by two slips at most, which touch two characters each.
    const bool slips = count_bits(a.bits() ^ b.bits()) <= 4 || a.shares_whole(b);
    return kind_ == ComparisonKind::email && !slips && a.length() != 255 && b.length() != 255
               ? Likeness::at_most_similar
               : Likeness::unknown;
  }

  [[nodiscard]] bool different(const Sketch& a, const Sketch& b) const noexcept {
    if (a.shares_whole(b) || a.length() == 255 || b.length() == 255) return false;
    const int only_a = count_bits(a.bits() & ~b.bits());
    const int only_b = count_bits(b.bits() & ~a.bits());
    const int apart = only_a + only_b;
    const auto both = static_cast<double>(a.length() + b.length());
    const auto jaro_may_reach = [&] { return common_may_reach(a, b, only_a, only_b); };
    switch (kind_) {
      case ComparisonKind::name:  // an initial may stand for a name
        return std::min(a.length(), b.length()) > 1 && apart > 4 && !jaro_may_reach();
      case ComparisonKind::email: return apart > 4 && !jaro_may_reach();
      case ComparisonKind::text: return apart > 2 && apart > 0.1 * both && !jaro_may_reach();
      case ComparisonKind::organisation: return apart > 0.25 * both && !jaro_may_reach();
      case ComparisonKind::address: return apart > 0.35 * both && !jaro_may_reach();
      // A slip touches three pairs of neighbours at most, in each text.
      case ComparisonKind::code:
      case ComparisonKind::phone: return apart > 6;
      case ComparisonKind::birthday:
      case ComparisonKind::exact: return false;
    }
    return false;
  }

 private:
  static constexpr std::uint32_t short_length = 32;

  /// Whether the similarity of Jaro and Winkler can reach the limit: characters that only one of the texts has are not
  /// common.
  [[nodiscard]] bool common_may_reach(const Sketch& a, const Sketch& b, int only_a, int only_b) const noexcept {
    const std::uint32_t m = a.length();
    const std::uint32_t n = b.length();
    const bool boosted = a.begins_as(b);
    const int common = std::min(static_cast<int>(m) - only_a, static_cast<int>(n) - only_b);
    if (m < short_length && n < short_length) return common >= needed_[boosted ? 1 : 0][m][n];
    return common > 0 && may_reach(m, n, common, boosted);
  }
  /// Without a boost below 0.7 or where the texts begin with different characters, else with one of at most 0.4 of what
  /// is missing.
  [[nodiscard]] bool may_reach(double m, double n, double common, bool boosted) const noexcept {
    const double jaro = (common / m + common / n + 1) / 3;
    return (boosted && jaro > 0.7 ? jaro + 0.4 * (1 - jaro) : jaro) >= limit_ - 1e-9;
  }

  ComparisonKind kind_;
  double limit_;  ///< of the similarity by Jaro and Winkler, below which it tells of no likeness
  using Lengths = std::array<std::array<std::uint8_t, short_length>, short_length>;
  std::array<Lengths, 2> needed_{};  ///< by whether there may be a boost, by lengths: characters in common
};

}  // namespace klientela::dedupe
