// Hours, weekdays and days out of texts as people write them, and back.
#include "klientela/plan/calendar_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/json_reader.hpp"
#include "core/text.hpp"
#include "plan/wall_clock.hpp"

namespace klientela {

namespace {

[[noreturn]] void fail(std::string_view part, std::string_view what) {
  throw Error(Code::invalid_argument, fmt::format("\"{}\" {}", part, what));
}

/// Parts between ';' and ',', without blanks around; empty ones are left out.
template <class Visit>
void each_part(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t cut = std::min(text.find_first_of(";,"), text.size());
    if (const std::string_view part = detail::trimmed(text.substr(0, cut)); !part.empty()) visit(part);
    text.remove_prefix(std::min(cut + 1, text.size()));
  }
}

/// Cuts at the first hyphen, minus or dash; nullopt without one.
std::optional<std::pair<std::string_view, std::string_view>> cut_at_dash(std::string_view part) {
  for (const std::string_view dash : {"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"})
    if (const std::size_t at = part.find(dash); at != std::string_view::npos)
      return std::pair(detail::trimmed(part.substr(0, at)), detail::trimmed(part.substr(at + dash.size())));
  return std::nullopt;
}

/// Lower case of Latin and Russian letters.
std::string lower(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned>(static_cast<unsigned char>(out[at])); };
    if (out[i] >= 'A' && out[i] <= 'Z') {
      out[i] = static_cast<char>(out[i] - 'A' + 'a');
    } else if (byte(i) == 0xD0 && i + 1 < out.size() && byte(i + 1) >= 0x90 && byte(i + 1) <= 0xAF) {
      const unsigned letter = byte(i + 1) + 0x20;  // U+0410 to U+042F
      if (letter > 0xBF) out[i] = static_cast<char>(0xD1);
      out[i + 1] = static_cast<char>(letter > 0xBF ? letter - 0x40 : letter);
      ++i;
    }
  }
  return out;
}

constexpr std::array<std::string_view, 7> short_names{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::array<std::string_view, 5>, 7> known_names{{
    {"mon", "mo", "monday", "пн", "понедельник"},
    {"tue", "tu", "tuesday", "вт", "вторник"},
    {"wed", "we", "wednesday", "ср", "среда"},
    {"thu", "th", "thursday", "чт", "четверг"},
    {"fri", "fr", "friday", "пт", "пятница"},
    {"sat", "sa", "saturday", "сб", "суббота"},
    {"sun", "su", "sunday", "вс", "воскресенье"},
}};

std::size_t weekday_at(std::string_view part, std::string_view whole) {
  const std::string wanted = lower(part);
  for (std::size_t d = 0; d < known_names.size(); ++d)
    if (std::find(known_names[d].begin(), known_names[d].end(), wanted) != known_names[d].end()) return d;
  fail(whole, "is no weekday such as Mon, and no range of them such as Mon-Fri");
}

/// "9", "9:00" or "09:00" to "24:00" in minutes.
std::optional<std::int32_t> clock(std::string_view text) {
  const auto number = [](std::string_view digits) -> std::int32_t {
    if (digits.empty() || digits.size() > 2) return -1;
    std::int32_t value = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return -1;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const std::size_t colon = text.find(':');
  const std::int32_t hour = number(text.substr(0, colon));
  const std::string_view after = colon == std::string_view::npos ? "00" : text.substr(colon + 1);
  const std::int32_t minute = after.size() == 2 ? number(after) : -1;
  if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > wall_day_minutes) return std::nullopt;
  return hour * 60 + minute;
}

}  // namespace

std::uint32_t parse_weekdays(std::string_view text) {
  std::uint32_t weekdays = 0;
  each_part(text, [&](std::string_view part) {
    const auto range = cut_at_dash(part);
    const std::size_t first = weekday_at(range ? range->first : part, part);
    const std::size_t last = range ? weekday_at(range->second, part) : first;
    for (std::size_t d = first;; d = (d + 1) % 7) {
      weekdays |= 1U << d;
      if (d == last) break;
    }
  });
  return weekdays;
}

