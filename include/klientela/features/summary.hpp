// Summary statistics of one client, header-only: activity in periods, gaps between purchases, satisfaction intervals.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "klientela/core/error.hpp"
#include "klientela/core/money.hpp"
#include "klientela/core/time.hpp"

namespace klientela {

/// Two-sided 95 % quantile of the normal distribution.
inline constexpr double normal_quantile_95 = 1.959963984540054;

/// Both ends in.
struct Interval {
  double low;
  double high;
};

/// Interval of a share after E. B. Wilson (1927), without continuity correction. \pre 0 <= successes <= n, n > 0. O(1).
[[nodiscard]] inline Interval wilson_interval(std::int64_t successes, std::int64_t n,
                                              double z = normal_quantile_95) noexcept {
  const double size = static_cast<double>(n);
  const double share = static_cast<double>(successes) / size;
  const double zz = z * z;
  const double middle = (share + zz / (2 * size)) / (1 + zz / size);
  const double half = z / (1 + zz / size) * std::sqrt(share * (1 - share) / size + zz / (4 * size * size));
  // The formula gives exactly 0 and 1 at the ends; rounding may not.
  return {successes == 0 ? 0.0 : middle - half, successes == n ? 1.0 : middle + half};
}

/// Net promoter score in [-100, 100] and its interval.
struct NetPromoterScore {
  double score;
  Interval interval;  ///< cut to [-100, 100]
};

/// 100 (p - d) with variance 100^2 [p + d - (p - d)^2] / n. \pre promoters + detractors <= n, n > 0. O(1).
[[nodiscard]] inline NetPromoterScore net_promoter_score(std::int64_t promoters, std::int64_t detractors,
                                                         std::int64_t n, double z = normal_quantile_95) noexcept {
  const double size = static_cast<double>(n);
  const double p = static_cast<double>(promoters) / size;
  const double d = static_cast<double>(detractors) / size;
  const double spread = p + d - (p - d) * (p - d);
  const double half = 100 * z * std::sqrt(spread > 0 ? spread / size : 0.0);
  const double score = 100 * (static_cast<double>(promoters - detractors) / size);
  return {score, {std::fmax(-100.0, score - half), std::fmin(100.0, score + half)}};
}

/// Gaps between distinct purchase days: sums are exact, so that the figures do not depend on the order they came in.
class GapSummary {
 public:
  /// \param day  days since 1970-01-01, not before the last one; the same day again changes nothing. O(1).
  void add(std::int32_t day) noexcept {
    if (days_ != 0 && day == last_) return;
    if (days_ == 0) {
      first_ = day;
    } else {
      const std::int64_t gap = std::int64_t{day} - last_;
      squares_ += gap * gap;
    }
    last_ = day;
    ++days_;
  }
  /// Distinct days.
  [[nodiscard]] std::int64_t days() const noexcept { return days_; }
  /// The last day added. \pre days() > 0
  [[nodiscard]] std::int32_t last() const noexcept { return last_; }
  /// Days between one purchase day and the next, on average; nullopt with fewer than two days.
  [[nodiscard]] std::optional<double> mean() const noexcept {
    if (days_ < 2) return std::nullopt;
    return static_cast<double>(std::int64_t{last_} - first_) / static_cast<double>(days_ - 1);
  }
  /// Sample standard deviation over mean; nullopt with fewer than three days.
  [[nodiscard]] std::optional<double> variation() const noexcept {
    if (days_ < 3) return std::nullopt;
    const auto gaps = static_cast<double>(days_ - 1);
    const auto sum = static_cast<double>(std::int64_t{last_} - first_);
    const double variance = (static_cast<double>(squares_) - sum * sum / gaps) / (gaps - 1);
    return std::sqrt(variance > 0 ? variance : 0.0) / (sum / gaps);
  }

 private:
  std::int64_t days_{0};
  std::int64_t squares_{0};
  std::int32_t first_{0};
  std::int32_t last_{0};
};

/// What buy-till-you-die models take of one client (Fader, Hardie and Lee 2005), in whole periods. Here "recency" is
/// from the first purchase to the last; days since the last purchase are another measure.
struct ActivitySummary {
  std::int32_t frequency;  ///< periods with a purchase after the first one; with include_first the first one too
  std::int32_t recency;    ///< periods from the first purchase to the last
  std::int32_t age;        ///< periods from the first purchase to the end of observation
  double money_mean;       ///< mean of the money in the periods that frequency counts; 0 where it counts none
};

/// Adds purchases up to an ActivitySummary. Purchases of one period are summed before anything else.
class ActivityAccumulator {
 public:
  /// \param period  ordinal of the purchase's period (period_index), not before the last one
  /// \param units   money of the purchase in units of 1/10000, not negative. O(1).
  void add(std::int32_t period, std::int64_t units) noexcept {
    if (periods_ == 0) first_ = period;
    if (periods_ == 0 || period != last_) ++periods_;
    last_ = period;
    total_ += units;
    if (period == first_) first_total_ += units;
  }
  [[nodiscard]] bool empty() const noexcept { return periods_ == 0; }
  /// Periods with a purchase.
  [[nodiscard]] std::int32_t periods() const noexcept { return periods_; }
  /// Mean money of a period; 0 without any.
  [[nodiscard]] double mean() const noexcept { return mean(total_, periods_); }
  /// \pre !empty(), end >= every period added
  [[nodiscard]] ActivitySummary summary(std::int32_t end, bool include_first) const noexcept {
    const std::int32_t frequency = include_first ? periods_ : periods_ - 1;
    return {frequency, last_ - first_, end - first_, mean(include_first ? total_ : total_ - first_total_, frequency)};
  }

 private:
  __extension__ typedef __int128 Wide;
  static double mean(Wide units, std::int32_t periods) noexcept {
    if (periods == 0) return 0;
    return static_cast<double>(units) / (static_cast<double>(periods) * static_cast<double>(Money::scale));
  }
  Wide total_{0};
  Wide first_total_{0};
  std::int32_t periods_{0};
  std::int32_t first_{0};
  std::int32_t last_{0};
};

/// Activity of one client up to and including `end`; later purchases are left out. Nullopt where there is none.
/// \param days  ascending, days of purchases; \param amounts  of the same length, not negative. O(n).
/// \throws Error invalid_argument if the lengths differ or the days do not ascend
[[nodiscard]] inline std::optional<ActivitySummary> activity_summary(std::span<const Day> days,
                                                                     std::span<const Money> amounts, Day end,
                                                                     Period period = Period::day,
                                                                     bool include_first = false) {
  if (days.size() != amounts.size())
    throw Error(Code::invalid_argument, "every purchase needs a day and an amount", "amounts");
  ActivityAccumulator sums;
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (i > 0 && days[i] < days[i - 1])
      throw Error(Code::invalid_argument, "purchases must be in the order of days", "days");
    if (days[i] <= end) sums.add(period_index(days[i], period), amounts[i].units());
  }
  if (sums.empty()) return std::nullopt;
  return sums.summary(period_index(end, period), include_first);
}

/// Periods with a purchase after `calibration_end` and up to `end`, inclusive: what a forecast made at calibration_end
/// is compared with. \param days  ascending. O(n).
[[nodiscard]] inline std::int32_t holdout_frequency(std::span<const Day> days, Day calibration_end, Day end,
                                                    Period period = Period::day) noexcept {
  ActivityAccumulator sums;
  for (const Day day : days)
    if (day > calibration_end && day <= end) sums.add(period_index(day, period), 0);
  return sums.periods();
}

}  // namespace klientela
