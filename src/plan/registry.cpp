// Joins planned contacts with the interactions that fulfil them, the closest first, and says what became of the others.
#include "klientela/plan/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <map>
#include <queue>
#include <tuple>
#include <unordered_map>

#include "klientela/core/buffer.hpp"
#include "klientela/model/interaction_state.hpp"

namespace klientela {

namespace {

constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t foreign = nobody - 1;  // a topic that no planned row has
constexpr std::int64_t minute_micros = 60'000'000;
constexpr std::array<std::uint8_t, 3> furthest_first{1, 2, 0};  // stored states: completed, cancelled, planned
constexpr std::size_t most_neighbours = 16;                     // that are looked at on each side for others as close

[[noreturn]] void fail(const std::string& message, std::string where) {
  throw Error(Code::invalid_argument, message, std::move(where));
}

/// Numbers for texts that are equal as names are compared.
class Names {
 public:
  std::uint32_t add(std::string_view text) {
    if (const auto own = exact_.find(std::string(text)); own != exact_.end()) return own->second;
    const auto [at, added] = numbers_.try_emplace(folded_name(text), next_);
    if (added) ++next_;
    return at->second;
  }
  /// A text that is a name of its own, whatever others are equal to it but for how they are written: those find it
  /// where it is the only one, and else none.
  void add_exact(std::string_view text) {
    if (!exact_.try_emplace(std::string(text), next_).second) return;
    const auto [at, added] = numbers_.try_emplace(folded_name(text), next_++);
    if (!added) at->second = next_++;
  }
  [[nodiscard]] std::uint32_t find(std::string_view text) const {
    const auto at = numbers_.find(folded_name(text));
    return at == numbers_.end() ? nobody : at->second;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;  // by folded text
  std::unordered_map<std::string, std::uint32_t> exact_;
  std::uint32_t next_{0};
};

Names names_of(std::span<const RegistryManager> managers) {
  Names names;
  for (const RegistryManager& manager : managers) names.add_exact(manager.manager);
  return names;
}

struct PlannedRow {
  std::string id;
  std::uint32_t row{0};  // of the table
  std::uint32_t client{no_code}, manager{0}, channel{0}, topic{nobody};
  std::int64_t start{0}, end{null_instant};
  std::int32_t day{0}, minutes{0};
};

struct Done {
  std::string id;
  std::uint32_t client{no_code}, channel{nobody}, topic{nobody}, responsible{nobody};
  std::int64_t at{0}, planned_from{null_instant}, planned_to{null_instant};
  std::int32_t day{0}, minutes{-1};  // -1: not known
  std::uint8_t state{0};             // as stored: 0 planned, 1 completed, 2 cancelled
  bool by_client{false};
};

enum class Match : std::uint8_t { none, exact, window, ambiguous };
enum class Fault : std::uint8_t { none, client, absence, over_capacity, manager };

struct Outcome {
  std::uint32_t done{nobody};
  Match match{Match::none};
  std::vector<std::uint32_t> candidates{};  // interactions
};

bool is_text(const Column& column) {
  switch (column.type()) {
    case ColumnType::text:
    case ColumnType::label:
    case ColumnType::term:
    case ColumnType::int64: return true;
    default: return false;
  }
}

class Planned {
 public:
  Planned(const Table& table, const ClientBase& base, Names& managers, Names& channels, Names& topics) {
    const Column& id = texts(table, "id");
    const Column& client = texts(table, "client");
    const Column& manager = texts(table, "manager");
    const Column& channel = texts(table, "channel");
    const Column* topic = table.find("topic") != nullptr ? &texts(table, "topic") : nullptr;
    const Column& start = typed(table, "start", ColumnType::instant);
    const Column* end = table.find("end") != nullptr ? &typed(table, "end", ColumnType::instant) : nullptr;
    const Column* minutes = table.find("minutes") != nullptr ? &typed(table, "minutes", ColumnType::int32) : nullptr;
    const std::span<const std::int64_t> starts = start.values<std::int64_t>();
    for (std::uint32_t row = 0; row < table.rows(); ++row) {
      for (const Column* column : {&id, &client, &manager, &channel, &start})
        if (column->is_null(row))
          fail(fmt::format("planned row {} has no {}", row, column->name()),
               fmt::format("planned.{}[{}]", column->name(), row));
      PlannedRow one;
      one.id = id.to_text(row);
      one.row = row;
      one.client = base.code_of(ClientId(client.to_text(row))).value_or(no_code);
      one.manager = managers.add(manager.to_text(row));
      one.channel = channels.add(channel.to_text(row));
      if (topic != nullptr && !topic->is_null(row)) one.topic = topics.add(topic->to_text(row));
      one.start = starts[row];
      const auto known = [&](std::int64_t instant, const char* column) {
        const Instant at{std::chrono::microseconds{instant}};
        if (at < Instant{first_day} || at >= Instant{end_day})
          fail(fmt::format("planned row {} has a time out of range", row), fmt::format("planned.{}[{}]", column, row));
      };
      known(one.start, "start");
      if (minutes != nullptr && !minutes->is_null(row)) one.minutes = minutes->values<std::int32_t>()[row];
      if (one.minutes < 0)
        fail(fmt::format("planned row {} takes {} minutes", row, one.minutes), fmt::format("planned.minutes[{}]", row));
      if (end != nullptr && !end->is_null(row)) {
        one.end = end->values<std::int64_t>()[row];
        known(one.end, "end");
        if (one.end < one.start)
          fail(fmt::format("planned row {} ends before it starts", row), fmt::format("planned.end[{}]", row));
        if (one.minutes == 0) one.minutes = static_cast<std::int32_t>((one.end - one.start) / minute_micros);
      } else if (one.minutes > 0) {
        one.end = one.start + one.minutes * minute_micros;
      }
      one.day = static_cast<std::int32_t>(
          base.time_zone().day_of(Instant(std::chrono::microseconds(one.start))).time_since_epoch().count());
      rows.push_back(std::move(one));
    }
    std::sort(rows.begin(), rows.end(), [](const PlannedRow& a, const PlannedRow& b) {
      return std::tie(a.start, a.id, a.row) < std::tie(b.start, b.id, b.row);
    });
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      const auto [at, added] = by_id.try_emplace(rows[i].id, i);
      if (!added) {
        const std::uint32_t row = std::max(rows[i].row, rows[at->second].row);
        fail(fmt::format("two planned rows have the id {}", rows[i].id), fmt::format("planned.id[{}]", row));
      }
    }
  }

