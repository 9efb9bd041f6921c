// Holds what was announced as far as it can be held, and plans everything else in what that leaves.
#include "klientela/plan/replan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "klientela/core/money.hpp"
#include "plan/client_path.hpp"
#include "plan/outcome.hpp"
#include "plan/worth_limits.hpp"

namespace klientela {

using namespace planning;  // NOLINT: the stage's own internals

std::string_view name(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::moved: return "moved";
    case ChangeKind::reassigned: return "reassigned";
    case ChangeKind::added: return "added";
    case ChangeKind::dropped: return "dropped";
  }
  return "unknown";
}

Announcement announcement_of(const PlanProblem& before, const ContactPlan& plan, const PlanProblem& now,
                             std::span<const std::uint32_t> touch_now, std::span<const std::uint32_t> manager_now) {
  if (touch_now.size() != before.touches.size())
    throw Error(Code::invalid_argument, "there must be one touch now per touch before", "touch_now");
  if (manager_now.size() != before.managers)
    throw Error(Code::invalid_argument, "there must be one manager now per manager before", "manager_now");
  for (const std::uint32_t manager : manager_now)
    if (manager != gone && manager >= now.managers)
      throw Error(Code::invalid_argument, fmt::format("manager {} does not exist: there are {}", manager, now.managers),
                  "manager_now");
  Announcement made;
  for (const PlannedTouch& row : plan.planned) {
    if (row.touch >= before.touches.size() || row.manager >= before.managers || row.day >= before.days.size())
      throw Error(Code::invalid_argument, "the plan is not one of the problem before", "plan");
    const PlanTouch& touch = before.touches[row.touch];
    const std::int64_t extra = touch.preference == no_profile ? 0 : before.preferences[touch.preference][row.day];
    made.touches.push_back({touch_now[row.touch], manager_now[row.manager], row.channel, before.days[row.day],
                            row.start, touch.value + extra, false});
  }
  const std::size_t bins = before.managers * before.days.size();
  if (plan.prices.slot.size() != bins || plan.prices.minute.size() != bins || before.channels != now.channels)
    return made;
  PlanPrices& prices = made.prices;
  prices.slot.resize(now.managers * now.days.size());
  prices.minute.resize(prices.slot.size());
  prices.contact.resize(now.contacts.size());
  for (std::size_t d = 0; d < before.days.size(); ++d) {
    const auto at = std::lower_bound(now.days.begin(), now.days.end(), before.days[d]);
    if (at == now.days.end() || *at != before.days[d]) continue;
    const auto day = static_cast<std::size_t>(at - now.days.begin());
    for (std::size_t m = 0; m < before.managers; ++m) {
      if (manager_now[m] == gone) continue;
      const std::size_t from = before.bin(m, d), to = now.bin(manager_now[m], day);
      prices.slot[to] = plan.prices.slot[from];
      prices.minute[to] = plan.prices.minute[from];
      for (std::size_t c = 0; c < now.channels && !plan.prices.contact.empty() && !prices.contact.empty(); ++c)
        prices.contact[to * now.channels + c] = plan.prices.contact[from * now.channels + c];
    }
  }
  return made;
}

namespace {

/// The touches that are held, mostly as announced, in the calendars of managers and clients.
class Held {
 public:
  Held(const Model& model, std::span<const Place> announced, std::span<const std::int32_t> starts)
      : model_(&model),
        announced_(announced),
        starts_(starts),
        places_(announced.size()),
        starts_held_(announced.size(), -1),
        minutes_(model.problem.minutes),
        contacts_(model.problem.contacts),
        booked_(model.problem.minutes.size()) {}

