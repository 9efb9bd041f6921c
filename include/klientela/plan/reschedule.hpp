// A schedule after it was announced: planned again with as little changed as can be, and compared with what was done.
#pragma once

#include <map>
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

/// A contact that took place after a schedule was announced.
struct HeldContact {
  std::string client;
  std::string channel;  ///< as the schedule calls it
  Day day{};
  std::string contact;  ///< id of the announced contact that it fulfilled; empty: it was not planned
  bool early{false};    ///< which was announced for a day from first_open on
  friend bool operator==(const HeldContact&, const HeldContact&) = default;
};

/// Completed contacts of the company's initiative, or of none said, on days before `first_open` that the schedule does
/// not know of yet, and which of its contacts they fulfilled, by registry_of() as of that day's start. By client, day,
/// channel; days are those of the base's time zone. O(interactions log interactions)
/// \param base  with the clients of the schedule; channels that the schedule does not have are left out
/// \throws Error as make_registry()
[[nodiscard]] std::vector<HeldContact> held_contacts(const ContactSchedule& announced, const ClientBase& base,
                                                     Day first_open, const RegistryOptions& options = {},
                                                     const Control& control = {});
/// Ids of those that were held early: ScheduleKnowledge::held of what is planned again.
[[nodiscard]] std::vector<std::string> held_early(std::span<const HeldContact> held);

/// A schedule that replaces one that was announced. Copying shares everything. Immutable, thread-safe.
class Reschedule {
 public:
  /// Of one announcement and the plan that replaces it: see replan_schedule().
  /// \param first_open  first day that could change; \param held  days by id of announced contacts that were held
  /// early: both for the words of changes()
  Reschedule(ContactSchedule announced, ContactSchedule now, Replan replan, Day first_open,
             std::map<std::string, Day> held = {});

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
  Day first_open_;
  std::map<std::string, Day> held_;
};

/// Plans `now` so that as little as possible of what `announced` planned changes; contacts are the same by id, managers
/// and channels by name. What finds no place in its turn among the client's contacts is sought one in another: as long
/// as something is found and the plan becomes better by it, replan_contacts() is called again, up to three times.
/// \param now         compiled of things as they are: managers with their absences, the base, the policy, and the
/// owners
///                    that were announced (ScheduleKnowledge::owners); its plan is not looked at (compile_schedule())
/// \param first_open  first day that may still change; of the days before, what was announced and not missed stays
/// \param missed      ids of announced contacts whose day is over and that were not held; others are left alone
/// \param held        what took place meanwhile (held_contacts()): gaps and rolling limits of what is planned from
///                    first_open on count it. `now` is compiled with held_early() of it as ScheduleKnowledge::held
/// \throws Error as replan_contacts(); invalid_argument "first_open" for a day behind the plan; bad_data "planned" for
/// an announced contact whose manager, channel or day is not there, as plan_of() may give it
[[nodiscard]] Reschedule replan_schedule(const ContactSchedule& announced, const ContactSchedule& now, Day first_open,
                                         const ReplanOptions& options = {}, std::span<const std::string> missed = {},
                                         std::span<const HeldContact> held = {}, const Control& control = {});

/// The registry of a schedule's planned contacts, as make_registry(): managers with the minutes that they have for
/// contacts on each day of the plan (the shifts, where the table of managers says no less). A day of the period without
/// any is an absence: vacation, weekend, public holiday of the manager's country, exception without hours.
[[nodiscard]] Table registry_of(const ContactSchedule& schedule, const ClientBase& base, Instant as_of,
                                const RegistryOptions& options = {}, const Control& control = {});

}  // namespace klientela
