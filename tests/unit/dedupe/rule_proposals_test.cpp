// Blocking rules out of the cards: what finds the pairs of one client, for few pairs, and what the budget allows.
#include "klientela/dedupe/rule_proposals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>

#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Persons, of whom a third has a second card (numbers from n) with slips; e-mails where `mail` says so.
PreparedCards persons(std::uint32_t n, bool mail, unsigned seed = 1) {
  std::mt19937 random(seed);
  const auto word = [&](std::uint32_t code) {
    std::string text;
    for (int i = 0; i < 4; ++i, code /= 14) text += {"bdfgklmnprstvz"[code % 14], "aeiou"[code % 5]};
    return text;
  };
  BaseBuilder builder;
  for (std::uint32_t i = 0; i < n; ++i) {
    ClientRow row{.client = static_cast<std::int64_t>(i)};
    row.given_name = word(static_cast<std::uint32_t>(random() % 60 * 691));
    row.family_name = word(static_cast<std::uint32_t>(random() % 900 * 41));
    row.postcode = std::to_string(10000 + random() % 50);
    row.birthday = Day{std::chrono::days{static_cast<int>(random() % 20000)}};
    if (mail) row.emails.push_back(row.given_name + std::to_string(random() % 100000) + "@mail.example");
    if (i % 3 == 0) {
      ClientRow second = row;
      second.client = static_cast<std::int64_t>(n + i);
      switch (random() % 3) {
        case 0: second.family_name.back() = 'x'; break;
        case 1: second.postcode = std::to_string(10000 + random() % 50); break;
        default: second.birthday.reset();
      }
      builder.add(std::move(second));
    }
    builder.add(std::move(row));
  }
  return prepare_cards(builder.build().base, Normaliser());
}

/// Share of the pairs (i, n + i) that rules make, and how many pairs they make in all.
std::pair<double, std::uint64_t> found_by(const PreparedCards& cards, const BlockingOptions& options, std::uint32_t n) {
  const Blocks blocks = block(cards, options);
  std::uint64_t right = 0;
  std::uint64_t all = 0;
  for (std::size_t unit = 0; unit < blocks.units(); ++unit)
    blocks.pairs(unit, [&](std::span<const CardPair> pairs) {
      all += pairs.size();
      for (const CardPair& pair : pairs)
        right += cards.id(pair.b).integer() - cards.id(pair.a).integer() == static_cast<std::int64_t>(n) ? 1 : 0;
    });
  return {static_cast<double>(right) / ((n + 2) / 3), all};
}

std::vector<std::string> texts(const std::vector<BlockingRule>& rules) {
  std::vector<std::string> texts;
  for (const BlockingRule& rule : rules) texts.push_back(to_text(rule));
  return texts;
}

TEST(RuleProposals, FindAsMuchAsTheDefaultRulesForFewerPairs) {
  constexpr std::uint32_t n = 6000;
  const PreparedCards cards = persons(n, false);
  const RuleProposals proposals = propose_rules(cards);
  BlockingOptions proposed;
  proposed.rules = proposals.taken();
  ASSERT_FALSE(proposed.rules.empty());
  const auto [share, pairs] = found_by(cards, proposed, n);
  const auto [default_share, default_pairs] = found_by(cards, {}, n);
  EXPECT_GE(share, default_share - 0.002);
  EXPECT_LT(pairs, default_pairs / 2);
  // What was expected is what is so.
  EXPECT_NEAR(proposals.coverage, share / default_share, 0.01);
  EXPECT_NEAR(proposals.expected_pairs, 2000, 100);
  EXPECT_LE(proposals.pairs, proposals.budget);
  std::uint64_t sum = 0;
  double gains = 0;
  for (const RuleProposal& each : proposals.rules) {
    EXPECT_LE(each.gain, each.coverage + 1e-12);
    EXPECT_LE(each.coverage, each.completeness + 0.2) << to_text(each.rule);
    if (each.verdict != RuleVerdict::taken) continue;
    sum += each.pairs;
    gains += each.gain;
    EXPECT_GT(each.largest, 1U);
  }
  EXPECT_EQ(sum, proposals.pairs);
  EXPECT_NEAR(gains, proposals.coverage, 1e-9);
}

TEST(RuleProposals, TakeWhatIsTellingWhereItIsThere) {
  const PreparedCards cards = persons(3000, true);
  const RuleProposals proposals = propose_rules(cards);
  const std::vector<std::string> taken = texts(proposals.taken());
  EXPECT_EQ(taken.front(), "email");
  EXPECT_THAT(taken, Not(Contains("phone")));  // nobody has one
  for (const RuleProposal& each : proposals.rules) {
    if (each.verdict != RuleVerdict::taken || to_text(each.rule) == "email") continue;
    EXPECT_LT(each.gain, 0.001) << "e-mails find all second cards, but not " << to_text(each.rule);
  }
}

