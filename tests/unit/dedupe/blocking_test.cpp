// Blocks: every pair of a rule made once and once only, budgets kept, the same for any number of threads.
#include "klientela/dedupe/blocking.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>

#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

/// Persons with few names, so that blocks are large, and up to three phones.
ClientBase persons_base(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  const auto pick = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
  BaseBuilder builder;
  for (std::size_t i = 0; i < n; ++i) {
    ClientRow row{.client = static_cast<std::int64_t>(i)};
    if (random() % 8 != 0) row.given_name = pick({"Anna", "Boris", "Clara", "David", "Robert", "Bob"});
    if (random() % 8 != 0) row.family_name = pick({"Ivanov", "Smith", "Meyer", "Sidorova", "Chen", "Anna"});
    for (unsigned p = random() % 4; p > 0; --p) row.phones.push_back("+4930123" + std::to_string(1000 + random() % 60));
    if (random() % 3 != 0) row.postcode = std::to_string(10000 + random() % 20);
    builder.add(std::move(row));
  }
  return builder.build().base;
}
PreparedCards persons(std::size_t n, unsigned seed) { return prepare_cards(persons_base(n, seed), Normaliser()); }

/// Two lists, each of cards that have the same phone and nothing else.
PreparedCards lists_alike(std::int64_t first, std::int64_t second) {
  const auto base = [](std::int64_t n) {
    BaseBuilder builder;
    for (std::int64_t i = 0; i < n; ++i) builder.add(ClientRow{.client = i, .phones = {"+493012345678"}});
    return builder.build().base;
  };
  return prepare_cards(base(first), base(second), Normaliser());
}

using PairSet = std::set<std::pair<std::uint32_t, std::uint32_t>>;

/// All pairs, failing on a repeat.
PairSet made(const Blocks& blocks) {
  PairSet pairs;
  for (std::size_t unit = 0; unit < blocks.units(); ++unit)
    blocks.pairs(unit, [&](std::span<const CardPair> batch) {
      for (const CardPair& pair : batch) {
        EXPECT_LT(pair.a, pair.b);
        EXPECT_TRUE(pairs.emplace(pair.a, pair.b).second) << pair.a << ' ' << pair.b;
      }
    });
  return pairs;
}

bool share(const PreparedCards& cards, CardField field, std::string_view form, std::uint32_t a, std::uint32_t b) {
  for (const auto x : cards.values(a, field, form))
    for (const auto y : cards.values(b, field, form))
      if (x == y && !x.empty()) return true;
  return false;
}

TEST(Blocking, MakesEveryPairOfItsRulesOnce) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const PreparedCards cards = persons(300, seed);
    BlockingOptions options;
    options.rules = {blocking_rule("phone"), blocking_rule("given_name + postcode"),
                     blocking_rule("given_name <> family_name")};
    const Blocks blocks = block(cards, options);
    PairSet expected;
    for (std::uint32_t a = 0; a < cards.size(); ++a)
      for (std::uint32_t b = a + 1; b < cards.size(); ++b) {
        const auto one = [&](std::uint32_t card, CardField field) {
          const auto values = cards.values(card, field);
          return values.empty() ? std::string() : std::string(values[0]);
        };
        const std::multiset<std::string> x{one(a, CardField::given_name), one(a, CardField::family_name)};
        const std::multiset<std::string> y{one(b, CardField::given_name), one(b, CardField::family_name)};
        if (share(cards, CardField::phone, "", a, b) ||
            (share(cards, CardField::given_name, "", a, b) && share(cards, CardField::postcode, "", a, b)) ||
            (x == y && x.count("") == 0))
          expected.emplace(a, b);
      }
    EXPECT_EQ(made(blocks), expected);
  }
}

