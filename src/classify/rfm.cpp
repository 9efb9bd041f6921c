// RFM: edges by quantile, rank or cut-off, scores by comparing with them, segments by a look-up over all cells.
#include "klientela/classify/rfm.hpp"

#include <algorithm>
#include <map>

#include "classify/client_order.hpp"
#include "classify/measure.hpp"
#include "classify/options.hpp"
#include "classify/reasoning.hpp"
#include "classify/scoring.hpp"
#include "classify/threshold_json.hpp"
#include "klientela/classify/kernels.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

struct RfmModel::Data {
  std::string name;
  RfmOptions options;
  SegmentTable segments;
  /// By measure, then group.
  std::array<std::vector<std::vector<RfmEdge>>, 3> edges;
  std::shared_ptr<const std::vector<std::string>> labels;  // segments, otherwise, last "none"
  std::vector<std::uint32_t> lookup;                       // bins in ascending value, recency first -> label
  std::vector<std::int32_t> row_of;                        // the same -> segment row, -1: otherwise

  Data(std::string called, RfmOptions chosen) : name(std::move(called)), options(std::move(chosen)) {
    segments = segments_in_use(options);
    std::vector<std::string> names;
    const auto code_of = [&](const std::string& segment) {
      const auto place = static_cast<std::size_t>(std::find(names.begin(), names.end(), segment) - names.begin());
      if (place == names.size()) names.push_back(segment);
      return static_cast<std::uint32_t>(place);
    };
    std::vector<std::uint32_t> codes;
    for (const SegmentRow& row : segments.rows) codes.push_back(code_of(row.segment));
    const std::uint32_t rest = segments.otherwise.empty() ? 0 : code_of(segments.otherwise);
    names.emplace_back("none");
    labels = std::make_shared<const std::vector<std::string>>(std::move(names));
    const int bins = options.bins;
    for (int r = 0; r < bins; ++r)
      for (int f = 0; f < bins; ++f)
        for (int m = 0; m < bins; ++m) {
          const ScoreCell cell{score(0, r), score(1, f), score(2, m)};
          const auto fits = [](const ScoreRange& range, int value) {
            return range.low <= value && value <= range.high;
          };
          std::int32_t found = -1;
          for (std::size_t i = 0; i < segments.rows.size() && found < 0; ++i) {
            const SegmentRow& row = segments.rows[i];
            if (fits(row.recency, cell.recency) && fits(row.frequency, cell.frequency) && fits(row.money, cell.money))
              found = static_cast<std::int32_t>(i);
          }
          row_of.push_back(found);
          lookup.push_back(found < 0 ? rest : codes[static_cast<std::size_t>(found)]);
        }
  }

  [[nodiscard]] const RfmMeasure& measure(std::size_t m) const {
    return m == 0 ? options.recency : m == 1 ? options.frequency : options.money;
  }
  [[nodiscard]] int score(std::size_t m, int bin) const {
    return kernels::score_of_bin(bin, options.bins, measure(m).low_is_better, options.best == BestScore::low);
  }
  [[nodiscard]] std::size_t groups(std::size_t m) const {
    const auto bins = static_cast<std::size_t>(options.bins);
    if (options.nesting == Nesting::independent || m == 0) return 1;
    return m == 1 ? bins : bins * bins;
  }
};

