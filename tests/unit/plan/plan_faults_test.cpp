// Faults of schedules as a table: contacts by their ids, managers' days by name.
#include "klientela/plan/plan_faults.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unit/plan/small_schedule.hpp"

namespace klientela {
namespace {

using namespace sample;  // NOLINT(google-build-using-namespace): the whole of it is for these tests

TEST(Faults, NameContactsByIdAndDaysByManager) {
  const ContactSchedule schedule = planned(managers());
  EXPECT_EQ(faults_table(schedule, check_schedule(schedule)).rows(), 0U);
  ContactPlan broken = schedule.plan();
  ASSERT_GE(broken.planned.size(), 2U);
  broken.planned[0].start = 0;
  const std::string id = schedule.id(broken.planned[0].touch);
  const Table faults = faults_table(schedule, check_schedule(schedule.with(broken)));
  ASSERT_GE(faults.rows(), 1U);
  EXPECT_EQ(column(faults, "violation")[0], "outside_shift");
  EXPECT_EQ(column(faults, "id")[0], id);
  EXPECT_EQ(column(faults, "text")[0],
            "01:00 to 02:00 is outside the working time of " + schedule.managers()[broken.planned[0].manager].id);
  EXPECT_EQ(column(faults, "day")[0], to_text(schedule.problem().days[broken.planned[0].day]));

  ContactPlan crowded = schedule.plan();
  const auto manager = static_cast<std::uint32_t>(schedule.problem().managers - 1);
  for (PlannedTouch& row : crowded.planned) row.day = 1, row.manager = manager;
  std::set<std::string> found;
  const Table all = faults_table(schedule, check_schedule(schedule.with(crowded), 1000));
  for (std::size_t row = 0; row < all.rows(); ++row)
    if (column(all, "violation")[row] == "too_many_contacts") {
      EXPECT_EQ(column(all, "manager")[row], schedule.managers()[manager].id);
      EXPECT_EQ(column(all, "day")[row], to_text(schedule.problem().days[1]));
      EXPECT_TRUE(all.column("id").is_null(row));
      found.insert(column(all, "violation")[row]);
    }
  EXPECT_EQ(found.size(), 1U);
}

TEST(Faults, SayWhatIsWrongInNamesTimesAndAmounts) {
  const ContactSchedule schedule = planned(managers());
  const auto text_of = [&](const ContactPlan& plan, const std::string& violation) -> std::string {
    const Table faults = faults_table(schedule, check_plan(schedule.problem(), plan, 1000));
    for (std::size_t row = 0; row < faults.rows(); ++row)
      if (column(faults, "violation")[row] == violation) return column(faults, "text")[row];
    return "none";
  };
  ContactPlan plan = schedule.plan();
  plan.planned[0].manager = 7;
  EXPECT_EQ(text_of(plan, "unknown_manager"), "it is held by a manager who is not there");
  plan = schedule.plan();
  plan.objective += 15'000;
  EXPECT_EQ(text_of(plan, "wrong_objective"), "the planned contacts are worth " +
                                                  Money::from_units(schedule.plan().objective).to_text() +
                                                  ", the plan says " + Money::from_units(plan.objective).to_text());
  plan = schedule.plan();
  const PlannedTouch& first = plan.planned[0];
  for (PlannedTouch& row : plan.planned)
    if (row.touch != first.touch && row.manager == first.manager && row.day == first.day) row.start = first.start;
  EXPECT_EQ(text_of(plan, "manager_double_booked").substr(0, 4), schedule.managers()[first.manager].id.substr(0, 4));
  plan = schedule.plan();
  plan.planned.erase(plan.planned.begin());
  EXPECT_EQ(text_of(plan, "touch_missing"), "it is neither planned nor refused");
}

}  // namespace
}  // namespace klientela
