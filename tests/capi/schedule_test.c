/* Schedules over the C ABI: contacts planned with managers, told, checked and read back; and what hostile callers do.
 */
#include "check.h"

enum { CLIENTS = 4 };

static const char* const plan_json =
    "{\"channels\": [{\"name\": \"phone\", \"minutes\": 30, \"contacts\": 4}], \"playbooks\": [{\"name\": \"all\", "
    "\"when\": \"true\", \"en\": \"call\", \"ru\": \"\\u0437\\u0432\\u043e\\u043d\\u043e\\u043a\", \"quotas\": "
    "[{\"name\": \"call\", \"channels\": [\"phone\"], \"contacts\": 1, \"per\": \"month\", \"value\": 3, "
    "\"purposes\": [{\"en\": \"hello\", \"ru\": \"\\u043f\\u0440\\u0438\\u0432\\u0435\\u0442\"}]}]}], \"care\": [], "
    "\"revisits\": null, \"limits\": [], \"batching\": null, \"owners\": {\"dedicated\": null}}";

static klt_table* table_of(klt_context* context, size_t rows, size_t columns, const char* const* names,
                           const char* const* const* values) {
  klt_table_builder* builder = NULL;
  klt_table* table = NULL;
  size_t c;
  CHECK_OK(context, klt_table_builder_new(context, rows, &builder));
  for (c = 0; c < columns; ++c) CHECK_OK(context, klt_table_builder_add_text(context, builder, names[c], values[c]));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &table));
  klt_table_builder_free(builder);
  return table;
}

static klt_table* managers_of(klt_context* context) {
  static const char* const names[] = {"manager", "time_zone"};
  static const char* const ids[] = {"ann", "bob"};
  static const char* const zones[] = {"Europe/Berlin", NULL};
  static const char* const* const values[] = {ids, zones};
  return table_of(context, 2, 2, names, values);
}

static klt_tables* tables_of(klt_context* context) {
  static const char* const names[] = {"client", "at", "amount"};
  static const char* const ids[CLIENTS] = {"1", "2", "3", "x"};
  static const char* const days[CLIENTS] = {"2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"};
  static const char* const amounts[CLIENTS] = {"10", "20", "30", "40"};
  static const char* const* const values[] = {ids, days, amounts};
  klt_tables* tables = NULL;
  klt_table* sales = table_of(context, CLIENTS, 3, names, values);
  CHECK_OK(context, klt_tables_new(context, &tables));
  CHECK_OK(context, klt_tables_add_table(context, tables, "transactions", sales));
  klt_table_free(sales);
  return tables;
}

static klt_result* result_of(klt_context* context) {
  klt_tables* tables = tables_of(context);
  klt_result* result = NULL;
  CHECK_OK(context, klt_run(context, tables, NULL, KLT_AS_OF_LAST_EVENT, &result));
  klt_tables_free(tables);
  return result;
}

static void check_tables(klt_context* context, const klt_schedule* schedule) {
  klt_table* table = NULL;
  klt_string* text = NULL;
  int64_t objective = 0, bound = 0;
  double gap = 1;
  CHECK(klt_schedule_last_day(schedule) - klt_schedule_first_day(schedule) == 30);
  CHECK(klt_schedule_planned_count(schedule) == CLIENTS && klt_schedule_refused_count(schedule) == 0);
  CHECK_OK(context, klt_schedule_objective(context, schedule, &objective));
  CHECK_OK(context, klt_schedule_upper_bound(context, schedule, &bound));
  CHECK_OK(context, klt_schedule_gap(context, schedule, &gap));
  CHECK(objective >= CLIENTS * 30000 && bound == objective && gap == 0.0);
  CHECK_OK(context, klt_schedule_planned(context, schedule, KLT_LANGUAGE_ENGLISH, &table));
  CHECK(klt_table_row_count(table) == CLIENTS);
  CHECK_TEXT(cell(context, table, "purpose", 0), "hello");
  CHECK_TEXT(cell(context, table, "minutes", 0), "30");
  CHECK_TEXT(cell(context, table, "playbook", 0), "all");
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_planned(context, schedule, KLT_LANGUAGE_RUSSIAN, &table));
  CHECK_TEXT(cell(context, table, "purpose", 0), "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82");
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_refused(context, schedule, KLT_LANGUAGE_ENGLISH, &table));
  CHECK(klt_table_row_count(table) == 0 && klt_table_column_count(table) == 15);
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_prices(context, schedule, &table));
  CHECK(klt_table_row_count(table) > 0);
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_owners(context, schedule, KLT_LANGUAGE_ENGLISH, &table));
  CHECK(klt_table_row_count(table) == CLIENTS);
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_shortfalls(context, schedule, &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_notes(context, schedule, KLT_LANGUAGE_ENGLISH, &table));
  CHECK(klt_table_column_count(table) == 1);
  klt_table_free(table);
  CHECK_OK(context, klt_schedule_summary(context, schedule, KLT_LANGUAGE_ENGLISH, &text));
  CHECK_CONTAINS(klt_string_data(text), "\"planned\": 4");
  klt_string_free(text);
  CHECK_OK(context, klt_schedule_check(context, schedule, 100, &table));
  CHECK(klt_table_row_count(table) == 0);
  klt_table_free(table);
}

