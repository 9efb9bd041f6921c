// Duplicates of a base from cards to clusters, cards looked up among a million, and a hundredth of them added.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "klientela/dedupe/card_search.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/ingest/builder.hpp"

namespace {

using namespace klientela;

std::string word(std::mt19937& random, std::size_t syllables) {
  static const char* const parts[] = {"an",  "bel", "cor", "da",  "el",  "fin", "gar", "hol",
                                      "is",  "jo",  "ka",  "lin", "mar", "ne",  "ol",  "per",
                                      "qua", "ros", "sam", "tor", "ul",  "vin", "wes", "yor"};
  std::string text;
  while (syllables-- > 0) text += parts[random() % std::size(parts)];
  return text;
}

/// Persons, a fifth of whom have a second card with a slip.
const std::vector<ClientRow>& persons(std::size_t cards) {
  static std::vector<ClientRow> rows;
  std::mt19937 random(1);
  if (rows.size() != cards) rows.clear();
  while (rows.size() < cards) {
    ClientRow row{.client = static_cast<std::int64_t>(rows.size())};
    row.given_name = word(random, 2);
    row.family_name = word(random, 3);
    row.city = word(random, 2);
    row.birthday = first_day + std::chrono::days(15'000 + random() % 25'000);
    if (random() % 3 != 0)
      row.emails = {row.given_name + '.' + row.family_name + std::to_string(random() % 1000) + "@mail.example"};
    if (random() % 3 != 0) row.phones = {"+4930" + std::to_string(10'000'000 + random() % 89'999'999)};
    rows.push_back(row);
    if (random() % 5 != 0 || rows.size() == cards) continue;
    row.client = static_cast<std::int64_t>(rows.size());
    std::swap(row.family_name[1], row.family_name[2]);
    rows.push_back(row);
  }
  return rows;
}

ClientBase base_of(std::size_t cards) {
  BaseBuilder builder;
  for (const ClientRow& row : persons(cards)) builder.add(row);
  return builder.build().base;
}

Control control(ThreadPool& pool) {
  Control with;
  with.executor = &pool;
  return with;
}

void FindDuplicates(benchmark::State& state) {
  const ClientBase base = base_of(static_cast<std::size_t>(state.range(0)));
  ThreadPool pool(2);
  std::uint64_t pairs = 0;
  for (auto _ : state) pairs = find_duplicates(base, {}, control(pool)).pairs();
  state.counters["pairs"] = static_cast<double>(pairs);
}
BENCHMARK(FindDuplicates)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

const CardIndex& index_of(std::size_t cards) {
  static ThreadPool pool(2);
  static const CardIndex index(find_duplicates(base_of(cards), {}, control(pool)), control(pool));
  return index;
}

/// Mean of all, and the median and 99th percentile as counters, in microseconds.
template <class Ask>
void search_each(benchmark::State& state, const CardSearchOptions& options, const Ask& ask) {
  const auto cards = static_cast<std::size_t>(state.range(0));
  const CardIndex& index = index_of(cards);
  const std::vector<ClientRow>& rows = persons(cards);
  benchmark::DoNotOptimize(index.search(ask(rows[0]), options));
  std::mt19937 random(2);
  std::vector<double> micros;
  for (auto _ : state) {
    const ClientRow row = ask(rows[random() % rows.size()]);
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(index.search(row, options));
    micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(micros.begin(), micros.end());
  state.counters["median_us"] = micros[micros.size() / 2];
  state.counters["p99_us"] = micros[micros.size() * 99 / 100];
}

void SearchOneCard(benchmark::State& state) {
  search_each(state, {}, [](const ClientRow& row) { return row; });
}
BENCHMARK(SearchOneCard)->Arg(1'000'000)->Unit(benchmark::kMicrosecond)->Iterations(5000);

/// While somebody types: four letters of the family name, two of the given one.
void SearchWhileTyping(benchmark::State& state) {
  search_each(state, {.incomplete = true}, [](const ClientRow& row) {
    ClientRow typed{.client = 0};
    typed.family_name = row.family_name.substr(0, 4);
    typed.given_name = row.given_name.substr(0, 2);
    return typed;
  });
}
BENCHMARK(SearchWhileTyping)->Arg(1'000'000)->Unit(benchmark::kMicrosecond)->Iterations(5000);

/// A hundredth of the cards: half new, half changed. Beside it the search of all of them, and their shares of it, in
/// CPU time of all threads and by the clock.
void AddOnePercent(benchmark::State& state) {
  const auto cards = static_cast<std::size_t>(state.range(0));
  const std::size_t some = cards / 200;
  const std::vector<ClientRow>& rows = persons(cards + some);
  BaseBuilder builder;
  for (std::size_t i = 0; i < cards; ++i) builder.add(rows[i]);
  const ClientBase base = builder.build().base;
  BaseBuilder delivered;
  std::mt19937 random(3);
  for (std::size_t i = 0; i < some; ++i) {
    ClientRow row = rows[cards + i];
    delivered.add(row);
    row = rows[random() % 100 + i * (cards / some)];
    row.city = word(random, 2);
    delivered.add(row);
  }
  const ClientBase later = extend(base, delivered.take_tables()).base;
  ThreadPool pool(2);
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  };
  const auto cpu = [](std::clock_t since) { return static_cast<double>(std::clock() - since) / CLOCKS_PER_SEC; };
  auto begin = Clock::now();
  auto cpu_begin = std::clock();
  const Duplicates found = find_duplicates(base, {}, control(pool));
  const double full = seconds(begin);
  const double full_cpu = cpu(cpu_begin);
  cpu_begin = std::clock();
  const CardIndex index(found, control(pool));
  state.counters["index_cpu_s"] = cpu(cpu_begin);
  double added = 0;
  double added_cpu = 0;
  for (auto _ : state) {
    begin = Clock::now();
    cpu_begin = std::clock();
    benchmark::DoNotOptimize(index.add(later, {}, control(pool)));
    added += seconds(begin);
    added_cpu += cpu(cpu_begin);
  }
  const auto times = static_cast<double>(state.iterations());
  state.counters["full_cpu_s"] = full_cpu;
  state.counters["add_cpu_s"] = added_cpu / times;
  state.counters["share_cpu"] = added_cpu / times / full_cpu;
  state.counters["share"] = added / times / full;
}
BENCHMARK(AddOnePercent)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(3);

}  // namespace
