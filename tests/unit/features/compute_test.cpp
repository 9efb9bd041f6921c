// compute_features on small bases whose every figure can be told by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "klientela/features/summary.hpp"
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

std::vector<std::string> names(const FeatureTable& features) {
  std::vector<std::string> out;
  for (const Column& column : features.table().columns()) out.push_back(column.name());
  return out;
}

FeatureOptions only(std::vector<FeatureGroup> groups) {
  FeatureOptions options;
  options.groups = std::move(groups);
  return options;
}

// The sample of lifetimes' tests (tests/test_utils.py): client, day of 2015, amount.
Data lifetimes() {
  Data data;
  const auto buy = [&](std::int64_t client, const char* when, int amount) {
    data.lines.push_back({client, noon(std::string("2015-") + when), amount * Money::scale});
  };
  buy(1, "01-01", 1), buy(1, "02-06", 2), buy(2, "01-01", 2), buy(3, "01-01", 3), buy(3, "01-02", 1);
  buy(3, "01-05", 5), buy(4, "01-16", 6), buy(4, "02-02", 3), buy(4, "02-05", 3), buy(5, "01-16", 3);
  buy(5, "01-17", 1), buy(5, "01-18", 8), buy(6, "02-02", 5);
  return data;
}

TEST(Features, EmptyBase) {
  const FeatureTable features = compute_features(ClientBase(), day("2026-01-01"));
  EXPECT_EQ(features.rows(), 0U);
  EXPECT_EQ(features.as_of(), day("2026-01-01"));
  EXPECT_THAT(names(features),
              ElementsAre("client", "recency_days", "frequency", "lines", "refund_lines", "money_gross",
                          "money_refunds", "money_net", "first_purchase", "last_purchase", "tenure_days"));
  FeatureOptions all = only({FeatureGroup::purchases, FeatureGroup::gaps, FeatureGroup::repeats, FeatureGroup::products,
                             FeatureGroup::interactions, FeatureGroup::engagement, FeatureGroup::satisfaction});
  EXPECT_EQ(compute_features(ClientBase(), day("2026-01-01"), all).rows(), 0U);
}

TEST(Features, PurchasesByHand) {
  Data data;
  data.cards = {7, 8};
  data.lines = {{7, noon("2026-01-05"), units("10.5")},   {7, noon("2026-01-20"), units("2.25")},
                {7, noon("2026-01-20"), units("-0.75")},  {7, noon("2026-01-25"), 0},
                {7, noon("2026-02-01"), units("1000")},   {9, noon("2026-01-31"), units("-3")},
                {10, noon("2026-01-31"), units("0.0001")}};
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), only({FeatureGroup::purchases}));
  ASSERT_EQ(f.rows(), 4U);
  const auto row = [&](std::size_t r) {
    std::string out;
    for (const Column& column : f.table().columns()) out += column.to_text(r) + ' ';
    return out;
  };
  EXPECT_EQ(row(0), "7 11 2 2 1 12.75 0.75 12 2026-01-05 2026-01-20 26 ");
  EXPECT_EQ(row(1), "8  0 0 0 0 0 0    ");
  EXPECT_EQ(row(2), "9  0 0 1 0 3 -3    ");
  EXPECT_EQ(row(3), "10 0 1 1 0 0.0001 0 0.0001 2026-01-31 2026-01-31 0 ");
  EXPECT_EQ(f.column("recency_days").null_count(), 2U);
  EXPECT_EQ(f.column("first_purchase").type(), ColumnType::day);
  EXPECT_EQ(f.column("money_net").type(), ColumnType::money);
}

TEST(Features, NullsOnlyWhereThereAreAny) {
  const FeatureTable f = compute_features(base_of(lifetimes()), day("2015-02-07"));
  EXPECT_EQ(f.column("recency_days").null_count(), 0U);
  EXPECT_EQ(f.column("recency_days").validity(), nullptr);
}

