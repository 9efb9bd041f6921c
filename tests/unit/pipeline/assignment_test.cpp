// What people assign and cards say, through a whole run: columns for rules, relationship types, coverage, contacts.
#include <gmock/gmock.h>

#include "klientela/classify/base_columns.hpp"
#include "klientela/ingest/builder.hpp"
#include "klientela/pipeline/run.hpp"
#include "unit/classify/tables.hpp"
#include "unit/pipeline/deliveries.hpp"

namespace klientela {
namespace {

using klientela::testing::stream;
using klientela::testing::Texts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Day as_of{std::chrono::year{2026} / 6 / 30};

Table cards() {
  return Table({Column("client", Texts{"1", "2", "3", "4", "5", "b"}),
                Column("kind", Texts{"organisation", "organisation", "person", "person", "organisation", "person"}),
                Column("name", Texts{"Northwind", "Prom", "Ada", "Li", "Old", "Eve"}),
                Column("relationship type", Texts{{}, "LEAD", "Целевой клиент", {}, "не клиент", "ally"}),
                Column("industry", Texts{"18", "Education", {}, {}, "04", {}}),
                Column("parent", Texts{{}, "1", {}, {}, {}, {}}),
                Column("emails", Texts{"a@x.example; b@x.example", {}, {}, {}, {}, {}}),
                Column("created_at", Texts{"2026-06-30T23:30:00Z", {}, {}, {}, {}, {}})});
}

Tables delivery() {
  Tables tables;
  tables.add(TableId::clients, stream(cards()));
  tables.add(TableId::transactions,
             stream(klientela::testing::table_of(
                 {{"1", "2026-05-01", "100"}, {"5", "2025-01-01", "20"}, {"4", "2026-08-01", "9"}})));
  tables.add(
      TableId::requests,
      stream(Table({Column("client", Texts{"2", "2", "3", "1", "b"}),
                    Column("at", Texts{"2026-06-01", "2026-06-30", "2026-07-01", "2026-01-01", "2026-03-01"})})));
  tables.add(TableId::contacts, stream(Table({Column("contact", Texts{"3", "4", "3", "b"}),
                                              Column("organisation", Texts{"2", "1", "1", "5"}),
                                              Column("role", Texts{"Decision maker", "user", "ЛПР", "juggler"}),
                                              Column("title", Texts{"Head of purchasing", {}, {}, "Clown"}),
                                              Column("until", Texts{{}, "2026-06-29", "2026-06-30", {}})})));
  return tables;
}

Policy policy() {
  return Policy::from_json(R"({"ingest": {"time_zone": "Europe/Berlin"},
    "classifiers": {"relationship_type": {"kind": "rules", "rules": "relationship_type"}}})");
}

TEST(BaseColumns, SayWhatCardsAndRequestsSay) {
  const RunResult result = run(delivery(), policy(), as_of);
  const std::vector<std::string> wanted{"as_of",       "requests",        "last_request",    "card.kind",
                                        "card.name",   "card.industry",   "card.industry.1", "card.industry.2",
                                        "card.emails", "card.created_at", "card.parent",     "card.relationship_type",
                                        "card.city",   "card.nonsense",   "nonsense"};
  const Table table = with_base_columns(result.base, Table({result.base.client_column()}), as_of, wanted);
  const auto texts = [&](const char* column) { return test::texts(table.column(column)); };
  EXPECT_THAT(test::texts(table.column("client")), ElementsAre("1", "2", "3", "4", "5", "b"));
  EXPECT_THAT(texts("as_of")[5], "2026-06-30");
  EXPECT_THAT(texts("requests"), ElementsAre("1", "2", "0", "0", "0", "1"));
  EXPECT_THAT(texts("last_request"), ElementsAre("2026-01-01", "2026-06-30", "", "", "", "2026-03-01"));
  EXPECT_THAT(texts("card.kind")[0], "organisation");
  EXPECT_THAT(texts("card.industry"), ElementsAre("18", "P", "", "", "04", ""));
  EXPECT_THAT(texts("card.industry.1"), ElementsAre("C", "P", "", "", "", ""));
  EXPECT_THAT(texts("card.industry.2"), ElementsAre("18", "", "", "", "", ""));
  EXPECT_THAT(texts("card.emails")[0], "a@x.example; b@x.example");
  EXPECT_THAT(texts("card.created_at")[0], "2026-07-01");  // in Berlin
  EXPECT_THAT(texts("card.parent"), ElementsAre("", "1", "", "", "", ""));
  EXPECT_THAT(texts("card.relationship_type"), ElementsAre("", "potential", "target", "", "non-client", "ally"));
  EXPECT_THAT(texts("card.city"), ElementsAre("", "", "", "", "", ""));
  EXPECT_EQ(table.find("card.nonsense"), nullptr);
  EXPECT_EQ(table.find("nonsense"), nullptr);
  EXPECT_THROW(static_cast<void>(with_base_columns(result.base, Table({test::clients(6)}), as_of, wanted)), Error);
}

TEST(BaseColumns, RelationshipTypesOfARun) {
  const RunResult result = run(delivery(), policy(), as_of);
  EXPECT_THAT(test::texts(result.features.column("relationship_type")),
              ElementsAre("client", "potential", "target", "other", "non-client", "potential"));
  EXPECT_THAT(
      test::texts(result.features.column("relationship_type_source")),
      ElementsAre("rule:bought", "rule:asked", "delivered", "otherwise", "rule:declared_non_client", "rule:asked"));
  EXPECT_EQ(result.features.find("card.relationship_type"), nullptr);
  EXPECT_EQ(result.classes[0].explain(0, Language::english),
            "relationship_type: \"client\", because they have bought at least once (frequency = 1).");
  EXPECT_EQ(result.classes[0].explain(2, Language::russian), "relationship_type: «target», так указано в карточке.");
  ASSERT_EQ(result.classes[0].notes().size(), 1U);
  EXPECT_THAT(result.classes[0].notes()[0].english, HasSubstr("ally"));
}

TEST(Assignments, WinAreRememberedAndCanBeTakenBack) {
  Assignments people;
  people.assign({.client = "1", .attribute = "relationship_type", .value = "other", .day = as_of, .by = "m.winslow"});
  const std::vector<std::string> many{"2", "b", "nobody"};
  people.assign(many, "relationship_type", "Target client");
  people.assign({.client = "b", .attribute = "relationship_type", .value = "Не клиент"});
  people.assign({.client = "1", .attribute = "category", .value = "gold"});
  const Assignments before = people;
  people.resolve("relationship_type", Directory::builtin("relationship_type"));
  EXPECT_EQ(before.lines()[1].value, "Target client");
  const auto types = [](const Assignments& assigned) {
    return test::texts(run(delivery(), policy(), as_of, RunKnowledge{assigned}).features.column("relationship_type"));
  };
  EXPECT_THAT(types(people), ElementsAre("other", "target", "target", "other", "non-client", "non-client"));
  people.assign({.client = "1", .attribute = "relationship_type", .value = ""});
  EXPECT_EQ(types(people)[0], "client");
  EXPECT_EQ(people.lines().size(), 7U);
  EXPECT_THAT(people.attributes(), ElementsAre("category", "relationship_type"));

  const Assignments again = Assignments::from_table(people.table());
  EXPECT_EQ(again.lines(), people.lines());
  const RunResult result = run(delivery(), policy(), as_of, RunKnowledge{again});
  EXPECT_EQ(result.classes[0].explain(1, Language::english), "relationship_type: \"target\", set in bulk.");
  EXPECT_THAT(test::texts(result.unknown_assignments.column("row")), ElementsAre("4"));
}

TEST(Assignments, ListLinesThatNameSomebodyOrSomethingUnknown) {
  BaseBuilder builder;
  builder.add(ClientRow{.client = 1}).add(ClientRow{.client = 2});
  builder.add(DirectoryRow{.directory = "categories", .code = "gold", .title = "Golden"});
  builder.add(
      TransactionRow{.client = 1, .at = Instant{std::chrono::microseconds(0)}, .amount = Money::from_units(10'000)});
  Assignments people;
  const auto say = [&](const char* client, const char* attribute, const char* value) {
    people.assign({.client = client, .attribute = attribute, .value = value});
  };
  say("1", "category", "Golden");  // a title of the delivered directory
  say("1", "category", "goldd");   // 2
  say("9", "category", "gold");    // 3
  say("1", "care", "vip");
  say("2", "care", "vpi");       // 5: the rule set lists its values
  say("2", "care", "");          // takes back
  say("1", "mood", "anything");  // neither a directory nor a rule set
  say("1", "industry", "99");
  say("1", "industry", "9999");  // 9: none of ISIC
  say("2", "relationship", "gone");
  const Policy with_care = Policy::from_json(R"({"classifiers": {"care": {"kind": "rules", "assigned": "care",
    "values": ["vip", "no"], "otherwise": "no", "rules": [{"when": "frequency > 2", "value": "vip"}]},
    "bond": {"kind": "rules", "assigned": "relationship", "rules": [{"when": "frequency > 2", "value": "firm"}]}}})");
  const RunResult result = run(builder.take_tables(), with_care, std::nullopt, RunKnowledge{people});
  const Table& unknown = result.unknown_assignments;
  EXPECT_THAT(test::texts(unknown.column("row")), ElementsAre("2", "3", "5", "9"));
  EXPECT_THAT(test::texts(unknown.column("client")), ElementsAre("1", "9", "2", "1"));
  EXPECT_THAT(test::texts(unknown.column("value")), ElementsAre("goldd", "gold", "vpi", "9999"));
  EXPECT_THAT(test::texts(unknown.column("reason")),
              ElementsAre("unknown_value", "unknown_client", "unknown_value", "unknown_value"));
  const RunResult fine = run(delivery(), policy(), as_of);
  EXPECT_EQ(fine.unknown_assignments.rows(), 0U);
}

TEST(Assignments, RefuseWhatTheyCannotHold) {
  Assignments people;
  EXPECT_THROW(people.assign({.client = "", .attribute = "a", .value = "b"}), Error);
  EXPECT_THROW(people.assign({.client = "1", .attribute = "", .value = "b"}), Error);
  EXPECT_THROW(people.assign({.client = "1", .attribute = "a", .value = "b", .source = ValueSource::rules}), Error);
  EXPECT_THROW(people.assign({.client = "1", .attribute = "a", .value = std::string(1001, 'x')}), Error);
  const std::vector<std::string> bad{"1", ""};
  EXPECT_THROW(people.assign(bad, "a", "b"), Error);
  EXPECT_TRUE(people.lines().empty());
  people.assign({.client = "1", .attribute = "industry", .value = "18"});
  people.assign({.client = "2", .attribute = "industry", .value = "04"});
  try {
    people.resolve("industry", Directory::builtin("industry"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where(), "04");
    EXPECT_THAT(error.what(), HasSubstr("row 2 of the assignments: directory industry has no code 04"));
  }
  try {
    static_cast<void>(Assignments::from_table(Table({Column("client", Texts{"1"}), Column("attribute", Texts{"a"}),
                                                     Column("value", Texts{"b"}), Column("source", Texts{"rumour"})})));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_data);
    EXPECT_THAT(error.what(), HasSubstr("row 1"));
  }
}

TEST(Coverage, CountsSharesBySourceAndKind) {
  const RunResult result = run(delivery(), policy(), as_of);
  const Table table = result.coverage();
  const auto texts = [&](const char* column) { return test::texts(table.column(column)); };
  EXPECT_THAT(texts("attribute"),
              ElementsAre("relationship_type", "relationship_type", "relationship_type", "card.category",
                          "card.category", "card.category", "card.industry", "card.industry", "card.industry"));
  EXPECT_THAT(texts("part"), ElementsAre("all", "organisation", "person", "all", "organisation", "person", "all",
                                         "organisation", "person"));
  EXPECT_THAT(texts("rows"), ElementsAre("6", "3", "3", "6", "3", "3", "6", "3", "3"));
  EXPECT_THAT(texts("known"), ElementsAre("6", "3", "3", "0", "0", "0", "3", "3", "0"));
  EXPECT_THAT(texts("delivered"), ElementsAre("1", "0", "1", "0", "0", "0", "0", "0", "0"));
  EXPECT_THAT(texts("rules"), ElementsAre("5", "3", "2", "0", "0", "0", "0", "0", "0"));
  EXPECT_THAT(texts("given"), ElementsAre("0", "0", "0", "0", "0", "0", "3", "3", "0"));
  EXPECT_EQ(texts("share")[6], "0.5");
  const RuleCheck check = result.check_rules("relationship_type");
  EXPECT_THAT(test::texts(check.rules_table().column("fits")), ElementsAre("1", "2", "3", "0"));
  EXPECT_EQ(check.contradictions.size(), 2U);  // 5 bought and is none of ours; 1 bought and asked
  EXPECT_THROW(static_cast<void>(result.check_rules("rfm")), Error);
}

TEST(Contacts, HaveRolesThatRulesCanAssign) {
  const RunResult result = run(delivery(), policy(), as_of);
  const Table contacts = contact_table(result.base, as_of);
  EXPECT_THAT(test::texts(contacts.column("client")), ElementsAre("3", "3", "b"));  // 4 left the day before
  EXPECT_THAT(test::texts(contacts.column("organisation")), ElementsAre("1", "2", "5"));
  EXPECT_THAT(test::texts(contacts.column("role")), ElementsAre("decider", "decider", "juggler"));
  const RulesClassifier roles = RulesClassifier::from_json(R"({"rules": [
      {"when": "title contains 'PURCHASING' ignoring case", "value": "buyer"},
      {"when": "role is not null", "value": "as said"}]})",
                                                           "buying_role");
  EXPECT_THAT(test::texts(roles.fit(contacts).classify(contacts).column("buying_role")),
              ElementsAre("as said", "buyer", "as said"));
}

TEST(BaseColumns, DeliveredDirectoriesTakeThePlaceOfOurs) {
  Tables tables = delivery();
  tables.add(TableId::directories,
             stream(Table({Column("directory", Texts{"industries", "industries"}), Column("code", Texts{"p1", "p2"}),
                           Column("title", Texts{"Printing", "Education"}), Column("parent", Texts{{}, "p1"})})));
  const RunResult result = run(std::move(tables), policy(), as_of);
  const std::vector<std::string> wanted{"card.industry", "card.industry.1"};
  const Table table = with_base_columns(result.base, Table({result.base.client_column()}), as_of, wanted);
  EXPECT_THAT(test::texts(table.column("card.industry")), ElementsAre("18", "p2", "", "", "04", ""));
  EXPECT_THAT(test::texts(table.column("card.industry.1")), ElementsAre("", "p1", "", "", "", ""));
}

}  // namespace
}  // namespace klientela
