// Clusters of cards out of scored pairs: which cards are one client, and the reason of every join and every cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/card_pair.hpp"

namespace klientela {

/// Two cards and the log2 odds that they are one client: 0 is even, 10 is 1024 to 1.
struct CardEdge {
  std::uint32_t a{0};
  std::uint32_t b{0};
  double score{0};  ///< finite
  friend bool operator==(const CardEdge&, const CardEdge&) = default;
};

/// How cards become clusters. All but linking see scores less the threshold.
enum class CardClusterMethod : std::uint8_t {
  connected_components,  ///< all that hangs together by edges that reach the threshold; strongest edges first where
                         ///< cannot-links or sources forbid some
  average_linkage,       ///< joins the two clusters with the highest mean score of their pairs until none reaches the
                         ///< threshold (UPGMA; Sokal and Michener 1958); pairs nobody scored count `unscored`
  min_cut,      ///< cuts a component in two by its minimum cut (Stoer and Wagner 1997) until all parts are dense
  correlation,  ///< joins the two clusters with the highest sum of scores until none is above 0 (greedy additive edge
                ///< contraction, Keuper et al. 2015), then moves single cards while that raises the sum
  star,  ///< the card with most edges is a centre, its neighbours are no more centres, and so on; each other card goes
         ///< to the centre that it has the strongest edge with (Aslam, Pelekhov and Rus 2004)
  merge_center,  ///< strongest edges first: of two new cards one is a centre; clusters whose cards are like the other's
                 ///< centre are joined (Hassanzadeh et al. 2009)
};

/// What the sources of cards (lists, systems) say about clusters.
enum class CardSourceRule : std::uint8_t {
  any,             ///< nothing
  one_per_source,  ///< no source has two cards of one client; whatever the method
  one_to_one,      ///< links source 0 with source 1: pairs, so that the sum of their scores is the largest; no method
  one_to_many,     ///< links each card of source 1 with the card of source 0 that it scores highest with; no method
};

struct CardClusterOptions {
  CardClusterMethod method{CardClusterMethod::average_linkage};
  double threshold{0};  ///< log2 odds; a score that reaches it speaks for one client; in [-1024, 1024]
  double unscored{-4};  ///< log2 odds that a pair counts which nobody scored; at least 1 below the threshold, >= -1024
  double density{0.5};  ///< of min_cut: share of a part's pairs that must reach the threshold; in [0, 1]
  CardSourceRule sources{CardSourceRule::any};
  /// Most missing pairs that the scorer is asked for, per card of a component; 0 to 1,000,000, 0: none
  std::uint32_t scored_per_card{32};
  /// Steps (cards x edges) of exact minimum cuts and assignments per component; beyond it: see CardClusters
  std::uint64_t max_work{4'000'000};
  std::uint32_t review_pairs{1000};  ///< most pairs on the list for clerical review
  double review_change{0.01};        ///< least expected change of a pair on it; in [0, 1e6]
  friend bool operator==(const CardClusterOptions&, const CardClusterOptions&) = default;
};

/// Scores a pair (a < b) that no edge has; log2 odds, finite. Must give the same for the same pair at any time, and is
/// called from several threads at once where the control has an executor.
using CardPairScorer = std::function<double(std::uint32_t a, std::uint32_t b)>;

/// A card that was in no cluster before.
inline constexpr std::uint32_t no_card_cluster = 0xFFFFFFFF;

/// What is clustered. Spans are borrowed for the call; pairs in any order and either way round.
struct CardClusterInput {
  std::uint32_t cards{0};                     ///< numbers 0 to cards - 1
  std::span<const CardEdge> edges{};          ///< no pair twice
  std::span<const CardPair> must_links{};     ///< one client, whatever scores and sources say; repeats do no harm
  std::span<const CardPair> cannot_links{};   ///< two clients; repeats do no harm
  std::span<const std::uint32_t> sources{};   ///< of each card; empty where options.sources is any; 0 or 1 for linking
  std::span<const std::uint32_t> previous{};  ///< ids from before, of the first cards; no_card_cluster: none
  std::uint32_t next_id{0};                   ///< new ids begin here, if the largest in `previous` is smaller
  CardPairScorer scorer{};                    ///< may be empty
};

enum class CardJoinReason : std::uint8_t {
  edge,       ///< a score that reaches the threshold
  must_link,  ///< somebody said so
  average,    ///< the mean score of the pairs between both sides
  total,      ///< their sum
  centre,     ///< the score with the centre of a cluster
  assigned,   ///< linking: the best partner, of all pairs together
};

/// Why two sides are one cluster. As many as cards less one in each cluster, in the order in which they were made.
struct CardJoin {
  CardJoinReason reason{CardJoinReason::edge};
  std::uint32_t a{0};        ///< a card of one side
  std::uint32_t b{0};        ///< of the other: the pair with the highest score, or the linked one; a < b
  double score{0};           ///< of this pair; 0 for a must-link
  double average{0};         ///< mean of all pairs between the sides, unscored ones included
  std::uint64_t scored{0};   ///< pairs between the sides with a score
  std::uint32_t cards_a{1};  ///< cards on a's side before
  std::uint32_t cards_b{1};
  friend bool operator==(const CardJoin&, const CardJoin&) = default;
};

enum class CardCutReason : std::uint8_t {
  average,      ///< the mean score of the pairs between them is too low
  total,        ///< their sum is
  minimum_cut,  ///< few edges between parts that are not dense together
  cannot_link,  ///< somebody said so
  same_source,  ///< both have a card of one source
  centre,       ///< each is nearer to another centre
  assigned,     ///< linking: at least one has a better partner
};

/// Why two clusters are apart although an edge between them reaches the threshold.
struct CardCut {
  CardCutReason reason{CardCutReason::average};
  std::uint32_t a{0};  ///< the pair between them with the highest score; a < b
  std::uint32_t b{0};
  double score{0};           ///< of this pair
  double average{0};         ///< mean of all pairs between the clusters, unscored ones included
  std::uint64_t scored{0};   ///< pairs between them with a score
  std::uint32_t cards_a{1};  ///< cards of a's cluster
  std::uint32_t cards_b{1};
  CardPair apart{};  ///< the two cards of the cannot-link or of one source; else a and b
  friend bool operator==(const CardCut&, const CardCut&) = default;
};

/// A pair whose answer would change much. Each join, and each two clusters with an edge between them, are one question:
/// whether its two sides are one client. It stands on the list once, by the pair between the sides whose score is
/// nearest to even odds; not where a link has answered it.
struct CardReview {
  std::uint32_t a{0};
  std::uint32_t b{0};
  double score{0};            ///< of this pair
  double average{0};          ///< mean of all pairs between the sides, unscored ones included
  double probability{0};      ///< that the sides are one client, by all that is known of them: 1 / (1 + 2^-average)
  bool together{false};       ///< whether they are in one cluster now
  std::uint64_t changed{0};   ///< card pairs that would be joined by a yes, or cut by a no that undoes the join
  double expected_change{0};  ///< probability x (1 - probability) x changed
  friend bool operator==(const CardReview&, const CardReview&) = default;
};

/// Who is one client. Clusters are in the order of their smallest card; a card without edges is a cluster of one.
///
/// Where a component is too large for the exact way within max_work, min_cut leaves the parts that it would still cut
/// to average linkage, and one_to_one takes the highest scores first; `inexact` counts these components.
struct CardClusters {
  std::vector<std::uint32_t> ids;     ///< of each card: the id of its cluster
  std::vector<std::uint32_t> order;   ///< the cards by cluster, ascending in each
  std::vector<std::uint32_t> starts;  ///< where each cluster begins in `order`; one more than clusters
  std::vector<CardJoin> joins;        ///< by cluster; those of cluster c begin at starts[c] - c
  std::vector<CardCut> cuts;          ///< by the smallest cards of both clusters
  std::vector<CardReview> review;     ///< by falling expected change, then by a, b
  std::vector<CardEdge> scored;       ///< what the scorer was asked for, by a, b
  std::uint64_t components{0};        ///< by edges that reach the threshold and must-links; single cards included
  std::uint32_t largest_component{0};
  std::uint64_t inexact{0};

