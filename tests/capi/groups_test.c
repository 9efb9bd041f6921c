/* Roll-ups and profiles over the C ABI. */
#include "check.h"

static klt_table* table_of(klt_context* context, size_t rows, const char* const* names,
                           const char* const* const* columns, size_t count) {
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  size_t i;
  CHECK_OK(context, klt_table_builder_new(context, rows, &builder));
  for (i = 0; i < count; ++i) CHECK_OK(context, klt_table_builder_add_text(context, builder, names[i], columns[i]));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

/* 1 is a holding of 2 and, as its contact, of 4; 3 is alone. */
static klt_tables* tables_of(klt_context* context, int circle) {
  static const char* const card_names[] = {"client", "parent"};
  static const char* const clients[] = {"1", "2", "3", "4"};
  static const char* const parents[] = {NULL, "1", NULL, NULL};
  static const char* const contact_names[] = {"contact", "organisation"};
  static const char* const contacts[] = {"4"};
  static const char* const circular[] = {"1"};
  static const char* const organisations[] = {"2"};
  static const char* const line_names[] = {"client", "at", "amount", "product"};
  static const char* const buyers[] = {"2", "4", "3", "1"};
  static const char* const days[] = {"2026-01-05", "2026-02-05", "2026-03-01", "2026-03-02"};
  static const char* const amounts[] = {"10", "20.5", "7", "1"};
  static const char* const products[] = {"tea", "tea", "cups", "tea"};
  const char* const* card_columns[2];
  const char* const* contact_columns[2];
  const char* const* line_columns[4];
  klt_tables* tables = NULL;
  klt_table* table;
  CHECK_OK(context, klt_tables_new(context, &tables));
  card_columns[0] = clients;
  card_columns[1] = parents;
  table = table_of(context, 4, card_names, card_columns, 2);
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
  klt_table_free(table);
  contact_columns[0] = circle ? circular : contacts;
  contact_columns[1] = organisations;
  table = table_of(context, 1, contact_names, contact_columns, 2);
  CHECK_OK(context, klt_tables_add_table(context, tables, "contacts", table));
  klt_table_free(table);
  line_columns[0] = buyers;
  line_columns[1] = days;
  line_columns[2] = amounts;
  line_columns[3] = products;
  table = table_of(context, 4, line_names, line_columns, 4);
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  return tables;
}

static klt_base* base_of(klt_context* context, int circle) {
  klt_tables* tables = tables_of(context, circle);
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  CHECK_OK(context, klt_ingest(context, tables, NULL, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  klt_ingest_result_free(read);
  klt_tables_free(tables);
  return base;
}

static void check_roll_up(klt_context* context) {
  klt_base* base = base_of(context, 0);
  klt_base* circle = base_of(context, 1);
  klt_base* rolled = NULL;
  klt_table* tree = NULL;
  klt_features* features = NULL;
  klt_table* table = NULL;
  size_t row = 0;
  int32_t day = 0;
  klt_roll_up_options options = KLT_ROLL_UP_OPTIONS_INIT;
  CHECK_OK(context, klt_base_hierarchy(context, base, NULL, &tree));
  CHECK_TEXT(cell(context, tree, "level", 3), "3");
  CHECK_TEXT(cell(context, tree, "link", 3), "contact");
  CHECK_TEXT(cell(context, tree, "members", 0), "3");
  klt_table_free(tree);
  CHECK_OK(context, klt_base_roll_up(context, base, NULL, &rolled));
  CHECK(klt_base_client_count(rolled) == 2);
  CHECK_OK(context, klt_base_client_row(context, rolled, "4", &row));
  CHECK(row == 0);
  CHECK_OK(context, klt_base_table(context, rolled, "transactions", &table));
  CHECK_TEXT(cell(context, table, "client", 0), "1");
  CHECK_TEXT(cell(context, table, "client", 2), "3");
  klt_table_free(table);
  CHECK_OK(context, klt_parse_day(context, "2026-03-31", &day));
  CHECK_OK(context, klt_features_compute(context, rolled, day, NULL, &features));
  CHECK_OK(context, klt_features_table(context, features, &table));
  CHECK_TEXT(cell(context, table, "money_net", 0), "31.5");
  CHECK_TEXT(cell(context, table, "frequency", 0), "3");
  CHECK_TEXT(cell(context, table, "recency_days", 0), "29");
  klt_table_free(table);
  klt_features_free(features);
  klt_base_free(rolled);

  options.to = KLT_ROLL_UP_LEVEL;
  options.level = 2;
  options.contacts = 0;
  CHECK_OK(context, klt_base_roll_up(context, base, &options, &rolled));
  CHECK(klt_base_client_count(rolled) == 4);
  klt_base_free(rolled);
  rolled = NULL;
  options.level = 0;
  CHECK_STATUS(context, klt_base_roll_up(context, base, &options, &rolled), KLT_INVALID_ARGUMENT);
  CHECK_TEXT(klt_context_last_where(context), "level");
  options.level = 1;
  options.to = 3;
  CHECK_STATUS(context, klt_base_roll_up(context, base, &options, &rolled), KLT_INVALID_ARGUMENT);
  options.to = KLT_ROLL_UP_EVERY_NODE;
  options.contacts = 2;
  CHECK_STATUS(context, klt_base_roll_up(context, base, &options, &rolled), KLT_INVALID_ARGUMENT);
  options.contacts = 1;
  options.max_levels = 2;
  CHECK_STATUS(context, klt_base_roll_up(context, base, &options, &rolled), KLT_OUT_OF_RANGE);
  CHECK_TEXT(klt_context_last_where(context), "max_levels");
  options.max_levels = 3;
  options.on = INT32_MAX;
  CHECK_STATUS(context, klt_base_roll_up(context, base, &options, &rolled), KLT_OUT_OF_RANGE);
  options.on = KLT_NO_DAY;
  CHECK_STATUS(context, klt_base_roll_up(context, circle, &options, &rolled), KLT_BAD_DATA);
  CHECK_CONTAINS(klt_context_last_message(context), "1 < 2 < 1");
  CHECK(rolled == NULL);
  CHECK_OK(context, klt_base_roll_up(context, base, &options, &rolled));
  CHECK(klt_base_client_count(rolled) == 4);
  klt_base_free(rolled);
  klt_base_free(circle);
  klt_base_free(base);
}

static void check_profiles(klt_context* context) {
  klt_tables* tables = tables_of(context, 0);
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_profiles* profiles = NULL;
  klt_table* table = NULL;
  klt_ingest_result* ingest = NULL;
  klt_features* features = NULL;
  klt_report_input input = KLT_REPORT_INPUT_INIT;
  klt_profile_options options = KLT_PROFILE_OPTIONS_INIT;
  CHECK_OK(context,
           klt_policy_from_json(context, "{\"preset\": \"default\", \"roll_up\": {\"to\": \"roots\"}}", &policy));
  CHECK_OK(context, klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));
  CHECK_OK(context, klt_result_hierarchy(context, result, &table));
  CHECK(klt_table_row_count(table) == 4);
  klt_table_free(table);
  table = NULL;
  CHECK_OK(context, klt_result_profiles(context, result, NULL, &profiles));
  CHECK_OK(context, klt_profiles_groups(context, profiles, &table));
  CHECK_TEXT(cell(context, table, "column", 0), "group");
  klt_table_free(table);
  klt_profiles_free(profiles);
  profiles = NULL;
  CHECK_STATUS(context, klt_result_profiles(context, result, "nothing", &profiles), KLT_NOT_FOUND);

  CHECK_OK(context, klt_result_ingest(context, result, &ingest));
  CHECK_OK(context, klt_result_features(context, result, &features));
  input.ingest = ingest;
  input.features = features;
  options.min_clients = 1;
  CHECK_OK(context, klt_report_profiles(context, &input, &options, "top_product", &profiles));
  klt_result_free(result);
  result = NULL;
  CHECK_OK(context, klt_profiles_groups(context, profiles, &table));
  CHECK(klt_table_row_count(table) == 2);
  CHECK_TEXT(cell(context, table, "group", 1), "tea");
  CHECK_TEXT(cell(context, table, "money_sum", 1), "31.5");
  klt_table_free(table);
  CHECK_OK(context, klt_profiles_products(context, profiles, &table));
  CHECK(klt_table_row_count(table) == 2);
  CHECK_TEXT(cell(context, table, "item", 1), "tea");
  CHECK_TEXT(cell(context, table, "p", 1), "0.5");
  klt_table_free(table);
  CHECK_OK(context, klt_profiles_channels(context, profiles, &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
  klt_profiles_free(profiles);
  profiles = NULL;
  options.test = 2;
  CHECK_STATUS(context, klt_report_profiles(context, &input, &options, NULL, &profiles), KLT_INVALID_ARGUMENT);
  options.test = KLT_PROFILE_TEST_TWO_SIDED;
  options.min_clients = 0;
  CHECK_STATUS(context, klt_report_profiles(context, &input, &options, NULL, &profiles), KLT_INVALID_ARGUMENT);
  CHECK_TEXT(klt_context_last_where(context), "min_clients");
  options.min_clients = -1;
  options.top = -2;
  CHECK_STATUS(context, klt_report_profiles(context, &input, &options, NULL, &profiles), KLT_OUT_OF_RANGE);
  CHECK(profiles == NULL);
  klt_features_free(features);
  klt_ingest_result_free(ingest);
  klt_policy_free(policy);
  klt_tables_free(tables);

  tables = tables_of(context, 0);
  CHECK_OK(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result));
  table = NULL;
  CHECK_STATUS(context, klt_result_hierarchy(context, result, &table), KLT_NOT_FOUND);
  klt_result_free(result);
  klt_tables_free(tables);
}

int main(void) {
  klt_context* context = NULL;
  CHECK(klt_context_new(&context) == KLT_OK);
  check_roll_up(context);
  check_profiles(context);
  klt_context_free(context);
  return check_result();
}
