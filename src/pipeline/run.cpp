// Every stage in one call: see run() in run.hpp.
#include "klientela/pipeline/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>

#include "classify/row_judge.hpp"
#include "klientela/classify/assignment_check.hpp"
#include "klientela/classify/cohorts.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/features/periods.hpp"
#include "model/event_days.hpp"

namespace klientela {
namespace {

/// The day of the last purchase, else of the last thing that happened at all.
std::optional<Day> last_day(const ClientBase& base) {
  const auto purchase = base.last_purchase_day();
  return purchase ? purchase : detail::last_contact_day(base);
}

PlanTables plan_tables(const ContactSchedule& schedule, Language language) {
  const ContactPlan& plan = schedule.plan();
  PlanTables tables;
  tables.first = schedule.period().first;
  tables.last = schedule.period().last;
  tables.time_zone = schedule.time_zone().name();
  tables.objective = plan.objective;
  tables.upper_bound = plan.upper_bound;
  tables.limited = plan.limited;
  tables.planned = schedule.planned(language);
  tables.refused = schedule.refused(language);
  tables.prices = schedule.prices();
  for (const PlanManager& manager : schedule.managers())
    if (!manager.name.empty()) tables.managers[manager.id] = manager.name;
  return tables;
}

/// What became of the rows of every table, as the end of a sentence.
std::string told(const std::map<TableId, TableCounts>& tables) {
  std::string text;
  bool written = false;  // in a way that a policy could tell
  for (const auto& [table, counts] : tables) {
    for (const RejectReason reason : {RejectReason::not_a_date, RejectReason::not_a_number}) {
      const auto found = counts.by_reason.find(reason);
      written = written || (found != counts.by_reason.end() && found->second > 0);
    }
    text += fmt::format("{}{}: {} rows read, {} rejected", text.empty() ? "; " : ", ", spec(table).name,
                        counts.rows_read, counts.rows_rejected);
    const auto most = std::max_element(counts.by_reason.begin(), counts.by_reason.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most != counts.by_reason.end() && most->second > 0)
      text += fmt::format(" ({} {})", most->second, name(most->first));
  }
  if (written)
    text += "; ingest.date_format and ingest.decimal_comma of the policy say how dates and numbers are written";
  return text;
}

/// Measures steadiness over periods only where a classifier looks at it: it takes every client's lines together.
void add_period_columns(FeatureTable& features, const ClientBase& base, const Policy& policy,
                        std::span<const AnyClassifier> classifiers, const Control& control) {
  std::set<std::string> wanted;
  for (const AnyClassifier& classifier : classifiers)
    for (const std::string& input : classifier.inputs())
      if (is_period_column(input) && features.find(input) == nullptr) wanted.insert(input);
  if (wanted.empty()) return;
  const Table measured = period_table(base, features.as_of(), policy.periods, policy.features, control);
  for (const Column& column : measured.columns())
    if (wanted.count(column.name()) != 0) features.add(column);
}

/// That every column the history is to keep is there.
void check_history_columns(const HistoryPlan& plan, std::span<const Classification> classes) {
  std::string names;
  for (const Classification& each : classes)
    for (const Column& column : each.columns())
      if (column.type() == ColumnType::label) names += (names.empty() ? "" : ", ") + column.name();
  for (const std::string& column : plan.options.columns)
    if (std::none_of(classes.begin(), classes.end(),
                     [&](const Classification& each) { return each.table().find(column) != nullptr; }))
      throw Error(
          Code::invalid_argument,
          "no classifier writes a column " + column + "; those of labels are " + (names.empty() ? "none" : names),
          "/history/columns");
}

/// That some column the history is to keep has thresholds for its margin to act on. \param everything  whether names
/// that no classifier says it writes are looked at too: a host's may be known only once it has classified
void check_history_margin(const Policy& policy, bool everything) {
  const HistoryOptions& options = policy.history->options;
  if (!(options.margin > 0)) return;
  std::set<std::string> acts;
  std::set<std::string> others;
  for (const auto& [name, classifier] : policy.classifiers) {
    for (std::string& column : classifying::columns_with_thresholds(classifier)) acts.insert(std::move(column));
    for (std::string& column : classifier.outputs()) others.insert(std::move(column));
  }
  bool unknown = false;
  bool some = options.columns.empty() && !acts.empty();
  for (const std::string& column : options.columns) {
    some = some || acts.count(column) != 0;
    unknown = unknown || others.count(column) == 0;
  }
  if (some || (unknown && !everything)) return;
  throw Error(
      Code::bad_policy,
      "/history/margin: none of the columns kept has thresholds that a margin could act on; labels of rfm, abc, "
      "matrix, tiers, xyz and lifecycle have",
      "/history/margin");
}

/// That the history's money is a measure of money, and one that the features may hold.
void check_history_money(const Policy& policy) {
  const std::string& money = policy.history->options.money;
  if (money.empty()) return;
  const auto refuse = [](const std::string& why) {
    throw Error(Code::bad_policy, "/history/money: " + why, "/history/money");
  };
  static constexpr const char* measures[] = {"money_gross", "money_refunds", "money_net", "profit", "quantity"};
  if (std::find(std::begin(measures), std::end(measures), money) == std::end(measures))
    refuse("\"" + money + "\" is no measure of money; there are money_gross, money_refunds, money_net and profit");
  const std::vector<FeatureGroup>& groups = policy.features.groups;
  if (!groups.empty() && std::find(groups.begin(), groups.end(), FeatureGroup::purchases) == groups.end())
    refuse(money + " is of the group purchases, which /features/groups leave out; \"\" keeps no money");
}

/// That the base has what the history's money is added up from.
void check_history_money(const Policy& policy, const ClientBase& base) {
  const std::string& money = policy.history->options.money;
  const bool profit = money == "profit";
  if (!profit && money != "quantity") return;
  const TransactionField field = profit ? TransactionField::profit : TransactionField::quantity;
  const auto& chunks = base.chunks(TableId::transactions);
  if (!base.last_purchase_day() ||
      std::any_of(chunks.begin(), chunks.end(), [&](const auto& chunk) { return (*chunk)[field] != nullptr; }))
    return;
  throw Error(Code::bad_policy, "/history/money: no transaction says its " + money, "/history/money");
}

/// Whether two cards at least have something to tell duplicates by.
bool can_compare(const PreparedCards& cards, const DedupeOptions& options) {
  const std::vector<Comparison> comparisons = options.comparisons.empty() ? default_comparisons() : options.comparisons;
  return std::any_of(comparisons.begin(), comparisons.end(),
                     [&](const Comparison& each) { return cards.filled(each.field) > 1; });
}

struct Merging {
  std::optional<Duplicates> found{};
  std::shared_ptr<const MergedBase> merged{};
};

/// The base merged as the journal says.
MergedBase gone_on(const ClientBase& base, const RunKnowledge& known, const SurvivorshipPolicy& survivorship,
                   const Control& control) {
  try {
    if (known.rebase) return MergedBase::rebase(base, known.journal, {}, survivorship, {}, control);
    return {base, known.journal, survivorship, {}, control};
  } catch (const Error& error) {
    if (error.code() != Code::bad_policy) throw;
    // Of the survivorship; the run's policy has it further below.
    const std::string place = "/dedupe/survivorship" + error.where();
    const std::string message = error.what();
    throw Error(error.code(),
                message.starts_with(error.where()) ? place + message.substr(error.where().size()) : message, place);
  }
}

/// Looks for duplicates among the base's cards, and merges what is sure of them; the base is as merged then.
Merging merge_duplicates(ClientBase& base, const DedupeOptions& options, const RunKnowledge& known,
                         const Control& control) {
  Merging result;
  const bool search = options.merge && !base.chunks(TableId::clients).empty();
  if (!search && known.journal.records().empty()) return result;
  control.check();
  control.report("dedupe", 0);
  PreparedCards cards;
  if (search) cards = prepare_cards(base, Normaliser(options.normaliser), control);
  const bool comparable = can_compare(cards, options);
  if (comparable || !known.journal.records().empty()) {
    auto merged = std::make_shared<MergedBase>(gone_on(base, known, options.survivorship, control));
    if (comparable) {
      result.found = find_duplicates(cards, options, merged->knowledge(cards), control);
      const ProposedMerges proposed = proposed_merges(merge_clusters(*result.found, *options.merge), *merged);
      static_cast<void>(merged->merge(proposed.clusters, {"", std::string(found_reason), {}}));
    }
    base = merged->base(control);  // made here, so that nobody who reads `merged` changes anything in it
    result.merged = std::move(merged);
  }
  control.report("dedupe", 1);
  return result;
}

/// The lifecycle of the run; null where the policy has none.
const Classification* lifecycle_of(const RunResult& run) {
  for (const Classification& each : run.classes)
    if (each.kind() == "lifecycle") return &each;
  return nullptr;
}

AttentionOptions attention_options(const ReportOptions& report) {
  AttentionOptions options = report.attention;
  options.language = report.language;
  return options;
}

Table attention_of(const RunResult& run, const AttentionOptions& options, const Control& control) {
  return attention_list(run.features.table(), lifecycle_of(run), options, control);
}

/// Whether the features have what attention_of() reads.
bool can_list(const RunResult& run, const AttentionOptions& options) {
  std::vector<std::string> wanted{options.value};
  if (lifecycle_of(run) == nullptr) wanted.insert(wanted.end(), {"recency_days", "tenure_days"});
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const std::string& column) { return run.features.find(column) != nullptr; });
}

