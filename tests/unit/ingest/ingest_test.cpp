// Ingest end to end: every Arrow type, every reason to reject, broken streams, threads, order, and growing bases.
#include "klientela/ingest/ingest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "klientela/model/directory.hpp"
#include "klientela/model/roll_up.hpp"
#include "unit/ingest/arrow_maker.hpp"

namespace klientela {
namespace {

using ::testing::HasSubstr;
namespace t = klientela::testing;
using t::Node;
using Texts = std::vector<std::optional<std::string>>;

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t noon = 1'700'000'000 * second;  // 2023-11-14T22:13:20Z

std::int64_t parse_micros(const std::string& text) {
  const auto number = [&](std::size_t at) { return std::stoll(text.substr(at, 2)); };
  return parse_day(text.substr(0, 10))->time_since_epoch().count() * 86'400 * second +
         ((number(11) * 60 + number(14)) * 60 + number(17)) * second;
}

IngestResult take(TableId table, const std::vector<Node>& columns, const IngestOptions& options = {},
                  const Control& control = {}) {
  Tables tables;
  tables.add(table, t::stream_of({t::record(columns)}));
  return ingest(std::move(tables), options, control);
}

std::vector<std::int64_t> numbers(const ClientBase& base, TransactionField field) {
  std::vector<std::int64_t> out;
  for (const auto& chunk : base.chunks(TableId::transactions)) {
    std::vector<std::int64_t> part(chunk->rows());
    (*chunk)[field]->numbers(0, part);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

std::vector<std::int64_t> instants(const ClientBase& base) {
  const auto& chunk = base.chunks(TableId::transactions)[0];
  std::vector<std::int64_t> out(chunk->rows());
  (*chunk)[TransactionField::at]->instants(0, out);
  return out;
}

std::vector<std::string> ids(const ClientBase& base) {
  std::vector<std::string> out;
  for (const std::uint32_t code : base.codes_in_order()) out.push_back(base.id_of(code).to_text());
  return out;
}

std::vector<Node> purchases(Node client, Node at, Node amount) {
  return {client.named("client"), at.named("at"), amount.named("amount")};
}

Node ats(std::size_t n) { return t::fixed<std::int64_t>("tsu:UTC", std::vector<std::int64_t>(n, noon)); }
Node amounts(std::size_t n) { return t::fixed<double>("g", std::vector<double>(n, 1.0)); }
Node clients(std::size_t n) {
  std::vector<std::int64_t> values(n);
  std::iota(values.begin(), values.end(), 1);
  return t::fixed<std::int64_t>("l", values);
}

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(Code::internal, "");
}

// Clients.

TEST(IngestClients, IntegerTypesGiveTheSameIds) {
  const std::vector<std::string> expected{"3", "7"};
  const auto check = [&](Node client) {
    const auto result = take(TableId::transactions, purchases(std::move(client), ats(3), amounts(3)));
    EXPECT_EQ(ids(result.base), expected);
    EXPECT_TRUE(result.rejects.empty());
    const auto codes = result.base.chunks(TableId::transactions)[0]->clients();
    EXPECT_EQ(codes[0], codes[2]);
    EXPECT_NE(codes[0], codes[1]);
    EXPECT_EQ(result.base.code_of(7), codes[0]);
    EXPECT_EQ(result.base.code_of("3"), codes[1]);
  };
  check(t::fixed<std::int8_t>("c", {7, 3, 7}));
  check(t::fixed<std::uint8_t>("C", {7, 3, 7}));
  check(t::fixed<std::int16_t>("s", {7, 3, 7}));
  check(t::fixed<std::uint16_t>("S", {7, 3, 7}));
  check(t::fixed<std::int32_t>("i", {7, 3, 7}));
  check(t::fixed<std::uint32_t>("I", {7, 3, 7}));
  check(t::fixed<std::int64_t>("l", {7, 3, 7}));
  check(t::fixed<std::uint64_t>("L", {7, 3, 7}));
  check(t::fixed<float>("f", {7, 3, 7}));
  check(t::fixed<double>("g", {7, 3, 7}));
  check(t::fixed<std::uint16_t>("e", {0x4700, 0x4200, 0x4700}));
  check(t::fixed<std::int64_t>("d:19,0", {7, 0, 3, 0, 7, 0}).slice(0, 3));
  check(t::fixed<std::int64_t>("d:19,2", {700, 0, 300, 0, 700, 0}).slice(0, 3));
  for (const char* format : {"u", "U", "vu", "z", "Z"}) check(t::texts({"7", "3", "7"}, format));
  check(t::coded<std::int8_t>("c", {1, 0, 1}, t::texts({"3", "7", "unused"})));
  check(t::coded<std::uint32_t>("I", {1, 0, 1}, t::texts({"3", "7"}, "vu")));
  check(t::coded<std::int64_t>("l", {1, 0, 1}, t::fixed<std::int64_t>("l", {3, 7})));
}

TEST(IngestClients, TextsAndIntegersAreOneOrder) {
  const std::string longer = "a client with a rather long id";
  const auto result =
      take(TableId::transactions, purchases(t::texts({"b", "10", "-2", "007", longer, "+7", "9223372036854775808", "9",
                                                      longer + "!", "-0", "\xD0\x90"}),
                                            ats(11), amounts(11)));
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"-2", "9", "10", "+7", "-0", "007", "9223372036854775808",
                                                        longer, longer + "!", "b", "\xD0\x90"}));
  const Column column = result.base.client_column();
  EXPECT_EQ(column.type(), ColumnType::text);
  EXPECT_EQ(column.text(2), "10");
  EXPECT_EQ(result.base.code_of(longer), result.base.code_of(ClientId(std::string_view(longer))));
  EXPECT_EQ(result.base.code_of("no such"), std::nullopt);
}

// Ids of every length, with common beginnings, zeros inside and letters beyond ASCII, against a plain map.
TEST(IngestClients, ManyTextsAreTheSameOnAnyThreadsAndInByteOrder) {
  std::mt19937_64 random(11);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (const std::string& prefix : {std::string(), std::string("C-"), std::string("client of the northern branch ")}) {
    Texts drawn;
    for (std::size_t i = 0; i < 9000; ++i) {
      std::string id = prefix;
      const std::size_t length = 1 + below(24);
      for (std::size_t k = 0; k < length; ++k) {
        const std::size_t kind = below(40);
        id += kind == 0   ? std::string("\xD0\x96")
              : kind == 1 ? std::string(1, '\0')
                          : std::string(1, "ab01-"[below(5)]);
      }
      drawn.emplace_back(id);
    }
    Texts rows;
    for (std::size_t i = 0; i < 60'000; ++i)
      rows.push_back(below(50) == 0 ? std::nullopt : drawn[below(1 + i % drawn.size())]);
    std::set<std::string> expected;  // canonical integers come first, by size
    std::set<std::int64_t> integers;
    for (const auto& row : rows) {
      if (!row) continue;
      const ClientId id{std::string_view(*row)};
      if (id.is_integer()) integers.insert(std::stoll(*row));
      if (!id.is_integer()) expected.insert(*row);
    }
    std::vector<std::string> order;
    for (const std::int64_t number : integers) order.push_back(std::to_string(number));
    order.insert(order.end(), expected.begin(), expected.end());
    for (const char* format : {"u", "U", "vu"}) {
      std::vector<std::uint32_t> first;
      for (const std::size_t threads : {1U, 2U, 7U}) {
        ThreadPool pool(threads);
        Control control;
        control.executor = &pool;
        const auto result =
            take(TableId::transactions, purchases(t::texts(rows, format), ats(rows.size()), amounts(rows.size())), {},
                 control);
        ASSERT_EQ(ids(result.base), order) << format;
        const Column column = result.base.client_column();
        for (std::size_t row = 0; row < order.size(); row += 97) ASSERT_EQ(column.to_text(row), order[row]);
        const auto codes = result.base.chunks(TableId::transactions)[0]->clients();
        for (std::size_t row = 0; row < rows.size(); row += 13) {
          if (!rows[row]) continue;
          ASSERT_EQ(result.base.id_of(codes[row]).to_text(), *rows[row]);
        }
        if (first.empty()) first.assign(codes.begin(), codes.end());
        EXPECT_TRUE(std::equal(first.begin(), first.end(), codes.begin(), codes.end()));
      }
    }
  }
}

TEST(IngestClients, FloatIdsHaveToBeWhole) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto result =
      take(TableId::transactions,
           purchases(t::fixed<double>("g", {17850.0, 1.5, nan, 1e300, -3.0}).named("CustomerID"), ats(5), amounts(5)));
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"-3", "17850"}));
  ASSERT_EQ(result.rejects.size(), 3U);
  EXPECT_EQ(result.rejects[0].reason, RejectReason::not_a_number);
  EXPECT_EQ(result.rejects[0].value, "1.5");
  EXPECT_EQ(result.rejects[1].reason, RejectReason::missing_value);
  EXPECT_EQ(result.rejects[2].row, 3U);
}

TEST(IngestClients, ARowThatIsRejectedMakesNoClient) {
  const auto result = take(TableId::transactions, purchases(t::fixed<std::int64_t>("l", {1, 2, 3}), ats(3),
                                                            t::fixed<double>("g", {1, std::nan(""), 3})));
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"1", "3"}));
  const auto& chunk = *result.base.chunks(TableId::transactions)[0];
  EXPECT_EQ(chunk.clients()[1], no_code);
  EXPECT_TRUE(chunk.is_rejected(1));
  EXPECT_FALSE(chunk.is_rejected(0));
  EXPECT_EQ(chunk.accepted(), 2U);
}

TEST(IngestClients, NullAndEmptyIdsAreMissing) {
  for (const Node& client :
       {t::texts({"a", std::nullopt, ""}), t::coded<std::int32_t>("i", {0, std::nullopt, 1}, t::texts({"a", ""})),
        t::fixed<std::int64_t>("l", std::vector<std::optional<std::int64_t>>{1, {}, {}})}) {
    const auto result = take(TableId::transactions, purchases(client, ats(3), amounts(3)));
    EXPECT_EQ(result.base.clients(), 1U);
    ASSERT_EQ(result.rejects.size(), 2U);
    for (const Reject& reject : result.rejects) {
      EXPECT_EQ(reject.reason, RejectReason::missing_value);
      EXPECT_EQ(reject.column, "client");
    }
  }
  const auto nothing = take(TableId::transactions, purchases(t::nothing(3), ats(3), amounts(3)));
  EXPECT_EQ(nothing.counts.at(TableId::transactions).rows_rejected, 3U);
}