  [[nodiscard]] const std::vector<Place>& places() const { return places_; }
  [[nodiscard]] const std::vector<std::int32_t>& starts() const { return starts_held_; }  ///< -1 of those not held
  [[nodiscard]] bool has(std::uint32_t touch) const { return places_[touch].manager != none; }
  [[nodiscard]] const std::vector<std::int32_t>& minutes() const { return minutes_; }
  [[nodiscard]] const std::vector<std::int32_t>& contacts() const { return contacts_; }
  [[nodiscard]] const std::vector<MinuteSpan>& booked(std::size_t bin) const { return booked_[bin]; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::int64_t worth() const { return worth_; }

  [[nodiscard]] bool fits(std::uint32_t touch) const {
    const PlanProblem& problem = model_->problem;
    const Place& place = announced_[touch];
    const MinuteSpan span = span_of(touch);
    const std::size_t bin = problem.bin(place.manager, place.day);
    if (minutes_[bin] < span.to - span.from) return false;
    if (!contacts_.empty() && contacts_[bin * problem.channels + place.channel] < 1) return false;
    const auto at = after(bin, span.from);
    if (at != booked_[bin].end() && at->from < span.to) return false;
    if (at != booked_[bin].begin() && (at - 1)->to > span.from) return false;
    return fits_client(*model_, places_, touch, place) && client_is_free(touch);
  }

  void add(std::uint32_t touch) { add(touch, announced_[touch], starts_[touch]); }
  void add(std::uint32_t touch, const Place& place, std::int32_t start) {
    const PlanProblem& problem = model_->problem;
    const MinuteSpan span{start, start + problem.touches[touch].minutes};
    const std::size_t bin = problem.bin(place.manager, place.day);
    minutes_[bin] -= span.to - span.from;
    if (!contacts_.empty()) --contacts_[bin * problem.channels + place.channel];
    booked_[bin].insert(after(bin, span.from), span);
    places_[touch] = place;
    starts_held_[touch] = start;
    ++count_;
    worth_ += model_->worth(touch, place.day);
  }

  /// Whether no other touch of the client is held at the time.
  [[nodiscard]] bool client_is_free(std::uint32_t touch) const {
    const std::vector<PlanTouch>& touches = model_->problem.touches;
    const MinuteSpan span = span_of(touch);
    const auto clash = [&](std::size_t other) {
      if (places_[other].manager == none || places_[other].day != announced_[touch].day) return false;
      return starts_held_[other] < span.to && span.from < starts_held_[other] + touches[other].minutes;
    };
    for (std::size_t other = touch; other-- > 0 && touches[other].client == touches[touch].client;)
      if (clash(other)) return false;
    for (std::size_t other = touch + 1; other < touches.size() && touches[other].client == touches[touch].client;
         ++other)
      if (clash(other)) return false;
    return true;
  }

 private:
  [[nodiscard]] MinuteSpan span_of(std::uint32_t touch) const {
    return {starts_[touch], starts_[touch] + model_->problem.touches[touch].minutes};
  }
  [[nodiscard]] std::vector<MinuteSpan>::const_iterator after(std::size_t bin, std::int32_t from) const {
    return std::lower_bound(booked_[bin].begin(), booked_[bin].end(), from,
                            [](const MinuteSpan& one, std::int32_t wanted) { return one.from < wanted; });
  }

  const Model* model_;
  std::span<const Place> announced_;
  std::span<const std::int32_t> starts_;
  std::vector<Place> places_;
  std::vector<std::int32_t> starts_held_;
  std::vector<std::int32_t> minutes_, contacts_;  // left
  std::vector<std::vector<MinuteSpan>> booked_;   // by bin, in order
  std::size_t count_{0};
  std::int64_t worth_{0};
};

/// What those who stay leave to the others.
struct Rest {
  PlanProblem problem;
  std::vector<std::uint32_t> touches;  // of the whole problem
  std::int64_t most{0};                // that they can be worth, by their densities and the minutes left
  bool narrowed{false};                // hours were cut where a touch would have fitted in

  std::uint32_t pool(std::uint32_t manager) {
    const auto [at, added] = pools_.try_emplace(manager, static_cast<std::uint32_t>(problem.pools.size()));
    if (added) problem.pools.push_back({manager});
    return at->second;
  }
  /// Changes what days add to a touch; touches of equal profiles share them.
  template <class Change>
  void prefer(PlanTouch& touch, const Change& change) {
    std::vector<std::int64_t> profile = touch.preference == no_profile ? std::vector<std::int64_t>(problem.days.size())
                                                                       : problem.preferences[touch.preference];
    change(profile);
    const auto [at, added] =
        preferences_.try_emplace(std::move(profile), static_cast<std::uint32_t>(problem.preferences.size()));
    if (added) problem.preferences.push_back(at->first);
    touch.preference = at->second;
  }
  /// The same for hours, by day: from, to.
  void cut(PlanTouch& touch, std::size_t day, MinuteSpan busy) {
    std::vector<MinuteSpan> profile = touch.hours == no_profile
                                          ? std::vector<MinuteSpan>(problem.days.size(), {0, max_day_minutes})
                                          : problem.hours[touch.hours];
    MinuteSpan& span = profile[day];
    if (busy.to <= span.from || busy.from >= span.to) return;
    const std::int32_t before = busy.from - span.from, behind = span.to - busy.to;
    narrowed |= std::min(before, behind) >= touch.minutes;
    span = before >= behind ? MinuteSpan{span.from, busy.from} : MinuteSpan{busy.to, span.to};
    std::vector<std::int32_t> key;
    for (const MinuteSpan& one : profile) key.insert(key.end(), {one.from, one.to});
    const auto [at, added] = hours_.try_emplace(std::move(key), static_cast<std::uint32_t>(problem.hours.size()));
    if (added) problem.hours.push_back(std::move(profile));
    touch.hours = at->second;
  }

