// Reads any Arrow C stream of plain columns into one table, for estimators and for klientela.Table(data).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "common.hpp"

namespace klientela::python {
namespace {

__extension__ using Int128 = __int128;
__extension__ using UInt128 = unsigned __int128;

struct Schema {
  ArrowSchema value{};
  ~Schema() {
    if (value.release != nullptr) value.release(&value);
  }
};

struct Array {
  ArrowArray value{};
  Array() = default;
  Array(Array&& other) noexcept : value(std::exchange(other.value, ArrowArray{})) {}
  Array& operator=(Array&&) = delete;
  ~Array() {
    if (value.release != nullptr) value.release(&value);
  }
};

[[noreturn]] void refuse(const std::string& column, const std::string& why) {
  throw Error(Code::bad_data, "column '" + column + "' " + why, column);
}

bool bit(const void* bits, std::int64_t i) {
  return ((static_cast<const std::uint8_t*>(bits)[i >> 3] >> (i & 7)) & 1) != 0;
}

/// One column over all batches: (array, first row, rows), and how to walk it.
struct Pieces {
  std::string name;
  std::string_view format;
  const ArrowSchema* schema;
  std::vector<const ArrowArray*> arrays;
  std::vector<std::int64_t> outer_offset;
  std::vector<std::int64_t> lengths;
  std::size_t rows{0};

  /// Calls each(array, index into its buffers, row) for every row.
  template <class Each>
  void walk(Each&& each) const {
    std::size_t row = 0;
    for (std::size_t a = 0; a < arrays.size(); ++a) {
      const ArrowArray& array = *arrays[a];
      const std::int64_t first = array.offset + outer_offset[a];
      for (std::int64_t i = 0; i < lengths[a]; ++i, ++row) each(array, first + i, row);
    }
  }
  [[nodiscard]] Buffer<std::uint8_t> validity() const {
    bool any = false;
    for (const ArrowArray* array : arrays)
      any = any || (array->null_count != 0 && array->n_buffers > 0 && array->buffers[0]);
    if (!any) return {};
    Buffer<std::uint8_t> valid((rows + 7) / 8, 0);
    walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
      if (array.null_count == 0 || array.buffers[0] == nullptr || bit(array.buffers[0], i))
        valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
    });
    return valid;
  }
};

template <class To, class From>
Column plain(const Pieces& pieces, ColumnType type) {
  Buffer<To> values(pieces.rows);
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    const From value = static_cast<const From*>(array.buffers[1])[i];
    if constexpr (std::is_same_v<From, std::uint64_t>) {
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        refuse(pieces.name, "holds an unsigned number above the range of int64");
    }
    values[row] = static_cast<To>(value);
  });
  return {pieces.name, type, std::move(values), pieces.validity()};
}

/// Integers counted in units of `numerator/denominator` of the target, rounded down.
template <class To, class From>
Column scaled(const Pieces& pieces, ColumnType type, std::int64_t multiply, std::int64_t divide) {
  Buffer<To> values(pieces.rows);
  Buffer<std::uint8_t> valid = pieces.validity();
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    values[row] = 0;
    if (!valid.empty() && ((valid[row >> 3] >> (row & 7)) & 1) == 0) return;
    auto value = static_cast<std::int64_t>(static_cast<const From*>(array.buffers[1])[i]);
    if (__builtin_mul_overflow(value, multiply, &value)) refuse(pieces.name, "holds a moment out of range");
    std::int64_t quotient = value / divide;
    if (value % divide < 0) --quotient;
    if (quotient > std::numeric_limits<To>::max() || quotient < std::numeric_limits<To>::min())
      refuse(pieces.name, "holds a moment out of range");
    values[row] = static_cast<To>(quotient);
  });
  return {pieces.name, type, std::move(values), std::move(valid)};
}

float half_to_float(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  const float sign = (half & 0x8000) != 0 ? -1.0F : 1.0F;
  if (exponent == 31)
    return fraction != 0 ? std::numeric_limits<float>::quiet_NaN() : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
}

