// Reads Arrow schemas and arrays, trusting only what the C data interface leaves no way to check.
#include "ingest/arrow_column.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>

namespace klientela::detail {

namespace {

std::optional<Kind> index_kind(Kind kind) noexcept {
  return kind >= Kind::int8 && kind <= Kind::uint64 ? std::optional(kind) : std::nullopt;
}

std::optional<Kind> simple_kind(std::string_view format) noexcept {
  if (format.size() == 1) {
    switch (format[0]) {
      case 'n': return Kind::null;
      case 'b': return Kind::boolean;
      case 'c': return Kind::int8;
      case 'C': return Kind::uint8;
      case 's': return Kind::int16;
      case 'S': return Kind::uint16;
      case 'i': return Kind::int32;
      case 'I': return Kind::uint32;
      case 'l': return Kind::int64;
      case 'L': return Kind::uint64;
      case 'e': return Kind::half;
      case 'f': return Kind::float32;
      case 'g': return Kind::float64;
      case 'u':
      case 'z': return Kind::text32;
      case 'U':
      case 'Z': return Kind::text64;
      default: return std::nullopt;
    }
  }
  if (format == "vu" || format == "vz") return Kind::text_view;
  if (format == "tdD") return Kind::date32;
  if (format == "tdm") return Kind::date64;
  if (format == "+l") return Kind::list32;
  if (format == "+L") return Kind::list64;
  return std::nullopt;
}

/// "d:precision,scale[,bits]"
bool read_decimal(std::string_view format, ArrowType& type) noexcept {
  format.remove_prefix(2);
  int numbers[3] = {0, 0, 128};
  std::size_t count = 0;
  const char* at = format.data();
  const char* const end = at + format.size();
  while (count < 3) {
    const auto [next, error] = std::from_chars(at, end, numbers[count]);
    if (error != std::errc{}) return false;
    ++count;
    at = next;
    if (at == end) break;
    if (*at != ',') return false;
    ++at;
  }
  if (count < 2 || at != end || numbers[1] < -76 || numbers[1] > 76) return false;
  type.scale = numbers[1];
  switch (numbers[2]) {
    case 32: type.kind = Kind::decimal32; return true;
    case 64: type.kind = Kind::decimal64; return true;
    case 128: type.kind = Kind::decimal128; return true;
    case 256: type.kind = Kind::decimal256; return true;
    default: return false;
  }
}

/// Whether a text can be a time zone: an offset such as +03:00, or a name such as Europe/Moscow. Names are not looked
/// up: the values are UTC whatever the zone.
bool is_zone(std::string_view zone) noexcept {
  const auto digit = [&](std::size_t i) { return zone[i] >= '0' && zone[i] <= '9'; };
  if (zone[0] == '+' || zone[0] == '-') {
    return zone.size() == 6 && digit(1) && digit(2) && zone[3] == ':' && digit(4) && digit(5) &&
           (zone[1] - '0') * 10 + zone[2] - '0' < 24 && zone[4] < '6';
  }
  return std::all_of(zone.begin(), zone.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '+' || c == '-';
  });
}

bool read_timestamp(std::string_view format, ArrowType& type) noexcept {  // "tsu:Europe/Moscow"
  if (format.size() < 4 || format[3] != ':') return false;
  if (format.size() > 4 && !is_zone(format.substr(4))) return false;
  switch (format[2]) {
    case 's': type.per_second = 1; break;
    case 'm': type.per_second = 1'000; break;
    case 'u': type.per_second = 1'000'000; break;
    case 'n': type.per_second = 1'000'000'000; break;
    default: return false;
  }
  type.kind = Kind::timestamp;
  type.zoned = format.size() > 4;
  return true;
}

std::int64_t buffers_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::null: return 0;
    case Kind::text32:
    case Kind::text64:
    case Kind::text_view: return 3;
    default: return 2;
  }
}

}  // namespace

