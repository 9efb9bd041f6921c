// Groups of managers whose touches are a transportation problem: the optimum, and the prices that prove it.
#pragma once

#include <vector>

#include "plan/model.hpp"

namespace klientela::planning {

struct ExactResult {
  std::int64_t bound{0};
  bool whole{true};  ///< false where PlanOptions::work_limit ended it: the prices prove a bound, no more
};

/// Writes the places of the group's touches and the prices of its managers' bins: the least prices that prove the
/// optimum, which are what one more slot adds. \throws Error cancelled
[[nodiscard]] ExactResult solve_exact(const Model& model, const Group& group, const PlanOptions& options,
                                      const Control& control, std::vector<Place>& places, PlanPrices& prices);

}  // namespace klientela::planning
