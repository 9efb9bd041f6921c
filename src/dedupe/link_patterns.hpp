// Checked pattern counts in canonical order, which makes what is learnt from them the same for any order of rows and
// comparisons.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "klientela/dedupe/link_model.hpp"

namespace klientela::linking {

constexpr double largest_count = 1e15;

/// Nearest multiple of 2^-40 bits: sums of up to 2^13 bits of them are exact in a double.
[[nodiscard]] double on_grid(double bits) noexcept;

/// \throws Error invalid_argument naming what is wrong, below `where`
void check(const ComparisonSpec& comparison, const std::string& where);
void check(std::span<const ComparisonSpec> comparisons, const std::string& where);

/// Places of the comparisons by rising name.
[[nodiscard]] std::vector<std::size_t> order_by_name(std::span<const ComparisonSpec> comparisons);

/// Distinct patterns by rising levels, comparisons in the order given; none with a count of 0.
struct Patterns {
  std::size_t fields{0};
  std::vector<std::uint8_t> levels;  ///< rows x fields
  std::vector<double> counts;
  double pairs{0};  ///< sum of counts

  [[nodiscard]] std::size_t rows() const noexcept { return counts.size(); }
  [[nodiscard]] const std::uint8_t* row(std::size_t i) const noexcept { return levels.data() + i * fields; }
  bool operator==(const Patterns&) const = default;
};

/// \param order  which comparison stands in each column of the result
/// \param counted  which columns of the result count (others become level 0); empty: all of them
/// \throws Error invalid_argument or out_of_range below `where`
[[nodiscard]] Patterns canonical(const PatternCounts& patterns, std::span<const ComparisonSpec> comparisons,
                                 std::span<const std::size_t> order, const std::string& where,
                                 const std::vector<bool>& counted = {});

}  // namespace klientela::linking
