// Feeds bytes to the reader of plan policies: what it accepts reads back the same, and plans soundly or says why not.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/plan/plan_json.hpp"
#include "klientela/plan/schedule.hpp"
#include "small_base.hpp"

namespace {

using namespace klientela;

using fuzz::base;
using fuzz::require;

std::size_t size_of(const PlanPolicy& policy) {
  std::size_t contacts = 0;
  const auto add = [&](const PlanQuota& quota) { contacts += static_cast<std::size_t>(quota.most); };
  for (const Playbook& playbook : policy.playbooks)
    for (const PlanQuota& quota : playbook.quotas) add(quota);
  for (const CareContact& care : policy.care) add(care.contact);
  for (const PlanSurvey& survey : policy.surveys) add(survey.contact);
  for (const Campaign& campaign : policy.campaigns) add(campaign.contact);
  if (policy.revisits) add(policy.revisits->contact);
  return contacts;
}

void plan(PlanPolicy policy) {
  if (size_of(policy) > 60) return;  // big plans are slow, not different
  policy.solver.rounds = 5;
  const Table managers(
      {Column("manager", std::vector<std::string>{"a", "b"}), Column("tags", std::vector<std::string>{"en", "de"})});
  try {
    const ContactSchedule schedule =
        make_schedule(base(), Table({base().client_column()}), managers, policy, fuzz::week);
    require(check_schedule(schedule).ok());
    require(schedule.planned().rows() + schedule.refused().rows() == schedule.problem().touches.size());
    static_cast<void>(schedule.summary_json(Language::russian));
  } catch (const Error& error) {
    require(error.code() != Code::internal && error.code() != Code::bad_data);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::optional<PlanPolicy> policy =
        plan_policy_from_json(std::string_view(reinterpret_cast<const char*>(data), size), "/plan");
    if (!policy) return 0;
    require(*plan_policy_from_json(to_json(*policy), "/plan") == *policy);
    plan(*policy);
  } catch (const Error& error) {
    require(error.code() == Code::bad_policy);
    require(error.where().empty() || error.where().front() == '/');
  }
  return 0;
}
