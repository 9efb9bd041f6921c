// Lagrangian relaxation of the capacities: clients choose by prices, prices follow demand, and a plan is made of both.
#include "plan/coupled.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "plan/client_path.hpp"

namespace klientela::planning {

namespace {

constexpr std::uint32_t block_units = 512;

/// One group on its way.
class Relaxation {
 public:
  Relaxation(const Model& model, const Group& group, const DaysBefore& before)
      : model_(model),
        group_(group),
        before_(before),
        resources_(model, group),
        units_(units_of(model, group)),
        menu_(model, group, resources_, units_),
        scale_(resources_.capacity.size(), 1.0),
        places_(group.touches.size()) {
    begin();
  }

  [[nodiscard]] std::size_t blocks() const { return (units_.size() + block_units - 1) / block_units; }
  [[nodiscard]] bool done(double gap) const {
    return static_cast<double>(bound_ - objective_) <= gap * static_cast<double>(bound_);
  }
  [[nodiscard]] std::int64_t bound() const { return bound_; }

  void open_round() {
    for (std::size_t r = 0; r < trial_.size(); ++r)
      prices_[r] = resources_.capacity[r] == 0
                       ? 0
                       : static_cast<std::int64_t>(std::round(std::min(trial_[r], static_cast<double>(most_))));
    menu_.price(prices_, {});
    results_.resize(blocks());
  }

  /// What a block of clients would choose at the round's prices.
  void choose(std::size_t block) {
    ClientPath path(model_, group_, before_);
    Result& result = results_[block];
    result.value = 0;
    result.use.assign(resources_.capacity.size(), 0);
    const std::size_t end = std::min<std::size_t>(units_.size(), (block + 1) * block_units);
    for (std::size_t u = block * block_units; u < end; ++u) {
      result.value += path.solve(units_[u], menu_);
      for (const ClientPath::Step& step : path.steps()) take(result.use, step, 1);
    }
  }

  /// Follows the moving average of the demand (Barahona and Anbil 2000, "The volume algorithm").
  void close_round() {
    std::int64_t bound = 0;
    std::vector<double> demand(prices_.size());
    for (const Result& result : results_) {
      bound += result.value;
      for (std::size_t r = 0; r < demand.size(); ++r) demand[r] += static_cast<double>(result.use[r]);
    }
    for (std::size_t r = 0; r < prices_.size(); ++r) {
      bound += prices_[r] * resources_.capacity[r];
      demand[r] = (demand[r] - static_cast<double>(resources_.capacity[r])) / scale_[r];
    }
    if (rounds_++ == 0) {
      excess_ = demand;
      adopt(bound);
    } else {
      const double share = best_share(demand);
      for (std::size_t r = 0; r < demand.size(); ++r) excess_[r] = share * demand[r] + (1 - share) * excess_[r];
      if (bound < bound_) {
        const double agreement = std::inner_product(demand.begin(), demand.end(), excess_.begin(), 0.0);
        step_ *= agreement > 0 ? 1.3 : 1.0;
        failures_ = 0;
        adopt(bound);
      } else if (++failures_ % 4 == 0) {
        step_ *= 0.66;
      }
    }
    aim();
  }

  /// Makes a plan at the best prices so far and keeps it if it is the best.
  void plan(int passes, const Control& control) {
    std::vector<std::int64_t> room = resources_.capacity;
    std::vector<Place> places(group_.touches.size());
    std::vector<std::int64_t> surplus(units_.size());
    ClientPath path(model_, group_, before_);
    Menu menu = menu_;
    menu.price(best_prices_, {});
    for (std::size_t u = 0; u < units_.size(); ++u) surplus[u] = path.solve(units_[u], menu);
    std::vector<std::uint32_t> order(units_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return surplus[a] > surplus[b]; });
    std::vector<std::int64_t> prices = best_prices_;
    for (int pass = 0; pass < passes; ++pass) {
      control.check();
      // At the full prices first, then at falling ones, so that room which the prices would leave is used.
      if (pass >= 2)
        for (std::int64_t& price : prices) price = pass == passes - 1 ? 0 : price / 2;
      menu.price(prices, room);
      for (const std::uint32_t u : order) {
        const Unit& unit = units_[u];
        for (std::uint32_t i = unit.begin; i < unit.end; ++i)
          if (places[i].manager != none) move(menu, prices, room, i, places[i], -1);
        static_cast<void>(path.solve(unit, menu));
        for (std::uint32_t i = unit.begin; i < unit.end; ++i) places[i] = {};
        for (const ClientPath::Step& step : path.steps()) {
          const Place place{step.pick.manager, static_cast<std::uint16_t>(step.day),
                            static_cast<std::uint16_t>(step.pick.channel)};
          if (!has_room(room, step.position, place)) continue;  // two of a client on one day for the last room
          places[step.position] = place;
          move(menu, prices, room, step.position, place, 1);
        }
      }
      std::int64_t objective = 0;
      for (std::uint32_t i = 0; i < places.size(); ++i)
        if (places[i].manager != none) objective += model_.worth(group_.touches[i], places[i].day);
      if (objective > objective_) {
        objective_ = objective;
        places_ = places;
      }
    }
    aim();
  }

