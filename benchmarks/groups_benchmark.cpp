// Rolling clients up to their holdings, and profiling groups over a hundred thousand products.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "klientela/features/features.hpp"
#include "klientela/model/roll_up.hpp"
#include "klientela/report/report.hpp"
#include "purchases.hpp"

namespace {

using namespace klientela;              // NOLINT: a program of its own
using namespace klientela::benchmarks;  // NOLINT

constexpr std::size_t products = 100'000;
constexpr Day as_of{std::chrono::days{20'089}};  // 2025-01-01

/// Lines of 20 to a client on average, products by a skewed law, every client but each fifth a branch of an earlier
/// one.
const ClientBase& base_of(std::int64_t rows) {
  static std::map<std::int64_t, ClientBase> known;
  if (const auto found = known.find(rows); found != known.end()) return found->second;
  std::mt19937_64 random(1);
  const auto n = static_cast<std::size_t>(rows);
  const std::size_t clients = n / 20;
  Buffer<std::int64_t> client(n);
  Buffer<std::int64_t> at(n);
  Buffer<double> amount(n);
  Buffer<std::uint32_t> product(n);
  for (std::size_t i = 0; i < n; ++i) {
    client[i] = static_cast<std::int64_t>(random() % clients);
    at[i] = first_moment + static_cast<std::int64_t>(random() % (731 * day_micros));
    amount[i] = static_cast<double>(1 + random() % 50'000) / 100.0;
    const double share = static_cast<double>(random() >> 11) * 0x1p-53;
    product[i] = static_cast<std::uint32_t>(static_cast<double>(products) * share * share * share);
  }
  auto names = std::make_shared<std::vector<std::string>>();
  for (std::size_t i = 0; i < products; ++i) names->push_back("product " + std::to_string(i));
  Table lines;
  lines.add(Column("client", ColumnType::int64, std::move(client)));
  lines.add(Column("at", ColumnType::instant, std::move(at)));
  lines.add(Column("amount", ColumnType::float64, std::move(amount)));
  lines.add(Column("product", std::move(product), std::move(names)));
  Buffer<std::int64_t> ids(clients);
  Buffer<std::int64_t> parents(clients, 0);
  Buffer<std::uint8_t> valid((clients + 7) / 8, 0);
  for (std::size_t i = 0; i < clients; ++i) {
    ids[i] = static_cast<std::int64_t>(i);
    if (i % 5 == 0) continue;
    parents[i] = static_cast<std::int64_t>(random() % i);
    valid[i / 8] = static_cast<std::uint8_t>(valid[i / 8] | (1U << (i % 8)));
  }
  Table cards;
  cards.add(Column("client", ColumnType::int64, std::move(ids)));
  cards.add(Column("parent", ColumnType::int64, std::move(parents), std::move(valid)));
  Tables tables;
  add(tables, TableId::clients, cards);
  add(tables, TableId::transactions, lines);
  return known.emplace(rows, ingest(std::move(tables), {}, control()).base).first->second;
}

void hierarchy(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(Hierarchy(base).depth());
}

void roll_up_to_roots(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(roll_up(base, {}, control()).clients());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void features_of_roots(benchmark::State& state) {
  const ClientBase base = roll_up(base_of(state.range(0)), {}, control());
  FeatureOptions options;
  options.groups = {FeatureGroup::purchases};
  for (auto _ : state) benchmark::DoNotOptimize(compute_features(base, as_of, options, control()).rows());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void profiles(benchmark::State& state) {
  const ClientBase& base = base_of(state.range(0));
  FeatureOptions options;
  options.groups = {FeatureGroup::purchases};
  FeatureTable features = compute_features(base, as_of, options, control());
  Buffer<std::uint16_t> codes(features.rows());
  for (std::size_t row = 0; row < codes.size(); ++row)
    codes[row] = static_cast<std::uint16_t>(row * 2'654'435'761U % 12);
  std::vector<std::string> labels;
  for (int g = 0; g < 12; ++g) labels.push_back("group " + std::to_string(g));
  features.add(Column("segment", std::move(codes), std::make_shared<const std::vector<std::string>>(labels)));
  const std::map<TableId, TableCounts> counts;
  ProfileOptions wanted;
  wanted.columns = {"segment"};
  for (auto _ : state)
    benchmark::DoNotOptimize(group_profiles({base, features, {}, {}, counts}, wanted, control()).products.rows());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(hierarchy)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(roll_up_to_roots)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(features_of_roots)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(profiles)->Arg(1'000'000)->Arg(10'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
