// The ingest part of the policy document: options from and to JSON, and its schema.
#pragma once

#include <string>
#include <string_view>

#include "klientela/ingest/ingest.hpp"

namespace klientela {

/// Reads {"time_zone", "currency", "unknown_clients", "reject_zero_amounts", "date_format", "decimal_comma",
/// "keep_unreadable_cards", "mappings": {table: {"columns": {field: delivered column}}}, "max_rejects_kept"}; every key
/// optional. \param pointer  JSON pointer of the object in the document it was cut from; where() of errors begins with
/// it \throws Error bad_policy for unknown keys, tables, fields and time zones, wrong types, values out of range, and
/// two
///         fields of one table fed by one column
[[nodiscard]] IngestOptions ingest_options_from_json(std::string_view json, std::string_view pointer = {});
/// Every key written out; ingest_options_from_json gives the same options back.
[[nodiscard]] std::string to_json(const IngestOptions& options);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string ingest_options_schema();

}  // namespace klientela
