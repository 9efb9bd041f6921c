// JSON of link models and of the options to learn them, and its schemas.
#include "klientela/dedupe/link_model_json.hpp"

#include <limits>
#include <optional>
#include <string>

#include "core/json_reader.hpp"
#include "dedupe/link_training.hpp"
#include "klientela/core/error.hpp"

namespace klientela {
namespace {

constexpr double any = std::numeric_limits<double>::max();

/// "fields[2].m" as "/fields/2/m".
std::string as_pointer(const std::string& where) {
  std::string pointer = "/";
  for (const char c : where) {
    if (c == '[' || c == '.')
      pointer += '/';
    else if (c != ']')
      pointer += c;
  }
  return pointer;
}

/// Calls what checks the values that were read, so that its errors name their place in the document.
template <class Call>
auto checked(const std::string& pointer, Call call) {
  try {
    return call();
  } catch (const Error& error) {
    const std::string what = error.what();
    json::fail(pointer + as_pointer(error.where()), what.substr(what.find(' ') + 1));  // begins with where()
  }
}

std::vector<double> numbers(const json::Node& node) {
  std::vector<double> values;
  for (const json::Node& item : node.items()) values.push_back(item.number());
  return values;
}

void read(json::Object& object, const char* key, std::vector<std::vector<double>>& into) {
  if (const auto node = object.find(key))
    for (const json::Node& item : node->items()) into.push_back(numbers(item));
}

void read(json::Object& object, const char* key, std::optional<double>& into) {
  if (const auto node = object.find(key); node && !node->is_null()) into = node->number();
}

LinkField field_of(const json::Node& node) {
  json::Object object(node);
  LinkField field;
  field.comparison.name = object.require("name").text();
  for (const json::Node& level : object.require("levels").items()) field.comparison.levels.push_back(level.text());
  if (const auto m = object.find("m")) field.m = numbers(*m);
  if (const auto u = object.find("u")) field.u = numbers(*u);
  if (const auto weights = object.find("weights")) {
    field.weights = numbers(*weights);
    if (field.weights.empty()) weights->fail("must not be empty");
  }
  object.read("tf_weight", field.tf_weight, -any, any);
  object.read("tf_minimum_u", field.tf_minimum_u, -any, any);
  read(object, "tf_average_u", field.tf_average_u);
  object.done();
  return field;
}

LinkClass class_of(const json::Node& node) {
  json::Object object(node);
  LinkClass made;
  made.name = object.require("name").text();
  made.share = object.require("share").number();
  for (const json::Node& item : object.require("fields").items()) {
    json::Object field(item);
    made.fields.push_back({field.require("comparison").text(), numbers(field.require("m"))});
    field.done();
  }
  object.done();
  return made;
}

}  // namespace

LinkModel link_model_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text, "the link model");
  const std::string here(pointer);
  json::Object object(json::Node(document, here));
  const double prior = object.require("prior").number();
  std::vector<LinkField> fields;
  for (const json::Node& item : object.require("fields").items()) fields.push_back(field_of(item));
  std::vector<LinkClass> classes;
  if (const auto given = object.find("classes"))
    for (const json::Node& item : given->items()) classes.push_back(class_of(item));
  object.done();
  return checked(here, [&] { return LinkModel(prior, std::move(fields), std::move(classes)); });
}

std::string to_json(const LinkModel& model) {
  json::Value document = json::Value::object();
  document["prior"] = model.prior();
  json::Value& fields = document["fields"] = json::Value::array();
  for (const LinkField& field : model.fields()) {
    json::Value value = json::Value::object();
    value["name"] = field.comparison.name;
    value["levels"] = field.comparison.levels;
    if (field.weights.empty()) {
      value["m"] = field.m;
      value["u"] = field.u;
    } else {
      value["weights"] = field.weights;
    }
    value["tf_weight"] = field.tf_weight;
    value["tf_minimum_u"] = field.tf_minimum_u;
    if (field.tf_average_u) value["tf_average_u"] = *field.tf_average_u;
    fields.push_back(std::move(value));
  }
  json::Value& classes = document["classes"] = json::Value::array();
  for (const LinkClass& each : model.classes()) {
    json::Value shared = json::Value::array();
    for (const LinkClassField& field : each.fields)
      shared.push_back({{"comparison", field.comparison}, {"m", field.m}});
    classes.push_back({{"name", each.name}, {"share", each.share}, {"fields", std::move(shared)}});
  }
  return document.dump(2);
}

