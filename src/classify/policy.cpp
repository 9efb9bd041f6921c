// The policy's classifiers: reading and writing the object that names them, and its schema.
#include "klientela/classify/policy.hpp"

#include <map>
#include <set>

#include "classify/options.hpp"
#include "core/json_reader.hpp"
#include "klientela/classify/tiers.hpp"

namespace klientela {
std::vector<AnyClassifier> classifiers_from_json(std::string_view text, const ClassifierRegistry& registry,
                                                 const std::string& pointer) {
  const json::Value document = json::parse(text, "classifiers");
  std::vector<AnyClassifier> classifiers;
  for (const auto& [name, node] : json::Node(document, pointer).members())
    classifiers.push_back(registry.make(name, node.value().dump(), node.pointer()));
  classifying::check_outputs(classifiers, pointer);
  return classifiers;
}

void classifying::check_outputs(std::span<const AnyClassifier> classifiers, const std::string& pointer) {
  std::map<std::string, std::string> writers;
  for (const AnyClassifier& classifier : classifiers)
    for (const std::string& column : classifier.outputs()) {
      const auto [writer, added] = writers.emplace(column, classifier.name());
      if (!added)
        json::fail(pointer + '/' + json::token(classifier.name()),
                   "writes column " + column + ", as classifier " + writer->second + " does");
    }
}

std::string classifiers_to_json(std::span<const AnyClassifier> classifiers) {
  json::Value value = json::Value::object();
  for (const AnyClassifier& classifier : classifiers)
    value[classifier.name()] = json::parse(classifier.to_json(), "options");
  return value.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

std::vector<AnyClassifier> default_classifiers() {
  return {AnyClassifier(RfmClassifier()), AnyClassifier(AbcClassifier()), AnyClassifier(MatrixClassifier()),
          AnyClassifier(TierClassifier()),
          AnyClassifier(RulesClassifier(RuleOptions::named("relationship_type"), "relationship_type"))};
}

std::string classify_schema(const ClassifierRegistry& registry) {
  json::Value schema;
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["description"] = "Named classifiers, run in order; later ones may use the columns of earlier ones.";
  schema["type"] = "object";
  json::Value definitions = json::Value::object();
  json::Value properties = json::Value::object();
  json::Value kinds = json::Value::array();
  for (const std::string& kind : registry.kinds()) {
    const ClassifierKind* how = registry.find(kind);
    json::Value options = how->schema.empty() ? json::Value{{"type", "object"}} : json::parse(how->schema, "schema");
    if (const auto own = options.find("$defs"); own != options.end()) {
      for (const auto& [key, definition] : own->items()) definitions[key] = definition;
      options.erase("$defs");
    }
    definitions["classifier_" + kind] = std::move(options);
    const std::string reference = "#/$defs/classifier_" + json::token(kind);
    json::Value named;
    named["if"]["properties"]["kind"]["const"] = kind;
    named["if"]["required"] = json::Value::array({"kind"});
    named["then"]["$ref"] = reference;
    kinds.push_back(named);
    // A classifier called as its kind may leave "kind" out.
    json::Value plain;
    plain["if"]["not"]["required"] = json::Value::array({"kind"});
    plain["then"]["$ref"] = reference;
    plain["else"]["$ref"] = "#/$defs/classifier";
    properties[kind] = std::move(plain);
  }
  json::Value classifier;
  classifier["type"] = "object";
  classifier["required"] = json::Value::array({"kind"});
  classifier["properties"]["kind"]["enum"] = registry.kinds();
  classifier["allOf"] = std::move(kinds);
  definitions["classifier"] = std::move(classifier);
  schema["properties"] = std::move(properties);
  schema["additionalProperties"]["$ref"] = "#/$defs/classifier";
  schema["$defs"] = std::move(definitions);
  return schema.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

}  // namespace klientela
