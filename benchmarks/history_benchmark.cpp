// 24 month ends in one history beside one full run of features and classes, on the same base.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "purchases.hpp"

namespace {

using namespace klientela;              // NOLINT: a program of its own
using namespace klientela::benchmarks;  // NOLINT

constexpr std::int64_t two_years = 731;

const ClientBase& base_of(std::int64_t rows) {
  static std::int64_t known = 0;
  static ClientBase base;
  if (known != rows) base = ingest(purchases(rows, rows / 20, two_years), {}, control()).base;
  known = rows;
  return base;
}

// 0: RFM and ABC; 1: the contact matrix too; 2: those of the default policy, which are tiers and relationship types
// more.
std::vector<AnyClassifier> chosen(std::int64_t which) {
  if (which == 2) return default_classifiers();
  std::vector<AnyClassifier> list{AnyClassifier(RfmClassifier()), AnyClassifier(AbcClassifier())};
  if (which == 1) list.emplace_back(MatrixClassifier());
  return list;
}

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
  const std::vector<AnyClassifier> classifiers = chosen(state.range(1));
  for (auto _ : state) {
    const FeatureTable features = compute_features(base, month_ends().back(), purchases_only(), control());
    benchmark::DoNotOptimize(
        classify(features.table(), std::span<const AnyClassifier>(classifiers), control()).table.rows());
  }
}

void History24(benchmark::State& state, HistoryThresholds thresholds) {
  const ClientBase& base = base_of(state.range(0));
  const std::vector<AnyClassifier> classifiers = chosen(state.range(1));
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
  benchmark->ArgNames({"lines", "classifiers"});
  for (const std::int64_t which : {0, 1, 2}) benchmark->Args({10'000'000, which});
  benchmark->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
}
BENCHMARK(FeaturesAndClassesOnce)->Apply(sizes);
BENCHMARK(HistoryFrozen)->Apply(sizes);
BENCHMARK(HistoryRefit)->Apply(sizes);

}  // namespace

BENCHMARK_MAIN();
