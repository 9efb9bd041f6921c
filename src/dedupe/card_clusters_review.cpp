// Which answers would change clusters most, and how well clusters agree with the truth.
#include "dedupe/card_clusters_review.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "dedupe/some_cards.hpp"

namespace klientela {

namespace clustering {
namespace {

/// When two cards of a cluster came together: the joins, read as a forest in which the smaller side hangs below. Of two
/// cards alone it is plain.
class JoinForest {
 public:
  explicit JoinForest(const CardClusters& clusters)
      : clusters_(clusters), joined_(static_cast<std::uint32_t>(clusters.order.size())) {
    const std::vector<CardJoin>& joins = clusters.joins;
    const auto each_join = [&](const auto& visit) {
      for (std::uint32_t c = 0; c < clusters.size(); ++c)
        if (clusters.starts[c + 1] - clusters.starts[c] > 2)
          for (std::uint32_t i = clusters.starts[c] - c; i < clusters.starts[c + 1] - (c + 1); ++i) visit(i);
    };
    each_join([&](std::uint32_t i) {
      joined_.add(joins[i].a);
      joined_.add(joins[i].b);
    });
    above_.resize(joined_.count().size());
    join_.assign(above_.size(), never);
    each_join([&](std::uint32_t i) {
      std::uint32_t a = top(joined_.place(joins[i].a));
      std::uint32_t b = top(joined_.place(joins[i].b));
      if (joins[i].cards_a > joins[i].cards_b) std::swap(a, b);
      above_[a] = b;
      join_[a] = i;
    });
  }
  /// The place of the join that put two cards of a cluster together. O(log cards of the cluster)
  [[nodiscard]] std::uint32_t joined(std::uint32_t cluster, std::uint32_t card_a, std::uint32_t card_b) const noexcept {
    const std::uint32_t first = clusters_.starts[cluster];
    if (clusters_.starts[cluster + 1] - first == 2) return first - cluster;
    std::uint32_t a = joined_.place(card_a), b = joined_.place(card_b), last = 0;
    while (a != b) {  // joins lie in the order of time
      std::uint32_t& earlier = join_[a] < join_[b] ? a : b;
      last = join_[earlier];
      earlier = above_[earlier];
    }
    return last;
  }