/* A plan of one contact: the others are missing. Nothing else is looked at where contacts are. */
static void check_broken(klt_context* context, const klt_schedule* schedule, const klt_table* planned,
                         const klt_table* refused, const klt_table* prices) {
  klt_table_builder* builder = NULL;
  klt_table *night = NULL, *faults = NULL;
  klt_schedule* broken = NULL;
  const char* id = cell(context, planned, "id", 0);
  const char* manager = cell(context, planned, "manager", 0);
  const char* channel = "phone";
  const char* nobody = "nobody";
  int64_t start = (int64_t)klt_schedule_first_day(schedule) * 86400000000 + 3 * 3600000000;
  size_t row;
  int missing = 0;
  CHECK_OK(context, klt_table_builder_new(context, 1, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "id", &id));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "manager", &manager));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "channel", &channel));
  CHECK_OK(context, klt_table_builder_add_instant(context, builder, "start", &start, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &night));
  klt_table_builder_free(builder);
  CHECK_OK(context, klt_schedule_read_back(context, schedule, night, refused, prices, &broken));
  klt_table_free(night);
  CHECK_OK(context, klt_schedule_check(context, broken, 100, &faults));
  for (row = 0; row < klt_table_row_count(faults); ++row) {
    missing += strcmp(cell(context, faults, "violation", row), "touch_missing") == 0;
  }
  CHECK(missing == CLIENTS - 1);
  klt_table_free(faults);
  CHECK_OK(context, klt_schedule_check(context, broken, 2, &faults));
  CHECK(klt_table_row_count(faults) == 2);
  klt_table_free(faults);
  klt_schedule_free(broken);

  broken = NULL;
  CHECK_OK(context, klt_table_builder_new(context, 1, &builder));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "id", &nobody));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "manager", &manager));
  CHECK_OK(context, klt_table_builder_add_text(context, builder, "channel", &channel));
  CHECK_OK(context, klt_table_builder_add_instant(context, builder, "start", &start, NULL));
  CHECK_OK(context, klt_table_builder_finish(context, builder, &night));
  klt_table_builder_free(builder);
  CHECK_ERROR(context, klt_schedule_read_back(context, schedule, night, refused, prices, &broken), KLT_BAD_DATA,
              "planned.id");
  klt_table_free(night);
  CHECK(broken == NULL);
}

static void check_read_back(klt_context* context, const klt_schedule* schedule, const klt_table* managers) {
  klt_table *planned = NULL, *refused = NULL, *prices = NULL;
  klt_schedule* again = NULL;
  CHECK_OK(context, klt_schedule_planned(context, schedule, KLT_LANGUAGE_ENGLISH, &planned));
  CHECK_OK(context, klt_schedule_refused(context, schedule, KLT_LANGUAGE_ENGLISH, &refused));
  CHECK_OK(context, klt_schedule_prices(context, schedule, &prices));
  CHECK_OK(context, klt_schedule_read_back(context, schedule, planned, refused, prices, &again));
  CHECK(klt_schedule_planned_count(again) == CLIENTS);
  check_tables(context, again);
  klt_schedule_free(again);
  /* Tables in each other's place. */
  again = NULL;
  CHECK_STATUS(context, klt_schedule_read_back(context, schedule, refused, planned, prices, &again), KLT_NOT_FOUND);
  CHECK_STATUS(context, klt_schedule_read_back(context, schedule, planned, refused, managers, &again), KLT_NOT_FOUND);
  CHECK_ERROR(context, klt_schedule_read_back(context, schedule, NULL, refused, prices, &again), KLT_INVALID_ARGUMENT,
              "planned");
  CHECK(again == NULL);
  check_broken(context, schedule, planned, refused, prices);
  klt_table_free(planned);
  klt_table_free(refused);
  klt_table_free(prices);
}

