// The planner as a whole: groups solved apart, start times set, and everything refused with its reason.
#include "klientela/plan/contact_plan.hpp"

#include <algorithm>
#include <cmath>

#include "plan/coupled.hpp"
#include "plan/exact.hpp"
#include "plan/outcome.hpp"
#include "plan/start_times.hpp"

namespace klientela {

using namespace planning;  // NOLINT: the stage's own internals

std::string_view name(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::no_manager: return "no_manager";
    case Refusal::no_channel: return "no_channel";
    case Refusal::outside_period: return "outside_period";
    case Refusal::no_value: return "no_value";
    case Refusal::no_time: return "no_time";
    case Refusal::past_contacts: return "past_contacts";
    case Refusal::capacity: return "capacity";
    case Refusal::other_touches: return "other_touches";
  }
  return "unknown";
}

namespace {

void check(const PlanOptions& options) {
  if (!(options.gap >= 0) || !std::isfinite(options.gap))
    throw Error(Code::invalid_argument, "the gap must be a number at or above zero", "gap");
  if (options.rounds < 1) throw Error(Code::invalid_argument, "there must be at least one round", "rounds");
  if (options.improvements < 0)
    throw Error(Code::invalid_argument, "there cannot be fewer than no improvements", "improvements");
}

}  // namespace

ContactPlan plan_contacts(const PlanProblem& problem, const PlanOptions& options, const Control& control) {
  return planned(problem, options, true, control);
}

ContactPlan planning::planned(const PlanProblem& problem, const PlanOptions& options, bool even,
                              const Control& control) {
  check(options);
  problem.check();
  const Model model(problem);
  control.check();
  ContactPlan plan;
  plan.prices.slot.resize(model.slots.size());
  plan.prices.minute.resize(model.slots.size());
  plan.prices.contact.resize(problem.contacts.size());
  std::vector<Place> places(problem.touches.size());
  std::vector<const Group*> exact, coupled;
  for (const Group& group : model.groups) (group.exact ? exact : coupled).push_back(&group);
  plan.exact_groups = exact.size();
  plan.coupled_groups = coupled.size();

  control.report("plan", 0.05);
  std::vector<ExactResult> results(exact.size());
  control.run(exact.size(), [&](std::size_t g) {
    results[g] = solve_exact(model, *exact[g], options, control, places, plan.prices);
  });
  for (const ExactResult& result : results) {
    plan.upper_bound += result.bound;
    plan.limited |= !result.whole;
  }
  if (!coupled.empty()) {
    const CoupledResult result = solve_coupled(model, coupled, options, control, places, plan.prices);
    plan.upper_bound += result.bound;
    plan.rounds = result.rounds;
  }

  control.report("plan", 0.9);
  std::vector<std::int32_t> starts(places.size(), -1);
  control.run(model.groups.size(),
              [&](std::size_t g) { set_start_times(model, model.groups[g], even, control, places, starts); });
  write_rows(model, places, starts, plan);
  control.report("plan", 1.0);
  return plan;
}

}  // namespace klientela
