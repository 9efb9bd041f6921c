// Clusters of clients that are alike in several measures: k-means and Gaussian mixtures, seeded and repeatable.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// What is done to a measure before distances are taken. Learnt from the clients that are clustered, then frozen.
enum class Scaling : std::uint8_t {
  none,      ///< the values as they are
  standard,  ///< less the mean, over the population standard deviation
  robust,    ///< less the median, over the distance of the quartiles (type 7)
  log,       ///< sign(x) log(1 + |x|), then as standard: for money and counts, which are skewed
};

/// How a number of clusters is judged.
enum class ClusterCriterion : std::uint8_t {
  silhouette,  ///< the largest mean silhouette (Rousseeuw 1987), Euclidean
  bic,         ///< the smallest Bayesian information criterion (Schwarz 1978); of k-means that of round clusters of one
               ///< common variance, each client wholly in its own (Pelleg and Moore 2000)
};

/// Numbers of clusters to try, both ends in; of equals the smallest wins.
struct ClusterRange {
  int from{2};  ///< 2 <= from < to <= 100
  int to{8};
  ClusterCriterion by{ClusterCriterion::silhouette};
  friend bool operator==(const ClusterRange&, const ClusterRange&) = default;
};

/// What both kinds have. Clients without a value in some measure take no part in a fit and are unclassified.
///
/// Results do not depend on threads nor on the order of rows: rows are taken in client order, sums are added in pieces
/// of one fixed size, and chance is a hash of seed and client id.
struct ClusterOptions {
  std::vector<std::string> measures{"recency_days", "frequency", "money_net"};  ///< 1 to 100 different numeric columns
  int k{5};                                                                     ///< 1 to 1000
  std::optional<ClusterRange> choose{};  ///< instead of k: fits each number and keeps the best
  Scaling scaling{Scaling::standard};
  std::uint64_t seed{0};    ///< up to 2^53, so that JSON carries it
  int n_init{4};            ///< 1 to 1000 starts by k-means++ (Arthur and Vassilvitskii 2007); the best fit is kept
  int max_iterations{300};  ///< of one start; 1 to 100,000
  double tolerance{1e-4};   ///< >= 0
  std::int32_t silhouette_sample{
      2000};  ///< 100 to 20,000: silhouettes are of so many clients, those with the smallest hashes
  friend bool operator==(const ClusterOptions&, const ClusterOptions&) = default;
};

/// Lloyd's algorithm (1982), as scikit-learn runs it: a start ends where no client changed its cluster, or where the
/// sum of the squared moves of the centres is at most tolerance x the mean variance of the (scaled) measures. A cluster
/// that lost everybody gets the client farthest from its centre.
struct KMeansOptions : ClusterOptions {
  /// Where to start instead of k-means++: k rows of one value per measure, in the measures' own units. Not together
  /// with `choose`; k is then their number, n_init is 1, and clusters keep this order.
  std::vector<std::vector<double>> centers{};
  friend bool operator==(const KMeansOptions&, const KMeansOptions&) = default;
};

enum class CovarianceShape : std::uint8_t { full, diagonal, spherical };

/// One component to start from, in the measures' own units; not with Scaling::log.
struct MixtureComponent {
  double weight{1};          ///< > 0; weights are divided by their sum
  std::vector<double> mean;  ///< one per measure
  /// full: rows one after the other; diagonal: the variances; spherical: one variance, only without scaling
  std::vector<double> covariance;
  friend bool operator==(const MixtureComponent&, const MixtureComponent&) = default;
};

/// Expectation and maximisation (Dempster, Laird and Rubin 1977), as scikit-learn runs it: it ends where the mean
/// log-likelihood changes by less than `tolerance`. Starts are the clusters of k-means.
struct GaussianMixtureOptions : ClusterOptions {
  CovarianceShape covariance{CovarianceShape::full};
  double regularization{1e-6};                 ///< >= 0, added to every variance of the scaled measures
  std::vector<MixtureComponent> components{};  ///< as KMeansOptions::centers
  GaussianMixtureOptions() {
    tolerance = 1e-3;
    n_init = 1;
  }
  friend bool operator==(const GaussianMixtureOptions&, const GaussianMixtureOptions&) = default;
};