  [[nodiscard]] std::size_t size() const noexcept { return starts.empty() ? 0 : starts.size() - 1; }
  /// The cards of a cluster, ascending; c < size().
  [[nodiscard]] std::span<const std::uint32_t> cards(std::size_t c) const noexcept {
    return std::span(order).subspan(starts[c], starts[c + 1] - starts[c]);
  }
  /// Why they are together, oldest first; c < size().
  [[nodiscard]] std::span<const CardJoin> joins_of(std::size_t c) const noexcept {
    return std::span(joins).subspan(starts[c] - c, starts[c + 1] - starts[c] - 1);
  }
};

/// Clusters of cards. Scores count in steps of 1/65536 and as 1024 at most, so that sums are exact: the same for any
/// order of the pairs and any number of threads. Equal choices are decided by the smaller card numbers; a cluster has
/// the number of the larger of the two sides that made it (of equals the smaller number).
///
/// A cluster's id is its smallest card. With `previous`, the cluster that shares most cards with an earlier one has its
/// id (of equals the smaller id, then the cluster with the smaller card), and new ids follow the largest one.
///
/// average_linkage asks the scorer for the missing pairs between two clusters when it is about to join them by the
/// pairs that have a score; min_cut and correlation ask for all missing pairs of a component that has few enough.
/// O(edges log edges) for all but min_cut and one_to_one, whose work is limited, times the highest score over what the
/// threshold is above `unscored` at worst, where clusters grow around one card; memory O(cards + edges).
/// \throws Error out_of_range naming the edge or link with a card that there is not; invalid_argument naming the option
///         or the edge (a card with itself, a pair twice, a score that is not finite), sources or previous of a wrong
///         length, a scorer's score that is not finite; for a cannot-link within must-links naming the chain; cancelled
[[nodiscard]] CardClusters cluster_cards(const CardClusterInput& input, const CardClusterOptions& options = {},
                                         const Control& control = {});

/// A cannot-link between cards that must-links join.
struct LinkContradiction {
  CardPair cannot_link{};
  std::vector<std::uint32_t> chain;  ///< the shortest way from one to the other, both in; each next two a must-link
};

/// The first cannot-link (in the order given) that contradicts the must-links; none: nullopt. O(links log links)
/// \throws Error out_of_range as cluster_cards
[[nodiscard]] std::optional<LinkContradiction> find_contradiction(std::uint32_t cards,
                                                                  std::span<const CardPair> must_links,
                                                                  std::span<const CardPair> cannot_links);

/// A sentence for a person.
struct CardReasonWords {
  std::string english;
  std::string russian;
};
/// How a card is called in sentences; empty: its number.
using CardNamer = std::function<std::string(std::uint32_t card)>;
[[nodiscard]] CardReasonWords words(const CardJoin& join, const CardNamer& namer = {});
[[nodiscard]] CardReasonWords words(const CardCut& cut, const CardNamer& namer = {});
[[nodiscard]] CardReasonWords words(const CardReview& review, const CardNamer& namer = {});

/// How well clusters agree with the truth, by pairs of cards and by cards (B-cubed; Bagga and Baldwin 1998).
/// A share of nothing is 1: nothing was claimed, or nothing was to be found. F1 is 0 where both are 0.
struct ClusterMetrics {
  std::uint64_t pairs{0};          ///< in one cluster
  std::uint64_t true_pairs{0};     ///< of one client in truth
  std::uint64_t correct_pairs{0};  ///< both
  double precision{1}, recall{1}, f1{1};
  double b_cubed_precision{1}, b_cubed_recall{1}, b_cubed_f1{1};
  std::uint64_t clusters{0}, true_clusters{0};
  std::uint32_t largest_cluster{0}, largest_true_cluster{0};
  friend bool operator==(const ClusterMetrics&, const ClusterMetrics&) = default;
};

/// \param clusters  the cluster of each card, by any numbers; \param truth  the client of each card, likewise
/// O(n log n). \throws Error invalid_argument if the lengths differ
[[nodiscard]] ClusterMetrics cluster_metrics(std::span<const std::uint32_t> clusters,
                                             std::span<const std::uint32_t> truth);

}  // namespace klientela
