// Feature options: names, windows, checks, JSON and its schema.
#include "features/options.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/json_reader.hpp"
#include "features/state.hpp"
#include "klientela/features/features_json.hpp"

namespace klientela {
namespace {

const std::vector<std::string_view> group_names{"purchases",    "gaps",       "repeats",     "products",
                                                "interactions", "engagement", "satisfaction"};
const std::vector<std::string_view> period_names{"day", "week", "month", "quarter", "year"};
/// By group, in the order of FeatureGroup; the counts by kind of interaction are named after the data.
const std::array<std::vector<std::string_view>, feature_group_count> columns_of{{
    {"recency_days", "frequency", "lines", "refund_lines", "money_gross", "money_refunds", "money_net",
     "first_purchase", "last_purchase", "tenure_days", "profit", "quantity"},
    {"gap_days_mean", "gap_days_cv"},
    {"repeat_frequency", "repeat_recency", "repeat_age", "repeat_money_mean", "holdout_frequency",
     "holdout_money_mean"},
    {"products", "categories", "top_product", "top_category"},
    {"interactions", "interactions_inbound", "interactions_outbound", "last_interaction"},
    {"engagement"},
    {"csat", "csat_n", "csat_low", "csat_high", "csat_trend", "nps", "nps_n", "nps_low", "nps_high", "nps_trend", "ces",
     "ces_n", "ces_low", "ces_high", "ces_trend"},
}};
constexpr double largest_weight = 1e6;
constexpr double largest_half_life = 1e6;
constexpr std::int64_t largest_window_days = 109'572;  // of [first_day, end_day)
constexpr std::int64_t largest_window_months = 3'600;
constexpr std::int64_t largest_columns = 4096;

[[noreturn]] void refuse(const std::string& option, const std::string& why) {
  throw Error(Code::invalid_argument, option + " " + why, option);
}

void check_range(const std::string& option, std::optional<std::int32_t> value, std::int64_t high) {
  if (value && (*value < 1 || *value > high))
    refuse(option, "must be from 1 to " + std::to_string(high) + ", not " + std::to_string(*value));
}

void check_weight(const std::string& option, double weight) {
  if (!(weight >= 0 && weight <= largest_weight)) refuse(option, "must be from 0 to 1000000");
}

}  // namespace

std::string_view name(FeatureGroup group) noexcept {
  const auto i = static_cast<std::size_t>(group);
  return i < group_names.size() ? group_names[i] : "unknown";
}

FeatureWindow feature_window(Day as_of, const FeatureOptions& options) {
  using std::chrono::days;
  using std::chrono::months;
  using std::chrono::year_month_day;
  if (as_of < first_day || as_of >= end_day) refuse("as_of", "must be from 1900-01-01 to 2199-12-31");
  if (options.window_days && options.window_months) refuse("window_months", "cannot be set together with window_days");
  check_range("window_days", options.window_days, largest_window_days);
  check_range("window_months", options.window_months, largest_window_months);
  Day first = first_day;
  if (options.window_days) first = as_of - days(*options.window_days - 1);
  if (options.window_months) {
    const year_month_day end{as_of};
    year_month_day before = end - months(*options.window_months);
    if (!before.ok()) before = before.year() / before.month() / std::chrono::last;
    first = Day{before} + days(1);
  }
  return {first < first_day ? first_day : first, as_of};
}

namespace features_internal {

/// What is wrong with asking for a column; empty: nothing.
std::string fault_of(const std::string& column, const std::vector<FeatureGroup>& groups) {
  const std::optional<FeatureGroup> group = group_of(column);
  if (!group) return "name \"" + column + "\", which is no feature";
  if (!groups.empty() && std::find(groups.begin(), groups.end(), *group) == groups.end())
    return "name \"" + column + "\" of the group " + std::string(name(*group)) + ", which groups leave out";
  return {};
}

void check_options(const FeatureOptions& options, Day as_of) {
  (void)feature_window(as_of, options);
  for (const FeatureGroup group : options.groups)
    if (static_cast<std::size_t>(group) >= feature_group_count) refuse("groups", "hold a number that is no group");
  for (const std::string& column : options.columns)
    if (const std::string why = fault_of(column, options.groups); !why.empty()) refuse("columns", why);
  if (options.period > Period::year) refuse("period", "is no period");
  if (options.holdout_until && (*options.holdout_until < as_of || *options.holdout_until >= end_day))
    refuse("holdout_until", "must not be before as_of and must be before 2200");
  check_range("trend_days", options.trend_days, largest_window_days);
  check_range("max_interaction_columns", options.max_interaction_columns, largest_columns);
  const EngagementOptions& engagement = options.engagement;
  if (!(engagement.half_life_days > 0 && engagement.half_life_days <= largest_half_life))
    refuse("engagement.half_life_days", "must be above 0 and at most 1000000");
  check_weight("engagement.purchase", engagement.purchase);
  check_weight("engagement.request", engagement.request);
  for (const auto& [term, weight] : engagement.channel) check_weight("engagement.channel." + term, weight);
  for (const auto& [term, weight] : engagement.topic) check_weight("engagement.topic." + term, weight);
  for (const auto& [term, weight] : engagement.initiative) {
    check_weight("engagement.initiative." + term, weight);
    if (term != "inbound" && term != "outbound")
      refuse("engagement.initiative." + term, "is no initiative; there are inbound and outbound");
  }
}

std::optional<FeatureGroup> group_of(std::string_view column) noexcept {
  if (column.starts_with("interactions[") && column.ends_with("]")) return FeatureGroup::interactions;
  for (std::size_t g = 0; g < feature_group_count; ++g)
    for (const std::string_view name : columns_of[g])
      if (name == column) return static_cast<FeatureGroup>(g);
  return std::nullopt;
}

bool wants(const FeatureOptions& options, std::string_view column) noexcept {
  return options.columns.empty() ||
         std::find(options.columns.begin(), options.columns.end(), column) != options.columns.end();
}

DaySpan span_of(const FeatureOptions& options, Day as_of) {
  const FeatureWindow window = feature_window(as_of, options);
  return {number(window.first), number(window.last)};
}

}  // namespace features_internal

namespace {

using Weights = std::map<std::string, double, std::less<>>;

void read_weights(json::Object& object, const char* key, Weights& into, bool initiatives) {
  const auto node = object.find(key);
  if (!node) return;
  for (const auto& [term, weight] : node->members()) {
    if (initiatives && term != "inbound" && term != "outbound")
      weight.fail("is no initiative; there are inbound and outbound");
    into[term] = weight.number(0, largest_weight);
  }
}

json::Value weights_json(const Weights& weights) {
  json::Value out = json::Value::object();
  for (const auto& [term, weight] : weights) out[term] = weight;
  return out;
}

void read_optional(json::Object& object, const char* key, std::optional<std::int32_t>& into, std::int64_t high) {
  if (const auto node = object.find(key); node && !node->is_null())
    into = static_cast<std::int32_t>(node->integer(1, high));
}

json::Value whole_number(std::int64_t high, const char* description) {
  return {{"type", "integer"}, {"minimum", 1}, {"maximum", high}, {"description", description}};
}

json::Value weight_schema(double by_default, const char* description) {
  return {{"type", "number"},
          {"minimum", 0},
          {"maximum", largest_weight},
          {"default", by_default},
          {"description", description}};
}

json::Value weights_schema(const char* description) {
  return {{"type", "object"},
          {"additionalProperties", {{"type", "number"}, {"minimum", 0}, {"maximum", largest_weight}}},
          {"description", description}};
}

}  // namespace

FeatureOptions feature_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  FeatureOptions options;
  if (const auto groups = object.find("groups"))
    for (const json::Node& group : groups->items())
      options.groups.push_back(static_cast<FeatureGroup>(group.choice(group_names)));
  if (const auto columns = object.find("columns"))
    for (const json::Node& column : columns->items()) {
      options.columns.push_back(column.text());
      if (const std::string why = features_internal::fault_of(options.columns.back(), options.groups); !why.empty())
        column.fail("must not " + why);
    }
  read_optional(object, "window_days", options.window_days, largest_window_days);
  read_optional(object, "window_months", options.window_months, largest_window_months);
  if (options.window_days && options.window_months)
    object.require("window_months").fail("cannot be set together with window_days");
  object.read("period", options.period, period_names);
  object.read("include_first", options.include_first);
  if (const auto until = object.find("holdout_until"); until && !until->is_null()) {
    options.holdout_until = parse_day(until->text());
    if (!options.holdout_until || *options.holdout_until < first_day || *options.holdout_until >= end_day)
      until->fail("must be a day such as 2026-11-21, from 1900 to 2199");
  }
  if (const auto node = object.find("engagement")) {
    json::Object engagement(*node);
    EngagementOptions& into = options.engagement;
    if (const auto half_life = engagement.find("half_life_days")) {
      into.half_life_days = half_life->number(0, largest_half_life);
      if (into.half_life_days == 0) half_life->fail("must be above 0");
    }
    engagement.read("purchase", into.purchase, 0, largest_weight);
    engagement.read("request", into.request, 0, largest_weight);
    read_weights(engagement, "channel", into.channel, false);
    read_weights(engagement, "initiative", into.initiative, true);
    read_weights(engagement, "topic", into.topic, false);
    engagement.done();
  }
  read_optional(object, "trend_days", options.trend_days, largest_window_days);
  object.read("max_interaction_columns", options.max_interaction_columns, 1, largest_columns);
  object.done();
  return options;
}

