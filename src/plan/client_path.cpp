// Longest paths over a client's touches and days, and the costs that they meet.
#include "plan/client_path.hpp"

#include <algorithm>
#include <bit>
#include <tuple>

namespace klientela::planning {

Resources::Resources(const Model& model, const Group& group)
    : bins(group.managers.size() * model.days),
      channels(model.problem.contacts.empty() ? 0 : model.problem.channels),
      days(model.days) {
  std::vector<std::int32_t> longest(group.managers.size(), 1);
  for (const std::uint32_t touch : group.touches) {
    const Kind& kind = model.kinds[model.candidates[touch].kind];
    for (const std::uint32_t manager : model.pool(kind)) {
      std::int32_t& own = longest[model.place_in_group[manager]];
      own = std::max(own, kind.minutes);
    }
  }
  capacity.resize(bins * (1 + channels));
  by_slot.resize(bins);
  for (std::size_t place = 0; place < group.managers.size(); ++place)
    for (std::size_t day = 0; day < days; ++day) {
      const std::uint32_t manager = group.managers[place];
      const std::size_t own = bin(place, day), all = model.problem.bin(manager, day);
      by_slot[own] = contacts_that_fit(model.problem, manager, day, longest[place]) == model.slots[all] ? 1 : 0;
      capacity[own] = by_slot[own] != 0 ? model.slots[all] : model.minutes[all];
      for (std::size_t channel = 0; channel < channels; ++channel)
        capacity[contact(own, channel)] = model.priced_contacts(manager, day, channel);
    }
}

Menu::Menu(const Model& model, const Group& group, const Resources& resources, std::span<const Unit> units)
    : model_(&model), resources_(&resources), kinds_(model.kinds.size()), rows_of_(group.managers.size()) {
  for (const Unit& unit : units)
    for (std::uint32_t i = unit.begin; i < unit.end; ++i) {
      KindRows& own = kinds_[model.candidates[group.touches[i]].kind];
      own.used = true;
      own.by_manager |= unit.one_manager;
      own.by_channel |= unit.by_channel;
    }
  for (std::uint32_t kind = 0; kind < kinds_.size(); ++kind) {
    KindRows& own = kinds_[kind];
    if (!own.used) continue;
    own.begin = rows_.size();
    const std::span<const std::uint32_t> pool = model.pool(model.kinds[kind]);
    for (std::size_t p = 0; p < (own.by_manager ? pool.size() + 1 : 1); ++p) {
      const std::uint32_t manager = p == 0 ? none : pool[p - 1];
      for (std::size_t c = 0; c < (own.by_channel ? model.problem.channels + 1 : 1); ++c) {
        for (const std::uint32_t one : pool)
          if (manager == none || manager == one)
            rows_of_[model.place_in_group[one]].push_back(
                {rows_.size(), model.kinds[kind].minutes, c == 0 ? model.kinds[kind].channels : 1U << (c - 1)});
        rows_.push_back({kind, manager, c == 0 ? none : static_cast<std::uint32_t>(c - 1)});
      }
    }
  }
  cost_.resize(rows_.size() * model.days);
  pick_.resize(cost_.size());
}

std::size_t Menu::row(std::uint32_t kind, std::uint32_t manager, std::uint32_t channel) const {
  const KindRows& own = kinds_[kind];
  const std::size_t width = own.by_channel ? model_->problem.channels + 1 : 1;
  std::size_t p = 0;
  if (manager != none) {
    const std::span<const std::uint32_t> pool = model_->pool(model_->kinds[kind]);
    const auto at = std::lower_bound(pool.begin(), pool.end(), manager);
    if (at == pool.end() || *at != manager) return no_row;
    p = static_cast<std::size_t>(at - pool.begin()) + 1;
  }
  return own.begin + p * width + (channel == none ? 0 : channel + 1);
}

void Menu::price_one(std::size_t row, std::size_t day, std::span<const std::int64_t> prices,
                     std::span<const std::int64_t> room) {
  const Row& own = rows_[row];
  const Kind& kind = model_->kinds[own.kind];
  const std::span<const std::uint32_t> pool = model_->pool(kind);
  std::int64_t best = forbidden;
  Pick pick;
  for (std::size_t p = 0; p < pool.size(); ++p) {
    if (own.manager != none && pool[p] != own.manager) continue;
    std::uint32_t able = model_->usable_at(kind, p, day);
    if (own.channel != none) able &= 1U << own.channel;
    if (able == 0) continue;
    const std::size_t bin = resources_->bin(model_->place_in_group[pool[p]], day);
    const std::int64_t use = resources_->use(bin, kind.minutes);
    if (!room.empty() && room[bin] < use) continue;
    const std::int64_t cost = prices[bin] * use;
    if (cost >= best) continue;
    if (resources_->channels == 0) {
      best = cost;
      pick = {pool[p], static_cast<std::uint32_t>(std::countr_zero(able))};
      continue;
    }
    for (; able != 0; able &= able - 1) {
      const auto channel = static_cast<std::uint32_t>(std::countr_zero(able));
      const std::size_t contact = resources_->contact(bin, channel);
      if (!room.empty() && room[contact] < 1) continue;
      if (cost + prices[contact] < best) {
        best = cost + prices[contact];
        pick = {pool[p], channel};
      }
    }
  }
  cost_[row * model_->days + day] = best;
  pick_[row * model_->days + day] = pick;
}

void Menu::price(std::span<const std::int64_t> prices, std::span<const std::int64_t> room) {
  for (std::size_t row = 0; row < rows_.size(); ++row)
    for (std::size_t day = 0; day < model_->days; ++day) price_one(row, day, prices, room);
}

void Menu::price_again(std::size_t place, std::size_t day, const Change& change, std::span<const std::int64_t> prices,
                       std::span<const std::int64_t> room) {
  const bool by_slot = resources_->by_slot[resources_->bin(place, day)] != 0;
  for (const RowOf& one : rows_of_[place]) {
    const std::int64_t use = by_slot ? 1 : one.minutes;
    if ((change.less < use && use <= change.more) || (one.channels & change.channels) != 0)
      price_one(one.row, day, prices, room);
  }
}

std::vector<Unit> units_of(const Model& model, const Group& group) {
  std::vector<Unit> units(group.unit_begin.size() - 1);
  for (std::size_t u = 0; u < units.size(); ++u) {
    Unit& unit = units[u];
    unit.begin = group.unit_begin[u];
    unit.end = group.unit_begin[u + 1];
    unit.client = model.problem.touches[group.touches[unit.begin]].client;
    const std::span<const RollingLimit> limits = model.limits(unit.client);
    unit.limited = !limits.empty();
    for (std::uint32_t i = unit.begin; i < unit.end; ++i) {
      const Kind& kind = model.kinds[model.candidates[group.touches[i]].kind];
      for (const RollingLimit& limit : limits)
        unit.by_channel |= (kind.channels & limit.channels) != 0 && (kind.channels & ~limit.channels) != 0;
      const std::span<const std::uint32_t> pool = model.pool(kind);
      unit.managers.insert(unit.managers.end(), pool.begin(), pool.end());
    }
    std::sort(unit.managers.begin(), unit.managers.end());
    unit.managers.erase(std::unique(unit.managers.begin(), unit.managers.end()), unit.managers.end());
    unit.one_manager =
        model.problem.clients[unit.client].one_manager && unit.end - unit.begin > 1 && unit.managers.size() > 1;
    if (!unit.one_manager) unit.managers = {};
  }
  return units;
}

DaysAfter::DaysAfter(const Model& model) : states_(model.days + 1) {
  std::size_t longest = 0;
  for (const Candidate& one : model.candidates) longest = std::max<std::size_t>(longest, one.gap);
  after_.resize((longest + 1) * states_);
  for (std::size_t gap = 0; gap <= longest; ++gap) {
    std::size_t first = 0;
    for (std::size_t day = 0; day < model.days; ++day) {
      while (first < model.days && model.offset[first] < model.offset[day] + static_cast<std::int32_t>(gap)) ++first;
      after_[gap * states_ + day + 1] = static_cast<std::uint16_t>(first);
    }
  }
}

std::int64_t ClientPath::solve(const Unit& unit, const Menu& menu) {
  std::int64_t best = once(unit, menu, none);
  if (!unit.one_manager) return best;
  const auto other = [&](const Step& step) { return step.pick.manager != steps_.front().pick.manager; };
  if (std::none_of(steps_.begin(), steps_.end(), other)) return best;
  best = 0;
  best_steps_.clear();
  for (const std::uint32_t manager : unit.managers) {
    if (relax(unit, menu, manager) <= best) continue;
    const std::int64_t value = once(unit, menu, manager);
    if (value <= best) continue;
    best = value;
    best_steps_.swap(steps_);
  }
  steps_.swap(best_steps_);
  return best;
}

std::int64_t ClientPath::once(const Unit& unit, const Menu& menu, std::uint32_t manager) {
  const std::int64_t value = relax(unit, menu, manager);
  trace(unit, menu);
  if (!unit.limited || steps_.empty()) return value;
  limits_ = model_.limits(unit.client);
  if (within_limits(unit)) return value;
  std::size_t depth = model_.past(unit.client).size();  // no more contacts than limits allow need be remembered
  for (const RollingLimit& limit : limits_) depth += static_cast<std::size_t>(limit.contacts);
  depth = std::min(depth, std::tuple_size_v<History>);
  std::int32_t next = std::numeric_limits<std::int32_t>::max() / 2;
  for (std::size_t i = stages_.size(); i-- > 0;) {
    stages_[i].next = next;
    next = std::min(next, model_.offset[stages_[i].one->lo]);
  }
  const std::int64_t best = search(unit, menu, manager, depth);
  if (work_ > most_work_) {
    ++cut_short_;
    beam(unit, menu, manager, depth);
  }
  return best;
}

/// Rolling limits aside. State 0: none of the client's touches is planned yet; state d + 1: the last one is on day d.
/// tail(i)[state]: what touches from the i-th on yield at most from there.
std::int64_t ClientPath::relax(const Unit& unit, const Menu& menu, std::uint32_t manager) {
  const std::size_t states = model_.days + 1;
  const std::size_t touches = unit.end - unit.begin;
  stages_.resize(touches);
  std::uint16_t low = static_cast<std::uint16_t>(model_.days), high = 0;
  for (std::size_t i = 0; i < touches; ++i) {
    Stage& stage = stages_[i];
    const std::uint32_t touch = group_.touches[unit.begin + i];
    const Candidate& one = model_.candidates[touch];
    const PlanTouch& own = model_.problem.touches[touch];
    stage.low = low;
    stage.high = high;
    stage.row = menu.row(one.kind, manager, none);
    stage.one = &one;
    stage.value = own.value;
    stage.extra = own.preference == no_profile ? nullptr : model_.problem.preferences[own.preference].data();
    if (stage.row == Menu::no_row) continue;
    low = std::min(low, static_cast<std::uint16_t>(one.lo + 1));
    high = std::max(high, static_cast<std::uint16_t>(one.hi + 1));
  }
  if (tails_.size() < (touches + 1) * states) tails_.resize((touches + 1) * states);
  from_day_.resize(states);
  std::int64_t* next = tails_.data() + touches * states;
  next[0] = 0;
  std::fill(next + low, next + std::max(low, static_cast<std::uint16_t>(high + 1)), 0);
  for (std::size_t i = touches; i-- > 0; next -= states) {
    const Stage& stage = stages_[i];
    std::int64_t* tail = next - states;
    const std::uint16_t end = static_cast<std::uint16_t>(stage.high + 1);  // of the states that matter
    if (stage.row == Menu::no_row) {
      tail[0] = next[0];
      if (stage.low < end) std::copy(next + stage.low, next + end, tail + stage.low);
      continue;
    }
    const std::size_t lo = stage.one->lo, hi = stage.one->hi;
    const std::int64_t* cost = menu.costs(stage.row);
    std::int64_t most = 0;
    for (std::size_t day = hi + 1; day-- > lo;) {
      const std::int64_t worth = stage.value + (stage.extra != nullptr ? stage.extra[day] : 0);
      if (worth > 0) most = std::max(most, worth - cost[day] + next[day + 1]);
      from_day_[day] = most;
    }
    tail[0] = std::max(next[0], most);
    const std::uint16_t* after = after_.of(stage.one->gap);
    std::uint16_t state = stage.low;
    for (; state < end && after[state] <= lo; ++state) tail[state] = std::max(next[state], most);
    for (; state < end && after[state] <= hi; ++state) tail[state] = std::max(next[state], from_day_[after[state]]);
    for (; state < end; ++state) tail[state] = next[state];
  }
  return tails_[0];
}

/// The choice that relax() found.
void ClientPath::trace(const Unit& unit, const Menu& menu) {
  const std::size_t states = model_.days + 1;
  steps_.clear();
  std::size_t state = 0;
  const std::int64_t* tail = tails_.data();
  for (std::size_t i = 0; i < stages_.size() && tail[state] > 0; ++i, tail += states) {
    const std::int64_t* next = tail + states;
    if (tail[state] == next[state]) continue;
    const Stage& stage = stages_[i];
    const std::int64_t* cost = menu.costs(stage.row);
    std::size_t day = std::max<std::size_t>(stage.one->lo, after_.of(stage.one->gap)[state]);
    while (stage.worth(day) <= 0 || stage.worth(day) - cost[day] + next[day + 1] != tail[state]) ++day;
    steps_.push_back(
        {static_cast<std::uint32_t>(unit.begin + i), static_cast<std::uint32_t>(day), menu.pick(stage.row, day)});
    state = day + 1;
  }
}

bool ClientPath::within_limits(const Unit& unit) const {
  const std::span<const PastContact> past = model_.past(unit.client);
  for (const RollingLimit& limit : limits_)
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      if ((limit.channels >> steps_[s].pick.channel & 1U) == 0) continue;
      const std::int32_t day = model_.offset[steps_[s].day];
      std::int32_t count = 1;
      for (std::size_t before = s; before-- > 0 && day - model_.offset[steps_[before].day] < limit.days;)
        count += (limit.channels >> steps_[before].pick.channel & 1U) != 0;
      for (std::size_t p = past.size(); p-- > 0 && day - model_.day_offset(past[p].day) < limit.days;)
        count += (limit.channels >> past[p].channel & 1U) != 0;
      if (count > limit.contacts) return false;
    }
  return true;
}