 private:
  std::map<std::uint32_t, std::uint32_t> pools_;
  std::map<std::vector<std::int64_t>, std::uint32_t> preferences_;
  std::map<std::vector<std::int32_t>, std::uint32_t> hours_;
};

/// How often a place is sought for touches that break a limit only together.
constexpr int most_passes = 4;

struct Draft {
  std::vector<Place> places;
  std::vector<std::int32_t> starts;
  PlanPrices prices;  // of the rest
  std::int64_t objective{0};
  std::int64_t bound{0};  // of the changed objective
  std::size_t stayed{0};
  std::int32_t rounds{0};
  bool limited{false};
};

class Replanner {
 public:
  Replanner(const PlanProblem& problem, const Announcement& announced, Day first_open, const ReplanOptions& options,
            const Control& control)
      : problem_(problem),
        announced_(announced),
        first_open_(first_open),
        options_(options),
        control_(control),
        quiet_(control),
        model_(problem),
        nowhere_(problem.touches.size()),
        places_(problem.touches.size()),
        starts_(problem.touches.size(), -1),
        row_(problem.touches.size(), gone) {
    quiet_.progress = {};
    check_rows();
  }

  Replan run() {
    control_.report("replan", 0.1);
    std::vector<std::uint32_t> able, fixed;
    for (std::uint32_t touch = 0; touch < places_.size(); ++touch)
      if (places_[touch].manager != none) {
        able.push_back(touch);
        if (problem_.days[places_[touch].day] < first_open_) fixed.push_back(touch);
      }
    Crowd crowd = together(able);
    const std::size_t least = announced_.touches.size() - able.size() + too_many(crowd, able);
    Draft best = complete(hold(able, std::move(crowd)), 0);
    PlanPrices prices = best.prices;
    if (options_.change_cost) {
      control_.report("replan", 0.3);
      Draft free = complete(hold(fixed, together(fixed)), *options_.change_cost);
      std::vector<std::uint32_t> keep;
      for (const std::uint32_t touch : able)
        if (free.places[touch].manager != none && free.places[touch].day == places_[touch].day) keep.push_back(touch);
      control_.report("replan", 0.6);
      Draft mixed = complete(hold(keep, together(keep)), 0);
      prices = std::move(free.prices);
      const std::int64_t bound = free.bound;
      for (Draft* one : {&mixed, &free})
        if (changed_objective(*one) > changed_objective(best)) std::swap(best, *one);
      best.bound = bound;
    }
    control_.report("replan", 0.8);
    Replan made = finish(best, std::move(prices));
    made.least_changed = least;
    control_.report("replan", 1.0);
    return made;
  }

 private:
  void check_rows() {
    if (const std::optional<std::int64_t> cost = options_.change_cost; cost && *cost < 0)
      throw Error(Code::invalid_argument, "a change must not cost less than nothing", "change_cost");
    if (options_.change_cost) {
      const std::int64_t most =
          std::min(largest_bonus(problem_), 4'000'000'000'000'000'000 / (std::ssize(announced_.touches) + 1));
      if (*options_.change_cost > most)
        throw Error(
            Code::invalid_argument,
            fmt::format("a change may cost {} at most beside so many contacts and minutes, not {}; where no worth "
                        "outweighs a change there is no cost at all",
                        Money::from_units(std::max<std::int64_t>(most, 0)).to_text(),
                        Money::from_units(*options_.change_cost).to_text()),
            "change_cost");
    }
    const PlanPrices& prices = announced_.prices;
    const bool no_prices = prices.slot.empty() && prices.minute.empty() && prices.contact.empty();
    if (!no_prices &&
        (prices.slot.size() != problem_.minutes.size() || prices.minute.size() != problem_.minutes.size() ||
         prices.contact.size() != problem_.contacts.size()))
      throw Error(Code::invalid_argument, "there must be one price per bin, or none at all", "prices");
    for (const std::vector<std::int64_t>* list : {&prices.slot, &prices.minute, &prices.contact})
      for (const std::int64_t price : *list)
        if (price < 0) throw Error(Code::invalid_argument, "a price must not be below zero", "prices");
    for (std::size_t i = 0; i < announced_.held.size(); ++i) {
      const HeldTouch& one = announced_.held[i];
      const auto fail = [&](const char* text) {
        throw Error(Code::invalid_argument, text, fmt::format("held[{}]", i));
      };
      if (one.client >= problem_.clients.size() || one.channel >= problem_.channels ||
          (one.touch != gone && one.touch >= problem_.touches.size()))
        fail("a held contact has a client, a channel and a touch of the problem");
      if (one.day < first_day || one.day >= first_open_) fail("a held contact lies before the first open day");
      if (i > 0 &&
          std::pair(one.client, one.day) < std::pair(announced_.held[i - 1].client, announced_.held[i - 1].day))
        fail("held contacts must be in order of client and day");
    }
    for (std::uint32_t i = 0; i < announced_.touches.size(); ++i) {
      const AnnouncedTouch& one = announced_.touches[i];
      const auto fail = [&](const std::string& text) {
        throw Error(Code::invalid_argument, text, fmt::format("announced[{}]", i));
      };
      if (one.channel >= problem_.channels)
        fail(fmt::format("channel {} does not exist: there are {}", one.channel, problem_.channels));
      if (one.manager != gone && one.manager >= problem_.managers)
        fail(fmt::format("manager {} does not exist: there are {}", one.manager, problem_.managers));
      if (one.touch == gone) continue;
      if (one.touch >= problem_.touches.size())
        fail(fmt::format("touch {} does not exist: there are {}", one.touch, problem_.touches.size()));
      if (row_[one.touch] != gone) fail(fmt::format("touch {} is announced twice", one.touch));
      row_[one.touch] = i;
      if (!can_stay(one)) continue;
      places_[one.touch] = {one.manager, static_cast<std::uint16_t>(day_of(one)),
                            static_cast<std::uint16_t>(one.channel)};
      starts_[one.touch] = one.start;
    }
  }

