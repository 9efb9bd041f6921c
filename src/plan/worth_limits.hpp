// How much touches may be worth: what is added to their worth must leave every sum within int64.
#pragma once

#include <cstdint>

#include "klientela/plan/problem.hpp"

namespace klientela::planning {

/// The most that every touch may be worth beside, on any day, without PlanProblem::check() refusing sums that are too
/// large; below zero where it refuses the problem as it is. O(size of the problem)
[[nodiscard]] std::int64_t largest_bonus(const PlanProblem& problem);

}  // namespace klientela::planning
