// Keeps a base up to date: new purchases extend it, features are refreshed, classes follow the thresholds frozen
// before.
#include <iostream>
#include <span>

#include "delivery.hpp"

int main() {
  using namespace klientela;
  try {
    const Policy policy;
    const std::vector<Purchase> winter{
        {"Ampersand Books", "2026-01-30", 315.00},  {"Birch Stationers", "2026-01-12", 1250.00},
        {"Birch Stationers", "2026-02-16", 980.40}, {"Cedar Print House", "2026-02-08", 72.90},
        {"Delta Copy Shop", "2026-02-25", 18.50},   {"Elm Engineering", "2026-01-07", 540.00},
    };
    const RunResult before = run(delivery(winter), policy, parse_day("2026-02-28"));

    // A month later: only what is new is read, only what changed is computed.
    const std::vector<Purchase> march{{"Delta Copy Shop", "2026-03-25", 2900.00}, {"Fir & Sons", "2026-03-11", 64.00}};
    const IngestResult delivered = extend(before.base, delivery(march), policy.ingest);
    const FeatureTable features = refresh_features(before.features, delivered.base, *parse_day("2026-03-31"));
    const Classified after = classify(features.table(), std::span<const AnyModel>(before.models));

    // Who moved between cells? Clients are found by id: rows shift when clients are added.
    const Column& cells_before = before.features.column("cell");
    const Column& cells_after = after.table.column("cell");
    for (std::size_t row = 0; row < after.table.rows(); ++row) {
      const std::string client = after.table.column("client").to_text(row);
      std::string earlier = "new";
      for (std::size_t old = 0; old < before.features.rows(); ++old)
        if (before.features.column("client").to_text(old) == client) earlier = cells_before.text(old);
      if (earlier != cells_after.text(row))
        std::cout << "moved: " << client << ": " << earlier << " -> " << cells_after.text(row) << '\n';
    }
  } catch (const Error& error) {
    std::cerr << name(error.code()) << " at \"" << error.where() << "\": " << error.what() << '\n';
    return 1;
  }
}
