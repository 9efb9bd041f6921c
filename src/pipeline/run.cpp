// Every stage in one call: see run() in run.hpp.
#include "klientela/pipeline/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>

#include "model/event_days.hpp"

namespace klientela {
namespace {

/// The day of the last purchase, else of the last thing that happened at all.
std::optional<Day> last_day(const ClientBase& base) {
  const auto purchase = base.last_purchase_day();
  return purchase ? purchase : detail::last_contact_day(base);
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

}  // namespace

struct RunResult::Profiled {
  std::mutex mutex;
  std::optional<Profiles> profiles;
};

RunResult run(Tables tables, const Policy& policy, std::optional<Day> as_of, const Control& control) {
  return run(std::move(tables), policy, as_of, Assignments(), control);
}

RunResult run(Tables tables, const Policy& policy, std::optional<Day> as_of, const Assignments& assignments,
              const Control& control) {
  control.check();
  control.report("ingest", 0);
  IngestResult read = ingest(std::move(tables), policy.ingest, control);
  control.report("ingest", 1);

  if (!as_of) as_of = last_day(read.base);
  if (!as_of)
    throw Error(Code::invalid_argument,
                "no as-of date was given, and no accepted row has a day that could stand for it" + told(read.counts),
                "as_of");
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
      with_base_columns(read.base, features.table(), *as_of, inputs_of(classifiers), assignments, control);
  Classified classified = classify(table, classifiers, control);
  for (const Classification& classification : classified.classifications)
    for (const Column& column : classification.columns()) features.add(column);
  control.report("classify", 1);

  return RunResult{.base = std::move(read.base),
                   .rejects = std::move(read.rejects),
                   .counts = std::move(read.counts),
                   .unused_columns = std::move(read.unused_columns),
                   .features = std::move(features),
                   .classes = std::move(classified.classifications),
                   .models = std::move(classified.models),
                   .as_of = *as_of,
                   .report_options = policy.report,
                   .assignments = assignments,
                   .hierarchy = std::move(hierarchy),
                   .profiled = std::make_shared<RunResult::Profiled>()};
}

const Profiles& RunResult::profiles(const Control& control) const {
  if (!profiled) throw Error(Code::invalid_argument, "only what run() gave has profiles", "profiles");
  const std::lock_guard lock(profiled->mutex);
  if (!profiled->profiles) profiled->profiles = group_profiles(report(), report_options.profiles, control);
  return *profiled->profiles;
}

Profiles RunResult::profiles(std::string_view column, const Control& control) const {
  ProfileOptions options = report_options.profiles;
  options.columns = {std::string(column)};
  return group_profiles(report(), options, control);
}

std::string RunResult::page(const ReportOptions& options, const Control& control) const {
  ReportInput input = report();
  input.profiles = &profiles(control);
  return html(input, options);
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
