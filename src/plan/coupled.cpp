// Lagrangian relaxation of the capacities: clients choose by prices, prices follow demand, and a plan is made of both.
#include "plan/coupled.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <optional>

#include "plan/client_path.hpp"
#include "plan/price_bundle.hpp"

namespace klientela::planning {

namespace {

constexpr std::uint32_t block_units = 512;
constexpr double enough_promise = 2e-5;
// Of prices while plans are made. Just below the full price many a touch is worth it that is not at it.
constexpr double coarse[] = {1, 0.95, 0.6, 0};
constexpr double fine[] = {1, 0.999, 0.98, 0.95, 0.9, 0.8, 0.6, 0.4, 0.2, 0};

/// Numbers that look random and are the same in every run (Steele et al. 2014, "SplitMix").
class Draws {
 public:
  /// Below n, which is at least 1.
  std::uint32_t operator()(std::uint32_t n) {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return static_cast<std::uint32_t>(((z ^ z >> 31) >> 32) * n >> 32);
  }

 private:
  std::uint64_t state_{0};
};

/// One group on its way.
class Relaxation {
 public:
  Relaxation(const Model& model, const Group& group, const DaysAfter& before)
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
  /// No prices are expected to prove much less.
  [[nodiscard]] bool converged() const {
    return bundle_ && bundle_->promise() <= enough_promise * static_cast<double>(bound_);
  }
  [[nodiscard]] std::int64_t bound() const { return bound_; }

  void open_round() {
    if (rounds_ > 0) {
      if (!bundle_) {  // as far as the gap is wide
        const double step = 0.5 * static_cast<double>(bound_ - objective_) / std::max(steepness_, 1.0);
        bundle_.emplace(std::move(first_at_), static_cast<double>(bound_), std::move(first_slope_), step);
      }
      const std::span<const double> next = bundle_->next();
      for (std::size_t r = 0; r < trial_.size(); ++r) trial_[r] = next[r] / scale_[r];
    }
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
      for (const ClientPath::Step& step : path.steps()) take(result.use, step.position, place_of(step), -1);
    }
  }

  /// Lets the prices follow the demand.
  void close_round() {
    std::int64_t bound = 0;
    std::vector<double> slope(prices_.size()), at(prices_.size());
    for (const Result& result : results_) {
      bound += result.value;
      for (std::size_t r = 0; r < slope.size(); ++r) slope[r] -= static_cast<double>(result.use[r]);
    }
    steepness_ = 0;
    for (std::size_t r = 0; r < prices_.size(); ++r) {
      bound += prices_[r] * resources_.capacity[r];
      slope[r] = (slope[r] + static_cast<double>(resources_.capacity[r])) / scale_[r];
      at[r] = static_cast<double>(prices_[r]) * scale_[r];
      if (slope[r] < 0 || at[r] > 0) steepness_ += slope[r] * slope[r];
    }
    if (rounds_ == 0 || bound < bound_) {
      bound_ = bound;
      best_prices_ = prices_;
    }
    if (bundle_) {
      bundle_->add(at, static_cast<double>(bound), std::move(slope));
    } else {
      first_at_ = std::move(at);
      first_slope_ = std::move(slope);
    }
    ++rounds_;
  }