/* Ann is away for the month: what was hers is Bob's or dropped; nothing of it was done yet. */
static void check_replan(klt_context* context, const klt_schedule* schedule, const klt_result* result,
                         const klt_table* managers) {
  static const char* const names[] = {"manager", "time_zone", "absences"};
  static const char* const ids[] = {"ann", "bob"};
  static const char* const zones[] = {"Europe/Berlin", NULL};
  static const char* const away[] = {"2026-12-01..2026-12-31", NULL};
  static const char* const* const values[] = {ids, zones, away};
  static const char* const missed[] = {"nothing/like/it", NULL};
  klt_table* now = table_of(context, 2, 3, names, values);
  klt_schedule* again = NULL;
  klt_table* changes = NULL;
  klt_table* registry = NULL;
  klt_ingest_result* read = NULL;
  klt_base* base = NULL;
  klt_string* figures = NULL;
  size_t stayed = 0, changed = 0, least_changed = 0;
  double gap = -1;
  klt_replan_options options = KLT_REPLAN_OPTIONS_INIT;
  klt_schedule_registry_options choice = KLT_SCHEDULE_REGISTRY_OPTIONS_INIT;
  const int32_t first = klt_schedule_first_day(schedule);
  const int64_t as_of = (int64_t)(klt_schedule_last_day(schedule) + 1) * 86400000000;
  size_t row;
  CHECK_ERROR(context, klt_schedule_changes(context, schedule, KLT_LANGUAGE_ENGLISH, &changes), KLT_NOT_FOUND,
              "schedule");
  CHECK_OK(context, klt_schedule_replan(context, schedule, result, managers, first, NULL, &again));
  CHECK_OK(context, klt_schedule_changes(context, again, KLT_LANGUAGE_ENGLISH, &changes));
  CHECK(klt_table_row_count(changes) == 0);
  klt_table_free(changes);
  klt_schedule_free(again);
  CHECK_OK(context, klt_schedule_replan(context, schedule, result, now, first, &options, &again));
  CHECK_OK(context, klt_schedule_changes(context, again, KLT_LANGUAGE_RUSSIAN, &changes));
  for (row = 0; row < klt_table_row_count(changes); ++row)
    CHECK_TEXT(cell(context, changes, "manager_before", row), "ann");
  CHECK_OK(context, klt_schedule_change_counts(context, again, &stayed, &changed, &least_changed));
  CHECK(changed <= klt_table_row_count(changes) && least_changed <= changed);
  CHECK(stayed + changed == klt_schedule_planned_count(schedule));
  CHECK_OK(context, klt_schedule_change_gap(context, again, &gap));
  CHECK(gap >= 0 && gap <= 1);
  CHECK_ERROR(context, klt_schedule_change_counts(context, schedule, &stayed, &changed, &least_changed), KLT_NOT_FOUND,
              "schedule");
  CHECK_ERROR(context, klt_schedule_change_gap(context, schedule, &gap), KLT_NOT_FOUND, "schedule");
  klt_table_free(changes);
  CHECK_OK(context, klt_schedule_check_summary(context, again, &figures));
  CHECK_CONTAINS(klt_string_data(figures), "\"bound_verified\": true");
  CHECK_CONTAINS(klt_string_data(figures), "\"faults\": 0");
  klt_string_free(figures);
  CHECK_OK(context, klt_schedule_check(context, again, 10, &changes));
  CHECK(klt_table_row_count(changes) == 0);
  klt_table_free(changes);
  klt_schedule_free(again);
  again = NULL;
  options.change_cost = -2;
  CHECK_ERROR(context, klt_schedule_replan(context, schedule, result, now, first, &options, &again),
              KLT_INVALID_ARGUMENT, "options.change_cost");
  options.change_cost = 0;
  options.missed = missed;
  options.missed_count = 2;
  CHECK_ERROR(context, klt_schedule_replan(context, schedule, result, now, first, &options, &again),
              KLT_INVALID_ARGUMENT, "options.missed");
  CHECK_ERROR(context, klt_schedule_replan(context, schedule, result, now, KLT_NO_DAY, NULL, &again), KLT_OUT_OF_RANGE,
              "first_open");
  CHECK(again == NULL);

  CHECK_OK(context, klt_result_ingest(context, result, &read));
  CHECK_OK(context, klt_ingest_result_base(context, read, &base));
  CHECK_OK(context, klt_schedule_registry(context, schedule, base, as_of, KLT_LANGUAGE_ENGLISH, &choice, &registry));
  CHECK(klt_table_row_count(registry) == CLIENTS);
  CHECK_TEXT(cell(context, registry, "state", 0), "overdue");
  CHECK_TEXT(cell(context, registry, "fault", 0), "manager");
  klt_table_free(registry);
  registry = NULL;
  choice.days_after = 1000;
  CHECK_STATUS(context, klt_schedule_registry(context, schedule, base, as_of, KLT_LANGUAGE_ENGLISH, &choice, &registry),
               KLT_INVALID_ARGUMENT);
  CHECK_ERROR(context, klt_schedule_registry(context, schedule, base, INT64_MAX, KLT_LANGUAGE_ENGLISH, NULL, &registry),
              KLT_OUT_OF_RANGE, "as_of");
  CHECK(registry == NULL);
  klt_base_free(base);
  klt_ingest_result_free(read);
  klt_table_free(now);
}

