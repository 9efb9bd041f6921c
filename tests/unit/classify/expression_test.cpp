// Expressions: what they mean, how they are refused, and that blocks and threads change nothing.
#include "klientela/classify/expression.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "klientela/core/money.hpp"
#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

using test::column;
using testing::ElementsAre;
using testing::HasSubstr;

Column terms(const std::string& name, std::vector<std::string> labels, const std::vector<std::int64_t>& codes) {
  Buffer<std::uint32_t> buffer(codes.size());
  Buffer<std::uint8_t> valid((codes.size() + 7) / 8, 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    buffer[i] = codes[i] < 0 ? 0xFFFF'FFFFU : static_cast<std::uint32_t>(codes[i]);  // anything may lie under a null
    if (codes[i] >= 0) valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
  }
  return Column(name, std::move(buffer), std::make_shared<const std::vector<std::string>>(std::move(labels)),
                std::move(valid));
}

std::int32_t day(int year, unsigned month, unsigned of_month) {
  return static_cast<std::int32_t>(
      Day{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(of_month)}.time_since_epoch().count());
}

/// Four clients; the last one has nothing.
Table sample() {
  const std::int32_t as_of = day(2026, 3, 31);
  return Table({
      test::clients(4),
      column<std::int64_t>("frequency", ColumnType::int64, {7, 0, 1, std::nullopt}),
      column<std::int32_t>("recency_days", ColumnType::int32, {3, 400, 90, std::nullopt}),
      column<std::int64_t>("money_net", ColumnType::money, {12'345'600, 0, -5, std::nullopt}),
      column<double>("engagement", ColumnType::float64, {2.5, 0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}),
      column<std::int32_t>("last_purchase", ColumnType::day, {as_of - 3, day(2025, 2, 24), as_of - 90, std::nullopt}),
      column<std::int32_t>("as_of", ColumnType::day, {as_of, as_of, as_of, as_of}),
      column<std::int64_t>(
          "seen", ColumnType::instant,
          {std::int64_t{as_of} * 86'400'000'000, std::int64_t{as_of} * 86'400'000'000 + 1, 0, std::nullopt}),
      column<std::uint8_t>("vip", ColumnType::boolean, {1, 0, 1, std::nullopt}),
      terms("card.city", {"Moscow", "москва", "Köln"}, {0, 1, 2, -1}),
      Column("name", std::vector<std::optional<std::string>>{"ООО «Север»", "100% Cotton_Ltd", "", std::nullopt}),
  });
}

/// "10-?": yes, no, false, null for each row.
std::string truth(const std::string& text, const Table& table = sample()) {
  const Column values = Expression::parse(text).evaluate(table);
  EXPECT_EQ(values.type(), ColumnType::boolean) << text;
  std::string out;
  for (std::size_t row = 0; row < values.size(); ++row)
    out += values.is_null(row) ? '?' : values.values<std::uint8_t>()[row] != 0 ? '1' : '0';
  return out;
}

std::vector<std::string> values(const std::string& text) {
  return test::texts(Expression::parse(text).evaluate(sample()));
}

