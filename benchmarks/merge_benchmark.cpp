// What merging costs: many clusters at once, the base seen through them, one undo, and a journal read and replayed.
#include <benchmark/benchmark.h>

#include <random>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/merge.hpp"
#include "klientela/ingest/builder.hpp"

namespace {

using namespace klientela;

constexpr std::int64_t cards = 100'000;
constexpr std::int64_t merges = 50'000;

/// Persons 1 to `cards`; the second half are the first ones again, in another town, later; three purchases each.
const ClientBase& base() {
  static const ClientBase made = [] {
    std::mt19937 random(1);
    BaseBuilder builder;
    const auto at = [](std::int64_t day) { return Instant(first_day + std::chrono::days(40'000 + day)); };
    for (std::int64_t i = 1; i <= cards; ++i) {
      const std::string number = std::to_string((i - 1) % merges);
      builder.add(ClientRow{.client = i,
                            .kind = "person",
                            .given_name = "given" + std::to_string(random() % 100),
                            .family_name = "family" + number,
                            .emails = {"mail" + number + "@example.com"},
                            .phones = {"+7 912 " + std::to_string(1'000'000 + random() % 9'000'000)},
                            .city = "city" + std::to_string(random() % 50),
                            .source = i > merges ? "site" : "shop",
                            .created_at = at(i % 900),
                            .updated_at = at(900 + i % 100)});
      for (int k = 0; k < 3; ++k)
        builder.add(TransactionRow{.client = i,
                                   .at = at(static_cast<std::int64_t>(random() % 900)),
                                   .amount = Money::from_units(static_cast<std::int64_t>(random() % 10'000'000))});
    }
    return builder.build().base;
  }();
  return made;
}

std::vector<MergeCluster> clusters() {
  std::vector<MergeCluster> all;
  for (std::int64_t i = 1; i <= merges; ++i) all.push_back({{ClientId(i), ClientId(i + merges)}, {}});
  return all;
}

void Merge(benchmark::State& state) {
  const std::vector<MergeCluster> wanted = clusters();
  for (auto _ : state) {
    state.PauseTiming();
    MergedBase merged(base());
    state.ResumeTiming();
    benchmark::DoNotOptimize(merged.merge(wanted));
    state.PauseTiming();
    merged = MergedBase(base());  // ends the other one outside of the time
    state.ResumeTiming();
  }
}
BENCHMARK(Merge)->Unit(benchmark::kMillisecond)->UseRealTime();

/// The base as merged: survivors chosen, cards made, rows read through the map.
void SeeMerged(benchmark::State& state) {
  const std::vector<MergeCluster> wanted = clusters();
  ThreadPool pool(static_cast<std::size_t>(state.range(0)));
  Control control;
  control.executor = &pool;
  for (auto _ : state) {
    state.PauseTiming();
    MergedBase merged(base());
    merged.merge(wanted);
    state.ResumeTiming();
    benchmark::DoNotOptimize(merged.base(control).clients());
  }
}
BENCHMARK(SeeMerged)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime();

/// One undo after all merges, and its undo, without looking at the base: a replay would read 50,000 operations.
void UndoOne(benchmark::State& state) {
  MergedBase merged(base());
  merged.merge(clusters());
  std::uint64_t undo = merged.undo(merges / 2);
  undo = merged.undo(undo);
  std::mt19937 random(2);
  for (auto _ : state) {
    const std::uint64_t operation = 1 + random() % merges;
    merged.undo(merged.undo(operation));
  }
}
BENCHMARK(UndoOne)->Unit(benchmark::kMicrosecond)->Iterations(20'000);

/// One undo, and the base seen anew after it.
void UndoOneAndSee(benchmark::State& state) {
  MergedBase merged(base());
  merged.merge(clusters());
  static_cast<void>(merged.base());
  std::uint64_t operation = 1;
  for (auto _ : state) {
    merged.undo(operation++);
    benchmark::DoNotOptimize(merged.base().clients());
  }
}
BENCHMARK(UndoOneAndSee)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);

void ReplayJournal(benchmark::State& state) {
  MergedBase merged(base());
  merged.merge(clusters());
  const std::string text = merged.journal().to_text();
  for (auto _ : state) benchmark::DoNotOptimize(MergedBase(base(), Journal::from_text(text)).digest());
  state.counters["bytes"] = static_cast<double>(text.size());
}
BENCHMARK(ReplayJournal)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