std::string link_model_schema() {
  return std::string(R"({
  "type": "object",
  "title": "Link model",
  "additionalProperties": false,
  "description": "Prior and weights of evidence that two cards are one client (Fellegi and Sunter 1969).",
  "required": ["prior", "fields"],
  "properties": {
    "prior": {"type": "number", "minimum": 1e-18, "exclusiveMaximum": 1,
      "description": "Chance that two cards taken at random are one client's."},
    "fields": {"type": "array", "maxItems": 64, "items": {
      "type": "object",
      "additionalProperties": false,
      "required": ["name", "levels"],
      "oneOf": [{"required": ["m", "u"]}, {"required": ["weights"]}],
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Of the comparison; unique."},
        "levels": {"type": "array", "minItems": 2, "maxItems": 32, "uniqueItems": true,
          "items": {"type": "string", "minLength": 1},
          "description": "Names of levels 1, 2, ...: disagrees, then rising agreement, the last is exact. Level 0, no evidence, has none."},
        "m": {"type": "array", "items": {"type": "number", "minimum": 1e-12, "maximum": 1},
          "description": "Chance of each level among pairs of one client; 1 in sum."},
        "u": {"type": "array", "items": {"type": "number", "minimum": 1e-12, "maximum": 1},
          "description": "Chance of each level among pairs of two clients; 1 in sum."},
        "weights": {"type": "array", "items": {"type": "number", "minimum": -60, "maximum": 60},
          "description": "Instead of m and u: bits of evidence by level."},
        "tf_weight": {"type": "number", "minimum": 0, "maximum": 1, "default": 0,
          "description": "Power of the term frequency's Bayes factor; 0: not adjusted."},
        "tf_minimum_u": {"type": "number", "minimum": 0, "maximum": 1, "default": 0,
          "description": "Shares of values below it count as this one."},
        "tf_average_u": {"type": "number", "minimum": 1e-12, "maximum": 1,
          "description": "Chance of exact agreement that the last level's weight stands for; default: its u."}
      }
    }},
    "classes": {"type": "array", "maxItems": )") +
         std::to_string(max_link_classes) + R"(, "items": {
      "type": "object",
      "additionalProperties": false,
      "required": ["name", "share", "fields"],
      "description": "Pairs of two clients that have more in common than chance would have it, as those of a household.",
      "properties": {
        "name": {"type": "string", "minLength": 1, "description": "Unique."},
        "share": {"type": "number", "minimum": 0, "maximum": 0.9,
          "description": "Of all pairs of two clients; of all classes at most 0.9 in sum."},
        "fields": {"type": "array", "minItems": 1, "items": {
          "type": "object",
          "additionalProperties": false,
          "required": ["comparison", "m"],
          "properties": {
            "comparison": {"type": "string", "description": "Name of a field that has m and u; each once."},
            "m": {"type": "array", "items": {"type": "number", "minimum": 1e-12, "maximum": 1},
              "description": "Chance of each level among pairs of the class; 1 in sum."}
          }
        }}
      }
    }}
  }
})";
}

LinkTrainingOptions link_training_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text, "the training of the link model");
  const std::string here(pointer);
  json::Object object(json::Node(document, here));
  LinkTrainingOptions options;
  read(object, "prior", options.prior);
  object.read("max_iterations", options.max_iterations, 0, std::numeric_limits<std::int32_t>::max());
  object.read("tolerance", options.tolerance, -any, any);
  object.read("start_share", options.start_share, -any, any);
  object.read("smoothing_m", options.smoothing_m, -any, any);
  object.read("smoothing_u", options.smoothing_u, -any, any);
  object.read("smoothing_classes", options.smoothing_classes, -any, any);
  read(object, "prior_m", options.prior_m);
  read(object, "prior_u", options.prior_u);
  object.read("monotone", options.monotone);
  object.read("max_disagreement", options.max_disagreement, -any, any);
  object.read("min_pairs", options.min_pairs, -any, any);
  object.done();
  checked(here, [&] { linking::check(options); });
  return options;
}

