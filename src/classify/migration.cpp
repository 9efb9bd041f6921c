// Migration between classes: matrices, stays with censoring, a Markov chain and what is not known of it.
#include "klientela/classify/migration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <span>

#include "classify/history_data.hpp"
#include "classify/measure.hpp"
#include "classify/states.hpp"
#include "klientela/features/summary.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

__extension__ typedef __int128 Wide;

std::shared_ptr<const std::vector<std::string>> shared(const std::vector<std::string>& labels) {
  return std::make_shared<const std::vector<std::string>>(labels);
}

std::int64_t money_of(Wide sum, const std::string& state) {
  if (sum > std::numeric_limits<std::int64_t>::max() || sum < -Wide{std::numeric_limits<std::int64_t>::max()})
    throw Error(Code::overflow, "the money of the clients from " + state + " does not fit", "money");
  return static_cast<std::int64_t>(sum);
}

void check_projection(const History& history, const ProjectionOptions& options) {
  if (history.days().size() < 2) throw Error(Code::invalid_argument, "transitions need at least two days", "history");
  if (options.steps < 1 || options.steps > 1000)
    throw Error(Code::invalid_argument, fmt::format("steps must be from 1 to 1000, not {}", options.steps), "steps");
  if (!(options.prior >= 0) || !std::isfinite(options.prior))
    throw Error(Code::invalid_argument, "prior must be a number that is not below 0", "prior");
}

/// The days whose intervals are learnt from: those from one on, without a last interval that is cut short.
std::span<const Day> learnt_days(const History& history, std::optional<Day> from) {
  std::span<const Day> days = history.days();
  if (is_cut_short(days)) days = days.first(days.size() - 1);
  if (from)
    days = days.subspan(static_cast<std::size_t>(std::lower_bound(days.begin(), days.end(), *from) - days.begin()));
  return days;
}

/// Transitions seen between days of the history, states x states.
std::vector<std::uint64_t> pooled(const History& history, const StateReader& states, std::span<const Day> days,
                                  const Control& control) {
  std::vector<std::uint64_t> total(states.size() * states.size());
  const std::size_t first = days.empty() ? 0 : history.index_of(days.front());
  for (std::size_t day = 1; day < days.size(); ++day) {
    const std::vector<std::uint64_t> counts = states.count(first + day - 1, first + day, control);
    for (std::size_t c = 0; c < total.size(); ++c) total[c] += counts[c];
  }
  return total;
}

struct Chain {
  std::size_t n;
  std::vector<std::uint64_t> counts;
  std::vector<double> p;         // n x n; a state without data and prior keeps its clients
  std::vector<double> strength;  // by row: counts and priors; 0 where nothing is known
  Chain(std::size_t states, std::vector<std::uint64_t> seen, double prior)
      : n(states), counts(std::move(seen)), p(n * n), strength(n) {
    for (std::size_t i = 0; i < n; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < n; ++j) sum += static_cast<double>(counts[i * n + j]) + prior;
      strength[i] = sum;
      for (std::size_t j = 0; j < n; ++j)
        p[i * n + j] = sum > 0 ? (static_cast<double>(counts[i * n + j]) + prior) / sum : (i == j ? 1.0 : 0.0);
    }
  }
};

}  // namespace

double Migration::share(std::size_t from_state, std::size_t to_state) const noexcept {
  std::uint64_t row = 0;
  for (std::size_t j = 0; j < states.size(); ++j) row += clients[cell(from_state, j)];
  return row == 0 ? 0 : static_cast<double>(clients[cell(from_state, to_state)]) / static_cast<double>(row);
}

