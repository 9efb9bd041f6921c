// Schedules after they were announced: planned again change by change, compared with what was done, and their faults.
#include "klientela/plan/reschedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "klientela/plan/calendar_text.hpp"
#include "unit/plan/small_schedule.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using namespace sample;  // NOLINT(google-build-using-namespace): the whole of it is for these tests

TEST(Reschedule, OfAnUnchangedWorldChangesNothing) {
  const ContactSchedule before = planned(managers());
  const Reschedule again = replan_schedule(before, compiled(managers()), on(7));
  EXPECT_EQ(again.changes().rows(), 0U);
  EXPECT_EQ(again.replan().stayed, before.plan().planned.size());
  EXPECT_EQ(again.schedule().plan().planned, before.plan().planned);
}

TEST(Reschedule, OfAnAbsenceChangesThoseContactsAlone) {
  const ContactSchedule before = planned(managers());
  const Table away = with_absences(managers("2026-12-07"), {{"boris", parse_day_ranges("2026-12-09..2026-12-10")}});
  EXPECT_THAT(column(away, "Vacation"), ElementsAre("", "2026-12-07;2026-12-09..2026-12-10"));
  const Reschedule again = replan_schedule(before, compiled(away), on(7));
  const Table changes = again.changes();
  const PlanCheck check = check_schedule(again.schedule());
  EXPECT_TRUE(check.ok()) << (check.faults.empty() ? "" : check.faults.front().text);

  std::map<std::string, PlannedTouch> old;
  for (const PlannedTouch& row : before.plan().planned) old[before.id(row.touch)] = row;
  std::set<std::string> told;
  std::size_t must = 0;
  for (const std::string& id : column(changes, "id")) told.insert(id);
  for (const auto& [id, row] : old) {
    const Day day = before.problem().days[row.day];
    must += row.manager == 1 && (day == on(7) || day == on(9) || day == on(10)) ? 1 : 0;
  }
  EXPECT_EQ(again.replan().changed, must);
  for (const PlannedTouch& row : again.schedule().plan().planned) {
    const std::string id = again.schedule().id(row.touch);
    const Day day = again.schedule().problem().days[row.day];
    EXPECT_FALSE(row.manager == 1 && (day == on(7) || day == on(9) || day == on(10))) << id;
    if (!told.contains(id)) {
      ASSERT_TRUE(old.contains(id));
      EXPECT_EQ(before.problem().days[old[id].day], day);
      EXPECT_EQ(old[id].start, row.start);
    }
  }
  std::int64_t prices = 0;
  for (const PlanChange& change : again.replan().changes) prices += change.price;
  EXPECT_EQ(before.plan().objective + prices, again.schedule().plan().objective);
  if (changes.rows() > 0) {
    EXPECT_THAT(column(changes, "text").front(), HasSubstr("2026-12-"));
    EXPECT_NE(column(again.changes(Language::russian), "text").front(), column(changes, "text").front());
  }
}

TEST(Reschedule, LeavesTheDaysBeforeAlone) {
  const ContactSchedule before = planned(managers());
  const Reschedule again = replan_schedule(before, compiled(managers("2026-12-10")), on(10));
  for (std::size_t row = 0; row < again.changes().rows(); ++row)
    EXPECT_GE(column(again.changes(), "start_before")[row], "2026-12-10");
}

TEST(Reschedule, OfManagersWhoAreGoneSaysToWhomTheirContactsGo) {
  const ContactSchedule before = planned(managers());
  const Table one = texts({{"manager", {"anna"}}, {"time_zone", {"Europe/Berlin"}}});
  const Reschedule again = replan_schedule(before, compiled(one), on(7));
  std::size_t of_boris = 0;
  for (const PlannedTouch& row : before.plan().planned) of_boris += row.manager == 1 ? 1 : 0;
  const Table changes = again.changes();
  std::size_t handed = 0;
  for (std::size_t row = 0; row < changes.rows(); ++row) {
    if (column(changes, "manager_before")[row] != "boris") continue;
    ++handed;
    EXPECT_THAT(column(changes, "change")[row], ::testing::AnyOf("reassigned", "dropped"));
  }
  EXPECT_EQ(handed, of_boris);
}

