// Verifies plans from the problem alone: nothing of the solver is used here, so that a mistake there is seen.
#include "klientela/plan/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

namespace klientela {

std::string_view name(Violation violation) noexcept {
  switch (violation) {
    case Violation::unknown_touch: return "unknown_touch";
    case Violation::touch_missing: return "touch_missing";
    case Violation::touch_twice: return "touch_twice";
    case Violation::not_by_touch: return "not_by_touch";
    case Violation::unknown_day: return "unknown_day";
    case Violation::unknown_manager: return "unknown_manager";
    case Violation::unknown_channel: return "unknown_channel";
    case Violation::outside_window: return "outside_window";
    case Violation::manager_not_in_pool: return "manager_not_in_pool";
    case Violation::channel_not_asked: return "channel_not_asked";
    case Violation::no_consent: return "no_consent";
    case Violation::outside_shift: return "outside_shift";
    case Violation::outside_hours: return "outside_hours";
    case Violation::manager_double_booked: return "manager_double_booked";
    case Violation::client_double_booked: return "client_double_booked";
    case Violation::too_many_minutes: return "too_many_minutes";
    case Violation::too_many_contacts: return "too_many_contacts";
    case Violation::gap_too_short: return "gap_too_short";
    case Violation::out_of_order: return "out_of_order";
    case Violation::over_limit: return "over_limit";
    case Violation::two_managers: return "two_managers";
    case Violation::wrong_objective: return "wrong_objective";
    case Violation::bound_too_low: return "bound_too_low";
    case Violation::bound_below_objective: return "bound_below_objective";
    case Violation::negative_price: return "negative_price";
    case Violation::wrong_prices: return "wrong_prices";
    case Violation::wrong_reason: return "wrong_reason";
    case Violation::wrong_surplus: return "wrong_surplus";
  }
  return "unknown";
}

namespace {

std::int64_t days_between(Day from, Day to) { return (to - from).count(); }

/// Values of faults, in texts and as numbers.
template <class Number>
Number shown(Number value) {
  return value;
}
std::string shown(Day value) { return to_text(value); }
std::string_view shown(Refusal value) { return name(value); }
template <class Value>
using Shown = decltype(shown(std::declval<Value>()));

template <class Number>
std::int64_t number_of(Number value) {
  return static_cast<std::int64_t>(value);
}
std::int64_t number_of(Day value) { return value.time_since_epoch().count(); }

class Checker {
 public:
  Checker(const PlanProblem& problem, const ContactPlan& plan, std::size_t max_faults)
      : problem_(problem), plan_(plan), max_faults_(max_faults) {
    const std::size_t bins = problem.managers * problem.days.size();
    shift_begin_.assign(bins + 1, 0);
    for (const PlanShift& shift : problem.shifts) ++shift_begin_[problem.bin(shift.manager, shift.day) + 1];
    for (std::size_t b = 0; b < bins; ++b) shift_begin_[b + 1] += shift_begin_[b];
    past_begin_.assign(problem.clients.size() + 1, 0);
    for (const PastContact& past : problem.past) ++past_begin_[past.client + 1];
    for (std::size_t c = 0; c < problem.clients.size(); ++c) past_begin_[c + 1] += past_begin_[c];
  }

  PlanCheck run() {
    lost_.assign(problem_.clients.size(), false);
    const bool touches_exist = rows();
    const bool rows_exist = touches_exist && result_.fault_count == 0;
    if (touches_exist) {  // what follows relies on it
      for (const PlannedTouch& row : planned_) one_touch(row);
      managers();
      clients();
    }
    if (!rows_exist) result_.objective = 0;
    bound(rows_exist);
    if (touches_exist)
      for (const RefusedTouch& row : plan_.refused) reason(row);
    return std::move(result_);
  }

 private:
  /// \param values  of the text, in its order: numbers, days, reasons
  template <class... Values>
  void fault(Violation violation, std::size_t where, fmt::format_string<Shown<Values>...> text, Values... values) {
    if (result_.fault_count++ < max_faults_)
      result_.faults.push_back({violation, where, fmt::format(text, shown(values)...), {number_of(values)...}});
  }

  [[nodiscard]] const PlanTouch& touch_of(const PlannedTouch& row) const { return problem_.touches[row.touch]; }
  [[nodiscard]] std::int64_t worth(const PlanTouch& touch, std::size_t day) const {
    return touch.value + (touch.preference == no_profile ? 0 : problem_.preferences[touch.preference][day]);
  }
  /// Channels that the touch asks for and the client permits.
  [[nodiscard]] std::uint32_t permitted(const PlanTouch& touch) const {
    const std::uint32_t consents = problem_.clients[touch.client].consents;
    return consents == no_profile ? any_channel : problem_.consents[consents][touch.purpose];
  }
  [[nodiscard]] bool in_hours(const PlanTouch& touch, std::size_t day, std::int64_t from, std::int64_t to) const {
    if (touch.hours == no_profile) return true;
    const MinuteSpan& span = problem_.hours[touch.hours][day];
    return from >= span.from && to <= span.to;
  }
  [[nodiscard]] bool has(std::uint32_t set, std::size_t channel) const { return (set >> channel & 1U) != 0; }