namespace {

constexpr std::int32_t bias = 1023;
constexpr std::uint16_t gone = 0xFFFF;  // stage of a label beside which another is as good

std::uint16_t packed(std::int32_t day, std::uint32_t channel) {
  return static_cast<std::uint16_t>(static_cast<std::uint32_t>(day + bias) << 5 | channel);
}
std::int32_t day_in(std::uint16_t entry) { return static_cast<std::int32_t>(entry >> 5) - bias; }

}  // namespace

ClientPath::History ClientPath::begin_history(const Unit& unit, std::size_t depth) const {
  History history{};
  const std::span<const PastContact> past = model_.past(unit.client);
  std::size_t n = 0;
  for (std::size_t i = past.size(); i-- > 0 && n < depth;) {
    const std::int32_t day = model_.day_offset(past[i].day);
    if (day <= -bias) break;
    history[n++] = packed(day, past[i].channel);
  }
  return history;
}

bool ClientPath::allowed(const History& history, std::int32_t day, std::uint32_t channel) const {
  for (const RollingLimit& limit : limits_) {
    if ((limit.channels >> channel & 1U) == 0) continue;
    std::int32_t count = 0;
    for (const std::uint16_t entry : history) {
      if (entry == 0 || day - day_in(entry) >= limit.days) break;
      count += (limit.channels >> (entry & 31U) & 1U) != 0;
    }
    if (count >= limit.contacts) return false;
  }
  return true;
}

