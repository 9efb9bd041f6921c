// Columns and tables that klientela gives out.
#include "klientela/core/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "core/simd.hpp"

namespace klientela {

namespace {

std::size_t value_size(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean:
    case ColumnType::int8: return 1;
    case ColumnType::label: return 2;
    case ColumnType::int32:
    case ColumnType::day:
    case ColumnType::term: return 4;
    default: return 8;
  }
}

KLIENTELA_CLONES std::size_t count_nulls(const std::uint8_t* valid, std::size_t rows) noexcept {
  std::size_t set = 0;
  std::size_t byte = 0;
  for (; byte + 8 <= rows / 8; byte += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, valid + byte, sizeof word);
    set += static_cast<std::size_t>(std::popcount(word));
  }
  for (; byte < rows / 8; ++byte) set += static_cast<std::size_t>(std::popcount(valid[byte]));
  for (std::size_t i = rows / 8 * 8; i < rows; ++i) set += (valid[i >> 3] >> (i & 7)) & 1U;
  return rows - set;
}

/// Offsets, characters and validity of a text column; `text_of` gives a pointer to a text or null.
template <class TextOf>
Column make_text(std::string name, std::size_t rows, TextOf text_of) {
  std::size_t bytes = 0;
  bool nulls = false;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::optional<std::string_view> text = text_of(i);
    if (text) bytes += text->size();
    nulls = nulls || !text;
  }
  Buffer<std::int64_t> offsets(rows + 1);
  Buffer<char> characters(bytes);
  Buffer<std::uint8_t> valid;
  if (nulls) valid = Buffer<std::uint8_t>((rows + 7) / 8, 0);
  std::size_t end = 0;
  offsets[0] = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::optional<std::string_view> text = text_of(i);
    if (text) {
      if (!text->empty()) std::memcpy(characters.data() + end, text->data(), text->size());
      end += text->size();
      if (nulls) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    }
    offsets[i + 1] = static_cast<std::int64_t>(end);
  }
  return Column(std::move(name), std::move(offsets), std::move(characters), std::move(valid));
}

KLIENTELA_CLONES std::uint32_t largest(const std::uint16_t* codes, std::size_t n) noexcept {
  std::uint16_t found = 0;
  for (std::size_t i = 0; i < n; ++i) found = codes[i] > found ? codes[i] : found;
  return found;
}

KLIENTELA_CLONES std::uint32_t largest(const std::uint32_t* codes, std::size_t n) noexcept {
  std::uint32_t found = 0;
  for (std::size_t i = 0; i < n; ++i) found = codes[i] > found ? codes[i] : found;
  return found;
}

template <class T>
void check_codes(const std::string& column, std::span<const T> codes, std::size_t labels, const Column& self) {
  if (codes.empty() || largest(codes.data(), codes.size()) < labels) return;
  for (std::size_t i = 0; i < codes.size(); ++i)
    if (codes[i] >= labels && !self.is_null(i))
      throw Error(Code::out_of_range,
                  fmt::format("row {} of column \"{}\" has code {} of {} labels", i, column, codes[i], labels), column);
}

}  // namespace

std::string_view name(ColumnType type) noexcept {
  switch (type) {
    case ColumnType::boolean: return "boolean";
    case ColumnType::int8: return "int8";
    case ColumnType::int32: return "int32";
    case ColumnType::int64: return "int64";
    case ColumnType::float64: return "float64";
    case ColumnType::money: return "money";
    case ColumnType::day: return "day";
    case ColumnType::instant: return "instant";
    case ColumnType::label: return "label";
    case ColumnType::term: return "term";
    case ColumnType::text: return "text";
  }
  return "unknown";
}

void Column::adopt(std::shared_ptr<const void> owner, const void* data, std::size_t size,
                   std::shared_ptr<const Buffer<std::uint8_t>> valid) {
  owner_ = std::move(owner);
  data_ = data;
  size_ = size;
  if (valid) {
    if (valid->size() != (size + 7) / 8)
      throw Error(Code::invalid_argument,
                  fmt::format("validity of column \"{}\" has {} bytes for {} rows", name_, valid->size(), size), name_);
    nulls_ = count_nulls(valid->data(), size);
    if (nulls_ > 0) {
      valid_ = valid->data();
      valid_owner_ = std::move(valid);
    }
  }
  if (type_ == ColumnType::label || type_ == ColumnType::term) {
    if (!labels_) throw Error(Code::invalid_argument, fmt::format("column \"{}\" has no labels", name_), name_);
    if (type_ == ColumnType::label) check_codes(name_, values<std::uint16_t>(), labels_->size(), *this);
    if (type_ == ColumnType::term) check_codes(name_, values<std::uint32_t>(), labels_->size(), *this);
  }
}

