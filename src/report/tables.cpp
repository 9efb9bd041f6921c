// Clients and cells of the contact matrix as tables: see report.hpp.
#include <algorithm>
#include <cmath>

#include "klientela/report/report.hpp"
#include "report/columns.hpp"
#include "report/facts.hpp"
#include "report/text.hpp"

namespace klientela {
namespace {

constexpr std::size_t rows_of_a_task = 4096;

/// The reasons of one classification as a text column; tasks render blocks of rows, which are then put together in
/// order.
Column reason_column(const Classification& classification, Language language, const Control& control) {
  struct Block {
    std::string characters;
    std::vector<std::size_t> ends;
  };
  const std::size_t rows = classification.rows();
  std::vector<Block> blocks((rows + rows_of_a_task - 1) / rows_of_a_task);
  const auto render = [&](std::size_t task) {
    control.check();
    Block& block = blocks[task];
    for (std::size_t row = task * rows_of_a_task; row < std::min(rows, (task + 1) * rows_of_a_task); ++row) {
      block.characters += report::valid_utf8(classification.explain(row, language));
      block.ends.push_back(block.characters.size());
    }
  };
  if (classification.reason_threads() == ReasonThreads::caller)
    for (std::size_t task = 0; task < blocks.size(); ++task) {
      // A host's own code is slow: let the host watch it and stop it.
      control.report("reasons", static_cast<double>(task) / static_cast<double>(blocks.size()));
      render(task);
    }
  else
    control.run(blocks.size(), render);

  std::size_t size = 0;
  for (const Block& block : blocks) size += block.characters.size();
  Buffer<std::int64_t> offsets(rows + 1);
  Buffer<char> characters(size);
  offsets[0] = 0;
  std::size_t row = 0;
  std::size_t begin = 0;
  for (Block& block : blocks) {
    std::copy(block.characters.begin(), block.characters.end(), characters.data() + begin);
    for (const std::size_t end : block.ends) offsets[++row] = static_cast<std::int64_t>(begin + end);
    begin += block.characters.size();
    block = {};
  }
  return Column(classification.name() + "_reason", std::move(offsets), std::move(characters));
}

/// Shares are for reading: six decimals.
double rounded_share(double share) { return std::round(share * 1e6) / 1e6; }

}  // namespace

Table clients_table(const ReportInput& input, const ReportOptions& options, const Control& control) {
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
  for (const Classification& classification : input.classes)
    table.set(reason_column(classification, options.language, control));
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
    const double share = clients == 0 ? 0 : static_cast<double>(cell.clients) / static_cast<double>(clients);
    client_shares.push_back(rounded_share(share));
    money_shares.push_back(money == nullptr ? std::nullopt : std::optional(rounded_share(cell.money.share_of(whole))));
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
