// What a classifier gives: new columns for every client, and the reason for each of them, rendered only when asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/error.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// Languages that reasons are written in.
enum class Language : std::uint8_t { english, russian };

/// A measured value or a threshold, for machines and for people.
struct Quantity {
  double number{std::numeric_limits<double>::quiet_NaN()};  ///< nearest double; money in currency units; NaN: none
  std::string text;                                         ///< exact, as Column::to_text writes it; empty: none
  bool is_float{false};  ///< sentences round floats to two decimals, below 1 to four, near an edge to more
};

/// Which kind of decision a reason explains; explain() words it by this.
enum class Aspect : std::uint8_t {
  score,     ///< a measure fell between two edges and got a number
  share,     ///< an ABC class
  band,      ///< a measure fell into a named band of an axis
  segment,   ///< scores fell into a row of a segment table
  group,     ///< a rule over bands and measures put the client into a group
  missing,   ///< nothing to decide by: the measure is null or the column is absent
  level,     ///< a measure reached a level that is worth points
  met,       ///< a criterion of a profile was met, at least by half
  missed,    ///< it was not
  other,     ///< a host's own classifier
  rule,      ///< a rule of a rule set; `measure` is its condition, `value` what its columns hold
  assigned,  ///< by hand, in bulk, or delivered with the card
};

/// Why one client got one value in one column.
struct Reason {
  std::string column;   ///< the output column explained, for example "rfm_r"
  std::string result;   ///< what stands there, as text
  std::string measure;  ///< the column looked at; for segments and groups what was combined, for example "5/4/5"
  Quantity value;       ///< what the client has there
  std::optional<Quantity> low;   ///< the edge below; none: no lower edge
  std::optional<Quantity> high;  ///< the edge above; none: no upper edge
  bool low_included{false};      ///< whether a value equal to `low` is inside: bins are (low, high] unless said
  bool high_included{true};
  std::string tie;   ///< client id that parts equal values at an edge; empty where no tie was cut
  std::string rule;  ///< id of the rule, for example "rfm.segment.champions"; stable for one policy
  Aspect aspect{Aspect::other};
  /// Why, as the end of a sentence, where the classifier says it itself; empty: worded by the aspect.
  std::string english{};
  std::string russian{};
};

/// One thing to know about a classification as a whole, for example that an axis was replaced by its substitute.
struct Note {
  std::string rule;     ///< id, for example "matrix.x.substitute"
  std::string subject;  ///< the column or axis it is about
  std::string english;
  std::string russian;
  [[nodiscard]] const std::string& text(Language language) const noexcept {
    return language == Language::russian ? russian : english;
  }
};

/// Which threads may recompute reasons.
enum class ReasonThreads : std::uint8_t {
  any,     ///< any number of threads at once
  caller,  ///< the thread of the call that asks for them alone: of plug-ins whose language says so
};

/// New columns, one row per row of the table that was classified, and why. Copying shares. Immutable and thread-safe.
/// Holds nothing per row but the columns: a reason is recomputed from the row's measures and the frozen thresholds, so
/// it keeps the measured columns (shared, not copied) and the model alive.
class Classification {
 public:
  /// Recomputes the reasons of one row, in the order of the columns. Must be thread-safe unless ReasonThreads::caller
  /// is said; row < rows().
  using Reasons = std::function<std::vector<Reason>(std::size_t row)>;

  Classification() = default;
  /// \param columns  all of the same length
  /// \param reasons  may be empty: then reasons() gives none
  /// \throws Error invalid_argument if the lengths differ or a name is repeated
  Classification(std::string name, std::string kind, std::vector<Column> columns, Reasons reasons = {},
                 std::vector<Note> notes = {}, ReasonThreads threads = ReasonThreads::any);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& kind() const noexcept { return kind_; }
  [[nodiscard]] std::size_t rows() const noexcept { return table_.rows(); }
  /// The new columns only.
  [[nodiscard]] const Table& table() const noexcept { return table_; }
  [[nodiscard]] const std::vector<Column>& columns() const noexcept { return table_.columns(); }
  /// \throws Error not_found
  [[nodiscard]] const Column& column(std::string_view column) const { return table_.column(column); }
  [[nodiscard]] const std::vector<Note>& notes() const noexcept { return notes_; }
  [[nodiscard]] ReasonThreads reason_threads() const noexcept { return threads_; }

  /// Why this row got what it got. O(measures). \throws Error out_of_range if row >= rows(); what a host's own reasons
  /// throw, made an Error internal that names the classifier where it is none
  [[nodiscard]] std::vector<Reason> reasons(std::size_t row) const;
  /// The same in words: one sentence per reason, joined by a blank. \throws Error out_of_range
  [[nodiscard]] std::string explain(std::size_t row, Language language) const;

 private:
  std::string name_;
  std::string kind_;
  Table table_;
  Reasons reasons_;
  std::vector<Note> notes_;
  ReasonThreads threads_{ReasonThreads::any};
};

/// Reasons for a classifier that has no better ones: for each of its columns and each measure, what the row holds
/// there. \param measures  what the classifier looked at; \param columns  what it gave, of as many rows. Both are
/// shared.
[[nodiscard]] Classification::Reasons reasons_by_measures(Table measures, std::vector<Column> columns);

/// One reason as a sentence. What a reason says in one language alone is quoted in both.
[[nodiscard]] std::string to_text(const Reason& reason, Language language);

/// Rows per label of a label column, in the order of its labels(); nulls are not counted. O(rows).
/// \throws Error invalid_argument for another type
[[nodiscard]] std::vector<std::uint64_t> count_labels(const Column& column);

}  // namespace klientela
