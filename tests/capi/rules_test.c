/* Rules over the C ABI: expressions, directories, assignments, base columns, what rules do, coverage. */
#include "check.h"

static klt_table* purchases(klt_context* context) {
  static const char* const clients[] = {"1", "1", "2"};
  static const char* const days[] = {"2026-01-05", "2026-02-05", "2026-03-01"};
  static const char* const amounts[] = {"10", "20.5", "7"};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  CHECK_OK(context, klt_table_builder_new(context, 3, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", clients));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "at", days));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "amount", amounts));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

static klt_table* cards(klt_context* context) {
  static const char* const clients[] = {"1", "2", "3"};
  static const char* const kinds[] = {"organisation", "person", "organisation"};
  static const char* const types[] = {NULL, NULL, "target account"};
  static const char* const industries[] = {"18", NULL, NULL};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  CHECK_OK(context, klt_table_builder_new(context, 3, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", clients));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "kind", kinds));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "relationship_type", types));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "industry", industries));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

static void check_expressions(klt_context* context) {
  klt_table* table = purchases(context);
  klt_expression* expression = NULL;
  klt_table* columns = NULL;
  klt_table* values = NULL;
  CHECK_STATUS(context, klt_expression_parse(context, "client = ", &expression), KLT_BAD_POLICY);
  CHECK_CONTAINS(klt_context_last_message(context), "line 1, column 10");
  CHECK(expression == NULL);
  CHECK_STATUS(context, klt_expression_parse(context, "\xC3(", &expression), KLT_BAD_POLICY);
  CHECK_OK(context, klt_expression_parse(context, "amount starts with '2' or client = '2'", &expression));
  CHECK_OK(context, klt_expression_columns(context, expression, &columns));
  CHECK(klt_table_row_count(columns) == 2);
  CHECK_TEXT(cell(context, columns, "column", 0), "amount");
  CHECK_OK(context, klt_expression_evaluate(context, expression, table, &values));
  CHECK_TEXT(cell(context, values, "value", 0), "false");
  CHECK_TEXT(cell(context, values, "value", 1), "true");
  CHECK_TEXT(cell(context, values, "value", 2), "true");
  klt_table_free(values);
  values = NULL;
  CHECK_ERROR(context, klt_expression_evaluate(context, expression, columns, &values), KLT_NOT_FOUND, "amount");
  CHECK(values == NULL);
  klt_table_free(columns);
  klt_expression_free(expression);
  klt_table_free(table);
  klt_expression_free(NULL);
}

static void check_directories(klt_context* context) {
  klt_table* table = NULL;
  CHECK_OK(context, klt_directory(context, NULL, "industry", &table));
  CHECK(klt_table_row_count(table) == 109);
  CHECK_TEXT(cell(context, table, "code", 0), "A");
  CHECK_TEXT(cell(context, table, "parent", 1), "A");
  klt_table_free(table);
  table = NULL;
  CHECK_ERROR(context, klt_directory(context, NULL, "weather", &table), KLT_NOT_FOUND, "weather");
}

static void check_run(klt_context* context) {
  klt_table* sales = purchases(context);
  klt_table* given = cards(context);
  klt_tables* tables = NULL;
  klt_assignments* assignments = NULL;
  klt_assignments* again = NULL;
  klt_table* journal = NULL;
  klt_result* result = NULL;
  klt_ingest_result* ingest = NULL;
  klt_base* base = NULL;
  klt_features* features = NULL;
  klt_table* classes = NULL;
  klt_table* coverage = NULL;
  klt_table* unknown = NULL;
  klt_table* rules = NULL;
  klt_table* names = NULL;
  klt_table* more = NULL;
  klt_model* model = NULL;
  klt_expression* expression = NULL;
  size_t i;
  CHECK_OK(context, klt_assignments_new(context, &assignments));
  CHECK_ERROR(context, klt_assignments_assign(context, assignments, "", "relationship_type", "other", KLT_NO_DAY, NULL),
              KLT_INVALID_ARGUMENT, "client");
  CHECK_OK(context,
           klt_assignments_assign(context, assignments, "2", "relationship_type", "non-client", 20500, "j.hartley"));
  CHECK_OK(context, klt_assignments_assign_bulk(context, assignments, given, "category", "gold", KLT_NO_DAY, NULL));
  CHECK_OK(context, klt_assignments_table(context, assignments, &journal));
  CHECK(klt_table_row_count(journal) == 4);
  CHECK_TEXT(cell(context, journal, "source", 3), "bulk");
  CHECK_OK(context, klt_assignments_from_table(context, journal, &again));
  CHECK_OK(context, klt_assignments_assign(context, again, "404", "relationship_type", "target", KLT_NO_DAY, NULL));

  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", sales));
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", given));
  CHECK_OK(context, klt_run_assigned(context, tables, NULL, KLT_AS_OF_LAST_EVENT, again, &result));
  CHECK_OK(context, klt_result_features(context, result, &features));
  CHECK_OK(context, klt_features_table(context, features, &classes));
  CHECK_TEXT(cell(context, classes, "relationship_type", 0), "client");
  CHECK_TEXT(cell(context, classes, "relationship_type", 1), "non-client");
  CHECK_TEXT(cell(context, classes, "relationship_type_source", 1), "hand");
  CHECK_TEXT(cell(context, classes, "relationship_type", 2), "target");
  CHECK_OK(context, klt_result_unknown_assignments(context, result, &unknown));
  CHECK(klt_table_row_count(unknown) == 1);
  CHECK_TEXT(cell(context, unknown, "row", 0), "5");
  CHECK_TEXT(cell(context, unknown, "client", 0), "404");
  CHECK_TEXT(cell(context, unknown, "reason", 0), "unknown_client");
  klt_table_free(unknown);
  CHECK_OK(context, klt_result_coverage(context, result, &coverage));
  CHECK_TEXT(cell(context, coverage, "attribute", 0), "relationship_type");
  CHECK_TEXT(cell(context, coverage, "known", 0), "3");
  klt_table_free(coverage);

  CHECK_OK(context, klt_result_ingest(context, result, &ingest));
  CHECK_OK(context, klt_ingest_result_base(context, ingest, &base));
  CHECK_OK(context, klt_expression_parse(context,
                                         "as_of > last_purchase and card.industry.1 = 'C' and requests = 0 "
                                         "and bulk.category = 'gold' and card.relationship_type is null and "
                                         "hand.relationship_type is null and interactions_outbound is null",
                                         &expression));
  CHECK_OK(context, klt_expression_columns(context, expression, &names));
  CHECK_OK(context, klt_base_columns(context, base, classes, 20600, names, again, &more));
  CHECK_TEXT(cell(context, more, "card.industry.1", 0), "C");
  CHECK_TEXT(cell(context, more, "bulk.category", 2), "gold");
  for (i = 0; i < klt_result_classification_count(result); ++i) {
    CHECK_OK(context, klt_result_model(context, result, i, &model));
    if (strcmp(klt_model_kind(model), "rules") == 0) {
      CHECK_OK(context, klt_model_rules(context, model, more, &rules));
      CHECK_TEXT(cell(context, rules, "state", 0), "never fires");
      CHECK_TEXT(cell(context, rules, "state", 1), "fires");
      klt_table_free(rules);
      CHECK_OK(context, klt_model_contradictions(context, model, more, &rules));
      CHECK(klt_table_row_count(rules) == 0);
      klt_table_free(rules);
    } else {
      CHECK_ERROR(context, klt_model_rules(context, model, more, &rules), KLT_INVALID_ARGUMENT, "model");
    }
    klt_model_free(model);
  }
  CHECK_OK(context, klt_coverage(context, classes, NULL, &coverage));
  CHECK(klt_table_row_count(coverage) == 1);
  klt_table_free(coverage);
  CHECK_OK(context, klt_base_contacts(context, base, 20600, &coverage));
  CHECK(klt_table_row_count(coverage) == 0);
  klt_table_free(coverage);

  klt_expression_free(expression);
  klt_table_free(names);
  klt_table_free(more);
  klt_base_free(base);
  klt_ingest_result_free(ingest);
  klt_table_free(classes);
  klt_features_free(features);
  klt_result_free(result);
  klt_tables_free(tables);
  klt_table_free(journal);
  klt_assignments_free(again);
  klt_assignments_free(assignments);
  klt_assignments_free(NULL);
  klt_table_free(given);
  klt_table_free(sales);
}

int main(void) {
  klt_context* context = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  check_expressions(context);
  check_directories(context);
  check_run(context);
  klt_context_free(context);
  return check_result();
}
