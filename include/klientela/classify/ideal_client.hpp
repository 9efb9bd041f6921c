// Ideal-client profiles: how well each client fits several described profiles, by weighted criteria.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// One thing that an ideal client is like. On a number (boolean, integer, float, money, day as days since 1970) it is
/// met from 0 to 1: `worst` is 0, `best` is 1, linear between, either may be the larger; or it is met (1) or not (0)
/// within at_least and at_most. On a label, term or text column it is met where the value is one of `labels`. A null
/// value and an absent column count as 0.
struct IdealCriterion {
  std::string measure;
  double weight{1};                  ///< above 0, at most 1e6
  std::optional<double> at_least{};  ///< included; one of at_least and at_most, or both
  std::optional<double> at_most{};
  std::optional<double> worst{};  ///< both of worst and best, different; not together with at_least, at_most
  std::optional<double> best{};
  std::vector<std::string> labels{};
  friend bool operator==(const IdealCriterion&, const IdealCriterion&) = default;
};

struct IdealProfile {
  std::string name;  ///< none is "none"
  std::string description{};
  std::vector<IdealCriterion> criteria;  ///< 1 to 100
  double fits_from{0.6};                 ///< (0, 1]: a client with at least this fit may be called by the profile
  friend bool operator==(const IdealProfile&, const IdealProfile&) = default;
};

struct IdealClientOptions {
  std::vector<IdealProfile> profiles;  ///< 1 to 50, names different
  friend bool operator==(const IdealClientOptions&, const IdealClientOptions&) = default;
};

/// The fit of a client to a profile is the weighted mean of its criteria, 0 to 1, rounded to nine decimals. Columns, N
/// being the classifier's name: N (label: the profile with the best fit among those whose fits_from it reaches, of
/// equals the first; else "none"), N_fit (float64: the best fit of all profiles), and N[profile] for each (float64).
/// Nothing is learned and nothing is null.
class IdealClientModel {
 public:
  IdealClientModel(IdealClientOptions options, std::string name)
      : options_(std::make_shared<const IdealClientOptions>(std::move(options))), name_(std::move(name)) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "ideal_client"; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] const IdealClientOptions& options() const noexcept { return *options_; }
  /// O(rows * criteria); an absent column is named in a note. The reasons of a row are those of the profile it is
  /// called by, or fits best: one for the fit, then one for each criterion, met or missed.
  /// \throws Error invalid_argument for a column of a type that its criterion cannot look at; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static IdealClientModel from_json(const std::string& name, std::string_view json,
                                                  const std::string& pointer = {});

 private:
  std::shared_ptr<const IdealClientOptions> options_;
  std::string name_;
};

class IdealClientClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit IdealClientClassifier(IdealClientOptions options, std::string name = "ideal_client");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "ideal_client"; }
  [[nodiscard]] const IdealClientOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] IdealClientModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static IdealClientClassifier from_json(std::string_view json, const std::string& name = "ideal_client",
                                                       const std::string& pointer = {});

 private:
  IdealClientOptions options_;
  std::string name_;
};

}  // namespace klientela
