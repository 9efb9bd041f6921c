// Reads any Arrow C stream of plain columns into one table, for estimators and for klientela.Table(data).
#include <algorithm>
#include <limits>
#include <unordered_map>

#include "common.hpp"
#include "ingest/arrow_column.hpp"
#include "ingest/cells.hpp"

namespace klientela::python {
namespace {

using detail::ArrayView;
using detail::Kind;
using detail::Source;

[[noreturn]] void refuse(const Source& column, const std::string& why, Code code = Code::bad_data) {
  throw Error(code, "column '" + column.name + "' " + why, column.name);
}

std::string in_row(std::size_t row) { return " in row " + std::to_string(row + 1) + ", counted from 1"; }

/// Calls each(array, element, row) for every row.
template <class Each>
void walk(const Source& column, Each&& each) {
  for (const Source::Part& part : column.parts)
    for (std::size_t i = 0; i < part.size; ++i) each(part.array, static_cast<std::int64_t>(i), part.begin + i);
}

/// A bit for every row that is not null; empty where none is.
Buffer<std::uint8_t> validity(const Source& column) {
  Buffer<std::uint8_t> valid;
  if (!column.may_hold_nulls(0, column.rows)) return valid;
  valid = Buffer<std::uint8_t>((column.rows + 7) / 8, 0);
  walk(column, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    if (!array.is_null(i)) valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
  });
  return valid;
}

/// read(array, element, row) of every row that is not null.
template <class To, class Read>
Column filled(const Source& column, ColumnType type, Read&& read) {
  Buffer<To> values(column.rows);
  walk(column, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    values[row] = array.is_null(i) ? To{} : read(array, i, row);
  });
  return {column.name, type, std::move(values), validity(column)};
}

template <class To, class From>
Column plain(const Source& column, ColumnType type) {
  return filled<To>(column, type, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    const From value = array.values<From>()[i];
    if constexpr (std::is_same_v<From, std::uint64_t>) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        refuse(column, "holds an unsigned number above the range of int64" + in_row(row));
    }
    return static_cast<To>(value);
  });
}

/// Integers of which `divide` make `multiply` of the target, rounded down.
template <class To>
Column scaled(const Source& column, ColumnType type, std::int64_t multiply, std::int64_t divide) {
  return filled<To>(column, type, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    std::int64_t value = array.values<std::int64_t>()[i];
    const bool fits = !__builtin_mul_overflow(value, multiply, &value);
    const std::int64_t quotient = value / divide - (value % divide < 0 ? 1 : 0);
    if (!fits || quotient > std::numeric_limits<To>::max() || quotient < std::numeric_limits<To>::min())
      refuse(column, "holds a moment out of range" + in_row(row));
    return static_cast<To>(quotient);
  });
}

Column decimals(const Source& column) {
  const detail::Reading reading;
  return filled<std::int64_t>(column, ColumnType::money, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    std::int64_t units = 0;
    const detail::Mark problem = detail::number_at(array, i, reading, units);
    if (problem == detail::mark(RejectReason::too_many_decimals))
      refuse(column, "holds a decimal with a non-zero digit past the fourth" + in_row(row));
    if (problem != detail::fine)
      refuse(column, "holds a decimal that does not fit money" + in_row(row), Code::overflow);
    return units;
  });
}

std::string_view text_of(const Source& column, const ArrayView& array, std::int64_t i, std::size_t row) {
  const auto text = array.text(i);
  if (!text) refuse(column, "has a text outside its buffers" + in_row(row));
  if (!detail::valid_utf8(*text)) refuse(column, "has a text that is no UTF-8" + in_row(row));
  return *text;
}

Column texts(const Source& column) {
  Buffer<std::int64_t> offsets(column.rows + 1);
  offsets[0] = 0;
  walk(column, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    const std::size_t size = array.is_null(i) ? 0 : text_of(column, array, i, row).size();
    offsets[row + 1] = offsets[row] + static_cast<std::int64_t>(size);
  });
  Buffer<char> characters(static_cast<std::size_t>(offsets[column.rows]));
  walk(column, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    if (array.is_null(i)) return;
    const std::string_view text = *array.text(i);
    std::copy(text.begin(), text.end(), characters.data() + offsets[row]);
  });
  return {column.name, std::move(offsets), std::move(characters), validity(column)};
}

Column dictionary(const Source& column) {
  if (!column.type->decoded().is_text()) refuse(column, "is dictionary-encoded over something else than text");
  auto labels = std::make_shared<std::vector<std::string>>();
  std::unordered_map<std::string, std::uint32_t> known;
  Buffer<std::uint32_t> codes(column.rows);
  const ArrayView* last = nullptr;
  std::vector<std::uint32_t> map;  // this batch's key -> label
  walk(column, [&](const ArrayView& array, std::int64_t i, std::size_t row) {
    const ArrayView& entries = *array.child;
    if (&entries != last) {
      last = &entries;
      map.assign(static_cast<std::size_t>(entries.length), 0);
      for (std::int64_t e = 0; e < entries.length; ++e) {
        if (entries.is_null(e)) continue;
        const auto [entry, added] =
            known.emplace(std::string(text_of(column, entries, e, row)), static_cast<std::uint32_t>(labels->size()));
        if (added) labels->push_back(entry->first);
        map[static_cast<std::size_t>(e)] = entry->second;
      }
    }
    codes[row] = 0;
    if (array.is_null(i)) return;
    const std::int64_t key = array.code(i);
    if (key < 0) refuse(column, "has a key outside its dictionary" + in_row(row));
    codes[row] = map[static_cast<std::size_t>(key)];
  });
  if (labels->empty()) labels->emplace_back();
  return {column.name, std::move(codes), std::shared_ptr<const std::vector<std::string>>(labels), validity(column)};
}

