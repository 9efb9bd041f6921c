// Successive shortest paths over the bins of a group: the nodes are days of managers, the touches are what moves.
#include "plan/exact.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace klientela::planning {

namespace {

constexpr std::int64_t unreachable = std::numeric_limits<std::int64_t>::max() / 4;

/// A touch that could leave the bin it is in, at a loss that no price changes.
struct Move {
  std::int64_t loss;
  std::uint32_t item;
  friend bool operator>(const Move& a, const Move& b) { return a.loss != b.loss ? a.loss > b.loss : a.item > b.item; }
};
using Moves = std::vector<Move>;  // a heap with the least loss on top; stale moves are taken off as they surface

/// The bins of one group with the touches in them. Every touch is where its worth less the price is greatest, or
/// refused where that is below zero; bins with room are free. Only full bins are ever overfull.
class Transport {
 public:
  Transport(const Model& model, const Group& group) : model_(model), group_(group) {
    make_bins();
    make_choices();
    start();
  }

  bool run(std::uint64_t work_limit, const Control& control) {
    for (std::uint32_t bin = 0; bin < capacity_.size(); ++bin)
      while (held_[bin] > capacity_[bin]) {
        if (work_limit != 0 && moves_done_ >= work_limit) return false;
        if ((++rounds_ & 0x3FF) == 0) control.check();
        relieve(bin);
      }
    return true;
  }

  /// Where the search was ended: overfull bins give up what is worth least, and the prices stand as they are.
  void cut() {
    for (std::uint32_t bin = 0; bin < capacity_.size(); ++bin) {
      if (held_[bin] <= capacity_[bin]) continue;
      std::vector<Move> own;
      for (std::uint32_t item = 0; item < at_.size(); ++item)
        if (at_[item] == bin) own.push_back({worth_in(item, bin), item});
      std::sort(own.begin(), own.end(), std::greater<>());
      while (held_[bin] > capacity_[bin]) {
        at_[own.back().item] = none;
        own.pop_back();
        --held_[bin];
      }
    }
  }

  /// Lowers every price to what one more unit of the bin would add: a shortest path from "refused", from which touches
  /// come in, and from free room. O(choices log choices)
  void lower_prices(const Control& control) {
    const std::size_t n = capacity_.size();
    std::vector<std::int64_t> enter(price_.begin(), price_.end() - 1);  // reduced cost from outside
    std::vector<std::vector<std::uint32_t>> items(n);
    for (std::uint32_t item = 0; item < at_.size(); ++item) {
      if (at_[item] != none) {
        items[at_[item]].push_back(item);
        continue;
      }
      for (std::size_t c = choice_begin_[item]; c < choice_begin_[item + 1]; ++c)
        enter[choices_[c].bin] = std::min(enter[choices_[c].bin], price_[choices_[c].bin] - choices_[c].worth);
    }
    std::vector<Move> queue;  // bins by what it costs to come in
    for (std::uint32_t bin = 0; bin < n; ++bin) queue.push_back({enter[bin], bin});
    std::make_heap(queue.begin(), queue.end(), std::greater<>());
    std::uint64_t steps = 0;
    while (!queue.empty()) {
      const Move next = queue.front();
      std::pop_heap(queue.begin(), queue.end(), std::greater<>());
      queue.pop_back();
      if (next.loss > enter[next.item]) continue;
      if ((++steps & 0x3F) == 0) control.check();
      for (const std::uint32_t item : items[next.item]) {
        const std::int64_t kept = next.loss + worth_in(item, next.item) - price_[next.item];
        for (std::size_t c = choice_begin_[item]; c < choice_begin_[item + 1]; ++c) {
          const std::uint32_t to = choices_[c].bin;
          const std::int64_t cost = kept - (choices_[c].worth - price_[to]);
          if (cost >= enter[to]) continue;
          enter[to] = cost;
          queue.push_back({cost, to});
          std::push_heap(queue.begin(), queue.end(), std::greater<>());
        }
      }
    }
    for (std::size_t bin = 0; bin < n; ++bin) price_[bin] -= enter[bin];
  }

