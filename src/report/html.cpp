// The report page: frame, headline numbers and definitions; the other parts are in html_*.cpp.
#include <algorithm>
#include <cmath>

#include "klientela/core/version.hpp"
#include "report/page.hpp"
#include "report/style.hpp"

namespace klientela {
namespace report {

int intensity(std::uint64_t count, std::uint64_t most) noexcept {
  if (most <= 1) return 9;
  const double share = std::log1p(static_cast<double>(count)) / std::log1p(static_cast<double>(most));
  return static_cast<int>(std::lround(share * 9));
}

std::string cell_count(const Speech& say, std::uint64_t count) {
  if (count < 10'000) return say.count(count);
  return fmt::format("<span class=\"full\">{}</span><span class=\"brief\" aria-hidden=\"true\">{}</span>",
                     say.count(count), say.compact(static_cast<double>(count)));
}

std::string client_cell(const Page& page, const ClientId& client) {
  std::string text = cell(client.to_text(), 64);
  if (const auto row = page.input.base.row_of(client))
    if (const auto name = name_of(page.input, *row)) text += fmt::format("<span class=\"sub\">{}</span>", cell(*name));
  return text;
}

std::string colour_of(std::string_view group, std::size_t place) {
  if (group == "cold") return "k0";
  if (group == "warm") return "k1";
  if (group == "hot") return "k2";
  if (group == "partner") return "k3";
  return fmt::format("k{}", 4 + place % 4);
}

namespace {

void put_figure(Page& page, std::string_view name, const std::string& value, const std::string& below,
                std::string_view extra = {}) {
  page.put("<div class=\"figure{}\"><dt>{}</dt><dd>{}", extra, name, value);
  if (!below.empty()) page.put("<span class=\"sub\">{}</span>", below);
  page.raw("</dd></div>");
}

void put_definition(Page& page, std::string_view term, std::string_view meaning) {
  page.put("<dt>{}</dt><dd>{}</dd>", term, meaning);
}

std::string title_of(const Page& page) {
  if (!page.options.title.empty()) return escaped(shortened(page.options.title, 200));
  return std::string(page.say("Client base", "Клиентская база"));
}

}  // namespace

void put_figures(Page& page) {
  const Speech& say = page.say;
  const FeatureTable& features = page.input.features;
  page.put("<dl class=\"figures\">");

  const std::vector<std::uint8_t> buyers = buyers_of(features);
  const auto bought = std::count(buyers.begin(), buyers.end(), std::uint8_t{1});
  put_figure(page, say("Clients", "Клиенты"), say.count(features.rows()),
             buyers.empty() ? std::string()
                            : fmt::format("{} {}", say.count(static_cast<std::uint64_t>(bought)),
                                          say("with purchases", "с покупками")));

  const auto orders = sum_counts(features, "frequency");
  const auto positive = sum_counts(features, "lines");
  if (orders && positive)
    put_figure(page, say("Orders", "Заказы"), say.count(static_cast<std::uint64_t>(*orders)),
               fmt::format("{}: {}", say("purchase lines", "строк покупок"),
                           say.count(static_cast<std::uint64_t>(*positive))));

  const auto gross = sum_money(features, "money_gross");
  const auto refunds = sum_money(features, "money_refunds");
  const auto net = sum_money(features, "money_net");
  if (net || gross) {
    std::string below;
    if (net && gross && refunds)
      below = fmt::format("{} {}, {} {}", say("bought", "куплено на"), say.amount(gross->to_text()),
                          say("refunded", "возвращено"), say.amount(refunds->to_text()));
    put_figure(page, net ? say("Money less refunds", "Деньги за вычетом возвратов") : say("Money", "Деньги"),
               say.money(net ? *net : *gross), below, " wide");
  }
  put_figure(page, say("As of", "На дату"), say.day(features.as_of()), cell(page.input.base.time_zone().name(), 60),
             " words");

  std::uint64_t read = 0;
  std::uint64_t rejected = 0;
  for (const auto& [table, counts] : page.input.counts) {
    read += counts.rows_read;
    rejected += counts.rows_rejected;
  }
  const double share = read == 0 ? 0 : static_cast<double>(rejected) / static_cast<double>(read);
  put_figure(page, say("Rejected rows", "Отклонено строк"), say.count(rejected),
             fmt::format("{} {} {}", say.percent(share), say("of", "из"), say.rows(read)));
  page.raw("</dl>\n");
}

/// That sums over clients say nothing where a client stands with all below it.
void put_repeats(Page& page) {
  if (page.input.base.repeats_rows())
    page.put(
        "<p class=\"note warn\">{}</p>",
        page.say("Every client stands here with all below it, so one purchase counts for several of them: sums over "
                 "clients say nothing.",
                 "Каждый клиент показан вместе со всеми подчинёнными, поэтому одна покупка учтена у нескольких: "
                 "суммы по клиентам смысла не имеют."));
}

void put_definitions(Page& page) {
  const Speech& say = page.say;
  page.open("definitions", say("What the words mean", "Что означают слова"));
  page.raw("<dl class=\"defs\">");
  put_definition(page, say("As of", "На дату"),
                 say("The last day that counts, in the time zone of the base. What is later is left out.",
                     "Последний учтённый день по часовому поясу базы. Всё, что позже, не учтено."));
  put_definition(
      page, say("Recency", "Давность"),
      say("Whole days from the last purchase to that date.", "Полных дней от последней покупки до этой даты."));
  put_definition(page, say("Frequency", "Частота"),
                 say("Orders; lines of one order count once, refunds do not count.",
                     "Число заказов; строки одного заказа считаются один раз, возвраты не считаются."));
  put_definition(page, say("Money", "Деньги"),
                 say("Purchases less refunds, exact, unless a part of this page says otherwise.",
                     "Покупки за вычетом возвратов, точно, если в разделе не сказано иное."));
  put_definition(
      page, say("Contact matrix", "Матрица контактов"),
      say("Clients by two measures cut into ordered bands. The first group that fits a client wins.",
          "Клиенты по двум показателям, разделённым на упорядоченные ступени. Клиент попадает в первую подошедшую "
          "группу."));
  put_definition(page, say("Unknown", "Неизвестно"),
                 say("Nothing was delivered to place the client by. It does not mean zero.",
                     "Нет данных, по которым можно судить. Это не ноль."));
  put_definition(page, "RFM",
                 say("Scores for recency, frequency and money; the segment follows from the three.",
                     "Баллы за давность, частоту и деньги; сегмент следует из трёх баллов."));
  put_definition(page, "ABC",
                 say("A: the few clients that bring most of the money; B: the next; C: all others.",
                     "A — немногие клиенты, которые приносят большую часть денег; B — следующие; C — остальные."));
  page.raw("</dl>");
  page.close();
}

}  // namespace report

std::string html(const ReportInput& input, const ReportOptions& options, const Control& control) {
  using namespace report;
  Page page(input, options);
  const Speech& say = page.say;
  const std::string title = title_of(page);
  page.put(
      "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>{}</title>\n<style>",
      say.language_tag(), title);
  page.raw(style_sheet);
  page.put("</style>\n</head>\n<body>\n<header><h1><bdi>{}</bdi></h1>", title);
  const std::string first = first_day_text(input.features, "first_purchase");
  const std::string last = last_day_text(input.features, "last_purchase");
  if (const auto from = parse_day(first), to = parse_day(last); from && to)
    page.put("<p class=\"lead\">{} {} – {}</p>", say("Purchases", "Покупки"), say.day(*from), say.day(*to));
  else
    page.put("<p class=\"lead\">{}</p>", say("No purchases up to the as-of date.", "До этой даты покупок нет."));
  page.notes(notes_of(input));
  page.raw("</header>\n<main>\n");

  put_figures(page);
  const auto matrix = matrix_of(input);
  const std::vector<CellTotals> cells = matrix ? cells_of(*matrix, page.money) : std::vector<CellTotals>{};
  const auto shown = [&](PageSection section) { return !options.hides(section); };
  if (matrix && shown(PageSection::matrix)) put_matrix(page, *matrix, cells);
  if (const Classification* rfm = first_of_kind(input, "rfm"); rfm != nullptr && shown(PageSection::rfm))
    put_rfm(page, *rfm);
  if (const Classification* abc = first_of_kind(input, "abc"); abc != nullptr && shown(PageSection::abc))
    put_abc(page, *abc);
  if (shown(PageSection::classes)) put_classes(page);
  if (shown(PageSection::movement)) put_movement(page, control);
  if (shown(PageSection::attention)) put_attention(page);
  if (shown(PageSection::plan)) put_plan(page);
  if (matrix && shown(PageSection::top) && options.top_clients > 0 && input.features.rows() > 0)
    put_top(page, *matrix, cells);
  put_repeats(page);
  if (shown(PageSection::profiles)) put_profiles(page);
  if (shown(PageSection::duplicates)) put_duplicates(page);
  if (shown(PageSection::coverage)) put_coverage(page);
  if (shown(PageSection::rejected)) put_rejected(page);
  if (shown(PageSection::definitions)) put_definitions(page);
  page.put("</main>\n<footer>klientela {}</footer>\n</body>\n</html>\n", version());
  return page.take();
}

}  // namespace klientela
