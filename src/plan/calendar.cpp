// Working calendars: which shift begins on which day, and what that is on the plan's days.
#include "klientela/plan/calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "plan/wall_clock.hpp"

namespace klientela {

namespace planning {

void check_wall_spans(std::span<const MinuteSpan> spans, const std::string& where) {
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const MinuteSpan& span = spans[i];
    if (span.from < 0 || span.from >= wall_day_minutes || span.to <= span.from ||
        span.to > span.from + wall_day_minutes)
      throw Error(
          Code::invalid_argument,
          fmt::format("minutes {} to {}: a part of a day begins in 0 to {}, ends after that and takes {} at most",
                      span.from, span.to, wall_day_minutes - 1, wall_day_minutes),
          fmt::format("{}[{}]", where, i));
  }
}

void check_week(const WeekHours& week, const std::string& where) {
  for (std::size_t d = 0; d < week.days.size(); ++d) check_wall_spans(week.days[d], fmt::format("{}[{}]", where, d));
}

void check_plan_days(std::span<const Day> days) {
  constexpr std::chrono::days margin{2};
  for (std::size_t d = 0; d < days.size(); ++d) {
    if (days[d] < first_day + margin || days[d] >= end_day - margin)
      throw Error(Code::out_of_range, "the day " + to_text(days[d]) + " is out of range", fmt::format("days[{}]", d));
    if (d > 0 && days[d] <= days[d - 1])
      throw Error(Code::invalid_argument, "days must ascend", fmt::format("days[{}]", d));
  }
}

void merge_spans(std::vector<MinuteSpan>& spans) {
  std::sort(spans.begin(), spans.end(), [](const MinuteSpan& a, const MinuteSpan& b) { return a.from < b.from; });
  std::size_t kept = 0;
  for (const MinuteSpan& span : spans) {
    if (span.from >= span.to) continue;
    if (kept > 0 && span.from <= spans[kept - 1].to)
      spans[kept - 1].to = std::max(spans[kept - 1].to, span.to);
    else
      spans[kept++] = span;
  }
  spans.resize(kept);
}

Instant next_change(const TimeZone& zone, Instant from, Instant end) noexcept {
  const std::int64_t offset = zone.offset_micros(from);
  for (Instant same = from; same < end; same += std::chrono::hours{1}) {
    Instant other = std::min(same + std::chrono::hours{1}, end);
    if (zone.offset_micros(other) == offset) continue;
    while (other - same > std::chrono::microseconds{1}) {
      const Instant middle = same + (other - same) / 2;
      (zone.offset_micros(middle) == offset ? same : other) = middle;
    }
    return std::min(other, end);
  }
  return end;
}

}  // namespace planning

WeekHours every_day(std::span<const MinuteSpan> spans) {
  WeekHours week;
  week.days.fill({spans.begin(), spans.end()});
  return week;
}

std::vector<std::vector<MinuteSpan>> working_spans(const WorkCalendar& calendar, const TimeZone& plan_zone,
                                                   std::span<const Day> days) {
  planning::check_week(calendar.week, "week");
  planning::check_plan_days(days);
  std::map<Day, std::span<const MinuteSpan>> exceptions;
  for (std::size_t e = 0; e < calendar.exceptions.size(); ++e) {
    const DayHours& exception = calendar.exceptions[e];
    planning::check_wall_spans(exception.spans, fmt::format("exceptions[{}].spans", e));
    exceptions[exception.day] = exception.spans;
  }
  std::vector<DayRange> absences = calendar.absences;
  for (std::size_t a = 0; a < absences.size(); ++a)
    if (absences[a].last < absences[a].first)
      throw Error(Code::invalid_argument,
                  fmt::format("an absence ends on {}, before it begins on {}", to_text(absences[a].last),
                              to_text(absences[a].first)),
                  fmt::format("absences[{}]", a));
  // By first day, each with the last day of any so far: a day lies in one if the last before it reaches as far.
  std::sort(absences.begin(), absences.end(), [](const DayRange& a, const DayRange& b) { return a.first < b.first; });
  for (std::size_t a = 1; a < absences.size(); ++a) absences[a].last = std::max(absences[a].last, absences[a - 1].last);
  const auto absent = [&](Day day) {
    const auto after = std::upper_bound(absences.begin(), absences.end(), day,
                                        [](Day value, const DayRange& range) { return value < range.first; });
    return after != absences.begin() && (after - 1)->last >= day;
  };
  return planning::on_plan_days(calendar.zone, plan_zone, days, [&](Day day) -> std::span<const MinuteSpan> {
    if (absent(day)) return {};
    if (const auto exception = exceptions.find(day); exception != exceptions.end()) return exception->second;
    return calendar.week.days[planning::weekday_of(day)];
  });
}

}  // namespace klientela
