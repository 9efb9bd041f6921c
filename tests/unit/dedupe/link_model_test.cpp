// Link models: published weights, exact explanations, and everything they must refuse.
#include "klientela/dedupe/link_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "klientela/core/error.hpp"

namespace klientela {
namespace {

using Levels = std::vector<std::uint8_t>;

LinkField field(std::string name, std::vector<double> m, std::vector<double> u) {
  LinkField made;
  made.comparison.name = std::move(name);
  for (std::size_t i = 0; i < m.size(); ++i) made.comparison.levels.push_back("level " + std::to_string(i + 1));
  made.m = std::move(m);
  made.u = std::move(u);
  return made;
}

LinkField weighted(std::string name, std::vector<double> weights) {
  LinkField made = field(std::move(name), weights, {});
  made.m.clear();
  made.weights = std::move(weights);
  return made;
}

/// What a call throws: its code and place.
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

TEST(LinkModel, GivesTheWeightOfNinetyToOne) {
  const LinkModel model(0.5, {field("city", {0.1, 0.9}, {0.99, 0.01})});
  EXPECT_NEAR(model.weight(0, 2), 6.49, 0.005);
  EXPECT_NEAR(model.weight(0, 2), std::log2(90.0), 1e-12);
  EXPECT_NEAR(model.weight(0, 1), std::log2(0.1 / 0.99), 1e-12);
  EXPECT_EQ(model.weight(0, 0), 0);
  EXPECT_EQ(model.prior_weight(), 0);
}

// Splink's tests: prior 0.3, Bayes factors 7, 1/9, 1/9, 9, and one of 4.272592890212634 for a term frequency.
TEST(LinkModel, GivesSplinksWeightAndProbability) {
  LinkField last = weighted("d", {-1, std::log2(9.0)});
  last.tf_weight = 1;
  last.tf_average_u = 0.4272592890212634;
  const LinkModel model(0.3, {weighted("a", {-1, std::log2(7.0)}), weighted("b", {std::log2(1 / 9.0), 1}),
                              weighted("c", {std::log2(1 / 9.0), 1}), last});
  const Levels pattern{2, 1, 1, 2};
  const std::vector<double> shares{0.5, 0.5, 0.5, 0.1};
  const double score = model.score(pattern, shares);
  EXPECT_NEAR(score, 0.5101493570766487, 1e-11);
  EXPECT_NEAR(link_probability(score), 0.5874923778509089, 1e-11);
  EXPECT_NEAR(link_probability(0.5101493570766487), 0.5874923778509089, 1e-15);
}

// Splink's tests: base factor 5, values that 40, 8 and 2 of 50 cards have.
TEST(LinkModel, AdjustsForTermFrequencyAsSplink) {
  LinkField made = field("first_name", {1e-9, 1}, {0.8, 0.2});  // 1 / 0.2 = 5
  made.tf_weight = 1;
  const LinkModel model(0.5, {made});
  for (const auto& [count, factor] : std::vector<std::pair<double, double>>{{40, 1.25}, {8, 6.25}, {2, 25}}) {
    EXPECT_NEAR(std::exp2(model.weight(0, 2) + model.term_weight(0, count / 50)), factor, 1e-10);
    EXPECT_NEAR(std::exp2(model.score(Levels{2}, std::vector<double>{count / 50})), factor, 1e-10);
    EXPECT_NEAR(factor, 1 / (count / 50), 1e-12);  // m / share
  }
  EXPECT_EQ(model.term_weight(0, 0), 0);                                             // not known
  EXPECT_EQ(model.score(Levels{1}, std::vector<double>{0.01}), model.weight(0, 1));  // only exact agreement
}

TEST(LinkModel, TakesPowerFloorAndAverageOfTermFrequency) {
  LinkField made = field("first_name", {0.1, 0.9}, {0.8, 0.2});
  made.tf_weight = 0.5;
  made.tf_minimum_u = 0.05;
  EXPECT_NEAR(LinkModel(0.5, {made}).term_weight(0, 0.1), 0.5, 1e-12);   // half of log2(0.2 / 0.1)
  EXPECT_NEAR(LinkModel(0.5, {made}).term_weight(0, 0.0001), 1, 1e-12);  // half of log2(0.2 / 0.05)
  EXPECT_NEAR(LinkModel(0.5, {made}).term_weight(0, 0.8), -1, 1e-12);
  made.tf_average_u = 0.4;
  EXPECT_NEAR(LinkModel(0.5, {made}).term_weight(0, 0.1), 1, 1e-12);
  made.tf_weight = 0;
  EXPECT_EQ(LinkModel(0.5, {made}).term_weight(0, 0.1), 0);
}

TEST(LinkModel, AveragesUAsSumOfSquaredShares) {
  EXPECT_NEAR(average_u(std::vector<double>{40, 8, 2}), 0.6672, 1e-15);
  EXPECT_EQ(average_u(std::vector<double>{7}), 1);
  EXPECT_EQ(average_u(std::vector<double>(8, 3.0)), 0.125);
  EXPECT_EQ(refused([] { (void)average_u(std::vector<double>{}); }), "invalid_argument counts");
  EXPECT_EQ(refused([] { (void)average_u(std::vector<double>{0, 0}); }), "invalid_argument counts");
  EXPECT_EQ(refused([] { (void)average_u(std::vector<double>{1, -1}); }), "invalid_argument counts");
  EXPECT_EQ(refused([] { (void)average_u(std::vector<double>{std::nan("")}); }), "invalid_argument counts");
}

TEST(LinkModel, ExplainsAScoreExactlyInAnyOrder) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> bits(-60, 60);
  std::uniform_real_distribution<double> share(0, 1);
  for (int trial = 0; trial < 500; ++trial) {
    std::vector<LinkField> fields;
    Levels pattern;
    std::vector<double> shares;
    for (std::size_t f = 0; f < 1 + random() % max_comparisons; ++f) {
      fields.push_back(weighted("field " + std::to_string(f), {bits(random), bits(random), bits(random)}));
      fields.back().tf_weight = share(random);
      fields.back().tf_average_u = share(random) + 1e-9 > 1 ? 1 : share(random) * 0.5 + 1e-9;
      pattern.push_back(static_cast<std::uint8_t>(random() % 4));
      shares.push_back(random() % 3 == 0 ? 0 : share(random));
    }
    const LinkModel model(std::exp2(-bits(random) / 10 - 7), fields);
    const ScoreExplanation explanation = model.explain(pattern, shares);
    const double score = model.score(pattern, shares);
    EXPECT_EQ(explanation.score, score);
    std::vector<double> parts{explanation.prior_weight};
    for (std::size_t f = 0; f < fields.size(); ++f) {
      EXPECT_EQ(explanation.fields[f].field, f);
      EXPECT_EQ(explanation.fields[f].level, pattern[f]);
      EXPECT_EQ(explanation.fields[f].weight, model.weight(f, pattern[f]));
      if (pattern[f] != 3) {
        EXPECT_EQ(explanation.fields[f].term_weight, 0);
      }
      parts.push_back(explanation.fields[f].weight);
      parts.push_back(explanation.fields[f].term_weight);
    }
    for (int order = 0; order < 3; ++order) {
      std::shuffle(parts.begin(), parts.end(), random);
      EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0.0), score);
    }
  }
}

