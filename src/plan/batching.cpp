// Day batching: days of regions by a greedy cover, preferences that carry them, and starts ordered by region.
#include "klientela/plan/batching.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace klientela {

namespace {

constexpr std::int64_t most_bonus = 1'000'000'000'000;

/// Touches of one region and the same managers.
struct Cluster {
  std::vector<std::uint32_t> managers;
  std::uint32_t region;
  std::vector<std::uint32_t> touches;
  std::int64_t minutes{0};
};

class Batcher {
 public:
  Batcher(const PlanProblem& problem, const BatchOptions& options)
      : problem_(problem), room_(problem.minutes.size()), contacts_(problem.contacts) {
    for (const PlanShift& shift : problem.shifts)
      room_[problem.bin(shift.manager, shift.day)] += shift.span.to - shift.span.from;
    for (std::size_t bin = 0; bin < room_.size(); ++bin)
      room_[bin] = std::min<std::int64_t>(room_[bin], problem.minutes[bin]) * options.share_per_mille / 1000;
  }

  /// Days for a cluster, as few as hold its touches.
  std::vector<std::uint32_t> days_of(const Cluster& cluster) {
    std::vector<std::uint32_t> waiting = cluster.touches;
    std::stable_sort(waiting.begin(), waiting.end(), [&](std::uint32_t a, std::uint32_t b) {
      return problem_.touches[a].last < problem_.touches[b].last;
    });
    std::vector<std::uint32_t> chosen;
    while (!waiting.empty()) {
      std::int64_t most = 0;
      std::uint32_t best = 0;
      for (std::uint32_t day = 0; day < problem_.days.size(); ++day)
        if (const std::int64_t minutes = fill(cluster, day, waiting, nullptr); minutes > most) {
          most = minutes;
          best = day;
        }
      if (most == 0) break;
      std::vector<std::uint32_t> left;
      fill(cluster, best, waiting, &left);
      waiting = std::move(left);
      chosen.push_back(best);
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
  }

 private:
  [[nodiscard]] bool suits(std::uint32_t touch, std::uint32_t day) const {
    const PlanTouch& one = problem_.touches[touch];
    if (problem_.days[day] < one.first || problem_.days[day] > one.last) return false;
    if (one.hours == no_profile) return true;
    const MinuteSpan& span = problem_.hours[one.hours][day];
    return span.to - span.from >= one.minutes;
  }

  /// Minutes of waiting touches that a day has room for. \param left  where given: those for which it has none; room is
  /// taken
  std::int64_t fill(const Cluster& cluster, std::uint32_t day, const std::vector<std::uint32_t>& waiting,
                    std::vector<std::uint32_t>* left) {
    std::int64_t sum = 0;
    std::vector<std::pair<std::size_t, std::size_t>> taken;  // bin and contact, to be given back
    std::vector<std::int32_t> minutes;
    for (const std::uint32_t touch : waiting) {
      bool found = false;
      if (suits(touch, day))
        for (const std::uint32_t manager : cluster.managers) {
          const std::size_t bin = problem_.bin(manager, day);
          if (room_[bin] < problem_.touches[touch].minutes) continue;
          const std::size_t contact = free_contact(manager, day, problem_.touches[touch].channels);
          if (contact == none_free) continue;
          room_[bin] -= problem_.touches[touch].minutes;
          if (contact != unlimited) --contacts_[contact];
          taken.emplace_back(bin, contact);
          minutes.push_back(problem_.touches[touch].minutes);
          sum += problem_.touches[touch].minutes;
          found = true;
          break;
        }
      if (!found && left != nullptr) left->push_back(touch);
    }
    if (left != nullptr) return sum;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      room_[taken[i].first] += minutes[i];
      if (taken[i].second != unlimited) ++contacts_[taken[i].second];
    }
    return sum;
  }

  static constexpr std::size_t unlimited = static_cast<std::size_t>(-1), none_free = static_cast<std::size_t>(-2);
  [[nodiscard]] std::size_t free_contact(std::uint32_t manager, std::uint32_t day, std::uint32_t channels) const {
    if (contacts_.empty()) return unlimited;
    for (std::size_t channel = 0; channel < problem_.channels; ++channel)
      if (const std::size_t at = problem_.channel_bin(manager, day, channel);
          (channels >> channel & 1U) != 0 && contacts_[at] > 0)
        return at;
    return none_free;
  }

  const PlanProblem& problem_;
  std::vector<std::int64_t> room_;      // minutes by bin
  std::vector<std::int32_t> contacts_;  // by channel bin; empty: unlimited
};

std::int64_t best_worth(const PlanProblem& problem, const PlanTouch& touch) {
  if (touch.preference == no_profile) return touch.value;
  const std::vector<std::int64_t>& profile = problem.preferences[touch.preference];
  std::int64_t most = 0;
  for (std::size_t day = 0; day < profile.size(); ++day)
    if (problem.days[day] >= touch.first && problem.days[day] <= touch.last)
      most = std::max(most, touch.value + profile[day]);
  return most;
}

void check(std::span<const std::uint32_t> regions, std::size_t touches) {
  if (regions.size() != touches)
    throw Error(Code::invalid_argument,
                fmt::format("there must be a region for each of {} touches, or no_region; there are {}", touches,
                            regions.size()),
                "regions");
}

}  // namespace

