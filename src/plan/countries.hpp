// Countries as cards name them: the codes of ISO 3166-1, and the names that are common in English and Russian.
#pragma once

#include <string>
#include <string_view>

namespace klientela::planning {

/// Code of two letters, upper case, of a country given by code (two or three letters) or by name; empty where it is not
/// known.
[[nodiscard]] std::string country_code(std::string_view text);

}  // namespace klientela::planning
