// The Python handle of a schedule, shared by the files that make schedules and pages.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "klientela/pipeline/run.hpp"
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
};

}  // namespace klientela::python
