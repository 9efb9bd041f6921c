// Contact plans: optima against trying everything, bounds that hold, prices that solving again confirms, refusals.
#include "klientela/plan/contact_plan.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "unit/plan/small_plan.hpp"

namespace klientela {
namespace {

using sample::empty_plan;
using sample::Exhaustive;
using sample::faults;
using sample::plan_day;
using sample::random_plan;
using sample::touch_of;

std::map<std::uint32_t, Refusal> reasons(const ContactPlan& plan) {
  std::map<std::uint32_t, Refusal> found;
  for (const RefusedTouch& row : plan.refused) found[row.touch] = row.reason;
  return found;
}

TEST(ContactPlan, PutsEachTouchOnItsBestDayWhileThereIsRoom) {
  PlanProblem problem = empty_plan(1, 2);
  problem.minutes = {30, 60};
  problem.clients.resize(3);
  problem.preferences = {{50, 0}};
  problem.touches = {touch_of(0, 100, 0, 1), touch_of(1, 100, 0, 1), touch_of(2, 90, 0, 1)};
  problem.touches[1].preference = 0;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  EXPECT_TRUE(plan.proved());
  EXPECT_EQ(plan.exact_groups, 1U);
  EXPECT_EQ(plan.objective, 340);
  const std::vector<PlannedTouch> expected{{0, 0, 1, 0, 540}, {1, 0, 0, 0, 540}, {2, 0, 1, 0, 570}};
  EXPECT_EQ(plan.planned, expected);
  EXPECT_EQ(plan.prices.slot, (std::vector<std::int64_t>{0, 0}));
}

TEST(ContactPlan, IsTheOptimumWhereItIsATransportationProblem) {
  std::size_t exact = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const PlanProblem problem = random_plan(seed, false);
    const ContactPlan plan = plan_contacts(problem);
    ASSERT_EQ(faults(problem, plan), "") << seed;
    ASSERT_EQ(plan.objective, Exhaustive(problem).best()) << seed;
    ASSERT_TRUE(plan.proved()) << seed;
    exact += plan.exact_groups;
    ASSERT_EQ(plan.coupled_groups, 0U) << seed;
  }
  EXPECT_GT(exact, 300U);
}

TEST(ContactPlan, IsBetweenTheOptimumAndTheBoundElsewhere) {
  double lost = 0, best_sum = 0;
  std::size_t coupled = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const PlanProblem problem = random_plan(seed, true);
    const ContactPlan plan = plan_contacts(problem);
    ASSERT_EQ(faults(problem, plan), "") << seed;
    const std::int64_t best = Exhaustive(problem).best();
    ASSERT_LE(best, plan.upper_bound) << seed;
    ASSERT_LE(plan.objective, best) << seed;
    lost += static_cast<double>(best - plan.objective);
    best_sum += static_cast<double>(best);
    coupled += plan.coupled_groups;
  }
  EXPECT_GT(coupled, 200U);
  EXPECT_LT(lost, 0.02 * best_sum);
}

TEST(ContactPlan, GivesTheLastRoomToTheDearerOfAClientsTouches) {
  for (const std::uint64_t seed : {1312U, 1816U, 2655U}) {
    const PlanProblem problem = random_plan(seed, true);
    EXPECT_EQ(plan_contacts(problem).objective, Exhaustive(problem).best()) << seed;
  }
}

TEST(ContactPlan, SpacesManyTouchesOfAClientWithinARollingLimit) {
  // 40 days of work are 54 of the calendar: thrice as many as the limit has.
  for (const std::int32_t contacts : {2, 5}) {
    PlanProblem problem = empty_plan(1, 40);
    problem.clients.resize(1);
    problem.clients[0].limits = 0;
    problem.limits = {{{contacts, 20, any_channel}}};
    for (int i = 0; i < 30; ++i) problem.touches.push_back(touch_of(0, 100 + i % 7, 0, 39));
    const ContactPlan plan = plan_contacts(problem);
    EXPECT_EQ(faults(problem, plan), "");
    EXPECT_GE(plan.planned.size(), 3U * static_cast<std::size_t>(contacts) - 1) << contacts;
  }
}

