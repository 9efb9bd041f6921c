// Clients, cells, rejected rows and the summary: what stands in them and that it adds up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stop_token>

#include "unit/report/sample.hpp"

namespace klientela {
namespace {

using Json = nlohmann::json;

std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns()) names.push_back(column.name());
  return names;
}

TEST(ClientsTable, HasFeaturesClassesAndReasons) {
  testing::Sample sample;
  const Table table = clients_table(sample.input());
  EXPECT_EQ(table.rows(), 4U);
  EXPECT_EQ(table.columns().front().name(), "client");
  for (const char* name : {"money_net", "rfm_r", "rfm_segment", "abc", "matrix_x", "cell", "group", "rfm_reason",
                           "abc_reason", "matrix_reason"})
    EXPECT_NE(table.find(name), nullptr) << name;
  EXPECT_EQ(table.find("name"), nullptr) << "no cards, no names";
  EXPECT_THAT(std::string(table.column("matrix_reason").text(0)), ::testing::HasSubstr("3"));
  EXPECT_EQ(table.column("rfm_reason").text(0), "");
}

TEST(ClientsTable, TakesClassesThatTheFeaturesDoNotHold) {
  testing::Sample sample;
  ReportInput whole = sample.input();
  Table bare;
  for (const char* name : {"client", "money_net"}) bare.add(whole.features.column(name));
  const FeatureTable features(bare, whole.features.as_of(), nullptr);
  const Table table = clients_table({whole.base, features, whole.classes, whole.rejects, whole.counts});
  EXPECT_EQ(table.column("abc").text(0), "A");
}

