// Short ways to make the columns of report tables.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "klientela/core/table.hpp"

namespace klientela::report {

/// A column of plain values; null where the optional is empty.
template <class T>
[[nodiscard]] Column column_of(std::string name, ColumnType type, const std::vector<std::optional<T>>& values) {
  Buffer<T> out(values.size());
  Buffer<std::uint8_t> valid((values.size() + 7) / 8, 0);
  bool nulls = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    out[i] = values[i].value_or(T{});
    if (values[i])
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    else
      nulls = true;
  }
  return Column(std::move(name), type, std::move(out), nulls ? std::move(valid) : Buffer<std::uint8_t>{});
}

/// A label column; null where the code is no label.
[[nodiscard]] inline Column label_column(std::string name, const std::vector<std::uint16_t>& codes,
                                         std::vector<std::string> labels) {
  Buffer<std::uint16_t> out(codes.size());
  Buffer<std::uint8_t> valid((codes.size() + 7) / 8, 0);
  bool nulls = false;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    out[i] = codes[i];
    if (codes[i] < labels.size())
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    else
      nulls = true;
  }
  return Column(std::move(name), std::move(out), std::make_shared<const std::vector<std::string>>(std::move(labels)),
                nulls ? std::move(valid) : Buffer<std::uint8_t>{});
}

}  // namespace klientela::report