std::optional<ArrowType> read_type(const ArrowSchema& schema, int depth) {
  if (schema.format == nullptr || depth > 2) return std::nullopt;  // a list of texts by a dictionary is the deepest
  const std::string_view format = schema.format;
  ArrowType type;
  if (const auto kind = simple_kind(format)) {
    type.kind = *kind;
  } else if (format.starts_with("d:")) {
    if (!read_decimal(format, type)) return std::nullopt;
  } else if (format.starts_with("ts")) {
    if (!read_timestamp(format, type)) return std::nullopt;
  } else {
    return std::nullopt;
  }
  if (type.is_list()) {
    if (schema.n_children != 1 || schema.children == nullptr || schema.children[0] == nullptr) return std::nullopt;
    const auto value = read_type(*schema.children[0], depth + 1);
    if (!value || value->decoded().is_list()) return std::nullopt;
    type.value = std::make_shared<const ArrowType>(*value);
  }
  if (schema.dictionary != nullptr) {
    const auto index = index_kind(type.kind);
    const auto value = read_type(*schema.dictionary, depth + 1);
    if (!index || !value || value->kind == Kind::dictionary || value->is_list()) return std::nullopt;
    type = ArrowType{};
    type.kind = Kind::dictionary;
    type.index = *index;
    type.value = std::make_shared<const ArrowType>(*value);
  }
  return type;
}

bool ArrayView::is_null_anyhow(std::int64_t i) const noexcept {
  if (type->kind == Kind::null) return true;
  if (validity != nullptr) {
    const std::int64_t at = offset + i;
    if (((validity[at >> 3] >> (at & 7)) & 1) == 0) return true;
  }
  if (type->kind == Kind::dictionary) {
    const std::int64_t at = code(i);
    return at >= 0 && child->is_null(at);
  }
  return false;
}

std::int64_t ArrayView::code(std::int64_t i) const noexcept {
  std::int64_t at = -1;
  switch (type->index) {
    case Kind::int8: at = values<std::int8_t>()[i]; break;
    case Kind::uint8: at = values<std::uint8_t>()[i]; break;
    case Kind::int16: at = values<std::int16_t>()[i]; break;
    case Kind::uint16: at = values<std::uint16_t>()[i]; break;
    case Kind::int32: at = values<std::int32_t>()[i]; break;
    case Kind::uint32: at = values<std::uint32_t>()[i]; break;
    case Kind::int64: at = values<std::int64_t>()[i]; break;
    case Kind::uint64: at = static_cast<std::int64_t>(values<std::uint64_t>()[i]); break;
    default: break;
  }
  return at >= 0 && at < child->length ? at : -1;
}

std::optional<std::string_view> ArrayView::text_anyhow(std::int64_t i) const noexcept {
  switch (type->kind) {
    case Kind::text32: {
      const auto* offsets = values<std::int32_t>() + i;
      return cut(offsets[0], offsets[1]);
    }
    case Kind::text64: {
      const auto* offsets = values<std::int64_t>() + i;
      return cut(offsets[0], offsets[1]);
    }
    case Kind::text_view: {
      const char* view = static_cast<const char*>(data) + 16 * (offset + i);
      std::int32_t size = 0;
      std::memcpy(&size, view, 4);
      if (size < 0) return std::nullopt;
      if (size <= 12) return std::string_view(view + 4, static_cast<std::size_t>(size));
      std::int32_t buffer = 0;
      std::int32_t begin = 0;
      std::memcpy(&buffer, view + 8, 4);
      std::memcpy(&begin, view + 12, 4);
      if (buffer < 0 || buffer >= n_variadic || begin < 0 || variadic[buffer] == nullptr) return std::nullopt;
      std::int64_t held = 0;
      std::memcpy(&held, static_cast<const char*>(variadic_sizes) + 8 * std::int64_t{buffer}, 8);
      if (std::int64_t{begin} + size > held) return std::nullopt;
      return std::string_view(static_cast<const char*>(variadic[buffer]) + begin, static_cast<std::size_t>(size));
    }
    case Kind::dictionary: {
      const std::int64_t at = code(i);
      if (at < 0) return std::nullopt;
      return child->text(at);
    }
    default: return std::nullopt;
  }
}

std::optional<std::pair<std::int64_t, std::int64_t>> ArrayView::list(std::int64_t i) const noexcept {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  if (type->kind == Kind::list32) {
    begin = values<std::int32_t>()[i];
    end = values<std::int32_t>()[i + 1];
  } else {
    begin = values<std::int64_t>()[i];
    end = values<std::int64_t>()[i + 1];
  }
  if (begin < 0 || end < begin || end > child->length) return std::nullopt;
  return std::pair(begin, end);
}

