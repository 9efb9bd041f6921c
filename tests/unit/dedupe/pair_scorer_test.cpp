// Scores that are left off once they cannot reach a limit: the same as in full where they do.
#include "dedupe/pair_scorer.hpp"

#include <gtest/gtest.h>

#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "dedupe/duplicates_data.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

/// Persons and companies out of few words: names that are missing, initials or in each other's place, several phones.
PreparedCards cards_of(std::size_t count, bool several) {
  std::mt19937 random(7);
  static const char* const parts[] = {"ka", "lo", "mi", "ner", "to", "vi", "san", "bel"};
  const auto word = [&](std::size_t n) {
    std::string text;
    while (n-- > 0) text += parts[random() % std::size(parts)];
    return text;
  };
  const auto phone = [&] { return "+4930" + std::to_string(5'550'000 + random() % 400); };
  BaseBuilder builder;
  ClientRow row{.client = 0};
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 3 != 0) {  // the card before with a slip
      if (random() % 4 == 0) std::swap(row.given_name, row.family_name);
      if (random() % 4 == 0 && row.family_name.size() > 2) std::swap(row.family_name[0], row.family_name[2]);
      if (random() % 6 == 0) row.given_name = row.given_name.substr(0, random() % 2);
      if (random() % 4 == 0) row.city = word(2);
      if (random() % 4 == 0) row.phones = {phone()};
    } else {
      row = ClientRow{.client = 0};
      row.given_name = word(2);
      row.family_name = random() % 5 == 0 ? "" : word(3);
      if (random() % 3 != 0) row.city = word(2);
      if (random() % 3 != 0) row.birthday = first_day + std::chrono::days(20'000 + random() % 400);
      if (random() % 2 == 0) row.phones = {phone()};
      if (several && random() % 3 == 0) row.phones.push_back(phone());
      if (random() % 3 == 0) row.emails = {row.given_name + "@" + word(1) + ".example"};
      if (several && random() % 4 == 0) row.emails.push_back(word(2) + "@mail.example");
      if (random() % 5 == 0) row.street = word(3) + " street " + std::to_string(random() % 20);
    }
    row.client = static_cast<std::int64_t>(i);
    builder.add(row);
  }
  return prepare_cards(builder.build().base, Normaliser());
}

/// Weights in no order at all, so that no level is worth more than another because it is higher.
LinkModel random_model(const LinkModel& learnt, std::mt19937& random) {
  std::vector<LinkField> fields = learnt.fields();
  std::uniform_real_distribution<double> bits(-8, 8);
  for (LinkField& field : fields) {
    field.m = field.u = {};
    field.weights.clear();
    for (std::size_t i = 0; i < field.comparison.levels.size(); ++i) field.weights.push_back(bits(random));
    field.tf_weight = random() % 2 == 0 ? 1 : 0;
    field.tf_average_u = 0.01;
  }
  return {learnt.prior(), fields};
}

/// The learnt one with classes that share what they like.
LinkModel with_random_classes(const LinkModel& learnt, std::mt19937& random) {
  std::uniform_real_distribution<double> chance(0.01, 1);
  std::vector<LinkClass> classes;
  for (const char* const name : {"x", "y"}) {
    LinkClass& made = classes.emplace_back(LinkClass{name, chance(random) * 0.3, {}});
    for (const LinkField& field : learnt.fields()) {
      if (random() % 2 == 0) continue;
      std::vector<double> m;
      for (std::size_t l = 0; l < field.m.size(); ++l) m.push_back(chance(random));
      const double sum = std::accumulate(m.begin(), m.end(), 0.0);
      for (double& each : m) each /= sum;
      made.fields.push_back({field.comparison.name, m});
    }
  }
  return {learnt.prior(), learnt.fields(), classes};
}

void expect_scores_in_full(const Duplicates& found) {
  const dedupe::PairScorer& scorer = *found.data()->scorer;
  const dedupe::PairComparer& comparer = *found.data()->comparer;
  auto memory = comparer.memory();
  std::mt19937 random(3);
  const auto cards = static_cast<std::uint32_t>(found.cards().size());
  std::vector<CardPair> pairs;
  for (std::size_t trial = 0; trial < 20'000; ++trial) {
    const auto a = static_cast<std::uint32_t>(random() % (cards - 4));
    pairs.push_back({a, a + 1 + static_cast<std::uint32_t>(random() % (trial % 2 == 0 ? 3 : cards - a - 1))});
  }
  std::size_t reached = 0;
  const auto compare = [&](double least, std::span<const CardPair> of) {
    std::vector<std::pair<CardPair, double>> wanted;
    for (const CardPair& pair : of) {
      const dedupe::Pattern pattern = comparer(pair);
      const double score = scorer(pair, pattern);
      if (pattern != dedupe::no_evidence && score >= least) wanted.emplace_back(pair, score);
    }
    std::vector<std::pair<CardPair, double>> told;
    scorer.each_at_least(least, of, memory, [&](CardPair pair, double score) { told.emplace_back(pair, score); });
    ASSERT_EQ(told, wanted) << least;
    reached += told.size();
  };
  for (const double least : {-20.0, -8.0, 0.0}) compare(least, pairs);
  for (const CardPair& pair : pairs) compare(scorer(pair, comparer(pair)), {&pair, 1});
  EXPECT_GT(reached, 30'000U);
}

TEST(PairScorer, IsExactFromALimitOn) {
  for (const bool several : {false, true}) {
    SCOPED_TRACE(several);
    const PreparedCards cards = cards_of(600, several);
    DedupeOptions options;
    const Duplicates found = find_duplicates(cards, options);
    expect_scores_in_full(found);
    std::mt19937 random(5);
    for (int round = 0; round < 10; ++round) {
      options.model = random_model(found.model(), random);
      expect_scores_in_full(find_duplicates(cards, options));
      options.model = with_random_classes(found.model(), random);
      expect_scores_in_full(find_duplicates(cards, options));
    }
  }
}

}  // namespace
}  // namespace klientela
