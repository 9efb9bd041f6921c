// Plans of histories: their days, and from and to policy JSON.
#include "klientela/classify/history_plan.hpp"

#include <algorithm>
#include <array>

#include "classify/history_data.hpp"
#include "core/json_reader.hpp"

namespace klientela {
namespace {

const std::vector<std::string_view> period_names{"day", "week", "month", "quarter", "year"};
const std::vector<std::string_view> threshold_names{"frozen", "refit"};
constexpr std::int32_t most_periods = 65'534;

std::optional<Day> read_day(json::Object& object, const char* key) {
  const auto node = object.find(key);
  if (!node || node->is_null()) return std::nullopt;
  const std::optional<Day> day = parse_day(node->text());
  if (!day || *day < first_day || *day >= end_day) node->fail("must be a date like 2026-11-21, from 1900 to 2199");
  return day;
}

json::Value value_of(const std::optional<Day>& day) { return day ? json::Value(to_text(*day)) : json::Value(); }

}  // namespace

std::vector<Day> days_of(const HistoryPlan& plan, const ClientBase& base, Day as_of) {
  const Day last = plan.until ? std::min(*plan.until, as_of) : as_of;
  const std::optional<Day> first = classifying::first_purchase_day(base);
  Day from = plan.since ? *plan.since : first.value_or(last);
  if (!first || *first > last || from > last) return {};
  // No period is longer than this, so earlier ones need not be counted.
  constexpr std::array<int, 5> most_days{1, 7, 31, 92, 366};
  if (plan.periods > 0)
    from = std::max(from, last - std::chrono::days(plan.periods) * most_days.at(static_cast<std::size_t>(plan.every)));
  std::vector<Day> days = period_ends(from, last, plan.every);
  if (plan.periods > 0 && days.size() > static_cast<std::size_t>(plan.periods))
    days.erase(days.begin(), days.end() - plan.periods);
  return days;
}

std::optional<HistoryPlan> history_plan_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  const json::Node node(document, std::string(pointer));
  if (node.is_null() || (document.is_boolean() && !node.boolean())) return std::nullopt;
  HistoryPlan plan;
  if (document.is_boolean()) return plan;
  json::Object object(node);
  object.read("every", plan.every, period_names);
  plan.since = read_day(object, "since");
  plan.until = read_day(object, "until");
  if (plan.since && plan.until && *plan.since > *plan.until)
    json::fail(std::string(pointer) + "/since", "is after until");
  if (plan.since) plan.periods = 0;
  object.read("periods", plan.periods, 0, most_periods);
  HistoryOptions& options = plan.options;
  object.read("thresholds", options.thresholds, threshold_names);
  options.frozen_on = read_day(object, "frozen_on");
  if (options.frozen_on && options.thresholds == HistoryThresholds::refit)
    json::fail(std::string(pointer) + "/frozen_on", "says nothing where thresholds are refit");
  object.read("hold", options.hold, 1, most_periods);
  if (const auto margin = object.find("margin")) {
    options.margin = margin->number(0, 1);
    if (options.margin == 1) margin->fail("must be below 1");
  }
  if (const auto columns = object.find("columns"); columns && !columns->is_null()) {
    for (const json::Node& column : columns->items()) options.columns.push_back(column.text());
    if (options.columns.empty()) columns->fail("must name a column; null keeps every column of labels");
  }
  object.read("money", options.money);
  object.done();
  return plan;
}

std::string to_json(const HistoryPlan& plan) {
  const HistoryOptions& options = plan.options;
  json::Value value = json::Value::object();
  value["every"] = period_names.at(static_cast<std::size_t>(plan.every));
  value["periods"] = plan.periods;
  value["since"] = value_of(plan.since);
  value["until"] = value_of(plan.until);
  value["thresholds"] = threshold_names.at(static_cast<std::size_t>(options.thresholds));
  value["frozen_on"] = value_of(options.frozen_on);
  value["hold"] = options.hold;
  value["margin"] = options.margin;
  value["columns"] = options.columns.empty() ? json::Value() : json::Value(options.columns);
  value["money"] = options.money;
  return value.dump(2, ' ', false, json::Value::error_handler_t::replace);
}

std::string history_plan_schema() {
  return R"({
  "title": "History",
  "description": "Classes through time; true: with the defaults, false or null: none.",
  "type": ["object", "boolean", "null"],
  "default": null,
  "additionalProperties": false,
  "properties": {
    "every": {"enum": ["day", "week", "month", "quarter", "year"], "default": "month",
      "description": "The base is classified at the end of each."},
    "periods": {"type": "integer", "minimum": 0, "maximum": 65534, "default": 12,
      "description": "The last so many of them; 0, and the default where since is given: all."},
    "since": {"type": ["string", "null"], "format": "date", "default": null,
      "description": "From the period of this day on; null: from the first purchase, of which periods keeps the last ones."},
    "until": {"type": ["string", "null"], "format": "date", "default": null,
      "description": "Up to this day; null: up to the as-of day."},
    "thresholds": {"enum": ["frozen", "refit"], "default": "frozen",
      "description": "Whether one day's thresholds judge every day, or each day's own."},
    "frozen_on": {"type": ["string", "null"], "format": "date", "default": null,
      "description": "The day of the frozen thresholds; null: the as-of day."},
    "hold": {"type": "integer", "minimum": 1, "maximum": 65534, "default": 1,
      "description": "A new class counts once it has stood for so many of the days in a row; a cell and its bands as one."},
    "margin": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "default": 0,
      "description": "A class changes only where a measure has passed its threshold by more than this share of it."},
    "columns": {"type": ["array", "null"], "items": {"type": "string", "minLength": 1}, "minItems": 1, "default": null,
      "description": "Classifiers' columns to keep; null: every column of labels. The page tells of the first."},
    "money": {"type": "string", "default": "money_net",
      "description": "The money that moves are weighed by; empty: none."}
  }
})";
}

}  // namespace klientela
