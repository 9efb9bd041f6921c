// Ideal-client profiles: weighted criteria, the fit to each profile, and what was met and missed.
#include "klientela/classify/ideal_client.hpp"

#include <cmath>
#include <set>

#include "classify/decimal.hpp"
#include "classify/kinds.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

constexpr std::size_t most_profiles = 50;
constexpr std::size_t most_criteria = 100;
constexpr std::string_view nobody = "none";

void check_criterion(const IdealCriterion& criterion, const std::string& pointer) {
  check_text(criterion.measure, pointer + "/measure", "a measure");
  if (!(criterion.weight > 0 && criterion.weight <= 1e6))
    json::fail(pointer + "/weight", "must be above 0 and at most 1000000");
  const bool range = criterion.at_least || criterion.at_most;
  const bool ramp = criterion.worst || criterion.best;
  if ((range ? 1 : 0) + (ramp ? 1 : 0) + (criterion.labels.empty() ? 0 : 1) != 1)
    json::fail(pointer, "a criterion has at_least or at_most, or worst and best, or labels");
  if (ramp && !(criterion.worst && criterion.best)) json::fail(pointer, "worst and best go together");
  for (const auto& bound : {criterion.at_least, criterion.at_most, criterion.worst, criterion.best})
    if (bound && !std::isfinite(*bound)) json::fail(pointer, "bounds must be finite numbers");
  if (criterion.at_least && criterion.at_most && *criterion.at_least > *criterion.at_most)
    json::fail(pointer + "/at_most", "must not be below at_least");
  if (ramp && *criterion.worst == *criterion.best) json::fail(pointer + "/best", "must differ from worst");
}

void check(const IdealClientOptions& options, const std::string& pointer) {
  const std::string at = pointer + "/profiles";
  if (options.profiles.empty() || options.profiles.size() > most_profiles)
    json::fail(at, "1 to 50 profiles, not " + std::to_string(options.profiles.size()));
  std::set<std::string> seen;
  for (std::size_t p = 0; p < options.profiles.size(); ++p) {
    const IdealProfile& profile = options.profiles[p];
    const std::string here = at + '/' + std::to_string(p);
    check_text(profile.name, here + "/name", "a profile's name");
    if (profile.name == nobody) json::fail(here + "/name", "\"none\" is for clients that fit no profile");
    if (!seen.insert(profile.name).second) json::fail(here + "/name", "there are two profiles of that name");
    if (!(profile.fits_from > 0 && profile.fits_from <= 1)) json::fail(here + "/fits_from", "must be in (0, 1]");
    if (profile.criteria.empty() || profile.criteria.size() > most_criteria)
      json::fail(here + "/criteria", "1 to 100 criteria, not " + std::to_string(profile.criteria.size()));
    for (std::size_t c = 0; c < profile.criteria.size(); ++c)
      check_criterion(profile.criteria[c], here + "/criteria/" + std::to_string(c));
  }
}

json::Value to_value(const IdealClientOptions& options) {
  json::Value value;
  value["kind"] = "ideal_client";
  json::Value& profiles = value["profiles"] = json::Value::array();
  for (const IdealProfile& profile : options.profiles) {
    json::Value entry;
    entry["name"] = profile.name;
    if (!profile.description.empty()) entry["description"] = profile.description;
    entry["fits_from"] = profile.fits_from;
    json::Value& criteria = entry["criteria"] = json::Value::array();
    for (const IdealCriterion& criterion : profile.criteria) {
      json::Value one;
      one["measure"] = criterion.measure;
      one["weight"] = criterion.weight;
      if (criterion.at_least) one["at_least"] = *criterion.at_least;
      if (criterion.at_most) one["at_most"] = *criterion.at_most;
      if (criterion.worst) one["worst"] = *criterion.worst;
      if (criterion.best) one["best"] = *criterion.best;
      if (!criterion.labels.empty()) one["labels"] = criterion.labels;
      criteria.push_back(std::move(one));
    }
    profiles.push_back(std::move(entry));
  }
  return value;
}

IdealCriterion criterion_of(const json::Node& node) {
  IdealCriterion criterion;
  json::Object object(node);
  criterion.measure = object.require("measure").text();
  object.read("weight", criterion.weight, 0, 1e6);
  for (const auto& [key, into] :
       std::initializer_list<std::pair<const char*, std::optional<double>*>>{{"at_least", &criterion.at_least},
                                                                             {"at_most", &criterion.at_most},
                                                                             {"worst", &criterion.worst},
                                                                             {"best", &criterion.best}})
    if (const auto bound = object.find(key)) *into = bound->number();
  if (const auto labels = object.find("labels"))
    for (const json::Node& label : labels->items()) criterion.labels.push_back(label.text());
  object.done();
  return criterion;
}

