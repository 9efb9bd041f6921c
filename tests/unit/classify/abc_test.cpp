// ABC classes: published counts, both conventions, ties, exact limits, frozen edges, and a naive implementation.
#include "klientela/classify/abc.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "klientela/classify/kernels.hpp"
#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

using test::Counts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Table table_of(const Counts& values, ColumnType type = ColumnType::money) {
  return Table({test::clients(values.size()), test::column("money_net", type, values)});
}

std::string classes(const Table& table, const AbcOptions& options = {}) {
  std::string all;
  test::for_thread_counts([&](const Control& control) {
    const AbcModel model = AbcClassifier(options).fit(table, control);
    all = test::joined(model.classify(table, control).column("abc"));
    const AbcModel again = AbcModel::from_json("abc", model.to_json());
    EXPECT_EQ(again.to_json(), model.to_json());
    EXPECT_EQ(test::joined(again.classify(table, control).column("abc")), all);
  });
  return all;
}

TEST(Abc, SmallestSetThatReachesTheLimit) {
  EXPECT_EQ(classes(table_of({10, 0, 60, 20, 10, -5, std::nullopt})), "BCAABCC");
  AbcOptions stay;
  stay.convention = AbcConvention::stay;
  EXPECT_EQ(classes(table_of({10, 0, 60, 20, 10, -5, std::nullopt}), stay), "BCAACCC");
  stay.a = 0.79;
  EXPECT_EQ(classes(table_of({10, 0, 60, 20, 10, -5, std::nullopt}), stay), "BCABCCC");
}

TEST(Abc, EqualsTheNaiveImplementationOnRandomTables) {
  test::Trouble trouble(11);
  for (int round = 0; round < 300; ++round) {
    const auto n = static_cast<std::size_t>(round % 10 == 0 ? trouble.below(4) : trouble.below(300));
    const Counts values = trouble.values<std::int64_t>(n, trouble.below(2) == 0);
    AbcOptions options;
    const auto a = static_cast<std::uint32_t>(1 + trouble.below(98));
    const auto b = static_cast<std::uint32_t>(a + 1 + static_cast<std::uint32_t>(trouble.below(100 - a)));
    options.a = a / 100.0;
    options.b = b / 100.0;
    options.convention = static_cast<AbcConvention>(trouble.below(2));
    std::vector<std::int64_t> plain;
    for (const auto& value : values) plain.push_back(value.value_or(0));
    std::vector<std::uint8_t> expected(n);
    kernels::abc(plain, a, b, 100, options.convention == AbcConvention::reach, expected);
    std::string text;
    for (const std::uint8_t one : expected) text += static_cast<char>('A' + one);
    ASSERT_EQ(classes(table_of(values), options), text) << "round " << round << " a " << a << " b " << b;
    test::Reals reals;
    for (const auto& value : values) {
      if (value)
        reals.emplace_back(std::ldexp(static_cast<double>(*value), static_cast<int>(round) * 6 - 900));
      else
        reals.emplace_back(round % 2 ? std::nan("") : std::numeric_limits<double>::infinity());
    }
    const Table floats({test::clients(n), test::column("money_net", ColumnType::float64, reals)});
    ASSERT_EQ(classes(floats, options), text) << "as floats, round " << round;
  }
}

TEST(Abc, LimitsAreComparedExactly) {
  // 80 % of the total is reached by one unit or missed by one unit out of 9e18.
  const std::int64_t fifth = 900'000'000'000'000'000;
  EXPECT_EQ(classes(table_of({4 * fifth, fifth})), "AB");
  EXPECT_EQ(classes(table_of({4 * fifth - 1, fifth + 1})), "AA");
  EXPECT_EQ(classes(table_of({4 * fifth + 1, fifth - 1})), "AB");
  const std::int64_t most = 9'000'000'000'000'000'000;
  EXPECT_EQ(classes(table_of({most, most, most, most, most})), "AAAAB") << "the total leaves 64 bits";
}

