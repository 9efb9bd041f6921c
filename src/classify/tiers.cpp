// Tiers: levels of several measures, weighted to points, and three limits on them.
#include "klientela/classify/tiers.hpp"

#include <cmath>
#include <set>

#include "classify/decimal.hpp"
#include "classify/kinds.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"
#include "classify/threshold_json.hpp"
#include "classify/tier_points.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

TierOptions::TierOptions() {
  const std::vector<BandEdge> top{{0.5, true}, {0.8, true}, {0.95, true}};
  measures = {{"money_net", top, 2}, {"profit", top, 2}, {"tenure_days", top, 1}};
}

namespace {

const std::vector<std::string> tier_names{"strategic", "important", "ordinary", "potential"};
constexpr std::size_t most_measures = 20;
constexpr std::size_t most_edges = 9;

std::string column_name(const std::string& name, const char* part) {
  return name == "tiers" ? std::string(part == std::string_view("tier") ? "tier" : "tier_points") : name + '_' + part;
}

void check_measure(const TierMeasure& measure, const std::string& pointer) {
  check_text(measure.measure, pointer + "/measure", "a measure");
  if (!(measure.weight > 0 && measure.weight <= 1e6)) json::fail(pointer + "/weight", "must be above 0, up to 1000000");
  const std::string at = pointer + "/edges";
  if (measure.edges.empty() || measure.edges.size() > most_edges)
    json::fail(at, "1 to 9 edges, not " + std::to_string(measure.edges.size()));
  for (std::size_t i = 0; i < measure.edges.size(); ++i) {
    const BandEdge& edge = measure.edges[i];
    const std::string here = at + '/' + std::to_string(i);
    if (!std::isfinite(edge.value)) json::fail(here, "must be a finite number");
    if (edge.quantile && !(edge.value > 0 && edge.value < 1)) json::fail(here, "a quantile is between 0 and 1");
    if (edge.quantile && !parts_of(edge.value, 6)) json::fail(here, "a quantile must not have more than 6 decimals");
    if (i > 0 && edge.quantile != measure.edges[i - 1].quantile)
      json::fail(here, "the edges of a measure are all numbers or all quantiles");
    if (i > 0 && edge.value <= measure.edges[i - 1].value) json::fail(here, "edges must ascend");
  }
}

void check(const TierOptions& options, const std::string& pointer) {
  if (options.measures.empty() || options.measures.size() > most_measures)
    json::fail(pointer + "/measures", "1 to 20 measures, not " + std::to_string(options.measures.size()));
  std::set<std::string> seen;
  for (std::size_t m = 0; m < options.measures.size(); ++m) {
    const std::string at = pointer + "/measures/" + std::to_string(m);
    check_measure(options.measures[m], at);
    if (!seen.insert(options.measures[m].measure).second) json::fail(at + "/measure", "is there twice");
  }
  check_text(options.orders, pointer + "/orders", "a measure");
  if (!(options.strategic > 0 && options.strategic <= 1)) json::fail(pointer + "/strategic", "must be in (0, 1]");
  if (!(options.important > 0 && options.important < options.strategic))
    json::fail(pointer + "/important", "must be above 0 and below strategic");
}

json::Value to_value(const TierOptions& options) {
  json::Value value;
  value["kind"] = "tiers";
  json::Value& list = value["measures"] = json::Value::array();
  for (const TierMeasure& measure : options.measures) {
    json::Value entry;
    entry["measure"] = measure.measure;
    json::Value& edges = entry["edges"] = json::Value::array();
    for (const BandEdge& edge : measure.edges) {
      json::Value one = edge.value;
      if (edge.quantile) one = json::Value{{"quantile", edge.value}};
      edges.push_back(std::move(one));
    }
    entry["weight"] = measure.weight;
    list.push_back(std::move(entry));
  }
  value["orders"] = options.orders;
  value["strategic"] = options.strategic;
  value["important"] = options.important;
  return value;
}

TierMeasure measure_of(const json::Node& node) {
  TierMeasure measure;
  json::Object object(node);
  measure.measure = object.require("measure").text();
  for (const json::Node& item : object.require("edges").items()) {
    BandEdge edge;
    if (item.value().is_object()) {
      json::Object entry(item);
      edge = {entry.require("quantile").number(), true};
      entry.done();
    } else {
      edge = {item.number(), false};
    }
    measure.edges.push_back(edge);
  }
  object.read("weight", measure.weight, 0, 1e6);
  object.done();
  return measure;
}

TierOptions options_of(const json::Node& node) {
  TierOptions options;
  json::Object object(node);
  check_kind(object, "tiers");
  if (const auto measures = object.find("measures")) {
    options.measures.clear();
    for (const json::Node& item : measures->items()) options.measures.push_back(measure_of(item));
  }
  object.read("orders", options.orders);
  object.read("strategic", options.strategic, 0, 1);
  object.read("important", options.important, 0, 1);
  object.done();
  check(options, node.pointer());
  return options;
}

bool has_order(const Measure& orders, std::size_t row) { return orders.has_value(row) && number_of(orders, row) > 0; }

std::vector<std::string> inputs_of(const TierOptions& options) {
  std::vector<std::string> columns{options.orders};
  for (const TierMeasure& measure : options.measures) columns.push_back(measure.measure);
  return columns;
}

}  // namespace

