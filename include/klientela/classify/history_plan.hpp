// The part "history" of a policy: on which days a base is classified again, and how.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/history.hpp"
#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

struct HistoryPlan {
  Period every{Period::month};  ///< the days are the ends of these periods; the last day ends the last one
  std::int32_t periods{12};     ///< the last so many of them, 1 to 65,534; 0: all
  std::optional<Day> since{};   ///< from the period of this day on; none: from the first purchase
  std::optional<Day> until{};   ///< up to this day; none, or a later one: up to the as-of day
  HistoryOptions options{};     ///< how; its `periods` are those of the policy, its `assignments` those of the run
  friend bool operator==(const HistoryPlan&, const HistoryPlan&) = default;
};

/// The days of a plan, ascending; empty where the base has no purchase up to the last of them. O(rows).
/// \throws Error invalid_argument for more than 65,534 days
[[nodiscard]] std::vector<Day> days_of(const HistoryPlan& plan, const ClientBase& base, Day as_of);

/// Reads {"every": "month", "periods": 12, "since", "until": "2026-01-31", "thresholds": "frozen" or "refit",
/// "frozen_on", "hold": 1, "margin": 0, "columns": [...], "money": "money_net" or ""}; every key optional, null stands
/// for no day or all columns. Where `since` is given, `periods` is 0 by default. true is the plan with its defaults,
/// false and null are none. \param pointer  JSON pointer of the value in its document; where() of errors begins with it
/// \throws Error bad_policy for unknown keys, wrong types and values out of range
[[nodiscard]] std::optional<HistoryPlan> history_plan_from_json(std::string_view json, std::string_view pointer = {});
/// Every key written out; history_plan_from_json gives the same plan back.
[[nodiscard]] std::string to_json(const HistoryPlan& plan);
/// JSON Schema (2020-12) of what history_plan_from_json reads.
[[nodiscard]] std::string history_plan_schema();

}  // namespace klientela
