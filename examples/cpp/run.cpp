// Purchases in, classified clients out as CSV on standard output; what was rejected and why on standard error.
#include <iostream>

#include "delivery.hpp"

int main() {
  try {
    const std::vector<Purchase> purchases{
        {"Birch Stationers", "2026-01-12", 1250.00}, {"Birch Stationers", "2026-02-16", 980.40},
        {"Birch Stationers", "2026-03-20", 1410.25}, {"Ampersand Books", "2026-01-30", 315.00},
        {"Ampersand Books", "2026-03-02", -45.00},   {"Cedar Print House", "2026-02-08", 72.90},
        {"Delta Copy Shop", "2026-03-25", 18.50},    {"Delta Copy Shop", "25 March", 20.00},
    };
    const klientela::Policy policy = klientela::Policy::from_json(R"({
      "preset": "default",
      "ingest": {"currency": "EUR", "time_zone": "Europe/Berlin"},
      "classifiers": {"rfm": {"bins": 3}}
    })");

    klientela::ThreadPool pool;  // all cores; the answer does not depend on it
    klientela::Control control;
    control.executor = &pool;
    const klientela::RunResult result = klientela::run(delivery(purchases), policy, std::nullopt, control);

    std::cout << klientela::to_csv(result.clients(control));
    std::cerr << "as of " << klientela::to_text(result.as_of) << '\n' << klientela::to_csv(result.rejected());
  } catch (const klientela::Error& error) {
    std::cerr << klientela::name(error.code()) << " at \"" << error.where() << "\": " << error.what() << '\n';
    return 1;
  }
}
