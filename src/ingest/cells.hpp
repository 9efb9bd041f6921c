// One delivered cell read as one value: exact numbers, instants, days, booleans, texts, whatever Arrow type it came as.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/text.hpp"
#include "ingest/arrow_column.hpp"
#include "klientela/core/time.hpp"
#include "klientela/ingest/ingest.hpp"

namespace klientela::detail {

/// How cells are read; borrowed by the columns of one ingest.
struct Reading {
  TimeZone zone;
  std::string date_format;
  bool decimal_comma{false};
};

/// 0: the row is fine so far; else a RejectReason plus one.
using Mark = std::uint8_t;
inline constexpr Mark fine = 0;
[[nodiscard]] constexpr Mark mark(RejectReason reason) noexcept {
  return static_cast<Mark>(static_cast<unsigned>(reason) + 1);
}

// Each reads element i. `out` is null_number, null_instant, null_day or 2 where the cell is null or cannot be read;
// the mark says why it cannot.
[[nodiscard]] Mark number_at(const ArrayView& array, std::int64_t i, const Reading& reading, std::int64_t& out);
[[nodiscard]] Mark instant_at(const ArrayView& array, std::int64_t i, const Reading& reading, std::int64_t& out);
[[nodiscard]] Mark day_at(const ArrayView& array, std::int64_t i, const Reading& reading, std::int32_t& out);
[[nodiscard]] Mark boolean_at(const ArrayView& array, std::int64_t i, std::uint8_t& out);

/// A whole number as the id of a client; `out` unspecified where the result is false or the mark is set.
[[nodiscard]] bool integer_at(const ArrayView& array, std::int64_t i, std::int64_t& out, Mark& why);

/// Any cell as text: numbers exact, days and instants ISO 8601; empty for null. `scratch` may hold the result.
[[nodiscard]] std::string_view text_at(const ArrayView& array, std::int64_t i, std::string& scratch);
/// At most `most` bytes of a text, cut at a character, invalid bytes as U+FFFD.
[[nodiscard]] std::string shown(std::string_view text, std::size_t most = 200);

[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;

/// IEEE 754 half precision, exact.
[[nodiscard]] double from_half(std::uint16_t bits) noexcept;

/// Instants in [first_day, end_day) UTC, in microseconds.
inline constexpr std::int64_t micros_per_day = 86'400'000'000;
inline constexpr std::int64_t first_micros = first_day.time_since_epoch().count() * micros_per_day;
inline constexpr std::int64_t end_micros = end_day.time_since_epoch().count() * micros_per_day;
[[nodiscard]] constexpr bool in_range(std::int64_t micros) noexcept {
  return micros >= first_micros && micros < end_micros;
}

}  // namespace klientela::detail
