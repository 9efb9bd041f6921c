// C ABI of pipeline: the policy document, and every stage in one call.
#include "klientela/pipeline/run.hpp"

#include "call_guard.hpp"

using namespace klientela;
using namespace klientela::capi;

namespace {

const RunResult& run_of(const klt_result* result) { return *need(result, "result").run; }

[[noreturn]] void fail_without_duplicates() {
  throw Error(Code::not_found, "this run did not look for duplicates", "duplicates");
}

}  // namespace

extern "C" {

klt_status klt_policy_new(klt_context* context, klt_policy** out) {
  return guard(context, [&] { give(&need(out, "out"), Policy()); });
}

klt_status klt_policy_from_json(klt_context* context, const char* json, klt_policy** out) {
  return guard(context, [&] {
    const std::string_view given = need_text(json, "json");
    need(out, "out");
    give(out, Policy::from_json(given));
  });
}

klt_status klt_policy_from_preset(klt_context* context, const char* name, klt_policy** out) {
  return guard(context, [&] {
    const std::string_view given = need_text(name, "name");
    need(out, "out");
    give(out, Policy::preset(given));
  });
}

void klt_policy_free(klt_policy* policy) { delete policy; }

klt_status klt_policy_presets(klt_context* context, klt_table** out) {
  return guard(context, [&] { give(&need(out, "out"), Table({Column("preset", Policy::presets())})); });
}

klt_status klt_policy_to_json(klt_context* context, const klt_policy* policy, klt_string** out) {
  return guard(context, [&] {
    const Policy& given = need(policy, "policy").policy;
    give(&need(out, "out"), given.to_json());
  });
}

klt_status klt_policy_schema(klt_context* context, klt_string** out) {
  return guard(context, [&] { give(&need(out, "out"), Policy::schema()); });
}

size_t klt_policy_classifier_count(const klt_policy* policy) {
  return policy != nullptr ? policy->policy.classifiers.size() : 0;
}

const char* klt_policy_classifier_name(const klt_policy* policy, size_t index) {
  if (index >= klt_policy_classifier_count(policy)) return nullptr;
  return policy->policy.classifiers[index].first.c_str();
}

klt_status klt_policy_classifier(klt_context* context, const klt_policy* policy, size_t index, klt_classifier** out) {
  return guard(context, [&] {
    const Policy& given = need(policy, "policy").policy;
    need_index(index, given.classifiers.size(), "index");
    need(out, "out");
    const AnyClassifier& classifier = given.classifiers[index].second;
    give_named(out, classifier);
  });
}

klt_status klt_run(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                   klt_result** out) {
  return klt_run_assigned(context, tables, policy, as_of, nullptr, out);
}

klt_status klt_run_assigned(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                            const klt_assignments* assignments, klt_result** out) {
  return klt_run_with_journal(context, tables, policy, as_of, assignments, nullptr, 0, out);
}

klt_status klt_run_with_journal(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                                const klt_assignments* assignments, const char* journal, int32_t rebase,
                                klt_result** out) {
  klt_run_options options = KLT_RUN_OPTIONS_INIT;
  options.assignments = assignments;
  options.journal = journal;
  options.rebase = rebase;
  return klt_run_with(context, tables, policy, as_of, &options, out);
}

klt_status klt_run_with(klt_context* context, klt_tables* tables, const klt_policy* policy, int32_t as_of,
                        const klt_run_options* options, klt_result** out) {
  return guard(context, [&] {
    klt_tables& given = need(tables, "tables");
    need(out, "out");
    std::optional<Day> day;
    if (as_of != KLT_AS_OF_LAST_EVENT) day = need_day(as_of, "as_of");
    Policy choice = policy != nullptr ? policy->policy : Policy();
    for (const auto& [table, mapping] : given.mappings)
      for (const auto& [field, column] : mapping.columns) choice.ingest.mappings[table].columns[field] = column;
    const klt_run_options said = read_struct(options, KLT_RUN_OPTIONS_INIT, "options");
    RunKnowledge known;
    if (said.assignments != nullptr) known.assignments = said.assignments->assignments;
    if (said.journal != nullptr) known.journal = Journal::from_text(need_text(said.journal, "journal"));
    apply_flag(said.rebase, known.rebase, "rebase");
    if (said.managers != nullptr) {
      const PlanPolicy rules = choice.plan ? *choice.plan : PlanPolicy();
      static_cast<void>(managers_from_table(said.managers->table, rules));  // before the streams are taken
      RunManagers& there = known.managers.emplace();
      there.managers = said.managers->table;
      there.period = SchedulePeriod::parse(need_text(said.period, "options.period"));
      if (said.holidays != nullptr) there.known.holidays = HolidayTable::from(said.holidays->table);
    }
    const Running call(*context);
    give(out, std::make_shared<const RunResult>(run(take_streams(given), choice, day, known, call.control())));
  });
}

void klt_result_free(klt_result* result) { delete result; }

int32_t klt_result_as_of(const klt_result* result) {
  return result != nullptr ? static_cast<int32_t>(result->run->as_of.time_since_epoch().count()) : 0;
}

klt_status klt_result_ingest(klt_context* context, const klt_result* result, klt_ingest_result** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    give(out, result->run, &run.base, &run.rejects, &run.counts, &run.unused_columns);
  });
}

