// Reads expressions: a tokenizer and a precedence climber (Pratt). Written by hand rather than with a parser library:
// it is as long as a grammar with its actions would be, counts its own depth, and knows at every character what it
// would have expected there, which is what its errors say.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <utility>

#include "classify/expression_tree.hpp"
#include "classify/text_match.hpp"

namespace klientela::classifying {
namespace {

enum class Sign : std::uint8_t { end, name, quoted_name, number, text, symbol };

struct Token {
  Sign sign{Sign::end};
  std::size_t begin{0};
  std::size_t end{0};
  std::string value;  // of names in backquotes and of texts, without their quotes
};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool begins_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

[[noreturn]] void fail(std::size_t begin, std::size_t end, std::string message) {
  throw Fault{Code::bad_policy, std::move(message), {}, begin, end};
}

struct BinaryOperator {
  Op op;
  int power;  // how strongly it binds
};
constexpr int or_power = 1;
constexpr int and_power = 2;
constexpr int not_power = 3;
constexpr int comparison_power = 4;
constexpr int sum_power = 5;
constexpr int product_power = 6;
constexpr int sign_power = 7;

struct Function {
  std::string_view name;
  Op op;
  std::size_t least;
  std::size_t most;
};
constexpr Function functions[] = {{"coalesce", Op::coalesce, 1, 100}, {"abs", Op::absolute, 1, 1},
                                  {"least", Op::least, 1, 100},       {"greatest", Op::greatest, 1, 100},
                                  {"lower", Op::lower, 1, 1},         {"length", Op::length, 1, 1}};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    if (text.size() > longest_expression)
      fail(0, 1, "the expression is longer than " + std::to_string(longest_expression) + " bytes");
    if (const auto bad = bad_utf8(text)) fail(*bad, *bad + 1, "this byte is not UTF-8");
    next();
  }

  Expression::Tree parse() {
    if (token_.sign == Sign::end) fail(0, 0, "the expression is empty");
    static_cast<void>(expression(0));
    if (token_.sign != Sign::end) unexpected_after();
    tree_.text = text_;
    for (const Node& node : tree_.nodes)
      if (node.op == Op::column &&
          std::find(tree_.columns.begin(), tree_.columns.end(), node.text) == tree_.columns.end())
        tree_.columns.push_back(node.text);
    return std::move(tree_);
  }

 private:
  using Index = std::uint32_t;

  // Tokens.

