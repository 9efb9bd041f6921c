// What a block of rows of a table on its way in is checked for, beyond each cell by itself.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "ingest/client_coder.hpp"
#include "ingest/columns.hpp"
#include "ingest/table_ingest.hpp"

namespace klientela::detail {

inline constexpr std::size_t block_rows = 4096;
inline constexpr std::uint8_t no_field = 0xFF;

/// A field of the table and what feeds it; nothing where it was not delivered.
struct Slot {
  std::shared_ptr<const Source> source;
  std::shared_ptr<Field> field;      // numbers, times, booleans, texts
  std::unique_ptr<ClientKeys> keys;  // clients
  std::shared_ptr<OwnCodes> codes;   // clients and terms
  std::span<const ClosedValue> closed;
};

/// Amounts of purchases that are computed, or turned by refunds, instead of being read from the columns.
struct OwnAmounts {
  std::shared_ptr<OwnNumbers> amount;
  std::shared_ptr<OwnNumbers> profit;
  std::shared_ptr<OwnNumbers> quantity;
};

[[nodiscard]] inline std::size_t marked(std::span<const Mark> marks) noexcept {
  std::size_t count = 0;
  for (const Mark row : marks) count += row != fine ? 1 : 0;
  return count;
}

/// What a block of rows is checked with.
struct Block {
  std::size_t begin;
  std::size_t n;
  std::array<Mark, block_rows> marks;
  std::array<std::uint8_t, block_rows> fields;
  std::size_t bad{0};

  [[nodiscard]] std::span<Mark> rows() noexcept { return {marks.data(), n}; }
  /// Says which field the marks made since the last call are about.
  void attribute(std::size_t field) noexcept {
    const std::size_t now = marked({marks.data(), n});
    if (now == bad) return;
    for (std::size_t i = 0; i < n; ++i)
      if (marks[i] != fine && fields[i] == no_field) fields[i] = static_cast<std::uint8_t>(field);
    bad = now;
  }
  void reject(std::size_t i, std::size_t field, RejectReason reason) noexcept {
    if (marks[i] != fine) return;
    marks[i] = mark(reason);
    fields[i] = static_cast<std::uint8_t>(field);
    ++bad;
  }
};

/// Looks a field with a closed list up. Its codes are fixed, so they are the rows' at once.
void check_closed(TableId table, std::size_t field, Slot& slot, bool required, Block& block);

/// What the fields of a row say together: amounts, intervals, scores, currency. Fills own amounts and states.
void check_rows_of(TableId table, std::span<Slot> slots, const OwnAmounts& own, const Intake& intake, Block& block);

}  // namespace klientela::detail
