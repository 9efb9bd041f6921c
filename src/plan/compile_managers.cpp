// Managers of a plan: the days on which they work, whose the clients are, and who may do what.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/text.hpp"
#include "klientela/plan/calendar.hpp"
#include "plan/compiler.hpp"
#include "plan/countries.hpp"
#include "plan/tags.hpp"
#include "plan/wall_clock.hpp"

namespace klientela::planning::compiling {

void Compiler::add_managers(const Table& table) {
  data_->managers = managers_from_table(table, policy_);
  const std::size_t size = data_->managers.size();
  if (size == 0)
    note("There are no managers, so nothing can be planned.", "Менеджеров нет, поэтому запланировать нечего.");
  for (const auto& [column, meant] : misspelt_manager_columns(table))
    note(fmt::format("The table of managers has a column {} that is not read; did you mean {}?", column, meant),
         fmt::format("В таблице менеджеров есть столбец {}, который не читается; может быть, {}?", column, meant));
  std::vector<Day> all;
  for (Day day = period_.first; day <= period_.last; day += days{1}) all.push_back(day);
  std::vector<std::vector<std::vector<MinuteSpan>>> spans(size);
  std::vector<bool> works(all.size());
  std::vector<bool> usually(all.size());
  work_.assign(all.size(), {});
  for (std::size_t m = 0; m < size; ++m) {
    const PlanManager& manager = data_->managers[m];
    WorkCalendar calendar{zone_of(manager), manager.week, manager.exceptions, manager.absences};
    const std::string country = country_code(manager.country);
    for (const Day holiday : known_.holidays.days_between(country, "", period_.first - days{1}, period_.last + days{1}))
      if (std::none_of(manager.exceptions.begin(), manager.exceptions.end(),
                       [&](const DayHours& own) { return own.day == holiday; }))  // the manager's own word wins
        calendar.absences.push_back({holiday, holiday});
    spans[m] = working_spans(calendar, data_->zone, all);
    calendar.absences.erase(calendar.absences.begin(),
                            calendar.absences.begin() + static_cast<std::ptrdiff_t>(manager.absences.size()));
    const std::vector<std::vector<MinuteSpan>> present = working_spans(calendar, data_->zone, all);
    for (std::size_t d = 0; d < all.size(); ++d) {
      if (!spans[m][d].empty() && manager.minutes != 0) works[d] = true;
      if (!present[d].empty() && manager.minutes != 0) usually[d] = true;
      work_[d].insert(work_[d].end(), spans[m][d].begin(), spans[m][d].end());
    }
  }
  for (std::vector<MinuteSpan>& day : work_) merge_spans(day);
  for (std::size_t d = 0; d < all.size(); ++d)
    if (usually[d]) usual_days_.push_back(all[d]);
  PlanProblem& problem = data_->problem;
  if (std::find(works.begin(), works.end(), true) == works.end()) works.assign(all.size(), true);
  std::vector<std::vector<MinuteSpan>> kept;
  std::vector<std::size_t> places;
  for (std::size_t d = 0; d < all.size(); ++d) {
    if (!works[d]) continue;
    problem.days.push_back(all[d]);
    kept.push_back(std::move(work_[d]));
    places.push_back(d);
  }
  work_ = std::move(kept);
  problem.managers = size;
  problem.channels = policy_.channels.size();
  bool limited = false;
  for (std::uint32_t m = 0; m < size; ++m) {
    const PlanManager& manager = data_->managers[m];
    for (std::uint32_t d = 0; d < places.size(); ++d) {
      std::int32_t minutes = 0;
      for (const MinuteSpan& span : spans[m][places[d]]) {
        minutes += span.to - span.from;
        problem.shifts.push_back({m, d, span});
      }
      problem.minutes.push_back(manager.minutes < 0 ? minutes : std::min(minutes, manager.minutes));
      for (const PlanChannel& channel : policy_.channels) {
        const auto own = manager.capacities.find(channel.name);
        const std::int32_t contacts = own != manager.capacities.end() ? own->second
                                      : channel.contacts == 0         ? unlimited_contacts
                                                                      : channel.contacts;
        limited = limited || contacts != unlimited_contacts;
        problem.contacts.push_back(contacts);
      }
    }
  }
  if (!limited) problem.contacts.clear();
  for (const PlanManager& manager : data_->managers) {
    std::set<std::string>& own = tags_.emplace_back();
    for (const std::string& tag : manager.tags) own.insert(folded_name(tag));
    every_tag_.insert(own.begin(), own.end());
    std::set<std::string>& in = pools_.emplace_back();
    for (const std::string& pool : manager.pools) in.insert(folded_name(pool));
  }
  std::set<std::string> idle;
  for (std::size_t m = 0; m < size; ++m) {
    const auto first = problem.minutes.begin() + static_cast<std::ptrdiff_t>(problem.bin(m, 0));
    if (std::all_of(first, first + static_cast<std::ptrdiff_t>(places.size()),
                    [](std::int32_t own) { return own == 0; }))
      idle.insert(data_->managers[m].name);
  }
  if (!idle.empty())
    note(fmt::format("Managers who have no time for contacts on any day of the period: {}.", some(idle)),
         fmt::format("Менеджеры без времени для контактов во всём периоде: {}.", some(idle)));
}

TimeZone Compiler::zone_of(const PlanManager& manager) const {
  return manager.time_zone.empty() ? data_->zone : TimeZone::named(manager.time_zone);
}

void Compiler::add_owners() {
  std::vector<std::int64_t> load(table_.rows());
  for (const Row& row : asked_) {
    if (!std::get<0>(bys_.values()[row.by])) continue;
    for (const Quota& quota : data_->cadences[row.cadence].quotas)
      if (quota.condition == always || (row.conditions >> quota.condition & 1U) != 0)
        load[row.row] += std::int64_t{quota.minutes} * quota.most;
  }
  std::vector<OwnerManager> managers;
  bool dedicated_there = false;
  for (std::size_t m = 0; m < data_->managers.size(); ++m) {
    std::int64_t minutes = 0;
    for (std::size_t d = 0; d < data_->problem.days.size(); ++d)
      minutes += data_->problem.minutes[data_->problem.bin(m, d)];
    managers.push_back({{tags_[m].begin(), tags_[m].end()}, minutes, data_->managers[m].dedicated});
    dedicated_there = dedicated_there || (data_->managers[m].dedicated && minutes > 0);
  }
  Bits dedicated(table_.rows(), 0);
  if (policy_.owners.dedicated) {
    dedicated = holds(*policy_.owners.dedicated, root + "/owners/dedicated");
    if (!dedicated_there && std::find(dedicated.begin(), dedicated.end(), 1) != dedicated.end()) {
      std::fill(dedicated.begin(), dedicated.end(), std::uint8_t{0});
      note("No dedicated manager works in the period: clients who want one are treated as the others.",
           "Персональных менеджеров в периоде нет: клиентам, которым они нужны, назначены обычные.");
    }
  }
  std::vector<Tags> needs;
  for (std::size_t i = 0; i < policy_.owners.needs.size(); ++i)
    needs.emplace_back(column(policy_.owners.needs[i], fmt::format("{}/owners/needs/{}", root, i)));
  const std::vector<std::uint32_t> owner = owners_on_cards(), announced = announced_owners();
  const std::span<const std::uint32_t> codes = base_.codes_in_order();
  std::vector<OwnerClient> clients;
  clients.reserve(table_.rows());
  for (std::size_t row = 0; row < table_.rows(); ++row) {
    OwnerClient client{base_.id_of(codes[row]),
                       std::clamp<std::int64_t>(load[row], 1, 10'000'000),
                       {},
                       owner[row],
                       dedicated[row] != 0,
                       announced[row]};
    for (const Tags& need : needs)
      if (std::string tag = need(row); !tag.empty() && every_tag_.contains(tag)) client.needs.push_back(std::move(tag));
    clients.push_back(std::move(client));
  }
  data_->owners = assign_owners(managers, clients, {.keep = policy_.owners.keep});
}

std::vector<std::uint32_t> Compiler::owners_on_cards() {
  std::vector<std::uint32_t> owner(table_.rows(), no_owner);
  const Column* given = column("card.owner", root);
  if (given == nullptr) return owner;
  std::map<std::string, std::uint32_t> names, ids;
  for (std::uint32_t m = 0; m < data_->managers.size(); ++m) {
    ids.emplace(data_->managers[m].id, m);
    const auto [at, added] = names.try_emplace(folded_name(data_->managers[m].name), m);
    if (!added) at->second = no_owner;
  }
  std::unordered_map<std::string, std::uint32_t> meant;
  std::set<std::string> strangers;
  for (std::size_t row = 0; row < owner.size(); ++row) {
    if (given->is_null(row)) continue;
    const std::string text = given->to_text(row);
    const auto [known, added] = meant.try_emplace(text, no_owner);
    if (added) {
      if (const auto id = ids.find(text); id != ids.end()) {
        known->second = id->second;
      } else if (const auto name = names.find(folded_name(text)); name != names.end()) {
        known->second = name->second;
      }
      if (known->second == no_owner) strangers.insert(text);
    }
    owner[row] = known->second;
  }
  if (!strangers.empty())
    note(fmt::format("Owners on cards who are no managers of this plan, {}: {}.", strangers.size(), some(strangers)),
         fmt::format("Ответственные из карточек, которых нет среди менеджеров плана, {}: {}.", strangers.size(),
                     some(strangers)));
  return owner;
}

std::vector<std::uint32_t> Compiler::announced_owners() const {
  std::vector<std::uint32_t> owner(table_.rows(), no_owner);
  if (known_.owners.columns().empty()) return owner;
  std::unordered_map<std::string, std::uint32_t> ids, of_client;
  for (std::uint32_t m = 0; m < data_->managers.size(); ++m) ids.emplace(data_->managers[m].id, m);
  const Column &clients = known_.owners.column("client"), &managers = known_.owners.column("manager");
  for (std::size_t row = 0; row < known_.owners.rows(); ++row)
    if (!clients.is_null(row) && !managers.is_null(row))
      if (const auto id = ids.find(managers.to_text(row)); id != ids.end())
        of_client.emplace(clients.to_text(row), id->second);
  for (std::size_t row = 0; row < owner.size(); ++row)
    if (const auto found = of_client.find(data_->clients.to_text(row)); found != of_client.end())
      owner[row] = found->second;
  return owner;
}

std::uint32_t Compiler::pool_of(std::uint32_t by, std::uint32_t owner, std::uint32_t language) {
  const std::size_t languages = languages_.values().size() + 1;
  if (pool_places_.empty()) pool_places_.resize(bys_.values().size());
  std::vector<std::uint32_t>& places = pool_places_[by];
  const auto& [owns, pool, skills, speaks] = bys_.values()[by];
  const std::size_t at = (owns && owner != no_owner ? owner + 1 : 0) * languages + (speaks ? language : 0);
  if (places.empty()) places.assign((data_->managers.size() + 1) * languages, none);
  if (places[at] != none) return places[at];
  std::vector<std::uint32_t> members;
  for (std::uint32_t m = 0; m < data_->managers.size(); ++m) {
    if (owns && m != owner) continue;
    if (!pool.empty() && !pools_[m].contains(pool)) continue;
    if (!std::all_of(skills.begin(), skills.end(), [&](const std::string& tag) { return tags_[m].contains(tag); }))
      continue;
    if (speaks && language > 0 && !tags_[m].contains(languages_.values()[language - 1])) continue;
    members.push_back(m);
  }
  data_->problem.pools.push_back(std::move(members));
  places[at] = static_cast<std::uint32_t>(data_->problem.pools.size() - 1);
  return places[at];
}

}  // namespace klientela::planning::compiling