  /// What the prices prove: no choice of touches is worth more.
  [[nodiscard]] std::int64_t bound() const {
    std::int64_t sum = 0;
    for (std::size_t b = 0; b < capacity_.size(); ++b) sum += price_[b] * capacity_[b];
    for (std::uint32_t item = 0; item < at_.size(); ++item) {
      std::int64_t best = 0;
      for (std::size_t c = choice_begin_[item]; c < choice_begin_[item + 1]; ++c)
        best = std::max(best, choices_[c].worth - price_[choices_[c].bin]);
      sum += best;
    }
    return sum;
  }

  void write(std::vector<Place>& places, PlanPrices& prices) const {
    for (std::uint32_t item = 0; item < at_.size(); ++item)
      if (at_[item] != none) places[items_[item]] = place_of(item);
    for (std::size_t b = 0; b < capacity_.size(); ++b) {
      const Where& where = where_[b];
      const std::size_t bin = model_.problem.bin(where.manager, where.day);
      if (model_.bins[bin] == Bin::slot)
        prices.slot[bin] = price_[b];
      else
        prices.contact[bin * model_.problem.channels + where.channel] = price_[b];
    }
  }

 private:
  struct Choice {
    std::uint32_t bin;
    std::int64_t worth;
  };
  struct Where {
    std::uint32_t manager;
    std::uint16_t day;
    std::uint16_t channel;
  };
  struct Arc {
    std::uint32_t to;
    std::int64_t least;  // loss of the move on top
  };

  void make_bins() {
    first_bin_.reserve(group_.managers.size() * model_.days);
    for (const std::uint32_t manager : group_.managers)
      for (std::size_t day = 0; day < model_.days; ++day) {
        first_bin_.push_back(static_cast<std::uint32_t>(where_.size()));
        const std::size_t bin = model_.problem.bin(manager, day);
        const bool by_channel = model_.bins[bin] == Bin::channel;
        const std::size_t channels = by_channel ? model_.problem.channels : 1;
        for (std::size_t channel = 0; channel < channels; ++channel) {
          where_.push_back({manager, static_cast<std::uint16_t>(day), static_cast<std::uint16_t>(channel)});
          capacity_.push_back(by_channel ? model_.priced_contacts(manager, day, channel) : model_.slots[bin]);
        }
      }
    held_.assign(where_.size(), 0);
    price_.assign(where_.size() + 1, 0);  // and that of "refused", always 0
    arcs_.resize(where_.size());
    moves_.resize(where_.size());
    arc_to_.resize(where_.size());
  }

  void make_choices() {
    choice_begin_.push_back(0);
    for (const std::uint32_t touch : group_.touches) {
      const Candidate& one = model_.candidates[touch];
      const Kind& kind = model_.kinds[one.kind];
      const std::span<const std::uint32_t> pool = model_.pool(kind);
      for (std::size_t day = one.lo; day <= one.hi; ++day) {
        const std::int64_t worth = model_.worth(touch, day);
        if (worth <= 0) continue;
        for (std::size_t place = 0; place < pool.size(); ++place) {
          const std::uint32_t able = model_.usable_at(kind, place, day);
          if (able == 0) continue;
          const std::uint32_t bin = first_bin_[model_.place_in_group[pool[place]] * model_.days + day];
          if (model_.bins[model_.problem.bin(pool[place], day)] == Bin::slot) {
            choices_.push_back({bin, worth});
            continue;
          }
          for (std::uint32_t channel = 0; channel < model_.problem.channels; ++channel)
            if ((able >> channel & 1U) != 0) choices_.push_back({bin + channel, worth});
        }
      }
      items_.push_back(touch);
      choice_begin_.push_back(choices_.size());
    }
  }

