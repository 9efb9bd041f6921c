// Results as tables for other tools and as pages for people, all as values: whoever calls writes the files.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/attention.hpp"
#include "klientela/classify/classification.hpp"
#include "klientela/classify/history.hpp"
#include "klientela/classify/rules.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/dedupe/duplicates.hpp"
#include "klientela/dedupe/merge.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/ingest.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/report/profiles.hpp"

namespace klientela {

/// What the rules of one classifier do.
struct RuleSetCheck {
  std::string classifier;
  RuleCheck check;
};

/// What the page tells of a contact plan: tables as ContactSchedule gives them, in the page's language.
struct PlanTables {
  Day first{}, last{};          ///< of the period, both in
  std::int64_t objective{0};    ///< what the plan is worth, units of 1/10000
  std::int64_t upper_bound{0};  ///< no plan is worth more
  bool limited{false};          ///< whether a work limit ended the search
  Table planned, refused, prices;
  std::map<std::string, std::string> managers;  ///< names by id, where they have any
  /// IANA name of the zone whose days `prices` has, which the load is told by; empty: that of each manager.
  std::string time_zone{};
};

/// What a report is about. Borrows everything for the call.
struct ReportInput {
  const ClientBase& base;
  const FeatureTable& features;
  std::span<const Classification> classes;  ///< in the order they were made
  std::span<const Reject> rejects;
  const std::map<TableId, TableCounts>& counts;
  // Shown on the page where there are some:
  const Profiles* profiles{nullptr};
  const History* history{nullptr};
  const Table* attention{nullptr};  ///< as attention_list() gives it, in the page's language
  const Table* coverage{nullptr};   ///< as coverage_table() gives it
  std::span<const RuleSetCheck> rules{};
  // Told of in the summary too:
  const Duplicates* duplicates{nullptr};  ///< of one list: among the cards before they were merged
  const MergedBase* merged{nullptr};      ///< what was merged of them; the base is merged->base(), which was asked for
  const PlanTables* plan{nullptr};        ///< shown on the page
};

/// Parts of the page that can be left out, by the names that the policy has for them.
enum class PageSection : std::uint8_t {
  matrix,
  rfm,
  abc,
  classes,    ///< labels of other classifiers
  movement,   ///< of clients between classes
  attention,  ///< who needs accompaniment now
  plan,       ///< of contacts: load, calendars, what was refused, what more capacity is worth
  top,        ///< first clients of every cell
  profiles,
  duplicates,  ///< cards of one client: what was merged, and what waits for review
  coverage,    ///< of cards by attributes, and what rules do
  rejected,
  definitions,
};
/// "matrix", "rfm", ... in the order of the enumerators.
[[nodiscard]] const std::vector<std::string_view>& page_section_names();

struct ReportOptions {
  Language language{Language::english};
  std::string title;                ///< of the page; empty: a default in the language
  std::uint32_t top_clients{10};    ///< shown per cell of the matrix; 0..1000
  ProfileOptions profiles{};        ///< of the groups
  AttentionOptions attention{};     ///< who needs accompaniment; its language is that of the report
  std::vector<PageSection> hide{};  ///< parts that the page goes without
  [[nodiscard]] bool hides(PageSection section) const noexcept {
    return std::find(hide.begin(), hide.end(), section) != hide.end();
  }
};

/// One row per client: id, name where known, features, scores, classes, cell, group, reasons. O(clients); the reasons
/// are rendered over control.executor. \throws Error cancelled
[[nodiscard]] Table clients_table(const ReportInput& input, const ReportOptions& options = {},
                                  const Control& control = {});
/// One row per cell of the contact matrix: x, y, cell, group, clients, money, shares. Empty cells included.
[[nodiscard]] Table matrix_table(const ReportInput& input);
/// One row per listed reject: table, row (as the reader of the file counts: from 1), column, value, reason.
[[nodiscard]] Table rejected_table(const ReportInput& input);
/// Counts, totals as exact decimal texts, class sizes, notes: a JSON object, documented in docs/outputs.md.
[[nodiscard]] std::string summary_json(const ReportInput& input);
/// A page that stands alone: no script from elsewhere, no network, everything from the data escaped.
/// \throws Error as transitions(), where there is a history
[[nodiscard]] std::string html(const ReportInput& input, const ReportOptions& options = {},
                               const Control& control = {});

/// RFC 4180 with LF line ends, UTF-8. A text cell that a spreadsheet would run is written with a leading apostrophe,
/// which ingest takes off ids: one that begins with a tab, CR or LF, or, behind blanks of any kind, with = + - @ or
/// their fullwidth forms, unless all of it is a number or a phone number.
[[nodiscard]] std::string to_csv(const Table& table);

}  // namespace klientela
