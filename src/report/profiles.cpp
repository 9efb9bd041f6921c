// Profiles of groups: one pass over the rows for all label columns, then sums per group.
#include "klientela/report/profiles.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "features/contact_rows.hpp"
#include "report/columns.hpp"
#include "report/facts.hpp"
#include "report/hypergeometric.hpp"
#include "report/text.hpp"

namespace klientela {
namespace {

using namespace features_internal;
using report::column_of;

constexpr std::uint64_t most_pairs = 50'000'000;

/// Which client is in which group of a column.
struct Grouping {
  std::string column;
  std::vector<std::string> labels;
  std::vector<std::uint32_t> group;  ///< by row; no_code: in none
  std::vector<std::uint32_t> rows;   ///< those of the first group first, ascending within a group
  std::vector<std::size_t> begins;   ///< of each group among them; one more at the end
  [[nodiscard]] std::size_t size() const noexcept { return labels.size(); }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t g) const noexcept {
    return std::span(rows).subspan(begins[g], begins[g + 1] - begins[g]);
  }
};

Grouping grouping_of(const Column& column) {
  Grouping grouping;
  grouping.column = column.name();
  for (const std::string& label : column.labels()) grouping.labels.push_back(report::valid_utf8(label));
  grouping.group.assign(column.size(), no_code);
  grouping.begins.assign(grouping.size() + 1, 0);
  const auto read = [&](const auto codes) {
    for (std::size_t row = 0; row < codes.size(); ++row)
      if (!column.is_null(row)) grouping.group[row] = codes[row];
  };
  if (column.type() == ColumnType::label)
    read(column.values<std::uint16_t>());
  else
    read(column.values<std::uint32_t>());
  for (const std::uint32_t g : grouping.group)
    if (g != no_code) ++grouping.begins[g + 1];
  std::partial_sum(grouping.begins.begin(), grouping.begins.end(), grouping.begins.begin());
  grouping.rows.resize(grouping.begins.back());
  std::vector<std::size_t> ends(grouping.begins.begin(), grouping.begins.end() - 1);
  for (std::size_t row = 0; row < grouping.group.size(); ++row)
    if (grouping.group[row] != no_code) grouping.rows[ends[grouping.group[row]]++] = static_cast<std::uint32_t>(row);
  return grouping;
}

/// Calls each(worker, task) for every task, on so many workers as run at once.
template <class Each>
void share_out(const Control& control, std::size_t tasks, Each&& each) {
  const std::size_t workers = std::min(tasks, control.concurrency());
  std::atomic<std::size_t> next{0};
  control.run(workers, [&](std::size_t worker) {
    for (std::size_t task = next++; task < tasks; task = next++) each(worker, task);
  });
}

/// The different items that every client has: products, categories, topics.
class Baskets {
 public:
  Baskets(std::span<const std::string_view> texts, std::size_t rows)
      : texts_(texts), first_(rows, nullptr), count_(rows, 0) {}

  /// \param read  as of by_row(); puts records
  template <class Read>
  void fill(std::span<const Source> sources, TableId table, const Control& control, Read&& read) {
    by_row<Record>(sources, table, first_.size(), control, std::forward<Read>(read),
                   [&](std::size_t begin, std::size_t end, auto&& each_page) {
                     std::vector<std::uint32_t> ends(end - begin + 1, 0);
                     each_page([&](std::span<const Record> page) {
                       for (const Record& record : page) ++ends[record.row - begin + 1];
                     });
                     std::partial_sum(ends.begin(), ends.end(), ends.begin());
                     if (ends.back() == 0) return;
                     std::vector<std::uint32_t> items(ends.back());
                     std::vector<std::uint32_t> at(ends.begin(), ends.end() - 1);
                     each_page([&](std::span<const Record> page) {
                       for (const Record& record : page) items[at[record.row - begin]++] = record.item;
                     });
                     std::size_t kept = 0;
                     std::vector<std::size_t> starts(end - begin);
                     for (std::size_t i = 0; i < starts.size(); ++i) {
                       const auto from = items.begin() + ends[i];
                       const auto to = items.begin() + ends[i + 1];
                       std::sort(from, to);
                       const auto different = static_cast<std::size_t>(std::unique(from, to) - from);
                       starts[i] = kept;
                       std::copy(from, from + static_cast<std::ptrdiff_t>(different),
                                 items.begin() + static_cast<std::ptrdiff_t>(kept));
                       kept += different;
                       count_[begin + i] = static_cast<std::uint32_t>(different);
                     }
                     items.resize(kept);
                     items.shrink_to_fit();
                     for (std::size_t i = 0; i < starts.size(); ++i) first_[begin + i] = items.data() + starts[i];
                     const std::lock_guard lock(mutex_);
                     items_.push_back(std::move(items));
                   });
  }
  struct Record {
    std::uint32_t row;
    std::uint32_t item;
  };

