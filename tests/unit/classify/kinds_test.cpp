// XYZ, tiers, lifecycle, ideal clients and cohorts: their classes, reasons, frozen models and refusals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/cohorts.hpp"
#include "klientela/classify/ideal_client.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"
#include "unit/classify/tables.hpp"

namespace klientela::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Column reals(const std::string& name, const Reals& values) { return column(name, ColumnType::float64, values); }
Column days(const std::string& name, const Days& values) { return column(name, ColumnType::int32, values); }
Column money(const std::string& name, const Counts& units) { return column(name, ColumnType::money, units); }

template <class Call>
std::string where_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(name(error.code())) + ' ' + error.where();
  }
  return "nothing thrown";
}

/// A model classifies alike with any number of threads, and after it was written and read back.
Classification sure(const AnyClassifier& classifier, const Table& table) {
  const AnyModel model = classifier.fit(table);
  const Classification wanted = model.classify(table);
  for_thread_counts([&](const Control& control) {
    const AnyModel again = ClassifierRegistry().model_from_json(classifier.fit(table, control).to_json());
    EXPECT_EQ(again.to_json(), model.to_json());
    const Classification got = again.classify(table, control);
    for (std::size_t c = 0; c < wanted.columns().size(); ++c) {
      EXPECT_EQ(texts(got.columns()[c]), texts(wanted.columns()[c]));
      EXPECT_EQ(got.columns()[c].null_count(), wanted.columns()[c].null_count());
    }
    for (std::size_t row = 0; row < table.rows(); ++row)
      EXPECT_EQ(got.explain(row, Language::russian), wanted.explain(row, Language::russian));
  });
  EXPECT_EQ(ClassifierRegistry().make(classifier.name(), classifier.to_json()).to_json(), classifier.to_json());
  return wanted;
}

TEST(Xyz, CutsAtItsLimitsAndCrosses) {
  XyzOptions options;
  options.cross = "abc";
  const Table table({clients(6), reals("period_money_cv", {0.0, 0.1, 0.11, 0.25, 7.0, std::nullopt}),
                     labels("abc", {"A", "B", "C"}, {0, 1, 2, 0, 1, 2})});
  const Classification found = sure(XyzClassifier(options), table);
  EXPECT_THAT(texts(found.column("xyz")), ElementsAre("X", "X", "Y", "Y", "Z", "unclassified"));
  EXPECT_THAT(texts(found.column("abc_xyz")), ElementsAre("AX", "BX", "CY", "AY", "BZ", "unclassified"));
  const Reason reason = found.reasons(2)[0];
  EXPECT_EQ(reason.rule, "xyz.period_money_cv.Y");
  EXPECT_EQ(reason.low->text, "0.1");
  EXPECT_EQ(reason.high->text, "0.25");
  EXPECT_THAT(found.explain(5, Language::english), HasSubstr("unclassified, because there is no value"));
  EXPECT_THAT(found.explain(0, Language::russian), HasSubstr("разброс сумм по периодам"));
}

TEST(Xyz, RefusesWhatCannotBe) {
  XyzOptions options;
  options.y = 0.1;
  EXPECT_EQ(where_of([&] { (void)XyzClassifier(options); }), "bad_policy /y");
  options = {};
  options.x = std::nan("");
  EXPECT_EQ(where_of([&] { (void)XyzClassifier(options); }), "bad_policy /x");
  EXPECT_EQ(where_of([&] { (void)XyzClassifier().fit(Table({clients(1)})); }), "not_found period_money_cv");
  options = {};
  options.cross = "client";
  EXPECT_EQ(where_of([&] {
              (void)XyzClassifier(options).fit(Table({clients(1), reals("period_money_cv", {1.0})}));
            }),
            "invalid_argument client");
  EXPECT_EQ(where_of([] { (void)XyzClassifier::from_json(R"({"kind": "xyz", "z": 1})", "xyz", "/a"); }),
            "bad_policy /a/z");
}