/// Two names, a phone and a town; households share all but the given name.
LinkModel with_classes(double share_of_households, double share_of_towns) {
  LinkField family = field("family", {0.1, 0.2, 0.7}, {0.95, 0.03, 0.02});
  family.tf_weight = 1;
  return {
      0.001,
      {field("given", {0.05, 0.95}, {0.99, 0.01}), family, field("phone", {0.2, 0.8}, {0.999, 0.001}),
       field("town", {0.1, 0.9}, {0.7, 0.3})},
      {{"household", share_of_households, {{"family", {0.4, 0.1, 0.5}}, {"phone", {0.3, 0.7}}, {"town", {0.1, 0.9}}}},
       {"town", share_of_towns, {{"town", {0.2, 0.8}}}}}};
}

TEST(LinkModel, TakesWhatClassesExplainOffTheScore) {
  const LinkModel model = with_classes(0.002, 0.1);
  std::size_t explained = 0;
  for (std::uint8_t given = 0; given <= 2; ++given)
    for (std::uint8_t family = 0; family <= 3; ++family)
      for (std::uint8_t phone = 0; phone <= 2; ++phone)
        for (std::uint8_t town = 0; town <= 2; ++town) {
          const Levels pattern{given, family, phone, town};
          // Chances as the mixture has them.
          double one = 0.001;
          double chance = 1;
          for (std::size_t f = 0; f < 4; ++f) {
            if (pattern[f] == 0) continue;
            one *= model.fields()[f].m[pattern[f] - 1U];
            chance *= model.fields()[f].u[pattern[f] - 1U];
          }
          std::vector<double> of_class(2, chance);
          for (std::size_t k = 0; k < 2; ++k)
            for (const LinkClassField& shared : model.classes()[k].fields)
              for (std::size_t f = 0; f < 4; ++f)
                if (model.fields()[f].comparison.name == shared.comparison && pattern[f] != 0)
                  of_class[k] *= shared.m[pattern[f] - 1U] / model.fields()[f].u[pattern[f] - 1U];
          const double two = 0.999 * (0.898 * chance + 0.002 * of_class[0] + 0.1 * of_class[1]);
          const ScoreExplanation why = model.explain(pattern);
          EXPECT_NEAR(why.score, std::log2(one / two), 1e-9);
          EXPECT_EQ(why.score, model.score(pattern));
          double sum = why.prior_weight + why.shared_weight;
          for (const FieldEvidence& each : why.fields) sum += each.weight + each.term_weight;
          EXPECT_EQ(sum, why.score);
          EXPECT_LE(why.shared_weight, model.highest_shared_weight());
          EXPECT_EQ(why.shared_by.has_value(), why.shared_weight < 0);
          if (!why.shared_by) continue;
          ++explained;
          EXPECT_EQ(*why.shared_by, 0.002 * of_class[0] > 0.1 * of_class[1] ? 0U : 1U);
        }
  EXPECT_GT(explained, 10U);
  // Another given name: the household explains what is in common.
  EXPECT_LT(model.score(Levels{1, 3, 2, 2}), -3);
  EXPECT_GT(model.score(Levels{2, 3, 2, 2}), 3);
  EXPECT_GT(with_classes(0, 0).score(Levels{1, 3, 2, 2}), 2);
  EXPECT_EQ(with_classes(0, 0).explain(Levels{1, 3, 2, 2}).shared_weight, 0);
}