TEST(Features, WindowsKeepBothEnds) {
  Data data;
  for (const char* when : {"2026-01-31", "2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01"})
    data.lines.push_back({1, noon(when), units("1")});
  const ClientBase base = base_of(data);
  const auto lines = [&](std::optional<int> days, std::optional<int> months, const char* as_of) {
    FeatureOptions options = only({FeatureGroup::purchases});
    options.window_days = days;
    options.window_months = months;
    return cell(compute_features(base, day(as_of), options), "lines", 0);
  };
  EXPECT_EQ(lines({}, {}, "2026-03-31"), "4");
  EXPECT_EQ(lines({}, 1, "2026-03-31"), "2");
  EXPECT_EQ(lines(31, {}, "2026-03-31"), "2");
  EXPECT_EQ(lines(32, {}, "2026-03-31"), "3");
  EXPECT_EQ(lines(1, {}, "2026-02-28"), "1");
  EXPECT_EQ(lines({}, 1, "2026-02-28"), "2");  // from 29 January
  EXPECT_EQ(lines(1, {}, "2026-03-30"), "0");
}

// Days are those of the base's zone: the clocks of Berlin went forward on 2026-03-29 and back on 2026-10-25.
TEST(Features, DaysOfTheBasesZone) {
  const std::int64_t hour = sample::day_micros / 24;
  const std::int64_t spring = noon("2026-03-29") - 12 * hour;  // midnight UTC
  const std::int64_t autumn = noon("2026-10-25") - 12 * hour;
  Data data;
  data.lines = {{1, spring - hour - 1, units("1")},       // 28 March 23:59:59.999999
                {2, spring - hour, units("1")},           // 29 March 00:00
                {3, spring + 22 * hour - 1, units("1")},  // 29 March, the last microsecond: a day of 23 hours
                {4, spring + 22 * hour, units("1")},      // 30 March 00:00
                {5, autumn - 2 * hour, units("1")},       // 25 October 00:00
                {6, autumn + 23 * hour - 1, units("1")},  // 25 October, after 25 hours
                {7, autumn + 23 * hour, units("1")}};     // 26 October
  const FeatureTable f =
      compute_features(base_of(data, "Europe/Berlin"), day("2026-12-31"), only({FeatureGroup::purchases}));
  std::vector<std::string> days;
  for (std::size_t r = 0; r < f.rows(); ++r) days.push_back(cell(f, "last_purchase", r));
  EXPECT_THAT(days, ElementsAre("2026-03-28", "2026-03-29", "2026-03-29", "2026-03-30", "2026-10-25", "2026-10-25",
                                "2026-10-26"));
}

TEST(Features, OrdersCountOnce) {
  Data data;
  data.lines = {{1, noon("2026-01-05"), units("1"), "A"},  {1, noon("2026-01-02"), units("2"), "A"},
                {1, noon("2026-01-09"), units("4"), "B"},  {1, noon("2026-01-20"), units("8"), {}},
                {1, noon("2026-01-20"), units("16"), {}},  {2, noon("2026-01-05"), units("1"), "A"},
                {2, noon("2026-01-06"), units("-1"), "C"}, {1, noon("2026-03-06"), units("1"), "D"}};
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"),
                                          only({FeatureGroup::purchases, FeatureGroup::gaps, FeatureGroup::repeats}));
  EXPECT_EQ(cell(f, "frequency", 0), "4");  // A, B and two lines of their own
  EXPECT_EQ(cell(f, "lines", 0), "5");
  EXPECT_EQ(cell(f, "frequency", 1), "1");  // a refund is no order
  // Order days 2, 9, 20, 20: gaps of 7 and 11.
  EXPECT_EQ(cell(f, "gap_days_mean", 0), "9");
  EXPECT_DOUBLE_EQ(f.column("gap_days_cv").values<double>()[0], std::sqrt(8.0) / 9);
  EXPECT_EQ(cell(f, "gap_days_mean", 1), "");
  EXPECT_EQ(cell(f, "repeat_frequency", 0), "2");
  EXPECT_EQ(cell(f, "repeat_money_mean", 0), "14");  // (4 + 24) / 2
  EXPECT_EQ(cell(f, "last_purchase", 0), "2026-01-20");
}

TEST(Features, OrderBeginsInsideTheWindow) {
  Data data;
  data.lines = {{1, noon("2026-01-02"), units("1"), "A"},
                {1, noon("2026-01-20"), units("2"), "A"},
                {1, noon("2026-01-25"), units("4"), "B"}};
  FeatureOptions options = only({FeatureGroup::purchases, FeatureGroup::gaps});
  options.window_days = 15;
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), options);
  EXPECT_EQ(cell(f, "frequency", 0), "2");
  EXPECT_EQ(cell(f, "gap_days_mean", 0), "5");
}

