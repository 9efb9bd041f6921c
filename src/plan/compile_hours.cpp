// In which minutes of the plan's days a client may be contacted.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "core/text.hpp"
#include "plan/compiler.hpp"
#include "plan/countries.hpp"

namespace klientela::planning::compiling {

std::string Compiler::country_of(std::size_t row, const Column* countries) {
  if (countries == nullptr || countries->is_null(row)) return {};
  const auto [known, added] = country_codes_.try_emplace(countries->to_text(row));
  if (added) {
    known->second = country_code(known->first);
    if (known->second.empty()) unknown_countries_.insert(known->first);
  }
  return known->second;
}

void Compiler::add_hours() {
  const std::vector<std::string>& words = data_->channels;
  const Column* zones = column("card.time_zone", root);
  const Column* countries = column("card.country", root);
  const Column* regions = column("card.region", root);
  // Kinds of activities.
  Interned<HoursKind> kinds;
  std::vector<WeekHours> own;
  std::vector<HoursKind> asked;  // by activity
  for (const Activity& activity : data_->activities) {
    const PlanQuota& quota = data_->quota_of(activity);
    std::uint32_t hours = none;
    if (quota.hours) {
      const auto found = std::find(own.begin(), own.end(), *quota.hours);
      hours = static_cast<std::uint32_t>(found - own.begin());
      if (found == own.end()) own.push_back(*quota.hours);
    }
    asked.push_back({channels_of(quota.channels), hours, advertises(folded_name(quota.consent))});
  }
  // Places of clients.
  Interned<ClientPlace> places;
  std::vector<std::uint32_t> place_of;
  std::vector<TimeZone> zone_list{data_->zone};
  std::map<std::string, std::uint32_t> zone_places;
  std::set<std::string> strange_zones;
  std::map<std::string, std::size_t> without_zone;  // clients by country
  std::size_t with_zone = 0;
  for (const std::uint32_t row : data_->client_rows) {
    ClientPlace where{0, country_of(row, countries), {}};
    if (regions != nullptr && !regions->is_null(row) && !known_.holidays.rows().empty())
      where.region = regions->to_text(row);
    if (zones != nullptr && !zones->is_null(row)) {
      const auto [known, added] = zone_places.try_emplace(zones->to_text(row), 0);
      if (added) {
        try {
          zone_list.push_back(TimeZone::named(known->first));
          known->second = static_cast<std::uint32_t>(zone_list.size() - 1);
        } catch (const Error&) {
          strange_zones.insert(known->first);
        }
      }
      where.zone = known->second;
    }
    place_of.push_back(places(where));
    (where.zone == 0 ? without_zone[where.country] : with_zone) += 1;
  }
  if (!strange_zones.empty())
    note(fmt::format("Time zones on cards that do not exist; the plan's is taken: {}.", some(strange_zones)),
         fmt::format("Часовые пояса из карточек, которых нет; взят пояс плана: {}.", some(strange_zones)));
  say_without_zone(without_zone, with_zone > 0);
  // Profiles as they are needed.
  PlanProblem& problem = data_->problem;
  std::map<std::vector<std::pair<std::int32_t, std::int32_t>>, std::uint32_t> profiles;
  const auto intern = [&](const std::vector<MinuteSpan>& spans) {
    std::vector<std::pair<std::int32_t, std::int32_t>> key;
    for (const MinuteSpan& span : spans) key.emplace_back(span.from, span.to);
    const auto [known, added] = profiles.try_emplace(std::move(key), static_cast<std::uint32_t>(problem.hours.size()));
    if (added) problem.hours.push_back(spans);
    return known->second;
  };
  const std::vector<std::uint32_t> black = blacked_out();
  std::vector<std::vector<std::uint32_t>> plain;  // by kind, place
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> dated;
  for (std::size_t t = 0; t < problem.touches.size(); ++t) {
    PlanTouch& touch = problem.touches[t];
    HoursKind one = asked[data_->activity_of(t)];
    if (const std::uint32_t open = open_channels(touch, black); open != 0) one.channels = open;
    const std::uint32_t kind = kinds(one), where = place_of[touch.client];
    if (kind == plain.size()) plain.emplace_back(places.values().size(), none);
    std::uint32_t& profile = plain[kind][where];
    if (profile == none) profile = intern(profile_of(one, places.values()[where], zone_list, own, words));
    touch.hours = profile;
    const std::uint32_t days_of_consent = dated_consents_[touch.client];
    if (days_of_consent == none) continue;
    const auto [known, added] = dated.try_emplace({kind, where, days_of_consent, touch.purpose}, none);
    if (added) {
      std::vector<MinuteSpan> spans = problem.hours[profile];
      const std::vector<std::uint32_t>& permitted = daily_consents_.values()[days_of_consent];
      for (std::size_t d = 0; d < spans.size(); ++d)
        if ((permitted[d * consents_.values().size() + touch.purpose] & one.channels) != one.channels) spans[d] = {};
      known->second = intern(spans);
    }
    touch.hours = known->second;
  }
}

std::vector<std::uint32_t> Compiler::blacked_out() const {
  std::vector<std::uint32_t> black(data_->problem.days.size());
  for (const Blackout& blackout : policy_.blackouts)
    for (std::size_t d = 0; d < black.size(); ++d)
      if (const Day day = data_->problem.days[d]; day >= blackout.first && day <= blackout.last)
        black[d] |= blackout.channels.empty() ? any_channel : channels_of(blackout.channels);
  return black;
}

std::uint32_t Compiler::open_channels(PlanTouch& touch, const std::vector<std::uint32_t>& black) const {
  const PlanProblem& problem = data_->problem;
  const auto day_at = [&](Day day) {
    return static_cast<std::size_t>(std::lower_bound(problem.days.begin(), problem.days.end(), day) -
                                    problem.days.begin());
  };
  std::uint32_t open = touch.channels & problem.consents[problem.clients[touch.client].consents][touch.purpose];
  const std::size_t first = day_at(touch.first), end = day_at(touch.last + days{1});
  if ((open & (open - 1)) == 0 || first == end) return open;
  const std::uint32_t before = open;
  if (const std::uint32_t dated = dated_consents_[touch.client]; dated != none) {
    const std::vector<std::uint32_t>& permitted = daily_consents_.values()[dated];
    // On every day of the window, or at least on as many as any other.
    std::size_t most = 0;
    std::uint32_t often = 0;
    for (std::uint32_t left = open; left != 0; left &= left - 1) {
      const std::uint32_t bit = left & (~left + 1);
      std::size_t count = 0;
      for (std::size_t d = first; d < end; ++d)
        count += (permitted[d * consents_.values().size() + touch.purpose] & bit) != 0 ? 1 : 0;
      if (count > most) often = 0;
      if (count >= most && (count == end - first || often == 0)) often |= bit;
      most = std::max(most, count);
    }
    if (most > 0) open = often;
  }
  std::uint32_t always_black = any_channel;
  for (std::size_t d = first; d < end; ++d) always_black &= black[d];
  if ((open & ~always_black) != 0) open &= ~always_black;
  if (open != before) touch.channels = open;
  return open;
}

void Compiler::say_without_zone(const std::map<std::string, std::size_t>& clients, bool others_have_one) {
  std::size_t all = 0, ruled = 0;
  std::set<std::string> packs;
  for (const auto& [country, count] : clients) {
    all += count;
    bool own_clock = false;
    for (const RulePack& pack : policy_.rule_packs)
      for (const RulePackVersion& version : pack.versions)
        for (const ContactRule& rule : version.rules)
          if (pack.is_for(country) && version.effective <= period_.last && rule.hours.week != ContactHours().week) {
            own_clock = true;
            packs.insert(pack.name);
          }
    if (own_clock) ruled += count;
  }
  // Where everybody is in one place the plan's clock is theirs.
  if (all == 0 || (!others_have_one && clients.size() < 2 && ruled == 0)) return;
  std::string english = fmt::format("Clients without a time zone, whose hours are read on the plan's clock ({}): {}.",
                                    data_->zone.name(), all);
  std::string russian =
      fmt::format("Клиенты без часового пояса, часы которых взяты по времени плана ({}): {}.", data_->zone.name(), all);
  if (ruled > 0) {
    english +=
        fmt::format(" Rule packs limit the hours of {} of them by their own clock ({}): contacts may lie outside.",
                    ruled, some(packs));
    russian += fmt::format(
        " Для {} из них правила ({}) ограничивают часы по их собственному времени: контакты могут "
        "оказаться вне этих часов.",
        ruled, some(packs));
  }
  note(std::move(english), std::move(russian));
}

std::vector<MinuteSpan> Compiler::profile_of(const HoursKind& kind, const ClientPlace& where,
                                             const std::vector<TimeZone>& zones,
                                             const std::vector<WeekHours>& own_hours,
                                             const std::vector<std::string>& words) const {
  const Day first = period_.first - days{2}, last = period_.last + days{2};
  std::vector<DatedHours> hours{{first, {}}};
  for (std::size_t c = 0; c < policy_.channels.size(); ++c) {
    if ((kind.channels >> c & 1U) == 0) continue;
    ContactHours own = policy_.channels[c].hours.value_or(policy_.hours);
    if (kind.own != none) own = intersection(own, {own_hours[kind.own], true});
    hours =
        both(hours, hours_in_force(policy_.rule_packs, {where.country, words[c], kind.advertising}, own, first, last));
  }
  const std::vector<Day> holidays = known_.holidays.days_between(where.country, where.region, first, last);
  std::set<Day> blackouts;
  for (const Blackout& blackout : policy_.blackouts) {
    if (!blackout.channels.empty() && (channels_of(blackout.channels) & kind.channels) == 0) continue;
    for (Day day = std::max(first, blackout.first); day <= std::min(last, blackout.last); day += days{1})
      blackouts.insert(day);
  }
  const std::vector<Day> black(blackouts.begin(), blackouts.end());
  return hours_profile(hours, zones[where.zone], {holidays, black}, data_->zone, data_->problem.days, work_);
}

std::vector<DatedHours> Compiler::both(const std::vector<DatedHours>& a, const std::vector<DatedHours>& b) {
  std::set<Day> begins;
  for (const auto* list : {&a, &b})
    for (const DatedHours& one : *list) begins.insert(one.from);
  const auto on = [](const std::vector<DatedHours>& list, Day day) -> const ContactHours& {
    std::size_t found = 0;
    for (std::size_t i = 0; i < list.size(); ++i)
      if (list[i].from <= day) found = i;
    return list[found].hours;
  };
  std::vector<DatedHours> out;
  for (const Day day : begins) out.push_back({day, intersection(on(a, day), on(b, day))});
  return out;
}

}  // namespace klientela::planning::compiling