Batching batch_days(PlanProblem& problem, std::span<const std::uint32_t> regions, const BatchOptions& options) {
  problem.check();
  check(regions, problem.touches.size());
  if (options.bonus < 0 || options.bonus > most_bonus)
    throw Error(Code::invalid_argument, "the bonus must be 0 to 1e12 units", "bonus");
  if (options.share_per_mille < 1 || options.share_per_mille > 1000)
    throw Error(Code::invalid_argument, "the share must be 1 to 1000 per mille", "share_per_mille");

  std::map<std::pair<std::vector<std::uint32_t>, std::uint32_t>, Cluster> by_key;
  double value = 0;
  std::size_t batched = 0;
  for (std::uint32_t touch = 0; touch < regions.size(); ++touch) {
    const PlanTouch& one = problem.touches[touch];
    if (regions[touch] == no_region || problem.pools[one.pool].empty() || best_worth(problem, one) <= 0) continue;
    Cluster& cluster = by_key[{problem.pools[one.pool], regions[touch]}];
    cluster.managers = problem.pools[one.pool];
    cluster.region = regions[touch];
    cluster.touches.push_back(touch);
    cluster.minutes += one.minutes;
    value += static_cast<double>(std::max<std::int64_t>(one.value, 0));
    ++batched;
  }
  Batching result;
  if (batched == 0) return result;
  result.bonus = options.bonus != 0
                     ? options.bonus
                     : std::min(most_bonus, static_cast<std::int64_t>(value / 10 / static_cast<double>(batched)));
  std::vector<const Cluster*> order;
  for (const auto& [key, cluster] : by_key) order.push_back(&cluster);
  std::stable_sort(order.begin(), order.end(),
                   [](const Cluster* a, const Cluster* b) { return a->minutes > b->minutes; });
  Batcher batcher(problem, options);
  std::map<const Cluster*, std::vector<std::uint32_t>> days;
  for (const Cluster* cluster : order) days[cluster] = batcher.days_of(*cluster);

  PlanProblem boosted = problem;
  result.boosted.assign(problem.preferences.size(), std::vector<std::uint8_t>(problem.days.size(), 0));
  for (const auto& [key, cluster] : by_key) {
    const std::vector<std::uint32_t>& own = days[&cluster];
    if (own.empty()) continue;
    result.regions.push_back({cluster.managers, cluster.region, own});
    std::map<std::uint32_t, std::uint32_t> profiles;  // by the preference before
    for (const std::uint32_t touch : cluster.touches) {
      const std::uint32_t before = problem.touches[touch].preference;
      const auto [profile, fresh] = profiles.emplace(before, static_cast<std::uint32_t>(boosted.preferences.size()));
      if (fresh) {
        std::vector<std::int64_t> adds =
            before == no_profile ? std::vector<std::int64_t>(problem.days.size(), 0) : problem.preferences[before];
        std::vector<std::uint8_t> marks(problem.days.size(), 0);
        for (const std::uint32_t day : own) {
          adds[day] += result.bonus;
          marks[day] = 1;
        }
        boosted.preferences.push_back(std::move(adds));
        result.boosted.push_back(std::move(marks));
      }
      boosted.touches[touch].preference = profile->second;
    }
  }
  boosted.check();
  problem = std::move(boosted);
  return result;
}

std::int64_t earned_bonus(const PlanProblem& problem, const Batching& batching, const ContactPlan& plan) {
  std::int64_t sum = 0;
  for (const PlannedTouch& one : plan.planned) {
    const std::uint32_t profile = problem.touches[one.touch].preference;
    if (profile < batching.boosted.size() && batching.boosted[profile][one.day] != 0) sum += batching.bonus;
  }
  return sum;
}

namespace {

using ByDay = std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>>;  // rows of planned

/// Rows by (manager or client, day), each by start.
template <class Key>
ByDay rows_by_day(const ContactPlan& plan, const Key& key) {
  ByDay rows;
  for (std::uint32_t row = 0; row < plan.planned.size(); ++row)
    rows[{key(plan.planned[row]), plan.planned[row].day}].push_back(row);
  for (auto& [where, own] : rows)
    std::stable_sort(own.begin(), own.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return plan.planned[a].start < plan.planned[b].start; });
  return rows;
}

std::size_t changes_in(std::span<const std::uint32_t> regions, const ContactPlan& plan,
                       std::vector<std::uint32_t> rows) {
  std::erase_if(rows, [&](std::uint32_t row) { return regions[plan.planned[row].touch] == no_region; });
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return plan.planned[a].start < plan.planned[b].start; });
  std::size_t changes = 0;
  for (std::size_t i = 1; i < rows.size(); ++i)
    changes += regions[plan.planned[rows[i]].touch] != regions[plan.planned[rows[i - 1]].touch] ? 1U : 0U;
  return changes;
}

