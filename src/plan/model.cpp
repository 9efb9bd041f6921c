// Turns a plan's problem into candidates, kinds and groups, and finds out which groups are transportation problems.
#include "plan/model.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace klientela::planning {

namespace {

/// Managers joined with each other, the smallest of a set as its name.
class Sets {
 public:
  explicit Sets(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0U); }
  std::uint32_t find(std::uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::uint32_t a, std::uint32_t b) {
    a = find(a);
    b = find(b);
    if (a != b) parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

}  // namespace

Model::Model(const PlanProblem& checked_problem)
    : problem(checked_problem), days(checked_problem.days.size()), candidates(checked_problem.touches.size()) {
  for (const Day day : problem.days) offset.push_back(day_offset(day));
  past_begin_.assign(problem.clients.size() + 1, 0);
  for (const PastContact& past : problem.past) ++past_begin_[past.client + 1];
  std::partial_sum(past_begin_.begin(), past_begin_.end(), past_begin_.begin());
  make_candidates();
  coupled.resize(problem.clients.size());
  limit_begin_.assign(problem.clients.size() + 1, 0);
  std::uint32_t touch = 0;
  const auto touches = static_cast<std::uint32_t>(problem.touches.size());
  for (std::uint32_t client = 0; client < problem.clients.size(); ++client) {
    const std::uint32_t begin = touch;
    while (touch < touches && problem.touches[touch].client == client) ++touch;
    coupled[client] = couple(client, begin, touch) ? 1 : 0;
    limit_begin_[client + 1] = static_cast<std::uint32_t>(limits_.size());
  }
  make_capacities();
  make_groups();
  classify_bins();
}

std::span<const RollingLimit> Model::limits(std::uint32_t client) const {
  return std::span(limits_).subspan(limit_begin_[client], limit_begin_[client + 1] - limit_begin_[client]);
}
std::span<const PastContact> Model::past(std::uint32_t client) const {
  return std::span(problem.past).subspan(past_begin_[client], past_begin_[client + 1] - past_begin_[client]);
}

void Model::make_candidates() {
  for (std::uint32_t touch = 0; touch < candidates.size(); ++touch) refuse_or_keep(touch);
}

void Model::refuse_or_keep(std::uint32_t touch) {
  const PlanTouch& one = problem.touches[touch];
  Candidate& own = candidates[touch];
  own.gap = static_cast<std::uint16_t>(one.gap_days);
  const auto refuse = [&](Refusal reason) { own.refusal = static_cast<std::uint8_t>(reason); };
  if (problem.pools[one.pool].empty()) return refuse(Refusal::no_manager);
  own.kind = kind_of(touch);
  const Kind& kind = kinds[own.kind];
  if (kind.channels == 0) return refuse(Refusal::no_channel);
  const auto first = std::lower_bound(problem.days.begin(), problem.days.end(), one.first);
  const auto last = std::upper_bound(first, problem.days.end(), one.last);
  if (first == last) return refuse(Refusal::outside_period);
  std::size_t lo = static_cast<std::size_t>(first - problem.days.begin());
  std::size_t hi = static_cast<std::size_t>(last - problem.days.begin()) - 1;
  const auto worthless = [&](std::size_t day) { return worth(touch, day) <= 0; };
  while (lo <= hi && worthless(lo)) ++lo;
  if (lo > hi) return refuse(Refusal::no_value);
  while (worthless(hi)) --hi;
  const auto idle = [&](std::size_t day) {
    if (worthless(day)) return true;
    for (std::size_t place = 0; place < pool(kind).size(); ++place)
      if (usable_at(kind, place, day) != 0) return false;
    return true;
  };
  while (lo <= hi && idle(lo)) ++lo;
  if (lo > hi) return refuse(Refusal::no_time);
  while (idle(hi)) --hi;
  own.lo = static_cast<std::uint16_t>(lo);
  own.hi = static_cast<std::uint16_t>(hi);
  after_past(touch);
}

/// Takes the first days off that contacts before the plan forbid whatever else is planned.
void Model::after_past(std::uint32_t touch) {
  const PlanTouch& one = problem.touches[touch];
  const std::span<const PastContact> before = past(one.client);
  const std::uint32_t profile = problem.clients[one.client].limits;
  if (before.empty() && profile == no_profile) return;
  Candidate& own = candidates[touch];
  std::size_t lo = own.lo;
  const std::uint32_t channels = kinds[own.kind].channels;
  const auto forbidden = [&](std::size_t day) {
    if (!before.empty() && offset[day] - day_offset(before.back().day) < one.gap_days) return true;
    if (profile == no_profile) return false;
    for (const RollingLimit& limit : problem.limits[profile]) {
      if ((channels & ~limit.channels) != 0) continue;
      std::int32_t count = 0;
      for (const PastContact& past : before)
        count += (limit.channels >> past.channel & 1U) != 0 && offset[day] - day_offset(past.day) < limit.days;
      if (count >= limit.contacts) return true;
    }
    return false;
  };
  while (lo <= own.hi && forbidden(lo)) ++lo;
  if (lo > own.hi)
    own.refusal = static_cast<std::uint8_t>(Refusal::past_contacts);
  else
    own.lo = static_cast<std::uint16_t>(lo);
}

std::uint32_t Model::kind_of(std::uint32_t touch) {
  const PlanTouch& one = problem.touches[touch];
  std::uint32_t channels = one.channels;
  if (problem.channels < 32) channels &= (1U << problem.channels) - 1;
  if (const std::uint32_t consents = problem.clients[one.client].consents; consents != no_profile)
    channels &= problem.consents[consents][one.purpose];
  Kind kind{one.pool, one.minutes, channels, one.hours, 0};
  const auto at = std::lower_bound(known_.begin(), known_.end(), kind, [](const auto& known, const Kind& wanted) {
    return std::tie(known.first.pool, known.first.minutes, known.first.channels, known.first.hours) <
           std::tie(wanted.pool, wanted.minutes, wanted.channels, wanted.hours);
  });
  if (at != known_.end() && at->first.pool == kind.pool && at->first.minutes == kind.minutes &&
      at->first.channels == kind.channels && at->first.hours == kind.hours)
    return at->second;
  const auto number = static_cast<std::uint32_t>(kinds.size());
  known_.insert(at, {kind, number});
  kind.usable_begin = usable.size();
  for (const std::uint32_t manager : pool(kind))
    for (std::size_t day = 0; day < days; ++day) {
      std::uint32_t able = 0;
      if (kind.minutes <= problem.minutes[problem.bin(manager, day)]) {
        const auto at_day = std::lower_bound(
            problem.shifts.begin(), problem.shifts.end(), std::pair(manager, static_cast<std::uint32_t>(day)),
            [](const PlanShift& shift, const auto& wanted) { return std::pair(shift.manager, shift.day) < wanted; });
        for (auto shift = at_day; shift != problem.shifts.end() && shift->manager == manager && shift->day == day;
             ++shift) {
          MinuteSpan span = shift->span;
          if (kind.hours != no_profile) {
            span.from = std::max(span.from, problem.hours[kind.hours][day].from);
            span.to = std::min(span.to, problem.hours[kind.hours][day].to);
          }
          if (span.to - span.from >= kind.minutes) able = kind.channels;
        }
      }
      for (std::size_t channel = 0; channel < problem.channels; ++channel)
        if (contacts(manager, day, channel) == 0) able &= ~(1U << channel);
      usable.push_back(able);
    }
  kinds.push_back(kind);
  return number;
}

/// Whether contacts through the limit's channels can come too close, wherever in their windows they are.
bool Model::binds(const RollingLimit& limit, std::uint32_t client, std::span<const std::uint32_t> own) const {
  std::vector<std::pair<std::int32_t, std::int32_t>> windows;
  for (const PastContact& past : past(client))
    if ((limit.channels >> past.channel & 1U) != 0) {
      const std::int32_t day = day_offset(past.day);
      windows.emplace_back(day, day);
    }
  const std::size_t before = windows.size();
  std::int32_t latest = std::numeric_limits<std::int32_t>::min();
  for (const std::uint32_t touch : own) {
    const Candidate& one = candidates[touch];
    if ((kinds[one.kind].channels & limit.channels) == 0) continue;
    latest = std::max(latest, offset[one.hi]);
    windows.emplace_back(offset[one.lo], latest);
  }
  const auto most = static_cast<std::size_t>(limit.contacts);
  if (most == 0) return windows.size() > before;
  for (std::size_t i = most; i < windows.size(); ++i)
    if (i >= before && windows[i].first - windows[i - most].second < limit.days) return true;
  return false;
}

/// Whether a client's touches can hinder each other; keeps the limits that do.
bool Model::couple(std::uint32_t client, std::uint32_t begin, std::uint32_t end) {
  std::vector<std::uint32_t> own;
  for (std::uint32_t touch = begin; touch < end; ++touch)
    if (candidates[touch].refusal == candidate) own.push_back(touch);
  if (own.empty()) return false;
  bool hindered = false;
  const PlanClient& one = problem.clients[client];
  if (one.limits != no_profile)
    for (const RollingLimit& limit : problem.limits[one.limits]) {
      if (!binds(limit, client, own)) continue;
      hindered = true;
      const bool all = std::all_of(own.begin(), own.end(), [&](std::uint32_t touch) {
        return (kinds[candidates[touch].kind].channels & ~limit.channels) == 0;
      });
      if (limit.contacts == 1 && all)  // what past contacts forbid is off already
        for (const std::uint32_t touch : own)
          candidates[touch].gap = std::max(candidates[touch].gap, static_cast<std::uint16_t>(limit.days));
      else
        limits_.push_back(limit);
    }
  std::int32_t latest = std::numeric_limits<std::int32_t>::min() / 2;
  for (const std::uint32_t touch : own) {
    hindered |= offset[candidates[touch].lo] - latest < std::max<int>(candidates[touch].gap, 1);  // nor on one day
    latest = std::max(latest, offset[candidates[touch].hi]);
  }
  if (one.one_manager && own.size() > 1)
    for (const std::uint32_t touch : own)
      hindered |= problem.touches[touch].pool != problem.touches[own.front()].pool ||
                  problem.pools[problem.touches[touch].pool].size() > 1;
  return hindered;
}

void Model::make_capacities() {
  std::vector<std::int32_t> shortest_of_pool(problem.pools.size(), max_day_minutes + 1);
  for (const PlanTouch& touch : problem.touches)
    shortest_of_pool[touch.pool] = std::min(shortest_of_pool[touch.pool], touch.minutes);
  std::vector<std::int32_t> shortest(problem.managers, max_day_minutes + 1);
  for (std::size_t p = 0; p < problem.pools.size(); ++p)
    for (const std::uint32_t manager : problem.pools[p])
      shortest[manager] = std::min(shortest[manager], shortest_of_pool[p]);
  minutes.assign(problem.managers * days, 0);
  for (const PlanShift& shift : problem.shifts)
    minutes[problem.bin(shift.manager, shift.day)] += shift.span.to - shift.span.from;
  slots.resize(minutes.size());
  for (std::size_t manager = 0; manager < problem.managers; ++manager)
    for (std::size_t day = 0; day < days; ++day) {
      const std::size_t bin = problem.bin(manager, day);
      minutes[bin] = std::min<std::int64_t>(minutes[bin], problem.minutes[bin]);
      slots[bin] = contacts_that_fit(problem, manager, day, shortest[manager]);
    }
}

void Model::make_groups() {
  Sets sets(problem.managers);
  std::uint32_t before = none;
  for (std::uint32_t touch = 0; touch < candidates.size(); ++touch) {
    if (candidates[touch].refusal != candidate) continue;
    const std::vector<std::uint32_t>& pool = problem.pools[problem.touches[touch].pool];
    for (std::size_t i = 1; i < pool.size(); ++i) sets.join(pool.front(), pool[i]);
    const std::uint32_t client = problem.touches[touch].client;
    if (coupled[client] != 0 && before != none && problem.touches[before].client == client)
      sets.join(pool.front(), problem.pools[problem.touches[before].pool].front());
    before = touch;
  }
  std::vector<std::uint32_t> group_of(problem.managers, none);
  std::vector<std::uint32_t> last_client;
  for (std::uint32_t touch = 0; touch < candidates.size(); ++touch) {
    if (candidates[touch].refusal != candidate) continue;
    const std::uint32_t root = sets.find(problem.pools[problem.touches[touch].pool].front());
    if (group_of[root] == none) {
      group_of[root] = static_cast<std::uint32_t>(groups.size());
      groups.emplace_back();
      last_client.push_back(none);
    }
    Group& group = groups[group_of[root]];
    const std::uint32_t client = problem.touches[touch].client;
    if (last_client[group_of[root]] != client) {
      last_client[group_of[root]] = client;
      group.unit_begin.push_back(static_cast<std::uint32_t>(group.touches.size()));
    }
    group.touches.push_back(touch);
    if (coupled[client] != 0) group.exact = false;
  }
  for (Group& group : groups) group.unit_begin.push_back(static_cast<std::uint32_t>(group.touches.size()));
  place_in_group.assign(problem.managers, 0);
  for (std::uint32_t manager = 0; manager < problem.managers; ++manager)
    if (const std::uint32_t root = sets.find(manager); group_of[root] != none) {
      std::vector<std::uint32_t>& managers = groups[group_of[root]].managers;
      place_in_group[manager] = static_cast<std::uint32_t>(managers.size());
      managers.push_back(manager);
    }
}

/// A group is exact where on each day of a manager either slots, all as long as the shortest touch's, or contacts by
/// channel can run out, not both.
void Model::classify_bins() {
  bins.assign(minutes.size(), Bin::slot);
  const std::size_t channels = problem.channels;
  std::vector<std::int64_t> demand(minutes.size()), by_channel(problem.contacts.size());
  std::vector<std::int32_t> longest(problem.managers);
  for (const Candidate& one : candidates) {
    if (one.refusal != candidate) continue;
    const Kind& kind = kinds[one.kind];
    for (std::size_t place = 0; place < pool(kind).size(); ++place) {
      const std::uint32_t manager = pool(kind)[place];
      longest[manager] = std::max(longest[manager], kind.minutes);
      for (std::size_t day = one.lo; day <= one.hi; ++day) {
        const std::uint32_t able = usable_at(kind, place, day);
        if (able == 0) continue;
        ++demand[problem.bin(manager, day)];
        for (std::size_t channel = 0; channel < channels && !by_channel.empty(); ++channel)
          by_channel[problem.channel_bin(manager, day, channel)] += able >> channel & 1U;
      }
    }
  }
  for (Group& group : groups)
    for (const std::uint32_t manager : group.managers)
      for (std::size_t day = 0; day < days; ++day) {
        const std::size_t bin = problem.bin(manager, day);
        std::int64_t most = demand[bin];
        bool channel_binds = false;
        const std::int64_t long_slots = contacts_that_fit(problem, manager, day, longest[manager]);
        if (!by_channel.empty()) {
          std::int64_t sum = 0;
          for (std::size_t channel = 0; channel < channels; ++channel) {
            const std::int64_t wanted = by_channel[problem.channel_bin(manager, day, channel)];
            const std::int64_t there = contacts(manager, day, channel);
            sum += std::min(wanted, there);
            channel_binds |= std::min(wanted, slots[bin]) > there;
          }
          most = std::min(most, sum);
        }
        const bool slot_binds = most > long_slots;
        if (slot_binds && (channel_binds || long_slots != slots[bin])) group.exact = false;
        if (!slot_binds && channel_binds) bins[bin] = Bin::channel;
      }
}

}  // namespace klientela::planning
