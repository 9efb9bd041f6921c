// ABC: exact limits by a histogram of sums, classes by comparing with the two edges.
#include "klientela/classify/abc.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "classify/client_order.hpp"
#include "classify/decimal.hpp"
#include "classify/measure.hpp"
#include "classify/options.hpp"
#include "classify/reasoning.hpp"
#include "classify/scoring.hpp"
#include "classify/threshold_json.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

struct AbcModel::Data {
  std::string name;
  AbcOptions options;
  std::vector<AbcThresholds> thresholds;
  std::shared_ptr<const std::vector<std::string>> labels;

  Data(std::string called, AbcOptions chosen) : name(std::move(called)), options(std::move(chosen)) {
    std::vector<std::string> names;
    if (options.measures.size() == 1)
      names = {"A", "B", "C"};
    else
      for (const char first : {'A', 'B', 'C'})
        for (const char second : {'A', 'B', 'C'}) names.push_back({first, second});
    labels = std::make_shared<const std::vector<std::string>>(std::move(names));
  }
};

namespace {

constexpr std::uint32_t limit_parts = 1'000'000'000;

/// What a key adds to the total: whole units, for doubles multiples of 2^-shift.
class Weights {
 public:
  Weights(const Measure& measure, std::int64_t largest) : real_(measure.is_real()) {
    if (!real_ || largest <= 0) return;
    const int shift = 61 - std::ilogb(real_of(largest));
    first_ = std::ldexp(1.0, shift / 2);  // in two steps, since one power of two may not fit a double
    second_ = std::ldexp(1.0, shift - shift / 2);
  }
  [[nodiscard]] std::int64_t of(std::int64_t key) const noexcept {
    return real_ ? static_cast<std::int64_t>(real_of(key) * first_ * second_) : key;
  }

 private:
  bool real_;
  double first_{1};
  double second_{1};
};

/// Positive keys in order of size, without a sort: sums by bucket, and the keys of single buckets when asked for.
class Curve {
 public:
  Curve(const Measure& measure, const RowSet& set, const Control& control)
      : measure_(measure), set_(set), control_(control), buckets_(measure.is_real()), weights_(measure, largest()) {
    const std::size_t count = buckets_.count();
    const std::size_t ranges = range_count(set.rows, control);
    std::vector<std::vector<Wide>> parts(ranges);
    for_ranges(set.rows, control, [&](std::size_t index, std::size_t begin, std::size_t end) {
      std::vector<Wide>& sums = parts[index];
      sums.resize(count);
      for_keys(measure, set, std::nullopt, begin, end, [&](std::span<const std::int64_t> keys) {
        if (measure.is_real()) {
          for (const std::int64_t key : keys)
            if (key > 0) sums[Buckets::of_real(key)] += weights_.of(key);
        } else {
          for (const std::int64_t key : keys) {
            const std::int64_t value = key & ~(key >> 63);  // negative: zero
            sums[Buckets::of_exact(value)] += value;
          }
        }
      });
    });
    sums_ = std::move(parts[0]);
    sums_.resize(count);
    for (std::size_t i = 1; i < ranges; ++i)
      for (std::size_t b = 0; b < count; ++b) sums_[b] += parts[i][b];
    for (const Wide sum : sums_) total_ += sum;
  }

  [[nodiscard]] Wide total() const noexcept { return total_; }
  [[nodiscard]] const Weights& weights() const noexcept { return weights_; }

