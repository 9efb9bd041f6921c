// What the kinds that judge rows one by one share: measures that may be absent, rows in parallel, documents of options.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "classify/measure.hpp"
#include "classify/options.hpp"
#include "core/json_reader.hpp"

namespace klientela::classifying {

using Labels = std::shared_ptr<const std::vector<std::string>>;

[[nodiscard]] inline Labels labels_of(std::vector<std::string> names) {
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

/// The label of rows that cannot be judged.
inline constexpr std::string_view unclassified = "unclassified";

[[nodiscard]] inline bool is_textual(ColumnType type) noexcept {
  return type == ColumnType::label || type == ColumnType::term || type == ColumnType::text;
}

/// A measure whose column may be absent. \throws Error invalid_argument for a column that is not a number
[[nodiscard]] inline std::optional<Measure> measure_if_there(const Table& table, const std::string& name) {
  const Column* column = table.find(name);
  return column == nullptr ? std::nullopt : std::optional<Measure>(Measure(*column));
}

/// Nearest double of what a row holds; NaN where it has no value.
[[nodiscard]] inline double number_of(const Measure& measure, std::size_t row) noexcept {
  if (!measure.has_value(row)) return std::numeric_limits<double>::quiet_NaN();
  const std::int64_t key = measure.key(row);
  return measure.is_real() ? real_of(key) : static_cast<double>(key) / static_cast<double>(measure.scale());
}
[[nodiscard]] inline double number_of(const std::optional<Measure>& measure, std::size_t row) noexcept {
  return measure ? number_of(*measure, row) : std::numeric_limits<double>::quiet_NaN();
}

/// Calls body(row) for every row, in parallel ranges.
template <class Body>
void for_rows(std::size_t rows, const Control& control, const Body& body) {
  for_ranges(rows, control, [&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) body(row);
  });
}

/// Validity of a float column whose nulls are NaN; empty where there is none.
[[nodiscard]] inline Buffer<std::uint8_t> validity_of(const Buffer<double>& values) {
  Buffer<std::uint8_t> valid((values.size() + 7) / 8, 0);
  bool nulls = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == values[i])
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    else
      nulls = true;
  }
  return nulls ? std::move(valid) : Buffer<std::uint8_t>();
}

/// A float column whose NaN are nulls (stored as 0).
[[nodiscard]] inline Column real_column(std::string name, Buffer<double> values) {
  Buffer<std::uint8_t> valid = validity_of(values);
  if (!valid.empty())
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i] != values[i]) values[i] = 0;
  return Column(std::move(name), ColumnType::float64, std::move(values), std::move(valid));
}

/// The options of a classifier out of its document. `read` takes a node.
template <class Read>
auto read_options(const std::string& name, std::string_view text, const std::string& pointer, const Read& read) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "options");
  return read(json::Node(document, pointer));
}

/// Reads {"options": ...} and whatever else a model of the kind holds. `read` takes the object.
template <class Read>
auto read_model(const std::string& name, std::string_view text, const std::string& pointer, const Read& read) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "model");
  json::Object object(json::Node(document, pointer));
  auto made = read(object);
  object.done();
  return made;
}

[[nodiscard]] inline std::string written(const json::Value& value) {
  return value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

}  // namespace klientela::classifying
