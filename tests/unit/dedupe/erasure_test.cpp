// Erasure: no byte of the erased client's own is left, and everybody else's is as it was.
#include "klientela/dedupe/erasure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/dedupe/merge_fixture.hpp"

namespace klientela {
namespace {

using test::at;
using test::bytes_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// What the erased client's two cards, their rows and the journal say, nobody else.
const std::vector<std::string> own_values{
    "pers-771",           "pers-772",           "Aurelia",         "Quintessa",        "Zubrovka",
    "aurelia@zq.example", "9127773311",         "912 777-33-11",   "Hidden Lane 9",    "Nowhereville",
    "771-0042-99",        "PASS9988776",        "zq-site.example", "wrote-by-aurelia", "asked-by-her",
    "said-by-her",        "order-of-hers",      "call-of-hers",    "Edited Nickname",  "second@zq.example",
    "1987-06-05",         "earlier@zq.example", "Mistress",        "rejected-row",     "Urals"};

struct Story {
  ClientBase base;
  MergedBase merged;
};

ClientBase base_with_her() {
  BaseBuilder builder;
  builder.add(ClientRow{.client = "pers-771", .kind = "person", .emails = {"earlier@zq.example"}});
  builder.add(
      ClientRow{.client = "other", .kind = "person", .given_name = "Olga", .family_name = "Other", .city = "Perm"});
  ClientBase base = builder.build().base;
  builder.add(ClientRow{.client = "pers-771",
                        .kind = "person",
                        .given_name = "Aurelia",
                        .middle_name = "Quintessa",
                        .family_name = "Zubrovka",
                        .emails = {"aurelia@zq.example"},
                        .phones = {"+7 912 777-33-11"},
                        .street = "Hidden Lane 9",
                        .city = "Nowhereville",
                        .region = "Urals",
                        .tax_numbers = {"771-0042-99"},
                        .identifiers = {"PASS9988776"},
                        .websites = {"zq-site.example"},
                        .birthday = *parse_day("1987-06-05"),
                        .source = "site"});
  builder.add(ClientRow{.client = "pers-772", .kind = "person", .given_name = "Aurelia", .phones = {"89127773311"}});
  builder.add(ClientRow{.client = "child", .kind = "person", .parent = ClientId("pers-771"), .given_name = "Kid"});
  builder.add(ClientRow{.client = "firm", .kind = "organisation", .name = "Firm"});
  builder.add(ContactRow{.contact = "pers-771", .organisation = "firm", .role = "buyer", .title = "Mistress"});
  builder.add(ContactRow{.contact = "other", .organisation = "firm", .role = "user", .title = "Engineer"});
  builder.add(ConsentRow{.client = "pers-772", .channel = "email", .granted = true});
  builder.add(ConsentRow{.client = "other", .channel = "email", .granted = true});
  builder.add(TransactionRow{.client = "pers-771",
                             .at = at(90, 13),
                             .amount = Money::from_units(770'000),
                             .order = "order-of-hers",
                             .product = "Lamp"});
  builder.add(TransactionRow{
      .client = "other", .at = at(80, 9), .amount = Money::from_units(10'000), .order = "o1", .product = "Lamp"});
  builder.add(TransactionRow{.client = "nobody-known",
                             .at = at(80, 9),
                             .amount = Money::from_units(10'000),
                             .order = "rejected-row",
                             .product = "Lamp"});
  builder.add(RequestRow{.client = "pers-772", .at = at(3), .subject = "asked-by-her"});
  builder.add(RequestRow{.client = "other", .at = at(3), .subject = "my lamp"});
  builder.add(InteractionRow{
      .interaction = "call-of-hers", .client = "pers-771", .started_at = at(3), .subject = "said-by-her"});
  builder.add(InteractionRow{.interaction = "i2",
                             .client = "firm",
                             .contact = ClientId("pers-771"),
                             .started_at = at(4),
                             .outcome = "Mistress agreed",
                             .subject = "about lamps"});
  builder.add(InteractionRow{
      .interaction = "i3", .client = "other", .started_at = at(4), .subject = "call back at 8 (912) 777 33 11"});
  builder.add(InteractionRow{.interaction = "i4", .client = "other", .started_at = at(4), .subject = "fine"});
  builder.add(FeedbackRow{.client = "pers-771",
                          .at = at(5),
                          .measure = "nps",
                          .score = Money::from_units(90'000),
                          .comment = "wrote-by-aurelia"});
  builder.add(FeedbackRow{.client = "other",
                          .at = at(5),
                          .measure = "nps",
                          .score = Money::from_units(80'000),
                          .comment = "Ms ZUBROVKA was nice"});
  return extend(base, builder.take_tables()).base;
}

MergedBase history_of(const ClientBase& base) {
  MergedBase merged(base);
  const MergeCluster hers{{"pers-771", "pers-772"}};
  const MergeCluster wrong{{"pers-772", "other"}};
  const MergeCluster others{{"other", "child"}};
  merged.merge(std::span(&hers, 1), {"clerk", "both are Aurelia's", at(7)});
  merged.edit("pers-772", ClientField::name, {"Edited Nickname"});
  merged.merge(std::span(&wrong, 1), {"clerk", "", {}});
  merged.undo(3, {"clerk", "she is not pers-772", {}});
  merged.edit("pers-771", ClientField::emails, {"second@zq.example"});
  merged.not_duplicate("pers-771", "other");
  merged.merge(std::span(&others, 1), {"clerk", "not Zubrovka", {}});
  merged.edit("other", ClientField::city, {"Omsk"}, {"clerk", "moved", {}});
  merged.edit("firm", ClientField::parent, {"pers-772"});
  return merged;
}

/// Everything that the result holds, as text.
std::string all_bytes(const MergedBase& merged) {
  std::string bytes = bytes_of(merged.original()) + bytes_of(merged.base()) + merged.journal().to_text() +
                      bytes_of(merged.journal().table()) + bytes_of(conflicts_table(merged.conflicts()));
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto table = static_cast<TableId>(t);
    for (std::size_t f = 0; f < spec(table).fields.size(); ++f)
      for (const ClientBase& base : {merged.original(), merged.base()}) {
        for (const std::string_view term : base.terms(table, f)) bytes += std::string(term) + '\n';
        for (const auto& chunk : base.chunks(table))  // rejected rows too
          if (const Values* values = chunk->values(f))
            for (std::size_t row = 0; row < chunk->rows(); ++row) {
              if (values->type() == FieldType::text) bytes += std::string(values->text(row)) + '\n';
              if (values->type() == FieldType::texts)
                for (const std::string_view text : values->texts(row)) bytes += std::string(text) + '\n';
            }
      }
  }
  for (const std::uint32_t code : merged.original().codes_in_order())
    bytes += merged.original().id_of(code).to_text() + '\n';
  return bytes;
}

TEST(Erasure, LeavesNoTrace) {
  const ClientBase base = base_with_her();
  const MergedBase merged = history_of(base);
  const std::string before = all_bytes(merged);
  for (const std::string& value : own_values) {
    if (value != "rejected-row" && value != "912 777-33-11") {
      ASSERT_THAT(before, HasSubstr(value));
    }
  }
  const Erasure erased = erase_client(merged, "pers-772", {}, {"officer", "request of Aurelia Zubrovka", at(100)});
  const std::string after = all_bytes(erased.merged);
  for (const std::string& value : own_values) EXPECT_THAT(after, Not(HasSubstr(value)));
  EXPECT_EQ(after.find("ZUBROVKA"), std::string::npos);
  EXPECT_EQ(after.find("777 33 11"), std::string::npos);
  EXPECT_EQ(erased.cards, 2U);
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::clients)], 3U);  // one of them delivered twice
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::contacts)], 1U);
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::consents)], 1U);
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::transactions)], 1U);
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::requests)], 1U);
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::interactions)], 1U);
  EXPECT_EQ(erased.removed[static_cast<std::size_t>(TableId::feedback)], 1U);
  // The child's parent, the firm's interaction, Olga's call and answer, the reason of operation 7.
  EXPECT_EQ(erased.emptied, 5U);
  EXPECT_THAT(erased.disabled, ElementsAre(1U, 2U, 3U, 4U, 5U, 6U, 9U));
  EXPECT_EQ(erased.operation, 10U);
}