IdealClientOptions options_of(const json::Node& node) {
  IdealClientOptions options;
  json::Object object(node);
  check_kind(object, "ideal_client");
  for (const json::Node& item : object.require("profiles").items()) {
    IdealProfile& profile = options.profiles.emplace_back();
    json::Object entry(item);
    profile.name = entry.require("name").text();
    entry.read("description", profile.description);
    entry.read("fits_from", profile.fits_from, 0, 1);
    for (const json::Node& criterion : entry.require("criteria").items())
      profile.criteria.push_back(criterion_of(criterion));
    entry.done();
  }
  object.done();
  check(options, node.pointer());
  return options;
}

/// One criterion against one table.
class Against {
 public:
  Against(const IdealCriterion& criterion, const Table& table) : criterion_(criterion) {
    const Column* column = table.find(criterion.measure);
    if (column == nullptr) return;
    if (criterion.labels.empty()) {
      measure_.emplace(*column);
    } else {
      if (!is_textual(column->type()))
        throw Error(Code::invalid_argument,
                    "column " + criterion.measure + " holds " + std::string(name(column->type())) +
                        ", but a profile asks for its labels",
                    criterion.measure);
      if (column->type() != ColumnType::text)
        for (const std::string& label : column->labels()) fits_.push_back(is_one(label));
    }
    column_ = *column;
  }
  [[nodiscard]] bool present() const noexcept { return column_.has_value(); }
  [[nodiscard]] const IdealCriterion& criterion() const noexcept { return criterion_; }
  [[nodiscard]] double met(std::size_t row) const {
    if (!column_ || column_->is_null(row)) return 0;
    if (!measure_) {
      if (column_->type() == ColumnType::label) return fits_[column_->values<std::uint16_t>()[row]] ? 1 : 0;
      if (column_->type() == ColumnType::term) return fits_[column_->values<std::uint32_t>()[row]] ? 1 : 0;
      return is_one(column_->text(row)) ? 1 : 0;
    }
    if (!measure_->has_value(row)) return 0;
    if (criterion_.best) {
      const double share = (number_of(*measure_, row) - *criterion_.worst) / (*criterion_.best - *criterion_.worst);
      return std::clamp(share, 0.0, 1.0);
    }
    // Compared as exact keys: an amount of 0.1 reaches 0.1.
    const std::int64_t key = measure_->key(row);
    if (criterion_.at_most && key > measure_->floor_key(Threshold::real(*criterion_.at_most))) return 0;
    if (!criterion_.at_least) return 1;
    const double bound = *criterion_.at_least;
    const std::int64_t floor = measure_->floor_key(Threshold::real(bound));
    const bool whole =
        measure_->is_real() || floor_scaled(-bound, measure_->scale()) == -floor_scaled(bound, measure_->scale());
    return key > floor || (whole && key == floor) ? 1 : 0;
  }
  [[nodiscard]] Quantity value(std::size_t row) const {
    if (!column_) return {};
    return measure_ ? quantity_of(*measure_, row) : Quantity{.text = column_->to_text(row)};
  }

 private:
  [[nodiscard]] bool is_one(std::string_view label) const {
    return std::find(criterion_.labels.begin(), criterion_.labels.end(), label) != criterion_.labels.end();
  }
  IdealCriterion criterion_;
  std::optional<Column> column_;
  std::optional<Measure> measure_;
  std::vector<bool> fits_;
};

using Profiles = std::vector<std::vector<Against>>;

double fit_of(const std::vector<Against>& criteria, std::size_t row) {
  double sum = 0;
  double whole = 0;
  for (const Against& one : criteria) {
    sum += one.criterion().weight * one.met(row);
    whole += one.criterion().weight;
  }
  return std::round(sum / whole * 1e9) / 1e9;
}

std::vector<std::string> inputs_of(const IdealClientOptions& options) {
  std::vector<std::string> columns;
  for (const IdealProfile& profile : options.profiles)
    for (const IdealCriterion& criterion : profile.criteria)
      if (std::find(columns.begin(), columns.end(), criterion.measure) == columns.end())
        columns.push_back(criterion.measure);
  return columns;
}

}  // namespace