TEST(ClientsTable, LetsTheHostStopItsOwnReasonsBetweenBlocks) {
  constexpr std::size_t rows = 20'000;
  Table table;
  table.add(Column("client", ColumnType::int64, Buffer<std::int64_t>(rows, std::int64_t{1})));
  const FeatureTable features(table, Day{}, nullptr);
  std::size_t told = 0;
  const std::vector<Classification> classes{Classification(
      "own", "host", {Column("own", std::vector<std::string>(rows, "x"))},
      [&told](std::size_t) {
        ++told;
        return std::vector<Reason>{};
      },
      {}, ReasonThreads::caller)};
  const ClientBase base;
  const std::vector<Reject> rejects;
  const std::map<TableId, TableCounts> counts;
  std::stop_source stop;
  Control control;
  control.stop = stop.get_token();
  control.progress = [&](std::string_view stage, double done) {
    EXPECT_EQ(stage, "reasons");
    EXPECT_LT(done, 1);
    if (told > 0) stop.request_stop();
  };
  try {
    (void)clients_table({base, features, classes, rejects, counts}, {}, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
  EXPECT_GT(told, 0U);
  EXPECT_LT(told, rows / 2);
}

TEST(ClientsTable, RendersReasonsInParallel) {
  constexpr std::size_t rows = 10'001;  // several tasks, the last one not full
  Buffer<std::int64_t> ids(rows);
  for (std::size_t row = 0; row < rows; ++row) ids[row] = static_cast<std::int64_t>(row);
  Table table;
  table.add(Column("client", ColumnType::int64, std::move(ids)));
  const FeatureTable features(table, Day{}, nullptr);
  const std::vector<Classification> classes{
      Classification("own", "host", {Column("own", std::vector<std::string>(rows, "x"))}, [](std::size_t row) {
        Reason reason;
        reason.column = "own";
        reason.value.text = std::to_string(row);
        reason.measure = "client";
        return std::vector<Reason>(row % 3, reason);
      })};
  const ClientBase base;
  const std::map<TableId, TableCounts> counts;
  const ReportInput input{base, features, classes, {}, counts};
  const std::string expected = to_csv(clients_table(input));
  const Table plain = clients_table(input);
  EXPECT_EQ(plain.column("own_reason").text(9'000), classes[0].explain(9'000, Language::english));
  EXPECT_EQ(plain.column("own_reason").text(10'000), classes[0].explain(10'000, Language::english));
  ThreadPool pool(3);
  Control control;
  control.executor = &pool;
  EXPECT_EQ(to_csv(clients_table(input, {}, control)), expected);
  std::stop_source stop;
  stop.request_stop();
  control.stop = stop.get_token();
  EXPECT_THROW((void)clients_table(input, {}, control), Error);
}

TEST(MatrixTable, HasEveryCellAndAddsUp) {
  testing::Sample sample;
  const Table table = matrix_table(sample.input());
  EXPECT_THAT(names_of(table), ::testing::ElementsAre("x", "y", "cell", "group", "clients", "group_clients", "money",
                                                      "clients_share", "money_share"));
  ASSERT_EQ(table.rows(), 9U);
  std::int64_t clients = 0;
  std::int64_t units = 0;
  for (std::size_t row = 0; row < 9; ++row) {
    clients += table.column("clients").values<std::int64_t>()[row];
    units += table.column("money").values<std::int64_t>()[row];
    EXPECT_EQ(table.column("group").is_null(row), table.column("clients").values<std::int64_t>()[row] == 0);
  }
  EXPECT_EQ(clients, 4);
  EXPECT_EQ(units, 1'150'5000);
  // first / big holds one partner and one hot client: the group of precedence wins the tie.
  EXPECT_EQ(table.column("cell").text(4), "first / big");
  EXPECT_EQ(table.column("group").text(4), "partner");
  EXPECT_EQ(table.column("group_clients").values<std::int64_t>()[4], 1);
  EXPECT_EQ(table.column("clients_share").values<double>()[4], 0.5);
  for (const char* name : {"clients_share", "money_share"})
    for (const double share : table.column(name).values<double>()) EXPECT_EQ(share, std::round(share * 1e6) / 1e6);
}

TEST(MatrixTable, IsEmptyWithoutAMatrix) {
  testing::Sample sample;
  sample.with_classes = false;
  const Table table = matrix_table(sample.input());
  EXPECT_EQ(table.rows(), 0U);
  EXPECT_EQ(table.columns().size(), 9U);
}

TEST(RejectedTable, CountsRowsFromOne) {
  testing::Sample sample;
  const Table table = rejected_table(sample.input());
  EXPECT_EQ(to_csv(table),
            "table,row,column,value,reason\n"
            "transactions,1,Amount,abc,not_a_number\n"
            "transactions,8,Client,\"\",missing_value\n");
}

TEST(Summary, HasCountsTotalsAndClasses) {
  testing::Sample sample;
  const Json summary = Json::parse(summary_json(sample.input()));
  EXPECT_EQ(summary["rows_read"], 15);
  EXPECT_EQ(summary["rows_used"], 13);
  EXPECT_EQ(summary["rows_rejected"], 2);
  EXPECT_EQ(summary["rejected_by_reason"], Json({{"not_a_number", 1}, {"missing_value", 1}}));
  EXPECT_EQ(summary["tables"]["transactions"]["rows_read"], 15);
  EXPECT_EQ(summary["clients"], 4);
  EXPECT_EQ(summary["clients_with_purchases"], 2);
  EXPECT_EQ(summary["lines"], 11);
  EXPECT_EQ(summary["refund_lines"], 2);
  EXPECT_EQ(summary["orders"], 5);
  EXPECT_EQ(summary["money_gross"], "1210.5");
  EXPECT_EQ(summary["money_refunds"], "60");
  EXPECT_EQ(summary["money_net"], "1150.5");
  EXPECT_EQ(summary["as_of"], "2024-10-04");
  EXPECT_EQ(summary["first_purchase"], "2024-06-26");
  EXPECT_EQ(summary["last_purchase"], "2024-10-04");
  EXPECT_EQ(summary["time_zone"], "UTC");
  EXPECT_TRUE(summary["currency"].is_null());
  EXPECT_EQ(summary["abc"], Json({{"A", 1}, {"B", 1}, {"C", 0}})) << "two never bought";
  EXPECT_EQ(summary["classes"]["abc"], Json({{"A", 1}, {"B", 1}, {"C", 2}}));
  EXPECT_EQ(summary["segments"], Json({{"Champions", 2}, {"Lost", 2}, {"none", 0}}));
  EXPECT_EQ(summary["classes"]["group"], Json({{"partner", 1}, {"hot", 1}, {"cold", 2}}));
  EXPECT_EQ(summary["matrix"]["x_measure"], "frequency");
  EXPECT_EQ(summary["matrix"]["groups"]["hot"]["money"], "200.5");
  EXPECT_EQ(summary["matrix"]["cells"].size(), 9U);
  EXPECT_EQ(summary["notes"][0]["rule"], "matrix.x.substitute");
}

TEST(Summary, SumsBeyondTheRangeOfOneAmount) {
  testing::Sample sample;
  sample.net = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max() - 100'0000,
                std::numeric_limits<std::int64_t>::max(), 0};
  const Json summary = Json::parse(summary_json(sample.input()));
  EXPECT_EQ(summary["money_net"], "2767011611056332.7421");
  const Table table = matrix_table(sample.input());
  EXPECT_TRUE(table.column("money").is_null(4)) << "two of them do not fit an amount";
}

TEST(Summary, OfAnEmptyBase) {
  const ClientBase base;
  Table table;
  table.add(Column("client", std::vector<std::string>{}));
  const FeatureTable features(table, Day{}, nullptr);
  const std::map<TableId, TableCounts> counts;
  const ReportInput input{base, features, {}, {}, counts};
  const Json summary = Json::parse(summary_json(input));
  EXPECT_EQ(summary["rows_read"], 0);
  EXPECT_EQ(summary["clients"], 0);
  EXPECT_TRUE(summary["money_gross"].is_null());
  EXPECT_EQ(clients_table(input).rows(), 0U);
  EXPECT_EQ(rejected_table(input).rows(), 0U);
  EXPECT_NE(html(input).find("</html>"), std::string::npos);
}

TEST(Summary, StaysJsonWithInvalidText) {
  testing::Sample sample;
  sample.segment = "bad \xFF\"\n";
  sample.note = "\xC3";
  const Json summary = Json::parse(summary_json(sample.input()));
  EXPECT_EQ(summary["segments"]["bad \xEF\xBF\xBD\"\n"], 2);
}

}  // namespace
}  // namespace klientela
