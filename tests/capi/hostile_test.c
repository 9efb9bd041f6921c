/* C ABI against hosts that misbehave: NULLs, released and failing streams, wrong struct sizes, cancelling anywhere. */
#include "check.h"
#include "data.h"

static klt_tables* example_tables(klt_context* context, test_source* source) {
  struct ArrowArrayStream stream = test_stream(source);
  klt_tables* tables = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  return tables;
}

/* Getters that cannot fail give nothing for NULL. */
static void check_null_getters(void) {
  CHECK(klt_table_row_count(NULL) == 0 && klt_table_column_count(NULL) == 0);
  CHECK(klt_table_column_name(NULL, 0) == NULL && klt_table_column_type(NULL, 0) == -1);
  CHECK(klt_table_null_count(NULL, 0) == 0);
  CHECK(klt_tables_count(NULL) == 0);
  CHECK(klt_base_client_count(NULL) == 0 && klt_base_codes(NULL) == NULL);
  CHECK_TEXT(klt_base_time_zone(NULL), "");
  CHECK_TEXT(klt_base_currency(NULL), "");
  CHECK(klt_features_as_of(NULL) == 0);
  CHECK(klt_policy_classifier_count(NULL) == 0 && klt_policy_classifier_name(NULL, 0) == NULL);
  CHECK(klt_classifier_name(NULL) == NULL && klt_classifier_kind(NULL) == NULL);
  CHECK(klt_model_name(NULL) == NULL && klt_model_kind(NULL) == NULL);
  CHECK(klt_classification_name(NULL) == NULL && klt_classification_kind(NULL) == NULL);
}

static void check_streams(klt_context* context) {
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  struct ArrowArrayStream stream = test_stream(&source);
  struct ArrowArrayStream other = test_stream(&source);
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  /* Refused streams stay the caller's. */
  CHECK_ERROR(context, klt_tables_add_stream(context, tables, "nonsense", &stream), KLT_NOT_FOUND, "table_name");
  CHECK_ERROR(context, klt_tables_add_stream(context, tables, NULL, &stream), KLT_INVALID_ARGUMENT, "table_name");
  CHECK_ERROR(context, klt_tables_add_stream(context, tables, "clients", NULL), KLT_INVALID_ARGUMENT, "stream");
  CHECK(stream.release != NULL && source.streams_released == 0);
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  CHECK_ERROR(context, klt_tables_add_stream(context, tables, "transactions", &other), KLT_INVALID_ARGUMENT,
              "table_name");
  CHECK(other.release != NULL);
  /* `stream` was taken over: it is released now. */
  CHECK_ERROR(context, klt_tables_add_stream(context, tables, "clients", &stream), KLT_INVALID_ARGUMENT, "stream");
  {
    struct ArrowArrayStream lame = other;
    lame.get_next = NULL;
    CHECK_ERROR(context, klt_tables_add_stream(context, tables, "clients", &lame), KLT_INVALID_ARGUMENT, "stream");
  }
  klt_tables_free(tables); /* releases what nobody read */
  CHECK(source.streams_released == 1);
  other.release(&other);
  CHECK(source.live == 0);

  /* A schema that cannot be had, and a disk that fails half-way. */
  source.fail_schema = 1;
  tables = example_tables(context, &source);
  CHECK_STATUS(context, klt_ingest(context, tables, NULL, &result), KLT_BAD_DATA);
  CHECK_CONTAINS(klt_context_last_message(context), "the disk went away");
  CHECK_CONTAINS(klt_context_last_where(context), "transactions");
  CHECK(klt_tables_count(tables) == 0);
  klt_tables_free(tables);
  source.fail_schema = 0;
  source.batch_rows = 5;
  for (source.fail_at = 0; source.fail_at <= 10; source.fail_at += 5) {
    tables = example_tables(context, &source);
    CHECK_STATUS(context, klt_ingest(context, tables, NULL, &result), KLT_BAD_DATA);
    CHECK_CONTAINS(klt_context_last_message(context), "the disk went away");
    klt_tables_free(tables);
    CHECK(source.live == 0);
  }
  source.fail_at = -1;
  CHECK(result == NULL);
}

