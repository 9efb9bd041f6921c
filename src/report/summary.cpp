// The run in numbers as a JSON object: see summary_json in report.hpp and docs/outputs.md.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "klientela/core/version.hpp"
#include "klientela/dedupe/duplicates_tables.hpp"
#include "klientela/report/report.hpp"
#include "report/facts.hpp"
#include "report/text.hpp"

namespace klientela {
namespace {

using Json = nlohmann::ordered_json;

Json reasons_of(const TableCounts& counts) {
  Json reasons = Json::object();
  for (const auto& [reason, rows] : counts.by_reason)
    if (rows > 0) reasons[std::string(name(reason))] = rows;
  return reasons;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(report::valid_utf8(text)); }

Json total_or_null(const std::optional<report::Total>& total) { return total ? Json(total->to_text()) : Json(); }

Json count_or_null(const std::optional<std::int64_t>& count) { return count ? Json(*count) : Json(); }

Json counts_of_labels(const Column& column) {
  const std::vector<std::uint64_t> counts = count_labels(column);
  Json sizes = Json::object();
  for (std::size_t i = 0; i < counts.size(); ++i) sizes[report::valid_utf8(column.labels()[i])] = counts[i];
  return sizes;
}

/// The same of clients with purchases alone.
Json counts_of_buyers(const Column& column, const std::vector<std::uint8_t>& buyers) {
  const auto totals = report::totals_by_label(column, nullptr, buyers);
  Json sizes = Json::object();
  for (std::size_t i = 0; i < totals.clients.size(); ++i)
    sizes[report::valid_utf8(column.labels()[i])] = totals.clients[i];
  return sizes;
}

/// The label column that a classifier is named for: its segment, class or group; null where it writes none.
const Column* main_labels(const Classification& classification) {
  const Column* last = nullptr;
  for (const Column& column : classification.columns())
    if (column.type() == ColumnType::label) last = &column;
  return last;
}

Json matrix_json(const report::MatrixView& matrix, const FeatureTable& features) {
  const Column* money = report::money_column(features);
  const auto amount = [&](const report::Total& total) { return money == nullptr ? Json() : Json(total.to_text()); };
  const auto label = [](const Column& column, std::size_t code) { return report::valid_utf8(column.labels()[code]); };
  Json cells = Json::array();
  for (const auto& cell : report::cells_of(matrix, money)) {
    const auto group = cell.main_group();
    cells.push_back({{"x", label(matrix.x, cell.x)},
                     {"y", label(matrix.y, cell.y)},
                     {"group", group ? Json(label(matrix.group, *group)) : Json()},
                     {"clients", cell.clients},
                     {"money", amount(cell.money)}});
  }
  Json groups = Json::object();
  const auto totals = report::totals_by_label(matrix.group, money);
  for (std::size_t i = 0; i < totals.clients.size(); ++i)
    groups[label(matrix.group, i)] = {{"clients", totals.clients[i]}, {"money", amount(totals.money[i])}};
  Json document = Json::object();
  document["name"] = report::valid_utf8(matrix.classification->name());
  document["x_measure"] = text_or_null(matrix.measure_of(matrix.x));
  document["y_measure"] = text_or_null(matrix.measure_of(matrix.y));
  document["money"] = money == nullptr ? Json() : Json(money->name());
  document["groups"] = std::move(groups);
  document["cells"] = std::move(cells);
  return document;
}

/// What the search says of itself, but for its rules, and what was merged; null where there was none.
Json duplicates_json(const ReportInput& input) {
  if (input.duplicates == nullptr) return {};
  Json document = Json::parse(duplicates_summary_json(*input.duplicates));
  document.erase("rules");
  const report::DuplicateCounts counts = report::duplicate_counts(input);
  document["merged_cards"] = counts.merged;
  document["to_review"] = counts.waiting;
  return document;
}

}  // namespace

std::string summary_json(const ReportInput& input) {
  const FeatureTable& features = input.features;
  Json summary = Json::object();
  summary["version"] = version();
  summary["as_of"] = to_text(features.as_of());
  summary["time_zone"] = input.base.time_zone().name();
  summary["currency"] = text_or_null(input.base.currency());

  const TableCounts transactions = report::counts_of(input, TableId::transactions);
  summary["rows_read"] = transactions.rows_read;
  summary["rows_used"] = transactions.rows_used;
  summary["rows_rejected"] = transactions.rows_rejected;
  summary["rejected_by_reason"] = reasons_of(transactions);
  Json tables = Json::object();
  for (const auto& [table, counts] : input.counts) {
    Json& of = tables[std::string(spec(table).name)];
    of = {{"rows_read", counts.rows_read},
          {"rows_used", counts.rows_used},
          {"rows_rejected", counts.rows_rejected},
          {"rejected_by_reason", reasons_of(counts)}};
    if (!counts.ignored_values.empty()) of["ignored_values"] = counts.ignored_values;
  }
  summary["tables"] = std::move(tables);
  summary["rejects_listed"] = input.rejects.size();

  summary["clients"] = features.rows();
  const std::vector<std::uint8_t> buyers = report::buyers_of(features);
  summary["clients_with_purchases"] =
      buyers.empty() && features.rows() > 0 ? Json() : Json(std::count(buyers.begin(), buyers.end(), std::uint8_t{1}));
  summary["repeats_rows"] = input.base.repeats_rows();
  summary["lines"] = count_or_null(report::sum_counts(features, "lines"));
  summary["refund_lines"] = count_or_null(report::sum_counts(features, "refund_lines"));
  summary["orders"] = count_or_null(report::sum_counts(features, "frequency"));
  for (const char* column : {"money_gross", "money_refunds", "money_net"})
    summary[column] = total_or_null(report::sum_money(features, column));
  summary["first_purchase"] = text_or_null(report::first_day_text(features, "first_purchase"));
  summary["last_purchase"] = text_or_null(report::last_day_text(features, "last_purchase"));

  summary["duplicates"] = duplicates_json(input);
  if (const Classification* abc = report::first_of_kind(input, "abc"); abc != nullptr && main_labels(*abc) != nullptr)
    summary["abc"] = counts_of_buyers(*main_labels(*abc), buyers);
  if (const Classification* rfm = report::first_of_kind(input, "rfm"); rfm != nullptr && main_labels(*rfm) != nullptr)
    summary["segments"] = counts_of_labels(*main_labels(*rfm));
  if (const auto matrix = report::matrix_of(input)) summary["matrix"] = matrix_json(*matrix, features);
  Json classes = Json::object();
  Json notes = Json::array();
  const auto add_note = [&notes](Json classifier, const Note& note) {
    notes.push_back({{"classifier", std::move(classifier)},
                     {"rule", report::valid_utf8(note.rule)},
                     {"subject", report::valid_utf8(note.subject)},
                     {"en", report::valid_utf8(note.english)},
                     {"ru", report::valid_utf8(note.russian)}});
  };
  for (const Note& note : report::notes_of(input)) add_note(nullptr, note);
  for (const Classification& classification : input.classes) {
    for (const Column& column : classification.columns())
      if (column.type() == ColumnType::label) classes[report::valid_utf8(column.name())] = counts_of_labels(column);
    for (const Note& note : classification.notes()) add_note(report::valid_utf8(classification.name()), note);
  }
  summary["classes"] = std::move(classes);
  summary["notes"] = std::move(notes);
  return summary.dump(2) + '\n';
}

}  // namespace klientela
