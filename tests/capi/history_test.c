/* Histories, migration and trackers over the C ABI. */

#include "check.h"

enum { LINES = 9 };
/* Client 1 buys more and more, 2 stops, 3 begins late. Days since 1970-01-01: 20454 is 2026-01-01. */
static const int64_t clients[LINES] = {1, 2, 1, 2, 1, 3, 1, 3, 1};
static const int32_t days[LINES] = {20454, 20460, 20490, 20495, 20520, 20530, 20550, 20560, 20570};
static const int64_t amounts[LINES] = {100000, 900000, 200000, 50000, 300000, 70000, 4000000, 90000, 5000000};

static const char policy_json[] =
    "{\"version\":1,\"classifiers\":{\"rfm\":{\"kind\":\"rfm\"},\"abc\":{\"kind\":\"abc\"}}}";

/* The first of the purchases above; the caller frees the table. */
static klt_table* purchases(klt_context* context, size_t lines) {
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  CHECK_OK(context, klt_table_builder_new(context, lines, &builder));
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "client", clients, NULL));
  CHECK_OK(context, klt_table_builder_add_day(context, builder, "at", days, NULL));
  CHECK_OK(context, klt_table_builder_add_money(context, builder, "amount", amounts, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

static klt_base* make_base(klt_context* context, size_t lines) {
  klt_table* table = purchases(context, lines);
  klt_tables* tables = NULL;
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  CHECK_OK(context, klt_ingest(context, tables, NULL, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  klt_ingest_result_free(read);
  klt_tables_free(tables);
  klt_table_free(table);
  return base;
}

/* The models that a day's features were classified by, and the table that came of it. */
static klt_table* classified(klt_context* context, const klt_base* base, int32_t as_of, const klt_policy* policy,
                             klt_model** models, int fit) {
  klt_feature_options options = KLT_FEATURE_OPTIONS_INIT;
  klt_features* features = NULL;
  klt_table* table = NULL;
  size_t i;
  options.policy = policy;
  CHECK_OK(context, klt_features_compute(context, base, as_of, &options, &features));
  for (i = 0; i < klt_policy_classifier_count(policy); ++i) {
    klt_classification* classes = NULL;
    klt_features* more = NULL;
    CHECK_OK(context, klt_features_table(context, features, &table));
    if (fit) {
      klt_classifier* classifier = NULL;
      CHECK_OK(context, klt_policy_classifier(context, policy, i, &classifier));
      CHECK_OK(context, klt_classifier_fit(context, classifier, table, &models[i]));
      klt_classifier_free(classifier);
    }
    CHECK_OK(context, klt_model_classify(context, models[i], table, &classes));
    CHECK_OK(context, klt_features_with_classification(context, features, classes, &more));
    klt_features_free(features);
    features = more;
    klt_classification_free(classes);
    klt_table_free(table);
  }
  CHECK_OK(context, klt_features_table(context, features, &table));
  klt_features_free(features);
  return table;
}

static void check_history(klt_context* context, const klt_base* base, const klt_policy* policy) {
  static const char* const columns[] = {"abc"};
  static const int32_t wrong[] = {20500, 20500};
  klt_history_options options = KLT_HISTORY_OPTIONS_INIT;
  klt_migration_options choice = KLT_MIGRATION_OPTIONS_INIT;
  klt_table* ends = NULL;
  klt_table* table = NULL;
  klt_history* history = NULL;
  int32_t list[5];
  size_t i;

  CHECK_OK(context, klt_period_ends(context, base, KLT_PERIOD_MONTH, KLT_NO_DAY, KLT_NO_DAY, &ends));
  CHECK(klt_table_row_count(ends) == 4);
  CHECK_CONTAINS(cell(context, ends, "day", 0), "2026-01-31");
  CHECK_CONTAINS(cell(context, ends, "day", 3), "2026-04-27");
  for (i = 0; i < 4; ++i) {
    int64_t day = 0;
    CHECK_OK(context, klt_table_get_int64(context, ends, 0, i, &day));
    list[i] = (int32_t)day;
  }
  klt_table_free(ends);
  ends = NULL;
  CHECK_STATUS(context, klt_period_ends(context, base, 9, KLT_NO_DAY, KLT_NO_DAY, &ends), KLT_INVALID_ARGUMENT);
  CHECK_STATUS(context, klt_period_ends(context, base, KLT_PERIOD_MONTH, KLT_NO_DAY, 20000, &ends), KLT_NOT_FOUND);
  CHECK(ends == NULL);

  options.policy = policy;
  options.columns = columns;
  options.column_count = 1;
  CHECK_STATUS(context, klt_history_of_policy(context, base, wrong, 2, &options, &history), KLT_INVALID_ARGUMENT);
  CHECK_CONTAINS(klt_context_last_where(context), "days");
  CHECK_STATUS(context, klt_history_of_policy(context, base, NULL, 2, &options, &history), KLT_INVALID_ARGUMENT);
  options.refit = 2;
  CHECK_STATUS(context, klt_history_of_policy(context, base, list, 4, &options, &history), KLT_INVALID_ARGUMENT);
  CHECK_CONTAINS(klt_context_last_where(context), "options.refit");
  options.refit = 0;
  options.hold = 0;
  CHECK_STATUS(context, klt_history_of_policy(context, base, list, 4, &options, &history), KLT_INVALID_ARGUMENT);
  CHECK(history == NULL);
  options.hold = 1;
  options.margin = 1;
  CHECK_STATUS(context, klt_history_of_policy(context, base, list, 4, &options, &history), KLT_INVALID_ARGUMENT);
  CHECK_CONTAINS(klt_context_last_where(context), "margin");
  /* Client 2 has 95, which is the limit of B: with the margin it has to be past 104.5. */
  options.margin = 0.1;
  CHECK_OK(context, klt_history_of_policy(context, base, list, 4, &options, &history));
  CHECK_OK(context, klt_history_of_client(context, history, "2", "abc", &table));
  CHECK_TEXT(cell(context, table, "label", 3), "C");
  klt_table_free(table);
  klt_history_free(history);
  history = NULL;
  options.margin = 0;
  CHECK_OK(context, klt_history_of_policy(context, base, list, 4, &options, &history));
  CHECK_OK(context, klt_history_of_client(context, history, "2", "abc", &table));
  CHECK_TEXT(cell(context, table, "label", 0), "C");
  CHECK_TEXT(cell(context, table, "label", 3), "B");
  klt_table_free(table);
  table = NULL;
  CHECK(klt_history_one_pass(history) == 1);

  CHECK_OK(context, klt_history_days(context, history, &table));
  CHECK(klt_table_row_count(table) == 4);
  klt_table_free(table);
  CHECK_OK(context, klt_history_table(context, history, list[3], &table));
  CHECK(klt_table_row_count(table) == 3);
  CHECK_CONTAINS(cell(context, table, "abc", 0), "A");
  CHECK_CONTAINS(cell(context, table, "abc", 2), "C");
  klt_table_free(table);
  table = NULL;
  CHECK_STATUS(context, klt_history_table(context, history, list[3] + 1, &table), KLT_NOT_FOUND);
  CHECK(table == NULL);
  /* Client 3 is not known on the first three of the days but one. */
  CHECK_OK(context, klt_history_table(context, history, KLT_NO_DAY, &table));
  CHECK(klt_table_row_count(table) == 2 + 2 + 3 + 3);
  klt_table_free(table);
  CHECK_OK(context, klt_history_of_client(context, history, "3", "abc", &table));
  CHECK_CONTAINS(cell(context, table, "known", 0), "false");
  CHECK_CONTAINS(cell(context, table, "known", 3), "true");
  CHECK_CONTAINS(cell(context, table, "label", 3), "C");
  klt_table_free(table);
  table = NULL;
  CHECK_STATUS(context, klt_history_of_client(context, history, "9", "abc", &table), KLT_NOT_FOUND);
  CHECK_STATUS(context, klt_history_of_client(context, history, "3", "none", &table), KLT_NOT_FOUND);
  CHECK(table == NULL);

  CHECK_OK(context, klt_history_migration(context, history, NULL, &table));
  klt_table_free(table);
  CHECK_OK(context, klt_history_migrations(context, history, &choice, &table));
  klt_table_free(table);
  CHECK_OK(context, klt_history_transitions(context, history, &choice, &table));
  CHECK(klt_table_row_count(table) > 0);
  CHECK_CONTAINS(cell(context, table, "kind", klt_table_row_count(table) - 1), "");
  klt_table_free(table);
  choice.client = "1";
  choice.language = KLT_LANGUAGE_RUSSIAN;
  CHECK_OK(context, klt_history_transitions(context, history, &choice, &table));
  for (i = 0; i < klt_table_row_count(table); ++i) CHECK_CONTAINS(cell(context, table, "client", i), "1");
  klt_table_free(table);
  table = NULL;
  choice.client = NULL;
  CHECK_OK(context, klt_history_stay_times(context, history, &choice, &table));
  CHECK(klt_table_row_count(table) == 3);
  klt_table_free(table);
  CHECK_OK(context, klt_history_probabilities(context, history, &choice, &table));
  CHECK(klt_table_row_count(table) == 16);
  klt_table_free(table);
  choice.steps = 3;
  CHECK_OK(context, klt_history_project(context, history, &choice, &table));
  CHECK(klt_table_row_count(table) == 3 * 4);
  klt_table_free(table);
  table = NULL;
  choice.steps = 0;
  CHECK_STATUS(context, klt_history_project(context, history, &choice, &table), KLT_INVALID_ARGUMENT);
  choice.steps = 1;
  choice.column = "rfm_r";
  CHECK_STATUS(context, klt_history_project(context, history, &choice, &table), KLT_NOT_FOUND);
  choice.column = NULL;
  choice.max_reasons = -1;
  CHECK_STATUS(context, klt_history_transitions(context, history, &choice, &table), KLT_INVALID_ARGUMENT);
  choice.max_reasons = 5;
  choice.language = 7;
  CHECK_STATUS(context, klt_history_transitions(context, history, &choice, &table), KLT_INVALID_ARGUMENT);
  CHECK(table == NULL);
  klt_history_free(history);
  klt_history_free(NULL);
}

static void check_tracker(klt_context* context, const klt_base* all, const klt_policy* policy) {
  enum { KNOWN = 5, AS_OF = 20600 };
  klt_base* base = make_base(context, KNOWN);
  klt_model* models[2] = {NULL, NULL};
  const klt_model* frozen[2];
  klt_tracker* tracker = NULL;
  klt_table* table = NULL;
  klt_purchase line = KLT_PURCHASE_INIT;
  klt_interaction contact = KLT_INTERACTION_INIT;
  static const char* const columns[] = {"client", "rfm_r", "rfm_f", "rfm_m", "rfm_segment", "abc"};
  klt_table* before = classified(context, base, AS_OF, policy, models, 1);
  klt_table* expected = NULL;
  size_t moves = 0;
  size_t i;
  frozen[0] = models[0];
  frozen[1] = models[1];
  CHECK_STATUS(context, klt_tracker_new(context, base, AS_OF, frozen, 2, policy, NULL, 0, NULL), KLT_INVALID_ARGUMENT);
  CHECK_OK(context, klt_tracker_new(context, base, AS_OF, frozen, 2, policy, NULL, 0, &tracker));
  CHECK(klt_tracker_as_of(tracker) == AS_OF);
  CHECK(klt_tracker_as_of(NULL) == KLT_NO_DAY);

  CHECK_STATUS(context, klt_tracker_purchase(context, tracker, NULL, KLT_LANGUAGE_ENGLISH, NULL), KLT_INVALID_ARGUMENT);
  CHECK_STATUS(context, klt_tracker_purchase(context, tracker, &line, KLT_LANGUAGE_ENGLISH, NULL),
               KLT_INVALID_ARGUMENT);
  CHECK_CONTAINS(klt_context_last_where(context), "purchase.client");
  line.client = "1";
  line.at = (int64_t)(AS_OF + 2) * 86400000000;
  line.amount = 1;
  CHECK_STATUS(context, klt_tracker_purchase(context, tracker, &line, KLT_LANGUAGE_ENGLISH, NULL), KLT_OUT_OF_RANGE);
  line.at = 0;
  line.amount = KLT_NO_NUMBER;
  CHECK_STATUS(context, klt_tracker_purchase(context, tracker, &line, KLT_LANGUAGE_ENGLISH, NULL),
               KLT_INVALID_ARGUMENT);

  /* The latest first: what comes of it is what the whole base gives. */
  for (i = LINES; i-- > KNOWN;) {
    char id[8];
    sprintf(id, "%d", (int)clients[i]);
    line.client = id;
    line.at = (int64_t)days[i] * 86400000000;
    line.amount = amounts[i];
    CHECK_OK(context, klt_tracker_purchase(context, tracker, &line, KLT_LANGUAGE_ENGLISH, &table));
    moves += klt_table_row_count(table);
    if (klt_table_row_count(table) > 0) CHECK_CONTAINS(cell(context, table, "reason", 0), ".");
    klt_table_free(table);
    table = NULL;
  }
  CHECK(moves > 0);
  CHECK_OK(context, klt_tracker_of_client(context, tracker, "3", &table));
  CHECK(klt_table_row_count(table) == 1);
  klt_table_free(table);
  table = NULL;
  CHECK_STATUS(context, klt_tracker_of_client(context, tracker, "4", &table), KLT_NOT_FOUND);
  CHECK(table == NULL);
  expected = classified(context, all, AS_OF, policy, models, 0);
  CHECK_OK(context, klt_tracker_snapshot(context, tracker, &table));
  CHECK(klt_table_row_count(before) == 2);
  CHECK(klt_table_row_count(table) == klt_table_row_count(expected));
  for (i = 0; i < klt_table_row_count(table); ++i) {
    size_t c;
    for (c = 0; c < sizeof columns / sizeof columns[0]; ++c) {
      CHECK_TEXT(cell(context, table, columns[c], i), cell(context, expected, columns[c], i));
    }
  }
  klt_table_free(table);
  table = NULL;

  CHECK_STATUS(context, klt_tracker_interaction(context, tracker, &contact, KLT_LANGUAGE_ENGLISH, NULL),
               KLT_INVALID_ARGUMENT);
  CHECK_CONTAINS(klt_context_last_where(context), "interaction.client");
  contact.client = "2";
  contact.started_at = (int64_t)20500 * 86400000000;
  CHECK_OK(context, klt_tracker_interaction(context, tracker, &contact, KLT_LANGUAGE_ENGLISH, NULL));
  CHECK_OK(context,
           klt_tracker_request(context, tracker, "2", (int64_t)20500 * 86400000000, KLT_LANGUAGE_RUSSIAN, &table));
  klt_table_free(table);
  table = NULL;
  CHECK_STATUS(context, klt_tracker_request(context, tracker, "2", 0, 9, NULL), KLT_INVALID_ARGUMENT);
  CHECK_STATUS(context, klt_tracker_advance(context, tracker, AS_OF - 1), KLT_INVALID_ARGUMENT);
  CHECK_OK(context, klt_tracker_advance(context, tracker, AS_OF + 10));
  CHECK(klt_tracker_as_of(tracker) == AS_OF + 10);

  klt_table_free(before);
  klt_table_free(expected);
  klt_tracker_free(tracker);
  klt_tracker_free(NULL);
  for (i = 0; i < 2; ++i) klt_model_free(models[i]);
  klt_base_free(base);
}

/* What people assigned is told of known clients and of those who come later. */
static void check_assigned(klt_context* context, const klt_base* base) {
  static const char rules_json[] =
      "{\"version\":1,\"classifiers\":{\"care\":{\"kind\":\"rules\",\"assigned\":\"care\",\"values\":[\"vip\","
      "\"often\",\"no\"],"
      "\"otherwise\":\"no\",\"rules\":[{\"when\":\"frequency > 2\",\"value\":\"often\"}]}}}";
  enum { AS_OF = 20600 };
  klt_policy* policy = NULL;
  klt_assignments* journal = NULL;
  klt_tracker* tracker = NULL;
  klt_table* table = NULL;
  klt_model* models[1] = {NULL};
  const klt_model* frozen[1];
  CHECK_OK(context, klt_policy_from_json(context, rules_json, &policy));
  table = classified(context, base, AS_OF, policy, models, 1);
  klt_table_free(table);
  table = NULL;
  frozen[0] = models[0];
  CHECK_OK(context, klt_assignments_new(context, &journal));
  CHECK_OK(context, klt_assignments_assign(context, journal, "2", "care", "vip", KLT_NO_DAY, NULL));
  CHECK_OK(context, klt_assignments_assign(context, journal, "7", "care", "vip", KLT_NO_DAY, NULL));
  CHECK_OK(context, klt_tracker_new_assigned(context, base, AS_OF, frozen, 1, policy, NULL, 0, journal, &tracker));
  klt_assignments_free(journal);
  CHECK_OK(context,
           klt_tracker_request(context, tracker, "7", (int64_t)20500 * 86400000000, KLT_LANGUAGE_ENGLISH, &table));
  CHECK_TEXT(cell(context, table, "to", 0), "vip");
  klt_table_free(table);
  CHECK_OK(context, klt_tracker_of_client(context, tracker, "2", &table));
  CHECK_TEXT(cell(context, table, "care", 0), "vip");
  klt_table_free(table);
  CHECK_OK(context, klt_tracker_of_client(context, tracker, "1", &table));
  CHECK_TEXT(cell(context, table, "care", 0), "often");
  klt_table_free(table);
  klt_tracker_free(tracker);
  klt_model_free(models[0]);
  klt_policy_free(policy);
}

/* The history, attention list and cohorts of a whole run. */
static void check_of_run(klt_context* context) {
  klt_table* table = purchases(context, LINES);
  klt_tables* tables = NULL;
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_history* history = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  CHECK_OK(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result));
  CHECK_STATUS(context, klt_result_history(context, result, &history), KLT_NOT_FOUND);
  CHECK_TEXT(klt_context_last_where(context), "history");
  CHECK(history == NULL);
  klt_result_free(result);
  klt_tables_free(tables);

  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  CHECK_OK(context, klt_policy_from_json(context,
                                         "{\"preset\": \"default\", \"history\": {\"periods\": 3}, \"report\": "
                                         "{\"language\": \"ru\", \"attention\": {\"states\": [\"active\", "
                                         "\"cooling\", \"sleeping\", \"lost\"]}}}",
                                         &policy));
  CHECK_OK(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));
  CHECK_OK(context, klt_result_history(context, result, &history));
  CHECK_OK(context, klt_result_attention(context, result, &table));
  CHECK(klt_table_row_count(table) > 0);
  CHECK_CONTAINS(cell(context, table, "reason", 0), "дней с последней покупки");
  klt_table_free(table);
  CHECK_OK(context, klt_result_cohorts(context, result, &table));
  CHECK_TEXT(cell(context, table, "cohort", 0), "2026-01");
  CHECK_TEXT(cell(context, table, "cohort_clients", 0), "2");
  klt_table_free(table);
  klt_result_free(result);
  CHECK_OK(context, klt_history_days(context, history, &table)); /* outlives the run */
  CHECK(klt_table_row_count(table) == 3);
  klt_table_free(table);
  klt_history_free(history);
  klt_policy_free(policy);
  klt_tables_free(tables);
}

int main(void) {
  klt_context* context = NULL;
  klt_policy* policy = NULL;
  klt_base* base = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  CHECK_OK(context, klt_policy_from_json(context, policy_json, &policy));
  base = make_base(context, LINES);
  check_history(context, base, policy);
  check_tracker(context, base, policy);
  check_assigned(context, base);
  klt_base_free(base);
  klt_policy_free(policy);
  check_of_run(context);
  klt_context_free(context);
  return check_result();
}
