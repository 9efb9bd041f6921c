// Verifies plans from the problem alone: nothing of the solver is used here, so that a mistake there is seen.
#include "klientela/plan/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
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
  }
  return "unknown";
}

namespace {

std::int64_t days_between(Day from, Day to) { return (to - from).count(); }

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
    rows();
    const bool rows_exist = result_.fault_count == 0;
    if (rows_exist) {  // what follows relies on it
      for (const PlannedTouch& row : plan_.planned) one_touch(row);
      managers();
      clients();
      for (const RefusedTouch& row : plan_.refused) reason(row);
    }
    bound(rows_exist);
    return std::move(result_);
  }

 private:
  template <class... Values>
  void fault(Violation violation, std::size_t where, fmt::format_string<Values...> text, Values&&... values) {
    if (result_.fault_count++ < max_faults_)
      result_.faults.push_back({violation, where, fmt::format(text, std::forward<Values>(values)...)});
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

  void rows() {
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
      if (row.day >= problem_.days.size())
        fault(Violation::unknown_day, row.touch, "touch {} is on day {}, which does not exist", row.touch, row.day);
      if (row.manager >= problem_.managers)
        fault(Violation::unknown_manager, row.touch, "touch {} is done by manager {}, who does not exist", row.touch,
              row.manager);
      if (row.channel >= problem_.channels)
        fault(Violation::unknown_channel, row.touch, "touch {} is by channel {}, which does not exist", row.touch,
              row.channel);
    }
    for (std::size_t i = 0; i < plan_.refused.size(); ++i)
      static_cast<void>(see(plan_.refused[i].touch, i == 0 ? 0 : plan_.refused[i - 1].touch, i == 0));
    for (std::size_t touch = 0; touch < seen.size(); ++touch)
      if (seen[touch] == 0) fault(Violation::touch_missing, touch, "touch {} is neither planned nor refused", touch);
  }

  void one_touch(const PlannedTouch& row) {
    const PlanTouch& touch = touch_of(row);
    const Day day = problem_.days[row.day];
    const std::int64_t end = std::int64_t{row.start} + touch.minutes;  // starts may be anything
    result_.objective += worth(touch, row.day);
    if (day < touch.first || day > touch.last)
      fault(Violation::outside_window, row.touch, "touch {} is on {}, its window {} to {}", row.touch, to_text(day),
            to_text(touch.first), to_text(touch.last));
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
    std::vector<std::uint32_t> order(plan_.planned.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
    const auto rank = [&](std::uint32_t i) {
      const PlannedTouch& row = plan_.planned[i];
      return std::tuple(key(row), row.day, row.start, row.touch);
    };
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
    std::int64_t busy = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
      const PlannedTouch& row = plan_.planned[order[i]];
      const bool same =
          i > 0 && key(plan_.planned[order[i - 1]]) == key(row) && plan_.planned[order[i - 1]].day == row.day;
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
    for (const PlannedTouch& row : plan_.planned) {
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
    for (std::size_t begin = 0; begin < plan_.planned.size();) {
      const std::uint32_t client = touch_of(plan_.planned[begin]).client;
      std::size_t end = begin;
      while (end < plan_.planned.size() && touch_of(plan_.planned[end]).client == client) ++end;
      one_client(client, std::span(plan_.planned).subspan(begin, end - begin));
      begin = end;
    }
  }

  void one_client(std::uint32_t client, std::span<const PlannedTouch> rows) {
    std::optional<Day> before;
    if (past_begin_[client] < past_begin_[client + 1]) before = problem_.past[past_begin_[client + 1] - 1].day;
    for (const PlannedTouch& row : rows) {
      const Day day = problem_.days[row.day];
      if (before && day < *before)
        fault(Violation::out_of_order, row.touch, "touch {} is on {}, and one before it on {}", row.touch, to_text(day),
              to_text(*before));
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
                client, i - oldest + 1, limit.days, to_text(contacts[i].first), limit.contacts);
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

  void reason(const RefusedTouch& row) {
    const PlanTouch& touch = problem_.touches[row.touch];
    bool days = false, value = false, time = false, left = false, channels = false;
    for (std::size_t channel = 0; channel < problem_.channels; ++channel)
      channels |= has(touch.channels & permitted(touch), channel);
    each_day(touch, [&](std::size_t day) {
      days = true;
      if (worth(touch, day) <= 0) return;
      value = true;
      for (const std::uint32_t manager : problem_.pools[touch.pool]) {
        const std::uint32_t able = possible(touch, manager, day);
        time |= able != 0;
        for (std::size_t channel = 0; channel < problem_.channels && !left; ++channel)
          left = has(able, channel) && !too_soon(touch, day, channel);
      }
    });
    std::optional<Refusal> first;
    if (problem_.pools[touch.pool].empty())
      first = Refusal::no_manager;
    else if (!channels)
      first = Refusal::no_channel;
    else if (!days)
      first = Refusal::outside_period;
    else if (!value)
      first = Refusal::no_value;
    else if (!time)
      first = Refusal::no_time;
    const bool holds = first ? row.reason == *first
                             : row.reason >= Refusal::past_contacts && (row.reason != Refusal::past_contacts || !left);
    if (!holds)
      fault(Violation::wrong_reason, row.touch, "touch {} is not refused for {}", row.touch, name(row.reason));
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
    const std::optional<std::int64_t> proved = proved_bound();
    if (!proved) {
      fault(Violation::wrong_prices, 0, "the prices are so high that no bound can be formed");
      return;
    }
    result_.upper_bound = *proved;
    if (tight_ && plan_.upper_bound < *proved)
      fault(Violation::bound_too_low, 0, "the prices prove {}, the plan says {}", *proved, plan_.upper_bound);
  }

  [[nodiscard]] std::optional<std::int64_t> proved_bound() {
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
    for (std::size_t begin = 0; begin < problem_.touches.size();) {
      const std::uint32_t client = problem_.touches[begin].client;
      std::size_t end = begin;
      while (end < problem_.touches.size() && problem_.touches[end].client == client) ++end;
      if (__builtin_add_overflow(sum, best_of_client(client, begin, end), &sum)) return std::nullopt;
      begin = end;
    }
    return sum;
  }

  /// What a client's touches yield at most at the prices, capacities aside.
  [[nodiscard]] std::int64_t best_of_client(std::uint32_t client, std::size_t begin, std::size_t end) {
    const bool limited = problem_.clients[client].limits != no_profile;
    const auto once = [&](std::uint32_t manager) {
      return limited ? best_with_limits(client, begin, end, manager) : best_with_gaps(client, begin, end, manager);
    };
    if (!problem_.clients[client].one_manager) return once(no_profile);
    std::vector<std::uint32_t> managers;
    for (std::size_t t = begin; t < end; ++t)
      for (const std::uint32_t manager : problem_.pools[problem_.touches[t].pool]) managers.push_back(manager);
    std::sort(managers.begin(), managers.end());
    managers.erase(std::unique(managers.begin(), managers.end()), managers.end());
    std::int64_t best = 0;
    for (const std::uint32_t manager : managers) best = std::max(best, once(manager));
    return best;
  }

  /// Worth less price on a day, by the best manager and channel, or those given; below zero where it is not possible.
  [[nodiscard]] std::int64_t gain(const PlanTouch& touch, std::size_t day, std::uint32_t only_manager,
                                  std::uint32_t channels) const {
    std::int64_t best = -1;
    const std::int64_t value = worth(touch, day);
    if (value <= 0) return best;
    for (const std::uint32_t manager : problem_.pools[touch.pool]) {
      if (only_manager != no_profile && manager != only_manager) continue;
      const std::uint32_t able = possible(touch, manager, day) & channels;
      const std::size_t bin = problem_.bin(manager, day);
      for (std::size_t channel = 0; channel < problem_.channels; ++channel)
        if (has(able, channel))
          best = std::max(
              best, value - plan_.prices.slot[bin] - touch.minutes * plan_.prices.minute[bin] -
                        (plan_.prices.contact.empty() ? 0 : plan_.prices.contact[bin * problem_.channels + channel]));
    }
    return best;
  }

  /// By the day of the last contact.
  [[nodiscard]] std::int64_t best_with_gaps(std::uint32_t client, std::size_t begin, std::size_t end,
                                            std::uint32_t manager) {
    constexpr std::int64_t never = -1;
    std::int64_t best = 0;
    by_last_.assign(problem_.days.size(), never);
    for (std::size_t t = begin; t < end; ++t) {
      const PlanTouch& touch = problem_.touches[t];
      updates_.clear();
      each_day(touch, [&](std::size_t day) {
        const std::int64_t own = gain(touch, day, manager, any_channel);
        if (own <= 0) return;
        std::int64_t before = never;
        if (past_begin_[client] == past_begin_[client + 1] ||
            days_between(problem_.past[past_begin_[client + 1] - 1].day, problem_.days[day]) >= touch.gap_days)
          before = 0;
        for (std::size_t last = 0; last <= day; ++last)
          if (days_between(problem_.days[last], problem_.days[day]) >= touch.gap_days)
            before = std::max(before, by_last_[last]);
        if (before != never) updates_.emplace_back(day, before + own);
      });
      for (const auto& [day, value] : updates_) {
        by_last_[day] = std::max(by_last_[day], value);
        best = std::max(best, value);
      }
    }
    return best;
  }

  /// The last contact, and those within the days of a limit, which a later one has to mind; by day.
  using State = std::vector<std::pair<Day, std::uint32_t>>;
  static constexpr std::size_t most_steps = 20'000'000;  // of a whole plan
  struct Valued {
    State state;
    std::int64_t value{0};
  };

  /// Whether after `a` everything may follow that may follow after `b`, and `a` yields no less.
  [[nodiscard]] bool as_good(const Valued& a, const Valued& b, std::span<const RollingLimit> limits) const {
    if (a.value < b.value) return false;
    if (!a.state.empty() && (b.state.empty() || a.state.back().first > b.state.back().first)) return false;
    return std::all_of(limits.begin(), limits.end(), [&](const RollingLimit& limit) {
      auto other = b.state.rbegin();
      for (auto own = a.state.rbegin(); own != a.state.rend(); ++own) {
        if (!has(limit.channels, own->second)) continue;
        while (other != b.state.rend() && !has(limit.channels, other->second)) ++other;
        if (other == b.state.rend() || own->first > other->first) return false;
        ++other;
      }
      return true;
    });
  }

  /// Leaves out those beside which another is as good.
  [[nodiscard]] std::vector<Valued> best_states(std::map<State, std::int64_t>&& states,
                                                std::span<const RollingLimit> limits) {
    std::vector<Valued> sorted, kept;
    while (!states.empty()) {
      auto node = states.extract(states.begin());
      sorted.push_back({std::move(node.key()), node.mapped()});
    }
    std::stable_sort(sorted.begin(), sorted.end(), [](const Valued& a, const Valued& b) { return a.value > b.value; });
    for (Valued& one : sorted) {
      steps_ += kept.size();
      if (steps_ > most_steps) break;
      if (std::none_of(kept.begin(), kept.end(), [&](const Valued& other) { return as_good(other, one, limits); }))
        kept.push_back(std::move(one));
    }
    return kept;
  }

  /// By what a later contact has to mind. Where there are too many ways to space contacts the limits are left aside:
  /// what comes out bounds the client from above all the same, and is tight no more.
  [[nodiscard]] std::int64_t best_with_limits(std::uint32_t client, std::size_t begin, std::size_t end,
                                              std::uint32_t manager) {
    State past;
    for (std::size_t p = past_begin_[client]; p < past_begin_[client + 1]; ++p)
      past.emplace_back(problem_.past[p].day, problem_.past[p].channel);
    std::vector<RollingLimit> limits;  // that all contacts together could exceed
    for (const RollingLimit& limit : problem_.limits[problem_.clients[client].limits])
      if (static_cast<std::size_t>(limit.contacts) < past.size() + (end - begin)) limits.push_back(limit);
    if (limits.empty()) return best_with_gaps(client, begin, end, manager);
    std::vector<Valued> states{{past, 0}};
    std::vector<Day> soonest(end - begin, end_day);  // of the touches after each
    for (std::size_t t = end - 1; t > begin; --t)
      soonest[t - 1 - begin] = std::min(soonest[t - begin], problem_.touches[t].first);
    std::int64_t best = 0;
    for (std::size_t t = begin; t < end; ++t) {
      const PlanTouch& touch = problem_.touches[t];
      std::map<State, std::int64_t> next;
      const auto keep = [&](State state, std::int64_t value) {
        // A contact but the last is forgotten once no later touch can come within the days of a limit.
        Day from = soonest[t - begin];
        if (!state.empty()) from = std::max(from, state.back().first);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < state.size(); ++i) {
          bool minds = i + 1 == state.size();
          for (const RollingLimit& limit : limits)
            minds |= has(limit.channels, state[i].second) && days_between(state[i].first, from) < limit.days;
          if (minds) state[kept++] = state[i];
        }
        state.resize(kept);
        best = std::max(best, value);
        const auto [at, added] = next.try_emplace(std::move(state), value);
        if (!added) at->second = std::max(at->second, value);
      };
      for (const Valued& one : states) keep(one.state, one.value);
      each_day(touch, [&](std::size_t day) {
        for (std::size_t channel = 0; channel < problem_.channels; ++channel) {
          const std::int64_t own = gain(touch, day, manager, 1U << channel);
          if (own <= 0) continue;
          steps_ += states.size();
          if (steps_ > most_steps) return;
          for (const Valued& one : states) {
            const State& state = one.state;
            if (!state.empty() && days_between(state.back().first, problem_.days[day]) < touch.gap_days) continue;
            const bool full = std::any_of(limits.begin(), limits.end(), [&](const RollingLimit& limit) {
              if (!has(limit.channels, channel)) return false;
              std::int32_t count = 0;
              for (const auto& [at, by] : state)
                count += has(limit.channels, by) && days_between(at, problem_.days[day]) < limit.days;
              return count >= limit.contacts;
            });
            if (full) continue;
            State extended = state;
            extended.emplace_back(problem_.days[day], static_cast<std::uint32_t>(channel));
            keep(std::move(extended), one.value + own);
          }
        }
      });
      if (steps_ <= most_steps) states = best_states(std::move(next), limits);
      if (steps_ > most_steps) {
        tight_ = false;
        return best_with_gaps(client, begin, end, manager);
      }
    }
    return best;
  }

  const PlanProblem& problem_;
  const ContactPlan& plan_;
  std::size_t max_faults_;
  PlanCheck result_;
  std::vector<std::size_t> shift_begin_;  // by bin
  std::vector<std::size_t> past_begin_;   // by client
  bool tight_{true};                      // whether the bound that is recomputed minds every limit
  std::size_t steps_{0};                  // of best_with_limits(), of all clients
  std::vector<std::int64_t> by_last_;
  std::vector<std::pair<std::size_t, std::int64_t>> updates_;
};

}  // namespace

PlanCheck check_plan(const PlanProblem& problem, const ContactPlan& plan, std::size_t max_faults) {
  problem.check();
  return Checker(problem, plan, max_faults).run();
}

}  // namespace klientela
