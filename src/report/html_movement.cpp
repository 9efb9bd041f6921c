// Movement on the report page: who went from which class to which, who moved last and why, stays, and what may come.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "klientela/classify/migration.hpp"
#include "report/flow.hpp"
#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t most_classes = 24;
constexpr std::size_t pairs_shown = 60;
constexpr std::size_t moves_shown = 20;
constexpr std::int32_t steps_ahead = 3;

/// The column that the page tells of: the first one that the policy names, else the group of the contact matrix, the
/// segment of RFM, or the first that has few enough labels.
std::optional<std::string> column_shown(const ReportInput& input) {
  const History& history = *input.history;
  std::vector<std::string> wanted = history.options().columns;
  if (wanted.empty()) {
    if (const auto matrix = matrix_of(input)) wanted.push_back(matrix->group.name());
    if (const Classification* rfm = first_of_kind(input, "rfm")) wanted.push_back(rfm->name() + "_segment");
  }
  wanted.insert(wanted.end(), history.columns().begin(), history.columns().end());
  for (const std::string& column : wanted)
    if (std::find(history.columns().begin(), history.columns().end(), column) != history.columns().end() &&
        history.has_labels(column) && history.labels(column).size() <= most_classes)
      return column;
  return std::nullopt;
}

std::uint64_t count_at_row(const Table& table, const char* column, std::size_t row) {
  return static_cast<std::uint64_t>(table.column(column).values<std::int64_t>()[row]);
}

Day day_at(const Table& table, const char* column, std::size_t row) {
  return Day{std::chrono::days{table.column(column).values<std::int32_t>()[row]}};
}

void put_head(Page& page, std::string_view words, bool number = false) {
  page.put("<th scope=\"col\"{}>{}</th>", number ? " class=\"num\"" : "", words);
}

/// "In a class on both days: 1,693 clients; of them in another one now: 400 (23.6%). Came from outside: 12; went
/// outside: 3."
void put_sentence(Page& page, const Migration& migration) {
  const Speech& say = page.say;
  const std::size_t outside = migration.states.size() - 1;
  std::uint64_t both = 0, moved = 0, entered = 0, left = 0;
  for (std::size_t from = 0; from <= outside; ++from)
    for (std::size_t to = 0; to <= outside; ++to) {
      const std::uint64_t clients = migration.clients[migration.cell(from, to)];
      if (from == outside)
        entered += to == outside ? 0 : clients;
      else if (to == outside)
        left += clients;
      else
        both += clients;
      if (from != outside && to != outside && from != to) moved += clients;
    }
  const double share = both == 0 ? 0 : static_cast<double>(moved) / static_cast<double>(both);
  page.put("<p>{}: {}; {}: {} ({}). {}: {}; {}: {}.</p>", say("In a class on both days", "В классах в оба дня"),
           say.clients(both), say("of them in another one now", "из них теперь в другом"), say.count(moved),
           say.percent(share), say("Came from outside", "Пришли извне классов"), say.count(entered),
           say("went outside", "ушли из классов"), say.count(left));
}

/// All moves in numbers, those of most clients first.
void put_pairs(Page& page, const Migration& migration) {
  const Speech& say = page.say;
  const std::size_t n = migration.states.size();
  const bool money = !migration.money_after.empty();
  std::vector<std::size_t> cells;
  for (std::size_t from = 0; from < n; ++from)
    for (std::size_t to = 0; to < n; ++to)
      if (migration.clients[migration.cell(from, to)] > 0 && !(from == n - 1 && to == n - 1))
        cells.push_back(migration.cell(from, to));
  std::stable_sort(cells.begin(), cells.end(),
                   [&](std::size_t a, std::size_t b) { return migration.clients[a] > migration.clients[b]; });
  const std::string_view head = say("All moves in numbers", "Все переходы в числах");
  const std::string_view of_from = say("Of the class", "Из класса");
  const std::string_view people = say("Clients", "Клиенты");
  const std::string_view before = say("Money then", "Деньги тогда");
  const std::string_view after = say("Money now", "Деньги теперь");
  page.put("<details><summary><b>{}</b></summary>", head);
  page.open_scroll(head);
  page.put("<table class=\"list stacked\"><thead><tr>");
  put_head(page, say("From → to", "Откуда → куда"));
  put_head(page, people, true);
  put_head(page, of_from, true);
  if (money) put_head(page, before, true);
  if (money) put_head(page, after, true);
  page.raw("</tr></thead><tbody>");
  for (std::size_t k = 0; k < std::min(cells.size(), pairs_shown); ++k) {
    const std::size_t from = cells[k] / n;
    const std::size_t to = cells[k] % n;
    page.put(
        "<tr><th scope=\"row\">{} → {}</th><td class=\"num\" data-of=\"{}\">{}</td><td class=\"num\" "
        "data-of=\"{}\">{}</td>",
        say.term(migration.states[from]), say.term(migration.states[to]), people,
        say.count(migration.clients[cells[k]]), of_from, say.percent(migration.share(from, to)));
    if (money)
      page.put("<td class=\"num\" data-of=\"{}\">{}</td><td class=\"num\" data-of=\"{}\">{}</td>", before,
               say.money(migration.money_before[cells[k]]), after, say.money(migration.money_after[cells[k]]));
    page.raw("</tr>");
  }
  page.raw("</tbody></table></div>");
  if (cells.size() > pairs_shown)
    page.put("<p class=\"note\">{} {}</p>",
             say("Pairs of fewer clients, not shown:", "Не показано пар, где клиентов меньше:"),
             say.count(cells.size() - pairs_shown));
  page.raw("</details>");
}

