// Fifty rules over clients with features and cards: parsing, binding and classifying, and checking every rule.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "klientela/classify/rules.hpp"

namespace {

using namespace klientela;

template <class T>
Column column(const char* name, ColumnType type, std::size_t rows, std::mt19937_64& random, std::uint64_t range,
              bool nulls) {
  Buffer<T> values(rows);
  Buffer<std::uint8_t> valid((rows + 7) / 8, 0xFF);
  for (std::size_t i = 0; i < rows; ++i) {
    values[i] = static_cast<T>(random() % range);
    if (nulls && random() % 8 == 0) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] & ~(1U << (i & 7)));
  }
  return Column(name, type, std::move(values), std::move(valid));
}

Column terms(const char* name, std::size_t rows, std::mt19937_64& random, std::size_t labels) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < labels; ++i) texts.push_back("term " + std::to_string(i));
  Buffer<std::uint32_t> codes(rows);
  for (std::size_t i = 0; i < rows; ++i) codes[i] = static_cast<std::uint32_t>(random() % labels);
  return Column(name, std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(texts)));
}

Table clients(std::size_t rows) {
  std::mt19937_64 random(7);
  Buffer<std::int64_t> ids(rows);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < rows; ++i) {
    ids[i] = static_cast<std::int64_t>(i);
    names.push_back("Company number " + std::to_string(random() % 1'000'000) + (random() % 3 == 0 ? " Ltd" : " GmbH"));
  }
  return Table({Column("client", ColumnType::int64, std::move(ids)),
                column<std::int32_t>("recency_days", ColumnType::int32, rows, random, 1400, true),
                column<std::int64_t>("frequency", ColumnType::int64, rows, random, 40, false),
                column<std::int64_t>("money_net", ColumnType::money, rows, random, 5'000'000'000, false),
                column<std::int64_t>("money_gross", ColumnType::money, rows, random, 5'000'000'000, false),
                column<std::int32_t>("tenure_days", ColumnType::int32, rows, random, 3000, true),
                column<std::int32_t>("last_purchase", ColumnType::day, rows, random, 1400, true),
                Column("as_of", ColumnType::day, Buffer<std::int32_t>(rows, 1400)),
                terms("card.city", rows, random, 2000), terms("card.industry", rows, random, 109),
                Column("card.name", names)});
}

/// Fifty conditions of the shapes that companies write, no two alike; few clients are taken by each.
RuleOptions fifty() {
  RuleOptions options;
  for (int i = 0; i < 50; ++i) {
    const std::string n = std::to_string(i);
    std::string when;
    switch (i % 10) {
      case 0: when = "frequency >= " + std::to_string(38 - i / 10) + " and money_net > " + n + "0000.5"; break;
      case 1: when = "last_purchase < as_of - " + std::to_string(1390 - i) + " days"; break;
      case 2: when = "card.city in ('term " + n + "', 'term 7" + n + "') and recency_days between 1 and 30"; break;
      case 3: when = "money_net / frequency > 40000" + n + " or tenure_days > 2990"; break;
      case 4: when = "card.industry = 'term " + n + "' and not (recency_days > 30)"; break;
      case 5: when = "card.city contains '99" + n + "' ignoring case and frequency > 3"; break;
      case 6: when = "money_gross - money_net > 49000" + n + " and frequency is not null"; break;
      case 7: when = "coalesce(recency_days, 9999) = " + n + " and money_net between 10 and 90000"; break;
      case 8: when = "tenure_days - recency_days > 29" + n + " and card.industry like 'term 1_'"; break;
      default: when = "frequency = " + n + " and card.name contains 'number 12" + n + "'"; break;
    }
    options.rules.push_back({.when = Expression::parse(when), .value = "class " + n});
  }
  return options;
}

void FiftyRules(benchmark::State& state) {
  ThreadPool pool(static_cast<std::size_t>(state.range(1)));
  Control control;
  control.executor = &pool;
  const Table table = clients(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const RulesClassifier rules(fifty());
    benchmark::DoNotOptimize(rules.fit(table, control).classify(table, control));
  }
}

void CheckFiftyRules(benchmark::State& state) {
  ThreadPool pool(static_cast<std::size_t>(state.range(1)));
  Control control;
  control.executor = &pool;
  const Table table = clients(static_cast<std::size_t>(state.range(0)));
  const RulesModel model = RulesClassifier(fifty()).fit(table, control);
  for (auto _ : state) benchmark::DoNotOptimize(check_rules(model, table, control));
}

void ParseARule(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(
        Expression::parse("last_purchase < as_of - 90 days and money_net > 1000 and "
                          "card.city in ('a', 'b') or not card.name like '%Ltd'"));
}

BENCHMARK(FiftyRules)
    ->ArgNames({"clients", "threads"})
    ->Args({1'000'000, 1})
    ->Args({1'000'000, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(CheckFiftyRules)
    ->ArgNames({"clients", "threads"})
    ->Args({1'000'000, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(ParseARule)->Unit(benchmark::kMicrosecond);

}  // namespace
