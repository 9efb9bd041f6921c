// One event into a tracker of a million clients: median and tail, with late purchases and refunds among them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/tracker.hpp"
#include "klientela/core/arrow.hpp"
#include "klientela/ingest/ingest.hpp"

namespace {

using namespace klientela;  // NOLINT: a program of its own

constexpr std::int64_t day_micros = 86'400'000'000;
constexpr std::int64_t first_moment = 1'672'531'200'000'000;  // 2023-01-01
constexpr std::int64_t days = 730;
const Day last_day{std::chrono::days{first_moment / day_micros + days - 1}};

Tables purchases(std::int64_t rows, std::int64_t clients) {
  std::mt19937_64 random(1);
  const auto n = static_cast<std::size_t>(rows);
  Buffer<std::int64_t> client(n), at(n), amount(n);
  for (std::size_t i = 0; i < n; ++i) {
    client[i] = static_cast<std::int64_t>(i) < clients
                    ? static_cast<std::int64_t>(i)
                    : static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(clients));
    client[i] = client[i] * 7919 + 1'000'003;
    at[i] = first_moment + static_cast<std::int64_t>(random() % (days * day_micros));
    amount[i] = static_cast<std::int64_t>(1 + random() % 5'000'000) * (random() % 50 == 0 ? -1 : 1);
  }
  Table table({Column("client", ColumnType::int64, std::move(client)), Column("at", ColumnType::instant, std::move(at)),
               Column("amount", ColumnType::money, std::move(amount))});
  ArrowArrayStream stream{};
  export_stream(table, &stream);
  Tables tables;
  tables.add(TableId::transactions, ArrowStream(&stream));
  return tables;
}

/// \param state.range(0)  clients; state.range(1)  1: lines are kept, for gaps
void ApplyOne(benchmark::State& state) {
  const std::int64_t clients = state.range(0);
  ThreadPool pool;
  Control control;
  control.executor = &pool;
  FeatureOptions features;
  features.groups = {FeatureGroup::purchases};
  if (state.range(1) != 0) features.groups.push_back(FeatureGroup::gaps);
  const ClientBase base = ingest(purchases(clients * 4, clients), {}, control).base;
  const std::vector<AnyClassifier> classifiers{AnyClassifier(RfmClassifier()), AnyClassifier(AbcClassifier()),
                                               AnyClassifier(MatrixClassifier())};
  const std::vector<AnyModel> models = classify(compute_features(base, last_day, features, control).table(),
                                                std::span<const AnyClassifier>(classifiers), control)
                                           .models;
  TrackerOptions options;
  if (state.range(1) != 0) options.columns = {"gap_days_mean"};
  Tracker tracker(base, last_day, models, features, options, control);
  std::mt19937_64 random(7);
  std::vector<double> times;
  std::size_t moves = 0;
  for (auto _ : state) {
    // One in a thousand clients is new, one event in fifty a refund; most are late.
    const std::uint64_t client = random() % static_cast<std::uint64_t>(clients + clients / 1000);
    TransactionRow line{.client = static_cast<std::int64_t>(client) * 7919 + 1'000'003,
                        .at = Instant{std::chrono::microseconds{
                            first_moment + static_cast<std::int64_t>(random() % (days * day_micros))}},
                        .amount = Money::from_units(static_cast<std::int64_t>(1 + random() % 5'000'000))};
    line.refund = random() % 50 == 0;
    const auto begin = std::chrono::steady_clock::now();
    const TrackerChange change = tracker.apply(line);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    state.SetIterationTime(took.count() / 1e6);
    times.push_back(took.count());
    moves += change.moves.empty() ? 0 : 1;
  }
  std::sort(times.begin(), times.end());
  state.counters["median_us"] = times[times.size() / 2];
  state.counters["p99_us"] = times[times.size() * 99 / 100];
  state.counters["moved"] = static_cast<double>(moves) / static_cast<double>(times.size());
}
BENCHMARK(ApplyOne)
    ->ArgNames({"clients", "gaps"})
    ->Args({1'000'000, 0})
    ->Args({1'000'000, 1})
    ->Iterations(100'000)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime();

}  // namespace

BENCHMARK_MAIN();
