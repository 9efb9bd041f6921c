// Whole runs: from tables to classes, the default as-of day, cancelling, and the same bytes however the work is done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "klientela/pipeline/run.hpp"
#include "unit/pipeline/deliveries.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::json;

Day day(const char* text) { return *parse_day(text); }

/// Every output of a run, for comparing.
std::string everything(const RunResult& result) {
  return to_csv(result.clients()) + to_csv(result.matrix()) + to_csv(result.rejected()) + result.summary() +
         result.page();
}

TEST(Run, ClassifiesPurchases) {
  const RunResult result = run(testing::one(TableId::transactions, testing::table_of({{"b", "2025-03-01", "10.5"},
                                                                                      {"a", "2025-01-02", "100"},
                                                                                      {"a", "2025-02-03", "50.25"},
                                                                                      {"a", "2025-02-04", "-25"},
                                                                                      {"", "2025-02-04", "7"},
                                                                                      {"b", "2025-02-04", "seven"}})));
  EXPECT_EQ(result.as_of, day("2025-03-01"));
  EXPECT_EQ(result.base.clients(), 2U);
  const Table clients = result.clients();
  EXPECT_EQ(clients.column("client").text(0), "a");
  EXPECT_EQ(clients.column("money_gross").to_text(0), "150.25");
  EXPECT_EQ(clients.column("money_net").to_text(0), "125.25");
  EXPECT_EQ(clients.column("abc").text(0), "A");
  EXPECT_EQ(result.models.size(), 5U);
  EXPECT_EQ(result.classes.size(), 5U);
  EXPECT_NE(result.features.find("rfm_segment"), nullptr);

  const Json summary = Json::parse(result.summary());
  EXPECT_EQ(summary["rows_read"], 6);
  EXPECT_EQ(summary["rows_used"], 4);
  EXPECT_EQ(summary["rows_rejected"], 2);
  EXPECT_EQ(summary["rejected_by_reason"]["missing_value"], 1);
  EXPECT_EQ(summary["rejected_by_reason"]["not_a_number"], 1);
  EXPECT_EQ(summary["lines"], 3);
  EXPECT_EQ(summary["refund_lines"], 1);
  EXPECT_EQ(summary["money_gross"], "160.75");
  EXPECT_EQ(summary["money_refunds"], "25");
  EXPECT_EQ(summary["money_net"], "135.75");
  EXPECT_EQ(to_csv(result.rejected()),
            "table,row,column,value,reason\n"
            "transactions,5,client,\"\",missing_value\n"
            "transactions,6,amount,seven,not_a_number\n");
  EXPECT_FALSE(summary["notes"].empty()) << "the substitute of the engagement axis is named";
}

TEST(Run, ACircleOfParentsIsToldAndLosesNoMoney) {
  Tables tables =
      testing::one(TableId::transactions, testing::table_of({{"1", "2026-01-05", "10"}, {"2", "2026-01-06", "20"}}));
  tables.add(
      TableId::clients,
      testing::stream(Table({Column("client", testing::Texts{"1", "2"}), Column("parent", testing::Texts{"2", "1"})})));
  const RunResult result = run(std::move(tables));
  const Json summary = Json::parse(result.summary());
  EXPECT_EQ(summary["money_net"], "30");
  EXPECT_EQ(summary["tables"]["clients"]["rows_used"], 2);
  EXPECT_EQ(summary["tables"]["clients"]["ignored_values"], Json({{"parent", 1}}));
  EXPECT_EQ(summary["rejects_listed"], 1);
  EXPECT_EQ(to_csv(result.rejected()), "table,row,column,value,reason\nclients,1,parent,1 < 2 < 1,parent_cycle\n");
  const std::string page = result.page();
  EXPECT_THAT(page, HasSubstr("Every row that was read was used."));
  EXPECT_THAT(page, HasSubstr("1 &lt; 2 &lt; 1"));
  EXPECT_THAT(page, HasSubstr("Values that count as none"));
}

