// Weights of a link model from judged pairs: logistic regression with an L2 penalty, by Newton's method.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "dedupe/link_patterns.hpp"
#include "dedupe/link_training.hpp"
#include "klientela/core/error.hpp"

namespace klientela {

using namespace linking;  // NOLINT: the stage's own internals

namespace {

constexpr int max_halvings = 40;
constexpr double smallest_prior = 1e-18;
constexpr double largest_prior = 1 - 0x1p-50;
constexpr double enough_decrease = 1e-12;  // of the objective, relative: less is rounding

/// Judged patterns, and the column of each level: 0 is the intercept.
class Regression {
 public:
  Regression(std::span<const ComparisonSpec> comparisons, std::span<const std::size_t> order, Patterns matches,
             Patterns non_matches, double l2)
      : patterns_{std::move(matches), std::move(non_matches)}, l2_(l2) {
    for (const std::size_t place : order) {
      first_.push_back(columns_);
      columns_ += static_cast<Eigen::Index>(comparisons[place].levels.size());
    }
  }

  [[nodiscard]] Eigen::Index columns() const noexcept { return columns_; }
  [[nodiscard]] Eigen::Index column(std::size_t field, std::size_t level) const noexcept {
    return first_[field] + static_cast<Eigen::Index>(level) - 1;
  }

  /// Negative log-likelihood and penalty.
  [[nodiscard]] double objective(const Eigen::VectorXd& beta) const {
    double sum = 0.5 * l2_ * (beta.squaredNorm() - beta(0) * beta(0));
    each([&](const std::uint8_t* row, double count, bool match) {
      const double t = match ? -linear(beta, row) : linear(beta, row);
      sum += count * (std::max(t, 0.0) + std::log1p(std::exp(-std::fabs(t))));
    });
    return sum;
  }

  /// Gradient and lower half of the Hessian of the objective.
  void derive(const Eigen::VectorXd& beta, Eigen::VectorXd& gradient, Eigen::MatrixXd& hessian) const {
    gradient = l2_ * beta;
    gradient(0) = 0;
    hessian = Eigen::MatrixXd::Zero(columns_, columns_);
    hessian.diagonal().setConstant(l2_);
    hessian(0, 0) = 0;
    std::vector<Eigen::Index> present;
    each([&](const std::uint8_t* row, double count, bool match) {
      const double p = 1 / (1 + std::exp(-linear(beta, row)));
      const double slope = count * (match ? p - 1 : p);
      const double curve = count * p * (1 - p);
      present.assign(1, 0);
      for (std::size_t f = 0; f < first_.size(); ++f)
        if (row[f] != 0) present.push_back(column(f, row[f]));
      for (std::size_t a = 0; a < present.size(); ++a) {  // columns rise with f
        gradient(present[a]) += slope;
        for (std::size_t b = 0; b <= a; ++b) hessian(present[a], present[b]) += curve;
      }
    });
  }

 private:
  [[nodiscard]] double linear(const Eigen::VectorXd& beta, const std::uint8_t* row) const noexcept {
    double sum = beta(0);
    for (std::size_t f = 0; f < first_.size(); ++f)
      if (row[f] != 0) sum += beta(column(f, row[f]));
    return sum;
  }
  template <class Call>
  void each(Call call) const {
    for (std::size_t side = 0; side < 2; ++side)
      for (std::size_t i = 0; i < patterns_[side].rows(); ++i)
        call(patterns_[side].row(i), patterns_[side].counts[i], side == 0);
  }