/// What came of one number of clusters.
struct ClusterTrial {
  int k{0};
  double inertia{0};         ///< k-means: sum of squared distances to the own centre; mixtures: 0
  double log_likelihood{0};  ///< mean over clients; k-means: that of the model named at ClusterCriterion::bic
  double bic{0};
  std::optional<double> silhouette{};  ///< none where fewer than two clusters have somebody
  int iterations{0};
  bool converged{false};
  friend bool operator==(const ClusterTrial&, const ClusterTrial&) = default;
};

/// Frozen clusters. Columns, N being the classifier's name: N (label: "cluster 1" to "cluster k", unclassified) and
/// N_distance (float64: Euclidean, in scaled measures, to the own centre; null where unclassified). A client is in the
/// cluster of the nearest centre, of equals the first. Clusters are numbered by their centres' first measure ascending,
/// then the next.
class KMeansModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "kmeans"; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] const KMeansOptions& options() const noexcept;
  [[nodiscard]] int k() const noexcept;
  /// In the measures' own units, a row per cluster.
  [[nodiscard]] std::vector<std::vector<double>> centers() const;
  /// Clients of each cluster when fitted.
  [[nodiscard]] const std::vector<std::uint64_t>& sizes() const noexcept;
  /// Of the fit that was kept.
  [[nodiscard]] const ClusterTrial& fit() const noexcept;
  /// Every number of clusters that was tried, ascending.
  [[nodiscard]] const std::vector<ClusterTrial>& trials() const noexcept;
  /// O(rows k measures). \throws Error not_found naming an absent column; invalid_argument for one that is not a
  /// number; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static KMeansModel from_json(const std::string& name, std::string_view json,
                                             const std::string& pointer = {});

  struct Data;
  explicit KMeansModel(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class KMeansClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit KMeansClassifier(KMeansOptions options = {}, std::string name = "kmeans");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "kmeans"; }
  [[nodiscard]] const KMeansOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const { return options_.measures; }
  /// O(rows k measures) an iteration; keeps the measures as doubles. Without a column `client` rows are taken as they
  /// come and hashed by their number.
  /// \throws Error as KMeansModel::classify; invalid_argument naming a measure that is constant (robust: whose
  /// quartiles are equal), "k" where there are fewer clients with values, or fewer different ones, than clusters
  [[nodiscard]] KMeansModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static KMeansClassifier from_json(std::string_view json, const std::string& name = "kmeans",
                                                  const std::string& pointer = {});

 private:
  KMeansOptions options_;
  std::string name_;
};

/// Frozen mixture. Columns: N (label, as KMeansModel's) and N_probability (float64: of the own component, given the
/// client; null where unclassified). A client is in the component of the largest probability, of equals the first.
class GaussianMixtureModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "gaussian_mixture"; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  [[nodiscard]] const GaussianMixtureOptions& options() const noexcept;
  [[nodiscard]] int k() const noexcept;
  [[nodiscard]] const std::vector<double>& weights() const noexcept;
  /// In the measures' own units (with Scaling::log: where the scaled mean lies).
  [[nodiscard]] std::vector<std::vector<double>> means() const;
  /// Of the scaled measures: full k matrices of d x d, row by row; diagonal d variances; spherical one.
  [[nodiscard]] const std::vector<std::vector<double>>& covariances() const noexcept;
  [[nodiscard]] const ClusterTrial& fit() const noexcept;
  [[nodiscard]] const std::vector<ClusterTrial>& trials() const noexcept;
  /// O(rows k measures^2). \throws Error as KMeansModel::classify
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static GaussianMixtureModel from_json(const std::string& name, std::string_view json,
                                                      const std::string& pointer = {});

  struct Data;
  explicit GaussianMixtureModel(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class GaussianMixtureClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object
  explicit GaussianMixtureClassifier(GaussianMixtureOptions options = {}, std::string name = "gaussian_mixture");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "gaussian_mixture"; }
  [[nodiscard]] const GaussianMixtureOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const { return options_.measures; }
  /// O(rows k measures^2) an iteration; keeps rows x (measures + k) doubles.
  /// \throws Error as KMeansClassifier::fit; invalid_argument naming "regularization" where a component collapsed
  [[nodiscard]] GaussianMixtureModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static GaussianMixtureClassifier from_json(std::string_view json,
                                                           const std::string& name = "gaussian_mixture",
                                                           const std::string& pointer = {});

 private:
  GaussianMixtureOptions options_;
  std::string name_;
};

}  // namespace klientela
