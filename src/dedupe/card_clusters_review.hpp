// The list of pairs for clerical review, made out of finished clusters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dedupe/card_clusters_component.hpp"
#include "dedupe/card_clusters_solved.hpp"

namespace klientela::clustering {

/// \param number_of  each card's number of cluster; \param edges, scored  all pairs with a score, no pair in both
[[nodiscard]] ReviewList review_list(const CardClusters& clusters, std::span<const std::uint32_t> number_of,
                                     const std::vector<Edge>& edges, const std::vector<Edge>& scored,
                                     const std::vector<CardPair>& must, const std::vector<CardPair>& cannot,
                                     const Rules& rules, const Control& control);

}  // namespace klientela::clustering
