// Day batching: meetings of one region on the same days of a manager, as a preference that capacity may overrule.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

/// Of a touch that is not batched.
inline constexpr std::uint32_t no_region = no_profile;

struct BatchOptions {
  std::int64_t bonus{0};              ///< what a day of its region adds to a touch, units of 1/10000, 0 to 1e12; 0: a
                                      ///< tenth of the mean value of the batched touches
  std::int32_t share_per_mille{800};  ///< of a day's minutes that its regions may fill, 1 to 1000; the rest is left to
                                      ///< other touches
  friend bool operator==(const BatchOptions&, const BatchOptions&) = default;
};

/// The days that a region has of those who may hold its touches.
struct RegionDays {
  std::vector<std::uint32_t> managers;  ///< ascending
  std::uint32_t region{0};
  std::vector<std::uint32_t> days;  ///< indices into PlanProblem::days, ascending
  friend bool operator==(const RegionDays&, const RegionDays&) = default;
};

struct Batching {
  std::vector<RegionDays> regions;                 ///< by managers, region
  std::int64_t bonus{0};                           ///< as used
  std::vector<std::vector<std::uint8_t>> boosted;  ///< by profile of preferences, then day: 1 where the bonus was added
  friend bool operator==(const Batching&, const Batching&) = default;
};

/// Gives the touches of each region days, as few as hold them, and adds the bonus to their preferences on these days: a
/// plan of the problem is as good as its bound says, and check_plan() holds, both with the bonus in every worth.
///
/// Regions of the same managers share out the days: the largest first, each time the day on which most minutes that
/// have no day yet find room, of equals the earliest (greedy cover: Chvatal 1979); a touch takes room on the first day
/// that suits it, those with the least time left first. Touches that are worth nothing without the bonus, and those of
/// empty pools, are left alone. \param regions  by touch, any number or no_region \throws Error as
/// PlanProblem::check(), and invalid_argument for regions of another number than touches or options
///         out of range. O(touches x days x days that a region takes).
Batching batch_days(PlanProblem& problem, std::span<const std::uint32_t> regions, const BatchOptions& options = {});

/// What of a plan's objective is bonus.
[[nodiscard]] std::int64_t earned_bonus(const PlanProblem& problem, const Batching& batching, const ContactPlan& plan);

/// Puts contacts of one region next to each other within the day of a manager, where hours, shifts and clients' other
/// contacts let every contact of that day keep a place; other days stay as they are. Only starts change, so that
/// objective, bound and reasons remain. O(contacts of a day squared) for each day.
void order_by_region(const PlanProblem& problem, std::span<const std::uint32_t> regions, ContactPlan& plan);

/// How much travelling a plan asks.
struct RegionTrips {
  std::size_t contacts{0};  ///< planned touches with a region
  std::size_t trips{0};     ///< distinct (manager, day, region)
  std::size_t changes{0};   ///< neighbours within a manager's day, by start, whose regions differ; others left out
  friend bool operator==(const RegionTrips&, const RegionTrips&) = default;
};
[[nodiscard]] RegionTrips region_trips(std::span<const std::uint32_t> regions, const ContactPlan& plan);

}  // namespace klientela