  std::vector<PlannedRow> rows;  // by start, then id
  std::unordered_map<std::string, std::uint32_t> by_id;

 private:
  static const Column& found(const Table& table, const char* name) {
    const Column* column = table.find(name);
    if (column == nullptr)
      throw Error(Code::not_found, fmt::format("the planned rows have no column {}", name),
                  fmt::format("planned.{}", name));
    return *column;
  }
  static const Column& texts(const Table& table, const char* name) {
    const Column& column = found(table, name);
    if (!is_text(column))
      fail(fmt::format("column {} of the planned rows holds {}, not texts", name, klientela::name(column.type())),
           fmt::format("planned.{}", name));
    return column;
  }
  static const Column& typed(const Table& table, const char* name, ColumnType type) {
    const Column& column = found(table, name);
    if (column.type() != type)
      fail(fmt::format("column {} of the planned rows holds {}, not {}", name, klientela::name(column.type()),
                       klientela::name(type)),
           fmt::format("planned.{}", name));
    return column;
  }
};

/// Interactions of the base that are known as of the instant, in an order that their own values decide.
class Interactions {
 public:
  Interactions(const ClientBase& base, Instant as_of, const RegistryOptions& options, const Names& managers,
               const Names& channels, const Names& topics, const Control& control)
      : base_(base), as_of_(as_of.time_since_epoch().count()) {
    channels_ = numbers(InteractionField::channel, channels);
    topics_ = numbers(InteractionField::topic, topics);
    responsible_ = numbers(InteractionField::responsible, managers);
    Names client_outcomes;
    for (const std::string& outcome : options.client_outcomes) client_outcomes.add(outcome);
    outcomes_ = numbers(InteractionField::outcome, client_outcomes);
    for (const std::shared_ptr<const Chunk>& chunk : base.chunks(TableId::interactions)) {
      control.check();
      read(*chunk);
    }
    std::sort(rows.begin(), rows.end(), [](const Done& a, const Done& b) { return key(a) < key(b); });
  }

