/* Merged bases over the C ABI: merging, taking back, journals, a host's own survivorship, erasure. */
#include "check.h"

static klt_table* clusters_of(klt_context* context, size_t rows, const char* const* ids, const char* const* clusters,
                              const uint8_t* keep) {
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  CHECK_OK(context, klt_table_builder_new(context, rows, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "id", ids));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "cluster", clusters));
  if (keep != NULL) CHECK_OK(context, klt_table_builder_add_boolean(context, builder, "keep", keep, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

/* 1 and 2 are Anna twice, 3 is Boris, 4 an organisation, 5 comes later; the first three have bought. */
static klt_base* base_of(klt_context* context, size_t cards) {
  static const char* const ids[] = {"1", "2", "3", "4", "5"};
  static const char* const kinds[] = {"person", "person", "person", "organisation", "person"};
  static const char* const names[] = {"Anna", "Anya", "Boris", NULL, "Clara"};
  static const char* const emails[] = {"anna@example.com", "a@example.org", NULL, NULL, NULL};
  static const char* const cities[] = {"Perm", "Moscow", "Perm", "Perm", "Perm"};
  static const char* const updated[] = {"2026-01-02", "2026-01-01", NULL, NULL, NULL};
  static const char* const buyers[] = {"1", "2", "3"};
  static const char* const days[] = {"2026-01-05", "2026-02-05", "2026-03-01"};
  static const char* const amounts[] = {"10", "20.5", "7"};
  klt_tables* tables = NULL;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_table_builder_new(context, cards, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", ids));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "kind", kinds));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "given_name", names));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "emails", emails));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "city", cities));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "updated_at", updated));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_add_table(context, tables, "clients", table));
  klt_table_free(table);
  CHECK_OK(context, klt_table_builder_new(context, 3, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "client", buyers));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "at", days));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "amount", amounts));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", table));
  klt_table_free(table);
  CHECK_OK(context, klt_ingest(context, tables, NULL, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  klt_ingest_result_free(read);
  klt_tables_free(tables);
  return base;
}

static klt_table* annas(klt_context* context) {
  static const char* const ids[] = {"1", "2", "3", "4"};
  static const char* const clusters[] = {"anna", "anna", NULL, ""};
  return clusters_of(context, 4, ids, clusters, NULL);
}

static void check_counts_as(klt_context* context, const klt_merged_base* merged, const char* client, const char* want) {
  klt_string* id = NULL;
  CHECK_OK(context, klt_merged_base_counts_as(context, merged, client, &id));
  CHECK_TEXT(klt_string_data(id), want);
  klt_string_free(id);
}

static void check_merge_and_undo(klt_context* context) {
  klt_base* base = base_of(context, 4);
  klt_base* seen = NULL;
  klt_merged_base* merged = NULL;
  klt_table* clusters = annas(context);
  klt_table *cards = NULL, *conflicts = NULL, *moves = NULL, *table = NULL;
  klt_note note = KLT_NOTE_INIT;
  uint64_t first = 0, count = 0, operation = 0;
  const char* city = "Kazan";
  CHECK_OK(context, klt_merged_base_new(context, base, NULL, &merged));
  CHECK_OK(context, klt_merged_base_preview(context, merged, clusters, &cards, &conflicts, &moves));
  CHECK_TEXT(cell(context, cards, "given_name", 0), "Anna");
  CHECK_TEXT(cell(context, conflicts, "field", 0), "given_name");
  CHECK_TEXT(cell(context, conflicts, "value", 1), "Anya");
  CHECK_TEXT(cell(context, moves, "client", 0), "2");
  CHECK_TEXT(cell(context, moves, "counts_as", 0), "1");
  CHECK_TEXT(cell(context, moves, "transactions", 0), "1");
  klt_table_free(cards);
  klt_table_free(conflicts);
  klt_table_free(moves);
  CHECK_OK(context, klt_merged_base_preview(context, merged, clusters, NULL, NULL, NULL));
  check_counts_as(context, merged, "2", "2");

  note.who = "clerk";
  note.reason = "one phone";
  note.at = 1764288000000000;
  CHECK_OK(context, klt_merged_base_merge(context, merged, clusters, &note, &first, &count));
  CHECK(first == 1 && count == 1);
  check_counts_as(context, merged, "2", "1");
  CHECK_OK(context, klt_merged_base_cards_of(context, merged, "1", &table));
  CHECK(klt_table_row_count(table) == 2);
  CHECK_TEXT(cell(context, table, "id", 1), "2");
  klt_table_free(table);
  CHECK_OK(context, klt_merged_base_base(context, merged, &seen));
  CHECK(klt_base_client_count(seen) == 3);
  klt_base_free(seen);
  CHECK_OK(context, klt_merged_base_original(context, merged, &seen));
  CHECK(klt_base_client_count(seen) == 4);
  klt_base_free(seen);
  CHECK_OK(context, klt_merged_base_cards(context, merged, &table));
  CHECK(klt_table_row_count(table) == 3);
  CHECK_TEXT(cell(context, table, "cards", 0), "1; 2");
  CHECK_TEXT(cell(context, table, "emails", 0), "anna@example.com;a@example.org");
  klt_table_free(table);
  CHECK_OK(context, klt_merged_base_clusters(context, merged, &table));
  CHECK_TEXT(cell(context, table, "cluster", 1), "1");
  klt_table_free(table);
  CHECK_OK(context, klt_merged_base_edit(context, merged, "2", "city", &city, 1, NULL, &operation));
  CHECK(operation == 2);
  CHECK_OK(context, klt_merged_base_survivors(context, merged, &table));
  CHECK_TEXT(cell(context, table, "city", 0), "Kazan");
  klt_table_free(table);
  CHECK_OK(context, klt_merged_base_conflicts(context, merged, &table));
  CHECK_TEXT(cell(context, table, "rule", 2), "edit");
  klt_table_free(table);
  CHECK_ERROR(context, klt_merged_base_not_duplicate(context, merged, "1", "2", NULL, NULL), KLT_INVALID_ARGUMENT,
              "clients");

  CHECK_OK(context, klt_merged_base_undo(context, merged, 1, &note, &operation));
  CHECK(operation == 3);
  check_counts_as(context, merged, "2", "2");
  CHECK_ERROR(context, klt_merged_base_undo(context, merged, 1, NULL, NULL), KLT_INVALID_ARGUMENT, "operation");
  CHECK_ERROR(context, klt_merged_base_undo(context, merged, 9, NULL, NULL), KLT_NOT_FOUND, "operation");
  CHECK_OK(context, klt_merged_base_not_duplicate(context, merged, "2", "1", NULL, NULL));
  CHECK_OK(context, klt_merged_base_not_duplicates(context, merged, &table));
  CHECK_TEXT(cell(context, table, "id_a", 0), "1");
  CHECK_TEXT(cell(context, table, "id_b", 0), "2");
  klt_table_free(table);
  CHECK_ERROR(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL), KLT_INVALID_ARGUMENT,
              "clusters");
  CHECK_OK(context, klt_merged_base_journal(context, merged, &table));
  CHECK(klt_table_row_count(table) == 4);
  CHECK_TEXT(cell(context, table, "who", 0), "clerk");
  CHECK_TEXT(cell(context, table, "counts", 0), "false");
  klt_table_free(table);
  klt_table_free(clusters);
  klt_merged_base_free(merged);
  klt_base_free(base);
}

