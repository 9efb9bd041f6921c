// Ingest of purchases from Arrow columns in memory, by kind of client key, and of 1 % more onto a base.
#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <string>

#include "klientela/ingest/ingest.hpp"

namespace {

using klientela::Buffer;
using klientela::Column;
using klientela::ColumnType;
using klientela::Table;

Table purchases(std::size_t rows, std::size_t clients, bool text_keys, unsigned seed) {
  std::mt19937_64 ids(1);
  std::vector<std::int64_t> id(clients);
  for (auto& value : id) value = static_cast<std::int64_t>(ids() >> 1);
  std::mt19937_64 random(seed);
  Buffer<std::int64_t> at(rows);
  Buffer<double> amount(rows);
  std::vector<std::int64_t> client(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    client[i] = id[random() % clients];
    at[i] = 1'600'000'000'000'000 + static_cast<std::int64_t>(random() % 94'608'000) * 1'000'000;
    amount[i] = static_cast<double>(random() % 1'000'000) / 100;
  }
  Table table;
  if (text_keys) {
    std::vector<std::string> texts;
    texts.reserve(rows);
    for (const std::int64_t value : client) texts.push_back("C" + std::to_string(value % 9'999'999'967));
    table.add(Column("client", texts));
  } else {
    Buffer<std::int64_t> keys(rows);
    std::memcpy(keys.data(), client.data(), rows * sizeof(std::int64_t));
    table.add(Column("client", ColumnType::int64, std::move(keys)));
  }
  table.add(Column("at", ColumnType::instant, std::move(at)));
  table.add(Column("amount", ColumnType::float64, std::move(amount)));
  return table;
}

klientela::Tables tables_of(const Table& table) {
  ArrowArrayStream stream{};
  klientela::export_stream(table, &stream);
  klientela::Tables tables;
  tables.add(klientela::TableId::transactions, klientela::ArrowStream(&stream));
  return tables;
}

void plain_read(benchmark::State& state) {
  const Table table = purchases(static_cast<std::size_t>(state.range(0)), 500'000, false, 2);
  for (auto _ : state) {
    std::int64_t sum = 0;
    double money = 0;
    for (const std::int64_t value : table.column("client").values<std::int64_t>()) sum += value & 1;
    for (const std::int64_t value : table.column("at").values<std::int64_t>()) sum += value & 1;
    for (const double value : table.column("amount").values<double>()) money += value;
    benchmark::DoNotOptimize(sum);
    benchmark::DoNotOptimize(money);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(plain_read)->Arg(10'000'000)->Unit(benchmark::kMillisecond);

void ingest(benchmark::State& state, bool text_keys) {
  const Table table = purchases(static_cast<std::size_t>(state.range(0)), 500'000, text_keys, 2);
  klientela::ThreadPool pool;
  klientela::Control control;
  control.executor = &pool;
  for (auto _ : state) {
    const auto result = klientela::ingest(tables_of(table), {}, control);
    benchmark::DoNotOptimize(result.base.clients());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(ingest, integer_keys, false)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(ingest, text_keys, true)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void extend(benchmark::State& state) {
  klientela::ThreadPool pool;
  klientela::Control control;
  control.executor = &pool;
  const Table table = purchases(10'000'000, 500'000, false, 2);
  const auto base = klientela::ingest(tables_of(table), {}, control).base;
  const Table more = purchases(100'000, 505'000, false, 3);
  for (auto _ : state) {
    const auto result = klientela::extend(base, tables_of(more), {}, control);
    benchmark::DoNotOptimize(result.base.clients());
  }
  state.SetItemsProcessed(state.iterations() * 100'000);
}
BENCHMARK(extend)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
