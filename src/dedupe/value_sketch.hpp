// Sixteen bytes that tell of most pairs of values that they are different, without looking at the values.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dedupe/card_data.hpp"
#include "klientela/dedupe/comparison.hpp"

namespace klientela::dedupe {

/// What a value is made of. Two sketches show that values differ in a way that no level above the lowest allows; they
/// never show that values are alike.
struct Sketch {
  /// Bits 0 to 55: which characters (or pairs of neighbours, of codes and phones) there are, hashed; above: the length,
  /// 255 for more.
  std::uint64_t characters{0};
  /// Bits of what may be equal as a whole: folded forms, roots, words, ends of numbers.
  std::uint64_t wholes{0};

  [[nodiscard]] std::uint64_t bits() const noexcept { return characters & ((std::uint64_t{1} << 56) - 1); }
  [[nodiscard]] std::uint32_t length() const noexcept { return static_cast<std::uint32_t>(characters >> 56); }
};

/// Of the distinct values of a comparison's field from code `all.size()` on, behind those there are; none for kinds
/// that are cheap to compare anyway. O(bytes)
void add_sketches(const FieldColumn& column, const Comparison& comparison, std::vector<Sketch>& all);

/// Whether two values of such sketches have the lowest level. Neither is the other. O(1)
class Verdict {
 public:
  explicit Verdict(const Comparison& comparison) noexcept
      : kind_(comparison.kind), close_(comparison.close), similar_(comparison.similar) {}

  [[nodiscard]] bool different(const Sketch& a, const Sketch& b) const noexcept {
    if ((a.wholes & b.wholes) != 0 || a.length() == 255 || b.length() == 255) return false;
    const int apart = std::popcount(a.bits() ^ b.bits());
    const auto both = static_cast<double>(a.length() + b.length());
    switch (kind_) {
      case ComparisonKind::name:  // an initial may stand for a name
        return std::min(a.length(), b.length()) > 1 && apart > 4 && !jaro_may_reach(a, b, similar_);
      case ComparisonKind::email: return apart > 4 && !jaro_may_reach(a, b, std::min(similar_, close_));
      case ComparisonKind::text: return apart > 2 && apart > 0.1 * both && !jaro_may_reach(a, b, similar_);
      case ComparisonKind::organisation: return apart > 0.25 * both && !jaro_may_reach(a, b, similar_);
      case ComparisonKind::address: return apart > 0.35 * both && !jaro_may_reach(a, b, close_);
      // A slip touches three pairs of neighbours at most, in each text.
      case ComparisonKind::code:
      case ComparisonKind::phone: return apart > 6;
      case ComparisonKind::birthday:
      case ComparisonKind::exact: return false;
    }
    return false;
  }

 private:
  /// Whether the similarity of Jaro and Winkler can reach a limit: characters that only one of the texts has are not
  /// common. Without a boost below 0.7, with one of at most 0.4 of what is missing above it.
  static bool jaro_may_reach(const Sketch& a, const Sketch& b, double limit) noexcept {
    const auto m = static_cast<double>(a.length());
    const auto n = static_cast<double>(b.length());
    const double common = std::min(m - std::popcount(a.bits() & ~b.bits()), n - std::popcount(b.bits() & ~a.bits()));
    if (common <= 0) return false;
    const double jaro = (std::min(common, n) / m + std::min(common, m) / n + 1) / 3;
    return (jaro > 0.7 ? jaro + 0.4 * (1 - jaro) : jaro) >= limit - 1e-9;
  }

  ComparisonKind kind_;
  double close_;
  double similar_;
};

}  // namespace klientela::dedupe
