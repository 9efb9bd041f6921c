// What clients and the company said to each other: interactions, engagement, satisfaction.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "features/contact_rows.hpp"
#include "features/decay.hpp"
#include "features/state.hpp"
#include "klientela/features/summary.hpp"

namespace klientela::features_internal {
namespace {

std::string_view text_of(const Terms& terms, std::uint32_t code) noexcept {
  return code == no_code ? std::string_view() : terms.texts[code];
}

double weight_of(const std::map<std::string, double, std::less<>>& weights, std::string_view term) {
  const auto found = weights.find(term);
  return found == weights.end() ? 1.0 : found->second;
}

struct Kind {
  std::uint32_t column{no_code};  // of the split counts
  bool inbound{false};
  bool outbound{false};
  double weight{1};
};

bool any_accepted(std::span<const Source> sources, TableId table) {
  return std::any_of(sources.begin(), sources.end(),
                     [table](const Source& source) { return source.base.accepted(table) > 0; });
}

void fill_interactions(Store& store, std::span<const Source> sources, const FeatureOptions& options,
                       const Layout& layout, const Decay& decay, EngagementSums& engagement,
                       std::atomic<std::uint32_t>& overflow_row, const Control& control) {
  const bool counting = layout.has(FeatureGroup::interactions);
  const InteractionReader reader(sources, options);

  // Which combinations occur, first: they are the columns.
  std::vector<Segment> segments;
  for (std::size_t s = 0; s < sources.size(); ++s)
    append_segments(sources[s].base.chunks(TableId::interactions), s, segments);
  std::unordered_set<Combination, CombinationHash> occurring;
  std::mutex mutex;
  control.run(segments.size(), [&](std::size_t task) {
    const Segment& segment = segments[task];
    const Source& source = sources[segment.source];
    std::unordered_set<Combination, CombinationHash> mine;
    std::array<std::uint32_t, block_rows> rows;
    for (std::size_t begin = segment.begin; begin < segment.end; begin += block_rows) {
      const std::size_t n = std::min(block_rows, segment.end - begin);
      const std::uint32_t* codes = segment.chunk->clients().data() + begin;
      for (std::size_t i = 0; i < n; ++i)
        rows[i] = codes[i] == no_code ? no_code : (*source.row_of)[source.index(codes[i])];
      Combination last{no_code, no_code, no_code};
      bool any = false;
      reader.read(segment, begin, n, std::span<const std::uint32_t>(rows.data(), n),
                  [&](std::size_t, std::int32_t, const Combination& combination) {
                    if (any && combination == last) return;
                    any = true;
                    last = combination;
                    mine.insert(combination);
                  });
    }
    const std::lock_guard lock(mutex);
    occurring.insert(mine.begin(), mine.end());
  });
  std::vector<Combination> combinations(occurring.begin(), occurring.end());
  std::sort(combinations.begin(), combinations.end(), [&](const Combination& a, const Combination& b) {
    return std::tuple(text_of(reader.channels, a.channel), text_of(reader.initiatives, a.initiative),
                      text_of(reader.topics, a.topic)) < std::tuple(text_of(reader.channels, b.channel),
                                                                    text_of(reader.initiatives, b.initiative),
                                                                    text_of(reader.topics, b.topic));
  });
  std::unordered_map<Combination, std::uint32_t, CombinationHash> number_of;
  std::vector<Kind> kinds;
  for (const Combination& combination : combinations) {
    number_of.emplace(combination, static_cast<std::uint32_t>(kinds.size()));
    const std::string_view initiative = text_of(reader.initiatives, combination.initiative);
    Kind kind;
    kind.inbound = initiative == "inbound";
    kind.outbound = initiative == "outbound";
    // A missing channel or topic has no weight of its own; the empty term stands for it.
    kind.weight = weight_of(options.engagement.channel, text_of(reader.channels, combination.channel)) *
                  weight_of(options.engagement.initiative, initiative) *
                  weight_of(options.engagement.topic, text_of(reader.topics, combination.topic));
    if (layout.has(FeatureGroup::engagement) && kind.weight > 1e9)
      throw Error(Code::overflow, "the weights of channel, initiative and topic multiply to more than 1000000000",
                  "engagement");
    kinds.push_back(kind);
  }

  std::vector<std::int32_t*> columns;
  std::int32_t* all = nullptr;
  std::int32_t* inbound = nullptr;
  std::int32_t* outbound = nullptr;
  std::int32_t* last = nullptr;
  if (counting) {
    // Zero means that there were none; where the base has no interactions at all nobody can tell.
    const bool told = any_accepted(sources, TableId::interactions);
    const auto zeros = [&](std::string name) {
      std::int32_t* values = store.add(FeatureGroup::interactions, std::move(name), ColumnType::int32, !told).int32s();
      const std::int32_t none = told ? 0 : null_int32;
      over_rows(control, store.rows, [&](std::size_t b, std::size_t e) { std::fill(values + b, values + e, none); });
      return values;
    };
    all = zeros("interactions");
    inbound = zeros("interactions_inbound");
    outbound = zeros("interactions_outbound");
    last = store.add(FeatureGroup::interactions, "last_interaction", ColumnType::day, true).int32s();
    over_rows(control, store.rows, [&](std::size_t b, std::size_t e) { std::fill(last + b, last + e, null_day); });
    const auto limit = static_cast<std::size_t>(options.max_interaction_columns);
    for (const bool by_topic : {true, false}) {
      std::vector<std::string> names;
      std::vector<std::uint32_t> column_of;
      for (const Combination& combination : combinations) {
        std::string name = "interactions[" + std::string(text_of(reader.channels, combination.channel)) + ',' +
                           std::string(text_of(reader.initiatives, combination.initiative));
        if (by_topic) name += ',' + std::string(text_of(reader.topics, combination.topic));
        name += ']';
        // Texts may hold commas: two combinations can read the same, then they are one column.
        const auto known = std::find(names.begin(), names.end(), name);
        column_of.push_back(static_cast<std::uint32_t>(known - names.begin()));
        if (known == names.end()) names.push_back(std::move(name));
        if (names.size() > limit) break;
      }
      if (names.size() > limit) continue;
      for (std::size_t k = 0; k < kinds.size(); ++k) kinds[k].column = column_of[k];
      for (std::string& name : names) columns.push_back(zeros(std::move(name)));
      break;
    }
  }

  struct Record {
    std::uint32_t row;
    std::uint32_t kind;
    std::int32_t day;
  };
  by_row<Record>(
      sources, TableId::interactions, store.rows, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        reader.read(segment, begin, n, rows, [&](std::size_t i, std::int32_t day, const Combination& combination) {
          put(Record{rows[i], number_of.find(combination)->second, day});
        });
      },
      [&](std::size_t, std::size_t, auto&& each_page) {
        each_page([&](std::span<const Record> page) {
          for (const Record& record : page) {
            const Kind& kind = kinds[record.kind];
            if (counting) {
              ++all[record.row];
              inbound[record.row] += kind.inbound ? 1 : 0;
              outbound[record.row] += kind.outbound ? 1 : 0;
              last[record.row] = std::max(last[record.row], record.day);
              if (kind.column != no_code) ++columns[kind.column][record.row];
            }
            if (!engagement.empty() &&
                __builtin_add_overflow(engagement[record.row], decay.units(kind.weight, record.day),
                                       &engagement[record.row]))
              note_smallest(overflow_row, record.row);
          }
        });
      });
  seal(store, FeatureGroup::interactions, control);
}

void add_requests(Store& store, std::span<const Source> sources, const FeatureOptions& options, const Decay& decay,
                  EngagementSums& engagement, std::atomic<std::uint32_t>& overflow_row, const Control& control) {
  struct Record {
    std::uint32_t row;
    std::int32_t day;
  };
  by_row<Record>(
      sources, TableId::requests, store.rows, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        const DaySpan span = span_of(options, sources[segment.source].as_of);
        std::array<std::int32_t, block_rows> days;
        read_days((*segment.chunk)[RequestField::at], begin, std::span(days.data(), n));
        for (std::size_t i = 0; i < n; ++i)
          if (rows[i] != no_code && days[i] >= span.from && days[i] <= span.to) put(Record{rows[i], days[i]});
      },
      [&](std::size_t, std::size_t, auto&& each_page) {
        each_page([&](std::span<const Record> page) {
          for (const Record& record : page)
            if (__builtin_add_overflow(engagement[record.row], decay.units(options.engagement.request, record.day),
                                       &engagement[record.row]))
              note_smallest(overflow_row, record.row);
        });
      });
}

