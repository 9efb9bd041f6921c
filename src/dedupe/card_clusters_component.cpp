// The graph of one component, merged node by node, and the methods that need no more than that.
#include "dedupe/card_clusters_component.hpp"

#include <numeric>
#include <string>
#include <utility>

namespace klientela::clustering {

namespace {

constexpr double not_queued = -std::numeric_limits<double>::infinity();

}  // namespace

std::uint32_t Component::root(std::uint32_t node) noexcept {
  while (parent_[node] != node) {
    parent_[node] = parent_[parent_[node]];
    node = parent_[node];
  }
  return node;
}

void Component::join_must_links() {
  const auto n = static_cast<std::uint32_t>(cards_.size());
  node_of_.resize(n);
  std::iota(node_of_.begin(), node_of_.end(), 0U);
  if (must_.empty()) return;
  parent_ = node_of_;
  std::vector<std::uint32_t> sizes(n, 1);
  for (const CardPair& pair : must_) {
    const std::uint32_t a = root(rules_.local_of[pair.a]);
    const std::uint32_t b = root(rules_.local_of[pair.b]);
    if (a == b) continue;
    out_->joins.push_back(
        {.reason = CardJoinReason::must_link, .a = pair.a, .b = pair.b, .cards_a = sizes[a], .cards_b = sizes[b]});
    parent_[std::max(a, b)] = std::min(a, b);
    sizes[std::min(a, b)] += sizes[std::max(a, b)];
  }
  std::uint32_t nodes = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    const std::uint32_t first = root(i);  // at most i
    node_of_[i] = first == i ? nodes++ : node_of_[first];
  }
}

void Component::add_to(Link& link, const Edge& edge) const noexcept {
  link.sum += edge.units;
  ++link.scored;
  if (edge.units >= rules_.threshold) ++link.reaching;
  const std::uint32_t a = cards_[edge.a];
  const std::uint32_t b = cards_[edge.b];
  if (edge.units > link.best || (edge.units == link.best && CardPair{a, b} < CardPair{link.a, link.b})) {
    link.best = edge.units;
    link.a = a;
    link.b = b;
  }
}

std::uint32_t Component::link_between(std::uint32_t u, std::uint32_t v) {
  if (u > v) std::swap(u, v);
  const std::uint32_t found = table_.find(u, v);
  if (found != none) return found;
  const auto index = static_cast<std::uint32_t>(links_.size());
  links_.push_back({.u = u, .v = v, .key = not_queued});
  table_.put(u, v, index);
  next_half_.push_back(head_[u]);
  head_[u] = 2 * index;
  next_half_.push_back(head_[v]);
  head_[v] = 2 * index + 1;
  return index;
}

/// Nodes as must-links leave them, and the links between.
void Component::build() {
  const std::uint32_t nodes = node_of_.empty() ? 0 : 1 + *std::max_element(node_of_.begin(), node_of_.end());
  first_.assign(nodes, none);
  last_.assign(nodes, none);
  size_.assign(nodes, 0);
  head_.assign(nodes, none);
  parent_.resize(nodes);
  std::iota(parent_.begin(), parent_.end(), 0U);
  next_.assign(cards_.size(), none);
  const bool by_source = rules_.options.sources == CardSourceRule::one_per_source;
  if (by_source) sources_.reset(cards_.size());
  for (std::uint32_t card = 0; card < cards_.size(); ++card) {
    const std::uint32_t node = node_of_[card];
    if (first_[node] == none)
      first_[node] = card;
    else
      next_[last_[node]] = card;
    last_[node] = card;
    ++size_[node];
    if (by_source && sources_.find(node, rules_.sources[cards_[card]]) == none)
      sources_.put(node, rules_.sources[cards_[card]], cards_[card]);
  }
  build_links();
}

void Component::build_links() {
  links_.clear();
  next_half_.clear();
  table_.reset(edges_.size() + cannot_.size());
  for (const Edge& edge : edges_) {
    const std::uint32_t u = node_of_[edge.a];
    const std::uint32_t v = node_of_[edge.b];
    if (u != v) add_to(links_[link_between(u, v)], edge);
  }
  for (const CardPair& pair : cannot_)
    links_[link_between(node_of_[rules_.local_of[pair.a]], node_of_[rules_.local_of[pair.b]])].apart = true;
}

bool Component::is_apart(const Link& link) const {
  if (link.apart) return true;
  if (rules_.options.sources != CardSourceRule::one_per_source) return false;
  const std::uint32_t few = size_[link.u] <= size_[link.v] ? link.u : link.v;
  const std::uint32_t many = few == link.u ? link.v : link.u;
  for (std::uint32_t card = first_[few]; card != none; card = next_[card])
    if (sources_.find(many, rules_.sources[cards_[card]]) != none) return true;
  return false;
}

