// Dated transitions between classes, and why: which measure of the client crossed which threshold.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
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

using Reasons = std::shared_ptr<const std::vector<Reason>>;

/// Follows what a model says of one client and column up to an event. With hysteresis the client's class is that of an
/// earlier day: what tells of a class are the reasons of the last day on which the model itself gave it.
class Sides {
 public:
  Sides() = default;
  Sides(std::uint16_t from, std::uint16_t to) : from_(from), to_(to) {}
  /// The sides of the client's next event: who went to a class came to it by the same reasons.
  void go_on(std::uint16_t from, std::uint16_t to) {
    const bool same = from == to_;
    *this = Sides(from, to, same && is_to_, same ? after_ : nullptr);
  }
  /// \param code  the model's class of the day; \param last  gives the reasons of the day before
  template <class Last>
  void see(std::uint16_t code, Last&& last) {
    if (is_from_ && code != from_) left_ = last();
    if (is_to_ && code != to_) after_ = last();
    is_from_ = code == from_;
    is_to_ = code == to_;
    if (is_to_) before_ = left_;
  }
  /// The next day is not the one after this.
  void pause() { is_from_ = is_to_ = false; }
  [[nodiscard]] bool moved() const noexcept { return from_ != to_; }
  /// Reasons for the class before the event: of a day before those of after(); null: on none.
  [[nodiscard]] const Reasons& before() const noexcept { return before_; }
  /// \param now  those of the event's day
  [[nodiscard]] const Reasons& after(const Reasons& now) const noexcept { return is_to_ ? now : after_; }
  /// Those of the last day with the class before the event, whatever came then.
  [[nodiscard]] const Reasons& left() const noexcept { return left_; }

 private:
  Sides(std::uint16_t from, std::uint16_t to, bool is_from, Reasons left)
      : from_(from), to_(to), is_from_(is_from), left_(std::move(left)) {}
  std::uint16_t from_{0};
  std::uint16_t to_{0};
  bool is_from_{false};  // on the day before
  bool is_to_{false};
  Reasons left_;
  Reasons before_;
  Reasons after_;
};

/// Tells reasons for events that are in order of days.
class Teller {
 public:
  Teller(const History& history, const std::vector<Event>& events, const KeptColumn& kept, Language language,
         const Control& control)
      : history_(history),
        data_(*history.data()),
        events_(events),
        kept_(kept),
        language_(language),
        control_(control),
        plain_(data_.options.hold == 1 && data_.options.margin == 0) {
    for (const Event& event : events) rows_.push_back(event.row);
    std::sort(rows_.begin(), rows_.end());
    rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
    events_of_.resize(rows_.size());
    first_.assign(data_.days.size() + 1, events.size());
    for (std::size_t e = 0; e < events.size(); ++e) events_of_[place(events[e].row)].push_back(e);
    for (std::size_t e = events.size(); e-- > 0;) first_[events[e].day] = e;
    for (std::size_t day = data_.days.size(); day-- > 0;) first_[day] = std::min(first_[day], first_[day + 1]);
    for (const KeptColumn& column : data_.columns)
      if (!plain_ && column.model == kept.model && column.is_label()) followed_.push_back({&column, {}, {}});
    for (Followed& each : followed_)
      for (const std::vector<std::size_t>& list : events_of_) {
        const Event& event = events[list.front()];
        each.sides.emplace_back(code(*each.column, event.day - 1U, event.row),
                                code(*each.column, event.day, event.row));
      }
    next_.assign(rows_.size(), 0);
  }

  std::vector<Explained> tell() {
    found_.resize(events_.size());
    if (events_.empty()) return std::move(found_);
    Timeline::Plan plan{data_.days, data_.features, data_.inputs};
    if (data_.one_pass) {
      Timeline timeline(data_.base, std::move(plan), rows_, control_);
      timeline.by_day([&](std::size_t day, const Table& table) { take(day, table); }, control_);
      return std::move(found_);
    }
    const std::vector<bool> needed = needed_days();
    for (std::size_t day = 0; day < data_.days.size(); ++day) {
      if (!needed[day]) {
        last_.reset();
        for (Followed& each : followed_)
          for (Sides& sides : each.sides) sides.pause();
        continue;
      }
      control_.check();
      take(day, features_at(data_, data_.days[day], control_).take(rows_));
    }
    return std::move(found_);
  }

 private:
  struct Followed {
    const KeptColumn* column;
    std::vector<Sides> sides;          // by place
    std::vector<std::uint16_t> codes;  // of the day's labels in the column kept
  };
  [[nodiscard]] std::size_t place(std::uint32_t row) const {
    return static_cast<std::size_t>(std::lower_bound(rows_.begin(), rows_.end(), row) - rows_.begin());
  }
  [[nodiscard]] std::uint16_t code(const KeptColumn& column, std::size_t day, std::size_t row) const {
    return History::Data::code(column, day * data_.clients + row);
  }

