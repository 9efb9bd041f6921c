// ABC classes: the few clients that bring most of a measure, on one or two measures, with exact limits.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/classify/threshold.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// Where the client that crosses a limit belongs.
enum class AbcConvention : std::uint8_t {
  reach,  ///< above: the class is the smallest set that reaches the limit (cumulative before the client < limit)
  stay,   ///< below: the class stays within the limit (cumulative with the client <= limit)
};

enum class AbcLimits : std::uint8_t {
  shares,  ///< the two given shares of the total
  /// From the curve of cumulative shares itself, after Ultsch and Lötsch (2015), in the form of abc-analysis 0.1 (PyPI)
  /// on the curve's own points, without its splines. With n clients that have a value (below zero: zero), x = i/n and
  /// y = share of the i largest: P is the first point nearest (0, 1); E the last client whose value reaches the mean
  /// (slope 1); A ends at the earlier of the two, C begins after the point nearest (x of the later, 1). Values above
  /// the A limit's are A, values below the other's are C: a client at a limit falls below, and all equal are B.
  computed,
};

struct AbcOptions {
  /// One or two different numeric columns. Two give class pairs such as "AB", first measure first.
  std::vector<std::string> measures{"money_net"};
  AbcLimits limits{AbcLimits::shares};
  double a{0.80};  ///< 0 < a < b <= 1; read as the shortest decimal, at most 9 decimals
  double b{0.95};
  AbcConvention convention{AbcConvention::reach};
  friend bool operator==(const AbcOptions&, const AbcOptions&) = default;
};

/// The frozen lower end of a class: values above `at` are inside, values below are not. A value equal to it is inside
/// if `included`; where the limit cut a tie, only of a client up to `last_client` in canonical order.
struct AbcEdge {
  Threshold at;
  bool included{true};
  std::optional<std::string> last_client;
  friend bool operator==(const AbcEdge&, const AbcEdge&) = default;
};

/// The edges of one measure; none: no client had a value above zero, and nobody will be inside.
struct AbcThresholds {
  std::optional<AbcEdge> a;  ///< down to here A
  std::optional<AbcEdge> b;  ///< down to here A or B
  friend bool operator==(const AbcThresholds&, const AbcThresholds&) = default;
};

/// Frozen ABC. One label column called as the classifier: A, B, C, or the nine pairs AA to CC. Values at or below zero
/// and nulls (float measures: what is not finite too) are C.
class AbcModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "abc"; }
  [[nodiscard]] const AbcOptions& options() const noexcept;
  /// Of the measure at that place. \throws Error out_of_range
  [[nodiscard]] const AbcThresholds& thresholds(std::size_t measure = 0) const;
  /// O(rows). \throws Error not_found naming an absent column; invalid_argument for one that is not a number; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static AbcModel from_json(const std::string& name, std::string_view json,
                                          const std::string& pointer = {});

  struct Data;
  explicit AbcModel(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class AbcClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit AbcClassifier(AbcOptions options = {}, std::string name = "abc");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "abc"; }
  [[nodiscard]] const AbcOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const { return options_.measures; }
  /// Clients in order of falling value, equal values in client order; sums and limits are compared exactly (128 bit).
  /// Float measures are summed as whole multiples of a power of two, 62 bits below the largest value. Deterministic for
  /// any number of threads. Shares: O(rows), no sort; computed: O(rows log rows). \throws Error not_found naming an
  /// absent column; invalid_argument for one that is not a number, or if a limit cuts a
  ///         tie and the rows are not in client order; cancelled
  [[nodiscard]] AbcModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static AbcClassifier from_json(std::string_view json, const std::string& name = "abc",
                                               const std::string& pointer = {});

 private:
  AbcOptions options_;
  std::string name_;
};

}  // namespace klientela
