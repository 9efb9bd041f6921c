// Where each client is in its life with the company, by its own rhythm of purchases, and the risk that it is lost.
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// Every client is measured against the gap between purchases that is usual for itself; the fewer gaps it has, the more
/// the base's typical gap counts:
///
///   expected gap  g = (prior_gaps G + n m) / (prior_gaps + n)                n gaps of mean m; G the typical gap
///   spread        s = g max(least_cv, (prior_gaps C + (n - 1) v) / (prior_gaps + n - 1))    v their variation; C the
///                     typical one, which alone counts for n < 2
///   overdue       z = (recency_days - g) / s
///
/// The limits are therefore days: g + cooling s, g + sleeping s, g + lost s.
struct LifecycleOptions {
  double cooling{1};  ///< 0 <= cooling < sleeping < lost, spreads past the expected gap; a recency at a limit is below
  double sleeping{3};
  double lost{6};
  double returned{3};     ///< >= 0: the last gap, against the gaps before it, was more than so many spreads overdue
  double prior_gaps{1};   ///< > 0, at most 1000: how many gaps the typical one counts for
  double least_cv{0.25};  ///< > 0, at most 10: nobody is taken to be steadier than this
  std::optional<double> typical_gap_days{};  ///< > 0; none: the median of gap_days_mean when fitted, 90 without any
  std::optional<double> typical_cv{};        ///< > 0; none: the median of gap_days_cv when fitted, 1 without any
  double dropout_a{0.8};                     ///< > 0: beta distribution of the chance that a purchase is the last
  double dropout_b{2.5};                     ///< defaults near the estimates for CDNOW (Fader, Hardie and Lee 2005)
  friend bool operator==(const LifecycleOptions&, const LifecycleOptions&) = default;
};

/// Chance that a client has left for good: one less P(alive) of the MBG/NBD model (Batislam, Denizel and Filiztekin
/// 2007), in which a client may leave after any purchase, the first included:
/// 1 - 1 / (1 + a / (b + x) ((alpha + T) / (alpha + t_x))^(r + x)).
/// \param x repeat purchases; \param t_x from the first to the last; \param T from the first to now, T >= t_x >= 0
[[nodiscard]] inline double loss_risk(double x, double t_x, double T, double r, double alpha, double a,
                                      double b) noexcept {
  const double odds = a / (b + x) * std::exp((r + x) * std::log((alpha + T) / (alpha + t_x)));
  return std::isfinite(odds) ? odds / (1 + odds) : 1.0;
}

/// Frozen lifecycle: the typical gap and variation. Columns, N being the classifier's name: N (label: new, active,
/// cooling, sleeping, lost, returned, unclassified), N_overdue (z) and N_loss_risk (0 to 1, loss_risk() with
/// r = prior_gaps, alpha = prior_gaps G, in days), both float64 and null for clients without a purchase, who are
/// unclassified. New: one purchase day, not past its limit. Returned: not past its limit, and back after a gap that
/// was too long. The others by their limit; active is whoever is left.
class LifecycleModel {
 public:
  LifecycleModel(LifecycleOptions options, std::string name, double gap, double variation, bool measured)
      : options_(options), name_(std::move(name)), gap_(gap), variation_(variation), measured_(measured) {}
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "lifecycle"; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] const LifecycleOptions& options() const noexcept { return options_; }
  [[nodiscard]] double typical_gap_days() const noexcept { return gap_; }
  [[nodiscard]] double typical_cv() const noexcept { return variation_; }
  /// Reads recency_days and tenure_days, and gap_days_mean, gap_days_cv and gap_days_last where they are there: without
  /// the mean and the variation everybody is judged by the typical gap, without the last gap nobody is found to be
  /// returned; notes say so. O(rows). \throws Error not_found; invalid_argument for a column that is not a number;
  /// cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static LifecycleModel from_json(const std::string& name, std::string_view json,
                                                const std::string& pointer = {});

 private:
  LifecycleOptions options_;
  std::string name_;
  double gap_;
  double variation_;
  bool measured_;
};

class LifecycleClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit LifecycleClassifier(LifecycleOptions options = {}, std::string name = "lifecycle");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "lifecycle"; }
  [[nodiscard]] const LifecycleOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// Medians (type 7) of the gaps and variations of those who have one. O(rows).
  /// \throws Error as LifecycleModel::classify
  [[nodiscard]] LifecycleModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static LifecycleClassifier from_json(std::string_view json, const std::string& name = "lifecycle",
                                                     const std::string& pointer = {});

 private:
  LifecycleOptions options_;
  std::string name_;
};

}  // namespace klientela
