// One event into a tracker of a million clients: median and tail, with late purchases and refunds among them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/policy.hpp"
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

/// One in ten clients has asked for something, and one in five has a card that says what it is.
void add_requests_and_cards(Tables& tables, std::int64_t clients) {
  const auto n = static_cast<std::size_t>(clients);
  Buffer<std::int64_t> asked(n / 10), at(n / 10), carded(n / 5);
  Buffer<std::uint16_t> type(n / 5);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked[i] = static_cast<std::int64_t>(i) * 10 * 7919 + 1'000'003;
    at[i] = first_moment + static_cast<std::int64_t>(i) % days * day_micros;
  }
  for (std::size_t i = 0; i < carded.size(); ++i) {
    carded[i] = static_cast<std::int64_t>(i) * 5 * 7919 + 1'000'003;
    type[i] = static_cast<std::uint16_t>(i % 2);
  }
  const auto types = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"client", "non-client"});
  const auto add = [&](TableId id, const Table& table) {
    ArrowArrayStream stream{};
    export_stream(table, &stream);
    tables.add(id, ArrowStream(&stream));
  };
  add(TableId::requests,
      Table({Column("client", ColumnType::int64, std::move(asked)), Column("at", ColumnType::instant, std::move(at))}));
  add(TableId::clients, Table({Column("client", ColumnType::int64, std::move(carded)),
                               Column("relationship_type", std::move(type), types)}));
}

/// The default policy's classifiers, with relationship types out of requests and cards; one event in five is a request.
void ApplyByDefaultPolicy(benchmark::State& state) {
  const std::int64_t clients = state.range(0);
  ThreadPool pool;
  Control control;
  control.executor = &pool;
  Tables tables = purchases(clients * 4, clients);
  add_requests_and_cards(tables, clients);
  IngestOptions options;
  options.unknown_clients = UnknownClients::create;
  const ClientBase base = ingest(std::move(tables), options, control).base;
  FeatureOptions features;
  features.groups = {FeatureGroup::purchases, FeatureGroup::interactions, FeatureGroup::engagement};
  const std::vector<AnyClassifier> classifiers = default_classifiers();
  const Table table = with_base_columns(base, compute_features(base, last_day, features, control).table(), last_day,
                                        inputs_of(classifiers), {}, control);
  const std::vector<AnyModel> models = classify(table, std::span<const AnyClassifier>(classifiers), control).models;
  Tracker tracker(base, last_day, models, features, {}, control);
  std::mt19937_64 random(7);
  std::vector<double> times;
  std::size_t moves = 0;
  for (auto _ : state) {
    const std::uint64_t client = random() % static_cast<std::uint64_t>(clients + clients / 1000);
    const ClientId id = static_cast<std::int64_t>(client) * 7919 + 1'000'003;
    const Instant at{
        std::chrono::microseconds{first_moment + static_cast<std::int64_t>(random() % (days * day_micros))}};
    TransactionRow line{
        .client = id, .at = at, .amount = Money::from_units(static_cast<std::int64_t>(1 + random() % 5'000'000))};
    line.refund = random() % 50 == 0;
    const RequestRow request{.client = id, .at = at};
    const bool asks = random() % 5 == 0;
    const auto begin = std::chrono::steady_clock::now();
    const TrackerChange change = asks ? tracker.apply(request) : tracker.apply(line);
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
BENCHMARK(ApplyByDefaultPolicy)
    ->ArgNames({"clients"})
    ->Args({1'000'000})
    ->Iterations(100'000)
    ->Unit(benchmark::kMicrosecond)
    ->UseManualTime();

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
