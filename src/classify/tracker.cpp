// Features and classes event by event: sums of every client, their lines where measures need them, rows judged one by
// one.
#include "klientela/classify/tracker.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <variant>

#include "classify/client_order.hpp"
#include "classify/explained.hpp"
#include "classify/measure.hpp"
#include "classify/row_judge.hpp"
#include "classify/states.hpp"
#include "classify/tracker_columns.hpp"
#include "features/decay.hpp"
#include "features/options.hpp"
#include "features/state.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/features/periods.hpp"
#include "klientela/features/summary.hpp"

namespace klientela {

using namespace classifying;        // NOLINT: the stage's own internals
using namespace features_internal;  // NOLINT: and those of features

namespace {

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint32_t no_entry = 0xFFFF'FFFFU;

/// Sums of one client.
struct Sum {
  std::int64_t gross{0};
  std::int64_t refunds{0};
  std::int64_t profit{null_number};
  std::int64_t quantity{null_number};
  std::int64_t engagement{0};  // units of 2^-32
  std::int32_t lines{0};
  std::int32_t refund_lines{0};
  std::int32_t first{null_day};
  std::int32_t last{null_day};
  std::int32_t orders{0};
  std::int32_t interactions{0};
  std::int32_t inbound{0};
  std::int32_t outbound{0};
  std::int32_t last_interaction{null_day};
  std::int32_t requests{0};
  std::int32_t last_request{null_day};
};

/// A positive line inside the window.
struct Entry {
  std::int32_t day;
  std::uint32_t order;
  std::int64_t amount;
};

/// What follows from a client's lines together.
struct Together {
  std::int32_t orders{0};
  std::int64_t engagement{0};
  std::int32_t gap_last{-1};  // -1: fewer than two days
  GapSummary gaps;
  ActivityAccumulator activity;
};

using Event = std::variant<TransactionRow, RequestRow, InteractionRow>;

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw Error(Code::invalid_argument, field + " " + why, field);
}

/// Room for more, so that adding does not throw; grows as push_back would.
template <class T>
void make_room(std::vector<T>& values, std::size_t more) {
  if (values.capacity() - values.size() < more) values.reserve(std::max(values.size() + more, 2 * values.size()));
}

bool is_coded(const Column& column) { return column.type() == ColumnType::label || column.type() == ColumnType::term; }

std::int64_t checked(std::int64_t sum, std::int64_t more, std::string_view column, const ClientId& client) {
  std::int64_t total = 0;
  if (__builtin_add_overflow(sum, more, &total) || total == null_number) fail_overflow(client.to_text(), column);
  return total;
}

}  // namespace

struct TrackerChange::Rows {
  ClientId client;
  std::vector<CellValue> before, after;  // measures
};

struct Tracker::State {
  // What it was made from.
  ClientBase base;
  Day as_of{};
  FeatureOptions features;
  TrackerOptions options;
  std::vector<AnyModel> models;
  std::vector<Event> journal;

  // What a row has: measures, then the models' columns.
  std::vector<RowColumn> columns;
  std::vector<Column> samples;  // empty columns that tell types and labels
  std::size_t measures{0};
  std::vector<Kept> kept;                               // by measure
  std::vector<std::optional<Constant>> constants;       // by measure
  std::vector<std::size_t> own;                         // by model: its first column
  std::vector<std::unique_ptr<const RowJudge>> judges;  // by model; none: a table of one row

  // By place: rows of the base, then new clients.
  std::vector<Sum> sums;
  std::vector<std::int64_t> cells;  // by place and model column: key; doubles as bits; null as null_number
  CodeIndex index;
  std::shared_ptr<Buffer<std::uint32_t>> row_of;
  std::map<ClientId, std::uint32_t> arrivals;
  std::vector<ClientId> arrived;
  bool integers{true};
  std::optional<Column> ids;

  // Lines, where measures need them together.
  bool orders{false};
  bool need_lines{false};
  std::vector<std::uint32_t> begins;  // by row of the base
  std::vector<Entry> entries;
  struct More {
    Entry entry;
    std::uint32_t before;
  };
  std::vector<More> more;
  std::vector<std::uint32_t> last_more;  // by place
  std::deque<std::string> order_texts;

  DaySpan span{};
  std::optional<Decay> decay;
  std::int32_t end_period{0};

  [[nodiscard]] bool has(Kept what) const { return std::find(kept.begin(), kept.end(), what) != kept.end(); }
  [[nodiscard]] bool together() const {
    return has(Kept::gap_last) || has(Kept::gap_mean) || has(Kept::gap_cv) || has(Kept::repeat_frequency) ||
           has(Kept::repeat_recency) || has(Kept::repeat_age) || has(Kept::repeat_money) ||
           (orders && (has(Kept::frequency) || has(Kept::engagement)));
  }
  [[nodiscard]] std::size_t width() const noexcept { return columns.size() - measures; }

