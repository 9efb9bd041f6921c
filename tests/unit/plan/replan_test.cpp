// Replanning: what can stay stays, no fewer changes are possible, prices add up, and bounds hold against trying all.
#include "klientela/plan/replan.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <numeric>
#include <random>

#include "klientela/plan/check.hpp"
#include "unit/plan/small_plan.hpp"

namespace klientela {
namespace {

using sample::empty_plan;
using sample::Exhaustive;
using sample::faults;
using sample::plan_day;
using sample::random_plan;
using sample::touch_of;

std::vector<std::uint32_t> numbers(std::size_t n) {
  std::vector<std::uint32_t> made(n);
  std::iota(made.begin(), made.end(), 0U);
  return made;
}

Announcement announced_as(const PlanProblem& problem, const ContactPlan& plan) {
  return announcement_of(problem, plan, problem, numbers(problem.touches.size()), numbers(problem.managers));
}

std::size_t count(const Replan& replan, ChangeKind kind) {
  return static_cast<std::size_t>(std::count_if(replan.changes.begin(), replan.changes.end(),
                                                [&](const PlanChange& change) { return change.kind == kind; }));
}

TEST(Replan, OfWhatStillHoldsChangesNothing) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const PlanProblem problem = random_plan(seed, seed % 2 == 1);
    const ContactPlan plan = plan_contacts(problem);
    const Replan again = replan_contacts(problem, announced_as(problem, plan), plan_day(0));
    ASSERT_EQ(faults(problem, again.plan), "") << seed;
    ASSERT_EQ(again.changed, 0U) << seed;
    ASSERT_EQ(again.least_changed, 0U) << seed;
    ASSERT_EQ(again.stayed, plan.planned.size()) << seed;
    ASSERT_GE(again.plan.objective, plan.objective) << seed;
    ASSERT_LE(again.plan.upper_bound, plan.upper_bound) << seed;
    if (again.plan.objective == plan.objective) {
      ASSERT_EQ(again.plan.planned, plan.planned) << seed;
    }
  }
}

/// A problem with its plan, and what became of it: absences, fewer minutes or contacts, longer touches, wider gaps, a
/// touch less and a client more.
struct Changed {
  PlanProblem before, now;
  ContactPlan plan;
  Announcement announced;
  Day first_open;
};

Changed changed_plan(std::uint64_t seed) {
  Changed made;
  made.before = random_plan(seed, seed % 4 != 0);
  made.plan = plan_contacts(made.before);
  made.now = made.before;
  std::mt19937_64 random(seed + 77);
  const auto up_to = [&](std::uint64_t n) { return static_cast<std::uint32_t>(random() % (n + 1)); };
  std::vector<std::uint32_t> touch_now = numbers(made.before.touches.size());
  PlanProblem& now = made.now;
  const std::size_t bin = up_to(now.minutes.size() - 1);
  switch (up_to(5)) {
    case 0: now.minutes[bin] = 0; break;
    case 1:
      for (std::int32_t& minutes : now.minutes) minutes = std::max(0, minutes - 30);
      break;
    case 2:
      if (now.contacts.empty()) now.contacts.assign(now.minutes.size() * 2, 1);
      break;
    case 3:
      for (PlanTouch& touch : now.touches) touch.gap_days += 1;
      break;
    case 4:
      for (PlanTouch& touch : now.touches) touch.minutes += static_cast<std::int32_t>(15 * up_to(1));
      break;
    default:
      for (PlanClient& client : now.clients) client.limits = up_to(2);
  }
  if (up_to(1) == 0) {
    now.minutes[up_to(now.minutes.size() - 1)] = 0;
    now.clients.push_back({});
    now.touches.push_back(touch_of(static_cast<std::uint32_t>(now.clients.size() - 1), 500, 0, 1));
  }
  if (up_to(3) == 0) {
    const std::size_t gone_touch = up_to(made.before.touches.size() - 1);
    now.touches.erase(now.touches.begin() + static_cast<std::ptrdiff_t>(gone_touch));
    touch_now[gone_touch] = gone;
    for (std::size_t t = gone_touch + 1; t < touch_now.size(); ++t) --touch_now[t];
  }
  made.first_open = plan_day(static_cast<int>(up_to(1)));
  made.announced = announcement_of(made.before, made.plan, now, touch_now, numbers(now.managers));
  return made;
}

