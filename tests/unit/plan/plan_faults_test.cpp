// Faults of schedules as a table: contacts by their ids, managers' days by name.
#include "klientela/plan/plan_faults.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "klientela/ingest/builder.hpp"
#include "klientela/plan/plan_json.hpp"

namespace klientela {
namespace {

constexpr int clients = 12;

Day on(unsigned day) { return Day{std::chrono::year{2026} / std::chrono::December / std::chrono::day{day}}; }

Table texts(const std::vector<std::pair<std::string, std::vector<std::string>>>& columns) {
  Table table;
  for (const auto& [name, cells] : columns) {
    std::vector<std::optional<std::string>> values;
    for (const std::string& cell : cells) values.push_back(cell.empty() ? std::nullopt : std::optional(cell));
    table.add(Column(name, values));
  }
  return table;
}

Table managers(const std::string& away = {}) {
  return texts({{"manager", {"anna", "boris"}}, {"time_zone", {"Europe/Berlin", ""}}, {"Vacation", {"", away}}});
}

PlanPolicy policy() {
  return *plan_policy_from_json(R"({"channels": [{"name": "phone", "minutes": 60, "contacts": 2}],
    "playbooks": [{"name": "call", "when": "true", "quotas": [{"channel": "phone", "contacts": 1, "per": "plan",
    "value": 3, "by": "anyone"}]}], "care": [], "revisits": null, "limits": [], "batching": null,
    "owners": {"dedicated": null, "needs": []}, "hours": "00:00-24:00"})",
                                "/plan");
}

ClientBase base() {
  BaseBuilder builder;
  for (int id = 1; id <= clients; ++id) builder.add(ClientRow{.client = id});
  return builder.build().base;
}

ContactSchedule compiled(const Table& team) {
  const ClientBase of = base();
  return compile_schedule(of, Table({of.client_column()}), team, policy(), {on(7), on(11)});
}

ContactSchedule planned(const Table& team) {
  const ContactSchedule schedule = compiled(team);
  return schedule.with(plan_contacts(schedule.problem()));
}

std::vector<std::string> column(const Table& table, const char* name) {
  std::vector<std::string> cells;
  for (std::size_t row = 0; row < table.rows(); ++row) cells.push_back(table.column(name).to_text(row));
  return cells;
}

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
  for (PlannedTouch& row : crowded.planned) row.day = 0, row.manager = 0;
  std::set<std::string> found;
  const Table all = faults_table(schedule, check_schedule(schedule.with(crowded), 1000));
  for (std::size_t row = 0; row < all.rows(); ++row)
    if (column(all, "violation")[row] == "too_many_contacts") {
      EXPECT_EQ(column(all, "manager")[row], "anna");
      EXPECT_EQ(column(all, "day")[row], "2026-12-07");
      EXPECT_TRUE(all.column("id").is_null(row));
      found.insert(column(all, "violation")[row]);
    }
  EXPECT_EQ(found.size(), 1U);
}

}  // namespace
}  // namespace klientela
