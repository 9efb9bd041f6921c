// Working calendars: wall-clock shifts of a manager in any zone, as the shifts of a plan's days.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

inline constexpr std::int32_t wall_day_minutes = 1440;  ///< a day on the wall clock, whatever its length

/// Parts of each day of the week, Monday first, in minutes on the wall clock since midnight: 0 <= from < 1440 and
/// from < to <= from + 1440, so that a part may reach past midnight; it belongs to the day on which it begins. In any
/// order, also overlapping.
struct WeekHours {
  std::array<std::vector<MinuteSpan>, 7> days{};
  friend bool operator==(const WeekHours&, const WeekHours&) = default;
};

/// The same parts on every day of the week.
[[nodiscard]] WeekHours every_day(std::span<const MinuteSpan> spans);

/// What holds on one day in place of the day of its week; without spans a day off.
struct DayHours {
  Day day{};
  std::vector<MinuteSpan> spans;
  friend bool operator==(const DayHours&, const DayHours&) = default;
};

/// Calendar days, both ends in.
struct DayRange {
  Day first{};
  Day last{};
  friend bool operator==(const DayRange&, const DayRange&) = default;
};

/// When a manager works, on the wall clock of the manager's zone. Days are those of that zone.
struct WorkCalendar {
  TimeZone zone;
  WeekHours week;
  std::vector<DayHours> exceptions;  ///< in any order; of several for one day the last holds
  std::vector<DayRange> absences;    ///< no shift begins on these days, exceptions or not
};

/// The parts of each of the plan's days, in minutes since the day's start in the plan's zone, in which the wall clock
/// of the calendar's zone shows a time of a shift: ascending, neither touching nor overlapping. What the wall clock
/// skips is lost, what it shows twice counts twice, and what crosses midnight of the plan's zone is cut there; a part
/// lost on a day that is not the plan's is lost. Seconds of historic offsets are rounded inwards to whole minutes;
/// minutes from max_day_minutes on, of days with more than 25 hours, are cut off. \param days  ascending, in [first_day
/// + 2, end_day - 2) \throws Error with Code::invalid_argument naming what contradicts the texts above, for example
/// "week[2][0]" or "exceptions[3].spans[1]"; out_of_range for days O(days x (shifts + log transitions)).
[[nodiscard]] std::vector<std::vector<MinuteSpan>> working_spans(const WorkCalendar& calendar,
                                                                 const TimeZone& plan_zone, std::span<const Day> days);

}  // namespace klientela
