// Binds expressions to columns: checks the types and makes constants, patterns and answers for codes ready.
#include "classify/expression_program.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/misspelling.hpp"

namespace klientela::classifying {
namespace {

constexpr std::int64_t least_key = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most_key = std::numeric_limits<std::int64_t>::max();

bool is_number(Kind kind) {
  return kind == Kind::integer || kind == Kind::decimal || kind == Kind::real || kind == Kind::money;
}

std::string_view said(Kind kind) {
  switch (kind) {
    case Kind::null: return "null";
    case Kind::boolean: return "a boolean";
    case Kind::integer: return "a whole number";
    case Kind::decimal:
    case Kind::real: return "a number";
    case Kind::money: return "money";
    case Kind::text: return "text";
    case Kind::day: return "a day";
    case Kind::instant: return "an instant";
    case Kind::duration: return "a length of time";
  }
  return "null";
}

Kind kind_of(ColumnType type) {
  switch (type) {
    case ColumnType::boolean: return Kind::boolean;
    case ColumnType::int8:
    case ColumnType::int32:
    case ColumnType::int64: return Kind::integer;
    case ColumnType::float64: return Kind::real;
    case ColumnType::money: return Kind::money;
    case ColumnType::day: return Kind::day;
    case ColumnType::instant: return Kind::instant;
    case ColumnType::label:
    case ColumnType::term:
    case ColumnType::text: return Kind::text;
  }
  return Kind::null;
}

/// The largest whole number that is not above decimal * scale, and whether it is equal; saturates.
struct Floor {
  std::int64_t key;
  bool exact;
  bool above{false};  // the literal is larger than every key
  bool below{false};  // and smaller
};
Floor floor_of(const Decimal& decimal, std::int64_t scale) {
  Wide whole = Wide{decimal.digits} * scale;  // below 2^63 * 2^14
  for (int e = decimal.exponent; e > 0 && whole != 0; --e) {
    whole *= 10;
    if (whole > most_key) return {most_key, false, true, false};
    if (whole < least_key) return {least_key, false, false, true};
  }
  bool rest = false;
  for (int e = decimal.exponent; e < 0 && whole != 0; ++e) {
    rest = rest || whole % 10 != 0;
    whole /= 10;
  }
  if (rest && decimal.digits < 0) --whole;
  if (whole > most_key) return {most_key, false, true, false};
  if (whole < least_key) return {least_key, false, false, true};
  return {static_cast<std::int64_t>(whole), !rest};
}

}  // namespace

Op turned(Op op) noexcept {
  switch (op) {
    case Op::less: return Op::greater;
    case Op::less_equal: return Op::greater_equal;
    case Op::greater: return Op::less;
    case Op::greater_equal: return Op::less_equal;
    default: return op;
  }
}

KeyRange range_of(Op op, const Decimal& literal, std::int64_t scale) {
  constexpr KeyRange none{1, 0};
  constexpr KeyRange all{least_key, most_key};
  const Floor floor = floor_of(literal, scale);
  switch (op) {
    case Op::equal:
    case Op::unequal: return floor.exact ? KeyRange{floor.key, floor.key} : none;
    case Op::less_equal: return floor.above ? all : floor.below ? none : KeyRange{least_key, floor.key};
    case Op::less:
      if (floor.above) return all;
      if (floor.below) return none;
      if (!floor.exact) return {least_key, floor.key};
      return floor.key == least_key ? none : KeyRange{least_key, floor.key - 1};
    case Op::greater:
      if (floor.above) return none;
      if (floor.below) return all;
      return floor.key == most_key ? none : KeyRange{floor.key + 1, most_key};
    default:
      if (floor.above) return none;
      if (floor.below) return all;
      if (floor.exact) return {floor.key, most_key};
      return floor.key == most_key ? none : KeyRange{floor.key + 1, most_key};
  }
}

/// Walks the nodes from the leaves up.
struct Program::Checker {
  const Expression::Tree& tree;
  const Names& names;
  std::vector<Bound>& bound;
  std::vector<std::pair<std::string, std::optional<Column>>>& columns;

