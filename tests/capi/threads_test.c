/* C ABI on several threads: a context each, one base and one policy for all, the same bytes everywhere, and cancelling
 * from outside. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <time.h>

#include "check.h"
#include "data.h"

enum { MANY = 60000, WORKERS = 4, ROUNDS = 3 };
static int64_t clients[MANY];
static int32_t days[MANY];
static double amounts[MANY];
static const test_column columns[3] = {
    {"client", "l", clients, NULL, NULL}, {"date", "tdD", days, NULL, NULL}, {"amount", "g", amounts, NULL, NULL}};

typedef struct worker {
  pthread_t thread;
  const klt_base* base;
  const klt_policy* policy;
  const klt_model* model;
  uint32_t threads;
  char* csv;      /* of the clients of a run */
  char* features; /* of the shared base */
  int failures;
} worker;

static char* copy_csv(klt_context* context, const klt_table* table) {
  klt_string* csv = NULL;
  char* copy = NULL;
  if (klt_table_to_csv(context, table, &csv) != KLT_OK) return NULL;
  copy = (char*)malloc(klt_string_size(csv) + 1);
  memcpy(copy, klt_string_data(csv), klt_string_size(csv) + 1);
  klt_string_free(csv);
  return copy;
}

/* Checks count failures per worker: the harness' own counter is for one thread. */
static void* work(void* data) {
  worker* me = (worker*)data;
  klt_context* context = NULL;
  int round;
  me->failures += klt_context_new(&context) != KLT_OK;
  me->failures += klt_context_set_threads(context, me->threads) != KLT_OK;
  for (round = 0; round < ROUNDS; ++round) {
    test_source source = TEST_SOURCE(columns, MANY);
    struct ArrowArrayStream stream = test_stream(&source);
    klt_tables* tables = NULL;
    klt_result* result = NULL;
    klt_table* table = NULL;
    klt_features* features = NULL;
    klt_classification* classes = NULL;
    size_t row = 0;
    source.batch_rows = 5000 * (round + 1);
    me->failures += klt_tables_new(context, &tables) != KLT_OK;
    me->failures += klt_tables_add_stream(context, tables, "transactions", &stream) != KLT_OK;
    me->failures += klt_run(context, tables, me->policy, KLT_AS_OF_LAST_EVENT, &result) != KLT_OK;
    klt_tables_free(tables);
    me->failures += klt_result_clients(context, result, &table) != KLT_OK;
    free(me->csv);
    me->csv = copy_csv(context, table);
    klt_table_free(table);
    klt_result_free(result);
    me->failures += source.live != 0;

    me->failures += klt_base_client_row(context, me->base, "17", &row) != KLT_OK || row != 17;
    me->failures += klt_base_client_row(context, me->base, "no", &row) != KLT_NOT_FOUND;
    me->failures += strcmp(klt_context_last_where(context), "id") != 0;
    table = NULL;
    me->failures += klt_base_clients(context, me->base, &table) != KLT_OK;
    klt_table_free(table);
    me->failures += klt_features_compute(context, me->base, 17000, NULL, &features) != KLT_OK;
    table = NULL;
    me->failures += klt_features_table(context, features, &table) != KLT_OK;
    me->failures += klt_model_classify(context, me->model, table, &classes) != KLT_OK;
    klt_classification_free(classes);
    free(me->features);
    me->features = copy_csv(context, table);
    klt_table_free(table);
    klt_features_free(features);
  }
  klt_context_free(context);
  return NULL;
}

