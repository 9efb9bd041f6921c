// Vectorised loops of the classifiers; see scoring.hpp.
#include "classify/scoring.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "core/simd.hpp"

#ifdef KLIENTELA_WIDE
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // false alarms inside the intrinsics (GCC bug 105593)
#endif
#include <immintrin.h>
#endif

namespace klientela::classifying {
namespace {

#ifdef KLIENTELA_WIDE

// Compilers narrow eight wide lanes to bytes by a dozen shuffles; the machine has one instruction for it.
#define KLIENTELA_WIDE_TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw")))

KLIENTELA_WIDE_TARGET std::size_t add_above_wide(const std::int64_t* values, std::size_t count,
                                                 const std::int64_t* edges, std::uint8_t* out) noexcept {
  const __m512i a = _mm512_set1_epi64(edges[0]);
  const __m512i b = _mm512_set1_epi64(edges[1]);
  const __m512i c = _mm512_set1_epi64(edges[2]);
  const __m512i d = _mm512_set1_epi64(edges[3]);
  const __m512i one = _mm512_set1_epi64(1);
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m512i v = _mm512_loadu_si512(values + i);
    __m512i sum = _mm512_maskz_mov_epi64(_mm512_cmpgt_epi64_mask(v, a), one);
    sum = _mm512_mask_add_epi64(sum, _mm512_cmpgt_epi64_mask(v, b), sum, one);
    sum = _mm512_mask_add_epi64(sum, _mm512_cmpgt_epi64_mask(v, c), sum, one);
    sum = _mm512_mask_add_epi64(sum, _mm512_cmpgt_epi64_mask(v, d), sum, one);
    const __m128i before = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(out + i));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + i), _mm_add_epi8(before, _mm512_cvtepi64_epi8(sum)));
  }
  return i;
}

KLIENTELA_WIDE_TARGET std::size_t add_above_wide(const std::int32_t* values, std::size_t count,
                                                 const std::int32_t* edges, std::uint8_t* out) noexcept {
  const __m512i a = _mm512_set1_epi32(edges[0]);
  const __m512i b = _mm512_set1_epi32(edges[1]);
  const __m512i c = _mm512_set1_epi32(edges[2]);
  const __m512i d = _mm512_set1_epi32(edges[3]);
  const __m512i one = _mm512_set1_epi32(1);
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m512i v = _mm512_loadu_si512(values + i);
    __m512i sum = _mm512_maskz_mov_epi32(_mm512_cmpgt_epi32_mask(v, a), one);
    sum = _mm512_mask_add_epi32(sum, _mm512_cmpgt_epi32_mask(v, b), sum, one);
    sum = _mm512_mask_add_epi32(sum, _mm512_cmpgt_epi32_mask(v, c), sum, one);
    sum = _mm512_mask_add_epi32(sum, _mm512_cmpgt_epi32_mask(v, d), sum, one);
    const __m128i before = _mm_loadu_si128(reinterpret_cast<const __m128i*>(out + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_add_epi8(before, _mm512_cvtepi32_epi8(sum)));
  }
  return i;
}

KLIENTELA_WIDE_TARGET std::size_t classes_of_wide(const std::int64_t* keys, std::size_t count, std::int64_t a,
                                                  std::int64_t b, std::uint16_t weight, std::uint16_t* out) noexcept {
  const __m512i low = _mm512_set1_epi64(a);
  const __m512i high = _mm512_set1_epi64(b);
  const __m512i step = _mm512_set1_epi64(weight);
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m512i v = _mm512_loadu_si512(keys + i);
    __m512i sum = _mm512_maskz_mov_epi64(_mm512_cmple_epi64_mask(v, low), step);
    sum = _mm512_mask_add_epi64(sum, _mm512_cmple_epi64_mask(v, high), sum, step);
    const __m128i before = _mm_loadu_si128(reinterpret_cast<const __m128i*>(out + i));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), _mm_add_epi16(before, _mm512_cvtepi64_epi16(sum)));
  }
  return i;
}