  void build(const Control& control);
  void read_lines();
  /// From the first order id on, lines of one order have to be told from others. On an error nothing changes.
  void tell_orders();
  [[nodiscard]] ClientId id_of(std::uint32_t place) const {
    return place < base.clients() ? base.id_of(base.codes_in_order()[place]) : arrived[place - base.clients()];
  }
  [[nodiscard]] std::optional<std::uint32_t> place_of(const ClientId& client) const {
    if (const auto code = base.code_of(client))
      if (const std::uint32_t row = (*row_of)[index(*code)]; row != no_code) return row;
    const auto found = arrivals.find(client);
    if (found == arrivals.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::string_view order_text(std::uint32_t code) const {
    const auto terms = base.terms(TableId::transactions, static_cast<std::size_t>(TransactionField::order));
    return code < terms.size() ? terms[code] : std::string_view(order_texts[code - terms.size()]);
  }
  template <class Visit>
  void each_entry(std::uint32_t place, Visit&& visit) const {
    if (place < base.clients())
      for (std::uint32_t e = begins[place]; e < begins[place + 1]; ++e) visit(entries[e]);
    if (place >= last_more.size()) return;
    for (std::uint32_t e = last_more[place]; e != no_entry; e = more[e].before) visit(more[e].entry);
  }
  [[nodiscard]] Together join(std::uint32_t place, const Entry* added) const;
  [[nodiscard]] std::optional<ActivitySummary> activity_of(const Together& lines) const;
  /// One measure. \param client  of that place; only what was assigned depends on it \param activity  of the lines
  [[nodiscard]] CellValue value_of(std::size_t measure, const ClientId& client, std::uint32_t place, const Sum& sum,
                                   const Together& lines, const std::optional<ActivitySummary>& activity) const;
  /// All of them. \param client  of that place
  void values_of(const ClientId& client, std::uint32_t place, const Sum& sum, const Together& lines,
                 CellValue* values) const;
  [[nodiscard]] std::int32_t day_of(const std::optional<Instant>& at, const char* field) const;
  template <class Change>
  TrackerChange change(const ClientId& client, Change&& prepare);
  void judge(const ClientId& client, CellValue* values, std::uint32_t place, const Sum& sum,
             const Together& lines) const;
  [[nodiscard]] Table row_table(const ClientId& client, const CellValue* values, std::size_t count) const;
  [[nodiscard]] Column column(std::size_t c, std::span<const std::uint32_t> places) const;
  [[nodiscard]] Table table(std::span<const std::uint32_t> places) const;
  TrackerChange apply(const TransactionRow& line);
  TrackerChange apply(const RequestRow& request);
  TrackerChange apply(const InteractionRow& interaction);
  /// Applies the event and keeps it for advance().
  template <class Row>
  TrackerChange note(const Row& row) {
    Event kept_row(row);
    make_room(journal, 1);
    TrackerChange result = apply(row);
    journal.push_back(std::move(kept_row));
    return result;
  }
};

void Tracker::State::build(const Control& control) {
  check_options(features, as_of);
  if (features.holdout_until) throw Error(Code::unsupported, "a holdout cannot be tracked", "holdout_until");
  const TrackedColumns chosen = tracked_columns(models, options, base, features);
  const std::vector<std::string>& wanted = chosen.features;
  const Layout layout = layout_of(base, features);
  const FeatureTable computed = compute_features(base, as_of, features, control);
  Table table({computed.column("client")});
  columns.clear();
  kept.clear();
  constants.clear();
  samples.clear();
  own.clear();
  judges.clear();
  for (const Column& column : computed.table().columns()) {
    if (std::find(wanted.begin(), wanted.end(), column.name()) == wanted.end()) continue;
    table.add(column);
    kept.push_back(*kept_feature(column.name()));
  }
  if (std::find(wanted.begin(), wanted.end(), last_gap) != wanted.end()) {
    table.add(period_table(base, as_of, {}, features, control).column(last_gap));
    kept.push_back(Kept::gap_last);
  }
  const Table said = with_base_columns(base, Table({base.client_column().renamed("client")}), as_of, chosen.base,
                                       options.assignments, control);
  constants.resize(kept.size());
  for (const Column& column : said.columns()) {
    if (column.name() == "client") continue;
    table.add(column);
    kept.push_back(kept_of_base(column.name()));
    constants.emplace_back();
    if (kept.back() == Kept::constant) constants.back().emplace(column, base, options.assignments);
  }
  measures = kept.size();
  const Classified classified = classify(table, std::span<const AnyModel>(models), control);
  for (std::size_t c = 1; c < classified.table.columns().size(); ++c) {
    const Column& column = classified.table.columns()[c];
    if (c > measures && (column.type() == ColumnType::text || column.type() == ColumnType::term))
      throw Error(Code::unsupported, "column " + column.name() + " of texts cannot be kept event by event",
                  column.name());
    samples.push_back(column.take({}));
  }
  for (const Column& sample : samples)
    columns.push_back({sample.name(), sample.type(), is_coded(sample) ? &sample.labels() : nullptr});
  std::size_t at = measures;
  for (std::size_t m = 0; m < models.size(); ++m) {
    own.push_back(at);
    judges.push_back(row_judge(models[m], columns, at));
    at += classified.classifications[m].columns().size();
  }

  const std::size_t n = base.clients();
  ids = base.client_column().renamed("client");
  integers = n == 0 || ids->type() == ColumnType::int64;
  index = CodeIndex(base.partition_sizes());
  row_of = rows_by_code(base, index, control);
  arrivals.clear();
  arrived.clear();
  more.clear();
  order_texts.clear();
  last_more.assign(n, no_entry);
  span = span_of(features, as_of);
  end_period = period_index(as_of, features.period);
  orders = layout.orders;
  sums.assign(n, {});
  cells.assign(n * width(), 0);
  const auto take = [n, this](const FeatureTable& from, const char* name, auto into) {
    const Column* column = from.find(name);
    if (column == nullptr) return;
    const auto values = column->values<std::decay_t<decltype(Sum{}.*into)>>();
    for (std::size_t row = 0; row < n; ++row)
      if (!column->is_null(row)) sums[row].*into = values[row];
  };
  {
    // Where columns were chosen, the sums behind them may not be among them.
    FeatureOptions all = features;
    all.columns.clear();
    all.groups = {FeatureGroup::purchases};
    const bool there = features.columns.empty() && layout.has(FeatureGroup::purchases);
    const FeatureTable behind = there ? computed : compute_features(base, as_of, all, control);
    take(behind, "lines", &Sum::lines);
    take(behind, "refund_lines", &Sum::refund_lines);
    take(behind, "first_purchase", &Sum::first);
    take(behind, "last_purchase", &Sum::last);
    take(behind, "frequency", &Sum::orders);
    take(behind, "money_gross", &Sum::gross);
    take(behind, "money_refunds", &Sum::refunds);
    take(behind, "profit", &Sum::profit);
    take(behind, "quantity", &Sum::quantity);
  }
  if (has(Kept::interactions) || has(Kept::inbound) || has(Kept::outbound) || has(Kept::last_interaction)) {
    take(computed, "interactions", &Sum::interactions);
    take(computed, "interactions_inbound", &Sum::inbound);
    take(computed, "interactions_outbound", &Sum::outbound);
    take(computed, "last_interaction", &Sum::last_interaction);
  }
  const auto take_said = [&]<class T>(const char* name, T, std::int32_t Sum::*into) {
    const Column* column = said.find(name);
    if (column == nullptr) return;
    const auto values = column->values<T>();
    for (std::size_t row = 0; row < n; ++row)
      if (!column->is_null(row)) sums[row].*into = static_cast<std::int32_t>(values[row]);
  };
  take_said("requests", std::int64_t{}, &Sum::requests);
  take_said("last_request", std::int32_t{}, &Sum::last_request);
  if (has(Kept::engagement)) {
    decay.emplace(features.engagement.half_life_days, number(as_of));
    const Column& column = computed.column("engagement");
    const auto values = column.values<double>();
    for (std::size_t row = 0; row < n; ++row) {
      if (column.is_null(row)) continue;
      // Exact as long as the units fit a double.
      if (std::fabs(values[row]) * engagement_scale > 9007199254740992.0)
        throw Error(Code::unsupported,
                    "the engagement of client " + id_of(static_cast<std::uint32_t>(row)).to_text() +
                        " is too large to be tracked",
                    "engagement");
      sums[row].engagement = static_cast<std::int64_t>(values[row] * engagement_scale);
    }
  }
  need_lines = together();
  if (need_lines) read_lines();
  for (std::size_t c = measures; c < columns.size(); ++c) {
    const Column& column = classified.table.columns()[c + 1];
    const std::size_t place = c - measures;
    const auto put = [&](auto values) {
      for (std::size_t row = 0; row < n; ++row) {
        std::int64_t cell = null_number;
        if (!column.is_null(row)) {
          if constexpr (std::is_same_v<std::decay_t<decltype(values[0])>, double>)
            cell = std::bit_cast<std::int64_t>(values[row]);
          else
            cell = static_cast<std::int64_t>(values[row]);
        }
        cells[row * width() + place] = cell;
      }
    };
    switch (column.type()) {
      case ColumnType::boolean: put(column.values<std::uint8_t>()); break;
      case ColumnType::int8: put(column.values<std::int8_t>()); break;
      case ColumnType::int32:
      case ColumnType::day: put(column.values<std::int32_t>()); break;
      case ColumnType::label: put(column.values<std::uint16_t>()); break;
      case ColumnType::float64: put(column.values<double>()); break;
      default: put(column.values<std::int64_t>()); break;
    }
  }
}

void Tracker::State::read_lines() {
  const std::size_t n = base.clients();
  begins.assign(n + 1, 0);
  entries.clear();
  std::vector<std::int32_t> days(2048);
  std::vector<std::int64_t> amounts(2048);
  std::vector<std::uint32_t> order(2048, no_code);
  const auto visit = [&](auto&& take) {
    for (const auto& chunk : base.chunks(TableId::transactions)) {
      const Values* at = (*chunk)[TransactionField::at];
      const Values* amount = (*chunk)[TransactionField::amount];
      const Values* ids_of_orders = (*chunk)[TransactionField::order];
      if (at == nullptr || amount == nullptr) continue;
      const auto codes = chunk->clients();
      std::fill(order.begin(), order.end(), no_code);
      for (std::size_t begin = 0; begin < chunk->rows(); begin += days.size()) {
        const std::size_t count = std::min(days.size(), chunk->rows() - begin);
        at->days(begin, std::span(days).first(count));
        amount->numbers(begin, std::span(amounts).first(count));
        if (ids_of_orders != nullptr) ids_of_orders->codes(begin, std::span(order).first(count));
        for (std::size_t i = 0; i < count; ++i) {
          const std::uint32_t code = codes[begin + i];
          if (code == no_code || amounts[i] == null_number || amounts[i] <= 0) continue;
          if (days[i] < span.from || days[i] > span.to) continue;
          take((*row_of)[index(code)], Entry{days[i], order[i], amounts[i]});
        }
      }
    }
  };
  visit([&](std::uint32_t row, const Entry&) { ++begins[row + 1]; });
  for (std::size_t row = 0; row < n; ++row) begins[row + 1] += begins[row];
  entries.resize(begins[n]);
  std::vector<std::uint32_t> next(begins.begin(), begins.end() - 1);
  visit([&](std::uint32_t row, const Entry& entry) { entries[next[row]++] = entry; });
}

void Tracker::State::tell_orders() {
  orders = true;
  if (together() && !need_lines) {
    try {
      read_lines();
      for (const Event& event : journal) {  // none of them has an order id
        const auto* const line = std::get_if<TransactionRow>(&event);
        if (line == nullptr || line->refund.value_or(false) || line->amount->units() <= 0) continue;
        const std::int32_t day = day_of(line->at, "at");
        if (day < span.from || day > span.to) continue;
        const std::uint32_t place = *place_of(line->client);
        more.push_back({{day, no_code, line->amount->units()}, last_more[place]});
        last_more[place] = static_cast<std::uint32_t>(more.size() - 1);
      }
    } catch (...) {
      orders = false;
      more.clear();
      std::fill(last_more.begin(), last_more.end(), no_entry);
      throw;
    }
    need_lines = true;
  }
  for (Sum& sum : sums) sum.orders = sum.lines;
}

Together Tracker::State::join(std::uint32_t place, const Entry* added) const {
  std::vector<Entry> lines;
  each_entry(place, [&](const Entry& entry) { lines.push_back(entry); });
  if (added != nullptr) lines.push_back(*added);
  Together found;
  std::sort(lines.begin(), lines.end(),
            [](const Entry& a, const Entry& b) { return a.order != b.order ? a.order < b.order : a.day < b.day; });
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (orders && lines[i].order != no_code && i > 0 && lines[i].order == lines[i - 1].order) {
      lines[i].day = lines[i - 1].day;
      continue;
    }
    ++found.orders;
    if (decay) found.engagement += decay->units(features.engagement.purchase, lines[i].day);
  }
  std::sort(lines.begin(), lines.end(), [](const Entry& a, const Entry& b) { return a.day < b.day; });
  for (const Entry& line : lines) {
    if (found.gaps.days() != 0 && line.day != found.gaps.last()) found.gap_last = line.day - found.gaps.last();
    found.gaps.add(line.day);
    found.activity.add(period_index(Day{std::chrono::days{line.day}}, features.period), line.amount);
  }
  return found;
}

std::optional<ActivitySummary> Tracker::State::activity_of(const Together& lines) const {
  if (!need_lines || lines.activity.empty()) return std::nullopt;
  return lines.activity.summary(end_period, features.include_first);
}

CellValue Tracker::State::value_of(std::size_t measure, const ClientId& client, std::uint32_t place, const Sum& sum,
                                   const Together& lines, const std::optional<ActivitySummary>& activity) const {
  const std::int32_t today = number(as_of);
  const bool bought = sum.lines != 0;
  const auto real = [](std::optional<double> value) {
    if (!value || !std::isfinite(*value)) return CellValue{0, false};
    return CellValue{key_of(*value), true};
  };
  CellValue value{0, false};
  switch (kept[measure]) {
    case Kept::recency: value = {bought ? today - sum.last : 0, bought}; break;
    case Kept::frequency: value = {orders ? sum.orders : sum.lines, true}; break;
    case Kept::lines: value = {sum.lines, true}; break;
    case Kept::refund_lines: value = {sum.refund_lines, true}; break;
    case Kept::gross: value = {sum.gross, true}; break;
    case Kept::refunds: value = {sum.refunds, true}; break;
    case Kept::net: value = {sum.gross - sum.refunds, true}; break;
    case Kept::first: value = {sum.first, bought}; break;
    case Kept::last: value = {sum.last, bought}; break;
    case Kept::tenure: value = {bought ? today - sum.first : 0, bought}; break;
    case Kept::profit: value = {sum.profit, sum.profit != null_number}; break;
    case Kept::quantity: value = {sum.quantity, sum.quantity != null_number}; break;
    case Kept::gap_last: value = {lines.gap_last, lines.gap_last >= 0}; break;
    case Kept::gap_mean: value = real(lines.gaps.mean()); break;
    case Kept::gap_cv: value = real(lines.gaps.variation()); break;
    case Kept::repeat_frequency: value = {activity ? activity->frequency : 0, activity.has_value()}; break;
    case Kept::repeat_recency: value = {activity ? activity->recency : 0, activity.has_value()}; break;
    case Kept::repeat_age: value = {activity ? activity->age : 0, activity.has_value()}; break;
    case Kept::repeat_money: value = real(activity ? std::optional<double>(activity->money_mean) : std::nullopt); break;
    case Kept::interactions: value = {sum.interactions, true}; break;
    case Kept::inbound: value = {sum.inbound, true}; break;
    case Kept::outbound: value = {sum.outbound, true}; break;
    case Kept::last_interaction: value = {sum.last_interaction, sum.last_interaction != null_day}; break;
    case Kept::engagement: value = real(static_cast<double>(sum.engagement) / engagement_scale); break;
    case Kept::requests: value = {sum.requests, true}; break;
    case Kept::last_request: value = {sum.last_request, sum.last_request != null_day}; break;
    case Kept::today: value = {today, true}; break;
    case Kept::constant: value = constants[measure]->value(place, client); break;
  }
  if (!value.known) value.key = 0;
  return value;
}

void Tracker::State::values_of(const ClientId& client, std::uint32_t place, const Sum& sum, const Together& lines,
                               CellValue* values) const {
  const std::optional<ActivitySummary> activity = activity_of(lines);
  for (std::size_t m = 0; m < measures; ++m) values[m] = value_of(m, client, place, sum, lines, activity);
}

namespace {

/// One value as a column.
Column one_cell(const Column& sample, const CellValue& value) {
  Buffer<std::uint8_t> valid;
  if (!value.known) valid = Buffer<std::uint8_t>(1, 0);
  const auto of = [&]<class T>(T cell) { return Buffer<T>(1, cell); };
  switch (sample.type()) {
    case ColumnType::boolean:
      return Column(sample.name(), sample.type(), of(static_cast<std::uint8_t>(value.key)), std::move(valid));
    case ColumnType::int8:
      return Column(sample.name(), sample.type(), of(static_cast<std::int8_t>(value.key)), std::move(valid));
    case ColumnType::int32:
    case ColumnType::day:
      return Column(sample.name(), sample.type(), of(static_cast<std::int32_t>(value.key)), std::move(valid));
    case ColumnType::float64:
      return Column(sample.name(), sample.type(), of(value.known ? real_of(value.key) : nothing), std::move(valid));
    case ColumnType::label:
      return Column(sample.name(), of(static_cast<std::uint16_t>(value.key)), sample.shared_labels(), std::move(valid));
    case ColumnType::term:
      return Column(sample.name(), of(static_cast<std::uint32_t>(value.key)), sample.shared_labels(), std::move(valid));
    default: return Column(sample.name(), sample.type(), of(value.key), std::move(valid));
  }
}

CellValue cell_of(const Column& column, std::size_t row) {
  if (column.is_null(row)) return {0, false};
  switch (column.type()) {
    case ColumnType::label: return {column.values<std::uint16_t>()[row], true};
    case ColumnType::float64: return {key_of(column.values<double>()[row]), true};
    default: return {Measure(column).key(row), true};
  }
}

}  // namespace

Table Tracker::State::row_table(const ClientId& client, const CellValue* values, std::size_t count) const {
  Table table;
  if (client.is_integer())
    table.add(Column("client", ColumnType::int64, Buffer<std::int64_t>(1, client.integer())));
  else
    table.add(Column("client", std::vector<std::string>{client.to_text()}));
  for (std::size_t c = 0; c < count; ++c) {
    if (samples[c].type() == ColumnType::text)
      table.add(Column(samples[c].name(), std::vector<std::optional<std::string>>{constants[c]->text(values[c])}));
    else
      table.add(one_cell(samples[c], values[c]));
  }
  return table;
}

void Tracker::State::judge(const ClientId& client, CellValue* values, std::uint32_t place, const Sum& sum,
                           const Together& lines) const {
  values_of(client, place, sum, lines, values);
  std::string text;
  IdView id;
  if (client.is_integer()) {
    id = IdView::of(client.integer());
  } else {
    text = client.to_text();
    id = IdView::of(std::string_view(text));
  }
  for (std::size_t m = 0; m < models.size(); ++m) {
    if (judges[m]) {
      judges[m]->judge(values, id);
      continue;
    }
    const Classification one = models[m].classify(row_table(client, values, own[m]));
    const auto expected =
        std::span(columns).subspan(own[m], (m + 1 < own.size() ? own[m + 1] : columns.size()) - own[m]);
    const auto fits = [](const Column& given, const RowColumn& as) { return given.type() == as.type; };
    if (!std::equal(one.columns().begin(), one.columns().end(), expected.begin(), expected.end(), fits))
      throw Error(Code::internal,
                  "classifier " + models[m].name() + " gave columns of other types for one row than for the base",
                  models[m].name());
    for (std::size_t c = 0; c < one.columns().size(); ++c) {
      const Column& column = one.columns()[c];
      CellValue value = cell_of(column, 0);
      const bool other = value.known && column.type() == ColumnType::label &&
                         column.shared_labels() != samples[own[m] + c].shared_labels() &&
                         column.labels() != *columns[own[m] + c].labels;
      if (other) {
        const std::vector<std::string>& labels = *columns[own[m] + c].labels;
        const auto found = std::find(labels.begin(), labels.end(), column.text(0));
        if (found == labels.end())
          throw Error(Code::unsupported, "model " + models[m].name() + " gave a label that it did not have before",
                      columns[own[m] + c].name);
        value.key = found - labels.begin();
      }
      values[own[m] + c] = value;
    }
  }
}

std::int32_t Tracker::State::day_of(const std::optional<Instant>& at, const char* field) const {
  if (!at) refuse(field, "is missing");
  const Day day = base.time_zone().day_of(*at);
  if (day < first_day || day > as_of)
    throw Error(Code::out_of_range,
                std::string(field) + " is on " + to_text(day) + ", outside 1900-01-01 to " + to_text(as_of), field);
  return number(day);
}

// prepare(sum, added): changes a copy of the client's sums, and gives the line to keep; false: nothing counts.
template <class Change>
TrackerChange Tracker::State::change(const ClientId& client, Change&& prepare) {
  const std::optional<std::uint32_t> known = place_of(client);
  const auto place = known ? *known : static_cast<std::uint32_t>(sums.size());
  const std::size_t n = width();
  TrackerChange result;
  result.new_client = !known;
  Sum sum = known ? sums[place] : Sum{};
  std::optional<Entry> added;
  std::optional<std::string> text;  // of a new order
  result.counted = prepare(place, sum, added, text);
  std::array<CellValue, 96> small;
  std::vector<CellValue> large;
  CellValue* values = small.data();
  if (columns.size() > small.size()) {
    large.resize(columns.size());
    values = large.data();
  }
  Together lines;
  if (need_lines) {
    lines = join(place, added ? &*added : nullptr);
    sum.orders = lines.orders;
  }
  judge(client, values, place, sum, lines);

  const auto cell = [&](std::size_t c) {
    const CellValue& value = values[measures + c];
    if (!value.known) return null_number;
    if (columns[measures + c].type != ColumnType::float64) return value.key;
    return std::bit_cast<std::int64_t>(real_of(value.key));
  };
  bool moved = !known;
  const auto is_label = [&](std::size_t c) { return columns[measures + c].type == ColumnType::label; };
  for (std::size_t c = 0; c < n && !moved; ++c) moved = is_label(c) && cells[place * n + c] != cell(c);
  if (moved) {
    const auto label_of = [&](std::size_t c, std::int64_t code) {
      return code == null_number ? std::string() : (*columns[measures + c].labels)[static_cast<std::size_t>(code)];
    };
    for (std::size_t c = 0; c < n; ++c) {
      const std::int64_t was = known ? cells[place * n + c] : null_number;
      if (is_label(c) && (!known || was != cell(c)))
        result.moves.push_back({columns[measures + c].name, label_of(c, was), label_of(c, cell(c))});
    }
    auto rows = std::make_shared<TrackerChange::Rows>(TrackerChange::Rows{client, {}, {}});
    rows->before.resize(measures);
    values_of(client, place, known ? sums[place] : Sum{}, need_lines && known ? join(place, nullptr) : Together{},
              rows->before.data());
    rows->after.assign(values, values + measures);
    result.rows = std::move(rows);
  }

  // Nothing below throws but for want of memory, and then nothing has changed that can be seen.
  if (!known) {
    make_room(sums, 1);
    make_room(arrived, 1);
    make_room(cells, n);
    make_room(last_more, 1);
  }
  if (added && need_lines) make_room(more, 1);
  if (text) order_texts.push_back(std::move(*text));
  if (!known) {
    try {
      arrivals.emplace(client, place);
    } catch (...) {
      if (text) order_texts.pop_back();
      throw;
    }
    arrived.push_back(client);
    sums.push_back(sum);
    cells.resize(cells.size() + n);
    last_more.resize(sums.size(), no_entry);
    integers = integers && client.is_integer();
  }
  sums[place] = sum;
  if (added && need_lines) {
    more.push_back({*added, last_more[place]});
    last_more[place] = static_cast<std::uint32_t>(more.size() - 1);
  }
  for (std::size_t c = 0; c < n; ++c) cells[place * n + c] = cell(c);
  return result;
}

TrackerChange Tracker::State::apply(const TransactionRow& line) {
  const std::int32_t day = day_of(line.at, "at");
  if (!line.amount) refuse("amount", "is missing");
  std::int64_t amount = line.amount->units();
  const bool refund = line.refund.value_or(false);
  const auto turned = [&](const std::optional<Money>& value) {
    if (!value) return null_number;
    return refund && value->units() > 0 ? -value->units() : value->units();
  };
  if (refund && amount > 0) amount = -amount;
  if (!line.order.empty() && !orders) tell_orders();
  return change(line.client, [&](std::uint32_t place, Sum& sum, std::optional<Entry>& added,
                                 std::optional<std::string>& text) {
    if (day < span.from || day > span.to) return false;
    const std::int64_t profit = turned(line.profit);
    const std::int64_t quantity = turned(line.quantity);
    const auto add = [&](std::int64_t& total, std::int64_t more_of_it, const char* column) {
      if (more_of_it == null_number) return;
      total = checked(total == null_number ? 0 : total, more_of_it, column, line.client);
    };
    if (has(Kept::profit)) add(sum.profit, profit, "profit");
    if (has(Kept::quantity)) add(sum.quantity, quantity, "quantity");
    if (amount < 0) {
      sum.refunds = checked(sum.refunds, -amount, "money_refunds", line.client);
      if (sum.refund_lines == std::numeric_limits<std::int32_t>::max())
        fail_overflow(line.client.to_text(), "refund_lines");
      ++sum.refund_lines;
    }
    if (amount <= 0) return amount != 0 || profit != null_number || quantity != null_number;
    sum.gross = checked(sum.gross, amount, "money_gross", line.client);
    if (sum.lines == std::numeric_limits<std::int32_t>::max()) fail_overflow(line.client.to_text(), "lines");
    ++sum.lines;
    ++sum.orders;
    sum.first = sum.first == null_day ? day : std::min(sum.first, day);
    sum.last = std::max(sum.last, day);
    if (!need_lines) {
      if (decay)
        sum.engagement =
            checked(sum.engagement, decay->units(features.engagement.purchase, day), "engagement", line.client);
      return true;
    }
    added = Entry{day, no_code, amount};
    if (!line.order.empty()) {
      const auto terms = base.terms(TableId::transactions, static_cast<std::size_t>(TransactionField::order)).size();
      each_entry(place, [&](const Entry& entry) {
        if (entry.order != no_code && order_text(entry.order) == line.order) added->order = entry.order;
      });
      if (added->order == no_code) {
        added->order = static_cast<std::uint32_t>(terms + order_texts.size());
        text = line.order;
      }
    }
    if (decay) {
      const std::int64_t before = place < sums.size() ? join(place, nullptr).engagement : 0;
      sum.engagement = checked(sum.engagement, join(place, &*added).engagement - before, "engagement", line.client);
    }
    return true;
  });
}

TrackerChange Tracker::State::apply(const RequestRow& request) {
  const std::int32_t day = day_of(request.at, "at");
  return change(request.client, [&](std::uint32_t, Sum& sum, std::optional<Entry>&, std::optional<std::string>&) {
    // Of requests all up to the day are told, whatever the window of the features.
    const bool told = has(Kept::requests) || has(Kept::last_request);
    if (told) {
      if (sum.requests == std::numeric_limits<std::int32_t>::max()) fail_overflow(request.client.to_text(), "requests");
      ++sum.requests;
      sum.last_request = std::max(sum.last_request, day);
    }
    if (day < span.from || day > span.to) return told;
    if (decay)
      sum.engagement =
          checked(sum.engagement, decay->units(features.engagement.request, day), "engagement", request.client);
    return true;
  });
}

TrackerChange Tracker::State::apply(const InteractionRow& interaction) {
  if (!interaction.state.empty() && interaction.state != "planned" && interaction.state != "completed" &&
      interaction.state != "cancelled")
    refuse("state", "is none of planned, completed, cancelled");
  if (!interaction.initiative.empty() && interaction.initiative != "inbound" && interaction.initiative != "outbound")
    refuse("initiative", "is none of inbound, outbound");
  const bool done = interaction.state.empty() ? interaction.started_at.has_value() : interaction.state == "completed";
  std::optional<Instant> at = interaction.started_at;
  for (const auto& other : {interaction.ended_at, interaction.planned_from, interaction.planned_to})
    if (!at) at = other;
  const std::int32_t day = done && at ? day_of(at, "started_at") : null_day;
  return change(interaction.client, [&](std::uint32_t, Sum& sum, std::optional<Entry>&, std::optional<std::string>&) {
    if (day == null_day || day < span.from || day > span.to) return false;
    ++sum.interactions;
    sum.inbound += interaction.initiative == "inbound" ? 1 : 0;
    sum.outbound += interaction.initiative == "outbound" ? 1 : 0;
    sum.last_interaction = std::max(sum.last_interaction, day);
    if (decay) {
      const EngagementOptions& weights = features.engagement;
      const auto weight = [](const auto& by, const std::string& term) {
        const auto found = by.find(term);
        return found == by.end() ? 1.0 : found->second;
      };
      const double all = weight(weights.channel, interaction.channel) *
                         weight(weights.initiative, interaction.initiative) * weight(weights.topic, interaction.topic);
      if (all > 1e9)
        throw Error(Code::overflow, "the weights of channel, initiative and topic multiply to more than 1000000000",
                    "engagement");
      sum.engagement = checked(sum.engagement, decay->units(all, day), "engagement", interaction.client);
    }
    return true;
  });
}

Column Tracker::State::column(std::size_t c, std::span<const std::uint32_t> places) const {
  if (c < measures && kept[c] == Kept::constant) return constants[c]->take(places, arrived);
  const Column& sample = samples[c];
  const std::size_t n = places.size();
  const auto fill = [&]<class T>(T none, auto&& read) {
    Buffer<T> values(n);
    Buffer<std::uint8_t> valid((n + 7) / 8, 0xFF);
    bool nulls = false;
    for (std::size_t i = 0; i < n; ++i) {
      const std::optional<T> value = read(i);
      values[i] = value.value_or(none);
      if (value) continue;
      nulls = true;
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] & ~(1U << (i & 7)));
    }
    if (!nulls) valid = {};
    if constexpr (std::is_same_v<T, std::uint16_t>)
      return Column(sample.name(), std::move(values), sample.shared_labels(), std::move(valid));
    else
      return Column(sample.name(), sample.type(), std::move(values), std::move(valid));
  };
  if (c >= measures) {
    const auto read = [&]<class T>(std::type_identity<T>, std::size_t i) -> std::optional<T> {
      const std::int64_t cell = cells[places[i] * width() + (c - measures)];
      if (cell == null_number) return std::nullopt;
      if constexpr (std::is_same_v<T, double>)
        return std::bit_cast<double>(cell);
      else
        return static_cast<T>(cell);
    };
    const auto of = [&]<class T>(T none) {
      return fill(none, [&](std::size_t i) { return read(std::type_identity<T>{}, i); });
    };
    switch (sample.type()) {
      case ColumnType::boolean: return of(std::uint8_t{0});
      case ColumnType::int8: return of(std::int8_t{0});
      case ColumnType::int32:
      case ColumnType::day: return of(std::int32_t{0});
      case ColumnType::label: return of(std::uint16_t{0});
      case ColumnType::float64: return of(nothing);
      default: return of(std::int64_t{0});
    }
  }
  // Measures follow from the sums; those of lines together are worked out again.
  const ClientId any(0);  // a measure that depends on it is a constant
  const bool repeat = kept[c] >= Kept::repeat_frequency && kept[c] <= Kept::repeat_money;
  const bool joined = repeat || kept[c] == Kept::gap_last || kept[c] == Kept::gap_mean || kept[c] == Kept::gap_cv;
  const auto value = [&](std::size_t i) {
    const std::uint32_t place = places[i];
    const Together lines = joined ? join(place, nullptr) : Together{};
    return value_of(c, any, place, sums[place], lines, repeat ? activity_of(lines) : std::nullopt);
  };
  const auto narrow = [&](std::int32_t none) {
    return fill(none, [&](std::size_t i) -> std::optional<std::int32_t> {
      const CellValue cell = value(i);
      if (!cell.known) return std::nullopt;
      return static_cast<std::int32_t>(cell.key);
    });
  };
  switch (sample.type()) {
    case ColumnType::int32:
    case ColumnType::day: return narrow(null_int32);
    case ColumnType::float64:
      return fill(nothing, [&](std::size_t i) -> std::optional<double> {
        const CellValue cell = value(i);
        if (!cell.known) return std::nullopt;
        return real_of(cell.key);
      });
    default:
      return fill(null_number, [&](std::size_t i) -> std::optional<std::int64_t> {
        const CellValue cell = value(i);
        if (!cell.known) return std::nullopt;
        return cell.key;
      });
  }
}

