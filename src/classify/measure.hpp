// A numeric column as ordered whole keys, and order statistics of it by histogram, without a sort.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "klientela/classify/threshold.hpp"
#include "klientela/core/buffer.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela::classifying {

/// Doubles in order as whole numbers; -0 and 0 are one key. Not for NaN.
[[nodiscard]] inline std::int64_t key_of(double value) noexcept {
  const auto bits = std::bit_cast<std::int64_t>(value + 0.0);
  return bits ^ ((bits >> 63) & std::numeric_limits<std::int64_t>::max());
}
[[nodiscard]] inline double real_of(std::int64_t key) noexcept {
  return std::bit_cast<double>(key ^ ((key >> 63) & std::numeric_limits<std::int64_t>::max()));
}

/// A column that can be compared as whole keys: its units for exact types, key_of for float64.
class Measure {
 public:
  /// \throws Error invalid_argument naming the column unless it is boolean, an integer, float64, money or day
  explicit Measure(const Column& column);
  /// Of a table. \throws Error not_found too
  Measure(const Table& table, const std::string& column) : Measure(table.column(column)) {}

  [[nodiscard]] const Column& column() const noexcept { return column_; }
  [[nodiscard]] std::size_t size() const noexcept { return column_.size(); }
  [[nodiscard]] bool is_real() const noexcept { return scale_ == 0; }
  [[nodiscard]] std::int64_t scale() const noexcept { return scale_; }
  /// Whether the row has a value: not null and, for float64, finite.
  [[nodiscard]] bool has_value(std::size_t row) const noexcept;
  [[nodiscard]] std::int64_t key(std::size_t row) const noexcept;
  /// Keys of rows [begin, end): either in place or written to `scratch`. Keys of rows without a value are arbitrary.
  [[nodiscard]] const std::int64_t* keys(std::size_t begin, std::size_t end, std::int64_t* scratch) const noexcept;
  [[nodiscard]] Threshold threshold(std::int64_t key) const;
  /// The largest key that is not above the edge: a row is above it where its key is greater.
  [[nodiscard]] std::int64_t floor_key(const Threshold& edge) const;

 private:
  Column column_;
  std::int64_t scale_;
};

/// Which rows take part. Bits are least significant first; empty: all.
struct RowSet {
  std::size_t rows{0};
  std::size_t count{0};
  Buffer<std::uint8_t> bits;
  [[nodiscard]] bool all() const noexcept { return bits.empty(); }
  [[nodiscard]] bool has(std::size_t row) const noexcept {
    return bits.empty() || ((bits[row >> 3] >> (row & 7)) & 1) != 0;
  }
};

/// Rows in which every measure has a value.
[[nodiscard]] RowSet rows_with_values(std::span<const Measure* const> measures, const Control& control);

/// Splits [0, rows) into as many ranges as there are threads and calls task(index, begin, end) for each; ranges begin
/// at multiples of 64. Returns how many ranges there are. Nothing may depend on the split.
[[nodiscard]] std::size_t range_count(std::size_t rows, const Control& control);
void for_ranges(std::size_t rows, const Control& control,
                const std::function<void(std::size_t index, std::size_t begin, std::size_t end)>& task);

/// A column of codes that are known to index the labels, without looking at them once more.
[[nodiscard]] Column label_column(std::string name, Buffer<std::uint16_t> codes,
                                  std::shared_ptr<const std::vector<std::string>> labels);

/// Splits [0, rows) into pieces that begin at multiples of 64, more than there are threads, so that who comes late does
/// less; calls task(begin, end) for each.
void for_pieces(std::size_t rows, const Control& control,
                const std::function<void(std::size_t begin, std::size_t end)>& task);

inline constexpr std::size_t block_rows = 2048;

