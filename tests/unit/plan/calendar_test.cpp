// Working calendars on the plan's days: clock changes by hand, and every minute against a clock that is asked itself.
#include "klientela/plan/calendar.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace klientela {
namespace {

using Spans = std::vector<MinuteSpan>;

Day day(int y, unsigned m, unsigned d) { return Day{std::chrono::year{y} / std::chrono::month{m} / d}; }

WorkCalendar every(const char* zone, Spans spans) { return {TimeZone::named(zone), every_day(spans), {}, {}}; }

Spans on(const WorkCalendar& calendar, const char* plan_zone, Day wanted) {
  return working_spans(calendar, TimeZone::named(plan_zone), std::span(&wanted, 1)).at(0);
}

TEST(WorkingSpans, AreThoseOfTheWeekInTheSameZone) {
  WorkCalendar calendar;
  for (std::size_t d = 0; d < 5; ++d) calendar.week.days[d] = {{840, 1080}, {540, 780}};
  calendar.week.days[4] = {{540, 780}, {700, 800}, {800, 810}};  // overlapping and touching: one
  const std::vector<Day> days{day(2026, 12, 3), day(2026, 12, 4), day(2026, 12, 5), day(2026, 12, 7)};
  EXPECT_EQ(working_spans(calendar, TimeZone(), days),
            (std::vector<Spans>{{{540, 780}, {840, 1080}}, {{540, 810}}, {}, {{540, 780}, {840, 1080}}}));
}

TEST(WorkingSpans, ExceptionsReplaceADayAndAbsencesEmptyIt) {
  WorkCalendar calendar;
  calendar.week = every_day(Spans{{540, 1080}});
  calendar.exceptions = {{day(2026, 12, 24), {{540, 720}}},
                         {day(2026, 12, 25), {}},
                         {day(2026, 12, 24), {{600, 700}}},
                         {day(2026, 12, 29), {{600, 700}}}};
  calendar.absences = {{day(2026, 12, 29), day(2026, 12, 29)},
                       {day(2026, 12, 27), day(2026, 12, 30)},
                       {day(2026, 12, 28), day(2026, 12, 28)}};
  std::vector<Day> days;
  for (unsigned d = 23; d <= 31; ++d) days.push_back(day(2026, 12, d));
  EXPECT_EQ(working_spans(calendar, TimeZone(), days),
            (std::vector<Spans>{{{540, 1080}}, {{600, 700}}, {}, {{540, 1080}}, {}, {}, {}, {}, {{540, 1080}}}));
}

TEST(WorkingSpans, AreCutAtThePlansMidnight) {
  // 9 to 18 in Los Angeles is 20 to 5 in Moscow in summer and 20 to 5 less an hour later in winter.
  const WorkCalendar west = every("America/Los_Angeles", {{540, 1080}});
  EXPECT_EQ(on(west, "Europe/Moscow", day(2026, 7, 1)), (Spans{{0, 240}, {1140, 1440}}));
  EXPECT_EQ(on(west, "Europe/Moscow", day(2026, 12, 1)), (Spans{{0, 300}, {1200, 1440}}));
  // A night shift belongs to the day on which it begins.
  WorkCalendar night;
  night.week.days[0] = {{1320, 1800}};
  const std::vector<Day> days{day(2026, 12, 7), day(2026, 12, 8), day(2026, 12, 9)};
  EXPECT_EQ(working_spans(night, TimeZone(), days), (std::vector<Spans>{{{1320, 1440}}, {{0, 360}}, {}}));
  night.absences = {{day(2026, 12, 8), day(2026, 12, 8)}};
  EXPECT_EQ(working_spans(night, TimeZone(), days), (std::vector<Spans>{{{1320, 1440}}, {{0, 360}}, {}}));
  night.absences = {{day(2026, 12, 7), day(2026, 12, 7)}};
  EXPECT_EQ(working_spans(night, TimeZone(), days), (std::vector<Spans>{{}, {}, {}}));
}

TEST(WorkingSpans, LoseWhatTheClockSkipsAndRepeatWhatItShowsTwice) {
  struct Case {
    const char* zone;
    Day date;
    Spans wall, expected;
  };
  const std::vector<Case> cases{
      // 02:00 to 03:00 is skipped: minutes of the day are an hour behind the clock afterwards.
      {"Europe/Berlin", day(2026, 3, 29), {{60, 240}}, {{60, 180}}},
      {"Europe/Berlin", day(2026, 3, 29), {{540, 1080}}, {{480, 1020}}},
      {"Europe/Berlin", day(2026, 3, 29), {{135, 165}}, {}},
      {"Europe/Berlin", day(2026, 3, 29), {{0, 1440}}, {{0, 1380}}},
      // 02:00 to 03:00 is shown twice.
      {"Europe/Berlin", day(2026, 10, 25), {{60, 240}}, {{60, 300}}},
      {"Europe/Berlin", day(2026, 10, 25), {{540, 1080}}, {{600, 1140}}},
      {"Europe/Berlin", day(2026, 10, 25), {{135, 165}}, {{135, 165}, {195, 225}}},
      {"Europe/Berlin", day(2026, 10, 25), {{0, 150}}, {{0, 150}, {180, 210}}},
      {"Europe/Berlin", day(2026, 10, 25), {{0, 1440}}, {{0, 1500}}},
      {"America/New_York", day(2026, 3, 8), {{480, 1260}}, {{420, 1200}}},
      {"America/New_York", day(2026, 11, 1), {{480, 1260}}, {{540, 1320}}},
      {"Europe/Moscow", day(2026, 3, 29), {{540, 1080}}, {{540, 1080}}},
      {"Europe/Moscow", day(2014, 10, 26), {{540, 1080}}, {{600, 1140}}},  // for good
      {"Asia/Shanghai", day(2026, 3, 29), {{540, 1080}}, {{540, 1080}}},
      {"Asia/Shanghai", day(1988, 4, 17), {{540, 1080}}, {{480, 1020}}},
      // Half an hour: 02:00 to 02:30 is skipped, and 01:30 to 02:00 shown twice.
      {"Australia/Lord_Howe", day(2026, 10, 4), {{90, 180}}, {{90, 150}}},
      {"Australia/Lord_Howe", day(2026, 4, 5), {{60, 180}}, {{60, 210}}},
      {"Australia/Lord_Howe", day(2026, 4, 5), {{105, 180}}, {{105, 120}, {135, 210}}},
      // A day that never was.
      {"Pacific/Apia", day(2011, 12, 29), {{0, 1440}}, {{0, 1440}}},
      {"Pacific/Apia", day(2011, 12, 30), {{0, 1440}}, {}},
      {"Pacific/Apia", day(2011, 12, 31), {{540, 1080}}, {{540, 1080}}},
      // 26 hours: minutes past those of a plan's day are cut off.
      {"Antarctica/Troll", day(2026, 10, 25), {{0, 1440}}, {{0, 1500}}},
      // Midnight itself is skipped, and midnight to one is.
      {"America/Sao_Paulo", day(2018, 11, 4), {{0, 120}}, {{0, 60}}},
  };
  for (const Case& one : cases)
    EXPECT_EQ(on(every(one.zone, one.wall), one.zone, one.date), one.expected)
        << one.zone << ' ' << to_text(one.date) << ' ' << one.wall[0].from;
}

TEST(WorkingSpans, SkippedDayIsSeenFromOtherZones) {
  // 29 December in Apia ends at 10:00 UTC on the 30th, when the 31st begins.
  // By the clock 20:00 to 02:00: the shift of the 29th ends there, and what is left of the 30th's follows.
  WorkCalendar apia = every("Pacific/Apia", {{1200, 1560}});
  EXPECT_EQ(on(apia, "UTC", day(2011, 12, 30)), (Spans{{360, 720}}));
  EXPECT_EQ(on(apia, "UTC", day(2011, 12, 31)), (Spans{{360, 720}}));
  apia.absences = {{day(2011, 12, 30), day(2011, 12, 30)}};
  EXPECT_EQ(on(apia, "UTC", day(2011, 12, 30)), (Spans{{360, 600}}));
  EXPECT_EQ(on(apia, "UTC", day(2011, 12, 31)), (Spans{{360, 720}}));
}

/// Asks the clock for every minute of the plan's day.
Spans minute_by_minute(const WorkCalendar& calendar, const TimeZone& plan_zone, Day plan_day) {
  const Instant start = plan_zone.start_of(plan_day), end = plan_zone.start_of(plan_day + std::chrono::days{1});
  const auto works = [&](Instant at) {
    const Instant wall = at + std::chrono::microseconds{calendar.zone.offset_micros(at)};
    const Day today = std::chrono::floor<std::chrono::days>(wall);
    const auto minute = std::chrono::floor<std::chrono::minutes>(wall - today).count();
    for (int back = 0; back <= 1; ++back) {
      const Day begun = today - std::chrono::days{back};
      bool absent = false;
      for (const DayRange& range : calendar.absences) absent |= range.first <= begun && begun <= range.last;
      if (absent) continue;
      Spans spans = calendar.week.days[std::chrono::weekday{begun}.iso_encoding() - 1];
      for (const DayHours& exception : calendar.exceptions)
        if (exception.day == begun) spans = exception.spans;
      for (const MinuteSpan& span : spans)
        if (span.from <= minute + back * 1440 && minute + back * 1440 < span.to) return true;
    }
    return false;
  };
  Spans spans;
  std::int32_t minute = 0;
  for (Instant at = start; at < end && minute < max_day_minutes; at += std::chrono::minutes{1}, ++minute) {
    if (!works(at)) continue;
    if (spans.empty() || spans.back().to != minute) spans.push_back({minute, minute});
    ++spans.back().to;
  }
  return spans;
}

TEST(WorkingSpans, AreWhatTheClockSaysMinuteByMinute) {
  struct Change {
    const char* zone;
    Day date;
  };
  const std::vector<Change> changes{{"Europe/Berlin", day(2026, 3, 29)},       {"Europe/Berlin", day(2026, 10, 25)},
                                    {"America/New_York", day(2026, 3, 8)},     {"America/New_York", day(2026, 11, 1)},
                                    {"Europe/Moscow", day(2014, 10, 26)},      {"Europe/Moscow", day(2011, 3, 27)},
                                    {"Asia/Shanghai", day(1988, 9, 11)},       {"Australia/Lord_Howe", day(2026, 4, 5)},
                                    {"Australia/Lord_Howe", day(2026, 10, 4)}, {"Pacific/Apia", day(2011, 12, 30)},
                                    {"America/St_Johns", day(2010, 11, 7)},    {"America/Sao_Paulo", day(2018, 11, 4)},
                                    {"Africa/Casablanca", day(2026, 2, 15)},   {"Antarctica/Troll", day(2026, 10, 25)},
                                    {"Asia/Kathmandu", day(2026, 6, 1)},       {"UTC", day(2026, 1, 1)}};
  std::mt19937 random(11);
  const auto pick = [&](std::int32_t below) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(below));
  };
  const auto spans = [&] {
    Spans some(static_cast<std::size_t>(pick(4)));
    for (MinuteSpan& span : some) {
      span.from = pick(wall_day_minutes);
      span.to = span.from + 1 + pick(pick(3) == 0 ? wall_day_minutes : 300);
    }
    return some;
  };
  for (int round = 0; round < 100; ++round) {
    const Change& own = changes[random() % changes.size()];
    const Change& plan = changes[random() % changes.size()];
    const Day around = (pick(2) == 0 ? own : plan).date;
    WorkCalendar calendar{TimeZone::named(own.zone), {}, {}, {}};
    for (Spans& of_day : calendar.week.days) of_day = spans();
    for (int e = pick(3); e > 0; --e) calendar.exceptions.push_back({around + std::chrono::days{pick(7) - 3}, spans()});
    for (int a = pick(3); a > 0; --a) {
      const Day first = around + std::chrono::days{pick(7) - 3};
      calendar.absences.push_back({first, first + std::chrono::days{pick(3)}});
    }
    const TimeZone plan_zone = TimeZone::named(plan.zone);
    std::vector<Day> days;
    for (int d = -2; d <= 2; ++d)
      if (pick(4) != 0) days.push_back(around + std::chrono::days{d});
    const std::vector<Spans> found = working_spans(calendar, plan_zone, days);
    for (std::size_t d = 0; d < days.size(); ++d)
      ASSERT_EQ(found[d], minute_by_minute(calendar, plan_zone, days[d]))
          << own.zone << " in " << plan.zone << " on " << to_text(days[d]) << ", round " << round;
  }
}