TEST(Abc, TiesGoByClientOrderAndStayWithTheClientWhenFrozen) {
  const Table table = table_of({5, 5, 5, 5, 5, 5, 5, 5, 5, 5});
  const AbcModel model = AbcClassifier().fit(table);
  EXPECT_EQ(test::joined(model.classify(table).column("abc")), "AAAAAAAABB");
  ASSERT_TRUE(model.thresholds().a);
  EXPECT_EQ(model.thresholds().a->last_client, "20");
  EXPECT_EQ(model.thresholds().b->last_client, std::nullopt) << "all of the tie is above C";
  const std::vector<std::uint32_t> turned{9, 0, 8, 7};
  EXPECT_EQ(test::joined(model.classify(table.take(turned)).column("abc")), "BABA");
  const std::vector<std::uint32_t> five{9, 0, 8, 7, 6};
  AbcOptions half;
  half.a = 0.5;
  EXPECT_THROW((void)AbcClassifier(half).fit(table.take(five)), Error) << "a tie cut without client order";
  const std::vector<Reason> reasons = model.classify(table).reasons(7);
  EXPECT_EQ(reasons[0].tie, "20");
}

TEST(Abc, TextIdsAreInCanonicalOrder) {
  const std::vector<std::string> ids{"-3", "7", "15", "007", "x"};  // integers first, then texts
  const Table table(
      {Column("client", ids), test::column<std::int64_t>("money_net", ColumnType::money, {1, 1, 1, 1, 1})});
  AbcOptions options;
  options.a = 0.4;
  options.b = 0.8;
  EXPECT_EQ(classes(table, options), "AABBC");
}

TEST(Abc, FrozenEdgesJudgeOtherDays) {
  const AbcModel model = AbcClassifier().fit(table_of({10, 0, 60, 20, 10}));
  EXPECT_EQ(test::joined(model.classify(table_of({20, 19, 10, 9, 1000})).column("abc")), "ABBCA");
}

TEST(Abc, NothingToClassify) {
  EXPECT_EQ(classes(table_of({})), "");
  EXPECT_EQ(classes(table_of({0, -1, std::nullopt})), "CCC");
  EXPECT_EQ(classes(table_of({7})), "A");
  AbcOptions options;
  options.limits = AbcLimits::computed;
  EXPECT_EQ(classes(table_of({}), options), "");
  EXPECT_EQ(classes(table_of({0, std::nullopt}), options), "CC");
}

TEST(Abc, ComputedLimitsAsAbcAnalysisDoes) {
  AbcOptions options;
  options.limits = AbcLimits::computed;
  // abc-analysis (PyPI), documented example: A = {8, 9, 10}, B = {5, 6, 7}, C = {1 .. 4}.
  EXPECT_EQ(classes(table_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), options), "CCCCBBBAAA");
  EXPECT_EQ(classes(table_of({7, 7, 7, 7, 7, 7}), options), "BBBBBB") << "all equal: all B";
}

TEST(Abc, TwoMeasuresGivePairs) {
  AbcOptions options;
  options.measures = {"money_net", "profit"};
  const Counts money{60, 20, 10, 10, std::nullopt, std::nullopt};
  const Counts profit{0, 60, 30, 10, 1, std::nullopt};
  const Table table({test::clients(6), test::column("money_net", ColumnType::money, money),
                     test::column("profit", ColumnType::money, profit)});
  const AbcModel model = AbcClassifier(options, "two").fit(table);
  const Classification result = model.classify(table);
  EXPECT_THAT(test::texts(result.column("two")), ElementsAre("AC", "AA", "BA", "BB", "CC", "CC"));
  EXPECT_EQ(result.column("two").labels().size(), 9U);
  const std::vector<Reason> reasons = result.reasons(2);
  ASSERT_EQ(reasons.size(), 2U);
  EXPECT_EQ(reasons[0].result, "B");
  EXPECT_EQ(reasons[1].result, "A");
  EXPECT_EQ(reasons[1].rule, "two.profit.A");
  EXPECT_EQ(reasons[1].low->text, "0.003");
  EXPECT_TRUE(reasons[1].low_included);
  EXPECT_EQ(result.reasons(5)[1].aspect, Aspect::missing);
}

TEST(Abc, ReasonsInWords) {
  const Table table = table_of({100'000, 0, 600'000, 200'000, 100'000});
  const Classification result = AbcClassifier().fit(table).classify(table);
  EXPECT_EQ(result.explain(0, Language::english),
            "abc: \"B\", because money less refunds (money_net) is 10 (at least 10 and below 20).");
  EXPECT_THAT(result.explain(0, Language::russian), HasSubstr("не меньше 10 и меньше 20"));
}

