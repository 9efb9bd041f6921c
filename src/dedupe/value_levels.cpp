// What each kind of comparison makes of two values.
#include "dedupe/value_levels.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "klientela/dedupe/birthday.hpp"
#include "klientela/dedupe/similarity.hpp"

namespace klientela::dedupe {
namespace {

/// A value, whose forms are read where they are looked at; those that its field has not are empty.
struct Value {
  const FieldColumn& column;
  std::uint32_t code;

  std::string_view operator[](std::size_t form) const noexcept {
    const Texts& texts = column.forms[form];
    return code < texts.size() ? texts[code] : std::string_view();
  }
};

bool one_slip(std::string_view a, std::string_view b) { return osa_distance(a, b, 1) <= 1; }

bool two_slips(std::string_view a, std::string_view b) {
  return std::min(a.size(), b.size()) > 4 && osa_distance(a, b, 2) <= 2;
}

bool share_word(std::string_view a, std::string_view b) {
  while (!a.empty()) {
    const std::size_t end = std::min(a.find(' '), a.size());
    const std::string_view word = a.substr(0, end);
    for (std::string_view rest = b; !rest.empty();) {
      const std::size_t stop = std::min(rest.find(' '), rest.size());
      if (rest.substr(0, stop) == word) return true;
      rest.remove_prefix(std::min(stop + 1, rest.size()));
    }
    a.remove_prefix(std::min(end + 1, a.size()));
  }
  return false;
}

/// Of given names one root in common is enough, of family names the stem is one.
std::uint8_t name_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return name_same;
  if (a[1] == b[1] && !a[1].empty()) return name_variant;
  if (!a[2].empty() && (c.field == CardField::given_name ? share_word(a[2], b[2]) : a[2] == b[2])) return name_variant;
  if (a[0].size() == 1 || b[0].size() == 1) return a[0][0] == b[0][0] ? name_initial : name_different;
  const double similarity = jaro_winkler_similarity(a[0], b[0], c.similar);
  if (similarity >= c.close || (std::min(a[0].size(), b[0].size()) > 3 && one_slip(a[0], b[0]))) return name_close;
  return similarity >= c.similar || two_slips(a[0], b[0]) ? name_similar : name_different;
}

std::uint8_t text_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return 4;
  if (!a[1].empty() && a[1] == b[1]) return 3;
  const double similarity = jaro_winkler_similarity(a[0], b[0], c.similar);
  if (similarity >= c.close || (std::min(a[0].size(), b[0].size()) > 3 && one_slip(a[0], b[0]))) return 3;
  return similarity >= c.similar || token_set_ratio(a[0], b[0], 90) >= 90 ? 2 : 1;
}

std::uint8_t code_level(const Value& a, const Value& b) {
  if (a[0] == b[0]) return 3;
  return std::min(a[0].size(), b[0].size()) > 2 && one_slip(a[0], b[0]) ? 2 : 1;
}

std::uint8_t phone_level(const Value& a, const Value& b) {
  if (a[0] == b[0]) return 4;
  if (std::min(a[0].size(), b[0].size()) < 6) return 1;
  if (one_slip(a[0], b[0])) return 3;
  const auto end = [](std::string_view text) {
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 7));
  };
  return end(a[0]) == end(b[0]) ? 2 : 1;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether the digits of both, read off one after the other, are the same. \param any  set to whether there are any
