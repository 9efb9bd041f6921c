// Cards as duplicates are looked for: parts of values that nothing in a text can imitate, bounds, and two lists.
#include "klientela/dedupe/cards.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "klientela/core/error.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

ClientBase base_of(const std::vector<ClientRow>& rows) {
  BaseBuilder builder;
  for (const ClientRow& row : rows) builder.add(row);
  return builder.build().base;
}

PreparedCards prepared(const std::vector<ClientRow>& rows) { return prepare_cards(base_of(rows), Normaliser()); }

std::vector<std::string> values(const PreparedCards& cards, std::uint32_t card, CardField field) {
  const auto found = cards.values(card, field);
  return {found.begin(), found.end()};
}

using Texts = std::vector<std::string>;

TEST(PreparedCards, TakeNoControlCharacterForTheirOwnMark) {
  const PreparedCards cards = prepared({{.client = 1,
                                         .kind = "person",
                                         .name = "Anna\x1F"
                                                 "Berg"},
                                        {.client = 2, .given_name = "Anna\x1F", .family_name = "Be\x1Frg"},
                                        {.client = 3,
                                         .phones = {"+49 30\x1F"
                                                    "123456"},
                                         .country = "RU"},
                                        {.client = 4,
                                         .phones = {"030 1234567\x1F"
                                                    "DE"}},
                                        {.client = 5, .kind = "person", .name = "\x1F\x1F"}});
  EXPECT_EQ(values(cards, 0, CardField::given_name), Texts{"anna"});
  EXPECT_EQ(values(cards, 0, CardField::family_name), Texts{"berg"});
  EXPECT_EQ(values(cards, 1, CardField::given_name), Texts{"anna"});
  EXPECT_EQ(values(cards, 1, CardField::family_name), Texts{"be rg"});
  EXPECT_EQ(values(cards, 2, CardField::phone), Texts{"+4930123456"});
  EXPECT_EQ(values(cards, 3, CardField::phone), Texts{"0301234567"});
  EXPECT_EQ(values(cards, 4, CardField::given_name), Texts{});
}

TEST(PreparedCards, CountSoManyValuesOfAField) {
  ClientRow row{.client = 1};
  for (int i = 0; i < 2000; ++i) {
    row.phones.push_back("+4930" + std::to_string(1'000'000 + i / 2));
    row.emails.push_back("x" + std::to_string(i) + "@a.example");
  }
  const PreparedCards cards = prepared({row, {.client = 2, .phones = {"+49301000000"}}});
  ASSERT_EQ(values(cards, 0, CardField::phone).size(), max_card_values);
  EXPECT_EQ(values(cards, 0, CardField::phone).back(), "+4930" + std::to_string(1'000'000 + max_card_values - 1));
  EXPECT_EQ(values(cards, 0, CardField::email).size(), max_card_values);
  EXPECT_EQ(cards.filled(CardField::phone), 2U);
}

TEST(PreparedCards, CutValuesWithoutEndBetweenCharacters) {
  const std::string latin(10'000, 'a');
  std::string cyrillic;
  for (int i = 0; i < 5000; ++i) cyrillic += "б";
  const PreparedCards cards = prepared({{.client = 1, .kind = "person", .family_name = latin},
                                        {.client = 2, .kind = "person", .family_name = latin + "b"},
                                        {.client = 3, .city = cyrillic},
                                        {.client = 4, .identifiers = {std::string(max_value_characters, '7')}}});
  EXPECT_EQ(values(cards, 0, CardField::family_name), Texts{latin.substr(0, max_value_characters)});
  EXPECT_EQ(values(cards, 0, CardField::family_name), values(cards, 1, CardField::family_name));
  EXPECT_EQ(values(cards, 2, CardField::city), Texts{std::string(max_value_characters, 'b')});
  EXPECT_EQ(values(cards, 3, CardField::identifier)[0].size(), max_value_characters);
}

TEST(PreparedCards, OfTwoListsKeepTheirIdsApart) {
  const PreparedCards cards =
      prepare_cards(base_of({{.client = 1, .city = "Bonn"}, {.client = 2, .city = "Kiel"}}),
                    base_of({{.client = 2, .city = "Bonn"}, {.client = "x", .city = "Ulm"}}), Normaliser());
  ASSERT_EQ(cards.size(), 4U);
  EXPECT_TRUE(cards.two_lists());
  EXPECT_EQ(cards.first_list(), 2U);
  EXPECT_EQ(cards.card_of(2, 0), 1U);
  EXPECT_EQ(cards.card_of(2, 1), 2U);
  EXPECT_EQ(cards.card_of(1, 1), std::nullopt);
  EXPECT_EQ(cards.id(3), ClientId("x"));
  EXPECT_FALSE(prepared({{.client = 1, .city = "Bonn"}}).two_lists());
}

TEST(PreparedCards, AreOfTwoListsWhereOneIsEmpty) {
  const std::vector<ClientRow> twins{{.client = 1, .kind = "person", .name = "Anna Berg", .emails = {"a@b.example"}},
                                     {.client = 2, .kind = "person", .name = "Anna Berg", .emails = {"a@b.example"}}};
  for (const auto& [first, second] : {std::pair(base_of(twins), ClientBase()), std::pair(ClientBase(), base_of(twins)),
                                      std::pair(ClientBase(), ClientBase())}) {
    EXPECT_TRUE(prepare_cards(first, second, Normaliser()).two_lists());
    for (const CardSourceRule sources : {CardSourceRule::any, CardSourceRule::one_to_one, CardSourceRule::one_to_many,
                                         CardSourceRule::one_per_source}) {
      DedupeOptions options;
      options.clusters.sources = sources;
      const Duplicates linked = link_lists(first, second, options);
      EXPECT_TRUE(linked.groups().empty());
    }
  }
}

TEST(PreparedCards, RefuseWhatTheyDoNotHave) {
  const PreparedCards cards = prepared({{.client = 1, .city = "Bonn"}});
  EXPECT_THROW(static_cast<void>(cards.values(1, CardField::city)), Error);
  EXPECT_THROW(static_cast<void>(cards.values(0, CardField::city, "stem")), Error);
  EXPECT_EQ(values(cards, 0, CardField::email), Texts{});
}

}  // namespace
}  // namespace klientela
