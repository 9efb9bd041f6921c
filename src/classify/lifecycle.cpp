// Lifecycle: each client's own rhythm, shrunk towards the typical one, and how far past it the client is.
#include "klientela/classify/lifecycle.hpp"

#include <fmt/format.h>

#include "classify/kinds.hpp"
#include "classify/lifecycle_rhythm.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

const std::vector<std::string> state_names{"new", "active", "cooling", "sleeping", "lost", "returned", "unclassified"};
constexpr double gap_without_data = 90;
constexpr double variation_without_data = 1;

void check(const LifecycleOptions& options, const std::string& pointer) {
  const auto need = [&](bool good, const char* key, const char* what) {
    if (!good) json::fail(pointer + '/' + key, what);
  };
  need(options.cooling >= 0 && options.cooling <= 1e6, "cooling", "must be from 0 to 1000000");
  need(options.sleeping > options.cooling && options.sleeping <= 1e6, "sleeping", "must be above cooling");
  need(options.lost > options.sleeping && options.lost <= 1e6, "lost", "must be above sleeping");
  need(options.returned >= 0 && options.returned <= 1e6, "returned", "must be from 0 to 1000000");
  need(options.prior_gaps > 0 && options.prior_gaps <= 1000, "prior_gaps", "must be above 0 and at most 1000");
  need(options.least_cv > 0 && options.least_cv <= 10, "least_cv", "must be above 0 and at most 10");
  need(!options.typical_gap_days || (*options.typical_gap_days > 0 && *options.typical_gap_days <= 1e6),
       "typical_gap_days", "must be above 0 and at most 1000000");
  need(!options.typical_cv || (*options.typical_cv > 0 && *options.typical_cv <= 100), "typical_cv",
       "must be above 0 and at most 100");
  need(options.dropout_a > 0 && options.dropout_a <= 1e6, "dropout_a", "must be above 0 and at most 1000000");
  need(options.dropout_b > 0 && options.dropout_b <= 1e6, "dropout_b", "must be above 0 and at most 1000000");
}

json::Value to_value(const LifecycleOptions& options) {
  json::Value value;
  value["kind"] = "lifecycle";
  value["cooling"] = options.cooling;
  value["sleeping"] = options.sleeping;
  value["lost"] = options.lost;
  value["returned"] = options.returned;
  value["prior_gaps"] = options.prior_gaps;
  value["least_cv"] = options.least_cv;
  if (options.typical_gap_days) value["typical_gap_days"] = *options.typical_gap_days;
  if (options.typical_cv) value["typical_cv"] = *options.typical_cv;
  value["dropout_a"] = options.dropout_a;
  value["dropout_b"] = options.dropout_b;
  return value;
}

LifecycleOptions options_of(const json::Node& node) {
  LifecycleOptions options;
  json::Object object(node);
  check_kind(object, "lifecycle");
  constexpr double most = std::numeric_limits<double>::max();
  for (const auto& [key, into] :
       std::initializer_list<std::pair<const char*, double*>>{{"cooling", &options.cooling},
                                                              {"sleeping", &options.sleeping},
                                                              {"lost", &options.lost},
                                                              {"returned", &options.returned},
                                                              {"prior_gaps", &options.prior_gaps},
                                                              {"least_cv", &options.least_cv},
                                                              {"dropout_a", &options.dropout_a},
                                                              {"dropout_b", &options.dropout_b}})
    object.read(key, *into, 0, most);
  if (const auto gap = object.find("typical_gap_days"); gap && !gap->is_null())
    options.typical_gap_days = gap->number(0);
  if (const auto cv = object.find("typical_cv"); cv && !cv->is_null()) options.typical_cv = cv->number(0);
  object.done();
  check(options, node.pointer());
  return options;
}

/// The columns of one table.
struct Rhythms {
  explicit Rhythms(const Table& table)
      : recency(table, recency_column),
        tenure(table, tenure_column),
        mean(measure_if_there(table, mean_column)),
        cv(measure_if_there(table, cv_column)),
        last(measure_if_there(table, last_column)) {}
  Measure recency;
  Measure tenure;
  std::optional<Measure> mean;
  std::optional<Measure> cv;
  std::optional<Measure> last;
  [[nodiscard]] Lived of(std::size_t row) const noexcept {
    return {number_of(recency, row), number_of(tenure, row), number_of(mean, row), number_of(cv, row),
            number_of(last, row)};
  }
};

std::optional<double> median_of(const std::optional<Measure>& measure, const Control& control) {
  if (!measure) return std::nullopt;
  const Measure* const one[1] = {&*measure};
  const RowSet set = rows_with_values(one, control);
  const std::uint32_t half[1] = {1};
  const Threshold edge = quantiles(*measure, set, half, 2, control)[0];
  if (edge.form() == Threshold::Form::lowest) return std::nullopt;
  return edge.to_double();
}

Note note_of(const std::string& name, const char* rule, const char* subject, const char* english, const char* russian) {
  return {name + '.' + rule, subject, english, russian};
}

Quantity days_of(double days) { return quantity_of(Threshold::real(days)); }

}  // namespace

LifecycleClassifier::LifecycleClassifier(LifecycleOptions options, std::string name)
    : options_(options), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> LifecycleClassifier::inputs() const {
  return {recency_column, tenure_column, mean_column, cv_column, last_column};
}
std::vector<std::string> LifecycleModel::inputs() const { return LifecycleClassifier(options_, name_).inputs(); }

