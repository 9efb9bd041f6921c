// The table of managers: forms that are read, and errors that name row and column.
#include "klientela/plan/managers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klientela {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Columns = std::vector<std::pair<std::string, std::vector<std::string>>>;

Table table(const Columns& columns) {
  Table made;
  for (const auto& [name, texts] : columns) made.add(Column(name, texts));
  return made;
}

std::vector<PlanManager> read(const Columns& columns) { return managers_from_table(table(columns), PlanPolicy()); }

Error error_of(const Columns& columns) {
  try {
    static_cast<void>(read(columns));
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {Code::internal, ""};
}

TEST(Managers, AreReadWithEveryColumn) {
  const std::vector<PlanManager> managers = read({{"Менеджер", {"orlov", " anna "}},
                                                  {"ФИО", {"Orlov P.", ""}},
                                                  {"time zone", {"Asia/Yekaterinburg", ""}},
                                                  {"weekdays", {"Mon,Wed", ""}},
                                                  {"hours", {"09:00-13:00;14:00-18:00", ""}},
                                                  {"minutes", {"300", ""}},
                                                  {"pools", {"printing; supplies ;", ""}},
                                                  {"tags", {"en;de", ""}},
                                                  {"capacities", {"call=60; meeting=4", ""}},
                                                  {"absences", {"2026-12-10..2026-12-12;2026-12-24", ""}},
                                                  {"exceptions", {"2026-12-31=09:00-12:00;2026-12-30=", ""}},
                                                  {"dedicated", {"Да", ""}},
                                                  {"country", {"RU", ""}},
                                                  {"phone", {"+1", "+2"}}});
  ASSERT_EQ(managers.size(), 2U);
  const PlanManager& anna = managers[0];
  EXPECT_EQ(anna.id, "anna");
  EXPECT_EQ(anna.name, "anna");
  EXPECT_EQ(anna.minutes, -1);
  EXPECT_THAT(anna.week.days[4], ElementsAre(MinuteSpan{540, 1080}));
  EXPECT_THAT(anna.week.days[5], IsEmpty());
  EXPECT_FALSE(anna.dedicated);
  const PlanManager& orlov = managers[1];
  EXPECT_EQ(orlov.name, "Orlov P.");
  EXPECT_EQ(orlov.time_zone, "Asia/Yekaterinburg");
  EXPECT_EQ(orlov.minutes, 300);
  EXPECT_THAT(orlov.week.days[2], ElementsAre(MinuteSpan{540, 780}, MinuteSpan{840, 1080}));
  EXPECT_THAT(orlov.week.days[1], IsEmpty());
  EXPECT_THAT(orlov.pools, ElementsAre("printing", "supplies"));
  EXPECT_THAT(orlov.tags, ElementsAre("en", "de"));
  EXPECT_THAT(orlov.capacities, ElementsAre(std::pair<const std::string, std::int32_t>("meeting", 4),
                                            std::pair<const std::string, std::int32_t>("phone", 60)));
  EXPECT_EQ(orlov.absences.size(), 2U);
  ASSERT_EQ(orlov.exceptions.size(), 2U);
  EXPECT_THAT(orlov.exceptions[0].spans, ElementsAre(MinuteSpan{540, 720}));
  EXPECT_THAT(orlov.exceptions[1].spans, IsEmpty());
  EXPECT_TRUE(orlov.dedicated);
}

TEST(Managers, AreReadBackFromACsvThatASpreadsheetRunsNothingOf) {
  const std::vector<PlanManager> managers =
      read({{"manager", {"'@anna", "'boris"}}, {"name", {"'=A1", "O'Hara"}}, {"tags", {"'+vip;en", "'"}}});
  EXPECT_EQ(managers[0].id, "'boris");
  EXPECT_EQ(managers[0].name, "O'Hara");
  EXPECT_THAT(managers[0].tags, ElementsAre("'"));
  EXPECT_EQ(managers[1].id, "@anna");
  EXPECT_EQ(managers[1].name, "=A1");
  EXPECT_THAT(managers[1].tags, ElementsAre("+vip", "en"));
}

TEST(Managers, NameRowAndColumnOfWhatCannotBeRead) {
  const std::vector<std::tuple<const char*, const char*, const char*>> bad{
      {"time_zone", "Europe/Nowhere", "no time zone"},
      {"weekdays", "Mon-Foo", "Foo"},
      {"hours", "9 to 5", "9 to 5"},
      {"weekdays", ";", "no weekday"},
      {"hours", ", ;", "no hours"},
      {"minutes", "many", "no whole number"},
      {"minutes", "1501", "1500"},
      {"minutes", "-1", "no whole number"},
      {"capacities", "phone", "phone=60"},
      {"capacities", "pigeon=3", "no channel"},
      {"capacities", "phone=3;call=4", "twice"},
      {"capacities", "phone=x", "no whole number"},
      {"absences", "2026-12-12..2026-12-10", "2026-12-12"},
      {"exceptions", "2026-12-31", "no exception like 2026-12-31=09:00-13:00"},
      {"exceptions", "2026-12-31=; 2026-12-31=09:00-10:00", "2026-12-31 is there twice"},
      {"country", "Germny", "no country"},
      {"exceptions", "32.12.=09:00-10:00", "no date"},
      {"dedicated", "perhaps", "neither"},
  };
  for (const auto& [column, value, message] : bad) {
    const Error error = error_of({{"manager", {"a", "b"}}, {column, {"", value}}});
    EXPECT_EQ(error.code(), Code::bad_data) << column;
    EXPECT_EQ(error.where(), std::string("managers.") + column);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("row 2"), HasSubstr(column), HasSubstr(message)));
  }
  EXPECT_THAT(error_of({{"manager", {"a", ""}}}).what(), HasSubstr("row 2, column manager"));
  EXPECT_THAT(error_of({{"manager", {"a", "b", "a"}}}).what(), AllOf(HasSubstr("row 3"), HasSubstr("row 1 already")));
  EXPECT_EQ(error_of({{"name", {"a"}}}).code(), Code::not_found);
}

TEST(Managers, MayBeNumbersAndNobody) {
  Buffer<std::int64_t> ids(2);
  ids[0] = 7;
  ids[1] = 10;
  const std::vector<PlanManager> managers =
      managers_from_table(Table({Column("id", ColumnType::int64, std::move(ids))}), PlanPolicy());
  ASSERT_EQ(managers.size(), 2U);
  EXPECT_EQ(managers[0].id, "10");  // by bytes
  EXPECT_THAT(read({{"manager", {}}}), IsEmpty());
}

}  // namespace
}  // namespace klientela
