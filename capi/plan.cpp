// C ABI of plan: schedules made of a run, told as tables, checked, and read back.
#include "klientela/pipeline/run.hpp"
#include "klientela/plan/plan_faults.hpp"
#include "klientela/plan/plan_json.hpp"

#include "call_guard.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

const ContactSchedule& schedule_of(const klt_schedule* schedule) { return need(schedule, "schedule").schedule; }

/// \throws Error not_found for a schedule that replaces no other one
const Replan& replan_of(const klt_schedule* schedule) {
  const klt_schedule& given = need(schedule, "schedule");
  if (!given.replanned) throw Error(Code::not_found, "this schedule replaces no other one", "schedule");
  return given.replanned->replan();
}

std::int32_t day_number(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }

/// The JSON of the policy's part, checked. \throws Error bad_policy
std::optional<PlanPolicy> plan_of(const char* json) {
  if (json == nullptr) return std::nullopt;
  auto plan = plan_policy_from_json(need_text(json, "options.plan"), "/plan");
  if (!plan) throw Error(Code::bad_policy, "/plan: a schedule needs a policy that plans", "/plan");
  return plan;
}

/// Texts of a list. \throws Error invalid_argument naming the list
std::vector<std::string> texts_of(const char* const* texts, std::size_t count, const char* argument) {
  std::vector<std::string> out;
  if (count > 0) need(texts, argument);
  for (std::size_t i = 0; i < count; ++i) out.emplace_back(need_text(texts[i], argument));
  return out;
}

}  // namespace

extern "C" {

klt_status klt_schedule_new(klt_context* context, const klt_result* result, const klt_table* managers,
                            const char* period, const klt_schedule_options* options, klt_schedule** out) {
  return guard(context, [&] {
    const RunResult& run = *need(result, "result").run;
    const Table& table = need(managers, "managers").table;
    const std::string_view text = need_text(period, "period");
    need(out, "out");
    const klt_schedule_options given = read_struct(options, KLT_SCHEDULE_OPTIONS_INIT, "options");
    const SchedulePeriod days = SchedulePeriod::parse(text);
    std::optional<PlanPolicy> plan = plan_of(given.plan);
    ScheduleKnowledge known;
    if (given.holidays != nullptr) known.holidays = HolidayTable::from(given.holidays->table);
    known.as_of = day_or_none(given.as_of, "options.as_of");
    if (given.owners != nullptr) known.owners = given.owners->table;
    const Running call(*context);
    ContactSchedule made = run.schedule(table, days, plan, known, call.control());
    give(out, std::move(made), std::move(plan), std::move(known));
  });
}

void klt_schedule_free(klt_schedule* schedule) { delete schedule; }

int32_t klt_schedule_first_day(const klt_schedule* schedule) {
  return schedule != nullptr ? day_number(schedule->schedule.period().first) : 0;
}

int32_t klt_schedule_last_day(const klt_schedule* schedule) {
  return schedule != nullptr ? day_number(schedule->schedule.period().last) : 0;
}

size_t klt_schedule_planned_count(const klt_schedule* schedule) {
  return schedule != nullptr ? schedule->schedule.plan().planned.size() : 0;
}

size_t klt_schedule_refused_count(const klt_schedule* schedule) {
  return schedule != nullptr ? schedule->schedule.plan().refused.size() : 0;
}

klt_status klt_schedule_objective(klt_context* context, const klt_schedule* schedule, int64_t* out) {
  return guard(context, [&] {
    const ContactPlan& plan = schedule_of(schedule).plan();
    need(out, "out") = plan.objective;
  });
}

klt_status klt_schedule_upper_bound(klt_context* context, const klt_schedule* schedule, int64_t* out) {
  return guard(context, [&] {
    const ContactPlan& plan = schedule_of(schedule).plan();
    need(out, "out") = plan.upper_bound;
  });
}

klt_status klt_schedule_gap(klt_context* context, const klt_schedule* schedule, double* out) {
  return guard(context, [&] {
    const ContactPlan& plan = schedule_of(schedule).plan();
    need(out, "out") = plan.gap();
  });
}

klt_status klt_schedule_planned(klt_context* context, const klt_schedule* schedule, klt_language language,
                                klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, given.planned(need_language(language)));
  });
}

klt_status klt_schedule_refused(klt_context* context, const klt_schedule* schedule, klt_language language,
                                klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, given.refused(need_language(language)));
  });
}

klt_status klt_schedule_prices(klt_context* context, const klt_schedule* schedule, klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, given.prices());
  });
}

klt_status klt_schedule_owners(klt_context* context, const klt_schedule* schedule, klt_language language,
                               klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, given.owners(need_language(language)));
  });
}

klt_status klt_schedule_shortfalls(klt_context* context, const klt_schedule* schedule, klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, given.shortfalls());
  });
}

klt_status klt_schedule_notes(klt_context* context, const klt_schedule* schedule, klt_language language,
                              klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    const Language said = need_language(language);
    std::vector<std::string> notes;
    for (const PlanWords& note : given.notes()) notes.push_back(note.text(said));
    give(out, Table({Column("note", notes)}));
  });
}