/* Streams that do not hold what a table needs. */
static void check_schemas(klt_context* context) {
  static const test_column twice[] = {{"client", "l", example_clients, NULL, NULL},
                                      {"date", "tdD", example_days, NULL, NULL},
                                      {"amount", "g", example_amounts, NULL, NULL},
                                      {"amount", "g", example_amounts, NULL, NULL}};
  static const test_column lacking[] = {{"client", "l", example_clients, NULL, NULL},
                                        {"amount", "g", example_amounts, NULL, NULL}};
  static const test_column unreadable[] = {{"client", "l", example_clients, NULL, NULL},
                                           {"date", "tdD", example_days, NULL, NULL},
                                           {"amount", "tdD", example_days, NULL, NULL}};
  static const test_column nonsense[] = {{"client", "l", example_clients, NULL, NULL},
                                         {"date", "?!", example_days, NULL, NULL},
                                         {"amount", "g", example_amounts, NULL, NULL}};
  test_source sources[4] = {TEST_SOURCE(twice, EXAMPLE_ROWS), TEST_SOURCE(lacking, EXAMPLE_ROWS),
                            TEST_SOURCE(unreadable, EXAMPLE_ROWS), TEST_SOURCE(nonsense, EXAMPLE_ROWS)};
  static const char* const named[] = {"transactions.amount", "transactions.at", "transactions.amount",
                                      "transactions.date"};
  size_t i;
  for (i = 0; i < 4; ++i) {
    klt_tables* tables = example_tables(context, &sources[i]);
    klt_ingest_result* result = NULL;
    CHECK_ERROR(context, klt_ingest(context, tables, NULL, &result), KLT_BAD_DATA, named[i]);
    CHECK(result == NULL);
    klt_tables_free(tables);
    CHECK(sources[i].live == 0);
  }
}

static void check_sizes(klt_context* context) {
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  klt_tables* tables = example_tables(context, &source);
  klt_ingest_result* result = NULL;
  klt_base* base = NULL;
  klt_row_counts counts = KLT_ROW_COUNTS_INIT;
  static const size_t wrong[] = {0, 1, 4, 7, 8, 17, 4104, SIZE_MAX};
  struct {
    klt_ingest_options options;
    uint64_t newer;
  } larger;
  klt_ingest_options options = KLT_INGEST_OPTIONS_INIT;
  size_t i;
  for (i = 0; i < sizeof wrong / sizeof wrong[0]; ++i) {
    options.struct_size = wrong[i];
    CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT, "options.struct_size");
  }
  memset(&larger, 0, sizeof larger);
  larger.options = options;
  larger.options.struct_size = sizeof larger;
  larger.newer = 1; /* a member that this library cannot know */
  CHECK_ERROR(context, klt_ingest(context, tables, &larger.options, &result), KLT_INVALID_ARGUMENT,
              "options.struct_size");
  CHECK(result == NULL && klt_tables_count(tables) == 1);
  larger.newer = 0;
  CHECK_OK(context, klt_ingest(context, tables, &larger.options, &result));
  klt_ingest_result_free(result);
  klt_tables_free(tables);
  CHECK(source.live == 0);

  /* An older caller's struct ends earlier: what it lacks has the defaults, whatever stands behind it in memory. */
  result = NULL;
  tables = example_tables(context, &source);
  options.struct_size = offsetof(klt_ingest_options, currency);
  options.currency = (const char*)1;
  options.unknown_clients = 77;
  CHECK_OK(context, klt_ingest(context, tables, &options, &result));
  klt_tables_free(tables);

  counts.struct_size = offsetof(klt_row_counts, rows_rejected);
  counts.rows_rejected = 99;
  CHECK_OK(context, klt_ingest_result_counts(context, result, "transactions", &counts));
  CHECK(counts.rows_read == EXAMPLE_ROWS && counts.rows_used == EXAMPLE_ROWS && counts.rows_rejected == 99);
  CHECK(counts.struct_size == offsetof(klt_row_counts, rows_rejected));
  counts.struct_size = 3;
  CHECK_ERROR(context, klt_ingest_result_counts(context, result, "transactions", &counts), KLT_INVALID_ARGUMENT,
              "out.struct_size");
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  {
    klt_feature_options short_options = KLT_FEATURE_OPTIONS_INIT;
    klt_features* features = NULL;
    short_options.struct_size = 5;
    CHECK_ERROR(context, klt_features_compute(context, base, EXAMPLE_AS_OF, &short_options, &features),
                KLT_INVALID_ARGUMENT, "options.struct_size");
    CHECK(features == NULL);
  }
  klt_base_free(base);
  klt_ingest_result_free(result);
  CHECK(source.live == 0);
}

