// Parts of wall-clock days, as parts of the days of another zone: one walk over the offsets that hold meanwhile.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/calendar.hpp"

namespace klientela::planning {

/// \throws Error with Code::invalid_argument naming "<where>[i]" for a part that WeekHours does not allow
void check_wall_spans(std::span<const MinuteSpan> spans, const std::string& where);
void check_week(const WeekHours& week, const std::string& where);
/// \throws Error with Code::out_of_range, or invalid_argument for days that do not ascend
void check_plan_days(std::span<const Day> days);

/// Ascending, neither touching nor overlapping, none empty.
void merge_spans(std::vector<MinuteSpan>& spans);

/// 0 is Monday.
[[nodiscard]] inline std::size_t weekday_of(Day day) noexcept { return std::chrono::weekday{day}.iso_encoding() - 1; }

/// The first instant past `from` and before `end` from which another offset holds; `end` without one. The clock is
/// asked every hour: no zone has changed it and back within one.
[[nodiscard]] Instant next_change(const TimeZone& zone, Instant from, Instant end) noexcept;

/// For each of the plan's days the parts in which the clock of `zone` shows a time of `spans_of(day of that zone)`.
/// \param spans_of  gives something that spans MinuteSpan and lives until the next call
template <class SpansOf>
[[nodiscard]] std::vector<std::vector<MinuteSpan>> on_plan_days(const TimeZone& zone, const TimeZone& plan_zone,
                                                                std::span<const Day> days, const SpansOf& spans_of) {
  using std::chrono::microseconds;
  constexpr std::int64_t minute = 60'000'000;
  struct Part {
    std::int64_t from, to;  // microseconds since the day's start
  };
  std::vector<std::vector<MinuteSpan>> result(days.size());
  std::vector<Part> parts;
  for (std::size_t d = 0; d < days.size(); ++d) {
    const Instant start = plan_zone.start_of(days[d]);
    const Instant end = plan_zone.start_of(days[d] + std::chrono::days{1});
    parts.clear();
    for (Instant from = start; from < end;) {
      const Instant to = next_change(zone, from, end);
      const microseconds offset{zone.offset_micros(from)};
      const Instant wall_from = from + offset, wall_to = to + offset;
      const Day last = std::chrono::floor<std::chrono::days>(wall_to - microseconds{1});
      for (Day day = std::chrono::floor<std::chrono::days>(wall_from) - std::chrono::days{1}; day <= last;
           day += std::chrono::days{1})
        for (const MinuteSpan& span : spans_of(day)) {
          const Instant begins = std::max(wall_from, Instant{day} + std::chrono::minutes{span.from});
          const Instant ends = std::min(wall_to, Instant{day} + std::chrono::minutes{span.to});
          if (begins < ends) parts.push_back({(begins - offset - start).count(), (ends - offset - start).count()});
        }
      from = to;
    }
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.from < b.from; });
    std::vector<MinuteSpan>& spans = result[d];
    for (std::size_t i = 0; i < parts.size();) {
      const std::int64_t from = parts[i].from;
      std::int64_t to = parts[i].to;
      while (++i < parts.size() && parts[i].from <= to) to = std::max(to, parts[i].to);
      const MinuteSpan span{static_cast<std::int32_t>((from + minute - 1) / minute),
                            std::min(static_cast<std::int32_t>(to / minute), max_day_minutes)};
      if (span.from < span.to) spans.push_back(span);
    }
  }
  return result;
}

}  // namespace klientela::planning
