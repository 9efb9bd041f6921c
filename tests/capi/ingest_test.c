/* C ABI of ingest and model: streams and built tables become a base; bad rows come back; a base can be extended. */
#include <stddef.h>

#include "check.h"
#include "data.h"

static klt_ingest_result* ingest_example(klt_context* context, test_source* source) {
  struct ArrowArrayStream stream = test_stream(source);
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  CHECK(stream.release == NULL);
  CHECK(klt_tables_count(tables) == 1);
  CHECK_OK(context, klt_ingest(context, tables, NULL, &result));
  CHECK(klt_tables_count(tables) == 0);
  klt_tables_free(tables);
  return result;
}

static void check_counts(klt_context* context, const klt_ingest_result* result, const char* table, uint64_t read,
                         uint64_t used, uint64_t rejected) {
  klt_row_counts counts = KLT_ROW_COUNTS_INIT;
  CHECK_OK(context, klt_ingest_result_counts(context, result, table, &counts));
  CHECK_NUMBER(counts.rows_read, read);
  CHECK_NUMBER(counts.rows_used, used);
  CHECK_NUMBER(counts.rows_rejected, rejected);
}

static void check_example(klt_context* context, const klt_base* base) {
  klt_table* table = NULL;
  klt_string* text = NULL;
  uint64_t delivered = 0;
  uint64_t used = 0;
  uint32_t code = 0;
  size_t row = 0;
  int64_t number = 0;
  int32_t day = 0;
  CHECK(klt_base_client_count(base) == EXAMPLE_CLIENTS);
  CHECK_TEXT(klt_base_time_zone(base), "UTC");
  CHECK_TEXT(klt_base_currency(base), "");
  CHECK_OK(context, klt_base_row_counts(context, base, "transactions", &delivered, &used));
  CHECK(delivered == EXAMPLE_ROWS && used == EXAMPLE_ROWS);
  CHECK_OK(context, klt_base_row_counts(context, base, "feedback", NULL, &used));
  CHECK(used == 0);
  CHECK_ERROR(context, klt_base_row_counts(context, base, "sales", NULL, &used), KLT_NOT_FOUND, "table_name");
  CHECK_CONTAINS(klt_context_last_message(context), "transactions");
  CHECK_OK(context, klt_base_last_purchase_day(context, base, &day));
  CHECK(day == EXAMPLE_FIRST_DAY + 36);

  CHECK_OK(context, klt_base_client_row(context, base, "4", &row));
  CHECK(row == 3);
  CHECK_ERROR(context, klt_base_client_row(context, base, "7", &row), KLT_NOT_FOUND, "id");
  CHECK_ERROR(context, klt_base_client_row(context, base, "", &row), KLT_NOT_FOUND, "id");
  CHECK_OK(context, klt_base_client_code(context, base, "4", &code));
  CHECK(klt_base_codes(base)[row] == code);
  CHECK_OK(context, klt_base_client_id(context, base, code, &text));
  CHECK_TEXT(klt_string_data(text), "4");
  klt_string_free(text);
  text = NULL;
  CHECK_ERROR(context, klt_base_client_id(context, base, UINT32_MAX, &text), KLT_OUT_OF_RANGE, "code");
  CHECK(text == NULL);

  CHECK_OK(context, klt_base_clients(context, base, &table));
  CHECK(klt_table_row_count(table) == EXAMPLE_CLIENTS && klt_table_column_count(table) == 1);
  CHECK_TEXT(klt_table_column_name(table, 0), "client");
  for (row = 0; row < EXAMPLE_CLIENTS; ++row) {
    CHECK_OK(context, klt_table_get_int64(context, table, 0, row, &number));
    CHECK(number == (int64_t)row + 1);
  }
  klt_table_free(table);

  CHECK_OK(context, klt_base_table(context, base, "transactions", &table));
  CHECK(klt_table_row_count(table) == EXAMPLE_ROWS);
  CHECK_TEXT(klt_table_column_name(table, 0), "client");
  {
    size_t amount = 0;
    size_t at = 0;
    CHECK_OK(context, klt_table_find_column(context, table, "amount", &amount));
    CHECK_OK(context, klt_table_find_column(context, table, "at", &at));
    CHECK(klt_table_column_type(table, amount) == KLT_COLUMN_MONEY);
    CHECK(klt_table_column_type(table, at) == KLT_COLUMN_INSTANT);
    for (row = 0; row < EXAMPLE_ROWS; ++row) {
      CHECK_OK(context, klt_table_get_int64(context, table, 0, row, &number));
      CHECK(number == example_clients[row]);
      CHECK_OK(context, klt_table_get_int64(context, table, amount, row, &number));
      CHECK(number == (int64_t)(example_amounts[row] * 10000));
      CHECK_OK(context, klt_table_get_int64(context, table, at, row, &number));
      CHECK(number == (int64_t)example_days[row] * INT64_C(86400000000));
    }
  }
  klt_table_free(table);
}