 private:
  static constexpr std::uint32_t never = 0xFFFFFFFF;
  [[nodiscard]] std::uint32_t top(std::uint32_t place) const noexcept {
    while (join_[place] != never) place = above_[place];
    return place;
  }
  const CardClusters& clusters_;
  SomeCards joined_;                         // in clusters of three cards and more
  std::vector<std::uint32_t> above_, join_;  // by place
};

}  // namespace

ReviewList review_list(const CardClusters& clusters, std::span<const std::uint32_t> number_of,
                       const std::vector<Edge>& edges, const std::vector<Edge>& scored,
                       const std::vector<CardPair>& must, const std::vector<CardPair>& cannot, const Rules& rules,
                       const Control& control) {
  const std::size_t most = 2 * std::size_t{rules.options.review_pairs};
  if (most == 0) return {};
  const JoinForest forest(clusters);
  const auto between = [&](std::uint32_t a, std::uint32_t b) {
    const auto [low, high] = std::minmax(number_of[a], number_of[b]);
    return std::uint64_t{low} << 32 | high;
  };
  /// Pairs by what they are about: the two clusters, or (of one cluster) the join.
  struct About {
    std::uint64_t question;
    Edge edge;
  };
  constexpr std::uint64_t of_join = std::uint64_t{1} << 63;
  const std::size_t all = edges.size() + scored.size();
  // Those of one question have the same first cluster, so that ranges of clusters can be sorted by themselves.
  constexpr std::size_t pairs_a_range = 8192;
  const std::size_t ranges = all / pairs_a_range + 1;
  const auto each_pair = [&](const auto& visit) {  // with its range
    const auto visit_all = [&](const std::vector<Edge>& list) {
      for (const Edge& edge : list) {
        const std::uint64_t first = std::min(number_of[edge.a], number_of[edge.b]);
        visit(edge, static_cast<std::size_t>(first * ranges / clusters.size()));
      }
    };
    visit_all(edges);
    visit_all(scored);
  };
  std::vector<std::size_t> ends(ranges + 1, 0);  // where a range's pairs begin, then where they end
  each_pair([&](const Edge&, std::size_t range) { ++ends[range + 1]; });
  std::partial_sum(ends.begin(), ends.end(), ends.begin());
  std::vector<About> pairs(all);
  each_pair([&](const Edge& edge, std::size_t range) {
    const std::uint32_t cluster = number_of[edge.a];
    const bool together = cluster == number_of[edge.b];
    pairs[ends[range]++] = {together ? of_join | forest.joined(cluster, edge.a, edge.b) : between(edge.a, edge.b),
                            edge};
  });
  control.check();
  std::vector<std::uint64_t> answered;  // clusters that somebody said are two clients
  for (const CardPair& link : cannot) answered.push_back(between(link.a, link.b));
  std::sort(answered.begin(), answered.end());

  const bool linking =
      rules.options.sources == CardSourceRule::one_to_one || rules.options.sources == CardSourceRule::one_to_many;
  const auto shorten = [&](ReviewList& list) {
    const auto end = list.pairs.begin() + static_cast<std::ptrdiff_t>(most);
    std::nth_element(list.pairs.begin(), end, list.pairs.end(), ReviewList::before);
    list.pairs.resize(most);
    list.all = false;
  };
  const auto ask = [&](std::size_t from, std::size_t to, ReviewList& list) {
    std::sort(pairs.begin() + static_cast<std::ptrdiff_t>(from), pairs.begin() + static_cast<std::ptrdiff_t>(to),
              [](const About& x, const About& y) {
                if (x.question != y.question) return x.question < y.question;
                const Units odds_x = std::abs(x.edge.units);
                const Units odds_y = std::abs(y.edge.units);
                if (odds_x != odds_y) return odds_x < odds_y;
                return CardPair{x.edge.a, x.edge.b} < CardPair{y.edge.a, y.edge.b};
              });
    for (std::size_t begin = from, end = from; begin < to; begin = end) {
      const std::uint64_t question = pairs[begin].question;
      std::int64_t sum = 0;
      bool said = false;  // that the sides are one client
      for (end = begin; end < to && pairs[end].question == question; ++end) {
        const Edge& edge = pairs[end].edge;
        sum += edge.units;
        said = said || (!must.empty() && std::binary_search(must.begin(), must.end(), CardPair{edge.a, edge.b}));
      }
      if (said) continue;
      const Edge& edge = pairs[begin].edge;
      CardReview review{.a = edge.a, .b = edge.b, .score = edge.units / steps};
      review.together = (question & of_join) != 0;
      if (review.together) {
        const CardJoin& join = clusters.joins[question & ~of_join];
        if (join.reason == CardJoinReason::must_link) continue;
        review.changed = std::uint64_t{join.cards_a} * join.cards_b;
      } else {
        if (std::binary_search(answered.begin(), answered.end(), question)) continue;
        const auto cards = [&](std::uint64_t cluster) {
          return std::uint64_t{clusters.starts[cluster + 1]} - clusters.starts[cluster];
        };
        review.changed = cards(question >> 32) * cards(question & 0xFFFF'FFFFU);
      }
      const auto asked = static_cast<double>(end - begin);
      // Cards of one list are not looked at when two are linked.
      const double others = linking ? 0 : static_cast<double>(review.changed) - asked;
      review.average = (static_cast<double>(sum) + others * rules.unscored) / steps / (asked + others);
      review.probability = 1 / (1 + std::exp2(-review.average));
      // p (1 - p) without the loss of digits of 1 - p
      const double odds = std::exp2(-std::abs(review.average));
      review.expected_change = odds / ((1 + odds) * (1 + odds)) * static_cast<double>(review.changed);
      if (!(review.expected_change > 0) || review.expected_change < rules.options.review_change) continue;
      list.pairs.push_back(review);
      if (list.pairs.size() >= 2 * most + 64) shorten(list);
    }
  };
  std::vector<ReviewList> lists(ranges);
  control.run(ranges, [&](std::size_t range) {
    control.check();
    ask(range == 0 ? 0 : ends[range - 1], ends[range], lists[range]);
  });
  ReviewList list;
  for (const ReviewList& each : lists) {
    list.pairs.insert(list.pairs.end(), each.pairs.begin(), each.pairs.end());
    list.all = list.all && each.all;
  }
  if (list.pairs.size() > most) shorten(list);
  std::sort(list.pairs.begin(), list.pairs.end(), ReviewList::before);
  return list;
}

}  // namespace clustering

ClusterMetrics cluster_metrics(std::span<const std::uint32_t> clusters, std::span<const std::uint32_t> truth) {
  if (clusters.size() != truth.size())
    throw Error(Code::invalid_argument,
                "there are clusters of " + std::to_string(clusters.size()) + " cards and the truth of " +
                    std::to_string(truth.size()),
                "truth");
  ClusterMetrics metrics;
  if (clusters.empty()) return metrics;
  struct Group {
    std::uint32_t of, other;
    std::uint64_t cards;
  };
  const std::size_t n = clusters.size();
  const auto groups_of = [n](std::span<const std::uint32_t> by, std::span<const std::uint32_t> then) {
    std::vector<std::uint64_t> keys(n);
    for (std::size_t i = 0; i < n; ++i) keys[i] = std::uint64_t{by[i]} << 32 | then[i];
    std::sort(keys.begin(), keys.end());
    std::vector<Group> groups;
    for (std::size_t begin = 0, end = 0; begin < n; begin = end) {
      while (end < n && keys[end] == keys[begin]) ++end;
      groups.push_back(
          {static_cast<std::uint32_t>(keys[begin] >> 32), static_cast<std::uint32_t>(keys[begin]), end - begin});
    }
    return groups;
  };
  const auto pairs = [](std::uint64_t cards) { return cards * (cards - 1) / 2; };
  /// Sums over one side: its groups, their pairs, the largest, and the sum of shared^2 / cards that B-cubed is made of.
  const auto side = [&](const std::vector<Group>& groups, std::uint64_t& count, std::uint64_t& all_pairs,
                        std::uint32_t& largest) {
    double shared = 0;
    for (std::size_t begin = 0, end = 0; begin < groups.size(); begin = end) {
      std::uint64_t cards = 0;
      double squares = 0;
      for (end = begin; end < groups.size() && groups[end].of == groups[begin].of; ++end) {
        cards += groups[end].cards;
        squares += static_cast<double>(groups[end].cards) * static_cast<double>(groups[end].cards);
      }
      shared += squares / static_cast<double>(cards);
      ++count;
      all_pairs += pairs(cards);
      largest = std::max(largest, static_cast<std::uint32_t>(cards));
    }
    return shared / static_cast<double>(n);
  };
  const std::vector<Group> found = groups_of(clusters, truth);
  for (const Group& group : found) metrics.correct_pairs += pairs(group.cards);
  metrics.b_cubed_precision = side(found, metrics.clusters, metrics.pairs, metrics.largest_cluster);
  metrics.b_cubed_recall =
      side(groups_of(truth, clusters), metrics.true_clusters, metrics.true_pairs, metrics.largest_true_cluster);
  const auto share = [](std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  const auto mean = [](double x, double y) { return x + y > 0 ? 2 * x * y / (x + y) : 0; };
  metrics.precision = share(metrics.correct_pairs, metrics.pairs);
  metrics.recall = share(metrics.correct_pairs, metrics.true_pairs);
  metrics.f1 = mean(metrics.precision, metrics.recall);
  metrics.b_cubed_f1 = mean(metrics.b_cubed_precision, metrics.b_cubed_recall);
  return metrics;
}

}  // namespace klientela
