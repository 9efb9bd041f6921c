// Contacts that a date asks for: care, surveys, campaigns, requests to come back to.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "plan/compiler.hpp"

namespace klientela::planning::compiling {

std::uint32_t Compiler::add_dated(AskedBy asked_by, std::size_t part, const std::string& name, const PlanQuota& contact,
                                  Day first, Day last, const std::string& label, std::string date_name) {
  const QuotaCut whole{{}, first, last, 0, contact.least, contact.most};
  std::vector<std::pair<Quota, Activity>> quotas;
  quotas.emplace_back(quota_of(contact, whole), Activity{asked_by, static_cast<std::uint32_t>(part), 0, name, "1",
                                                         label, 0, contact.most, std::move(date_name)});
  return add_cadence(first, last, std::move(quotas));
}

Bits Compiler::asked(const Expression& when, const PlanQuota& contact, const std::string& pointer) const {
  Bits bits = holds(when, pointer + "/when");
  if (!contact.only_if) return bits;
  const Bits also = holds(*contact.only_if, pointer + "/contact/only_if");
  for (std::size_t row = 0; row < bits.size(); ++row) bits[row] = bits[row] & also[row];
  return bits;
}

std::unordered_map<std::string, std::int32_t> Compiler::last_held(const std::string& name) {
  if (!held_) held_ = contacts_held(base_, std::min(as_of_, period_.first - days{1}));
  // client/name/quota/period/number
  const std::string part = contact_id("", name, "", "", 0);
  const std::string middle = part.substr(0, part.find('/', 1) + 1);
  std::unordered_map<std::string, std::int32_t> last;
  for (const auto& [id, day] : *held_) {
    const std::size_t end = id.find('/');
    if (end == std::string::npos || id.compare(end, middle.size(), middle) != 0) continue;
    std::int32_t& known = last.try_emplace(id.substr(0, end), day).first->second;
    known = std::max(known, day);
  }
  return last;
}

bool Compiler::was_held(std::size_t row, const std::string& name, const std::string& label, const PlanQuota& contact) {
  if (!held_) held_ = contacts_held(base_, std::min(as_of_, period_.first - days{1}));
  if (held_->empty()) return false;
  const std::string client = data_->clients.to_text(row);
  for (std::int32_t number = 1; number <= contact.most; ++number)
    if (!held_->contains(contact_id(client, name, "1", label, number))) return false;
  return true;
}

void Compiler::add_care() {
  for (std::size_t i = 0; i < policy_.care.size(); ++i) {
    const CareContact& care = policy_.care[i];
    const std::string at = place("care", i);
    const Bits fits = asked(care.when, care.contact, at);
    const std::uint32_t by = by_of(care.contact.by);
    std::map<std::pair<Day, std::string>, std::uint32_t> cadences;
    const Ask ask = [&](std::uint32_t row, Day day, const std::string& name) {
      const Day first = std::max(day - days{care.before_days}, period_.first);
      const Day last = std::min(day + days{care.after_days}, period_.last);
      if (first > last || was_held(row, care.name, to_text(day), care.contact)) return;
      const auto [known, added] = cadences.try_emplace({day, name}, 0);
      if (added) known->second = add_dated(AskedBy::care, i, care.name, care.contact, first, last, to_text(day), name);
      asked_.push_back({row, known->second, by, 1000, 0});
    };
    if (care.on == "holidays") {
      add_holidays(care, fits, ask);
      continue;
    }
    const Column* dates = column(care.on, at + "/on");
    if (dates == nullptr) continue;
    if (dates->type() != ColumnType::day)
      throw Error(Code::bad_policy, fmt::format("column {} holds {}, not days", care.on, name(dates->type())),
                  at + "/on");
    const std::span<const std::int32_t> values = dates->values<std::int32_t>();
    for (std::uint32_t row = 0; row < fits.size(); ++row) {
      if (fits[row] == 0 || dates->is_null(row)) continue;
      for (const Day day : anniversaries(Day{days{values[row]}}, period_.first - days{care.after_days},
                                         period_.last + days{care.before_days}))
        ask(row, day, {});
    }
  }
}

void Compiler::add_holidays(const CareContact& care, const Bits& fits, const Ask& ask) {
  const Column* countries = column("card.country", root);
  if (countries == nullptr) return;
  std::map<std::string, std::vector<Holiday>> of_country;
  for (std::uint32_t row = 0; row < fits.size(); ++row) {
    if (fits[row] == 0) continue;
    const std::string country = country_of(row, countries);
    if (country.empty()) continue;
    const auto [known, added] = of_country.try_emplace(country);
    if (added)
      for (const Holiday& holiday : known_.holidays.between(country, "", period_.first - days{care.after_days},
                                                            period_.last + days{care.before_days}))
        if (care.holidays.empty() || std::any_of(care.holidays.begin(), care.holidays.end(),
                                                 [&](const auto& name) { return holiday.is_called(name); }))
          known->second.push_back(holiday);
    for (const Holiday& holiday : known->second) ask(row, holiday.day, holiday.name);
  }
}

void Compiler::add_surveys() {
  for (std::size_t i = 0; i < policy_.surveys.size(); ++i) {
    const PlanSurvey& survey = policy_.surveys[i];
    const Bits fits = asked(survey.when, survey.contact, place("surveys", i));
    const std::uint32_t by = by_of(survey.contact.by);
    const std::vector<std::int32_t> last = last_answers(base_, rows_of_, survey.measure, as_of_);
    const std::unordered_map<std::string, std::int32_t> asked_last = last_held(survey.name);
    std::map<Day, std::uint32_t> cadences;
    for (std::uint32_t row = 0; row < fits.size(); ++row) {
      if (fits[row] == 0) continue;
      std::int32_t since = last[row];
      if (!asked_last.empty())
        if (const auto found = asked_last.find(client_part(data_->clients.to_text(row))); found != asked_last.end())
          since = std::max(since, found->second);
      const Day due =
          since == null_day ? period_.first : std::max(period_.first, Day{days{since}} + days{survey.every_days});
      if (due > period_.last) continue;
      const auto [known, added] = cadences.try_emplace(due, 0);
      if (added)
        known->second = add_dated(AskedBy::survey, i, survey.name, survey.contact, due, period_.last, to_text(due));
      asked_.push_back({row, known->second, by, 1000, 0});
    }
  }
}

void Compiler::add_campaigns() {
  for (std::size_t i = 0; i < policy_.campaigns.size(); ++i) {
    const Campaign& campaign = policy_.campaigns[i];
    const Bits fits = asked(campaign.when, campaign.contact, place("campaigns", i));
    const std::uint32_t by = by_of(campaign.contact.by);
    const Day first = std::max(period_.first, campaign.first.value_or(period_.first));
    const Day last = std::min(period_.last, campaign.deadline);
    if (first > last) {
      note(fmt::format("Campaign \"{}\" lies outside the period.", campaign.name),
           fmt::format("Кампания «{}» не попадает в период плана.", campaign.name));
      continue;
    }
    const std::uint32_t cadence =
        add_dated(AskedBy::campaign, i, campaign.name, campaign.contact, first, last, to_text(campaign.deadline));
    for (std::uint32_t row = 0; row < fits.size(); ++row)
      if (fits[row] != 0 && !was_held(row, campaign.name, to_text(campaign.deadline), campaign.contact))
        asked_.push_back({row, cadence, by, 1000, 0});
  }
}

void Compiler::add_revisits() {
  if (!policy_.revisits) return;
  const Revisits& revisits = *policy_.revisits;
  Bits fits(table_.rows(), 1);
  if (revisits.contact.only_if) fits = holds(*revisits.contact.only_if, root + "/revisits/contact/only_if");
  const std::uint32_t by = by_of(revisits.contact.by);
  const Day from = period_.first - days{revisits.overdue_days};
  // A day that somebody kept, then or later, is done with.
  std::vector<std::int32_t> last_contact(table_.rows(), null_day);
  for (const ContactLine& line :
       contact_lines(base_, rows_of_, policy_, from, std::min(as_of_, period_.first - days{1}), unknown_channels_))
    last_contact[line.row] = std::max(last_contact[line.row], line.day);
  std::map<Day, std::uint32_t> cadences;
  for (const RequestLine& line : request_lines(base_, rows_of_, revisits, as_of_, from, period_.last)) {
    if (fits[line.row] == 0 || last_contact[line.row] >= line.day) continue;
    const Day day{days{line.day}};
    const Day first = std::max(day, period_.first);
    const auto [known, added] = cadences.try_emplace(day, 0);
    if (added)
      known->second = add_dated(AskedBy::revisit, 0, "revisit", revisits.contact, first,
                                std::min(period_.last, first + days{revisits.within_days}), to_text(day));
    asked_.push_back({line.row, known->second, by, 1000, 0});
  }
}

}  // namespace klientela::planning::compiling
