// Small problems for the tests of contact plans: one worked out by hand, and random ones with an exhaustive reference.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "klientela/plan/check.hpp"
#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela::sample {

/// What the checker finds, a line each; empty where a plan is right.
inline std::string faults(const PlanProblem& problem, const ContactPlan& plan) {
  std::string text;
  for (const PlanFault& fault : check_plan(problem, plan).faults)
    text += std::string(name(fault.violation)) + ": " + fault.text + '\n';
  return text;
}

/// The n-th day of the plans: Monday, 2026-11-30, is day 0; weekends are left out.
inline Day plan_day(int n) { return Day{std::chrono::year{2026} / 11 / 30} + std::chrono::days{n / 5 * 7 + n % 5}; }

/// Managers who work from nine to twelve and from one to five (minutes 540 to 720 and 780 to 1020) on so many days.
inline PlanProblem empty_plan(std::size_t managers, int days, std::size_t channels = 2) {
  PlanProblem problem;
  problem.managers = managers;
  problem.channels = channels;
  for (int d = 0; d < days; ++d) problem.days.push_back(plan_day(d));
  problem.minutes.assign(managers * problem.days.size(), 420);
  for (std::uint32_t m = 0; m < managers; ++m) {
    for (std::uint32_t d = 0; d < problem.days.size(); ++d)
      for (const MinuteSpan span : {MinuteSpan{540, 720}, MinuteSpan{780, 1020}})
        problem.shifts.push_back({m, d, span});
    problem.pools.push_back({m});
  }
  return problem;
}

inline PlanTouch touch_of(std::uint32_t client, std::int64_t value, int first, int last, std::int32_t minutes = 30) {
  PlanTouch touch;
  touch.client = client;
  touch.minutes = minutes;
  touch.value = value;
  touch.first = plan_day(first);
  touch.last = plan_day(last);
  return touch;
}

/// Random problems small enough to try everything; `coupled` with gaps, limits, pools, several lengths and past
/// contacts.
inline PlanProblem random_plan(std::uint64_t seed, bool coupled) {
  std::mt19937_64 random(seed);
  const auto up_to = [&](std::uint64_t n) { return static_cast<std::uint32_t>(random() % (n + 1)); };
  PlanProblem problem = empty_plan(1 + up_to(1), 2 + static_cast<int>(up_to(2)), 2);
  const auto days = static_cast<std::uint32_t>(problem.days.size());
  for (std::int32_t& minutes : problem.minutes) minutes = static_cast<std::int32_t>(30 * up_to(3));
  if (problem.managers == 2) problem.pools.push_back({0, 1});
  problem.pools.push_back({});
  for (int p = 0; p < 3; ++p) {
    std::vector<std::int64_t> profile;
    for (std::uint32_t d = 0; d < days; ++d) profile.push_back(static_cast<std::int64_t>(up_to(60)) - 30);
    problem.preferences.push_back(profile);
  }
  problem.consents = {{3, 1}, {0, 2}};
  problem.limits = {{{1, 2, any_channel}}, {{2, 3, any_channel}}, {{1, 4, 2}, {2, 5, any_channel}}};
  if (coupled && up_to(1) == 0)
    for (std::size_t i = 0; i < problem.minutes.size() * 2; ++i)
      problem.contacts.push_back(static_cast<std::int32_t>(up_to(2)));
  const std::uint32_t clients = 2 + up_to(2);
  for (std::uint32_t client = 0; client < clients; ++client) {
    PlanClient one;
    if (up_to(2) == 0) one.consents = up_to(1);
    if (coupled) {
      if (up_to(1) == 0) one.limits = up_to(2);
      one.one_manager = up_to(3) == 0;
      if (up_to(2) == 0) problem.past.push_back({client, up_to(1), plan_day(0) - std::chrono::days{1 + up_to(3)}});
    }
    problem.clients.push_back(one);
    const std::uint32_t touches = 1 + up_to(1);
    for (std::uint32_t t = 0; t < touches; ++t) {
      const std::uint32_t first = coupled ? up_to(days - 1) : t * days / touches;
      const std::uint32_t last = coupled ? first + up_to(days - 1 - first) : (t + 1) * days / touches - 1;
      PlanTouch touch = touch_of(client, 20 + up_to(100), static_cast<int>(first), static_cast<int>(last));
      if (!coupled && days < touches) touch.last = touch.first;
      touch.pool = up_to(problem.pools.size() - (up_to(5) == 0 ? 1 : 2));
      touch.channels = 1 + up_to(2);
      touch.purpose = up_to(1);
      if (up_to(1) == 0) touch.preference = up_to(2);
      if (coupled) {
        touch.minutes = static_cast<std::int32_t>(15 * (1 + up_to(3)));
        touch.gap_days = static_cast<std::int32_t>(up_to(2));
      }
      problem.touches.push_back(touch);
    }
  }
  return problem;
}