  /// Days that some event looks at: from the day on which the model gave the classes before it.
  [[nodiscard]] std::vector<bool> needed_days() const {
    std::vector<int> starts(data_.days.size() + 1, 0);
    for (const Event& event : events_) {
      std::size_t from = event.day - 1U;
      for (const Followed& each : followed_) {
        const std::uint16_t now = code(*each.column, event.day - 1U, event.row);
        std::size_t day = event.day - 1U;
        while (day > 0 && code(*each.column, day - 1, event.row) == now) --day;
        const auto held = static_cast<std::size_t>(data_.options.hold - 1);
        from = std::min(from, day - std::min(day, held));
      }
      ++starts[from];
      --starts[event.day + 1U];
    }
    std::vector<bool> needed(data_.days.size());
    int open = 0;
    for (std::size_t day = 0; day < needed.size(); ++day) needed[day] = (open += starts[day]) > 0;
    return needed;
  }

  void take(std::size_t day, const Table& table) {
    const std::vector<AnyModel>& models = history_.models(day);
    Classified now = classify(table, std::span<const AnyModel>(models).first(kept_.model + 1), control_);
    const Classification& classes = now.classifications[kept_.model];
    const auto said = [](const Classification& of, std::size_t at) {
      return std::make_shared<const std::vector<Reason>>(of.reasons(at));
    };
    for (Followed& each : followed_) {
      const Column& column = classes.column(each.column->name);
      const std::vector<std::string>& labels = *each.column->labels;
      each.codes.clear();
      for (const std::string& label : column.labels())
        each.codes.push_back(
            static_cast<std::uint16_t>(std::find(labels.begin(), labels.end(), label) - labels.begin()));
      for (std::size_t at = 0; at < rows_.size(); ++at) {
        if (next_[at] == events_of_[at].size()) continue;
        const bool none = column.is_null(at);
        each.sides[at].see(none ? History::no_label : each.codes[column.values<std::uint16_t>()[at]],
                           [&] { return last_ ? said(last_->classifications[kept_.model], at) : nullptr; });
      }
    }
    for (std::size_t e = first_[day]; e < first_[day + 1] && day > 0; ++e) {
      const std::size_t at = place(events_[e].row);
      const Reasons before = said(last_->classifications[kept_.model], at);
      const Reasons after = said(classes, at);
      // Who was not known the day before has no class that was kept.
      const bool entered = data_.since[events_[e].row] >= day;
      found_[e] =
          plain_ || entered ? explain_change(*before, *after, kept_.name, language_) : explain(at, before, after);
      if (++next_[at] == events_of_[at].size()) continue;
      const Event& next = events_[events_of_[at][next_[at]]];
      for (Followed& each : followed_)
        each.sides[at].go_on(code(*each.column, next.day - 1U, next.row), code(*each.column, next.day, next.row));
    }
    last_.emplace(std::move(now));
  }

  /// Column by column, the reasons for the class before and for the one after; the same where the class stayed.
  [[nodiscard]] Explained explain(std::size_t at, const Reasons& direct, const Reasons& now) const {
    const auto sides_of = [&](const std::string& column) -> const Sides* {
      for (const Followed& each : followed_)
        if (each.column->name == column) return &each.sides[at];
      return nullptr;
    };
    const Sides& own = *sides_of(kept_.name);
    const bool told = own.after(now) && own.before();
    std::vector<Reason> before;
    std::vector<Reason> after;
    const auto add = [](std::vector<Reason>& to, const std::vector<Reason>& from, const std::string& column) {
      std::copy_if(from.begin(), from.end(), std::back_inserter(to),
                   [&](const Reason& reason) { return reason.column == column; });
    };
    std::string_view column;
    for (const Reason& reason : *now) {
      if (reason.column == column) continue;
      column = reason.column;
      const Sides* sides = sides_of(reason.column);
      const Sides& side = sides != nullptr ? *sides : own;
      const Reasons& later = side.after(now);
      // A class put together from what the client keeps was never the model's own: its parts tell.
      if (reason.column == kept_.name && !later) continue;
      const bool moved = later && side.before() && side.moved();
      add(before, moved ? *side.before() : later ? *later : *now, reason.column);
      add(after, later ? *later : *now, reason.column);
    }
    Explained why = explain_change(before, after, kept_.name, language_);
    if (!why.text.empty() || told) return why;
    return explain_change(own.left() ? *own.left() : *direct, *now, kept_.name, language_);
  }

  const History& history_;
  const History::Data& data_;
  const std::vector<Event>& events_;
  const KeptColumn& kept_;
  Language language_;
  const Control& control_;
  bool plain_;                                       // the classes are the models' own
  std::vector<std::uint32_t> rows_;                  // told of, ascending
  std::vector<std::vector<std::size_t>> events_of_;  // by place
  std::vector<std::size_t> next_;                    // by place: of those
  std::vector<std::size_t> first_;                   // by day: its first event
  std::vector<Followed> followed_;                   // the model's columns of labels
  std::optional<Classified> last_;                   // of the day before
  std::vector<Explained> found_;
};

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
  for (const ClientId& client : options.client) {
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
  const std::vector<Explained> whys = Teller(history, told, reader.kept(), options.language, control).tell();
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