/// 64 cells a step out of a table of at most 128 bytes.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))) std::size_t look_up_bytes(
    const std::uint8_t* r, const std::uint8_t* f, const std::uint8_t* m, std::size_t count, unsigned bins,
    const std::uint8_t* table, std::uint16_t* out) noexcept {
  const __m512i low = _mm512_loadu_si512(table);
  const __m512i high = _mm512_loadu_si512(table + 64);
  // Cells fit a byte, and products of two bytes below 256 are the same in sixteen bits.
  const __m512i even = _mm512_set1_epi16(0x00FF);
  const __m512i width = _mm512_set1_epi16(static_cast<short>(bins));
  const auto times = [&](__m512i v) __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"), always_inline)) {
    const __m512i evens = _mm512_mullo_epi16(_mm512_and_si512(v, even), width);
    const __m512i odds = _mm512_mullo_epi16(_mm512_srli_epi16(v, 8), width);
    return _mm512_or_si512(evens, _mm512_slli_epi16(odds, 8));
  };
  std::size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    __m512i cell = _mm512_add_epi8(times(_mm512_loadu_si512(r + i)), _mm512_loadu_si512(f + i));
    cell = _mm512_add_epi8(times(cell), _mm512_loadu_si512(m + i));
    const __m512i code = _mm512_permutex2var_epi8(low, cell, high);
    _mm512_storeu_si512(out + i, _mm512_cvtepu8_epi16(_mm512_castsi512_si256(code)));
    _mm512_storeu_si512(out + i + 32, _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(code, 1)));
  }
  return i;
}

/// 32 cells a step out of a table of at most 128 entries.
KLIENTELA_WIDE_TARGET std::size_t look_up_groups_wide(const std::uint16_t* cells, const std::uint8_t* facts,
                                                      std::size_t count, unsigned bits,
                                                      std::span<const std::uint16_t> table,
                                                      std::uint16_t* out) noexcept {
  const auto quarter = [&](std::size_t q) KLIENTELA_WIDE_TARGET {
    const std::size_t first = std::min(table.size(), 32 * q);
    const std::size_t entries = std::min<std::size_t>(table.size() - first, 32);
    const auto mask = static_cast<__mmask32>((std::uint64_t{1} << entries) - 1);
    return _mm512_maskz_loadu_epi16(mask, table.data() + first);
  };
  const __m512i a = quarter(0);
  const __m512i b = quarter(1);
  const __m512i c = quarter(2);
  const __m512i d = quarter(3);
  const __m512i second_half = _mm512_set1_epi16(64);
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(bits));
  std::size_t i = 0;
  for (; i + 32 <= count; i += 32) {
    const __m512i fact = _mm512_cvtepu8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(facts + i)));
    const __m512i place = _mm512_or_si512(_mm512_sll_epi16(_mm512_loadu_si512(cells + i), shift), fact);
    const __m512i low = _mm512_permutex2var_epi16(a, place, b);
    const __m512i high = _mm512_permutex2var_epi16(c, place, d);
    _mm512_storeu_si512(out + i, _mm512_mask_blend_epi16(_mm512_test_epi16_mask(place, second_half), low, high));
  }
  return i;
}

bool has_wide() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}

#endif

KLIENTELA_CLONES void add_above_plain(const std::int64_t* __restrict values, std::size_t count,
                                      const std::int64_t* edges, std::uint8_t* __restrict out) {
  const std::int64_t a = edges[0];
  const std::int64_t b = edges[1];
  const std::int64_t c = edges[2];
  const std::int64_t d = edges[3];
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t v = values[i];
    out[i] = static_cast<std::uint8_t>(out[i] + (v > a) + (v > b) + (v > c) + (v > d));
  }
}

KLIENTELA_CLONES void add_above_plain(const std::int32_t* __restrict values, std::size_t count,
                                      const std::int32_t* edges, std::uint8_t* __restrict out) {
  const std::int32_t a = edges[0];
  const std::int32_t b = edges[1];
  const std::int32_t c = edges[2];
  const std::int32_t d = edges[3];
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t v = values[i];
    out[i] = static_cast<std::uint8_t>(out[i] + (v > a) + (v > b) + (v > c) + (v > d));
  }
}

template <class T>
void add_above(const T* values, std::size_t count, const T* edges, std::uint8_t* out) {
  std::size_t done = 0;
#ifdef KLIENTELA_WIDE
  static const bool wide = has_wide();
  if (wide) done = add_above_wide(values, count, edges, out);
#endif
  add_above_plain(values + done, count - done, edges, out + done);
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
    for_absent(first, last, word, [&](std::size_t row) { values[row] = 0; });
  });
}

namespace {

KLIENTELA_CLONES void look_up_plain(const std::uint8_t* __restrict r, const std::uint8_t* __restrict f,
                                    const std::uint8_t* __restrict m, std::size_t count, unsigned bins,
                                    const std::uint32_t* __restrict table, std::uint16_t* __restrict out) noexcept {
  const auto width = static_cast<std::int32_t>(bins);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t cell = (std::int32_t{r[i]} * width + f[i]) * width + m[i];
    out[i] = static_cast<std::uint16_t>(table[cell]);
  }
}

