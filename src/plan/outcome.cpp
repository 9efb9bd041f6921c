// Rows and reasons of a plan, and the Lagrangian bound of prices that need not come from the planner.
#include "plan/outcome.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <tuple>

#include "plan/client_path.hpp"

namespace klientela::planning {

namespace {

/// First day, in days from the plan's first, on which contacts before the plan leave room for one by the channel.
std::int32_t open_from(const Model& model, std::uint32_t client, std::uint32_t channel) {
  std::int32_t open = std::numeric_limits<std::int32_t>::min();
  const std::uint32_t profile = model.problem.clients[client].limits;
  if (profile == no_profile) return open;
  const std::span<const PastContact> past = model.past(client);
  for (const RollingLimit& limit : model.problem.limits[profile]) {
    if ((limit.channels >> channel & 1U) == 0) continue;
    if (limit.contacts == 0) return std::numeric_limits<std::int32_t>::max();
    std::int32_t count = 0;
    for (auto one = past.rbegin(); one != past.rend() && count < limit.contacts; ++one)
      if ((limit.channels >> one->channel & 1U) != 0 && ++count == limit.contacts)
        open = std::max(open, model.day_offset(one->day) + limit.days);
  }
  return open;
}

/// Why a candidate is not in the plan, by the plan's prices.
RefusedTouch refused_candidate(const Model& model, const PlanPrices& prices, std::span<const Place> places,
                               std::uint32_t touch) {
  const Candidate& one = model.candidates[touch];
  const Kind& kind = model.kinds[one.kind];
  const std::span<const std::uint32_t> pool = model.pool(kind);
  std::array<std::int32_t, max_plan_channels> open{};
  for (std::uint32_t channels = kind.channels; channels != 0; channels &= channels - 1) {
    const auto channel = static_cast<std::uint32_t>(std::countr_zero(channels));
    open[channel] = open_from(model, model.problem.touches[touch].client, channel);
  }
  std::int64_t best = no_surplus;
  bool fits = false;
  for (std::size_t day = one.lo; day <= one.hi; ++day) {
    const std::int64_t worth = model.worth(touch, day);
    if (worth <= 0) continue;
    for (std::size_t p = 0; p < pool.size(); ++p)
      for (std::uint32_t able = model.usable_at(kind, p, day); able != 0; able &= able - 1) {
        const auto channel = static_cast<std::uint16_t>(std::countr_zero(able));
        if (model.offset[day] < open[channel]) continue;
        const std::size_t bin = model.problem.bin(pool[p], day);
        std::int64_t cost = prices.slot[bin] + kind.minutes * prices.minute[bin];
        if (!prices.contact.empty()) cost += prices.contact[bin * model.problem.channels + channel];
        best = std::max(best, worth - cost);
        if (worth > cost && !fits)
          fits = fits_client(model, places, touch, {pool[p], static_cast<std::uint16_t>(day), channel});
      }
  }
  if (best == no_surplus) return {touch, Refusal::past_contacts, 0};  // they leave some channels, but none that is had
  return {touch, best > 0 && !fits ? Refusal::other_touches : Refusal::capacity, best};
}

std::int64_t best_of_clients(const Model& model, const Group& group, const DaysAfter& before, PlanPrices& prices,
                             const Control& control) {
  constexpr std::size_t block = 512;
  const Resources resources(model, group);
  std::int64_t most = 0;
  std::vector<std::int32_t> shortest(group.managers.size(), max_day_minutes);
  for (const std::uint32_t touch : group.touches) {
    const Candidate& one = model.candidates[touch];
    const Kind& kind = model.kinds[one.kind];
    for (std::size_t day = one.lo; day <= one.hi; ++day) most = std::max(most, model.worth(touch, day));
    for (const std::uint32_t manager : model.pool(kind)) {
      std::int32_t& own = shortest[model.place_in_group[manager]];
      own = std::min(own, kind.minutes);
    }
  }
  std::vector<std::int64_t> own(resources.capacity.size());
  std::int64_t sum = 0;
  for (std::size_t place = 0; place < group.managers.size(); ++place)
    for (std::size_t day = 0; day < model.days; ++day) {
      const std::size_t bin = resources.bin(place, day), all = model.problem.bin(group.managers[place], day);
      std::int64_t& slot = prices.slot[all];
      std::int64_t& minute = prices.minute[all];
      slot = std::min(slot, most);
      minute = std::min(minute, most);
      if (resources.by_slot[bin] != 0) {
        slot = std::min(slot + minute * shortest[place], most);
        minute = 0;
      } else {
        minute = std::min(minute + slot / shortest[place], most);
        slot = 0;
      }
      own[bin] = slot + minute;
      sum += own[bin] * resources.capacity[bin];
      for (std::size_t channel = 0; channel < resources.channels; ++channel) {
        std::int64_t& contact = prices.contact[all * resources.channels + channel];
        contact = std::min(contact, most);
        own[resources.contact(bin, channel)] = contact;
        sum += contact * resources.capacity[resources.contact(bin, channel)];
      }
    }
  const std::vector<Unit> units = units_of(model, group);
  Menu menu(model, group, resources, units);
  menu.price(own, {});
  std::vector<std::int64_t> values((units.size() + block - 1) / block);
  control.run(values.size(), [&](std::size_t b) {
    ClientPath path(model, group, before);
    for (std::size_t u = b * block; u < std::min(units.size(), (b + 1) * block); ++u)
      values[b] += path.solve(units[u], menu);
  });
  for (const std::int64_t value : values) sum += value;
  return sum;
}

}  // namespace

void write_rows(const Model& model, std::span<const Place> places, std::span<const std::int32_t> starts,
                ContactPlan& plan) {
  for (std::uint32_t touch = 0; touch < places.size(); ++touch) {
    const Place& place = places[touch];
    const std::uint8_t refusal = model.candidates[touch].refusal;
    if (refusal != candidate) {
      plan.refused.push_back({touch, static_cast<Refusal>(refusal), 0});
    } else if (place.manager == none) {
      plan.refused.push_back(refused_candidate(model, plan.prices, places, touch));
    } else {
      plan.planned.push_back({touch, place.manager, place.day, place.channel, starts[touch]});
      plan.objective += model.worth(touch, place.day);
    }
  }
}

void retell_refused(const PlanProblem& problem, const std::vector<bool>& clients, ContactPlan& plan) {
  constexpr std::int64_t most = 1'000'000'000'000'000;  // more than anything is worth
  const PlanPrices& prices = plan.prices;
  if (prices.slot.size() != problem.minutes.size() || prices.minute.size() != problem.minutes.size() ||
      prices.contact.size() != problem.contacts.size())
    return;
  for (const std::vector<std::int64_t>* list : {&prices.slot, &prices.minute, &prices.contact})
    if (std::any_of(list->begin(), list->end(), [&](std::int64_t price) { return price < 0 || price > most; })) return;
  const Model model(problem);
  std::vector<Place> places(problem.touches.size());
  for (const PlannedTouch& row : plan.planned)
    if (row.touch < places.size() && row.manager < problem.managers && row.day < model.days &&
        row.channel < problem.channels)
      places[row.touch] = {row.manager, static_cast<std::uint16_t>(row.day), static_cast<std::uint16_t>(row.channel)};
  for (RefusedTouch& row : plan.refused)
    if (row.touch < places.size() && clients[problem.touches[row.touch].client] &&
        model.candidates[row.touch].refusal == candidate && places[row.touch].manager == none)
      row = refused_candidate(model, prices, places, row.touch);
}

void add_past(std::span<const HeldTouch> held, PlanProblem& problem) {
  for (const HeldTouch& one : held) problem.past.push_back({one.client, one.channel, one.day});
  std::sort(problem.past.begin(), problem.past.end(), [](const PastContact& a, const PastContact& b) {
    return std::tie(a.client, a.day, a.channel) < std::tie(b.client, b.day, b.channel);
  });
}

std::int64_t bound_at(const Model& model, PlanPrices& prices, const Control& control) {
  const DaysAfter before(model);
  PlanPrices used;
  used.slot.resize(prices.slot.size());
  used.minute.resize(prices.minute.size());
  used.contact.resize(prices.contact.size());
  std::int64_t sum = 0;
  for (const Group& group : model.groups) {
    control.check();
    for (const std::uint32_t manager : group.managers) {  // those of no group stay without a price
      const std::size_t begin = manager * model.days, end = begin + model.days, channels = model.problem.channels;
      for (std::size_t bin = begin; bin < end; ++bin) {
        used.slot[bin] = prices.slot[bin];
        used.minute[bin] = prices.minute[bin];
        for (std::size_t c = bin * channels; c < (bin + 1) * channels && !prices.contact.empty(); ++c)
          used.contact[c] = prices.contact[c];
      }
    }
    sum += best_of_clients(model, group, before, used, control);
  }
  prices = std::move(used);
  return sum;
}

}  // namespace klientela::planning
