// Where contacts come to stand: the order of a client's contacts, by the days that are left to them, another one where
// a plan has it or only in it there is room; and days that are evened out.
#include "plan/touch_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "klientela/plan/check.hpp"
#include "klientela/plan/reschedule.hpp"
#include "unit/plan/small_schedule.hpp"

namespace klientela {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): the whole of it is for these tests

constexpr SchedulePeriod week{Day{std::chrono::year{2026} / 12 / 7}, Day{std::chrono::year{2026} / 12 / 11}};

/// \param care  of the policy
PlanPolicy policy_of(const std::string& parts, const std::string& care = "[]") {
  return *plan_policy_from_json(R"({"revisits": null, "limits": [], "batching": null, "hours": "00:00-24:00",
      "owners": {"keep": true, "needs": [], "dedicated": null}, "care": )" +
                                    care + ", " + parts + "}",
                                "/plan");
}

void expect_sound(const ContactSchedule& schedule) {
  const PlanCheck check = check_schedule(schedule);
  EXPECT_TRUE(check.ok()) << (check.faults.empty() ? "" : check.faults.front().text);
}

ContactSchedule of_an_absent_owner(const std::string& absent) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1, .owner = "anna"});
  const ClientBase base = builder.build().base;
  const Table team = texts({{"manager", {"anna", "boris"}}, {"absences", {absent, ""}}});
  return make_schedule(base, Table({base.client_column()}), team, policy_of(R"("playbooks": [{"name": "p", "quotas": [
    {"name": "call", "channel": "phone", "by": "owner"},
    {"name": "mail", "channel": "email", "contacts": 3, "by": "anyone"}]}])"),
                       {on(1), on(31)});
}

TEST(TouchOrder, IsThatOfTheDaysThatAreLeft) {
  const ContactSchedule schedule = of_an_absent_owner("2026-12-01..2026-12-18");
  expect_sound(schedule);
  EXPECT_TRUE(schedule.plan().refused.empty());
  EXPECT_EQ(schedule.id(2), "1/p/call/2026-12/1");
  EXPECT_EQ(of_an_absent_owner("2026-12-08..2026-12-31").id(0), "1/p/call/2026-12/1");
}

TEST(TouchOrder, IsTakenFromAPlanButNotWithinAQuota) {
  const ContactSchedule schedule = of_an_absent_owner("");
  ASSERT_TRUE(schedule.plan().refused.empty());
  ContactPlan swapped = schedule.plan();
  ASSERT_EQ(swapped.planned.size(), 4U);
  ASSERT_EQ(schedule.id(2), "1/p/call/2026-12/1");
  // The second mail on the last day of its share, and the call the day before.
  const std::vector<Day>& days = schedule.problem().days;
  swapped.planned[1].day = static_cast<std::uint32_t>(
      std::find(days.begin(), days.end(), schedule.problem().touches[1].last) - days.begin());
  swapped.planned[2].day = swapped.planned[1].day - 1;
  const ContactSchedule other = schedule.with(swapped);
  expect_sound(other);
  EXPECT_EQ(other.id(1), "1/p/call/2026-12/1");
  EXPECT_EQ(other.plan().objective, schedule.plan().objective);
  EXPECT_GE(other.plan().upper_bound, other.plan().objective);
  // Read back from its tables it is the same.
  const ContactSchedule empty = schedule.with({});
  const ContactSchedule again = empty.with(empty.plan_of(other.planned(), other.refused(), other.prices()));
  expect_sound(again);
  EXPECT_EQ(again.plan().planned, other.plan().planned);
  EXPECT_EQ(again.plan().upper_bound, other.plan().upper_bound);
  // The mails of the quota are numbered: their order is what the policy asks for.
  ContactPlan wrong = schedule.plan();
  std::swap(wrong.planned[0].day, wrong.planned[1].day);
  EXPECT_FALSE(check_schedule(schedule.with(wrong)).ok());
}

/// A mail and a call with client 1, by managers with one hour a day, which birthdays of others take on every day but
/// those that are said.
struct BusyWeek {
  std::set<unsigned> mail;  // days that boris has for the mail
  std::set<unsigned> call;  // that anna has for the call
  std::string mail_more{};  // of the quota
  std::string call_more{};

