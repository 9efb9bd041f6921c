// Steadiness over calendar periods and cohorts: by hand, against a slow model, and for any order of rows.
#include "klientela/features/periods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include "sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::cell;
using sample::Data;
using sample::day;
using sample::noon;
using sample::units;
using testing::ElementsAre;

std::vector<std::string> column(const Table& table, const std::string& name) {
  std::vector<std::string> out;
  for (std::size_t row = 0; row < table.rows(); ++row) out.push_back(table.column(name).to_text(row));
  return out;
}

double real(const Table& table, const std::string& name, std::size_t row) {
  const Column& values = table.column(name);
  return values.is_null(row) ? std::nan("") : values.values<double>()[row];
}

Data steady() {
  Data data;
  data.cards = {5};
  const auto buy = [&](std::int64_t client, const char* when, const char* amount, sample::Text order = {}) {
    data.lines.push_back({client, noon(when), units(amount), std::move(order)});
  };
  // 1: 0.1 each month; 2: every other month, an order over two days; 3: once, and once in the month that is not over.
  for (const char* when : {"2026-01-31", "2026-02-01", "2026-03-15", "2026-04-30"}) buy(1, when, "0.1");
  buy(2, "2026-01-10", "30", "a"), buy(2, "2026-01-12", "30", "a"), buy(2, "2026-03-01", "80", "b");
  buy(2, "2026-03-20", "-20"), buy(3, "2026-04-02", "7"), buy(3, "2026-05-03", "100");
  buy(4, "2026-02-02", "5"), buy(4, "2026-02-02", "-5");
  return data;
}

TEST(Periods, ByHand) {
  const ClientBase base = base_of(steady());
  const Table table = period_table(base, day("2026-05-10"));
  EXPECT_THAT(column(table, "client"), ElementsAre("1", "2", "3", "4", "5"));
  // May is not over.
  EXPECT_THAT(column(table, "periods"), ElementsAre("4", "4", "1", "3", "0"));
  EXPECT_EQ(real(table, "period_money_cv", 0), 0.0);
  EXPECT_NEAR(real(table, "period_money_mean", 0), 0.1, 1e-15);
  // 60, 0, 60, 0: mean 30, deviation 30.
  EXPECT_EQ(real(table, "period_money_cv", 1), 1.0);
  EXPECT_EQ(real(table, "period_orders_cv", 1), 1.0);
  EXPECT_EQ(real(table, "period_orders_mean", 1), 0.5);
  EXPECT_EQ(real(table, "period_money_cv", 2), 0.0);
  EXPECT_TRUE(std::isnan(real(table, "period_money_cv", 3)));  // its mean is zero
  EXPECT_EQ(real(table, "period_money_mean", 3), 0.0);
  EXPECT_TRUE(std::isnan(real(table, "period_money_mean", 4)));
  EXPECT_THAT(column(table, "gap_days_last"), ElementsAre("46", "50", "31", "", ""));
}

TEST(Periods, OptionsSayWhichCount) {
  const ClientBase base = base_of(steady());
  PeriodOptions options;
  options.incomplete = true;
  EXPECT_THAT(column(period_table(base, day("2026-05-10"), options), "periods"), ElementsAre("5", "5", "2", "4", "0"));
  EXPECT_THAT(column(period_table(base, day("2026-05-31")), "periods"), ElementsAre("5", "5", "2", "4", "0"));
  options = {};
  options.empty_periods = false;
  Table table = period_table(base, day("2026-05-10"), options);
  EXPECT_THAT(column(table, "periods"), ElementsAre("4", "2", "1", "1", "0"));
  EXPECT_EQ(real(table, "period_money_cv", 1), 0.0);
  options = {};
  options.start = PeriodStart::window;
  EXPECT_THAT(column(period_table(base, day("2026-05-10"), options), "periods"), ElementsAre("4", "4", "4", "4", "0"));
  options.deviation = Deviation::sample;
  EXPECT_NEAR(real(period_table(base, day("2026-05-10"), options), "period_money_cv", 1), std::sqrt(4.0 / 3), 1e-15);
  FeatureOptions window;
  window.window_months = 3;  // from 2026-02-11: March is the first whole month
  table = period_table(base, day("2026-05-10"), options, window);
  EXPECT_THAT(column(table, "periods"), ElementsAre("2", "2", "2", "0", "0"));
  options.period = Period::year;
  EXPECT_THAT(column(period_table(base, day("2026-05-10"), options), "periods"), ElementsAre("0", "0", "0", "0", "0"));
}