LifecycleModel LifecycleClassifier::fit(const Table& table, const Control& control) const {
  const Rhythms rhythms(table);
  const auto gap = options_.typical_gap_days ? options_.typical_gap_days : median_of(rhythms.mean, control);
  const auto cv = options_.typical_cv ? options_.typical_cv : median_of(rhythms.cv, control);
  return {options_, name_, gap && *gap > 0 ? *gap : gap_without_data,
          cv && *cv > 0 ? *cv : (cv ? options_.least_cv : variation_without_data), gap && *gap > 0};
}

Classification LifecycleModel::classify(const Table& table, const Control& control) const {
  const auto rhythms = std::make_shared<const Rhythms>(table);
  const LifecycleRhythm judge(options_, gap_, variation_);
  const std::size_t rows = table.rows();
  Buffer<std::uint16_t> states(rows);
  Buffer<double> overdue(rows);
  Buffer<double> risks(rows);
  for_rows(rows, control, [&](std::size_t row) {
    const Judgement found = judge.judge(rhythms->of(row));
    states[row] = found.state;
    overdue[row] = found.overdue;
    risks[row] = found.risk;
  });
  std::vector<Note> notes;
  if (!measured_)
    notes.push_back(note_of(name_, "typical-gap", mean_column,
                            "Nobody had bought on two days, so a gap of 90 days is taken to be usual.",
                            "Никто не покупал в два разных дня, поэтому обычным считается перерыв в 90 дней."));
  if (!rhythms->mean || !rhythms->cv)
    notes.push_back(note_of(name_, "no-own-gaps", mean_column,
                            "Without gaps between purchases everybody is judged by the typical gap.",
                            "Нет данных о перерывах между покупками: все оценены по обычному перерыву."));
  if (!rhythms->last)
    notes.push_back(note_of(name_, "no-returned", last_column,
                            "Without the last gap between purchases nobody is found to be returned.",
                            "Нет данных о последнем перерыве между покупками: вернувшиеся не определены."));
  std::vector<Column> columns;
  columns.emplace_back(name_, std::move(states), labels_of(state_names));
  columns.push_back(real_column(name_ + "_overdue", std::move(overdue)));
  columns.push_back(real_column(name_ + "_loss_risk", std::move(risks)));
  auto reasons = [rhythms, judge, options = options_, columns](std::size_t row) {
    const Judgement found = judge.judge(rhythms->of(row));
    Reason state;
    state.column = columns[0].name();
    state.result = state_names[found.state];
    state.rule = state.column + '.' + state.result;
    state.measure = recency_column;
    state.value = quantity_of(rhythms->recency, row);
    state.aspect = found.state == unknown ? Aspect::missing : Aspect::band;
    if (found.state == unknown) return std::vector<Reason>{std::move(state)};
    const auto limit = [&](double spreads) { return days_of(found.own.limit(spreads)); };
    switch (found.state) {
      case cooling:
        state.low = limit(options.cooling);
        state.high = limit(options.sleeping);
        break;
      case sleeping:
        state.low = limit(options.sleeping);
        state.high = limit(options.lost);
        break;
      case lost: state.low = limit(options.lost); break;
      default: state.high = limit(options.cooling); break;
    }
    std::vector<Reason> told{state};
    if (found.state == returned) {
      Reason gap = state;
      gap.measure = last_column;
      gap.value = quantity_of(*rhythms->last, row);
      gap.low = days_of(found.return_limit);
      gap.high.reset();
      told.push_back(std::move(gap));
    }
    Reason risk;
    risk.column = columns[2].name();
    risk.result = fmt::format("{:.4f}", found.risk);
    risk.rule = risk.column;
    risk.measure = columns[1].name();
    risk.value = {found.overdue, columns[1].to_text(row), true};
    risk.aspect = Aspect::score;
    told.push_back(std::move(risk));
    return told;
  };
  return Classification(name_, "lifecycle", std::vector<Column>(columns), std::move(reasons), std::move(notes));
}

std::string LifecycleModel::to_json() const {
  json::Value value;
  value["options"] = to_value(options_);
  value["typical_gap_days"] = gap_;
  value["typical_cv"] = variation_;
  value["measured"] = measured_;
  return written(value);
}

LifecycleModel LifecycleModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  return read_model(name, text, pointer, [&](json::Object& object) {
    const LifecycleOptions options = options_of(object.require("options"));
    const json::Node gap = object.require("typical_gap_days");
    const json::Node cv = object.require("typical_cv");
    if (gap.number(0) == 0) gap.fail("must be above 0");
    if (cv.number(0) == 0) cv.fail("must be above 0");
    return LifecycleModel(options, name, gap.number(), cv.number(), object.require("measured").boolean());
  });
}

std::string LifecycleClassifier::to_json() const { return written(to_value(options_)); }

LifecycleClassifier LifecycleClassifier::from_json(std::string_view text, const std::string& name,
                                                   const std::string& pointer) {
  return LifecycleClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string lifecycle_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "description": "New, active, cooling, sleeping, lost and returned clients, by each client's own gap between purchases.",
  "properties": {
    "kind": {"const": "lifecycle"},
    "cooling": {"type": "number", "minimum": 0, "maximum": 1000000, "default": 1,
      "description": "Spreads past the expected gap; so are sleeping and lost, ascending."},
    "sleeping": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 3},
    "lost": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 6},
    "returned": {"type": "number", "minimum": 0, "maximum": 1000000, "default": 3,
      "description": "Spreads by which the last gap was too long."},
    "prior_gaps": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000, "default": 1,
      "description": "How many gaps of its own the typical gap counts for."},
    "least_cv": {"type": "number", "exclusiveMinimum": 0, "maximum": 10, "default": 0.25},
    "typical_gap_days": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1000000,
      "description": "Null: the median of the base."},
    "typical_cv": {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 100},
    "dropout_a": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 0.8,
      "description": "Beta distribution of the chance that a purchase is the last."},
    "dropout_b": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 2.5}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