TEST(Abc, OptionsAreCheckedAndRoundTrip) {
  const auto where = [](const std::string& json) -> std::string {
    try {
      (void)AbcClassifier::from_json(json, "abc", "/c/abc");
    } catch (const Error& error) {
      return error.where();
    }
    return "accepted";
  };
  EXPECT_EQ(where(R"({"a": 0.5, "b": 0.5})"), "/c/abc/b");
  EXPECT_EQ(where(R"({"a": 0})"), "/c/abc/a");
  EXPECT_EQ(where(R"({"b": 1.5})"), "/c/abc/b");
  EXPECT_EQ(where(R"({"a": 0.12345678901})"), "/c/abc/a");
  EXPECT_EQ(where(R"({"measures": []})"), "/c/abc/measures");
  EXPECT_EQ(where(R"({"measures": ["a", "b", "c"]})"), "/c/abc/measures");
  EXPECT_EQ(where(R"({"measures": ["a", "a"]})"), "/c/abc/measures/1");
  EXPECT_EQ(where(R"({"measures": [""]})"), "/c/abc/measures/0");
  EXPECT_EQ(where(R"({"limit": "shares"})"), "/c/abc/limit");
  EXPECT_EQ(where(R"({"b": 1})"), "accepted");
  AbcOptions options;
  options.measures = {"profit", "money_net"};
  options.limits = AbcLimits::computed;
  options.convention = AbcConvention::stay;
  options.a = 0.7;
  EXPECT_EQ(AbcClassifier::from_json(AbcClassifier(options).to_json()).options(), options);
  EXPECT_THROW((void)AbcClassifier({}, ""), Error);
}

/// Money per client of accepted positive lines of Online Retail; empty where the data are not there.
std::map<int, std::int64_t> online_retail() {
  const char* folder = std::getenv("KLIENTELA_SHARED_DATA");
  const std::filesystem::path root =
      folder ? std::filesystem::path(folder) : std::filesystem::path(KLIENTELA_SOURCE_DIR) / ".." / "shared" / "data";
  const std::filesystem::path file = root / "online_retail.csv.gz";
  std::map<int, std::int64_t> money;
  if (!std::filesystem::exists(file)) return money;
  std::FILE* pipe = popen(("gzip -dc '" + file.string() + "'").c_str(), "r");
  if (pipe == nullptr) return money;
  char line[1024];
  bool header = true;
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    if (std::exchange(header, false)) continue;
    std::vector<std::string> fields(1);
    bool quoted = false;
    for (const char* c = line; *c != '\0' && *c != '\n' && *c != '\r'; ++c) {
      if (*c == '"')
        quoted = !quoted;
      else if (*c == ',' && !quoted)
        fields.emplace_back();
      else
        fields.back() += *c;
    }
    if (fields.size() != 8 || fields[6].empty() || fields[6] == "NA") continue;
    const long quantity = std::strtol(fields[3].c_str(), nullptr, 10);
    const auto price = Money::from_text(fields[5]);
    if (quantity <= 0 || !price || price->units() <= 0) continue;
    money[static_cast<int>(std::strtol(fields[6].c_str(), nullptr, 10))] += quantity * price->units();
  }
  pclose(pipe);
  return money;
}

TEST(Abc, OnlineRetailCounts) {
  const std::map<int, std::int64_t> money = online_retail();
  if (money.empty()) GTEST_SKIP() << "the Online Retail data are not here";
  Counts values;
  std::vector<std::optional<std::int64_t>> ids;
  for (const auto& [client, units] : money) {
    ids.emplace_back(client);
    values.emplace_back(units);
  }
  const Table table({test::column<std::int64_t>("client", ColumnType::int64, ids),
                     test::column("money_net", ColumnType::money, values)});
  ASSERT_EQ(table.rows(), 4338U);
  const auto counts = [&](const AbcOptions& options) {
    return count_labels(AbcClassifier(options).fit(table).classify(table).column("abc"));
  };
  EXPECT_THAT(counts({}), ElementsAre(1133, 1469, 1736));
  AbcOptions stay;
  stay.convention = AbcConvention::stay;
  EXPECT_THAT(counts(stay), ElementsAre(1132, 1469, 1737));
}

}  // namespace
}  // namespace klientela
