// Measures of many days out of one pass, part by part and for chosen clients: those that each day gives alone.
#include "features/timeline.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using features_internal::Timeline;
using sample::bytes_of;
using sample::day;

ClientBase random_base(std::uint64_t seed, bool profit, bool orders) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random() % n); };
  sample::Data data;
  for (int i = 0; i < 60'000; ++i) {
    sample::Line line{below(20'000), sample::noon("2025-01-01") + below(150) * sample::day_micros,
                      below(3'000'000) - 500'000};
    if (profit && below(3) != 0) line.profit = below(100'000) - 30'000;
    if (orders && below(4) != 0) line.order = "order " + std::to_string(below(9));
    data.lines.push_back(line);
  }
  return sample::base_of(data);
}

/// The plan's columns of a table as compute_features gives it.
Table chosen(const Table& features, const std::vector<std::string>& columns) {
  Table table({features.column("client")});
  for (const Column& column : features.columns())
    if (std::find(columns.begin(), columns.end(), column.name()) != columns.end()) table.add(column);
  return table;
}

struct Case {
  bool profit;
  bool orders;
  std::size_t line_bytes;
};

class Parts : public testing::TestWithParam<Case> {};

TEST_P(Parts, GiveWhatEachDayAloneGives) {
  const auto [profit, orders, line_bytes] = GetParam();
  const ClientBase base = random_base(7, profit, orders);
  Timeline::Plan plan{{day("2024-12-01"), day("2025-02-10"), day("2025-04-01")}, {}, {}, line_bytes};
  plan.columns = {"recency_days", "frequency",     "lines",          "refund_lines",  "money_gross",
                  "money_net",    "money_refunds", "first_purchase", "last_purchase", "tenure_days"};
  if (profit) plan.columns.emplace_back("profit");
  const std::vector<Day> days = plan.days;
  const std::vector<std::string> columns = plan.columns;
  ASSERT_TRUE(Timeline::can(base, plan));
  const Day on = day("2025-03-05");
  for (const std::size_t threads : {1U, 3U}) {
    ThreadPool pool(threads);
    Control control;
    control.executor = &pool;
    Timeline timeline(base, plan, {}, control);
    std::map<std::size_t, std::map<std::size_t, std::string>> blocks;
    std::mutex mutex;
    std::string learnt;
    timeline.by_block(
        on, [&](std::size_t, const Table& table) { learnt = bytes_of(table); },
        [&](std::size_t first, std::size_t k, const Table& table) {
          std::string bytes = bytes_of(table);
          const std::lock_guard lock(mutex);
          EXPECT_FALSE(learnt.empty());
          blocks[k][first] = std::move(bytes);
        },
        control);
    EXPECT_EQ(learnt, bytes_of(chosen(compute_features(base, on).table(), columns)));
    for (std::size_t k = 0; k < days.size(); ++k) {
      const Table alone = chosen(compute_features(base, days[k]).table(), columns);
      ASSERT_EQ(blocks[k].size(), (base.clients() + Timeline::block_clients - 1) / Timeline::block_clients);
      for (const auto& [first, bytes] : blocks[k]) {
        std::vector<std::uint32_t> rows;
        for (std::size_t row = first; row < std::min(base.clients(), first + Timeline::block_clients); ++row)
          rows.push_back(static_cast<std::uint32_t>(row));
        const Table part = alone.take(rows);
        ASSERT_EQ(bytes, bytes_of(part)) << "day " << k << " from row " << first;
      }
    }
  }
}
TEST_P(Parts, GiveWholeDaysInOrderToo) {
  const auto [profit, orders, line_bytes] = GetParam();
  const ClientBase base = random_base(13, profit, orders);
  std::vector<Day> days;
  for (Day at = day("2024-12-20"); at < day("2025-06-10"); at += std::chrono::days{17}) days.push_back(at);
  for (const std::int32_t window : {0, 25, 400}) {
    FeatureOptions options;
    if (window > 0) options.window_days = window;
    std::vector<std::string> columns{"recency_days", "lines",     "refund_lines",
                                     "money_gross",  "money_net", "last_purchase"};
    if (!orders || window == 0) columns.emplace_back("frequency");
    if (profit) columns.emplace_back("profit");
    if (window == 0) {
      columns.emplace_back("gap_days_mean");
      columns.emplace_back("repeat_frequency");
      columns.emplace_back("repeat_money_mean");
    }
    const Timeline::Plan plan{days, options, columns, line_bytes};
    ASSERT_TRUE(Timeline::can(base, plan));
    for (const std::size_t threads : {1U, 3U}) {
      ThreadPool pool(threads);
      Control control;
      control.executor = &pool;
      Timeline timeline(base, plan, {}, control);
      std::size_t next = 0;
      timeline.by_day(
          [&](std::size_t k, const Table& table) {
            EXPECT_EQ(k, next++);
            ASSERT_EQ(bytes_of(table), bytes_of(chosen(compute_features(base, days[k], options).table(), columns)))
                << "day " << k << ", window " << window;
          },
          control);
      EXPECT_EQ(next, days.size());
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Lines, Parts,
                         testing::Values(Case{false, false, 0}, Case{false, false, 100'000}, Case{true, false, 0},
                                         Case{true, false, 1'000'000}, Case{true, true, 400'000},
                                         Case{false, true, 300'000}));

TEST(Timeline, LooksAtChosenClientsAlone) {
  const ClientBase base = random_base(9, false, true);
  const std::vector<Day> days{day("2025-02-10"), day("2025-04-01")};
  const std::vector<std::string> columns{"recency_days", "frequency", "money_net", "gap_days_mean", "repeat_age"};
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 3; row < base.clients(); row += 17) rows.push_back(row);
  Timeline timeline(base, {days, {}, columns}, rows, {});
  EXPECT_EQ(timeline.clients(), rows.size());
  timeline.by_day(
      [&](std::size_t k, const Table& table) {
        EXPECT_EQ(bytes_of(table), bytes_of(chosen(compute_features(base, days[k]).table(), columns).take(rows)));
      },
      {});
}

TEST(Timeline, KnowsWhatOnePassCannotGive) {
  const ClientBase base = random_base(11, false, true);
  const auto can = [&](std::vector<std::string> columns, FeatureOptions options = {}) {
    return Timeline::can(base, {{day("2025-02-10")}, std::move(options), std::move(columns)});
  };
  EXPECT_TRUE(can({"gap_days_cv", "frequency", "profit"}));
  EXPECT_TRUE(can({"engagement"}));  // there are no contacts, so there is no such column
  EXPECT_TRUE(can({"products"}));    // nor are there products,
  sample::Data with_products;
  with_products.lines = {{1, sample::noon("2025-01-01"), 10'000}};
  with_products.lines[0].product = "kettle";
  EXPECT_FALSE(
      Timeline::can(sample::base_of(with_products), {{day("2025-02-10")}, {}, {"products"}}));  // unless there are
  EXPECT_FALSE(can({"a column of a classifier"}));
  FeatureOptions window;
  window.window_days = 30;
  EXPECT_TRUE(can({"recency_days", "money_net"}, window));
  EXPECT_FALSE(can({"tenure_days"}, window));
  EXPECT_FALSE(can({"frequency"}, window));
  FeatureOptions holdout;
  holdout.holdout_until = day("2025-03-01");
  EXPECT_FALSE(can({"recency_days"}, holdout));
}

}  // namespace
}  // namespace klientela