typedef struct countdown {
  int left; /* asks until it says stop; below 0: never */
  int asked;
  klt_context* context;
  klt_status inside; /* what a call with the context in use gave */
} countdown;

static int stop_when_counted_down(void* user_data) {
  countdown* counter = (countdown*)user_data;
  int32_t day = 0;
  ++counter->asked;
  counter->inside = klt_parse_day(counter->context, "2020-01-01", &day);
  return counter->left >= 0 && counter->left-- == 0;
}

static int stop_by_progress(const char* stage, double done, void* user_data) {
  CHECK(stage != NULL && stage[0] != '\0');
  CHECK(done >= 0 && done <= 1);
  return stop_when_counted_down(user_data);
}

/* Cancels a run at its first question, its second, and so on, until it goes through. */
static void check_cancel(klt_context* context, uint32_t threads, int by_progress) {
  enum { MANY = 100000 };
  static int64_t clients[MANY];
  static int32_t days[MANY];
  static double amounts[MANY];
  static const test_column columns[3] = {
      {"client", "l", clients, NULL, NULL}, {"date", "tdD", days, NULL, NULL}, {"amount", "g", amounts, NULL, NULL}};
  test_source source = TEST_SOURCE(columns, MANY);
  countdown counter = {-1, 0, NULL, KLT_OK};
  klt_result* result = NULL;
  klt_status status = KLT_CANCELLED;
  int attempt = 0;
  int cancelled = 0;
  int64_t i;
  for (i = 0; i < MANY; ++i) {
    clients[i] = i * 7919 % 5000;
    days[i] = (int32_t)(16000 + i % 700);
    amounts[i] = (double)(i % 100 + 1);
  }
  source.batch_rows = 16384;
  counter.context = context;
  CHECK_OK(context, klt_context_set_threads(context, threads));
  while (status != KLT_OK && attempt < 100000) {
    klt_tables* tables = example_tables(context, &source);
    CHECK_OK(context, klt_context_set_cancel(context, by_progress ? NULL : stop_when_counted_down, &counter));
    CHECK_OK(context, klt_context_set_progress(context, by_progress ? stop_by_progress : NULL, &counter));
    counter.left = attempt;
    counter.asked = 0;
    counter.inside = KLT_INVALID_ARGUMENT;
    status = klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result);
    CHECK(counter.inside == KLT_INVALID_ARGUMENT); /* a callback cannot use the context of its own call */
    klt_tables_free(tables);
    if (status != KLT_OK) {
      if (!CHECK_STATUS(context, status, KLT_CANCELLED)) break;
      CHECK(result == NULL);
      if (!CHECK(source.live == 0)) break;
      ++cancelled;
    }
    /* Early questions one by one, later ones in growing steps. */
    attempt += attempt < 16 ? 1 : attempt / 4;
  }
  CHECK(status == KLT_OK && cancelled > 0);
  klt_result_free(result);
  CHECK(source.live == 0);
  CHECK_OK(context, klt_context_set_cancel(context, NULL, NULL));
  CHECK_OK(context, klt_context_set_progress(context, NULL, NULL));
  CHECK_OK(context, klt_context_set_threads(context, 1));
}

