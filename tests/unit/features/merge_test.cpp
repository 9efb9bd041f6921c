// merge_features: disjoint clients and consecutive time ranges give what one base would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sample_base.hpp"

namespace klientela {
namespace {

using sample::base_of;
using sample::bytes_of;
using sample::Data;
using sample::day;
using sample::noon;
using sample::units;

Data everything() {
  Data data;
  for (int client = -20; client < 60; ++client) {
    for (int n = 0; n <= (client + 20) % 6; ++n) {
      const Day when = day("2026-01-05") + std::chrono::days((client + 20) * 3 % 11 + n * 9);
      data.lines.push_back({client, noon(when), units("1.25") * (n == 4 ? -1 : 7 + n),
                            "order " + std::to_string(n / 2 * 100 + (to_text(when) < "2026-02-02" ? 0 : 1)),
                            n % 2 == 0 ? "tea" : "cups " + std::to_string(client % 5),
                            sample::Text("ware " + std::to_string(n % 3)), units("0.5"), units("1")});
    }
    data.contacts.push_back({client,
                             {},
                             noon(day("2026-01-10") + std::chrono::days((client + 20) % 40)),
                             client % 2 == 0 ? "phone" : "email",
                             "inbound",
                             "topic " + std::to_string(client % 3),
                             "completed"});
    data.answers.push_back({client, noon(day("2026-01-10") + std::chrono::days((client + 20) % 40)), "csat",
                            units(std::to_string(1 + (client + 20) % 5))});
  }
  return data;
}

template <class Keep>
Data part(const Data& data, Keep keep) {
  Data out;
  for (const auto& row : data.lines)
    if (keep(row.client, row.at)) out.lines.push_back(row);
  for (const auto& row : data.contacts)
    if (keep(row.client, *row.started_at)) out.contacts.push_back(row);
  for (const auto& row : data.answers)
    if (keep(row.client, row.at)) out.answers.push_back(row);
  return out;
}

TEST(MergeFeatures, DisjointClients) {
  const Data data = everything();
  const Day as_of = day("2026-03-31");
  const auto third = [](std::int64_t client, std::int64_t) { return client % 3 == 0; };
  const auto rest = [](std::int64_t client, std::int64_t) { return client % 3 != 0; };
  FeatureOptions options;
  for (const auto& window : {std::optional<std::int32_t>(), std::optional<std::int32_t>(2)}) {
    options.window_months = window;
    const FeatureTable merged = merge_features(compute_features(base_of(part(data, third)), as_of, options),
                                               compute_features(base_of(part(data, rest)), as_of, options));
    EXPECT_EQ(bytes_of(merged.table()), bytes_of(compute_features(base_of(data), as_of, options).table()));
  }
}

TEST(MergeFeatures, ConsecutiveRanges) {
  const Data data = everything();
  const std::int64_t cut = noon("2026-02-02") - sample::day_micros / 2;  // a Monday: no week is split
  const auto before = [&](std::int64_t, std::int64_t at) { return at < cut; };
  const auto after = [&](std::int64_t, std::int64_t at) { return at >= cut; };
  FeatureOptions options;
  options.period = Period::week;
  const FeatureTable earlier = compute_features(base_of(part(data, before)), day("2026-02-01"), options);
  const FeatureTable later = compute_features(base_of(part(data, after)), day("2026-03-31"), options);
  EXPECT_EQ(bytes_of(merge_features(earlier, later).table()),
            bytes_of(compute_features(base_of(data), day("2026-03-31"), options).table()));
}

TEST(MergeFeatures, ThreeInAnyGrouping) {
  const Data data = everything();
  const Day as_of = day("2026-03-31");
  std::vector<FeatureTable> parts;
  for (int k = 0; k < 3; ++k)
    parts.push_back(compute_features(
        base_of(part(data, [&](std::int64_t client, std::int64_t) { return (client + 21) % 3 == k; })), as_of));
  const std::string whole = bytes_of(compute_features(base_of(data), as_of).table());
  EXPECT_EQ(bytes_of(merge_features(merge_features(parts[0], parts[1]), parts[2]).table()), whole);
  EXPECT_EQ(bytes_of(merge_features(parts[0], merge_features(parts[1], parts[2])).table()), whole);
}

TEST(MergeFeatures, EmptyIsNeutral) {
  const FeatureTable features = compute_features(base_of(everything()), day("2026-03-31"));
  const FeatureTable empty = compute_features(ClientBase(), day("2026-03-31"));
  EXPECT_EQ(bytes_of(merge_features(features, empty).table()), bytes_of(features.table()));
  EXPECT_EQ(bytes_of(merge_features(empty, features).table()), bytes_of(features.table()));
}

TEST(MergeFeatures, WrongArgumentsAreNamed) {
  const FeatureTable early = compute_features(base_of(everything()), day("2026-02-01"));
  const FeatureTable late = compute_features(base_of(everything()), day("2026-03-01"));
  FeatureOptions month;
  month.window_months = 1;
  const FeatureTable early_month = compute_features(base_of(everything()), day("2026-02-01"), month);
  const FeatureTable late_month = compute_features(base_of(everything()), day("2026-03-01"), month);
  const auto where = [&](const FeatureTable& a, const FeatureTable& b) {
    try {
      (void)merge_features(a, b);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid_argument);
      return error.where();
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(where({}, late), "earlier");
  EXPECT_EQ(where(late, {}), "later");
  EXPECT_EQ(where(late, early), "earlier");
  EXPECT_EQ(where(early, late_month), "later");
  EXPECT_EQ(where(early_month, late_month), "earlier");
}

TEST(MergeFeatures, OverflowNamesTheClient) {
  Data data;
  data.lines = {{3, noon("2026-01-01"), 5'000'000'000'000'000'000}};
  const FeatureTable features = compute_features(base_of(data), day("2026-01-31"));
  try {
    (void)merge_features(features, features);
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::overflow);
    EXPECT_EQ(error.where(), "money_gross");
    EXPECT_THAT(error.what(), testing::HasSubstr("client 3"));
  }
}

}  // namespace
}  // namespace klientela
