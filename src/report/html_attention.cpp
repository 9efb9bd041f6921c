// The attention list on the report page: who needs accompaniment now, in the order of what may be lost.
#include <algorithm>
#include <limits>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t most_listed = 20;

/// An expected amount, not below zero: nobody reads more of it than two decimals.
std::string rounded_money(const Speech& say, std::int64_t units) {
  constexpr std::int64_t hundredth = Money::scale / 100;
  const std::int64_t rest = units % hundredth;
  const bool up = rest >= hundredth / 2 && units <= std::numeric_limits<std::int64_t>::max() - hundredth;
  return say.money(units - rest + (up ? hundredth : 0));
}

std::string amount_at(const Speech& say, const Column& column, std::size_t row) {
  if (column.type() == ColumnType::money) return rounded_money(say, column.values<std::int64_t>()[row]);
  if (column.type() == ColumnType::float64) return say.decimal(fmt::format("{:.2f}", column.values<double>()[row]));
  return say.decimal(column.to_text(row));
}

}  // namespace

void put_attention(Page& page) {
  const Table* list = page.input.attention;
  if (list == nullptr) return;
  const Speech& say = page.say;
  const std::string_view head = say("Who needs attention now", "Кому сейчас нужно внимание");
  page.open("attention", head);
  if (list->rows() == 0) {
    page.put("<p>{}</p>", say("Nobody of those who have bought is cooling or dissatisfied.",
                              "Среди покупавших никто не остывает и не стал недоволен."));
    page.close();
    return;
  }
  const Column& at_risk = list->column("value_at_risk");
  std::string sum;
  if (at_risk.type() == ColumnType::money) {
    Total total;
    for (const std::int64_t units : at_risk.values<std::int64_t>()) total.add(units);
    sum = fmt::format(" {}: {}.", say("At risk in all", "Под угрозой всего"),
                      total.units() ? rounded_money(say, *total.units()) : say.money(total));
  }
  page.put("<p class=\"hint\">{} {}: {}.{}</p>",
           say("Clients who have kept away longer than is usual for them, or have become less satisfied; by the value "
               "that may be lost: what the client is worth times the risk that it is gone.",
               "Клиенты, которых нет дольше обычного для них, и те, кто стал менее доволен; по убыванию того, что "
               "можно потерять: ценность клиента, умноженная на риск его потерять."),
           say("Listed", "В списке"), say.clients(list->rows()), sum);
  page.open_scroll(head);
  page.put("<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th>", say("Client", "Клиент"));
  const std::string_view state = say("State", "Состояние");
  const std::string_view risk = say("Risk", "Риск");
  const std::string_view worth = say("Value at risk", "Под угрозой");
  const std::string_view why = say("Why", "Почему");
  page.put(
      "<th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\" class=\"num\">{}</th><th "
      "scope=\"col\">{}</th></tr></thead><tbody>",
      state, risk, worth, why);
  for (std::size_t row = 0; row < std::min(list->rows(), most_listed); ++row)
    page.put(
        "<tr><th scope=\"row\" class=\"id\">{}</th><td data-of=\"{}\">{}</td><td class=\"num\" data-of=\"{}\">{}</td>"
        "<td class=\"num\" data-of=\"{}\">{}</td><td class=\"why\" data-of=\"{}\">{}</td></tr>",
        client_cell(page, ClientId(list->column("client").to_text(row))), state,
        say.term(list->column("state").text(row)), risk, say.percent(list->column("loss_risk").values<double>()[row]),
        worth, amount_at(say, at_risk, row), why, cell(list->column("reason").text(row), 600));
  page.raw("</tbody></table></div>");
  if (list->rows() > most_listed)
    page.put("<p class=\"note\">{} {}</p>", say("Others who need it:", "Ещё нуждаются во внимании:"),
             say.count(list->rows() - most_listed));
  page.close();
}

}  // namespace klientela::report
