/* Blocking rules proposed over the C ABI: what suits the cards, the budget, and what is wrong. */
#include "check.h"

enum { CARDS = 60 };

/* Every third card is its predecessor's once more, with the same e-mail; no phone is anybody else's. */
static klt_base* base_of(klt_context* context, int named) {
  static char ids[CARDS][16], names[CARDS][32], emails[CARDS][40], phones[CARDS][24];
  const char* columns[4][CARDS];
  const char* const fields[] = {"client", "name", "emails", "phones"};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  int i, f;
  for (i = 0; i < CARDS; ++i) {
    const int person = i % 3 == 2 ? i - 1 : i;
    sprintf(ids[i], "%d", i + 1);
    sprintf(names[i], "Berg%c%c Anna", 'a' + person % 26, 'a' + person / 26);
    sprintf(emails[i], "anna%d@mail.example", person);
    sprintf(phones[i], "+4930%07d", 1000000 + 7919 * i);
    columns[0][i] = ids[i];
    columns[1][i] = names[i];
    columns[2][i] = emails[i];
    columns[3][i] = phones[i];
  }
  CHECK_OK(context, klt_table_builder_new(context, CARDS, &builder));
  for (f = 0; f < (named ? 4 : 1); ++f)
    CHECK_OK(context, klt_table_builder_add_text(context, builder, fields[f], columns[f]));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
  CHECK_OK(context, klt_ingest(context, tables, NULL, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  klt_ingest_result_free(read);
  klt_tables_free(tables);
  klt_table_free(table);
  return base;
}

int main(void) {
  klt_context* context = NULL;
  klt_base* base;
  klt_base* bare;
  klt_table* table = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  base = base_of(context, 1);
  bare = base_of(context, 0);
  CHECK_OK(context, klt_propose_rules(context, base, NULL, NULL, &table));
  CHECK_TEXT(cell(context, table, "rule", 0), "email");
  CHECK_TEXT(cell(context, table, "verdict", 0), "taken");
  CHECK_TEXT(cell(context, table, "pairs", 0), "20");
  CHECK_TEXT(cell(context, table, "coverage", 0), "1");
  CHECK_CONTAINS(cell(context, table, "words", 0), "Taken: 100.00 %");
  klt_table_free(table);
  table = NULL;
  CHECK_OK(context, klt_propose_rules(context, base, base, "{}", &table));
  CHECK_TEXT(cell(context, table, "verdict", 0), "taken");
  klt_table_free(table);
  table = NULL;
  /* The twenty pairs of the e-mail are more than may be made. */
  CHECK_OK(context, klt_propose_rules(context, base, NULL, "{\"blocking\": {\"max_pairs\": 19}}", &table));
  CHECK_TEXT(cell(context, table, "rule", 0), "email");
  CHECK_TEXT(cell(context, table, "verdict", 0), "too_many_pairs");
  klt_table_free(table);
  table = NULL;
  CHECK_ERROR(context, klt_propose_rules(context, base, NULL, "{\"blocking\": {\"max_pairs\": 0}}", &table),
              KLT_BAD_POLICY, "/blocking/max_pairs");
  CHECK_ERROR(context, klt_propose_rules(context, bare, NULL, NULL, &table), KLT_INVALID_ARGUMENT, "clients");
  CHECK(table == NULL);
  klt_base_free(base);
  klt_base_free(bare);
  klt_context_free(context);
  return check_result();
}
