// When on its day each touch begins: within shifts and the client's hours, one at a time for managers and clients.
#pragma once

#include <vector>

#include "plan/model.hpp"

namespace klientela::planning {

/// Gives each placed touch of the group a start; takes the place of what does not fit into its day, and puts refused
/// touches wherever there is room left for them, those worth most a minute first. \param starts  by touch
/// \throws Error cancelled
void set_start_times(const Model& model, const Group& group, const Control& control, std::vector<Place>& places,
                     std::vector<std::int32_t>& starts);

}  // namespace klientela::planning
