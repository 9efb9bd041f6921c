// Profiles of groups on the report page: a table per column, and what sets each group apart.
#include <cmath>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t items_shown = 3;
constexpr double convincing = 0.05;  // false discovery rate up to which an item is shown

double real_at(const Column& column, std::size_t row) {
  return column.is_null(row) ? std::nan("") : column.values<double>()[row];
}

/// The items of a group that are over-bought beyond chance.
std::string items_of(const Page& page, const Table& products, std::string_view column, std::string_view group) {
  std::string text;
  std::size_t shown = 0;
  for (std::size_t row = 0; row < products.rows() && shown < items_shown; ++row) {
    if (products.column("column").text(row) != column || products.column("group").text(row) != group) continue;
    const double lift = real_at(products.column("lift"), row);
    if (real_at(products.column("q"), row) > convincing || lift <= 1) continue;
    text += (shown++ == 0 ? "" : ", ") + cell(products.column("item").text(row), 40);
    text += std::isnan(lift) ? fmt::format(" ({})", page.say("nobody else", "больше никто"))
                             : fmt::format(" ×{:.{}f}", lift, lift < 10 ? 1 : 0);
  }
  return text;
}

/// The channel that a group answers most reliably: the highest lower end of the interval.
std::string channel_of(const Page& page, const Table& channels, std::string_view column, std::string_view group) {
  std::optional<std::size_t> best;
  for (std::size_t row = 0; row < channels.rows(); ++row) {
    if (channels.column("column").text(row) != column || channels.column("group").text(row) != group) continue;
    if (channels.column("answered").values<std::int64_t>()[row] == 0) continue;
    if (!best || real_at(channels.column("low"), row) > real_at(channels.column("low"), *best)) best = row;
  }
  if (!best) return {};
  const std::string_view name = channels.column("channel").text(*best);
  return fmt::format("{} <span class=\"share\">{}</span>", name.empty() ? "–" : page.say.term(name),
                     page.say.percent(real_at(channels.column("share"), *best)));
}

}  // namespace

void put_profiles(Page& page) {
  const Speech& say = page.say;
  const Profiles* profiles = page.input.profiles;
  if (profiles == nullptr || profiles->groups.rows() == 0) return;
  const Table& groups = profiles->groups;
  const Column& columns = groups.column("column");
  const Column& names = groups.column("group");
  const auto clients = groups.column("clients").values<std::int64_t>();
  page.open("profiles", say("What the groups are like", "Чем группы отличаются"));
  page.put(
      "<p class=\"note\">{}</p>",
      say("Products, requests and topics that more clients of the group have than chance would give, with the ratio "
          "to everybody else; the channel by which the group answers most reliably.",
          "Товары, запросы и темы, которые у клиентов группы встречаются чаще, чем дал бы случай, и во сколько раз "
          "чаще, чем у остальных; канал, по которому группа отвечает надёжнее всего."));
  const std::string_view people = say("Clients", "Клиенты");
  const std::string_view mean_of = say("Money, mean", "Деньги, в среднем");
  const std::string_view share_of = say("Share of money", "Доля денег");
  const std::string_view apart = say("Sets it apart", "Отличается");
  const std::string_view answers = say("Answers by", "Отвечает");
  const auto head = [&](std::string_view words, std::string_view style = "num") {
    page.put("<th scope=\"col\" class=\"{}\">{}</th>", style, words);
  };
  for (std::size_t row = 0; row < groups.rows();) {
    const std::string_view column = columns.text(row);
    page.open_scroll(say.plain_term(column));
    page.put("<table class=\"list stacked\"><caption>{}</caption><thead><tr><th scope=\"col\">{}</th>",
             say.term(column), say("Group", "Группа"));
    head(people);
    if (page.money != nullptr) head(mean_of);
    if (page.money != nullptr) head(share_of);
    head(apart, "");
    head(answers, "");
    page.raw("</tr></thead><tbody>");
    for (; row < groups.rows() && columns.text(row) == column; ++row) {
      if (clients[row] == 0) continue;
      const std::string_view group = names.text(row);
      page.put("<tr><th scope=\"row\">{}</th><td class=\"num\" data-of=\"{}\">{} <span class=\"share\">{}</span></td>",
               say.term(group), people, say.count(static_cast<std::uint64_t>(clients[row])),
               say.percent(real_at(groups.column("share"), row)));
      if (page.money != nullptr) {
        const double mean = real_at(groups.column("money_mean"), row);
        const double share = real_at(groups.column("money_share"), row);
        page.put("<td class=\"num\" data-of=\"{}\">{}</td><td class=\"num\" data-of=\"{}\">{}</td>", mean_of,
                 std::isnan(mean) ? "–" : say.compact(mean), share_of, std::isnan(share) ? "–" : say.percent(share));
      }
      page.put("<td data-of=\"{}\">{}</td><td data-of=\"{}\">{}</td></tr>", apart,
               items_of(page, profiles->products, column, group), answers,
               channel_of(page, profiles->channels, column, group));
    }
    page.raw("</tbody></table></div>");
  }
  page.close();
}

}  // namespace klientela::report
