// What clients have permitted on which days, and when they were contacted last.
#include <algorithm>
#include <map>
#include <utility>

#include "core/text.hpp"
#include "plan/compiler.hpp"
#include "plan/policy_check.hpp"

namespace klientela::planning::compiling {

bool Compiler::advertises(const std::string& folded_purpose) const {
  return std::any_of(policy_.advertising.begin(), policy_.advertising.end(),
                     [&](const std::string& purpose) { return folded_name(purpose) == folded_purpose; });
}

void Compiler::add_consents() {
  const std::vector<std::string>& words = data_->channels;
  const std::vector<std::string>& purposes = consents_.values();
  const std::vector<ConsentLine> lines = consent_lines(base_, rows_of_, policy_, purposes, unknown_channels_);
  const Column* countries = column("card.country", root);
  // What takes a consent, by country: for each purpose the channels.
  std::map<std::string, std::vector<std::uint32_t>> required;
  const auto required_in = [&](const std::string& country) -> const std::vector<std::uint32_t>& {
    const auto [known, added] = required.try_emplace(country, purposes.size(), 0);
    if (!added) return known->second;
    for (std::size_t p = 0; p < purposes.size(); ++p)
      for (std::size_t c = 0; c < policy_.channels.size(); ++c)
        if (policy_.channels[c].consent ||
            consent_required(policy_.rule_packs, {country, words[c], advertises(purposes[p])}, period_.first,
                             period_.last))
          known->second[p] |= std::uint32_t{1} << c;
    return known->second;
  };
  Interned<std::vector<std::uint32_t>> profiles;
  const std::uint32_t every =
      policy_.channels.size() == 32 ? any_channel : (std::uint32_t{1} << policy_.channels.size()) - 1;
  dated_consents_.assign(data_->client_rows.size(), none);
  auto line = lines.begin();
  for (std::size_t client = 0; client < data_->client_rows.size(); ++client) {
    const std::uint32_t row = data_->client_rows[client];
    while (line != lines.end() && line->row < row) ++line;
    auto end = line;
    while (end != lines.end() && end->row == row) ++end;
    const std::vector<std::uint32_t>& asks = required_in(country_of(row, countries));
    std::vector<std::uint32_t> masks(purposes.size());
    if (line == end) {
      for (std::size_t p = 0; p < masks.size(); ++p) masks[p] = every & ~asks[p];
    } else {
      masks = by_day(std::span(lines).subspan(static_cast<std::size_t>(line - lines.begin()),
                                              static_cast<std::size_t>(end - line)),
                     asks, client);
    }
    line = end;
    data_->problem.clients[client].consents = profiles(masks);
  }
  data_->problem.consents = profiles.values();
}

std::vector<std::uint32_t> Compiler::by_day(std::span<const ConsentLine> lines, const std::vector<std::uint32_t>& asks,
                                            std::size_t client) {
  const std::size_t days_there = data_->problem.days.size(), purposes = asks.size();
  if (day_starts_.empty())
    for (const Day day : data_->problem.days)
      day_starts_.emplace_back(data_->zone.start_of(day).time_since_epoch().count(),
                               data_->zone.start_of(day + days{1}).time_since_epoch().count());
  const bool constant = std::all_of(lines.begin(), lines.end(), [&](const ConsentLine& line) {
    const std::int64_t first = day_starts_.front().first, last = day_starts_.back().second;
    return (line.since <= first || line.since >= last) && (line.until <= first || line.until >= last);
  });
  std::vector<std::uint32_t> daily;
  std::vector<std::uint32_t> some_day(purposes, 0);
  for (std::size_t d = 0; d < (constant ? std::min<std::size_t>(1, days_there) : days_there); ++d) {
    const auto [begin, end] =
        constant ? std::pair(day_starts_.front().first, day_starts_.back().second) : day_starts_[d];
    for (std::uint32_t p = 0; p < purposes; ++p) {
      std::uint32_t decided = 0, permitted = 0;
      for (const ConsentLine& line : lines) {
        if (line.purpose != any_purpose && line.purpose != p) continue;
        const bool in_force =
            line.granted ? line.since <= begin && line.until >= end : line.since < end && line.until > begin;
        if (!in_force) continue;
        if (line.granted) permitted |= line.channels & ~decided;
        decided |= line.channels;
      }
      for (std::size_t c = 0; c < policy_.channels.size(); ++c) {
        const std::uint32_t bit = std::uint32_t{1} << c;
        if ((decided & bit) == 0 && (asks[p] & bit) == 0) permitted |= bit;
      }
      if (policy_.channels.size() < 32) permitted &= (std::uint32_t{1} << policy_.channels.size()) - 1;
      daily.push_back(permitted);
      some_day[p] |= permitted;
    }
  }
  if (!constant) dated_consents_[client] = daily_consents_(daily);
  return some_day;
}

void Compiler::add_past() {
  data_->known_until = std::min(as_of_, period_.first - days{1});
  std::int32_t back = most_gap_;
  for (const PlanLimit& limit : policy_.limits) back = std::max(back, limit.days);
  if (back == 0) return;
  std::size_t client = 0;
  for (const ContactLine& line :
       contact_lines(base_, rows_of_, policy_, period_.first - days{back}, data_->known_until, unknown_channels_)) {
    while (client < data_->client_rows.size() && data_->client_rows[client] < line.row) ++client;
    if (client == data_->client_rows.size()) break;
    if (data_->client_rows[client] == line.row)
      data_->problem.past.push_back({static_cast<std::uint32_t>(client), line.channel, Day{days{line.day}}});
  }
}

}  // namespace klientela::planning::compiling
