/* C ABI of duplicates: found, linked, looked up, half typed, and added to. */
#include "check.h"
#include "data.h"

enum { CARDS = 6 };
static const int64_t card_ids[CARDS] = {1, 2, 3, 4, 5, 6};
static const char* const card_given[CARDS] = {"Anna", "Anna", "Otto", "Ida", "Bob", "Robert"};
static const char* const card_family[CARDS] = {"Berg", "Berg", "Kranz", "Pohl", "Falk", "Falk"};
static const char* const card_email[CARDS] = {"anna@berg.example", "anna@berg.example", "otto@kranz.example",
                                              "ida@pohl.example",  "bob@falk.example",  "bob@falk.example"};
static const char* const card_phone[CARDS] = {"+49305550101", "+49305550101", "+49305550103",
                                              "+49305550104", "+49305550105", "+49305550105"};

/* A table of cards; the texts of a column after each other. */
static klt_table* card_table(klt_context* context, const int64_t* ids, const char* const* given,
                             const char* const* family, const char* const* email, const char* const* phone,
                             size_t count) {
  const char* names[4] = {"given_name", "family_name", "email", "phone"};
  const char* const* columns[4];
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  size_t c;
  columns[0] = given;
  columns[1] = family;
  columns[2] = email;
  columns[3] = phone;
  CHECK_OK(context, klt_table_builder_new(context, count, &builder));
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "id", ids, NULL));
  for (c = 0; c < 4; ++c) CHECK_OK(context, klt_table_builder_add_text(context, builder, names[c], columns[c]));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

static klt_base* base_of(klt_context* context, const klt_base* earlier, klt_table* table) {
  klt_tables* tables = NULL;
  klt_ingest_result* result = NULL;
  klt_base* base = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
  if (earlier == NULL)
    CHECK_OK(context, klt_ingest(context, tables, NULL, &result));
  else
    CHECK_OK(context, klt_extend(context, earlier, tables, NULL, &result));
  CHECK_OK(context, klt_ingest_result_base(context, result, &base));
  klt_ingest_result_free(result);
  klt_tables_free(tables);
  klt_table_free(table);
  return base;
}

static klt_base* example_base(klt_context* context) {
  return base_of(context, NULL, card_table(context, card_ids, card_given, card_family, card_email, card_phone, CARDS));
}

static void check_cluster(klt_context* context, const klt_duplicates* duplicates, size_t row, const char* cluster) {
  klt_table* clusters = NULL;
  CHECK_OK(context, klt_duplicates_clusters(context, duplicates, &clusters));
  CHECK_TEXT(cell(context, clusters, "cluster", row), cluster);
  klt_table_free(clusters);
}

static void check_finding(klt_context* context) {
  klt_base* base = example_base(context);
  klt_duplicates* duplicates = NULL;
  klt_duplicates* linked = NULL;
  klt_table* table = NULL;
  klt_string* summary = NULL;
  klt_duplicates_options options = KLT_DUPLICATES_OPTIONS_INIT;
  klt_client_pair pair = {"3", "4"};
  klt_client_pair unknown = {"3", "77"};
  CHECK_OK(context, klt_find_duplicates(context, base, NULL, &duplicates));
  CHECK(klt_duplicates_cards(duplicates) == CARDS);
  CHECK(klt_duplicates_cards(NULL) == 0);
  check_cluster(context, duplicates, 1, "1");
  check_cluster(context, duplicates, 2, "3");
  CHECK_OK(context, klt_duplicates_pairs(context, duplicates, 0, &table));
  CHECK(klt_table_row_count(table) >= 1);
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_joins(context, duplicates, &table));
  CHECK(klt_table_row_count(table) >= 1);
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_cuts(context, duplicates, &table));
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_review(context, duplicates, &table));
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_links(context, duplicates, &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_weights(context, duplicates, &table));
  CHECK(klt_table_row_count(table) > 10);
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_rules(context, duplicates, &table));
  CHECK(klt_table_row_count(table) > 10);
  klt_table_free(table);
  CHECK_OK(context, klt_duplicates_summary(context, duplicates, &summary));
  CHECK_CONTAINS(klt_string_data(summary), "\"cards\": 6");
  klt_string_free(summary);
  klt_duplicates_free(duplicates);

  options.must_links = &pair;
  options.must_link_count = 1;
  CHECK_OK(context, klt_find_duplicates(context, base, &options, &duplicates));
  check_cluster(context, duplicates, 3, "3");
  klt_duplicates_free(duplicates);
  options.cannot_links = &pair;
  options.cannot_link_count = 1;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &duplicates), KLT_INVALID_ARGUMENT, "cannot_links");
  options.must_links = &unknown;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &duplicates), KLT_NOT_FOUND, "must_links");
  options.must_links = NULL;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &duplicates), KLT_INVALID_ARGUMENT, "must_links");

  CHECK_OK(context, klt_link_lists(context, base, base, NULL, &linked));
  CHECK(klt_duplicates_cards(linked) == 2 * CARDS);
  CHECK_OK(context, klt_duplicates_links(context, linked, &table));
  CHECK(klt_table_row_count(table) >= CARDS);
  klt_table_free(table);
  klt_duplicates_free(linked);
  klt_base_free(base);
}