/// The last day on which somebody moved from class to class, and those of most money with the reasons.
void put_last_moves(Page& page, const MigrationStates& states, const Control& control) {
  const Speech& say = page.say;
  const History& history = *page.input.history;
  const std::vector<Day>& days = history.days();
  const bool money = !history.money(0).empty();
  std::vector<std::size_t> rows;  // of the transitions
  Table moves;
  std::size_t day = days.size();
  while (rows.empty() && --day > 0) {
    TransitionOptions options;
    options.states = states;
    options.from = days[day - 1];
    options.to = days[day];
    options.reasons = false;
    moves = transitions(history, options, control);
    for (std::size_t row = 0; row < moves.rows(); ++row)
      if (moves.column("kind").text(row) == "move") rows.push_back(row);
  }
  if (rows.empty()) return;
  const std::size_t all = rows.size();
  if (money) {
    const auto before = moves.column("money_before").values<std::int64_t>();
    const auto after = moves.column("money_after").values<std::int64_t>();
    std::stable_sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
      return std::max(before[a], after[a]) > std::max(before[b], after[b]);
    });
  }
  rows.resize(std::min(all, moves_shown));
  TransitionOptions options;
  options.states = states;
  options.from = days[day - 1];
  options.to = days[day];
  options.language = page.options.language;
  for (const std::size_t row : rows) options.client.emplace_back(moves.column("client").to_text(row));
  const Table told = transitions(history, options, control);  // in the order of clients, one row each
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rows[a] < rows[b]; });
  std::vector<std::size_t> place(rows.size());  // of each in `told`
  for (std::size_t i = 0; i < order.size(); ++i) place[order[i]] = i;

  page.put("<h3>{}</h3><p class=\"hint\">{} – {}: {} {}. {}</p>", say("Who moved last", "Кто перешёл последним"),
           say.day(days[day - 1]), say.day(days[day]), say.count(all),
           say("moved from class to class", "перешли из класса в класс"),
           all <= moves_shown ? std::string_view()
           : money ? say("Those with most money are listed.", "Показаны те, у кого больше денег.")
                   : say("The first ones are listed.", "Показаны первые."));
  page.open_scroll(say("Who moved last", "Кто перешёл последним"));
  page.raw("<table class=\"list cards\"><thead><tr>");
  put_head(page, say("Client", "Клиент"));
  if (money) put_head(page, say("Money", "Деньги"), true);
  put_head(page, say("From → to", "Откуда → куда"));
  put_head(page, say("Why", "Почему"));
  page.raw("</tr></thead><tbody>");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = place[i];
    page.put("<tr><th scope=\"row\" class=\"id\">{}</th>", client_cell(page, options.client[i]));
    if (money) page.put("<td class=\"num\">{}</td>", say.money(told.column("money_after").values<std::int64_t>()[row]));
    page.put("<td class=\"name\">{} → {}</td><td class=\"why\">{}</td></tr>", say.term(told.column("from").text(row)),
             say.term(told.column("to").text(row)),
             told.column("reason").is_null(row) ? std::string() : cell(told.column("reason").text(row), 600));
  }
  page.raw("</tbody></table></div>");
}

/// Rounded to whole clients.
std::string whole(const Speech& say, double clients) {
  return say.count(static_cast<std::uint64_t>(std::llround(std::max(0.0, clients))));
}