TEST(Features, RepeatsOfLifetimes) {
  const FeatureTable f =
      compute_features(base_of(lifetimes()), day("2015-02-07"), only({FeatureGroup::purchases, FeatureGroup::repeats}));
  std::vector<std::string> rows;
  for (std::size_t r = 0; r < f.rows(); ++r)
    rows.push_back(cell(f, "repeat_frequency", r) + ' ' + cell(f, "repeat_recency", r) + ' ' +
                   cell(f, "repeat_age", r) + ' ' + cell(f, "repeat_money_mean", r));
  EXPECT_THAT(rows, ElementsAre("1 36 37 2", "0 0 37 0", "2 4 37 3", "2 20 22 3", "2 2 22 4.5", "0 0 5 0"));
}

TEST(Features, HoldoutOfLifetimes) {
  FeatureOptions options = only({FeatureGroup::repeats});
  options.period = Period::week;
  options.holdout_until = day("2015-02-07");
  const FeatureTable f = compute_features(base_of(lifetimes()), day("2015-02-01"), options);
  std::vector<std::string> rows;
  for (std::size_t r = 0; r < f.rows(); ++r)
    rows.push_back(cell(f, "repeat_frequency", r) + ' ' + cell(f, "repeat_recency", r) + ' ' +
                   cell(f, "repeat_age", r) + ' ' + cell(f, "holdout_frequency", r) + ' ' +
                   cell(f, "holdout_money_mean", r));
  // Client 4 buys for 3 on 2 and on 5 February, in one week.
  EXPECT_THAT(rows, ElementsAre("0 0 4 1 2", "0 0 4 0 0", "1 1 4 0 0", "0 0 2 1 6", "0 0 2 0 0", "    "));
}

TEST(Features, DaysSinceLastOfLifetimes) {
  FeatureOptions options = only({FeatureGroup::purchases, FeatureGroup::repeats});
  options.include_first = true;
  const FeatureTable f = compute_features(base_of(lifetimes()), day("2015-02-07"), options);
  std::vector<std::string> rows;
  for (std::size_t r = 0; r < f.rows(); ++r)
    rows.push_back(cell(f, "repeat_frequency", r) + ' ' + cell(f, "recency_days", r) + ' ' +
                   cell(f, "repeat_money_mean", r));
  EXPECT_THAT(rows, ElementsAre("2 1 1.5", "1 37 2", "3 33 3", "3 2 4", "3 20 4", "1 5 5"));
}

TEST(Features, ProductsByNetMoneyTiesByText) {
  Data data;
  data.lines = {{1, noon("2026-01-01"), units("10"), {}, "tea", "drinks"},
                {1, noon("2026-01-01"), units("-9"), {}, "tea", "drinks"},
                {1, noon("2026-01-02"), units("2"), {}, "cups", "ware"},
                {2, noon("2026-01-01"), units("5"), {}, "tea", "drinks"},
                {2, noon("2026-01-02"), units("5"), {}, "cups", {}},
                {3, noon("2026-01-02"), units("-5"), {}, "tea", "drinks"},
                {4, noon("2026-01-02"), units("5"), {}, {}, {}},
                {5, noon("2026-02-02"), units("5"), {}, "later", "later"}};
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), only({FeatureGroup::products}));
  std::vector<std::string> rows;
  for (std::size_t r = 0; r < f.rows(); ++r)
    rows.push_back(cell(f, "products", r) + ' ' + cell(f, "categories", r) + ' ' + cell(f, "top_product", r) + ' ' +
                   cell(f, "top_category", r));
  EXPECT_THAT(rows, ElementsAre("2 2 cups ware", "2 1 cups drinks", "0 0  ", "0 0  ", "0 0  "));
  EXPECT_THAT(f.column("top_product").labels(), ElementsAre("cups"));
  EXPECT_THAT(f.column("top_category").labels(), ElementsAre("drinks", "ware"));
}

TEST(Features, ProfitAndQuantityAreNullWhereNobodySaid) {
  Data data;
  data.lines = {{1, noon("2026-01-01"), units("10"), {}, {}, {}, units("4"), units("2")},
                {1, noon("2026-01-01"), units("-5"), {}, {}, {}, units("-1.5"), units("-1")},
                {2, noon("2026-01-01"), units("7")},
                {3, noon("2026-01-01"), 0, {}, {}, {}, units("0.25"), {}}};
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), only({FeatureGroup::purchases}));
  EXPECT_EQ(cell(f, "profit", 0), "2.5");
  EXPECT_EQ(cell(f, "quantity", 0), "1");
  EXPECT_EQ(cell(f, "profit", 1), "");
  EXPECT_EQ(cell(f, "profit", 2), "0.25");
  EXPECT_EQ(cell(f, "lines", 2), "0");
}