  [[nodiscard]] ContactSchedule compiled(const std::string& away = {}) const {
    BaseBuilder builder;
    builder.add(ClientRow{.client = 1, .city = "both", .owner = "anna"});
    std::int64_t id = 10;
    const auto busy = [&](const std::string& owner, const std::set<unsigned>& free) {
      for (unsigned day = 7; day <= 11; ++day) {
        if (free.contains(day)) continue;
        ClientRow row{.client = ++id, .owner = owner};
        row.birthday = Day{std::chrono::year{1990} / 12 / static_cast<int>(day)};
        builder.add(row);
      }
    };
    busy("anna", call);
    busy("boris", mail);
    const ClientBase base = builder.build().base;
    const Table team = texts({{"manager", {"anna", "boris"}},
                              {"pools", {"a", "b"}},
                              {"hours", {"09:00-10:00", "09:00-10:00"}},
                              {"absences", {away, ""}}});
    return compile_schedule(base, Table({base.client_column()}), team,
                            policy_of(R"("channels": [{"name": "phone", "minutes": 60},
        {"name": "email", "minutes": 60}],
        "playbooks": [{"name": "p", "when": "card.city = 'both'", "quotas": [
          {"name": "mail", "channel": "email", "by": {"pool": "b"}, "per": "plan")" +
                                          mail_more + R"(},
          {"name": "call", "channel": "phone", "by": {"pool": "a"}, "per": "plan")" +
                                          call_more + "}]}]",
                                      R"([{"name": "birthday", "before_days": 0, "after_days": 0,
        "contact": {"channel": "phone", "value": 99}}])"),
                            week);
  }
  [[nodiscard]] ContactSchedule planned() const { return plan_schedule(compiled()); }
};

TEST(TouchOrder, IsAnotherOneWhereThereIsRoomInItAlone) {
  const ContactSchedule listed = BusyWeek{{7}, {11}}.planned();
  expect_sound(listed);
  EXPECT_TRUE(listed.plan().refused.empty());
  const ContactSchedule turned = BusyWeek{{11}, {7}}.planned();
  expect_sound(turned);
  EXPECT_TRUE(turned.plan().refused.empty());
  EXPECT_EQ(turned.plan().objective, listed.plan().objective);
  EXPECT_GE(turned.plan().upper_bound, turned.plan().objective);
  const ContactSchedule empty = turned.with({});
  const ContactSchedule again = empty.read_back(turned.planned(), turned.refused(), turned.prices());
  EXPECT_EQ(again.plan().planned, turned.plan().planned);
}

TEST(TouchOrder, KeepsGapsAndQuotas) {
  const ContactSchedule apart = BusyWeek{{11}, {7}, R"(, "gap_days": 5)"}.planned();  // there are four between them
  expect_sound(apart);
  EXPECT_EQ(apart.plan().refused.size(), 1U);
  const ContactSchedule near = BusyWeek{{11}, {7}, R"(, "gap_days": 4)", R"(, "gap_days": 9)"}.planned();
  expect_sound(near);
  EXPECT_TRUE(near.plan().refused.empty());
  // Two calls before the mail, and none between them.
  const ContactSchedule several = BusyWeek{{11}, {7, 9}, "", R"(, "contacts": 2, "gap_days": 2)"}.planned();
  expect_sound(several);
  EXPECT_TRUE(several.plan().refused.empty());
}

TEST(TouchOrder, IsAnotherOneWhereAnAbsenceLeavesRoomInItAlone) {
  const BusyWeek world{{9}, {8, 11}};
  const ContactSchedule before = world.planned();
  ASSERT_TRUE(before.plan().refused.empty());
  ASSERT_EQ(before.plan().planned.size(), 9U);  // seven birthdays
  const Table planned = before.planned();
  std::string day;
  for (std::size_t row = 0; row < planned.rows(); ++row)
    if (column(planned, "playbook")[row] == "p" && column(planned, "channel")[row] == "phone")
      day = column(planned, "start")[row].substr(0, 10);
  for (const std::optional<std::int64_t> cost : {std::optional<std::int64_t>{}, std::optional<std::int64_t>{1}}) {
    ReplanOptions options;
    options.change_cost = cost;
    const Reschedule again = replan_schedule(before, world.compiled(day), on(7), options);
    expect_sound(again.schedule());
    EXPECT_TRUE(again.schedule().plan().refused.empty());
    EXPECT_EQ(again.schedule().plan().planned.size(), before.plan().planned.size());
    EXPECT_EQ(again.replan().changed, 1U);
    EXPECT_GE(again.replan().changed_bound, again.replan().changed_objective);
    const Table changes = again.changes();
    ASSERT_EQ(changes.rows(), 1U);
    EXPECT_EQ(column(changes, "change").front(), "moved");
    EXPECT_EQ(column(changes, "start").front().substr(0, 10), day == "2026-12-11" ? "2026-12-08" : "2026-12-11");
  }
}

/// A mail without a gap and a call two days behind what is before it, by managers with two hours a day.
TEST(TouchOrder, PutsOfTwoOnOneDayTheOneWithAGapFirst) {
  const auto compiled = [](const std::string& anna, const std::string& boris) {
    BaseBuilder builder;
    builder.add(ClientRow{.client = 1, .owner = "anna"});
    const ClientBase base = builder.build().base;
    const Table team = texts({{"manager", {"anna", "boris"}},
                              {"pools", {"a", "b"}},
                              {"hours", {"09:00-11:00", "09:00-11:00"}},
                              {"absences", {anna, boris}}});
    return compile_schedule(base, Table({base.client_column()}), team,
                            policy_of(R"("playbooks": [{"name": "p", "quotas": [
          {"name": "mail", "channel": "email", "by": {"pool": "b"}, "per": "plan"},
          {"name": "call", "channel": "phone", "by": {"pool": "a"}, "per": "plan", "gap_days": 2}]}])"),
                            week);
  };
  constexpr const char* last = "2026-12-07..2026-12-10";
  const ContactSchedule before = plan_schedule(compiled("2026-12-08..2026-12-10", last));
  ASSERT_TRUE(before.plan().refused.empty());
  expect_sound(before);
  const Reschedule again = replan_schedule(before, compiled(last, last), on(7));
  expect_sound(again.schedule());
  EXPECT_TRUE(again.schedule().plan().refused.empty());
  EXPECT_GE(again.replan().changed_bound, again.replan().changed_objective);
}

