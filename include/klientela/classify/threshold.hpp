// Edges between bins, exact: a quantile between two whole numbers keeps its fraction, so comparing never rounds.
#pragma once

#include <cmath>
#include <compare>
#include <cstdint>
#include <limits>
#include <string>

#include "klientela/core/error.hpp"
#include "klientela/core/money.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// An edge on a numeric measure. Three forms: the lowest (below every value), exact (a fraction of whole units, for
/// integers, days and money) and real (a double, for float measures). A value is above the edge where value > edge.
class Threshold {
 public:
  enum class Form : std::uint8_t { lowest, exact, real };

  /// Below every value.
  constexpr Threshold() noexcept = default;
  /// (units + numerator / denominator) / scale. \throws Error invalid_argument unless scale is 1 or 10000 and
  /// numerator < denominator
  [[nodiscard]] static Threshold exact(std::int64_t units, std::int64_t scale = 1, std::uint32_t numerator = 0,
                                       std::uint32_t denominator = 1);
  /// \throws Error invalid_argument unless finite
  [[nodiscard]] static Threshold real(double value);

  [[nodiscard]] constexpr Form form() const noexcept { return form_; }
  [[nodiscard]] constexpr std::int64_t units() const noexcept { return units_; }
  [[nodiscard]] constexpr std::int64_t scale() const noexcept { return scale_; }
  [[nodiscard]] constexpr std::uint32_t numerator() const noexcept { return numerator_; }
  [[nodiscard]] constexpr std::uint32_t denominator() const noexcept { return denominator_; }

  /// For whole values in units of 1/scale: value > edge exactly when value > floor_units(scale). Saturates at the ends
  /// of int64. A real edge stands for the shortest decimal that reads as that double (0.1 is one tenth).
  [[nodiscard]] std::int64_t floor_units(std::int64_t scale) const;
  /// Nearest double; minus infinity for the lowest. For float values: value > edge exactly when value > to_double().
  [[nodiscard]] double to_double() const noexcept;
  /// "12.5", "7 1/3"; empty for the lowest. A part of the last digit of money that is no decimal is left out.
  [[nodiscard]] std::string to_text() const;

  friend bool operator==(const Threshold&, const Threshold&) noexcept = default;

 private:
  Form form_{Form::lowest};
  std::uint32_t numerator_{0};
  std::uint32_t denominator_{1};
  std::int64_t units_{0};
  std::int64_t scale_{1};
  double real_{0};
};

/// Units per 1 of an exact numeric column type (10000 for money, 1 for boolean, integers and days), 0 for float64.
/// \throws Error invalid_argument for a type that is not a number
[[nodiscard]] std::int64_t units_per_one(ColumnType type);

}  // namespace klientela
