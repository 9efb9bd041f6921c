// XYZ classes: how steadily a client buys, by the coefficient of variation over calendar periods, and ABC-XYZ.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// X: measure <= x (steady), Y: <= y (varies), Z: above. The defaults of 10 % and 25 % are the usual ones of stock
/// keeping, where the method comes from; clients vary more than goods, so that wider limits such as 0.5 and 1 are often
/// the better choice.
struct XyzOptions {
  std::string measure{"period_money_cv"};  ///< a coefficient of variation, as the features of `periods` give it
  double x{0.10};                          ///< 0 <= x < y, finite; both ends included: a value equal to x is X
  double y{0.25};
  std::string cross{};  ///< a label column to cross with, for example "abc"; empty: none
  friend bool operator==(const XyzOptions&, const XyzOptions&) = default;
};

/// XYZ learns nothing: its thresholds are its options. Label columns: N (X, Y, Z, unclassified), N being the
/// classifier's name; with `cross` = C also C_N, whose labels are those of C each with X, Y and Z ("AX"), then
/// unclassified. A row is unclassified where the measure has no value (nothing bought in any whole period, a mean that
/// is not above zero), in the crossing also where C has none.
class XyzModel {
 public:
  XyzModel(XyzOptions options, std::string name) : options_(std::move(options)), name_(std::move(name)) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "xyz"; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] const XyzOptions& options() const noexcept { return options_; }
  /// O(rows). \throws Error not_found naming an absent column; invalid_argument for a measure that is not a number or a
  /// crossing column without labels; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static XyzModel from_json(const std::string& name, std::string_view json,
                                          const std::string& pointer = {});

 private:
  XyzOptions options_;
  std::string name_;
};

class XyzClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit XyzClassifier(XyzOptions options = {}, std::string name = "xyz");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "xyz"; }
  [[nodiscard]] const XyzOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// O(1). \throws Error not_found naming an absent column
  [[nodiscard]] XyzModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static XyzClassifier from_json(std::string_view json, const std::string& name = "xyz",
                                               const std::string& pointer = {});

 private:
  XyzOptions options_;
  std::string name_;
};

}  // namespace klientela
