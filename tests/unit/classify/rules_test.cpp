// Rule sets: order, priority, assigned values, reasons in both languages, frozen models, and what checking them finds.
#include "klientela/classify/rules.hpp"

#include <gmock/gmock.h>

#include "klientela/classify/classifier.hpp"
#include "klientela/classify/policy.hpp"
#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

using test::column;
using testing::ElementsAre;
using testing::HasSubstr;

Table sample() {
  return Table({
      test::clients(5),
      column<std::int64_t>("frequency", ColumnType::int64, {7, 0, 1, 0, std::nullopt}),
      column<std::int64_t>("money_net", ColumnType::money, {12'345'600, 0, 50'000, 0, std::nullopt}),
      column<std::int64_t>("requests", ColumnType::int64, {0, 2, 0, 0, 0}),
  });
}

RulesClassifier classifier(const std::string& json, const std::string& name = "class") {
  return RulesClassifier::from_json(json, name);
}

constexpr const char* three = R"({
  "rules": [
    {"id": "big", "when": "money_net >= 1000", "value": "A", "en": "they spend much", "ru": "они много тратят"},
    {"id": "any", "when": "frequency > 0", "value": "B", "priority": 5},
    {"id": "asks", "when": "requests > 0", "value": "C"}],
  "otherwise": "D"})";

std::vector<std::string> classes(const RulesClassifier& rules, const Table& table) {
  return test::texts(rules.fit(table).classify(table).column(rules.name()));
}

TEST(Rules, TheFirstThatFitsWins) {
  const Table table = sample();
  const Classification found = classifier(three).fit(table).classify(table);
  EXPECT_THAT(test::texts(found.column("class")), ElementsAre("A", "C", "B", "D", "D"));
  EXPECT_THAT(test::texts(found.column("class_source")),
              ElementsAre("rule:big", "rule:asks", "rule:any", "otherwise", "otherwise"));
  EXPECT_EQ(found.kind(), "rules");
  EXPECT_THAT(found.column("class").labels(), ElementsAre("A", "B", "C", "D"));
}

TEST(Rules, OrTheOneOfTheHighestPriority) {
  std::string json = three;
  json.insert(json.rfind('}'), R"(, "match": "priority")");
  EXPECT_THAT(classes(classifier(json), sample()), ElementsAre("B", "C", "B", "D", "D"));
}

TEST(Rules, WithoutOtherwiseTheRestIsUnclassified) {
  const RulesClassifier rules = classifier(R"({"rules": [{"when": "money_net / frequency > 100", "value": "big"}]})");
  const Table table = sample();
  const Classification found = rules.fit(table).classify(table);
  EXPECT_THAT(test::texts(found.column("class")),
              ElementsAre("big", "unclassified", "unclassified", "unclassified", "unclassified"));
  EXPECT_EQ(found.explain(1, Language::english),
            "class: \"unclassified\", because no rule fits; not known for lack of values: 1.");
  EXPECT_EQ(found.explain(2, Language::english), "class: \"unclassified\", because no rule fits.");
}

TEST(Rules, ExplainInBothLanguages) {
  const Table table = sample();
  const Classification found = classifier(three).fit(table).classify(table);
  EXPECT_EQ(found.explain(0, Language::english), "class: \"A\", because they spend much (money_net = 1234.56).");
  EXPECT_EQ(found.explain(0, Language::russian), "class: «A», так как они много тратят (money_net = 1234.56).");
  EXPECT_EQ(found.explain(2, Language::english), "class: \"B\", because frequency > 0 (frequency = 1).");
  EXPECT_EQ(found.explain(4, Language::russian),
            "class: «D», так как ни одно правило не подходит; не хватает значений для: big, any.");
  const Reason reason = found.reasons(0).at(0);
  EXPECT_EQ(reason.rule, "class.big");
  EXPECT_EQ(reason.measure, "money_net >= 1000");
  EXPECT_EQ(reason.value.text, "money_net = 1234.56");
  EXPECT_EQ(found.reasons(3).at(0).rule, "class.otherwise");
}