TEST(LinkModel, ExplainsRareValuesOfAClassAsItDoesThoseOfOneClient) {
  const LinkModel model = with_classes(0.01, 0);
  const Levels pattern{1, 3, 0, 0};
  const double s = (0.5 - 0.02) / (1 - 0.02);
  for (const double share : {0.0001, 0.02, 0.6}) {
    const ScoreExplanation why = model.explain(pattern, std::vector<double>{0, share, 0, 0});
    EXPECT_NEAR(why.shared_weight, -std::log2(0.99 + 0.01 * (s / share + 1 - s)), 1e-9) << share;
  }
  const ScoreExplanation more =
      model.explain(pattern, {}, std::vector<double>{5, -2, 0, 0});  // no term of a lower level
  EXPECT_EQ(more.fields[0].term_weight, 0);
  EXPECT_EQ(more.fields[1].term_weight, -2);
  EXPECT_NEAR(more.shared_weight, -std::log2(0.99 + 0.01 * (s / 0.08 + 1 - s)), 1e-9);
}

TEST(LinkModel, ExplainsByAClassWhatItSharesLessThanChance) {
  // Of this class phones agree less often than by chance: however rare the phone, it is m / u.
  LinkField phone = field("phone", {0.2, 0.8}, {0.9, 0.1});
  phone.tf_weight = 1;
  const LinkModel model(0.01, {phone}, {{"x", 0.5, {{"phone", {0.95, 0.05}}}}});
  for (const double more : {-3.0, -1e-9, 0.0, 1e-9, 5.0})
    EXPECT_NEAR(model.explain(Levels{2}, {}, std::vector<double>{more}).shared_weight, -std::log2(0.5 + 0.5 * 0.5),
                1e-9)
        << more;
}

TEST(LinkModel, KeepsScoresOfManyFieldsFinite) {
  std::vector<LinkField> fields;
  LinkClass own{"all", 0.5, {}};
  for (std::size_t f = 0; f < max_comparisons; ++f) {
    fields.push_back(field("field " + std::to_string(f), {1e-9, 1 - 1e-9}, {1 - 1e-9, 1e-9}));
    own.fields.push_back({fields.back().comparison.name, {0.5, 0.5}});
  }
  const LinkModel model(0.5, fields, {own});
  const Levels same(max_comparisons, 2);
  const ScoreExplanation why = model.explain(same);
  // r = (0.5 / 1e-9)^64, which no double holds.
  EXPECT_NEAR(why.shared_weight, 1 - 64 * std::log2(0.5 / 1e-9), 1e-6);
  EXPECT_NEAR(why.score, 65, 1e-3);
  EXPECT_EQ(why.score, model.score(same));
  EXPECT_EQ(why.shared_by, std::optional<std::size_t>(0));
  const std::vector<double> most(max_comparisons, 512);
  EXPECT_TRUE(std::isfinite(model.explain(same, {}, most).score));
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 513.0, -513.0}) {
    std::vector<double> more(max_comparisons, 0.0);
    more.back() = bad;
    EXPECT_EQ(refused([&] { (void)model.explain(same, {}, more); }), "out_of_range more") << bad;
  }
  EXPECT_EQ(refused([&] { (void)model.explain(same, {}, std::vector<double>{0}); }), "invalid_argument more");
}