/// The same contacts, of the owner alone.
ContactSchedule owned(const std::vector<std::string>& owners_on_cards, Table announced = {}) {
  PlanPolicy rules = policy();
  rules.playbooks.front().quotas.front().by = {.owner = true};
  rules.owners.keep = true;
  BaseBuilder builder;
  for (int id = 1; id <= clients; ++id) {
    ClientRow card{.client = id};
    if (!owners_on_cards.empty()) card.owner = owners_on_cards[static_cast<std::size_t>(id - 1)];
    builder.add(card);
  }
  const ClientBase of = builder.build().base;
  ScheduleKnowledge known;
  known.owners = std::move(announced);
  return compile_schedule(of, Table({of.client_column()}), managers(), rules, {on(7), on(11)}, known);
}

TEST(Reschedule, KeepsTheOwnersThatWereAnnounced) {
  const ContactSchedule empty = owned({});
  const ContactSchedule before = empty.with(plan_contacts(empty.problem()));
  // All clients are of one manager now, but were announced otherwise.
  const std::vector<std::string> given = column(before.owners(), "manager");
  const ContactSchedule now = owned({}, before.owners());
  EXPECT_EQ(column(now.owners(), "manager"), given);
  EXPECT_THAT(column(now.owners(), "reason"), ::testing::Each("kept"));
  EXPECT_EQ(replan_schedule(before, now, on(7)).changes().rows(), 0U);
  EXPECT_TRUE(check_schedule(now.with(now.plan_of(before.planned(), before.refused(), before.prices()))).ok());
}

TEST(Reschedule, HandsContactsOverToTheOwnerWhomACardNamesNow) {
  const ContactSchedule empty = owned({});
  const ContactSchedule before = empty.with(plan_contacts(empty.problem()));
  ASSERT_GT(before.plan().planned.size(), 0U);
  std::vector<std::string> cards(clients);
  const PlannedTouch& one = before.plan().planned.front();
  const std::string client = column(before.planned(), "client").front();
  const std::string other = column(before.planned(), "manager").front() == "anna" ? "boris" : "anna";
  cards[std::stoul(client) - 1] = other;
  const ContactSchedule now = owned(cards, before.owners());
  EXPECT_EQ(column(now.owners(), "manager")[std::stoul(client) - 1], other);
  const Table changes = replan_schedule(before, now, on(7)).changes();
  ASSERT_EQ(changes.rows(), 1U) << before.id(one.touch);
  EXPECT_EQ(column(changes, "client").front(), client);
  EXPECT_EQ(column(changes, "change").front(), "reassigned");
  EXPECT_EQ(column(changes, "manager").front(), other);
}

/// A call by the owner beside three mails by anyone, in December.
ContactSchedule call_and_mails(const std::string& absent) {
  const PlanPolicy rules = *plan_policy_from_json(
      R"({"playbooks": [{"name": "p", "quotas": [{"name": "call", "channel": "phone", "by": "owner"},
      {"name": "mail", "channel": "email", "contacts": 3, "by": "anyone"}]}], "care": [], "revisits": null, "limits": [],
      "batching": null, "owners": {"dedicated": null, "needs": []}, "hours": "00:00-24:00"})",
      "/plan");
  BaseBuilder builder;
  for (int id = 1; id <= clients; ++id) builder.add(ClientRow{.client = id, .owner = "anna"});
  const ClientBase of = builder.build().base;
  const Table team = texts({{"manager", {"anna", "boris"}}, {"absences", {absent, ""}}});
  return compile_schedule(of, Table({of.client_column()}), team, rules, {on(1), on(31)});
}

TEST(Reschedule, KeepsTheOrderThatWasAnnouncedWhereDaysLeftWouldGiveAnother) {
  const ContactSchedule empty = call_and_mails("");
  const ContactSchedule before = empty.with(plan_contacts(empty.problem()));
  ASSERT_TRUE(before.plan().refused.empty());
  // Half of December is gone: by the days that are left the call comes late.
  const ContactSchedule now = call_and_mails("2026-12-21..2026-12-31");
  const Reschedule again = replan_schedule(before, now, on(1));
  EXPECT_TRUE(check_schedule(again.schedule()).ok());
  EXPECT_EQ(again.replan().changed, again.replan().least_changed);
  std::size_t must = 0;
  for (const PlannedTouch& row : before.plan().planned)
    must += row.manager == 0 && before.problem().days[row.day] >= on(21) ? 1 : 0;
  EXPECT_EQ(again.replan().changed, must);
  const ContactSchedule& made = again.schedule();
  const ContactSchedule read = now.with(now.plan_of(made.planned(), made.refused(), made.prices()));
  EXPECT_TRUE(check_schedule(read).ok());
  EXPECT_EQ(column(read.planned(), "id"), column(made.planned(), "id"));
  EXPECT_EQ(read.plan().upper_bound, made.plan().upper_bound);
}

// --- what was held since ---

