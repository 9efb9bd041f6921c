// What was announced by a schedule, found again in the one of now by ids and names; and the changes in words.
#include "klientela/plan/reschedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "klientela/plan/check.hpp"
#include "plan/client_records.hpp"
#include "plan/outcome.hpp"
#include "plan/schedule_data.hpp"
#include "plan/touch_order.hpp"

namespace klientela {
namespace {

using Texts = std::vector<std::optional<std::string>>;

/// Place by name of everything in a list.
template <class List, class Name>
std::unordered_map<std::string, std::uint32_t> places(const List& list, Name&& name) {
  std::unordered_map<std::string, std::uint32_t> found;
  for (std::uint32_t i = 0; i < list.size(); ++i) found.emplace(name(list[i]), i);
  return found;
}

std::uint32_t place_or_gone(const std::unordered_map<std::string, std::uint32_t>& places, const std::string& name) {
  const auto found = places.find(name);
  return found == places.end() ? gone : found->second;
}

std::vector<std::uint32_t> managers_now(const ContactSchedule& before, const ContactSchedule& now) {
  const auto known = places(now.managers(), [](const PlanManager& manager) { return manager.id; });
  std::vector<std::uint32_t> out;
  for (const PlanManager& manager : before.managers()) out.push_back(place_or_gone(known, manager.id));
  return out;
}

std::vector<std::uint32_t> touches_now(const ContactSchedule& before, const ContactSchedule& now) {
  std::unordered_map<std::string, std::uint32_t> known;
  known.reserve(now.problem().touches.size());
  for (std::uint32_t t = 0; t < now.problem().touches.size(); ++t) known.emplace(now.id(t), t);
  std::vector<std::uint32_t> out(before.problem().touches.size(), gone);
  for (const PlannedTouch& planned : before.plan().planned)
    out[planned.touch] = place_or_gone(known, before.id(planned.touch));
  return out;
}

/// When a contact begins, and whose clock tells it.
struct Moment {
  Instant at{};
  std::string clock{};
};

/// A column of moments, null where there is none.
Column instants(std::string name, const std::vector<std::optional<Moment>>& moments) {
  Buffer<std::int64_t> values(moments.size(), 0);
  Buffer<std::uint8_t> valid((moments.size() + 7) / 8, 0);
  for (std::size_t row = 0; row < moments.size(); ++row) {
    if (!moments[row]) continue;
    values[row] = moments[row]->at.time_since_epoch().count();
    valid[row / 8] = static_cast<std::uint8_t>(valid[row / 8] | 1U << row % 8);
  }
  return Column(std::move(name), ColumnType::instant, std::move(values), std::move(valid));
}

/// "2026-12-03 09:00" on the clocks of managers.
class Clocks {
 public:
  [[nodiscard]] std::string text(const Moment& moment) {
    auto at = zones_.find(moment.clock);
    if (at == zones_.end()) at = zones_.emplace(moment.clock, TimeZone::named(moment.clock)).first;
    const Instant wall = moment.at + std::chrono::microseconds{at->second.offset_micros(moment.at)};
    const Day day = std::chrono::floor<std::chrono::days>(wall);
    const auto minutes = std::chrono::floor<std::chrono::minutes>(wall - day).count();
    return fmt::format("{} {:02}:{:02}", to_text(day), minutes / 60, minutes % 60);
  }

