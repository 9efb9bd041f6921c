// Clusters of cards, all of them or those that changed since an earlier call, and ids of clusters that go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/card_clusters.hpp"

namespace klientela::clustering {

/// Questions by rank, up to twice as many as asked for: some go with what changes.
struct ReviewList {
  std::vector<CardReview> pairs;
  bool all{true};  ///< whether no further ones follow
  /// Whether x stands before y.
  [[nodiscard]] static bool before(const CardReview& x, const CardReview& y) noexcept {
    if (x.expected_change != y.expected_change) return x.expected_change > y.expected_change;
    return CardPair{x.a, x.b} < CardPair{y.a, y.b};
  }
};

struct Solved {
  CardClusters clusters;
  std::vector<std::uint32_t> inexact;  ///< a card of each component that CardClusters::inexact counts
  ReviewList reviews;                  ///< CardClusters::review is its beginning
};

/// cluster_cards(), and what clusters can be made of again.
[[nodiscard]] Solved solved(const CardClusterInput& input, const CardClusterOptions& options, const Control& control);

/// An earlier call with the same options over many of the same cards. A component none of whose cards changed has the
/// same edges and links as it had there, its cards in the same order, and is taken over as it was.
struct Earlier {
  const Solved& solved;                ///< its ids are the smallest cards: nothing went on from before
  std::span<const std::uint32_t> now;  ///< by earlier card: its number now, rising; no_card_cluster: gone
  /// By card now: 1 where it is new, or links, or edges that reach the threshold in whole steps, are not what they
  /// were.
  std::span<const std::uint8_t> changed;
};

/// The same as solved(): only what changed is clustered, and what edges connect with it. Without `previous`.
/// \param input  valid: only what is clustered again is checked. O(cards + edges) little steps, and solved() of what
///               changed; of everything where that is much, or so many questions went that the review list lacks some
[[nodiscard]] Solved solved_again(const CardClusterInput& input, const CardClusterOptions& options,
                                  const Control& control, const Earlier& earlier);

/// Gives clusters that go on their earlier ids, the largest overlaps first, and new ones to the others.
/// \param ids  written, by card; \param number_of  by card: the number of its cluster
/// \param previous  earlier ids, of the first cards; \throws Error overflow
void inherit_ids(std::vector<std::uint32_t>& ids, std::span<const std::uint32_t> number_of, std::size_t clusters,
                 std::span<const std::uint32_t> previous, std::uint32_t first_id);

}  // namespace klientela::clustering
