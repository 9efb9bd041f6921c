// C ABI of rules: expressions, directories, the journal of assignments, base columns, what rules do, coverage.
#include "klientela/classify/rules.hpp"

#include "call_guard.hpp"
#include "klientela/classify/base_columns.hpp"
#include "klientela/model/directory.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

const RulesModel& rules_of(const klt_model* model) {
  const AnyModel& given = need(model, "model").model;
  if (const auto* rules = given.get_if<RulesModel>()) return *rules;
  throw Error(Code::invalid_argument, "model " + given.name() + " is of kind " + given.kind() + ", not rules", "model");
}

}  // namespace

extern "C" {

klt_status klt_expression_parse(klt_context* context, const char* text, klt_expression** out) {
  return guard(context, [&] {
    if (text == nullptr) throw Error(Code::invalid_argument, "argument 'text' must not be NULL", "text");
    need(out, "out");
    give(out, Expression::parse(text));
  });
}

void klt_expression_free(klt_expression* expression) { delete expression; }

klt_status klt_expression_columns(klt_context* context, const klt_expression* expression, klt_table** out) {
  return guard(context, [&] {
    const Expression& given = need(expression, "expression").expression;
    give(&need(out, "out"), Table({Column("column", given.columns())}));
  });
}

klt_status klt_expression_evaluate(klt_context* context, const klt_expression* expression, const klt_table* table,
                                   klt_table** out) {
  return guard(context, [&] {
    const Expression& given = need(expression, "expression").expression;
    const Table& columns = need(table, "table").table;
    need(out, "out");
    const Running call(*context);
    give(out, Table({given.evaluate(columns, "value", call.control())}));
  });
}

klt_status klt_directory(klt_context* context, const klt_base* base, const char* name, klt_table** out) {
  return guard(context, [&] {
    const std::string_view called = need_text(name, "name");
    need(out, "out");
    give(out, (base != nullptr ? Directory::of(base->base, called) : Directory::builtin(called)).table());
  });
}

klt_status klt_assignments_new(klt_context* context, klt_assignments** out) {
  return guard(context, [&] { give(&need(out, "out"), Assignments()); });
}

klt_status klt_assignments_from_table(klt_context* context, const klt_table* table, klt_assignments** out) {
  return guard(context, [&] {
    const Table& given = need(table, "table").table;
    need(out, "out");
    give(out, Assignments::from_table(given));
  });
}

void klt_assignments_free(klt_assignments* assignments) { delete assignments; }

klt_status klt_assignments_assign(klt_context* context, klt_assignments* assignments, const char* client,
                                  const char* attribute, const char* value, int32_t day, const char* by) {
  return guard(context, [&] {
    Assignments& given = need(assignments, "assignments").assignments;
    given.assign({.client = std::string(need_text(client, "client")),
                  .attribute = std::string(need_text(attribute, "attribute")),
                  .value = std::string(need_text(value, "value")),
                  .source = ValueSource::hand,
                  .day = day_or_none(day, "day"),
                  .by = text_or_empty(by, "by")});
  });
}

klt_status klt_assignments_assign_bulk(klt_context* context, klt_assignments* assignments, const klt_table* clients,
                                       const char* attribute, const char* value, int32_t day, const char* by) {
  return guard(context, [&] {
    Assignments& given = need(assignments, "assignments").assignments;
    const Column& column = need(clients, "clients").table.column("client");
    std::vector<std::string> ids;
    ids.reserve(column.size());
    for (std::size_t row = 0; row < column.size(); ++row) ids.push_back(column.to_text(row));
    given.assign(ids, need_text(attribute, "attribute"), need_text(value, "value"), day_or_none(day, "day"),
                 text_or_empty(by, "by"));
  });
}

klt_status klt_assignments_table(klt_context* context, const klt_assignments* assignments, klt_table** out) {
  return guard(context, [&] {
    const Assignments& given = need(assignments, "assignments").assignments;
    give(&need(out, "out"), given.table());
  });
}

klt_status klt_base_columns(klt_context* context, const klt_base* base, const klt_table* table, int32_t as_of,
                            const klt_table* names, const klt_assignments* assignments, klt_table** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    const Table& rows = need(table, "table").table;
    const Column& column = need(names, "names").table.column("column");
    need(out, "out");
    std::vector<std::string> wanted;
    for (std::size_t row = 0; row < column.size(); ++row) wanted.push_back(column.to_text(row));
    const Running call(*context);
    give(out, with_base_columns(given, rows, need_day(as_of, "as_of"), wanted,
                                assignments != nullptr ? assignments->assignments : Assignments(), call.control()));
  });
}

klt_status klt_base_contacts(klt_context* context, const klt_base* base, int32_t as_of, klt_table** out) {
  return guard(context, [&] {
    const ClientBase& given = need(base, "base").base;
    need(out, "out");
    give(out, contact_table(given, need_day(as_of, "as_of")));
  });
}

klt_status klt_model_rules(klt_context* context, const klt_model* model, const klt_table* table, klt_table** out) {
  return guard(context, [&] {
    const RulesModel& rules = rules_of(model);
    const Table& rows = need(table, "table").table;
    need(out, "out");
    const Running call(*context);
    give(out, check_rules(rules, rows, call.control()).rules_table());
  });
}

klt_status klt_model_contradictions(klt_context* context, const klt_model* model, const klt_table* table,
                                    klt_table** out) {
  return guard(context, [&] {
    const RulesModel& rules = rules_of(model);
    const Table& rows = need(table, "table").table;
    need(out, "out");
    const Running call(*context);
    give(out, check_rules(rules, rows, call.control()).contradictions_table(rows));
  });
}

klt_status klt_coverage(klt_context* context, const klt_table* table, const char* split, klt_table** out) {
  return guard(context, [&] {
    const Table& rows = need(table, "table").table;
    need(out, "out");
    give(out, coverage_table(rows, {}, split == nullptr ? std::string_view() : need_text(split, "split")));
  });
}

}  // extern "C"