 private:
  std::map<std::string, TimeZone> zones_;
};

Moment moment_of(const ContactSchedule& schedule, std::uint32_t manager, Day day, std::int32_t start) {
  const std::string* clock = &schedule.time_zone().name();
  if (manager < schedule.managers().size() && !schedule.managers()[manager].time_zone.empty())
    clock = &schedule.managers()[manager].time_zone;
  return {schedule.time_zone().start_of(day) + std::chrono::minutes{start}, *clock};
}

std::string client_of(const ContactSchedule& schedule, std::uint32_t touch) {
  const ContactSchedule::Data& data = schedule.data();
  return data.clients.to_text(data.client_rows[data.problem.touches[touch].client]);
}

std::vector<planning::DatedTouch> days_of(const ContactSchedule& schedule, const ContactPlan& plan) {
  std::vector<planning::DatedTouch> days;
  for (const PlannedTouch& row : plan.planned) days.push_back({row.touch, schedule.problem().days[row.day]});
  return days;
}

void rename_touches(std::span<const std::uint32_t> place, Replan& replan) {
  planning::rename_touches(place, replan.plan);
  for (PlanChange& change : replan.changes)
    if (change.touch != gone) change.touch = place[change.touch];
  std::stable_sort(replan.changes.begin(), replan.changes.end(),
                   [](const PlanChange& a, const PlanChange& b) { return a.touch < b.touch; });
}

/// What was held meanwhile, in the numbers of a problem. A contact that was held on its announced day or before it
/// counts as announced, unless it was early. \param touches  by touch announced what it is now
void add_held(const ContactSchedule& announced, const ContactSchedule& now, const std::vector<std::uint32_t>& touches,
              std::span<const HeldContact> held, Announcement& announcement) {
  if (held.empty()) return;
  const ContactSchedule::Data& data = now.data();
  const auto clients = places(data.client_rows, [&](std::uint32_t row) { return data.clients.to_text(row); });
  const auto channels = places(now.channels(), [](const std::string& name) { return name; });
  std::unordered_map<std::string, const PlannedTouch*> rows;
  for (const PlannedTouch& row : announced.plan().planned) rows.emplace(announced.id(row.touch), &row);
  for (const HeldContact& one : held) {
    HeldTouch made{place_or_gone(clients, one.client), place_or_gone(channels, one.channel), one.day, gone};
    if (made.client == gone || made.channel == gone) continue;
    const auto row = one.early ? rows.end() : rows.find(one.contact);
    if (row != rows.end() && touches[row->second->touch] != gone) {
      if (one.day <= announced.problem().days[row->second->day]) continue;
      made.touch = touches[row->second->touch];
    }
    announcement.held.push_back(made);
  }
  std::sort(announcement.held.begin(), announcement.held.end(), [](const HeldTouch& a, const HeldTouch& b) {
    return std::tie(a.client, a.day, a.channel, a.touch) < std::tie(b.client, b.day, b.channel, b.touch);
  });
}

/// What was planned with touches in another order, told in the one that `now` has with such a plan, so that it is the
/// same when it is read back. \param order  of the touches that were planned
ContactSchedule settled(const ContactSchedule& now, const planning::TouchOrder& order, Replan& replan) {
  std::vector<std::uint32_t> back(order.place.size());
  for (std::uint32_t touch = 0; touch < back.size(); ++touch) back[order.place[touch]] = touch;
  rename_touches(back, replan);
  const std::optional<planning::TouchOrder> final_order =
      planning::ordered_by(now.shared_data(), days_of(now, replan.plan));
  if (final_order) rename_touches(final_order->place, replan);
  const auto& data = final_order ? final_order->data : now.shared_data();
  planning::retell_refused(data->problem, std::vector<bool>(data->problem.clients.size(), true), replan.plan);
  replan.plan.upper_bound = check_plan(data->problem, replan.plan, 0).upper_bound;
  replan.changed_bound = std::min(replan.changed_bound, replan.plan.upper_bound);
  return {data, replan.plan};
}

/// How often contacts are put into other turns at most.
constexpr int most_turns = 3;

/// A plan anew, its touches numbered as they stand in an order.
struct Replanned {
  std::optional<planning::TouchOrder> order{};  // none: as now
  Announcement announcement{};
  Replan replan{};
};

/// Plans anew in the order that some days give.
struct Turns {
  const ContactSchedule& announced;
  const ContactSchedule& now;
  Day first_open;
  const ReplanOptions& options;
  std::span<const std::string> missed;
  std::span<const HeldContact> held;
  const Control& control;
  std::vector<std::uint32_t> touches{touches_now(announced, now)};  // by touch announced
  std::vector<std::uint32_t> managers{managers_now(announced, now)};

  [[nodiscard]] std::vector<planning::DatedTouch> announced_days() const {
    std::vector<planning::DatedTouch> days;
    for (const PlannedTouch& row : announced.plan().planned)
      if (touches[row.touch] != gone) days.push_back({touches[row.touch], announced.problem().days[row.day]});
    std::sort(days.begin(), days.end(), [](const auto& a, const auto& b) { return a.touch < b.touch; });
    return days;
  }

