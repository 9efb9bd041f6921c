// The chance of so many hits in a draw without replacement: exact tails for products that groups buy, at any size.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace klientela::report {

/// How many of `drawn` clients, out of `all` of whom `hits` bought something, bought it, if chance alone decides. The
/// probabilities follow C. Loader, Fast and Accurate Computation of Binomial Probabilities (2000): about 1e-13 of their
/// size, whatever the numbers. Tails are sums of them, so small ones keep that too.
class Hypergeometric {
 public:
  /// \pre 0 <= hits, drawn <= all < 2^52
  Hypergeometric(std::int64_t all, std::int64_t hits, std::int64_t drawn) noexcept
      : all_(all),
        hits_(hits),
        drawn_(drawn),
        low_(std::max<std::int64_t>(0, drawn - (all - hits))),
        high_(std::min(hits, drawn)) {}

  /// O(1).
  [[nodiscard]] double probability(std::int64_t k) const noexcept {
    if (k < low_ || k > high_) return 0;
    if (low_ == high_) return 1;
    const double p = static_cast<double>(drawn_) / static_cast<double>(all_);
    const double q = static_cast<double>(all_ - drawn_) / static_cast<double>(all_);
    return std::exp(log_binomial(k, hits_, p, q) + log_binomial(drawn_ - k, all_ - hits_, p, q) -
                    log_binomial(drawn_, all_, p, q));
  }
  /// P(at least k): the one-sided test of Fisher. O(standard deviation).
  [[nodiscard]] double at_least(std::int64_t k) const noexcept {
    if (k <= low_) return 1;
    if (k > high_) return 0;
    return k > mode() ? upper(k) : std::fmax(0.0, 1 - lower(k - 1));
  }
  /// P(at most k).
  [[nodiscard]] double at_most(std::int64_t k) const noexcept {
    if (k >= high_) return 1;
    if (k < low_) return 0;
    return k < mode() ? lower(k) : std::fmax(0.0, 1 - upper(k + 1));
  }
  /// Fisher's exact test, two-sided: the sum over all counts that are not more probable than k. Probabilities within
  /// 1e-7 of their size count as equal, as in R. O(standard deviation). \pre k is possible
  [[nodiscard]] double two_sided(std::int64_t k) const noexcept {
    const double limit = probability(k) * (1 + 1e-7);
    const std::int64_t top = mode();
    if (probability(top) <= limit) return 1;
    if (k < top) {
      // The first count above the mode that is as improbable.
      std::int64_t from = top;  // too probable
      std::int64_t to = high_ + 1;
      while (to - from > 1) {
        const std::int64_t middle = from + (to - from) / 2;
        (probability(middle) > limit ? from : to) = middle;
      }
      return std::fmin(1.0, lower(k) + (to > high_ ? 0.0 : upper(to)));
    }
    std::int64_t from = low_ - 1;
    std::int64_t to = top;  // too probable
    while (to - from > 1) {
      const std::int64_t middle = from + (to - from) / 2;
      (probability(middle) > limit ? to : from) = middle;
    }
    return std::fmin(1.0, upper(k) + (from < low_ ? 0.0 : lower(from)));
  }

 private:
  [[nodiscard]] std::int64_t mode() const noexcept {
    __extension__ typedef __int128 Wide;
    const auto at = static_cast<std::int64_t>(Wide{drawn_ + 1} * (hits_ + 1) / (Wide{all_} + 2));
    return std::clamp(at, low_, high_);
  }
  /// From k up; fast where k is at or above the mode, since every term is a smaller part of the one before.
  [[nodiscard]] double upper(std::int64_t k) const noexcept {
    double term = 1;
    double sum = 1;
    for (std::int64_t x = k; x < high_ && term > sum * negligible; ++x) {
      term *= ratio(hits_ - x, x + 1) * ratio(drawn_ - x, all_ - hits_ - drawn_ + x + 1);
      sum += term;
    }
    return std::fmin(1.0, probability(k) * sum);
  }
  /// From k down.
  [[nodiscard]] double lower(std::int64_t k) const noexcept {
    double term = 1;
    double sum = 1;
    for (std::int64_t x = k; x > low_ && term > sum * negligible; --x) {
      term *= ratio(x, hits_ - x + 1) * ratio(all_ - hits_ - drawn_ + x, drawn_ - x + 1);
      sum += term;
    }
    return std::fmin(1.0, probability(k) * sum);
  }
  [[nodiscard]] static double ratio(std::int64_t a, std::int64_t b) noexcept {
    return static_cast<double>(a) / static_cast<double>(b);
  }