  /// Keeps the rows of which manager, day and channel exist. \returns whether every touch is there once, in order
  [[nodiscard]] bool rows() {
    std::size_t strange = 0;  // faults of rows that are left out
    std::vector<std::uint8_t> seen(problem_.touches.size());
    const auto see = [&](std::uint32_t touch, std::uint32_t before, bool first) {
      if (touch >= seen.size()) {
        fault(Violation::unknown_touch, touch, "touch {} does not exist", touch);
        return false;
      }
      if (seen[touch]++ != 0) fault(Violation::touch_twice, touch, "touch {} stands in the plan twice", touch);
      if (!first && touch < before) fault(Violation::not_by_touch, touch, "touch {} comes after {}", touch, before);
      return true;
    };
    for (std::size_t i = 0; i < plan_.planned.size(); ++i) {
      const PlannedTouch& row = plan_.planned[i];
      if (!see(row.touch, i == 0 ? 0 : plan_.planned[i - 1].touch, i == 0)) continue;
      const std::size_t before = result_.fault_count;
      if (row.day >= problem_.days.size())
        fault(Violation::unknown_day, row.touch, "touch {} is on a day that the plan does not have", row.touch);
      if (row.manager >= problem_.managers)
        fault(Violation::unknown_manager, row.touch, "touch {} is done by a manager who does not exist", row.touch);
      if (row.channel >= problem_.channels)
        fault(Violation::unknown_channel, row.touch, "touch {} is by a channel that does not exist", row.touch);
      if (result_.fault_count == before) {
        planned_.push_back(row);
      } else {
        lost_[touch_of(row).client] = true;
        strange += result_.fault_count - before;
      }
    }
    for (std::size_t i = 0; i < plan_.refused.size(); ++i)
      static_cast<void>(see(plan_.refused[i].touch, i == 0 ? 0 : plan_.refused[i - 1].touch, i == 0));
    for (std::size_t touch = 0; touch < seen.size(); ++touch)
      if (seen[touch] == 0) fault(Violation::touch_missing, touch, "touch {} is neither planned nor refused", touch);
    return result_.fault_count == strange;
  }

  void one_touch(const PlannedTouch& row) {
    const PlanTouch& touch = touch_of(row);
    const Day day = problem_.days[row.day];
    const std::int64_t end = std::int64_t{row.start} + touch.minutes;  // starts may be anything
    result_.objective += worth(touch, row.day);
    if (day < touch.first || day > touch.last)
      fault(Violation::outside_window, row.touch, "touch {} is on {}, its window {} to {}", row.touch, day, touch.first,
            touch.last);
    const std::vector<std::uint32_t>& pool = problem_.pools[touch.pool];
    if (std::find(pool.begin(), pool.end(), row.manager) == pool.end())
      fault(Violation::manager_not_in_pool, row.touch, "manager {} is not in the pool of touch {}", row.manager,
            row.touch);
    if (!has(touch.channels, row.channel))
      fault(Violation::channel_not_asked, row.touch, "touch {} does not go by channel {}", row.touch, row.channel);
    if (!has(permitted(touch), row.channel))
      fault(Violation::no_consent, row.touch, "client {} does not permit channel {} for purpose {}", touch.client,
            row.channel, touch.purpose);
    const std::size_t bin = problem_.bin(row.manager, row.day);
    bool within = false;
    for (std::size_t s = shift_begin_[bin]; s < shift_begin_[bin + 1]; ++s)
      within |= row.start >= problem_.shifts[s].span.from && end <= problem_.shifts[s].span.to;
    if (!within)
      fault(Violation::outside_shift, row.touch, "touch {} from {} to {} is outside the shifts of manager {}",
            row.touch, row.start, end, row.manager);
    if (!in_hours(touch, row.day, row.start, end))
      fault(Violation::outside_hours, row.touch, "touch {} from {} to {} is outside the client's hours", row.touch,
            row.start, end);
  }

  /// Rows that share a key and a day, by start.
  template <class Key, class Found>
  void overlaps(const Key& key, const Found& found) const {
    std::vector<std::uint32_t> order(planned_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
    const auto rank = [&](std::uint32_t i) {
      const PlannedTouch& row = planned_[i];
      return std::tuple(key(row), row.day, row.start, row.touch);
    };
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
    std::int64_t busy = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const PlannedTouch& row = planned_[order[i]];
      const bool same = i > 0 && key(planned_[order[i - 1]]) == key(row) && planned_[order[i - 1]].day == row.day;
      if (same && row.start < busy) found(row);
      busy = std::max(same ? busy : 0, std::int64_t{row.start} + touch_of(row).minutes);
    }
  }

