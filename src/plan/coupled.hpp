// Groups of managers whose clients' touches hinder each other: prices of capacity, a bound, and a plan near it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "plan/model.hpp"

namespace klientela::planning {

struct CoupledResult {
  std::int64_t bound{0};
  std::int32_t rounds{0};
};

/// Writes the places of the groups' touches and the prices of their managers' bins; the bound is that of these prices.
/// The groups go on together, round by round; the blocks of a round run on the executor. \throws Error cancelled
[[nodiscard]] CoupledResult solve_coupled(const Model& model, std::span<const Group* const> groups,
                                          const PlanOptions& options, const Control& control,
                                          std::vector<Place>& places, PlanPrices& prices);

}  // namespace klientela::planning
