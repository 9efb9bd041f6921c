// Windows, option checks and their JSON.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "klientela/features/features_json.hpp"
#include "sample_base.hpp"

namespace klientela {
namespace {

using sample::day;
using testing::HasSubstr;

template <class Call>
Error error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(Code::internal, "nothing was thrown");
}

std::string first_of(const char* as_of, std::optional<int> days, std::optional<int> months) {
  FeatureOptions options;
  options.window_days = days;
  options.window_months = months;
  return to_text(feature_window(day(as_of), options).first);
}

TEST(FeatureWindow, DaysCountAsOf) {
  EXPECT_EQ(first_of("2026-03-31", 1, {}), "2026-03-31");
  EXPECT_EQ(first_of("2026-03-31", 31, {}), "2026-03-01");
  EXPECT_EQ(first_of("1900-01-05", 31, {}), "1900-01-01");
}

TEST(FeatureWindow, MonthEndsAreClamped) {
  EXPECT_EQ(first_of("2026-03-31", {}, 1), "2026-03-01");  // 31 February is 28 February
  EXPECT_EQ(first_of("2024-03-30", {}, 1), "2024-03-01");  // 29 February in a leap year
  EXPECT_EQ(first_of("2026-02-28", {}, 1), "2026-01-29");
  EXPECT_EQ(first_of("2024-02-29", {}, 12), "2023-03-01");
  EXPECT_EQ(first_of("2026-03-15", {}, 12), "2025-03-16");
  EXPECT_EQ(first_of("2026-12-31", {}, 1), "2026-12-01");
  EXPECT_EQ(first_of("2026-01-31", {}, 11), "2025-03-01");
  EXPECT_EQ(first_of("1900-03-01", {}, 600), "1900-01-01");
}

TEST(FeatureOptions, BadOnesAreNamed) {
  const ClientBase base;
  const auto where = [&](auto change, const char* as_of = "2026-01-01") {
    FeatureOptions options;
    change(options);
    const Error error = error_of([&] { (void)compute_features(base, day(as_of), options); });
    EXPECT_EQ(error.code(), Code::invalid_argument);
    return error.where();
  };
  EXPECT_EQ(where([](FeatureOptions& o) { o.window_days = 0; }), "window_days");
  EXPECT_EQ(where([](FeatureOptions& o) { o.window_months = -1; }), "window_months");
  EXPECT_EQ(where([](FeatureOptions& o) { o.window_days = 3, o.window_months = 1; }), "window_months");
  EXPECT_EQ(where([](FeatureOptions& o) { o.engagement.half_life_days = 0; }), "engagement.half_life_days");
  EXPECT_EQ(where([](FeatureOptions& o) { o.engagement.half_life_days = std::nan(""); }), "engagement.half_life_days");
  EXPECT_EQ(where([](FeatureOptions& o) { o.engagement.channel["phone"] = -1; }), "engagement.channel.phone");
  EXPECT_EQ(where([](FeatureOptions& o) { o.engagement.initiative["both"] = 1; }), "engagement.initiative.both");
  EXPECT_EQ(where([](FeatureOptions& o) { o.holdout_until = sample::day("2025-12-31"); }), "holdout_until");
  EXPECT_EQ(where([](FeatureOptions& o) { o.trend_days = 0; }), "trend_days");
  EXPECT_EQ(where([](FeatureOptions& o) { o.groups = {static_cast<FeatureGroup>(9)}; }), "groups");
  EXPECT_EQ(where([](FeatureOptions&) {}, "1899-12-31"), "as_of");
  EXPECT_EQ(where([](FeatureOptions&) {}, "2200-01-01"), "as_of");
}

TEST(FeatureOptionsJson, ReadsEveryMember) {
  const FeatureOptions options = feature_options_from_json(R"({
    "groups": ["purchases", "repeats"], "window_months": 12, "period": "week", "include_first": true,
    "holdout_until": "2026-11-21", "trend_days": 30, "max_interaction_columns": 8,
    "engagement": {"half_life_days": 30, "purchase": 3, "request": 2, "channel": {"phone": 2},
                   "initiative": {"inbound": 3}, "topic": {"complaint": 0}}})");
  EXPECT_THAT(options.groups, testing::ElementsAre(FeatureGroup::purchases, FeatureGroup::repeats));
  EXPECT_EQ(options.window_months, 12);
  EXPECT_EQ(options.period, Period::week);
  EXPECT_TRUE(options.include_first);
  EXPECT_EQ(options.holdout_until, day("2026-11-21"));
  EXPECT_EQ(options.engagement.channel.at("phone"), 2);
  EXPECT_EQ(options.engagement.topic.at("complaint"), 0);
  EXPECT_EQ(feature_options_from_json(to_json(options)), options);
  EXPECT_EQ(feature_options_from_json(to_json(FeatureOptions{})), FeatureOptions{});
  EXPECT_EQ(feature_options_from_json("{}"), FeatureOptions{});
}