TEST(LinkModel, RefusesWhatIsNoClass) {
  const auto with = [](const LinkClass& one, std::vector<LinkClass> more = {}) {
    return refused([&] {
      more.push_back(one);
      LinkModel(0.01, {field("a", {0.1, 0.9}, {0.99, 0.01}), weighted("b", {-1, 1})}, more);
    });
  };
  EXPECT_EQ(with({"x", 0.1, {{"a", {0.2, 0.8}}}}), "nothing");
  EXPECT_EQ(with({"", 0.1, {{"a", {0.2, 0.8}}}}), "invalid_argument classes[0].name");
  EXPECT_EQ(with({"x", 0.1, {{"a", {0.2, 0.8}}}}, {{"x", 0.1, {{"a", {0.2, 0.8}}}}}),
            "invalid_argument classes[1].name");
  EXPECT_EQ(with({"x", 0.91, {{"a", {0.2, 0.8}}}}), "invalid_argument classes[0].share");
  EXPECT_EQ(with({"x", std::nan(""), {{"a", {0.2, 0.8}}}}), "invalid_argument classes[0].share");
  EXPECT_EQ(with({"x", 0.6, {{"a", {0.2, 0.8}}}}, {{"y", 0.6, {{"a", {0.2, 0.8}}}}}), "invalid_argument classes");
  EXPECT_EQ(with({"x", 0.1, {}}), "invalid_argument classes[0].fields");
  EXPECT_EQ(with({"x", 0.1, {{"c", {0.2, 0.8}}}}), "invalid_argument classes[0].fields[0].comparison");
  EXPECT_EQ(with({"x", 0.1, {{"b", {0.2, 0.8}}}}), "invalid_argument classes[0].fields[0].comparison");
  EXPECT_EQ(with({"x", 0.1, {{"a", {0.2, 0.8}}, {"a", {0.2, 0.8}}}}),
            "invalid_argument classes[0].fields[1].comparison");
  EXPECT_EQ(with({"x", 0.1, {{"a", {0.2, 0.3, 0.5}}}}), "invalid_argument classes[0].fields[0].m");
  EXPECT_EQ(with({"x", 0.1, {{"a", {0.2, 0.9}}}}), "invalid_argument classes[0].fields[0].m");
  EXPECT_EQ(with({"x", 0.1, {{"a", {0, 1}}}}), "invalid_argument classes[0].fields[0].m");
}

TEST(LinkModel, SaysNothingWithoutEvidence) {
  const LinkModel model(0.01, {field("a", {0.1, 0.9}, {0.99, 0.01}), field("b", {0.1, 0.9}, {0.9, 0.1})});
  EXPECT_EQ(model.score(Levels{0, 0}), model.prior_weight());
  EXPECT_NEAR(link_probability(model.prior_weight()), 0.01, 1e-13);
  EXPECT_EQ(LinkModel().score(Levels{}), 0);
  EXPECT_EQ(link_probability(0), 0.5);
  EXPECT_EQ(link_probability(1e4), 1);
  EXPECT_EQ(link_probability(-1e4), 0);
}

