// Searches as other tools and languages ask and read them: a card as named values in, matches as a table out.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "klientela/core/table.hpp"
#include "klientela/dedupe/card_search.hpp"

namespace klientela {

/// A card out of values by the names of fields, or their aliases (docs/tables.md, clients). A field of several values
/// may come again, or with ';' between them; empty values are none. `client` need not be there.
/// \throws Error not_found naming the field; invalid_argument naming a field that comes twice, that no search reads, or
/// whose value is no day as 2026-11-28
[[nodiscard]] ClientRow client_row(std::span<const std::pair<std::string, std::string>> values);

/// One row a match, in their order: `id`, `score` (bits), `probability`, `prior_weight`, `shared_weight` and
/// `shared_by` as in pairs_table(), and for every comparison that some match has evidence in: the level as F ("begins"
/// where an incomplete value begins one of the card's) and its weight as F_weight, term frequency included; null
/// without evidence. score = all weights. O(matches x comparisons) \pre the matches are the index's
[[nodiscard]] Table matches_table(const CardIndex& index, std::span<const CardMatch> matches);

}  // namespace klientela
