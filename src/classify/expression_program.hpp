// An expression bound to the columns of one table: types checked, constants made ready, evaluated by blocks of rows.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "classify/expression_tree.hpp"
#include "classify/measure.hpp"
#include "classify/text_match.hpp"
#include "klientela/core/table.hpp"

namespace klientela::classifying {

/// What a node gives while it is checked: as ExpressionType, with fractions of literals still exact.
enum class Kind : std::uint8_t { null, boolean, integer, decimal, real, money, text, day, instant, duration };

/// One bit for every row of a block; bits past its end are 0.
struct Mask {
  static constexpr std::size_t words = block_rows / 64;
  std::array<std::uint64_t, words> word{};

  [[nodiscard]] static Mask first(std::size_t rows) noexcept {
    Mask mask;
    for (std::size_t w = 0; w < words; ++w) {
      const std::size_t before = w * 64;
      mask.word[w] = rows >= before + 64 ? ~std::uint64_t{0}
                     : rows > before     ? (std::uint64_t{1} << (rows - before)) - 1
                                         : 0;
    }
    return mask;
  }
  [[nodiscard]] bool any() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t w : word) all |= w;
    return all != 0;
  }
  [[nodiscard]] std::size_t count() const noexcept {
    std::size_t bits = 0;
    for (const std::uint64_t w : word) bits += static_cast<std::size_t>(std::popcount(w));
    return bits;
  }
  [[nodiscard]] bool has(std::size_t row) const noexcept { return ((word[row >> 6] >> (row & 63)) & 1) != 0; }
  void set(std::size_t row) noexcept { word[row >> 6] |= std::uint64_t{1} << (row & 63); }
  Mask& operator&=(const Mask& other) noexcept {
    for (std::size_t w = 0; w < words; ++w) word[w] &= other.word[w];
    return *this;
  }
  Mask& operator|=(const Mask& other) noexcept {
    for (std::size_t w = 0; w < words; ++w) word[w] |= other.word[w];
    return *this;
  }
  Mask& remove(const Mask& other) noexcept {
    for (std::size_t w = 0; w < words; ++w) word[w] &= ~other.word[w];
    return *this;
  }
  /// Calls visit(row) for every bit that is set.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t w = 0; w < words; ++w)
      for (std::uint64_t left = word[w]; left != 0; left &= left - 1)
        visit(w * 64 + static_cast<std::size_t>(std::countr_zero(left)));
  }
};

/// Kleene's three values: yes, no, and neither where the answer is not known.
struct Truth {
  Mask yes;
  Mask no;
};

/// A closed range of whole keys; empty where low > high.
struct KeyRange {
  std::int64_t low;
  std::int64_t high;
};

class Program {
 public:
  /// Working memory of one thread.
  class Scratch {
   public:
    struct Numbers {
      alignas(64) std::int64_t exact[block_rows];
      alignas(64) double real[block_rows];
    };
    /// One more piece on the stack; see Held.
    Numbers& push() {
      if (used_ == pieces_.size()) pieces_.push_back(std::make_unique<Numbers>());
      return *pieces_[used_++];
    }
    void pop() noexcept { --used_; }
    alignas(64) std::uint8_t bytes[block_rows];

   private:
    std::vector<std::unique_ptr<Numbers>> pieces_;
    std::size_t used_{0};
  };

  /// Which columns there are. Null table: every name is of type null, so that a text can be checked on its own.
  struct Names {
    const Table* table{nullptr};
    std::optional<std::span<const ExpressionColumn>> columns;
    std::span<const std::string> absent;
  };
  /// Borrows the tree. Keeps the columns. \throws Fault
  Program(const Expression::Tree& tree, const Names& names);

  [[nodiscard]] Kind kind() const noexcept { return bound_.back().kind; }
  /// Kind null or boolean only. Rows [begin, end), begin a multiple of 64, at most block_rows; only rows in `active`
  /// are looked at, and no others are answered.
  void truth(std::size_t begin, std::size_t end, const Mask& active, Scratch& scratch, Truth& out) const;
  /// Kinds integer, decimal, money, day, instant.
  void exact(std::size_t begin, std::size_t end, const Mask& active, Scratch& scratch, std::int64_t* out,
             Mask& known) const;
  void real(std::size_t begin, std::size_t end, const Mask& active, Scratch& scratch, double* out, Mask& known) const;
  [[nodiscard]] std::optional<std::string> text(std::size_t row) const;
  /// "frequency is 7", column by column, for the reasons of a row; columns that are absent too.
  [[nodiscard]] const std::vector<std::pair<std::string, std::optional<Column>>>& columns() const noexcept {
    return columns_;
  }

