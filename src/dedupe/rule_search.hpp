// The search for blocking rules: which ones to look at, what they cost, and which to take.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/rule_proposals.hpp"

namespace klientela::dedupe {

/// What a rule costs.
struct RuleCost {
  std::uint64_t cards{0};    ///< with a key
  std::uint64_t pairs{0};    ///< with blocks split down to a size
  std::uint64_t largest{0};  ///< cards in its largest block
};
/// \param representatives  as for block(). O(cards)
[[nodiscard]] RuleCost rule_cost(const PreparedCards& cards, const BlockingRule& rule, std::uint32_t max_block,
                                 std::span<const std::uint32_t> representatives);

/// Rules that could serve these cards: the default ones, single keys, and two keys where neither is telling enough by
/// itself. The first ones, at most as many as block() takes, are those to draw pairs by.
struct RuleCandidates {
  std::vector<BlockingRule> rules;
  std::vector<double> pairs;  ///< estimated from how frequent values are, as if fields did not depend on each other
  std::size_t drawn{0};       ///< how many of them pairs are drawn by
};
[[nodiscard]] RuleCandidates rule_candidates(const PreparedCards& cards, const BlockingOptions& options);

/// Chance that a pair is one client, 0 where it would not be joined.
using PairChance = std::function<double(CardPair pair)>;

/// A drawn pair that may be one client, and how many such pairs it stands for: its chance among them.
struct ExpectedPair {
  CardPair pair;
  double weight;
};
/// At most `limit` pairs drawn from each rule, by pair; one that several rules could give stands for as many fewer
/// (Horvitz and Thompson 1952, by expected draws). Those without a chance are left out.
[[nodiscard]] std::vector<ExpectedPair> expected_pairs(const Blocks& blocks, std::size_t limit,
                                                       const PairChance& chance, const Control& control);

/// \param drawn  blocks of the candidates to draw pairs by, in their order
[[nodiscard]] RuleProposals choose_rules(const RuleCandidates& candidates, const Blocks& drawn,
                                         const BlockingOptions& options, std::span<const std::uint32_t> representatives,
                                         const PairChance& chance, const Control& control);

}  // namespace klientela::dedupe