TEST(ContactPlan, PricesAreWhatOneMoreSlotAdds) {
  std::size_t priced = 0;
  for (std::uint64_t seed = 1000; seed < 1150; ++seed) {
    PlanProblem problem = random_plan(seed, false);
    const ContactPlan plan = plan_contacts(problem);
    for (std::size_t bin = 0; bin < problem.minutes.size(); ++bin) {
      if (problem.minutes[bin] == 0) continue;  // nobody there: no slot can be told from more of them
      problem.minutes[bin] += 30;
      ASSERT_EQ(plan_contacts(problem).objective - plan.objective, plan.prices.slot[bin]) << seed << ' ' << bin;
      problem.minutes[bin] -= 30;
      priced += plan.prices.slot[bin] > 0;
    }
  }
  EXPECT_GT(priced, 20U);
}

TEST(ContactPlan, PricesContactsByChannelWhereTheyRunOut) {
  PlanProblem problem = empty_plan(1, 1);
  problem.contacts = {1, unlimited_contacts};
  problem.clients.resize(3);
  problem.touches = {touch_of(0, 100, 0, 0, 10), touch_of(1, 70, 0, 0, 20), touch_of(2, 60, 0, 0, 30)};
  problem.touches[2].channels = 2;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  EXPECT_TRUE(plan.proved());
  EXPECT_EQ(plan.objective, 160);
  EXPECT_EQ(plan.prices.contact, (std::vector<std::int64_t>{70, 0}));
  EXPECT_EQ(reasons(plan), (std::map<std::uint32_t, Refusal>{{1, Refusal::capacity}}));
  EXPECT_EQ(plan.refused.front().surplus, 0);
}

/// As many touches as a day has room for, and more, in groups of several managers.
PlanProblem crowd(std::uint32_t clients, bool coupled) {
  std::mt19937_64 random(7);
  PlanProblem problem = empty_plan(6, 10);
  problem.pools.push_back({0, 1});
  problem.pools.push_back({2, 3, 4});
  problem.limits = {{{2, 7, any_channel}}};
  problem.preferences = {{}, {}};
  for (std::size_t d = 0; d < 20; ++d) problem.preferences[d % 2].push_back(static_cast<std::int64_t>(random() % 500));
  for (std::uint32_t client = 0; client < clients; ++client) {
    problem.clients.push_back({no_profile, coupled && client % 2 == 0 ? 0U : no_profile, coupled && client % 3 == 0});
    const auto pool = static_cast<std::uint32_t>(random() % problem.pools.size());
    for (int t = 0; t < 5; ++t) {
      PlanTouch touch = touch_of(client, 1000 + static_cast<std::int64_t>(random() % 5000), 2 * t, 2 * t + 1);
      touch.pool = coupled ? pool : static_cast<std::uint32_t>(random() % problem.pools.size());
      touch.preference = static_cast<std::uint32_t>(random() % 2);
      if (coupled) {
        touch.first = plan_day(std::max(0, 2 * t - 2));
        touch.minutes = static_cast<std::int32_t>(10 + random() % 4 * 10);
        touch.gap_days = 2;
      }
      problem.touches.push_back(touch);
    }
  }
  return problem;
}

TEST(ContactPlan, IsTheSameForAnyNumberOfThreads) {
  for (const bool coupled : {false, true}) {
    const PlanProblem problem = crowd(400, coupled);
    const ContactPlan alone = plan_contacts(problem);
    EXPECT_EQ(faults(problem, alone), "");
    EXPECT_EQ(alone.coupled_groups != 0, coupled);
    for (const std::size_t threads : {2U, 5U}) {
      ThreadPool pool(threads);
      Control control;
      control.executor = &pool;
      EXPECT_EQ(plan_contacts(problem, {}, control), alone) << threads;
    }
  }
}

