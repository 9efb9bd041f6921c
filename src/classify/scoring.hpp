// Bins of whole columns against compiled edges, written for vector units.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "classify/measure.hpp"

namespace klientela::classifying {

/// Edges of one measure in the column's own type. bins() is branch-free.
class BinEdges {
 public:
  BinEdges() = default;
  BinEdges(const Measure& measure, std::span<const Threshold> edges);
  /// out[i] = number of edges that row begin + i is above. At most block_rows rows. Rows without a value get any number
  /// up to the number of edges.
  void bins(const Measure& measure, std::size_t begin, std::size_t end, std::uint8_t* out) const noexcept;

 private:
  std::uint8_t always_{0};          // edges below everything the type can hold
  std::vector<std::int64_t> keys_;  // the others, padded to a multiple of 4 by what nothing is above
  std::vector<std::int32_t> narrow_;
  std::vector<double> reals_;
};

/// Sets to zero the rows of [begin, end) that are not in the set. begin: a multiple of 64.
void clear_absent(const RowSet& set, std::size_t begin, std::size_t end, std::int8_t* values) noexcept;

/// out[i] = table[(r[i] * bins + f[i]) * bins + m[i]].
void look_up_segments(const std::uint8_t* r, const std::uint8_t* f, const std::uint8_t* m, std::size_t count,
                      unsigned bins, const std::uint32_t* table, std::uint16_t* out) noexcept;
/// out[i] = first + step * bin[i].
void scores_of(const std::uint8_t* bins, std::size_t count, int first, int step, std::int8_t* out) noexcept;
/// out[i] += weight for each of the two edges that keys[i] is not above.
void classes_of(const std::int64_t* keys, std::size_t count, std::int64_t a, std::int64_t b, std::uint16_t weight,
                std::uint16_t* out) noexcept;

/// ok[i] &= above < keys[i] <= at_most.
void keep_between(const std::int64_t* keys, std::size_t count, std::int64_t above, std::int64_t at_most,
                  std::uint8_t* ok) noexcept;
void keep_between(const std::int32_t* keys, std::size_t count, std::int64_t above, std::int64_t at_most,
                  std::uint8_t* ok) noexcept;
/// Codes of both bands, and of the cell x * y_bands + y.
void cells_of(const std::uint8_t* x, const std::uint8_t* y, std::size_t count, unsigned y_bands, std::uint16_t* x_codes,
              std::uint16_t* y_codes, std::uint16_t* cells) noexcept;
/// facts[i] |= holds[i] << bit, holds being 0 or 1.
void add_bit(const std::uint8_t* holds, std::size_t count, unsigned bit, std::uint8_t* facts) noexcept;
/// out[i] = table[cells[i] << bits | facts[i]].
void look_up_groups(const std::uint16_t* cells, const std::uint8_t* facts, std::size_t count, unsigned bits,
                    std::span<const std::uint16_t> table, std::uint16_t* out) noexcept;

}  // namespace klientela::classifying
