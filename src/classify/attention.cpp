// The attention list: risk times value, and the sentences that say why.
#include "klientela/classify/attention.hpp"

#include <cmath>
#include <set>

#include "classify/reading.hpp"
#include "classify/reasoning.hpp"
#include "klientela/classify/lifecycle.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

constexpr const char* trend_column = "csat_trend";
const std::vector<std::string_view> languages{"en", "ru"};
const std::set<std::string_view> states{"new", "active", "cooling", "sleeping", "lost", "returned"};

void check(const AttentionOptions& options, const std::function<void(const std::string&, const std::string&)>& fail) {
  if (options.value.empty() || options.value.size() > 200) fail("value", "must name a column");
  for (const std::string& state : options.states)
    if (states.count(state) == 0) fail("states", "\"" + state + "\" is no state of the lifecycle");
  if (!(options.least_risk >= 0 && options.least_risk <= 1)) fail("least_risk", "must be from 0 to 1");
  if (!(options.satisfaction_drop > 0 && options.satisfaction_drop <= 1e6))
    fail("satisfaction_drop", "must be above 0");
  if (options.limit < 0) fail("limit", "must not be negative");
  if (options.language > Language::russian) fail("language", "is no language");
}

struct Entry {
  std::uint32_t row;
  double risk;
  std::int64_t units;  ///< value at risk of a money column
  double real;         ///< of another
  bool by_state;
  bool by_risk;
  bool by_trend;
};

/// A share of an amount above zero, never more than it: the largest amounts have no double of their own.
std::int64_t share_of(std::int64_t units, double share) {
  const double part = std::nearbyint(static_cast<double>(units) * share);
  return part < static_cast<double>(units) ? static_cast<std::int64_t>(part) : units;
}

}  // namespace

Table attention_list(const Table& table, const Classification* lifecycle, const AttentionOptions& options,
                     const Control& control) {
  check(options, [](const std::string& option, const std::string& why) {
    throw Error(Code::invalid_argument, option + ' ' + why, option);
  });
  Classification fitted;
  if (lifecycle == nullptr) {
    fitted = LifecycleClassifier().fit(table, control).classify(table, control);
    lifecycle = &fitted;
  }
  if (lifecycle->kind() != "lifecycle" || lifecycle->columns().size() != 3)
    throw Error(Code::invalid_argument, "the classification is of kind " + lifecycle->kind() + ", not lifecycle",
                "lifecycle");
  if (lifecycle->rows() != table.rows())
    throw Error(Code::invalid_argument, "the lifecycle has other rows than the table", "lifecycle");
  const Measure value(table, options.value);
  const auto trend = measure_if_there(table, trend_column);
  const bool money = value.column().type() == ColumnType::money;
  const Column& state = lifecycle->columns()[0];
  const Column& risk = lifecycle->columns()[2];
  const auto codes = state.values<std::uint16_t>();
  const auto risks = risk.values<double>();
  std::vector<bool> listed;
  for (const std::string& label : state.labels())
    listed.push_back(std::find(options.states.begin(), options.states.end(), label) != options.states.end());

  std::vector<Entry> entries;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (row % 65'536 == 0) control.check();
    const double worth = number_of(value, row);
    if (!(worth > 0) || risk.is_null(row)) continue;
    Entry entry{static_cast<std::uint32_t>(row),
                risks[row],
                0,
                0,
                listed[codes[row]],
                risks[row] > options.least_risk,
                number_of(trend, row) <= -options.satisfaction_drop};
    if (!entry.by_state && !entry.by_risk && !entry.by_trend) continue;
    if (money)
      entry.units = share_of(value.key(row), entry.risk);
    else
      entry.real = worth * entry.risk;
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    if (a.units != b.units) return a.units > b.units;
    if (a.real != b.real) return a.real > b.real;
    if (a.risk != b.risk) return a.risk > b.risk;
    return a.row < b.row;
  });
  if (options.limit > 0 && entries.size() > static_cast<std::size_t>(options.limit))
    entries.resize(static_cast<std::size_t>(options.limit));

  const std::size_t n = entries.size();
  std::vector<std::uint32_t> rows(n);
  Buffer<std::int32_t> ranks(n);
  Buffer<std::int64_t> units(n);
  Buffer<double> reals(n);
  std::vector<std::string> rules(n);
  std::vector<std::string> sentences(n);
  for (std::size_t i = 0; i < n; ++i) {
    rows[i] = entries[i].row;
    ranks[i] = static_cast<std::int32_t>(i) + 1;
    units[i] = entries[i].units;
    reals[i] = entries[i].real;
  }
  constexpr std::size_t step = 1024;
  control.check();
  control.run((n + step - 1) / step, [&](std::size_t task) {
    for (std::size_t i = task * step; i < std::min(n, (task + 1) * step); ++i) {
      const Entry& entry = entries[i];
      const auto add = [&](const std::string& rule, const std::string& sentence) {
        rules[i] += (rules[i].empty() ? "" : " ") + rule;
        sentences[i] += (sentences[i].empty() ? "" : " ") + sentence;
      };
      if (entry.by_state || entry.by_risk)
        for (const Reason& reason : lifecycle->reasons(entry.row)) {
          const bool of_risk = reason.column == risk.name();
          if (of_risk ? entry.by_risk : entry.by_state) add(reason.rule, to_text(reason, options.language));
        }
      if (!entry.by_trend) continue;
      Reason fell;
      fell.column = "attention";
      fell.result = options.language == Language::russian ? "удовлетворённость упала" : "satisfaction fell";
      fell.measure = trend_column;
      fell.value = quantity_of(*trend, entry.row);
      fell.high = quantity_of(Threshold::real(-options.satisfaction_drop));
      fell.rule = "attention.satisfaction";
      fell.aspect = Aspect::band;
      add(fell.rule, to_text(fell, options.language));
    }
  });
  Table list;
  list.add(Column("rank", ColumnType::int32, std::move(ranks)));
  list.add(table.column("client").take(rows));
  list.add(state.take(rows).renamed("state"));
  list.add(risk.take(rows).renamed("loss_risk"));
  list.add(value.column().take(rows).renamed("value"));
  if (money)
    list.add(Column("value_at_risk", ColumnType::money, std::move(units)));
  else
    list.add(Column("value_at_risk", ColumnType::float64, std::move(reals)));
  list.add(Column("rule", rules));
  list.add(Column("reason", sentences));
  return list;
}

