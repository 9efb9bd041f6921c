// The concentration curve of an ABC analysis as inline SVG.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/speech.hpp"

namespace klientela::report {

/// Cumulative share of money by share of clients, largest first, with the borders of the classes.
/// \param units    what each client brought; any order; amounts at or below zero count as clients without a share
/// \param classes  name and number of clients, best class first; together units.size()
/// \returns        an <svg> of bounded size, empty where no amount is positive. O(clients log clients)
[[nodiscard]] std::string concentration_curve(std::vector<std::int64_t> units,
                                              const std::vector<std::pair<std::string, std::uint64_t>>& classes,
                                              const Speech& say);

}  // namespace klientela::report
