// The policy document: presets, overlays, round trips, errors that name their place, and the examples of its guide.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/pipeline/policy.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Json = nlohmann::ordered_json;

std::vector<std::string> classifier_names(const Policy& policy) {
  std::vector<std::string> names;
  for (const auto& [name, classifier] : policy.classifiers) names.push_back(name);
  return names;
}

/// The place an error names, or "fine".
std::string where(std::string_view json, std::string_view said = {}) {
  try {
    (void)Policy::from_json(json);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(std::string(said)));
    return error.where();
  }
  return "fine";
}

TEST(Policy, EmptyDocumentIsTheDefault) {
  EXPECT_EQ(Policy::from_json("{}").to_json(), Policy().to_json());
  EXPECT_EQ(Policy::preset("default").to_json(), Policy().to_json());
  EXPECT_THAT(classifier_names(Policy()), ElementsAre("rfm", "abc", "matrix", "tiers", "relationship_type"));
}

TEST(Policy, PresetsReadBackTheSame) {
  for (const std::string& name : Policy::presets()) {
    const std::string document = Policy::preset(name).to_json();
    EXPECT_EQ(Policy::from_json(document).to_json(), document) << name;
    EXPECT_EQ(Policy::from_json("{\"preset\": \"" + name + "\"}").to_json(), document) << name;
  }
}

TEST(Policy, UnknownPresetNamesThoseThereAre) {
  try {
    (void)Policy::preset("onlineretail");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_THAT(error.what(), HasSubstr("default, b2b, online-retail"));
  }
  EXPECT_EQ(where(R"({"preset": "onlineretail"})", "default, b2b, online-retail"), "/preset");
  EXPECT_EQ(where(R"({"preset": 3})"), "/preset");
}

TEST(Policy, OnlineRetailReadsItsColumns) {
  const Policy policy = Policy::preset("online-retail");
  EXPECT_EQ(policy.ingest.time_zone, "Europe/London");
  EXPECT_EQ(policy.ingest.currency, "GBP");
  EXPECT_TRUE(policy.ingest.reject_zero_amounts);
  const auto& columns = policy.ingest.mappings.at(TableId::transactions).columns;
  EXPECT_EQ(columns.at("client"), "CustomerID");
  EXPECT_EQ(columns.at("unit_price"), "UnitPrice");
  const auto* abc = policy.classifiers.at(1).second.get_if<AbcClassifier>();
  ASSERT_NE(abc, nullptr);
  EXPECT_THAT(abc->options().measures, ElementsAre("money_gross"));
  EXPECT_EQ(abc->options().a, 0.80);
  EXPECT_EQ(abc->options().b, 0.95);
}

TEST(Policy, OverridesAPresetKeyByKey) {
  const Policy policy = Policy::from_json(R"({
    "preset": "online-retail",
    "ingest": {"currency": "EUR", "mappings": {"transactions": {"columns": {"unit_price": "Price"}}}},
    "classifiers": {"abc": {"convention": "stay"}, "matrix": null}
  })");
  EXPECT_EQ(policy.ingest.currency, "EUR");
  EXPECT_EQ(policy.ingest.time_zone, "Europe/London");
  EXPECT_EQ(policy.ingest.mappings.at(TableId::transactions).columns.at("unit_price"), "Price");
  EXPECT_EQ(policy.ingest.mappings.at(TableId::transactions).columns.at("client"), "CustomerID");
  EXPECT_THAT(classifier_names(policy), ElementsAre("rfm", "abc"));
  const auto* abc = policy.classifiers.at(1).second.get_if<AbcClassifier>();
  ASSERT_NE(abc, nullptr);
  EXPECT_EQ(abc->options().convention, AbcConvention::stay);
  EXPECT_THAT(abc->options().measures, ElementsAre("money_gross"));
}

TEST(Policy, HoldsHowDuplicatesAreFound) {
  const Policy policy = Policy::from_json(R"({
    "ingest": {"keep_unreadable_cards": true},
    "dedupe": {"comparisons": [{"field": "email"}, {"field": "phone"}], "clusters": {"threshold": 3}}})");
  EXPECT_TRUE(policy.ingest.keep_unreadable_cards);
  EXPECT_EQ(policy.dedupe.comparisons.size(), 2U);
  EXPECT_EQ(policy.dedupe.clusters.threshold, 3);
  EXPECT_EQ(Policy::from_json(policy.to_json()).to_json(), policy.to_json());
}

