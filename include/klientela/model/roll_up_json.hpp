// The roll-up part of the policy document: options from and to JSON, and its schema.
#pragma once

#include <string>
#include <string_view>

#include "klientela/model/roll_up.hpp"

namespace klientela {

/// Reads {"to": "roots", "level" or "every_node", "level", "contacts", "max_levels"}; every key optional. The day of
/// the contacts is not part of a document. \param pointer  JSON pointer of the object in the document it was cut from;
/// where() of errors begins with it \throws Error bad_policy for unknown keys, wrong types and values out of range
[[nodiscard]] RollUpOptions roll_up_options_from_json(std::string_view json, std::string_view pointer = {});
/// Every key written out; roll_up_options_from_json gives the same options back, but for the day.
[[nodiscard]] std::string to_json(const RollUpOptions& options);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string roll_up_options_schema();

}  // namespace klientela
