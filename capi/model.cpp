// C ABI of the model: the schema, and what a client base holds.
#include <algorithm>
#include <array>

#include "call_guard.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

std::string join(std::span<const std::string_view> texts) {
  std::string joined;
  for (std::size_t i = 0; i < texts.size(); ++i) joined.append(i == 0 ? "" : ";").append(texts[i]);
  return joined;
}

Table schema_table() {
  std::vector<std::string> tables;
  std::vector<std::string> fields;
  std::vector<std::string> types;
  std::vector<std::uint8_t> required;
  std::vector<std::string> aliases;
  std::vector<std::string> notes;
  for (std::size_t t = 0; t < table_count; ++t) {
    const TableSpec& table = spec(static_cast<TableId>(t));
    for (const FieldSpec& field : table.fields) {
      tables.emplace_back(table.name);
      fields.emplace_back(field.name);
      types.emplace_back(name(field.type));
      required.push_back(field.required ? 1 : 0);
      aliases.push_back(join(field.aliases));
      notes.emplace_back(field.note);
    }
  }
  Buffer<std::uint8_t> flags(required.size());
  std::copy(required.begin(), required.end(), flags.begin());
  std::vector<Column> columns;
  columns.emplace_back("table", tables);
  columns.emplace_back("field", fields);
  columns.emplace_back("type", types);
  columns.emplace_back("required", ColumnType::boolean, std::move(flags));
  columns.emplace_back("aliases", aliases);
  columns.emplace_back("note", notes);
  return Table(std::move(columns));
}

bool is_code(const ClientBase& base, std::uint32_t code) noexcept {
  const std::uint32_t partition = code % ClientBase::client_partitions;
  return code / ClientBase::client_partitions < base.partition_sizes()[partition];
}

/// What the base knows of a client that it must have. \throws Error not_found naming "id"
template <class T>
T known(const std::optional<T>& found, std::string_view id) {
  if (!found) throw Error(Code::not_found, "there is no client \"" + std::string(id) + "\"", "id");
  return *found;
}

/// The rows in use of one table, field by field.
class TableReader {
 public:
  TableReader(const ClientBase& base, TableId table)
      : base_(base), table_(table), chunks_(base.chunks(table)), rows_(base.accepted(table)) {
    whole_ids_ = base.client_column().type() == ColumnType::int64;
  }

  Table read() const {
    std::vector<Column> columns;
    const auto fields = spec(table_).fields;
    for (std::size_t field = 0; field < fields.size(); ++field)
      if (delivered(field)) columns.push_back(column(field, fields[field]));
    return Table(std::move(columns));
  }

 private:
  static constexpr std::size_t block = 4096;

  bool delivered(std::size_t field) const {
    return std::any_of(chunks_.begin(), chunks_.end(),
                       [&](const auto& chunk) { return chunk->values(field) != nullptr; });
  }

  /// Calls each(values, row in the values' column, row in the result) for every row in use that may have a value.
  template <class Each>
  void for_rows(std::size_t field, Each each) const {
    std::size_t at = 0;
    for (const auto& chunk : chunks_) {
      const Values* values = chunk->values(field);
      for (std::size_t row = 0; row < chunk->rows(); ++row) {
        if (chunk->is_rejected(row)) continue;
        if (values != nullptr) each(*values, row, at);
        ++at;
      }
    }
  }

  /// Reads a field of fixed width block by block; put(value) says whether the value is there.
  template <class In, class Out, class Read, class Convert>
  Column fixed(std::string name, ColumnType type, std::size_t field, In null, Read read, Convert convert) const {
    Buffer<Out> out(rows_, Out{});
    Buffer<std::uint8_t> valid =
        gather<In>(field, null, read, [&](In value, std::size_t at) { out[at] = convert(value); });
    return Column(std::move(name), type, std::move(out), std::move(valid));
  }