/* Periods, policies, managers, holidays and structs that cannot be used are named; nothing is made. */
static void check_hostile(klt_context* context, const klt_result* result, const klt_table* managers) {
  static const char* const cards[] = {"client"};
  static const char* const twice[] = {"manager"};
  static const char* const odd[] = {"manager", "hours"};
  static const char* const ids[] = {"ann", "ann"};
  static const char* const hours[] = {"09:00-12:00", "late"};
  static const char* const two[] = {"ann", "bob"};
  static const char* const* const one_column[] = {ids};
  static const char* const* const odd_columns[] = {two, hours};
  klt_schedule_options options = KLT_SCHEDULE_OPTIONS_INIT;
  klt_schedule* out = NULL;
  klt_table* table = NULL;
  CHECK_ERROR(context, klt_schedule_new(context, NULL, managers, "2026-12", NULL, &out), KLT_INVALID_ARGUMENT,
              "result");
  CHECK_ERROR(context, klt_schedule_new(context, result, NULL, "2026-12", NULL, &out), KLT_INVALID_ARGUMENT,
              "managers");
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, NULL, NULL, &out), KLT_INVALID_ARGUMENT, "period");
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "soon", NULL, &out), KLT_INVALID_ARGUMENT, "period");
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-\xff", NULL, &out), KLT_INVALID_ARGUMENT,
              "period");
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-12", NULL, NULL), KLT_INVALID_ARGUMENT, "out");
  options.plan = "{";
  CHECK_STATUS(context, klt_schedule_new(context, result, managers, "2026-12", &options, &out), KLT_BAD_POLICY);
  options.plan = "false";
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-12", &options, &out), KLT_BAD_POLICY, "/plan");
  options.plan = "{\"nonsense\": 1}";
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-12", &options, &out), KLT_BAD_POLICY,
              "/plan/nonsense");
  options.plan = plan_json;
  options.holidays = managers;
  CHECK_STATUS(context, klt_schedule_new(context, result, managers, "2026-12", &options, &out), KLT_NOT_FOUND);
  options.holidays = NULL;
  options.as_of = 10000000;
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-12", &options, &out), KLT_OUT_OF_RANGE,
              "options.as_of");
  options.as_of = KLT_NO_DAY;
  options.struct_size = 3;
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-12", &options, &out), KLT_INVALID_ARGUMENT,
              "options.struct_size");
  options.struct_size = sizeof options;
  table = table_of(context, 2, 1, cards, one_column);
  CHECK_STATUS(context, klt_schedule_new(context, result, table, "2026-12", &options, &out), KLT_NOT_FOUND);
  klt_table_free(table);
  table = table_of(context, 2, 1, twice, one_column);
  CHECK_ERROR(context, klt_schedule_new(context, result, table, "2026-12", &options, &out), KLT_BAD_DATA,
              "managers.manager");
  klt_table_free(table);
  table = table_of(context, 2, 2, odd, odd_columns);
  CHECK_ERROR(context, klt_schedule_new(context, result, table, "2026-12", &options, &out), KLT_BAD_DATA,
              "managers.hours");
  CHECK_CONTAINS(klt_context_last_message(context), "row 2");
  klt_table_free(table);
  CHECK(out == NULL);
  CHECK(klt_schedule_planned_count(NULL) == 0 && klt_schedule_refused_count(NULL) == 0);
  CHECK(klt_schedule_first_day(NULL) == 0 && klt_schedule_last_day(NULL) == 0);
  klt_schedule_free(NULL);
}

