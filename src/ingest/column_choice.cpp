// Columns to fields: see column_choice.hpp.
#include "ingest/column_choice.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ingest/cells.hpp"
#include "ingest/table_ingest.hpp"

namespace klientela::detail {

namespace {

std::string where(const TableSpec& table, std::string_view column) { return fmt::format("{}.{}", table.name, column); }

/// What was delivered instead of a required column, and how to say which column is meant; of a bounded length.
std::string columns_found(const TableSpec& table, const std::vector<std::string>& names) {
  constexpr std::size_t most_names = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), most_names); ++i)
    list += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", shown(names[i], 40));
  if (names.size() > most_names) list += fmt::format(" and {} more", names.size() - most_names);
  return fmt::format("columns found: {}; the policy key ingest.mappings.{}.columns can name the column of a field",
                     list.empty() ? "none" : list, table.name);
}

void require_columns(const TableSpec& table, TableId id, const std::vector<std::size_t>& column_of,
                     const std::vector<std::string>& names) {
  const auto given = [&](auto field) { return column_of[index_of(field)] != no_list; };
  for (std::size_t f = 0; f < table.fields.size(); ++f) {
    if (!table.fields[f].required || column_of[f] != no_list) continue;
    if (id == TableId::transactions && f == index_of(TransactionField::amount) && given(TransactionField::unit_price))
      continue;
    throw Error(Code::bad_data,
                fmt::format("table {} has no column for the required field {}; {}", table.name, table.fields[f].name,
                            columns_found(table, names)),
                where(table, table.fields[f].name));
  }
  if (id == TableId::interactions && !given(InteractionField::planned_from) && !given(InteractionField::started_at))
    throw Error(
        Code::bad_data,
        fmt::format("table interactions has no column for planned_from or started_at; {}", columns_found(table, names)),
        where(table, "started_at"));
}

}  // namespace

std::vector<std::size_t> fields_of_columns(TableId id, const std::vector<std::string>& names,
                                           const IngestOptions& options, std::vector<std::string>& unused) {
  const TableSpec& table = spec(id);
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t k = 0; k < i; ++k)
      if (names[i] == names[k])
        throw Error(Code::bad_data, fmt::format("table {} has two columns \"{}\"", table.name, names[i]),
                    where(table, names[i]));
  std::vector<std::size_t> field_of(names.size(), no_list);
  std::vector<std::size_t> column_of(table.fields.size(), no_list);
  std::vector<bool> said(table.fields.size(), false);
  std::vector<bool> consumed(names.size(), false);
  if (const auto mapping = options.mappings.find(id); mapping != options.mappings.end()) {
    for (const auto& entry : mapping->second.columns) {
      const std::string& field_name = entry.first;
      const std::string& column = entry.second;
      const auto field = std::find_if(table.fields.begin(), table.fields.end(),
                                      [&](const FieldSpec& f) { return f.name == field_name; });
      if (field == table.fields.end())
        throw Error(Code::invalid_argument,
                    fmt::format("table {} has no field \"{}\" to map a column to", table.name, field_name),
                    where(table, field_name));
      const auto f = static_cast<std::size_t>(field - table.fields.begin());
      said[f] = true;
      if (column.empty()) continue;  // the field is to stay empty
      const auto found = std::find(names.begin(), names.end(), column);
      if (found == names.end())
        throw Error(Code::bad_data,
                    fmt::format("table {} has no column \"{}\" for the field {}", table.name, column, field_name),
                    where(table, column));
      const auto i = static_cast<std::size_t>(found - names.begin());
      if (consumed[i])
        throw Error(Code::invalid_argument,
                    fmt::format("the column \"{}\" of table {} is mapped to two fields", column, table.name),
                    where(table, column));
      consumed[i] = true;
      field_of[i] = f;
      column_of[f] = i;
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (consumed[i]) continue;
    const auto f = field_for(id, names[i]);
    if (!f || said[*f]) {
      unused.push_back(where(table, names[i]));
      continue;
    }
    if (column_of[*f] != no_list)
      throw Error(
          Code::bad_data,
          fmt::format("the columns \"{}\" and \"{}\" of table {} both feed the field {}; say by a mapping which "
                      "one is meant",
                      names[column_of[*f]], names[i], table.name, table.fields[*f].name),
          where(table, names[i]));
    column_of[*f] = i;
    field_of[i] = *f;
  }
  require_columns(table, id, column_of, names);
  return field_of;
}

}  // namespace klientela::detail