  std::vector<Done> rows;

 private:
  static std::tuple<std::int64_t, const std::string&, std::uint32_t, std::uint8_t, std::int32_t, std::uint32_t, bool,
                    std::int64_t, std::int64_t>
  key(const Done& one) {
    return {one.at,          one.id,        one.client,       one.state,     one.minutes,
            one.responsible, one.by_client, one.planned_from, one.planned_to};
  }

  [[nodiscard]] std::vector<std::uint32_t> numbers(InteractionField field, const Names& names) const {
    std::vector<std::uint32_t> made;
    for (const std::string_view term : base_.terms(TableId::interactions, static_cast<std::size_t>(field)))
      made.push_back(names.find(term));
    return made;
  }

  void read(const Chunk& chunk) {
    const std::size_t n = chunk.rows();
    const auto codes = [&](InteractionField field) {
      std::vector<std::uint32_t> values(n, no_code);
      if (const Values* column = chunk[field]) column->codes(0, values);
      return values;
    };
    const auto instants = [&](InteractionField field) {
      std::vector<std::int64_t> values(n, null_instant);
      if (const Values* column = chunk[field]) column->instants(0, values);
      return values;
    };
    const std::vector<std::uint32_t> channel = codes(InteractionField::channel), topic = codes(InteractionField::topic),
                                     state = codes(InteractionField::state), outcome = codes(InteractionField::outcome),
                                     responsible = codes(InteractionField::responsible);
    const std::vector<std::int64_t> from = instants(InteractionField::planned_from),
                                    to = instants(InteractionField::planned_to),
                                    started = instants(InteractionField::started_at),
                                    ended = instants(InteractionField::ended_at);
    const Values* id = chunk[InteractionField::interaction];
    for (std::size_t row = 0; row < n; ++row) {
      if (chunk.is_rejected(row)) continue;
      Done one;
      one.client = chunk.clients()[row];
      for (const std::int64_t at : {to[row], from[row], ended[row], started[row]})
        if (at != null_instant) one.at = at;
      const bool somewhen = from[row] != null_instant || to[row] != null_instant || started[row] != null_instant ||
                            ended[row] != null_instant;
      one.state = state[row] != no_code ? static_cast<std::uint8_t>(state[row])
                                        : static_cast<std::uint8_t>(started[row] != null_instant ? 1 : 0);
      if (!somewhen || (one.state != 0 && one.at > as_of_)) continue;
      if (id != nullptr) one.id = id->text(row);
      one.channel = channel[row] == no_code ? nobody : channels_[channel[row]];
      if (topic[row] != no_code) one.topic = topics_[topic[row]] == nobody ? foreign : topics_[topic[row]];
      one.responsible = responsible[row] == no_code ? nobody : responsible_[responsible[row]];
      one.by_client = outcome[row] != no_code && outcomes_[outcome[row]] != nobody;
      one.planned_from = from[row];
      one.planned_to = to[row];
      if (started[row] != null_instant && ended[row] >= started[row])
        one.minutes = static_cast<std::int32_t>((ended[row] - started[row]) / minute_micros);
      else if (from[row] != null_instant && to[row] >= from[row])
        one.minutes = static_cast<std::int32_t>((to[row] - from[row]) / minute_micros);
      one.day = static_cast<std::int32_t>(
          base_.time_zone().day_of(Instant(std::chrono::microseconds(one.at))).time_since_epoch().count());
      rows.push_back(std::move(one));
    }
  }

  const ClientBase& base_;
  std::int64_t as_of_;
  std::vector<std::uint32_t> channels_, topics_, responsible_, outcomes_;  // by term code
};

/// Matches planned rows and interactions of one client, channel and topic at a time.
class Matcher {
 public:
  Matcher(const std::vector<PlannedRow>& planned, const std::vector<Done>& done, const RegistryOptions& options)
      : planned_(planned), done_(done), options_(options), taken_(done.size()), outcomes_(planned.size()) {}

