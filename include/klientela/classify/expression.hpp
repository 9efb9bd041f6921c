// The expression language of rules: parsed once, checked against a table's columns, evaluated block by block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/core/error.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// What an expression gives; docs/rules.md defines which operations take which.
enum class ExpressionType : std::uint8_t {
  null,     ///< nothing but null, for example of a column that may be absent
  boolean,  ///< true, false, or null: not known
  integer,  ///< a whole number, int64
  number,   ///< a double, always finite
  money,    ///< exact, units of 1/10000
  text,
  day,
  instant,
  duration,  ///< "90 days"; only to be added to days and instants and taken from them
};
/// The machine-readable name, for example "money".
[[nodiscard]] std::string_view name(ExpressionType type) noexcept;

/// What is wrong with an expression, and where. Lines and columns count from 1, columns in characters (UTF-8), not
/// bytes; offset and length in bytes from the beginning of the text.
struct ExpressionProblem {
  Code code{Code::bad_policy};  ///< bad_policy: the text itself; not_found: a column; invalid_argument: a type
  std::string message;          ///< one sentence without the place
  std::string subject;          ///< the column it is about; empty where it is about none
  std::size_t offset{0};
  std::size_t length{0};
  std::size_t line{1};
  std::size_t column{1};
  std::string excerpt;  ///< the line (cut where it is long) and below it a caret under the place, two lines

  /// "message (line 1, column 5)" and the excerpt on lines of their own.
  [[nodiscard]] std::string to_text() const;
};

/// A column that an expression may find.
struct ExpressionColumn {
  std::string name;
  ColumnType type;
};

/// One expression, parsed. Copying shares. Immutable and thread-safe.
///
/// Limits against hostile input: 65,536 bytes, 10,000 parts, 100 levels of nesting. Beyond them: Error bad_policy.
class Expression {
 public:
  /// The constant `true`.
  Expression();
  /// \param pointer  where() of the error, for example a JSON pointer
  /// \throws Error bad_policy: message as ExpressionProblem::to_text() gives it. O(length)
  [[nodiscard]] static Expression parse(std::string_view text, const std::string& pointer = {});
  /// What is wrong with a text: its syntax, and, where `columns` are given, unknown names and types that clash.
  /// \param absent  columns that may be missing: they count as null
  [[nodiscard]] static std::optional<ExpressionProblem> problem(
      std::string_view text, std::optional<std::span<const ExpressionColumn>> columns = std::nullopt,
      std::span<const std::string> absent = {});

  [[nodiscard]] const std::string& text() const noexcept;
  /// Columns that it reads, in order of first use.
  [[nodiscard]] const std::vector<std::string>& columns() const noexcept;
  friend bool operator==(const Expression& a, const Expression& b) noexcept { return a.text() == b.text(); }

  /// The type it has over a table. `absent`, `pointer` as above.
  /// \throws Error not_found naming a column that the table lacks, with the likeliest one meant; invalid_argument for
  ///         types that clash; both point at the character
  [[nodiscard]] ExpressionType check(const Table& table, std::span<const std::string> absent = {},
                                     const std::string& pointer = {}) const;
  /// Its value for every row, as a column: boolean, int64, float64, money, text, day or instant; of type null: boolean.
  /// O(rows x parts); parallel over control.executor, the same for any number of threads.
  /// \throws Error as check(); invalid_argument for an expression of type duration; cancelled
  [[nodiscard]] Column evaluate(const Table& table, std::string name = "value", const Control& control = {},
                                std::span<const std::string> absent = {}) const;

  struct Tree;  ///< the parsed form; opaque
  [[nodiscard]] const std::shared_ptr<const Tree>& tree() const noexcept { return tree_; }

 private:
  explicit Expression(std::shared_ptr<const Tree> tree) noexcept : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

}  // namespace klientela