  [[nodiscard]] std::size_t day_of(const AnnouncedTouch& one) const {
    const auto at = std::lower_bound(problem_.days.begin(), problem_.days.end(), one.day);
    return at == problem_.days.end() || *at != one.day ? none : static_cast<std::size_t>(at - problem_.days.begin());
  }

  /// Whether nothing but other touches forbids that a touch is as announced.
  [[nodiscard]] bool can_stay(const AnnouncedTouch& one) const {
    const PlanTouch& touch = problem_.touches[one.touch];
    const Candidate& own = model_.candidates[one.touch];
    const std::size_t day = day_of(one);
    if (one.missed || one.manager == gone || day == none || own.refusal != candidate || day < own.lo || day > own.hi ||
        model_.worth(one.touch, day) <= 0)
      return false;
    const Kind& kind = model_.kinds[own.kind];
    const std::span<const std::uint32_t> pool = model_.pool(kind);
    const auto at = std::lower_bound(pool.begin(), pool.end(), one.manager);
    if (at == pool.end() || *at != one.manager) return false;
    if ((model_.usable_at(kind, static_cast<std::size_t>(at - pool.begin()), day) >> one.channel & 1U) == 0)
      return false;
    if (touch.hours != no_profile) {
      const MinuteSpan& hours = problem_.hours[touch.hours][day];
      if (one.start < hours.from || one.start > hours.to - touch.minutes) return false;
    }
    const auto [begin, end] = shifts_of(one.manager, day);
    const bool works = std::any_of(begin, end, [&](const PlanShift& shift) {
      return one.start >= shift.span.from && one.start <= shift.span.to - touch.minutes;
    });
    const Place place{one.manager, static_cast<std::uint16_t>(day), static_cast<std::uint16_t>(one.channel)};
    return works && fits(nowhere_, one.touch, place);
  }

  /// fits_client(), and that what was held meanwhile leaves the touch its day.
  [[nodiscard]] bool fits(std::span<const Place> places, std::uint32_t touch, const Place& place) const {
    return fits_client(model_, places, touch, place) && fits_held(places, touch, place);
  }
  [[nodiscard]] bool fits_held(std::span<const Place> places, std::uint32_t touch, const Place& place) const {
    const PlanTouch& one = problem_.touches[touch];
    const Day day = problem_.days[place.day];
    const auto [held, held_end] =
        std::equal_range(announced_.held.begin(), announced_.held.end(), HeldTouch{one.client},
                         [](const HeldTouch& a, const HeldTouch& b) { return a.client < b.client; });
    if (held == held_end || day < first_open_) return true;
    if ((day - (held_end - 1)->day).count() < one.gap_days) return false;
    const std::uint32_t profile = problem_.clients[one.client].limits;
    if (profile == no_profile) return true;
    std::vector<std::pair<Day, std::uint32_t>> others;  // day, channel
    for (const PastContact& past : model_.past(one.client)) others.emplace_back(past.day, past.channel);
    for (auto it = held; it != held_end; ++it) others.emplace_back(it->day, it->channel);
    std::uint32_t begin = touch, end = touch + 1;
    while (begin > 0 && problem_.touches[begin - 1].client == one.client) --begin;
    while (end < problem_.touches.size() && problem_.touches[end].client == one.client) ++end;
    for (std::uint32_t other = begin; other < end; ++other)
      if (other != touch && places[other].manager != none &&
          std::none_of(held, held_end, [&](const HeldTouch& late) { return late.touch == other; }))
        others.emplace_back(problem_.days[places[other].day], places[other].channel);
    for (const RollingLimit& limit : problem_.limits[profile]) {
      if ((limit.channels >> place.channel & 1U) == 0) continue;
      std::vector<Day> contacts{day};
      for (const auto& [on, channel] : others)
        if ((limit.channels >> channel & 1U) != 0) contacts.push_back(on);
      std::sort(contacts.begin(), contacts.end());
      const auto most = static_cast<std::size_t>(limit.contacts);
      if (most == 0) return false;
      for (std::size_t i = most; i < contacts.size(); ++i)
        if ((contacts[i] - contacts[i - most]).count() < limit.days && contacts[i] >= day && contacts[i - most] <= day)
          return false;
    }
    return true;
  }

