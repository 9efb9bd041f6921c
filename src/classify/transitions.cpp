// Dated transitions between classes, and why: which measure of the client crossed which threshold.
#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "classify/explained.hpp"
#include "classify/history_data.hpp"
#include "classify/states.hpp"
#include "features/timeline.hpp"
#include "klientela/classify/migration.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals
using features_internal::Timeline;

namespace {

struct Event {
  std::uint32_t row;
  std::uint16_t day;  // the later one
  std::uint16_t from;
  std::uint16_t to;
};

/// Tells reasons for events that are in order of days.
std::vector<Explained> reasons_for(const History& history, const std::vector<Event>& events, const KeptColumn& kept,
                                   std::size_t outside, Language language, const Control& control) {
  const History::Data& data = *history.data();
  std::vector<Explained> found(events.size());
  if (events.empty()) return found;
  std::vector<std::uint32_t> rows;
  for (const Event& event : events) rows.push_back(event.row);
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  std::vector<std::size_t> first(data.days.size() + 1, events.size());  // by day: its first event
  for (std::size_t e = events.size(); e-- > 0;) first[events[e].day] = e;
  for (std::size_t day = data.days.size(); day-- > 0;) first[day] = std::min(first[day], first[day + 1]);
  // With hysteresis the class that held before was seen last so many days ago.
  const std::size_t back = static_cast<std::size_t>(data.options.hold);
  std::deque<Classified> recent;
  const auto take = [&](std::size_t day, const Table& table) {
    const std::vector<AnyModel>& models = history.models(day);
    recent.push_back(classify(table, std::span<const AnyModel>(models).first(kept.model + 1), control));
    if (recent.size() > back + 1) recent.pop_front();
    if (first[day] == first[day + 1] || day == 0) return;
    const Classification& before = recent.front().classifications[kept.model];
    const Classification& direct = recent[recent.size() - 2].classifications[kept.model];
    const Classification& now = recent.back().classifications[kept.model];
    for (std::size_t e = first[day]; e < first[day + 1]; ++e) {
      const auto row =
          static_cast<std::size_t>(std::lower_bound(rows.begin(), rows.end(), events[e].row) - rows.begin());
      const bool entered = events[e].from == outside;
      found[e] = explain_change((entered ? direct : before).reasons(row), now.reasons(row), kept.name, language);
    }
  };
  Timeline::Plan plan{data.days, data.features, data.inputs};
  if (data.one_pass) {
    Timeline timeline(data.base, std::move(plan), rows, control);
    timeline.by_day(take, control);
    return found;
  }
  for (std::size_t day = 0; day < data.days.size(); ++day) {
    // Days that no event looks at need not be computed, but their place is kept.
    bool needed = false;
    for (std::size_t later = day; later <= std::min(day + back, data.days.size() - 1); ++later)
      needed = needed || first[later] != first[later + 1];
    if (!needed) {
      recent.clear();
      continue;
    }
    control.check();
    take(day, features_at(data, data.days[day], control).take(rows));
  }
  return found;
}

Column days_column(const char* name, const History& history, const std::vector<Event>& events, int shift) {
  Buffer<std::int32_t> days(events.size());
  for (std::size_t e = 0; e < events.size(); ++e)
    days[e] = static_cast<std::int32_t>(
        history.days()[static_cast<std::size_t>(std::ptrdiff_t{events[e].day} + shift)].time_since_epoch().count());
  return Column(name, ColumnType::day, std::move(days));
}

}  // namespace

Table transitions(const History& history, const TransitionOptions& options, const Control& control) {
  const StateReader reader(history, options.states);
  const History::Data& data = *history.data();
  std::vector<std::uint32_t> only;
  for (const ClientId& client : options.clients) {
    const std::optional<std::size_t> row = data.base.row_of(client);
    if (!row) throw Error(Code::not_found, "the base has no client " + client.to_text(), client.to_text());
    only.push_back(static_cast<std::uint32_t>(*row));
  }
  std::sort(only.begin(), only.end());
  only.erase(std::unique(only.begin(), only.end()), only.end());
  std::vector<Event> events;
  for (std::size_t day = 1; day < data.days.size(); ++day) {
    if (options.from && data.days[day] <= *options.from) continue;
    if (options.to && data.days[day] > *options.to) continue;
    const std::size_t looked_at = only.empty() ? data.clients : only.size();
    std::vector<std::vector<Event>> parts(range_count(looked_at, control));
    for_ranges(looked_at, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const std::size_t row = only.empty() ? i : only[i];
        const std::size_t before = reader.state(day - 1, row);
        const std::size_t after = reader.state(day, row);
        if (before == after) continue;
        parts[index].push_back({static_cast<std::uint32_t>(row), static_cast<std::uint16_t>(day),
                                static_cast<std::uint16_t>(before), static_cast<std::uint16_t>(after)});
      }
    });
    for (const std::vector<Event>& part : parts) events.insert(events.end(), part.begin(), part.end());
  }
  const std::size_t n = events.size();
  const std::size_t outside = reader.size() - 1;
  std::vector<std::uint32_t> rows(n);
  Buffer<std::uint16_t> kind(n), from(n), to(n);
  for (std::size_t e = 0; e < n; ++e) {
    rows[e] = events[e].row;
    kind[e] = events[e].from == outside ? 0 : events[e].to == outside ? 2 : 1;
    from[e] = events[e].from;
    to[e] = events[e].to;
  }
  const auto states = std::make_shared<const std::vector<std::string>>(reader.names());
  Table table(
      {data.client.take(rows), days_column("from_day", history, events, -1), days_column("to_day", history, events, 0),
       Column("kind", std::move(kind),
              std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"entry", "move", "exit"})),
       Column("from", std::move(from), states), Column("to", std::move(to), states)});
  if (!data.money.empty()) {
    Buffer<std::int64_t> before(n), after(n);
    for (std::size_t e = 0; e < n; ++e) {
      before[e] = history.money(events[e].day - 1U)[events[e].row];
      after[e] = history.money(events[e].day)[events[e].row];
    }
    table.add(Column("money_before", ColumnType::money, std::move(before)));
    table.add(Column("money_after", ColumnType::money, std::move(after)));
  }
  if (!options.reasons) return table;
  std::vector<Event> told(events.begin(),
                          events.begin() + static_cast<std::ptrdiff_t>(std::min(n, options.max_reasons)));
  const std::vector<Explained> whys = reasons_for(history, told, reader.kept(), outside, options.language, control);
  const auto texts = [&](const char* name, std::string Explained::*part) {
    std::vector<std::optional<std::string>> values(n);
    for (std::size_t e = 0; e < whys.size(); ++e)
      if (!(whys[e].*part).empty()) values[e] = whys[e].*part;
    table.add(Column(name, values));
  };
  texts("measure", &Explained::measure);
  texts("value_before", &Explained::before);
  texts("value_after", &Explained::after);
  texts("threshold", &Explained::threshold);
  Buffer<std::uint8_t> moved(n, 0), valid((n + 7) / 8, 0);
  for (std::size_t e = 0; e < whys.size(); ++e) {
    moved[e] = whys[e].moved ? 1 : 0;
    valid[e / 8] = static_cast<std::uint8_t>(valid[e / 8] | (1U << (e % 8)));
  }
  table.add(Column("threshold_moved", ColumnType::boolean, std::move(moved), std::move(valid)));
  texts("rule", &Explained::rule);
  texts("reason", &Explained::text);
  return table;
}

}  // namespace klientela