/// One client and calls of a quota in December, with what was held so far.
struct Meanwhile {
  std::string quota;
  std::string limits{"[]"};
  std::vector<std::pair<Day, std::string>> calls{};  // when, and the id of the interaction
  std::vector<std::string> held{};                   // as ScheduleKnowledge

  [[nodiscard]] ClientBase base() const {
    BaseBuilder builder;
    builder.add(ClientRow{.client = 1});
    for (const auto& [day, id] : calls) {
      InteractionRow row{.client = 1, .channel = "phone", .initiative = "outbound"};
      row.started_at = Instant{day} + std::chrono::hours{12};
      row.state = "completed";
      row.interaction = id;
      builder.add(row);
    }
    return builder.build().base;
  }
  [[nodiscard]] ContactSchedule compiled() const {
    const PlanPolicy rules = *plan_policy_from_json(
        R"({"playbooks": [{"name": "p", "quotas": [)" + quota + R"(]}], "care": [], "revisits": null, "limits": )" +
            limits + R"(, "batching": null, "owners": {"dedicated": null, "needs": []}, "hours": "00:00-24:00"})",
        "/plan");
    const ClientBase of = base();
    ScheduleKnowledge known;
    known.held = held;
    return compile_schedule(of, Table({of.client_column()}), texts({{"manager", {"anna"}}}), rules, {on(1), on(31)},
                            known);
  }
};

Day day_of(const ContactSchedule& schedule, std::size_t row) {
  return schedule.problem().days[schedule.plan().planned[row].day];
}

/// The same with planned contacts on days of one's own.
ContactSchedule announced_on(const ContactSchedule& compiled, const std::vector<Day>& days) {
  ContactPlan plan = plan_contacts(compiled.problem());
  EXPECT_EQ(plan.planned.size(), days.size());
  for (std::size_t i = 0; i < days.size(); ++i) {
    const std::vector<Day>& all = compiled.problem().days;
    plan.planned[i].day = static_cast<std::uint32_t>(std::find(all.begin(), all.end(), days[i]) - all.begin());
  }
  const ContactSchedule made = compiled.with(plan);
  EXPECT_TRUE(check_schedule(made).ok());
  return made;
}

TEST(Reschedule, TakesAContactThatWasHeldEarlyForDone) {
  Meanwhile world{.quota = R"({"channel": "phone", "value": 5})"};
  const ContactSchedule before = announced_on(world.compiled(), {on(15)});
  const std::string id = before.id(0);
  world.calls = {{on(14), ""}};
  const std::vector<HeldContact> held = held_contacts(before, world.base(), on(15));
  EXPECT_EQ(held, (std::vector<HeldContact>{{"1", "phone", on(14), id, true}}));
  EXPECT_TRUE(held_contacts(before, world.base(), on(14)).empty());
  world.held = held_early(held);
  const ContactSchedule now = world.compiled();
  EXPECT_TRUE(now.problem().touches.empty());
  EXPECT_EQ(now.shortfalls().rows(), 0U);
  ASSERT_EQ(now.notes().size(), 1U);
  EXPECT_THAT(now.notes().front().english, HasSubstr("planned again: 1."));
  const Reschedule again = replan_schedule(before, now, on(15), {}, {}, held);
  EXPECT_TRUE(again.schedule().plan().planned.empty());
  EXPECT_TRUE(check_schedule(again.schedule()).ok());
  ASSERT_EQ(again.changes().rows(), 1U);
  EXPECT_EQ(column(again.changes(), "id").front(), id);
  EXPECT_EQ(column(again.changes(), "change").front(), "dropped");
  EXPECT_THAT(column(again.changes(), "text").front(), HasSubstr("held already on 2026-12-14: was 2026-12-15"));
  EXPECT_THAT(column(again.changes(Language::russian), "text").front(), HasSubstr("уже проведён 2026-12-14"));
}