ArrayView view_of(const ArrowArray& array, const ArrowType& type, std::int64_t offset, std::int64_t length,
                  const std::string& where) {
  const auto fail = [&](const char* what) { throw Error(Code::bad_data, fmt::format("{}: {}", where, what), where); };
  if (array.release == nullptr) fail("the Arrow array is released already");
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 64;
  if (array.length < 0 || array.offset < 0 || array.length > most || array.offset > most)
    fail("the Arrow array has a negative or absurd length or offset");
  if (offset > array.length || length > array.length - offset) fail("the Arrow array is shorter than its table");
  ArrayView view;
  view.type = &type;
  view.offset = array.offset + offset;
  view.length = length;
  const std::int64_t least = buffers_of(type.kind);
  if (array.n_buffers < least || (least > 0 && array.buffers == nullptr)) fail("the Arrow array has too few buffers");
  if (type.kind == Kind::null) return view;
  if (array.null_count != 0) view.validity = static_cast<const std::uint8_t*>(array.buffers[0]);
  view.data = array.buffers[1];
  if (view.data == nullptr && length > 0) fail("a buffer of the Arrow array is a null pointer");
  if (type.kind == Kind::text32 || type.kind == Kind::text64)
    view.characters = static_cast<const char*>(array.buffers[2]);
  if (type.kind == Kind::text_view) {
    view.variadic = array.buffers + 2;
    view.n_variadic = array.n_buffers - 3;
    view.variadic_sizes = array.buffers[array.n_buffers - 1];
    if (view.n_variadic > 0 && view.variadic_sizes == nullptr) fail("a buffer of the Arrow array is a null pointer");
  }
  if (type.kind == Kind::dictionary) {
    if (array.dictionary == nullptr) fail("the Arrow array has no dictionary");
    view.child =
        std::make_shared<const ArrayView>(view_of(*array.dictionary, *type.value, 0, array.dictionary->length, where));
  }
  if (type.is_list()) {
    if (array.n_children != 1 || array.children == nullptr || array.children[0] == nullptr)
      fail("the Arrow list has no values");
    view.child = std::make_shared<const ArrayView>(
        view_of(*array.children[0], *type.value, 0, array.children[0]->length, where));
  }
  return view;
}

std::size_t Source::part_of(std::size_t row) const noexcept {
  if (parts.size() <= 1) return 0;
  const auto after = std::upper_bound(parts.begin(), parts.end(), row,
                                      [](std::size_t value, const Part& part) { return value < part.begin; });
  return static_cast<std::size_t>(after - parts.begin()) - 1;
}

bool Source::may_hold_nulls(std::size_t begin, std::size_t n) const noexcept {
  bool found = false;
  for_parts(begin, n, [&](const ArrayView& array, std::int64_t first, std::size_t /*done*/, std::size_t count) {
    if (found) return;
    if (type->kind == Kind::null || (type->kind == Kind::dictionary && array.child->validity != nullptr)) found = true;
    if (array.validity == nullptr || found) return;
    std::int64_t at = array.offset + first;
    const std::int64_t end = at + static_cast<std::int64_t>(count);
    for (; at < end && (at & 7) != 0; ++at) found = found || ((array.validity[at >> 3] >> (at & 7)) & 1) == 0;
    for (; at + 8 <= end; at += 8) found = found || array.validity[at >> 3] != 0xFF;
    for (; at < end; ++at) found = found || ((array.validity[at >> 3] >> (at & 7)) & 1) == 0;
  });
  return found;
}

Batches::~Batches() {
  for (ArrowArray& array : arrays)
    if (array.release != nullptr) array.release(&array);
}

void StreamReader::fail(const std::string& what, int code) {
  std::string reason;
  if (stream_.get()->get_last_error != nullptr) {
    if (const char* text = stream_.get()->get_last_error(stream_.get())) reason = text;
  }
  if (reason.empty()) reason = fmt::format("error {}", code);
  throw Error(Code::bad_data, fmt::format("table {}: {}: {}", table_, what, reason), table_);
}