Table Migration::table() const {
  const std::size_t n = states.size();
  const std::size_t rows = n * n - 1;
  Buffer<std::uint16_t> from_codes(rows), to_codes(rows);
  Buffer<std::int64_t> counts(rows), before(money_before.empty() ? 0 : rows), after(before.size());
  Buffer<double> shares(rows);
  Buffer<std::uint8_t> valid((rows + 7) / 8, 0);
  bool nulls = false;
  for (std::size_t c = 0; c < rows; ++c) {
    std::uint64_t row = 0;
    for (std::size_t j = 0; j < n; ++j) row += clients[c / n * n + j];
    from_codes[c] = static_cast<std::uint16_t>(c / n);
    to_codes[c] = static_cast<std::uint16_t>(c % n);
    counts[c] = static_cast<std::int64_t>(clients[c]);
    shares[c] = share(c / n, c % n);
    nulls = nulls || row == 0;
    if (row != 0) valid[c / 8] = static_cast<std::uint8_t>(valid[c / 8] | (1U << (c % 8)));
    if (before.empty()) continue;
    before[c] = money_before[c];
    after[c] = money_after[c];
  }
  const auto labels = shared(states);
  Table table({Column("from", std::move(from_codes), labels), Column("to", std::move(to_codes), labels),
               Column("clients", ColumnType::int64, std::move(counts)),
               nulls ? Column("share", ColumnType::float64, std::move(shares), std::move(valid))
                     : Column("share", ColumnType::float64, std::move(shares))});
  if (money_before.empty()) return table;
  table.add(Column("money_before", ColumnType::money, std::move(before)));
  table.add(Column("money_after", ColumnType::money, std::move(after)));
  return table;
}

Migration migration(const History& history, Day from, Day to, const MigrationStates& states, const Control& control) {
  const StateReader reader(history, states);
  const std::size_t first = history.index_of(from);
  const std::size_t second = history.index_of(to);
  Migration found{from, to, reader.column(), reader.names(), reader.count(first, second, control)};
  if (history.money(first).empty()) return found;
  const std::size_t n = reader.size();
  const auto before = history.money(first);
  const auto after = history.money(second);
  std::vector<std::vector<Wide>> sums(range_count(history.clients(), control));
  for_ranges(history.clients(), control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    sums[index].resize(2 * n * n);
    for (std::size_t row = begin; row < end; ++row) {
      const std::size_t cell = reader.state(first, row) * n + reader.state(second, row);
      sums[index][2 * cell] += before[row];
      sums[index][2 * cell + 1] += after[row];
    }
  });
  for (std::size_t c = 0; c < n * n; ++c) {
    Wide total[2] = {0, 0};
    for (const std::vector<Wide>& part : sums)
      for (std::size_t side = 0; side < 2 && !part.empty(); ++side) total[side] += part[2 * c + side];
    found.money_before.push_back(money_of(total[0], found.states[c / n]));
    found.money_after.push_back(money_of(total[1], found.states[c / n]));
  }
  return found;
}

Table migration_table(const History& history, const MigrationStates& states, const Control& control) {
  const std::vector<Day>& days = history.days();
  std::vector<std::vector<Column>> parts;
  std::size_t rows = 0;
  for (std::size_t day = days.size() < 2 ? 0 : 1; day < std::max<std::size_t>(days.size(), 1); ++day) {
    control.check();
    if (days.empty()) break;
    // A history of one day has no pair: the columns of a matrix without its rows.
    const bool pair = day > 0;
    Table one = migration(history, days[pair ? day - 1 : 0], days[day], states, control).table();
    if (!pair) one = one.take({});
    const auto constant = [&](const char* name, Day value) {
      return Column(name, ColumnType::day,
                    Buffer<std::int32_t>(one.rows(), static_cast<std::int32_t>(value.time_since_epoch().count())));
    };
    std::vector<Column> columns{constant("from_day", days[pair ? day - 1 : 0]), constant("to_day", days[day])};
    for (const Column& column : one.columns()) columns.push_back(column);
    parts.resize(columns.size());
    for (std::size_t c = 0; c < columns.size(); ++c) parts[c].push_back(columns[c]);
    rows += one.rows();
  }
  Table all;
  for (const std::vector<Column>& part : parts) all.add(below_each_other(part, rows));
  return all;
}

