// How two dates of birth agree: the slips that people make when they write one down.
#pragma once

#include <cstdint>
#include <optional>

#include "klientela/core/time.hpp"

namespace klientela {

/// Rising agreement of two dates of birth.
enum class BirthdayAgreement : std::uint8_t {
  different,
  same_year,  ///< nothing but the year
  near,       ///< two digits of YYYYMMDD wrong, or at most 31 days apart
  close,      ///< two of year, month and day, or at most ten days apart
  slip,       ///< day and month swapped, or one digit of YYYYMMDD wrong, or two digits next to each other swapped
  same,
};

/// The day with day and month swapped: 5 March for 3 May. nullopt where that is no day, or the same one. O(1)
[[nodiscard]] std::optional<Day> swapped_day_month(Day day) noexcept;
/// Symmetric. O(1)
[[nodiscard]] BirthdayAgreement compare_birthdays(Day a, Day b) noexcept;

}  // namespace klientela
