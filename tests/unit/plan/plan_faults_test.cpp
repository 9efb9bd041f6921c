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

}  // namespace
}  // namespace klientela