klt_status klt_schedule_summary(klt_context* context, const klt_schedule* schedule, klt_language language,
                                klt_string** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, given.summary_json(need_language(language)));
  });
}

klt_status klt_schedule_check(klt_context* context, const klt_schedule* schedule, size_t max_faults, klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, faults_table(given, check_schedule(given, max_faults)));
  });
}

klt_status klt_schedule_check_summary(klt_context* context, const klt_schedule* schedule, klt_string** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    need(out, "out");
    give(out, check_json(check_schedule(given, 0)));
  });
}

klt_status klt_schedule_read_back(klt_context* context, const klt_schedule* schedule, const klt_table* planned,
                                  const klt_table* refused, const klt_table* prices, klt_schedule** out) {
  return guard(context, [&] {
    const klt_schedule& given = need(schedule, "schedule");
    const Table& of_planned = need(planned, "planned").table;
    const Table& of_refused = need(refused, "refused").table;
    const Table& of_prices = need(prices, "prices").table;
    need(out, "out");
    give(out, given.schedule.read_back(of_planned, of_refused, of_prices), given.plan, given.known);
  });
}

klt_status klt_schedule_replan(klt_context* context, const klt_schedule* schedule, const klt_result* result,
                               const klt_table* managers, int32_t first_open, const klt_replan_options* options,
                               klt_schedule** out) {
  return guard(context, [&] {
    const klt_schedule& announced = need(schedule, "schedule");
    const RunResult& run = *need(result, "result").run;
    const Table& table = need(managers, "managers").table;
    need(out, "out");
    const Day first = need_day(first_open, "first_open");
    const klt_replan_options given = read_struct(options, KLT_REPLAN_OPTIONS_INIT, "options");
    if (given.change_cost < -1)
      throw Error(Code::invalid_argument, "options.change_cost must be at least 0, or -1", "options.change_cost");
    const std::vector<std::string> missed = texts_of(given.missed, given.missed_count, "options.missed");
    ReplanOptions how;
    how.plan = announced.plan                   ? announced.plan->solver
               : run.policy && run.policy->plan ? run.policy->plan->solver
                                                : PlanOptions();
    if (given.change_cost >= 0) how.change_cost = given.change_cost;
    const Running call(*context);
    ScheduleKnowledge known = announced.known;
    known.owners = announced.schedule.owners();
    const std::vector<HeldContact> held = held_contacts(announced.schedule, run.base, first, {}, call.control());
    for (std::string& id : held_early(held)) known.held.push_back(std::move(id));
    const ContactSchedule now =
        run.unplanned_schedule(table, announced.schedule.period(), announced.plan, known, call.control());
    auto made = std::make_shared<const Reschedule>(
        replan_schedule(announced.schedule, now, first, how, missed, held, call.control()));
    give(out, made->schedule(), announced.plan, std::move(known), made);
  });
}

klt_status klt_schedule_changes(klt_context* context, const klt_schedule* schedule, klt_language language,
                                klt_table** out) {
  return guard(context, [&] {
    const klt_schedule& given = need(schedule, "schedule");
    need(out, "out");
    const Language said = need_language(language);
    if (!given.replanned) throw Error(Code::not_found, "this schedule replaces no other one", "schedule");
    give(out, given.replanned->changes(said));
  });
}

klt_status klt_schedule_change_counts(klt_context* context, const klt_schedule* schedule, size_t* stayed,
                                      size_t* changed, size_t* least_changed) {
  return guard(context, [&] {
    const Replan& made = replan_of(schedule);
    std::size_t &same = need(stayed, "stayed"), &other = need(changed, "changed");
    need(least_changed, "least_changed") = made.least_changed;
    same = made.stayed;
    other = made.changed;
  });
}

klt_status klt_schedule_change_gap(klt_context* context, const klt_schedule* schedule, double* out) {
  return guard(context, [&] {
    const Replan& made = replan_of(schedule);
    need(out, "out") = made.gap();
  });
}

klt_status klt_schedule_registry(klt_context* context, const klt_schedule* schedule, const klt_base* base,
                                 int64_t as_of, klt_language language, const klt_schedule_registry_options* options,
                                 klt_table** out) {
  return guard(context, [&] {
    const ContactSchedule& given = schedule_of(schedule);
    const ClientBase& of = need(base, "base").base;
    need(out, "out");
    const Instant until{std::chrono::microseconds{as_of}};
    if (until < Instant{first_day} || until >= Instant{end_day})
      throw Error(Code::out_of_range, "as_of lies outside the years 1900 to 2199", "as_of");
    const klt_schedule_registry_options choice = read_struct(options, KLT_SCHEDULE_REGISTRY_OPTIONS_INIT, "options");
    RegistryOptions how;
    how.days_before = choice.days_before;
    how.days_after = choice.days_after;
    how.language = need_language(language);
    if (choice.client_outcomes != nullptr)
      how.client_outcomes = texts_of(choice.client_outcomes, choice.client_outcome_count, "options.client_outcomes");
    const Running call(*context);
    give(out, registry_of(given, of, until, how, call.control()));
  });
}

}  // extern "C"
