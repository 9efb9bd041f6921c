// Correlation clustering of one component: greedy additive edge contraction, then moves of single nodes.
#include <unordered_map>

#include "dedupe/card_clusters_component.hpp"

namespace klientela::clustering {

/// What the pairs between two sides, or some of them, add when they count as one client.
double Component::gain_of(std::int64_t sum, std::uint64_t scored, std::uint64_t pairs) const noexcept {
  return (static_cast<double>(sum) - static_cast<double>(rules_.threshold) * static_cast<double>(scored)) +
         (static_cast<double>(rules_.unscored) - static_cast<double>(rules_.threshold)) *
             static_cast<double>(pairs - scored);
}

/// The gain of all pairs in one cluster, by label_.
double Component::objective() const {
  struct Sums {
    std::int64_t sum{0};
    std::uint64_t scored{0}, cards{0}, inner{0};
  };
  std::vector<Sums> of(size_.size());
  for (std::uint32_t node = 0; node < size_.size(); ++node) {
    const std::uint64_t size = size_[node];
    of[label_[node]].cards += size;
    of[label_[node]].inner += size * size;
  }
  for (const Link& link : links_) {
    if (label_[link.u] != label_[link.v]) continue;
    of[label_[link.u]].sum += link.sum;
    of[label_[link.u]].scored += link.scored;
  }
  double total = 0;
  for (const Sums& sums : of) total += gain_of(sums.sum, sums.scored, (sums.cards * sums.cards - sums.inner) / 2);
  return total;
}

/// Moves single nodes to the cluster, or out on their own, where that gains most, until none gains: label_ changes.
void Component::refine() {
  constexpr int most_sweeps = 16;
  const auto nodes = static_cast<std::uint32_t>(size_.size());
  const bool by_source = rules_.options.sources == CardSourceRule::one_per_source;
  const auto key = [&](std::uint32_t label, std::uint32_t card) {
    return std::uint64_t{label} << 32 | rules_.sources[cards_[card]];
  };
  std::vector<std::uint64_t> cards_in(nodes, 0);
  std::unordered_map<std::uint64_t, std::uint32_t> of_source;
  for (std::uint32_t node = 0; node < nodes; ++node) {
    cards_in[label_[node]] += size_[node];
    if (by_source)
      for (std::uint32_t card = first_[node]; card != none; card = next_[card]) ++of_source[key(label_[node], card)];
  }
  std::vector<std::uint32_t> unused;
  for (std::uint32_t label = nodes; label-- > 0;)
    if (cards_in[label] == 0) unused.push_back(label);

  std::vector<std::int64_t> sum(nodes, 0);
  std::vector<std::uint64_t> scored(nodes, 0);
  std::vector<std::uint8_t> seen(nodes, 0);  // 2: with a cannot-link
  std::vector<std::uint32_t> near;
  bool moved = true;
  for (int sweep = 0; moved && sweep < most_sweeps; ++sweep) {
    rules_.control.check();
    moved = false;
    for (std::uint32_t node = 0; node < nodes; ++node) {
      const std::uint32_t own = label_[node];
      near.clear();
      for (std::uint32_t half = head_[node]; half != none; half = next_half_[half]) {
        const Link& link = links_[half / 2];
        const std::uint32_t label = label_[(half & 1) != 0 ? link.u : link.v];
        if (seen[label] == 0) {
          near.push_back(label);
          seen[label] = 1;
        }
        if (link.apart) seen[label] = 2;
        sum[label] += link.sum;
        scored[label] += link.scored;
      }
      const double staying = gain_of(sum[own], scored[own], size_[node] * (cards_in[own] - size_[node]));
      double best = 0;
      std::uint32_t target = own;
      if (cards_in[own] > size_[node] && -staying > best) {
        best = -staying;
        target = none;
      }
      for (const std::uint32_t label : near) {
        if (label == own || seen[label] == 2) continue;
        const double gain = gain_of(sum[label], scored[label], size_[node] * cards_in[label]) - staying;
        if (gain < best || gain <= 0 || (gain == best && label > target)) continue;
        bool free = true;
        for (std::uint32_t card = by_source ? first_[node] : none; card != none && free; card = next_[card]) {
          const auto found = of_source.find(key(label, card));
          free = found == of_source.end() || found->second == 0;
        }
        if (!free) continue;
        best = gain;
        target = label;
      }
      for (const std::uint32_t label : near) {
        sum[label] = 0;
        scored[label] = 0;
        seen[label] = 0;
      }
      if (target == own) continue;
      if (target == none) {
        target = unused.back();  // there is one: some cluster has two nodes
        unused.pop_back();
      }
      moved = true;
      label_[node] = target;
      cards_in[own] -= size_[node];
      cards_in[target] += size_[node];
      if (cards_in[own] == 0) unused.push_back(own);
      for (std::uint32_t card = by_source ? first_[node] : none; card != none; card = next_[card]) {
        --of_source[key(own, card)];
        ++of_source[key(target, card)];
      }
    }
  }
}

void Component::correlation() {
  const std::size_t begun = out_->joins.size();
  agglomerate(Measure::total);
  if (size_.size() <= 2) return;
  std::vector<std::uint32_t> labels(size_.size());
  for (std::uint32_t node = 0; node < labels.size(); ++node) labels[node] = root(node);
  build();
  label_ = std::move(labels);
  refine();
  const bool free = cannot_.empty() && rules_.options.sources == CardSourceRule::any;
  if (free) {
    const double found = objective();
    std::vector<std::uint32_t> one(size_.size(), 0);
    one.swap(label_);
    if (objective() < found) one.swap(label_);
  }
  // Joins by label, along edges that reach the threshold: what they do not hold together is better apart.
  out_->joins.resize(begun);
  join_strongest(CardJoinReason::total);
}

}  // namespace klientela::clustering
