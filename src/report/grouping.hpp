// Which client is in which group of a column of labels, and work on the groups shared out among threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"
#include "report/text.hpp"

namespace klientela::report {

/// Which client is in which group of a column.
struct Grouping {
  std::string column;
  std::vector<std::string> labels;
  std::vector<std::uint32_t> group;  ///< by row; no_code: in none
  std::vector<std::uint32_t> rows;   ///< those of the first group first, ascending within a group
  std::vector<std::size_t> begins;   ///< of each group among them; one more at the end
  [[nodiscard]] std::size_t size() const noexcept { return labels.size(); }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t g) const noexcept {
    return std::span(rows).subspan(begins[g], begins[g + 1] - begins[g]);
  }
};

[[nodiscard]] inline Grouping grouping_of(const Column& column) {
  Grouping grouping;
  grouping.column = column.name();
  for (const std::string& label : column.labels()) grouping.labels.push_back(valid_utf8(label));
  grouping.group.assign(column.size(), no_code);
  grouping.begins.assign(grouping.size() + 1, 0);
  const auto read = [&](const auto codes) {
    for (std::size_t row = 0; row < codes.size(); ++row)
      if (!column.is_null(row)) grouping.group[row] = codes[row];
  };
  if (column.type() == ColumnType::label)
    read(column.values<std::uint16_t>());
  else
    read(column.values<std::uint32_t>());
  for (const std::uint32_t g : grouping.group)
    if (g != no_code) ++grouping.begins[g + 1];
  std::partial_sum(grouping.begins.begin(), grouping.begins.end(), grouping.begins.begin());
  grouping.rows.resize(grouping.begins.back());
  std::vector<std::size_t> ends(grouping.begins.begin(), grouping.begins.end() - 1);
  for (std::size_t row = 0; row < grouping.group.size(); ++row)
    if (grouping.group[row] != no_code) grouping.rows[ends[grouping.group[row]]++] = static_cast<std::uint32_t>(row);
  return grouping;
}

/// Calls each(worker, task) for every task, on so many workers as run at once.
template <class Each>
void share_out(const Control& control, std::size_t tasks, Each&& each) {
  const std::size_t workers = std::min(tasks, control.concurrency());
  std::atomic<std::size_t> next{0};
  control.run(workers, [&](std::size_t worker) {
    for (std::size_t task = next++; task < tasks; task = next++) each(worker, task);
  });
}

/// None where the whole is 0.
[[nodiscard]] inline std::optional<double> share_of(std::int64_t part, std::int64_t whole) noexcept {
  return whole == 0 ? std::nullopt : std::optional(static_cast<double>(part) / static_cast<double>(whole));
}

}  // namespace klientela::report
