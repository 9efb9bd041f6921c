// Columns and chunks in memory of their own, filled value by value: survivors of merges, and bases written anew.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela::index {

class OwnValues final : public Values {
 public:
  /// \param zone  of the base, for the days of instants
  OwnValues(FieldType type, TimeZone zone) : type_(type), zone_(std::move(zone)) {}

  // Each adds a row; the one that fits the type is to be called.
  void add_null();
  void add_number(std::int64_t value) { numbers_.push_back(value); }  ///< money, number, instant
  void add_day(std::int32_t value) { days_.push_back(value); }
  void add_code(std::uint32_t value) { codes_.push_back(value); }
  void add_boolean(std::uint8_t value) { booleans_.push_back(value); }
  void add_text(std::string_view value);
  void add_texts(std::span<const std::string_view> values);
  /// A row of a column of the same type; codes as they are.
  void add(const Values& from, std::size_t row);
  [[nodiscard]] std::span<const std::uint32_t> all_codes() const noexcept { return codes_; }

  [[nodiscard]] FieldType type() const noexcept override { return type_; }
  [[nodiscard]] std::size_t size() const noexcept override;
  void numbers(std::size_t begin, std::span<std::int64_t> out) const override;
  void instants(std::size_t begin, std::span<std::int64_t> out) const override;
  void days(std::size_t begin, std::span<std::int32_t> out) const override;
  void codes(std::size_t begin, std::span<std::uint32_t> out) const override;
  void booleans(std::size_t begin, std::span<std::uint8_t> out) const override;
  [[nodiscard]] std::string_view text(std::size_t row) const override;
  [[nodiscard]] bool is_null(std::size_t row) const override;
  [[nodiscard]] std::vector<std::string_view> texts(std::size_t row) const override;

 private:
  FieldType type_;
  TimeZone zone_;
  std::vector<std::int64_t> numbers_;
  std::vector<std::int32_t> days_;
  std::vector<std::uint32_t> codes_;
  std::vector<std::uint8_t> booleans_;
  std::string characters_;
  std::vector<std::size_t> ends_;    ///< of texts in characters_
  std::vector<std::size_t> values_;  ///< of lists in ends_
};

/// Rows that are all in use. No column: not delivered.
class OwnChunk final : public Chunk {
 public:
  OwnChunk(TableId table, std::size_t rows, std::vector<std::shared_ptr<const OwnValues>> columns)
      : table_(table), rows_(rows), columns_(std::move(columns)) {}
  [[nodiscard]] TableId table() const noexcept override { return table_; }
  [[nodiscard]] std::size_t rows() const noexcept override { return rows_; }
  [[nodiscard]] std::size_t accepted() const noexcept override { return rows_; }
  [[nodiscard]] std::span<const std::uint32_t> clients() const noexcept override;
  [[nodiscard]] bool is_rejected(std::size_t row) const noexcept override { return row >= rows_; }
  [[nodiscard]] const Values* values(std::size_t field) const noexcept override {
    return field < columns_.size() ? columns_[field].get() : nullptr;
  }

 private:
  TableId table_;
  std::size_t rows_;
  std::vector<std::shared_ptr<const OwnValues>> columns_;
};

/// The field that says whose a table's rows are; no_list for directories.
[[nodiscard]] std::size_t client_field(TableId table) noexcept;

// One value of a column; null markers as Values has them.
[[nodiscard]] std::uint32_t code_at(const Values& values, std::size_t row);
[[nodiscard]] std::int64_t instant_at(const Values& values, std::size_t row);
[[nodiscard]] std::int32_t day_at(const Values& values, std::size_t row);
[[nodiscard]] std::int64_t number_at(const Values& values, std::size_t row);
[[nodiscard]] std::uint8_t boolean_at(const Values& values, std::size_t row);

}  // namespace klientela::index