Column decimals(const Pieces& pieces) {
  // "d:precision,scale[,bits]"
  int precision = 0;
  int scale = 0;
  int bits = 128;
  if (std::sscanf(std::string(pieces.format).c_str(), "d:%d,%d,%d", &precision, &scale, &bits) < 2)
    refuse(pieces.name, "has a decimal type that cannot be read");
  if (scale < 0 || scale > 76 || (bits != 32 && bits != 64 && bits != 128 && bits != 256))
    refuse(pieces.name, "has a decimal type that cannot be read");
  const auto words = static_cast<std::size_t>(bits / 32);
  Buffer<std::int64_t> values(pieces.rows);
  Buffer<std::uint8_t> valid = pieces.validity();
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    values[row] = 0;
    if (!valid.empty() && ((valid[row >> 3] >> (row & 7)) & 1) == 0) return;
    const auto* word = static_cast<const std::uint32_t*>(array.buffers[1]) + static_cast<std::size_t>(i) * words;
    const bool negative = (word[words - 1] >> 31) != 0;
    // Magnitude in 128 bits; wider values must be sign extension.
    Int128 value = 0;
    std::uint32_t low[4];
    for (std::size_t w = 0; w < 4; ++w) low[w] = w < words ? word[w] : (negative ? 0xFFFFFFFFU : 0U);
    for (std::size_t w = 4; w < words; ++w)
      if (word[w] != (negative ? 0xFFFFFFFFU : 0U))
        throw Error(Code::overflow, "column '" + pieces.name + "' holds a decimal that does not fit money",
                    pieces.name);
    UInt128 raw = 0;
    for (int w = 3; w >= 0; --w) raw = (raw << 32) | low[w];
    value = static_cast<Int128>(raw);
    for (int s = scale; s < Money::decimals; ++s)
      if (__builtin_mul_overflow(value, Int128{10}, &value))
        throw Error(Code::overflow, "column '" + pieces.name + "' holds a decimal that does not fit money",
                    pieces.name);
    for (int s = scale; s > Money::decimals; --s) {
      if (value % 10 != 0) refuse(pieces.name, "holds a decimal with a non-zero digit past the fourth");
      value /= 10;
    }
    if (value > std::numeric_limits<std::int64_t>::max() || value <= std::numeric_limits<std::int64_t>::min())
      throw Error(Code::overflow, "column '" + pieces.name + "' holds a decimal that does not fit money", pieces.name);
    values[row] = static_cast<std::int64_t>(value);
  });
  return {pieces.name, ColumnType::money, std::move(values), std::move(valid)};
}

std::string_view text_at(const ArrowArray& array, char kind, std::int64_t i) {
  if (kind == 'u') {
    const auto* offsets = static_cast<const std::int32_t*>(array.buffers[1]);
    return {static_cast<const char*>(array.buffers[2]) + offsets[i],
            static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
  if (kind == 'U') {
    const auto* offsets = static_cast<const std::int64_t*>(array.buffers[1]);
    return {static_cast<const char*>(array.buffers[2]) + offsets[i],
            static_cast<std::size_t>(offsets[i + 1] - offsets[i])};
  }
  const auto* view = static_cast<const char*>(array.buffers[1]) + i * 16;  // 'v': 16-byte views
  std::int32_t length = 0;
  std::memcpy(&length, view, 4);
  if (length <= 12) return {view + 4, static_cast<std::size_t>(length)};
  std::int32_t buffer = 0;
  std::int32_t offset = 0;
  std::memcpy(&buffer, view + 8, 4);
  std::memcpy(&offset, view + 12, 4);
  return {static_cast<const char*>(array.buffers[2 + buffer]) + offset, static_cast<std::size_t>(length)};
}

/// 'u', 'U' or 'v' for the three layouts of text; 0 for anything else.
char text_kind(std::string_view format) {
  if (format == "u") return 'u';
  if (format == "U") return 'U';
  if (format == "vu") return 'v';
  return 0;
}

Column texts(const Pieces& pieces, char kind) {
  Buffer<std::uint8_t> valid = pieces.validity();
  const auto is_null = [&](std::size_t row) { return !valid.empty() && ((valid[row >> 3] >> (row & 7)) & 1) == 0; };
  Buffer<std::int64_t> offsets(pieces.rows + 1);
  offsets[0] = 0;
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    offsets[row + 1] = offsets[row] + (is_null(row) ? 0 : static_cast<std::int64_t>(text_at(array, kind, i).size()));
  });
  Buffer<char> characters(static_cast<std::size_t>(offsets[pieces.rows]));
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    if (is_null(row)) return;
    const std::string_view text = text_at(array, kind, i);
    if (!text.empty()) std::memcpy(characters.data() + offsets[row], text.data(), text.size());
  });
  return {pieces.name, std::move(offsets), std::move(characters), std::move(valid)};
}

