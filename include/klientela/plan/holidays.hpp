// Public holidays as a table that the host fills, and days of the year that come round: birthdays, anniversaries.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/table.hpp"
#include "klientela/core/time.hpp"

namespace klientela {

/// One public holiday.
struct Holiday {
  std::string country;  ///< ISO 3166-1 code of two letters, upper case
  std::string region;   ///< ISO 3166-2 code without the country ("BY"), upper case; empty: the whole country
  Day day{};
  std::string name;  ///< of several on one day all, joined by "; "

  /// Whether that is its name, or one of several.
  [[nodiscard]] bool is_called(std::string_view wanted) const noexcept;
  friend bool operator==(const Holiday&, const Holiday&) = default;
};

/// Public holidays of some countries and years. Immutable, thread-safe.
class HolidayTable {
 public:
  HolidayTable() = default;
  /// Order is of no matter; of rows of one country, region and day the names are joined by "; ", each once, ascending.
  explicit HolidayTable(std::vector<Holiday> rows);
  /// From columns country, day and name (texts; day: a day column or texts "2026-12-25"), and region where there is
  /// one; null or empty region: the whole country. Codes are taken in any case.
  /// \throws Error not_found naming a missing column; bad_data naming row (from 1) and column of a value that is none
  [[nodiscard]] static HolidayTable from(const Table& table);

  /// By country, region, day.
  [[nodiscard]] const std::vector<Holiday>& rows() const noexcept { return rows_; }
  /// Whether the table has any row of the country: without one its holidays are unknown, rather than none.
  [[nodiscard]] bool knows(std::string_view country) const;
  /// Holidays of the country and, where given, of its region in [first, last], by day; of the country before its
  /// region. Codes in any case. O(log rows + result).
  [[nodiscard]] std::vector<Holiday> between(std::string_view country, std::string_view region, Day first,
                                             Day last) const;
  /// The days of between(), ascending, each once.
  [[nodiscard]] std::vector<Day> days_between(std::string_view country, std::string_view region, Day first,
                                              Day last) const;

 private:
  std::vector<Holiday> rows_;
};

/// The days in [first, last] on which `date` comes round, ascending: the same day of the same month in later years.
/// What happened on 29 February comes round on 28 February in ordinary years. Never `date` itself. O(years).
[[nodiscard]] std::vector<Day> anniversaries(Day date, Day first, Day last);

}  // namespace klientela
