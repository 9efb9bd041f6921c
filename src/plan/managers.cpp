// Reads the table of managers: every cell a text, so that whatever type a reader gave a column is understood.
#include "klientela/plan/managers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "core/formula.hpp"
#include "core/misspelling.hpp"
#include "core/text.hpp"
#include "klientela/model/schema.hpp"
#include "klientela/plan/calendar_text.hpp"
#include "plan/countries.hpp"
#include "plan/policy_check.hpp"

namespace klientela {
namespace {

struct ColumnNames {
  std::string_view name;
  std::array<std::string_view, 5> aliases;
};

/// Places of the columns in the list below.
struct Field {
  enum Place : std::size_t {
    manager,
    name,
    time_zone,
    weekdays,
    hours,
    minutes,
    pools,
    tags,
    capacities,
    absences,
    exceptions,
    dedicated,
    country,
    count
  };
};

constexpr std::array<ColumnNames, Field::count> column_names{{
    {"manager", {"manager_id", "id", "менеджер", "ответственный", "经理"}},
    {"name", {"full_name", "имя", "фио", "姓名"}},
    {"time_zone", {"timezone", "tz", "часовой пояс", "时区"}},
    {"weekdays", {"days", "рабочие дни", "дни"}},
    {"hours", {"shift", "shifts", "working_hours", "часы", "смена"}},
    {"minutes", {"minutes_a_day", "минуты"}},
    {"pools", {"pool", "team", "teams", "пул", "группа"}},
    {"tags", {"skills", "tag", "languages", "навыки", "метки"}},
    {"capacities", {"capacity", "contacts", "мощность", "ёмкость"}},
    {"absences", {"absence", "vacation", "отсутствия", "отпуск"}},
    {"exceptions", {"exception", "исключения"}},
    {"dedicated", {"персональный", "выделенный"}},
    {"country", {"страна", "国家"}},
}};

class Reader {
 public:
  Reader(const Table& table, const PlanPolicy& policy) : table_(table), policy_(policy) {
    for (std::size_t n = 0; n < column_names.size(); ++n) columns_[n] = find(column_names[n]);
    if (columns_[Field::manager] == nullptr) static_cast<void>(table.column("manager"));  // throws not_found
  }

  template <class Parse>
  [[nodiscard]] auto parsed(std::size_t column, Parse&& parse) const {
    try {
      return parse();
    } catch (const Error& error) {
      fail(column, error.what());
    }
  }

  [[nodiscard]] PlanManager read(std::size_t row) {
    row_ = row;
    PlanManager manager;
    manager.id = text(Field::manager);
    if (manager.id.empty()) fail(Field::manager, "a manager needs an id");
    if (manager.id.size() > 200) fail(Field::manager, "an id has 200 bytes at most");
    manager.name = text(Field::name).empty() ? manager.id : text(Field::name);
    manager.time_zone = zone(text(Field::time_zone));
    std::uint32_t weekdays = 0b0011111;
    if (const std::string given = text(Field::weekdays); !given.empty())
      weekdays = parsed(Field::weekdays, [&] { return parse_weekdays(given); });
    if (weekdays == 0) fail(Field::weekdays, "names no weekday");
    std::vector<MinuteSpan> shifts{{9 * 60, 18 * 60}};
    if (const std::string given = text(Field::hours); !given.empty())
      shifts = parsed(Field::hours, [&] { return parse_hours(given); });
    if (shifts.empty()) fail(Field::hours, "names no hours");
    for (std::size_t day = 0; day < 7; ++day)
      if ((weekdays >> day & 1U) != 0) manager.week.days[day] = shifts;
    if (const std::string given = text(Field::minutes); !given.empty())
      manager.minutes = number(Field::minutes, given, max_day_minutes);
    manager.pools = list(text(Field::pools));
    manager.tags = list(text(Field::tags));
    for (const std::string& part : list(text(Field::capacities))) {
      const auto [channel, count] = halves(Field::capacities, part, "capacity", "phone=60");
      const std::size_t found = planning::find_channel(policy_, channel);
      if (found == policy_.channels.size()) fail(Field::capacities, "there is no channel \"" + channel + '"');
      if (!manager.capacities.emplace(policy_.channels[found].name, number(Field::capacities, count, 1'000'000)).second)
        fail(Field::capacities, "channel \"" + channel + "\" is there twice");
    }
    if (const std::string given = text(Field::absences); !given.empty())
      manager.absences = parsed(Field::absences, [&] { return parse_day_ranges(given); });
    for (const std::string& part : list(text(Field::exceptions))) {
      const auto [day, hours] = halves(Field::exceptions, part, "exception", "2026-12-31=09:00-13:00");
      const std::optional<Day> on = parse_day(day);
      if (!on) fail(Field::exceptions, "\"" + day + "\" is no date like 2026-12-31");
      if (std::any_of(manager.exceptions.begin(), manager.exceptions.end(),
                      [&](const DayHours& other) { return other.day == *on; }))
        fail(Field::exceptions, day + " is there twice");
      manager.exceptions.push_back(
          {*on, hours.empty() ? std::vector<MinuteSpan>{}
                              : parsed(Field::exceptions, [&, hours = hours] { return parse_hours(hours); })});
    }
    manager.dedicated = flag(Field::dedicated, text(Field::dedicated));
    manager.country = text(Field::country);
    if (!manager.country.empty() && planning::country_code(manager.country).empty())
      fail(Field::country,
           "\"" + manager.country + "\" is no country that is known; take its code of two letters, like DE");
    return manager;
  }

