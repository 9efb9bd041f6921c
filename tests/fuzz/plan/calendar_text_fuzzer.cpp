// Feeds bytes to everything that reads hours, weekdays, days and periods as people write them: what is understood is
// written so that it is understood the same, and fits a calendar.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/plan/calendar_text.hpp"
#include "small_base.hpp"

namespace {

using namespace klientela;
using fuzz::require;

template <class Read>
void reads(Code expected, Read&& read) {
  try {
    read();
  } catch (const Error& error) {
    require(error.code() == expected);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<Day> days{fuzz::week.first, fuzz::week.last};
  reads(Code::invalid_argument, [&] {
    const std::uint32_t weekdays = parse_weekdays(text);
    require(weekdays <= every_weekday && parse_weekdays(weekdays_to_text(weekdays)) == weekdays);
  });
  reads(Code::invalid_argument, [&] {
    const std::vector<MinuteSpan> spans = parse_hours(text);
    require(parse_hours(hours_to_text(spans)) == spans);
    const WorkCalendar calendar{TimeZone::named("Pacific/Apia"), every_day(spans), {{days.front(), spans}}, {}};
    for (const std::vector<MinuteSpan>& day : working_spans(calendar, TimeZone::named("Europe/Berlin"), days))
      for (const MinuteSpan& span : day) require(0 <= span.from && span.from < span.to && span.to <= max_day_minutes);
  });
  reads(Code::invalid_argument, [&] {
    const std::vector<DayRange> ranges = parse_day_ranges(text);
    require(parse_day_ranges(day_ranges_to_text(ranges)) == ranges);
    WorkCalendar calendar{TimeZone::named("UTC"), every_day(parse_hours("9-18")), {}, ranges};
    static_cast<void>(working_spans(calendar, calendar.zone, days));
  });
  reads(Code::bad_policy, [&] {
    const WeekHours week = week_hours_from_json(text, "/hours");
    require(week_hours_from_json(to_json(week), "/hours") == week);
  });
  reads(Code::invalid_argument, [&] {
    const SchedulePeriod period = SchedulePeriod::parse(text);
    require(period.first <= period.last);
  });
  return 0;
}
