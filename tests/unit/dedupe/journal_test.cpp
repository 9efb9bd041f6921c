// Journals as text: read back the same, and refused with the line where something happened to them.
#include "klientela/dedupe/journal.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "klientela/dedupe/merge.hpp"
#include "unit/dedupe/merge_fixture.hpp"

namespace klientela {
namespace {

using test::at;
using testing::HasSubstr;

MergedBase with_history() {
  MergedBase merged(test::random_base(100, 1));
  const MergeCluster clusters[] = {{{1, 2}}, {{4, 5, 7}, ClientId(5)}};
  merged.merge(clusters, {"Clerk \"one\"", "same phone\nand e-mail; \xD0\xB4\xD0\xB0", at(1, 2)});
  merged.edit(4, ClientField::emails, {"a@example.com", "b@example.com"});
  merged.edit(4, ClientField::name, {});
  merged.undo(1, {"clerk", "", {}});
  merged.not_duplicate(1, 2);
  merged.undo(merged.undo(2));
  return merged;
}

std::string line_of(const std::string& text) {
  try {
    static_cast<void>(Journal::from_text(text));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_data) << error.what();
    EXPECT_THAT(error.what(), HasSubstr(error.where()));
    return error.where();
  }
  return "nothing was thrown";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin + 1));
    begin = end + 1;
  }
  return lines;
}

TEST(Journal, ReadsBackTheSame) {
  const MergedBase merged = with_history();
  const std::string text = merged.journal().to_text();
  const Journal read = Journal::from_text(text);
  EXPECT_EQ(read.records(), merged.journal().records());
  EXPECT_EQ(read.to_text(), text);
  for (std::uint64_t i = 1; i <= read.records().size(); ++i) EXPECT_EQ(read.counts(i), merged.journal().counts(i)) << i;
  EXPECT_FALSE(read.counts(1));
  EXPECT_TRUE(read.counts(2));
  EXPECT_EQ(test::bytes_of(MergedBase(merged.original(), read).base()), test::bytes_of(merged.base()));
  std::string windows = "\xEF\xBB\xBF";
  for (const std::string& line : lines_of(text)) windows += line.substr(0, line.size() - 1) + "\r\n";
  EXPECT_EQ(Journal::from_text(windows).records(), read.records());
  EXPECT_EQ(Journal::from_text("{\"klientela_journal\": 1}").records().size(), 0U);
}

TEST(Journal, GrowsAtItsEnd) {
  MergedBase merged = with_history();
  const std::string before = merged.journal().to_text();
  SurvivorshipPolicy policy;
  policy.version = 2;
  policy.across_kinds = true;
  merged.set_policy(policy);
  const MergeCluster more{{11, 20}};
  merged.merge(std::span(&more, 1));
  EXPECT_TRUE(merged.journal().to_text().starts_with(before));
  EXPECT_EQ(Journal::from_text(merged.journal().to_text()).policies().at(2), policy);
}