  /// A bucket in which the running sum from the largest value down first leaves the limit, and the sum before it.
  struct Crossing {
    std::size_t bucket;
    Wide before;
  };
  template <class Inside>
  [[nodiscard]] std::optional<Crossing> crossing(const Inside& bucket_inside) const {
    Wide before = 0;
    for (std::size_t b = sums_.size(); b-- > 0;) {
      if (sums_[b] == 0) continue;
      if (!bucket_inside(before + sums_[b])) return Crossing{b, before};
      before += sums_[b];
    }
    return std::nullopt;
  }
  /// The different keys of some buckets, descending, with their numbers.
  struct Run {
    std::int64_t key;
    std::uint64_t count;
  };
  [[nodiscard]] std::vector<std::vector<Run>> runs(std::span<const std::size_t> wanted) const {
    std::vector<std::vector<Run>> found(wanted.size());
    std::vector<std::uint8_t> slots;
    for (std::size_t w = 0; w < wanted.size(); ++w) {
      if (const auto key = buckets_.only_key(wanted[w]); key && *key > 0) {
        found[w].push_back({*key, static_cast<std::uint64_t>(sums_[wanted[w]] / *key)});
        continue;
      }
      slots.resize(buckets_.count());
      slots[wanted[w]] = static_cast<std::uint8_t>(w + 1);
    }
    if (slots.empty()) return found;
    std::vector<std::vector<std::vector<std::int64_t>>> parts(range_count(set_.rows, control_));
    for_ranges(set_.rows, control_, [&](std::size_t index, std::size_t begin, std::size_t end) {
      parts[index].resize(wanted.size());
      for_keys(measure_, set_, 0, begin, end, [&](std::span<const std::int64_t> keys) {
        for (const std::int64_t key : keys)
          if (const std::uint8_t slot = slots[buckets_.of(key)]) parts[index][slot - 1U].push_back(key);
      });
    });
    control_.run(wanted.size(), [&](std::size_t w) {
      std::vector<std::int64_t> keys;
      for (const auto& part : parts) keys.insert(keys.end(), part[w].begin(), part[w].end());
      std::sort(keys.begin(), keys.end(), std::greater<>());
      for (const std::int64_t key : keys) {
        if (found[w].empty() || found[w].back().key != key) found[w].push_back({key, 0});
        ++found[w].back().count;
      }
    });
    return found;
  }

 private:
  [[nodiscard]] std::int64_t largest() const {
    if (!measure_.is_real()) return 0;  // whole units need no common power of two
    std::vector<std::int64_t> parts(range_count(set_.rows, control_));
    for_ranges(set_.rows, control_, [&](std::size_t index, std::size_t begin, std::size_t end) {
      for_keys(measure_, set_, std::nullopt, begin, end, [&](std::span<const std::int64_t> keys) {
        for (const std::int64_t key : keys) parts[index] = std::max(parts[index], key);
      });
    });
    return *std::max_element(parts.begin(), parts.end());
  }

