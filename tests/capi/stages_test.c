/* C ABI stage by stage: features, classifiers, models, reasons and reports give what one klt_run() gives. */
#include "check.h"
#include "data.h"

static klt_tables* example_tables(klt_context* context, test_source* source) {
  struct ArrowArrayStream stream = test_stream(source);
  klt_tables* tables = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  return tables;
}

static klt_ingest_result* ingest_rows(klt_context* context, int64_t rows) {
  test_source source = TEST_SOURCE(example_columns, rows);
  klt_tables* tables = example_tables(context, &source);
  klt_ingest_result* result = NULL;
  klt_policy* policy = NULL;
  klt_ingest_options options = KLT_INGEST_OPTIONS_INIT;
  klt_table* copy = NULL;
  klt_base* base = NULL;
  CHECK_OK(context, klt_policy_new(context, &policy));
  options.policy = policy;
  CHECK_OK(context, klt_ingest(context, tables, &options, &result));
  klt_policy_free(policy);
  klt_tables_free(tables);
  /* The base may hold the host's memory, which is on this stack: go on with a base of its own copy. */
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  klt_ingest_result_free(result);
  CHECK_OK(context, klt_base_table(context, base, "transactions", &copy));
  klt_base_free(base);
  CHECK(source.live == 0);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", copy));
  klt_table_free(copy);
  result = NULL;
  CHECK_OK(context, klt_ingest(context, tables, NULL, &result));
  klt_tables_free(tables);
  return result;
}

static klt_base* base_of(klt_context* context, const klt_ingest_result* result) {
  klt_base* base = NULL;
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  return base;
}

static double number_at(klt_context* context, const klt_table* table, const char* column, size_t row) {
  size_t index = 0;
  double value = -1;
  CHECK_OK(context, klt_table_find_column(context, table, column, &index));
  CHECK_OK(context, klt_table_get_double(context, table, index, row, &value));
  return value;
}

static char* csv_of(klt_context* context, const klt_table* table) {
  klt_string* csv = NULL;
  char* copy;
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  copy = (char*)malloc(klt_string_size(csv) + 1);
  memcpy(copy, klt_string_data(csv), klt_string_size(csv) + 1);
  klt_string_free(csv);
  return copy;
}

static char* features_csv(klt_context* context, const klt_features* features) {
  klt_table* table = NULL;
  char* csv;
  CHECK_OK(context, klt_features_table(context, features, &table));
  csv = csv_of(context, table);
  klt_table_free(table);
  return csv;
}