/* A cancelled extension and a cancelled refresh leave the base and the features as they were. */
static void check_cancel_keeps(klt_context* context) {
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  test_source more = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  klt_tables* tables = example_tables(context, &source);
  klt_ingest_result* result = NULL;
  klt_ingest_result* extended = NULL;
  klt_base* base = NULL;
  klt_features* features = NULL;
  klt_features* again = NULL;
  klt_table* table = NULL;
  klt_string* before = NULL;
  klt_string* after = NULL;
  countdown counter = {0, 0, NULL, KLT_OK};
  uint64_t used = 0;
  CHECK_OK(context, klt_ingest(context, tables, NULL, &result));
  klt_tables_free(tables);
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  klt_ingest_result_free(result);
  CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, NULL, &features));
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_OK(context, klt_table_to_csv(context, table, &before));
  klt_table_free(table);
  tables = example_tables(context, &more);
  counter.context = context;
  CHECK_OK(context, klt_context_set_cancel(context, stop_when_counted_down, &counter));
  CHECK_STATUS(context, klt_extend(context, base, tables, NULL, &extended), KLT_CANCELLED);
  klt_tables_free(tables);
  counter.left = 0;
  CHECK_STATUS(context, klt_features_compute(context, base, EXAMPLE_AS_OF, NULL, &again), KLT_CANCELLED);
  counter.left = 0;
  CHECK_STATUS(context, klt_features_refresh(context, features, base, EXAMPLE_AS_OF + 1, &again), KLT_CANCELLED);
  CHECK(extended == NULL && again == NULL && more.live == 0);
  CHECK_OK(context, klt_context_set_cancel(context, NULL, NULL));
  CHECK_OK(context, klt_base_row_counts(context, base, "transactions", NULL, &used));
  CHECK(used == EXAMPLE_ROWS);
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_OK(context, klt_table_to_csv(context, table, &after));
  CHECK_TEXT(klt_string_data(after), klt_string_data(before));
  klt_table_free(table);
  klt_string_free(before);
  klt_string_free(after);
  klt_features_free(features);
  klt_base_free(base);
  CHECK(source.live == 0);
}

/* Executors that break their promise. */
static int run_none(size_t tasks, void (*task)(size_t, void*), void* task_data, void* user_data) {
  (void)tasks;
  (void)task;
  (void)task_data;
  ++*(int*)user_data;
  return 0;
}

static int run_backwards_twice(size_t tasks, void (*task)(size_t, void*), void* task_data, void* user_data) {
  size_t i;
  for (i = tasks; i > 0; --i) task(i - 1, task_data);
  for (i = 0; i <= tasks; ++i) task(i, task_data); /* once more, and one too many */
  ++*(int*)user_data;
  return 0;
}

static int run_and_fail(size_t tasks, void (*task)(size_t, void*), void* task_data, void* user_data) {
  size_t i;
  for (i = 0; i < tasks; ++i) task(i, task_data);
  ++*(int*)user_data;
  return 1;
}

