// The independent checker of contact plans: it shares nothing with the solver but the types.
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
  wrong_prices,  ///< not one price per bin
  wrong_reason,  ///< a reason for refusal that does not hold
};
[[nodiscard]] std::string_view name(Violation violation) noexcept;

struct PlanFault {
  Violation violation{Violation::unknown_touch};
  std::size_t where{0};  ///< the touch, where there is one; else the bin
  std::string text{};    ///< one sentence with the numbers
  friend bool operator==(const PlanFault&, const PlanFault&) = default;
};

struct PlanCheck {
  std::vector<PlanFault> faults;  ///< the first `max_faults` found
  std::size_t fault_count{0};
  std::int64_t objective{0};    ///< recomputed; 0 where rows do not exist or stand twice
  std::int64_t upper_bound{0};  ///< what the reported prices prove, recomputed; 0 where the prices cannot be used
  [[nodiscard]] bool ok() const noexcept { return fault_count == 0; }
};

/// Verifies a plan against its problem. O(touches x log(touches of a bin)); the bound O(touches x days of a window),
/// and more only for clients whom rolling limits of several contacts bind: where there are too many ways to keep those,
/// the bound that is recomputed leaves them aside, and a reported one below it is no fault.
/// \throws Error as PlanProblem::check()
[[nodiscard]] PlanCheck check_plan(const PlanProblem& problem, const ContactPlan& plan, std::size_t max_faults = 100);

}  // namespace klientela
