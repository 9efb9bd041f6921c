// The plan policy as JSON: read strictly, written whole, and the default playbooks.
#include "klientela/plan/plan_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

namespace klientela {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

PlanPolicy read(const std::string& json) { return *plan_policy_from_json(json, "/plan"); }

Error error_of(const std::string& json) {
  try {
    static_cast<void>(read(json));
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown for " << json;
  return {Code::internal, ""};
}

std::string playbook(const std::string& quota) {
  return R"({"playbooks": [{"name": "a"}, {"name": "p", "quotas": [{"channel": "email"}, )" + quota + "]}]}";
}

TEST(PlanPolicy, IsTheDefaultOrNone) {
  EXPECT_FALSE(plan_policy_from_json("null"));
  EXPECT_FALSE(plan_policy_from_json("false"));
  EXPECT_EQ(read("true"), PlanPolicy());
  EXPECT_EQ(read("{}"), PlanPolicy());
}

TEST(PlanPolicy, WrittenWholeReadsBackTheSame) {
  EXPECT_EQ(read(to_json(PlanPolicy())), PlanPolicy());
  const PlanPolicy policy = read(R"({
    "time_zone": "Europe/Moscow",
    "channels": [{"name": "phone", "aliases": ["call"], "minutes": 7, "contacts": 9, "consent": true,
                  "hours": {"Mon-Fri": "09:00-12:00"}, "on_holidays": true, "en": "call", "ru": "звонок"},
                 {"name": "email"}],
    "playbooks": [{"name": "p", "set": "s", "when": "tier = 'x'", "worth": "money_net / 1000", "en": "a", "ru": "б",
      "quotas": [{"name": "q", "channels": ["phone", "email"], "least": 4, "most": 9, "per": "plan", "spread": false,
        "topic": "t", "initiative": "inbound", "purposes": ["one", {"en": "two", "ru": "два"}, {"ru": "три"}],
        "minutes": 3, "value": 1.25, "keep": 0.333, "least_value": 7, "gap_days": 2, "weekdays": "Tue,Thu",
        "weekday_value": 0.5, "hours": "10:00-12:00;13:00-14:00",
        "by": {"owner": true, "pool": "x", "skills": ["a"], "language": true}, "only_if": "frequency > 3",
        "consent": "service"},
        {"channel": "call", "contacts": 2, "by": "anyone"}]}],
    "care": [{"name": "c", "on": "holidays", "holidays": ["x"], "before_days": 3, "after_days": 0,
              "contact": {"channel": "email", "by": "language"}}],
    "surveys": [{"name": "v", "measure": "nps", "every_days": 90, "contact": {"channel": "email"}}],
    "campaigns": [{"name": "k", "first": "2026-12-01", "deadline": "2026-12-24", "contact": {"channel": "email"}}],
    "revisits": {"en": "r", "within_days": 3, "overdue_days": 9, "recycle": ["lost"], "recycle_after_days": 99,
                 "contact": {"channel": "phone"}},
    "limits": [{"contacts": 2, "days": 7, "channels": ["email"]}],
    "hours": {"Mon-Fri": "08:00-20:00"}, "on_holidays": true, "advertising": ["x"],
    "rule_packs": ["us-tcpa"],
    "blackouts": ["2026-12-31", {"days": "2027-01-01..2027-01-08", "channels": ["phone"], "en": "rest"}],
    "owners": {"keep": false, "needs": ["card.region"], "dedicated": "tier = 'y'"},
    "batching": {"channels": ["phone"], "by": "card.region", "value": 3},
    "may_be_absent": ["tier"],
    "solver": {"gap": 0.01, "rounds": 10, "improvements": 5, "work_limit": 1000}
  })");
  EXPECT_EQ(read(to_json(policy)), policy);
  EXPECT_EQ(to_json(read(to_json(policy))), to_json(policy));
  const PlanQuota& quota = policy.playbooks.front().quotas.front();
  EXPECT_EQ(quota.value, 12'500);
  EXPECT_EQ(quota.keep_per_mille, 333);
  EXPECT_EQ(quota.per, std::nullopt);
  EXPECT_EQ(quota.purposes[0].text(Language::russian), "one");
  EXPECT_EQ(quota.purposes[2].text(Language::english), "три");
  EXPECT_FALSE(policy.playbooks.front().quotas[1].by.owner);
  EXPECT_EQ(policy.rule_packs.front(), builtin_rule_pack("us-tcpa"));
}

TEST(PlanPolicy, LeastWithoutMostAsksForTwiceAsMany) {
  const PlanQuota quota = read(playbook(R"({"channel": "email", "least": 4, "value": 3})")).playbooks[1].quotas[1];
  EXPECT_EQ(quota.least, 4);
  EXPECT_EQ(quota.most, 8);
  EXPECT_EQ(quota.least_value, 30'000);  // those that should happen come first
}

TEST(PlanPolicy, NamesThePointerAndTheCharacter) {
  const std::string quota = "/plan/playbooks/1/quotas/1";
  const std::vector<std::tuple<std::string, std::string, std::string>> bad{
      {playbook(R"({"channel": "phone", "least": 5, "most": 3})"), quota + "/most", "at least 5"},
      {playbook(R"({"channel": "phone", "contacts": 3, "least": 2})"), quota + "/least", "contradicts"},
      {playbook(R"({"channel": "phone", "contacts": 0})"), quota + "/contacts", ""},
      {playbook(R"({"contacts": 1})"), quota + "/channels", "needs a channel"},
      {playbook(R"({"channel": "phon"})"), quota + "/channels/0", "the channels: phone, meeting"},
      {playbook(R"({"channel": "phone", "channels": ["email"]})"), quota + "/channel", "one of the two"},
      {playbook(R"({"channel": "phone", "per": "decade"})"), quota + "/per", "month"},
      {playbook(R"({"channel": "phone", "weekdays": "Someday"})"), quota + "/weekdays", "Someday"},
      {playbook(R"({"channel": "phone", "hours": "25:00-26:00"})"), quota + "/hours", "25:00"},
      {playbook(R"({"channel": "phone", "only_if": "a = = 1"})"), quota + "/only_if", "column 5"},
      {playbook(R"({"channel": "phone", "only_if": "1 + 2"})"), quota + "/only_if", "true or false"},
      {playbook(R"({"channel": "phone", "by": "anna"})"), quota + "/by", "owner"},
      {playbook(R"({"channel": "phone", "value": -1})"), quota + "/value", ""},
      {playbook(R"({"channel": "phone", "kep": 1})"), quota, "kep"},
      {R"({"playbooks": [{"name": "p"}, {"name": "p"}]})", "/plan/playbooks/1/name", "another"},
      {R"({"playbooks": [{"name": "p", "worth": "'much'"}]})", "/plan/playbooks/0/worth", "number"},
      {R"({"playbooks": [{"name": "p", "quotas": [{"channel": "email", "name": "2"}, {"channel": "email"}]}]})",
       "/plan/playbooks/0/quotas/1/name", "two quotas"},
      {R"({"playbooks": [{"when": "true"}]})", "/plan/playbooks/0", "name"},
      {R"({"care": [{"name": "birthday", "contact": {"channel": "email"}}, {"name": "birthday",
          "contact": {"channel": "email"}}]})",
       "/plan/care/1/name", "another"},
      {R"({"care": [{"name": "b", "holidays": ["x"], "contact": {"channel": "email"}}]})", "/plan/care/0/holidays", ""},
      {R"({"campaigns": [{"name": "b", "first": "2026-12-02", "deadline": "2026-12-01",
          "contact": {"channel": "email"}}]})",
       "/plan/campaigns/0/first", "after"},
      {R"({"campaigns": [{"name": "b", "deadline": "2026-13-01", "contact": {"channel": "email"}}]})",
       "/plan/campaigns/0/deadline", "date"},
      {R"({"campaigns": [{"name": "b", "deadline": "2026-12-01", "contact": {"channel": "email", "per": "week"}}]})",
       "/plan/campaigns/0/contact", "per"},
      {R"({"surveys": [{"name": "b", "measure": "joy", "contact": {"channel": "email"}}]})", "/plan/surveys/0/measure",
       "csat"},
      {R"({"time_zone": "Mars/Olympus"})", "/plan/time_zone", "IANA"},
      {R"({"rule_packs": ["eu-gdpr"]})", "/plan/rule_packs/0", "us-tcpa"},
      {R"({"limits": [{"contacts": 1, "days": 0}]})", "/plan/limits/0/days", ""},
      {R"({"limits": [{"contacts": 1, "days": 3, "channels": ["fax"]}]})", "/plan/limits/0/channels/0", "fax"},
      {R"({"blackouts": ["2026-12-03..2026-12-01"]})", "/plan/blackouts/0", ""},
      {R"({"channels": []})", "/plan/channels", "1 to 32"},
      {R"({"channels": [{"name": "a"}, {"name": "b", "aliases": ["A"]}]})", "/plan/channels/1", "too"},
      {R"({"owners": {"dedicated": "3"}})", "/plan/owners/dedicated", "true or false"},
      {R"({"solver": {"rounds": 0}})", "/plan/solver/rounds", ""},
      {R"({"solver": {"improvements": -1}})", "/plan/solver/improvements", ""},
      {R"({"plabooks": []})", "/plan", "plabooks"},
  };
  for (const auto& [json, where, message] : bad) {
    const Error error = error_of(json);
    EXPECT_EQ(error.code(), Code::bad_policy) << json;
    EXPECT_THAT(error.where(), ::testing::StartsWith(where)) << json << error.what();
    EXPECT_THAT(error.what(), HasSubstr(message)) << json;
  }
}

