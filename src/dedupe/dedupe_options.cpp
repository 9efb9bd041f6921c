// Options of the dedupe stage from and to policy JSON, and their schema.
#include <algorithm>
#include <string>
#include <vector>

#include "core/json_reader.hpp"
#include "dedupe/pair_comparer.hpp"
#include "klientela/dedupe/card_clusters_json.hpp"
#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/dedupe/link_model_json.hpp"

namespace klientela {
namespace {

using json::Value;

constexpr std::int64_t most_pairs = 1'000'000'000'000;
constexpr std::int64_t most_block = 1'000'000;
constexpr double most_bits = 1024;
constexpr std::int64_t most_sampled = 100'000'000;

template <class Parse>
auto parsed(const json::Node& node, Parse parse) {
  try {
    return parse(node.text());
  } catch (const Error& error) {
    if (error.code() == Code::bad_policy) throw;
    node.fail(std::string("is no key or rule: ") + error.what());
  }
}

BlockingOptions blocking(const json::Node& node) {
  json::Object object(node);
  BlockingOptions options;
  if (const auto rules = object.find("rules")) {
    options.propose = rules->value().is_string() && rules->text() == "auto";
    if (!options.propose)
      for (const json::Node& rule : rules->items()) options.rules.push_back(parsed(rule, blocking_rule));
  }
  if (options.rules.size() > 32) object.require("rules").fail("holds more than 32 rules");
  object.read("max_pairs", options.max_pairs, 1, most_pairs);
  object.read("pairs_per_card", options.pairs_per_card, 1, 1'000'000);
  object.read("max_block", options.max_block, 2, most_block);
  if (const auto keys = object.find("split_by"))
    for (const json::Node& key : keys->items()) options.split_by.push_back(parsed(key, blocking_key));
  object.done();
  return options;
}

Value json_of(const BlockingOptions& options) {
  Value rules = Value::array();
  for (const BlockingRule& rule : options.rules) rules.push_back(to_text(rule));
  Value keys = Value::array();
  for (const BlockingKey& key : options.split_by) keys.push_back(to_text(key));
  Value document = Value::object();
  document["rules"] = options.propose ? Value("auto") : std::move(rules);
  document["max_pairs"] = options.max_pairs;
  document["pairs_per_card"] = options.pairs_per_card;
  document["max_block"] = options.max_block;
  document["split_by"] = std::move(keys);
  return document;
}

std::vector<std::string_view> field_names() {
  std::vector<std::string_view> names;
  for (std::size_t f = 0; f < card_field_count; ++f) names.push_back(name(static_cast<CardField>(f)));
  return names;
}

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names;
  for (int k = 0; k <= static_cast<int>(ComparisonKind::exact); ++k)
    names.push_back(name(static_cast<ComparisonKind>(k)));
  return names;
}

/// What a run merges: its options, true for those by default; false and null: nothing.
std::optional<MergeOptions> merge_options(const json::Node& node) {
  if (node.is_null()) return std::nullopt;
  if (node.value().is_boolean()) return node.boolean() ? std::optional(MergeOptions{}) : std::nullopt;
  json::Object object(node);
  MergeOptions options;
  object.read("threshold", options.threshold, -most_bits, most_bits);
  object.read("corroboration", options.corroboration, -most_bits, most_bits);
  object.read("max_cards", options.max_cards, 2, most_block);
  object.done();
  return options;
}

Comparison comparison_from(const json::Node& node) {
  json::Object object(node);
  Comparison read = comparison(static_cast<CardField>(object.require("field").choice(field_names())));
  object.read("kind", read.kind, kind_names());
  object.read("close", read.close, 0, 1);
  object.read("similar", read.similar, 0, 1);
  object.read("tf_weight", read.tf_weight, 0, 1);
  object.done();
  return read;
}

LinkClassSpec class_from(const json::Node& node) {
  json::Object object(node);
  LinkClassSpec read;
  read.name = object.require("name").text();
  const json::Node shared = object.require("shared");
  json::Object fields(shared);
  for (const std::string_view field : field_names())
    if (const auto chance = fields.find(std::string(field).c_str()))
      read.shared.push_back({std::string(field), chance->number()});
  fields.done();
  if (read.shared.empty()) shared.fail("must not be empty");
  for (const LinkClassSpec::Shared& each : read.shared)
    if (!(each.chance > 0 && each.chance <= 1))
      json::fail(shared.pointer() + '/' + each.comparison, "must be above 0 and at most 1");
  object.done();
  return read;
}

std::vector<LinkClassSpec> classes_from(const json::Node& node) {
  std::vector<LinkClassSpec> classes;
  for (const json::Node& item : node.items()) {
    const LinkClassSpec& read = classes.emplace_back(class_from(item));
    if (read.name.empty()) json::fail(item.pointer() + "/name", "must not be empty");
    if (std::any_of(classes.begin(), classes.end() - 1,
                    [&](const LinkClassSpec& one) { return one.name == read.name; }))
      json::fail(item.pointer() + "/name", "is that of an earlier class");
  }
  if (classes.size() > max_link_classes) node.fail("holds more than " + std::to_string(max_link_classes) + " classes");
  return classes;
}

/// What a search would refuse. \pre one of `comparisons` for each item
void check(const std::vector<Comparison>& comparisons, const json::Node& node) {
  try {
    const dedupe::PairComparer comparer(PreparedCards(), comparisons);
  } catch (const Error& error) {
    // where() is "comparisons[2]"
    const std::size_t open = error.where().find('[');
    json::fail(node.pointer() + '/' + error.where().substr(open + 1, error.where().size() - open - 2), error.what());
  }
}

Value json_of(const Comparison& comparison) {
  Value document = Value::object();
  document["field"] = std::string(name(comparison.field));
  document["kind"] = std::string(name(comparison.kind));
  document["close"] = comparison.close;
  document["similar"] = comparison.similar;
  document["tf_weight"] = comparison.tf_weight;
  return document;
}

Value json_of(const std::vector<LinkClassSpec>& classes) {
  Value document = Value::array();
  for (const LinkClassSpec& each : classes) {
    Value shared = Value::object();
    for (const LinkClassSpec::Shared& field : each.shared) shared[field.comparison] = field.chance;
    document.push_back({{"name", each.name}, {"shared", std::move(shared)}});
  }
  return document;
}

Value names_json(const std::vector<std::string_view>& names) {
  Value list = Value::array();
  for (const std::string_view each : names) list.push_back(std::string(each));
  return list;
}

Value number_schema(double low, double high, const char* description) {
  return {{"type", "number"}, {"minimum", low}, {"maximum", high}, {"description", description}};
}

Value integer_schema(std::int64_t low, std::int64_t high, std::int64_t by_default, const char* description) {
  return {
      {"type", "integer"}, {"minimum", low}, {"maximum", high}, {"default", by_default}, {"description", description}};
}

Value fragment(const std::string& schema) {
  Value part = Value::parse(schema);
  part.erase("$schema");
  part.erase("$id");
  return part;
}

}  // namespace

