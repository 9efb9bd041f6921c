// Which of several consents of a client decides, for all that read them: contact plans and the conflicts of merges.
#pragma once

#include <cstdint>
#include <tuple>

namespace klientela {

/// The smallest decides where several hold: of the latest `since` (UTC microseconds; null_instant: since ever), then of
/// the latest delivery, of one delivery a refusal.
[[nodiscard]] inline std::tuple<std::int64_t, std::uint32_t, bool> consent_order(std::int64_t since,
                                                                                 std::uint32_t delivery,
                                                                                 bool granted) noexcept {
  return {~since, ~delivery, granted};  // ~ turns the order about and cannot overflow
}

}  // namespace klientela
