// The planner as a whole: groups solved apart, start times set, and everything refused with its reason.
#include "klientela/plan/contact_plan.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <span>

#include "plan/client_path.hpp"
#include "plan/coupled.hpp"
#include "plan/exact.hpp"
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

/// Why a candidate is not in the plan, by the plan's prices.
RefusedTouch refused_candidate(const Model& model, const PlanPrices& prices, std::span<const Place> places,
                               std::uint32_t touch) {
  const Candidate& one = model.candidates[touch];
  const Kind& kind = model.kinds[one.kind];
  const std::span<const std::uint32_t> pool = model.pool(kind);
  std::int64_t best = std::numeric_limits<std::int64_t>::min();
  bool fits = false;
  for (std::size_t day = one.lo; day <= one.hi; ++day) {
    const std::int64_t worth = model.worth(touch, day);
    if (worth <= 0) continue;
    for (std::size_t p = 0; p < pool.size(); ++p)
      for (std::uint32_t able = model.usable_at(kind, p, day); able != 0; able &= able - 1) {
        const auto channel = static_cast<std::uint16_t>(std::countr_zero(able));
        const std::size_t bin = model.problem.bin(pool[p], day);
        std::int64_t cost = prices.slot[bin] + kind.minutes * prices.minute[bin];
        if (!prices.contact.empty()) cost += prices.contact[bin * model.problem.channels + channel];
        best = std::max(best, worth - cost);
        if (worth > cost && !fits)
          fits = fits_client(model, places, touch, {pool[p], static_cast<std::uint16_t>(day), channel});
      }
  }
  return {touch, best > 0 && !fits ? Refusal::other_touches : Refusal::capacity, best};
}

void check(const PlanOptions& options) {
  if (!(options.gap >= 0) || !std::isfinite(options.gap))
    throw Error(Code::invalid_argument, "the gap must be a number at or above zero", "gap");
  if (options.rounds < 1) throw Error(Code::invalid_argument, "there must be at least one round", "rounds");
}

}  // namespace

ContactPlan plan_contacts(const PlanProblem& problem, const PlanOptions& options, const Control& control) {
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
              [&](std::size_t g) { set_start_times(model, model.groups[g], control, places, starts); });
  for (std::uint32_t touch = 0; touch < places.size(); ++touch) {
    const Place& place = places[touch];
    const std::uint8_t refusal = model.candidates[touch].refusal;
    if (refusal != candidate) {
      plan.refused.push_back({touch, static_cast<Refusal>(refusal), 0});
    } else if (place.manager == none) {
      plan.refused.push_back(refused_candidate(model, plan.prices, places, touch));
    } else {
      plan.planned.push_back({touch, place.manager, place.day, place.channel, starts[touch]});
      plan.objective += model.worth(touch, place.day);
    }
  }
  control.report("plan", 1.0);
  return plan;
}

}  // namespace klientela
