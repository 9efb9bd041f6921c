// Rule packs: which version is in force, and what the rules of several allow together.
#include "klientela/plan/rule_pack.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/json_reader.hpp"
#include "klientela/plan/calendar_text.hpp"
#include "plan/rule_packs_data.hpp"

namespace klientela {

namespace {

bool is_code(std::string_view text) {
  return text.size() == 2 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_about(const ContactRule& rule, const ContactKind& kind) {
  return (!rule.advertising || kind.advertising) &&
         (rule.channels.empty() ||
          std::find(rule.channels.begin(), rule.channels.end(), kind.channel) != rule.channels.end());
}

/// Calls `visit` with each rule about the kind that is in force on the day.
template <class Visit>
void each_rule(std::span<const RulePack> packs, const ContactKind& kind, Day day, const Visit& visit) {
  for (const RulePack& pack : packs) {
    const RulePackVersion* version = pack.is_for(kind.country) ? pack.on(day) : nullptr;
    if (version == nullptr) continue;
    for (const ContactRule& rule : version->rules)
      if (is_about(rule, kind)) visit(rule);
  }
}

/// The first day and those on which a pack changes until the last, ascending.
std::set<Day> days_of_change(std::span<const RulePack> packs, Day first, Day last) {
  std::set<Day> days{first};
  for (const RulePack& pack : packs)
    for (const RulePackVersion& version : pack.versions)
      if (version.effective > first && version.effective <= last) days.insert(version.effective);
  return days;
}

Day day_at(const json::Node& node) {
  const std::optional<Day> day = parse_day(node.text());
  if (!day || *day < first_day || *day >= end_day)
    node.fail(fmt::format("\"{}\" is no day such as 2026-12-25", node.text()));
  return *day;
}

ContactRule read_rule(const json::Node& node) {
  json::Object object(node);
  ContactRule rule;
  if (const auto channels = object.find("channels"))
    for (const json::Node& channel : channels->items()) rule.channels.push_back(channel.text());
  object.read("advertising", rule.advertising);
  if (const auto hours = object.find("hours"))
    rule.hours.week = week_hours_from_json(hours->value().dump(), hours->pointer());
  object.read("holidays", rule.hours.holidays);
  object.read("consent", rule.consent);
  object.read("text", rule.text);
  rule.citation = object.require("citation").text();
  object.read("url", rule.url);
  object.done();
  return rule;
}

RulePackVersion read_version(const json::Node& node) {
  json::Object object(node);
  RulePackVersion version{day_at(object.require("effective")), {}};
  for (const json::Node& rule : object.require("rules").items()) version.rules.push_back(read_rule(rule));
  object.done();
  return version;
}

}  // namespace

const RulePackVersion* RulePack::on(Day day) const noexcept {
  const auto after = std::upper_bound(versions.begin(), versions.end(), day,
                                      [](Day value, const RulePackVersion& v) { return value < v.effective; });
  return after == versions.begin() ? nullptr : &*(after - 1);
}

bool RulePack::is_for(std::string_view client_country) const noexcept {
  return country.empty() || client_country.empty() ||
         std::equal(country.begin(), country.end(), client_country.begin(), client_country.end(),
                    [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 'a' + 'A' : b); });
}

std::vector<DatedHours> hours_in_force(std::span<const RulePack> packs, const ContactKind& kind,
                                       const ContactHours& own, Day first, Day last) {
  std::vector<DatedHours> dated;
  for (const Day day : days_of_change(packs, first, last)) {
    ContactHours hours = own;
    each_rule(packs, kind, day, [&](const ContactRule& rule) { hours = intersection(hours, rule.hours); });
    if (dated.empty() || dated.back().hours != hours) dated.push_back({day, std::move(hours)});
  }
  return dated;
}

bool consent_required(std::span<const RulePack> packs, const ContactKind& kind, Day first, Day last) {
  bool required = false;
  for (const Day day : days_of_change(packs, first, last))
    each_rule(packs, kind, day, [&](const ContactRule& rule) { required |= rule.consent; });
  return required;
}

std::vector<std::string_view> rule_pack_names() {
  std::vector<std::string_view> names;
  for (const planning::BuiltinRulePack& pack : planning::builtin_rule_packs()) names.push_back(pack.name);
  return names;
}

RulePack builtin_rule_pack(std::string_view name, std::string_view pointer) {
  for (const planning::BuiltinRulePack& pack : planning::builtin_rule_packs())
    if (pack.name == name) return rule_pack_from_json(pack.json);
  json::fail(std::string(pointer),
             fmt::format("there is no rule pack \"{}\"; there are: {}", name, fmt::join(rule_pack_names(), ", ")));
}

RulePack rule_pack_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text, "rule pack");
  json::Object object(json::Node(document, std::string(pointer)));
  RulePack pack;
  pack.name = object.require("name").text();
  if (pack.name.empty()) object.require("name").fail("a rule pack needs a name");
  object.read("title", pack.title);
  if (const auto country = object.find("country")) {
    pack.country = country->text();
    if (!pack.country.empty() && !is_code(pack.country))
      country->fail(fmt::format("\"{}\" is no ISO 3166-1 code of two capital letters", pack.country));
  }
  pack.disclaimer = object.require("disclaimer").text();
  for (const json::Node& version : object.require("versions").items()) {
    pack.versions.push_back(read_version(version));
    if (pack.versions.size() > 1 && pack.versions.back().effective <= (pack.versions.end() - 2)->effective)
      version.fail("versions must ascend by the day on which they become effective");
  }
  object.done();
  return pack;
}

