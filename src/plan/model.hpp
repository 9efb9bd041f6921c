// A plan's problem as the solvers see it: candidates with their days, kinds of touches, groups of managers, capacities.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/problem.hpp"

namespace klientela::planning {

inline constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::uint8_t candidate = 255;

/// Touches of one kind can be done by the same managers on the same days at the same cost.
struct Kind {
  std::uint32_t pool;
  std::int32_t minutes;
  std::uint32_t channels;  ///< that client and touch permit
  std::uint32_t hours;
  std::size_t usable_begin{0};  ///< into Model::usable: pool's managers x days
};

/// What is left of a touch.
struct Candidate {
  std::uint32_t kind{none};
  std::uint16_t lo{0};  ///< first and last day it can be on, both in; gaps and limits after past contacts counted
  std::uint16_t hi{0};
  std::uint16_t gap{0};             ///< least days after the client's touch before; a limit of one contact counted
  std::uint8_t refusal{candidate};  ///< Refusal, or `candidate`
};

/// Managers who share touches; groups have nothing in common.
struct Group {
  std::vector<std::uint32_t> managers;    ///< ascending
  std::vector<std::uint32_t> touches;     ///< candidates, ascending
  std::vector<std::uint32_t> unit_begin;  ///< into touches: those of one client; one more than there are clients
  bool exact{true};                       ///< a transportation problem
};

/// What exact groups charge on a day of a manager.
enum class Bin : std::uint8_t { slot, channel };

/// Where a touch is; the start time comes later.
struct Place {
  std::uint32_t manager{none};
  std::uint16_t day{0};
  std::uint16_t channel{0};
};

class Model {
 public:
  explicit Model(const PlanProblem& checked_problem);

  const PlanProblem& problem;
  std::size_t days;
  std::vector<std::int32_t> offset;  ///< of each day, in calendar days from the first
  std::vector<Candidate> candidates;
  std::vector<std::uint8_t> coupled;  ///< by client: touches can hinder each other; then all are in one group
  std::vector<Kind> kinds;
  std::vector<std::uint32_t> usable;  ///< channels that a kind can use with a manager of its pool on a day
  std::vector<std::int64_t> slots;    ///< capacities by bin: contacts of the manager's shortest touch
  std::vector<std::int64_t> minutes;  ///< and minutes
  std::vector<Bin> bins;
  std::vector<Group> groups;
  std::vector<std::uint32_t> place_in_group;  ///< of a manager

  [[nodiscard]] std::uint32_t usable_at(const Kind& kind, std::size_t place, std::size_t day) const {
    return usable[kind.usable_begin + place * days + day];
  }
  [[nodiscard]] std::span<const std::uint32_t> pool(const Kind& kind) const { return problem.pools[kind.pool]; }
  /// What a touch is worth on a day.
  [[nodiscard]] std::int64_t worth(std::uint32_t touch, std::size_t day) const {
    const PlanTouch& one = problem.touches[touch];
    return one.value + (one.preference == no_profile ? 0 : problem.preferences[one.preference][day]);
  }
  [[nodiscard]] std::int64_t contacts(std::size_t manager, std::size_t day, std::size_t channel) const {
    return problem.contacts.empty() ? unlimited_contacts : problem.contacts[problem.channel_bin(manager, day, channel)];
  }
  /// Capacity by (manager, day, channel) as prices see it.
  [[nodiscard]] std::int64_t priced_contacts(std::size_t manager, std::size_t day, std::size_t channel) const {
    return std::min<std::int64_t>(contacts(manager, day, channel), static_cast<std::int64_t>(problem.touches.size()));
  }
  /// Limits that can bind for a client, but those that a gap says; and the contacts before the plan that they count.
  [[nodiscard]] std::span<const RollingLimit> limits(std::uint32_t client) const;
  [[nodiscard]] std::span<const PastContact> past(std::uint32_t client) const;
  [[nodiscard]] std::int32_t day_offset(Day day) const {
    return static_cast<std::int32_t>((day - problem.days.front()).count());
  }

 private:
  void make_candidates();
  void refuse_or_keep(std::uint32_t touch);
  std::uint32_t kind_of(std::uint32_t touch);
  void after_past(std::uint32_t touch);
  [[nodiscard]] bool couple(std::uint32_t client, std::uint32_t begin, std::uint32_t end);
  [[nodiscard]] bool binds(const RollingLimit& limit, std::uint32_t client, std::span<const std::uint32_t> own) const;
  void make_capacities();
  void make_groups();
  void classify_bins();

  std::vector<std::uint32_t> past_begin_;   // by client
  std::vector<std::uint32_t> limit_begin_;  // by client
  std::vector<RollingLimit> limits_;
  std::vector<std::pair<Kind, std::uint32_t>> known_;  // kinds in order, with their number
};

}  // namespace klientela::planning
