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

/// \param planned  whether contacts are put on days, or only what could be planned is worked out
PySchedule make(const std::shared_ptr<RunResult>& result, const py::object& managers, const std::string& period,
                const py::object& holidays, const py::object& policy, const py::object& as_of,
                const std::optional<std::string>& language, bool planned, std::size_t threads,
                const py::object& progress) {
  const std::optional<PlanPolicy> choice = plan_from(policy);
  const SchedulePeriod days = SchedulePeriod::parse(period);
  ScheduleKnowledge known;
  if (!holidays.is_none()) known.holidays = HolidayTable::from(column_table(holidays));
  if (!as_of.is_none()) known.as_of = to_day(as_of, "as_of");
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
                     const py::object& prices) {
  const Table of_planned = column_table(planned), of_refused = column_table(refused), of_prices = column_table(prices);
  PySchedule out = self;
  const py::gil_scoped_release release;
  out.schedule = self.schedule.with(self.schedule.plan_of(of_planned, of_refused, of_prices));
  return out;
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
          R"doc(Verify the plan by the checker, which shares nothing with the planner.

Parameters
----------
max_faults : int
    How many faults are listed at most.

Returns
-------
Table
    violation, id, manager, day, text; without rows where the plan keeps every rule.)doc")
      .def("read_back", &read_back, py::arg("planned"), py::arg("refused"), py::arg("prices"),
           R"doc(Give the schedule that tables say, for example ones that were written and edited.

Parameters
----------
planned, refused, prices : table
    As the properties of these names give them; columns that only tell people something may be left out.

Returns
-------
Schedule
    Of the same clients, managers and rules; :meth:`check` says what is wrong with it.

Raises
------
BadDataError
    For an id, manager, channel or day that the schedule does not have, naming table and row.)doc");

  module.def("_make_schedule", &make, py::arg("result"), py::arg("managers"), py::arg("period"), py::arg("holidays"),
             py::arg("policy"), py::arg("as_of"), py::arg("language"), py::arg("planned"), py::arg("threads"),
             py::arg("progress"));
  module.def("_plan_schema", [] { return from_json(plan_policy_schema()); });
}

}  // namespace klientela::python
