// Binds the plan stage: schedules made of a run, checked and read back from their tables; klientela._plan gives them
// their Python manners.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "klientela/pipeline/run.hpp"
#include "klientela/plan/plan_faults.hpp"
#include "klientela/plan/plan_json.hpp"
#include "schedule.hpp"

namespace klientela::python {
namespace {

PyTable plain(Table table) { return {std::move(table), {}}; }

template <class Render>
auto without_gil(Render&& render) {
  const py::gil_scoped_release release;
  return render();
}

std::optional<PlanPolicy> plan_from(const py::object& policy) {
  if (policy.is_none()) return std::nullopt;
  auto parsed = plan_policy_from_json(to_json(policy), "/plan");
  if (!parsed) throw Error(Code::bad_policy, "/plan: a schedule needs a policy that plans", "/plan");
  return parsed;
}

/// \param owners, held  those of a plan that was announced \param planned  whether contacts are put on days, or only
/// what could be planned is worked out
PySchedule make(const std::shared_ptr<RunResult>& result, const py::object& managers, const std::string& period,
                const py::object& holidays, const py::object& policy, const py::object& as_of,
                const std::optional<std::string>& language, const py::object& owners,
                const std::vector<std::string>& held, bool planned, std::size_t threads, const py::object& progress) {
  const std::optional<PlanPolicy> choice = plan_from(policy);
  const SchedulePeriod days = SchedulePeriod::parse(period);
  ScheduleKnowledge known;
  if (!holidays.is_none()) known.holidays = HolidayTable::from(column_table(holidays));
  if (!as_of.is_none()) known.as_of = to_day(as_of, "as_of");
  if (!owners.is_none()) known.owners = column_table(owners);
  known.held = held;
  const Language said = language ? language_from(*language) : result->report_options.language;
  const Table table = column_table(managers);
  ContactSchedule made = long_call(threads, progress, [&](const Control& control) {
    return planned ? result->schedule(table, days, choice, known, control)
                   : result->unplanned_schedule(table, days, choice, known, control);
  });
  return {result, table, choice, std::move(known), said, std::move(made)};
}

/// The schedule of the plan that tables say.
PySchedule read_back(const PySchedule& self, const py::object& planned, const py::object& refused,
                     const py::object& prices, const std::optional<std::int64_t>& objective,
                     const std::optional<std::int64_t>& upper_bound) {
  const PlanFigures said{objective, upper_bound};
  const Table of_planned = column_table(planned), of_refused = column_table(refused), of_prices = column_table(prices);
  PySchedule out = self;
  const py::gil_scoped_release release;
  out.schedule = self.schedule.read_back(of_planned, of_refused, of_prices, said);
  return out;
}

std::map<std::string, std::vector<DayRange>> absences_from(const py::dict& given) {
  std::map<std::string, std::vector<DayRange>> out;
  for (const auto& [manager, days] : given) {
    const auto id = argument<std::string>(manager, "absences");
    const auto text = argument<std::string>(days, "absences");
    try {
      out[id] = parse_day_ranges(text);
    } catch (const Error& error) {
      throw Error(error.code(), "the absence of " + id + ": " + error.what(), "absences");
    }
  }
  return out;
}

PySchedule replan(const PySchedule& self, const py::object& since, const py::object& managers, const py::dict& absences,
                  const std::shared_ptr<RunResult>& result, const std::optional<std::int64_t>& change_cost,
                  const std::vector<std::string>& missed, std::size_t threads, const py::object& progress) {
  const Day first = to_day(since, "since");
  PySchedule out = self;
  if (result) out.result = result;
  if (!managers.is_none()) out.managers = column_table(managers);
  if (!absences.empty()) out.managers = with_absences(out.managers, absences_from(absences), first);
  ReplanOptions options;
  options.plan = self.solver();
  options.change_cost = change_cost;
  out.known.owners = self.schedule.owners();
  // What was known when the announced plan was made: what happened since does not rename its contacts.
  const auto again = [&](const Control& control) {
    const std::vector<HeldContact> held = held_contacts(self.schedule, out.result->base, first, {}, control);
    for (std::string& id : held_early(held)) out.known.held.push_back(std::move(id));
    const ContactSchedule now =
        out.result->unplanned_schedule(out.managers, self.schedule.period(), self.policy, out.known, control);
    return std::make_shared<const Reschedule>(
        replan_schedule(self.schedule, now, first, options, missed, held, control));
  };
  try {
    out.replanned = long_call(threads, progress, again);
  } catch (const Error& error) {
    if (error.where() != "first_open") throw;
    throw Error(error.code(), error.what(), "since");
  }
  out.schedule = out.replanned->schedule();
  return out;
}

PyTable registry(const PySchedule& self, std::int64_t as_of, const std::optional<ClientBase>& base,
                 std::int32_t days_before, std::int32_t days_after,
                 const std::optional<std::vector<std::string>>& client_outcomes, std::size_t threads) {
  RegistryOptions options;
  options.days_before = days_before;
  options.days_after = days_after;
  options.language = self.language;
  if (client_outcomes) options.client_outcomes = *client_outcomes;
  const ClientBase& of = base ? *base : self.result->base;
  return plain(long_call(threads, py::none(), [&](const Control& control) {
    return registry_of(self.schedule, of, Instant(std::chrono::microseconds(as_of)), options, control);
  }));
}

py::object amount(std::int64_t units) {
  return py::module_::import("decimal").attr("Decimal")(Money::from_units(units).to_text());
}

}  // namespace

void bind_plan(py::module_& module) {
  py::class_<PySchedule> schedule(
      module, "Schedule", "A calendar of contacts, with everything that was refused and why. See Result.schedule().");
  schedule
      .def_property_readonly(
          "period",
          [](const PySchedule& self) {
            const SchedulePeriod period = self.schedule.period();
            return py::make_tuple(from_day(period.first), from_day(period.last));
          },
          "First and last day that are planned.")
      .def_property_readonly("_as_of", [](const PySchedule& self) { return from_day(self.result->as_of); })
      .def_property_readonly(
          "time_zone", [](const PySchedule& self) { return self.schedule.time_zone().name(); },
          "IANA name of the zone whose days are planned.")
      .def_property_readonly(
          "language", [](const PySchedule& self) { return self.language == Language::russian ? "ru" : "en"; },
          "Of purposes, reasons and texts: en or ru.")
      .def(
          "in_language",
          [](const PySchedule& self, const std::string& language) {
            PySchedule out = self;
            out.language = language_from(language);
            return out;
          },
          py::arg("language"), "The same schedule with its words in English (en) or Russian (ru).")
      .def_property_readonly(
          "managers", [](const PySchedule& self) { return plain(self.managers); },
          "The table of managers, as it was given.")
      .def_property_readonly(
          "channels", [](const PySchedule& self) { return self.schedule.channels(); }, "Names of the channels.")
      .def_property_readonly(
          "planned",
          [](const PySchedule& self) {
            return plain(without_gil([&] { return self.schedule.planned(self.language); }));
          },
          "One row per planned contact: id, client, name, manager, channel, topic, purpose, initiative, start, end, "
          "time_zone (the manager's), minutes, value, playbook, reason; by start.")
      .def_property_readonly(
          "refused",
          [](const PySchedule& self) {
            return plain(without_gil([&] { return self.schedule.refused(self.language); }));
          },
          "One row per contact that is not planned: what it was to be, its window, the reason, the same in words, and "
          "by how much it falls short of what its time is worth.")
      .def_property_readonly(
          "prices", [](const PySchedule& self) { return plain(without_gil([&] { return self.schedule.prices(); })); },
          "What one more contact or minute of a manager's day would be worth: manager, day, resource, channel, "
          "capacity, "
          "used, price.")
      .def_property_readonly(
          "owners",
          [](const PySchedule& self) {
            return plain(without_gil([&] { return self.schedule.owners(self.language); }));
          },
          "Who looks after each client, and why: client, manager, reason, text.")
      .def_property_readonly(
          "shortfalls",
          [](const PySchedule& self) { return plain(without_gil([&] { return self.schedule.shortfalls(); })); },
          "Quotas that have fewer contacts than they should: client, playbook, quota, period, least, planned.")
      .def_property_readonly(
          "summary",
          [](const PySchedule& self) {
            return from_json(without_gil([&] { return self.schedule.summary_json(self.language); }));
          },
          "Figures of the plan as a whole.")
      .def(
          "summary_json",
          [](const PySchedule& self) { return without_gil([&] { return self.schedule.summary_json(self.language); }); },
          "The summary as JSON text.")
      .def_property_readonly(
          "notes",
          [](const PySchedule& self) {
            py::list out;
            for (const PlanWords& note : self.schedule.notes()) out.append(note.text(self.language));
            return out;
          },
          "What to know about the plan as a whole.")
      .def_property_readonly(
          "objective", [](const PySchedule& self) { return amount(self.schedule.plan().objective); },
          "What the planned contacts are worth.")
      .def_property_readonly(
          "upper_bound", [](const PySchedule& self) { return amount(self.schedule.plan().upper_bound); },
          "No plan is worth more.")
      .def_property_readonly(
          "gap", [](const PySchedule& self) { return self.schedule.plan().gap(); },
          "What the plan may be short of the best one at most, as a share of the bound.")
      .def_property_readonly(
          "proved", [](const PySchedule& self) { return self.schedule.plan().proved(); }, "Whether no plan is better.")
      .def(
          "__len__", [](const PySchedule& self) { return self.schedule.plan().planned.size(); },
          "How many contacts are planned.")
      .def(
          "check",
          [](const PySchedule& self, std::size_t max_faults) {
            return plain(
                without_gil([&] { return faults_table(self.schedule, check_schedule(self.schedule, max_faults)); }));
          },
          py::kw_only(), py::arg("max_faults") = 100,
          R"doc(Verify the plan by a checker that takes contacts, capacities and rules as the policy was compiled to them,
and nothing of the solver.

Parameters
----------
max_faults : int
    How many faults are listed at most.

Returns
-------
Table
    violation, id, manager, day, text; without rows where the plan keeps every rule.)doc")
      .def(
          "check_summary",
          [](const PySchedule& self) {
            return from_json(without_gil([&] { return check_json(check_schedule(self.schedule, 0)); }));
          },
          R"doc(Verify the plan as :meth:`check` does, and give the figures.

Returns
-------
dict
    faults: how many there are; objective and upper_bound: what the contacts are worth and what the prices prove, worked
    out again; bound_verified: whether the plan's own bound is no less than that; clients_left_open: clients whose limits
    can be kept in too many ways to try, so that upper_bound may be more than the prices prove.)doc")
      .def("_read_back", &read_back, py::arg("planned"), py::arg("refused"), py::arg("prices"), py::arg("objective"),
           py::arg("upper_bound"));

  schedule
      .def_property_readonly(
          "changes",
          [](const PySchedule& self) -> py::object {
            if (!self.replanned) return py::none();
            return py::cast(plain(without_gil([&] { return self.replanned->changes(self.language); })));
          },
          "What differs from the schedule that this one replaces: id, client, change, manager_before, start_before, "
          "manager, start, channel, price, text; None where it replaces none.")
      .def_property_readonly(
          "change_counts",
          [](const PySchedule& self) -> py::object {
            if (!self.replanned) return py::none();
            const Replan& made = self.replanned->replan();
            py::dict counts;
            counts["stayed"] = made.stayed;
            counts["changed"] = made.changed;
            counts["least_changed"] = made.least_changed;
            return counts;
          },
          "How many announced contacts stayed and how many did not, and how few changes are possible at least; None "
          "where the schedule replaces none.")
      .def_property_readonly(
          "change_gap",
          [](const PySchedule& self) -> py::object {
            if (!self.replanned) return py::none();
            return py::float_(self.replanned->replan().gap());
          },
          "What the worth, less the cost of changes, may be short of the best with such changes at most, as a share of "
          "its bound; None where the schedule replaces none.")
      .def_property_readonly(
          "held", [](const PySchedule& self) { return self.known.held; },
          "Ids of contacts of the announced plan that were held before their day, so that they are not planned again.")
      .def("_replan", &replan, py::arg("since"), py::arg("managers"), py::arg("absences"), py::arg("result"),
           py::arg("change_cost"), py::arg("missed"), py::arg("threads"), py::arg("progress"))
      .def("_registry", &registry, py::arg("as_of"), py::arg("base"), py::arg("days_before"), py::arg("days_after"),
           py::arg("client_outcomes"), py::arg("threads"));

  module.def("_make_schedule", &make, py::arg("result"), py::arg("managers"), py::arg("period"), py::arg("holidays"),
             py::arg("policy"), py::arg("as_of"), py::arg("language"), py::arg("owners"), py::arg("held"),
             py::arg("planned"), py::arg("threads"), py::arg("progress"));
  module.def("_plan_schema", [] { return from_json(plan_policy_schema()); });
}

}  // namespace klientela::python
