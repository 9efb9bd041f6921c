// RFM scores against a naive implementation that sorts, over random tables that look for trouble.
#include "klientela/classify/rfm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "klientela/classify/classifier.hpp"
#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

using test::Counts;
using test::Days;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Scores of one measure, by sorting: bin 0 is the lowest. Rows without a value are not given.
std::vector<int> naive_bins(const std::vector<std::int64_t>& values, const RfmOptions& options) {
  const auto n = static_cast<std::int64_t>(values.size());
  const std::int64_t bins = options.bins;
  std::vector<std::int64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int64_t value = values[i];
    if (options.method == ScoreMethod::quantile) {
      for (std::int64_t k = 1; k < bins; ++k) {
        __extension__ using Wide = __int128;
        const auto at = static_cast<std::size_t>((n - 1) * k / bins);
        const std::int64_t rest = (n - 1) * k % bins;
        const std::int64_t next = sorted[std::min(at + 1, sorted.size() - 1)];
        result[i] += Wide{value} * bins > Wide{sorted[at]} * bins + (Wide{next} - sorted[at]) * rest ? 1 : 0;
      }
      continue;
    }
    const auto less = std::count_if(values.begin(), values.end(), [&](std::int64_t v) { return v < value; });
    const auto equal = std::count(values.begin(), values.end(), value);
    std::int64_t twice = 0;
    switch (options.ties) {
      case TiePolicy::min: twice = 2 * (less + 1); break;
      case TiePolicy::max: twice = 2 * (less + equal); break;
      case TiePolicy::average: twice = 2 * less + 1 + equal; break;
      case TiePolicy::first:
        twice = 2 * (less + 1 + std::count(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), value));
        break;
    }
    result[i] = static_cast<int>((twice * bins + 2 * n - 1) / (2 * n)) - 1;  // ceil(rank * bins / n) - 1
  }
  return result;
}

struct NaiveScores {
  std::vector<int> r, f, m;
};

NaiveScores naive(const Days& recency, const Counts& frequency, const Counts& money, const RfmOptions& options) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < recency.size(); ++i)
    if (recency[i] && frequency[i] && money[i]) rows.push_back(i);
  std::vector<std::vector<std::int64_t>> columns(3);
  for (const std::size_t row : rows) {
    columns[0].push_back(*recency[row]);
    columns[1].push_back(*frequency[row]);
    columns[2].push_back(*money[row]);
  }
  std::vector<int> group(rows.size(), 0);
  std::vector<std::vector<int>> scores(3, std::vector<int>(recency.size(), 0));
  for (std::size_t m = 0; m < 3; ++m) {
    const std::set<int> groups(group.begin(), group.end());
    std::vector<int> bins(rows.size());
    for (const int g : groups) {
      std::vector<std::int64_t> values;
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (group[i] == g) values.push_back(columns[m][i]);
      const std::vector<int> found = naive_bins(values, options);
      std::size_t next = 0;
      for (std::size_t i = 0; i < rows.size(); ++i)
        if (group[i] == g) bins[i] = found[next++];
    }
    const bool falling = (m == 0) != (options.best == BestScore::low);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      scores[m][rows[i]] = falling ? options.bins - bins[i] : bins[i] + 1;
      if (options.nesting == Nesting::nested) group[i] = group[i] * options.bins + bins[i];
    }
  }
  return {scores[0], scores[1], scores[2]};
}

void expect_naive(const Days& recency, const Counts& frequency, const Counts& money, const RfmOptions& options) {
  const Table table = test::measures(recency, frequency, money);
  const NaiveScores expected = naive(recency, frequency, money, options);
  test::for_thread_counts([&](const Control& control) {
    const RfmModel model = RfmClassifier(options).fit(table, control);
    const Classification result = model.classify(table, control);
    ASSERT_EQ(test::numbers<std::int8_t>(result.column("rfm_r")), expected.r);
    ASSERT_EQ(test::numbers<std::int8_t>(result.column("rfm_f")), expected.f);
    ASSERT_EQ(test::numbers<std::int8_t>(result.column("rfm_m")), expected.m);
    const RfmModel again = RfmModel::from_json("rfm", model.to_json());
    ASSERT_EQ(again.to_json(), model.to_json());
    const Classification other = again.classify(table, control);
    ASSERT_EQ(test::numbers<std::int8_t>(other.column("rfm_m")), expected.m);
    ASSERT_EQ(test::texts(other.column("rfm_segment")), test::texts(result.column("rfm_segment")));
  });
  const Classification result = RfmClassifier(options).fit(table).classify(table);
  const SegmentTable segments = RfmClassifier(options).fit(table).segments();
  for (std::size_t row = 0; row < recency.size(); ++row) {
    const bool scored = recency[row] && frequency[row] && money[row];
    ASSERT_EQ(result.column("rfm_r").is_null(row), !scored);
    std::string segment = "none";
    if (scored) {
      segment = segments.otherwise;
      for (auto at = segments.rows.rbegin(); at != segments.rows.rend(); ++at) {
        const auto in = [](const ScoreRange& range, int score) { return range.low <= score && score <= range.high; };
        if (in(at->recency, expected.r[row]) && in(at->frequency, expected.f[row]) && in(at->money, expected.m[row]))
          segment = at->segment;
      }
    }
    ASSERT_EQ(result.column("rfm_segment").text(row), segment);
  }
}

