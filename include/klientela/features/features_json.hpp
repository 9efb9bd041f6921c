// Feature options from and to policy JSON, and the JSON Schema of that part of the document.
#pragma once

#include <string>
#include <string_view>

#include "klientela/features/features.hpp"

namespace klientela {

/// Reads {"groups": ["purchases"], "window_months": 12, ...}: the members of FeatureOptions by their names, days as
/// "2026-11-21", groups and period by name; what is absent keeps its default.
/// \param pointer  JSON pointer of this part in its document; begins the where() of errors
/// \throws Error bad_policy naming the pointer: not JSON, an unknown or repeated key, a wrong type, a value out of
/// range
[[nodiscard]] FeatureOptions feature_options_from_json(std::string_view json, std::string_view pointer = "");
/// The options as JSON that reads back the same; members without a value are left out.
[[nodiscard]] std::string to_json(const FeatureOptions& options);
/// JSON Schema of the object.
[[nodiscard]] std::string feature_options_schema();

}  // namespace klientela