static void check_executors(klt_context* context) {
  enum { MANY = 50000 };
  static int64_t clients[MANY];
  static int32_t days[MANY];
  static double amounts[MANY];
  static const test_column columns[3] = {
      {"client", "l", clients, NULL, NULL}, {"date", "tdD", days, NULL, NULL}, {"amount", "g", amounts, NULL, NULL}};
  int (*const runs[3])(size_t, void (*)(size_t, void*), void*, void*) = {run_backwards_twice, run_none, run_and_fail};
  klt_string* plain = NULL;
  size_t i;
  for (i = 0; i < MANY; ++i) {
    clients[i] = (int64_t)(i * 7919 % 3000);
    days[i] = (int32_t)(16000 + i % 300);
    amounts[i] = (double)(i % 977) / 4;
  }
  for (i = 0; i < 4; ++i) {
    test_source source = TEST_SOURCE(columns, MANY);
    klt_tables* tables = example_tables(context, &source);
    klt_result* result = NULL;
    klt_table* table = NULL;
    klt_string* csv = NULL;
    klt_executor executor = KLT_EXECUTOR_INIT;
    klt_status status;
    int used = 0;
    executor.concurrency = 3;
    executor.user_data = &used;
    if (i > 0) executor.run = runs[i - 1];
    CHECK_OK(context, klt_context_set_executor(context, i > 0 ? &executor : NULL));
    status = klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result);
    klt_tables_free(tables);
    if (i < 2) {
      CHECK_STATUS(context, status, KLT_OK);
      CHECK_OK(context, klt_result_clients(context, result, &table));
      CHECK_OK(context, klt_table_to_csv(context, table, &csv));
      klt_table_free(table);
    }
    if (i == 0) {
      plain = csv;
    } else if (i == 1) {
      CHECK(used > 0);
      CHECK(strcmp(klt_string_data(csv), klt_string_data(plain)) == 0);
      klt_string_free(csv);
    } else {
      CHECK_STATUS(context, status, KLT_INVALID_ARGUMENT);
      CHECK_TEXT(klt_context_last_where(context), "executor.run");
      CHECK(used > 0 && result == NULL);
    }
    klt_result_free(result);
    CHECK(source.live == 0);
  }
  klt_string_free(plain);
  CHECK_OK(context, klt_context_set_executor(context, NULL));
}

/* Streams whose schema or batches are not what they say. */
typedef struct liar {
  struct ArrowArrayStream inner;
  int lie;
} liar;
enum { LIES = 12 };

static int lying_get_schema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  liar* own = (liar*)stream->private_data;
  const int status = own->inner.get_schema(&own->inner, out);
  int64_t i;
  if (status != 0) return status;
  switch (own->lie) {
    case 0: out->format = NULL; break;
    case 1: out->format = "l"; break;
    case 2: out->children[0]->format = NULL; break;
    case 3: out->children[2]->format = "+r"; break;
    case 4:
      for (i = 0; i < out->n_children; ++i) out->children[i]->release(out->children[i]);
      break;
    default: break;
  }
  return 0;
}

static int lying_get_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  liar* own = (liar*)stream->private_data;
  const int status = own->inner.get_next(&own->inner, out);
  if (status != 0 || out->release == NULL) return status;
  switch (own->lie) {
    case 5: out->length = -1; break;
    case 6: out->offset = INT64_MAX; break;
    case 7: out->length = INT64_MAX; break;
    case 8: out->children[1]->length = 1; break;
    case 9: out->children[1]->n_buffers = 1; break;
    case 10: out->children[1]->buffers[1] = NULL; break;
    case 11: out->children[1]->release(out->children[1]); break;
    default: break;
  }
  return 0;
}

static const char* lying_get_last_error(struct ArrowArrayStream* stream) {
  (void)stream;
  return NULL;
}

static void lying_release(struct ArrowArrayStream* stream) {
  liar* own = (liar*)stream->private_data;
  own->inner.release(&own->inner);
  stream->release = NULL;
}

static void check_liars(klt_context* context) {
  int lie;
  for (lie = 0; lie < LIES; ++lie) {
    test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
    struct ArrowArrayStream stream;
    liar own;
    klt_tables* tables = NULL;
    klt_ingest_result* result = NULL;
    own.inner = test_stream(&source);
    own.lie = lie;
    stream.get_schema = lying_get_schema;
    stream.get_next = lying_get_next;
    stream.get_last_error = lying_get_last_error;
    stream.release = lying_release;
    stream.private_data = &own;
    CHECK_OK(context, klt_tables_new(context, &tables));
    CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
    if (!CHECK_STATUS(context, klt_ingest(context, tables, NULL, &result), KLT_BAD_DATA))
      fprintf(stderr, "lie %d was believed\n", lie);
    CHECK_CONTAINS(klt_context_last_where(context), "transactions");
    CHECK(result == NULL);
    klt_tables_free(tables);
    if (!CHECK(source.live == 0)) fprintf(stderr, "lie %d leaks\n", lie);
  }
}