namespace {

std::vector<Threshold> plain(const std::vector<RfmEdge>& edges) {
  std::vector<Threshold> thresholds;
  for (const RfmEdge& edge : edges) thresholds.push_back(edge.at);
  return thresholds;
}

/// The edges of one group, ready to compare a column with.
struct GroupScorer {
  GroupScorer(const Measure& measure, const std::vector<RfmEdge>& from) : edges(measure, plain(from)) {
    for (const RfmEdge& edge : from)
      if (edge.last_client) ties.push_back({measure.floor_key(edge.at), *edge.last_client});
  }
  struct Tie {
    std::int64_t key;
    std::string last_client;
  };
  BinEdges edges;
  std::vector<Tie> ties;
  /// What cut ties add to the bin of a row with that key.
  [[nodiscard]] std::uint8_t tied(std::int64_t key, const IdView& client) const {
    std::uint8_t above = 0;
    for (const Tie& tie : ties)
      if (tie.key == key && client > IdView::of(tie.last_client)) ++above;
    return above;
  }
};

/// One measure with the edges of all its groups.
class Scorer {
 public:
  Scorer(const Measure& measure, const std::vector<std::vector<RfmEdge>>& groups, const ClientOrder* clients)
      : measure_(measure), clients_(clients) {
    for (const std::vector<RfmEdge>& edges : groups) {
      groups_.emplace_back(measure, edges);
      ties_ = ties_ || !groups_.back().ties.empty();
    }
  }
  /// \param group  of each row; not read where there is one group only
  void bins(std::size_t begin, std::size_t end, const std::uint8_t* group, std::uint8_t* out) const {
    groups_[0].edges.bins(measure_, begin, end, out);
    if (groups_.size() > 1) {
      std::uint8_t other[block_rows];
      std::array<bool, 81> seen{};
      for (std::size_t i = 0; i < end - begin; ++i) seen[group[i]] = true;
      for (std::size_t g = 1; g < groups_.size(); ++g) {
        if (!seen[g]) continue;
        groups_[g].edges.bins(measure_, begin, end, other);
        for (std::size_t i = 0; i < end - begin; ++i)
          if (group[i] == g) out[i] = other[i];
      }
    }
    if (!ties_) return;
    for (std::size_t row = begin; row < end; ++row) {
      const GroupScorer& edges = groups_[groups_.size() > 1 ? group[row - begin] : 0];
      const std::int64_t key = measure_.key(row);
      for (const GroupScorer::Tie& tie : edges.ties)
        if (tie.key == key) {
          out[row - begin] = static_cast<std::uint8_t>(out[row - begin] + edges.tied(key, clients_->id(row)));
          break;
        }
    }
  }