  [[nodiscard]] std::span<const std::string_view> texts() const noexcept { return texts_; }
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t row) const noexcept { return {first_[row], count_[row]}; }

 private:
  std::span<const std::string_view> texts_;
  std::vector<const std::uint32_t*> first_;
  std::vector<std::uint32_t> count_;
  std::mutex mutex_;
  std::vector<std::vector<std::uint32_t>> items_;  // in no order; first_ points into them
};

template <class Field>
std::size_t index_of(Field field) noexcept {
  return static_cast<std::size_t>(field);
}

bool delivered(const ClientBase& base, TableId table, std::size_t field) {
  const auto chunks = base.chunks(table);
  return std::any_of(chunks.begin(), chunks.end(), [&](const auto& chunk) { return chunk->values(field) != nullptr; });
}

/// What positive lines name.
void fill_bought(Baskets& baskets, std::span<const Source> sources, const FeatureOptions& options, std::size_t field,
                 const Control& control) {
  const DaySpan span = span_of(options, sources[0].as_of);
  baskets.fill(
      sources, TableId::transactions, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        const PurchaseColumns columns(*segment.chunk);
        const Values* values = segment.chunk->values(field);
        if (!columns.complete() || values == nullptr) return;
        PurchaseBlock block;
        std::array<std::uint32_t, block_rows> items;
        columns.read(begin, n, block);
        values->codes(begin, std::span(items.data(), n));
        for (std::size_t i = 0; i < n; ++i)
          if (rows[i] != no_code && items[i] != no_code && block.amounts[i] > 0 && block.days[i] >= span.from &&
              block.days[i] <= span.to)
            put(Baskets::Record{rows[i], items[i]});
      });
}

void fill_requested(Baskets& baskets, std::span<const Source> sources, const FeatureOptions& options,
                    const Control& control) {
  const DaySpan span = span_of(options, sources[0].as_of);
  baskets.fill(
      sources, TableId::requests, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        std::array<std::int32_t, block_rows> days;
        std::array<std::uint32_t, block_rows> items;
        read_days((*segment.chunk)[RequestField::at], begin, std::span(days.data(), n));
        read_codes((*segment.chunk)[RequestField::product], begin, std::span(items.data(), n));
        for (std::size_t i = 0; i < n; ++i)
          if (rows[i] != no_code && items[i] != no_code && days[i] >= span.from && days[i] <= span.to)
            put(Baskets::Record{rows[i], items[i]});
      });
}

std::uint32_t code_of(const Terms& terms, std::string_view text) {
  for (std::size_t code = 0; code < terms.texts.size(); ++code)
    if (terms.texts[code] == text) return static_cast<std::uint32_t>(code);
  return no_code - 1;
}

void fill_topics(Baskets& baskets, std::span<const Source> sources, const InteractionReader& reader,
                 const Control& control) {
  const std::uint32_t inbound = code_of(reader.initiatives, "inbound");
  baskets.fill(
      sources, TableId::interactions, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        reader.read(segment, begin, n, rows, [&](std::size_t i, std::int32_t, const Combination& what) {
          if (what.initiative == inbound && what.topic != no_code) put(Baskets::Record{rows[i], what.topic});
        });
      });
}

/// How many outbound interactions of a client by one channel there were, and how many of them were answered.
struct Tally {
  std::uint32_t row;
  std::uint32_t channel;
  std::int64_t outbound;
  std::int64_t answered;
};

