// The registry: which interaction fulfilled which planned contact, what state each is in, and why what failed did.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// What is known of a manager's time.
struct RegistryManager {
  std::string manager;                    ///< as in the planned rows and in `responsible` of interactions
  std::optional<std::int32_t> minutes{};  ///< of contacts a day at most; none: not known, nothing is over capacity
  std::vector<std::pair<Day, Day>> absences{};       ///< both days in; they may overlap
  std::vector<std::pair<Day, std::int32_t>> days{};  ///< minutes of single days in place of `minutes`; ascending
};

struct RegistryOptions {
  std::int32_t days_before{3};  ///< an interaction fulfils a row so many days before its planned day at most; 0 to 366
  std::int32_t days_after{7};   ///< and so many after it; 0 to 366
  /// Outcomes of interactions, compared like column names, by which it was the client who cancelled.
  std::vector<std::string> client_outcomes{"cancelled by client", "client cancelled", "no show", "refused",
                                           "отменено клиентом",   "не пришёл",        "отказ"};
  Language language{Language::english};
};

/// The registry of planned rows as of an instant: one row per planned row, by start, then id.
///
/// \param planned  columns id, client, manager, channel, start; optional: topic, end (else start and minutes, if
/// there), minutes. Texts may be text, label, term or int64, instants are instants \param base  its interactions. Done
/// ones (completed, cancelled) after `as_of` are not known yet and left out; days are those of its time zone \returns
/// columns id, client, manager, channel, topic, start, end as planned; `state` (planned, completed, cancelled,
/// overdue); `interaction`, the id of the one that fulfils the row, null without one or where it has none; `match`;
/// `candidates`, ids (instants where there is none) of other interactions that might, joined by "; "; `fault`; `text`
///
/// **Matching.** An interaction fulfils one row at most, and a row is fulfilled by one at most. First an interaction
/// whose id is the row's and whose client is too (`exact`). Then, for completed ones, then cancelled ones, then those
/// still planned: same client, same channel, same topic, on a day within the window around the planned day (`window`);
/// the closest pair in time first, greedily, ties by start and id. After equal topics come rows without a topic, then
/// interactions without one. Channels, topics and managers are compared like column names, without case, blanks, '_';
/// managers first as they are written, so that "11" and "1-1" are two: what is like several of them, and is none, is no
/// known manager.
/// A match is `ambiguous` where, when it was made, another free interaction or row was as close in days; so is a row
/// that lost its only chance that way. `none`: nothing fits. An interaction is where it started, else ended, else was
/// planned to be.
///
/// **States** are the interaction's where there is one, else state_as_of() the row's end.
///
/// **Faults** of rows that are cancelled or overdue, the first that holds: `client` (a cancelled interaction with an
/// outcome of client_outcomes), `absence` (the manager was away on the planned day), `over_capacity` (what the manager
/// held on that day left less than the row's minutes), `manager`. A client who is not in the base has no interaction.
///
/// The same for any order of rows. O(n log n), n = planned rows + interactions.
/// \throws Error not_found for a missing column ("planned.start"); invalid_argument for a column of another type, a
/// null in a required one, a time before 1900 or after 2199, an end before its start, an id twice ("planned.id[3]"), a
/// manager twice ("managers[1]"), days that do not ascend or options out of range; cancelled
[[nodiscard]] Table make_registry(const Table& planned, const ClientBase& base,
                                  std::span<const RegistryManager> managers, Instant as_of,
                                  const RegistryOptions& options = {}, const Control& control = {});

}  // namespace klientela
