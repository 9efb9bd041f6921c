// Ingest options from and to policy JSON, and the schema of that part of the document.
#include "klientela/ingest/ingest_json.hpp"

#include <map>

#include "core/json_reader.hpp"
#include "klientela/core/time.hpp"

namespace klientela {
namespace {

const std::vector<std::string_view> unknown_clients_names{"reject_if_cards", "create", "reject"};

std::string fields_of(const TableSpec& table) {
  std::string names;
  for (const FieldSpec& field : table.fields) names += (names.empty() ? "" : ", ") + std::string(field.name);
  return names;
}

std::string known_tables() {
  std::string names;
  for (std::size_t i = 0; i < table_count; ++i)
    names += (i == 0 ? "" : ", ") + std::string(spec(static_cast<TableId>(i)).name);
  return names;
}

void check_time_zone(const json::Node& node) {
  try {
    (void)TimeZone::named(node.text());
  } catch (const Error& error) {
    if (error.code() == Code::bad_policy) throw;
    node.fail(error.what());
  }
}

void check_currency(const json::Node& node) {
  const std::string& code = node.text();
  if (code.empty()) return;
  bool good = code.size() == 3;
  for (const char c : code) good = good && c >= 'A' && c <= 'Z';
  if (!good) node.fail("must be empty or a code of three capital letters (ISO 4217), for example EUR");
}

void check_date_format(const json::Node& node) {
  const std::string& pattern = node.text();
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    if (++i == pattern.size() || std::string_view("YmdHMS%").find(pattern[i]) == std::string_view::npos)
      node.fail("may hold %Y %m %d %H %M %S and literal characters only (%% for a percent sign)");
  }
  if (pattern.empty()) return;
  for (const std::string_view needed : {"%Y", "%m", "%d"})
    if (pattern.find(needed) == std::string::npos) node.fail("must hold %Y, %m and %d");
}

TableMapping read_mapping(const json::Node& node, const TableSpec& table) {
  TableMapping mapping;
  json::Object object(node);
  if (const auto columns = object.find("columns")) {
    std::map<std::string, std::string, std::less<>> feeds;
    for (const auto& [field, name] : columns->members()) {
      bool known = false;
      for (const FieldSpec& candidate : table.fields) known = known || candidate.name == field;
      if (!known) name.fail("is not a field of " + std::string(table.name) + "; its fields: " + fields_of(table));
      if (name.text().empty()) name.fail("must be the name of a column, not empty");
      const auto [other, fresh] = feeds.emplace(name.text(), field);
      if (!fresh) name.fail("names the column that already feeds the field " + other->second);
      mapping.columns.emplace(field, name.text());
    }
  }
  object.done();
  return mapping;
}

}  // namespace

IngestOptions ingest_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  IngestOptions options;
  if (const auto zone = object.find("time_zone")) {
    check_time_zone(*zone);
    options.time_zone = zone->text();
  }
  if (const auto currency = object.find("currency")) {
    check_currency(*currency);
    options.currency = currency->text();
  }
  object.read("unknown_clients", options.unknown_clients, unknown_clients_names);
  object.read("reject_zero_amounts", options.reject_zero_amounts);
  if (const auto format = object.find("date_format")) {
    check_date_format(*format);
    options.date_format = format->text();
  }
  object.read("decimal_comma", options.decimal_comma);
  object.read("keep_unreadable_cards", options.keep_unreadable_cards);
  if (const auto mappings = object.find("mappings")) {
    for (const auto& [name, node] : mappings->members()) {
      const auto table = table_named(name);
      if (!table) node.fail("is not a table; the tables: " + known_tables());
      options.mappings.emplace(*table, read_mapping(node, spec(*table)));
    }
  }
  object.read("max_rejects_kept", options.max_rejects_kept, 0, std::numeric_limits<std::int64_t>::max());
  object.done();
  return options;
}

