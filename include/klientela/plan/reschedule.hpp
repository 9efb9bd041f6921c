// A schedule after it was announced: planned again with as little changed as can be, and compared with what was done.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/plan/registry.hpp"
#include "klientela/plan/replan.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela {

/// A schedule that replaces one that was announced. Copying shares everything. Immutable, thread-safe.
class Reschedule {
 public:
  /// Of one announcement and the plan that replaces it: see replan_schedule().
  Reschedule(ContactSchedule announced, ContactSchedule now, Replan replan);

  [[nodiscard]] const ContactSchedule& schedule() const noexcept { return now_; }
  [[nodiscard]] const ContactSchedule& announced() const noexcept { return announced_; }
  [[nodiscard]] const Replan& replan() const noexcept { return *replan_; }
  /// id, client, change (name of a ChangeKind), manager_before, start_before (instant), manager, start, channel (as it
  /// is now; of what is dropped as it was), price (money: what the change adds to the plan's worth), text; by start as
  /// it was or else is, then id. Null where there is no before or no now. O(changes log changes)
  [[nodiscard]] Table changes(Language language = Language::english) const;

 private:
  ContactSchedule announced_;
  ContactSchedule now_;
  std::shared_ptr<const Replan> replan_;
};

/// Plans `now` so that as little as possible of what `announced` planned changes; contacts are the same by id, managers
/// and channels by name.
/// \param now         compiled of things as they are: managers with their absences, the base, the policy, and the
/// owners
///                    that were announced (ScheduleKnowledge::owners); its plan is not looked at (compile_schedule())
/// \param first_open  first day that may still change; of the days before, what was announced and not missed stays
/// \param missed      ids of announced contacts whose day is over and that were not held; others are left alone
/// \throws Error as replan_contacts(); bad_data "planned" for an announced contact whose manager, channel or day is not
/// there, as plan_of() may give it
[[nodiscard]] Reschedule replan_schedule(const ContactSchedule& announced, const ContactSchedule& now, Day first_open,
                                         const ReplanOptions& options = {}, std::span<const std::string> missed = {},
                                         const Control& control = {});

/// The registry of a schedule's planned contacts, as make_registry(): managers with the minutes that they have for
/// contacts on each day of the plan (the shifts, where the table of managers says no less). A day of the period without
/// any is an absence: vacation, weekend, public holiday of the manager's country, exception without hours.
[[nodiscard]] Table registry_of(const ContactSchedule& schedule, const ClientBase& base, Instant as_of,
                                const RegistryOptions& options = {}, const Control& control = {});

}  // namespace klientela
