// Directories: what comes with the library, finding codes, trees with faults, crosswalks.
#include "klientela/model/directory.hpp"

#include <gmock/gmock.h>

namespace klientela {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string message(auto&& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(name(error.code())) + ": " + error.what() + " @" + error.where();
  }
  return "accepted";
}

TEST(Directory, IndustriesAreTheSectionsAndDivisionsOfIsic) {
  const Directory industries = Directory::builtin("industry");
  EXPECT_EQ(industries.entries().size(), 21U + 88U);
  EXPECT_EQ(industries.levels(), 2U);
  std::size_t sections = 0;
  for (std::size_t i = 0; i < industries.entries().size(); ++i) {
    const DirectoryEntry& entry = industries.entries()[i];
    EXPECT_FALSE(entry.title.empty()) << entry.code;
    EXPECT_FALSE(entry.title_ru.empty()) << entry.code;
    sections += industries.level(i) == 1 ? 1U : 0U;
    EXPECT_EQ(entry.code.size(), industries.level(i)) << entry.code;
    EXPECT_EQ(industries.at(entry.code), i);
    EXPECT_EQ(industries.find(entry.title), i) << entry.title;
    EXPECT_EQ(industries.find(entry.title_ru), i) << entry.title_ru;
  }
  EXPECT_EQ(sections, 21U);
  const std::size_t printing = industries.at("18");
  EXPECT_EQ(industries.entries()[*industries.parent(printing)].code, "C");
  EXPECT_TRUE(industries.is_under(printing, industries.at("C")));
  EXPECT_TRUE(industries.is_under(printing, printing));
  EXPECT_FALSE(industries.is_under(printing, industries.at("B")));
  EXPECT_FALSE(industries.is_under(industries.at("C"), printing));
  EXPECT_EQ(industries.ancestor(industries.at("C"), 2), std::nullopt);
  EXPECT_THAT(message([&] { static_cast<void>(industries.at("04")); }),
              HasSubstr("not_found: directory industry has no code 04 @04"));
}

TEST(Directory, RelationshipTypesAndRolesAreFoundByTheNamesOfOtherSystems) {
  const Directory types = Directory::builtin("relationship_type");
  const auto type = [&](std::string_view text) { return types.entries()[types.at(text)].code; };
  EXPECT_EQ(type("client"), "client");
  EXPECT_EQ(type("Potential Client"), "potential");
  EXPECT_EQ(type("Потенциальный клиент"), "potential");
  EXPECT_EQ(type("LEAD"), "potential");
  EXPECT_EQ(type("Non client"), "non-client");
  EXPECT_EQ(type("не клиент"), "non-client");
  EXPECT_EQ(type("潜在客户"), "potential");
  const Directory roles = Directory::builtin("role");
  const auto role = [&](std::string_view text) { return roles.entries()[roles.at(text)].code; };
  EXPECT_EQ(role("Decision Maker"), "decider");
  EXPECT_EQ(role("ЛПР"), "decider");
  EXPECT_EQ(role("Economic Buyer"), "buyer");
  EXPECT_EQ(role("end_user"), "user");
  EXPECT_EQ(role("Blocker"), "gatekeeper");
  EXPECT_EQ(role("Champion"), "influencer");
  EXPECT_EQ(roles.find("astronaut"), std::nullopt);
  EXPECT_THAT(message([] { static_cast<void>(Directory::builtin("regions")); }),
              HasSubstr("industry, relationship_type"));
}

TEST(Directory, FaultsAreNamed) {
  const auto made = [](std::vector<DirectoryEntry> entries) {
    return message([&] { static_cast<void>(Directory("trades", std::move(entries))); });
  };
  EXPECT_EQ(made({{.code = "a", .parent = "b"}, {.code = "b", .parent = "c"}, {.code = "c", .parent = "b"}}),
            "bad_data: directory trades has a cycle: b -> c -> b @b");
  EXPECT_EQ(made({{.code = "a", .parent = "a"}}), "bad_data: directory trades has a cycle: a -> a @a");
  EXPECT_EQ(made({{.code = "a"}, {.code = "b", .parent = "x"}}),
            "bad_data: directory trades: b stands under x, which is no code of it @x");
  EXPECT_EQ(made({{.code = "a"}, {.code = "a"}}), "bad_data: directory trades has the code a twice @a");
  EXPECT_EQ(made({{.code = ""}}), "bad_data: entry 1 of directory trades has no code @trades");
  // A long chain is no cycle, and takes no time worth speaking of.
  std::vector<DirectoryEntry> chain;
  for (int i = 0; i < 100'000; ++i)
    chain.push_back({.code = std::to_string(i), .parent = i == 99'999 ? "" : std::to_string(i + 1)});
  EXPECT_EQ(Directory("chain", std::move(chain)).levels(), 100'000U);
}

TEST(Directory, NamesOfSeveralEntriesAreNobodys) {
  const Directory trades("trades", {{.code = "10.1", .title = "Meat", .aliases = {"food"}},
                                    {.code = "101", .title = "Fish", .aliases = {"food"}},
                                    {.code = "meat", .title = "Other"}});
  EXPECT_EQ(trades.find("10.1"), 0U);
  EXPECT_EQ(trades.find("101"), 1U);
  EXPECT_EQ(trades.find("1-01"), std::nullopt);
  EXPECT_EQ(trades.find("food"), std::nullopt);
  EXPECT_EQ(trades.find("Meat"), 2U);  // a code comes before a title
  EXPECT_EQ(trades.find(""), std::nullopt);
}

TEST(Directory, TablesReadBack) {
  for (const std::string& name : Directory::builtin_names()) {
    const Directory given = Directory::builtin(name);
    const Directory again = Directory::from_table(name, given.table());
    EXPECT_TRUE(std::ranges::equal(given.entries(), again.entries())) << name;
  }
}

TEST(Crosswalk, LeadsFromCodesToCodes) {
  const Directory from("own",
                       {{.code = "print"}, {.code = "offset", .parent = "print"}, {.code = "sign"}, {.code = "x"}});
  const Directory to = Directory::builtin("industry");
  const auto table = [](const std::vector<std::string>& left, const std::vector<std::string>& right) {
    return Table({Column("from", left), Column("to", right)});
  };
  const Crosswalk walk = Crosswalk::from_table(from, to, table({"print", "sign", "sign"}, {"18", "73", "32"}));
  EXPECT_THAT(walk.map("print"), ElementsAre("18"));
  EXPECT_THAT(walk.map("offset"), ElementsAre("18"));
  EXPECT_THAT(walk.map("sign"), ElementsAre("73", "32"));
  EXPECT_TRUE(walk.map("x").empty());
  EXPECT_THAT(message([&] { static_cast<void>(walk.map("y")); }), HasSubstr("directory own has no code y"));
  EXPECT_THAT(message([&] { static_cast<void>(Crosswalk::from_table(from, to, table({"print"}, {"04"}))); }),
              HasSubstr("directory industry has no code 04"));
}

}  // namespace
}  // namespace klientela
