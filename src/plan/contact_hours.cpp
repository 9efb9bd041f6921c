// Quiet hours by the client's clock, put on the plan's days.
#include "klientela/plan/contact_hours.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "plan/wall_clock.hpp"

namespace klientela {

namespace {

/// Parts that reach past midnight go on the next day; each day's are ascending and apart.
WeekHours cut_at_midnight(const WeekHours& week) {
  WeekHours cut;
  for (std::size_t d = 0; d < 7; ++d)
    for (const MinuteSpan& span : week.days[d]) {
      cut.days[d].push_back({span.from, std::min(span.to, wall_day_minutes)});
      if (span.to > wall_day_minutes) cut.days[(d + 1) % 7].push_back({0, span.to - wall_day_minutes});
    }
  for (std::vector<MinuteSpan>& spans : cut.days) planning::merge_spans(spans);
  return cut;
}

std::int32_t common_minutes(const MinuteSpan& span, std::span<const MinuteSpan> others) {
  std::int32_t sum = 0;
  for (const MinuteSpan& other : others)
    sum += std::max(0, std::min(span.to, other.to) - std::max(span.from, other.from));
  return sum;
}

}  // namespace

ContactHours intersection(const ContactHours& a, const ContactHours& b) {
  planning::check_week(a.week, "a.week");
  planning::check_week(b.week, "b.week");
  const WeekHours one = cut_at_midnight(a.week), other = cut_at_midnight(b.week);
  ContactHours both{{}, a.holidays && b.holidays};
  for (std::size_t d = 0; d < 7; ++d)
    for (const MinuteSpan& x : one.days[d])
      for (const MinuteSpan& y : other.days[d])
        if (const MinuteSpan common{std::max(x.from, y.from), std::min(x.to, y.to)}; common.from < common.to)
          both.week.days[d].push_back(common);
  return both;
}

std::vector<MinuteSpan> hours_profile(std::span<const DatedHours> hours, const TimeZone& client_zone,
                                      const ClosedDays& closed, const TimeZone& plan_zone, std::span<const Day> days,
                                      std::span<const std::vector<MinuteSpan>> work) {
  planning::check_plan_days(days);
  if (hours.empty()) throw Error(Code::invalid_argument, "there must be hours from some day on", "hours");
  if (!work.empty() && work.size() != days.size())
    throw Error(Code::invalid_argument, fmt::format("work has {} days, and the plan {}", work.size(), days.size()),
                "work");
  std::vector<WeekHours> weeks;
  for (std::size_t h = 0; h < hours.size(); ++h) {
    if (h > 0 && hours[h].from <= hours[h - 1].from)
      throw Error(Code::invalid_argument, "hours must ascend by the day from which they hold",
                  fmt::format("hours[{}]", h));
    planning::check_week(hours[h].hours.week, fmt::format("hours[{}].week", h));
    weeks.push_back(cut_at_midnight(hours[h].hours.week));
  }
  const auto spans_of = [&](Day day) -> std::span<const MinuteSpan> {
    std::size_t h = 0;
    while (h + 1 < hours.size() && hours[h + 1].from <= day) ++h;
    if (std::binary_search(closed.blackouts.begin(), closed.blackouts.end(), day)) return {};
    if (!hours[h].hours.holidays && std::binary_search(closed.holidays.begin(), closed.holidays.end(), day)) return {};
    return weeks[h].days[planning::weekday_of(day)];
  };
  const std::vector<std::vector<MinuteSpan>> allowed = planning::on_plan_days(client_zone, plan_zone, days, spans_of);
  std::vector<MinuteSpan> profile(days.size());
  for (std::size_t d = 0; d < days.size(); ++d) {
    const auto rank = [&](const MinuteSpan& span) {
      return std::tuple(work.empty() ? 0 : common_minutes(span, work[d]), span.to - span.from, -span.from);
    };
    const auto best = std::max_element(allowed[d].begin(), allowed[d].end(),
                                       [&](const MinuteSpan& a, const MinuteSpan& b) { return rank(a) < rank(b); });
    if (best != allowed[d].end()) profile[d] = *best;
  }
  return profile;
}

std::vector<MinuteSpan> hours_profile(const ContactHours& hours, const TimeZone& client_zone, const ClosedDays& closed,
                                      const TimeZone& plan_zone, std::span<const Day> days,
                                      std::span<const std::vector<MinuteSpan>> work) {
  const DatedHours always{first_day, hours};
  return hours_profile(std::span(&always, 1), client_zone, closed, plan_zone, days, work);
}

}  // namespace klientela
