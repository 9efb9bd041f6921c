// The policy document: parts of the stages put together, presets laid under, errors with their JSON pointer.
#include "klientela/pipeline/policy.hpp"

#include "core/json_reader.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/dedupe/dedupe_json.hpp"
#include "klientela/features/features_json.hpp"
#include "klientela/ingest/ingest_json.hpp"
#include "klientela/model/roll_up_json.hpp"
#include "klientela/plan/plan_json.hpp"
#include "klientela/report/report_json.hpp"
#include "pipeline/presets.hpp"

namespace klientela {
namespace {

using json::Value;

std::string preset_names() {
  std::string names;
  for (const auto& preset : pipeline::presets) names += (names.empty() ? "" : ", ") + std::string(preset.name);
  return names;
}

const pipeline::Preset* find_preset(std::string_view name) noexcept {
  for (const auto& preset : pipeline::presets)
    if (preset.name == name) return &preset;
  return nullptr;
}

/// The document with the preset it names laid under it, that key taken out.
Value with_preset(Value document) {
  if (!document.is_object()) json::fail("", "must be an object");
  const auto named = document.find("preset");
  if (named == document.end()) return document;
  const std::string name = json::Node(*named, "/preset").text();
  const auto* preset = find_preset(name);
  if (preset == nullptr) json::fail("/preset", "is not a preset; the presets: " + preset_names());
  document.erase("preset");
  Value whole = json::parse(preset->document);
  whole.merge_patch(document);
  return whole;
}

std::string text_of(const json::Node& part) { return part.value().dump(); }

void check_version(const json::Node& node) {
  const std::int64_t version = node.integer();
  if (version != Policy::version)
    node.fail("is version " + std::to_string(version) + "; this library reads version " +
              std::to_string(Policy::version));
}

std::vector<std::pair<std::string, AnyClassifier>> named(std::vector<AnyClassifier> classifiers) {
  std::vector<std::pair<std::string, AnyClassifier>> pairs;
  pairs.reserve(classifiers.size());
  for (AnyClassifier& classifier : classifiers) {
    std::string name = classifier.name();
    pairs.emplace_back(std::move(name), std::move(classifier));
  }
  return pairs;
}

Policy read(const Value& document, const ClassifierRegistry& registry) {
  json::Object object(json::Node(document, ""));
  Policy policy;
  if (const auto version = object.find("version")) check_version(*version);
  if (const auto part = object.find("ingest"))
    policy.ingest = ingest_options_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("dedupe"))
    policy.dedupe = dedupe_options_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("roll_up"); part && !part->is_null())
    policy.roll_up = roll_up_options_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("features"))
    policy.features = feature_options_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("periods"))
    policy.periods = period_options_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("classifiers"))
    policy.classifiers = named(classifiers_from_json(text_of(*part), registry, part->pointer()));
  if (const auto part = object.find("history"))
    policy.history = history_plan_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("plan")) policy.plan = plan_policy_from_json(text_of(*part), part->pointer());
  if (const auto part = object.find("report"))
    policy.report = report_options_from_json(text_of(*part), part->pointer());
  object.done();
  return policy;
}

/// A part of the schema without the marks of a document of its own.
Value fragment(const std::string& schema) {
  Value part = Value::parse(schema);
  part.erase("$schema");
  part.erase("$id");
  return part;
}

}  // namespace

Policy::Policy() : classifiers(named(default_classifiers())) {}

Policy Policy::from_json(std::string_view text) { return from_json(text, ClassifierRegistry{}); }

Policy Policy::from_json(std::string_view text, const ClassifierRegistry& registry) {
  return read(with_preset(json::parse(text)), registry);
}

Policy Policy::preset(std::string_view name) {
  const auto* found = find_preset(name);
  if (found == nullptr)
    throw Error(Code::not_found, "there is no preset \"" + std::string(name) + "\"; the presets: " + preset_names(),
                std::string(name));
  return from_json(found->document);
}

std::vector<std::string> Policy::presets() {
  std::vector<std::string> names;
  for (const auto& preset : pipeline::presets) names.emplace_back(preset.name);
  return names;
}

std::string Policy::to_json() const {
  std::vector<AnyClassifier> plain;
  plain.reserve(classifiers.size());
  for (const auto& [name, classifier] : classifiers) plain.push_back(classifier);
  Value document = Value::object();
  document["version"] = version;
  document["ingest"] = Value::parse(klientela::to_json(ingest));
  document["dedupe"] = Value::parse(klientela::to_json(dedupe));
  document["roll_up"] = roll_up ? Value::parse(klientela::to_json(*roll_up)) : Value();
  document["features"] = Value::parse(klientela::to_json(features));
  document["periods"] = Value::parse(klientela::to_json(periods));
  document["classifiers"] = Value::parse(classifiers_to_json(plain));
  document["history"] = history ? Value::parse(klientela::to_json(*history)) : Value();
  document["plan"] = plan ? Value::parse(klientela::to_json(*plan)) : Value();
  document["report"] = Value::parse(klientela::to_json(report));
  return document.dump(2) + '\n';
}

std::string Policy::schema() { return schema(ClassifierRegistry{}); }

std::string Policy::schema(const ClassifierRegistry& registry) {
  Value roll_up = fragment(roll_up_options_schema());
  roll_up["type"] = {"object", "null"};
  Value parts = {{"ingest", fragment(ingest_options_schema())},
                 {"dedupe", fragment(dedupe_options_schema())},
                 {"roll_up", std::move(roll_up)},
                 {"features", fragment(feature_options_schema())},
                 {"periods", fragment(period_options_schema())},
                 {"classifiers", fragment(classify_schema(registry))},
                 {"history", fragment(history_plan_schema())},
                 {"plan", fragment(plan_policy_schema())},
                 {"report", fragment(report_options_schema())}};
  // What parts define for themselves is referred to from the root of the document, so it has to stand there.
  Value definitions = Value::object();
  for (auto& [key, part] : parts.items()) {
    if (!part.contains("$defs")) continue;
    definitions.update(part["$defs"]);
    part.erase("$defs");
  }
  Value overrides = Value::object();
  Value properties = Value::object();
  properties["version"] = {{"const", version}};
  properties["preset"] = {
      {"enum", presets()},
      {"description", "The policy that this one overrides key by key (RFC 7396); null takes a key out."}};
  for (const auto& [key, part] : parts.items()) {
    properties[key] = true;
    overrides[key] = {{"type", {"object", "null"}}};
    if (key == "history" || key == "plan") overrides[key]["type"].push_back("boolean");
  }
  Value schema = Value::object();
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "Policy of klientela";
  schema["description"] = "Every choice a company makes, from reading its tables to the report.";
  schema["type"] = "object";
  schema["properties"] = std::move(properties);
  schema["additionalProperties"] = false;
  schema["if"] = {{"required", {"preset"}}};
  schema["then"] = {{"description", "Overrides of a preset: parts of the parts below."},
                    {"properties", std::move(overrides)}};
  schema["else"] = {{"properties", std::move(parts)}};
  if (!definitions.empty()) schema["$defs"] = std::move(definitions);
  return schema.dump(2) + '\n';
}

}  // namespace klientela
