// Orders touches by days, and plans with them.
#include "plan/touch_order.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "plan/outcome.hpp"
#include "plan/start_times.hpp"

namespace klientela::planning {
namespace {

using std::chrono::days;

constexpr std::int64_t units = 4096;  // of a day, in which middles are told

std::int64_t number_of(Day day) { return day.time_since_epoch().count(); }

/// Days on which somebody of a pool works long enough within hours.
class DaysOpen {
 public:
  explicit DaysOpen(const PlanProblem& problem) : problem_(problem) {}

  [[nodiscard]] const std::vector<bool>& of(const PlanTouch& touch) {
    const auto [at, added] = known_.try_emplace({touch.pool, touch.hours, touch.minutes});
    if (added) {
      at->second.resize(problem_.days.size());
      for (const std::uint32_t manager : problem_.pools[touch.pool]) open(touch, manager, at->second);
    }
    return at->second;
  }

 private:
  void open(const PlanTouch& touch, std::uint32_t manager, std::vector<bool>& on) const {
    auto shift = std::lower_bound(problem_.shifts.begin(), problem_.shifts.end(), manager,
                                  [](const PlanShift& one, std::uint32_t wanted) { return one.manager < wanted; });
    for (; shift != problem_.shifts.end() && shift->manager == manager; ++shift) {
      if (problem_.minutes[problem_.bin(manager, shift->day)] < touch.minutes) continue;
      MinuteSpan span = shift->span;
      if (touch.hours != no_profile) {
        const MinuteSpan& hours = problem_.hours[touch.hours][shift->day];
        span = {std::max(span.from, hours.from), std::min(span.to, hours.to)};
      }
      if (span.to - span.from >= touch.minutes) on[shift->day] = true;
    }
  }

  const PlanProblem& problem_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::int32_t>, std::vector<bool>> known_;
};

/// By touch: the middle of the days that are left to it, or of its share of those where all of a quota share them.
std::vector<std::int64_t> middles(const ContactSchedule::Data& data) {
  const PlanProblem& problem = data.problem;
  DaysOpen days_open(problem);
  std::vector<std::int64_t> out;
  out.reserve(problem.touches.size());
  for (std::size_t t = 0; t < problem.touches.size(); ++t) {
    const PlanTouch& touch = problem.touches[t];
    const std::vector<bool>& open = days_open.of(touch);
    const auto day_at = [&](Day day) {
      return static_cast<std::size_t>(std::lower_bound(problem.days.begin(), problem.days.end(), day) -
                                      problem.days.begin());
    };
    std::size_t lo = day_at(touch.first), end = day_at(touch.last + days{1});
    while (lo < end && !open[lo]) ++lo;
    while (lo < end && !open[end - 1]) --end;
    const std::int64_t first = number_of(lo < end ? problem.days[lo] : touch.first);
    const std::int64_t last = number_of(lo < end ? problem.days[end - 1] : touch.last);
    const TouchOrigin& origin = data.origins[t];
    const Quota& quota = data.cadences[data.rows[origin.row].cadence].quotas[origin.quota];
    const std::int64_t shares = quota.spread ? 1 : quota.most, share = quota.spread ? 0 : origin.number;
    out.push_back(first * units + (last - first + 1) * units * (2 * share + 1) / (2 * shares));
  }
  return out;
}

/// Of one client: each quota's last key so far.
class QuotaKeys {
 public:
  std::int64_t* find(const TouchOrigin& of) {
    for (auto& [origin, key] : keys_)
      if (origin.row == of.row && origin.quota == of.quota) return &key;
    return nullptr;
  }
  void put(const TouchOrigin& of, std::int64_t key) {
    if (std::int64_t* known = find(of)) {
      *known = key;
    } else {
      keys_.emplace_back(of, key);
    }
  }
  void clear() { keys_.clear(); }

