// When on its day each touch begins: within shifts and the client's hours, one at a time for managers and clients; and
// what still finds room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "plan/model.hpp"

namespace klientela::planning {

/// Gives each placed touch of the group a start; takes the place of what does not fit into its day, and puts refused
/// touches wherever there is room left for them, those worth most a minute first.
/// \param even  then evens out the days of each manager as far as that costs no worth, and fills what room that makes
/// \param starts  by touch
/// \throws Error cancelled
void set_start_times(const Model& model, const Group& group, bool even, const Control& control,
                     std::vector<Place>& places, std::vector<std::int32_t>& starts);

/// Puts refused touches of the group wherever there is room left for them, their turn among the client's touches being
/// the one of the day: as fits_client_in_any_turn(). \param first  no touch is put before this day
/// \returns how many found a place. O(placed touches of a day x log), and what is refused x window x pool
/// \throws Error cancelled
std::size_t fill_in_any_turn(const Model& model, const Group& group, std::span<const std::uint64_t> quotas,
                             std::size_t first, const Control& control, std::vector<Place>& places,
                             std::vector<std::int32_t>& starts);

}  // namespace klientela::planning