TEST(Features, OverflowNamesClientAndColumn) {
  Data data;
  const std::int64_t much = 5'000'000'000'000'000'000;
  data.lines = {{3, noon("2026-01-01"), much},
                {3, noon("2026-01-02"), much},
                {2, noon("2026-01-02"), -much},
                {2, noon("2026-01-03"), -much}};
  try {
    (void)compute_features(base_of(data), day("2026-01-31"));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::overflow);
    EXPECT_EQ(error.where(), "money_refunds");
    EXPECT_THAT(error.what(), testing::HasSubstr("client 2"));
  }
}

TEST(Features, SignedSumsMayLeaveTheRangeOnTheirWay) {
  Data data;
  const std::int64_t much = 5'000'000'000'000'000'000;
  for (const std::int64_t profit : {much, much, -much, -much, std::int64_t{7}})
    data.lines.push_back({3, noon("2026-01-01"), 1, {}, {}, {}, profit, {}});
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), only({FeatureGroup::purchases}));
  EXPECT_EQ(cell(f, "profit", 0), "0.0007");
}

Data contacts() {
  Data data;
  data.contacts = {{1, {}, noon("2026-01-30"), "phone", "inbound", "complaint", "completed"},
                   {1, {}, noon("2026-01-31"), "phone", "inbound", "complaint", {}},
                   {1, noon("2026-01-20"), {}, "phone", "outbound", {}, "completed"},
                   {1, noon("2026-01-20"), {}, "phone", "outbound", {}, {}},  // planned
                   {1, {}, noon("2026-01-20"), "phone", "outbound", {}, "cancelled"},
                   {1, {}, noon("2026-02-01"), "email", "inbound", "interest", "completed"},  // after as_of
                   {2, {}, noon("2026-01-11"), "email", {}, {}, "completed"}};
  return data;
}

TEST(Features, InteractionsThatWereCompleted) {
  const FeatureTable f = compute_features(base_of(contacts()), day("2026-01-31"), only({FeatureGroup::interactions}));
  EXPECT_THAT(names(f), ElementsAre("client", "interactions", "interactions_inbound", "interactions_outbound",
                                    "last_interaction", "interactions[email,,]",
                                    "interactions[phone,inbound,complaint]", "interactions[phone,outbound,]"));
  std::vector<std::string> first, second;
  for (const Column& column : f.table().columns()) {
    first.push_back(column.to_text(0));
    second.push_back(column.to_text(1));
  }
  EXPECT_THAT(first, ElementsAre("1", "3", "2", "1", "2026-01-31", "0", "2", "1"));
  EXPECT_THAT(second, ElementsAre("2", "1", "0", "0", "2026-01-11", "1", "0", "0"));
}

TEST(Features, TooManyCombinationsAreSplitLess) {
  FeatureOptions options = only({FeatureGroup::interactions});
  options.max_interaction_columns = 2;
  Data data = contacts();
  data.contacts.push_back({2, {}, noon("2026-01-12"), "phone", "inbound", "interest", "completed"});
  data.contacts.pop_back();
  data.contacts[6] = {2, {}, noon("2026-01-11"), "phone", "inbound", "interest", "completed"};
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), options);
  EXPECT_THAT(names(f), ElementsAre("client", "interactions", "interactions_inbound", "interactions_outbound",
                                    "last_interaction", "interactions[phone,inbound]", "interactions[phone,outbound]"));
  options.max_interaction_columns = 1;
  EXPECT_EQ(names(compute_features(base_of(data), day("2026-01-31"), options)).size(), 5U);
}

