// How fast features are computed and refreshed, beside the plain read of the columns they are computed from.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <map>
#include <random>
#include <utility>

#include "klientela/core/arrow.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/ingest.hpp"

namespace {

using namespace klientela;  // NOLINT: a program of its own

constexpr std::int64_t day_micros = 86'400'000'000;
constexpr std::int64_t first_moment = 1'672'531'200'000'000;  // 2023-01-01
constexpr std::int64_t days = 730;
const Day last_day{std::chrono::days{first_moment / day_micros + days - 1}};

// Purchases of keys spread over int64, in no order; `late` ones fall on the days after and bring a few new clients.
Tables purchases(std::int64_t rows, std::int64_t clients, std::uint64_t seed, bool late) {
  std::mt19937_64 random(seed);
  const auto n = static_cast<std::size_t>(rows);
  Buffer<std::int64_t> client(n), at(n);
  Buffer<double> amount(n);
  const std::int64_t range = late ? clients + clients / 500 : clients;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t r = random();
    client[i] = static_cast<std::int64_t>((r >> 32) * static_cast<std::uint64_t>(range) >> 32) * 7919 + 1'000'003;
    const std::uint64_t s = random();
    at[i] = first_moment + (late ? static_cast<std::int64_t>(s % (3 * day_micros)) + days * day_micros
                                 : static_cast<std::int64_t>(s % (days * day_micros)));
    amount[i] = static_cast<double>(1 + (r & 0xFFFF)) / 100.0;
    if ((r >> 16 & 0x3F) == 0) amount[i] = -amount[i];
  }
  Table table;
  table.add(Column("client", ColumnType::int64, std::move(client)));
  table.add(Column("at", ColumnType::instant, std::move(at)));
  table.add(Column("amount", ColumnType::float64, std::move(amount)));
  ArrowArrayStream stream{};
  export_stream(table, &stream);
  Tables tables;
  tables.add(TableId::transactions, ArrowStream(&stream));
  return tables;
}

ThreadPool& pool() {
  static ThreadPool threads;
  return threads;
}

Control control() {
  Control out;
  out.executor = &pool();
  return out;
}

const ClientBase& base_of(std::int64_t rows) {
  static std::map<std::int64_t, ClientBase> bases;
  const auto known = bases.find(rows);
  if (known != bases.end()) return known->second;
  bases.clear();  // one at a time, to keep memory for the work
  return bases.emplace(rows, ingest(purchases(rows, rows / 20, 1, false), {}, control()).base).first->second;
}

FeatureOptions only(std::vector<FeatureGroup> groups) {
  FeatureOptions options;
  options.groups = std::move(groups);
  return options;
}

// Process time beside the clock's: what a loaded machine does not change.
class ProcessTime {
 public:
  void resume() { begin_ = std::clock(); }
  void pause() { total_ += std::clock() - begin_; }
  void report(benchmark::State& state) const {
    const double seconds = static_cast<double>(total_) / CLOCKS_PER_SEC / static_cast<double>(state.iterations());
    state.counters["cpu_ms"] = seconds * 1e3;
    state.counters["cpu_ns_per_row"] = seconds * 1e9 / static_cast<double>(state.range(0));
  }

 private:
  std::clock_t begin_{0};
  std::clock_t total_{0};
};

// Reading the three columns block by block in normal form, and adding them up.
void read_columns(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  ProcessTime process;
  process.resume();
  for (auto _ : state) {
    for (const auto& chunk : base.chunks(TableId::transactions)) {
      constexpr std::size_t step = 2048;
      constexpr std::size_t share = 256 * step;
      pool().run((chunk->rows() + share - 1) / share, [&](std::size_t part) {
        std::array<std::int32_t, step> day;
        std::array<std::int64_t, step> amount;
        std::int64_t sum = 0;
        for (std::size_t begin = part * share; begin < std::min(chunk->rows(), (part + 1) * share); begin += step) {
          const std::size_t n = std::min(step, chunk->rows() - begin);
          (*chunk)[TransactionField::at]->days(begin, std::span(day.data(), n));
          (*chunk)[TransactionField::amount]->numbers(begin, std::span(amount.data(), n));
          for (std::size_t i = 0; i < n; ++i) sum += day[i] + amount[i] + chunk->clients()[begin + i];
        }
        benchmark::DoNotOptimize(sum);
      });
    }
  }
  process.pause();
  process.report(state);
}

void compute_purchases(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  ProcessTime process;
  process.resume();
  for (auto _ : state)
    benchmark::DoNotOptimize(compute_features(base, last_day, only({FeatureGroup::purchases}), control()));
  process.pause();
  process.report(state);
}

void compute_histories(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  ProcessTime process;
  process.resume();
  for (auto _ : state) benchmark::DoNotOptimize(compute_features(base, last_day, {}, control()));
  process.pause();
  process.report(state);
}

void refresh(benchmark::State& state, const FeatureOptions& options) {
  const ClientBase& base = base_of(state.range(0));
  const ClientBase more =
      extend(base, purchases(state.range(0) / 100, state.range(0) / 20, 2, true), {}, control()).base;
  ProcessTime process;
  for (auto _ : state) {
    FeatureTable features = compute_features(base, last_day, options, control());
    process.resume();
    const auto begin = std::chrono::steady_clock::now();
    features = refresh_features(std::move(features), more, last_day + std::chrono::days(3), control());
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    process.pause();
    benchmark::DoNotOptimize(features);
  }
  process.report(state);
  state.counters["new clients"] = static_cast<double>(more.clients() - base.clients());
}

void refresh_purchases(benchmark::State& state) { refresh(state, only({FeatureGroup::purchases})); }
void refresh_histories(benchmark::State& state) { refresh(state, {}); }

constexpr std::int64_t ten_million = 10'000'000;
BENCHMARK(read_columns)->Arg(ten_million)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(compute_purchases)->Arg(ten_million)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(compute_histories)->Arg(ten_million)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(refresh_purchases)->Arg(ten_million)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(refresh_histories)->Arg(ten_million)->Unit(benchmark::kMillisecond)->UseManualTime();
BENCHMARK(read_columns)->Arg(10 * ten_million)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(compute_purchases)->Arg(10 * ten_million)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
