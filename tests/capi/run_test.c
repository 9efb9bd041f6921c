/* C ABI of pipeline: policies from JSON and presets, errors that name the JSON pointer, and everything a run gives. */
#include "check.h"
#include "data.h"

static klt_tables* example_tables(klt_context* context, test_source* source) {
  struct ArrowArrayStream stream = test_stream(source);
  klt_tables* tables = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  return tables;
}

static void check_policies(klt_context* context) {
  klt_policy* policy = NULL;
  klt_policy* again = NULL;
  klt_string* json = NULL;
  klt_string* same = NULL;
  klt_string* schema = NULL;
  klt_table* presets = NULL;
  klt_string* names = NULL;
  CHECK_OK(context, klt_policy_presets(context, &presets));
  CHECK_OK(context, klt_table_to_csv(context, presets, &names));
  CHECK_CONTAINS(klt_string_data(names), "preset\n");
  CHECK_CONTAINS(klt_string_data(names), "online-retail\n");
  klt_string_free(names);
  klt_table_free(presets);
  CHECK_OK(context, klt_policy_schema(context, &schema));
  CHECK_CONTAINS(klt_string_data(schema), "json-schema.org/draft/2020-12");
  klt_string_free(schema);
  CHECK_OK(context, klt_policy_from_preset(context, "online-retail", &policy));
  CHECK_OK(context, klt_policy_to_json(context, policy, &json));
  CHECK_OK(context, klt_policy_from_json(context, klt_string_data(json), &again));
  CHECK_OK(context, klt_policy_to_json(context, again, &same));
  CHECK_TEXT(klt_string_data(same), klt_string_data(json));
  klt_string_free(json);
  klt_string_free(same);
  klt_policy_free(policy);
  klt_policy_free(again);

  policy = NULL;
  CHECK_STATUS(context, klt_policy_from_preset(context, "no such preset", &policy), KLT_NOT_FOUND);
  CHECK_CONTAINS(klt_context_last_message(context), "online-retail");
  CHECK_STATUS(context, klt_policy_from_json(context, "{\"version\": 1,", &policy), KLT_BAD_POLICY);
  CHECK_ERROR(context, klt_policy_from_json(context, "{\"version\": 1, \"ingest\": {\"timezone\": \"UTC\"}}", &policy),
              KLT_BAD_POLICY, "/ingest/timezone");
  CHECK_ERROR(context, klt_policy_from_json(context, "{\"features\": {\"window_days\": -3}}", &policy), KLT_BAD_POLICY,
              "/features/window_days");
  CHECK_ERROR(context, klt_policy_from_json(context, "{\"version\": 1, \"x\": \"\xff\"}", &policy),
              KLT_INVALID_ARGUMENT, "json");
  /* A segment table with a hole: the cells that nobody covers are named. */
  CHECK_STATUS(
      context,
      klt_policy_from_json(context,
                           "{\"classifiers\": {\"rfm\": {\"kind\": \"rfm\", \"bins\": 2, \"segments\": {\"rows\": ["
                           "{\"segment\": \"good\", \"recency\": [2, 2], \"frequency\": [1, 2], \"money\": [1, 2]},"
                           "{\"segment\": \"poor\", \"recency\": [1, 1], \"frequency\": [1, 2], \"money\": [2, 2]}"
                           "]}}}}",
                           &policy),
      KLT_BAD_POLICY);
  CHECK_CONTAINS(klt_context_last_where(context), "/classifiers/rfm/segments");
  CHECK_CONTAINS(klt_context_last_message(context), "1/1/1");
  CHECK_CONTAINS(klt_context_last_message(context), "1/2/1");
  CHECK(policy == NULL);
}

