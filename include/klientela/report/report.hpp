// Results as tables for other tools and as pages for people, all as values: whoever calls writes the files.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"
#include "klientela/features/features.hpp"
#include "klientela/ingest/ingest.hpp"
#include "klientela/model/client_base.hpp"
#include "klientela/report/profiles.hpp"

namespace klientela {

/// What a report is about. Borrows everything for the call.
struct ReportInput {
  const ClientBase& base;
  const FeatureTable& features;
  std::span<const Classification> classes;  ///< in the order they were made
  std::span<const Reject> rejects;
  const std::map<TableId, TableCounts>& counts;
  const Profiles* profiles{nullptr};  ///< shown on the page where there are some
};

struct ReportOptions {
  Language language{Language::english};
  std::string title;              ///< of the page; empty: a default in the language
  std::uint32_t top_clients{10};  ///< shown per cell of the matrix; 0..1000
  ProfileOptions profiles{};      ///< of the groups
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
[[nodiscard]] std::string html(const ReportInput& input, const ReportOptions& options = {});

/// RFC 4180 with LF line ends, UTF-8. A text cell that a spreadsheet would run is written with a leading apostrophe,
/// which ingest takes off ids: one that begins with a tab, CR or LF, or, behind blanks of any kind, with = + - @ or
/// their fullwidth forms, unless all of it is a number or a phone number.
[[nodiscard]] std::string to_csv(const Table& table);

}  // namespace klientela
