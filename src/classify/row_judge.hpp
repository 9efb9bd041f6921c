// One row classified by frozen models without a table: RFM, ABC and the matrix compiled to comparisons of whole keys.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "classify/client_order.hpp"
#include "klientela/classify/classifier.hpp"

namespace klientela::classifying {

/// A measure of one row: its key as Measure has it, and whether there is a value.
struct CellValue {
  std::int64_t key{0};
  bool known{false};
};

/// Columns of one row by place: measures first, then the columns that models wrote, whose keys are label codes or
/// scores.
struct RowColumn {
  std::string name;
  ColumnType type;
  const std::vector<std::string>* labels;  ///< of a label column
};

/// Judges one row: reads values by place and writes those of its own columns.
class RowJudge {
 public:
  virtual ~RowJudge() = default;
  /// \param client  text or number, looked at where a tie was cut only
  virtual void judge(CellValue* values, const IdView& client) const = 0;
};

/// \param columns  what a row has: those before `own` may be read
/// \param own      place of the model's first column
/// \returns        null for a model that only classifies tables
[[nodiscard]] std::unique_ptr<const RowJudge> row_judge(const AnyModel& model, const std::vector<RowColumn>& columns,
                                                        std::size_t own);

}  // namespace klientela::classifying