static void check_result_getters(klt_context* context) {
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  klt_tables* tables = example_tables(context, &source);
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_ingest_result* ingested = NULL;
  klt_base* base = NULL;
  klt_features* features = NULL;
  klt_classification* classes = NULL;
  klt_model* model = NULL;
  klt_table* table = NULL;
  klt_row_counts counts = KLT_ROW_COUNTS_INIT;
  size_t i;
  CHECK_OK(context,
           klt_policy_from_json(context,
                                "{\"version\": 1, \"ingest\": {\"currency\": \"EUR\"},"
                                " \"classifiers\": {\"abc\": {\"kind\": \"abc\", \"measures\": [\"money_gross\"]}}}",
                                &policy));
  CHECK_ERROR(context, klt_run(context, tables, policy, 200000, &result), KLT_OUT_OF_RANGE, "as_of");
  CHECK(klt_tables_count(tables) == 1);
  CHECK_OK(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));
  klt_tables_free(tables);
  klt_policy_free(policy);
  CHECK(klt_result_as_of(result) == EXAMPLE_FIRST_DAY + 36);
  CHECK_OK(context, klt_result_ingest(context, result, &ingested));
  CHECK_OK(context, klt_result_features(context, result, &features));
  for (i = 0; i < klt_result_classification_count(result); ++i) {
    classes = NULL;
    model = NULL;
    CHECK_OK(context, klt_result_classification(context, result, i, &classes));
    CHECK_OK(context, klt_result_model(context, result, i, &model));
    CHECK_TEXT(klt_model_name(model), klt_classification_name(classes));
    klt_classification_free(classes);
    klt_model_free(model);
  }
  classes = NULL;
  model = NULL;
  CHECK_ERROR(context, klt_result_classification(context, result, i, &classes), KLT_OUT_OF_RANGE, "index");
  CHECK_ERROR(context, klt_result_model(context, result, SIZE_MAX, &model), KLT_OUT_OF_RANGE, "index");
  CHECK(classes == NULL && model == NULL);
  CHECK_OK(context, klt_result_rejected(context, result, &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
  klt_result_free(result); /* what was got of it lives on */
  CHECK_OK(context, klt_ingest_result_counts(context, ingested, "transactions", &counts));
  CHECK(counts.rows_read == EXAMPLE_ROWS && counts.rows_rejected == 0);
  CHECK_OK(context, klt_ingest_result_base(context, ingested, &base));
  klt_ingest_result_free(ingested);
  CHECK_TEXT(klt_base_currency(base), "EUR");
  CHECK(klt_base_client_count(base) == EXAMPLE_CLIENTS);
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_OK(context, klt_table_find_column(context, table, "abc", &i));
  CHECK(klt_table_column_type(table, i) == KLT_COLUMN_LABEL);
  klt_table_free(table);
  klt_features_free(features);
  klt_base_free(base);
  CHECK(source.live == 0);
}

/* Nothing happened, so there is no day to classify at. */
static void check_nothing(klt_context* context) {
  klt_tables* tables = NULL;
  klt_result* result = NULL;
  test_source source = TEST_SOURCE(example_columns, 0);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_STATUS(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result), KLT_INVALID_ARGUMENT);
  klt_tables_free(tables);
  tables = example_tables(context, &source);
  CHECK_STATUS(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result), KLT_INVALID_ARGUMENT);
  klt_tables_free(tables);
  CHECK(result == NULL && source.live == 0);
  tables = example_tables(context, &source);
  CHECK_OK(context, klt_run(context, tables, NULL, EXAMPLE_AS_OF, &result));
  klt_tables_free(tables);
  klt_result_free(result);
  CHECK(source.live == 0);
}