TEST(RuleProposals, KeepTheBudget) {
  constexpr std::uint32_t n = 6000;
  const PreparedCards cards = persons(n, false);
  DedupeOptions options;
  double before = 0;
  for (const std::uint64_t budget : {500U, 4000U, 100'000U}) {
    options.blocking.max_pairs = budget;
    const RuleProposals proposals = propose_rules(cards, options);
    EXPECT_EQ(proposals.budget, budget);
    EXPECT_LE(proposals.pairs, budget);
    EXPECT_GE(proposals.coverage, before);
    before = proposals.coverage;
    const bool refused = std::any_of(proposals.rules.begin(), proposals.rules.end(), [](const RuleProposal& each) {
      return each.verdict == RuleVerdict::too_many_pairs;
    });
    EXPECT_EQ(refused, budget < 100'000) << budget;
  }
  EXPECT_GT(before, 0.99);
}

TEST(RuleProposals, AreTheSameForAnyThreads) {
  const PreparedCards cards = persons(2000, false, 5);
  ThreadPool pool(4);
  Control control;
  control.executor = &pool;
  EXPECT_EQ(propose_rules(cards), propose_rules(cards, {}, control));
}

TEST(RuleProposals, WithoutAnExpectedPairTheDefaultRulesThatFitAreTaken) {
  BaseBuilder builder;
  builder.add({.client = std::int64_t{1}, .given_name = "Anna", .family_name = "Berg"});
  builder.add({.client = std::int64_t{2}, .given_name = "Otto", .family_name = "Kranz"});
  const RuleProposals proposals = propose_rules(prepare_cards(builder.build().base, Normaliser()));
  EXPECT_EQ(proposals.expected_pairs, 0);
  EXPECT_THAT(texts(proposals.taken()), Contains("given_name.roots + family_name.stem:soundex"));
  EXPECT_THAT(texts(proposals.taken()), Not(Contains("email")));
  EXPECT_TRUE(propose_rules(PreparedCards()).rules.empty());
}

TEST(RuleProposals, AreUsedWhereThePolicySaysSo) {
  const PreparedCards cards = persons(1000, true);
  const DedupeOptions options = dedupe_options_from_json(R"({"blocking": {"rules": "auto"}})");
  EXPECT_TRUE(options.blocking.propose);
  EXPECT_EQ(dedupe_options_from_json(to_json(options)).blocking, options.blocking);
  const Duplicates found = find_duplicates(cards, options);
  ASSERT_NE(found.proposals(), nullptr);
  EXPECT_EQ(*found.proposals(), propose_rules(cards, options));
  std::vector<std::string> used;
  for (const BlockingRuleReport& rule : found.rules()) used.push_back(rule.rule);
  EXPECT_EQ(used, texts(found.proposals()->taken()));
  EXPECT_NEAR(static_cast<double>(found.groups().size()), 334, 10);
  EXPECT_THAT(duplicates_summary_json(found), HasSubstr("\"proposed\""));
  const Duplicates plain = find_duplicates(cards);
  EXPECT_EQ(plain.proposals(), nullptr);
  EXPECT_THAT(duplicates_summary_json(plain), Not(HasSubstr("\"proposed\"")));
  try {
    DedupeOptions both = options;
    both.blocking.rules = default_blocking_rules();
    (void)find_duplicates(cards, both);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "rules");
  }
  try {
    (void)block(cards, options.blocking);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "propose");
  }
}

TEST(RuleProposals, SayWhy) {
  RuleProposal proposal{
      .rule = blocking_rule("email"), .completeness = 0.5, .coverage = 0.25, .gain = 0.125, .pairs = 7};
  EXPECT_EQ(
      words(proposal).english,
      "Taken: 50.00 % of the cards have its keys, 25.00 % of the expected pairs of one client agree, 12.50 % on no "
      "rule before it, for 7 pairs.");
  std::set<std::string> all{words(proposal).english, words(proposal).russian};
  for (const RuleVerdict verdict : {RuleVerdict::covered, RuleVerdict::too_many_pairs}) {
    proposal.verdict = verdict;
    all.insert(words(proposal).english);
    all.insert(words(proposal).russian);
  }
  EXPECT_EQ(all.size(), 6U);
  RuleProposals proposals;
  proposals.rules = {proposal};
  const Table table = rule_proposals_table(proposals);
  ASSERT_EQ(table.rows(), 1U);
  EXPECT_THAT(std::string(name(proposal.verdict)), StartsWith("too_many"));
  EXPECT_NE(table.find("words_ru"), nullptr);
}

}  // namespace
}  // namespace klientela