/// What later touches have to know, of which none is before day `next`.
ClientPath::History ClientPath::after(const History& history, std::int32_t day, std::uint32_t channel,
                                      std::size_t depth, std::int32_t next) const {
  History made{};
  std::size_t n = 0;
  const std::int32_t soonest = std::max(next, day);
  const auto add = [&](std::uint16_t entry) {
    bool matters = false;
    for (const RollingLimit& limit : limits_)
      matters |= (limit.channels >> (entry & 31U) & 1U) != 0 && soonest - day_in(entry) < limit.days;
    if (matters && n < depth) made[n++] = entry;
  };
  add(packed(day, channel));
  for (const std::uint16_t entry : history) {
    if (entry == 0) break;
    add(entry);
  }
  return made;
}

/// Whether after `a` all may follow that may follow after `b`, of the same state, and `a` is worth no less.
bool ClientPath::as_good(const Label& a, const Label& b) {
  ++work_;
  if (a.value < b.value || a.born > b.stage) return false;
  return std::all_of(limits_.begin(), limits_.end(), [&](const RollingLimit& limit) {
    std::size_t other = 0;
    for (const std::uint16_t entry : a.history) {
      if (entry == 0) break;
      if ((limit.channels >> (entry & 31U) & 1U) == 0) continue;
      const auto minds = [&] { return (limit.channels >> (b.history[other] & 31U) & 1U) != 0; };
      while (other < b.history.size() && b.history[other] != 0 && !minds()) ++other;
      if (other == b.history.size() || b.history[other] == 0) return false;
      if (day_in(entry) > day_in(b.history[other])) return false;
      ++other;
    }
    return true;
  });
}

