// Time zones as tables: the zone database is asked once, conversions then cost a look at the day.
#include "klientela/core/time.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "core/simd.hpp"

namespace klientela {

namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t micros_per_day = seconds_per_day * micros_per_second;

// Tables reach a few days past [1900, 2200) so that wall clocks at the edges are right too.
constexpr std::int64_t table_begin = first_day.time_since_epoch().count() - 4;
constexpr std::int64_t table_end = end_day.time_since_epoch().count() + 4;
constexpr std::size_t table_days = static_cast<std::size_t>(table_end - table_begin);
constexpr std::int32_t changes = std::numeric_limits<std::int32_t>::min();  // the offset changes near this day

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

/// out[i] = floor(micros[i] / day), null_day outside the table. 86400e6 = 2^13 * 10546875: after the shift the
/// quotient is below 2^41 and (q + 1/2) / 10546875 in doubles never crosses a whole number.
KLIENTELA_CLONES
void utc_days(const std::int64_t* micros, std::int32_t* out, std::size_t n) noexcept {
  constexpr auto bias = static_cast<std::uint64_t>(-table_begin * micros_per_day);
  constexpr auto range = static_cast<std::uint64_t>((table_end - table_begin) * micros_per_day);
  constexpr double inverse = 1.0 / 10546875.0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t from_begin = static_cast<std::uint64_t>(micros[i]) + bias;
    const bool inside = from_begin < range;
    const std::uint64_t scaled = inside ? from_begin >> 13 : 0;
    const auto day =
        static_cast<std::int32_t>((static_cast<double>(static_cast<std::int64_t>(scaled)) + 0.5) * inverse);
    out[i] = inside ? day + static_cast<std::int32_t>(table_begin) : null_day;
  }
}

/// The last line of a zone's file: the POSIX rule that holds after its last transition. Empty where there is none.
std::string rule_after_the_table(const std::string& zone) {
  std::ifstream file("/usr/share/zoneinfo/" + zone, std::ios::binary);
  std::string line;
  std::string last;
  while (std::getline(file, line)) last.swap(line);
  const bool text = std::all_of(last.begin(), last.end(), [](char c) { return c > ' ' && c < 127; });
  return text ? last : std::string();
}

/// Summer time by POSIX rule, for example "CET-1CEST,M3.5.0,M10.5.0/3" (IEEE 1003.1, TZ, the M form).
class YearlyRule {
 public:
  static std::optional<YearlyRule> read(std::string_view text) {
    YearlyRule rule;
    Reader in{text};
    if (!in.skip_name()) return std::nullopt;
    const auto standard = in.clock();
    if (!standard || !in.skip_name()) return std::nullopt;
    rule.standard_ = -*standard;
    rule.summer_ = rule.standard_ + 3600;
    if (!in.at(',')) {
      const auto summer = in.clock();
      if (!summer) return std::nullopt;
      rule.summer_ = -*summer;
    }
    if (!in.change(rule.begin_) || !in.change(rule.end_) || !in.text.empty()) return std::nullopt;
    return rule;
  }

  /// UTC second and the offset that begins with it, ascending.
  [[nodiscard]] std::array<std::pair<std::int64_t, std::int32_t>, 2> changes_of(int year) const {
    std::array<std::pair<std::int64_t, std::int32_t>, 2> out{
        {{begin_.in(year)-standard_, summer_}, {end_.in(year)-summer_, standard_}}};
    if (out[1].first < out[0].first) std::swap(out[0], out[1]);
    return out;
  }

 private:
  struct Change {
    unsigned month{1};
    unsigned week{1};  // 5: the last
    unsigned weekday{0};
    std::int32_t second{7200};

    [[nodiscard]] std::int64_t in(int year) const {
      const auto of = std::chrono::year{year} / std::chrono::month{month};
      const std::chrono::weekday day{weekday};
      const Day date = week == 5 ? Day{of / day[std::chrono::last]} : Day{of / day[week]};
      return date.time_since_epoch().count() * seconds_per_day + second;
    }
  };

  struct Reader {
    std::string_view text;

