// One stored column of a base: read block by block in normal form, over the host's own Arrow memory where it can be.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "klientela/core/money.hpp"
#include "klientela/core/time.hpp"
#include "klientela/model/schema.hpp"

namespace klientela {

/// No value in a column of terms or of clients.
inline constexpr std::uint32_t no_code = 0xFFFF'FFFFU;
/// No value in a column of exact numbers (money and numbers, units of 1/10000).
inline constexpr std::int64_t null_number = Money::null_units;

/// An immutable column of a chunk. Blocks are read in normal form whatever Arrow type they came as; only accepted rows
/// are sure to hold a readable value (an unreadable one reads as null). Every read is O(block), thread-safe, and throws
/// nothing but Error out_of_range where [begin, begin + out.size()) leaves the column or invalid_argument where the
/// field has another type.
class Values {
 public:
  virtual ~Values() = default;
  [[nodiscard]] virtual FieldType type() const noexcept = 0;
  [[nodiscard]] virtual std::size_t size() const noexcept = 0;

  /// money and number fields: units of 1/10000; null_number where null
  virtual void numbers(std::size_t begin, std::span<std::int64_t> out) const;
  /// instant fields: UTC microseconds; null_instant where null
  virtual void instants(std::size_t begin, std::span<std::int64_t> out) const;
  /// day and instant fields: days since 1970-01-01 in the base's time zone; null_day where null
  virtual void days(std::size_t begin, std::span<std::int32_t> out) const;
  /// term fields: codes into ClientBase::terms(); client fields: client codes; no_code where null
  virtual void codes(std::size_t begin, std::span<std::uint32_t> out) const;
  /// boolean fields: 0, 1, or 2 for null
  virtual void booleans(std::size_t begin, std::span<std::uint8_t> out) const;
  /// text fields: empty where null. Lives as long as this column.
  [[nodiscard]] virtual std::string_view text(std::size_t row) const;
  [[nodiscard]] virtual bool is_null(std::size_t row) const = 0;
  /// texts fields: every value of the row, none where null
  [[nodiscard]] virtual std::vector<std::string_view> texts(std::size_t row) const;
};

}  // namespace klientela