Column::Column(std::string name, const std::vector<std::optional<std::string>>& values)
    : Column(make_text(std::move(name), values.size(), [&](std::size_t i) {
        return values[i] ? std::optional<std::string_view>(*values[i]) : std::nullopt;
      })) {}

Column::Column(std::string name, const std::vector<std::string>& values)
    : Column(make_text(std::move(name), values.size(),
                       [&](std::size_t i) { return std::optional<std::string_view>(values[i]); })) {}

Column::Column(std::string name, Buffer<std::int64_t> offsets, Buffer<char> characters, Buffer<std::uint8_t> valid)
    : name_(std::move(name)), type_(ColumnType::text) {
  if (offsets.empty())
    throw Error(Code::invalid_argument, fmt::format("text column \"{}\" has no offsets", name_), name_);
  bool ascending = offsets[0] >= 0 && static_cast<std::size_t>(offsets[offsets.size() - 1]) <= characters.size();
  for (std::size_t i = 1; i < offsets.size() && ascending; ++i) ascending = offsets[i - 1] <= offsets[i];
  if (!ascending)
    throw Error(Code::invalid_argument, fmt::format("offsets of text column \"{}\" do not cut its bytes", name_),
                name_);
  auto texts = std::make_shared<const Buffer<char>>(std::move(characters));
  characters_ = texts->data();
  characters_owner_ = std::move(texts);
  auto cuts = std::make_shared<const Buffer<std::int64_t>>(std::move(offsets));
  adopt(cuts, cuts->data(), cuts->size() - 1,
        valid.empty() ? nullptr : std::make_shared<const Buffer<std::uint8_t>>(std::move(valid)));
}

std::vector<double> Column::to_doubles() const {
  std::vector<double> out(size_);
  const auto fill = [&](auto values, double scale) {
    for (std::size_t i = 0; i < size_; ++i)
      out[i] = is_null(i) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(values[i]) / scale;
  };
  switch (type_) {
    case ColumnType::boolean: fill(values<std::uint8_t>(), 1); break;
    case ColumnType::int8: fill(values<std::int8_t>(), 1); break;
    case ColumnType::int32:
    case ColumnType::day: fill(values<std::int32_t>(), 1); break;
    case ColumnType::int64: fill(values<std::int64_t>(), 1); break;
    case ColumnType::float64: fill(values<double>(), 1); break;
    case ColumnType::money: fill(values<std::int64_t>(), static_cast<double>(Money::scale)); break;
    default:
      throw Error(Code::invalid_argument,
                  fmt::format("column \"{}\" holds {}, not numbers", name_, klientela::name(type_)), name_);
  }
  return out;
}

const std::vector<std::string>& Column::labels() const {
  if (!labels_)
    throw Error(Code::invalid_argument,
                fmt::format("column \"{}\" holds {}, it has no labels", name_, klientela::name(type_)), name_);
  return *labels_;
}

std::shared_ptr<const std::vector<std::string>> Column::shared_labels() const {
  static_cast<void>(labels());
  return labels_;
}

