// C ABI of ingest: collecting tables, reading them into a base, and what was rejected.
#include <algorithm>

#include "call_guard.hpp"
#include "klientela/report/report.hpp"

using namespace klientela;
using namespace klientela::capi;

static_assert(KLT_UNKNOWN_CLIENTS_REJECT_IF_CARDS == static_cast<int>(UnknownClients::reject_if_cards));
static_assert(KLT_UNKNOWN_CLIENTS_CREATE == static_cast<int>(UnknownClients::create));
static_assert(KLT_UNKNOWN_CLIENTS_REJECT == static_cast<int>(UnknownClients::reject));

namespace {

IngestOptions read_options(const klt_ingest_options* given, const klt_tables& tables, const ClientBase* base) {
  const klt_ingest_options choice = read_struct(given, klt_ingest_options KLT_INGEST_OPTIONS_INIT, "options");
  IngestOptions options = choice.policy != nullptr ? choice.policy->policy.ingest : Policy().ingest;
  if (base != nullptr) {
    options.time_zone = base->time_zone().name();
    options.currency = base->currency();
  }
  if (choice.time_zone != nullptr) options.time_zone = need_text(choice.time_zone, "options.time_zone");
  if (choice.currency != nullptr) options.currency = need_text(choice.currency, "options.currency");
  if (choice.date_format != nullptr) options.date_format = need_text(choice.date_format, "options.date_format");
  if (choice.unknown_clients < -1 || choice.unknown_clients > KLT_UNKNOWN_CLIENTS_REJECT)
    throw Error(Code::invalid_argument, "options.unknown_clients is none of KLT_UNKNOWN_CLIENTS_...",
                "options.unknown_clients");
  if (choice.unknown_clients >= 0) options.unknown_clients = static_cast<UnknownClients>(choice.unknown_clients);
  apply_flag(choice.reject_zero_amounts, options.reject_zero_amounts, "options.reject_zero_amounts");
  apply_flag(choice.decimal_comma, options.decimal_comma, "options.decimal_comma");
  apply_flag(choice.keep_unreadable_cards, options.keep_unreadable_cards, "options.keep_unreadable_cards");
  if (choice.reserved_2 != 0) throw Error(Code::invalid_argument, "options.reserved_2 must be 0", "options.reserved_2");
  if (choice.reserved != 0) throw Error(Code::invalid_argument, "options.reserved must be 0", "options.reserved");
  if (choice.max_rejects_kept < -1)
    throw Error(Code::invalid_argument, "options.max_rejects_kept must not be negative", "options.max_rejects_kept");
  if (choice.max_rejects_kept >= 0) options.max_rejects_kept = static_cast<std::size_t>(choice.max_rejects_kept);
  for (const auto& [table, mapping] : tables.mappings)
    for (const auto& [field, column] : mapping.columns) options.mappings[table].columns[field] = column;
  return options;
}

void give_ingested(klt_ingest_result** out, IngestResult&& ingested) {
  const auto shared = std::make_shared<const IngestResult>(std::move(ingested));
  give(out, shared, &shared->base, &shared->rejects, &shared->counts, &shared->unused_columns);
}

void need_new_table(const klt_tables& tables, TableId table) {
  for (const auto& [id, stream] : tables.streams)
    if (id == table)
      throw Error(Code::invalid_argument, "table \"" + std::string(spec(table).name) + "\" was added before",
                  "table_name");
}

}  // namespace

namespace klientela::capi {

Tables take_streams(klt_tables& tables) {
  Tables taken;
  std::vector<std::pair<TableId, ArrowStream>> streams = std::move(tables.streams);
  tables.streams.clear();
  for (auto& [table, stream] : streams) taken.add(table, std::move(stream));
  return taken;
}

}  // namespace klientela::capi

