// The contact matrix on the report page: a heat map, and the first clients of every cell.
#include <algorithm>
#include <queue>

#include "report/page.hpp"

namespace klientela::report {
namespace {

constexpr std::size_t most_cells_with_clients = 120;

/// Whether a label is the band of clients without data: the last one, by its fixed name.
bool is_unknown(const Column& axis, std::size_t band) {
  return band + 1 == axis.labels().size() && axis.labels()[band] == "unknown";
}

const CellTotals& at(const MatrixView& matrix, const std::vector<CellTotals>& cells, std::size_t x, std::size_t y) {
  return cells[x * matrix.y_bands() + y];
}

std::uint64_t clients_in_band(const std::vector<CellTotals>& cells, bool of_x, std::size_t band) {
  std::uint64_t clients = 0;
  for (const CellTotals& cell : cells) clients += (of_x ? cell.x : cell.y) == band ? cell.clients : 0;
  return clients;
}

/// Bands in the order they are shown: known ones ascending or descending, unknown last and only if anybody is in it.
std::vector<std::size_t> shown_bands(const Column& axis, const std::vector<CellTotals>& cells, bool of_x) {
  std::vector<std::size_t> bands;
  std::optional<std::size_t> unknown;
  for (std::size_t band = 0; band < axis.labels().size(); ++band) {
    if (!is_unknown(axis, band))
      bands.push_back(band);
    else if (clients_in_band(cells, of_x, band) > 0)
      unknown = band;
  }
  if (!of_x) std::reverse(bands.begin(), bands.end());
  if (unknown) bands.push_back(*unknown);
  return bands;
}

std::string group_shares(const Page& page, const MatrixView& matrix, const CellTotals& cell) {
  std::string text;
  for (std::size_t g = 0; g < cell.groups.size(); ++g)
    if (cell.groups[g] > 0)
      text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", page.say.plain_term(matrix.group.labels()[g]),
                          page.say.count(cell.groups[g]));
  return text;
}

void put_cell(Page& page, const MatrixView& matrix, const CellTotals& cell, std::uint64_t most, std::uint64_t all,
              bool apart) {
  const char* edge = apart ? " apart" : "";
  const auto group = cell.main_group();
  if (cell.clients == 0) {
    page.put("<td class=\"none{}\">0</td>", edge);
    return;
  }
  page.put("<td class=\"{} i{}{}\" title=\"{}{}: {}\"><b>{}</b>",
           group ? colour_of(matrix.group.labels()[*group], *group) : "kn", intensity(cell.clients, most), edge,
           page.say.clients(cell.clients), page.money != nullptr ? ", " + page.say.money(cell.money) : std::string(),
           group_shares(page, matrix, cell), cell_count(page.say, cell.clients));
  if (page.money != nullptr) page.put("<span>{}</span>", page.say.compact(cell.money.to_double()));
  page.put("<span class=\"of\">{}</span></td>",
           page.say.percent(static_cast<double>(cell.clients) / static_cast<double>(all)));
}

void put_legend(Page& page, const MatrixView& matrix) {
  const LabelTotals totals = totals_by_label(matrix.group, page.money);
  page.raw("<ul class=\"legend\">");
  for (std::size_t g = 0; g < totals.clients.size(); ++g) {
    const std::string& name = matrix.group.labels()[g];
    page.put("<li><span class=\"dot {}\"></span><span>{} <span class=\"count\">{}", colour_of(name, g),
             page.say.term(name), page.say.clients(totals.clients[g]));
    if (page.money != nullptr) page.put(", {}", page.say.compact(totals.money[g].to_double()));
    page.raw("</span></span></li>");
  }
  page.raw("</ul>");
}

std::string axis_title(const Page& page, const MatrixView& matrix, const Column& axis) {
  const std::string measure = matrix.measure_of(axis);
  return measure.empty() ? std::string(page.say("no data", "нет данных")) : page.say.term(measure);
}

}  // namespace

void put_matrix(Page& page, const MatrixView& matrix, const std::vector<CellTotals>& cells) {
  const Speech& say = page.say;
  page.open("matrix", say("Contact matrix", "Матрица контактов"));
  const auto xs = shown_bands(matrix.x, cells, true);
  const auto ys = shown_bands(matrix.y, cells, false);
  std::uint64_t most = 0;
  std::uint64_t all = 0;
  for (const CellTotals& cell : cells) {
    most = std::max(most, cell.clients);
    all += cell.clients;
  }
  page.put(
      "<p class=\"hint\">{}</p>",
      page.money != nullptr
          ? say("Clients, their money, and their share of all clients. Colour: the group of most of the cell; "
                "depth: how many clients.",
                "Клиенты, их деньги и доля среди всех клиентов. Цвет — группа большинства в ячейке, насыщенность — "
                "число клиентов.")
          : say("Clients, and their share of all clients. Colour: the group of most of the cell; depth: how many "
                "clients.",
                "Клиенты и их доля среди всех клиентов. Цвет — группа большинства в ячейке, насыщенность — число "
                "клиентов."));
  page.put("<p class=\"hint\">{}: <b>{}</b>. {}: <b>{}</b>.</p>",
           say("Across, from low to high", "По горизонтали, от малого к большому"), axis_title(page, matrix, matrix.x),
           say("Upwards", "Снизу вверх"), axis_title(page, matrix, matrix.y));
  const auto label = say("Contact matrix", "Матрица контактов");
  page.open_scroll(label);
  page.put(
      "<table class=\"heat{}\"><caption class=\"hidden\">{}</caption><colgroup><col class=\"head\"></colgroup><tbody>",
      xs.size() > 8   ? " many"
      : xs.size() > 4 ? " wide"
                      : "",
      label);
  for (const std::size_t y : ys) {
    const bool apart_row = is_unknown(matrix.y, y);
    page.put("<tr{}><th scope=\"row\">{}</th>", apart_row ? " class=\"apart\"" : "", say.term(matrix.y.labels()[y]));
    for (const std::size_t x : xs) put_cell(page, matrix, at(matrix, cells, x, y), most, all, is_unknown(matrix.x, x));
    page.raw("</tr>");
  }
  page.raw("</tbody><tfoot><tr><td class=\"corner none\"></td>");
  for (const std::size_t x : xs)
    page.put("<th scope=\"col\"{}><span>{}</span></th>", is_unknown(matrix.x, x) ? " class=\"apart\"" : "",
             say.term(matrix.x.labels()[x]));
  page.raw("</tr></tfoot></table></div>");
  put_legend(page, matrix);
  page.notes(matrix.classification->notes());
  page.close();
}

