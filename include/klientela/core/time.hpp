// Instants, days and time zones: instants are UTC microseconds, days are calendar days in a named IANA zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "klientela/core/error.hpp"

namespace klientela {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;
using Day = std::chrono::sys_days;

/// Marks null in columns of instants (microseconds) and days.
inline constexpr std::int64_t null_instant = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int32_t null_day = std::numeric_limits<std::int32_t>::min();

/// Instants outside [1900-01-01, 2200-01-01) UTC and days outside the same years are rejected as data errors.
inline constexpr Day first_day{std::chrono::sys_days{std::chrono::year{1900} / 1 / 1}};
inline constexpr Day end_day{std::chrono::sys_days{std::chrono::year{2200} / 1 / 1}};

/// An IANA time zone. Immutable, cheap to copy, thread-safe. Its rules are those of the system's zone database, read
/// once when it is made; valid for [1900, 2200).
class TimeZone {
 public:
  /// UTC; needs no database.
  TimeZone();
  /// \throws Error with Code::not_found if the database has no such name
  [[nodiscard]] static TimeZone named(std::string_view iana_name);

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] bool is_utc() const noexcept;
  /// The calendar day in this zone that holds the instant. O(log transitions).
  [[nodiscard]] Day day_of(Instant instant) const noexcept;
  /// First instant of a day in this zone.
  [[nodiscard]] Instant start_of(Day day) const noexcept;
  /// The instant of a wall clock reading (microseconds since 1970-01-01 00:00 on that clock). A reading that the
  /// clock shows twice is the earlier one; one that it skips is read with the offset before the skip.
  [[nodiscard]] Instant from_local(std::int64_t wall_micros) const noexcept;
  /// Microseconds to add to an instant for the wall clock.
  [[nodiscard]] std::int64_t offset_micros(Instant instant) const noexcept;
  /// days[i] = day_of(micros[i]) as days since 1970-01-01; null_instant becomes null_day. Same length; O(n).
  void days_of(std::span<const std::int64_t> micros, std::span<std::int32_t> days) const noexcept;
  /// micros[i] = from_local(micros[i]) in place, nulls kept. O(n).
  void from_local(std::span<std::int64_t> micros) const noexcept;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules) noexcept;
  std::shared_ptr<const Rules> rules_;
};

/// Reads "2026-11-21"; nullopt for anything else or a day that does not exist. O(1).
[[nodiscard]] std::optional<Day> parse_day(std::string_view text) noexcept;
/// "2026-11-21".
[[nodiscard]] std::string to_text(Day day);
/// "2026-11-21T10:00:00Z", with microseconds only where they are not zero.
[[nodiscard]] std::string to_text(Instant instant);

/// Calendar periods. Weeks begin on Monday (ISO 8601).
enum class Period : std::uint8_t { day, week, month, quarter, year };

/// Ordinal of the period that holds a day: consecutive periods differ by one. O(1), never throws.
[[nodiscard]] constexpr std::int32_t period_index(Day day, Period period) noexcept {
  const auto days = static_cast<std::int32_t>(day.time_since_epoch().count());
  switch (period) {
    case Period::day: return days;
    case Period::week: {
      const std::int32_t monday_based = days + 3;  // 1970-01-01 was a Thursday
      return monday_based >= 0 ? monday_based / 7 : -((-monday_based + 6) / 7);
    }
    default: break;
  }
  const std::chrono::year_month_day date{day};
  const std::int32_t month = static_cast<std::int32_t>(static_cast<int>(date.year())) * 12 +
                             static_cast<std::int32_t>(static_cast<unsigned>(date.month())) - 1;
  if (period == Period::month) return month;
  return period == Period::quarter ? month / 3 : month / 12;
}

}  // namespace klientela
