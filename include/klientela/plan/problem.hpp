// What a contact plan is made from: managers with their days and capacities, clients with their limits, and the
// touches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "klientela/core/time.hpp"

namespace klientela {

/// No profile: a touch without a preference or hours, a client without limits or consents on record.
inline constexpr std::uint32_t no_profile = std::numeric_limits<std::uint32_t>::max();
/// A capacity that never binds.
inline constexpr std::int32_t unlimited_contacts = std::numeric_limits<std::int32_t>::max();
/// Bits of all channels that a set of channels can hold.
inline constexpr std::uint32_t any_channel = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::size_t max_plan_channels = 32;
inline constexpr std::size_t max_plan_days = 512;
inline constexpr std::int32_t max_day_minutes = 1500;  ///< a day of 25 hours, when clocks are set back

/// A part of a day, in minutes since the day's start in the plan's time zone: `from` in, `to` out; empty if to <= from.
struct MinuteSpan {
  std::int32_t from{0};
  std::int32_t to{0};
  friend bool operator==(const MinuteSpan&, const MinuteSpan&) = default;
};

/// Time in which a manager works on one of the plan's days. Shifts of one manager and day do not overlap.
struct PlanShift {
  std::uint32_t manager{0};
  std::uint32_t day{0};  ///< index into PlanProblem::days
  MinuteSpan span;
  friend bool operator==(const PlanShift&, const PlanShift&) = default;
};

/// At most `contacts` contacts by the channels of the mask in any `days` consecutive calendar days, those that the
/// plan begins with counted too.
struct RollingLimit {
  std::int32_t contacts{1};             ///< >= 0
  std::int32_t days{1};                 ///< 1 to 1000
  std::uint32_t channels{any_channel};  ///< bit c: channel c counts
  friend bool operator==(const RollingLimit&, const RollingLimit&) = default;
};

struct PlanClient {
  std::uint32_t consents{no_profile};  ///< index into PlanProblem::consents; none: every channel is permitted
  std::uint32_t limits{no_profile};    ///< index into PlanProblem::limits; none: without rolling limits
  bool one_manager{false};             ///< all of the client's touches are one manager's
  friend bool operator==(const PlanClient&, const PlanClient&) = default;
};

/// A contact that happened before the plan's first day, or before the windows of all of the client's touches.
struct PastContact {
  std::uint32_t client{0};
  std::uint32_t channel{0};
  Day day{};
  friend bool operator==(const PastContact&, const PastContact&) = default;
};

/// One contact to be planned: at most once, on one day of its window, by one manager of its pool, by one channel. The
/// touches of a client happen on days in the order in which they are listed; one that is refused holds up no other.
struct PlanTouch {
  std::uint32_t client{0};
  std::uint32_t pool{0};                 ///< index into PlanProblem::pools: who may do it
  std::uint32_t channels{1};             ///< bit c: channel c will do; what consents forbid is taken off
  std::uint32_t purpose{0};              ///< index into a profile of consents
  std::uint32_t hours{no_profile};       ///< index into PlanProblem::hours; none: whenever the manager works
  std::uint32_t preference{no_profile};  ///< index into PlanProblem::preferences
  std::int32_t minutes{1};               ///< how long it takes, 1 to max_day_minutes
  std::int32_t gap_days{0};              ///< least calendar days after the client's contact before; 0: the same day
  std::int64_t value{0};                 ///< what it is worth, units of 1/10000; an amount like money, or points
  Day first{};                           ///< window, both days in
  Day last{};
  friend bool operator==(const PlanTouch&, const PlanTouch&) = default;
};

/// Everything that a plan is made from. Managers, channels, days and clients are named by their index.
struct PlanProblem {
  std::vector<Day> days;  ///< those on which contacts can happen, ascending; at most max_plan_days
  std::size_t managers{0};
  std::size_t channels{1};             ///< at most max_plan_channels
  std::vector<std::int32_t> minutes;   ///< managers x days: minutes of contacts at most; 0: absent
  std::vector<std::int32_t> contacts;  ///< managers x days x channels: contacts at most; empty: unlimited_contacts
  std::vector<PlanShift> shifts;       ///< by manager, day, from
  std::vector<std::vector<std::uint32_t>> pools;  ///< managers, ascending; an empty pool can do nothing
  std::vector<std::vector<MinuteSpan>> hours;     ///< per profile one span for each day; an empty one: not that day
  std::vector<std::vector<std::int64_t>>
      preferences;                                   ///< per profile what each day adds to a touch's value; may be < 0
  std::vector<std::vector<std::uint32_t>> consents;  ///< per profile the permitted channels for each purpose
  std::vector<std::vector<RollingLimit>> limits;     ///< per profile
  std::vector<PlanClient> clients;
  std::vector<PastContact> past;   ///< by client, then day
  std::vector<PlanTouch> touches;  ///< by client; of one client in the order in which they happen

  [[nodiscard]] std::size_t bin(std::size_t manager, std::size_t day) const noexcept {
    return manager * days.size() + day;
  }
  [[nodiscard]] std::size_t channel_bin(std::size_t manager, std::size_t day, std::size_t channel) const noexcept {
    return bin(manager, day) * channels + channel;
  }
  /// \throws Error with Code::invalid_argument naming the first field that contradicts the text above or its shape;
  /// overflow where values times touches and capacities might leave int64. O(size of the problem).
  void check() const;
  friend bool operator==(const PlanProblem&, const PlanProblem&) = default;
};

/// Contacts that a manager can hold on a day at most, each of `minutes`: shift by shift, and within the minutes of the
/// day. 0 for minutes < 1. O(log shifts + shifts of that day).
[[nodiscard]] std::int64_t contacts_that_fit(const PlanProblem& problem, std::size_t manager, std::size_t day,
                                             std::int32_t minutes);

}  // namespace klientela
