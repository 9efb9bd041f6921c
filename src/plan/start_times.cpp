// Sequences the contacts of each manager's day, earliest deadline first, fills what room is left, and evens out days.
#include "plan/start_times.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "plan/client_path.hpp"

namespace klientela::planning {

namespace {

constexpr int most_passes = 8;  // of evening out days

class Calendar {
 public:
  Calendar(const Model& model, const Group& group, std::vector<Place>& places, std::vector<std::int32_t>& starts)
      : model_(model),
        problem_(model.problem),
        group_(group),
        places_(places),
        starts_(starts),
        days_(group.managers.size() * model.days) {
    for (const std::uint32_t touch : group.touches)
      if (places[touch].manager != none) day_of(places[touch]).jobs.push_back(touch);
    const auto before = [](const PlanShift& a, const PlanShift& b) {
      return std::tie(a.manager, a.day) < std::tie(b.manager, b.day);
    };
    for (std::size_t place = 0; place < group.managers.size(); ++place)
      for (std::size_t day = 0; day < model.days; ++day) {
        const PlanShift wanted{group.managers[place], static_cast<std::uint32_t>(day), {}};
        const auto [begin, end] = std::equal_range(problem_.shifts.begin(), problem_.shifts.end(), wanted, before);
        ManagerDay& own = days_[place * model.days + day];
        own.shifts = {begin, end};
        const std::size_t bin = problem_.bin(wanted.manager, day);
        own.minutes = problem_.minutes[bin];
        for (std::size_t channel = 0; channel < problem_.channels && !problem_.contacts.empty(); ++channel)
          own.contacts.push_back(model.contacts(wanted.manager, day, channel));
      }
  }

  void sequence_all(const Control& control) {
    for (ManagerDay& day : days_) {
      control.check();
      sequence(day);
    }
  }

  void book_all() {
    for (ManagerDay& day : days_)
      for (const std::uint32_t touch : day.jobs) book(day, touch, starts_[touch]);
  }

  /// Evens out the days of each manager: a touch goes to the least busy day that is worth as much and that it fits.
  /// \returns whether any went elsewhere
  bool level(const Control& control) {
    bool any = false;
    std::vector<bool> changed(days_.size());
    // A client's last contacts first, so that they leave the others room; then the other way round.
    const std::size_t all = group_.touches.size();
    bool moved = true;
    for (int pass = 0; moved && pass < most_passes; ++pass) {
      moved = false;
      for (std::size_t i = 0; i < all; ++i) {
        if ((i & 0xFFF) == 0) control.check();
        const std::uint32_t touch = group_.touches[pass % 2 == 0 ? all - 1 - i : i];
        const Place before = places_[touch];
        if (before.manager == none || !move_to_quiet_day(touch)) continue;
        moved = any = changed[index_of(before)] = changed[index_of(places_[touch])] = true;
      }
    }
    std::vector<std::vector<std::uint32_t>> touches(days_.size());
    for (const std::uint32_t touch : group_.touches)
      if (places_[touch].manager != none && changed[index_of(places_[touch])])
        touches[index_of(places_[touch])].push_back(touch);
    for (std::size_t day = 0; day < days_.size(); ++day)
      if (!touches[day].empty()) close_up(days_[day], touches[day]);
    return any;
  }

  /// \param quotas  empty: each touch keeps its turn; else as fits_client_in_any_turn()
  /// \param first  no touch is put before this day
  /// \returns how many found a place
  std::size_t fill(std::span<const std::uint64_t> quotas, std::size_t first, const Control& control) {
    struct Refused {
      double density;
      std::uint32_t touch;
    };
    std::vector<Refused> refused;
    for (const std::uint32_t touch : group_.touches) {
      if (places_[touch].manager != none) continue;
      if (!quotas.empty() && model_.coupled[problem_.touches[touch].client] == 0) continue;  // it has but one turn
      const Candidate& one = model_.candidates[touch];
      std::int64_t worth = 0;
      for (std::size_t day = one.lo; day <= one.hi; ++day) worth = std::max(worth, model_.worth(touch, day));
      refused.push_back({static_cast<double>(worth) / problem_.touches[touch].minutes, touch});
    }
    std::stable_sort(refused.begin(), refused.end(),
                     [](const Refused& a, const Refused& b) { return a.density > b.density; });
    std::size_t found = 0;
    for (std::size_t i = 0; i < refused.size(); ++i) {
      if ((i & 0xFFF) == 0) control.check();
      found += put(refused[i].touch, quotas, first) ? 1 : 0;
    }
    return found;
  }

