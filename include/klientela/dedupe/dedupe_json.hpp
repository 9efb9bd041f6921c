// Options of the dedupe stage from and to policy JSON, and the JSON Schema of that part of the document.
#pragma once

#include <string>
#include <string_view>

#include "klientela/dedupe/duplicates.hpp"

namespace klientela {

/// Reads {"normalise": {...}, "blocking": {"rules": ["email", "family_name.folded:soundex + postcode"]}, "comparisons":
/// [{"field": "email"}], "model": {...}, "training": {...}, "clusters": {...}, ...}; what is absent keeps its default.
/// \param pointer  JSON pointer of this part in its document; begins the where() of errors
/// \throws Error bad_policy naming the pointer: not JSON, an unknown or repeated key, a wrong type, a value out of
/// range
[[nodiscard]] DedupeOptions dedupe_options_from_json(std::string_view json, std::string_view pointer = "");
/// The options as JSON that reads back the same.
[[nodiscard]] std::string to_json(const DedupeOptions& options);
/// JSON Schema of the object.
[[nodiscard]] std::string dedupe_options_schema();

}  // namespace klientela
