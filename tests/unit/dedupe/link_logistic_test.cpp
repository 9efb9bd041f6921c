// Weights from judged pairs: scikit-learn's numbers, any order of input, and how it ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "klientela/core/error.hpp"
#include "klientela/dedupe/link_training.hpp"

namespace klientela {
namespace {

using Levels = std::vector<std::uint8_t>;

const std::vector<ComparisonSpec> specs{{"b", {"different", "same"}}, {"a", {"different", "alike", "same"}}};

struct Judged {
  PatternCounts matches{.fields = 2};
  PatternCounts others{.fields = 2};
};

Judged judged() {
  Judged made;
  const auto row = [&](std::uint8_t b, std::uint8_t a, double matches, double others) {
    made.matches.add(Levels{b, a}, matches);
    made.others.add(Levels{b, a}, others);
  };
  row(1, 1, 2, 90);
  row(1, 2, 5, 20);
  row(1, 3, 15, 6);
  row(2, 1, 10, 25);
  row(2, 2, 20, 7);
  row(2, 3, 80, 3);
  row(0, 3, 12, 4);
  row(2, 0, 9, 8);
  row(0, 0, 1, 2);
  return made;
}

// scikit-learn 1.9, LogisticRegression(C=1/l2, tol=1e-14, solver="newton-cholesky") on one column for each level.
TEST(LinkLogistic, EqualsScikitLearn) {
  struct Expected {
    double l2;
    std::vector<double> b;
    std::vector<double> a;
    double intercept;
  };
  const std::vector<Expected> cases{{1,
                                     {-0.7742411590431395, 1.415967715624362},
                                     {-1.4367152983768512, 0.42482791504097456, 2.328908220721449},
                                     -0.9424215843631647},
                                    {0.01,
                                     {-0.5083010490613014, 1.9796668018757825},
                                     {-1.2672431541120244, 0.8177722501901399, 3.0215490613330305},
                                     -1.7259822557755093}};
  const Judged data = judged();
  for (const Expected& expected : cases) {
    const LinkTraining result = learn_link_model(specs, data.matches, data.others, {.l2 = expected.l2});
    EXPECT_EQ(result.status, LinkFit::converged) << result.advice;
    EXPECT_LT(result.iterations, 20U);
    for (std::size_t l = 0; l < 2; ++l)
      EXPECT_NEAR(result.model.weight(0, l + 1) * std::numbers::ln2, expected.b[l], 1e-7);
    for (std::size_t l = 0; l < 3; ++l)
      EXPECT_NEAR(result.model.weight(1, l + 1) * std::numbers::ln2, expected.a[l], 1e-7);
    EXPECT_NEAR(result.model.prior_weight() * std::numbers::ln2, expected.intercept, 1e-7);
    EXPECT_EQ(result.model.weight(0, 0), 0);
    for (std::size_t i = 1; i < result.log_likelihood.size(); ++i)
      EXPECT_GE(result.log_likelihood[i], result.log_likelihood[i - 1] - 1e-9);
  }
}

TEST(LinkLogistic, MovesTheInterceptToTheShareOfTheTask) {
  const Judged data = judged();
  const LinkTraining fair = learn_link_model(specs, data.matches, data.others);
  const LinkTraining rare = learn_link_model(specs, data.matches, data.others, {.share = 0.001});
  const double judged_odds = 154.0 / 165.0;
  EXPECT_NEAR(rare.model.prior_weight() - fair.model.prior_weight(), std::log2(0.001 / 0.999 / judged_odds), 1e-9);
  EXPECT_EQ(rare.model.fields(), fair.model.fields());
}

TEST(LinkLogistic, GivesTheSameBytesInAnyOrder) {
  const Judged data = judged();
  const LinkTraining result = learn_link_model(specs, data.matches, data.others);
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 10; ++trial) {
    const bool turned = trial % 2 == 0;
    const auto shuffled = [&](const PatternCounts& from) {
      std::vector<std::size_t> rows(from.rows());
      std::iota(rows.begin(), rows.end(), std::size_t{0});
      std::shuffle(rows.begin(), rows.end(), random);
      PatternCounts made{.fields = 2};
      for (const std::size_t row : rows) {
        const auto levels = from.row(row);
        made.add(turned ? Levels{levels[1], levels[0]} : Levels{levels[0], levels[1]}, from.counts[row]);
      }
      return made;
    };
    const std::vector<ComparisonSpec> order =
        turned ? std::vector<ComparisonSpec>{specs[1], specs[0]} : std::vector<ComparisonSpec>{specs[0], specs[1]};
    const LinkTraining other = learn_link_model(order, shuffled(data.matches), shuffled(data.others));
    EXPECT_EQ(other.log_likelihood, result.log_likelihood);
    EXPECT_EQ(other.model.prior(), result.model.prior());
    EXPECT_EQ(other.model.fields()[turned ? 1 : 0], result.model.fields()[0]);
    EXPECT_EQ(other.model.fields()[turned ? 0 : 1], result.model.fields()[1]);
  }
}

TEST(LinkLogistic, PoolsLevelsThatWouldFall) {
  Judged data;
  for (const auto& [level, matches, others] :
       std::vector<std::tuple<std::uint8_t, double, double>>{{1, 5, 100}, {2, 60, 10}, {3, 30, 20}}) {
    data.matches.add(Levels{0, level}, matches);
    data.others.add(Levels{0, level}, others);
  }
  const LinkModel free = learn_link_model(specs, data.matches, data.others, {.monotone = false}).model;
  EXPECT_GT(free.weight(1, 2), free.weight(1, 3) + 0.5);
  const LinkTraining rising = learn_link_model(specs, data.matches, data.others);
  EXPECT_EQ(rising.model.weight(1, 2), rising.model.weight(1, 3));
  EXPECT_GT(rising.model.weight(1, 2), free.weight(1, 3));
  EXPECT_LT(rising.model.weight(1, 2), free.weight(1, 2));
  EXPECT_EQ(rising.trained, (std::vector<bool>{false, true}));
  EXPECT_EQ(rising.model.weight(0, 2), 0);  // never seen
}

TEST(LinkLogistic, StaysFiniteWhereLevelsSeparateThePairs) {
  Judged data;
  data.matches.add(Levels{2, 3}, 1e6);
  data.others.add(Levels{1, 1}, 1e6);
  const LinkTraining result = learn_link_model(specs, data.matches, data.others);
  EXPECT_EQ(result.status, LinkFit::converged) << result.advice;
  EXPECT_GT(result.model.score(Levels{2, 3}), 5);
  EXPECT_LT(result.model.score(Levels{1, 1}), -5);
}

TEST(LinkLogistic, SaysHowItEnded) {
  const Judged data = judged();
  PatternCounts none{.fields = 2};
  EXPECT_EQ(learn_link_model(specs, data.matches, data.others, {.max_iterations = 1}).status, LinkFit::iteration_limit);
  EXPECT_EQ(learn_link_model(specs, data.matches, data.others, {.min_pairs = 1000}).status, LinkFit::too_few_pairs);
  EXPECT_EQ(learn_link_model(specs, data.others, data.matches).status, LinkFit::labels_swapped);
  const LinkTraining all = learn_link_model(specs, data.matches, none);
  EXPECT_EQ(all.status, LinkFit::one_class_empty);
  EXPECT_GT(all.model.prior(), 0.9);
  EXPECT_EQ(all.model.weight(0, 2), 0);
  const LinkTraining no_match = learn_link_model(specs, none, data.others);
  EXPECT_EQ(no_match.status, LinkFit::one_class_empty);
  EXPECT_NE(no_match.advice, all.advice);
}

template <class Call>
std::string refused(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(error.where()), std::string::npos) << error.what();
    return std::string(name(error.code())) + ' ' + error.where();
  }
  return "nothing";
}

