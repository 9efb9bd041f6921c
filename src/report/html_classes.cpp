// Classifiers that the report page has no picture of: how many clients and how much money has each of their labels.
#include <algorithm>
#include <numeric>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t most_columns = 30;
constexpr std::size_t most_labels = 30;

/// Whether a part of the page is about a classification: the first one of its kind.
bool has_picture(const ReportInput& input, const Classification& classification) {
  for (const char* kind : {"matrix", "rfm", "abc"})
    if (&classification == first_of_kind(input, kind)) return true;
  return false;
}

/// The label columns of a classification that no other part of the page shows, in their order.
std::vector<const Column*> columns_without_picture(const ReportInput& input, const Classification& classification) {
  if (has_picture(input, classification) && classification.kind() != "abc") return {};
  std::vector<const Column*> columns;
  for (const Column& column : classification.columns())
    if (column.type() == ColumnType::label) columns.push_back(&column);
  // The picture of ABC is that of its first column.
  if (has_picture(input, classification) && !columns.empty() && columns.front() == &classification.columns().front())
    columns.erase(columns.begin());
  return columns;
}

/// Whether a column says where the values of another one come from.
bool is_source(const Classification& classification, const Column& column) {
  return column.name() == classification.name() + "_source";
}

/// The labels of most clients in their own order, and all others as one; ties: the earlier label.
void put_column(Page& page, const Column& column) {
  const Speech& say = page.say;
  std::vector<std::string> labels = column.labels();
  LabelTotals totals = totals_by_label(column, page.money);
  if (labels.size() > most_labels) {
    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return totals.clients[a] > totals.clients[b]; });
    std::sort(order.begin(), order.begin() + (most_labels - 1));
    std::vector<std::string> kept;
    LabelTotals sums;
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k < most_labels) {
        kept.push_back(k + 1 < most_labels ? labels[order[k]]
                                           : fmt::format("{} {}", say("other labels:", "прочих меток:"),
                                                         labels.size() - most_labels + 1));
        sums.clients.push_back(0);
        sums.money.emplace_back();
      }
      sums.clients.back() += totals.clients[order[k]];
      sums.money.back() += totals.money[order[k]];
    }
    labels = std::move(kept);
    totals = std::move(sums);
  }
  put_labels(page, say.plain_term(column.name()), labels, totals, false);
}

}  // namespace

void put_classes(Page& page) {
  const Speech& say = page.say;
  std::vector<const Column*> shown;
  std::vector<const Column*> sources;
  std::vector<Note> notes;
  for (const Classification& classification : page.input.classes) {
    for (const Column* column : columns_without_picture(page.input, classification))
      (is_source(classification, *column) ? sources : shown).push_back(column);
    if (!has_picture(page.input, classification))
      notes.insert(notes.end(), classification.notes().begin(), classification.notes().end());
  }
  if (shown.empty() && sources.empty() && notes.empty()) return;

  page.open("classes", say("Other classes", "Другие классы"));
  const auto put_columns = [&](const std::vector<const Column*>& columns) {
    page.raw("<div class=\"two\">");
    for (std::size_t i = 0; i < std::min(columns.size(), most_columns); ++i) {
      page.raw("<div>");
      put_column(page, *columns[i]);
      page.raw("</div>");
    }
    page.raw("</div>");
    if (columns.size() > most_columns)
      page.put("<p class=\"note\">{} {}</p>", say("Columns not shown:", "Не показано столбцов:"),
               say.count(columns.size() - most_columns));
  };
  if (!shown.empty()) {
    page.put("<p class=\"hint\">{}</p>", meaning_of_bars(page));
    put_columns(shown);
  }
  page.notes(notes);
  if (!sources.empty()) {
    page.put("<details><summary><b>{}</b></summary>", say("Where they come from", "Откуда они взяты"));
    put_columns(sources);
    page.raw("</details>");
  }
  page.close();
}

}  // namespace klientela::report