double Component::average_of(const Link& link) const noexcept {
  const std::uint64_t pairs = pairs_of(link);
  return (static_cast<double>(link.sum) +
          static_cast<double>(rules_.unscored) * static_cast<double>(pairs - link.scored)) /
         static_cast<double>(pairs);
}

void Component::record(const Link& link, CardJoinReason reason, std::uint32_t a, std::uint32_t b, Units best) {
  const std::uint32_t side = root(node_of_[rules_.local_of[a]]);
  const std::uint32_t other = side == link.u ? link.v : link.u;
  const bool of_two_cards =
      pairs_of(link) == 1 && (reason == CardJoinReason::average || reason == CardJoinReason::total);
  out_->joins.push_back({.reason = of_two_cards ? CardJoinReason::edge : reason,
                         .a = a,
                         .b = b,
                         .score = best / steps,
                         .average = average_of(link) / steps,
                         .scored = link.scored,
                         .cards_a = size_[side],
                         .cards_b = size_[other]});
}

/// Makes both nodes of a link one; the links that changed by it stand in touched_.
void Component::merge(std::uint32_t index) {
  links_[index].alive = false;
  std::uint32_t large = links_[index].u;
  std::uint32_t small = links_[index].v;
  if (size_[small] > size_[large] || (size_[small] == size_[large] && small < large)) std::swap(large, small);
  if (rules_.options.sources == CardSourceRule::one_per_source)
    for (std::uint32_t card = first_[small]; card != none; card = next_[card])
      sources_.put(large, rules_.sources[cards_[card]], cards_[card]);
  parent_[small] = large;
  next_[last_[large]] = first_[small];
  last_[large] = last_[small];
  size_[large] += size_[small];
  touched_.clear();
  for (std::uint32_t half = head_[small]; half != none;) {
    const std::uint32_t following = next_half_[half];
    const std::uint32_t moved_index = half / 2;
    Link& moved = links_[moved_index];
    if (moved.alive) {
      const std::uint32_t other = (half & 1) != 0 ? moved.u : moved.v;
      const std::uint32_t found = table_.find(std::min(large, other), std::max(large, other));
      if (found != none) {
        Link& into = links_[found];
        into.sum += moved.sum;
        into.scored += moved.scored;
        into.reaching += moved.reaching;
        into.apart = into.apart || moved.apart;
        into.counts_missing = into.counts_missing || moved.counts_missing;
        if (moved.best > into.best ||
            (moved.best == into.best && CardPair{moved.a, moved.b} < CardPair{into.a, into.b})) {
          into.best = moved.best;
          into.a = moved.a;
          into.b = moved.b;
        }
        moved.alive = false;
        touched_.push_back(found);
      } else {
        ((half & 1) != 0 ? moved.v : moved.u) = large;
        table_.put(std::min(large, other), std::max(large, other), moved_index);
        next_half_[half] = head_[large];
        head_[large] = half;
        touched_.push_back(moved_index);
      }
    }
    half = following;
  }
}

bool Component::try_join(const Link& first, CardJoinReason reason) {
  const std::uint32_t u = root(node_of_[rules_.local_of[first.a]]);
  const std::uint32_t v = root(node_of_[rules_.local_of[first.b]]);
  if (u == v || (!label_.empty() && label_[u] != label_[v])) return false;
  const std::uint32_t index = table_.find(std::min(u, v), std::max(u, v));
  const Link& link = links_[index];
  if (is_apart(link)) return false;
  record(link, reason, first.a, first.b, first.best);
  merge(index);
  return true;
}

/// Links that reach the threshold, the strongest first, as they are before anything is joined.
std::vector<Link> Component::strongest_links() const {
  std::vector<Link> strongest;
  for (const Link& link : links_)
    if (link.alive && link.reaching > 0) strongest.push_back(link);
  std::sort(strongest.begin(), strongest.end(), [](const Link& x, const Link& y) {
    return x.best != y.best ? x.best > y.best : CardPair{x.a, x.b} < CardPair{y.a, y.b};
  });
  return strongest;
}

void Component::join_strongest(CardJoinReason reason) {
  for (const Link& link : strongest_links()) try_join(link, reason);
}

double Component::key_of(const Link& link, Measure measure) const noexcept {
  if (measure == Measure::total) return gain_of(link.sum, link.scored, pairs_of(link));
  if (rules_.scorer && !link.counts_missing && link.scored > 0)
    return static_cast<double>(link.sum) / static_cast<double>(link.scored);
  return average_of(link);
}

