// Tables and a policy in, the classified base out: every stage in one call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/base_columns.hpp"
#include "klientela/pipeline/policy.hpp"
#include "klientela/report/report.hpp"

namespace klientela {

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
  Assignments assignments{};  ///< as they were given

  [[nodiscard]] ReportInput report() const { return {base, features, classes, rejects, counts}; }
  [[nodiscard]] Table clients(const Control& control = {}) const {
    return clients_table(report(), report_options, control);
  }
  [[nodiscard]] Table matrix() const { return matrix_table(report()); }
  [[nodiscard]] Table rejected() const { return rejected_table(report()); }
  [[nodiscard]] std::string summary() const { return summary_json(report()); }
  [[nodiscard]] std::string page() const { return html(report(), report_options); }
  /// The features and classes, with the columns of the base that the classifiers read, and `card.kind`.
  [[nodiscard]] Table classified(const Control& control = {}) const;
  /// What share of the cards has each attribute that rules and people assign, in all and by kind of client; see
  /// coverage_table().
  [[nodiscard]] Table coverage(const Control& control = {}) const;
  /// What the rules of a classifier of kind "rules" do on this base.
  /// \throws Error not_found naming the classifier
  [[nodiscard]] RuleCheck check_rules(std::string_view classifier, const Control& control = {}) const;
};

/// ingest, roll_up where the policy wants it, compute_features, every classifier. Errors are those of the stages.
/// \param as_of  last day that counts; nullopt: the day of the last accepted purchase (of the last accepted event where
///               there is no purchase). \throws Error invalid_argument if there is neither
[[nodiscard]] RunResult run(Tables tables, const Policy& policy = {}, std::optional<Day> as_of = std::nullopt,
                            const Control& control = {});
/// The same with what people assigned, which rule sets with `assigned` take into account.
[[nodiscard]] RunResult run(Tables tables, const Policy& policy, std::optional<Day> as_of,
                            const Assignments& assignments, const Control& control);

}  // namespace klientela