  [[noreturn]] void fail(std::uint32_t at, std::string message, Code code = Code::invalid_argument,
                         std::string subject = {}) const {
    throw Fault{code, std::move(message), std::move(subject), tree.nodes[at].begin, tree.nodes[at].end};
  }
  [[nodiscard]] Kind kind(std::uint32_t at) const { return bound[at].kind; }

  [[noreturn]] void unknown(std::uint32_t at, const std::string& name) const {
    std::vector<std::string> known;
    if (names.table)
      for (const Column& column : names.table->columns()) known.push_back(column.name());
    else
      for (const ExpressionColumn& column : *names.columns) known.push_back(column.name);
    known.insert(known.end(), names.absent.begin(), names.absent.end());
    std::string message = "there is no column \"" + name + '"';
    const std::string* const best = detail::nearest_name(name, known);
    if (best != nullptr) {
      message += "; did you mean \"" + *best + "\"?";
    } else if (name == "as_of") {
      message += ", the day that dates are compared with";
    } else {
      message += "; there are: ";
      for (std::size_t i = 0; i < known.size() && i < 40; ++i) message += (i == 0 ? "" : ", ") + known[i];
      if (known.size() > 40) message += ", ...";
      if (known.empty()) message += "none";
    }
    fail(at, std::move(message), Code::not_found, name);
  }

  void column(std::uint32_t at, Bound& node) const {
    const std::string& name = tree.nodes[at].text;
    const auto keep = [&](const std::optional<Column>& found) {
      for (const auto& [known, column] : columns)
        if (known == name) return;
      columns.emplace_back(name, found);
    };
    if (names.table) {
      if (const Column* found = names.table->find(name)) {
        node.kind = kind_of(found->type());
        node.column = *found;
        keep(*found);
        return;
      }
    } else if (names.columns) {
      for (const ExpressionColumn& each : *names.columns)
        if (each.name == name) {
          node.kind = kind_of(each.type);
          return;
        }
    } else {
      return;
    }
    if (std::find(names.absent.begin(), names.absent.end(), name) == names.absent.end()) unknown(at, name);
    keep(std::nullopt);
  }

  /// A text constant that stands beside a day or an instant is read as one.
  void read_moment(std::uint32_t text, Kind beside) const {
    Bound& node = bound[text];
    if (tree.nodes[text].op != Op::text || (beside != Kind::day && beside != Kind::instant)) return;
    const auto read = beside == Kind::day ? read_day(node.text) : read_instant(node.text);
    if (!read)
      fail(text, beside == Kind::day ? "a day is compared with a day like '2026-01-31'"
                                     : "an instant is compared with an instant like '2026-01-31T10:00:00Z'");
    node.op = beside == Kind::day ? Op::day : Op::instant;
    node.kind = beside;
    node.value = *read;
  }

  void comparable(std::uint32_t left, std::uint32_t right, bool ordered) const {
    read_moment(right, kind(left));
    read_moment(left, kind(right));
    const Kind a = kind(left);
    const Kind b = kind(right);
    if (a == Kind::duration || b == Kind::duration)
      fail(b == Kind::duration ? right : left,
           "a length of time can only be added to days or taken from them; a number of days is compared with a plain "
           "number");
    if (ordered && (a == Kind::boolean || b == Kind::boolean))
      fail(a == Kind::boolean ? left : right, "booleans have no order: compare them with = or !=");
    if (a == Kind::null || b == Kind::null || a == b || (is_number(a) && is_number(b))) return;
    std::string message = "cannot compare " + std::string(said(a)) + " with " + std::string(said(b));
    if (a == Kind::text && tree.nodes[left].op == Op::column && is_number(b))
      message += ": column " + tree.nodes[left].text + " holds text";
    fail(right, message);
  }

