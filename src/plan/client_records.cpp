// Reads consents, contacts, requests and answers of a base, block by block.
#include "plan/client_records.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string_view>
#include <tuple>

#include "klientela/model/schema.hpp"
#include "model/consent_order.hpp"
#include "plan/policy_check.hpp"

namespace klientela::planning {
namespace {

constexpr std::size_t block = 4096;

/// A block of one chunk's rows, field by field.
class Rows {
 public:
  Rows(const Chunk& chunk, std::size_t begin)
      : chunk_(chunk), begin_(begin), size_(std::min(block, chunk.rows() - begin)) {}
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
  /// Null where no row has any.
  [[nodiscard]] const Values* values(InteractionField field) const { return chunk_[field]; }
  [[nodiscard]] std::uint32_t client(std::size_t i) const { return chunk_.clients()[begin_ + i]; }

  template <class Field>
  [[nodiscard]] std::vector<std::uint32_t> codes(Field field) const {
    std::vector<std::uint32_t> read(size_, no_code);
    if (const Values* values = chunk_[field]) values->codes(begin_, read);
    return read;
  }
  template <class Field>
  [[nodiscard]] std::vector<std::int32_t> days(Field field) const {
    std::vector<std::int32_t> read(size_, null_day);
    if (const Values* values = chunk_[field]) values->days(begin_, read);
    return read;
  }
  template <class Field>
  [[nodiscard]] std::vector<std::int64_t> instants(Field field) const {
    std::vector<std::int64_t> read(size_, null_instant);
    if (const Values* values = chunk_[field]) values->instants(begin_, read);
    return read;
  }
  template <class Field>
  [[nodiscard]] std::vector<std::uint8_t> booleans(Field field) const {
    std::vector<std::uint8_t> read(size_, 2);
    if (const Values* values = chunk_[field]) values->booleans(begin_, read);
    return read;
  }

