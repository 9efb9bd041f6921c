// Baskets and replies: see profile_counts.hpp.
#include "report/profile_counts.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

namespace klientela::report {

using namespace features_internal;  // NOLINT: rows as the features read them

namespace {

std::uint32_t code_of(const Terms& terms, std::string_view text) {
  for (std::size_t code = 0; code < terms.texts.size(); ++code)
    if (terms.texts[code] == text) return static_cast<std::uint32_t>(code);
  return no_code - 1;
}

}  // namespace

template <class Read>
void Baskets::fill(std::span<const Source> sources, TableId table, const Control& control, Read&& read) {
  by_row<Record>(sources, table, first_.size(), control, std::forward<Read>(read),
                 [&](std::size_t begin, std::size_t end, auto&& each_page) {
                   std::vector<std::uint32_t> ends(end - begin + 1, 0);
                   each_page([&](std::span<const Record> page) {
                     for (const Record& record : page) ++ends[record.row - begin + 1];
                   });
                   std::partial_sum(ends.begin(), ends.end(), ends.begin());
                   if (ends.back() == 0) return;
                   std::vector<std::uint32_t> items(ends.back());
                   std::vector<std::uint32_t> at(ends.begin(), ends.end() - 1);
                   each_page([&](std::span<const Record> page) {
                     for (const Record& record : page) items[at[record.row - begin]++] = record.item;
                   });
                   std::size_t kept = 0;
                   std::vector<std::size_t> starts(end - begin);
                   for (std::size_t i = 0; i < starts.size(); ++i) {
                     const auto from = items.begin() + ends[i];
                     const auto to = items.begin() + ends[i + 1];
                     std::sort(from, to);
                     const auto different = static_cast<std::size_t>(std::unique(from, to) - from);
                     starts[i] = kept;
                     std::copy(from, from + static_cast<std::ptrdiff_t>(different),
                               items.begin() + static_cast<std::ptrdiff_t>(kept));
                     kept += different;
                     count_[begin + i] = static_cast<std::uint32_t>(different);
                   }
                   items.resize(kept);
                   items.shrink_to_fit();
                   for (std::size_t i = 0; i < starts.size(); ++i) first_[begin + i] = items.data() + starts[i];
                   const std::lock_guard lock(mutex_);
                   items_.push_back(std::move(items));
                 });
}

void fill_bought(Baskets& baskets, std::span<const Source> sources, const FeatureOptions& options, std::size_t field,
                 const Control& control) {
  const features_internal::DaySpan span = span_of(options, sources[0].as_of);
  baskets.fill(
      sources, TableId::transactions, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        const PurchaseColumns columns(*segment.chunk);
        const Values* values = segment.chunk->values(field);
        if (!columns.complete() || values == nullptr) return;
        PurchaseBlock block;
        std::array<std::uint32_t, block_rows> items;
        columns.read(begin, n, block);
        values->codes(begin, std::span(items.data(), n));
        for (std::size_t i = 0; i < n; ++i)
          if (rows[i] != no_code && items[i] != no_code && block.amounts[i] > 0 && block.days[i] >= span.from &&
              block.days[i] <= span.to)
            put(Baskets::Record{rows[i], items[i]});
      });
}

void fill_requested(Baskets& baskets, std::span<const Source> sources, const FeatureOptions& options,
                    const Control& control) {
  const features_internal::DaySpan span = span_of(options, sources[0].as_of);
  baskets.fill(
      sources, TableId::requests, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        std::array<std::int32_t, block_rows> days;
        std::array<std::uint32_t, block_rows> items;
        read_days((*segment.chunk)[RequestField::at], begin, std::span(days.data(), n));
        read_codes((*segment.chunk)[RequestField::product], begin, std::span(items.data(), n));
        for (std::size_t i = 0; i < n; ++i)
          if (rows[i] != no_code && items[i] != no_code && days[i] >= span.from && days[i] <= span.to)
            put(Baskets::Record{rows[i], items[i]});
      });
}

void fill_topics(Baskets& baskets, std::span<const Source> sources, const InteractionReader& reader,
                 const Control& control) {
  const std::uint32_t inbound = code_of(reader.initiatives, "inbound");
  baskets.fill(
      sources, TableId::interactions, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> rows, auto&& put) {
        reader.read(segment, begin, n, rows, [&](std::size_t i, std::int32_t, const Combination& what) {
          if (what.initiative == inbound && what.topic != no_code) put(Baskets::Record{rows[i], what.topic});
        });
      });
}

