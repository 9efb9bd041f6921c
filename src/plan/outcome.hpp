// What becomes of touches once their places are set: the plan's rows, reasons for refusal, and bounds at given prices.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/model.hpp"

namespace klientela::planning {

/// Fills planned, refused and objective of the plan, whose prices say what refused touches lack.
/// \param starts  by touch
void write_rows(const Model& model, std::span<const Place> places, std::span<const std::int32_t> starts,
                ContactPlan& plan);

/// What prices prove: no plan is worth more. The prices become ones of the resources that bind in the model, within
/// what touches are worth. O(touches x window). \throws Error cancelled
[[nodiscard]] std::int64_t bound_at(const Model& model, PlanPrices& prices, const Control& control);

}  // namespace klientela::planning