/// So many of the announced touches can be as announced at most, by trying all sets of them.
std::size_t most_that_stay(const PlanProblem& problem, const Announcement& announced) {
  std::size_t most = 0;
  for (std::uint32_t set = 0; set < 1U << announced.touches.size(); ++set) {
    if (static_cast<std::size_t>(std::popcount(set)) <= most) continue;
    ContactPlan plan;
    bool there = true;
    for (std::size_t i = 0; i < announced.touches.size(); ++i) {
      const AnnouncedTouch& one = announced.touches[i];
      if ((set >> i & 1U) == 0) continue;
      const auto day = std::lower_bound(problem.days.begin(), problem.days.end(), one.day) - problem.days.begin();
      there &= one.touch != gone;
      if (there)
        plan.planned.push_back({one.touch, one.manager, static_cast<std::uint32_t>(day), one.channel, one.start});
    }
    if (!there) continue;
    std::sort(plan.planned.begin(), plan.planned.end(), [](auto& a, auto& b) { return a.touch < b.touch; });
    for (std::uint32_t touch = 0; touch < problem.touches.size(); ++touch)
      if (std::none_of(plan.planned.begin(), plan.planned.end(), [&](auto& row) { return row.touch == touch; }))
        plan.refused.push_back({touch, Refusal::capacity, 0});
    const PlanCheck check = check_plan(problem, plan);
    const bool fits = std::all_of(check.faults.begin(), check.faults.end(), [](const PlanFault& fault) {
      return fault.violation >= Violation::wrong_objective;  // of reasons, prices and sums
    });
    if (fits) most = static_cast<std::size_t>(std::popcount(set));
  }
  return most;
}

TEST(Replan, ChangesAsFewAsPossible) {
  std::size_t changed = 0, needless = 0, proved = 0;
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    const Changed now = changed_plan(seed);
    const Replan replan = replan_contacts(now.now, now.announced, now.first_open);
    ASSERT_EQ(faults(now.now, replan.plan), "") << seed;
    const std::size_t least = now.announced.touches.size() - most_that_stay(now.now, now.announced);
    ASSERT_EQ(replan.stayed + replan.changed, now.announced.touches.size()) << seed;
    ASSERT_LE(replan.least_changed, least) << seed;
    ASSERT_GE(replan.changed, least) << seed;
    ASSERT_EQ(replan.changed, count(replan, ChangeKind::moved) + count(replan, ChangeKind::reassigned) +
                                  count(replan, ChangeKind::dropped))
        << seed;
    changed += replan.changed;
    needless += replan.changed - least;
    proved += replan.changed == replan.least_changed;
  }
  EXPECT_GT(changed, 300U);
  EXPECT_EQ(needless, 0U);
  EXPECT_GT(proved, 570U);
}

