/* A test harness for plain C99: checks that say file and line, and a count of what failed as the exit status. */
#ifndef KLIENTELA_TESTS_CAPI_CHECK_H
#define KLIENTELA_TESTS_CAPI_CHECK_H

#include <klientela.h>
#include <stdio.h>
#include <string.h>

static int check_failures = 0;

static int check_that(int holds, const char* what, const char* file, int line) {
  if (!holds) {
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    ++check_failures;
  }
  return holds;
}

static int check_status(klt_context* context, klt_status got, klt_status want, const char* what, const char* file,
                        int line) {
  if (got == want) return 1;
  fprintf(stderr, "%s:%d: %s gave %s instead of %s: %s [%s]\n", file, line, what, klt_status_name(got),
          klt_status_name(want), klt_context_last_message(context), klt_context_last_where(context));
  ++check_failures;
  return 0;
}

static int check_text(const char* got, const char* want, const char* what, const char* file, int line) {
  if (got != NULL && want != NULL && strcmp(got, want) == 0) return 1;
  fprintf(stderr, "%s:%d: %s is \"%s\" instead of \"%s\"\n", file, line, what, got ? got : "(null)",
          want ? want : "(null)");
  ++check_failures;
  return 0;
}

static int check_contains(const char* got, const char* part, const char* what, const char* file, int line) {
  if (got != NULL && strstr(got, part) != NULL) return 1;
  fprintf(stderr, "%s:%d: %s is \"%s\", without \"%s\"\n", file, line, what, got ? got : "(null)", part);
  ++check_failures;
  return 0;
}

static int check_number(double got, double want, const char* what, const char* file, int line) {
  const double distance = got > want ? got - want : want - got;
  if (distance <= 1e-9) return 1;
  fprintf(stderr, "%s:%d: %s is %.17g instead of %.17g\n", file, line, what, got, want);
  ++check_failures;
  return 0;
}

/* A cell as text, good until seven more were looked at; "?" where there is none. */
static const char* cell(klt_context* context, const klt_table* table, const char* column, size_t row) {
  static char text[8][400];
  static int next = 0;
  size_t place = 0;
  klt_string* rendered = NULL;
  next = (next + 1) % 8;
  strcpy(text[next], "?");
  if (klt_table_find_column(context, table, column, &place) == KLT_OK &&
      klt_table_render(context, table, place, row, &rendered) == KLT_OK) {
    strncpy(text[next], klt_string_data(rendered), sizeof text[next] - 1);
    klt_string_free(rendered);
  }
  return text[next];
}

#define CHECK(holds) check_that((holds) ? 1 : 0, #holds, __FILE__, __LINE__)
#define CHECK_OK(context, call) check_status((context), (call), KLT_OK, #call, __FILE__, __LINE__)
#define CHECK_STATUS(context, call, want) check_status((context), (call), (want), #call, __FILE__, __LINE__)
#define CHECK_TEXT(got, want) check_text((got), (want), #got, __FILE__, __LINE__)
#define CHECK_CONTAINS(got, part) check_contains((got), (part), #got, __FILE__, __LINE__)
#define CHECK_NUMBER(got, want) check_number((double)(got), (double)(want), #got, __FILE__, __LINE__)
/* An error, and the argument, column or pointer that the context names for it. */
#define CHECK_ERROR(context, call, want, named)           \
  do {                                                    \
    CHECK_STATUS((context), (call), (want));              \
    CHECK_TEXT(klt_context_last_where(context), (named)); \
    CHECK(klt_context_last_message(context)[0] != '\0');  \
    CHECK(klt_context_last_status(context) == (want));    \
  } while (0)

/* Every program ends with this; the helpers that it does not need are named so that no compiler minds. */
static int check_result(void) {
  (void)check_that;
  (void)check_status;
  (void)check_text;
  (void)check_contains;
  (void)check_number;
  (void)cell;
  if (check_failures == 0) {
    printf("every check held\n");
    return 0;
  }
  fprintf(stderr, "%d checks failed\n", check_failures);
  return 1;
}

#endif
