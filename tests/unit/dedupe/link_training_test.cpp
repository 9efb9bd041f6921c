// Learning link models: known parameters found again, a plain implementation beside, and the same bytes in any order.
#include "klientela/dedupe/link_training.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "klientela/core/error.hpp"
#include "klientela/core/executor.hpp"

namespace klientela {
namespace {

using Levels = std::vector<std::uint8_t>;
using Chances = std::vector<std::vector<double>>;

std::vector<ComparisonSpec> comparisons(const std::vector<std::size_t>& levels) {
  std::vector<ComparisonSpec> made;
  for (std::size_t f = 0; f < levels.size(); ++f) {
    ComparisonSpec comparison{.name = "c" + std::to_string(levels.size() - f), .levels = {}};  // not in order of names
    for (std::size_t l = 1; l <= levels[f]; ++l) comparison.levels.push_back("level " + std::to_string(l));
    made.push_back(comparison);
  }
  return made;
}

/// What pairs of one client and of two look like.
struct World {
  std::vector<ComparisonSpec> specs;
  Chances m;
  Chances u;
  double missing{0};
};

World world() {
  return {comparisons({2, 3, 4, 2}),
          {{0.1, 0.9}, {0.05, 0.15, 0.8}, {0.1, 0.1, 0.2, 0.6}, {0.02, 0.98}},
          {{0.9, 0.1}, {0.93, 0.05, 0.02}, {0.8, 0.15, 0.04, 0.01}, {0.7, 0.3}},
          0.1};
}

std::uint8_t draw(const std::vector<double>& chances, std::mt19937_64& random) {
  double x = std::uniform_real_distribution<double>(0, 1)(random);
  for (std::size_t l = 0; l < chances.size(); ++l)
    if ((x -= chances[l]) < 0) return static_cast<std::uint8_t>(l + 1);
  return static_cast<std::uint8_t>(chances.size());
}

/// Pairs of which a share is one client's; a fixed comparison agrees exactly in all.
PatternCounts sample(const World& world, std::size_t pairs, double share, std::mt19937_64& random,
                     const std::vector<std::size_t>& fixed = {}) {
  std::map<Levels, double> counts;
  for (std::size_t i = 0; i < pairs; ++i) {
    const Chances& from = std::uniform_real_distribution<double>(0, 1)(random) < share ? world.m : world.u;
    Levels pattern;
    for (std::size_t f = 0; f < world.specs.size(); ++f) {
      const bool gone = std::uniform_real_distribution<double>(0, 1)(random) < world.missing;
      pattern.push_back(gone ? std::uint8_t{0} : draw(from[f], random));
      if (std::find(fixed.begin(), fixed.end(), f) != fixed.end())
        pattern.back() = static_cast<std::uint8_t>(from[f].size());
    }
    counts[pattern] += 1;
  }
  PatternCounts made{.fields = world.specs.size(), .levels = {}, .counts = {}};
  for (const auto& [pattern, count] : counts) made.add(pattern, count);
  return made;
}

struct Training {
  World world;
  PatternCounts random;
  std::vector<TrainingBlock> blocks;
};

Training training(std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  Training made{world(), {}, {}};
  made.random = sample(made.world, 100'000, 0.001, random);
  made.blocks.push_back({"by first", sample(made.world, 20'000, 0.2, random, {0}), {0}});
  made.blocks.push_back({"by third", sample(made.world, 10'000, 0.5, random, {2}), {2}});
  return made;
}

void expect_same(const LinkTraining& a, const LinkTraining& b) {
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.log_likelihood, b.log_likelihood);
  EXPECT_EQ(a.iterations, b.iterations);
}

TEST(LinkTraining, FindsKnownParametersAgain) {
  const Training data = training();
  const LinkTraining result = train_link_model(data.world.specs, data.random, data.blocks);
  EXPECT_EQ(result.status, LinkFit::converged);
  EXPECT_EQ(result.advice, "");
  EXPECT_EQ(result.trained, std::vector<bool>(4, true));
  for (std::size_t f = 0; f < 4; ++f)
    for (std::size_t l = 0; l < data.world.m[f].size(); ++l) {
      EXPECT_NEAR(result.model.fields()[f].m[l], data.world.m[f][l], 0.02) << f << ' ' << l;
      EXPECT_NEAR(result.model.fields()[f].u[l], data.world.u[f][l], 0.005) << f << ' ' << l;
    }
  EXPECT_NEAR(result.blocks[0].share, 0.2, 0.02);
  EXPECT_NEAR(result.blocks[1].share, 0.5, 0.02);
  EXPECT_NEAR(result.blocks[1].matches, 5000, 200);
  EXPECT_TRUE(result.dependences.empty());
}

// With every pair of a base of which a tenth are one client's, u of exact agreement would be ten times too high.
TEST(LinkTraining, TakesMatchesOutOfTheRandomPairs) {
  World made = world();
  made.missing = 0;
  made.u[2] = {0.99, 0.006, 0.003, 0.001};
  std::mt19937_64 random(5);
  const PatternCounts pairs = sample(made, 100'000, 0.1, random);
  const std::vector<TrainingBlock> blocks{{"all", pairs, {}}};
  const LinkTraining result = train_link_model(made.specs, pairs, blocks, 100'000);
  EXPECT_NEAR(result.model.fields()[2].u.back(), 0.001, 0.0008);
  EXPECT_NEAR(result.model.fields()[2].m.back(), 0.6, 0.02);
  EXPECT_NEAR(result.model.prior(), 0.1, 0.01);
  const LinkTraining tiny = train_link_model(made.specs, pairs, blocks, 0, {.prior = 1e-9});
  EXPECT_GT(tiny.model.fields()[2].u.back(), 0.03);  // what the pairs show when none is a match
  EXPECT_EQ(tiny.model.prior(), 1e-9);
}

TEST(LinkTraining, EstimatesThePriorFromBlocks) {
  // 1e8 pairs of cards, 10,000 of them matches; a block on the fourth comparison: m 0.98, u 0.01.
  World made = world();
  made.missing = 0;
  made.u[3] = {0.99, 0.01};
  const double share = 9800 / (9800 + 1e6);
  std::mt19937_64 random(6);
  const PatternCounts sampled = sample(made, 200'000, 1e-4, random);
  const std::vector<TrainingBlock> blocks{{"by fourth", sample(made, 1'009'800, share, random, {3}), {3}},
                                          {"by third", sample(made, 16'000, 0.375, random, {2}), {2}}};
  const LinkTraining counted = train_link_model(made.specs, sampled, blocks, 1e8);
  EXPECT_NEAR(counted.model.prior(), 1e-4, 1e-5);
  const LinkTraining by_odds = train_link_model(made.specs, sampled, std::span(blocks).first(1));
  EXPECT_NEAR(std::log2(by_odds.model.prior() / 1e-4), 0, 0.3);
  EXPECT_FALSE(by_odds.trained[3]);
  EXPECT_TRUE(by_odds.trained[2]);
}

TEST(LinkTraining, TakesABlockOfUnknownKeyForNoFairSample) {
  const World made = world();
  std::mt19937_64 random(7);
  const PatternCounts sampled = sample(made, 100'000, 0, random);
  const std::vector<TrainingBlock> blocks{{"by something else", sample(made, 10'000, 0.5, random), {}}};
  EXPECT_LT(train_link_model(made.specs, sampled, blocks).model.prior(), 2e-4);
}

/// Expectation and maximisation as in a textbook: plain chances, pair by pair, u held.
struct Plain {
  Chances m;
  double share{0.1};
  std::vector<double> log_likelihood;

  void run(const World& world, const PatternCounts& patterns, int iterations, double smoothing,
           const Chances& expected) {
    for (int i = 0; i < iterations; ++i) {
      Chances sums;
      for (const auto& chances : m) sums.emplace_back(chances.size(), 0.0);
      double matches = 0;
      double pairs = 0;
      double total = 0;
      for (std::size_t r = 0; r < patterns.rows(); ++r) {
        double one = share;
        double two = 1 - share;
        bool silent = true;
        for (std::size_t f = 0; f < m.size(); ++f) {
          const std::size_t level = patterns.row(r)[f];
          if (level == 0) continue;
          silent = false;
          one *= m[f][level - 1];
          two *= world.u[f][level - 1];
        }
        if (silent) continue;
        const double p = one / (one + two);
        total += patterns.counts[r] * std::log(one + two);
        matches += patterns.counts[r] * p;
        pairs += patterns.counts[r];
        for (std::size_t f = 0; f < m.size(); ++f)
          if (const std::size_t level = patterns.row(r)[f]; level != 0) sums[f][level - 1] += patterns.counts[r] * p;
      }
      for (std::size_t f = 0; f < m.size(); ++f)
        for (std::size_t l = 0; l < m[f].size(); ++l) total += smoothing * expected[f][l] * std::log(m[f][l]);
      log_likelihood.push_back(total);
      share = matches / pairs;
      for (std::size_t f = 0; f < m.size(); ++f) {
        const double sum = std::accumulate(sums[f].begin(), sums[f].end(), smoothing);
        for (std::size_t l = 0; l < m[f].size(); ++l) m[f][l] = (sums[f][l] + smoothing * expected[f][l]) / sum;
      }
    }
  }
};

TEST(LinkTraining, EqualsAPlainImplementation) {
  for (const double smoothing : {0.0, 25.0}) {
    World made = world();
    std::mt19937_64 random(11);
    const std::vector<TrainingBlock> blocks{{"all", sample(made, 5'000, 0.3, random), {}}};
    const Chances expected{{0.2, 0.8}, {0.1, 0.2, 0.7}, {0.1, 0.2, 0.2, 0.5}, {0.3, 0.7}};
    LinkTrainingOptions options{.prior = 1e-12, .max_iterations = 60, .tolerance = 1e-15};
    options.smoothing_m = smoothing;
    options.prior_m = expected;
    options.smoothing_u = 1e9;  // u as given
    options.prior_u = made.u;
    options.monotone = false;
    PatternCounts one{.fields = 4, .levels = {}, .counts = {}};
    one.add(Levels{1, 1, 1, 1}, 1e-3);
    const LinkTraining result = train_link_model(made.specs, one, blocks, 0, options);
    const std::size_t iterations = result.log_likelihood.size();
    ASSERT_GT(iterations, 20U);
    Plain plain{expected, 0.1, {}};
    plain.run(made, blocks[0].patterns, static_cast<int>(iterations), smoothing, expected);
    for (std::size_t i = 0; i < iterations; ++i)
      EXPECT_NEAR(result.log_likelihood[i], plain.log_likelihood[i], 1e-9 * std::fabs(plain.log_likelihood[i]));
    EXPECT_NEAR(result.blocks[0].share, plain.share, 1e-9);
    for (std::size_t f = 0; f < 4; ++f)
      for (std::size_t l = 0; l < made.m[f].size(); ++l)
        EXPECT_NEAR(result.model.fields()[f].m[l], plain.m[f][l], 1e-9);
  }
}

// recordlinkage 0.16, ECMClassifier(init="jaro", max_iter=20000, atol=1e-12) fitted to these counts of 0000, 0001, ...,
// 1111 gave p, m, u and probabilities. It estimates u too; with its u held, its m and p are where ours must come to
// rest.
TEST(LinkTraining, EqualsRecordlinkage) {
  const std::vector<double> counts{1584, 33, 680, 18, 84, 3, 43, 17, 177, 5, 91, 37, 13, 8, 66, 144};
  const Chances m{{0.10219778642835732, 0.8978022135716434},
                  {0.19695986348092775, 0.8030401365190726},
                  {0.05153043360828546, 0.9484695663917151},
                  {0.3015161327196555, 0.6984838672803448}};
  LinkTrainingOptions options{.prior = 0.10030870831304477, .max_iterations = 5000, .tolerance = 1e-13};
  options.smoothing_m = 0;
  options.smoothing_u = 1e9;
  options.prior_u = {{0.8998592065726423, 0.10014079342735814},
                     {0.9496247129708395, 0.05037528702916062},
                     {0.7000875629423516, 0.2999124370576487},
                     {0.9797918753813804, 0.0202081246186195}};
  const auto specs = comparisons({2, 2, 2, 2});
  PatternCounts patterns{.fields = 4};
  const auto pattern = [](std::size_t i) {
    Levels levels;
    for (int bit = 3; bit >= 0; --bit) levels.push_back((i >> bit & 1U) != 0 ? 2 : 1);
    return levels;
  };
  for (std::size_t i = 0; i < 16; ++i) patterns.add(pattern(i), counts[i]);
  PatternCounts one{.fields = 4};
  one.add(pattern(0), 1e-6);
  const LinkTraining result =
      train_link_model(specs, one, std::vector<TrainingBlock>{{"all", patterns, {}}}, 0, options);
  EXPECT_NEAR(result.blocks[0].share, 0.1003090178529257, 1e-9);
  EXPECT_NEAR(result.blocks[0].share, 0.10030870831304477, 1e-5);
  for (std::size_t f = 0; f < 4; ++f)
    for (std::size_t l = 0; l < 2; ++l) EXPECT_NEAR(result.model.fields()[f].m[l], m[f][l], 1e-5);
  const LinkModel model = result.model.with_prior(result.blocks[0].share);
  EXPECT_NEAR(link_probability(model.score(pattern(0))), 5.948399011531377e-05, 1e-8);
  EXPECT_NEAR(link_probability(model.score(pattern(3))), 0.22304517513121397, 1e-5);
  EXPECT_NEAR(link_probability(model.score(pattern(7))), 0.956643036636645, 1e-5);
  EXPECT_NEAR(link_probability(model.score(pattern(15))), 0.9994262047400556, 1e-5);
}

TEST(LinkTraining, NeverLosesLikelihood) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 random(seed);
    World made;
    std::vector<std::size_t> levels;
    for (std::size_t f = 0; f < 2 + random() % 5; ++f) levels.push_back(2 + random() % 4);
    made.specs = comparisons(levels);
    made.missing = 0.3;
    const auto chances = [&](std::size_t n) {
      std::vector<double> some(n);
      for (double& chance : some) chance = std::uniform_real_distribution<double>(0.01, 1)(random);
      const double sum = std::accumulate(some.begin(), some.end(), 0.0);
      for (double& chance : some) chance /= sum;
      return some;
    };
    for (const std::size_t n : levels) {
      made.m.push_back(chances(n));
      made.u.push_back(chances(n));
    }
    const PatternCounts sampled = sample(made, 2'000, 0.05, random);
    const std::vector<TrainingBlock> blocks{{"a", sample(made, 500, 0.4, random, {0}), {0}},
                                            {"b", sample(made, 300, 0.1, random, {1}), {1}}};
    LinkTrainingOptions options{.max_iterations = 200, .tolerance = 1e-12};
    options.smoothing_m = seed % 2 == 0 ? 0 : 7;
    const LinkTraining result = train_link_model(made.specs, sampled, blocks, 0, options);
    ASSERT_GT(result.log_likelihood.size(), 1U);
    for (std::size_t i = 1; i < result.log_likelihood.size(); ++i)
      EXPECT_GE(result.log_likelihood[i], result.log_likelihood[i - 1] - 1e-8) << seed << ' ' << i;
  }
}

/// Two names, a birthday, a phone and an address; households share a family name, a phone and an address.
struct Families {
  std::vector<ComparisonSpec> specs = comparisons({3, 2, 3, 2, 3});
  Chances m{{0.05, 0.1, 0.85}, {0.04, 0.96}, {0.05, 0.1, 0.85}, {0.1, 0.9}, {0.1, 0.1, 0.8}};
  Chances u{{0.98, 0.015, 0.005}, {0.999, 0.001}, {0.96, 0.03, 0.01}, {0.9995, 0.0005}, {0.97, 0.02, 0.01}};
  Chances household{u[0], u[1], {0.3, 0.1, 0.6}, {0.4, 0.6}, {0.2, 0.1, 0.7}};
  std::vector<LinkClassSpec> classes{{"household", {{"c3", 0.5}, {"c2", 0.5}, {"c1", 0.5}}}};

  [[nodiscard]] PatternCounts sample(std::size_t pairs, double matches, double families,
                                     std::mt19937_64& random) const {
    std::map<Levels, double> counts;
    for (std::size_t i = 0; i < pairs; ++i) {
      const double x = std::uniform_real_distribution<double>(0, 1)(random);
      const Chances& from = x < matches ? m : x < matches + families ? household : u;
      Levels pattern;
      for (const auto& chances : from) pattern.push_back(random() % 20 == 0 ? std::uint8_t{0} : draw(chances, random));
      counts[pattern] += 1;
    }
    PatternCounts made{.fields = specs.size(), .levels = {}, .counts = {}};
    for (const auto& [pattern, count] : counts) made.add(pattern, count);
    return made;
  }
};

TEST(LinkTraining, FindsAClassOfPairsOfTwoClientsAgain) {
  const Families world;
  for (const double families : {0.0, 0.05, 0.4}) {
    SCOPED_TRACE(families);
    std::mt19937_64 random(17);
    const PatternCounts random_pairs = world.sample(100'000, 0.0001, 0.0001, random);
    const std::vector<TrainingBlock> blocks{{"all", world.sample(50'000, 0.1, families, random), {}}};
    LinkTrainingOptions options;
    options.smoothing_classes = 20;
    const LinkTraining result = train_link_model(world.specs, random_pairs, blocks, 0, options, {}, world.classes);
    EXPECT_EQ(result.status, LinkFit::converged) << result.advice;
    EXPECT_NEAR(result.blocks[0].share, 0.1, 0.01);
    for (std::size_t f = 0; f < 5; ++f)
      for (std::size_t l = 0; l < world.m[f].size(); ++l) {
        EXPECT_NEAR(result.model.fields()[f].m[l], world.m[f][l], 0.02) << f << ' ' << l;
        EXPECT_NEAR(result.model.fields()[f].u[l], world.u[f][l], 0.005) << f << ' ' << l;
      }
    ASSERT_EQ(result.model.classes().size(), 1U);
    const LinkClass& household = result.model.classes()[0];
    EXPECT_EQ(household.name, "household");
    EXPECT_LT(household.share, 2.5e-4);  // as the random pairs allow, a ten-thousandth and three pairs
    ASSERT_EQ(household.fields.size(), 3U);
    for (std::size_t i = 0; families > 0 && i < 3; ++i) {
      EXPECT_EQ(household.fields[i].comparison, world.specs[2 + i].name);
      for (std::size_t l = 0; l < household.fields[i].m.size(); ++l)
        EXPECT_NEAR(household.fields[i].m[l], world.household[2 + i][l], 0.05) << i << ' ' << l;
    }
    for (std::size_t i = 1; i < result.log_likelihood.size(); ++i)
      EXPECT_GE(result.log_likelihood[i], result.log_likelihood[i - 1] - 1e-6) << i;
    // Who shares all that a household shares is one client only where the rest says so.
    const Levels family{1, 1, 3, 2, 3};
    const Levels client{3, 2, 3, 2, 3};
    if (families > 0) {
      EXPECT_LT(result.model.score(family), 0);
    }
    EXPECT_GT(result.model.score(client), 5);
  }
}

// Without the class, what households share would be taken for evidence of one client.
TEST(LinkTraining, TakesHouseholdsForOneClientWithoutAClass) {
  const Families world;
  std::mt19937_64 random(18);
  const PatternCounts random_pairs = world.sample(100'000, 0.0001, 0.0005, random);
  const std::vector<TrainingBlock> blocks{{"all", world.sample(50'000, 0.05, 0.4, random), {}}};
  const Levels family{1, 1, 3, 2, 3};
  EXPECT_GT(train_link_model(world.specs, random_pairs, blocks).model.score(family), 3);
  EXPECT_LT(train_link_model(world.specs, random_pairs, blocks, 0, {}, {}, world.classes).model.score(family), -3);
}

TEST(LinkTraining, CountsTheShareOfAClassAsThePrior) {
  // 1e7 pairs of cards, of which 2000 are one client's and 6000 of households; all of them are looked at.
  const Families world;
  std::mt19937_64 random(19);
  const PatternCounts random_pairs = world.sample(300'000, 0.0002, 0.0006, random);
  const std::vector<TrainingBlock> blocks{{"all", world.sample(20'000, 0.1, 0.3, random), {}}};
  const LinkTraining result = train_link_model(world.specs, random_pairs, blocks, 1e7, {}, {}, world.classes);
  EXPECT_NEAR(result.model.prior(), 2e-4, 0.3e-4);
  EXPECT_NEAR(result.model.classes()[0].share, 6e-4, 1.5e-4);
}

// The random pairs bound what a class may be of, whoever says how frequent matches are.
TEST(LinkTraining, BoundsSharesOfClassesByTheRandomPairsAlsoWhereThePriorIsGiven) {
  const Families world;
  std::mt19937_64 random(23);
  const PatternCounts random_pairs = world.sample(300'000, 0.0002, 0.0006, random);
  // Of this block nobody says that it holds all pairs of a kind: its odds alone would make half of all pairs families.
  const std::vector<TrainingBlock> blocks{{"some", world.sample(20'000, 0.1, 0.5, random), {}}};
  LinkTrainingOptions given;
  given.prior = 2e-4;
  const LinkTraining estimated = train_link_model(world.specs, random_pairs, blocks, 0, {}, {}, world.classes);
  const LinkTraining told = train_link_model(world.specs, random_pairs, blocks, 0, given, {}, world.classes);
  EXPECT_EQ(told.model.prior(), 2e-4);
  EXPECT_NEAR(estimated.model.classes()[0].share, 6e-4, 2e-4);
  EXPECT_NEAR(told.model.classes()[0].share, estimated.model.classes()[0].share, 2e-5);
}

TEST(LinkTraining, EstimatesPriorAndSharesOfClassesFromOddsAlone) {
  // A block on the phone, half of it families. Odds of one client to nothing in common are 0.3 / 0.2 in the block, and
  // less by m / u of the phone among all pairs: 0.9 / 0.0005; of a family 0.5 / 0.2, less by 0.6 / 0.0005.
  const Families world;
  const double rest = 1 / (1 + 1.5 / 1800 + 2.5 / 1200);
  std::mt19937_64 random(24);
  const PatternCounts random_pairs = world.sample(400'000, rest * 1.5 / 1800, rest * 2.5 / 1200, random);
  PatternCounts by_phone = world.sample(40'000, 0.3, 0.5, random);
  for (std::size_t i = 0; i < by_phone.rows(); ++i) by_phone.levels[5 * i + 3] = 2;
  const LinkTraining result = train_link_model(
      world.specs, random_pairs, std::vector<TrainingBlock>{{"phone", by_phone, {3}}}, 0, {}, {}, world.classes);
  EXPECT_NEAR(std::log2(result.model.prior() / (rest * 1.5 / 1800)), 0, 0.3);
  EXPECT_NEAR(std::log2(result.model.classes()[0].share / (rest * 2.5 / 1200)), 0, 0.4);
}

TEST(LinkTraining, HasRoomForEveryClassWhateverThePrior) {
  const Families world;
  std::mt19937_64 random(25);
  PatternCounts nothing{.fields = 5, .levels = {}, .counts = {}};
  nothing.add(Levels{1, 1, 1, 1, 1}, 1e-9);
  LinkTrainingOptions options;
  options.prior = 0.5;
  for (const std::size_t count : {std::size_t{1}, std::size_t{3}, max_link_classes}) {
    std::vector<LinkClassSpec> classes;
    for (std::size_t k = 0; k < count; ++k)
      classes.push_back({std::to_string(k), {{"c3", 0.1 + 0.1 * static_cast<double>(k)}, {"c2", 0.5}}});
    for (const PatternCounts& patterns : {nothing, world.sample(2'000, 0.5, 0.4, random)}) {
      const LinkTraining result = train_link_model(
          world.specs, patterns, std::vector<TrainingBlock>{{"", patterns, {}}}, 0, options, {}, classes);
      ASSERT_EQ(result.model.classes().size(), count);
      double sum = 0;
      for (const LinkClass& each : result.model.classes()) sum += each.share;
      EXPECT_LE(sum, 0.9 + 1e-9);
      if (patterns.rows() == 1) {
        EXPECT_NEAR(sum, std::min(0.9, 0.4 * static_cast<double>(count)), 1e-9);
      }
    }
  }
}

TEST(LinkTraining, ExpectsClassesAsBeforeWhereLabelsAreSwapped) {
  const Families world;
  std::mt19937_64 random(26);
  // Pairs that agree are of two clients here: everything is the other way round.
  Families turned = world;
  std::swap(turned.m, turned.u);
  turned.household = turned.m;
  const PatternCounts random_pairs = turned.sample(5'000, 0, 0, random);
  LinkTrainingOptions options;
  options.max_disagreement = 1;
  options.monotone = false;
  const LinkTraining result = train_link_model(
      world.specs, random_pairs, std::vector<TrainingBlock>{{"all", turned.sample(5'000, 0.6, 0, random), {}}}, 0,
      options, {}, world.classes);
  ASSERT_EQ(result.status, LinkFit::labels_swapped);
  ASSERT_EQ(result.model.classes().size(), 1U);
  EXPECT_NEAR(result.model.classes()[0].share, result.model.prior(), 1e-7);
  for (const LinkClassField& shared : result.model.classes()[0].fields)
    for (std::size_t f = 0; f < 5; ++f)
      for (std::size_t l = 0; shared.comparison == world.specs[f].name && l < shared.m.size(); ++l) {
        const double m = result.model.fields()[f].m[l];
        EXPECT_NEAR(shared.m[l], 0.5 * m + 0.5 * result.model.fields()[f].u[l], 1e-9);
      }
}

// A block that decides all that a class shares cannot tell it: its pairs say nothing of how frequent the class is.
TEST(LinkTraining, CountsAClassOnlyWhereWhatItSharesIsSeen) {
  const Families world;
  std::mt19937_64 random(27);
  const PatternCounts random_pairs = world.sample(300'000, 0.0002, 0.0006, random);
  const std::vector<TrainingBlock> seen{{"all", world.sample(20'000, 0.1, 0.3, random), {}}};
  std::vector<TrainingBlock> both = seen;
  both.push_back({"blind", world.sample(20'000, 0.1, 0, random), {2, 3, 4}});
  const LinkTraining one = train_link_model(world.specs, random_pairs, seen, 1e7, {}, {}, world.classes);
  const LinkTraining other = train_link_model(world.specs, random_pairs, both, 1e7, {}, {}, world.classes);
  EXPECT_NEAR(other.model.classes()[0].share, one.model.classes()[0].share, 0.1 * one.model.classes()[0].share);
  const LinkTraining blind =
      train_link_model(world.specs, random_pairs, std::span(both).subspan(1), 0, {}, {}, world.classes);
  EXPECT_NEAR(blind.model.classes()[0].share, 6e-4, 5e-4);  // the random pairs have it
}

TEST(LinkTraining, LearnsNoShareOfAClassFromPairsThatAreNotAmongAll) {
  const Families world;
  std::mt19937_64 random(28);
  const PatternCounts random_pairs = world.sample(300'000, 0.0002, 0.0006, random);
  std::vector<TrainingBlock> blocks{{"all", world.sample(20'000, 0.1, 0.3, random), {}}};
  const LinkTraining one = train_link_model(world.specs, random_pairs, blocks, 1e7, {}, {}, world.classes);
  PatternCounts copies{.fields = 5, .levels = {}, .counts = {}};
  copies.add(Levels{3, 2, 3, 2, 3}, 5'000);
  blocks.push_back({.name = "equal", .patterns = copies, .fixed = {}, .among_all = false});
  const LinkTraining other = train_link_model(world.specs, random_pairs, blocks, 1e7, {}, {}, world.classes);
  EXPECT_NEAR(other.model.classes()[0].share, one.model.classes()[0].share, 0.05 * one.model.classes()[0].share);
  EXPECT_GT(other.model.fields()[0].m.back(), one.model.fields()[0].m.back());  // they teach m
}

PatternCounts shuffled(const PatternCounts& patterns, const std::vector<std::size_t>& order, std::mt19937_64& random) {
  std::vector<std::size_t> rows(patterns.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  std::shuffle(rows.begin(), rows.end(), random);
  PatternCounts made{.fields = patterns.fields, .levels = {}, .counts = {}};
  for (const std::size_t row : rows) {
    Levels pattern;
    for (const std::size_t place : order) pattern.push_back(patterns.row(row)[place]);
    made.add(pattern, patterns.counts[row] / 4);  // a pattern may come in parts
    made.add(pattern, patterns.counts[row] - patterns.counts[row] / 4);
    if (random() % 4 == 0) made.add(pattern, 0);
  }
  return made;
}

TEST(LinkTraining, GivesTheSameBytesInAnyOrderAndOnAnyThreads) {
  const Training data = training(2);
  LinkTrainingOptions options;
  options.prior_m = {{0.3, 0.7}, {}, {0.1, 0.2, 0.3, 0.4}, {}};
  const LinkTraining result = train_link_model(data.world.specs, data.random, data.blocks, 1e6, options);
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 5; ++trial) {
    std::vector<std::size_t> order{0, 1, 2, 3};
    std::shuffle(order.begin(), order.end(), random);
    std::vector<ComparisonSpec> specs;
    LinkTrainingOptions permuted = options;
    permuted.prior_m.clear();
    for (const std::size_t place : order) {
      specs.push_back(data.world.specs[place]);
      permuted.prior_m.push_back(options.prior_m[place]);
    }
    std::vector<TrainingBlock> blocks;
    for (auto block = data.blocks.rbegin(); block != data.blocks.rend(); ++block) {
      blocks.push_back({block->name, shuffled(block->patterns, order, random), {}});
      for (const std::size_t place : block->fixed)
        blocks.back().fixed.push_back(
            static_cast<std::size_t>(std::find(order.begin(), order.end(), place) - order.begin()));
    }
    ThreadPool pool(3);
    const LinkTraining other =
        train_link_model(specs, shuffled(data.random, order, random), blocks, 1e6, permuted, {.executor = &pool});
    std::vector<LinkField> back(4);
    for (std::size_t i = 0; i < 4; ++i) back[order[i]] = other.model.fields()[i];
    EXPECT_EQ(LinkModel(other.model.prior(), back), result.model);
    EXPECT_EQ(other.log_likelihood, result.log_likelihood);
    EXPECT_EQ(other.iterations, result.iterations);
    EXPECT_EQ(other.blocks[0].matches, result.blocks[1].matches);
    EXPECT_EQ(other.blocks[1].name, result.blocks[0].name);
  }
}

TEST(LinkTraining, LearnsClassesTheSameInAnyOrderAndOnAnyThreads) {
  const Families world;
  std::mt19937_64 random(20);
  const PatternCounts random_pairs = world.sample(20'000, 0.001, 0.002, random);
  const std::vector<TrainingBlock> blocks{{"a", world.sample(20'000, 0.1, 0.3, random), {3}},
                                          {"b", world.sample(30'000, 0.2, 0.1, random), {}}};
  const std::vector<LinkClassSpec> classes{world.classes[0], {"other", {{"c5", 0.1}, {"c1", 0.6}}}};
  const LinkTraining one = train_link_model(world.specs, random_pairs, blocks, 1e6, {}, {}, classes);
  for (int trial = 0; trial < 4; ++trial) {
    std::vector<std::size_t> order{0, 1, 2, 3, 4};
    std::shuffle(order.begin(), order.end(), random);
    const auto place_of = [&](std::size_t place) {
      return static_cast<std::size_t>(std::find(order.begin(), order.end(), place) - order.begin());
    };
    std::vector<ComparisonSpec> specs;
    for (const std::size_t place : order) specs.push_back(world.specs[place]);
    const std::vector<TrainingBlock> turned{{"b", shuffled(blocks[1].patterns, order, random), {}},
                                            {"a", shuffled(blocks[0].patterns, order, random), {place_of(3)}}};
    ThreadPool pool(5);
    const LinkTraining other =
        train_link_model(specs, shuffled(random_pairs, order, random), turned, 1e6, {}, {.executor = &pool}, classes);
    EXPECT_EQ(other.model.prior(), one.model.prior());
    EXPECT_EQ(other.log_likelihood, one.log_likelihood);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(other.model.fields()[i], one.model.fields()[order[i]]);
    for (std::size_t k = 0; k < 2; ++k) {
      const LinkClass& found = other.model.classes()[k];
      EXPECT_EQ(found.share, one.model.classes()[k].share);
      for (const LinkClassField& field : one.model.classes()[k].fields)
        EXPECT_NE(std::find(found.fields.begin(), found.fields.end(), field), found.fields.end()) << field.comparison;
    }
  }
}

TEST(LinkTraining, IsTheSameForAnyNumberOfThreadsWithManyPatterns) {
  World made = world();
  made.specs = comparisons(std::vector<std::size_t>(9, 4));
  made.m.assign(9, {0.1, 0.1, 0.2, 0.6});
  made.u.assign(9, {0.4, 0.3, 0.2, 0.1});
  std::mt19937_64 random(4);
  const PatternCounts sampled = sample(made, 20'000, 0.001, random);
  const std::vector<TrainingBlock> blocks{{"all", sample(made, 60'000, 0.2, random), {}}};
  ASSERT_GT(blocks[0].patterns.rows(), 30'000U);  // several chunks
  for (const std::vector<LinkClassSpec>& classes :
       {std::vector<LinkClassSpec>{}, {{"x", {{"c1", 0.5}, {"c2", 0.5}, {"c3", 0.5}}}, {"y", {{"c4", 0.2}}}}}) {
    const LinkTraining one = train_link_model(made.specs, sampled, blocks, 0, {.max_iterations = 20}, {}, classes);
    ThreadPool pool(4);
    expect_same(one,
                train_link_model(made.specs, sampled, blocks, 0, {.max_iterations = 20}, {.executor = &pool}, classes));
  }
}

TEST(LinkTraining, PoolsLevelsThatWouldFall) {
  World made = world();
  made.m[2] = {0.1, 0.5, 0.1, 0.3};  // the third level weighs less than the second
  made.u[2] = {0.8, 0.05, 0.1, 0.05};
  std::mt19937_64 random(8);
  const PatternCounts sampled = sample(made, 50'000, 0, random);
  const std::vector<TrainingBlock> blocks{{"all", sample(made, 20'000, 0.4, random), {}}};
  const LinkTraining rising = train_link_model(made.specs, sampled, blocks);
  LinkTrainingOptions options;
  options.monotone = false;
  const LinkTraining free = train_link_model(made.specs, sampled, blocks, 0, options);
  EXPECT_LT(free.model.weight(2, 3), free.model.weight(2, 2) - 1);
  EXPECT_NEAR(rising.model.weight(2, 3), rising.model.weight(2, 2), 1e-9);
  for (std::size_t f = 0; f < 4; ++f) {
    const std::vector<double>& m = rising.model.fields()[f].m;
    EXPECT_NEAR(std::accumulate(m.begin(), m.end(), 0.0), 1, 1e-9);
    for (std::size_t l = 2; l <= made.m[f].size(); ++l)
      EXPECT_GE(rising.model.weight(f, l), rising.model.weight(f, l - 1));
  }
  // The pool weighs as its levels do together.
  const LinkField& pooled = free.model.fields()[2];
  EXPECT_NEAR(rising.model.weight(2, 2), std::log2((pooled.m[1] + pooled.m[2]) / (pooled.u[1] + pooled.u[2])), 1e-9);
}

TEST(LinkTraining, TellsComparisonsThatDependOnEachOther) {
  World made = world();
  made.missing = 0;
  std::mt19937_64 random(9);
  PatternCounts sampled = sample(made, 50'000, 0, random);
  for (std::size_t i = 0; i < sampled.rows(); ++i)  // the second agrees wherever the third does
    if (sampled.levels[i * 4 + 2] == 4) sampled.levels[i * 4 + 1] = 3;
  const std::vector<TrainingBlock> blocks{{"all", sample(made, 20'000, 0.4, random), {}}};
  const LinkTraining result = train_link_model(made.specs, sampled, blocks, 0, {.prior = 1e-6});
  ASSERT_EQ(result.dependences.size(), 1U);
  EXPECT_EQ(result.dependences[0].first, 1U);
  EXPECT_EQ(result.dependences[0].second, 2U);
  EXPECT_GT(result.dependences[0].bits, 3);
}

TEST(LinkTraining, ShrinksToWhatIsExpected) {
  const World made = world();
  PatternCounts few{.fields = 4, .levels = {}, .counts = {}};
  few.add(Levels{2, 3, 4, 2});
  LinkTrainingOptions options;
  options.prior_m = {{0.3, 0.7}, {}, {}, {}};
  options.smoothing_m = 1e6;
  const LinkTraining result = train_link_model(made.specs, few, std::vector<TrainingBlock>{{"b", few, {}}}, 0, options);
  EXPECT_EQ(result.status, LinkFit::too_few_pairs);
  EXPECT_NE(result.advice, "");
  EXPECT_NEAR(result.model.fields()[0].m[1], 0.7, 1e-4);
  EXPECT_NEAR(result.model.fields()[1].m[2], 0.85, 1e-4);
  EXPECT_NEAR(result.model.fields()[3].m[1], 0.95, 1e-4);
  for (std::size_t f = 0; f < 4; ++f) EXPECT_GT(result.model.weight(f, made.m[f].size()), 0);
}

/// Comparisons in which nobody agrees, and nothing is expected of them: chances of 1 and of 0.
TEST(LinkTraining, StaysFiniteWithoutSmoothing) {
  const std::vector<ComparisonSpec> specs = comparisons({7, 7, 2});
  PatternCounts random{.fields = 3, .levels = {}, .counts = {}};
  random.add(Levels{1, 1, 1}, 10'000);
  PatternCounts candidates = random;
  candidates.add(Levels{1, 7, 2}, 500);
  for (const double bound : {1.0, 0.4, 1e-6, 1e-13, 1e-300}) {
    LinkTrainingOptions options;
    options.smoothing_m = options.smoothing_u = 0;
    options.max_disagreement = bound;
    const LinkTraining result =
        train_link_model(specs, random, std::vector<TrainingBlock>{{"b", candidates, {}}}, 1e6, options);
    for (const LinkField& field : result.model.fields()) {
      EXPECT_NEAR(std::accumulate(field.m.begin(), field.m.end(), 0.0), 1, 1e-9) << bound;
      EXPECT_LE(field.m.front(), std::max(bound, 1e-12) + 1e-15) << bound;
    }
    EXPECT_GT(result.model.weight(1, 7), 10) << bound;
  }
}

TEST(LinkTraining, SaysHowItEnded) {
  const Training data = training();
  const auto& specs = data.world.specs;
  EXPECT_EQ(train_link_model(specs, data.random, data.blocks, 0, {.max_iterations = 2}).status,
            LinkFit::iteration_limit);
  EXPECT_EQ(train_link_model(specs, data.random, data.blocks, 0, {.min_pairs = 1e9}).status, LinkFit::too_few_pairs);

  std::mt19937_64 random(12);
  PatternCounts different{.fields = 4, .levels = {}, .counts = {}};
  different.add(Levels{1, 1, 1, 1}, 5000);
  const LinkTraining none = train_link_model(specs, data.random, std::vector<TrainingBlock>{{"none", different, {}}});
  EXPECT_EQ(none.status, LinkFit::one_class_empty) << name(none.status);
  EXPECT_NE(none.advice.find("no pair"), std::string::npos) << none.advice;

  PatternCounts equal{.fields = 4, .levels = {}, .counts = {}};
  equal.add(Levels{2, 3, 4, 2}, 5000);
  const LinkTraining all = train_link_model(specs, data.random, std::vector<TrainingBlock>{{"all", equal, {}}});
  EXPECT_EQ(all.status, LinkFit::one_class_empty) << name(all.status);
  EXPECT_NE(all.advice.find("All pairs"), std::string::npos) << all.advice;
  EXPECT_GT(all.model.weight(2, 4), 5);

  // Half of the candidates disagree more than random pairs do, and none agrees.
  World odd = data.world;
  odd.missing = 0;
  odd.m = {{0.999, 0.001}, {0.998, 0.001, 0.001}, {0.001, 0.997, 0.001, 0.001}, {0.999, 0.001}};
  odd.u = {{0.5, 0.5}, {0.4, 0.3, 0.3}, {0.4, 0.2, 0.2, 0.2}, {0.5, 0.5}};
  const PatternCounts sampled = sample(odd, 50'000, 0, random);
  LinkTrainingOptions options;
  options.prior_m = {{0.5, 0.5}, {0.4, 0.3, 0.3}, {0.3, 0.4, 0.1, 0.2}, {0.6, 0.4}};
  options.prior = 0.001;
  options.max_disagreement = 1;
  const LinkTraining swapped = train_link_model(
      specs, sampled, std::vector<TrainingBlock>{{"odd", sample(odd, 20'000, 0.5, random), {}}}, 0, options);
  EXPECT_EQ(swapped.status, LinkFit::labels_swapped) << name(swapped.status);
  EXPECT_NEAR(swapped.model.fields()[0].m[0], 0.5, 0.01);  // as expected before
  EXPECT_EQ(swapped.model.prior(), 0.001);
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

TEST(LinkTraining, RefusesWhatItCannotLearnFrom) {
  const auto specs = comparisons({2, 2});
  PatternCounts good{.fields = 2, .levels = {1, 2, 2, 2, 1, 1}, .counts = {5, 5, 5}};
  const auto trains = [&](const PatternCounts& random, std::vector<TrainingBlock> blocks,
                          const LinkTrainingOptions& options = {}) {
    return refused([&] { (void)train_link_model(specs, random, blocks, 0, options); });
  };
  const auto block = [&](auto change) {
    PatternCounts bad = good;
    change(bad);
    return trains(good, {{"good", good, {}}, {"bad", bad, {}}});
  };
  const PatternCounts none{.fields = 2, .levels = {}, .counts = {}};
  const PatternCounts zero{.fields = 2, .levels = {1, 1}, .counts = {0}};
  const PatternCounts silent{.fields = 2, .levels = {0, 0}, .counts = {10}};
  const double nan = std::nan("");
  EXPECT_EQ(trains(good, {{"good", good, {}}}), "nothing");
  EXPECT_EQ(trains(good, {{"good", good, {}}, {"none", none, {}}, {"silent", silent, {}}}), "nothing");
  EXPECT_EQ(trains(silent, {{"good", good, {}}}), "nothing");  // u as expected
  EXPECT_EQ(trains(none, {{"good", good, {}}}), "invalid_argument random");
  EXPECT_EQ(trains(zero, {{"good", good, {}}}), "invalid_argument random");
  EXPECT_EQ(trains(good, {}), "invalid_argument blocks");
  EXPECT_EQ(trains(good, {{"none", none, {}}}), "invalid_argument blocks");
  EXPECT_EQ(trains(good, {{"zero", zero, {}}}), "invalid_argument blocks");
  EXPECT_EQ(trains(good, {{"silent", silent, {}}}), "invalid_argument blocks");
  EXPECT_EQ(block([&](PatternCounts& p) { p.counts[1] = nan; }), "invalid_argument blocks[1].patterns.counts[1]");
  EXPECT_EQ(block([&](PatternCounts& p) { p.counts[2] = -1; }), "invalid_argument blocks[1].patterns.counts[2]");
  EXPECT_EQ(block([&](PatternCounts& p) { p.counts[0] = 1e16; }), "invalid_argument blocks[1].patterns.counts[0]");
  EXPECT_EQ(block([&](PatternCounts& p) { p.levels[3] = 3; }), "out_of_range blocks[1].patterns.levels[3]");
  EXPECT_EQ(block([&](PatternCounts& p) { p.levels.pop_back(); }), "invalid_argument blocks[1].patterns.levels");
  EXPECT_EQ(block([&](PatternCounts& p) { p.fields = 3; }), "invalid_argument blocks[1].patterns.fields");
  EXPECT_EQ(trains(good, {{"a", good, {2}}}), "invalid_argument blocks[0].fixed");
  EXPECT_EQ(trains(good, {{"a", good, {0, 1}}}), "invalid_argument blocks[0].fixed");
  const auto option = [&](auto change) {
    LinkTrainingOptions bad;
    change(bad);
    return trains(good, {{"good", good, {}}}, bad);
  };
  EXPECT_EQ(option([&](auto& o) { o.prior = nan; }), "invalid_argument prior");
  EXPECT_EQ(option([&](auto& o) { o.prior = 0.6; }), "invalid_argument prior");
  for (const double bad : {-1.0, nan, 2e18})
    EXPECT_EQ(refused([&] {
                (void)train_link_model(specs, good, std::vector<TrainingBlock>{{"a", good, {}}}, bad);
              }),
              "invalid_argument total_pairs");
  EXPECT_EQ(option([&](auto& o) { o.max_iterations = 0; }), "invalid_argument max_iterations");
  EXPECT_EQ(option([&](auto& o) { o.tolerance = 0; }), "invalid_argument tolerance");
  EXPECT_EQ(option([&](auto& o) { o.start_share = 1; }), "invalid_argument start_share");
  EXPECT_EQ(option([&](auto& o) { o.smoothing_m = nan; }), "invalid_argument smoothing_m");
  EXPECT_EQ(option([&](auto& o) { o.smoothing_u = -1; }), "invalid_argument smoothing_u");
  EXPECT_EQ(option([&](auto& o) { o.min_pairs = 0; }), "invalid_argument min_pairs");
  EXPECT_EQ(option([&](auto& o) { o.prior_m = {{0.1, 0.9}}; }), "invalid_argument prior_m");
  EXPECT_EQ(option([&](auto& o) { o.prior_m = {{}, {0.1}}; }), "invalid_argument prior_m[1]");
  EXPECT_EQ(option([&](auto& o) { o.prior_u = {{}, {0, 1}}; }), "invalid_argument prior_u[1][0]");
  EXPECT_EQ(refused([&] { (void)train_link_model({}, good, {}); }), "invalid_argument comparisons");
  auto twice = specs;
  twice[1].name = twice[0].name;
  EXPECT_EQ(refused([&] { (void)train_link_model(twice, good, {}); }), "invalid_argument comparisons[1].name");
}

TEST(LinkTraining, StopsWhenToldTo) {
  const Training data = training();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(refused([&] {
              (void)train_link_model(data.world.specs, data.random, data.blocks, 0, {}, {.stop = stop.get_token()});
            }),
            "cancelled ");
}

TEST(LinkTraining, RefusesWhatIsNoClass) {
  const Training data = training();
  const auto with = [&](const std::vector<LinkClassSpec>& classes) {
    return refused([&] { (void)train_link_model(data.world.specs, data.random, data.blocks, 0, {}, {}, classes); });
  };
  EXPECT_EQ(with({{"", {{"c1"}}}}), "invalid_argument classes[0].name");
  EXPECT_EQ(with({{"x", {{"c1"}}}, {"x", {{"c1"}}}}), "invalid_argument classes[1].name");
  EXPECT_EQ(with({{"x", {}}}), "invalid_argument classes[0].shared");
  EXPECT_EQ(with({{"x", {{"c1"}, {"c9"}}}}), "invalid_argument classes[0].shared[1].comparison");
  EXPECT_EQ(with({{"x", {{"c1"}, {"c1"}}}}), "invalid_argument classes[0].shared[1].comparison");
  EXPECT_EQ(with({{"x", {{"c1", 0}}}}), "invalid_argument classes[0].shared[0].chance");
  EXPECT_EQ(with({{"x", {{"c1", 1.5}}}}), "invalid_argument classes[0].shared[0].chance");
  std::vector<LinkClassSpec> many;
  for (std::size_t k = 0; k <= max_link_classes; ++k) many.push_back({std::to_string(k), {{"c1"}}});
  EXPECT_EQ(with(many), "invalid_argument classes");
}

}  // namespace
}  // namespace klientela
