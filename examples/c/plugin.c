/* A classifier of the host's own, by callbacks: clients with so many orders are regular. It is an axis of the matrix.
 */
#include <klientela.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every call can fail; the context says why. */
static void must(klt_context* context, klt_status status) {
  if (status == KLT_OK) return;
  fprintf(stderr, "%s: %s [%s]\n", klt_status_name(status), klt_context_last_message(context),
          klt_context_last_where(context));
  exit(1);
}

/* Reads the option "orders" and says what the classifier reads and writes. */
static klt_status make(klt_context* context, const char* name, const char* options, klt_plugin_shape* shape,
                       void** classifier, void* user_data) {
  static const char* const inputs[] = {"frequency"};
  static const char* const labels[] = {"casual", "regular"};
  static const klt_plugin_column column = {sizeof column, "", labels, 2, KLT_COLUMN_LABEL, 0};
  static const klt_plugin_column* const columns[] = {&column};
  const char* orders = strstr(options, "\"orders\":"); /* a real one has a JSON library */
  double* least = NULL;
  (void)name;
  (void)user_data;
  if (orders == NULL) return klt_context_fail(context, KLT_BAD_POLICY, "orders are missing", "/orders");
  least = (double*)malloc(sizeof *least);
  if (least == NULL) return KLT_OUT_OF_MEMORY;
  *least = strtod(orders + 9, NULL);
  shape->inputs = inputs;
  shape->input_count = 1;
  shape->columns = columns;
  shape->column_count = 1;
  *classifier = least;
  return KLT_OK;
}

/* A code per row; there is nothing to learn, so there is no model. */
static klt_status classify(klt_context* context, const void* classifier, const void* model, const klt_table* inputs,
                           void* const* values, uint8_t* const* valid, void* user_data) {
  const double least = *(const double*)classifier;
  uint16_t* codes = (uint16_t*)values[0];
  size_t row;
  (void)model;
  (void)valid;
  (void)user_data;
  for (row = 0; row < klt_table_row_count(inputs); ++row) {
    double orders = 0;
    const klt_status status = klt_table_get_double(context, inputs, 0, row, &orders);
    if (status != KLT_OK) return status;
    codes[row] = orders >= least ? 1 : 0;
  }
  return KLT_OK;
}

static void free_classifier(void* classifier, void* user_data) {
  (void)user_data;
  free(classifier);
}

int main(void) {
  enum { PURCHASES = 6 };
  static const int64_t clients[PURCHASES] = {1, 1, 1, 2, 3, 3};
  static const char* const days[PURCHASES] = {"2026-01-15", "2026-03-02", "2026-04-20",
                                              "2026-02-01", "2026-04-11", "2026-05-20"};
  static const double amounts[PURCHASES] = {120.5, 80, 15.25, 300, 410.1, 275};
  static const char* const document =
      "{\"classifiers\": {\"habit\": {\"kind\": \"habit\", \"orders\": 2}, \"matrix\": {"
      "\"x\": {\"measure\": \"habit\", \"bands\": [\"casual\", \"regular\"],"
      "        \"labels\": [[\"casual\"], [\"regular\"]]},"
      "\"y\": {\"measure\": \"money_net\", \"bands\": [\"small\", \"large\"], \"edges\": [500]},"
      "\"groups\": [{\"name\": \"invite\", \"rules\": [{\"x\": [\"regular\"], \"y\": [\"large\"]}]}],"
      "\"otherwise\": \"write\"}}}";

  klt_context* context = NULL;
  klt_classifier_callbacks habit = KLT_CLASSIFIER_CALLBACKS_INIT;
  klt_registry* registry = NULL;
  klt_policy* policy = NULL;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_result* result = NULL;
  klt_string* csv = NULL;

  if (klt_context_new(&context) != KLT_OK) return 1;
  habit.make = make;
  habit.classify = classify;
  habit.free_classifier = free_classifier;
  must(context, klt_registry_new(context, &registry));
  must(context, klt_registry_add(context, registry, "habit", &habit, NULL));
  must(context, klt_policy_from_json_with(context, registry, document, &policy));

  must(context, klt_table_builder_new(context, PURCHASES, &builder));
  must(context, klt_table_builder_add_int64(context, builder, "client", clients, NULL));
  must(context, klt_table_builder_add_text(context, builder, "date", days));
  must(context, klt_table_builder_add_double(context, builder, "amount", amounts, NULL));
  must(context, klt_table_builder_finish(context, builder, &table));
  must(context, klt_tables_new(context, &tables));
  must(context, klt_tables_add_table(context, tables, "transactions", table));
  must(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));
  klt_table_free(table);

  must(context, klt_result_clients(context, result, &table));
  must(context, klt_table_to_csv(context, table, &csv));
  fputs(klt_string_data(csv), stdout);

  klt_string_free(csv);
  klt_table_free(table);
  klt_result_free(result);
  klt_tables_free(tables);
  klt_table_builder_free(builder);
  klt_policy_free(policy);
  klt_registry_free(registry);
  klt_context_free(context);
  return 0;
}