  /// The days of a plan and of what finds room beside it in another turn; none where nothing does.
  [[nodiscard]] std::vector<planning::DatedTouch> days_with_other_turns(const Replanned& planned) const {
    const ContactSchedule::Data& data = planned.order ? *planned.order->data : now.data();
    const std::vector<PlannedTouch> found =
        planning::found_in_other_turns(data, planned.replan.plan, first_open, planned.announcement.held, control);
    if (found.empty()) return {};
    std::vector<std::uint32_t> back(data.problem.touches.size());
    for (std::uint32_t touch = 0; touch < back.size(); ++touch)
      back[planned.order ? planned.order->place[touch] : touch] = touch;
    std::vector<planning::DatedTouch> days;
    for (const std::vector<PlannedTouch>* rows : {&planned.replan.plan.planned, &found})
      for (const PlannedTouch& row : *rows) days.push_back({back[row.touch], data.problem.days[row.day]});
    std::sort(days.begin(), days.end(), [](const auto& a, const auto& b) { return a.touch < b.touch; });
    return days;
  }

  [[nodiscard]] Replanned run(std::span<const planning::DatedTouch> days, const Control& progress) const {
    Replanned made{planning::ordered_by(now.shared_data(), days)};
    const ContactSchedule open = made.order ? ContactSchedule(made.order->data, {}) : now;
    std::vector<std::uint32_t> places_of = touches;
    for (std::uint32_t& touch : places_of)
      if (made.order && touch != gone) touch = made.order->place[touch];
    Announcement& announcement = made.announcement;
    announcement = announcement_of(announced.problem(), announced.plan(), open.problem(), places_of, managers);
    const auto channels = places(now.channels(), [](const std::string& name) { return name; });
    const std::set<std::string_view> lost(missed.begin(), missed.end());
    for (std::size_t row = 0; row < announcement.touches.size(); ++row) {
      AnnouncedTouch& touch = announcement.touches[row];
      const std::uint32_t channel = place_or_gone(channels, announced.channels()[touch.channel]);
      touch.channel = channel == gone ? 0 : channel;
      if (channel == gone) touch.touch = gone;
      touch.missed = !lost.empty() && lost.contains(announced.id(announced.plan().planned[row].touch));
    }
    add_held(announced, open, places_of, held, announcement);
    // Prices of contacts are by channel: of other channels they say nothing.
    if (announced.channels() != now.channels()) announcement.prices = {};
    made.replan = replan_contacts(open.problem(), announcement, first_open, options, progress);
    return made;
  }
};

}  // namespace

std::vector<HeldContact> held_contacts(const ContactSchedule& announced, const ClientBase& base, Day first_open,
                                       const RegistryOptions& options, const Control& control) {
  using planning::ContactLine;
  const ContactSchedule::Data& data = announced.data();
  const Day from = data.known_until + std::chrono::days{1}, to = first_open - std::chrono::days{1};
  if (to < from) return {};
  const planning::ClientRows rows(base);
  std::set<std::string> unknown;
  const std::vector<ContactLine> lines = planning::contact_lines(base, rows, data.policy, from, to, unknown);
  if (lines.empty()) return {};
  const Column clients = base.client_column();
  std::vector<HeldContact> held;
  std::unordered_map<std::string, std::size_t> first_of;  // by client
  for (const ContactLine& line : lines) {
    held.push_back(
        {clients.to_text(line.row), data.channels[line.channel], Day{std::chrono::days{line.day}}, {}, false});
    first_of.emplace(held.back().client, held.size() - 1);
  }
  const std::unordered_map<std::string, std::int32_t> days = planning::contacts_held(base, to);
  const Table registry = registry_of(
      announced, base, announced.time_zone().start_of(first_open) - std::chrono::microseconds{1}, options, control);
  const Column &ids = registry.column("id"), &of = registry.column("client"), &channel = registry.column("channel"),
               &state = registry.column("state"), &interaction = registry.column("interaction");
  const std::span<const std::int64_t> starts = registry.column("start").values<std::int64_t>();
  for (std::size_t row = 0; row < registry.rows(); ++row) {
    if (state.to_text(row) != "completed") continue;
    const auto first = first_of.find(of.to_text(row));
    if (first == first_of.end()) continue;
    const Day planned = announced.time_zone().day_of(Instant{std::chrono::microseconds{starts[row]}});
    // The day of the interaction; of one without an id the nearest contact by the channel.
    std::optional<Day> on;
    if (!interaction.is_null(row))
      if (const auto known = days.find(interaction.to_text(row)); known != days.end())
        on = Day{std::chrono::days{known->second}};
    HeldContact* best = nullptr;
    for (std::size_t i = first->second; i < held.size() && held[i].client == first->first; ++i) {
      HeldContact& one = held[i];
      if (!one.contact.empty() || one.channel != channel.to_text(row) || (on && one.day != *on)) continue;
      if (best == nullptr || std::chrono::abs(one.day - planned) < std::chrono::abs(best->day - planned)) best = &one;
    }
    if (best == nullptr) continue;
    best->contact = ids.to_text(row);
    best->early = planned >= first_open;
  }
  return held;
}

std::vector<std::string> held_early(std::span<const HeldContact> held) {
  std::vector<std::string> ids;
  for (const HeldContact& one : held)
    if (one.early) ids.push_back(one.contact);
  return ids;
}

Reschedule::Reschedule(ContactSchedule announced, ContactSchedule now, Replan replan, Day first_open,
                       std::map<std::string, Day> held)
    : announced_(std::move(announced)),
      now_(std::move(now)),
      replan_(std::make_shared<const Replan>(std::move(replan))),
      first_open_(first_open),
      held_(std::move(held)) {}

Table Reschedule::changes(Language language) const {
  const bool russian = language == Language::russian;
  const std::vector<PlannedTouch>& before = announced_.plan().planned;
  const std::vector<PlannedTouch>& after = now_.plan().planned;
  const std::vector<RefusedTouch>& refused = now_.plan().refused;
  Texts ids, clients, kinds, managers_before, managers, channels, texts;
  std::vector<std::optional<Moment>> starts_before, starts;
  std::vector<std::int64_t> prices;
  Clocks clocks;
  std::optional<Table> reasons;  // in words, where any is asked for
  for (const PlanChange& change : replan_->changes) {
    std::optional<std::string> manager_before, manager, channel, text;
    std::optional<Moment> start_before, start;
    const bool was = change.announced != gone;
    if (was) {
      const PlannedTouch& row = before[change.announced];
      manager_before = announced_.managers()[row.manager].id;
      start_before = moment_of(announced_, row.manager, announced_.problem().days[row.day], row.start);
      channel = announced_.channels()[row.channel];
    }
    std::string why;
    if (change.touch != gone) {
      const auto at = std::lower_bound(after.begin(), after.end(), change.touch,
                                       [](const PlannedTouch& row, std::uint32_t touch) { return row.touch < touch; });
      if (at != after.end() && at->touch == change.touch && change.kind != ChangeKind::dropped) {
        manager = now_.managers()[at->manager].id;
        start = moment_of(now_, at->manager, now_.problem().days[at->day], at->start);
        channel = now_.channels()[at->channel];
      }
      const auto no = std::lower_bound(refused.begin(), refused.end(), change.touch,
                                       [](const RefusedTouch& row, std::uint32_t touch) { return row.touch < touch; });
      if (no != refused.end() && no->touch == change.touch) {
        if (const Day last = now_.problem().touches[change.touch].last;
            last < first_open_ && no->reason >= Refusal::capacity) {
          why = fmt::format(fmt::runtime(russian ? "последний его день был {}" : "its last day was {}"), to_text(last));
        } else {
          if (!reasons) reasons = now_.refused(language);
          why = reasons->column("text").to_text(static_cast<std::size_t>(no - refused.begin()));
        }
      }
    }
    switch (change.kind) {
      case ChangeKind::moved:
      case ChangeKind::reassigned:
        if (start_before && start)
          text = fmt::format(fmt::runtime(russian ? "{}: было {}, {}; стало {}, {}" : "{}: was {}, {}; is {}, {}"),
                             change.kind == ChangeKind::moved ? (russian ? "перенесено" : "moved")
                                                              : (russian ? "передано" : "handed over"),
                             clocks.text(*start_before), *manager_before, clocks.text(*start), *manager);
        break;
      case ChangeKind::added:
        if (start)
          text =
              fmt::format(fmt::runtime(russian ? "добавлено: {}, {}" : "added: {}, {}"), clocks.text(*start), *manager);
        break;
      case ChangeKind::dropped:
        if (!start_before) break;
        if (const auto held = held_.find(announced_.id(before[change.announced].touch)); held != held_.end())
          text = fmt::format(fmt::runtime(russian ? "уже проведён {}: было {}, {}" : "held already on {}: was {}, {}"),
                             to_text(held->second), clocks.text(*start_before), *manager_before);
        else
          text = fmt::format(fmt::runtime(russian ? "отменено: было {}, {}; {}" : "dropped: was {}, {}; {}"),
                             clocks.text(*start_before), *manager_before,
                             change.touch == gone ? (russian ? "больше не требуется" : "asked for no more")
                             : why.empty()        ? (russian ? "не найдено места" : "no place was found")
                                                  : why.c_str());
        break;
    }
    const ContactSchedule& of = change.touch != gone ? now_ : announced_;
    const std::uint32_t touch = change.touch != gone ? change.touch : before[change.announced].touch;
    ids.emplace_back(of.id(touch));
    clients.emplace_back(client_of(of, touch));
    kinds.emplace_back(name(change.kind));
    managers_before.push_back(std::move(manager_before));
    starts_before.push_back(std::move(start_before));
    managers.push_back(std::move(manager));
    starts.push_back(std::move(start));
    channels.push_back(std::move(channel));
    prices.push_back(change.price);
    texts.push_back(std::move(text));
  }
  std::vector<std::uint32_t> order(prices.size());
  std::iota(order.begin(), order.end(), 0U);
  const auto when = [&](std::uint32_t row) {
    return starts_before[row] ? starts_before[row]->at : starts[row] ? starts[row]->at : Instant::max();
  };
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(when(a), *ids[a]) < std::pair(when(b), *ids[b]);
  });
  Buffer<std::int64_t> amounts(prices.size());
  std::copy(prices.begin(), prices.end(), amounts.begin());
  return Table({Column("id", ids), Column("client", clients), Column("change", kinds),
                Column("manager_before", managers_before), instants("start_before", starts_before),
                Column("manager", managers), instants("start", starts), Column("channel", channels),
                Column("price", ColumnType::money, std::move(amounts)), Column("text", texts)})
      .take(order);
}