  void write(std::vector<Place>& places, PlanPrices& prices) const {
    for (std::size_t i = 0; i < places_.size(); ++i) places[group_.touches[i]] = places_[i];
    for (std::size_t place = 0; place < group_.managers.size(); ++place)
      for (std::size_t day = 0; day < model_.days; ++day) {
        const std::size_t own = resources_.bin(place, day), all = model_.problem.bin(group_.managers[place], day);
        (resources_.by_slot[own] != 0 ? prices.slot : prices.minute)[all] = best_prices_[own];
        for (std::size_t channel = 0; channel < resources_.channels; ++channel)
          prices.contact[all * resources_.channels + channel] = best_prices_[resources_.contact(own, channel)];
      }
  }

 private:
  struct Result {
    std::int64_t value{0};
    std::vector<std::int64_t> use;
  };

  [[nodiscard]] std::int32_t minutes(std::uint32_t position) const {
    return model_.kinds[model_.candidates[group_.touches[position]].kind].minutes;
  }

  /// Prices to begin with: those at which, whatever the day, as much is worth it as there are minutes in all.
  void begin() {
    std::vector<std::pair<double, double>> by_density;  // worth per unit of use, use
    double total_minutes = 0;
    for (std::uint32_t i = 0; i < group_.touches.size(); ++i) {
      const std::uint32_t touch = group_.touches[i];
      std::int64_t worth = 0;
      for (std::size_t day = model_.candidates[touch].lo; day <= model_.candidates[touch].hi; ++day)
        worth = std::max(worth, model_.worth(touch, day));
      most_ = std::max(most_, worth);
      by_density.emplace_back(static_cast<double>(worth) / minutes(i), minutes(i));
      total_minutes += minutes(i);
      longest_ = std::max<std::int64_t>(longest_, minutes(i));
    }
    const double mean_minutes = total_minutes / static_cast<double>(group_.touches.size());
    double capacity = 0;
    for (std::size_t r = 0; r < resources_.bins; ++r) {
      if (resources_.by_slot[r] == 0) scale_[r] = mean_minutes;
      capacity += static_cast<double>(resources_.capacity[r]) * mean_minutes / scale_[r];
    }
    std::sort(by_density.begin(), by_density.end(), std::greater<>());
    double used = 0, density = 0;
    for (const auto& [worth, use] : by_density)
      if ((used += use) > capacity) {
        density = worth;
        break;
      }
    trial_.assign(resources_.capacity.size(), 0.0);
    for (std::size_t r = 0; r < resources_.bins; ++r) trial_[r] = density * mean_minutes / scale_[r];
    prices_.assign(trial_.size(), 0);
  }

  void adopt(std::int64_t bound) {
    bound_ = bound;
    best_prices_ = prices_;
    center_.assign(prices_.begin(), prices_.end());
  }

  /// The share of the new demand with which the average is shortest, within limits.
  [[nodiscard]] double best_share(const std::vector<double>& demand) const {
    double across = 0, along = 0;
    for (std::size_t r = 0; r < demand.size(); ++r) {
      if (center_[r] <= 0 && excess_[r] < 0 && demand[r] < 0) continue;
      const double difference = excess_[r] - demand[r];
      across += difference * difference;
      along += difference * excess_[r];
    }
    return across > 0 ? std::clamp(along / across, 0.05, 0.5) : 0.5;
  }

  /// The next prices: from the best ones towards what the averaged demand asks, as far as the gap is wide.
  void aim() {
    double norm = 0;
    for (std::size_t r = 0; r < center_.size(); ++r)
      if (center_[r] > 0 || excess_[r] > 0) norm += excess_[r] * excess_[r];
    trial_ = center_;
    if (norm <= 0) return;
    const double length = step_ * static_cast<double>(bound_ - objective_) / norm;
    for (std::size_t r = 0; r < center_.size(); ++r)
      if (center_[r] > 0 || excess_[r] > 0) trial_[r] = std::max(0.0, center_[r] + length * excess_[r] / scale_[r]);
  }