/* Errors cite what the caller said as UTF-8, whatever it was. */
static const char* bytes_that_are_no_text(struct ArrowArrayStream* stream) {
  (void)stream;
  return "disk \xff of \xd0\x96\xd0 is gone";
}

static void check_messages(klt_context* context) {
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  struct ArrowArrayStream stream;
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  source.fail_schema = 1;
  stream = test_stream(&source);
  stream.get_last_error = bytes_that_are_no_text;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  CHECK_STATUS(context, klt_ingest(context, tables, NULL, &result), KLT_BAD_DATA);
  CHECK_CONTAINS(klt_context_last_message(context), "disk \xef\xbf\xbd of \xd0\x96\xef\xbf\xbd is gone");
  klt_tables_free(tables);
  CHECK(source.live == 0);
}

/* No text argument takes bytes that are no UTF-8, and nothing is read past a NUL. */
static void check_texts(klt_context* context) {
  static const char* const broken[] = {"\xff", "a\xed\xa0\x80", "\xc0\xaf", "\xf5\x80\x80\x80", "\xe2\x82"};
  klt_assignments* assignments = NULL;
  size_t i;
  CHECK_OK(context, klt_assignments_new(context, &assignments));
  for (i = 0; i < sizeof broken / sizeof broken[0]; ++i) {
    const char* const text = broken[i];
    klt_policy* policy = NULL;
    klt_classifier* classifier = NULL;
    klt_model* model = NULL;
    klt_expression* expression = NULL;
    klt_table* table = NULL;
    int32_t day = 0;
    CHECK_ERROR(context, klt_parse_day(context, text, &day), KLT_INVALID_ARGUMENT, "text");
    CHECK_ERROR(context, klt_policy_from_json(context, text, &policy), KLT_INVALID_ARGUMENT, "json");
    CHECK_ERROR(context, klt_policy_from_preset(context, text, &policy), KLT_INVALID_ARGUMENT, "name");
    CHECK_ERROR(context, klt_classifier_from_json(context, text, "{\"kind\":\"abc\"}", &classifier),
                KLT_INVALID_ARGUMENT, "name");
    CHECK_ERROR(context, klt_classifier_from_json(context, "abc", text, &classifier), KLT_INVALID_ARGUMENT, "json");
    CHECK_ERROR(context, klt_model_from_json(context, text, &model), KLT_INVALID_ARGUMENT, "json");
    CHECK_STATUS(context, klt_expression_parse(context, text, &expression), KLT_BAD_POLICY); /* it says where */
    CHECK_ERROR(context, klt_directory(context, NULL, text, &table), KLT_INVALID_ARGUMENT, "name");
    CHECK_ERROR(context, klt_assignments_assign(context, assignments, text, "a", "b", KLT_NO_DAY, NULL),
                KLT_INVALID_ARGUMENT, "client");
    CHECK_ERROR(context, klt_assignments_assign(context, assignments, "c", text, "b", KLT_NO_DAY, NULL),
                KLT_INVALID_ARGUMENT, "attribute");
    CHECK(policy == NULL && classifier == NULL && model == NULL && expression == NULL && table == NULL);
  }
  klt_assignments_free(assignments);
}

