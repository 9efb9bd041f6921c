// C ABI of tables: plain getters, Arrow out, CSV, and the builder that makes tables out of C arrays.
#include <cstring>
#include <limits>
#include <span>

#include "call_guard.hpp"
#include "klientela/core/arrow.hpp"
#include "klientela/report/report.hpp"

using namespace klientela;
using namespace klientela::capi;

static_assert(KLT_COLUMN_BOOLEAN == static_cast<int>(ColumnType::boolean));
static_assert(KLT_COLUMN_INT8 == static_cast<int>(ColumnType::int8));
static_assert(KLT_COLUMN_INT32 == static_cast<int>(ColumnType::int32));
static_assert(KLT_COLUMN_INT64 == static_cast<int>(ColumnType::int64));
static_assert(KLT_COLUMN_DOUBLE == static_cast<int>(ColumnType::float64));
static_assert(KLT_COLUMN_MONEY == static_cast<int>(ColumnType::money));
static_assert(KLT_COLUMN_DAY == static_cast<int>(ColumnType::day));
static_assert(KLT_COLUMN_INSTANT == static_cast<int>(ColumnType::instant));
static_assert(KLT_COLUMN_LABEL == static_cast<int>(ColumnType::label));
static_assert(KLT_COLUMN_TERM == static_cast<int>(ColumnType::term));
static_assert(KLT_COLUMN_TEXT == static_cast<int>(ColumnType::text));

