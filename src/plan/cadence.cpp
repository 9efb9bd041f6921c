// Compiles quotas into touches, and tells which quotas a plan falls short of.
#include "klientela/plan/cadence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace klientela {

namespace {

constexpr std::int64_t most_value = 1'000'000'000'000;

[[noreturn]] void fail_cadence(const char* message, std::string where) {
  throw Error(Code::invalid_argument, message, std::move(where));
}

void check_cadences(std::span<const Cadence> cadences) {
  for (std::size_t c = 0; c < cadences.size(); ++c) {
    if (cadences[c].last < cadences[c].first)
      fail_cadence("a period must not end before it begins", fmt::format("cadences[{}]", c));
    for (std::size_t q = 0; q < cadences[c].quotas.size(); ++q) {
      const Quota& quota = cadences[c].quotas[q];
      const auto fail = [&](const char* message) {
        fail_cadence(message, fmt::format("cadences[{}].quotas[{}]", c, q));
      };
      if (quota.least < 0 || quota.most < quota.least || quota.most > 1000)
        fail("a quota asks for least to most contacts, 0 to 1000");
      if (quota.minutes < 1 || quota.minutes > max_day_minutes) fail("a contact takes 1 to 1500 minutes");
      if (quota.value < 0 || quota.value > most_value || quota.least_value < 0 || quota.least_value > most_value)
        fail("values must be 0 to 1e12 units");
      if (quota.keep_per_mille < 0 || quota.keep_per_mille > 1000) fail("keep_per_mille must be 0 to 1000");
      if (quota.gap_days < 0 || quota.gap_days > 1000) fail("a gap has 0 to 1000 days");
      if (quota.condition > always) fail("a condition is one of 64");
    }
  }
}

bool holds(const Quota& quota, const CadenceClient& client) {
  return quota.condition == always || (client.conditions >> quota.condition & 1U) != 0;
}

struct Planned {
  std::int64_t place;  // in the period, in units small enough to tell any two shares apart
  TouchOrigin origin;
  PlanTouch touch;
};

/// The i-th of so many shares of a period, by those of its days that count.
std::pair<Day, Day> share_of(const Cadence& cadence, std::int64_t i, std::int64_t shares,
                             std::span<const Day> counted) {
  const auto first = std::lower_bound(counted.begin(), counted.end(), cadence.first);
  const std::int64_t there = std::upper_bound(first, counted.end(), cadence.last) - first;
  const std::int64_t days = there > 0 ? there : (cadence.last - cadence.first).count() + 1;
  const std::int64_t from = days * i / shares, to = std::max(from, days * (i + 1) / shares - 1);
  if (there > 0) return {first[from], first[to]};
  return {cadence.first + std::chrono::days{from}, cadence.first + std::chrono::days{to}};
}

void add(const Cadence& cadence, const CadenceClient& client, TouchOrigin origin, std::span<const Day> counted,
         std::vector<Planned>& out) {
  const Quota& quota = cadence.quotas[origin.quota];
  const std::int64_t days = (cadence.last - cadence.first).count() + 1;
  std::int64_t value = quota.value;
  for (std::int32_t i = 0; i < quota.most; ++i) {
    PlanTouch touch;
    touch.client = client.client;
    touch.pool = client.pool;
    touch.channels = quota.channels;
    if (!quota.purposes.empty())
      touch.purpose = quota.purposes[std::min<std::size_t>(static_cast<std::size_t>(i), quota.purposes.size() - 1)];
    touch.hours = quota.hours;
    touch.preference = quota.preference;
    touch.minutes = quota.minutes;
    touch.gap_days = quota.gap_days;
    touch.value = (value + (i < quota.least ? quota.least_value : 0)) * client.worth_per_mille / 1000;
    touch.first = cadence.first;
    touch.last = cadence.last;
    if (quota.spread) std::tie(touch.first, touch.last) = share_of(cadence, i, quota.most, counted);
    origin.number = static_cast<std::uint32_t>(i);
    const std::int64_t begin = cadence.first.time_since_epoch().count();
    out.push_back({begin * 1'000'000 + days * 1'000'000 * (2 * i + 1) / (2 * quota.most), origin, touch});
    value = value * quota.keep_per_mille / 1000;
  }
}

}  // namespace

CadenceTouches expand_cadences(std::span<const Cadence> cadences, std::span<const CadenceClient> clients,
                               std::span<const Day> days) {
  check_cadences(cadences);
  if (!std::is_sorted(days.begin(), days.end(), std::less_equal<>()))
    throw Error(Code::invalid_argument, "days must ascend", "days");
  CadenceTouches expanded;
  std::vector<Planned> own;
  for (std::size_t row = 0; row < clients.size(); ++row) {
    const CadenceClient& client = clients[row];
    const std::string where = fmt::format("clients[{}]", row);
    if (client.cadence >= cadences.size()) fail_cadence("the cadence does not exist", where);
    if (client.worth_per_mille < 0 || client.worth_per_mille > 1'000'000)
      fail_cadence("worth_per_mille must be 0 to 1000000", where);
    if (row > 0 && client.client < clients[row - 1].client) fail_cadence("clients must ascend", where);
    const Cadence& cadence = cadences[client.cadence];
    for (std::uint32_t q = 0; q < cadence.quotas.size(); ++q)
      if (holds(cadence.quotas[q], client)) add(cadence, client, {static_cast<std::uint32_t>(row), q, 0}, days, own);
    if (row + 1 < clients.size() && clients[row + 1].client == client.client) continue;
    std::stable_sort(own.begin(), own.end(), [](const Planned& a, const Planned& b) { return a.place < b.place; });
    for (const Planned& one : own) {
      expanded.touches.push_back(one.touch);
      expanded.origins.push_back(one.origin);
    }
    own.clear();
  }
  return expanded;
}

std::vector<QuotaShortfall> quota_shortfalls(std::span<const Cadence> cadences, std::span<const CadenceClient> clients,
                                             const CadenceTouches& expanded, const ContactPlan& plan) {
  check_cadences(cadences);
  if (plan.planned.size() + plan.refused.size() != expanded.touches.size())
    throw Error(Code::invalid_argument, "the plan is one of other touches", "plan");
  std::vector<std::size_t> begin{0};  // of the quotas of each row
  for (const CadenceClient& client : clients) {
    if (client.cadence >= cadences.size()) fail_cadence("the cadence does not exist", "clients");
    begin.push_back(begin.back() + cadences[client.cadence].quotas.size());
  }
  std::vector<std::int32_t> planned(begin.back());
  for (const PlannedTouch& row : plan.planned) {
    if (row.touch >= expanded.origins.size())
      throw Error(Code::invalid_argument, "the plan is one of other touches", "plan");
    const TouchOrigin& origin = expanded.origins[row.touch];
    ++planned[begin[origin.row] + origin.quota];
  }
  std::vector<QuotaShortfall> found;
  for (std::uint32_t row = 0; row < clients.size(); ++row) {
    const Cadence& cadence = cadences[clients[row].cadence];
    for (std::uint32_t q = 0; q < cadence.quotas.size(); ++q) {
      const std::int32_t count = planned[begin[row] + q];
      if (holds(cadence.quotas[q], clients[row]) && count < cadence.quotas[q].least)
        found.push_back({row, q, count, cadence.quotas[q].least});
    }
  }
  return found;
}

}  // namespace klientela
