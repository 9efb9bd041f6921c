// Clients and cells of the contact matrix as tables: see report.hpp.
#include "klientela/report/report.hpp"
#include "report/columns.hpp"
#include "report/facts.hpp"
#include "report/text.hpp"

namespace klientela {
namespace {

Column reason_column(const Classification& classification, Language language) {
  std::vector<std::string> reasons(classification.rows());
  for (std::size_t row = 0; row < reasons.size(); ++row)
    reasons[row] = report::valid_utf8(classification.explain(row, language));
  return Column(classification.name() + "_reason", reasons);
}

}  // namespace

Table clients_table(const ReportInput& input, const ReportOptions& options) {
  const Table& features = input.features.table();
  Table table;
  table.add(features.column("client"));
  if (report::has_names(input.base) && features.find("name") == nullptr) {
    std::vector<std::optional<std::string>> names(features.rows());
    for (std::size_t row = 0; row < names.size(); ++row)
      if (const auto name = report::name_of(input, row)) names[row] = report::valid_utf8(*name);
    table.add(Column("name", names));
  }
  for (const Column& column : features.columns())
    if (column.name() != "client") table.add(column);
  for (const Classification& classification : input.classes)
    for (const Column& column : classification.columns()) table.set(column);
  for (const Classification& classification : input.classes) table.set(reason_column(classification, options.language));
  return table;
}

Table matrix_table(const ReportInput& input) {
  const auto matrix = report::matrix_of(input);
  const std::vector<std::string> none;
  const Column* money = report::money_column(input.features);
  const auto cells = matrix ? report::cells_of(*matrix, money) : std::vector<report::CellTotals>{};
  std::uint64_t clients = 0;
  report::Total whole;
  for (const auto& cell : cells) {
    clients += cell.clients;
    whole += cell.money;
  }

  std::vector<std::uint16_t> xs;
  std::vector<std::uint16_t> ys;
  std::vector<std::uint16_t> codes;
  std::vector<std::uint16_t> groups;
  std::vector<std::optional<std::int64_t>> counts;
  std::vector<std::optional<std::int64_t>> group_counts;
  std::vector<std::optional<std::int64_t>> amounts;
  std::vector<std::optional<double>> client_shares;
  std::vector<std::optional<double>> money_shares;
  for (const auto& cell : cells) {
    const auto group = cell.main_group();
    xs.push_back(static_cast<std::uint16_t>(cell.x));
    ys.push_back(static_cast<std::uint16_t>(cell.y));
    codes.push_back(static_cast<std::uint16_t>(codes.size()));
    groups.push_back(static_cast<std::uint16_t>(group.value_or(0xFFFF)));
    counts.push_back(static_cast<std::int64_t>(cell.clients));
    group_counts.push_back(group ? static_cast<std::int64_t>(cell.groups[*group]) : 0);
    amounts.push_back(money == nullptr ? std::nullopt : cell.money.units());
    client_shares.push_back(clients == 0 ? 0 : static_cast<double>(cell.clients) / static_cast<double>(clients));
    money_shares.push_back(money == nullptr ? std::nullopt : std::optional(cell.money.share_of(whole)));
  }
  Table table;
  table.add(report::label_column("x", xs, matrix ? matrix->x.labels() : none));
  table.add(report::label_column("y", ys, matrix ? matrix->y.labels() : none));
  table.add(report::label_column("cell", codes, matrix ? matrix->cell.labels() : none));
  table.add(report::label_column("group", groups, matrix ? matrix->group.labels() : none));
  table.add(report::column_of("clients", ColumnType::int64, counts));
  table.add(report::column_of("group_clients", ColumnType::int64, group_counts));
  table.add(report::column_of("money", ColumnType::money, amounts));
  table.add(report::column_of("clients_share", ColumnType::float64, client_shares));
  table.add(report::column_of("money_share", ColumnType::float64, money_shares));
  return table;
}

}  // namespace klientela
