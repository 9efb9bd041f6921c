// One row against the edges of RFM, ABC and the matrix; the same comparisons as their classify() makes for columns.
#include "classify/row_judge.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "classify/decimal.hpp"
#include "classify/matrix_groups.hpp"
#include "classify/measure.hpp"
#include "klientela/classify/abc.hpp"
#include "klientela/classify/kernels.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/rfm.hpp"

namespace klientela::classifying {
namespace {

constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

/// A numeric column among those of a row.
struct Place {
  std::size_t at{nowhere};
  std::int64_t scale{1};  // 0: float64
  [[nodiscard]] bool present() const noexcept { return at != nowhere; }
  [[nodiscard]] std::int64_t floor_key(const Threshold& edge) const {
    if (edge.form() == Threshold::Form::lowest) return std::numeric_limits<std::int64_t>::min();
    return scale == 0 ? key_of(edge.to_double()) : edge.floor_units(scale);
  }
  [[nodiscard]] bool whole(const Threshold& edge) const {
    if (scale == 0) return true;
    if (edge.form() == Threshold::Form::real)
      return floor_scaled(-edge.to_double(), scale) == -floor_scaled(edge.to_double(), scale);
    return edge.form() == Threshold::Form::exact && edge.numerator() == 0 &&
           (scale >= edge.scale() || edge.units() % (edge.scale() / scale) == 0);
  }
};

std::size_t find(const std::vector<RowColumn>& columns, const std::string& name, std::size_t before) {
  for (std::size_t c = 0; c < before; ++c)
    if (columns[c].name == name) return c;
  return nowhere;
}

bool is_text(ColumnType type) {
  return type == ColumnType::label || type == ColumnType::term || type == ColumnType::text;
}

Place place_of(const std::vector<RowColumn>& columns, const std::string& name, std::size_t before) {
  Place place;
  place.at = find(columns, name, before);
  if (place.present() && !is_text(columns[place.at].type)) place.scale = units_per_one(columns[place.at].type);
  return place;
}

std::int64_t label_code(const std::vector<std::string>& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) - labels.begin();
}

class RfmJudge final : public RowJudge {
 public:
  RfmJudge(const RfmModel& model, const std::vector<RowColumn>& columns, std::size_t own)
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
          list.push_back({places_[m].floor_key(edge.at), edge.at.form() == Threshold::Form::lowest, edge.last_client});
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
      for (const Edge& edge : edges_[m][edges_[m].size() > 1 ? cell : 0])
        bin += edge.lowest || key > edge.key ||
                       (edge.last_client && key == edge.key && client > IdView::of(*edge.last_client))
                   ? 1U
                   : 0U;
      values[own_ + m] = {scores_[m][bin], true};
      cell = cell * bins_ + bin;
    }
    values[own_ + 3] = {segments_[cell], true};
  }

 private:
  struct Edge {
    std::int64_t key;
    bool lowest;
    std::optional<std::string> last_client;
  };
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
  AbcJudge(const AbcModel& model, const std::vector<RowColumn>& columns, std::size_t own) : own_(own) {
    for (std::size_t m = 0; m < model.options().measures.size(); ++m) {
      const std::string& measure = model.options().measures[m];
      Limits limits{place_of(columns, measure, own), {}};
      if (!limits.place.present()) throw Error(Code::not_found, "there is no column " + measure, measure);
      limits.edges = {edge_of(limits.place, model.thresholds(m).a), edge_of(limits.place, model.thresholds(m).b)};
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
        for (const Edge& edge : limits.edges) {
          const bool tied =
              edge.last_client && value.key == edge.tie && edge.tie > 0 && client <= IdView::of(*edge.last_client);
          below += value.key > edge.floor || tied ? 0 : 1;
        }
      }
      code = code * 3 + below;
    }
    values[own_] = {code, true};
  }

 private:
  struct Edge {
    std::int64_t floor{std::numeric_limits<std::int64_t>::max()};
    std::int64_t tie{0};
    std::optional<std::string> last_client{};
  };
  struct Limits {
    Place place;
    std::array<Edge, 2> edges;
  };
  static Edge edge_of(const Place& place, const std::optional<AbcEdge>& from) {
    Edge edge;
    if (!from) return edge;
    edge.floor = place.floor_key(from->at);
    const bool whole = place.whole(from->at);
    if (whole && from->last_client) {
      edge.tie = edge.floor;
      edge.last_client = from->last_client;
    } else if (whole && from->included && edge.floor > 0) {
      --edge.floor;
    }
    edge.floor = std::max<std::int64_t>(edge.floor, 0);
    return edge;
  }
  std::size_t own_;
  std::vector<Limits> limits_;
};