TEST(Schedule, EvensOutTheDaysOfAManager) {
  BaseBuilder builder;
  for (std::int64_t id = 1; id <= 40; ++id) builder.add(ClientRow{.client = id, .owner = "anna"});
  const ClientBase base = builder.build().base;
  const auto load = [&](const std::string& more, std::vector<std::int32_t>& minutes) {
    const ContactSchedule schedule = make_schedule(
        base, Table({base.client_column()}), texts({{"manager", {"anna"}}}),
        policy_of(R"("channels": [{"name": "phone", "minutes": 30}], "playbooks": [{"name": "p", "quotas": [
            {"channel": "phone", "per": "plan")" +
                  more + "}]}]"),
        week);
    expect_sound(schedule);
    EXPECT_TRUE(schedule.plan().refused.empty());
    minutes.assign(5, 0);
    std::map<std::uint32_t, std::int32_t> first, last;
    for (const PlannedTouch& row : schedule.plan().planned) {
      minutes[row.day] += 30;
      first[row.day] = std::min(first.try_emplace(row.day, row.start).first->second, row.start);
      last[row.day] = std::max(last.try_emplace(row.day, row.start).first->second, row.start);
    }
    for (const auto& [day, start] : first) EXPECT_EQ(last[day] - start, minutes[day] - 30) << "no holes";
    return schedule.plan().objective;
  };
  std::vector<std::int32_t> minutes;
  load("", minutes);
  EXPECT_THAT(minutes, ::testing::Each(240));
  load(R"(, "weekdays": "Wed")", minutes);  // which is worth more, until it is full
  EXPECT_EQ(minutes[2], 540);
  EXPECT_LE(*std::max_element(minutes.begin(), minutes.end()), 540);
  EXPECT_GE(*std::min_element(minutes.begin(), minutes.end()), 150);
}

TEST(TouchOrder, LeavesNoRoomUnused) {
  std::mt19937 draw(3);
  std::size_t refused = 0, in_turn = 0;
  const PlanOptions options{.gap = 0.05, .rounds = 20, .improvements = 100};
  for (int world = 0; world < 60; ++world) {
    BaseBuilder builder;
    for (std::int64_t id = 1; id <= 30; ++id) {
      ClientRow row{.client = id, .owner = draw() % 2 == 0 ? "anna" : "boris"};
      row.birthday = Day{std::chrono::year{1990} / 12 / static_cast<int>(1 + draw() % 28)};
      builder.add(row);
    }
    const ClientBase base = builder.build().base;
    const std::string gap = std::to_string(draw() % 6), other = std::to_string(draw() % 6);
    const Table team = texts({{"manager", {"anna", "boris"}},
                              {"hours", {"09:00-10:00", "09:00-10:00"}},
                              {"capacities", {"phone=2", "phone=3"}},
                              {"absences", {"2026-12-04..2026-12-09", "2026-12-15..2026-12-17"}}});
    const std::string quotas = R"([{"name": "mail", "channel": "email", "by": "anyone", "contacts": 2, "gap_days": )" +
                               gap + R"(}, {"name": "call", "channel": "phone", "by": "owner", "gap_days": )" + other +
                               "}]";
    const ContactSchedule compiled =
        compile_schedule(base, Table({base.client_column()}), team,
                         policy_of(R"("channels": [{"name": "phone", "minutes": 30}, {"name": "email", "minutes": 20}],
                     "playbooks": [{"name": "p", "quotas": )" +
                                       quotas + "}]",
                                   R"([{"name": "birthday", "contact": {"channel": "phone", "value": 9}}])"),
                         {on(1), on(31)});
    const auto found = [](const ContactSchedule& schedule) {
      return planning::found_in_other_turns(schedule.data(), schedule.plan(), Day::min(), {}, {}).size();
    };
    in_turn += found(compiled.with(plan_contacts(compiled.problem(), options)));
    const ContactSchedule schedule = plan_schedule(compiled, options);
    expect_sound(schedule);
    refused += schedule.plan().refused.size();
    EXPECT_EQ(found(schedule), 0U);
  }
  EXPECT_GT(in_turn, 0U);  // what is found where each keeps its turn
  EXPECT_GT(refused, 0U);
}

}  // namespace
}  // namespace klientela
