// How two dates of birth agree.
#include "klientela/dedupe/birthday.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <numeric>

namespace klientela {
namespace {

/// YYYYMMDD. \pre a year of four digits, as every Day of a base has
std::array<int, 8> digits_of(std::chrono::year_month_day date) noexcept {
  int number = static_cast<int>(date.year()) * 10000 + static_cast<int>(static_cast<unsigned>(date.month())) * 100 +
               static_cast<int>(static_cast<unsigned>(date.day()));
  std::array<int, 8> digits{};
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, number /= 10) *digit = number % 10;
  return digits;
}

bool one_slip(std::chrono::year_month_day a, std::chrono::year_month_day b) noexcept {
  const std::array<int, 8> x = digits_of(a);
  const std::array<int, 8> y = digits_of(b);
  std::size_t first = 0;
  while (x[first] == y[first]) ++first;
  std::size_t last = x.size() - 1;
  while (x[last] == y[last]) --last;
  return first == last || (first + 1 == last && x[first] == y[last] && x[last] == y[first]);
}

}  // namespace

std::optional<Day> swapped_day_month(Day day) noexcept {
  const std::chrono::year_month_day date{day};
  const std::chrono::year_month_day swapped{date.year(), std::chrono::month{static_cast<unsigned>(date.day())},
                                            std::chrono::day{static_cast<unsigned>(date.month())}};
  if (!swapped.ok() || swapped == date) return std::nullopt;
  return Day{swapped};
}

BirthdayAgreement compare_birthdays(Day a, Day b) noexcept {
  if (a == b) return BirthdayAgreement::same;
  if (swapped_day_month(a) == b) return BirthdayAgreement::slip;
  const std::chrono::year_month_day x{a};
  const std::chrono::year_month_day y{b};
  if (one_slip(x, y)) return BirthdayAgreement::slip;
  const int equal = int{x.year() == y.year()} + int{x.month() == y.month()} + int{x.day() == y.day()};
  if (equal == 2 || std::abs((a - b).count()) <= 10) return BirthdayAgreement::close;
  const std::array<int, 8> p = digits_of(x);
  const std::array<int, 8> q = digits_of(y);
  if (std::abs((a - b).count()) <= 31 ||
      std::inner_product(p.begin(), p.end(), q.begin(), 0, std::plus<>(), std::not_equal_to<>()) == 2)
    return BirthdayAgreement::near;
  return x.year() == y.year() ? BirthdayAgreement::same_year : BirthdayAgreement::different;
}

}  // namespace klientela
