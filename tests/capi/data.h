/* Test data: an Arrow C stream written by hand over C arrays, and the purchases of a published example. */
#ifndef KLIENTELA_TESTS_CAPI_DATA_H
#define KLIENTELA_TESTS_CAPI_DATA_H

#include <errno.h>
#include <klientela.h>
#include <stdlib.h>
#include <string.h>

/* One column over arrays that outlive the stream. Texts ("u") have 32-bit offsets; `validity` are bits or NULL. */
typedef struct test_column {
  const char* name;
  const char* format;
  const void* values;
  const int32_t* offsets;
  const uint8_t* validity;
} test_column;

/* What a stream does, and what is still alive of what it gave out. */
typedef struct test_source {
  const test_column* columns;
  int64_t column_count;
  int64_t rows;
  int64_t batch_rows; /* rows of a batch; 0: all in one */
  int64_t fail_at;    /* row before which get_next fails; -1: never */
  int fail_schema;    /* get_schema fails */
  int64_t next;       /* the next row */
  int live;           /* schemas, arrays and streams not yet released */
  int streams_released;
} test_source;

#define TEST_SOURCE(columns, rows) \
  { columns, sizeof(columns) / sizeof(columns[0]), rows, 0, -1, 0, 0, 0, 0 }

static void test_release_child_schema(struct ArrowSchema* schema) { schema->release = NULL; }

static void test_release_schema(struct ArrowSchema* schema) {
  test_source* source = (test_source*)schema->private_data;
  int64_t i;
  for (i = 0; i < schema->n_children; ++i) {
    if (schema->children[i]->release != NULL) schema->children[i]->release(schema->children[i]);
    free(schema->children[i]);
  }
  free(schema->children);
  schema->release = NULL;
  --source->live;
}

static int test_get_schema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  test_source* source = (test_source*)stream->private_data;
  int64_t i;
  if (source->fail_schema) return EIO;
  memset(out, 0, sizeof *out);
  out->format = "+s";
  out->name = "";
  out->n_children = source->column_count;
  out->children = (struct ArrowSchema**)calloc((size_t)source->column_count + 1, sizeof *out->children);
  for (i = 0; i < source->column_count; ++i) {
    out->children[i] = (struct ArrowSchema*)calloc(1, sizeof **out->children);
    out->children[i]->format = source->columns[i].format;
    out->children[i]->name = source->columns[i].name;
    out->children[i]->flags = ARROW_FLAG_NULLABLE;
    out->children[i]->release = test_release_child_schema;
  }
  out->release = test_release_schema;
  out->private_data = source;
  ++source->live;
  return 0;
}

static void test_release_child_array(struct ArrowArray* array) {
  free((void*)array->buffers);
  array->release = NULL;
}

static void test_release_array(struct ArrowArray* array) {
  test_source* source = (test_source*)array->private_data;
  int64_t i;
  for (i = 0; i < array->n_children; ++i) {
    if (array->children[i]->release != NULL) array->children[i]->release(array->children[i]);
    free(array->children[i]);
  }
  free(array->children);
  free((void*)array->buffers);
  array->release = NULL;
  --source->live;
}

static int test_get_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  test_source* source = (test_source*)stream->private_data;
  int64_t rows = source->rows - source->next;
  int64_t i;
  memset(out, 0, sizeof *out);
  if (source->fail_at >= 0 && source->next >= source->fail_at) return EIO;
  if (rows <= 0) return 0;
  if (source->batch_rows > 0 && rows > source->batch_rows) rows = source->batch_rows;
  out->length = rows;
  out->n_buffers = 1;
  out->buffers = (const void**)calloc(1, sizeof(void*));
  out->n_children = source->column_count;
  out->children = (struct ArrowArray**)calloc((size_t)source->column_count + 1, sizeof *out->children);
  for (i = 0; i < source->column_count; ++i) {
    const test_column* column = &source->columns[i];
    struct ArrowArray* child = (struct ArrowArray*)calloc(1, sizeof *child);
    child->length = rows;
    child->offset = source->next;
    child->null_count = column->validity == NULL ? 0 : -1;
    child->n_buffers = column->offsets == NULL ? 2 : 3;
    child->buffers = (const void**)calloc(3, sizeof(void*));
    child->buffers[0] = column->validity;
    child->buffers[1] = column->offsets == NULL ? column->values : (const void*)column->offsets;
    if (column->offsets != NULL) child->buffers[2] = column->values;
    child->release = test_release_child_array;
    out->children[i] = child;
  }
  out->release = test_release_array;
  out->private_data = source;
  ++source->live;
  source->next += rows;
  return 0;
}

static const char* test_get_last_error(struct ArrowArrayStream* stream) {
  (void)stream;
  return "the disk went away";
}

static void test_release_stream(struct ArrowArrayStream* stream) {
  test_source* source = (test_source*)stream->private_data;
  stream->release = NULL;
  ++source->streams_released;
  --source->live;
}

/* A stream over `source`, which must outlive everything that it gives out. */
static struct ArrowArrayStream test_stream(test_source* source) {
  struct ArrowArrayStream stream;
  stream.get_schema = test_get_schema;
  stream.get_next = test_get_next;
  stream.get_last_error = test_get_last_error;
  stream.release = test_release_stream;
  stream.private_data = source;
  source->next = 0;
  ++source->live;
  return stream;
}

/* The example of the `lifetimes` package (tests/utils, transaction data of 2015): six clients, thirteen purchases. */
enum { EXAMPLE_ROWS = 13, EXAMPLE_CLIENTS = 6 };
enum { EXAMPLE_FIRST_DAY = 16436, EXAMPLE_AS_OF = 16436 + 37 }; /* 2015-01-01 and 2015-02-07 */
static const int64_t example_clients[EXAMPLE_ROWS] = {1, 1, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6};
static const int32_t example_days[EXAMPLE_ROWS] = {16436, 16472, 16436, 16436, 16437, 16440, 16451,
                                                   16468, 16471, 16451, 16452, 16453, 16468};
static const double example_amounts[EXAMPLE_ROWS] = {1, 2, 2, 3, 1, 5, 6, 3, 3, 3, 1, 8, 5};

static const test_column example_columns[3] = {{"client", "l", example_clients, NULL, NULL},
                                               {"date", "tdD", example_days, NULL, NULL},
                                               {"amount", "g", example_amounts, NULL, NULL}};

static void test_data_unused(void) {
  (void)test_stream;
  (void)example_columns;
}

#endif
