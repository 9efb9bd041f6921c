// Tiers: levels of several measures, weighted to points, and three limits on them.
#include "klientela/classify/tiers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
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
  const std::int64_t no_orders = orders.floor_key(Threshold::exact(0));
  for (const TierMeasure& wanted : options_.measures) {
    std::vector<Threshold>& edges = data->edges.emplace_back();
    const auto measure = measure_if_there(table, wanted.measure);
    if (!measure) continue;
    const Measure* const both[2] = {&orders, &*measure};
    const RowSet with_values = rows_with_values(both, control);
    RowSet set;  // clients with orders and a value
    set.rows = table.rows();
    set.bits = Buffer<std::uint8_t>((set.rows + 7) / 8, 0);
    std::int64_t scratch[block_rows];
    for (std::size_t from = 0; from < set.rows; from += block_rows) {
      const std::size_t to = std::min(set.rows, from + block_rows);
      const std::int64_t* const keys = orders.keys(from, to, scratch);
      for (std::size_t row = from; row < to; ++row) {
        const bool in = with_values.has(row) && keys[row - from] > no_orders;
        set.bits[row >> 3] = static_cast<std::uint8_t>(set.bits[row >> 3] | (in ? 1U << (row & 7) : 0U));
        set.count += in ? 1U : 0U;
      }
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

constexpr std::size_t no_level = std::numeric_limits<std::size_t>::max();

/// \param level_of  by place of the ladder: no_level without a value
template <class LevelOf>
double points_of(const std::vector<Ladder>& ladders, LevelOf&& level_of) {
  TierPoints points;
  for (std::size_t m = 0; m < ladders.size(); ++m) {
    const std::size_t level = level_of(m);
    if (level != no_level) points.add(ladders[m].weight, level, ladders[m].floors.size());
  }
  return points.value();
}

/// Points by what levels there are, each counted in base edges + 2 with its last digit for no value; empty where that
/// would be a large table.
std::vector<double> all_points(const std::vector<Ladder>& ladders) {
  constexpr std::size_t most = 4096;
  std::size_t count = 1;
  for (const Ladder& ladder : ladders) {
    count *= ladder.floors.size() + 2;
    if (count > most) return {};
  }
  std::vector<double> points;
  for (std::size_t place = 0; place < count; ++place) {
    std::vector<std::size_t> levels;
    std::size_t rest = place;
    for (const Ladder& ladder : ladders) {
      const std::size_t base = ladder.floors.size() + 2;
      levels.push_back(rest % base == base - 1 ? no_level : rest % base);
      rest /= base;
    }
    points.push_back(points_of(ladders, [&](std::size_t m) { return levels[m]; }));
  }
  return points;
}

/// For rows [begin, end), begin a multiple of 64: adds to place[i] the level of row begin + i times `step`.
void add_levels(const Ladder& ladder, const RowSet& with_value, std::size_t step, std::size_t begin, std::size_t end,
                std::uint16_t* place) {
  std::int64_t scratch[block_rows];
  const std::int64_t* const keys = ladder.measure.keys(begin, end, scratch);
  std::uint16_t levels[block_rows];
  std::fill_n(levels, end - begin, std::uint16_t{0});
  for (const std::int64_t floor : ladder.floors)
    for (std::size_t i = 0; i < end - begin; ++i)
      levels[i] = static_cast<std::uint16_t>(levels[i] + (keys[i] > floor ? 1 : 0));
  for_words(with_value, begin, end, [&](std::size_t first, std::size_t last, std::uint64_t word) {
    for_absent(first, last, word,
               [&](std::size_t row) { levels[row - begin] = static_cast<std::uint16_t>(ladder.floors.size() + 1); });
  });
  for (std::size_t i = 0; i < end - begin; ++i) place[i] = static_cast<std::uint16_t>(place[i] + levels[i] * step);
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
  const auto set_of = [&](const Measure& measure) {
    const Measure* const one[1] = {&measure};
    return rows_with_values(one, control);
  };
  const RowSet with_orders = set_of(*orders);
  const std::int64_t no_orders = orders->floor_key(Threshold::exact(0));
  std::vector<RowSet> sets;
  for (const Ladder& ladder : *ladders) sets.push_back(set_of(ladder.measure));
  std::vector<double> known = all_points(*ladders);
  const bool by_table = !known.empty();
  const std::size_t nobody = known.size();
  known.push_back(std::numeric_limits<double>::quiet_NaN());
  const auto code_of = [&](double reached) -> std::uint16_t {
    return std::isnan(reached) ? potential : TierPoints::tier(reached, options);
  };
  std::vector<std::uint16_t> code_at;
  for (const double reached : known) code_at.push_back(code_of(reached));
  for_pieces(rows, control, [&](std::size_t begin, std::size_t end) {
    std::int64_t scratch[block_rows];
    std::uint16_t place[block_rows];
    for (std::size_t from = begin; from < end; from += block_rows) {
      const std::size_t to = std::min(end, from + block_rows);
      const std::int64_t* const keys = orders->keys(from, to, scratch);
      if (!by_table) {
        for (std::size_t row = from; row < to; ++row) {
          const bool has = with_orders.has(row) && keys[row - from] > no_orders;
          points[row] = !has ? known[nobody] : points_of(*ladders, [&](std::size_t m) {
            return sets[m].has(row) ? (*ladders)[m].level(row) : no_level;
          });
          codes[row] = code_of(points[row]);
        }
        continue;
      }
      std::fill_n(place, to - from, std::uint16_t{0});
      std::size_t step = 1;
      for (std::size_t m = 0; m < ladders->size(); ++m) {
        add_levels((*ladders)[m], sets[m], step, from, to, place);
        step *= (*ladders)[m].floors.size() + 2;
      }
      for (std::size_t row = from; row < to; ++row) {
        const bool has = with_orders.has(row) && keys[row - from] > no_orders;
        const std::size_t at = has ? place[row - from] : nobody;
        points[row] = known[at];
        codes[row] = code_at[at];
      }
    }
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
