// Small deliveries of tables, made by hand or drawn from a seed, for tests of whole runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "klientela/core/arrow.hpp"
#include "klientela/ingest/ingest.hpp"

namespace klientela::testing {

using Texts = std::vector<std::optional<std::string>>;

inline ArrowStream stream(const Table& table) {
  ArrowArrayStream raw{};
  export_stream(table, &raw);
  return ArrowStream(&raw);
}

inline Tables one(TableId id, const Table& table) {
  Tables tables;
  tables.add(id, stream(table));
  return tables;
}

/// A purchase line as texts: client, day or instant, amount.
struct Line {
  std::string client;
  std::string at;
  std::string amount;
};

inline Table table_of(const std::vector<Line>& lines) {
  std::vector<std::string> clients;
  std::vector<std::string> days;
  std::vector<std::string> amounts;
  for (const Line& line : lines) {
    clients.push_back(line.client);
    days.push_back(line.at);
    amounts.push_back(line.amount);
  }
  Table table;
  table.add(Column("client", clients));
  table.add(Column("at", days));
  table.add(Column("amount", amounts));
  return table;
}

/// Purchases of `clients` clients over the days of 2025; the same for the same seed.
inline std::vector<Line> drawn_lines(std::size_t lines, std::size_t clients, std::uint32_t seed,
                                     Day from = Day{std::chrono::year{2025} / 1 / 1}, int days = 300) {
  std::mt19937 random(seed);
  std::vector<Line> drawn;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto client = random() % clients;
    const Day day = from + std::chrono::days{static_cast<int>(random() % static_cast<std::uint32_t>(days))};
    const auto cents = 100 + random() % 100000;
    const std::string fraction = std::to_string(100 + cents % 100).substr(1);
    drawn.push_back({"c" + std::to_string(client), to_text(day),
                     (random() % 10 == 0 ? "-" : "") + std::to_string(cents / 100) + '.' + fraction});
  }
  return drawn;
}

}  // namespace klientela::testing
