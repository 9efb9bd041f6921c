// What each client did, as of a day: recency, frequency, money, gaps, products, contacts, engagement, satisfaction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// Groups of columns that are computed together; docs/glossary.md defines every column.
///
/// A *line* is an accepted transaction row inside the window; it is positive (amount above zero) or a refund (below).
/// An *order* is a client's positive lines with one order id, or one positive line without an id; its day is that of
/// its earliest positive line inside the window.
enum class FeatureGroup : std::uint8_t {
  purchases,     ///< recency_days, frequency (orders), lines, refund_lines, money_gross, money_refunds, money_net,
                 ///< first_purchase, last_purchase, tenure_days; profit and quantity where the base has them
  gaps,          ///< gap_days_mean, gap_days_cv: between distinct days of orders
  repeats,       ///< repeat_frequency, repeat_recency, repeat_age, repeat_money_mean: the summary that buy-till-you-die
                 ///< models take (Fader, Hardie and Lee), in periods of FeatureOptions::period; with a holdout also
                 ///< holdout_frequency, holdout_money_mean
  products,      ///< products, categories (how many), top_product, top_category (by net money, ties by text)
  interactions,  ///< interactions, interactions_inbound, interactions_outbound, last_interaction, and one count for
                 ///< each channel x initiative x topic that occurs: "interactions[phone,inbound,complaint]"
  engagement,  ///< engagement: decayed weighted sum of interactions, requests and orders. Null for everybody where the
               ///< base has neither interactions nor requests, as the columns of `interactions` are without any
  satisfaction,  ///< csat, csat_n, csat_low, csat_high, csat_trend; nps_...; ces_...
};
inline constexpr std::size_t feature_group_count = 7;
/// The machine-readable name, for example "purchases".
[[nodiscard]] std::string_view name(FeatureGroup group) noexcept;

/// Weights of the engagement score. A completed contact counts channel x initiative x topic weight; every event is
/// halved for every half life between its day and as_of. Each event's share is rounded to 2^-32 before it is added, so
/// that the sum does not depend on any order.
struct EngagementOptions {
  double half_life_days{90};                              ///< > 0
  double purchase{10};                                    ///< weight of an order; [0, 1e6], as every weight
  double request{5};                                      ///< weight of a request
  std::map<std::string, double, std::less<>> channel;     ///< by term; 1 where absent
  std::map<std::string, double, std::less<>> initiative;  ///< "inbound", "outbound"
  std::map<std::string, double, std::less<>> topic;
  friend bool operator==(const EngagementOptions&, const EngagementOptions&) = default;
};

struct FeatureOptions {
  /// Empty: purchases, and every other group for which the base has data.
  std::vector<FeatureGroup> groups;
  /// Columns of the table; empty: every column of the groups. Where groups are empty, they are those of the columns
  /// named. A table with chosen columns takes less memory and time; it cannot be merged, and refreshing computes it
  /// anew. A column for which the base has no data, such as profit, is left out of the table.
  std::vector<std::string> columns;
  /// Look-back ending on as_of, for every group: whole days or calendar months (at most one of them set, > 0).
  /// Neither: the whole history. n days: as_of and the n - 1 days before it. n months: the days after the same day of
  /// the month n months earlier, or after that month's last day where it has no such day; so one month up to 31 March
  /// begins on 1 March, and up to 28 February on 29 January.
  std::optional<std::int32_t> window_days;
  std::optional<std::int32_t> window_months;
  Period period{Period::day};  ///< of the repeats group
  bool include_first{false};   ///< repeats: count the first period too
  /// repeats: as_of ends the calibration, and the periods after it up to this day, inclusive, are counted apart. Not
  /// before as_of.
  std::optional<Day> holdout_until;
  EngagementOptions engagement;
  /// satisfaction: trend is the level of the last so many days less that of as many before them. Unset: half the
  /// window; 90 without a window.
  std::optional<std::int32_t> trend_days;
  /// interactions: where more channel x initiative x topic combinations than this occur, counts are split by channel
  /// and initiative only ("interactions[phone,inbound]"); where those are too many as well, not at all.
  std::int32_t max_interaction_columns{256};
  friend bool operator==(const FeatureOptions&, const FeatureOptions&) = default;
};

