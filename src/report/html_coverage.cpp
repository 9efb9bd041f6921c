// Coverage on the report page: what share of cards has each attribute, and which rules never fire or contradict others.
#include <algorithm>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t most_rules = 60;
constexpr std::size_t most_contradictions = 30;

std::string share_of(const Speech& say, std::uint64_t part, std::uint64_t whole) {
  return say.percent(whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole));
}

void put_attributes(Page& page, const Table& coverage) {
  const Speech& say = page.say;
  const auto rows = coverage.column("rows").values<std::int64_t>();
  const auto known = coverage.column("known").values<std::int64_t>();
  struct Source {
    const char* column;
    std::string_view name;
  };
  const Source sources[]{{"hand", say("by hand", "вручную")},
                         {"bulk", say("in bulk", "списком")},
                         {"delivered", say("delivered", "из данных")},
                         {"rules", say("by rules", "по правилам")},
                         {"given", say("of the card", "с карточки")}};
  const std::string_view have = say("Have it", "Есть у");
  const std::string_view share = say("Share", "Доля");
  const std::string_view origin = say("Where from", "Откуда");
  page.open_scroll(say("Coverage", "Заполненность"));
  page.put(
      "<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th><th "
      "scope=\"col\" class=\"num\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
      say("Attribute", "Признак"), have, share, origin);
  for (std::size_t row = 0; row < coverage.rows(); ++row) {
    if (rows[row] == 0) continue;
    const bool all = coverage.column("part").text(row) == "all";
    std::string from;
    for (const Source& source : sources) {
      const auto count = static_cast<std::uint64_t>(coverage.column(source.column).values<std::int64_t>()[row]);
      if (count > 0) from += fmt::format("{}{} {}", from.empty() ? "" : ", ", source.name, say.count(count));
    }
    page.put(
        "<tr><th scope=\"row\"{}>{}</th><td class=\"num\" data-of=\"{}\">{} {} {}</td><td class=\"num\" "
        "data-of=\"{}\">{}</td><td data-of=\"{}\">{}</td></tr>",
        all ? "" : " class=\"part\"", say.term(coverage.column(all ? "attribute" : "part").text(row)), have,
        say.count(static_cast<std::uint64_t>(known[row])), say("of", "из"),
        say.count(static_cast<std::uint64_t>(rows[row])), share,
        share_of(say, static_cast<std::uint64_t>(known[row]), static_cast<std::uint64_t>(rows[row])), origin, from);
  }
  page.raw("</tbody></table></div>");
}

void put_rules(Page& page, const RuleSetCheck& set) {
  const Speech& say = page.say;
  const auto& rules = set.check.rules;
  if (rules.empty()) return;
  const std::string_view gives = say("Gives", "Даёт");
  const std::string_view fits = say("Fits", "Подходит");
  const std::string_view decides = say("Decides", "Решает");
  const std::string_view state = say("State", "Состояние");
  const std::string heading = say.term(set.classifier);
  page.put("<h3>{}: {}</h3>", say("Rules", "Правила"), heading);
  page.open_scroll(say("Rules", "Правила"));
  page.put(
      "<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" "
      "class=\"num\">{}</th><th scope=\"col\" class=\"num\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>",
      say("Rule", "Правило"), gives, fits, decides, state);
  for (std::size_t i = 0; i < std::min(rules.size(), most_rules); ++i) {
    const RuleCheck::PerRule& rule = rules[i];
    const std::string_view judged = rule.fits == 0      ? say("never fires", "не срабатывает")
                                    : rule.decides == 0 ? say("hidden by others", "скрыто другими")
                                                        : say("works", "работает");
    page.put(
        "<tr><th scope=\"row\">{}</th><td data-of=\"{}\">{}</td><td class=\"num\" data-of=\"{}\">{}</td><td "
        "class=\"num\" data-of=\"{}\">{}</td><td data-of=\"{}\">{}{}{}</td></tr>",
        cell(rule.id, 80), gives, say.term(rule.value), fits, say.count(rule.fits), decides, say.count(rule.decides),
        state, rule.decides == 0 ? "<b>" : "", judged, rule.decides == 0 ? "</b>" : "");
  }
  page.raw("</tbody></table></div>");
  if (rules.size() > most_rules)
    page.put("<p class=\"note\">{} {}</p>", say("Rules not shown:", "Не показано правил:"),
             say.count(rules.size() - most_rules));
  const auto& pairs = set.check.contradictions;
  if (pairs.empty()) return;
  page.put("<details><summary><b>{}</b><span class=\"right\">{}</span></summary><p class=\"hint\">{}</p>",
           say("Rules that fit the same clients and give different values",
               "Правила, которые подходят одним клиентам и дают разное"),
           say.count(pairs.size()), say("The first one decides.", "Решает первое."));
  const std::string_view people = say("Clients", "Клиенты");
  const std::string_view example = say("For example", "Например");
  page.open_scroll(say("Contradictions", "Противоречия"));
  page.put(
      "<table class=\"list stacked\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\" class=\"num\">{}</th><th "
      "scope=\"col\">{}</th></tr></thead><tbody>",
      say("Rules and values", "Правила и значения"), people, example);
  const Column& client = page.input.features.column("client");
  for (std::size_t i = 0; i < std::min(pairs.size(), most_contradictions); ++i) {
    const RuleCheck::Contradiction& pair = pairs[i];
    page.put(
        "<tr><th scope=\"row\">{} ({}), {} ({})</th><td class=\"num\" data-of=\"{}\">{}</td><td class=\"id\" "
        "data-of=\"{}\">{}</td></tr>",
        cell(pair.first, 60), say.term(pair.first_value), cell(pair.second, 60), say.term(pair.second_value), people,
        say.count(pair.rows), example,
        pair.example < client.size() ? cell(client.to_text(pair.example), 64) : std::string("–"));
  }
  page.raw("</tbody></table></div>");
  if (pairs.size() > most_contradictions)
    page.put("<p class=\"note\">{} {}</p>", say("Pairs not shown:", "Не показано пар:"),
             say.count(pairs.size() - most_contradictions));
  page.raw("</details>");
}

}  // namespace

void put_coverage(Page& page) {
  const Speech& say = page.say;
  const Table* coverage = page.input.coverage;
  bool any = !page.input.rules.empty();
  if (coverage != nullptr)
    for (const std::int64_t known : coverage->column("known").values<std::int64_t>()) any = any || known > 0;
  if (!any) return;
  page.open("coverage",
            say("What is known of the clients, and what rules do", "Что известно о клиентах и что делают правила"));
  if (coverage != nullptr) put_attributes(page, *coverage);
  for (const RuleSetCheck& set : page.input.rules) put_rules(page, set);
  page.close();
}

}  // namespace klientela::report