  [[nodiscard]] std::pair<std::vector<PlanShift>::const_iterator, std::vector<PlanShift>::const_iterator> shifts_of(
      std::uint32_t manager, std::size_t day) const {
    return std::equal_range(
        problem_.shifts.begin(), problem_.shifts.end(), PlanShift{manager, static_cast<std::uint32_t>(day), {}},
        [](const PlanShift& a, const PlanShift& b) { return std::tie(a.manager, a.day) < std::tie(b.manager, b.day); });
  }

  /// All of them held, whether they fit or not, and which do not.
  struct Crowd {
    Held held;
    std::vector<std::uint8_t> full{};      // by bin: not all of its touches can stay
    std::vector<std::uint8_t> hindered{};  // by place in the list: by the client's others
  };
  [[nodiscard]] Crowd together(std::span<const std::uint32_t> touches) const {
    Crowd crowd{Held(model_, places_, starts_)};
    for (const std::uint32_t touch : touches) crowd.held.add(touch);
    for (std::size_t bin = 0; bin < problem_.minutes.size(); ++bin)
      crowd.full.push_back(crowded(crowd.held, bin) ? 1 : 0);
    for (const std::uint32_t touch : touches)
      crowd.hindered.push_back(
          !fits(crowd.held.places(), touch, places_[touch]) || !crowd.held.client_is_free(touch) ? 1 : 0);
    return crowd;
  }

  [[nodiscard]] bool crowded(const Held& everyone, std::size_t bin) const {
    if (everyone.minutes()[bin] < 0) return true;
    for (std::size_t c = 0; c < problem_.channels && !problem_.contacts.empty(); ++c)
      if (everyone.contacts()[bin * problem_.channels + c] < 0) return true;
    std::int32_t busy = 0;
    for (const MinuteSpan& span : everyone.booked(bin)) {
      if (span.from < busy) return true;
      busy = std::max(busy, span.to);
    }
    return false;
  }

  [[nodiscard]] std::size_t bin_of(std::uint32_t touch) const {
    return problem_.bin(places_[touch].manager, places_[touch].day);
  }
  /// How many of those who can stay cannot together, at least: by the days of managers each for itself, or by clients.
  [[nodiscard]] std::size_t too_many(const Crowd& crowd, std::span<const std::uint32_t> able) const {
    std::vector<std::vector<std::uint32_t>> by_bin(problem_.minutes.size());
    std::size_t clients = 0;
    std::uint32_t last = none;
    for (std::size_t i = 0; i < able.size(); ++i) {
      const std::uint32_t client = problem_.touches[able[i]].client;
      if (client != last && crowd.hindered[i] != 0) {
        ++clients;
        last = client;
      }
      if (crowd.full[bin_of(able[i])] != 0) by_bin[bin_of(able[i])].push_back(able[i]);
    }
    std::size_t bins = 0;
    for (std::size_t bin = 0; bin < by_bin.size(); ++bin) {
      if (crowd.full[bin] == 0) continue;
      std::vector<std::uint32_t>& own = by_bin[bin];
      const auto minutes = [&](std::uint32_t touch) { return problem_.touches[touch].minutes; };
      std::sort(own.begin(), own.end(), [&](auto a, auto b) { return minutes(a) < minutes(b); });
      std::vector<std::int64_t> contacts;
      for (std::size_t c = 0; c < problem_.channels; ++c)
        contacts.push_back(model_.contacts(bin / model_.days, bin % model_.days, c));
      std::int64_t left = problem_.minutes[bin];
      std::size_t fit = 0;
      for (const std::uint32_t touch : own) {
        if (contacts[places_[touch].channel] < 1 || left < minutes(touch)) continue;
        --contacts[places_[touch].channel];
        left -= minutes(touch);
        ++fit;
      }
      const auto end = [&](std::uint32_t touch) { return starts_[touch] + minutes(touch); };
      std::sort(own.begin(), own.end(), [&](auto a, auto b) { return end(a) < end(b); });
      std::int32_t busy = 0;
      std::size_t apart = 0;
      for (const std::uint32_t touch : own)
        if (starts_[touch] >= busy) {
          busy = end(touch);
          ++apart;
        }
      bins += own.size() - std::min(fit, apart);
    }
    return std::max(bins, clients);
  }