  /// An interaction that bears a row's id; of several the first that is furthest on.
  void by_id(const std::unordered_map<std::string, std::uint32_t>& rows) {
    for (const std::uint8_t state : furthest_first)
      for (std::uint32_t i = 0; i < done_.size(); ++i) {
        if (done_[i].id.empty() || done_[i].state != state) continue;
        const auto at = rows.find(done_[i].id);
        if (at == rows.end() || planned_[at->second].client != done_[i].client ||
            outcomes_[at->second].match != Match::none)
          continue;
        outcomes_[at->second] = {i, Match::exact, {}};
        taken_[i] = 1;
      }
  }

  void by_window(const Control& control) {
    enum class Topics { equal, none_planned, none_done };
    for (const std::uint8_t state : furthest_first)
      for (const Topics topics : {Topics::equal, Topics::none_planned, Topics::none_done}) {
        control.check();
        nodes_.clear();
        for (std::uint32_t p = 0; p < planned_.size(); ++p) {
          const PlannedRow& one = planned_[p];
          if (outcomes_[p].done != nobody || one.client == no_code ||
              (topics == Topics::none_planned && one.topic != nobody))
            continue;
          nodes_.push_back(
              {one.client, one.channel, topics == Topics::equal ? one.topic : nobody, one.start, one.day, p, true});
        }
        for (std::uint32_t i = 0; i < done_.size(); ++i) {
          const Done& one = done_[i];
          if (taken_[i] != 0 || one.state != state || one.channel == nobody ||
              (topics == Topics::none_done && one.topic != nobody))
            continue;
          nodes_.push_back(
              {one.client, one.channel, topics == Topics::equal ? one.topic : nobody, one.at, one.day, i, false});
        }
        std::sort(nodes_.begin(), nodes_.end(), [](const Node& a, const Node& b) {
          return std::tuple(a.client, a.channel, a.topic, a.at, !a.planned, a.index) <
                 std::tuple(b.client, b.channel, b.topic, b.at, !b.planned, b.index);
        });
        const auto same = [](const Node& a, const Node& b) {
          return std::tie(a.client, a.channel, a.topic) == std::tie(b.client, b.channel, b.topic);
        };
        for (std::size_t begin = 0, end = 0; begin < nodes_.size(); begin = end) {
          while (end < nodes_.size() && same(nodes_[begin], nodes_[end])) ++end;
          match(begin, end);
        }
      }
  }

  /// Rows that lost their only chance to another row.
  void losers() {
    for (Outcome& one : outcomes_)
      if (one.match == Match::none && !one.candidates.empty()) one.match = Match::ambiguous;
  }

  [[nodiscard]] const std::vector<Outcome>& outcomes() const { return outcomes_; }

 private:
  struct Node {
    std::uint32_t client, channel, topic;
    std::int64_t at;
    std::int32_t day;
    std::uint32_t index;
    bool planned;
  };
  struct Pair {
    std::int64_t distance;
    std::size_t left, right;  // nodes
    friend bool operator>(const Pair& a, const Pair& b) {
      return std::tie(a.distance, a.left, a.right) > std::tie(b.distance, b.left, b.right);
    }
  };

  [[nodiscard]] bool in_window(const Node& a, const Node& b) const {
    const std::int32_t late = a.planned ? b.day - a.day : a.day - b.day;
    return late >= -options_.days_before && late <= options_.days_after;
  }