KLIENTELA_CLONES void classes_of_plain(const std::int64_t* __restrict keys, std::size_t count, std::int64_t a,
                                       std::int64_t b, std::uint16_t weight, std::uint16_t* __restrict out) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    out[i] = static_cast<std::uint16_t>(out[i] + weight * ((keys[i] <= a) + (keys[i] <= b)));
}

}  // namespace

void look_up_segments(const std::uint8_t* r, const std::uint8_t* f, const std::uint8_t* m, std::size_t count,
                      unsigned bins, const std::uint32_t* table, std::uint16_t* out) noexcept {
  std::size_t done = 0;
#ifdef KLIENTELA_WIDE
  static const bool wide = has_wide() && __builtin_cpu_supports("avx512vbmi");
  const std::size_t cells = std::size_t{bins} * bins * bins;
  std::array<std::uint8_t, 128> bytes{};
  bool narrow = wide && cells <= bytes.size();
  for (std::size_t cell = 0; narrow && cell < cells; ++cell) {
    bytes[cell] = static_cast<std::uint8_t>(table[cell]);
    narrow = table[cell] < 256;
  }
  if (narrow) done = look_up_bytes(r, f, m, count, bins, bytes.data(), out);
#endif
  look_up_plain(r + done, f + done, m + done, count - done, bins, table, out + done);
}

KLIENTELA_CLONES void scores_of(const std::uint8_t* __restrict bins, std::size_t count, int first, int step,
                                std::int8_t* __restrict out) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int8_t>(first + step * bins[i]);
}

void classes_of(const std::int64_t* keys, std::size_t count, std::int64_t a, std::int64_t b, std::uint16_t weight,
                std::uint16_t* out) noexcept {
  std::size_t done = 0;
#ifdef KLIENTELA_WIDE
  static const bool wide = has_wide();
  if (wide) done = classes_of_wide(keys, count, a, b, weight, out);
#endif
  classes_of_plain(keys + done, count - done, a, b, weight, out + done);
}

KLIENTELA_CLONES void keep_between(const std::int64_t* __restrict keys, std::size_t count, std::int64_t above,
                                   std::int64_t at_most, std::uint8_t* __restrict ok) noexcept {
  for (std::size_t i = 0; i < count; ++i)
    ok[i] = static_cast<std::uint8_t>(ok[i] & ((keys[i] > above) & (keys[i] <= at_most)));
}

KLIENTELA_CLONES void keep_between(const std::int32_t* __restrict keys, std::size_t count, std::int64_t above,
                                   std::int64_t at_most, std::uint8_t* __restrict ok) noexcept {
  using Limits = std::numeric_limits<std::int32_t>;
  const auto low = static_cast<std::int32_t>(std::clamp<std::int64_t>(above, Limits::min(), Limits::max()));
  const auto high = static_cast<std::int32_t>(std::clamp<std::int64_t>(at_most, Limits::min(), Limits::max()));
  const bool any_low = above < Limits::min();  // else a key of the least value is not above it
  const bool none = at_most < Limits::min();
  for (std::size_t i = 0; i < count; ++i)
    ok[i] = static_cast<std::uint8_t>(ok[i] & ((keys[i] > low) | any_low) & (keys[i] <= high) & !none);
}

KLIENTELA_CLONES void cells_of(const std::uint8_t* __restrict x, const std::uint8_t* __restrict y, std::size_t count,
                               unsigned y_bands, std::uint16_t* __restrict x_codes, std::uint16_t* __restrict y_codes,
                               std::uint16_t* __restrict cells) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    x_codes[i] = x[i];
    y_codes[i] = y[i];
    cells[i] = static_cast<std::uint16_t>(x[i] * y_bands + y[i]);
  }
}

KLIENTELA_CLONES void add_bit(const std::uint8_t* __restrict holds, std::size_t count, unsigned bit,
                              std::uint8_t* __restrict facts) noexcept {
  const auto weight = static_cast<std::uint8_t>(1U << bit);
  for (std::size_t i = 0; i < count; ++i) facts[i] = static_cast<std::uint8_t>(facts[i] | (holds[i] * weight));
}

void look_up_groups(const std::uint16_t* cells, const std::uint8_t* facts, std::size_t count, unsigned bits,
                    std::span<const std::uint16_t> table, std::uint16_t* out) noexcept {
  std::size_t done = 0;
#ifdef KLIENTELA_WIDE
  static const bool wide = has_wide();
  if (wide && table.size() <= 128) done = look_up_groups_wide(cells, facts, count, bits, table, out);
#endif
  for (std::size_t i = done; i < count; ++i) out[i] = table[(std::size_t{cells[i]} << bits) | facts[i]];
}

}  // namespace klientela::classifying