  /// As many of them as are found to fit beside each other; those before the first open day come first.
  [[nodiscard]] Held hold(std::span<const std::uint32_t> touches, Crowd crowd) const {
    const auto fits = [&](std::size_t i) { return crowd.full[bin_of(touches[i])] == 0 && crowd.hindered[i] == 0; };
    std::vector<std::uint32_t> rest;
    for (std::size_t i = 0; i < touches.size(); ++i)
      if (!fits(i)) rest.push_back(touches[i]);
    if (rest.empty()) return std::move(crowd.held);
    Held free(model_, places_, starts_);
    for (std::size_t i = 0; i < touches.size(); ++i)
      if (fits(i)) free.add(touches[i]);
    using Key = std::array<std::int64_t, 3>;
    const auto keys = [&](std::uint32_t touch) {
      const std::int64_t minutes = problem_.touches[touch].minutes, day = places_[touch].day;
      const std::int64_t worth = model_.worth(touch, places_[touch].day);
      return std::array<Key, 3>{Key{minutes, -worth, 0}, Key{day, starts_[touch] + minutes, 0},
                                Key{-worth, minutes, 0}};
    };
    std::optional<Held> best;
    for (std::size_t order = 0; order < 3; ++order) {
      control_.check();
      std::vector<std::tuple<bool, Key, std::uint32_t>> sorted;
      for (const std::uint32_t touch : rest)
        sorted.emplace_back(problem_.days[places_[touch].day] >= first_open_, keys(touch)[order], touch);
      std::sort(sorted.begin(), sorted.end());
      Held held = free;
      for (const auto& one : sorted)
        if (const std::uint32_t touch = std::get<2>(one);
            held.fits(touch) && fits_held(held.places(), touch, places_[touch]))
          held.add(touch);
      if (!best || std::pair(held.count(), held.worth()) > std::pair(best->count(), best->worth()))
        best = std::move(held);
    }
    return std::move(*best);
  }

  /// \param bonus  what a touch that could stay is worth more on its announced day
  [[nodiscard]] Rest rest_of(const Held& held, std::int64_t bonus) const {
    Rest rest;
    PlanProblem& own = rest.problem;
    own.days = problem_.days;
    own.managers = problem_.managers;
    own.channels = problem_.channels;
    own.minutes = held.minutes();
    own.contacts = held.contacts();
    own.pools = problem_.pools;
    own.hours = problem_.hours;
    own.preferences = problem_.preferences;
    own.consents = problem_.consents;
    own.limits = problem_.limits;
    own.clients = problem_.clients;
    own.past = problem_.past;
    add_past(announced_.held, own);
    for (std::size_t bin = 0; bin < own.minutes.size(); ++bin)
      if (problem_.days[bin % model_.days] < first_open_) own.minutes[bin] = 0;
    for (const PlanShift& shift : problem_.shifts) {
      if (problem_.days[shift.day] < first_open_) continue;
      std::int32_t from = shift.span.from;
      for (const MinuteSpan& span : held.booked(problem_.bin(shift.manager, shift.day))) {
        if (span.to <= from || span.from >= shift.span.to) continue;
        if (span.from > from) own.shifts.push_back({shift.manager, shift.day, {from, span.from}});
        from = span.to;
      }
      if (from < shift.span.to) own.shifts.push_back({shift.manager, shift.day, {from, shift.span.to}});
    }
    std::vector<std::pair<double, std::int32_t>> densities;
    for (std::uint32_t begin = 0, end = 0; begin < places_.size(); begin = end) {
      while (end < places_.size() && problem_.touches[end].client == problem_.touches[begin].client) ++end;
      for (std::uint32_t touch = begin; touch < end; ++touch)
        if (!held.has(touch) && model_.candidates[touch].refusal == candidate)
          add_rest(rest, held, touch, {begin, end}, bonus, densities);
    }
    std::sort(densities.begin(), densities.end(), std::greater<>());
    std::int64_t minutes = std::accumulate(own.minutes.begin(), own.minutes.end(), std::int64_t{0});
    double most = 0;
    for (const auto& [density, length] : densities) {
      most += density * static_cast<double>(std::min<std::int64_t>(minutes, length));
      minutes -= length;
      if (minutes <= 0) break;
    }
    rest.most = static_cast<std::int64_t>(most);
    return rest;
  }

