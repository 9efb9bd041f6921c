// What a plug-in costs: ABC classes by frozen limits out of the library, out of a C++ class and out of a C callback.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "klientela.h"
#include "klientela/classify/abc.hpp"
#include "klientela/classify/classifier.hpp"

namespace {

using namespace klientela;  // NOLINT: a program of its own

const std::vector<std::string> letters{"A", "B", "C"};

/// Clients above the limits are A and B; in units of 1/10000.
struct Limits {
  std::int64_t a{0};
  std::int64_t b{0};
  [[nodiscard]] std::uint16_t code(std::int64_t units) const noexcept {
    return static_cast<std::uint16_t>((units > a ? 0 : 1) + (units > b ? 0 : 1));
  }
};

/// Different amounts, so that no class is cut by a tie.
std::vector<std::int64_t> amounts(std::size_t rows) {
  std::mt19937_64 random(23);
  std::lognormal_distribution<double> amount(4, 1.5);
  std::vector<std::int64_t> units(rows);
  for (std::size_t i = 0; i < rows; ++i)
    units[i] = static_cast<std::int64_t>(amount(random) * 100) * (std::int64_t{1} << 20) + static_cast<std::int64_t>(i);
  return units;
}

Table table_of(const std::vector<std::int64_t>& units) {
  Buffer<std::int64_t> client(units.size());
  Buffer<std::int64_t> money(units.size());
  for (std::size_t i = 0; i < units.size(); ++i) {
    client[i] = static_cast<std::int64_t>(i);
    money[i] = units[i];
  }
  return Table({Column("client", ColumnType::int64, std::move(client)),
                Column("money_net", ColumnType::money, std::move(money))});
}

struct LimitsModel {
  Limits limits;
  [[nodiscard]] std::string name() const { return "limits"; }
  [[nodiscard]] std::string kind() const { return "limits"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"money_net"}; }
  [[nodiscard]] std::string to_json() const { return "{}"; }
  [[nodiscard]] Classification classify(const Table& table, const Control& /*control*/) const {
    static const auto labels = std::make_shared<const std::vector<std::string>>(letters);
    const Column& money = table.column("money_net");
    const auto* units = static_cast<const std::int64_t*>(money.data());
    Buffer<std::uint16_t> codes(table.rows());
    for (std::size_t row = 0; row < codes.size(); ++row) codes[row] = limits.code(units[row]);
    const std::vector<Column> columns{Column("limits", std::move(codes), labels)};
    return Classification("limits", "limits", columns, reasons_by_measures(Table({money}), columns));
  }
};

klt_status make(klt_context* /*context*/, const char* /*name*/, const char* /*options*/, klt_plugin_shape* shape,
                void** /*classifier*/, void* /*user_data*/) {
  static const char* const inputs[] = {"money_net"};
  static const char* const labels[] = {"A", "B", "C"};
  static const klt_plugin_column column{sizeof(klt_plugin_column), nullptr, labels, 3, KLT_COLUMN_LABEL, 0};
  static const klt_plugin_column* const columns[] = {&column};
  shape->inputs = inputs;
  shape->input_count = 1;
  shape->columns = columns;
  shape->column_count = 1;
  return KLT_OK;
}

klt_status judge(klt_context* context, const void* /*classifier*/, const void* /*model*/, const klt_table* inputs,
                 void* const* values, std::uint8_t* const* /*valid*/, void* user_data) {
  const auto* limits = static_cast<const Limits*>(user_data);
  auto* const codes = static_cast<std::uint16_t*>(values[0]);
  const void* data = nullptr;
  const std::uint8_t* bits = nullptr;  // nobody is without a value
  const klt_status status = klt_table_column_data(context, inputs, 0, &data, &bits);
  if (status != KLT_OK) return status;
  const auto* units = static_cast<const std::int64_t*>(data);
  const std::size_t rows = klt_table_row_count(inputs);
  for (std::size_t row = 0; row < rows; ++row) codes[row] = limits->code(units[row]);
  return KLT_OK;
}

