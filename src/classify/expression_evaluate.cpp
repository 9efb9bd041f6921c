// Evaluates bound expressions by blocks of rows; arithmetic that has no answer gives null.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "classify/expression_program.hpp"

namespace klientela::classifying {
namespace {

constexpr std::int64_t micros_of_day = 86'400'000'000;

/// One piece of the scratch stack for a scope.
class Held {
 public:
  explicit Held(Program::Scratch& scratch) : scratch_(scratch), numbers_(scratch.push()) {}
  ~Held() { scratch_.pop(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  [[nodiscard]] std::int64_t* exact() noexcept { return numbers_.exact; }
  [[nodiscard]] double* real() noexcept { return numbers_.real; }

 private:
  Program::Scratch& scratch_;
  Program::Scratch::Numbers& numbers_;
};

/// value rounded half-even after the division; nullopt where the divisor is zero or the result leaves int64.
std::optional<std::int64_t> divided(Wide value, Wide by) {
  if (by == 0) return std::nullopt;
  if (by < 0) {
    value = -value;
    by = -by;
  }
  Wide whole = value / by;
  Wide rest = value % by;
  if (rest < 0) {
    rest += by;
    --whole;
  }
  if (rest * 2 > by || (rest * 2 == by && whole % 2 != 0)) ++whole;
  if (whole > std::numeric_limits<std::int64_t>::max() || whole < -std::numeric_limits<std::int64_t>::max())
    return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

/// units * decimal, or units / decimal, exactly, rounded half-even. Decimals too long or too far from one overflow.
std::optional<std::int64_t> scaled(std::int64_t units, const Decimal& decimal, bool divide) {
  if (units == 0 && !(divide && decimal.digits == 0)) return 0;
  if (decimal.digits == 0) return divide ? std::nullopt : std::optional<std::int64_t>(0);
  // A value of at most 19 digits by one of at most 19, and a power of ten of at most 38 - 19.
  Wide above = Wide{units};
  Wide below = 1;
  int exponent = decimal.exponent;
  if (divide) {
    below = decimal.digits;
    exponent = -exponent;
  } else {
    above *= decimal.digits;
  }
  constexpr Wide most = std::numeric_limits<Wide>::max();
  for (; exponent > 0; --exponent) {
    if (above > most / 10 || above < -(most / 10)) return std::nullopt;
    above *= 10;
  }
  for (; exponent < 0; ++exponent) {
    if (below > most / 20 || below < -(most / 20)) {
      // |above| <= 2^126 < |below| * 10: less than one unit, and more than half of one only at the last step
      if (exponent < -1 || below > most / 5 || below < -(most / 5)) return 0;
      const bool more = (above < 0 ? -above : above) > 5 * (below < 0 ? -below : below);
      return more ? ((above < 0) == (below < 0) ? 1 : -1) : 0;
    }
    below *= 10;
  }
  return divided(above, below);
}

std::int64_t moved_day(std::int64_t days, Unit unit, std::int64_t count) {
  if (unit == Unit::days) return days + count;
  if (unit == Unit::weeks) return days + 7 * count;
  using namespace std::chrono;
  const sys_days day{std::chrono::days{days}};
  const year_month_day date{day};
  const std::int64_t months = count * (unit == Unit::years ? 12 : 1);
  const std::int64_t ordinal = std::int64_t{int{date.year()}} * 12 + unsigned{date.month()} - 1 + months;
  if (ordinal < 0 || ordinal > 12 * 9999) return std::numeric_limits<std::int64_t>::min();
  const year_month month{year{static_cast<int>(ordinal / 12)},
                         std::chrono::month{static_cast<unsigned>(ordinal % 12 + 1)}};
  const year_month_day_last last{month.year(), month_day_last{month.month()}};
  return sys_days{month / std::min(date.day(), last.day())}.time_since_epoch().count();
}

/// A day or instant moved; nullopt outside 1900 to 2199.
std::optional<std::int64_t> moved(Kind kind, std::int64_t at, Unit unit, std::int64_t count) {
  constexpr std::int64_t first = first_day.time_since_epoch().count();
  constexpr std::int64_t end = end_day.time_since_epoch().count();
  if (kind == Kind::day) {
    if (at < first || at >= end) return std::nullopt;
    const std::int64_t day = moved_day(at, unit, count);
    return day < first || day >= end ? std::nullopt : std::optional(day);
  }
  if (at < first * micros_of_day || at >= end * micros_of_day) return std::nullopt;
  std::int64_t result = 0;
  if (unit == Unit::minutes || unit == Unit::hours) {
    result = at + count * (unit == Unit::hours ? 3600 : 60) * 1'000'000;
  } else {
    std::int64_t day = at / micros_of_day;
    std::int64_t rest = at % micros_of_day;
    if (rest < 0) {
      rest += micros_of_day;
      --day;
    }
    const std::int64_t other = moved_day(day, unit, count);
    if (other < first || other >= end) return std::nullopt;
    result = other * micros_of_day + rest;
  }
  return result < first * micros_of_day || result >= end * micros_of_day ? std::nullopt : std::optional(result);
}

std::uint64_t validity_word(const std::uint8_t* valid, std::size_t row, std::size_t rows) {
  const std::size_t left = (rows + 7) / 8 - row / 8;
  std::uint64_t word = 0;
  std::memcpy(&word, valid + row / 8, std::min<std::size_t>(left, 8));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

std::int64_t scale_of(Kind kind) { return kind == Kind::money ? Money::scale : 1; }

bool text_compared(Op op, int order) {
  switch (op) {
    case Op::equal: return order == 0;
    case Op::unequal: return order != 0;
    case Op::less: return order < 0;
    case Op::less_equal: return order <= 0;
    case Op::greater: return order > 0;
    default: return order >= 0;
  }
}

}  // namespace

bool Program::text_holds(const Bound& node, std::string_view text) const {
  std::string low;
  if (node.ignore_case) {
    low = lowered(text);
    text = low;
  }
  bool holds = false;
  switch (node.op) {
    case Op::in: holds = node.texts.find(std::string(text)) != node.texts.end(); break;
    case Op::contains: holds = text.find(node.text) != std::string_view::npos; break;
    case Op::starts_with: holds = text.starts_with(node.text); break;
    case Op::ends_with: holds = text.ends_with(node.text); break;
    case Op::like:
    case Op::glob: holds = node.pattern->fits(text); break;
    default: holds = text_compared(node.op, text.compare(node.text)); break;
  }
  return holds != node.negated;
}

void Program::known_of(const Column& column, const Block& block, Mask& known) const {
  known = Mask::first(block.rows);
  if (const std::uint8_t* valid = column.validity()) {
    for (std::size_t w = 0; w * 64 < block.rows; ++w)
      known.word[w] &= validity_word(valid, block.begin + w * 64, column.size());
  }
  if (column.type() == ColumnType::float64) {
    Mask whole;
    finite(static_cast<const double*>(column.data()) + block.begin, block.rows, whole);
    known &= whole;
  }
}

bool Program::text_of(std::uint32_t at, std::size_t row, std::string_view& out, std::string& held) const {
  const Bound& node = bound_[at];
  switch (node.op) {
    case Op::column:
      if (!node.column || node.column->is_null(row)) return false;
      out = node.column->text(row);
      return true;
    case Op::text: out = node.text; return true;
    case Op::lower:
      if (!text_of(node.children[0], row, out, held)) return false;
      held = lowered(out);
      out = held;
      return true;
    case Op::coalesce:
      for (const std::uint32_t child : node.children)
        if (text_of(child, row, out, held)) return true;
      return false;
    default: return false;  // null
  }
}

void Program::known_values(std::uint32_t at, const Block& block, const Mask& active, Mask& known) const {
  const Bound& node = bound_[at];
  known = {};
  switch (node.kind) {
    case Kind::null:
    case Kind::duration: return;
    case Kind::boolean: {
      Truth truth_of;
      truth(at, block, active, truth_of);
      known = truth_of.yes;
      known |= truth_of.no;
      return;
    }
    case Kind::text:
      if (node.op == Op::column) {
        if (node.column) known_of(*node.column, block, known);
      } else {
        std::string_view text;
        std::string held;
        active.for_each([&](std::size_t i) {
          if (text_of(at, block.begin + i, text, held)) known.set(i);
        });
      }
      break;
    case Kind::real:
    case Kind::decimal: {
      Held values(block.scratch);
      reals(at, block, active, values.real(), known);
      break;
    }
    default: {
      if (node.op == Op::column) {
        known_of(*node.column, block, known);
        break;
      }
      Held values(block.scratch);
      exact(at, node.kind, block, active, values.exact(), known);
      break;
    }
  }
  known &= active;
}

void Program::column_keys(const Column& column, const Block& block, std::int64_t* out, Mask& known) const {
  const auto widen = [&](const auto* values) {
    values += block.begin;
    for (std::size_t i = 0; i < block.rows; ++i) out[i] = values[i];
  };
  switch (column.type()) {
    case ColumnType::int8: widen(static_cast<const std::int8_t*>(column.data())); break;
    case ColumnType::int32:
    case ColumnType::day: widen(static_cast<const std::int32_t*>(column.data())); break;
    default: widen(static_cast<const std::int64_t*>(column.data())); break;
  }
  known_of(column, block, known);
}

void Program::exact(std::uint32_t at, Kind as, const Block& block, const Mask& active, std::int64_t* out,
                    Mask& known) const {
  const Bound& node = bound_[at];
  const std::size_t rows = block.rows;
  // Rows whose arithmetic has no answer drop out of `known`.
  const auto each = [&](auto&& compute) {
    Mask left;
    known.for_each([&](std::size_t i) {
      if (const std::optional<std::int64_t> value = compute(i)) {
        out[i] = *value;
        left.set(i);
      }
    });
    known = left;
  };
  if (node.kind == Kind::null) {
    known = {};
    return;
  }
  if (node.constant) {
    std::int64_t value = node.value;
    if (as == Kind::money) {  // a literal: an integer that may be too large, or up to four decimals
      const auto units = scaled(Money::scale, node.decimal, false);
      known = units ? Mask::first(rows) : Mask{};
      value = units.value_or(0);
    } else {
      known = Mask::first(rows);
    }
    std::fill_n(out, rows, value);
    return;
  }
  if (as == Kind::money && node.kind == Kind::integer) {
    exact(at, Kind::integer, block, active, out, known);
    known &= active;
    each([&](std::size_t i) -> std::optional<std::int64_t> {
      std::int64_t value = 0;
      if (__builtin_mul_overflow(out[i], Money::scale, &value)) return std::nullopt;
      return value;
    });
    return;
  }
  switch (node.op) {
    case Op::column: column_keys(*node.column, block, out, known); return;
    case Op::negate:
    case Op::absolute: {
      exact(node.children[0], node.kind, block, active, out, known);
      known &= active;
      const bool always = node.op == Op::negate;
      each([&](std::size_t i) -> std::optional<std::int64_t> {
        if (out[i] == std::numeric_limits<std::int64_t>::min()) return std::nullopt;
        return always || out[i] < 0 ? -out[i] : out[i];
      });
      return;
    }
    case Op::add:
    case Op::subtract: {
      const Bound& right = bound_[node.children[1]];
      if (right.kind == Kind::duration) {
        exact(node.children[0], node.kind, block, active, out, known);
        known &= active;
        const std::int64_t count = node.op == Op::add ? right.value : -right.value;
        each([&](std::size_t i) { return moved(node.kind, out[i], right.unit, count); });
        return;
      }
      const Kind operands = bound_[node.children[0]].kind == Kind::day ? Kind::day : node.kind;
      Held other(block.scratch);
      Mask also;
      exact(node.children[0], operands, block, active, out, known);
      exact(node.children[1], operands, block, active, other.exact(), also);
      known &= also;
      known &= active;
      const bool add = node.op == Op::add;
      const std::int64_t* values = other.exact();
      each([&](std::size_t i) -> std::optional<std::int64_t> {
        std::int64_t value = 0;
        if (add ? __builtin_add_overflow(out[i], values[i], &value) : __builtin_sub_overflow(out[i], values[i], &value))
          return std::nullopt;
        return value;
      });
      return;
    }
    case Op::multiply:
    case Op::divide: {
      std::uint32_t money = node.children[0];
      std::uint32_t factor = node.children[1];
      if (node.kind == Kind::money && bound_[money].kind != Kind::money) std::swap(money, factor);
      exact(money, bound_[money].kind, block, active, out, known);
      if (bound_[factor].kind == Kind::decimal) {
        known &= active;
        const Decimal& decimal = bound_[factor].decimal;
        each([&](std::size_t i) { return scaled(out[i], decimal, node.op == Op::divide); });
        return;
      }
      Held other(block.scratch);
      Mask also;
      exact(factor, Kind::integer, block, active, other.exact(), also);
      known &= also;
      known &= active;
      const std::int64_t* values = other.exact();
      if (node.op == Op::divide) {
        each([&](std::size_t i) { return divided(out[i], values[i]); });
      } else {
        each([&](std::size_t i) -> std::optional<std::int64_t> {
          std::int64_t value = 0;
          if (__builtin_mul_overflow(out[i], values[i], &value)) return std::nullopt;
          return value;
        });
      }
      return;
    }
    case Op::coalesce:
    case Op::least:
    case Op::greatest: {
      Held other(block.scratch);
      bool first = true;
      for (const std::uint32_t child : node.children) {
        Mask also;
        std::int64_t* into = first ? out : other.exact();
        exact(child, node.kind, block, active, into, first ? known : also);
        if (first) {
          first = false;
          continue;
        }
        if (node.op == Op::coalesce) {
          Mask fresh = also;
          fresh.remove(known);
          fresh.for_each([&](std::size_t i) { out[i] = into[i]; });
          known |= also;
        } else {
          const bool least = node.op == Op::least;
          for (std::size_t i = 0; i < rows; ++i) out[i] = least ? std::min(out[i], into[i]) : std::max(out[i], into[i]);
          known &= also;
        }
      }
      return;
    }
    case Op::length: {
      known = {};
      std::string_view text;
      std::string held;
      active.for_each([&](std::size_t i) {
        if (!text_of(node.children[0], block.begin + i, text, held)) return;
        out[i] = static_cast<std::int64_t>(characters(text));
        known.set(i);
      });
      return;
    }
    default: known = {}; return;
  }
}

void Program::reals(std::uint32_t at, const Block& block, const Mask& active, double* out, Mask& known) const {
  const Bound& node = bound_[at];
  const std::size_t rows = block.rows;
  if (node.kind == Kind::null) {
    std::fill_n(out, rows, 0.0);
    known = {};
    return;
  }
  if (node.constant) {
    std::fill_n(out, rows, node.real);
    known = Mask::first(rows);
    return;
  }
  if (node.kind != Kind::real) {
    Held values(block.scratch);
    std::fill_n(values.exact(), rows, std::int64_t{0});
    exact(at, node.kind, block, active, values.exact(), known);
    const std::int64_t* from = values.exact();
    if (node.kind == Kind::money)
      for (std::size_t i = 0; i < rows; ++i) out[i] = static_cast<double>(from[i]) / Money::scale;
    else
      for (std::size_t i = 0; i < rows; ++i) out[i] = static_cast<double>(from[i]);
    return;
  }
  switch (node.op) {
    case Op::column: {
      const auto* values = static_cast<const double*>(node.column->data()) + block.begin;
      std::copy_n(values, rows, out);
      known_of(*node.column, block, known);
      return;
    }
    case Op::negate:
    case Op::absolute:
      reals(node.children[0], block, active, out, known);
      if (node.op == Op::negate)
        for (std::size_t i = 0; i < rows; ++i) out[i] = -out[i];
      else
        for (std::size_t i = 0; i < rows; ++i) out[i] = std::fabs(out[i]);
      return;
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide: {
      Held other(block.scratch);
      Mask also;
      reals(node.children[0], block, active, out, known);
      reals(node.children[1], block, active, other.real(), also);
      known &= also;
      const double* values = other.real();
      switch (node.op) {
        case Op::add:
          for (std::size_t i = 0; i < rows; ++i) out[i] += values[i];
          break;
        case Op::subtract:
          for (std::size_t i = 0; i < rows; ++i) out[i] -= values[i];
          break;
        case Op::multiply:
          for (std::size_t i = 0; i < rows; ++i) out[i] *= values[i];
          break;
        default:  // by zero: infinite or no number, neither of them finite
          for (std::size_t i = 0; i < rows; ++i) out[i] /= values[i];
          break;
      }
      Mask whole;
      finite(out, rows, whole);
      known &= whole;
      return;
    }
    case Op::coalesce:
    case Op::least:
    case Op::greatest: {
      Held other(block.scratch);
      bool first = true;
      for (const std::uint32_t child : node.children) {
        Mask also;
        double* into = first ? out : other.real();
        reals(child, block, active, into, first ? known : also);
        if (first) {
          first = false;
          continue;
        }
        if (node.op == Op::coalesce) {
          Mask fresh = also;
          fresh.remove(known);
          fresh.for_each([&](std::size_t i) { out[i] = into[i]; });
          known |= also;
        } else {
          const bool least = node.op == Op::least;
          for (std::size_t i = 0; i < rows; ++i) out[i] = (into[i] < out[i]) == least ? into[i] : out[i];
          known &= also;
        }
      }
      return;
    }
    default: known = {}; return;
  }
}

void Program::column_hits(const Column& column, KeyRange range, const Block& block, std::uint8_t* hits) const {
  const auto look = [&](const auto* values) { hits_in(values + block.begin, block.rows, range, hits); };
  switch (column.type()) {
    case ColumnType::int8: look(static_cast<const std::int8_t*>(column.data())); break;
    case ColumnType::int32:
    case ColumnType::day: look(static_cast<const std::int32_t*>(column.data())); break;
    default: look(static_cast<const std::int64_t*>(column.data())); break;
  }
}

void Program::compare(Op op, std::uint32_t left, std::uint32_t right, const Block& block, const Mask& active,
                      Truth& out) const {
  if (bound_[left].constant && !bound_[right].constant) {
    std::swap(left, right);
    op = turned(op);
  }
  const Bound& a = bound_[left];
  const Bound& b = bound_[right];
  Mask hit;
  Mask known;
  const auto answer = [&] {
    known &= active;
    out.yes = hit;
    out.yes &= known;
    out.no = known;
    out.no.remove(hit);
  };
  if (a.kind == Kind::null || b.kind == Kind::null) return answer();
  if (a.kind == Kind::boolean) {
    Truth other;
    Truth one;
    truth(left, block, active, one);
    truth(right, block, active, other);
    const bool equal = op == Op::equal;
    for (std::size_t w = 0; w < Mask::words; ++w) {
      const std::uint64_t same = (one.yes.word[w] & other.yes.word[w]) | (one.no.word[w] & other.no.word[w]);
      const std::uint64_t differ = (one.yes.word[w] & other.no.word[w]) | (one.no.word[w] & other.yes.word[w]);
      out.yes.word[w] = equal ? same : differ;
      out.no.word[w] = equal ? differ : same;
    }
    return;
  }
  std::uint8_t* hits = block.scratch.bytes;
  const bool exact_left = a.kind != Kind::real && a.kind != Kind::decimal;
  const bool exact_right = b.kind != Kind::real && b.kind != Kind::decimal;
  if (b.constant && exact_left) {
    const Decimal constant = b.kind == Kind::day || b.kind == Kind::instant ? Decimal{b.value, 0} : b.decimal;
    const KeyRange range = range_of(op, constant, scale_of(a.kind));
    if (a.op == Op::column) {
      known_of(*a.column, block, known);
      column_hits(*a.column, range, block, hits);
    } else {
      Held values(block.scratch);
      std::fill_n(values.exact(), block.rows, std::int64_t{0});
      exact(left, a.kind, block, active, values.exact(), known);
      hits_in(values.exact(), block.rows, range, hits);
    }
    pack(hits, block.rows, hit);
    if (op == Op::unequal)
      for (std::uint64_t& word : hit.word) word = ~word;
    return answer();
  }
  Mask also;
  Held one(block.scratch);
  Held other(block.scratch);
  if (exact_left && exact_right) {
    std::fill_n(one.exact(), block.rows, std::int64_t{0});
    std::fill_n(other.exact(), block.rows, std::int64_t{0});
    exact(left, a.kind, block, active, one.exact(), known);
    exact(right, b.kind, block, active, other.exact(), also);
    known &= also;
    if (a.kind == b.kind) {
      hits_compared(op, one.exact(), other.exact(), block.rows, block.scratch.bytes);
      pack(block.scratch.bytes, block.rows, hit);
    } else {  // money and whole numbers: in the units of both
      for (std::size_t i = 0; i < block.rows; ++i) {
        const Wide x = Wide{one.exact()[i]} * (a.kind == Kind::integer ? Money::scale : 1);
        const Wide y = Wide{other.exact()[i]} * (b.kind == Kind::integer ? Money::scale : 1);
        if (text_compared(op, x < y ? -1 : x > y ? 1 : 0)) hit.set(i);
      }
    }
    return answer();
  }
  reals(left, block, active, one.real(), known);
  reals(right, block, active, other.real(), also);
  known &= also;
  hits_compared(op, one.real(), other.real(), block.rows, block.scratch.bytes);
  pack(block.scratch.bytes, block.rows, hit);
  answer();
}

void Program::in_list(const Bound& node, const Block& block, const Mask& active, Truth& out) const {
  const std::uint32_t left = node.children[0];
  const Kind kind = bound_[left].kind;
  Mask known;
  Mask hit;
  if (kind == Kind::boolean) {
    Truth one;
    truth(left, block, active, one);
    known = one.yes;
    known |= one.no;
    for (const std::int64_t key : node.keys) hit |= key != 0 ? one.yes : one.no;
  } else if (kind == Kind::real || kind == Kind::decimal) {
    Held values(block.scratch);
    reals(left, block, active, values.real(), known);
    known &= active;
    known.for_each([&](std::size_t i) {
      if (std::binary_search(node.reals.begin(), node.reals.end(), values.real()[i])) hit.set(i);
    });
  } else if (kind != Kind::null) {
    Held values(block.scratch);
    exact(left, kind, block, active, values.exact(), known);
    known &= active;
    known.for_each([&](std::size_t i) {
      if (std::binary_search(node.keys.begin(), node.keys.end(), values.exact()[i])) hit.set(i);
    });
  }
  known &= active;
  out.yes = known;
  out.no = known;
  if (node.negated) {
    out.yes.remove(hit);
    out.no &= hit;
  } else {
    out.yes &= hit;
    out.no.remove(hit);
  }
}

void Program::text_test(const Bound& node, const Block& block, const Mask& active, Truth& out) const {
  Mask known;
  Mask hit;
  if (node.coded >= 0) {
    const Column& column = *bound_[static_cast<std::size_t>(node.coded)].column;
    known_of(column, block, known);
    known &= active;
    if (column.type() == ColumnType::label)
      hits_coded(static_cast<const std::uint16_t*>(column.data()) + block.begin, block.rows, node.by_code,
                 block.scratch.bytes);
    else
      hits_coded(static_cast<const std::uint32_t*>(column.data()) + block.begin, block.rows, node.by_code,
                 block.scratch.bytes);
    pack(block.scratch.bytes, block.rows, hit);
  } else {
    std::string_view text;
    std::string held;
    const bool compares = node.op == Op::equal || node.op == Op::unequal || node.op == Op::less ||
                          node.op == Op::less_equal || node.op == Op::greater || node.op == Op::greater_equal;
    if (compares && !bound_[node.children[1]].constant) {
      std::string_view other;
      std::string held_other;
      active.for_each([&](std::size_t i) {
        if (!text_of(node.children[0], block.begin + i, text, held) ||
            !text_of(node.children[1], block.begin + i, other, held_other))
          return;
        known.set(i);
        const int order = node.ignore_case ? lowered(text).compare(lowered(other)) : text.compare(other);
        if (text_compared(node.op, order)) hit.set(i);
      });
    } else {
      active.for_each([&](std::size_t i) {
        if (!text_of(node.children[0], block.begin + i, text, held)) return;
        known.set(i);
        if (text_holds(node, text)) hit.set(i);
      });
    }
  }
  out.yes = known;
  out.yes &= hit;
  out.no = known;
  out.no.remove(hit);
}

void Program::truth(std::uint32_t at, const Block& block, const Mask& active, Truth& out) const {
  const Bound& node = bound_[at];
  out = {};
  if (!active.any()) return;
  switch (node.op) {
    case Op::boolean: (node.value != 0 ? out.yes : out.no) = active; return;
    case Op::column: {
      if (!node.column) return;
      Mask known;
      known_of(*node.column, block, known);
      known &= active;
      const auto* values = static_cast<const std::uint8_t*>(node.column->data()) + block.begin;
      hits_in(values, block.rows, {1, 255}, block.scratch.bytes);
      pack(block.scratch.bytes, block.rows, out.yes);
      out.yes &= known;
      out.no = known;
      out.no.remove(out.yes);
      return;
    }
    case Op::not_:
      truth(node.children[0], block, active, out);
      std::swap(out.yes, out.no);
      return;
    case Op::and_:
    case Op::or_: {
      const bool all = node.op == Op::and_;
      Mask left = active;  // rows that are not decided yet
      Truth part;
      bool first = true;
      for (const std::uint32_t child : node.children) {
        truth(child, block, left, part);
        if (!all) std::swap(part.yes, part.no);  // or is and, turned over
        if (first) {
          out = part;
          first = false;
        } else {
          out.yes &= part.yes;
          out.no |= part.no;
        }
        left.remove(part.no);
        if (!left.any()) break;
      }
      if (!all) std::swap(out.yes, out.no);
      return;
    }
    case Op::is_null: {
      Mask known;
      known_values(node.children[0], block, active, known);
      out.no = known;
      out.yes = active;
      out.yes.remove(known);
      if (node.negated) std::swap(out.yes, out.no);
      return;
    }
    case Op::between: {
      Truth low;
      compare(Op::greater_equal, node.children[0], node.children[1], block, active, low);
      Mask left = active;
      left.remove(low.no);
      compare(Op::less_equal, node.children[0], node.children[2], block, left, out);
      out.yes &= low.yes;
      out.no |= low.no;
      if (node.negated) std::swap(out.yes, out.no);
      return;
    }
    case Op::equal:
    case Op::unequal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
      if (bound_[node.children[0]].kind == Kind::text && bound_[node.children[1]].kind == Kind::text)
        return text_test(node, block, active, out);
      return compare(node.op, node.children[0], node.children[1], block, active, out);
    case Op::in:
      if (bound_[node.children[0]].kind == Kind::text) return text_test(node, block, active, out);
      return in_list(node, block, active, out);
    case Op::contains:
    case Op::starts_with:
    case Op::ends_with:
    case Op::like:
    case Op::glob: return text_test(node, block, active, out);
    case Op::coalesce: {
      Mask left = active;
      Truth part;
      for (const std::uint32_t child : node.children) {
        truth(child, block, left, part);
        out.yes |= part.yes;
        out.no |= part.no;
        left.remove(part.yes);
        left.remove(part.no);
      }
      return;
    }
    default: return;  // null
  }
}

void Program::truth(std::size_t begin, std::size_t end, const Mask& active, Scratch& scratch, Truth& out) const {
  truth(static_cast<std::uint32_t>(bound_.size() - 1), Block{begin, end - begin, scratch}, active, out);
}

void Program::exact(std::size_t begin, std::size_t end, const Mask& active, Scratch& scratch, std::int64_t* out,
                    Mask& known) const {
  std::fill_n(out, end - begin, std::int64_t{0});
  exact(static_cast<std::uint32_t>(bound_.size() - 1), kind(), Block{begin, end - begin, scratch}, active, out, known);
  known &= active;
}

void Program::real(std::size_t begin, std::size_t end, const Mask& active, Scratch& scratch, double* out,
                   Mask& known) const {
  reals(static_cast<std::uint32_t>(bound_.size() - 1), Block{begin, end - begin, scratch}, active, out, known);
  known &= active;
}

std::optional<std::string> Program::text(std::size_t row) const {
  std::string_view text;
  std::string held;
  if (!text_of(static_cast<std::uint32_t>(bound_.size() - 1), row, text, held)) return std::nullopt;
  return std::string(text);
}

}  // namespace klientela::classifying
