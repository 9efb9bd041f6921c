// Days, instants and zones against the zone database itself, at every kind of clock change.
#include "klientela/core/time.hpp"

#include <date/tz.h>
#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace klientela {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Day day(int y, unsigned m, unsigned d) { return Day{std::chrono::year{y} / std::chrono::month{m} / d}; }

constexpr std::int64_t micros_per_day = 86'400'000'000;

TEST(ParseDay, ReadsIsoDaysOnly) {
  EXPECT_EQ(parse_day("2026-11-21"), day(2026, 11, 21));
  EXPECT_EQ(parse_day("2024-02-29"), day(2024, 2, 29));
  for (const char* bad : {"2023-02-29", "2026-13-01", "2026-00-01", "2026-01-32", "2026-1-1", "26-01-01", "2026/01/01",
                          "2026-01-01 ", "", "2026-01-0x", "+026-01-01"})
    EXPECT_EQ(parse_day(bad), std::nullopt) << bad;
}

TEST(ToText, WritesIso) {
  EXPECT_EQ(to_text(day(2026, 1, 2)), "2026-01-02");
  EXPECT_EQ(to_text(Day{std::chrono::days{2'147'483'647}}), "5881580-07-11");
  EXPECT_EQ(to_text(Day{std::chrono::days{-2'147'483'648}}), "-5877641-06-23");
  EXPECT_EQ(to_text(Day{std::chrono::days{11'248'738}}), "32768-01-01");
  EXPECT_EQ(to_text(Day{std::chrono::days{-1}}), "1969-12-31");
  EXPECT_EQ(to_text(Day{std::chrono::days{-719'528}}), "0000-01-01");
  EXPECT_EQ(to_text(Day{std::chrono::days{-146'097}}), "1570-01-01");
  EXPECT_EQ(to_text(Instant{day(2026, 11, 21)} + hours{10}), "2026-11-21T10:00:00Z");
  EXPECT_EQ(to_text(Instant{day(1969, 12, 31)} + hours{23} + std::chrono::microseconds{1}),
            "1969-12-31T23:00:00.000001Z");
}

TEST(PeriodIndex, CountsFromTheEpochWithoutJumps) {
  EXPECT_EQ(period_index(day(2026, 11, 23), Period::week), period_index(day(2026, 11, 22), Period::week) + 1);
  EXPECT_EQ(period_index(day(1969, 12, 28), Period::week) + 1, period_index(day(1969, 12, 29), Period::week));
  EXPECT_EQ(period_index(day(2026, 1, 1), Period::month), period_index(day(2025, 12, 31), Period::month) + 1);
  EXPECT_EQ(period_index(day(2026, 1, 1), Period::quarter), period_index(day(2025, 12, 31), Period::quarter) + 1);
  EXPECT_EQ(period_index(day(2026, 12, 31), Period::year), 2026);
}

TEST(TimeZoneUtc, FloorsToTheDay) {
  const TimeZone utc;
  EXPECT_TRUE(utc.is_utc());
  EXPECT_EQ(utc.name(), "UTC");
  const std::vector<std::int64_t> micros{0,
                                         -1,
                                         micros_per_day - 1,
                                         micros_per_day,
                                         -micros_per_day,
                                         null_instant,
                                         std::numeric_limits<std::int64_t>::max()};
  std::vector<std::int32_t> days(micros.size());
  utc.days_of(micros, days);
  EXPECT_EQ(days, (std::vector<std::int32_t>{0, -1, 0, 1, -1, null_day, null_day}));
}

TEST(TimeZoneUtc, EveryDayEdgeOfTheRangeIsExact) {
  const TimeZone utc;
  std::vector<std::int64_t> micros;
  for (auto d = first_day; d < end_day; d += std::chrono::days{1}) {
    micros.push_back(d.time_since_epoch().count() * micros_per_day);
    micros.push_back(micros.back() + micros_per_day - 1);
  }
  std::vector<std::int32_t> days(micros.size());
  utc.days_of(micros, days);
  for (std::size_t i = 0; i < micros.size(); ++i)
    ASSERT_EQ(days[i], first_day.time_since_epoch().count() + static_cast<int>(i / 2)) << micros[i];
}

TEST(TimeZoneNamed, UnknownNameIsNotFound) {
  try {
    static_cast<void>(TimeZone::named("Mars/Olympus"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_NE(std::string(error.what()).find("Mars/Olympus"), std::string::npos);
  }
}

TEST(TimeZoneNamed, NewYorkGapAndFold) {
  const TimeZone zone = TimeZone::named("America/New_York");
  const auto wall = [&](Day d, int h, int m) {
    return d.time_since_epoch().count() * micros_per_day + (h * 60 + m) * 60'000'000LL;
  };
  // 2024-03-10 02:30 is skipped: read with the offset before it, EST.
  EXPECT_EQ(zone.from_local(wall(day(2024, 3, 10), 2, 30)), Instant{day(2024, 3, 10)} + hours{7} + minutes{30});
  EXPECT_EQ(zone.from_local(wall(day(2024, 3, 10), 1, 59)), Instant{day(2024, 3, 10)} + hours{6} + minutes{59});
  EXPECT_EQ(zone.from_local(wall(day(2024, 3, 10), 3, 0)), Instant{day(2024, 3, 10)} + hours{7});
  // 2024-11-03 01:30 comes twice: the earlier one, EDT.
  EXPECT_EQ(zone.from_local(wall(day(2024, 11, 3), 1, 30)), Instant{day(2024, 11, 3)} + hours{5} + minutes{30});
  EXPECT_EQ(zone.from_local(wall(day(2024, 11, 3), 2, 0)), Instant{day(2024, 11, 3)} + hours{7});
  EXPECT_EQ(zone.start_of(day(2024, 3, 10)), Instant{day(2024, 3, 10)} + hours{5});
  EXPECT_EQ(zone.start_of(day(2024, 3, 11)), Instant{day(2024, 3, 11)} + hours{4});
}

TEST(TimeZoneNamed, MidnightThatIsSkippedStartsAtTheChange) {
  const TimeZone zone = TimeZone::named("America/Sao_Paulo");  // 2018-11-04 00:00 -> 01:00
  EXPECT_EQ(zone.start_of(day(2018, 11, 4)), Instant{day(2018, 11, 4)} + hours{3});
  EXPECT_EQ(zone.day_of(Instant{day(2018, 11, 4)} + hours{3} - std::chrono::microseconds{1}), day(2018, 11, 3));
}

TEST(TimeZoneNamed, MoscowChangedForGood) {
  const TimeZone zone = TimeZone::named("Europe/Moscow");
  EXPECT_EQ(zone.day_of(Instant{day(2014, 10, 25)} + hours{20}), day(2014, 10, 26));  // UTC+4
  EXPECT_EQ(zone.day_of(Instant{day(2014, 10, 26)} + hours{20}), day(2014, 10, 26));  // UTC+3
  EXPECT_EQ(zone.day_of(Instant{day(2026, 1, 1)} + hours{21}), day(2026, 1, 2));
  EXPECT_EQ(zone.offset_micros(Instant{day(2026, 7, 1)}), 3 * 3'600'000'000LL);
}

TEST(TimeZoneNamed, SummerTimeGoesOnPastTheDatabaseTable) {
  const TimeZone zone = TimeZone::named("Europe/Berlin");
  EXPECT_EQ(zone.offset_micros(Instant{day(2060, 7, 1)}), 2 * 3'600'000'000LL);
  EXPECT_EQ(zone.offset_micros(Instant{day(2060, 12, 1)}), 3'600'000'000LL);
  EXPECT_EQ(zone.offset_micros(Instant{day(2199, 7, 1)}), 2 * 3'600'000'000LL);
  const TimeZone sydney = TimeZone::named("Australia/Sydney");
  EXPECT_EQ(sydney.offset_micros(Instant{day(2060, 1, 1)}), 11 * 3'600'000'000LL);
  EXPECT_EQ(sydney.offset_micros(Instant{day(2060, 7, 1)}), 10 * 3'600'000'000LL);
}

class ZoneProperty : public testing::TestWithParam<const char*> {};

TEST_P(ZoneProperty, BlocksAgreeWithTheDatabaseAroundEveryChange) {
  const TimeZone zone = TimeZone::named(GetParam());
  const date::time_zone* truth = date::locate_zone(GetParam());
  std::vector<std::int64_t> instants;
  const auto last = date::sys_days{date::year{2036} / 1 / 1};
  for (date::sys_seconds at{date::sys_days{date::year{1900} / 1 / 1}}; at < last;) {
    const date::sys_info info = truth->get_info(at);
    for (const int hour : {-30, -25, -24, -3, -2, -1, 0, 1, 2, 3, 23, 24, 25, 30})
      for (const int second : {-1, 0, 1})
        if (info.end < last && info.end.time_since_epoch().count() > -2'200'000'000LL)
          instants.push_back((info.end.time_since_epoch().count() + hour * 3600 + second) * 1'000'000LL);
    at = info.end;
  }
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i)
    instants.push_back(static_cast<std::int64_t>(random() % 4'200'000'000ULL) * 1'000'000 - 2'150'000'000'000'000);
  instants.push_back(null_instant);
  std::vector<std::int32_t> days(instants.size());
  zone.days_of(instants, days);
  std::vector<std::int64_t> walls(instants.size());
  for (std::size_t i = 0; i < instants.size(); ++i) {
    if (instants[i] == null_instant) {
      EXPECT_EQ(days[i], null_day);
      walls[i] = null_instant;
      continue;
    }
    const date::sys_time<std::chrono::microseconds> instant{std::chrono::microseconds{instants[i]}};
    const auto offset = truth->get_info(instant).offset;
    const Day expected = std::chrono::floor<std::chrono::days>(instant + offset);
    ASSERT_EQ(days[i], expected.time_since_epoch().count()) << instants[i];
    ASSERT_EQ(zone.day_of(Instant{std::chrono::microseconds{instants[i]}}), expected);
    walls[i] = (instant + offset).time_since_epoch().count();
    const Instant start = zone.start_of(expected);
    ASSERT_EQ(zone.day_of(start), expected) << instants[i];
    ASSERT_LT(zone.day_of(start - std::chrono::microseconds{1}), expected) << instants[i];
  }
  std::vector<std::int64_t> read = walls;
  zone.from_local(read);
  for (std::size_t i = 0; i < walls.size(); ++i) {
    if (walls[i] == null_instant) {
      EXPECT_EQ(read[i], null_instant);
      continue;
    }
    const date::local_time<std::chrono::microseconds> local{std::chrono::microseconds{walls[i]}};
    const auto info = truth->get_info(local);
    const auto expected = walls[i] - std::chrono::microseconds(info.first.offset).count();
    ASSERT_EQ(read[i], expected) << walls[i];
    ASSERT_EQ(zone.from_local(walls[i]).time_since_epoch().count(), expected) << walls[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Zones, ZoneProperty,
                         testing::Values("Europe/Moscow", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
                                         "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Shanghai",
                                         "Antarctica/Troll", "Etc/GMT+12"));

}  // namespace
}  // namespace klientela