bool same_digits(std::string_view a, std::string_view b, bool& any) noexcept {
  const auto begins = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  const std::string_view both = a.substr(0, begins);
  a.remove_prefix(begins);
  b.remove_prefix(begins);
  any = false;
  for (;;) {
    while (!a.empty() && !is_digit(a.front())) a.remove_prefix(1);
    while (!b.empty() && !is_digit(b.front())) b.remove_prefix(1);
    if (a.empty() || b.empty()) {
      any = any || std::any_of(both.begin(), both.end(), is_digit);
      return a.empty() && b.empty();
    }
    if (a.front() != b.front()) return false;
    any = true;
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
}

/// The same, or but for slips. Short domains that are alike are two (gmail, ymail), as are those with other digits.
bool nearly_one_domain(std::string_view a, std::string_view b) {
  const std::size_t size = std::min(a.size(), b.size());
  bool digits = false;
  return a == b || (size > 10 && same_digits(a, b, digits) && osa_distance(a, b, 2) <= (size > 12 ? 2U : 1U));
}

/// E-mails are made of names, so likeness that names explain is a level of its own.
std::uint8_t email_level(const Value& a, const Value& b, const Comparison& c) {
  const std::string_view x = a[1];
  const std::string_view y = b[1];
  bool digits = false;
  const bool same_number = same_digits(x, y, digits);
  if (x == y) {
    if (a[2] == b[2]) return 5;
    return digits ? 4 : nearly_one_domain(a[2], b[2]) ? 3 : 2;
  }
  if (same_number && osa_distance(x, y, 2) <= (digits ? 2U : 1U) && (digits || nearly_one_domain(a[2], b[2]))) return 3;
  return jaro_winkler_reaches(x, y, c.similar) ? 2 : 1;
}

/// By the words of the street itself, since texts differ in kinds of street and order; and by the house.
std::uint8_t address_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0]) return 7;
  const bool houses = !a[3].empty() && !b[3].empty();
  const bool same_house = houses && a[3] == b[3];
  const bool other_house = houses && !same_house && !one_slip(a[3], b[3]);
  if (a[1] == b[1]) return 7;
  const std::string_view x = a[2].empty() ? a[0] : a[2];
  const std::string_view y = b[2].empty() ? b[0] : b[2];
  const double words = std::max(token_sort_ratio(x, y), token_set_ratio(x, y)) / 100;
  if (words >= 0.97) return same_house ? 7 : other_house ? 3 : 5;
  if (words >= 0.8 || jaro_winkler_reaches(x, y, c.close)) return same_house ? 6 : other_house ? 3 : 5;
  if (words >= 0.65) return same_house ? 4 : other_house ? 1 : 3;
  return same_house ? 2 : 1;
}

std::uint8_t organisation_level(const Value& a, const Value& b, const Comparison& c) {
  if (a[0] == b[0] || (!a[2].empty() && a[2] == b[2])) return 6;
  const double sorted = token_sort_ratio(a[1], b[1]) / 100;
  if (sorted >= c.close || jaro_winkler_reaches(a[0], b[0], c.close)) return 5;
  const double set = token_set_ratio(a[1], b[1]) / 100;
  if (set >= 0.9 || sorted >= c.similar) return 4;
  if (set >= 0.75) return 3;
  return (!a[3].empty() && a[3] == b[0]) || (!b[3].empty() && b[3] == a[0]) ? 2 : 1;
}

}  // namespace

Day day_of(std::string_view text) noexcept {
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
  };
  return Day{std::chrono::year{number(0, 4)} / std::chrono::month{static_cast<unsigned>(number(5, 2))} /
             std::chrono::day{static_cast<unsigned>(number(8, 2))}};
}

FormRange first_forms(const Comparison& c) noexcept {
  if (c.kind == ComparisonKind::email) return {1, 2};
  return {0, static_cast<std::uint8_t>(forms(c.field).size())};
}

std::uint8_t full_level(const Comparison& c, const FieldColumn& xs, std::uint32_t x, const FieldColumn& ys,
                        std::uint32_t y) {
  const Value a{xs, x};
  const Value b{ys, y};
  switch (c.kind) {
    case ComparisonKind::name: return name_level(a, b, c);
    case ComparisonKind::birthday: return birthday_level(day_of(a[0]), day_of(b[0]));
    case ComparisonKind::text: return text_level(a, b, c);
    case ComparisonKind::code: return code_level(a, b);
    case ComparisonKind::phone: return phone_level(a, b);
    case ComparisonKind::email: return email_level(a, b, c);
    case ComparisonKind::address: return address_level(a, b, c);
    case ComparisonKind::organisation: return organisation_level(a, b, c);
    case ComparisonKind::exact: break;
  }
  return a[0] == b[0] ? 2 : 1;
}

std::uint8_t birthday_level(Day a, Day b) noexcept {
  return static_cast<std::uint8_t>(1 + static_cast<int>(compare_birthdays(a, b)));
}

void cross_names(const Names& a, const Names& b, std::uint8_t& given, std::uint8_t& family, double close) {
  const auto level = [&](std::string_view x, std::string_view y) -> std::uint8_t {
    if (x.empty() || y.empty()) return 0;
    if (x == y) return name_same;
    if (x.size() == 1 || y.size() == 1) return name_different;
    if (jaro_winkler_reaches(x, y, close)) return name_close;
    return two_slips(x, y) ? name_similar : name_different;
  };
  if (given > name_similar || family > name_similar) return;
  const std::uint8_t one = level(a.given, b.family);
  const std::uint8_t other = level(b.given, a.family);
  if (std::max(one, other) < name_close) return;
  if (std::min(one, other) >= name_similar) {
    given = family = name_crossed;
  } else if (std::min(one, other) == 0 && std::max(given, family) <= name_different) {
    // One name in common is evidence once: of the field that both have, if there is one.
    (given != 0 && family == 0 ? given : family) = name_crossed;
    if (family == name_crossed) given = 0;
  }
}

}  // namespace klientela::dedupe