Table Tracker::State::table(std::span<const std::uint32_t> places) const {
  Table table;
  if (integers) {
    Buffer<std::int64_t> values(places.size());
    for (std::size_t i = 0; i < places.size(); ++i)
      values[i] = places[i] < base.clients() ? ids->values<std::int64_t>()[places[i]]
                                             : arrived[places[i] - base.clients()].integer();
    table.add(Column("client", ColumnType::int64, std::move(values)));
  } else {
    std::vector<std::string> values;
    for (const std::uint32_t place : places)
      values.push_back(place < base.clients() ? ids->to_text(place) : arrived[place - base.clients()].to_text());
    table.add(Column("client", values));
  }
  for (std::size_t c = 0; c < columns.size(); ++c) table.add(column(c, places));
  return table;
}

Tracker::Tracker(const ClientBase& base, Day as_of, std::vector<AnyModel> models, const FeatureOptions& features,
                 const TrackerOptions& options, const Control& control)
    : state_(std::make_unique<State>()) {
  if (base.repeats_rows())
    throw Error(Code::unsupported,
                "an event would count for several clients of a base that was rolled up to every node", "base");
  state_->base = base;
  state_->as_of = as_of;
  state_->features = features;
  state_->options = options;
  state_->models = std::move(models);
  state_->build(control);
}
Tracker::~Tracker() = default;
Tracker::Tracker(Tracker&&) noexcept = default;
Tracker& Tracker::operator=(Tracker&&) noexcept = default;

