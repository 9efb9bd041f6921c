// The inner loops of coding integer ids.
#include "ingest/number_kernels.hpp"

#include "core/simd.hpp"

#ifdef KLIENTELA_WIDE
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // false alarms inside the intrinsics (GCC bug 105593)
#endif
#include <immintrin.h>
#endif

namespace klientela::detail {

namespace {

constexpr unsigned partition_shift = 64 - index::partition_bits;
constexpr std::size_t ahead = 64;  // lookups between asking for a bucket and reading it

/// A key that is not in its first bucket: in a later one, or no_code.
[[gnu::noinline]] std::uint32_t find_further(const index::NumberTable::View& view, std::int64_t key,
                                             std::uint64_t hash) noexcept {
  const std::size_t last = (std::uint64_t{1} << (64 - view.shift)) - 1;
  for (std::size_t i = (hash << index::partition_bits) >> view.shift;
       view.buckets[i].used == index::NumberTable::slots;) {
    i = i == last ? 0 : i + 1;
    if (const unsigned hits = view.buckets[i].hits(key); hits != 0) return view.buckets[i].codes[__builtin_ctz(hits)];
  }
  return no_code;
}

std::size_t pick_plain(const std::int64_t* keys, std::size_t begin, std::size_t n, std::uint32_t owned,
                       std::uint64_t* hashes, std::uint32_t* places) noexcept {
  std::size_t count = 0;
  for (std::size_t i = begin; i < n; ++i) {
    const std::uint64_t hash = index::hash_of(keys[i]);
    hashes[count] = hash;
    places[count] = static_cast<std::uint32_t>(i);
    count += (owned >> (hash >> partition_shift)) & 1;
  }
  return count;
}

std::size_t look_up_plain(const TableViews& views, const std::int64_t* keys, const std::uint64_t* hashes,
                          const std::uint32_t* places, std::size_t first, std::size_t count,
                          std::uint32_t* out) noexcept {
  for (std::size_t j = first; j < count; ++j) {
    if (j + ahead < count) {
      const std::uint64_t hash = hashes[j + ahead];
      const auto& view = views[hash >> partition_shift];
      __builtin_prefetch(view.buckets + ((hash << index::partition_bits) >> view.shift), 0, 2);
    }
    const std::uint64_t hash = hashes[j];
    const auto& view = views[hash >> partition_shift];
    const auto& bucket = view.buckets[(hash << index::partition_bits) >> view.shift];
    const unsigned hits = bucket.hits(keys[places[j]]);
    if (hits == 0) [[unlikely]] {
      const std::uint32_t code = find_further(view, keys[places[j]], hash);
      if (code == no_code) return j;
      out[places[j]] = code;
      continue;
    }
    out[places[j]] = bucket.codes[__builtin_ctz(hits)];
  }
  return count;
}

#ifdef KLIENTELA_WIDE

__attribute__((target("avx512f,avx512dq,avx512vl,popcnt"))) std::size_t pick_wide(const std::int64_t* keys,
                                                                                  std::size_t n, std::uint32_t owned,
                                                                                  std::uint64_t* hashes,
                                                                                  std::uint32_t* places) noexcept {
  const __m512i factor = _mm512_set1_epi64(static_cast<long long>(0x9E37'79B9'7F4A'7C15U));
  const __m512i owners = _mm512_set1_epi64(owned);
  const __m512i one = _mm512_set1_epi64(1);
  __m256i place = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i eight = _mm256_set1_epi32(8);
  std::size_t count = 0;
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    // Between two blocks of keys come random lookups, over which the machine forgets that it was reading a column.
    _mm_prefetch(reinterpret_cast<const char*>(keys + i) + 2048, _MM_HINT_T0);
    const __m512i key = _mm512_loadu_si512(keys + i);
    const __m512i hash = _mm512_mullo_epi64(_mm512_xor_si512(key, _mm512_srli_epi64(key, 32)), factor);
    const __mmask8 own =
        _mm512_test_epi64_mask(_mm512_srlv_epi64(owners, _mm512_srli_epi64(hash, partition_shift)), one);
    _mm512_storeu_si512(hashes + count, _mm512_maskz_compress_epi64(own, hash));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(places + count), _mm256_maskz_compress_epi32(own, place));
    count += static_cast<std::size_t>(__builtin_popcount(own));
    place = _mm256_add_epi32(place, eight);
  }
  return count + pick_plain(keys, i, n, owned, hashes + count, places + count);
}

__attribute__((target("avx512f,avx512dq,avx512vl,bmi"))) std::size_t look_up_wide(
    const TableViews& views, const std::int64_t* keys, const std::uint64_t* hashes, const std::uint32_t* places,
    std::size_t first, std::size_t count, std::uint32_t* out) noexcept {
  for (std::size_t j = first; j < count; ++j) {
    if (j + ahead < count) {
      const std::uint64_t hash = hashes[j + ahead];
      const auto& view = views[hash >> partition_shift];
      __builtin_prefetch(view.buckets + ((hash << index::partition_bits) >> view.shift), 0, 2);
    }
    const std::uint64_t hash = hashes[j];
    const auto& view = views[hash >> partition_shift];
    const auto& bucket = view.buckets[(hash << index::partition_bits) >> view.shift];
    const std::uint32_t place = places[j];
    const unsigned hits = _mm512_cmpeq_epi64_mask(_mm512_load_si512(&bucket), _mm512_set1_epi64(keys[place])) & 0x1FU;
    if (hits == 0) [[unlikely]] {
      const std::uint32_t code = find_further(view, keys[place], hash);
      if (code == no_code) return j;
      out[place] = code;
      continue;
    }
    out[place] = bucket.codes[__builtin_ctz(hits)];
  }
  return count;
}

bool has_wide() noexcept {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#endif

}  // namespace

std::size_t pick_owned(const std::int64_t* keys, std::size_t n, std::uint32_t owned, std::uint64_t* hashes,
                       std::uint32_t* places) noexcept {
#ifdef KLIENTELA_WIDE
  static const bool wide = has_wide();
  if (wide) return pick_wide(keys, n, owned, hashes, places);
#endif
  return pick_plain(keys, 0, n, owned, hashes, places);
}

std::size_t look_up(const TableViews& views, const std::int64_t* keys, const std::uint64_t* hashes,
                    const std::uint32_t* places, std::size_t first, std::size_t count, std::uint32_t* out) noexcept {
  const std::size_t soon = first > 0 ? 0 : count < ahead ? count : ahead;  // later calls have asked already
  for (std::size_t j = 0; j < soon; ++j) {
    const auto& view = views[hashes[j] >> partition_shift];
    __builtin_prefetch(view.buckets + ((hashes[j] << index::partition_bits) >> view.shift), 0, 2);
  }
#ifdef KLIENTELA_WIDE
  static const bool wide = has_wide();
  if (wide) return look_up_wide(views, keys, hashes, places, first, count, out);
#endif
  return look_up_plain(views, keys, hashes, places, first, count, out);
}

}  // namespace klientela::detail