extern "C" {

klt_status klt_tables_new(klt_context* context, klt_tables** out) {
  return guard(context, [&] { give(&need(out, "out")); });
}

void klt_tables_free(klt_tables* tables) { delete tables; }

klt_status klt_tables_add_stream(klt_context* context, klt_tables* tables, const char* table_name,
                                 struct ArrowArrayStream* stream) {
  return guard(context, [&] {
    klt_tables& given = need(tables, "tables");
    const TableId table = need_table_name(table_name);
    const ArrowArrayStream& source = need(stream, "stream");
    if (source.release == nullptr) throw Error(Code::invalid_argument, "the stream is released already", "stream");
    if (source.get_schema == nullptr || source.get_next == nullptr || source.get_last_error == nullptr)
      throw Error(Code::invalid_argument, "the stream lacks one of its callbacks", "stream");
    need_new_table(given, table);
    given.streams.reserve(given.streams.size() + 1);
    given.streams.emplace_back(table, ArrowStream(stream));
  });
}

klt_status klt_tables_add_table(klt_context* context, klt_tables* tables, const char* table_name,
                                const klt_table* table) {
  return guard(context, [&] {
    klt_tables& given = need(tables, "tables");
    const TableId id = need_table_name(table_name);
    const Table& values = need(table, "table").table;
    need_new_table(given, id);
    given.streams.reserve(given.streams.size() + 1);
    ArrowArrayStream stream{};
    export_stream(values, &stream);
    given.streams.emplace_back(id, ArrowStream(&stream));
  });
}

klt_status klt_tables_map_column(klt_context* context, klt_tables* tables, const char* table_name, const char* field,
                                 const char* column) {
  return guard(context, [&] {
    klt_tables& given = need(tables, "tables");
    const TableId table = need_table_name(table_name);
    const std::string_view wanted = need_text(field, "field");
    const std::string_view delivered = need_text(column, "column");
    const auto fields = spec(table).fields;
    if (std::none_of(fields.begin(), fields.end(), [&](const FieldSpec& known) { return known.name == wanted; })) {
      std::string known;
      for (const FieldSpec& one : fields) known.append(known.empty() ? "" : ", ").append(one.name);
      throw Error(Code::not_found,
                  "table \"" + std::string(spec(table).name) + "\" has no field \"" + std::string(wanted) +
                      "\"; there are " + known,
                  "field");
    }
    given.mappings[table].columns.insert_or_assign(std::string(wanted), std::string(delivered));
  });
}

size_t klt_tables_count(const klt_tables* tables) { return tables != nullptr ? tables->streams.size() : 0; }

klt_status klt_ingest(klt_context* context, klt_tables* tables, const klt_ingest_options* options,
                      klt_ingest_result** out) {
  return guard(context, [&] {
    klt_tables& given = need(tables, "tables");
    need(out, "out");
    const IngestOptions choice = read_options(options, given, nullptr);
    const Running call(*context);
    give_ingested(out, ingest(take_streams(given), choice, call.control()));
  });
}

klt_status klt_extend(klt_context* context, const klt_base* base, klt_tables* tables, const klt_ingest_options* options,
                      klt_ingest_result** out) {
  return guard(context, [&] {
    const ClientBase& earlier = need(base, "base").base;
    klt_tables& given = need(tables, "tables");
    need(out, "out");
    const IngestOptions choice = read_options(options, given, &earlier);
    const Running call(*context);
    give_ingested(out, extend(earlier, take_streams(given), choice, call.control()));
  });
}

void klt_ingest_result_free(klt_ingest_result* result) { delete result; }

klt_status klt_ingest_result_base(klt_context* context, const klt_ingest_result* result, klt_base** out) {
  return guard(context, [&] {
    const klt_ingest_result& given = need(result, "result");
    give(&need(out, "out"), *given.base);
  });
}

klt_status klt_ingest_result_counts(klt_context* context, const klt_ingest_result* result, const char* table_name,
                                    klt_row_counts* out) {
  return guard(context, [&] {
    const klt_ingest_result& given = need(result, "result");
    const TableId table = need_table_name(table_name);
    klt_row_counts counts = KLT_ROW_COUNTS_INIT;
    if (const auto found = given.counts->find(table); found != given.counts->end()) {
      counts.rows_read = found->second.rows_read;
      counts.rows_used = found->second.rows_used;
      counts.rows_rejected = found->second.rows_rejected;
    }
    write_struct(out, counts, "out");
  });
}

klt_status klt_ingest_result_reasons(klt_context* context, const klt_ingest_result* result, klt_table** out) {
  return guard(context, [&] {
    const klt_ingest_result& given = need(result, "result");
    need(out, "out");
    std::vector<std::string> tables;
    std::vector<std::string> reasons;
    std::vector<std::int64_t> rows;
    for (const auto& [table, counts] : *given.counts) {
      for (const auto& [reason, count] : counts.by_reason) {
        tables.emplace_back(spec(table).name);
        reasons.emplace_back(name(reason));
        rows.push_back(static_cast<std::int64_t>(count));
      }
    }
    Buffer<std::int64_t> counts(rows.size());
    std::copy(rows.begin(), rows.end(), counts.begin());
    std::vector<Column> columns;
    columns.emplace_back("table", tables);
    columns.emplace_back("reason", reasons);
    columns.emplace_back("rows", ColumnType::int64, std::move(counts));
    give(out, Table(std::move(columns)));
  });
}

klt_status klt_ingest_result_rejected(klt_context* context, const klt_ingest_result* result, klt_table** out) {
  return guard(context, [&] {
    const klt_ingest_result& given = need(result, "result");
    need(out, "out");
    const FeatureTable none;
    give(out, rejected_table(ReportInput{*given.base, none, {}, *given.rejects, *given.counts}));
  });
}

klt_status klt_ingest_result_unused_columns(klt_context* context, const klt_ingest_result* result, klt_table** out) {
  return guard(context, [&] {
    const klt_ingest_result& given = need(result, "result");
    need(out, "out");
    give(out, Table({Column("column", *given.unused_columns)}));
  });
}

klt_status klt_ingest_result_ignored_values(klt_context* context, const klt_ingest_result* result, klt_table** out) {
  return guard(context, [&] {
    const klt_ingest_result& given = need(result, "result");
    need(out, "out");
    std::vector<std::string> columns;
    std::vector<std::int64_t> values;
    for (const auto& [table, counts] : *given.counts) {
      for (const auto& [column, ignored] : counts.ignored_values) {
        columns.push_back(std::string(spec(table).name) + '.' + column);
        values.push_back(static_cast<std::int64_t>(ignored));
      }
    }
    Buffer<std::int64_t> ignored(values.size());
    std::copy(values.begin(), values.end(), ignored.begin());
    give(out, Table({Column("column", columns), Column("values", ColumnType::int64, std::move(ignored))}));
  });
}

}  // extern "C"
