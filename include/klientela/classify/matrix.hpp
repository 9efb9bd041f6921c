// The contact matrix: two axes of ordered, named bands over any measures, and cells grouped by rules in order.
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

/// The upper edge of a band.
struct BandEdge {
  /// A number (the shortest decimal that reads as this double), or with `quantile` a share in (0, 1), at most 6
  /// decimals.
  double value{0};
  /// Type-7 quantile of the values above the last fixed edge before it (of all values if there is none).
  bool quantile{false};
  friend bool operator==(const BandEdge&, const BandEdge&) = default;
};

/// How a column's values are cut into an axis' bands. Either edges (a numeric column) or labels (a label, term or text
/// column, such as an earlier classifier's).
struct AxisScale {
  std::string measure;
  std::vector<BandEdge> edges{};  ///< one fewer than the bands, ascending; bands are (lo, hi]
  bool falling{false};            ///< edges: the first band holds the highest values (recency: long ago comes first)
  std::vector<std::vector<std::string>> labels{};  ///< as many as bands: what belongs to each; others are unknown
  friend bool operator==(const AxisScale&, const AxisScale&) = default;
};

struct MatrixAxis {
  std::vector<std::string> bands;  ///< 1 to 50 different names from low to high; none is "unknown"
  AxisScale scale;
  std::optional<AxisScale>
      substitute{};  ///< used where the column of `scale` is absent or all null; the result says so
  friend bool operator==(const MatrixAxis&, const MatrixAxis&) = default;
};

/// A condition on one more column: above <, at least <=, at most >=, below >, as set; or one of labels. A null value
/// and an absent column fail it.
struct MeasureCondition {
  std::string measure;
  std::optional<double> above;
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::optional<double> below;
  std::vector<std::string> labels{};
  friend bool operator==(const MeasureCondition&, const MeasureCondition&) = default;
};

/// Fits where all of its parts fit.
struct GroupRule {
  std::vector<std::string> x;  ///< bands, "unknown" allowed; empty: any
  std::vector<std::string> y;
  std::vector<MeasureCondition> measures{};
  friend bool operator==(const GroupRule&, const GroupRule&) = default;
};

/// Clients that fit any of the rules.
struct MatrixGroup {
  std::string name;
  std::vector<GroupRule> rules;
  friend bool operator==(const MatrixGroup&, const MatrixGroup&) = default;
};

/// Groups overlap: the first that fits wins, so their order is their precedence.
struct MatrixOptions {
  MatrixAxis x;
  MatrixAxis y;
  std::vector<MatrixGroup> groups;
  std::string otherwise;  ///< group of whoever fits none; empty: rules without measures must cover all cells
  /// The contact matrix. x: engagement (substitute: frequency) from acquaintance to regular buyer; y: money_net from no
  /// order to top volume; groups in precedence partner, hot, warm, cold.
  MatrixOptions();
  MatrixOptions(MatrixAxis x_axis, MatrixAxis y_axis, std::vector<MatrixGroup> ordered_groups, std::string other = {})
      : x(std::move(x_axis)), y(std::move(y_axis)), groups(std::move(ordered_groups)), otherwise(std::move(other)) {}
  friend bool operator==(const MatrixOptions&, const MatrixOptions&) = default;
};

/// A cell by the names of its bands ("unknown" included).
struct MatrixCell {
  std::string x;
  std::string y;
  friend bool operator==(const MatrixCell&, const MatrixCell&) = default;
};

struct GroupCheck {
  std::vector<MatrixCell>
      missing;  ///< cells in which somebody may fit no group; x-major; `otherwise` is not considered
  std::vector<MatrixCell> overlapping;   ///< cells that rules of several groups can reach
  std::vector<std::string> unreachable;  ///< groups that earlier ones leave nobody to
};
/// O(cells * rules). \throws Error bad_policy naming a rule's unknown band
[[nodiscard]] GroupCheck check_groups(const MatrixOptions& options);

/// Frozen contact matrix. Label columns: for the classifier "matrix" they are matrix_x, matrix_y, cell, group; for
/// another name N: N_x, N_y, N_cell, N_group. Labels of axes are the bands in order and last "unknown"; of cell
/// "<x band> / <y band>" x-major, unknown last in each; of group the groups in precedence, then otherwise if it is
/// another name. No nulls.
class MatrixModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "matrix"; }
  [[nodiscard]] const MatrixOptions& options() const noexcept;
  /// The edges in force, ascending, one fewer than the bands; empty for a scale of labels and an axis without data.
  [[nodiscard]] const std::vector<Threshold>& x_edges() const noexcept;
  [[nodiscard]] const std::vector<Threshold>& y_edges() const noexcept;
  /// The column in force: the scale's, its substitute's, or empty where both were absent when fitted.
  [[nodiscard]] const std::string& x_measure() const noexcept;
  [[nodiscard]] const std::string& y_measure() const noexcept;
  /// O(rows). An absent column gives band unknown and a note. \throws Error invalid_argument for a column of a type
  /// that its scale cannot cut; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static MatrixModel from_json(const std::string& name, std::string_view json,
                                             const std::string& pointer = {});

  struct Data;
  explicit MatrixModel(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class MatrixClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer below the options object: edges that do not ascend, band
  ///         names empty or repeated, a label in two bands, an unknown band in a rule, cells without a group (named in
  ///         the message), groups out of reach, more than 65,535 cells
  explicit MatrixClassifier(MatrixOptions options = {}, std::string name = "matrix");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "matrix"; }
  [[nodiscard]] const MatrixOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// Chooses scale or substitute and computes quantile edges, exactly as RFM does. Quantile edges may coincide: bands
  /// between equal edges stay empty. O(rows). \throws Error invalid_argument for a column of a type that its scale
  /// cannot cut; cancelled
  [[nodiscard]] MatrixModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy whose where() begins with `pointer`
  [[nodiscard]] static MatrixClassifier from_json(std::string_view json, const std::string& name = "matrix",
                                                  const std::string& pointer = {});

 private:
  MatrixOptions options_;
  std::string name_;
};

}  // namespace klientela
