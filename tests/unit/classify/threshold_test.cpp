// Edges: exact fractions, floors in other units, decimals of doubles, text.
#include "klientela/classify/threshold.hpp"

#include <gtest/gtest.h>

#include <random>

#include "klientela/classify/kernels.hpp"

namespace klientela {
namespace {

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

TEST(Threshold, LowestIsBelowEverything) {
  const Threshold edge;
  EXPECT_EQ(edge.floor_units(1), least);
  EXPECT_EQ(edge.to_double(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(edge.to_text(), "");
}

TEST(Threshold, ExactFractionsReduceAndFloor) {
  const Threshold edge = Threshold::exact(7, 1, 2, 6);
  EXPECT_EQ(edge, Threshold::exact(7, 1, 1, 3));
  EXPECT_EQ(edge.floor_units(1), 7);
  EXPECT_EQ(edge.floor_units(10'000), 73'333);
  EXPECT_EQ(edge.to_text(), "7 1/3");
  EXPECT_EQ(Threshold::exact(-3, 1, 1, 3).to_text(), "-2 2/3");
  EXPECT_EQ(Threshold::exact(-1, 1, 1, 3).to_text(), "-2/3");
  EXPECT_EQ(Threshold::exact(-3, 1, 1, 2).to_text(), "-2.5");
  EXPECT_EQ(Threshold::exact(2, 1, 4, 5).to_text(), "2.8");
  EXPECT_EQ(Threshold::exact(25'000, 10'000).to_text(), "2.5");
  EXPECT_EQ(Threshold::exact(25'000, 10'000, 1, 2).to_text(), "2.50005");
  EXPECT_EQ(Threshold::exact(-25'001, 10'000).floor_units(1), -3);
  EXPECT_EQ(Threshold::exact(-30'000, 10'000).floor_units(1), -3);
}

TEST(Threshold, RealEdgesStandForTheirShortestDecimal) {
  EXPECT_EQ(Threshold::real(0.1).floor_units(10'000), 1000);
  EXPECT_EQ(Threshold::real(1.1).floor_units(10'000), 11'000);
  EXPECT_EQ(Threshold::real(-0.00001).floor_units(10'000), -1);
  EXPECT_EQ(Threshold::real(2.5).floor_units(1), 2);
  EXPECT_EQ(Threshold::real(-2.5).floor_units(1), -3);
  EXPECT_EQ(Threshold::real(1e300).floor_units(1), most);
  EXPECT_EQ(Threshold::real(-1e300).floor_units(1), least);
  EXPECT_EQ(Threshold::real(-0.0).to_text(), "0");
  EXPECT_EQ(Threshold::real(1234567.25).to_text(), "1234567.25");
}

TEST(Threshold, SaturatesInsteadOfOverflowing) {
  EXPECT_EQ(Threshold::exact(most, 1).floor_units(10'000), most);
  EXPECT_EQ(Threshold::exact(least + 1, 1).floor_units(10'000), least);
}

TEST(Threshold, RefusesWhatIsNoEdge) {
  EXPECT_THROW((void)Threshold::exact(1, 3), Error);
  EXPECT_THROW((void)Threshold::exact(1, 1, 3, 3), Error);
  EXPECT_THROW((void)Threshold::exact(1, 1, 0, 0), Error);
  EXPECT_THROW((void)Threshold::real(std::numeric_limits<double>::quiet_NaN()), Error);
  EXPECT_THROW((void)Threshold::real(std::numeric_limits<double>::infinity()), Error);
  EXPECT_THROW((void)units_per_one(ColumnType::text), Error);
}

TEST(Kernels, BetweenIsExactOverTheWholeRange) {
  __extension__ using Wide = __int128;
  std::mt19937_64 random(5);
  for (int i = 0; i < 20'000; ++i) {
    auto low = static_cast<std::int64_t>(random());
    auto high = static_cast<std::int64_t>(random());
    if (i % 3 == 0) high = low + static_cast<std::int64_t>(random() % 100) * (low < most - 100 ? 1 : 0);
    if (low > high) std::swap(low, high);
    const auto denominator = static_cast<std::uint32_t>(random() % 999'999 + 1);
    const auto numerator = static_cast<std::uint32_t>(random() % denominator);
    const kernels::WholeQuantile edge = kernels::between(low, high, numerator, denominator);
    const Wide distance = (Wide{high} - low) * numerator;
    EXPECT_EQ(edge.whole, static_cast<std::int64_t>(Wide{low} + distance / denominator));
    EXPECT_EQ(edge.numerator, static_cast<std::uint32_t>(distance % denominator));
  }
}

TEST(Kernels, QuantileIsTypeSeven) {
  const std::vector<std::int64_t> sorted{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const kernels::WholeQuantile edge = kernels::quantile(sorted, 1, 4);  // numpy: 3.25
  EXPECT_EQ(edge.whole, 3);
  EXPECT_EQ(edge.numerator * 4, edge.denominator);
  EXPECT_EQ(kernels::quantile(sorted, 4, 4).whole, 10);
  EXPECT_EQ(kernels::quantile(std::vector<std::int64_t>{7}, 1, 2).whole, 7);
}

TEST(Kernels, BinsAreOpenBelow) {
  const std::vector<double> values{1, 2, 2.5, 3, 99};
  const std::vector<double> edges{1, 2, 3};
  std::vector<std::uint8_t> bins(5);
  kernels::bins<double>(values, edges, bins);
  EXPECT_EQ(bins, (std::vector<std::uint8_t>{0, 1, 2, 2, 3}));
  EXPECT_EQ(kernels::score_of_bin(0, 5, true), 5);
  EXPECT_EQ(kernels::score_of_bin(0, 5, true, true), 1);
  EXPECT_EQ(kernels::score_of_bin(0, 5, false), 1);
  EXPECT_EQ(kernels::score_of_bin(4, 5, false, true), 1);
}

TEST(Kernels, AbcOfOneSpan) {
  const std::vector<std::int64_t> values{10, 0, 60, 20, 10, -5};
  std::vector<std::uint8_t> classes(6);
  kernels::abc(values, 80, 95, 100, true, classes);
  EXPECT_EQ(classes, (std::vector<std::uint8_t>{1, 2, 0, 0, 1, 2}));
  kernels::abc(values, 70, 90, 100, false, classes);
  EXPECT_EQ(classes, (std::vector<std::uint8_t>{1, 2, 0, 1, 2, 2}));
}

TEST(Kernels, LookupReadsCells) {
  const std::vector<std::uint8_t> x{0, 1, 1};
  const std::vector<std::uint8_t> y{2, 0, 1};
  const std::vector<std::uint16_t> groups{5, 6, 7, 8, 9, 10};
  std::vector<std::uint16_t> out(3);
  kernels::lookup<std::uint8_t, std::uint16_t>(x, y, 3, groups, out);
  EXPECT_EQ(out, (std::vector<std::uint16_t>{7, 8, 9}));
}

}  // namespace
}  // namespace klientela
