// One row classified by frozen models without a table: thresholds compiled to comparisons of whole keys, and which
// classes lie within a margin of them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "classify/client_order.hpp"
#include "klientela/classify/classifier.hpp"

namespace klientela {
class RulesModel;
}

namespace klientela::classifying {

/// A measure of one row: its key as Measure has it, and whether there is a value.
struct CellValue {
  std::int64_t key{0};
  bool known{false};
};

/// Columns of one row by place: measures first, then the columns that models wrote. The keys of labels, terms and texts
/// are places among `labels`.
struct RowColumn {
  std::string name;
  ColumnType type;
  const std::vector<std::string>* labels;  ///< of a label, term or text column; null: the texts are not known
};

/// Judges one row: reads values by place and writes those of its own columns. For one thread at a time.
class RowJudge {
 public:
  virtual ~RowJudge() = default;
  /// \param client  text or number, looked at where a tie was cut only
  virtual void judge(CellValue* values, const IdView& client) const = 0;
  /// Whether the row would have the code in the label column at `column`, one of its own, were the thresholds moved,
  /// each by itself, up or down by up to the margin. False where there are no thresholds.
  [[nodiscard]] virtual bool reaches(const CellValue* /*values*/, const IdView& /*client*/, std::size_t /*column*/,
                                     std::int64_t /*code*/) const {
    return false;
  }
  /// The code in that column of a row whose class was `was` (none: no label of today). `was` where it is reached; of a
  /// class made of parts, as are cells, abc of several measures and crossed xyz, each part of it that is reached beside
  /// the others that judge() gives; else what judge() gives. \pre judge() wrote the row; in earlier own columns of
  /// labels those that the row keeps may stand instead
  [[nodiscard]] virtual std::int64_t kept(const CellValue* values, const IdView& client, std::size_t column,
                                          std::optional<std::int64_t> was) const {
    return was && reaches(values, client, column, *was) ? *was : values[column].key;
  }
};

/// Whether a model has thresholds that a margin acts on: rfm, abc, matrix, tiers, xyz and lifecycle.
[[nodiscard]] bool has_thresholds(const AnyModel& model) noexcept;
/// The columns of labels of a classifier of those kinds; empty for others.
[[nodiscard]] std::vector<std::string> columns_with_thresholds(const AnyClassifier& classifier);

/// \param columns  what a row has: those before `own` may be read
/// \param own      place of the model's first column
/// \param margin   share of a threshold by which reaches() moves it
/// \returns        null for a model that only classifies tables
[[nodiscard]] std::unique_ptr<const RowJudge> row_judge(const AnyModel& model, const std::vector<RowColumn>& columns,
                                                        std::size_t own, double margin = 0);

// The kinds with a file of their own: tiers, xyz and lifecycle; rules.
[[nodiscard]] std::unique_ptr<const RowJudge> level_judge(const AnyModel& model, const std::vector<RowColumn>& columns,
                                                          std::size_t own, double margin);
[[nodiscard]] std::unique_ptr<const RowJudge> rules_judge(const RulesModel& model,
                                                          const std::vector<RowColumn>& columns, std::size_t own);

}  // namespace klientela::classifying
