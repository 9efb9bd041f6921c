// Faults of a schedule as a table: touches by their ids, bins by manager and day, all in words.
#include "klientela/plan/plan_faults.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/json_reader.hpp"
#include "plan/schedule_data.hpp"

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

std::string amount_text(std::int64_t units) { return Money::from_units(units).to_text(); }

/// What is wrong, in the words of a schedule. Of a fault that names what the schedule does not have, its own text.
class FaultWords {
 public:
  explicit FaultWords(const ContactSchedule& schedule) : schedule_(schedule), problem_(schedule.problem()) {}

  [[nodiscard]] std::string of(const PlanFault& fault) const {
    try {
      return told(fault);
    } catch (const std::out_of_range&) {  // a fault of something else
      return fault.text;
    }
  }

 private:
  [[nodiscard]] std::string told(const PlanFault& fault) const {
    const auto v = [&](std::size_t place) { return fault.values.at(place); };
    switch (fault.violation) {
      case Violation::touch_missing: return "it is neither planned nor refused";
      case Violation::touch_twice: return "it stands in the plan twice";
      case Violation::unknown_day: return "it is on a day that the plan does not have";
      case Violation::unknown_manager: return "it is held by a manager who is not there";
      case Violation::unknown_channel: return "it goes by a channel that is not there";
      case Violation::outside_window:
        return fmt::format("it is on {}, its days are {} to {}", day(v(1)), day(v(2)), day(v(3)));
      case Violation::manager_not_in_pool: return fmt::format("{} may not hold it", manager(v(0)));
      case Violation::channel_not_asked: return fmt::format("it does not go by {}", channel(v(1)));
      case Violation::no_consent: {
        const ContactSchedule::Data& data = schedule_.data();
        static_cast<void>(data.origins.at(fault.where));
        return fmt::format("client {} does not permit {} for \"{}\"", client(v(0)), channel(v(1)),
                           data.quota_of(data.activities.at(data.activity_of(fault.where))).consent);
      }
      case Violation::outside_shift:
        return fmt::format("{} to {} is outside the working time of {}", clock(fault, v(1)), clock(fault, v(2)),
                           manager(v(3)));
      case Violation::outside_hours:
        return fmt::format("{} to {} is outside the hours in which the client may be contacted", clock(fault, v(1)),
                           clock(fault, v(2)));
      case Violation::manager_double_booked:
        return fmt::format("{} has another contact at {}", manager(v(0)), clock(fault, v(1)));
      case Violation::client_double_booked:
        return fmt::format("client {} has another contact at {}", client(v(0)), clock(fault, v(1)));
      case Violation::too_many_minutes:
        return fmt::format("{} has contacts of {} minutes on {}, {} at most", manager(v(0)), v(1),
                           to_text(problem_.days.at(index(v(2)))), v(3));
      case Violation::too_many_contacts:
        return fmt::format("{} has {} contacts by {} on {}, {} at most", manager(v(2)), v(0), channel(v(1)),
                           to_text(problem_.days.at(index(v(3)))), v(4));
      case Violation::out_of_order: return fmt::format("it is on {}, and one before it on {}", day(v(1)), day(v(2)));
      case Violation::gap_too_short:
        return fmt::format("it comes {} days after the contact before, {} at least", v(1), v(2));
      case Violation::two_managers:
        return fmt::format("client {} has two managers, {} and {}", client(v(0)), manager(v(1)), manager(v(2)));
      case Violation::over_limit:
        return fmt::format("client {} has {} contacts in {} days up to {}, {} at most", client(v(0)), v(1), v(2),
                           day(v(3)), v(4));
      case Violation::wrong_reason: {
        const auto said = name(static_cast<Refusal>(v(1)));
        return fault.values.size() < 3
                   ? fmt::format("it is not refused for {}", said)
                   : fmt::format("it is not refused for {}, but for {}", said, name(static_cast<Refusal>(v(2))));
      }
      case Violation::wrong_surplus:
        return fmt::format("its surplus is {} at the plan's prices, the plan says {}", amount_text(v(1)),
                           amount_text(v(2)));
      case Violation::wrong_objective:
        return fmt::format("the planned contacts are worth {}, the plan says {}", amount_text(v(0)), amount_text(v(1)));
      case Violation::bound_below_objective:
        return fmt::format("the bound {} is below the objective {}", amount_text(v(0)), amount_text(v(1)));
      case Violation::bound_too_low:
        return fmt::format("the prices prove {}, the plan says {}", amount_text(v(0)), amount_text(v(1)));
      case Violation::negative_price: return fmt::format("the price {} is below zero", amount_text(v(0)));
      default: return fault.text;
    }
  }

  static std::size_t index(std::int64_t value) { return static_cast<std::size_t>(value); }
  static std::string day(std::int64_t days) { return to_text(Day{std::chrono::days{days}}); }
  [[nodiscard]] const std::string& manager(std::int64_t number) const {
    return schedule_.managers().at(index(number)).id;
  }
  [[nodiscard]] const std::string& channel(std::int64_t number) const { return schedule_.channels().at(index(number)); }
  [[nodiscard]] std::string client(std::int64_t number) const {
    const ContactSchedule::Data& data = schedule_.data();
    return data.clients.to_text(data.client_rows.at(index(number)));
  }
  /// Minutes of a planned contact's day on the clock of its manager.
  [[nodiscard]] std::string clock(const PlanFault& fault, std::int64_t minutes) const {
    const std::vector<PlannedTouch>& planned = schedule_.plan().planned;
    const auto at = std::lower_bound(planned.begin(), planned.end(), fault.where,
                                     [](const PlannedTouch& each, std::size_t touch) { return each.touch < touch; });
    const bool known = at != planned.end() && at->touch == fault.where && at->day < problem_.days.size();
    if (!known || minutes < 0 || minutes > max_day_minutes) return fmt::format("minute {}", minutes);
    const std::string& own = schedule_.managers().at(at->manager).time_zone;
    const TimeZone zone = own.empty() ? schedule_.time_zone() : TimeZone::named(own);
    const Instant moment = schedule_.time_zone().start_of(problem_.days[at->day]) + std::chrono::minutes{minutes};
    const Instant wall = moment + std::chrono::microseconds{zone.offset_micros(moment)};
    const auto of_day =
        std::chrono::floor<std::chrono::minutes>(wall - std::chrono::floor<std::chrono::days>(wall)).count();
    return fmt::format("{:02}:{:02}", of_day / 60, of_day % 60);
  }

  const ContactSchedule& schedule_;
  const PlanProblem& problem_;
};

}  // namespace

Table faults_table(const ContactSchedule& schedule, const PlanCheck& check) {
  const PlanProblem& problem = schedule.problem();
  const std::vector<PlannedTouch>& planned = schedule.plan().planned;
  const FaultWords words(schedule);
  Texts violations, ids, managers, texts;
  Buffer<std::int32_t> days(check.faults.size(), 0);
  Buffer<std::uint8_t> valid((check.faults.size() + 7) / 8, 0);
  for (std::size_t row = 0; row < check.faults.size(); ++row) {
    const PlanFault& fault = check.faults[row];
    violations.emplace_back(name(fault.violation));
    texts.emplace_back(words.of(fault));
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