  /// log(n!) less Stirling's approximation of it.
  [[nodiscard]] static double stirling_error(std::int64_t n) noexcept {
    constexpr std::array<double, 16> exact{
        0.0,
        0.08106146679532725822,
        0.04134069595540929409,
        0.02767792568499833915,
        0.02079067210376509311,
        0.01664469118982119216,
        0.01387612882307074800,
        0.01189670994589177010,
        0.01041126526197209650,
        0.00925546218271273292,
        0.00833056343336287126,
        0.00757367548795184079,
        0.00694284010720952987,
        0.00640899418800420707,
        0.00595137011275884774,
        0.00555473355196280137,
    };
    if (n < 16) return exact[static_cast<std::size_t>(n)];
    const double x = static_cast<double>(n);
    const double xx = x * x;
    return (1.0 / 12 - (1.0 / 360 - (1.0 / 1260 - (1.0 / 1680 - 1.0 / 1188 / xx) / xx) / xx) / xx) / x;
  }
  /// x log(x / m) + m - x without the loss of digits where x is near m.
  [[nodiscard]] static double deviance(double x, double m) noexcept {
    if (std::fabs(x - m) >= 0.1 * (x + m)) return x * std::log(x / m) + m - x;
    const double v = (x - m) / (x + m);
    double sum = (x - m) * v;
    double term = 2 * x * v;
    for (int j = 1; j < 1000; ++j) {
      term *= v * v;
      const double next = sum + term / (2 * j + 1);
      if (next == sum) break;
      sum = next;
    }
    return sum;
  }
  /// log of the binomial probability of k out of n at p = 1 - q.
  [[nodiscard]] static double log_binomial(std::int64_t k, std::int64_t n, double p, double q) noexcept {
    const double size = static_cast<double>(n);
    if (n == 0) return 0;
    if (k == 0) return p < 0.1 ? -deviance(size, size * q) - size * p : size * std::log(q);
    if (k == n) return q < 0.1 ? -deviance(size, size * p) - size * q : size * std::log(p);
    const double hit = static_cast<double>(k);
    const double miss = static_cast<double>(n - k);
    constexpr double two_pi = 6.283185307179586476925286766559;
    return stirling_error(n) - stirling_error(k) - stirling_error(n - k) - deviance(hit, size * p) -
           deviance(miss, size * q) + 0.5 * std::log(size / (two_pi * hit * miss));
  }

  static constexpr double negligible = 1e-18;
  std::int64_t all_;
  std::int64_t hits_;
  std::int64_t drawn_;
  std::int64_t low_;
  std::int64_t high_;
};

/// Y. Benjamini and Y. Hochberg (1995): the least false discovery rate at which each test counts as found, for
/// ascending p-values of the smallest ones out of `tests`. O(n).
[[nodiscard]] inline std::vector<double> false_discovery_rates(const std::vector<double>& ascending, double tests) {
  std::vector<double> rates(ascending.size());
  double least = 1;
  for (std::size_t i = ascending.size(); i-- > 0;) {
    least = std::fmin(least, ascending[i] * tests / static_cast<double>(i + 1));
    rates[i] = least;
  }
  return rates;
}

}  // namespace klientela::report
