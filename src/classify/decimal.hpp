// Doubles as the shortest decimals that read as them, exactly: how numbers in a policy become edges and limits.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace klientela::classifying {

__extension__ using Wide = __int128;

/// digits * 10^exponent.
struct Decimal {
  std::int64_t digits;
  int exponent;
};

/// The shortest decimal that reads as a finite double.
[[nodiscard]] inline Decimal shortest_decimal(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  std::int64_t digits = 0;
  int exponent = 0;
  bool point = false;
  const bool negative = text[0] == '-';
  const char* at = text + (negative ? 1 : 0);
  for (; at != end && *at != 'e'; ++at) {
    if (*at == '.') {
      point = true;
      continue;
    }
    digits = digits * 10 + (*at - '0');
    exponent -= point ? 1 : 0;
  }
  if (at != end) {
    int written = 0;
    ++at;
    if (*at == '+') ++at;
    std::from_chars(at, end, written);
    exponent += written;
  }
  return {negative ? -digits : digits, digits == 0 ? 0 : exponent};
}

/// The largest whole number not above value * scale, the value being its shortest decimal; saturates.
[[nodiscard]] inline std::int64_t floor_scaled(double value, std::int64_t scale) {
  const Decimal decimal = shortest_decimal(value);
  Wide whole = Wide{decimal.digits} * scale;  // below 2^57 * 2^14
  constexpr Wide most = std::numeric_limits<std::int64_t>::max();
  constexpr Wide least = std::numeric_limits<std::int64_t>::min();
  for (int e = decimal.exponent; e > 0 && whole != 0; --e) {
    whole *= 10;
    if (whole > most) return static_cast<std::int64_t>(most);
    if (whole < least) return static_cast<std::int64_t>(least);
  }
  bool rest = false;
  for (int e = decimal.exponent; e < 0 && whole != 0; ++e) {
    rest = rest || whole % 10 != 0;
    whole /= 10;
  }
  if (rest && decimal.digits < 0) --whole;
  if (whole > most) return static_cast<std::int64_t>(most);
  if (whole < least) return static_cast<std::int64_t>(least);
  return static_cast<std::int64_t>(whole);
}

/// A number in [0, 1] as parts of 10^decimals; nullopt if it needs more decimals.
[[nodiscard]] inline std::optional<std::uint32_t> parts_of(double value, int decimals) {
  const Decimal decimal = shortest_decimal(value);
  std::int64_t parts = decimal.digits;
  int exponent = decimal.exponent + decimals;
  while (exponent < 0 && parts != 0 && parts % 10 == 0) {
    parts /= 10;
    ++exponent;
  }
  if (parts < 0 || (exponent < 0 && parts != 0) || exponent > 9) return std::nullopt;
  for (; exponent > 0; --exponent) {
    parts *= 10;
    if (parts > 1'000'000'000) return std::nullopt;
  }
  return static_cast<std::uint32_t>(parts);
}

/// Shortest text of a double, without an exponent where it is of ordinary size.
[[nodiscard]] inline std::string shortest(double value) {
  char text[400];
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-5 && size < 1e16);
  const auto end = plain ? std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr
                         : std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

/// digits / 10^decimals, trailing zeros trimmed.
[[nodiscard]] inline std::string decimal_text(Wide digits, int decimals) {
  const bool negative = digits < 0;
  std::string text;
  if (negative) digits = -digits;
  do {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(digits % 10)));
    digits /= 10;
  } while (digits != 0);
  if (decimals > 0) {
    const auto places = static_cast<std::size_t>(decimals);
    if (text.size() <= places) text.insert(0, places + 1 - text.size(), '0');
    text.insert(text.size() - places, ".");
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return negative ? '-' + text : text;
}

}  // namespace klientela::classifying
