// Type-erased classifiers, the registry of their kinds, and running several in order.
#include "klientela/classify/classifier.hpp"

#include <cmath>

#include "classify/guarded.hpp"
#include "classify/kinds.hpp"
#include "classify/options.hpp"
#include "core/json_reader.hpp"

namespace klientela {

using classifying::guarded;

namespace {

/// What a host's classifier gave: a float is a number or null, a code has a label.
void check_column(const std::string& name, const Column& column) {
  const auto is_null = [&](std::size_t row) { return column.is_null(row); };
  if (column.type() == ColumnType::label)
    classifying::check_codes(name, column.name(), column.values<std::uint16_t>(), column.labels().size(), is_null);
  if (column.type() == ColumnType::term)
    classifying::check_codes(name, column.name(), column.values<std::uint32_t>(), column.labels().size(), is_null);
  if (column.type() != ColumnType::float64) return;
  const std::span<const double> values = column.values<double>();
  for (std::size_t row = 0; row < values.size(); ++row)
    if (std::isnan(values[row]) && !column.is_null(row))
      throw Error(Code::internal,
                  "classifier " + name + " gave NaN in row " + std::to_string(row) + " of column " + column.name() +
                      "; a row without a value is null",
                  name);
}

Classified start(const Table& features, std::size_t count) {
  Classified result;
  result.table = features;
  result.models.reserve(count);
  result.classifications.reserve(count);
  return result;
}

void apply(Classified& result, AnyModel model, const Control& control) {
  Classification classification = model.classify(result.table, control);
  for (const Column& column : classification.columns()) {
    if (result.table.find(column.name()) != nullptr)
      throw Error(Code::invalid_argument,
                  "classifier " + model.name() + " writes column " + column.name() + ", which is already there",
                  column.name());
  }
  for (const Column& column : classification.columns()) result.table.add(column);
  result.models.push_back(std::move(model));
  result.classifications.push_back(std::move(classification));
}

}  // namespace

Classification AnyModel::classify(const Table& table, const Control& control) const {
  const std::string called = name();
  const bool of_host = !classifying::is_own(*this);
  Classification result = guarded(
      called, [&] { return self_->classify(table, control); }, of_host);
  if (result.columns().empty()) throw Error(Code::internal, "classifier " + called + " gave no column", called);
  if (result.rows() != table.rows())
    throw Error(Code::internal,
                "classifier " + called + " gave " + std::to_string(result.rows()) + " rows for a table of " +
                    std::to_string(table.rows()),
                called);
  if (of_host)
    for (const Column& column : result.columns()) check_column(called, column);
  return result;
}

std::string AnyModel::to_json() const {
  json::Value value;
  value["name"] = name();
  value["kind"] = kind();
  value["model"] = guarded(name(), [&] { return json::parse(self_->to_json(), "model"); });
  return value.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

std::vector<std::string> AnyClassifier::outputs() const {
  std::vector<std::string> columns = self_->outputs();
  return columns.empty() ? classifying::own_outputs(*this) : columns;
}

AnyModel AnyClassifier::fit(const Table& table, const Control& control) const {
  return guarded(
      name(), [&] { return self_->fit(table, control); }, !classifying::is_own(*this));
}

ClassifierRegistry::ClassifierRegistry() {
  kinds_["rfm"] = {[](const std::string& name, std::string_view options, const std::string& pointer) {
                     return AnyClassifier(RfmClassifier::from_json(options, name, pointer));
                   },
                   [](const std::string& name, std::string_view model, const std::string& pointer) {
                     return AnyModel(RfmModel::from_json(name, model, pointer));
                   },
                   classifying::rfm_schema()};
  kinds_["abc"] = {[](const std::string& name, std::string_view options, const std::string& pointer) {
                     return AnyClassifier(AbcClassifier::from_json(options, name, pointer));
                   },
                   [](const std::string& name, std::string_view model, const std::string& pointer) {
                     return AnyModel(AbcModel::from_json(name, model, pointer));
                   },
                   classifying::abc_schema()};
  kinds_["matrix"] = {[](const std::string& name, std::string_view options, const std::string& pointer) {
                        return AnyClassifier(MatrixClassifier::from_json(options, name, pointer));
                      },
                      [](const std::string& name, std::string_view model, const std::string& pointer) {
                        return AnyModel(MatrixModel::from_json(name, model, pointer));
                      },
                      classifying::matrix_schema()};
  classifying::add_more_kinds(kinds_);
}

void ClassifierRegistry::add(std::string kind, ClassifierKind how) {
  if (kind.empty()) throw Error(Code::invalid_argument, "a kind of classifiers needs a name", "kind");
  if (!how.make) throw Error(Code::invalid_argument, "kind " + kind + " cannot be made: make is empty", "make");
  if (!how.schema.empty() && !json::parse(how.schema, "schema").is_object())
    throw Error(Code::invalid_argument, "the schema of kind " + kind + " is not a JSON object", "schema");
  kinds_[std::move(kind)] = std::move(how);
}

std::vector<std::string> ClassifierRegistry::kinds() const {
  std::vector<std::string> names;
  for (const auto& [name, how] : kinds_) names.push_back(name);
  return names;
}

const ClassifierKind* ClassifierRegistry::find(std::string_view kind) const noexcept {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? nullptr : &found->second;
}

AnyClassifier ClassifierRegistry::make(const std::string& name, std::string_view options,
                                       const std::string& pointer) const {
  classifying::check_name(name, pointer);
  const json::Value document = json::parse(options, "options");
  if (!document.is_object()) json::fail(pointer, "must be an object");
  std::string kind = name;
  if (const auto given = document.find("kind"); given != document.end())
    kind = json::Node(*given, pointer + "/kind").text();
  const ClassifierKind* found = find(kind);
  if (found == nullptr) {
    std::string known;
    for (const std::string& one : kinds()) known += (known.empty() ? "" : ", ") + one;
    json::fail(pointer + "/kind", "there is no kind of classifiers called \"" + kind + "\"; known: " + known);
  }
  const ClassifierKind how = *found;  // while it runs, code of a host may replace what is registered
  return guarded(name, [&] { return how.make(name, options, pointer); });
}

AnyModel ClassifierRegistry::model_from_json(std::string_view text) const {
  const json::Value document = json::parse(text, "model");
  json::Object object(json::Node(document, ""));
  const std::string name = object.require("name").text();
  const json::Node kind = object.require("kind");
  const json::Node model = object.require("model");
  object.done();
  classifying::check_name(name, "/name");
  const ClassifierKind* found = find(kind.text());
  if (found == nullptr) kind.fail("there is no kind of classifiers called \"" + kind.text() + '"');
  const ClassifierKind how = *found;
  if (!how.load) throw Error(Code::unsupported, "models of kind " + kind.text() + " cannot be loaded", "/kind");
  return guarded(name, [&] { return how.load(name, model.value().dump(), model.pointer()); });
}

Classified classify(const Table& features, std::span<const AnyClassifier> classifiers, const Control& control) {
  Classified result = start(features, classifiers.size());
  for (std::size_t i = 0; i < classifiers.size(); ++i) {
    control.report("classify", static_cast<double>(i) / static_cast<double>(classifiers.size()));
    apply(result, classifiers[i].fit(result.table, control), control);
  }
  control.report("classify", 1);
  return result;
}

Classified classify(const Table& features, std::span<const AnyModel> models, const Control& control) {
  Classified result = start(features, models.size());
  for (std::size_t i = 0; i < models.size(); ++i) {
    control.report("classify", static_cast<double>(i) / static_cast<double>(models.size()));
    apply(result, models[i], control);
  }
  control.report("classify", 1);
  return result;
}

}  // namespace klientela