IdealClientClassifier::IdealClientClassifier(IdealClientOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> IdealClientClassifier::inputs() const { return inputs_of(options_); }
std::vector<std::string> IdealClientModel::inputs() const { return inputs_of(*options_); }

IdealClientModel IdealClientClassifier::fit(const Table&, const Control& control) const {
  control.check();
  return {options_, name_};
}

Classification IdealClientModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const IdealClientOptions> options = options_;
  auto profiles = std::make_shared<Profiles>();
  std::vector<Note> notes;
  std::set<std::string> absent;
  for (const IdealProfile& profile : options->profiles) {
    std::vector<Against>& list = profiles->emplace_back();
    for (const IdealCriterion& criterion : profile.criteria) {
      list.emplace_back(criterion, table);
      if (!list.back().present() && absent.insert(criterion.measure).second)
        notes.push_back({name_ + ".absent", criterion.measure,
                         "There is no column " + criterion.measure + ": its criteria count as missed.",
                         "Нет столбца " + criterion.measure + ": его признаки считаются невыполненными."});
    }
  }
  const std::size_t rows = table.rows();
  const std::size_t count = profiles->size();
  std::vector<Buffer<double>> fits;
  for (std::size_t p = 0; p < count; ++p) fits.emplace_back(rows);
  Buffer<double> best_fit(rows);
  Buffer<std::uint16_t> codes(rows);
  for_rows(rows, control, [&](std::size_t row) {
    std::size_t called = count;
    double best = 0;
    for (std::size_t p = 0; p < count; ++p) {
      const double fit = fits[p][row] = fit_of((*profiles)[p], row);
      best = std::max(best, fit);
      if (fit >= options->profiles[p].fits_from && (called == count || fit > fits[called][row])) called = p;
    }
    codes[row] = static_cast<std::uint16_t>(called);
    best_fit[row] = best;
  });
  std::vector<std::string> names;
  for (const IdealProfile& profile : options->profiles) names.push_back(profile.name);
  names.emplace_back(nobody);
  std::vector<Column> columns;
  columns.emplace_back(name_, std::move(codes), labels_of(std::move(names)));
  columns.emplace_back(name_ + "_fit", ColumnType::float64, std::move(best_fit));
  for (std::size_t p = 0; p < count; ++p)
    columns.emplace_back(name_ + '[' + options->profiles[p].name + ']', ColumnType::float64, std::move(fits[p]));
  auto reasons = [options, profiles, columns](std::size_t row) {
    std::size_t shown = columns[0].values<std::uint16_t>()[row];
    const bool fitting = shown < profiles->size();
    if (!fitting) {
      shown = 0;
      for (std::size_t p = 1; p < profiles->size(); ++p)
        if (columns[2 + p].values<double>()[row] > columns[2 + shown].values<double>()[row]) shown = p;
    }
    const IdealProfile& profile = options->profiles[shown];
    const Column& fit = columns[2 + shown];
    Reason whole;
    whole.column = columns[0].name();
    whole.result = std::string(columns[0].text(row));
    whole.measure = fit.name();
    whole.value = {fit.values<double>()[row], fit.to_text(row), true};
    (fitting ? whole.low : whole.high) = quantity_of(Threshold::real(profile.fits_from));
    whole.low_included = true;
    whole.high_included = false;
    whole.rule = whole.column + '.' + slug(profile.name);
    whole.aspect = Aspect::band;
    std::vector<Reason> found{whole};
    std::size_t place = 0;
    for (const Against& one : (*profiles)[shown]) {
      const IdealCriterion& criterion = one.criterion();
      const double met = one.met(row);
      Reason reason;
      reason.column = fit.name();
      reason.result = shortest(met);
      reason.measure = criterion.measure;
      reason.value = one.value(row);
      reason.rule = whole.rule + '.' + std::to_string(++place);
      reason.aspect = met >= 0.5 ? Aspect::met : Aspect::missed;
      if (criterion.at_least) reason.low = quantity_of(Threshold::real(*criterion.at_least));
      if (criterion.at_most) reason.high = quantity_of(Threshold::real(*criterion.at_most));
      if (criterion.best) {
        reason.low = quantity_of(Threshold::real(std::min(*criterion.worst, *criterion.best)));
        reason.high = quantity_of(Threshold::real(std::max(*criterion.worst, *criterion.best)));
      }
      reason.low_included = true;
      found.push_back(std::move(reason));
    }
    return found;
  };
  return Classification(name_, "ideal_client", std::vector<Column>(columns), std::move(reasons), std::move(notes));
}

std::string IdealClientModel::to_json() const {
  json::Value value;
  value["options"] = to_value(*options_);
  return written(value);
}

IdealClientModel IdealClientModel::from_json(const std::string& name, std::string_view text,
                                             const std::string& pointer) {
  return read_model(name, text, pointer, [&](json::Object& object) {
    return IdealClientModel(options_of(object.require("options")), name);
  });
}

std::string IdealClientClassifier::to_json() const { return written(to_value(options_)); }

IdealClientClassifier IdealClientClassifier::from_json(std::string_view text, const std::string& name,
                                                       const std::string& pointer) {
  return IdealClientClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string ideal_client_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "required": ["profiles"],
  "description": "How well each client fits several described profiles.",
  "properties": {
    "kind": {"const": "ideal_client"},
    "profiles": {"type": "array", "minItems": 1, "maxItems": 50, "items": {
      "type": "object", "additionalProperties": false, "required": ["name", "criteria"],
      "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": {"type": "string"},
        "fits_from": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.6},
        "criteria": {"type": "array", "minItems": 1, "maxItems": 100, "items": {
          "type": "object", "additionalProperties": false, "required": ["measure"],
          "properties": {
            "measure": {"type": "string", "minLength": 1, "maxLength": 200},
            "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 1},
            "at_least": {"type": "number"},
            "at_most": {"type": "number"},
            "worst": {"type": "number", "description": "Met 0 here, 1 at best, linear between."},
            "best": {"type": "number"},
            "labels": {"type": "array", "items": {"type": "string"}}
          }}}
      }}}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
