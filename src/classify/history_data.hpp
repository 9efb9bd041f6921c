// What stands behind a History: classes in one byte where they fit, column by column, day by day.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/history.hpp"
#include "klientela/core/buffer.hpp"

namespace klientela::classifying {

/// One kept column of all days.
struct KeptColumn {
  std::string name;
  std::size_t model{0};  ///< place of the classifier that writes it
  ColumnType type{ColumnType::label};
  std::size_t width{1};  ///< bytes of a value; of a label 1 or 2, all bits set where null
  std::shared_ptr<const std::vector<std::string>> labels;
  Buffer<std::uint8_t> values;  ///< days * clients values, day by day
  Buffer<std::uint8_t> valid;   ///< no labels: days * ceil(clients / 8) bytes
  [[nodiscard]] bool is_label() const noexcept { return type == ColumnType::label; }
};

/// What a model says that it reads, and of the library's own kinds what it writes.
struct ModelReads {
  std::vector<std::string> inputs;  ///< empty: it does not say
  std::vector<std::string> written;
  std::vector<std::string> needed;  ///< of the inputs, those that rules must find, with data or without
};
[[nodiscard]] ModelReads reads_of(const AnyModel& model);

/// The day of the first accepted positive purchase line; none without one. O(rows).
[[nodiscard]] std::optional<Day> first_purchase_day(const ClientBase& base);

}  // namespace klientela::classifying

namespace klientela {

struct History::Data {
  ClientBase base;
  FeatureOptions features;
  HistoryOptions options;
  std::vector<Day> days;
  std::size_t clients{0};
  Column client{"client", ColumnType::int64, Buffer<std::int64_t>()};
  std::vector<std::string> names;
  std::vector<classifying::KeptColumn> columns;
  Buffer<std::int64_t> money;   ///< day by day
  std::size_t money_stride{0};  ///< places from one day to the next
  Buffer<std::uint16_t> since;
  std::vector<std::vector<AnyModel>> models;  ///< one where frozen, else by day
  std::vector<std::string> inputs;            ///< feature columns that classifiers say they read, and the money
  bool one_pass{true};

  /// \throws Error not_found
  [[nodiscard]] const classifying::KeptColumn& find(std::string_view name) const;
  /// \throws Error not_found; invalid_argument
  [[nodiscard]] const classifying::KeptColumn& find_labels(std::string_view name) const;
  /// Code of a label column, no_label where null.
  [[nodiscard]] static std::uint16_t code(const classifying::KeptColumn& column, std::size_t place) noexcept {
    if (column.width == 1) return column.values[place] == 0xFF ? no_label : column.values[place];
    std::uint16_t value = 0;
    std::memcpy(&value, column.values.data() + 2 * place, sizeof value);
    return value;
  }
};

}  // namespace klientela