  /// Neighbours in time are always among the closest pairs: whatever lies between two is closer to both.
  void match(std::size_t begin, std::size_t end) {
    constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::vector<std::size_t> before(end - begin), after(end - begin);
    const auto link = [&](std::vector<std::size_t>& list, std::size_t node) -> std::size_t& {
      return list[node - begin];
    };
    std::priority_queue<Pair, std::vector<Pair>, std::greater<>> queue;
    const auto offer = [&](std::size_t left, std::size_t right) {
      if (left == none || right == none || nodes_[left].planned == nodes_[right].planned) return;
      if (in_window(nodes_[left], nodes_[right])) queue.push({nodes_[right].at - nodes_[left].at, left, right});
    };
    for (std::size_t node = begin; node < end; ++node) {
      link(before, node) = node == begin ? none : node - 1;
      link(after, node) = node + 1 == end ? none : node + 1;
      if (node > begin) offer(node - 1, node);
    }
    std::vector<std::uint8_t> gone(end - begin);
    const auto others = [&](std::size_t node, std::size_t partner) {
      std::vector<std::uint32_t> found;
      const std::int32_t days = std::abs(nodes_[node].day - nodes_[partner].day);
      for (const std::vector<std::size_t>* list : {&before, &after}) {
        std::size_t at = (*list)[node - begin];
        for (std::size_t looked = 0; looked < most_neighbours && at != none; ++looked, at = (*list)[at - begin]) {
          if (std::abs(nodes_[at].day - nodes_[node].day) > days) break;
          if (at != partner && nodes_[at].planned != nodes_[node].planned && in_window(nodes_[at], nodes_[node]))
            found.push_back(nodes_[at].index);
        }
      }
      return found;
    };
    while (!queue.empty()) {
      const Pair pair = queue.top();
      queue.pop();
      if (gone[pair.left - begin] != 0 || gone[pair.right - begin] != 0) continue;
      const std::size_t planned = nodes_[pair.left].planned ? pair.left : pair.right;
      const std::size_t done = nodes_[pair.left].planned ? pair.right : pair.left;
      Outcome& own = outcomes_[nodes_[planned].index];
      std::vector<std::uint32_t> candidates = others(planned, done);
      const std::vector<std::uint32_t> rivals = others(done, planned);
      std::sort(candidates.begin(), candidates.end());
      own = {nodes_[done].index, candidates.empty() && rivals.empty() ? Match::window : Match::ambiguous,
             std::move(candidates)};
      for (const std::uint32_t rival : rivals) {
        std::vector<std::uint32_t>& lost = outcomes_[rival].candidates;
        if (lost.size() < most_neighbours) lost.push_back(own.done);
      }
      taken_[own.done] = 1;
      for (const std::size_t node : {pair.left, pair.right}) {
        gone[node - begin] = 1;
        const std::size_t left = link(before, node), right = link(after, node);
        if (left != none) link(after, left) = right;
        if (right != none) link(before, right) = left;
      }
      offer(link(before, pair.left), link(after, pair.right));
    }
  }

  const std::vector<PlannedRow>& planned_;
  const std::vector<Done>& done_;
  const RegistryOptions& options_;
  std::vector<std::uint8_t> taken_;
  std::vector<Outcome> outcomes_;
  std::vector<Node> nodes_;
};

class Registry {
 public:
  Registry(const Table& planned, const ClientBase& base, std::span<const RegistryManager> managers, Instant as_of,
           const RegistryOptions& options, const Control& control)
      : table_(planned),
        known_(managers),
        as_of_(as_of),
        options_(options),
        names_(names_of(managers)),
        planned_(planned, base, names_, channels_, topics_) {
    read_managers();
    control.report("registry", 0.2);
    done_ = Interactions(base, as_of, options, names_, channels_, topics_, control).rows;
    control.report("registry", 0.5);
    Matcher matcher(planned_.rows, done_, options);
    matcher.by_id(planned_.by_id);
    matcher.by_window(control);
    matcher.losers();
    outcomes_ = matcher.outcomes();
    sum_held();
    control.report("registry", 0.8);
  }

  Table table() {
    std::vector<std::uint32_t> order;
    for (const PlannedRow& one : planned_.rows) order.push_back(one.row);
    Table made = table_.take(order);
    Table kept;
    for (const char* name : {"id", "client", "manager", "channel", "topic", "start", "end"})
      if (const Column* column = made.find(name); column != nullptr && std::string_view(name) != "end")
        kept.add(*column);
      else if (std::string_view(name) == "topic")
        kept.add(Column("topic", std::vector<std::optional<std::string>>(made.rows())));
      else
        kept.add(ends());
    using Texts = std::vector<std::optional<std::string>>;
    Texts states, interactions, matches, candidates, faults, texts;
    for (std::uint32_t p = 0; p < outcomes_.size(); ++p) {
      const Outcome& own = outcomes_[p];
      const InteractionState state = state_of(p);
      const Fault fault = fault_of(p, state);
      states.emplace_back(name(state));
      const bool has_id = own.done != nobody && !done_[own.done].id.empty();
      interactions.push_back(has_id ? std::optional(done_[own.done].id) : std::nullopt);
      constexpr std::array match_names{"none", "exact", "window", "ambiguous"};
      matches.emplace_back(match_names[static_cast<std::size_t>(own.match)]);
      std::string joined;
      for (const std::uint32_t other : own.candidates) {
        const Done& one = done_[other];
        if (!joined.empty()) joined += "; ";
        joined += one.id.empty() ? to_text(Instant(std::chrono::microseconds(one.at))) : one.id;
      }
      candidates.push_back(joined.empty() ? std::nullopt : std::optional(joined));
      constexpr std::array fault_names{"", "client", "absence", "over_capacity", "manager"};
      faults.push_back(fault == Fault::none ? std::nullopt
                                            : std::optional<std::string>(fault_names[static_cast<std::size_t>(fault)]));
      texts.emplace_back(text(p, state, fault));
    }
    kept.add(Column("state", states));
    kept.add(Column("interaction", interactions));
    kept.add(Column("match", matches));
    kept.add(Column("candidates", candidates));
    kept.add(Column("fault", faults));
    kept.add(Column("text", texts));
    return kept;
  }