 private:
  const Chunk& chunk_;
  std::size_t begin_;
  std::size_t size_;
};

template <class Visit>
void each_block(const ClientBase& base, TableId table, Visit&& visit) {
  std::uint32_t delivery = 0;
  for (const auto& chunk : base.chunks(table)) {
    for (std::size_t begin = 0; begin < chunk->rows(); begin += block) visit(Rows(*chunk, begin), delivery);
    ++delivery;
  }
}

template <class Field>
std::span<const std::string_view> terms(const ClientBase& base, TableId table, Field field) {
  return base.terms(table, static_cast<std::size_t>(field));
}

/// For every term the channel of the plan that it means; channels.size() for none.
template <class Field>
std::vector<std::size_t> channels_of(const ClientBase& base, TableId table, Field field, const PlanPolicy& policy) {
  std::vector<std::size_t> found;
  for (const std::string_view term : terms(base, table, field)) found.push_back(find_channel(policy, term));
  return found;
}

bool means_all(std::string_view term) {
  const std::string folded = folded_name(term);
  for (const std::string_view all : {"*", "all", "any", "все", "любой", "全部"})
    if (folded == all) return true;
  return false;
}

/// The day of each completed interaction; null_day of others.
std::vector<std::int32_t> days_held(const Rows& read) {
  std::vector<std::int32_t> day = read.days(InteractionField::started_at);
  const auto state = read.codes(InteractionField::state);
  std::vector<bool> done(read.size());
  for (std::size_t i = 0; i < read.size(); ++i) done[i] = state[i] == no_code ? day[i] != null_day : state[i] == 1;
  for (const InteractionField other :
       {InteractionField::ended_at, InteractionField::planned_from, InteractionField::planned_to}) {
    const auto fallback = read.days(other);
    for (std::size_t i = 0; i < read.size(); ++i)
      if (day[i] == null_day) day[i] = fallback[i];
  }
  for (std::size_t i = 0; i < read.size(); ++i)
    if (!done[i]) day[i] = null_day;
  return day;
}

std::int32_t number_of(Day day) { return static_cast<std::int32_t>(day.time_since_epoch().count()); }

}  // namespace

ClientRows::ClientRows(const ClientBase& base) : base_(base) {
  std::uint32_t most = 0;
  for (const std::uint32_t size : base.partition_sizes()) most = std::max(most, size);
  rows_.assign(std::size_t{most} * ClientBase::client_partitions, no_code);
  const std::span<const std::uint32_t> codes = base.codes_in_order();
  for (std::size_t row = 0; row < codes.size(); ++row) rows_[codes[row]] = static_cast<std::uint32_t>(row);
}

std::uint32_t ClientRows::operator()(std::uint32_t code) const {
  if (code >= rows_.size()) return no_code;
  if (rows_[code] != no_code || !base_.is_mapped()) return rows_[code];
  const std::optional<std::uint32_t> counts_as = base_.code_of(base_.id_of(code));
  return counts_as ? rows_[*counts_as] : no_code;
}

std::vector<ConsentLine> consent_lines(const ClientBase& base, const ClientRows& rows, const PlanPolicy& policy,
                                       const std::vector<std::string>& purposes, std::set<std::string>& unknown) {
  const std::vector<std::size_t> channels = channels_of(base, TableId::consents, ConsentField::channel, policy);
  const std::span<const std::string_view> channel_terms = terms(base, TableId::consents, ConsentField::channel);
  std::vector<std::uint32_t> masks(channels.size(), 0);
  for (std::size_t t = 0; t < channels.size(); ++t)
    masks[t] = means_all(channel_terms[t])            ? any_channel
               : channels[t] < policy.channels.size() ? std::uint32_t{1} << channels[t]
                                                      : 0;
  std::vector<std::optional<std::uint32_t>> purpose_of;
  for (const std::string_view term : terms(base, TableId::consents, ConsentField::purpose)) {
    const std::string folded = folded_name(term);
    std::optional<std::uint32_t>& found = purpose_of.emplace_back();
    if (means_all(term)) found = any_purpose;
    for (std::uint32_t p = 0; p < purposes.size() && !found; ++p)
      if (folded_name(purposes[p]) == folded) found = p;
  }
  std::vector<ConsentLine> lines;
  each_block(base, TableId::consents, [&](const Rows& read, std::uint32_t delivery) {
    const auto channel = read.codes(ConsentField::channel), purpose = read.codes(ConsentField::purpose);
    const auto granted = read.booleans(ConsentField::granted);
    const auto since = read.instants(ConsentField::since), until = read.instants(ConsentField::until);
    for (std::size_t i = 0; i < read.size(); ++i) {
      const std::uint32_t row = read.client(i) == no_code ? no_code : rows(read.client(i));
      if (row == no_code || channel[i] == no_code || granted[i] == 2) continue;
      if (masks[channel[i]] == 0) unknown.emplace(channel_terms[channel[i]]);
      const std::optional<std::uint32_t> about = purpose[i] == no_code ? any_purpose : purpose_of[purpose[i]];
      if (masks[channel[i]] == 0 || !about) continue;
      lines.push_back({row, masks[channel[i]], *about, granted[i] == 1, since[i],
                       until[i] == null_instant ? std::numeric_limits<std::int64_t>::max() : until[i], delivery});
    }
  });
  const auto key = [](const ConsentLine& line) {
    return std::tuple(line.row, consent_order(line.since, line.delivery, line.granted), line.channels, line.purpose,
                      line.until);
  };
  std::sort(lines.begin(), lines.end(), [&](const ConsentLine& a, const ConsentLine& b) { return key(a) < key(b); });
  return lines;
}

std::vector<ContactLine> contact_lines(const ClientBase& base, const ClientRows& rows, const PlanPolicy& policy,
                                       Day from, Day to, std::set<std::string>& unknown) {
  const std::vector<std::size_t> channels = channels_of(base, TableId::interactions, InteractionField::channel, policy);
  const std::span<const std::string_view> channel_terms = terms(base, TableId::interactions, InteractionField::channel);
  const std::size_t inbound =
      *closed_value(TableId::interactions, static_cast<std::size_t>(InteractionField::initiative), "inbound");
  const std::int32_t first = number_of(from), last = number_of(to);
  std::vector<ContactLine> lines;
  each_block(base, TableId::interactions, [&](const Rows& read, std::uint32_t) {
    const std::vector<std::int32_t> day = days_held(read);
    const auto channel = read.codes(InteractionField::channel), initiative = read.codes(InteractionField::initiative);
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (day[i] == null_day || day[i] < first || day[i] > last || initiative[i] == inbound || channel[i] == no_code)
        continue;
      const std::uint32_t row = read.client(i) == no_code ? no_code : rows(read.client(i));
      if (row == no_code) continue;
      if (channels[channel[i]] == policy.channels.size()) {
        unknown.emplace(channel_terms[channel[i]]);
        continue;
      }
      lines.push_back({row, static_cast<std::uint32_t>(channels[channel[i]]), day[i]});
    }
  });
  std::sort(lines.begin(), lines.end(), [](const ContactLine& a, const ContactLine& b) {
    return std::tuple(a.row, a.day, a.channel) < std::tuple(b.row, b.day, b.channel);
  });
  return lines;
}

