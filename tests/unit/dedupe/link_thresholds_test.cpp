// Expected precision and recall against counting by hand and against drawn pairs; Platt's scaling against SciPy.
#include "klientela/dedupe/link_thresholds.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "klientela/core/error.hpp"

namespace klientela {
namespace {

const double infinity = std::numeric_limits<double>::infinity();

TEST(ThresholdTable, CountsAsByHand) {
  // Odds 3, 1, 1/3: probabilities 0.75, 0.5, 0.25.
  const double log3 = std::log2(3.0);
  const ThresholdTable table(std::vector<double>{-log3, log3, 0, log3}, std::vector<double>{8, 3, 2, 1});
  ASSERT_EQ(table.rows().size(), 3U);
  const std::vector<ThresholdRow> expected{{log3, 0.75, 4, 3, 0.75, 0.5, 0.6},
                                           {0, 0.5, 6, 4, 4.0 / 6, 4.0 / 6, 4.0 / 6},
                                           {-log3, 0.25, 14, 6, 6.0 / 14, 1, 0.6}};
  for (std::size_t i = 0; i < 3; ++i) {
    const ThresholdRow& row = table.rows()[i];
    EXPECT_EQ(row.threshold, expected[i].threshold);
    EXPECT_EQ(row.pairs, expected[i].pairs);
    EXPECT_NEAR(row.probability, expected[i].probability, 1e-12);
    EXPECT_NEAR(row.matches, expected[i].matches, 1e-12);
    EXPECT_NEAR(row.precision, expected[i].precision, 1e-12);
    EXPECT_NEAR(row.recall, expected[i].recall, 1e-12);
    EXPECT_NEAR(row.f1, expected[i].f1, 1e-12);
  }
  EXPECT_EQ(table.best_f1().threshold, 0);
  EXPECT_EQ(table.for_precision(0.7)->threshold, log3);
  EXPECT_EQ(table.for_precision(0.6)->threshold, 0);
  EXPECT_EQ(table.for_precision(0)->threshold, -log3);
  EXPECT_FALSE(table.for_precision(0.8));
  EXPECT_EQ(table.at(1).pairs, 4);
  EXPECT_EQ(table.at(log3).pairs, 4);  // inclusive
  EXPECT_EQ(table.at(std::nextafter(log3, 9)).pairs, 0);
  EXPECT_EQ(table.at(1e9).precision, 1);
  EXPECT_EQ(table.at(1e9).recall, 0);
  EXPECT_EQ(table.at(1e9).f1, 0);
  EXPECT_EQ(table.at(-infinity).pairs, 14);
  EXPECT_EQ(table.at(-1).threshold, -1);
  EXPECT_NEAR(table.at(-1).probability, 1.0 / 3, 1e-12);
}

LinkModel model() {
  LinkField a{.comparison = {"a", {"different", "alike", "same"}}, .m = {0.1, 0.2, 0.7}, .u = {0.8, 0.15, 0.05}};
  LinkField b{.comparison = {"b", {"different", "same"}}, .m = {0.1, 0.9}, .u = {0.7, 0.3}};
  return {0.2, {a, b}};
}

// Pairs drawn from the model: what is expected comes true within chance.
TEST(ThresholdTable, ComesTrueForPairsOfTheModel) {
  const LinkModel own = model();
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> uniform(0, 1);
  PatternCounts patterns{.fields = 2};
  std::vector<bool> matches;
  for (int i = 0; i < 200'000; ++i) {
    const bool match = uniform(random) < own.prior();
    std::vector<std::uint8_t> pattern;
    for (const LinkField& field : own.fields()) {
      double x = uniform(random);
      std::uint8_t level = 1;
      for (const double chance : match ? field.m : field.u) {
        if ((x -= chance) < 0) break;
        ++level;
      }
      pattern.push_back(std::min(level, static_cast<std::uint8_t>(field.m.size())));
    }
    patterns.add(pattern);
    matches.push_back(match);
  }
  const ThresholdTable table(own, patterns);
  EXPECT_EQ(table.rows().size(), 6U);
  const double all = static_cast<double>(std::count(matches.begin(), matches.end(), true));
  for (const ThresholdRow& row : table.rows()) {
    double pairs = 0;
    double found = 0;
    for (std::size_t i = 0; i < matches.size(); ++i) {
      if (own.score(patterns.row(i)) < row.threshold) continue;
      ++pairs;
      found += matches[i] ? 1 : 0;
    }
    EXPECT_EQ(pairs, row.pairs);
    EXPECT_NEAR(row.precision, found / pairs, 0.01);
    EXPECT_NEAR(row.recall, found / all, 0.01);
  }
}

TEST(ThresholdTable, IsTheSameInAnyOrderAndMonotone) {
  std::mt19937_64 random(2);
  std::vector<std::pair<double, double>> pairs;
  for (int i = 0; i < 5000; ++i)
    pairs.emplace_back(static_cast<double>(random() % 400) / 8 - 25, static_cast<double>(random() % 1000) / 7);
  const auto table_of = [](const auto& from) {
    std::vector<double> scores;
    std::vector<double> counts;
    for (const auto& [score, count] : from) {
      scores.push_back(score);
      counts.push_back(count);
    }
    return ThresholdTable(scores, counts);
  };
  const ThresholdTable table = table_of(pairs);
  std::shuffle(pairs.begin(), pairs.end(), random);
  const ThresholdTable other = table_of(pairs);
  ASSERT_EQ(table.rows().size(), other.rows().size());
  for (std::size_t i = 0; i < table.rows().size(); ++i) {
    const ThresholdRow& row = table.rows()[i];
    EXPECT_EQ(row.pairs, other.rows()[i].pairs);
    EXPECT_EQ(row.matches, other.rows()[i].matches);
    EXPECT_LE(row.f1, table.best_f1().f1);
    if (i == 0) continue;
    EXPECT_LT(row.threshold, table.rows()[i - 1].threshold);
    EXPECT_LE(row.precision, table.rows()[i - 1].precision + 1e-12);
    EXPECT_GE(row.recall, table.rows()[i - 1].recall);
  }
  EXPECT_EQ(table.rows().back().recall, 1);
}

// By SciPy: BFGS to a gradient of 1e-12; by scikit-learn 1.9, _sigmoid_calibration: slope 0.66316368, offset
// -0.46815703 in nats, to its tolerance.
TEST(ScoreCalibration, EqualsPlattsScaling) {
  const ScoreCalibration calibration = ScoreCalibration::platt(std::vector<double>{-6, -3, -1, 0, 2, 4, 7, 9},
                                                               std::vector<double>{0, 1, 2, 3, 5, 8, 9, 10},
                                                               std::vector<double>{12, 9, 6, 4, 3, 1, 1, 0});
  EXPECT_NEAR(calibration.slope(), 0.66316367, 2e-8);
  EXPECT_NEAR(calibration.offset(), -0.6754078178749666, 1e-6);
  EXPECT_EQ(calibration(2), calibration.slope() * 2 + calibration.offset());
  EXPECT_EQ(ScoreCalibration()(3.5), 3.5);
}

TEST(ScoreCalibration, StaysFiniteAndNeverTurnsScoresRound) {
  const std::vector<double> scores{-5, 5};
  const ScoreCalibration clear =
      ScoreCalibration::platt(scores, std::vector<double>{0, 50}, std::vector<double>{50, 0});
  EXPECT_GT(clear(5), 3);
  EXPECT_LT(clear(5), 10);
  const ScoreCalibration wrong =
      ScoreCalibration::platt(scores, std::vector<double>{50, 0}, std::vector<double>{0, 50});
  EXPECT_EQ(wrong.slope(), 0);
  EXPECT_NEAR(wrong.offset(), 0, 1e-12);
  const ScoreCalibration one =
      ScoreCalibration::platt(std::vector<double>{2}, std::vector<double>{3}, std::vector<double>{1});
  EXPECT_NEAR(link_probability(one(2)), (3 * 0.8 + 1.0 / 3) / 4, 1e-6);  // all at one score: their share
}

// Pairs by pattern as a mixture with a class has them: as many of one client are expected as there are.
TEST(ThresholdTable, ExpectsWhatTheMixtureOfClassesSays) {
  const auto field = [](const char* name, double m, double u) {
    return LinkField{.comparison = {name, {"different", "same"}}, .m = {1 - m, m}, .u = {1 - u, u}};
  };
  const LinkModel model(0.1, {field("given", 0.9, 0.05), field("phone", 0.8, 0.01)},
                        {{"household", 0.3, {{"phone", {0.25, 0.75}}}}});
  PatternCounts patterns{.fields = 2, .levels = {}, .counts = {}};
  double same_phone = 0;  // pairs of one client
  for (std::uint8_t given = 1; given <= 2; ++given)
    for (std::uint8_t phone = 1; phone <= 2; ++phone) {
      const double one = 0.1 * model.fields()[0].m[given - 1U] * model.fields()[1].m[phone - 1U];
      const double by_phone = 0.7 * model.fields()[1].u[phone - 1U] + 0.3 * model.classes()[0].fields[0].m[phone - 1U];
      patterns.add(std::vector<std::uint8_t>{given, phone},
                   1e6 * (one + 0.9 * model.fields()[0].u[given - 1U] * by_phone));
      if (given == 2 && phone == 2) same_phone = 1e6 * one;
    }
  const ThresholdTable table(model, patterns);
  EXPECT_NEAR(table.rows().back().matches, 1e5, 1e-3);
  const double best = model.score(std::vector<std::uint8_t>{2, 2});
  EXPECT_NEAR(table.at(best).matches, same_phone, 1e-3);
  EXPECT_NEAR(table.at(best).recall, 0.72, 1e-9);
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

TEST(ThresholdTable, RefusesBadNumbers) {
  const double nan = std::nan("");
  using Numbers = std::vector<double>;
  EXPECT_EQ(refused([] { ThresholdTable(Numbers{}, Numbers{}); }), "invalid_argument counts");
  EXPECT_EQ(refused([] { ThresholdTable(Numbers{1}, Numbers{0}); }), "invalid_argument counts");
  EXPECT_EQ(refused([] { ThresholdTable(Numbers{1}, Numbers{1, 2}); }), "invalid_argument counts");
  EXPECT_EQ(refused([&] { ThresholdTable(Numbers{1, nan}, Numbers{}); }), "invalid_argument scores[1]");
  EXPECT_EQ(refused([&] { ThresholdTable(Numbers{infinity}, Numbers{}); }), "invalid_argument scores[0]");
  EXPECT_EQ(refused([&] { ThresholdTable(Numbers{1, 1}, Numbers{1, nan}); }), "invalid_argument counts[1]");
  EXPECT_EQ(refused([&] { ThresholdTable(model(), PatternCounts{.fields = 1}); }), "invalid_argument patterns.fields");
  EXPECT_EQ(refused([&] {
              ThresholdTable(model(), PatternCounts{2, {1, 1, 1}, {1}});
            }),
            "invalid_argument patterns.levels");
  EXPECT_EQ(refused([&] { ThresholdTable(model(), PatternCounts{2, {1, 3}, {1}}); }), "out_of_range pattern");
  const ThresholdTable table(Numbers{1}, Numbers{});
  EXPECT_EQ(refused([&] { (void)table.at(nan); }), "invalid_argument threshold");
  EXPECT_EQ(refused([&] { (void)table.for_precision(nan); }), "out_of_range precision");
  EXPECT_EQ(refused([] { (void)ScoreCalibration::platt(Numbers{1}, Numbers{0}, Numbers{1}); }),
            "invalid_argument matches");
  EXPECT_EQ(refused([] { (void)ScoreCalibration::platt(Numbers{1}, Numbers{1}, Numbers{0}); }),
            "invalid_argument others");
  EXPECT_EQ(refused([] { (void)ScoreCalibration::platt(Numbers{1}, Numbers{1}, Numbers{}); }),
            "invalid_argument others");
  EXPECT_EQ(refused([&] { (void)ScoreCalibration::platt(Numbers{nan}, Numbers{1}, Numbers{1}); }),
            "invalid_argument scores[0]");
}

}  // namespace
}  // namespace klientela