std::vector<Tally> tallies_of(std::span<const Source> sources, const InteractionReader& reader,
                              const ProfileOptions& options, std::size_t rows, const Control& control) {
  struct Event {
    std::uint32_t row;
    std::uint32_t channel;
    std::int64_t at;
    std::int32_t day;
    bool inbound;
    bool positive;
  };
  const std::uint32_t inbound = code_of(reader.initiatives, "inbound");
  const std::uint32_t outbound = code_of(reader.initiatives, "outbound");
  std::vector<bool> positive;
  for (const std::string_view outcome : sources[0].base.terms(TableId::interactions, field(InteractionField::outcome)))
    positive.push_back(std::any_of(options.positive_outcomes.begin(), options.positive_outcomes.end(),
                                   [&](const std::string& each) { return folded_name(each) == folded_name(outcome); }));
  std::mutex mutex;
  std::vector<Tally> tallies;
  by_row<Event>(
      sources, TableId::interactions, rows, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> places, auto&& put) {
        // Its instant is that of its start, else its end, else as planned: as its day.
        const Chunk& chunk = *segment.chunk;
        std::array<std::int64_t, block_rows> at;
        std::array<std::int64_t, block_rows> other;
        std::array<std::uint32_t, block_rows> outcomes;
        std::fill_n(at.begin(), n, null_instant);
        for (const auto each : {InteractionField::started_at, InteractionField::ended_at,
                                InteractionField::planned_from, InteractionField::planned_to}) {
          if (chunk[each] == nullptr) continue;
          chunk[each]->instants(begin, std::span(other.data(), n));
          for (std::size_t i = 0; i < n; ++i)
            if (at[i] == null_instant) at[i] = other[i];
        }
        read_codes(chunk[InteractionField::outcome], begin, std::span(outcomes.data(), n));
        reader.read(segment, begin, n, places, [&](std::size_t i, std::int32_t on, const Combination& what) {
          if (what.initiative != inbound && what.initiative != outbound) return;
          put(Event{places[i], what.channel, at[i], on, what.initiative == inbound,
                    outcomes[i] != no_code && positive[outcomes[i]]});
        });
      },
      [&](std::size_t, std::size_t, auto&& each_page) {
        std::vector<Event> events;
        each_page([&](std::span<const Event> page) { events.insert(events.end(), page.begin(), page.end()); });
        std::sort(events.begin(), events.end(),
                  [](const Event& a, const Event& b) { return a.row != b.row ? a.row < b.row : a.at < b.at; });
        std::vector<Tally> mine;
        for (std::size_t end = events.size(); end > 0;) {
          std::size_t begin = end;
          while (begin > 0 && events[begin - 1].row == events[end - 1].row) --begin;
          // From the last one back: what has the same instant is no reply.
          std::int64_t reply = std::numeric_limits<std::int64_t>::max();  // day of the next inbound one
          for (std::size_t at = end; at > begin;) {
            std::size_t same = at;
            while (same > begin && events[same - 1].at == events[at - 1].at) --same;
            std::int64_t day = reply;
            for (std::size_t i = same; i < at; ++i) {
              const Event& event = events[i];
              if (event.inbound) {
                day = event.day;
              } else {
                const bool answered = event.positive || reply <= std::int64_t{event.day} + options.reply_days;
                mine.push_back({event.row, event.channel, 1, answered ? 1 : 0});
              }
            }
            reply = day;
            at = same;
          }
          end = begin;
        }
        std::sort(mine.begin(), mine.end(), [](const Tally& a, const Tally& b) {
          return a.row != b.row ? a.row < b.row : a.channel < b.channel;
        });
        std::size_t kept = 0;
        for (const Tally& tally : mine) {
          if (kept > 0 && mine[kept - 1].row == tally.row && mine[kept - 1].channel == tally.channel) {
            mine[kept - 1].outbound += tally.outbound;
            mine[kept - 1].answered += tally.answered;
          } else {
            mine[kept++] = tally;
          }
        }
        mine.resize(kept);
        const std::lock_guard lock(mutex);
        tallies.insert(tallies.end(), mine.begin(), mine.end());
      });
  return tallies;
}

template <class T>
using Cells = std::vector<std::optional<T>>;

/// The table of groups in the making.
struct GroupCells {
  struct Spread {
    std::string name;
    Cells<double> means, medians;
  };
  std::vector<std::string> columns, groups;
  Cells<std::int64_t> clients, buyers, money;
  Cells<double> shares, money_shares;
  std::vector<Spread> spreads;
  struct Asked {
    Cells<double> level, low, high;
    Cells<std::int64_t> n;
  };
  std::array<Asked, std::size(measure_names)> asked;
};

/// The value in the middle of ascending ones, or halfway between the two there. Reorders. \pre not empty
template <class T>
double median_of(std::vector<T>& values) {
  const std::size_t middle = values.size() / 2;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(middle);
  std::nth_element(values.begin(), at, values.end());
  const auto high = static_cast<double>(*at);
  if (values.size() % 2 == 1) return high;
  return (static_cast<double>(*std::max_element(values.begin(), at)) + high) / 2;
}

