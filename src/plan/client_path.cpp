// Longest paths over a client's touches and days, and the costs that they meet.
#include "plan/client_path.hpp"

#include <algorithm>
#include <bit>

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
          if (manager == none || manager == one) rows_of_[model.place_in_group[one]].push_back(rows_.size());
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

void Menu::price_again(std::size_t place, std::size_t day, std::span<const std::int64_t> prices,
                       std::span<const std::int64_t> room) {
  for (const std::size_t row : rows_of_[place]) price_one(row, day, prices, room);
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

DaysBefore::DaysBefore(const Model& model) : days_(model.days) {
  std::size_t longest = 0;
  for (const Candidate& one : model.candidates) longest = std::max<std::size_t>(longest, one.gap);
  before_.resize((longest + 1) * days_);
  for (std::size_t gap = 0; gap <= longest; ++gap) {
    std::int16_t last = -1;
    for (std::size_t day = 0; day < days_; ++day) {
      while (static_cast<std::size_t>(last + 1) <= day &&
             model.offset[static_cast<std::size_t>(last + 1)] + static_cast<std::int32_t>(gap) <= model.offset[day])
        ++last;
      before_[gap * days_ + day] = last;
    }
  }
}

std::int64_t ClientPath::solve(const Unit& unit, const Menu& menu) {
  const auto once = [&](std::uint32_t manager) {
    return unit.limited ? solve_limits(unit, menu, manager) : solve_gaps(unit, menu, manager);
  };
  if (!unit.one_manager) return once(none);
  std::int64_t best = 0;
  best_steps_.clear();
  for (const std::uint32_t manager : unit.managers) {
    const std::int64_t value = once(manager);
    if (value <= best) continue;
    best = value;
    best_steps_.swap(steps_);
  }
  steps_.swap(best_steps_);
  return best;
}

/// best_[d]: what touches so far yield at most when the last of them is on day d or before, or none is planned.
std::int64_t ClientPath::solve_gaps(const Unit& unit, const Menu& menu, std::uint32_t manager) {
  const std::size_t days = model_.days;
  const std::size_t touches = unit.end - unit.begin;
  best_.assign(days, 0);
  best_from_.assign(days, none);
  placed_.resize(days);
  if (from_.size() < touches * days) from_.resize(touches * days);
  for (std::size_t i = 0; i < touches; ++i) {
    const std::uint32_t touch = group_.touches[unit.begin + i];
    const Candidate& one = model_.candidates[touch];
    const PlanTouch& own = model_.problem.touches[touch];
    const std::size_t row = menu.row(one.kind, manager, none);
    if (row == Menu::no_row) continue;
    const std::int64_t* cost = menu.costs(row);
    const std::int64_t* extra =
        own.preference == no_profile ? nullptr : model_.problem.preferences[own.preference].data();
    const std::int16_t* before = before_.of(one.gap);
    std::uint32_t* from = from_.data() + i * days;
    for (std::size_t day = one.lo; day <= one.hi; ++day) {
      const std::int64_t worth = own.value + (extra != nullptr ? extra[day] : 0);
      const std::int16_t last = before[day];
      const bool first = last < 0;
      placed_[day] = worth <= 0 ? -1 : worth - cost[day] + (first ? 0 : best_[static_cast<std::size_t>(last)]);
      from[day] = first ? none : best_from_[static_cast<std::size_t>(last)];
    }
    std::int64_t most = 0;
    std::uint32_t most_from = none;
    for (std::size_t day = one.lo; day < days; ++day) {
      if (day <= one.hi && placed_[day] > most) {
        most = placed_[day];
        most_from = static_cast<std::uint32_t>(i * days + day);
      }
      if (most > best_[day]) {
        best_[day] = most;
        best_from_[day] = most_from;
      } else if (day >= one.hi) {
        break;
      }
    }
  }
  steps_.clear();
  if (days == 0) return 0;
  for (std::uint32_t at = best_from_[days - 1]; at != none; at = from_[at]) {
    const auto position = static_cast<std::uint32_t>(unit.begin + at / days);
    const auto day = static_cast<std::uint32_t>(at % days);
    const std::uint32_t kind = model_.candidates[group_.touches[position]].kind;
    steps_.push_back({position, day, menu.pick(menu.row(kind, manager, none), day)});
  }
  std::reverse(steps_.begin(), steps_.end());
  return best_[days - 1];
}

namespace {

constexpr std::int32_t bias = 1023;
constexpr std::size_t most_labels = 20'000;

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

bool ClientPath::allowed(const History& history, std::int32_t day, std::uint32_t channel, std::int32_t gap) const {
  // What contacts before the plan ask of gaps, no candidate has on a day that is left.
  if (history[0] != 0 && day_in(history[0]) >= 0 && day - day_in(history[0]) < gap) return false;
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

/// What later touches have to know, of which none is before day `next`; where that lies before `day`, order is to be
/// kept too.
ClientPath::History ClientPath::after(const History& history, std::int32_t day, std::uint32_t channel,
                                      std::size_t depth, std::int32_t next, std::int32_t next_gap) const {
  History made{};
  std::size_t n = 0;
  const std::int32_t soonest = std::max(next, day);
  const auto add = [&](std::uint16_t entry, bool matters) {
    for (const RollingLimit& limit : limits_)
      matters |= (limit.channels >> (entry & 31U) & 1U) != 0 && soonest - day_in(entry) < limit.days;
    if (matters && n < depth) made[n++] = entry;
  };
  add(packed(day, channel), next < day || soonest - day < next_gap);
  for (const std::uint16_t entry : history) {
    if (entry == 0) break;
    add(entry, false);
  }
  return made;
}

std::size_t ClientPath::slot_of(const History& history) const {
  const auto [first, second] = std::bit_cast<std::array<std::uint64_t, 2>>(history);
  const std::uint64_t hash = (first * 0x9E3779B97F4A7C15ULL ^ second) * 0xC2B2AE3D27D4EB4FULL;
  std::size_t at = hash >> 32 & (table_.size() - 1);
  while (table_[at] != none && labels_[table_[at]].history != history) at = (at + 1) & (table_.size() - 1);
  return at;
}

void ClientPath::grow_table() {
  std::vector<std::uint32_t> old(table_.size() * 2, none);
  old.swap(table_);
  for (const std::uint32_t label : old)
    if (label != none) table_[slot_of(labels_[label].history)] = label;
}

/// Of labels with one history the one worth most stays; of equals the earlier one. One that is replaced goes on to the
/// end of the stage, since it has not seen this touch yet.
void ClientPath::keep(const Label& label) {
  if ((labels_.size() + 1) * 2 > table_.size()) grow_table();
  const std::size_t at = slot_of(label.history);
  if (table_[at] != none) {
    if (labels_[table_[at]].value >= label.value) return;
    replaced_.push_back(table_[at]);
  }
  table_[at] = static_cast<std::uint32_t>(labels_.size());
  labels_.push_back(label);
}

/// \param depth  contacts that a label remembers at most. \returns false where there are too many labels
bool ClientPath::extend(const Unit& unit, const Menu& menu, std::uint32_t manager, std::size_t depth) {
  labels_.clear();
  table_.assign(256, none);
  keep({begin_history(unit, depth), 0, none, none, 0, {}, true});
  const std::size_t channels = unit.by_channel ? model_.problem.channels : 1;
  for (std::uint32_t i = unit.begin; i < unit.end; ++i) {
    const std::uint32_t touch = group_.touches[i];
    const Candidate& one = model_.candidates[touch];
    if (menu.row(one.kind, manager, none) == Menu::no_row) continue;
    std::int32_t next = std::numeric_limits<std::int32_t>::max() / 2, next_gap = 0;
    for (std::uint32_t k = i + 1; k < unit.end; ++k) {
      const Candidate& later = model_.candidates[group_.touches[k]];
      next = std::min(next, model_.offset[later.lo]);
      next_gap = std::max<std::int32_t>(next_gap, later.gap);
    }
    replaced_.clear();
    const auto stage = static_cast<std::uint32_t>(labels_.size());
    for (std::size_t day = one.lo; day <= one.hi; ++day) {
      const std::int64_t worth = model_.worth(touch, day);
      const std::int32_t at = model_.offset[day];
      for (std::uint32_t c = 0; c < channels; ++c) {
        const std::size_t row = menu.row(one.kind, manager, unit.by_channel ? c : none);
        const std::int64_t gain = worth - menu.costs(row)[day];
        if (worth <= 0 || gain <= 0) continue;
        const Menu::Pick pick = menu.pick(row, day);
        for (std::uint32_t label = 0; label < stage; ++label) {
          if (!labels_[label].alive) continue;
          const History history = labels_[label].history;
          if (history[0] != 0 && at < day_in(history[0])) continue;
          if (!allowed(history, at, pick.channel, one.gap)) continue;
          keep({after(history, at, pick.channel, depth, next, next_gap), labels_[label].value + gain, label, i,
                static_cast<std::uint32_t>(day), pick, true});
        }
      }
      if (labels_.size() > most_labels && depth > 1) return false;
    }
    for (const std::uint32_t label : replaced_) labels_[label].alive = false;
  }
  return true;
}

std::int64_t ClientPath::solve_limits(const Unit& unit, const Menu& menu, std::uint32_t manager) {
  limits_ = model_.limits(unit.client);
  for (std::size_t depth = std::tuple_size_v<History>; !extend(unit, menu, manager, depth);) --depth;
  std::uint32_t best = 0;
  for (std::uint32_t label = 1; label < labels_.size(); ++label)
    if (labels_[label].value > labels_[best].value) best = label;
  steps_.clear();
  for (std::uint32_t at = best; labels_[at].position != none; at = labels_[at].before)
    steps_.push_back({labels_[at].position, labels_[at].day, labels_[at].pick});
  std::reverse(steps_.begin(), steps_.end());
  return labels_[best].value;
}

bool fits_client(const Model& model, std::span<const Place> places, std::uint32_t touch, const Place& place) {
  const PlanProblem& problem = model.problem;
  const std::uint32_t client = problem.touches[touch].client;
  if (model.coupled[client] == 0) return true;
  std::uint32_t begin = touch, end = touch + 1;
  while (begin > 0 && problem.touches[begin - 1].client == client) --begin;
  while (end < problem.touches.size() && problem.touches[end].client == client) ++end;
  const std::int32_t day = model.offset[place.day];
  for (std::uint32_t other = touch; other-- > begin;)
    if (places[other].manager != none) {
      if (day - model.offset[places[other].day] < problem.touches[touch].gap_days) return false;
      break;
    }
  for (std::uint32_t other = touch + 1; other < end; ++other)
    if (places[other].manager != none) {
      if (model.offset[places[other].day] - day < problem.touches[other].gap_days) return false;
      break;
    }
  if (problem.clients[client].one_manager)
    for (std::uint32_t other = begin; other < end; ++other)
      if (other != touch && places[other].manager != none && places[other].manager != place.manager) return false;
  const std::uint32_t profile = problem.clients[client].limits;
  if (profile == no_profile) return true;
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

}  // namespace klientela::planning