static void check_bad_merges(klt_context* context) {
  static const char* const kinds[] = {"3", "4"};
  static const char* const one[] = {"x", "x"};
  static const char* const two[] = {"x", "y"};
  static const char* const stranger[] = {"3", "99"};
  static const uint8_t both[] = {1, 1};
  static const uint8_t second[] = {0, 1};
  static const char* const annas_ids[] = {"1", "2"};
  klt_base* base = base_of(context, 4);
  klt_merged_base* merged = NULL;
  klt_merge_options options = KLT_MERGE_OPTIONS_INIT;
  klt_table* clusters;
  uint64_t count = 7;
  CHECK_OK(context, klt_merged_base_new(context, base, NULL, &merged));
  clusters = clusters_of(context, 2, kinds, one, NULL);
  CHECK_ERROR(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, &count), KLT_INVALID_ARGUMENT,
              "clusters");
  CHECK(count == 7);
  klt_table_free(clusters);
  clusters = clusters_of(context, 2, kinds, two, NULL);
  CHECK_ERROR(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL), KLT_INVALID_ARGUMENT,
              "clusters");
  klt_table_free(clusters);
  clusters = clusters_of(context, 2, stranger, one, NULL);
  CHECK_ERROR(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL), KLT_NOT_FOUND, "clusters");
  klt_table_free(clusters);
  clusters = clusters_of(context, 2, annas_ids, one, both);
  CHECK_ERROR(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL), KLT_INVALID_ARGUMENT,
              "clusters");
  klt_table_free(clusters);
  CHECK_ERROR(context, klt_merged_base_edit(context, merged, "1", "salary", NULL, 0, NULL, NULL), KLT_NOT_FOUND,
              "field");
  CHECK_ERROR(context, klt_merged_base_edit(context, merged, "1", "city", NULL, 1, NULL, NULL), KLT_INVALID_ARGUMENT,
              "values");
  clusters = clusters_of(context, 2, annas_ids, one, second);
  CHECK_OK(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL));
  check_counts_as(context, merged, "1", "2");
  klt_table_free(clusters);
  klt_merged_base_free(merged);
  merged = NULL;
  options.survivorship_json = "{\"default\": \"best\"}";
  CHECK_ERROR(context, klt_merged_base_new(context, base, &options, &merged), KLT_BAD_POLICY, "/default");
  options.survivorship_json = "{\"default\": {\"custom\": \"ours\"}}";
  CHECK_ERROR(context, klt_merged_base_new(context, base, &options, &merged), KLT_NOT_FOUND, "functions");
  options.survivorship_json = NULL;
  options.journal = "no journal";
  options.journal_size = 10;
  CHECK_ERROR(context, klt_merged_base_new(context, base, &options, &merged), KLT_BAD_DATA, "line 1");
  CHECK(merged == NULL);
  klt_base_free(base);
}