Table tier_table(bool profit) {
  Counts frequency;
  Counts net;
  Counts gain;
  Days tenure;
  for (int i = 0; i < 100; ++i) {
    frequency.emplace_back(i < 90 ? 1 + i % 7 : 0);
    net.emplace_back(i < 90 ? std::int64_t{10'000} * (i + 1) : 0);
    gain.emplace_back(std::int64_t{3'000} * (i + 1));
    if (i < 90)
      tenure.emplace_back(i * 15);
    else
      tenure.emplace_back();
  }
  Table table({clients(100), column("frequency", ColumnType::int64, frequency), money("money_net", net),
               days("tenure_days", tenure)});
  if (profit) table.add(money("profit", gain));
  return table;
}

TEST(Tiers, EveryClientIsInExactlyOne) {
  for (const bool profit : {true, false}) {
    const Table table = tier_table(profit);
    const Classification found = sure(TierClassifier(), table);
    const auto counts = count_labels(found.column("tier"));
    EXPECT_EQ(found.column("tier").labels(),
              (std::vector<std::string>{"strategic", "important", "ordinary", "potential"}));
    for (const std::uint64_t count : counts) EXPECT_GT(count, 0U);
    EXPECT_EQ(counts[0] + counts[1] + counts[2] + counts[3], 100U);
    EXPECT_EQ(counts[3], 10U);
    EXPECT_EQ(found.column("tier").null_count(), 0U);
    EXPECT_EQ(found.column("tier_points").null_count(), 10U);
    EXPECT_EQ(found.notes().size(), profit ? 0U : 1U);
    // Best in everything: all points; the first has none.
    EXPECT_EQ(found.column("tier_points").values<double>()[89], 1.0);
    EXPECT_EQ(found.column("tier_points").values<double>()[0], 0.0);
    EXPECT_EQ(found.column("tier").text(89), "strategic");
    EXPECT_EQ(found.column("tier").text(0), "ordinary");
    EXPECT_THAT(found.explain(89, Language::english), HasSubstr("at least 0.8"));
    EXPECT_THAT(found.explain(89, Language::russian), HasSubstr("уровень 3/3"));
    EXPECT_THAT(found.explain(89, Language::russian), HasSubstr("tier: «strategic» (стратегический), так как баллы"));
    EXPECT_THAT(found.explain(99, Language::english), HasSubstr("\"potential\", because orders (frequency) is 0"));
  }
}

TEST(Tiers, PointsAtALimitAreInside) {
  TierOptions options;
  options.measures = {{"money_net", {{10, false}, {20, false}, {30, false}, {40, false}, {50, false}}, 0.1},
                      {"tenure_days", {{1, false}}, 0.1}};
  options.strategic = 0.7;
  options.important = 0.1;
  // 2/5 of 0.1 and all of 0.1 are 0.7 of the whole; in doubles the quotient may miss it.
  const Table table({clients(2), column<std::int64_t>("frequency", ColumnType::int64, {1, 1}),
                     money("money_net", {250'000, 150'000}), days("tenure_days", {5, 0})});
  const Classification found = sure(TierClassifier(options), table);
  EXPECT_THAT(texts(found.column("tier")), ElementsAre("strategic", "important"));
  EXPECT_THAT(texts(found.column("tier_points")), ElementsAre("0.7", "0.1"));
}

TEST(Tiers, AreWhatTheFormulaSaysForAnyLevelsAndMissingValues) {
  std::mt19937_64 random(3);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (const std::size_t measures : {1U, 3U, 9U}) {  // nine have too many combinations of levels for a table of points
    constexpr std::size_t rows = 5'000;
    Counts frequency;
    for (std::size_t row = 0; row < rows; ++row) {
      frequency.emplace_back(below(5) - 1);
      if (below(9) == 0) frequency.back().reset();
    }
    Table table({clients(rows), column("frequency", ColumnType::int64, frequency)});
    TierOptions options;
    options.measures.clear();
    std::vector<Reals> values(measures);
    for (std::size_t m = 0; m < measures; ++m) {
      for (std::size_t row = 0; row < rows; ++row) {
        values[m].emplace_back(static_cast<double>(below(12)));
        if (below(4) == 0) values[m].back().reset();
      }
      options.measures.push_back(
          {"m" + std::to_string(m), {{2, false}, {5, false}, {8, false}}, static_cast<double>(1 + below(3))});
      if (m % 2 == 0) {
        table.add(reals("m" + std::to_string(m), values[m]));
      } else {
        Counts counts;
        for (const auto& value : values[m])
          counts.push_back(value ? std::optional(static_cast<std::int64_t>(*value) * 10'000) : std::nullopt);
        table.add(money("m" + std::to_string(m), counts));
      }
    }
    const Classification found = sure(TierClassifier(options), table);
    for (std::size_t row = 0; row < rows; ++row) {
      const bool orders = frequency[row] && *frequency[row] > 0;
      ASSERT_EQ(found.column("tier").text(row) == "potential", !orders) << row;
      ASSERT_EQ(found.column("tier_points").is_null(row), !orders) << row;
      if (!orders) continue;
      double sum = 0;
      double whole = 0;
      for (std::size_t m = 0; m < measures; ++m) {
        if (!values[m][row]) continue;
        const int level = (*values[m][row] > 2) + (*values[m][row] > 5) + (*values[m][row] > 8);
        whole += options.measures[m].weight;
        sum += options.measures[m].weight * level / 3;
      }
      const double points = whole > 0 ? std::round(sum / whole * 1e9) / 1e9 : 0;
      ASSERT_EQ(found.column("tier_points").values<double>()[row], points) << row;
      ASSERT_EQ(found.column("tier").text(row), points >= 0.8 ? "strategic" : points >= 0.4 ? "important" : "ordinary");
    }
  }
}

TEST(Tiers, RefusesWhatCannotBe) {
  TierOptions options;
  options.measures.clear();
  EXPECT_EQ(where_of([&] { (void)TierClassifier(options); }), "bad_policy /measures");
  options = {};
  options.important = 0.9;
  EXPECT_EQ(where_of([&] { (void)TierClassifier(options); }), "bad_policy /important");
  options = {};
  options.measures[1].edges = {{0.5, true}, {0.4, true}};
  EXPECT_EQ(where_of([&] { (void)TierClassifier(options); }), "bad_policy /measures/1/edges/1");
  options = {};
  options.measures[2].measure = "profit";
  EXPECT_EQ(where_of([&] { (void)TierClassifier(options); }), "bad_policy /measures/2/measure");
  EXPECT_EQ(where_of([] { (void)TierClassifier().fit(Table({clients(3)})); }), "not_found frequency");
}

TEST(Lifecycle, RiskIsThatOfTheModel) {
  // (r .525, alpha 6.183, a .891, b 1.614, the published MBG/NBD estimates for CDNOW): worked out apart, in
  // arithmetic of 50 digits.
  EXPECT_NEAR(loss_risk(2, 30.43, 38.86, 0.525, 6.183, 0.891, 1.614), 0.293797734881, 1e-9);
  EXPECT_NEAR(loss_risk(0, 0, 30, 0.525, 6.183, 0.891, 1.614), 0.582595203618, 1e-9);
  EXPECT_EQ(loss_risk(1000, 1, 1e6, 1, 1, 1, 1), 1.0);  // no overflow
  // More silence, more risk; more purchases before the same silence, more risk.
  for (double t = 1; t < 400; t *= 2) {
    EXPECT_LT(loss_risk(3, 60, 60 + t, 1, 20, 0.8, 2.5), loss_risk(3, 60, 60 + 2 * t, 1, 20, 0.8, 2.5));
    if (t > 64) {
      EXPECT_LT(loss_risk(3, 60, 60 + t, 1, 20, 0.8, 2.5), loss_risk(12, 60, 60 + t, 1, 20, 0.8, 2.5));
    }
  }
}

Table rhythm_table() {
  // tenure, recency, mean, cv, last: gaps = (tenure - recency) / mean.
  const Days recency{5, 5, 12, 20, 300, 5, 40, std::nullopt, 200};
  const Days tenure{5, 105, 112, 120, 400, 255, 40, std::nullopt, 200};
  const Reals mean{std::nullopt, 10.0, 10.0, 10.0, 10.0, 50.0, std::nullopt, std::nullopt, std::nullopt};
  const Reals cv{std::nullopt, 0.2, 0.2, 0.2, 0.2, 1.7, std::nullopt, std::nullopt, std::nullopt};
  const Days last{std::nullopt, 10, 10, 10, 10, 210, std::nullopt, std::nullopt, std::nullopt};
  return Table({clients(9), days("recency_days", recency), days("tenure_days", tenure), reals("gap_days_mean", mean),
                reals("gap_days_cv", cv), days("gap_days_last", last)});
}

TEST(Lifecycle, JudgesEachClientByItsOwnRhythm) {
  const Table table = rhythm_table();
  const LifecycleModel model = LifecycleClassifier().fit(table);
  EXPECT_EQ(model.typical_gap_days(), 10.0);
  EXPECT_EQ(model.typical_cv(), 0.2);
  const Classification found = sure(LifecycleClassifier(), table);
  EXPECT_THAT(texts(found.column("lifecycle")),
              ElementsAre("new", "active", "active", "sleeping", "lost", "returned", "lost", "unclassified", "lost"));
  // Ten gaps of 10 and the typical one of 10: limits 12.5, 17.5 and 25 with the least variation of 0.25.
  const Reason reason = found.reasons(2)[0];
  EXPECT_EQ(reason.measure, "recency_days");
  EXPECT_EQ(reason.high->text, "12.5");
  EXPECT_THAT(found.explain(5, Language::english), HasSubstr("days between the last two purchases"));
  EXPECT_THAT(found.explain(5, Language::russian), HasSubstr("дней между двумя последними покупками"));
  EXPECT_EQ(found.column("lifecycle_overdue").null_count(), 1U);
  for (std::size_t row = 0; row < 9; ++row) {
    if (found.column("lifecycle_loss_risk").is_null(row)) continue;
    const double risk = found.column("lifecycle_loss_risk").values<double>()[row];
    EXPECT_GE(risk, 0);
    EXPECT_LE(risk, 1);
  }
  const auto risk = found.column("lifecycle_loss_risk").values<double>();
  EXPECT_LT(risk[1], risk[2]);
  EXPECT_LT(risk[2], risk[3]);
  EXPECT_LT(risk[3], risk[4]);
}

TEST(Lifecycle, LimitsInDaysBelongBelow) {
  LifecycleOptions options;
  options.typical_gap_days = 10;
  options.typical_cv = 1;
  const Table table({clients(7), days("recency_days", {20, 21, 40, 41, 70, 71, 0}),
                     days("tenure_days", {20, 21, 40, 41, 70, 71, 0})});
  const Classification found = sure(LifecycleClassifier(options), table);
  EXPECT_THAT(texts(found.column("lifecycle")),
              ElementsAre("new", "cooling", "cooling", "sleeping", "sleeping", "lost", "new"));
  EXPECT_EQ(found.notes().size(), 2U);  // neither gaps nor the last one
}

TEST(Lifecycle, RefusesWhatCannotBe) {
  LifecycleOptions options;
  options.sleeping = 1;
  EXPECT_EQ(where_of([&] { (void)LifecycleClassifier(options); }), "bad_policy /sleeping");
  options = {};
  options.prior_gaps = 0;
  EXPECT_EQ(where_of([&] { (void)LifecycleClassifier(options); }), "bad_policy /prior_gaps");
  EXPECT_EQ(where_of([] { (void)LifecycleClassifier().fit(Table({clients(1)})); }), "not_found recency_days");
  EXPECT_EQ(where_of([] {
              (void)LifecycleModel::from_json(
                  "l", R"({"options": {}, "typical_gap_days": 0, "typical_cv": 1, "measured": true})");
            }),
            "bad_policy /typical_gap_days");
}

IdealClientOptions profiles() {
  IdealClientOptions options;
  IdealCriterion large{.measure = "money_net"};
  large.at_least = 0.1;
  large.weight = 3;
  IdealCriterion recent{.measure = "recency_days"};
  recent.worst = 100;
  recent.best = 0;
  IdealCriterion shop{.measure = "kind"};
  shop.labels = {"shop"};
  options.profiles = {{.name = "Large buyer", .description = "buys much", .criteria = {large, recent}},
                      {.name = "Corner shop", .description = "", .criteria = {shop}, .fits_from = 0.9}};
  return options;
}

TEST(IdealClient, FitsAreWeightedMeansWithReasons) {
  const Table table({clients(4), money("money_net", {1'000, 999, std::nullopt, 5'000}),
                     days("recency_days", {50, 0, 200, 0}), labels("kind", {"shop", "mill"}, {1, 0, 1, 0})});
  const Classification found = sure(IdealClientClassifier(profiles()), table);
  EXPECT_THAT(texts(found.column("ideal_client")), ElementsAre("Large buyer", "Corner shop", "none", "Large buyer"));
  EXPECT_THAT(texts(found.column("ideal_client[Large buyer]")), ElementsAre("0.875", "0.25", "0", "1"));
  EXPECT_THAT(texts(found.column("ideal_client[Corner shop]")), ElementsAre("0", "1", "0", "1"));
  EXPECT_THAT(texts(found.column("ideal_client_fit")), ElementsAre("0.875", "1", "0", "1"));
  const std::string why = found.explain(0, Language::english);
  EXPECT_THAT(why, HasSubstr("met (1), money less refunds (money_net) is 0.1 (at least 0.1)"));
  EXPECT_THAT(found.explain(2, Language::russian), HasSubstr("не выполнено (0), сумма покупок"));
  EXPECT_EQ(found.reasons(0)[1].rule, "ideal_client.large-buyer.1");
}

TEST(IdealClient, NamesAbsentColumnsAndRefusesContradictions) {
  const Classification found = sure(IdealClientClassifier(profiles()), Table({clients(2)}));
  EXPECT_EQ(found.notes().size(), 3U);
  EXPECT_THAT(texts(found.column("ideal_client")), ElementsAre("none", "none"));
  IdealClientOptions options = profiles();
  options.profiles[1].name = "Large buyer";
  EXPECT_EQ(where_of([&] { (void)IdealClientClassifier(options); }), "bad_policy /profiles/1/name");
  options = profiles();
  options.profiles[0].criteria[1].best = 100;
  EXPECT_EQ(where_of([&] { (void)IdealClientClassifier(options); }), "bad_policy /profiles/0/criteria/1/best");
  options.profiles[0].criteria[1] = {.measure = "x"};
  EXPECT_EQ(where_of([&] { (void)IdealClientClassifier(options); }), "bad_policy /profiles/0/criteria/1");
  EXPECT_EQ(where_of([&] { (void)IdealClientClassifier(IdealClientOptions{}); }), "bad_policy /profiles");
  EXPECT_EQ(where_of([] {
              (void)IdealClientClassifier(profiles()).fit(Table()).classify(Table({clients(1), days("kind", {1})}));
            }),
            "invalid_argument kind");
}

TEST(Cohort, NamesThePeriodOfTheFirstPurchase) {
  const Days first{14'974, 14'945, std::nullopt, 14'944};  // 2010-12-31, 2010-12-02, none, 2010-12-01
  const Table table({clients(4), column("first_purchase", ColumnType::day, first)});
  EXPECT_THAT(texts(sure(CohortClassifier(), table).column("cohort")),
              ElementsAre("2010-12", "2010-12", "unclassified", "2010-12"));
  CohortOptions options;
  options.period = Period::week;
  EXPECT_THAT(texts(sure(CohortClassifier(options), table).column("cohort")),
              ElementsAre("2010-W52", "2010-W48", "unclassified", "2010-W48"));
  options.period = Period::quarter;
  const Classification found = sure(CohortClassifier(options, "joined"), table);
  EXPECT_THAT(found.column("joined").labels(), ElementsAre("2010-Q4", "unclassified"));
  EXPECT_EQ(where_of([] {
              (void)CohortClassifier().fit(Table({clients(1), days("first_purchase", {1})}));
            }),
            "invalid_argument first_purchase");
}

TEST(Kinds, ClashingColumnsAreFoundBeforeThereAreData) {
  EXPECT_EQ(where_of([] {
              (void)classifiers_from_json(R"({"abc_xyz": {"kind": "abc"}, "xyz": {"kind": "xyz", "cross": "abc"}})");
            }),
            "bad_policy /classifiers/xyz");
  EXPECT_EQ(where_of([] { (void)classifiers_from_json(R"({"tiers": {}, "tier": {"kind": "cohort"}})"); }),
            "bad_policy /classifiers/tier");
}

TEST(Kinds, SurviveTroubleInAnyColumn) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Trouble trouble(seed);
    const auto n = static_cast<std::size_t>(trouble.below(200));
    Reals mean;
    Reals cv;
    for (std::size_t i = 0; i < n; ++i) {
      const double odd[] = {0, -1, 1e300, std::nan(""), HUGE_VAL, 3.5};
      mean.emplace_back(odd[trouble.below(6)]);
      cv.emplace_back(odd[trouble.below(6)]);
    }
    const Table table({clients(n), days("recency_days", trouble.values<std::int32_t>(n, true)),
                       days("tenure_days", trouble.values<std::int32_t>(n, true)), reals("gap_days_mean", mean),
                       reals("gap_days_cv", cv), days("gap_days_last", trouble.values<std::int32_t>(n, true)),
                       column("frequency", ColumnType::int64, trouble.values<std::int64_t>(n, true)),
                       money("money_net", trouble.values<std::int64_t>(n, true)), reals("period_money_cv", cv)});
    const AnyClassifier all[] = {XyzClassifier(), TierClassifier(), LifecycleClassifier(),
                                 IdealClientClassifier(profiles())};
    for (const AnyClassifier& classifier : all) {
      const Classification found = sure(classifier, table);
      for (const Column& one : found.columns()) {
        if (one.type() != ColumnType::float64) continue;
        for (std::size_t row = 0; row < n; ++row)
          if (!one.is_null(row)) {
            EXPECT_TRUE(std::isfinite(one.values<double>()[row])) << one.name() << row;
          }
      }
    }
  }
}

}  // namespace
}  // namespace klientela::test