/// A value for each choice, which the first who asks makes, and others wait for; made anew where making it failed.
template <class Choice, class T>
class Once {
 public:
  template <class Make>
  const T& get(const Choice& choice, Make&& make) {
    const std::lock_guard lock(mutex_);
    for (const auto& [chosen, value] : values_)
      if (chosen == choice) return value;
    return values_.emplace_back(choice, make()).second;
  }

 private:
  std::mutex mutex_;
  std::list<std::pair<Choice, T>> values_;
};

}  // namespace

/// By the choices of the copy that asks.
struct RunResult::Made {
  Once<ProfileOptions, Profiles> profiles;
  Once<std::shared_ptr<const Policy>, std::optional<History>> history;
  Once<AttentionOptions, Table> attention;
};

RunResult run(Tables tables, const Policy& policy, std::optional<Day> as_of, const Control& control) {
  return run(std::move(tables), policy, as_of, RunKnowledge(), control);
}

RunResult run(Tables tables, const Policy& policy, std::optional<Day> as_of, const RunKnowledge& known,
              const Control& control) {
  control.check();
  if (policy.history) {
    check_history_margin(policy, false);
    check_history_money(policy);
  }
  if (known.managers)  // before anything is read
    static_cast<void>(managers_from_table(known.managers->managers, policy.plan ? *policy.plan : PlanPolicy()));
  control.report("ingest", 0);
  IngestResult read = ingest(std::move(tables), policy.ingest, control);
  control.report("ingest", 1);

  if (!as_of) as_of = last_day(read.base);
  if (!as_of)
    throw Error(Code::invalid_argument,
                "no as-of date was given, and no accepted row has a day that could stand for it" + told(read.counts),
                "as_of");
  if (policy.history) check_history_money(policy, read.base);
  Merging merging = merge_duplicates(read.base, policy.dedupe, known, control);
  std::optional<Hierarchy> hierarchy;
  if (policy.roll_up) {
    control.check();
    RollUpOptions options = *policy.roll_up;
    options.on = as_of;
    hierarchy.emplace(read.base, options);
    read.base = roll_up(*hierarchy, options, control);
  }

  control.check();
  control.report("features", 0);
  FeatureTable features = compute_features(read.base, *as_of, policy.features, control);
  control.report("features", 1);

  control.check();
  control.report("classify", 0);
  std::vector<AnyClassifier> classifiers;
  classifiers.reserve(policy.classifiers.size());
  for (const auto& [name, classifier] : policy.classifiers) classifiers.push_back(classifier);
  add_period_columns(features, read.base, policy, classifiers, control);
  // What only rules ask about stays out of the feature table.
  const Table table =
      with_base_columns(read.base, features.table(), *as_of, inputs_of(classifiers), known.assignments, control);
  Classified classified = classify(table, classifiers, control);
  for (const Classification& classification : classified.classifications)
    for (const Column& column : classification.columns()) features.add(column);
  if (policy.history) {
    check_history_columns(*policy.history, classified.classifications);
    check_history_margin(policy, true);
  }
  control.report("classify", 1);

  Table unknown = unknown_assignments(known.assignments, read.base, classified.models);
  RunResult result{.base = std::move(read.base),
                   .rejects = std::move(read.rejects),
                   .counts = std::move(read.counts),
                   .unused_columns = std::move(read.unused_columns),
                   .features = std::move(features),
                   .classes = std::move(classified.classifications),
                   .models = std::move(classified.models),
                   .as_of = *as_of,
                   .report_options = policy.report,
                   .assignments = known.assignments,
                   .unknown_assignments = std::move(unknown),
                   .hierarchy = std::move(hierarchy),
                   .duplicates = std::move(merging.found),
                   .merged = std::move(merging.merged),
                   .policy = std::make_shared<const Policy>(policy),
                   .made = std::make_shared<RunResult::Made>()};
  if (known.managers) {
    result.planned_for = known.managers;
    const auto& [managers, period, of_plan] = *known.managers;
    result.plan = result.schedule(managers, period, std::nullopt, of_plan, control);
  }
  return result;
}

