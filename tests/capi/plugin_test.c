/* C ABI of plug-ins: a classifier as callbacks, in a policy, under the matrix, frozen and loaded; and those that fail.
 */
#include <math.h>

#include "check.h"
#include "data.h"

/* What is alive of one plug-in, and how it misbehaves. */
typedef struct host {
  int classifiers, models, freed;
  klt_status make_gives, classify_gives;
  int silent;    /* fails without a message */
  int code;      /* given instead of the code of row 1; -1: none */
  int nan;       /* the score of row 0 stays NaN */
  int wrong;     /* reasons of a suffix that there is not */
  int reentered; /* status of a call with the outer context out of a callback */
  int stopped;   /* klt_context_is_cancelled() inside */
  int unmade;    /* fit and model_from_json free what they made and fail */
  int silenced;  /* status that reasons gives instead of reasons */
  int32_t reserved;
  const char* written; /* by model_to_json; NULL: the mean */
  const char* suffix;
  klt_context* outer;
} host;

typedef struct frequent {
  double least;
} frequent;

static klt_status frequent_make(klt_context* context, const char* name, const char* options, klt_plugin_shape* shape,
                                void** classifier, void* user_data) {
  static const char* const inputs[] = {"frequency", "client"};
  static const char* const labels[] = {"seldom", "often"};
  static const klt_plugin_column* columns[2];
  static klt_plugin_column often = KLT_PLUGIN_COLUMN_INIT;
  static klt_plugin_column score = KLT_PLUGIN_COLUMN_INIT;
  host* me = (host*)user_data;
  const char* least = strstr(options, "\"least\":");
  frequent* made = NULL;
  CHECK(strstr(options, "\"kind\"") != NULL && name[0] != '\0');
  CHECK(shape->struct_size == sizeof *shape && shape->inputs == NULL);
  if (me->make_gives != KLT_OK) return klt_context_fail(context, me->make_gives, "least must be a number", "least");
  often.labels = labels;
  often.label_count = 2;
  score.suffix = me->suffix;
  score.type = KLT_COLUMN_DOUBLE;
  score.reserved = me->reserved;
  columns[0] = &often;
  columns[1] = &score;
  shape->inputs = inputs;
  shape->input_count = 2;
  shape->columns = columns;
  shape->column_count = 2;
  made = (frequent*)malloc(sizeof *made);
  made->least = least == NULL ? 0 : strtod(least + 8, NULL);
  *classifier = made;
  ++me->classifiers;
  return KLT_OK;
}

static klt_status frequent_fit(klt_context* context, const void* classifier, const klt_table* inputs, void** model,
                               void* user_data) {
  host* me = (host*)user_data;
  const size_t rows = klt_table_row_count(inputs);
  double* mean = (double*)malloc(sizeof *mean);
  size_t row;
  CHECK(klt_table_column_count(inputs) == 2);
  CHECK_TEXT(klt_table_column_name(inputs, 0), "frequency");
  CHECK_TEXT(klt_table_column_name(inputs, 1), "client");
  *mean = 0;
  for (row = 0; row < rows; ++row) {
    double value = 0;
    CHECK_OK(context, klt_table_get_double(context, inputs, 0, row, &value));
    *mean += value / (double)rows;
  }
  if (((const frequent*)classifier)->least > 0) *mean = ((const frequent*)classifier)->least;
  *model = mean; /* stays in *model when it is freed and fit fails */
  if (me->unmade) {
    free(mean);
    return klt_context_fail(context, KLT_BAD_DATA, "nobody has a mean", NULL);
  }
  ++me->models;
  return KLT_OK;
}

