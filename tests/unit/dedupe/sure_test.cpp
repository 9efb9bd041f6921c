// What of the found clusters is sure enough to merge unseen, and what has to wait for a person.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/dedupe/merge.hpp"
#include "klientela/ingest/builder.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Weights by hand: every field is worth 10 bits where it is the same, and takes 4 where it is different.
DedupeOptions by_hand(double prior_bits) {
  DedupeOptions options;
  std::vector<LinkField> fields;
  for (const CardField field : {CardField::family_name, CardField::email, CardField::phone}) {
    options.comparisons.push_back({.field = field, .kind = ComparisonKind::exact, .tf_weight = 0});
    fields.push_back({.comparison = spec(options.comparisons.back()), .weights = {-4, 10}, .tf_weight = 0});
  }
  options.model = LinkModel(1 / (1 + std::exp2(prior_bits)), fields);
  options.blocking.rules = {blocking_rule("family_name"), blocking_rule("email"), blocking_rule("phone")};
  return options;
}

ClientBase base_of(const std::vector<ClientRow>& rows) {
  BaseBuilder builder;
  for (const ClientRow& row : rows) builder.add(row);
  return builder.build().base;
}

ClientRow card(std::int64_t id, std::string name, std::string email, std::string phone, std::string kind = "") {
  ClientRow row{.client = id, .kind = std::move(kind), .family_name = std::move(name)};
  if (!email.empty()) row.emails = {std::move(email)};
  if (!phone.empty()) row.phones = {std::move(phone)};
  return row;
}

std::vector<std::string> texts(const std::vector<MergeCluster>& clusters) {
  std::vector<std::string> out;
  for (const MergeCluster& cluster : clusters) {
    std::string text;
    for (const ClientId& id : cluster.cards) text += (text.empty() ? "" : " ") + id.to_text();
    out.push_back(std::move(text));
  }
  return out;
}

TEST(SureClusters, NeedTheThresholdAndASecondPieceOfEvidence) {
  // Prior of -6 bits. 1 and 2: all three, 24 bits, 14 without one. 3 and 4: name and phone, 14 bits, 4 without one.
  // 5 and 6: phone alone, 4 bits.
  const ClientBase base = base_of({card(1, "Orlova", "a@x.example", "+493011111111"),
                                   card(2, "Orlova", "a@x.example", "+493011111111", "person"),
                                   card(3, "Falk", "", "+493022222222"), card(4, "Falk", "", "+493022222222", "person"),
                                   card(5, "", "", "+493033333333"), card(6, "", "", "+493033333333", "person")});
  const Duplicates found = find_duplicates(base, by_hand(6));
  EXPECT_THAT(texts(merge_clusters(found)), ElementsAre("1 2", "3 4", "5 6"));
  EXPECT_THAT(texts(merge_clusters(found, {})), ElementsAre("1 2", "3 4"));
  EXPECT_THAT(texts(merge_clusters(found, {.threshold = 10, .corroboration = 4.1})), ElementsAre("1 2"));
  EXPECT_THAT(texts(merge_clusters(found, {.threshold = 14.1, .corroboration = -1024})), ElementsAre("1 2"));
  EXPECT_THAT(texts(merge_clusters(found, {.threshold = 0, .corroboration = -1024})), ElementsAre("1 2", "3 4", "5 6"));
  EXPECT_THAT(merge_clusters(found, {.threshold = 1024}), IsEmpty());
}

/// 1, 2 and 3 have everything in common but one field at most; 4 hangs on by its mailbox alone.
Duplicates one_hanging_on() {
  const ClientBase base =
      base_of({card(1, "Orlova", "a@x.example", "+493011111111"), card(2, "Orlova", "a@x.example", "+493011111111"),
               card(3, "Orlova", "a@x.example", ""), card(4, "", "a@x.example", "")});
  return find_duplicates(base, by_hand(6));
}

TEST(SureClusters, StopAtAJoinThatIsNotSure) {
  const Duplicates found = one_hanging_on();
  ASSERT_THAT(texts(merge_clusters(found)), ElementsAre("1 2 3 4"));
  EXPECT_THAT(texts(merge_clusters(found, {})), ElementsAre("1 2 3"));
}