/* The published summary of the example, by days: (frequency, recency, age, money) per client. */
static void check_features(klt_context* context, const klt_base* base) {
  static const double wanted[EXAMPLE_CLIENTS][4] = {{1, 36, 37, 2}, {0, 0, 37, 0},   {2, 4, 37, 3},
                                                    {2, 20, 22, 3}, {2, 2, 22, 4.5}, {0, 0, 5, 0}};
  static const double recency[EXAMPLE_CLIENTS] = {1, 37, 33, 2, 20, 5};
  static const double money[EXAMPLE_CLIENTS] = {3, 2, 9, 12, 12, 5};
  klt_feature_options options = KLT_FEATURE_OPTIONS_INIT;
  klt_features* features = NULL;
  klt_table* table = NULL;
  size_t row;
  options.groups = KLT_FEATURES_PURCHASES | KLT_FEATURES_REPEATS;
  options.period = KLT_PERIOD_DAY;
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features));
  CHECK(klt_features_as_of(features) == EXAMPLE_AS_OF);
  CHECK_OK(context, klt_features_table(context, features, &table));
  klt_features_free(features);
  CHECK(klt_table_row_count(table) == EXAMPLE_CLIENTS);
  CHECK_TEXT(klt_table_column_name(table, 0), "client");
  for (row = 0; row < EXAMPLE_CLIENTS; ++row) {
    CHECK_NUMBER(number_at(context, table, "repeat_frequency", row), wanted[row][0]);
    CHECK_NUMBER(number_at(context, table, "repeat_recency", row), wanted[row][1]);
    CHECK_NUMBER(number_at(context, table, "repeat_age", row), wanted[row][2]);
    CHECK_NUMBER(number_at(context, table, "repeat_money_mean", row), wanted[row][3]);
    CHECK_NUMBER(number_at(context, table, "recency_days", row), recency[row]);
    CHECK_NUMBER(number_at(context, table, "money_net", row), money[row]);
  }
  klt_table_free(table);

  features = NULL;
  options.window_days = 6; /* 2015-02-02 to 2015-02-07 */
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features));
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_NUMBER(number_at(context, table, "money_net", 0), 2);
  CHECK_NUMBER(number_at(context, table, "money_net", 3), 6);
  CHECK_NUMBER(number_at(context, table, "money_net", 4), 0);
  klt_table_free(table);
  klt_features_free(features);

  features = NULL;
  options.window_days = -1;
  CHECK_ERROR(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features), KLT_INVALID_ARGUMENT,
              "options.window_days");
  options.window_days = 1;
  options.window_months = 1;
  CHECK_ERROR(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features), KLT_INVALID_ARGUMENT,
              "options.window_months");
  options.window_days = options.window_months = 0;
  options.groups = 1U << 20;
  CHECK_ERROR(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features), KLT_INVALID_ARGUMENT,
              "options.groups");
  options.groups = 0;
  options.period = 17;
  CHECK_ERROR(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features), KLT_INVALID_ARGUMENT,
              "options.period");
  options.period = KLT_PERIOD_POLICY;
  options.half_life_days = -3;
  CHECK_ERROR(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &options, &features), KLT_INVALID_ARGUMENT,
              "options.half_life_days");
  CHECK_ERROR(context, klt_features_compute(context, base, INT32_MAX, NULL, &features), KLT_OUT_OF_RANGE, "as_of");
  CHECK(features == NULL);
}