TEST(Replan, IsBetweenTheBestAndItsBound) {
  double lost = 0, best_sum = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const Changed now = changed_plan(seed);
    for (const std::optional<std::int64_t> cost : {std::optional<std::int64_t>{}, {0}, {15}, {60}, {1000}}) {
      ReplanOptions options;
      options.change_cost = cost;
      const Replan replan = replan_contacts(now.now, now.announced, plan_day(0), options);
      ASSERT_EQ(faults(now.now, replan.plan), "") << seed;
      // Without a cost a change costs more than any plan is worth, and only those who stay are compared.
      const std::int64_t own = cost.value_or(100'000);
      const std::int64_t best =
          Exhaustive(now.now, [&](std::size_t touch, std::uint32_t manager, std::size_t day, std::uint32_t channel) {
            for (const AnnouncedTouch& one : now.announced.touches)
              if (one.touch == touch && one.manager == manager && one.day == now.now.days[day] &&
                  one.channel == channel)
                return own;
            return std::int64_t{0};
          }).best();
      const std::int64_t reached = replan.plan.objective + own * static_cast<std::int64_t>(replan.stayed);
      ASSERT_LE(reached, best) << seed;
      if (cost) {
        const std::int64_t all = own * static_cast<std::int64_t>(now.announced.touches.size());
        ASSERT_EQ(replan.changed_objective, reached - all) << seed;
        ASSERT_GE(replan.changed_bound, best - all) << seed;
      } else {
        ASSERT_EQ(replan.changed_objective, replan.plan.objective) << seed;
        if (best - reached < own / 2) {  // as many stay; trying all minds no start times
          ASSERT_GE(replan.changed_bound, replan.plan.objective) << seed;
          lost += static_cast<double>(best - reached);
        }
      }
      if (cost) lost += static_cast<double>(best - reached);
      best_sum += static_cast<double>(replan.plan.objective);
      ASSERT_GE(replan.changed_bound, replan.changed_objective) << seed;
    }
  }
  EXPECT_LT(lost, 0.01 * best_sum);
}

TEST(Replan, PricesOfChangesAddUp) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Changed now = changed_plan(seed);
    const Replan replan = replan_contacts(now.now, now.announced, now.first_open);
    std::int64_t before = 0, prices = 0;
    for (const AnnouncedTouch& one : now.announced.touches) {
      if (one.touch == gone) {
        before += one.worth;
        continue;
      }
      const PlanTouch& touch = now.now.touches[one.touch];
      const auto day = std::lower_bound(now.now.days.begin(), now.now.days.end(), one.day) - now.now.days.begin();
      before +=
          touch.value +
          (touch.preference == no_profile ? 0 : now.now.preferences[touch.preference][static_cast<std::size_t>(day)]);
    }
    for (const PlanChange& change : replan.changes) prices += change.price;
    ASSERT_EQ(prices, replan.plan.objective - before) << seed;
    for (const PlannedTouch& row : replan.plan.planned) {  // nothing new before the first open day
      if (now.now.days[row.day] >= now.first_open) continue;
      ASSERT_TRUE(std::any_of(now.announced.touches.begin(), now.announced.touches.end(),
                              [&](const AnnouncedTouch& one) {
                                return one.touch == row.touch && one.start == row.start &&
                                       one.day == now.now.days[row.day];
                              }))
          << seed;
    }
  }
}

/// Managers who are nearly full for ten days; the first is away for three of them then.
struct Absence {
  PlanProblem before, now;
  ContactPlan plan;
  Announcement announced;
};

Absence absence(std::uint32_t clients, bool coupled) {
  std::mt19937_64 random(11);
  Absence made;
  made.before = empty_plan(4, 10);
  made.before.pools.push_back({0, 1, 2, 3});
  made.before.limits = {{{2, 7, any_channel}}};
  for (std::uint32_t client = 0; client < clients; ++client) {
    made.before.clients.push_back(
        {no_profile, coupled && client % 2 == 0 ? 0U : no_profile, coupled && client % 3 == 0});
    for (int t = 0; t < 3; ++t) {
      PlanTouch touch = touch_of(client, 1000 + static_cast<std::int64_t>(random() % 5000), 3 * t, 3 * t + 2);
      touch.pool = client % 5 < 4 ? client % 4 : 4;
      if (coupled) {
        touch.minutes = static_cast<std::int32_t>(10 + random() % 4 * 10);
        touch.gap_days = 2;
        touch.last = plan_day(3 * t + 4 < 10 ? 3 * t + 4 : 9);
      }
      made.before.touches.push_back(touch);
    }
  }
  made.plan = plan_contacts(made.before);
  made.now = made.before;
  for (std::size_t day = 4; day < 7; ++day) made.now.minutes[day] = 0;
  std::erase_if(made.now.shifts,
                [](const PlanShift& shift) { return shift.manager == 0 && shift.day >= 4 && shift.day < 7; });
  made.announced = announced_as(made.before, made.plan);
  return made;
}

