// The base classified as of a series of days in one pass: who was in which class when, by frozen or refitted
// thresholds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/assignment.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/features/features.hpp"
#include "klientela/features/periods.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

enum class HistoryThresholds : std::uint8_t {
  frozen,  ///< those of one day judge every day: classes move only because clients do
  refit,   ///< each day has its own: classes move because clients or the others do
};

struct HistoryOptions {
  HistoryThresholds thresholds{HistoryThresholds::frozen};
  /// The day whose base gives the frozen thresholds; none: the last of the days. Need not be one of them.
  std::optional<Day> frozen_on;
  /// Classifiers' columns to keep, of any type; empty: every label column.
  std::vector<std::string> columns;
  /// Money measure kept by day and client, by which migration is weighed; empty: none.
  std::string money{"money_net"};
  /// Hysteresis against flapping: a client whose class differs keeps the old one until the new one has stood for so
  /// many of the days in a row; 1: moves at once. Acts on label columns, from label to label: to and from null at once.
  /// A matrix's cell and bands, of those that are kept, hold as one; any other column alone. Begins, as does `margin`,
  /// on the first day on which the client is known (History::since): before, there is no class to keep.
  std::int32_t hold{1};
  /// Hysteresis by distance, a share of each threshold, at least 0 and below 1; 0: none. A client whose class differs
  /// from that of the day before keeps the latter as long as its classifier could give it with the thresholds moved,
  /// each by itself, by up to margin * |threshold| up or down. So past a threshold t a client rises where its measure
  /// is above t + margin |t| and falls where it is not above t - margin |t| (rounded to 15 digits): with a margin of
  /// 0.1 one becomes large past 110 and small again at 90 where the edge is 100. A threshold at 0 and dates have none.
  /// Comes before `hold`, which counts the days of the classes that are left. Acts on label columns of rfm (edges of
  /// scores), abc, matrix (edges of axes, bounds of conditions), tiers (edges of levels), xyz and lifecycle (limits of
  /// days), from label to label. Where the old class cannot be kept, labels that a classifier reads, and bands of which
  /// it makes groups, still are those that clients have, where the history keeps them; of cells, abc of several
  /// measures and crossed xyz each part is kept by itself. Nothing happens to columns of other kinds, which have no
  /// such thresholds: rules, cohorts, ideal clients, clusters, plug-ins.
  double margin{0};
  PeriodOptions periods;  ///< of the columns of period_table() that a classifier reads
  /// What people assigned, as it was given to run(): the columns hand.A and bulk.A, the same on every day. Classifiers
  /// that read one that somebody was assigned have features computed for each day.
  Assignments assignments{};
  friend bool operator==(const HistoryOptions&, const HistoryOptions&) = default;
};

/// One client's class on one of the days.
struct HistoryEntry {
  Day day;
  std::string label;  ///< empty: null
  bool present;       ///< whether the client was known by that day
};

/// Classes of every client of a base on several days. Copying shares. Immutable and thread-safe. Keeps the base and the
/// models alive, so that reasons can be told.
class History {
 public:
  /// Without days and clients.
  History();
  [[nodiscard]] const std::vector<Day>& days() const noexcept;
  [[nodiscard]] std::size_t clients() const noexcept;
  /// The ids in canonical order, named "client".
  [[nodiscard]] const Column& client() const noexcept;
  [[nodiscard]] const ClientBase& base() const noexcept;
  [[nodiscard]] const FeatureOptions& feature_options() const noexcept;
  [[nodiscard]] const HistoryOptions& options() const noexcept;
  /// Kept columns, in the classifiers' order.
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept;
  /// Whether the column is one of labels. \throws Error not_found
  [[nodiscard]] bool has_labels(std::string_view column) const;
  /// Labels of a label column, of all days. \throws Error not_found; invalid_argument for another type
  [[nodiscard]] const std::vector<std::string>& labels(std::string_view column) const;
  /// Place of a day among the days. \throws Error not_found naming the day
  [[nodiscard]] std::size_t index_of(Day day) const;