Table stay_times(const History& history, const MigrationStates& states, const Control& control) {
  const StateReader reader(history, states);
  const std::size_t n = reader.size() - 1;  // outside is no stay
  const std::vector<Day>& days = history.days();
  const std::size_t last = days.size();
  const auto number = [&](std::size_t day) { return static_cast<std::int64_t>(days[day].time_since_epoch().count()); };
  // By state and pair of days: spells from the one to the other; ended, and those that the last day still shows.
  struct Part {
    std::vector<std::vector<std::uint32_t>> ended, censored;  // by state, then first day x number of days
    std::vector<std::uint64_t> before;                        // by state
    std::vector<std::int64_t> client_days;
  };
  std::vector<Part> parts(range_count(history.clients(), control));
  for_ranges(history.clients(), control, [&](std::size_t index, std::size_t begin, std::size_t end) {
    Part& part = parts[index];
    // Lengths in days are what the estimates take; many spells share one.
    part.ended.resize(n);
    part.censored.resize(n);
    part.before.assign(n, 0);
    part.client_days.assign(n, 0);
    const auto note = [](std::vector<std::uint32_t>& lengths, std::int64_t length) {
      const auto place = static_cast<std::size_t>(length);
      if (lengths.size() <= place) lengths.resize(place + 1, 0);
      ++lengths[place];
    };
    for (std::size_t row = begin; row < end && last > 0; ++row) {
      std::size_t since = 0;
      std::size_t state = reader.state(0, row);
      for (std::size_t day = 1; day <= last; ++day) {
        const std::size_t now = day < last ? reader.state(day, row) : n + 1;
        if (now == state) continue;
        if (state < n) {
          const std::int64_t length = number(std::min(day, last - 1)) - number(since);
          part.client_days[state] += length;
          if (since == 0)
            ++part.before[state];
          else
            note(day == last ? part.censored[state] : part.ended[state], length);
        }
        state = now;
        since = day;
      }
    }
  });
  Buffer<std::uint16_t> codes(n);
  Buffer<std::int64_t> spells(n, 0), ended(n, 0), censored(n, 0), before(n, 0), client_days(n, 0);
  Buffer<double> median(n, 0), mean(n, 0);
  Buffer<std::uint8_t> has_median((n + 7) / 8, 0), has_mean((n + 7) / 8, 0);
  for (std::size_t s = 0; s < n; ++s) {
    std::vector<std::uint64_t> ends, stops;
    const auto gather = [&](std::vector<std::uint64_t>& into, const std::vector<std::vector<std::uint32_t>>& from) {
      if (from.empty()) return;
      into.resize(std::max(into.size(), from[s].size()));
      for (std::size_t length = 0; length < from[s].size(); ++length) into[length] += from[s][length];
    };
    for (const Part& part : parts) {
      gather(ends, part.ended);
      gather(stops, part.censored);
      if (part.before.empty()) continue;
      before[s] += static_cast<std::int64_t>(part.before[s]);
      client_days[s] += part.client_days[s];
    }
    codes[s] = static_cast<std::uint16_t>(s);
    const std::size_t longest = std::max(ends.size(), stops.size());
    ends.resize(longest);
    stops.resize(longest);
    std::uint64_t there = 0;
    for (std::size_t length = 0; length < longest; ++length) {
      there += ends[length] + stops[length];
      ended[s] += static_cast<std::int64_t>(ends[length]);
      censored[s] += static_cast<std::int64_t>(stops[length]);
    }
    spells[s] = static_cast<std::int64_t>(there);
    if (there == 0) continue;
    double survival = 1;
    double area = 0;
    bool half = false;
    std::size_t since = 0;
    for (std::size_t length = 0; length < longest; ++length) {
      if (ends[length] != 0) {
        area += survival * static_cast<double>(length - since);
        since = length;
        survival *= 1 - static_cast<double>(ends[length]) / static_cast<double>(there);
        if (!half && survival <= 0.5) {
          half = true;
          median[s] = static_cast<double>(length);
          has_median[s / 8] = static_cast<std::uint8_t>(has_median[s / 8] | (1U << (s % 8)));
        }
      }
      there -= ends[length] + stops[length];
    }
    area += survival * static_cast<double>(longest - 1 - since);
    mean[s] = area;
    has_mean[s / 8] = static_cast<std::uint8_t>(has_mean[s / 8] | (1U << (s % 8)));
  }
  std::vector<std::string> names(reader.names().begin(), reader.names().end() - 1);
  if (names.empty()) names.emplace_back();
  return Table(
      {Column("state", std::move(codes), shared(names)), Column("spells", ColumnType::int64, std::move(spells)),
       Column("ended", ColumnType::int64, std::move(ended)), Column("censored", ColumnType::int64, std::move(censored)),
       Column("began_before", ColumnType::int64, std::move(before)),
       Column("median_days", ColumnType::float64, std::move(median), std::move(has_median)),
       Column("mean_days", ColumnType::float64, std::move(mean), std::move(has_mean)),
       Column("client_days", ColumnType::int64, std::move(client_days))});
}