void put_top(Page& page, const MatrixView& matrix, const std::vector<CellTotals>& cells) {
  const Speech& say = page.say;
  // Keeps the best of every cell in a heap whose top is the worst kept: more money first, then the earlier row.
  struct Candidate {
    std::int64_t money;
    std::size_t row;
    bool operator<(const Candidate& other) const noexcept {
      return money != other.money ? money > other.money : row < other.row;
    }
  };
  std::vector<std::priority_queue<Candidate>> heaps(cells.size());
  const auto xs = matrix.x.values<std::uint16_t>();
  const auto ys = matrix.y.values<std::uint16_t>();
  for (std::size_t row = 0; row < xs.size(); ++row) {
    if (matrix.x.is_null(row) || matrix.y.is_null(row)) continue;
    auto& heap = heaps[xs[row] * matrix.y_bands() + ys[row]];
    const Candidate candidate{money_at(page.money, row), row};
    if (heap.size() < page.options.top_clients)
      heap.push(candidate);
    else if (candidate < heap.top()) {
      heap.pop();
      heap.push(candidate);
    }
  }

  page.open("top", say("First clients of every cell", "Первые клиенты каждой ячейки"));
  page.put("<p class=\"hint\">{}</p>", page.money != nullptr
                                           ? say("By money, largest first.", "По деньгам, от крупных к мелким.")
                                           : say("In the order of their ids.", "По порядку номеров."));
  const Column& client = page.input.features.column("client");
  const bool names = has_names(page.input.base);
  std::size_t shown = 0;
  std::size_t left_out = 0;
  auto across = shown_bands(matrix.x, cells, true);  // the best band first, unknown last
  std::reverse(across.begin(), across.end() - (!across.empty() && is_unknown(matrix.x, across.back()) ? 1 : 0));
  for (const std::size_t y : shown_bands(matrix.y, cells, false)) {
    for (const std::size_t x : across) {
      const CellTotals& totals = at(matrix, cells, x, y);
      if (totals.clients == 0) continue;
      if (shown == most_cells_with_clients) {
        ++left_out;
        continue;
      }
      const auto group = totals.main_group();
      page.put(
          "<details{}><summary><span class=\"dot {}\"></span><b>{} · {}</b><span class=\"tag\">{}</span>"
          "<span class=\"right\">{}",
          shown == 0 ? " open" : "", group ? colour_of(matrix.group.labels()[*group], *group) : "kn",
          say.term(matrix.x.labels()[x]), say.term(matrix.y.labels()[y]), group_shares(page, matrix, totals),
          say.clients(totals.clients));
      if (page.money != nullptr) page.put(" · {}", say.money(totals.money));
      const auto label = say("First clients of the cell", "Первые клиенты ячейки");
      page.raw("</span></summary>");
      page.open_scroll(label);
      page.put("<table class=\"list cards\"><thead><tr><th scope=\"col\">{}</th>", say("Client", "Клиент"));
      if (names) page.put("<th scope=\"col\">{}</th>", say("Name", "Имя"));
      if (page.money != nullptr) page.put("<th scope=\"col\" class=\"num\">{}</th>", say("Money", "Деньги"));
      page.put("<th scope=\"col\">{}</th></tr></thead><tbody>", say("Why", "Почему"));
      auto& heap = heaps[x * matrix.y_bands() + y];
      std::vector<Candidate> best;
      for (; !heap.empty(); heap.pop()) best.push_back(heap.top());
      for (std::size_t k = best.size(); k-- > 0;) {
        const std::size_t row = best[k].row;
        page.put("<tr><th scope=\"row\" class=\"id\">{}</th>", cell(client.to_text(row), 64));
        if (names) page.put("<td class=\"name\">{}</td>", cell(name_of(page.input, row).value_or(std::string())));
        if (page.money != nullptr) page.put("<td class=\"num\">{}</td>", say.money(best[k].money));
        page.put("<td class=\"why\">{}</td></tr>",
                 cell(matrix.classification->explain(row, page.options.language), 600));
      }
      page.raw("</tbody></table></div></details>");
      ++shown;
    }
  }
  if (left_out > 0)
    page.put("<p class=\"note\">{} {}</p>", say("Cells not shown:", "Не показано ячеек:"), say.count(left_out));
  page.close();
}

}  // namespace klientela::report