TEST(IngestClients, OneWayToReadAnIdEverywhere) {
  Tables tables;
  tables.add(TableId::clients,
             t::stream_of({t::record({t::texts({"'=a", " x ", "-5", "=b"}).named("id"),
                                      t::texts({std::nullopt, "'=a", "'=b ", "  "}).named("parent")})}));
  tables.add(
      TableId::transactions,
      t::stream_of({t::record(purchases(t::texts({"'=a", "=a", "x", "x\t", "'-5", " '=b"}), ats(6), amounts(6)))}));
  IngestOptions options;
  options.unknown_clients = UnknownClients::reject;
  const auto result = ingest(std::move(tables), options);
  EXPECT_TRUE(result.rejects.empty());
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"-5", "=a", "=b", "x"}));
  EXPECT_EQ(result.base.code_of("'=a"), result.base.code_of("=a"));
  EXPECT_EQ(result.base.code_of("'\n=a"), result.base.code_of("=a"));
  EXPECT_FALSE(result.base.code_of("'a"));
  const auto wide =
      take(TableId::transactions, purchases(t::texts({"'＝a", "'\u00A0@b", "'\u00A0b"}), ats(3), amounts(3)));
  EXPECT_EQ(ids(wide.base), (std::vector<std::string>{"'\u00A0b", "@b", "＝a"}));
  EXPECT_EQ(result.base.code_of(" x"), result.base.code_of("x"));
  EXPECT_EQ(result.base.code_of(" -5 "), result.base.code_of(-5));
  ASSERT_TRUE(result.base.code_of("'=b"));
  EXPECT_FALSE(result.base.code_of(" "));
  const auto codes = result.base.chunks(TableId::transactions)[0]->clients();
  EXPECT_EQ(codes[0], codes[1]);
  EXPECT_EQ(codes[2], codes[3]);
  std::vector<std::uint32_t> parents(4);
  (*result.base.chunks(TableId::clients)[0])[ClientField::parent]->codes(0, parents);
  EXPECT_EQ(parents,
            (std::vector<std::uint32_t>{no_code, *result.base.code_of("=a"), *result.base.code_of("=b"), no_code}));
}

TEST(IngestClients, BlankIdsAreMissing) {
  const auto check = [](Node client) {
    const auto result = take(TableId::transactions, purchases(std::move(client), ats(4), amounts(4)));
    EXPECT_EQ(ids(result.base), (std::vector<std::string>{"7", "x"}));
    ASSERT_EQ(result.rejects.size(), 2U);
    for (const Reject& reject : result.rejects) EXPECT_EQ(reject.reason, RejectReason::missing_value);
  };
  check(t::texts({"  ", "x ", " 7", "\t"}));
  check(t::texts({"  ", "x ", " 7", "\t"}, "vu"));
  check(t::coded<std::int8_t>("c", {0, 1, 2, 3}, t::texts({"  ", "x ", " 7", "\t"})));
  // Blanks as Unicode knows them: no-break, ideographic and of no width.
  const Texts blanks{"\u00A0", "x\u3000", "\uFEFF\u202F7\u2009", "\u2003\u200B\v\f\u2060"};
  check(t::texts(blanks));
  check(t::texts(blanks, "U"));
  check(t::texts(blanks, "vu"));
  check(t::coded<std::int8_t>("c", {0, 1, 2, 3}, t::texts(blanks)));
}

TEST(IngestClients, LettersThatEndLikeBlanksStay) {
  // U+0420 and U+0445 end in bytes that blanks end in too, as do the Han characters.
  const Texts names{"\u0420\u0445", "\u3080", "\u00E0", "\u4F80\u4E00"};
  const auto result = take(TableId::transactions, purchases(t::texts(names), ats(4), amounts(4)));
  EXPECT_TRUE(result.rejects.empty());
  for (const auto& name : names) EXPECT_TRUE(result.base.code_of(*name)) << *name;
  EXPECT_EQ(result.base.code_of("\u00A0\u3080\u2000"), result.base.code_of("\u3080"));
  EXPECT_EQ(ClientId("\u00A0-7\u3000"), ClientId(-7));
  EXPECT_EQ(ClientId("'=x").to_text(), "=x");
}

// Numbers.

