// The attention list: who is on it, in which order, and why.
#include "klientela/classify/attention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/xyz.hpp"
#include "unit/classify/tables.hpp"

namespace klientela::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Call>
std::string where_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(name(error.code())) + ' ' + error.where();
  }
  return "nothing thrown";
}

/// Typical gap 10 days, variation 1: limits 20, 40 and 70 for who bought once.
LifecycleModel model() {
  LifecycleOptions options;
  options.typical_gap_days = 10;
  options.typical_cv = 1;
  return LifecycleClassifier(options).fit(
      Table({clients(1), column<std::int32_t>("recency_days", ColumnType::int32, {1}),
             column<std::int32_t>("tenure_days", ColumnType::int32, {1})}));
}

Table six() {
  const Days silent{5, 30, 30, 60, 100, std::nullopt};
  return Table({clients(6), column("recency_days", ColumnType::int32, silent),
                column("tenure_days", ColumnType::int32, silent),
                column<std::int64_t>("money_net", ColumnType::money, {90'0000, 10'0000, 20'0000, 15'0000, 99'0000, 1}),
                column("csat_trend", ColumnType::float64, Reals{-0.2, 0.0, std::nullopt, 0.1, 0.0, -1.0})});
}

TEST(Attention, RanksByTheValueAtRisk) {
  const Table table = six();
  const Classification lifecycle = model().classify(table);
  const Table list = attention_list(table, &lifecycle);
  // Active but less satisfied, two cooling, one sleeping; the lost and the one without a purchase are left out.
  EXPECT_THAT(texts(list.column("rank")), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(texts(list.column("client")), ElementsAre("-50", "-30", "-20", "-40"));
  EXPECT_THAT(texts(list.column("state")), ElementsAre("new", "cooling", "sleeping", "cooling"));
  EXPECT_THAT(texts(list.column("rule")),
              ElementsAre("attention.satisfaction", "lifecycle.cooling", "lifecycle.sleeping", "lifecycle.cooling"));
  const auto value = list.column("value").values<std::int64_t>();
  const auto at_risk = list.column("value_at_risk").values<std::int64_t>();
  const auto risk = list.column("loss_risk").values<double>();
  for (std::size_t row = 0; row < list.rows(); ++row) {
    EXPECT_EQ(at_risk[row], static_cast<std::int64_t>(std::nearbyint(static_cast<double>(value[row]) * risk[row])));
    if (row > 0) {
      EXPECT_GE(at_risk[row - 1], at_risk[row]);
    }
  }
  EXPECT_THAT(list.column("reason").to_text(0),
              HasSubstr("\"satisfaction fell\", because change of satisfaction (csat_trend) is -0.2"));
  EXPECT_THAT(list.column("reason").to_text(1),
              HasSubstr("days since the last purchase (recency_days) is 30 (above 20"));
}

TEST(Attention, TakesTheLargestAmounts) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Days silent{2'000'000'000, 30};  // the first has left for good
  const Table table({clients(2), column("recency_days", ColumnType::int32, silent),
                     column("tenure_days", ColumnType::int32, silent),
                     column<std::int64_t>("money_net", ColumnType::money, {most, most - 1})});
  LifecycleOptions sure;
  sure.typical_gap_days = 10;
  sure.typical_cv = 1;
  sure.prior_gaps = 20;
  const Classification lifecycle = LifecycleClassifier(sure).fit(table).classify(table);
  AttentionOptions options;
  options.states = {"cooling", "lost"};
  const Table list = attention_list(table, &lifecycle, options);
  ASSERT_EQ(list.column("loss_risk").values<double>()[0], 1);
  EXPECT_EQ(list.column("value_at_risk").values<std::int64_t>()[0], most);
  EXPECT_GT(list.column("value_at_risk").values<std::int64_t>()[1], 0);
}

TEST(Attention, OptionsSayWhoIsListed) {
  const Table table = six();
  const Classification lifecycle = model().classify(table);
  AttentionOptions options;
  options.states = {};
  options.satisfaction_drop = 1;
  EXPECT_EQ(attention_list(table, &lifecycle, options).rows(), 0U);
  options.least_risk = 0;
  options.language = Language::russian;
  const Table all = attention_list(table, &lifecycle, options);
  EXPECT_EQ(all.rows(), 5U);
  EXPECT_THAT(all.column("reason").to_text(0), HasSubstr("lifecycle_loss_risk"));
  options.limit = 2;
  EXPECT_EQ(texts(attention_list(table, &lifecycle, options).column("client")),
            (std::vector<std::string>{all.column("client").to_text(0), all.column("client").to_text(1)}));
  options = {};
  options.value = "recency_days";
  EXPECT_EQ(attention_list(table, &lifecycle, options).column("value_at_risk").type(), ColumnType::float64);
  EXPECT_EQ(attention_options_from_json(to_json(options)), options);
  for_thread_counts([&](const Control& control) {
    EXPECT_EQ(texts(attention_list(table, nullptr, {}, control).column("reason")),
              texts(attention_list(table, nullptr).column("reason")));
  });
}

TEST(Attention, RefusesWhatCannotBe) {
  const Table table = six();
  AttentionOptions options;
  options.states = {"asleep"};
  EXPECT_EQ(where_of([&] { (void)attention_list(table, nullptr, options); }), "invalid_argument states");
  options = {};
  options.value = "profit";
  EXPECT_EQ(where_of([&] { (void)attention_list(table, nullptr, options); }), "not_found profit");
  options.value = "client_name";
  EXPECT_EQ(where_of([&] { (void)attention_list(Table({clients(1)}), nullptr); }), "not_found recency_days");
  const Classification other = XyzModel({.measure = "csat_trend"}, "xyz").classify(table);
  EXPECT_EQ(where_of([&] { (void)attention_list(table, &other); }), "invalid_argument lifecycle");
  EXPECT_EQ(where_of([] { (void)attention_options_from_json(R"({"limit": -1})", "/a"); }), "bad_policy /a/limit");
  EXPECT_EQ(where_of([] { (void)attention_options_from_json(R"({"top": 1})", "/a"); }), "bad_policy /a/top");
}

}  // namespace
}  // namespace klientela::test
