// What becomes of touches once their places are set: the plan's rows, reasons for refusal, and bounds at given prices.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "klientela/plan/replan.hpp"
#include "plan/model.hpp"

namespace klientela::planning {

/// plan_contacts(). \param even  whether days that are worth the same are evened out: not where the problem is what
/// other contacts leave, of which busy days look quiet
[[nodiscard]] ContactPlan planned(const PlanProblem& problem, const PlanOptions& options, bool even,
                                  const Control& control);

/// Fills planned, refused and objective of the plan, whose prices say what refused touches lack.
/// \param starts  by touch
void write_rows(const Model& model, std::span<const Place> places, std::span<const std::int32_t> starts,
                ContactPlan& plan);

/// Reasons and surplus of what is refused anew, by the plan's rows and prices: of clients whose touches came to stand
/// in another order. Rows that do not exist count for nothing; prices that cannot be used leave all as it is. As what
/// makes a Model, and O(refused x window)
/// \param clients  by client, whether it is one of them
void retell_refused(const PlanProblem& problem, const std::vector<bool>& clients, ContactPlan& plan);

/// Counts contacts that were held among those before the plan.
void add_past(std::span<const HeldTouch> held, PlanProblem& problem);

/// What prices prove: no plan is worth more. The prices become ones of the resources that bind in the model, within
/// what touches are worth. O(touches x window). \throws Error cancelled
[[nodiscard]] std::int64_t bound_at(const Model& model, PlanPrices& prices, const Control& control);

}  // namespace klientela::planning
