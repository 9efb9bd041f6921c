// refresh_features gives what compute_features would, and leaves what others hold as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::bytes_of;
using sample::cell;
using sample::Data;
using sample::day;
using sample::extended;
using sample::noon;
using sample::units;

Data first() {
  Data data;
  for (int client = 10; client < 200; client += 3)
    for (int n = 0; n <= client % 5; ++n)
      data.lines.push_back({client, noon(day("2026-01-01") + std::chrono::days(client % 7 + n * 5)),
                            units("1.5") * (n == 3 ? -1 : client)});
  return data;
}

Data second() {
  Data data;
  data.lines = {{10, noon("2026-02-03"), units("4")},  {13, noon("2025-12-31"), units("5")},
                {13, noon("2026-01-20"), units("-1")}, {11, noon("2026-02-01"), units("6")},
                {1, noon("2026-02-01"), units("7")},   {5000, noon("2026-02-02"), units("8")},
                {12, noon("2026-02-02"), units("-8")}};
  return data;
}

FeatureOptions purchases() {
  FeatureOptions options;
  options.groups = {FeatureGroup::purchases};
  return options;
}

void expect_refreshed(const ClientBase& base, const ClientBase& more, const char* from, const char* to,
                      const FeatureOptions& options) {
  const FeatureTable whole = compute_features(more, day(to), options);
  EXPECT_EQ(bytes_of(refresh_features(compute_features(base, day(from), options), more, day(to)).table()),
            bytes_of(whole.table()));
  // The same where somebody holds the former table.
  const FeatureTable held = compute_features(base, day(from), options);
  const std::string before = bytes_of(held.table());
  EXPECT_EQ(bytes_of(refresh_features(held, more, day(to)).table()), bytes_of(whole.table()));
  EXPECT_EQ(bytes_of(held.table()), before);
}

TEST(RefreshFeatures, NewPurchasesAndClients) {
  const ClientBase base = base_of(first());
  expect_refreshed(base, extended(base, second()), "2026-01-31", "2026-02-05", purchases());
  expect_refreshed(base, extended(base, second()), "2026-02-05", "2026-02-05", purchases());
  expect_refreshed(base, extended(base, second()), "2026-01-31", "2026-02-05", {});
}

TEST(RefreshFeatures, NothingNew) {
  const ClientBase base = base_of(first());
  expect_refreshed(base, base, "2026-01-31", "2026-01-31", {});
  expect_refreshed(base, base, "2026-01-31", "2027-01-31", {});
}

TEST(RefreshFeatures, ClientsWithoutPurchases) {
  const ClientBase base = base_of(first());
  Data cards;
  cards.cards = {2, 4, 6000};
  expect_refreshed(base, extended(base, cards), "2026-01-31", "2026-01-31", {});
}

TEST(RefreshFeatures, RowsThatLayInTheFuture) {
  const ClientBase base = base_of(first());
  const ClientBase more = extended(base, second());
  // Some rows of both lie after the first as_of; they count at the second one.
  expect_refreshed(base, more, "2026-01-05", "2026-01-05", purchases());
  expect_refreshed(base, more, "2026-01-05", "2026-02-02", purchases());
  FeatureTable twice = compute_features(base, day("2026-01-31"), purchases());
  twice = refresh_features(std::move(twice), more, day("2026-02-01"));
  twice = refresh_features(std::move(twice), more, day("2026-02-10"));
  EXPECT_EQ(bytes_of(twice.table()), bytes_of(compute_features(more, day("2026-02-10"), purchases()).table()));
}

TEST(RefreshFeatures, WindowsMove) {
  const ClientBase base = base_of(first());
  FeatureOptions options;
  options.window_months = 1;
  expect_refreshed(base, extended(base, second()), "2026-01-31", "2026-02-05", options);
  expect_refreshed(base, extended(base, second()), "2026-01-31", "2026-01-31", options);
}

TEST(RefreshFeatures, NewColumnsArrive) {
  const ClientBase base = base_of(first());
  Data orders = second();
  for (sample::Line& line : orders.lines) line.order = "X" + std::to_string(line.client % 3);
  orders.lines[0].product = "tea";
  orders.lines[2].profit = units("1");
  expect_refreshed(base, extended(base, orders), "2026-01-31", "2026-02-05", {});
}

TEST(RefreshFeatures, ColumnsThatAHolderKeepsStay) {
  const ClientBase base = base_of(first());
  FeatureTable features = compute_features(base, day("2026-01-31"), purchases());
  const Column lines = features.column("lines");
  const Column kept = lines.renamed("kept");
  const std::vector<std::int32_t> before(kept.values<std::int32_t>().begin(), kept.values<std::int32_t>().end());
  features = refresh_features(std::move(features), extended(base, second()), day("2026-02-05"));
  EXPECT_TRUE(std::equal(before.begin(), before.end(), kept.values<std::int32_t>().begin()));
}

TEST(RefreshFeatures, MemoryIsReusedWhereNobodyHoldsIt) {
  const ClientBase base = base_of(first());
  FeatureTable features = compute_features(base, day("2026-01-31"), purchases());
  const void* before = features.column("lines").data();
  features = refresh_features(std::move(features), extended(base, second()), day("2026-02-05"));
  EXPECT_EQ(features.column("lines").data(), before);
}

TEST(RefreshFeatures, OverflowLeavesHeldTablesAlone) {
  Data data;
  data.lines = {{3, noon("2026-01-01"), 5'000'000'000'000'000'000}, {4, noon("2026-01-01"), 1}};
  const ClientBase base = base_of(data);
  const FeatureTable held = compute_features(base, day("2026-01-31"), purchases());
  const std::string before = bytes_of(held.table());
  data.lines.pop_back();
  try {
    (void)refresh_features(held, extended(base, data), day("2026-01-31"));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::overflow);
    EXPECT_EQ(error.where(), "money_gross");
    EXPECT_THAT(error.what(), testing::HasSubstr("client 3"));
  }
  EXPECT_EQ(bytes_of(held.table()), before);
}

TEST(RefreshFeatures, AddedColumnsAreDropped) {
  const ClientBase base = base_of(first());
  FeatureTable features = compute_features(base, day("2026-01-31"), purchases());
  features.add(Column("lead_score", ColumnType::float64, Buffer<double>(features.rows(), 1.0)));
  EXPECT_EQ(refresh_features(std::move(features), base, day("2026-01-31")).find("lead_score"), nullptr);
}

TEST(RefreshFeatures, WrongArgumentsAreNamed) {
  const ClientBase base = base_of(first());
  const auto where = [&](FeatureTable previous, const ClientBase& onto, const char* as_of) {
    try {
      (void)refresh_features(std::move(previous), onto, day(as_of));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid_argument);
      return error.where();
    }
    return std::string("nothing was thrown");
  };
  const FeatureTable features = compute_features(base, day("2026-01-31"));
  EXPECT_EQ(where({}, base, "2026-01-31"), "previous");
  EXPECT_EQ(where(features, base_of(first()), "2026-01-31"), "base");
  EXPECT_EQ(where(features, base, "2026-01-30"), "as_of");
  EXPECT_EQ(where(merge_features(features, features), base, "2026-01-31"), "previous");
}

}  // namespace
}  // namespace klientela
