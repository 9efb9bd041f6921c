// One row by the kinds that look at levels and limits: tiers, XYZ and lifecycle.
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "classify/lifecycle_rhythm.hpp"
#include "classify/row_judge.hpp"
#include "classify/row_place.hpp"
#include "classify/tier_points.hpp"
#include "klientela/classify/lifecycle.hpp"
#include "klientela/classify/tiers.hpp"
#include "klientela/classify/xyz.hpp"

namespace klientela::classifying {
namespace {

CellValue real_cell(double value) { return std::isnan(value) ? CellValue{0, false} : CellValue{key_of(value), true}; }

class TierJudge final : public RowJudge {
 public:
  TierJudge(const TierModel& model, const std::vector<RowColumn>& columns, std::size_t own, double margin)
      : options_(model.options()), own_(own), orders_(place_of(columns, options_.orders, own)) {
    if (!orders_.present()) throw Error(Code::not_found, "there is no column " + options_.orders, options_.orders);
    for (std::size_t m = 0; m < options_.measures.size(); ++m) {
      if (model.edges(m).empty()) continue;
      const std::string& measure = options_.measures[m].measure;
      Ladder& ladder = ladders_.emplace_back();
      ladder.weight = options_.measures[m].weight;
      ladder.place = place_of(columns, measure, own);
      if (!ladder.place.present()) throw Error(Code::not_found, "there is no column " + measure, measure);
      for (const Threshold& edge : model.edges(m)) ladder.edges.emplace_back(ladder.place, edge, margin);
    }
  }
  void judge(CellValue* values, const IdView& /*client*/) const override {
    if (!has_order(values)) {
      values[own_] = {potential, true};
      values[own_ + 1] = {0, false};
      return;
    }
    TierPoints points;
    for (const Ladder& ladder : ladders_) {
      const CellValue& value = values[ladder.place.at];
      if (value.known) points.add(ladder.weight, bin_of(ladder.edges, value.key), ladder.edges.size());
    }
    values[own_] = {TierPoints::tier(points.value(), options_), true};
    values[own_ + 1] = real_cell(points.value());
  }
  /// Tiers between those of the fewest and the most points count as reached.
  bool reaches(const CellValue* values, const IdView& /*client*/, std::size_t column,
               std::int64_t code) const override {
    if (column != own_) return false;
    if (!has_order(values)) return code == potential;
    TierPoints fewest;
    TierPoints most;
    for (const Ladder& ladder : ladders_) {
      const CellValue& value = values[ladder.place.at];
      if (!value.known) continue;
      const BinRange levels = bins_of(ladder.edges, value.key);
      fewest.add(ladder.weight, levels.low, ladder.edges.size());
      most.add(ladder.weight, levels.high, ladder.edges.size());
    }
    return TierPoints::tier(most.value(), options_) <= code && code <= TierPoints::tier(fewest.value(), options_);
  }

 private:
  struct Ladder {
    double weight{1};
    Place place;
    std::vector<RowEdge> edges;
  };
  [[nodiscard]] bool has_order(const CellValue* values) const {
    return values[orders_.at].known && values[orders_.at].key > 0;
  }
  TierOptions options_;
  std::size_t own_;
  Place orders_;
  std::vector<Ladder> ladders_;
};

class XyzJudge final : public RowJudge {
 public:
  XyzJudge(const XyzModel& model, const std::vector<RowColumn>& columns, std::size_t own, double margin)
      : own_(own), place_(place_of(columns, model.options().measure, own)) {
    const XyzOptions& options = model.options();
    if (!place_.present()) throw Error(Code::not_found, "there is no column " + options.measure, options.measure);
    for (const double edge : {options.x, options.y}) edges_.emplace_back(place_, Threshold::real(edge), margin);
    if (options.cross.empty()) return;
    cross_ = place_of(columns, options.cross, own);
    if (!cross_.present()) throw Error(Code::not_found, "there is no column " + options.cross, options.cross);
    // Texts are crossed in their own order, not in that of the rows.
    const std::vector<std::string>& crossed = *columns[own + 1].labels;
    nobody_ = static_cast<std::int64_t>(crossed.size()) - 1;
    std::unordered_map<std::string_view, std::int64_t> first;
    for (std::size_t code = 0; code + 1 < crossed.size(); code += 3)
      first.emplace(std::string_view(crossed[code]).substr(0, crossed[code].size() - 1),
                    static_cast<std::int64_t>(code));
    for (const std::string& label : *columns[cross_.at].labels) {
      const auto found = first.find(label);
      first_of_.push_back(found == first.end() ? nobody_ : found->second);
    }
  }
  void judge(CellValue* values, const IdView& /*client*/) const override {
    const CellValue& value = values[place_.at];
    const std::int64_t code = value.known ? static_cast<std::int64_t>(bin_of(edges_, value.key)) : no_class;
    values[own_] = {code, true};
    if (!cross_.present()) return;
    values[own_ + 1] = {crossed(values, code), true};
  }
  bool reaches(const CellValue* values, const IdView& /*client*/, std::size_t column,
               std::int64_t code) const override {
    const CellValue& value = values[place_.at];
    const bool both = column != own_;
    const bool none = !value.known || (both && !values[cross_.at].known);
    if (none) return code == (both ? nobody_ : no_class);
    if (both && (code == nobody_ || code != crossed(values, code % 3))) return false;
    return bins_of(edges_, value.key).has(static_cast<std::size_t>(both ? code % 3 : code));
  }
  std::int64_t kept(const CellValue* values, const IdView& client, std::size_t column,
                    std::optional<std::int64_t> was) const override {
    if (column == own_) return RowJudge::kept(values, client, column, was);
    const CellValue& value = values[place_.at];
    const bool stays =
        value.known && was && *was != nobody_ && bins_of(edges_, value.key).has(static_cast<std::size_t>(*was % 3));
    return crossed(values, stays ? *was % 3 : values[own_].key);
  }