void Component::push(std::uint32_t index, Measure measure) {
  Link& link = links_[index];
  const double key = link.apart || link.reaching == 0 ? not_queued : key_of(link, measure);
  link.key = not_queued;
  if (!(key >= (measure == Measure::total ? 0.0 : static_cast<double>(rules_.threshold)))) return;
  link.key = key;
  heap_.push_back({key, std::min(link.u, link.v), std::max(link.u, link.v), index});
  std::push_heap(heap_.begin(), heap_.end(), later);
}

Edge Component::ask(std::uint32_t i, std::uint32_t j) {
  if (i > j) std::swap(i, j);
  const double score = rules_.scorer(cards_[i], cards_[j]);
  if (!std::isfinite(score))
    throw Error(Code::invalid_argument,
                "the scorer gave cards " + std::to_string(cards_[i]) + " and " + std::to_string(cards_[j]) +
                    " a score that is no number",
                "scorer");
  const Edge edge{i, j, units_of(score)};
  out_->scored.push_back({cards_[i], cards_[j], edge.units});
  return edge;
}

/// Asks for the pairs between two nodes that have no score yet; false: there are too many.
bool Component::score_between(Link& link) {
  const std::uint64_t missing = pairs_of(link) - link.scored;
  if (missing > budget_) return false;
  budget_ -= missing;
  for (std::uint32_t i = first_[link.u]; i != none; i = next_[i]) {
    for (std::uint32_t j = first_[link.v]; j != none; j = next_[j]) {
      if (known_.find(std::min(i, j), std::max(i, j)) != none) continue;
      const Edge edge = ask(i, j);
      known_.put(edge.a, edge.b, 1);
      edges_.push_back(edge);
      add_to(link, edge);
    }
  }
  return true;
}

/// Asks for all pairs of the component that have no score yet, unless there are too many.
void Component::score_missing() {
  const std::uint64_t n = cards_.size();
  const std::uint64_t known = edges_.size();
  if (!rules_.scorer || n * (n - 1) / 2 - known > budget_) return;
  std::vector<Edge> all;
  all.reserve(n * (n - 1) / 2);
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < n; ++i) {
    for (std::uint32_t j = i + 1; j < n; ++j) {
      if (next < edges_.size() && edges_[next].a == i && edges_[next].b == j)
        all.push_back(edges_[next++]);
      else if (node_of_[i] != node_of_[j])
        all.push_back(ask(i, j));
    }
  }
  edges_ = std::move(all);
  budget_ -= n * (n - 1) / 2 - known;
}

/// A link's key never rises but when another is added to it, which pushes it again: what comes up with a key that it
/// does not have any more goes back to where it belongs.
void Component::agglomerate(Measure measure) {
  heap_.clear();
  const bool asks = measure == Measure::average && rules_.scorer && budget_ > 0;
  if (asks) {
    known_.reset(2 * edges_.size());
    for (const Edge& edge : edges_) known_.put(edge.a, edge.b, 1);
  }
  for (std::uint32_t i = 0; i < links_.size(); ++i) {
    Link& link = links_[i];
    if (!link.alive) continue;
    link.counts_missing = !asks;
    if (label_.empty() || (label_[link.u] == label_[link.v] && by_average_[label_[link.u]] != 0)) push(i, measure);
  }
  for (std::uint64_t step = 1; !heap_.empty(); ++step) {
    if (step % 65536 == 0) rules_.control.check();
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const Entry entry = heap_.back();
    heap_.pop_back();
    Link& link = links_[entry.link];
    if (!link.alive || link.key != entry.key || std::min(link.u, link.v) != entry.u ||
        std::max(link.u, link.v) != entry.v)
      continue;
    if (key_of(link, measure) < entry.key) {
      push(entry.link, measure);
      continue;
    }
    if (is_apart(link)) {
      link.apart = true;  // for good: neither side loses a card
      link.key = not_queued;
      continue;
    }
    if (!link.counts_missing && link.scored < pairs_of(link)) {
      if (!score_between(link)) link.counts_missing = true;
      if (key_of(link, measure) < entry.key) {
        push(entry.link, measure);
        continue;
      }
    }
    record(link, measure == Measure::average ? CardJoinReason::average : CardJoinReason::total, link.a, link.b,
           link.best);
    merge(entry.link);
    for (const std::uint32_t index : touched_) {
      const Link& near = links_[index];
      if (label_.empty() || label_[near.u] == label_[near.v]) push(index, measure);
    }
  }
}