std::unordered_map<std::string, std::int32_t> contacts_held(const ClientBase& base, Day to) {
  const std::int32_t last = number_of(to);
  std::unordered_map<std::string, std::int32_t> held;
  each_block(base, TableId::interactions, [&](const Rows& read, std::uint32_t) {
    const Values* ids = read.values(InteractionField::interaction);
    if (ids == nullptr) return;
    const std::vector<std::int32_t> day = days_held(read);
    for (std::size_t i = 0; i < read.size(); ++i)
      if (day[i] != null_day && day[i] <= last)
        if (const std::string_view id = ids->text(read.begin() + i); !id.empty()) {
          std::int32_t& known = held.try_emplace(std::string(id), day[i]).first->second;
          known = std::max(known, day[i]);
        }
  });
  return held;
}

std::vector<RequestLine> request_lines(const ClientBase& base, const ClientRows& rows, const Revisits& revisits,
                                       Day as_of, Day from, Day to) {
  std::vector<bool> recycled;
  for (const std::string_view term : terms(base, TableId::requests, RequestField::state))
    recycled.push_back(std::any_of(revisits.recycle.begin(), revisits.recycle.end(),
                                   [&](const std::string& state) { return folded_name(state) == folded_name(term); }));
  const std::int32_t first = number_of(from), last = number_of(to), known = number_of(as_of);
  std::vector<RequestLine> lines;
  each_block(base, TableId::requests, [&](const Rows& read, std::uint32_t) {
    const auto at = read.days(RequestField::at), revisit = read.days(RequestField::revisit_on);
    const auto state = read.codes(RequestField::state);
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (at[i] == null_day || at[i] > known) continue;
      std::int32_t day = revisit[i];
      if (day == null_day && state[i] != no_code && recycled[state[i]]) day = at[i] + revisits.recycle_after_days;
      if (day == null_day || day < first || day > last) continue;
      const std::uint32_t row = read.client(i) == no_code ? no_code : rows(read.client(i));
      if (row != no_code) lines.push_back({row, day});
    }
  });
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

std::vector<std::int32_t> last_answers(const ClientBase& base, const ClientRows& rows, const std::string& measure,
                                       Day as_of) {
  std::optional<std::size_t> wanted;
  if (!measure.empty())
    wanted = closed_value(TableId::feedback, static_cast<std::size_t>(FeedbackField::measure), measure);
  const std::int32_t known = number_of(as_of);
  std::vector<std::int32_t> last(base.clients(), null_day);
  each_block(base, TableId::feedback, [&](const Rows& read, std::uint32_t) {
    const auto at = read.days(FeedbackField::at);
    const auto asked = read.codes(FeedbackField::measure);
    for (std::size_t i = 0; i < read.size(); ++i) {
      if (at[i] == null_day || at[i] > known || (wanted && asked[i] != *wanted)) continue;
      const std::uint32_t row = read.client(i) == no_code ? no_code : rows(read.client(i));
      if (row != no_code) last[row] = std::max(last[row], at[i]);
    }
  });
  return last;
}

}  // namespace klientela::planning