template <class T>
void put_spread(const Grouping& grouping, const Column& column, double scale, GroupCells::Spread& out,
                const Control& control) {
  const auto values = column.values<T>();
  const std::size_t first = out.means.size();
  out.means.resize(first + grouping.size());
  out.medians.resize(first + grouping.size());
  share_out(control, grouping.size(), [&](std::size_t, std::size_t g) {
    __extension__ __int128 sum = 0;
    std::vector<T> mine;
    for (const std::uint32_t row : grouping.of(g)) {
      if (column.is_null(row)) continue;
      mine.push_back(values[row]);
      sum += values[row];
    }
    if (mine.empty()) return;
    out.means[first + g] = static_cast<double>(sum) / (static_cast<double>(mine.size()) * scale);
    out.medians[first + g] = median_of(mine) / scale;
  });
}

void put_answers(const Grouping& grouping, std::span<const Source> sources, const FeatureOptions& options,
                 GroupCells& cells, const Control& control) {
  using All = std::array<Answers, std::size(measure_names)>;
  const AnswerReader reader(sources, options);
  std::vector<Segment> segments;
  append_segments(sources[0].base.chunks(TableId::feedback), 0, segments);
  std::vector<std::vector<All>> parts(control.concurrency());
  share_out(control, segments.size(), [&](std::size_t worker, std::size_t task) {
    std::vector<All>& part = parts[worker];
    if (part.empty()) part.resize(grouping.size());
    const Segment& segment = segments[task];
    std::array<std::uint32_t, block_rows> groups;
    for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
      const std::size_t n = std::min(block_rows, segment.end - begin);
      for (std::size_t i = 0; i < n; ++i) {
        const std::uint32_t code = segment.chunk->clients()[begin + i];
        const std::uint32_t row = code == no_code ? no_code : (*sources[0].row_of)[sources[0].index(code)];
        groups[i] = row == no_code ? no_code : grouping.group[row];
      }
      reader.read(segment, begin, n, std::span<const std::uint32_t>(groups.data(), n),
                  [&](std::size_t i, std::int32_t, Measure measure, std::int64_t score) {
                    add(part[groups[i]][static_cast<std::size_t>(measure)], measure, score);
                  });
    }
  });
  for (std::size_t g = 0; g < grouping.size(); ++g)
    for (std::size_t m = 0; m < std::size(measure_names); ++m) {
      const auto measure = static_cast<Measure>(m);
      Answers all;
      for (const auto& part : parts)
        if (!part.empty()) all += part[g][m];
      auto& out = cells.asked[m];
      out.n.emplace_back(all.n);
      const Interval bounds = all.n == 0 ? Interval{} : interval(measure, all);
      const auto real = [&](double value) {
        return all.n == 0 || value != value ? std::nullopt : std::optional(value);
      };
      out.level.push_back(all.n == 0 ? std::nullopt : std::optional(level(measure, all)));
      out.low.push_back(real(bounds.low));
      out.high.push_back(real(bounds.high));
    }
}

double part_of(std::int64_t part, std::int64_t whole) noexcept {
  return static_cast<double>(part) / static_cast<double>(whole);
}
std::optional<double> share_of(std::int64_t part, std::int64_t whole) noexcept {
  return whole == 0 ? std::nullopt : std::optional(part_of(part, whole));
}

void put_groups(const Grouping& grouping, const FeatureTable& features, GroupCells& cells) {
  const std::vector<std::uint8_t> buyers = report::buyers_of(features);
  const Column* money = report::money_column(features);
  std::vector<report::Total> totals(grouping.size());
  report::Total whole;
  for (std::size_t g = 0; g < grouping.size(); ++g) {
    const auto rows = grouping.of(g);
    cells.columns.push_back(grouping.column);
    cells.groups.push_back(grouping.labels[g]);
    cells.clients.emplace_back(static_cast<std::int64_t>(rows.size()));
    cells.shares.push_back(
        share_of(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(grouping.rows.size())));
    std::int64_t bought = 0;
    for (const std::uint32_t row : rows) {
      if (!buyers.empty()) bought += buyers[row];
      totals[g].add(report::money_at(money, row));
    }
    if (buyers.empty())
      cells.buyers.emplace_back();
    else
      cells.buyers.emplace_back(bought);
    whole += totals[g];
    cells.money.push_back(totals[g].units());
    if (!cells.money.back())
      throw Error(Code::overflow, "the money of group " + grouping.labels[g] + " does not fit", grouping.labels[g]);
  }
  for (const report::Total& total : totals)
    cells.money_shares.push_back(whole.positive() ? std::optional(total.share_of(whole)) : std::nullopt);
}

