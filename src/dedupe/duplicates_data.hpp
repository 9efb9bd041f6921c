// What a search for duplicates found and keeps.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "dedupe/card_clusters_solved.hpp"
#include "dedupe/pair_comparer.hpp"
#include "dedupe/pair_scorer.hpp"
#include "klientela/dedupe/duplicates.hpp"

namespace klientela {

struct Duplicates::Data {
  PreparedCards cards;
  DedupeOptions options;
  std::shared_ptr<const dedupe::PairComparer> comparer;
  std::shared_ptr<const dedupe::PairScorer> scorer;
  LinkModel model;
  std::optional<LinkTraining> training;
  std::vector<BlockingRuleReport> rules;
  std::vector<BlockingRule> blocking;  ///< as they were used
  std::vector<BlockingKey> split_by;   ///< likewise
  std::uint32_t block_limit{0};        ///< Blocks::block_limit()
  std::vector<CardPair> must_links;    ///< DedupeKnowledge
  std::vector<CardPair> cannot_links;
  std::optional<RuleProposals> proposals;
  std::uint64_t pairs{0};
  /// Chance of one client, on the mean, of a pair that was compared and is no edge; estimated. NaN: not known.
  double chance_below{std::numeric_limits<double>::quiet_NaN()};
  std::vector<CardEdge> edges;
  std::vector<std::uint32_t> cluster_of;
  std::vector<std::string> labels;  ///< DedupeKnowledge::labels
  bool numbered{false};             ///< cluster_of goes on from earlier numbers without labels
  CardGroups groups;
  clustering::Solved solved;
  std::vector<std::uint32_t> representatives;
};

namespace dedupe {

/// Bits below the threshold down to which edges are kept: they speak against joins.
inline constexpr double kept_below = 8;

/// By card: 1 where a link names it. Such a card stands for itself, whatever card it equals.
[[nodiscard]] std::vector<std::uint8_t> linked_cards(const Duplicates::Data& data);
/// \throws Error invalid_argument "cannot_links" with the chain of ids where links contradict each other
void check_links(const PreparedCards& cards, std::span<const CardPair> must, std::span<const CardPair> cannot);
/// By card: what its field `source` says, or which list it is of; a number of its own where it says nothing. Empty
/// where sources do not matter.
[[nodiscard]] std::vector<std::uint32_t> sources_of(const Duplicates::Data& data);
/// Clusters out of edges, links and representatives: `solved`, `groups`, and the smallest card of its
/// cluster as `cluster_of`.
void cluster(Duplicates::Data& data, const Control& control, const clustering::Earlier* earlier);

/// What a cluster without a label is called: the first id in it that is not taken, else the first of all with a number.
/// \param text  text(card) is the card's id
template <class Text>
[[nodiscard]] std::string default_cluster_name(std::span<const std::uint32_t> cards,
                                               const std::unordered_set<std::string>& taken, const Text& text) {
  for (const std::uint32_t card : cards)
    if (std::string name = text(card); taken.count(name) == 0) return name;
  for (std::size_t i = 2;; ++i)
    if (std::string name = text(cards.front()) + '~' + std::to_string(i); taken.count(name) == 0) return name;
}

}  // namespace dedupe
}  // namespace klientela
