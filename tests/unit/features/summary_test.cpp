// Kernels of one client's activity and satisfaction against published values.
#include "klientela/features/summary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace klientela {
namespace {

struct Client {
  std::vector<Day> days;
  std::vector<Money> amounts;
};

Client client(std::initializer_list<std::pair<const char*, std::int64_t>> purchases) {
  Client out;
  for (const auto& [day, amount] : purchases) {
    out.days.push_back(*parse_day(std::string("2015-") + day));
    out.amounts.push_back(Money::from_units(amount * Money::scale));
  }
  return out;
}

// The sample of lifetimes' tests (tests/test_utils.py, "example_transaction_data"); observation ends 2015-02-07.
const std::vector<Client>& sample() {
  static const std::vector<Client> clients{client({{"01-01", 1}, {"02-06", 2}}),
                                           client({{"01-01", 2}}),
                                           client({{"01-01", 3}, {"01-02", 1}, {"01-05", 5}}),
                                           client({{"01-16", 6}, {"02-02", 3}, {"02-05", 3}}),
                                           client({{"01-16", 3}, {"01-17", 1}, {"01-18", 8}}),
                                           client({{"02-02", 5}})};
  return clients;
}
const Day end = *parse_day("2015-02-07");

using Expected = std::vector<std::array<double, 4>>;

void expect_summaries(Day until, Period period, const Expected& expected, bool money = true) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    SCOPED_TRACE("client " + std::to_string(i + 1));
    const auto summary = activity_summary(sample()[i].days, sample()[i].amounts, until, period);
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->frequency, expected[i][0]);
    EXPECT_EQ(summary->recency, expected[i][1]);
    EXPECT_EQ(summary->age, expected[i][2]);
    if (money) {
      EXPECT_EQ(summary->money_mean, expected[i][3]);
    }
  }
}

TEST(ActivitySummary, DaysOfLifetimes) {
  expect_summaries(end, Period::day,
                   {{1, 36, 37, 2}, {0, 0, 37, 0}, {2, 4, 37, 3}, {2, 20, 22, 3}, {2, 2, 22, 4.5}, {0, 0, 5, 0}});
}

TEST(ActivitySummary, WeeksOfLifetimes) {
  expect_summaries(end, Period::week, {{1, 5, 5}, {0, 0, 5}, {1, 1, 5}, {1, 3, 3}, {0, 0, 3}, {0, 0, 0}}, false);
}

TEST(ActivitySummary, CalibrationAndHoldoutOfLifetimes) {
  const Day calibration = *parse_day("2015-02-01");
  expect_summaries(calibration, Period::week, {{0, 0, 4}, {0, 0, 4}, {1, 1, 4}, {0, 0, 2}, {0, 0, 2}}, false);
  const std::vector<std::int32_t> holdout{1, 0, 0, 1, 0};
  for (std::size_t i = 0; i < holdout.size(); ++i)
    EXPECT_EQ(holdout_frequency(sample()[i].days, calibration, end, Period::week), holdout[i]) << "client " << i + 1;
  EXPECT_FALSE(activity_summary(sample()[5].days, sample()[5].amounts, calibration, Period::week));
}

TEST(ActivitySummary, FirstPurchaseIncluded) {
  const std::vector<std::pair<int, double>> expected{{2, 1.5}, {1, 2}, {3, 3}, {3, 4}, {3, 4}, {1, 5}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto summary = activity_summary(sample()[i].days, sample()[i].amounts, end, Period::day, true);
    EXPECT_EQ(summary->frequency, expected[i].first) << "client " << i + 1;
    EXPECT_EQ(summary->money_mean, expected[i].second) << "client " << i + 1;
  }
}

TEST(ActivitySummary, OnePeriodIsOnePurchase) {
  const Client twice = client({{"01-05", 1}, {"01-05", 2}, {"01-11", 3}, {"01-12", 10}});
  const auto weeks = activity_summary(twice.days, twice.amounts, end, Period::week);  // Monday 5th to Sunday 11th
  EXPECT_EQ(weeks->frequency, 1);
  EXPECT_EQ(weeks->money_mean, 10);
}

TEST(ActivitySummary, RefusesUnsortedAndUnpairedInput) {
  const Client back = client({{"01-05", 1}, {"01-04", 2}});
  EXPECT_THROW((void)activity_summary(back.days, back.amounts, end), Error);
  EXPECT_THROW((void)activity_summary(back.days, std::span(back.amounts).first(1), end), Error);
}

TEST(GapSummary, MeanAndVariation) {
  GapSummary gaps;
  EXPECT_FALSE(gaps.mean());
  gaps.add(10);
  gaps.add(10);
  EXPECT_FALSE(gaps.mean());
  gaps.add(12);
  EXPECT_EQ(gaps.mean(), 2.0);
  EXPECT_FALSE(gaps.variation());
  gaps.add(16);  // gaps 2 and 4: mean 3, sample sd sqrt(2)
  EXPECT_EQ(gaps.mean(), 3.0);
  EXPECT_DOUBLE_EQ(*gaps.variation(), std::sqrt(2.0) / 3);
  GapSummary even;
  for (const int day : {1, 8, 15, 22}) even.add(day);
  EXPECT_EQ(even.variation(), 0.0);
}

// E. B. Wilson's interval as tabulated by Newcombe (1998), "Two-sided confidence intervals for the single proportion".
TEST(WilsonInterval, NewcombesTable) {
  const Interval a = wilson_interval(81, 263);
  EXPECT_NEAR(a.low, 0.2553, 5e-5);
  EXPECT_NEAR(a.high, 0.3662, 5e-5);
  const Interval b = wilson_interval(15, 148);
  EXPECT_NEAR(b.low, 0.0624, 5e-5);
  EXPECT_NEAR(b.high, 0.1605, 5e-5);
  const Interval c = wilson_interval(0, 20);
  EXPECT_EQ(c.low, 0.0);
  EXPECT_NEAR(c.high, 0.1611, 5e-5);
  const Interval d = wilson_interval(1, 29);
  EXPECT_NEAR(d.low, 0.0061, 5e-5);
  EXPECT_NEAR(d.high, 0.1718, 5e-5);
  EXPECT_EQ(wilson_interval(5, 5).high, 1.0);
}

TEST(NetPromoterScore, ScoreAndVariance) {
  const NetPromoterScore score = net_promoter_score(50, 20, 100);  // p .5, d .2: variance 1e4 (.7 - .09) / 100 = 61
  EXPECT_DOUBLE_EQ(score.score, 30.0);
  EXPECT_NEAR(score.interval.low, 30 - 1.959963984540054 * std::sqrt(61.0), 1e-9);
  EXPECT_NEAR(score.interval.high, 30 + 1.959963984540054 * std::sqrt(61.0), 1e-9);
  const NetPromoterScore all = net_promoter_score(3, 0, 3);
  EXPECT_EQ(all.score, 100.0);
  EXPECT_EQ(all.interval.low, 100.0);
  EXPECT_EQ(all.interval.high, 100.0);
}

}  // namespace
}  // namespace klientela
