// Points of tiers out of the levels of one client's measures, the same for whole tables and for single rows.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "klientela/classify/tiers.hpp"

namespace klientela::classifying {

/// Codes of the tier column.
enum Tier : std::uint16_t { strategic, important, ordinary, potential };

/// See TierOptions.
class TierPoints {
 public:
  /// One measure in which the client has a value. \param edges  how many levels there are above the lowest
  void add(double weight, std::size_t level, std::size_t edges) noexcept {
    whole_ += weight;
    sum_ += weight * static_cast<double>(level) / static_cast<double>(edges);
  }
  [[nodiscard]] double value() const noexcept { return whole_ > 0 ? std::round(sum_ / whole_ * 1e9) / 1e9 : 0; }
  /// Of a client with an order.
  [[nodiscard]] static Tier tier(double points, const TierOptions& options) noexcept {
    return points >= options.strategic ? strategic : points >= options.important ? important : ordinary;
  }

 private:
  double whole_{0};
  double sum_{0};
};

}  // namespace klientela::classifying
