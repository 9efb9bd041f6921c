// Quiet hours by the client's clock: far zones, clock changes, holidays, and the part of a day that is chosen.
#include "klientela/plan/contact_hours.hpp"

#include <gtest/gtest.h>

#include <random>

namespace klientela {
namespace {

using Spans = std::vector<MinuteSpan>;

Day day(int y, unsigned m, unsigned d) { return Day{std::chrono::year{y} / std::chrono::month{m} / d}; }

ContactHours daily(Spans spans, bool holidays = true) { return {every_day(spans), holidays}; }

MinuteSpan on(const ContactHours& hours, const char* client_zone, const char* plan_zone, Day wanted,
              const Spans& work = {}) {
  const std::vector<Spans> days{work};
  return hours_profile(hours, TimeZone::named(client_zone), {}, TimeZone::named(plan_zone), std::span(&wanted, 1),
                       work.empty() ? std::span<const Spans>() : std::span<const Spans>(days))
      .at(0);
}

TEST(HoursProfile, IsTheClientsClockOnThePlansDay) {
  const ContactHours tcpa = daily({{480, 1260}});
  EXPECT_EQ(on(tcpa, "UTC", "UTC", day(2026, 12, 1)), (MinuteSpan{480, 1260}));
  EXPECT_EQ(on(tcpa, "America/New_York", "UTC", day(2026, 12, 1)), (MinuteSpan{780, 1440}));  // and 0 to 120
  EXPECT_EQ(on(tcpa, "America/New_York", "America/Chicago", day(2026, 12, 1)), (MinuteSpan{420, 1200}));
  EXPECT_EQ(on(tcpa, "America/New_York", "America/New_York", day(2026, 3, 8)), (MinuteSpan{420, 1200}));
  EXPECT_EQ(on(tcpa, "America/New_York", "America/New_York", day(2026, 11, 1)), (MinuteSpan{540, 1320}));
  // A week in which the clocks of one zone have changed and those of the other not yet.
  EXPECT_EQ(on(tcpa, "America/New_York", "Europe/Berlin", day(2026, 3, 6)), (MinuteSpan{840, 1440}));
  EXPECT_EQ(on(tcpa, "America/New_York", "Europe/Berlin", day(2026, 3, 20)), (MinuteSpan{780, 1440}));
  EXPECT_EQ(on(tcpa, "America/New_York", "Europe/Berlin", day(2026, 4, 3)), (MinuteSpan{840, 1440}));
  EXPECT_EQ(on(ContactHours{}, "Asia/Kathmandu", "Europe/Berlin", day(2026, 10, 25)), (MinuteSpan{0, 1500}));
  EXPECT_EQ(on(daily({}), "UTC", "UTC", day(2026, 12, 1)), MinuteSpan{});
  EXPECT_EQ(on(tcpa, "Pacific/Apia", "Pacific/Apia", day(2011, 12, 30)), MinuteSpan{});
}

TEST(HoursProfile, TakesThePartThatSomebodyWorksInThenTheLongest) {
  // 8 to 21 in Los Angeles is 19 to 8 in Moscow.
  const ContactHours tcpa = daily({{480, 1260}});
  const Day date = day(2026, 12, 1);
  EXPECT_EQ(on(tcpa, "America/Los_Angeles", "Europe/Moscow", date), (MinuteSpan{0, 480}));
  EXPECT_EQ(on(tcpa, "America/Los_Angeles", "Europe/Moscow", date, {{1140, 1200}}), (MinuteSpan{1140, 1440}));
  EXPECT_EQ(on(tcpa, "America/Los_Angeles", "Europe/Moscow", date, {{420, 720}, {1140, 1210}}),
            (MinuteSpan{1140, 1440}));
  EXPECT_EQ(on(tcpa, "America/Los_Angeles", "Europe/Moscow", date, {{600, 700}}), (MinuteSpan{0, 480}));
  const ContactHours siesta = daily({{960, 1140}, {540, 720}});
  EXPECT_EQ(on(siesta, "UTC", "UTC", date), (MinuteSpan{540, 720}));  // of equals the earlier
}

TEST(HoursProfile, ClosesDaysOfTheClientsZone) {
  const std::vector<Day> days{day(2026, 12, 24), day(2026, 12, 25), day(2026, 12, 26), day(2026, 12, 27)};
  const std::vector<Day> holidays{day(2026, 12, 25)}, blackouts{day(2026, 12, 27)};
  const ClosedDays closed{holidays, blackouts};
  const TimeZone utc;
  EXPECT_EQ(hours_profile(daily({{480, 1260}}, false), utc, closed, utc, days),
            (Spans{{480, 1260}, {}, {480, 1260}, {}}));
  EXPECT_EQ(hours_profile(daily({{480, 1260}}, true), utc, closed, utc, days),
            (Spans{{480, 1260}, {480, 1260}, {480, 1260}, {}}));
  // Evening hours that reach past midnight end where a closed day begins, and go on where it ends.
  EXPECT_EQ(hours_profile(daily({{1200, 1500}}, false), utc, closed, utc, days),
            (Spans{{1200, 1440}, {}, {1200, 1440}, {}}));
  // Christmas in Sydney is over at 13:00 UTC, and begins at 13:00 the day before.
  EXPECT_EQ(hours_profile(daily({{0, 1440}}, false), TimeZone::named("Australia/Sydney"), {holidays, {}}, utc, days),
            (Spans{{0, 780}, {780, 1440}, {0, 1440}, {0, 1440}}));
}

TEST(HoursProfile, FollowsTheHoursInForceOnTheDay) {
  const std::vector<Day> days{day(2024, 3, 25), day(2024, 3, 26), day(2024, 3, 27)};
  const std::vector<DatedHours> dated{{day(2024, 3, 26), daily({{480, 1260}})},
                                      {day(2024, 3, 27), daily({{540, 1080}})}};
  const TimeZone utc;
  EXPECT_EQ(hours_profile(dated, utc, {}, utc, days), (Spans{{480, 1260}, {480, 1260}, {540, 1080}}));
}

TEST(Intersection, IsWhatBothAllowMinuteByMinute) {
  std::mt19937 random(5);
  const auto any_hours = [&] {
    ContactHours hours{{}, random() % 2 == 0};
    for (Spans& spans : hours.week.days) {
      spans.resize(random() % 3);
      for (MinuteSpan& span : spans) {
        span.from = static_cast<std::int32_t>(random() % 1440);
        span.to = span.from + 1 + static_cast<std::int32_t>(random() % 1440);
      }
    }
    return hours;
  };
  const auto allows = [](const ContactHours& hours, std::size_t weekday, std::int32_t minute) {
    for (const MinuteSpan& span : hours.week.days[weekday])
      if (span.from <= minute && minute < span.to) return true;
    for (const MinuteSpan& span : hours.week.days[(weekday + 6) % 7])
      if (span.from <= minute + 1440 && minute + 1440 < span.to) return true;
    return false;
  };
  for (int round = 0; round < 50; ++round) {
    const ContactHours a = any_hours(), b = any_hours(), both = intersection(a, b);
    EXPECT_EQ(both.holidays, a.holidays && b.holidays);
    for (std::size_t weekday = 0; weekday < 7; ++weekday) {
      for (std::int32_t minute = 0; minute < 1440; ++minute)
        ASSERT_EQ(allows(both, weekday, minute), allows(a, weekday, minute) && allows(b, weekday, minute));
      for (const MinuteSpan& span : both.week.days[weekday]) EXPECT_LE(span.to, 1440);
    }
  }
}

TEST(HoursProfile, NamesWhatIsWrong) {
  const std::vector<Day> days{day(2026, 12, 1)};
  const TimeZone utc;
  const auto fault = [&](std::span<const DatedHours> hours, std::span<const Spans> work = {}) -> std::string {
    try {
      static_cast<void>(hours_profile(hours, utc, {}, utc, days, work));
    } catch (const Error& error) {
      return error.where();
    }
    return "none";
  };
  EXPECT_EQ(fault({}), "hours");
  EXPECT_EQ(fault(std::vector<DatedHours>{{days[0], {}}, {days[0], {}}}), "hours[1]");
  EXPECT_EQ(fault(std::vector<DatedHours>{{days[0], daily({{7, 7}})}}), "hours[0].week[0][0]");
  EXPECT_EQ(fault(std::vector<DatedHours>{{days[0], {}}}, std::vector<Spans>(2)), "work");
}

}  // namespace
}  // namespace klientela
