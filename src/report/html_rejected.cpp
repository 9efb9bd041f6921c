// Rejected rows on the report page: how many for which reason, and the first ones of each.
#include <map>
#include <utility>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t examples_of_a_reason = 5;
constexpr std::size_t most_examples = 40;

std::string_view table_name(TableId table) { return spec(table).name; }

void put_reasons(Page& page) {
  const Speech& say = page.say;
  page.open_scroll(say("Rejected rows by reason", "Отклонённые строки по причинам"));
  page.put(
      "<table class=\"list\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" "
      "class=\"num\">{}"
      "</th><th scope=\"col\" class=\"num\">{}</th></tr></thead><tbody>",
      say("Table", "Таблица"), say("Reason", "Причина"), say("Rows", "Строк"), say("Of those read", "От прочитанных"));
  for (const auto& [table, counts] : page.input.counts)
    for (const auto& [reason, rows] : counts.by_reason) {
      if (rows == 0) continue;
      page.put(
          "<tr><td>{}</td><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
          say.term(table_name(table)), say.reason(reason), say.count(rows),
          say.percent(counts.rows_read == 0 ? 0 : static_cast<double>(rows) / static_cast<double>(counts.rows_read)));
    }
  page.raw("</tbody></table></div>");
}

/// Values that count as none in rows that are used.
void put_ignored(Page& page) {
  const Speech& say = page.say;
  for (const auto& [table, counts] : page.input.counts)
    for (const auto& [column, values] : counts.ignored_values)
      page.put("<p>{}: {}, {}: {}</p>",
               say("Values that count as none, the rows are used", "Значения не учтены, строки учтены"),
               say.term(table_name(table)), cell(column, 60), say.count(values));
}

/// The first rows of each reason, and parents that close a circle.
void put_examples(Page& page) {
  if (page.input.rejects.empty()) return;
  const Speech& say = page.say;
  page.put("<h3>{}</h3>", say("First examples", "Первые примеры"));
  page.open_scroll(say("First rejected rows", "Первые отклонённые строки"));
  page.put(
      "<table class=\"list\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th>"
      "<th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
      say("Table", "Таблица"), say("Row", "Строка"), say("Column", "Столбец"), say("Value", "Значение"),
      say("Reason", "Причина"));
  std::map<std::pair<TableId, RejectReason>, std::size_t> shown;
  std::size_t all = 0;
  for (const Reject& reject : page.input.rejects) {
    if (all == most_examples) break;
    if (shown[{reject.table, reject.reason}]++ >= examples_of_a_reason) continue;
    ++all;
    page.put(
        "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"name\">{}</td><td "
        "class=\"value\">{}</td><td>{}</td></tr>",
        say.term(table_name(reject.table)), say.count(reject.row + 1), cell(reject.column, 60),
        reject.value.empty() ? fmt::format("<span class=\"id\">{}</span>", say("empty", "пусто"))
                             : cell(reject.value, 80),
        say.reason(reject.reason));
  }
  page.raw("</tbody></table></div>");
}

}  // namespace

void put_rejected(Page& page) {
  const Speech& say = page.say;
  page.open("rejected", say("What was rejected, and why", "Что отклонено и почему"));
  std::uint64_t rejected = 0;
  for (const auto& [table, counts] : page.input.counts) rejected += counts.rows_rejected;
  if (rejected == 0)
    page.put("<p>{}</p>", say("Every row that was read was used.", "Все прочитанные строки использованы."));
  else
    put_reasons(page);
  put_ignored(page);
  put_examples(page);
  page.close();
}

}  // namespace klientela::report
