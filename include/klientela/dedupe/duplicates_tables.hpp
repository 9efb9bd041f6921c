// What was found about duplicates, as tables and a summary for other tools.
#pragma once

#include <cstddef>
#include <string>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/duplicates.hpp"

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

/// {"cards", "clusters", "duplicates" (cards less clusters), "groups" (clusters of two and more), "largest_cluster",
/// "pairs", "threshold", "prior", "classes": [{"name", "share"}] where the model has some, "training": {"status",
/// "advice", "blocks"}, "proposed": {"coverage", "pairs", "budget"} where rules were, "rules": [...]}
[[nodiscard]] std::string duplicates_summary_json(const Duplicates& found);

}  // namespace klientela