struct TierModel::Data {
  std::string name;
  TierOptions options;
  std::vector<std::vector<Threshold>> edges;  ///< by measure; empty: left out
  Labels labels{labels_of(tier_names)};
};

TierClassifier::TierClassifier(TierOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> TierClassifier::inputs() const { return inputs_of(options_); }
std::vector<std::string> TierModel::inputs() const { return inputs_of(data_->options); }

TierModel TierClassifier::fit(const Table& table, const Control& control) const {
  auto data = std::make_shared<TierModel::Data>();
  data->name = name_;
  data->options = options_;
  const Measure orders(table, options_.orders);
  for (const TierMeasure& wanted : options_.measures) {
    std::vector<Threshold>& edges = data->edges.emplace_back();
    const auto measure = measure_if_there(table, wanted.measure);
    if (!measure) continue;
    RowSet set;  // clients with orders and a value
    set.rows = table.rows();
    set.bits = Buffer<std::uint8_t>((set.rows + 7) / 8, 0);
    for (std::size_t row = 0; row < set.rows; ++row) {
      if (!has_order(orders, row) || !measure->has_value(row)) continue;
      set.bits[row >> 3] = static_cast<std::uint8_t>(set.bits[row >> 3] | (1U << (row & 7)));
      ++set.count;
    }
    if (set.count == 0) continue;
    std::vector<std::uint32_t> parts;
    for (const BandEdge& edge : wanted.edges) {
      if (edge.quantile)
        parts.push_back(*parts_of(edge.value, 6));
      else
        edges.push_back(Threshold::real(edge.value));
    }
    if (!parts.empty()) edges = quantiles(*measure, set, parts, 1'000'000, control);
  }
  return TierModel(std::move(data));
}

const std::string& TierModel::name() const noexcept { return data_->name; }
const TierOptions& TierModel::options() const noexcept { return data_->options; }
const std::vector<Threshold>& TierModel::edges(std::size_t measure) const {
  if (measure >= data_->edges.size()) throw Error(Code::out_of_range, "there is no measure of that number", "measure");
  return data_->edges[measure];
}

namespace {

/// One measure against one table.
struct Ladder {
  Measure measure;
  std::vector<Threshold> edges;
  std::vector<std::int64_t> floors;
  double weight;
  [[nodiscard]] std::size_t level(std::size_t row) const {
    const std::int64_t key = measure.key(row);
    std::size_t level = 0;
    while (level < floors.size() && key > floors[level]) ++level;
    return level;
  }
};

double points_of(const std::vector<Ladder>& ladders, std::size_t row) {
  TierPoints points;
  for (const Ladder& ladder : ladders)
    if (ladder.measure.has_value(row)) points.add(ladder.weight, ladder.level(row), ladder.floors.size());
  return points.value();
}

}  // namespace

Classification TierModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  const TierOptions& options = data->options;
  const auto orders = std::make_shared<const Measure>(table, options.orders);
  auto ladders = std::make_shared<std::vector<Ladder>>();
  std::vector<Note> notes;
  for (std::size_t m = 0; m < options.measures.size(); ++m) {
    const std::string& column = options.measures[m].measure;
    if (data->edges[m].empty()) {
      notes.push_back({data->name + ".left-out", column, "The tiers leave " + column + " out: there were no such data.",
                       "Уровни клиентов определены без показателя " + column + ": таких данных не было."});
      continue;
    }
    Ladder ladder{Measure(table, column), data->edges[m], {}, options.measures[m].weight};
    for (const Threshold& edge : ladder.edges) ladder.floors.push_back(ladder.measure.floor_key(edge));
    ladders->push_back(std::move(ladder));
  }
  const std::size_t rows = table.rows();
  Buffer<std::uint16_t> codes(rows);
  Buffer<double> points(rows);
  for_rows(rows, control, [&](std::size_t row) {
    if (!has_order(*orders, row)) {
      codes[row] = potential;
      points[row] = std::numeric_limits<double>::quiet_NaN();
      return;
    }
    points[row] = points_of(*ladders, row);
    codes[row] = TierPoints::tier(points[row], options);
  });
  std::vector<Column> columns;
  columns.emplace_back(column_name(data->name, "tier"), std::move(codes), data->labels);
  columns.push_back(real_column(column_name(data->name, "points"), std::move(points)));
  auto reasons = [data, orders, ladders, columns](std::size_t row) {
    const std::uint16_t code = columns[0].values<std::uint16_t>()[row];
    Reason tier;
    tier.column = columns[0].name();
    tier.result = std::string(columns[0].text(row));
    tier.rule = data->name + '.' + tier.result;
    tier.aspect = Aspect::band;
    if (code == potential) {
      tier.measure = data->options.orders;
      tier.value = quantity_of(*orders, row);
      if (tier.value.text.empty())
        tier.aspect = Aspect::missing;
      else
        tier.high = quantity_of(Threshold::exact(0));
      return std::vector<Reason>{std::move(tier)};
    }
    tier.measure = columns[1].name();
    const double reached = columns[1].values<double>()[row];
    tier.value = {reached, columns[1].to_text(row), true};
    tier.low_included = true;
    tier.high_included = false;
    if (code == strategic) tier.low = quantity_of(Threshold::real(data->options.strategic));
    if (code == important) {
      tier.low = quantity_of(Threshold::real(data->options.important));
      tier.high = quantity_of(Threshold::real(data->options.strategic));
    }
    if (code == ordinary) tier.high = quantity_of(Threshold::real(data->options.important));
    std::vector<Reason> found{tier};
    for (const Ladder& ladder : *ladders) {
      Reason level;
      level.column = columns[1].name();
      level.measure = ladder.measure.column().name();
      level.rule = data->name + '.' + level.measure;
      level.value = quantity_of(ladder.measure, row);
      level.aspect = Aspect::level;
      if (level.value.text.empty()) {
        level.aspect = Aspect::missing;
        level.rule += ".missing";
        level.result = "-";
      } else {
        const std::size_t at = ladder.level(row);
        level.result = std::to_string(at) + '/' + std::to_string(ladder.floors.size());
        level.rule += '.' + std::to_string(at);
        set_edges(level, ladder.edges, at);
      }
      found.push_back(std::move(level));
    }
    return found;
  };
  return Classification(data->name, "tiers", std::vector<Column>(columns), std::move(reasons), std::move(notes));
}