    [[nodiscard]] bool at(char c) const { return !text.empty() && text.front() == c; }
    bool skip(char c) {
      if (!at(c)) return false;
      text.remove_prefix(1);
      return true;
    }
    bool skip_name() {
      std::size_t length = 0;
      if (at('<')) {
        length = text.find('>');
        if (length == std::string_view::npos) return false;
        ++length;
      } else {
        while (length < text.size() && ((text[length] | 32) >= 'a' && (text[length] | 32) <= 'z')) ++length;
      }
      text.remove_prefix(length);
      return length >= 3;
    }
    std::optional<unsigned> number() {
      unsigned value = 0;
      std::size_t length = 0;
      for (; length < text.size() && length < 3 && text[length] >= '0' && text[length] <= '9'; ++length)
        value = value * 10 + static_cast<unsigned>(text[length] - '0');
      text.remove_prefix(length);
      return length > 0 ? std::optional<unsigned>(value) : std::nullopt;
    }
    /// [+-]hh[:mm[:ss]] as seconds
    std::optional<std::int32_t> clock() {
      const bool negative = skip('-');
      if (!negative) skip('+');
      unsigned total = 0;
      for (unsigned unit = 3600; unit > 0; unit /= 60) {
        const auto part = number();
        if (!part) return std::nullopt;
        total += *part * unit;
        if (!skip(':')) break;
      }
      return negative ? -static_cast<std::int32_t>(total) : static_cast<std::int32_t>(total);
    }
    bool change(Change& out) {
      if (!skip(',') || !skip('M')) return false;
      const auto month = number();
      if (!month || *month < 1 || *month > 12 || !skip('.')) return false;
      const auto week = number();
      if (!week || *week < 1 || *week > 5 || !skip('.')) return false;
      const auto weekday = number();
      if (!weekday || *weekday > 6) return false;
      out.month = *month;
      out.week = *week;
      out.weekday = *weekday;
      if (skip('/')) {
        const auto second = clock();
        if (!second) return false;
        out.second = *second;
      }
      return true;
    }
  };

  std::int32_t standard_{0};
  std::int32_t summer_{0};
  Change begin_;
  Change end_;
};

}  // namespace

struct TimeZone::Rules {
  struct Transition {
    std::int64_t begin;   // first UTC second of the offset
    std::int32_t offset;  // seconds to add for the wall clock
  };

  std::string name{"UTC"};
  bool utc{true};
  std::vector<Transition> transitions;    // ascending; the first begins before the table
  std::vector<std::int32_t> by_utc_day;   // offset during the day; `changes` where it is not one
  std::vector<std::int32_t> by_wall_day;  // offset of every reading of the wall day; `changes` where it is not one

  [[nodiscard]] const Transition& at(std::int64_t second) const noexcept {
    auto after = std::upper_bound(transitions.begin(), transitions.end(), second,
                                  [](std::int64_t value, const Transition& t) { return value < t.begin; });
    return after == transitions.begin() ? transitions.front() : *(after - 1);
  }

  [[nodiscard]] std::int32_t offset_at(std::int64_t micros) const noexcept {
    if (utc) return 0;
    return at(floor_div(micros, micros_per_second)).offset;
  }

  /// The earlier of two readings; a skipped reading with the offset before the skip.
  [[nodiscard]] std::int64_t from_wall(std::int64_t wall) const noexcept {
    if (utc) return wall;
    const std::int64_t second = floor_div(wall, micros_per_second);
    // The offset before: of the last transition that is over for every offset, walked forward while the reading lies
    // past the next transition on the clock that was running before it.
    auto next = std::upper_bound(transitions.begin(), transitions.end(), second - 2 * seconds_per_day,
                                 [](std::int64_t value, const Transition& t) { return value < t.begin; });
    std::int32_t offset = next == transitions.begin() ? transitions.front().offset : (next - 1)->offset;
    for (; next != transitions.end() && second - offset >= next->begin; ++next) {
      if (second - next->offset < next->begin) break;  // skipped: no such reading after the change either
      offset = next->offset;
    }
    return wall - offset * micros_per_second;
  }
};

TimeZone::TimeZone() {
  static const std::shared_ptr<const Rules> utc = std::make_shared<const Rules>();
  rules_ = utc;
}

