// One row against the edges of RFM, ABC and the matrix; the same comparisons as their classify() makes for columns.
#include "classify/row_judge.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "classify/history_data.hpp"
#include "classify/matrix_groups.hpp"
#include "classify/row_place.hpp"
#include "klientela/classify/abc.hpp"
#include "klientela/classify/kernels.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"

namespace klientela::classifying {
namespace {

class RfmJudge final : public RowJudge {
 public:
  RfmJudge(const RfmModel& model, const std::vector<RowColumn>& columns, std::size_t own, double margin)
      : own_(own), bins_(static_cast<std::size_t>(model.options().bins)) {
    const RfmOptions& options = model.options();
    const RfmMeasure* const measures[3] = {&options.recency, &options.frequency, &options.money};
    for (std::size_t m = 0; m < 3; ++m) {
      places_[m] = place_of(columns, measures[m]->column, own);
      if (!places_[m].present())
        throw Error(Code::not_found, "there is no column " + measures[m]->column, measures[m]->column);
      std::size_t groups = 1;
      if (options.nesting == Nesting::nested) groups = m == 0 ? 1 : m == 1 ? bins_ : bins_ * bins_;
      for (std::size_t g = 0; g < groups; ++g) {
        std::vector<Edge>& list = edges_[m].emplace_back();
        for (const RfmEdge& edge : model.edges(m, g))
          list.push_back({RowEdge(places_[m], edge.at, margin), edge.last_client});
      }
      for (int bin = 0; bin < options.bins; ++bin)
        scores_[m].push_back(
            kernels::score_of_bin(bin, options.bins, measures[m]->low_is_better, options.best == BestScore::low));
    }
    const std::vector<std::string>& labels = *columns[own + 3].labels;
    const SegmentTable& table = model.segments();
    const auto fits = [](const ScoreRange& range, std::int64_t score) {
      return range.low <= score && score <= range.high;
    };
    for (std::size_t r = 0; r < bins_; ++r)
      for (std::size_t f = 0; f < bins_; ++f)
        for (std::size_t m = 0; m < bins_; ++m) {
          std::string segment = table.otherwise;
          for (const SegmentRow& row : table.rows)
            if (fits(row.recency, scores_[0][r]) && fits(row.frequency, scores_[1][f]) &&
                fits(row.money, scores_[2][m])) {
              segment = row.segment;
              break;
            }
          segments_.push_back(label_code(labels, segment));
        }
    none_ = static_cast<std::int64_t>(labels.size()) - 1;
  }
  void judge(CellValue* values, const IdView& client) const override {
    bool known = true;
    for (const Place& place : places_) known = known && values[place.at].known;
    if (!known) {
      for (std::size_t m = 0; m < 3; ++m) values[own_ + m] = {0, false};
      values[own_ + 3] = {none_, true};
      return;
    }
    std::size_t cell = 0;
    for (std::size_t m = 0; m < 3; ++m) {
      const std::int64_t key = values[places_[m].at].key;
      std::size_t bin = 0;
      for (const Edge& edge : edges(m, cell)) bin += edge.above(key, client) ? 1U : 0U;
      values[own_ + m] = {scores_[m][bin], true};
      cell = cell * bins_ + bin;
    }
    values[own_ + 3] = {segments_[cell], true};
  }
  bool reaches(const CellValue* values, const IdView& client, std::size_t column, std::int64_t code) const override {
    if (column != own_ + 3) return false;
    for (const Place& place : places_)
      if (!values[place.at].known) return code == none_;
    return reaches(values, client, 0, 0, code);
  }