std::string_view Column::text(std::size_t row) const {
  if (row >= size_) throw Error(Code::out_of_range, fmt::format("column \"{}\" has no row {}", name_, row), name_);
  if (type_ != ColumnType::text && type_ != ColumnType::label && type_ != ColumnType::term)
    throw Error(Code::invalid_argument, fmt::format("column \"{}\" holds {}, not text", name_, klientela::name(type_)),
                name_);
  if (is_null(row)) return {};
  if (type_ == ColumnType::label) return (*labels_)[static_cast<const std::uint16_t*>(data_)[row]];
  if (type_ == ColumnType::term) return (*labels_)[static_cast<const std::uint32_t*>(data_)[row]];
  const auto* offsets = static_cast<const std::int64_t*>(data_);
  if (offsets[row] == offsets[row + 1]) return {};
  return {characters_ + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
}

std::string Column::to_text(std::size_t row) const {
  if (row >= size_) throw Error(Code::out_of_range, fmt::format("column \"{}\" has no row {}", name_, row), name_);
  if (is_null(row)) return {};
  switch (type_) {
    case ColumnType::boolean: return static_cast<const std::uint8_t*>(data_)[row] != 0 ? "true" : "false";
    case ColumnType::int8: return std::to_string(static_cast<const std::int8_t*>(data_)[row]);
    case ColumnType::int32: return std::to_string(static_cast<const std::int32_t*>(data_)[row]);
    case ColumnType::int64: return std::to_string(static_cast<const std::int64_t*>(data_)[row]);
    case ColumnType::float64: return fmt::format("{}", static_cast<const double*>(data_)[row]);
    case ColumnType::money: return Money::from_units(static_cast<const std::int64_t*>(data_)[row]).to_text();
    case ColumnType::day:
      return klientela::to_text(Day{std::chrono::days{static_cast<const std::int32_t*>(data_)[row]}});
    case ColumnType::instant:
      return klientela::to_text(Instant{std::chrono::microseconds{static_cast<const std::int64_t*>(data_)[row]}});
    default: return std::string(text(row));
  }
}

Column Column::renamed(std::string name) const {
  Column copy = *this;
  copy.name_ = std::move(name);
  return copy;
}

Column Column::take(std::span<const std::uint32_t> rows) const {
  for (const std::uint32_t row : rows)
    if (row >= size_) throw Error(Code::out_of_range, fmt::format("column \"{}\" has no row {}", name_, row), name_);
  if (type_ == ColumnType::text)
    return make_text(name_, rows.size(), [&](std::size_t i) {
      return is_null(rows[i]) ? std::nullopt : std::optional<std::string_view>(text(rows[i]));
    });
  Buffer<std::uint8_t> valid;
  if (valid_ != nullptr) {
    valid = Buffer<std::uint8_t>((rows.size() + 7) / 8, 0);
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!is_null(rows[i])) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
  }
  const auto pick = [&]<class T>(T /*type*/) {
    const T* in = static_cast<const T*>(data_);
    Buffer<T> out(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = in[rows[i]];
    return out;
  };
  if (type_ == ColumnType::label) return Column(name_, pick(std::uint16_t{}), labels_, std::move(valid));
  if (type_ == ColumnType::term) return Column(name_, pick(std::uint32_t{}), labels_, std::move(valid));
  if (type_ == ColumnType::float64) return Column(name_, type_, pick(double{}), std::move(valid));
  if (type_ == ColumnType::int8) return Column(name_, type_, pick(std::int8_t{}), std::move(valid));
  if (type_ == ColumnType::boolean) return Column(name_, type_, pick(std::uint8_t{}), std::move(valid));
  if (value_size(type_) == 4) return Column(name_, type_, pick(std::int32_t{}), std::move(valid));
  return Column(name_, type_, pick(std::int64_t{}), std::move(valid));
}

std::span<const std::int64_t> Column::text_offsets() const {
  if (type_ != ColumnType::text)
    throw Error(Code::invalid_argument, fmt::format("column \"{}\" holds {}, not text", name_, klientela::name(type_)),
                name_);
  return {static_cast<const std::int64_t*>(data_), size_ + 1};
}

std::span<const char> Column::text_characters() const {
  const auto offsets = text_offsets();
  return {characters_, static_cast<std::size_t>(offsets.back())};
}

Table::Table(std::vector<Column> columns) {
  for (Column& column : columns) add(std::move(column));
}

const Column* Table::find(std::string_view name) const noexcept {
  for (const Column& column : columns_)
    if (column.name() == name) return &column;
  return nullptr;
}

const Column& Table::column(std::string_view name) const {
  if (const Column* found = find(name)) return *found;
  std::string known;
  for (const Column& column : columns_) known += (known.empty() ? "" : ", ") + column.name();
  throw Error(Code::not_found, fmt::format("there is no column \"{}\"; there are: {}", name, known), std::string(name));
}

void Table::add(Column column) {
  if (find(column.name()) != nullptr)
    throw Error(Code::invalid_argument, fmt::format("the table has a column \"{}\" already", column.name()),
                column.name());
  if (!columns_.empty() && column.size() != rows_)
    throw Error(Code::invalid_argument,
                fmt::format("column \"{}\" has {} rows, the table {}", column.name(), column.size(), rows_),
                column.name());
  rows_ = column.size();
  columns_.push_back(std::move(column));
}

void Table::set(Column column) {
  for (Column& own : columns_) {
    if (own.name() != column.name()) continue;
    if (column.size() != rows_)
      throw Error(Code::invalid_argument,
                  fmt::format("column \"{}\" has {} rows, the table {}", column.name(), column.size(), rows_),
                  column.name());
    own = std::move(column);
    return;
  }
  add(std::move(column));
}

Table Table::take(std::span<const std::uint32_t> rows) const {
  Table out;
  for (const Column& column : columns_) out.add(column.take(rows));
  return out;
}

}  // namespace klientela