  [[noreturn]] void fail(std::size_t column, const std::string& message) const {
    throw Error(Code::bad_data,
                fmt::format("managers, row {}, column {}: {}", row_ + 1, column_names[column].name, message),
                fmt::format("managers.{}", column_names[column].name));
  }
  void at(std::size_t row) noexcept { row_ = row; }
  /// What the row has in a column, without blanks around it; empty where there is no such column.
  [[nodiscard]] std::string text_at(std::size_t column, std::size_t row) {
    row_ = row;
    return text(column);
  }
  /// The name of a column as the table has it, else its own.
  [[nodiscard]] std::string name_of(std::size_t column) const {
    return columns_[column] == nullptr ? std::string(column_names[column].name) : columns_[column]->name();
  }

 private:
  [[nodiscard]] const Column* find(const ColumnNames& names) const {
    for (const Column& column : table_.columns())
      if (folded_name(column.name()) == folded_name(names.name)) return &column;
    for (const Column& column : table_.columns())
      for (const std::string_view alias : names.aliases)
        if (!alias.empty() && folded_name(column.name()) == folded_name(alias)) return &column;
    return nullptr;
  }

  [[nodiscard]] std::string text(std::size_t column) const {
    const Column* given = columns_[column];
    if (given == nullptr) return {};
    const std::string text = given->to_text(row_);
    const std::string_view bare = std::string_view(text).substr(text.starts_with('\'') ? 1 : 0);
    return std::string(detail::trimmed(detail::begins_formula(bare) ? bare : std::string_view(text)));
  }

  [[nodiscard]] static std::vector<std::string> list(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
      const std::size_t cut = std::min(text.find(';'), text.size());
      if (const std::string_view part = detail::trimmed(text.substr(0, cut)); !part.empty()) parts.emplace_back(part);
      text.remove_prefix(std::min(cut + 1, text.size()));
    }
    return parts;
  }

  [[nodiscard]] std::pair<std::string, std::string> halves(std::size_t column, const std::string& part,
                                                           const char* what, const char* like) const {
    const std::size_t cut = part.find('=');
    if (cut == std::string::npos) fail(column, fmt::format("\"{}\" is no {} like {}", part, what, like));
    return {std::string(detail::trimmed(std::string_view(part).substr(0, cut))),
            std::string(detail::trimmed(std::string_view(part).substr(cut + 1)))};
  }

  [[nodiscard]] std::int32_t number(std::size_t column, const std::string& text, std::int32_t most) const {
    std::int32_t value = -1;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || value < 0 || value > most)
      fail(column, fmt::format("\"{}\" is no whole number from 0 to {}", text, most));
    return value;
  }

