// Survivorship policies as JSON, and every rule on cards where they differ.
#include "klientela/dedupe/survivorship.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "klientela/dedupe/merge.hpp"
#include "unit/dedupe/merge_fixture.hpp"

namespace klientela {
namespace {

using test::at;

std::string pointer_of(const std::string& json) {
  try {
    static_cast<void>(survivorship_policy_from_json(json, "/dedupe/merge"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    return error.where();
  }
  return "nothing was thrown";
}

TEST(SurvivorshipPolicy, ReadsBackTheSame) {
  const SurvivorshipPolicy by_default;
  EXPECT_EQ(survivorship_policy_from_json("{}"), by_default);
  EXPECT_EQ(survivorship_policy_from_json(to_json(by_default)), by_default);
  const SurvivorshipPolicy policy = survivorship_policy_from_json(R"({"version": 7, "survivor": "smallest",
    "default": "longest", "lists": {"custom": "mine"}, "fields": {"emails": "union", "name": "most_trusted"},
    "groups": [{"fields": ["given_name", "family_name"], "rule": {"custom": "names"}}],
    "trusted_sources": ["erp", "site"], "across_kinds": true})");
  EXPECT_EQ(policy.version, 7U);
  EXPECT_EQ(policy.groups.size(), 1U);
  EXPECT_EQ(policy.fields.at(ClientField::name).rule, SurvivorRule::most_trusted);
  EXPECT_EQ(policy.lists_by_default.function, "mine");
  EXPECT_EQ(survivorship_policy_from_json(to_json(policy, -1)), policy);
}

TEST(SurvivorshipPolicy, NamesThePlaceOfAnError) {
  EXPECT_EQ(pointer_of(R"({"versoin": 1})"), "/dedupe/merge/versoin");
  EXPECT_EQ(pointer_of(R"({"version": 0})"), "/dedupe/merge/version");
  EXPECT_EQ(pointer_of(R"({"default": "union"})"), "/dedupe/merge/default");
  EXPECT_EQ(pointer_of(R"({"default": "best"})"), "/dedupe/merge/default");
  EXPECT_EQ(pointer_of(R"({"fields": {"city2": "newest"}})"), "/dedupe/merge/fields/city2");
  EXPECT_EQ(pointer_of(R"({"fields": {"city": "newest"}})"), "/dedupe/merge/fields/city");  // of the address
  EXPECT_EQ(pointer_of(R"({"fields": {"name": "union"}})"), "/dedupe/merge/fields/name");
  EXPECT_EQ(pointer_of(R"({"fields": {"client": "newest"}})"), "/dedupe/merge/fields/client");
  EXPECT_EQ(pointer_of(R"({"fields": {"name": {"custom": ""}}})"), "/dedupe/merge/fields/name");
  EXPECT_EQ(pointer_of(R"({"groups": [{"fields": ["city"], "rule": "newest"}]})"), "/dedupe/merge/groups/0/fields");
  EXPECT_EQ(pointer_of(R"({"groups": [{"fields": ["city", "city"], "rule": "newest"}]})"),
            "/dedupe/merge/groups/0/fields/1");
  EXPECT_EQ(pointer_of(R"({"groups": [{"fields": ["city", "parent"], "rule": "newest"}]})"),
            "/dedupe/merge/groups/0/fields/1");
  EXPECT_EQ(pointer_of(R"({"groups": [{"fields": ["city", "street"]}]})"), "/dedupe/merge/groups/0/rule");
  EXPECT_EQ(pointer_of(R"({"trusted_sources": ["a", "a"]})"), "/dedupe/merge/trusted_sources");
}

TEST(SurvivorshipPolicy, HoldsTextsInUtf8Alone) {
  SurvivorshipPolicy sources;
  sources.trusted_sources = {"crm", "\xFF"};
  EXPECT_THROW(check_policy(sources), Error);
  SurvivorshipPolicy function;
  function.fields[ClientField::name] = {SurvivorRule::custom, "\xFF"};
  EXPECT_THROW(check_policy(function), Error);
  EXPECT_NE(to_json(sources).find("crm"), std::string::npos);  // writes what it can
}

TEST(SurvivorshipPolicy, HasASchemaOfAllItsKeys) {
  const auto schema = nlohmann::json::parse(survivorship_policy_schema());
  const auto document = nlohmann::json::parse(to_json(SurvivorshipPolicy{}));
  for (const auto& [key, value] : document.items()) EXPECT_TRUE(schema["properties"].contains(key)) << key;
  EXPECT_EQ(schema["properties"].size(), document.size());
  EXPECT_EQ(schema["properties"]["groups"]["default"], document["groups"]);
  EXPECT_EQ(schema["properties"]["fields"]["properties"].size(), spec(TableId::clients).fields.size() - 3);
}

/// Three cards whose names are told apart by every rule.
std::string name_by(SurvivorRule rule) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .name = "Frequent", .source = "site", .updated_at = at(1)});
  builder.add(ClientRow{.client = 2, .name = "Newest", .source = "call", .created_at = at(9)});
  builder.add(ClientRow{.client = 3, .name = "Frequent", .source = "site", .updated_at = at(2)});
  builder.add(ClientRow{.client = 4,
                        .name = "Complete",
                        .phones = {"1"},
                        .postcode = "5",
                        .birthday = first_day,
                        .source = "site",
                        .updated_at = at(3)});
  builder.add(ClientRow{.client = 5, .name = "Длинный", .source = "site", .updated_at = at(3)});
  builder.add(ClientRow{.client = 6, .name = "The longest", .source = "site", .updated_at = at(3)});
  builder.add(ClientRow{.client = 7, .name = "Trusted", .source = "erp", .updated_at = at(4)});
  builder.add(ClientRow{.client = 8, .source = "erp", .updated_at = at(10)});  // no name
  SurvivorshipPolicy policy;
  policy.fields_by_default.rule = rule;
  policy.trusted_sources = {"erp", "call"};
  MergedBase merged(builder.build().base, policy);
  const MergeCluster all{{8, 7, 6, 5, 4, 3, 2, 1}};
  merged.merge(std::span(&all, 1));
  EXPECT_EQ(merged.counts_as(5), ClientId(2));  // the one with a created_at
  return merged.survivors().column("name").to_text(0);
}

