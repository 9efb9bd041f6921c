// The rejected rows as a table: see rejected_table in report.hpp.
#include <array>

#include "klientela/report/report.hpp"
#include "report/columns.hpp"
#include "report/text.hpp"

namespace klientela {

Table rejected_table(const ReportInput& input) {
  std::vector<std::string> tables;
  for (std::size_t i = 0; i < table_count; ++i) tables.emplace_back(spec(static_cast<TableId>(i)).name);
  std::vector<std::string> reasons;
  std::array<std::uint16_t, 256> reason_codes;
  reason_codes.fill(0xFFFF);

  const std::size_t rows = input.rejects.size();
  std::vector<std::uint16_t> table_codes(rows);
  std::vector<std::uint16_t> codes(rows);
  Buffer<std::int64_t> numbers(rows);
  std::vector<std::string> columns(rows);
  std::vector<std::string> values(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const Reject& reject = input.rejects[i];
    table_codes[i] = static_cast<std::uint16_t>(reject.table);
    numbers[i] = static_cast<std::int64_t>(reject.row) + 1;
    columns[i] = report::valid_utf8(reject.column);
    values[i] = report::valid_utf8(reject.value);
    std::uint16_t& code = reason_codes[static_cast<std::uint8_t>(reject.reason)];
    if (code == 0xFFFF) {
      code = static_cast<std::uint16_t>(reasons.size());
      reasons.emplace_back(name(reject.reason));
    }
    codes[i] = code;
  }
  Table table;
  table.add(report::label_column("table", table_codes, std::move(tables)));
  table.add(Column("row", ColumnType::int64, std::move(numbers)));
  table.add(Column("column", columns));
  table.add(Column("value", values));
  table.add(report::label_column("reason", codes, std::move(reasons)));
  return table;
}

}  // namespace klientela