  /// Adds one touch with what those who stay leave of its window, hours and managers.
  void add_rest(Rest& rest, const Held& held, std::uint32_t touch, std::pair<std::uint32_t, std::uint32_t> siblings,
                std::int64_t bonus, std::vector<std::pair<double, std::int32_t>>& densities) const {
    const std::vector<Place>& places = held.places();
    const Candidate& one = model_.candidates[touch];
    PlanTouch own = problem_.touches[touch];
    own.first = std::max({own.first, first_open_, problem_.days[one.lo]});
    own.last = std::min(own.last, problem_.days[one.hi]);
    std::uint32_t manager = none;
    bool beside = false;
    for (std::uint32_t other = siblings.first; other < siblings.second; ++other) {
      if (!held.has(other)) continue;
      manager = places[other].manager;
      const Day day = problem_.days[places[other].day];
      if (model_.coupled[own.client] == 0) continue;
      if (other < touch)
        own.first = std::max(own.first, day + std::chrono::days{one.gap});
      else
        own.last = std::min(own.last, day - std::chrono::days{model_.candidates[other].gap});
      beside = true;
    }
    if (own.first > own.last) return;
    if (problem_.clients[own.client].one_manager && manager != none) {
      const std::vector<std::uint32_t>& pool = problem_.pools[own.pool];
      if (!std::binary_search(pool.begin(), pool.end(), manager)) return;
      own.pool = rest.pool(manager);
    }
    const auto lo = std::lower_bound(problem_.days.begin(), problem_.days.end(), own.first) - problem_.days.begin();
    const auto hi = std::upper_bound(problem_.days.begin(), problem_.days.end(), own.last) - problem_.days.begin();
    if (lo >= hi) return;
    const std::pair window{static_cast<std::size_t>(lo), static_cast<std::size_t>(hi)};
    const auto in_window = [&](std::size_t day) { return day >= window.first && day < window.second; };
    for (std::uint32_t other = siblings.first; other < siblings.second && beside; ++other)
      if (held.has(other) && in_window(places[other].day))
        rest.cut(own, places[other].day,
                 {held.starts()[other], held.starts()[other] + problem_.touches[other].minutes});
    if (beside && problem_.clients[own.client].limits != no_profile) {
      const std::vector<std::size_t> forbidden_days = over_limits(places, touch, manager, window);
      if (!forbidden_days.empty())
        rest.prefer(own, [&](std::vector<std::int64_t>& profile) {
          for (const std::size_t day : forbidden_days) profile[day] = -1'000'000'000'000'000;
        });
    }
    if (bonus > 0 && places_[touch].manager != none && in_window(places_[touch].day))
      rest.prefer(own, [&](std::vector<std::int64_t>& profile) {
        if (profile[places_[touch].day] > -1'000'000'000'000'000) profile[places_[touch].day] += bonus;
      });
    std::int64_t worth = 0;
    for (std::size_t day = window.first; day < window.second; ++day)
      worth = std::max(worth,
                       own.value + (own.preference == no_profile ? 0 : rest.problem.preferences[own.preference][day]));
    if (worth <= 0) return;
    densities.emplace_back(static_cast<double>(worth) / own.minutes, own.minutes);
    rest.touches.push_back(touch);
    rest.problem.touches.push_back(own);
  }

  /// Days of the window on which those who stay leave the client no contact by any of the touch's channels.
  [[nodiscard]] std::vector<std::size_t> over_limits(const std::vector<Place>& places, std::uint32_t touch,
                                                     std::uint32_t manager,
                                                     std::pair<std::size_t, std::size_t> window) const {
    const std::uint32_t channels = model_.kinds[model_.candidates[touch].kind].channels;
    std::vector<std::size_t> days;
    for (std::size_t day = window.first; day < window.second; ++day) {
      bool open = false;
      for (std::uint32_t able = channels; able != 0 && !open; able &= able - 1)
        open = fits(places, touch,
                    {manager, static_cast<std::uint16_t>(day), static_cast<std::uint16_t>(std::countr_zero(able))});
      if (!open) days.push_back(day);
    }
    return days;
  }

  /// Plans what does not stay beside what does.
  [[nodiscard]] Draft complete(const Held& stays, std::int64_t bonus) const {
    Draft made;
    Held held = stays;
    for (int pass = 0; pass < most_passes; ++pass) {
      Rest rest = rest_of(held, bonus);
      if (pass > 0 && rest.touches.empty()) break;
      PlanOptions options = options_.plan;
      if (rest.most > 0)  // the gap is one of the whole plan
        options.gap *= static_cast<double>(held.worth() + rest.most) / static_cast<double>(rest.most);
      ContactPlan part = planned(rest.problem, options, false, quiet_);
      const std::int64_t worth = held.worth();
      bool again = false;
      for (const PlannedTouch& row : part.planned) {
        const std::uint32_t touch = rest.touches[row.touch];
        const Place place{row.manager, static_cast<std::uint16_t>(row.day), static_cast<std::uint16_t>(row.channel)};
        // Two of them may go too far beside those who stay, though each alone does not: a place for the second is
        // sought once more, beside the first.
        if (fits(held.places(), touch, place)) {
          held.add(touch, place, row.start);
        } else {
          again = true;
        }
      }
      made.rounds += part.rounds;
      made.limited = made.limited || part.limited;
      if (pass == 0) {
        made.bound = worth + part.upper_bound;
        made.prices = std::move(part.prices);
        if (rest.narrowed) {
          for (std::size_t i = 0; i < rest.touches.size(); ++i)
            rest.problem.touches[i].hours = problem_.touches[rest.touches[i]].hours;
          made.bound = worth + bound_at(Model(rest.problem), made.prices, quiet_);
        }
      }
      if (!again) break;
    }
    made.places = held.places();
    made.starts = held.starts();
    made.objective = held.worth();
    for (std::uint32_t touch = 0; touch < places_.size(); ++touch) made.stayed += as_announced(made, touch) ? 1 : 0;
    if (options_.change_cost)
      made.bound -= *options_.change_cost * static_cast<std::int64_t>(announced_.touches.size() - stays.count());
    return made;
  }

  [[nodiscard]] bool as_announced(const Draft& draft, std::uint32_t touch) const {
    const Place& place = draft.places[touch];
    return row_[touch] != gone && place.manager != none && place.manager == places_[touch].manager &&
           place.day == places_[touch].day && place.channel == places_[touch].channel &&
           draft.starts[touch] == starts_[touch];
  }
  [[nodiscard]] std::int64_t changed_objective(const Draft& draft) const {
    return draft.objective -
           options_.change_cost.value_or(0) * static_cast<std::int64_t>(announced_.touches.size() - draft.stayed);
  }

  /// \param prices  those of the draft's rest, or of another draft
  Replan finish(const Draft& draft, PlanPrices prices) const {
    Replan made;
    ContactPlan& plan = made.plan;
    plan.prices = std::move(prices);
    if (!announced_.prices.slot.empty()) {  // what is held has its price from before, what is sought the new one
      const auto raise = [](std::vector<std::int64_t>& to, const std::vector<std::int64_t>& from) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], from[i]);
      };
      raise(plan.prices.slot, announced_.prices.slot);
      raise(plan.prices.minute, announced_.prices.minute);
      raise(plan.prices.contact, announced_.prices.contact);
    }
    plan.upper_bound = bound_at(model_, plan.prices, quiet_);
    if (PlanPrices before = announced_.prices;
        !before.slot.empty()) {  // any prices prove a bound: the lower one counts
      const std::int64_t bound = bound_at(model_, before, quiet_);
      if (bound < plan.upper_bound) {
        plan.upper_bound = bound;
        plan.prices = std::move(before);
      }
    }
    for (const Group& group : model_.groups) ++(group.exact ? plan.exact_groups : plan.coupled_groups);
    plan.rounds = draft.rounds;
    plan.limited = draft.limited;
    write_rows(model_, draft.places, draft.starts, plan);
    made.stayed = draft.stayed;
    made.changed = announced_.touches.size() - draft.stayed;
    made.changed_objective = changed_objective(draft);
    made.changed_bound = std::min(draft.bound, plan.upper_bound);
    list_changes(draft, made.changes);
    return made;
  }