static klt_status frequent_classify(klt_context* context, const void* classifier, const void* model,
                                    const klt_table* inputs, void* const* values, uint8_t* const* valid,
                                    void* user_data) {
  host* me = (host*)user_data;
  const size_t rows = klt_table_row_count(inputs);
  uint16_t* codes = (uint16_t*)values[0];
  double* scores = (double*)values[1];
  double* read = (double*)malloc((rows + 1) * sizeof *read);
  klt_string* text = NULL;
  size_t row;
  klt_status status = klt_table_read_double(context, inputs, 0, 0, rows, read, NULL);
  (void)classifier;
  if (me->outer != NULL) me->reentered = klt_string_new(me->outer, "x", &text);
  me->stopped = klt_context_is_cancelled(context);
  for (row = 0; status == KLT_OK && row < rows; ++row) {
    CHECK(codes[row] == 0xFFFF && isnan(scores[row]) && valid[0][row] == 1);
    codes[row] = read[row] > *(const double*)model;
    if (row > 0 || !me->nan) scores[row] = read[row] / *(const double*)model;
    if (row == 1 && me->code >= 0) codes[row] = (uint16_t)me->code;
    if (row == 2) valid[1][row] = 0;
  }
  free(read);
  if (status == KLT_OK && me->classify_gives != KLT_OK)
    status = me->silent ? me->classify_gives : klt_context_fail(context, me->classify_gives, "the model is bad", NULL);
  return status;
}

static klt_status frequent_reasons(klt_context* context, const void* classifier, const void* model,
                                   const klt_table* inputs, size_t row,
                                   void (*tell)(const klt_plugin_reason* reason, void* tell_data), void* tell_data,
                                   void* user_data) {
  klt_plugin_reason reason = KLT_PLUGIN_REASON_INIT;
  char edge[32];
  double value = 0;
  CHECK_OK(context, klt_table_get_double(context, inputs, 0, row, &value));
  (void)classifier;
  if (((host*)user_data)->silenced != KLT_OK)
    return klt_context_fail(context, ((host*)user_data)->silenced, "no reason", NULL);
  sprintf(edge, "%g", *(const double*)model);
  if (value > *(const double*)model)
    reason.low = edge;
  else
    reason.high = edge;
  reason.rule = "frequent.mean";
  tell(&reason, tell_data);
  memset(edge, 'x', sizeof edge - 1); /* what was told is copied */
  reason.low = reason.high = NULL;
  reason.suffix = ((host*)user_data)->wrong ? "_none" : "_score";
  reason.english = "which is orders over the mean";
  tell(&reason, tell_data);
  return KLT_OK;
}

static klt_status frequent_to_json(klt_context* context, const void* classifier, const void* model, klt_string** json,
                                   void* user_data) {
  char text[64];
  const char* written = ((host*)user_data)->written;
  (void)classifier;
  if (written != NULL) return klt_string_new(context, written, json);
  sprintf(text, "{\"mean\": %.17g}", *(const double*)model);
  return klt_string_new(context, text, json);
}

static klt_status frequent_from_json(klt_context* context, const void* classifier, const char* json, void** model,
                                     void* user_data) {
  const char* mean = strstr(json, "\"mean\":");
  double* made;
  (void)classifier;
  if (mean == NULL) return klt_context_fail(context, KLT_BAD_POLICY, "there is no mean", "/learnt/mean");
  made = (double*)malloc(sizeof *made);
  *made = strtod(mean + 7, NULL);
  *model = made;
  if (((host*)user_data)->unmade) {
    free(made);
    return klt_context_fail(context, KLT_BAD_DATA, "the mean is bad", NULL);
  }
  ++((host*)user_data)->models;
  return KLT_OK;
}

static void frequent_free_classifier(void* classifier, void* user_data) {
  --((host*)user_data)->classifiers;
  free(classifier);
}

static void frequent_free_model(void* model, void* user_data) {
  --((host*)user_data)->models;
  free(model);
}

static void frequent_free(void* user_data) { ++((host*)user_data)->freed; }

static host a_host(void) {
  host made;
  memset(&made, 0, sizeof made);
  made.code = -1;
  made.suffix = "_score";
  return made;
}