void fill_satisfaction(Store& store, std::span<const Source> sources, const FeatureOptions& options, Day as_of,
                       const Control& control) {
  constexpr FeatureGroup group = FeatureGroup::satisfaction;
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  struct Columns {
    double* level;
    std::int32_t* n;
    double* low;
    double* high;
    double* trend;
  };
  std::array<Columns, 3> columns{};
  for (std::size_t m = 0; m < 3; ++m) {
    const std::string name(measure_names[m]);
    columns[m].level = store.add(group, name, ColumnType::float64, true).doubles();
    columns[m].n = store.add(group, name + "_n", ColumnType::int32, false).int32s();
    columns[m].low = store.add(group, name + "_low", ColumnType::float64, true).doubles();
    columns[m].high = store.add(group, name + "_high", ColumnType::float64, true).doubles();
    columns[m].trend = store.add(group, name + "_trend", ColumnType::float64, true).doubles();
    for (double* values : {columns[m].level, columns[m].low, columns[m].high, columns[m].trend})
      over_rows(control, store.rows, [&](std::size_t b, std::size_t e) { std::fill(values + b, values + e, nothing); });
    over_rows(control, store.rows,
              [&](std::size_t b, std::size_t e) { std::fill(columns[m].n + b, columns[m].n + e, 0); });
  }
  const FeatureWindow window = feature_window(as_of, options);
  const bool bounded = options.window_days || options.window_months;
  const std::int32_t half =
      options.trend_days ? *options.trend_days : (bounded ? (number(window.last) - number(window.first) + 1) / 2 : 90);
  const std::int32_t recent_from = number(as_of) - half + 1;
  const std::int32_t former_from = recent_from - half;
  const AnswerReader reader(sources, options);
  struct Record {
    std::uint32_t row;
    std::int32_t day;
    std::int64_t score;
    Measure measure;
  };
  by_row<Record>(
      sources, TableId::feedback, store.rows, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        reader.read(segment, begin, n, rows, [&](std::size_t i, std::int32_t on, Measure measure, std::int64_t score) {
          put(Record{rows[i], on, score, measure});
        });
      },
      [&](std::size_t begin, std::size_t end, auto&& each_page) {
        struct Client {
          std::array<Answers, 3> all, recent, former;
        };
        std::vector<Client> clients(end - begin);
        each_page([&](std::span<const Record> page) {
          for (const Record& record : page) {
            Client& client = clients[record.row - begin];
            const auto m = static_cast<std::size_t>(record.measure);
            add(client.all[m], record.measure, record.score);
            if (record.day >= recent_from) {
              add(client.recent[m], record.measure, record.score);
            } else if (record.day >= former_from) {
              add(client.former[m], record.measure, record.score);
            }
          }
        });
        for (std::size_t r = begin; r < end; ++r)
          for (std::size_t m = 0; m < 3; ++m) {
            const Client& client = clients[r - begin];
            const auto measure = static_cast<Measure>(m);
            const Answers& all = client.all[m];
            if (all.n == 0) continue;
            const Interval bounds = interval(measure, all);
            columns[m].n[r] = static_cast<std::int32_t>(all.n);
            columns[m].level[r] = level(measure, all);
            columns[m].low[r] = bounds.low;
            columns[m].high[r] = bounds.high;
            if (client.recent[m].n != 0 && client.former[m].n != 0)
              columns[m].trend[r] = level(measure, client.recent[m]) - level(measure, client.former[m]);
          }
      });
  seal(store, group, control);
}

}  // namespace

