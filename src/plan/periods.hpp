// Calendar periods: where they begin and end, how they are written, and which contacts of one fall into a plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "klientela/core/time.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela::planning {

/// Both days in, clipped to the days there are.
struct CalendarPeriod {
  Day first{};
  Day last{};
  std::string label{};  ///< "2026-12", "2026-W49", "2026-Q4", "2026", "2026-12-03"
};

[[nodiscard]] CalendarPeriod calendar_period(Day day, Period period);

/// The part of a quota that a plan asks for.
struct QuotaCut {
  CalendarPeriod period;
  Day first{};  ///< window: the part of the period within the plan
  Day last{};
  std::int32_t skip{0};   ///< contacts of the period before those of the plan
  std::int32_t least{0};  ///< as Quota, of the plan's
  std::int32_t most{0};   ///< > 0
};

/// The contacts of each calendar period that meets the plan. Each contact of a period has an equal share of its days;
/// it is the plan's whose days hold the middle of the share. So the plans of a period's parts come to what its plan
/// asks for. Without a period the plan's own. O(periods)
[[nodiscard]] std::vector<QuotaCut> cut(std::optional<Period> per, std::int32_t least, std::int32_t most,
                                        SchedulePeriod plan);

}  // namespace klientela::planning