TEST(Replan, MovesOnlyWhatAnAbsenceTouches) {
  for (const bool coupled : {false, true}) {
    const Absence made = absence(200, coupled);
    const Replan replan = replan_contacts(made.now, made.announced, plan_day(4));
    EXPECT_EQ(faults(made.now, replan.plan), "");
    std::size_t away = 0;
    for (const PlannedTouch& row : made.plan.planned) away += row.manager == 0 && row.day >= 4 && row.day < 7;
    EXPECT_GT(away, 10U);
    EXPECT_EQ(replan.changed, away);
    EXPECT_EQ(replan.least_changed, away);
    for (const PlanChange& change : replan.changes)
      if (change.kind != ChangeKind::added) {
        EXPECT_EQ(made.announced.touches[change.announced].manager, 0U);
      }
    const ContactPlan anew = plan_contacts(made.now);
    EXPECT_LT(replan.plan.gap(), anew.gap() + 0.1);
    EXPECT_LE(replan.plan.objective, anew.upper_bound);
    EXPECT_GT(static_cast<double>(replan.plan.objective), 0.9 * static_cast<double>(anew.objective));
  }
}

TEST(Replan, IsTheSameForAnyNumberOfThreads) {
  for (const bool coupled : {false, true})
    for (const std::optional<std::int64_t> cost : {std::optional<std::int64_t>{}, {500}}) {
      const Absence made = absence(300, coupled);
      ReplanOptions options;
      options.change_cost = cost;
      const Replan alone = replan_contacts(made.now, made.announced, plan_day(4), options);
      ThreadPool pool(3);
      Control control;
      control.executor = &pool;
      EXPECT_EQ(replan_contacts(made.now, made.announced, plan_day(4), options, control), alone);
    }
}

TEST(Replan, ReplansMissedOnesOnLaterDays) {
  PlanProblem problem = empty_plan(1, 3);
  problem.clients.resize(2);
  problem.touches = {touch_of(0, 100, 0, 2), touch_of(1, 100, 0, 2)};
  Announcement announced;
  announced.touches = {{0, 0, 0, plan_day(0), 540, 0, true}, {1, 0, 0, plan_day(0), 570, 0, false}};
  const Replan replan = replan_contacts(problem, announced, plan_day(1));
  EXPECT_EQ(faults(problem, replan.plan), "");
  EXPECT_EQ(replan.plan.planned, (std::vector<PlannedTouch>{{0, 0, 1, 0, 540}, {1, 0, 0, 0, 570}}));
  EXPECT_EQ(replan.changes, (std::vector<PlanChange>{{ChangeKind::moved, 0, 0, 0}}));
  EXPECT_EQ(replan.least_changed, 1U);
}

TEST(Replan, FindsAPlaceForTheSecondOfTwoThatBreakALimitOnlyTogether) {
  PlanProblem problem = empty_plan(1, 14);
  problem.clients.resize(1);
  problem.limits = {{{2, 7, any_channel}}};
  problem.clients[0].limits = 0;
  problem.touches = {touch_of(0, 100, 0, 4), touch_of(0, 100, 5, 5), touch_of(0, 100, 6, 13)};
  problem.preferences.assign(2, std::vector<std::int64_t>(14));
  problem.preferences[0][4] = 50;  // the Friday before the one that stays
  problem.preferences[1][6] = 50;  // and the Tuesday after it: each alone keeps to the limit
  problem.touches[0].preference = 0;
  problem.touches[2].preference = 1;
  Announcement announced;
  announced.touches = {{1, 0, 0, plan_day(5), 540, 0, false}};
  const Replan replan = replan_contacts(problem, announced, plan_day(0));
  EXPECT_EQ(faults(problem, replan.plan), "");
  ASSERT_EQ(replan.plan.planned.size(), 3U);
  EXPECT_EQ(replan.plan.planned[0].day, 4U);
  EXPECT_GE(replan.plan.planned[2].day, 9U);
  EXPECT_EQ(replan.stayed, 1U);
  EXPECT_EQ(count(replan, ChangeKind::added), 2U);
}