TEST(IngestNumbers, EveryTypeIsExact) {
  const auto check = [&](Node amount, std::vector<std::int64_t> expected) {
    const auto n = static_cast<std::size_t>(amount.length);
    const auto result = take(TableId::transactions, purchases(clients(n), ats(n), std::move(amount)));
    EXPECT_EQ(result.counts.at(TableId::transactions).rows_rejected, 0U);
    EXPECT_EQ(numbers(result.base, TransactionField::amount), expected);
  };
  check(t::fixed<std::int8_t>("c", {-5, 7}), {-50'000, 70'000});
  check(t::fixed<std::uint8_t>("C", {5, 200}), {50'000, 2'000'000});
  check(t::fixed<std::int16_t>("s", {-300, 7}), {-3'000'000, 70'000});
  check(t::fixed<std::int32_t>("i", {-5, 2'000'000'000}), {-50'000, 20'000'000'000'000});
  check(t::fixed<std::int64_t>("l", {-5, 922'337'203'685'477}), {-50'000, 9'223'372'036'854'770'000});
  check(t::fixed<std::uint64_t>("L", {5, 7}), {50'000, 70'000});
  check(t::fixed<float>("f", {2.5F, -0.125F}), {25'000, -1'250});
  check(t::fixed<double>("g", {2.55, -0.00005, 0.0003, 1e14, 3e11}),
        {25'500, 0, 3, 1'000'000'000'000'000'000, 3'000'000'000'000'000});
  check(t::fixed<std::uint16_t>("e", {0x4100, 0xC100}), {25'000, -25'000});
  check(t::fixed<std::int32_t>("d:9,2,32", {255, -1}), {25'500, -100});
  check(t::fixed<std::int64_t>("d:18,3,64", {2550, -1}), {25'500, -10});
  check(t::fixed<std::int64_t>("d:38,4", {25'500, 0, -1, -1}).slice(0, 2), {25'500, -1});
  check(t::fixed<std::int64_t>("d:38,8", {255'000'000, 0, -10'000, -1}).slice(0, 2), {25'500, -1});
  check(t::fixed<std::int64_t>("d:38,-2", {3, 0}).slice(0, 1), {3'000'000});
  check(t::fixed<std::int64_t>("d:76,2,256", {255, 0, 0, 0, -100, -1, -1, -1}).slice(0, 2), {25'500, -10'000});
  check(t::texts({"2.55", " -7 ", "+0.0001", "1000000.0000000"}), {25'500, -70'000, 1, 10'000'000'000});
  check(t::coded<std::int8_t>("c", {1, 0}, t::texts({"1.5", "2"})), {20'000, 15'000});
  check(t::coded<std::int8_t>("c", {1, 0}, t::fixed<double>("g", {1.5, 2})), {20'000, 15'000});
}

TEST(IngestNumbers, WhatCannotBeReadSaysWhy) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto reasons = [&](Node amount) {
    const auto n = static_cast<std::size_t>(amount.length);
    const auto result = take(TableId::transactions, purchases(clients(n), ats(n), std::move(amount)));
    std::vector<RejectReason> out;
    for (const Reject& reject : result.rejects) {
      EXPECT_EQ(reject.column, "amount");
      out.push_back(reject.reason);
    }
    EXPECT_EQ(out.size(), n);
    return out;
  };
  using R = RejectReason;
  EXPECT_EQ(reasons(t::fixed<double>("g", {std::nan(""), inf, -inf, 1e15})),
            (std::vector<R>{R::not_a_number, R::not_a_number, R::not_a_number, R::overflow}));
  EXPECT_EQ(reasons(t::fixed<std::int64_t>("l", {922'337'203'685'478, std::numeric_limits<std::int64_t>::min()})),
            (std::vector<R>{R::overflow, R::overflow}));
  EXPECT_EQ(reasons(t::fixed<std::uint64_t>("L", {std::numeric_limits<std::uint64_t>::max()})),
            (std::vector<R>{R::overflow}));
  EXPECT_EQ(reasons(t::fixed<std::int64_t>("d:38,6", {1, 0, 0, 1}).slice(0, 2)),
            (std::vector<R>{R::too_many_decimals, R::too_many_decimals}));
  EXPECT_EQ(reasons(t::fixed<std::int64_t>("d:38,4", {0, 1}).slice(0, 1)), (std::vector<R>{R::overflow}));
  const auto low = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(reasons(t::fixed<std::int64_t>("d:38,3", {1, low, -1, low + 1}).slice(0, 2)),
            (std::vector<R>{R::overflow, R::overflow}));
  EXPECT_EQ(reasons(t::texts({"2,5", "x", "1e3", "--1", ".", "0.00001", "99999999999999999999", ""})),
            (std::vector<R>{R::not_a_number, R::not_a_number, R::not_a_number, R::not_a_number, R::not_a_number,
                            R::too_many_decimals, R::overflow, R::missing_value}));
}

TEST(IngestNumbers, ThousandsInGroups) {
  struct Written {
    std::string text;
    std::optional<std::int64_t> point;  // units; none: not a number
    std::optional<std::int64_t> comma;
  };
  const std::vector<Written> cases{
      {"1234.5", 12'345'000, {}},
      {"1234,5", {}, 12'345'000},
      {"1.234", 12'340, 12'340'000},
      {"1,234", 12'340'000, 12'340},
      {"1,234.50", 12'345'000, {}},
      {"1.234,50", {}, 12'345'000},
      {"-1.234.567,8", {}, -12'345'678'000},
      {"+1,234,567.8", 12'345'678'000, {}},
      {"1 234 567", 12'345'670'000, 12'345'670'000},
      {"1'234'567", 12'345'670'000, 12'345'670'000},
      {"1\xC2\xA0"
       "234,25",
       {},
       12'342'500},
      {"1\xE2\x80\xAF"
       "234.25",
       12'342'500,
       {}},
      {"12\xE2\x80\x99"
       "345",
       123'450'000, 123'450'000},
      {",5", {}, 5'000},
      {"5,", {}, 50'000},
      {"0,5", {}, 5'000},
      {"1.23", 12'300, {}},
      {"0.500", 5'000, {}},
      {"0,500", {}, 5'000},
      {"000,500", {}, 5'000},
      {"12 34", {}, {}},
      {"1234 567", {}, {}},
      {"1.2345", 12'345, {}},
      {"1,234 567", {}, {}},
      {"1.234'567", {}, {}},
      {"1,234,56", {}, {}},
      {"1..234", {}, {}},
      {".234,5", {}, {}},
      {"1.234.", {}, {}},
      {"1.234,", {}, 12'340'000},
      {"1.234,567,8", {}, {}},
      {"1,234.567.8", {}, {}},
      {"1,5.5", {}, {}},
      {"1 234,5 6", {}, {}},
      {"- 5", {}, {}},
      {"'5", {}, {}},
      {"1.234.567", {}, 12'345'670'000},
  };
  std::vector<std::string> texts;
  for (const Written& each : cases) texts.push_back(each.text);
  for (const bool comma : {false, true}) {
    IngestOptions options;
    options.decimal_comma = comma;
    const auto result =
        take(TableId::transactions,
             purchases(clients(cases.size()), ats(cases.size()), t::texts({texts.begin(), texts.end()})), options);
    std::map<std::size_t, RejectReason> rejected;
    for (const Reject& reject : result.rejects) rejected.emplace(reject.row, reject.reason);
    std::vector<std::int64_t> wanted;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto& units = comma ? cases[i].comma : cases[i].point;
      wanted.push_back(units.value_or(null_number));
      EXPECT_EQ(rejected.count(i), units ? 0U : 1U) << cases[i].text << (comma ? " with" : " without") << " a comma";
      if (rejected.count(i) != 0) {
        EXPECT_EQ(rejected.at(i), RejectReason::not_a_number) << cases[i].text;
      }
    }
    EXPECT_EQ(numbers(result.base, TransactionField::amount), wanted);
  }
}

TEST(IngestNumbers, GroupedNumbersThatDoNotFitSayWhy) {
  IngestOptions options;
  options.decimal_comma = true;
  const auto result =
      take(TableId::transactions, purchases(clients(2), ats(2), t::texts({"1.234,56789", "999.999.999.999.999.999"})),
           options);
  ASSERT_EQ(result.rejects.size(), 2U);
  EXPECT_EQ(result.rejects[0].reason, RejectReason::too_many_decimals);
  EXPECT_EQ(result.rejects[1].reason, RejectReason::overflow);
}

TEST(IngestTexts, AnApostropheIsAValueAndBlanksAreNone) {
  const std::vector<std::optional<std::string>> texts{"'\t", "'", "'\t'", "\t", "\xC2\xA0", "", std::nullopt};
  for (const bool ascii : {true, false}) {  // texts of ASCII alone are read by another loop
    auto codes = texts;
    codes.emplace_back(ascii ? "e" : "\xC3\xA9");
    if (ascii) codes.erase(codes.begin() + 4);
    const auto n = codes.size();
    const auto result =
        take(TableId::directories, {t::texts(std::vector<std::optional<std::string>>(n, "tags")).named("directory"),
                                    t::texts(codes).named("code")});
    std::vector<std::string> kept;
    const auto& chunk = result.base.chunks(TableId::directories)[0];
    for (std::size_t row = 0; row < n; ++row)
      if (!chunk->is_rejected(row)) kept.emplace_back((*chunk)[DirectoryField::code]->text(row));
    EXPECT_EQ(kept, (std::vector<std::string>{"'\t", "'", "'\t'", *codes.back()}));
    for (const Reject& reject : result.rejects) EXPECT_EQ(reject.reason, RejectReason::missing_value);
  }
}

TEST(IngestNumbers, QuantityTimesPriceWhereThereIsNoAmount) {
  IngestOptions options;
  options.reject_zero_amounts = true;
  const std::vector<Node> columns{
      clients(6).named("CustomerID"), ats(6).named("InvoiceDate"),
      t::fixed<std::int32_t>("i", std::vector<std::optional<std::int32_t>>{6, -2, {}, 0, 5, 1}).named("Quantity"),
      t::fixed<double>("g", {2.55, 3.391, 0.0001, 1, 0, 0.0001}).named("UnitPrice"),
      t::texts({"a", "b", "c", "d", "e", "f"}).named("Country")};
  const auto result = take(TableId::transactions, columns, options);
  const auto amount = numbers(result.base, TransactionField::amount);
  EXPECT_EQ(amount[0], 153'000);
  EXPECT_EQ(amount[1], -67'820);
  EXPECT_EQ(amount[2], 1);
  ASSERT_EQ(result.rejects.size(), 2U);
  EXPECT_EQ(result.rejects[0].column, "Quantity");
  EXPECT_EQ(result.rejects[1].column, "UnitPrice");
  EXPECT_EQ(result.rejects[1].value, "0");
  EXPECT_EQ(result.rejects[1].reason, RejectReason::zero_amount);
  EXPECT_EQ(result.unused_columns, (std::vector<std::string>{"transactions.Country"}));
}

TEST(IngestNumbers, ProductsRoundHalfEvenOnlyPastFourDecimals) {
  const auto result = take(TableId::transactions, {clients(4).named("client"), ats(4).named("at"),
                                                   t::texts({"0.5", "1.5", "-0.5", "0.3333"}).named("quantity"),
                                                   t::texts({"0.0001", "0.0001", "0.0003", "0.3333"}).named("price")});
  EXPECT_EQ(numbers(result.base, TransactionField::amount), (std::vector<std::int64_t>{0, 2, -2, 1111}));
}

TEST(IngestNumbers, RefundsTurnTheSign) {
  const auto result = take(TableId::transactions, {clients(4).named("client"), ats(4).named("at"),
                                                   t::fixed<double>("g", {5, -5, 5, 5}).named("amount"),
                                                   t::booleans({true, true, false, std::nullopt}).named("is_refund")});
  EXPECT_EQ(numbers(result.base, TransactionField::amount),
            (std::vector<std::int64_t>{-50'000, -50'000, 50'000, 50'000}));
}

TEST(IngestNumbers, RefundsTurnProfitAndQuantityToo) {
  const auto result =
      take(TableId::transactions,
           {t::fixed<std::int64_t>("l", {1, 1, 1}).named("client"), ats(3).named("at"),
            t::fixed<double>("g", {100, 100, -7}).named("amount"), t::fixed<double>("g", {2, 2, -1}).named("quantity"),
            t::texts({"20", "20", std::nullopt}).named("profit"), t::booleans({false, true, true}).named("refund")});
  EXPECT_EQ(numbers(result.base, TransactionField::amount),
            (std::vector<std::int64_t>{1'000'000, -1'000'000, -70'000}));
  EXPECT_EQ(numbers(result.base, TransactionField::quantity), (std::vector<std::int64_t>{20'000, -20'000, -10'000}));
  EXPECT_EQ(numbers(result.base, TransactionField::profit),
            (std::vector<std::int64_t>{200'000, -200'000, null_number}));
  const auto computed =
      take(TableId::transactions,
           {t::fixed<std::int64_t>("l", {1, 1}).named("client"), ats(2).named("at"),
            t::fixed<double>("g", {5, 5}).named("unit_price"), t::fixed<double>("g", {2, 2}).named("quantity"),
            t::booleans({false, true}).named("refund")});
  EXPECT_EQ(numbers(computed.base, TransactionField::amount), (std::vector<std::int64_t>{100'000, -100'000}));
  EXPECT_EQ(numbers(computed.base, TransactionField::quantity), (std::vector<std::int64_t>{20'000, -20'000}));
}

TEST(IngestNumbers, NullsInOptionalColumns) {
  const auto result = take(TableId::transactions,
                           {clients(3).named("client"), ats(3).named("at"), amounts(3).named("amount"),
                            t::fixed<double>("g", std::vector<std::optional<double>>{1.5, {}, 2}).named("profit")});
  EXPECT_TRUE(result.rejects.empty());
  EXPECT_EQ(numbers(result.base, TransactionField::profit), (std::vector<std::int64_t>{15'000, null_number, 20'000}));
  const Values* profit = (*result.base.chunks(TableId::transactions)[0])[TransactionField::profit];
  EXPECT_TRUE(profit->is_null(1));
  EXPECT_FALSE(profit->is_null(2));
}

// Times.

TEST(IngestTimes, EveryUnitIsTheSameInstant) {
  const std::int64_t s = noon / second;
  for (const Node& at :
       {t::fixed<std::int64_t>("tss:UTC", {s}), t::fixed<std::int64_t>("tsm:UTC", {s * 1000}),
        t::fixed<std::int64_t>("tsu:Europe/Moscow", {noon}), t::fixed<std::int64_t>("tsn:UTC", {noon * 1000 + 999}),
        t::fixed<std::int64_t>("tsu:", {noon}), t::texts({"2023-11-14T22:13:20Z"}),
        t::texts({"2023-11-15 01:13:20.000000+03:00"}), t::texts({"2023-11-14 22:13:20"}),
        t::coded<std::int8_t>("c", {0}, t::texts({"2023-11-14 22:13:20"}))}) {
    const auto result = take(TableId::transactions, purchases(clients(1), at, amounts(1)));
    ASSERT_TRUE(result.rejects.empty()) << at.format;
    EXPECT_EQ(instants(result.base), (std::vector<std::int64_t>{noon})) << at.format;
    EXPECT_EQ(to_text(*result.base.last_purchase_day()), "2023-11-14");
  }
}

TEST(IngestTimes, AZoneHasToBeOneButChangesNothing) {
  for (const char* const format : {"tsu:+03:00", "tsu:-11:30", "tsu:+00:00", "tsu:America/Argentina/Buenos_Aires",
                                   "tsu:Etc/GMT-14", "tsu:Unknown/To_Any-Database"}) {
    const auto result =
        take(TableId::transactions, purchases(clients(1), t::fixed<std::int64_t>(format, {noon}), amounts(1)));
    EXPECT_EQ(instants(result.base), (std::vector<std::int64_t>{noon})) << format;
  }
  for (const char* const format : {"tsu:+3", "tsu:+03:60", "tsu:+24:00", "tsu:+0300", "tsu:Europe/Mos cow",
                                   "tsu:\u041C", "tsu:-", "tsx:UTC", "tsu", "tsu+03:00"}) {
    const Error error = error_of([&] {
      take(TableId::transactions, purchases(clients(1), t::fixed<std::int64_t>(format, {noon}), amounts(1)));
    });
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_EQ(error.where(), "transactions.at");
    EXPECT_THAT(error.what(), HasSubstr(format));
  }
}

TEST(IngestTimes, WallClocksAndDaysAreInTheZoneOfTheBase) {
  IngestOptions options;
  options.time_zone = "America/New_York";
  const auto wall =
      take(TableId::transactions,
           purchases(clients(2), t::texts({"2024-03-10 02:30:00", "2024-11-03 01:30:00"}), amounts(2)), options);
  EXPECT_EQ(instants(wall.base),
            (std::vector<std::int64_t>{parse_micros("2024-03-10T07:30:00Z"), parse_micros("2024-11-03T05:30:00Z")}));
  const auto day =
      take(TableId::transactions, purchases(clients(1), t::fixed<std::int32_t>("tdD", {19'675}), amounts(1)), options);
  EXPECT_EQ(to_text(*day.base.last_purchase_day()), "2023-11-14");
  EXPECT_EQ(instants(day.base), (std::vector<std::int64_t>{parse_micros("2023-11-14T05:00:00Z")}));
  const auto late =
      take(TableId::transactions,
           purchases(clients(1), t::fixed<std::int64_t>("tsu:UTC", {parse_micros("2023-11-15T03:00:00Z")}), amounts(1)),
           options);
  EXPECT_EQ(to_text(*late.base.last_purchase_day()), "2023-11-14");
}

TEST(IngestTimes, DatesOfBothWidths) {
  for (const Node& at :
       {t::fixed<std::int32_t>("tdD", {19'675}), t::fixed<std::int64_t>("tdm", {19'675LL * 86'400'000})}) {
    const auto result = take(TableId::transactions, purchases(clients(1), at, amounts(1)));
    std::int32_t day = 0;
    (*result.base.chunks(TableId::transactions)[0])[TransactionField::at]->days(0, std::span(&day, 1));
    EXPECT_EQ(day, 19'675);
    EXPECT_EQ(instants(result.base), (std::vector<std::int64_t>{19'675 * 86'400 * second}));
  }
}

TEST(IngestTimes, OutsideTheCalendarIsRejected) {
  const auto max = std::numeric_limits<std::int64_t>::max();
  const auto min = std::numeric_limits<std::int64_t>::min();
  const std::int64_t edge = parse_micros("1900-01-01T00:00:00Z");
  const auto result =
      take(TableId::transactions,
           purchases(clients(6),
                     t::fixed<std::int64_t>("tsu:UTC", {edge, edge - 1, max, min, parse_micros("2200-01-01T00:00:00Z"),
                                                        parse_micros("2199-12-31T23:59:59Z")}),
                     amounts(6)));
  EXPECT_EQ(result.rejects.size(), 4U);
  for (const Reject& reject : result.rejects) EXPECT_EQ(reject.reason, RejectReason::date_out_of_range);
  EXPECT_EQ(to_text(*result.base.last_purchase_day()), "2199-12-31");
  const auto seconds =
      take(TableId::transactions, purchases(clients(2), t::fixed<std::int64_t>("tss:UTC", {max, min}), amounts(2)));
  EXPECT_EQ(seconds.rejects.size(), 2U);
  const auto days = take(TableId::transactions,
                         purchases(clients(3),
                                   t::fixed<std::int32_t>("tdD", {std::numeric_limits<std::int32_t>::max(),
                                                                  std::numeric_limits<std::int32_t>::min(), 0}),
                                   amounts(3)));
  EXPECT_EQ(days.rejects.size(), 2U);
}

TEST(IngestTimes, TheDayOnTheWallClockLiesInTheCalendarToo) {
  IngestOptions options;
  options.time_zone = "Asia/Tokyo";
  const std::vector<std::int64_t> instants_given{parse_micros("2199-12-31T14:59:59Z"),
                                                 parse_micros("2199-12-31T15:00:00Z")};
  const auto check = [&](Node at) {
    const auto result = take(TableId::transactions, purchases(clients(2), std::move(at), amounts(2)), options);
    ASSERT_EQ(result.rejects.size(), 1U);
    EXPECT_EQ(result.rejects[0].row, 1U);
    EXPECT_EQ(result.rejects[0].reason, RejectReason::date_out_of_range);
    EXPECT_EQ(to_text(*result.base.last_purchase_day()), "2199-12-31");
  };
  check(t::fixed<std::int64_t>("tsu:UTC", instants_given));
  check(t::texts({"2199-12-31T14:59:59Z", "2199-12-31T15:00:00Z"}));
  options.time_zone = "America/New_York";  // the first hours of 1900 in UTC are still 1899 there
  const auto early =
      take(TableId::transactions, purchases(clients(1), t::texts({"1900-01-01T00:00:00Z"}), amounts(1)), options);
  EXPECT_EQ(early.rejects.size(), 1U);
}

TEST(IngestTimes, TextDatesAndTheHostsPattern) {
  IngestOptions options;
  options.date_format = "%d.%m.%Y %H:%M";
  const auto result = take(
      TableId::transactions,
      purchases(clients(5), t::texts({"14.11.2023 22:13", "2023-11-14", "31.02.2023 00:00", "soon", ""}), amounts(5)),
      options);
  EXPECT_EQ(instants(result.base)[0], parse_micros("2023-11-14T22:13:00Z"));
  ASSERT_EQ(result.rejects.size(), 3U);
  EXPECT_EQ(result.rejects[0].reason, RejectReason::not_a_date);
  EXPECT_EQ(result.rejects[1].value, "soon");
  EXPECT_EQ(result.rejects[2].reason, RejectReason::missing_value);
  options.date_format = "%d/%b/%Y";
  EXPECT_EQ(error_of([&] { take(TableId::transactions, purchases(clients(1), ats(1), amounts(1)), options); }).code(),
            Code::invalid_argument);
}

// Tables.

TEST(IngestRows, TheFirstReasonIsTheOneTold) {
  const auto result = take(
      TableId::transactions,
      purchases(t::texts({std::nullopt, "a", "b"}), t::texts({"x", "x", "2024-01-01"}), t::texts({"x", "x", "x"})));
  ASSERT_EQ(result.rejects.size(), 3U);
  EXPECT_EQ(result.rejects[0].column, "client");
  EXPECT_EQ(result.rejects[1].column, "at");
  EXPECT_EQ(result.rejects[2].column, "amount");
}

TEST(IngestRows, InvalidUtf8IsShownSafely) {
  const auto result = take(TableId::transactions, purchases(t::texts({"a\xFF\xC3", "ok"}), ats(2), amounts(2)));
  ASSERT_EQ(result.rejects.size(), 1U);
  EXPECT_EQ(result.rejects[0].reason, RejectReason::invalid_utf8);
  EXPECT_EQ(result.rejects[0].value, "a\xEF\xBF\xBD\xEF\xBF\xBD");
  const auto cut =
      take(TableId::transactions, purchases(clients(1), ats(1), t::texts({std::string(199, 'x') + "\xD0\x90"})));
  EXPECT_EQ(cut.rejects[0].value, std::string(199, 'x'));
}

TEST(IngestRows, MoreRejectsThanAreKept) {
  IngestOptions options;
  options.max_rejects_kept = 3;
  std::vector<double> values(200'000, std::nan(""));
  values[150'000] = 1;
  const auto result =
      take(TableId::transactions, purchases(clients(values.size()), ats(values.size()), t::fixed<double>("g", values)),
           options);
  ASSERT_EQ(result.rejects.size(), 3U);
  EXPECT_EQ(result.rejects[2].row, 2U);
  const TableCounts& counts = result.counts.at(TableId::transactions);
  EXPECT_EQ(counts.rows_read, 200'000U);
  EXPECT_EQ(counts.rows_rejected, 199'999U);
  EXPECT_EQ(counts.rows_used, 1U);
  EXPECT_EQ(counts.by_reason.at(RejectReason::not_a_number), 199'999U);
}

TEST(IngestRows, CurrencyHasToAgree) {
  IngestOptions options;
  options.currency = "EUR";
  const auto result = take(TableId::transactions,
                           {clients(4).named("client"), ats(4).named("at"), amounts(4).named("amount"),
                            t::texts({"EUR", "eur", "USD", std::nullopt}).named("currency")},
                           options);
  ASSERT_EQ(result.rejects.size(), 1U);
  EXPECT_EQ(result.rejects[0].reason, RejectReason::wrong_currency);
  EXPECT_EQ(result.base.currency(), "EUR");
}

TEST(IngestRows, SlicesAndBatchesAreOneTable) {
  const std::vector<Node> columns =
      purchases(t::texts({"a", "b", "c", "d", "e"}), ats(5), t::fixed<double>("g", {1, 2, 3, 4, 5}));
  std::vector<Node> sliced;
  for (const Node& column : columns) sliced.push_back(column.slice(1, 2));
  Node outer = t::record(columns);  // the batch itself may have an offset too
  outer.offset = 3;
  outer.length = 2;
  Tables tables;
  tables.add(TableId::transactions, t::stream_of({t::record(sliced), outer}));
  const auto result = ingest(std::move(tables));
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"b", "c", "d", "e"}));
  EXPECT_EQ(numbers(result.base, TransactionField::amount),
            (std::vector<std::int64_t>{20'000, 30'000, 40'000, 50'000}));
}

TEST(IngestRows, EmptyTables) {
  const auto result = take(TableId::transactions, purchases(clients(0), ats(0), amounts(0)));
  EXPECT_EQ(result.base.clients(), 0U);
  EXPECT_EQ(result.counts.at(TableId::transactions).rows_read, 0U);
  EXPECT_EQ(result.base.last_purchase_day(), std::nullopt);
  EXPECT_EQ(result.base.client_column().size(), 0U);
  EXPECT_EQ(ingest({}).base.clients(), 0U);
}

TEST(IngestErrors, ColumnsThatCannotBe) {
  const auto columns_error = [](std::vector<Node> columns, const IngestOptions& options = {}) {
    return error_of([&] { take(TableId::transactions, columns, options); });
  };
  const auto missing = columns_error({clients(1).named("client"), ats(1).named("at")});
  EXPECT_EQ(missing.code(), Code::bad_data);
  EXPECT_EQ(missing.where(), "transactions.amount");
  EXPECT_THAT(missing.what(), HasSubstr("columns found: \"client\", \"at\";"));
  EXPECT_THAT(missing.what(), HasSubstr("ingest.mappings.transactions.columns"));
  EXPECT_THAT(columns_error({}).what(), HasSubstr("columns found: none;"));
  std::vector<Node> many;
  for (int i = 0; i < 1000; ++i) many.push_back(ats(1).named(std::string(1000, 'x') + "\xFF" + std::to_string(i)));
  const std::string bounded = columns_error(many).what();
  EXPECT_THAT(bounded, HasSubstr(" and 980 more;"));
  EXPECT_LT(bounded.size(), 1200U);
  EXPECT_EQ(
      columns_error({clients(1).named("x"), clients(1).named("x"), ats(1).named("at"), amounts(1).named("amount")})
          .where(),
      "transactions.x");
  const auto both = columns_error(
      {clients(1).named("client"), clients(1).named("Customer ID"), ats(1).named("at"), amounts(1).named("amount")});
  EXPECT_EQ(both.code(), Code::bad_data);
  EXPECT_THAT(both.what(), HasSubstr("Customer ID"));
  const auto type = columns_error({clients(1).named("client"), clients(1).named("at"), amounts(1).named("amount")});
  EXPECT_EQ(type.where(), "transactions.at");
  Node odd = clients(1).named("amount");
  odd.format = "tDs";
  EXPECT_THAT(columns_error({clients(1).named("client"), ats(1).named("at"), odd}).what(), HasSubstr("tDs"));
  IngestOptions options;
  options.mappings[TableId::transactions].columns["amount"] = "nowhere";
  EXPECT_EQ(columns_error({clients(1).named("client"), ats(1).named("at")}, options).where(), "transactions.nowhere");
  options.mappings[TableId::transactions].columns = {{"amonut", "x"}};
  EXPECT_EQ(columns_error({clients(1).named("client"), ats(1).named("at")}, options).code(), Code::invalid_argument);
  options = {};
  options.time_zone = "Nowhere/At_All";
  EXPECT_EQ(columns_error(purchases(clients(1), ats(1), amounts(1)), options).code(), Code::not_found);
}

TEST(IngestErrors, MappingsWinOverAliases) {
  IngestOptions options;
  options.mappings[TableId::transactions].columns = {{"amount", "net"}, {"product", ""}};
  const auto result = take(TableId::transactions,
                           {clients(1).named("client"), ats(1).named("at"), t::fixed<double>("g", {1}).named("amount"),
                            t::fixed<double>("g", {2}).named("net"), t::texts({"x"}).named("product")},
                           options);
  EXPECT_EQ(numbers(result.base, TransactionField::amount), (std::vector<std::int64_t>{20'000}));
  EXPECT_EQ(result.unused_columns, (std::vector<std::string>{"transactions.amount", "transactions.product"}));
}

TEST(IngestErrors, BrokenStreamsLeaveNothingBehind) {
  t::Live live;
  const Node batch = t::record(purchases(clients(2), ats(2), amounts(2)));
  {
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({batch, batch}, 1, &live));
    const Error error = error_of([&] { static_cast<void>(ingest(std::move(tables))); });
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_THAT(error.what(), HasSubstr("the line went dead"));
    EXPECT_EQ(error.where(), "transactions");
  }
  EXPECT_TRUE(live.none());
  const auto broken = [&](const std::function<void(Node&)>& change) {
    Node other = batch;
    change(other);
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({batch, other}, std::nullopt, &live));
    EXPECT_EQ(error_of([&] { static_cast<void>(ingest(std::move(tables))); }).code(), Code::bad_data);
    EXPECT_TRUE(live.none());
  };
  broken([](Node& node) { node.length = -1; });
  broken([](Node& node) { node.offset = -1; });
  broken([](Node& node) { node.length = 3; });
  broken([](Node& node) { node.children.pop_back(); });
  broken([](Node& node) { node.children[1].length = -5; });
  broken([](Node& node) { node.children[1].buffers.pop_back(); });
  EXPECT_EQ(error_of([] { ArrowStream(nullptr); }).code(), Code::invalid_argument);
  EXPECT_EQ(error_of([] {
              Tables tables;
              tables.add(TableId::clients, ArrowStream());
              static_cast<void>(ingest(std::move(tables)));
            }).code(),
            Code::bad_data);
  {
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({batch}, std::nullopt, &live));
    EXPECT_EQ(error_of([&] { tables.add(TableId::transactions, t::stream_of({batch}, std::nullopt, &live)); }).code(),
              Code::invalid_argument);
  }
  EXPECT_TRUE(live.none());
  {
    const auto result = ingest([&] {
      Tables tables;
      tables.add(TableId::transactions, t::stream_of({batch}, std::nullopt, &live));
      return tables;
    }());
    EXPECT_GT(live.arrays, 0);  // shared, not copied
  }
  EXPECT_TRUE(live.none());
}

TEST(IngestErrors, DictionaryCodesAndOffsetsAreChecked) {
  EXPECT_EQ(error_of([] {
              take(TableId::transactions,
                   purchases(t::coded<std::int8_t>("c", {5}, t::texts({"a"})), ats(1), amounts(1)));
            }).code(),
            Code::bad_data);
  Node text = t::texts({"ab", "cd"});
  text.buffers[1] = t::bytes_of(std::vector<std::int32_t>{0, 2, 1});
  EXPECT_EQ(error_of([&] { take(TableId::transactions, purchases(text, ats(2), amounts(2))); }).code(), Code::bad_data);
}

TEST(IngestErrors, WhatAnArrayLacksIsChecked) {
  t::Live live;
  const auto broken = [&](Node client, const std::function<void(Node&)>& change) {
    const Node good = t::record(purchases(client, ats(2), amounts(2)));
    Node bad = good;
    change(bad.children[0]);
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({good, bad}, std::nullopt, &live));
    const Error error = error_of([&] { static_cast<void>(ingest(std::move(tables))); });
    EXPECT_EQ(error.code(), Code::bad_data) << error.what();
    EXPECT_EQ(error.where(), "transactions.client");
    EXPECT_TRUE(live.none());
  };
  const auto max = std::numeric_limits<std::int64_t>::max();
  for (const Node& client : {clients(2), t::texts({"a", "b"}), t::texts({"a", "b"}, "U"),
                             t::texts({"a", "a text longer than its view"}, "vu"),
                             t::coded<std::int8_t>("c", {0, 1}, t::texts({"a", "b"}))}) {
    broken(client, [](Node& node) { node.buffers.clear(); });
    broken(client, [](Node& node) { node.buffers.resize(1); });
    broken(client, [](Node& node) { node.offset = -1; });
    broken(client, [](Node& node) { node.length = -1; });
    broken(client, [](Node& node) { node.length = 1; });
    broken(client, [=](Node& node) { node.offset = max; });
    broken(client, [=](Node& node) { node.length = max; });
  }
  broken(t::texts({"a", "b"}), [](Node& node) { node.buffers.resize(2); });
  broken(t::texts({"a", "b"}), [](Node& node) { node.buffers[1] = t::bytes_of(std::vector<std::int32_t>{-1, 1, 2}); });
  broken(t::texts({"a", "b"}, "vu"), [](Node& node) { node.buffers.resize(2); });
  const auto view = [](std::int32_t size, std::int32_t buffer, std::int32_t begin) {
    return t::bytes_of(std::vector<std::int32_t>{size, 0, buffer, begin, 1, 'x', 0, 0});
  };
  const Node views = t::texts({"a text longer than its view", "x"}, "vu");
  broken(views, [&](Node& node) { node.buffers[1] = view(-1, 0, 0); });
  broken(views, [&](Node& node) { node.buffers[1] = view(27, 1, 0); });
  broken(views, [&](Node& node) { node.buffers[1] = view(27, -1, 0); });
  broken(views, [&](Node& node) { node.buffers[1] = view(27, 0, 1); });
  broken(views, [&](Node& node) { node.buffers[1] = view(27, 0, -1); });
  broken(views, [&](Node& node) { node.buffers[1] = view(std::numeric_limits<std::int32_t>::max(), 0, 0); });
  const Node coded = t::coded<std::int8_t>("c", {0, 1}, t::texts({"a", "b"}));
  broken(coded, [](Node& node) { node.dictionary.clear(); });
  broken(coded, [](Node& node) { node.dictionary[0].length = -1; });
  broken(coded, [](Node& node) { node.dictionary[0].length = 1; });
  broken(coded, [](Node& node) { node.dictionary[0].buffers.clear(); });
  broken(coded, [](Node& node) { node.buffers[1] = {0, 0xFF}; });
}

TEST(IngestErrors, ListsThatLeaveTheirValuesAreChecked) {
  const auto broken = [](const std::function<void(Node&)>& change) {
    Node emails = t::list({0, 1, 2}, t::texts({"a@b", "c@d"}));
    change(emails);
    const Error error = error_of([&] { take(TableId::clients, {clients(2).named("client"), emails.named("emails")}); });
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_EQ(error.where(), "clients.emails");
  };
  broken([](Node& node) { node.buffers[1] = t::bytes_of(std::vector<std::int32_t>{0, 1, 3}); });
  broken([](Node& node) { node.buffers[1] = t::bytes_of(std::vector<std::int32_t>{-1, 1, 2}); });
  broken([](Node& node) { node.buffers[1] = t::bytes_of(std::vector<std::int32_t>{0, 2, 1}); });
  broken([](Node& node) { node.children.clear(); });
  broken([](Node& node) { node.children[0].length = -1; });
  broken([](Node& node) { node.buffers.resize(1); });
}

TEST(IngestErrors, TypesThatAreNotReadAreNamed) {
  const auto refused = [](Node node) {
    const Error error = error_of([&] { take(TableId::transactions, purchases(node, ats(1), amounts(1))); });
    EXPECT_EQ(error.code(), Code::bad_data) << node.format;
    EXPECT_EQ(error.where(), "transactions.client");
    EXPECT_THAT(error.what(), HasSubstr(node.format));
  };
  for (const char* const format :
       {"+r",  "+s", "+m", "+us:0", "+ud:0,1", "+w:2",    "+vl",    "w:4",        "tDs", "tiM",
        "ttu", "",   "d:", "d:9",   "d:9,2,",  "d:9,2,7", "d:9,99", "d:9,2,32,1", "ll",  "\xFF"}) {
    Node node = clients(1);
    node.format = format;
    refused(node);
  }
  // Types in types in types: as deep as it likes.
  Node nested = t::list({0, 1}, t::texts({"a"}));
  for (int depth = 0; depth < 60; ++depth) {
    nested = t::list({0, 1}, nested);
    refused(nested);
  }
  Node coded = t::texts({"a"});
  for (int depth = 0; depth < 3; ++depth) coded = t::coded<std::int8_t>("c", {0}, coded);
  refused(coded);
  refused(t::coded<float>("f", {0.0F}, t::texts({"a"})));
}

TEST(IngestErrors, ViewsPastTheirBufferAreChecked) {
  const auto with_size = [](std::int64_t size) {
    Node text = t::texts({"a text longer than its view"}, "vu");
    text.buffers[3] = t::bytes_of(std::vector<std::int64_t>{size});
    return text;
  };
  EXPECT_TRUE(take(TableId::transactions, purchases(with_size(27), ats(1), amounts(1))).rejects.empty());
  EXPECT_EQ(error_of([&] { take(TableId::transactions, purchases(with_size(26), ats(1), amounts(1))); }).code(),
            Code::bad_data);
}

TEST(IngestErrors, StoppingLeavesTheBase) {
  std::stop_source source;
  source.request_stop();
  Control control;
  control.stop = source.get_token();
  EXPECT_EQ(
      error_of([&] { take(TableId::transactions, purchases(clients(1), ats(1), amounts(1)), {}, control); }).code(),
      Code::cancelled);
}

// Cards.

TEST(IngestCards, UnknownClientsFollowTheOption) {
  const auto both = [](UnknownClients option) {
    IngestOptions options;
    options.unknown_clients = option;
    Tables tables;
    tables.add(TableId::transactions,
               t::stream_of({t::record(purchases(t::fixed<std::int64_t>("l", {1, 2, 1}), ats(3), amounts(3)))}));
    tables.add(TableId::clients,
               t::stream_of({t::record({t::texts({"1", "3"}).named("id"), t::texts({"A", "B"}).named("name")})}));
    return ingest(std::move(tables), options);
  };
  const auto rejected = both(UnknownClients::reject_if_cards);
  ASSERT_EQ(rejected.rejects.size(), 1U);
  EXPECT_EQ(rejected.rejects[0].reason, RejectReason::unknown_client);
  EXPECT_EQ(rejected.rejects[0].value, "2");
  EXPECT_EQ(rejected.rejects[0].row, 1U);
  EXPECT_EQ(ids(rejected.base), (std::vector<std::string>{"1", "3"}));
  EXPECT_EQ(ids(both(UnknownClients::create).base), (std::vector<std::string>{"1", "2", "3"}));
  const auto none = take(TableId::transactions, purchases(clients(1), ats(1), amounts(1)), [] {
    IngestOptions o;
    o.unknown_clients = UnknownClients::reject;
    return o;
  }());
  EXPECT_EQ(none.rejects.size(), 1U);
  EXPECT_EQ(none.base.clients(), 0U);
}

TEST(IngestCards, DuplicatesParentsAndCycles) {
  const auto result =
      take(TableId::clients,
           {t::texts({"a", "b", "a", "c", "d", "e", "f", "g", "h"}).named("client"),
            t::texts({"b", std::nullopt, std::nullopt, "d", "e", "c", "nobody", "f", "b"}).named("parent")});
  std::map<std::uint64_t, const Reject*> by_row;
  for (const Reject& reject : result.rejects) by_row[reject.row] = &reject;
  ASSERT_EQ(by_row.size(), 4U);
  EXPECT_EQ(by_row.at(2)->reason, RejectReason::duplicate_client);
  EXPECT_EQ(by_row.at(3)->reason, RejectReason::parent_cycle);
  EXPECT_EQ(by_row.at(3)->value, "c < d < e < c");
  EXPECT_EQ(by_row.at(3)->column, "parent");
  EXPECT_EQ(by_row.at(6)->reason, RejectReason::unknown_client);
  EXPECT_EQ(by_row.at(6)->value, "nobody");
  EXPECT_EQ(by_row.at(7)->reason, RejectReason::unknown_client);  // its parent was rejected
  // The card whose parent closes the circle stays, without it.
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"a", "b", "c", "d", "e", "h"}));
  const TableCounts& counts = result.counts.at(TableId::clients);
  EXPECT_EQ(counts.rows_rejected, 3U);
  EXPECT_EQ(counts.rows_used, 6U);
  EXPECT_EQ(counts.by_reason.count(RejectReason::parent_cycle), 0U);
  EXPECT_EQ(counts.ignored_values, (std::map<std::string, std::uint64_t>{{"parent", 1}}));
  std::uint64_t last = 0;
  for (const Reject& reject : result.rejects) {
    EXPECT_GE(reject.row, last);
    last = reject.row;
  }
  std::vector<std::uint32_t> parents(9);
  (*result.base.chunks(TableId::clients)[0])[ClientField::parent]->codes(0, parents);
  EXPECT_EQ(parents[0], result.base.code_of("b"));
  EXPECT_EQ(parents[1], no_code);
  EXPECT_EQ(parents[3], no_code);
  EXPECT_EQ(parents[4], result.base.code_of("e"));
  EXPECT_EQ(parents[5], result.base.code_of("c"));
}

TEST(IngestCards, ACircleOfParentsLosesNoMoneyWhateverTheOrderOfRows) {
  const std::vector<std::pair<std::string, std::string>> cards{
      {"10", "9"}, {"9", "x"}, {"x", "10"}, {"self", "self"}, {"below", "x"}};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  do {
    Texts id;
    Texts parent;
    for (const std::size_t i : order) {
      id.push_back(cards[i].first);
      parent.push_back(cards[i].second);
    }
    Tables tables;
    tables.add(TableId::clients,
               t::stream_of({t::record({t::texts(id).named("id"), t::texts(parent).named("parent")})}));
    tables.add(
        TableId::transactions,
        t::stream_of({t::record({t::texts({"10", "9", "x", "self", "below"}).named("client"),
                                 t::fixed<std::int64_t>("tsu:UTC", std::vector<std::int64_t>(5, noon)).named("at"),
                                 t::fixed<std::int64_t>("l", {1, 2, 3, 4, 5}).named("amount")})}));
    const auto result = ingest(std::move(tables));
    EXPECT_EQ(result.counts.at(TableId::transactions).rows_used, 5U);
    EXPECT_EQ(result.counts.at(TableId::clients).rows_used, 5U);
    ASSERT_EQ(result.rejects.size(), 2U);
    std::set<std::string> circles;
    for (const Reject& reject : result.rejects) {
      EXPECT_EQ(reject.reason, RejectReason::parent_cycle);
      circles.insert(reject.value);
      // Integers come before texts: 9 is the smallest id on its circle.
      EXPECT_EQ(id[reject.row], reject.value == "self < self" ? "self" : "9");
    }
    EXPECT_EQ(circles, (std::set<std::string>{"9 < x < 10 < 9", "self < self"}));
    const Hierarchy tree(result.base);
    for (const char* root : {"9", "self"}) EXPECT_EQ(tree.parents()[*result.base.row_of(ClientId(root))], no_code);
    EXPECT_EQ(tree.levels()[*result.base.row_of(ClientId("below"))], 4);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(IngestDirectories, ACircleIsCutWhereItIsDelivered) {
  const auto entries = [](Texts directory, Texts code, Texts parent) {
    Tables tables;
    tables.add(TableId::directories,
               t::stream_of({t::record({t::texts(directory).named("directory"), t::texts(code).named("code"),
                                        t::texts(parent).named("parent")})}));
    return tables;
  };
  // A plural is the same directory; the last row of a code counts; the other directory has a circle of its own.
  const auto result = ingest(entries({"trade", "trades", "Trade", "area", "area", "trade", "trade"},
                                     {"b", "a", "c", "b", "a", "d", "d"}, {"c", "b", "a", "a", "b", "d", "c"}));
  ASSERT_EQ(result.rejects.size(), 2U);
  EXPECT_EQ(result.rejects[0].row, 1U);
  EXPECT_EQ(result.rejects[0].value, "a < b < c < a");
  EXPECT_EQ(result.rejects[0].column, "parent");
  EXPECT_EQ(result.rejects[0].reason, RejectReason::parent_cycle);
  EXPECT_EQ(result.rejects[1].row, 4U);
  EXPECT_EQ(result.rejects[1].value, "a < b < a");
  const TableCounts& counts = result.counts.at(TableId::directories);
  EXPECT_EQ(counts.rows_used, 7U);
  EXPECT_EQ(counts.ignored_values, (std::map<std::string, std::uint64_t>{{"parent", 2}}));
  const Directory trades = Directory::of(result.base, "trade");
  EXPECT_EQ(trades.levels(), 3U);
  EXPECT_EQ(trades.level(trades.at("a")), 1U);
  EXPECT_EQ(trades.level(trades.at("d")), 3U);
  // A later delivery that closes a circle with older entries: its own parent goes.
  const auto older = ingest(entries({"trade", "trade"}, {"a", "b"}, {std::nullopt, "a"}));
  ASSERT_TRUE(older.rejects.empty());
  const auto closed = extend(older.base, entries({"trade", "trade"}, {"c", "a"}, {"b", "c"}));
  ASSERT_EQ(closed.rejects.size(), 1U);
  EXPECT_EQ(closed.rejects[0].row, 1U);
  EXPECT_EQ(closed.rejects[0].value, "a < c < b < a");
  EXPECT_EQ(Directory::of(closed.base, "trade").levels(), 3U);
}

TEST(IngestCards, StayWithoutTheValuesThatCannotBeRead) {
  IngestOptions options;
  options.keep_unreadable_cards = true;
  const std::int64_t far = 4'000'000'000'000'000'000;
  const auto columns = [&] {
    return std::vector<Node>{
        t::texts({"1", "2", "3", "", "5"}).named("id"),
        t::texts({"ghost", "person", "person", "ghost", std::nullopt}).named("type"),
        t::texts({"Ann", "Bo", "C\xFF", "Dee", "Eve"}).named("name"),
        t::texts({"2000-02-29", "19841332", "soon", "2000-01-01", std::nullopt}).named("dob"),
        t::fixed<std::int64_t>("tsu:UTC", {noon, far, noon, noon, noon}).named("created"),
        t::fixed<std::int32_t>("tdD", {0, 0, 0, 0, 2'000'000}).named("updated"),
    };
  };
  const auto result = take(TableId::clients, columns(), options);
  ASSERT_EQ(result.rejects.size(), 2U);  // bytes that are no text, and a card without an id
  EXPECT_EQ(result.rejects[0].reason, RejectReason::invalid_utf8);
  EXPECT_EQ(result.rejects[1].reason, RejectReason::missing_value);
  const TableCounts& counts = result.counts.at(TableId::clients);
  EXPECT_EQ(counts.rows_used, 3U);
  EXPECT_EQ(counts.ignored_values,
            (std::map<std::string, std::uint64_t>{{"created", 1}, {"dob", 2}, {"type", 1}, {"updated", 1}}));
  const Chunk& chunk = *result.base.chunks(TableId::clients)[0];
  std::vector<std::int32_t> days(5);
  chunk[ClientField::birthday]->days(0, days);
  EXPECT_NE(days[0], null_day);
  EXPECT_EQ(days[1], null_day);
  EXPECT_TRUE(chunk[ClientField::birthday]->is_null(1));
  std::vector<std::int64_t> instants(5);
  chunk[ClientField::created_at]->instants(0, instants);
  EXPECT_EQ(instants[0], noon);
  EXPECT_EQ(instants[1], null_instant);
  chunk[ClientField::updated_at]->instants(0, instants);
  EXPECT_EQ(instants[4], null_instant);
  std::vector<std::uint32_t> kinds(5);
  chunk[ClientField::kind]->codes(0, kinds);
  EXPECT_EQ(kinds[0], no_code);
  EXPECT_EQ(kinds[1], 1U);

  const auto strict = take(TableId::clients, columns());
  EXPECT_EQ(strict.counts.at(TableId::clients).rows_rejected, 5U);
  EXPECT_TRUE(strict.counts.at(TableId::clients).ignored_values.empty());
}

TEST(IngestCards, EveryFieldReads) {
  const auto result =
      take(TableId::clients, {t::texts({"1", "2"}).named("id"), t::texts({"Компания", "person"}).named("type"),
                              t::texts({"Acme", "Zoe"}).named("Название"),
                              t::list({0, 2, 2}, t::texts({"a@x.example", "b@x.example"})).named("emails"),
                              t::texts({"+1 555; +1 556 ;", std::nullopt}).named("phone"),
                              t::fixed<std::int64_t>("l", {1234, 99}).named("postcode"),
                              t::coded<std::int8_t>("c", {0, 0}, t::texts({"North"})).named("region"),
                              t::texts({"2000-02-29", std::nullopt}).named("birthday"),
                              t::fixed<std::int64_t>("tsm:UTC", {noon / 1000, noon / 1000}).named("created"),
                              t::fixed<double>("g", {79161234567.0, 5.5}).named("tax_number")});
  ASSERT_TRUE(result.rejects.empty());
  const Chunk& chunk = *result.base.chunks(TableId::clients)[0];
  std::vector<std::uint32_t> codes(2);
  chunk[ClientField::kind]->codes(0, codes);
  EXPECT_EQ(codes, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(result.base.terms(TableId::clients, 1)[1], "person");
  EXPECT_EQ(chunk[ClientField::name]->text(1), "Zoe");
  EXPECT_EQ(chunk[ClientField::emails]->texts(0), (std::vector<std::string_view>{"a@x.example", "b@x.example"}));
  EXPECT_TRUE(chunk[ClientField::emails]->texts(1).empty());
  EXPECT_EQ(chunk[ClientField::phones]->texts(0), (std::vector<std::string_view>{"+1 555", "+1 556"}));
  EXPECT_TRUE(chunk[ClientField::phones]->is_null(1));
  EXPECT_EQ(chunk[ClientField::postcode]->text(0), "1234");
  EXPECT_EQ(chunk[ClientField::tax_numbers]->texts(0), (std::vector<std::string_view>{"79161234567"}));
  EXPECT_EQ(chunk[ClientField::tax_numbers]->texts(1), (std::vector<std::string_view>{"5.5"}));
  std::vector<std::int32_t> days(2);
  chunk[ClientField::birthday]->days(0, days);
  EXPECT_EQ(to_text(Day{std::chrono::days{days[0]}}), "2000-02-29");
  EXPECT_EQ(days[1], null_day);
  EXPECT_EQ(chunk[ClientField::industry], nullptr);
  const auto card = result.base.card_of(*result.base.code_of(2));
  ASSERT_TRUE(card.has_value());
  EXPECT_EQ(card->row, 1U);
  EXPECT_THROW(static_cast<void>(chunk[ClientField::name]->days(0, days)), Error);
  EXPECT_THROW(static_cast<void>(chunk[ClientField::name]->text(2)), Error);
}

// The other tables.

TEST(IngestCards, ListsOfNothingAreEmpty) {
  const auto result =
      take(TableId::clients, {t::texts({"1", "2"}).named("id"), t::list({0, 0, 2}, t::nothing(2)).named("emails")});
  EXPECT_TRUE(result.rejects.empty());
  const auto& emails = *(*result.base.chunks(TableId::clients)[0])[ClientField::emails];
  EXPECT_TRUE(emails.texts(0).empty());
  EXPECT_TRUE(emails.texts(1).empty());
}

TEST(IngestCards, LongChainsOfUnknownParentsEnd) {
  // Children first: every card's parent is the next row's, the last one's has no card.
  constexpr std::size_t n = 100'000;
  std::vector<std::int64_t> id(n);
  std::vector<std::int64_t> parent(n);
  for (std::size_t i = 0; i < n; ++i) {
    id[i] = static_cast<std::int64_t>(i) + 1;
    parent[i] = static_cast<std::int64_t>(i) + 2;
  }
  const auto result = take(TableId::clients, {t::fixed<std::int64_t>("l", id).named("id"),
                                              t::fixed<std::int64_t>("l", parent).named("parent")});
  EXPECT_EQ(result.base.clients(), 0U);
  EXPECT_EQ(result.counts.at(TableId::clients).by_reason.at(RejectReason::unknown_client), n);
}

TEST(IngestInteractions, StatesAreClosedAndDerived) {
  const std::int64_t later = noon + 3600 * second;
  using Times = std::vector<std::optional<std::int64_t>>;
  const auto result = take(
      TableId::interactions,
      {t::fixed<std::int64_t>("l", {1, 1, 1, 1, 1, 1}).named("client"),
       t::texts({"звонок", "email", "email", "sms", "meeting", "phone"}).named("channel"),
       t::texts({"входящий", "Outbound", std::nullopt, "sideways", "out", "in"}).named("direction"),
       t::fixed<std::int64_t>("tsu:UTC", Times{noon, {}, {}, noon, later, noon}).named("planned_from"),
       t::fixed<std::int64_t>("tsu:UTC", Times{later, {}, {}, later, noon, {}}).named("planned_to"),
       t::fixed<std::int64_t>("tsu:UTC", Times{{}, noon, {}, {}, {}, {}}).named("started_at"),
       t::texts({std::nullopt, std::nullopt, std::nullopt, std::nullopt, std::nullopt, "Отменён"}).named("status")});
  std::map<std::uint64_t, RejectReason> reasons;
  for (const Reject& reject : result.rejects) reasons[reject.row] = reject.reason;
  EXPECT_EQ(reasons, (std::map<std::uint64_t, RejectReason>{{2, RejectReason::missing_value},
                                                            {3, RejectReason::unknown_value},
                                                            {4, RejectReason::interval_backwards}}));
  std::vector<std::uint32_t> states(6);
  (*result.base.chunks(TableId::interactions)[0])[InteractionField::state]->codes(0, states);
  EXPECT_EQ(states[0], 0U);
  EXPECT_EQ(states[1], 1U);
  EXPECT_EQ(states[5], 2U);
  const auto channels = result.base.terms(TableId::interactions, static_cast<std::size_t>(InteractionField::channel));
  EXPECT_EQ(std::vector<std::string_view>(channels.begin(), channels.end()),
            (std::vector<std::string_view>{"звонок", "email", "phone"}));
}

TEST(IngestFeedback, ScoresHaveTheRangeOfTheirMeasure) {
  const auto result = take(TableId::feedback, {clients(5).named("client"), ats(5).named("at"),
                                               t::texts({"CSAT", "nps", "nps", "ces", "mood"}).named("measure"),
                                               t::fixed<std::int32_t>("i", {5, 0, 11, 8, 1}).named("score")});
  EXPECT_EQ(result.rejects.size(), 3U);
  for (const Reject& reject : result.rejects) EXPECT_EQ(reject.reason, RejectReason::unknown_value);
}

TEST(IngestContacts, EdgesHaveTwoClients) {
  const auto result = take(
      TableId::contacts,
      {t::texts({"p1", "p2"}).named("person"), t::texts({"o1", "o1"}).named("organisation"),
       t::texts({"decides", ""}).named("role"), t::booleans({true, std::nullopt}).named("primary"),
       t::texts({"2024-02-01", "2024-02-02"}).named("since"), t::texts({"2024-01-01", std::nullopt}).named("until")});
  ASSERT_EQ(result.rejects.size(), 1U);
  EXPECT_EQ(result.rejects[0].reason, RejectReason::interval_backwards);
  EXPECT_EQ(ids(result.base), (std::vector<std::string>{"o1", "p2"}));
  const Chunk& chunk = *result.base.chunks(TableId::contacts)[0];
  std::uint32_t organisation = 0;
  chunk[ContactField::organisation]->codes(1, std::span(&organisation, 1));
  EXPECT_EQ(organisation, result.base.code_of("o1"));
  EXPECT_EQ(chunk.clients()[1], result.base.code_of("p2"));
}

TEST(IngestTerms, BlanksAreNoRequiredTermAndNoRequiredText) {
  const auto result = take(TableId::directories, {t::texts({"role", "\u202F", "role"}).named("directory"),
                                                  t::texts({"\u00A0", "x", "\u3000y"}).named("code")});
  ASSERT_EQ(result.rejects.size(), 2U);
  EXPECT_EQ(result.rejects[0].column, "code");
  EXPECT_EQ(result.rejects[1].column, "directory");
  for (const Reject& reject : result.rejects) EXPECT_EQ(reject.reason, RejectReason::missing_value);
}

TEST(IngestTerms, BlanksAroundNumbersDatesAndTermsDoNotCount) {
  const auto result = take(TableId::transactions,
                           {clients(1).named("client"), t::texts({"\u00A02026-01-02\u2009"}).named("at"),
                            t::texts({"\u202F12.5\uFEFF"}).named("amount"),
                            t::texts({"\u3000tea\u00A0"}).named("product"), t::texts({"\u00A0yes"}).named("refund")});
  EXPECT_TRUE(result.rejects.empty());
  EXPECT_EQ(numbers(result.base, TransactionField::amount), (std::vector<std::int64_t>{-125'000}));
  EXPECT_EQ(to_text(*result.base.last_purchase_day()), "2026-01-02");
  const auto products = result.base.terms(TableId::transactions, static_cast<std::size_t>(TransactionField::product));
  ASSERT_EQ(products.size(), 1U);
  EXPECT_EQ(products[0], "tea");
}

TEST(IngestTerms, SharedListsAndBlanks) {
  Tables tables;
  tables.add(TableId::interactions, t::stream_of({t::record({clients(3).named("client"), ats(3).named("started_at"),
                                                             t::texts({" phone ", "", "email"}).named("channel")})}));
  tables.add(TableId::feedback,
             t::stream_of({t::record(
                 {clients(2).named("client"), ats(2).named("at"), t::texts({"nps", "nps"}).named("measure"),
                  t::fixed<double>("g", {9, 10}).named("score"), t::texts({"email", "sms"}).named("channel")})}));
  const auto result = ingest(std::move(tables));
  const auto field = static_cast<std::size_t>(FeedbackField::channel);
  const auto terms = result.base.terms(TableId::feedback, field);
  EXPECT_EQ(std::vector<std::string_view>(terms.begin(), terms.end()),
            (std::vector<std::string_view>{"phone", "email", "sms"}));
  std::vector<std::uint32_t> codes(3);
  (*result.base.chunks(TableId::interactions)[0])[InteractionField::channel]->codes(0, codes);
  EXPECT_EQ(codes, (std::vector<std::uint32_t>{0, no_code, 1}));
}

// Threads, order, growth.

struct Load {
  std::vector<std::optional<std::string>> client;
  std::vector<std::int64_t> at;
  std::vector<double> amount;
  std::vector<std::optional<std::string>> product;

  [[nodiscard]] Node batch(std::size_t begin, std::size_t end) const {
    const auto part = [&](const auto& all) {
      return std::decay_t<decltype(all)>(all.begin() + static_cast<std::ptrdiff_t>(begin),
                                         all.begin() + static_cast<std::ptrdiff_t>(end));
    };
    return t::record({t::texts(part(client), "vu").named("client"),
                      t::fixed<std::int64_t>("tsu:UTC", part(at)).named("at"),
                      t::fixed<double>("g", part(amount)).named("amount"), t::texts(part(product)).named("product")});
  }
};

Load random_load(std::size_t rows, unsigned seed) {
  std::mt19937_64 random(seed);
  Load load;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::uint64_t who = random() % (rows / 4 + 1);
    load.client.push_back(who % 50 == 0  ? std::nullopt
                          : who % 3 == 0 ? std::optional("client number " + std::to_string(who))
                                         : std::optional(std::to_string(who * 1'000'003)));
    load.at.push_back(noon + static_cast<std::int64_t>(random() % 100'000'000) * 1000);
    load.amount.push_back(random() % 40 == 0 ? std::nan("") : static_cast<double>(random() % 100'000) / 100);
    load.product.push_back(random() % 10 == 0 ? std::nullopt : std::optional("p" + std::to_string(random() % 300)));
  }
  return load;
}

std::vector<std::uint32_t> all_codes(const ClientBase& base, std::size_t chunk) {
  const auto codes = base.chunks(TableId::transactions)[chunk]->clients();
  return {codes.begin(), codes.end()};
}

TEST(IngestDeterminism, ThreadsDoNotMatter) {
  const Load load = random_load(150'000, 1);
  std::vector<std::vector<std::uint32_t>> codes;
  std::vector<std::vector<std::string>> orders;
  std::vector<std::vector<std::uint32_t>> products;
  std::vector<std::size_t> rejects;
  for (const std::size_t threads : {1, 2, 7}) {
    ThreadPool pool(threads);
    Control control;
    control.executor = &pool;
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({load.batch(0, 70'001), load.batch(70'001, 150'000)}));
    const auto result = ingest(std::move(tables), {}, control);
    codes.push_back(all_codes(result.base, 0));
    orders.push_back(ids(result.base));
    std::vector<std::uint32_t> product(150'000);
    (*result.base.chunks(TableId::transactions)[0])[TransactionField::product]->codes(0, product);
    products.push_back(product);
    rejects.push_back(result.rejects.size());
    for (std::size_t i = 1; i < result.rejects.size(); ++i) ASSERT_LT(result.rejects[i - 1].row, result.rejects[i].row);
    const TableCounts& counts = result.counts.at(TableId::transactions);
    EXPECT_EQ(counts.rows_read, counts.rows_used + counts.rows_rejected);
  }
  EXPECT_EQ(codes[0], codes[1]);
  EXPECT_EQ(codes[0], codes[2]);
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_EQ(orders[0], orders[2]);
  EXPECT_EQ(products[0], products[2]);
  EXPECT_EQ(rejects[0], rejects[2]);
  EXPECT_TRUE(std::is_sorted(orders[0].begin(), orders[0].end(),
                             [](const std::string& a, const std::string& b) { return ClientId(a) < ClientId(b); }));
}

TEST(IngestDeterminism, RowOrderDoesNotMatterToTheCanonicalOrder) {
  Load load = random_load(30'000, 2);
  const auto order_of = [&] {
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({load.batch(0, 30'000)}));
    return ids(ingest(std::move(tables)).base);
  };
  const auto before = order_of();
  std::mt19937_64 random(3);
  for (std::size_t i = load.client.size(); i > 1; --i) {
    const std::size_t k = random() % i;
    std::swap(load.client[i - 1], load.client[k]);
    std::swap(load.amount[i - 1], load.amount[k]);
  }
  EXPECT_EQ(order_of(), before);
}

TEST(IngestExtend, InStepsIsTheSameAsAtOnce) {
  const Load load = random_load(60'000, 4);
  Tables whole;
  whole.add(TableId::transactions, t::stream_of({load.batch(0, 60'000)}));
  const auto once = ingest(std::move(whole));
  ClientBase base;
  std::vector<ClientBase> steps{base};
  std::vector<std::uint32_t> codes;
  std::vector<std::uint32_t> products;
  const std::vector<std::size_t> cuts{0, 40'000, 40'500, 41'000, 45'000, 60'000};
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    Tables tables;
    tables.add(TableId::transactions, t::stream_of({load.batch(cuts[i], cuts[i + 1])}));
    base = extend(base, std::move(tables)).base;
    for (const ClientBase& earlier : steps) EXPECT_TRUE(base.extends(earlier));
    EXPECT_FALSE(i > 0 && steps.back().extends(base));
    steps.push_back(base);
    const auto more = all_codes(base, i);
    codes.insert(codes.end(), more.begin(), more.end());
    std::vector<std::uint32_t> product(cuts[i + 1] - cuts[i]);
    (*base.chunks(TableId::transactions)[i])[TransactionField::product]->codes(0, product);
    products.insert(products.end(), product.begin(), product.end());
  }
  EXPECT_EQ(ids(base), ids(once.base));
  EXPECT_EQ(codes, all_codes(once.base, 0));
  std::vector<std::uint32_t> product(60'000);
  (*once.base.chunks(TableId::transactions)[0])[TransactionField::product]->codes(0, product);
  EXPECT_EQ(products, product);
  EXPECT_EQ(base.rows(TableId::transactions), 60'000U);
  EXPECT_EQ(base.accepted(TableId::transactions), once.base.accepted(TableId::transactions));
  EXPECT_EQ(base.last_purchase_day(), once.base.last_purchase_day());
  for (const std::string& id : ids(base)) {
    const auto code = base.code_of(ClientId(id));
    ASSERT_TRUE(code.has_value());
    ASSERT_EQ(base.id_of(*code).to_text(), id);
  }
}

TEST(IngestExtend, NoNewClientSharesTheOrder) {
  const auto first = take(TableId::transactions, purchases(clients(3), ats(3), amounts(3)));
  Tables tables;
  tables.add(TableId::transactions, t::stream_of({t::record(purchases(clients(2), ats(2), amounts(2)))}));
  const auto second_result = extend(first.base, std::move(tables));
  EXPECT_EQ(first.base.codes_in_order().data(), second_result.base.codes_in_order().data());
  EXPECT_EQ(first.base.rows(TableId::transactions), 3U);
  EXPECT_EQ(second_result.base.rows(TableId::transactions), 5U);
}

TEST(IngestExtend, NewerCardsReplaceOlderOnes) {
  const auto first =
      take(TableId::clients, {t::texts({"a", "b"}).named("id"), t::texts({"old", "stays"}).named("name")});
  Tables tables;
  tables.add(TableId::clients,
             t::stream_of({t::record({t::texts({"c", "a"}).named("id"), t::texts({"x", "new"}).named("name"),
                                      t::texts({"b", std::nullopt}).named("parent")})}));
  const auto result = extend(first.base, std::move(tables));
  ASSERT_TRUE(result.rejects.empty());
  const auto card = *result.base.card_of(*result.base.code_of("a"));
  EXPECT_EQ(card.chunk, 1U);
  EXPECT_EQ((*result.base.chunks(TableId::clients)[card.chunk])[ClientField::name]->text(card.row), "new");
  EXPECT_EQ(result.base.card_of(*result.base.code_of("b"))->chunk, 0U);
  EXPECT_EQ(first.base.card_of(*first.base.code_of("a"))->chunk, 0U);
  // A circle over two deliveries: the parent that closes it goes.
  Tables circle;
  circle.add(TableId::clients,
             t::stream_of({t::record({t::texts({"b"}).named("id"), t::texts({"c"}).named("parent")})}));
  const auto closed = extend(result.base, std::move(circle));
  ASSERT_EQ(closed.rejects.size(), 1U);
  EXPECT_EQ(closed.rejects[0].reason, RejectReason::parent_cycle);
  EXPECT_EQ(closed.rejects[0].value, "b < c < b");
  EXPECT_EQ(closed.counts.at(TableId::clients).rows_used, 1U);
  EXPECT_EQ(Hierarchy(closed.base).parents()[*closed.base.row_of(ClientId("b"))], no_code);
}

TEST(IngestExtend, ACardThatIsRejectedLeavesNoCircleOfOlderOnes) {
  const auto cards = [](Texts id, Texts parent) {
    Tables tables;
    tables.add(TableId::clients,
               t::stream_of({t::record({t::texts(id).named("id"), t::texts(parent).named("parent")})}));
    return tables;
  };
  const auto old = ingest(cards({"A", "B"}, {"B", std::nullopt}));
  ASSERT_TRUE(old.rejects.empty());
  // A is its own parent: the new card stays, without one, and B can stand under it.
  const auto itself = extend(old.base, cards({"A", "B"}, {"A", "A"}));
  ASSERT_EQ(itself.rejects.size(), 1U);
  EXPECT_EQ(itself.rejects[0].value, "A < A");
  EXPECT_EQ(Hierarchy(itself.base).depth(), 2);
  // Where the newer card goes because its parent is unknown, the older one is back, under B: so B cannot stand under A.
  const auto unknown = extend(old.base, cards({"A", "B"}, {"nobody", "A"}));
  ASSERT_EQ(unknown.rejects.size(), 2U);
  EXPECT_EQ(unknown.rejects[0].reason, RejectReason::unknown_client);
  EXPECT_EQ(unknown.rejects[1].reason, RejectReason::parent_cycle);
  EXPECT_EQ(unknown.rejects[1].value, "B < A < B");
  // A longer circle through the older card; what hangs below it is kept.
  const auto children = extend(old.base, cards({"A", "C", "B", "D", "E"}, {"nobody", "A", "C", "C", "A"}));
  ASSERT_EQ(children.rejects.size(), 2U);
  EXPECT_EQ(children.rejects[1].row, 2U);
  EXPECT_EQ(children.rejects[1].value, "B < C < A < B");
  EXPECT_EQ(ids(children.base), (std::vector<std::string>{"A", "B", "C", "D", "E"}));
  EXPECT_EQ(Hierarchy(children.base).depth(), 4);
}

TEST(IngestExtend, ZoneAndCurrencyAreTheBases) {
  IngestOptions options;
  options.currency = "EUR";
  const auto first = take(TableId::transactions, purchases(clients(1), ats(1), amounts(1)), options);
  options.time_zone = "Europe/Moscow";
  EXPECT_EQ(error_of([&] { static_cast<void>(extend(first.base, {}, options)); }).where(), "time_zone");
  options = {};
  options.currency = "USD";
  EXPECT_EQ(error_of([&] { static_cast<void>(extend(first.base, {}, options)); }).where(), "currency");
}

}  // namespace
}  // namespace klientela
