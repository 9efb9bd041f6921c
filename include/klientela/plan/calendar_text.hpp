// Hours, weekdays and days as people write them in tables and policies: "Mon-Fri", "09:00-13:00;14:00-18:00".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/calendar.hpp"

namespace klientela {

/// Bits of weekdays: bit 0 is Monday.
inline constexpr std::uint32_t every_weekday = 0x7F;

/// Reads "Mon-Fri", "Mon,Wed;Sat", "Fri-Mon": names of English or Russian, in any case, short or whole; ranges may go
/// round the week; blanks are of no matter. \throws Error invalid_argument that quotes the part which is none
[[nodiscard]] std::uint32_t parse_weekdays(std::string_view text);
/// "Mon-Fri,Sun": ranges of three days or more.
[[nodiscard]] std::string weekdays_to_text(std::uint32_t weekdays);

/// Reads "09:00-13:00;14:00-18:00", cut at ';' or ',': 0:00 to 24:00; an end at or before the begin lies on the day
/// after ("22:00-06:00"). \throws Error invalid_argument that quotes the part which is none
[[nodiscard]] std::vector<MinuteSpan> parse_hours(std::string_view text);
/// "09:00-13:00;14:00-18:00".
[[nodiscard]] std::string hours_to_text(std::span<const MinuteSpan> spans);

/// Reads "2026-12-10..2026-12-12;2026-12-24", cut at ';' or ','. \throws Error invalid_argument that quotes the part
/// which is none, or ends before it begins
[[nodiscard]] std::vector<DayRange> parse_day_ranges(std::string_view text);
[[nodiscard]] std::string day_ranges_to_text(std::span<const DayRange> ranges);

/// Reads {"Mon-Fri": "09:00-18:00", "Sat": "10:00-14:00"}; weekdays not named are without hours, one named twice is an
/// error. \throws Error bad_policy naming the JSON pointer, which begins with `pointer`
[[nodiscard]] WeekHours week_hours_from_json(std::string_view json, std::string_view pointer = {});
/// Reads back the same.
[[nodiscard]] std::string to_json(const WeekHours& week);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string week_hours_schema();

}  // namespace klientela
