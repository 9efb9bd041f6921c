// Columns and tables that klientela gives out: immutable, shared, named, ready to cross as Arrow without a copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "klientela/core/buffer.hpp"
#include "klientela/core/error.hpp"
#include "klientela/core/money.hpp"
#include "klientela/core/time.hpp"

namespace klientela {

/// What a column holds. In brackets the C++ value type, then the Arrow type it is exported as.
enum class ColumnType : std::uint8_t {
  boolean,  ///< [std::uint8_t 0 or 1] bool
  int8,     ///< [std::int8_t] int8
  int32,    ///< [std::int32_t] int32
  int64,    ///< [std::int64_t] int64
  float64,  ///< [double] double
  money,    ///< [std::int64_t, units of 1/10000] decimal128(19, 4)
  day,      ///< [std::int32_t, days since 1970-01-01] date32
  instant,  ///< [std::int64_t, UTC microseconds] timestamp[us, UTC]
  label,    ///< [std::uint16_t, index into labels()] dictionary<uint16, utf8>; at most 65,535 labels
  term,     ///< [std::uint32_t, index into labels()] dictionary<uint32, utf8>
  text,     ///< [text(row)] large_utf8
};

/// The machine-readable name, for example "money".
[[nodiscard]] std::string_view name(ColumnType type) noexcept;

/// One named column of n rows. Copying shares the values. Immutable and thread-safe.
class Column {
 public:
  /// A column over a buffer it takes over. `T` must be the value type of `type`.
  /// \param valid  empty: no nulls; else ceil(n/8) bytes, bit i (least significant first) set where row i has a value
  /// \throws Error invalid_argument if T or the length of `valid` does not fit
  template <class T>
  Column(std::string name, ColumnType type, Buffer<T> values, Buffer<std::uint8_t> valid = {});
  /// A label or term column: codes index `labels`. \throws Error out_of_range if a code does not
  template <class T>
  Column(std::string name, Buffer<T> codes, std::shared_ptr<const std::vector<std::string>> labels,
         Buffer<std::uint8_t> valid = {});
  /// A text column. Null where the optional is empty.
  Column(std::string name, const std::vector<std::optional<std::string>>& values);
  Column(std::string name, const std::vector<std::string>& values);
  /// A text column over n + 1 offsets into `characters` (UTF-8).
  Column(std::string name, Buffer<std::int64_t> offsets, Buffer<char> characters, Buffer<std::uint8_t> valid = {});

  /// A column over memory that `owner` keeps alive and nobody writes to while a copy of the column lives.
  /// \param valid  null: no nulls; else ceil(n/8) bytes as above, kept alive by `owner`; \param nulls  how many it
  /// marks \param labels  of a label or term column, whose codes must index it
  template <class T>
  [[nodiscard]] static Column view(std::string name, ColumnType type, std::span<const T> values,
                                   std::shared_ptr<const void> owner, const std::uint8_t* valid, std::size_t nulls,
                                   std::shared_ptr<const std::vector<std::string>> labels = nullptr);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] ColumnType type() const noexcept { return type_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t null_count() const noexcept { return nulls_; }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept {
    return valid_ != nullptr && ((valid_[row >> 3] >> (row & 7)) & 1) == 0;
  }
  /// Validity bits, least significant first; null pointer where there is no null. Lives as long as the column.
  [[nodiscard]] const std::uint8_t* validity() const noexcept { return valid_; }
  /// The values; those of null rows are unspecified but initialised. Lives as long as the column or any copy.
  /// \throws Error invalid_argument if T is not the column's value type
  template <class T>
  [[nodiscard]] std::span<const T> values() const;
  /// Any numeric column (boolean, ints, float64, money in currency units, day) as doubles, null as NaN. O(n).
  [[nodiscard]] std::vector<double> to_doubles() const;
  /// Labels of a label or term column. \throws Error invalid_argument for another type
  [[nodiscard]] const std::vector<std::string>& labels() const;
  [[nodiscard]] std::shared_ptr<const std::vector<std::string>> shared_labels() const;
  /// Text of a text, label or term column; empty for null. Lives as long as the column. \throws Error invalid_argument
  [[nodiscard]] std::string_view text(std::size_t row) const;
  /// Any value as a person reads it: money exact, days ISO, floats shortest round-trip; empty for null.
  [[nodiscard]] std::string to_text(std::size_t row) const;
  /// The same values under another name. O(1).
  [[nodiscard]] Column renamed(std::string name) const;
  /// Rows picked in order; the result shares labels. O(rows). \throws Error out_of_range
  [[nodiscard]] Column take(std::span<const std::uint32_t> rows) const;

  /// Text columns only: n + 1 offsets and the bytes they cut.
  [[nodiscard]] std::span<const std::int64_t> text_offsets() const;
  [[nodiscard]] std::span<const char> text_characters() const;
  /// Raw values for exporters, and what keeps them alive.
  [[nodiscard]] const void* data() const noexcept { return data_; }
  [[nodiscard]] std::shared_ptr<const void> owner() const noexcept { return owner_; }

 private:
  Column() = default;
  void adopt(std::shared_ptr<const void> owner, const void* data, std::size_t size,
             std::shared_ptr<const Buffer<std::uint8_t>> valid);
  template <class T>
  static constexpr bool fits(ColumnType type) noexcept;

  std::string name_;
  ColumnType type_{ColumnType::int64};
  std::size_t size_{0};
  std::size_t nulls_{0};
  const void* data_{nullptr};
  const std::uint8_t* valid_{nullptr};
  const char* characters_{nullptr};
  std::shared_ptr<const void> owner_;
  std::shared_ptr<const void> valid_owner_;
  std::shared_ptr<const void> characters_owner_;
  std::shared_ptr<const std::vector<std::string>> labels_;
};

/// Named columns of equal length. Copying shares them.
class Table {
 public:
  Table() = default;
  explicit Table(std::vector<Column> columns);

  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return columns_; }
  /// Nullptr if there is none of that name. O(columns).
  [[nodiscard]] const Column* find(std::string_view name) const noexcept;
  /// \throws Error not_found that names the column and those there are
  [[nodiscard]] const Column& column(std::string_view name) const;
  /// \throws Error invalid_argument if the length differs or the name is taken
  void add(Column column);
  /// Replaces the column of that name, or adds it.
  void set(Column column);
  [[nodiscard]] Table take(std::span<const std::uint32_t> rows) const;

