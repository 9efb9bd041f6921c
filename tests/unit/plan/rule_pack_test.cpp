// Rule packs: the built-in ones say what their sources say, the version of the day counts, and JSON reads back.
#include "klientela/plan/rule_pack.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace klientela {
namespace {

using Spans = std::vector<MinuteSpan>;

Day day(int y, unsigned m, unsigned d) { return Day{std::chrono::year{y} / std::chrono::month{m} / d}; }

std::string fault(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    EXPECT_EQ(std::string(error.what()).rfind(error.where(), 0), 0U);
    return error.what();
  }
  return "none";
}

ContactHours daily(Spans spans) { return {every_day(spans), true}; }

TEST(RulePacks, ThatAreBuiltInHaveSourcesAndADisclaimer) {
  EXPECT_EQ(rule_pack_names(), (std::vector<std::string_view>{"ru-38-fz", "us-tcpa"}));
  for (const std::string_view name : rule_pack_names()) {
    const RulePack pack = builtin_rule_pack(name);
    EXPECT_EQ(pack.name, name);
    EXPECT_NE(pack.disclaimer.find("Not legal advice"), std::string::npos);
    EXPECT_FALSE(pack.title.empty() || pack.versions.empty());
    for (const RulePackVersion& version : pack.versions)
      for (const ContactRule& rule : version.rules)
        EXPECT_FALSE(rule.text.empty() || rule.citation.empty() || rule.url.empty());
    EXPECT_EQ(rule_pack_from_json(to_json(pack)), pack);
  }
}

TEST(RulePacks, TcpaAllowsEightToNineByTheClientsClock) {
  const std::vector<RulePack> packs{builtin_rule_pack("us-tcpa")};
  const ContactHours quiet = daily({{480, 1260}});
  const Day first = day(2026, 12, 1), last = day(2026, 12, 31);
  EXPECT_EQ(hours_in_force(packs, {"US", "phone"}, {}, first, last), (std::vector<DatedHours>{{first, quiet}}));
  EXPECT_EQ(hours_in_force(packs, {"us", "sms"}, {}, first, last), (std::vector<DatedHours>{{first, quiet}}));
  EXPECT_EQ(hours_in_force(packs, {"", "phone"}, {}, first, last), (std::vector<DatedHours>{{first, quiet}}));
  EXPECT_EQ(hours_in_force(packs, {"US", "email"}, {}, first, last), (std::vector<DatedHours>{{first, {}}}));
  EXPECT_EQ(hours_in_force(packs, {"US", "phone", false}, {}, first, last), (std::vector<DatedHours>{{first, {}}}));
  EXPECT_EQ(hours_in_force(packs, {"CA", "phone"}, {}, first, last), (std::vector<DatedHours>{{first, {}}}));
  EXPECT_EQ(hours_in_force(packs, {"US", "phone"}, daily({{540, 1320}}), first, last),
            (std::vector<DatedHours>{{first, daily({{540, 1260}})}}));
  EXPECT_FALSE(consent_required(packs, {"US", "phone"}, first, last));
  // Texts are covered from 26 March 2024 on.
  EXPECT_EQ(hours_in_force(packs, {"US", "sms"}, {}, day(2024, 3, 1), day(2024, 3, 31)),
            (std::vector<DatedHours>{{day(2024, 3, 1), {}}, {day(2024, 3, 26), quiet}}));
  EXPECT_EQ(hours_in_force(packs, {"US", "sms"}, {}, day(2024, 3, 1), day(2024, 3, 25)).size(), 1U);
  EXPECT_EQ(hours_in_force(packs, {"US", "phone"}, {}, day(2024, 3, 1), day(2024, 3, 31)).size(), 1U);
}

TEST(RulePacks, Law38AsksForConsentToAdvertising) {
  const std::vector<RulePack> packs{builtin_rule_pack("ru-38-fz"), builtin_rule_pack("us-tcpa")};
  const Day first = day(2026, 12, 1), last = day(2026, 12, 31);
  for (const char* channel : {"phone", "sms", "email", "messenger", "fax"}) {
    EXPECT_TRUE(consent_required(packs, {"RU", channel}, first, last)) << channel;
    EXPECT_FALSE(consent_required(packs, {"RU", channel, false}, first, last)) << channel;
    EXPECT_FALSE(consent_required(packs, {"KZ", channel}, first, last)) << channel;
  }
  EXPECT_FALSE(consent_required(packs, {"RU", "meeting"}, first, last));
  EXPECT_FALSE(consent_required(packs, {"RU", "letter"}, first, last));
  EXPECT_FALSE(consent_required(packs, {"RU", "phone"}, day(2006, 6, 1), day(2006, 6, 30)));
  EXPECT_TRUE(consent_required(packs, {"RU", "phone"}, day(2006, 6, 1), day(2006, 7, 1)));  // in force within
}

