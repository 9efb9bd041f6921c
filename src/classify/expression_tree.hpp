// The parsed form of an expression: a flat list of nodes, children before their parents.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classify/decimal.hpp"
#include "klientela/classify/expression.hpp"

namespace klientela {

namespace classifying {

enum class Op : std::uint8_t {
  column,
  null,
  boolean,  // value 0 or 1
  integer,  // value
  decimal,  // `decimal`, and the nearest double in `real`
  text,
  day,       // value: days since 1970-01-01
  instant,   // value: UTC microseconds
  duration,  // value of `unit`
  negate,
  add,
  subtract,
  multiply,
  divide,
  equal,
  unequal,
  less,
  less_equal,
  greater,
  greater_equal,
  between,  // value, low, high
  in,       // value, candidates ...
  is_null,
  contains,
  starts_with,
  ends_with,
  like,
  glob,
  not_,
  and_,  // two or more
  or_,
  coalesce,
  absolute,
  least,
  greatest,
  lower,
  length,
};

enum class Unit : std::uint8_t { minutes, hours, days, weeks, months, years };

struct Node {
  Op op{Op::null};
  bool negated{false};      // is not null, not in, not between, not like, ...
  bool ignore_case{false};  // of text operations
  Unit unit{Unit::days};
  std::uint32_t begin{0};  // bytes of the source
  std::uint32_t end{0};
  std::uint32_t level{1};  // height of the tree below and with it
  std::int64_t value{0};
  double real{0};
  Decimal decimal{0, 0};
  std::string text{};  // a column's name, a text
  std::vector<std::uint32_t> children{};
};

inline constexpr std::size_t longest_expression = 65'536;
inline constexpr std::size_t most_nodes = 10'000;
inline constexpr std::size_t deepest = 100;

/// Where an expression goes wrong; caught inside the stage and turned into a problem or an Error.
struct Fault {
  Code code;
  std::string message;
  std::string subject;
  std::size_t begin;
  std::size_t end;
};

/// Days since 1970-01-01 and UTC microseconds of a text; nullopt for anything else and outside 1900 to 2199.
[[nodiscard]] std::optional<std::int64_t> read_day(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::int64_t> read_instant(std::string_view text) noexcept;

/// \throws Fault
[[nodiscard]] Expression::Tree parse_tree(std::string_view text);

/// The problem with its place in the text worked out.
[[nodiscard]] ExpressionProblem problem_of(std::string_view text, const Fault& fault);
[[noreturn]] void raise(std::string_view text, const Fault& fault, const std::string& where);

}  // namespace classifying

struct Expression::Tree {
  std::string text;
  std::vector<classifying::Node> nodes;  // the last one is the root
  std::vector<std::string> columns;
};

}  // namespace klientela
