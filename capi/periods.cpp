// C ABI of steadiness over periods, cohorts and the attention list.
#include "klientela/features/periods.hpp"
#include "call_guard.hpp"
#include "klientela/classify/attention.hpp"

using namespace klientela;
using namespace klientela::capi;

extern "C" {

klt_status klt_features_with_periods(klt_context* context, const klt_features* features, const klt_base* base,
                                     const klt_policy* policy, klt_features** out) {
  return guard(context, [&] {
    FeatureTable extended = need(features, "features").features;
    const ClientBase& clients = need(base, "base").base;
    need(out, "out");
    if (extended.rows() != clients.clients())
      throw Error(Code::invalid_argument, "the features have other rows than the base", "base");
    const Policy choices = policy != nullptr ? policy->policy : Policy();
    const Running call(*context);
    const Table measured = period_table(clients, extended.as_of(), choices.periods, choices.features, call.control());
    for (const Column& column : measured.columns())
      if (column.name() != "client") extended.add(column);
    give(out, std::move(extended));
  });
}

klt_status klt_base_cohorts(klt_context* context, const klt_base* base, int32_t as_of, klt_period period,
                            klt_table** out) {
  return guard(context, [&] {
    const ClientBase& clients = need(base, "base").base;
    const Day day = need_day(as_of, "as_of");
    if (period < KLT_PERIOD_DAY || period > KLT_PERIOD_YEAR)
      throw Error(Code::invalid_argument, "period is none of KLT_PERIOD_...", "period");
    need(out, "out");
    const Running call(*context);
    give(out, cohort_table(clients, day, static_cast<Period>(period), call.control()));
  });
}

klt_status klt_attention_list(klt_context* context, const klt_features* features, const klt_classification* lifecycle,
                              const char* options_json, klt_table** out) {
  return guard(context, [&] {
    const Table& table = need(features, "features").features.table();
    const AttentionOptions options = options_json != nullptr
                                         ? attention_options_from_json(need_text(options_json, "options_json"))
                                         : AttentionOptions();
    need(out, "out");
    const Running call(*context);
    give(out,
         attention_list(table, lifecycle != nullptr ? &lifecycle->classification : nullptr, options, call.control()));
  });
}

}  // extern "C"
