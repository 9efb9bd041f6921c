// Segment tables: built-in ones, published ones with known faults, and the check that finds the faults.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "klientela/classify/rfm.hpp"

namespace klientela {
namespace {

using ::testing::HasSubstr;

// The table that circulates for scores of recency and of frequency and money together (F and M in the same range).
std::vector<SegmentRow> often_copied() {
  const auto row = [](const char* name, int r1, int r2, int fm1, int fm2) {
    return SegmentRow{name, {r1, r2}, {fm1, fm2}, {fm1, fm2}};
  };
  return {row("Champions", 4, 5, 4, 5),
          row("Loyal Customers", 2, 5, 3, 5),
          row("Potential Loyalist", 3, 5, 1, 3),
          row("Recent Customers", 4, 5, 0, 1),
          row("Promising", 3, 4, 0, 1),
          row("Needs Attention", 2, 3, 2, 3),
          row("About To Sleep", 2, 3, 0, 2),
          row("At Risk", 0, 2, 2, 5),
          row("Can't Lose Them", 0, 1, 4, 5),
          row("Hibernating", 1, 2, 1, 2),
          row("Lost", 0, 2, 0, 2)};
}

TEST(Segments, RfmPackageTableLeavesTenCellsAndOverlapsInFiftyEight) {
  const SegmentTable table = rfm10_segments();  // R package rfm 0.3
  const SegmentCheck check = check_segments(table.rows, 5);
  EXPECT_EQ(check.missing.size(), 10U);
  EXPECT_EQ(check.overlapping.size(), 58U);
  EXPECT_TRUE(check.reachable());
  EXPECT_TRUE(check.unreachable_rows.empty());
  RfmOptions options;
  options.segments = table;
  EXPECT_NO_THROW(RfmClassifier{options});
}

TEST(Segments, OftenCopiedTableIsFoundOut) {
  const std::vector<SegmentRow> rows = often_copied();
  const SegmentCheck check = check_segments(rows, 5);
  EXPECT_EQ(check.missing.size(), 36U);
  EXPECT_EQ(check.unreachable.size(), 4U) << ::testing::PrintToString(check.unreachable);
}

TEST(Segments, OurTableIsCompleteDisjointAndReachable) {
  for (int bins = 2; bins <= 9; ++bins) {
    const SegmentTable table = default_segments(bins);
    const SegmentCheck check = check_segments(table.rows, bins);
    EXPECT_TRUE(check.complete()) << bins;
    EXPECT_TRUE(check.disjoint()) << bins;
    EXPECT_TRUE(check.unreachable_rows.empty()) << bins;
    RfmOptions options;
    options.bins = bins;
    options.segments = table;
    EXPECT_NO_THROW(RfmClassifier{options});
  }
}

TEST(Segments, ReportsWhichRowsOverlapAndWhichAreOutOfReach) {
  const std::vector<SegmentRow> rows{{"all", {1, 2}, {1, 2}, {1, 2}}, {"corner", {2, 2}, {2, 2}, {2, 2}}};
  const SegmentCheck check = check_segments(rows, 2);
  EXPECT_TRUE(check.complete());
  ASSERT_EQ(check.overlapping.size(), 1U);
  EXPECT_EQ(to_text(check.overlapping[0].cell), "2/2/2");
  EXPECT_EQ(check.overlapping[0].rows, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(check.unreachable_rows, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(check.unreachable, (std::vector<std::string>{"corner"}));
}

TEST(Segments, ChecksOnlyNumbersOfBinsThatExist) {
  EXPECT_THROW((void)check_segments({}, 1), Error);
  EXPECT_THROW((void)check_segments({}, 10), Error);
  EXPECT_THROW((void)default_segments(10), Error);
}

Error refusal(const SegmentTable& table, int bins = 2) {
  RfmOptions options;
  options.bins = bins;
  options.segments = table;
  try {
    RfmClassifier{options};
  } catch (const Error& error) {
    return error;
  }
  return Error(Code::internal, "not refused");
}

TEST(Segments, TableWithAHoleIsRefusedWithTheMissingCells) {
  SegmentTable table{.rows = {{"new", {2, 2}, {1, 2}, {1, 2}}, {"old", {1, 1}, {1, 2}, {1, 1}}}, .otherwise = {}};
  const Error error = refusal(table);
  EXPECT_EQ(error.code(), Code::bad_policy);
  EXPECT_EQ(error.where(), "/segments");
  EXPECT_THAT(error.what(), HasSubstr("1/1/2, 1/2/2"));
  table.otherwise = "rest";
  EXPECT_EQ(refusal(table).code(), Code::internal) << "a named rest fills the hole";
}

TEST(Segments, OverlapsAreRefusedWhereRowsMustBeUnique) {
  SegmentTable table{.rows = {{"new", {2, 2}, {1, 2}, {1, 2}}, {"all", {1, 2}, {1, 2}, {1, 2}}},
                     .match = SegmentMatch::unique,
                     .otherwise = {}};
  const Error error = refusal(table);
  EXPECT_EQ(error.where(), "/segments/rows/1");
  EXPECT_THAT(error.what(), HasSubstr("2/1/1"));
  table.match = SegmentMatch::first;
  EXPECT_EQ(refusal(table).code(), Code::internal);
  std::swap(table.rows[0], table.rows[1]);
  EXPECT_EQ(refusal(table).where(), "/segments/rows/1") << "the second row is out of reach";
}

TEST(Segments, BadRangesAndNamesAreRefused) {
  const auto where = [](SegmentRow row) {
    return refusal({.rows = {row, {"all", {1, 2}, {1, 2}, {1, 2}}}, .otherwise = {}}).where();
  };
  EXPECT_EQ(where({"a", {0, 2}, {1, 2}, {1, 2}}), "/segments/rows/0/recency");
  EXPECT_EQ(where({"a", {1, 2}, {2, 1}, {1, 2}}), "/segments/rows/0/frequency");
  EXPECT_EQ(where({"a", {1, 2}, {1, 2}, {1, 3}}), "/segments/rows/0/money");
  EXPECT_EQ(where({"", {1, 2}, {1, 2}, {1, 1}}), "/segments/rows/0/segment");
  EXPECT_EQ(where({"none", {1, 2}, {1, 2}, {1, 1}}), "/segments/rows/0/segment");
  EXPECT_EQ(refusal({.rows = {}, .otherwise = "x"}).where(), "/segments/rows");
}

}  // namespace
}  // namespace klientela