/// Labels beside which another of the same state is as good are left out.
void ClientPath::keep(const Label& label, std::int64_t promise) {
  std::vector<std::uint32_t>& others = by_state_[label.state];
  ++work_;
  if (std::any_of(others.begin(), others.end(), [&](std::uint32_t other) { return as_good(labels_[other], label); }))
    return;
  std::erase_if(others, [&](std::uint32_t other) {
    if (!as_good(label, labels_[other])) return false;
    labels_[other].stage = gone;
    return true;
  });
  others.push_back(static_cast<std::uint32_t>(labels_.size()));
  open_.push_back({promise, others.back()});
  std::push_heap(open_.begin(), open_.end());
  labels_.push_back(label);
}

/// Calls visit(label, its promise) for a label's next touch on every day that limits let it have.
template <class Visit>
void ClientPath::plan_next(const Unit& unit, const Menu& menu, std::uint32_t manager, std::uint32_t before,
                           const Label& label, std::size_t depth, Visit visit) const {
  const std::size_t i = label.stage;
  const Stage& stage = stages_[i];
  if (stage.row == Menu::no_row) return;
  const std::size_t channels = unit.by_channel ? model_.problem.channels : 1;
  for (std::size_t day = std::max<std::size_t>(stage.one->lo, after_.of(stage.one->gap)[label.state]);
       day <= stage.one->hi; ++day) {
    const std::int64_t worth = stage.worth(day);
    if (worth <= 0) continue;
    for (std::uint32_t c = 0; c < channels; ++c) {
      const std::size_t row = unit.by_channel ? menu.row(stage.one->kind, manager, c) : stage.row;
      const std::int64_t gain = worth - menu.costs(row)[day];
      if (gain <= 0) continue;
      const Menu::Pick pick = menu.pick(row, day);
      const std::int32_t offset = model_.offset[day];
      if (!allowed(label.history, offset, pick.channel)) continue;
      const auto state = static_cast<std::uint16_t>(day + 1);
      const auto next = static_cast<std::uint16_t>(i + 1);
      visit(Label{after(label.history, offset, pick.channel, depth, stage.next), label.value + gain, before, next, next,
                  state, static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(day), pick},
            label.value + gain + tail(i + 1, state));
    }
  }
}