/// One row per client of the base in canonical order; the first column is `client`. Copying shares. Thread-safe.
class FeatureTable {
 public:
  FeatureTable() = default;
  [[nodiscard]] const Table& table() const noexcept { return table_; }
  [[nodiscard]] std::size_t rows() const noexcept { return table_.rows(); }
  [[nodiscard]] const Column& column(std::string_view name) const { return table_.column(name); }
  [[nodiscard]] const Column* find(std::string_view name) const noexcept { return table_.find(name); }
  [[nodiscard]] Day as_of() const noexcept { return as_of_; }

  struct State;  ///< what merging and refreshing go on from, the base included; opaque
  FeatureTable(Table table, Day as_of, std::shared_ptr<State> state)
      : table_(std::move(table)), as_of_(as_of), state_(std::move(state)) {}
  [[nodiscard]] const std::shared_ptr<State>& state() const noexcept { return state_; }
  /// Takes the state out; the columns stay.
  [[nodiscard]] std::shared_ptr<State> release_state() noexcept { return std::move(state_); }
  /// Appends a column computed elsewhere (predictions, a host's own measures). Refreshing and merging drop it.
  void add(Column column) { table_.add(std::move(column)); }

 private:
  Table table_;
  Day as_of_{};
  std::shared_ptr<State> state_;
};

/// First and last day that count, both in.
struct FeatureWindow {
  Day first;
  Day last;
};
/// The window that options describe; first_day where they describe none. O(1).
/// \throws Error invalid_argument naming the option
[[nodiscard]] FeatureWindow feature_window(Day as_of, const FeatureOptions& options);

/// \param as_of  last day that counts, in the base's time zone; inclusive; in [first_day, end_day)
/// \returns      base.clients() rows; clients without purchases have nulls in recency and dates, zeros in counts,
/// money;
///               profit and quantity are null where no line of the client says them. O(rows + clients); `purchases`
///               alone without order ids reads the columns once, other groups sort each client's lines
/// \throws Error invalid_argument naming the option; overflow naming the client and the column; cancelled
[[nodiscard]] FeatureTable compute_features(const ClientBase& base, Day as_of, const FeatureOptions& options = {},
                                            const Control& control = {});

/// The same result as compute_features(base, as_of, options of previous), at the cost of what changed: `base` must
/// extend the base that `previous` was made from, as_of must not be earlier. `previous` is consumed: where nobody else
/// holds it, any of its columns, or a copy of it, its memory is reused; else it is copied and stays as it was.
/// Everything is computed anew where a window or the engagement moves, a holdout is asked for, columns were chosen,
/// rows that lay after the former as_of now count, or the new rows bring the first order ids, profits, quantities or a
/// group's first data. Calls on copies of one table may run at the same time. \throws Error invalid_argument if the
/// base does not extend the former one, as_of is earlier, or previous is empty or
///         merged; as compute_features
[[nodiscard]] FeatureTable refresh_features(FeatureTable previous, const ClientBase& base, Day as_of,
                                            const Control& control = {});

/// One table out of two: exact for disjoint clients, and for consecutive time ranges that split no order and no period
/// (`earlier` ends before `later` begins, both with the same options). As-of is the later one's. The columns of
/// `purchases` are added up; other groups are computed again from the rows of both bases, which the tables hold.
/// O(clients), with other groups O(rows).
/// \throws Error invalid_argument if the options differ or choose columns, earlier.as_of() > later.as_of(), or they
///         differ with a window or a holdout; overflow
[[nodiscard]] FeatureTable merge_features(const FeatureTable& earlier, const FeatureTable& later);

}  // namespace klientela