std::vector<Tally> tallies_of(std::span<const Source> sources, const InteractionReader& reader,
                              const ProfileOptions& options, std::size_t rows, const Control& control) {
  struct Event {
    std::uint32_t row;
    std::uint32_t channel;
    std::int64_t at;
    std::int32_t day;
    bool inbound;
    bool positive;
  };
  const std::uint32_t inbound = code_of(reader.initiatives, "inbound");
  const std::uint32_t outbound = code_of(reader.initiatives, "outbound");
  std::vector<bool> positive;
  for (const std::string_view outcome : sources[0].base.terms(TableId::interactions, field(InteractionField::outcome)))
    positive.push_back(std::any_of(options.positive_outcomes.begin(), options.positive_outcomes.end(),
                                   [&](const std::string& each) { return folded_name(each) == folded_name(outcome); }));
  std::mutex mutex;
  std::vector<Tally> tallies;
  by_row<Event>(
      sources, TableId::interactions, rows, control,
      [&](const Segment& segment, std::size_t begin, std::size_t n, std::span<const std::uint32_t> places, auto&& put) {
        // Its instant is that of its start, else its end, else as planned: as its day.
        const Chunk& chunk = *segment.chunk;
        std::array<std::int64_t, block_rows> at;
        std::array<std::int64_t, block_rows> other;
        std::array<std::uint32_t, block_rows> outcomes;
        std::fill_n(at.begin(), n, null_instant);
        for (const auto each : {InteractionField::started_at, InteractionField::ended_at,
                                InteractionField::planned_from, InteractionField::planned_to}) {
          if (chunk[each] == nullptr) continue;
          chunk[each]->instants(begin, std::span(other.data(), n));
          for (std::size_t i = 0; i < n; ++i)
            if (at[i] == null_instant) at[i] = other[i];
        }
        read_codes(chunk[InteractionField::outcome], begin, std::span(outcomes.data(), n));
        reader.read(segment, begin, n, places, [&](std::size_t i, std::int32_t on, const Combination& what) {
          if (what.initiative != inbound && what.initiative != outbound) return;
          put(Event{places[i], what.channel, at[i], on, what.initiative == inbound,
                    outcomes[i] != no_code && positive[outcomes[i]]});
        });
      },
      [&](std::size_t, std::size_t, auto&& each_page) {
        std::vector<Event> events;
        each_page([&](std::span<const Event> page) { events.insert(events.end(), page.begin(), page.end()); });
        std::sort(events.begin(), events.end(),
                  [](const Event& a, const Event& b) { return a.row != b.row ? a.row < b.row : a.at < b.at; });
        std::vector<Tally> mine;
        for (std::size_t end = events.size(); end > 0;) {
          std::size_t begin = end;
          while (begin > 0 && events[begin - 1].row == events[end - 1].row) --begin;
          // From the last one back: what has the same instant is no reply.
          std::int64_t reply = std::numeric_limits<std::int64_t>::max();  // day of the next inbound one
          for (std::size_t at = end; at > begin;) {
            std::size_t same = at;
            while (same > begin && events[same - 1].at == events[at - 1].at) --same;
            std::int64_t day = reply;
            for (std::size_t i = same; i < at; ++i) {
              const Event& event = events[i];
              if (event.inbound) {
                day = event.day;
              } else {
                const bool answered = event.positive || reply <= std::int64_t{event.day} + options.reply_days;
                mine.push_back({event.row, event.channel, 1, answered ? 1 : 0});
              }
            }
            reply = day;
            at = same;
          }
          end = begin;
        }
        std::sort(mine.begin(), mine.end(), [](const Tally& a, const Tally& b) {
          return a.row != b.row ? a.row < b.row : a.channel < b.channel;
        });
        std::size_t kept = 0;
        for (const Tally& tally : mine) {
          if (kept > 0 && mine[kept - 1].row == tally.row && mine[kept - 1].channel == tally.channel) {
            mine[kept - 1].outbound += tally.outbound;
            mine[kept - 1].answered += tally.answered;
          } else {
            mine[kept++] = tally;
          }
        }
        mine.resize(kept);
        const std::lock_guard lock(mutex);
        tallies.insert(tallies.end(), mine.begin(), mine.end());
      });
  return tallies;
}

}  // namespace klientela::report