static klt_registry* registry_of(klt_context* context, host* user_data) {
  klt_classifier_callbacks calls = KLT_CLASSIFIER_CALLBACKS_INIT;
  klt_registry* registry = NULL;
  calls.make = frequent_make;
  calls.fit = frequent_fit;
  calls.classify = frequent_classify;
  calls.reasons = frequent_reasons;
  calls.model_to_json = frequent_to_json;
  calls.model_from_json = frequent_from_json;
  calls.free_classifier = frequent_free_classifier;
  calls.free_model = frequent_free_model;
  calls.free_user_data = frequent_free;
  CHECK_OK(context, klt_registry_new(context, &registry));
  CHECK_OK(context, klt_registry_add(context, registry, "frequent", &calls, user_data));
  return registry;
}

/* Outlives every base that is made of it. */
static test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);

static klt_tables* purchases(klt_context* context) {
  struct ArrowArrayStream stream = test_stream(&source);
  klt_tables* tables = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  return tables;
}

/* The orders of the six example clients: 2, 1, 3, 3, 3, 1; mean 13/6. */
static const char* const whole_policy =
    "{\"classifiers\": {\"busy\": {\"kind\": \"frequent\"}, \"matrix\": {"
    "\"x\": {\"measure\": \"busy\", \"bands\": [\"rare\", \"regular\"], \"labels\": [[\"seldom\"], [\"often\"]]},"
    "\"y\": {\"measure\": \"busy_score\", \"bands\": [\"low\", \"high\"], \"edges\": [0.7]},"
    "\"groups\": [{\"name\": \"good\", \"rules\": [{\"x\": [\"regular\"]}]}, {\"name\": \"rest\", \"rules\": [{}]}]}}}";

static klt_result* ran(klt_context* context, klt_registry* registry, const char* json) {
  klt_tables* tables = purchases(context);
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  if (CHECK_OK(context, klt_policy_from_json_with(context, registry, json, &policy)))
    CHECK_OK(context, klt_run(context, tables, policy, EXAMPLE_AS_OF, &result));
  klt_policy_free(policy);
  klt_tables_free(tables);
  return result;
}

static void check_run(klt_context* context) {
  host me = a_host();
  klt_registry* registry = registry_of(context, &me);
  klt_result* result;
  klt_table* clients = NULL;
  klt_table* reasons = NULL;
  klt_string* csv = NULL;
  klt_string* text = NULL;
  klt_string* html = NULL;
  klt_classification* busy = NULL;
  size_t column = 0;
  size_t row;
  int null = 0;
  static const char* const labels[] = {"seldom", "seldom", "often", "often", "often", "seldom"};
  me.outer = context;
  result = ran(context, registry, whole_policy);
  klt_registry_free(registry); /* what was made of it lives on */
  CHECK(me.reentered == KLT_INVALID_ARGUMENT && me.stopped == 0);
  CHECK_OK(context, klt_result_clients(context, result, &clients));
  CHECK_OK(context, klt_table_find_column(context, clients, "busy", &column));
  CHECK(klt_table_column_type(clients, column) == KLT_COLUMN_LABEL);
  for (row = 0; row < 6; ++row) {
    const char* label = NULL;
    size_t size = 0;
    CHECK_OK(context, klt_table_get_text(context, clients, column, row, &label, &size));
    CHECK(size == strlen(labels[row]) && strncmp(label, labels[row], size) == 0);
  }
  CHECK_OK(context, klt_table_find_column(context, clients, "busy_score", &column));
  CHECK_OK(context, klt_table_is_null(context, clients, column, 2, &null));
  CHECK(null == 1);
  CHECK(klt_table_null_count(clients, column) == 1);
  CHECK_OK(context, klt_table_to_csv(context, clients, &csv));
  CHECK_CONTAINS(klt_string_data(csv), "rare / low");
  CHECK_CONTAINS(klt_string_data(csv), "regular / high");
  CHECK_CONTAINS(klt_string_data(csv), "regular / unknown");
  CHECK_CONTAINS(klt_string_data(csv), "busy_reason");
  CHECK_OK(context, klt_result_classification(context, result, 0, &busy));
  CHECK_TEXT(klt_classification_kind(busy), "frequent");
  CHECK_OK(context, klt_classification_explain(context, busy, 3, KLT_LANGUAGE_ENGLISH, &text));
  CHECK_TEXT(klt_string_data(text),
             "busy: \"often\", because orders (frequency) is 3 (above 2.16667). "
             "busy_score: 1.3846153846153848, which is orders over the mean.");
  klt_string_free(text);
  CHECK_OK(context, klt_classification_explain(context, busy, 0, KLT_LANGUAGE_RUSSIAN, &text));
  CHECK_CONTAINS(klt_string_data(text), "busy: «seldom», так как число заказов (frequency): 2 (не больше 2.16667).");
  klt_string_free(text);
  CHECK_OK(context, klt_classification_reasons(context, busy, 1, &reasons));
  CHECK(klt_table_row_count(reasons) == 2);
  CHECK_OK(context, klt_result_summary(context, result, &text));
  CHECK_CONTAINS(klt_string_data(text), "\"seldom\": 3");
  CHECK_OK(context, klt_result_html(context, result, &html));
  CHECK_CONTAINS(klt_string_data(html), "Other classes");
  me.wrong = 1;
  klt_table_free(reasons);
  reasons = NULL;
  CHECK_ERROR(context, klt_classification_reasons(context, busy, 1, &reasons), KLT_INTERNAL, "busy");
  CHECK_CONTAINS(klt_context_last_message(context), "_none");
  CHECK(me.models == 1 && me.classifiers == 1 && me.freed == 0);
  klt_result_free(result);
  CHECK(me.models == 1); /* the classification tells its reasons by it */
  klt_classification_free(busy);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
  klt_table_free(clients);
  klt_string_free(csv);
  klt_string_free(text);
  klt_string_free(html);
}