std::string refused(const std::string& text) {
  const Table table = sample();
  try {
    static_cast<void>(Expression::parse(text).check(table));
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Expression, ComparesEachTypeWithItsConstants) {
  EXPECT_EQ(truth("frequency > 0"), "101?");
  EXPECT_EQ(truth("0 < frequency"), "101?");
  EXPECT_EQ(truth("frequency >= 0.5"), "101?");
  EXPECT_EQ(truth("frequency = 7.0"), "100?");
  EXPECT_EQ(truth("frequency = 7.5"), "000?");
  EXPECT_EQ(truth("frequency != 7.5"), "111?");
  EXPECT_EQ(truth("recency_days <= 90"), "101?");
  EXPECT_EQ(truth("money_net >= 1234.56"), "100?");
  EXPECT_EQ(truth("money_net > 1234.56"), "000?");
  EXPECT_EQ(truth("money_net < 1234.56001"), "111?");
  EXPECT_EQ(truth("money_net < -0.00049"), "001?");
  EXPECT_EQ(truth("money_net <> 0"), "101?");
  EXPECT_EQ(truth("engagement >= 2.5"), "100?");
  EXPECT_EQ(truth("last_purchase < as_of - 90 days"), "010?");
  EXPECT_EQ(truth("last_purchase <= as_of - 90 days"), "011?");
  EXPECT_EQ(truth("last_purchase >= '2026-01-01'"), "100?");
  EXPECT_EQ(truth("last_purchase = date '2025-02-24'"), "010?");
  EXPECT_EQ(truth("seen > timestamp '2026-03-31T00:00:00Z'"), "010?");
  EXPECT_EQ(truth("seen >= '2026-03-31T00:00:00.000001Z'"), "010?");
  EXPECT_EQ(truth("vip"), "101?");
  EXPECT_EQ(truth("vip = false"), "010?");
  EXPECT_EQ(truth("not vip"), "010?");
}

TEST(Expression, ComparesColumnsWithColumns) {
  EXPECT_EQ(truth("frequency < recency_days"), "011?");
  EXPECT_EQ(truth("money_net > frequency"), "100?");
  EXPECT_EQ(truth("money_net = frequency"), "010?");
  EXPECT_EQ(truth("engagement < frequency"), "101?");
  EXPECT_EQ(truth("money_net <= engagement"), "010?");
  EXPECT_EQ(truth("card.city = name"), "000?");
  EXPECT_EQ(truth("card.city != lower(card.city)"), "101?");
  EXPECT_EQ(truth("vip = (frequency > 0)"), "111?");
}

TEST(Expression, KnowsThreeValues) {
  EXPECT_EQ(truth("frequency > 0 and true"), "101?");
  EXPECT_EQ(truth("frequency > 0 and false"), "0000");
  EXPECT_EQ(truth("frequency > 0 or true"), "1111");
  EXPECT_EQ(truth("frequency > 0 or false"), "101?");
  EXPECT_EQ(truth("not (frequency > 0)"), "010?");
  EXPECT_EQ(truth("frequency is null"), "0001");
  EXPECT_EQ(truth("frequency is not null"), "1110");
  EXPECT_EQ(truth("engagement is null"), "0001");
  EXPECT_EQ(truth("frequency = null"), "????");
  EXPECT_EQ(truth("null"), "????");
  EXPECT_EQ(truth("(frequency > 0) is null"), "0001");
  EXPECT_EQ(truth("coalesce(frequency, 0) = 0"), "0101");
  EXPECT_EQ(truth("coalesce(frequency > 0, false)"), "1010");
  EXPECT_EQ(truth("frequency between 1 and 6 or frequency is null"), "0011");
  EXPECT_EQ(truth("frequency between 5 and null"), "?00?");
  EXPECT_EQ(truth("frequency not between 0 and 1"), "100?");
}

TEST(Expression, LooksIntoLists) {
  EXPECT_EQ(truth("frequency in (0, 7, 7.5)"), "110?");
  EXPECT_EQ(truth("frequency not in (0, 7)"), "001?");
  EXPECT_EQ(truth("money_net in (1234.56, -0.0005, 1e300)"), "101?");
  EXPECT_EQ(truth("engagement in (2.5)"), "100?");
  EXPECT_EQ(truth("card.city in ('Köln', 'Moscow')"), "101?");
  EXPECT_EQ(truth("card.city in ('KÖLN', 'МОСКВА') ignoring case"), "011?");
  EXPECT_EQ(truth("card.city not in ('Köln')"), "110?");
  EXPECT_EQ(truth("last_purchase in ('2025-02-24', '2026-03-28')"), "110?");
  EXPECT_EQ(truth("vip in (false)"), "010?");
}

TEST(Expression, MatchesTexts) {
  EXPECT_EQ(truth("card.city contains 'o'"), "100?");
  EXPECT_EQ(truth("card.city contains 'MOS' ignoring case"), "100?");
  EXPECT_EQ(truth("card.city starts with 'м'"), "010?");
  EXPECT_EQ(truth("card.city ends with 'КВА' ignoring case"), "010?");
  EXPECT_EQ(truth("card.city not contains 'o'"), "011?");
  EXPECT_EQ(truth("card.city like 'K_ln'"), "001?");
  EXPECT_EQ(truth("card.city like 'М______' ignoring case"), "000?");
  EXPECT_EQ(truth("card.city like 'М_____' ignoring case"), "010?");
  EXPECT_EQ(truth("name like '100\\% %\\_%'"), "010?");
  EXPECT_EQ(truth("name glob '*«*»'"), "100?");
  EXPECT_EQ(truth("name glob '????????????*'"), "010?");
  EXPECT_EQ(truth("name like ''"), "001?");
  EXPECT_EQ(truth("name = ''"), "001?");
  EXPECT_EQ(truth("length(name) = 11"), "100?");
  EXPECT_EQ(truth("lower(name) contains 'север'"), "100?");
  EXPECT_EQ(truth("card.city < 'N'"), "101?");
  EXPECT_EQ(truth("'it''s' = 'it''s'"), "1111");
}

TEST(Expression, PatternsDoNotBlowUp) {
  const std::string many(4000, 'a');
  const Table table({Column("name", std::vector<std::string>{many, many + 'b'})});
  std::string pattern;
  for (int i = 0; i < 40; ++i) pattern += "a%";
  EXPECT_EQ(truth("name like '" + pattern + "b'", table), "01");
  EXPECT_EQ(truth("name like '%" + pattern + "_b%'", table), "01");
  EXPECT_EQ(truth("name glob '*a*a*a*c*'", table), "00");
}

TEST(Expression, CountsExactly) {
  EXPECT_THAT(values("money_net * 2"), ElementsAre("2469.12", "0", "-0.001", ""));
  EXPECT_THAT(values("money_net * 0.5"), ElementsAre("617.28", "0", "-0.0002", ""));  // half to even
  EXPECT_THAT(values("money_net / 3"), ElementsAre("411.52", "0", "-0.0002", ""));
  EXPECT_THAT(values("money_net / 0.1"), ElementsAre("12345.6", "0", "-0.005", ""));
  EXPECT_THAT(values("money_net + 0.0005"), ElementsAre("1234.5605", "0.0005", "0", ""));
  EXPECT_THAT(values("money_net - frequency"), ElementsAre("1227.56", "0", "-1.0005", ""));
  EXPECT_THAT(values("frequency / 2"), ElementsAre("3.5", "0", "0.5", ""));
  EXPECT_THAT(values("money_net / money_net"), ElementsAre("1", "", "1", ""));
  EXPECT_THAT(values("frequency * -3 + 1"), ElementsAre("-20", "1", "-2", ""));
  EXPECT_THAT(values("as_of - last_purchase"), ElementsAre("3", "400", "90", ""));
  EXPECT_THAT(values("as_of - 1 month"), ElementsAre("2026-02-28", "2026-02-28", "2026-02-28", "2026-02-28"));
  EXPECT_THAT(values("as_of + 1 year"), ElementsAre("2027-03-31", "2027-03-31", "2027-03-31", "2027-03-31"));
  EXPECT_THAT(values("as_of - 2 weeks"), ElementsAre("2026-03-17", "2026-03-17", "2026-03-17", "2026-03-17"));
  EXPECT_THAT(values("seen - 90 minutes")[0], "2026-03-30T22:30:00Z");
  EXPECT_THAT(values("seen + 1 month")[1], "2026-04-30T00:00:00.000001Z");
  EXPECT_THAT(values("abs(money_net)"), ElementsAre("1234.56", "0", "0.0005", ""));
  EXPECT_THAT(values("least(frequency, 3)"), ElementsAre("3", "0", "1", ""));
  EXPECT_THAT(values("greatest(money_net, 0.5)"), ElementsAre("1234.56", "0.5", "0.5", ""));
  EXPECT_THAT(values("coalesce(name, 'nobody')"), ElementsAre("ООО «Север»", "100% Cotton_Ltd", "", "nobody"));
  EXPECT_THAT(values("2 * 3 - 4 / 8"), ElementsAre("5.5", "5.5", "5.5", "5.5"));
  EXPECT_THAT(values("- (2 - 3 - 4)"), ElementsAre("5", "5", "5", "5"));
}

TEST(Expression, ArithmeticWithoutAnAnswerIsNull) {
  EXPECT_EQ(truth("money_net / frequency > 100"), "1?0?");
  EXPECT_EQ(truth("frequency / 0 = 1"), "????");
  EXPECT_EQ(truth("engagement / 0 > 1"), "????");
  EXPECT_EQ(truth("frequency * 9223372036854775807 > 0"), "?01?");
  EXPECT_EQ(truth("money_net * 9e18 > 0"), "?0??");
  EXPECT_EQ(truth("engagement * 1e308 * 10 > 0"), "?0??");
  EXPECT_EQ(truth("as_of + 1000 years > as_of"), "????");
  EXPECT_EQ(truth("frequency > 1e300"), "000?");
  EXPECT_EQ(truth("frequency < 99999999999999999999"), "111?");
  EXPECT_EQ(truth("frequency > -99999999999999999999"), "111?");
}

TEST(Expression, BindsAsUsual) {
  EXPECT_EQ(truth("true or false and false"), "1111");
  EXPECT_EQ(truth("(true or false) and false"), "0000");
  EXPECT_EQ(truth("not false and false"), "0000");
  EXPECT_EQ(truth("not frequency = 7"), "011?");
  EXPECT_EQ(truth("frequency + 1 * 2 = 9 AND NOT vip = False"), "100?");
  EXPECT_EQ(truth("1 - 1 - 1 = -1"), "1111");
  EXPECT_EQ(truth("`card.city` = 'Moscow'"), "100?");
}

TEST(Expression, NamesWhatItReads) {
  EXPECT_THAT(Expression::parse("a > 1 and (`b c` < a or `b c` is null) and d.e like 'x'").columns(),
              ElementsAre("a", "b c", "d.e"));
}

TEST(Expression, PointsAtTheCharacter) {
  const auto problem = [](const std::string& text) { return Expression::problem(text).value(); };
  ExpressionProblem found = problem("frequency > 0 and\n  город  >> 3");
  EXPECT_EQ(found.line, 2U);
  EXPECT_EQ(found.column, 11U);
  EXPECT_EQ(found.offset, 33U);
  EXPECT_EQ(found.excerpt, "  город  >> 3\n          ^");
  EXPECT_EQ(problem("frequency >").column, 12U);
  EXPECT_EQ(problem("").message, "the expression is empty");
  EXPECT_EQ(problem("1 +").message, "expected a column, a number, a text, a date or \"(\", not the end");
  const std::string wide = std::string(300, ' ') + "1 + + + * 2" + std::string(300, ' ');
  EXPECT_EQ(problem(wide).column, 309U);
  EXPECT_LT(problem(wide).excerpt.size(), 200U);
}

TEST(Expression, RefusesWhatItDoesNotUnderstand) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"recensy_days > 3", "there is no column \"recensy_days\"; did you mean \"recency_days\"?"},
      {"xyzzy > 3", "there are: client, frequency"},
      {"frequency > 'a'", "cannot compare a whole number with text"},
      {"name > 5", "column name holds text"},
      {"money_net contains 'a'", "expected text here, not money"},
      {"last_purchase > 90", "cannot compare a day with a whole number"},
      {"last_purchase > 'yesterday'", "a day is compared with a day like '2026-01-31'"},
      {"last_purchase > '2026-02-30'", "a day is compared with a day like"},
      {"last_purchase > seen", "cannot compare a day with an instant"},
      {"last_purchase + 90 > as_of", "say which unit, for example 90 days"},
      {"recency_days > 90 days", "a number of days is compared with a plain number"},
      {"as_of - 3 hours > as_of", "a day has no hours"},
      {"90 days + as_of > as_of", "write the day first"},
      {"1.5 days", "a length of time is a whole number of days"},
      {"money_net * money_net > 1", "money times money means nothing"},
      {"name + 1 = 2", "cannot add text"},
      {"frequency and true", "expected a condition here, not a whole number"},
      {"vip > true", "booleans have no order"},
      {"1 < frequency < 3", "comparisons are not chained"},
      {"frequency = 1 = 2", "comparisons are not chained"},
      {"name = \"x\"", "texts stand in single quotes"},
      {"name = 'x", "the text is never closed"},
      {"`frequency > 1", "the backquote is never closed"},
      {"(frequency > 1", "the parenthesis is never closed"},
      {"frequency > 1)", "there is no \"(\" to this \")\""},
      {"frequency > 1 frequency", "expected \"and\", \"or\", an operator or the end, not frequency"},
      {"frequency && vip", "write \"and\""},
      {"!vip", "write \"not\""},
      {"frequency in ()", "expected a column, a number"},
      {"frequency in (recency_days)", "a list holds constants only"},
      {"frequency in (1, null)", "null is equal to nothing"},
      {"frequency in 1", "a list in parentheses"},
      {"frequency is 3", "a value is compared with ="},
      {"frequency not 3", "after \"not\""},
      {"name like 'abc\\'", "the pattern ends in a backslash"},
      {"name contains name", "expected a text in single quotes here"},
      {"name > 'a' ignoring case", "only = and != can ignore case"},
      {"frequency = 1 ignoring case", "expected text here"},
      {"frequency = 1 ignoring", "expected \"case\", not the end"},
      {"name starts 'a'", "expected \"with\""},
      {"sqrt(frequency) > 1", "there is no function \"sqrt\""},
      {"abs(1, 2) > 1", "abs takes 1 value, not 2"},
      {"coalesce(1, 'a') = 1", "the values differ in type"},
      {"12abc > 1", "a number runs into a letter"},
      {"1.2.3 > 1", "a number has one decimal point"},
      {"1. > 1", "expected digits after the decimal point"},
      {"1e999 > 1", "the number is out of range"},
      {"frequency > 5 # comment", "there is no operator \"#\""},
      {"frequency >\x01 5", "there is a control character here"},
      {"name = '\xC3\x28'", "this byte is not UTF-8"},
      {"name = '\xED\xA0\x80'", "this byte is not UTF-8"},
      {"date '2026-13-01' = as_of", "is not a day"},
      {"timestamp '2026-01-01' = seen", "is not an instant"},
  };
  for (const auto& [text, message] : cases) EXPECT_THAT(refused(text), HasSubstr(message)) << text;
}