 private:
  void read_managers() {
    for (std::uint32_t m = 0; m < known_.size(); ++m) {
      const RegistryManager& one = known_[m];
      const auto where = [&](const char* field) { return fmt::format("managers[{}]{}", m, field); };
      if (!by_name_.try_emplace(names_.add(one.manager), m).second)
        fail(fmt::format("there are two managers {}", one.manager), where(""));
      if (one.minutes && *one.minutes < 0) fail("minutes of a day must not be negative", where(".minutes"));
      for (std::size_t i = 0; i < one.days.size(); ++i)
        if (one.days[i].second < 0 || (i > 0 && one.days[i].first <= one.days[i - 1].first))
          fail("minutes of single days must not be negative, and their days ascend", where(".days"));
      std::vector<std::pair<Day, Day>> away = one.absences;
      for (const auto& [first, last] : away)
        if (last < first) fail("an absence ends before it begins", where(".absences"));
      std::sort(away.begin(), away.end());
      for (std::size_t i = 1; i < away.size(); ++i) away[i].second = std::max(away[i].second, away[i - 1].second);
      away_.push_back(std::move(away));
    }
  }

  /// Minutes of what each known manager held, by day; where the interaction does not say, those of the row it fulfils.
  void sum_held() {
    std::vector<std::int32_t> minutes(done_.size());
    for (std::uint32_t i = 0; i < done_.size(); ++i) minutes[i] = done_[i].minutes;
    for (std::uint32_t p = 0; p < outcomes_.size(); ++p)
      if (const std::uint32_t done = outcomes_[p].done; done != nobody && minutes[done] < 0)
        minutes[done] = planned_.rows[p].minutes;
    for (std::uint32_t i = 0; i < done_.size(); ++i)
      if (done_[i].state == 1 && by_name_.contains(done_[i].responsible))
        held_[{done_[i].responsible, done_[i].day}] += std::max(minutes[i], 0);
  }

  [[nodiscard]] InteractionState state_of(std::uint32_t p) const {
    const std::uint32_t done = outcomes_[p].done;
    if (done == nobody) return state_as_of(0, planned_.rows[p].start, planned_.rows[p].end, as_of_);
    return state_as_of(done_[done].state, done_[done].planned_from, done_[done].planned_to, as_of_);
  }

  [[nodiscard]] static std::optional<std::int32_t> minutes_of(const RegistryManager& manager, Day day) {
    const auto own = std::lower_bound(manager.days.begin(), manager.days.end(), day,
                                      [](const auto& one, Day wanted) { return one.first < wanted; });
    return own != manager.days.end() && own->first == day ? std::optional(own->second) : manager.minutes;
  }

  [[nodiscard]] Fault fault_of(std::uint32_t p, InteractionState state) const {
    if (state != InteractionState::cancelled && state != InteractionState::overdue) return Fault::none;
    const PlannedRow& row = planned_.rows[p];
    if (state == InteractionState::cancelled && done_[outcomes_[p].done].by_client) return Fault::client;
    const auto known = by_name_.find(row.manager);
    if (known == by_name_.end()) return Fault::manager;
    const std::vector<std::pair<Day, Day>>& away = away_[known->second];
    const Day day{std::chrono::days{row.day}};
    const auto next = std::upper_bound(away.begin(), away.end(), day,
                                       [](Day wanted, const std::pair<Day, Day>& one) { return wanted < one.first; });
    if (next != away.begin() && (next - 1)->second >= day) return Fault::absence;
    const auto held = held_.find({row.manager, row.day});
    if (const std::optional<std::int32_t> most = minutes_of(known_[known->second], day);
        most && (held == held_.end() ? 0 : held->second) + row.minutes > *most)
      return Fault::over_capacity;
    return Fault::manager;
  }