AttentionOptions attention_options_from_json(std::string_view text, const std::string& pointer) {
  const json::Value document = json::parse(text, "options");
  json::Object object(json::Node(document, pointer));
  AttentionOptions options;
  object.read("value", options.value);
  if (const auto list = object.find("states")) {
    options.states.clear();
    for (const json::Node& item : list->items()) options.states.push_back(item.text());
  }
  object.read("least_risk", options.least_risk, 0, 1);
  object.read("satisfaction_drop", options.satisfaction_drop, 0, 1e6);
  object.read("limit", options.limit, 0, std::numeric_limits<std::int32_t>::max());
  object.read("language", options.language, languages);
  object.done();
  check(options, [&](const std::string& option, const std::string& why) { json::fail(pointer + '/' + option, why); });
  return options;
}

std::string to_json(const AttentionOptions& options) {
  json::Value value;
  value["value"] = options.value;
  value["states"] = options.states;
  value["least_risk"] = options.least_risk;
  value["satisfaction_drop"] = options.satisfaction_drop;
  value["limit"] = options.limit;
  value["language"] = std::string(languages[static_cast<std::size_t>(options.language)]);
  return value.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

std::string attention_options_schema() {
  return R"({
  "type": "object",
  "title": "Attention list",
  "additionalProperties": false,
  "properties": {
    "value": {"type": "string", "minLength": 1, "maxLength": 200, "default": "money_net",
      "description": "What is lost with a client."},
    "states": {"type": "array", "default": ["cooling", "sleeping"],
      "items": {"enum": ["new", "active", "cooling", "sleeping", "lost", "returned"]}},
    "least_risk": {"type": "number", "minimum": 0, "maximum": 1, "default": 1,
      "description": "Clients with a risk above this are listed in any state."},
    "satisfaction_drop": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 0.1},
    "limit": {"type": "integer", "minimum": 0, "default": 0, "description": "Rows of the list; 0: all."},
    "language": {"enum": ["en", "ru"], "default": "en"}
  }
})";
}

}  // namespace klientela
