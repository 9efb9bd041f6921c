// 24 month ends in one history beside one full run of features and classes, on the same base.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/core/arrow.hpp"
#include "klientela/ingest/ingest.hpp"

namespace {

using namespace klientela;  // NOLINT: a program of its own

constexpr std::int64_t day_micros = 86'400'000'000;
constexpr std::int64_t first_moment = 1'672'531'200'000'000;  // 2023-01-01
constexpr std::int64_t two_years = 731;

Tables purchases(std::int64_t rows, std::int64_t clients) {
  std::mt19937_64 random(1);
  const auto n = static_cast<std::size_t>(rows);
  Buffer<std::int64_t> client(n), at(n);
  Buffer<double> amount(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t r = random();
    client[i] = static_cast<std::int64_t>((r >> 32) * static_cast<std::uint64_t>(clients) >> 32) * 7919 + 1'000'003;
    at[i] = first_moment + static_cast<std::int64_t>(random() % (two_years * day_micros));
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
  static std::int64_t known = 0;
  static ClientBase base;
  if (known != rows) base = ingest(purchases(rows, rows / 20), {}, control()).base;
  known = rows;
  return base;
}

std::vector<AnyClassifier> rfm_and_abc() { return {AnyClassifier(RfmClassifier()), AnyClassifier(AbcClassifier())}; }

std::vector<Day> month_ends() {
  const Day first{std::chrono::days{first_moment / day_micros}};
  return period_ends(first, first + std::chrono::days{two_years - 1}, Period::month);
}

FeatureOptions purchases_only() {
  FeatureOptions options;
  options.groups = {FeatureGroup::purchases};
  return options;
}

void FeaturesAndClassesOnce(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  const std::vector<AnyClassifier> classifiers = state.range(1) != 0 ? default_classifiers() : rfm_and_abc();
  for (auto _ : state) {
    const FeatureTable features = compute_features(base, month_ends().back(), purchases_only(), control());
    benchmark::DoNotOptimize(
        classify(features.table(), std::span<const AnyClassifier>(classifiers), control()).table.rows());
  }
}

void History24(benchmark::State& state, HistoryThresholds thresholds) {
  const ClientBase& base = base_of(state.range(0));
  const std::vector<AnyClassifier> classifiers = state.range(1) != 0 ? default_classifiers() : rfm_and_abc();
  HistoryOptions options;
  options.thresholds = thresholds;
  for (auto _ : state) {
    const History found =
        history(base, month_ends(), std::span<const AnyClassifier>(classifiers), purchases_only(), options, control());
    benchmark::DoNotOptimize(found.bytes());
    state.counters["result_bytes"] = static_cast<double>(found.bytes());
  }
}
void HistoryFrozen(benchmark::State& state) { History24(state, HistoryThresholds::frozen); }
void HistoryRefit(benchmark::State& state) { History24(state, HistoryThresholds::refit); }

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"lines", "matrix"});
  for (const std::int64_t matrix : {0, 1}) benchmark->Args({10'000'000, matrix});
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(FeaturesAndClassesOnce)->Apply(sizes);
BENCHMARK(HistoryFrozen)->Apply(sizes);
BENCHMARK(HistoryRefit)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
