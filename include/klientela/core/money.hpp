// Exact money: fixed-point int64 with four decimals, checked arithmetic, conversion from and to text and floats.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "klientela/core/error.hpp"

namespace klientela {

/// An amount in the base's one currency, in units of 1/10000. The smallest int64 is no amount (it marks null in
/// columns), so the range is ±922337203685477.5807. All arithmetic is exact or throws Code::overflow.
class Money {
 public:
  static constexpr std::int64_t scale = 10'000;  ///< units per one of the currency
  static constexpr int decimals = 4;
  static constexpr std::int64_t null_units = std::numeric_limits<std::int64_t>::min();

  constexpr Money() noexcept = default;

  [[nodiscard]] static constexpr Money from_units(std::int64_t units) {
    if (units == null_units) throw Error(Code::overflow, "money does not fit int64 with four decimals");
    return Money(units);
  }
  /// `amount` times 10000 in double arithmetic, then rounded half-even to a whole unit; nullopt for NaN, infinities
  /// and what does not fit. O(1).
  [[nodiscard]] static std::optional<Money> from_double(double amount) noexcept;
  /// Reads "-1234.5600": optional sign, digits, optional '.' and digits. Nullopt where the text is anything else,
  /// has a non-zero digit past the fourth decimal, or does not fit. O(length).
  [[nodiscard]] static constexpr std::optional<Money> from_text(std::string_view text) noexcept;

  [[nodiscard]] constexpr std::int64_t units() const noexcept { return units_; }
  /// Nearest double; exact below 2^53 units only.
  [[nodiscard]] constexpr double to_double() const noexcept { return static_cast<double>(units_) / scale; }
  /// Exact decimal text, trailing zeros trimmed: "8911407.904", "12", "-0.5".
  [[nodiscard]] std::string to_text() const;

  [[nodiscard]] friend constexpr Money operator+(Money a, Money b) {
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a.units_, b.units_, &sum)) throw Error(Code::overflow, "money sum overflows");
    return from_units(sum);
  }
  [[nodiscard]] friend constexpr Money operator-(Money a, Money b) {
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a.units_, b.units_, &difference))
      throw Error(Code::overflow, "money difference overflows");
    return from_units(difference);
  }
  [[nodiscard]] constexpr Money operator-() const noexcept { return Money(-units_); }
  constexpr Money& operator+=(Money other) { return *this = *this + other; }
  constexpr Money& operator-=(Money other) { return *this = *this - other; }
  friend constexpr auto operator<=>(Money, Money) noexcept = default;

 private:
  constexpr explicit Money(std::int64_t units) noexcept : units_(units) {}
  std::int64_t units_{0};
};

inline std::optional<Money> Money::from_double(double amount) noexcept {
  const double scaled = amount * scale;
  if (!(scaled > -9.2233720368547e18 && scaled < 9.2233720368547e18)) return std::nullopt;  // NaN fails too
  auto whole = static_cast<std::int64_t>(scaled);
  const double rest = scaled - static_cast<double>(whole);  // exact, in (-1, 1)
  const bool odd = (whole & 1) != 0;
  if (rest > 0.5 || (rest == 0.5 && odd)) ++whole;
  if (rest < -0.5 || (rest == -0.5 && odd)) --whole;
  return Money(whole);
}

constexpr std::optional<Money> Money::from_text(std::string_view text) noexcept {
  std::size_t i = 0;
  bool negative = false;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) negative = text[i++] == '-';
  std::int64_t units = 0;
  int decimals_read = -1;  // -1: before the point
  bool any_digit = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && decimals_read < 0) {
      decimals_read = 0;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    any_digit = true;
    if (decimals_read >= decimals) {
      if (c != '0') return std::nullopt;
      continue;
    }
    if (__builtin_mul_overflow(units, std::int64_t{10}, &units) ||
        __builtin_add_overflow(units, static_cast<std::int64_t>(c - '0'), &units))
      return std::nullopt;
    if (decimals_read >= 0) ++decimals_read;
  }
  if (!any_digit) return std::nullopt;
  for (int d = decimals_read < 0 ? 0 : decimals_read; d < decimals; ++d)
    if (__builtin_mul_overflow(units, std::int64_t{10}, &units)) return std::nullopt;
  return Money(negative ? -units : units);
}

inline std::string Money::to_text() const {
  const bool negative = units_ < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(units_) : static_cast<std::uint64_t>(units_);
  std::string text = (negative ? "-" : "") + std::to_string(size / scale);
  std::uint64_t rest = size % scale;
  if (rest == 0) return text;
  std::string digits = std::to_string(rest + scale).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + '.' + digits;
}

}  // namespace klientela