std::string to_json(const RulePack& pack) {
  json::Value versions = json::Value::array();
  for (const RulePackVersion& version : pack.versions) {
    json::Value rules = json::Value::array();
    for (const ContactRule& rule : version.rules)
      rules.push_back({{"channels", rule.channels},
                       {"advertising", rule.advertising},
                       {"hours", json::Value::parse(to_json(rule.hours.week))},
                       {"holidays", rule.hours.holidays},
                       {"consent", rule.consent},
                       {"text", rule.text},
                       {"citation", rule.citation},
                       {"url", rule.url}});
    versions.push_back({{"effective", to_text(version.effective)}, {"rules", std::move(rules)}});
  }
  const json::Value document{{"name", pack.name},
                             {"title", pack.title},
                             {"country", pack.country},
                             {"disclaimer", pack.disclaimer},
                             {"versions", std::move(versions)}};
  return document.dump(2);
}

std::string rule_pack_schema() {
  const std::string before = R"({
  "type": "object",
  "title": "Rule pack",
  "description": "What laws and codes of conduct say of contacts, as dated data. Not legal advice.",
  "additionalProperties": false,
  "required": ["name", "disclaimer", "versions"],
  "properties": {
    "name": {"type": "string", "minLength": 1},
    "title": {"type": "string"},
    "country": {"type": "string", "pattern": "^([A-Z]{2})?$", "description": "Of the clients it is about (ISO 3166-1); empty: all."},
    "disclaimer": {"type": "string"},
    "versions": {"type": "array", "description": "By day, ascending; each holds until the next.", "items": {
      "type": "object", "additionalProperties": false, "required": ["effective", "rules"], "properties": {
        "effective": {"type": "string", "format": "date"},
        "rules": {"type": "array", "items": {
          "type": "object", "additionalProperties": false, "required": ["citation"], "properties": {
            "channels": {"type": "array", "items": {"type": "string"}, "description": "phone, sms, email, messenger, fax, letter, ...; none: any."},
            "advertising": {"type": "boolean", "default": true, "description": "Whether it is about contacts that advertise only."},
            "hours": )";
  const std::string after = R"(,
            "holidays": {"type": "boolean", "default": true, "description": "Whether public holidays are days like others."},
            "consent": {"type": "boolean", "default": false, "description": "Whether the client must have agreed before."},
            "text": {"type": "string"},
            "citation": {"type": "string"},
            "url": {"type": "string"}
          }}}
      }}}
  }
})";
  return before + week_hours_schema() + after;
}

}  // namespace klientela