static void check_journals(klt_context* context) {
  klt_base* base = base_of(context, 4);
  klt_base* later = base_of(context, 5);
  klt_merged_base *merged = NULL, *again = NULL;
  klt_merge_options options = KLT_MERGE_OPTIONS_INIT;
  klt_table* clusters = annas(context);
  klt_table* table = NULL;
  klt_string *text = NULL, *json = NULL;
  CHECK_OK(context, klt_merged_base_new(context, base, NULL, &merged));
  CHECK_OK(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL));
  CHECK_OK(context, klt_merged_base_journal_text(context, merged, &text));
  options.journal = klt_string_data(text);
  options.journal_size = klt_string_size(text);
  CHECK_OK(context, klt_merged_base_new(context, base, &options, &again));
  check_counts_as(context, again, "2", "1");
  klt_merged_base_free(again);
  again = NULL;
  CHECK_ERROR(context, klt_merged_base_new(context, later, &options, &again), KLT_INVALID_ARGUMENT, "journal");
  options.rebase = 1;
  CHECK_OK(context, klt_merged_base_new(context, later, &options, &again));
  check_counts_as(context, again, "2", "1");
  CHECK_OK(context, klt_merged_base_journal(context, again, &table));
  CHECK_TEXT(cell(context, table, "operation", 1), "rebase");
  klt_table_free(table);
  klt_merged_base_free(again);
  CHECK_OK(context, klt_merged_base_rebased(context, merged, later, NULL, &again));
  check_counts_as(context, again, "5", "5");
  klt_merged_base_free(again);
  CHECK_ERROR(context, klt_merged_base_set_survivorship(context, merged, "{\"default\": \"longest\"}"), KLT_BAD_POLICY,
              "/version");
  CHECK_OK(context, klt_merged_base_set_survivorship(context, merged, "{\"version\": 2, \"default\": \"longest\"}"));
  CHECK_OK(context, klt_merged_base_survivorship(context, merged, &json));
  CHECK_CONTAINS(klt_string_data(json), "\"longest\"");
  klt_string_free(json);
  klt_string_free(text);
  klt_table_free(clusters);
  klt_merged_base_free(merged);
  klt_base_free(later);
  klt_base_free(base);
}