static void check_frozen(klt_context* context) {
  host me = a_host();
  klt_registry* registry = registry_of(context, &me);
  klt_result* result = ran(context, registry, whole_policy);
  klt_features* features = NULL;
  klt_model* model = NULL;
  klt_model* again = NULL;
  klt_classifier* classifier = NULL;
  klt_classification* classes = NULL;
  klt_table* table = NULL;
  klt_table* counts = NULL;
  klt_table* kinds = NULL;
  klt_string* json = NULL;
  int64_t few = 0;
  CHECK_OK(context, klt_result_model(context, result, 0, &model));
  CHECK_OK(context, klt_model_to_json(context, model, &json));
  CHECK_CONTAINS(klt_string_data(json), "\"mean\": 2.1666666666666665");
  CHECK_OK(context, klt_model_from_json_with(context, registry, klt_string_data(json), &again));
  CHECK_TEXT(klt_model_name(again), "busy");
  CHECK_OK(context, klt_result_features(context, result, &features));
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_OK(context, klt_model_classify(context, again, table, &classes));
  CHECK_OK(context, klt_classification_counts(context, classes, "busy", &counts));
  CHECK_OK(context, klt_table_get_int64(context, counts, 1, 0, &few));
  CHECK_NUMBER(few, 3);
  klt_model_free(again);
  again = NULL;
  CHECK_ERROR(context, klt_model_from_json(context, klt_string_data(json), &again), KLT_BAD_POLICY, "/kind");
  CHECK_STATUS(context,
               klt_model_from_json_with(
                   context, registry,
                   "{\"name\": \"a\", \"kind\": \"frequent\", \"model\": {\"options\": {}, \"learnt\": {}}}", &again),
               KLT_BAD_POLICY);
  CHECK_CONTAINS(klt_context_last_message(context), "there is no mean");
  CHECK_STATUS(
      context,
      klt_model_from_json_with(context, registry,
                               "{\"name\": \"a\", \"kind\": \"frequent\", \"model\": {\"options\": {}}}", &again),
      KLT_BAD_POLICY);
  CHECK_OK(context, klt_classifier_from_json_with(context, registry, "mine", "{\"kind\": \"frequent\", \"least\": 1}",
                                                  &classifier));
  klt_string_free(json);
  CHECK_OK(context, klt_classifier_to_json(context, classifier, &json));
  CHECK_CONTAINS(klt_string_data(json), "\"least\": 1");
  klt_table_free(counts);
  klt_classification_free(classes);
  counts = NULL;
  klt_model_free(model);
  model = NULL;
  CHECK_OK(context, klt_classifier_fit(context, classifier, table, &model));
  CHECK_OK(context, klt_model_classify(context, model, table, &classes));
  CHECK_OK(context, klt_classification_counts(context, classes, "mine", &counts));
  CHECK_OK(context, klt_table_get_int64(context, counts, 1, 1, &few));
  CHECK_NUMBER(few, 4);
  CHECK_OK(context, klt_registry_kinds(context, registry, &kinds));
  CHECK(klt_table_row_count(kinds) == 12);
  klt_table_free(kinds);
  klt_table_free(counts);
  klt_table_free(table);
  klt_classification_free(classes);
  klt_classifier_free(classifier);
  klt_features_free(features);
  klt_model_free(model);
  klt_string_free(json);
  klt_result_free(result);
  klt_registry_free(registry);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
}

