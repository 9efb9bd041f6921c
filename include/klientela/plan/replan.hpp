// Replanning: a plan of the problem as it is now that changes as little as possible of what was announced.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela {

/// Of an announced contact: its touch, or its manager, is there no more.
inline constexpr std::uint32_t gone = std::numeric_limits<std::uint32_t>::max();

/// A contact that people were told of.
struct AnnouncedTouch {
  std::uint32_t touch{gone};    ///< index into the touches of the problem as it is now; gone: asked for no more
  std::uint32_t manager{gone};  ///< index of a manager as it is now
  std::uint32_t channel{0};
  Day day{};
  std::int32_t start{0};  ///< minutes since the day's start
  std::int64_t worth{0};  ///< what it was worth; read only where the touch is gone
  bool missed{false};     ///< its day is over, and it was not held
  friend bool operator==(const AnnouncedTouch&, const AnnouncedTouch&) = default;
};

/// A contact that took place on a day before `first_open` and is not among PlanProblem::past.
struct HeldTouch {
  std::uint32_t client{0};  ///< index into PlanProblem::clients
  std::uint32_t channel{0};
  Day day{};
  std::uint32_t touch{gone};  ///< the announced touch of an earlier day that it fulfilled; gone: none
  friend bool operator==(const HeldTouch&, const HeldTouch&) = default;
};

struct Announcement {
  std::vector<AnnouncedTouch> touches;  ///< a touch of the problem at most once
  /// By client, then day: gaps and rolling limits of what is planned from first_open on count them as they do past
  /// contacts. A touch that was fulfilled on a later day than announced counts on that day alone.
  std::vector<HeldTouch> held;
  /// Prices to begin with, in the shape of the problem as it is now; empty: none. The closer they are to what capacity
  /// is worth, the lower is the bound of the new plan.
  PlanPrices prices;
};

/// What a plan of the problem before announced, in the terms of the problem as it is now.
/// \param touch_now  per touch before its index now, or gone; \param manager_now  the same per manager
/// \throws Error invalid_argument if a length or an index does not fit. O(touches + bins x channels)
[[nodiscard]] Announcement announcement_of(const PlanProblem& before, const ContactPlan& plan, const PlanProblem& now,
                                           std::span<const std::uint32_t> touch_now,
                                           std::span<const std::uint32_t> manager_now);

enum class ChangeKind : std::uint8_t {
  moved,       ///< other day, start or channel
  reassigned,  ///< another manager, whatever else changed
  added,       ///< not announced, and planned now
  dropped,     ///< announced, and planned no more
};
[[nodiscard]] std::string_view name(ChangeKind kind) noexcept;

struct PlanChange {
  ChangeKind kind{ChangeKind::moved};
  std::uint32_t touch{gone};      ///< index into the problem's touches
  std::uint32_t announced{gone};  ///< index into Announcement::touches; gone for what is added
  /// Worth now less worth as announced, by the problem as it is now: what the change adds to the objective, below zero
  /// where it costs. The prices of all changes add up to the new objective less the worth of all that was announced.
  std::int64_t price{0};
  friend bool operator==(const PlanChange&, const PlanChange&) = default;
};

struct ReplanOptions {
  PlanOptions plan{};
  /// What one change of an announced touch may cost: one is made where it adds more than that, in units of worth; >= 0.
  /// None: no worth outweighs a change. Together with the worth of touches it is bounded as that alone is by
  /// PlanProblem::check(), and at most 4e18 over all announced touches.
  std::optional<std::int64_t> change_cost{};
  friend bool operator==(const ReplanOptions&, const ReplanOptions&) = default;
};

struct Replan {
  ContactPlan plan;  ///< of the problem as it is now; its bound and prices are those without announcement
  std::vector<PlanChange> changes;  ///< by touch, then what is gone in the order of the announcement
  std::size_t stayed{0};            ///< announced touches that are as announced
  std::size_t changed{0};           ///< announced touches that are not: moved, reassigned or dropped
  std::size_t least_changed{0};     ///< no plan changes fewer
  /// No plan has a better changed objective: plan.objective, less change_cost x changed where there is a cost. Without
  /// one, no plan that leaves the same touches as announced is worth more.
  std::int64_t changed_bound{0};
  std::int64_t changed_objective{0};
  [[nodiscard]] double gap() const noexcept {
    return changed_bound <= 0
               ? 0.0
               : static_cast<double>(changed_bound - changed_objective) / static_cast<double>(changed_bound);
  }
  friend bool operator==(const Replan&, const Replan&) = default;
};

/// Plans again with the least change to what was announced.
///
/// An announced touch **stays** if it is planned with the manager, on the day, by the channel and at the start that
/// were announced; every other one, planned elsewhere or not at all, is one change. What was not announced and is
/// added, is none. Nothing is planned anew on a day before `first_open`; what was announced there and not missed stays
/// if it could be planned so.
///
/// Without a change cost the order is lexicographic: first as many touches stay as can, then the plan is worth as much
/// as beside them it can. A touch can stay if it is worth something there and nothing but other touches forbids it.
/// Where all who can cannot stay together (fewer minutes or contacts a day, longer touches, gaps or limits), the most
/// that fit are sought by three orders (shortest first, earliest end first, most worth first), which is exact where
/// only minutes and contacts of a day bind; `least_changed` says how few changes are possible at least, counting those
/// who cannot stay at all and each manager's day by itself. All others are planned by plan_contacts() in the time, the
/// contacts and the windows that those who stay leave.
///
/// With a change cost the changed objective (worth less cost x changes) is to be as great as possible: touches are
/// planned anew, each worth the cost more on its announced day, which bounds the changed objective; those who keep
/// their day are then held where they were announced, and the better of this plan and the one without change cost is
/// taken.
///
/// check_plan() accepts the plan. The same for any number of threads. Without change cost O(touches x window) and what
/// plan_contacts() takes for the touches that do not stay; with one two to three times as long as planning anew.
/// \param first_open  first day that may still change
/// \throws Error as plan_contacts(); invalid_argument for an announced touch or channel that does not exist, a touch
/// announced twice ("announced[i]"), a held contact out of order or of a day from first_open on ("held[i]"), prices of
/// another shape ("prices") or a cost that is negative or too large to be summed up ("change_cost")
[[nodiscard]] Replan replan_contacts(const PlanProblem& problem, const Announcement& announced, Day first_open,
                                     const ReplanOptions& options = {}, const Control& control = {});

}  // namespace klientela
