// What was found about duplicates, as tables and a summary for other tools.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/dedupe/link_thresholds.hpp"

namespace klientela {

/// One row a card, in canonical order: `id`, and `cluster`, the id of the first card of its cluster; where earlier
/// clusters had labels, the label of that which goes on, else the first id in it that is no label (with "~" and a
/// number where all are), as integers where all are. Of two lists: `list` (1 or 2) in front, and the cluster as text,
/// "1:" or "2:" and the id. O(cards)
[[nodiscard]] Table clusters_table(const Duplicates& found);

/// One row a pair that reaches `min_score`, in canonical order: `id_a`, `id_b` (of two lists: of the first and the
/// second), `score` (bits), `probability`, `together` (in one cluster), `prior_weight`, `shared_weight` and `shared_by`
/// (what a class explains, and its name; null where none does), and for every comparison with values the level as F and
/// its weight as F_weight, term frequency included; null without evidence. score = all weights. O(pairs x comparisons);
/// parallel. \throws Error invalid_argument "min_score" for NaN; cancelled
[[nodiscard]] Table pairs_table(const Duplicates& found, double min_score, const Control& control = {});

/// Of two lists, one row a link, in canonical order: `id_a` of the first and `id_b` of the second, `score` (bits),
/// `probability`. Of more than two cards that belong together each has the link by which it was joined. Of one list:
/// empty. O(joins log joins)
[[nodiscard]] Table links_table(const Duplicates& found);

/// Why cards are together: `cluster`, `id_a`, `id_b`, `reason`, `score`, `average`, `scored`, `words` (English) and
/// `words_ru`. A card that equals an earlier one in every field has the reason "equal". O(joins)
[[nodiscard]] Table joins_table(const Duplicates& found);
/// Why clusters are apart although a pair between them reaches the threshold; the same columns, without `cluster`.
[[nodiscard]] Table cuts_table(const Duplicates& found);

/// Pairs for clerical review, those whose answer would change most first: `id_a`, `id_b`, `score`, `average`,
/// `probability`, `together`, `changed` (card pairs), `expected_change`, `words`, `words_ru`.
[[nodiscard]] Table review_table(const Duplicates& found);

/// One row a level of a comparison: `comparison`, `level`, `m`, `u` (null where weights were given), `weight`, and for
/// every class C its m as `m_C` (null where it does not share the comparison).
[[nodiscard]] Table link_model_table(const LinkModel& model);

/// One row a blocking rule: BlockingRuleReport by its members' names.
[[nodiscard]] Table blocking_table(const Duplicates& found);

/// One row a rule that was looked at, in the order of RuleProposals::rules: `rule`, `verdict`, `completeness`,
/// `coverage`, `gain`, `pairs`, `largest`, `words` (English) and `words_ru`.
[[nodiscard]] Table rule_proposals_table(const RuleProposals& proposals);

/// What is expected when all pairs that score at least so much count as one client, of the pairs that were compared:
/// their chances by the model, summed up. Fields that depend on each other make a model too sure; pairs that no
/// blocking rule looked at are not among those that recall is a share of. What lies eight bits below the threshold is
/// estimated from a sample. \param thresholds  bits, rising \returns a row each. O(edges log thresholds); the same
/// bytes for any number of threads. \throws Error invalid_argument "thresholds[1]" for one that is not rising, or below
/// options().clusters.threshold - 8, where pairs are not kept
[[nodiscard]] std::vector<ThresholdRow> expected_at(const Duplicates& found, std::span<const double> thresholds);

/// expected_at() every half bit from the highest score down to eight bits below the threshold, which is one of them:
/// ThresholdRow by its members' names. recall and f1 are null where what lies below is not known.
[[nodiscard]] Table thresholds_table(const Duplicates& found);

/// {"cards", "clusters", "duplicates" (cards less clusters), "groups" (clusters of two and more), "largest_cluster",
/// "pairs", "threshold", "prior", "expected": [{"threshold", "pairs", "matches", "precision", "recall"}] five bits
/// below the threshold, at it, and five and ten above, "classes": [{"name", "share"}] where the model has some,
/// "training": {"status", "advice", "blocks"}, "proposed": {"coverage", "pairs", "budget"} where rules were, "rules":
/// [...]}
[[nodiscard]] std::string duplicates_summary_json(const Duplicates& found);

}  // namespace klientela