class MatrixJudge final : public RowJudge {
 public:
  MatrixJudge(const MatrixModel& model, const std::vector<RowColumn>& columns, std::size_t own)
      : own_(own),
        x_(model.options().x, model.x_measure(), model.x_edges(), columns, own),
        y_(model.options().y, model.y_measure(), model.y_edges(), columns, own) {
    const GroupRules rules(model.options(), "");
    const std::vector<std::string>& groups = *columns[own + 3].labels;
    for (const GroupRules::Rule& rule : rules.rules) {
      Rule& mine = rules_.emplace_back();
      mine.x = rule.x;
      mine.y = rule.y;
      mine.group = static_cast<std::int64_t>(rule.group);
      for (const MeasureCondition& condition : rule.conditions) mine.conditions.emplace_back(condition, columns, own);
    }
    otherwise_ = label_code(groups, model.options().otherwise);
    y_bands_ = static_cast<std::int64_t>(rules.y_bands);
  }
  void judge(CellValue* values, const IdView& /*client*/) const override {
    const std::size_t x = x_.band(values);
    const std::size_t y = y_.band(values);
    std::int64_t group = otherwise_;
    for (const Rule& rule : rules_) {
      if (!rule.x[x] || !rule.y[y]) continue;
      if (!std::all_of(rule.conditions.begin(), rule.conditions.end(),
                       [&](const Condition& condition) { return condition.holds(values); }))
        continue;
      group = rule.group;
      break;
    }
    values[own_] = {static_cast<std::int64_t>(x), true};
    values[own_ + 1] = {static_cast<std::int64_t>(y), true};
    values[own_ + 2] = {static_cast<std::int64_t>(x) * y_bands_ + static_cast<std::int64_t>(y), true};
    values[own_ + 3] = {group, true};
  }

 private:
  struct Axis {
    Axis(const MatrixAxis& axis, const std::string& measure, const std::vector<Threshold>& thresholds,
         const std::vector<RowColumn>& columns, std::size_t own)
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
      for (const Threshold& edge : thresholds)
        edges.push_back({place.floor_key(edge), edge.form() == Threshold::Form::lowest});
    }
    [[nodiscard]] std::size_t band(const CellValue* values) const {
      if (!place.present() || !values[place.at].known) return bands;
      const std::int64_t key = values[place.at].key;
      if (by_label) return band_of_label[static_cast<std::size_t>(key)];
      std::size_t bin = 0;
      for (const auto& [edge, lowest] : edges) bin += lowest || key > edge ? 1U : 0U;
      return falling ? bands - 1 - bin : bin;
    }
    std::size_t bands;
    Place place;
    bool falling{false};
    bool by_label{false};
    std::vector<std::pair<std::int64_t, bool>> edges;
    std::vector<std::size_t> band_of_label;
  };
  struct Condition {
    Condition(const MeasureCondition& condition, const std::vector<RowColumn>& columns, std::size_t own)
        : place(place_of(columns, condition.measure, own)) {
      if (!place.present()) return;
      if (!condition.labels.empty()) {
        for (const std::string& label : *columns[place.at].labels)
          fits.push_back(std::find(condition.labels.begin(), condition.labels.end(), label) != condition.labels.end());
        return;
      }
      const auto floor = [&](double bound) { return place.floor_key(Threshold::real(bound)); };
      const auto below = [&](double bound) {
        const std::int64_t key = floor(bound);
        if (place.scale == 0) return key - 1;
        const bool whole = floor_scaled(-bound, place.scale) == -floor_scaled(bound, place.scale);
        return whole && key > std::numeric_limits<std::int64_t>::min() ? key - 1 : key;
      };
      if (condition.above) above = floor(*condition.above);
      if (condition.at_least) above = below(*condition.at_least);
      if (condition.at_most) at_most = floor(*condition.at_most);
      if (condition.below) at_most = below(*condition.below);
    }
    [[nodiscard]] bool holds(const CellValue* values) const {
      if (!place.present() || !values[place.at].known) return false;
      const std::int64_t key = values[place.at].key;
      if (!fits.empty()) return fits[static_cast<std::size_t>(key)];
      return key > above && key <= at_most;
    }
    Place place;
    std::int64_t above{std::numeric_limits<std::int64_t>::min()};
    std::int64_t at_most{std::numeric_limits<std::int64_t>::max()};
    std::vector<bool> fits;
  };
  struct Rule {
    std::vector<bool> x, y;
    std::int64_t group{0};
    std::vector<Condition> conditions;
  };
  std::size_t own_;
  Axis x_;
  Axis y_;
  std::vector<Rule> rules_;
  std::int64_t otherwise_{0};
  std::int64_t y_bands_{0};
};

}  // namespace

std::unique_ptr<const RowJudge> row_judge(const AnyModel& model, const std::vector<RowColumn>& columns,
                                          std::size_t own) {
  if (const auto* rfm = model.get_if<RfmModel>()) return std::make_unique<RfmJudge>(*rfm, columns, own);
  if (const auto* abc = model.get_if<AbcModel>()) return std::make_unique<AbcJudge>(*abc, columns, own);
  if (const auto* matrix = model.get_if<MatrixModel>()) return std::make_unique<MatrixJudge>(*matrix, columns, own);
  return nullptr;
}

}  // namespace klientela::classifying