  void managers() {
    overlaps([](const PlannedTouch& row) { return row.manager; },
             [&](const PlannedTouch& row) {
               fault(Violation::manager_double_booked, row.touch, "manager {} has another contact at {} of day {}",
                     row.manager, row.start, row.day);
             });
    overlaps([&](const PlannedTouch& row) { return touch_of(row).client; },
             [&](const PlannedTouch& row) {
               fault(Violation::client_double_booked, row.touch, "client {} has another contact at {} of day {}",
                     touch_of(row).client, row.start, row.day);
             });
    std::vector<std::int64_t> minutes(problem_.minutes.size()), contacts(problem_.contacts.size());
    for (const PlannedTouch& row : planned_) {
      minutes[problem_.bin(row.manager, row.day)] += touch_of(row).minutes;
      if (!contacts.empty()) ++contacts[problem_.channel_bin(row.manager, row.day, row.channel)];
    }
    for (std::size_t bin = 0; bin < minutes.size(); ++bin)
      if (minutes[bin] > problem_.minutes[bin])
        fault(Violation::too_many_minutes, bin, "manager {} has {} minutes of contacts on day {}, {} at most",
              bin / problem_.days.size(), minutes[bin], bin % problem_.days.size(), problem_.minutes[bin]);
    for (std::size_t bin = 0; bin < contacts.size(); ++bin)
      if (contacts[bin] > problem_.contacts[bin])
        fault(Violation::too_many_contacts, bin, "{} contacts by channel {} of manager {} on day {}, {} at most",
              contacts[bin], bin % problem_.channels, bin / problem_.channels / problem_.days.size(),
              bin / problem_.channels % problem_.days.size(), problem_.contacts[bin]);
  }

  void clients() {
    for (std::size_t begin = 0; begin < planned_.size();) {
      const std::uint32_t client = touch_of(planned_[begin]).client;
      std::size_t end = begin;
      while (end < planned_.size() && touch_of(planned_[end]).client == client) ++end;
      one_client(client, std::span(planned_).subspan(begin, end - begin));
      begin = end;
    }
  }

  void one_client(std::uint32_t client, std::span<const PlannedTouch> rows) {
    std::optional<Day> before;
    if (past_begin_[client] < past_begin_[client + 1]) before = problem_.past[past_begin_[client + 1] - 1].day;
    for (const PlannedTouch& row : rows) {
      const Day day = problem_.days[row.day];
      if (before && day < *before)
        fault(Violation::out_of_order, row.touch, "touch {} is on {}, and one before it on {}", row.touch, day,
              *before);
      else if (before && days_between(*before, day) < touch_of(row).gap_days)
        fault(Violation::gap_too_short, row.touch, "touch {} comes {} days after the contact before, {} at least",
              row.touch, days_between(*before, day), touch_of(row).gap_days);
      before = day;
      if (problem_.clients[client].one_manager && row.manager != rows.front().manager)
        fault(Violation::two_managers, row.touch, "client {} has managers {} and {}", client, rows.front().manager,
              row.manager);
    }
    if (problem_.clients[client].limits == no_profile) return;
    for (const RollingLimit& limit : problem_.limits[problem_.clients[client].limits]) {
      std::vector<std::pair<Day, std::size_t>> contacts;  // with the touch, if it is planned
      for (std::size_t p = past_begin_[client]; p < past_begin_[client + 1]; ++p)
        if (has(limit.channels, problem_.past[p].channel))
          contacts.emplace_back(problem_.past[p].day, problem_.touches.size());
      for (const PlannedTouch& row : rows)
        if (has(limit.channels, row.channel)) contacts.emplace_back(problem_.days[row.day], row.touch);
      std::sort(contacts.begin(), contacts.end());
      std::size_t oldest = 0;
      for (std::size_t i = 0; i < contacts.size(); ++i) {
        while (days_between(contacts[oldest].first, contacts[i].first) >= limit.days) ++oldest;
        const bool planned = contacts[i].second < problem_.touches.size();
        if (planned && i - oldest + 1 > static_cast<std::size_t>(limit.contacts))
          fault(Violation::over_limit, contacts[i].second, "client {} has {} contacts in {} days up to {}, {} at most",
                client, i - oldest + 1, limit.days, contacts[i].first, limit.contacts);
      }
    }
  }

