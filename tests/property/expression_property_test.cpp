// Random expressions beside an evaluator of one row at a time that shares nothing with the library's.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "klientela/classify/expression.hpp"
#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

__extension__ using Wide = __int128;
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

template <class T>
using Maybe = std::optional<T>;
/// An expression as text, and what it is for one row; nullopt is null.
template <class T>
struct Made {
  std::string text;
  std::function<Maybe<T>(std::size_t)> value;
};
using Bool = Made<bool>;
using Int = Made<std::int64_t>;
struct Money10000 : Made<std::int64_t> {};
using Real = Made<double>;
using Text = Made<std::string>;
struct DayMade : Made<std::int64_t> {};

Maybe<std::int64_t> narrow(Wide value) {
  if (value > most || value < least) return std::nullopt;
  return static_cast<std::int64_t>(value);
}
Maybe<double> finite(double value) { return std::isfinite(value) ? Maybe<double>(value) : std::nullopt; }

/// Rounded half to even, by trying the neighbours.
Maybe<std::int64_t> quotient(Wide a, Wide b) {
  if (b == 0) return std::nullopt;
  const Wide near = a / b;
  Wide best = near - 1;
  const auto distance = [&](Wide q) {
    const Wide d = a - q * b;
    return d < 0 ? -d : d;
  };
  for (Wide q = near - 1; q <= near + 1; ++q)
    if (distance(q) < distance(best) || (distance(q) == distance(best) && q % 2 == 0)) best = q;
  return narrow(best);
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : trouble_(seed), rows_(static_cast<std::size_t>(100 + trouble_.below(200))) {
    frequency_ = trouble_.values<std::int64_t>(rows_, true);
    count_ = trouble_.values<std::int32_t>(rows_, true);
    small_ = trouble_.values<std::int8_t>(rows_, true);
    for (auto& value : small_)
      if (value) value = static_cast<std::int8_t>(*value % 100);
    money_ = trouble_.values<std::int64_t>(rows_, true);
    profit_ = trouble_.values<std::int64_t>(rows_, false);
    for (std::size_t i = 0; i < rows_; ++i) {
      real_.push_back(trouble_.below(6) == 0 ? Maybe<double>(std::numeric_limits<double>::quiet_NaN())
                                             : Maybe<double>(static_cast<double>(trouble_.below(2000) - 1000) / 8));
      flag_.push_back(trouble_.below(5) == 0 ? Maybe<std::uint8_t>()
                                             : Maybe<std::uint8_t>(static_cast<std::uint8_t>(trouble_.below(2))));
      last_.push_back(trouble_.below(5) == 0
                          ? Maybe<std::int32_t>()
                          : Maybe<std::int32_t>(static_cast<std::int32_t>(20'000 + trouble_.below(500))));
      as_of_.emplace_back(20'500);
      for (auto* column : {&city_, &name_})
        column->push_back(trouble_.below(5) == 0 ? Maybe<std::string>() : Maybe<std::string>(word()));
    }
  }

  Table table() {
    std::vector<std::string> labels;
    Buffer<std::uint16_t> codes(rows_);
    Buffer<std::uint8_t> valid((rows_ + 7) / 8, 0);
    for (std::size_t i = 0; i < rows_; ++i) {
      codes[i] = 0;
      if (!city_[i]) continue;
      const auto found = std::find(labels.begin(), labels.end(), *city_[i]);
      codes[i] = static_cast<std::uint16_t>(found - labels.begin());
      if (found == labels.end()) labels.push_back(*city_[i]);
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    }
    if (labels.empty()) labels.emplace_back("x");
    return Table(
        {test::column("frequency", ColumnType::int64, frequency_), test::column("count", ColumnType::int32, count_),
         test::column("small", ColumnType::int8, small_), test::column("money", ColumnType::money, money_),
         test::column("profit", ColumnType::money, profit_), test::column("score", ColumnType::float64, real_),
         test::column("vip", ColumnType::boolean, flag_), test::column("last", ColumnType::day, last_),
         test::column("as_of", ColumnType::day, as_of_),
         Column("city", std::move(codes), std::make_shared<const std::vector<std::string>>(labels), std::move(valid)),
         Column("name", name_)});
  }
  [[nodiscard]] std::size_t rows() const { return rows_; }

  Bool boolean(int depth) {
    if (depth <= 0) {
      switch (trouble_.below(3)) {
        case 0: return {"vip", [this](std::size_t i) { return flag_[i] ? Maybe<bool>(*flag_[i] != 0) : std::nullopt; }};
        case 1: return {"true", [](std::size_t) { return true; }};
        default: return {"null", [](std::size_t) { return Maybe<bool>(); }};
      }
    }
    switch (trouble_.below(14)) {
      case 0:
      case 1: {
        const bool all = trouble_.below(2) == 0;
        std::vector<Bool> parts;
        std::string text = "(";
        for (std::int64_t n = 2 + trouble_.below(2); n > 0; --n) {
          parts.push_back(boolean(depth - 1));
          text += (parts.size() > 1 ? (all ? " and " : " or ") : "") + parts.back().text;
        }
        return {text + ")", [parts, all](std::size_t i) {
                  Maybe<bool> result = all;
                  for (const Bool& part : parts) {
                    const Maybe<bool> one = part.value(i);
                    if (one && *one != all) return Maybe<bool>(!all);
                    if (!one) result = std::nullopt;
                  }
                  return result;
                }};
      }
      case 2: {
        const Bool one = boolean(depth - 1);
        return {"not (" + one.text + ")", [one](std::size_t i) {
                  const Maybe<bool> value = one.value(i);
                  return value ? Maybe<bool>(!*value) : value;
                }};
      }
      case 3: return compared(integer(depth - 1), integer(depth - 1));
      case 4: return compared(static_cast<const Made<std::int64_t>&>(money(depth - 1)), money(depth - 1));
      case 5: return compared(real(depth - 1), real(depth - 1));
      case 6: return compared(text(depth - 1), text(depth - 1));
      case 7: return compared(static_cast<const Made<std::int64_t>&>(day(depth - 1)), day(depth - 1));
      case 8: return with_literal(integer(depth - 1), 1);
      case 9: return with_literal(money(depth - 1), 10'000);
      case 10: {
        const Int one = integer(depth - 1);
        const bool negated = trouble_.below(2) == 0;
        return {"(" + one.text + (negated ? " is not null)" : " is null)"),
                [one, negated](std::size_t i) { return Maybe<bool>(one.value(i).has_value() == negated); }};
      }
      case 11: {
        const Int one = integer(depth - 1);
        const std::int64_t low = trouble_.below(100);
        const std::int64_t high = low + trouble_.below(3000) - 10;
        const bool negated = trouble_.below(2) == 0;
        return {"(" + one.text + (negated ? " not" : "") + " between " + std::to_string(low) + " and " +
                    std::to_string(high) + ")",
                [=](std::size_t i) {
                  const auto value = one.value(i);
                  return value ? Maybe<bool>((*value >= low && *value <= high) != negated) : std::nullopt;
                }};
      }
      case 12: {
        const Int one = integer(depth - 1);
        const std::vector<std::int64_t> list{0, 42, trouble_.below(5), 2048};
        return {"(" + one.text + " in (0, 42, " + std::to_string(list[2]) + ", 2048, 0.5))", [=](std::size_t i) {
                  const auto value = one.value(i);
                  return value ? Maybe<bool>(std::find(list.begin(), list.end(), *value) != list.end()) : std::nullopt;
                }};
      }
      default: {
        const Text one = text(depth - 1);
        const std::string part = word().substr(0, 1);
        switch (trouble_.below(3)) {
          case 0:
            return {"(" + one.text + " contains '" + part + "')", [=](std::size_t i) {
                      const auto value = one.value(i);
                      return value ? Maybe<bool>(value->find(part) != std::string::npos) : std::nullopt;
                    }};
          case 1:
            return {"(" + one.text + " not starts with '" + part + "')", [=](std::size_t i) {
                      const auto value = one.value(i);
                      return value ? Maybe<bool>(!value->starts_with(part)) : std::nullopt;
                    }};
          default: {
            const std::string pattern = "%" + part + "_" + (trouble_.below(2) == 0 ? "%" : "");
            return {"(" + one.text + " like '" + pattern + "')", [=](std::size_t i) {
                      const auto value = one.value(i);
                      return value ? Maybe<bool>(likes(*value, pattern)) : std::nullopt;
                    }};
          }
        }
      }
    }
  }

 private:
  std::string word() {
    static const char* const words[] = {"a", "ab", "ba", "abc", "", "aab", "cb", "bab"};
    return words[trouble_.below(8)];
  }

  /// Wildcards by recursion: slow and plainly right.
  static bool likes(std::string_view text, std::string_view pattern) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '%') return likes(text, pattern.substr(1)) || (!text.empty() && likes(text.substr(1), pattern));
    return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) && likes(text.substr(1), pattern.substr(1));
  }

  template <class T>
  Bool compared(const Made<T>& a, const Made<T>& b) {
    static const char* const signs[] = {"=", "!=", "<", "<=", ">", ">="};
    const std::int64_t op = trouble_.below(6);
    return {"(" + a.text + " " + signs[op] + " " + b.text + ")", [a, b, op](std::size_t i) {
              const Maybe<T> x = a.value(i);
              const Maybe<T> y = b.value(i);
              if (!x || !y) return Maybe<bool>();
              const bool holds[] = {*x == *y, *x != *y, *x<*y, *x <= *y, *x> * y, *x >= *y};
              return Maybe<bool>(holds[op]);
            }};
  }

  /// Beside a literal with up to six decimals; values count in 1/scale.
  Bool with_literal(const Made<std::int64_t>& a, std::int64_t scale) {
    static const char* const signs[] = {"=", "!=", "<", "<=", ">", ">="};
    const std::int64_t op = trouble_.below(6);
    const std::int64_t millionths = trouble_.below(3) == 0   ? trouble_.below(5) * 1'000'000 - 2'000'000
                                    : trouble_.below(2) == 0 ? trouble_.below(4'000'000'000)
                                                             : trouble_.below(2000) * 100'000 - 100'000'000;
    const std::int64_t size = std::abs(millionths);
    std::string decimals = std::to_string(size % 1'000'000 + 1'000'000).substr(1);
    const std::string literal = (millionths < 0 ? "-" : "") + std::to_string(size / 1'000'000) + "." + decimals;
    return {"(" + a.text + " " + signs[op] + " " + literal + ")", [a, op, millionths, scale](std::size_t i) {
              const auto value = a.value(i);
              if (!value) return Maybe<bool>();
              const Wide x = Wide{*value} * 1'000'000;
              const Wide y = Wide{millionths} * scale;
              const bool holds[] = {x == y, x != y, x<y, x <= y, x> y, x >= y};
              return Maybe<bool>(holds[op]);
            }};
  }

  Int integer(int depth) {
    if (depth <= 0 || trouble_.below(4) == 0) {
      switch (trouble_.below(4)) {
        case 0: return {"frequency", [this](std::size_t i) { return frequency_[i]; }};
        case 1: return {"count", [this](std::size_t i) { return Maybe<std::int64_t>(count_[i]); }};
        case 2: return {"small", [this](std::size_t i) { return Maybe<std::int64_t>(small_[i]); }};
        default: {
          const std::int64_t value = trouble_.below(3) == 0 ? most : trouble_.below(50) - 10;
          return {std::to_string(value), [value](std::size_t) { return Maybe<std::int64_t>(value); }};
        }
      }
    }
    switch (trouble_.below(6)) {
      case 0: {
        const Int one = integer(depth - 1);
        return {"abs(" + one.text + ")", [one](std::size_t i) {
                  const auto value = one.value(i);
                  return value ? narrow(*value < 0 ? -Wide{*value} : Wide{*value}) : std::nullopt;
                }};
      }
      case 1: {
        const Int one = integer(depth - 1);
        const Int other = integer(depth - 1);
        return {"coalesce(" + one.text + ", " + other.text + ")", [one, other](std::size_t i) {
                  const auto value = one.value(i);
                  return value ? value : other.value(i);
                }};
      }
      case 2: {
        const DayMade one = day(depth - 1);
        const DayMade other = day(depth - 1);
        return {"(" + one.text + " - " + other.text + ")", [one, other](std::size_t i) {
                  const auto a = one.value(i);
                  const auto b = other.value(i);
                  return a && b ? Maybe<std::int64_t>(*a - *b) : std::nullopt;
                }};
      }
      default: {
        const Int one = integer(depth - 1);
        const Int other = integer(depth - 1);
        const std::int64_t op = trouble_.below(3);
        const char* const signs[] = {" + ", " - ", " * "};
        return {"(" + one.text + signs[op] + other.text + ")", [one, other, op](std::size_t i) {
                  const auto a = one.value(i);
                  const auto b = other.value(i);
                  if (!a || !b) return Maybe<std::int64_t>();
                  const Wide values[] = {Wide{*a} + *b, Wide{*a} - *b, Wide{*a} * *b};
                  return narrow(values[op]);
                }};
      }
    }
  }

  Money10000 money(int depth) {
    if (depth <= 0 || trouble_.below(4) == 0) {
      if (trouble_.below(2) == 0) return {{"money", [this](std::size_t i) { return money_[i]; }}};
      return {{"profit", [this](std::size_t i) { return profit_[i]; }}};
    }
    const Money10000 one = money(depth - 1);
    switch (trouble_.below(5)) {
      case 0: {
        const Money10000 other = money(depth - 1);
        return {{"(" + one.text + " - " + other.text + ")", [one, other](std::size_t i) {
                   const auto a = one.value(i);
                   const auto b = other.value(i);
                   return a && b ? narrow(Wide{*a} - *b) : std::nullopt;
                 }}};
      }
      case 1: {
        const Int other = integer(depth - 1);
        return {{"(" + one.text + " + " + other.text + ")", [one, other](std::size_t i) {
                   const auto a = one.value(i);
                   const auto b = other.value(i);
                   if (!a || !b || !narrow(Wide{*b} * 10'000)) return Maybe<std::int64_t>();
                   return narrow(Wide{*a} + Wide{*b} * 10'000);
                 }}};
      }
      case 2: {
        const Int other = integer(depth - 1);
        return {{"(" + one.text + " / " + other.text + ")", [one, other](std::size_t i) {
                   const auto a = one.value(i);
                   const auto b = other.value(i);
                   return a && b ? quotient(*a, *b) : std::nullopt;
                 }}};
      }
      case 3: {
        const std::int64_t thousandths = trouble_.below(5000) + 1;
        const std::string literal =
            std::to_string(thousandths / 1000) + "." + std::to_string(1000 + thousandths % 1000).substr(1);
        const bool divide = trouble_.below(2) == 0;
        return {{"(" + one.text + (divide ? " / " : " * ") + literal + ")", [=](std::size_t i) {
                   const auto a = one.value(i);
                   if (!a) return Maybe<std::int64_t>();
                   return divide ? quotient(Wide{*a} * 1000, thousandths) : quotient(Wide{*a} * thousandths, 1000);
                 }}};
      }
      default: {
        const Money10000 other = money(depth - 1);
        return {{"greatest(" + one.text + ", " + other.text + ")", [one, other](std::size_t i) {
                   const auto a = one.value(i);
                   const auto b = other.value(i);
                   return a && b ? Maybe<std::int64_t>(std::max(*a, *b)) : std::nullopt;
                 }}};
      }
    }
  }

  Real real(int depth) {
    if (depth <= 0 || trouble_.below(4) == 0)
      return {"score", [this](std::size_t i) { return real_[i] ? finite(*real_[i]) : std::nullopt; }};
    const auto joined = [](std::string text, auto a, auto b, auto compute) {
      return Real{std::move(text), [a, b, compute](std::size_t i) {
                    const auto x = a.value(i);
                    const auto y = b.value(i);
                    return x && y ? finite(compute(*x, *y)) : std::nullopt;
                  }};
    };
    const Real one = real(depth - 1);
    switch (trouble_.below(5)) {
      case 0: {
        const Real other = real(depth - 1);
        return joined("(" + one.text + " * " + other.text + ")", one, other, [](double a, double b) { return a * b; });
      }
      case 1: {
        const Real other = real(depth - 1);
        return joined("(" + one.text + " / " + other.text + ")", one, other, [](double a, double b) { return a / b; });
      }
      case 2: {
        const Int other = integer(depth - 1);
        return joined("(" + one.text + " + " + other.text + ")", one, other,
                      [](double a, std::int64_t b) { return a + static_cast<double>(b); });
      }
      case 3: {
        const Money10000 other = money(depth - 1);
        return joined("(" + one.text + " - " + other.text + ")", one, other,
                      [](double a, std::int64_t b) { return a - static_cast<double>(b) / 10'000; });
      }
      default: {
        const Int a = integer(depth - 1);
        const Int b = integer(depth - 1);
        return joined("(" + a.text + " / " + b.text + ")", a, b,
                      [](std::int64_t x, std::int64_t y) { return static_cast<double>(x) / static_cast<double>(y); });
      }
    }
  }

  Text text(int depth) {
    switch (depth <= 0 ? trouble_.below(3) : trouble_.below(5)) {
      case 0: return {"city", [this](std::size_t i) { return city_[i]; }};
      case 1: return {"name", [this](std::size_t i) { return name_[i]; }};
      case 2: {
        const std::string constant = word();
        return {"'" + constant + "'", [constant](std::size_t) { return Maybe<std::string>(constant); }};
      }
      case 3: {
        const Text one = text(depth - 1);
        return {"lower(" + one.text + ")", one.value};  // the words are in lower case
      }
      default: {
        const Text one = text(depth - 1);
        const Text other = text(depth - 1);
        return {"coalesce(" + one.text + ", " + other.text + ")", [one, other](std::size_t i) {
                  const auto value = one.value(i);
                  return value ? value : other.value(i);
                }};
      }
    }
  }

  DayMade day(int depth) {
    if (depth <= 0 || trouble_.below(2) == 0) {
      if (trouble_.below(2) == 0) return {{"last", [this](std::size_t i) { return Maybe<std::int64_t>(last_[i]); }}};
      return {{"as_of", [](std::size_t) { return Maybe<std::int64_t>(20'500); }}};
    }
    const DayMade one = day(depth - 1);
    const std::int64_t count = trouble_.below(400);
    const bool weeks = trouble_.below(4) == 0;
    const bool add = trouble_.below(2) == 0;
    const std::int64_t move = (weeks ? 7 : 1) * (add ? count : -count);
    return {{"(" + one.text + (add ? " + " : " - ") + std::to_string(count) + (weeks ? " weeks" : " days") + ")",
             [one, move](std::size_t i) {
               const auto value = one.value(i);
               return value ? Maybe<std::int64_t>(*value + move) : std::nullopt;
             }}};
  }

  test::Trouble trouble_;
  std::size_t rows_;
  std::vector<Maybe<std::int64_t>> frequency_;
  std::vector<Maybe<std::int32_t>> count_;
  std::vector<Maybe<std::int8_t>> small_;
  std::vector<Maybe<std::int64_t>> money_;
  std::vector<Maybe<std::int64_t>> profit_;
  std::vector<Maybe<double>> real_;
  std::vector<Maybe<std::uint8_t>> flag_;
  std::vector<Maybe<std::int32_t>> last_;
  std::vector<Maybe<std::int32_t>> as_of_;
  std::vector<Maybe<std::string>> city_;
  std::vector<Maybe<std::string>> name_;
};

class RandomExpressions : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomExpressions, AreWhatOneRowAtATimeSays) {
  std::size_t rows = 0;
  std::size_t yes = 0;
  std::size_t no = 0;
  for (std::uint64_t round = 0; round < 150; ++round) {
    Maker maker(GetParam() * 1000 + round);
    const Bool made = maker.boolean(4);
    const Table table = maker.table();
    const Column values = Expression::parse(made.text).evaluate(table);
    ASSERT_EQ(values.type(), ColumnType::boolean) << made.text;
    for (std::size_t row = 0; row < maker.rows(); ++row) {
      const Maybe<bool> wanted = made.value(row);
      ++rows;
      yes += wanted == true ? 1U : 0U;
      no += wanted == false ? 1U : 0U;
      const std::string seen = values.is_null(row)                       ? "null"
                               : values.values<std::uint8_t>()[row] != 0 ? "true"
                                                                         : "false";
      ASSERT_EQ(seen, !wanted ? "null" : *wanted ? "true" : "false") << "row " << row << " of " << made.text;
    }
  }
  EXPECT_GT(yes, rows / 10);  // the expressions say something
  EXPECT_GT(no, rows / 10);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomExpressions, testing::Range<std::uint64_t>(0, 10));

}  // namespace
}  // namespace klientela
