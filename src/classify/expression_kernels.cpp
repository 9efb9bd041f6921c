// The inner loops of expressions: comparisons of whole blocks without branches, which compilers turn into vector code.
#include <cmath>
#include <cstring>
#include <limits>

#include "classify/expression_program.hpp"
#include "core/simd.hpp"

namespace klientela::classifying {
namespace {

/// The range in the type of the values; false where no value of the type is in it.
template <class T>
bool narrowed(KeyRange range, T& low, T& high) noexcept {
  constexpr std::int64_t least = std::numeric_limits<T>::min();
  constexpr std::int64_t most = std::numeric_limits<T>::max();
  if (range.low > range.high || range.low > most || range.high < least) return false;
  low = static_cast<T>(range.low < least ? least : range.low);
  high = static_cast<T>(range.high > most ? most : range.high);
  return true;
}

}  // namespace

// The loops stand in each function for themselves: a function that is cloned for several instruction sets does not
// carry the templates that it calls along.
#define KLIENTELA_HITS_IN(Type)                                                                             \
  KLIENTELA_CLONES void hits_in(const Type* values, std::size_t rows, KeyRange range, std::uint8_t* hits) { \
    Type low = 0;                                                                                           \
    Type high = 0;                                                                                          \
    if (!narrowed(range, low, high)) {                                                                      \
      std::memset(hits, 0, rows);                                                                           \
      return;                                                                                               \
    }                                                                                                       \
    for (std::size_t i = 0; i < rows; ++i)                                                                  \
      hits[i] = static_cast<std::uint8_t>((values[i] >= low) & (values[i] <= high));                        \
  }

KLIENTELA_HITS_IN(std::int8_t)
KLIENTELA_HITS_IN(std::uint8_t)
KLIENTELA_HITS_IN(std::int32_t)
KLIENTELA_HITS_IN(std::int64_t)
#undef KLIENTELA_HITS_IN

#define KLIENTELA_HITS_COMPARED(Type)                                                                    \
  KLIENTELA_CLONES void hits_compared(Op op, const Type* left, const Type* right, std::size_t rows,      \
                                      std::uint8_t* hits) {                                              \
    switch (op) {                                                                                        \
      case Op::equal:                                                                                    \
        for (std::size_t i = 0; i < rows; ++i) hits[i] = static_cast<std::uint8_t>(left[i] == right[i]); \
        return;                                                                                          \
      case Op::unequal:                                                                                  \
        for (std::size_t i = 0; i < rows; ++i) hits[i] = static_cast<std::uint8_t>(left[i] != right[i]); \
        return;                                                                                          \
      case Op::less:                                                                                     \
        for (std::size_t i = 0; i < rows; ++i) hits[i] = static_cast<std::uint8_t>(left[i] < right[i]);  \
        return;                                                                                          \
      case Op::less_equal:                                                                               \
        for (std::size_t i = 0; i < rows; ++i) hits[i] = static_cast<std::uint8_t>(left[i] <= right[i]); \
        return;                                                                                          \
      case Op::greater:                                                                                  \
        for (std::size_t i = 0; i < rows; ++i) hits[i] = static_cast<std::uint8_t>(left[i] > right[i]);  \
        return;                                                                                          \
      default:                                                                                           \
        for (std::size_t i = 0; i < rows; ++i) hits[i] = static_cast<std::uint8_t>(left[i] >= right[i]); \
        return;                                                                                          \
    }                                                                                                    \
  }

KLIENTELA_HITS_COMPARED(std::int64_t)
KLIENTELA_HITS_COMPARED(double)
#undef KLIENTELA_HITS_COMPARED

void hits_coded(const std::uint16_t* codes, std::size_t rows, std::span<const std::uint8_t> by_code,
                std::uint8_t* hits) {
  for (std::size_t i = 0; i < rows; ++i) hits[i] = codes[i] < by_code.size() ? by_code[codes[i]] : std::uint8_t{0};
}

void hits_coded(const std::uint32_t* codes, std::size_t rows, std::span<const std::uint8_t> by_code,
                std::uint8_t* hits) {
  for (std::size_t i = 0; i < rows; ++i) hits[i] = codes[i] < by_code.size() ? by_code[codes[i]] : std::uint8_t{0};
}

void pack(const std::uint8_t* hits, std::size_t rows, Mask& out) {
  std::size_t row = 0;
  for (std::size_t w = 0; w < Mask::words; ++w) {
    std::uint64_t word = 0;
    if (row + 64 <= rows) {
      for (std::size_t byte = 0; byte < 8; ++byte) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, hits + row + byte * 8, 8);
        if constexpr (std::endian::native == std::endian::big) eight = __builtin_bswap64(eight);
        // Eight bytes of 0 or 1 gather in the highest byte of the product, the first of them lowest.
        word |= ((eight * 0x0102'0408'1020'4080U) >> 56) << (byte * 8);
      }
    } else {
      for (std::size_t i = row; i < rows; ++i) word |= std::uint64_t{hits[i]} << (i - row);
    }
    out.word[w] = word;
    row += 64;
    if (row > rows) row = rows;
  }
}

void finite(const double* values, std::size_t rows, Mask& out) {
  std::uint8_t bytes[block_rows];
  for (std::size_t i = 0; i < rows; ++i)
    bytes[i] = static_cast<std::uint8_t>(std::fabs(values[i]) <= std::numeric_limits<double>::max());
  pack(bytes, rows, out);
}

}  // namespace klientela::classifying
