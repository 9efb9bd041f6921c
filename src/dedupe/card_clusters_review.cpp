// Which answers would change clusters most, and how well clusters agree with the truth.
#include "dedupe/card_clusters_review.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace klientela {

namespace clustering {
namespace {

/// When two cards of a cluster came together: the joins, read as a forest in which the smaller side hangs below.
class JoinForest {
 public:
  explicit JoinForest(const CardClusters& clusters)
      : above_(clusters.order.size()), join_(clusters.order.size(), never), joins_(clusters.joins) {
    for (std::uint32_t card = 0; card < above_.size(); ++card) above_[card] = card;
    for (std::uint32_t i = 0; i < joins_.size(); ++i) {
      std::uint32_t a = top(joins_[i].a);
      std::uint32_t b = top(joins_[i].b);
      if (joins_[i].cards_a > joins_[i].cards_b) std::swap(a, b);
      above_[a] = b;
      join_[a] = i;
    }
  }
  /// The join that put a and b together; they are in one cluster. O(log cards of the cluster)
  [[nodiscard]] const CardJoin& joined(std::uint32_t a, std::uint32_t b) const noexcept {
    std::uint32_t last = 0;
    while (a != b) {  // joins lie in the order of time
      std::uint32_t& earlier = join_[a] < join_[b] ? a : b;
      last = join_[earlier];
      earlier = above_[earlier];
    }
    return joins_[last];
  }

 private:
  static constexpr std::uint32_t never = 0xFFFFFFFF;
  [[nodiscard]] std::uint32_t top(std::uint32_t card) const noexcept {
    while (join_[card] != never) card = above_[card];
    return card;
  }
  std::vector<std::uint32_t> above_, join_;
  const std::vector<CardJoin>& joins_;
};

/// Whether x stands before y on the list.
bool before(const CardReview& x, const CardReview& y) {
  if (x.expected_change != y.expected_change) return x.expected_change > y.expected_change;
  return CardPair{x.a, x.b} < CardPair{y.a, y.b};
}

}  // namespace

std::vector<CardReview> review_list(const CardClusters& clusters, const std::vector<std::uint32_t>& number_of,
                                    const std::vector<Edge>& edges, const std::vector<Edge>& scored,
                                    const std::vector<CardPair>& must, const std::vector<CardPair>& cannot,
                                    std::size_t most, const Control& control) {
  if (most == 0) return {};
  const JoinForest forest(clusters);
  const auto said = [](const std::vector<CardPair>& links, const Edge& edge) {
    return !links.empty() && std::binary_search(links.begin(), links.end(), CardPair{edge.a, edge.b});
  };
  const auto judge = [&](const Edge& edge) {
    CardReview review{.a = edge.a, .b = edge.b, .score = edge.units / steps};
    review.probability = 1 / (1 + std::exp2(-review.score));
    const std::uint32_t a = number_of[edge.a];
    const std::uint32_t b = number_of[edge.b];
    review.together = a == b;
    if (review.together) {
      const CardJoin& join = forest.joined(edge.a, edge.b);
      if (join.reason == CardJoinReason::must_link) return review;  // no answer parts them
      review.changed = std::uint64_t{join.cards_a} * join.cards_b;
    } else {
      review.changed =
          std::uint64_t{clusters.starts[a + 1] - clusters.starts[a]} * (clusters.starts[b + 1] - clusters.starts[b]);
    }
    // p (1 - p) without the loss of digits of 1 - p
    const double odds = std::exp2(-std::abs(review.score));
    review.expected_change = odds / ((1 + odds) * (1 + odds)) * static_cast<double>(review.changed);
    return review;
  };
  constexpr std::size_t block = 1 << 16;
  const std::size_t all = edges.size() + scored.size();
  std::vector<std::vector<CardReview>> lists((all + block - 1) / block);
  control.run(lists.size(), [&](std::size_t k) {
    control.check();
    std::vector<CardReview>& list = lists[k];
    const auto keep = static_cast<std::ptrdiff_t>(most);
    double least = 0;  // of the list, once it is full
    const auto shorten = [&] {
      if (list.size() <= most) return;
      std::nth_element(list.begin(), list.begin() + keep, list.end(), before);
      list.resize(most);
      least = std::max_element(list.begin(), list.end(), before)->expected_change;
    };
    for (std::size_t i = k * block; i < std::min(all, (k + 1) * block); ++i) {
      const Edge& edge = i < edges.size() ? edges[i] : scored[i - edges.size()];
      const CardReview review = judge(edge);
      if (!(review.expected_change > 0) || review.expected_change < least) continue;
      if (said(must, edge) || said(cannot, edge)) continue;
      list.push_back(review);
      if (list.size() >= 2 * most + 64) shorten();
    }
    shorten();
  });
  std::vector<CardReview> result;
  for (const auto& list : lists) result.insert(result.end(), list.begin(), list.end());
  std::sort(result.begin(), result.end(), before);
  if (result.size() > most) result.resize(most);
  return result;
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