void fill_contacts(Store& store, std::span<const Source> sources, const FeatureOptions& options, const Layout& layout,
                   Day as_of, EngagementSums& engagement, const Control& control) {
  if (layout.has(FeatureGroup::interactions) || layout.has(FeatureGroup::engagement)) {
    const Decay decay(options.engagement.half_life_days, number(as_of));
    std::atomic<std::uint32_t> overflow_row{no_code};
    fill_interactions(store, sources, options, layout, decay, engagement, overflow_row, control);
    if (layout.has(FeatureGroup::engagement)) {
      add_requests(store, sources, options, decay, engagement, overflow_row, control);
      if (const std::uint32_t row = overflow_row.load(); row != no_code) throw EngagementOverflow{row};
      // Orders alone say nothing about contacts: without any there is no engagement to tell.
      const bool told = any_accepted(sources, TableId::interactions) || any_accepted(sources, TableId::requests);
      double* const score = store.add(FeatureGroup::engagement, "engagement", ColumnType::float64, !told).doubles();
      over_rows(control, store.rows, [&](std::size_t begin, std::size_t end) {
        for (std::size_t r = begin; r < end; ++r)
          score[r] =
              told ? static_cast<double>(engagement[r]) / engagement_scale : std::numeric_limits<double>::quiet_NaN();
      });
      seal(store, FeatureGroup::engagement, control);
    }
  }
  if (layout.has(FeatureGroup::satisfaction)) fill_satisfaction(store, sources, options, as_of, control);
}

}  // namespace klientela::features_internal