StreamReader::StreamReader(ArrowStream stream, std::string table)
    : stream_(std::move(stream)), table_(std::move(table)) {
  if (stream_.released())
    throw Error(Code::bad_data, fmt::format("table {}: the Arrow stream is released already", table_), table_);
  ArrowArrayStream* raw = stream_.get();
  if (raw->get_schema == nullptr || raw->get_next == nullptr)
    throw Error(Code::bad_data, fmt::format("table {}: the Arrow stream has no functions", table_), table_);
  if (const int code = raw->get_schema(raw, &schema_); code != 0) {
    schema_.release = nullptr;
    fail("the Arrow stream gave no schema", code);
  }
  struct Guard {  // the destructor does not run when the constructor throws
    ArrowSchema* schema;
    ~Guard() {
      if (schema != nullptr && schema->release != nullptr) schema->release(schema);
    }
  } guard{&schema_};
  if (schema_.release == nullptr)
    throw Error(Code::bad_data, fmt::format("table {}: the Arrow schema is released already", table_), table_);
  if (schema_.format == nullptr || std::string_view(schema_.format) != "+s")
    throw Error(Code::bad_data,
                fmt::format("table {}: the Arrow stream holds \"{}\", not tables", table_,
                            schema_.format != nullptr ? schema_.format : ""),
                table_);
  if (schema_.n_children < 0 || (schema_.n_children > 0 && schema_.children == nullptr))
    throw Error(Code::bad_data, fmt::format("table {}: the Arrow schema has no columns to look at", table_), table_);
  for (std::int64_t i = 0; i < schema_.n_children; ++i) {
    const ArrowSchema* child = schema_.children[i];
    if (child == nullptr || child->release == nullptr)
      throw Error(Code::bad_data, fmt::format("table {}: column {} of the Arrow schema is released already", table_, i),
                  table_);
    names_.emplace_back(child->name != nullptr ? child->name : "");
  }
  guard.schema = nullptr;
}

StreamReader::~StreamReader() {
  if (schema_.release != nullptr) schema_.release(&schema_);
}

Delivery StreamReader::read(const std::vector<bool>& keep) {
  Delivery delivery;
  delivery.batches = std::make_shared<Batches>();
  std::vector<std::size_t> children;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!keep[i]) continue;
    Source column;
    column.name = names_[i];
    column.where = fmt::format("{}.{}", table_, names_[i]);
    const ArrowSchema& schema = *schema_.children[i];
    const auto type = read_type(schema);
    if (!type)
      throw Error(Code::bad_data,
                  fmt::format("column {} has the Arrow format \"{}\"{}, which cannot be read", column.where,
                              schema.format != nullptr ? schema.format : "",
                              schema.dictionary != nullptr ? " with a dictionary" : ""),
                  column.where);
    column.type = std::make_shared<const ArrowType>(*type);
    delivery.columns.push_back(std::move(column));
    children.push_back(i);
  }
  ArrowArrayStream* raw = stream_.get();
  for (;;) {
    delivery.batches->arrays.emplace_back();
    ArrowArray& batch = delivery.batches->arrays.back();
    if (const int code = raw->get_next(raw, &batch); code != 0) {
      batch.release = nullptr;
      fail(fmt::format("the Arrow stream failed after {} rows", delivery.rows), code);
    }
    if (batch.release == nullptr) {
      delivery.batches->arrays.pop_back();
      break;
    }
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 64;
    if (batch.length < 0 || batch.offset < 0 || batch.length > most || batch.offset > most)
      throw Error(Code::bad_data, fmt::format("table {}: a batch has a negative or absurd length", table_), table_);
    if (batch.n_children != schema_.n_children || (batch.n_children > 0 && batch.children == nullptr))
      throw Error(
          Code::bad_data,
          fmt::format("table {}: a batch has {} columns, its schema {}", table_, batch.n_children, schema_.n_children),
          table_);
    if (batch.null_count != 0 && batch.n_buffers > 0 && batch.buffers != nullptr && batch.buffers[0] != nullptr) {
      const auto* valid = static_cast<const std::uint8_t*>(batch.buffers[0]);
      for (std::int64_t i = batch.offset; i < batch.offset + batch.length; ++i)
        if (((valid[i >> 3] >> (i & 7)) & 1) == 0)
          throw Error(Code::bad_data, fmt::format("table {}: a row is null as a whole", table_), table_);
    }
    const auto rows = static_cast<std::size_t>(batch.length);
    for (std::size_t c = 0; c < children.size(); ++c) {
      Source& column = delivery.columns[c];
      const ArrowArray* child = batch.children[children[c]];
      if (child == nullptr)
        throw Error(Code::bad_data, fmt::format("{}: the Arrow array is a null pointer", column.where), column.where);
      ArrayView view = view_of(*child, *column.type, batch.offset, batch.length, column.where);
      if (rows > 0) column.parts.push_back({delivery.rows, rows, std::move(view)});
      column.rows = delivery.rows + rows;
    }
    delivery.rows += rows;
  }
  return delivery;
}

}  // namespace klientela::detail
