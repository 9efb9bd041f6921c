// Where a model's measures lie in a row, and its thresholds as keys of them, also moved by a margin.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "classify/decimal.hpp"
#include "classify/measure.hpp"
#include "classify/row_judge.hpp"
#include "klientela/classify/threshold.hpp"

namespace klientela::classifying {

inline constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

[[nodiscard]] inline bool is_text(ColumnType type) noexcept {
  return type == ColumnType::label || type == ColumnType::term || type == ColumnType::text;
}

/// The number moved by a share of its size, to 15 digits, so that 70 and a tenth of it are 77.
[[nodiscard]] inline double moved(double edge, double share) {
  const double raw = edge + std::fabs(edge) * share;
  if (share == 0 || edge == 0 || !std::isfinite(raw)) return edge;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, raw, std::chars_format::general, 15).ptr;
  double value = raw;
  std::from_chars(text, end, value);
  return value;
}

/// A column among those of a row; numbers have a scale.
struct Place {
  std::size_t at{nowhere};
  std::int64_t scale{1};  // 0: float64
  bool dated{false};      // thresholds are dates, of which no share is taken
  [[nodiscard]] bool present() const noexcept { return at != nowhere; }
  [[nodiscard]] std::int64_t floor_key(const Threshold& edge) const {
    if (edge.form() == Threshold::Form::lowest) return std::numeric_limits<std::int64_t>::min();
    return scale == 0 ? key_of(edge.to_double()) : edge.floor_units(scale);
  }
  /// The key of the threshold moved by a share of its size.
  [[nodiscard]] std::int64_t floor_key(const Threshold& edge, double share) const {
    if (share == 0 || dated || edge.form() == Threshold::Form::lowest || edge.to_double() == 0) return floor_key(edge);
    return floor_key(Threshold::real(moved(edge.to_double(), share)));
  }
  [[nodiscard]] bool whole(const Threshold& edge) const {
    if (scale == 0) return true;
    if (edge.form() == Threshold::Form::real)
      return floor_scaled(-edge.to_double(), scale) == -floor_scaled(edge.to_double(), scale);
    return edge.form() == Threshold::Form::exact && edge.numerator() == 0 &&
           (scale >= edge.scale() || edge.units() % (edge.scale() / scale) == 0);
  }
};

[[nodiscard]] inline Place place_of(const std::vector<RowColumn>& columns, const std::string& name,
                                    std::size_t before) {
  Place place;
  for (std::size_t c = 0; c < before && !place.present(); ++c)
    if (columns[c].name == name) place.at = c;
  if (place.present() && !is_text(columns[place.at].type)) {
    place.scale = units_per_one(columns[place.at].type);
    place.dated = columns[place.at].type == ColumnType::day;
  }
  return place;
}

[[nodiscard]] inline std::int64_t label_code(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) - labels.begin();
}

/// A threshold as keys: where it is, and moved down and up by the margin. A value is above it where its key is greater.
struct RowEdge {
  std::int64_t key{std::numeric_limits<std::int64_t>::max()};
  std::int64_t low{key};
  std::int64_t high{key};
  bool lowest{false};
  RowEdge() = default;
  RowEdge(const Place& place, const Threshold& edge, double margin)
      : key(place.floor_key(edge)),
        low(place.floor_key(edge, -margin)),
        high(place.floor_key(edge, margin)),
        lowest(edge.form() == Threshold::Form::lowest) {}
  [[nodiscard]] bool above(std::int64_t value) const noexcept { return lowest || value > key; }
  /// Whether it could be, and whether it is wherever the threshold lies. \param now  whether it is
  [[nodiscard]] bool may(std::int64_t value, bool now) const noexcept { return now || value > low; }
  [[nodiscard]] bool must(std::int64_t value, bool now) const noexcept {
    return lowest || (low == high ? now : value > high);
  }
};

/// Bins from low to high, both ends included.
struct BinRange {
  std::size_t low{0};
  std::size_t high{0};
  [[nodiscard]] bool has(std::size_t bin) const noexcept { return low <= bin && bin <= high; }
};

[[nodiscard]] inline std::size_t bin_of(const std::vector<RowEdge>& edges, std::int64_t value) noexcept {
  std::size_t bin = 0;
  for (const RowEdge& edge : edges) bin += edge.above(value) ? 1U : 0U;
  return bin;
}

[[nodiscard]] inline BinRange bins_of(const std::vector<RowEdge>& edges, std::int64_t value) noexcept {
  BinRange range;
  for (const RowEdge& edge : edges) {
    range.low += edge.must(value, edge.above(value)) ? 1U : 0U;
    range.high += edge.may(value, edge.above(value)) ? 1U : 0U;
  }
  return range;
}

}  // namespace klientela::classifying