/// A row of the table of items.
struct ItemRow {
  std::size_t column;
  std::size_t group;
  std::uint16_t kind;
  std::string_view item;
  std::int64_t clients;
  std::int64_t rest_clients;
  std::optional<double> share, rest_share;
  double p;
  double q;
};

void put_items(const Grouping& grouping, std::size_t column, const Baskets& baskets, std::uint16_t kind,
               const ProfileOptions& options, std::vector<ItemRow>& rows, const Control& control) {
  const std::size_t items = baskets.texts().size();
  const std::size_t groups = grouping.size();
  // Clients with any item, and with each.
  std::vector<std::int64_t> with_any(groups, 0);
  std::vector<std::vector<std::uint32_t>> parts(control.concurrency());
  share_out(control, groups, [&](std::size_t worker, std::size_t g) {
    auto& counts = parts[worker];
    if (counts.empty()) counts.assign(items, 0);
    for (const std::uint32_t row : grouping.of(g)) {
      const auto basket = baskets.of(row);
      with_any[g] += basket.empty() ? 0 : 1;
      for (const std::uint32_t item : basket) ++counts[item];
    }
  });
  std::vector<std::int64_t> totals(items, 0);
  for (const auto& counts : parts)
    for (std::size_t item = 0; item < counts.size(); ++item) totals[item] += counts[item];
  parts.clear();
  const std::int64_t all = std::accumulate(with_any.begin(), with_any.end(), std::int64_t{0});
  const auto tested = [&](std::size_t item) { return totals[item] >= options.min_clients; };
  std::uint64_t tested_items = 0;
  for (std::size_t item = 0; item < items; ++item) tested_items += tested(item) ? 1 : 0;
  std::uint64_t tested_groups = 0;
  for (const std::int64_t n : with_any) tested_groups += n > 0 ? 1 : 0;
  const std::uint64_t tests = tested_items * tested_groups;
  const bool two_sided = options.test == ProfileTest::two_sided;
  if (two_sided && tests > most_pairs)
    throw Error(Code::invalid_argument,
                std::to_string(tests) + " two-sided tests of column " + grouping.column + " are more than " +
                    std::to_string(most_pairs) + "; ask for `greater`, or raise min_clients",
                "test");

  struct Entry {
    std::uint32_t item;
    std::int64_t clients;
    double p;
    double q;
  };
  std::vector<std::vector<Entry>> found(groups);
  std::vector<std::vector<std::int64_t>> counts_of(control.concurrency());
  share_out(control, groups, [&](std::size_t worker, std::size_t g) {
    const std::int64_t n = with_any[g];
    if (n == 0) return;
    control.check();
    auto& counts = counts_of[worker];
    if (counts.empty()) counts.assign(items, 0);
    std::vector<std::uint32_t> touched;
    for (const std::uint32_t row : grouping.of(g))
      for (const std::uint32_t item : baskets.of(row))
        if (tested(item) && counts[item]++ == 0) touched.push_back(item);
    if (two_sided) {
      touched.clear();
      for (std::size_t item = 0; item < items; ++item)
        if (tested(item)) touched.push_back(static_cast<std::uint32_t>(item));
    }
    found[g].reserve(touched.size());
    for (const std::uint32_t item : touched) {
      const report::Hypergeometric chance(all, totals[item], n);
      const std::int64_t k = std::exchange(counts[item], 0);
      found[g].push_back({item, k, two_sided ? chance.two_sided(k) : chance.at_least(k), 1});
    }
  });

  // What nobody of a group has counts as a test too: its one-sided p is 1, behind all others.
  std::vector<Entry*> entries;
  for (auto& of_group : found)
    for (Entry& entry : of_group) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](const Entry* a, const Entry* b) { return a->p < b->p; });
  std::vector<double> p;
  p.reserve(entries.size());
  for (const Entry* entry : entries) p.push_back(entry->p);
  const std::vector<double> q = report::false_discovery_rates(p, static_cast<double>(tests));
  for (std::size_t i = 0; i < entries.size(); ++i) entries[i]->q = q[i];

  __extension__ typedef __int128 Wide;
  for (std::size_t g = 0; g < groups; ++g) {
    const std::int64_t n = with_any[g];
    auto& mine = found[g];
    const auto rest = [&](const Entry& entry) { return totals[entry.item] - entry.clients; };
    if (!two_sided)
      std::erase_if(mine, [&](const Entry& entry) { return Wide{entry.clients} * (all - n) <= Wide{rest(entry)} * n; });
    // Lifts as fractions: clients / n over rest / (all - n); n and all - n are the same for all of a group.
    const auto before = [&](const Entry& a, const Entry& b) {
      if (a.p != b.p) return a.p < b.p;
      const Wide left = Wide{a.clients} * rest(b);
      const Wide right = Wide{b.clients} * rest(a);
      if (left != right) return left > right;
      return baskets.texts()[a.item] < baskets.texts()[b.item];
    };
    const std::size_t listed = options.top == 0 ? mine.size() : std::min<std::size_t>(mine.size(), options.top);
    std::partial_sort(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(listed), mine.end(), before);
    for (std::size_t i = 0; i < listed; ++i) {
      const Entry& entry = mine[i];
      rows.push_back({column, g, kind, baskets.texts()[entry.item], entry.clients, rest(entry),
                      share_of(entry.clients, n), share_of(rest(entry), all - n), entry.p, entry.q});
    }
  }
}

