// Dates of birth: every slip by hand, and symmetry over many pairs.
#include "klientela/dedupe/birthday.hpp"

#include <gtest/gtest.h>

#include <random>

#include "klientela/core/time.hpp"

namespace klientela {
namespace {

using namespace std::chrono;

Day day(int y, unsigned m, unsigned d) { return Day{year{y} / month{m} / std::chrono::day{d}}; }

TEST(Birthday, SwapsDayAndMonthWhereThatIsAnotherDay) {
  EXPECT_EQ(swapped_day_month(day(1970, 3, 5)), day(1970, 5, 3));
  EXPECT_EQ(swapped_day_month(day(1970, 3, 13)), std::nullopt);
  EXPECT_EQ(swapped_day_month(day(1970, 3, 3)), std::nullopt);
}

TEST(Birthday, TellsEverySlip) {
  const Day born = day(1984, 2, 11);
  EXPECT_EQ(compare_birthdays(born, born), BirthdayAgreement::same);
  EXPECT_EQ(compare_birthdays(born, day(1984, 11, 2)), BirthdayAgreement::slip);   // swapped
  EXPECT_EQ(compare_birthdays(born, day(1984, 2, 17)), BirthdayAgreement::slip);   // one digit
  EXPECT_EQ(compare_birthdays(born, day(1948, 2, 11)), BirthdayAgreement::slip);   // two digits next to each other
  EXPECT_EQ(compare_birthdays(born, day(1984, 12, 11)), BirthdayAgreement::slip);  // one digit of the month
  EXPECT_EQ(compare_birthdays(born, day(1984, 2, 25)), BirthdayAgreement::close);  // year and month
  EXPECT_EQ(compare_birthdays(born, day(1975, 2, 11)), BirthdayAgreement::close);  // day and month
  EXPECT_EQ(compare_birthdays(day(1984, 2, 27), day(1984, 3, 4)), BirthdayAgreement::close);
  EXPECT_EQ(compare_birthdays(born, day(1985, 3, 11)), BirthdayAgreement::near);              // two digits
  EXPECT_EQ(compare_birthdays(day(1984, 1, 28), day(1984, 2, 15)), BirthdayAgreement::near);  // 18 days
  EXPECT_EQ(compare_birthdays(born, day(1984, 7, 30)), BirthdayAgreement::same_year);
  EXPECT_EQ(compare_birthdays(born, day(1970, 7, 30)), BirthdayAgreement::different);
}

TEST(Birthday, IsSymmetric) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> days(0, (end_day - first_day).count() - 1);
  for (int trial = 0; trial < 100'000; ++trial) {
    const Day a = first_day + std::chrono::days(days(random));
    const Day b = first_day + std::chrono::days(days(random));
    EXPECT_EQ(compare_birthdays(a, b), compare_birthdays(b, a));
    const std::optional<Day> swapped = swapped_day_month(a);
    if (swapped) {
      EXPECT_EQ(swapped_day_month(*swapped), a);
    }
  }
}

}  // namespace
}  // namespace klientela
