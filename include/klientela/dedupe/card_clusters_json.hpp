// Options of clustering cards from and to policy JSON, and the JSON Schema of that part of the document.
#pragma once

#include <string>
#include <string_view>

#include "klientela/dedupe/card_clusters.hpp"

namespace klientela {

/// Reads {"method": "average_linkage", "threshold": 0, ...}: the members of CardClusterOptions by their names; what is
/// absent keeps its default.
/// \param pointer  JSON pointer of this part in its document; begins the where() of errors
/// \throws Error bad_policy naming the pointer: not JSON, an unknown or repeated key, a wrong type, a value out of
/// range, `unscored` not 1 below the threshold
[[nodiscard]] CardClusterOptions card_cluster_options_from_json(std::string_view json, std::string_view pointer = "");
/// The options as JSON that reads back the same.
[[nodiscard]] std::string to_json(const CardClusterOptions& options);
/// JSON Schema of the object.
[[nodiscard]] std::string card_cluster_options_schema();

}  // namespace klientela