  /// Makes a plan at the best prices so far, then at those times falling factors, so that room which prices would leave
  /// goes to what is worth most of the rest; keeps it where it is the best.
  /// \param mixed  begins with what clients chose at the prices of the bundle's planes, as many at each as it counts
  /// for
  void plan(std::span<const double> factors, bool mixed, const Control& control) {
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
    // A client's choice again, in the room that there is without it.
    const auto choose_again = [&](std::uint32_t u) {
      const Unit& unit = units_[u];
      for (std::uint32_t i = unit.begin; i < unit.end; ++i)
        if (places[i].manager != none) move(menu, prices, room, i, places[i], -1);
      static_cast<void>(path.solve(unit, menu));
      for (std::uint32_t i = unit.begin; i < unit.end; ++i) places[i] = {};
      for (const ClientPath::Step& step : dearest_first(path)) {
        const Place place = place_of(step);
        if (!has_room(room, step.position, place)) continue;  // two of a client on one day for the last room
        places[step.position] = place;
        move(menu, prices, room, step.position, place, 1);
      }
    };
    if (bundle_ && mixed) {
      double before = 0;
      for (const PriceBundle::Share& share : bundle_->shares()) {
        control.check();
        for (std::size_t r = 0; r < prices.size(); ++r)
          prices[r] = static_cast<std::int64_t>(std::round(share.at[r] / scale_[r]));
        menu.price(prices, room);
        for (std::size_t k = 0; k < order.size(); ++k) {
          const double point = std::fmod((static_cast<double>(k) + 0.5) * 0.6180339887498949, 1.0);
          if (before <= point && point < before + share.weight) choose_again(order[k]);
        }
        before += share.weight;
      }
    }
    for (const double factor : factors) {
      control.check();
      for (std::size_t r = 0; r < prices.size(); ++r)
        prices[r] = static_cast<std::int64_t>(factor * static_cast<double>(best_prices_[r]));
      menu.price(prices, room);
      for (const std::uint32_t u : order) choose_again(u);
      std::int64_t objective = 0;
      for (std::uint32_t i = 0; i < places.size(); ++i)
        if (places[i].manager != none) objective += model_.worth(group_.touches[i], places[i].day);
      if (objective > objective_) {
        objective_ = objective;
        places_ = places;
      }
    }
  }

