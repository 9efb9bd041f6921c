// What the plan stage shares about policies: the check of a whole one, and the pointers of its parts.
#pragma once

#include <string>

#include "klientela/plan/plan_policy.hpp"

namespace klientela::planning {

/// \throws Error bad_policy naming the pointer below `pointer`
void check(const PlanPolicy& policy, const std::string& pointer);

/// Place of a channel by its name or an alias; channels.size() where there is none. O(channels x aliases)
[[nodiscard]] std::size_t find_channel(const PlanPolicy& policy, std::string_view name);

}  // namespace klientela::planning
