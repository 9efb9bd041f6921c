// RFM and ABC on the report page: the grid of scores, the segments, the concentration curve and the classes.
#include <algorithm>
#include <cmath>

#include "report/curve.hpp"
#include "report/page.hpp"

namespace klientela::report {
namespace {

/// Two thin bars, clients over money, as a picture without a style of its own.
std::string bars(double clients, double money) {
  const auto width = [](double share) { return std::clamp(share, 0.0, 1.0) * 100; };
  return fmt::format(
      "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">"
      "<rect class=\"back\" width=\"100\" height=\"10\" rx=\"1\"/>"
      "<rect width=\"{:.2f}\" height=\"5\"/><rect class=\"gold\" y=\"5\" width=\"{:.2f}\" height=\"5\"/></svg>",
      width(clients), width(money));
}

}  // namespace

std::string meaning_of_bars(const Page& page) {
  const Speech& say = page.say;
  return page.money != nullptr
             ? fmt::format("<span class=\"dot acc\"></span> {} &nbsp; <span class=\"dot k1\"></span> {}",
                           say("share of clients", "доля клиентов"), say("share of money", "доля денег"))
             : std::string(say("Share of clients", "Доля клиентов"));
}

void put_labels(Page& page, std::string_view heading, const std::vector<std::string>& labels, const LabelTotals& totals,
                bool legend) {
  const Speech& say = page.say;
  std::uint64_t all = 0;
  Total whole;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    all += totals.clients[i];
    whole += totals.money[i];
  }
  const auto part = [all](std::uint64_t clients) {
    return all == 0 ? 0.0 : static_cast<double>(clients) / static_cast<double>(all);
  };
  double longest = 1e-9;  // the longest bar fills its place
  for (std::size_t i = 0; i < labels.size(); ++i)
    longest = std::max({longest, part(totals.clients[i]), totals.money[i].share_of(whole)});
  page.open_scroll(heading);
  page.put("<table class=\"list labels\">");
  if (legend) page.put("<caption>{}</caption>", meaning_of_bars(page));
  page.put(
      "<thead><tr><th scope=\"col\"><bdi>{}</bdi></th><td class=\"barcell\"></td><th scope=\"col\" "
      "class=\"num\">{}</th>",
      heading, say("Clients", "Клиенты"));
  if (page.money != nullptr) page.put("<th scope=\"col\" class=\"num\">{}</th>", say("Money", "Деньги"));
  page.raw("</tr></thead><tbody>");
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (totals.clients[i] == 0 && labels[i] == "none") continue;
    const double share = part(totals.clients[i]);
    const double money = totals.money[i].share_of(whole);
    page.put(
        "<tr><th scope=\"row\">{}</th><td class=\"barcell\">{}</td><td class=\"num\">{} <span "
        "class=\"share\">{}</span></td>",
        say.term(labels[i]), bars(share / longest, page.money != nullptr ? money / longest : 0),
        say.count(totals.clients[i]), say.percent(share));
    if (page.money != nullptr)
      page.put("<td class=\"num\">{} <span class=\"share\">{}</span></td>", say.compact(totals.money[i].to_double()),
               say.percent(money));
    page.raw("</tr>");
  }
  page.raw("</tbody></table></div>");
}