/* Rows that cannot be used, through the builder, with names that only a mapping explains. */
static void check_rejects(klt_context* context) {
  static const char* const buyers[] = {"anna", NULL, "boris", "anna", "c\xff", "anna"};
  static const char* const days[] = {"2020-01-01", "2020-01-02", "2020-13-45",
                                     "2020-01-03", "2020-01-04", "2020-01-05"};
  static const char* const sums[] = {"10", "1", "1", "ten", "1", "0"};
  static const char* const colours[] = {"red", "red", "red", "red", "red", "red"};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_ingest_options options = KLT_INGEST_OPTIONS_INIT;
  klt_base* base = NULL;
  klt_string* csv = NULL;
  CHECK_OK(context, klt_table_builder_new(context, 6, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "buyer", buyers));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "when it was", days));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "paid", sums));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "colour of the door", colours));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  CHECK_ERROR(context, klt_tables_add_table(context, tables, "transactions", table), KLT_INVALID_ARGUMENT,
              "table_name");
  CHECK_ERROR(context, klt_tables_add_table(context, tables, "purchases of yore", table), KLT_NOT_FOUND, "table_name");
  klt_table_free(table);
  CHECK_OK(context, klt_tables_map_column(context, tables, "transactions", "client", "buyer"));
  CHECK_OK(context, klt_tables_map_column(context, tables, "transactions", "at", "when it was"));
  CHECK_OK(context, klt_tables_map_column(context, tables, "transactions", "amount", "paid"));
  CHECK_ERROR(context, klt_tables_map_column(context, tables, "transactions", "sum", "paid"), KLT_NOT_FOUND, "field");
  CHECK_CONTAINS(klt_context_last_message(context), "amount");
  options.reject_zero_amounts = 1;
  options.currency = "EUR";
  CHECK_OK(context, klt_ingest(context, tables, &options, &result));
  klt_tables_free(tables);
  check_counts(context, result, "transactions", 6, 1, 5);
  check_counts(context, result, "clients", 0, 0, 0);

  CHECK_OK(context, klt_ingest_result_rejected(context, result, &table));
  CHECK(klt_table_row_count(table) == 5);
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  CHECK_CONTAINS(klt_string_data(csv), "table,row,column,value,reason\n");
  CHECK_CONTAINS(klt_string_data(csv), "transactions,2,buyer,\"\",missing_value\n");
  CHECK_CONTAINS(klt_string_data(csv), "transactions,3,when it was,2020-13-45,not_a_date\n");
  CHECK_CONTAINS(klt_string_data(csv), "transactions,4,paid,ten,not_a_number\n");
  CHECK_CONTAINS(klt_string_data(csv), "transactions,5,buyer,c\xef\xbf\xbd,invalid_utf8\n");
  CHECK_CONTAINS(klt_string_data(csv), "transactions,6,paid,0,zero_amount\n");
  klt_string_free(csv);
  klt_table_free(table);
  CHECK_OK(context, klt_ingest_result_reasons(context, result, &table));
  CHECK(klt_table_row_count(table) == 5 && klt_table_column_count(table) == 3);
  klt_table_free(table);
  CHECK_OK(context, klt_ingest_result_unused_columns(context, result, &table));
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  CHECK_TEXT(klt_string_data(csv), "column\ntransactions.colour of the door\n");
  klt_string_free(csv);
  klt_table_free(table);
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  klt_ingest_result_free(result);
  CHECK(klt_base_client_count(base) == 1);
  CHECK_TEXT(klt_base_currency(base), "EUR");
  klt_base_free(base);
}

