// The days between which things happened, out of the accepted rows of a base.
#pragma once

#include <optional>

#include "klientela/model/client_base.hpp"

namespace klientela::detail {

struct DaySpan {
  Day first;
  Day last;
};

/// The first and last day of an instant or day field among the accepted rows of a table. O(rows).
[[nodiscard]] std::optional<DaySpan> days_of(const ClientBase& base, TableId table, std::size_t field);

/// The last day with a request, a contact that took place, or an answer. O(rows).
[[nodiscard]] std::optional<Day> last_contact_day(const ClientBase& base);

}  // namespace klientela::detail