TEST(Rfm, EqualsTheNaiveImplementationOnRandomTables) {
  test::Trouble trouble(20);
  for (int round = 0; round < 150; ++round) {
    const auto n = static_cast<std::size_t>(round % 10 == 0 ? trouble.below(4) : 1 + trouble.below(300));
    RfmOptions options;
    options.bins = static_cast<int>(2 + trouble.below(8));
    options.method = trouble.below(2) == 0 ? ScoreMethod::quantile : ScoreMethod::rank;
    options.ties = static_cast<TiePolicy>(trouble.below(4));
    options.best = static_cast<BestScore>(trouble.below(2));
    options.nesting = static_cast<Nesting>(trouble.below(2));
    const bool nulls = trouble.below(2) == 0;
    expect_naive(trouble.values<std::int32_t>(n, nulls), trouble.values<std::int64_t>(n, nulls),
                 trouble.values<std::int64_t>(n, false), options);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST(Rfm, LargeTableIsTheSameOnAnyNumberOfThreads) {
  test::Trouble trouble(7);
  for (const TiePolicy ties : {TiePolicy::average, TiePolicy::first}) {
    const std::size_t n = 200'000;
    const Table table = test::measures(trouble.values<std::int32_t>(n, true), trouble.values<std::int64_t>(n, false),
                                       trouble.values<std::int64_t>(n, true));
    RfmOptions options;
    options.method = ScoreMethod::rank;
    options.ties = ties;
    std::string first;
    std::string scores;
    test::for_thread_counts([&](const Control& control) {
      const RfmModel model = RfmClassifier(options).fit(table, control);
      const std::string all = test::joined(model.classify(table, control).column("rfm_m"));
      if (first.empty()) {
        first = model.to_json();
        scores = all;
      }
      EXPECT_EQ(model.to_json(), first);
      EXPECT_EQ(all, scores);
    });
  }
}

TEST(Rfm, FirstTiesGiveBinsOfEqualSize) {
  const Table table =
      test::measures({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  RfmOptions options;
  options.method = ScoreMethod::rank;
  options.ties = TiePolicy::first;
  const RfmModel model = RfmClassifier(options).fit(table);
  const Classification result = model.classify(table);
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_f")), ElementsAre(1, 1, 2, 2, 3, 3, 4, 4, 5, 5));
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_r")), ElementsAre(5, 5, 4, 4, 3, 3, 2, 2, 1, 1));
  EXPECT_EQ(model.edges(1)[0].last_client, "-40");
  // The frozen tie depends on the client alone: the same client alone gets the same score.
  const std::vector<std::uint32_t> one{7};
  EXPECT_EQ(test::numbers<std::int8_t>(model.classify(table.take(one)).column("rfm_f"))[0], 4);
}

TEST(Rfm, CuttingTiesNeedsClientOrder) {
  Table table = test::measures({1, 1, 1, 1}, {1, 1, 1, 1}, {1, 1, 1, 1});
  const std::vector<std::uint32_t> turned{3, 2, 1, 0};
  table = table.take(turned);
  RfmOptions options;
  options.method = ScoreMethod::rank;
  options.ties = TiePolicy::first;
  EXPECT_THROW((void)RfmClassifier(options).fit(table), Error);
  options.ties = TiePolicy::average;
  EXPECT_NO_THROW((void)RfmClassifier(options).fit(table));
}

TEST(Rfm, QuantileEdgesAreTypeSevenAndExact) {
  const Table table = test::measures({0, 1, 2, 3, 4, 5, 6, 7}, {1, 1, 1, 1, 1, 1, 1, 2},
                                     {1, 2, 3, 4, 5, 6, 7, 9'000'000'000'000'000'000});
  const RfmModel model = RfmClassifier().fit(table);
  EXPECT_EQ(model.edges(0)[0].at.to_text(), "1.4");  // numpy.quantile(range(8), .2)
  EXPECT_EQ(model.edges(0)[3].at.to_text(), "5.6");
  EXPECT_EQ(model.edges(1)[3].at.to_text(), "1");
  EXPECT_EQ(model.edges(2)[3].at, Threshold::exact(6, 10'000, 3, 5));
  EXPECT_THROW((void)model.edges(3), Error);
  EXPECT_THROW((void)model.edges(0, 1), Error);
}

TEST(Rfm, FloatMeasuresAreScoredAsExactArithmeticWould) {
  test::Trouble trouble(3);
  for (int round = 0; round < 60; ++round) {
    const auto n = static_cast<std::size_t>(1 + trouble.below(200));
    test::Reals values;
    std::vector<double> sorted;
    for (std::size_t i = 0; i < n; ++i) {
      double value =
          static_cast<double>(trouble.below(1000)) * std::ldexp(0.1, static_cast<int>(trouble.below(40)) - 20);
      if (trouble.below(3) == 0) value = -value;
      if (trouble.below(10) == 0)
        value = 1 + std::numeric_limits<double>::epsilon() * static_cast<double>(trouble.below(3));
      if (trouble.below(15) == 0) value = trouble.below(2) ? std::nan("") : std::numeric_limits<double>::infinity();
      values.emplace_back(value);
      if (std::isfinite(value)) sorted.push_back(value);
    }
    std::sort(sorted.begin(), sorted.end());
    RfmOptions options;
    options.money.column = "spend";
    options.bins = static_cast<int>(2 + trouble.below(8));
    Table table = test::measures(Days(n, 1), Counts(n, 1), Counts(n, 1));
    table.add(test::column<double>("spend", ColumnType::float64, values));
    test::for_thread_counts([&](const Control& control) {
      const Classification result = RfmClassifier(options).fit(table, control).classify(table, control);
      for (std::size_t i = 0; i < n; ++i) {
        ASSERT_EQ(result.column("rfm_m").is_null(i), !std::isfinite(*values[i]));
        if (!std::isfinite(*values[i])) continue;
        int score = 1;
        for (int k = 1; k < options.bins; ++k) {
          const std::size_t scaled = (sorted.size() - 1) * static_cast<std::size_t>(k);
          const std::size_t at = scaled / static_cast<std::size_t>(options.bins);
          const double low = sorted[at];
          const double high = sorted[std::min(at + 1, sorted.size() - 1)];
          const bool between = scaled % static_cast<std::size_t>(options.bins) != 0 && low < high;
          score += (between ? *values[i] >= high : *values[i] > low) ? 1 : 0;
        }
        ASSERT_EQ(result.column("rfm_m").values<std::int8_t>()[i], score);
      }
    });
  }
}

TEST(Rfm, FixedCutoffsReadDecimalsExactly) {
  RfmOptions options;
  options.method = ScoreMethod::fixed;
  options.bins = 3;
  options.recency.cutoffs = {30, 90};
  options.frequency.cutoffs = {1, 2.5};
  options.money.cutoffs = {0.1, 100};
  const Table table = test::measures({30, 31, 90, 91}, {1, 2, 3, 0}, {1000, 1001, 1'000'000, 1'000'001});
  const Classification result = RfmClassifier(options).fit(table).classify(table);
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_r")), ElementsAre(3, 2, 2, 1));
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_f")), ElementsAre(1, 2, 3, 1));
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_m")), ElementsAre(1, 2, 2, 3));
}

TEST(Rfm, EmptyTableAndOneClient) {
  const Table empty = test::measures({}, {}, {});
  const RfmModel nobody = RfmClassifier().fit(empty);
  EXPECT_EQ(nobody.classify(empty).rows(), 0U);
  const Table one = test::measures({3}, {2}, {500});
  EXPECT_EQ(RfmClassifier().fit(one).classify(one).column("rfm_segment").text(0), "New");
  EXPECT_THAT(test::numbers<std::int8_t>(RfmClassifier().fit(one).classify(one).column("rfm_r")), ElementsAre(5));
  EXPECT_THAT(test::numbers<std::int8_t>(RfmClassifier().fit(one).classify(one).column("rfm_m")), ElementsAre(1));
  EXPECT_THAT(test::numbers<std::int8_t>(nobody.classify(one).column("rfm_m")), ElementsAre(5)) << "all edges lowest";
}

TEST(Rfm, FrozenThresholdsJudgeOtherDaysTheSameWay) {
  const Table before = test::measures({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, {10, 20, 30, 40, 50});
  const RfmModel model = RfmClassifier().fit(before);
  const Table after = test::measures({100, 1, std::nullopt}, {3, 99, 0}, {30, -5, 0});
  const Classification result = model.classify(after);
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_r")), ElementsAre(1, 5, 0));
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_f")), ElementsAre(3, 5, 0));
  EXPECT_THAT(test::numbers<std::int8_t>(result.column("rfm_m")), ElementsAre(3, 1, 0));
  EXPECT_TRUE(result.column("rfm_m").is_null(2));
  EXPECT_EQ(result.column("rfm_segment").text(2), "none");
}

TEST(Rfm, ReasonsNameMeasureValueEdgesAndRule) {
  const Table table = test::measures({1, 2, 3, 4, std::nullopt}, {1, 2, 3, 4, 0}, {10'000, 20'000, 30'000, 45'000, 0});
  RfmOptions options;
  options.bins = 2;
  const Classification result = RfmClassifier(options).fit(table).classify(table);
  const std::vector<Reason> reasons = result.reasons(3);
  ASSERT_EQ(reasons.size(), 4U);
  EXPECT_EQ(reasons[2].column, "rfm_m");
  EXPECT_EQ(reasons[2].result, "2");
  EXPECT_EQ(reasons[2].measure, "money_net");
  EXPECT_EQ(reasons[2].value.text, "4.5");
  EXPECT_DOUBLE_EQ(reasons[2].value.number, 4.5);
  ASSERT_TRUE(reasons[2].low);
  EXPECT_EQ(reasons[2].low->text, "2.5");
  EXPECT_FALSE(reasons[2].high);
  EXPECT_EQ(reasons[2].rule, "rfm.m.2");
  EXPECT_EQ(reasons[3].value.text, "1/2/2");
  EXPECT_THAT(reasons[3].rule, HasSubstr("rfm.segment.cant-lose."));
  EXPECT_THAT(result.explain(3, Language::english),
              HasSubstr("rfm_m: 2, because money less refunds (money_net) is 4.5 (above 2.5)."));
  EXPECT_THAT(result.explain(3, Language::russian), HasSubstr("(больше 2.5)"));
  EXPECT_THAT(result.explain(4, Language::english), HasSubstr("no score"));
  EXPECT_EQ(result.reasons(4)[3].rule, "rfm.segment.none");
  EXPECT_THROW((void)result.reasons(5), Error);
}

TEST(Rfm, NamesPrefixTheColumns) {
  const Table table = test::measures({1, 2}, {1, 2}, {1, 2});
  const Classification result = RfmClassifier({}, "b2b").fit(table).classify(table);
  std::vector<std::string> names;
  for (const Column& column : result.columns()) names.push_back(column.name());
  EXPECT_THAT(names, ElementsAre("b2b_r", "b2b_f", "b2b_m", "b2b_segment"));
}

TEST(Rfm, MissingAndUnusableColumnsAreNamed) {
  Table table({test::clients(1), test::column<std::int32_t>("recency_days", ColumnType::int32, {1}),
               test::labels("frequency", {"a"}, {0})});
  try {
    (void)RfmClassifier().fit(table);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "frequency");
  }
  table.set(test::column<std::int64_t>("frequency", ColumnType::int64, {1}));
  try {
    (void)RfmClassifier().fit(table);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
  }
}

TEST(Rfm, ACancelledFitThrows) {
  const Table table = test::measures({1, 2}, {1, 2}, {1, 2});
  std::stop_source source;
  source.request_stop();
  Control control;
  control.stop = source.get_token();
  try {
    (void)RfmClassifier().fit(table, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

Error refusal(const std::string& json) {
  try {
    (void)RfmClassifier::from_json(json, "rfm", "/classifiers/rfm");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy) << error.what();
    return error;
  }
  return Error(Code::internal, "not refused");
}

TEST(Rfm, OptionsRoundTripThroughJson) {
  RfmOptions options;
  options.bins = 4;
  options.method = ScoreMethod::fixed;
  options.recency = {"days", true, {1, 2, 3.5}};
  options.frequency.cutoffs = {1, 2, 3};
  options.money = {"profit", false, {-1.25, 0, 1e6}};
  options.best = BestScore::low;
  options.segments = default_segments(4);
  const RfmClassifier classifier(options, "x");
  EXPECT_EQ(RfmClassifier::from_json(classifier.to_json(), "x").options(), options);
  EXPECT_EQ(RfmClassifier::from_json(RfmClassifier().to_json()).options(), RfmOptions{});
  EXPECT_EQ(*RfmClassifier::from_json(R"({"segments": "rfm10"})").options().segments, rfm10_segments());
  const RfmClassifier mirrored = RfmClassifier::from_json(R"({"segments": "rfm10", "best": "low"})");
  EXPECT_EQ(mirrored.options().segments->rows[0].recency, (ScoreRange{1, 1}));
}

TEST(Rfm, BadOptionsAreRefusedWhereTheyStand) {
  EXPECT_EQ(refusal(R"({"bins": 1})").where(), "/classifiers/rfm/bins");
  EXPECT_EQ(refusal(R"({"bins": 10})").where(), "/classifiers/rfm/bins");
  EXPECT_EQ(refusal(R"({"bin": 5})").where(), "/classifiers/rfm/bin");
  EXPECT_EQ(refusal(R"({"kind": "abc"})").where(), "/classifiers/rfm/kind");
  EXPECT_EQ(refusal(R"({"method": "quartile"})").where(), "/classifiers/rfm/method");
  EXPECT_EQ(refusal(R"({"recency": {"measure": ""}})").where(), "/classifiers/rfm/recency/measure");
  EXPECT_EQ(refusal(R"({"recency": {"worse": "low"}})").where(), "/classifiers/rfm/recency/worse");
  EXPECT_EQ(refusal(R"({"recency": {"cutoffs": [1]}})").where(), "/classifiers/rfm/recency/cutoffs");
  EXPECT_EQ(refusal(R"({"method": "fixed"})").where(), "/classifiers/rfm/recency/cutoffs");
  EXPECT_EQ(refusal(R"({"method": "fixed", "bins": 3, "recency": {"cutoffs": [2, 2]}})").where(),
            "/classifiers/rfm/recency/cutoffs/1");
  EXPECT_EQ(refusal(R"({"method": "fixed", "nesting": "nested"})").where(), "/classifiers/rfm/nesting");
  EXPECT_EQ(refusal(R"({"segments": "rfm11"})").where(), "/classifiers/rfm/segments");
  EXPECT_EQ(refusal(R"({"segments": "rfm10", "bins": 4})").where(), "/classifiers/rfm/segments");
  EXPECT_EQ(refusal(R"({"segments": {"rows": [{"segment": "a", "recency": [1, 6]}]}})").where(),
            "/classifiers/rfm/segments/rows/0/recency/1");
  EXPECT_EQ(refusal(R"({"segments": {"rows": [{"segment": "a", "recency": [1, 2, 3]}]}})").where(),
            "/classifiers/rfm/segments/rows/0/recency");
  const Error hole = refusal(R"({"segments": {"rows": [{"segment": "a", "recency": [2, 5]}]}})");
  EXPECT_EQ(hole.where(), "/classifiers/rfm/segments");
  EXPECT_THAT(hole.what(), HasSubstr("1/5/5"));
  EXPECT_EQ(refusal("[").where(), "");
  EXPECT_EQ(refusal("[]").where(), "/classifiers/rfm");
}

TEST(Rfm, BadModelsAreRefused) {
  const auto refuse = [](const std::string& json) {
    EXPECT_THROW((void)RfmModel::from_json("rfm", json), Error) << json;
  };
  refuse("{}");
  refuse(R"({"options": {}, "edges": {"recency": [], "frequency": [], "money": []}})");
  refuse(
      R"({"options": {"bins": 2}, "edges": {"recency": [[{"at": {"whole": 1}}]], "frequency": [[{"at": {"whole": 1}}]],
             "money": [[{"at": {"whole": 1, "plus": [1, 1]}}]]}})");
  refuse(
      R"({"options": {"bins": 2}, "edges": {"recency": [[{"at": {"whole": 1}}]], "frequency": [[{"at": {"whole": 1}}]],
             "money": [[{"at": {"real": 1, "whole": 1}}]]}})");
}

}  // namespace
}  // namespace klientela
