// Every client's purchase lines together, in an order that does not depend on how they were delivered.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "features/purchases.hpp"
#include "klientela/core/buffer.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::features_internal {

struct ClientLine {
  std::int32_t day;
  std::uint32_t order;  ///< code of the order; no_code without one
  std::int64_t amount;  ///< not zero
};

/// Lines by row of the base.
class ClientLines {
 public:
  /// Accepted lines of the days. O(rows).
  ClientLines(const ClientBase& base, DaySpan days, const Control& control);
  [[nodiscard]] std::size_t clients() const noexcept { return offsets_.size() - 1; }
  [[nodiscard]] std::span<ClientLine> of(std::size_t row) noexcept {
    return {lines_.data() + offsets_[row], offsets_[row + 1] - offsets_[row]};
  }
  /// Day of the earliest line; null_day without any.
  [[nodiscard]] std::int32_t first_day() const noexcept { return first_; }

 private:
  std::vector<std::size_t> offsets_;
  Buffer<ClientLine> lines_;
  std::int32_t first_{null_day};
};

/// Puts the days of a client's orders into `days`, ascending: of each order id its earliest positive line, and every
/// positive line without one. Reorders the lines.
void order_days(std::span<ClientLine> lines, std::vector<std::int32_t>& days);

}  // namespace klientela::features_internal
