// What the benchmarks of several stages share: made-up purchases, and a pool of threads for the whole program.
#pragma once

#include <cstdint>
#include <random>
#include <utility>

#include "klientela/core/arrow.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/ingest/ingest.hpp"

namespace klientela::benchmarks {

inline constexpr std::int64_t day_micros = 86'400'000'000;
inline constexpr std::int64_t first_moment = 1'672'531'200'000'000;  // 2023-01-01

/// All cores.
inline ThreadPool& pool() {
  static ThreadPool threads;
  return threads;
}

inline Control control() {
  Control out;
  out.executor = &pool();
  return out;
}

inline void add(Tables& tables, TableId id, const Table& table) {
  ArrowArrayStream stream{};
  export_stream(table, &stream);
  tables.add(id, ArrowStream(&stream));
}

/// Lines of clients whose keys are spread over int64, in no order, one in 64 a refund, in the `days` from `begin` on.
inline Tables purchases(std::int64_t rows, std::int64_t clients, std::int64_t days, std::int64_t begin = first_moment,
                        std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  const auto n = static_cast<std::size_t>(rows);
  Buffer<std::int64_t> client(n), at(n);
  Buffer<double> amount(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t r = random();
    client[i] = static_cast<std::int64_t>((r >> 32) * static_cast<std::uint64_t>(clients) >> 32) * 7919 + 1'000'003;
    at[i] = begin + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(days * day_micros));
    amount[i] = static_cast<double>(1 + (r & 0xFFFF)) / 100.0;
    if ((r >> 16 & 0x3F) == 0) amount[i] = -amount[i];
  }
  Table table;
  table.add(Column("client", ColumnType::int64, std::move(client)));
  table.add(Column("at", ColumnType::instant, std::move(at)));
  table.add(Column("amount", ColumnType::float64, std::move(amount)));
  Tables tables;
  add(tables, TableId::transactions, table);
  return tables;
}

}  // namespace klientela::benchmarks