struct asked {
  klt_merged_base* merged;
  int times;
  int freed;
  klt_status refused;
  char field[40];
};

/* The last candidate; comes back to the merged base, which must refuse it. */
static klt_status choose(klt_context* context, const char* field, const klt_survivor_candidate* const* candidates,
                         size_t count, size_t* chosen, void* user_data) {
  struct asked* asked = (struct asked*)user_data;
  klt_base* base = NULL;
  ++asked->times;
  strncpy(asked->field, field, sizeof asked->field - 1);
  if (count != 2 || strcmp(candidates[0]->client, "1") != 0 || candidates[0]->value_count != 1 ||
      strcmp(candidates[0]->values[0], "Perm") != 0 || candidates[0]->updated_at == KLT_NO_INSTANT ||
      candidates[0]->created_at != KLT_NO_INSTANT || candidates[0]->source[0] != '\0')
    return klt_context_fail(context, KLT_BAD_DATA, "not what was to be asked", NULL);
  asked->refused = klt_merged_base_base(context, asked->merged, &base);
  *chosen = count - 1;
  return KLT_OK;
}

static klt_status fails(klt_context* context, const char* field, const klt_survivor_candidate* const* candidates,
                        size_t count, size_t* chosen, void* user_data) {
  (void)field;
  (void)candidates;
  (void)count;
  (void)chosen;
  (void)user_data;
  return klt_context_fail(context, KLT_NOT_FOUND, "nobody knows", NULL);
}

static void free_asked(void* user_data) { ++((struct asked*)user_data)->freed; }

static void check_functions(klt_context* context) {
  struct asked asked = {NULL, 0, 0, KLT_OK, ""};
  klt_base* base = base_of(context, 4);
  klt_base* seen = NULL;
  klt_merge_options options = KLT_MERGE_OPTIONS_INIT;
  klt_survivor_function function = KLT_SURVIVOR_FUNCTION_INIT;
  const klt_survivor_function* functions[2];
  klt_table* clusters = annas(context);
  klt_table* table = NULL;
  function.name = "ours";
  function.choose = choose;
  function.user_data = &asked;
  function.free_user_data = free_asked;
  functions[0] = &function;
  functions[1] = &function;
  options.survivorship_json = "{\"groups\": [], \"fields\": {\"city\": {\"custom\": \"ours\"}}}";
  options.functions = functions;
  options.function_count = 2;
  CHECK_ERROR(context, klt_merged_base_new(context, base, &options, &asked.merged), KLT_INVALID_ARGUMENT,
              "options.functions");
  CHECK(asked.freed == 0);
  options.function_count = 1;
  CHECK_OK(context, klt_merged_base_new(context, base, &options, &asked.merged));
  CHECK_OK(context, klt_context_set_threads(context, 4));
  CHECK_OK(context, klt_merged_base_merge(context, asked.merged, clusters, NULL, NULL, NULL));
  CHECK_OK(context, klt_merged_base_survivors(context, asked.merged, &table));
  CHECK_TEXT(cell(context, table, "city", 0), "Moscow");
  CHECK(asked.times > 0);
  CHECK(asked.refused == KLT_INVALID_ARGUMENT);
  CHECK_TEXT(asked.field, "city");
  klt_table_free(table);
  klt_merged_base_free(asked.merged);
  CHECK(asked.freed == 1);

  function.choose = fails;
  CHECK_OK(context, klt_merged_base_new(context, base, &options, &asked.merged));
  CHECK_OK(context, klt_merged_base_merge(context, asked.merged, clusters, NULL, NULL, NULL));
  CHECK_ERROR(context, klt_merged_base_base(context, asked.merged, &seen), KLT_INTERNAL, "ours");
  CHECK_CONTAINS(klt_context_last_message(context), "nobody knows");
  klt_merged_base_free(asked.merged);
  CHECK_OK(context, klt_context_set_threads(context, 1));
  klt_table_free(clusters);
  klt_base_free(base);
}

