// Faults of a schedule as a table: touches by their ids, bins by manager and day.
#include "klientela/plan/plan_faults.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/json_reader.hpp"

namespace klientela {
namespace {

using Texts = std::vector<std::optional<std::string>>;

/// Faults whose `where` is a bin rather than a touch.
bool is_of_bin(Violation violation) {
  return violation == Violation::too_many_minutes || violation == Violation::too_many_contacts;
}

/// Faults of the plan as a whole.
bool is_of_plan(Violation violation) {
  switch (violation) {
    case Violation::wrong_objective:
    case Violation::bound_too_low:
    case Violation::bound_below_objective:
    case Violation::negative_price:
    case Violation::wrong_prices: return true;
    default: return false;
  }
}

}  // namespace

Table faults_table(const ContactSchedule& schedule, const PlanCheck& check) {
  const PlanProblem& problem = schedule.problem();
  const std::vector<PlannedTouch>& planned = schedule.plan().planned;
  Texts violations, ids, managers, texts;
  Buffer<std::int32_t> days(check.faults.size(), 0);
  Buffer<std::uint8_t> valid((check.faults.size() + 7) / 8, 0);
  for (std::size_t row = 0; row < check.faults.size(); ++row) {
    const PlanFault& fault = check.faults[row];
    violations.emplace_back(name(fault.violation));
    texts.emplace_back(fault.text);
    std::optional<std::string> id;
    std::size_t manager = problem.managers;
    std::size_t day = problem.days.size();
    if (is_of_bin(fault.violation) && !problem.days.empty()) {
      const std::size_t bin =
          fault.violation == Violation::too_many_contacts ? fault.where / problem.channels : fault.where;
      manager = bin / problem.days.size();
      day = bin % problem.days.size();
    } else if (!is_of_plan(fault.violation) && fault.where < problem.touches.size()) {
      id = schedule.id(fault.where);
      const auto at = std::lower_bound(planned.begin(), planned.end(), fault.where,
                                       [](const PlannedTouch& each, std::size_t touch) { return each.touch < touch; });
      if (at != planned.end() && at->touch == fault.where) {
        manager = at->manager;
        day = at->day;
      }
    }
    ids.push_back(std::move(id));
    managers.push_back(manager < problem.managers ? std::optional(schedule.managers()[manager].id) : std::nullopt);
    if (day < problem.days.size()) {
      days[row] = static_cast<std::int32_t>(problem.days[day].time_since_epoch().count());
      valid[row / 8] = static_cast<std::uint8_t>(valid[row / 8] | 1U << row % 8);
    }
  }
  return Table({Column("violation", violations), Column("id", ids), Column("manager", managers),
                Column("day", ColumnType::day, std::move(days), std::move(valid)), Column("text", texts)});
}

std::string check_json(const PlanCheck& check) {
  const auto amount = [](std::int64_t units) { return static_cast<double>(units) / Money::scale; };
  const json::Value out{{"faults", check.fault_count},
                        {"objective", amount(check.objective)},
                        {"upper_bound", amount(check.upper_bound)},
                        {"bound_verified", check.bound_verified},
                        {"clients_left_open", check.clients_left_open}};
  return out.dump(2) + '\n';
}

}  // namespace klientela
