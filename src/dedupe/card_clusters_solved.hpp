// Clusters of cards that partly stand from an earlier call, and ids of clusters that go on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/card_clusters.hpp"

namespace klientela::clustering {

/// An earlier call over many of the same cards. A component none of whose cards changed has the same edges and links as
/// it had there, its cards in the same order, and is taken over as it was.
struct Earlier {
  const CardClusters& clusters;
  std::span<const std::uint32_t> inexact;  ///< Solved::inexact
  std::span<const std::uint32_t> now;      ///< by earlier card: its number now; no_card_cluster: gone
  std::span<const std::uint8_t> changed;   ///< by card now: 1 where it is new or has other edges or links than before
};

struct Solved {
  CardClusters clusters;
  std::vector<std::uint32_t> inexact;  ///< a card of each component that CardClusters::inexact counts
};

/// cluster_cards(), with what stands from an earlier call. \param earlier  none where null
/// O(cards + edges) little steps, and the work of the components that changed
[[nodiscard]] Solved solved(const CardClusterInput& input, const CardClusterOptions& options, const Control& control,
                            const Earlier* earlier);

/// Gives clusters that go on their earlier ids, the largest overlaps first, and new ones to the others.
/// \param ids  written, by card; \param number_of  by card: the number of its cluster
/// \param previous  earlier ids, of the first cards; \throws Error overflow
void inherit_ids(std::vector<std::uint32_t>& ids, std::span<const std::uint32_t> number_of, std::size_t clusters,
                 std::span<const std::uint32_t> previous, std::uint32_t first_id);

}  // namespace klientela::clustering