  void next() {
    std::size_t at = token_.end;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\n' || text_[at] == '\r')) ++at;
    token_ = {};
    token_.begin = at;
    token_.end = at;
    if (at == text_.size()) return;
    const char c = text_[at];
    if (begins_name(c)) return name_token();
    if (is_digit(c)) return number_token();
    if (c == '\'' || c == '`') return quoted_token(c);
    token_.sign = Sign::symbol;
    token_.end = at + 1;
    const std::string_view two = text_.substr(at, 2);
    if (two == "<=" || two == ">=" || two == "<>" || two == "!=" || two == "==") {
      token_.end = at + 2;
      return;
    }
    if (std::string_view("()+-*/<>=,").find(c) != std::string_view::npos) return;
    if (two == "&&") fail(at, at + 2, "write \"and\"");
    if (two == "||") fail(at, at + 2, "write \"or\"");
    if (c == '!') fail(at, at + 1, "write \"not\"");
    if (c == '"')
      fail(at, at + 1, "texts stand in single quotes ('north'), names of columns that need it in backquotes (`a b`)");
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) fail(at, at + 1, "there is a control character here");
    fail(at, at + 1, std::string("there is no operator \"") + c + '"');
  }

  void name_token() {
    token_.sign = Sign::name;
    while (token_.end < text_.size() &&
           (begins_name(text_[token_.end]) || is_digit(text_[token_.end]) || text_[token_.end] == '.'))
      ++token_.end;
  }

  void number_token() {
    token_.sign = Sign::number;
    const auto digits = [&] {
      while (token_.end < text_.size() && is_digit(text_[token_.end])) ++token_.end;
    };
    digits();
    if (token_.end < text_.size() && text_[token_.end] == '.') {
      ++token_.end;
      if (token_.end == text_.size() || !is_digit(text_[token_.end]))
        fail(token_.end, token_.end + 1, "expected digits after the decimal point");
      digits();
    }
    if (token_.end < text_.size() && (text_[token_.end] == 'e' || text_[token_.end] == 'E')) {
      std::size_t at = token_.end + 1;
      if (at < text_.size() && (text_[at] == '+' || text_[at] == '-')) ++at;
      if (at < text_.size() && is_digit(text_[at])) {
        token_.end = at;
        digits();
      }
    }
    if (token_.end < text_.size() && begins_name(text_[token_.end]))
      fail(token_.end, token_.end + 1, "a number runs into a letter: put a blank between them");
    if (token_.end < text_.size() && text_[token_.end] == '.')
      fail(token_.end, token_.end + 1, "a number has one decimal point");
    if (token_.end - token_.begin > 400) fail(token_.begin, token_.end, "a number has at most 400 characters");
  }

  void quoted_token(char quote) {
    token_.sign = quote == '`' ? Sign::quoted_name : Sign::text;
    std::size_t at = token_.begin + 1;
    for (;; ++at) {
      if (at == text_.size())
        fail(token_.begin, token_.begin + 1,
             quote == '`' ? "the backquote is never closed" : "the text is never closed: a quote is missing");
      if (text_[at] == quote) {
        if (at + 1 == text_.size() || text_[at + 1] != quote) break;
        ++at;  // doubled: the quote itself
      }
      token_.value += text_[at];
    }
    token_.end = at + 1;
    if (quote == '`' && token_.value.empty()) fail(token_.begin, token_.end, "the name of the column is empty");
  }

  [[nodiscard]] std::string_view spelling() const { return text_.substr(token_.begin, token_.end - token_.begin); }
  [[nodiscard]] std::string shown() const {
    if (token_.sign == Sign::end) return "the end";
    std::string_view what = spelling();
    if (what.size() > 40) {
      std::size_t size = 40;
      while (size > 0 && (static_cast<unsigned char>(what[size]) & 0xC0U) == 0x80U) --size;
      return std::string(what.substr(0, size)) + "...";
    }
    return std::string(what);
  }
  /// Whether the token is this keyword, in any case.
  [[nodiscard]] bool is_word(std::string_view word) const {
    if (token_.sign != Sign::name || spelling().size() != word.size()) return false;
    return std::equal(word.begin(), word.end(), spelling().begin(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b); });
  }
  [[nodiscard]] bool is_symbol(std::string_view symbol) const {
    return token_.sign == Sign::symbol && spelling() == symbol;
  }
  [[noreturn]] void expected(std::string_view what) const {
    fail(token_.begin, token_.end, "expected " + std::string(what) + ", not " + shown());
  }
  void require_symbol(std::string_view symbol, std::string_view what) {
    if (!is_symbol(symbol)) expected(what);
    next();
  }
  void require_word(std::string_view word) {
    if (!is_word(word)) expected('"' + std::string(word) + '"');
    next();
  }

  // Nodes.

  Index add(Node node) {
    if (tree_.nodes.size() == most_nodes)
      fail(node.begin, node.end, "the expression has more than " + std::to_string(most_nodes) + " parts");
    for (const Index child : node.children) node.level = std::max(node.level, tree_.nodes[child].level + 1);
    if (node.level > deepest) too_deep(node.begin, node.end);
    tree_.nodes.push_back(std::move(node));
    return static_cast<Index>(tree_.nodes.size() - 1);
  }
  [[noreturn]] static void too_deep(std::size_t begin, std::size_t end) {
    fail(begin, end, "the expression is nested deeper than " + std::to_string(deepest) + " levels");
  }
  Index join(Op op, std::vector<Index> children, bool negated = false) {
    Node node;
    node.op = op;
    node.negated = negated;
    node.begin = tree_.nodes[children.front()].begin;
    node.end = tree_.nodes[children.back()].end;
    node.children = std::move(children);
    return add(std::move(node));
  }
  [[nodiscard]] Node leaf(Op op) const {
    Node node;
    node.op = op;
    node.begin = static_cast<std::uint32_t>(token_.begin);
    node.end = static_cast<std::uint32_t>(token_.end);
    return node;
  }

  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser.depth_ > deepest) too_deep(parser.token_.begin, parser.token_.end);
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  // Grammar.

  [[nodiscard]] std::optional<BinaryOperator> binary() const {
    if (is_word("or")) return BinaryOperator{Op::or_, or_power};
    if (is_word("and")) return BinaryOperator{Op::and_, and_power};
    if (is_symbol("=") || is_symbol("==")) return BinaryOperator{Op::equal, comparison_power};
    if (is_symbol("!=") || is_symbol("<>")) return BinaryOperator{Op::unequal, comparison_power};
    if (is_symbol("<")) return BinaryOperator{Op::less, comparison_power};
    if (is_symbol("<=")) return BinaryOperator{Op::less_equal, comparison_power};
    if (is_symbol(">")) return BinaryOperator{Op::greater, comparison_power};
    if (is_symbol(">=")) return BinaryOperator{Op::greater_equal, comparison_power};
    if (is_symbol("+")) return BinaryOperator{Op::add, sum_power};
    if (is_symbol("-")) return BinaryOperator{Op::subtract, sum_power};
    if (is_symbol("*")) return BinaryOperator{Op::multiply, product_power};
    if (is_symbol("/")) return BinaryOperator{Op::divide, product_power};
    return std::nullopt;
  }
  [[nodiscard]] bool is_predicate() const {
    for (const std::string_view word : {"in", "between", "is", "like", "glob", "contains", "starts", "ends"})
      if (is_word(word)) return true;
    return false;
  }

  Index expression(int power) {
    const Level level(*this);
    Index left = prefix();
    bool compared = false;  // comparisons are not chained
    for (;;) {
      if (is_predicate() || (is_word("not") && power <= comparison_power)) {
        if (power > comparison_power) return left;
        if (compared) chained();
        left = predicate(left);
        compared = true;
        continue;
      }
      const auto found = binary();
      if (!found || found->power < power) return left;
      if (found->power == comparison_power) {
        if (compared) chained();
        compared = true;
        const Op op = found->op;
        next();
        const Index right = expression(comparison_power + 1);
        left = ignoring(join(op, {left, right}));
        continue;
      }
      if (found->power < comparison_power) {
        // a and b and c: one node, so that long lists of conditions are not deep
        std::vector<Index> parts{left};
        while (const auto more = binary()) {
          if (more->op != found->op) break;
          next();
          parts.push_back(expression(found->power + 1));
        }
        left = join(found->op, std::move(parts));
        compared = false;
        continue;
      }
      next();
      left = join(found->op, {left, expression(found->power + 1)});
    }
  }

  [[noreturn]] void chained() const {
    fail(token_.begin, token_.end,
         "comparisons are not chained: write \"x between a and b\", or join two of them with \"and\"");
  }

  Index predicate(Index left) {
    bool negated = false;
    if (is_word("not")) {
      negated = true;
      next();
      if (!is_predicate() || is_word("is"))
        expected("in, between, like, glob, contains, starts with or ends with after \"not\"");
    }
    if (is_word("is")) {
      next();
      if (is_word("not")) {
        negated = true;
        next();
      }
      const std::size_t end = token_.end;
      if (!is_word("null")) expected("\"null\": a value is compared with =");
      next();
      const Index made = join(Op::is_null, {left}, negated);
      tree_.nodes[made].end = static_cast<std::uint32_t>(end);
      return made;
    }
    if (is_word("between")) {
      next();
      const Index low = expression(sum_power);
      require_word("and");
      const Index high = expression(sum_power);
      return join(Op::between, {left, low, high}, negated);
    }
    if (is_word("in")) {
      next();
      require_symbol("(", "a list in parentheses, such as ('a', 'b')");
      std::vector<Index> parts{left};
      std::size_t end = 0;
      do {
        if (parts.size() > 1) next();
        parts.push_back(expression(sum_power));
        const Node& item = tree_.nodes[parts.back()];
        if (item.op == Op::null) fail(item.begin, item.end, "null is equal to nothing: ask for it with \"is null\"");
        if (item.op != Op::integer && item.op != Op::decimal && item.op != Op::text && item.op != Op::day &&
            item.op != Op::instant && item.op != Op::boolean)
          fail(item.begin, item.end, "a list holds constants only");
      } while (is_symbol(","));
      end = token_.end;
      require_symbol(")", "\",\" or \")\" in the list");
      const Index made = join(Op::in, std::move(parts), negated);
      tree_.nodes[made].end = static_cast<std::uint32_t>(end);
      return ignoring(made);
    }
    Op op = Op::like;
    if (is_word("glob")) op = Op::glob;
    if (is_word("contains")) op = Op::contains;
    if (is_word("starts") || is_word("ends")) {
      op = is_word("starts") ? Op::starts_with : Op::ends_with;
      next();
      if (!is_word("with")) expected("\"with\"");
    }
    next();
    const Index right = expression(sum_power);
    const Node& wanted = tree_.nodes[right];
    if (wanted.op != Op::text) fail(wanted.begin, wanted.end, "expected a text in single quotes here");
    if (op == Op::like || op == Op::glob) {
      if (!(op == Op::like ? Pattern::like(wanted.text) : Pattern::glob(wanted.text)))
        fail(wanted.begin, wanted.end, "the pattern ends in a backslash, which takes the next character literally");
    }
    return ignoring(join(op, {left, right}, negated));
  }

  /// "ignoring case" after a text operation.
  Index ignoring(Index made) {
    if (!is_word("ignoring")) return made;
    next();
    tree_.nodes[made].ignore_case = true;
    tree_.nodes[made].end = static_cast<std::uint32_t>(token_.end);
    const Op op = tree_.nodes[made].op;
    if (op == Op::less || op == Op::less_equal || op == Op::greater || op == Op::greater_equal)
      fail(token_.begin, token_.end, "only = and != can ignore case");
    require_word("case");
    return made;
  }

  Index prefix() {
    if (is_word("not")) {
      const std::size_t begin = token_.begin;
      next();
      const Index made = join(Op::not_, {expression(not_power)});
      tree_.nodes[made].begin = static_cast<std::uint32_t>(begin);
      return made;
    }
    if (is_symbol("-") || is_symbol("+")) {
      const bool minus = is_symbol("-");
      const std::size_t begin = token_.begin;
      next();
      const Index operand = expression(sign_power);
      Node& node = tree_.nodes[operand];
      if (node.op == Op::integer || node.op == Op::decimal) {
        node.begin = static_cast<std::uint32_t>(begin);
        if (minus) {
          node.value = -node.value;  // never the smallest: literals begin at 0
          node.real = -node.real;
          node.decimal.digits = -node.decimal.digits;
        }
        return operand;
      }
      if (!minus) return operand;
      const Index made = join(Op::negate, {operand});
      tree_.nodes[made].begin = static_cast<std::uint32_t>(begin);
      return made;
    }
    if (is_symbol("(")) {
      const std::size_t begin = token_.begin;
      next();
      const Index inner = expression(0);
      const std::size_t end = token_.end;
      if (!is_symbol(")")) {
        if (token_.sign == Sign::end) fail(begin, begin + 1, "the parenthesis is never closed");
        expected("\")\" or an operator");
      }
      next();
      tree_.nodes[inner].begin = static_cast<std::uint32_t>(begin);
      tree_.nodes[inner].end = static_cast<std::uint32_t>(end);
      return inner;
    }
    if (token_.sign == Sign::number) return number();
    if (token_.sign == Sign::text) {
      Node node = leaf(Op::text);
      node.text = std::move(token_.value);
      next();
      return add(std::move(node));
    }
    if (token_.sign == Sign::quoted_name) {
      Node node = leaf(Op::column);
      node.text = std::move(token_.value);
      next();
      return add(std::move(node));
    }
    if (token_.sign == Sign::name) return named();
    expected("a column, a number, a text, a date or \"(\"");
  }
  Index named() {
    if (is_word("true") || is_word("false")) {
      Node node = leaf(Op::boolean);
      node.value = is_word("true") ? 1 : 0;
      next();
      return add(std::move(node));
    }
    if (is_word("null")) {
      const Node node = leaf(Op::null);
      next();
      return add(node);
    }
    for (const std::string_view word : {"and", "or", "in", "between", "is", "like", "glob", "contains", "ignoring"})
      if (is_word(word))
        expected("a column, a number, a text, a date or \"(\" (a column of this name is written in backquotes)");
    Node node = leaf(Op::column);
    const bool date = is_word("date");
    const bool timestamp = is_word("timestamp");
    node.text = spelling();
    next();
    if ((date || timestamp) && token_.sign == Sign::text) return moment(node.begin, timestamp);
    if (is_symbol("(")) return call(node);
    return add(std::move(node));
  }

  Index moment(std::size_t begin, bool timestamp) {
    Node node = leaf(timestamp ? Op::instant : Op::day);
    const auto read = timestamp ? read_instant(token_.value) : read_day(token_.value);
    if (!read)
      fail(token_.begin, token_.end,
           timestamp ? "is not an instant of 1900 to 2199 like '2026-01-31T10:00:00Z'"
                     : "is not a day of 1900 to 2199 like '2026-01-31'");
    node.value = *read;
    node.begin = static_cast<std::uint32_t>(begin);
    next();
    return add(std::move(node));
  }

  Index call(Node& name) {
    const auto* found = std::find_if(std::begin(functions), std::end(functions), [&](const Function& each) {
      return each.name.size() == name.text.size() && lowered(name.text) == each.name;
    });
    if (found == std::end(functions)) {
      std::string known;
      for (const Function& each : functions) known += (known.empty() ? "" : ", ") + std::string(each.name);
      fail(name.begin, name.end, "there is no function \"" + name.text + "\"; the functions: " + known);
    }
    next();
    std::vector<Index> arguments;
    if (!is_symbol(")")) {
      arguments.push_back(expression(0));
      while (is_symbol(",")) {
        next();
        arguments.push_back(expression(0));
      }
    }
    const std::size_t end = token_.end;
    require_symbol(")", "\",\" or \")\"");
    if (arguments.size() < found->least || arguments.size() > found->most)
      fail(name.begin, end,
           std::string(found->name) + " takes " +
               (found->least == found->most
                    ? std::to_string(found->least) + " value"
                    : std::to_string(found->least) + " to " + std::to_string(found->most) + " values") +
               ", not " + std::to_string(arguments.size()));
    const Index made = join(found->op, std::move(arguments));
    tree_.nodes[made].begin = name.begin;
    tree_.nodes[made].end = static_cast<std::uint32_t>(end);
    return made;
  }

  Index number() {
    Node node = leaf(Op::integer);
    const std::string_view digits = spelling();
    const auto* const begin = digits.data();
    const auto* const end = begin + digits.size();
    if (digits.find_first_of(".eE") == std::string_view::npos) {
      const auto [stop, error] = std::from_chars(begin, end, node.value);
      if (error == std::errc{} && stop == end) {
        node.real = static_cast<double>(node.value);
        node.decimal = {node.value, 0};
        next();
        return unit(std::move(node));
      }
    }
    node.op = Op::decimal;
    node.value = 0;
    const auto [stop, error] = std::from_chars(begin, end, node.real);
    if (error != std::errc{} || stop != end || !std::isfinite(node.real))
      fail(node.begin, node.end, "the number is out of range");
    node.decimal = written(digits).value_or(shortest_decimal(node.real));
    next();
    return unit(std::move(node));
  }

  /// The literal as it is written, where it has at most 18 digits that count.
  static std::optional<Decimal> written(std::string_view literal) {
    const std::size_t mark = std::min(literal.find_first_of("eE"), literal.size());
    Decimal decimal{0, 0};
    int digits = 0;
    bool point = false;
    int zeros = 0;  // not yet counted, they may end the number
    for (const char c : literal.substr(0, mark)) {
      if (c == '.') {
        point = true;
        continue;
      }
      if (point) --decimal.exponent;
      if (c == '0') {
        ++zeros;
        continue;
      }
      for (; zeros > 0; --zeros)
        if (decimal.digits != 0) {
          if (++digits > 18) return std::nullopt;
          decimal.digits *= 10;
        }
      if (++digits > 18) return std::nullopt;
      decimal.digits = decimal.digits * 10 + (c - '0');
    }
    if (decimal.digits == 0) return Decimal{0, 0};
    decimal.exponent += zeros;
    if (mark < literal.size()) {
      int exponent = 0;
      std::string_view rest = literal.substr(mark + 1);
      if (rest.starts_with('+')) rest.remove_prefix(1);
      const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
      if (error != std::errc{} || exponent > 400 || exponent < -400) return std::nullopt;
      decimal.exponent += exponent;
    }
    return decimal;
  }

  /// "90 days": a unit after a number.
  Index unit(Node node) {
    static constexpr std::pair<std::string_view, Unit> units[] = {{"minute", Unit::minutes}, {"hour", Unit::hours},
                                                                  {"day", Unit::days},       {"week", Unit::weeks},
                                                                  {"month", Unit::months},   {"year", Unit::years}};
    for (const auto& [word, unit] : units) {
      if (!is_word(word) && !is_word(std::string(word) + 's')) continue;
      if (node.op != Op::integer) fail(node.begin, node.end, "a length of time is a whole number of " + shown());
      if (node.value > 1'000'000) fail(node.begin, node.end, "a length of time is at most 1000000 " + shown());
      node.op = Op::duration;
      node.unit = unit;
      node.end = static_cast<std::uint32_t>(token_.end);
      next();
      break;
    }
    return add(std::move(node));
  }

  [[noreturn]] void unexpected_after() const {
    if (is_symbol(")")) fail(token_.begin, token_.end, "there is no \"(\" to this \")\"");
    expected("\"and\", \"or\", an operator or the end");
  }

  std::string_view text_;
  Token token_{};
  Expression::Tree tree_{};
  std::size_t depth_{0};
};

}  // namespace

Expression::Tree parse_tree(std::string_view text) { return Parser(text).parse(); }

}  // namespace klientela::classifying