 private:
  struct Booking {
    std::int32_t from;
    std::int32_t to;
  };
  struct ManagerDay {
    std::vector<std::uint32_t> jobs;
    std::vector<PlanShift> shifts;
    std::vector<Booking> booked;         // in order
    std::int32_t minutes{0};             // left
    std::vector<std::int64_t> contacts;  // left by channel; empty: not limited
  };
  struct Job {
    std::uint32_t touch;
    std::int32_t minutes, release, deadline;
    bool shared;  // the client has another touch on that day
  };

  [[nodiscard]] std::size_t index_of(const Place& place) const {
    return model_.place_in_group[place.manager] * model_.days + place.day;
  }
  ManagerDay& day_of(const Place& place) { return days_[index_of(place)]; }

  [[nodiscard]] MinuteSpan hours_of(std::uint32_t touch, std::size_t day) const {
    const std::uint32_t hours = problem_.touches[touch].hours;
    return hours == no_profile ? MinuteSpan{0, max_day_minutes} : problem_.hours[hours][day];
  }

  template <class Visit>
  void each_sibling(std::uint32_t touch, std::size_t day, const Visit& visit) const {
    const std::uint32_t client = problem_.touches[touch].client;
    if (model_.coupled[client] == 0) return;  // its touches are on different days, and may be another group's
    const auto see = [&](std::size_t other) {
      if (places_[other].manager != none && places_[other].day == day) visit(other);
    };
    for (std::size_t other = touch; other-- > 0 && problem_.touches[other].client == client;) see(other);
    for (std::size_t other = touch + 1; other < places_.size() && problem_.touches[other].client == client; ++other)
      see(other);
  }

  /// The end of what the client already has at that time; `from` where it is free.
  [[nodiscard]] std::int32_t client_free(std::uint32_t touch, std::size_t day, std::int32_t from,
                                         std::int32_t minutes) const {
    std::int32_t free = from;
    each_sibling(touch, day, [&](std::size_t other) {
      if (starts_[other] < 0) return;
      const std::int32_t end = starts_[other] + problem_.touches[other].minutes;
      if (starts_[other] < from + minutes && from < end) free = std::max(free, end);
    });
    return free;
  }

  void book(ManagerDay& day, std::uint32_t touch, std::int32_t start) {
    const std::int32_t minutes = problem_.touches[touch].minutes;
    starts_[touch] = start;
    const auto at = std::lower_bound(day.booked.begin(), day.booked.end(), start,
                                     [](const Booking& one, std::int32_t wanted) { return one.from < wanted; });
    day.booked.insert(at, {start, start + minutes});
    day.minutes -= minutes;
    if (!day.contacts.empty()) --day.contacts[places_[touch].channel];
  }

