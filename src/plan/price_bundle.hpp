// Prices that lower a convex bound step by step, by what its values and slopes so far say of it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace klientela::planning {

/// Minimises a convex function over prices at or above zero, by its value and a subgradient where next() asks (proximal
/// bundle method; Lemarechal 1974, Kiwiel 1990). The quadratic problem of each step is solved over the weights of the
/// planes by exchanging weight between two of them. Not thread-safe; the same numbers for the same answers.
class PriceBundle {
 public:
  static constexpr std::size_t most_planes = 32;

  /// \param step  how far to go along a slope at first; > 0
  PriceBundle(std::vector<double> at, double value, std::vector<double> slope, double step);

  /// Where to look next. O(planes x prices) a few hundred times at most; valid until the next call
  [[nodiscard]] std::span<const double> next();
  /// What was found at a place near the one that next() gave.
  void add(std::span<const double> at, double value, std::vector<double> slope);
  /// Where the planes were found and how much each counts in the mean that next() followed; the weights' sum is 1. What
  /// was chosen there, mixed by these weights, is what the best prices are right for.
  struct Share {
    std::span<const double> at;
    double weight;
  };
  [[nodiscard]] std::vector<Share> shares() const;
  /// How much lower the planes say that the function is at most at the place of next(); >= 0.
  [[nodiscard]] double promise() const { return promise_; }

 private:
  struct Plane {
    std::vector<double> at;
    std::vector<double> slope;
    double height;  // at zero
    double error;   // what it lies below the value at the center
    double weight;
  };
  void balance();
  void drop_one();
  void fit_step(bool better, double decrease);

  std::vector<double> center_, target_, mean_, away_, change_;
  double value_, step_, promise_{0};
  std::vector<Plane> planes_;
  int runs_{0};  // of steps that did better, or, below 0, that did not
};

}  // namespace klientela::planning