TEST(ContactPlan, ComesCloseToTheBoundWithGapsLimitsAndMinutes) {
  const PlanProblem problem = crowd(1200, true);
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  EXPECT_LT(plan.gap(), 0.008);  // some 17 contacts a day, in two shifts
  EXPECT_FALSE(plan.refused.empty());
}

TEST(ContactPlan, GivesRoomToWhatIsWorthMostOfManyAlikeTouches) {
  // Far more is wanted than fits, in few kinds: at the prices most touches are just worth it, or just not.
  PlanProblem problem = empty_plan(1, 15, 2);
  problem.contacts.assign(30, unlimited_contacts);
  for (std::size_t day = 0; day < 15; ++day) problem.contacts[2 * day] = 5;
  problem.limits = {{{3, 7, any_channel}, {2, 7, 1}}};
  for (std::uint32_t client = 0; client < 700; ++client) {
    problem.clients.push_back({no_profile, 0, false});
    const auto add = [&](std::int64_t value, int first, int last, std::int32_t minutes, std::uint32_t channels) {
      problem.touches.push_back(touch_of(client, value, first, last, minutes));
      problem.touches.back().channels = channels;
      problem.touches.back().gap_days = 3;
    };
    if (client % 3 == 0) add(60'000, 0, 7, 15, 1);
    add(20'000, 0, 14, 5, 3);
    add(20'000, 0, 14, 2, 2);
    add(15'000, 0, 14, 2, 2);
    if (client % 5 == 0) add(90'000, 8, 14, 20, 1);
  }
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  EXPECT_GT(plan.refused.size(), 500U);
  EXPECT_LT(plan.gap(), 0.035);  // it was 0.05 where prices fell by halves
}

TEST(ContactPlan, KnowsTheBestOfEachClientAtThePrices) {
  // Many touches of a client in wide windows, so that limits bind in many ways.
  std::mt19937_64 random(11);
  const auto up_to = [&](std::uint64_t most) { return static_cast<std::uint32_t>(random() % (most + 1)); };
  for (int round = 0; round < 8; ++round) {
    PlanProblem problem = empty_plan(2, 12, 2);
    problem.pools.push_back({0, 1});
    problem.limits = {{{2, 5, any_channel}}, {{1, 6, 2}, {3, 9, any_channel}}, {{1, 3, 1}, {2, 4, 2}}};
    problem.preferences.emplace_back();
    for (int d = 0; d < 12; ++d) problem.preferences[0].push_back(up_to(2000));
    for (std::int32_t& minutes : problem.minutes) minutes = 120;
    for (std::uint32_t client = 0; client < 40; ++client) {
      problem.clients.push_back({no_profile, up_to(2), up_to(3) == 0});
      if (up_to(2) == 0) problem.past.push_back({client, up_to(1), plan_day(0) - std::chrono::days{1 + up_to(4)}});
      const std::uint32_t touches = 2 + up_to(4);
      for (std::uint32_t t = 0; t < touches; ++t) {
        PlanTouch touch =
            touch_of(client, 500 + up_to(4000), static_cast<int>(up_to(4)), 5 + static_cast<int>(up_to(6)));
        touch.pool = up_to(problem.pools.size() - 1);
        touch.channels = 1 + up_to(2);
        touch.preference = up_to(1) == 0 ? 0 : no_profile;
        touch.minutes = static_cast<std::int32_t>(10 + up_to(2) * 10);
        touch.gap_days = static_cast<std::int32_t>(up_to(2));
        problem.touches.push_back(touch);
      }
    }
    PlanOptions options;
    options.improvements = 300;
    const ContactPlan plan = plan_contacts(problem, options);
    ASSERT_EQ(faults(problem, plan), "") << round;
    ASSERT_EQ(check_plan(problem, plan).upper_bound, plan.upper_bound) << round;
  }
}

TEST(ContactPlan, TellsWhyTouchesAreRefused) {
  PlanProblem problem = empty_plan(1, 4);
  problem.pools.push_back({});
  problem.consents = {{0}};
  problem.limits = {{{1, 3, any_channel}}};
  problem.hours = {{{0, 560}, {0, 560}, {0, 560}, {0, 560}}};
  problem.clients.resize(8);
  problem.clients[1].consents = 0;
  problem.clients[5].limits = problem.clients[6].limits = 0;
  problem.past = {{5, 0, plan_day(0) - std::chrono::days{1}}};
  for (std::uint32_t client = 0; client < 8; ++client) problem.touches.push_back(touch_of(client, 10'000, 0, 1));
  problem.touches[0].pool = 1;
  problem.touches[2].first = problem.touches[2].last = plan_day(7);
  problem.touches[3].value = 0;
  problem.touches[4].hours = 0;
  problem.touches[5].last = plan_day(1);
  problem.touches.insert(problem.touches.begin() + 7, touch_of(6, 9'000, 0, 1));
  problem.touches.back().minutes = 430;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  EXPECT_EQ(reasons(plan), (std::map<std::uint32_t, Refusal>{{0, Refusal::no_manager},
                                                             {1, Refusal::no_channel},
                                                             {2, Refusal::outside_period},
                                                             {3, Refusal::no_value},
                                                             {4, Refusal::no_time},
                                                             {5, Refusal::past_contacts},
                                                             {7, Refusal::other_touches},
                                                             {8, Refusal::no_time}}));
  ASSERT_EQ(plan.planned.size(), 1U);
  EXPECT_EQ(plan.planned.front().touch, 6U);
}

TEST(ContactPlan, BeginsWithinShiftsAndHours) {
  PlanProblem problem = empty_plan(1, 1);
  problem.hours = {{{700, 1020}}, {{540, 600}}};
  problem.clients.resize(4);
  // What has to end by ten comes first, 140 minutes fit before noon behind it, 180 in the afternoon only.
  problem.touches = {touch_of(0, 100, 0, 0, 140), touch_of(1, 100, 0, 0, 50), touch_of(2, 100, 0, 0, 20),
                     touch_of(3, 100, 0, 0, 180)};
  problem.touches[1].hours = 0;
  problem.touches[2].hours = 1;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  const std::vector<PlannedTouch> expected{{0, 0, 0, 0, 560}, {1, 0, 0, 0, 780}, {2, 0, 0, 0, 540}, {3, 0, 0, 0, 830}};
  EXPECT_EQ(plan.planned, expected);
}

TEST(ContactPlan, HasAClientTalkToOneManagerAtATime) {
  PlanProblem problem = empty_plan(2, 1);
  problem.clients.resize(1);
  problem.touches = {touch_of(0, 100, 0, 0, 60), touch_of(0, 100, 0, 0, 60), touch_of(0, 100, 0, 0, 60)};
  problem.touches[1].pool = 1;
  const ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(faults(problem, plan), "");
  EXPECT_EQ(plan.objective, 300);
}

TEST(ContactPlan, AWorkLimitRepeatsExactlyAndKeepsTheBound) {
  const PlanProblem problem = crowd(1500, false);
  const ContactPlan whole = plan_contacts(problem);
  EXPECT_TRUE(whole.proved());
  EXPECT_FALSE(whole.refused.empty());
  PlanOptions options;
  options.work_limit = 20;
  const ContactPlan limited = plan_contacts(problem, options);
  EXPECT_TRUE(limited.limited);
  EXPECT_EQ(faults(problem, limited), "");
  EXPECT_LE(limited.objective, whole.objective);
  EXPECT_GE(limited.upper_bound, whole.objective);
  EXPECT_EQ(plan_contacts(problem, options), limited);
}

TEST(ContactPlan, ListensToTheHost) {
  const PlanProblem problem = crowd(300, true);
  Control control;
  std::stop_source stop;
  control.stop = stop.get_token();
  double last = 0;
  control.progress = [&](std::string_view, double done) {
    EXPECT_GE(done, last);
    last = done;
  };
  static_cast<void>(plan_contacts(problem, {}, control));
  EXPECT_EQ(last, 1.0);
  stop.request_stop();
  control.progress = {};
  try {
    static_cast<void>(plan_contacts(problem, {}, control));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::cancelled);
  }
}

TEST(ContactPlan, OfNothingIsEmpty) {
  for (const std::size_t managers : {0U, 1U})
    for (const int days : {0, 3}) {
      PlanProblem problem = empty_plan(managers, days);
      problem.pools.push_back({});
      problem.clients.resize(1);
      problem.touches = {touch_of(0, 100, 0, 9)};
      problem.touches[0].pool = static_cast<std::uint32_t>(problem.pools.size() - 1);
      const ContactPlan plan = plan_contacts(problem);
      EXPECT_EQ(faults(problem, plan), "");
      EXPECT_EQ(reasons(plan), (std::map<std::uint32_t, Refusal>{{0, Refusal::no_manager}}));
      EXPECT_TRUE(plan.proved());
      EXPECT_EQ(plan.gap(), 0.0);
    }
}

TEST(PlanProblem, NamesWhatContradictsItself) {
  const auto broken = [](const auto& breaking) {
    PlanProblem problem = empty_plan(2, 3);
    problem.clients.resize(2);
    problem.touches = {touch_of(0, 100, 0, 2), touch_of(1, 100, 0, 2)};
    problem.past = {{0, 0, plan_day(0) - std::chrono::days{3}}};
    problem.check();
    breaking(problem);
    try {
      problem.check();
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  using P = PlanProblem;
  EXPECT_EQ(broken([](P& p) { std::swap(p.days[0], p.days[1]); }), "days");
  EXPECT_EQ(broken([](P& p) { p.minutes.pop_back(); }), "minutes");
  EXPECT_EQ(broken([](P& p) { p.minutes[0] = -1; }), "minutes");
  EXPECT_EQ(broken([](P& p) { p.contacts = {1}; }), "contacts");
  EXPECT_EQ(broken([](P& p) { p.channels = 33; }), "channels");
  EXPECT_EQ(broken([](P& p) { p.shifts[1].span.from = 600; }), "shifts[1]");
  EXPECT_EQ(broken([](P& p) { p.shifts[0].manager = 2; }), "shifts[0]");
  EXPECT_EQ(broken([](P& p) { p.pools[0] = {1, 0}; }), "pools[0]");
  EXPECT_EQ(broken([](P& p) { p.hours = {{{0, 10}}}; }), "hours[0]");
  EXPECT_EQ(broken([](P& p) { p.limits = {{{1, 0, 1}}}; }), "limits[0]");
  EXPECT_EQ(broken([](P& p) { p.clients[1].limits = 0; }), "clients[1]");
  EXPECT_EQ(broken([](P& p) { p.past[0].day = p.days[0]; }), "past[0]");
  EXPECT_EQ(broken([](P& p) { p.touches[0].client = 1, p.touches[1].client = 0; }), "touches[1]");
  EXPECT_EQ(broken([](P& p) { p.touches[1].minutes = 0; }), "touches[1]");
  EXPECT_EQ(broken([](P& p) { p.touches[1].gap_days = -1; }), "touches[1]");
  EXPECT_EQ(broken([](P& p) { p.touches[1].preference = 0; }), "touches[1]");
  EXPECT_EQ(broken([](P& p) { p.touches[1].value = 1'000'000'000'000'001; }), "touches[1]");
  EXPECT_EQ(broken([](P& p) { p.touches[1].value = 1'000'000'000'000'000; }), "touches");
  PlanOptions options;
  options.rounds = 0;
  EXPECT_THROW(static_cast<void>(plan_contacts(empty_plan(1, 1), options)), Error);
}

}  // namespace
}  // namespace klientela