TrackerChange Tracker::apply(const TransactionRow& line) { return state_->note(line); }
TrackerChange Tracker::apply(const RequestRow& request) { return state_->note(request); }
TrackerChange Tracker::apply(const InteractionRow& interaction) { return state_->note(interaction); }

std::vector<TrackerReason> Tracker::explain(const TrackerChange& change, Language language) const {
  const State& state = *state_;
  if (change.moves.empty()) return {};
  if (change.rows == nullptr || change.rows->before.size() != state.measures)
    throw Error(Code::invalid_argument, "the change is none of this tracker's", "change");
  const auto classified = [&](const std::vector<CellValue>& row) {
    const Table table = state.row_table(change.rows->client, row.data(), state.measures);
    return classify(table, std::span<const AnyModel>(state.models)).classifications;
  };
  const std::vector<Classification> before = classified(change.rows->before);
  const std::vector<Classification> after = classified(change.rows->after);
  std::vector<TrackerReason> reasons;
  for (const TrackerMove& move : change.moves)
    for (std::size_t m = 0; m < after.size(); ++m) {
      if (after[m].table().find(move.column) == nullptr) continue;
      Explained why = explain_change(before[m].reasons(0), after[m].reasons(0), move.column, language);
      reasons.push_back({move.column, std::move(why.measure), std::move(why.before), std::move(why.after),
                         std::move(why.threshold), std::move(why.text)});
      break;
    }
  return reasons;
}

