// Core kernels beside the plain read of the same columns: days of instants in UTC and in a zone with summer time.
#include <benchmark/benchmark.h>

#include <numeric>
#include <random>
#include <vector>

#include "klientela/core/time.hpp"

namespace {

using klientela::TimeZone;

std::vector<std::int64_t> random_instants(std::size_t n) {
  std::mt19937_64 random(1);
  std::vector<std::int64_t> micros(n);
  for (auto& value : micros)
    value = 1'600'000'000'000'000 + static_cast<std::int64_t>(random() % 94'608'000) * 1'000'000;
  return micros;
}

void plain_read(benchmark::State& state) {
  const auto micros = random_instants(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(std::accumulate(micros.begin(), micros.end(), std::int64_t{0}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(plain_read)->Arg(1 << 20);

void days_of(benchmark::State& state, const char* zone_name) {
  const auto micros = random_instants(static_cast<std::size_t>(state.range(0)));
  const TimeZone zone = TimeZone::named(zone_name);
  std::vector<std::int32_t> days(micros.size());
  for (auto _ : state) {
    zone.days_of(micros, days);
    benchmark::DoNotOptimize(days.data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(days_of, utc, "UTC")->Arg(1 << 20);
BENCHMARK_CAPTURE(days_of, new_york, "America/New_York")->Arg(1 << 20);

}  // namespace
