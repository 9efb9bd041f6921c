// Steadiness over calendar periods and the table of cohorts; see periods.hpp.
#include "klientela/features/periods.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "core/json_reader.hpp"
#include "features/lines.hpp"

namespace klientela {

using namespace features_internal;  // NOLINT: the stage's own internals

namespace {

__extension__ using Wide = __int128;

const std::vector<std::string_view> period_names{"day", "week", "month", "quarter", "year"};
const std::vector<std::string_view> start_names{"first_purchase", "window"};
const std::vector<std::string_view> deviation_names{"population", "sample"};
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

Day day_of(std::int32_t number) { return Day{std::chrono::days{number}}; }
std::int32_t number_of(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }

void check(const PeriodOptions& options) {
  if (options.period > Period::year) throw Error(Code::invalid_argument, "period is no period", "period");
  if (options.start > PeriodStart::window) throw Error(Code::invalid_argument, "start is no start", "start");
  if (options.deviation > Deviation::sample)
    throw Error(Code::invalid_argument, "deviation is no deviation", "deviation");
}

/// Whole values of the periods of one client that have any, and how many more are zero.
struct Spread {
  double mean{nothing};
  double cv{nothing};
};

Spread spread_of(std::span<const std::int64_t> values, std::int64_t empty, double scale, Deviation deviation) {
  const auto n = static_cast<std::int64_t>(values.size()) + empty;
  if (n == 0) return {};
  Wide sum = 0;
  for (const std::int64_t value : values) sum += value;
  const auto count = static_cast<double>(n);
  const auto total = static_cast<double>(sum);
  Spread spread;
  spread.mean = total / scale / count;
  if (sum <= 0 || (deviation == Deviation::sample && n < 2)) return spread;
  double squares = 0;  // of n times the deviations, which are whole
  for (const std::int64_t value : values) {
    const auto distance = static_cast<double>(Wide{value} * n - sum);
    squares += distance * distance;
  }
  squares += static_cast<double>(empty) * total * total;
  spread.cv = std::sqrt(squares / (deviation == Deviation::sample ? count - 1 : count)) / total;
  return spread;
}

Buffer<std::uint8_t> bits_where(std::size_t rows, const auto& has) {
  Buffer<std::uint8_t> bits((rows + 7) / 8, 0);
  bool nulls = false;
  for (std::size_t row = 0; row < rows; ++row) {
    if (has(row))
      bits[row >> 3] = static_cast<std::uint8_t>(bits[row >> 3] | (1U << (row & 7)));
    else
      nulls = true;
  }
  return nulls ? std::move(bits) : Buffer<std::uint8_t>();
}

Column real_column(std::string name, Buffer<double> values) {
  auto valid = bits_where(values.size(), [&](std::size_t row) { return !std::isnan(values[row]); });
  for (std::size_t row = 0; row < values.size(); ++row)
    if (std::isnan(values[row])) values[row] = 0;
  return Column(std::move(name), ColumnType::float64, std::move(values), std::move(valid));
}

/// First day of the period that holds a day.
std::int32_t begin_of(std::int32_t day, Period period) {
  const std::chrono::year_month_day date{day_of(day)};
  const auto month = static_cast<unsigned>(date.month());
  switch (period) {
    case Period::day: return day;
    case Period::week: {
      const std::chrono::weekday weekday{day_of(day)};
      return day - (static_cast<std::int32_t>(weekday.iso_encoding()) - 1);
    }
    case Period::month: return number_of(Day{date.year() / date.month() / 1});
    case Period::quarter: return number_of(Day{date.year() / std::chrono::month{(month - 1) / 3 * 3 + 1} / 1});
    case Period::year: break;
  }
  return number_of(Day{date.year() / std::chrono::January / 1});
}

/// First day of the period after the one that begins on a day.
std::int32_t next_begin(std::int32_t begin, Period period) {
  const std::int32_t here = period_index(day_of(begin), period);
  std::int32_t day = begin + 1;
  if (period == Period::week) day = begin + 7;
  if (period == Period::month) day = begin + 28;
  if (period == Period::quarter) day = begin + 90;
  if (period == Period::year) day = begin + 365;
  while (period_index(day_of(day), period) == here) ++day;
  return day;
}

bool begins(std::int32_t day, Period period) {
  return period_index(day_of(day), period) != period_index(day_of(day - 1), period);
}

}  // namespace

std::string period_name(Day day, Period period) {
  using std::chrono::days;
  const std::chrono::year_month_day date{day};
  const auto year = static_cast<int>(date.year());
  const auto month = static_cast<unsigned>(date.month());
  switch (period) {
    case Period::day: return to_text(day);
    case Period::week: {
      const std::chrono::weekday weekday{day};
      const Day thursday = day + days(4 - static_cast<int>(weekday.iso_encoding()));  // whose year the week is of
      const std::chrono::year_month_day of{thursday};
      const auto first = Day{of.year() / std::chrono::January / 1};
      return fmt::format("{:04}-W{:02}", static_cast<int>(of.year()), (thursday - first).count() / 7 + 1);
    }
    case Period::month: return fmt::format("{:04}-{:02}", year, month);
    case Period::quarter: return fmt::format("{:04}-Q{}", year, (month - 1) / 3 + 1);
    case Period::year: break;
  }
  return fmt::format("{:04}", year);
}

bool is_period_column(std::string_view name) noexcept {
  return name == "periods" || name == "period_money_mean" || name == "period_money_cv" ||
         name == "period_orders_mean" || name == "period_orders_cv" || name == "gap_days_last";
}

Table period_table(const ClientBase& base, Day as_of, const PeriodOptions& options, const FeatureOptions& features,
                   const Control& control) {
  check(options);
  const FeatureWindow window = feature_window(as_of, features);
  const bool windowed = features.window_days || features.window_months;
  const std::int32_t from = number_of(window.first);
  const std::int32_t to = number_of(window.last);
  ClientLines lines(base, {from, to}, control);
  const auto index = [&](std::int32_t day) { return period_index(day_of(day), options.period); };
  const std::int32_t last = index(to) - (options.incomplete || begins(to + 1, options.period) ? 0 : 1);
  // The first period that the window shows whole, and the one that begins a common start.
  std::int32_t whole = std::numeric_limits<std::int32_t>::min();
  if (windowed) whole = index(from) + (options.incomplete || begins(from, options.period) ? 0 : 1);
  const std::int32_t common = windowed ? whole : lines.first_day() != null_day ? index(lines.first_day()) : 0;

  const std::size_t rows = lines.clients();
  Buffer<std::int32_t> periods(rows);
  Buffer<double> money_mean(rows);
  Buffer<double> money_cv(rows);
  Buffer<double> orders_mean(rows);
  Buffer<double> orders_cv(rows);
  Buffer<std::int32_t> last_gap(rows);
  constexpr std::size_t step = 4096;
  control.check();
  control.run((rows + step - 1) / step, [&](std::size_t task) {
    std::vector<std::int32_t> days;
    std::vector<std::int64_t> money;
    std::vector<std::int64_t> orders;
    for (std::size_t row = task * step; row < std::min(rows, (task + 1) * step); ++row) {
      const std::span<ClientLine> own = lines.of(row);
      order_days(own, days);
      last_gap[row] = null_day;
      for (std::size_t i = days.size(); i > 1 && last_gap[row] == null_day; --i)
        if (days[i - 1] != days[i - 2]) last_gap[row] = days[i - 1] - days[i - 2];
      std::sort(own.begin(), own.end(), [](const ClientLine& a, const ClientLine& b) {
        return a.day != b.day ? a.day < b.day : a.amount < b.amount;
      });
      std::int32_t first = common;
      if (options.start == PeriodStart::first_purchase)
        first = days.empty() ? std::numeric_limits<std::int32_t>::max() : std::max(whole, index(days.front()));
      money.clear();
      orders.clear();
      if (!days.empty() && first <= last) {
        auto order = days.begin();
        for (auto line = own.begin(); line != own.end();) {
          const std::int32_t period = index(line->day);
          Wide sum = 0;
          for (; line != own.end() && index(line->day) == period; ++line) sum += line->amount;
          std::int64_t count = 0;
          for (; order != days.end() && index(*order) <= period; ++order) count += index(*order) == period ? 1 : 0;
          if (period < first || period > last) continue;
          if (sum > std::numeric_limits<std::int64_t>::max() || sum < -std::numeric_limits<std::int64_t>::max())
            throw Error(
                Code::overflow,
                "money of client " + base.id_of(base.codes_in_order()[row]).to_text() + " in one period overflows",
                "period_money_mean");
          money.push_back(static_cast<std::int64_t>(sum));
          orders.push_back(count);
        }
      }
      std::int64_t empty = 0;
      if (options.empty_periods && !days.empty() && first <= last)
        empty = std::int64_t{last} - first + 1 - static_cast<std::int64_t>(money.size());
      periods[row] = static_cast<std::int32_t>(static_cast<std::int64_t>(money.size()) + empty);
      const Spread of_money = spread_of(money, empty, Money::scale, options.deviation);
      const Spread of_orders = spread_of(orders, empty, 1, options.deviation);
      money_mean[row] = of_money.mean;
      money_cv[row] = of_money.cv;
      orders_mean[row] = of_orders.mean;
      orders_cv[row] = of_orders.cv;
    }
  });
  Table table;
  table.add(base.client_column().renamed("client"));
  table.add(Column("periods", ColumnType::int32, std::move(periods)));
  table.add(real_column("period_money_mean", std::move(money_mean)));
  table.add(real_column("period_money_cv", std::move(money_cv)));
  table.add(real_column("period_orders_mean", std::move(orders_mean)));
  table.add(real_column("period_orders_cv", std::move(orders_cv)));
  auto valid = bits_where(rows, [&](std::size_t row) { return last_gap[row] != null_day; });
  table.add(Column("gap_days_last", ColumnType::int32, std::move(last_gap), std::move(valid)));
  return table;
}

Table cohort_table(const ClientBase& base, Day as_of, Period period, const Control& control) {
  if (period > Period::year) throw Error(Code::invalid_argument, "period is no period", "period");
  const FeatureWindow window = feature_window(as_of, {});
  const std::int32_t to = number_of(window.last);
  ClientLines lines(base, {number_of(window.first), to}, control);
  const auto index = [&](std::int32_t day) { return period_index(day_of(day), period); };
  struct Cell {
    std::int64_t clients{0};
    std::int64_t orders{0};
    Wide gross{0};
    Wide net{0};
  };
  struct Cohort {
    std::int32_t begin{0};
    std::int64_t clients{0};
    std::vector<Cell> cells;
  };
  const std::int32_t last = index(to);
  std::map<std::int32_t, Cohort> cohorts;
  std::vector<std::int32_t> days;
  for (std::size_t row = 0; row < lines.clients(); ++row) {
    if (row % 4096 == 0) control.check();
    const std::span<ClientLine> own = lines.of(row);
    order_days(own, days);
    if (days.empty()) continue;
    const std::int32_t first = index(days.front());
    Cohort& cohort = cohorts[first];
    if (cohort.clients++ == 0) {
      cohort.begin = begin_of(days.front(), period);
      cohort.cells.resize(static_cast<std::size_t>(last - first) + 1);
    }
    for (const std::int32_t day : days) ++cohort.cells[static_cast<std::size_t>(index(day) - first)].orders;
    std::sort(own.begin(), own.end(), [](const ClientLine& a, const ClientLine& b) { return a.day < b.day; });
    std::int32_t counted = -1;  // age in which the client was counted last
    for (const ClientLine& line : own) {
      const std::int32_t age = index(line.day) - first;
      if (age < 0) continue;
      Cell& cell = cohort.cells[static_cast<std::size_t>(age)];
      cell.net += line.amount;
      if (line.amount < 0) continue;
      cell.gross += line.amount;
      if (age != counted) ++cell.clients;
      counted = age;
    }
  }
  std::size_t rows = 0;
  for (const auto& [first, cohort] : cohorts) rows += cohort.cells.size();
  std::vector<std::string> names;
  std::vector<std::string> in_period;
  Buffer<std::uint16_t> codes(rows);
  Buffer<std::int32_t> begin(rows);
  Buffer<std::int32_t> age(rows);
  Buffer<std::uint8_t> complete(rows);
  Buffer<std::int64_t> members(rows);
  Buffer<std::int64_t> clients(rows);
  Buffer<double> retention(rows);
  Buffer<std::int64_t> orders(rows);
  Buffer<std::int64_t> gross(rows);
  Buffer<std::int64_t> net(rows);
  if (cohorts.size() > 65'535)
    throw Error(Code::invalid_argument, "more than 65,535 cohorts; take longer periods", "period");
  std::size_t row = 0;
  for (const auto& [first, cohort] : cohorts) {
    const auto code = static_cast<std::uint16_t>(names.size());
    names.push_back(period_name(day_of(cohort.begin), period));
    std::int32_t start = cohort.begin;
    for (std::size_t a = 0; a < cohort.cells.size(); ++a, ++row) {
      const Cell& cell = cohort.cells[a];
      const std::int32_t next = next_begin(start, period);
      codes[row] = code;
      begin[row] = cohort.begin;
      age[row] = static_cast<std::int32_t>(a);
      in_period.push_back(period_name(day_of(start), period));
      complete[row] = next - 1 <= to ? 1 : 0;
      members[row] = cohort.clients;
      clients[row] = cell.clients;
      retention[row] = static_cast<double>(cell.clients) / static_cast<double>(cohort.clients);
      orders[row] = cell.orders;
      constexpr Wide most = std::numeric_limits<std::int64_t>::max();
      if (cell.gross > most || cell.net > most || cell.net < -most)
        throw Error(Code::overflow, "money of cohort " + names.back() + " overflows", "cohort");
      gross[row] = static_cast<std::int64_t>(cell.gross);
      net[row] = static_cast<std::int64_t>(cell.net);
      start = next;
    }
  }
  Table table;
  table.add(Column("cohort", std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(names))));
  table.add(Column("cohort_begin", ColumnType::day, std::move(begin)));
  table.add(Column("age", ColumnType::int32, std::move(age)));
  table.add(Column("period", in_period));
  table.add(Column("complete", ColumnType::boolean, std::move(complete)));
  table.add(Column("cohort_clients", ColumnType::int64, std::move(members)));
  table.add(Column("clients", ColumnType::int64, std::move(clients)));
  table.add(Column("retention", ColumnType::float64, std::move(retention)));
  table.add(Column("orders", ColumnType::int64, std::move(orders)));
  table.add(Column("money_gross", ColumnType::money, std::move(gross)));
  table.add(Column("money_net", ColumnType::money, std::move(net)));
  return table;
}

PeriodOptions period_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  PeriodOptions options;
  object.read("period", options.period, period_names);
  object.read("start", options.start, start_names);
  object.read("empty_periods", options.empty_periods);
  object.read("incomplete", options.incomplete);
  object.read("deviation", options.deviation, deviation_names);
  object.done();
  return options;
}

std::string to_json(const PeriodOptions& options) {
  check(options);
  json::Value value;
  value["period"] = std::string(period_names[static_cast<std::size_t>(options.period)]);
  value["start"] = std::string(start_names[static_cast<std::size_t>(options.start)]);
  value["empty_periods"] = options.empty_periods;
  value["incomplete"] = options.incomplete;
  value["deviation"] = std::string(deviation_names[static_cast<std::size_t>(options.deviation)]);
  return value.dump(2);
}

std::string period_options_schema() {
  return R"({
  "type": "object",
  "title": "Periods",
  "additionalProperties": false,
  "description": "How steadiness over calendar periods is measured, for XYZ.",
  "properties": {
    "period": {"enum": ["day", "week", "month", "quarter", "year"], "default": "month"},
    "start": {"enum": ["first_purchase", "window"], "default": "first_purchase",
      "description": "First period that counts: of the client's first purchase, or of the window."},
    "empty_periods": {"type": "boolean", "default": true, "description": "Periods without a line count with zero."},
    "incomplete": {"type": "boolean", "default": false,
      "description": "Whether a first or last period that the window cuts short counts too."},
    "deviation": {"enum": ["population", "sample"], "default": "population"}
  }
})";
}

}  // namespace klientela
