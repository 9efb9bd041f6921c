// How clients move between classes through time: matrices, dated transitions with their reasons, stays, projections.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/history.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"

namespace klientela {

/// The state of those who are in none: not known yet, without a label (null), or with a label that stands for it.
inline constexpr std::string_view outside_state = "outside";

/// Which classes are the states that clients move between: the labels of a column in their order, but those that count
/// as outside, and last "outside" itself.
struct MigrationStates {
  std::string column;                        ///< label column of the history; empty: its first one
  std::vector<std::string> outside{"none"};  ///< labels that stand for being in no class; others than the column's are
                                             ///< ignored
  friend bool operator==(const MigrationStates&, const MigrationStates&) = default;
};

/// Who was where on two days. Entry is the row "outside", exit the column "outside".
struct Migration {
  Day from;
  Day to;
  std::string column;
  std::vector<std::string> states;           ///< "outside" last
  std::vector<std::uint64_t> clients;        ///< states x states, row of `from`, column of `to`
  std::vector<std::int64_t> money_before{};  ///< the history's money on `from`, units of 1/10000; empty without
  std::vector<std::int64_t> money_after{};   ///< and on `to`
  [[nodiscard]] std::size_t cell(std::size_t from_state, std::size_t to_state) const noexcept {
    return from_state * states.size() + to_state;
  }
  /// Share of the row; 0 for an empty row.
  [[nodiscard]] double share(std::size_t from_state, std::size_t to_state) const noexcept;
  /// One row per pair of states but outside/outside, by `from`, then `to`: from, to (label), clients (int64), share
  /// (float64, of those who were in `from`; null for an empty row), money_before, money_after (money, where kept).
  [[nodiscard]] Table table() const;
};

/// \param from, to  two of the history's days; `from` may be later, then the matrix runs backwards
/// O(clients). \throws Error not_found naming a day or column; overflow where money does not fit; cancelled
[[nodiscard]] Migration migration(const History& history, Day from, Day to, const MigrationStates& states = {},
                                  const Control& control = {});
/// The matrices of every day and the one before it, below each other: from_day, to_day, then the columns of
/// Migration::table(). Without rows for fewer than two days. O(days * clients).
[[nodiscard]] Table migration_table(const History& history, const MigrationStates& states = {},
                                    const Control& control = {});

struct TransitionOptions {
  MigrationStates states;
  std::optional<Day> from;          ///< transitions after this day only; need not be one of the days
  std::optional<Day> to;            ///< and up to this one
  std::vector<ClientId> client;     ///< of these clients only; empty: of all
  bool reasons{true};               ///< tell why; costs a pass over the lines of the clients told of
  std::size_t max_reasons{10'000};  ///< the first so many transitions have reasons, the others nulls
  Language language{Language::english};
  friend bool operator==(const TransitionOptions&, const TransitionOptions&) = default;
};

/// Every change of a client's state from one day of the history to the next, by day, then client. Columns: client;
/// from_day, to_day (day); kind (label: entry, move, exit); from, to (label; "outside" too); money_before, money_after
/// (money, where kept). With reasons also, null where none is told: `measure` (text: the column whose threshold was
/// crossed; of several, as for a segment, the first), `value_before`, `value_after`, `threshold` (text, exact; the
/// threshold that lies between, by the model of the later day; with a margin the same, not the one moved by it),
/// `threshold_moved` (boolean: the value stayed, the thresholds did not), `rule` (text: id of the rule that decides
/// now), `reason` (text: one sentence for each measure that moved). With `hold` or `margin` the values are those of the
/// last days on which the classifier itself gave the class before and the class after, which may be earlier than
/// from_day and to_day. O(days * clients), and with reasons the lines of the clients told of.
/// \throws Error not_found naming the column or a client; cancelled
[[nodiscard]] Table transitions(const History& history, const TransitionOptions& options = {},
                                const Control& control = {});

/// How long clients stay. A spell is a client's time in one state: from the first day that shows the client there to
/// the first that shows it elsewhere. Spells that the history's first day shows began unknown before (left-truncated):
/// they are counted apart and do not enter the estimates. Spells that the last day still shows are censored on the
/// right, by Kaplan and Meier (1958). Days between two days of the history are not seen: a stay is off by up to one
/// interval. One row per state but outside: state (label), spells (int64, with a known beginning), ended, censored
/// (int64, of them), began_before (int64, others), median_days (float64: first length after which at most half are
/// still there; null where that is not reached), mean_days (float64: restricted to the longest spell; null without
/// any), client_days (int64, of all spells). O(days * clients). \throws Error not_found; cancelled
[[nodiscard]] Table stay_times(const History& history, const MigrationStates& states = {}, const Control& control = {});

/// Whether the last interval of days is cut short, as that of months up to a day in the middle of one: all days but the
/// last are the ends of consecutive weeks, months, quarters or years, at least two of them, and the last day is before
/// the end of the one that follows. O(days).
[[nodiscard]] bool is_cut_short(std::span<const Day> days);

struct ProjectionOptions {
  MigrationStates states;
  /// Transitions from this day on are learnt from; none: all. The days are taken to be equally spaced: a step is one
  /// interval of the history. A last interval that is cut short (is_cut_short) is not learnt from: in part of a month
  /// fewer clients move than in a whole one.
  std::optional<Day> from;
  std::int32_t steps{12};  ///< 1 to 1000
  /// Added to the count of each pair of states before shares are taken (Dirichlet prior; 1/2 is that of Jeffreys). >= 0
  double prior{0.5};
  friend bool operator==(const ProjectionOptions&, const ProjectionOptions&) = default;
};

/// A first-order Markov chain of the states, "outside" among them, the same for all clients and all steps (Anderson and
/// Goodman 1957). One row per pair: from, to (label), clients (int64: transitions seen), probability (float64:
/// (n_ij + prior) / (n_i + prior * states)), se (float64: of the Dirichlet posterior,
/// sqrt(p (1 - p) / (n_i + prior * states + 1))), first_day, last_day (day: of the intervals learnt from, the same in
/// every row; null where there are none). Probabilities are null in rows of a state that nobody was in, without a
/// prior. \throws Error not_found; invalid_argument for fewer than two days, steps or prior out of range; cancelled
[[nodiscard]] Table transition_probabilities(const History& history, const ProjectionOptions& options = {},
                                             const Control& control = {});
/// The chain started from the last day, whether the interval before it is cut short or not. One row per step and state:
/// step (int32, 1 to steps), day (day: the last day plus the mean of the intervals that are not cut short times step,
/// rounded), state (label), clients (float64: expected), se_parameters (float64:
/// what is not known of the probabilities, by the delta method over the Dirichlet posteriors of the rows), se (float64:
/// the same and the chance of each client's own moves, clients being independent), low, high (float64: clients ± 1.96
/// se, not below 0 nor above everybody). A state that nobody was in, without a prior, keeps its clients. \throws Error
/// as transition_probabilities
[[nodiscard]] Table project(const History& history, const ProjectionOptions& options = {}, const Control& control = {});

}  // namespace klientela
