// A classifier of the host's own, by modelling the concept: who buys more often than the others. It is an axis.
#include <iostream>

#include "delivery.hpp"

using klientela::Table;

/// What was learnt: more orders than this are regular. A row is judged by itself, on any day.
struct HabitModel {
  std::string called;
  double mean;

  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "habit"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"frequency"}; }
  [[nodiscard]] std::vector<std::string> outputs() const { return {called}; }
  [[nodiscard]] klientela::Classification classify(const Table& table, const klientela::Control&) const {
    const klientela::Column& orders = table.column("frequency");
    const std::vector<double> values = orders.to_doubles();
    klientela::Buffer<std::uint16_t> codes(values.size());
    for (std::size_t row = 0; row < values.size(); ++row) codes[row] = values[row] > mean ? 1 : 0;
    const auto labels = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"casual", "regular"});
    const std::vector<klientela::Column> columns{klientela::Column(called, std::move(codes), labels)};
    return klientela::Classification(called, kind(), columns, klientela::reasons_by_measures(Table({orders}), columns));
  }
  [[nodiscard]] std::string to_json() const { return "{\"mean\": " + std::to_string(mean) + "}"; }
};

struct Habit {
  std::string called;

  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "habit"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"frequency"}; }
  [[nodiscard]] std::vector<std::string> outputs() const { return {called}; }
  [[nodiscard]] HabitModel fit(const Table& table, const klientela::Control&) const {
    double sum = 0;
    for (const double orders : table.column("frequency").to_doubles()) sum += orders;
    return {called, table.rows() == 0 ? 0 : sum / static_cast<double>(table.rows())};
  }
  [[nodiscard]] std::string to_json() const { return R"({"kind": "habit"})"; }
};

int main() {
  try {
    klientela::ClassifierRegistry registry;
    registry.add("habit", {.make = [](const std::string& name, std::string_view,
                                      const std::string&) -> klientela::AnyClassifier { return Habit{name}; },
                           .load = {},
                           .schema = {}});
    const klientela::Policy policy = klientela::Policy::from_json(R"({
      "classifiers": {
        "habit": {},
        "matrix": {
          "x": {"measure": "habit", "bands": ["casual", "regular"], "labels": [["casual"], ["regular"]]},
          "y": {"measure": "money_net", "bands": ["small", "large"], "edges": [500]},
          "groups": [{"name": "invite", "rules": [{"x": ["regular"], "y": ["large"]}]}],
          "otherwise": "write"
        }
      }
    })",
                                                                  registry);
    const std::vector<Purchase> purchases{
        {"Birch Stationers", "2026-01-12", 1250.00}, {"Birch Stationers", "2026-02-16", 980.40},
        {"Birch Stationers", "2026-03-20", 1410.25}, {"Ampersand Books", "2026-01-30", 315.00},
        {"Cedar Print House", "2026-02-08", 72.90},
    };
    const klientela::RunResult result = klientela::run(delivery(purchases), policy);
    for (std::size_t row = 0; row < result.features.rows(); ++row)
      std::cout << result.features.column("client").to_text(row) << ": " << result.features.column("group").to_text(row)
                << ". " << result.classes[0].explain(row, klientela::Language::english) << '\n';
  } catch (const klientela::Error& error) {
    std::cerr << klientela::name(error.code()) << " at \"" << error.where() << "\": " << error.what() << '\n';
    return 1;
  }
}