  void take(std::vector<std::int64_t>& use, const ClientPath::Step& step, std::int64_t times) const {
    const std::size_t bin = resources_.bin(model_.place_in_group[step.pick.manager], step.day);
    use[bin] += times * resources_.use(bin, minutes(step.position));
    if (resources_.channels != 0) use[resources_.contact(bin, step.pick.channel)] += times;
  }

  [[nodiscard]] bool has_room(const std::vector<std::int64_t>& room, std::uint32_t position, const Place& place) const {
    const std::size_t bin = resources_.bin(model_.place_in_group[place.manager], place.day);
    return room[bin] >= resources_.use(bin, minutes(position)) &&
           (resources_.channels == 0 || room[resources_.contact(bin, place.channel)] >= 1);
  }

  /// Takes room or, with -1, gives it back; what is tight is priced again.
  void move(Menu& menu, const std::vector<std::int64_t>& prices, std::vector<std::int64_t>& room,
            std::uint32_t position, const Place& place, std::int64_t times) const {
    const std::size_t bin = resources_.bin(model_.place_in_group[place.manager], place.day);
    const std::int64_t use = resources_.use(bin, minutes(position));
    bool tight = std::min(room[bin], room[bin] - times * use) < (resources_.by_slot[bin] != 0 ? 1 : longest_);
    room[bin] -= times * use;
    if (resources_.channels != 0) {
      std::int64_t& contacts = room[resources_.contact(bin, place.channel)];
      contacts -= times;
      tight |= std::min(contacts, contacts + times) < 1;
    }
    if (tight) menu.price_again(model_.place_in_group[place.manager], place.day, prices, room);
  }

  const Model& model_;
  const Group& group_;
  const DaysBefore& before_;
  Resources resources_;
  std::vector<Unit> units_;
  Menu menu_;
  std::vector<double> scale_;  // so many units of a resource are one contact
  std::vector<Place> places_;  // of the best plan, by Group::touches
  std::int64_t objective_{0}, bound_{0};
  std::int64_t most_{0}, longest_{0};  // worth and minutes of a touch at most
  std::vector<std::int64_t> prices_, best_prices_;
  std::vector<double> trial_, center_, excess_;  // excess: averaged demand above capacity, in contacts
  double step_{0.5};
  int failures_{0}, rounds_{0};
  std::vector<Result> results_;
};

}  // namespace

CoupledResult solve_coupled(const Model& model, std::span<const Group* const> groups, const PlanOptions& options,
                            const Control& control, std::vector<Place>& places, PlanPrices& prices) {
  const DaysBefore before(model);
  std::vector<std::unique_ptr<Relaxation>> all(groups.size());
  control.run(groups.size(), [&](std::size_t g) { all[g] = std::make_unique<Relaxation>(model, *groups[g], before); });
  CoupledResult result;
  for (std::int32_t round = 0; round < options.rounds; ++round) {
    control.check();
    std::vector<std::size_t> open;
    std::vector<std::pair<std::size_t, std::size_t>> blocks;
    for (std::size_t g = 0; g < all.size(); ++g) {
      if (round > 0 && all[g]->done(options.gap)) continue;
      open.push_back(g);
      for (std::size_t b = 0; b < all[g]->blocks(); ++b) blocks.emplace_back(g, b);
    }
    if (open.empty()) break;
    control.run(open.size(), [&](std::size_t i) { all[open[i]]->open_round(); });
    control.run(blocks.size(), [&](std::size_t i) { all[blocks[i].first]->choose(blocks[i].second); });
    const bool plan = round == 0 || (round + 1) % 25 == 0 || round == 9;
    control.run(open.size(), [&](std::size_t i) {
      all[open[i]]->close_round();
      if (plan) all[open[i]]->plan(round == 0 ? 3 : 5, control);
    });
    result.rounds = round + 1;
    control.report("plan", 0.1 + 0.8 * (round + 1) / options.rounds);
  }
  control.run(all.size(), [&](std::size_t g) {
    if (!all[g]->done(options.gap)) all[g]->plan(8, control);
  });
  for (const std::unique_ptr<Relaxation>& one : all) {
    result.bound += one->bound();
    one->write(places, prices);
  }
  return result;
}

}  // namespace klientela::planning