std::int64_t key_at(const ArrowArray& array, char format, std::int64_t i) {
  const void* keys = array.buffers[1];
  switch (format) {
    case 'c': return static_cast<const std::int8_t*>(keys)[i];
    case 'C': return static_cast<const std::uint8_t*>(keys)[i];
    case 's': return static_cast<const std::int16_t*>(keys)[i];
    case 'S': return static_cast<const std::uint16_t*>(keys)[i];
    case 'i': return static_cast<const std::int32_t*>(keys)[i];
    case 'I': return static_cast<const std::uint32_t*>(keys)[i];
    default: return static_cast<const std::int64_t*>(keys)[i];
  }
}

Column dictionary(const Pieces& pieces) {
  const char kind = text_kind(pieces.schema->dictionary->format);
  if (kind == 0) refuse(pieces.name, "is dictionary-encoded over something else than text");
  auto labels = std::make_shared<std::vector<std::string>>();
  std::unordered_map<std::string, std::uint32_t> known;
  Buffer<std::uint32_t> codes(pieces.rows);
  Buffer<std::uint8_t> valid(std::max<std::size_t>((pieces.rows + 7) / 8, 1), 0);
  bool any_null = false;
  const ArrowArray* last = nullptr;
  std::vector<std::int64_t> map;  // this batch's key -> label, -1 for a null entry
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    if (&array != last) {
      last = &array;
      const ArrowArray& entries = *array.dictionary;
      map.assign(static_cast<std::size_t>(entries.length), -1);
      for (std::int64_t e = 0; e < entries.length; ++e) {
        const std::int64_t at = entries.offset + e;
        if (entries.null_count != 0 && entries.buffers[0] != nullptr && !bit(entries.buffers[0], at)) continue;
        const auto [entry, added] =
            known.emplace(std::string(text_at(entries, kind, at)), static_cast<std::uint32_t>(labels->size()));
        if (added) labels->push_back(entry->first);
        map[static_cast<std::size_t>(e)] = entry->second;
      }
    }
    codes[row] = 0;
    std::int64_t label = -1;
    if (array.null_count == 0 || array.buffers[0] == nullptr || bit(array.buffers[0], i)) {
      const std::int64_t key = key_at(array, pieces.format[0], i);
      if (key < 0 || key >= static_cast<std::int64_t>(map.size()))
        refuse(pieces.name, "has a key outside its dictionary");
      label = map[static_cast<std::size_t>(key)];
    }
    if (label < 0) {
      any_null = true;
    } else {
      codes[row] = static_cast<std::uint32_t>(label);
      valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] | (1U << (row & 7)));
    }
  });
  if (labels->empty()) labels->emplace_back();
  return {pieces.name, std::move(codes), std::shared_ptr<const std::vector<std::string>>(labels),
          any_null ? std::move(valid) : Buffer<std::uint8_t>{}};
}

Column booleans(const Pieces& pieces) {
  Buffer<std::uint8_t> values(pieces.rows);
  pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
    values[row] = array.buffers[1] != nullptr && bit(array.buffers[1], i) ? 1 : 0;
  });
  return {pieces.name, ColumnType::boolean, std::move(values), pieces.validity()};
}