 private:
  struct Bound {
    Op op{Op::null};
    Kind kind{Kind::null};
    Unit unit{Unit::days};
    bool negated{false};
    bool ignore_case{false};
    bool constant{false};
    std::int64_t value{0};
    double real{0};
    Decimal decimal{0, 0};
    std::optional<Column> column;
    std::string text;  // a constant; folded where case is ignored
    std::vector<std::uint32_t> children;
    // Text tests.
    std::optional<Pattern> pattern;
    std::unordered_set<std::string> texts;
    std::int32_t coded{-1};             // the node of the one dictionary column that the answer depends on
    std::vector<std::uint8_t> by_code;  // its answer for every code: 0 no, 1 yes
    // Lists of numbers: ascending.
    std::vector<std::int64_t> keys;
    std::vector<double> reals;
  };
  struct Block {
    std::size_t begin;
    std::size_t rows;
    Scratch& scratch;
  };
  struct Checker;

  void truth(std::uint32_t node, const Block& block, const Mask& active, Truth& out) const;
  void compare(Op op, std::uint32_t left, std::uint32_t right, const Block& block, const Mask& active,
               Truth& out) const;
  void in_list(const Bound& node, const Block& block, const Mask& active, Truth& out) const;
  void text_test(const Bound& node, const Block& block, const Mask& active, Truth& out) const;
  [[nodiscard]] bool text_holds(const Bound& node, std::string_view text) const;
  /// Kind of the keys: integer, money, day, instant. Integers and decimals are lifted to money where that is asked for.
  void exact(std::uint32_t node, Kind as, const Block& block, const Mask& active, std::int64_t* out, Mask& known) const;
  void reals(std::uint32_t node, const Block& block, const Mask& active, double* out, Mask& known) const;
  void column_keys(const Column& column, const Block& block, std::int64_t* out, Mask& known) const;
  void known_of(const Column& column, const Block& block, Mask& known) const;
  /// Text of a node for one row; the view lives as long as the table and `held`. False for null.
  [[nodiscard]] bool text_of(std::uint32_t node, std::size_t row, std::string_view& out, std::string& held) const;
  void known_values(std::uint32_t node, const Block& block, const Mask& active, Mask& known) const;
  void column_hits(const Column& column, KeyRange range, const Block& block, std::uint8_t* hits) const;

  std::vector<Bound> bound_;
  std::vector<std::pair<std::string, std::optional<Column>>> columns_;
};

/// Keys that fulfil `key op literal`, the literal exact, keys in units of 1/scale.
[[nodiscard]] KeyRange range_of(Op op, const Decimal& literal, std::int64_t scale);
/// The other way round: a < b is b > a.
[[nodiscard]] Op turned(Op op) noexcept;

// expression_kernels.cpp: loops over a block, 1 for each row that is hit.
void hits_in(const std::int8_t* values, std::size_t rows, KeyRange range, std::uint8_t* hits);
void hits_in(const std::uint8_t* values, std::size_t rows, KeyRange range, std::uint8_t* hits);
void hits_in(const std::int32_t* values, std::size_t rows, KeyRange range, std::uint8_t* hits);
void hits_in(const std::int64_t* values, std::size_t rows, KeyRange range, std::uint8_t* hits);
void hits_compared(Op op, const std::int64_t* left, const std::int64_t* right, std::size_t rows, std::uint8_t* hits);
void hits_compared(Op op, const double* left, const double* right, std::size_t rows, std::uint8_t* hits);
/// Codes under nulls may be anything: past the last code there is no hit.
void hits_coded(const std::uint16_t* codes, std::size_t rows, std::span<const std::uint8_t> by_code,
                std::uint8_t* hits);
void hits_coded(const std::uint32_t* codes, std::size_t rows, std::span<const std::uint8_t> by_code,
                std::uint8_t* hits);
/// Bytes 0 or 1 to bits; bits past `rows` are 0.
void pack(const std::uint8_t* hits, std::size_t rows, Mask& out);
/// Bit i: values[i] is finite.
void finite(const double* values, std::size_t rows, Mask& out);

}  // namespace klientela::classifying
