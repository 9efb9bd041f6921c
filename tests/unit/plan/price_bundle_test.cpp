// The bundle method on functions whose lowest values are known: of planes, with prices that end at zero, and of scale.
#include "plan/price_bundle.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace klientela::planning {
namespace {

/// The sum of weight x |price - middle| over all prices, which is zero where all middles can be reached.
struct Distances {
  std::vector<double> middle, weight;
  double operator()(std::span<const double> at, std::vector<double>& slope) const {
    double sum = 0;
    slope.resize(at.size());
    for (std::size_t r = 0; r < at.size(); ++r) {
      sum += weight[r] * std::abs(at[r] - middle[r]);
      slope[r] = at[r] < middle[r] ? -weight[r] : weight[r];
    }
    return sum;
  }
};

double lowest(const Distances& function, double step, int rounds, double& promise) {
  std::vector<double> at(function.middle.size()), slope;
  double best = function(at, slope);
  PriceBundle bundle(at, best, slope, step);
  for (int round = 0; round < rounds; ++round) {
    const std::span<const double> next = bundle.next();
    for (const double price : next) EXPECT_GE(price, 0);
    at.assign(next.begin(), next.end());
    const double value = function(at, slope);
    best = std::min(best, value);
    bundle.add(at, value, slope);
  }
  static_cast<void>(bundle.next());
  promise = bundle.promise();
  return best;
}

TEST(PriceBundle, FindsTheLowestValueWhateverTheFirstStep) {
  std::mt19937_64 random(3);
  const auto number = [&](double most) { return static_cast<double>(random() >> 11) * 0x1p-53 * most; };
  for (const double step : {1e-3, 1.0, 1e3}) {
    Distances function;
    double floor = 0;  // where a middle lies below zero, zero is as near as prices come
    double first = 0;
    for (int r = 0; r < 12; ++r) {
      function.middle.push_back(number(120) - 20);
      function.weight.push_back(1 + number(3));
      floor += function.weight.back() * std::max(0.0, -function.middle.back());
      first += function.weight.back() * std::abs(function.middle.back());
    }
    double promise = 0;
    const double found = lowest(function, step, 300, promise);
    EXPECT_GE(found, floor - 1e-9);
    EXPECT_LE(found, floor + 0.001 * (first - floor)) << step;
    EXPECT_LE(promise, 0.01 * (first - floor)) << step;
  }
}

TEST(PriceBundle, PromisesNothingWhereAllPricesAreRight) {
  const Distances function{{-1, -2, -3}, {1, 1, 1}};
  double promise = 1;
  EXPECT_EQ(lowest(function, 1, 3, promise), 6);
  EXPECT_EQ(promise, 0);
}

TEST(PriceBundle, HasNoPricesToMindWithoutAny) {
  PriceBundle bundle({}, 5, {}, 1);
  EXPECT_TRUE(bundle.next().empty());
  EXPECT_EQ(bundle.promise(), 0);
}

}  // namespace
}  // namespace klientela::planning