Table item_table(std::vector<ItemRow>& rows, const std::vector<Grouping>& groupings) {
  // Kinds came one after the other for all columns.
  std::stable_sort(rows.begin(), rows.end(), [](const ItemRow& a, const ItemRow& b) {
    return a.column != b.column ? a.column < b.column : a.group < b.group;
  });
  std::vector<std::string> columns, groups, items;
  std::vector<std::uint16_t> kinds;
  Cells<std::int64_t> clients, rest_clients;
  Cells<double> shares, rest_shares, lifts, p, q;
  for (const ItemRow& row : rows) {
    columns.push_back(groupings[row.column].column);
    groups.push_back(groupings[row.column].labels[row.group]);
    kinds.push_back(row.kind);
    items.emplace_back(row.item);
    clients.emplace_back(row.clients);
    rest_clients.emplace_back(row.rest_clients);
    shares.push_back(row.share);
    rest_shares.push_back(row.rest_share);
    lifts.push_back(row.rest_clients > 0 ? std::optional(*row.share / *row.rest_share) : std::nullopt);
    p.emplace_back(row.p);
    q.emplace_back(row.q);
  }
  Table table;
  table.add(Column("column", columns));
  table.add(Column("group", groups));
  table.add(report::label_column("kind", kinds, {"product", "category", "requested", "topic"}));
  table.add(Column("item", items));
  table.add(column_of("clients", ColumnType::int64, clients));
  table.add(column_of("share", ColumnType::float64, shares));
  table.add(column_of("rest_clients", ColumnType::int64, rest_clients));
  table.add(column_of("rest_share", ColumnType::float64, rest_shares));
  table.add(column_of("lift", ColumnType::float64, lifts));
  table.add(column_of("p", ColumnType::float64, p));
  table.add(column_of("q", ColumnType::float64, q));
  return table;
}

/// The table of channels in the making.
struct ChannelCells {
  std::vector<std::string> columns, groups, channels;
  Cells<std::int64_t> outbound, answered;
  Cells<double> shares, lows, highs, rest_shares;
};

