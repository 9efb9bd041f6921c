/* Finds the cards that are the same client, merges them, takes one merge back, and looks up a caller and a new card. */
#include <klientela.h>
#include <stdio.h>
#include <stdlib.h>

/* Every call can fail; the context says why. */
static void must(klt_context* context, klt_status status) {
  if (status == KLT_OK) return;
  fprintf(stderr, "%s: %s [%s]\n", klt_status_name(status), klt_context_last_message(context),
          klt_context_last_where(context));
  exit(1);
}

static void print(klt_context* context, const char* title, const klt_table* table) {
  klt_string* csv = NULL;
  must(context, klt_table_to_csv(context, table, &csv));
  printf("%s\n%s\n", title, klt_string_data(csv));
  klt_string_free(csv);
}

/* Cards as the library takes them in, column by column; with `before`, as later ones. */
static klt_base* cards(klt_context* context, const klt_base* before, size_t rows, const int64_t* ids,
                       const char* const* given, const char* const* family, const char* const* birthdays,
                       const char* const* emails) {
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  klt_tables* tables = NULL;
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  must(context, klt_table_builder_new(context, rows, &builder));
  must(context, klt_table_builder_add_int64(context, builder, "client", ids, NULL));
  must(context, klt_table_builder_add_text(context, builder, "given_name", given));
  must(context, klt_table_builder_add_text(context, builder, "family_name", family));
  must(context, klt_table_builder_add_text(context, builder, "birthday", birthdays));
  must(context, klt_table_builder_add_text(context, builder, "emails", emails));
  must(context, klt_table_builder_finish(context, builder, &table));
  must(context, klt_tables_new(context, &tables));
  must(context, klt_tables_add_table(context, tables, "clients", table));
  if (before == NULL)
    must(context, klt_ingest(context, tables, NULL, &read));
  else
    must(context, klt_extend(context, before, tables, NULL, &read));
  must(context, klt_ingest_result_base(context, read, &base));
  klt_ingest_result_free(read);
  klt_tables_free(tables);
  klt_table_free(table);
  klt_table_builder_free(builder);
  return base;
}

int main(void) {
  enum { CARDS = 6 };
  static const int64_t ids[CARDS] = {1, 2, 3, 4, 5, 6};
  static const char* const given[CARDS] = {"Robert", "Bob", "Ida", "Mona", "Mona", "Jan"};
  static const char* const family[CARDS] = {"Falk", "Falk", "Pohl", "Lindt", "Lindt", "Weiss"};
  static const char* const born[CARDS] = {"1971-12-31", "1971-12-31", "1990-01-01",
                                          "1984-05-06", "1984-05-06", "1965-03-02"};
  static const char* const emails[CARDS] = {"r.falk@firm.example", "R.Falk@firm.example", "ida@home.example",
                                            "mona@home.example",   "mona@home.example",   NULL};
  klt_context* context = NULL;
  if (klt_context_new(&context) != KLT_OK) return 1;
  klt_base* base = cards(context, NULL, CARDS, ids, given, family, born, emails);

  /* Which cards are the same client, and why. */
  klt_duplicates* found = NULL;
  klt_table* clusters = NULL;
  klt_table* joins = NULL;
  must(context, klt_find_duplicates(context, base, NULL, &found));
  must(context, klt_duplicates_clusters(context, found, &clusters));
  must(context, klt_duplicates_joins(context, found, &joins));
  print(context, "cards and the clients that they are", clusters);
  print(context, "why", joins);

  /* Somebody calls, and half a name is typed. */
  klt_card_index* index = NULL;
  klt_table* matches = NULL;
  static const char* const fields[] = {"family_name", "birthday"};
  static const char* const values[] = {"Wei", "1965-03-02"};
  klt_card_search_options search = KLT_CARD_SEARCH_OPTIONS_INIT;
  search.incomplete = 1;
  must(context, klt_card_index_new(context, found, &index));
  must(context, klt_card_index_search(context, index, fields, values, 2, &search, &matches));
  printf("%lu card is like that\n\n", (unsigned long)klt_table_row_count(matches));

  /* A card comes; only it is compared. */
  static const int64_t new_ids[1] = {7};
  static const char* const new_given[1] = {"Jan"};
  static const char* const new_family[1] = {"Weiss"};
  static const char* const new_born[1] = {"1965-03-02"};
  static const char* const new_emails[1] = {"jan@home.example"};
  klt_base* later = cards(context, base, 1, new_ids, new_given, new_family, new_born, new_emails);
  klt_card_index* grown = NULL;
  klt_duplicates* now = NULL;
  must(context, klt_card_index_add(context, index, later, NULL, &grown));
  must(context, klt_card_index_duplicates(context, grown, &now));

  /* They count as one client: the cards stay, everything is read through a map, and the journal says who did it. */
  klt_merged_base* merged = NULL;
  klt_table* proposed = NULL;
  klt_table* clients = NULL;
  klt_note note = KLT_NOTE_INIT;
  uint64_t first = 0;
  uint64_t count = 0;
  uint64_t undo = 0;
  note.who = "clerk";
  note.reason = "found";
  must(context, klt_merged_base_new(context, later, NULL, &merged));
  must(context, klt_merged_base_proposed(context, merged, now, &proposed, NULL));
  must(context, klt_merged_base_merge(context, merged, proposed, &note, &first, &count));
  printf("%lu merges\n", (unsigned long)count);
  note.reason = "two persons";
  must(context, klt_merged_base_undo(context, merged, first + count - 1, &note, &undo));
  must(context, klt_merged_base_not_duplicate(context, merged, "6", "7", &note, NULL));
  must(context, klt_merged_base_cards(context, merged, &clients));
  print(context, "clients", clients);

  /* What a file keeps, and a later program goes on from: klt_merge_options.journal. */
  klt_string* journal = NULL;
  klt_merged_base* again = NULL;
  klt_string* client = NULL;
  klt_merge_options options = KLT_MERGE_OPTIONS_INIT;
  must(context, klt_merged_base_journal_text(context, merged, &journal));
  options.journal = klt_string_data(journal);
  options.journal_size = klt_string_size(journal);
  must(context, klt_merged_base_new(context, later, &options, &again));
  must(context, klt_merged_base_counts_as(context, again, "2", &client));
  printf("card 2 counts as client %s\n", klt_string_data(client));

  klt_string_free(client);
  klt_merged_base_free(again);
  klt_string_free(journal);
  klt_table_free(clients);
  klt_table_free(proposed);
  klt_merged_base_free(merged);
  klt_duplicates_free(now);
  klt_card_index_free(grown);
  klt_base_free(later);
  klt_table_free(matches);
  klt_card_index_free(index);
  klt_table_free(joins);
  klt_table_free(clusters);
  klt_duplicates_free(found);
  klt_base_free(base);
  klt_context_free(context);
  return 0;
}
