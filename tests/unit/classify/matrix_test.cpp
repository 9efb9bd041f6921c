// The contact matrix: bands, substitutes, unknowns, groups in precedence, and what is refused.
#include "klientela/classify/matrix.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

using test::Counts;
using test::Reals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t unit = Money::scale;

MatrixOptions small() {
  MatrixAxis x{
      .bands = {"low", "high"}, .scale = {.measure = "engagement", .edges = {{.value = 2.5}}}, .substitute = {}};
  MatrixAxis y{
      .bands = {"little", "much"}, .scale = {.measure = "money_net", .edges = {{.value = 100}}}, .substitute = {}};
  return {x, y, {{"hot", {{.x = {"high"}, .y = {}, .measures = {}}}}, {"cold", {{}}}}, {}};
}

Table table_of(const Reals& engagement, const Counts& money) {
  return Table({test::clients(money.size()), test::column("engagement", ColumnType::float64, engagement),
                test::column("money_net", ColumnType::money, money)});
}

TEST(Matrix, BandsAreOpenBelowAndUnknownIsNeverZero) {
  const Table table =
      table_of({2.5, 2.6, std::nullopt, std::nan(""), 0}, {100 * unit, 100 * unit + 1, 0, 0, std::nullopt});
  test::for_thread_counts([&](const Control& control) {
    const MatrixModel model = MatrixClassifier(small()).fit(table, control);
    const Classification result = model.classify(table, control);
    EXPECT_THAT(test::texts(result.column("matrix_x")), ElementsAre("low", "high", "unknown", "unknown", "low"));
    EXPECT_THAT(test::texts(result.column("matrix_y")), ElementsAre("little", "much", "little", "little", "unknown"));
    EXPECT_THAT(test::texts(result.column("cell")),
                ElementsAre("low / little", "high / much", "unknown / little", "unknown / little", "low / unknown"));
    EXPECT_THAT(test::texts(result.column("group")), ElementsAre("cold", "hot", "cold", "cold", "cold"));
    EXPECT_EQ(result.column("cell").labels().size(), 9U);
    EXPECT_THAT(result.notes(), IsEmpty());
    EXPECT_EQ(MatrixModel::from_json("matrix", model.to_json()).to_json(), model.to_json());
  });
}

TEST(Matrix, OtherNamesPrefixAllColumns) {
  const Table table = table_of({1.0}, {1});
  const Classification result = MatrixClassifier(small(), "b2b").fit(table).classify(table);
  std::vector<std::string> names;
  for (const Column& column : result.columns()) names.push_back(column.name());
  EXPECT_THAT(names, ElementsAre("b2b_x", "b2b_y", "b2b_cell", "b2b_group"));
}

TEST(Matrix, AbsentColumnIsUnknownWithANote) {
  const Table table({test::clients(2), test::column<std::int64_t>("money_net", ColumnType::money, {0, 500 * unit})});
  const MatrixModel model = MatrixClassifier(small()).fit(table);
  EXPECT_EQ(model.x_measure(), "");
  const Classification result = model.classify(table);
  EXPECT_THAT(test::texts(result.column("matrix_x")), ElementsAre("unknown", "unknown"));
  ASSERT_EQ(result.notes().size(), 1U);
  EXPECT_EQ(result.notes()[0].rule, "matrix.x.unknown");
  EXPECT_EQ(result.notes()[0].subject, "engagement");
  EXPECT_THAT(result.notes()[0].text(Language::english), HasSubstr("engagement"));
  EXPECT_THAT(result.notes()[0].text(Language::russian), HasSubstr("неизвестна"));
  EXPECT_EQ(result.reasons(0)[0].aspect, Aspect::missing);
}

