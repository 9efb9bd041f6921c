// What the checker finds in a schedule, as a table.
#pragma once

#include <string>

#include "klientela/core/table.hpp"
#include "klientela/plan/check.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela {

/// violation (name of a Violation), id (of the contact; null where the fault is no contact's), manager, day (of faults
/// of a manager's day, and of planned contacts; else null), text (what is wrong with it, names, times of the
/// manager's clock and amounts in place of the numbers of PlanFault::text); in the order of the faults. O(faults x log
/// touches)
[[nodiscard]] Table faults_table(const ContactSchedule& schedule, const PlanCheck& check);

/// What the checker found in figures, as JSON: faults (how many), objective and upper_bound (recomputed, as amounts),
/// bound_verified, clients_left_open.
[[nodiscard]] std::string check_json(const PlanCheck& check);

}  // namespace klientela
