// C ABI of classify: classifiers out of JSON, frozen models, classifications and their reasons.
#include <algorithm>

#include "call_guard.hpp"

using namespace klientela;
using namespace klientela::capi;

static_assert(KLT_LANGUAGE_ENGLISH == static_cast<int>(Language::english));
static_assert(KLT_LANGUAGE_RUSSIAN == static_cast<int>(Language::russian));

namespace {

std::optional<std::string> text_of(const std::optional<Quantity>& quantity) {
  return quantity ? std::optional<std::string>(quantity->text) : std::nullopt;
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

Column flags(std::string name, const std::vector<std::uint8_t>& values) {
  Buffer<std::uint8_t> bytes(values.size());
  std::copy(values.begin(), values.end(), bytes.begin());
  return Column(std::move(name), ColumnType::boolean, std::move(bytes));
}

Table reasons_table(const std::vector<Reason>& reasons) {
  std::vector<std::string> column;
  std::vector<std::string> result;
  std::vector<std::string> measure;
  std::vector<std::optional<std::string>> value;
  std::vector<std::optional<std::string>> low;
  std::vector<std::optional<std::string>> high;
  std::vector<std::uint8_t> low_included;
  std::vector<std::uint8_t> high_included;
  std::vector<std::optional<std::string>> tie;
  std::vector<std::string> rule;
  for (const Reason& reason : reasons) {
    column.push_back(reason.column);
    result.push_back(reason.result);
    measure.push_back(reason.measure);
    value.push_back(unless_empty(reason.value.text));
    low.push_back(text_of(reason.low));
    high.push_back(text_of(reason.high));
    low_included.push_back(reason.low_included ? 1 : 0);
    high_included.push_back(reason.high_included ? 1 : 0);
    tie.push_back(unless_empty(reason.tie));
    rule.push_back(reason.rule);
  }
  std::vector<Column> columns;
  columns.emplace_back("column", column);
  columns.emplace_back("result", result);
  columns.emplace_back("measure", measure);
  columns.emplace_back("value", value);
  columns.emplace_back("low", low);
  columns.emplace_back("high", high);
  columns.push_back(flags("low_included", low_included));
  columns.push_back(flags("high_included", high_included));
  columns.emplace_back("tie", tie);
  columns.emplace_back("rule", rule);
  return Table(std::move(columns));
}

}  // namespace

Table klientela::capi::kinds_table(const ClassifierRegistry& registry) {
  const std::vector<std::string> kinds = registry.kinds();
  std::vector<std::string> schemas;
  for (const std::string& kind : kinds) schemas.push_back(registry.find(kind)->schema);
  return Table({Column("kind", kinds), Column("schema", schemas)});
}

extern "C" {

klt_status klt_classifier_kinds(klt_context* context, klt_table** out) {
  return guard(context, [&] {
    need(out, "out");
    give(out, kinds_table({}));
  });
}

klt_status klt_classifier_from_json(klt_context* context, const char* name, const char* json, klt_classifier** out) {
  return guard(context, [&] {
    const std::string_view given = need_text(name, "name");
    const std::string_view options = need_text(json, "json");
    need(out, "out");
    give_named(out, ClassifierRegistry().make(std::string(given), options));
  });
}

void klt_classifier_free(klt_classifier* classifier) { delete classifier; }

const char* klt_classifier_name(const klt_classifier* classifier) {
  return classifier != nullptr ? classifier->name.c_str() : nullptr;
}

const char* klt_classifier_kind(const klt_classifier* classifier) {
  return classifier != nullptr ? classifier->kind.c_str() : nullptr;
}

klt_status klt_classifier_to_json(klt_context* context, const klt_classifier* classifier, klt_string** out) {
  return guard(context, [&] {
    const klt_classifier& given = need(classifier, "classifier");
    give(&need(out, "out"), given.classifier.to_json());
  });
}

klt_status klt_classifier_fit(klt_context* context, const klt_classifier* classifier, const klt_table* table,
                              klt_model** out) {
  return guard(context, [&] {
    const klt_classifier& given = need(classifier, "classifier");
    const Table& measures = need(table, "table").table;
    need(out, "out");
    const Running call(*context);
    give_named(out, given.classifier.fit(measures, call.control()));
  });
}

klt_status klt_model_from_json(klt_context* context, const char* json, klt_model** out) {
  return guard(context, [&] {
    const std::string_view given = need_text(json, "json");
    need(out, "out");
    give_named(out, ClassifierRegistry().model_from_json(given));
  });
}

void klt_model_free(klt_model* model) { delete model; }

const char* klt_model_name(const klt_model* model) { return model != nullptr ? model->name.c_str() : nullptr; }

const char* klt_model_kind(const klt_model* model) { return model != nullptr ? model->kind.c_str() : nullptr; }

klt_status klt_model_to_json(klt_context* context, const klt_model* model, klt_string** out) {
  return guard(context, [&] {
    const klt_model& given = need(model, "model");
    give(&need(out, "out"), given.model.to_json());
  });
}

klt_status klt_model_classify(klt_context* context, const klt_model* model, const klt_table* table,
                              klt_classification** out) {
  return guard(context, [&] {
    const klt_model& given = need(model, "model");
    const Table& measures = need(table, "table").table;
    need(out, "out");
    const Running call(*context);
    give(out, given.model.classify(measures, call.control()));
  });
}

void klt_classification_free(klt_classification* classification) { delete classification; }

const char* klt_classification_name(const klt_classification* classification) {
  return classification != nullptr ? classification->classification.name().c_str() : nullptr;
}

const char* klt_classification_kind(const klt_classification* classification) {
  return classification != nullptr ? classification->classification.kind().c_str() : nullptr;
}

klt_status klt_classification_table(klt_context* context, const klt_classification* classification, klt_table** out) {
  return guard(context, [&] {
    const Classification& given = need(classification, "classification").classification;
    give(&need(out, "out"), given.table());
  });
}

klt_status klt_classification_counts(klt_context* context, const klt_classification* classification, const char* column,
                                     klt_table** out) {
  return guard(context, [&] {
    const Classification& given = need(classification, "classification").classification;
    const Column& labels = given.column(need_text(column, "column"));
    need(out, "out");
    const std::vector<std::uint64_t> counts = count_labels(labels);
    Buffer<std::int64_t> clients(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) clients[i] = static_cast<std::int64_t>(counts[i]);
    std::vector<Column> columns;
    columns.emplace_back("label", labels.labels());
    columns.emplace_back("clients", ColumnType::int64, std::move(clients));
    give(out, Table(std::move(columns)));
  });
}

klt_status klt_classification_reasons(klt_context* context, const klt_classification* classification, size_t row,
                                      klt_table** out) {
  return guard(context, [&] {
    const Classification& given = need(classification, "classification").classification;
    need_index(row, given.rows(), "row");
    need(out, "out");
    give(out, reasons_table(given.reasons(row)));
  });
}

klt_status klt_classification_explain(klt_context* context, const klt_classification* classification, size_t row,
                                      klt_language language, klt_string** out) {
  return guard(context, [&] {
    const Classification& given = need(classification, "classification").classification;
    need_index(row, given.rows(), "row");
    const Language wanted = need_language(language);
    need(out, "out");
    give(out, given.explain(row, wanted));
  });
}

klt_status klt_classification_notes(klt_context* context, const klt_classification* classification,
                                    klt_language language, klt_table** out) {
  return guard(context, [&] {
    const Classification& given = need(classification, "classification").classification;
    const Language wanted = need_language(language);
    need(out, "out");
    std::vector<std::string> rule;
    std::vector<std::string> subject;
    std::vector<std::string> text;
    for (const Note& note : given.notes()) {
      rule.push_back(note.rule);
      subject.push_back(note.subject);
      text.push_back(note.text(wanted));
    }
    give(out, Table({Column("rule", rule), Column("subject", subject), Column("text", text)}));
  });
}

klt_status klt_features_with_classification(klt_context* context, const klt_features* features,
                                            const klt_classification* classification, klt_features** out) {
  return guard(context, [&] {
    FeatureTable extended = need(features, "features").features;
    const Classification& given = need(classification, "classification").classification;
    need(out, "out");
    for (const Column& column : given.columns()) extended.add(column);
    give(out, std::move(extended));
  });
}

}  // extern "C"