  /// Channels by which a manager can do the touch on the day if nothing else is planned.
  [[nodiscard]] std::uint32_t possible(const PlanTouch& touch, std::uint32_t manager, std::size_t day) const {
    const std::size_t bin = problem_.bin(manager, day);
    if (touch.minutes > problem_.minutes[bin]) return 0;
    bool time = false;
    for (std::size_t s = shift_begin_[bin]; s < shift_begin_[bin + 1] && !time; ++s) {
      const MinuteSpan& shift = problem_.shifts[s].span;
      const MinuteSpan hours =
          touch.hours == no_profile ? MinuteSpan{0, max_day_minutes} : problem_.hours[touch.hours][day];
      time = std::min(shift.to, hours.to) - std::max(shift.from, hours.from) >= touch.minutes;
    }
    if (!time) return 0;
    std::uint32_t channels = 0;
    for (std::size_t channel = 0; channel < problem_.channels; ++channel)
      if (has(touch.channels & permitted(touch), channel) &&
          (problem_.contacts.empty() || problem_.contacts[problem_.channel_bin(manager, day, channel)] > 0))
        channels |= 1U << channel;
    return channels;
  }

  template <class Visit>
  void each_day(const PlanTouch& touch, const Visit& visit) const {
    const auto first = std::lower_bound(problem_.days.begin(), problem_.days.end(), touch.first);
    for (auto day = first; day != problem_.days.end() && *day <= touch.last; ++day)
      visit(static_cast<std::size_t>(day - problem_.days.begin()));
  }

  /// Whether contacts before the plan forbid one by the channel on the day.
  [[nodiscard]] bool too_soon(const PlanTouch& touch, std::size_t day, std::size_t channel) const {
    const std::size_t begin = past_begin_[touch.client], end = past_begin_[touch.client + 1];
    if (begin < end && days_between(problem_.past[end - 1].day, problem_.days[day]) < touch.gap_days) return true;
    return limits_full(touch.client, [&](const RollingLimit& limit) {
      if (!has(limit.channels, channel)) return false;
      std::int32_t count = 0;
      for (std::size_t p = begin; p < end; ++p)
        count += has(limit.channels, problem_.past[p].channel) &&
                 days_between(problem_.past[p].day, problem_.days[day]) < limit.days;
      return count >= limit.contacts;
    });
  }
  template <class Full>
  [[nodiscard]] bool limits_full(std::uint32_t client, const Full& full) const {
    const std::uint32_t profile = problem_.clients[client].limits;
    return profile != no_profile && std::any_of(problem_.limits[profile].begin(), problem_.limits[profile].end(), full);
  }

  /// The client's planned contacts.
  [[nodiscard]] std::span<const PlannedTouch> rows_of(std::uint32_t client) const {
    const auto first = std::partition_point(planned_.begin(), planned_.end(),
                                            [&](const PlannedTouch& row) { return touch_of(row).client < client; });
    const auto last = std::partition_point(first, planned_.end(),
                                           [&](const PlannedTouch& row) { return touch_of(row).client == client; });
    return {first, last};
  }

  /// Whether the client's planned contacts let the touch be on a day by a manager and channel.
  [[nodiscard]] bool fits_beside(std::span<const PlannedTouch> rows, std::uint32_t touch, std::size_t index,
                                 std::uint32_t manager, std::size_t channel) const {
    const std::uint32_t client = problem_.touches[touch].client;
    const Day day = problem_.days[index];
    const auto next =
        std::find_if(rows.begin(), rows.end(), [&](const PlannedTouch& row) { return row.touch > touch; });
    if (next != rows.begin() && days_between(problem_.days[(next - 1)->day], day) < problem_.touches[touch].gap_days)
      return false;
    if (next != rows.end() && days_between(day, problem_.days[next->day]) < touch_of(*next).gap_days) return false;
    if (problem_.clients[client].one_manager && !rows.empty() && rows.front().manager != manager) return false;
    return !limits_full(client, [&](const RollingLimit& limit) {
      if (!has(limit.channels, channel)) return false;
      std::vector<Day> contacts{day};
      for (std::size_t p = past_begin_[client]; p < past_begin_[client + 1]; ++p)
        if (has(limit.channels, problem_.past[p].channel)) contacts.push_back(problem_.past[p].day);
      for (const PlannedTouch& row : rows)
        if (has(limit.channels, row.channel)) contacts.push_back(problem_.days[row.day]);
      std::sort(contacts.begin(), contacts.end());
      const auto most = static_cast<std::size_t>(limit.contacts);
      for (std::size_t i = most; i < contacts.size(); ++i)  // so many and one more, the touch among them
        if (days_between(contacts[i - most], contacts[i]) < limit.days && contacts[i - most] <= day &&
            day <= contacts[i])
          return true;
      return false;
    });
  }

