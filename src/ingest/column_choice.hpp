// Which delivered column feeds which field of a table: by the mapping, else by name and alias.
#pragma once

#include <string>
#include <vector>

#include "klientela/ingest/ingest.hpp"

namespace klientela::detail {

/// The field that each column feeds; no_list where none. What feeds no field is added to `unused` as table.column.
/// \throws Error bad_data for a name that is there twice, two columns for a field, or a required field without one;
/// invalid_argument for a mapping that cannot be
[[nodiscard]] std::vector<std::size_t> fields_of_columns(TableId table, const std::vector<std::string>& names,
                                                         const IngestOptions& options,
                                                         std::vector<std::string>& unused);

}  // namespace klientela::detail