TEST(Reschedule, CountsContactsThatNobodyPlanned) {
  Meanwhile world{.quota = R"({"channel": "phone", "value": 5, "spread": false})",
                  .limits = R"([{"contacts": 3, "days": 7}])"};
  const ContactSchedule before = announced_on(world.compiled(), {on(10)});
  world.calls = {{on(2), ""}, {on(3), ""}, {on(4), ""}};
  // The registry takes none of these for the call of the 10th: they are too early.
  std::vector<HeldContact> held = held_contacts(before, world.base(), on(10));
  ASSERT_EQ(held.size(), 3U);
  EXPECT_TRUE(held_early(held).empty());
  EXPECT_EQ(replan_schedule(before, world.compiled(), on(10), {}, {}, held).changes().rows(), 0U);
  // Of the 7th to the 9th, one of them for another plan.
  held = {{"1", "phone", on(7), "", false}, {"1", "phone", on(8), "", false}, {"1", "phone", on(9), "", false}};
  const Reschedule again = replan_schedule(before, world.compiled(), on(10), {}, {}, held);
  EXPECT_TRUE(check_schedule(again.schedule()).ok());
  ASSERT_EQ(again.schedule().plan().planned.size(), 1U);
  EXPECT_GE(day_of(again.schedule(), 0), on(14));
  EXPECT_EQ(again.replan().changed, 1U);
  EXPECT_GE(again.replan().changed_bound, again.replan().changed_objective);
  // What is unknown counts for nothing.
  held.front().client = "2";
  EXPECT_EQ(replan_schedule(before, world.compiled(), on(10), {}, {}, held).changes().rows(), 0U);
}

TEST(Reschedule, KeepsTheGapAfterWhatWasHeld) {
  Meanwhile world{.quota = R"({"channel": "phone", "contacts": 2, "gap_days": 5})"};
  const ContactSchedule before = announced_on(world.compiled(), {on(8), on(18)});
  // The first was held late, with the id of the plan; it stays, and the second keeps its distance from the 15th.
  world.calls = {{on(15), before.id(0)}};
  const std::vector<HeldContact> held = held_contacts(before, world.base(), on(16));
  EXPECT_EQ(held, (std::vector<HeldContact>{{"1", "phone", on(15), before.id(0), false}}));
  const Reschedule again = replan_schedule(before, world.compiled(), on(16), {}, {}, held);
  EXPECT_TRUE(check_schedule(again.schedule()).ok());
  ASSERT_EQ(again.schedule().plan().planned.size(), 2U);
  EXPECT_EQ(day_of(again.schedule(), 0), on(8));
  EXPECT_GE(day_of(again.schedule(), 1), on(21));  // the 20th is a Sunday
  // Held in time it counts as announced, and only once.
  world.calls = {{on(8), before.id(0)}};
  world.limits = R"([{"contacts": 2, "days": 11}])";
  const std::vector<HeldContact> in_time = held_contacts(before, world.base(), on(16));
  ASSERT_EQ(in_time.size(), 1U);
  EXPECT_EQ(replan_schedule(before, world.compiled(), on(16), {}, {}, in_time).changes().rows(), 0U);
  // So does one that was held late.
  const std::vector<HeldContact> late{{"1", "phone", on(9), before.id(0), false}};
  EXPECT_EQ(replan_schedule(before, world.compiled(), on(16), {}, {}, late).changes().rows(), 0U);
}

TEST(WithAbsences, NamesManagersWhoAreNotThere) {
  const std::map<std::string, std::vector<DayRange>> absences{{"zoe", {{on(7), on(8)}}}};
  try {
    static_cast<void>(with_absences(managers(), absences));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_THAT(error.what(), HasSubstr("zoe"));
  }
  EXPECT_THROW(static_cast<void>(with_absences(texts({{"name", {"anna"}}}), {})), Error);
  EXPECT_EQ(with_absences(texts({{"id", {"zoe"}}}), absences).column("absences").to_text(0), "2026-12-07..2026-12-08");
}

