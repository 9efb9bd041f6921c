// Counts each client's lines, then writes each to its client's place: two passes over the columns, no sort.
#include "features/lines.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "features/exchange.hpp"

namespace klientela::features_internal {

ClientLines::ClientLines(const ClientBase& base, DaySpan days, const Control& control)
    : offsets_(base.clients() + 1, 0) {
  const CodeIndex index(base.partition_sizes());
  std::vector<std::uint32_t> row_of(index.size(), no_code);
  const auto codes = base.codes_in_order();
  for (std::size_t row = 0; row < codes.size(); ++row) row_of[index(codes[row])] = static_cast<std::uint32_t>(row);

  PurchaseBlock block;
  std::array<std::uint32_t, block_rows> orders;
  orders.fill(no_code);
  std::int32_t first = std::numeric_limits<std::int32_t>::max();
  const auto each = [&](const auto& visit) {
    for (const auto& chunk : base.chunks(TableId::transactions)) {
      const PurchaseColumns columns(*chunk);
      if (!columns.complete()) continue;
      const Values* ids = (*chunk)[TransactionField::order];
      if (ids == nullptr) orders.fill(no_code);
      for (std::size_t begin = 0; begin < chunk->rows(); begin += block_rows) {
        control.check();
        const std::size_t n = std::min(block_rows, chunk->rows() - begin);
        columns.read(begin, n, block);
        if (ids != nullptr) ids->codes(begin, std::span(orders.data(), n));
        for (std::size_t i = 0; i < n; ++i) {
          const std::uint32_t code = chunk->clients()[begin + i];
          const std::int64_t amount = block.amounts[i];
          if (code == no_code || amount == 0 || amount == null_number) continue;
          if (block.days[i] < days.from || block.days[i] > days.to) continue;
          visit(row_of[index(code)], ClientLine{block.days[i], orders[i], amount});
        }
      }
    }
  };
  each([&](std::uint32_t row, const ClientLine& line) {
    ++offsets_[row + 1];
    first = std::min(first, line.day);
  });
  for (std::size_t row = 0; row + 1 < offsets_.size(); ++row) offsets_[row + 1] += offsets_[row];
  if (offsets_.back() > 0) first_ = first;
  lines_ = Buffer<ClientLine>(offsets_.back());
  std::vector<std::size_t> ends(offsets_.begin(), offsets_.end() - 1);
  each([&](std::uint32_t row, const ClientLine& line) { lines_[ends[row]++] = line; });
}

void order_days(std::span<ClientLine> lines, std::vector<std::int32_t>& days) {
  days.clear();
  std::sort(lines.begin(), lines.end(), [](const ClientLine& a, const ClientLine& b) {
    if (a.order != b.order) return a.order < b.order;
    return a.day != b.day ? a.day < b.day : a.amount < b.amount;
  });
  std::uint32_t last = no_code;
  for (const ClientLine& line : lines) {
    if (line.amount < 0 || (line.order != no_code && line.order == last)) continue;
    last = line.order;
    days.push_back(line.day);
  }
  std::sort(days.begin(), days.end());
}

}  // namespace klientela::features_internal