TEST(Features, EngagementHalvesEveryHalfLife) {
  Data data = contacts();
  data.requests = {{2, noon("2026-01-21")}, {2, noon("2026-03-21")}};
  data.lines = {{3, noon("2026-01-31"), units("1"), "A"},
                {3, noon("2026-01-31"), units("1"), "A"},
                {3, noon("2026-01-21"), units("1"), "B"},
                {3, noon("2026-01-21"), units("-1"), "C"}};
  FeatureOptions options = only({FeatureGroup::engagement});
  options.engagement.half_life_days = 10;
  options.engagement.purchase = 8;
  options.engagement.request = 4;
  options.engagement.channel = {{"phone", 2}};
  options.engagement.initiative = {{"inbound", 3}};
  options.engagement.topic = {{"complaint", 0.5}};
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), options);
  const auto score = f.column("engagement").values<double>();
  EXPECT_NEAR(score[0], 2 * 3 * 0.5 * (1 + std::exp2(-0.1)) + 2 * std::exp2(-1.1), 1e-8);
  EXPECT_NEAR(score[1], 4 * 0.5 + std::exp2(-2.0), 1e-8);
  EXPECT_EQ(score[2], 8 + 8 * 0.5);
}

TEST(Features, SatisfactionByMeasure) {
  Data data;
  const auto ask = [&](std::int64_t client, const char* when, const char* measure, const char* score) {
    data.answers.push_back({client, noon(when), measure, units(score)});
  };
  ask(1, "2026-01-30", "csat", "5"), ask(1, "2026-01-25", "csat", "2"), ask(1, "2026-01-10", "csat", "4");
  ask(1, "2026-01-09", "csat", "4.5"), ask(1, "2026-02-01", "csat", "1");
  ask(1, "2026-01-30", "nps", "9"), ask(1, "2026-01-30", "nps", "10"), ask(1, "2026-01-30", "nps", "7");
  ask(1, "2026-01-30", "nps", "6");
  ask(2, "2026-01-30", "ces", "3"), ask(2, "2026-01-30", "ces", "5"), ask(2, "2026-01-12", "ces", "6.5");
  FeatureOptions options = only({FeatureGroup::satisfaction});
  options.trend_days = 10;  // 22 to 31 January against 12 to 21 January
  const FeatureTable f = compute_features(base_of(data), day("2026-01-31"), options);
  const auto value = [&](const char* column, std::size_t row) { return f.column(column).values<double>()[row]; };
  EXPECT_EQ(cell(f, "csat_n", 0), "4");
  EXPECT_EQ(value("csat", 0), 0.75);
  EXPECT_EQ(value("csat_low", 0), wilson_interval(3, 4).low);
  EXPECT_EQ(value("csat_high", 0), wilson_interval(3, 4).high);
  EXPECT_EQ(cell(f, "csat_trend", 0), "");
  EXPECT_EQ(value("nps", 0), 25);
  EXPECT_EQ(value("nps_low", 0), net_promoter_score(2, 1, 4).interval.low);
  EXPECT_EQ(cell(f, "csat", 1), "");
  EXPECT_EQ(cell(f, "csat_n", 1), "0");
  EXPECT_DOUBLE_EQ(value("ces", 1), 14.5 / 3);
  EXPECT_DOUBLE_EQ(value("ces_trend", 1), 4 - 6.5);
  const double sd = std::sqrt((9 + 25 + 42.25 - 14.5 * 14.5 / 3) / 2);
  EXPECT_NEAR(value("ces_high", 1), 14.5 / 3 + 1.959963984540054 * sd / std::sqrt(3.0), 1e-12);
  options.trend_days.reset();
  options.window_days = 22;  // from 10 January; halves of 11 days
  const FeatureTable w = compute_features(base_of(data), day("2026-01-31"), options);
  EXPECT_EQ(w.column("csat_trend").values<double>()[0], 0.5 - 1);
  EXPECT_EQ(cell(w, "csat_n", 0), "3");
}

TEST(Features, GroupsByDefaultFollowTheData) {
  EXPECT_EQ(compute_features(base_of(lifetimes()), day("2015-02-07")).find("products"), nullptr);
  EXPECT_NE(compute_features(base_of(lifetimes()), day("2015-02-07")).find("gap_days_mean"), nullptr);
  EXPECT_EQ(compute_features(base_of(lifetimes()), day("2015-02-07")).find("engagement"), nullptr);
  const FeatureTable f = compute_features(base_of(contacts()), day("2026-01-31"));
  EXPECT_NE(f.find("engagement"), nullptr);
  EXPECT_NE(f.find("recency_days"), nullptr);
  EXPECT_EQ(f.find("gap_days_mean"), nullptr);
}