TEST(WithAbsences, TakesOffDaysThatAreOver) {
  const std::map<std::string, std::vector<DayRange>> absences{{"boris", {{on(7), on(10)}}}};
  EXPECT_THAT(column(with_absences(managers(), absences, on(9)), "Vacation"),
              ElementsAre("", "2026-12-09..2026-12-10"));
  try {
    static_cast<void>(with_absences(managers(), absences, on(11)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "absences");
    EXPECT_THAT(error.what(), HasSubstr("over on 2026-12-10"));
  }
}

TEST(Reschedule, RefusesAFirstDayBehindThePlan) {
  const ContactSchedule before = planned(managers());
  try {
    static_cast<void>(replan_schedule(before, compiled(managers()), on(12)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "first_open");
    EXPECT_THAT(error.what(), HasSubstr("ends on 2026-12-11"));
  }
}

TEST(Reschedule, TellsWhyContactsAreDropped) {
  const ContactSchedule before = planned(managers());
  // Everybody is away from the day on which there could be more.
  const Table away = with_absences(managers(), {{"anna", {{on(7), on(11)}}}, {"boris", {{on(7), on(11)}}}});
  const Table changes = replan_schedule(before, compiled(away), on(7)).changes();
  ASSERT_EQ(changes.rows(), before.plan().planned.size());
  EXPECT_THAT(column(changes, "change"), ::testing::Each("dropped"));
  EXPECT_THAT(column(changes, "text").front(), HasSubstr("have so much time"));
}

TEST(RegistryOf, AScheduleKnowsItsManagersAbsences) {
  const ContactSchedule schedule = planned(managers());
  const ClientBase of = base();
  const Table registry = registry_of(schedule, of, Instant{on(20)});
  EXPECT_EQ(registry.rows(), schedule.plan().planned.size());
  for (const std::string& state : column(registry, "state")) EXPECT_EQ(state, "overdue");
  for (const std::string& fault : column(registry, "fault")) EXPECT_EQ(fault, "manager");
  const ContactSchedule away = compiled(managers("2026-12-07..2026-12-11")).with(schedule.plan());
  std::set<std::string> faults;
  for (const std::string& fault : column(registry_of(away, of, Instant{on(20)}), "fault")) faults.insert(fault);
  EXPECT_TRUE(faults.contains("absence"));
}

/// What the registry says of the faults of one manager who works from nine to six on weekdays and should have held one
/// contact of 60 minutes on 7 December, and of everything held that day.
std::set<std::string> faults_of(const Table& team, int minutes_held, const HolidayTable& holidays = {}) {
  const ContactSchedule schedule = planned(texts({{"manager", {"anna"}}}));
  BaseBuilder builder;
  for (int id = 1; id <= clients; ++id) builder.add(ClientRow{.client = id});
  InteractionRow held{.client = 1};
  held.channel = "visit";
  held.responsible = "anna";
  held.state = "completed";
  held.started_at = Instant{on(7)} + std::chrono::hours{9};
  held.ended_at = *held.started_at + std::chrono::minutes{minutes_held};
  builder.add(held);
  const ClientBase of = builder.build().base;
  ScheduleKnowledge known;
  known.holidays = holidays;
  const ClientBase plain = base();
  const ContactSchedule now =
      compile_schedule(plain, Table({plain.client_column()}), team, policy(), {on(7), on(11)}, known);
  ContactPlan plan = schedule.plan();
  std::erase_if(plan.planned, [&](const PlannedTouch& row) { return schedule.problem().days[row.day] != on(7); });
  for (PlannedTouch& row : plan.planned) {
    const auto day = std::lower_bound(now.problem().days.begin(), now.problem().days.end(), on(7));
    row.day = static_cast<std::uint32_t>(day - now.problem().days.begin());
  }
  std::set<std::string> faults;
  for (const std::string& fault : column(registry_of(now.with(plan), of, Instant{on(20)}), "fault"))
    faults.insert(fault);
  return faults;
}

TEST(RegistryOf, KnowsHowLongManagersWorkWhereTheirMinutesAreNotSaid) {
  const Table team = texts({{"manager", {"anna"}}});
  EXPECT_EQ(faults_of(team, 480), (std::set<std::string>{"manager"}));        // 60 of 540 minutes were left
  EXPECT_EQ(faults_of(team, 481), (std::set<std::string>{"over_capacity"}));  // not so long
  const Table less = texts({{"manager", {"anna"}}, {"minutes", {"120"}}});
  EXPECT_EQ(faults_of(less, 60), (std::set<std::string>{"manager"}));
  EXPECT_EQ(faults_of(less, 61), (std::set<std::string>{"over_capacity"}));
  const Table longer = texts({{"manager", {"anna"}}, {"exceptions", {"2026-12-07=08:00-20:00"}}});
  EXPECT_EQ(faults_of(longer, 660), (std::set<std::string>{"manager"}));
  EXPECT_EQ(faults_of(longer, 661), (std::set<std::string>{"over_capacity"}));
}

TEST(RegistryOf, TakesDaysWithoutShiftsForAbsences) {
  const Table team = texts({{"manager", {"anna", "boris"}}, {"weekdays", {"Tue-Fri", ""}}});
  EXPECT_EQ(faults_of(team, 60), (std::set<std::string>{"absence"}));  // Monday
  const HolidayTable holidays =
      HolidayTable::from(texts({{"country", {"DE"}}, {"day", {"2026-12-07"}}, {"name", {"a day off"}}}));
  const Table german = texts({{"manager", {"anna", "boris"}}, {"country", {"DE", ""}}});
  EXPECT_EQ(faults_of(german, 60, holidays), (std::set<std::string>{"absence"}));
  EXPECT_EQ(faults_of(german, 60), (std::set<std::string>{"manager"}));
}

}  // namespace
}  // namespace klientela