static void check_workers(klt_context* context) {
  static const uint32_t threads[WORKERS] = {1, 2, 7, 1};
  test_source source = TEST_SOURCE(columns, MANY);
  struct ArrowArrayStream stream = test_stream(&source);
  klt_tables* tables = NULL;
  klt_result* result = NULL;
  klt_ingest_result* ingested = NULL;
  klt_base* base = NULL;
  klt_policy* policy = NULL;
  klt_model* model = NULL;
  worker workers[WORKERS];
  int i;
  CHECK_OK(context, klt_policy_new(context, &policy));
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  CHECK_OK(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));
  klt_tables_free(tables);
  CHECK_OK(context, klt_result_ingest(context, result, &ingested));
  CHECK_OK(context, klt_ingest_result_base(context, ingested, &base));
  CHECK_OK(context, klt_result_model(context, result, 0, &model));
  klt_ingest_result_free(ingested);
  klt_result_free(result);
  memset(workers, 0, sizeof workers);
  for (i = 0; i < WORKERS; ++i) {
    workers[i].base = base;
    workers[i].policy = policy;
    workers[i].model = model;
    workers[i].threads = threads[i];
    CHECK(pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0);
  }
  for (i = 0; i < WORKERS; ++i) CHECK(pthread_join(workers[i].thread, NULL) == 0);
  for (i = 0; i < WORKERS; ++i) {
    CHECK(workers[i].failures == 0);
    CHECK(workers[i].csv != NULL && strcmp(workers[i].csv, workers[0].csv) == 0);
    CHECK(workers[i].features != NULL && strcmp(workers[i].features, workers[0].features) == 0);
  }
  for (i = 0; i < WORKERS; ++i) {
    free(workers[i].csv);
    free(workers[i].features);
  }
  klt_model_free(model);
  klt_policy_free(policy);
  klt_base_free(base);
  CHECK(source.live == 0);
}

typedef struct runner {
  klt_context* context;
  klt_status status;
  int done;
  pthread_mutex_t mutex;
} runner;

static void* run_until_cancelled(void* data) {
  runner* me = (runner*)data;
  int round;
  for (round = 0; round < 100000 && me->status == KLT_OK; ++round) {
    test_source source = TEST_SOURCE(columns, MANY);
    struct ArrowArrayStream stream = test_stream(&source);
    klt_tables* tables = NULL;
    klt_result* result = NULL;
    me->status = klt_tables_new(me->context, &tables);
    if (me->status == KLT_OK) me->status = klt_tables_add_stream(me->context, tables, "transactions", &stream);
    if (me->status == KLT_OK) me->status = klt_run(me->context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result);
    klt_tables_free(tables);
    klt_result_free(result);
  }
  pthread_mutex_lock(&me->mutex);
  me->done = 1;
  pthread_mutex_unlock(&me->mutex);
  return NULL;
}

static void check_cancel_from_outside(void) {
  runner me;
  pthread_t thread;
  int done = 0;
  memset(&me, 0, sizeof me);
  CHECK(klt_context_new(&me.context) == KLT_OK);
  CHECK_OK(me.context, klt_context_set_threads(me.context, 2));
  pthread_mutex_init(&me.mutex, NULL);
  CHECK(pthread_create(&thread, NULL, run_until_cancelled, &me) == 0);
  while (!done) {
    const struct timespec moment = {0, 1000000};
    klt_context_cancel(me.context);
    nanosleep(&moment, NULL);
    pthread_mutex_lock(&me.mutex);
    done = me.done;
    pthread_mutex_unlock(&me.mutex);
  }
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(me.context, me.status, KLT_CANCELLED);
  CHECK(klt_context_last_status(me.context) == KLT_CANCELLED);
  pthread_mutex_destroy(&me.mutex);
  klt_context_free(me.context);
}

int main(void) {
  klt_context* context = NULL;
  int64_t i;
  for (i = 0; i < MANY; ++i) {
    clients[i] = i * 7919 % 2000;
    days[i] = (int32_t)(16000 + i % 700);
    amounts[i] = (double)(i % 1009) / 4;
  }
  CHECK(klt_context_new(&context) == KLT_OK);
  check_workers(context);
  check_cancel_from_outside();
  klt_context_free(context);
  test_data_unused();
  return check_result();
}
