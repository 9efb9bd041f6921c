// A column as a host delivered it: the Arrow types klientela reads, and checked views over the host's arrays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/arrow.hpp"

namespace klientela::detail {

enum class Kind : std::uint8_t {
  null,
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  half,
  float32,
  float64,
  decimal32,
  decimal64,
  decimal128,
  decimal256,
  date32,
  date64,
  timestamp,
  text32,
  text64,
  text_view,
  list32,
  list64,
  dictionary
};

struct ArrowType {
  Kind kind{Kind::null};
  int scale{0};                            ///< decimals: digits after the point, may be negative
  std::int64_t per_second{1};              ///< timestamps: units in a second
  bool zoned{false};                       ///< timestamps: whether they are instants; else readings of a wall clock
  Kind index{Kind::int32};                 ///< dictionaries: type of the codes
  std::shared_ptr<const ArrowType> value;  ///< dictionaries and lists: type of the values

  [[nodiscard]] bool is_integer() const noexcept { return kind >= Kind::int8 && kind <= Kind::uint64; }
  [[nodiscard]] bool is_float() const noexcept { return kind >= Kind::half && kind <= Kind::float64; }
  [[nodiscard]] bool is_decimal() const noexcept { return kind >= Kind::decimal32 && kind <= Kind::decimal256; }
  [[nodiscard]] bool is_text() const noexcept { return kind >= Kind::text32 && kind <= Kind::text_view; }
  [[nodiscard]] bool is_list() const noexcept { return kind == Kind::list32 || kind == Kind::list64; }
  /// The type itself, or of a dictionary's values.
  [[nodiscard]] const ArrowType& decoded() const noexcept { return kind == Kind::dictionary ? *value : *this; }
};

/// Nullopt for a format that klientela does not read.
/// \param depth  how many types this one lies in
[[nodiscard]] std::optional<ArrowType> read_type(const ArrowSchema& schema, int depth = 0);

/// A view of one array. Its element i stands at `offset + i` of the buffers. Lives as long as the host's array.
struct ArrayView {
  const ArrowType* type{nullptr};
  std::int64_t offset{0};
  std::int64_t length{0};
  const std::uint8_t* validity{nullptr};  ///< null pointer: no nulls
  const void* data{nullptr};              ///< values, bits, offsets, views or codes
  const char* characters{nullptr};        ///< of text32 and text64
  const void* const* variadic{nullptr};   ///< of text_view
  std::int64_t n_variadic{0};
  const void* variadic_sizes{nullptr};     ///< int64 bytes of each of them
  std::shared_ptr<const ArrayView> child;  ///< values of a dictionary or list

  template <class T>
  [[nodiscard]] const T* values() const noexcept {
    return static_cast<const T*>(data) + offset;
  }
  [[nodiscard]] bool is_null(std::int64_t i) const noexcept {
    return (validity != nullptr || type->kind == Kind::dictionary || type->kind == Kind::null) && is_null_anyhow(i);
  }
  /// Code of a dictionary array; -1 where it is none of the dictionary's.
  [[nodiscard]] std::int64_t code(std::int64_t i) const noexcept;
  /// Bytes of a text. Nullopt where the offsets or the view leave the buffers they name.
  [[nodiscard]] std::optional<std::string_view> text(std::int64_t i) const noexcept {
    if (type->kind != Kind::text32) return text_anyhow(i);
    const auto* offsets = values<std::int32_t>() + i;
    return cut(offsets[0], offsets[1]);
  }
  /// Begin and end in child of a list; nullopt where they leave it.
  [[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> list(std::int64_t i) const noexcept;

 private:
  [[nodiscard]] bool is_null_anyhow(std::int64_t i) const noexcept;
  [[nodiscard]] std::optional<std::string_view> text_anyhow(std::int64_t i) const noexcept;
  [[nodiscard]] std::optional<std::string_view> cut(std::int64_t begin, std::int64_t end) const noexcept {
    if (begin < 0 || end < begin) return std::nullopt;
    if (begin == end) return std::string_view{};
    if (characters == nullptr) return std::nullopt;
    return std::string_view(characters + begin, static_cast<std::size_t>(end - begin));
  }
};

/// Checks an array against its type as far as the C data interface lets one. \throws Error bad_data naming `where`
[[nodiscard]] ArrayView view_of(const ArrowArray& array, const ArrowType& type, std::int64_t offset,
                                std::int64_t length, const std::string& where);

/// A delivered column: views over the batches, one after the other.
class Source {
 public:
  struct Part {
    std::size_t begin;
    std::size_t size;
    ArrayView array;
  };

  std::string name;
  std::string where;  ///< "table.column"
  std::shared_ptr<const ArrowType> type;
  std::vector<Part> parts;  ///< none is empty
  std::size_t rows{0};

  [[nodiscard]] std::size_t part_of(std::size_t row) const noexcept;
  [[nodiscard]] const Part& at(std::size_t row) const noexcept { return parts[part_of(row)]; }
  /// Calls visit(array, first element in it, place from `begin`, how many) for the parts of [begin, begin + n).
  template <class Visit>
  void for_parts(std::size_t begin, std::size_t n, Visit visit) const {
    std::size_t done = 0;
    for (std::size_t p = n > 0 ? part_of(begin) : 0; done < n; ++p) {
      const Part& part = parts[p];
      const std::size_t first = begin + done - part.begin;
      const std::size_t count = part.size - first < n - done ? part.size - first : n - done;
      visit(part.array, static_cast<std::int64_t>(first), done, count);
      done += count;
    }
  }
  [[nodiscard]] bool is_null(std::size_t row) const noexcept {
    const Part& part = at(row);
    return part.array.is_null(static_cast<std::int64_t>(row - part.begin));
  }
  /// Whether any row of [begin, begin + n) may be null; false is sure.
  [[nodiscard]] bool may_hold_nulls(std::size_t begin, std::size_t n) const noexcept;
};

/// Arrays that a stream gave; releases them with the last holder.
class Batches {
 public:
  Batches() = default;
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;
  ~Batches();
  std::vector<ArrowArray> arrays;
};

/// A table as delivered.
struct Delivery {
  std::shared_ptr<Batches> batches;
  std::vector<Source> columns;
  std::size_t rows{0};
};

/// Reads a stream: first the names of its columns, then those that are wanted.
class StreamReader {
 public:
  StreamReader(ArrowStream stream, std::string table);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  /// The Arrow format of a column; empty where the schema has none.
  [[nodiscard]] std::string_view format(std::size_t column) const noexcept {
    const char* const text = schema_.children[column]->format;
    return text != nullptr ? text : "";
  }
  /// \param keep  one flag per name
  [[nodiscard]] Delivery read(const std::vector<bool>& keep);

 private:
  [[noreturn]] void fail(const std::string& what, int code);
  ArrowStream stream_;
  ArrowSchema schema_{};
  std::string table_;
  std::vector<std::string> names_;
};

}  // namespace klientela::detail