TEST(Matrix, SubstituteIsUsedAndNamed) {
  MatrixOptions options = small();
  options.x.substitute = AxisScale{.measure = "recency_days", .edges = {{.value = 30}}, .falling = true};
  const Table table({test::clients(4),
                     test::column<std::int32_t>("recency_days", ColumnType::int32, {30, 31, std::nullopt, 0}),
                     test::column<std::int64_t>("money_net", ColumnType::money, {0, 0, 0, 0})});
  const MatrixModel model = MatrixClassifier(options).fit(table);
  EXPECT_EQ(model.x_measure(), "recency_days");
  const Classification result = model.classify(table);
  EXPECT_THAT(test::texts(result.column("matrix_x")), ElementsAre("high", "low", "unknown", "high"));
  ASSERT_EQ(result.notes().size(), 1U);
  EXPECT_EQ(result.notes()[0].rule, "matrix.x.substitute");
  EXPECT_THAT(result.notes()[0].english, HasSubstr("(recency_days) in place of engagement score (engagement)"));
  EXPECT_EQ(result.reasons(1)[0].measure, "recency_days");
  EXPECT_EQ(result.reasons(1)[0].low->text, "30");
  // A column without a single value is replaced as an absent one is; frozen, the choice stays.
  Table nulls = table;
  nulls.add(test::column<double>("engagement", ColumnType::float64,
                                 {std::nullopt, std::nullopt, std::nullopt, std::nullopt}));
  EXPECT_EQ(MatrixClassifier(options).fit(nulls).x_measure(), "recency_days");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Table nans = table;
  nans.add(test::column<double>("engagement", ColumnType::float64, {nan, nan, std::nullopt, nan}));
  EXPECT_EQ(MatrixClassifier(options).fit(nans).x_measure(), "recency_days");
  const Classification without = MatrixClassifier(small()).fit(nulls).classify(nulls);
  EXPECT_THAT(test::texts(without.column("matrix_x")), ElementsAre("unknown", "unknown", "unknown", "unknown"));
  Table full = table;
  full.add(test::column<double>("engagement", ColumnType::float64, {9, 9, 9, 9}));
  EXPECT_EQ(test::texts(model.classify(full).column("matrix_x"))[1], "low");
  EXPECT_EQ(test::texts(MatrixClassifier(options).fit(full).classify(full).column("matrix_x"))[1], "high");
}

TEST(Matrix, SentencesRoundFloatsAndNothingElse) {
  const Table table({test::clients(3),
                     test::column<double>("engagement", ColumnType::float64, {295.00806212378666, 2.50000001, 1e-9}),
                     test::column<std::int64_t>("money_net", ColumnType::money, {1'234'567, 0, 0})});
  const Classification result = MatrixClassifier(small()).fit(table).classify(table);
  EXPECT_EQ(result.reasons(0)[0].value.text, "295.00806212378666");
  EXPECT_THAT(result.explain(0, Language::english), HasSubstr("is 295.01 (above 2.5)"));
  EXPECT_THAT(result.explain(0, Language::russian), HasSubstr(": 295.01 (больше 2.5)"));
  EXPECT_THAT(result.explain(0, Language::english), HasSubstr("is 123.4567 "));
  EXPECT_THAT(result.explain(1, Language::english), HasSubstr("is 2.50000001 (above 2.5)"));  // not its own edge
  EXPECT_THAT(result.explain(2, Language::english), HasSubstr("is 1e-09 (at most 2.5)"));
}

TEST(Matrix, QuantileEdgesCountOnlyWhatIsAboveTheFixedOne) {
  MatrixOptions options = small();
  options.y.bands = {"none", "small", "large"};
  options.y.scale.edges = {{.value = 0}, {.value = 0.5, .quantile = true}};
  const Table table = table_of(Reals(7, 1.0), {0, 0, 0, -5, 10, 20, 40});
  const MatrixModel model = MatrixClassifier(options).fit(table);
  ASSERT_EQ(model.y_edges().size(), 2U);
  EXPECT_EQ(model.y_edges()[1], Threshold::exact(20, Money::scale));
  EXPECT_THAT(test::texts(model.classify(table).column("matrix_y")),
              ElementsAre("none", "none", "none", "none", "small", "small", "large"));
  const Table nobody = table_of(Reals(2, 1.0), {0, 0});
  EXPECT_THAT(test::texts(MatrixClassifier(options).fit(nobody).classify(nobody).column("matrix_y")),
              ElementsAre("none", "none"));
}

TEST(Matrix, QuantilesEqualSortingOnRandomTables) {
  test::Trouble trouble(77);
  for (int round = 0; round < 60; ++round) {
    const auto n = static_cast<std::size_t>(1 + trouble.below(300));
    const Counts money = trouble.values<std::int64_t>(n, true);
    MatrixOptions options = small();
    options.y.bands = {"a", "b", "c"};
    const std::int64_t p = 1 + trouble.below(998);
    options.y.scale.edges = {{.value = static_cast<double>(p) / 1000, .quantile = true},
                             {.value = 0.9995, .quantile = true}};
    const Table table = table_of(Reals(n, 1.0), money);
    std::vector<std::int64_t> sorted;
    for (const auto& value : money)
      if (value) sorted.push_back(*value);
    if (sorted.empty()) continue;
    std::sort(sorted.begin(), sorted.end());
    const auto scaled = static_cast<std::int64_t>(sorted.size() - 1) * p;
    const std::int64_t low = sorted[static_cast<std::size_t>(scaled / 1000)];
    const std::int64_t high = sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(scaled / 1000 + 1))];
    test::for_thread_counts([&](const Control& control) {
      const Classification result = MatrixClassifier(options).fit(table, control).classify(table, control);
      for (std::size_t row = 0; row < n; ++row) {
        if (!money[row]) {
          ASSERT_EQ(result.column("matrix_y").text(row), "unknown");
          continue;
        }
        __extension__ using Wide = __int128;
        const bool above = Wide{*money[row]} * 1000 > Wide{low} * 1000 + (Wide{high} - low) * (scaled % 1000);
        ASSERT_EQ(result.column("matrix_y").text(row) != "a", above);
      }
    });
  }
}