 private:
  const Measure& measure_;
  const ClientOrder* clients_;
  std::vector<GroupScorer> groups_;
  bool ties_{false};
};

bool cuts_ties(const std::array<std::vector<std::vector<RfmEdge>>, 3>& edges) {
  for (const auto& groups : edges)
    for (const auto& group : groups)
      for (const RfmEdge& edge : group)
        if (edge.last_client) return true;
  return false;
}

/// The edge k of a ranking, given what stands at place p (from 1) = floor(k * n / bins).
struct RankEdge {
  bool at_place{false};        // the value there is the edge
  bool predecessor{false};     // the next smaller value is
  std::uint64_t cut_after{0};  // > 0: the tie there is cut after so many
};

RankEdge rank_edge(TiePolicy ties, const OrderStatistic& there, std::uint64_t place, std::uint64_t k, std::uint64_t n,
                   std::uint64_t bins) {
  const std::uint64_t last = there.less + there.equal;
  switch (ties) {
    case TiePolicy::min: return {.at_place = true};
    case TiePolicy::first:
      return last <= place ? RankEdge{.at_place = true} : RankEdge{.at_place = true, .cut_after = place - there.less};
    case TiePolicy::max: return last <= place ? RankEdge{.at_place = true} : RankEdge{.predecessor = there.less > 0};
    case TiePolicy::average: break;
  }
  const bool fits = (there.less + 1 + last) * bins <= 2 * k * n;  // twice the average rank
  return fits ? RankEdge{.at_place = true} : RankEdge{.predecessor = there.less > 0};
}

/// Order statistics of one group of rows, whichever way they are found.
struct Ranking {
  const Measure& measure;
  std::uint64_t n{0};
  std::function<std::vector<OrderStatistic>(std::span<const std::uint64_t>)> find;
  std::function<std::string(std::int64_t key, std::uint64_t nth)> client;  // the nth client, from 1, that has this key
};

std::vector<RfmEdge> edges_of(const Ranking& ranking, const RfmOptions& options) {
  const auto bins = static_cast<std::uint64_t>(options.bins);
  std::vector<RfmEdge> edges(bins - 1);
  if (ranking.n == 0) return edges;
  std::vector<std::uint64_t> positions;
  if (options.method == ScoreMethod::quantile) {
    const std::uint64_t last = ranking.n - 1;
    for (std::uint64_t k = 1; k < bins; ++k) {
      positions.push_back(last * k / bins);
      positions.push_back(std::min(last, last * k / bins + 1));
    }
    const auto found = ranking.find(positions);
    for (std::uint64_t k = 1; k < bins; ++k)
      edges[k - 1].at = edge_between(ranking.measure, found[2 * k - 2].key, found[2 * k - 1].key,
                                     static_cast<std::uint32_t>(last * k % bins), static_cast<std::uint32_t>(bins));
    return edges;
  }
  std::vector<std::uint64_t> edge_numbers;
  for (std::uint64_t k = 1; k < bins; ++k)
    if (const std::uint64_t place = k * ranking.n / bins; place > 0) {
      edge_numbers.push_back(k);
      positions.push_back(place - 1);
    }
  const auto found = ranking.find(positions);
  std::vector<std::uint64_t> before;
  std::vector<std::uint64_t> before_edges;
  for (std::size_t i = 0; i < edge_numbers.size(); ++i) {
    const std::uint64_t k = edge_numbers[i];
    const RankEdge edge = rank_edge(options.ties, found[i], positions[i] + 1, k, ranking.n, bins);
    if (edge.at_place) edges[k - 1].at = ranking.measure.threshold(found[i].key);
    if (edge.cut_after > 0) edges[k - 1].last_client = ranking.client(found[i].key, edge.cut_after);
    if (edge.predecessor) {
      before.push_back(found[i].less - 1);
      before_edges.push_back(k);
    }
  }
  if (before.empty()) return edges;
  const auto predecessors = ranking.find(before);
  for (std::size_t i = 0; i < before.size(); ++i)
    edges[before_edges[i] - 1].at = ranking.measure.threshold(predecessors[i].key);
  return edges;
}

std::vector<RfmEdge> edges_of_all(const Table& table, const Measure& measure, const RowSet& set,
                                  const RfmOptions& options, const Control& control) {
  const Selector selector(measure, set, control);
  return edges_of(
      {measure, selector.count(), [&](std::span<const std::uint64_t> positions) { return selector.find(positions); },
       [&](std::int64_t key, std::uint64_t nth) { return nth_client_with(table, measure, set, key, nth, control); }},
      options);
}

/// Edges within each group of rows. `group` has a number for every row.
std::vector<std::vector<RfmEdge>> edges_by_group(const Table& table, const Measure& measure, const RowSet& set,
                                                 const std::vector<std::uint8_t>& group, std::size_t groups,
                                                 const RfmOptions& options, const Control& control) {
  std::vector<std::vector<std::uint32_t>> rows(groups);
  for (std::size_t row = 0; row < set.rows; ++row)
    if (set.has(row)) rows[group[row]].push_back(static_cast<std::uint32_t>(row));
  const bool any_tie_cut = options.method == ScoreMethod::rank && options.ties == TiePolicy::first;
  std::optional<ClientOrder> clients;
  if (any_tie_cut) clients.emplace(table).require_ascending(control);
  std::vector<std::vector<RfmEdge>> edges(groups);
  control.check();
  control.run(groups, [&](std::size_t g) {
    std::vector<std::int64_t> sorted;
    sorted.reserve(rows[g].size());
    for (const std::uint32_t row : rows[g]) sorted.push_back(measure.key(row));
    std::sort(sorted.begin(), sorted.end());
    edges[g] = edges_of({measure, sorted.size(),
                         [&](std::span<const std::uint64_t> positions) {
                           std::vector<OrderStatistic> found;
                           for (const std::uint64_t place : positions) {
                             const auto range = std::equal_range(sorted.begin(), sorted.end(), sorted[place]);
                             found.push_back({sorted[place], static_cast<std::uint64_t>(range.first - sorted.begin()),
                                              static_cast<std::uint64_t>(range.second - range.first)});
                           }
                           return found;
                         },
                         [&](std::int64_t key, std::uint64_t nth) {
                           for (const std::uint32_t row : rows[g])
                             if (measure.key(row) == key && --nth == 0) return clients->text(row);
                           return std::string();
                         }},
                        options);
  });
  if (std::any_of(rows.begin(), rows.end(), [](const auto& of) { return of.empty(); })) {
    const std::vector<RfmEdge> whole = edges_of_all(table, measure, set, options, control);
    for (std::size_t g = 0; g < groups; ++g)
      if (rows[g].empty()) edges[g] = whole;
  }
  return edges;
}

}  // namespace