  void check_text(std::uint32_t at) const {
    if (kind(at) != Kind::text && kind(at) != Kind::null)
      fail(at, "expected text here, not " + std::string(said(kind(at))));
  }
  void check_boolean(std::uint32_t at) const {
    if (kind(at) != Kind::boolean && kind(at) != Kind::null)
      fail(at, "expected a condition here, not " + std::string(said(kind(at))));
  }

  [[nodiscard]] Kind sum(std::uint32_t at, const Bound& node) const {
    const std::uint32_t left = node.children[0];
    const std::uint32_t right = node.children[1];
    const Kind a = kind(left);
    const Kind b = kind(right);
    const bool add = node.op == Op::add;
    const auto is_time = [](Kind kind) { return kind == Kind::day || kind == Kind::instant; };
    if (b == Kind::duration && (is_time(a) || a == Kind::null)) {
      const bool short_unit = bound[right].unit == Unit::minutes || bound[right].unit == Unit::hours;
      if (a == Kind::day && short_unit) fail(right, "a day has no hours: add days, weeks, months or years");
      return a;
    }
    if (add && a == Kind::duration && (is_time(b) || b == Kind::null))
      fail(at, "write the day first, then the length of time");
    if (a == Kind::day && b == Kind::day && !add) return Kind::integer;
    if (a == Kind::duration || b == Kind::duration)
      fail(a == Kind::duration ? left : right, "a length of time can only be added to days or taken from them");
    if (a == Kind::null || b == Kind::null) {
      const Kind other = a == Kind::null ? b : a;
      if (other == Kind::null || is_number(other) || (other == Kind::day && !add)) return Kind::null;
      if (other == Kind::day || other == Kind::instant) return Kind::null;
    }
    if (is_time(a) && is_number(b)) fail(right, "say which unit, for example 90 days");
    if (!is_number(a) || !is_number(b)) clash(a, b, left, right, add ? "add" : "subtract");
    if (a == Kind::real || b == Kind::real) return Kind::real;
    if (a == Kind::integer && b == Kind::integer) return Kind::integer;
    const auto whole_units = [&](std::uint32_t each) {
      return kind(each) != Kind::decimal || floor_of(bound[each].decimal, Money::scale).exact;
    };
    if ((a == Kind::money || b == Kind::money) && whole_units(left) && whole_units(right)) return Kind::money;
    return Kind::real;
  }

  [[noreturn]] void clash(Kind a, Kind b, std::uint32_t left, std::uint32_t right, std::string_view verb) const {
    const bool first = !is_number(a);
    std::string message = "cannot " + std::string(verb) + ' ' + std::string(said(first ? a : b));
    fail(first ? left : right, message);
  }

  [[nodiscard]] Kind product(std::uint32_t at, const Bound& node) const {
    const std::uint32_t left = node.children[0];
    const std::uint32_t right = node.children[1];
    const Kind a = kind(left);
    const Kind b = kind(right);
    const bool multiply = node.op == Op::multiply;
    for (const std::uint32_t each : {left, right})
      if (!is_number(kind(each)) && kind(each) != Kind::null)
        clash(kind(each), kind(each), each, each, multiply ? "multiply" : "divide");
    if (a == Kind::null || b == Kind::null) return Kind::null;
    if (multiply && a == Kind::money && b == Kind::money) fail(at, "money times money means nothing");
    if (a == Kind::real || b == Kind::real) return Kind::real;
    if (multiply) {
      if (a == Kind::money || b == Kind::money) return Kind::money;
      return a == Kind::integer && b == Kind::integer ? Kind::integer : Kind::real;
    }
    return a == Kind::money && (b == Kind::integer || b == Kind::decimal) ? Kind::money : Kind::real;
  }

