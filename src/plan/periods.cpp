// Calendar periods, and what of their quotas falls into a plan.
#include "plan/periods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace klientela {
namespace {

using std::chrono::days;

std::optional<int> number(std::string_view text, std::size_t size) {
  int value = 0;
  if (text.size() != size) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + size, value);
  if (error != std::errc() || end != text.data() + size || text.front() == '-') return std::nullopt;
  return value;
}

std::optional<Day> any_day_of(std::string_view text, Period& period) {
  const std::optional<int> year = number(text.substr(0, std::min<std::size_t>(4, text.size())), 4);
  if (!year || *year < 1901 || *year > 2198) return std::nullopt;
  const std::chrono::year y{*year};
  if (text.size() == 4) {
    period = Period::year;
    return Day{y / 1 / 1};
  }
  if (text[4] != '-') return std::nullopt;
  const std::string_view rest = text.substr(5);
  if (rest.size() == 2 && rest[0] != 'Q') {
    period = Period::month;
    const std::optional<int> month = number(rest, 2);
    if (!month || *month < 1 || *month > 12) return std::nullopt;
    return Day{y / *month / 1};
  }
  if (rest.size() == 2) {
    period = Period::quarter;
    const std::optional<int> quarter = number(rest.substr(1), 1);
    if (!quarter || *quarter < 1 || *quarter > 4) return std::nullopt;
    return Day{y / (*quarter * 3 - 2) / 1};
  }
  if (rest.size() == 3 && rest[0] == 'W') {
    period = Period::week;
    const std::optional<int> week = number(rest.substr(1), 2);
    if (!week || *week < 1 || *week > 53) return std::nullopt;
    // The week of 4 January is the first (ISO 8601); its Thursday tells the year of any week.
    const Day monday = planning::calendar_period(Day{y / 1 / 4}, Period::week).first + days{7 * (*week - 1)};
    if (std::chrono::year_month_day{monday + days{3}}.year() != y) return std::nullopt;
    return monday;
  }
  period = Period::day;
  return parse_day(text);
}

}  // namespace

namespace planning {

CalendarPeriod calendar_period(Day day, Period period) {
  const std::chrono::year_month_day date{day};
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  CalendarPeriod found;
  switch (period) {
    case Period::day: found = {day, day, to_text(day)}; break;
    case Period::week: {
      found.first = day - (std::chrono::weekday{day} - std::chrono::Monday);
      found.last = found.first + days{6};
      const Day thursday = found.first + days{3};
      const std::chrono::year of = std::chrono::year_month_day{thursday}.year();
      found.label = fmt::format("{}-W{:02}", static_cast<int>(of), (thursday - Day{of / 1 / 1}).count() / 7 + 1);
      break;
    }
    case Period::month:
      found = {Day{date.year() / date.month() / 1}, Day{date.year() / date.month() / std::chrono::last},
               fmt::format("{}-{:02}", year, month)};
      break;
    case Period::quarter: {
      const unsigned quarter = (month - 1) / 3;
      found.first = Day{date.year() / std::chrono::month{quarter * 3 + 1} / 1};
      found.last = Day{date.year() / std::chrono::month{quarter * 3 + 3} / std::chrono::last};
      found.label = fmt::format("{}-Q{}", year, quarter + 1);
      break;
    }
    case Period::year: found = {Day{date.year() / 1 / 1}, Day{date.year() / 12 / 31}, fmt::format("{}", year)}; break;
  }
  return found;
}

std::vector<QuotaCut> cut(std::optional<Period> per, std::int32_t least, std::int32_t most, SchedulePeriod plan) {
  if (!per) {
    const CalendarPeriod whole{plan.first, plan.last, to_text(plan.first) + ".." + to_text(plan.last)};
    return {{whole, plan.first, plan.last, 0, least, most}};
  }
  std::vector<QuotaCut> cuts;
  for (Day day = plan.first; day <= plan.last;) {
    QuotaCut one;
    one.period = calendar_period(day, *per);
    const std::int64_t length = (one.period.last - one.period.first).count() + 1;
    for (std::int32_t k = 0; k < most; ++k) {
      const Day middle = one.period.first + std::chrono::days{length * (2 * k + 1) / (2 * most)};
      one.skip += middle < plan.first ? 1 : 0;
      one.most += middle >= plan.first && middle <= plan.last ? 1 : 0;
    }
    one.least = std::clamp(least - one.skip, 0, one.most);
    one.first = std::max(plan.first, one.period.first);
    one.last = std::min(plan.last, one.period.last);
    day = one.period.last + days{1};
    if (one.most > 0) cuts.push_back(std::move(one));
  }
  return cuts;
}

}  // namespace planning

SchedulePeriod SchedulePeriod::parse(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots != std::string_view::npos) {
    const std::optional<Day> first = parse_day(text.substr(0, dots)), last = parse_day(text.substr(dots + 2));
    if (first && last && *first <= *last) return {*first, *last};
  } else {
    Period kind{};
    if (const std::optional<Day> day = any_day_of(text, kind)) {
      const planning::CalendarPeriod found = planning::calendar_period(*day, kind);
      return {found.first, found.last};
    }
  }
  throw Error(Code::invalid_argument,
              fmt::format("\"{}\" is no period like 2026-12, 2026-W49, 2026-Q4, 2026, 2026-12-03 or "
                          "2026-12-03..2026-12-20",
                          text.substr(0, 100)),
              "period");
}

}  // namespace klientela