TEST(Features, GroupsThatNoTableFeedsAreNull) {
  const FeatureOptions options = only({FeatureGroup::purchases, FeatureGroup::interactions, FeatureGroup::engagement});
  const ClientBase bare = base_of(lifetimes());
  const FeatureTable f = compute_features(bare, day("2015-02-07"), options);
  for (const char* name :
       {"interactions", "interactions_inbound", "interactions_outbound", "last_interaction", "engagement"})
    EXPECT_EQ(f.column(name).null_count(), f.rows()) << name;
  // A new client is as unknown as the others, and the first contact makes zeros of the rest.
  Data more;
  more.lines = {{9, noon("2015-02-07"), units("1")}};
  const ClientBase grown = sample::extended(bare, more);
  const FeatureTable g = refresh_features(f, grown, day("2015-02-07"));
  EXPECT_EQ(g.column("engagement").null_count(), 7U);
  EXPECT_EQ(g.column("interactions").null_count(), 7U);
  EXPECT_EQ(sample::bytes_of(g.table()), sample::bytes_of(compute_features(grown, day("2015-02-07"), options).table()));
  Data asked;
  asked.requests = {{1, noon("2015-02-07")}};
  const ClientBase known = sample::extended(grown, asked);
  const FeatureTable h = refresh_features(g, known, day("2015-02-07"));
  EXPECT_EQ(h.column("engagement").null_count(), 0U);
  EXPECT_EQ(h.column("interactions").null_count(), 7U);
  EXPECT_EQ(sample::bytes_of(h.table()), sample::bytes_of(compute_features(known, day("2015-02-07"), options).table()));
}

TEST(Features, ARefundByFlagGivesBackProfitAndQuantity) {
  Data data;
  data.lines = {{1, noon("2015-01-01"), units("100"), {}, {}, {}, units("20"), units("2")},
                {1, noon("2015-01-02"), units("100"), {}, {}, {}, units("20"), units("2")}};
  Table lines;
  const auto& rows = data.lines;
  using sample::Line;
  const auto some = [](std::int64_t value) { return std::optional(value); };
  lines.add(sample::numbers("client", ColumnType::int64, rows, [&](const Line& r) { return some(r.client); }));
  lines.add(sample::numbers("at", ColumnType::instant, rows, [&](const Line& r) { return some(r.at); }));
  lines.add(sample::numbers("amount", ColumnType::money, rows, [&](const Line& r) { return some(r.amount); }));
  lines.add(sample::numbers("profit", ColumnType::money, rows, [](const Line& r) { return r.profit; }));
  lines.add(sample::numbers("quantity", ColumnType::money, rows, [](const Line& r) { return r.quantity; }));
  lines.add(sample::texts("refund", rows,
                          [&](const Line& r) { return sample::Text(r.at == rows[1].at ? "true" : "false"); }));
  Tables tables;
  sample::add(tables, TableId::transactions, lines);
  const ClientBase base = ingest(std::move(tables), sample::options_for("UTC")).base;
  const FeatureTable f = compute_features(base, day("2015-01-03"), only({FeatureGroup::purchases}));
  EXPECT_EQ(cell(f, "lines", 0), "1");
  EXPECT_EQ(cell(f, "refund_lines", 0), "1");
  for (const char* name : {"money_net", "profit", "quantity"})
    EXPECT_EQ(Money::from_text(cell(f, name, 0))->units(), 0) << name;
}

TEST(Features, CancelledBeforeAnything) {
  std::stop_source stop;
  stop.request_stop();
  Control control;
  control.stop = stop.get_token();
  try {
    (void)compute_features(base_of(lifetimes()), day("2015-02-07"), {}, control);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

// Three of the largest amounts wrap past 64 bits and look small again.
TEST(Features, SumsThatWrapAreOverflowsToo) {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  for (const int sign : {1, -1})
    for (const int lines : {2, 3, 4, 5}) {
      Data data;
      data.lines.push_back({5, noon("2026-01-05"), units("1")});
      for (int i = 0; i < lines; ++i) data.lines.push_back({7, noon("2026-01-05"), sign * largest});
      try {
        (void)compute_features(base_of(data), day("2026-01-31"), only({FeatureGroup::purchases}));
        FAIL() << lines << " lines";
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), Code::overflow);
        EXPECT_EQ(error.where(), sign > 0 ? "money_gross" : "money_refunds");
        EXPECT_THAT(error.what(), testing::HasSubstr("client 7"));
      }
    }
}

}  // namespace
}  // namespace klientela