TEST(Blocking, OfTwoListsMakesThePairsBetweenThem) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const PreparedCards cards = prepare_cards(persons_base(120, seed), persons_base(300, seed + 100), Normaliser());
    BlockingOptions options;
    options.rules = {blocking_rule("phone"), blocking_rule("given_name + postcode"), blocking_rule("family_name")};
    const Blocks blocks = block(cards, options);
    PairSet expected;
    std::vector<PairSet> by_rule(3);
    for (std::uint32_t a = 0; a < 120; ++a)
      for (std::uint32_t b = 120; b < cards.size(); ++b) {
        if (share(cards, CardField::phone, "", a, b)) by_rule[0].emplace(a, b);
        if (share(cards, CardField::given_name, "", a, b) && share(cards, CardField::postcode, "", a, b))
          by_rule[1].emplace(a, b);
        if (share(cards, CardField::family_name, "", a, b)) by_rule[2].emplace(a, b);
      }
    for (const PairSet& each : by_rule) expected.insert(each.begin(), each.end());
    EXPECT_EQ(made(blocks), expected);
    for (std::size_t r = 0; r < by_rule.size(); ++r) {
      PairSet sampled;
      for (const CardPair& pair : blocks.sample(r, 1'000'000)) sampled.emplace(pair.a, pair.b);
      EXPECT_EQ(sampled, by_rule[r]);
      EXPECT_GE(blocks.rules()[r].pairs, by_rule[r].size());
      EXPECT_EQ(blocks.rules()[r].lost, 0U);
      EXPECT_EQ(blocks.sample(r, 50).size(), 50U);
    }
    EXPECT_EQ(blocks.rules()[2].pairs, by_rule[2].size());  // a card has one family name
  }
}

TEST(Blocking, OfTwoListsCountsPairsBetweenThemAlone) {
  BlockingOptions options;
  options.rules = {blocking_rule("phone")};
  // One card of ours has 2,000 pairs: nothing is split, and nothing lost.
  const Blocks one = block(lists_alike(1, 2000), options);
  EXPECT_EQ(one.rules()[0].pairs, 2000U);
  EXPECT_EQ(one.rules()[0].split, 0U);
  EXPECT_EQ(one.rules()[0].largest, 2001U);
  EXPECT_EQ(made(one).size(), 2000U);
  EXPECT_EQ(one.block_limit(), options.max_block);
  // A block of one list alone is none.
  EXPECT_EQ(block(lists_alike(0, 2000), options).units(), 0U);
  EXPECT_EQ(block(lists_alike(2000, 0), options).units(), 0U);
  // Many pairs of one block come in several units.
  options.max_block = 3000;
  options.pairs_per_card = 1'000'000;
  for (const auto& [first, second] : {std::pair{1500, 1400}, {30, 20'000}, {20'000, 30}}) {
    const Blocks blocks = block(lists_alike(first, second), options);
    EXPECT_GT(blocks.units(), 1U);
    std::uint64_t pairs = 0;
    for (std::size_t unit = 0; unit < blocks.units(); ++unit)
      blocks.pairs(unit, [&](std::span<const CardPair> batch) { pairs += batch.size(); });
    EXPECT_EQ(pairs, static_cast<std::uint64_t>(first) * static_cast<std::uint64_t>(second));
    EXPECT_EQ(blocks.rules()[0].pairs, pairs);
  }
}

TEST(Blocking, OfTwoListsSplitsCardsThatAreAlikeInTheirOrder) {
  BlockingOptions options;
  options.rules = {blocking_rule("phone")};
  options.max_block = 100;
  for (const auto& [first, second] : {std::pair{1500U, 1500U}, {1500U, 1720U}, {1720U, 1500U}, {7U, 5000U}}) {
    const Blocks blocks = block(lists_alike(first, second), options);
    const PairSet pairs = made(blocks);
    for (std::uint32_t i = 0; i < std::min(first, second); ++i) EXPECT_EQ(pairs.count({i, first + i}), 1U) << i;
    EXPECT_EQ(blocks.rules()[0].split, 1U);
    EXPECT_EQ(blocks.rules()[0].lost, std::uint64_t{first} * second - pairs.size());
    EXPECT_LE(pairs.size(), std::min(first, second) / 50 * 2500 + 100 * 99 / 2);
  }
  // What is left of the longer list meets the last cards of the shorter one.
  EXPECT_EQ(made(block(lists_alike(7, 5000), options)).size(), 7U * (100 * 99 / 2 / 7));
}

/// Leaves the largest budget in the options.
void expect_budgets_kept(const PreparedCards& cards, BlockingOptions& options) {
  for (const std::uint64_t budget :
       {std::uint64_t{1}, std::uint64_t{500}, std::uint64_t{20'000}, std::uint64_t{400'000}}) {
    options.max_pairs = budget;
    const Blocks blocks = block(cards, options);
    EXPECT_LE(made(blocks).size(), budget);
    EXPECT_LE(blocks.block_limit(), options.max_block);
  }
}

