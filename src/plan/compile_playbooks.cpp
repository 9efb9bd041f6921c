// Playbooks to cadences of quotas, and the clients whom they fit.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "core/text.hpp"
#include "plan/compiler.hpp"
#include "plan/policy_check.hpp"

namespace klientela::planning::compiling {

std::uint32_t Compiler::channels_of(const std::vector<std::string>& names) const {
  std::uint32_t mask = 0;
  for (const std::string& name : names) mask |= std::uint32_t{1} << find_channel(policy_, name);
  return mask;
}

std::uint32_t Compiler::by_of(const ContactBy& by) {
  std::tuple<bool, std::string, std::vector<std::string>, bool> key{by.owner, folded_name(by.pool), {}, by.language};
  for (const std::string& skill : by.skills) std::get<2>(key).push_back(folded_name(skill));
  return bys_(key);
}

Quota Compiler::quota_of(const PlanQuota& given, const QuotaCut& part) {
  Quota quota;
  quota.least = part.least;
  quota.most = part.most;
  quota.channels = channels_of(given.channels);
  quota.minutes =
      given.minutes > 0 ? given.minutes : policy_.channels[find_channel(policy_, given.channels.front())].minutes;
  quota.purposes = {consents_(folded_name(given.consent))};
  quota.value = given.value;
  for (std::int32_t k = 0; k < part.skip; ++k) quota.value = quota.value * given.keep_per_mille / 1000;
  quota.keep_per_mille = given.keep_per_mille;
  quota.least_value = given.least_value;
  quota.gap_days = given.gap_days;
  quota.spread = given.spread;
  most_gap_ = std::max(most_gap_, given.gap_days);
  return quota;
}

std::uint32_t Compiler::add_cadence(Day first, Day last, std::vector<std::pair<Quota, Activity>>&& quotas) {
  Cadence cadence{first, last, {}};
  data_->first_activity.push_back(static_cast<std::uint32_t>(data_->activities.size()));
  for (auto& [quota, activity] : quotas) {
    cadence.quotas.push_back(std::move(quota));
    data_->activities.push_back(std::move(activity));
  }
  data_->cadences.push_back(std::move(cadence));
  return static_cast<std::uint32_t>(data_->cadences.size() - 1);
}

void Compiler::add_playbooks() {
  std::map<std::string, Bits> taken;
  for (std::uint32_t p = 0; p < policy_.playbooks.size(); ++p) {
    const Playbook& playbook = policy_.playbooks[p];
    const std::string at = place("playbooks", p);
    Bits fits = holds(playbook.when, at + "/when");
    if (!playbook.set.empty()) {
      Bits& before = taken.try_emplace(playbook.set, Bits(fits.size(), 0)).first->second;
      for (std::size_t row = 0; row < fits.size(); ++row) {
        fits[row] = fits[row] != 0 && before[row] == 0 ? 1 : 0;
        before[row] = before[row] | fits[row];
      }
    }
    std::vector<std::int32_t> worths;
    if (playbook.worth) worths = worth(*playbook.worth, at + "/worth");
    std::vector<Bits> conditions;
    const std::vector<Group> groups = groups_of(p, conditions);
    bool anybody = false;
    for (std::uint32_t row = 0; row < fits.size(); ++row) {
      if (fits[row] == 0) continue;
      anybody = true;
      for (const Group& group : groups) {
        std::uint64_t bits = 0;
        for (std::size_t bit = 0; bit < group.conditions.size(); ++bit)
          bits |= std::uint64_t{conditions[group.conditions[bit]][row]} << bit;
        if (bits == 0 && !group.unconditional) continue;
        asked_.push_back({row, group.cadence, group.by, worths.empty() ? 1000 : worths[row], bits});
      }
    }
    if (!anybody)
      note(fmt::format("Playbook \"{}\" fits no client.", playbook.name),
           fmt::format("Сценарий «{}» не подходит ни одному клиенту.", playbook.name));
  }
}

std::vector<Group> Compiler::groups_of(std::uint32_t p, std::vector<Bits>& conditions) {
  const Playbook& playbook = policy_.playbooks[p];
  struct Parts {
    Group group;
    std::vector<std::pair<Quota, Activity>> quotas;
  };
  std::map<std::tuple<Day, Day, std::uint32_t, std::size_t>, Parts> parts;
  for (std::uint32_t q = 0; q < playbook.quotas.size(); ++q) {
    const PlanQuota& given = playbook.quotas[q];
    const std::uint32_t by = by_of(given.by);
    const std::size_t condition = conditions.size();
    if (given.only_if)
      conditions.push_back(holds(*given.only_if, fmt::format("{}/quotas/{}/only_if", place("playbooks", p), q)));
    for (const QuotaCut& one : cut(given.per, given.least, given.most, period_)) {
      Parts& part = parts[{one.first, one.last, by, condition / 64}];
      part.group.by = by;
      Quota quota = quota_of(given, one);
      if (given.only_if) {
        quota.condition = static_cast<std::uint32_t>(part.group.conditions.size());
        part.group.conditions.push_back(condition);
      } else {
        part.group.unconditional = true;
      }
      part.quotas.emplace_back(std::move(quota), Activity{AskedBy::playbook,
                                                          p,
                                                          q,
                                                          playbook.name,
                                                          given.name.empty() ? std::to_string(q + 1) : given.name,
                                                          one.period.label,
                                                          one.skip,
                                                          given.most,
                                                          {}});
    }
  }
  std::vector<Group> groups;
  for (auto& [key, part] : parts) {
    part.group.cadence = add_cadence(std::get<0>(key), std::get<1>(key), std::move(part.quotas));
    groups.push_back(std::move(part.group));
  }
  return groups;
}

}  // namespace klientela::planning::compiling