  /// A kept column as of one of the days; clients() rows. The same values and nulls that compute_features() and
  /// classify() give for that day alone, but for hysteresis (`hold` and `margin`, of labels alone). O(clients) for
  /// labels, which are kept in one byte where there are at most 254. \throws Error not_found; out_of_range
  [[nodiscard]] Column column(std::string_view column, std::size_t day) const;
  /// client and every kept column of a day, then the money column where it is kept.
  [[nodiscard]] Table table(std::size_t day) const;
  /// The same for all days below each other, with a column `day` in front; only clients known by the day, unless
  /// `everybody`. O(days * clients).
  [[nodiscard]] Table table(bool everybody = false, const Control& control = {}) const;
  /// One client's labels through time. O(days + log clients). \throws Error not_found naming the client or the column
  [[nodiscard]] std::vector<HistoryEntry> of_client(const ClientId& client, std::string_view column) const;
  /// The money measure as of a day, in units of 1/10000, by row; null is 0. Empty where none is kept.
  [[nodiscard]] std::span<const std::int64_t> money(std::size_t day) const;
  /// By row: place of the first day on which the client is known; never where on none. A client is known from its first
  /// positive purchase line, request, interaction or answer to a survey on, whatever the window.
  [[nodiscard]] std::span<const std::uint16_t> since() const noexcept;
  static constexpr std::uint16_t never = 0xFFFF;
  /// Label code of each client on a day into `out`, which has clients() places; no_label where null.
  /// \throws Error not_found; out_of_range; invalid_argument for a column without labels
  void codes(std::string_view column, std::size_t day, std::span<std::uint16_t> out) const;
  static constexpr std::uint16_t no_label = 0xFFFF;
  /// The models that judged a day.
  [[nodiscard]] const std::vector<AnyModel>& models(std::size_t day) const;
  /// Whether one pass over the data gave it all; false where some measure had to be computed day by day.
  [[nodiscard]] bool one_pass() const noexcept;
  /// Bytes of classes and money held.
  [[nodiscard]] std::size_t bytes() const noexcept;

  struct Data;  ///< opaque
  explicit History(std::shared_ptr<const Data> data) noexcept : data_(std::move(data)) {}
  [[nodiscard]] const std::shared_ptr<const Data>& data() const noexcept { return data_; }

 private:
  std::shared_ptr<const Data> data_;
};

/// Last days of the periods that [from, to] touches, ascending; `to` itself stands for the end of its period where that
/// is later. \throws Error invalid_argument unless first_day <= from <= to < end_day, or for more than 65,534 days
[[nodiscard]] std::vector<Day> period_ends(Day from, Day to, Period period);
/// The same from the day of the first accepted purchase to that of the last, or to `until` where that is given; empty
/// without purchases, or where the first one is after `until`. O(rows).
[[nodiscard]] std::vector<Day> period_ends(const ClientBase& base, Period period,
                                           std::optional<Day> until = std::nullopt);

/// Classifies the base as of each day. One pass over the purchase lines gives the measures of all days where the
/// classifiers read columns of the groups purchases, gaps and repeats alone (with a window: of purchases but
/// tenure_days and first_purchase, and frequency where lines have order ids); columns that the base has no data for do
/// not matter. Else, and for a classifier that does not say what it reads, features are computed for each day in turn:
/// the same result, slower. Results do not depend on the number of threads. \param days  strictly ascending, at least
/// one; days before the first purchase and after the last are fine \throws Error invalid_argument naming `days` for
/// none, too many (65,534), or days not ascending, `columns` for one
///         that no classifier writes, `hold` or `margin` out of range, `margin` where no kept column has thresholds,
///         `money` for a column that holds no money; not_found for an absent money column; as compute_features and the
///         classifiers do; cancelled
[[nodiscard]] History history(const ClientBase& base, std::span<const Day> days,
                              std::span<const AnyClassifier> classifiers, const FeatureOptions& features = {},
                              const HistoryOptions& options = {}, const Control& control = {});
/// The same with frozen models; `thresholds` and `frozen_on` do not matter. Models of the library's own kinds, and
/// those with inputs(), say what they read.
[[nodiscard]] History history(const ClientBase& base, std::span<const Day> days, std::span<const AnyModel> models,
                              const FeatureOptions& features = {}, const HistoryOptions& options = {},
                              const Control& control = {});

}  // namespace klientela
