// Tables and a policy in, the classified base out: every stage in one call.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/base_columns.hpp"
#include "klientela/dedupe/merge.hpp"
#include "klientela/pipeline/policy.hpp"
#include "klientela/plan/schedule.hpp"
#include "klientela/report/report.hpp"

namespace klientela {

/// Who is there to contact clients, and when.
struct RunManagers {
  Table managers{};  ///< one row a manager: managers_from_table()
  SchedulePeriod period{};
  ScheduleKnowledge known{};  ///< where it has no assignments, those of the run count
};

/// Everything a run found. Tables and pages are rendered on demand by the report stage.
struct RunResult {
  ClientBase base;
  std::vector<Reject> rejects;
  std::map<TableId, TableCounts> counts;
  std::vector<std::string> unused_columns;
  FeatureTable features;                ///< with every classifier's columns appended
  std::vector<Classification> classes;  ///< in the policy's order
  std::vector<AnyModel> models;         ///< the frozen thresholds behind them, same order
  Day as_of{};
  ReportOptions report_options;
  Assignments assignments{};             ///< as they were given
  Table unknown_assignments{};           ///< their lines that name a client or a value that is not known
  std::optional<Hierarchy> hierarchy{};  ///< of all clients, where the policy rolls them up; `base` has the groups then
  /// Among the cards as they were delivered, those of merged->original(). None: the policy looks for none, or no two
  /// cards have anything to tell them by.
  std::optional<Duplicates> duplicates{};
  /// What is merged, by which `base` is read: map, journal, conflicts. Null: nothing was looked for, and there was no
  /// journal. Read by any number of threads; to go on, make another one of its original(), journal() and policy().
  std::shared_ptr<const MergedBase> merged{};

  std::shared_ptr<const Policy> policy{};  ///< by which it was run

  std::optional<RunManagers> planned_for{};  ///< as they were given
  /// The calendar of their contacts, schedule() of them: the page tells of it. None: no managers were given.
  std::optional<ContactSchedule> plan{};

  /// What was asked for so far and is kept: profiles, the history, the attention list; shared by copies, each of which
  /// has its own where its policy or report_options differ. Base, features and classes are taken not to.
  struct Made;
  std::shared_ptr<Made> made{};