  const Measure& measure_;
  const RowSet& set_;
  const Control& control_;
  Buckets buckets_;
  Weights weights_;
  std::vector<Wide> sums_;
  Wide total_{0};
};

AbcThresholds share_limits(const Table& table, const Measure& measure, const RowSet& set, const AbcOptions& options,
                           const Control& control) {
  const Curve curve(measure, set, control);
  if (curve.total() == 0) return {};
  const bool reach = options.convention == AbcConvention::reach;
  const Wide limits[2] = {curve.total() * *parts_of(options.a, 9), curve.total() * *parts_of(options.b, 9)};
  std::optional<AbcEdge> edges[2];
  std::vector<std::size_t> wanted;
  std::optional<Curve::Crossing> crossings[2];
  for (std::size_t l = 0; l < 2; ++l) {
    crossings[l] = curve.crossing(
        [&](Wide sum) { return reach ? sum * limit_parts < limits[l] : sum * limit_parts <= limits[l]; });
    if (crossings[l])
      wanted.push_back(crossings[l]->bucket);
    else
      edges[l] = AbcEdge{measure.threshold(0), false, std::nullopt};  // everybody with a value above zero
  }
  if (wanted.size() == 2 && wanted[0] == wanted[1]) wanted.pop_back();
  const auto runs = curve.runs(wanted);
  for (std::size_t l = 0; l < 2; ++l) {
    if (!crossings[l]) continue;
    Wide sum = crossings[l]->before;
    for (const Curve::Run& run : runs[crossings[l]->bucket == wanted[0] ? 0 : 1]) {
      const std::int64_t weight = curve.weights().of(run.key);
      const auto inside = [&](Wide before) {
        return reach ? before * limit_parts < limits[l] : (before + weight) * limit_parts <= limits[l];
      };
      const Wide all = sum + Wide{weight} * static_cast<Wide>(run.count);
      if (inside(all - weight)) {  // the last of them is inside, so all are
        sum = all;
        edges[l] = AbcEdge{measure.threshold(run.key), true, std::nullopt};
        continue;
      }
      std::uint64_t fit = 0;
      for (std::uint64_t low = 0, high = run.count; low < high;) {  // how many are inside: a prefix
        const std::uint64_t middle = low + (high - low) / 2;
        if (inside(sum + Wide{weight} * static_cast<Wide>(middle)))
          fit = low = middle + 1;
        else
          high = middle;
      }
      edges[l] = AbcEdge{measure.threshold(run.key), false, std::nullopt};
      if (fit > 0) edges[l]->last_client = nth_client_with(table, measure, set, run.key, fit, control);
      break;
    }
  }
  return {edges[0], edges[1]};
}

AbcThresholds computed_limits(const Measure& measure, const RowSet& set, const Control& control) {
  const Curve curve(measure, set, control);
  if (curve.total() == 0) return {};
  std::vector<std::int64_t> keys;
  keys.reserve(set.count);
  for_keys(measure, set, std::nullopt, 0, set.rows, [&](std::span<const std::int64_t> part) {
    for (const std::int64_t key : part) keys.push_back(std::max<std::int64_t>(key, 0));
  });
  std::sort(keys.begin(), keys.end(), std::greater<>());
  control.check();
  const auto total = static_cast<double>(curve.total());
  const auto n = static_cast<double>(keys.size());
  const auto nearest = [&](double x) {  // the first point of the curve nearest (x, 1), from 1
    std::size_t best = 1;
    double least = std::numeric_limits<double>::infinity();
    Wide sum = 0;
    for (std::size_t i = 1; i <= keys.size(); ++i) {
      sum += curve.weights().of(keys[i - 1]);
      const double across = static_cast<double>(i) / n - x;
      const double down = 1 - static_cast<double>(sum) / total;
      const double distance = across * across + down * down;
      if (distance < least) {
        least = distance;
        best = i;
      }
    }
    return best;
  };
  const std::size_t pareto = nearest(0);
  std::size_t even = 0;  // clients whose value reaches the mean
  while (even < keys.size() && Wide{curve.weights().of(keys[even])} * static_cast<Wide>(keys.size()) >= curve.total())
    ++even;
  const std::size_t end_of_a = std::min(pareto, even);
  const std::size_t turn = std::max(pareto, even);
  const std::size_t end_of_b = nearest(static_cast<double>(turn) / n);
  return {AbcEdge{measure.threshold(keys[end_of_a - 1]), false, std::nullopt},
          AbcEdge{measure.threshold(keys[end_of_b - 1]), true, std::nullopt}};
}

/// An edge in the keys of a column: above it where key > floor, or key == tie and the client is not after the last.
struct EdgeKeys {
  std::int64_t floor{std::numeric_limits<std::int64_t>::max()};
  std::optional<std::int64_t> tie;
  std::string last_client;
};

bool is_whole(const Threshold& edge, std::int64_t scale) {
  if (edge.form() == Threshold::Form::real)
    return floor_scaled(-edge.to_double(), scale) == -floor_scaled(edge.to_double(), scale);
  return edge.form() == Threshold::Form::exact && edge.numerator() == 0 &&
         (scale >= edge.scale() || edge.units() % (edge.scale() / scale) == 0);
}

EdgeKeys keys_of(const Measure& measure, const std::optional<AbcEdge>& edge) {
  EdgeKeys keys;
  if (!edge) return keys;
  keys.floor = measure.floor_key(edge->at);
  const bool whole = measure.is_real() || is_whole(edge->at, measure.scale());  // whether a value can equal the edge
  if (whole && edge->last_client) {
    keys.tie = keys.floor;
    keys.last_client = *edge->last_client;
  } else if (whole && edge->included && keys.floor > 0) {
    --keys.floor;
  }
  keys.floor = std::max<std::int64_t>(keys.floor, 0);  // at or below zero is C
  return keys;
}

}  // namespace