TEST(Replan, AChangeCostSaysWhatOneMayCost) {
  PlanProblem problem = empty_plan(1, 2);
  problem.minutes = {30, 0};
  problem.clients.resize(2);
  problem.touches = {touch_of(0, 100, 0, 1), touch_of(1, 150, 0, 1)};
  Announcement announced;
  announced.touches = {{0, 0, 0, plan_day(0), 540, 0, false}};
  ReplanOptions options;
  Replan replan = replan_contacts(problem, announced, plan_day(0), options);
  EXPECT_EQ(replan.plan.objective, 100);  // what is announced stays, whatever a new client would be worth
  EXPECT_EQ(replan.changed, 0U);
  options.change_cost = 50;
  replan = replan_contacts(problem, announced, plan_day(0), options);
  EXPECT_EQ(replan.changed, 0U);  // as good
  EXPECT_EQ(replan.changed_bound, 100);
  options.change_cost = 49;
  replan = replan_contacts(problem, announced, plan_day(0), options);
  EXPECT_EQ(faults(problem, replan.plan), "");
  EXPECT_EQ(replan.plan.objective, 150);
  EXPECT_EQ(replan.changed_objective, 101);
  EXPECT_EQ(replan.gap(), 0.0);
  EXPECT_EQ(replan.changes,
            (std::vector<PlanChange>{{ChangeKind::dropped, 0, 0, -100}, {ChangeKind::added, 1, gone, 150}}));
}

/// Whether what is planned from first_open on keeps its distance and the limits beside what was held before.
std::string too_much(const PlanProblem& problem, const Announcement& announced, const ContactPlan& plan,
                     Day first_open) {
  for (const PlannedTouch& row : plan.planned) {
    const PlanTouch& touch = problem.touches[row.touch];
    const Day day = problem.days[row.day];
    if (day < first_open) continue;
    std::vector<std::pair<Day, std::uint32_t>> contacts;
    for (const HeldTouch& one : announced.held)
      if (one.client == touch.client) {
        contacts.emplace_back(one.day, one.channel);
        if ((day - one.day).count() < touch.gap_days) return "gap of touch " + std::to_string(row.touch);
      }
    if (contacts.empty() || problem.clients[touch.client].limits == no_profile) continue;
    for (const PastContact& past : problem.past)
      if (past.client == touch.client) contacts.emplace_back(past.day, past.channel);
    for (const PlannedTouch& other : plan.planned)
      if (problem.touches[other.touch].client == touch.client)
        contacts.emplace_back(problem.days[other.day], other.channel);
    for (const RollingLimit& limit : problem.limits[problem.clients[touch.client].limits]) {
      if ((limit.channels >> row.channel & 1U) == 0) continue;
      const auto count = std::count_if(contacts.begin(), contacts.end(), [&](const auto& one) {
        return (limit.channels >> one.second & 1U) != 0 && one.first <= day && (day - one.first).count() < limit.days;
      });
      if (count > limit.contacts) return "limit of touch " + std::to_string(row.touch);
    }
  }
  return {};
}