/* Tables and managers in one call: the run has its plan, by the policy's part, and the page tells of it. */
static void check_run(klt_context* context, const klt_table* managers) {
  static const char policy_start[] = "{\"plan\": ";
  char json[2048];
  klt_policy* policy = NULL;
  klt_tables* tables = tables_of(context);
  klt_result* result = NULL;
  klt_schedule* schedule = NULL;
  klt_schedule* again = NULL;
  klt_table* owners = NULL;
  klt_string* page = NULL;
  klt_run_options options = KLT_RUN_OPTIONS_INIT;
  klt_schedule_options kept = KLT_SCHEDULE_OPTIONS_INIT;
  snprintf(json, sizeof json, "%s%s}", policy_start, plan_json);
  CHECK_OK(context, klt_policy_from_json(context, json, &policy));
  options.managers = managers;
  CHECK_ERROR(context, klt_run_with(context, tables, policy, KLT_AS_OF_LAST_EVENT, &options, &result),
              KLT_INVALID_ARGUMENT, "options.period");
  options.period = "soon";
  CHECK_ERROR(context, klt_run_with(context, tables, policy, KLT_AS_OF_LAST_EVENT, &options, &result),
              KLT_INVALID_ARGUMENT, "period");
  CHECK(result == NULL && klt_tables_count(tables) == 1); /* nothing was taken */
  options.period = "2026-12";
  CHECK_OK(context, klt_run_with(context, tables, policy, KLT_AS_OF_LAST_EVENT, &options, &result));
  CHECK_OK(context, klt_result_plan(context, result, &schedule));
  CHECK(klt_schedule_planned_count(schedule) == CLIENTS);
  CHECK_OK(context, klt_result_html(context, result, &page));
  CHECK_CONTAINS(klt_string_data(page), "id=\"plan\"");
  klt_string_free(page);

  /* Owners of a plan that was announced are kept by the next one. */
  CHECK_OK(context, klt_schedule_owners(context, schedule, KLT_LANGUAGE_ENGLISH, &owners));
  kept.owners = owners;
  CHECK_OK(context, klt_schedule_new(context, result, managers, "2026-12", &kept, &again));
  klt_table_free(owners);
  CHECK_OK(context, klt_schedule_owners(context, again, KLT_LANGUAGE_ENGLISH, &owners));
  CHECK_TEXT(cell(context, owners, "reason", 0), "kept");
  klt_table_free(owners);
  kept.owners = managers;
  klt_schedule_free(again);
  again = NULL;
  CHECK_ERROR(context, klt_schedule_new(context, result, managers, "2026-12", &kept, &again), KLT_NOT_FOUND, "client");
  klt_schedule_free(schedule);
  klt_result_free(result);
  klt_tables_free(tables);

  /* Without managers a run has none. */
  tables = tables_of(context);
  result = NULL;
  schedule = NULL;
  CHECK_OK(context, klt_run_with(context, tables, policy, KLT_AS_OF_LAST_EVENT, NULL, &result));
  CHECK_ERROR(context, klt_result_plan(context, result, &schedule), KLT_NOT_FOUND, "managers");
  CHECK(schedule == NULL);
  klt_result_free(result);
  klt_tables_free(tables);
  klt_policy_free(policy);
}

int main(void) {
  klt_context* context = NULL;
  klt_result* result = NULL;
  klt_schedule* schedule = NULL;
  klt_table* managers = NULL;
  klt_table* table = NULL;
  klt_schedule_options options = KLT_SCHEDULE_OPTIONS_INIT;
  klt_context_new(&context);
  result = result_of(context);
  managers = managers_of(context);
  options.plan = plan_json;
  CHECK_OK(context, klt_schedule_new(context, result, managers, "2026-12", &options, &schedule));
  check_hostile(context, result, managers);
  check_replan(context, schedule, result, managers);
  klt_result_free(result); /* the schedule lives on */
  check_tables(context, schedule);
  check_read_back(context, schedule, managers);
  check_run(context, managers);
  CHECK_ERROR(context, klt_schedule_planned(context, schedule, 7, &table), KLT_INVALID_ARGUMENT, "language");
  CHECK(table == NULL);
  klt_table_free(managers);
  klt_schedule_free(schedule);
  klt_context_free(context);
  return check_result();
}