Table transition_probabilities(const History& history, const ProjectionOptions& options, const Control& control) {
  check_projection(history, options);
  const StateReader reader(history, options.states);
  const std::size_t n = reader.size();
  const std::span<const Day> learnt = learnt_days(history, options.from);
  const Chain chain(n, pooled(history, reader, learnt, control), options.prior);
  Buffer<std::uint16_t> from(n * n), to(n * n);
  Buffer<std::int64_t> counts(n * n);
  Buffer<double> probability(n * n), se(n * n);
  Buffer<std::uint8_t> valid((n * n + 7) / 8, 0), valid_se((n * n + 7) / 8, 0);
  for (std::size_t c = 0; c < n * n; ++c) {
    from[c] = static_cast<std::uint16_t>(c / n);
    to[c] = static_cast<std::uint16_t>(c % n);
    counts[c] = static_cast<std::int64_t>(chain.counts[c]);
    probability[c] = chain.p[c];
    se[c] = std::sqrt(chain.p[c] * (1 - chain.p[c]) / (chain.strength[c / n] + 1));
    if (chain.strength[c / n] == 0) continue;
    valid[c / 8] = static_cast<std::uint8_t>(valid[c / 8] | (1U << (c % 8)));
    valid_se[c / 8] = valid[c / 8];
  }
  const auto labels = shared(reader.names());
  const auto constant = [&](const char* name, bool last) {
    if (learnt.size() < 2)
      return Column(name, ColumnType::day, Buffer<std::int32_t>(n * n, 0), Buffer<std::uint8_t>((n * n + 7) / 8, 0));
    const Day day = last ? learnt.back() : learnt.front();
    return Column(name, ColumnType::day,
                  Buffer<std::int32_t>(n * n, static_cast<std::int32_t>(day.time_since_epoch().count())));
  };
  return Table({Column("from", std::move(from), labels), Column("to", std::move(to), labels),
                Column("clients", ColumnType::int64, std::move(counts)),
                Column("probability", ColumnType::float64, std::move(probability), std::move(valid)),
                Column("se", ColumnType::float64, std::move(se), std::move(valid_se)), constant("first_day", false),
                constant("last_day", true)});
}

