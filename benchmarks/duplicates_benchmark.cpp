// Duplicates of a base from cards to clusters, and one card looked up among a million.
#include <benchmark/benchmark.h>

#include <algorithm>
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
  if (rows.size() > cards) rows.clear();
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

/// Mean of all, and the median and 99th percentile as counters, in microseconds.
void SearchOneCard(benchmark::State& state) {
  const auto cards = static_cast<std::size_t>(state.range(0));
  ThreadPool pool(2);
  static const CardIndex index(find_duplicates(base_of(cards), {}, control(pool)), control(pool));
  const std::vector<ClientRow>& rows = persons(cards);
  std::mt19937 random(2);
  std::vector<double> micros;
  for (auto _ : state) {
    const ClientRow& row = rows[random() % rows.size()];
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(index.search(row));
    micros.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(micros.begin(), micros.end());
  state.counters["median_us"] = micros[micros.size() / 2];
  state.counters["p99_us"] = micros[micros.size() * 99 / 100];
}
BENCHMARK(SearchOneCard)->Arg(1'000'000)->Unit(benchmark::kMicrosecond)->Iterations(5000);

}  // namespace