  [[nodiscard]] bool flag(std::size_t column, const std::string& text) const {
    const std::string folded = folded_name(text);
    for (const std::string_view yes : {"true", "yes", "y", "1", "да"})
      if (folded == yes) return true;
    for (const std::string_view no : {"", "false", "no", "n", "0", "нет"})
      if (folded == no) return false;
    fail(column, "\"" + text + "\" is neither true nor false");
  }

  [[nodiscard]] std::string zone(const std::string& text) const {
    if (text.empty()) return text;
    try {
      static_cast<void>(TimeZone::named(text));
    } catch (const Error&) {
      fail(Field::time_zone, "\"" + text + "\" is no time zone of the IANA database");
    }
    return text;
  }

  const Table& table_;
  const PlanPolicy& policy_;
  std::array<const Column*, column_names.size()> columns_{};
  std::size_t row_{0};
};

}  // namespace

std::vector<PlanManager> managers_from_table(const Table& table, const PlanPolicy& policy) {
  Reader reader(table, policy);
  std::vector<PlanManager> managers;
  std::vector<std::pair<std::string, std::size_t>> ids;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    managers.push_back(reader.read(row));
    ids.emplace_back(managers.back().id, row);
  }
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = 1; i < ids.size(); ++i)
    if (ids[i].first == ids[i - 1].first) {
      reader.at(ids[i].second);
      reader.fail(Field::manager, fmt::format("\"{}\" stands in row {} already", ids[i].first, ids[i - 1].second + 1));
    }
  std::sort(managers.begin(), managers.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return managers;
}

std::vector<std::pair<std::string, std::string>> misspelt_manager_columns(const Table& table) {
  std::vector<std::string> known;
  for (const ColumnNames& names : column_names) {
    known.push_back(folded_name(names.name));
    for (const std::string_view alias : names.aliases)
      if (!alias.empty()) known.push_back(folded_name(alias));
  }
  std::vector<std::pair<std::string, std::string>> found;
  for (const Column& column : table.columns()) {
    const std::string name = folded_name(column.name());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto letters = [](std::string_view text) {  // every byte of UTF-8 but those that go on with one
      return std::count_if(text.begin(), text.end(),
                           [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
    };
    const std::string* meant = detail::nearest_name(name, known);
    const std::size_t edits = letters(name) > 5 ? 2 : 1;
    if (meant != nullptr && letters(*meant) > 3 && detail::edit_distance(name, *meant, edits) <= edits)
      found.emplace_back(column.name(), *meant);
  }
  return found;
}

namespace {

/// What is left of a manager's absences from a day on.
std::vector<DayRange> absences_from(Day first_open, const std::string& manager, const std::vector<DayRange>& absences) {
  std::vector<DayRange> out;
  for (const DayRange& range : absences) {
    if (range.last >= range.first && range.last < first_open)
      throw Error(Code::invalid_argument,
                  fmt::format("the absence of {} is over on {}, before {}, the first day that may change", manager,
                              to_text(range.last), to_text(first_open)),
                  "absences");
    // One that ends before it begins is told where managers are read.
    out.push_back(range.last < range.first ? range : DayRange{std::max(range.first, first_open), range.last});
  }
  return out;
}

}  // namespace

Table with_absences(const Table& table, const std::map<std::string, std::vector<DayRange>>& absences, Day first_open) {
  const PlanPolicy policy = PlanPolicy::empty();
  Reader reader(table, policy);
  std::set<std::string> there;
  std::vector<std::optional<std::string>> texts(table.rows());
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string id = reader.text_at(Field::manager, row);
    std::string text = reader.text_at(Field::absences, row);
    if (const auto more = absences.find(id); more != absences.end() && !more->second.empty())
      text += (text.empty() ? "" : ";") + day_ranges_to_text(absences_from(first_open, id, more->second));
    if (!text.empty()) texts[row] = std::move(text);
    there.insert(id);
  }
  for (const auto& [id, days] : absences)
    if (!there.contains(id)) throw Error(Code::not_found, "there is no manager \"" + id + '"', "absences");
  Table out = table;
  out.set(Column(reader.name_of(Field::absences), texts));
  return out;
}

}  // namespace klientela