AbcClassifier::AbcClassifier(AbcOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
}

AbcModel AbcClassifier::fit(const Table& table, const Control& control) const {
  auto data = std::make_shared<AbcModel::Data>(name_, options_);
  for (const std::string& column : options_.measures) {
    const Measure measure(table, column);
    const Measure* const one[1] = {&measure};
    const RowSet set = rows_with_values(one, control);
    data->thresholds.push_back(options_.limits == AbcLimits::shares
                                   ? share_limits(table, measure, set, options_, control)
                                   : computed_limits(measure, set, control));
  }
  return AbcModel(std::move(data));
}

const std::string& AbcModel::name() const noexcept { return data_->name; }
const AbcOptions& AbcModel::options() const noexcept { return data_->options; }

const AbcThresholds& AbcModel::thresholds(std::size_t measure) const {
  if (measure >= data_->thresholds.size())
    throw Error(Code::out_of_range, "there is no measure of that number", "measure");
  return data_->thresholds[measure];
}

Classification AbcModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  const std::size_t rows = table.rows();
  const auto measures = std::make_shared<std::vector<Measure>>();
  std::vector<std::array<EdgeKeys, 2>> edges;
  std::vector<RowSet> sets;
  bool cut = false;
  for (std::size_t m = 0; m < data->options.measures.size(); ++m) {
    const Measure& measure = measures->emplace_back(table, data->options.measures[m]);
    edges.push_back({keys_of(measure, data->thresholds[m].a), keys_of(measure, data->thresholds[m].b)});
    const Measure* const one[1] = {&measure};
    sets.push_back(rows_with_values(one, control));
    cut = cut || edges[m][0].tie || edges[m][1].tie;
  }
  std::optional<ClientOrder> clients;
  if (cut) clients.emplace(table);
  Buffer<std::uint16_t> codes(rows);
  for_pieces(rows, control, [&](std::size_t begin, std::size_t end) {
    std::int64_t scratch[block_rows];
    for (std::size_t from = begin; from < end; from += block_rows) {
      const std::size_t to = std::min(end, from + block_rows);
      std::uint16_t* const out = codes.data() + from;
      std::fill_n(out, to - from, std::uint16_t{0});
      for (std::size_t m = 0; m < edges.size(); ++m) {
        const std::uint16_t weight = edges.size() == 2 && m == 0 ? 3 : 1;
        const std::int64_t* keys = (*measures)[m].keys(from, to, scratch);
        classes_of(keys, to - from, edges[m][0].floor, edges[m][1].floor, weight, out);
        for (const EdgeKeys& edge : edges[m]) {
          if (!edge.tie) continue;
          const IdView last = IdView::of(edge.last_client);
          if (*edge.tie <= 0 || std::find(keys, keys + (to - from), *edge.tie) == keys + (to - from)) continue;
          for (std::size_t i = 0; i < to - from; ++i)
            if (keys[i] == *edge.tie && clients->id(from + i) <= last)
              out[i] = static_cast<std::uint16_t>(out[i] - weight);
        }
        if (sets[m].all()) continue;
        for_words(sets[m], from, to, [&](std::size_t first, std::size_t last, std::uint64_t word) {
          for_absent(first, last, word, [&](std::size_t row) {
            const unsigned code = codes[row];
            const unsigned other = weight == 3 ? 0U : code / 3 * 3;  // what the first measure gave; this one gives C
            codes[row] = static_cast<std::uint16_t>(edges.size() == 2 ? other + 2U * weight : 2U);
          });
        });
      }
    }
  });
  std::vector<Column> columns;
  columns.push_back(label_column(data->name, std::move(codes), data->labels));
  const Column kept = columns[0];
  auto reasons = [data, measures, kept](std::size_t row) {
    std::vector<Reason> found;
    const std::string_view label = kept.text(row);
    for (std::size_t m = 0; m < measures->size(); ++m) {
      const Measure& measure = (*measures)[m];
      const AbcThresholds& limits = data->thresholds[m];
      Reason reason;
      reason.column = data->name;
      reason.result = std::string(1, label[m]);
      reason.measure = measure.column().name();
      reason.value = quantity_of(measure, row);
      reason.rule = data->name + '.' + reason.measure + '.' + reason.result;
      reason.aspect = measure.has_value(row) ? Aspect::share : Aspect::missing;
      reason.high_included = false;
      const auto set_low = [&](const std::optional<AbcEdge>& edge) {
        if (!edge) return;
        reason.low = quantity_of(edge->at);
        reason.low_included = edge->included || edge->last_client.has_value();
      };
      const auto set_high = [&](const std::optional<AbcEdge>& edge) {
        if (!edge) return;
        reason.high = quantity_of(edge->at);
        reason.high_included = !edge->included;
      };
      const auto note_tie = [&](const std::optional<AbcEdge>& edge) {
        if (edge && edge->last_client && reason.value.text == edge->at.to_text()) reason.tie = *edge->last_client;
      };
      if (reason.aspect == Aspect::share) {
        if (label[m] == 'A') set_low(limits.a);
        if (label[m] == 'B') {
          set_low(limits.b);
          set_high(limits.a);
        }
        if (label[m] == 'C') set_high(limits.b);
        note_tie(limits.a);
        note_tie(limits.b);
      }
      found.push_back(std::move(reason));
    }
    return found;
  };
  return Classification(data->name, "abc", std::move(columns), std::move(reasons));
}