TEST(Survivorship, ChoosesByEveryRule) {
  EXPECT_EQ(name_by(SurvivorRule::newest), "Newest");
  EXPECT_EQ(name_by(SurvivorRule::most_complete), "Complete");
  EXPECT_EQ(name_by(SurvivorRule::most_trusted), "Trusted");
  EXPECT_EQ(name_by(SurvivorRule::most_frequent), "Frequent");
  EXPECT_EQ(name_by(SurvivorRule::longest), "The longest");
}

TEST(Survivorship, KeepsAWholeAddressOfOneCard) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .street = "Main 1", .city = "Perm", .updated_at = at(9)});
  builder.add(
      ClientRow{.client = 2, .city = "Omsk", .region = "r", .postcode = "5", .country = "RU", .updated_at = at(1)});
  for (const bool newest : {false, true}) {
    SurvivorshipPolicy policy;
    if (newest) policy.groups[0].by.rule = SurvivorRule::newest;
    MergedBase merged(builder.build().base, policy);
    builder.add(ClientRow{.client = 1, .street = "Main 1", .city = "Perm", .updated_at = at(9)});
    builder.add(
        ClientRow{.client = 2, .city = "Omsk", .region = "r", .postcode = "5", .country = "RU", .updated_at = at(1)});
    const MergeCluster both{{1, 2}};
    merged.merge(std::span(&both, 1));
    const Table card = merged.survivors();
    EXPECT_EQ(card.column("city").to_text(0), newest ? "Perm" : "Omsk");
    EXPECT_EQ(card.column("street").to_text(0), newest ? "Main 1" : "");
    EXPECT_EQ(card.column("postcode").to_text(0), newest ? "" : "5");
    // What somebody wrote stands, the rest stays together.
    merged.edit(2, ClientField::street, {"New 7"});
    EXPECT_EQ(merged.survivors().column("street").to_text(0), "New 7");
    EXPECT_EQ(merged.survivors().column("city").to_text(0), newest ? "Perm" : "Omsk");
  }
}

TEST(Survivorship, TiesGoToTheSmallestId) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = "b", .name = "text"}).add(ClientRow{.client = 10, .name = "ten"});
  builder.add(ClientRow{.client = 9, .name = "nine"});
  MergedBase merged(builder.build().base);
  const MergeCluster all{{"b", 10, 9}};
  merged.merge(std::span(&all, 1));
  EXPECT_EQ(merged.counts_as("b"), ClientId(9));
  EXPECT_EQ(merged.survivors().column("name").to_text(0), "nine");
}

}  // namespace
}  // namespace klientela