static void check_erasure(klt_context* context) {
  klt_base* base = base_of(context, 4);
  klt_base* left = NULL;
  klt_merged_base *merged = NULL, *erased = NULL;
  klt_table* clusters = annas(context);
  klt_table *removed = NULL, *disabled = NULL;
  klt_erasure what = KLT_ERASURE_INIT;
  klt_string* text = NULL;
  CHECK_OK(context, klt_merged_base_new(context, base, NULL, &merged));
  CHECK_OK(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL));
  CHECK_ERROR(
      context,
      klt_merged_base_erase(context, merged, "1", "{\"transactions\": \"keep\"}", NULL, &erased, NULL, NULL, NULL),
      KLT_BAD_POLICY, "/transactions");
  CHECK_ERROR(context, klt_merged_base_erase(context, merged, "99", NULL, NULL, &erased, NULL, NULL, NULL),
              KLT_NOT_FOUND, "client");
  CHECK_OK(context, klt_merged_base_erase(context, merged, "2", NULL, NULL, &erased, &what, &removed, &disabled));
  CHECK(what.cards == 2 && what.operation == 2);
  CHECK_TEXT(cell(context, removed, "table", 0), "clients");
  CHECK_TEXT(cell(context, removed, "rows", 0), "2");
  CHECK_TEXT(cell(context, removed, "emptied", 0), "0");
  CHECK(klt_table_row_count(disabled) == 1);
  CHECK_TEXT(cell(context, disabled, "operation", 0), "1");
  CHECK_OK(context, klt_merged_base_original(context, erased, &left));
  CHECK(klt_base_client_count(left) == 2);
  CHECK_OK(context, klt_merged_base_journal_text(context, erased, &text));
  CHECK(strstr(klt_string_data(text), "anna") == NULL);
  klt_string_free(text);
  klt_base_free(left);
  klt_table_free(removed);
  klt_table_free(disabled);
  klt_table_free(clusters);
  klt_merged_base_free(erased);
  klt_merged_base_free(merged);
  klt_base_free(base);
}

static void check_found(klt_context* context) {
  static const klt_client_pair links[] = {{"1", "2"}, {"3", "4"}};
  klt_base* base = base_of(context, 4);
  klt_merged_base* merged = NULL;
  klt_duplicates_options options = KLT_DUPLICATES_OPTIONS_INIT;
  klt_duplicates* found = NULL;
  klt_table *clusters = NULL, *refused = NULL;
  CHECK_OK(context, klt_merged_base_new(context, base, NULL, &merged));
  options.must_links = links;
  options.must_link_count = 2;
  CHECK_OK(context, klt_find_duplicates(context, base, &options, &found));
  CHECK_OK(context, klt_merged_base_proposed(context, merged, found, &clusters, &refused));
  CHECK(klt_table_row_count(clusters) == 2 && klt_table_row_count(refused) == 2);
  CHECK_TEXT(cell(context, clusters, "id", 1), "2");
  CHECK_TEXT(cell(context, clusters, "cluster", 1), "1");
  CHECK_TEXT(cell(context, refused, "id", 1), "4");
  CHECK_OK(context, klt_merged_base_merge(context, merged, clusters, NULL, NULL, NULL));
  klt_table_free(clusters);
  klt_table_free(refused);
  klt_duplicates_free(found);
  /* What the journal knows is found again without saying so, and adds nothing. */
  options.must_link_count = 0;
  options.known = merged;
  CHECK_OK(context, klt_find_duplicates(context, base, &options, &found));
  CHECK_OK(context, klt_duplicates_clusters(context, found, &clusters));
  CHECK_TEXT(cell(context, clusters, "cluster", 1), "1");
  klt_table_free(clusters);
  CHECK_OK(context, klt_merged_base_proposed(context, merged, found, &clusters, NULL));
  CHECK(klt_table_row_count(clusters) == 0);
  klt_table_free(clusters);
  klt_duplicates_free(found);
  found = NULL;
  CHECK_ERROR(context, klt_link_lists(context, base, base, &options, &found), KLT_INVALID_ARGUMENT, "options.known");
  klt_merged_base_free(merged);
  klt_base_free(base);
}

int main(void) {
  klt_context* context = NULL;
  if (klt_context_new(&context) != KLT_OK) return 1;
  check_merge_and_undo(context);
  check_bad_merges(context);
  check_journals(context);
  check_functions(context);
  check_erasure(context);
  check_found(context);
  klt_context_free(context);
  return check_result();
}
