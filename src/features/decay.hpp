// Exponential decay of events in fixed point, so that sums of them do not depend on order.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <vector>

#include "klientela/core/time.hpp"

namespace klientela::features_internal {

/// Units of one engagement point.
inline constexpr double engagement_scale = 4294967296.0;  // 2^32

/// Weight of an event by its day, as of another.
class Decay {
 public:
  Decay(double half_life_days, std::int32_t as_of) : as_of_(as_of) {
    const auto first = static_cast<std::int32_t>(first_day.time_since_epoch().count());
    by_age_.resize(static_cast<std::size_t>(as_of - first) + 1);
    for (std::size_t age = 0; age < by_age_.size(); ++age)
      by_age_[age] = std::exp2(-static_cast<double>(age) / half_life_days) * engagement_scale;
  }
  /// weight halved once per half life since the day, rounded to units. \pre first_day <= day <= as_of, weight <= 2^31
  [[nodiscard]] std::int64_t units(double weight, std::int32_t day) const noexcept {
    return static_cast<std::int64_t>(std::floor(weight * by_age_[static_cast<std::size_t>(as_of_ - day)] + 0.5));
  }

 private:
  std::int32_t as_of_;
  std::vector<double> by_age_;
};

/// Lowers `smallest` to `value` where that is less; for naming the first row of several that tasks find.
inline void note_smallest(std::atomic<std::uint32_t>& smallest, std::uint32_t value) noexcept {
  std::uint32_t known = smallest.load();
  while (value < known && !smallest.compare_exchange_weak(known, value)) {
  }
}

}  // namespace klientela::features_internal
