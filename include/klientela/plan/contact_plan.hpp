// Contact plans: who is contacted when, by whom and by what channel, with a bound that proves how good the plan is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

/// Why a touch is not in the plan: the first that holds.
enum class Refusal : std::uint8_t {
  no_manager,      ///< its pool is empty
  no_channel,      ///< the client permits none of its channels for its purpose
  outside_period,  ///< no day of the plan lies in its window
  no_value,        ///< worth nothing on any day of its window
  no_time,         ///< on no day of its window does a manager of its pool work so long within its hours, and take
                   ///< contacts by one of its channels
  past_contacts,   ///< contacts before the plan leave no such day, by gap or rolling limit
  capacity,        ///< what it takes is worth more for other touches, or the time left is too little or too scattered
  other_touches,   ///< at the plan's prices it would be worth it, but on no such day beside the client's other touches
                   ///< and in its turn among them (gaps, limits, one manager)
};
[[nodiscard]] std::string_view name(Refusal refusal) noexcept;

struct PlannedTouch {
  std::uint32_t touch{0};  ///< index into PlanProblem::touches
  std::uint32_t manager{0};
  std::uint32_t day{0};  ///< index into PlanProblem::days
  std::uint32_t channel{0};
  std::int32_t start{0};  ///< minutes since the day's start
  friend bool operator==(const PlannedTouch&, const PlannedTouch&) = default;
};

/// A surplus that is not said, as of a touch that people took out of a plan.
inline constexpr std::int64_t no_surplus = std::numeric_limits<std::int64_t>::min();

struct RefusedTouch {
  std::uint32_t touch{0};
  Refusal reason{Refusal::capacity};
  /// What it is worth less what it costs at the plan's prices, by the best day, manager and channel that contacts
  /// before the plan leave. Below zero: so much more it would have to be worth. Above zero it would pay, but does not
  /// fit in (capacity) or not beside the client's other touches (other_touches). 0 for the reasons before.
  std::int64_t surplus{0};
  friend bool operator==(const RefusedTouch&, const RefusedTouch&) = default;
};

/// What capacity is worth, never below zero, in the unit of values. Three resources bind, each with its price:
/// - `contact`, by (manager, day, channel): one contact of PlanProblem::contacts, of which at most as many
///   as there are touches count; empty where that is empty
/// - `slot`, by (manager, day): one contact of any channel, of which contacts_that_fit() the shortest touch whose
///   pool has that manager are there
/// - `minute`, by (manager, day): one minute, of which the lesser of PlanProblem::minutes and the shifts are there
/// A touch costs slot + minutes x minute + contact. Whatever the prices, sum(capacity x price) + sum over clients of
/// the best that a client's touches yield at these prices is an upper bound on every plan (weak duality).
/// In a proved plan without coupled groups a slot or contact more adds exactly its price to the objective.
struct PlanPrices {
  std::vector<std::int64_t> slot;
  std::vector<std::int64_t> minute;
  std::vector<std::int64_t> contact;
  friend bool operator==(const PlanPrices&, const PlanPrices&) = default;
};

struct PlanOptions {
  double gap{0.001};         ///< prices are improved until the relative gap is at most this; >= 0
  std::int32_t rounds{200};  ///< of improving prices at most; >= 1
  /// Attempts to better the plan of a coupled group that is not within the gap, by taking a few clients out and putting
  /// them in again; >= 0
  std::int32_t improvements{30000};
  std::uint64_t work_limit{0};  ///< moves of touches between days in the exact method, per group of managers who share
                                ///< touches; 0: none. What is reached counts, so that a limited plan repeats exactly
  friend bool operator==(const PlanOptions&, const PlanOptions&) = default;
};

struct ContactPlan {
  std::vector<PlannedTouch> planned;  ///< by touch
  std::vector<RefusedTouch> refused;  ///< by touch; every touch is in one of the two
  std::int64_t objective{0};          ///< sum of what planned touches are worth on their days: the lower bound
  std::int64_t upper_bound{0};        ///< no plan is worth more
  PlanPrices prices;
  std::size_t exact_groups{0};    ///< groups of managers whose touches are a transportation problem
  std::size_t coupled_groups{0};  ///< other groups
  std::int32_t rounds{0};         ///< of improving prices, where there are coupled groups
  bool limited{false};            ///< a work limit ended the search

  /// (upper_bound - objective) / upper_bound; 0 where both are zero.
  [[nodiscard]] double gap() const noexcept {
    return upper_bound == 0 ? 0.0 : static_cast<double>(upper_bound - objective) / static_cast<double>(upper_bound);
  }
  [[nodiscard]] bool proved() const noexcept { return upper_bound == objective; }
  friend bool operator==(const ContactPlan&, const ContactPlan&) = default;
};

/// Plans contacts so that what they are worth is as much as capacity allows.
///
/// Managers who share touches form a group. A group is exact where each touch takes one unit of one resource and no two
/// touches of a client can hinder each other (their windows lie as far apart as gaps and limits ask): that is a
/// transportation problem, solved to the optimum by successive shortest paths over the bins (Jewell 1958; Edmonds and
/// Karp 1972) with prices that prove it. Otherwise capacities are priced (Lagrangian relaxation, Held and Karp 1970,
/// improved by a proximal bundle method, Kiwiel 1990), a client's best touches at these prices are a longest path over
/// (touch, day), with rolling limits a best-first search that the path without them bounds, and clients are put in one
/// by one while capacity lasts. The bound holds for the final plan with its start times.
///
/// The same plan for any number of threads. Ties are settled by indices. O(touches x window x log) typically; memory
/// about 16 bytes a touch and day of its window. \throws Error as PlanProblem::check(); invalid_argument for options
/// out of range; cancelled
[[nodiscard]] ContactPlan plan_contacts(const PlanProblem& problem, const PlanOptions& options = {},
                                        const Control& control = {});

}  // namespace klientela