const Profiles& RunResult::profiles(const Control& control) const {
  if (!made) throw Error(Code::invalid_argument, "only what run() gave has profiles", "profiles");
  const ProfileOptions& options = report_options.profiles;
  return made->profiles.get(options, [&] { return group_profiles(report(), options, control); });
}

Profiles RunResult::profiles(std::string_view column, const Control& control) const {
  ProfileOptions options = report_options.profiles;
  options.columns = {std::string(column)};
  return group_profiles(report(), options, control);
}

const History* RunResult::history(const Control& control) const {
  if (!made || !policy || !policy->history) return nullptr;
  const std::optional<History>& found = made->history.get(policy, [&]() -> std::optional<History> {
    const HistoryPlan& wanted = *policy->history;
    const std::vector<Day> days = days_of(wanted, base, as_of);
    if (days.empty()) return std::nullopt;
    HistoryOptions options = wanted.options;
    options.periods = policy->periods;
    options.assignments = assignments;
    if (options.thresholds == HistoryThresholds::frozen && !options.frozen_on)
      return klientela::history(base, days, std::span<const AnyModel>(models), policy->features, options, control);
    std::vector<AnyClassifier> classifiers;
    for (const auto& [name, classifier] : policy->classifiers) classifiers.push_back(classifier);
    return klientela::history(base, days, std::span<const AnyClassifier>(classifiers), policy->features, options,
                              control);
  });
  return found ? &*found : nullptr;
}