/// Edges that reach the threshold by node, without those that cannot-links forbid.
std::vector<std::uint64_t> Component::degrees() const {
  std::vector<std::uint64_t> degree(size_.size(), 0);
  for (const Link& link : links_) {
    if (link.apart) continue;
    degree[link.u] += link.reaching;
    degree[link.v] += link.reaching;
  }
  return degree;
}

void Component::star() {
  const auto nodes = static_cast<std::uint32_t>(size_.size());
  const std::vector<std::uint64_t> degree = degrees();
  std::vector<std::uint32_t> order(nodes);
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](auto x, auto y) { return degree[x] > degree[y]; });
  enum : std::uint8_t { fresh, centre, near, assigned };
  std::vector<std::uint8_t> state(nodes, fresh);
  for (const std::uint32_t node : order) {
    if (state[node] != fresh) continue;
    state[node] = centre;
    for (std::uint32_t half = head_[node]; half != none; half = next_half_[half]) {
      const Link& link = links_[half / 2];
      const std::uint32_t other = (half & 1) != 0 ? link.u : link.v;
      if (link.reaching > 0 && !link.apart && state[other] == fresh) state[other] = near;
    }
  }
  for (const Link& link : strongest_links()) {
    const std::uint32_t u = node_of_[rules_.local_of[link.a]];
    const std::uint32_t v = node_of_[rules_.local_of[link.b]];
    if ((state[u] == centre) == (state[v] == centre)) continue;
    const std::uint32_t other = state[u] == centre ? v : u;
    if (state[other] == near && try_join(link, CardJoinReason::centre)) state[other] = assigned;
  }
}

void Component::merge_center() {
  const auto nodes = static_cast<std::uint32_t>(size_.size());
  const std::vector<std::uint64_t> degree = degrees();
  enum : std::uint8_t { fresh, centre, assigned };
  std::vector<std::uint8_t> state(nodes, fresh);
  for (const Link& link : strongest_links()) {
    std::uint32_t u = node_of_[rules_.local_of[link.a]];
    std::uint32_t v = node_of_[rules_.local_of[link.b]];
    if (state[u] != centre && state[v] != centre) {
      if (state[u] == assigned || state[v] == assigned) continue;  // like a card that is no centre: not enough
      const bool first = degree[u] != degree[v] ? degree[u] > degree[v] : u < v;
      if (!try_join(link, CardJoinReason::centre)) continue;
      state[first ? u : v] = centre;
      state[first ? v : u] = assigned;
    } else if (try_join(link, CardJoinReason::centre)) {
      if (state[u] == fresh) state[u] = assigned;
      if (state[v] == fresh) state[v] = assigned;
    }
  }
}

void Component::solve_method() {
  if (rules_.options.sources == CardSourceRule::one_to_one) return assign_one_to_one();
  if (rules_.options.sources == CardSourceRule::one_to_many) return assign_one_to_many();
  switch (rules_.options.method) {
    case CardClusterMethod::connected_components: return join_strongest(CardJoinReason::edge);
    case CardClusterMethod::average_linkage: return agglomerate(Measure::average);
    case CardClusterMethod::min_cut: return min_cut();
    case CardClusterMethod::correlation: return correlation();
    case CardClusterMethod::star: return star();
    case CardClusterMethod::merge_center: return merge_center();
  }
}

void Component::solve(std::span<const std::uint32_t> cards, std::span<const Edge> edges, std::span<const CardPair> must,
                      std::span<const CardPair> cannot, Output& out) {
  cards_ = cards;
  must_ = must;
  cannot_ = cannot;
  out_ = &out;
  edges_.clear();
  edges_.reserve(edges.size());
  for (const Edge& edge : edges) edges_.push_back({rules_.local_of[edge.a], rules_.local_of[edge.b], edge.units});
  budget_ = rules_.scorer ? std::uint64_t{rules_.options.scored_per_card} * cards.size() : 0;
  work_ = rules_.options.max_work;
  inexact_ = false;
  label_.clear();
  by_average_.clear();

  join_must_links();
  const bool by_method =
      rules_.options.sources == CardSourceRule::any || rules_.options.sources == CardSourceRule::one_per_source;
  if (by_method &&
      (rules_.options.method == CardClusterMethod::min_cut || rules_.options.method == CardClusterMethod::correlation))
    score_missing();
  build();
  solve_method();
  if (inexact_) out.inexact.push_back(cards_.front());

  std::vector<std::uint32_t>& leader = heads_;
  leader.assign(size_.size(), none);
  for (std::uint32_t i = 0; i < cards_.size(); ++i) {
    const std::uint32_t cluster = root(node_of_[i]);
    if (leader[cluster] == none) leader[cluster] = cards_[i];
    rules_.leader_of[cards_[i]] = leader[cluster];
  }
  record_cuts();
}