  struct Arranged {
    std::vector<std::pair<std::uint32_t, std::int32_t>> starts;  // by touch
    std::vector<std::uint32_t> left_over;
  };
  /// One shift after the other: of what may begin now and ends in time, what has to end first. None of them has a
  /// start.
  [[nodiscard]] Arranged arranged(std::span<const std::uint32_t> touches, std::span<const PlanShift> shifts,
                                  std::size_t date) const {
    Arranged made;
    std::vector<Job> jobs;
    for (const std::uint32_t touch : touches) {
      const MinuteSpan hours = hours_of(touch, date);
      bool shared = false;
      each_sibling(touch, date, [&](std::size_t) { shared = true; });
      jobs.push_back({touch, problem_.touches[touch].minutes, hours.from, hours.to, shared});
    }
    std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
      return std::tuple(a.deadline, -a.minutes) < std::tuple(b.deadline, -b.minutes);
    });
    for (const PlanShift& shift : shifts) {
      std::int32_t now = shift.span.from;
      while (!jobs.empty()) {
        std::int32_t next = max_day_minutes;
        auto chosen = jobs.end();
        for (auto job = jobs.begin(); job != jobs.end(); ++job) {
          if (job->release > now) {
            if (job->release + job->minutes <= std::min(job->deadline, shift.span.to))
              next = std::min(next, job->release);
            continue;
          }
          if (now + job->minutes > std::min(job->deadline, shift.span.to)) continue;
          if (job->shared)
            if (const std::int32_t free = client_free(job->touch, date, now, job->minutes); free > now) {
              next = std::min(next, free);
              continue;
            }
          chosen = job;
          break;
        }
        if (chosen != jobs.end()) {
          made.starts.emplace_back(chosen->touch, now);
          now += chosen->minutes;
          jobs.erase(chosen);
        } else if (next < shift.span.to && next > now) {
          now = next;
        } else {
          break;
        }
      }
    }
    for (const Job& job : jobs) made.left_over.push_back(job.touch);
    return made;
  }

  void sequence(ManagerDay& day) {
    if (day.jobs.empty()) return;
    const Arranged made = arranged(day.jobs, day.shifts, places_[day.jobs.front()].day);
    for (const auto& [touch, start] : made.starts) book(day, touch, start);
    for (const std::uint32_t touch : made.left_over) places_[touch] = {};
  }

  void unbook(ManagerDay& day, std::uint32_t touch) {
    std::erase_if(day.booked, [&](const Booking& one) { return one.from == starts_[touch]; });
    starts_[touch] = -1;
    day.minutes += problem_.touches[touch].minutes;
    if (!day.contacts.empty()) ++day.contacts[places_[touch].channel];
  }

  /// Puts a day's touches next to each other again where all find a start so.
  void close_up(ManagerDay& day, std::span<const std::uint32_t> touches) {
    std::vector<std::int32_t> before;
    for (const std::uint32_t touch : touches) before.push_back(std::exchange(starts_[touch], -1));
    const Arranged made = arranged(touches, day.shifts, places_[touches.front()].day);
    for (std::size_t i = 0; i < touches.size(); ++i) starts_[touches[i]] = before[i];
    if (!made.left_over.empty()) return;
    for (const std::uint32_t touch : touches) unbook(day, touch);
    for (const auto& [touch, start] : made.starts) book(day, touch, start);
  }

  /// Whether there is a day on which the manager is less busy with the touch than the manager is now on its day.
  bool move_to_quiet_day(std::uint32_t touch) {
    const Place from = places_[touch];
    const Candidate& one = model_.candidates[touch];
    const Kind& kind = model_.kinds[one.kind];
    const std::span<const std::uint32_t> pool = model_.pool(kind);
    const auto p = static_cast<std::size_t>(std::lower_bound(pool.begin(), pool.end(), from.manager) - pool.begin());
    const auto busy = [&](std::size_t date) {  // minutes, of so many
      const std::size_t bin = problem_.bin(from.manager, date);
      const Place place{from.manager, static_cast<std::uint16_t>(date), from.channel};
      return std::pair<std::int64_t, std::int64_t>(problem_.minutes[bin] - day_of(place).minutes, model_.minutes[bin]);
    };
    auto [most, of] = busy(from.day);
    const std::int64_t worth = model_.worth(touch, from.day);
    Place best;
    std::int32_t start = -1;
    for (std::size_t date = one.lo; date <= one.hi; ++date) {
      if (date == from.day || model_.worth(touch, date) != worth) continue;
      if ((model_.usable_at(kind, p, date) >> from.channel & 1U) == 0) continue;
      const Place place{from.manager, static_cast<std::uint16_t>(date), from.channel};
      const ManagerDay& day = day_of(place);
      if (day.minutes < kind.minutes || (!day.contacts.empty() && day.contacts[from.channel] < 1)) continue;
      const auto [minutes, capacity] = busy(date);
      if ((minutes + kind.minutes) * of >= most * capacity) continue;
      if (!fits_client(model_, places_, touch, place)) continue;
      const std::int32_t at = opening(day, touch, date);
      if (at < 0) continue;
      best = place;
      start = at;
      most = minutes + kind.minutes;
      of = capacity;
    }
    if (start < 0) return false;
    unbook(day_of(from), touch);
    places_[touch] = best;
    book(day_of(best), touch, start);
    return true;
  }

