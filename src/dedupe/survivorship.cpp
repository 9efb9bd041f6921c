// Survivorship policies: names, JSON, schema, and what a policy may not say.
#include "klientela/dedupe/survivorship.hpp"

#include <algorithm>
#include <set>

#include "core/json_reader.hpp"
#include "ingest/cells.hpp"

namespace klientela {
namespace {

using json::Value;

const std::vector<std::string_view> rule_names{"newest",  "most_complete", "most_trusted", "most_frequent",
                                               "longest", "union",         "custom"};
const std::vector<std::string_view> id_names{"oldest", "smallest"};
constexpr std::size_t custom_at = 6;

const FieldSpec& field_spec(ClientField field) {
  return spec(TableId::clients).fields[static_cast<std::size_t>(field)];
}

/// Fields that no rule is asked for.
bool is_fixed(ClientField field) {
  return field == ClientField::client || field == ClientField::created_at || field == ClientField::updated_at;
}

ClientField field_named(const json::Node& node, const std::string& text) {
  const auto fields = spec(TableId::clients).fields;
  for (std::size_t f = 0; f < fields.size(); ++f)
    if (fields[f].name == text) return static_cast<ClientField>(f);
  node.fail("\"" + text + "\" is no field of the table clients");
}

Survivorship rule_from(const json::Node& node) {
  if (!node.value().is_object()) {
    const std::size_t rule =
        node.choice(std::vector<std::string_view>(rule_names.begin(), rule_names.begin() + custom_at));
    return {static_cast<SurvivorRule>(rule), {}};
  }
  json::Object object(node);
  Survivorship by{SurvivorRule::custom, object.require("custom").text()};
  object.done();
  return by;
}

Value json_of(const Survivorship& by) {
  if (by.rule == SurvivorRule::custom) return {{"custom", by.function}};
  return std::string(name(by.rule));
}

void check_rule(const Survivorship& by, bool lists, const std::string& pointer) {
  if (static_cast<std::size_t>(by.rule) >= rule_names.size()) json::fail(pointer, "is no rule");
  if (by.rule == SurvivorRule::union_ && !lists) json::fail(pointer, "union is for lists of values alone");
  if (!detail::valid_utf8(by.function)) json::fail(pointer, "names a function that is not UTF-8");
  if ((by.rule == SurvivorRule::custom) == by.function.empty())
    json::fail(pointer, by.function.empty() ? "custom names no function" : "only custom names a function");
}

}  // namespace

std::string_view name(SurvivorRule rule) noexcept {
  const auto r = static_cast<std::size_t>(rule);
  return r < rule_names.size() ? rule_names[r] : "unknown";
}

SurvivorGroup SurvivorshipPolicy::whole_address() {
  return {{ClientField::street, ClientField::house, ClientField::street_2, ClientField::city, ClientField::region,
           ClientField::postcode, ClientField::country},
          {SurvivorRule::most_complete, {}}};
}

void check_policy(const SurvivorshipPolicy& policy, std::string_view pointer) {
  const std::string at(pointer);
  if (policy.version == 0 || policy.version > std::numeric_limits<std::int32_t>::max())
    json::fail(at + "/version", "must be in 1 .. 2147483647");
  if (static_cast<std::size_t>(policy.survivor) >= id_names.size()) json::fail(at + "/survivor", "is no choice");
  check_rule(policy.fields_by_default, false, at + "/default");
  check_rule(policy.lists_by_default, true, at + "/lists");
  std::set<ClientField> grouped;
  for (std::size_t g = 0; g < policy.groups.size(); ++g) {
    const SurvivorGroup& group = policy.groups[g];
    const std::string place = at + "/groups/" + std::to_string(g);
    check_rule(group.by, false, place + "/rule");
    if (group.fields.size() < 2) json::fail(place + "/fields", "must name two fields or more");
    for (std::size_t f = 0; f < group.fields.size(); ++f) {
      const std::string field_place = place + "/fields/" + std::to_string(f);
      if (static_cast<std::size_t>(group.fields[f]) >= spec(TableId::clients).fields.size())
        json::fail(field_place, "is no field of the table clients");
      const std::string field(field_spec(group.fields[f]).name);
      if (is_fixed(group.fields[f]) || group.fields[f] == ClientField::parent)
        json::fail(field_place, field + " cannot be in a group");
      if (!grouped.insert(group.fields[f]).second) json::fail(field_place, field + " is in a group already");
    }
  }
  for (const auto& [field, by] : policy.fields) {
    if (static_cast<std::size_t>(field) >= spec(TableId::clients).fields.size())
      json::fail(at + "/fields", "names what is no field of the table clients");
    const FieldSpec& of = field_spec(field);
    const std::string place = at + "/fields/" + std::string(of.name);
    if (is_fixed(field)) json::fail(place, "has a rule of its own: see the documentation");
    if (grouped.contains(field)) json::fail(place, "is in a group already");
    check_rule(by, of.type == FieldType::texts, place);
  }
  const std::set<std::string_view> sources(policy.trusted_sources.begin(), policy.trusted_sources.end());
  if (sources.size() != policy.trusted_sources.size()) json::fail(at + "/trusted_sources", "names a source twice");
  for (const std::string_view source : sources)
    if (!detail::valid_utf8(source)) json::fail(at + "/trusted_sources", "names a source that is not UTF-8");
}

SurvivorshipPolicy survivorship_policy_from_json(std::string_view text, std::string_view pointer) {
  const Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  SurvivorshipPolicy policy;
  object.read("version", policy.version, 1, std::numeric_limits<std::int32_t>::max());
  object.read("survivor", policy.survivor, id_names);
  if (const auto rule = object.find("default")) policy.fields_by_default = rule_from(*rule);
  if (const auto rule = object.find("lists")) policy.lists_by_default = rule_from(*rule);
  if (const auto fields = object.find("fields"))
    for (const auto& [key, node] : fields->members()) policy.fields[field_named(node, key)] = rule_from(node);
  if (const auto groups = object.find("groups")) {
    policy.groups.clear();
    for (const json::Node& node : groups->items()) {
      json::Object group(node);
      SurvivorGroup read;
      for (const json::Node& field : group.require("fields").items())
        read.fields.push_back(field_named(field, field.text()));
      read.by = rule_from(group.require("rule"));
      group.done();
      policy.groups.push_back(std::move(read));
    }
  }
  if (const auto sources = object.find("trusted_sources"))
    for (const json::Node& source : sources->items()) policy.trusted_sources.push_back(source.text());
  object.read("across_kinds", policy.across_kinds);
  object.done();
  check_policy(policy, pointer);
  return policy;
}

std::string to_json(const SurvivorshipPolicy& policy, int indent) {
  Value document = Value::object();
  document["version"] = policy.version;
  document["survivor"] = std::string(id_names.at(static_cast<std::size_t>(policy.survivor)));
  document["default"] = json_of(policy.fields_by_default);
  document["lists"] = json_of(policy.lists_by_default);
  Value fields = Value::object();
  for (const auto& [field, by] : policy.fields) fields[std::string(field_spec(field).name)] = json_of(by);
  document["fields"] = std::move(fields);
  Value groups = Value::array();
  for (const SurvivorGroup& group : policy.groups) {
    Value names = Value::array();
    for (const ClientField field : group.fields) names.push_back(std::string(field_spec(field).name));
    groups.push_back({{"fields", std::move(names)}, {"rule", json_of(group.by)}});
  }
  document["groups"] = std::move(groups);
  document["trusted_sources"] = policy.trusted_sources;
  document["across_kinds"] = policy.across_kinds;
  return document.dump(indent, ' ', false, Value::error_handler_t::replace);
}

std::string survivorship_policy_schema() {
  const auto rule = [](std::size_t count, const char* description) {
    Value names = Value::array();
    for (std::size_t r = 0; r < count; ++r)
      if (count == custom_at || rule_names[r] != "union") names.push_back(std::string(rule_names[r]));
    return Value{
        {"description", description},
        {"anyOf", Value::array({Value{{"enum", std::move(names)}},
                                Value{{"type", "object"},
                                      {"required", Value::array({"custom"})},
                                      {"additionalProperties", false},
                                      {"properties", {{"custom", {{"type", "string"}, {"minLength", 1}}}}}}})}};
  };
  Value fields = Value::object();
  Value names = Value::array();
  for (std::size_t f = 0; f < spec(TableId::clients).fields.size(); ++f) {
    if (is_fixed(static_cast<ClientField>(f))) continue;
    const FieldSpec& of = spec(TableId::clients).fields[f];
    const bool list = of.type == FieldType::texts;
    fields[std::string(of.name)] = rule(list ? custom_at : custom_at - 1, "Whose value is kept.");
    if (static_cast<ClientField>(f) != ClientField::parent) names.push_back(std::string(of.name));
  }
  Value address = Value::parse(to_json(SurvivorshipPolicy{}))["groups"];
  Value group = {
      {"type", "object"},
      {"additionalProperties", false},
      {"required", Value::array({"fields", "rule"})},
      {"properties",
       {{"fields",
         {{"type", "array"}, {"minItems", 2}, {"uniqueItems", true}, {"items", {{"enum", std::move(names)}}}}},
        {"rule", rule(custom_at - 1, "Whose values are kept.")}}}};
  Value schema = {
      {"type", "object"},
      {"title", "Survivorship"},
      {"additionalProperties", false},
      {"description", "Which values a client's one card keeps out of those of several."},
      {"properties",
       {{"version",
         {{"type", "integer"},
          {"minimum", 1},
          {"maximum", std::numeric_limits<std::int32_t>::max()},
          {"default", 1},
          {"description", "Raised whenever the rules change; merges are recorded with it."}}},
        {"survivor",
         {{"enum", Value::array({"oldest", "smallest"})},
          {"default", "oldest"},
          {"description", "Which of the ids the client keeps: that of the oldest card, or the smallest."}}},
        {"default", rule(custom_at - 1, "The rule of fields with one value; newest by default.")},
        {"lists", rule(custom_at, "The rule of lists; union by default.")},
        {"fields",
         {{"type", "object"},
          {"additionalProperties", false},
          {"description", "Other rules by field."},
          {"properties", std::move(fields)}}},
        {"groups",
         {{"type", "array"},
          {"items", std::move(group)},
          {"default", std::move(address)},
          {"description", "Fields that come from one card together; by default the parts of the address."}}},
        {"trusted_sources",
         {{"type", "array"},
          {"uniqueItems", true},
          {"items", {{"type", "string"}}},
          {"default", Value::array()},
          {"description", "Sources of cards for most_trusted, the most trusted first."}}},
        {"across_kinds",
         {{"type", "boolean"},
          {"default", false},
          {"description", "Whether an organisation and a person may be merged."}}}}}};
  return schema.dump(2);
}

}  // namespace klientela
