// How fast features are computed and refreshed, beside the plain read of the columns they are computed from.
#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <map>
#include <utility>

#include "klientela/features/features.hpp"
#include "purchases.hpp"

namespace {

using namespace klientela;              // NOLINT: a program of its own
using namespace klientela::benchmarks;  // NOLINT

constexpr std::int64_t days = 730;
const Day last_day{std::chrono::days{first_moment / day_micros + days - 1}};

const ClientBase& base_of(std::int64_t rows) {
  static std::map<std::int64_t, ClientBase> bases;
  const auto known = bases.find(rows);
  if (known != bases.end()) return known->second;
  bases.clear();  // one at a time, to keep memory for the work
  return bases.emplace(rows, ingest(purchases(rows, rows / 20, days), {}, control()).base).first->second;
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
  // On the days after, with a few new clients.
  const std::int64_t clients = state.range(0) / 20;
  Tables late = purchases(state.range(0) / 100, clients + clients / 500, 3, first_moment + days * day_micros, 2);
  const ClientBase more = extend(base, std::move(late), {}, control()).base;
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
