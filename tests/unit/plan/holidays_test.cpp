// Public holidays out of tables, by country and region, and birthdays that come round, leap days included.
#include "klientela/plan/holidays.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace klientela {
namespace {

Day day(int y, unsigned m, unsigned d) { return Day{std::chrono::year{y} / std::chrono::month{m} / d}; }

using Texts = std::vector<std::string>;

Table table(Texts country, Texts region, Texts days, Texts name) {
  Table made;
  made.add(Column("country", country));
  made.add(Column("region", region));
  made.add(Column("day", days));
  made.add(Column("name", name));
  return made;
}

TEST(HolidayTable, AnswersByCountryAndRegion) {
  const HolidayTable holidays = HolidayTable::from(
      table({"DE", "de", "DE", "US", "DE", "DE"}, {"", "by", "", "", "BY", ""},
            {"2026-12-26", "2026-11-01", "2026-12-25", "2026-12-25", "2026-12-25", "2026-12-25"},
            {"Second Day of Christmas", "All Saints' Day", "Christmas Day", "Christmas Day", "Local", "Another"}));
  EXPECT_EQ(holidays.between("de", "", day(2026, 1, 1), day(2026, 12, 25)),
            (std::vector<Holiday>{{"DE", "", day(2026, 12, 25), "Another; Christmas Day"}}));
  EXPECT_EQ(holidays.between("DE", "By", day(2026, 1, 1), day(2026, 12, 31)),
            (std::vector<Holiday>{{"DE", "BY", day(2026, 11, 1), "All Saints' Day"},
                                  {"DE", "", day(2026, 12, 25), "Another; Christmas Day"},
                                  {"DE", "BY", day(2026, 12, 25), "Local"},
                                  {"DE", "", day(2026, 12, 26), "Second Day of Christmas"}}));
  EXPECT_EQ(holidays.days_between("DE", "BY", day(2026, 12, 1), day(2026, 12, 31)),
            (std::vector<Day>{day(2026, 12, 25), day(2026, 12, 26)}));
  EXPECT_TRUE(holidays.between("DE", "BY", day(2026, 12, 27), day(2026, 12, 31)).empty());
  EXPECT_TRUE(holidays.knows("us"));
  EXPECT_FALSE(holidays.knows("FR"));
  EXPECT_FALSE(holidays.knows(""));
  EXPECT_FALSE(HolidayTable().knows("DE"));
}

TEST(HolidayTable, JoinsNamesOfOneDayOnce) {
  const Day date = day(2026, 5, 1);
  const HolidayTable holidays(
      {{"AT", "", date, "b"}, {"AT", "", date, "a"}, {"at", "", date, "b"}, {"AT", "", date, "a"}});
  EXPECT_EQ(holidays.rows(), (std::vector<Holiday>{{"AT", "", date, "a; b"}}));
}

TEST(Holiday, IsCalledByAnyOfItsNames) {
  const Holiday day{"DE", "", {}, "Another; Christmas Day; Third"};
  for (const char* name : {"Another", "Christmas Day", "Third", "Another; Christmas Day; Third"})
    EXPECT_TRUE(day.is_called(name)) << name;
  for (const char* name : {"", "Christmas", "Another; Christmas Day", "; "}) EXPECT_FALSE(day.is_called(name)) << name;
  EXPECT_TRUE(Holiday{}.is_called(""));
}

TEST(HolidayTable, TakesDayColumnsAndNoRegion) {
  Table made;
  made.add(Column("country", Texts{"RU"}));
  Buffer<std::int32_t> days(1);
  days[0] = static_cast<std::int32_t>(day(2026, 1, 1).time_since_epoch().count());
  made.add(Column("day", ColumnType::day, std::move(days)));
  made.add(Column("name", Texts{"Новый год"}));
  EXPECT_EQ(HolidayTable::from(made).rows(), (std::vector<Holiday>{{"RU", "", day(2026, 1, 1), "Новый год"}}));
}

TEST(HolidayTable, NamesRowAndColumnOfWhatIsWrong) {
  const auto fault = [](const Table& made) -> std::string {
    try {
      static_cast<void>(HolidayTable::from(made));
    } catch (const Error& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(fault(table({"DE", "Germany"}, {"", ""}, {"2026-01-01", "2026-01-01"}, {"", ""})),
            "holidays, row 2, column country: \"Germany\" is no ISO 3166-1 code of two letters");
  EXPECT_EQ(fault(table({"DE"}, {""}, {"1.1.2026"}, {""})),
            "holidays, row 1, column day: \"1.1.2026\" is no day such as 2026-12-25");
  EXPECT_EQ(fault(table({"DE"}, {""}, {"2200-01-01"}, {""})),
            "holidays, row 1, column day: the day 2200-01-01 is out of range");
  Table without = table({"DE"}, {""}, {"2026-01-01"}, {""});
  EXPECT_NE(fault(Table({without.column("country"), without.column("name")})).find("day"), std::string::npos);
  Table numbers = without;
  Buffer<std::int64_t> values(1);
  values[0] = 1;
  numbers.set(Column("day", ColumnType::int64, std::move(values)));
  EXPECT_EQ(fault(numbers), "holidays, column day: holds int64, and days are wanted");
}

TEST(Anniversaries, ComeRoundEveryYear) {
  const Day born = day(1980, 6, 15);
  EXPECT_EQ(anniversaries(born, day(2026, 6, 1), day(2026, 6, 30)), std::vector<Day>{day(2026, 6, 15)});
  EXPECT_EQ(anniversaries(born, day(2026, 6, 15), day(2026, 6, 15)), std::vector<Day>{day(2026, 6, 15)});
  EXPECT_TRUE(anniversaries(born, day(2026, 6, 16), day(2027, 6, 14)).empty());
  EXPECT_EQ(anniversaries(born, day(2025, 12, 1), day(2027, 12, 31)),
            (std::vector<Day>{day(2026, 6, 15), day(2027, 6, 15)}));
  EXPECT_EQ(anniversaries(day(1980, 1, 1), day(2025, 12, 31), day(2026, 1, 1)), std::vector<Day>{day(2026, 1, 1)});
  EXPECT_TRUE(anniversaries(born, day(2026, 6, 30), day(2026, 6, 1)).empty());
}

TEST(Anniversaries, NeverAreTheDateItselfOrBefore) {
  const Day signed_on = day(2026, 6, 15);
  EXPECT_TRUE(anniversaries(signed_on, day(2020, 1, 1), day(2026, 12, 31)).empty());
  EXPECT_EQ(anniversaries(signed_on, day(2020, 1, 1), day(2027, 12, 31)), std::vector<Day>{day(2027, 6, 15)});
}

TEST(Anniversaries, OfALeapDayAreTheDayBeforeInOrdinaryYears) {
  const Day born = day(2000, 2, 29);
  EXPECT_EQ(anniversaries(born, day(2026, 1, 1), day(2028, 12, 31)),
            (std::vector<Day>{day(2026, 2, 28), day(2027, 2, 28), day(2028, 2, 29)}));
  EXPECT_EQ(anniversaries(born, day(2099, 1, 1), day(2100, 12, 31)),
            (std::vector<Day>{day(2099, 2, 28), day(2100, 2, 28)}));
  EXPECT_EQ(anniversaries(day(2001, 2, 28), day(2028, 2, 1), day(2028, 3, 1)), std::vector<Day>{day(2028, 2, 28)});
}

}  // namespace
}  // namespace klientela