  /// The one kind that all arguments can be given as.
  [[nodiscard]] Kind common(const Bound& node) const {
    Kind found = Kind::null;
    bool fine = true;  // decimals have no more than four decimals
    for (const std::uint32_t child : node.children) {
      read_moment(child, found);
      const Kind next = kind(child);
      if (next == Kind::duration) fail(child, "a length of time can only be added to days or taken from them");
      if (next == Kind::decimal) fine = fine && floor_of(bound[child].decimal, Money::scale).exact;
      if (next == Kind::null || next == found) continue;
      if (found == Kind::null) {
        found = next;
      } else if (is_number(found) && is_number(next)) {
        const auto either = [&](Kind kind) { return found == kind || next == kind; };
        found = either(Kind::real)      ? Kind::real
                : either(Kind::money)   ? Kind::money
                : either(Kind::decimal) ? Kind::decimal
                                        : Kind::integer;
      } else {
        fail(child, "the values differ in type: " + std::string(said(found)) + " and " + std::string(said(next)));
      }
    }
    if (found == Kind::decimal || (found == Kind::money && !fine)) return Kind::real;
    return found;
  }

  void list(Bound& node) const {
    const std::uint32_t left = node.children[0];
    for (std::size_t c = 1; c < node.children.size(); ++c) comparable(left, node.children[c], false);
    const Kind of = kind(left);
    const std::int64_t scale = of == Kind::money ? Money::scale : 1;
    for (std::size_t c = 1; c < node.children.size(); ++c) {
      const Bound& item = bound[node.children[c]];
      if (of == Kind::text) {
        node.texts.insert(node.ignore_case ? lowered(item.text) : item.text);
      } else if (of == Kind::real || of == Kind::decimal) {
        node.reals.push_back(item.real);
      } else if (of == Kind::integer || of == Kind::money) {
        const Floor floor = floor_of(item.decimal, scale);
        if (floor.exact) node.keys.push_back(floor.key);
      } else {
        node.keys.push_back(item.value);
      }
    }
    std::sort(node.keys.begin(), node.keys.end());
    std::sort(node.reals.begin(), node.reals.end());
  }

  /// Whether the text of a node is one dictionary column's, as it is or in lower case.
  [[nodiscard]] std::int32_t dictionary(std::uint32_t at) const {
    while (bound[at].op == Op::lower) at = bound[at].children[0];
    const Bound& node = bound[at];
    if (node.op != Op::column || !node.column || node.column->type() == ColumnType::text) return -1;
    if (node.column->type() != ColumnType::label && node.column->type() != ColumnType::term) return -1;
    // Few rows over a long list: cheaper row by row.
    if (node.column->labels().size() > std::max<std::size_t>(node.column->size(), 64)) return -1;
    return static_cast<std::int32_t>(at);
  }