TEST(RulePack, TheVersionInForceOnTheDayCounts) {
  RulePack pack;
  pack.versions = {{day(2020, 1, 1), {}}, {day(2025, 6, 1), {}}};
  EXPECT_EQ(pack.on(day(2019, 12, 31)), nullptr);
  EXPECT_EQ(pack.on(day(2020, 1, 1)), &pack.versions[0]);
  EXPECT_EQ(pack.on(day(2025, 5, 31)), &pack.versions[0]);
  EXPECT_EQ(pack.on(day(2025, 6, 1)), &pack.versions[1]);
  EXPECT_EQ(pack.on(day(2100, 1, 1)), &pack.versions[1]);
  EXPECT_TRUE(pack.is_for("FR") && pack.is_for(""));
  pack.country = "FR";
  EXPECT_TRUE(pack.is_for("fr") && pack.is_for("FR") && pack.is_for(""));
  EXPECT_FALSE(pack.is_for("F") || pack.is_for("DE") || pack.is_for("FRA"));
}

TEST(RulePackJson, ReadsWhatACompanyWrites) {
  const RulePack pack = rule_pack_from_json(R"({
    "name": "house", "disclaimer": "none", "versions": [
      {"effective": "2026-01-01", "rules": [
        {"hours": {"Mon-Fri": "09:00-18:00"}, "holidays": false, "advertising": false, "citation": "house rules"}]}]})");
  ASSERT_EQ(pack.versions.size(), 1U);
  const ContactRule& rule = pack.versions[0].rules.at(0);
  EXPECT_FALSE(rule.advertising || rule.consent || rule.hours.holidays);
  EXPECT_TRUE(rule.channels.empty() && rule.hours.week.days[6].empty());
  const std::vector<RulePack> packs{pack};
  const std::vector<DatedHours> dated =
      hours_in_force(packs, {"", "meeting", false}, {}, day(2025, 12, 1), day(2026, 1, 31));
  ASSERT_EQ(dated.size(), 2U);
  EXPECT_EQ(dated[1].from, day(2026, 1, 1));
  EXPECT_EQ(dated[1].hours, rule.hours);
  EXPECT_EQ(rule_pack_from_json(to_json(pack)), pack);
}

TEST(RulePackJson, NamesThePointerOfWhatIsWrong) {
  const auto of = [](const std::string& text) {
    return fault([&] { static_cast<void>(rule_pack_from_json(text, "/plan/rule_packs/0")); });
  };
  const auto with = [&](const std::string& version) {
    return of(R"({"name": "x", "disclaimer": "", "versions": [)" + version + "]}");
  };
  EXPECT_EQ(with(R"({"effective": "2026-01-01", "rules": []})"), "none");
  EXPECT_EQ(with(R"({"effective": "soon", "rules": []})").substr(0, 40), "/plan/rule_packs/0/versions/0/effective:");
  EXPECT_EQ(with(R"({"effective": "2026-01-01", "rules": [{"citation": "", "hours": {"Mon": "x"}}]})").substr(0, 48),
            "/plan/rule_packs/0/versions/0/rules/0/hours/Mon:");
  EXPECT_EQ(with(R"({"effective": "2026-01-01", "rules": [{}]})").substr(0, 47),
            "/plan/rule_packs/0/versions/0/rules/0/citation:");
  EXPECT_EQ(with(R"({"effective": "2026-01-01", "rules": []}, {"effective": "2026-01-01", "rules": []})"),
            "/plan/rule_packs/0/versions/1: versions must ascend by the day on which they become effective");
  EXPECT_EQ(of(R"({"name": "", "disclaimer": "", "versions": []})"),
            "/plan/rule_packs/0/name: a rule pack needs a name");
  EXPECT_EQ(of(R"({"name": "x", "country": "Russia", "disclaimer": "", "versions": []})"),
            "/plan/rule_packs/0/country: \"Russia\" is no ISO 3166-1 code of two capital letters");
  EXPECT_EQ(fault([] { static_cast<void>(builtin_rule_pack("us-tcp", "/plan/rule_packs/2")); }),
            "/plan/rule_packs/2: there is no rule pack \"us-tcp\"; there are: ru-38-fz, us-tcpa");
}

}  // namespace
}  // namespace klientela
