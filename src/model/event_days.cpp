// The days between which things happened: see event_days.hpp.
#include "model/event_days.hpp"

#include <algorithm>
#include <vector>

namespace klientela::detail {

std::optional<DaySpan> days_of(const ClientBase& base, TableId table, std::size_t field) {
  constexpr std::size_t block = 4096;
  std::vector<std::int32_t> days(block);
  std::optional<DaySpan> span;
  for (const auto& chunk : base.chunks(table)) {
    const Values* values = chunk->values(field);
    if (values == nullptr) continue;
    for (std::size_t begin = 0; begin < chunk->rows(); begin += block) {
      const std::size_t size = std::min(block, chunk->rows() - begin);
      values->days(begin, std::span(days).first(size));
      for (std::size_t i = 0; i < size; ++i) {
        const Day day{std::chrono::days{days[i]}};
        if (days[i] == null_day || (span && day >= span->first && day <= span->last)) continue;
        if (chunk->is_rejected(begin + i)) continue;
        span = span ? DaySpan{std::min(span->first, day), std::max(span->last, day)} : DaySpan{day, day};
      }
    }
  }
  return span;
}

std::optional<Day> last_contact_day(const ClientBase& base) {
  std::optional<Day> last;
  const auto look = [&](TableId table, auto field) {
    const auto span = days_of(base, table, static_cast<std::size_t>(field));
    if (span && (!last || span->last > *last)) last = span->last;
  };
  look(TableId::requests, RequestField::at);
  look(TableId::interactions, InteractionField::started_at);
  look(TableId::interactions, InteractionField::ended_at);
  look(TableId::feedback, FeedbackField::at);
  return last;
}

}  // namespace klientela::detail