Column column_of(const Source& column, std::set<std::string>& zoneless) {
  const detail::ArrowType& type = *column.type;
  switch (type.kind) {
    case Kind::null:
      return {column.name, ColumnType::float64, Buffer<double>(column.rows, 0.0),
              Buffer<std::uint8_t>((column.rows + 7) / 8, 0)};
    case Kind::boolean:
      return filled<std::uint8_t>(column, ColumnType::boolean,
                                  [](const ArrayView& array, std::int64_t i, std::size_t /*row*/) {
                                    std::uint8_t value = 0;
                                    static_cast<void>(detail::boolean_at(array, i, value));
                                    return value;
                                  });
    case Kind::int8: return plain<std::int8_t, std::int8_t>(column, ColumnType::int8);
    case Kind::uint8: return plain<std::int32_t, std::uint8_t>(column, ColumnType::int32);
    case Kind::int16: return plain<std::int32_t, std::int16_t>(column, ColumnType::int32);
    case Kind::uint16: return plain<std::int32_t, std::uint16_t>(column, ColumnType::int32);
    case Kind::int32: return plain<std::int32_t, std::int32_t>(column, ColumnType::int32);
    case Kind::uint32: return plain<std::int64_t, std::uint32_t>(column, ColumnType::int64);
    case Kind::int64: return plain<std::int64_t, std::int64_t>(column, ColumnType::int64);
    case Kind::uint64: return plain<std::int64_t, std::uint64_t>(column, ColumnType::int64);
    case Kind::half:
      return filled<double>(column, ColumnType::float64,
                            [](const ArrayView& array, std::int64_t i, std::size_t /*row*/) {
                              return detail::from_half(array.values<std::uint16_t>()[i]);
                            });
    case Kind::float32: return plain<double, float>(column, ColumnType::float64);
    case Kind::float64: return plain<double, double>(column, ColumnType::float64);
    case Kind::decimal32:
    case Kind::decimal64:
    case Kind::decimal128:
    case Kind::decimal256: return decimals(column);
    case Kind::date32: return plain<std::int32_t, std::int32_t>(column, ColumnType::day);
    case Kind::date64: return scaled<std::int32_t>(column, ColumnType::day, 1, 86'400'000);
    case Kind::timestamp:
      if (!type.zoned) zoneless.insert(column.name);
      return type.per_second > 1'000'000
                 ? scaled<std::int64_t>(column, ColumnType::instant, 1, type.per_second / 1'000'000)
                 : scaled<std::int64_t>(column, ColumnType::instant, 1'000'000 / type.per_second, 1);
    case Kind::text32:
    case Kind::text64:
    case Kind::text_view: return texts(column);
    case Kind::dictionary: return dictionary(column);
    case Kind::list32:
    case Kind::list64: break;
  }
  refuse(column, "holds lists, which a table cannot hold");
}

/// Private data of an exported stream whose schema marks some instants as zoneless.
struct Zoneless {
  ArrowStream inner;
  std::set<std::string> names;
};

}  // namespace

PyTable import_table(ArrowStream stream) {
  detail::StreamReader reader(std::move(stream), "data");
  for (std::size_t c = 0; c < reader.names().size(); ++c) {
    const std::string_view format = reader.format(c);
    if (format == "z" || format == "Z" || format == "vz")
      throw Error(Code::bad_data,
                  "column '" + reader.names()[c] + "' has the Arrow type '" + std::string(format) +
                      "', which a table cannot hold: bytes are no text",
                  reader.names()[c]);
  }
  const detail::Delivery delivery = reader.read(std::vector<bool>(reader.names().size(), true));
  PyTable result;
  for (const Source& column : delivery.columns) result.table.add(column_of(column, result.zoneless));
  return result;
}

ArrowStream export_table(const PyTable& table) {
  ArrowArrayStream raw{};
  export_stream(table.table, &raw);
  ArrowStream inner(&raw);
  if (table.zoneless.empty()) return inner;
  ArrowArrayStream outer{};
  outer.private_data = new Zoneless{std::move(inner), table.zoneless};
  outer.get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
    auto& data = *static_cast<Zoneless*>(self->private_data);
    const int status = data.inner.get()->get_schema(data.inner.get(), out);
    if (status != 0) return status;
    for (std::int64_t c = 0; c < out->n_children; ++c) {
      ArrowSchema* child = out->children[c];
      // The zone stands behind the colon: cutting the view there is a valid format of static storage.
      if (data.names.contains(child->name) && std::string_view(child->format).starts_with("tsu:"))
        child->format = "tsu:";
    }
    return 0;
  };
  outer.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
    auto& data = *static_cast<Zoneless*>(self->private_data);
    return data.inner.get()->get_next(data.inner.get(), out);
  };
  outer.get_last_error = [](ArrowArrayStream* self) -> const char* {
    auto& data = *static_cast<Zoneless*>(self->private_data);
    return data.inner.get()->get_last_error(data.inner.get());
  };
  outer.release = [](ArrowArrayStream* self) {
    delete static_cast<Zoneless*>(self->private_data);
    self->release = nullptr;
  };
  return ArrowStream(&outer);
}

}  // namespace klientela::python