TEST(Journal, GrowsByRoomForMany) {  // each of so many in turn would move hundreds of gigabytes
  Journal journal;
  JournalRecord record;
  record.operation = JournalOperation::not_duplicate;
  record.cards = {1, 2};
  record.base = std::string(32, '0');
  for (int i = 0; i < 400'000; ++i) journal.append(record);
  EXPECT_EQ(journal.records().size(), 400'000U);
  EXPECT_TRUE(journal.counts(400'000));
}

TEST(Journal, NamesTheLineOfEveryDamage) {
  const std::string text = with_history().journal().to_text();
  const std::vector<std::string> lines = lines_of(text);
  ASSERT_GT(lines.size(), 6U);
  EXPECT_EQ(line_of(""), "line 1");
  EXPECT_EQ(line_of("{}"), "line 1");
  EXPECT_EQ(line_of("sequence,operation\n1,merge\n"), "line 1");
  EXPECT_EQ(line_of("{\"klientela_journal\": 2}\n"), "line 1");
  EXPECT_EQ(line_of("{\"klientela_journal\": 1}\n{\"sequence\":1}\n"), "line 2");
  EXPECT_EQ(line_of(text + "\n"), "line " + std::to_string(lines.size() + 1));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string where = "line " + std::to_string(i + 1);
    std::string before;
    for (std::size_t k = 0; k < i; ++k) before += lines[k];
    std::string after;
    for (std::size_t k = i + 1; k < lines.size(); ++k) after += lines[k];
    for (std::size_t cut = 1; cut + 1 < lines[i].size(); cut += 7)  // written half
      EXPECT_EQ(line_of(before + lines[i].substr(0, cut)), where) << cut;
    for (std::size_t byte = 0; byte + 1 < lines[i].size(); ++byte) {  // altered
      std::string line = lines[i];
      line[byte] = static_cast<char>(line[byte] ^ 1);
      EXPECT_EQ(line_of(before + line + after), where) << byte;
    }
    if (!after.empty()) {
      EXPECT_EQ(line_of(before + after), where);  // lost
    }
    EXPECT_EQ(line_of(before + lines[i] + lines[i]), "line " + std::to_string(i + 2));  // twice
  }
}

TEST(Journal, BelongsToOneBase) {
  const MergedBase merged = with_history();
  try {
    MergedBase other(test::random_base(100, 2), merged.journal());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "journal");
    EXPECT_THAT(error.what(), HasSubstr(merged.digest()));
  }
  EXPECT_NO_THROW(MergedBase(test::random_base(100, 1), merged.journal()));
}

TEST(Journal, RefusesRecordsThatCannotBe) {
  const MergedBase merged = with_history();
  Journal journal = merged.journal();
  const auto where = [&](JournalRecord record) {
    record.base = record.base.empty() ? merged.digest() : record.base;
    try {
      journal.append(std::move(record));
    } catch (const Error& error) {
      return error.where();
    }
    return std::string("nothing was thrown");
  };
  using Operation = JournalOperation;
  EXPECT_EQ(where({.operation = Operation::merge, .cards = {1}, .policy = 1}), "cards");
  EXPECT_EQ(where({.operation = Operation::merge, .cards = {1, 1}, .policy = 1}), "cards");
  EXPECT_EQ(where({.operation = Operation::merge, .cards = {1, 2}, .policy = 9}), "policy");
  EXPECT_EQ(where({.operation = Operation::merge, .cards = {1, 2}, .keep = ClientId(3), .policy = 1}), "keep");
  EXPECT_EQ(where({.operation = Operation::edit, .cards = {1}}), "field");
  EXPECT_EQ(where({.operation = Operation::edit, .cards = {1}, .field = static_cast<ClientField>(200)}), "field");
  EXPECT_EQ(where({.operation = Operation::edit, .cards = {1}, .field = ClientField::birthday, .values = {"x"}}),
            "values");
  EXPECT_EQ(where({.operation = Operation::undo}), "of");
  EXPECT_EQ(where({.operation = Operation::undo, .of = 99}), "of");
  EXPECT_EQ(where({.operation = Operation::undo, .of = 1}), "of");  // undone already
  EXPECT_EQ(where({.operation = Operation::not_duplicate, .cards = {1, 2, 3}}), "cards");
  EXPECT_EQ(where({.operation = Operation::erase, .base = std::string(32, 'x')}), "base");
  EXPECT_EQ(where({.operation = Operation::not_duplicate, .base = std::string(32, 'a'), .cards = {1, 2}}), "base");
  EXPECT_EQ(where({.operation = Operation::not_duplicate, .note = {"\xC3", "", {}}, .cards = {1, 2}}), "who");
  EXPECT_EQ(where({.operation = Operation::not_duplicate, .erased_by = 1}), "erased_by");
  EXPECT_EQ(journal.records(), merged.journal().records());
  EXPECT_THROW(static_cast<void>(journal.counts(0)), Error);
}

TEST(Journal, RefusesTwoThingsThatCannotBothCount) {
  const ClientBase base = test::random_base(100, 1);
  MergedBase merged(base);
  const MergeCluster both{{1, 2}};
  merged.merge(std::span(&both, 1));
  Journal journal = merged.journal();
  journal.append({.operation = JournalOperation::not_duplicate, .base = merged.digest(), .cards = {1, 2}});
  try {
    MergedBase again(base, journal);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_EQ(error.where(), "operation 2");
  }
  Journal unknown = merged.journal();
  unknown.append({.operation = JournalOperation::not_duplicate, .base = merged.digest(), .cards = {1, 777}});
  EXPECT_THROW(MergedBase(base, unknown), Error);
}

TEST(Journal, IsATable) {
  const Table table = with_history().journal().table();
  ASSERT_EQ(table.rows(), 8U);
  EXPECT_EQ(table.column("operation").to_text(0), "merge");
  EXPECT_EQ(table.column("counts").to_text(0), "false");
  EXPECT_EQ(table.column("cards").to_text(1), "4; 5; 7");
  EXPECT_EQ(table.column("keep").to_text(1), "5");
  EXPECT_EQ(table.column("field").to_text(2), "emails");
  EXPECT_EQ(table.column("values").to_text(2), "a@example.com; b@example.com");
  EXPECT_EQ(table.column("of").to_text(4), "1");
  EXPECT_TRUE(table.column("of").is_null(0));
  EXPECT_EQ(table.column("at").to_text(1), to_text(at(1, 2)));
}

TEST(BaseDigest, TellsCardsNotTheirOrder) {
  const auto digest = [](std::vector<ClientRow> rows) {
    BaseBuilder builder;
    for (ClientRow& row : rows) builder.add(std::move(row));
    return base_digest(builder.build().base);
  };
  const ClientRow anna{.client = 1, .name = "Anna", .emails = {"a", "b"}};
  const ClientRow boris{.client = "x", .name = "Boris"};
  EXPECT_EQ(digest({anna, boris}), digest({boris, anna}));
  EXPECT_NE(digest({anna, boris}), digest({anna}));
  EXPECT_NE(digest({anna}), digest({{.client = 1, .name = "Anna", .emails = {"b", "a"}}}));
  EXPECT_NE(digest({anna}), digest({{.client = 2, .name = "Anna", .emails = {"a", "b"}}}));
  EXPECT_NE(digest({anna}), digest({{.client = 1, .given_name = "Anna", .emails = {"a", "b"}}}));
  EXPECT_EQ(base_digest(ClientBase()).size(), 32U);
}

}  // namespace
}  // namespace klientela
