// Search of one card: the scores of a full run, and the cards that share a key.
#include "klientela/dedupe/card_search.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

std::vector<ClientRow> rows_of(std::size_t clients) {
  std::mt19937 random(3);
  static const char* const parts[] = {"ka", "lo", "mi", "ner", "to", "vi", "san", "bel", "dru", "fo", "gi", "ras"};
  const auto word = [&](std::size_t n) {
    std::string text;
    while (n-- > 0) text += parts[random() % std::size(parts)];
    return text;
  };
  std::vector<ClientRow> rows;
  for (std::size_t i = 0; i < clients; ++i) {
    ClientRow row{.client = static_cast<std::int64_t>(2 * i)};
    row.given_name = word(2);
    row.family_name = word(3);
    row.city = word(2);
    row.phones = {"+4930" + std::to_string(10'000'000 + random() % 80'000'000)};
    if (i % 5 == 0) row.phones.push_back("+4989" + std::to_string(10'000'000 + random() % 80'000'000));
    row.birthday = first_day + std::chrono::days(10'000 + random() % 30'000);
    rows.push_back(row);
    if (i % 2 == 1) continue;
    row.client = static_cast<std::int64_t>(2 * i + 1);
    if (i % 4 == 0) std::swap(row.given_name, row.family_name);
    if (i % 6 == 0) row.phones.pop_back();
    rows.push_back(row);
  }
  return rows;
}

ClientBase base_of(const std::vector<ClientRow>& rows) {
  BaseBuilder builder;
  for (const ClientRow& row : rows) builder.add(row);
  return builder.build().base;
}

TEST(CardSearch, GivesTheScoresOfAFullRun) {
  const std::vector<ClientRow> rows = rows_of(600);
  const Duplicates found = find_duplicates(base_of(rows));
  const CardIndex index(found);
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < rows.size(); i += 7) {
    const std::uint32_t self = *found.cards().card_of(rows[i].client);
    const auto matches = index.search(rows[i], {.limit = 100, .min_score = -5});
    ASSERT_FALSE(matches.empty());
    bool itself = false;
    for (const CardMatch& match : matches) {
      itself = itself || match.card == self;
      if (match.card == self) continue;
      ++pairs;
      EXPECT_EQ(match.score, found.explain({self, match.card}).explanation.score);
      EXPECT_EQ(match.evidence.levels, found.explain({self, match.card}).levels);
    }
    EXPECT_TRUE(itself);
    for (const CardEdge& edge : found.edges()) {
      if ((edge.a != self && edge.b != self) || edge.score < -5) continue;
      const std::uint32_t other = edge.a + edge.b - self;
      EXPECT_TRUE(std::any_of(matches.begin(), matches.end(), [&](const CardMatch& m) { return m.card == other; }));
    }
  }
  EXPECT_GT(pairs, 50U);
}

TEST(CardSearch, IsTheSameForManyAtOnce) {
  const std::vector<ClientRow> rows = rows_of(300);
  const CardIndex index(find_duplicates(base_of(rows)));
  ThreadPool pool(4);
  Control control;
  control.executor = &pool;
  const ClientBase base = base_of(rows);
  const auto all = index.search(base, {}, control);
  ASSERT_EQ(all.size(), rows.size());
  const PreparedCards cards = prepare_cards(base, Normaliser());
  for (std::size_t i = 0; i < rows.size(); i += 11) {
    const auto one = index.search(rows[i]);
    const auto& of = all[*cards.card_of(rows[i].client)];
    ASSERT_EQ(one.size(), of.size());
    for (std::size_t m = 0; m < one.size(); ++m) {
      EXPECT_EQ(one[m].card, of[m].card);
      EXPECT_EQ(one[m].score, of[m].score);
    }
  }
}

TEST(CardSearch, FindsNobodyForStrangersAndEmptyCards) {
  const CardIndex index(find_duplicates(base_of(rows_of(100))));
  EXPECT_TRUE(index.search(ClientRow{.client = 1}).empty());
  EXPECT_TRUE(index.search(ClientRow{.client = 1, .given_name = "Xuthqoz", .family_name = "Wyzzard"}).empty());
  EXPECT_TRUE(index.search(ClientBase()).empty());
  EXPECT_TRUE(CardIndex().search(ClientRow{.client = 1, .given_name = "kalo"}).empty());
  EXPECT_THROW(static_cast<void>(index.search(ClientRow{.client = 1}, {.limit = 0})), Error);
  EXPECT_THROW(static_cast<void>(index.search(ClientRow{.client = 1}, {.max_candidates = 0})), Error);
}

}  // namespace
}  // namespace klientela
