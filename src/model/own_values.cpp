// Own columns: adding rows, and reading them in blocks.
#include "model/own_values.hpp"

#include <algorithm>

#include "model/base_data.hpp"

namespace klientela::index {
namespace {

template <class T>
void copy_block(const std::vector<T>& values, std::size_t begin, std::span<T> out) {
  if (begin > values.size() || out.size() > values.size() - begin)
    throw Error(Code::out_of_range, "rows of the column end at " + std::to_string(values.size()), "begin");
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(begin), out.size(), out.begin());
}

[[noreturn]] void wrong_type(FieldType type) {
  throw Error(Code::invalid_argument, "the field is of type " + std::string(name(type)), "type");
}

}  // namespace

void OwnValues::add_null() {
  switch (type_) {
    case FieldType::client:
    case FieldType::term: codes_.push_back(no_code); break;
    case FieldType::text: add_text({}); break;
    case FieldType::texts: values_.push_back(ends_.size()); break;
    case FieldType::money:
    case FieldType::number: numbers_.push_back(null_number); break;
    case FieldType::instant: numbers_.push_back(null_instant); break;
    case FieldType::day: days_.push_back(null_day); break;
    case FieldType::boolean: booleans_.push_back(2); break;
  }
}

void OwnValues::add_text(std::string_view value) {
  characters_ += value;
  ends_.push_back(characters_.size());
}

void OwnValues::add_texts(std::span<const std::string_view> values) {
  for (const std::string_view value : values) add_text(value);
  values_.push_back(ends_.size());
}

void OwnValues::add(const Values& from, std::size_t row) {
  switch (type_) {
    case FieldType::client:
    case FieldType::term: codes_.push_back(code_at(from, row)); break;
    case FieldType::text: add_text(from.text(row)); break;
    case FieldType::texts: add_texts(from.texts(row)); break;
    case FieldType::money:
    case FieldType::number: numbers_.push_back(number_at(from, row)); break;
    case FieldType::instant: numbers_.push_back(instant_at(from, row)); break;
    case FieldType::day: days_.push_back(day_at(from, row)); break;
    case FieldType::boolean: booleans_.push_back(boolean_at(from, row)); break;
  }
}

std::size_t OwnValues::size() const noexcept {
  switch (type_) {
    case FieldType::client:
    case FieldType::term: return codes_.size();
    case FieldType::text: return ends_.size();
    case FieldType::texts: return values_.size();
    case FieldType::day: return days_.size();
    case FieldType::boolean: return booleans_.size();
    default: return numbers_.size();
  }
}

void OwnValues::numbers(std::size_t begin, std::span<std::int64_t> out) const {
  if (type_ != FieldType::money && type_ != FieldType::number) wrong_type(type_);
  copy_block(numbers_, begin, out);
}

void OwnValues::instants(std::size_t begin, std::span<std::int64_t> out) const {
  if (type_ != FieldType::instant) wrong_type(type_);
  copy_block(numbers_, begin, out);
}

void OwnValues::days(std::size_t begin, std::span<std::int32_t> out) const {
  if (type_ == FieldType::day) return copy_block(days_, begin, out);
  if (type_ != FieldType::instant) wrong_type(type_);
  if (begin > numbers_.size() || out.size() > numbers_.size() - begin)
    throw Error(Code::out_of_range, "rows of the column end at " + std::to_string(numbers_.size()), "begin");
  zone_.days_of(std::span(numbers_).subspan(begin, out.size()), out);
}

void OwnValues::codes(std::size_t begin, std::span<std::uint32_t> out) const {
  if (type_ != FieldType::client && type_ != FieldType::term) wrong_type(type_);
  copy_block(codes_, begin, out);
}

void OwnValues::booleans(std::size_t begin, std::span<std::uint8_t> out) const {
  if (type_ != FieldType::boolean) wrong_type(type_);
  copy_block(booleans_, begin, out);
}

std::string_view OwnValues::text(std::size_t row) const {
  if (type_ != FieldType::text) wrong_type(type_);
  if (row >= ends_.size())
    throw Error(Code::out_of_range, "rows of the column end at " + std::to_string(ends_.size()), "row");
  const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
  return std::string_view(characters_).substr(begin, ends_[row] - begin);
}

std::vector<std::string_view> OwnValues::texts(std::size_t row) const {
  if (type_ != FieldType::texts) wrong_type(type_);
  if (row >= values_.size())
    throw Error(Code::out_of_range, "rows of the column end at " + std::to_string(values_.size()), "row");
  std::vector<std::string_view> list;
  for (std::size_t i = row == 0 ? 0 : values_[row - 1]; i < values_[row]; ++i) {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    list.push_back(std::string_view(characters_).substr(begin, ends_[i] - begin));
  }
  return list;
}

bool OwnValues::is_null(std::size_t row) const {
  if (row >= size()) throw Error(Code::out_of_range, "rows of the column end at " + std::to_string(size()), "row");
  switch (type_) {
    case FieldType::client:
    case FieldType::term: return codes_[row] == no_code;
    case FieldType::text: return text(row).empty();
    case FieldType::texts: return values_[row] == (row == 0 ? 0 : values_[row - 1]);
    case FieldType::day: return days_[row] == null_day;
    case FieldType::boolean: return booleans_[row] == 2;
    case FieldType::instant: return numbers_[row] == null_instant;
    default: return numbers_[row] == null_number;
  }
}

std::span<const std::uint32_t> OwnChunk::clients() const noexcept {
  const std::size_t field = client_field(table_);
  if (field >= columns_.size() || !columns_[field]) return {};
  return columns_[field]->all_codes();
}

std::size_t client_field(TableId table) noexcept {
  switch (table) {
    case TableId::directories: return no_list;
    case TableId::requests: return static_cast<std::size_t>(RequestField::client);
    case TableId::interactions: return static_cast<std::size_t>(InteractionField::client);
    default: return 0;
  }
}

std::uint32_t code_at(const Values& values, std::size_t row) {
  std::uint32_t value = no_code;
  values.codes(row, std::span(&value, 1));
  return value;
}

std::int64_t instant_at(const Values& values, std::size_t row) {
  std::int64_t value = null_instant;
  values.instants(row, std::span(&value, 1));
  return value;
}

std::int32_t day_at(const Values& values, std::size_t row) {
  std::int32_t value = null_day;
  values.days(row, std::span(&value, 1));
  return value;
}

std::int64_t number_at(const Values& values, std::size_t row) {
  std::int64_t value = null_number;
  values.numbers(row, std::span(&value, 1));
  return value;
}

std::uint8_t boolean_at(const Values& values, std::size_t row) {
  std::uint8_t value = 2;
  values.booleans(row, std::span(&value, 1));
  return value;
}

}  // namespace klientela::index
