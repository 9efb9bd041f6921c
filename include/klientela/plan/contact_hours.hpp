// Quiet hours: when a client may be contacted, by the client's own clock, as the plan's profiles of hours.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/calendar.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

/// When contacts are allowed, on the wall clock of the client's zone. By default always.
struct ContactHours {
  WeekHours week{every_day(std::vector<MinuteSpan>{{0, wall_day_minutes}})};
  bool holidays{true};  ///< also on public holidays of the client's country
  friend bool operator==(const ContactHours&, const ContactHours&) = default;
};

/// What both allow; for touches of several channels, and for a company's hours with those of a rule pack.
[[nodiscard]] ContactHours intersection(const ContactHours& a, const ContactHours& b);

/// One profile of PlanProblem::hours: the part of each of the plan's days, in minutes since its start in the plan's
/// zone, in which contacts are allowed. A plan has one part a day; where more are allowed (far zones, quiet hours at
/// noon) it is the one with the most minutes in `work`, of equals the longest, of equals the earliest. Clock changes as
/// in working_spans().
/// \param closed  days without contacts in the client's zone (public holidays, blackout dates), ascending; whether
///                holidays are among them is for the caller to decide by ContactHours::holidays
/// \param work    for each day the parts in which somebody works who might do it, as working_spans(); empty: all day
/// \throws Error with Code::invalid_argument for hours as WeekHours, or `work` of another length than `days`
[[nodiscard]] std::vector<MinuteSpan> hours_profile(const ContactHours& hours, const TimeZone& client_zone,
                                                    std::span<const Day> closed, const TimeZone& plan_zone,
                                                    std::span<const Day> days,
                                                    std::span<const std::vector<MinuteSpan>> work = {});

}  // namespace klientela
