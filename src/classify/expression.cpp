// Expressions as hosts see them: parsing, checking and whole columns, and errors that point at the character.
#include "klientela/classify/expression.hpp"

#include <algorithm>
#include <array>

#include "classify/expression_program.hpp"
#include "klientela/core/time.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace classifying {
namespace {

constexpr std::size_t shown_characters = 76;

/// Bytes of the characters before a place in a line.
std::size_t cut_from(std::string_view text, std::size_t characters_in) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < characters_in && at < text.size(); ++i) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) ++at;
  }
  return at;
}

/// Bytes that are no UTF-8, and controls, as question marks, so that the excerpt can be shown anywhere.
std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t good = bad_utf8(text).value_or(text.size());
    out += text.substr(0, good);
    text.remove_prefix(good);
    if (text.empty()) break;
    out += '?';
    text.remove_prefix(1);
  }
  for (char& c : out)
    if ((static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) c = c == '\t' ? ' ' : '?';
  return out;
}

}  // namespace

std::optional<std::int64_t> read_day(std::string_view text) noexcept {
  const auto day = parse_day(text);
  if (!day || *day < first_day || *day >= end_day) return std::nullopt;
  return day->time_since_epoch().count();
}

std::optional<std::int64_t> read_instant(std::string_view text) noexcept {
  // 2026-01-31T10:00:00[.123456]Z
  if (text.size() < 20 || text.back() != 'Z' || (text[10] != 'T' && text[10] != ' ')) return std::nullopt;
  const auto day = read_day(text.substr(0, 10));
  const auto two = [&](std::size_t at) -> std::int64_t {
    const char a = text[at];
    const char b = text[at + 1];
    return a >= '0' && a <= '9' && b >= '0' && b <= '9' ? (a - '0') * 10 + (b - '0') : 1000;
  };
  if (!day || text[13] != ':' || text[16] != ':') return std::nullopt;
  if (two(11) > 23 || two(14) > 59 || two(17) > 59) return std::nullopt;
  std::int64_t micros = (*day * 86'400 + two(11) * 3600 + two(14) * 60 + two(17)) * 1'000'000;
  std::string_view rest = text.substr(19, text.size() - 20);
  if (rest.empty()) return micros;
  if (rest[0] != '.' || rest.size() < 2 || rest.size() > 7) return std::nullopt;
  std::int64_t unit = 100'000;
  for (const char c : rest.substr(1)) {
    if (c < '0' || c > '9') return std::nullopt;
    micros += (c - '0') * unit;
    unit /= 10;
  }
  return micros;
}

ExpressionProblem problem_of(std::string_view text, const Fault& fault) {
  ExpressionProblem problem;
  problem.code = fault.code;
  problem.message = fault.message;
  problem.subject = fault.subject;
  problem.offset = std::min(fault.begin, text.size());
  problem.length = std::max(fault.end, problem.offset) - problem.offset;
  const std::string_view before = text.substr(0, problem.offset);
  const std::size_t line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const std::size_t line_end = std::min(text.find('\n', problem.offset), text.size());
  problem.line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
  const std::size_t place = characters(before.substr(line_begin));
  problem.column = place + 1;
  std::string line = shown(text.substr(line_begin, line_end - line_begin));
  const std::size_t skipped = place > shown_characters / 2 ? place - shown_characters / 2 : 0;
  line.erase(0, cut_from(line, skipped));
  const bool more = characters(line) > shown_characters;
  line.resize(cut_from(line, shown_characters));
  const std::string lead = skipped > 0 ? "..." : "";
  const std::size_t end = std::min(problem.offset + problem.length, line_end);
  const std::size_t wide = end > problem.offset ? characters(text.substr(problem.offset, end - problem.offset)) : 1;
  const std::size_t room = shown_characters - (place - skipped);
  problem.excerpt = lead + line + (more ? "..." : "") + '\n' + std::string(lead.size() + place - skipped, ' ') + '^' +
                    std::string(std::min(wide, std::max<std::size_t>(room, 1)) - 1, '~');
  return problem;
}

void raise(std::string_view text, const Fault& fault, const std::string& where) {
  const ExpressionProblem problem = problem_of(text, fault);
  throw Error(fault.code, problem.to_text(), where.empty() ? fault.subject : where);
}

}  // namespace classifying

std::string_view name(ExpressionType type) noexcept {
  static constexpr std::array<std::string_view, 9> names{"null", "boolean", "integer", "number",  "money",
                                                         "text", "day",     "instant", "duration"};
  return names[static_cast<std::size_t>(type)];
}

std::string ExpressionProblem::to_text() const {
  return message + " (line " + std::to_string(line) + ", column " + std::to_string(column) + ")\n" + excerpt;
}

namespace {

ExpressionType type_of(Kind kind) {
  switch (kind) {
    case Kind::null: return ExpressionType::null;
    case Kind::boolean: return ExpressionType::boolean;
    case Kind::integer: return ExpressionType::integer;
    case Kind::decimal:
    case Kind::real: return ExpressionType::number;
    case Kind::money: return ExpressionType::money;
    case Kind::text: return ExpressionType::text;
    case Kind::day: return ExpressionType::day;
    case Kind::instant: return ExpressionType::instant;
    case Kind::duration: return ExpressionType::duration;
  }
  return ExpressionType::null;
}

/// Validity bytes, or none where every row has a value. Blocks write whole bytes of their own.
class Validity {
 public:
  explicit Validity(std::size_t rows) : bits_((rows + 7) / 8, 0) {}
  void write(std::size_t begin, std::size_t rows, const Mask& known) {
    for (std::size_t byte = 0; byte * 8 < rows; ++byte)
      bits_[begin / 8 + byte] = static_cast<std::uint8_t>(known.word[byte / 8] >> (byte % 8 * 8));
  }
  [[nodiscard]] Buffer<std::uint8_t> take() { return std::move(bits_); }

