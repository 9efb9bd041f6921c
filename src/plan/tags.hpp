// A column's texts as tags of managers and clients are compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/text.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/schema.hpp"

namespace klientela::planning {

/// Texts of a column as tags are compared; once for every label.
class Tags {
 public:
  explicit Tags(const Column* column) : column_(column) {
    if (column_ != nullptr && (column_->type() == ColumnType::label || column_->type() == ColumnType::term))
      for (const std::string& label : column_->labels()) folded_.push_back(folded_name(label));
  }
  /// Empty for null.
  [[nodiscard]] std::string operator()(std::size_t row) const {
    if (column_ == nullptr || column_->is_null(row)) return {};
    if (column_->type() == ColumnType::label) return folded_[column_->values<std::uint16_t>()[row]];
    if (column_->type() == ColumnType::term) return folded_[column_->values<std::uint32_t>()[row]];
    return folded_name(column_->to_text(row));
  }

 private:
  const Column* column_;
  std::vector<std::string> folded_;
};

}  // namespace klientela::planning
