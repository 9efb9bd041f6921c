// Client bases out of a few lines of test code, by way of the public ingest.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/arrow.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/ingest.hpp"

namespace klientela::sample {

inline constexpr std::int64_t day_micros = 86'400'000'000;

inline Day day(std::string_view text) { return *parse_day(text); }
inline std::int64_t noon(Day value) { return value.time_since_epoch().count() * day_micros + day_micros / 2; }
inline std::int64_t noon(std::string_view text) { return noon(day(text)); }
inline std::int64_t units(std::string_view text) { return Money::from_text(text)->units(); }

using Text = std::optional<std::string>;

struct Line {
  std::int64_t client;
  std::int64_t at;      ///< UTC microseconds
  std::int64_t amount;  ///< units of 1/10000
  Text order{};
  Text product{};
  Text category{};
  std::optional<std::int64_t> profit{};
  std::optional<std::int64_t> quantity{};
};
struct Contact {
  std::int64_t client;
  std::optional<std::int64_t> planned_from{};
  std::optional<std::int64_t> started_at{};
  Text channel{};
  Text initiative{};
  Text topic{};
  Text state{};
};
struct Request {
  std::int64_t client;
  std::int64_t at;
};
struct Answer {
  std::int64_t client;
  std::int64_t at;
  std::string measure;
  std::int64_t score;  ///< units of 1/10000
};
struct Data {
  std::vector<std::int64_t> cards{};
  std::vector<Line> lines{};
  std::vector<Contact> contacts{};
  std::vector<Request> requests{};
  std::vector<Answer> answers{};
};

template <class Row, class Get>
Column numbers(const std::string& name, ColumnType type, const std::vector<Row>& rows, Get get) {
  Buffer<std::int64_t> values(rows.size());
  Buffer<std::uint8_t> valid((rows.size() + 7) / 8, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::optional<std::int64_t> value = get(rows[i]);
    values[i] = value.value_or(0);
    if (value) valid[i / 8] = static_cast<std::uint8_t>(valid[i / 8] | (1U << (i % 8)));
  }
  return Column(name, type, std::move(values), std::move(valid));
}

template <class Row, class Get>
Column texts(const std::string& name, const std::vector<Row>& rows, Get get) {
  std::vector<std::optional<std::string>> values;
  for (const Row& row : rows) values.push_back(get(row));
  return Column(name, values);
}

inline void add(Tables& tables, TableId id, const Table& table) {
  ArrowArrayStream stream{};
  export_stream(table, &stream);
  tables.add(id, ArrowStream(&stream));
}

template <class Row, class Has>
bool any(const std::vector<Row>& rows, Has has) {
  for (const Row& row : rows)
    if (has(row)) return true;
  return false;
}

/// Optional columns are delivered where some row has a value.
inline Tables tables_of(const Data& data) {
  Tables tables;
  if (!data.cards.empty()) {
    Table table;
    table.add(numbers("client", ColumnType::int64, data.cards, [](std::int64_t id) { return std::optional(id); }));
    add(tables, TableId::clients, table);
  }
  if (!data.lines.empty()) {
    const auto& rows = data.lines;
    Table table;
    table.add(numbers("client", ColumnType::int64, rows, [](const Line& r) { return std::optional(r.client); }));
    table.add(numbers("at", ColumnType::instant, rows, [](const Line& r) { return std::optional(r.at); }));
    table.add(numbers("amount", ColumnType::money, rows, [](const Line& r) { return std::optional(r.amount); }));
    if (any(rows, [](const Line& r) { return r.order.has_value(); }))
      table.add(texts("order", rows, [](const Line& r) { return r.order; }));
    if (any(rows, [](const Line& r) { return r.product.has_value(); }))
      table.add(texts("product", rows, [](const Line& r) { return r.product; }));
    if (any(rows, [](const Line& r) { return r.category.has_value(); }))
      table.add(texts("product_category", rows, [](const Line& r) { return r.category; }));
    if (any(rows, [](const Line& r) { return r.profit.has_value(); }))
      table.add(numbers("profit", ColumnType::money, rows, [](const Line& r) { return r.profit; }));
    if (any(rows, [](const Line& r) { return r.quantity.has_value(); }))
      table.add(numbers("quantity", ColumnType::money, rows, [](const Line& r) { return r.quantity; }));
    add(tables, TableId::transactions, table);
  }
  if (!data.contacts.empty()) {
    const auto& rows = data.contacts;
    Table table;
    table.add(numbers("client", ColumnType::int64, rows, [](const Contact& r) { return std::optional(r.client); }));
    table.add(numbers("planned_from", ColumnType::instant, rows, [](const Contact& r) { return r.planned_from; }));
    table.add(numbers("started_at", ColumnType::instant, rows, [](const Contact& r) { return r.started_at; }));
    table.add(texts("channel", rows, [](const Contact& r) { return r.channel; }));
    table.add(texts("initiative", rows, [](const Contact& r) { return r.initiative; }));
    table.add(texts("topic", rows, [](const Contact& r) { return r.topic; }));
    table.add(texts("state", rows, [](const Contact& r) { return r.state; }));
    add(tables, TableId::interactions, table);
  }
  if (!data.requests.empty()) {
    const auto& rows = data.requests;
    Table table;
    table.add(numbers("client", ColumnType::int64, rows, [](const Request& r) { return std::optional(r.client); }));
    table.add(numbers("at", ColumnType::instant, rows, [](const Request& r) { return std::optional(r.at); }));
    add(tables, TableId::requests, table);
  }
  if (!data.answers.empty()) {
    const auto& rows = data.answers;
    Table table;
    table.add(numbers("client", ColumnType::int64, rows, [](const Answer& r) { return std::optional(r.client); }));
    table.add(numbers("at", ColumnType::instant, rows, [](const Answer& r) { return std::optional(r.at); }));
    table.add(texts("measure", rows, [](const Answer& r) { return Text(r.measure); }));
    table.add(numbers("score", ColumnType::money, rows, [](const Answer& r) { return std::optional(r.score); }));
    add(tables, TableId::feedback, table);
  }
  return tables;
}

inline IngestOptions options_for(const std::string& zone) {
  IngestOptions options;
  options.time_zone = zone;
  options.unknown_clients = UnknownClients::create;
  return options;
}

inline ClientBase base_of(const Data& data, const std::string& zone = "UTC", const Control& control = {}) {
  return ingest(tables_of(data), options_for(zone), control).base;
}

inline ClientBase extended(const ClientBase& base, const Data& data, const Control& control = {}) {
  return extend(base, tables_of(data), options_for(base.time_zone().name()), control).base;
}

/// Names, types, nulls, values (of null rows too) and labels: everything that a reader of the table could see.
inline std::string bytes_of(const Table& table) {
  std::string out;
  for (const Column& column : table.columns()) {
    out += column.name() + '|' + std::string(name(column.type())) + '|';
    for (std::size_t r = 0; r < column.size(); ++r) out += column.is_null(r) ? 'n' : 'v';
    if (column.type() == ColumnType::text) {
      for (std::size_t r = 0; r < column.size(); ++r) out += std::string(column.text(r)) + '\0';
    } else {
      std::size_t width = 8;
      if (column.type() == ColumnType::int32 || column.type() == ColumnType::day || column.type() == ColumnType::term)
        width = 4;
      out.append(static_cast<const char*>(column.data()), column.size() * width);
    }
    if (column.type() == ColumnType::term)
      for (const std::string& label : column.labels()) out += label + '\0';
  }
  return out;
}

/// The columns of one client as text, by name; for expectations that people read.
inline std::string cell(const FeatureTable& features, std::string_view column, std::size_t row) {
  return features.column(column).to_text(row);
}

}  // namespace klientela::sample
