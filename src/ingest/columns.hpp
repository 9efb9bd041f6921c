// The stored columns of a chunk: Values over the host's arrays, or over an own buffer where those cannot serve.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ingest/arrow_column.hpp"
#include "ingest/cells.hpp"
#include "klientela/core/buffer.hpp"
#include "klientela/model/values.hpp"

namespace klientela::detail {

/// A column while it is being taken in. After that it is only read.
class Field : public Values {
 public:
  Field(FieldType type, std::shared_ptr<const Source> source) : type_(type), source_(std::move(source)) {}
  [[nodiscard]] FieldType type() const noexcept override { return type_; }
  [[nodiscard]] std::size_t size() const noexcept override { return source_->rows; }
  [[nodiscard]] const Source& source() const noexcept { return *source_; }
  /// Looks at rows [begin, begin + marks.size()): where marks[i] is fine and the cell cannot be used, says why; a null
  /// is missing_value where the field is required. Every row is looked at once; calls for disjoint rows may overlap in
  /// time.
  virtual void check(std::size_t begin, std::span<Mark> marks, bool required) = 0;
  /// Time fields: the last day of rows that are all known to be fine; nullopt where days() has to tell.
  [[nodiscard]] virtual std::optional<std::int32_t> last_day(std::size_t begin, std::size_t n) const {
    static_cast<void>(begin);
    static_cast<void>(n);
    return std::nullopt;
  }

 protected:
  void check_bounds(std::size_t begin, std::size_t n) const;
  FieldType type_;
  std::shared_ptr<const Source> source_;
};

/// The column of a field of numbers, money, instants, days, booleans, texts.
[[nodiscard]] std::unique_ptr<Field> make_field(FieldType type, std::shared_ptr<const Source> source,
                                                std::shared_ptr<const Reading> reading);

/// Exact numbers in an own buffer: amounts that were computed or turned around.
class OwnNumbers final : public Values {
 public:
  explicit OwnNumbers(FieldType type, std::size_t rows) : type_(type), values_(rows) {}
  [[nodiscard]] FieldType type() const noexcept override { return type_; }
  [[nodiscard]] std::size_t size() const noexcept override { return values_.size(); }
  void numbers(std::size_t begin, std::span<std::int64_t> out) const override;
  [[nodiscard]] bool is_null(std::size_t row) const override;
  [[nodiscard]] Buffer<std::int64_t>& buffer() noexcept { return values_; }

 private:
  FieldType type_;
  Buffer<std::int64_t> values_;
};

/// Codes of terms or clients in an own buffer, with the terms behind them for text().
class OwnCodes final : public Values {
 public:
  OwnCodes(FieldType type, Buffer<std::uint32_t> codes) : type_(type), codes_(std::move(codes)) {}
  [[nodiscard]] FieldType type() const noexcept override { return type_; }
  [[nodiscard]] std::size_t size() const noexcept override { return codes_.size(); }
  void codes(std::size_t begin, std::span<std::uint32_t> out) const override;
  [[nodiscard]] bool is_null(std::size_t row) const override;
  [[nodiscard]] std::span<const std::uint32_t> all() const noexcept { return {codes_.data(), codes_.size()}; }
  [[nodiscard]] Buffer<std::uint32_t>& buffer() noexcept { return codes_; }

 private:
  FieldType type_;
  Buffer<std::uint32_t> codes_;
};

/// Whether a type can feed a field at all.
[[nodiscard]] bool can_feed(FieldType field, const ArrowType& type) noexcept;

/// Looks at the bytes of the texts of some rows: within their buffers, valid UTF-8, and where they are required
/// something else than blanks. \throws Error bad_data naming the column where a text leaves its buffers
void check_texts(const Source& source, std::size_t begin, std::span<Mark> marks, bool required);

/// Any column as texts in an own copy, for fields that need them from numbers and dates. Sequential.
[[nodiscard]] std::shared_ptr<const Source> as_texts(const Source& source, std::shared_ptr<const void>& owner);

}  // namespace klientela::detail