std::string TierModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  json::Value& list = value["edges"] = json::Value::array();
  for (const auto& edges : data_->edges) {
    json::Value entry = json::Value::array();
    for (const Threshold& edge : edges) entry.push_back(threshold_to_json(edge));
    list.push_back(std::move(entry));
  }
  return written(value);
}

TierModel TierModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  auto data = read_model(name, text, pointer, [&](json::Object& object) {
    auto made = std::make_shared<Data>();
    made->name = name;
    made->options = options_of(object.require("options"));
    const json::Node list = object.require("edges");
    for (const json::Node& item : list.items()) {
      std::vector<Threshold>& edges = made->edges.emplace_back();
      for (const json::Node& edge : item.items()) edges.push_back(threshold_from_json(edge));
      const std::size_t place = made->edges.size() - 1;
      if (place < made->options.measures.size() && !edges.empty() &&
          edges.size() != made->options.measures[place].edges.size())
        item.fail("must have as many edges as the measure, or none");
    }
    if (made->edges.size() != made->options.measures.size()) list.fail("must have one entry for each measure");
    return made;
  });
  return TierModel(std::move(data));
}

std::string TierClassifier::to_json() const { return written(to_value(options_)); }

TierClassifier TierClassifier::from_json(std::string_view text, const std::string& name, const std::string& pointer) {
  return TierClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string tiers_schema() {
  return R"({
  "type": "object",
  "additionalProperties": false,
  "description": "Strategic, important, ordinary and potential clients, by points from several measures.",
  "properties": {
    "kind": {"const": "tiers"},
    "measures": {"type": "array", "minItems": 1, "maxItems": 20, "items": {
      "type": "object", "additionalProperties": false, "required": ["measure", "edges"],
      "properties": {
        "measure": {"type": "string", "minLength": 1, "maxLength": 200},
        "edges": {"type": "array", "minItems": 1, "maxItems": 9, "items": {"anyOf": [{"type": "number"},
          {"type": "object", "additionalProperties": false, "required": ["quantile"],
           "properties": {"quantile": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}}}]},
          "description": "Ascending; numbers, or quantiles of the clients with an order."},
        "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 1}
      }}},
    "orders": {"type": "string", "minLength": 1, "maxLength": 200, "default": "frequency",
      "description": "Null or not above 0: the client is potential."},
    "strategic": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.8},
    "important": {"type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 0.4}
  }
})";
}

}  // namespace classifying
}  // namespace klientela