  /// Without prices each touch is in one of its best bins: of several in the one with the most room.
  void start() {
    at_.resize(items_.size());
    for (std::uint32_t item = 0; item < at_.size(); ++item) {
      std::size_t best = choice_begin_[item];
      for (std::size_t c = best + 1; c < choice_begin_[item + 1]; ++c) {
        const Choice& a = choices_[c];
        const Choice& b = choices_[best];
        if (a.worth > b.worth ||
            (a.worth == b.worth && capacity_[a.bin] - held_[a.bin] > capacity_[b.bin] - held_[b.bin]))
          best = c;
      }
      at_[item] = choices_[best].bin;
      ++held_[at_[item]];
    }
    members_.resize(capacity_.size());
    for (std::uint32_t item = 0; item < at_.size(); ++item) members_[at_[item]].push_back(item);
  }

  [[nodiscard]] std::int64_t worth_in(std::uint32_t item, std::uint32_t bin) const {
    for (std::size_t c = choice_begin_[item];; ++c)
      if (choices_[c].bin == bin) return choices_[c].worth;
  }

  [[nodiscard]] Place place_of(std::uint32_t item) const {
    const Where& where = where_[at_[item]];
    std::uint16_t channel = where.channel;
    const std::size_t bin = model_.problem.bin(where.manager, where.day);
    if (model_.bins[bin] == Bin::slot) {
      const Kind& kind = model_.kinds[model_.candidates[items_[item]].kind];
      const std::span<const std::uint32_t> pool = model_.pool(kind);
      const auto at =
          static_cast<std::size_t>(std::lower_bound(pool.begin(), pool.end(), where.manager) - pool.begin());
      channel = static_cast<std::uint16_t>(std::countr_zero(model_.usable_at(kind, at, where.day)));
    }
    return {where.manager, where.day, channel};
  }

  /// The arc from one bin to another, or to "refused", which is the number behind the last bin.
  std::uint32_t arc(std::uint32_t from, std::uint32_t to) {
    std::vector<std::uint32_t>& index = arc_to_[from];
    if (index.empty()) index.assign(capacity_.size() + 1, none);
    if (index[to] == none) {
      index[to] = static_cast<std::uint32_t>(arcs_[from].size());
      arcs_[from].push_back({to, unreachable});
      moves_[from].emplace_back();
    }
    return index[to];
  }

  template <class Visit>
  void each_move(std::uint32_t item, const Visit& visit) {
    const std::uint32_t own = at_[item];
    const std::int64_t worth = worth_in(item, own);
    for (std::size_t c = choice_begin_[item]; c < choice_begin_[item + 1]; ++c)
      if (choices_[c].bin != own) visit(choices_[c].bin, worth - choices_[c].worth);
    visit(static_cast<std::uint32_t>(capacity_.size()), worth);
  }

  /// The first time that touches may have to leave a bin, their moves are put into heaps.
  void open(std::uint32_t bin) {
    if (!arcs_[bin].empty()) return;
    for (const std::uint32_t item : members_[bin])
      each_move(item, [&](std::uint32_t to, std::int64_t loss) {
        const std::uint32_t own = arc(bin, to);
        moves_[bin][own].push_back({loss, item});
      });
    members_[bin] = {};
    for (std::size_t a = 0; a < arcs_[bin].size(); ++a) {
      Moves& moves = moves_[bin][a];
      std::make_heap(moves.begin(), moves.end(), std::greater<>());
      arcs_[bin][a].least = moves.front().loss;
    }
  }

  void enter(std::uint32_t item, std::uint32_t bin) {
    at_[item] = bin;
    ++held_[bin];
    if (arcs_[bin].empty()) {
      members_[bin].push_back(item);
      return;
    }
    each_move(item, [&](std::uint32_t to, std::int64_t loss) {
      const std::uint32_t own = arc(bin, to);
      Moves& moves = moves_[bin][own];
      moves.push_back({loss, item});
      std::push_heap(moves.begin(), moves.end(), std::greater<>());
      arcs_[bin][own].least = moves.front().loss;
    });
  }

