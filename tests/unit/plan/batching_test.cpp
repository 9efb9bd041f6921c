// Day batching: fewer trips for the same value, plans that stay proved, and starts that follow the regions.
#include "klientela/plan/batching.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "klientela/plan/check.hpp"
#include "unit/plan/small_plan.hpp"

namespace klientela {
namespace {

using sample::empty_plan;
using sample::touch_of;

struct Sample {
  PlanProblem problem;
  std::vector<std::uint32_t> regions;
};

/// Each client one meeting of an hour by channel 0 in a window of weeks, and one call by channel 1; a day holds four
/// meetings beside the calls.
Sample random_sample(std::uint64_t seed, std::uint32_t managers = 2, std::uint32_t clients_each = 50) {
  std::mt19937_64 random(seed);
  const auto below = [&](std::uint64_t n) { return static_cast<std::uint32_t>(random() % n); };
  Sample made{empty_plan(managers, 20), {}};
  for (std::size_t bin = 0; bin < made.problem.minutes.size(); ++bin) {
    made.problem.contacts.push_back(4);
    made.problem.contacts.push_back(20);
  }
  for (std::uint32_t client = 0; client < managers * clients_each; ++client) {
    made.problem.clients.push_back({});
    const int week = static_cast<int>(below(3));
    PlanTouch meeting = touch_of(client, 1000 + below(1000), week * 5, week * 5 + (below(2) == 0 ? 4 : 9), 60);
    PlanTouch call = touch_of(client, 100 + below(300), 0, 19, 15);
    meeting.pool = call.pool = client % managers;
    meeting.gap_days = 1;
    call.gap_days = 1;
    call.channels = 2;
    for (const PlanTouch& touch : {meeting, call}) {
      made.problem.touches.push_back(touch);
      made.regions.push_back(touch.channels == 1 ? client / managers % 5 : no_region);
    }
  }
  return made;
}

void expect_sound(const PlanProblem& problem, const ContactPlan& plan) {
  const PlanCheck checked = check_plan(problem, plan);
  EXPECT_TRUE(checked.ok()) << (checked.faults.empty() ? "" : checked.faults[0].text);
}

TEST(Batching, MakesFewerTripsForTheSameValue) {
  constexpr int samples = 8;
  std::size_t before = 0, after = 0;
  double gap_before = 0, gap_after = 0;
  for (std::uint64_t seed = 1; seed <= samples; ++seed) {
    const Sample made = random_sample(seed);
    const ContactPlan scattered = plan_contacts(made.problem);
    expect_sound(made.problem, scattered);
    PlanProblem problem = made.problem;
    const Batching batching = batch_days(problem, made.regions);
    const ContactPlan batched = plan_contacts(problem);
    expect_sound(problem, batched);
    const RegionTrips many = region_trips(made.regions, scattered), few = region_trips(made.regions, batched);
    before += many.trips;
    after += few.trips;
    EXPECT_GE(few.contacts + 2, many.contacts) << seed;
    // Without the bonus the plan is worth nearly as much, and it is a plan of the problem as it was.
    const std::int64_t worth = batched.objective - earned_bonus(problem, batching, batched);
    EXPECT_GE(static_cast<double>(worth), 0.98 * static_cast<double>(scattered.objective)) << seed;
    EXPECT_LE(worth, scattered.upper_bound);
    gap_before += scattered.gap();
    gap_after += batched.gap();
  }
  RecordProperty("trips_before", static_cast<int>(before));
  RecordProperty("trips_after", static_cast<int>(after));
  EXPECT_LE(gap_after - gap_before, 0.01 * samples);  // days that many want are harder to share out
  EXPECT_LE(after * 10, before * 7) << after << " trips in place of " << before;
}

TEST(Batching, TakesTheFewestDaysThatHoldARegion) {
  PlanProblem problem = empty_plan(1, 5);
  problem.clients.resize(9);
  for (std::uint32_t client = 0; client < 9; ++client) problem.touches.push_back(touch_of(client, 100, 0, 4, 100));
  // Three of a hundred minutes fit into 80 % of 420. Region 7 has six, region 3 three.
  const std::vector<std::uint32_t> regions{7, 7, 7, 3, 3, 3, 7, 7, 7};
  const Batching batching = batch_days(problem, regions);
  EXPECT_EQ(batching.regions, (std::vector<RegionDays>{{{0}, 3, {2}}, {{0}, 7, {0, 1}}}));
  EXPECT_EQ(batching.bonus, 10);
  EXPECT_EQ(problem.preferences, (std::vector<std::vector<std::int64_t>>{{0, 0, 10, 0, 0}, {10, 10, 0, 0, 0}}));
  const ContactPlan plan = plan_contacts(problem);
  expect_sound(problem, plan);
  EXPECT_EQ(earned_bonus(problem, batching, plan), 90);
  EXPECT_EQ(region_trips(regions, plan).trips, 3U);
}

TEST(Batching, KeepsToWindowsHoursAndFormerPreferences) {
  PlanProblem problem = empty_plan(2, 5);
  problem.pools.push_back({0, 1});
  problem.pools.push_back({});
  problem.hours = {{{0, 0}, {0, 0}, {0, 0}, {540, 600}, {0, 0}}};
  problem.preferences = {{0, 5, 0, 0, 0}};
  problem.clients.resize(6);
  for (std::uint32_t client = 0; client < 6; ++client) problem.touches.push_back(touch_of(client, 100, 0, 4));
  problem.touches[0].last = sample::plan_day(0);
  problem.touches[1].first = sample::plan_day(4);
  problem.touches[2].hours = 0;
  problem.touches[3].preference = 0;
  problem.touches[4].pool = 3;
  problem.touches[5].value = 0;
  const std::vector<std::uint32_t> regions(6, 1);
  const PlanProblem before = problem;
  const Batching batching = batch_days(problem, regions, {7, 1000});
  // Touch 3 goes with the one that day 0 takes; nobody can hold 4, and 5 is worth nothing.
  EXPECT_EQ(batching.regions, (std::vector<RegionDays>{{{0}, 1, {0, 3, 4}}}));
  EXPECT_EQ(problem.touches[4], before.touches[4]);
  EXPECT_EQ(problem.touches[5], before.touches[5]);
  EXPECT_EQ(problem.preferences[problem.touches[3].preference], (std::vector<std::int64_t>{7, 5, 0, 7, 7}));
  EXPECT_EQ(problem.preferences[problem.touches[0].preference], (std::vector<std::int64_t>{7, 0, 0, 7, 7}));
  EXPECT_EQ(problem.preferences[0], before.preferences[0]);
}

TEST(Batching, ChangesNothingWithoutRegions) {
  const Sample made = random_sample(9);
  PlanProblem problem = made.problem;
  EXPECT_EQ(batch_days(problem, std::vector<std::uint32_t>(problem.touches.size(), no_region)), Batching{});
  EXPECT_EQ(problem, made.problem);
}

TEST(Batching, NamesWhatIsWrongAndLeavesTheProblemAlone) {
  Sample made = random_sample(9);
  const PlanProblem before = made.problem;
  const auto fault = [&](std::span<const std::uint32_t> regions, const BatchOptions& options) -> std::string {
    try {
      batch_days(made.problem, regions, options);
    } catch (const Error& error) {
      return error.where();
    }
    return "none";
  };
  EXPECT_EQ(fault({}, {}), "regions");
  EXPECT_EQ(fault(made.regions, {-1, 800}), "bonus");
  EXPECT_EQ(fault(made.regions, {0, 0}), "share_per_mille");
  EXPECT_EQ(fault(made.regions, {1'000'000'000'000, 800}), "none");
  made.problem = before;
  made.problem.touches[0].minutes = 0;
  EXPECT_EQ(fault(made.regions, {}), "touches[0]");
}

TEST(OrderByRegion, PutsContactsOfARegionNextToEachOther) {
  std::size_t before = 0, after = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Sample made = random_sample(seed);
    const ContactPlan plan = plan_contacts(made.problem);
    ContactPlan ordered = plan;
    order_by_region(made.problem, made.regions, ordered);
    expect_sound(made.problem, ordered);
    const RegionTrips was = region_trips(made.regions, plan), is = region_trips(made.regions, ordered);
    EXPECT_EQ(is.trips, was.trips);
    EXPECT_LE(is.changes, was.changes);
    before += was.changes;
    after += is.changes;
    // Nothing but starts differs.
    for (std::size_t i = 0; i < plan.planned.size(); ++i) ordered.planned[i].start = plan.planned[i].start;
    EXPECT_EQ(ordered, plan);
  }
  EXPECT_LT(after, before);
}

TEST(OrderByRegion, LeavesADayAsItWasWhereHoursAllowNoOther) {
  PlanProblem problem = empty_plan(1, 1);
  problem.clients.resize(3);
  for (std::uint32_t client = 0; client < 3; ++client) problem.touches.push_back(touch_of(client, 100, 0, 0, 60));
  problem.hours = {{{540, 600}}, {{600, 660}}, {{660, 720}}};
  for (std::uint32_t t = 0; t < 3; ++t) problem.touches[t].hours = t;
  const std::vector<std::uint32_t> regions{1, 2, 1};
  ContactPlan plan = plan_contacts(problem);
  const ContactPlan before = plan;
  ASSERT_EQ(plan.planned.size(), 3U);
  EXPECT_EQ(region_trips(regions, plan), (RegionTrips{3, 2, 2}));
  order_by_region(problem, regions, plan);
  EXPECT_EQ(plan, before);
  problem.hours[2] = {{540, 720}};  // now the first two may be neighbours
  order_by_region(problem, regions, plan);
  expect_sound(problem, plan);
  EXPECT_EQ(region_trips(regions, plan).changes, 2U);  // but the hours of the second keep it in the middle
  problem.hours[1] = {{540, 720}};
  order_by_region(problem, regions, plan);
  expect_sound(problem, plan);
  EXPECT_EQ(region_trips(regions, plan).changes, 1U);
}

TEST(OrderByRegion, NeverBooksAClientTwiceAtOnce) {
  // Two contacts of one client on one day with two managers, each with another region beside it.
  PlanProblem problem = empty_plan(2, 1);
  problem.clients.resize(3);
  for (std::uint32_t client = 0; client < 3; ++client)
    for (std::uint32_t n = 0; n < 2; ++n) {
      PlanTouch touch = touch_of(client, 100, 0, 0, 60);
      touch.pool = n;
      problem.touches.push_back(touch);
    }
  const std::vector<std::uint32_t> regions{1, 2, 2, 1, 1, 2};
  ContactPlan plan = plan_contacts(problem);
  ASSERT_EQ(plan.planned.size(), 6U);
  const RegionTrips before = region_trips(regions, plan);
  order_by_region(problem, regions, plan);
  expect_sound(problem, plan);
  EXPECT_LE(region_trips(regions, plan).changes, before.changes);
}

}  // namespace
}  // namespace klientela