TEST(Rules, AssignedValuesTakePartInTheirOrder) {
  Table table = sample();
  table.add(Column("hand.class", std::vector<std::optional<std::string>>{"D", {}, {}, {}, "E"}));
  table.add(Column("bulk.class", std::vector<std::optional<std::string>>{"C", "B", {}, {}, "A"}));
  table.add(Column("card.class", std::vector<std::optional<std::string>>{"B", "A", "F", "F", {}}));
  std::string json = three;
  json.insert(json.rfind('}'), R"(, "assigned": "class")");
  const Classification found = classifier(json).fit(table).classify(table);
  EXPECT_THAT(test::texts(found.column("class")), ElementsAre("D", "B", "B", "F", "E"));
  EXPECT_THAT(test::texts(found.column("class_source")), ElementsAre("hand", "bulk", "rule:any", "delivered", "hand"));
  EXPECT_EQ(found.explain(0, Language::english), "class: \"D\", set by hand.");
  EXPECT_EQ(found.explain(1, Language::russian), "class: «B», задано списком.");
  EXPECT_EQ(found.explain(3, Language::english), "class: \"F\", as the card says.");
  EXPECT_THAT(found.column("class").labels(), ElementsAre("A", "B", "C", "D", "E", "F"));

  json.insert(json.rfind('}'), R"(, "precedence": ["hand", "delivered", "bulk", "rules"])");
  EXPECT_THAT(classes(classifier(json), table), ElementsAre("D", "A", "F", "F", "E"));

  json.insert(json.rfind('}'), R"(, "values": ["A", "B", "C", "D"])");
  const Classification closed = classifier(json).fit(table).classify(table);
  EXPECT_THAT(test::texts(closed.column("class")), ElementsAre("D", "A", "B", "D", "A"));
  ASSERT_EQ(closed.notes().size(), 2U);
  EXPECT_EQ(closed.notes()[0].english, "1 values of hand.class are not in the list and were not used: E.");
  EXPECT_EQ(closed.notes()[1].subject, "card.class");

  table.set(column<std::int64_t>("hand.class", ColumnType::int64, {1, 2, 3, 4, 5}));
  EXPECT_THROW(static_cast<void>(classifier(json).fit(table)), Error);
}

TEST(Rules, ErrorsNameTheRuleAndTheCharacter) {
  const auto refused = [](const std::string& json) {
    try {
      static_cast<void>(classifier(json));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::bad_policy);
      return error.where() + ": " + error.what();
    }
    return std::string("accepted");
  };
  EXPECT_THAT(
      refused(R"({"rules": [{"when": "a > > 1", "value": "x"}]})"),
      HasSubstr("/rules/0/when: expected a column, a number, a text, a date or \"(\", not > (line 1, column 5)"));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a + 1", "value": "x"}, {"when": "1 + 1", "value": "x"}]})"),
              HasSubstr("/rules/1/when: a rule needs a condition"));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a", "value": ""}]})"), HasSubstr("/rules/0/value"));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a", "value": "x", "id": "2"}, {"when": "a", "value": "x"}]})"),
              HasSubstr("/rules/1/id: there are two rules with the id \"2\""));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a", "value": "x"}], "values": ["y"]})"),
              HasSubstr("/rules/0/value: \"x\" is not one of the values"));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a", "value": "x"}], "otherwise": "z", "values": ["x"]})"),
              HasSubstr("/otherwise"));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a", "value": "x"}], "precedence": ["hand"]})"), HasSubstr("/precedence"));
  EXPECT_THAT(refused(R"({"rules": "no_such_set"})"), HasSubstr("/rules"));
  EXPECT_THAT(refused(R"({"rules": []})"), HasSubstr("/rules"));
  EXPECT_THAT(refused(R"({"rules": [{"when": "a", "valeu": "x"}]})"),
              HasSubstr("/rules/0/value: is missing; is \"valeu\" meant for it?"));

  const Table table = sample();
  try {
    static_cast<void>(classifier(R"({"rules": [{"id": "r", "when": "frequensy > 1", "value": "x"}]})").fit(table));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::not_found);
    EXPECT_EQ(error.where(), "frequensy");
    EXPECT_THAT(error.what(),
                HasSubstr("rule r of class: there is no column \"frequensy\"; did you mean \"frequency\"? "
                          "(line 1, column 1)\nfrequensy > 1\n^~~~~~~~~"));
  }
  try {
    static_cast<void>(classifier(R"({"rules": [{"id": "r", "when": "frequency", "value": "x"}]})").fit(table));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::invalid_argument);
    EXPECT_EQ(error.where(), "r");
  }
}

