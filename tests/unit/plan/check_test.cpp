// The checker of contact plans finds every kind of planted violation, and nothing in a sound plan.
#include "klientela/plan/check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <random>
#include <set>

#include "unit/plan/small_plan.hpp"

namespace klientela {
namespace {

using sample::empty_plan;
using sample::plan_day;
using sample::touch_of;

/// Two managers, three days, clients with consents, hours, gaps and limits. Touches: 0 and 1 of client 0, of one
/// manager, in a pool of both; 2 and 3 of client 1, with a limit by channel and in all; 4 of client 2, in the morning;
/// 5 of client 3, who permits nothing.
PlanProblem sound_problem() {
  PlanProblem problem = empty_plan(2, 5);
  problem.pools.push_back({0, 1});
  problem.consents = {{0}, {1}};
  problem.limits = {{{1, 2, any_channel}}};
  problem.hours = {{{0, 720}, {0, 720}, {0, 720}, {0, 720}, {0, 720}}};
  problem.contacts.assign(2 * 5 * 2, 2);
  problem.clients.resize(4);
  problem.clients[0].one_manager = true;
  problem.clients[1].limits = 0;
  problem.clients[2].consents = 1;
  problem.clients[3].consents = 0;
  problem.past = {{0, 0, plan_day(0) - std::chrono::days{3}}};
  problem.touches = {touch_of(0, 100, 0, 3), touch_of(0, 100, 1, 4), touch_of(1, 100, 0, 4),
                     touch_of(1, 100, 0, 4), touch_of(2, 100, 0, 4), touch_of(3, 100, 0, 4)};
  problem.touches[0].pool = problem.touches[1].pool = problem.touches[4].pool = 2;
  problem.touches[0].gap_days = 3;
  problem.touches[1].gap_days = 2;
  problem.touches[2].channels = problem.touches[3].channels = 3;
  problem.touches[4].hours = 0;
  problem.touches[4].channels = 3;
  return problem;
}

ContactPlan sound_plan() {
  ContactPlan plan;
  plan.planned = {{0, 0, 0, 0, 540}, {1, 0, 2, 0, 540}, {2, 0, 0, 0, 570}, {3, 0, 2, 1, 600}, {4, 1, 0, 0, 540}};
  plan.refused = {{5, Refusal::no_channel, 0}};
  plan.objective = plan.upper_bound = 500;
  plan.prices.slot.assign(10, 0);
  plan.prices.minute.assign(10, 0);
  plan.prices.contact.assign(20, 0);
  return plan;
}

TEST(PlanCheck, FindsNothingInASoundPlan) {
  const PlanCheck check = check_plan(sound_problem(), sound_plan());
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(check.objective, 500);
  EXPECT_EQ(check.upper_bound, 500);
}

struct Planted {
  Violation violation;
  std::function<void(PlanProblem&, ContactPlan&)> plant;
};

TEST(PlanCheck, FindsEveryKindOfViolation) {
  using P = PlanProblem;
  using C = ContactPlan;
  const std::vector<Planted> all{
      {Violation::unknown_touch, [](P&, C& c) { c.planned[4].touch = 6; }},
      {Violation::touch_missing, [](P&, C& c) { c.planned.pop_back(); }},
      {Violation::touch_missing, [](P&, C& c) { c.refused.clear(); }},
      {Violation::touch_twice, [](P&, C& c) { c.planned[4].touch = 3; }},
      {Violation::touch_twice, [](P&, C& c) { c.refused[0].touch = 4; }},
      {Violation::not_by_touch, [](P&, C& c) { std::swap(c.planned[2], c.planned[4]); }},
      {Violation::unknown_day, [](P&, C& c) { c.planned[0].day = 5; }},
      {Violation::unknown_manager, [](P&, C& c) { c.planned[0].manager = 2; }},
      {Violation::unknown_channel, [](P&, C& c) { c.planned[0].channel = 2; }},
      {Violation::outside_window, [](P& p, C&) { p.touches[4].first = plan_day(1); }},
      {Violation::outside_window, [](P& p, C&) { p.touches[1].last = plan_day(1); }},
      {Violation::manager_not_in_pool, [](P&, C& c) { c.planned[2].manager = 1, c.planned[2].start = 900; }},
      {Violation::channel_not_asked, [](P&, C& c) { c.planned[0].channel = 1; }},
      {Violation::no_consent, [](P&, C& c) { c.planned[4].channel = 1; }},
      {Violation::outside_shift, [](P&, C& c) { c.planned[3].start = 700; }},   // over noon
      {Violation::outside_shift, [](P&, C& c) { c.planned[3].start = 1000; }},  // after closing
      {Violation::outside_shift, [](P&, C& c) { c.planned[3].start = std::numeric_limits<std::int32_t>::max() - 9; }},
      {Violation::outside_shift, [](P& p, C&) { p.shifts.erase(p.shifts.begin() + 10); }},  // absent that morning
      {Violation::outside_hours, [](P&, C& c) { c.planned[4].start = 800; }},
      {Violation::manager_double_booked, [](P&, C& c) { c.planned[2].start = 569; }},
      {Violation::client_double_booked,
       [](P& p, C& c) {
         p.clients[0].one_manager = false;
         p.touches[1].gap_days = 0;
         p.touches[1].first = plan_day(0);
         c.planned[1] = {1, 1, 0, 0, 545};
         c.planned[4].start = 690;
       }},
      {Violation::too_many_minutes, [](P& p, C&) { p.minutes[0] = 59; }},
      {Violation::too_many_contacts, [](P& p, C&) { p.contacts[0] = 1; }},
      {Violation::gap_too_short, [](P& p, C&) { p.touches[1].gap_days = 3; }},
      {Violation::gap_too_short, [](P& p, C&) { p.touches[0].gap_days = 4; }},  // after the past contact
      {Violation::out_of_order, [](P&, C& c) { c.planned[0].day = 3; }},
      {Violation::over_limit, [](P&, C& c) { c.planned[3].day = 1; }},
      {Violation::over_limit, [](P& p, C&) { p.limits[0][0].contacts = 0; }},
      {Violation::over_limit,
       [](P& p, C&) {
         p.past.push_back({1, 1, plan_day(0) - std::chrono::days{1}});
       }},
      {Violation::two_managers, [](P&, C& c) { c.planned[1].manager = 1; }},
      {Violation::wrong_objective, [](P&, C& c) { c.objective = 499; }},
      {Violation::bound_too_low, [](P&, C& c) { c.upper_bound = 499, c.objective = 499; }},
      {Violation::bound_too_low, [](P&, C& c) { c.prices.slot[0] = 1; }},
      {Violation::bound_too_low, [](P&, C& c) { c.prices.minute[0] = 1; }},
      {Violation::bound_below_objective, [](P&, C& c) { c.upper_bound = 400; }},
      {Violation::negative_price, [](P&, C& c) { c.prices.contact[3] = -1; }},
      {Violation::wrong_prices, [](P&, C& c) { c.prices.contact.pop_back(); }},
      {Violation::wrong_prices, [](P&, C& c) { c.prices.slot[0] = c.prices.minute[0] = 1LL << 62; }},
      {Violation::wrong_reason, [](P&, C& c) { c.refused[0].reason = Refusal::capacity; }},
      {Violation::wrong_reason, [](P& p, C&) { p.clients[3].consents = no_profile; }},
      {Violation::wrong_reason,
       [](P& p, C& c) {
         p.clients[3].consents = no_profile;
         c.refused[0].reason = Refusal::past_contacts;
       }},
      {Violation::wrong_surplus, [](P&, C& c) { c.refused[0].surplus = 1; }},
      {Violation::wrong_surplus,
       [](P& p, C& c) {
         p.clients[3].consents = no_profile;
         c.refused[0] = {5, Refusal::capacity, 99};  // it is 100
       }},
  };
  std::set<Violation> kinds;
  for (std::size_t i = 0; i < all.size(); ++i) {
    PlanProblem problem = sound_problem();
    ContactPlan plan = sound_plan();
    all[i].plant(problem, plan);
    const PlanCheck check = check_plan(problem, plan);
    bool found = false;
    std::string told;
    for (const PlanFault& fault : check.faults) {
      found |= fault.violation == all[i].violation;
      told += std::string(name(fault.violation)) + ": " + fault.text + '\n';
      EXPECT_FALSE(fault.text.empty());
    }
    EXPECT_TRUE(found) << i << ' ' << name(all[i].violation) << ", but:\n" << told;
    kinds.insert(all[i].violation);
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(Violation::wrong_surplus) + 1);  // every kind there is
}

TEST(PlanCheck, SaysNothingOfAnObjectiveThatItCannotSum) {
  ContactPlan plan = sound_plan();
  plan.planned.insert(plan.planned.begin(), plan.planned.front());
  const PlanCheck check = check_plan(sound_problem(), plan);
  ASSERT_EQ(check.faults.size(), 1U);
  EXPECT_EQ(check.faults[0].violation, Violation::touch_twice);
}

TEST(PlanCheck, ListsWhatElseIsWrongBesideManagersAndDaysThatAreGone) {
  ContactPlan plan = sound_plan();
  plan.planned[0].manager = 9;
  plan.planned[1].day = 9;
  plan.planned[2].channel = 9;
  plan.planned[4].start = 800;  // in the afternoon
  const PlanCheck check = check_plan(sound_problem(), plan);
  std::string kinds;
  for (const PlanFault& fault : check.faults) kinds += std::string(name(fault.violation)) + ' ';
  EXPECT_EQ(kinds, "unknown_manager unknown_day unknown_channel outside_hours ");
  EXPECT_EQ(check.objective, 0);  // not comparable
  EXPECT_EQ(check.upper_bound, 500);
}

TEST(PlanCheck, CountsWhatItDoesNotList) {
  ContactPlan plan = sound_plan();
  for (PlannedTouch& row : plan.planned) row.start = 0;
  const PlanCheck check = check_plan(sound_problem(), plan, 2);
  EXPECT_EQ(check.faults.size(), 2U);
  EXPECT_GE(check.fault_count, 5U);
}

TEST(PlanCheck, TakesALimitOfNoContactsForAReason) {
  PlanProblem problem = empty_plan(1, 2);
  problem.limits = {{{0, 7, any_channel}}};
  problem.clients.resize(1);
  problem.clients[0].limits = 0;
  problem.touches = {touch_of(0, 100, 0, 1)};
  const ContactPlan plan = plan_contacts(problem);
  ASSERT_EQ(plan.refused.size(), 1U);
  EXPECT_EQ(plan.refused[0].reason, Refusal::past_contacts);
  EXPECT_EQ(sample::faults(problem, plan), "");
}

/// One client with so many touches worth 100, 101, ..., all refused, and a bound.
std::pair<PlanProblem, ContactPlan> refused_client(int touches, std::int64_t bound) {
  PlanProblem problem = empty_plan(1, 20);
  problem.clients.resize(1);
  problem.clients[0].limits = 0;
  ContactPlan plan;
  for (int i = 0; i < touches; ++i) {
    problem.touches.push_back(touch_of(0, 100 + i, 0, 19));
    plan.refused.push_back({static_cast<std::uint32_t>(i), Refusal::capacity, no_surplus});
  }
  plan.upper_bound = bound;
  plan.prices.slot.assign(20, 0);
  plan.prices.minute.assign(20, 0);
  return {problem, plan};
}

TEST(PlanCheck, BoundsAClientOfWhomALimitLeavesManyContacts) {
  auto [problem, plan] = refused_client(30, 10'000);
  problem.limits = {{{9, 30, any_channel}, {40, 30, any_channel}}};
  const PlanCheck check = check_plan(problem, plan);
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(check.upper_bound, 9 * 125);  // the nine of most worth: 121 to 129
  plan.upper_bound = 9 * 125 - 1;
  ASSERT_EQ(check_plan(problem, plan).fault_count, 1U);
  EXPECT_EQ(check_plan(problem, plan).faults[0].violation, Violation::bound_too_low);
}

TEST(PlanCheck, LeavesLimitsAsideWhereThereAreTooManyWaysToKeepThem) {
  auto made = refused_client(30, 1'000);
  PlanProblem& problem = made.first;
  ContactPlan& plan = made.second;
  problem.limits = {{{9, 30, 3}, {5, 14, 1}, {5, 14, 2}, {11, 40, any_channel}}};
  std::mt19937_64 random(7);
  for (PlanTouch& touch : problem.touches) {
    touch.channels = 3;
    touch.preference = static_cast<std::uint32_t>(problem.preferences.size());
    std::vector<std::int64_t>& extra = problem.preferences.emplace_back();
    for (int day = 0; day < 20; ++day) extra.push_back(static_cast<std::int64_t>(random() % 1000));
  }
  const auto check_with = [&](std::int64_t bound) {
    plan.upper_bound = bound;
    return check_plan(problem, plan);
  };
  const PlanCheck check = check_with(1'000);  // less than can be had, limits kept
  EXPECT_EQ(check.clients_left_open, 1U);
  EXPECT_GT(check.upper_bound, 3'000);
  ASSERT_EQ(check.faults.size(), 1U);
  EXPECT_EQ(check.faults[0].violation, Violation::bound_too_low);
  const PlanCheck enough = check_with(check.upper_bound);  // true, though not the least that can be proved
  EXPECT_TRUE(enough.ok());
  EXPECT_TRUE(enough.bound_verified);
  const PlanCheck open = check_with(check.upper_bound - 1);  // neither shown nor refuted
  EXPECT_TRUE(open.ok());
  EXPECT_FALSE(open.bound_verified);
}

TEST(PlanCheck, FindsABoundThatIsTooLowHoweverManyClientsThereAre) {
  // Each has more ways to keep its limit than fit into a few steps, so that a budget of all of them would be spent.
  auto [problem, plan] = refused_client(12, 0);
  const std::vector<PlanTouch> touches = problem.touches;
  problem.limits = {{{4, 7, any_channel}}};
  problem.touches.clear();
  problem.clients.assign(300, problem.clients[0]);
  plan.refused.clear();
  std::mt19937_64 random(11);
  for (std::uint32_t client = 0; client < problem.clients.size(); ++client)
    for (PlanTouch touch : touches) {
      touch.client = client;
      touch.value += static_cast<std::int64_t>(random() % 1000);
      plan.refused.push_back({static_cast<std::uint32_t>(problem.touches.size()), Refusal::capacity, no_surplus});
      problem.touches.push_back(touch);
    }
  plan.upper_bound = std::numeric_limits<std::int64_t>::max();
  const PlanCheck sound = check_plan(problem, plan);
  EXPECT_TRUE(sound.ok() && sound.bound_verified);
  EXPECT_EQ(sound.clients_left_open, 0U);
  plan.upper_bound = sound.upper_bound;
  EXPECT_TRUE(check_plan(problem, plan).bound_verified);
  plan.upper_bound = sound.upper_bound - 1;
  const PlanCheck low = check_plan(problem, plan);
  ASSERT_EQ(low.faults.size(), 1U);
  EXPECT_EQ(low.faults[0].violation, Violation::bound_too_low);
}

/// One manager with an hour on each of five days at a price of 70, and a client of two touches of 30 minutes.
std::pair<PlanProblem, ContactPlan> priced_hours() {
  PlanProblem problem = empty_plan(1, 5);
  problem.minutes.assign(5, 60);
  problem.clients.resize(1);
  problem.touches = {touch_of(0, 100, 0, 4), touch_of(0, 50, 0, 4)};
  problem.touches[1].gap_days = 10;
  ContactPlan plan;
  plan.planned = {{0, 0, 1, 0, 540}};
  plan.refused = {{1, Refusal::capacity, -20}};
  plan.objective = 100;
  plan.prices.slot.assign(5, 70);
  plan.prices.minute.assign(5, 0);
  plan.upper_bound = 5 * 2 * 70 + 30;
  return {problem, plan};
}

TEST(PlanCheck, TellsReasonsOfCapacityFromThoseOfTheClientsOtherTouches) {
  auto [problem, plan] = priced_hours();
  EXPECT_EQ(sample::faults(problem, plan), "");
  plan.refused[0].reason = Refusal::other_touches;  // it is not worth what it takes
  EXPECT_EQ(sample::faults(problem, plan),
            "wrong_reason: touch 1 is not refused for other_touches, but for capacity\n");
  // Worth what it takes, and too soon after the other one on each day.
  problem.touches[1].value = 90;
  plan.upper_bound = 5 * 2 * 70 + 30;
  plan.refused[0] = {1, Refusal::other_touches, 20};
  EXPECT_EQ(sample::faults(problem, plan), "");
  plan.refused[0].reason = Refusal::capacity;
  EXPECT_EQ(sample::faults(problem, plan),
            "wrong_reason: touch 1 is not refused for capacity, but for other_touches\n");
  // Beside the other one, and for want of time only.
  problem.touches[1].gap_days = 1;
  plan.upper_bound = 5 * 2 * 70 + 50;
  EXPECT_EQ(sample::faults(problem, plan), "");
  plan.refused[0].surplus = 19;
  EXPECT_EQ(sample::faults(problem, plan),
            "wrong_surplus: the surplus of touch 1 is 20 at the plan's prices, the plan says 19\n");
  plan.refused[0].surplus = no_surplus;  // nothing is said
  EXPECT_EQ(sample::faults(problem, plan), "");
}

TEST(PlanCheck, AsksForPastContactsAsTheReasonWhereTheyLeaveNoDay) {
  // A limit for each of the two channels, and a contact by each the day before: none of them forbids both.
  PlanProblem problem = empty_plan(1, 3);
  problem.clients.resize(1);
  problem.clients[0].limits = 0;
  problem.limits = {{{1, 30, 1}, {1, 30, 2}}};
  problem.past = {{0, 0, plan_day(0) - std::chrono::days{1}}, {0, 1, plan_day(0) - std::chrono::days{1}}};
  problem.touches = {touch_of(0, 100, 0, 2)};
  problem.touches[0].channels = 3;
  ContactPlan plan = plan_contacts(problem);
  EXPECT_EQ(plan.refused, (std::vector<RefusedTouch>{{0, Refusal::past_contacts, 0}}));
  EXPECT_EQ(sample::faults(problem, plan), "");
  plan.refused[0].reason = Refusal::capacity;
  EXPECT_EQ(sample::faults(problem, plan),
            "wrong_reason: touch 0 is not refused for capacity, but for past_contacts\n");
}

TEST(PlanCheck, BoundsRandomProblemsAsTightlyAsTheirBestPlans) {
  // Without prices the bound is what each client alone can have at most: the best plan where nobody is in another's
  // way.
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    PlanProblem problem = sample::random_plan(seed, true);
    const std::uint32_t only = problem.touches.front().client;
    std::erase_if(problem.touches, [&](const PlanTouch& touch) { return touch.client != only; });
    problem.minutes.assign(problem.minutes.size(), 420);
    problem.contacts.clear();
    ContactPlan plan;
    for (std::uint32_t t = 0; t < problem.touches.size(); ++t)
      plan.refused.push_back({t, Refusal::capacity, no_surplus});
    plan.prices.slot.assign(problem.minutes.size(), 0);
    plan.prices.minute = plan.prices.slot;
    EXPECT_EQ(check_plan(problem, plan).upper_bound, sample::Exhaustive(problem).best()) << seed;
  }
}

}  // namespace
}  // namespace klientela