TEST(Blocking, OfTwoListsKeepsItsBudget) {
  BlockingOptions options;
  options.rules = {blocking_rule("given_name"), blocking_rule("family_name"), blocking_rule("postcode")};
  for (const auto& [first, second] : {std::pair{1500, 1500}, {30, 3000}, {3000, 30}, {1, 3000}}) {
    const PreparedCards cards = prepare_cards(persons_base(static_cast<std::size_t>(first), 7),
                                              persons_base(static_cast<std::size_t>(second), 8), Normaliser());
    expect_budgets_kept(cards, options);
  }
}

TEST(Blocking, ARuleWithoutKeysMakesEveryPair) {
  EXPECT_TRUE(blocking_rule(" * ").keys.empty());
  EXPECT_EQ(to_text(BlockingRule{}), "*");
  BlockingOptions options;
  options.rules = {blocking_rule("phone"), blocking_rule("*")};
  EXPECT_EQ(made(block(persons(100, 3), options)).size(), 100U * 99 / 2);
}

TEST(Blocking, KeepsItsBudget) {
  const PreparedCards cards = persons(3000, 7);
  BlockingOptions options;
  options.rules = {blocking_rule("given_name"), blocking_rule("family_name")};
  expect_budgets_kept(cards, options);
  std::uint64_t lost = 0;
  const Blocks blocks = block(cards, options);
  for (const BlockingRuleReport& rule : blocks.rules()) lost += rule.lost;
  EXPECT_GT(lost, 0U);
}

TEST(Blocking, SplitsABlockOfEverything) {
  BaseBuilder builder;
  for (std::int64_t i = 0; i < 5000; ++i)
    builder.add(ClientRow{.client = i, .phones = {"+493012345678"}, .postcode = std::to_string(i % 50)});
  BlockingOptions options;
  options.rules = {blocking_rule("phone")};
  options.max_block = 200;
  const Blocks blocks = block(prepare_cards(builder.build().base, Normaliser()), options);
  const BlockingRuleReport& report = blocks.rules()[0];
  EXPECT_EQ(report.largest, 5000U);
  EXPECT_EQ(report.split, 1U);
  EXPECT_EQ(report.blocks, 50U);
  EXPECT_EQ(made(blocks).size(), 50U * (100 * 99 / 2));
  EXPECT_EQ(report.lost, 5000U * 4999 / 2 - report.pairs);
}

TEST(Blocking, LeavesOutCardsThatEqualAnEarlierOne) {
  const PreparedCards cards = persons(100, 3);
  std::vector<std::uint32_t> same(cards.size());
  for (std::uint32_t card = 0; card < same.size(); ++card) same[card] = card % 2 == 1 ? card - 1 : card;
  for (const auto& [a, b] : made(block(cards, {}, same))) EXPECT_EQ((a | b) & 1, 0U);
  same.pop_back();
  EXPECT_THROW(static_cast<void>(block(cards, {}, same)), Error);
}

TEST(Blocking, IsTheSameForAnyNumberOfThreads) {
  const PreparedCards cards = persons(2000, 11);
  const PairSet alone = made(block(cards));
  ThreadPool pool(5);
  Control control;
  control.executor = &pool;
  EXPECT_EQ(made(block(cards, {}, {}, control)), alone);
}

TEST(Blocking, SamplesPairsOfOneRuleWhateverEarlierOnesTook) {
  const PreparedCards cards = persons(500, 5);
  BlockingOptions options;
  options.rules = {blocking_rule("given_name"), blocking_rule("given_name + postcode")};
  const Blocks blocks = block(cards, options);
  const auto all = blocks.sample(1, 1'000'000);
  EXPECT_EQ(all.size(), blocks.rules()[1].pairs);
  const auto some = blocks.sample(1, 100);
  EXPECT_EQ(some.size(), 100U);
  for (const CardPair& pair : some) EXPECT_TRUE(share(cards, CardField::postcode, "", pair.a, pair.b));
  std::set<std::pair<std::uint32_t, std::uint32_t>> distinct;
  for (const CardPair& pair : some) distinct.emplace(pair.a, pair.b);
  EXPECT_EQ(distinct.size(), some.size());
}