TEST(Periods, RefusesWhatCannotBe) {
  const ClientBase base;
  PeriodOptions options;
  options.period = static_cast<Period>(9);
  EXPECT_THROW((void)period_table(base, day("2026-01-01"), options), Error);
  EXPECT_THROW((void)cohort_table(base, day("2026-01-01"), static_cast<Period>(9)), Error);
  EXPECT_EQ(period_table(base, day("2026-01-01")).rows(), 0U);
  EXPECT_EQ(cohort_table(base, day("2026-01-01")).rows(), 0U);
  for (const char* bad : {R"({"period": "decade"})", R"({"x": 1})", R"({"empty_periods": 1})", "[]"})
    EXPECT_THROW((void)period_options_from_json(bad, "/periods"), Error);
  options = {Period::week, PeriodStart::window, false, true, Deviation::sample};
  EXPECT_EQ(period_options_from_json(to_json(options)), options);
}

Data random_data(std::mt19937_64& random) {
  Data data;
  const std::size_t lines = random() % 400;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto when = noon("2025-01-01") + static_cast<std::int64_t>(random() % 500) * sample::day_micros;
    const auto amount = static_cast<std::int64_t>(random() % 100'000) - 20'000;
    sample::Text order;
    if (random() % 2 == 0) order = std::to_string(random() % 100);
    data.lines.push_back({static_cast<std::int64_t>(random() % 20), when, amount == 0 ? 1 : amount, order});
  }
  return data;
}

TEST(Periods, AgreeWithASlowModelInAnyOrderOfRows) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 60; ++round) {
    Data data = random_data(random);
    PeriodOptions options;
    options.period = static_cast<Period>(random() % 5);
    options.empty_periods = random() % 2 == 0;
    options.incomplete = random() % 2 == 0;
    options.deviation = static_cast<Deviation>(random() % 2);
    const Day as_of = day("2026-03-05");
    const Table table = period_table(base_of(data), as_of, options);
    std::shuffle(data.lines.begin(), data.lines.end(), random);
    const Table again = period_table(base_of(data), as_of, options);
    for (const Column& one : table.columns()) EXPECT_EQ(column(table, one.name()), column(again, one.name()));
    for (std::size_t row = 0; row < table.rows(); ++row) {
      const std::int64_t client = table.column("client").values<std::int64_t>()[row];
      std::map<std::int32_t, double> sums;
      std::optional<std::int32_t> first;
      for (const auto& line : data.lines) {
        const Day when{std::chrono::floor<std::chrono::days>(Instant{std::chrono::microseconds{line.at}})};
        if (line.client != client || when > as_of) continue;
        const std::int32_t period = period_index(when, options.period);
        sums[period] += static_cast<double>(line.amount) / 1e4;
        if (line.amount > 0) first = std::min(first.value_or(period), period);
      }
      const std::int32_t end = period_index(as_of, options.period);
      const bool over = period_index(as_of + std::chrono::days(1), options.period) != end;
      std::vector<double> values;
      if (first)
        for (std::int32_t p = *first; p <= (over || options.incomplete ? end : end - 1); ++p)
          if (options.empty_periods || sums.count(p) != 0) values.push_back(sums.count(p) != 0 ? sums[p] : 0);
      ASSERT_EQ(table.column("periods").values<std::int32_t>()[row], static_cast<std::int32_t>(values.size()));
      double mean = 0;
      for (const double value : values) mean += value / static_cast<double>(values.size());
      double squares = 0;
      for (const double value : values) squares += (value - mean) * (value - mean);
      const double by = static_cast<double>(values.size()) - (options.deviation == Deviation::sample ? 1 : 0);
      if (values.empty() || mean <= 1e-9 || by == 0) {
        if (mean < -1e-9 || values.empty()) {
          EXPECT_TRUE(std::isnan(real(table, "period_money_cv", row)));
        }
        continue;
      }
      EXPECT_NEAR(real(table, "period_money_cv", row), std::sqrt(squares / by) / mean, 1e-6 * (1 + 1 / mean));
    }
  }
}

