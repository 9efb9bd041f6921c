// A table of purchases from rows in memory, handed over the way any Arrow library hands its tables over.
#pragma once

#include <string>
#include <vector>

#include <klientela/klientela.hpp>

struct Purchase {
  std::string client;
  std::string day;
  double amount;
};

inline klientela::Tables delivery(const std::vector<Purchase>& purchases) {
  std::vector<std::string> clients;
  std::vector<std::string> days;
  klientela::Buffer<double> amounts(purchases.size());
  for (std::size_t i = 0; i < purchases.size(); ++i) {
    clients.push_back(purchases[i].client);
    days.push_back(purchases[i].day);
    amounts[i] = purchases[i].amount;
  }
  klientela::Table table;
  table.add(klientela::Column("client", clients));
  table.add(klientela::Column("date", days));
  table.add(klientela::Column("amount", klientela::ColumnType::float64, std::move(amounts)));

  // Any ArrowArrayStream does: from nanoarrow, Arrow C++, DuckDB, or, as here, from klientela itself.
  ArrowArrayStream stream{};
  klientela::export_stream(table, &stream);
  klientela::Tables tables;
  tables.add(klientela::TableId::transactions, klientela::ArrowStream(&stream));
  return tables;
}