std::string weekdays_to_text(std::uint32_t weekdays) {
  std::string text;
  const auto has = [&](std::size_t d) { return d < 7 && (weekdays >> d & 1U) != 0; };
  for (std::size_t first = 0; first < 7; ++first) {
    if (!has(first)) continue;
    std::size_t last = first;
    while (has(last + 1)) ++last;
    if (last < first + 2) last = first;
    if (!text.empty()) text += ',';
    text += short_names[first];
    if (last > first) text.append("-").append(short_names[last]);
    first = last;
  }
  return text;
}

std::vector<MinuteSpan> parse_hours(std::string_view text) {
  std::vector<MinuteSpan> spans;
  each_part(text, [&](std::string_view part) {
    const auto range = cut_at_dash(part);
    const auto from = range ? clock(range->first) : std::nullopt;
    const auto to = range ? clock(range->second) : std::nullopt;
    if (!from || !to || *from == wall_day_minutes) fail(part, "is no part of a day such as 09:00-18:00");
    spans.push_back({*from, *to <= *from ? *to + wall_day_minutes : *to});
  });
  return spans;
}

std::string hours_to_text(std::span<const MinuteSpan> spans) {
  std::string text;
  for (const MinuteSpan& span : spans) {
    const std::int32_t to = span.to > wall_day_minutes ? span.to - wall_day_minutes : span.to;
    text += fmt::format("{}{:02}:{:02}-{:02}:{:02}", text.empty() ? "" : ";", span.from / 60, span.from % 60, to / 60,
                        to % 60);
  }
  return text;
}

std::vector<DayRange> parse_day_ranges(std::string_view text) {
  std::vector<DayRange> ranges;
  each_part(text, [&](std::string_view part) {
    const std::size_t dots = part.find("..");
    const auto first = parse_day(detail::trimmed(part.substr(0, dots)));
    const auto last = dots == std::string_view::npos ? first : parse_day(detail::trimmed(part.substr(dots + 2)));
    if (!first || !last)
      fail(part, "is no day such as 2026-12-24, and no range of days such as 2026-12-10..2026-12-12");
    if (*last < *first) fail(part, "ends before it begins");
    ranges.push_back({*first, *last});
  });
  return ranges;
}

std::string day_ranges_to_text(std::span<const DayRange> ranges) {
  std::string text;
  for (const DayRange& range : ranges) {
    if (!text.empty()) text += ';';
    text += to_text(range.first);
    if (range.last != range.first) text += ".." + to_text(range.last);
  }
  return text;
}

WeekHours week_hours_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  WeekHours week;
  std::uint32_t named = 0;
  for (const auto& [key, node] : json::Node(document, std::string(pointer)).members()) try {
      const std::uint32_t weekdays = parse_weekdays(key);
      if (weekdays == 0) node.fail("no weekday is named");
      if ((weekdays & named) != 0) node.fail(weekdays_to_text(weekdays & named) + " is named twice");
      named |= weekdays;
      const std::vector<MinuteSpan> spans = parse_hours(node.text());
      for (std::size_t d = 0; d < 7; ++d)
        if ((weekdays >> d & 1U) != 0) week.days[d] = spans;
    } catch (const Error& error) {
      if (error.code() != Code::invalid_argument) throw;
      node.fail(error.what());
    }
  return week;
}

std::string to_json(const WeekHours& week) {
  json::Value document = json::Value::object();
  std::uint32_t written = 0;
  for (std::size_t d = 0; d < 7; ++d) {
    if (week.days[d].empty() || (written >> d & 1U) != 0) continue;
    std::uint32_t same = 0;
    for (std::size_t other = d; other < 7; ++other)
      if (week.days[other] == week.days[d]) same |= 1U << other;
    written |= same;
    document[weekdays_to_text(same)] = hours_to_text(week.days[d]);
  }
  return document.dump(2);
}

std::string week_hours_schema() {
  return R"({
  "type": "object",
  "title": "Hours of a week",
  "description": "Weekdays (Mon-Fri, Sat) and their hours on the wall clock (09:00-13:00;14:00-18:00); 22:00-06:00 ends on the day after. Weekdays that are not named are without hours.",
  "additionalProperties": {"type": "string"}
})";
}

}  // namespace klientela