  template <class In, class Read, class Put>
  Buffer<std::uint8_t> gather(std::size_t field, In null, Read read, Put put) const {
    Buffer<std::uint8_t> valid((rows_ + 7) / 8, 0);
    std::array<In, block> values{};
    std::size_t at = 0;
    for (const auto& chunk : chunks_) {
      const Values* column = chunk->values(field);
      for (std::size_t begin = 0; begin < chunk->rows(); begin += block) {
        const std::size_t count = std::min(block, chunk->rows() - begin);
        if (column != nullptr) read(*column, begin, std::span<In>(values.data(), count));
        for (std::size_t i = 0; i < count; ++i) {
          if (chunk->is_rejected(begin + i)) continue;
          if (column != nullptr && values[i] != null) {
            put(values[i], at);
            valid[at >> 3] = static_cast<std::uint8_t>(valid[at >> 3] | (1U << (at & 7)));
          }
          ++at;
        }
      }
    }
    return valid;
  }

  Column column(std::size_t field, const FieldSpec& what) const {
    const std::string name(what.name);
    const auto same = [](auto value) { return value; };
    const auto codes = [](const Values& v, std::size_t begin, std::span<std::uint32_t> out) { v.codes(begin, out); };
    switch (what.type) {
      case FieldType::money:
      case FieldType::number:
        return fixed<std::int64_t, std::int64_t>(
            name, ColumnType::money, field, null_number,
            [](const Values& v, std::size_t begin, std::span<std::int64_t> out) { v.numbers(begin, out); }, same);
      case FieldType::instant:
        return fixed<std::int64_t, std::int64_t>(
            name, ColumnType::instant, field, null_instant,
            [](const Values& v, std::size_t begin, std::span<std::int64_t> out) { v.instants(begin, out); }, same);
      case FieldType::day:
        return fixed<std::int32_t, std::int32_t>(
            name, ColumnType::day, field, null_day,
            [](const Values& v, std::size_t begin, std::span<std::int32_t> out) { v.days(begin, out); }, same);
      case FieldType::boolean:
        return fixed<std::uint8_t, std::uint8_t>(
            name, ColumnType::boolean, field, std::uint8_t{2},
            [](const Values& v, std::size_t begin, std::span<std::uint8_t> out) { v.booleans(begin, out); }, same);
      case FieldType::term: {
        const auto terms = base_.terms(table_, field);
        auto labels = std::make_shared<const std::vector<std::string>>(terms.begin(), terms.end());
        Buffer<std::uint32_t> out(rows_, 0);
        Buffer<std::uint8_t> valid =
            gather<std::uint32_t>(field, no_code, codes, [&](std::uint32_t code, std::size_t at) { out[at] = code; });
        return Column(name, std::move(out), std::move(labels), std::move(valid));
      }
      case FieldType::client: {
        if (whole_ids_)
          return fixed<std::uint32_t, std::int64_t>(name, ColumnType::int64, field, no_code, codes,
                                                    [&](std::uint32_t code) { return base_.id_of(code).integer(); });
        std::vector<std::optional<std::string>> ids(rows_);
        (void)gather<std::uint32_t>(field, no_code, codes,
                                    [&](std::uint32_t code, std::size_t at) { ids[at] = base_.id_of(code).to_text(); });
        return Column(name, ids);
      }
      case FieldType::text: {
        std::vector<std::optional<std::string>> texts(rows_);
        for_rows(field, [&](const Values& v, std::size_t row, std::size_t at) {
          if (!v.is_null(row)) texts[at].emplace(v.text(row));
        });
        return Column(name, texts);
      }
      case FieldType::texts: {
        std::vector<std::optional<std::string>> texts(rows_);
        for_rows(field, [&](const Values& v, std::size_t row, std::size_t at) {
          if (v.is_null(row)) return;
          const auto parts = v.texts(row);
          texts[at] = join(parts);
        });
        return Column(name, texts);
      }
    }
    throw Error(Code::internal, "a field of an unknown type", name);
  }

  const ClientBase& base_;
  TableId table_;
  std::span<const std::shared_ptr<const Chunk>> chunks_;
  std::size_t rows_;
  bool whole_ids_{false};
};

