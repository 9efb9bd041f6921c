// Which columns a tracker keeps: measures that events change, and what the base says that no event does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "classify/row_judge.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/tracker.hpp"
#include "klientela/features/features.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::classifying {

enum class Kept : std::uint8_t {
  recency,
  frequency,
  lines,
  refund_lines,
  gross,
  refunds,
  net,
  first,
  last,
  tenure,
  profit,
  quantity,
  gap_mean,
  gap_cv,
  repeat_frequency,
  repeat_recency,
  repeat_age,
  repeat_money,
  interactions,
  inbound,
  outbound,
  last_interaction,
  engagement,
  gap_last,
  requests,
  last_request,
  today,
  constant,  ///< of the base: the cards
};
struct KeptName {
  std::string_view name;
  Kept kept;
};
inline constexpr std::array<KeptName, 24> kept_features{{
    {"recency_days", Kept::recency},
    {"frequency", Kept::frequency},
    {"lines", Kept::lines},
    {"refund_lines", Kept::refund_lines},
    {"money_gross", Kept::gross},
    {"money_refunds", Kept::refunds},
    {"money_net", Kept::net},
    {"first_purchase", Kept::first},
    {"last_purchase", Kept::last},
    {"tenure_days", Kept::tenure},
    {"profit", Kept::profit},
    {"quantity", Kept::quantity},
    {"gap_days_mean", Kept::gap_mean},
    {"gap_days_cv", Kept::gap_cv},
    {"repeat_frequency", Kept::repeat_frequency},
    {"repeat_recency", Kept::repeat_recency},
    {"repeat_age", Kept::repeat_age},
    {"repeat_money_mean", Kept::repeat_money},
    {"interactions", Kept::interactions},
    {"interactions_inbound", Kept::inbound},
    {"interactions_outbound", Kept::outbound},
    {"last_interaction", Kept::last_interaction},
    {"engagement", Kept::engagement},
    {"gap_days_last", Kept::gap_last},
}};
inline constexpr std::string_view last_gap = "gap_days_last";  // of period_table(), not of a group

[[nodiscard]] inline std::optional<Kept> kept_feature(std::string_view name) noexcept {
  for (const KeptName& one : kept_features)
    if (one.name == name) return one.kept;
  return std::nullopt;
}
/// Of a column that with_base_columns() gives.
[[nodiscard]] inline Kept kept_of_base(std::string_view name) noexcept {
  return name == "requests"       ? Kept::requests
         : name == "last_request" ? Kept::last_request
         : name == "as_of"        ? Kept::today
                                  : Kept::constant;
}

/// Whether it is the hand.A or bulk.A of an attribute that somebody was assigned.
[[nodiscard]] bool is_assigned(const std::string& column, const Assignments& assignments);

struct TrackedColumns {
  std::vector<std::string> features;  ///< of compute_features(), and last_gap
  std::vector<std::string> base;      ///< of with_base_columns(), in the order in which the models read them
};
/// The columns that the models read, and those asked for. \throws Error unsupported naming a column that cannot be
/// kept, or a model that does not say what it reads; not_found naming a column asked for
[[nodiscard]] TrackedColumns tracked_columns(std::span<const AnyModel> models, const TrackerOptions& options,
                                             const ClientBase& base, const FeatureOptions& features);

/// A column that no event changes, by client of the base. Who came later has a value where one was assigned.
class Constant {
 public:
  /// \param column  what with_base_columns() gave
  Constant(Column column, const ClientBase& base, const Assignments& assignments);
  /// Codes of terms, days, and of texts the row, which text() takes. \param client  looked at past the base's places
  [[nodiscard]] CellValue value(std::uint32_t place, const ClientId& client) const;
  [[nodiscard]] std::optional<std::string> text(const CellValue& value) const;
  /// The values of those places. \param arrived  clients past the base's places
  [[nodiscard]] Column take(std::span<const std::uint32_t> places, std::span<const ClientId> arrived) const;

 private:
  Column column_;
  std::map<ClientId, std::uint32_t> later_;
};

}  // namespace klientela::classifying