/* Documents that are too deep, too large, repeat themselves or contradict themselves. */
static void check_policies(klt_context* context) {
  enum { DEEP = 100000 };
  static const char* const broken[] = {
      "",
      "null",
      "[]",
      "{\"features\":{\"window_days\":-1}}",
      "{\"features\":{\"window_days\":1e400}}",
      "{\"features\":{\"window_days\":99999999999999999999999}}",
      "{\"features\":{\"window_days\":1,\"window_days\":2}}",
      "{\"features\":{\"window_days\":1,\"window_months\":2}}",
      "{\"features\":{\"window_days\":NaN}}",
      "{\"no such part\":{}}",
      "{\"classifiers\":{\"rfm\":{\"kind\":\"rfm\",\"bins\":1000000000}}}",
      "{\"classifiers\":{\"rfm\":{\"kind\":\"rfm\",\"bins\":-1}}}",
      "{\"classifiers\":{\"abc\":{\"kind\":\"abc\",\"a\":0.9,\"b\":0.1}}}",
      "{\"classifiers\":{\"\":{\"kind\":\"abc\"}}}",
      "{\"report\":{\"title\":\"\\ud800\"}}",
      "{} {}",
  };
  klt_policy* policy = NULL;
  char* deep = (char*)malloc(2 * DEEP + 1);
  size_t i;
  for (i = 0; i < sizeof broken / sizeof broken[0]; ++i) {
    if (!CHECK_STATUS(context, klt_policy_from_json(context, broken[i], &policy), KLT_BAD_POLICY))
      fprintf(stderr, "policy %s\n", broken[i]);
    CHECK(klt_context_last_message(context)[0] != '\0');
  }
  memset(deep, '[', DEEP);
  memset(deep + DEEP, ']', DEEP);
  deep[2 * DEEP] = '\0';
  CHECK_STATUS(context, klt_policy_from_json(context, deep, &policy), KLT_BAD_POLICY);
  CHECK(policy == NULL);
  free(deep);
}

/* Tables without rows and columns without values; whatever is asked of a cell that is not there. */
static void check_nothing(klt_context* context) {
  static const uint8_t none[2] = {0, 0};
  static const test_column nulls[] = {{"client", "l", example_clients, NULL, none},
                                      {"date", "tdD", example_days, NULL, none},
                                      {"amount", "g", example_amounts, NULL, none}};
  test_source sources[2] = {TEST_SOURCE(example_columns, 0), TEST_SOURCE(nulls, EXAMPLE_ROWS)};
  size_t i;
  for (i = 0; i < 2; ++i) {
    klt_tables* tables = example_tables(context, &sources[i]);
    klt_ingest_result* result = NULL;
    klt_base* base = NULL;
    klt_features* features = NULL;
    klt_table* table = NULL;
    klt_result* run = NULL;
    klt_row_counts counts = KLT_ROW_COUNTS_INIT;
    int64_t number = 0;
    double real = 0;
    uint8_t valid = 0;
    int null = 0;
    size_t row = 0;
    size_t size = 0;
    const char* text = NULL;
    klt_string* shown = NULL;
    CHECK_OK(context, klt_ingest(context, tables, NULL, &result));
    klt_tables_free(tables);
    CHECK_OK(context, klt_ingest_result_counts(context, result, "transactions", &counts));
    CHECK(counts.rows_read == (i == 0 ? 0 : EXAMPLE_ROWS) && counts.rows_rejected == counts.rows_read);
    CHECK_OK(context, klt_ingest_result_base(context, result, &base));
    klt_ingest_result_free(result); /* what was taken out of it lives on */
    CHECK(klt_base_client_count(base) == 0);
    CHECK_ERROR(context, klt_base_client_row(context, base, " ", &row), KLT_NOT_FOUND, "id");
    CHECK_OK(context, klt_features_compute(context, base, EXAMPLE_AS_OF, NULL, &features));
    klt_base_free(base);
    CHECK_OK(context, klt_features_table(context, features, &table));
    klt_features_free(features);
    CHECK(klt_table_row_count(table) == 0 && klt_table_column_count(table) > 0);
    CHECK_ERROR(context, klt_table_is_null(context, table, 0, 0, &null), KLT_OUT_OF_RANGE, "row");
    CHECK_ERROR(context, klt_table_is_null(context, table, SIZE_MAX, 0, &null), KLT_OUT_OF_RANGE, "column");
    CHECK_ERROR(context, klt_table_get_int64(context, table, 0, SIZE_MAX, &number), KLT_OUT_OF_RANGE, "row");
    CHECK_ERROR(context, klt_table_get_double(context, table, SIZE_MAX, 0, &real), KLT_OUT_OF_RANGE, "column");
    CHECK_ERROR(context, klt_table_get_text(context, table, SIZE_MAX, 0, &text, &size), KLT_OUT_OF_RANGE, "column");
    CHECK_ERROR(context, klt_table_render(context, table, 0, 0, &shown), KLT_OUT_OF_RANGE, "row");
    CHECK_STATUS(context, klt_table_read_int64(context, table, 0, SIZE_MAX, 2, &number, &valid), KLT_OUT_OF_RANGE);
    CHECK_STATUS(context, klt_table_read_int64(context, table, 0, 0, SIZE_MAX, &number, &valid), KLT_OUT_OF_RANGE);
    CHECK_STATUS(context, klt_table_read_double(context, table, 1, 1, SIZE_MAX, &real, &valid), KLT_OUT_OF_RANGE);
    klt_table_free(table);
    tables = example_tables(context, &sources[i]);
    CHECK_ERROR(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &run), KLT_INVALID_ARGUMENT, "as_of");
    klt_tables_free(tables);
    CHECK(run == NULL && sources[i].live == 0);
  }
}