std::string to_json(const FeatureOptions& options) {
  using json::Value;
  Value document = Value::object();
  Value groups = Value::array();
  for (const FeatureGroup group : options.groups) groups.push_back(std::string(name(group)));
  document["groups"] = std::move(groups);
  if (!options.columns.empty()) document["columns"] = options.columns;
  if (options.window_days) document["window_days"] = *options.window_days;
  if (options.window_months) document["window_months"] = *options.window_months;
  document["period"] = std::string(period_names.at(static_cast<std::size_t>(options.period)));
  document["include_first"] = options.include_first;
  if (options.holdout_until) document["holdout_until"] = to_text(*options.holdout_until);
  Value engagement = Value::object();
  engagement["half_life_days"] = options.engagement.half_life_days;
  engagement["purchase"] = options.engagement.purchase;
  engagement["request"] = options.engagement.request;
  engagement["channel"] = weights_json(options.engagement.channel);
  engagement["initiative"] = weights_json(options.engagement.initiative);
  engagement["topic"] = weights_json(options.engagement.topic);
  document["engagement"] = std::move(engagement);
  if (options.trend_days) document["trend_days"] = *options.trend_days;
  document["max_interaction_columns"] = options.max_interaction_columns;
  return document.dump(2);
}

std::string feature_options_schema() {
  using json::Value;
  const FeatureOptions defaults;
  Value groups = Value::array();
  for (const std::string_view group : group_names) groups.push_back(std::string(group));
  Value periods = Value::array();
  for (const std::string_view period : period_names) periods.push_back(std::string(period));
  Value engagement = Value::object();
  engagement["half_life_days"] = {{"type", "number"},
                                  {"exclusiveMinimum", 0},
                                  {"maximum", largest_half_life},
                                  {"default", defaults.engagement.half_life_days},
                                  {"description", "Days after which an event counts half."}};
  engagement["purchase"] = weight_schema(defaults.engagement.purchase, "Weight of an order.");
  engagement["request"] = weight_schema(defaults.engagement.request, "Weight of a request.");
  engagement["channel"] = weights_schema("Factor by channel of a completed contact; 1 for those not named.");
  engagement["initiative"] = {{"type", "object"},
                              {"properties",
                               {{"inbound", weight_schema(1, "The client came to us.")},
                                {"outbound", weight_schema(1, "We went to the client.")}}},
                              {"additionalProperties", false},
                              {"description", "Factor by initiative."}};
  engagement["topic"] = weights_schema("Factor by topic; 1 for those not named.");
  Value properties = Value::object();
  properties["groups"] = {
      {"type", "array"},
      {"items", {{"enum", std::move(groups)}}},
      {"default", Value::array()},
      {"description", "Groups of columns; empty: purchases, and every other group for which there is data."}};
  properties["columns"] = {
      {"type", "array"},
      {"items", {{"type", "string"}}},
      {"default", Value::array()},
      {"description", "Columns to keep; empty: all of the groups. Fewer take less memory and time."}};
  properties["window_days"] = whole_number(largest_window_days, "Days that count, as_of the last of them.");
  properties["window_months"] =
      whole_number(largest_window_months, "Calendar months that count up to as_of; not together with window_days.");
  properties["period"] = {{"enum", std::move(periods)},
                          {"default", "day"},
                          {"description", "Period of the repeats group; weeks begin on Monday."}};
  properties["include_first"] = {
      {"type", "boolean"}, {"default", false}, {"description", "Whether repeats count the first period too."}};
  properties["holdout_until"] = {{"type", "string"},
                                 {"format", "date"},
                                 {"description", "Last day of a holdout after as_of that repeats count apart."}};
  properties["engagement"] = {{"type", "object"},
                              {"properties", std::move(engagement)},
                              {"additionalProperties", false},
                              {"description", "Weights of the engagement score."}};
  properties["trend_days"] = whole_number(
      largest_window_days, "Days that satisfaction trends compare with as many before; half the window, or 90.");
  properties["max_interaction_columns"] = {
      {"type", "integer"},
      {"minimum", 1},
      {"maximum", largest_columns},
      {"default", defaults.max_interaction_columns},
      {"description", "More channel x initiative x topic combinations than this are not split by topic."}};
  const Value schema = {{"type", "object"},
                        {"title", "Features"},
                        {"properties", std::move(properties)},
                        {"additionalProperties", false}};
  return schema.dump(2);
}

}  // namespace klientela