Reschedule replan_schedule(const ContactSchedule& announced, const ContactSchedule& now, Day first_open,
                           const ReplanOptions& options, std::span<const std::string> missed,
                           std::span<const HeldContact> held, const Control& control) {
  if (const Day last = announced.period().last; first_open > last)
    throw Error(Code::invalid_argument,
                fmt::format("{} lies behind the plan, which ends on {}", to_text(first_open), to_text(last)),
                "first_open");
  const PlanProblem& problem = announced.problem();
  for (const PlannedTouch& row : announced.plan().planned)
    if (row.manager >= problem.managers || row.day >= problem.days.size() || row.channel >= problem.channels)
      throw Error(
          Code::bad_data,
          fmt::format("the announced contact {} is by a manager or channel, or on a day, that is there no more: "
                      "the plan is read back with the managers and the policy that it was made of",
                      announced.id(row.touch)),
          "planned");
  const Turns turns{announced, now, first_open, options, missed, held, control};
  // Contacts of several quotas stand in the order in which they were announced, whatever order they would have now.
  Replanned best = turns.run(turns.announced_days(), control);
  Control quiet = control;
  quiet.progress = {};
  // What finds no place in its turn among the client's contacts may find one in another.
  for (int turn = 0; turn < most_turns; ++turn) {
    const std::vector<planning::DatedTouch> days = turns.days_with_other_turns(best);
    if (days.empty()) break;
    Replanned other = turns.run(days, quiet);
    const auto worth = [&](const Replanned& one) {
      return std::pair(options.change_cost ? 0 : one.replan.stayed, one.replan.changed_objective);
    };
    if (worth(other) <= worth(best)) break;
    best = std::move(other);
  }
  Replan& replan = best.replan;
  ContactSchedule planned = best.order ? settled(now, *best.order, replan) : now.with(replan.plan);
  std::map<std::string, Day> early;
  for (const HeldContact& one : held)
    if (one.early) early.emplace(one.contact, one.day);
  return {announced, std::move(planned), std::move(replan), first_open, std::move(early)};
}

Table registry_of(const ContactSchedule& schedule, const ClientBase& base, Instant as_of,
                  const RegistryOptions& options, const Control& control) {
  const PlanProblem& problem = schedule.problem();
  std::vector<RegistryManager> managers;
  for (std::size_t m = 0; m < schedule.managers().size(); ++m) {
    RegistryManager& known = managers.emplace_back();
    known.manager = schedule.managers()[m].id;
    std::size_t d = 0;
    for (Day day = schedule.period().first; day <= schedule.period().last; day += std::chrono::days{1}) {
      while (d < problem.days.size() && problem.days[d] < day) ++d;
      const bool there = d < problem.days.size() && problem.days[d] == day;
      const std::int32_t minutes = there ? problem.minutes[problem.bin(m, d)] : 0;
      if (minutes == 0)
        known.absences.emplace_back(day, day);
      else
        known.days.emplace_back(day, minutes);
    }
  }
  return make_registry(schedule.planned(options.language), base, managers, as_of, options, control);
}

}  // namespace klientela
