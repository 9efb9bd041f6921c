// Schedules: compiled and planned, told apart by their ids, and read back from their tables.
#include "klientela/plan/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <unordered_map>

#include "klientela/plan/batching.hpp"
#include "klientela/plan/check.hpp"
#include "plan/outcome.hpp"
#include "plan/policy_check.hpp"
#include "plan/schedule_data.hpp"
#include "plan/touch_order.hpp"

namespace klientela {
namespace {

/// A part of an id: '/' would end it.
std::string part_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

[[noreturn]] void fail(const char* table, std::size_t row, const char* column, const std::string& message) {
  throw Error(Code::bad_data, fmt::format("{}, row {}, column {}: {}", table, row + 1, column, message),
              fmt::format("{}.{}", table, column));
}

Refusal refusal_named(std::string_view text, std::size_t row) {
  for (int r = 0; r <= static_cast<int>(Refusal::other_touches); ++r)
    if (name(static_cast<Refusal>(r)) == text) return static_cast<Refusal>(r);
  fail("refused", row, "reason", fmt::format("\"{}\" is no reason", text));
}

/// Pointer of what asks for a contact.
std::string pointer_of(const planning::Activity& activity) {
  switch (activity.asked_by) {
    case planning::AskedBy::care: return fmt::format("/plan/care/{}/contact", activity.part);
    case planning::AskedBy::survey: return fmt::format("/plan/surveys/{}/contact", activity.part);
    case planning::AskedBy::campaign: return fmt::format("/plan/campaigns/{}/contact", activity.part);
    case planning::AskedBy::revisit: return "/plan/revisits/contact";
    case planning::AskedBy::playbook: break;
  }
  return fmt::format("/plan/playbooks/{}/quotas/{}", activity.part, activity.quota);
}

/// Plans touches that were refused.
void add_rows(const PlanProblem& problem, const std::vector<PlannedTouch>& found, ContactPlan& plan) {
  if (found.empty()) return;
  std::vector<bool> clients(problem.clients.size());
  for (const PlannedTouch& row : found) {
    const PlanTouch& touch = problem.touches[row.touch];
    clients[touch.client] = true;
    plan.objective +=
        touch.value + (touch.preference == no_profile ? 0 : problem.preferences[touch.preference][row.day]);
  }
  const auto by_touch = [](const auto& a, const auto& b) { return a.touch < b.touch; };
  std::erase_if(plan.refused, [&](const RefusedTouch& row) {
    return std::binary_search(found.begin(), found.end(), PlannedTouch{row.touch}, by_touch);
  });
  plan.planned.insert(plan.planned.end(), found.begin(), found.end());
  std::sort(plan.planned.begin(), plan.planned.end(), by_touch);
  planning::retell_refused(problem, clients, plan);
}

}  // namespace

void planning::check_values(const ContactSchedule::Data& data) {
  const std::vector<PlanTouch>& touches = data.problem.touches;
  try {
    data.problem.check();
  } catch (const Error& error) {
    if (!error.where().starts_with("touches") || touches.empty()) throw;
    const auto most = std::max_element(touches.begin(), touches.end(),
                                       [](const PlanTouch& a, const PlanTouch& b) { return a.value < b.value; });
    const auto touch = static_cast<std::size_t>(most - touches.begin());
    const std::string pointer = pointer_of(data.activities[data.activity_of(touch)]) + "/value";
    throw Error(Code::bad_policy,
                fmt::format("{}: a contact with client {} is worth {}, which is too much beside so many contacts: {}",
                            pointer, data.clients.to_text(data.client_rows[most->client]),
                            Money::from_units(most->value).to_text(), error.what()),
                pointer);
  }
}

std::string planning::contact_id(std::string_view client, std::string_view name, std::string_view quota,
                                 std::string_view period, std::int32_t number) {
  return fmt::format("{}/{}/{}/{}/{}", part_of(client), part_of(name), part_of(quota), part_of(period), number);
}

std::string planning::client_part(std::string_view client) { return part_of(client); }

const PlanQuota& ContactSchedule::Data::quota_of(const planning::Activity& activity) const {
  switch (activity.asked_by) {
    case planning::AskedBy::care: return policy.care[activity.part].contact;
    case planning::AskedBy::survey: return policy.surveys[activity.part].contact;
    case planning::AskedBy::campaign: return policy.campaigns[activity.part].contact;
    case planning::AskedBy::revisit: return policy.revisits->contact;
    case planning::AskedBy::playbook: break;
  }
  return policy.playbooks[activity.part].quotas[activity.quota];
}

std::string ContactSchedule::Data::id_of(std::size_t touch) const {
  const planning::Activity& activity = activities[activity_of(touch)];
  return planning::contact_id(clients.to_text(client_rows[problem.touches[touch].client]), activity.name,
                              activity.quota_id, activity.period,
                              activity.skip + static_cast<std::int32_t>(origins[touch].number) + 1);
}

const PlanProblem& ContactSchedule::problem() const noexcept { return data_->problem; }
SchedulePeriod ContactSchedule::period() const noexcept { return data_->period; }
const TimeZone& ContactSchedule::time_zone() const noexcept { return data_->zone; }
const std::vector<PlanManager>& ContactSchedule::managers() const noexcept { return data_->managers; }
const std::vector<std::string>& ContactSchedule::channels() const noexcept { return data_->channels; }
const std::vector<PlanWords>& ContactSchedule::notes() const noexcept { return data_->notes; }

std::string ContactSchedule::id(std::size_t touch) const {
  if (touch >= data_->problem.touches.size())
    throw Error(Code::out_of_range, fmt::format("there is no touch {}", touch), "touch");
  return data_->id_of(touch);
}

ContactSchedule ContactSchedule::with(ContactPlan plan) const {
  std::vector<planning::DatedTouch> days;
  for (const PlannedTouch& row : plan.planned)
    if (row.touch < data_->problem.touches.size() && row.day < data_->problem.days.size())
      days.push_back({row.touch, data_->problem.days[row.day]});
  std::sort(days.begin(), days.end(), [](const auto& a, const auto& b) { return a.touch < b.touch; });
  const std::optional<planning::TouchOrder> order = planning::ordered_by(data_, days);
  if (!order) return {data_, std::move(plan)};
  planning::rename_touches(order->place, plan);
  planning::retell_refused(order->data->problem, planning::clients_reordered(*order), plan);
  plan.upper_bound = check_plan(order->data->problem, plan, 0).upper_bound;
  return {order->data, std::move(plan)};
}

ContactPlan ContactSchedule::plan_of(const Table& planned, const Table& refused, const Table& prices,
                                     const PlanFigures& said) const {
  const PlanProblem& problem = data_->problem;
  std::unordered_map<std::string, std::uint32_t> touches;
  touches.reserve(problem.touches.size());
  for (std::uint32_t t = 0; t < problem.touches.size(); ++t) touches.emplace(data_->id_of(t), t);
  std::unordered_map<std::string, std::uint32_t> managers;
  for (std::uint32_t m = 0; m < data_->managers.size(); ++m) managers.emplace(data_->managers[m].id, m);

  const auto touch_at = [&](const Column& ids, const char* table, std::size_t row) {
    const auto found = touches.find(ids.to_text(row));
    if (found == touches.end())
      fail(table, row, "id", fmt::format("no contact of the plan has the id \"{}\"", ids.to_text(row)));
    return found->second;
  };
  // Who is there no more, and what: the number behind the last one, which the checker lists.
  const auto manager_at = [&](const Column& column, std::size_t row) {
    const auto found = managers.find(column.to_text(row));
    return found == managers.end() ? static_cast<std::uint32_t>(problem.managers) : found->second;
  };
  const auto channel_at = [&](const Column& column, std::size_t row) {
    return static_cast<std::uint32_t>(planning::find_channel(data_->policy, column.to_text(row)));
  };
  const auto day_at = [&](Day day) {
    const auto found = std::lower_bound(problem.days.begin(), problem.days.end(), day);
    const bool there = found != problem.days.end() && *found == day;
    return static_cast<std::uint32_t>(there ? found - problem.days.begin()
                                            : static_cast<std::ptrdiff_t>(problem.days.size()));
  };
  const auto typed = [](const Table& table, const char* of, const char* column, ColumnType type) -> const Column& {
    const Column& found = table.column(column);
    if (found.type() != type)
      throw Error(Code::bad_data,
                  fmt::format("{}: column {} holds {}, not {}", of, column, name(found.type()), name(type)),
                  fmt::format("{}.{}", of, column));
    return found;
  };

  ContactPlan plan;
  {
    const Column &ids = planned.column("id"), &by = planned.column("manager"), &channel = planned.column("channel");
    const Column& start = typed(planned, "planned", "start", ColumnType::instant);
    const Column *clients = planned.find("client"), *minutes = planned.find("minutes");
    const auto same = [&](const Column* given, const char* column, std::size_t row, const std::string& text) {
      if (given != nullptr && !given->is_null(row) && given->to_text(row) != text)
        fail("planned", row, column,
             fmt::format("\"{}\" stands beside the contact {}, of which it is {}", given->to_text(row),
                         ids.to_text(row), text));
    };
    for (std::size_t row = 0; row < planned.rows(); ++row) {
      if (start.is_null(row)) fail("planned", row, "start", "a planned contact needs a start");
      const Instant at{std::chrono::microseconds{start.values<std::int64_t>()[row]}};
      const Day day = data_->zone.day_of(at);
      const auto since = at - data_->zone.start_of(day);
      const auto whole = std::chrono::floor<std::chrono::minutes>(since);
      if (whole != since) fail("planned", row, "start", "contacts begin on whole minutes");
      plan.planned.push_back({touch_at(ids, "planned", row), manager_at(by, row), day_at(day), channel_at(channel, row),
                              static_cast<std::int32_t>(whole.count())});
      const PlannedTouch& touch = plan.planned.back();
      const PlanTouch& asked = problem.touches[touch.touch];
      same(clients, "client", row, data_->clients.to_text(data_->client_rows[asked.client]));
      same(minutes, "minutes", row, std::to_string(asked.minutes));
      const bool extra_known = asked.preference != no_profile && touch.day < problem.days.size();
      const std::int64_t extra = extra_known ? problem.preferences[asked.preference][touch.day] : 0;
      if (__builtin_add_overflow(plan.objective, asked.value + extra, &plan.objective))
        fail("planned", row, "id", "the contacts up to here are worth more than can be counted");
    }
    std::sort(plan.planned.begin(), plan.planned.end(), [](const auto& a, const auto& b) { return a.touch < b.touch; });
  }
  {
    const Column &ids = refused.column("id"), &reason = refused.column("reason");
    const Column& surplus = typed(refused, "refused", "surplus", ColumnType::money);
    for (std::size_t row = 0; row < refused.rows(); ++row)
      plan.refused.push_back({touch_at(ids, "refused", row), refusal_named(reason.to_text(row), row),
                              surplus.is_null(row) ? no_surplus : surplus.values<std::int64_t>()[row]});
    std::sort(plan.refused.begin(), plan.refused.end(), [](const auto& a, const auto& b) { return a.touch < b.touch; });
  }
  plan.prices.slot.assign(problem.minutes.size(), 0);
  plan.prices.minute.assign(problem.minutes.size(), 0);
  plan.prices.contact.assign(problem.contacts.size(), 0);
  const Column &by = prices.column("manager"), &resource = prices.column("resource"),
               &channel = prices.column("channel");
  const Column& day = typed(prices, "prices", "day", ColumnType::day);
  const Column& price = typed(prices, "prices", "price", ColumnType::money);
  for (std::size_t row = 0; row < prices.rows(); ++row) {
    const std::uint32_t m = manager_at(by, row);
    const std::uint32_t d = day_at(Day{std::chrono::days{day.is_null(row) ? 0 : day.values<std::int32_t>()[row]}});
    const std::int64_t value = price.is_null(row) ? 0 : price.values<std::int64_t>()[row];
    const std::string of = resource.to_text(row);
    if (of != "slot" && of != "minute" && of != "contact")
      fail("prices", row, "resource", fmt::format("\"{}\" is neither slot, minute nor contact", of));
    if (m >= problem.managers || d >= problem.days.size()) continue;  // capacity that is there no more has no price
    if (of == "slot") {
      plan.prices.slot[problem.bin(m, d)] = value;
    } else if (of == "minute") {
      plan.prices.minute[problem.bin(m, d)] = value;
    } else if (const std::uint32_t c = channel_at(channel, row); !problem.contacts.empty() && c < problem.channels) {
      plan.prices.contact[problem.channel_bin(m, d, c)] = value;
    }
  }
  if (said.objective) plan.objective = *said.objective;
  plan.upper_bound = said.upper_bound ? *said.upper_bound : check_plan(problem, plan, 0).upper_bound;
  return plan;
}

ContactSchedule ContactSchedule::read_back(const Table& planned, const Table& refused, const Table& prices,
                                           const PlanFigures& said) const {
  ContactSchedule made = with(plan_of(planned, refused, prices, said));
  if (said.upper_bound) made.plan_.upper_bound = *said.upper_bound;  // also where the order is another one
  return made;
}

ContactSchedule compile_schedule(const ClientBase& base, const Table& classified, const Table& managers,
                                 const PlanPolicy& policy, SchedulePeriod period, const ScheduleKnowledge& known,
                                 const Control& control) {
  std::shared_ptr<const ContactSchedule::Data> data =
      planning::compile(base, classified, managers, policy, period, known, control);
  planning::check_values(*data);
  return {std::move(data), {}};
}

ContactSchedule plan_schedule(const ContactSchedule& compiled, const PlanOptions& options, const Control& control) {
  ContactPlan plan = plan_contacts(compiled.problem(), options, control);
  const std::vector<std::uint32_t>& regions = compiled.data().regions;
  if (!regions.empty()) order_by_region(compiled.problem(), regions, plan);
  add_rows(compiled.problem(), planning::found_in_other_turns(compiled.data(), plan, Day::min(), {}, control), plan);
  return compiled.with(std::move(plan));
}

ContactSchedule make_schedule(const ClientBase& base, const Table& classified, const Table& managers,
                              const PlanPolicy& policy, SchedulePeriod period, const ScheduleKnowledge& known,
                              const Control& control) {
  return plan_schedule(compile_schedule(base, classified, managers, policy, period, known, control), policy.solver,
                       control);
}

PlanCheck check_schedule(const ContactSchedule& schedule, std::size_t max_faults) {
  return check_plan(schedule.problem(), schedule.plan(), max_faults);
}

}  // namespace klientela