static void check_options(klt_context* context) {
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_ingest_options options = KLT_INGEST_OPTIONS_INIT;
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  struct ArrowArrayStream stream = test_stream(&source);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_stream(context, tables, "transactions", &stream));
  options.unknown_clients = 3;
  CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT, "options.unknown_clients");
  options.unknown_clients = KLT_UNKNOWN_CLIENTS_DEFAULT;
  options.decimal_comma = 2;
  CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT, "options.decimal_comma");
  options.decimal_comma = 0;
  options.max_rejects_kept = -2;
  CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT,
              "options.max_rejects_kept");
  options.max_rejects_kept = 10;
  options.reserved = 1;
  CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT, "options.reserved");
  options.reserved = 0;
  options.keep_unreadable_cards = 2;
  CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT,
              "options.keep_unreadable_cards");
  options.keep_unreadable_cards = -1;
  options.reserved_2 = 1;
  CHECK_ERROR(context, klt_ingest(context, tables, &options, &result), KLT_INVALID_ARGUMENT, "options.reserved_2");
  options.reserved_2 = 0;
  CHECK(klt_tables_count(tables) == 1); /* nothing was read yet */
  options.time_zone = "Mars/Olympus_Mons";
  CHECK_STATUS(context, klt_ingest(context, tables, &options, &result), KLT_NOT_FOUND);
  CHECK(result == NULL);
  klt_tables_free(tables);
  CHECK(source.live == 0 && source.streams_released == 1);
}

static void check_unreadable_cards(klt_context* context) {
  static const char* const ids[] = {"a", "b"};
  static const char* const days[] = {"19841332", "1984-12-31"};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_ingest_options options = KLT_INGEST_OPTIONS_INIT;
  klt_table* ignored = NULL;
  klt_string* csv = NULL;
  int keep;
  CHECK_OK(context, klt_table_builder_new(context, 2, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "id", ids));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "dob", days));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  for (keep = -1; keep <= 1; ++keep) {
    CHECK_OK(context, klt_tables_new(context, &tables));
    CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
    options.keep_unreadable_cards = keep;
    if (keep == -1) options.struct_size = offsetof(klt_ingest_options, keep_unreadable_cards); /* as ABI 1 had it */
    CHECK_OK(context, klt_ingest(context, tables, &options, &result));
    options.struct_size = sizeof options;
    klt_tables_free(tables);
    check_counts(context, result, "clients", 2, keep == 1 ? 2 : 1, keep == 1 ? 0 : 1);
    CHECK_OK(context, klt_ingest_result_ignored_values(context, result, &ignored));
    CHECK_OK(context, klt_table_to_csv(context, ignored, &csv));
    CHECK_TEXT(klt_string_data(csv), keep == 1 ? "column,values\nclients.dob,1\n" : "column,values\n");
    klt_string_free(csv);
    klt_table_free(ignored);
    klt_ingest_result_free(result);
  }
  CHECK_STATUS(context, klt_ingest_result_ignored_values(context, NULL, &ignored), KLT_INVALID_ARGUMENT);
  klt_table_free(table);
}

