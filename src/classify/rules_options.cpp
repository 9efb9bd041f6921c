// Rule options: reading, writing and checking them.
#include <algorithm>
#include <array>
#include <set>

#include "classify/expression_program.hpp"
#include "classify/options.hpp"

namespace klientela {

std::string_view name(ValueSource source) noexcept {
  static constexpr std::array<std::string_view, 4> names{"hand", "bulk", "delivered", "rules"};
  return names[static_cast<std::size_t>(source)];
}

namespace classifying {
namespace {

using json::Object;
using json::Value;

const std::vector<std::string_view> matches{"first", "priority"};
const std::vector<std::string_view> sources{"hand", "bulk", "delivered", "rules"};
constexpr std::size_t most_rules = 1000;

std::vector<std::string> texts(const json::Node& node) {
  std::vector<std::string> list;
  for (const json::Node& item : node.items()) list.push_back(item.text());
  return list;
}

void check_distinct(const std::vector<std::string>& list, const std::string& pointer, std::string_view what) {
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string at = pointer + '/' + std::to_string(i);
    check_text(list[i], at, what);
    if (!seen.insert(list[i]).second) json::fail(at, "\"" + list[i] + "\" is there twice");
  }
}

}  // namespace

void check(const RuleOptions& options, const std::string& pointer) {
  if (options.rules.size() > most_rules) json::fail(pointer + "/rules", "there may be 1000 rules at most");
  if (options.rules.empty() && options.assigned.empty())
    json::fail(pointer + "/rules", "without rules and without \"assigned\" nothing can be decided");
  check_distinct(options.values, pointer + "/values", "a value");
  if (options.values.size() > 10'000) json::fail(pointer + "/values", "there may be 10000 values at most");
  const auto listed = [&](const std::string& value) {
    return options.values.empty() ||
           std::find(options.values.begin(), options.values.end(), value) != options.values.end();
  };
  std::set<std::string> ids;
  for (std::size_t r = 0; r < options.rules.size(); ++r) {
    const Rule& rule = options.rules[r];
    const std::string at = pointer + "/rules/" + std::to_string(r);
    const std::string id = rule.id.empty() ? std::to_string(r + 1) : rule.id;
    check_text(id, at + "/id", "a rule's id");
    if (!ids.insert(id).second) json::fail(at + "/id", "there are two rules with the id \"" + id + '"');
    check_text(rule.value, at + "/value", "a value");
    if (!listed(rule.value)) json::fail(at + "/value", "\"" + rule.value + "\" is not one of the values");
    for (const auto& [words, key] : {std::pair{&rule.english, "/en"}, std::pair{&rule.russian, "/ru"}})
      if (words->size() > 1000) json::fail(at + key, "must not be longer than 1000 bytes");
    try {
      const Program program(*rule.when.tree(), {});
      if (program.kind() != Kind::boolean && program.kind() != Kind::null)
        throw Fault{
            Code::bad_policy, "a rule needs a condition, which is true or false", {}, 0, rule.when.text().size()};
    } catch (Fault& fault) {
      fault.code = Code::bad_policy;
      raise(rule.when.text(), fault, at + "/when");
    }
  }
  if (!options.otherwise.empty()) {
    check_text(options.otherwise, pointer + "/otherwise", "a value");
    if (!listed(options.otherwise))
      json::fail(pointer + "/otherwise", "\"" + options.otherwise + "\" is not one of the values");
  }
  check_distinct(options.may_be_absent, pointer + "/may_be_absent", "a column");
  if (!options.assigned.empty()) check_text(options.assigned, pointer + "/assigned", "an attribute");
  const std::set<ValueSource> all(options.precedence.begin(), options.precedence.end());
  if (options.precedence.size() != sources.size() || all.size() != sources.size())
    json::fail(pointer + "/precedence", "names hand, bulk, rules and delivered, each once");
}

Value to_value(const RuleOptions& options) {
  Value value;
  value["kind"] = "rules";
  Value& rules = value["rules"] = Value::array();
  for (const Rule& rule : options.rules) {
    Value entry;
    if (!rule.id.empty()) entry["id"] = rule.id;
    entry["when"] = rule.when.text();
    entry["value"] = rule.value;
    if (rule.priority != 0) entry["priority"] = rule.priority;
    if (!rule.english.empty()) entry["en"] = rule.english;
    if (!rule.russian.empty()) entry["ru"] = rule.russian;
    rules.push_back(std::move(entry));
  }
  value["match"] = matches[static_cast<std::size_t>(options.match)];
  if (!options.otherwise.empty()) value["otherwise"] = options.otherwise;
  if (!options.values.empty()) value["values"] = options.values;
  if (!options.may_be_absent.empty()) value["may_be_absent"] = options.may_be_absent;
  if (!options.assigned.empty()) value["assigned"] = options.assigned;
  Value& precedence = value["precedence"] = Value::array();
  for (const ValueSource source : options.precedence) precedence.push_back(name(source));
  return value;
}

RuleOptions rule_options(const json::Node& node) {
  RuleOptions options;
  Object object(node);
  check_kind(object, "rules");
  const auto given = object.find("rules");
  if (given && given->value().is_string()) {
    std::vector<std::string_view> known;
    const std::vector<std::string> names = RuleOptions::names();
    known.assign(names.begin(), names.end());
    options = RuleOptions::named(known[given->choice(known)]);
  } else if (given) {
    for (const json::Node& item : given->items()) {
      Object entry(item);
      Rule rule;
      entry.read("id", rule.id);
      if (const auto id = entry.find("id")) check_text(rule.id, id->pointer(), "a rule's id");
      const json::Node when = entry.require("when");
      rule.when = Expression::parse(when.text(), when.pointer());
      rule.value = entry.require("value").text();
      entry.read("priority", rule.priority, -1'000'000, 1'000'000);
      entry.read("en", rule.english);
      entry.read("ru", rule.russian);
      entry.done();
      options.rules.push_back(std::move(rule));
    }
  }
  object.read("match", options.match, matches);
  if (const auto otherwise = object.find("otherwise")) {
    options.otherwise = otherwise->text();
    check_text(options.otherwise, otherwise->pointer(), "a value");
  }
  if (const auto values = object.find("values")) options.values = texts(*values);
  if (const auto absent = object.find("may_be_absent")) options.may_be_absent = texts(*absent);
  object.read("assigned", options.assigned);
  if (const auto precedence = object.find("precedence")) {
    options.precedence.clear();
    for (const json::Node& item : precedence->items())
      options.precedence.push_back(static_cast<ValueSource>(item.choice(sources)));
  }
  object.done();
  check(options, node.pointer());
  return options;
}

std::string rules_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "kind": {"const": "rules"},
    "rules": {"oneOf": [
      {"enum": ["relationship_type"], "description": "a set of rules that comes with the library"},
      {"type": "array", "maxItems": 1000, "items": {
        "type": "object", "additionalProperties": false, "required": ["when", "value"], "properties": {
          "id": {"type": "string", "minLength": 1, "maxLength": 200},
          "when": {"type": "string", "minLength": 1, "maxLength": 65536, "description": "a condition; docs/rules.md"},
          "value": {"type": "string", "minLength": 1, "maxLength": 200},
          "priority": {"type": "integer", "minimum": -1000000, "maximum": 1000000, "default": 0},
          "en": {"type": "string", "maxLength": 1000, "description": "why, as the end of a sentence in English"},
          "ru": {"type": "string", "maxLength": 1000, "description": "the same in Russian"}}}}]},
    "match": {"enum": ["first", "priority"], "default": "first",
      "description": "which of several rules that fit decides"},
    "otherwise": {"type": "string", "minLength": 1, "maxLength": 200, "default": "unclassified"},
    "values": {"type": "array", "maxItems": 10000, "uniqueItems": true,
      "items": {"type": "string", "minLength": 1, "maxLength": 200},
      "description": "the only values there may be, in order"},
    "may_be_absent": {"type": "array", "uniqueItems": true, "items": {"type": "string", "minLength": 1, "maxLength": 200},
      "description": "columns that count as null where they are missing"},
    "assigned": {"type": "string", "maxLength": 200,
      "description": "the attribute whose values by hand, in bulk and from the card take part"},
    "precedence": {"type": "array", "minItems": 4, "maxItems": 4, "uniqueItems": true,
      "items": {"enum": ["hand", "bulk", "delivered", "rules"]}, "default": ["hand", "bulk", "rules", "delivered"]}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