void Tracker::advance(Day as_of, const Control& control) {
  if (as_of < state_->as_of)
    throw Error(Code::invalid_argument,
                "a tracker of " + to_text(state_->as_of) + " cannot go back to " + to_text(as_of), "as_of");
  Tracker next(state_->base, as_of, state_->models, state_->features, state_->options, control);
  for (const Event& event : state_->journal)
    std::visit([&](const auto& row) { static_cast<void>(next.apply(row)); }, event);
  *this = std::move(next);
}

Day Tracker::as_of() const noexcept { return state_->as_of; }
std::size_t Tracker::clients() const noexcept { return state_->sums.size(); }
std::uint64_t Tracker::events() const noexcept { return state_->journal.size(); }
const std::vector<AnyModel>& Tracker::models() const noexcept { return state_->models; }

Table Tracker::snapshot() const {
  const std::size_t base_rows = state_->base.clients();
  std::vector<std::uint32_t> places;
  places.reserve(clients());
  std::uint32_t row = 0;
  for (const auto& [id, place] : state_->arrivals) {
    while (row < base_rows && state_->id_of(row) < id) places.push_back(row++);
    places.push_back(place);
  }
  while (row < base_rows) places.push_back(row++);
  return state_->table(places);
}

Table Tracker::of_client(const ClientId& client) const {
  const std::optional<std::uint32_t> place = state_->place_of(client);
  if (!place) throw Error(Code::not_found, "there is no client " + client.to_text(), client.to_text());
  const std::uint32_t one[1] = {*place};
  return state_->table(one);
}

}  // namespace klientela