/// Eight bytes of a set's bits from a row that is a multiple of 64; bits past the set are unspecified.
[[nodiscard]] inline std::uint64_t word_of(const RowSet& set, std::size_t row) noexcept {
  if (set.all()) return ~std::uint64_t{0};
  std::uint64_t word = 0;
  const std::size_t left = set.bits.size() - row / 8;
  std::memcpy(&word, set.bits.data() + row / 8, left < 8 ? left : 8);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

/// Calls visit(begin, end, word) for runs of rows of [begin, end), begin a multiple of 64: rows that all take part
/// (word ~0), any number of them, and words in which some do not.
template <class Visit>
void for_words(const RowSet& set, std::size_t begin, std::size_t end, Visit&& visit) {
  constexpr std::uint64_t full = ~std::uint64_t{0};
  if (set.all()) return visit(begin, end, full);
  std::size_t run = begin;  // of full words
  for (std::size_t row = begin; row < end; row += 64) {
    const std::size_t width = end - row < 64 ? end - row : 64;
    const std::uint64_t all = width == 64 ? full : (std::uint64_t{1} << width) - 1;
    const std::uint64_t word = word_of(set, row) & all;
    if (word == all) continue;
    if (run < row) visit(run, row, full);
    visit(row, row + width, word);
    run = row + width;
  }
  if (run < end) visit(run, end, full);
}

/// Calls visit(row) for the rows of a piece of for_words() that do not take part.
template <class Visit>
void for_absent(std::size_t first, std::size_t last, std::uint64_t word, Visit&& visit) {
  if (word == ~std::uint64_t{0}) return;
  const std::uint64_t all = last - first < 64 ? (std::uint64_t{1} << (last - first)) - 1 : ~std::uint64_t{0};
  for (std::uint64_t absent = ~word & all; absent != 0; absent &= absent - 1)
    visit(first + static_cast<std::size_t>(std::countr_zero(absent)));
}

/// Calls visit(keys) for the keys of the rows of [begin, end) that take part (and are above `above`), piece by piece,
/// in order. `begin` is a multiple of 64.
template <class Visit>
void for_keys(const Measure& measure, const RowSet& set, std::optional<std::int64_t> above, std::size_t begin,
              std::size_t end, Visit&& visit) {
  std::int64_t scratch[block_rows];
  std::int64_t kept[block_rows];
  for (std::size_t from = begin; from < end; from += block_rows) {
    const std::size_t to = from + block_rows < end ? from + block_rows : end;
    const std::int64_t* keys = measure.keys(from, to, scratch);
    if (above) {
      const std::int64_t bound = *above;
      std::size_t n = 0;
      for (std::size_t i = 0; i < to - from; ++i) {
        kept[n] = keys[i];
        n += set.has(from + i) && keys[i] > bound ? 1U : 0U;
      }
      visit(std::span<const std::int64_t>(kept, n));
      continue;
    }
    for_words(set, from, to, [&](std::size_t first, std::size_t last, std::uint64_t word) {
      if (word == ~std::uint64_t{0}) {
        visit(std::span<const std::int64_t>(keys + (first - from), last - first));
        return;
      }
      std::size_t n = 0;
      for (; word != 0; word &= word - 1)
        kept[n++] = keys[first - from + static_cast<std::size_t>(std::countr_zero(word))];
      visit(std::span<const std::int64_t>(kept, n));
    });
  }
}

/// Buckets that keep the order of keys: for exact keys 512 to each power of two (keys below 1024 in size have a bucket
/// of their own), for keys of doubles 16 to each power of two.
class Buckets {
 public:
  explicit Buckets(bool real) noexcept : real_(real) {}
  [[nodiscard]] std::size_t count() const noexcept { return real_ ? 65'536 : 2 * half; }
  [[nodiscard]] static std::size_t of_exact(std::int64_t key) noexcept {
    const std::int64_t sign = key >> 63;
    const auto size = static_cast<std::uint64_t>(key ^ sign);
    const auto width = static_cast<int>(std::bit_width(size | 1U));
    const unsigned shift = width > 10 ? static_cast<unsigned>(width - 10) : 0U;
    const auto bucket = static_cast<std::int64_t>((std::uint64_t{shift} << 9) + (size >> shift));
    return static_cast<std::size_t>(static_cast<std::int64_t>(half) + (bucket ^ sign));
  }
  [[nodiscard]] static std::size_t of_real(std::int64_t key) noexcept {
    return (static_cast<std::uint64_t>(key) ^ (std::uint64_t{1} << 63)) >> 48;
  }
  [[nodiscard]] std::size_t of(std::int64_t key) const noexcept { return real_ ? of_real(key) : of_exact(key); }
  /// The key of a bucket that has only one.
  [[nodiscard]] std::optional<std::int64_t> only_key(std::size_t bucket) const noexcept {
    const auto key = static_cast<std::int64_t>(bucket) - static_cast<std::int64_t>(half);
    if (real_ || key >= 1024 || key < -1024) return std::nullopt;
    return key;
  }

 private:
  static constexpr std::size_t half = 28'672;
  bool real_;
};

/// A value at a place in ascending order, and how many are smaller and as large.
struct OrderStatistic {
  std::int64_t key;
  std::uint64_t less;
  std::uint64_t equal;
};

/// Finds order statistics of the rows of a set: one pass for the histogram, one for the buckets asked for.
/// Borrows everything it is given.
class Selector {
 public:
  Selector(const Measure& measure, const RowSet& set, const Control& control,
           std::optional<std::int64_t> above = std::nullopt);
  /// Rows that take part.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// \param positions  from 0, each below count(); any order
  [[nodiscard]] std::vector<OrderStatistic> find(std::span<const std::uint64_t> positions) const;

 private:
  const Measure& measure_;
  const RowSet& set_;
  const Control& control_;
  std::optional<std::int64_t> above_;
  Buckets buckets_;
  std::vector<std::uint32_t> counts_;
  std::uint64_t count_{0};
};

/// Type-7 quantiles at parts[i]/of of the values; all lowest where there is none.
[[nodiscard]] std::vector<Threshold> quantiles(const Measure& measure, const RowSet& set,
                                               std::span<const std::uint32_t> parts, std::uint32_t of,
                                               const Control& control,
                                               std::optional<std::int64_t> above = std::nullopt);
/// The edge between neighbours low <= high at numerator/denominator of the way.
[[nodiscard]] Threshold edge_between(const Measure& measure, std::int64_t low, std::int64_t high,
                                     std::uint32_t numerator, std::uint32_t denominator);

}  // namespace klientela::classifying