void ClientPath::trace_label(const Unit& unit, std::uint32_t label) {
  steps_.clear();
  for (; labels_[label].before != none; label = labels_[label].before)
    steps_.push_back({unit.begin + labels_[label].touch, labels_[label].day, labels_[label].pick});
  std::reverse(steps_.begin(), steps_.end());
}

/// The best choice within rolling limits: labels are gone on with in the order of what they might come to, of which
/// tails are the bound (Hart, Nilsson and Raphael 1968, "A*"). Where that is too much work only a bound is found, and
/// work_ is above most_work_.
std::int64_t ClientPath::search(const Unit& unit, const Menu& menu, std::uint32_t manager, std::size_t depth) {
  labels_.clear();
  open_.clear();
  work_ = 0;
  by_state_.resize(model_.days + 1);
  for (std::vector<std::uint32_t>& labels : by_state_) labels.clear();
  keep({begin_history(unit, depth), 0, none, 0, 0, 0, 0, 0, {}}, tail(0, 0));
  for (;;) {
    std::pop_heap(open_.begin(), open_.end());
    const auto [promise, at] = open_.back();
    open_.pop_back();
    const Label label = labels_[at];
    if (label.stage == gone) continue;
    if (work_ > most_work_) return promise;
    if (label.value == promise) {
      trace_label(unit, at);
      return promise;
    }
    // The next touch: not planned, or on any day.
    labels_[at].stage = static_cast<std::uint16_t>(label.stage + 1);
    open_.push_back({label.value + tail(label.stage + 1U, label.state), at});
    std::push_heap(open_.begin(), open_.end());
    plan_next(unit, menu, manager, at, label, depth,
              [&](const Label& made, std::int64_t made_promise) { keep(made, made_promise); });
  }
}