/* Two cards of one person, with purchases of both, and somebody else. */
static klt_tables* cards_and_purchases(klt_context* context) {
  static const char* const ids[] = {"7", "8", "9"};
  static const char* const given[] = {"Anna", "Anna", "Otto"};
  static const char* const family[] = {"Berg", "Berg", "Kranz"};
  static const char* const emails[] = {"anna.berg@mail.example", "ANNA.BERG@mail.example", "otto@firm.example"};
  static const char* const phones[] = {"+49 30 5550100", "004930 5550100", "+49 30 5550155"};
  static const char* const birthdays[] = {"1980-05-03", "1980-05-03", "1966-08-17"};
  static const char* const cities[] = {"Berlin", "Potsdam", "Bonn"};
  static const char* const buyers[] = {"7", "8", "9"};
  static const char* const days[] = {"2025-01-01", "2025-02-01", "2025-03-01"};
  static const char* const amounts[] = {"10", "20", "5"};
  klt_tables* tables = NULL;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_table_builder_new(context, 3, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", ids));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "given_name", given));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "family_name", family));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "emails", emails));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "phones", phones));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "birthday", birthdays));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "city", cities));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
  klt_table_free(table);
  CHECK_OK(context, klt_table_builder_new(context, 3, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", buyers));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "at", days));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "amount", amounts));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  return tables;
}

static void check_csv(klt_context* context, klt_table* table, const char* expected) {
  klt_string* csv = NULL;
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  CHECK_TEXT(klt_string_data(csv), expected);
  klt_string_free(csv);
  klt_table_free(table);
}

static void check_duplicates(klt_context* context) {
  klt_tables* tables = cards_and_purchases(context);
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_table* table = NULL;
  klt_string* journal = NULL;
  klt_string* text = NULL;
  klt_base* base = NULL;
  klt_duplicates* found = NULL;
  klt_merged_base* merged = NULL;
  CHECK_OK(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result));
  klt_tables_free(tables);
  CHECK_OK(context, klt_result_duplicates(context, result, &found));
  CHECK_OK(context, klt_duplicates_clusters(context, found, &table));
  check_csv(context, table, "id,cluster\n7,7\n8,7\n9,9\n");
  CHECK_OK(context, klt_result_merged(context, result, &merged));
  CHECK_OK(context, klt_merged_base_clusters(context, merged, &table));
  check_csv(context, table, "id,cluster\n7,7\n8,7\n");
  CHECK_OK(context, klt_merged_base_conflicts(context, merged, &table));
  CHECK(klt_table_row_count(table) > 0);
  klt_table_free(table);
  klt_duplicates_free(found);
  found = NULL;
  CHECK_OK(context, klt_merged_base_original(context, merged, &base));
  CHECK(klt_base_client_count(base) == 3);
  klt_base_free(base);
  CHECK_OK(context, klt_result_clients(context, result, &table));
  CHECK(klt_table_row_count(table) == 2);
  klt_table_free(table);
  klt_result_free(result); /* what was got of it lives on */
  CHECK_OK(context, klt_merged_base_journal_text(context, merged, &journal));
  klt_merged_base_free(merged);

  /* What the journal says counts also where nothing is looked for, and is nothing new where it is. */
  result = NULL;
  CHECK_OK(context, klt_policy_from_json(context, "{\"dedupe\": {\"merge\": false}}", &policy));
  tables = cards_and_purchases(context);
  CHECK_OK(context, klt_run_with_journal(context, tables, policy, KLT_AS_OF_LAST_EVENT, NULL, klt_string_data(journal),
                                         0, &result));
  klt_tables_free(tables);
  CHECK_OK(context, klt_result_clients(context, result, &table));
  CHECK(klt_table_row_count(table) == 2);
  klt_table_free(table);
  CHECK_ERROR(context, klt_result_duplicates(context, result, &found), KLT_NOT_FOUND, "duplicates");
  klt_result_free(result);
  result = NULL;
  tables = cards_and_purchases(context);
  CHECK_OK(context, klt_run_with_journal(context, tables, NULL, KLT_AS_OF_LAST_EVENT, NULL, klt_string_data(journal), 0,
                                         &result));
  klt_tables_free(tables);
  CHECK_OK(context, klt_result_merged(context, result, &merged));
  CHECK_OK(context, klt_merged_base_journal_text(context, merged, &text));
  klt_merged_base_free(merged);
  CHECK_TEXT(klt_string_data(text), klt_string_data(journal));
  klt_string_free(text);
  klt_result_free(result);

  /* Nothing of either. */
  result = NULL;
  tables = cards_and_purchases(context);
  CHECK_OK(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));
  klt_tables_free(tables);
  CHECK_ERROR(context, klt_result_merged(context, result, &merged), KLT_NOT_FOUND, "duplicates");
  CHECK_OK(context, klt_result_clients(context, result, &table));
  CHECK(klt_table_row_count(table) == 3);
  klt_table_free(table);
  klt_result_free(result);

  /* A journal that is none, and one of other cards. */
  result = NULL;
  tables = cards_and_purchases(context);
  CHECK_STATUS(context,
               klt_run_with_journal(context, tables, policy, KLT_AS_OF_LAST_EVENT, NULL, "merge 7 8", 0, &result),
               KLT_BAD_DATA);
  CHECK_ERROR(context, klt_run_with_journal(context, tables, policy, KLT_AS_OF_LAST_EVENT, NULL, NULL, 2, &result),
              KLT_INVALID_ARGUMENT, "rebase");
  klt_tables_free(tables);
  {
    test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
    tables = example_tables(context, &source);
    CHECK_ERROR(
        context,
        klt_run_with_journal(context, tables, NULL, KLT_AS_OF_LAST_EVENT, NULL, klt_string_data(journal), 0, &result),
        KLT_INVALID_ARGUMENT, "journal");
    klt_tables_free(tables);
  }
  CHECK(result == NULL);
  klt_string_free(journal);
  klt_policy_free(policy);
}

int main(void) {
  klt_context* context = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  check_policies(context);
  check_result_getters(context);
  check_nothing(context);
  check_duplicates(context);
  klt_policy_free(NULL);
  klt_result_free(NULL);
  CHECK(klt_result_as_of(NULL) == 0 && klt_result_classification_count(NULL) == 0);
  klt_context_free(context);
  test_data_unused();
  return check_result();
}
