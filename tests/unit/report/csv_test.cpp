// CSV: quoting after RFC 4180, guards against formulas, exact numbers, nulls and empty texts.
#include <gtest/gtest.h>

#include <limits>

#include "unit/report/sample.hpp"

namespace klientela {
namespace {

std::string cell(const std::string& text) {
  Table table;
  table.add(Column("a", std::vector<std::string>{text}));
  table.add(Column("b", std::vector<std::string>{"end"}));
  std::string csv = to_csv(table);
  EXPECT_TRUE(csv.starts_with("a,b\n"));
  EXPECT_TRUE(csv.ends_with(",end\n"));
  return csv.substr(4, csv.size() - 4 - 5);
}

TEST(Csv, WritesPlainTextAsItIs) {
  EXPECT_EQ(cell("plain"), "plain");
  EXPECT_EQ(cell("Жанна 王芳"), "Жанна 王芳");
  EXPECT_EQ(cell("a=b"), "a=b");
  EXPECT_EQ(cell("'quoted'"), "'quoted'");
}

TEST(Csv, QuotesWhatNeedsQuotes) {
  EXPECT_EQ(cell("a,b"), "\"a,b\"");
  EXPECT_EQ(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(cell("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(cell("two\r\nlines"), "\"two\r\nlines\"");
  EXPECT_EQ(cell(""), "\"\"");
}

TEST(Csv, GuardsFormulas) {
  EXPECT_EQ(cell("=1+1"), "'=1+1");
  EXPECT_EQ(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
  EXPECT_EQ(cell("+SUM(A1:A9)"), "'+SUM(A1:A9)");
  EXPECT_EQ(cell("-2+3"), "'-2+3");
  EXPECT_EQ(cell("@x"), "'@x");
  EXPECT_EQ(cell("\tx"), "'\tx");
  EXPECT_EQ(cell("\rx"), "\"'\rx\"");
  EXPECT_EQ(cell("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
  EXPECT_EQ(cell("-"), "'-");
  EXPECT_EQ(cell("+"), "'+");
  EXPECT_EQ(cell("--1"), "'--1");
  EXPECT_EQ(cell("-1-"), "'-1-");
  EXPECT_EQ(cell("+1.2.3"), "'+1.2.3");
}

TEST(Csv, GuardsFormulasBehindBlanksAndInFullWidth) {
  EXPECT_EQ(cell("\n=1+1"), "\"'\n=1+1\"");
  EXPECT_EQ(cell("\nx"), "\"'\nx\"");
  EXPECT_EQ(cell("\t-1"), "'\t-1") << "a tab first is guarded, whatever follows";
  EXPECT_EQ(cell("＝1＋1"), "'＝1＋1");
  EXPECT_EQ(cell("＋1"), "'＋1");
  EXPECT_EQ(cell("－1"), "'－1");
  EXPECT_EQ(cell("＠x"), "'＠x");
  EXPECT_EQ(cell(" =1+1"), "' =1+1");
  EXPECT_EQ(cell("\v\f=1+1"), "'\v\f=1+1");
  EXPECT_EQ(cell("\u00A0=1+1"), "'\u00A0=1+1");
  EXPECT_EQ(cell("\u3000\u2003＝1"), "'\u3000\u2003＝1");
  EXPECT_EQ(cell("\uFEFF\u200B@x"), "'\uFEFF\u200B@x");
  EXPECT_EQ(cell("\u00A0 -12.5"), "\u00A0 -12.5") << "a number";
  EXPECT_EQ(cell(" +7 495 123-45-67"), " +7 495 123-45-67") << "a phone";
  EXPECT_EQ(cell(" plain"), " plain");
  EXPECT_EQ(cell("\u00A0"), "\u00A0");
  EXPECT_EQ(cell("\u00A9=x"), "\u00A9=x") << "no blank before it";
  EXPECT_EQ(cell("\u2010=x"), "\u2010=x");
  EXPECT_EQ(cell("＜x"), "＜x");
}

TEST(Csv, LeavesNumbersAndPhonesAlone) {
  EXPECT_EQ(cell("-12.5"), "-12.5");
  EXPECT_EQ(cell("-12,5"), "\"-12,5\"");
  EXPECT_EQ(cell("+3"), "+3");
  EXPECT_EQ(cell("-1e-5"), "-1e-5");
  EXPECT_EQ(cell("-1e"), "'-1e");
  EXPECT_EQ(cell("+7 495 123-45-67"), "+7 495 123-45-67");
  EXPECT_EQ(cell("+7 (495) 123-45-67"), "+7 (495) 123-45-67");
  EXPECT_EQ(cell("+86.10.12345678"), "+86.10.12345678");
  EXPECT_EQ(cell("+1 23 45"), "'+1 23 45") << "too short for a phone";
  EXPECT_EQ(cell("+7 495 123-45-67*2"), "'+7 495 123-45-67*2");
  EXPECT_EQ(cell("-7 495 123-45-67"), "'-7 495 123-45-67");
}

TEST(Csv, GuardsHeadersAndLabels) {
  Table table;
  table.add(testing::labels("=group", {0, 1}, {"=a", "b,c"}));
  EXPECT_EQ(to_csv(table), "'=group\n'=a\n\"b,c\"\n");
}

TEST(Csv, TellsNullFromEmpty) {
  Table table;
  table.add(Column("a", std::vector<std::optional<std::string>>{std::nullopt, ""}));
  table.add(Column("b", std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(to_csv(table), "a,b\n,1\n\"\",2\n");
}

TEST(Csv, WritesEveryRowOfOneNullColumn) {
  Table table;
  table.add(Column("a", std::vector<std::optional<std::string>>{std::nullopt, "x"}));
  EXPECT_EQ(to_csv(table), "a\n\"\"\nx\n");
}

TEST(Csv, WritesExactNumbers) {
  Table table;
  table.add(
      Column("i", ColumnType::int64,
             testing::buffer(std::vector<std::int64_t>{std::numeric_limits<std::int64_t>::min(), 9007199254740993})));
  table.add(testing::money("m", {-5000, std::numeric_limits<std::int64_t>::max()}));
  table.add(Column("d", ColumnType::float64,
                   testing::buffer(std::vector<double>{0.1, std::numeric_limits<double>::quiet_NaN()})));
  table.add(Column("s", ColumnType::int8, testing::buffer(std::vector<std::int8_t>{-1, 5})));
  table.add(Column("b", ColumnType::boolean, testing::buffer(std::vector<std::uint8_t>{0, 1})));
  table.add(Column("t", ColumnType::day, testing::buffer(std::vector<std::int32_t>{0, 15317})));
  EXPECT_EQ(to_csv(table),
            "i,m,d,s,b,t\n"
            "-9223372036854775808,-0.5,0.1,-1,false,1970-01-01\n"
            "9007199254740993,922337203685477.5807,,5,true,2011-12-09\n");
}

TEST(Csv, ReplacesInvalidUtf8) {
  EXPECT_EQ(cell("a\xFF"), "a\xEF\xBF\xBD");
  EXPECT_EQ(cell("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "surrogates are no characters";
}

TEST(Csv, OfNothingIsNothing) {
  EXPECT_EQ(to_csv(Table{}), "");
  Table table;
  table.add(Column("a", std::vector<std::string>{}));
  EXPECT_EQ(to_csv(table), "a\n");
}

}  // namespace
}  // namespace klientela