/* The classes at the ends of three weeks, by the mean of the last: in one pass, with why a client moved. */
static void check_history(klt_context* context) {
  static const int32_t days[] = {EXAMPLE_FIRST_DAY, EXAMPLE_FIRST_DAY + 14, EXAMPLE_AS_OF};
  host me = a_host();
  klt_registry* registry = registry_of(context, &me);
  klt_result* result = ran(context, registry, whole_policy);
  klt_history_options options = KLT_HISTORY_OPTIONS_INIT;
  klt_migration_options moves = KLT_MIGRATION_OPTIONS_INIT;
  klt_policy* policy = NULL;
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  klt_history* history = NULL;
  klt_table* labels = NULL;
  klt_table* moved = NULL;
  klt_string* csv = NULL;
  CHECK_OK(context, klt_policy_from_json_with(context, registry, whole_policy, &policy));
  CHECK_OK(context, klt_result_ingest(context, result, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  options.policy = policy;
  CHECK_OK(context, klt_history_of_policy(context, base, days, 3, &options, &history));
  CHECK(klt_history_one_pass(history) == 1);
  CHECK_OK(context, klt_history_of_client(context, history, "3", "busy", &labels));
  CHECK_OK(context, klt_table_to_csv(context, labels, &csv));
  CHECK_CONTAINS(klt_string_data(csv), "2015-01-01,seldom,");
  CHECK_CONTAINS(klt_string_data(csv), "2015-01-15,often,");
  klt_string_free(csv);
  moves.column = "busy";
  CHECK_OK(context, klt_history_transitions(context, history, &moves, &moved));
  CHECK_OK(context, klt_table_to_csv(context, moved, &csv));
  CHECK_CONTAINS(klt_string_data(csv), "3,2015-01-01,2015-01-15,move,seldom,often,");
  CHECK_CONTAINS(klt_string_data(csv), "orders went from 1 to 3, above 2.16667.");
  klt_string_free(csv);
  klt_table_free(moved);
  klt_table_free(labels);
  klt_history_free(history);
  klt_base_free(base);
  klt_ingest_result_free(read);
  klt_policy_free(policy);
  klt_result_free(result);
  klt_registry_free(registry);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
}

/* Runs the plug-in as it misbehaves; the message has to name it. */
static void fails(klt_context* context, const host* how, const char* json, klt_status want, const char* part) {
  host me = *how;
  klt_registry* registry = registry_of(context, &me);
  klt_tables* tables = purchases(context);
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_status status = klt_policy_from_json_with(context, registry, json, &policy);
  if (status == KLT_OK) status = klt_run(context, tables, policy, EXAMPLE_AS_OF, &result);
  CHECK_STATUS(context, status, want);
  CHECK_CONTAINS(klt_context_last_message(context), "busy");
  CHECK_CONTAINS(klt_context_last_message(context), part);
  CHECK(result == NULL);
  klt_policy_free(policy);
  klt_tables_free(tables);
  klt_registry_free(registry);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
}

static void check_failures_of(klt_context* context) {
  static const char* const busy = "{\"classifiers\": {\"busy\": {\"kind\": \"frequent\"}}}";
  host how = a_host();
  how.code = 2;
  fails(context, &how, busy, KLT_INTERNAL, "gave code 2 in row 1 of column busy, which has 2 labels");
  how.code = 0xFFFF; /* as if it had been left out */
  fails(context, &how, busy, KLT_INTERNAL, "gave code 65535");
  how = a_host();
  how.nan = 1;
  fails(context, &how, busy, KLT_INTERNAL, "gave NaN in row 0 of column busy_score");
  how = a_host();
  how.classify_gives = KLT_NOT_FOUND;
  fails(context, &how, busy, KLT_NOT_FOUND, "the model is bad");
  how.classify_gives = KLT_CANCELLED;
  fails(context, &how, busy, KLT_CANCELLED, "cancelled");
  how.silent = 1;
  fails(context, &how, busy, KLT_CANCELLED, "cancelled");
  how.classify_gives = KLT_OUT_OF_MEMORY;
  fails(context, &how, busy, KLT_OUT_OF_MEMORY, "failed in classify");
  how.classify_gives = 77;
  fails(context, &how, busy, KLT_INTERNAL, "77, which is no status");
  how = a_host();
  how.make_gives = KLT_INVALID_ARGUMENT;
  fails(context, &how, busy, KLT_BAD_POLICY, "least must be a number");
  CHECK_TEXT(klt_context_last_where(context), "/classifiers/busy/least");
  how = a_host();
  how.suffix = "";
  fails(context, &how, busy, KLT_BAD_POLICY, "the column busy twice");
  CHECK_TEXT(klt_context_last_where(context), "/classifiers/busy");
  how.suffix = "\xff";
  fails(context, &how, busy, KLT_BAD_POLICY, "not UTF-8");
  how = a_host();
  how.reserved = 1;
  fails(context, &how, busy, KLT_BAD_POLICY, "busy_score whose reserved is not 0");
  how = a_host();
  how.unmade = 1;
  fails(context, &how, busy, KLT_BAD_DATA, "nobody has a mean");
  /* Two that write one column: known before there are data. */
  how = a_host();
  fails(context, &how, "{\"classifiers\": {\"busy\": {\"kind\": \"frequent\"}, \"busy_score\": {\"kind\": \"abc\"}}}",
        KLT_BAD_POLICY, "writes column busy_score");
}

/* What a model's JSON may hold, and what fails while it is read or written. */
static void check_documents(klt_context* context) {
  static const char* const bad[] = {
      "{\"name\": \"busy\", \"kind\": \"frequent\", \"model\": {\"options\": 5, \"learnt\": {\"mean\":1}}}",
      "{\"name\": \"busy\", \"kind\": \"frequent\", \"model\": {\"options\": [], \"learnt\": {\"mean\":1}}}",
      "{\"name\": \"\", \"kind\": \"frequent\", \"model\": {\"options\": {}, \"learnt\": {\"mean\":1}}}"};
  static const char* const places[] = {"/model/options", "/model/options", "/name"};
  static const char good[] =
      "{\"name\": \"busy\", \"kind\": \"frequent\", \"model\": {\"options\": {}, \"learnt\": {\"mean\":1}}}";
  static const char* const written[] = {"{", "5"};
  host me = a_host();
  klt_registry* registry = registry_of(context, &me);
  klt_model* model = NULL;
  klt_string* json = NULL;
  size_t i;
  for (i = 0; i < 3; ++i)
    CHECK_ERROR(context, klt_model_from_json_with(context, registry, bad[i], &model), KLT_BAD_POLICY, places[i]);
  me.unmade = 1;
  CHECK_ERROR(context, klt_model_from_json_with(context, registry, good, &model), KLT_BAD_DATA, "busy");
  CHECK(model == NULL && me.models == 0 && me.classifiers == 0);
  me.unmade = 0;
  CHECK_OK(context, klt_model_from_json_with(context, registry, good, &model));
  for (i = 0; i < 2; ++i) {
    me.written = written[i];
    CHECK_ERROR(context, klt_model_to_json(context, model, &json), KLT_INTERNAL, "busy");
  }
  klt_model_free(model);
  klt_registry_free(registry);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
}

/* Counts down; asked by the library and by the plug-in. */
static int cancels(void* user_data) { return --*(int*)user_data < 0; }

static void check_cancel_callback(klt_context* context) {
  host me = a_host();
  klt_registry* registry = registry_of(context, &me);
  klt_classifier* classifier = NULL;
  klt_model* model = NULL;
  klt_classification* classes = NULL;
  klt_result* result = ran(context, registry, whole_policy);
  klt_features* features = NULL;
  klt_table* table = NULL;
  int left = 0;
  CHECK_OK(context, klt_result_features(context, result, &features));
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_OK(context, klt_classifier_from_json_with(context, registry, "mine", "{\"kind\": \"frequent\"}", &classifier));
  CHECK_OK(context, klt_classifier_fit(context, classifier, table, &model));
  CHECK_OK(context, klt_context_set_cancel(context, cancels, &left));
  /* A call of one plug-in asks nothing before it: the plug-in is the first. */
  CHECK_STATUS(context, klt_model_classify(context, model, table, &classes), KLT_OK);
  CHECK(me.stopped == 1 && left == -1);
  left = 1;
  klt_classification_free(classes);
  classes = NULL;
  CHECK_STATUS(context, klt_model_classify(context, model, table, &classes), KLT_OK);
  CHECK(me.stopped == 0 && left == 0);
  CHECK_OK(context, klt_context_set_cancel(context, NULL, NULL));
  klt_classification_free(classes);
  klt_model_free(model);
  klt_classifier_free(classifier);
  klt_table_free(table);
  klt_features_free(features);
  klt_result_free(result);
  klt_registry_free(registry);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
}

static uint64_t orders_of(klt_context* context, const klt_tracker* tracker, const char* client) {
  klt_table* table = NULL;
  size_t column = 0;
  double orders = 0;
  CHECK_OK(context, klt_tracker_of_client(context, tracker, client, &table));
  CHECK_OK(context, klt_table_find_column(context, table, "frequency", &column));
  CHECK_OK(context, klt_table_get_double(context, table, column, 0, &orders));
  klt_table_free(table);
  return (uint64_t)orders;
}

/* An event is counted and moves its client, or it is an error and is not. */
static void check_tracker(klt_context* context) {
  static const char* const unknown[] = {"measure", "value_before", "value_after", "threshold", "reason"};
  host me = a_host();
  klt_registry* registry = registry_of(context, &me);
  klt_result* result = ran(context, registry, "{\"classifiers\": {\"busy\": {\"kind\": \"frequent\"}}}");
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  klt_model* model = NULL;
  klt_tracker* tracker = NULL;
  klt_table* moves = NULL;
  klt_purchase line = KLT_PURCHASE_INIT;
  uint64_t before;
  size_t i;
  CHECK_OK(context, klt_result_ingest(context, result, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  klt_ingest_result_free(read);
  CHECK_OK(context, klt_result_model(context, result, 0, &model));
  CHECK_OK(context,
           klt_tracker_new(context, base, EXAMPLE_AS_OF, (const klt_model* const*)&model, 1, NULL, NULL, 0, &tracker));
  line.client = "1"; /* two orders, and above the mean with a third */
  line.at = (int64_t)EXAMPLE_AS_OF * 86400000000;
  line.amount = 10000;
  before = orders_of(context, tracker, line.client);
  me.classify_gives = KLT_BAD_DATA;
  CHECK_STATUS(context, klt_tracker_purchase(context, tracker, &line, KLT_LANGUAGE_ENGLISH, &moves), KLT_BAD_DATA);
  CHECK(moves == NULL && orders_of(context, tracker, line.client) == before);
  me.classify_gives = KLT_OK;
  me.silenced = KLT_NOT_FOUND;
  if (CHECK_OK(context, klt_tracker_purchase(context, tracker, &line, KLT_LANGUAGE_ENGLISH, &moves))) {
    CHECK(klt_table_row_count(moves) == 1);
    for (i = 0; i < 5; ++i) {
      size_t column = 0;
      CHECK_OK(context, klt_table_find_column(context, moves, unknown[i], &column));
      CHECK(klt_table_null_count(moves, column) == 1);
    }
    CHECK_OK(context, klt_table_find_column(context, moves, "to", &i));
    CHECK(klt_table_null_count(moves, i) == 0);
  }
  CHECK(orders_of(context, tracker, line.client) == before + 1);
  klt_table_free(moves);
  klt_tracker_free(tracker);
  klt_model_free(model);
  klt_base_free(base);
  klt_result_free(result);
  klt_registry_free(registry);
  CHECK(me.models == 0 && me.classifiers == 0 && me.freed == 1);
}

static void check_registry(klt_context* context) {
  klt_classifier_callbacks calls = KLT_CLASSIFIER_CALLBACKS_INIT;
  host me = a_host();
  klt_registry* registry = NULL;
  klt_policy* policy = NULL;
  CHECK_OK(context, klt_registry_new(context, &registry));
  CHECK_ERROR(context, klt_registry_add(context, registry, "mine", &calls, &me), KLT_INVALID_ARGUMENT,
              "callbacks.make");
  calls.make = frequent_make;
  CHECK_ERROR(context, klt_registry_add(context, registry, "mine", &calls, &me), KLT_INVALID_ARGUMENT,
              "callbacks.classify");
  calls.classify = frequent_classify;
  calls.free_user_data = frequent_free;
  CHECK_ERROR(context, klt_registry_add(context, registry, "abc", &calls, &me), KLT_INVALID_ARGUMENT, "kind");
  CHECK_ERROR(context, klt_registry_add(context, registry, "", &calls, &me), KLT_INVALID_ARGUMENT, "kind");
  calls.schema = "{";
  CHECK_STATUS(context, klt_registry_add(context, registry, "mine", &calls, &me), KLT_BAD_POLICY);
  calls.schema = NULL;
  calls.struct_size = 12;
  CHECK_ERROR(context, klt_registry_add(context, registry, "mine", &calls, &me), KLT_INVALID_ARGUMENT,
              "callbacks.struct_size");
  CHECK(me.freed == 0); /* user_data stayed ours */
  CHECK_ERROR(context,
              klt_policy_from_json_with(context, registry, "{\"classifiers\": {\"a\": {\"kind\": \"mine\"}}}", &policy),
              KLT_BAD_POLICY, "/classifiers/a/kind");
  CHECK_OK(context, klt_policy_from_json_with(context, registry, "{}", &policy));
  klt_policy_free(policy);
  klt_registry_free(registry);
  CHECK(me.freed == 0);
  klt_registry_free(NULL);
  CHECK_ERROR(context, klt_context_fail(context, KLT_OK, "fine", NULL), KLT_INVALID_ARGUMENT, "status");
  CHECK_ERROR(context, klt_context_fail(context, 4711, "fine", NULL), KLT_INVALID_ARGUMENT, "status");
  CHECK_ERROR(context, klt_context_fail(context, KLT_NOT_FOUND, "gone", "it"), KLT_NOT_FOUND, "it");
  CHECK(klt_context_is_cancelled(NULL) == 0 && klt_context_is_cancelled(context) == 0);
}

int main(void) {
  klt_context* context = NULL;
  if (klt_context_new(&context) != KLT_OK) return 1;
  CHECK_OK(context, klt_context_set_threads(context, 3)); /* callbacks stay on this thread all the same */
  check_run(context);
  check_frozen(context);
  check_history(context);
  check_failures_of(context);
  check_documents(context);
  check_cancel_callback(context);
  check_tracker(context);
  check_registry(context);
  klt_context_free(context);
  CHECK(source.live == 0);
  test_data_unused();
  return check_result();
}
