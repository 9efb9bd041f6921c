// The proximal bundle method: planes below a convex function, and the lowest point of them near the best place so far.
#include "plan/price_bundle.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace klientela::planning {

namespace {

double product(const std::vector<double>& a, std::span<const double> b) {
  double sums[4] = {};  // four sums in a fixed order: a single one is a chain of additions
  std::size_t i = 0;
  for (; i + 4 <= a.size(); i += 4)
    for (std::size_t k = 0; k < 4; ++k) sums[k] += a[i + k] * b[i + k];
  for (; i < a.size(); ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

PriceBundle::PriceBundle(std::vector<double> at, double value, std::vector<double> slope, double step)
    : center_(std::move(at)),
      target_(center_.size()),
      mean_(center_.size()),
      away_(center_.size()),
      change_(center_.size()),
      value_(value),
      step_(step) {
  const double height = value - product(slope, center_);
  planes_.push_back({center_, std::move(slope), height, 0, 1});
}

/// Weights of the planes at which their mean, in the metric of the step and prices at or above zero, is lowest.
void PriceBundle::balance() {
  constexpr int most_exchanges = 300;
  std::fill(mean_.begin(), mean_.end(), 0.0);
  for (const Plane& plane : planes_)
    if (plane.weight > 0)
      for (std::size_t r = 0; r < mean_.size(); ++r) mean_[r] += plane.weight * plane.slope[r];
  for (int exchange = 0;; ++exchange) {
    for (std::size_t r = 0; r < mean_.size(); ++r) away_[r] = std::min(step_ * mean_[r], center_[r]);
    std::size_t best = 0, worst = planes_.size();
    double least = 0, most = 0, expected = 0;
    for (std::size_t p = 0; p < planes_.size(); ++p) {
      const double cost = planes_[p].error + product(planes_[p].slope, away_);
      expected += planes_[p].weight * cost;
      if (p == 0 || cost < least) {
        least = cost;
        best = p;
      }
      if (planes_[p].weight > 0 && (worst == planes_.size() || cost > most)) {
        most = cost;
        worst = p;
      }
    }
    promise_ = std::max(least, 0.0);
    if (exchange == most_exchanges || best == worst || expected - least <= 0.02 * expected) return;
    // From the worst plane to the best one, as far as it pays.
    double curvature = 0;
    for (std::size_t r = 0; r < mean_.size(); ++r) {
      change_[r] = planes_[best].slope[r] - planes_[worst].slope[r];
      if (step_ * mean_[r] < center_[r]) curvature += step_ * change_[r] * change_[r];
    }
    const double limit = planes_[worst].weight, gain = most - least;
    double share = curvature * limit > gain ? gain / curvature : limit;
    double slope = -gain;
    for (std::size_t r = 0; r < mean_.size(); ++r)
      slope += change_[r] * (std::min(step_ * (mean_[r] + share * change_[r]), center_[r]) - away_[r]);
    if (slope > 0) share *= gain / (gain + slope);
    planes_[best].weight += share;
    planes_[worst].weight = share == limit ? 0 : limit - share;
    for (std::size_t r = 0; r < mean_.size(); ++r) mean_[r] += share * change_[r];
  }
}

std::span<const double> PriceBundle::next() {
  balance();
  for (std::size_t r = 0; r < target_.size(); ++r) target_[r] = center_[r] - away_[r];
  return target_;
}

/// The plane without weight that lies lowest; where all have weight, the two with the least become one.
void PriceBundle::drop_one() {
  std::size_t out = planes_.size();
  for (std::size_t p = 0; p < planes_.size(); ++p)
    if (planes_[p].weight <= 0 && (out == planes_.size() || planes_[p].error > planes_[out].error)) out = p;
  if (out == planes_.size()) {
    const auto lighter = [](const Plane& a, const Plane& b) { return a.weight < b.weight; };
    std::partial_sort(planes_.begin(), planes_.begin() + 2, planes_.end(), lighter);
    Plane& a = planes_[0];
    const Plane& b = planes_[1];
    if (a.weight < b.weight) a.at = b.at;
    const double sum = a.weight + b.weight, own = a.weight / sum, other = b.weight / sum;
    for (std::size_t r = 0; r < a.slope.size(); ++r) a.slope[r] = own * a.slope[r] + other * b.slope[r];
    a.height = own * a.height + other * b.height;
    a.error = own * a.error + other * b.error;
    a.weight = sum;
    out = 1;
  }
  planes_.erase(planes_.begin() + static_cast<std::ptrdiff_t>(out));
}

std::vector<PriceBundle::Share> PriceBundle::shares() const {
  std::vector<Share> found;
  for (const Plane& plane : planes_)
    if (plane.weight > 0) found.push_back({plane.at, plane.weight});
  return found;
}

void PriceBundle::add(std::span<const double> at, double value, std::vector<double> slope) {
  if (planes_.size() == most_planes) drop_one();
  const double height = value - product(slope, at);
  const double decrease = value_ - value;
  planes_.push_back({{at.begin(), at.end()}, std::move(slope), height, 0, 0});
  const bool better = decrease >= 0.1 * promise_ && decrease > 0;
  if (better) {
    center_.assign(at.begin(), at.end());
    value_ = value;
    for (Plane& plane : planes_) plane.error = std::max(0.0, value_ - plane.height - product(plane.slope, center_));
  } else {
    planes_.back().error = std::max(0.0, value_ - height - product(planes_.back().slope, center_));
  }
  fit_step(better, decrease);
}

/// Longer after steps that did as well as was promised, shorter after some that led out of where the planes are of use;
/// by how much, a parabola through both ends says (Kiwiel 1990, "Proximity control").
void PriceBundle::fit_step(bool better, double decrease) {
  if (promise_ <= 0) return;
  const double fit = 0.5 / std::max(1 - decrease / promise_, 0.05);
  if (better) {
    runs_ = std::max(runs_ + 1, 1);
    const double before = step_;
    if (decrease >= 0.5 * promise_ && runs_ > 1)
      step_ *= std::clamp(fit, 1.0, 10.0);
    else if (runs_ > 3)
      step_ *= 2;
    if (step_ != before) runs_ = 1;
  } else {
    runs_ = std::min(runs_ - 1, -1);
    if (runs_ < -3 && planes_.back().error > promise_) {
      step_ *= std::clamp(fit, 0.1, 1.0);
      runs_ = -1;
    }
  }
}

}  // namespace klientela::planning