void put_channels(const Grouping& grouping, const std::vector<Tally>& tallies, const Terms& terms,
                  ChannelCells& cells) {
  struct Sum {
    std::int64_t outbound{0};
    std::int64_t answered{0};
  };
  std::unordered_map<std::uint64_t, Sum> sums;
  std::unordered_map<std::uint32_t, Sum> wholes;
  for (const Tally& tally : tallies) {
    const std::uint32_t group = grouping.group[tally.row];
    if (group == no_code) continue;
    for (Sum* sum : {&sums[(std::uint64_t{group} << 32) | tally.channel], &wholes[tally.channel]}) {
      sum->outbound += tally.outbound;
      sum->answered += tally.answered;
    }
  }
  struct Row {
    std::uint32_t group;
    std::string_view channel;
    Sum sum;
    Sum rest;
  };
  std::vector<Row> rows;
  for (const auto& [key, sum] : sums) {
    const auto channel = static_cast<std::uint32_t>(key);
    const Sum& whole = wholes[channel];
    rows.push_back({static_cast<std::uint32_t>(key >> 32),
                    channel == no_code ? std::string_view() : terms.texts[channel],
                    sum,
                    {whole.outbound - sum.outbound, whole.answered - sum.answered}});
  }
  std::sort(rows.begin(), rows.end(),
            [](const Row& a, const Row& b) { return a.group != b.group ? a.group < b.group : a.channel < b.channel; });
  for (const Row& row : rows) {
    const Interval bounds = wilson_interval(row.sum.answered, row.sum.outbound);
    cells.columns.push_back(grouping.column);
    cells.groups.push_back(grouping.labels[row.group]);
    cells.channels.emplace_back(row.channel);
    cells.outbound.emplace_back(row.sum.outbound);
    cells.answered.emplace_back(row.sum.answered);
    cells.shares.push_back(share_of(row.sum.answered, row.sum.outbound));
    cells.lows.emplace_back(bounds.low);
    cells.highs.emplace_back(bounds.high);
    cells.rest_shares.push_back(share_of(row.rest.answered, row.rest.outbound));
  }
}

bool can_group(const Column& column) noexcept {
  return column.type() == ColumnType::label || column.type() == ColumnType::term;
}

void check(const ProfileOptions& options) {
  const auto refuse = [](const char* option, const char* message) {
    throw Error(Code::invalid_argument, std::string(option) + " " + message, option);
  };
  if (options.min_clients < 1) refuse("min_clients", "must be 1 or more");
  if (options.reply_days < 0) refuse("reply_days", "must not be below 0");
  if (options.test != ProfileTest::greater && options.test != ProfileTest::two_sided)
    refuse("test", "is neither greater nor two_sided");
}

/// The columns asked for, each once, or those that stand for the contact matrix and RFM.
std::vector<const Column*> columns_of(const ReportInput& input, const ProfileOptions& options) {
  std::vector<const Column*> columns;
  const auto add = [&](const Column& column) {
    if (std::find(columns.begin(), columns.end(), &column) == columns.end()) columns.push_back(&column);
  };
  if (options.columns) {
    for (const std::string& name : *options.columns) add(profile_column(input.features.table(), name));
    return columns;
  }
  const auto add_known = [&](const std::string& name) {
    if (const Column* column = input.features.find(name); column != nullptr && can_group(*column)) add(*column);
  };
  if (const auto matrix = report::matrix_of(input)) add_known(matrix->group.name());
  if (const Classification* rfm = report::first_of_kind(input, "rfm")) add_known(rfm->name() + "_segment");
  return columns;
}

}  // namespace

const Column& profile_column(const Table& features, std::string_view name) {
  const Column* column = features.find(name);
  std::string known;
  std::size_t endings = 0;
  if (column == nullptr || !can_group(*column)) {
    column = nullptr;
    const std::string ending = "_" + std::string(name);
    for (const Column& each : features.columns()) {
      if (!can_group(each)) continue;
      known += (known.empty() ? "" : ", ") + each.name();
      if (std::string_view(each.name()).ends_with(ending) && ++endings == 1) column = &each;
    }
  }
  if (column == nullptr || endings > 1)
    throw Error(Code::not_found,
                "\"" + std::string(name) + "\" names no column of groups" + (endings > 1 ? " alone" : "") +
                    "; those there are: " + (known.empty() ? "none" : known),
                std::string(name));
  return *column;
}

