// Steps that computing, refreshing and merging share.
#pragma once

#include "features/state.hpp"

namespace klientela::features_internal {

/// A view of every sealed slot that is wanted, after the ids.
[[nodiscard]] Table table_of(const std::shared_ptr<Store>& store, const Layout& layout, const FeatureOptions& options,
                             Column client);

/// Every group but purchases, whole; and the frequency of purchases where orders have ids.
template <class OnOverflow>
void fill_others(Store& store, std::span<const Source> sources, const FeatureOptions& options, const Layout& layout,
                 Day as_of, OnOverflow&& on_overflow, const Control& control) {
  EngagementSums engagement;
  if (layout.has(FeatureGroup::engagement)) engagement = EngagementSums(store.rows, std::int64_t{0});
  try {
    if (needs_histories(layout)) {
      add_history_slots(store, layout, options);
      fill_histories(store, sources, store.rows, {}, HistoryTask{options, layout, as_of}, engagement, control);
    }
    fill_contacts(store, sources, options, layout, as_of, engagement, control);
  } catch (const EngagementOverflow& overflow) {
    on_overflow(overflow);
  }
}

}  // namespace klientela::features_internal