/// A good choice within rolling limits: touch by touch the labels go on that might come to most.
void ClientPath::beam(const Unit& unit, const Menu& menu, std::uint32_t manager, std::size_t depth) {
  constexpr std::size_t width = 32;
  labels_.assign(1, {begin_history(unit, depth), 0, none, 0, 0, 0, 0, 0, {}});
  std::vector<std::uint32_t> now{0};
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    open_.clear();
    for (const std::uint32_t at : now) {
      const Label label = labels_[at];
      plan_next(unit, menu, manager, at, label, depth, [&](const Label& made, std::int64_t promise) {
        open_.push_back({promise, static_cast<std::uint32_t>(labels_.size())});
        labels_.push_back(made);
      });
      labels_[at].stage = static_cast<std::uint16_t>(i + 1);
      open_.push_back({label.value + tail(i + 1, label.state), at});
    }
    std::sort(open_.begin(), open_.end(), [](const Open& a, const Open& b) { return b < a; });
    now.clear();
    for (const Open& one : open_) {
      const Label& label = labels_[one.label];
      const auto better = [&](std::uint32_t other) {
        return labels_[other].state == label.state && as_good(labels_[other], label);
      };
      if (std::none_of(now.begin(), now.end(), better)) now.push_back(one.label);
      if (now.size() == width) break;
    }
  }
  trace_label(unit, *std::max_element(now.begin(), now.end(), [&](std::uint32_t a, std::uint32_t b) {
                return labels_[a].value < labels_[b].value;
              }));
}