TEST(Policy, HoldsHowContactsArePlanned) {
  EXPECT_FALSE(Policy().plan);
  EXPECT_FALSE(Policy::from_json(R"({"plan": false})").plan);
  EXPECT_EQ(Policy::from_json(R"({"plan": true})").plan, PlanPolicy());
  const Policy policy = Policy::from_json(R"({"preset": "default", "plan": {"limits": [{"contacts": 1, "days": 3}]}})");
  ASSERT_TRUE(policy.plan);
  EXPECT_EQ(policy.plan->limits.size(), 1U);
  EXPECT_EQ(policy.plan->playbooks, PlanPolicy().playbooks);
  EXPECT_EQ(Policy::from_json(policy.to_json()).to_json(), policy.to_json());
  EXPECT_EQ(where(R"({"plan": {"playbooks": [{"name": "p", "when": "tier ="}]}})", "column 7"),
            "/plan/playbooks/0/when");
  EXPECT_EQ(where(R"({"plan": {"time_zone": "Mars/Olympus"}})", "Mars/Olympus"), "/plan/time_zone");
  EXPECT_EQ(where(R"({"plan": 3})"), "/plan");
}

TEST(Policy, OverridesTheNumberOfBins) {
  const Policy policy = Policy::from_json(R"({"preset": "default", "classifiers": {"rfm": {"bins": 3}}})");
  const auto* rfm = policy.classifiers.at(0).second.get_if<RfmClassifier>();
  ASSERT_NE(rfm, nullptr);
  EXPECT_EQ(rfm->options().bins, 3);
}

TEST(Policy, NamesThePlaceOfEveryError) {
  EXPECT_EQ(where(R"({"version": 2})", "version 2"), "/version");
  EXPECT_EQ(where(R"({"version": "1"})"), "/version");
  EXPECT_EQ(where(R"({"inges": {}})", "ingest"), "/inges");
  EXPECT_EQ(where(R"([])"), "");
  EXPECT_EQ(where("{"), "");
  EXPECT_EQ(where(""), "");
  EXPECT_EQ(where(R"({"ingest": {"time_zone": "Mars/Olympus"}})", "Mars/Olympus"), "/ingest/time_zone");
  EXPECT_EQ(where(R"({"ingest": {"currency": "euro"}})"), "/ingest/currency");
  EXPECT_EQ(where(R"({"ingest": {"unknown_clients": "drop"}})", "reject_if_cards"), "/ingest/unknown_clients");
  EXPECT_EQ(where(R"({"ingest": {"reject_zero_amounts": 1}})"), "/ingest/reject_zero_amounts");
  EXPECT_EQ(where(R"({"ingest": {"date_format": "%Y-%j"}})"), "/ingest/date_format");
  EXPECT_EQ(where(R"({"ingest": {"date_format": "%d.%m"}})"), "/ingest/date_format");
  EXPECT_EQ(where(R"({"ingest": {"mappings": {"sales": {}}}})", "transactions"), "/ingest/mappings/sales");
  EXPECT_EQ(where(R"({"ingest": {"mappings": {"transactions": {"columns": {"prise": "P"}}}}})", "unit_price"),
            "/ingest/mappings/transactions/columns/prise");
  EXPECT_EQ(
      where(R"({"ingest": {"mappings": {"transactions": {"columns": {"amount": "P", "profit": "P"}}}}})", "amount"),
      "/ingest/mappings/transactions/columns/profit");
  EXPECT_EQ(where(R"({"ingest": {"mappings": {"transactions": {"columns": {"amount": ""}}}}})"),
            "/ingest/mappings/transactions/columns/amount");
  EXPECT_EQ(where(R"({"ingest": {"max_rejects_kept": -1}})"), "/ingest/max_rejects_kept");
  EXPECT_EQ(where(R"({"ingest": null})"), "/ingest");
  EXPECT_EQ(where(R"({"features": {"window_days": 0}})"), "/features/window_days");
  EXPECT_EQ(where(R"({"features": {"window": 5}})"), "/features/window");
  EXPECT_EQ(where(R"({"classifiers": {"x": {"kind": "neural"}}})"), "/classifiers/x/kind");
  EXPECT_EQ(where(R"({"classifiers": {"rfm": {"bins": 1}}})"), "/classifiers/rfm/bins");
  EXPECT_EQ(where(R"({"report": {"language": "fr"}})"), "/report/language");
  EXPECT_EQ(where(R"({"report": {"profiles": {"top": -1}}})"), "/report/profiles/top");
  EXPECT_EQ(where(R"({"roll_up": {"to": "leaves"}})"), "/roll_up/to");
  EXPECT_EQ(where(R"({"roll_up": true})"), "/roll_up");
  EXPECT_EQ(where(R"({"ingest": {"keep_unreadable_cards": 1}})"), "/ingest/keep_unreadable_cards");
  EXPECT_EQ(where(R"({"dedupe": {"clusters": {"threshhold": 1}}})"), "/dedupe/clusters/threshhold");
  EXPECT_EQ(where(R"({"dedupe": {"blocking": {"rules": ["surname"]}}})"), "/dedupe/blocking/rules/0");
  EXPECT_EQ(where(R"({"dedupe": {"blocking": {"rules": ["email", "city + given_name.roots:prefix4"]}}})"),
            "/dedupe/blocking/rules/1");
  EXPECT_EQ(where(R"({"dedupe": {"blocking": {"split_by": ["given_name.roots:soundex"]}}})"),
            "/dedupe/blocking/split_by/0");
  EXPECT_EQ(where(R"({"ingest": {}, "ingest": {}})"), "/ingest");
  EXPECT_EQ(where(R"({"a/b~c": 1})"), "/a~1b~0c");
}

