// Hours, weekdays and days as texts: what is read, what is refused and with which words, and that texts read back.
#include "klientela/plan/calendar_text.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace klientela {
namespace {

using Spans = std::vector<MinuteSpan>;

Day day(int y, unsigned m, unsigned d) { return Day{std::chrono::year{y} / std::chrono::month{m} / d}; }

std::string fault(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).rfind(error.where(), 0), 0U);
    return error.what();
  }
  return "none";
}

TEST(ParseWeekdays, ReadsNamesAndRanges) {
  EXPECT_EQ(parse_weekdays("Mon-Fri"), 0x1FU);
  EXPECT_EQ(parse_weekdays(" monday , WED; su "), 0x45U);
  EXPECT_EQ(parse_weekdays("Fri-Mon"), 0x71U);
  EXPECT_EQ(parse_weekdays("Sat-Sat"), 0x20U);
  EXPECT_EQ(parse_weekdays("Mon-Sun"), every_weekday);
  EXPECT_EQ(parse_weekdays("Пн-Пт"), 0x1FU);
  EXPECT_EQ(parse_weekdays("СРЕДА \u2013 воскресенье"), 0x7CU);
  EXPECT_EQ(parse_weekdays("Tu - Th"), 0x0EU);
  EXPECT_EQ(parse_weekdays(""), 0U);
  EXPECT_EQ(parse_weekdays(";"), 0U);
  EXPECT_EQ(fault([] { static_cast<void>(parse_weekdays("Mon-Fri;Funday")); }),
            "\"Funday\" is no weekday such as Mon, and no range of them such as Mon-Fri");
  EXPECT_EQ(fault([] { static_cast<void>(parse_weekdays("Mon-")); }),
            "\"Mon-\" is no weekday such as Mon, and no range of them such as Mon-Fri");
}

TEST(WeekdaysToText, ReadsBackForEverySet) {
  EXPECT_EQ(weekdays_to_text(0x5F), "Mon-Fri,Sun");
  EXPECT_EQ(weekdays_to_text(0x63), "Mon,Tue,Sat,Sun");
  EXPECT_EQ(weekdays_to_text(0), "");
  for (std::uint32_t set = 0; set <= every_weekday; ++set) EXPECT_EQ(parse_weekdays(weekdays_to_text(set)), set);
}

TEST(ParseHours, ReadsPartsOfADay) {
  EXPECT_EQ(parse_hours("09:00-13:00;14:00-18:00"), (Spans{{540, 780}, {840, 1080}}));
  EXPECT_EQ(parse_hours(" 9-13, 14:30 \u2013 18 "), (Spans{{540, 780}, {870, 1080}}));
  EXPECT_EQ(parse_hours("22:00-06:00"), (Spans{{1320, 1800}}));
  EXPECT_EQ(parse_hours("0:00-24:00"), (Spans{{0, 1440}}));
  EXPECT_EQ(parse_hours("09:00-09:00"), (Spans{{540, 1980}}));
  EXPECT_EQ(parse_hours(""), Spans{});
  for (const char* text : {"9", "09:00", "25-26", "9:60-10", "9:5-10", "24:00-25:00", "24:00-08:00", "-", "9-", "a-b",
                           "9:00-10:00-11:00", "09:00:00-10:00:00", "009-10", "9-24:01"})
    EXPECT_EQ(fault([&] { static_cast<void>(parse_hours(std::string("08:00-09:00;") + text)); }),
              std::string("\"") + text + "\" is no part of a day such as 09:00-18:00");
}

TEST(ParseDayRanges, ReadsDaysAndRanges) {
  EXPECT_EQ(parse_day_ranges("2026-12-10..2026-12-12; 2026-12-24"),
            (std::vector<DayRange>{{day(2026, 12, 10), day(2026, 12, 12)}, {day(2026, 12, 24), day(2026, 12, 24)}}));
  EXPECT_EQ(day_ranges_to_text(parse_day_ranges("2026-12-10 .. 2026-12-12,2026-12-24")),
            "2026-12-10..2026-12-12;2026-12-24");
  EXPECT_TRUE(parse_day_ranges(" ").empty());
  EXPECT_EQ(fault([] { static_cast<void>(parse_day_ranges("2026-12-12..2026-12-10")); }),
            "\"2026-12-12..2026-12-10\" ends before it begins");
  for (const char* text : {"2026-02-30", "2026-12-10-2026-12-12", "..", "2026-12-10..", "tomorrow"})
    EXPECT_NE(fault([&] { static_cast<void>(parse_day_ranges(text)); }).find("is no day such as"), std::string::npos);
}

TEST(WeekHoursJson, ReadsAndWrites) {
  const WeekHours week = week_hours_from_json(R"({"Mon-Thu": "09:00-13:00;14:00-18:00", "Fri": "9-13", "Sun": ""})");
  EXPECT_EQ(week.days[0], (Spans{{540, 780}, {840, 1080}}));
  EXPECT_EQ(week.days[3], week.days[0]);
  EXPECT_EQ(week.days[4], (Spans{{540, 780}}));
  EXPECT_TRUE(week.days[5].empty() && week.days[6].empty());
  EXPECT_EQ(to_json(week), "{\n  \"Mon-Thu\": \"09:00-13:00;14:00-18:00\",\n  \"Fri\": \"09:00-13:00\"\n}");
  EXPECT_EQ(week_hours_from_json("{}"), WeekHours{});
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    WeekHours any;
    for (Spans& spans : any.days) {
      spans.resize(random() % 3);
      for (MinuteSpan& span : spans) {
        span.from = static_cast<std::int32_t>(random() % 1440);
        span.to = span.from + 1 + static_cast<std::int32_t>(random() % 1440);
      }
    }
    EXPECT_EQ(week_hours_from_json(to_json(any)), any);
  }
}

TEST(WeekHoursJson, NamesThePointerOfWhatIsWrong) {
  const auto of = [](const char* text) {
    return fault([&] { static_cast<void>(week_hours_from_json(text, "/plan/hours")); });
  };
  EXPECT_EQ(of(R"({"Mon-Fry": "9-18"})").substr(0, 27), "/plan/hours/Mon-Fry: \"Mon-F");
  EXPECT_EQ(of(R"({"Mon-Fri": "9-18", "Fri": "9-12"})"), "/plan/hours/Fri: Fri is named twice");
  EXPECT_EQ(of(R"({"Mon": "morning"})"), "/plan/hours/Mon: \"morning\" is no part of a day such as 09:00-18:00");
  EXPECT_EQ(of(R"({"": "9-18"})"), "/plan/hours/: no weekday is named");
  EXPECT_EQ(of(R"({"Mon": 9})").substr(0, 16), "/plan/hours/Mon:");
  EXPECT_EQ(of("[]").substr(0, 12), "/plan/hours:");
}

}  // namespace
}  // namespace klientela
