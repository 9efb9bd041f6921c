// Exact edges: fractions of whole units, floors in any unit, and text.
#include "klientela/classify/threshold.hpp"

#include <charconv>
#include <numeric>

#include "classify/decimal.hpp"

namespace klientela {

Threshold Threshold::exact(std::int64_t units, std::int64_t scale, std::uint32_t numerator, std::uint32_t denominator) {
  if ((scale != 1 && scale != Money::scale) || denominator == 0 || numerator >= denominator)
    throw Error(Code::invalid_argument, "an edge has a scale of 1 or 10000 and a fraction below one", "threshold");
  const std::uint32_t common = std::gcd(numerator, denominator);
  Threshold edge;
  edge.form_ = Form::exact;
  edge.units_ = units;
  edge.scale_ = scale;
  edge.numerator_ = numerator / common;
  edge.denominator_ = denominator / common;
  return edge;
}

Threshold Threshold::real(double value) {
  if (!std::isfinite(value)) throw Error(Code::invalid_argument, "an edge must be a finite number", "threshold");
  Threshold edge;
  edge.form_ = Form::real;
  edge.real_ = value + 0.0;  // no negative zero
  return edge;
}

std::int64_t Threshold::floor_units(std::int64_t scale) const {
  switch (form_) {
    case Form::lowest: return std::numeric_limits<std::int64_t>::min();
    case Form::real: return classifying::floor_scaled(real_, scale);
    case Form::exact: break;
  }
  if (scale == scale_) return units_;
  if (scale < scale_) {  // whole units of 10000: the fraction is lost in the floor
    const std::int64_t ratio = scale_ / scale;
    return units_ / ratio - (units_ % ratio < 0 ? 1 : 0);
  }
  __extension__ using Wide = __int128;
  const std::int64_t ratio = scale / scale_;
  const Wide wide = Wide{units_} * ratio + Wide{numerator_} * ratio / denominator_;
  if (wide > std::numeric_limits<std::int64_t>::max()) return std::numeric_limits<std::int64_t>::max();
  if (wide < std::numeric_limits<std::int64_t>::min()) return std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(wide);
}

double Threshold::to_double() const noexcept {
  switch (form_) {
    case Form::lowest: return -std::numeric_limits<double>::infinity();
    case Form::real: return real_;
    case Form::exact: break;
  }
  if (numerator_ == 0) return static_cast<double>(units_) / static_cast<double>(scale_);
  return (static_cast<double>(units_) + static_cast<double>(numerator_) / denominator_) / static_cast<double>(scale_);
}

std::string Threshold::to_text() const {
  if (form_ == Form::lowest) return {};
  if (form_ == Form::real) return classifying::shortest(real_);
  const bool money = scale_ != 1;
  if (numerator_ == 0) return classifying::decimal_text(units_, money ? Money::decimals : 0);
  // Extend the decimals while the denominator allows it.
  __extension__ using Wide = __int128;
  Wide digits = Wide{units_} * denominator_ + numerator_;
  std::uint64_t denominator = denominator_;
  int decimals = money ? Money::decimals : 0;
  std::uint32_t rest = denominator_;
  while (rest % 2 == 0) rest /= 2;
  while (rest % 5 == 0) rest /= 5;
  if (rest == 1) {
    while (digits % denominator != 0) {
      const bool even = denominator % 2 == 0;
      const bool five = denominator % 5 == 0;
      if (even && five)
        denominator /= 10;
      else if (even) {
        digits *= 5;
        denominator /= 2;
      } else {
        digits *= 2;
        denominator /= 5;
      }
      ++decimals;
    }
    return classifying::decimal_text(digits / denominator, decimals);
  }
  std::string text = classifying::decimal_text(units_, decimals);
  if (money) return text;
  if (units_ >= 0) return text + ' ' + std::to_string(numerator_) + '/' + std::to_string(denominator_);
  // -3 + 1/3 reads -2 2/3
  const std::int64_t whole = -(units_ + 1);
  return '-' + (whole ? std::to_string(whole) + ' ' : std::string()) + std::to_string(denominator_ - numerator_) + '/' +
         std::to_string(denominator_);
}

std::int64_t units_per_one(ColumnType type) {
  switch (type) {
    case ColumnType::boolean:
    case ColumnType::int8:
    case ColumnType::int32:
    case ColumnType::int64:
    case ColumnType::day: return 1;
    case ColumnType::money: return Money::scale;
    case ColumnType::float64: return 0;
    default: break;
  }
  throw Error(Code::invalid_argument, "a column of type " + std::string(name(type)) + " is not a number");
}

}  // namespace klientela