TEST(WorkingSpans, RoundHistoricSecondsInwards) {
  // Amsterdam was 19 minutes and 32 seconds ahead until 1937: 9:00 there is 8:40:28 in UTC.
  EXPECT_EQ(on(every("Europe/Amsterdam", {{540, 600}}), "UTC", day(1930, 1, 10)), (Spans{{521, 580}}));
}

TEST(WorkingSpans, NameWhatIsWrong) {
  const std::vector<Day> days{day(2026, 12, 1)};
  const auto fault = [&](const WorkCalendar& calendar, std::span<const Day> on_days) -> std::string {
    try {
      static_cast<void>(working_spans(calendar, TimeZone(), on_days));
    } catch (const Error& error) {
      return error.where();
    }
    return "none";
  };
  WorkCalendar calendar;
  EXPECT_EQ(fault(calendar, days), "none");
  calendar.week.days[2] = {{540, 600}, {600, 600}};
  EXPECT_EQ(fault(calendar, days), "week[2][1]");
  calendar.week.days[2] = {{-1, 600}};
  EXPECT_EQ(fault(calendar, days), "week[2][0]");
  calendar.week.days[2] = {{1440, 1500}};
  EXPECT_EQ(fault(calendar, days), "week[2][0]");
  calendar.week.days[2] = {{60, 1501}};
  EXPECT_EQ(fault(calendar, days), "week[2][0]");
  calendar.week.days[2] = {{60, 1500}};
  calendar.exceptions = {{days[0], {}}, {days[0], {{5, 4}}}};
  EXPECT_EQ(fault(calendar, days), "exceptions[1].spans[0]");
  calendar.exceptions = {};
  calendar.absences = {{days[0], days[0] - std::chrono::days{1}}};
  EXPECT_EQ(fault(calendar, days), "absences[0]");
  calendar.absences = {};
  EXPECT_EQ(fault(calendar, std::vector<Day>{days[0], days[0]}), "days[1]");
  EXPECT_EQ(fault(calendar, std::vector<Day>{first_day}), "days[0]");
  EXPECT_EQ(fault(calendar, std::vector<Day>{end_day}), "days[0]");
}

}  // namespace
}  // namespace klientela