 private:
  [[nodiscard]] std::int64_t crossed(const CellValue* values, std::int64_t code) const {
    const CellValue& other = values[cross_.at];
    return code == no_class || !other.known ? nobody_ : first_of_[static_cast<std::size_t>(other.key)] + code;
  }
  static constexpr std::int64_t no_class = 3;
  std::size_t own_;
  Place place_;
  Place cross_;
  std::vector<RowEdge> edges_;
  std::int64_t nobody_{0};
  std::vector<std::int64_t> first_of_;  // by label of the crossing column: its code with X
};

class LifecycleJudge final : public RowJudge {
 public:
  LifecycleJudge(const LifecycleModel& model, const std::vector<RowColumn>& columns, std::size_t own, double margin)
      : own_(own), margin_(margin), rhythm_(model.options(), model.typical_gap_days(), model.typical_cv()) {
    const char* const names[] = {recency_column, tenure_column, mean_column, cv_column, last_column};
    for (std::size_t i = 0; i < places_.size(); ++i) places_[i] = place_of(columns, names[i], own);
    for (std::size_t i = 0; i < 2; ++i)
      if (!places_[i].present()) throw Error(Code::not_found, std::string("there is no column ") + names[i], names[i]);
  }
  void judge(CellValue* values, const IdView& /*client*/) const override {
    const Judgement found = rhythm_.judge(lived(values));
    values[own_] = {found.state, true};
    values[own_ + 1] = real_cell(found.overdue);
    values[own_ + 2] = real_cell(found.risk);
  }
  bool reaches(const CellValue* values, const IdView& /*client*/, std::size_t column,
               std::int64_t code) const override {
    return column == own_ && rhythm_.reaches(lived(values), margin_, static_cast<State>(code));
  }

 private:
  [[nodiscard]] Lived lived(const CellValue* values) const {
    const auto number = [&](const Place& place) {
      if (!place.present() || !values[place.at].known) return std::numeric_limits<double>::quiet_NaN();
      const std::int64_t key = values[place.at].key;
      return place.scale == 0 ? real_of(key) : static_cast<double>(key) / static_cast<double>(place.scale);
    };
    return {number(places_[0]), number(places_[1]), number(places_[2]), number(places_[3]), number(places_[4])};
  }
  std::size_t own_;
  double margin_;
  LifecycleRhythm rhythm_;
  std::array<Place, 5> places_;
};

}  // namespace

std::unique_ptr<const RowJudge> level_judge(const AnyModel& model, const std::vector<RowColumn>& columns,
                                            std::size_t own, double margin) {
  if (const auto* tiers = model.get_if<TierModel>()) return std::make_unique<TierJudge>(*tiers, columns, own, margin);
  if (const auto* lifecycle = model.get_if<LifecycleModel>())
    return std::make_unique<LifecycleJudge>(*lifecycle, columns, own, margin);
  if (const auto* xyz = model.get_if<XyzModel>()) {
    // Texts have to be numbered before they can be looked up by place.
    const Place cross = place_of(columns, xyz->options().cross, own);
    if (cross.present() && columns[cross.at].labels == nullptr) return nullptr;
    return std::make_unique<XyzJudge>(*xyz, columns, own, margin);
  }
  return nullptr;
}

}  // namespace klientela::classifying