  void reason(const RefusedTouch& row) {
    const PlanTouch& touch = problem_.touches[row.touch];
    const std::span<const PlannedTouch> beside = rows_of(touch.client);
    const bool one_manager = problem_.clients[touch.client].one_manager;
    bool days = false, value = false, time = false, left = false, channels = false, fits = false;
    std::int64_t best = std::numeric_limits<std::int64_t>::min();
    for (std::size_t channel = 0; channel < problem_.channels; ++channel)
      channels |= has(touch.channels & permitted(touch), channel);
    each_day(touch, [&](std::size_t day) {
      days = true;
      const std::int64_t worth_then = worth(touch, day);
      if (worth_then <= 0) return;
      value = true;
      std::uint32_t open = 0, tried = 0;  // channels that contacts before the plan leave; that were tried in vain
      for (std::size_t channel = 0; channel < problem_.channels; ++channel)
        if (!too_soon(touch, day, channel)) open |= 1U << channel;
      for (const std::uint32_t manager : problem_.pools[touch.pool]) {
        const std::uint32_t able = possible(touch, manager, day);
        time |= able != 0;
        left |= (able & open) != 0;
        for (std::uint32_t rest = priced_ ? able & open : 0; rest != 0; rest &= rest - 1) {
          const auto channel = static_cast<std::size_t>(std::countr_zero(rest));
          const std::int64_t own = worth_then - cost(manager, day, channel, touch.minutes);
          best = std::max(best, own);
          if (own <= 0 || fits || has(tried, channel)) continue;
          fits = fits_beside(beside, row.touch, day, manager, channel);
          if (!one_manager) tried |= 1U << channel;
        }
      }
    });
    std::optional<Refusal> holds;
    if (problem_.pools[touch.pool].empty())
      holds = Refusal::no_manager;
    else if (!channels)
      holds = Refusal::no_channel;
    else if (!days)
      holds = Refusal::outside_period;
    else if (!value)
      holds = Refusal::no_value;
    else if (!time)
      holds = Refusal::no_time;
    else if (!left)
      holds = Refusal::past_contacts;
    else if (priced_)
      holds = best > 0 && !fits ? Refusal::other_touches : Refusal::capacity;
    if (lost_[touch.client] && row.reason >= Refusal::capacity && holds >= Refusal::capacity) holds = row.reason;
    if (holds && row.reason != *holds)
      fault(Violation::wrong_reason, row.touch, "touch {} is not refused for {}, but for {}", row.touch, row.reason,
            *holds);
    else if (!holds && row.reason < Refusal::capacity)
      fault(Violation::wrong_reason, row.touch, "touch {} is not refused for {}", row.touch, row.reason);
    if (!priced_ || row.surplus == no_surplus) return;
    const std::int64_t surplus = left && channels ? best : 0;
    if (row.surplus != surplus)
      fault(Violation::wrong_surplus, row.touch, "the surplus of touch {} is {} at the plan's prices, the plan says {}",
            row.touch, surplus, row.surplus);
  }

  /// \param summed  whether the objective was recomputed
  void bound(bool summed) {
    if (summed && result_.objective != plan_.objective)
      fault(Violation::wrong_objective, 0, "the planned touches are worth {}, the plan says {}", result_.objective,
            plan_.objective);
    if (plan_.upper_bound < plan_.objective)
      fault(Violation::bound_below_objective, 0, "the bound {} is below the objective {}", plan_.upper_bound,
            plan_.objective);
    const PlanPrices& prices = plan_.prices;
    const std::size_t bins = problem_.minutes.size();
    if (prices.slot.size() != bins || prices.minute.size() != bins ||
        prices.contact.size() != problem_.contacts.size()) {
      fault(Violation::wrong_prices, 0, "there must be one price for each of {} bins", bins);
      return;
    }
    for (const std::vector<std::int64_t>* list : {&prices.slot, &prices.minute, &prices.contact})
      for (std::size_t bin = 0; bin < list->size(); ++bin)
        if ((*list)[bin] < 0) {
          fault(Violation::negative_price, bin, "the price {} is below zero", (*list)[bin]);
          return;
        }
    const std::optional<Yield> proved = proved_bound();
    if (!proved) {
      fault(Violation::wrong_prices, 0, "the prices are so high that no bound can be formed");
      return;
    }
    priced_ = true;
    result_.upper_bound = proved->most;
    result_.bound_verified = plan_.upper_bound >= proved->most;
    if (plan_.upper_bound < proved->least)
      fault(Violation::bound_too_low, 0, "the prices prove {}, the plan says {}", proved->least, plan_.upper_bound);
  }

  /// What touches yield at the prices, capacities aside: so much can be had, and no more than so much.
  struct Yield {
    std::int64_t least{0}, most{0};
  };

