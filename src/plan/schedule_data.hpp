// What a schedule keeps: the problem in numbers, and the words behind every number of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "klientela/plan/cadence.hpp"
#include "klientela/plan/owners.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela {

namespace planning {

/// Which part of the policy asks for a contact.
enum class AskedBy : std::uint8_t { playbook, care, survey, campaign, revisit };

/// One quota in one of its periods, or one dated contact: what its touches have in common.
struct Activity {
  AskedBy asked_by{AskedBy::playbook};
  std::uint32_t part{0};    ///< place among the policy's playbooks, care, surveys or campaigns
  std::uint32_t quota{0};   ///< of a playbook
  std::string name{};       ///< of the playbook or what is like it
  std::string quota_id{};   ///< name or place of the quota
  std::string period{};     ///< label of the period, or the day
  std::int32_t skip{0};     ///< contacts of the period before the plan's
  std::int32_t most{1};     ///< contacts of the whole period
  std::string date_name{};  ///< name of a holiday
};

}  // namespace planning

struct ContactSchedule::Data {
  PlanPolicy policy;
  PlanProblem problem;
  SchedulePeriod period;
  TimeZone zone;
  std::vector<PlanManager> managers;  ///< by id
  std::vector<std::string> channels;
  std::vector<PlanWords> notes;

  std::vector<std::uint32_t> client_rows;                ///< of the base, by client of the problem
  Column clients{"client", std::vector<std::string>{}};  ///< of the base, by row
  Column names{"name", std::vector<std::string>{}};      ///< the same, null where there is none

  std::vector<Ownership> owners;  ///< by row of the base
  std::vector<planning::Activity> activities;
  std::vector<Cadence> cadences;
  std::vector<std::uint32_t> first_activity;  ///< of each cadence: its quotas' activities follow each other
  std::vector<CadenceClient> rows;
  std::vector<TouchOrigin> origins;    ///< by touch
  std::vector<TouchOrigin> held;       ///< what was asked for, but held before its announced day; no touches
  Day known_until{};                   ///< last day whose contacts are among problem.past
  std::vector<std::uint32_t> regions;  ///< by touch, for day batching; empty: there is none

  [[nodiscard]] std::size_t activity_of(std::size_t touch) const {
    const TouchOrigin& origin = origins[touch];
    return first_activity[rows[origin.row].cadence] + origin.quota;
  }
  [[nodiscard]] const PlanQuota& quota_of(const planning::Activity& activity) const;
  [[nodiscard]] std::string id_of(std::size_t touch) const;
};

namespace planning {

/// Stable id of a contact. \param number  from 1
[[nodiscard]] std::string contact_id(std::string_view client, std::string_view name, std::string_view quota,
                                     std::string_view period, std::int32_t number);

/// How contact_id() writes a client.
[[nodiscard]] std::string client_part(std::string_view client);

/// PlanProblem::check(), but that values which are too large to be summed up are the policy's fault, told where it
/// gives the largest. \throws Error bad_policy naming the pointer; else as PlanProblem::check()
void check_values(const ContactSchedule::Data& data);

/// Compiles everything. \throws Error as compile_schedule()
[[nodiscard]] std::shared_ptr<const ContactSchedule::Data> compile(const ClientBase& base, const Table& classified,
                                                                   const Table& managers, const PlanPolicy& policy,
                                                                   SchedulePeriod period,
                                                                   const ScheduleKnowledge& known,
                                                                   const Control& control);

}  // namespace planning
}  // namespace klientela
