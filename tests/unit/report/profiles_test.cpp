// Profiles of groups: small bases counted by hand, and Fisher's test against sums of exact fractions.
#include "klientela/report/profiles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "klientela/features/summary.hpp"
#include "klientela/ingest/builder.hpp"
#include "klientela/report/report.hpp"
#include "klientela/report/report_json.hpp"
#include "report/hypergeometric.hpp"

namespace klientela {
namespace {

using report::Hypergeometric;
using ::testing::HasSubstr;

Day day(std::string_view text) { return *parse_day(text); }
Instant noon(std::string_view text) { return day(text) + std::chrono::hours(12); }

/// The tables of a base whose clients are in groups by `groups`: one text per client in canonical order, "" for none.
Profiles profiles_of(BaseBuilder& builder, const std::vector<std::string>& groups, const ProfileOptions& options = {},
                     const FeatureOptions& window = {}, const Control& control = {}) {
  const ClientBase base = builder.build().base;
  FeatureTable features = compute_features(base, day("2026-03-31"), window);
  std::vector<std::string> labels;
  Buffer<std::uint16_t> codes(groups.size(), 0);
  Buffer<std::uint8_t> valid((groups.size() + 7) / 8, 0);
  for (std::size_t row = 0; row < groups.size(); ++row) {
    if (groups[row].empty()) continue;
    auto found = std::find(labels.begin(), labels.end(), groups[row]);
    codes[row] = static_cast<std::uint16_t>(found - labels.begin());
    if (found == labels.end()) labels.push_back(groups[row]);
    valid[row / 8] = static_cast<std::uint8_t>(valid[row / 8] | (1U << (row % 8)));
  }
  labels.emplace_back("nobody");
  features.add(Column("my_segment", std::move(codes), std::make_shared<const std::vector<std::string>>(labels),
                      std::move(valid)));
  const std::map<TableId, TableCounts> counts;
  ProfileOptions wanted = options;
  if (!wanted.columns) wanted.columns = {"segment"};
  return group_profiles({base, features, {}, {}, counts}, wanted, control);
}

std::string cells(const Table& table, std::initializer_list<const char*> columns) {
  std::string text;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (const char* column : columns) text += table.column(column).to_text(row) + '|';
    text += '\n';
  }
  return text;
}

TEST(Profiles, GroupsHaveSizeMoneyAndAnswers) {
  BaseBuilder builder;
  const auto buy = [&](int client, const char* on, const char* amount) {
    TransactionRow line{.client = client, .at = noon(on)};
    line.amount = *Money::from_text(amount);
    builder.add(line);
  };
  for (int client = 1; client <= 6; ++client) builder.add(ClientRow{.client = client});
  buy(1, "2026-03-01", "10");
  buy(1, "2026-03-11", "5.5");
  buy(2, "2026-03-31", "100");
  buy(3, "2026-01-31", "7");
  buy(3, "2026-02-01", "-3");
  buy(6, "2026-03-01", "1000");  // in no group
  const auto answer = [&](int client, const char* measure, int score) {
    builder.add(FeedbackRow{
        .client = client, .at = noon("2026-03-01"), .measure = measure, .score = Money::from_units(score * 10'000)});
  };
  answer(1, "csat", 5);
  answer(2, "csat", 2);
  answer(4, "csat", 4);
  answer(6, "csat", 1);
  answer(3, "ces", 6);
  const Profiles profiles = profiles_of(builder, {"a", "a", "b", "a", "b", ""});
  EXPECT_EQ(cells(profiles.groups, {"column", "group", "clients", "share", "buyers", "money_sum", "money_mean",
                                    "money_median", "frequency_mean", "frequency_median", "recency_days_mean",
                                    "tenure_days_median", "csat_n", "ces", "ces_n", "ces_low", "nps_n"}),
            "my_segment|a|3|0.6|2|115.5|38.5|15.5|1|1|10|15|3||0||0|\n"
            "my_segment|b|2|0.4|1|4|2|2|0.5|0.5|59|59|0|6|1||0|\n"
            "my_segment|nobody|0|0|0|0|||||||0||0||0|\n");
  EXPECT_DOUBLE_EQ(profiles.groups.column("csat").values<double>()[0], 2.0 / 3);
  EXPECT_DOUBLE_EQ(profiles.groups.column("csat_low").values<double>()[0], wilson_interval(2, 3).low);
  EXPECT_DOUBLE_EQ(profiles.groups.column("money_share").values<double>()[1], 4 / 119.5);
}

TEST(Profiles, ItemsCountClientsNotLines) {
  BaseBuilder builder;
  const auto buy = [&](int client, const char* product, const char* amount = "1", const char* on = "2026-03-01") {
    TransactionRow line{.client = client, .at = noon(on)};
    line.amount = *Money::from_text(amount);
    line.product = product;
    line.product_category = "all";
    builder.add(line);
  };
  // Clients 1 to 4 are "a", 5 to 9 "b"; 10 is in no group, 11 bought nothing.
  for (int client = 1; client <= 11; ++client) builder.add(ClientRow{.client = client});
  for (int client : {1, 2, 3, 4, 4, 4, 4}) buy(client, "tea");
  for (int client : {5, 6, 7, 8, 9, 1}) buy(client, "cups");
  buy(5, "tea");
  buy(6, "tea", "-1");               // given back: not bought
  buy(7, "tea", "1", "2026-04-01");  // after the day
  buy(10, "tea");
  builder.add(RequestRow{.client = 11, .at = noon("2026-03-01"), .product = "tea"});
  builder.add(
      InteractionRow{.client = 11, .initiative = "inbound", .topic = "price", .started_at = noon("2026-03-01")});
  builder.add(
      InteractionRow{.client = 1, .initiative = "outbound", .topic = "price", .started_at = noon("2026-03-01")});
  ProfileOptions options;
  options.min_clients = 1;
  const std::vector<std::string> groups{"a", "a", "a", "a", "b", "b", "b", "b", "b", "", "b"};
  const Profiles profiles = profiles_of(builder, groups, options);
  EXPECT_EQ(
      cells(profiles.products, {"group", "kind", "item", "clients", "share", "rest_clients", "rest_share", "lift"}),
      "a|product|tea|4|1|1|0.2|5|\n"
      "b|product|cups|5|1|1|0.25|4|\n");
  // 5 of 9 clients bought tea, among them 4 of 4: 5! / (9 * 8 * 7 * 6) * ... = C(5,4) / C(9,4).
  EXPECT_NEAR(profiles.products.column("p").values<double>()[0], 5.0 / 126, 1e-15);
  EXPECT_NEAR(profiles.products.column("p").values<double>()[1], 6.0 / 126, 1e-15);
  // Four tests: two products in two groups.
  EXPECT_NEAR(profiles.products.column("q").values<double>()[0], std::min(5.0 / 126 * 4, 6.0 / 126 * 4 / 2), 1e-15);
  options.test = ProfileTest::two_sided;
  BaseBuilder again;
  for (int client = 1; client <= 4; ++client) again.add(ClientRow{.client = client});
  for (int client : {1, 2}) {
    TransactionRow line{.client = client, .at = noon("2026-03-01"), .amount = *Money::from_text("1")};
    line.product = client == 1 ? "one" : "two";
    again.add(line);
  }
  const Profiles both = profiles_of(again, {"a", "b", "a", "b"}, options);
  EXPECT_EQ(cells(both.products, {"group", "item", "clients", "rest_clients", "lift", "p", "q"}),
            "a|one|1|0||1|1|\na|two|0|1|0|1|1|\nb|two|1|0||1|1|\nb|one|0|1|0|1|1|\n");
}

TEST(Profiles, ChannelsCountAnswers) {
  BaseBuilder builder;
  const auto talk = [&](int client, const char* initiative, const char* channel, std::string on,
                        const char* outcome = "", const char* state = "") {
    builder.add(InteractionRow{.client = client,
                               .channel = channel,
                               .initiative = initiative,
                               .started_at = noon(on),
                               .state = state,
                               .outcome = outcome});
  };
  for (int client = 1; client <= 3; ++client) builder.add(ClientRow{.client = client});
  talk(1, "outbound", "email", "2026-02-01");  // answered by the call of the 8th, on the last day
  talk(1, "outbound", "email", "2026-01-31");  // one day too early
  talk(1, "inbound", "phone", "2026-02-08");
  talk(1, "outbound", "email", "2026-02-08");             // at the same instant: no reply to it
  talk(1, "outbound", "email", "2026-03-01", "A Greed");  // the outcome says so
  talk(1, "outbound", "email", "2026-03-02", "refused");
  talk(1, "outbound", "email", "2026-03-03", "agreed", "cancelled");
  talk(2, "inbound", "email", "2026-02-02");  // another client's
  talk(2, "outbound", "phone", "2026-02-01");
  talk(3, "outbound", "phone", "2026-02-01");
  talk(3, "outbound", "email", "2026-02-01");
  ProfileOptions options;
  options.positive_outcomes = {"agreed"};
  const Profiles profiles = profiles_of(builder, {"a", "b", "b"}, options);
  EXPECT_EQ(cells(profiles.channels, {"group", "channel", "outbound", "answered", "share", "rest_share"}),
            "a|email|5|2|0.4|0|\n"
            "b|email|1|0|0|0.4|\n"
            "b|phone|2|1|0.5||\n");
  EXPECT_DOUBLE_EQ(profiles.channels.column("high").values<double>()[0], wilson_interval(2, 5).high);
}

TEST(Profiles, AreTheSameForAnyThreadsAndOrder) {
  std::mt19937 random(7);
  const auto pick = [&](std::size_t below) { return static_cast<int>(random() % below); };
  std::vector<TransactionRow> lines;
  std::vector<InteractionRow> talks;
  for (int n = 0; n < 60'000; ++n) {
    TransactionRow line{.client = pick(9'000), .at = noon("2026-01-01") + std::chrono::hours(pick(2'000))};
    line.amount = Money::from_units(pick(90'000) - 9'000);
    line.product = "p" + std::to_string(pick(30) * pick(30));
    line.product_category = "c" + std::to_string(pick(5));
    lines.push_back(line);
    if (n % 4 == 0)
      talks.push_back({.client = pick(9'000),
                       .channel = "c" + std::to_string(pick(3)),
                       .initiative = pick(2) == 0 ? "inbound" : "outbound",
                       .topic = "t" + std::to_string(pick(3)),
                       .started_at = noon("2026-01-01") + std::chrono::hours(pick(2'000))});
  }
  std::vector<std::string> seen;
  ThreadPool pool(4);
  Control threads;
  threads.executor = &pool;
  for (int round = 0; round < 3; ++round) {
    BaseBuilder builder;
    for (int client = 0; client < 9'000; ++client) builder.add(ClientRow{.client = client});
    for (const auto& line : lines) builder.add(line);
    for (const auto& talk : talks) builder.add(talk);
    std::vector<std::string> groups;
    for (int client = 0; client < 9'000; ++client)
      groups.push_back(client % 7 == 0 ? "" : "g" + std::to_string(client % 5));
    FeatureOptions window;
    window.window_days = 60;
    const Profiles profiles = profiles_of(builder, groups, {.top = 0}, window, round == 1 ? threads : Control{});
    seen.push_back(to_csv(profiles.groups) + to_csv(profiles.products) + to_csv(profiles.channels));
    std::shuffle(lines.begin(), lines.end(), random);
    std::shuffle(talks.begin(), talks.end(), random);
  }
  EXPECT_GT(seen[0].size(), 10'000U);
  EXPECT_EQ(seen[0], seen[1]);
  EXPECT_EQ(seen[0], seen[2]);
}

TEST(Profiles, SayWhatIsWrong) {
  const auto where = [](const ProfileOptions& options) {
    BaseBuilder builder;
    builder.add(ClientRow{.client = 1});
    try {
      (void)profiles_of(builder, {"a"}, options);
      return std::string();
    } catch (const Error& error) {
      return error.where();
    }
  };
  EXPECT_EQ(where({}), "");
  EXPECT_EQ(where({.columns = {{"nothing"}}}), "nothing");
  EXPECT_EQ(where({.columns = {{"client"}}}), "client");  // no labels
  EXPECT_EQ(where({.min_clients = 0}), "min_clients");
  EXPECT_EQ(where({.reply_days = -1}), "reply_days");
  const ProfileOptions options = profile_options_from_json(
      R"({"columns": ["a", "b"], "test": "two_sided", "min_clients": 2, "top": 0, "positive_outcomes": ["x"], "reply_days": 0})");
  ReportOptions report;
  report.profiles = options;
  EXPECT_EQ(report_options_from_json(to_json(report)).profiles, options);
  EXPECT_THROW((void)profile_options_from_json(R"({"columns": "a"})"), Error);
  EXPECT_THROW((void)report_options_from_json(R"({"profiles": {"tops": 1}})"), Error);
}

/// C(n, k) as a long double product; exact up to 2^64 for the sizes used here.
long double choose(int n, int k) {
  long double value = 1;
  for (int i = 1; i <= k; ++i) value = value * static_cast<long double>(n - k + i) / static_cast<long double>(i);
  return std::round(value);
}

TEST(Hypergeometric, TailsAreThoseOfTheFractions) {
  for (const auto& [all, hits, drawn] : {std::tuple(1, 0, 1), std::tuple(1, 1, 1), std::tuple(10, 4, 5),
                                         std::tuple(40, 13, 29), std::tuple(60, 30, 30), std::tuple(60, 1, 59)}) {
    const int low = std::max(0, drawn - (all - hits));
    const int high = std::min(hits, drawn);
    std::vector<long double> weights;
    long double whole = 0;
    for (int k = low; k <= high; ++k) {
      weights.push_back(choose(hits, k) * choose(all - hits, drawn - k));
      whole += weights.back();
    }
    const Hypergeometric chance(all, hits, drawn);
    for (int k = low; k <= high; ++k) {
      long double above = 0;
      long double below = 0;
      long double both = 0;
      const long double own = weights[static_cast<std::size_t>(k - low)];
      for (int x = low; x <= high; ++x) {
        const long double weight = weights[static_cast<std::size_t>(x - low)];
        if (x >= k) above += weight;
        if (x <= k) below += weight;
        if (weight <= own) both += weight;
      }
      const std::string draw = std::to_string(all) + ' ' + std::to_string(hits) + ' ' + std::to_string(drawn);
      const auto near = [&](double got, long double want) {
        EXPECT_NEAR(got / static_cast<double>(want / whole), 1.0, 1e-12) << draw << ' ' << k;
      };
      near(chance.at_least(k), above);
      near(chance.at_most(k), below);
      near(chance.two_sided(k), both);
      near(chance.probability(k), own);
    }
    EXPECT_EQ(chance.at_least(high + 1), 0);
    EXPECT_EQ(chance.at_least(low), 1);
  }
  // Fisher's tea: 8 cups, 4 of them with milk first; all four told (The Design of Experiments, 1935).
  EXPECT_NEAR(Hypergeometric(8, 4, 4).at_least(4), 1.0 / 70, 1e-16);
  EXPECT_NEAR(Hypergeometric(8, 4, 4).at_least(3), 17.0 / 70, 1e-15);
}

TEST(Hypergeometric, FalseDiscoveryRatesAreThoseOfBenjaminiAndHochberg) {
  // The 15 p-values of their paper of 1995, table 1: four are found at 0.05.
  const std::vector<double> p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                              0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const std::vector<double> q = report::false_discovery_rates(p, 15);
  EXPECT_EQ(std::count_if(q.begin(), q.end(), [](double rate) { return rate <= 0.05; }), 4);
  EXPECT_DOUBLE_EQ(q[0], 0.0015);
  EXPECT_DOUBLE_EQ(q[3], 0.0095 * 15 / 4);
  EXPECT_DOUBLE_EQ(q[5], 0.0298 * 15 / 7);
  EXPECT_DOUBLE_EQ(q[14], 1);
}

}  // namespace
}  // namespace klientela