namespace {

void put_grid(Page& page, const Column& recency, const Column& frequency) {
  const Speech& say = page.say;
  const auto r = recency.values<std::int8_t>();
  const auto f = frequency.values<std::int8_t>();
  int bins = 0;
  for (std::size_t row = 0; row < r.size(); ++row)
    if (!recency.is_null(row) && !frequency.is_null(row))
      bins = std::max({bins, static_cast<int>(r[row]), static_cast<int>(f[row])});
  if (bins < 1) {
    page.put("<p class=\"note\">{}</p>", say("Nobody has scores.", "Баллов нет ни у кого."));
    return;
  }
  const auto side = static_cast<std::size_t>(bins);
  std::vector<std::uint64_t> clients(side * side);
  std::vector<Total> money(side * side);
  for (std::size_t row = 0; row < r.size(); ++row) {
    if (recency.is_null(row) || frequency.is_null(row) || r[row] < 1 || f[row] < 1) continue;
    const std::size_t place = (static_cast<std::size_t>(r[row]) - 1) * side + static_cast<std::size_t>(f[row]) - 1;
    ++clients[place];
    money[place].add(money_at(page.money, row));
  }
  const std::uint64_t most = *std::max_element(clients.begin(), clients.end());
  const auto label = say("Recency and frequency", "Давность и частота");
  page.open_scroll(label);
  page.put("<table class=\"heat grid5\"><caption>{}</caption><colgroup><col class=\"head\"></colgroup><tbody>",
           page.money != nullptr
               ? say("Clients and their money by scores of recency (across) and frequency (upwards)",
                     "Клиенты и их деньги по баллам давности (по горизонтали) и частоты (снизу вверх)")
               : say("Clients by scores of recency (across) and frequency (upwards)",
                     "Клиенты по баллам давности (по горизонтали) и частоты (снизу вверх)"));
  for (std::size_t y = side; y-- > 0;) {
    page.put("<tr><th scope=\"row\">F&nbsp;{}</th>", y + 1);
    for (std::size_t x = 0; x < side; ++x) {
      const std::size_t place = x * side + y;
      if (clients[place] == 0) {
        page.raw("<td class=\"none\">0</td>");
        continue;
      }
      page.put("<td class=\"i{}\" title=\"{}{}\"><b>{}</b>", intensity(clients[place], most),
               say.clients(clients[place]), page.money != nullptr ? ", " + say.money(money[place]) : std::string(),
               cell_count(say, clients[place]));
      if (page.money != nullptr) page.put("<span>{}</span>", say.compact(money[place].to_double()));
      page.raw("</td>");
    }
    page.raw("</tr>");
  }
  page.raw("</tbody><tfoot><tr><td class=\"corner none\"></td>");
  for (std::size_t x = 0; x < side; ++x) page.put("<th scope=\"col\">R&nbsp;{}</th>", x + 1);
  page.raw("</tr></tfoot></table></div>");
}

/// The measures an ABC classification looked at, first one first.
std::vector<std::string> measures_of(const Classification& classification) {
  std::vector<std::string> measures;
  if (classification.rows() > 0)
    for (const Reason& reason : classification.reasons(0))
      if (!reason.measure.empty()) measures.push_back(reason.measure);
  return measures;
}

/// A numeric column in whole units whose proportions are kept; of the rows where `only` is not 0, of all where it is
/// empty.
std::vector<std::int64_t> units_of(const Column& column, const std::vector<std::uint8_t>& only) {
  std::vector<std::int64_t> units(column.size());
  if (column.type() == ColumnType::money || column.type() == ColumnType::int64) {
    const auto values = column.values<std::int64_t>();
    for (std::size_t row = 0; row < units.size(); ++row) units[row] = column.is_null(row) ? 0 : values[row];
  } else {
    const std::vector<double> numbers = column.to_doubles();
    double most = 0;
    for (const double number : numbers)
      if (std::isfinite(number)) most = std::max(most, number);
    for (std::size_t row = 0; row < units.size(); ++row)
      if (most > 0 && std::isfinite(numbers[row]) && numbers[row] > 0)
        units[row] = std::llround(numbers[row] / most * 1e12);
  }
  std::size_t kept = 0;
  for (std::size_t row = 0; row < units.size(); ++row)
    if (only.empty() || only[row] != 0) units[kept++] = units[row];
  units.resize(kept);
  return units;
}

}  // namespace

void put_rfm(Page& page, const Classification& rfm) {
  const Speech& say = page.say;
  page.open("rfm", say("Recency, frequency, money", "Давность, частота, деньги"));
  const auto& columns = rfm.columns();
  const bool scored =
      columns.size() >= 2 && columns[0].type() == ColumnType::int8 && columns[1].type() == ColumnType::int8;
  page.raw("<div class=\"two\"><div>");
  if (scored) put_grid(page, columns[0], columns[1]);
  page.raw("</div><div>");
  for (const Column& column : columns)
    if (column.type() == ColumnType::label)
      put_labels(page, say("Segment", "Сегмент"), column.labels(), totals_by_label(column, page.money));
  page.raw("</div></div>");
  page.notes(rfm.notes());
  page.close();
}

void put_abc(Page& page, const Classification& abc) {
  const Speech& say = page.say;
  page.open("abc", say("Who brings the money: ABC", "Кто приносит деньги: ABC"));
  if (abc.columns().empty() || abc.columns().front().type() != ColumnType::label) {
    page.notes(abc.notes());
    page.close();
    return;
  }
  const Column& labels = abc.columns().front();
  const std::vector<std::string> measures = measures_of(abc);
  const Column* measure = measures.empty() ? page.money : page.input.features.find(measures.front());
  if (!measures.empty()) {
    std::string named;
    for (std::size_t i = 0; i < measures.size(); ++i)
      if (i == 0 || measures[i] != measures[i - 1]) named += (named.empty() ? "" : ", ") + say.term(measures[i]);
    page.put("<p class=\"hint\">{} {}. {}</p>", say("Measured by", "Показатель:"), named,
             say("Clients with purchases only.", "Только клиенты с покупками."));
  }
  const std::vector<std::uint8_t> buyers = buyers_of(page.input.features);
  const Column* amounts = measure != nullptr && measure->type() == ColumnType::money ? measure : page.money;
  const LabelTotals totals = totals_by_label(labels, amounts, buyers);
  page.raw("<div class=\"two\"><div>");
  if (measure != nullptr && measure->size() == labels.size()) {
    // Pairs of classes are drawn by their first letter, the class of the measure that the curve shows.
    std::vector<std::pair<std::string, std::uint64_t>> classes;
    for (std::size_t i = 0; i < totals.clients.size(); ++i) {
      std::string name = labels.labels()[i].substr(0, measures.size() > 1 ? 1 : std::string::npos);
      if (classes.empty() || classes.back().first != name) classes.emplace_back(std::move(name), 0);
      classes.back().second += totals.clients[i];
    }
    const std::string curve = concentration_curve(units_of(*measure, buyers), classes, say);
    if (curve.empty())
      page.put("<p class=\"note\">{}</p>",
               say("No client is above zero, so there is no curve.", "Положительных значений нет, кривой нет."));
    page.raw(curve);
  }
  page.raw("</div><div>");
  put_labels(page, say("Class", "Класс"), labels.labels(), totals);
  page.raw("</div></div>");
  page.notes(abc.notes());
  page.close();
}

}  // namespace klientela::report