namespace {

const Column* find_column(const klt_table* table, std::size_t column) noexcept {
  return table != nullptr && column < table->table.columns().size() ? &table->table.columns()[column] : nullptr;
}

const Column& column_of(const klt_table* table, std::size_t column) {
  const auto& columns = need(table, "table").table.columns();
  need_index(column, columns.size(), "column");
  return columns[column];
}

const Column& cell_of(const klt_table* table, std::size_t column, std::size_t row) {
  const Column& found = column_of(table, column);
  need_index(row, found.size(), "row");
  return found;
}

[[noreturn]] void wrong_type(const Column& column, const char* wanted) {
  throw Error(Code::invalid_argument,
              "column \"" + column.name() + "\" holds " + std::string(name(column.type())) + ", not " + wanted,
              "column");
}

bool has_labels(const Column& column) noexcept {
  return column.type() == ColumnType::label || column.type() == ColumnType::term;
}

void copy_valid(const Column& column, std::size_t first, std::size_t count, std::uint8_t* valid) {
  if (valid == nullptr) return;
  for (std::size_t i = 0; i < count; ++i) valid[i] = column.is_null(first + i) ? 0 : 1;
}

void read_whole(const Column& column, std::size_t first, std::size_t count, std::int64_t* out) {
  const auto copy = [&](auto values) {
    for (std::size_t i = 0; i < count; ++i)
      out[i] = column.is_null(first + i) ? 0 : static_cast<std::int64_t>(values[first + i]);
  };
  switch (column.type()) {
    case ColumnType::boolean: return copy(column.values<std::uint8_t>());
    case ColumnType::int8: return copy(column.values<std::int8_t>());
    case ColumnType::int32:
    case ColumnType::day: return copy(column.values<std::int32_t>());
    case ColumnType::int64:
    case ColumnType::money:
    case ColumnType::instant: return copy(column.values<std::int64_t>());
    case ColumnType::label: return copy(column.values<std::uint16_t>());
    case ColumnType::term: return copy(column.values<std::uint32_t>());
    case ColumnType::float64:
    case ColumnType::text: break;
  }
  wrong_type(column, "whole numbers");
}

void read_real(const Column& column, std::size_t first, std::size_t count, double* out) {
  const auto copy = [&](auto values, double scale) {
    for (std::size_t i = 0; i < count; ++i)
      out[i] = column.is_null(first + i) ? std::numeric_limits<double>::quiet_NaN()
                                         : static_cast<double>(values[first + i]) / scale;
  };
  switch (column.type()) {
    case ColumnType::boolean: return copy(column.values<std::uint8_t>(), 1);
    case ColumnType::int8: return copy(column.values<std::int8_t>(), 1);
    case ColumnType::int32:
    case ColumnType::day: return copy(column.values<std::int32_t>(), 1);
    case ColumnType::int64: return copy(column.values<std::int64_t>(), 1);
    case ColumnType::float64: return copy(column.values<double>(), 1);
    case ColumnType::money: return copy(column.values<std::int64_t>(), static_cast<double>(Money::scale));
    case ColumnType::instant:
    case ColumnType::label:
    case ColumnType::term:
    case ColumnType::text: break;
  }
  wrong_type(column, "numbers");
}

void need_rows(const Column& column, std::size_t first, std::size_t count) {
  if (first > column.size() || count > column.size() - first)
    throw Error(Code::out_of_range,
                std::to_string(count) + " rows from row " + std::to_string(first) + " leave a table of " +
                    std::to_string(column.size()),
                first > column.size() ? "first_row" : "count");
}

/// One bit per row out of one byte per row; empty where every row has a value.
Buffer<std::uint8_t> to_bits(const std::uint8_t* valid, std::size_t rows) {
  if (valid == nullptr) return {};
  Buffer<std::uint8_t> bits((rows + 7) / 8, 0);
  for (std::size_t i = 0; i < rows; ++i)
    if (valid[i] != 0) bits[i >> 3] = static_cast<std::uint8_t>(bits[i >> 3] | (1U << (i & 7)));
  return bits;
}

std::string new_name(const klt_table_builder& builder, const char* name) {
  std::string given(need_text(name, "name"));
  if (given.empty()) throw Error(Code::invalid_argument, "a column needs a name", "name");
  for (const Column& column : builder.columns)
    if (column.name() == given)
      throw Error(Code::invalid_argument, "there is a column \"" + given + "\" already", "name");
  return given;
}

void need_values(const klt_table_builder& builder, const void* values, const char* argument) {
  if (builder.rows > 0 && values == nullptr)
    throw Error(Code::invalid_argument, std::string("argument '") + argument + "' must not be NULL", argument);
}

template <class T, class Normal>
klt_status add_numbers(klt_context* context, klt_table_builder* builder, const char* name, ColumnType type,
                       const T* values, const std::uint8_t* valid, Normal normal) {
  return guard(context, [&] {
    klt_table_builder& made = need(builder, "builder");
    std::string given = new_name(made, name);
    need_values(made, values, "values");
    Buffer<T> copy(made.rows);
    for (std::size_t i = 0; i < made.rows; ++i)
      copy[i] = valid != nullptr && valid[i] == 0 ? T{} : normal(values[i], i);
    made.columns.emplace_back(std::move(given), type, std::move(copy), to_bits(valid, made.rows));
  });
}

template <class T>
klt_status add_numbers(klt_context* context, klt_table_builder* builder, const char* name, ColumnType type,
                       const T* values, const std::uint8_t* valid) {
  return add_numbers(context, builder, name, type, values, valid, [](T value, std::size_t) { return value; });
}

/// A text column; text_of gives the bytes of a row or nothing.
template <class TextOf>
void add_texts(klt_table_builder& builder, std::string name, TextOf text_of) {
  const std::size_t rows = builder.rows;
  Buffer<std::int64_t> offsets(rows + 1);
  Buffer<std::uint8_t> valid((rows + 7) / 8, 0);
  std::size_t bytes = 0;
  bool nulls = false;
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::optional<std::string_view> text = text_of(i);
    if (text) {
      bytes += text->size();
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    }
    nulls = nulls || !text;
    offsets[i + 1] = static_cast<std::int64_t>(bytes);
  }
  Buffer<char> characters(bytes);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::optional<std::string_view> text = text_of(i);
    if (text && !text->empty()) std::memcpy(characters.data() + offsets[i], text->data(), text->size());
  }
  builder.columns.emplace_back(std::move(name), std::move(offsets), std::move(characters),
                               nulls ? std::move(valid) : Buffer<std::uint8_t>{});
}

}  // namespace