TEST(Matrix, EarlierClassesCanBeAnAxis) {
  MatrixOptions options = small();
  options.x.scale = {.measure = "rfm_segment", .edges = {}, .labels = {{"Lost", "At Risk"}, {"Champions"}}};
  options.y = {.bands = {"1", "2-5"}, .scale = {.measure = "rfm_m", .edges = {{.value = 1}}}, .substitute = {}};
  const Table table({test::clients(4),
                     test::labels("rfm_segment", {"Champions", "Lost", "none", "At Risk"}, {0, 1, 2, 3}),
                     test::column<std::int8_t>("rfm_m", ColumnType::int8, {5, 1, std::nullopt, 2})});
  const Classification result = MatrixClassifier(options).fit(table).classify(table);
  EXPECT_THAT(test::texts(result.column("cell")),
              ElementsAre("high / 2-5", "low / 1", "unknown / unknown", "low / 2-5"));
  const Table text({test::clients(2), Column("rfm_segment", std::vector<std::string>{"Champions", "?"}),
                    test::column<std::int8_t>("rfm_m", ColumnType::int8, {5, 1})});
  EXPECT_THAT(test::texts(MatrixClassifier(options).fit(text).classify(text).column("matrix_x")),
              ElementsAre("high", "unknown"));
}

TEST(Matrix, FirstGroupThatFitsWins) {
  MatrixOptions options = small();
  MeasureCondition loyal;
  loyal.measure = "tenure_days";
  loyal.at_least = 730;
  MeasureCondition region;
  region.measure = "region";
  region.labels = {"north"};
  MeasureCondition cheap;
  cheap.measure = "money_net";
  cheap.below = 50;
  options.groups = {{"partner", {{.x = {}, .y = {"much"}, .measures = {loyal, region}}}},
                    {"bargain", {{.x = {"high"}, .y = {}, .measures = {cheap}}}},
                    {"hot", {{.x = {"high"}, .y = {}, .measures = {}}}},
                    {"cold", {{}}}};
  Table table = table_of({9, 9, 9, 9, 9, 9}, {500 * unit, 500 * unit, 500 * unit, 10 * unit, 50 * unit, 499'999});
  table.add(test::column<std::int32_t>("tenure_days", ColumnType::int32, {730, 729, 800, 800, 800, std::nullopt}));
  table.add(test::labels("region", {"north", "south"}, {0, 0, 1, 0, 0, 0}));
  const MatrixModel model = MatrixClassifier(options).fit(table);
  const Classification result = model.classify(table);
  EXPECT_THAT(test::texts(result.column("group")), ElementsAre("partner", "hot", "hot", "bargain", "hot", "bargain"));
  const std::vector<Reason> reasons = result.reasons(0);
  ASSERT_EQ(reasons.size(), 5U);
  EXPECT_EQ(reasons[2].rule, "group.partner.0");
  EXPECT_EQ(reasons[3].measure, "tenure_days");
  EXPECT_EQ(reasons[3].value.text, "730");
  EXPECT_EQ(reasons[3].low->text, "730");
  EXPECT_TRUE(reasons[3].low_included);
  EXPECT_EQ(reasons[4].value.text, "north");
  EXPECT_THAT(result.explain(0, Language::english), HasSubstr("at least 730"));
  // Where a measure is absent, nobody fulfils a condition on it.
  const Table bare = table_of({9, 9}, {500 * unit, 10 * unit});
  EXPECT_THAT(test::texts(model.classify(bare).column("group")), ElementsAre("hot", "bargain"));
}

TEST(Matrix, DefaultPutsEverybodyIntoExactlyOneOfTheFourGroups) {
  const MatrixOptions options;
  const GroupCheck check = check_groups(options);
  EXPECT_THAT(check.missing, IsEmpty());
  EXPECT_THAT(check.unreachable, IsEmpty());
  EXPECT_FALSE(check.overlapping.empty()) << "the groups overlap, so their order matters";
  Table table =
      table_of({0, 2, 12, 30, std::nullopt, 0.1, 8}, {0, 0, 5 * unit, 7 * unit, 9 * unit, 1'000 * unit, 6 * unit});
  table.add(test::column<std::int32_t>("tenure_days", ColumnType::int32, {0, 0, 10, 10, 10, 10, 900}));
  table.add(test::column<std::int64_t>("frequency", ColumnType::int64, {0, 0, 1, 2, 1, 1, 12}));
  const Classification result = MatrixClassifier().fit(table).classify(table);
  EXPECT_THAT(test::texts(result.column("group")),
              ElementsAre("cold", "warm", "hot", "hot", "warm", "partner", "partner"));
}

TEST(Matrix, EmptyTableKeepsItsColumns) {
  const Table table = table_of({}, {});
  const Classification result = MatrixClassifier(small()).fit(table).classify(table);
  EXPECT_EQ(result.rows(), 0U);
  EXPECT_EQ(result.columns().size(), 4U);
}

TEST(Matrix, ColumnOfAnUnfitTypeIsNamed) {
  Table table({test::clients(1), test::labels("engagement", {"a"}, {0}),
               test::column<std::int64_t>("money_net", ColumnType::money, {1})});
  try {
    (void)MatrixClassifier(small()).fit(table);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "engagement");
  }
}

TEST(Matrix, OptionsRoundTripThroughJson) {
  const MatrixOptions options;
  EXPECT_EQ(MatrixClassifier::from_json(MatrixClassifier(options).to_json()).options(), options);
  EXPECT_EQ(MatrixClassifier::from_json("{}").options(), options);
  MatrixOptions other = small();
  other.x.scale = {.measure = "segment", .edges = {}, .labels = {{"a"}, {"b", "c"}}};
  other.x.substitute =
      AxisScale{.measure = "recency_days", .edges = {{.value = 0.25, .quantile = true}}, .falling = true};
  MeasureCondition condition;
  condition.measure = "profit";
  condition.above = 1;
  condition.below = 2;
  other.groups[0].rules[0].measures = {condition};
  other.otherwise = "rest";
  EXPECT_EQ(MatrixClassifier::from_json(MatrixClassifier(other).to_json()).options(), other);
}

std::string where(const std::function<void(MatrixOptions&)>& spoil, std::string* message = nullptr) {
  MatrixOptions options = small();
  spoil(options);
  try {
    MatrixClassifier{options};
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    if (message) *message = error.what();
    return error.where();
  }
  return "accepted";
}

TEST(Matrix, ContradictionsAreRefusedWhereTheyStand) {
  EXPECT_EQ(where([](MatrixOptions&) {}), "accepted");
  EXPECT_EQ(where([](MatrixOptions& o) { o.x.bands = {}; }), "/x/bands");
  EXPECT_EQ(where([](MatrixOptions& o) { o.x.bands[1] = "low"; }), "/x/bands/1");
  EXPECT_EQ(where([](MatrixOptions& o) { o.x.bands[1] = ""; }), "/x/bands/1");
  EXPECT_EQ(where([](MatrixOptions& o) { o.y.bands[0] = "unknown"; }), "/y/bands/0");
  EXPECT_EQ(where([](MatrixOptions& o) { o.y.scale.edges = {}; }), "/y/edges");
  EXPECT_EQ(where([](MatrixOptions& o) { o.y.scale.edges[0].value = std::nan(""); }), "/y/edges/0");
  EXPECT_EQ(where([](MatrixOptions& o) {
              o.y.bands = {"a", "b", "c"};
              o.y.scale.edges = {{.value = 5}, {.value = 5}};
            }),
            "/y/edges/1");
  EXPECT_EQ(where([](MatrixOptions& o) {
              o.y.bands = {"a", "b", "c"};
              o.y.scale.edges = {{.value = 0.5, .quantile = true}, {.value = 5}};
            }),
            "/y/edges/1");
  EXPECT_EQ(where([](MatrixOptions& o) { o.y.scale.edges[0] = {.value = 1, .quantile = true}; }), "/y/edges/0");
  EXPECT_EQ(where([](MatrixOptions& o) { o.y.scale.edges[0] = {.value = 0.1234567, .quantile = true}; }), "/y/edges/0");
  EXPECT_EQ(where([](MatrixOptions& o) { o.x.scale.labels = {{"a"}, {"b"}}; }), "/x/edges");
  EXPECT_EQ(where([](MatrixOptions& o) {
              o.x.scale.edges = {};
              o.x.scale.labels = {{"a"}, {"b", "a"}};
            }),
            "/x/labels/1/1");
  EXPECT_EQ(where([](MatrixOptions& o) { o.x.substitute = o.x.scale; }), "/x/substitute/measure");
  EXPECT_EQ(where([](MatrixOptions& o) { o.groups = {}; }), "/groups");
  EXPECT_EQ(where([](MatrixOptions& o) { o.groups[1].name = "hot"; }), "/groups/1/name");
  EXPECT_EQ(where([](MatrixOptions& o) { o.groups[1].rules = {}; }), "/groups/1/rules");
  EXPECT_EQ(where([](MatrixOptions& o) { o.groups[0].rules[0].x = {"hgih"}; }), "/groups/0/rules/0/x/0");
  EXPECT_EQ(where([](MatrixOptions& o) { std::swap(o.groups[0], o.groups[1]); }), "/groups/1") << "out of reach";
  EXPECT_EQ(where([](MatrixOptions& o) { o.groups[0].rules[0].measures.emplace_back().measure = "a"; }),
            "/groups/0/rules/0/measures/0");
  EXPECT_EQ(where([](MatrixOptions& o) {
              MeasureCondition& condition = o.groups[0].rules[0].measures.emplace_back();
              condition.measure = "a";
              condition.above = 2;
              condition.at_most = 2;
            }),
            "/groups/0/rules/0/measures/0");
  std::string message;
  EXPECT_EQ(where([](MatrixOptions& o) { o.groups[1].rules[0].x = {"low"}; }, &message), "/groups");
  EXPECT_THAT(message, HasSubstr("unknown / little, unknown / much, unknown / unknown"));
  EXPECT_EQ(where([](MatrixOptions& o) {
              o.groups[1].rules[0].x = {"low"};
              o.otherwise = "unclear";
            }),
            "accepted");
}

TEST(Matrix, UnknownKeysAreNamed) {
  try {
    (void)MatrixClassifier::from_json(R"({"x": {"bands": ["a"], "measure": "m", "edge": []}})", "matrix", "/c/matrix");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "/c/matrix/x/edge");
  }
}

// The table over cells and conditions, and the way around it where there are too many conditions.
TEST(Matrix, GroupsOfRandomRulesEqualGoingThroughThem) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 40; ++round) {
    const int conditions = round % 12;
    MatrixOptions options = small();
    options.groups.clear();
    for (int c = 0; c < conditions; ++c) {
      MeasureCondition condition;
      condition.measure = below(2) == 0 ? "money_net" : "engagement";
      condition.above = below(300);
      if (below(2) == 0) condition.at_most = *condition.above + 1 + below(200);
      MatrixGroup group{"group " + std::to_string(c), {{}}};
      if (below(2) == 0) group.rules[0].x = {below(2) == 0 ? "low" : "unknown"};
      if (below(3) == 0) group.rules[0].y = {"much"};
      group.rules[0].measures = {condition};
      options.groups.push_back(group);
    }
    options.groups.push_back({"rest", {{}}});
    Reals engagement;
    Counts money;
    for (int row = 0; row < 5000; ++row) {
      engagement.push_back(below(9) == 0 ? std::nullopt : std::optional<double>(below(500)));
      money.push_back(below(9) == 0 ? std::nullopt : std::optional<std::int64_t>(below(500) * unit));
    }
    std::vector<std::string> expected;
    for (std::size_t row = 0; row < money.size(); ++row) {
      const std::optional<double> amount =
          money[row] ? std::optional<double>(static_cast<double>(*money[row] / unit)) : std::nullopt;
      const std::string x = !engagement[row] ? "unknown" : *engagement[row] > 2.5 ? "high" : "low";
      const std::string y = !amount ? "unknown" : *amount > 100 ? "much" : "little";
      for (const MatrixGroup& group : options.groups) {
        const auto& rule = group.rules[0];
        if (!rule.x.empty() && rule.x[0] != x) continue;
        if (!rule.y.empty() && rule.y[0] != y) continue;
        if (!rule.measures.empty()) {
          const MeasureCondition& condition = rule.measures[0];
          const std::optional<double> value = condition.measure == "money_net" ? amount : engagement[row];
          if (!value || *value <= *condition.above || (condition.at_most && *value > *condition.at_most)) continue;
        }
        expected.push_back(group.name);
        break;
      }
    }
    const Table table = table_of(engagement, money);
    const MatrixModel model = MatrixClassifier(options).fit(table);
    test::for_thread_counts([&](const Control& control) {
      EXPECT_EQ(test::texts(model.classify(table, control).column("group")), expected) << conditions << " conditions";
    });
  }
}

}  // namespace
}  // namespace klientela
