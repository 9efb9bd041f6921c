// C ABI of features: computing, refreshing, merging, and adding a host's own measures.
#include <array>
#include <cmath>

#include "call_guard.hpp"

using namespace klientela;
using namespace klientela::capi;

static_assert(KLT_PERIOD_DAY == static_cast<int>(Period::day) && KLT_PERIOD_WEEK == static_cast<int>(Period::week));
static_assert(KLT_PERIOD_MONTH == static_cast<int>(Period::month));
static_assert(KLT_PERIOD_QUARTER == static_cast<int>(Period::quarter));
static_assert(KLT_PERIOD_YEAR == static_cast<int>(Period::year));

namespace {

constexpr std::array<std::pair<klt_feature_groups, FeatureGroup>, 7> groups{{
    {KLT_FEATURES_PURCHASES, FeatureGroup::purchases},
    {KLT_FEATURES_GAPS, FeatureGroup::gaps},
    {KLT_FEATURES_REPEATS, FeatureGroup::repeats},
    {KLT_FEATURES_PRODUCTS, FeatureGroup::products},
    {KLT_FEATURES_INTERACTIONS, FeatureGroup::interactions},
    {KLT_FEATURES_ENGAGEMENT, FeatureGroup::engagement},
    {KLT_FEATURES_SATISFACTION, FeatureGroup::satisfaction},
}};

[[noreturn]] void refuse(const char* option, const char* message) {
  throw Error(Code::invalid_argument, std::string(option) + " " + message, option);
}

void apply_weight(double given, double& value, const char* option) {
  if (given == -1.0) return;
  if (!(given >= 0) || !std::isfinite(given)) refuse(option, "must be 0 or above");
  value = given;
}

FeatureOptions read_options(const klt_feature_options* given) {
  const klt_feature_options choice = read_struct(given, klt_feature_options KLT_FEATURE_OPTIONS_INIT, "options");
  FeatureOptions options = choice.policy != nullptr ? choice.policy->policy.features : Policy().features;
  if (choice.groups != KLT_FEATURES_POLICY) {
    klt_feature_groups left = choice.groups;
    options.groups.clear();
    for (const auto& [bit, group] : groups) {
      if ((left & bit) != 0) options.groups.push_back(group);
      left &= ~bit;
    }
    if (left != 0) refuse("options.groups", "has a bit that is no group");
  }
  if (choice.period < KLT_PERIOD_POLICY || choice.period > KLT_PERIOD_YEAR)
    refuse("options.period", "is none of KLT_PERIOD_...");
  if (choice.period >= 0) options.period = static_cast<Period>(choice.period);
  if (choice.window_days != 0 && choice.window_months != 0)
    refuse("options.window_months", "and options.window_days must not both be set");
  if (choice.window_days < 0) refuse("options.window_days", "must be above 0");
  if (choice.window_months < 0) refuse("options.window_months", "must be above 0");
  if (choice.window_days != 0 || choice.window_months != 0) {
    options.window_days.reset();
    options.window_months.reset();
  }
  if (choice.window_days != 0 && choice.window_days != KLT_WHOLE_HISTORY) options.window_days = choice.window_days;
  if (choice.window_months != 0) options.window_months = choice.window_months;
  apply_flag(choice.include_first, options.include_first, "options.include_first");
  if (choice.reserved != 0) refuse("options.reserved", "must be 0");
  if (choice.half_life_days != 0) {
    if (!(choice.half_life_days > 0) || !std::isfinite(choice.half_life_days))
      refuse("options.half_life_days", "must be above 0");
    options.engagement.half_life_days = choice.half_life_days;
  }
  apply_weight(choice.purchase_weight, options.engagement.purchase, "options.purchase_weight");
  apply_weight(choice.request_weight, options.engagement.request, "options.request_weight");
  return options;
}

}  // namespace

extern "C" {

klt_status klt_features_compute(klt_context* context, const klt_base* base, int32_t as_of,
                                const klt_feature_options* options, klt_features** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const Day day = need_day(as_of, "as_of");
    need(out, "out");
    const FeatureOptions choice = read_options(options);
    const Running call(*context);
    give(out, compute_features(given, day, choice, call.control()));
  });
}

klt_status klt_features_refresh(klt_context* context, const klt_features* previous, const klt_base* base, int32_t as_of,
                                klt_features** out) {
  return guard(context, [&] {
    const FeatureTable& earlier = need(previous, "previous").features;
    const ClientBase& given = need(base, "base").base;
    const Day day = need_day(as_of, "as_of");
    need(out, "out");
    const Running call(*context);
    give(out, refresh_features(earlier, given, day, call.control()));
  });
}

klt_status klt_features_merge(klt_context* context, const klt_features* earlier, const klt_features* later,
                              klt_features** out) {
  return guard(context, [&] {
    const FeatureTable& first = need(earlier, "earlier").features;
    const FeatureTable& second = need(later, "later").features;
    need(out, "out");
    give(out, merge_features(first, second));
  });
}

klt_status klt_features_with_column(klt_context* context, const klt_features* features, const klt_table* table,
                                    size_t column, klt_features** out) {
  return guard(context, [&] {
    FeatureTable extended = need(features, "features").features;
    const Table& source = need(table, "table").table;
    need_index(column, source.columns().size(), "column");
    need(out, "out");
    extended.add(source.columns()[column]);
    give(out, std::move(extended));
  });
}

void klt_features_free(klt_features* features) { delete features; }

int32_t klt_features_as_of(const klt_features* features) {
  return features != nullptr ? static_cast<int32_t>(features->features.as_of().time_since_epoch().count()) : 0;
}

klt_status klt_features_table(klt_context* context, const klt_features* features, klt_table** out) {
  return guard(context, [&] {
    const FeatureTable& given = need(features, "features").features;
    give(&need(out, "out"), given.table());
  });
}

}  // extern "C"
