// Migration between classes: matrices and stays worked out by hand, transitions with their reasons, projections.
#include "klientela/classify/migration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/rfm.hpp"
#include "unit/classify/tables.hpp"
#include "unit/features/sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::Data;
using sample::day;
using sample::noon;

/// Bands of net money at 100 and 200: low, middle, high.
AnyClassifier bands() {
  MatrixOptions options(MatrixAxis{{"low", "middle", "high"}, {"money_net", {{100, false}, {200, false}}}},
                        MatrixAxis{{"one"}, {"frequency", {}}}, {MatrixGroup{"all", {GroupRule{}}}});
  return AnyClassifier(MatrixClassifier(options, "size"));
}

History history_of(const Data& data, const std::vector<Day>& days, HistoryOptions options = {}) {
  const std::vector<AnyClassifier> classifiers{bands()};
  if (options.columns.empty()) options.columns = {"size_x"};
  return history(base_of(data), days, std::span<const AnyClassifier>(classifiers), {}, options);
}

// Client 1: low, low, middle, high. 2: -, low, low, low. 3: middle, middle, low, low. 4: -, -, -, high.
Data four_clients() {
  Data data;
  data.lines = {{1, noon("2025-01-05"), 50'0000}, {1, noon("2025-03-05"), 100'0000}, {1, noon("2025-04-05"), 100'0000},
                {2, noon("2025-02-05"), 30'0000}, {3, noon("2025-01-10"), 150'0000}, {3, noon("2025-03-10"), -100'0000},
                {4, noon("2025-04-20"), 900'5000}};
  return data;
}
std::vector<Day> four_months() { return {day("2025-01-31"), day("2025-02-28"), day("2025-03-31"), day("2025-04-30")}; }

std::string cells(const Table& table, const std::vector<std::string>& columns) {
  std::string text;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const std::string& column : columns)
      text += (column == columns.front() ? "" : " ") + table.column(column).to_text(row);
    text += '\n';
  }
  return text;
}

TEST(Migration, CountsWhoWentWhere) {
  const History found = history_of(four_clients(), four_months());
  const Migration all = migration(found, day("2025-01-31"), day("2025-04-30"));
  EXPECT_EQ(all.states, (std::vector<std::string>{"low", "middle", "high", "unknown", "outside"}));
  EXPECT_EQ(all.column, "size_x");
  std::map<std::pair<std::string, std::string>, std::uint64_t> seen;
  for (std::size_t i = 0; i < all.states.size(); ++i)
    for (std::size_t j = 0; j < all.states.size(); ++j)
      if (all.clients[all.cell(i, j)] != 0) seen[{all.states[i], all.states[j]}] = all.clients[all.cell(i, j)];
  const std::map<std::pair<std::string, std::string>, std::uint64_t> expected{
      {{"low", "high"}, 1}, {{"middle", "low"}, 1}, {{"outside", "low"}, 1}, {{"outside", "high"}, 1}};
  EXPECT_EQ(seen, expected);
  EXPECT_EQ(all.money_before[all.cell(0, 2)], 50'0000);
  EXPECT_EQ(all.money_after[all.cell(0, 2)], 250'0000);
  EXPECT_EQ(all.money_after[all.cell(4, 2)], 900'5000);
  EXPECT_DOUBLE_EQ(all.share(4, 2), 0.5);
  EXPECT_EQ(all.share(2, 0), 0.0);
  const Table table = all.table();
  EXPECT_EQ(table.rows(), 24U);  // outside to outside is no migration
  EXPECT_TRUE(table.column("share").is_null(10));
  // Backwards, entries are exits.
  const Migration back = migration(found, day("2025-04-30"), day("2025-01-31"));
  EXPECT_EQ(back.clients[back.cell(2, 4)], 1U);
  EXPECT_EQ(migration_table(found).rows(), 3 * 24U);
  EXPECT_THROW((void)migration(found, day("2025-01-30"), day("2025-04-30")), Error);
}

TEST(Migration, ListsTransitionsWithTheirReasons) {
  const History found = history_of(four_clients(), four_months());
  const Table table = transitions(found);
  EXPECT_EQ(cells(table, {"client", "from_day", "to_day", "kind", "from", "to", "measure", "value_before",
                          "value_after", "threshold", "threshold_moved"}),
            "2 2025-01-31 2025-02-28 entry outside low money_net 0 30 100 false\n"
            "1 2025-02-28 2025-03-31 move low middle money_net 50 150 100 false\n"
            "3 2025-02-28 2025-03-31 move middle low money_net 150 50 100 false\n"
            "1 2025-03-31 2025-04-30 move middle high money_net 150 250 200 false\n"
            "4 2025-03-31 2025-04-30 entry outside high money_net 0 900.5 200 false\n");
  EXPECT_NE(table.column("reason").text(1).find("money less refunds went from 50 to 150, "), std::string::npos);
  TransitionOptions options;
  options.client = {ClientId(1)};
  options.language = Language::russian;
  options.max_reasons = 1;
  const Table one = transitions(found, options);
  EXPECT_EQ(one.rows(), 2U);
  EXPECT_NE(one.column("reason").text(0).find("сумма покупок за вычетом возвратов: было 50, стало 150 ("),
            std::string::npos);
  EXPECT_TRUE(one.column("reason").is_null(1));
  options = {};
  options.from = day("2025-03-31");
  options.reasons = false;
  EXPECT_EQ(transitions(found, options).rows(), 2U);
  EXPECT_EQ(transitions(found, options).find("reason"), nullptr);
  options.client = {ClientId(77)};
  EXPECT_THROW((void)transitions(found, options), Error);
  options = {};
  options.states.column = "no such";
  EXPECT_THROW((void)transitions(found, options), Error);
}

TEST(Migration, SaysThatThresholdsMoved) {
  // Client 3 spends nothing more, but the others do: by refitted limits it falls from A.
  Data data;
  data.lines = {{1, noon("2025-01-05"), 10'0000},
                {2, noon("2025-01-05"), 10'0000},
                {3, noon("2025-01-05"), 100'0000},
                {1, noon("2025-02-05"), 900'0000},
                {2, noon("2025-02-05"), 900'0000}};
  const std::vector<AnyClassifier> classifiers{AnyClassifier(AbcClassifier())};
  HistoryOptions options;
  options.thresholds = HistoryThresholds::refit;
  const std::vector<Day> days{day("2025-01-31"), day("2025-02-28")};
  const History found = history(base_of(data), days, std::span<const AnyClassifier>(classifiers), {}, options);
  const Table table = transitions(found);
  const std::string text = cells(table, {"client", "from", "to", "measure", "value_after", "threshold_moved"});
  EXPECT_NE(text.find("3 A B money_net 100 true"), std::string::npos) << text;
  options.thresholds = HistoryThresholds::frozen;
  const History frozen = history(base_of(data), days, std::span<const AnyClassifier>(classifiers), {}, options);
  EXPECT_EQ(cells(transitions(frozen), {"client", "from", "to"}), "1 C A\n2 C A\n");
}

TEST(Migration, RfmSegmentsBeginOutside) {
  const std::vector<AnyClassifier> classifiers{AnyClassifier(RfmClassifier())};
  FeatureOptions features;
  features.window_days = 60;
  const std::vector<Day> days{day("2025-01-31"), day("2025-02-28"), day("2025-04-30"), day("2025-12-31")};
  const History found = history(base_of(four_clients()), days, std::span<const AnyClassifier>(classifiers), features);
  MigrationStates states;
  states.column = "rfm_segment";
  TransitionOptions options;
  options.states = states;
  const Table table = transitions(found, options);
  std::size_t exits = 0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    EXPECT_FALSE(table.column("reason").is_null(row));
    exits += table.column("kind").text(row) == "exit" ? 1U : 0U;
  }
  EXPECT_EQ(exits, 4U);  // by the end of the year nobody has bought within 60 days, whom April still knew
}

TEST(Migration, StaysAreWorkedOutAfterKaplanAndMeier) {
  // Money by month; entering in February so that spells begin inside.
  Data data;
  const auto pay = [&](std::int64_t client, const char* when, std::int64_t amount) {
    data.lines.push_back({client, noon(when), amount * Money::scale});
  };
  pay(0, "2025-01-02", 300);                            // high from before
  pay(1, "2025-02-02", 50), pay(1, "2025-03-02", 100);  // low one month (31 days), then middle
  pay(2, "2025-02-02", 50), pay(2, "2025-04-02", 100);  // low two months (61 days), then middle
  pay(3, "2025-02-02", 50);                             // low to the end: censored at 61 days
  pay(4, "2025-03-02", 50);                             // low to the end: censored at 30 days
  const History found = history_of(data, four_months());
  const Table table = stay_times(found);
  EXPECT_EQ(
      cells(table, {"state", "spells", "ended", "censored", "began_before", "median_days", "mean_days", "client_days"}),
      // Survival of low: 30 days 4 at risk, none ended; 31 days: 3 at risk, 1 ended, 2/3; 61 days: 2, 1 ended, 1/3.
      // Mean up to 61 days: 31 + 30 * 2/3.
      "low 4 2 2 0 61 51 183\n"
      "middle 2 0 2 0  30 30\n"
      "high 0 0 0 1   89\n"
      "unknown 0 0 0 0   0\n");
}

TEST(Migration, ProjectsAsTheChainSays) {
  // Two states that clients flip between; prior 0: the shares seen.
  Data data;
  const auto line = [&](std::int64_t client, const char* when, std::int64_t amount) {
    data.lines.push_back({client, noon(when), amount * Money::scale});
  };
  for (std::int64_t c = 0; c < 10; ++c) line(c, "2025-01-02", 50);
  for (std::int64_t c = 0; c < 3; ++c) line(c, "2025-02-02", 200);  // 3 of 10 low ones become high
  line(0, "2025-03-02", -200);                                      // 1 of 3 high ones falls; 0 of 7 low ones rises
  const std::vector<Day> days{day("2025-01-31"), day("2025-02-28"), day("2025-03-31")};
  const History found = history_of(data, days);
  ProjectionOptions options;
  options.prior = 0;
  options.steps = 2;
  const Table p = transition_probabilities(found, options);
  const auto at = [&](const std::string& from, const std::string& to, const std::string& column) {
    for (std::size_t row = 0; row < p.rows(); ++row)
      if (p.column("from").text(row) == from && p.column("to").text(row) == to)
        return p.column(column).is_null(row) ? -1.0 : p.column(column).to_doubles()[row];
    return -2.0;
  };
  EXPECT_DOUBLE_EQ(at("low", "high", "probability"), 3.0 / 17);
  EXPECT_DOUBLE_EQ(at("low", "high", "se"), std::sqrt(3.0 / 17 * 14 / 17 / 18));
  EXPECT_DOUBLE_EQ(at("high", "low", "probability"), 1.0 / 3);
  EXPECT_EQ(at("middle", "low", "probability"), -1.0);
  const Table ahead = project(found, options);
  ASSERT_EQ(ahead.rows(), 2 * 5U);
  // Now 8 low, 2 high.
  const double a = 3.0 / 17, b = 1.0 / 3;
  const double low1 = 8 * (1 - a) + 2 * b;
  const auto clients = ahead.column("clients").to_doubles();
  EXPECT_NEAR(clients[0], low1, 1e-12);
  EXPECT_NEAR(clients[2], 10 - low1, 1e-12);
  EXPECT_NEAR(clients[5], low1 * (1 - a) + (10 - low1) * b, 1e-12);
  // One step: the rows' posteriors are independent, and a beta's variance is p (1 - p) / (n + 1).
  const double parameters = std::sqrt(64 * a * (1 - a) / 18 + 4 * b * (1 - b) / 4);
  EXPECT_NEAR(ahead.column("se_parameters").to_doubles()[0], parameters, 1e-12);
  EXPECT_NEAR(ahead.column("se").to_doubles()[0],
              std::sqrt(parameters * parameters + 8 * a * (1 - a) + 2 * b * (1 - b)), 1e-12);
  EXPECT_EQ(ahead.column("day").to_text(9), "2025-05-29");
  EXPECT_LE(ahead.column("high").to_doubles()[5], 10.0);
  options.prior = 0.5;
  const Table with_prior = transition_probabilities(found, options);
  EXPECT_DOUBLE_EQ(with_prior.column("probability").to_doubles()[2], 3.5 / 19.5);
  for (const auto& [steps, prior] : {std::pair{0, 0.5}, std::pair{1001, 0.5}, std::pair{1, -1.0}}) {
    options.steps = steps;
    options.prior = prior;
    EXPECT_THROW((void)project(found, options), Error);
  }
  EXPECT_THROW((void)project(history_of(data, {day("2025-01-31")})), Error);
}

TEST(Migration, ProjectionsDoNotLearnFromAnIntervalThatIsCutShort) {
  const std::vector<Day> months = four_months();
  std::vector<Day> cut = months;
  cut.push_back(day("2025-05-10"));
  Data data = four_clients();
  data.lines.push_back({2, noon("2025-05-05"), 500'0000});  // low to high within the part of a month
  const History whole = history_of(data, months);
  const History found = history_of(data, cut);
  const std::vector<std::string> chain{"from", "to", "clients", "probability", "se", "first_day", "last_day"};
  const Table p = transition_probabilities(found);
  EXPECT_EQ(cells(p, chain), cells(transition_probabilities(whole), chain));
  EXPECT_EQ(p.column("first_day").to_text(0), "2025-01-31");
  EXPECT_EQ(p.column("last_day").to_text(24), "2025-04-30");
  // It starts from the last day all the same, by steps of the mean whole interval: 89 / 3 days.
  ProjectionOptions options;
  options.prior = 0;
  const Table ahead = project(found, options);
  EXPECT_EQ(ahead.column("day").to_text(0), "2025-06-09");
  const Migration now = migration(found, cut.back(), cut.back());
  EXPECT_EQ(now.clients[now.cell(2, 2)], 3U);
  EXPECT_DOUBLE_EQ(ahead.column("clients").to_doubles()[2], 3.0 + 0 * 1.0);
  // From the last whole day on there is nothing to learn from.
  options.from = day("2025-04-30");
  const Table nothing = transition_probabilities(found, options);
  EXPECT_TRUE(nothing.column("first_day").is_null(0));
  EXPECT_TRUE(nothing.column("probability").is_null(0));
}

TEST(Migration, ProjectionSpreadMatchesSimulation) {
  // The delta method against draws from the same Dirichlet posteriors and chains.
  Data data;
  std::mt19937_64 random(3);
  const std::vector<Day> days = period_ends(day("2024-01-01"), day("2024-12-31"), Period::month);
  for (std::int64_t c = 0; c < 300; ++c)
    for (const Day end : days)
      if (random() % 4 == 0)
        data.lines.push_back(
            {c, noon(end) - 3 * sample::day_micros, (static_cast<std::int64_t>(random() % 100) - 40) * Money::scale});
  const History found = history_of(data, days);
  ProjectionOptions options;
  options.steps = 3;
  const Table p = transition_probabilities(found, options);
  const Table ahead = project(found, options);
  constexpr std::size_t n = 5;
  const auto counts = p.column("clients").values<std::int64_t>();
  std::vector<int> start(n);
  const Migration now = migration(found, days.back(), days.back());
  for (std::size_t i = 0; i < n; ++i) start[i] = static_cast<int>(now.clients[now.cell(i, i)]);
  std::array<double, n> sum{}, squares{};
  constexpr int draws = 4000;
  for (int d = 0; d < draws; ++d) {
    std::array<std::array<double, n>, n> matrix{};
    for (std::size_t i = 0; i < n; ++i) {
      double total = 0;
      for (std::size_t j = 0; j < n; ++j) {
        matrix[i][j] = std::gamma_distribution<double>(static_cast<double>(counts[i * n + j]) + 0.5, 1.0)(random);
        total += matrix[i][j];
      }
      for (double& value : matrix[i]) value /= total;
    }
    std::vector<int> clients = start;
    for (int step = 0; step < 3; ++step) {
      std::vector<int> next(n, 0);
      for (std::size_t i = 0; i < n; ++i) {
        int left = clients[i];
        double rest = 1;
        for (std::size_t j = 0; j + 1 < n && left > 0; ++j) {
          const double share = rest > 0 ? std::fmin(1.0, matrix[i][j] / rest) : 0.0;
          const int moved = std::binomial_distribution<int>(left, share)(random);
          next[j] += moved;
          left -= moved;
          rest -= matrix[i][j];
        }
        next[n - 1] += left;
      }
      clients = next;
    }
    for (std::size_t m = 0; m < n; ++m)
      sum[m] += clients[m], squares[m] += static_cast<double>(clients[m]) * clients[m];
  }
  for (std::size_t m = 0; m < 3; ++m) {
    const double mean = sum[m] / draws;
    const double sd = std::sqrt(squares[m] / draws - mean * mean);
    EXPECT_NEAR(ahead.column("clients").to_doubles()[2 * n + m], mean, 0.05 * mean + 0.5);
    EXPECT_NEAR(ahead.column("se").to_doubles()[2 * n + m], sd, 0.1 * sd + 0.2);
  }
}

TEST(Migration, EmptyAndSingleDays) {
  const std::vector<AnyClassifier> classifiers{bands()};
  const std::vector<Day> days{day("2025-01-31"), day("2025-02-28")};
  const History none = history(ClientBase(), days, std::span<const AnyClassifier>(classifiers));
  MigrationStates states;
  states.column = "size_x";
  EXPECT_EQ(migration(none, days[0], days[1], states).clients, std::vector<std::uint64_t>(25, 0));
  EXPECT_EQ(stay_times(none, states).rows(), 4U);
  TransitionOptions options;
  options.states = states;
  EXPECT_EQ(transitions(none, options).rows(), 0U);
  ProjectionOptions ahead;
  ahead.states = states;
  EXPECT_EQ(project(none, ahead).rows(), 60U);
  const History one = history_of(four_clients(), {day("2025-03-31")});
  EXPECT_EQ(migration_table(one).rows(), 0U);
  EXPECT_EQ(migration_table(one).columns().size(), 8U);
  EXPECT_EQ(transitions(one).rows(), 0U);
}

TEST(Migration, SameForAnyThreadCount) {
  Data data;
  std::mt19937_64 random(5);
  for (int i = 0; i < 60'000; ++i)
    data.lines.push_back({static_cast<std::int64_t>(random() % 40'000),
                          noon("2025-01-01") + static_cast<std::int64_t>(random() % 100) * sample::day_micros,
                          static_cast<std::int64_t>(random() % 300 - 60) * Money::scale});
  const History found = history_of(data, period_ends(day("2025-01-01"), day("2025-04-30"), Period::month));
  std::string first;
  test::for_thread_counts([&](const Control& control) {
    TransitionOptions options;
    options.max_reasons = 200;
    std::string all = cells(transitions(found, options, control).take(std::vector<std::uint32_t>{0, 5, 100, 199}),
                            {"client", "from", "to", "reason"});
    all += cells(migration_table(found, {}, control), {"from_day", "from", "to", "clients", "money_after"});
    all += cells(stay_times(found, {}, control), {"state", "spells", "median_days", "mean_days"});
    all += cells(project(found, {}, control), {"clients", "se"});
    if (first.empty()) first = all;
    EXPECT_EQ(all, first);
  });
}

}  // namespace
}  // namespace klientela