namespace {

/// The touches of a touch's client.
std::pair<std::uint32_t, std::uint32_t> siblings_of(const PlanProblem& problem, std::uint32_t touch) {
  const std::uint32_t client = problem.touches[touch].client;
  std::uint32_t begin = touch, end = touch + 1;
  while (begin > 0 && problem.touches[begin - 1].client == client) --begin;
  while (end < problem.touches.size() && problem.touches[end].client == client) ++end;
  return {begin, end};
}

/// Whether limits and the one manager of the client leave a touch the day, whatever the order.
bool fits_limits(const Model& model, std::span<const Place> places, std::pair<std::uint32_t, std::uint32_t> siblings,
                 std::uint32_t touch, const Place& place) {
  const PlanProblem& problem = model.problem;
  const std::uint32_t client = problem.touches[touch].client;
  const auto [begin, end] = siblings;
  if (problem.clients[client].one_manager)
    for (std::uint32_t other = begin; other < end; ++other)
      if (other != touch && places[other].manager != none && places[other].manager != place.manager) return false;
  const std::uint32_t profile = problem.clients[client].limits;
  if (profile == no_profile) return true;
  const std::int32_t day = model.offset[place.day];
  for (const RollingLimit& limit : problem.limits[profile]) {
    if ((limit.channels >> place.channel & 1U) == 0) continue;
    std::vector<std::int32_t> contacts{day};
    for (const PastContact& past : model.past(client))
      if ((limit.channels >> past.channel & 1U) != 0) contacts.push_back(model.day_offset(past.day));
    for (std::uint32_t other = begin; other < end; ++other)
      if (other != touch && places[other].manager != none && (limit.channels >> places[other].channel & 1U) != 0)
        contacts.push_back(model.offset[places[other].day]);
    std::sort(contacts.begin(), contacts.end());
    const auto most = static_cast<std::size_t>(limit.contacts);
    if (most == 0) return false;
    for (std::size_t i = most; i < contacts.size(); ++i)
      if (contacts[i] - contacts[i - most] < limit.days && contacts[i] >= day && contacts[i - most] <= day)
        return false;
  }
  return true;
}

}  // namespace

bool fits_client(const Model& model, std::span<const Place> places, std::uint32_t touch, const Place& place) {
  const PlanProblem& problem = model.problem;
  if (model.coupled[problem.touches[touch].client] == 0) return true;
  const std::pair siblings = siblings_of(problem, touch);
  const std::int32_t day = model.offset[place.day];
  for (std::uint32_t other = touch; other-- > siblings.first;)
    if (places[other].manager != none) {
      if (day - model.offset[places[other].day] < problem.touches[touch].gap_days) return false;
      break;
    }
  for (std::uint32_t other = touch + 1; other < siblings.second; ++other)
    if (places[other].manager != none) {
      if (model.offset[places[other].day] - day < problem.touches[other].gap_days) return false;
      break;
    }
  return fits_limits(model, places, siblings, touch, place);
}

bool fits_client_in_any_turn(const Model& model, std::span<const Place> places, std::span<const std::uint64_t> quotas,
                             std::uint32_t touch, const Place& place) {
  const PlanProblem& problem = model.problem;
  if (model.coupled[problem.touches[touch].client] == 0) return true;
  const std::pair siblings = siblings_of(problem, touch);
  const auto turn_of = [&](std::uint16_t day, std::uint32_t one) {
    return std::tuple(day, problem.touches[one].gap_days == 0, one);
  };
  const auto turn = turn_of(place.day, touch);
  std::uint32_t before = none, behind = none;  // the touches next to it
  for (std::uint32_t other = siblings.first; other < siblings.second; ++other) {
    if (other == touch || places[other].manager == none) continue;
    const auto own = turn_of(places[other].day, other);
    if (quotas[other] == quotas[touch] && (own < turn) != (other < touch)) return false;
    std::uint32_t& next = own < turn ? before : behind;
    if (next == none || (own < turn) == (turn_of(places[next].day, next) < own)) next = other;
  }
  const std::int32_t day = model.offset[place.day];
  if (before != none && day - model.offset[places[before].day] < problem.touches[touch].gap_days) return false;
  if (behind != none && model.offset[places[behind].day] - day < problem.touches[behind].gap_days) return false;
  return fits_limits(model, places, siblings, touch, place);
}

}  // namespace klientela::planning
