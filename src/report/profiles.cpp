// Profiles of groups, put together: one pass over the rows for all label columns, then sums and tables per group.
#include "klientela/report/profiles.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "features/contact_rows.hpp"
#include "report/columns.hpp"
#include "report/facts.hpp"
#include "report/grouping.hpp"
#include "report/profile_counts.hpp"
#include "report/profile_items.hpp"

namespace klientela {
namespace {

using namespace features_internal;
using namespace report;  // NOLINT: the stage's own internals

template <class T>
using Cells = std::vector<std::optional<T>>;

template <class Field>
std::size_t index_of(Field field) noexcept {
  return static_cast<std::size_t>(field);
}

bool delivered(const ClientBase& base, TableId table, std::size_t field) {
  const auto chunks = base.chunks(table);
  return std::any_of(chunks.begin(), chunks.end(), [&](const auto& chunk) { return chunk->values(field) != nullptr; });
}

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