RfmClassifier::RfmClassifier(RfmOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

std::vector<std::string> RfmClassifier::inputs() const {
  return {options_.recency.column, options_.frequency.column, options_.money.column};
}

RfmModel RfmClassifier::fit(const Table& table, const Control& control) const {
  const Measure measures[3] = {Measure(table, options_.recency.column), Measure(table, options_.frequency.column),
                               Measure(table, options_.money.column)};
  auto data = std::make_shared<RfmModel::Data>(name_, options_);
  if (options_.method == ScoreMethod::fixed) {
    for (std::size_t m = 0; m < 3; ++m) {
      std::vector<RfmEdge>& edges = data->edges[m].emplace_back();
      for (const double cutoff : data->measure(m).cutoffs) edges.push_back({Threshold::real(cutoff), std::nullopt});
    }
    return RfmModel(std::move(data));
  }
  const Measure* const all[3] = {&measures[0], &measures[1], &measures[2]};
  const RowSet set = rows_with_values(all, control);
  if (options_.nesting == Nesting::independent) {
    for (std::size_t m = 0; m < 3; ++m) {
      data->edges[m].push_back(edges_of_all(table, measures[m], set, options_, control));
      control.report("classify", static_cast<double>(m + 1) / 4);
    }
    return RfmModel(std::move(data));
  }
  std::vector<std::uint8_t> group(table.rows());
  std::optional<ClientOrder> clients;
  if (options_.method == ScoreMethod::rank && options_.ties == TiePolicy::first) clients.emplace(table);
  for (std::size_t m = 0; m < 3; ++m) {
    data->edges[m] = edges_by_group(table, measures[m], set, group, data->groups(m), options_, control);
    control.report("classify", static_cast<double>(m + 1) / 4);
    if (m == 2) break;
    const Scorer scorer(measures[m], data->edges[m], clients ? &*clients : nullptr);
    for_ranges(table.rows(), control, [&](std::size_t, std::size_t begin, std::size_t end) {
      std::uint8_t bins[block_rows];
      for (std::size_t from = begin; from < end; from += block_rows) {
        const std::size_t to = std::min(end, from + block_rows);
        scorer.bins(from, to, group.data() + from, bins);
        for (std::size_t row = from; row < to; ++row)
          group[row] = static_cast<std::uint8_t>(group[row] * options_.bins + bins[row - from]);
      }
    });
  }
  return RfmModel(std::move(data));
}

const std::string& RfmModel::name() const noexcept { return data_->name; }
const RfmOptions& RfmModel::options() const noexcept { return data_->options; }
const SegmentTable& RfmModel::segments() const noexcept { return data_->segments; }

const std::vector<RfmEdge>& RfmModel::edges(std::size_t measure, std::size_t group) const {
  if (measure > 2 || group >= data_->edges[measure].size())
    throw Error(Code::out_of_range, "there are no edges of that measure and group", "measure");
  return data_->edges[measure][group];
}

Classification RfmModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  const auto measures = std::make_shared<const std::array<Measure, 3>>(
      std::array<Measure, 3>{Measure(table, data->measure(0).column), Measure(table, data->measure(1).column),
                             Measure(table, data->measure(2).column)});
  const Measure* const all[3] = {&(*measures)[0], &(*measures)[1], &(*measures)[2]};
  const std::size_t rows = table.rows();
  const auto set = std::make_shared<const RowSet>(rows_with_values(all, control));
  std::shared_ptr<const ClientOrder> clients;
  if (cuts_ties(data->edges)) clients = std::make_shared<const ClientOrder>(table);
  std::vector<Scorer> scorers;
  for (std::size_t m = 0; m < 3; ++m) scorers.emplace_back((*measures)[m], data->edges[m], clients.get());

  std::array<Buffer<std::int8_t>, 3> scores{Buffer<std::int8_t>(rows), Buffer<std::int8_t>(rows),
                                            Buffer<std::int8_t>(rows)};
  Buffer<std::uint16_t> segment(rows);
  const bool nested = data->options.nesting == Nesting::nested;
  const auto none = static_cast<std::uint16_t>(data->labels->size() - 1);
  const auto bins = static_cast<unsigned>(data->options.bins);
  for_pieces(rows, control, [&](std::size_t begin, std::size_t end) {
    std::uint8_t bin[3][block_rows];
    std::uint8_t group[block_rows];
    for (std::size_t from = begin; from < end; from += block_rows) {
      const std::size_t to = std::min(end, from + block_rows);
      const std::size_t count = to - from;
      for (std::size_t m = 0; m < 3; ++m) {
        if (nested && m == 1) std::copy_n(bin[0], count, group);
        if (nested && m == 2)
          for (std::size_t i = 0; i < count; ++i) group[i] = static_cast<std::uint8_t>(bin[0][i] * bins + bin[1][i]);
        scorers[m].bins(from, to, group, bin[m]);
        const int first = data->score(m, 0);
        scores_of(bin[m], count, first, data->score(m, 1) - first, scores[m].data() + from);
        clear_absent(*set, from, to, scores[m].data());
      }
      look_up_segments(bin[0], bin[1], bin[2], count, bins, data->lookup.data(), segment.data() + from);
      for_words(*set, from, to, [&](std::size_t first, std::size_t last, std::uint64_t word) {
        for_absent(first, last, word, [&](std::size_t row) { segment[row] = none; });
      });
    }
  });
  const auto validity = [&] {
    Buffer<std::uint8_t> bits(set->bits.size());
    std::copy(set->bits.begin(), set->bits.end(), bits.begin());
    return bits;
  };
  std::vector<Column> columns;
  const std::string names[4] = {data->name + "_r", data->name + "_f", data->name + "_m", data->name + "_segment"};
  for (std::size_t m = 0; m < 3; ++m)
    columns.emplace_back(names[m], ColumnType::int8, std::move(scores[m]), validity());
  columns.push_back(label_column(names[3], std::move(segment), data->labels));

  const std::vector<Column> kept = columns;
  auto reasons = [data, measures, set, kept](std::size_t row) {
    std::vector<Reason> found;
    const bool scored = set->has(row);
    std::size_t group = 0;
    std::string combined;
    std::size_t cell = 0;
    for (std::size_t m = 0; m < 3; ++m) {
      static constexpr const char* letters[3] = {".r.", ".f.", ".m."};
      const Measure& measure = (*measures)[m];
      Reason reason;
      reason.column = kept[m].name();
      reason.measure = measure.column().name();
      reason.value = quantity_of(measure, row);
      reason.result = kept[m].to_text(row);
      reason.aspect = scored ? Aspect::score : Aspect::missing;
      reason.rule = data->name + letters[m] + (scored ? reason.result : "none");
      if (scored) {
        const int score = kept[m].values<std::int8_t>()[row];
        const int step = data->score(m, 1) - data->score(m, 0);
        const int steps = (score - data->score(m, 0)) * step;
        const auto bin = static_cast<std::size_t>(steps);
        const std::vector<RfmEdge>& edges = data->edges[m][data->edges[m].size() > 1 ? group : 0];
        set_edges(reason, plain(edges), bin);
        const std::int64_t key = measure.key(row);
        for (const std::size_t e : {bin - 1, bin})
          if (e < edges.size() && edges[e].last_client && measure.floor_key(edges[e].at) == key) {
            reason.tie = *edges[e].last_client;
            if (e == bin - 1) reason.low_included = true;
          }
        group = group * static_cast<std::size_t>(data->options.bins) + bin;
        cell = cell * static_cast<std::size_t>(data->options.bins) + bin;
        combined += (m ? "/" : "") + reason.result;
      }
      found.push_back(std::move(reason));
    }
    Reason reason;
    reason.column = kept[3].name();
    reason.result = std::string(kept[3].text(row));
    reason.measure = kept[0].name() + '/' + kept[1].name() + '/' + kept[2].name();
    reason.aspect = scored ? Aspect::segment : Aspect::missing;
    reason.value.text = combined;
    if (!scored) {
      reason.rule = data->name + ".segment.none";
    } else if (data->row_of[cell] < 0) {
      reason.rule = data->name + ".segment.otherwise";
    } else {
      reason.rule = data->name + ".segment." + slug(reason.result) + '.' + std::to_string(data->row_of[cell]);
    }
    found.push_back(std::move(reason));
    return found;
  };
  return Classification(data->name, "rfm", std::move(columns), std::move(reasons));
}

