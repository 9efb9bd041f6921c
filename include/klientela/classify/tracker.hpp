// One event at a time: a purchase, refund, request or interaction updates one client's features, class and transition.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "klientela/classify/assignment.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/builder.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

struct TrackerOptions {
  /// Feature columns kept beside those that the models read. Those that can be kept: of purchases, gaps and repeats all
  /// but a holdout's, of interactions `interactions`, `interactions_inbound`, `interactions_outbound` and
  /// `last_interaction`, `engagement`, and `gap_days_last` of period_table(); columns that the base has no data for are
  /// left out.
  std::vector<std::string> columns;
  /// What people assigned, as it was given to run(): the columns hand.A and bulk.A, also of clients who come later.
  Assignments assignments{};
  friend bool operator==(const TrackerOptions&, const TrackerOptions&) = default;
};

/// A label that an event changed.
struct TrackerMove {
  std::string column;
  std::string from;  ///< empty: null, or the client is new
  std::string to;
};

/// Why it did.
struct TrackerReason {
  std::string column;
  std::string measure;  ///< what moved; of several, as behind a segment, the first
  std::string value_before;
  std::string value_after;
  std::string threshold;  ///< that lies between
  std::string text;       ///< one sentence for each measure that moved
};

/// What one event did.
struct TrackerChange {
  bool new_client{false};
  bool counted{false};  ///< whether some measure counts its kind, and its day (of requests that a model reads: any day)
  std::vector<TrackerMove> moves;
  struct Rows;                       ///< what Tracker::explain() goes by; opaque
  std::shared_ptr<const Rows> rows;  ///< set where there are moves
};

/// Features and classes of every client as of one day against frozen models, kept up to date event by event. Late
/// events may come in any order; what stands after them is what compute_features() and classify() give, for the base
/// extended by the events, in the columns that are kept: interactions and engagement where the base has data for them.
/// Models may also read what with_base_columns() gives: requests follow the events, also on a base without any; cards
/// stay as they were and are null for who comes later; what was assigned stands in TrackerOptions. Classes have no
/// hysteresis (HistoryOptions::hold, margin): it would depend on the order of the events. Single writer: apply() and
/// advance() need exclusive access, const members may be called at the same time by several threads.
/// Move-only.
class Tracker {
 public:
  /// \param models  frozen, in order; later ones may read columns of earlier ones
  /// O(rows + clients), as compute_features() and classify(). Holds about 100 bytes and a few more for each class
  /// column of a client; where lines have order ids or gaps and repeats are read, also 16 bytes for each positive line.
  /// \throws Error unsupported naming a column that a model reads and that cannot be kept, a model that does not say
  ///         what it reads, or a base that was rolled up to every node; as compute_features and classify do
  Tracker(const ClientBase& base, Day as_of, std::vector<AnyModel> models, const FeatureOptions& features = {},
          const TrackerOptions& options = {}, const Control& control = {});
  ~Tracker();
  Tracker(Tracker&&) noexcept;
  Tracker& operator=(Tracker&&) noexcept;

  /// Counts one line. `client`, `at` and `amount` are needed; `order`, `profit`, `quantity` and `refund` are looked at,
  /// the rest, `unit_price` too, is not. Microseconds with rfm, abc, matrix, tiers, xyz, lifecycle
  /// and rules models; other models, and those that read texts of cards which are no terms, classify a table of one
  /// row. O(lines of the client) where lines are kept, else O(1); the first order id of a base without any costs
  /// O(rows). On an error nothing changes. \throws Error invalid_argument naming the field that is missing or wrong;
  /// out_of_range for a day before 1900 or
  ///         after as_of (advance() first); overflow naming the column
  TrackerChange apply(const TransactionRow& line);
  TrackerChange apply(const RequestRow& request);
  /// Counts where it is completed: `state` says so, or there is none and it has started.
  TrackerChange apply(const InteractionRow& interaction);

  /// Why each of the moves happened, in their order. Tens of microseconds. \param change  what apply() of this tracker
  /// gave, at any time
  [[nodiscard]] std::vector<TrackerReason> explain(const TrackerChange& change,
                                                   Language language = Language::english) const;

  /// Moves on to a later day: windows, recency, tenure and engagement change for everybody. O(rows + clients + events).
  /// \throws Error invalid_argument for an earlier day
  void advance(Day as_of, const Control& control = {});

  [[nodiscard]] Day as_of() const noexcept;
  [[nodiscard]] std::size_t clients() const noexcept;
  /// Events applied.
  [[nodiscard]] std::uint64_t events() const noexcept;
  /// Every client in canonical order: client, the kept features in the order of compute_features(), what models read
  /// of with_base_columns() in that order, the models' columns. O(clients).
  [[nodiscard]] Table snapshot() const;
  /// The same of one client. O(1). \throws Error not_found naming the client
  [[nodiscard]] Table of_client(const ClientId& client) const;
  [[nodiscard]] const std::vector<AnyModel>& models() const noexcept;

  struct State;  ///< opaque

 private:
  std::unique_ptr<State> state_;
};

}  // namespace klientela
