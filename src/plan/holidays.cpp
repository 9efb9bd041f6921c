// Public holidays from a table, looked up by country and region, and days that come round every year.
#include "klientela/plan/holidays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace klientela {

namespace {

std::string upper(std::string_view code) {
  std::string text(code);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

auto place_and_day(const Holiday& row) { return std::tie(row.country, row.region, row.day); }

bool holds_texts(const Column& column) {
  return column.type() == ColumnType::text || column.type() == ColumnType::label || column.type() == ColumnType::term;
}

const Column& text_column(const Table& table, std::string_view name) {
  const Column& column = table.column(name);
  if (!holds_texts(column))
    throw Error(
        Code::bad_data,
        fmt::format("holidays, column {}: holds {}, and texts are wanted", name, klientela::name(column.type())),
        fmt::format("holidays.{}", name));
  return column;
}

[[noreturn]] void fail(std::size_t row, std::string_view column, const std::string& message) {
  throw Error(Code::bad_data, fmt::format("holidays, row {}, column {}: {}", row + 1, column, message),
              fmt::format("holidays.{}", column));
}

bool is_country(std::string_view code) {
  return code.size() == 2 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

Day day_at(const Column& column, std::size_t row) {
  if (column.is_null(row)) fail(row, column.name(), "no day");
  Day day{};
  if (column.type() == ColumnType::day) {
    day = Day{std::chrono::days{column.values<std::int32_t>()[row]}};
  } else {
    const std::optional<Day> read = parse_day(column.text(row));
    if (!read) fail(row, column.name(), fmt::format("\"{}\" is no day such as 2026-12-25", column.text(row)));
    day = *read;
  }
  if (day < first_day || day >= end_day) fail(row, column.name(), "the day " + to_text(day) + " is out of range");
  return day;
}

}  // namespace

bool Holiday::is_called(std::string_view wanted) const noexcept {
  constexpr std::string_view between = "; ";
  if (name == wanted) return true;
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t cut = std::min(rest.find(between), rest.size());
    if (rest.substr(0, cut) == wanted) return true;
    rest.remove_prefix(std::min(cut + between.size(), rest.size()));
  }
  return false;
}

HolidayTable::HolidayTable(std::vector<Holiday> rows) : rows_(std::move(rows)) {
  for (Holiday& row : rows_) {
    row.country = upper(row.country);
    row.region = upper(row.region);
  }
  std::sort(rows_.begin(), rows_.end(), [](const Holiday& a, const Holiday& b) {
    return std::tie(a.country, a.region, a.day, a.name) < std::tie(b.country, b.region, b.day, b.name);
  });
  std::size_t kept = 0;
  std::string last_name;  // of the row that was joined last
  for (Holiday& row : rows_) {
    if (kept > 0 && place_and_day(rows_[kept - 1]) == place_and_day(row)) {
      if (row.name != last_name) rows_[kept - 1].name += "; " + row.name;
      last_name = std::move(row.name);
      continue;
    }
    last_name = row.name;
    if (&rows_[kept] != &row) rows_[kept] = std::move(row);
    ++kept;
  }
  rows_.resize(kept);
}

HolidayTable HolidayTable::from(const Table& table) {
  const Column& countries = text_column(table, "country");
  const Column& names = text_column(table, "name");
  const Column& days = table.column("day");
  if (days.type() != ColumnType::day && !holds_texts(days))
    throw Error(Code::bad_data,
                fmt::format("holidays, column day: holds {}, and days are wanted", klientela::name(days.type())),
                "holidays.day");
  const Column* regions = table.find("region");
  if (regions != nullptr) regions = &text_column(table, "region");
  std::vector<Holiday> rows(table.rows());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    rows[r].country = upper(countries.text(r));
    if (!is_country(rows[r].country))
      fail(r, "country", fmt::format("\"{}\" is no ISO 3166-1 code of two letters", countries.text(r)));
    if (regions != nullptr) rows[r].region = regions->text(r);
    rows[r].day = day_at(days, r);
    rows[r].name = names.text(r);
  }
  return HolidayTable(std::move(rows));
}

bool HolidayTable::knows(std::string_view country) const {
  const std::string code = upper(country);
  const auto row = std::lower_bound(rows_.begin(), rows_.end(), code,
                                    [](const Holiday& a, const std::string& wanted) { return a.country < wanted; });
  return row != rows_.end() && row->country == code;
}

std::vector<Holiday> HolidayTable::between(std::string_view country, std::string_view region, Day first,
                                           Day last) const {
  std::vector<Holiday> found;
  const auto add = [&](const std::string& of_region) {
    const Holiday from{upper(country), of_region, first, {}};
    for (auto row =
             std::lower_bound(rows_.begin(), rows_.end(), from,
                              [](const Holiday&a, const Holiday&b) { return place_and_day(a) < place_and_day(b); });
         row != rows_.end() && row->country == from.country && row->region == of_region && row->day <= last; ++row)
      found.push_back(*row);
  };
  add({});
  if (!region.empty()) add(upper(region));
  std::stable_sort(found.begin(), found.end(), [](const Holiday& a, const Holiday& b) { return a.day < b.day; });
  return found;
}

std::vector<Day> HolidayTable::days_between(std::string_view country, std::string_view region, Day first,
                                            Day last) const {
  std::vector<Day> days;
  for (const Holiday& row : between(country, region, first, last))
    if (days.empty() || days.back() != row.day) days.push_back(row.day);
  return days;
}

std::vector<Day> anniversaries(Day date, Day first, Day last) {
  const std::chrono::year_month_day of{date};
  std::vector<Day> found;
  const Day begin = std::max(first, date + std::chrono::days{1});
  if (begin > last) return found;
  for (std::chrono::year year = std::chrono::year_month_day{begin}.year();
       year <= std::chrono::year_month_day{last}.year(); ++year) {
    std::chrono::year_month_day again = year / of.month() / of.day();
    if (!again.ok()) again = year / std::chrono::February / 28;
    if (const Day day{again}; day >= begin && day <= last) found.push_back(day);
  }
  return found;
}

}  // namespace klientela