/* A stream, a table, a base: each outlives what it came from, in any order of freeing. */
static void check_lifetimes(void) {
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  klt_context* context = NULL;
  klt_result* run = NULL;
  klt_ingest_result* ingested = NULL;
  klt_features* features = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  struct ArrowArray array;
  CHECK(klt_context_new(&context) == KLT_OK);
  tables = example_tables(context, &source);
  CHECK_OK(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &run));
  CHECK_OK(context, klt_result_ingest(context, run, &ingested));
  CHECK_OK(context, klt_result_features(context, run, &features));
  klt_result_free(run);
  CHECK_OK(context, klt_features_table(context, features, &table));
  klt_features_free(features);
  klt_ingest_result_free(ingested);
  klt_tables_free(tables);
  CHECK_OK(context, klt_table_export_arrow(context, table, &stream));
  klt_table_free(table);
  klt_context_free(context);
  CHECK(stream.get_next(&stream, &array) == 0 && array.length == EXAMPLE_CLIENTS); /* before the schema */
  CHECK(stream.get_schema(&stream, &schema) == 0 && schema.n_children == array.n_children);
  stream.release(&stream);
  CHECK(((const int64_t*)array.children[0]->buffers[1])[EXAMPLE_CLIENTS - 1] == EXAMPLE_CLIENTS);
  array.release(&array);
  schema.release(&schema);
  CHECK(source.live == 0);
}

static void check_threads(klt_context* context) {
  CHECK_ERROR(context, klt_context_set_threads(context, 1025), KLT_OUT_OF_RANGE, "threads");
  CHECK_ERROR(context, klt_context_set_threads(context, UINT32_MAX), KLT_OUT_OF_RANGE, "threads");
  CHECK_OK(context, klt_context_set_threads(context, 0));
  CHECK_OK(context, klt_context_set_threads(context, 1));
}

int main(void) {
  klt_context* context = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  check_null_getters();
  check_streams(context);
  check_schemas(context);
  check_sizes(context);
  check_cancel(context, 1, 0);
  check_cancel(context, 1, 1);
  check_cancel(context, 3, 0);
  check_cancel_keeps(context);
  check_executors(context);
  check_liars(context);
  check_texts(context);
  check_messages(context);
  check_policies(context);
  check_nothing(context);
  check_threads(context);
  check_lifetimes();
  klt_context_free(context);
  test_data_unused();
  return check_result();
}
