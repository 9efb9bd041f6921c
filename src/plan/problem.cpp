// The shape of a plan's problem: checked once, so that everything behind it may rely on it.
#include "klientela/plan/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plan/worth_limits.hpp"

namespace klientela {

namespace {

[[noreturn]] void fail(const std::string& message, std::string where) {
  throw Error(Code::invalid_argument, message, std::move(where));
}

void check_index(std::uint32_t index, std::size_t size, const char* what, std::size_t row, const char* where) {
  if (index >= size)
    fail(fmt::format("{} {} of {} {} does not exist: there are {}", what, index, where, row, size),
         fmt::format("{}[{}]", where, row));
}

void check_profile(std::uint32_t index, std::size_t size, const char* what, std::size_t row, const char* where) {
  if (index != no_profile) check_index(index, size, what, row, where);
}

template <class T>
void check_lengths(const std::vector<std::vector<T>>& profiles, std::size_t days, const char* where) {
  for (std::size_t i = 0; i < profiles.size(); ++i)
    if (profiles[i].size() != days)
      fail(fmt::format("a profile of {} has {} days, and the plan {}", where, profiles[i].size(), days),
           fmt::format("{}[{}]", where, i));
}

void check_days(const PlanProblem& problem) {
  if (problem.days.size() > max_plan_days) fail(fmt::format("a plan has at most {} days", max_plan_days), "days");
  for (std::size_t d = 0; d < problem.days.size(); ++d) {
    if (problem.days[d] < first_day || problem.days[d] >= end_day) fail("a day is out of range", "days");
    if (d > 0 && problem.days[d] <= problem.days[d - 1]) fail("days must ascend", "days");
  }
}

void check_capacities(const PlanProblem& problem) {
  if (problem.channels == 0 || problem.channels > max_plan_channels)
    fail(fmt::format("there must be 1 to {} channels", max_plan_channels), "channels");
  if (problem.managers > 100'000) fail("at most 100000 managers", "managers");
  const std::size_t bins = problem.managers * problem.days.size();
  if (problem.minutes.size() != bins) fail("minutes must have one number per manager and day", "minutes");
  if (!problem.contacts.empty() && problem.contacts.size() != bins * problem.channels)
    fail("contacts must have one number per manager, day and channel, or none at all", "contacts");
  for (const std::int32_t minutes : problem.minutes)
    if (minutes < 0 || minutes > max_day_minutes)
      fail(fmt::format("minutes of a day must be 0 to {}", max_day_minutes), "minutes");
  for (const std::int32_t contacts : problem.contacts)
    if (contacts < 0) fail("contacts must not be negative", "contacts");
  for (std::size_t i = 0; i < problem.shifts.size(); ++i) {
    const PlanShift& shift = problem.shifts[i];
    check_index(shift.manager, problem.managers, "manager", i, "shifts");
    check_index(shift.day, problem.days.size(), "day", i, "shifts");
    if (shift.span.from < 0 || shift.span.to > max_day_minutes || shift.span.from >= shift.span.to)
      fail(fmt::format("a shift must lie within minutes 0 to {} and end after it begins", max_day_minutes),
           fmt::format("shifts[{}]", i));
    if (i == 0) continue;
    const PlanShift& before = problem.shifts[i - 1];
    if (std::pair(before.manager, before.day) > std::pair(shift.manager, shift.day))
      fail("shifts must be in order of manager, day and from", fmt::format("shifts[{}]", i));
    if (before.manager == shift.manager && before.day == shift.day && before.span.to > shift.span.from)
      fail("shifts of one manager and day must not overlap", fmt::format("shifts[{}]", i));
  }
}

void check_clients(const PlanProblem& problem) {
  for (std::size_t i = 0; i < problem.pools.size(); ++i)
    for (std::size_t k = 0; k < problem.pools[i].size(); ++k) {
      check_index(problem.pools[i][k], problem.managers, "manager", i, "pools");
      if (k > 0 && problem.pools[i][k] <= problem.pools[i][k - 1])
        fail("managers of a pool must ascend", fmt::format("pools[{}]", i));
    }
  check_lengths(problem.hours, problem.days.size(), "hours");
  check_lengths(problem.preferences, problem.days.size(), "preferences");
  for (std::size_t i = 0; i < problem.limits.size(); ++i)
    for (const RollingLimit& limit : problem.limits[i])
      if (limit.contacts < 0 || limit.days < 1 || limit.days > 1000)
        fail("a rolling limit has at least 0 contacts in 1 to 1000 days", fmt::format("limits[{}]", i));
  for (std::size_t i = 0; i < problem.clients.size(); ++i) {
    check_profile(problem.clients[i].consents, problem.consents.size(), "profile of consents", i, "clients");
    check_profile(problem.clients[i].limits, problem.limits.size(), "profile of limits", i, "clients");
  }
  for (std::size_t i = 0; i < problem.past.size(); ++i) {
    const PastContact& past = problem.past[i];
    check_index(past.client, problem.clients.size(), "client", i, "past");
    check_index(past.channel, problem.channels, "channel", i, "past");
    if (past.day < first_day || past.day >= end_day)
      fail("a past contact must lie in the years 1900 to 2199", fmt::format("past[{}]", i));
    if (i > 0 && std::pair(past.client, past.day) < std::pair(problem.past[i - 1].client, problem.past[i - 1].day))
      fail("past contacts must be in order of client and day", fmt::format("past[{}]", i));
  }
}

constexpr std::int64_t most = 1'000'000'000'000'000;  // that a touch or a day of it is worth, in units
constexpr double most_in_all = 4e18;

/// So many times the largest worth is more than any sum that the planner forms: prices never exceed it.
double sum_of_capacities(const PlanProblem& problem) {
  double capacity = static_cast<double>(problem.touches.size()) + 1;
  for (const std::int32_t minutes : problem.minutes) capacity += 2.0 * minutes;
  const double contacts_of_channels = static_cast<double>(problem.touches.size());
  for (const std::int32_t contacts : problem.contacts) capacity += std::min<double>(contacts, contacts_of_channels);
  return capacity;
}

/// Past contacts lie before everything that is planned for their client.
void check_past(const PlanProblem& problem) {
  if (problem.days.empty()) return;
  std::size_t touch = 0;
  for (std::size_t i = 0; i < problem.past.size(); ++i) {
    const PastContact& past = problem.past[i];
    if (past.day < problem.days.front()) continue;
    const std::vector<PlanTouch>& touches = problem.touches;
    while (touch < touches.size() && touches[touch].client < past.client) ++touch;
    for (std::size_t t = touch; t < touches.size() && touches[t].client == past.client; ++t)
      if (touches[t].first <= past.day)
        fail("a past contact must lie before the plan's first day, or before the windows of its client's touches",
             fmt::format("past[{}]", i));
  }
}

void check_touches(const PlanProblem& problem) {
  std::int64_t largest = 0, best_day = 0;
  for (const std::vector<std::int64_t>& profile : problem.preferences)
    for (const std::int64_t value : profile) {
      if (value < -most || value > most) fail("a preference must lie within ±1e15 units", "preferences");
      best_day = std::max(best_day, value);
    }
  for (std::size_t i = 0; i < problem.touches.size(); ++i) {
    const PlanTouch& touch = problem.touches[i];
    check_index(touch.client, problem.clients.size(), "client", i, "touches");
    check_index(touch.pool, problem.pools.size(), "pool", i, "touches");
    check_profile(touch.hours, problem.hours.size(), "profile of hours", i, "touches");
    check_profile(touch.preference, problem.preferences.size(), "preference", i, "touches");
    const std::uint32_t consents = problem.clients[touch.client].consents;
    if (consents != no_profile) check_index(touch.purpose, problem.consents[consents].size(), "purpose", i, "touches");
    if (touch.minutes < 1 || touch.minutes > max_day_minutes)
      fail(fmt::format("a touch takes 1 to {} minutes", max_day_minutes), fmt::format("touches[{}]", i));
    if (touch.gap_days < 0 || touch.gap_days > 1000) fail("a gap has 0 to 1000 days", fmt::format("touches[{}]", i));
    if (touch.value < -most || touch.value > most)
      fail("a value must lie within ±1e15 units", fmt::format("touches[{}]", i));
    if (i > 0 && touch.client < problem.touches[i - 1].client)
      fail("touches must be in order of their clients", fmt::format("touches[{}]", i));
    largest = std::max(largest, touch.value);
  }
  if (sum_of_capacities(problem) * static_cast<double>(largest + best_day) > most_in_all)
    throw Error(Code::overflow, "values times touches and capacities might not fit int64: take smaller values",
                "touches");
}

}  // namespace

void PlanProblem::check() const {
  check_days(*this);
  check_capacities(*this);
  check_clients(*this);
  check_touches(*this);
  check_past(*this);
}

std::int64_t planning::largest_bonus(const PlanProblem& problem) {
  std::int64_t largest = 0, best_day = 0;
  for (const PlanTouch& touch : problem.touches) largest = std::max(largest, touch.value);
  for (const std::vector<std::int64_t>& profile : problem.preferences)
    for (const std::int64_t value : profile) best_day = std::max(best_day, value);
  const auto in_all = static_cast<std::int64_t>(0.999 * most_in_all / sum_of_capacities(problem));
  return std::min(most - best_day, in_all - largest - best_day);
}

std::int64_t contacts_that_fit(const PlanProblem& problem, std::size_t manager, std::size_t day, std::int32_t minutes) {
  if (minutes < 1) return 0;
  const auto [begin, end] = std::equal_range(
      problem.shifts.begin(), problem.shifts.end(),
      PlanShift{static_cast<std::uint32_t>(manager), static_cast<std::uint32_t>(day), {}},
      [](const PlanShift& a, const PlanShift& b) { return std::pair(a.manager, a.day) < std::pair(b.manager, b.day); });
  std::int64_t fit = 0;
  for (auto shift = begin; shift != end; ++shift) fit += (shift->span.to - shift->span.from) / minutes;
  return std::min<std::int64_t>(fit, problem.minutes[problem.bin(manager, day)] / minutes);
}

}  // namespace klientela