klt_status klt_result_features(klt_context* context, const klt_result* result, klt_features** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    give(&need(out, "out"), run.features);
  });
}

klt_status klt_result_coverage(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const Running call(*context);
    give(out, run.coverage(call.control()));
  });
}

klt_status klt_result_unknown_assignments(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    give(out, run.unknown_assignments);
  });
}

klt_status klt_result_hierarchy(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    if (!run.hierarchy) throw Error(Code::not_found, "the policy of this run does not roll clients up", "roll_up");
    give(out, run.hierarchy->table());
  });
}

klt_status klt_result_duplicates(klt_context* context, const klt_result* result, klt_duplicates** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    if (!run.duplicates) fail_without_duplicates();
    give(out, *run.duplicates);
  });
}

klt_status klt_result_merged(klt_context* context, const klt_result* result, klt_merged_base** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    if (!run.merged) fail_without_duplicates();
    const Running call(*context);
    const MergedBase& merged = *run.merged;
    give(out, MergedBase(merged.original(), merged.journal(), merged.policy(), merged.functions(), call.control()));
  });
}

klt_status klt_result_profiles(klt_context* context, const klt_result* result, const char* column, klt_profiles** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const std::string_view name = column != nullptr ? need_text(column, "column") : std::string_view();
    const Running call(*context);
    give(out, column != nullptr ? run.profiles(name, call.control()) : run.profiles(call.control()));
  });
}

klt_status klt_result_history(klt_context* context, const klt_result* result, klt_history** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const Running call(*context);
    const History* found = run.history(call.control());
    if (found == nullptr)
      throw Error(Code::not_found,
                  run.policy->history ? "the base has no purchase up to the last day of the history"
                                      : "the policy of this run has no history",
                  "history");
    give(out, *found);
  });
}

klt_status klt_result_attention(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const Running call(*context);
    give(out, run.attention(call.control()));
  });
}

klt_status klt_result_cohorts(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const Running call(*context);
    give(out, run.cohorts(call.control()));
  });
}

size_t klt_result_classification_count(const klt_result* result) {
  return result != nullptr ? result->run->classes.size() : 0;
}

klt_status klt_result_classification(klt_context* context, const klt_result* result, size_t index,
                                     klt_classification** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need_index(index, run.classes.size(), "index");
    give(&need(out, "out"), run.classes[index]);
  });
}

klt_status klt_result_model(klt_context* context, const klt_result* result, size_t index, klt_model** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need_index(index, run.models.size(), "index");
    need(out, "out");
    give_named(out, run.models[index]);
  });
}

klt_status klt_result_clients(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const Running call(*context);
    give(out, run.clients(call.control()));
  });
}

klt_status klt_result_matrix(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    give(&need(out, "out"), run.matrix());
  });
}

klt_status klt_result_rejected(klt_context* context, const klt_result* result, klt_table** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    give(&need(out, "out"), run.rejected());
  });
}

klt_status klt_result_summary(klt_context* context, const klt_result* result, klt_string** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    give(&need(out, "out"), run.summary());
  });
}

klt_status klt_result_plan(klt_context* context, const klt_result* result, klt_schedule** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    if (!run.plan) throw Error(Code::not_found, "this run was given no managers", "managers");
    give(out, *run.plan, std::optional<PlanPolicy>(), run.planned_for->known);
  });
}

klt_status klt_result_html(klt_context* context, const klt_result* result, klt_string** out) {
  return guard(context, [&] {
    const RunResult& run = run_of(result);
    need(out, "out");
    const Running call(*context);
    give(out, run.page(call.control()));
  });
}

}  // extern "C"