DedupeOptions dedupe_options_from_json(std::string_view text, std::string_view pointer) {
  const Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  DedupeOptions options;
  const auto part = [&](const char* key, auto read) {
    if (const auto node = object.find(key); node && !node->is_null()) read(*node);
  };
  part("normalise", [&](const json::Node& node) {
    options.normaliser = normaliser_options_from_json(node.value().dump(), node.pointer());
  });
  part("blocking", [&](const json::Node& node) { options.blocking = blocking(node); });
  part("comparisons", [&](const json::Node& node) {
    for (const json::Node& each : node.items()) options.comparisons.push_back(comparison_from(each));
    check(options.comparisons, node);
  });
  part("model",
       [&](const json::Node& node) { options.model = link_model_from_json(node.value().dump(), node.pointer()); });
  part("training", [&](const json::Node& node) {
    options.training = link_training_options_from_json(node.value().dump(), node.pointer());
  });
  part("classes", [&](const json::Node& node) { options.classes = classes_from(node); });
  part("clusters", [&](const json::Node& node) {
    options.clusters = card_cluster_options_from_json(node.value().dump(), node.pointer());
  });
  if (const auto node = object.find("merge")) options.merge = merge_options(*node);
  part("survivorship", [&](const json::Node& node) {
    options.survivorship = survivorship_policy_from_json(node.value().dump(), node.pointer());
  });
  object.read("random_pairs", options.random_pairs, 1000, most_sampled);
  object.read("training_pairs", options.training_pairs, 100, most_sampled);
  object.read("discount_shared", options.discount_shared);
  object.done();
  return options;
}

std::string to_json(const DedupeOptions& options) {
  Value comparisons = Value::array();
  for (const Comparison& comparison : options.comparisons) comparisons.push_back(json_of(comparison));
  Value document = Value::object();
  document["normalise"] = Value::parse(to_json(options.normaliser));
  document["blocking"] = json_of(options.blocking);
  document["comparisons"] = std::move(comparisons);
  document["model"] = options.model ? Value::parse(to_json(*options.model)) : Value();
  document["training"] = Value::parse(to_json(options.training));
  document["classes"] = json_of(options.classes);
  document["random_pairs"] = options.random_pairs;
  document["training_pairs"] = options.training_pairs;
  document["discount_shared"] = options.discount_shared;
  document["clusters"] = Value::parse(to_json(options.clusters));
  document["merge"] = false;
  if (options.merge)
    document["merge"] = {{"threshold", options.merge->threshold},
                         {"corroboration", options.merge->corroboration},
                         {"max_cards", options.merge->max_cards}};
  document["survivorship"] = Value::parse(to_json(options.survivorship));
  return document.dump(2);
}