TEST(LinkLogistic, RefusesWhatItCannotLearnFrom) {
  const Judged data = judged();
  const auto learns = [&](const PatternCounts& matches, const PatternCounts& others,
                          const LogisticOptions& options = {}) {
    return refused([&] { (void)learn_link_model(specs, matches, others, options); });
  };
  const PatternCounts none{.fields = 2};
  EXPECT_EQ(learns(none, none), "invalid_argument matches");
  PatternCounts bad = data.matches;
  bad.counts[2] = std::nan("");
  EXPECT_EQ(learns(bad, data.others), "invalid_argument matches.counts[2]");
  EXPECT_EQ(learns(data.matches, bad), "invalid_argument non_matches.counts[2]");
  bad = data.matches;
  bad.levels[3] = 9;
  EXPECT_EQ(learns(bad, data.others), "out_of_range matches.levels[3]");
  EXPECT_EQ(learns(data.matches, data.others, {.l2 = 0}), "invalid_argument l2");
  EXPECT_EQ(learns(data.matches, data.others, {.l2 = std::nan("")}), "invalid_argument l2");
  EXPECT_EQ(learns(data.matches, data.others, {.max_iterations = 0}), "invalid_argument max_iterations");
  EXPECT_EQ(learns(data.matches, data.others, {.tolerance = 1}), "invalid_argument tolerance");
  EXPECT_EQ(learns(data.matches, data.others, {.min_pairs = 1}), "invalid_argument min_pairs");
  EXPECT_EQ(learns(data.matches, data.others, {.share = 1.0}), "invalid_argument share");
}

}  // namespace
}  // namespace klientela