std::string AbcModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  json::Value& list = value["thresholds"] = json::Value::array();
  const auto write = [](const std::optional<AbcEdge>& edge) {
    json::Value entry;
    if (!edge) return entry;
    entry["at"] = threshold_to_json(edge->at);
    entry["included"] = edge->included;
    if (edge->last_client) entry["last_client"] = *edge->last_client;
    return entry;
  };
  for (const AbcThresholds& thresholds : data_->thresholds) {
    json::Value entry;
    entry["a"] = write(thresholds.a);
    entry["b"] = write(thresholds.b);
    list.push_back(std::move(entry));
  }
  return value.dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

AbcModel AbcModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "model");
  json::Object object(json::Node(document, pointer));
  auto data = std::make_shared<Data>(name, abc_options(object.require("options")));
  const json::Node list = object.require("thresholds");
  const auto read = [](const json::Node& node) -> std::optional<AbcEdge> {
    if (node.is_null()) return std::nullopt;
    json::Object entry(node);
    AbcEdge edge{threshold_from_json(entry.require("at")), true, std::nullopt};
    entry.read("included", edge.included);
    if (const auto client = entry.find("last_client")) edge.last_client = client->text();
    entry.done();
    return edge;
  };
  for (const json::Node& item : list.items()) {
    json::Object entry(item);
    AbcThresholds thresholds{read(entry.require("a")), read(entry.require("b"))};
    entry.done();
    const auto end = [](const std::optional<AbcEdge>& edge) {
      return edge ? edge->at.to_double() : std::numeric_limits<double>::infinity();
    };
    if (end(thresholds.b) > end(thresholds.a)) item.fail("b must not be above a");
    data->thresholds.push_back(std::move(thresholds));
  }
  if (data->thresholds.size() != data->options.measures.size())
    list.fail("must have one entry for each of the " + std::to_string(data->options.measures.size()) + " measures");
  object.done();
  return AbcModel(std::move(data));
}

std::string AbcClassifier::to_json() const {
  return to_value(options_).dump(-1, ' ', false, json::Value::error_handler_t::replace);
}

AbcClassifier AbcClassifier::from_json(std::string_view text, const std::string& name, const std::string& pointer) {
  check_name(name, pointer);
  const json::Value document = json::parse(text, "options");
  return AbcClassifier(abc_options(json::Node(document, pointer)), name);
}

}  // namespace klientela
