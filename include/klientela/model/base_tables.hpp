// The tables of a base as columns again: what was delivered, and what a map or a merge made of it.
#pragma once

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// The rows of a table that are in use, oldest delivery first; of `clients` one row per client with a card, the newest
/// one, in canonical order. The columns are the fields that were delivered, in the schema's order, by their names:
/// clients as ids (int64 where every id of the base is an integer, else text), lists as one text with ';' between the
/// values, numbers as money, the others as what they are. Empty texts are null. A ';' within a value of a list is not
/// told from those between. O(rows x columns) \throws Error cancelled
[[nodiscard]] Table table_of(const ClientBase& base, TableId table, const Control& control = {});

}  // namespace klientela