 private:
  Buffer<std::uint8_t> bits_;
};

template <class T, class Fill>
Column filled(const std::string& name, ColumnType type, std::size_t rows, const Control& control, const Fill& fill) {
  Buffer<T> values(rows);
  Validity validity(rows);
  for_ranges(rows, control, [&](std::size_t, std::size_t begin, std::size_t end) {
    const auto scratch = std::make_unique<Program::Scratch>();
    for (std::size_t from = begin; from < end; from += block_rows) {
      control.check();
      const std::size_t to = std::min(end, from + block_rows);
      Mask known;
      fill(from, to, Mask::first(to - from), *scratch, values.data() + from, known);
      validity.write(from, to - from, known);
    }
  });
  return Column(name, type, std::move(values), validity.take());
}

}  // namespace

Expression::Expression() : Expression(parse("true")) {}

Expression Expression::parse(std::string_view text, const std::string& pointer) {
  try {
    auto tree = std::make_shared<const Tree>(parse_tree(text));
    static_cast<void>(Program(*tree, {}));  // constants that clash among themselves
    return Expression(std::move(tree));
  } catch (Fault& fault) {
    fault.code = Code::bad_policy;
    raise(text, fault, pointer);
  }
}

std::optional<ExpressionProblem> Expression::problem(std::string_view text,
                                                     std::optional<std::span<const ExpressionColumn>> columns,
                                                     std::span<const std::string> absent) {
  try {
    const Tree tree = parse_tree(text);
    static_cast<void>(Program(tree, {}));
    if (columns) static_cast<void>(Program(tree, {.table = nullptr, .columns = columns, .absent = absent}));
  } catch (const Fault& fault) {
    return problem_of(text, fault);
  }
  return std::nullopt;
}

const std::string& Expression::text() const noexcept { return tree_->text; }

const std::vector<std::string>& Expression::columns() const noexcept { return tree_->columns; }

ExpressionType Expression::check(const Table& table, std::span<const std::string> absent,
                                 const std::string& pointer) const {
  std::vector<ExpressionColumn> columns;
  for (const Column& column : table.columns()) columns.push_back({column.name(), column.type()});
  try {
    return type_of(Program(*tree_, {.table = nullptr, .columns = columns, .absent = absent}).kind());
  } catch (const Fault& fault) {
    raise(tree_->text, fault, pointer);
  }
}

Column Expression::evaluate(const Table& table, std::string name, const Control& control,
                            std::span<const std::string> absent) const {
  std::optional<Program> program;
  try {
    program.emplace(*tree_, Program::Names{.table = &table, .columns = std::nullopt, .absent = absent});
  } catch (const Fault& fault) {
    raise(tree_->text, fault, {});
  }
  const std::size_t rows = table.rows();
  const auto exact = [&](auto none, ColumnType type) {  // `none` stands under nulls
    using Value = decltype(none);
    return filled<Value>(
        name, type, rows, control,
        [&](std::size_t from, std::size_t to, const Mask& active, Program::Scratch& scratch, Value* out, Mask& known) {
          std::int64_t values[block_rows];
          program->exact(from, to, active, scratch, values, known);
          for (std::size_t i = 0; i < to - from; ++i) out[i] = known.has(i) ? static_cast<Value>(values[i]) : none;
        });
  };
  switch (program->kind()) {
    case Kind::null:
    case Kind::boolean:
      return filled<std::uint8_t>(name, ColumnType::boolean, rows, control,
                                  [&](std::size_t from, std::size_t to, const Mask& active, Program::Scratch& scratch,
                                      std::uint8_t* out, Mask& known) {
                                    Truth truth;
                                    if (program->kind() == Kind::boolean)
                                      program->truth(from, to, active, scratch, truth);
                                    known = truth.yes;
                                    known |= truth.no;
                                    for (std::size_t i = 0; i < to - from; ++i) out[i] = truth.yes.has(i) ? 1 : 0;
                                  });
    case Kind::integer: return exact(std::int64_t{0}, ColumnType::int64);
    case Kind::money: return exact(std::int64_t{0}, ColumnType::money);
    case Kind::instant: return exact(std::int64_t{0}, ColumnType::instant);
    case Kind::day: return exact(std::int32_t{0}, ColumnType::day);
    case Kind::decimal:
    case Kind::real:
      return filled<double>(name, ColumnType::float64, rows, control,
                            [&](std::size_t from, std::size_t to, const Mask& active, Program::Scratch& scratch,
                                double* out, Mask& known) {
                              program->real(from, to, active, scratch, out, known);
                              for (std::size_t i = 0; i < to - from; ++i)
                                if (!known.has(i)) out[i] = 0;
                            });
    case Kind::text: {
      std::vector<std::optional<std::string>> texts(rows);
      for_ranges(rows, control, [&](std::size_t, std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row) texts[row] = program->text(row);
      });
      return Column(std::move(name), texts);
    }
    case Kind::duration: break;
  }
  throw Error(Code::invalid_argument, "a length of time alone is no value of a row: " + tree_->text, "expression");
}

}  // namespace klientela