TEST(Run, ReadsTheShopOfThePreset) {
  using testing::Texts;
  Table table;
  table.add(Column("InvoiceNo", std::vector<std::string>{"1", "1", "2", "C3", "4", "5"}));
  table.add(Column("StockCode", std::vector<std::string>{"x", "y", "x", "x", "x", "x"}));
  table.add(Column("Quantity", ColumnType::int64, [] {
    Buffer<std::int64_t> values(6, 2);
    values[3] = -1;
    return values;
  }()));
  table.add(Column("InvoiceDate",
                   std::vector<std::string>{"2010-12-01 08:26:00", "2010-12-01 08:26:00", "2010-12-02 09:00:00",
                                            "2010-12-03 10:00:00", "2010-12-04 23:59:59", "2010-12-05 00:00:00"}));
  table.add(Column("UnitPrice", ColumnType::float64, [] {
    Buffer<double> values(6, 2.55);
    values[4] = 0;
    return values;
  }()));
  table.add(Column("CustomerID", Texts{"17850", "17850", "17850", "17850", "13047", std::nullopt}));
  table.add(Column("Country", std::vector<std::string>(6, "France")));
  const RunResult result = run(testing::one(TableId::transactions, table), Policy::preset("online-retail"));
  const Json summary = Json::parse(result.summary());
  EXPECT_EQ(summary["rows_rejected"], 2);
  EXPECT_EQ(summary["rejected_by_reason"], Json({{"missing_value", 1}, {"zero_amount", 1}}));
  EXPECT_EQ(summary["money_gross"], "15.3");
  EXPECT_EQ(summary["money_refunds"], "2.55");
  EXPECT_EQ(summary["lines"], 3);
  EXPECT_EQ(summary["refund_lines"], 1);
  EXPECT_EQ(summary["orders"], 2);
  EXPECT_EQ(summary["currency"], "GBP");
  EXPECT_EQ(summary["time_zone"], "Europe/London");
  EXPECT_EQ(summary["as_of"], "2010-12-03");
  EXPECT_THAT(result.unused_columns, ElementsAre("transactions.Country"));
}

TEST(Run, TakesTheDayOfTheLastContactWithoutPurchases) {
  Table table;
  table.add(Column("client", std::vector<std::string>{"1", "2"}));
  table.add(Column("channel", std::vector<std::string>{"phone", "email"}));
  table.add(Column("started_at", std::vector<std::string>{"2025-05-05T10:00:00Z", "2025-05-07T10:00:00Z"}));
  const RunResult result = run(testing::one(TableId::interactions, table));
  EXPECT_EQ(result.as_of, day("2025-05-07"));
  EXPECT_EQ(result.base.clients(), 2U);
  EXPECT_EQ(Json::parse(result.summary())["rows_read"], 0) << "of transactions";
}

TEST(Run, NeedsADayToStandOn) {
  const auto code = [](Tables tables) {
    try {
      (void)run(std::move(tables));
    } catch (const Error& error) {
      EXPECT_EQ(error.where(), "as_of");
      return error.code();
    }
    return Code::internal;
  };
  EXPECT_EQ(code({}), Code::invalid_argument);
  EXPECT_EQ(code(testing::one(TableId::transactions, testing::table_of({}))), Code::invalid_argument);
  EXPECT_EQ(code(testing::one(TableId::transactions, testing::table_of({{"a", "never", "1"}}))),
            Code::invalid_argument);
}

TEST(Run, OfNothingIsEmptyButWhole) {
  const RunResult result = run({}, {}, day("2025-01-01"));
  EXPECT_EQ(result.base.clients(), 0U);
  EXPECT_EQ(result.clients().rows(), 0U);
  EXPECT_EQ(Json::parse(result.summary())["clients"], 0);
  EXPECT_THAT(result.page(), HasSubstr("</html>"));
}

TEST(Run, LeavesOutWhatIsLaterThanTheAsOfDay) {
  const std::vector<testing::Line> lines{{"a", "2025-01-01", "1"}, {"a", "2025-01-02", "2"}, {"b", "2025-01-03", "4"}};
  const RunResult result = run(testing::one(TableId::transactions, testing::table_of(lines)), {}, day("2025-01-02"));
  EXPECT_EQ(Json::parse(result.summary())["money_net"], "3");
  EXPECT_EQ(result.base.clients(), 2U);
  EXPECT_TRUE(result.features.column("recency_days").is_null(1));
}

TEST(Run, PlansContactsWhereManagersAreGiven) {
  const auto purchases = [] {
    return testing::one(TableId::transactions,
                        testing::table_of({{"a", "2025-01-02", "100"}, {"b", "2025-03-01", "10"}}));
  };
  EXPECT_FALSE(run(purchases()).plan.has_value());
  RunKnowledge known;
  RunManagers& team = known.managers.emplace();
  team.managers = Table({Column("manager", testing::Texts{"anna"})});
  team.period = SchedulePeriod::parse("2025-04");
  const RunResult result = run(purchases(), {}, std::nullopt, known);
  ASSERT_TRUE(result.plan.has_value());
  EXPECT_GT(result.plan->plan().planned.size(), 0U);
  EXPECT_TRUE(check_schedule(*result.plan).ok());
  const ContactSchedule apart = result.schedule(team.managers, team.period);
  EXPECT_EQ(to_csv(result.plan->planned()), to_csv(apart.planned()));
  EXPECT_THAT(result.page(), HasSubstr("id=\"plan\""));
  EXPECT_THAT(result.page(result.report_options, nullptr), ::testing::Not(HasSubstr("id=\"plan\"")));

  // Managers who cannot be read are told of before anything is read.
  team.managers = Table({Column("manager", testing::Texts{"anna"}), Column("hours", testing::Texts{"late"})});
  try {
    static_cast<void>(run(Tables{}, {}, std::nullopt, known));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "managers.hours");
  }
}