TEST(Replan, CountsWhatWasHeldMeanwhile) {
  std::size_t kept = 0, moved = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Changed one = changed_plan(seed);
    std::mt19937_64 random(seed);
    const Day first_open = plan_day(1);
    for (std::uint32_t client = 0; client < one.now.clients.size(); ++client)
      if (random() % 2 == 0)
        one.announced.held.push_back(
            {client, static_cast<std::uint32_t>(random() % one.now.channels), plan_day(0), gone});
    const Replan made = replan_contacts(one.now, one.announced, first_open);
    ASSERT_EQ(faults(one.now, made.plan), "") << seed;
    ASSERT_EQ(too_much(one.now, one.announced, made.plan, first_open), "") << seed;
    ASSERT_GE(made.changed, made.least_changed) << seed;
    ASSERT_GE(made.changed_bound, made.changed_objective) << seed;
    kept += made.stayed;
    moved += made.changed;
    ReplanOptions cheap;
    cheap.change_cost = 10;
    const Replan other = replan_contacts(one.now, one.announced, first_open, cheap);
    ASSERT_EQ(faults(one.now, other.plan), "") << seed;
    ASSERT_EQ(too_much(one.now, one.announced, other.plan, first_open), "") << seed;
    ASSERT_GE(other.changed_bound, other.changed_objective) << seed;
  }
  EXPECT_GT(kept, 0U);
  EXPECT_GT(moved, 0U);
}

TEST(Replan, NamesWhatIsWrong) {
  PlanProblem problem = empty_plan(1, 2);
  problem.clients.resize(1);
  problem.touches = {touch_of(0, 100, 0, 1)};
  const auto broken = [&](const auto& breaking) {
    Announcement announced;
    announced.touches = {{0, 0, 0, plan_day(0), 540, 0, false}};
    ReplanOptions options;
    breaking(announced, options);
    try {
      static_cast<void>(replan_contacts(problem, announced, plan_day(0), options));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing");
  };
  using A = Announcement;
  using O = ReplanOptions;
  EXPECT_EQ(broken([](A&, O&) {}), "nothing");
  EXPECT_EQ(broken([](A& a, O&) { a.touches[0].touch = 1; }), "announced[0]");
  EXPECT_EQ(broken([](A& a, O&) { a.touches[0].manager = 1; }), "announced[0]");
  EXPECT_EQ(broken([](A& a, O&) { a.touches[0].channel = 2; }), "announced[0]");
  EXPECT_EQ(broken([](A& a, O&) { a.touches.push_back(a.touches[0]); }), "announced[1]");
  EXPECT_EQ(broken([](A& a, O&) { a.prices.slot = {1}; }), "prices");
  const Day before = plan_day(0) - std::chrono::days{1};
  EXPECT_EQ(broken([&](A& a, O&) { a.held = {{0, 0, before, gone}, {0, 0, before, 0}}; }), "nothing");
  EXPECT_EQ(broken([&](A& a, O&) { a.held = {{1, 0, before, gone}}; }), "held[0]");
  EXPECT_EQ(broken([&](A& a, O&) { a.held = {{0, 0, before, 1}}; }), "held[0]");
  EXPECT_EQ(broken([](A& a, O&) { a.held = {{0, 0, plan_day(0), gone}}; }), "held[0]");
  EXPECT_EQ(broken([&](A& a, O&) {
              a.held = {{0, 0, before, gone}, {0, 0, before - std::chrono::days{1}, gone}};
            }),
            "held[1]");
  EXPECT_EQ(broken([](A&, O& o) { o.change_cost = -1; }), "change_cost");
  EXPECT_EQ(broken([](A&, O& o) { o.change_cost = std::numeric_limits<std::int64_t>::max(); }), "change_cost");
  EXPECT_EQ(broken([](A&, O& o) { o.change_cost = 1'000'000'000'000'001; }), "change_cost");
  EXPECT_EQ(broken([](A&, O& o) { o.change_cost = 1'000'000'000'000'000; }), "nothing");
  EXPECT_EQ(broken([](A&, O& o) { o.plan.rounds = 0; }), "rounds");
  const std::vector<std::uint32_t> none;
  EXPECT_THROW(static_cast<void>(announcement_of(problem, {}, problem, none, numbers(1))), Error);
  EXPECT_THROW(static_cast<void>(announcement_of(problem, {}, problem, numbers(1), none)), Error);
}

}  // namespace
}  // namespace klientela