const Table& RunResult::attention(const Control& control) const {
  if (!made) throw Error(Code::invalid_argument, "only what run() gave has an attention list", "attention");
  const AttentionOptions options = attention_options(report_options);
  return made->attention.get(options, [&] { return attention_of(*this, options, control); });
}

bool RunResult::has_attention() const { return can_list(*this, report_options.attention); }

Table RunResult::cohorts(const Control& control) const {
  for (const AnyModel& model : models)
    if (const auto* cohort = model.get_if<CohortModel>()) return cohorts(cohort->options().period, control);
  return cohorts(Period::month, control);
}

Table RunResult::cohorts(Period period, const Control& control) const {
  return cohort_table(base, as_of, period, control);
}

std::string RunResult::page(const ReportOptions& options, const ContactSchedule* schedule,
                            const Control& control) const {
  ReportInput input = report();
  std::optional<PlanTables> told_plan;
  if (schedule != nullptr && !options.hides(PageSection::plan))
    input.plan = &told_plan.emplace(plan_tables(*schedule, options.language));
  if (!options.hides(PageSection::profiles)) input.profiles = &profiles(control);
  if (!options.hides(PageSection::movement)) input.history = history(control);
  std::optional<Table> other;  // by other options than the run's
  if (!options.hides(PageSection::attention) && can_list(*this, options.attention)) {
    const AttentionOptions chosen = attention_options(options);
    const bool same = chosen == attention_options(report_options);
    input.attention = same ? &attention(control) : &other.emplace(attention_of(*this, chosen, control));
  }
  std::optional<Table> covered;
  std::vector<RuleSetCheck> rules;
  if (!options.hides(PageSection::coverage)) {
    input.coverage = &covered.emplace(coverage(control));
    const Table table = classified(control);
    for (const AnyModel& model : models)
      if (const auto* set = model.get_if<RulesModel>())
        rules.push_back({model.name(), klientela::check_rules(*set, table, control)});
    input.rules = rules;
  }
  return html(input, options, control);
}