std::string to_json(const IngestOptions& options) {
  json::Value mappings = json::Value::object();
  for (const auto& [table, mapping] : options.mappings) {
    json::Value columns = json::Value::object();
    for (const auto& [field, column] : mapping.columns) columns[field] = column;
    mappings[std::string(spec(table).name)] = json::Value{{"columns", std::move(columns)}};
  }
  json::Value document = json::Value::object();
  document["time_zone"] = options.time_zone;
  document["currency"] = options.currency;
  document["unknown_clients"] = unknown_clients_names.at(static_cast<std::size_t>(options.unknown_clients));
  document["reject_zero_amounts"] = options.reject_zero_amounts;
  document["date_format"] = options.date_format;
  document["decimal_comma"] = options.decimal_comma;
  document["keep_unreadable_cards"] = options.keep_unreadable_cards;
  document["mappings"] = std::move(mappings);
  document["max_rejects_kept"] = options.max_rejects_kept;
  return document.dump(2);
}

std::string ingest_options_schema() {
  using json::Value;
  Value tables = Value::object();
  for (std::size_t i = 0; i < table_count; ++i) {
    const TableSpec& table = spec(static_cast<TableId>(i));
    Value fields = Value::object();
    for (const FieldSpec& field : table.fields)
      fields[std::string(field.name)] = {
          {"type", "string"}, {"minLength", 1}, {"description", std::string(field.note)}};
    Value columns = {{"type", "object"},
                     {"description", "Field of klientela to name of the delivered column; wins over the aliases."},
                     {"properties", std::move(fields)},
                     {"additionalProperties", false}};
    tables[std::string(table.name)] = {
        {"type", "object"}, {"properties", {{"columns", std::move(columns)}}}, {"additionalProperties", false}};
  }
  const IngestOptions defaults;
  Value properties = Value::object();
  properties["time_zone"] = {{"type", "string"},
                             {"minLength", 1},
                             {"default", defaults.time_zone},
                             {"description", "IANA name of the zone whose days count, and of timestamps without one."}};
  properties["currency"] = {{"type", "string"},
                            {"pattern", "^([A-Z]{3})?$"},
                            {"default", ""},
                            {"description", "ISO 4217 code of every amount; empty: not said."}};
  properties["unknown_clients"] = {
      {"enum", {"reject_if_cards", "create", "reject"}},
      {"default", "reject_if_cards"},
      {"description",
       "What happens to a row of a client without a card: rejected where cards were ever delivered and "
       "created otherwise, always created, always rejected."}};
  properties["reject_zero_amounts"] = {
      {"type", "boolean"}, {"default", false}, {"description", "Whether purchase lines of zero are rejected."}};
  properties["date_format"] = {
      {"type", "string"},
      {"default", ""},
      {"description", "Pattern of text dates out of %Y %m %d %H %M %S and literals, tried after ISO 8601."}};
  properties["decimal_comma"] = {{"type", "boolean"},
                                 {"default", false},
                                 {"description", "Whether text numbers are written as 1.234,50 or 1 234,50."}};
  properties["keep_unreadable_cards"] = {
      {"type", "boolean"},
      {"default", false},
      {"description", "Whether a card stays where an optional value cannot be read; the value counts as none."}};
  properties["mappings"] = {{"type", "object"},
                            {"description", "How the columns of each delivered table are named."},
                            {"properties", std::move(tables)},
                            {"additionalProperties", false}};
  properties["max_rejects_kept"] = {{"type", "integer"},
                                    {"minimum", 0},
                                    {"maximum", std::numeric_limits<std::int64_t>::max()},
                                    {"default", defaults.max_rejects_kept},
                                    {"description", "Rejected rows listed; more are counted only."}};
  const Value schema = {{"type", "object"},
                        {"title", "Reading tables"},
                        {"properties", std::move(properties)},
                        {"additionalProperties", false}};
  return schema.dump(2);
}

}  // namespace klientela
