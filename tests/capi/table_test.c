/* C ABI of tables: what the builder takes comes back through getters, bulk reads, raw memory, Arrow and CSV. */
#include <math.h>
#include <stdlib.h>

#include "check.h"

enum { ROWS = 3 };

static klt_table* build(klt_context* context) {
  static const int64_t whole[ROWS] = {7, -8, INT64_MAX};
  static const double real[ROWS] = {0.5, -2.25, 1e300};
  static const int64_t money[ROWS] = {89114079040, -5000, 0};
  static const int32_t day[ROWS] = {0, 16436, -1};
  static const int64_t instant[ROWS] = {0, 1, 1420070400000000};
  static const uint8_t flag[ROWS] = {0, 1, 9};
  static const char* const text[ROWS] = {"plain", NULL, "=2+3"};
  static const char* const sized[ROWS] = {"abcdef", NULL, "Иван"};
  static const size_t sizes[ROWS] = {3, 0, 4};
  static const uint8_t valid[ROWS] = {1, 0, 1};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  CHECK_ERROR(context, klt_table_builder_new(context, (size_t)1 << 41, &builder), KLT_OUT_OF_RANGE, "rows");
  CHECK(builder == NULL);
  CHECK_OK(context, klt_table_builder_new(context, ROWS, &builder));
  CHECK_ERROR(context, klt_table_builder_finish(context, builder, &table), KLT_INVALID_ARGUMENT, "builder");
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "whole", whole, NULL));
  CHECK_OK(context, klt_table_builder_add_double(context, builder, "real", real, valid));
  CHECK_OK(context, klt_table_builder_add_money(context, builder, "money", money, NULL));
  CHECK_OK(context, klt_table_builder_add_day(context, builder, "day", day, valid));
  CHECK_OK(context, klt_table_builder_add_instant(context, builder, "instant", instant, NULL));
  CHECK_OK(context, klt_table_builder_add_boolean(context, builder, "flag", flag, NULL));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "text", text));
  CHECK_OK(context, klt_table_builder_add_sized_text(context, builder, "sized", sized, sizes, valid));

  CHECK_ERROR(context, klt_table_builder_add_int64(context, builder, "whole", whole, NULL), KLT_INVALID_ARGUMENT,
              "name");
  CHECK_ERROR(context, klt_table_builder_add_int64(context, builder, "", whole, NULL), KLT_INVALID_ARGUMENT, "name");
  CHECK_ERROR(context, klt_table_builder_add_int64(context, builder, NULL, whole, NULL), KLT_INVALID_ARGUMENT, "name");
  CHECK_ERROR(context, klt_table_builder_add_int64(context, builder, "\xc3", whole, NULL), KLT_INVALID_ARGUMENT,
              "name");
  CHECK_ERROR(context, klt_table_builder_add_int64(context, builder, "x", NULL, NULL), KLT_INVALID_ARGUMENT, "values");
  CHECK_ERROR(context, klt_table_builder_add_text(context, builder, "x", NULL), KLT_INVALID_ARGUMENT, "values");
  CHECK_ERROR(context, klt_table_builder_add_sized_text(context, builder, "x", sized, NULL, NULL), KLT_INVALID_ARGUMENT,
              "sizes");
  {
    static const int64_t no_amount[ROWS] = {1, INT64_MIN, 2};
    CHECK_ERROR(context, klt_table_builder_add_money(context, builder, "x", no_amount, NULL), KLT_OVERFLOW, "values");
    CHECK_OK(context, klt_table_builder_add_money(context, builder, "no_amount", no_amount, valid));
  }
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  klt_table_builder_free(NULL);
  return table;
}