std::string RfmModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  json::Value& edges = value["edges"];
  static constexpr const char* keys[3] = {"recency", "frequency", "money"};
  for (std::size_t m = 0; m < 3; ++m) {
    json::Value& groups = edges[keys[m]] = json::Value::array();
    for (const std::vector<RfmEdge>& group : data_->edges[m]) {
      json::Value list = json::Value::array();
      for (const RfmEdge& edge : group) {
        json::Value entry;
        entry["at"] = threshold_to_json(edge.at);
        if (edge.last_client) entry["last_client"] = *edge.last_client;
        list.push_back(std::move(entry));
      }
      groups.push_back(std::move(list));
    }
  }
  return value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

RfmModel RfmModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "model");
  json::Object object(json::Node(document, pointer));
  auto data = std::make_shared<Data>(name, rfm_options(object.require("options")));
  json::Object edges(object.require("edges"));
  static constexpr const char* keys[3] = {"recency", "frequency", "money"};
  const auto bins = static_cast<std::size_t>(data->options.bins);
  for (std::size_t m = 0; m < 3; ++m) {
    const json::Node measure = edges.require(keys[m]);
    const auto groups = measure.items();
    if (groups.size() != data->groups(m)) measure.fail("must have " + std::to_string(data->groups(m)) + " groups");
    for (const json::Node& group : groups) {
      const auto items = group.items();
      if (items.size() != bins - 1) group.fail("must have " + std::to_string(bins - 1) + " edges");
      std::vector<RfmEdge>& list = data->edges[m].emplace_back();
      for (const json::Node& item : items) {
        json::Object entry(item);
        RfmEdge edge{threshold_from_json(entry.require("at")), std::nullopt};
        if (const auto client = entry.find("last_client")) edge.last_client = client->text();
        entry.done();
        list.push_back(std::move(edge));
      }
    }
  }
  edges.done();
  object.done();
  return RfmModel(std::move(data));
}

std::string RfmClassifier::to_json() const {
  return to_value(options_).dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

RfmClassifier RfmClassifier::from_json(std::string_view text, const std::string& name, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "options");
  return RfmClassifier(rfm_options(json::Node(document, pointer)), name);
}

}  // namespace klientela