TimeZone::TimeZone(std::shared_ptr<const Rules> rules) noexcept : rules_(std::move(rules)) {}

TimeZone TimeZone::named(std::string_view iana_name) {
  if (iana_name == "UTC") return TimeZone();
  const date::time_zone* zone = nullptr;
  try {
    zone = date::locate_zone(std::string(iana_name));
  } catch (const std::exception&) {
    throw Error(Code::not_found, "the time zone database has no \"" + std::string(iana_name) + "\"",
                std::string(iana_name));
  }
  auto rules = std::make_shared<Rules>();
  rules->name = std::string(iana_name);
  rules->utc = false;
  const date::sys_seconds begin{std::chrono::seconds{table_begin * seconds_per_day}};
  const date::sys_seconds end{std::chrono::seconds{table_end * seconds_per_day}};
  for (auto at = begin; at < end;) {
    const date::sys_info info = zone->get_info(at);
    const auto offset = static_cast<std::int32_t>(info.offset.count());
    if (rules->transitions.empty() || rules->transitions.back().offset != offset)
      rules->transitions.push_back({at.time_since_epoch().count(), offset});
    if (info.end <= at) break;
    at = info.end;
  }
  // The listed transitions end in 2037, or where the yearly rule began; a rule in POSIX form goes on from there.
  if (const auto yearly = YearlyRule::read(rule_after_the_table(rules->name))) {
    const std::int64_t listed_end = rules->transitions.back().begin;
    const std::chrono::sys_days last_day{std::chrono::days{floor_div(listed_end, seconds_per_day)}};
    const int first_year = static_cast<int>(std::chrono::year_month_day{last_day}.year());
    for (int year = first_year; year <= 2200; ++year)
      for (const auto& [begins, offset] : yearly->changes_of(year))
        if (begins > listed_end && rules->transitions.back().offset != offset)
          rules->transitions.push_back({begins, offset});
  }
  const auto fill = [&](std::vector<std::int32_t>& table, bool wall) {
    table.assign(table_days, changes);
    for (std::size_t t = 0; t < rules->transitions.size(); ++t) {
      const auto& current = rules->transitions[t];
      // Wall readings are unambiguous from the moment both clocks agree that the change is over.
      std::int64_t first = current.begin;
      std::int64_t last =
          t + 1 < rules->transitions.size() ? rules->transitions[t + 1].begin : table_end * seconds_per_day;
      if (wall) {
        if (t > 0) first += std::max(current.offset, rules->transitions[t - 1].offset);
        if (t + 1 < rules->transitions.size()) last += std::min(current.offset, rules->transitions[t + 1].offset);
      }
      const std::int64_t from = t == 0 ? table_begin : floor_div(first + seconds_per_day - 1, seconds_per_day);
      const std::int64_t to = t + 1 == rules->transitions.size() ? table_end : floor_div(last, seconds_per_day);
      for (std::int64_t day = std::max(from, table_begin); day < std::min(to, table_end); ++day)
        table[static_cast<std::size_t>(day - table_begin)] = current.offset;
    }
  };
  fill(rules->by_utc_day, false);
  fill(rules->by_wall_day, true);
  return TimeZone(std::move(rules));
}

const std::string& TimeZone::name() const noexcept { return rules_->name; }

bool TimeZone::is_utc() const noexcept { return rules_->utc; }

std::int64_t TimeZone::offset_micros(Instant instant) const noexcept {
  return rules_->offset_at(instant.time_since_epoch().count()) * micros_per_second;
}

Day TimeZone::day_of(Instant instant) const noexcept {
  return std::chrono::floor<std::chrono::days>(instant + std::chrono::microseconds{offset_micros(instant)});
}

Instant TimeZone::from_local(std::int64_t wall_micros) const noexcept {
  return Instant{std::chrono::microseconds{rules_->from_wall(wall_micros)}};
}