static void check_getters(klt_context* context, const klt_table* table) {
  static const klt_column_type types[] = {KLT_COLUMN_INT64, KLT_COLUMN_DOUBLE,  KLT_COLUMN_MONEY,
                                          KLT_COLUMN_DAY,   KLT_COLUMN_INSTANT, KLT_COLUMN_BOOLEAN,
                                          KLT_COLUMN_TEXT,  KLT_COLUMN_TEXT,    KLT_COLUMN_MONEY};
  size_t column = 99;
  size_t size = 0;
  const char* text = NULL;
  int64_t whole = 0;
  double real = 0;
  int null = -1;
  CHECK(klt_table_row_count(table) == ROWS);
  CHECK(klt_table_column_count(table) == 9);
  for (column = 0; column < 9; ++column) CHECK(klt_table_column_type(table, column) == types[column]);
  CHECK(klt_table_column_type(table, 9) == -1);
  CHECK(klt_table_column_name(table, 9) == NULL);
  CHECK_TEXT(klt_table_column_name(table, 2), "money");
  CHECK(klt_table_null_count(table, 0) == 0);
  CHECK(klt_table_null_count(table, 1) == 1);
  CHECK(klt_table_null_count(table, 9) == 0);
  CHECK_OK(context, klt_table_find_column(context, table, "sized", &column));
  CHECK(column == 7);
  CHECK_STATUS(context, klt_table_find_column(context, table, "nothing", &column), KLT_NOT_FOUND);
  CHECK_CONTAINS(klt_context_last_message(context), "instant");
  CHECK(column == 7);

  CHECK_OK(context, klt_table_get_int64(context, table, 0, 2, &whole));
  CHECK(whole == INT64_MAX);
  CHECK_OK(context, klt_table_get_int64(context, table, 2, 1, &whole));
  CHECK(whole == -5000);
  CHECK_OK(context, klt_table_get_double(context, table, 2, 1, &real));
  CHECK_NUMBER(real, -0.5);
  CHECK_OK(context, klt_table_get_int64(context, table, 5, 2, &whole));
  CHECK(whole == 1);
  CHECK_OK(context, klt_table_get_double(context, table, 1, 1, &real));
  CHECK(isnan(real));
  CHECK_OK(context, klt_table_get_int64(context, table, 3, 1, &whole));
  CHECK(whole == 0);
  CHECK_OK(context, klt_table_is_null(context, table, 3, 1, &null));
  CHECK(null == 1);
  CHECK_OK(context, klt_table_is_null(context, table, 3, 2, &null));
  CHECK(null == 0);
  CHECK_OK(context, klt_table_get_text(context, table, 7, 2, &text, &size));
  CHECK(size == 4 && memcmp(text, "Ив", 4) == 0);
  CHECK_OK(context, klt_table_get_text(context, table, 6, 1, &text, &size));
  CHECK(text == NULL && size == 0);

  whole = 42;
  CHECK_ERROR(context, klt_table_get_int64(context, table, 1, 0, &whole), KLT_INVALID_ARGUMENT, "column");
  CHECK_ERROR(context, klt_table_get_double(context, table, 6, 0, &real), KLT_INVALID_ARGUMENT, "column");
  CHECK_ERROR(context, klt_table_get_text(context, table, 0, 0, &text, &size), KLT_INVALID_ARGUMENT, "column");
  CHECK_ERROR(context, klt_table_get_int64(context, table, 9, 0, &whole), KLT_OUT_OF_RANGE, "column");
  CHECK_ERROR(context, klt_table_get_int64(context, table, 0, ROWS, &whole), KLT_OUT_OF_RANGE, "row");
  CHECK_ERROR(context, klt_table_get_int64(context, table, 0, 0, NULL), KLT_INVALID_ARGUMENT, "out");
  CHECK_ERROR(context, klt_table_label_count(context, table, 0, &size), KLT_INVALID_ARGUMENT, "column");
  CHECK(whole == 42);
}

static void check_render(klt_context* context, const klt_table* table) {
  static const char* const wanted[] = {"7", "0.5", "8911407.904", "1970-01-01", NULL, NULL, "plain", "abc", "0.0001"};
  size_t column;
  for (column = 0; column < 9; ++column) {
    klt_string* text = NULL;
    CHECK_OK(context, klt_table_render(context, table, column, 0, &text));
    if (wanted[column] != NULL) CHECK_TEXT(klt_string_data(text), wanted[column]);
    CHECK(klt_string_size(text) == strlen(klt_string_data(text)));
    klt_string_free(text);
  }
}