TEST(Cohorts, ByHand) {
  const Table table = cohort_table(base_of(steady()), day("2026-05-10"));
  // January: 1 and 2; February: 4; April: 3.
  EXPECT_THAT(column(table, "cohort"), ElementsAre("2026-01", "2026-01", "2026-01", "2026-01", "2026-01", "2026-02",
                                                   "2026-02", "2026-02", "2026-02", "2026-04", "2026-04"));
  EXPECT_THAT(column(table, "age"), ElementsAre("0", "1", "2", "3", "4", "0", "1", "2", "3", "0", "1"));
  EXPECT_THAT(column(table, "clients"), ElementsAre("2", "1", "2", "1", "0", "1", "0", "0", "0", "1", "1"));
  EXPECT_THAT(column(table, "retention"), ElementsAre("1", "0.5", "1", "0.5", "0", "1", "0", "0", "0", "1", "1"));
  EXPECT_THAT(column(table, "orders"), ElementsAre("2", "1", "2", "1", "0", "1", "0", "0", "0", "1", "1"));
  EXPECT_THAT(column(table, "money_net"),
              ElementsAre("60.1", "0.1", "60.1", "0.1", "0", "0", "0", "0", "0", "7", "100"));
  EXPECT_THAT(column(table, "money_gross"),
              ElementsAre("60.1", "0.1", "80.1", "0.1", "0", "5", "0", "0", "0", "7", "100"));
  EXPECT_EQ(column(table, "period")[4], "2026-05");
  EXPECT_EQ(column(table, "complete")[4], "false");
  EXPECT_EQ(column(table, "complete")[3], "true");
  EXPECT_EQ(column(table, "cohort_begin")[5], "2026-02-01");
}

TEST(Cohorts, AddUpInAnyOrderOfRows) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 30; ++round) {
    Data data = random_data(random);
    const auto period = static_cast<Period>(random() % 5);
    const Table table = cohort_table(base_of(data), day("2026-03-05"), period);
    std::shuffle(data.lines.begin(), data.lines.end(), random);
    const Table again = cohort_table(base_of(data), day("2026-03-05"), period);
    for (const Column& one : table.columns()) EXPECT_EQ(column(table, one.name()), column(again, one.name()));
    std::set<std::int64_t> buyers;
    std::int64_t gross = 0;
    for (const auto& line : data.lines)
      if (line.amount > 0 && line.at < noon("2026-03-06")) buyers.insert(line.client), gross += line.amount;
    std::size_t members = 0;
    std::int64_t sum = 0;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (table.column("age").values<std::int32_t>()[row] == 0) {
        members += static_cast<std::size_t>(table.column("cohort_clients").values<std::int64_t>()[row]);
        EXPECT_EQ(column(table, "retention")[row], "1");
      }
      sum += table.column("money_gross").values<std::int64_t>()[row];
    }
    EXPECT_EQ(members, buyers.size());
    EXPECT_EQ(sum, gross);
  }
}

TEST(Periods, HaveNames) {
  EXPECT_EQ(period_name(day("2026-01-01"), Period::week), "2026-W01");
  EXPECT_EQ(period_name(day("2027-01-01"), Period::week), "2026-W53");
  EXPECT_EQ(period_name(day("2024-12-30"), Period::week), "2025-W01");
  EXPECT_EQ(period_name(day("2026-08-09"), Period::quarter), "2026-Q3");
  EXPECT_EQ(period_name(day("2026-08-09"), Period::month), "2026-08");
  EXPECT_EQ(period_name(day("2026-08-09"), Period::year), "2026");
  EXPECT_EQ(period_name(day("2026-08-09"), Period::day), "2026-08-09");
}

}  // namespace
}  // namespace klientela