 private:
  std::vector<std::pair<TouchOrigin, std::int64_t>> keys_;
};

/// Sorts touches [begin, end), which are one client's, by their keys, each quota's kept in order.
void sort_client(const ContactSchedule::Data& data, std::size_t begin, std::size_t end, QuotaKeys& quotas,
                 std::vector<std::int64_t>& keys, std::vector<std::uint32_t>& order) {
  quotas.clear();
  for (std::size_t t = begin; t < end; ++t) {
    if (const std::int64_t* before = quotas.find(data.origins[t])) keys[t] = std::max(keys[t], *before);
    quotas.put(data.origins[t], keys[t]);
  }
  std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(end),
                   [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
}

template <class Each>
void each_client(const std::vector<PlanTouch>& touches, Each&& each) {
  for (std::size_t begin = 0, end = 0; begin < touches.size(); begin = end) {
    while (end < touches.size() && touches[end].client == touches[begin].client) ++end;
    each(begin, end);
  }
}

template <class Row>
void permute(std::vector<Row>& rows, const std::vector<std::uint32_t>& order) {
  if (rows.empty()) return;
  std::vector<Row> sorted;
  sorted.reserve(rows.size());
  for (const std::uint32_t row : order) sorted.push_back(rows[row]);
  rows = std::move(sorted);
}

void permute(ContactSchedule::Data& data, const std::vector<std::uint32_t>& order) {
  permute(data.problem.touches, order);
  permute(data.origins, order);
  permute(data.regions, order);
}

std::vector<std::uint32_t> as_they_are(std::size_t size) {
  std::vector<std::uint32_t> order(size);
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

}  // namespace

void order_by_days_left(ContactSchedule::Data& data) {
  const std::vector<PlanTouch>& touches = data.problem.touches;
  std::vector<std::int64_t> keys = middles(data);
  std::vector<std::uint32_t> order = as_they_are(touches.size());
  QuotaKeys quotas;
  each_client(touches, [&](std::size_t begin, std::size_t end) { sort_client(data, begin, end, quotas, keys, order); });
  permute(data, order);
}

std::optional<TouchOrder> ordered_by(const std::shared_ptr<const ContactSchedule::Data>& data,
                                     std::span<const DatedTouch> known) {
  const std::vector<PlanTouch>& touches = data->problem.touches;
  const auto client_of = [&](std::size_t row) { return touches[known[row].touch].client; };
  // Of two on one day the one with a gap comes first: it would have none behind the other.
  const auto key_of = [&](const DatedTouch& one) {
    return number_of(one.day) * units + units / 2 - (touches[one.touch].gap_days > 0 ? 1 : 0);
  };
  std::vector<std::uint32_t> others;  // clients whose days keep another order, ascending
  for (std::size_t row = 1; row < known.size(); ++row)
    if (client_of(row) == client_of(row - 1) && key_of(known[row]) < key_of(known[row - 1]) &&
        (others.empty() || others.back() != client_of(row)))
      others.push_back(client_of(row));
  if (others.empty()) return std::nullopt;
  std::vector<std::int64_t> keys = middles(*data);
  std::vector<bool> dated(touches.size());
  for (const DatedTouch& one : known) {
    keys[one.touch] = key_of(one);
    dated[one.touch] = true;
  }
  std::vector<std::uint32_t> order = as_they_are(touches.size());
  QuotaKeys quotas;
  each_client(touches, [&](std::size_t begin, std::size_t end) {
    if (!std::binary_search(others.begin(), others.end(), touches[begin].client)) return;
    quotas.clear();
    for (std::size_t t = end; t-- > begin;) {
      const std::int64_t* behind = quotas.find(data->origins[t]);
      if (dated[t]) {
        quotas.put(data->origins[t], keys[t]);
      } else if (behind != nullptr) {
        keys[t] = std::min(keys[t], *behind);
      }
    }
    sort_client(*data, begin, end, quotas, keys, order);
  });
  if (std::is_sorted(order.begin(), order.end())) return std::nullopt;
  auto sorted = std::make_shared<ContactSchedule::Data>(*data);
  permute(*sorted, order);
  TouchOrder made{std::move(sorted), std::vector<std::uint32_t>(order.size())};
  for (std::uint32_t now = 0; now < order.size(); ++now) made.place[order[now]] = now;
  return made;
}

std::vector<bool> clients_reordered(const TouchOrder& order) {
  const PlanProblem& problem = order.data->problem;
  std::vector<bool> clients(problem.clients.size());
  for (std::uint32_t touch = 0; touch < order.place.size(); ++touch)
    if (order.place[touch] != touch) clients[problem.touches[touch].client] = true;
  return clients;
}

void rename_touches(std::span<const std::uint32_t> place, ContactPlan& plan) {
  const auto rename = [&](auto& rows) {
    for (auto& row : rows)
      if (row.touch < place.size()) row.touch = place[row.touch];
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.touch < b.touch; });
  };
  rename(plan.planned);
  rename(plan.refused);
}

std::vector<PlannedTouch> found_in_other_turns(const ContactSchedule::Data& data, const ContactPlan& plan,
                                               Day first_open, std::span<const HeldTouch> held,
                                               const Control& control) {
  const auto lost = [](const RefusedTouch& row) { return row.reason >= Refusal::capacity; };
  if (std::none_of(plan.refused.begin(), plan.refused.end(), lost)) return {};
  PlanProblem with_held;
  if (!held.empty()) {
    with_held = data.problem;
    add_past(held, with_held);
  }
  const PlanProblem& problem = held.empty() ? data.problem : with_held;
  const Model model(problem);
  std::vector<Place> places(problem.touches.size());
  std::vector<std::int32_t> starts(places.size(), -1);
  std::vector<bool> planned(places.size());
  for (const PlannedTouch& row : plan.planned) {
    places[row.touch] = {row.manager, static_cast<std::uint16_t>(row.day), static_cast<std::uint16_t>(row.channel)};
    starts[row.touch] = row.start;
    planned[row.touch] = true;
  }
  std::vector<std::uint64_t> quotas;
  quotas.reserve(places.size());
  for (const TouchOrigin& origin : data.origins) quotas.push_back(std::uint64_t{origin.row} << 32 | origin.quota);
  const std::size_t first = static_cast<std::size_t>(
      std::lower_bound(problem.days.begin(), problem.days.end(), first_open) - problem.days.begin());
  for (const Group& group : model.groups) fill_in_any_turn(model, group, quotas, first, control, places, starts);
  std::vector<PlannedTouch> found;
  for (std::uint32_t touch = 0; touch < places.size(); ++touch)
    if (places[touch].manager != none && !planned[touch])
      found.push_back({touch, places[touch].manager, places[touch].day, places[touch].channel, starts[touch]});
  return found;
}

}  // namespace klientela::planning
