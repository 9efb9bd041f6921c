/* Hands C arrays to klientela as an Arrow C stream, without a copy and without an Arrow library, and reads them back.
 */
#include <klientela.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 6, COLUMNS = 3 };

/* Our columns: they live longer than everything that is made of them, so nothing has to be freed. */
static const int64_t clients[ROWS] = {7, 8, 7, 9, 10, 8};
static const int32_t days[ROWS] = {20453, 20460, 20470, 20481, 20490, 20495}; /* days since 1970-01-01 */
static const double amounts[ROWS] = {10.5, 99.9, 20, 0.25, 42, 1};
static const uint8_t amount_validity[1] = {0x2F}; /* row 4 (from 0) has no amount: bits 0, 1, 2, 3 and 5 */

static const char* const names[COLUMNS] = {"client", "date", "amount"};
static const char* const formats[COLUMNS] = {"l", "tdD", "g"}; /* int64, date32, double */

static void release_schema(struct ArrowSchema* schema) { schema->release = NULL; }
static void release_array(struct ArrowArray* array) { array->release = NULL; }
static void release_stream(struct ArrowArrayStream* stream) { stream->release = NULL; }
static const char* last_error(struct ArrowArrayStream* stream) {
  (void)stream;
  return "";
}

static int get_schema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  static struct ArrowSchema columns[COLUMNS];
  static struct ArrowSchema* children[COLUMNS];
  int i;
  (void)stream;
  for (i = 0; i < COLUMNS; ++i) {
    memset(&columns[i], 0, sizeof columns[i]);
    columns[i].format = formats[i];
    columns[i].name = names[i];
    columns[i].flags = ARROW_FLAG_NULLABLE;
    columns[i].release = release_schema;
    children[i] = &columns[i];
  }
  memset(out, 0, sizeof *out);
  out->format = "+s"; /* a struct: one child per column */
  out->name = "";
  out->n_children = COLUMNS;
  out->children = children;
  out->release = release_schema;
  return 0;
}

static int get_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  static const void* buffers[COLUMNS][2];
  static const void* no_validity[1];
  static struct ArrowArray columns[COLUMNS];
  static struct ArrowArray* children[COLUMNS];
  int* batches_left = (int*)stream->private_data;
  int i;
  memset(out, 0, sizeof *out); /* a released array: the end of the stream */
  if (*batches_left == 0) return 0;
  --*batches_left;
  buffers[0][1] = clients;
  buffers[1][1] = days;
  buffers[2][0] = amount_validity;
  buffers[2][1] = amounts;
  for (i = 0; i < COLUMNS; ++i) {
    memset(&columns[i], 0, sizeof columns[i]);
    columns[i].length = ROWS;
    columns[i].null_count = i == 2 ? 1 : 0;
    columns[i].n_buffers = 2;
    columns[i].buffers = buffers[i];
    columns[i].release = release_array;
    children[i] = &columns[i];
  }
  out->length = ROWS;
  out->n_buffers = 1;
  out->buffers = no_validity;
  out->n_children = COLUMNS;
  out->children = children;
  out->release = release_array;
  return 0;
}

int main(void) {
  int batches_left = 1;
  struct ArrowArrayStream stream = {get_schema, get_next, last_error, release_stream, &batches_left};
  klt_context* context = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_base* base = NULL;
  klt_table* rejected = NULL;
  klt_string* csv = NULL;
  klt_row_counts counts = KLT_ROW_COUNTS_INIT;
  int failed;

  if (klt_context_new(&context) != KLT_OK) return 1;
  failed = klt_tables_new(context, &tables) != KLT_OK ||
           klt_tables_add_stream(context, tables, "transactions", &stream) != KLT_OK ||
           klt_ingest(context, tables, NULL, &result) != KLT_OK ||
           klt_ingest_result_counts(context, result, "transactions", &counts) != KLT_OK ||
           klt_ingest_result_base(context, result, &base) != KLT_OK ||
           klt_ingest_result_rejected(context, result, &rejected) != KLT_OK ||
           klt_table_to_csv(context, rejected, &csv) != KLT_OK;
  if (failed) {
    fprintf(stderr, "%s [%s]\n", klt_context_last_message(context), klt_context_last_where(context));
  } else {
    printf("%s\n", klt_string_data(csv));
    printf("%u clients, %u row rejected\n", (unsigned)klt_base_client_count(base), (unsigned)counts.rows_rejected);
  }
  klt_string_free(csv);
  klt_table_free(rejected);
  klt_base_free(base);
  klt_ingest_result_free(result);
  klt_tables_free(tables);
  klt_context_free(context);
  return failed;
}
