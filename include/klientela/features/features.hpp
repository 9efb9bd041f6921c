// What each client did, as of a day: recency, frequency, money, gaps, products, contacts, engagement, satisfaction.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// Groups of columns that are computed together; docs/glossary.md defines every column.
enum class FeatureGroup : std::uint8_t {
  purchases,    ///< recency_days, frequency, lines, refund_lines, money_gross, money_refunds, money_net, first_purchase,
                ///< last_purchase, tenure_days; profit and quantity where the base has them
  gaps,         ///< gap_days_mean, gap_days_cv: between distinct purchase days
  repeats,      ///< repeat_frequency, repeat_recency, repeat_age, repeat_money_mean: the summary that buy-till-you-die
                ///< models take (Fader, Hardie and Lee), in periods of FeatureOptions::period
  products,     ///< products, categories (how many), top_product, top_category (by net money, ties by text)
  interactions, ///< interactions, interactions_inbound, interactions_outbound, last_interaction, and one count for each
                ///< channel x initiative x topic that occurs: "interactions[phone,inbound,complaint]"
  engagement,   ///< engagement: decayed weighted sum of interactions, requests and purchases
  satisfaction, ///< csat, csat_n, csat_low, csat_high, csat_trend; nps_...; ces_...
};

/// Weights of the engagement score. A contact counts channel x initiative x topic weight, halved every half life.
struct EngagementOptions {
  double half_life_days{90};  ///< > 0
  double purchase{10};        ///< weight of an order
  double request{5};          ///< weight of a request
  std::map<std::string, double, std::less<>> channel;     ///< by term; 1 where absent; >= 0
  std::map<std::string, double, std::less<>> initiative;  ///< "inbound", "outbound"
  std::map<std::string, double, std::less<>> topic;
};

struct FeatureOptions {
  /// Empty: purchases, and every other group for which the base has data.
  std::vector<FeatureGroup> groups;
  /// Look-back ending on as_of, both ends in: whole days or calendar months (at most one of them set, > 0). Neither:
  /// the whole history.
  std::optional<std::int32_t> window_days;
  std::optional<std::int32_t> window_months;
  Period period{Period::day};     ///< of the repeats group
  bool include_first{false};      ///< repeats: count the first period too
  EngagementOptions engagement;
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

  struct State;  ///< accumulators that merging and refreshing go on from; opaque
  FeatureTable(Table table, Day as_of, std::shared_ptr<State> state)
      : table_(std::move(table)), as_of_(as_of), state_(std::move(state)) {}
  [[nodiscard]] const std::shared_ptr<State>& state() const noexcept { return state_; }
  /// Appends a column computed elsewhere (predictions, a host's own measures).
  void add(Column column) { table_.add(std::move(column)); }

 private:
  Table table_;
  Day as_of_{};
  std::shared_ptr<State> state_;
};

/// \param as_of  last day that counts, in the base's time zone; inclusive
/// \returns      base.clients() rows; clients without purchases have nulls in recency and dates, zeros in counts, money
/// \throws Error invalid_argument naming the option; overflow naming the client and the column; cancelled
[[nodiscard]] FeatureTable compute_features(const ClientBase& base, Day as_of, const FeatureOptions& options = {},
                                            const Control& control = {});

/// The same result as compute_features(base, as_of, options of previous), at the cost of what changed: `base` must
/// extend the base that `previous` was made from, as_of must not be earlier. `previous` is consumed: where nobody else
/// holds it its memory is reused.
[[nodiscard]] FeatureTable refresh_features(FeatureTable previous, const ClientBase& base, Day as_of,
                                            const Control& control = {});

/// One table out of two: exact for disjoint clients, and for consecutive time ranges that split no order and no period
/// (`earlier` ends before `later` begins, both with the same options). As-of is the later one's.
[[nodiscard]] FeatureTable merge_features(const FeatureTable& earlier, const FeatureTable& later);

}  // namespace klientela