TEST(Expression, HoldsItsLimits) {
  EXPECT_THAT(refused(std::string(5000, '(') + "vip" + std::string(5000, ')')), HasSubstr("deeper than 100 levels"));
  EXPECT_THAT(refused(std::string(50'000, '-') + "1 > 0"), HasSubstr("deeper than 100 levels"));
  std::string nots;
  for (int i = 0; i < 9000; ++i) nots += "not ";
  EXPECT_THAT(refused(nots + "vip"), HasSubstr("deeper than 100 levels"));
  std::string sum = "frequency";
  for (int i = 0; i < 200; ++i) sum += " + 1";
  EXPECT_THAT(refused(sum + " > 0"), HasSubstr("deeper than 100 levels"));
  std::string all = "vip";
  for (int i = 0; i < 1000; ++i) all += " and vip";
  EXPECT_EQ(truth(all), "101?");
  std::string list = "frequency in (0";
  for (int i = 0; i < 20'000; ++i) list += ",1";
  EXPECT_THAT(refused(list + ")"), HasSubstr("more than 10000 parts"));
  EXPECT_THAT(refused(std::string(70'000, ' ')), HasSubstr("longer than 65536 bytes"));
  EXPECT_THAT(refused(std::string(500, '9') + " > 1"), HasSubstr("at most 400 characters"));
  EXPECT_EQ(truth("frequency < " + std::string(300, '9')), "111?");
}

TEST(Expression, ColumnsThatMayBeAbsentAreNull) {
  const std::vector<std::string> absent{"requests"};
  const Expression asked = Expression::parse("requests > 0 or frequency > 0");
  EXPECT_EQ(asked.check(sample(), absent), ExpressionType::boolean);
  EXPECT_THAT(test::texts(asked.evaluate(sample(), "x", {}, absent)), ElementsAre("true", "", "true", ""));
  EXPECT_THROW(static_cast<void>(asked.evaluate(sample())), Error);
}

TEST(Expression, ErrorsCarryTheirPlace) {
  try {
    static_cast<void>(Expression::parse("a >", "/classifiers/x/rules/0/when"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    EXPECT_EQ(error.where(), "/classifiers/x/rules/0/when");
    EXPECT_THAT(error.what(), HasSubstr("(line 1, column 4)\na >\n   ^"));
  }
  try {
    static_cast<void>(Expression::parse("recensy > 1").check(sample()));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_EQ(error.where(), "recensy");
  }
}

TEST(Expression, BlocksAndThreadsChangeNothing) {
  test::Trouble trouble(5);
  const std::size_t rows = 10'000;
  const Table table({test::clients(rows),
                     column("frequency", ColumnType::int64, trouble.values<std::int64_t>(rows, true)),
                     column("recency_days", ColumnType::int32, trouble.values<std::int32_t>(rows, true)),
                     column("money_net", ColumnType::money, trouble.values<std::int64_t>(rows, true))});
  const Expression expression = Expression::parse(
      "money_net / frequency > recency_days or recency_days between 3 and 2049 and not frequency = 1");
  const std::vector<std::string> expected = test::texts(expression.evaluate(table));
  test::for_thread_counts(
      [&](const Control& control) { EXPECT_EQ(test::texts(expression.evaluate(table, "value", control)), expected); });
  for (const std::size_t row : {0U, 63U, 64U, 2047U, 2048U, 9999U}) {
    const std::vector<std::uint32_t> one{static_cast<std::uint32_t>(row)};
    EXPECT_EQ(test::texts(expression.evaluate(table.take(one)))[0], expected[row]);
  }
  EXPECT_TRUE(test::texts(expression.evaluate(table.take({}))).empty());
}

}  // namespace
}  // namespace klientela
