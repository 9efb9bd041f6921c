/* C ABI of core: versions, names, contexts, days, and what a NULL context gets. */
#include "check.h"

static int run_twice(size_t tasks, void (*task)(size_t, void*), void* task_data, void* user_data) {
  (void)tasks;
  (void)task;
  (void)task_data;
  (void)user_data;
  return 0;
}

int main(void) {
  klt_context* context = NULL;
  int32_t day = 7;
  int status;

  CHECK(klt_abi_version() >= KLT_ABI_VERSION);
  CHECK(klt_version()[0] >= '0' && klt_version()[0] <= '9');
  CHECK_TEXT(klt_status_name(KLT_OK), "ok");
  CHECK_TEXT(klt_status_name(KLT_BAD_POLICY), "bad_policy");
  CHECK_TEXT(klt_status_name(-5), "unknown");
  CHECK_TEXT(klt_status_name(11), "unknown");
  for (status = KLT_OK; status <= KLT_INTERNAL; ++status) CHECK(strcmp(klt_status_name(status), "unknown") != 0);

  CHECK(klt_context_new(NULL) == KLT_INVALID_ARGUMENT);
  CHECK(klt_context_new(&context) == KLT_OK);
  CHECK(klt_context_last_status(context) == KLT_OK);
  CHECK_TEXT(klt_context_last_message(context), "");
  CHECK_TEXT(klt_context_last_where(context), "");

  CHECK_OK(context, klt_parse_day(context, "1970-01-02", &day));
  CHECK(day == 1);
  CHECK_OK(context, klt_parse_day(context, "2016-02-29", &day));
  CHECK(day == 16860);
  CHECK_ERROR(context, klt_parse_day(context, "2015-02-29", &day), KLT_INVALID_ARGUMENT, "text");
  CHECK_ERROR(context, klt_parse_day(context, "yesterday", &day), KLT_INVALID_ARGUMENT, "text");
  CHECK_ERROR(context, klt_parse_day(context, "\xff\xfe", &day), KLT_INVALID_ARGUMENT, "text");
  CHECK_ERROR(context, klt_parse_day(context, NULL, &day), KLT_INVALID_ARGUMENT, "text");
  CHECK(day == 16860);
  CHECK_ERROR(context, klt_parse_day(context, "2016-02-29", NULL), KLT_INVALID_ARGUMENT, "out");
  CHECK_OK(context, klt_parse_day(context, "1969-12-31", &day));
  CHECK(day == -1);
  CHECK_TEXT(klt_context_last_message(context), "");
  CHECK_TEXT(klt_context_last_where(context), "");

  CHECK_OK(context, klt_context_set_threads(context, 3));
  CHECK_OK(context, klt_context_set_threads(context, 0));
  CHECK_OK(context, klt_context_set_threads(context, 1));
  CHECK_ERROR(context, klt_context_set_threads(context, 1025), KLT_OUT_OF_RANGE, "threads");
  {
    klt_executor executor = KLT_EXECUTOR_INIT;
    CHECK_ERROR(context, klt_context_set_executor(context, &executor), KLT_INVALID_ARGUMENT, "executor.run");
    executor.run = run_twice;
    executor.concurrency = 0;
    CHECK_ERROR(context, klt_context_set_executor(context, &executor), KLT_OUT_OF_RANGE, "executor.concurrency");
    executor.concurrency = 2;
    executor.struct_size = 3;
    CHECK_ERROR(context, klt_context_set_executor(context, &executor), KLT_INVALID_ARGUMENT, "executor.struct_size");
    executor.struct_size = sizeof executor;
    CHECK_OK(context, klt_context_set_executor(context, &executor));
    CHECK_OK(context, klt_context_set_executor(context, NULL));
  }
  CHECK_OK(context, klt_context_set_cancel(context, NULL, NULL));
  CHECK_OK(context, klt_context_set_progress(context, NULL, NULL));
  klt_context_cancel(context); /* nothing runs: nothing happens */
  CHECK_OK(context, klt_parse_day(context, "1970-01-01", &day));

  CHECK(klt_parse_day(NULL, "1970-01-01", &day) == KLT_INVALID_ARGUMENT);
  CHECK(klt_context_last_status(NULL) == KLT_OK);
  CHECK_TEXT(klt_context_last_message(NULL), "");
  CHECK_TEXT(klt_context_last_where(NULL), "");
  klt_context_cancel(NULL);
  CHECK_TEXT(klt_string_data(NULL), "");
  CHECK(klt_string_size(NULL) == 0);
  klt_string_free(NULL);
  klt_context_free(NULL);
  klt_context_free(context);
  return check_result();
}
