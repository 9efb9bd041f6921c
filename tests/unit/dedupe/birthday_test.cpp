// Dates of birth: every slip by hand, and symmetry over many pairs.
#include "klientela/dedupe/birthday.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

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

/// By the words of the header, over texts.
BirthdayAgreement by_text(Day a, Day b) {
  const std::string x = to_text(a);
  const std::string y = to_text(b);
  const auto apart = std::abs((a - b).count());
  std::string p;
  std::string q;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] == '-') continue;
    p += x[i];
    q += y[i];
  }
  int wrong = 0;
  bool neighbours = false;
  for (std::size_t i = 0; i < p.size(); ++i) {
    wrong += p[i] != q[i];
    neighbours = neighbours || (i > 0 && p[i] != q[i] && p[i] == q[i - 1] && p[i - 1] == q[i]);
  }
  const bool year = p.substr(0, 4) == q.substr(0, 4);
  const bool month = p.substr(4, 2) == q.substr(4, 2);
  const bool day = p.substr(6) == q.substr(6);
  if (a == b) return BirthdayAgreement::same;
  if (wrong == 1 || (wrong == 2 && neighbours) ||
      (year && p.substr(4, 2) == q.substr(6) && p.substr(6) == q.substr(4, 2)))
    return BirthdayAgreement::slip;
  if (year + month + day == 2 || apart <= 10) return BirthdayAgreement::close;
  if (apart <= 31 || wrong == 2) return BirthdayAgreement::near;
  return year ? BirthdayAgreement::same_year : BirthdayAgreement::different;
}

TEST(Birthday, AgreesAsItsTextsDo) {
  std::mt19937 random(11);
  const auto last = static_cast<int>((end_day - first_day).count()) - 1;
  for (int trial = 0; trial < 100'000; ++trial) {
    const int a = std::uniform_int_distribution<int>(0, last)(random);
    const int near = trial % 2 == 0 ? 400 : last;
    const int b = std::clamp(a + std::uniform_int_distribution<int>(-near, near)(random), 0, last);
    const Day x = first_day + std::chrono::days(a);
    const Day y = first_day + std::chrono::days(b);
    ASSERT_EQ(compare_birthdays(x, y), by_text(x, y)) << to_text(x) << " " << to_text(y);
  }
}

}  // namespace
}  // namespace klientela
