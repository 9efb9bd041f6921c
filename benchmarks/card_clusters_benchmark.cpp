// Clusters of a million cards by every method, beside the plain union-find of the same edges.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/dedupe/card_clusters.hpp"

namespace {

using namespace klientela;

struct Graph {
  std::uint32_t cards;
  std::vector<CardEdge> edges;
};

/// Clients of one to seven cards whose pairs mostly score high, and as many wrong pairs between clients near each
/// other, most of them low: two edges a card, in the order of the cards, as blocking gives them.
Graph graph(std::uint32_t cards) {
  std::mt19937_64 random(23);
  std::normal_distribution<double> right(7, 3), wrong(-4, 2.5);
  Graph g{cards, {}};
  std::vector<std::uint32_t> client;
  while (client.size() < cards)
    client.insert(client.end(), 1 + random() % 7, static_cast<std::uint32_t>(client.size()));
  for (std::uint32_t a = 0; a < cards; ++a) {
    for (std::uint32_t b = a + 1; b < std::min(cards, a + 12); ++b) {
      const bool one = client[a] == client[b];
      if (one ? random() % 10 < 7 : random() % 100 < 7) g.edges.push_back({a, b, one ? right(random) : wrong(random)});
    }
  }
  return g;
}

void UnionFind(benchmark::State& state) {
  const Graph g = graph(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    std::vector<std::uint32_t> parent(g.cards);
    std::iota(parent.begin(), parent.end(), 0U);
    const auto root = [&](std::uint32_t i) {
      while (parent[i] != i) i = parent[i] = parent[parent[i]];
      return i;
    };
    for (const CardEdge& edge : g.edges)
      if (edge.score >= 0) parent[root(edge.b)] = root(edge.a);
    benchmark::DoNotOptimize(parent.data());
  }
  state.counters["edges"] = static_cast<double>(g.edges.size());
}

void Clusters(benchmark::State& state) {
  const Graph g = graph(static_cast<std::uint32_t>(state.range(0)));
  ThreadPool pool(static_cast<std::size_t>(state.range(2)));
  Control control;
  control.executor = &pool;
  CardClusterOptions options;
  options.method = static_cast<CardClusterMethod>(state.range(1));
  CardClusterInput input;
  input.cards = g.cards;
  input.edges = g.edges;
  std::size_t clusters = 0;
  for (auto _ : state) clusters = cluster_cards(input, options, control).size();
  state.counters["clusters"] = static_cast<double>(clusters);
}

BENCHMARK(UnionFind)->Arg(1'000'000)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(Clusters)
    ->ArgNames({"cards", "method", "threads"})
    ->ArgsProduct({{1'000'000}, {0, 1, 2, 3, 4, 5}, {1, 2}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
