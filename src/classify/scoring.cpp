// Vectorised loops of the classifiers; see scoring.hpp.
#include "classify/scoring.hpp"

#include <algorithm>
#include <limits>

#include "core/simd.hpp"

namespace klientela::classifying {
namespace {

KLIENTELA_CLONES void add_above(const std::int64_t* __restrict values, std::size_t count, const std::int64_t* edges,
                                std::uint8_t* __restrict out) {
  const std::int64_t a = edges[0];
  const std::int64_t b = edges[1];
  const std::int64_t c = edges[2];
  const std::int64_t d = edges[3];
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t v = values[i];
    out[i] = static_cast<std::uint8_t>(out[i] + (v > a) + (v > b) + (v > c) + (v > d));
  }
}

KLIENTELA_CLONES void add_above(const std::int32_t* __restrict values, std::size_t count, const std::int32_t* edges,
                                std::uint8_t* __restrict out) {
  const std::int32_t a = edges[0];
  const std::int32_t b = edges[1];
  const std::int32_t c = edges[2];
  const std::int32_t d = edges[3];
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t v = values[i];
    out[i] = static_cast<std::uint8_t>(out[i] + (v > a) + (v > b) + (v > c) + (v > d));
  }
}

KLIENTELA_CLONES void add_above(const double* __restrict values, std::size_t count, const double* edges,
                                std::uint8_t* __restrict out) {
  const double a = edges[0];
  const double b = edges[1];
  const double c = edges[2];
  const double d = edges[3];
  for (std::size_t i = 0; i < count; ++i) {
    const double v = values[i];
    out[i] = static_cast<std::uint8_t>(out[i] + (v > a) + (v > b) + (v > c) + (v > d));
  }
}

template <class T>
void pad(std::vector<T>& edges, T never) {
  while (edges.size() % 4 != 0) edges.push_back(never);
}

}  // namespace

BinEdges::BinEdges(const Measure& measure, std::span<const Threshold> edges) {
  const bool narrow = measure.column().type() == ColumnType::int32 || measure.column().type() == ColumnType::day;
  for (const Threshold& edge : edges) {
    const std::int64_t key = measure.floor_key(edge);
    const std::int64_t least =
        narrow ? std::int64_t{std::numeric_limits<std::int32_t>::min()} - 1 : std::numeric_limits<std::int64_t>::min();
    if (edge.form() == Threshold::Form::lowest || (narrow && key <= least)) {
      ++always_;
    } else if (measure.is_real()) {
      reals_.push_back(edge.to_double());
    } else if (narrow) {
      narrow_.push_back(
          static_cast<std::int32_t>(std::min<std::int64_t>(key, std::numeric_limits<std::int32_t>::max())));
    } else {
      keys_.push_back(key);
    }
  }
  pad(keys_, std::numeric_limits<std::int64_t>::max());
  pad(narrow_, std::numeric_limits<std::int32_t>::max());
  pad(reals_, std::numeric_limits<double>::infinity());
}

void BinEdges::bins(const Measure& measure, std::size_t begin, std::size_t end, std::uint8_t* out) const noexcept {
  const std::size_t count = end - begin;
  std::fill_n(out, count, always_);
  const void* data = measure.column().data();
  for (std::size_t e = 0; e < reals_.size(); e += 4)
    add_above(static_cast<const double*>(data) + begin, count, &reals_[e], out);
  for (std::size_t e = 0; e < narrow_.size(); e += 4)
    add_above(static_cast<const std::int32_t*>(data) + begin, count, &narrow_[e], out);
  if (keys_.empty()) return;
  std::int64_t scratch[block_rows];
  const std::int64_t* keys = measure.keys(begin, end, scratch);
  for (std::size_t e = 0; e < keys_.size(); e += 4) add_above(keys, count, &keys_[e], out);
}

void clear_absent(const RowSet& set, std::size_t begin, std::size_t end, std::int8_t* values) noexcept {
  for_words(set, begin, end, [&](std::size_t first, std::size_t last, std::uint64_t word) {
    if (word == ~std::uint64_t{0}) return;
    for (std::size_t row = first; row < last; ++row)
      if (((word >> (row - first)) & 1) == 0) values[row] = 0;
  });
}

KLIENTELA_CLONES void look_up_segments(const std::uint8_t* __restrict r, const std::uint8_t* __restrict f,
                                       const std::uint8_t* __restrict m, std::size_t count, unsigned bins,
                                       const std::uint32_t* __restrict table, std::uint16_t* __restrict out) noexcept {
  const auto width = static_cast<std::int32_t>(bins);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t cell = (std::int32_t{r[i]} * width + f[i]) * width + m[i];
    out[i] = static_cast<std::uint16_t>(table[cell]);
  }
}

KLIENTELA_CLONES void scores_of(const std::uint8_t* __restrict bins, std::size_t count, int first, int step,
                                std::int8_t* __restrict out) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int8_t>(first + step * bins[i]);
}

KLIENTELA_CLONES void classes_of(const std::int64_t* __restrict keys, std::size_t count, std::int64_t a, std::int64_t b,
                                 std::uint16_t weight, std::uint16_t* __restrict out) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<std::uint16_t>(out[i] + weight * ((keys[i] <= a) + (keys[i] <= b)));
}

}  // namespace klientela::classifying