RollUpOptions read_options(const klt_roll_up_options* given) {
  const klt_roll_up_options choice = read_struct(given, klt_roll_up_options KLT_ROLL_UP_OPTIONS_INIT, "options");
  const auto refuse = [](const char* option, const char* message) {
    throw Error(Code::invalid_argument, std::string(option) + " " + message, option);
  };
  if (choice.to < KLT_ROLL_UP_ROOTS || choice.to > KLT_ROLL_UP_EVERY_NODE)
    refuse("options.to", "is none of KLT_ROLL_UP_...");
  if (choice.reserved != 0) refuse("options.reserved", "must be 0");
  RollUpOptions options;
  options.to = static_cast<RollUpTo>(choice.to);
  options.level = choice.level;
  if (choice.contacts != 0 && choice.contacts != 1) refuse("options.contacts", "must be 0 or 1");
  options.contacts = choice.contacts == 1;
  if (choice.on != KLT_NO_DAY) options.on = need_day(choice.on, "options.on");
  options.max_levels = choice.max_levels;
  return options;
}

}  // namespace

extern "C" {

klt_status klt_schema(klt_context* context, klt_table** out) {
  return guard(context, [&] { give(&need(out, "out"), schema_table()); });
}

void klt_base_free(klt_base* base) { delete base; }

size_t klt_base_client_count(const klt_base* base) { return base != nullptr ? base->base.clients() : 0; }

const char* klt_base_time_zone(const klt_base* base) {
  return base != nullptr ? base->base.time_zone().name().c_str() : "";
}

const char* klt_base_currency(const klt_base* base) { return base != nullptr ? base->base.currency().c_str() : ""; }

klt_status klt_base_row_counts(klt_context* context, const klt_base* base, const char* table_name, uint64_t* delivered,
                               uint64_t* used) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const TableId table = need_table_name(table_name);
    if (delivered != nullptr) *delivered = given.rows(table);
    if (used != nullptr) *used = given.accepted(table);
  });
}

klt_status klt_base_clients(klt_context* context, const klt_base* base, klt_table** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    need(out, "out");
    give(out, Table({given.client_column()}));
  });
}

klt_status klt_base_client_row(klt_context* context, const klt_base* base, const char* id, size_t* out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const std::string_view text = need_text(id, "id");
    need(out, "out");
    *out = known(given.row_of(ClientId(text)), text);
  });
}

klt_status klt_base_client_code(klt_context* context, const klt_base* base, const char* id, uint32_t* out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const std::string_view text = need_text(id, "id");
    need(out, "out");
    *out = known(given.code_of(ClientId(text)), text);
  });
}

klt_status klt_base_client_id(klt_context* context, const klt_base* base, uint32_t code, klt_string** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    need(out, "out");
    if (!is_code(given, code))
      throw Error(Code::out_of_range, "code " + std::to_string(code) + " was not handed out by this base", "code");
    give(out, given.id_of(code).to_text());
  });
}

const uint32_t* klt_base_codes(const klt_base* base) {
  return base != nullptr ? base->base.codes_in_order().data() : nullptr;
}

klt_status klt_base_table(klt_context* context, const klt_base* base, const char* table_name, klt_table** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const TableId table = need_table_name(table_name);
    need(out, "out");
    give(out, TableReader(given, table).read());
  });
}

klt_status klt_base_last_purchase_day(klt_context* context, const klt_base* base, int32_t* out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    need(out, "out");
    const auto day = given.last_purchase_day();
    if (!day) throw Error(Code::not_found, "the base has no purchase", "base");
    *out = static_cast<int32_t>(day->time_since_epoch().count());
  });
}

klt_status klt_base_extends(klt_context* context, const klt_base* base, const klt_base* earlier, int* out) {
  return guard(context, [&] {
    const ClientBase& later = need(base, "base").base;
    const ClientBase& given = need(earlier, "earlier").base;
    need(out, "out") = later.extends(given) ? 1 : 0;
  });
}

klt_status klt_base_hierarchy(klt_context* context, const klt_base* base, const klt_roll_up_options* options,
                              klt_table** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const RollUpOptions choice = read_options(options);
    need(out, "out");
    give(out, Hierarchy(given, choice).table());
  });
}

klt_status klt_base_roll_up(klt_context* context, const klt_base* base, const klt_roll_up_options* options,
                            klt_base** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const RollUpOptions choice = read_options(options);
    need(out, "out");
    const Running call(*context);
    give(out, roll_up(given, choice, call.control()));
  });
}

}  // extern "C"
