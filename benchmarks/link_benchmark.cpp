// Learning link models from a hundred thousand patterns of pairs, and what their thresholds find.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "klientela/dedupe/link_thresholds.hpp"
#include "klientela/dedupe/link_training.hpp"

namespace {

using namespace klientela;  // NOLINT: a program of its own

constexpr std::size_t comparisons = 10;
constexpr std::size_t patterns = 100'000;

std::vector<ComparisonSpec> specs() {
  std::vector<ComparisonSpec> made;
  for (std::size_t f = 0; f < comparisons; ++f)
    made.push_back({"comparison " + std::to_string(f), {"different", "alike", "close", "same"}});
  return made;
}

/// Patterns of which a third agree more often than the others.
PatternCounts sample(std::size_t rows, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  PatternCounts made{.fields = comparisons};
  std::vector<std::uint8_t> row(comparisons);
  for (std::size_t i = 0; i < rows; ++i) {
    const bool match = random() % 3 == 0;
    for (std::uint8_t& level : row) {
      const std::uint64_t x = random() % 100;
      if (match)
        level = x < 5 ? 0 : x < 10 ? 1 : x < 25 ? 2 : x < 40 ? 3 : 4;
      else
        level = x < 5 ? 0 : x < 50 ? 1 : x < 75 ? 2 : x < 90 ? 3 : 4;
    }
    made.add(row, static_cast<double>(1 + random() % 20));
  }
  return made;
}

void train(benchmark::State& state) {
  const std::vector<ComparisonSpec> own = specs();
  const PatternCounts random = sample(1000, 1);
  const std::vector<TrainingBlock> blocks{{"block", sample(patterns, 2), {}}};
  LinkTrainingOptions options;
  options.prior = 1e-9;  // one pass
  options.max_iterations = 50;
  options.tolerance = 1e-300;
  std::size_t iterations = 0;
  for (auto _ : state) {
    const LinkTraining result = train_link_model(own, random, blocks, 0, options);
    iterations = result.iterations;
    benchmark::DoNotOptimize(result.model.prior());
  }
  state.counters["iterations"] = static_cast<double>(iterations);
}
BENCHMARK(train)->Unit(benchmark::kMillisecond);

void learn(benchmark::State& state) {
  const std::vector<ComparisonSpec> own = specs();
  const PatternCounts matches = sample(patterns / 2, 3);
  const PatternCounts others = sample(patterns / 2, 4);
  for (auto _ : state) benchmark::DoNotOptimize(learn_link_model(own, matches, others).model.prior());
}
BENCHMARK(learn)->Unit(benchmark::kMillisecond);

void thresholds(benchmark::State& state) {
  const PatternCounts candidates = sample(patterns, 2);
  const LinkModel model =
      train_link_model(specs(), sample(1000, 1), std::vector<TrainingBlock>{{"block", candidates, {}}}).model;
  for (auto _ : state) benchmark::DoNotOptimize(ThresholdTable(model, candidates).best_f1().f1);
}
BENCHMARK(thresholds)->Unit(benchmark::kMillisecond);

}  // namespace