 private:
  struct Edge {
    RowEdge at;
    std::optional<std::string> last_client;
    [[nodiscard]] bool above(std::int64_t key, const IdView& client) const {
      return at.above(key) || (last_client && key == at.key && client > IdView::of(*last_client));
    }
  };
  [[nodiscard]] const std::vector<Edge>& edges(std::size_t measure, std::size_t cell) const {
    return edges_[measure][edges_[measure].size() > 1 ? cell : 0];
  }
  /// Whether some bin of this measure and those after it leads to the segment.
  bool reaches(const CellValue* values, const IdView& client, std::size_t measure, std::size_t cell,
               std::int64_t code) const {
    if (measure == 3) return segments_[cell] == code;
    const std::int64_t key = values[places_[measure].at].key;
    BinRange range;
    for (const Edge& edge : edges(measure, cell)) {
      const bool now = edge.above(key, client);
      range.low += edge.at.must(key, now) ? 1U : 0U;
      range.high += edge.at.may(key, now) ? 1U : 0U;
    }
    for (std::size_t bin = range.low; bin <= range.high; ++bin)
      if (reaches(values, client, measure + 1, cell * bins_ + bin, code)) return true;
    return false;
  }
  std::size_t own_;
  std::size_t bins_;
  std::array<Place, 3> places_;
  std::array<std::vector<std::vector<Edge>>, 3> edges_;
  std::array<std::vector<std::int64_t>, 3> scores_;
  std::vector<std::int64_t> segments_;
  std::int64_t none_{0};
};

class AbcJudge final : public RowJudge {
 public:
  AbcJudge(const AbcModel& model, const std::vector<RowColumn>& columns, std::size_t own, double margin) : own_(own) {
    for (std::size_t m = 0; m < model.options().measures.size(); ++m) {
      const std::string& measure = model.options().measures[m];
      Limits limits{place_of(columns, measure, own), {}};
      if (!limits.place.present()) throw Error(Code::not_found, "there is no column " + measure, measure);
      limits.edges = {Edge(limits.place, model.thresholds(m).a, margin),
                      Edge(limits.place, model.thresholds(m).b, margin)};
      limits_.push_back(std::move(limits));
    }
  }
  void judge(CellValue* values, const IdView& client) const override {
    std::int64_t code = 0;
    for (const Limits& limits : limits_) {
      const CellValue& value = values[limits.place.at];
      std::int64_t below = 2;
      if (value.known) {
        below = 0;
        for (const Edge& edge : limits.edges) below += edge.above(value.key, client) ? 0 : 1;
      }
      code = code * 3 + below;
    }
    values[own_] = {code, true};
  }
  bool reaches(const CellValue* values, const IdView& client, std::size_t column, std::int64_t code) const override {
    if (column != own_) return false;
    for (std::size_t m = limits_.size(); m-- > 0; code /= 3)
      if (!limits_[m].below(values, client).has(static_cast<std::size_t>(code % 3))) return false;
    return true;
  }
  std::int64_t kept(const CellValue* values, const IdView& client, std::size_t column,
                    std::optional<std::int64_t> was) const override {
    if (column != own_ || !was) return values[column].key;
    std::int64_t code = 0;
    std::int64_t unit = 1;
    std::int64_t then = *was;
    std::int64_t now = values[own_].key;
    for (std::size_t m = limits_.size(); m-- > 0; then /= 3, now /= 3, unit *= 3)
      code += unit * ((limits_[m].below(values, client).has(static_cast<std::size_t>(then % 3)) ? then : now) % 3);
    return code;
  }

 private:
  struct Edge {
    Edge() = default;
    Edge(const Place& place, const std::optional<AbcEdge>& from, double margin) {
      if (!from) return;
      at = RowEdge(place, from->at, margin);
      const bool whole = place.whole(from->at);
      if (whole && from->last_client) {
        tie = at.key;
        last_client = from->last_client;
      } else if (whole && from->included && at.key > 0) {
        --at.key;
      }
      at.key = std::max<std::int64_t>(at.key, 0);
      at.low = std::max<std::int64_t>(std::min(at.low, at.key), 0);
      at.high = std::max(at.high, at.key);
      at.lowest = false;
    }
    [[nodiscard]] bool above(std::int64_t key, const IdView& client) const {
      return key > at.key || (last_client && key == tie && tie > 0 && client <= IdView::of(*last_client));
    }
    RowEdge at;
    std::int64_t tie{0};
    std::optional<std::string> last_client{};
  };
  struct Limits {
    Place place;
    std::array<Edge, 2> edges;
    /// How many edges the value may be below, wherever they lie within the margin.
    [[nodiscard]] BinRange below(const CellValue* values, const IdView& client) const {
      const CellValue& value = values[place.at];
      if (!value.known) return {2, 2};
      BinRange range;
      for (const Edge& edge : edges) {
        const bool now = edge.above(value.key, client);
        range.low += edge.at.may(value.key, now) ? 0U : 1U;
        range.high += edge.at.must(value.key, now) ? 0U : 1U;
      }
      return range;
    }
  };
  std::size_t own_;
  std::vector<Limits> limits_;
};

class MatrixJudge final : public RowJudge {
 public:
  MatrixJudge(const MatrixModel& model, const std::vector<RowColumn>& columns, std::size_t own, double margin)
      : own_(own),
        x_(model.options().x, model.x_measure(), model.x_edges(), columns, own, margin),
        y_(model.options().y, model.y_measure(), model.y_edges(), columns, own, margin) {
    const GroupRules rules(model.options(), "");
    const std::vector<std::string>& groups = *columns[own + 3].labels;
    for (const GroupRules::Rule& rule : rules.rules) {
      Rule& mine = rules_.emplace_back();
      mine.x = rule.x;
      mine.y = rule.y;
      mine.group = static_cast<std::int64_t>(rule.group);
      for (const MeasureCondition& condition : rule.conditions)
        mine.conditions.emplace_back(condition, columns, own, margin);
    }
    otherwise_ = label_code(groups, model.options().otherwise);
    y_bands_ = static_cast<std::int64_t>(rules.y_bands);
  }
  void judge(CellValue* values, const IdView& /*client*/) const override {
    const std::size_t x = x_.band(values);
    const std::size_t y = y_.band(values);
    const std::int64_t group = group_of(values, x, y);
    values[own_] = {static_cast<std::int64_t>(x), true};
    values[own_ + 1] = {static_cast<std::int64_t>(y), true};
    values[own_ + 2] = {static_cast<std::int64_t>(x) * y_bands_ + static_cast<std::int64_t>(y), true};
    values[own_ + 3] = {group, true};
  }