std::string to_json(const LinkTrainingOptions& options) {
  json::Value document = json::Value::object();
  if (options.prior) document["prior"] = *options.prior;
  document["max_iterations"] = options.max_iterations;
  document["tolerance"] = options.tolerance;
  document["start_share"] = options.start_share;
  document["smoothing_m"] = options.smoothing_m;
  document["smoothing_u"] = options.smoothing_u;
  document["smoothing_classes"] = options.smoothing_classes;
  document["prior_m"] = options.prior_m;
  document["prior_u"] = options.prior_u;
  document["monotone"] = options.monotone;
  document["max_disagreement"] = options.max_disagreement;
  document["min_pairs"] = options.min_pairs;
  return document.dump(2);
}

std::string link_training_options_schema() {
  return R"({
  "type": "object",
  "title": "Training of the link model",
  "additionalProperties": false,
  "description": "How weights are learnt from pairs that nobody has judged: u from random pairs, m by expectation and maximisation.",
  "properties": {
    "prior": {"type": ["number", "null"], "minimum": 1e-18, "maximum": 0.5,
      "description": "Chance that two cards taken at random are one client's; absent: estimated."},
    "max_iterations": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 500, "description": "Of each pass."},
    "tolerance": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 1e-6,
      "description": "Converged once no chance moves by more."},
    "start_share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.1,
      "description": "Share of pairs of one client in a block to begin with."},
    "smoothing_m": {"type": "number", "minimum": 0, "maximum": 1e9, "default": 10, "description": "Pairs that prior_m counts as."},
    "smoothing_u": {"type": "number", "minimum": 0, "maximum": 1e9, "default": 10, "description": "Pairs that prior_u counts as."},
    "smoothing_classes": {"type": "number", "minimum": 0, "maximum": 1e9, "default": 500,
      "description": "Pairs that what a class is expected to share counts as."},
    "prior_m": {"type": "array", "items": {"type": "array", "items": {"type": "number", "minimum": 1e-12, "maximum": 1e9}},
      "description": "By comparison, what is expected of levels 1, 2, ... among pairs of one client; empty: the default."},
    "prior_u": {"type": "array", "items": {"type": "array", "items": {"type": "number", "minimum": 1e-12, "maximum": 1e9}},
      "description": "The same among pairs of two clients."},
    "monotone": {"type": "boolean", "default": true, "description": "Whether a higher level must not weigh less."},
    "max_disagreement": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.4, "description": "Largest chance that two cards of one client disagree in a comparison; 1: any."},
    "min_pairs": {"type": "number", "minimum": 1, "maximum": 1e15, "default": 100,
      "description": "Random pairs, and candidate pairs, below which the fit is called one of too few pairs."}
  }
})";
}

LogisticOptions logistic_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text, "the logistic regression of the link model");
  const std::string here(pointer);
  json::Object object(json::Node(document, here));
  LogisticOptions options;
  object.read("l2", options.l2, -any, any);
  object.read("max_iterations", options.max_iterations, 0, std::numeric_limits<std::int32_t>::max());
  object.read("tolerance", options.tolerance, -any, any);
  object.read("monotone", options.monotone);
  object.read("min_pairs", options.min_pairs, -any, any);
  read(object, "share", options.share);
  object.done();
  checked(here, [&] { linking::check(options); });
  return options;
}

std::string to_json(const LogisticOptions& options) {
  json::Value document = json::Value::object();
  document["l2"] = options.l2;
  document["max_iterations"] = options.max_iterations;
  document["tolerance"] = options.tolerance;
  document["monotone"] = options.monotone;
  document["min_pairs"] = options.min_pairs;
  if (options.share) document["share"] = *options.share;
  return document.dump(2);
}

std::string logistic_options_schema() {
  return R"({
  "type": "object",
  "title": "Logistic regression of the link model",
  "additionalProperties": false,
  "description": "How weights are learnt from judged pairs.",
  "properties": {
    "l2": {"type": "number", "minimum": 1e-9, "maximum": 1e9, "default": 1, "description": "Half of it times the sum of squared coefficients is the penalty."},
    "max_iterations": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 100},
    "tolerance": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 1e-8,
      "description": "Converged once no coefficient moves by more."},
    "monotone": {"type": "boolean", "default": true, "description": "Whether a higher level must not weigh less."},
    "min_pairs": {"type": "number", "minimum": 2, "maximum": 1e15, "default": 20, "description": "Judged pairs below which the fit is called one of too few pairs."},
    "share": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 1,
      "description": "Share of pairs of one client where the model will be used; absent: that of the judged pairs."}
  }
})";
}

}  // namespace klientela