  [[nodiscard]] std::string text(std::uint32_t p, InteractionState state, Fault fault) const {
    const bool russian = options_.language == Language::russian;
    const PlannedRow& row = planned_.rows[p];
    const Outcome& own = outcomes_[p];
    std::string made;
    switch (state) {
      case InteractionState::planned: made = russian ? "запланировано" : "planned"; break;
      case InteractionState::completed: made = russian ? "выполнено" : "completed"; break;
      case InteractionState::cancelled: made = russian ? "отменено" : "cancelled"; break;
      case InteractionState::overdue: made = russian ? "просрочено" : "overdue"; break;
    }
    if (own.done != nobody) {
      const std::int32_t late = done_[own.done].day - row.day;
      const std::string day = to_text(Day{std::chrono::days{done_[own.done].day}});
      if (late == 0)
        made += russian ? fmt::format(" {}, в запланированный день", day) : fmt::format(" on {}, the planned day", day);
      else if (russian)
        made += fmt::format(" {}, {} плана на {} дн.", day, late > 0 ? "позже" : "раньше", std::abs(late));
      else
        made += fmt::format(" on {}, {} day{} {} than planned", day, std::abs(late), std::abs(late) == 1 ? "" : "s",
                            late > 0 ? "later" : "earlier");
    } else if (row.client == no_code) {
      made += russian ? "; клиента нет в базе" : "; the client is not in the base";
    }
    if (own.match == Match::ambiguous) made += russian ? "; соответствие неоднозначно" : "; the match is ambiguous";
    switch (fault) {
      case Fault::none: break;
      case Fault::client: made += russian ? "; по вине клиента" : "; by the client"; break;
      case Fault::absence: made += russian ? "; менеджер отсутствовал" : "; the manager was absent"; break;
      case Fault::over_capacity:
        made += russian ? "; у менеджера не осталось времени в этот день" : "; the manager had no time left that day";
        break;
      case Fault::manager: made += russian ? "; по вине менеджера" : "; by the manager"; break;
    }
    return made;
  }

  [[nodiscard]] Column ends() const {
    Buffer<std::int64_t> values(planned_.rows.size());
    Buffer<std::uint8_t> valid((planned_.rows.size() + 7) / 8, 0);
    bool whole = true;
    for (std::size_t i = 0; i < planned_.rows.size(); ++i) {
      const std::int64_t end = planned_.rows[i].end;
      values[i] = end == null_instant ? 0 : end;
      whole &= end != null_instant;
      if (end != null_instant) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | 1U << (i & 7));
    }
    return Column("end", ColumnType::instant, std::move(values), whole ? Buffer<std::uint8_t>() : std::move(valid));
  }

  const Table& table_;
  std::span<const RegistryManager> known_;
  Instant as_of_;
  const RegistryOptions& options_;
  Names names_, channels_, topics_;  // of managers, channels, topics
  Planned planned_;
  std::vector<Done> done_;
  std::vector<Outcome> outcomes_;
  std::unordered_map<std::uint32_t, std::uint32_t> by_name_;  // known managers
  std::vector<std::vector<std::pair<Day, Day>>> away_;        // by first day; the last is the latest so far
  std::map<std::pair<std::uint32_t, std::int32_t>, std::int64_t> held_;
};

}  // namespace

Table make_registry(const Table& planned, const ClientBase& base, std::span<const RegistryManager> managers,
                    Instant as_of, const RegistryOptions& options, const Control& control) {
  const auto check = [](std::int32_t days, const char* where) {
    if (days < 0 || days > 366) fail("a window has 0 to 366 days", where);
  };
  check(options.days_before, "days_before");
  check(options.days_after, "days_after");
  Table made = Registry(planned, base, managers, as_of, options, control).table();
  control.report("registry", 1.0);
  return made;
}

}  // namespace klientela