Instant TimeZone::start_of(Day day) const noexcept {
  // Where midnight is skipped the reading lies past the change already: the day begins at the change itself.
  Instant start = from_local(day.time_since_epoch().count() * micros_per_day);
  if (rules_->utc || day_of(start) == day) {
    if (!rules_->utc) {
      const auto& current = rules_->at(floor_div(start.time_since_epoch().count(), micros_per_second));
      const Instant change{std::chrono::seconds{current.begin}};
      if (change < start && day_of(change) == day && start - change < std::chrono::hours{24}) start = change;
    }
    return start;
  }
  for (const auto& transition : rules_->transitions) {
    const Instant change{std::chrono::seconds{transition.begin}};
    if (change > start - std::chrono::hours{48} && day_of(change) == day) return change;
  }
  return start;
}

void TimeZone::days_of(std::span<const std::int64_t> micros, std::span<std::int32_t> days) const noexcept {
  if (rules_->utc) {
    utc_days(micros.data(), days.data(), micros.size());
    return;
  }
  constexpr std::size_t block = 1024;
  std::array<std::int64_t, block> wall;
  for (std::size_t begin = 0; begin < micros.size(); begin += block) {
    const std::size_t n = std::min(block, micros.size() - begin);
    const std::int64_t* in = micros.data() + begin;
    std::int32_t* out = days.data() + begin;
    utc_days(in, out, n);
    for (std::size_t i = 0; i < n; ++i) {
      if (out[i] == null_day) {
        wall[i] = null_instant;
        continue;
      }
      std::int64_t offset = rules_->by_utc_day[static_cast<std::size_t>(out[i] - table_begin)];
      if (offset == changes) offset = rules_->offset_at(in[i]);
      wall[i] = in[i] + offset * micros_per_second;
    }
    utc_days(wall.data(), out, n);
  }
}

void TimeZone::from_local(std::span<std::int64_t> micros) const noexcept {
  if (rules_->utc) return;
  constexpr std::size_t block = 1024;
  std::array<std::int32_t, block> days;
  for (std::size_t begin = 0; begin < micros.size(); begin += block) {
    const std::size_t n = std::min(block, micros.size() - begin);
    std::int64_t* values = micros.data() + begin;
    utc_days(values, days.data(), n);
    for (std::size_t i = 0; i < n; ++i) {
      if (days[i] == null_day) continue;  // null, or far outside: rejected as a date out of range as it stands
      const std::int32_t offset = rules_->by_wall_day[static_cast<std::size_t>(days[i] - table_begin)];
      values[i] = offset == changes ? rules_->from_wall(values[i]) : values[i] - offset * micros_per_second;
    }
  }
}

std::optional<Day> parse_day(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = 0;
    for (std::size_t i = begin; i < begin + length; ++i) {
      if (text[i] < '0' || text[i] > '9') return -1;
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 0 || month < 0 || day < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return Day{date};
}

std::string to_text(Day day) {
  // Years of std::chrono are 16 bits wide and wrap around: the calendar repeats every 400 years, so ask near 1970.
  constexpr std::int64_t cycle = 146'097;
  const std::int64_t count = day.time_since_epoch().count();
  const std::int64_t cycles = count / cycle - (count % cycle < 0 ? 1 : 0);
  const std::chrono::year_month_day date{Day{std::chrono::days{count - cycles * cycle}}};
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u",
                                   static_cast<int>(date.year()) + static_cast<int>(cycles * 400),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string to_text(Instant instant) {
  const Day day = std::chrono::floor<std::chrono::days>(instant);
  const std::int64_t rest = (instant - day).count();
  const std::int64_t second = rest / micros_per_second;
  const auto micros = static_cast<int>(rest % micros_per_second);
  std::array<char, 32> text{};
  const int length =
      micros == 0 ? std::snprintf(text.data(), text.size(), "T%02d:%02d:%02dZ", static_cast<int>(second / 3600),
                                  static_cast<int>(second / 60 % 60), static_cast<int>(second % 60))
                  : std::snprintf(text.data(), text.size(), "T%02d:%02d:%02d.%06dZ", static_cast<int>(second / 3600),
                                  static_cast<int>(second / 60 % 60), static_cast<int>(second % 60), micros);
  return to_text(day) + std::string(text.data(), static_cast<std::size_t>(length));
}

}  // namespace klientela