TEST(Policy, SchemaHoldsEveryPart) {
  const Json schema = Json::parse(Policy::schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  for (const char* part :
       {"version", "preset", "ingest", "dedupe", "roll_up", "features", "classifiers", "plan", "report"})
    EXPECT_TRUE(schema["properties"].contains(part)) << part;
  EXPECT_EQ(schema["properties"]["preset"]["enum"], Json(Policy::presets()));
  EXPECT_EQ(schema["else"]["properties"]["ingest"]["properties"]["mappings"]["properties"]["transactions"]["properties"]
                  ["columns"]["properties"]["client"]["type"],
            "string");
}

TEST(Policy, ReadsWithAHostsOwnKinds) {
  ClassifierRegistry registry;
  registry.add("thirds", {.make = [](const std::string& name, std::string_view, const std::string&) -> AnyClassifier {
                            RfmOptions options;
                            options.bins = 3;
                            return RfmClassifier(options, name);
                          },
                          .load = {},
                          .schema = {}});
  const Policy policy = Policy::from_json(R"({"classifiers": {"mine": {"kind": "thirds"}}})", registry);
  EXPECT_THAT(classifier_names(policy), ElementsAre("mine"));
  EXPECT_EQ(where(R"({"classifiers": {"mine": {"kind": "thirds"}}})"), "/classifiers/mine/kind");
}

TEST(PolicyGuide, ThePolicyOfTheMonthPlanIsRead) {
  const auto examples = std::filesystem::path(KLIENTELA_POLICY_GUIDE).parent_path().parent_path() / "examples";
  std::ifstream file(examples / "policies" / "month_plan.json");
  ASSERT_TRUE(file);
  std::stringstream text;
  text << file.rdbuf();
  const Policy policy = Policy::from_json(text.str());
  ASSERT_TRUE(policy.plan);
  EXPECT_EQ(policy.plan->playbooks.size(), 2U);
}

TEST(PolicyGuide, ItsExamplesAreRead) {
  std::ifstream file(KLIENTELA_POLICY_GUIDE);
  ASSERT_TRUE(file) << KLIENTELA_POLICY_GUIDE;
  std::stringstream text;
  text << file.rdbuf();
  const std::string guide = text.str();
  int examples = 0;
  for (std::size_t at = guide.find("```json\n"); at != std::string::npos; at = guide.find("```json\n", at + 1)) {
    const std::size_t begin = at + 8;
    const std::string example = guide.substr(begin, guide.find("```", begin) - begin);
    EXPECT_EQ(where(example), "fine") << example;
    ++examples;
  }
  EXPECT_GE(examples, 4);
}

}  // namespace
}  // namespace klientela