extern "C" {

void klt_table_free(klt_table* table) { delete table; }

size_t klt_table_row_count(const klt_table* table) { return table != nullptr ? table->table.rows() : 0; }

size_t klt_table_column_count(const klt_table* table) { return table != nullptr ? table->table.columns().size() : 0; }

const char* klt_table_column_name(const klt_table* table, size_t column) {
  const Column* found = find_column(table, column);
  return found != nullptr ? found->name().c_str() : nullptr;
}

klt_column_type klt_table_column_type(const klt_table* table, size_t column) {
  const Column* found = find_column(table, column);
  return found != nullptr ? static_cast<klt_column_type>(found->type()) : -1;
}

size_t klt_table_null_count(const klt_table* table, size_t column) {
  const Column* found = find_column(table, column);
  return found != nullptr ? found->null_count() : 0;
}

klt_status klt_table_find_column(klt_context* context, const klt_table* table, const char* name, size_t* out) {
  return guard(context, [&] {
    const Table& found = need(table, "table").table;
    const std::string_view wanted = need_text(name, "name");
    need(out, "out");
    *out = static_cast<size_t>(&found.column(wanted) - found.columns().data());
  });
}

klt_status klt_table_is_null(klt_context* context, const klt_table* table, size_t column, size_t row, int* out) {
  return guard(context, [&] {
    const Column& found = cell_of(table, column, row);
    need(out, "out") = found.is_null(row) ? 1 : 0;
  });
}

klt_status klt_table_get_int64(klt_context* context, const klt_table* table, size_t column, size_t row, int64_t* out) {
  return guard(context, [&] {
    const Column& found = cell_of(table, column, row);
    read_whole(found, row, 1, &need(out, "out"));
  });
}

klt_status klt_table_get_double(klt_context* context, const klt_table* table, size_t column, size_t row, double* out) {
  return guard(context, [&] {
    const Column& found = cell_of(table, column, row);
    read_real(found, row, 1, &need(out, "out"));
  });
}

klt_status klt_table_get_text(klt_context* context, const klt_table* table, size_t column, size_t row,
                              const char** text, size_t* size) {
  return guard(context, [&] {
    const Column& found = cell_of(table, column, row);
    need(text, "text");
    need(size, "size");
    if (found.type() != ColumnType::text && !has_labels(found)) wrong_type(found, "text");
    if (found.is_null(row)) {
      *text = nullptr;
      *size = 0;
      return;
    }
    const std::string_view value = found.text(row);
    *text = value.data() != nullptr ? value.data() : "";
    *size = value.size();
  });
}

klt_status klt_table_render(klt_context* context, const klt_table* table, size_t column, size_t row, klt_string** out) {
  return guard(context, [&] {
    const Column& found = cell_of(table, column, row);
    give(&need(out, "out"), found.to_text(row));
  });
}

klt_status klt_table_read_int64(klt_context* context, const klt_table* table, size_t column, size_t first_row,
                                size_t count, int64_t* values, uint8_t* valid) {
  return guard(context, [&] {
    const Column& found = column_of(table, column);
    need_rows(found, first_row, count);
    if (count > 0) need(values, "values");
    read_whole(found, first_row, count, values);
    copy_valid(found, first_row, count, valid);
  });
}

klt_status klt_table_read_double(klt_context* context, const klt_table* table, size_t column, size_t first_row,
                                 size_t count, double* values, uint8_t* valid) {
  return guard(context, [&] {
    const Column& found = column_of(table, column);
    need_rows(found, first_row, count);
    if (count > 0) need(values, "values");
    read_real(found, first_row, count, values);
    copy_valid(found, first_row, count, valid);
  });
}

klt_status klt_table_column_data(klt_context* context, const klt_table* table, size_t column, const void** values,
                                 const uint8_t** validity_bits) {
  return guard(context, [&] {
    const Column& found = column_of(table, column);
    need(values, "values");
    need(validity_bits, "validity_bits");
    if (found.type() == ColumnType::text) wrong_type(found, "numbers or labels");
    *values = found.data();
    *validity_bits = found.validity();
  });
}

klt_status klt_table_text_data(klt_context* context, const klt_table* table, size_t column, const int64_t** offsets,
                               const char** characters, const uint8_t** validity_bits) {
  return guard(context, [&] {
    const Column& found = column_of(table, column);
    need(offsets, "offsets");
    need(characters, "characters");
    need(validity_bits, "validity_bits");
    if (found.type() != ColumnType::text) wrong_type(found, "text");
    *offsets = found.text_offsets().data();
    *characters = found.text_characters().data();
    *validity_bits = found.validity();
  });
}

klt_status klt_table_label_count(klt_context* context, const klt_table* table, size_t column, size_t* out) {
  return guard(context, [&] {
    const Column& found = column_of(table, column);
    need(out, "out");
    if (!has_labels(found)) wrong_type(found, "labels");
    *out = found.labels().size();
  });
}

klt_status klt_table_label(klt_context* context, const klt_table* table, size_t column, size_t code, const char** text,
                           size_t* size) {
  return guard(context, [&] {
    const Column& found = column_of(table, column);
    need(text, "text");
    need(size, "size");
    if (!has_labels(found)) wrong_type(found, "labels");
    need_index(code, found.labels().size(), "code");
    *text = found.labels()[code].c_str();
    *size = found.labels()[code].size();
  });
}

klt_status klt_table_export_arrow(klt_context* context, const klt_table* table, struct ArrowArrayStream* out) {
  return guard(context, [&] {
    const Table& given = need(table, "table").table;
    need(out, "out");
    ArrowArrayStream stream{};
    export_stream(given, &stream);
    *out = stream;
  });
}

klt_status klt_table_to_csv(klt_context* context, const klt_table* table, klt_string** out) {
  return guard(context, [&] {
    const Table& given = need(table, "table").table;
    need(out, "out");
    give(out, to_csv(given));
  });
}

klt_status klt_table_builder_new(klt_context* context, size_t rows, klt_table_builder** out) {
  return guard(context, [&] {
    need(out, "out");
    if (rows > (std::uint64_t{1} << 40))
      throw Error(Code::out_of_range, std::to_string(rows) + " rows are more than 2^40", "rows");
    auto made = std::make_unique<klt_table_builder>();
    made->rows = rows;
    *out = made.release();
  });
}

void klt_table_builder_free(klt_table_builder* builder) { delete builder; }

klt_status klt_table_builder_add_int64(klt_context* context, klt_table_builder* builder, const char* name,
                                       const int64_t* values, const uint8_t* valid) {
  return add_numbers(context, builder, name, ColumnType::int64, values, valid);
}

klt_status klt_table_builder_add_double(klt_context* context, klt_table_builder* builder, const char* name,
                                        const double* values, const uint8_t* valid) {
  return add_numbers(context, builder, name, ColumnType::float64, values, valid);
}

klt_status klt_table_builder_add_money(klt_context* context, klt_table_builder* builder, const char* name,
                                       const int64_t* values, const uint8_t* valid) {
  return add_numbers(context, builder, name, ColumnType::money, values, valid, [](int64_t units, std::size_t row) {
    if (units == Money::null_units)
      throw Error(Code::overflow, "row " + std::to_string(row) + " holds INT64_MIN, which is no amount", "values");
    return units;
  });
}

klt_status klt_table_builder_add_day(klt_context* context, klt_table_builder* builder, const char* name,
                                     const int32_t* values, const uint8_t* valid) {
  return add_numbers(context, builder, name, ColumnType::day, values, valid);
}

klt_status klt_table_builder_add_instant(klt_context* context, klt_table_builder* builder, const char* name,
                                         const int64_t* values, const uint8_t* valid) {
  return add_numbers(context, builder, name, ColumnType::instant, values, valid);
}

klt_status klt_table_builder_add_boolean(klt_context* context, klt_table_builder* builder, const char* name,
                                         const uint8_t* values, const uint8_t* valid) {
  return add_numbers(context, builder, name, ColumnType::boolean, values, valid,
                     [](uint8_t value, std::size_t) { return static_cast<uint8_t>(value != 0 ? 1 : 0); });
}

klt_status klt_table_builder_add_text(klt_context* context, klt_table_builder* builder, const char* name,
                                      const char* const* values) {
  return guard(context, [&] {
    klt_table_builder& made = need(builder, "builder");
    std::string given = new_name(made, name);
    need_values(made, values, "values");
    add_texts(made, std::move(given), [&](std::size_t i) {
      return values[i] != nullptr ? std::optional<std::string_view>(values[i]) : std::nullopt;
    });
  });
}

klt_status klt_table_builder_add_sized_text(klt_context* context, klt_table_builder* builder, const char* name,
                                            const char* const* values, const size_t* sizes, const uint8_t* valid) {
  return guard(context, [&] {
    klt_table_builder& made = need(builder, "builder");
    std::string given = new_name(made, name);
    need_values(made, values, "values");
    need_values(made, sizes, "sizes");
    for (std::size_t i = 0; i < made.rows; ++i)
      if ((valid == nullptr || valid[i] != 0) && sizes[i] > 0) need(values[i], "values");
    add_texts(made, std::move(given), [&](std::size_t i) {
      return valid == nullptr || valid[i] != 0 ? std::optional<std::string_view>(std::in_place, values[i], sizes[i])
                                               : std::nullopt;
    });
  });
}

klt_status klt_table_builder_finish(klt_context* context, const klt_table_builder* builder, klt_table** out) {
  return guard(context, [&] {
    const klt_table_builder& made = need(builder, "builder");
    need(out, "out");
    if (made.columns.empty()) throw Error(Code::invalid_argument, "the builder has no column", "builder");
    give(out, Table(made.columns));
  });
}

}  // extern "C"