TEST(Rules, OptionsAndModelsReadBack) {
  const ClassifierRegistry registry;
  std::string json = three;
  json.insert(json.rfind('}'), R"(, "assigned": "class", "may_be_absent": ["x"], "match": "priority")");
  const AnyClassifier made = registry.make("class", json.insert(1, R"("kind": "rules",)"));
  EXPECT_EQ(registry.make("class", made.to_json()).to_json(), made.to_json());
  EXPECT_EQ(made.get_if<RulesClassifier>()->options(),
            registry.make("class", made.to_json()).get_if<RulesClassifier>()->options());
  EXPECT_THAT(made.inputs(),
              ElementsAre("money_net", "frequency", "requests", "hand.class", "bulk.class", "card.class"));
  const Table table = sample();
  const AnyModel model = made.fit(table);
  const AnyModel again = registry.model_from_json(model.to_json());
  EXPECT_EQ(again.to_json(), model.to_json());
  EXPECT_EQ(test::texts(again.classify(table).column("class")), test::texts(model.classify(table).column("class")));
}

TEST(Rules, RelationshipTypesOutOfTheBox) {
  const RulesClassifier types(RuleOptions::named("relationship_type"), "relationship_type");
  Table table = sample();
  EXPECT_THAT(classes(types, table), ElementsAre("client", "potential", "client", "other", "other"));
  table.add(column<std::int64_t>("interactions_outbound", ColumnType::int64, {1, 1, 1, 3, 0}));
  table.add(Column("card.relationship_type",
                   std::vector<std::optional<std::string>>{"non-client", "target", "target", {}, "target"}));
  EXPECT_THAT(classes(types, table), ElementsAre("non-client", "potential", "client", "target", "target"));
  const Classification found = types.fit(table).classify(table);
  EXPECT_EQ(found.explain(3, Language::russian),
            "relationship_type: «target», так как мы обращаемся к ним, а запросов и покупок ещё нет "
            "(interactions_outbound = 3).");
  // A table without any of the columns: everybody is "other".
  const Table bare({test::clients(2)});
  EXPECT_THAT(classes(types, bare), ElementsAre("other", "other"));
  EXPECT_THROW(static_cast<void>(RuleOptions::named("no such set")), Error);
}

TEST(Rules, CheckingFindsIdleHiddenAndContradictingRules) {
  const Table table = sample();
  const RulesClassifier rules = classifier(R"({"rules": [
      {"id": "one", "when": "frequency >= 1", "value": "x"},
      {"id": "two", "when": "frequency > 5", "value": "y"},
      {"id": "three", "when": "frequency > 100", "value": "z"},
      {"id": "four", "when": "money_net > 1", "value": "x"},
      {"id": "five", "when": "requests = 2", "value": "y"}]})");
  const RuleCheck found = check_rules(rules.fit(table), table);
  EXPECT_THAT(test::texts(found.rules_table().column("rule")), ElementsAre("one", "two", "three", "four", "five"));
  EXPECT_THAT(test::texts(found.rules_table().column("fits")), ElementsAre("2", "1", "0", "2", "1"));
  EXPECT_THAT(test::texts(found.rules_table().column("decides")), ElementsAre("2", "0", "0", "0", "1"));
  EXPECT_THAT(test::texts(found.rules_table().column("undecided")), ElementsAre("1", "1", "1", "1", "0"));
  EXPECT_THAT(test::texts(found.rules_table().column("state")),
              ElementsAre("fires", "hidden", "never fires", "hidden", "fires"));
  const Table pairs = found.contradictions_table(table);
  EXPECT_THAT(test::texts(pairs.column("first")), ElementsAre("one", "two"));
  EXPECT_THAT(test::texts(pairs.column("second")), ElementsAre("two", "four"));
  EXPECT_THAT(test::texts(pairs.column("rows")), ElementsAre("1", "1"));
  EXPECT_THAT(test::texts(pairs.column("example")), ElementsAre("-50", "-50"));
}

TEST(Rules, ThreadsChangeNothing) {
  test::Trouble trouble(11);
  const std::size_t rows = 9000;
  const Table table({test::clients(rows),
                     column("frequency", ColumnType::int64, trouble.values<std::int64_t>(rows, true)),
                     column("money_net", ColumnType::money, trouble.values<std::int64_t>(rows, true)),
                     column("requests", ColumnType::int64, trouble.values<std::int64_t>(rows, true))});
  const RulesModel model = classifier(three).fit(table);
  const std::vector<std::string> expected = test::texts(model.classify(table).column("class_source"));
  const std::vector<std::string> checked =
      test::texts(check_rules(model, table).contradictions_table(table).column("rows"));
  test::for_thread_counts([&](const Control& control) {
    EXPECT_EQ(test::texts(model.classify(table, control).column("class_source")), expected);
    EXPECT_EQ(test::texts(check_rules(model, table, control).contradictions_table(table).column("rows")), checked);
  });
}

}  // namespace
}  // namespace klientela
