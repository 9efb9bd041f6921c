// From a policy, a classified base and managers to the calendar of contacts, with everything refused and why.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/assignment.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/plan/check.hpp"
#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/holidays.hpp"
#include "klientela/plan/managers.hpp"
#include "klientela/plan/plan_policy.hpp"

namespace klientela {

/// The days that are planned, both in; at most max_plan_days.
struct SchedulePeriod {
  Day first{};
  Day last{};
  /// "2026-12", "2026-W49", "2026-Q4", "2026", "2026-12-03", "2026-12-03..2026-12-20".
  /// \throws Error invalid_argument "period"
  [[nodiscard]] static SchedulePeriod parse(std::string_view text);
  friend bool operator==(const SchedulePeriod&, const SchedulePeriod&) = default;
};

/// What is known beside base and policy.
struct ScheduleKnowledge {
  HolidayTable holidays{};     ///< public ones; countries that it does not know have none
  std::optional<Day> as_of{};  ///< last day whose contacts are known; unset: the day before the period
  Assignments assignments{};   ///< what was assigned by hand, for hand.A and bulk.A in expressions
  /// Whom an announced plan gave the clients, columns client and manager as of ContactSchedule::owners(): they keep
  /// that one, unless the card names another one who fits. Who is not there, client or manager, does not count.
  Table owners{};
  /// Ids of contacts of an announced plan that were held before the day on which they were announced: they are not
  /// asked for again, and count for their quotas. See held_contacts().
  std::vector<std::string> held{};
};

/// What a plan said of itself, as summary.json has it; nothing where it is not known.
struct PlanFigures {
  std::optional<std::int64_t> objective{};    ///< units of 1/10000
  std::optional<std::int64_t> upper_bound{};  ///< the same
};

/// A plan with the words behind its numbers. Copying shares what was compiled. Immutable, thread-safe.
///
/// The tables are rendered on demand, O(rows); the language is that of `purpose`, `reason` and `text`. Managers are
/// their ids, channels their names.
class ContactSchedule {
 public:
  /// The numbers; managers by id, clients who have a touch in canonical order.
  [[nodiscard]] const PlanProblem& problem() const noexcept;
  [[nodiscard]] const ContactPlan& plan() const noexcept { return plan_; }
  [[nodiscard]] SchedulePeriod period() const noexcept;
  [[nodiscard]] const TimeZone& time_zone() const noexcept;
  [[nodiscard]] const std::vector<PlanManager>& managers() const noexcept;
  [[nodiscard]] const std::vector<std::string>& channels() const noexcept;
  /// What to know about the plan as a whole: playbooks that fit nobody, owners who are no managers, ...
  [[nodiscard]] const std::vector<PlanWords>& notes() const noexcept;
  /// Stable id of a touch: client/playbook/quota/period/number. \throws Error out_of_range
  [[nodiscard]] std::string id(std::size_t touch) const;

  /// id, client, name, manager, channel, topic, purpose, initiative, start, end (instants), time_zone (the manager's),
  /// minutes (int32), value (money), playbook, reason; by start, manager, id.
  [[nodiscard]] Table planned(Language language = Language::english) const;
  /// id, client, name, manager (owner; null without), channel ("call; email"), topic, purpose, first, last (days),
  /// minutes, value, playbook, reason (name of a Refusal), text, surplus (money); by client, then as touches.
  [[nodiscard]] Table refused(Language language = Language::english) const;
  /// manager, day, resource (slot, minute, contact), channel (null but of contacts), capacity, used (int64), price
  /// (money); where there is capacity or use; by manager, day, resource, channel.
  [[nodiscard]] Table prices() const;
  /// client, manager (null without), reason (name of an OwnerReason), text; by client.
  [[nodiscard]] Table owners(Language language = Language::english) const;
  /// client, playbook, quota, period, least, planned (int32); by client.
  [[nodiscard]] Table shortfalls() const;
  /// Figures of the plan as JSON: period, objective, upper_bound, gap, proved, planned, refused by reason, managers,
  /// exact_groups, coupled_groups, rounds, limited, notes.
  [[nodiscard]] std::string summary_json(Language language = Language::english) const;

  /// The same with another plan of the same problem, for example one that was planned again. Where contacts of several
  /// quotas of a client lie in another order than problem() lists them, the new schedule lists them in the plan's
  /// order: its touches have other indices then, the same ids, and the bound is the one that the plan's prices prove
  /// for that order.
  [[nodiscard]] ContactSchedule with(ContactPlan plan) const;
  /// The plan that tables as above say, read back: touches by id, managers, channels and times by name. A manager or
  /// channel that is there no more, or a day on which nobody works, is the number behind the last one, which the
  /// checker lists and planned() leaves out; prices of such are left out too. A surplus that is null is no_surplus.
  /// Objective and bound are those of `said`, for the checker to compare; else what contacts are worth and prices
  /// prove. \throws Error not_found for a missing column; bad_data for an id, reason or resource that does not exist, a
  /// start with seconds, or another `client` or `minutes`, where they are there, than the id's, naming table and row
  [[nodiscard]] ContactPlan plan_of(const Table& planned, const Table& refused, const Table& prices,
                                    const PlanFigures& said = {}) const;
  /// with() that plan, its bound the one that is said, whatever order it has. \throws Error as plan_of()
  [[nodiscard]] ContactSchedule read_back(const Table& planned, const Table& refused, const Table& prices,
                                          const PlanFigures& said = {}) const;

  struct Data;  ///< opaque
  ContactSchedule(std::shared_ptr<const Data> data, ContactPlan plan) noexcept
      : data_(std::move(data)), plan_(std::move(plan)) {}
  [[nodiscard]] const Data& data() const noexcept { return *data_; }
  [[nodiscard]] const std::shared_ptr<const Data>& shared_data() const noexcept { return data_; }

 private:
  std::shared_ptr<const Data> data_;
  ContactPlan plan_;
};

/// Everything but the planning: the schedule of an empty plan. For checking plans, and for planning in another way.
/// \param classified  features and classes with the base's client_column() as `client`; columns of the base that
///                    expressions read are added (with_base_columns)
/// \throws Error as make_schedule()
[[nodiscard]] ContactSchedule compile_schedule(const ClientBase& base, const Table& classified, const Table& managers,
                                               const PlanPolicy& policy, SchedulePeriod period,
                                               const ScheduleKnowledge& known = {}, const Control& control = {});

/// Plans what was compiled: plan_contacts(), then within days of managers contacts of one region, where the policy
/// batches them, next to each other (order_by_region). \throws Error as plan_contacts()
[[nodiscard]] ContactSchedule plan_schedule(const ContactSchedule& compiled, const PlanOptions& options = {},
                                            const Control& control = {});

/// Compiles the policy to touches and plans them with policy.solver. The same for any order of rows and number of
/// threads. O(clients x playbooks + touches), and plan_schedule().
/// \throws Error bad_policy naming the policy's pointer below "/plan" (a column that does not exist, types that clash,
/// with the character; a class that its column never holds); bad_data as managers_from_table(); invalid_argument
/// "period"; cancelled
[[nodiscard]] ContactSchedule make_schedule(const ClientBase& base, const Table& classified, const Table& managers,
                                            const PlanPolicy& policy, SchedulePeriod period,
                                            const ScheduleKnowledge& known = {}, const Control& control = {});

/// check_plan() of the schedule's plan.
[[nodiscard]] PlanCheck check_schedule(const ContactSchedule& schedule, std::size_t max_faults = 100);

}  // namespace klientela
