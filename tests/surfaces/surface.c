/* Runs klientela by its C interface over files of tab-separated text: surface_c POLICY OUT TABLE=FILE... */
#include <klientela.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static klt_context* context;

static void must(klt_status status) {
  if (status == KLT_OK) return;
  fprintf(stderr, "%s: %s [%s]\n", klt_status_name(status), klt_context_last_message(context),
          klt_context_last_where(context));
  exit(1);
}

static void* grown(void* memory, size_t bytes) {
  void* result = realloc(memory, bytes);
  if (result == NULL) exit(1);
  return result;
}

static char* whole_file(const char* path) {
  char* text = NULL;
  size_t size = 0, got = 0;
  FILE* file = fopen(path, "rb");
  if (file == NULL) {
    fprintf(stderr, "cannot open %s\n", path);
    exit(1);
  }
  do {
    text = grown(text, size + 65537);
    got = fread(text + size, 1, 65536, file);
    size += got;
  } while (got > 0);
  text[size] = '\0';
  fclose(file);
  return text;
}

static void write_file(const char* folder, const char* name, const klt_string* text) {
  char path[4096];
  FILE* file = NULL;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  file = fopen(path, "wb");
  if (file == NULL || fwrite(klt_string_data(text), 1, klt_string_size(text), file) != klt_string_size(text) ||
      fclose(file) != 0) {
    fprintf(stderr, "cannot write %s\n", path);
    exit(1);
  }
}

static void write_table(const char* folder, const char* name, klt_table* table) {
  klt_string* text = NULL;
  must(klt_table_to_csv(context, table, &text));
  write_file(folder, name, text);
  klt_string_free(text);
  klt_table_free(table);
}

/* Every column as text; an empty cell is null. Cuts `text` in place. */
static klt_table* read_table(char* text) {
  enum { MOST_COLUMNS = 64 };
  const char* names[MOST_COLUMNS];
  size_t columns = 0, rows = 0, row = 0, c = 0;
  const char** cells = NULL;
  const char** column = NULL;
  char* line = text;
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  int header = 1;
  const char* scan;

  for (scan = text; *scan != '\0'; ++scan) rows += *scan == '\n';
  rows -= 1;
  while (*line != '\0') {
    char* end = strchr(line, '\n');
    char* cell = line;
    c = 0;
    *end = '\0';
    while (cell != NULL) {
      char* tab = strchr(cell, '\t');
      if (tab != NULL) *tab = '\0';
      if (header) {
        names[columns++] = cell;
      } else {
        cells[c * rows + row] = *cell == '\0' ? NULL : cell;
      }
      ++c;
      cell = tab == NULL ? NULL : tab + 1;
    }
    if (header) {
      cells = grown(NULL, columns * (rows + 1) * sizeof *cells);
      header = 0;
    } else {
      ++row;
    }
    line = end + 1;
  }
  must(klt_table_builder_new(context, rows, &builder));
  for (c = 0; c < columns; ++c) {
    column = cells + c * rows;
    must(klt_table_builder_add_text(context, builder, names[c], column));
  }
  must(klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  free((void*)cells);
  return table;
}

int main(int argc, char** argv) {
  klt_tables* tables = NULL;
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_table* table = NULL;
  klt_string* text = NULL;
  char* file = NULL;
  int i = 0;

  if (argc < 4 || klt_context_new(&context) != KLT_OK) return 2;
  file = whole_file(argv[1]);
  must(klt_policy_from_json(context, file, &policy));
  free(file);
  must(klt_tables_new(context, &tables));
  for (i = 3; i < argc; ++i) {
    char* path = strchr(argv[i], '=');
    *path++ = '\0';
    file = whole_file(path);
    table = read_table(file);
    must(klt_tables_add_table(context, tables, argv[i], table));
    klt_table_free(table);
    free(file);
  }
  must(klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));

  must(klt_result_clients(context, result, &table));
  write_table(argv[2], "clients.csv", table);
  must(klt_result_matrix(context, result, &table));
  write_table(argv[2], "matrix.csv", table);
  must(klt_result_rejected(context, result, &table));
  write_table(argv[2], "rejected.csv", table);
  must(klt_result_summary(context, result, &text));
  write_file(argv[2], "summary.json", text);
  klt_string_free(text);
  must(klt_result_html(context, result, &text));
  write_file(argv[2], "report.html", text);
  klt_string_free(text);

  klt_result_free(result);
  klt_policy_free(policy);
  klt_tables_free(tables);
  klt_context_free(context);
  return 0;
}