/// The best plan by trying every day, manager and channel of every touch, start times within the day aside.
class Exhaustive {
 public:
  /// What a touch is worth beside by a manager, on a day, by a channel.
  using Bonus =
      std::function<std::int64_t(std::size_t touch, std::uint32_t manager, std::size_t day, std::uint32_t channel)>;
  explicit Exhaustive(const PlanProblem& problem, Bonus bonus = {})
      : problem_(problem), bonus_(std::move(bonus)), minutes_(problem.minutes), contacts_(problem.contacts) {}
  std::int64_t best() {
    go(0, 0);
    return best_;
  }

 private:
  struct Contact {
    std::uint32_t client;
    Day day;
    std::uint32_t channel;
    std::uint32_t manager;
    bool planned;
  };

  bool fits(const PlanTouch& touch, std::uint32_t manager, std::size_t day, std::uint32_t channel) const {
    const PlanClient& client = problem_.clients[touch.client];
    if ((touch.channels >> channel & 1U) == 0) return false;
    if (client.consents != no_profile && (problem_.consents[client.consents][touch.purpose] >> channel & 1U) == 0)
      return false;
    const Day date = problem_.days[day];
    std::vector<Contact> own;
    for (const PastContact& past : problem_.past)
      if (past.client == touch.client) own.push_back({past.client, past.day, past.channel, 0, false});
    for (const Contact& contact : made_)
      if (contact.client == touch.client) own.push_back(contact);
    if (!own.empty() && (date - own.back().day).count() < touch.gap_days) return false;
    for (const Contact& contact : own) {
      if (date < contact.day) return false;
      if (contact.planned && client.one_manager && contact.manager != manager) return false;
    }
    if (client.limits == no_profile) return true;
    for (const RollingLimit& limit : problem_.limits[client.limits]) {
      if ((limit.channels >> channel & 1U) == 0) continue;
      std::int32_t count = 1;
      for (const Contact& contact : own)
        count += (limit.channels >> contact.channel & 1U) != 0 && (date - contact.day).count() < limit.days;
      if (count > limit.contacts) return false;
    }
    return true;
  }

  void go(std::size_t t, std::int64_t value) {
    best_ = std::max(best_, value);
    if (t == problem_.touches.size()) return;
    go(t + 1, value);
    const PlanTouch& touch = problem_.touches[t];
    for (std::size_t day = 0; day < problem_.days.size(); ++day) {
      if (problem_.days[day] < touch.first || problem_.days[day] > touch.last) continue;
      const std::int64_t worth =
          touch.value + (touch.preference == no_profile ? 0 : problem_.preferences[touch.preference][day]);
      for (const std::uint32_t manager : problem_.pools[touch.pool])
        for (std::uint32_t channel = 0; channel < problem_.channels; ++channel) {
          const std::size_t bin = problem_.bin(manager, day);
          const std::size_t own = problem_.channel_bin(manager, day, channel);
          if (minutes_[bin] < touch.minutes || (!contacts_.empty() && contacts_[own] < 1)) continue;
          if (!fits(touch, manager, day, channel)) continue;
          minutes_[bin] -= touch.minutes;
          if (!contacts_.empty()) --contacts_[own];
          made_.push_back({touch.client, problem_.days[day], channel, manager, true});
          go(t + 1, value + worth + (bonus_ ? bonus_(t, manager, day, channel) : 0));
          made_.pop_back();
          if (!contacts_.empty()) ++contacts_[own];
          minutes_[bin] += touch.minutes;
        }
    }
  }

  const PlanProblem& problem_;
  Bonus bonus_;
  std::vector<std::int32_t> minutes_, contacts_;
  std::vector<Contact> made_;
  std::int64_t best_{0};
};

}  // namespace klientela::sample
