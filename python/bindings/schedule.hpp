// The Python handle of a schedule, shared by the files that make schedules and pages.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "klientela/pipeline/run.hpp"
#include "klientela/plan/reschedule.hpp"
#include "stages.hpp"

namespace klientela::python {

/// A schedule, and what it was made of: to be compiled again with other managers.
struct PySchedule {
  std::shared_ptr<const RunResult> result;
  Table managers;
  std::optional<PlanPolicy> policy;
  ScheduleKnowledge known;
  Language language{Language::english};
  ContactSchedule schedule;
  std::shared_ptr<const Reschedule> replanned{};  ///< where it replaces another one

  [[nodiscard]] PlanOptions solver() const {
    if (policy) return policy->solver;
    return result->policy && result->policy->plan ? result->policy->plan->solver : PlanOptions();
  }
};

}  // namespace klientela::python
