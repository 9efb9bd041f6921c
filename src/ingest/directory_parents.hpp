// Parents of delivered entries of directories: no entry is left to stand under itself.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/reject_map.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/model/values.hpp"
#include "model/base_data.hpp"

namespace klientela::detail {

/// The entries that a delivery brings.
struct NewEntries {
  const ClientBase::Data& data;  ///< the base before them, with the names of directories coded already
  const Values& directory;
  const Values& code;
  const Values& parent;
  const RejectMap& rejected;
  const Control& control;
};

/// One row of every circle that parents of entries make, and how it goes, as "a < b < a": of the entries that the
/// delivery brings the one with the smallest code in byte order. Of several rows of one code the last counts, as
/// Directory::of() has it. O(entries).
[[nodiscard]] std::vector<std::pair<std::size_t, std::string>> directory_circles(const NewEntries& in);

/// A column of texts, null in some rows.
class TextsWithout final : public Values {
 public:
  /// \param rows  ascending
  TextsWithout(std::shared_ptr<const Values> texts, std::vector<std::size_t> rows)
      : texts_(std::move(texts)), rows_(std::move(rows)) {}
  [[nodiscard]] FieldType type() const noexcept override { return texts_->type(); }
  [[nodiscard]] std::size_t size() const noexcept override { return texts_->size(); }
  [[nodiscard]] std::string_view text(std::size_t row) const override;
  [[nodiscard]] bool is_null(std::size_t row) const override;

 private:
  std::shared_ptr<const Values> texts_;
  std::vector<std::size_t> rows_;
};

}  // namespace klientela::detail