  bool reaches(const CellValue* values, const IdView& /*client*/, std::size_t column,
               std::int64_t code) const override {
    const BinRange xs = x_.range(values);
    const BinRange ys = y_.range(values);
    const auto wanted = static_cast<std::size_t>(code);
    const auto y_bands = static_cast<std::size_t>(y_bands_);
    if (column == own_) return xs.has(wanted);
    if (column == own_ + 1) return ys.has(wanted);
    if (column == own_ + 2) return xs.has(wanted / y_bands) && ys.has(wanted % y_bands);
    for (std::size_t x = xs.low; x <= xs.high; ++x)
      for (std::size_t y = ys.low; y <= ys.high; ++y)
        if (group_reached(values, x, y, code)) return true;
    return false;
  }
  std::int64_t kept(const CellValue* values, const IdView& client, std::size_t column,
                    std::optional<std::int64_t> was) const override {
    if (was && reaches(values, client, column, *was)) return *was;
    if (column == own_ + 2 && was) {
      const auto part = [&](const Axis& axis, std::int64_t then) {
        const bool stays = axis.range(values).has(static_cast<std::size_t>(then));
        return stays ? then : static_cast<std::int64_t>(axis.band(values));
      };
      return part(x_, *was / y_bands_) * y_bands_ + part(y_, *was % y_bands_);
    }
    if (column != own_ + 3) return values[column].key;
    return group_of(values, static_cast<std::size_t>(values[own_].key), static_cast<std::size_t>(values[own_ + 1].key));
  }