/* Refreshing gives what computing anew gives, and leaves the old features as they were. */
static void check_refresh(klt_context* context) {
  klt_ingest_result* early = ingest_rows(context, 9);
  klt_ingest_result* whole = NULL;
  klt_base* base = base_of(context, early);
  klt_base* later = NULL;
  klt_features* before = NULL;
  klt_features* refreshed = NULL;
  klt_features* anew = NULL;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  char* first;
  char* second;
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF - 5, NULL, &before));
  first = features_csv(context, before);
  CHECK_OK(context, klt_table_builder_new(context, 4, &builder));
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "client", example_clients + 9, NULL));
  CHECK_OK(context, klt_table_builder_add_day(context, builder, "at", example_days + 9, NULL));
  CHECK_OK(context, klt_table_builder_add_double(context, builder, "amount", example_amounts + 9, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  CHECK_OK(context, klt_extend(context, base, tables, NULL, &whole));
  klt_tables_free(tables);
  later = base_of(context, whole);
  CHECK_OK(context, klt_features_refresh(context, before, later, EXAMPLE_AS_OF, &refreshed));
  CHECK_OK(context, klt_features_compute(context, later, EXAMPLE_AS_OF, NULL, &anew));
  second = features_csv(context, before);
  CHECK_TEXT(second, first);
  free(first);
  free(second);
  first = features_csv(context, refreshed);
  second = features_csv(context, anew);
  CHECK_TEXT(first, second);
  free(first);
  free(second);
  klt_features_free(anew);
  anew = NULL;
  CHECK_STATUS(context, klt_features_refresh(context, refreshed, base, EXAMPLE_AS_OF, &anew), KLT_INVALID_ARGUMENT);
  CHECK(anew == NULL);
  klt_features_free(before);
  klt_features_free(refreshed);
  klt_base_free(base);
  klt_base_free(later);
  klt_ingest_result_free(early);
  klt_ingest_result_free(whole);
}

/* A measure of the host's own becomes a column that a classifier reads. */
static void check_own_measure(klt_context* context, const klt_base* base) {
  static const double scores[EXAMPLE_CLIENTS] = {100, 1, 1, 1, 1, 0};
  klt_features* features = NULL;
  klt_features* more = NULL;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_table* short_table = NULL;
  klt_classifier* classifier = NULL;
  klt_model* model = NULL;
  klt_classification* classes = NULL;
  const char* label = NULL;
  size_t size = 0;
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, NULL, &features));
  CHECK_OK(context, klt_table_builder_new(context, EXAMPLE_CLIENTS, &builder));
  CHECK_OK(context, klt_table_builder_add_double(context, builder, "lead_score", scores, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_table_builder_new(context, 2, &builder));
  CHECK_OK(context, klt_table_builder_add_double(context, builder, "too_short", scores, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &short_table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_features_with_column(context, features, table, 0, &more));
  klt_features_free(features);
  features = NULL;
  CHECK_STATUS(context, klt_features_with_column(context, more, table, 0, &features), KLT_INVALID_ARGUMENT);
  CHECK_STATUS(context, klt_features_with_column(context, more, short_table, 0, &features), KLT_INVALID_ARGUMENT);
  CHECK_ERROR(context, klt_features_with_column(context, more, table, 1, &features), KLT_OUT_OF_RANGE, "column");
  CHECK(features == NULL);
  klt_table_free(table);
  klt_table_free(short_table);

  CHECK_OK(context, klt_classifier_from_json(context, "lead", "{\"kind\": \"abc\", \"measures\": [\"lead_score\"]}",
                                             &classifier));
  CHECK_TEXT(klt_classifier_name(classifier), "lead");
  CHECK_TEXT(klt_classifier_kind(classifier), "abc");
  CHECK_OK(context, klt_features_table(context, more, &table));
  CHECK_OK(context, klt_classifier_fit(context, classifier, table, &model));
  klt_classifier_free(classifier);
  CHECK_TEXT(klt_model_name(model), "lead");
  CHECK_OK(context, klt_model_classify(context, model, table, &classes));
  klt_table_free(table);
  klt_model_free(model);
  klt_features_free(more);
  CHECK_OK(context, klt_classification_table(context, classes, &table));
  CHECK_TEXT(klt_table_column_name(table, 0), "lead");
  CHECK_OK(context, klt_table_get_text(context, table, 0, 0, &label, &size));
  CHECK(size == 1 && label[0] == 'A');
  CHECK_OK(context, klt_table_get_text(context, table, 0, 5, &label, &size));
  CHECK(size == 1 && label[0] == 'C');
  klt_table_free(table);
  CHECK_OK(context, klt_classification_counts(context, classes, "lead", &table));
  CHECK(klt_table_row_count(table) == 3);
  CHECK_NUMBER(number_at(context, table, "clients", 0), 1);
  klt_table_free(table);
  table = NULL;
  CHECK_STATUS(context, klt_classification_counts(context, classes, "follow", &table), KLT_NOT_FOUND);
  CHECK(table == NULL);
  klt_classification_free(classes);
}

/* A frozen model goes through JSON and classifies the same. */
static klt_classification* classify_frozen(klt_context* context, const klt_model* model, const klt_table* table) {
  klt_string* json = NULL;
  klt_model* loaded = NULL;
  klt_classification* fresh = NULL;
  klt_classification* again = NULL;
  klt_table* first = NULL;
  klt_table* second = NULL;
  char* first_csv;
  char* second_csv;
  CHECK_OK(context, klt_model_classify(context, model, table, &fresh));
  CHECK_OK(context, klt_model_to_json(context, model, &json));
  CHECK_OK(context, klt_model_from_json(context, klt_string_data(json), &loaded));
  klt_string_free(json);
  CHECK_TEXT(klt_model_name(loaded), klt_model_name(model));
  CHECK_TEXT(klt_model_kind(loaded), klt_model_kind(model));
  CHECK_OK(context, klt_model_classify(context, loaded, table, &again));
  klt_model_free(loaded);
  CHECK_OK(context, klt_classification_table(context, fresh, &first));
  CHECK_OK(context, klt_classification_table(context, again, &second));
  first_csv = csv_of(context, first);
  second_csv = csv_of(context, second);
  CHECK_TEXT(first_csv, second_csv);
  free(first_csv);
  free(second_csv);
  klt_table_free(first);
  klt_table_free(second);
  klt_classification_free(fresh);
  return again;
}

static void check_reasons(klt_context* context, const klt_classification* classes) {
  klt_table* reasons = NULL;
  klt_table* notes = NULL;
  klt_string* english = NULL;
  klt_string* russian = NULL;
  CHECK_OK(context, klt_classification_reasons(context, classes, 3, &reasons));
  CHECK(klt_table_row_count(reasons) >= 1 && klt_table_column_count(reasons) == 10);
  CHECK_TEXT(klt_table_column_name(reasons, 9), "rule");
  klt_table_free(reasons);
  CHECK_OK(context, klt_classification_explain(context, classes, 3, KLT_LANGUAGE_ENGLISH, &english));
  CHECK_OK(context, klt_classification_explain(context, classes, 3, KLT_LANGUAGE_RUSSIAN, &russian));
  CHECK(klt_string_size(english) > 10 && klt_string_size(russian) > 10);
  CHECK(strcmp(klt_string_data(english), klt_string_data(russian)) != 0);
  klt_string_free(english);
  klt_string_free(russian);
  english = NULL;
  CHECK_ERROR(context, klt_classification_explain(context, classes, EXAMPLE_CLIENTS, KLT_LANGUAGE_ENGLISH, &english),
              KLT_OUT_OF_RANGE, "row");
  CHECK_ERROR(context, klt_classification_explain(context, classes, 0, KLT_LANGUAGE_POLICY, &english),
              KLT_INVALID_ARGUMENT, "language");
  CHECK(english == NULL);
  CHECK_OK(context, klt_classification_notes(context, classes, KLT_LANGUAGE_RUSSIAN, &notes));
  CHECK(klt_table_column_count(notes) == 3);
  klt_table_free(notes);
}

/* What the rules of the default policy look at, for every client. */
static klt_table* rule_rows(klt_context* context, const klt_base* base, const klt_features* features) {
  static const char* const columns[] = {"as_of",
                                        "requests",
                                        "last_request",
                                        "card.kind",
                                        "card.relationship_type",
                                        "hand.relationship_type",
                                        "bulk.relationship_type"};
  enum { COLUMNS = sizeof columns / sizeof columns[0] };
  klt_table_builder* builder = NULL;
  klt_table* names = NULL;
  klt_table* table = NULL;
  klt_table* rows = NULL;
  CHECK_OK(context, klt_table_builder_new(context, COLUMNS, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "column", columns));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &names));
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_OK(context, klt_base_columns(context, base, table, EXAMPLE_AS_OF, names, NULL, &rows));
  klt_table_builder_free(builder);
  klt_table_free(names);
  klt_table_free(table);
  return rows;
}

