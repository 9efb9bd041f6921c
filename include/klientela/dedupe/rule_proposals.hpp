// Which blocking rules suit the cards at hand, chosen from the cards themselves, and why.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/dedupe/blocking.hpp"

namespace klientela {

enum class RuleVerdict : std::uint8_t {
  taken,
  covered,         ///< the rules taken find nearly all that it would
  too_many_pairs,  ///< it does not fit into what is left of the budget
};
/// "taken", "covered", "too_many_pairs"
[[nodiscard]] std::string_view name(RuleVerdict verdict) noexcept;

/// One rule that was looked at.
struct RuleProposal {
  BlockingRule rule{};
  RuleVerdict verdict{RuleVerdict::taken};
  double completeness{0};    ///< share of the cards that have a value in all of its keys
  double coverage{0};        ///< share of the expected pairs of one client that agree on it
  double gain{0};            ///< the same, that agree on no other rule taken before it; on none taken where it is not
  std::uint64_t pairs{0};    ///< of its blocks, after splitting; of a rule not taken it may be estimated
  std::uint64_t largest{0};  ///< cards in its largest block, before splitting; 0: not counted
  friend bool operator==(const RuleProposal&, const RuleProposal&) = default;
};

/// Those taken first, in the order in which they were; then the others by falling gain.
struct RuleProposals {
  std::vector<RuleProposal> rules;
  double coverage{0};        ///< share of the expected pairs of one client that the rules taken find
  double expected_pairs{0};  ///< of one client, that any rule looked at finds
  std::uint64_t pairs{0};    ///< of the rules taken together, a pair of several counted each time
  std::uint64_t budget{0};

  [[nodiscard]] std::vector<BlockingRule> taken() const;
  friend bool operator==(const RuleProposals&, const RuleProposals&) = default;
};

/// Why a rule was taken or not, in a sentence.
struct RuleWords {
  std::string english;
  std::string russian;
};
[[nodiscard]] RuleWords words(const RuleProposal& proposal);

}  // namespace klientela