 private:
  struct Axis {
    Axis(const MatrixAxis& axis, const std::string& measure, const std::vector<Threshold>& thresholds,
         const std::vector<RowColumn>& columns, std::size_t own, double margin)
        : bands(axis.bands.size()) {
      if (measure.empty()) return;
      const bool substituted = measure != axis.scale.measure;
      const AxisScale& scale = substituted ? *axis.substitute : axis.scale;
      place = place_of(columns, measure, own);
      falling = scale.falling;
      if (!place.present()) return;
      by_label = !scale.labels.empty();
      if (by_label) {
        for (const std::string& label : *columns[place.at].labels) {
          std::size_t band = bands;
          for (std::size_t b = 0; b < scale.labels.size(); ++b)
            if (std::find(scale.labels[b].begin(), scale.labels[b].end(), label) != scale.labels[b].end()) band = b;
          band_of_label.push_back(band);
        }
        return;
      }
      for (const Threshold& edge : thresholds) edges.emplace_back(place, edge, margin);
    }
    [[nodiscard]] std::size_t band(const CellValue* values) const {
      if (!place.present() || !values[place.at].known) return bands;
      const std::int64_t key = values[place.at].key;
      if (by_label) return band_of_label[static_cast<std::size_t>(key)];
      const std::size_t bin = bin_of(edges, key);
      return falling ? bands - 1 - bin : bin;
    }
    [[nodiscard]] BinRange range(const CellValue* values) const {
      if (by_label || !place.present() || !values[place.at].known) return {band(values), band(values)};
      const BinRange bins = bins_of(edges, values[place.at].key);
      return falling ? BinRange{bands - 1 - bins.high, bands - 1 - bins.low} : bins;
    }
    std::size_t bands;
    Place place;
    bool falling{false};
    bool by_label{false};
    std::vector<RowEdge> edges;
    std::vector<std::size_t> band_of_label;
  };
  struct Condition {
    struct Bounds {
      std::int64_t above{std::numeric_limits<std::int64_t>::min()};
      std::int64_t at_most{std::numeric_limits<std::int64_t>::max()};
    };
    Condition(const MeasureCondition& condition, const std::vector<RowColumn>& columns, std::size_t own, double margin)
        : place(place_of(columns, condition.measure, own)) {
      if (!place.present()) return;
      if (!condition.labels.empty()) {
        for (const std::string& label : *columns[place.at].labels)
          fits.push_back(std::find(condition.labels.begin(), condition.labels.end(), label) != condition.labels.end());
        return;
      }
      now = bounds(condition, 0);
      may = bounds(condition, margin);
      must = bounds(condition, -margin);
    }
    /// \param share  by which the lower bound is moved down and the upper one up
    [[nodiscard]] Bounds bounds(const MeasureCondition& condition, double share) const {
      if (place.dated) share = 0;
      const auto floor = [&](double bound) { return place.floor_key(Threshold::real(bound)); };
      const auto below = [&](double bound) {
        const std::int64_t key = floor(bound);
        if (place.scale == 0) return key - 1;
        const bool whole = floor_scaled(-bound, place.scale) == -floor_scaled(bound, place.scale);
        return whole && key > std::numeric_limits<std::int64_t>::min() ? key - 1 : key;
      };
      Bounds found;
      if (condition.above) found.above = floor(moved(*condition.above, -share));
      if (condition.at_least) found.above = below(moved(*condition.at_least, -share));
      if (condition.at_most) found.at_most = floor(moved(*condition.at_most, share));
      if (condition.below) found.at_most = below(moved(*condition.below, share));
      return found;
    }
    [[nodiscard]] bool holds(const CellValue* values, Bounds Condition::*which) const {
      if (!place.present() || !values[place.at].known) return false;
      const std::int64_t key = values[place.at].key;
      if (!fits.empty()) return fits[static_cast<std::size_t>(key)];
      return key > (this->*which).above && key <= (this->*which).at_most;
    }
    Place place;
    Bounds now;
    Bounds may;   // with the bounds moved apart
    Bounds must;  // and towards each other
    std::vector<bool> fits;
  };
  struct Rule {
    std::vector<bool> x, y;
    std::int64_t group{0};
    std::vector<Condition> conditions;
    [[nodiscard]] bool holds(const CellValue* values, Condition::Bounds Condition::*which) const {
      return std::all_of(conditions.begin(), conditions.end(),
                         [&](const Condition& condition) { return condition.holds(values, which); });
    }
  };
  [[nodiscard]] std::int64_t group_of(const CellValue* values, std::size_t x, std::size_t y) const {
    for (const Rule& rule : rules_)
      if (rule.x[x] && rule.y[y] && rule.holds(values, &Condition::now)) return rule.group;
    return otherwise_;
  }
  [[nodiscard]] bool group_reached(const CellValue* values, std::size_t x, std::size_t y, std::int64_t code) const {
    for (const Rule& rule : rules_) {
      if (!rule.x[x] || !rule.y[y]) continue;
      if (rule.group == code && rule.holds(values, &Condition::may)) return true;
      if (rule.holds(values, &Condition::must)) return false;
    }
    return otherwise_ == code;
  }
  std::size_t own_;
  Axis x_;
  Axis y_;
  std::vector<Rule> rules_;
  std::int64_t otherwise_{0};
  std::int64_t y_bands_{0};
};

}  // namespace

bool has_thresholds(const AnyModel& model) noexcept {
  return model.get_if<RfmModel>() != nullptr || model.get_if<AbcModel>() != nullptr ||
         model.get_if<MatrixModel>() != nullptr || model.get_if<TierModel>() != nullptr ||
         model.get_if<XyzModel>() != nullptr || model.get_if<LifecycleModel>() != nullptr;
}

std::vector<std::string> columns_with_thresholds(const AnyClassifier& classifier) {
  std::vector<std::string> columns = classifier.outputs();
  if (classifier.get_if<MatrixClassifier>() != nullptr || classifier.get_if<XyzClassifier>() != nullptr) return columns;
  if (classifier.get_if<RfmClassifier>() != nullptr) return {columns.back()};  // after the scores
  if (classifier.get_if<AbcClassifier>() != nullptr || classifier.get_if<TierClassifier>() != nullptr ||
      classifier.get_if<LifecycleClassifier>() != nullptr)
    return {columns.front()};  // before the numbers
  return {};
}

std::unique_ptr<const RowJudge> row_judge(const AnyModel& model, const std::vector<RowColumn>& columns, std::size_t own,
                                          double margin) {
  if (const auto* rfm = model.get_if<RfmModel>()) return std::make_unique<RfmJudge>(*rfm, columns, own, margin);
  if (const auto* abc = model.get_if<AbcModel>()) return std::make_unique<AbcJudge>(*abc, columns, own, margin);
  if (const auto* matrix = model.get_if<MatrixModel>()) {
    // Texts have to be numbered before they can be looked up by place.
    const std::vector<std::string> inputs = reads_of(model).inputs;
    for (std::size_t c = 0; c < own; ++c)
      if (columns[c].type == ColumnType::text && columns[c].labels == nullptr &&
          std::find(inputs.begin(), inputs.end(), columns[c].name) != inputs.end())
        return nullptr;
    return std::make_unique<MatrixJudge>(*matrix, columns, own, margin);
  }
  if (const auto* rules = model.get_if<RulesModel>()) return rules_judge(*rules, columns, own);
  return level_judge(model, columns, own, margin);
}

}  // namespace klientela::classifying
