/* Classifies five clients from plain C arrays and prints one CSV line each, with the reason for the last one. */
#include <klientela.h>
#include <stdio.h>
#include <stdlib.h>

/* Every call can fail; the context says why. */
static void must(klt_context* context, klt_status status) {
  if (status == KLT_OK) return;
  fprintf(stderr, "%s: %s [%s]\n", klt_status_name(status), klt_context_last_message(context),
          klt_context_last_where(context));
  exit(1);
}

int main(void) {
  enum { PURCHASES = 10 };
  static const int64_t clients[PURCHASES] = {1001, 1001, 1002, 1003, 1003, 1003, 1003, 1004, 1005, 1005};
  static const char* const days[PURCHASES] = {"2026-01-15", "2026-03-02", "2026-02-20", "2026-02-01", "2026-04-11",
                                              "2026-05-20", "2026-06-28", "2025-11-05", "2026-05-30", "2026-06-15"};
  static const double amounts[PURCHASES] = {120.5, 80, 15.25, 300, 410.1, 275, 520.99, 60, 95.4, -10.4};

  klt_context* context = NULL;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_result* result = NULL;
  klt_classification* rfm = NULL;
  klt_string* text = NULL;
  int32_t as_of = 0;

  if (klt_context_new(&context) != KLT_OK) return 1;

  /* The purchases, column by column. A negative amount is a refund. */
  must(context, klt_table_builder_new(context, PURCHASES, &builder));
  must(context, klt_table_builder_add_int64(context, builder, "client", clients, NULL));
  must(context, klt_table_builder_add_text(context, builder, "date", days));
  must(context, klt_table_builder_add_double(context, builder, "amount", amounts, NULL));
  must(context, klt_table_builder_finish(context, builder, &table));

  /* One run with the default policy: RFM, ABC and the contact matrix, as of the end of June. */
  must(context, klt_tables_new(context, &tables));
  must(context, klt_tables_add_table(context, tables, "transactions", table));
  must(context, klt_parse_day(context, "2026-06-30", &as_of));
  must(context, klt_run(context, tables, NULL, as_of, &result));
  klt_table_free(table);
  klt_tables_free(tables);

  must(context, klt_result_clients(context, result, &table));
  must(context, klt_table_to_csv(context, table, &text));
  fputs(klt_string_data(text), stdout);
  klt_string_free(text);

  must(context, klt_result_classification(context, result, 0, &rfm));
  must(context, klt_classification_explain(context, rfm, klt_table_row_count(table) - 1, KLT_LANGUAGE_ENGLISH, &text));
  printf("\nWhy client 1005 is where it is: %s\n", klt_string_data(text));
  klt_string_free(text);

  klt_classification_free(rfm);
  klt_table_free(table);
  klt_result_free(result);
  klt_table_builder_free(builder);
  klt_context_free(context);
  return 0;
}