TEST(Run, StopsWhenAsked) {
  std::stop_source source;
  source.request_stop();
  Control control;
  control.stop = source.get_token();
  try {
    (void)run(testing::one(TableId::transactions, testing::table_of({{"a", "2025-01-01", "1"}})), {}, std::nullopt,
              control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

TEST(Run, StopsBetweenStages) {
  std::stop_source source;
  Control control;
  control.stop = source.get_token();
  control.progress = [&source](std::string_view stage, double done) {
    if (stage == "features" && done >= 1) source.request_stop();
  };
  try {
    (void)run(testing::one(TableId::transactions, testing::table_of({{"a", "2025-01-01", "1"}})), {}, std::nullopt,
              control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

TEST(Run, TellsHowFarItIs) {
  std::vector<std::string> stages;
  bool in_range = true;
  Control control;
  control.progress = [&](std::string_view stage, double done) {
    if (stages.empty() || stages.back() != stage) stages.emplace_back(stage);
    in_range = in_range && done >= 0 && done <= 1;
  };
  (void)run(testing::one(TableId::transactions, testing::table_of({{"a", "2025-01-01", "1"}})), {}, std::nullopt,
            control);
  EXPECT_TRUE(in_range);
  stages.erase(std::unique(stages.begin(), stages.end()), stages.end());
  EXPECT_THAT(stages, ElementsAre("ingest", "features", "classify"));
}

TEST(Run, GivesTheSameBytesForAnyThreads) {
  const auto lines = testing::drawn_lines(20'000, 700, 11);
  const std::string expected = everything(run(testing::one(TableId::transactions, testing::table_of(lines))));
  for (const std::size_t threads : {1U, 2U, 7U}) {
    ThreadPool pool(threads);
    Control control;
    control.executor = &pool;
    EXPECT_EQ(everything(run(testing::one(TableId::transactions, testing::table_of(lines)), {}, std::nullopt, control)),
              expected)
        << threads;
  }
}

TEST(Run, GivesTheSameBytesForAnyRowOrder) {
  auto lines = testing::drawn_lines(5'000, 300, 12);
  const std::string expected = everything(run(testing::one(TableId::transactions, testing::table_of(lines))));
  std::mt19937 random(5);
  std::shuffle(lines.begin(), lines.end(), random);
  EXPECT_EQ(everything(run(testing::one(TableId::transactions, testing::table_of(lines)))), expected);
}

TEST(Run, KeepsHostileTextOutOfThePage) {
  Table cards;
  cards.add(Column("client", std::vector<std::string>{"=cmd()", "<b>2</b>"}));
  cards.add(Column("name", std::vector<std::string>{"<script>alert(1)</script>", "=1+1\n\"x\""}));
  Tables tables = testing::one(TableId::transactions, testing::table_of({{"=cmd()", "2025-01-01", "1"},
                                                                         {"<b>2</b>", "2025-01-02", "<i>"},
                                                                         {"<b>2</b>", "2025-01-02", "3"}}));
  tables.add(TableId::clients, testing::stream(cards));
  const RunResult result = run(std::move(tables));
  const std::string page = result.page();
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<b>2"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  const std::string csv = to_csv(result.clients());
  EXPECT_THAT(csv, HasSubstr("\n'=cmd(),"));
  EXPECT_THAT(csv, HasSubstr("\"'=1+1\n\"\"x\"\"\""));
}

TEST(Run, ReadsIdsBackFromItsOwnCsv) {
  const RunResult first = run(testing::one(TableId::transactions, testing::table_of({{"=cmd()", "2025-01-01", "1"}})));
  const RunResult second =
      run(testing::one(TableId::transactions, testing::table_of({{"'=cmd()", "2025-01-01", "1"}})));
  EXPECT_EQ(to_csv(first.clients()), to_csv(second.clients()));
}

}  // namespace
}  // namespace klientela
