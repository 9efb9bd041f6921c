// Tiers of clients, strategic, important, ordinary and potential, from volume, profit and length of cooperation.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/threshold.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// One thing that speaks for a client. With e edges a value above the first l of them is on level l, which is worth
/// weight * l / e points.
struct TierMeasure {
  std::string measure;
  /// 1 to 9, ascending; levels are (lo, hi]. Quantiles are of the clients with an order.
  std::vector<BandEdge> edges;
  double weight{1};  ///< above 0, at most 1e6
  friend bool operator==(const TierMeasure&, const TierMeasure&) = default;
};

/// Points of a client: the sum over the measures in which it has a value, over the sum of their weights: 0 to 1,
/// rounded to nine decimals. Who has no order is potential, whatever else is known.
struct TierOptions {
  std::vector<TierMeasure> measures;
  std::string orders{"frequency"};  ///< a client whose value here is null or not above 0 has no order: potential
  double strategic{0.8};            ///< points from here up, included; 0 < important < strategic <= 1
  double important{0.4};
  /// money_net, profit and tenure_days by the quantiles 0.5, 0.8 and 0.95 of the clients with an order; the first two
  /// with weight 2.
  TierOptions();
  friend bool operator==(const TierOptions&, const TierOptions&) = default;
};

/// Frozen tiers. Columns: for the classifier "tiers" they are tier (label: strategic, important, ordinary, potential)
/// and tier_points (float64, null for potential clients); for another name N: N_tier, N_points. No nulls in the tier:
/// every client is in exactly one, a client with orders but without any value has 0 points and is ordinary.
class TierModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "tiers"; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] const TierOptions& options() const noexcept;
  /// The edges in force of the measure at that place, ascending; empty where its column was absent or had no value
  /// among the clients with orders when fitted: the measure is then left out. \throws Error out_of_range
  [[nodiscard]] const std::vector<Threshold>& edges(std::size_t measure) const;
  /// O(rows * measures). \throws Error not_found naming the column of orders or of a measure in force where it is
  /// absent; invalid_argument for one that is not a number; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static TierModel from_json(const std::string& name, std::string_view json,
                                           const std::string& pointer = {});

  struct Data;
  explicit TierModel(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class TierClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit TierClassifier(TierOptions options = {}, std::string name = "tiers");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "tiers"; }
  [[nodiscard]] const TierOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// Quantile edges out of the clients with orders, type 7, exact as RFM's. O(rows * measures).
  /// \throws Error as TierModel::classify, but a measure's column may be absent
  [[nodiscard]] TierModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static TierClassifier from_json(std::string_view json, const std::string& name = "tiers",
                                                const std::string& pointer = {});

 private:
  TierOptions options_;
  std::string name_;
};

}  // namespace klientela
