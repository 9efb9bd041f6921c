// The order in which a client's touches happen, which the search for the best plan keeps: the policy asks for it within
// a quota only, so between quotas it follows the days on which each can be, or those on which it was announced.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "klientela/plan/replan.hpp"
#include "plan/schedule_data.hpp"

namespace klientela::planning {

/// Orders every client's touches by the middle of the days that window, pool and hours leave them; of equals as before,
/// and never those of one quota. Touches that have no day keep to the middle of their window. Before what goes by
/// touch, `regions`. O(touches x window)
void order_by_days_left(ContactSchedule::Data& data);

struct DatedTouch {
  std::uint32_t touch{0};
  Day day{};
};

struct TouchOrder {
  std::shared_ptr<const ContactSchedule::Data> data;
  std::vector<std::uint32_t> place;  ///< by touch before: its index in data
};

/// The same touches in an order that days of theirs keep; nothing where they keep the order that there is. Other
/// touches of those clients stand where the middle of their days is; touches of one quota stay in their order, whatever
/// their days. \param known  by touch. O(known), and order_by_days_left() where an order changes
[[nodiscard]] std::optional<TouchOrder> ordered_by(const std::shared_ptr<const ContactSchedule::Data>& data,
                                                   std::span<const DatedTouch> known);

/// By client of the ordered problem: whether touches came to stand in another order.
[[nodiscard]] std::vector<bool> clients_reordered(const TouchOrder& order);

/// Names the touches of a plan as they stand in an order. \param place  as TouchOrder
void rename_touches(std::span<const std::uint32_t> place, ContactPlan& plan);

/// Contacts that the plan refuses though there is room for them: in a turn among the client's contacts that is not the
/// problem's. By touch; to be planned all together, and ordered_by() where they are then. Those of a quota keep their
/// order. As what makes a Model, and what is refused x window x pool
/// \param first_open  none is found before this day; \param held  contacts before it that gaps and limits count
/// \throws Error cancelled
[[nodiscard]] std::vector<PlannedTouch> found_in_other_turns(const ContactSchedule::Data& data, const ContactPlan& plan,
                                                             Day first_open, std::span<const HeldTouch> held,
                                                             const Control& control);

}  // namespace klientela::planning
