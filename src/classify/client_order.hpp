// Canonical client order over a client column, to part equal values where a tie must be cut.
#pragma once

#include <algorithm>
#include <atomic>
#include <charconv>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "classify/measure.hpp"

namespace klientela::classifying {

/// An id as the order sees it: canonical decimal integers ascending, then texts by bytes. Borrows its text.
struct IdView {
  bool is_text{false};
  std::int64_t number{0};
  std::string_view text;

  [[nodiscard]] static IdView of(std::string_view text) noexcept {
    const std::string_view digits = !text.empty() && text[0] == '-' ? text.substr(1) : text;
    const bool canonical =
        !digits.empty() && digits[0] >= '0' && digits[0] <= '9' && (digits[0] != '0' || text.size() == 1);
    std::int64_t number = 0;
    if (canonical) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error == std::errc{} && end == text.data() + text.size()) return {false, number, {}};
    }
    return {true, 0, text};
  }
  [[nodiscard]] static IdView of(std::int64_t number) noexcept { return {false, number, {}}; }
  friend std::strong_ordering operator<=>(const IdView& a, const IdView& b) noexcept {
    if (a.is_text != b.is_text) return a.is_text ? std::strong_ordering::greater : std::strong_ordering::less;
    if (!a.is_text) return a.number <=> b.number;
    return a.text.compare(b.text) <=> 0;
  }
  friend bool operator==(const IdView& a, const IdView& b) noexcept { return std::is_eq(a <=> b); }
};

/// The client column of a table.
class ClientOrder {
 public:
  /// \throws Error not_found without a column `client`, invalid_argument if it holds neither integers nor text
  explicit ClientOrder(const Table& table) : column_(table.column("client")) {
    switch (column_.type()) {
      case ColumnType::int32:
      case ColumnType::int64: integers_ = true; break;
      case ColumnType::text:
      case ColumnType::label:
      case ColumnType::term: break;
      default:
        throw Error(Code::invalid_argument, "column client holds " + std::string(name(column_.type())), "client");
    }
  }
  [[nodiscard]] IdView id(std::size_t row) const {
    if (!integers_) return IdView::of(column_.text(row));
    if (column_.type() == ColumnType::int32) return IdView::of(std::int64_t{column_.values<std::int32_t>()[row]});
    return IdView::of(column_.values<std::int64_t>()[row]);
  }
  [[nodiscard]] std::string text(std::size_t row) const { return column_.to_text(row); }
  /// \throws Error invalid_argument unless the rows are in canonical order
  void require_ascending(const Control& control) const {
    std::atomic<bool> ascending{true};
    for_ranges(column_.size(), control, [&](std::size_t, std::size_t begin, std::size_t end) {
      const std::size_t first = std::max<std::size_t>(begin, 1);
      std::size_t descents = 0;
      if (column_.type() == ColumnType::int64) {
        const auto ids = column_.values<std::int64_t>();
        for (std::size_t row = first; row < end; ++row) descents += ids[row] < ids[row - 1] ? 1U : 0U;
      } else {
        for (std::size_t row = first; row < end && descents == 0; ++row) descents += id(row) < id(row - 1) ? 1U : 0U;
      }
      if (descents != 0) ascending = false;
    });
    if (!ascending)
      throw Error(Code::invalid_argument, "the rows are not in client order, by which equal values are parted",
                  "client");
  }

 private:
  Column column_;
  bool integers_{false};
};

/// The id of the n-th (from 1) row of the set whose key is `key`. \throws Error as ClientOrder does
[[nodiscard]] inline std::string nth_client_with(const Table& table, const Measure& measure, const RowSet& set,
                                                 std::int64_t key, std::uint64_t n, const Control& control) {
  const ClientOrder clients(table);
  clients.require_ascending(control);
  std::vector<std::uint64_t> counts(range_count(set.rows, control));
  const auto scan = [&](std::size_t begin, std::size_t end, auto visit) {
    std::int64_t scratch[block_rows];
    for (std::size_t from = begin; from < end; from += block_rows) {
      const std::size_t to = std::min(end, from + block_rows);
      const std::int64_t* keys = measure.keys(from, to, scratch);
      std::size_t hits = 0;
      for (std::size_t i = 0; i < to - from; ++i) hits += keys[i] == key ? 1U : 0U;
      for (std::size_t row = from; hits != 0 && row < to; ++row)
        if (keys[row - from] == key && set.has(row) && !visit(row)) return;
    }
  };
  for_ranges(set.rows, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    scan(begin, end, [&](std::size_t) { return ++counts[index] != 0; });
  });
  std::string found;
  for_ranges(set.rows, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < index; ++i) before += counts[i];
    if (before >= n || before + counts[index] < n) return;
    scan(begin, end, [&](std::size_t row) {
      if (++before == n) found = clients.text(row);
      return before < n;
    });
  });
  return found;
}

}  // namespace klientela::classifying