/// How long clients stay in each class, and how many may be in it one and some steps ahead.
void put_outlook(Page& page, const MigrationStates& states, const Control& control) {
  const Speech& say = page.say;
  const History& history = *page.input.history;
  const Table stays = stay_times(history, states, control);
  ProjectionOptions options;
  options.states = states;
  options.steps = steps_ahead;
  const Table ahead = project(history, options, control);
  const Migration now = migration(history, history.days().back(), history.days().back(), states, control);
  const std::size_t n = now.states.size();
  const std::array<std::size_t, 2> steps{0, static_cast<std::size_t>(steps_ahead - 1)};

  const std::string_view head =
      say("How long they stay, and what may come", "Сколько остаются и что может быть дальше");
  const std::string_view count = say("Clients now", "Клиентов сейчас");
  const std::string_view stay = say("Stay, median", "Остаются, медиана");
  const std::vector<Day>& days = history.days();
  const std::string_view cut = is_cut_short(days) ? say(" The last period is cut short and is not learnt from.",
                                                        " Последний период неполный, по нему переходы не оцениваются.")
                                                  : std::string_view();
  page.put(
      "<h3>{}</h3><p class=\"hint\">{}{}</p>", head,
      say("Half of the stays in a class that began under observation are over after so many days. Expected numbers "
          "hold if clients go on moving as they did; in brackets the range for 95 of 100 cases.",
          "За столько дней кончается половина пребываний в классе, начало которых известно. Ожидаемые числа верны, "
          "если клиенты будут переходить как прежде; в скобках — границы для 95 случаев из 100."),
      cut);
  page.open_scroll(head);
  page.raw("<table class=\"list stacked\"><thead><tr>");
  put_head(page, say("Class", "Класс"));
  put_head(page, count, true);
  put_head(page, stay, true);
  std::vector<std::string> when;
  for (const std::size_t step : steps) {
    when.push_back(fmt::format("{} {}", say("On", "На"), say.day(day_at(ahead, "day", step * n))));
    put_head(page, when.back(), true);
  }
  page.raw("</tr></thead><tbody>");
  for (std::size_t state = 0; state + 1 < n; ++state) {
    const Column& median = stays.column("median_days");
    page.put(
        "<tr><th scope=\"row\">{}</th><td class=\"num\" data-of=\"{}\">{}</td><td class=\"num\" data-of=\"{}\">{}</td>",
        say.term(now.states[state]), count, say.count(now.clients[now.cell(state, state)]), stay,
        median.is_null(state)
            ? std::string(count_at_row(stays, "spells", state) == 0 ? "–"
                                                                    : say("longer than seen", "дольше наблюдаемого"))
            : fmt::format("{}&nbsp;{}", whole(say, median.values<double>()[state]), say("days", "дн.")));
    for (std::size_t s = 0; s < steps.size(); ++s) {
      const std::size_t row = steps[s] * n + state;
      page.put("<td class=\"num\" data-of=\"{}\">{} <span class=\"share\">({}–{})</span></td>", when[s],
               whole(say, ahead.column("clients").values<double>()[row]),
               whole(say, ahead.column("low").values<double>()[row]),
               whole(say, ahead.column("high").values<double>()[row]));
    }
    page.raw("</tr>");
  }
  page.raw("</tbody></table></div>");
}

}  // namespace

void put_movement(Page& page, const Control& control) {
  const Speech& say = page.say;
  const History* history = page.input.history;
  if (history == nullptr || history->days().size() < 2 || history->clients() == 0) return;
  const auto column = column_shown(page.input);
  if (!column) return;
  MigrationStates states;
  states.column = *column;
  const std::vector<Day>& days = history->days();
  const Migration moved = migration(*history, days.front(), days.back(), states, control);

  page.open("movement", say("How clients move between classes", "Как клиенты переходят из класса в класс"));
  page.put("<p class=\"hint\">{}: {}, {} – {}. {} {}</p>", say("By", "По столбцу"), say.term(*column),
           say.day(days.front()), say.day(days.back()),
           history->options().thresholds == HistoryThresholds::frozen
               ? say("The same thresholds judge all days: a client moves only because it has changed.",
                     "Все дни оценены по одним порогам: клиент переходит, только если изменился сам.")
               : say("Each day has thresholds of its own: a client moves because it or the others have changed.",
                     "У каждого дня свои пороги: клиент переходит, если изменился он сам или остальные."),
           say("Outside are those who were not known yet or are in no class.",
               "Вне классов — те, кто ещё не был известен или не попал ни в один класс."));
  std::vector<FlowClass> classes;
  for (std::size_t state = 0; state < moved.states.size(); ++state) {
    const bool outside = state + 1 == moved.states.size();
    classes.push_back({say.plain_term(moved.states[state], most_letters),
                       say.plain_term(moved.states[state], brief_letters),
                       outside ? "kn" : colour_of(moved.states[state], state)});
  }
  std::vector<std::uint64_t> bands = moved.clients;
  bands.back() = 0;  // outside on both days
  put_sentence(page, moved);
  page.raw(flow_picture(
      classes, bands, say.day(days.front()), say.day(days.back()),
      say("Moves between classes; the table below has the numbers", "Переходы между классами; числа — в таблице ниже"),
      say));
  put_pairs(page, moved);
  put_last_moves(page, states, control);
  put_outlook(page, states, control);
  page.close();
}

}  // namespace klientela::report
