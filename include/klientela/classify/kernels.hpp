// Scoring, ABC and matrix lookup over spans: header-only, standard library only, for hosts that want them inlined.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace klientela::kernels {

/// out[i] = how many edges values[i] is above (value > edge): bin 0 is the lowest, bins are (lo, hi]. NaN is bin 0.
/// Sizes of values and out agree; the edges need not be distinct. O(values * edges), branch-free.
template <class T>
constexpr void bins(std::span<const T> values, std::span<const T> edges, std::span<std::uint8_t> out) noexcept {
  for (std::size_t i = 0; i < values.size(); ++i) {
    unsigned bin = 0;
    for (const T edge : edges) bin += values[i] > edge ? 1U : 0U;
    out[i] = static_cast<std::uint8_t>(bin);
  }
}

/// Score 1..bins of a bin 0..bins-1: ascending where high values are good and the highest score is best (or both not).
[[nodiscard]] constexpr int score_of_bin(int bin, int bins, bool low_is_better,
                                         bool low_score_is_best = false) noexcept {
  return low_is_better != low_score_is_best ? bins - bin : bin + 1;
}

/// An exact type-7 quantile at position/parts of ascending whole values: whole + numerator/denominator.
struct WholeQuantile {
  std::int64_t whole;
  std::uint32_t numerator;
  std::uint32_t denominator;
};

/// The type-7 interpolation between neighbours low <= high at numerator/denominator of the way; numerator <
/// denominator. For a whole value v: v > quantile exactly when v > whole. O(1), never overflows.
[[nodiscard]] constexpr WholeQuantile between(std::int64_t low, std::int64_t high, std::uint32_t numerator,
                                              std::uint32_t denominator) noexcept {
  const std::uint64_t distance = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  // distance * numerator / denominator without leaving 64 bits, since numerator and denominator are below 2^32.
  const std::uint64_t quotient = distance / denominator * numerator;
  const std::uint64_t rest = distance % denominator * numerator;
  const std::uint64_t whole = quotient + rest / denominator;
  return {static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + whole),
          static_cast<std::uint32_t>(rest % denominator), denominator};
}

/// The type-7 quantile at part/parts (0 <= part <= parts, parts > 0) of sorted values; not for empty input.
[[nodiscard]] constexpr WholeQuantile quantile(std::span<const std::int64_t> sorted, std::uint32_t part,
                                               std::uint32_t parts) noexcept {
  const std::uint64_t last = sorted.size() - 1;
  const std::uint64_t index = last / parts * part + last % parts * part / parts;
  const auto rest = static_cast<std::uint32_t>(last % parts * part % parts);
  return rest == 0 ? WholeQuantile{sorted[index], 0, parts} : between(sorted[index], sorted[index + 1], rest, parts);
}

/// ABC classes of whole values: 0 for A, 1 for B, 2 for C; limits a_part/parts < b_part/parts of the total of positive
/// values. `reach`: the class holds the smallest set that reaches the limit; else the crossing item falls below. Equal
/// values in the order given; values at or below zero are C. Exact while total * parts is below 2^127. O(n log n).
inline void abc(std::span<const std::int64_t> values, std::uint32_t a_part, std::uint32_t b_part, std::uint32_t parts,
                bool reach, std::span<std::uint8_t> out) {
  __extension__ using Wide = __int128;
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return values[i] > values[j]; });
  Wide total = 0;
  for (const std::int64_t value : values) total += value > 0 ? value : 0;
  const Wide limits[2] = {total * a_part, total * b_part};
  Wide sum = 0;
  unsigned current = 0;
  for (const std::size_t i : order) {
    if (values[i] <= 0) current = 2;
    while (current < 2 && !(reach ? sum * parts < limits[current] : (sum + values[i]) * parts <= limits[current]))
      ++current;
    out[i] = static_cast<std::uint8_t>(current);
    sum += values[i] > 0 ? values[i] : 0;
  }
}

/// Cell of a matrix with y_bands rows to each x band, x-major.
[[nodiscard]] constexpr std::uint32_t cell(std::uint32_t x_band, std::uint32_t y_band, std::uint32_t y_bands) noexcept {
  return x_band * y_bands + y_band;
}

/// out[i] = groups[cell of (x[i], y[i])]. All spans of one length but groups, which has one entry per cell. O(n).
template <std::unsigned_integral Band, std::unsigned_integral Group>
constexpr void lookup(std::span<const Band> x, std::span<const Band> y, std::uint32_t y_bands,
                      std::span<const Group> groups, std::span<Group> out) noexcept {
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = groups[cell(x[i], y[i], y_bands)];
}

}  // namespace klientela::kernels