  /// What the prices prove: no less than so much, and as far as it was worked out.
  [[nodiscard]] std::optional<Yield> proved_bound() {
    std::vector<std::int32_t> shortest_of_pool(problem_.pools.size(), max_day_minutes + 1);
    for (const PlanTouch& touch : problem_.touches)
      shortest_of_pool[touch.pool] = std::min(shortest_of_pool[touch.pool], touch.minutes);
    std::vector<std::int32_t> shortest(problem_.managers, max_day_minutes + 1);
    for (std::size_t p = 0; p < problem_.pools.size(); ++p)
      for (const std::uint32_t manager : problem_.pools[p])
        shortest[manager] = std::min(shortest[manager], shortest_of_pool[p]);
    std::int64_t sum = 0;
    bool overflow = false;
    const auto add = [&](std::int64_t capacity, std::int64_t price) {
      std::int64_t product = 0;
      overflow |= __builtin_mul_overflow(capacity, price, &product) || __builtin_add_overflow(sum, product, &sum);
    };
    for (std::size_t manager = 0; manager < problem_.managers; ++manager)
      for (std::size_t day = 0; day < problem_.days.size(); ++day) {
        const std::size_t bin = problem_.bin(manager, day);
        std::int64_t time = 0, slots = 0;
        for (std::size_t s = shift_begin_[bin]; s < shift_begin_[bin + 1]; ++s) {
          const std::int32_t length = problem_.shifts[s].span.to - problem_.shifts[s].span.from;
          time += length;
          slots += length / shortest[manager];
        }
        add(std::min<std::int64_t>(time, problem_.minutes[bin]), plan_.prices.minute[bin]);
        add(std::min<std::int64_t>(slots, problem_.minutes[bin] / shortest[manager]), plan_.prices.slot[bin]);
        for (std::size_t channel = 0; channel < problem_.channels && !problem_.contacts.empty(); ++channel) {
          const std::size_t own = problem_.channel_bin(manager, day, channel);
          add(std::min<std::int64_t>(problem_.contacts[own], static_cast<std::int64_t>(problem_.touches.size())),
              plan_.prices.contact[own]);
        }
      }
    if (overflow) return std::nullopt;
    Yield all{sum, sum};
    for (std::size_t begin = 0; begin < problem_.touches.size();) {
      const std::uint32_t client = problem_.touches[begin].client;
      std::size_t end = begin;
      while (end < problem_.touches.size() && problem_.touches[end].client == client) ++end;
      const Yield one = best_of_client(client, begin, end);
      if (__builtin_add_overflow(all.most, one.most, &all.most)) return std::nullopt;
      all.least += one.least;
      begin = end;
    }
    return all;
  }

  /// Of all touches of a client.
  [[nodiscard]] Yield best_of_client(std::uint32_t client, std::size_t begin, std::size_t end) {
    const std::size_t past = past_begin_[client + 1] - past_begin_[client];
    std::vector<RollingLimit> limits;  // that all contacts together could exceed
    if (problem_.clients[client].limits != no_profile)
      for (const RollingLimit& limit : problem_.limits[problem_.clients[client].limits])
        if (static_cast<std::size_t>(limit.contacts) < past + (end - begin)) limits.push_back(limit);
    tell_channels_apart(limits);
    std::int64_t own = 0;  // what the plan's contacts yield, where it keeps all rules
    if (!limits.empty() && result_.fault_count == 0)
      for (const PlannedTouch& row : rows_of(client))
        own += std::max<std::int64_t>(
            0, worth(touch_of(row), row.day) - cost(row.manager, row.day, row.channel, touch_of(row).minutes));
    Yield best{own, own};
    const auto once = [&](std::uint32_t manager) {
      find_gains(begin, end, manager);
      find_tails(client, begin, end);
      const Yield one = limits.empty() ? Yield{tails_[0], tails_[0]} : search(client, begin, end, limits, own);
      best = {std::max(best.least, one.least), std::max(best.most, one.most)};
    };
    if (!problem_.clients[client].one_manager) {
      once(no_profile);
    } else {
      std::vector<std::uint32_t> managers;
      for (std::size_t t = begin; t < end; ++t)
        for (const std::uint32_t manager : problem_.pools[problem_.touches[t].pool]) managers.push_back(manager);
      std::sort(managers.begin(), managers.end());
      managers.erase(std::unique(managers.begin(), managers.end()), managers.end());
      for (const std::uint32_t manager : managers) once(manager);
    }
    if (best.least < best.most) ++result_.clients_left_open;
    return best;
  }