/// The library's own model of some clients, and its limits.
struct Bench {
  explicit Bench(const benchmark::State& state)
      : units(amounts(static_cast<std::size_t>(state.range(0)))),
        table(table_of(units)),
        built_in(AbcClassifier().fit(table)) {
    const auto floor = [](const std::optional<AbcEdge>& edge) {
      return edge->at.floor_units(Money::scale) - (edge->included || edge->last_client ? 1 : 0);
    };
    limits = {floor(built_in.thresholds().a), floor(built_in.thresholds().b)};
    const Classification found = built_in.classify(table);
    const auto codes = found.column("abc").values<std::uint16_t>();
    wanted.assign(codes.begin(), codes.end());
  }
  std::vector<std::int64_t> units;
  Table table;
  AbcModel built_in;
  Limits limits;
  std::vector<std::uint16_t> wanted;  ///< codes that everybody has to give
};

void time_model(benchmark::State& state, const Bench& bench, const AnyModel& model) {
  for (auto _ : state) benchmark::DoNotOptimize(model.classify(bench.table).rows());
  const Classification found = model.classify(bench.table);
  const auto codes = found.table().columns()[0].values<std::uint16_t>();
  if (!std::equal(codes.begin(), codes.end(), bench.wanted.begin(), bench.wanted.end()))
    state.SkipWithError("the classes differ");
}

void BuiltIn(benchmark::State& state) {
  const Bench bench(state);
  time_model(state, bench, bench.built_in);
}

void PluginInCpp(benchmark::State& state) {
  const Bench bench(state);
  time_model(state, bench, LimitsModel{bench.limits});
}

void PluginInC(benchmark::State& state) {
  Bench bench(state);
  klt_context* context = nullptr;
  klt_registry* registry = nullptr;
  klt_classifier* classifier = nullptr;
  klt_table_builder* builder = nullptr;
  klt_table* table = nullptr;
  klt_model* model = nullptr;
  klt_classification* found = nullptr;
  klt_table* columns = nullptr;
  klt_classifier_callbacks callbacks = KLT_CLASSIFIER_CALLBACKS_INIT;
  callbacks.make = make;
  callbacks.classify = judge;
  std::vector<std::int64_t> clients(bench.units.size());
  for (std::size_t i = 0; i < clients.size(); ++i) clients[i] = static_cast<std::int64_t>(i);
  bool good =
      klt_context_new(&context) == KLT_OK && klt_context_set_threads(context, 1) == KLT_OK &&
      klt_registry_new(context, &registry) == KLT_OK &&
      klt_registry_add(context, registry, "limits", &callbacks, &bench.limits) == KLT_OK &&
      klt_classifier_from_json_with(context, registry, "limits", R"({"kind": "limits"})", &classifier) == KLT_OK &&
      klt_table_builder_new(context, clients.size(), &builder) == KLT_OK &&
      klt_table_builder_add_int64(context, builder, "client", clients.data(), nullptr) == KLT_OK &&
      klt_table_builder_add_money(context, builder, "money_net", bench.units.data(), nullptr) == KLT_OK &&
      klt_table_builder_finish(context, builder, &table) == KLT_OK &&
      klt_classifier_fit(context, classifier, table, &model) == KLT_OK;
  for (auto _ : state) {
    klt_classification_free(found);
    found = nullptr;
    good = good && klt_model_classify(context, model, table, &found) == KLT_OK;
  }
  const void* codes = nullptr;
  const std::uint8_t* bits = nullptr;
  good = good && klt_classification_table(context, found, &columns) == KLT_OK &&
         klt_table_column_data(context, columns, klt_table_column_count(columns) - 1, &codes, &bits) == KLT_OK &&
         std::memcmp(codes, bench.wanted.data(), bench.wanted.size() * sizeof(std::uint16_t)) == 0;
  if (!good)
    state.SkipWithError(
        (std::string("the classes differ, or a call failed: ") + klt_context_last_message(context)).c_str());
  klt_table_free(columns);
  klt_classification_free(found);
  klt_model_free(model);
  klt_table_free(table);
  klt_table_builder_free(builder);
  klt_classifier_free(classifier);
  klt_registry_free(registry);
  klt_context_free(context);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("clients")->Arg(500'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);
}
BENCHMARK(BuiltIn)->Apply(sizes);
BENCHMARK(PluginInCpp)->Apply(sizes);
BENCHMARK(PluginInC)->Apply(sizes);

}  // namespace
