// Expected precision and recall at every threshold, and Platt's scaling of scores.
#include "klientela/dedupe/link_thresholds.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include "dedupe/link_patterns.hpp"
#include "dedupe/link_training.hpp"
#include "klientela/core/error.hpp"

namespace klientela {

using namespace linking;  // NOLINT: the stage's own internals

namespace {

constexpr double largest_score = 1e6;

void check_scores(std::span<const double> scores) {
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (!(std::fabs(scores[i]) <= largest_score))
      refuse_option(fmt::format("scores[{}]", i), "must be a number of at most 1e6 in size");
}

void check_counts(std::span<const double> counts, std::size_t size, const char* argument) {
  if (counts.size() != size)
    refuse_option(argument, fmt::format("must be as many as scores, {}, not {}", size, counts.size()));
  for (std::size_t i = 0; i < size; ++i)
    if (!(counts[i] >= 0 && counts[i] <= largest_count))
      refuse_option(fmt::format("{}[{}]", argument, i), "must be from 0 to 1e15");
}

std::vector<double> scores_of(const LinkModel& model, const PatternCounts& patterns) {
  if (patterns.fields != model.fields().size())
    refuse_option("patterns.fields", fmt::format("must be the {} of the model", model.fields().size()));
  if (patterns.levels.size() != patterns.rows() * patterns.fields)
    refuse_option("patterns.levels", "must be rows x fields numbers");
  std::vector<double> scores(patterns.rows());
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = model.score(patterns.row(i));
  return scores;
}

}  // namespace

ThresholdTable::ThresholdTable(const LinkModel& model, const PatternCounts& patterns)
    : ThresholdTable(scores_of(model, patterns), patterns.counts) {}

ThresholdTable::ThresholdTable(std::span<const double> scores, std::span<const double> counts) {
  check_scores(scores);
  if (!counts.empty()) check_counts(counts, scores.size(), "counts");
  std::vector<std::pair<double, double>> sorted;  // score, count
  sorted.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (const double count = counts.empty() ? 1 : counts[i]; count > 0)
      sorted.emplace_back(scores[i] + 0.0, count);  // no -0
  if (sorted.empty()) refuse_option("counts", "must have at least one pair");
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) noexcept {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  double pairs = 0;
  for (std::size_t begin = 0; begin < sorted.size();) {
    ThresholdRow row;
    row.threshold = sorted[begin].first;
    row.probability = link_probability(row.threshold);
    double own = 0;
    for (; begin < sorted.size() && sorted[begin].first == row.threshold; ++begin) own += sorted[begin].second;
    row.pairs = pairs += own;
    row.matches = matches_ += own * row.probability;
    rows_.push_back(row);
  }
  for (ThresholdRow& row : rows_) {
    row.precision = std::min(row.matches / row.pairs, 1.0);
    row.recall = matches_ > 0 ? row.matches / matches_ : 1;
    row.f1 = row.matches > 0 ? 2 * row.precision * row.recall / (row.precision + row.recall) : 0;
  }
}

ThresholdRow ThresholdTable::at(double threshold) const {
  if (std::isnan(threshold)) refuse_option("threshold", "must be a number");
  const auto end = std::partition_point(rows_.begin(), rows_.end(),
                                        [&](const ThresholdRow& row) { return row.threshold >= threshold; });
  ThresholdRow row;
  if (end != rows_.begin()) {
    row = *std::prev(end);
  } else {
    row.precision = 1;
    row.recall = matches_ > 0 ? 0 : 1;
  }
  row.threshold = threshold;
  row.probability = link_probability(threshold);
  return row;
}

std::optional<ThresholdRow> ThresholdTable::for_precision(double precision) const {
  if (!(precision >= 0 && precision <= 1))
    throw Error(Code::out_of_range, "precision must be from 0 to 1", "precision");
  // Precision falls with the threshold but for rounding: look from the lowest one up.
  const auto found =
      std::find_if(rows_.rbegin(), rows_.rend(), [&](const ThresholdRow& row) { return row.precision >= precision; });
  if (found == rows_.rend()) return std::nullopt;
  return *found;
}

ThresholdRow ThresholdTable::best_f1() const {
  return *std::max_element(rows_.begin(), rows_.end(),
                           [](const ThresholdRow& a, const ThresholdRow& b) { return a.f1 < b.f1; });
}

ScoreCalibration ScoreCalibration::platt(std::span<const double> scores, std::span<const double> matches,
                                         std::span<const double> others) {
  check_scores(scores);
  check_counts(matches, scores.size(), "matches");
  check_counts(others, scores.size(), "others");
  struct Point {
    double x;  ///< nats
    double matches;
    double others;
  };
  std::vector<Point> points;
  for (std::size_t i = 0; i < scores.size(); ++i)
    if (matches[i] + others[i] > 0) points.push_back({scores[i] * std::numbers::ln2, matches[i], others[i]});
  std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) {  // the same sums for any order
    return std::tie(a.x, a.matches, a.others) < std::tie(b.x, b.matches, b.others);
  });
  double n1 = 0;
  double n2 = 0;
  for (const Point& point : points) {
    n1 += point.matches;
    n2 += point.others;
  }
  if (!(n1 > 0)) refuse_option("matches", "must have at least one pair");
  if (!(n2 > 0)) refuse_option("others", "must have at least one pair");
  const double high = (n1 + 1) / (n1 + 2);
  const double low = 1 / (n2 + 2);

  const auto objective = [&](double slope, double offset) {
    double sum = 0;
    for (const Point& point : points) {
      const double t = slope * point.x + offset;
      const double soft = std::log1p(std::exp(-std::fabs(t))) + std::max(t, 0.0);  // -ln(1 - p)
      sum += (point.matches + point.others) * soft - t * (point.matches * high + point.others * low);
    }
    return sum;
  };
  double slope = 0;
  double offset = std::log((n1 + 1) / (n2 + 1));
  double best = objective(slope, offset);
  for (int iteration = 0; iteration < 200; ++iteration) {
    double ga = 0;
    double gb = 0;
    double haa = 1e-12;
    double hab = 0;
    double hbb = 1e-12;
    for (const Point& point : points) {
      const double p = 1 / (1 + std::exp(-(slope * point.x + offset)));
      const double n = point.matches + point.others;
      const double error = n * p - point.matches * high - point.others * low;
      const double curve = n * p * (1 - p);
      ga += error * point.x;
      gb += error;
      haa += curve * point.x * point.x;
      hab += curve * point.x;
      hbb += curve;
    }
    const double determinant = haa * hbb - hab * hab;
    if (!(determinant > 0)) break;
    double da = -(hbb * ga - hab * gb) / determinant;
    double db = -(haa * gb - hab * ga) / determinant;
    bool moved = false;
    for (int halving = 0; halving < 40 && !moved; ++halving, da /= 2, db /= 2) {
      const double tried = objective(slope + da, offset + db);
      if (!(tried < best)) continue;
      slope += da;
      offset += db;
      best = tried;
      moved = true;
    }
    if (!moved) break;
  }
  ScoreCalibration calibration;
  if (slope < 0) {  // higher scores were judged to be two clients: all that is left is the share
    slope = 0;
    offset = std::log((n1 * high + n2 * low) / (n1 * (1 - high) + n2 * (1 - low)));
  }
  calibration.slope_ = slope;
  calibration.offset_ = offset / std::numbers::ln2;
  return calibration;
}

}  // namespace klientela