 private:
  std::vector<Column> columns_;
  std::size_t rows_{0};
};

// Implementation of the templates.

template <class T>
constexpr bool Column::fits(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean: return std::is_same_v<T, std::uint8_t>;
    case ColumnType::int8: return std::is_same_v<T, std::int8_t>;
    case ColumnType::int32:
    case ColumnType::day: return std::is_same_v<T, std::int32_t>;
    case ColumnType::int64:
    case ColumnType::money:
    case ColumnType::instant: return std::is_same_v<T, std::int64_t>;
    case ColumnType::float64: return std::is_same_v<T, double>;
    case ColumnType::label: return std::is_same_v<T, std::uint16_t>;
    case ColumnType::term: return std::is_same_v<T, std::uint32_t>;
    case ColumnType::text: return false;
  }
  return false;
}

template <class T>
Column::Column(std::string name, ColumnType type, Buffer<T> values, Buffer<std::uint8_t> valid)
    : name_(std::move(name)), type_(type) {
  if (!fits<T>(type) || type == ColumnType::label || type == ColumnType::term)
    throw Error(Code::invalid_argument, "values do not fit a column of type " + std::string(klientela::name(type)),
                name_);
  auto shared = std::make_shared<const Buffer<T>>(std::move(values));
  adopt(shared, shared->data(), shared->size(),
        valid.empty() ? nullptr : std::make_shared<const Buffer<std::uint8_t>>(std::move(valid)));
}

template <class T>
Column::Column(std::string name, Buffer<T> codes, std::shared_ptr<const std::vector<std::string>> labels,
               Buffer<std::uint8_t> valid)
    : name_(std::move(name)),
      type_(std::is_same_v<T, std::uint16_t> ? ColumnType::label : ColumnType::term),
      labels_(std::move(labels)) {
  static_assert(std::is_same_v<T, std::uint16_t> || std::is_same_v<T, std::uint32_t>,
                "label codes are uint16 or uint32");
  auto shared = std::make_shared<const Buffer<T>>(std::move(codes));
  adopt(shared, shared->data(), shared->size(),
        valid.empty() ? nullptr : std::make_shared<const Buffer<std::uint8_t>>(std::move(valid)));
}

template <class T>
Column Column::view(std::string name, ColumnType type, std::span<const T> values, std::shared_ptr<const void> owner,
                    const std::uint8_t* valid, std::size_t nulls,
                    std::shared_ptr<const std::vector<std::string>> labels) {
  Column column;
  column.name_ = std::move(name);
  column.type_ = type;
  const bool coded = type == ColumnType::label || type == ColumnType::term;
  if (!fits<T>(type) || coded != (labels != nullptr))
    throw Error(Code::invalid_argument, "values do not fit a column of type " + std::string(klientela::name(type)),
                column.name_);
  column.size_ = values.size();
  column.data_ = values.data();
  column.nulls_ = nulls;
  if (nulls > 0) {
    column.valid_ = valid;
    column.valid_owner_ = owner;
  }
  column.owner_ = std::move(owner);
  column.labels_ = std::move(labels);
  return column;
}

template <class T>
std::span<const T> Column::values() const {
  if (!fits<T>(type_))
    throw Error(Code::invalid_argument, "column holds " + std::string(klientela::name(type_)), name_);
  return {static_cast<const T*>(data_), size_};
}

}  // namespace klientela