TEST(SureClusters, LeaveWhatHasTooManyCardsToAPerson) {
  std::vector<ClientRow> rows;
  for (std::int64_t id = 1; id <= 21; ++id) rows.push_back(card(id, "Guest", "guest@x.example", "+493011111111"));
  const Duplicates found = find_duplicates(base_of(rows), by_hand(6));
  ASSERT_EQ(merge_clusters(found).size(), 1U);
  EXPECT_THAT(merge_clusters(found, {}), IsEmpty());
  EXPECT_EQ(merge_clusters(found, {.max_cards = 21}).front().cards.size(), 21U);
}

TEST(SureClusters, LeaveLargeClustersWholeThoughPartsAreSure) {
  const Duplicates found = one_hanging_on();
  ASSERT_THAT(texts(merge_clusters(found)), ElementsAre("1 2 3 4"));
  EXPECT_THAT(texts(merge_clusters(found, {.max_cards = 4})), ElementsAre("1 2 3"));
  EXPECT_THAT(merge_clusters(found, {.max_cards = 3}), IsEmpty());
}

TEST(SureClusters, AreAskedForByFiguresInRange) {
  const Duplicates found = find_duplicates(base_of({card(1, "Orlova", "a@x.example", "")}), by_hand(6));
  const auto where = [&](const MergeOptions& sure) {
    try {
      static_cast<void>(merge_clusters(found, sure));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(where({.threshold = std::numeric_limits<double>::quiet_NaN()}), "threshold");
  EXPECT_EQ(where({.threshold = 1025}), "threshold");
  EXPECT_EQ(where({.corroboration = -1025}), "corroboration");
  EXPECT_EQ(where({.max_cards = 1}), "max_cards");
}

TEST(SureClusters, NeverJoinAnOrganisationAndAPersonUnlessToldTo) {
  const ClientBase base = base_of({card(1, "Orlova", "a@x.example", "+493011111111", "person"),
                                   card(2, "Orlova", "a@x.example", "+493011111111", "organisation")});
  DedupeOptions options = by_hand(6);
  const Duplicates found = find_duplicates(base, options);
  ASSERT_THAT(texts(merge_clusters(found)), ElementsAre("1 2"));
  EXPECT_THAT(merge_clusters(found, {}), IsEmpty());
  options.survivorship.across_kinds = true;
  EXPECT_THAT(texts(merge_clusters(find_duplicates(base, options), {})), ElementsAre("1 2"));
}

TEST(SureClusters, TakeWhatSomebodySaidWhateverTheScore) {
  const ClientBase base = base_of({card(1, "Orlova", "a@x.example", ""), card(2, "Falk", "b@x.example", "")});
  DedupeOptions options = by_hand(6);
  const PreparedCards cards = prepare_cards(base, Normaliser(options.normaliser));
  DedupeKnowledge known;
  known.must_links = {{0, 1}};
  EXPECT_THAT(texts(merge_clusters(find_duplicates(cards, options, known), {})), ElementsAre("1 2"));
}

TEST(SureClusters, AreChosenByThePolicy) {
  EXPECT_EQ(dedupe_options_from_json("{}").merge, MergeOptions{});
  EXPECT_EQ(dedupe_options_from_json(R"({"merge": true})").merge, MergeOptions{});
  EXPECT_FALSE(dedupe_options_from_json(R"({"merge": false})").merge);
  EXPECT_FALSE(dedupe_options_from_json(R"({"merge": null})").merge);
  const DedupeOptions options =
      dedupe_options_from_json(R"({"merge": {"threshold": 15.5, "corroboration": -2, "max_cards": 5}})");
  EXPECT_EQ(options.merge, (MergeOptions{.threshold = 15.5, .corroboration = -2, .max_cards = 5}));
  for (const char* json : {"{}", R"({"merge": false})", R"({"merge": {"threshold": 3}})"})
    EXPECT_EQ(dedupe_options_from_json(to_json(dedupe_options_from_json(json))).merge,
              dedupe_options_from_json(json).merge);
  const auto where = [](const char* json) {
    try {
      static_cast<void>(dedupe_options_from_json(json, "/dedupe"));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::bad_policy);
      return error.where();
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(where(R"({"merge": 7})"), "/dedupe/merge");
  EXPECT_EQ(where(R"({"merge": {"threshold": 2000}})"), "/dedupe/merge/threshold");
  EXPECT_EQ(where(R"({"merge": {"max_cards": 1}})"), "/dedupe/merge/max_cards");
  EXPECT_EQ(where(R"({"merge": {"sure": 1}})"), "/dedupe/merge/sure");
}

}  // namespace
}  // namespace klientela
