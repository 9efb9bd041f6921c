// The table of managers: who works when, who can do what, and how much.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"
#include "klientela/plan/calendar.hpp"
#include "klientela/plan/plan_policy.hpp"

namespace klientela {

struct PlanManager {
  std::string id{};          ///< 1 to 200 bytes, unlike any other's
  std::string name{};        ///< empty: the id
  std::string time_zone{};   ///< IANA name; empty: the plan's
  WeekHours week{};          ///< shifts on the manager's wall clock
  std::int32_t minutes{-1};  ///< of contacts a day at most; -1: as long as the shifts
  std::vector<std::string> pools{};
  std::vector<std::string> tags{};                   ///< skills, languages, territories, industries
  std::map<std::string, std::int32_t> capacities{};  ///< contacts a day by channel; overrides the channel's
  std::vector<DayRange> absences{};
  std::vector<DayHours> exceptions{};  ///< days with other hours
  bool dedicated{false};               ///< owner of clients who want a dedicated manager, and of nobody else
  std::string country{};               ///< whose public holidays are days off; empty: none
  friend bool operator==(const PlanManager&, const PlanManager&) = default;
};

/// Reads the table, one row a manager; columns by name or alias (docs/policy.md), others are left alone:
///
/// | column | form | default |
/// |---|---|---|
/// | manager | id, required | |
/// | name | text | the id |
/// | time_zone | IANA name | the plan's |
/// | weekdays | "Mon-Fri", "Mon;Wed;Fri" | Mon-Fri |
/// | hours | "09:00-13:00;14:00-18:00" | 09:00-18:00 |
/// | minutes | of contacts a day | the shifts |
/// | pools, tags | "a;b" | none |
/// | capacities | "phone=60;meeting=4" | those of the channels |
/// | absences | "2026-12-10..2026-12-12;2026-12-24" | none |
/// | exceptions | "2026-12-31=09:00-13:00" | none |
/// | dedicated | true, false | false |
/// | country | whose public holidays are days off, but where an exception gives the day hours | none |
///
/// An apostrophe before what a spreadsheet would run, as the writer of CSV puts it, is no part of a cell.
/// \returns by id, so that the order of rows changes nothing
/// \throws Error bad_data naming row (from 1) and column: no id, an id that is there twice, a form that cannot be read,
/// an unknown time zone, country or channel, numbers out of range, a channel or an exception's day that is there twice.
/// where() is "managers.COLUMN"; not_found without `manager`
[[nodiscard]] std::vector<PlanManager> managers_from_table(const Table& table, const PlanPolicy& policy);

/// Columns that managers_from_table() does not read though their names are near to one that it reads, each with that.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> misspelt_manager_columns(const Table& table);

/// The same table with more absences, by the manager's id: they follow those that the row has. The column is that of
/// the absences, by name or alias, or `absences`, added at the end.
/// \param first_open  days before it are taken off: of a plan that is replanned they are over, and what was announced
/// there stays
/// \throws Error not_found without `manager`, or naming a manager who is in no row; invalid_argument "absences" for one
/// that is over before first_open
[[nodiscard]] Table with_absences(const Table& table, const std::map<std::string, std::vector<DayRange>>& absences,
                                  Day first_open = Day::min());

}  // namespace klientela