static void check_extend(klt_context* context, const klt_base* base) {
  static const int64_t clients[] = {0, 4};
  static const int32_t days[] = {16480, 16481};
  static const int64_t amounts[] = {10000, 20000};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_ingest_options options = KLT_INGEST_OPTIONS_INIT;
  klt_base* later = NULL;
  uint32_t before = 0;
  uint32_t after = 1;
  size_t row = 0;
  int extends = -1;
  CHECK_OK(context, klt_table_builder_new(context, 2, &builder));
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "client", clients, NULL));
  CHECK_OK(context, klt_table_builder_add_day(context, builder, "at", days, NULL));
  CHECK_OK(context, klt_table_builder_add_money(context, builder, "amount", amounts, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  options.currency = "USD"; /* the base has none */
  CHECK_STATUS(context, klt_extend(context, base, tables, &options, &result), KLT_INVALID_ARGUMENT);
  CHECK(result == NULL);
  if (klt_tables_count(tables) == 0) CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  CHECK_OK(context, klt_extend(context, base, tables, NULL, &result));
  klt_tables_free(tables);
  check_counts(context, result, "transactions", 2, 2, 0);
  CHECK_OK(context, klt_ingest_result_base(context, result, &later));
  klt_ingest_result_free(result);
  CHECK(klt_base_client_count(later) == EXAMPLE_CLIENTS + 1);
  CHECK_OK(context, klt_base_client_code(context, base, "4", &before));
  CHECK_OK(context, klt_base_client_code(context, later, "4", &after));
  CHECK(before == after);
  CHECK_OK(context, klt_base_client_row(context, later, "4", &row));
  CHECK(row == 4);
  CHECK_OK(context, klt_base_extends(context, later, base, &extends));
  CHECK(extends == 1);
  CHECK_OK(context, klt_base_extends(context, base, later, &extends));
  CHECK(extends == 0);
  check_example(context, base); /* as it was */
  klt_base_free(later);
}

static void check_cards(klt_context* context) {
  static const char* const ids[] = {"10", "20"};
  static const char* const names[] = {"Acme", "Beta"};
  static const char* const phones[] = {"+1 555 0100;+1 555 0101", NULL};
  static const char* const industries[] = {"steel", "bread"};
  static const int64_t buyers[] = {10, 30};
  static const int32_t days[] = {18000, 18000};
  static const double sums[] = {1.5, 2.5};
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_base* base = NULL;
  klt_string* csv = NULL;
  size_t column = 0;
  const char* text = NULL;
  size_t size = 0;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_table_builder_new(context, 2, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", ids));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "name", names));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "phones", phones));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "industry", industries));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
  klt_table_free(table);
  CHECK_OK(context, klt_table_builder_new(context, 2, &builder));
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "client", buyers, NULL));
  CHECK_OK(context, klt_table_builder_add_day(context, builder, "at", days, NULL));
  CHECK_OK(context, klt_table_builder_add_double(context, builder, "amount", sums, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  CHECK_OK(context, klt_ingest(context, tables, NULL, &result));
  klt_tables_free(tables);
  check_counts(context, result, "clients", 2, 2, 0);
  check_counts(context, result, "transactions", 2, 1, 1);
  CHECK_OK(context, klt_ingest_result_rejected(context, result, &table));
  CHECK_OK(context, klt_table_to_csv(context, table, &csv));
  CHECK_CONTAINS(klt_string_data(csv), "transactions,2,client,30,unknown_client\n");
  klt_string_free(csv);
  klt_table_free(table);
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  klt_ingest_result_free(result);
  CHECK_OK(context, klt_base_table(context, base, "clients", &table));
  CHECK(klt_table_row_count(table) == 2);
  CHECK_OK(context, klt_table_find_column(context, table, "phones", &column));
  CHECK_OK(context, klt_table_get_text(context, table, column, 0, &text, &size));
  CHECK(size == 23 && memcmp(text, "+1 555 0100;+1 555 0101", 23) == 0);
  CHECK_OK(context, klt_table_get_text(context, table, column, 1, &text, &size));
  CHECK(text == NULL);
  CHECK_OK(context, klt_table_find_column(context, table, "industry", &column));
  CHECK(klt_table_column_type(table, column) == KLT_COLUMN_TERM);
  CHECK_OK(context, klt_table_get_text(context, table, column, 1, &text, &size));
  CHECK(size == 5 && memcmp(text, "bread", 5) == 0);
  CHECK_OK(context, klt_table_label_count(context, table, column, &size));
  CHECK(size == 2);
  CHECK_OK(context, klt_table_label(context, table, column, 0, &text, &size));
  CHECK_TEXT(text, "steel");
  CHECK_ERROR(context, klt_table_label(context, table, column, 2, &text, &size), KLT_OUT_OF_RANGE, "code");
  klt_table_free(table);
  CHECK_OK(context, klt_base_table(context, base, "transactions", &table));
  CHECK(klt_table_row_count(table) == 1);
  klt_table_free(table);
  CHECK_OK(context, klt_base_table(context, base, "feedback", &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
  klt_base_free(base);
}

static void check_schema(klt_context* context) {
  klt_table* table = NULL;
  const char* text = NULL;
  size_t size = 0;
  CHECK_OK(context, klt_schema(context, &table));
  CHECK(klt_table_row_count(table) > 60);
  CHECK_TEXT(klt_table_column_name(table, 3), "required");
  CHECK(klt_table_column_type(table, 3) == KLT_COLUMN_BOOLEAN);
  CHECK_OK(context, klt_table_get_text(context, table, 0, 0, &text, &size));
  CHECK(size == 7 && memcmp(text, "clients", 7) == 0);
  klt_table_free(table);
}

int main(void) {
  klt_context* context = NULL;
  klt_ingest_result* result;
  klt_base* base = NULL;
  test_source source = TEST_SOURCE(example_columns, EXAMPLE_ROWS);
  CHECK(klt_context_new(&context) == KLT_OK);
  check_schema(context);
  for (source.batch_rows = 0; source.batch_rows < 5; ++source.batch_rows) {
    result = ingest_example(context, &source);
    check_counts(context, result, "transactions", EXAMPLE_ROWS, EXAMPLE_ROWS, 0);
    base = NULL;
    CHECK_OK(context, klt_ingest_result_base(context, result, &base));
    klt_ingest_result_free(result);
    check_example(context, base);
    if (source.batch_rows == 2) check_extend(context, base);
    klt_base_free(base);
    CHECK(source.live == 0);
  }
  check_rejects(context);
  check_options(context);
  check_unreadable_cards(context);
  check_cards(context);
  klt_tables_free(NULL);
  klt_base_free(NULL);
  klt_ingest_result_free(NULL);
  klt_context_free(context);
  test_data_unused();
  return check_result();
}