  /// Channels that the same limits count are one class, told by the first of them.
  void tell_channels_apart(std::span<const RollingLimit> limits) {
    class_of_.clear();
    classes_.clear();
    for (std::uint32_t channel = 0; channel < problem_.channels; ++channel) {
      const auto same = std::find_if(classes_.begin(), classes_.end(), [&](std::uint32_t other) {
        return std::all_of(limits.begin(), limits.end(), [&](const RollingLimit& limit) {
          return has(limit.channels, channel) == has(limit.channels, other);
        });
      });
      class_of_.push_back(static_cast<std::size_t>(same - classes_.begin()));
      if (same == classes_.end()) classes_.push_back(channel);
    }
  }

  /// What a contact takes, at the prices.
  [[nodiscard]] std::int64_t cost(std::uint32_t manager, std::size_t day, std::size_t channel,
                                  std::int32_t minutes) const {
    const std::size_t bin = problem_.bin(manager, day);
    return plan_.prices.slot[bin] + minutes * plan_.prices.minute[bin] +
           (plan_.prices.contact.empty() ? 0 : plan_.prices.contact[bin * problem_.channels + channel]);
  }

  /// Worth less cost of each touch by class of channels and day, by the best manager or the one given; 0 where it is
  /// not possible or not worth it.
  void find_gains(std::size_t begin, std::size_t end, std::uint32_t only_manager) {
    gains_.assign((end - begin) * classes_.size() * problem_.days.size(), 0);
    for (std::size_t t = begin; t < end; ++t) {
      const PlanTouch& touch = problem_.touches[t];
      each_day(touch, [&](std::size_t day) {
        const std::int64_t value = worth(touch, day);
        if (value <= 0) return;
        for (const std::uint32_t manager : problem_.pools[touch.pool]) {
          if (only_manager != no_profile && manager != only_manager) continue;
          for (std::uint32_t able = possible(touch, manager, day); able != 0; able &= able - 1) {
            const auto channel = static_cast<std::size_t>(std::countr_zero(able));
            std::int64_t& own = gains_[gain_at(t - begin, class_of_[channel], day)];
            own = std::max(own, value - cost(manager, day, channel, touch.minutes));
          }
        }
      });
    }
  }
  [[nodiscard]] std::size_t gain_at(std::size_t touch, std::size_t one_class, std::size_t day) const {
    return (touch * classes_.size() + one_class) * problem_.days.size() + day;
  }

  /// By touch and state the best that it and those after it yield where only gaps count. State 0: the last contact was
  /// before the plan, if ever; state d + 1: on day d.
  void find_tails(std::uint32_t client, std::size_t begin, std::size_t end) {
    const std::size_t days = problem_.days.size(), count = end - begin;
    tails_.assign((count + 1) * (days + 1), 0);
    from_day_.assign(days + 1, 0);
    for (std::size_t t = count; t-- > 0;) {
      std::int64_t* own = tails_.data() + t * (days + 1);
      const std::int64_t* next = own + days + 1;
      for (std::size_t day = days; day-- > 0;) {
        std::int64_t gain = 0;
        for (std::size_t c = 0; c < classes_.size(); ++c) gain = std::max(gain, gains_[gain_at(t, c, day)]);
        from_day_[day] = std::max(from_day_[day + 1], gain > 0 ? gain + next[day + 1] : 0);
      }
      const std::int64_t gap = problem_.touches[begin + t].gap_days;
      const auto first_after = [&](Day last, std::size_t from) {
        while (from < days && days_between(last, problem_.days[from]) < gap) ++from;
        return from;
      };
      const bool past = past_begin_[client] < past_begin_[client + 1];
      const std::size_t open = past ? first_after(problem_.past[past_begin_[client + 1] - 1].day, 0) : 0;
      own[0] = std::max(next[0], from_day_[open]);
      std::size_t after = 0;
      for (std::size_t day = 0; day < days; ++day) {
        after = first_after(problem_.days[day], after);
        own[day + 1] = std::max(next[day + 1], from_day_[after]);
      }
    }
  }

  /// The last contact, and those within the days of a limit, which a later one has to mind, by day and channel.
  struct State {
    std::vector<std::pair<Day, std::uint32_t>> contacts;
    std::size_t last{0};  ///< of tails
    std::int64_t value{0};
  };
  static constexpr std::size_t most_steps = 50'000;  // of one client

  /// Whether after `a` everything may follow that may follow after `b`, and `a` yields no less.
  [[nodiscard]] bool as_good(const State& a, const State& b, std::span<const RollingLimit> limits) const {
    if (a.value < b.value) return false;
    if (!a.contacts.empty() && (b.contacts.empty() || a.contacts.back().first > b.contacts.back().first)) return false;
    return std::all_of(limits.begin(), limits.end(), [&](const RollingLimit& limit) {
      auto other = b.contacts.rbegin();
      for (auto own = a.contacts.rbegin(); own != a.contacts.rend(); ++own) {
        if (!has(limit.channels, own->second)) continue;
        while (other != b.contacts.rend() && !has(limit.channels, other->second)) ++other;
        if (other == b.contacts.rend() || own->first > other->first) return false;
        ++other;
      }
      return true;
    });
  }

