// The attention list: which clients need accompaniment now, in the order of the value that may be lost, and why.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

struct AttentionOptions {
  /// A money or other numeric column: what is lost with a client. Only clients above zero are listed.
  std::string value{"money_net"};
  std::vector<std::string> states{"cooling", "sleeping"};  ///< of the lifecycle: who is in one of them is listed
  double least_risk{1};  ///< [0, 1]: who has a risk above this is listed in any state; 1: nobody for the risk alone
  double satisfaction_drop{0.1};  ///< > 0: who has a csat_trend of at most minus this is listed, where there is one
  std::int32_t limit{0};          ///< >= 0: rows of the list; 0: all
  Language language{Language::english};  ///< of the reasons
  friend bool operator==(const AttentionOptions&, const AttentionOptions&) = default;
};

/// \param table      features, in client order; what else it holds is not looked at
/// \param lifecycle  of the rows of `table`, kind "lifecycle"; null: one with default options is fitted to the table
/// \returns  columns `rank` (int32, from 1), `client`, `state` (label of the lifecycle), `loss_risk` (float64), `value`
///           (the type of the value's column), `value_at_risk` (money of a money column, rounded half-even; else
///           float64: value x risk), `rule` (text: ids of what put the client on the list, joined by a blank), `reason`
///           (text: sentences); the largest value at risk first, of equals the larger risk, then client order.
///           O(rows log rows)
/// \throws Error not_found naming an absent column; invalid_argument naming an option, a column that is not a number,
///         or "lifecycle" for one of another kind or length; cancelled
[[nodiscard]] Table attention_list(const Table& table, const Classification* lifecycle,
                                   const AttentionOptions& options = {}, const Control& control = {});

/// Reads {"value": "money_net", "states": [...], "least_risk": 1, "satisfaction_drop": 0.1, "limit": 0, "language":
/// "en"}; what is absent keeps its default. \throws Error bad_policy naming the JSON pointer
[[nodiscard]] AttentionOptions attention_options_from_json(std::string_view json, const std::string& pointer = {});
[[nodiscard]] std::string to_json(const AttentionOptions& options);
/// JSON Schema of the object.
[[nodiscard]] std::string attention_options_schema();

}  // namespace klientela