/* The page out of its parts is that of the run, whole and with parts left out. */
static void check_pages(klt_context* context, const klt_report_input* parts, const klt_result* result,
                        const klt_base* base, const klt_model* rules) {
  static const char* const hidden[] = {"movement", "attention", "coverage", "profiles"};
  static const char* const unknown[] = {"moves"};
  klt_report_input input = *parts;
  klt_report_options options = KLT_REPORT_OPTIONS_INIT;
  const klt_model* rule_models[1];
  klt_history* history = NULL;
  klt_profiles* profiles = NULL;
  klt_table* attention = NULL;
  klt_table* coverage = NULL;
  klt_table* rows = rule_rows(context, base, parts->features);
  klt_string* by_hand = NULL;
  klt_string* by_run = NULL;
  CHECK_OK(context, klt_result_history(context, result, &history));
  CHECK_OK(context, klt_result_attention(context, result, &attention));
  CHECK_OK(context, klt_result_coverage(context, result, &coverage));
  CHECK_OK(context, klt_result_profiles(context, result, NULL, &profiles));
  rule_models[0] = rules;
  input.profiles = profiles;
  input.history = history;
  input.attention = attention;
  input.coverage = coverage;
  input.rule_models = rule_models;
  input.rule_model_count = 1;
  input.rule_table = rows;
  CHECK_OK(context, klt_report_html(context, &input, NULL, &by_hand));
  CHECK_OK(context, klt_result_html(context, result, &by_run));
  CHECK_TEXT(klt_string_data(by_hand), klt_string_data(by_run));
  CHECK_CONTAINS(klt_string_data(by_hand), "id=\"movement\"");
  CHECK_CONTAINS(klt_string_data(by_hand), "id=\"attention\"");
  CHECK_CONTAINS(klt_string_data(by_hand), "id=\"coverage\"");
  klt_string_free(by_hand);
  klt_string_free(by_run);

  options.hide = hidden;
  options.hide_count = sizeof hidden / sizeof hidden[0];
  options.language = KLT_LANGUAGE_RUSSIAN;
  CHECK_OK(context, klt_report_html(context, parts, &options, &by_hand));
  CHECK_OK(context, klt_result_page(context, result, &options, &by_run));
  CHECK_TEXT(klt_string_data(by_hand), klt_string_data(by_run));
  CHECK(strstr(klt_string_data(by_run), "id=\"movement\"") == NULL);
  klt_string_free(by_hand);
  by_hand = NULL;
  CHECK_OK(context, klt_report_html(context, &input, &options, &by_hand)); /* what is hidden is not shown either */
  CHECK_TEXT(klt_string_data(by_hand), klt_string_data(by_run));
  klt_string_free(by_hand);
  klt_string_free(by_run);
  by_hand = NULL;
  by_run = NULL;

  options.hide = unknown;
  options.hide_count = 1;
  CHECK_ERROR(context, klt_result_page(context, result, &options, &by_run), KLT_INVALID_ARGUMENT, "options.hide");
  options.hide = NULL;
  CHECK_ERROR(context, klt_result_page(context, result, &options, &by_run), KLT_INVALID_ARGUMENT, "options.hide");
  input.rule_table = coverage;
  CHECK_ERROR(context, klt_report_html(context, &input, NULL, &by_hand), KLT_INVALID_ARGUMENT, "input.rule_table");
  input.rule_table = NULL;
  CHECK_ERROR(context, klt_report_html(context, &input, NULL, &by_hand), KLT_INVALID_ARGUMENT, "input.rule_table");
  input.rule_models = NULL;
  CHECK_ERROR(context, klt_report_html(context, &input, NULL, &by_hand), KLT_INVALID_ARGUMENT, "input.rule_models");
  input.rule_model_count = 0;
  input.attention = coverage; /* a table that is no such list */
  CHECK_STATUS(context, klt_report_html(context, &input, NULL, &by_hand), KLT_NOT_FOUND);
  CHECK(by_hand == NULL && by_run == NULL);
  klt_history_free(history);
  klt_profiles_free(profiles);
  klt_table_free(attention);
  klt_table_free(coverage);
  klt_table_free(rows);
}