  [[nodiscard]] bool within(std::span<const RollingLimit> limits, const State& state, Day day,
                            std::uint32_t channel) const {
    return std::none_of(limits.begin(), limits.end(), [&](const RollingLimit& limit) {
      if (!has(limit.channels, channel)) return false;
      std::int32_t count = 0;
      for (const auto& [at, by] : state.contacts)
        count += has(limit.channels, by) && days_between(at, day) < limit.days;
      return count >= limit.contacts;
    });
  }

  /// Touch by touch, with what a later contact has to mind. What cannot become better than what is known, or beside
  /// which another is as good, is left out. After too many steps the best that gaps alone allow from here bounds it.
  /// \param known  can be had
  [[nodiscard]] Yield search(std::uint32_t client, std::size_t begin, std::size_t end,
                             std::span<const RollingLimit> limits, std::int64_t known) const {
    const std::size_t days = problem_.days.size(), count = end - begin;
    const auto promise = [&](const State& state, std::size_t t) {
      return state.value + tails_[t * (days + 1) + state.last];
    };
    std::vector<Day> soonest(count, end_day);  // of the touches after each
    for (std::size_t t = count - 1; t > 0; --t)
      soonest[t - 1] = std::min(soonest[t], problem_.touches[begin + t].first);
    std::vector<State> states(1), next;
    for (std::size_t p = past_begin_[client]; p < past_begin_[client + 1]; ++p)
      states[0].contacts.emplace_back(problem_.past[p].day, problem_.past[p].channel);
    std::int64_t best = known;
    std::size_t steps = 0;
    for (std::size_t t = 0; t < count; ++t) {
      std::int64_t most = best;
      for (const State& state : states) most = std::max(most, promise(state, t));
      if (most == best) break;
      next.clear();
      const auto keep = [&](State state) {
        best = std::max(best, state.value);
        if (promise(state, t + 1) <= best) return;
        // A contact but the last is forgotten once no later touch can come within the days of a limit.
        Day from = soonest[t];
        if (!state.contacts.empty()) from = std::max(from, state.contacts.back().first);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < state.contacts.size(); ++i) {
          const auto [day, channel] = state.contacts[i];
          bool minds = i + 1 == state.contacts.size();
          for (const RollingLimit& limit : limits)
            minds |= has(limit.channels, channel) && days_between(day, from) < limit.days;
          if (minds) state.contacts[kept++] = state.contacts[i];
        }
        state.contacts.resize(kept);
        next.push_back(std::move(state));
      };
      const PlanTouch& touch = problem_.touches[begin + t];
      for (const State& state : states) {
        keep(state);
        each_day(touch, [&](std::size_t index) {
          const Day day = problem_.days[index];
          if (!state.contacts.empty() && days_between(state.contacts.back().first, day) < touch.gap_days) return;
          for (std::size_t c = 0; c < classes_.size(); ++c) {
            const std::int64_t gain = gains_[gain_at(t, c, index)];
            if (gain <= 0 || ++steps > most_steps || !within(limits, state, day, classes_[c])) continue;
            State extended = state;
            extended.contacts.emplace_back(day, classes_[c]);
            extended.last = index + 1;
            extended.value += gain;
            keep(std::move(extended));
          }
        });
      }
      std::stable_sort(next.begin(), next.end(), [](const State& a, const State& b) { return a.value > b.value; });
      states.clear();
      for (State& one : next) {
        if (promise(one, t + 1) <= best) continue;
        if ((steps += states.size()) > most_steps) return {best, most};
        if (std::none_of(states.begin(), states.end(), [&](const State& other) { return as_good(other, one, limits); }))
          states.push_back(std::move(one));
      }
      if (steps > most_steps) return {best, most};
    }
    return {best, best};
  }

  const PlanProblem& problem_;
  const ContactPlan& plan_;
  std::size_t max_faults_;
  PlanCheck result_;
  std::vector<PlannedTouch> planned_;     // rows that exist, by touch
  std::vector<bool> lost_;                // by client: a row of theirs does not
  std::vector<std::size_t> shift_begin_;  // by bin
  std::vector<std::size_t> past_begin_;   // by client
  bool priced_{false};                    // the prices can be used
  // Of one client after the other:
  std::vector<std::uint32_t> classes_;  // of channels, by the first of each
  std::vector<std::size_t> class_of_;   // by channel
  std::vector<std::int64_t> gains_, tails_, from_day_;
};

}  // namespace

PlanCheck check_plan(const PlanProblem& problem, const ContactPlan& plan, std::size_t max_faults) {
  problem.check();
  return Checker(problem, plan, max_faults).run();
}

}  // namespace klientela
