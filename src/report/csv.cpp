// Tables as CSV that a spreadsheet opens without running anything: see to_csv in report.hpp.
#include <charconv>
#include <cmath>

#include "core/formula.hpp"
#include "klientela/report/report.hpp"
#include "report/text.hpp"

namespace klientela {
namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Optional sign, digits with at most one '.' or ',', optional exponent.
bool is_number(std::string_view text) noexcept {
  std::size_t i = text[0] == '+' || text[0] == '-' ? 1 : 0;
  std::size_t digits = 0;
  std::size_t points = 0;
  for (; i < text.size() && (is_digit(text[i]) || text[i] == '.' || text[i] == ','); ++i) {
    digits += is_digit(text[i]) ? 1 : 0;
    points += is_digit(text[i]) ? 0 : 1;
  }
  if (digits == 0 || points > 1) return false;
  if (i == text.size()) return true;
  if (text[i] != 'e' && text[i] != 'E') return false;
  ++i;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  if (i == text.size()) return false;
  for (; i < text.size(); ++i)
    if (!is_digit(text[i])) return false;
  return true;
}

/// '+', then 7 to 15 digits with spaces, hyphens, dots and parentheses among them.
bool is_phone(std::string_view text) noexcept {
  if (text.size() < 2 || text[0] != '+' || !is_digit(text[1])) return false;
  std::size_t digits = 0;
  for (const char c : text.substr(1)) {
    digits += is_digit(c) ? 1 : 0;
    if (!is_digit(c) && c != ' ' && c != '-' && c != '.' && c != '(' && c != ')') return false;
  }
  return digits >= 7 && digits <= 15 && is_digit(text.back());
}

bool would_run(std::string_view text) noexcept {
  if (!detail::begins_formula(text)) return false;
  if (text.front() == '\t' || text.front() == '\r' || text.front() == '\n') return true;
  text = detail::without_leading_blanks(text);
  return !is_number(text) && !is_phone(text);
}

void append_text(std::string& out, std::string_view raw) {
  const std::string text = report::valid_utf8(raw);
  const bool guard = would_run(text);
  if (text.empty() || text.find_first_of(",\"\r\n") != std::string::npos) {
    out += guard ? "\"'" : "\"";
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  } else {
    if (guard) out += '\'';
    out += text;
  }
}

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_cell(std::string& out, const Column& column, std::size_t row) {
  if (column.is_null(row)) return;
  switch (column.type()) {
    case ColumnType::int8: return append_number(out, static_cast<int>(column.values<std::int8_t>()[row]));
    case ColumnType::int32: return append_number(out, column.values<std::int32_t>()[row]);
    case ColumnType::int64: return append_number(out, column.values<std::int64_t>()[row]);
    case ColumnType::text:
    case ColumnType::label:
    case ColumnType::term: return append_text(out, column.text(row));
    case ColumnType::float64: {
      const double value = column.values<double>()[row];
      if (!std::isnan(value)) out += column.to_text(row);
      return;
    }
    default: out += column.to_text(row);
  }
}

}  // namespace

std::string to_csv(const Table& table) {
  std::string out;
  const std::vector<Column>& columns = table.columns();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (c > 0) out += ',';
    append_text(out, columns[c].name());
  }
  if (!columns.empty()) out += '\n';
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::size_t begin = out.size();
    for (std::size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) out += ',';
      append_cell(out, columns[c], row);
    }
    if (out.size() == begin) out += "\"\"";  // an empty line would be no row to most readers
    out += '\n';
  }
  return out;
}

}  // namespace klientela
