// States that clients move between, read from a history; and columns put below each other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "classify/history_data.hpp"
#include "classify/measure.hpp"
#include "klientela/classify/migration.hpp"

namespace klientela::classifying {

/// Tells the state of each client on each day. Borrows the history.
class StateReader {
 public:
  /// \throws Error not_found, invalid_argument naming the column
  StateReader(const History& history, const MigrationStates& states)
      : data_(*history.data()), column_(&find(data_, states.column)) {
    const std::vector<std::string>& labels = *column_->labels;
    state_of_.resize(labels.size());
    for (std::size_t code = 0; code < labels.size(); ++code) {
      const bool out = std::find(states.outside.begin(), states.outside.end(), labels[code]) != states.outside.end();
      state_of_[code] = out ? History::no_label : static_cast<std::uint16_t>(names_.size());
      if (!out) names_.push_back(labels[code]);
    }
    outside_ = static_cast<std::uint16_t>(names_.size());
    for (std::uint16_t& state : state_of_)
      if (state == History::no_label) state = outside_;
    names_.emplace_back(outside_state);
  }
  [[nodiscard]] const std::string& column() const noexcept { return column_->name; }
  [[nodiscard]] const KeptColumn& kept() const noexcept { return *column_; }
  /// The last one is outside.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }
  [[nodiscard]] std::size_t state(std::size_t day, std::size_t row) const noexcept {
    if (data_.since[row] > day) return outside_;
    const std::uint16_t code = History::Data::code(*column_, day * data_.clients + row);
    return code == History::no_label ? outside_ : state_of_[code];
  }
  /// Clients by state on one day and the other, row-major.
  [[nodiscard]] std::vector<std::uint64_t> count(std::size_t from, std::size_t to, const Control& control) const {
    const std::size_t n = size();
    std::vector<std::vector<std::uint64_t>> parts(range_count(data_.clients, control));
    for_ranges(data_.clients, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
      parts[index].resize(n * n);
      for (std::size_t row = begin; row < end; ++row) ++parts[index][state(from, row) * n + state(to, row)];
    });
    std::vector<std::uint64_t> total(n * n);
    for (const auto& part : parts)
      for (std::size_t c = 0; c < part.size(); ++c) total[c] += part[c];
    return total;
  }

 private:
  static const KeptColumn& find(const History::Data& data, const std::string& name) {
    if (!name.empty()) return data.find_labels(name);
    for (const KeptColumn& column : data.columns)
      if (column.is_label()) return column;
    throw Error(Code::not_found, "the history keeps no column of labels", "column");
  }

  const History::Data& data_;
  const KeptColumn* column_;
  std::vector<std::string> names_;
  std::vector<std::uint16_t> state_of_;
  std::uint16_t outside_{0};
};

/// Columns of one name and type below each other; label columns share their labels.
[[nodiscard]] Column below_each_other(const std::vector<Column>& parts, std::size_t rows);

/// The features of one day, as a run computes them: with steadiness over periods where a classifier looks at it.
[[nodiscard]] Table features_at(const History::Data& data, Day day, const Control& control);

}  // namespace klientela::classifying