TEST(PlanPolicy, DefaultHasAPlaybookForEveryGroupTierAndClassInBothLanguages) {
  std::set<std::string> names;
  for (const Playbook& playbook : PlanPolicy().playbooks) {
    names.insert(playbook.name);
    EXPECT_FALSE(playbook.words.english.empty()) << playbook.name;
    EXPECT_FALSE(playbook.words.russian.empty()) << playbook.name;
    EXPECT_FALSE(playbook.quotas.empty()) << playbook.name;
    for (const PlanQuota& quota : playbook.quotas)
      for (const PlanWords& purpose : quota.purposes) {
        EXPECT_FALSE(purpose.english.empty()) << playbook.name;
        EXPECT_FALSE(purpose.russian.empty()) << playbook.name;
      }
  }
  EXPECT_THAT(names, IsSupersetOf({"cold", "warm", "hot", "partner", "strategic", "important", "ordinary", "potential",
                                   "class A", "class B", "class C"}));
  const nlohmann::json playbooks = nlohmann::json::parse(default_playbooks_json());
  EXPECT_EQ(playbooks.size(), PlanPolicy().playbooks.size());
  EXPECT_EQ(read(R"({"playbooks": )" + default_playbooks_json() + "}"), PlanPolicy());
}

TEST(PlanPolicy, SchemaNamesEveryKey) {
  const nlohmann::json schema = nlohmann::json::parse(plan_policy_schema());
  const nlohmann::json policy = nlohmann::json::parse(to_json(PlanPolicy()));
  for (const auto& [key, value] : policy.items()) EXPECT_TRUE(schema.at("properties").contains(key)) << key;
  EXPECT_EQ(schema.at("properties").size(), policy.size());
  const nlohmann::json& quota = schema.at("$defs").at("plan_quota").at("properties");
  for (const auto& [key, value] : policy.at("playbooks")[0].at("quotas")[0].items())
    EXPECT_TRUE(quota.contains(key)) << key;
}

}  // namespace
}  // namespace klientela
