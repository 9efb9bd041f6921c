// The schema is consistent, and docs/tables.md says all of it.
#include "klientela/model/schema.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace klientela {
namespace {

std::string documentation() {
  std::ifstream file(KLIENTELA_TABLES_DOC);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

template <class Visit>
void for_each_field(Visit visit) {
  for (std::size_t t = 0; t < table_count; ++t) {
    const TableSpec& table = spec(static_cast<TableId>(t));
    EXPECT_EQ(static_cast<std::size_t>(table.id), t);
    for (std::size_t f = 0; f < table.fields.size(); ++f) visit(table, f);
  }
}

TEST(Schema, EnumerationsAndFieldsAgree) {
  const auto name = [](TableId table, auto field) { return spec(table).fields[static_cast<std::size_t>(field)].name; };
  EXPECT_EQ(name(TableId::clients, ClientField::updated_at), "updated_at");
  EXPECT_EQ(name(TableId::clients, ClientField::birthday), "birthday");
  EXPECT_EQ(name(TableId::contacts, ContactField::until), "until");
  EXPECT_EQ(name(TableId::directories, DirectoryField::aliases), "aliases");
  EXPECT_EQ(name(TableId::consents, ConsentField::source), "source");
  EXPECT_EQ(name(TableId::transactions, TransactionField::currency), "currency");
  EXPECT_EQ(name(TableId::transactions, TransactionField::profit), "profit");
  EXPECT_EQ(name(TableId::requests, RequestField::owner), "owner");
  EXPECT_EQ(name(TableId::interactions, InteractionField::subject), "subject");
  EXPECT_EQ(name(TableId::interactions, InteractionField::state), "state");
  EXPECT_EQ(name(TableId::feedback, FeedbackField::comment), "comment");
  EXPECT_EQ(spec(TableId::clients).fields.size(), 30U);
  EXPECT_EQ(spec(TableId::interactions).fields.size(), 14U);
}

TEST(Schema, EveryNameAndAliasLeadsToItsField) {
  for_each_field([](const TableSpec& table, std::size_t f) {
    EXPECT_EQ(field_for(table.id, table.fields[f].name), f) << table.name << '.' << table.fields[f].name;
    for (const std::string_view alias : table.fields[f].aliases)
      EXPECT_EQ(field_for(table.id, alias), f) << table.name << '.' << table.fields[f].name << ": " << alias;
  });
}

TEST(Schema, NamesAreComparedLoosely) {
  const auto at = [](TableId table, std::string_view name) { return field_for(table, name); };
  EXPECT_EQ(at(TableId::transactions, "Customer ID"), 0U);
  EXPECT_EQ(at(TableId::transactions, "CUSTOMER-Id"), 0U);
  EXPECT_EQ(at(TableId::transactions,
               "\xEF\xBB\xBF"
               "InvoiceNo"),
            static_cast<std::size_t>(TransactionField::order));
  EXPECT_EQ(at(TableId::transactions, "СУММА"), static_cast<std::size_t>(TransactionField::amount));
  EXPECT_EQ(at(TableId::clients, "Дата Рождения"), static_cast<std::size_t>(ClientField::birthday));
  EXPECT_EQ(at(TableId::clients, "Изменён"), static_cast<std::size_t>(ClientField::updated_at));
  EXPECT_EQ(at(TableId::transactions, "Description"), std::nullopt);
  EXPECT_EQ(at(TableId::transactions, ""), std::nullopt);
  EXPECT_EQ(at(TableId::transactions, std::string(1000, 'a')), std::nullopt);
}

TEST(Schema, ClosedValuesAreFoundByNameAndAlias) {
  for_each_field([](const TableSpec& table, std::size_t f) {
    const auto values = closed_values(table.id, f);
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(closed_value(table.id, f, values[i].name), i);
      for (const std::string_view alias : values[i].aliases) EXPECT_EQ(closed_value(table.id, f, alias), i) << alias;
    }
    EXPECT_EQ(closed_value(table.id, f, "no such value"), std::nullopt);
  });
  const auto state = static_cast<std::size_t>(InteractionField::state);
  EXPECT_EQ(closed_value(TableId::interactions, state, "Completed"), 1U);
}

TEST(Schema, TablesHaveNames) {
  EXPECT_EQ(table_named("transactions"), TableId::transactions);
  EXPECT_EQ(table_named("nothing"), std::nullopt);
  for_each_field([](const TableSpec& table, std::size_t f) {
    EXPECT_FALSE(table.fields[f].note.empty()) << table.fields[f].name;
    EXPECT_FALSE(table.note.empty());
  });
}

TEST(Schema, TheDocumentationSaysEveryField) {
  const std::string text = documentation();
  ASSERT_FALSE(text.empty()) << KLIENTELA_TABLES_DOC;
  for_each_field([&](const TableSpec& table, std::size_t f) {
    const FieldSpec& field = table.fields[f];
    const std::size_t begin = text.find("\n## " + std::string(table.name) + "\n");
    ASSERT_NE(begin, std::string::npos) << table.name;
    const std::string section = text.substr(begin, text.find("\n## ", begin + 1) - begin);
    std::string row = "| `" + std::string(field.name) + "` | " + std::string(name(field.type)) + " | " +
                      (field.required ? "yes" : "") + " | ";
    for (std::size_t a = 0; a < field.aliases.size(); ++a)
      row += std::string(a > 0 ? ", " : "") + "`" + std::string(field.aliases[a]) + "`";
    row += " | " + std::string(field.note) + " |";
    EXPECT_NE(section.find(row), std::string::npos) << row;
    for (const ClosedValue& value : closed_values(table.id, f))
      EXPECT_NE(section.find("| `" + std::string(value.name) + "` |"), std::string::npos) << value.name;
  });
}

}  // namespace
}  // namespace klientela