/* Every stage by hand, with the default policy's classifiers, against klt_run(). */
static void check_stages(klt_context* context) {
  klt_ingest_result* ingested = ingest_rows(context, EXAMPLE_ROWS);
  klt_base* base = base_of(context, ingested);
  klt_policy* policy = NULL;
  klt_features* features = NULL;
  klt_classification* classes[8] = {NULL};
  klt_model* rules = NULL;
  klt_report_input input = KLT_REPORT_INPUT_INIT;
  klt_report_options options = KLT_REPORT_OPTIONS_INIT;
  klt_result* result = NULL;
  klt_tables* tables;
  klt_table* by_hand = NULL;
  klt_table* by_run = NULL;
  klt_string* hand_text = NULL;
  klt_string* run_text = NULL;
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  char* first;
  char* second;
  size_t count;
  size_t i;
  CHECK_OK(context, klt_policy_from_json(context, "{\"history\":{\"every\":\"week\"}}", &policy));
  count = klt_policy_classifier_count(policy);
  CHECK(count == 5);
  CHECK(klt_policy_classifier_name(policy, count) == NULL);
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, NULL, &features));
  for (i = 0; i < count && i < 8; ++i) {
    klt_classifier* classifier = NULL;
    klt_model* model = NULL;
    klt_table* table = NULL;
    klt_features* more = NULL;
    klt_string* json = NULL;
    CHECK_OK(context, klt_policy_classifier(context, policy, i, &classifier));
    CHECK_TEXT(klt_classifier_name(classifier), klt_policy_classifier_name(policy, i));
    CHECK_OK(context, klt_classifier_to_json(context, classifier, &json));
    CHECK_CONTAINS(klt_string_data(json), "\"kind\"");
    klt_string_free(json);
    CHECK_OK(context, klt_features_table(context, features, &table));
    CHECK_OK(context, klt_classifier_fit(context, classifier, table, &model));
    classes[i] = classify_frozen(context, model, table);
    CHECK_TEXT(klt_classification_name(classes[i]), klt_policy_classifier_name(policy, i));
    CHECK_TEXT(klt_classification_kind(classes[i]), klt_classifier_kind(classifier));
    check_reasons(context, classes[i]);
    CHECK_OK(context, klt_features_with_classification(context, features, classes[i], &more));
    klt_features_free(features);
    features = more;
    more = NULL;
    CHECK_STATUS(context, klt_features_with_classification(context, features, classes[i], &more), KLT_INVALID_ARGUMENT);
    CHECK(more == NULL);
    klt_classifier_free(classifier);
    if (strcmp(klt_model_kind(model), "rules") == 0) {
      CHECK(rules == NULL);
      rules = model;
    } else {
      klt_model_free(model);
    }
    klt_table_free(table);
  }
  {
    klt_classifier* none = NULL;
    CHECK_ERROR(context, klt_policy_classifier(context, policy, count, &none), KLT_OUT_OF_RANGE, "index");
    CHECK(none == NULL);
  }

  tables = example_tables(context, &source);
  CHECK_OK(context, klt_run(context, tables, policy, EXAMPLE_AS_OF, &result));
  klt_tables_free(tables);
  CHECK(klt_result_as_of(result) == EXAMPLE_AS_OF);
  CHECK(klt_result_classification_count(result) == count);

  input.ingest = ingested;
  input.features = features;
  input.classifications = (const klt_classification* const*)classes;
  input.classification_count = count;
  CHECK_OK(context, klt_report_clients(context, &input, &options, &by_hand));
  CHECK_OK(context, klt_result_clients(context, result, &by_run));
  first = csv_of(context, by_hand);
  second = csv_of(context, by_run);
  CHECK_TEXT(first, second);
  CHECK_CONTAINS(first, "client,");
  free(first);
  free(second);
  klt_table_free(by_hand);
  klt_table_free(by_run);
  CHECK_OK(context, klt_report_matrix(context, &input, &by_hand));
  CHECK_OK(context, klt_result_matrix(context, result, &by_run));
  first = csv_of(context, by_hand);
  second = csv_of(context, by_run);
  CHECK_TEXT(first, second);
  free(first);
  free(second);
  klt_table_free(by_hand);
  klt_table_free(by_run);
  CHECK_OK(context, klt_report_summary(context, &input, &hand_text));
  CHECK_OK(context, klt_result_summary(context, result, &run_text));
  CHECK_TEXT(klt_string_data(hand_text), klt_string_data(run_text));
  CHECK_CONTAINS(klt_string_data(run_text), "\"rows_read\"");
  klt_string_free(hand_text);
  klt_string_free(run_text);
  check_pages(context, &input, result, base, rules);
  options.language = KLT_LANGUAGE_RUSSIAN;
  options.title = "Заголовок <b> & Co";
  options.top_clients = 1;
  CHECK_OK(context, klt_report_html(context, &input, &options, &hand_text));
  CHECK_CONTAINS(klt_string_data(hand_text), "Заголовок &lt;b&gt; &amp; Co");
  klt_string_free(hand_text);
  hand_text = NULL;
  options.top_clients = 1001;
  CHECK_ERROR(context, klt_report_html(context, &input, &options, &hand_text), KLT_OUT_OF_RANGE, "options.top_clients");
  options.top_clients = 1;
  options.title = "\xc0\xaf";
  CHECK_ERROR(context, klt_report_html(context, &input, &options, &hand_text), KLT_INVALID_ARGUMENT, "options.title");
  input.features = NULL;
  CHECK_ERROR(context, klt_report_summary(context, &input, &hand_text), KLT_INVALID_ARGUMENT, "input.features");
  input.features = features;
  input.classifications = NULL;
  CHECK_ERROR(context, klt_report_summary(context, &input, &hand_text), KLT_INVALID_ARGUMENT, "input.classifications");
  CHECK(hand_text == NULL);

  klt_result_free(result);
  CHECK(source.live == 0);
  klt_model_free(rules);
  for (i = 0; i < count && i < 8; ++i) klt_classification_free(classes[i]);
  klt_features_free(features);
  klt_policy_free(policy);
  klt_base_free(base);
  klt_ingest_result_free(ingested);
}

