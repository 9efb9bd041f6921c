// Dates of birth taken apart once, so that comparing two of them is a few operations on whole numbers.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdlib>

#include "klientela/dedupe/birthday.hpp"

namespace klientela::dedupe {

/// A day and its digits YYYYMMDD, four bits each. \pre a year of four digits, as every Day of a base has
class BirthDate {
 public:
  explicit BirthDate(Day day) noexcept : day_(static_cast<std::int32_t>(day.time_since_epoch().count())) {
    const std::chrono::year_month_day date{day};
    auto number = static_cast<std::uint32_t>(static_cast<int>(date.year())) * 10000 +
                  static_cast<unsigned>(date.month()) * 100 + static_cast<unsigned>(date.day());
    for (int place = 0; place < 32; place += 4, number /= 10) digits_ |= number % 10 << place;
  }

  /// As compare_birthdays(). O(1)
  [[nodiscard]] BirthdayAgreement compared(BirthDate other) const noexcept {
    if (day_ == other.day_) return BirthdayAgreement::same;
    const std::uint32_t wrong = digits_ ^ other.digits_;
    if (swapped() == other.digits_ || one_slip(wrong, other)) return BirthdayAgreement::slip;
    const int equal = int{(wrong & 0xFFFF'0000U) == 0} + int{(wrong & 0xFF00U) == 0} + int{(wrong & 0xFFU) == 0};
    const int apart = std::abs(day_ - other.day_);
    if (equal == 2 || apart <= 10) return BirthdayAgreement::close;
    if (apart <= 31 || count(wrong) == 2) return BirthdayAgreement::near;
    return (wrong & 0xFFFF'0000U) == 0 ? BirthdayAgreement::same_year : BirthdayAgreement::different;
  }

 private:
  [[nodiscard]] std::uint32_t swapped() const noexcept {
    return (digits_ & 0xFFFF'0000U) | (digits_ >> 8 & 0xFFU) | (digits_ << 8 & 0xFF00U);
  }
  /// One digit, or two next to each other in each other's place. \pre wrong != 0
  [[nodiscard]] bool one_slip(std::uint32_t wrong, BirthDate other) const noexcept {
    const int last = std::countr_zero(wrong) & ~3;
    const int first = (31 - std::countl_zero(wrong)) & ~3;
    if (first == last) return true;
    const auto digit = [](std::uint32_t digits, int place) { return digits >> place & 0xFU; };
    return first == last + 4 && digit(digits_, first) == digit(other.digits_, last) &&
           digit(digits_, last) == digit(other.digits_, first);
  }
  /// How many digits are not 0.
  static std::uint32_t count(std::uint32_t wrong) noexcept {
    wrong |= wrong >> 1;
    wrong |= wrong >> 2;
    return (wrong & 0x1111'1111U) * 0x1111'1111U >> 28;
  }

  std::int32_t day_;
  std::uint32_t digits_{0};
};

}  // namespace klientela::dedupe
