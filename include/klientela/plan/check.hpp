// The independent checker of contact plans: it shares the problem and the types with the solver, and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

/// What a plan can do wrong.
enum class Violation : std::uint8_t {
  unknown_touch,    ///< an index of a touch that does not exist
  touch_missing,    ///< a touch is neither planned nor refused
  touch_twice,      ///< planned twice, refused twice, or both
  not_by_touch,     ///< rows are not in the order of touches
  unknown_day,      ///< an index of a day that does not exist
  unknown_manager,  ///< an index of a manager who does not exist
  unknown_channel,  ///< an index of a channel that does not exist
  outside_window,   ///< before the first or after the last day of the window
  manager_not_in_pool,
  channel_not_asked,      ///< none of the touch's channels
  no_consent,             ///< the client does not permit the channel for the purpose
  outside_shift,          ///< not within one shift of the manager (absence, break, closing time)
  outside_hours,          ///< not within the hours in which the client may be contacted
  manager_double_booked,  ///< two contacts of a manager at once
  client_double_booked,   ///< two contacts of a client at once
  too_many_minutes,       ///< more minutes than the manager has that day
  too_many_contacts,      ///< more contacts than the manager's channel takes that day
  gap_too_short,          ///< too soon after the client's contact before
  out_of_order,           ///< a touch on an earlier day than one listed before it
  over_limit,             ///< more contacts than a rolling limit allows
  two_managers,           ///< a client of one manager has two
  wrong_objective,        ///< not the sum of what the planned touches are worth
  bound_too_low,          ///< below what the reported prices prove
  bound_below_objective,
  negative_price,
  wrong_prices,   ///< not one price per bin
  wrong_reason,   ///< a reason for refusal that does not hold
  wrong_surplus,  ///< not what the touch is worth less what it costs at the plan's prices
};
[[nodiscard]] std::string_view name(Violation violation) noexcept;

struct PlanFault {
  Violation violation{Violation::unknown_touch};
  std::size_t where{0};                ///< the touch, where there is one; else the bin
  std::string text{};                  ///< one sentence with the numbers
  std::vector<std::int64_t> values{};  ///< these numbers in their order; of a day its days since 1970-01-01
  friend bool operator==(const PlanFault&, const PlanFault&) = default;
};

struct PlanCheck {
  std::vector<PlanFault> faults;  ///< the first `max_faults` found
  std::size_t fault_count{0};
  std::int64_t objective{0};  ///< recomputed; 0 where rows do not exist or stand twice
  /// What the reported prices prove, recomputed: no plan is worth more. 0 where the prices cannot be used.
  std::int64_t upper_bound{0};
  /// Clients whose rolling limits can be kept in too many ways to try: what `upper_bound` counts for them is true, and
  /// perhaps more than the prices prove. 0: upper_bound is exactly what they prove.
  std::size_t clients_left_open{0};
  /// The reported bound is shown to be one: it is no less than upper_bound. Where it is not, and bound_too_low is no
  /// fault, the clients left open kept it from being decided.
  bool bound_verified{false};
  [[nodiscard]] bool ok() const noexcept { return fault_count == 0; }
};

/// Verifies a plan against its problem. O(touches x log(touches of a bin)); reasons O(managers of its pool x days of
/// its window) for each refused touch, the bound as much for every touch and O(days of the plan) beside. For clients
/// whom rolling limits of several contacts bind there are up to 50,000 steps each; whoever needs more is left open (see
/// PlanCheck), and a reported bound is a fault only where it is below what prices prove even so.
///
/// The reasons capacity and other_touches hang on what else is planned for the client: they hold for the plan as it is.
/// \throws Error as PlanProblem::check()
[[nodiscard]] PlanCheck check_plan(const PlanProblem& problem, const ContactPlan& plan, std::size_t max_faults = 100);

}  // namespace klientela