static void check_bulk(klt_context* context, const klt_table* table) {
  int64_t whole[ROWS] = {1, 1, 1};
  double real[ROWS] = {1, 1, 1};
  uint8_t valid[ROWS] = {9, 9, 9};
  const void* values = NULL;
  const uint8_t* bits = NULL;
  const int64_t* offsets = NULL;
  const char* characters = NULL;
  CHECK_OK(context, klt_table_read_int64(context, table, 3, 1, 2, whole, valid));
  CHECK(whole[0] == 0 && whole[1] == -1 && whole[2] == 1);
  CHECK(valid[0] == 0 && valid[1] == 1 && valid[2] == 9);
  CHECK_OK(context, klt_table_read_double(context, table, 1, 0, ROWS, real, NULL));
  CHECK_NUMBER(real[0], 0.5);
  CHECK(isnan(real[1]));
  CHECK_OK(context, klt_table_read_double(context, table, 1, ROWS, 0, NULL, NULL));
  CHECK_ERROR(context, klt_table_read_double(context, table, 1, 1, ROWS, real, NULL), KLT_OUT_OF_RANGE, "count");
  CHECK_ERROR(context, klt_table_read_double(context, table, 1, ROWS + 1, 0, real, NULL), KLT_OUT_OF_RANGE,
              "first_row");
  CHECK_ERROR(context, klt_table_read_double(context, table, 1, 1, SIZE_MAX, real, NULL), KLT_OUT_OF_RANGE, "count");
  CHECK_ERROR(context, klt_table_read_int64(context, table, 0, 0, ROWS, NULL, NULL), KLT_INVALID_ARGUMENT, "values");

  CHECK_OK(context, klt_table_column_data(context, table, 0, &values, &bits));
  CHECK(((const int64_t*)values)[1] == -8 && bits == NULL);
  CHECK_OK(context, klt_table_column_data(context, table, 1, &values, &bits));
  CHECK(((const double*)values)[0] == 0.5 && (bits[0] & 7) == 5);
  CHECK_ERROR(context, klt_table_column_data(context, table, 6, &values, &bits), KLT_INVALID_ARGUMENT, "column");
  CHECK_OK(context, klt_table_text_data(context, table, 6, &offsets, &characters, &bits));
  CHECK(offsets[0] == 0 && offsets[1] == 5 && offsets[2] == 5 && offsets[3] == 9 && (bits[0] & 7) == 5);
  CHECK(memcmp(characters, "plain=2+3", 9) == 0);
  CHECK_ERROR(context, klt_table_text_data(context, table, 0, &offsets, &characters, &bits), KLT_INVALID_ARGUMENT,
              "column");
}

/* The stream must outlive the table that it came from. */
static void check_arrow(klt_context* context, klt_table* table) {
  struct ArrowArrayStream stream;
  struct ArrowSchema schema;
  struct ArrowArray batch;
  CHECK_OK(context, klt_table_export_arrow(context, table, &stream));
  klt_table_free(table);
  CHECK(stream.get_schema(&stream, &schema) == 0);
  CHECK_TEXT(schema.format, "+s");
  CHECK(schema.n_children == 9);
  CHECK_TEXT(schema.children[0]->format, "l");
  CHECK_TEXT(schema.children[0]->name, "whole");
  CHECK_TEXT(schema.children[1]->format, "g");
  CHECK_CONTAINS(schema.children[2]->format, "d:19,4");
  CHECK_TEXT(schema.children[3]->format, "tdD");
  CHECK_TEXT(schema.children[4]->format, "tsu:UTC");
  CHECK_TEXT(schema.children[5]->format, "b");
  CHECK_TEXT(schema.children[6]->format, "U");
  schema.release(&schema);
  CHECK(stream.get_next(&stream, &batch) == 0);
  CHECK(batch.length == ROWS && batch.n_children == 9);
  CHECK(((const int64_t*)batch.children[0]->buffers[1])[0] == 7);
  CHECK(((const int64_t*)batch.children[2]->buffers[1])[2] == -5000); /* the low half of the second decimal128 */
  CHECK(((const int64_t*)batch.children[2]->buffers[1])[3] == -1);    /* its sign */
  batch.release(&batch);
  CHECK(stream.get_next(&stream, &batch) == 0);
  CHECK(batch.release == NULL);
  stream.release(&stream);
}

static void check_csv(klt_context* context, const klt_table* table) {
  klt_string* csv = NULL;
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  CHECK_CONTAINS(klt_string_data(csv), "whole,real,money,day,instant,flag,text,sized,no_amount\n");
  CHECK_CONTAINS(klt_string_data(csv), "7,0.5,8911407.904,1970-01-01,");
  CHECK_CONTAINS(klt_string_data(csv), "'=2+3");
  klt_string_free(csv);
}

static void check_empty(klt_context* context) {
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_string* csv = NULL;
  CHECK_OK(context, klt_table_builder_new(context, 0, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "name", NULL));
  CHECK_OK(context, klt_table_builder_add_double(context, builder, "value", NULL, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK(klt_table_row_count(table) == 0);
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  CHECK_TEXT(klt_string_data(csv), "name,value\n");
  klt_string_free(csv);
  klt_table_free(table);
}

int main(void) {
  klt_context* context = NULL;
  klt_table* table;
  CHECK(klt_context_new(&context) == KLT_OK);
  table = build(context);
  check_getters(context, table);
  check_render(context, table);
  check_bulk(context, table);
  check_csv(context, table);
  check_arrow(context, table);
  check_empty(context);
  klt_table_free(NULL);
  klt_context_free(context);
  return check_result();
}
