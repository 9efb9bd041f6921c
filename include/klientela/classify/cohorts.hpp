// Cohorts: the period of a client's first purchase as its class.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"

namespace klientela {

struct CohortOptions {
  Period period{Period::month};           ///< calendar periods, weeks from Monday
  std::string measure{"first_purchase"};  ///< a column of days
  friend bool operator==(const CohortOptions&, const CohortOptions&) = default;
};

/// Nothing is learned. A label column called as the classifier: the period_name() of the periods that occur, in the
/// order of time, then unclassified for rows without a day.
class CohortModel {
 public:
  CohortModel(CohortOptions options, std::string name) : options_(std::move(options)), name_(std::move(name)) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "cohort"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {options_.measure}; }
  [[nodiscard]] const CohortOptions& options() const noexcept { return options_; }
  /// O(rows log periods). \throws Error not_found naming an absent column; invalid_argument for one that holds no days,
  /// or more than 65,534 periods; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static CohortModel from_json(const std::string& name, std::string_view json,
                                             const std::string& pointer = {});

 private:
  CohortOptions options_;
  std::string name_;
};

class CohortClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit CohortClassifier(CohortOptions options = {}, std::string name = "cohort");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "cohort"; }
  [[nodiscard]] const CohortOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {options_.measure}; }
  /// \throws Error as CohortModel::classify
  [[nodiscard]] CohortModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static CohortClassifier from_json(std::string_view json, const std::string& name = "cohort",
                                                  const std::string& pointer = {});

 private:
  CohortOptions options_;
  std::string name_;
};

}  // namespace klientela