  void check(std::uint32_t at) const {
    const Node& from = tree.nodes[at];
    Bound& node = bound[at];
    node.op = from.op;
    node.unit = from.unit;
    node.negated = from.negated;
    node.ignore_case = from.ignore_case;
    node.value = from.value;
    node.real = from.real;
    node.decimal = from.decimal;
    node.children = from.children;
    const auto& children = node.children;
    switch (from.op) {
      case Op::column: column(at, node); break;
      case Op::null: break;
      case Op::boolean:
        node.kind = Kind::boolean;
        node.constant = true;
        break;
      case Op::integer:
        node.kind = Kind::integer;
        node.constant = true;
        break;
      case Op::decimal:
        node.kind = Kind::decimal;
        node.constant = true;
        break;
      case Op::text:
        node.kind = Kind::text;
        node.text = from.text;
        node.constant = true;
        break;
      case Op::day:
        node.kind = Kind::day;
        node.constant = true;
        break;
      case Op::instant:
        node.kind = Kind::instant;
        node.constant = true;
        break;
      case Op::duration: node.kind = Kind::duration; break;
      case Op::negate:
      case Op::absolute:
        if (kind(children[0]) != Kind::null && !is_number(kind(children[0])))
          fail(children[0], "expected a number here, not " + std::string(said(kind(children[0]))));
        node.kind = kind(children[0]) == Kind::decimal ? Kind::real : kind(children[0]);
        break;
      case Op::add:
      case Op::subtract: node.kind = sum(at, node); break;
      case Op::multiply:
      case Op::divide: node.kind = product(at, node); break;
      case Op::equal:
      case Op::unequal:
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
        comparable(children[0], children[1], from.op != Op::equal && from.op != Op::unequal);
        if (node.ignore_case) {
          check_text(children[0]);
          check_text(children[1]);
        }
        node.kind = Kind::boolean;
        break;
      case Op::between:
        comparable(children[0], children[1], true);
        comparable(children[0], children[2], true);
        node.kind = Kind::boolean;
        break;
      case Op::in:
        list(node);
        if (node.ignore_case) check_text(children[0]);
        node.kind = Kind::boolean;
        break;
      case Op::is_null: node.kind = Kind::boolean; break;
      case Op::contains:
      case Op::starts_with:
      case Op::ends_with:
      case Op::like:
      case Op::glob: {
        check_text(children[0]);
        const std::string& wanted = tree.nodes[children[1]].text;
        node.text = node.ignore_case ? lowered(wanted) : wanted;
        if (from.op == Op::like) node.pattern = Pattern::like(node.text);
        if (from.op == Op::glob) node.pattern = Pattern::glob(node.text);
        node.kind = Kind::boolean;
        break;
      }
      case Op::not_:
      case Op::and_:
      case Op::or_:
        for (const std::uint32_t child : children) check_boolean(child);
        node.kind = Kind::boolean;
        break;
      case Op::coalesce: node.kind = common(node); break;
      case Op::least:
      case Op::greatest:
        node.kind = common(node);
        if (node.kind == Kind::text || node.kind == Kind::boolean)
          fail(children[0], "expected numbers, money, days or instants here");
        break;
      case Op::lower:
        check_text(children[0]);
        node.kind = kind(children[0]);
        break;
      case Op::length:
        check_text(children[0]);
        node.kind = Kind::integer;
        break;
    }
  }

  /// What a text test gives for each code of its dictionary.
  void codes(const Program& program, Bound& node) const {
    std::int32_t coded = -1;
    std::uint32_t subject = 0;
    const auto& children = node.children;
    switch (node.op) {
      case Op::equal:
      case Op::unequal:
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal: {
        if (bound[children[0]].kind != Kind::text || bound[children[1]].kind != Kind::text) return;
        const bool first = bound[children[0]].constant;
        if (!first && !bound[children[1]].constant) return;
        if (first && !bound[children[1]].constant) {
          std::swap(node.children[0], node.children[1]);
          node.op = turned(node.op);
        }
        subject = node.children[0];
        const std::string& constant = bound[node.children[1]].text;
        node.text = node.ignore_case ? lowered(constant) : constant;
        coded = dictionary(subject);
        break;
      }
      case Op::in:
        if (bound[children[0]].kind != Kind::text) return;
        [[fallthrough]];
      case Op::contains:
      case Op::starts_with:
      case Op::ends_with:
      case Op::like:
      case Op::glob:
        subject = children[0];
        coded = dictionary(subject);
        break;
      default: return;
    }
    if (coded < 0) return;
    node.coded = coded;
    const bool lower = bound[subject].op == Op::lower;
    const Column& column = *bound[static_cast<std::size_t>(coded)].column;
    node.by_code.reserve(column.labels().size());
    for (const std::string& label : column.labels())
      node.by_code.push_back(program.text_holds(node, lower ? lowered(label) : label) ? 1 : 0);
  }
};

Program::Program(const Expression::Tree& tree, const Names& names) {
  bound_.resize(tree.nodes.size());
  const Checker checker{tree, names, bound_, columns_};
  for (std::uint32_t at = 0; at < tree.nodes.size(); ++at) checker.check(at);
  if (names.table)
    for (Bound& node : bound_) checker.codes(*this, node);
}

}  // namespace klientela::classifying