/* Names of clusters that go on, weights kept as JSON, and weights of pairs that somebody looked at. */
static void check_knowledge(klt_context* context) {
  klt_base* base = example_base(context);
  klt_table_builder* builder = NULL;
  klt_table* earlier = NULL;
  klt_duplicates* duplicates = NULL;
  klt_duplicates* again = NULL;
  klt_string* model = NULL;
  klt_string* same = NULL;
  klt_policy* policy = NULL;
  klt_duplicates_options options = KLT_DUPLICATES_OPTIONS_INIT;
  const klt_labelled_pair judged[4] = {{"1", "2", 1, 0}, {"5", "6", 1, 0}, {"3", "4", 0, 0}, {"1", "5", 0, 0}};
  klt_labelled_pair pairs[24]; /* twenty at least are asked for */
  size_t i;
  const char* names[CARDS] = {"the Bergs", "the Bergs", "Otto", "Ida", "the Falks", "the Falks"};
  char document[65536];
  int length;
  for (i = 0; i < 24; ++i) pairs[i] = judged[i % 4];
  CHECK_OK(context, klt_table_builder_new(context, CARDS, &builder));
  CHECK_OK(context, klt_table_builder_add_int64(context, builder, "id", card_ids, NULL));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "cluster", names));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &earlier));
  klt_table_builder_free(builder);
  options.previous = earlier;
  CHECK_OK(context, klt_find_duplicates(context, base, &options, &duplicates));
  check_cluster(context, duplicates, 1, "the Bergs");
  check_cluster(context, duplicates, 2, "Otto");
  CHECK_ERROR(context, klt_link_lists(context, base, base, &options, &again), KLT_INVALID_ARGUMENT, "previous");
  klt_table_free(earlier);
  options.previous = NULL;

  CHECK_OK(context, klt_duplicates_model(context, duplicates, &model));
  length = snprintf(document, sizeof document, "{\"dedupe\": {\"model\": %s}}", klt_string_data(model));
  CHECK(length > 0 && (size_t)length < sizeof document);
  CHECK_OK(context, klt_policy_from_json(context, document, &policy));
  options.policy = policy;
  CHECK_OK(context, klt_find_duplicates(context, base, &options, &again));
  CHECK_OK(context, klt_duplicates_model(context, again, &same));
  CHECK_TEXT(klt_string_data(same), klt_string_data(model));
  klt_string_free(same);
  klt_duplicates_free(again);
  options.labelled = pairs;
  options.labelled_count = 24;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &again), KLT_INVALID_ARGUMENT, "labelled");
  klt_policy_free(policy);
  options.policy = NULL;
  CHECK_OK(context, klt_find_duplicates(context, base, &options, &again));
  check_cluster(context, again, 1, "1");
  CHECK_OK(context, klt_duplicates_model(context, again, &same));
  CHECK(strcmp(klt_string_data(same), klt_string_data(model)) != 0);
  klt_string_free(same);
  klt_duplicates_free(again);
  options.labelled_count = 4;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &again), KLT_INVALID_ARGUMENT, "labelled");
  pairs[0].match = 2;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &again), KLT_INVALID_ARGUMENT, "labelled");
  pairs[0].match = 1;
  pairs[3].b = "77";
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &again), KLT_NOT_FOUND, "labelled");
  options.labelled = NULL;
  CHECK_ERROR(context, klt_find_duplicates(context, base, &options, &again), KLT_INVALID_ARGUMENT, "labelled");
  klt_string_free(model);
  klt_duplicates_free(duplicates);
  klt_base_free(base);
}

