// Sums over purchase lines by client, the pass that large bases live by: one read of the columns, one line of memory
// per client.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>

#include "klientela/core/buffer.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/model/client_base.hpp"
#include "model/code_index.hpp"

namespace klientela::features_internal {

/// Days that count, both in, as days since 1970-01-01.
struct DaySpan {
  std::int32_t from;
  std::int32_t to;
};

/// What one client bought. 16 bytes, because the pass over large bases is bound by how many cache lines it touches;
/// days count from PurchaseSums::epoch.
template <class ShortDay>
struct alignas(16) Bought {
  std::uint64_t gross{0};  ///< past int64 after an overflow, which PurchaseSums::overflow tells; worth nothing then
  std::uint32_t lines{0};
  ShortDay first{std::numeric_limits<ShortDay>::max()};
  ShortDay last{0};
};
static_assert(sizeof(Bought<std::uint16_t>) == 16);

/// What one client gave back: apart, since few lines are refunds.
struct Returned {
  std::uint64_t refunds{0};
  std::uint32_t refund_lines{0};
};

/// Signed sums may leave int64 on the way and come back, so they are kept wide.
struct WideSum {
  __extension__ typedef __int128 Wide;
  Wide profit{0};
  Wide quantity{0};
  std::uint32_t profit_lines{0};
  std::uint32_t quantity_lines{0};
};

using index::CodeIndex;

/// One client's sums as they are read out.
struct PurchaseSum {
  std::uint64_t gross;
  std::uint64_t refunds;
  std::uint32_t lines;
  std::uint32_t refund_lines;
  std::int32_t first;  ///< day of the first positive line; null_day where lines is 0
  std::int32_t last;
};

/// Sums by CodeIndex.
struct PurchaseSums {
  std::int32_t epoch{0};
  Buffer<Bought<std::uint16_t>> bought;       ///< empty where days need more than 16 bits,
  Buffer<Bought<std::uint32_t>> bought_wide;  ///< then this holds them
  Buffer<Returned> returned;                  ///< empty where no line was a refund
  Buffer<WideSum> wide;                       ///< empty unless profit or quantity was asked for
  std::uint64_t later_rows{0};                ///< accepted rows after the span's end
  bool overflow{false};                       ///< some client's gross or refunds left int64

  [[nodiscard]] PurchaseSum operator[](std::size_t i) const noexcept {
    const Returned back = returned.empty() ? Returned{} : returned[i];
    return bought.empty() ? read(bought_wide[i], back) : read(bought[i], back);
  }
  void prefetch(std::size_t i) const noexcept {
    __builtin_prefetch(bought.empty() ? static_cast<const void*>(&bought_wide[i]) : &bought[i]);
    if (!returned.empty()) __builtin_prefetch(&returned[i]);
  }

 private:
  template <class ShortDay>
  [[nodiscard]] PurchaseSum read(const Bought<ShortDay>& b, const Returned& r) const noexcept {
    return {b.gross,
            r.refunds,
            b.lines,
            r.refund_lines,
            b.lines == 0 ? null_day : epoch + static_cast<std::int32_t>(b.first),
            b.lines == 0 ? null_day : epoch + static_cast<std::int32_t>(b.last)};
  }
};

/// One pass over the chunks. O(rows + clients); parallel over control.executor; sums do not depend on order.
[[nodiscard]] PurchaseSums sum_purchases(std::span<const std::shared_ptr<const Chunk>> chunks, const CodeIndex& index,
                                         DaySpan days, bool wide, const Control& control);

}  // namespace klientela::features_internal