  void leave(std::uint32_t item) {
    const std::uint32_t own = at_[item];
    at_[item] = none;
    --held_[own];
    const auto surface = [&](std::uint32_t to) {
      Moves& moves = moves_[own][to];
      while (!moves.empty() && at_[moves.front().item] != own) {
        std::pop_heap(moves.begin(), moves.end(), std::greater<>());
        moves.pop_back();
      }
      arcs_[own][to].least = moves.empty() ? unreachable : moves.front().loss;
    };
    for (std::size_t c = choice_begin_[item]; c < choice_begin_[item + 1]; ++c)
      if (choices_[c].bin != own) surface(arc(own, choices_[c].bin));
    surface(arc(own, static_cast<std::uint32_t>(capacity_.size())));
  }

  /// Takes one touch too many out of a bin by the path on which least is lost: to a bin with room, or to "refused".
  void relieve(std::uint32_t source) {
    const auto refused = static_cast<std::uint32_t>(capacity_.size());
    distance_.resize(capacity_.size() + 1, unreachable);
    from_.resize(capacity_.size() + 1);
    done_.resize(capacity_.size() + 1);
    reached_.clear();
    queue_.clear();
    std::int64_t nearest_end = unreachable;  // what lies no nearer is of no use
    const auto reach = [&](std::uint32_t bin, std::int64_t distance, std::uint32_t from) {
      if (distance >= nearest_end || distance >= distance_[bin]) return;
      if (bin == refused || held_[bin] < capacity_[bin]) nearest_end = distance;
      if (distance_[bin] == unreachable) reached_.push_back(bin);
      distance_[bin] = distance;
      from_[bin] = from;
      queue_.push_back({distance, bin});
      std::push_heap(queue_.begin(), queue_.end(), std::greater<>());
    };
    reach(source, 0, source);
    std::uint32_t end = source;
    for (;;) {
      const Move next = queue_.front();
      std::pop_heap(queue_.begin(), queue_.end(), std::greater<>());
      queue_.pop_back();
      if (done_[next.item] != 0) continue;
      end = next.item;
      if (end == refused || held_[end] < capacity_[end]) break;
      done_[end] = 1;
      open(end);
      for (const Arc& one : arcs_[end])
        if (one.least != unreachable) reach(one.to, next.loss + one.least - price_[end] + price_[one.to], end);
    }
    const std::int64_t total = distance_[end];
    for (const std::uint32_t bin : reached_) {
      if (done_[bin] != 0) price_[bin] += total - distance_[bin];
      distance_[bin] = unreachable;
      done_[bin] = 0;
    }
    for (std::uint32_t to = end; to != source;) {
      const std::uint32_t from = from_[to];
      const std::uint32_t item = moves_[from][arc(from, to)].front().item;
      leave(item);
      if (to != refused) enter(item, to);
      to = from;
      ++moves_done_;
    }
  }

  const Model& model_;
  const Group& group_;
  std::vector<Where> where_;
  std::vector<std::uint32_t> first_bin_;  // by manager of the group and day
  std::vector<std::int64_t> capacity_, held_, price_;
  std::vector<std::uint32_t> items_;
  std::vector<std::size_t> choice_begin_;
  std::vector<Choice> choices_;
  std::vector<std::uint32_t> at_;                    // bin of each item; none: refused
  std::vector<std::vector<std::uint32_t>> members_;  // of bins that are not open
  std::vector<std::vector<Arc>> arcs_;               // of open bins
  std::vector<std::vector<Moves>> moves_;            // by arc
  std::vector<std::vector<std::uint32_t>> arc_to_;
  std::vector<std::int64_t> distance_;
  std::vector<std::uint32_t> from_, reached_;
  std::vector<std::uint8_t> done_;
  std::vector<Move> queue_;
  std::uint64_t moves_done_{0}, rounds_{0};
};

}  // namespace

ExactResult solve_exact(const Model& model, const Group& group, const PlanOptions& options, const Control& control,
                        std::vector<Place>& places, PlanPrices& prices) {
  Transport transport(model, group);
  const bool whole = transport.run(options.work_limit, control);
  if (whole)
    transport.lower_prices(control);
  else
    transport.cut();
  transport.write(places, prices);
  return {transport.bound(), whole};
}

}  // namespace klientela::planning