  [[nodiscard]] std::int64_t worth_as_announced(const AnnouncedTouch& one) const {
    if (one.touch == gone) return one.worth;
    const std::size_t day = day_of(one);
    return day == none ? problem_.touches[one.touch].value : model_.worth(one.touch, day);
  }

  void list_changes(const Draft& draft, std::vector<PlanChange>& changes) const {
    for (std::uint32_t touch = 0; touch < places_.size(); ++touch) {
      const Place& place = draft.places[touch];
      const bool planned = place.manager != none;
      if (row_[touch] == gone) {
        if (planned) changes.push_back({ChangeKind::added, touch, gone, model_.worth(touch, place.day)});
        continue;
      }
      const AnnouncedTouch& one = announced_.touches[row_[touch]];
      const std::int64_t before = worth_as_announced(one);
      if (!planned)
        changes.push_back({ChangeKind::dropped, touch, row_[touch], -before});
      else if (!as_announced(draft, touch))
        changes.push_back({place.manager == one.manager ? ChangeKind::moved : ChangeKind::reassigned, touch,
                           row_[touch], model_.worth(touch, place.day) - before});
    }
    for (std::uint32_t i = 0; i < announced_.touches.size(); ++i)
      if (announced_.touches[i].touch == gone)
        changes.push_back({ChangeKind::dropped, gone, i, -announced_.touches[i].worth});
  }

  const PlanProblem& problem_;
  const Announcement& announced_;
  Day first_open_;
  const ReplanOptions& options_;
  const Control& control_;
  Control quiet_;
  Model model_;
  std::vector<Place> nowhere_;
  std::vector<Place> places_;         // where touches that can stay were announced
  std::vector<std::int32_t> starts_;  // and when
  std::vector<std::uint32_t> row_;    // of the announcement, by touch
};

}  // namespace

Replan replan_contacts(const PlanProblem& problem, const Announcement& announced, Day first_open,
                       const ReplanOptions& options, const Control& control) {
  problem.check();
  return Replanner(problem, announced, first_open, options, control).run();
}

}  // namespace klientela