TEST(Erasure, LeavesTheOthersAsTheyWere) {
  const MergedBase merged = history_of(base_with_her());
  Erasure erased = erase_client(merged, "pers-771");
  const ClientBase& base = erased.merged.original();
  EXPECT_FALSE(base.is_mapped());
  EXPECT_FALSE(base.code_of("pers-771"));
  EXPECT_EQ(base.clients(), 3U);
  EXPECT_EQ(table_of(base, TableId::transactions).rows(), 1U);
  EXPECT_EQ(base.last_purchase_day(), Day(first_day + std::chrono::days(40'080)));
  EXPECT_EQ(table_of(base, TableId::clients).column("city").to_text(2), "Perm");
  const Table interactions = table_of(base, TableId::interactions);
  ASSERT_EQ(interactions.rows(), 3U);
  EXPECT_TRUE(interactions.column("contact").is_null(0));
  EXPECT_TRUE(interactions.column("subject").is_null(0));
  EXPECT_EQ(interactions.column("subject").to_text(2), "fine");
  EXPECT_EQ(table_of(base, TableId::requests).column("subject").to_text(0), "my lamp");
  // What was merged and written among the others still is, and can be undone.
  EXPECT_THAT(erased.merged.cards_of("child"), ElementsAre(ClientId("child"), ClientId("other")));
  EXPECT_EQ(erased.merged.survivors().column("city").to_text(0), "Omsk");
  for (const std::uint64_t operation : erased.disabled) {
    try {
      erased.merged.undo(operation);
      FAIL() << operation;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::invalid_argument);
      EXPECT_THAT(error.what(), HasSubstr("erased"));
    }
  }
  EXPECT_THROW(erased.merged.undo(erased.operation), Error);
  erased.merged.undo(7);
  erased.merged.undo(8);
  EXPECT_EQ(bytes_of(erased.merged.base()), bytes_of(base));
  // The journal goes on from a file.
  const Journal read = Journal::from_text(erased.merged.journal().to_text());
  EXPECT_EQ(read.records(), erased.merged.journal().records());
  EXPECT_NO_THROW(MergedBase(base, read));
  EXPECT_THROW(MergedBase(merged.original(), read), Error);
  // Once more, another one.
  const Erasure second = erase_client(erased.merged, "child");
  EXPECT_EQ(second.merged.original().clients(), 2U);
  EXPECT_FALSE(second.merged.original().code_of("child"));
}

TEST(Erasure, KeepsTheMoneyWithoutTheName) {
  const MergedBase merged = history_of(base_with_her());
  ErasureOptions options{.transactions = ErasedTransactions::anonymise};
  const Erasure erased = erase_client(merged, "pers-771", options);
  EXPECT_EQ(erased.anonymised, 1U);
  const Table transactions = table_of(erased.merged.original(), TableId::transactions);
  ASSERT_EQ(transactions.rows(), 2U);
  EXPECT_EQ(transactions.column("client").to_text(0), "erased");
  EXPECT_EQ(transactions.column("amount").to_text(0), "77");
  EXPECT_EQ(transactions.column("at").to_text(0), to_text(at(90)));
  EXPECT_TRUE(transactions.column("order").is_null(0));
  EXPECT_EQ(transactions.column("order").to_text(1), "o1");
  const std::string after = all_bytes(erased.merged);
  for (const std::string& value : own_values) EXPECT_THAT(after, Not(HasSubstr(value)));
  const Erasure second = erase_client(erased.merged, "other", options);  // joins the first one there
  EXPECT_EQ(table_of(second.merged.original(), TableId::transactions).column("client").to_text(1), "erased");
  options.anonymous = "firm";
  EXPECT_THROW(static_cast<void>(erase_client(merged, "pers-771", options)), Error);
  options.anonymous = "pers-772";
  EXPECT_THROW(static_cast<void>(erase_client(merged, "pers-771", options)), Error);
  options.anonymous = " ";
  EXPECT_THROW(static_cast<void>(erase_client(merged, "pers-771", options)), Error);
  EXPECT_THROW(static_cast<void>(erase_client(merged, "stranger")), Error);
}

/// Which of these comments are empty once the client was erased; the rows that it says it emptied are those.
std::vector<std::string> emptied_of(const ClientRow& client, const std::vector<std::string>& comments) {
  BaseBuilder builder;
  builder.add(client);
  builder.add(ClientRow{.client = "other", .kind = "person", .given_name = "Olga", .family_name = "Other"});
  for (const std::string& comment : comments)
    builder.add(FeedbackRow{
        .client = "other", .at = at(5), .measure = "nps", .score = Money::from_units(80'000), .comment = comment});
  const Erasure erased = erase_client(MergedBase(builder.build().base), client.client);
  const Column left = table_of(erased.merged.original(), TableId::feedback).column("comment");
  std::vector<std::string> emptied;
  for (std::size_t row = 0; row < comments.size(); ++row)
    if (left.is_null(row)) emptied.push_back(comments[row]);
  EXPECT_EQ(erased.emptied, emptied.size());
  EXPECT_EQ(erased.emptied_fields.size(), emptied.size());
  for (std::size_t i = 0; i < std::min(emptied.size(), erased.emptied_fields.size()); ++i) {
    const EmptiedField& each = erased.emptied_fields[i];
    EXPECT_EQ(each.table, TableId::feedback);
    EXPECT_EQ(each.field, "comment");
    EXPECT_EQ(comments.at(each.row), emptied[i]);
  }
  return emptied;
}

TEST(Erasure, LeavesTextsThatOnlyLookAlike) {
  const auto person = [](std::string given, std::string family) {
    return ClientRow{
        .client = "c-1", .kind = "person", .given_name = std::move(given), .family_name = std::move(family)};
  };
  const auto firm = [](std::string name) {
    return ClientRow{.client = "c-1", .kind = "organisation", .name = std::move(name)};
  };
  EXPECT_THAT(emptied_of(person("Яна", "Ли"), {"можно ли доставить", "спросите Ли Яну", "Яна Ли звонила", "ЛИ  ЯНА"}),
              ElementsAre("Яна Ли звонила", "ЛИ  ЯНА"));
  EXPECT_THAT(emptied_of(person("June", "May"), {"may I ask", "the May of June", "call June May."}),
              ElementsAre("call June May."));
  EXPECT_THAT(emptied_of(person("A.", "Li"), {"good quality", "Ali", "a li"}), ElementsAre());
  EXPECT_THAT(emptied_of(person("Ольга", "Мирова"), {"Мировая", "от Мировой", "мирова", "Ольга"}),
              ElementsAre("мирова"));
  EXPECT_THAT(emptied_of(person("伟", "王"), {"王先生", "请给王伟打电话", "伟大"}), ElementsAre("请给王伟打电话"));
  EXPECT_THAT(emptied_of(firm("Луч"), {"получили заказ", "случай", "луч света"}), ElementsAre());
  EXPECT_THAT(emptied_of(firm("ООО «Луч»"), {"получили", "оплата от ООО «Луч»", "ООО Луч-2", "ООО Лучший"}),
              ElementsAre("оплата от ООО «Луч»", "ООО Луч-2"));
  EXPECT_THAT(emptied_of(firm("Terra"), {"Peter ran late", "terraces", "Terra, of course"}),
              ElementsAre("Terra, of course"));
  EXPECT_THAT(emptied_of(firm("North-Wind Trading"), {"northwind trading", "NorthWindTrading", "north wind"}),
              ElementsAre("northwind trading", "NorthWindTrading"));
  EXPECT_THAT(emptied_of({.client = "c-1", .kind = "person", .street = "Мира"}, {"Владимира", "ул. Мира"}),
              ElementsAre());
  EXPECT_THAT(emptied_of({.client = "c-1", .kind = "person", .street = "ул. Мира", .house = "7"},
                         {"ул. Мира, 7", "ул. Мира, 70", "мира"}),
              ElementsAre("ул. Мира, 7"));
  EXPECT_THAT(emptied_of({.client = "c-1", .kind = "person", .websites = {"https://www.zq-site.example"}},
                         {"see zq-site.example", "see site.example"}),
              ElementsAre("see zq-site.example"));
  EXPECT_THAT(emptied_of({.client = 10'000, .kind = "person"}, {"paid 10000"}), ElementsAre());
  EXPECT_THAT(emptied_of({.client = 1'000'071, .kind = "person"}, {"see 1000071", "see 10000710"}),
              ElementsAre("see 1000071"));
  EXPECT_THAT(emptied_of({.client = "c-1", .kind = "person", .phones = {"5550101"}},
                         {"call 555-01-01!", "call 9955 50 101", "order 555010100", "(555) 0101"}),
              ElementsAre("call 555-01-01!", "(555) 0101"));
  EXPECT_THAT(emptied_of({.client = "c-1", .kind = "person", .phones = {"+49 30 5550 1012"}},
                         {"0049 30 5550-1012", "3055501012", "49 305 550 10 123"}),
              ElementsAre("0049 30 5550-1012", "3055501012"));
}

TEST(Erasure, SaysWhereItEmptied) {
  const ClientBase base = base_with_her();
  MergedBase merged = history_of(base);
  merged.edit("other", ClientField::region, {"North"}, {"Aurelia Zubrovka", "as the other says", {}});
  const Erasure erased = erase_client(merged, "pers-771", {}, {"aurelia@zq.example", "", {}});
  const Table where = emptied_table(erased);
  std::vector<std::string> said;
  for (std::size_t row = 0; row < where.rows(); ++row)
    said.push_back(where.column("table").to_text(row) + ' ' + where.column("row").to_text(row) + ' ' +
                   where.column("field").to_text(row));
  // The child is the first of child, firm, other; i2 and i3 are the first two interactions that are left.
  EXPECT_THAT(said, ElementsAre("clients 0 parent", "interactions 0 contact", "interactions 0 outcome",
                                "interactions 0 subject", "interactions 1 subject", "feedback 0 comment",
                                "journal 7 reason", "journal 10 who", "journal 11 who"));
  EXPECT_EQ(erased.emptied, 6U);
  EXPECT_EQ(erased.merged.journal().records()[9].note.reason, "as the other says");
}

TEST(Erasure, TakesCardsThatAreGoneFromTheJournal) {
  const auto base = [](std::initializer_list<const char*> ids) {
    BaseBuilder builder;
    for (const char* id : ids) builder.add(ClientRow{.client = id, .kind = "person", .city = "Perm"});
    return builder.build().base;
  };
  MergedBase merged(base({"card-1", "card-2", "card-3", "other"}));
  const MergeCluster hers{{"card-1", "card-2"}};
  merged.merge(std::span(&hers, 1), {"clerk", "", {}});
  merged.edit("card-2", ClientField::family_name, {"Zubrovka"}, {"clerk", "by phone", {}});
  merged.edit("card-3", ClientField::family_name, {"Quintessa"}, {"Zubrovka", "", {}});
  merged.not_duplicate("card-3", "other", {"clerk", "Zubrovka said so", {}});
  const MergedBase later = merged.rebased(base({"card-1", "other"}));
  const Erasure erased = erase_client(later, "card-1");
  EXPECT_EQ(erased.cards, 1U);
  EXPECT_THAT(erased.disabled, ElementsAre(1U, 2U));
  for (const char* text : {"card-1", "card-2", "Zubrovka"})
    EXPECT_THAT(erased.merged.journal().to_text(), Not(HasSubstr(text)));
  EXPECT_THAT(erased.merged.journal().to_text(), HasSubstr("card-3"));
  const Erasure second = erase_client(erased.merged, "card-3");
  EXPECT_EQ(second.cards, 0U);
  EXPECT_THAT(second.disabled, ElementsAre(3U, 4U));
  EXPECT_THAT(second.merged.journal().to_text(), Not(HasSubstr("card-3")));
  EXPECT_THAT(second.merged.journal().to_text(), Not(HasSubstr("Quintessa")));
  EXPECT_EQ(second.merged.original().clients(), 1U);
  EXPECT_THROW(static_cast<void>(erase_client(second.merged, "card-3")), Error);
}

TEST(Erasure, LeavesMentionsWhereAsked) {
  const Erasure erased = erase_client(history_of(base_with_her()), "pers-771", {.mentions = false});
  const std::string after = all_bytes(erased.merged);
  EXPECT_THAT(after, HasSubstr("Ms ZUBROVKA was nice"));
  EXPECT_THAT(after, Not(HasSubstr("about lamps")));  // of an interaction with her
}

TEST(Erasure, KeepsALargeBaseOtherwiseTheSame) {
  const ClientBase base = test::random_base(2'000, 5);
  MergedBase merged(base);
  std::vector<MergeCluster> clusters;
  for (std::int64_t i = 1; i < 1'900; i += 10) clusters.push_back({{i, i + 1, i + 3}});
  merged.merge(clusters);
  const Erasure erased = erase_client(merged, 1'999, {.mentions = false});
  // The same rows but for the ones of the one client.
  for (std::size_t t = 0; t < table_count; ++t) {
    const auto table = static_cast<TableId>(t);
    EXPECT_EQ(erased.merged.original().accepted(table) + erased.removed[t], base.accepted(table));
  }
  EXPECT_EQ(erased.merged.clusters().size(), clusters.size());
  EXPECT_EQ(bytes_of(erased.merged.survivors()), bytes_of(merged.survivors()));
}

TEST(ErasureOptions, ReadBackTheSame) {
  const ErasureOptions options{ErasedTransactions::anonymise, "nobody", false};
  EXPECT_EQ(erasure_options_from_json(to_json(options)), options);
  EXPECT_EQ(erasure_options_from_json("{}"), ErasureOptions{});
  EXPECT_THROW(static_cast<void>(erasure_options_from_json(R"({"anonymous": ""})")), Error);
  EXPECT_THROW(static_cast<void>(erasure_options_from_json(R"({"transactions": "keep"})")), Error);
  EXPECT_EQ(nlohmann::json::parse(erasure_options_schema())["properties"].size(), 3U);
}

}  // namespace
}  // namespace klientela