Column column_of(const Pieces& pieces, std::set<std::string>& zoneless) {
  const std::string_view format = pieces.format;
  if (pieces.schema->dictionary != nullptr) return dictionary(pieces);
  if (const char kind = text_kind(format)) return texts(pieces, kind);
  if (format == "b") return booleans(pieces);
  if (format == "c") return plain<std::int8_t, std::int8_t>(pieces, ColumnType::int8);
  if (format == "C") return plain<std::int32_t, std::uint8_t>(pieces, ColumnType::int32);
  if (format == "s") return plain<std::int32_t, std::int16_t>(pieces, ColumnType::int32);
  if (format == "S") return plain<std::int32_t, std::uint16_t>(pieces, ColumnType::int32);
  if (format == "i") return plain<std::int32_t, std::int32_t>(pieces, ColumnType::int32);
  if (format == "I") return plain<std::int64_t, std::uint32_t>(pieces, ColumnType::int64);
  if (format == "l") return plain<std::int64_t, std::int64_t>(pieces, ColumnType::int64);
  if (format == "L") return plain<std::int64_t, std::uint64_t>(pieces, ColumnType::int64);
  if (format == "f") return plain<double, float>(pieces, ColumnType::float64);
  if (format == "g") return plain<double, double>(pieces, ColumnType::float64);
  if (format == "e") {
    Buffer<double> values(pieces.rows);
    pieces.walk([&](const ArrowArray& array, std::int64_t i, std::size_t row) {
      values[row] = static_cast<double>(half_to_float(static_cast<const std::uint16_t*>(array.buffers[1])[i]));
    });
    return {pieces.name, ColumnType::float64, std::move(values), pieces.validity()};
  }
  if (format.starts_with("d:")) return decimals(pieces);
  if (format == "tdD") return plain<std::int32_t, std::int32_t>(pieces, ColumnType::day);
  if (format == "tdm") return scaled<std::int32_t, std::int64_t>(pieces, ColumnType::day, 1, 86'400'000);
  if (format.starts_with("ts") && format.size() >= 4) {
    if (format.substr(4).empty()) zoneless.insert(pieces.name);
    switch (format[2]) {
      case 's': return scaled<std::int64_t, std::int64_t>(pieces, ColumnType::instant, 1'000'000, 1);
      case 'm': return scaled<std::int64_t, std::int64_t>(pieces, ColumnType::instant, 1'000, 1);
      case 'u': return scaled<std::int64_t, std::int64_t>(pieces, ColumnType::instant, 1, 1);
      case 'n': return scaled<std::int64_t, std::int64_t>(pieces, ColumnType::instant, 1, 1'000);
      default: break;
    }
  }
  if (format == "n") {
    Buffer<double> values(pieces.rows, 0.0);
    return {pieces.name, ColumnType::float64, std::move(values), Buffer<std::uint8_t>((pieces.rows + 7) / 8, 0)};
  }
  refuse(pieces.name, "has the Arrow type '" + std::string(format) + "', which a table cannot hold");
}

std::string message_of(ArrowStream& stream, int status) {
  const char* text = stream.get()->get_last_error != nullptr ? stream.get()->get_last_error(stream.get()) : nullptr;
  return text != nullptr ? text : "error " + std::to_string(status);
}

/// Private data of an exported stream whose schema marks some instants as zoneless.
struct Zoneless {
  ArrowStream inner;
  std::set<std::string> names;
};

}  // namespace

PyTable import_table(ArrowStream stream) {
  Schema schema;
  if (const int status = stream.get()->get_schema(stream.get(), &schema.value); status != 0)
    throw Error(Code::bad_data, "the Arrow stream has no schema: " + message_of(stream, status));
  if (std::string_view(schema.value.format) != "+s")
    throw Error(Code::bad_data, "the Arrow stream is not one of record batches");
  std::vector<Array> batches;
  while (true) {
    Array batch;
    if (const int status = stream.get()->get_next(stream.get(), &batch.value); status != 0)
      throw Error(Code::bad_data, "the Arrow stream failed: " + message_of(stream, status));
    if (batch.value.release == nullptr) break;
    batches.push_back(std::move(batch));
  }
  PyTable result;
  for (std::int64_t c = 0; c < schema.value.n_children; ++c) {
    const ArrowSchema* child = schema.value.children[c];
    Pieces pieces{child->name != nullptr ? child->name : "", child->format, child, {}, {}, {}, 0};
    for (const Array& batch : batches) {
      if (batch.value.length == 0) continue;
      pieces.arrays.push_back(batch.value.children[c]);
      pieces.outer_offset.push_back(batch.value.offset);
      pieces.lengths.push_back(batch.value.length);
      pieces.rows += static_cast<std::size_t>(batch.value.length);
    }
    result.table.add(column_of(pieces, result.zoneless));
  }
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