static void check_kinds(klt_context* context) {
  klt_table* kinds = NULL;
  CHECK_OK(context, klt_classifier_kinds(context, &kinds));
  CHECK(klt_table_row_count(kinds) >= 3);
  CHECK_TEXT(klt_table_column_name(kinds, 1), "schema");
  klt_table_free(kinds);
}

static void check_more(klt_context* context, const klt_base* base) {
  klt_features* features = NULL;
  klt_features* wider = NULL;
  klt_classifier* classifier = NULL;
  klt_model* model = NULL;
  klt_classification* lifecycle = NULL;
  klt_table* table = NULL;
  klt_table* list = NULL;
  klt_table* again = NULL;
  size_t column = 0;
  char* first;
  char* second;
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, NULL, &features));
  CHECK_OK(context, klt_features_with_periods(context, features, base, NULL, &wider));
  CHECK(klt_features_with_periods(context, wider, base, NULL, &wider) == KLT_INVALID_ARGUMENT);
  CHECK_OK(context, klt_features_table(context, wider, &table));
  CHECK_OK(context, klt_table_find_column(context, table, "gap_days_last", &column));
  CHECK_OK(context, klt_classifier_from_json(context, "lifecycle", "{}", &classifier));
  CHECK_OK(context, klt_classifier_fit(context, classifier, table, &model));
  CHECK_OK(context, klt_model_classify(context, model, table, &lifecycle));
  CHECK_OK(context, klt_attention_list(context, wider, lifecycle, "{\"least_risk\": 0}", &list));
  CHECK_OK(context, klt_attention_list(context, wider, NULL, "{\"least_risk\": 0}", &again));
  CHECK(klt_table_row_count(list) > 0);
  first = csv_of(context, list);
  second = csv_of(context, again);
  CHECK(strcmp(first, second) == 0);
  free(first);
  free(second);
  klt_table_free(again);
  again = NULL;
  CHECK(klt_attention_list(context, wider, NULL, "{\"limit\": -1}", &again) == KLT_BAD_POLICY);
  CHECK_TEXT(klt_context_last_where(context), "/limit");
  CHECK(again == NULL);
  klt_table_free(list);
  list = NULL;
  CHECK_OK(context, klt_base_cohorts(context, base, EXAMPLE_AS_OF, KLT_PERIOD_MONTH, &list));
  CHECK(klt_table_row_count(list) > 0);
  CHECK(number_at(context, list, "retention", 0) == 1);
  CHECK(klt_base_cohorts(context, base, EXAMPLE_AS_OF, KLT_PERIOD_POLICY, &again) == KLT_INVALID_ARGUMENT);
  CHECK_TEXT(klt_context_last_where(context), "period");
  klt_table_free(list);
  klt_table_free(table);
  klt_classification_free(lifecycle);
  klt_model_free(model);
  klt_classifier_free(classifier);
  klt_features_free(wider);
  klt_features_free(features);
}

int main(void) {
  klt_context* context = NULL;
  klt_ingest_result* ingested;
  klt_base* base;
  CHECK(klt_context_new(&context) == KLT_OK);
  ingested = ingest_rows(context, EXAMPLE_ROWS);
  base = base_of(context, ingested);
  klt_ingest_result_free(ingested);
  check_features(context, base);
  check_own_measure(context, base);
  check_more(context, base);
  klt_base_free(base);
  check_refresh(context);
  check_stages(context);
  check_kinds(context);
  klt_features_free(NULL);
  klt_classifier_free(NULL);
  klt_model_free(NULL);
  klt_classification_free(NULL);
  klt_context_free(context);
  test_data_unused();
  return check_result();
}
