// From delivered ids to client codes, in parallel and the same for any number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ingest/arrow_column.hpp"
#include "ingest/cells.hpp"
#include "ingest/reject_map.hpp"
#include "klientela/core/executor.hpp"
#include "model/client_index.hpp"

namespace klientela::detail {

/// A delivered column of client ids.
class ClientKeys {
 public:
  explicit ClientKeys(std::shared_ptr<const Source> source);
  [[nodiscard]] const Source& source() const noexcept { return *source_; }
  [[nodiscard]] std::size_t rows() const noexcept { return source_->rows; }

  /// Rows that hold no usable id get a mark; a null one only where it is required.
  void check(std::size_t begin, std::span<Mark> marks, bool required) const;
  /// Codes of known ids of [begin, begin + codes.size()), no_code for nulls and unknown ids. Thread-safe.
  void find(const index::ClientIndex& known, std::size_t begin, std::span<std::uint32_t> codes) const;
  /// Whether a cell has a value, though perhaps an unusable one.
  [[nodiscard]] bool has_value(std::size_t row) const noexcept;
  /// Codes every id, adding unknown ones to `layer`. Rows in `rejected` are left as they are, nulls get no_code.
  /// Codes are in order of first appearance in their partition.
  void code(const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
            std::span<std::uint32_t> codes, const Control& control) const;

 private:
  [[nodiscard]] bool is_numbers() const noexcept;
  [[nodiscard]] const std::int64_t* numbers(std::size_t begin, std::size_t n, std::int64_t* scratch) const;
  /// One byte a row where any of them is to be left out, else null.
  const std::uint8_t* skips(const RejectMap& rejected, std::size_t begin, std::size_t n, std::uint8_t* scratch) const;
  void code_numbers(std::uint32_t owned, const index::ClientIndex& known, index::Layer& layer,
                    const RejectMap& rejected, std::span<std::uint32_t> codes, const Control& control) const;
  void code_texts(const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                  std::span<std::uint32_t> codes, const Control& control) const;
  /// The upper half of the hash of every id of one segment; all ones where there is none.
  void hash_texts(std::size_t begin, const RejectMap& rejected, std::span<std::uint32_t> hashes) const;
  /// Codes the ids from row `begin` on whose partition is owned.
  void code_hashed(std::uint32_t owned, std::size_t begin, std::span<const std::uint32_t> hashes,
                   const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                   std::span<std::uint32_t> codes) const;
  void code_dictionaries(const index::ClientIndex& known, index::Layer& layer, const RejectMap& rejected,
                         std::span<std::uint32_t> codes, const Control& control) const;

  std::shared_ptr<const void> owner_;  // before source_, which views it
  std::shared_ptr<const Source> source_;
};

}  // namespace klientela::detail
