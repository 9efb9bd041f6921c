// What state an interaction is in at an instant: overdue is derived from what is stored, never stored itself.
#pragma once

#include <cstdint>
#include <string_view>

#include "klientela/core/time.hpp"

namespace klientela {

/// The first three are the stored ones and have the term codes 0, 1 and 2 of InteractionField::state.
enum class InteractionState : std::uint8_t { planned, completed, cancelled, overdue };

[[nodiscard]] constexpr std::string_view name(InteractionState state) noexcept {
  switch (state) {
    case InteractionState::planned: return "planned";
    case InteractionState::completed: return "completed";
    case InteractionState::cancelled: return "cancelled";
    case InteractionState::overdue: return "overdue";
  }
  return "unknown";
}

/// A planned interaction is overdue from the end of its planned interval on (its start where it has no end).
/// \param stored  term code of InteractionField::state
/// \param planned_from, planned_to  UTC microseconds; null_instant where there is none
/// \param as_of  the instant asked about
/// O(1), never throws.
[[nodiscard]] constexpr InteractionState state_as_of(std::uint32_t stored, std::int64_t planned_from,
                                                     std::int64_t planned_to, Instant as_of) noexcept {
  if (stored == 1) return InteractionState::completed;
  if (stored == 2) return InteractionState::cancelled;
  const std::int64_t due = planned_to != null_instant ? planned_to : planned_from;
  return due != null_instant && due <= as_of.time_since_epoch().count() ? InteractionState::overdue
                                                                        : InteractionState::planned;
}

}  // namespace klientela
