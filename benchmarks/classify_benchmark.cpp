// Fitting and applying RFM, ABC and the contact matrix, beside the plain read of the same columns.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <vector>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/rfm.hpp"

namespace {

using namespace klientela;

/// Clients as a shop has them: a third bought once, money is log-normal, one in a thousand never bought.
Table features(std::size_t rows) {
  std::mt19937_64 random(17);
  std::lognormal_distribution<double> amount(4, 1.5);
  std::geometric_distribution<std::int64_t> orders(0.33);
  Buffer<std::int64_t> client(rows);
  Buffer<std::int32_t> recency(rows);
  Buffer<std::int64_t> frequency(rows);
  Buffer<std::int64_t> net(rows);
  Buffer<std::int64_t> gross(rows);
  Buffer<std::int32_t> tenure(rows);
  Buffer<std::uint8_t> valid((rows + 7) / 8, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    const bool bought = random() % 1000 != 0;
    client[i] = static_cast<std::int64_t>(i * 7);
    recency[i] = static_cast<std::int32_t>(random() % 1400);
    tenure[i] = recency[i] + static_cast<std::int32_t>(random() % 700);
    frequency[i] = bought ? 1 + orders(random) : 0;
    gross[i] = bought ? static_cast<std::int64_t>(amount(random) * 10'000) * frequency[i] : 0;
    net[i] = gross[i] - (random() % 8 == 0 ? gross[i] / 3 : 0);
    if (bought) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
  }
  Buffer<std::uint8_t> same(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) same[i] = valid[i];
  return Table({Column("client", ColumnType::int64, std::move(client)),
                Column("recency_days", ColumnType::int32, std::move(recency), std::move(valid)),
                Column("frequency", ColumnType::int64, std::move(frequency)),
                Column("money_net", ColumnType::money, std::move(net)),
                Column("money_gross", ColumnType::money, std::move(gross)),
                Column("tenure_days", ColumnType::int32, std::move(tenure), std::move(same))});
}

AbcClassifier abc() {
  AbcOptions options;
  options.measures = {"money_gross"};
  return AbcClassifier(options);
}

struct Bench {
  explicit Bench(const benchmark::State& state)
      : pool(static_cast<std::size_t>(state.range(1))), table(features(static_cast<std::size_t>(state.range(0)))) {
    control.executor = &pool;
  }
  ThreadPool pool;
  Control control;
  Table table;
};

void PlainRead(benchmark::State& state) {
  Bench bench(state);
  for (auto _ : state) {
    std::int64_t sum = 0;
    for (const std::int32_t value : bench.table.column("recency_days").values<std::int32_t>()) sum += value;
    for (const char* name : {"frequency", "money_net", "money_gross"})
      for (const std::int64_t value :
           std::span(static_cast<const std::int64_t*>(bench.table.column(name).data()), bench.table.rows()))
        sum += value;
    benchmark::DoNotOptimize(sum);
  }
}

void RfmAndAbc(benchmark::State& state) {
  Bench bench(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(RfmClassifier().fit(bench.table, bench.control).classify(bench.table, bench.control));
    benchmark::DoNotOptimize(abc().fit(bench.table, bench.control).classify(bench.table, bench.control));
  }
}

void FitRfm(benchmark::State& state) {
  Bench bench(state);
  for (auto _ : state) benchmark::DoNotOptimize(RfmClassifier().fit(bench.table, bench.control));
}

void FitAbc(benchmark::State& state) {
  Bench bench(state);
  for (auto _ : state) benchmark::DoNotOptimize(abc().fit(bench.table, bench.control));
}

void ApplyFrozenRfmAndAbc(benchmark::State& state) {
  Bench bench(state);
  const RfmModel rfm = RfmClassifier().fit(bench.table, bench.control);
  const AbcModel classes = abc().fit(bench.table, bench.control);
  for (auto _ : state) {
    benchmark::DoNotOptimize(rfm.classify(bench.table, bench.control));
    benchmark::DoNotOptimize(classes.classify(bench.table, bench.control));
  }
}

void Matrix(benchmark::State& state) {
  Bench bench(state);
  for (auto _ : state)
    benchmark::DoNotOptimize(MatrixClassifier().fit(bench.table, bench.control).classify(bench.table, bench.control));
}

void ApplyFrozenMatrix(benchmark::State& state) {
  Bench bench(state);
  const MatrixModel matrix = MatrixClassifier().fit(bench.table, bench.control);
  for (auto _ : state) benchmark::DoNotOptimize(matrix.classify(bench.table, bench.control));
}

/// The classes of the job that other systems are compared by, and the contact matrix beside them.
std::vector<AnyClassifier> classifiers() {
  return {AnyClassifier(RfmClassifier()), AnyClassifier(abc()), AnyClassifier(MatrixClassifier())};
}

void AllThree(benchmark::State& state) {
  Bench bench(state);
  const std::vector<AnyClassifier> all = classifiers();
  for (auto _ : state) benchmark::DoNotOptimize(classify(bench.table, all, bench.control));
}

void ApplyFrozenAllThree(benchmark::State& state) {
  Bench bench(state);
  const std::vector<AnyModel> models = classify(bench.table, classifiers(), bench.control).models;
  for (auto _ : state) benchmark::DoNotOptimize(classify(bench.table, models, bench.control));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"clients", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int rows : {500'000, 5'000'000})
    for (const int threads : {1, 2}) benchmark->Args({rows, threads});
}

BENCHMARK(PlainRead)->Apply(sizes);
BENCHMARK(RfmAndAbc)->Apply(sizes);
BENCHMARK(FitRfm)->Apply(sizes);
BENCHMARK(FitAbc)->Apply(sizes);
BENCHMARK(ApplyFrozenRfmAndAbc)->Apply(sizes);
BENCHMARK(Matrix)->Apply(sizes);
BENCHMARK(ApplyFrozenMatrix)->Apply(sizes);
BENCHMARK(AllThree)->Apply(sizes);
BENCHMARK(ApplyFrozenAllThree)->Apply(sizes);

}  // namespace
