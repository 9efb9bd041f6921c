// Arbitrary bytes as Arrow tables: the first bytes choose the table, columns, types, slices and nulls, the rest are
// the values. Every shape is legal as far as the C data interface lets one check, so nothing but Error may come out.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "klientela/ingest/ingest.hpp"
#include "unit/ingest/arrow_maker.hpp"

namespace {

namespace t = klientela::testing;
using klientela::TableId;

class Bytes {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : at_(data), left_(size) {}
  std::uint8_t next() {
    if (left_ == 0) return 0;
    --left_;
    return *at_++;
  }
  std::vector<std::uint8_t> take(std::size_t n) {
    std::vector<std::uint8_t> out(n, 0);
    const std::size_t have = std::min(n, left_);
    std::copy_n(at_, have, out.begin());
    at_ += have;
    left_ -= have;
    return out;
  }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

t::Node any_array(Bytes& bytes, std::int64_t rows, int depth);

t::Node text_array(Bytes& bytes, std::int64_t rows, const std::string& format) {
  std::vector<std::optional<std::string>> values;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::uint8_t length = bytes.next() % 40;
    if (length == 39) {
      values.emplace_back(std::nullopt);
      continue;
    }
    const auto raw = bytes.take(length);
    values.emplace_back(std::string(raw.begin(), raw.end()));
  }
  return t::texts(values, format);
}

/// Now and then a fault that a reader can see: of lengths, of buffers, of views and of list offsets.
void break_somehow(t::Node& node, Bytes& bytes) {
  const std::uint8_t fault = bytes.next();
  if (fault % 4 != 3) return;
  switch (fault / 4 % 8) {
    case 0: node.length = -1; break;
    case 1: node.length /= 2; break;
    case 2: node.offset = -1 - bytes.next(); break;
    case 3: node.buffers.resize(std::min<std::size_t>(node.buffers.size(), bytes.next() % 3)); break;
    case 4: node.dictionary.clear(); break;
    case 5: node.children.clear(); break;
    case 6:
      if (node.format.starts_with('v')) node.buffers[1] = bytes.take(node.buffers[1].size());
      break;
    default:
      if (node.format == "+l") node.buffers[1] = bytes.take(node.buffers[1].size());
      break;
  }
}

t::Node any_array(Bytes& bytes, std::int64_t rows, int depth) {
  struct Fixed {
    const char* format;
    std::size_t width;
  };
  static constexpr Fixed fixed[] = {
      {"c", 1},          {"C", 1},           {"s", 2},         {"S", 2},           {"i", 4},       {"I", 4},
      {"l", 8},          {"L", 8},           {"e", 2},         {"f", 4},           {"g", 8},       {"tdD", 4},
      {"tdm", 8},        {"tss:", 8},        {"tsm:UTC", 8},   {"tsu:", 8},        {"tsn:UTC", 8}, {"d:9,2,32", 4},
      {"d:18,6,64", 8},  {"d:38,4", 16},     {"d:38,-3", 16},  {"d:76,9,256", 32}, {"tDs", 8},     {"w:3", 3},
      {"tsu:+03:00", 8}, {"tsn:no zone", 8}, {"d:38,-76", 16}, {"+r", 4}};
  constexpr std::size_t fixed_count = std::size(fixed);
  const std::uint8_t kind = bytes.next();
  t::Node node;
  if (kind % 4 == 0) {
    static constexpr const char* texts[] = {"u", "U", "vu", "z", "vz", "Z"};
    node = text_array(bytes, rows, texts[bytes.next() % std::size(texts)]);
  } else if (kind % 16 == 1) {
    node = t::nothing(rows);
  } else if (kind % 16 == 5) {
    std::vector<std::optional<bool>> values;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::uint8_t value = bytes.next() % 3;
      values.push_back(value == 2 ? std::nullopt : std::optional(value == 1));
    }
    node = t::booleans(values);
  } else if (kind % 16 == 9 && depth == 0) {
    std::vector<std::optional<std::int8_t>> codes;
    for (std::int64_t i = 0; i < rows; ++i) {
      const std::uint8_t value = bytes.next();
      codes.push_back(value % 11 == 10 ? std::nullopt : std::optional(static_cast<std::int8_t>(value % 9)));
    }
    node = t::coded<std::int8_t>("c", codes, any_array(bytes, bytes.next() % 10, 1));
  } else if (kind % 16 == 13 && depth == 0) {
    std::vector<std::int32_t> offsets{0};
    for (std::int64_t i = 0; i < rows; ++i) offsets.push_back(offsets.back() + bytes.next() % 3);
    node = t::list(offsets, any_array(bytes, offsets.back(), 1));
  } else {
    const Fixed& type = fixed[bytes.next() % fixed_count];
    node.format = type.format;
    node.length = rows;
    node.buffers = {{}, bytes.take(static_cast<std::size_t>(rows) * type.width + 1)};
  }
  if (bytes.next() % 3 == 0 && !node.buffers.empty()) {
    node.buffers[0] = bytes.take(static_cast<std::size_t>(rows) / 8 + 1);
    node.null_count = -1;
  }
  break_somehow(node, bytes);
  return node;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  klientela::IngestOptions options;
  const std::uint8_t flags = bytes.next();
  options.decimal_comma = (flags & 1) != 0;
  options.reject_zero_amounts = (flags & 2) != 0;
  if ((flags & 4) != 0) options.time_zone = "America/New_York";
  if ((flags & 8) != 0) options.date_format = "%d.%m.%Y %H:%M";
  if ((flags & 16) != 0) options.unknown_clients = klientela::UnknownClients::create;
  options.max_rejects_kept = bytes.next();
  klientela::Tables tables;
  const std::size_t count = 1 + bytes.next() % 2;
  for (std::size_t n = 0; n < count; ++n) {
    const auto table = static_cast<TableId>(bytes.next() % klientela::table_count);
    const auto fields = klientela::spec(table).fields;
    const std::int64_t rows = bytes.next() % 24;
    std::vector<t::Node> columns;
    const std::uint8_t chosen = bytes.next();
    for (std::size_t f = 0; f < fields.size(); ++f)
      if (fields[f].required || ((chosen >> (f % 8)) & 1) != 0)
        columns.push_back(any_array(bytes, rows, 0).named(std::string(fields[f].name)));
    std::vector<t::Node> batches{t::record(columns)};
    if (rows > 2 && bytes.next() % 2 == 0) {
      std::vector<t::Node> sliced;
      for (const t::Node& column : columns) sliced.push_back(column.slice(1, rows - 2));
      batches.push_back(t::record(sliced));
    }
    std::optional<std::size_t> fail_at;
    if (bytes.next() % 16 == 0) fail_at = 1;
    try {
      tables.add(table, t::stream_of(batches, fail_at));
    } catch (const klientela::Error&) {
    }
  }
  try {
    const auto result = klientela::ingest(std::move(tables), options);
    for (const auto& [table, counts] : result.counts)
      if (counts.rows_read != counts.rows_used + counts.rows_rejected) std::abort();
    for (const std::uint32_t code : result.base.codes_in_order())
      if (result.base.code_of(result.base.id_of(code)) != code) std::abort();
  } catch (const klientela::Error&) {
  }
  if (!t::leaked().none()) std::abort();
  return 0;
}
