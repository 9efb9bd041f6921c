// Dated transitions between classes, and why: which measure of the client crossed which threshold.
#include <algorithm>
#include <deque>
#include <map>
#include <utility>

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

struct Why {
  std::string measure, before, after, threshold, rule, text;
  bool moved{false};
};

bool by_measure(const Reason& reason) {
  return reason.aspect == Aspect::score || reason.aspect == Aspect::share || reason.aspect == Aspect::band ||
         reason.aspect == Aspect::missing;
}

/// The pairs of reasons, before and now, that say why a column changed.
std::vector<std::pair<const Reason*, const Reason*>> changes(const std::vector<Reason>& before,
                                                             const std::vector<Reason>& now,
                                                             const std::string& column) {
  std::vector<std::pair<const Reason*, const Reason*>> own, parts;
  const std::size_t n = std::min(before.size(), now.size());
  for (std::size_t i = 0; i < n; ++i) {
    const bool same = before[i].result == now[i].result && before[i].rule == now[i].rule;
    if (same || before[i].column != now[i].column) continue;
    if (now[i].column == column) own.emplace_back(&before[i], &now[i]);
    if (by_measure(now[i])) parts.emplace_back(&before[i], &now[i]);
  }
  // Who only became known may have the class of nobody: then what decides it is told.
  for (std::size_t i = 0; own.empty() && parts.empty() && i < n; ++i)
    if (now[i].column == column && before[i].column == column) own.emplace_back(&before[i], &now[i]);
  const bool plain =
      !own.empty() && std::all_of(own.begin(), own.end(), [](const auto& p) { return by_measure(*p.second); });
  return plain || parts.empty() ? own : parts;
}

Why why_of(const std::vector<Reason>& before, const std::vector<Reason>& now, const std::string& column,
           Language language) {
  Why why;
  const bool russian = language == Language::russian;
  for (const auto& [former, latter] : changes(before, now, column)) {
    const bool known = !former->value.text.empty() && !latter->value.text.empty();
    const bool moved = known && former->value.text == latter->value.text;
    const bool rose = !known || latter->value.number > former->value.number;
    const std::optional<Quantity>& near = rose ? latter->low : latter->high;
    const std::optional<Quantity>& other = rose ? latter->high : latter->low;
    const std::string threshold = near ? near->text : other ? other->text : std::string();
    if (why.text.empty()) {
      why.measure = latter->measure;
      why.before = former->value.text;
      why.after = latter->value.text;
      why.threshold = threshold;
      why.moved = moved;
      why.rule = latter->rule;
    } else {
      why.text += ' ';
    }
    const std::string none = russian ? "нет" : "none";
    const std::string old_text = former->value.text.empty() ? none : former->value.text;
    const std::string new_text = latter->value.text.empty() ? none : latter->value.text;
    if (moved)
      why.text += latter->measure + (russian ? ": осталось " : " stayed ") + new_text +
                  (russian ? ", сдвинулись пороги. " : ", the thresholds moved. ");
    else
      why.text += latter->measure + (russian ? ": было " : " went from ") + old_text + (russian ? ", стало " : " to ") +
                  new_text + ". ";
    why.text += to_text(*latter, language);
  }
  // What decides the column now, where that is a rule over others.
  for (const Reason& reason : now)
    if (reason.column == column) why.rule = reason.rule;
  return why;
}

/// Tells reasons for events that are in order of days.
std::vector<Why> reasons_for(const History& history, const std::vector<Event>& events, const KeptColumn& kept,
                             std::size_t outside, Language language, const Control& control) {
  const History::Data& data = *history.data();
  std::vector<Why> found(events.size());
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
      found[e] = why_of((entered ? direct : before).reasons(row), now.reasons(row), kept.name, language);
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
        history.days()[static_cast<std::size_t>(events[e].day + shift)].time_since_epoch().count());
  return Column(name, ColumnType::day, std::move(days));
}

}  // namespace

Table transitions(const History& history, const TransitionOptions& options, const Control& control) {
  const StateReader reader(history, options.states);
  const History::Data& data = *history.data();
  std::optional<std::uint32_t> only;
  if (options.client) {
    const std::optional<std::uint32_t> code = data.base.code_of(*options.client);
    if (!code)
      throw Error(Code::not_found, "the base has no client " + options.client->to_text(), options.client->to_text());
    const auto codes = data.base.codes_in_order();
    const auto place =
        std::lower_bound(codes.begin(), codes.end(), *options.client,
                         [&](std::uint32_t other, const ClientId& wanted) { return data.base.id_of(other) < wanted; });
    only = static_cast<std::uint32_t>(place - codes.begin());
  }
  std::vector<Event> events;
  for (std::size_t day = 1; day < data.days.size(); ++day) {
    if (options.from && data.days[day] <= *options.from) continue;
    if (options.to && data.days[day] > *options.to) continue;
    const std::size_t begin = only ? *only : 0;
    const std::size_t end = only ? *only + 1 : data.clients;
    std::vector<std::vector<Event>> parts(range_count(end - begin, control));
    for_ranges(end - begin, control, [&](std::size_t index, std::size_t from, std::size_t to) {
      for (std::size_t row = begin + from; row < begin + to; ++row) {
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
  const std::vector<Why> whys = reasons_for(history, told, reader.kept(), outside, options.language, control);
  const auto texts = [&](const char* name, std::string Why::*part) {
    std::vector<std::optional<std::string>> values(n);
    for (std::size_t e = 0; e < whys.size(); ++e)
      if (!(whys[e].*part).empty()) values[e] = whys[e].*part;
    table.add(Column(name, values));
  };
  texts("measure", &Why::measure);
  texts("value_before", &Why::before);
  texts("value_after", &Why::after);
  texts("threshold", &Why::threshold);
  Buffer<std::uint8_t> moved(n, 0), valid((n + 7) / 8, 0);
  for (std::size_t e = 0; e < whys.size(); ++e) {
    moved[e] = whys[e].moved ? 1 : 0;
    valid[e / 8] = static_cast<std::uint8_t>(valid[e / 8] | (1U << (e % 8)));
  }
  table.add(Column("threshold_moved", ColumnType::boolean, std::move(moved), std::move(valid)));
  texts("rule", &Why::rule);
  texts("reason", &Why::text);
  return table;
}

}  // namespace klientela