  /// The first start at which a touch fits into what is left of a day; -1 where none does.
  [[nodiscard]] std::int32_t opening(const ManagerDay& day, std::uint32_t touch, std::size_t date) const {
    const std::int32_t minutes = problem_.touches[touch].minutes;
    const MinuteSpan hours = hours_of(touch, date);
    auto booking = day.booked.begin();
    for (const PlanShift& shift : day.shifts) {
      std::int32_t now = std::max(shift.span.from, hours.from);
      const std::int32_t end = std::min(shift.span.to, hours.to);
      while (now + minutes <= end) {
        while (booking != day.booked.end() && booking->to <= now) ++booking;
        if (booking != day.booked.end() && booking->from < now + minutes) {
          now = booking->to;
          continue;
        }
        const std::int32_t free = client_free(touch, date, now, minutes);
        if (free == now) return now;
        now = free;
      }
    }
    return -1;
  }

  bool put(std::uint32_t touch, std::span<const std::uint64_t> quotas, std::size_t first) {
    const Candidate& one = model_.candidates[touch];
    const Kind& kind = model_.kinds[one.kind];
    const std::span<const std::uint32_t> pool = model_.pool(kind);
    std::int64_t most = 0;
    std::int32_t start = -1;
    Place best;
    for (std::size_t date = std::max<std::size_t>(one.lo, first); date <= one.hi; ++date) {
      const std::int64_t worth = model_.worth(touch, date);
      if (worth <= most) continue;
      for (std::size_t p = 0; p < pool.size() && worth > most; ++p) {
        Place place{pool[p], static_cast<std::uint16_t>(date), 0};
        const ManagerDay& day = day_of(place);
        if (day.minutes < kind.minutes) continue;
        const std::uint32_t able = model_.usable_at(kind, p, date);
        for (std::size_t channel = 0; channel < problem_.channels; ++channel) {
          if ((able >> channel & 1U) == 0 || (!day.contacts.empty() && day.contacts[channel] < 1)) continue;
          place.channel = static_cast<std::uint16_t>(channel);
          if (!(quotas.empty() ? fits_client(model_, places_, touch, place)
                               : fits_client_in_any_turn(model_, places_, quotas, touch, place)))
            continue;
          const std::int32_t at = opening(day, touch, date);
          if (at < 0) break;
          most = worth;
          start = at;
          best = place;
          break;
        }
      }
    }
    if (start < 0) return false;
    places_[touch] = best;
    book(day_of(best), touch, start);
    return true;
  }

  const Model& model_;
  const PlanProblem& problem_;
  const Group& group_;
  std::vector<Place>& places_;
  std::vector<std::int32_t>& starts_;
  std::vector<ManagerDay> days_;  // by manager of the group and day
};

}  // namespace

void set_start_times(const Model& model, const Group& group, bool even, const Control& control,
                     std::vector<Place>& places, std::vector<std::int32_t>& starts) {
  // Where a client had too many limits to remember while planning, what goes too far is taken off first.
  for (const std::uint32_t touch : group.touches) {
    if (places[touch].manager == none || model.limits(model.problem.touches[touch].client).empty()) continue;
    if (!fits_client(model, places, touch, places[touch])) places[touch] = {};
  }
  Calendar calendar(model, group, places, starts);
  calendar.sequence_all(control);
  calendar.fill({}, 0, control);
  if (even && calendar.level(control)) calendar.fill({}, 0, control);
}

std::size_t fill_in_any_turn(const Model& model, const Group& group, std::span<const std::uint64_t> quotas,
                             std::size_t first, const Control& control, std::vector<Place>& places,
                             std::vector<std::int32_t>& starts) {
  Calendar calendar(model, group, places, starts);
  calendar.book_all();
  return calendar.fill(quotas, first, control);
}

}  // namespace klientela::planning