std::string dedupe_options_schema() {
  const DedupeOptions defaults;
  const Value rule = {{"type", "string"},
                      {"description",
                       "Keys joined by + (or <> where their values may be swapped): field, field.form, field.form:cut; "
                       "for example family_name.folded:soundex + postcode."}};
  Value blocking = Value::object();
  blocking["rules"] = {{"anyOf", {{{"type", "array"}, {"items", rule}, {"maxItems", 32}}, {{"const", "auto"}}}},
                       {"default", Value::array()},
                       {"description",
                        "Two cards that agree on one of these are compared; empty: the default rules; \"auto\": rules "
                        "chosen from the cards."}};
  blocking["max_pairs"] = integer_schema(1, most_pairs, static_cast<std::int64_t>(defaults.blocking.max_pairs),
                                         "No more pairs than these are ever made.");
  blocking["pairs_per_card"] = integer_schema(1, 1'000'000, defaults.blocking.pairs_per_card,
                                              "Nor more than this for each card; a million are always allowed.");
  blocking["max_block"] =
      integer_schema(2, most_block, defaults.blocking.max_block, "Cards in a block beyond which it is split.");
  blocking["split_by"] = {{"type", "array"},
                          {"items", {{"type", "string"}}},
                          {"default", Value::array()},
                          {"description", "Keys that split large blocks, in order; empty: all fields."}};
  Value comparison = Value::object();
  comparison["field"] = {{"enum", names_json(field_names())}};
  comparison["kind"] = {{"enum", names_json(kind_names())}, {"description", "Absent: what suits the field."}};
  comparison["close"] = number_schema(0, 1, "Similarity from which two values are close.");
  comparison["similar"] = number_schema(0, 1, "And similar.");
  comparison["tf_weight"] = number_schema(0, 1, "How far a rare value in common says more than a frequent one.");
  Value properties = Value::object();
  properties["normalise"] = fragment(normaliser_options_schema());
  properties["blocking"] = {{"type", "object"}, {"properties", std::move(blocking)}, {"additionalProperties", false}};
  properties["comparisons"] = {
      {"type", "array"},
      {"items",
       {{"type", "object"},
        {"properties", std::move(comparison)},
        {"required", {"field"}},
        {"additionalProperties", false}}},
      {"default", Value::array()},
      {"description", "Fields that are compared; empty: every field in the way that suits it."}};
  Value model = fragment(link_model_schema());
  model["type"] = {"object", "null"};
  properties["model"] = std::move(model);
  properties["training"] = fragment(link_training_options_schema());
  Value shared = Value::object();
  for (const std::string_view field : field_names())
    shared[std::string(field)] = {{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", 1}};
  properties["classes"] = {
      {"type", "array"},
      {"maxItems", max_link_classes},
      {"default", json_of(defaults.classes)},
      {"description",
       "Classes of pairs of two clients that have more in common than chance would have it: what a class explains is "
       "no evidence of one client. Where weights are learnt from the cards, not from labelled pairs. Empty: none."},
      {"items",
       {{"type", "object"},
        {"additionalProperties", false},
        {"required", {"name", "shared"}},
        {"properties",
         {{"name", {{"type", "string"}, {"minLength", 1}, {"description", "Unique."}}},
          {"shared",
           {{"type", "object"},
            {"minProperties", 1},
            {"additionalProperties", false},
            {"properties", std::move(shared)},
            {"description", "By field: the chance that a pair of the class has one value there, not by chance."}}}}}}}};
  properties["discount_shared"] = {
      {"type", "boolean"},
      {"default", defaults.discount_shared},
      {"description", "Whether a phone, e-mail or site of three clients or more is worth less than another."}};
  properties["random_pairs"] =
      integer_schema(1000, most_sampled, defaults.random_pairs, "Pairs drawn from all pairs, to learn u.");
  properties["training_pairs"] =
      integer_schema(100, most_sampled, defaults.training_pairs, "Pairs of each rule, to learn m.");
  properties["clusters"] = fragment(card_cluster_options_schema());
  Value merge = Value::object();
  merge["type"] = {"object", "boolean", "null"};
  merge["properties"]["threshold"] =
      number_schema(-most_bits, most_bits, "Bits that every join of a cluster has to reach; 1024: nothing is merged.");
  merge["properties"]["threshold"]["default"] = MergeOptions{}.threshold;
  merge["properties"]["corroboration"] =
      number_schema(-most_bits, most_bits, "Bits that its best pair still has to reach without the strongest field.");
  merge["properties"]["corroboration"]["default"] = MergeOptions{}.corroboration;
  merge["properties"]["max_cards"] = integer_schema(2, most_block, MergeOptions{}.max_cards,
                                                    "Cards of one client; larger clusters are left to a person.");
  merge["additionalProperties"] = false;
  merge["default"] = true;
  merge["description"] = "What a run merges by itself; false or null: it does not look for duplicates.";
  properties["merge"] = std::move(merge);
  properties["survivorship"] = fragment(survivorship_policy_schema());
  const Value schema = {{"type", "object"},
                        {"title", "Duplicates"},
                        {"properties", std::move(properties)},
                        {"additionalProperties", false}};
  return schema.dump(2);
}

}  // namespace klientela