/// One day of a manager, sequenced again.
class DayOrder {
 public:
  DayOrder(const PlanProblem& problem, std::span<const std::uint32_t> regions, ContactPlan& plan,
           const ByDay& of_clients)
      : problem_(problem), regions_(regions), plan_(plan), of_clients_(of_clients) {}

  void arrange(const std::vector<std::uint32_t>& rows, std::span<const PlanShift> shifts) {
    const std::size_t before = changes_in(regions_, plan_, rows);
    if (before == 0) return;
    std::vector<std::int32_t> starts;
    for (const std::uint32_t row : rows) starts.push_back(std::exchange(plan_.planned[row].start, unset));
    if (place(rows, shifts) && changes_in(regions_, plan_, rows) < before) return;
    for (std::size_t i = 0; i < rows.size(); ++i) plan_.planned[rows[i]].start = starts[i];
  }

 private:
  static constexpr std::int32_t unset = -1;

  /// Of what may begin now and ends in time: the region before, then what has to end first, then the order there was.
  bool place(const std::vector<std::uint32_t>& rows, std::span<const PlanShift> shifts) {
    std::vector<std::uint32_t> open = rows;
    std::uint32_t region = no_region;
    for (const PlanShift& shift : shifts) {
      std::int32_t now = shift.span.from;
      while (!open.empty()) {
        std::int32_t next = shift.span.to;
        auto chosen = open.end();
        std::tuple<int, std::int32_t> least;
        for (auto row = open.begin(); row != open.end(); ++row) {
          const PlannedTouch& one = plan_.planned[*row];
          const PlanTouch& touch = problem_.touches[one.touch];
          const MinuteSpan hours =
              touch.hours == no_profile ? MinuteSpan{0, max_day_minutes} : problem_.hours[touch.hours][one.day];
          const std::int32_t end = std::min(hours.to, shift.span.to);
          const std::int32_t at = client_free(*row, std::max(now, hours.from), touch.minutes);
          if (at + touch.minutes > end) continue;
          if (at > now) {
            next = std::min(next, at);
            continue;
          }
          const std::uint32_t own = regions_[one.touch];
          const std::tuple rank(own == region && own != no_region ? 0 : own == no_region ? 1 : 2, hours.to);
          if (chosen != open.end() && rank >= least) continue;
          chosen = row;
          least = rank;
        }
        if (chosen == open.end()) {
          if (next >= shift.span.to) break;
          now = next;
          continue;
        }
        PlannedTouch& one = plan_.planned[*chosen];
        one.start = now;
        now += problem_.touches[one.touch].minutes;
        if (regions_[one.touch] != no_region) region = regions_[one.touch];
        open.erase(chosen);
      }
    }
    return open.empty();
  }

  /// The first time from `from` on at which the client has nothing else.
  [[nodiscard]] std::int32_t client_free(std::uint32_t row, std::int32_t from, std::int32_t minutes) const {
    const PlannedTouch& one = plan_.planned[row];
    const std::vector<std::uint32_t>& others = of_clients_.at({problem_.touches[one.touch].client, one.day});
    for (bool moved = others.size() > 1; moved;) {
      moved = false;
      for (const std::uint32_t other : others) {
        const PlannedTouch& rest = plan_.planned[other];
        const std::int32_t end = rest.start + problem_.touches[rest.touch].minutes;
        if (other == row || rest.start == unset || end <= from || from + minutes <= rest.start) continue;
        from = end;
        moved = true;
      }
    }
    return from;
  }

  const PlanProblem& problem_;
  std::span<const std::uint32_t> regions_;
  ContactPlan& plan_;
  const ByDay& of_clients_;
};

}  // namespace

void order_by_region(const PlanProblem& problem, std::span<const std::uint32_t> regions, ContactPlan& plan) {
  check(regions, problem.touches.size());
  const ByDay of_clients =
      rows_by_day(plan, [&](const PlannedTouch& one) { return problem.touches[one.touch].client; });
  DayOrder order(problem, regions, plan, of_clients);
  for (const auto& [where, rows] : rows_by_day(plan, [](const PlannedTouch& one) { return one.manager; })) {
    const auto [begin, end] =
        std::equal_range(problem.shifts.begin(), problem.shifts.end(), PlanShift{where.first, where.second, {}},
                         [](const PlanShift& a, const PlanShift& b) {
                           return std::pair(a.manager, a.day) < std::pair(b.manager, b.day);
                         });
    order.arrange(rows, std::span(begin, end));
  }
}

RegionTrips region_trips(std::span<const std::uint32_t> regions, const ContactPlan& plan) {
  RegionTrips result;
  for (const auto& [where, rows] : rows_by_day(plan, [](const PlannedTouch& one) { return one.manager; })) {
    std::vector<std::uint32_t> seen;
    for (const std::uint32_t row : rows)
      if (const std::uint32_t region = regions[plan.planned[row].touch]; region != no_region) seen.push_back(region);
    result.contacts += seen.size();
    std::sort(seen.begin(), seen.end());
    result.trips += static_cast<std::size_t>(std::unique(seen.begin(), seen.end()) - seen.begin());
    result.changes += changes_in(regions, plan, rows);
  }
  return result;
}

}  // namespace klientela
