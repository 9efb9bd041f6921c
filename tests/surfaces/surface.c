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

/* The plug-in that each of the surfaces has: who spends more than `times` the mean, and how many times as much. */
static klt_status spender_make(klt_context* callback, const char* name, const char* options, klt_plugin_shape* shape,
                               void** classifier, void* user_data) {
  static const char* const inputs[] = {"money_net"};
  static const char* const labels[] = {"small", "large"};
  static const klt_plugin_column size = {sizeof size, "", labels, 2, KLT_COLUMN_LABEL, 0};
  static const klt_plugin_column ratio = {sizeof ratio, "_ratio", NULL, 0, KLT_COLUMN_DOUBLE, 0};
  static const klt_plugin_column* const columns[] = {&size, &ratio};
  const char* times = strstr(options, "\"times\":");
  double* made = (double*)malloc(sizeof *made);
  (void)callback;
  (void)name;
  (void)user_data;
  *made = times == NULL ? 1.0 : strtod(times + 8, NULL);
  shape->inputs = inputs;
  shape->input_count = 1;
  shape->columns = columns;
  shape->column_count = 2;
  *classifier = made;
  return KLT_OK;
}

static klt_status spender_fit(klt_context* callback, const void* classifier, const klt_table* inputs, void** model,
                              void* user_data) {
  const size_t rows = klt_table_row_count(inputs);
  const void* values = NULL;
  const uint8_t* bits = NULL;
  int64_t sum = 0, count = 0;
  size_t row;
  double* edge;
  const klt_status status = klt_table_column_data(callback, inputs, 0, &values, &bits);
  (void)user_data;
  if (status != KLT_OK) return status;
  for (row = 0; row < rows; ++row) {
    if (bits != NULL && ((bits[row / 8] >> (row % 8)) & 1) == 0) continue;
    sum += ((const int64_t*)values)[row];
    ++count;
  }
  edge = (double*)malloc(sizeof *edge);
  *edge = *(const double*)classifier * ((double)sum / (double)count);
  *model = edge;
  return KLT_OK;
}

static klt_status spender_classify(klt_context* callback, const void* classifier, const void* model,
                                   const klt_table* inputs, void* const* values, uint8_t* const* valid,
                                   void* user_data) {
  const size_t rows = klt_table_row_count(inputs);
  const void* units = NULL;
  const uint8_t* bits = NULL;
  uint16_t* const size = (uint16_t*)values[0];
  double* const ratio = (double*)values[1];
  size_t row;
  const klt_status status = klt_table_column_data(callback, inputs, 0, &units, &bits);
  (void)classifier;
  (void)user_data;
  if (status != KLT_OK) return status;
  for (row = 0; row < rows; ++row) {
    if (bits != NULL && ((bits[row / 8] >> (row % 8)) & 1) == 0) {
      valid[0][row] = valid[1][row] = 0;
      continue;
    }
    ratio[row] = (double)((const int64_t*)units)[row] / *(const double*)model;
    size[row] = ratio[row] > 1;
  }
  return KLT_OK;
}

static klt_status spender_reasons(klt_context* callback, const void* classifier, const void* model,
                                  const klt_table* inputs, size_t row,
                                  void (*tell)(const klt_plugin_reason* reason, void* tell_data), void* tell_data,
                                  void* user_data) {
  klt_plugin_reason reason = KLT_PLUGIN_REASON_INIT;
  int64_t units = 0;
  int is_null = 0, large;
  klt_status status = klt_table_is_null(callback, inputs, 0, row, &is_null);
  (void)classifier;
  (void)user_data;
  if (status != KLT_OK || is_null) return status;
  status = klt_table_get_int64(callback, inputs, 0, row, &units);
  if (status != KLT_OK) return status;
  large = (double)units / *(const double*)model > 1;
  reason.rule = large ? "spender.above" : "spender.below";
  reason.english = large ? "which is above the mean" : "which is not above the mean";
  reason.russian = large ? "это выше среднего" : "это не выше среднего";
  tell(&reason, tell_data);
  return KLT_OK;
}

static void spender_free(void* made, void* user_data) {
  (void)user_data;
  free(made);
}

int main(int argc, char** argv) {
  klt_classifier_callbacks spender = KLT_CLASSIFIER_CALLBACKS_INIT;
  klt_registry* registry = NULL;
  klt_tables* tables = NULL;
  klt_policy* policy = NULL;
  klt_result* result = NULL;
  klt_history* history = NULL;
  klt_migration_options moves = KLT_MIGRATION_OPTIONS_INIT;
  klt_schedule* schedule = NULL;
  klt_table* managers = NULL;
  klt_table* table = NULL;
  klt_string* text = NULL;
  char* file = NULL;
  int i = 0;

  if (argc < 4 || klt_context_new(&context) != KLT_OK) return 2;
  file = whole_file(argv[1]);
  spender.make = spender_make;
  spender.fit = spender_fit;
  spender.classify = spender_classify;
  spender.reasons = spender_reasons;
  spender.free_classifier = spender_free;
  spender.free_model = spender_free;
  must(klt_registry_new(context, &registry));
  must(klt_registry_add(context, registry, "spender", &spender, NULL));
  must(klt_policy_from_json_with(context, registry, file, &policy));
  klt_registry_free(registry);
  free(file);
  must(klt_tables_new(context, &tables));
  for (i = 3; i < argc; ++i) {
    char* path = strchr(argv[i], '=');
    *path++ = '\0';
    file = whole_file(path);
    table = read_table(file);
    free(file);
    if (strcmp(argv[i], "managers") == 0) {
      managers = table;
      continue;
    }
    must(klt_tables_add_table(context, tables, argv[i], table));
    klt_table_free(table);
  }
  must(klt_run(context, tables, policy, KLT_AS_OF_LAST_EVENT, &result));

  must(klt_result_clients(context, result, &table));
  write_table(argv[2], "clients.csv", table);
  must(klt_result_matrix(context, result, &table));
  write_table(argv[2], "matrix.csv", table);
  must(klt_result_attention(context, result, &table));
  write_table(argv[2], "attention.csv", table);
  must(klt_result_cohorts(context, result, &table));
  write_table(argv[2], "cohorts.csv", table);
  must(klt_result_history(context, result, &history));
  moves.column = "group";
  moves.language = KLT_LANGUAGE_RUSSIAN;
  must(klt_history_transitions(context, history, &moves, &table));
  write_table(argv[2], "transitions.csv", table);
  klt_history_free(history);
  must(klt_result_rejected(context, result, &table));
  write_table(argv[2], "rejected.csv", table);
  must(klt_result_summary(context, result, &text));
  write_file(argv[2], "summary.json", text);
  klt_string_free(text);
  must(klt_result_html(context, result, &text));
  write_file(argv[2], "report.html", text);
  klt_string_free(text);

  must(klt_schedule_new(context, result, managers, "2026-07", NULL, &schedule));
  must(klt_schedule_planned(context, schedule, KLT_LANGUAGE_RUSSIAN, &table));
  write_table(argv[2], "planned.csv", table);
  must(klt_schedule_refused(context, schedule, KLT_LANGUAGE_RUSSIAN, &table));
  write_table(argv[2], "refused.csv", table);
  must(klt_schedule_summary(context, schedule, KLT_LANGUAGE_RUSSIAN, &text));
  write_file(argv[2], "plan.json", text);
  klt_string_free(text);
  klt_schedule_free(schedule);

  klt_table_free(managers);
  klt_result_free(result);
  klt_policy_free(policy);
  klt_tables_free(tables);
  klt_context_free(context);
  return 0;
}