static void check_searching(klt_context* context) {
  klt_base* base = example_base(context);
  klt_duplicates* duplicates = NULL;
  klt_card_index* index = NULL;
  klt_table* table = NULL;
  klt_card_search_options options = KLT_CARD_SEARCH_OPTIONS_INIT;
  const char* fields[2] = {"email", "surname"};
  const char* values[2] = {"otto@kranz.example", "Kranz"};
  const char* typed_fields[2] = {"surname", "email"};
  const char* typed_values[2] = {"kra", "ot"};
  const char* wrong[1] = {"shoe size"};
  const char* sort[1] = {"category"};
  CHECK_OK(context, klt_find_duplicates(context, base, NULL, &duplicates));
  CHECK_OK(context, klt_card_index_new(context, duplicates, &index));
  klt_duplicates_free(duplicates);
  klt_base_free(base);
  options.min_score = -1000;
  CHECK_OK(context, klt_card_index_search(context, index, fields, values, 2, &options, &table));
  CHECK_TEXT(cell(context, table, "id", 0), "3");
  CHECK_TEXT(cell(context, table, "email", 0), "same");
  klt_table_free(table);
  options.min_score = KLT_DEFAULT_SCORE;
  options.incomplete = 1;
  options.limit = 1;
  CHECK_OK(context, klt_card_index_search(context, index, typed_fields, typed_values, 2, &options, &table));
  CHECK(klt_table_row_count(table) == 1);
  CHECK_TEXT(cell(context, table, "id", 0), "3");
  CHECK_TEXT(cell(context, table, "email", 0), "begins");
  klt_table_free(table);
  CHECK_OK(context, klt_card_index_search(context, index, NULL, NULL, 0, NULL, &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
  CHECK_ERROR(context, klt_card_index_search(context, index, wrong, values, 1, NULL, &table), KLT_NOT_FOUND,
              "shoe size");
  CHECK_ERROR(context, klt_card_index_search(context, index, sort, values, 1, NULL, &table), KLT_INVALID_ARGUMENT,
              "category");
  CHECK_ERROR(context, klt_card_index_search(context, index, NULL, values, 1, NULL, &table), KLT_INVALID_ARGUMENT,
              "fields");
  options.incomplete = 2;
  CHECK_ERROR(context, klt_card_index_search(context, index, fields, values, 2, &options, &table), KLT_INVALID_ARGUMENT,
              "options.incomplete");
  options.incomplete = 0;
  options.limit = 0;
  CHECK_ERROR(context, klt_card_index_search(context, index, fields, values, 2, &options, &table), KLT_INVALID_ARGUMENT,
              "limit");
  klt_card_index_free(index);
}

static void check_adding(klt_context* context) {
  static const int64_t ids[2] = {0, 7};
  static const char* const given[2] = {"Otto", "Nora"};
  static const char* const family[2] = {"Kranz", "Stein"};
  static const char* const email[2] = {"otto@kranz.example", "nora@stein.example"};
  static const char* const phone[2] = {"+49305550103", "+49305550107"};
  klt_base* base = example_base(context);
  klt_base* later = base_of(context, base, card_table(context, ids, given, family, email, phone, 2));
  klt_duplicates* duplicates = NULL;
  klt_card_index* index = NULL;
  klt_card_index* added = NULL;
  klt_card_changes changes = KLT_CARD_CHANGES_INIT;
  const char* gone[1] = {"4"};
  const char* strange[1] = {"99"};
  klt_client_pair pair = {"5", "7"};
  CHECK_OK(context, klt_find_duplicates(context, base, NULL, &duplicates));
  CHECK_OK(context, klt_card_index_new(context, duplicates, &index));
  klt_duplicates_free(duplicates);
  changes.removed = gone;
  changes.removed_count = 1;
  changes.must_links = &pair;
  changes.must_link_count = 1;
  CHECK_OK(context, klt_card_index_add(context, index, later, &changes, &added));
  CHECK_OK(context, klt_card_index_duplicates(context, added, &duplicates));
  CHECK(klt_duplicates_cards(duplicates) == CARDS + 1); /* 0 to 7 without 4 */
  check_cluster(context, duplicates, 0, "3");           /* the cluster of 3 keeps its name */
  check_cluster(context, duplicates, 3, "3");
  {
    klt_table* clusters = NULL;
    CHECK_OK(context, klt_duplicates_clusters(context, duplicates, &clusters));
    CHECK_TEXT(cell(context, clusters, "cluster", 4), cell(context, clusters, "cluster", 6));
    klt_table_free(clusters);
  }
  klt_duplicates_free(duplicates);
  klt_card_index_free(added);
  changes.removed = strange;
  CHECK_ERROR(context, klt_card_index_add(context, index, later, &changes, &added), KLT_NOT_FOUND, "removed");
  changes.removed_count = 0;
  changes.must_links = NULL;
  CHECK_ERROR(context, klt_card_index_add(context, index, later, &changes, &added), KLT_INVALID_ARGUMENT, "must_links");
  klt_base_free(later);
  later = example_base(context);
  CHECK_ERROR(context, klt_card_index_add(context, index, later, NULL, &added), KLT_INVALID_ARGUMENT, "base");
  klt_base_free(later);
  klt_base_free(base);
  klt_card_index_free(index);
}

int main(void) {
  klt_context* context = NULL;
  test_data_unused();
  if (klt_context_new(&context) != KLT_OK) return 1;
  check_finding(context);
  check_knowledge(context);
  check_searching(context);
  check_adding(context);
  klt_card_index_free(NULL);
  klt_duplicates_free(NULL);
  klt_context_free(context);
  return check_result();
}