  Patterns patterns_[2];  ///< of matches, and of the others
  double l2_;
  std::vector<Eigen::Index> first_;  ///< column of level 1 by comparison
  Eigen::Index columns_{1};
};

}  // namespace

LinkTraining learn_link_model(std::span<const ComparisonSpec> comparisons, const PatternCounts& matches,
                              const PatternCounts& non_matches, const LogisticOptions& options) {
  check(comparisons, "comparisons");
  check(options);
  const std::size_t fields = comparisons.size();
  const std::vector<std::size_t> order = order_by_name(comparisons);
  Patterns one = canonical(matches, comparisons, order, "matches");
  Patterns two = canonical(non_matches, comparisons, order, "non_matches");
  if (!(one.pairs + two.pairs > 0)) refuse_option("matches", "and non_matches must have at least one pair");
  const double pairs_one = one.pairs;
  const double pairs_two = two.pairs;

  LinkTraining result;
  std::vector<std::vector<double>> seen(fields);  // judged pairs by level from 1
  for (std::size_t f = 0; f < fields; ++f) seen[f].assign(comparisons[order[f]].levels.size(), 0.0);
  for (const Patterns* side : {&one, &two})
    for (std::size_t i = 0; i < side->rows(); ++i)
      for (std::size_t f = 0; f < fields; ++f)
        if (const std::size_t level = side->row(i)[f]; level != 0) seen[f][level - 1] += side->counts[i];

  const Regression regression(comparisons, order, std::move(one), std::move(two), options.l2);
  Eigen::VectorXd beta = Eigen::VectorXd::Zero(regression.columns());
  // Without one of the classes the intercept has no best value: half a pair of each keeps it finite.
  beta(0) = std::log((pairs_one + 0.5) / (pairs_two + 0.5));
  bool converged = false;
  const bool one_sided = !(pairs_one > 0 && pairs_two > 0);
  if (!one_sided) {
    double objective = regression.objective(beta);
    result.log_likelihood.push_back(-objective);
    Eigen::VectorXd gradient;
    Eigen::MatrixXd hessian;
    while (!converged && result.iterations < options.max_iterations) {
      ++result.iterations;
      regression.derive(beta, gradient, hessian);
      Eigen::VectorXd step = hessian.selfadjointView<Eigen::Lower>().ldlt().solve(-gradient);
      if (!step.allFinite()) step = -gradient / (hessian.diagonal().maxCoeff() + 1);
      converged = true;
      for (int halving = 0; halving < max_halvings; ++halving, step /= 2) {
        const double tried = regression.objective(beta + step);
        if (!(tried <= objective + enough_decrease * std::fabs(objective))) continue;
        converged = step.cwiseAbs().maxCoeff() <= options.tolerance;
        beta += step;
        objective = tried;
        break;
      }
      result.log_likelihood.push_back(-objective);
    }
  }

  double intercept = beta(0);
  if (options.share && !one_sided)
    intercept += std::log(*options.share / (1 - *options.share)) - std::log(pairs_one / pairs_two);
  std::vector<LinkField> learnt(fields);
  std::size_t trained = 0;
  std::size_t against = 0;
  result.trained.assign(fields, false);
  for (std::size_t f = 0; f < fields; ++f) {
    LinkField& field = learnt[order[f]];
    field.comparison = comparisons[order[f]];
    const std::size_t levels = seen[f].size();
    double evidence = 0;
    for (std::size_t level = 1; level <= levels; ++level) {
      field.weights.push_back(
          std::clamp(beta(regression.column(f, level)) / std::numbers::ln2, -max_weight_bits, max_weight_bits));
      evidence += seen[f][level - 1];
      seen[f][level - 1] += options.l2;  // the penalty counts as pairs: a level that was not seen can be pooled
    }
    if (evidence > 0) {
      result.trained[order[f]] = true;
      ++trained;
      if (field.weights.back() < field.weights.front()) ++against;
    }
    if (options.monotone) make_rising(field.weights, seen[f]);
    for (double& weight : field.weights) weight = on_grid(weight);
  }
  result.model =
      LinkModel(std::clamp(1 / (1 + std::exp(-intercept)), smallest_prior, largest_prior), std::move(learnt));

  if (pairs_one + pairs_two < options.min_pairs) {
    result.status = LinkFit::too_few_pairs;
    result.advice = fmt::format("Judged pairs: {:.0f}, fewer than the {:.0f} asked for: judge more of them.",
                                pairs_one + pairs_two, options.min_pairs);
  } else if (one_sided) {
    result.status = LinkFit::one_class_empty;
    result.advice =
        pairs_one > 0
            ? "All judged pairs are one client, so that nothing tells them apart: judge pairs of two clients, "
              "best such that look alike; all weights are 0."
            : "No judged pair is one client, so that nothing tells them apart: judge duplicates; all weights "
              "are 0.";
  } else if (against * 2 > trained) {
    result.status = LinkFit::labels_swapped;
    result.advice =
        "Pairs that agree were judged to be two clients more often than those that disagree: check that the judgements "
        "are not the wrong way round.";
  } else if (!converged) {
    result.status = LinkFit::iteration_limit;
    result.advice =
        fmt::format("Stopped after {} iterations, before the weights rested: raise max_iterations, tolerance or l2.",
                    result.iterations);
  } else {
    result.status = LinkFit::converged;
  }
  return result;
}

}  // namespace klientela
