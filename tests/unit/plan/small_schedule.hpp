// A dozen clients, two managers and a week of calls, for tests of what becomes of a schedule.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "klientela/ingest/builder.hpp"
#include "klientela/plan/plan_json.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela::sample {

inline constexpr int clients = 12;

inline Day on(unsigned day) { return Day{std::chrono::year{2026} / std::chrono::December / std::chrono::day{day}}; }

inline Table texts(const std::vector<std::pair<std::string, std::vector<std::string>>>& columns) {
  Table table;
  for (const auto& [name, cells] : columns) {
    std::vector<std::optional<std::string>> values;
    for (const std::string& cell : cells) values.push_back(cell.empty() ? std::nullopt : std::optional(cell));
    table.add(Column(name, values));
  }
  return table;
}

inline Table managers(const std::string& away = {}) {
  return texts({{"manager", {"anna", "boris"}}, {"time_zone", {"Europe/Berlin", ""}}, {"Vacation", {"", away}}});
}

inline PlanPolicy policy() {
  return *plan_policy_from_json(R"({"channels": [{"name": "phone", "minutes": 60, "contacts": 2}],
    "playbooks": [{"name": "call", "when": "true", "quotas": [{"channel": "phone", "contacts": 1, "per": "plan",
    "value": 3, "by": "anyone"}]}], "care": [], "revisits": null, "limits": [], "batching": null,
    "owners": {"dedicated": null, "needs": []}, "hours": "00:00-24:00"})",
                                "/plan");
}

inline ClientBase base() {
  BaseBuilder builder;
  for (int id = 1; id <= clients; ++id) builder.add(ClientRow{.client = id});
  return builder.build().base;
}

inline ContactSchedule compiled(const Table& team) {
  const ClientBase of = base();
  return compile_schedule(of, Table({of.client_column()}), team, policy(), {on(7), on(11)});
}

inline ContactSchedule planned(const Table& team) {
  const ContactSchedule schedule = compiled(team);
  return schedule.with(plan_contacts(schedule.problem()));
}

inline std::vector<std::string> column(const Table& table, const char* name) {
  std::vector<std::string> cells;
  for (std::size_t row = 0; row < table.rows(); ++row) cells.push_back(table.column(name).to_text(row));
  return cells;
}

}  // namespace klientela::sample