void Component::record_cuts() {
  struct Crossing {
    CardPair leaders;
    std::uint32_t edge;
  };
  std::vector<Crossing> crossings;
  const auto leader_of = [&](std::uint32_t local) { return rules_.leader_of[cards_[local]]; };
  bool any = false;
  for (std::uint32_t i = 0; i < edges_.size(); ++i) {
    const std::uint32_t a = leader_of(edges_[i].a);
    const std::uint32_t b = leader_of(edges_[i].b);
    if (a == b) continue;
    crossings.push_back({{std::min(a, b), std::max(a, b)}, i});
    any = any || edges_[i].units >= rules_.threshold;
  }
  if (!any) return;
  std::sort(crossings.begin(), crossings.end(), [](const Crossing& x, const Crossing& y) {
    return x.leaders != y.leaders ? x.leaders < y.leaders : x.edge < y.edge;
  });
  std::vector<std::pair<CardPair, CardPair>> barriers;  // leaders, cards
  for (const CardPair& pair : cannot_) {
    const std::uint32_t a = rules_.leader_of[pair.a];
    const std::uint32_t b = rules_.leader_of[pair.b];
    barriers.emplace_back(CardPair{std::min(a, b), std::max(a, b)}, pair);
  }
  std::sort(barriers.begin(), barriers.end());

  for (std::size_t begin = 0, end = 0; begin < crossings.size(); begin = end) {
    Link between{.u = root(node_of_[rules_.local_of[crossings[begin].leaders.a]]),
                 .v = root(node_of_[rules_.local_of[crossings[begin].leaders.b]])};
    for (end = begin; end < crossings.size() && crossings[end].leaders == crossings[begin].leaders; ++end)
      add_to(between, edges_[crossings[end].edge]);
    if (between.reaching == 0) continue;
    const std::uint32_t side = root(node_of_[rules_.local_of[between.a]]);
    CardCut cut{.reason = CardCutReason::average,
                .a = between.a,
                .b = between.b,
                .score = between.best / steps,
                .average = average_of(between) / steps,
                .scored = between.scored,
                .cards_a = size_[side],
                .cards_b = size_[side == between.u ? between.v : between.u],
                .apart = {between.a, between.b}};
    const auto barrier =
        std::lower_bound(barriers.begin(), barriers.end(), std::pair(crossings[begin].leaders, CardPair{0, 0}));
    if (barrier != barriers.end() && barrier->first == crossings[begin].leaders) {
      cut.reason = CardCutReason::cannot_link;
      cut.apart = barrier->second;
    } else {
      set_reason(cut, between);
    }
    out_->cuts.push_back(cut);
  }
}

/// Why two clusters are apart that no cannot-link parts.
void Component::set_reason(CardCut& cut, const Link& between) const {
  if (rules_.options.sources == CardSourceRule::one_per_source) {
    const std::uint32_t few = size_[between.u] <= size_[between.v] ? between.u : between.v;
    const std::uint32_t many = few == between.u ? between.v : between.u;
    for (std::uint32_t i = first_[few]; i != none; i = next_[i]) {
      const std::uint32_t other = sources_.find(many, rules_.sources[cards_[i]]);
      if (other == none) continue;
      cut.reason = CardCutReason::same_source;
      cut.apart = {std::min(cards_[i], other), std::max(cards_[i], other)};
      return;
    }
  } else if (rules_.options.sources != CardSourceRule::any) {
    cut.reason = rules_.sources[cut.a] == rules_.sources[cut.b] ? CardCutReason::same_source : CardCutReason::assigned;
    return;
  }
  switch (rules_.options.method) {
    case CardClusterMethod::connected_components:
    case CardClusterMethod::average_linkage: cut.reason = CardCutReason::average; break;
    case CardClusterMethod::correlation: cut.reason = CardCutReason::total; break;
    case CardClusterMethod::min_cut: {
      const std::uint32_t label = label_[between.u];
      const bool averaged = label == label_[between.v] && by_average_[label] != 0;
      cut.reason = averaged ? CardCutReason::average : CardCutReason::minimum_cut;
      break;
    }
    case CardClusterMethod::star:
    case CardClusterMethod::merge_center: cut.reason = CardCutReason::centre; break;
  }
}

}  // namespace klientela::clustering
