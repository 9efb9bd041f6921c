// Clients as points: several measures as scaled doubles, in client order, and what both kinds of clusters do with them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "classify/measure.hpp"
#include "core/json_reader.hpp"
#include "klientela/classify/classification.hpp"
#include "klientela/classify/clusters.hpp"
#include "klientela/core/buffer.hpp"

namespace klientela::classifying {

/// Rows whose sums are added before they are added to others: fixed, so that sums do not depend on threads.
inline constexpr std::size_t piece_rows = 8192;

/// A frozen scaling of one measure: (f(x) - shift) / factor.
struct Scale {
  double shift{0};
  double factor{1};
};

[[nodiscard]] double transformed(Scaling scaling, double value) noexcept;
[[nodiscard]] inline double scaled(Scaling scaling, const Scale& scale, double value) noexcept {
  return (transformed(scaling, value) - scale.shift) / scale.factor;
}
[[nodiscard]] double unscaled(Scaling scaling, const Scale& scale, double value) noexcept;

/// n points of d coordinates, a column each.
struct Points {
  std::size_t n{0};
  std::vector<Buffer<double>> x;
  std::vector<std::uint64_t> hashes;  ///< of the client ids
  std::vector<std::uint32_t> rows;    ///< of the table they came from
  [[nodiscard]] std::size_t d() const noexcept { return x.size(); }
};

/// The rows with a value in every measure, in client order, not scaled. \throws Error as KMeansClassifier::fit
[[nodiscard]] Points points_of(const Table& table, const std::vector<std::string>& measures, const Control& control);
/// Learns the scaling and applies it. \throws Error invalid_argument naming a constant measure
[[nodiscard]] std::vector<Scale> scale(Points& points, const ClusterOptions& options, const Control& control);
/// Calls body(piece, begin, end) for pieces of piece_rows, in parallel.
void for_pieces(std::size_t n, const Control& control,
                const std::function<void(std::size_t piece, std::size_t begin, std::size_t end)>& body);

struct Lloyd {
  std::vector<double> centers;  ///< k rows of d
  std::vector<std::uint16_t> labels;
  double inertia{0};
  int iterations{0};
  bool converged{false};
};

/// From the given centres to the end. O(n k d) an iteration.
[[nodiscard]] Lloyd lloyd(const Points& points, std::vector<double> centers, int max_iterations, double tolerance,
                          const Control& control);
/// k of the points, by chance that a hash of seed and id gives: each next one with a weight of its squared distance.
/// \throws Error invalid_argument "k" where fewer than k differ
[[nodiscard]] std::vector<double> plus_plus(const Points& points, std::size_t k, std::uint64_t seed,
                                            const Control& control);
/// The best of several starts.
[[nodiscard]] Lloyd best_lloyd(const Points& points, std::size_t k, const ClusterOptions& options, double tolerance,
                               int starts, const Control& control);
/// Nearest centre of each of [begin, end) and the squared distance to it; of equals the first. end - begin <= 512.
void nearest(const double* const* x, std::size_t d, std::size_t begin, std::size_t end, const double* centers,
             std::size_t k, double* best, std::int64_t* label) noexcept;
/// Mean silhouette of a sample; nullopt with fewer than two clusters in it. O(sample^2 d).
[[nodiscard]] std::optional<double> silhouette(const Points& points, const std::vector<std::uint16_t>& labels,
                                               std::size_t k, const ClusterOptions& options, const Control& control);
/// Sum of population variances over the coordinates, over their number.
[[nodiscard]] double mean_variance(const Points& points, const Control& control);
/// \throws Error invalid_argument "k"
void check_count(const Points& points, std::size_t k);

// Options and models in JSON.

void check(const ClusterOptions& options, const std::string& pointer);
void write(const ClusterOptions& options, json::Value& value);
void read(json::Object& object, ClusterOptions& options);
/// The members that both schemas share, without braces.
[[nodiscard]] std::string cluster_schema(double tolerance, int n_init);
[[nodiscard]] json::Value to_value(const ClusterTrial& trial);
[[nodiscard]] ClusterTrial trial_of(const json::Node& node);
/// The members `fit` and `trials` of a model.
void write(const ClusterTrial& fit, const std::vector<ClusterTrial>& trials, json::Value& value);
void read(json::Object& object, ClusterTrial& fit, std::vector<ClusterTrial>& trials);
[[nodiscard]] json::Value to_value(const std::vector<Scale>& scales);
[[nodiscard]] std::vector<Scale> scales_of(const json::Node& node, std::size_t d);
[[nodiscard]] std::vector<double> numbers_of(const json::Node& node, std::size_t wanted);
/// "cluster 1" to "cluster k", unclassified.
[[nodiscard]] std::shared_ptr<const std::vector<std::string>> cluster_labels(std::size_t k);
/// Why a row is in its cluster: which one and how sure (columns[0] and [1]), then the value of each measure. One of
/// label `none` is in no cluster, for want of a value. \param limit  what the value of columns[1] has to stay below, if
/// anything
[[nodiscard]] std::vector<Reason> cluster_reasons(const std::vector<Column>& columns,
                                                  const std::vector<Measure>& measures, std::size_t row,
                                                  std::size_t none, const std::optional<Quantity>& limit = {});
/// Permutation that puts centres (k rows of d) in the order of their coordinates.
[[nodiscard]] std::vector<std::size_t> order_of(const std::vector<double>& centers, std::size_t k, std::size_t d);

}  // namespace klientela::classifying
