// What every rendering of a report needs to know about its input: totals, names of clients, exact sums.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/report/report.hpp"

namespace klientela::report {

/// An exact sum of money that cannot overflow however many clients there are.
class Total {
 public:
  void add(std::int64_t units) noexcept { units_ += units; }
  Total& operator+=(const Total& other) noexcept {
    units_ += other.units_;
    return *this;
  }
  /// Units of 1/10000; nullopt where they do not fit a column of money.
  [[nodiscard]] std::optional<std::int64_t> units() const noexcept {
    if (units_ > std::numeric_limits<std::int64_t>::max() || units_ <= std::numeric_limits<std::int64_t>::min())
      return std::nullopt;
    return static_cast<std::int64_t>(units_);
  }
  [[nodiscard]] double to_double() const noexcept { return static_cast<double>(units_) / Money::scale; }
  /// Exact decimal text, trailing zeros trimmed.
  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] bool positive() const noexcept { return units_ > 0; }
  /// This as a share of `whole`; 0 where the whole is not positive.
  [[nodiscard]] double share_of(const Total& whole) const noexcept {
    return whole.units_ > 0 ? static_cast<double>(units_) / static_cast<double>(whole.units_) : 0.0;
  }

 private:
  __extension__ __int128 units_{0};
};

/// Sum of a money column over its values; nullopt where there is no such column.
[[nodiscard]] std::optional<Total> sum_money(const FeatureTable& features, const char* column);
/// Sum of a column of whole numbers over its values; nullopt where there is no such column.
[[nodiscard]] std::optional<std::int64_t> sum_counts(const FeatureTable& features, const char* column);
/// A whole number of any integer column; 0 where null.
[[nodiscard]] std::int64_t count_at(const Column& column, std::size_t row);
/// Smallest or largest day of a day or instant column; empty where there is none.
[[nodiscard]] std::string first_day_text(const FeatureTable& features, const char* column);
[[nodiscard]] std::string last_day_text(const FeatureTable& features, const char* column);

/// Clients and money per label of a label column, in the order of its labels; nulls are not counted.
struct LabelTotals {
  std::vector<std::uint64_t> clients;
  std::vector<Total> money;
};
/// \param only  empty: every row; else the rows where it is not 0
[[nodiscard]] LabelTotals totals_by_label(const Column& labels, const Column* money,
                                          const std::vector<std::uint8_t>& only = {});
/// 1 for every client with at least one positive line (order, where lines were not counted); empty where the features
/// know nothing of purchases.
[[nodiscard]] std::vector<std::uint8_t> buyers_of(const FeatureTable& features);
/// The money that clients are compared by: money_net, else money_gross; null where there is neither.
[[nodiscard]] const Column* money_column(const FeatureTable& features) noexcept;
/// Units of a money column; 0 where null or without a column.
[[nodiscard]] std::int64_t money_at(const Column* money, std::size_t row);

/// The first classification of a kind; null where there is none.
[[nodiscard]] const Classification* first_of_kind(const ReportInput& input, std::string_view kind) noexcept;

/// The columns of a contact matrix.
struct MatrixView {
  const Classification* classification;
  const Column& x;
  const Column& y;
  const Column& cell;
  const Column& group;
  [[nodiscard]] std::size_t x_bands() const { return x.labels().size(); }
  [[nodiscard]] std::size_t y_bands() const { return y.labels().size(); }
  /// The column an axis was cut from, as the reasons say; empty where it had no data.
  [[nodiscard]] std::string measure_of(const Column& axis) const;
};
/// The first contact matrix of the input. \throws Error invalid_argument if a classification of that kind lacks columns
[[nodiscard]] std::optional<MatrixView> matrix_of(const ReportInput& input);

/// What one cell of a matrix holds.
struct CellTotals {
  std::size_t x;
  std::size_t y;
  std::uint64_t clients{0};
  Total money;
  std::vector<std::uint64_t> groups;  ///< clients by label of the group column
  /// The group of most of its clients (ties: the one of precedence); nullopt where the cell is empty.
  [[nodiscard]] std::optional<std::size_t> main_group() const;
};
/// Every cell, x-major in band order.
[[nodiscard]] std::vector<CellTotals> cells_of(const MatrixView& matrix, const Column* money);

/// Whether any card of the base can name its client.
[[nodiscard]] bool has_names(const ClientBase& base);
/// The name on the card of the client of a row: the full one, else given, middle and family name; nullopt without one.
[[nodiscard]] std::optional<std::string> name_of(const ReportInput& input, std::size_t row);

/// What became of the cards among which duplicates were looked for.
struct DuplicateCounts {
  std::uint64_t cards{0};
  std::uint64_t clients{0};  ///< clusters that were found
  std::uint64_t merged{0};   ///< cards that count as another one's client
  std::uint64_t waiting{0};  ///< pairs on waiting_pairs()
};
/// \pre input.duplicates is set
[[nodiscard]] DuplicateCounts duplicate_counts(const ReportInput& input);
/// Pairs of the review list that are not merged, unless they are found apart with a chance of less than one in twenty.
/// \pre input.duplicates is set
[[nodiscard]] std::vector<CardReview> waiting_pairs(const ReportInput& input);

/// What to know about the run as a whole: that no purchase counts as of its day though the base has transactions, that
/// cards were merged.
[[nodiscard]] std::vector<Note> notes_of(const ReportInput& input);

/// The counts of a table; zeros where nothing of it was delivered.
[[nodiscard]] TableCounts counts_of(const ReportInput& input, TableId table);

}  // namespace klientela::report