  [[nodiscard]] ReportInput report() const {
    ReportInput input{base, features, classes, rejects, counts};
    if (duplicates) input.duplicates = &*duplicates;
    input.merged = merged.get();
    return input;
  }
  /// Of the columns that the policy names: made by the first call, which others wait for. Lives as long as this or a
  /// copy. Thread-safe. As group_profiles()
  [[nodiscard]] const Profiles& profiles(const Control& control = {}) const;
  /// Of one column, by its name or the end of it ("segment"). As group_profiles()
  [[nodiscard]] Profiles profiles(std::string_view column, const Control& control = {}) const;
  /// Classes through time as the policy's `history` wants them; null where it wants none, or where the base has no
  /// purchase up to its last day. Made by the first call, which others wait for: in less than a run takes where
  /// one pass gives it, else by features computed for each of the days (History::one_pass). Frozen thresholds are those
  /// of `models` unless the policy names another day. Lives as long as this or a copy. Thread-safe. As
  /// klientela::history()
  [[nodiscard]] const History* history(const Control& control = {}) const;
  /// Who needs accompaniment now, by report.attention of the policy and its language; by the first classifier of kind
  /// "lifecycle", or one with default options. Made by the first call, which others wait for. As attention_list()
  [[nodiscard]] const Table& attention(const Control& control = {}) const;
  /// Whether the features have the columns that the list is made of; without them attention() throws not_found.
  [[nodiscard]] bool has_attention() const;
  /// Retention by the period of the first purchase: that of the first classifier of kind "cohort", or months. As
  /// cohort_table()
  [[nodiscard]] Table cohorts(const Control& control = {}) const;
  [[nodiscard]] Table cohorts(Period period, const Control& control = {}) const;
  [[nodiscard]] Table clients(const Control& control = {}) const {
    return clients_table(report(), report_options, control);
  }
  [[nodiscard]] Table matrix() const { return matrix_table(report()); }
  [[nodiscard]] Table rejected() const { return rejected_table(report()); }
  [[nodiscard]] std::string summary() const { return summary_json(report()); }
  /// The page with the profiles, the history, the attention list, coverage and rules, but for what `hide` of the
  /// options names, which is not made either. \param options  language, title and more for this page alone
  [[nodiscard]] std::string page(const Control& control = {}) const { return page(report_options, control); }
  [[nodiscard]] std::string page(const ReportOptions& options, const Control& control = {}) const {
    return page(options, plan ? &*plan : nullptr, control);
  }
  /// The same with another plan than the run's; null: without one.
  [[nodiscard]] std::string page(const ReportOptions& options, const ContactSchedule* schedule,
                                 const Control& control = {}) const;
  /// The features and classes, with the columns of the base that the classifiers read, and `card.kind`.
  [[nodiscard]] Table classified(const Control& control = {}) const;
  /// What share of the cards has each attribute that rules and people assign, in all and by kind of client; see
  /// coverage_table().
  [[nodiscard]] Table coverage(const Control& control = {}) const;
  /// Contacts of a period put on the days of the managers, by `rules`, or the policy's part `plan`, or the default.
  /// Where `known` has no assignments, those of the run count. As make_schedule()
  [[nodiscard]] ContactSchedule schedule(const Table& managers, SchedulePeriod period,
                                         const std::optional<PlanPolicy>& rules = std::nullopt,
                                         ScheduleKnowledge known = {}, const Control& control = {}) const;
  /// The same without the planning: what plans are checked against, and planned again. Of a plan that was announced
  /// `known.owners` are its owners(). As compile_schedule()
  [[nodiscard]] ContactSchedule unplanned_schedule(const Table& managers, SchedulePeriod period,
                                                   const std::optional<PlanPolicy>& rules = std::nullopt,
                                                   ScheduleKnowledge known = {}, const Control& control = {}) const;
  /// What the rules of a classifier of kind "rules" do on this base.
  /// \throws Error not_found naming the classifier
  [[nodiscard]] RuleCheck check_rules(std::string_view classifier, const Control& control = {}) const;
};

/// ingest, duplicates found and merged unless the policy's dedupe.merge is none, roll_up where the policy wants it,
/// compute_features, every classifier, and contacts planned where managers are given. Of duplicates only
/// merge_clusters(found, dedupe.merge) are merged, as an overlay: all that comes later reads every row as the surviving
/// client's; ids of merged cards that assignments name are understood so too. Errors are those of the stages; a history
/// that cannot be made is refused before anything is read, as far as the policy alone tells, with bad_policy naming
/// /history/margin or /history/money. \param as_of  last day that counts; nullopt: the day of the last accepted
/// purchase (of the last accepted event where
///               there is no purchase). \throws Error invalid_argument if there is neither
[[nodiscard]] RunResult run(Tables tables, const Policy& policy = {}, std::optional<Day> as_of = std::nullopt,
                            const Control& control = {});
/// What people have said before.
struct RunKnowledge {
  /// Rule sets with `assigned` take them into account. Lines that name a client or a value that is not known are listed
  /// in the result; see unknown_assignments().
  Assignments assignments{};
  /// Merges, edits, what was undone and who is not whom, of an earlier run or a MergedBase. It goes on in `merged`,
  /// also where the policy looks for no duplicates. Empty: begun.
  Journal journal{};
  bool rebase{false};  ///< whether cards may have changed since the journal was written, which then says so
  std::optional<RunManagers> managers{};  ///< contacts are planned for: RunResult::plan, by the policy's part `plan`
};
/// The same with what people have said. \throws Error as MergedBase(): invalid_argument "journal" if it belongs to
/// another base and `rebase` is not set; not_found for a client that it names and the base has not; as make_schedule()
[[nodiscard]] RunResult run(Tables tables, const Policy& policy, std::optional<Day> as_of, const RunKnowledge& known,
                            const Control& control = {});

}  // namespace klientela