TEST(FeatureOptionsJson, ErrorsNameThePointer) {
  const auto where = [](const char* text) {
    const Error error = error_of([&] { (void)feature_options_from_json(text, "/features"); });
    EXPECT_EQ(error.code(), Code::bad_policy) << text;
    return error.where();
  };
  EXPECT_EQ(where(R"({"window_day": 3})"), "/features/window_day");
  EXPECT_EQ(where(R"({"window_days": 0})"), "/features/window_days");
  EXPECT_EQ(where(R"({"window_days": 3, "window_months": 3})"), "/features/window_months");
  EXPECT_EQ(where(R"({"groups": ["purchase"]})"), "/features/groups/0");
  EXPECT_EQ(where(R"({"period": 7})"), "/features/period");
  EXPECT_EQ(where(R"({"holdout_until": "2026-02-30"})"), "/features/holdout_until");
  EXPECT_EQ(where(R"({"engagement": {"half_life_days": 0}})"), "/features/engagement/half_life_days");
  EXPECT_EQ(where(R"({"engagement": {"initiative": {"both": 1}}})"), "/features/engagement/initiative/both");
  EXPECT_EQ(where(R"({"engagement": {"channel": {"a/b": -1}}})"), "/features/engagement/channel/a~1b");
}

TEST(FeatureOptionsJson, SchemaNamesEveryMember) {
  const std::string schema = feature_options_schema();
  for (const char* member : {"groups", "window_days", "window_months", "period", "include_first", "holdout_until",
                             "engagement", "trend_days", "max_interaction_columns", "half_life_days", "satisfaction"})
    EXPECT_THAT(schema, HasSubstr('"' + std::string(member) + '"'));
}

TEST(FeatureColumns, AreThoseOfTheWholeTable) {
  sample::Data data;
  data.cards = {1, 2, 3};
  data.lines = {{1, sample::noon("2026-01-05"), sample::units("10.5"), "o1", "p", "c", sample::units("1")},
                {1, sample::noon("2026-01-20"), sample::units("-2.25"), "o1", "q", "c"},
                {2, sample::noon("2026-01-20"), sample::units("7"), "o2", "p", "d"},
                {2, sample::noon("2026-01-21"), sample::units("3"), "o3", "p", "d"}};
  const auto check = [](const sample::Data& from) {
    const ClientBase base = sample::base_of(from);
    const FeatureTable whole = compute_features(base, day("2026-01-31"));
    for (const Column& column : whole.table().columns()) {
      if (column.name() == "client") continue;
      FeatureOptions options;
      options.columns = {column.name()};
      const FeatureTable one = compute_features(base, day("2026-01-31"), options);
      ASSERT_EQ(one.table().columns().size(), 2U) << column.name();
      for (std::size_t row = 0; row < whole.rows(); ++row)
        EXPECT_EQ(one.column(column.name()).to_text(row), column.to_text(row)) << column.name();
      const FeatureTable again = refresh_features(one, base, day("2026-02-03"));
      const FeatureTable anew = compute_features(base, day("2026-02-03"), options);
      EXPECT_EQ(sample::bytes_of(again.table()), sample::bytes_of(anew.table())) << column.name();
    }
  };
  check(data);
  for (auto& line : data.lines) line.order.reset();
  check(data);
  for (auto& line : data.lines) line.amount = std::abs(line.amount);
  check(data);
  check({});
}

TEST(FeatureColumns, WhatNoBaseHasIsNamedAndWhatThisOneLacksIsLeftOut) {
  const ClientBase base;
  FeatureOptions options;
  options.columns = {"money_net", "recency"};
  EXPECT_THAT(error_of([&] { (void)compute_features(base, day("2026-01-01"), options); }).what(),
              HasSubstr("\"recency\", which is no feature"));
  options.columns = {"money_net", "csat"};
  options.groups = {FeatureGroup::purchases};
  EXPECT_THAT(error_of([&] { (void)compute_features(base, day("2026-01-01"), options); }).what(),
              HasSubstr("the group satisfaction, which groups leave out"));
  options.columns = {"money_net", "profit"};
  const FeatureTable features = compute_features(base, day("2026-01-01"), options);
  EXPECT_NE(features.find("money_net"), nullptr);
  EXPECT_EQ(features.find("profit"), nullptr);
  EXPECT_EQ(error_of([&] { (void)merge_features(features, features); }).where(), "earlier");
}

TEST(FeatureColumns, RoundTripAndPointAtTheirFault) {
  FeatureOptions options;
  options.columns = {"recency_days", "interactions[phone,inbound]"};
  EXPECT_EQ(feature_options_from_json(to_json(options)), options);
  const Error error =
      error_of([] { (void)feature_options_from_json(R"({"columns": ["lines", "line"]})", "/features"); });
  EXPECT_EQ(error.code(), Code::bad_policy);
  EXPECT_EQ(error.where(), "/features/columns/1");
}

}  // namespace
}  // namespace klientela
