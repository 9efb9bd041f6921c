// Cohorts as classes: the period that holds a client's first day.
#include "klientela/classify/cohorts.hpp"

#include <map>

#include "classify/kinds.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"
#include "klientela/features/periods.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

const std::vector<std::string_view> period_names{"day", "week", "month", "quarter", "year"};

void check(const CohortOptions& options, const std::string& pointer) {
  check_text(options.measure, pointer + "/measure", "a measure");
  if (options.period > Period::year) json::fail(pointer + "/period", "is no period");
}

json::Value to_value(const CohortOptions& options) {
  json::Value value;
  value["kind"] = "cohort";
  value["period"] = std::string(period_names[static_cast<std::size_t>(options.period)]);
  value["measure"] = options.measure;
  return value;
}

CohortOptions options_of(const json::Node& node) {
  CohortOptions options;
  json::Object object(node);
  check_kind(object, "cohort");
  object.read("period", options.period, period_names);
  object.read("measure", options.measure);
  object.done();
  check(options, node.pointer());
  return options;
}

const Column& day_column(const Table& table, const std::string& name) {
  const Column& column = table.column(name);
  if (column.type() != ColumnType::day)
    throw Error(Code::invalid_argument,
                "column " + name + " holds " + std::string(klientela::name(column.type())) + ", not days", name);
  return column;
}

Day day_of(std::int32_t number) { return Day{std::chrono::days{number}}; }

}  // namespace

CohortClassifier::CohortClassifier(CohortOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

CohortModel CohortClassifier::fit(const Table& table, const Control& control) const {
  control.check();
  static_cast<void>(day_column(table, options_.measure));
  return {options_, name_};
}

Classification CohortModel::classify(const Table& table, const Control& control) const {
  control.check();
  const Column days = day_column(table, options_.measure);
  const auto values = days.values<std::int32_t>();
  std::map<std::int32_t, std::pair<std::uint16_t, std::int32_t>> periods;  // ordinal: code, a day in it
  for (std::size_t row = 0; row < values.size(); ++row)
    if (!days.is_null(row)) periods.try_emplace(period_index(day_of(values[row]), options_.period), 0, values[row]);
  if (periods.size() > 65'534)
    throw Error(Code::invalid_argument, "more than 65,534 cohorts; take longer periods", "period");
  std::vector<std::string> names;
  for (auto& [ordinal, entry] : periods) {
    entry.first = static_cast<std::uint16_t>(names.size());
    names.push_back(period_name(day_of(entry.second), options_.period));
  }
  const auto nobody = static_cast<std::uint16_t>(names.size());
  names.emplace_back(unclassified);
  Buffer<std::uint16_t> codes(values.size());
  for_rows(values.size(), control, [&](std::size_t row) {
    codes[row] =
        days.is_null(row) ? nobody : periods.find(period_index(day_of(values[row]), options_.period))->second.first;
  });
  std::vector<Column> columns;
  columns.emplace_back(name_, std::move(codes), labels_of(std::move(names)));
  const Column kept = columns[0];
  auto reasons = [days, kept](std::size_t row) {
    Reason reason;
    reason.column = kept.name();
    reason.result = std::string(kept.text(row));
    reason.measure = days.name();
    reason.value.text = days.to_text(row);
    if (!days.is_null(row)) reason.value.number = days.values<std::int32_t>()[row];
    reason.rule = reason.column + '.' + reason.result;
    reason.aspect = days.is_null(row) ? Aspect::missing : Aspect::band;
    return std::vector<Reason>{std::move(reason)};
  };
  return Classification(name_, "cohort", std::move(columns), std::move(reasons));
}

std::string CohortModel::to_json() const {
  json::Value value;
  value["options"] = to_value(options_);
  return written(value);
}

CohortModel CohortModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  return read_model(name, text, pointer,
                    [&](json::Object& object) { return CohortModel(options_of(object.require("options")), name); });
}

std::string CohortClassifier::to_json() const { return written(to_value(options_)); }

CohortClassifier CohortClassifier::from_json(std::string_view text, const std::string& name,
                                             const std::string& pointer) {
  return CohortClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string cohort_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "description": "The period of a client's first purchase.",
  "properties": {
    "kind": {"const": "cohort"},
    "period": {"enum": ["day", "week", "month", "quarter", "year"], "default": "month"},
    "measure": {"type": "string", "minLength": 1, "maxLength": 200, "default": "first_purchase"}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