  /// Takes a few clients who want the same day of a manager out of the best plan and puts them in again in another
  /// order, at all, half or none of the prices; what is worth no less is kept.
  void improve(const PlanOptions& options, const Control& control) {
    constexpr std::int32_t epoch = 64;
    constexpr std::size_t most_cut_short = 500;  // each takes milliseconds
    std::vector<std::int64_t> room = resources_.capacity;
    Occupants held(group_.managers.size() * model_.days);
    std::vector<std::vector<std::uint32_t>> wanted(group_.managers.size());  // positions by manager
    std::vector<std::uint32_t> unit_of(places_.size());
    for (std::uint32_t u = 0; u < units_.size(); ++u)
      for (std::uint32_t i = units_[u].begin; i < units_[u].end; ++i) unit_of[i] = u;
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
      for (const std::uint32_t manager : model_.pool(kind(i))) wanted[model_.place_in_group[manager]].push_back(i);
      if (places_[i].manager == none) continue;
      take(room, i, places_[i], 1);
      held[bin_of(places_[i])].push_back(i);
    }
    Draws draw;
    ClientPath path(model_, group_, before_, 5'000);
    Menu menu = menu_;
    std::vector<std::int64_t> prices;
    std::vector<std::uint32_t> refused, chosen;
    std::vector<Place> old;
    const auto put = [&](std::uint32_t i, const Place& place) {
      places_[i] = place;
      move(menu, prices, room, i, place, 1);
      held[bin_of(place)].push_back(i);
    };
    const auto clear = [&](std::uint32_t u) {
      for (std::uint32_t i = units_[u].begin; i < units_[u].end; ++i) {
        if (places_[i].manager == none) continue;
        move(menu, prices, room, i, places_[i], -1);
        std::erase(held[bin_of(places_[i])], i);
        places_[i] = {};
      }
    };
    const auto worth = [&](std::uint32_t u) {
      std::int64_t sum = 0;
      for (std::uint32_t i = units_[u].begin; i < units_[u].end; ++i)
        if (places_[i].manager != none) sum += model_.worth(group_.touches[i], places_[i].day);
      return sum;
    };
    for (std::int32_t attempt = 0; attempt < options.improvements && path.cut_short() < most_cut_short; ++attempt) {
      if (attempt % epoch == 0) {
        control.check();
        if (done(options.gap)) return;
        prices = best_prices_;
        for (std::int64_t& price : prices) price = attempt / epoch % 3 == 2 ? 0 : price >> (attempt / epoch % 3);
        menu.price(prices, room);
        refused.clear();
        for (std::uint32_t i = 0; i < places_.size(); ++i)
          if (places_[i].manager == none) refused.push_back(i);
      }
      // A day of a manager, some clients who are on it, and some who might be; every second time for one of the few who
      // were refused.
      const std::uint32_t seed = attempt % 2 == 0 && !refused.empty() && refused.size() < places_.size() / 8
                                     ? refused[draw(static_cast<std::uint32_t>(refused.size()))]
                                     : draw(static_cast<std::uint32_t>(places_.size()));
      const Candidate& one = model_.candidates[group_.touches[seed]];
      const std::span<const std::uint32_t> pool = model_.pool(kind(seed));
      const std::size_t place = model_.place_in_group[pool[draw(static_cast<std::uint32_t>(pool.size()))]];
      const std::uint32_t day = one.lo + draw(one.hi - one.lo + 1U);
      chosen.assign(1, unit_of[seed]);
      const auto choose_unit = [&](std::uint32_t i) {
        if (std::find(chosen.begin(), chosen.end(), unit_of[i]) == chosen.end()) chosen.push_back(unit_of[i]);
      };
      const std::vector<std::uint32_t>& there = held[place * model_.days + day];
      for (std::uint32_t k = 2 + draw(4); k > 0 && !there.empty(); --k)
        choose_unit(there[draw(static_cast<std::uint32_t>(there.size()))]);
      for (std::uint32_t k = draw(6); k > 0; --k) {
        const std::uint32_t i = wanted[place][draw(static_cast<std::uint32_t>(wanted[place].size()))];
        const Candidate& other = model_.candidates[group_.touches[i]];
        if (other.lo <= day && day <= other.hi) choose_unit(i);
      }
      for (std::size_t k = chosen.size(); k > 1; --k)
        std::swap(chosen[k - 1], chosen[draw(static_cast<std::uint32_t>(k))]);
      old.clear();
      std::int64_t gain = 0;
      for (const std::uint32_t u : chosen) {
        gain -= worth(u);
        old.insert(old.end(), places_.begin() + units_[u].begin, places_.begin() + units_[u].end);
        clear(u);
      }
      for (const std::uint32_t u : chosen) {
        static_cast<void>(path.solve(units_[u], menu));
        for (const ClientPath::Step& step : dearest_first(path))
          if (const Place to = place_of(step); has_room(room, step.position, to)) put(step.position, to);
        gain += worth(u);
      }
      if (gain >= 0) {
        objective_ += gain;
        continue;
      }
      for (const std::uint32_t u : chosen) clear(u);
      std::size_t next = 0;
      for (const std::uint32_t u : chosen)
        for (std::uint32_t i = units_[u].begin; i < units_[u].end; ++i, ++next)
          if (old[next].manager != none) put(i, old[next]);
    }
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

  using Occupants = std::vector<std::vector<std::uint32_t>>;  // positions by bin

  [[nodiscard]] const Kind& kind(std::uint32_t position) const {
    return model_.kinds[model_.candidates[group_.touches[position]].kind];
  }
  [[nodiscard]] std::int32_t minutes(std::uint32_t position) const { return kind(position).minutes; }
  [[nodiscard]] std::size_t bin_of(const Place& place) const {
    return resources_.bin(model_.place_in_group[place.manager], place.day);
  }
  [[nodiscard]] static Place place_of(const ClientPath::Step& step) {
    return {step.pick.manager, static_cast<std::uint16_t>(step.day), static_cast<std::uint16_t>(step.pick.channel)};
  }

  /// What a client chose, so that of two on one day for the last room the one that is worth more has it.
  [[nodiscard]] std::vector<ClientPath::Step> dearest_first(const ClientPath& path) const {
    std::vector<ClientPath::Step> steps(path.steps().begin(), path.steps().end());
    std::stable_sort(steps.begin(), steps.end(), [&](const ClientPath::Step& a, const ClientPath::Step& b) {
      return model_.worth(group_.touches[a.position], a.day) > model_.worth(group_.touches[b.position], b.day);
    });
    return steps;
  }

  /// Prices to begin with: the best of those that are the same on all days and for all managers, as if minutes, and
  /// contacts by channel, were one store each.
  void begin() {
    std::vector<double> worths;
    double total_minutes = 0;
    for (std::uint32_t i = 0; i < group_.touches.size(); ++i) {
      const std::uint32_t touch = group_.touches[i];
      std::int64_t worth = 0;
      for (std::size_t day = model_.candidates[touch].lo; day <= model_.candidates[touch].hi; ++day)
        worth = std::max(worth, model_.worth(touch, day));
      worths.push_back(static_cast<double>(worth));
      most_ = std::max(most_, worth);
      total_minutes += minutes(i);
      longest_ = std::max<std::int64_t>(longest_, minutes(i));
    }
    const double mean_minutes = total_minutes / static_cast<double>(group_.touches.size());
    std::vector<double> stores(1 + resources_.channels);  // in contacts
    for (std::size_t r = 0; r < resources_.bins; ++r) {
      if (resources_.by_slot[r] == 0) scale_[r] = mean_minutes;
      stores[0] += static_cast<double>(resources_.capacity[r]) / scale_[r];
      for (std::size_t channel = 0; channel < resources_.channels; ++channel)
        stores[1 + channel] += static_cast<double>(resources_.capacity[resources_.contact(r, channel)]);
    }
    // The bound at prices of the stores, and its slope.
    const auto ask = [&](std::span<const double> price, std::vector<double>& slope) {
      slope = stores;
      double bound = std::inner_product(stores.begin(), stores.end(), price.begin(), 0.0);
      for (std::uint32_t i = 0; i < worths.size(); ++i) {
        std::size_t cheapest = 0;
        for (std::uint32_t able = resources_.channels == 0 ? 0 : kind(i).channels; able != 0; able &= able - 1) {
          const auto channel = static_cast<std::size_t>(std::countr_zero(able)) + 1;
          if (cheapest == 0 || price[channel] < price[cheapest]) cheapest = channel;
        }
        const double use = minutes(i) / mean_minutes;
        const double surplus = worths[i] - use * price[0] - (cheapest == 0 ? 0 : price[cheapest]);
        if (surplus <= 0) continue;
        bound += surplus;
        slope[0] -= use;
        if (cheapest != 0) slope[cheapest] -= 1;
      }
      return bound;
    };
    constexpr int rounds = 60;
    std::vector<double> at(stores.size()), slope, best = at;
    double least = ask(at, slope);
    double steepness = 0;
    for (const double one : slope) steepness += one < 0 ? one * one : 0;
    PriceBundle bundle(at, least, slope, 0.1 * least / std::max(steepness, 1.0));
    for (int round = 0; round < rounds; ++round) {
      const std::span<const double> next = bundle.next();
      if (bundle.promise() <= 1e-4 * least) break;
      at.assign(next.begin(), next.end());
      const double bound = ask(at, slope);
      if (bound < least) {
        least = bound;
        best = at;
      }
      bundle.add(at, bound, slope);
    }
    trial_.assign(resources_.capacity.size(), 0.0);
    for (std::size_t r = 0; r < resources_.bins; ++r) {
      trial_[r] = best[0] / scale_[r];
      for (std::size_t channel = 0; channel < resources_.channels; ++channel)
        trial_[resources_.contact(r, channel)] = best[1 + channel];
    }
    prices_.assign(trial_.size(), 0);
  }

  /// Takes room or, with -1, gives it back.
  void take(std::vector<std::int64_t>& room, std::uint32_t position, const Place& place, std::int64_t times) const {
    const std::size_t bin = bin_of(place);
    room[bin] -= times * resources_.use(bin, minutes(position));
    if (resources_.channels != 0) room[resources_.contact(bin, place.channel)] -= times;
  }

  [[nodiscard]] bool has_room(const std::vector<std::int64_t>& room, std::uint32_t position, const Place& place) const {
    const std::size_t bin = bin_of(place);
    return room[bin] >= resources_.use(bin, minutes(position)) &&
           (resources_.channels == 0 || room[resources_.contact(bin, place.channel)] >= 1);
  }

  /// take(), and what has room now, or none any more, is priced again.
  void move(Menu& menu, const std::vector<std::int64_t>& prices, std::vector<std::int64_t>& room,
            std::uint32_t position, const Place& place, std::int64_t times) const {
    const std::size_t bin = bin_of(place), contact = resources_.contact(bin, place.channel);
    const bool limited = resources_.channels != 0;
    const std::int64_t before = room[bin], contacts_before = limited ? room[contact] : 1;
    take(room, position, place, times);
    const bool last = limited && (contacts_before < 1) != (room[contact] < 1);
    const Menu::Change change{std::min(before, room[bin]), std::max(before, room[bin]),
                              last ? 1U << place.channel : 0U};
    if (last || change.less < longest_)
      menu.price_again(model_.place_in_group[place.manager], place.day, change, prices, room);
  }

  const Model& model_;
  const Group& group_;
  const DaysAfter& before_;
  Resources resources_;
  std::vector<Unit> units_;
  Menu menu_;
  std::vector<double> scale_;  // so many units of a resource are one contact
  std::vector<Place> places_;  // of the best plan, by Group::touches
  std::int64_t objective_{0}, bound_{0};
  std::int64_t most_{0}, longest_{0};  // worth and minutes of a touch at most
  std::vector<std::int64_t> prices_, best_prices_;
  std::vector<double> trial_, first_at_, first_slope_;
  double steepness_{0};
  std::optional<PriceBundle> bundle_;  // over the prices of one contact
  int rounds_{0};
  std::vector<Result> results_;
};

}  // namespace

CoupledResult solve_coupled(const Model& model, std::span<const Group* const> groups, const PlanOptions& options,
                            const Control& control, std::vector<Place>& places, PlanPrices& prices) {
  const DaysAfter before(model);
  std::vector<std::unique_ptr<Relaxation>> all(groups.size());
  control.run(groups.size(), [&](std::size_t g) { all[g] = std::make_unique<Relaxation>(model, *groups[g], before); });
  CoupledResult result;
  for (std::int32_t round = 0; round < options.rounds; ++round) {
    control.check();
    std::vector<std::size_t> open;
    std::vector<std::pair<std::size_t, std::size_t>> blocks;
    for (std::size_t g = 0; g < all.size(); ++g) {
      if (round > 0 && (all[g]->done(options.gap) || all[g]->converged())) continue;
      open.push_back(g);
      for (std::size_t b = 0; b < all[g]->blocks(); ++b) blocks.emplace_back(g, b);
    }
    if (open.empty()) break;
    control.run(open.size(), [&](std::size_t i) { all[open[i]]->open_round(); });
    control.run(blocks.size(), [&](std::size_t i) { all[blocks[i].first]->choose(blocks[i].second); });
    const bool plan = round == 0 || round == 9 || (round + 1) % 25 == 0;
    control.run(open.size(), [&](std::size_t i) {
      all[open[i]]->close_round();
      if (plan) all[open[i]]->plan(coarse, false, control);
    });
    result.rounds = round + 1;
    control.report("plan", 0.1 + 0.8 * (round + 1) / options.rounds);
  }
  control.run(all.size(), [&](std::size_t g) {
    for (const bool mixed : {false, true})
      if (!all[g]->done(options.gap)) all[g]->plan(fine, mixed, control);
    all[g]->improve(options, control);
  });
  for (const std::unique_ptr<Relaxation>& one : all) {
    result.bound += one->bound();
    one->write(places, prices);
  }
  return result;
}

}  // namespace klientela::planning