ContactSchedule RunResult::unplanned_schedule(const Table& managers, SchedulePeriod period,
                                              const std::optional<PlanPolicy>& rules, ScheduleKnowledge known,
                                              const Control& control) const {
  if (known.assignments.lines().empty()) known.assignments = assignments;
  const std::optional<PlanPolicy>& own = policy ? policy->plan : rules;
  return compile_schedule(base, classified(control), managers,
                          rules ? *rules
                          : own ? *own
                                : PlanPolicy(),
                          period, known, control);
}

ContactSchedule RunResult::schedule(const Table& managers, SchedulePeriod period,
                                    const std::optional<PlanPolicy>& rules, ScheduleKnowledge known,
                                    const Control& control) const {
  const PlanOptions solver = rules ? rules->solver : policy && policy->plan ? policy->plan->solver : PlanOptions();
  return plan_schedule(unplanned_schedule(managers, period, rules, std::move(known), control), solver, control);
}

Table RunResult::classified(const Control& control) const {
  std::vector<std::string> wanted;
  for (const AnyModel& model : models)
    for (std::string& column : model.inputs()) wanted.push_back(std::move(column));
  wanted.emplace_back("card.kind");
  return with_base_columns(base, features.table(), as_of, wanted, assignments, control);
}

Table RunResult::coverage(const Control& control) const {
  std::vector<CoverageAttribute> attributes;
  for (const AnyModel& model : models)
    if (model.get_if<RulesModel>() != nullptr) attributes.push_back({model.name(), {"unclassified"}});
  // What cards say themselves, where no classifier gives it.
  std::vector<std::string> cards;
  for (const char* field : {"relationship_type", "category", "industry"})
    if (std::none_of(attributes.begin(), attributes.end(), [&](const auto& each) { return each.column == field; }))
      cards.push_back(std::string("card.") + field);
  const Table table = with_base_columns(base, classified(control), as_of, cards, assignments, control);
  for (std::string& column : cards) attributes.push_back({std::move(column), {}});
  return coverage_table(table, attributes, "card.kind");
}

RuleCheck RunResult::check_rules(std::string_view classifier, const Control& control) const {
  for (const AnyModel& model : models)
    if (model.name() == classifier)
      if (const auto* rules = model.get_if<RulesModel>())
        return klientela::check_rules(*rules, classified(control), control);
  throw Error(Code::not_found, "there is no classifier of kind rules called " + std::string(classifier),
              std::string(classifier));
}

}  // namespace klientela