Profiles group_profiles(const ReportInput& input, const ProfileOptions& options, const Control& control) {
  check(options);
  const FeatureTable& features = input.features;
  const ClientBase& base = input.base;
  const std::size_t rows = features.rows();
  if (rows != base.clients())
    throw Error(Code::invalid_argument, "the features are not of the clients of the base", "features");
  std::vector<Grouping> groupings;
  for (const Column* column : columns_of(input, options)) groupings.push_back(grouping_of(*column));
  control.check();
  control.report("profiles", 0);

  const FeatureOptions window = features.state() ? features.state()->options : FeatureOptions();
  Source source{base, features.as_of(), CodeIndex(base.partition_sizes()), nullptr, nullptr};
  source.row_of = rows_by_code(base, source.index, control);
  const std::span<const Source> sources(&source, 1);
  GroupCells groups;
  std::vector<ItemRow> items;
  ChannelCells channels;

  // Items of one kind after the other: baskets are large.
  const auto put_kind = [&](std::uint16_t kind, TableId table, std::size_t field, auto&& fill) {
    if (groupings.empty() || base.accepted(table) == 0 || !delivered(base, table, field)) return;
    control.check();
    Baskets baskets(base.terms(table, field), rows);
    fill(baskets);
    for (std::size_t c = 0; c < groupings.size(); ++c)
      put_items(groupings[c], c, baskets, kind, options, items, control);
  };
  for (const auto& [kind, field] :
       {std::pair(0, TransactionField::product), std::pair(1, TransactionField::product_category)})
    put_kind(static_cast<std::uint16_t>(kind), TableId::transactions, index_of(field),
             [&, what = field](Baskets& baskets) { fill_bought(baskets, sources, window, index_of(what), control); });
  put_kind(2, TableId::requests, index_of(RequestField::product),
           [&](Baskets& baskets) { fill_requested(baskets, sources, window, control); });
  const InteractionReader reader(sources, window);
  put_kind(3, TableId::interactions, index_of(InteractionField::topic),
           [&](Baskets& baskets) { fill_topics(baskets, sources, reader, control); });

  std::vector<Tally> tallies;
  if (!groupings.empty()) tallies = tallies_of(sources, reader, options, rows, control);
  const bool answers = base.accepted(TableId::feedback) > 0;
  const Column* money = report::money_column(features);
  if (money != nullptr) groups.spreads.push_back({"money", {}, {}});
  std::vector<const Column*> spread_columns;
  for (const char* name : {"frequency", "recency_days", "tenure_days"})
    if (const Column* column = features.find(name); column != nullptr && column->type() == ColumnType::int32) {
      spread_columns.push_back(column);
      groups.spreads.push_back({name, {}, {}});
    }
  for (const Grouping& grouping : groupings) {
    put_groups(grouping, features, groups);
    std::size_t next = 0;
    if (money != nullptr)
      put_spread<std::int64_t>(grouping, *money, static_cast<double>(Money::scale), groups.spreads[next++], control);
    for (const Column* column : spread_columns)
      put_spread<std::int32_t>(grouping, *column, 1, groups.spreads[next++], control);
    if (answers) put_answers(grouping, sources, window, groups, control);
    put_channels(grouping, tallies, reader.channels, channels);
  }

  Profiles profiles;
  const auto texts = [](Table& table, const char* name, const std::vector<std::string>& values) {
    table.add(Column(name, values));
  };
  const auto whole = [](Table& table, std::string name, const Cells<std::int64_t>& values,
                        ColumnType type = ColumnType::int64) { table.add(column_of(std::move(name), type, values)); };
  const auto real = [](Table& table, std::string name, const Cells<double>& values) {
    table.add(column_of(std::move(name), ColumnType::float64, values));
  };
  Table& of_groups = profiles.groups;
  texts(of_groups, "column", groups.columns);
  texts(of_groups, "group", groups.groups);
  whole(of_groups, "clients", groups.clients);
  real(of_groups, "share", groups.shares);
  whole(of_groups, "buyers", groups.buyers);
  if (money != nullptr) {
    whole(of_groups, "money_sum", groups.money, ColumnType::money);
    real(of_groups, "money_share", groups.money_shares);
  }
  for (const GroupCells::Spread& spread : groups.spreads) {
    real(of_groups, spread.name + "_mean", spread.means);
    real(of_groups, spread.name + "_median", spread.medians);
  }
  for (std::size_t m = 0; answers && m < std::size(measure_names); ++m) {
    const std::string name(measure_names[m]);
    real(of_groups, name, groups.asked[m].level);
    whole(of_groups, name + "_n", groups.asked[m].n);
    real(of_groups, name + "_low", groups.asked[m].low);
    real(of_groups, name + "_high", groups.asked[m].high);
  }
  profiles.products = item_table(items, groupings);
  Table& of_channels = profiles.channels;
  texts(of_channels, "column", channels.columns);
  texts(of_channels, "group", channels.groups);
  texts(of_channels, "channel", channels.channels);
  whole(of_channels, "outbound", channels.outbound);
  whole(of_channels, "answered", channels.answered);
  real(of_channels, "share", channels.shares);
  real(of_channels, "low", channels.lows);
  real(of_channels, "high", channels.highs);
  real(of_channels, "rest_share", channels.rest_shares);
  control.report("profiles", 1);
  return profiles;
}

}  // namespace klientela
