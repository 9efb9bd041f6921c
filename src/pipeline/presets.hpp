// The named policies that come with the library, as JSON documents that a company's own policy is laid over.
#pragma once

#include <array>
#include <string_view>

namespace klientela::pipeline {

struct Preset {
  std::string_view name;
  std::string_view document;
};

inline constexpr std::array<Preset, 3> presets{{
    {"default", R"json({
  "version": 1,
  "classifiers": {"rfm": {}, "abc": {}, "matrix": {}, "tiers": {},
                  "relationship_type": {"kind": "rules", "rules": "relationship_type"}}
})json"},
    // Organisations that order seldom and are looked after in person: long windows, few scores, meetings weigh most.
    {"b2b", R"json({
  "version": 1,
  "features": {
    "period": "month",
    "engagement": {
      "half_life_days": 180,
      "channel": {"meeting": 5, "phone": 2, "letter": 0.5, "sms": 0.5},
      "initiative": {"inbound": 2}
    }
  },
  "classifiers": {"rfm": {"bins": 3, "method": "rank"}, "abc": {}, "matrix": {}, "tiers": {},
                  "relationship_type": {"kind": "rules", "rules": "relationship_type"}},
  "history": {"every": "month"}
})json"},
    // The purchases of a British online shop, 2010 to 2011 (UCI Machine Learning Repository, data set 352).
    {"online-retail", R"json({
  "version": 1,
  "ingest": {
    "time_zone": "Europe/London",
    "currency": "GBP",
    "reject_zero_amounts": true,
    "mappings": {
      "transactions": {
        "columns": {
          "client": "CustomerID",
          "order": "InvoiceNo",
          "product": "StockCode",
          "at": "InvoiceDate",
          "quantity": "Quantity",
          "unit_price": "UnitPrice"
        }
      }
    }
  },
  "classifiers": {"rfm": {}, "abc": {"measures": ["money_gross"]}, "matrix": {}},
  "history": {"every": "month"}
})json"},
}};

}  // namespace klientela::pipeline