TEST(LinkModel, RefusesWhatIsNoModel) {
  const double nan = std::nan("");
  const double infinity = std::numeric_limits<double>::infinity();
  const LinkField good = field("a", {0.1, 0.9}, {0.99, 0.01});
  const auto refuses = [&](auto change) {
    LinkField bad = good;
    change(bad);
    return refused([&] { LinkModel(0.5, {field("other", {0.1, 0.9}, {0.9, 0.1}), bad}); });
  };
  for (const double prior : {0.0, 1.0, -1.0, 2.0, nan, 1e-19})
    EXPECT_EQ(refused([&] { LinkModel(prior, {good}); }), "invalid_argument prior");
  EXPECT_EQ(refused([&] { (void)LinkModel(0.5, {good}).with_prior(nan); }), "invalid_argument prior");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.name = ""; }), "invalid_argument fields[1].name");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.name = "other"; }), "invalid_argument fields[1].name");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.name = "\xFF"; }), "invalid_argument fields[1].name");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.levels = {"one", "\xC3"}; }), "invalid_argument fields[1].levels");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.levels = {"one"}; }), "invalid_argument fields[1].levels");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.levels = {"one", "one"}; }), "invalid_argument fields[1].levels");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.levels = {"one", ""}; }), "invalid_argument fields[1].levels");
  EXPECT_EQ(refuses([](LinkField& f) { f.comparison.levels.assign(33, "x"); }), "invalid_argument fields[1].levels");
  EXPECT_EQ(refuses([](LinkField& f) { f.m = {1}; }), "invalid_argument fields[1].m");
  EXPECT_EQ(refuses([](LinkField& f) { f.m = {}; }), "invalid_argument fields[1].m");
  EXPECT_EQ(refuses([](LinkField& f) { f.m = {0.5, 0.6}; }), "invalid_argument fields[1].m");
  EXPECT_EQ(refuses([](LinkField& f) { f.m = {0, 1}; }), "invalid_argument fields[1].m");
  EXPECT_EQ(refuses([&](LinkField& f) { f.u = {nan, 1}; }), "invalid_argument fields[1].u");
  EXPECT_EQ(refuses([&](LinkField& f) { f.u = {-1, 2}; }), "invalid_argument fields[1].u");
  EXPECT_EQ(refuses([](LinkField& f) { f.weights = {1, 2}; }), "invalid_argument fields[1].weights");
  const auto by_weights = [&](std::vector<double> weights) {
    return refuses([&](LinkField& f) {
      f.m.clear();
      f.u.clear();
      f.weights = weights;
    });
  };
  EXPECT_EQ(by_weights({1, nan}), "invalid_argument fields[1].weights");
  EXPECT_EQ(by_weights({1, infinity}), "invalid_argument fields[1].weights");
  EXPECT_EQ(by_weights({-61, 1}), "invalid_argument fields[1].weights");
  EXPECT_EQ(by_weights({1, 2, 3}), "invalid_argument fields[1].weights");
  EXPECT_EQ(by_weights({1, 2}), "nothing");
  for (const double bad : {nan, -0.1, 1.1}) {
    EXPECT_EQ(refuses([&](LinkField& f) { f.tf_weight = bad; }), "invalid_argument fields[1].tf_weight");
    EXPECT_EQ(refuses([&](LinkField& f) { f.tf_minimum_u = bad; }), "invalid_argument fields[1].tf_minimum_u");
    EXPECT_EQ(refuses([&](LinkField& f) { f.tf_average_u = bad; }), "invalid_argument fields[1].tf_average_u");
  }
  EXPECT_EQ(refuses([](LinkField& f) { f.tf_average_u = 0.0; }), "invalid_argument fields[1].tf_average_u");
  LinkField bare = weighted("a", {1, 2});
  bare.tf_weight = 1;
  EXPECT_EQ(refused([&] { LinkModel(0.5, {bare}); }), "invalid_argument fields[0].tf_average_u");
  EXPECT_EQ(refused([&] { LinkModel(0.5, std::vector<LinkField>(65, good)); }), "invalid_argument fields");
}

TEST(LinkModel, RefusesWhatIsNoPattern) {
  const LinkModel model(0.5, {field("a", {0.1, 0.9}, {0.99, 0.01}), field("b", {0.1, 0.9}, {0.9, 0.1})});
  EXPECT_EQ(refused([&] { (void)model.score(Levels{1}); }), "invalid_argument pattern");
  EXPECT_EQ(refused([&] { (void)model.score(Levels{1, 1, 1}); }), "invalid_argument pattern");
  EXPECT_EQ(refused([&] { (void)model.score(Levels{1, 3}); }), "out_of_range pattern");
  EXPECT_EQ(refused([&] { (void)model.explain(Levels{255, 0}); }), "out_of_range pattern");
  EXPECT_EQ(refused([&] { (void)model.score(Levels{1, 2}, std::vector<double>{0.5}); }), "invalid_argument shares");
  EXPECT_EQ(refused([&] {
              (void)model.score(Levels{1, 2}, std::vector<double>{0.5, std::nan("")});
            }),
            "out_of_range shares");
  EXPECT_EQ(refused([&] { (void)model.term_weight(0, 1.5); }), "out_of_range share");
  EXPECT_EQ(refused([&] { (void)model.term_weight(2, 0.5); }), "out_of_range field");
  EXPECT_EQ(refused([&] { (void)model.weight(2, 0); }), "out_of_range field");
  EXPECT_EQ(refused([&] { (void)model.weight(1, 3); }), "out_of_range level");
  PatternCounts patterns{.fields = 2, .levels = {}, .counts = {}};
  EXPECT_EQ(refused([&] { patterns.add(Levels{1}); }), "invalid_argument pattern");
  EXPECT_EQ(patterns.rows(), 0U);
}

}  // namespace
}  // namespace klientela
