// How two dates of birth agree.
#include "klientela/dedupe/birthday.hpp"

#include <chrono>

#include "dedupe/birth_date.hpp"

namespace klientela {

std::optional<Day> swapped_day_month(Day day) noexcept {
  const std::chrono::year_month_day date{day};
  const std::chrono::year_month_day swapped{date.year(), std::chrono::month{static_cast<unsigned>(date.day())},
                                            std::chrono::day{static_cast<unsigned>(date.month())}};
  if (!swapped.ok() || swapped == date) return std::nullopt;
  return Day{swapped};
}

BirthdayAgreement compare_birthdays(Day a, Day b) noexcept {
  return dedupe::BirthDate(a).compared(dedupe::BirthDate(b));
}

}  // namespace klientela
