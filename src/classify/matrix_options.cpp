// Contact matrix options: the default matrix, reading, writing and checking them.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "classify/decimal.hpp"
#include "classify/matrix_groups.hpp"
#include "classify/options.hpp"

namespace klientela {

MatrixOptions::MatrixOptions() {
  x.bands = {"acquaintance", "interested", "engaged", "active", "regular buyer"};
  x.scale.measure = "engagement";
  x.scale.edges = {{.value = 0.5}, {.value = 3}, {.value = 10}, {.value = 25}};
  x.substitute.emplace();
  x.substitute->measure = "frequency";
  x.substitute->edges = {{.value = 0}, {.value = 1}, {.value = 2}, {.value = 4}};
  y.bands = {"no order", "small volume", "medium volume", "large volume", "top volume"};
  y.scale.measure = "money_net";
  y.scale.edges = {{.value = 0},
                   {.value = 0.5, .quantile = true},
                   {.value = 0.8, .quantile = true},
                   {.value = 0.95, .quantile = true}};
  const auto at_least = [](const char* measure, double value) {
    MeasureCondition condition;
    condition.measure = measure;
    condition.at_least = value;
    return condition;
  };
  const std::vector<std::string> ordered{"small volume", "medium volume", "large volume", "top volume"};
  groups = {
      {"partner",
       {{.x = {}, .y = {"top volume"}, .measures = {}},
        {.x = {}, .y = ordered, .measures = {at_least("tenure_days", 730), at_least("frequency", 6)}}}},
      {"hot", {{.x = {"active", "regular buyer"}, .y = {}, .measures = {}}}},
      {"warm",
       {{.x = {"interested", "engaged"}, .y = {}, .measures = {}}, {.x = {"unknown"}, .y = ordered, .measures = {}}}},
      {"cold", {{.x = {"acquaintance", "unknown"}, .y = {}, .measures = {}}}},
  };
}

GroupCheck check_groups(const MatrixOptions& options) {
  const classifying::GroupRules rules(options, "");
  GroupCheck check;
  const auto name = [](const std::vector<std::string>& bands, std::size_t band) {
    return band < bands.size() ? bands[band] : std::string(classifying::unknown_band);
  };
  std::vector<bool> reached(options.groups.size());
  for (std::size_t x = 0; x < rules.x_bands; ++x)
    for (std::size_t y = 0; y < rules.y_bands; ++y) {
      const MatrixCell cell{name(options.x.bands, x), name(options.y.bands, y)};
      std::set<std::size_t> groups;
      bool taken = false;
      for (const classifying::GroupRules::Rule& rule : rules.rules) {
        if (!rule.fits(x, y)) continue;
        groups.insert(rule.group);
        if (taken) continue;
        reached[rule.group] = true;
        taken = rule.conditions.empty();
      }
      if (!taken) check.missing.push_back(cell);
      if (groups.size() > 1) check.overlapping.push_back(cell);
    }
  for (std::size_t g = 0; g < options.groups.size(); ++g)
    if (!reached[g]) check.unreachable.push_back(options.groups[g].name);
  return check;
}

namespace classifying {
namespace {

using json::Node;
using json::Object;
using json::Value;

constexpr std::size_t most_bands = 50;
constexpr int quantile_decimals = 6;

void check_scale(const AxisScale& scale, std::size_t bands, const std::string& pointer) {
  check_text(scale.measure, pointer + "/measure", "a measure");
  if (!scale.labels.empty()) {
    if (!scale.edges.empty()) json::fail(pointer + "/edges", "an axis is cut by edges or by labels, not by both");
    if (scale.falling) json::fail(pointer + "/falling", "only edges can fall; put the labels in order");
    if (scale.labels.size() != bands)
      json::fail(pointer + "/labels", std::to_string(bands) + " bands need as many lists of labels, not " +
                                          std::to_string(scale.labels.size()));
    std::set<std::string> seen;
    for (std::size_t b = 0; b < bands; ++b)
      for (std::size_t i = 0; i < scale.labels[b].size(); ++i)
        if (!seen.insert(scale.labels[b][i]).second)
          json::fail(pointer + "/labels/" + std::to_string(b) + '/' + std::to_string(i),
                     "the bands overlap: label \"" + scale.labels[b][i] + "\" is in two places");
    return;
  }
  const std::string at = pointer + "/edges";
  if (scale.edges.size() + 1 != bands)
    json::fail(at, std::to_string(bands) + " bands need " + std::to_string(bands - 1) + " edges, not " +
                       std::to_string(scale.edges.size()));
  std::optional<double> fixed;
  std::optional<double> quantile;  // since the last fixed edge
  for (std::size_t i = 0; i < scale.edges.size(); ++i) {
    const BandEdge& edge = scale.edges[i];
    const std::string here = at + '/' + std::to_string(i);
    if (!std::isfinite(edge.value)) json::fail(here, "must be a finite number");
    std::optional<double>& last = edge.quantile ? quantile : fixed;
    if (edge.quantile && !(edge.value > 0 && edge.value < 1)) json::fail(here, "a quantile is between 0 and 1");
    if (edge.quantile && !parts_of(edge.value, quantile_decimals))
      json::fail(here, "a quantile must not have more than 6 decimals");
    if (last && edge.value <= *last) json::fail(here, "the bands overlap: edges must ascend");
    last = edge.value;
    if (!edge.quantile && quantile) json::fail(here, "a fixed edge cannot follow a quantile, which may lie above it");
  }
}

void check_axis(const MatrixAxis& axis, const std::string& pointer) {
  if (axis.bands.empty() || axis.bands.size() > most_bands)
    json::fail(pointer + "/bands", "an axis has 1 to 50 bands, not " + std::to_string(axis.bands.size()));
  std::set<std::string> seen;
  for (std::size_t b = 0; b < axis.bands.size(); ++b) {
    const std::string at = pointer + "/bands/" + std::to_string(b);
    check_text(axis.bands[b], at, "a band's name");
    if (axis.bands[b] == unknown_band) json::fail(at, "\"unknown\" is the band of clients without a value");
    if (!seen.insert(axis.bands[b]).second) json::fail(at, "there are two bands of that name");
  }
  check_scale(axis.scale, axis.bands.size(), pointer);
  if (axis.substitute) {
    check_scale(*axis.substitute, axis.bands.size(), pointer + "/substitute");
    if (axis.substitute->measure == axis.scale.measure)
      json::fail(pointer + "/substitute/measure", "the substitute must be another measure");
  }
}

void check_condition(const MeasureCondition& condition, const std::string& pointer) {
  check_text(condition.measure, pointer + "/measure", "a measure");
  const bool numeric = condition.above || condition.at_least || condition.at_most || condition.below;
  if (numeric != condition.labels.empty()) {
    if (numeric) json::fail(pointer, "a condition is on numbers or on labels, not on both");
    json::fail(pointer, "a condition needs above, at_least, at_most, below or labels");
  }
  for (const auto& bound : {condition.above, condition.at_least, condition.at_most, condition.below})
    if (bound && !std::isfinite(*bound)) json::fail(pointer, "bounds must be finite numbers");
  if (condition.above && condition.at_least) json::fail(pointer + "/above", "above and at_least exclude each other");
  if (condition.below && condition.at_most) json::fail(pointer + "/below", "below and at_most exclude each other");
  const auto low = condition.above ? condition.above : condition.at_least;
  const auto high = condition.below ? condition.below : condition.at_most;
  const bool both_in = condition.at_least && condition.at_most;
  if (low && high && (both_in ? *low > *high : *low >= *high))
    json::fail(pointer, "no number can fulfil the condition");
}

std::string named(const std::vector<MatrixCell>& cells) {
  std::string text;
  for (const MatrixCell& cell : cells) text += (text.empty() ? "" : ", ") + cell.x + " / " + cell.y;
  return text;
}

Value to_value(const AxisScale& scale) {
  Value value;
  value["measure"] = scale.measure;
  if (!scale.labels.empty()) {
    value["labels"] = scale.labels;
    return value;
  }
  Value& edges = value["edges"] = Value::array();
  for (const BandEdge& edge : scale.edges) {
    Value entry = edge.value;
    if (edge.quantile) {
      entry = Value::object();
      entry["quantile"] = edge.value;
    }
    edges.push_back(std::move(entry));
  }
  value["falling"] = scale.falling;
  return value;
}

Value to_value(const MatrixAxis& axis) {
  Value value = to_value(axis.scale);
  value["bands"] = axis.bands;
  if (axis.substitute) value["substitute"] = to_value(*axis.substitute);
  return value;
}

std::vector<std::string> texts(const Node& node) {
  std::vector<std::string> list;
  for (const Node& item : node.items()) list.push_back(item.text());
  return list;
}

void read_scale(Object& object, AxisScale& scale) {
  scale.measure = object.require("measure").text();
  if (const auto edges = object.find("edges"))
    for (const Node& item : edges->items()) {
      BandEdge edge;
      if (item.value().is_object()) {
        Object entry(item);
        edge.value = entry.require("quantile").number();
        edge.quantile = true;
        entry.done();
      } else {
        edge.value = item.number();
      }
      scale.edges.push_back(edge);
    }
  if (const auto labels = object.find("labels"))
    for (const Node& band : labels->items()) scale.labels.push_back(texts(band));
  object.read("falling", scale.falling);
}

MatrixAxis axis_from(const Node& node) {
  MatrixAxis axis;
  Object object(node);
  axis.bands = texts(object.require("bands"));
  read_scale(object, axis.scale);
  if (const auto substitute = object.find("substitute")) {
    Object other(*substitute);
    read_scale(other, axis.substitute.emplace());
    other.done();
  }
  object.done();
  return axis;
}

GroupRule rule_from(const Node& node) {
  GroupRule rule;
  Object object(node);
  if (const auto x = object.find("x")) rule.x = texts(*x);
  if (const auto y = object.find("y")) rule.y = texts(*y);
  if (const auto measures = object.find("measures"))
    for (const Node& item : measures->items()) {
      MeasureCondition condition;
      Object entry(item);
      condition.measure = entry.require("measure").text();
      const auto read = [&](const char* key, std::optional<double>& into) {
        if (const auto bound = entry.find(key)) into = bound->number();
      };
      read("above", condition.above);
      read("at_least", condition.at_least);
      read("at_most", condition.at_most);
      read("below", condition.below);
      if (const auto labels = entry.find("labels")) condition.labels = texts(*labels);
      entry.done();
      rule.measures.push_back(std::move(condition));
    }
  object.done();
  return rule;
}

}  // namespace

GroupRules::GroupRules(const MatrixOptions& options, const std::string& pointer)
    : x_bands(options.x.bands.size() + 1), y_bands(options.y.bands.size() + 1) {
  const auto mask = [](const std::vector<std::string>& wanted, const std::vector<std::string>& bands,
                       const std::string& at) {
    std::vector<bool> fits(bands.size() + 1, wanted.empty());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto found = std::find(bands.begin(), bands.end(), wanted[i]);
      if (found == bands.end() && wanted[i] != unknown_band)
        json::fail(at + '/' + std::to_string(i), "the axis has no band called \"" + wanted[i] + '"');
      fits[static_cast<std::size_t>(found - bands.begin())] = true;
    }
    return fits;
  };
  for (std::size_t g = 0; g < options.groups.size(); ++g)
    for (std::size_t r = 0; r < options.groups[g].rules.size(); ++r) {
      const GroupRule& from = options.groups[g].rules[r];
      const std::string at = pointer + "/groups/" + std::to_string(g) + "/rules/" + std::to_string(r);
      rules.push_back(
          {g, r, mask(from.x, options.x.bands, at + "/x"), mask(from.y, options.y.bands, at + "/y"), from.measures});
    }
}

void check(const MatrixOptions& options, const std::string& pointer) {
  check_axis(options.x, pointer + "/x");
  check_axis(options.y, pointer + "/y");
  if (options.groups.empty()) json::fail(pointer + "/groups", "there must be a group");
  if (options.groups.size() > 1000) json::fail(pointer + "/groups", "there may be 1000 groups at most");
  std::set<std::string> seen;
  std::size_t rules_in_all = 0;
  for (std::size_t g = 0; g < options.groups.size(); ++g) {
    rules_in_all += options.groups[g].rules.size();
    if (rules_in_all > 1000) json::fail(pointer + "/groups", "there may be 1000 rules at most");
    const std::string at = pointer + "/groups/" + std::to_string(g);
    check_text(options.groups[g].name, at + "/name", "a group's name");
    if (!seen.insert(options.groups[g].name).second) json::fail(at + "/name", "there are two groups of that name");
    if (options.groups[g].rules.empty()) json::fail(at + "/rules", "a group needs a rule");
    for (std::size_t r = 0; r < options.groups[g].rules.size(); ++r) {
      const std::vector<MeasureCondition>& measures = options.groups[g].rules[r].measures;
      for (std::size_t c = 0; c < measures.size(); ++c)
        check_condition(measures[c], at + "/rules/" + std::to_string(r) + "/measures/" + std::to_string(c));
    }
  }
  static_cast<void>(GroupRules(options, pointer));  // names unknown bands
  const GroupCheck found = check_groups(options);
  if (!found.missing.empty() && options.otherwise.empty())
    json::fail(pointer + "/groups",
               "clients in these cells may fit no group, and no group is named for them by "
               "\"otherwise\": " +
                   named(found.missing));
  if (!found.unreachable.empty())
    for (std::size_t g = 0; g < options.groups.size(); ++g)
      if (options.groups[g].name == found.unreachable[0])
        json::fail(pointer + "/groups/" + std::to_string(g),
                   "no client can get here (" + found.unreachable[0] + "): earlier groups take all of its cells");
}

Value to_value(const MatrixOptions& options) {
  Value value;
  value["kind"] = "matrix";
  value["x"] = to_value(options.x);
  value["y"] = to_value(options.y);
  Value& groups = value["groups"] = Value::array();
  for (const MatrixGroup& group : options.groups) {
    Value entry;
    entry["name"] = group.name;
    Value& rules = entry["rules"] = Value::array();
    for (const GroupRule& rule : group.rules) {
      Value one = Value::object();
      if (!rule.x.empty()) one["x"] = rule.x;
      if (!rule.y.empty()) one["y"] = rule.y;
      for (const MeasureCondition& condition : rule.measures) {
        Value bound;
        bound["measure"] = condition.measure;
        if (condition.above) bound["above"] = *condition.above;
        if (condition.at_least) bound["at_least"] = *condition.at_least;
        if (condition.at_most) bound["at_most"] = *condition.at_most;
        if (condition.below) bound["below"] = *condition.below;
        if (!condition.labels.empty()) bound["labels"] = condition.labels;
        one["measures"].push_back(std::move(bound));
      }
      rules.push_back(std::move(one));
    }
    groups.push_back(std::move(entry));
  }
  if (!options.otherwise.empty()) value["otherwise"] = options.otherwise;
  return value;
}

MatrixOptions matrix_options(const Node& node) {
  MatrixOptions options;
  Object object(node);
  check_kind(object, "matrix");
  const auto x = object.find("x");
  const auto y = object.find("y");
  const auto groups = object.find("groups");
  if (x) options.x = axis_from(*x);
  if (y) options.y = axis_from(*y);
  if (groups) {
    options.groups.clear();
    for (const Node& item : groups->items()) {
      Object entry(item);
      MatrixGroup group;
      group.name = entry.require("name").text();
      for (const Node& rule : entry.require("rules").items()) group.rules.push_back(rule_from(rule));
      entry.done();
      options.groups.push_back(std::move(group));
    }
  }
  if (const auto otherwise = object.find("otherwise")) {
    options.otherwise = otherwise->text();
    check_text(options.otherwise, otherwise->pointer(), "a group's name");
  }
  object.done();
  check(options, node.pointer());
  return options;
}

std::string matrix_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "kind": {"const": "matrix"},
    "x": {"$ref": "#/$defs/matrix_axis"},
    "y": {"$ref": "#/$defs/matrix_axis"},
    "groups": {"type": "array", "minItems": 1, "maxItems": 1000, "description": "in order of precedence: the first that fits wins",
      "items": {"type": "object", "additionalProperties": false, "required": ["name", "rules"], "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "rules": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/matrix_rule"}}}}},
    "otherwise": {"type": "string", "minLength": 1, "maxLength": 200}
  },
  "$defs": {
    "matrix_edges": {"type": "array", "maxItems": 49, "items": {"oneOf": [
      {"type": "number"},
      {"type": "object", "additionalProperties": false, "required": ["quantile"], "properties": {
        "quantile": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}}}]}},
    "matrix_labels": {"type": "array", "maxItems": 50, "items": {"type": "array", "items": {"type": "string"}}},
    "matrix_axis": {"type": "object", "additionalProperties": false, "required": ["bands", "measure"], "properties": {
      "bands": {"type": "array", "minItems": 1, "maxItems": 50, "uniqueItems": true,
        "items": {"type": "string", "minLength": 1, "maxLength": 200, "not": {"const": "unknown"}}},
      "measure": {"type": "string", "minLength": 1, "maxLength": 200},
      "edges": {"$ref": "#/$defs/matrix_edges"},
      "falling": {"type": "boolean", "default": false},
      "labels": {"$ref": "#/$defs/matrix_labels"},
      "substitute": {"type": "object", "additionalProperties": false, "required": ["measure"],
        "description": "used where the measure is absent", "properties": {
          "measure": {"type": "string", "minLength": 1, "maxLength": 200},
          "edges": {"$ref": "#/$defs/matrix_edges"},
          "falling": {"type": "boolean", "default": false},
          "labels": {"$ref": "#/$defs/matrix_labels"}}}}},
    "matrix_rule": {"type": "object", "additionalProperties": false, "properties": {
      "x": {"type": "array", "items": {"type": "string"}},
      "y": {"type": "array", "items": {"type": "string"}},
      "measures": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["measure"],
        "properties": {
          "measure": {"type": "string", "minLength": 1, "maxLength": 200},
          "above": {"type": "number"}, "at_least": {"type": "number"},
          "at_most": {"type": "number"}, "below": {"type": "number"},
          "labels": {"type": "array", "items": {"type": "string"}}}}}}}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