Table project(const History& history, const ProjectionOptions& options, const Control& control) {
  check_projection(history, options);
  const StateReader reader(history, options.states);
  const std::size_t n = reader.size();
  const Chain chain(n, pooled(history, reader, learnt_days(history, options.from), control), options.prior);
  const std::size_t last = history.days().size() - 1;
  const std::vector<std::uint64_t> now = reader.count(last, last, control);
  std::vector<double> start(n);
  for (std::size_t i = 0; i < n; ++i) start[i] = static_cast<double>(now[i * n + i]);
  double everybody = 0;
  for (const double clients : start) everybody += clients;

  const auto steps = static_cast<std::size_t>(options.steps);
  std::vector<std::vector<double>> powers(steps + 1, std::vector<double>(n * n, 0.0));  // of the matrix
  std::vector<std::vector<double>> ahead(steps + 1, start);                             // clients expected
  for (std::size_t i = 0; i < n; ++i) powers[0][i * n + i] = 1;
  for (std::size_t h = 1; h <= steps; ++h) {
    control.check();
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k)
        for (std::size_t j = 0; j < n; ++j) powers[h][i * n + j] += powers[h - 1][i * n + k] * chain.p[k * n + j];
    std::fill(ahead[h].begin(), ahead[h].end(), 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) ahead[h][j] += start[i] * powers[h][i * n + j];
  }
  const std::vector<Day>& days = history.days();
  const std::size_t whole = is_cut_short(days) ? last - 1 : last;
  const double interval = static_cast<double>((days[whole] - days[0]).count()) / static_cast<double>(whole);
  const std::size_t rows = steps * n;
  Buffer<std::int32_t> step(rows), day(rows);
  Buffer<std::uint16_t> state(rows);
  Buffer<double> clients(rows), se_parameters(rows), se(rows), low(rows), high(rows);
  std::vector<double> slope(n * n);  // of the clients of one state by each probability
  for (std::size_t h = 1; h <= steps; ++h) {
    control.check();
    for (std::size_t m = 0; m < n; ++m) {
      const std::size_t row = (h - 1) * n + m;
      std::fill(slope.begin(), slope.end(), 0.0);
      for (std::size_t s = 0; s < h; ++s)
        for (std::size_t i = 0; i < n; ++i)
          for (std::size_t j = 0; j < n; ++j) slope[i * n + j] += ahead[s][i] * powers[h - 1 - s][j * n + m];
      double variance = 0;
      for (std::size_t i = 0; i < n; ++i) {
        if (chain.strength[i] == 0) continue;
        double mean = 0;
        double squares = 0;
        for (std::size_t j = 0; j < n; ++j) {
          mean += chain.p[i * n + j] * slope[i * n + j];
          squares += chain.p[i * n + j] * slope[i * n + j] * slope[i * n + j];
        }
        variance += std::fmax(0.0, squares - mean * mean) / (chain.strength[i] + 1);
      }
      double chance = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double p = powers[h][i * n + m];
        chance += start[i] * std::fmax(0.0, p * (1 - p));
      }
      const double expected = ahead[h][m];
      const double both = std::sqrt(variance + chance);
      step[row] = static_cast<std::int32_t>(h);
      day[row] = static_cast<std::int32_t>(
          std::min<double>(std::floor(static_cast<double>(days[last].time_since_epoch().count()) +
                                      interval * static_cast<double>(h) + 0.5),
                           static_cast<double>(end_day.time_since_epoch().count() - 1)));
      state[row] = static_cast<std::uint16_t>(m);
      clients[row] = expected;
      se_parameters[row] = std::sqrt(variance);
      se[row] = both;
      low[row] = std::fmax(0.0, expected - normal_quantile_95 * both);
      high[row] = std::fmin(everybody, expected + normal_quantile_95 * both);
    }
  }
  return Table({Column("step", ColumnType::int32, std::move(step)), Column("day", ColumnType::day, std::move(day)),
                Column("state", std::move(state), shared(reader.names())),
                Column("clients", ColumnType::float64, std::move(clients)),
                Column("se_parameters", ColumnType::float64, std::move(se_parameters)),
                Column("se", ColumnType::float64, std::move(se)), Column("low", ColumnType::float64, std::move(low)),
                Column("high", ColumnType::float64, std::move(high))});
}

}  // namespace klientela