TEST(Blocking, TellsOfCardsWithTooManyKeys) {
  BaseBuilder builder;
  for (std::int64_t i = 0; i < 3; ++i) {
    ClientRow row{.client = i};
    for (int p = 0; p < (i == 0 ? 9 : 8); ++p) row.phones.push_back("+4930123" + std::to_string(1000 + p));
    for (int e = 0; e < 8; ++e) row.emails.push_back("box" + std::to_string(e) + "@mail.example");
    builder.add(std::move(row));
  }
  BlockingOptions options;
  options.rules = {blocking_rule("phone"), blocking_rule("phone + email"), blocking_rule("email <> phone")};
  const Blocks blocks = block(prepare_cards(builder.build().base, Normaliser()), options);
  for (const BlockingRuleReport& rule : blocks.rules()) {
    EXPECT_EQ(rule.cards, 3U);
    EXPECT_EQ(rule.crowded, rule.rule == "phone + email" ? 1U : 0U) << rule.rule;
  }
  EXPECT_EQ(blocks.rules()[1].blocks, 64U);
}

TEST(Blocking, WritesRulesAsItReadsThem) {
  for (const std::string text :
       {"email", "phone:suffix7", "family_name.folded:soundex + postcode", "given_name.folded <> family_name.folded",
        "organisation_name.folded:words", "address.house + address.street:longest", "city.folded:prefix4"})
    EXPECT_EQ(to_text(blocking_rule(text)), text);
  for (const std::string text :
       {"", "mail", "phone:suffix", "phone:suffix0", "phone:suffix65", "phone.mobile", "phone.", "phone:", "phone:half",
        "email + ", "email + phone <> city", "email:soundex4", "given_name.roots:prefix4", "given_name.roots:soundex",
        "given_name.roots:words"})
    EXPECT_THROW(static_cast<void>(blocking_rule(text)), Error) << text;
  for (const BlockingRule& rule : default_blocking_rules()) EXPECT_EQ(blocking_rule(to_text(rule)), rule);
}

TEST(Blocking, RefusesOptionsOutOfRange) {
  const PreparedCards cards = persons(10, 1);
  const auto where = [&](const BlockingOptions& options) {
    try {
      static_cast<void>(block(cards, options));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid_argument);
      return error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(where({.max_block = 1}), "max_block");
  EXPECT_EQ(where({.max_pairs = 0}), "max_pairs");
  EXPECT_EQ(where({.pairs_per_card = 0}), "pairs_per_card");
  EXPECT_EQ(where({.rules = {BlockingRule{std::vector<BlockingKey>(9)}}}), "rules[0]");
  // Keys made by hand are held to what blocking_key() reads, also of fields that no card has.
  const auto key = [](CardField field, std::string form, KeyCut cut, std::uint32_t length) {
    return BlockingKey{.field = field, .form = std::move(form), .cut = cut, .length = length};
  };
  EXPECT_EQ(where({.rules = {blocking_rule("phone"), {{key(CardField::website, "host", KeyCut::whole, 0)}}}}),
            "rules[1]");
  EXPECT_EQ(where({.rules = {{{key(CardField::phone, "", KeyCut::prefix, 0)}}}}), "rules[0]");
  EXPECT_EQ(where({.rules = {{{key(CardField::phone, "", KeyCut::suffix, 65)}}}}), "rules[0]");
  EXPECT_EQ(where({.rules = {{{key(CardField::phone, "", static_cast<KeyCut>(9), 0)}}}}), "rules[0]");
  EXPECT_EQ(where({.rules = {{{key(static_cast<CardField>(99), "", KeyCut::whole, 0)}}}}), "rules[0]");
  EXPECT_EQ(where({.split_by = {key(CardField::phone, "local", KeyCut::whole, 0)}}), "split_by[0]");
  EXPECT_EQ(where({.split_by = {key(CardField::given_name, "roots", KeyCut::suffix, 3)}}), "split_by[0]");
}

TEST(Blocking, HasNoRuleOrUnitBeyondItsOwn) {
  const Blocks blocks = block(persons(50, 1));
  const auto code_of = [](auto call) {
    try {
      call();
    } catch (const Error& error) {
      return std::string(name(error.code())) + ' ' + error.where();
    }
    return std::string("nothing");
  };
  EXPECT_EQ(code_of([&] { static_cast<void>(blocks.sample(blocks.rules().size(), 1)); }), "out_of_range rule");
  EXPECT_EQ(code_of([&] { blocks.pairs(blocks.units(), [](std::span<const CardPair>) {}); }), "out_of_range unit");
  EXPECT_EQ(code_of([&] { static_cast<void>(Blocks().sample(0, 1)); }), "out_of_range rule");
}

}  // namespace
}  // namespace klientela
