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

/// What both allow, for touches of several channels; ascending parts within 0 and wall_day_minutes.
/// \throws Error with Code::invalid_argument for hours that WeekHours does not allow
[[nodiscard]] ContactHours intersection(const ContactHours& a, const ContactHours& b);

/// Hours that hold from one day on, until the next entry's.
struct DatedHours {
  Day from{};  ///< in the client's zone
  ContactHours hours;
  friend bool operator==(const DatedHours&, const DatedHours&) = default;
};

/// Days in the client's zone on which contacts are not allowed; ascending.
struct ClosedDays {
  std::span<const Day> holidays{};   ///< closed where ContactHours::holidays is false
  std::span<const Day> blackouts{};  ///< always closed
};

/// One profile of PlanProblem::hours: the part of each of the plan's days, in minutes since its start in the plan's
/// zone, in which contacts are allowed. A plan has one part a day; where more are allowed (far zones, quiet hours at
/// noon) it is the one with the most minutes in `work`, of equals the longest, of equals the earliest. Clock changes as
/// in working_spans(); a closed day is closed from midnight to midnight of the client's clock.
/// \param hours  ascending; the first holds on the days before it too; at least one
/// \param work   for each day the parts in which somebody works who might do it, as working_spans(); empty: all day
/// \throws Error with Code::invalid_argument for hours that WeekHours does not allow, no hours, or `work` of another
/// length than `days`; out_of_range as working_spans()
[[nodiscard]] std::vector<MinuteSpan> hours_profile(std::span<const DatedHours> hours, const TimeZone& client_zone,
                                                    const ClosedDays& closed, const TimeZone& plan_zone,
                                                    std::span<const Day> days,
                                                    std::span<const std::vector<MinuteSpan>> work = {});
/// The same hours on all days.
[[nodiscard]] std::vector<MinuteSpan> hours_profile(const ContactHours& hours, const TimeZone& client_zone,
                                                    const ClosedDays& closed, const TimeZone& plan_zone,
                                                    std::span<const Day> days,
                                                    std::span<const std::vector<MinuteSpan>> work = {});

}  // namespace klientela
