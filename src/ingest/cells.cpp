// Reading single cells: the slow, complete way, which the block kernels fall back to.
#include "ingest/cells.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/utf8.hpp"

namespace klientela::detail {

namespace {

__extension__ using Int128 = __int128;
__extension__ using Wide = unsigned __int128;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

/// A decimal of any width as hi * 2^64 + lo where it fits 128 bits.
bool decimal_value(const ArrayView& array, std::int64_t i, Int128& out) noexcept {
  const auto join = [](std::int64_t high, std::uint64_t low) {
    return static_cast<Int128>(static_cast<Wide>(static_cast<Int128>(high)) << 64 | low);
  };
  switch (array.type->kind) {
    case Kind::decimal32: out = array.values<std::int32_t>()[i]; return true;
    case Kind::decimal64: out = array.values<std::int64_t>()[i]; return true;
    case Kind::decimal128: {
      std::array<std::int64_t, 2> words;
      std::memcpy(words.data(), static_cast<const char*>(array.data) + 16 * (array.offset + i), 16);
      out = join(words[1], static_cast<std::uint64_t>(words[0]));
      return true;
    }
    default: {
      std::array<std::int64_t, 4> words;
      std::memcpy(words.data(), static_cast<const char*>(array.data) + 32 * (array.offset + i), 32);
      out = join(words[1], static_cast<std::uint64_t>(words[0]));
      const std::int64_t sign = words[1] < 0 ? -1 : 0;
      return words[2] == sign && words[3] == sign;
    }
  }
}

std::string decimal_text(Int128 value, int scale) {
  const bool negative = value < 0;
  auto size = negative ? 0 - static_cast<Wide>(value) : static_cast<Wide>(value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(size % 10)));
    size /= 10;
  } while (size != 0);
  if (scale > 0) {
    const auto places = static_cast<std::size_t>(scale);
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  } else if (scale < 0 && digits != "0") {
    digits.append(static_cast<std::size_t>(-scale), '0');
  }
  return (negative ? "-" : "") + digits;
}

Mark scaled_wide(Int128 value, int scale, std::int64_t& out) noexcept {
  out = null_number;
  if (value == 0) {
    out = 0;
    return fine;
  }
  for (; scale > Money::decimals; --scale) {
    if (value % 10 != 0) return mark(RejectReason::too_many_decimals);
    value /= 10;
  }
  constexpr Int128 limit = std::numeric_limits<std::int64_t>::max();
  for (; scale < Money::decimals; ++scale) {
    if (value > limit || value < -limit) return mark(RejectReason::overflow);
    value *= 10;
  }
  if (value > limit || value < -limit) return mark(RejectReason::overflow);
  out = static_cast<std::int64_t>(value);
  return fine;
}

Mark number_of(double value, std::int64_t& out) noexcept {
  out = null_number;
  if (!std::isfinite(value)) return mark(RejectReason::not_a_number);
  const auto money = Money::from_double(value);
  if (!money) return mark(RejectReason::overflow);
  out = money->units();
  return fine;
}

double float_at(const ArrayView& array, std::int64_t i) noexcept {
  switch (array.type->kind) {
    case Kind::half: return from_half(array.values<std::uint16_t>()[i]);
    case Kind::float32: return array.values<float>()[i];
    default: return array.values<double>()[i];
  }
}

/// Any integer but the upper half of uint64.
bool whole_at(const ArrayView& array, std::int64_t i, std::int64_t& out) noexcept {
  switch (array.type->kind) {
    case Kind::int8: out = array.values<std::int8_t>()[i]; return true;
    case Kind::int16: out = array.values<std::int16_t>()[i]; return true;
    case Kind::int32: out = array.values<std::int32_t>()[i]; return true;
    case Kind::int64: out = array.values<std::int64_t>()[i]; return true;
    case Kind::uint8: out = array.values<std::uint8_t>()[i]; return true;
    case Kind::uint16: out = array.values<std::uint16_t>()[i]; return true;
    case Kind::uint32: out = array.values<std::uint32_t>()[i]; return true;
    case Kind::uint64: {
      const std::uint64_t value = array.values<std::uint64_t>()[i];
      out = static_cast<std::int64_t>(value);
      return out >= 0;
    }
    default: return false;
  }
}

/// Size of the thousands separator that a text begins with; 0 where it begins with none.
std::size_t separator_size(std::string_view text, bool decimal_comma) noexcept {
  const char first = text.front();
  if (first == ' ' || first == '\'' || first == (decimal_comma ? '.' : ',')) return 1;
  // No-break, figure, thin and narrow no-break space, and the typographic apostrophe.
  for (const std::string_view each : {"\xC2\xA0", "\xE2\x80\x87", "\xE2\x80\x89", "\xE2\x80\xAF", "\xE2\x80\x99"})
    if (text.starts_with(each)) return each.size();
  return 0;
}

/// The number as Money reads it, with a point and nothing between its thousands; none where they are grouped wrongly.
std::optional<std::string> plain_number(std::string_view text, bool decimal_comma) {
  std::string plain;
  if (text.starts_with('-') || text.starts_with('+')) {
    plain += text.front();
    text.remove_prefix(1);
  }
  const std::size_t first_digit = plain.size();
  std::string_view separator;
  std::size_t digits = 0;  // of the group
  while (!text.empty() && text.front() != (decimal_comma ? ',' : '.')) {
    if (text.front() >= '0' && text.front() <= '9') {
      plain += text.front();
      ++digits;
      text.remove_prefix(1);
      continue;
    }
    const std::size_t size = separator_size(text, decimal_comma);
    const bool good = separator.empty() ? digits > 0 && digits <= 3 && plain[first_digit] != '0'
                                        : digits == 3 && text.starts_with(separator);
    if (size == 0 || !good) return std::nullopt;
    separator = text.substr(0, size);
    digits = 0;
    text.remove_prefix(size);
  }
  if (!separator.empty() && digits != 3) return std::nullopt;
  if (!text.empty()) plain.append(1, '.').append(text.substr(1));
  return plain;
}

Mark number_of(std::string_view text, const Reading& reading, std::int64_t& out) {
  out = null_number;
  text = trimmed(text);
  if (text.empty()) return fine;
  std::optional<Money> money;
  if (!reading.decimal_comma) money = Money::from_text(text);
  std::optional<std::string> plain;
  if (!money) {
    plain = plain_number(text, reading.decimal_comma);
    if (!plain) return mark(RejectReason::not_a_number);
    text = *plain;
    money = Money::from_text(text);
  }
  if (money) {
    out = money->units();
    return fine;
  }
  // Well-formed, but not with four decimals in int64?
  std::size_t i = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  bool digit = false;
  bool point = false;
  std::size_t places = 0;
  bool beyond = false;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !point) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      digit = true;
      places += point ? 1 : 0;
      beyond = beyond || (places > 4 && text[i] != '0');
    } else {
      return mark(RejectReason::not_a_number);
    }
  }
  if (!digit) return mark(RejectReason::not_a_number);
  return mark(beyond ? RejectReason::too_many_decimals : RejectReason::overflow);
}

/// Reads `digits` digits.
bool read_digits(std::string_view& text, std::size_t digits, int& out) noexcept {
  if (text.size() < digits) return false;
  out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool skip(std::string_view& text, char c) noexcept {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

struct WallTime {
  std::int64_t micros{0};  // on the clock
  bool zoned{false};
  std::int64_t offset{0};  // microseconds to subtract where zoned
};

std::optional<std::int64_t> day_number(int year, int month, int day) noexcept {
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return Day{date}.time_since_epoch().count();
}

/// "2026-11-21", "2026-11-21 10:00", "2026-11-21T10:00:00.5+03:00"
std::optional<WallTime> iso_time(std::string_view text) noexcept {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!read_digits(text, 4, year) || !skip(text, '-') || !read_digits(text, 2, month) || !skip(text, '-') ||
      !read_digits(text, 2, day))
    return std::nullopt;
  const auto number = day_number(year, month, day);
  if (!number) return std::nullopt;
  WallTime out;
  out.micros = *number * micros_per_day;
  if (text.empty()) return out;
  if (!skip(text, 'T') && !skip(text, 't') && !skip(text, ' ')) return std::nullopt;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!read_digits(text, 2, hour) || !skip(text, ':') || !read_digits(text, 2, minute)) return std::nullopt;
  std::int64_t fraction = 0;
  if (skip(text, ':')) {
    if (!read_digits(text, 2, second)) return std::nullopt;
    if (skip(text, '.') || skip(text, ',')) {
      std::size_t digits = 0;
      for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits)
        if (digits < 6) fraction = fraction * 10 + (text.front() - '0');
      if (digits == 0) return std::nullopt;
      for (; digits < 6; ++digits) fraction *= 10;
    }
  }
  if (hour > 23 || minute > 59 || second > 59) return std::nullopt;
  out.micros += ((hour * 60LL + minute) * 60 + second) * 1'000'000 + fraction;
  if (text.size() > 1 && text.front() == ' ') text.remove_prefix(1);
  if (text == "Z" || text == "z" || text == "UTC") {
    out.zoned = true;
  } else if (!text.empty()) {
    const bool west = skip(text, '-');
    if (!west && !skip(text, '+')) return std::nullopt;
    int hours = 0;
    int minutes = 0;
    if (!read_digits(text, 2, hours)) return std::nullopt;
    if (!text.empty()) {
      skip(text, ':');
      if (!read_digits(text, 2, minutes) || !text.empty()) return std::nullopt;
    }
    if (hours > 18 || minutes > 59) return std::nullopt;
    out.zoned = true;
    out.offset = (west ? -1 : 1) * (hours * 60LL + minutes) * 60'000'000;
  }
  return out;
}

/// By a pattern out of %Y %m %d %H %M %S and literals; %m, %d, %H, %M and %S take one or two digits.
std::optional<WallTime> pattern_time(std::string_view text, std::string_view pattern) noexcept {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%' || i + 1 == pattern.size()) {
      if (!skip(text, pattern[i])) return std::nullopt;
      continue;
    }
    const auto one_or_two = [&](int& out) {
      const bool two = text.size() > 1 && text[1] >= '0' && text[1] <= '9';
      return read_digits(text, two ? 2 : 1, out);
    };
    bool good = true;
    switch (pattern[++i]) {
      case 'Y': good = read_digits(text, 4, year); break;
      case 'm': good = one_or_two(month); break;
      case 'd': good = one_or_two(day); break;
      case 'H': good = one_or_two(hour); break;
      case 'M': good = one_or_two(minute); break;
      case 'S': good = one_or_two(second); break;
      case '%': good = skip(text, '%'); break;
      default: return std::nullopt;
    }
    if (!good) return std::nullopt;
  }
  if (!text.empty() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto number = day_number(year, month, day);
  if (!number) return std::nullopt;
  return WallTime{*number * micros_per_day + ((hour * 60LL + minute) * 60 + second) * 1'000'000, false, 0};
}

std::optional<WallTime> time_of(std::string_view text, const Reading& reading) noexcept {
  auto time = iso_time(text);
  if (!time && !reading.date_format.empty()) time = pattern_time(text, reading.date_format);
  return time;
}

/// A timestamp or date cell as microseconds of its clock; false where it does not fit.
bool clock_at(const ArrayView& array, std::int64_t i, std::int64_t& out) noexcept {
  switch (array.type->kind) {
    case Kind::date32:
      return !__builtin_mul_overflow(std::int64_t{array.values<std::int32_t>()[i]}, micros_per_day, &out);
    case Kind::date64: return !__builtin_mul_overflow(array.values<std::int64_t>()[i], std::int64_t{1000}, &out);
    default: {
      const std::int64_t value = array.values<std::int64_t>()[i];
      if (array.type->per_second > 1'000'000) {
        out = floor_div(value, array.type->per_second / 1'000'000);
        return true;
      }
      return !__builtin_mul_overflow(value, 1'000'000 / array.type->per_second, &out);
    }
  }
}

}  // namespace

double from_half(std::uint16_t bits) noexcept {
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  double size = 0;
  if (exponent == 0) {
    size = std::ldexp(fraction, -24);
  } else if (exponent == 31) {
    size = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    size = std::ldexp(1024 + fraction, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -size : size;
}

Mark number_at(const ArrayView& array, std::int64_t i, const Reading& reading, std::int64_t& out) {
  out = null_number;
  if (array.is_null(i)) return fine;
  const ArrowType& type = *array.type;
  if (type.kind == Kind::dictionary) {
    const std::int64_t at = array.code(i);
    if (at < 0) return mark(RejectReason::not_a_number);
    return number_at(*array.child, at, reading, out);
  }
  if (type.is_float()) return number_of(float_at(array, i), out);
  if (type.is_decimal()) {
    Int128 value = 0;
    if (!decimal_value(array, i, value)) return mark(RejectReason::overflow);
    return scaled_wide(value, type.scale, out);
  }
  if (type.is_text()) {
    const auto text = array.text(i);
    if (!text) return mark(RejectReason::not_a_number);
    return number_of(*text, reading, out);
  }
  std::int64_t value = 0;
  if (!whole_at(array, i, value)) return mark(RejectReason::overflow);
  return scaled_wide(value, 0, out);
}

Mark instant_at(const ArrayView& array, std::int64_t i, const Reading& reading, std::int64_t& out) {
  out = null_instant;
  if (array.is_null(i)) return fine;
  const ArrowType& type = *array.type;
  if (type.kind == Kind::dictionary) {
    const std::int64_t at = array.code(i);
    if (at < 0) return mark(RejectReason::not_a_date);
    return instant_at(*array.child, at, reading, out);
  }
  std::int64_t clock = 0;
  bool zoned = type.zoned;
  bool whole_day = type.kind == Kind::date32 || type.kind == Kind::date64;
  if (type.is_text()) {
    const auto text = array.text(i);
    if (!text) return mark(RejectReason::not_a_date);
    const std::string_view plain = trimmed(*text);
    if (plain.empty()) return fine;
    const auto time = time_of(plain, reading);
    if (!time) return mark(RejectReason::not_a_date);
    clock = time->micros - time->offset;
    zoned = time->zoned;
    whole_day = plain.size() == 10 && clock % micros_per_day == 0;
  } else if (!clock_at(array, i, clock)) {
    return mark(RejectReason::date_out_of_range);
  }
  if (!zoned && !in_range(clock)) return mark(RejectReason::date_out_of_range);
  std::int64_t micros = clock;
  if (!zoned && whole_day) {
    micros = reading.zone.start_of(Day{std::chrono::days{floor_div(clock, micros_per_day)}}).time_since_epoch().count();
  } else if (!zoned) {
    micros = reading.zone.from_local(clock).time_since_epoch().count();
  }
  if (!in_range(micros) && (zoned || !whole_day)) return mark(RejectReason::date_out_of_range);
  // Its day on the base's wall clock has to lie in the calendar too.
  if (zoned && !in_range(micros + reading.zone.offset_micros(Instant{std::chrono::microseconds{micros}})))
    return mark(RejectReason::date_out_of_range);
  out = micros;
  return fine;
}

Mark day_at(const ArrayView& array, std::int64_t i, const Reading& reading, std::int32_t& out) {
  out = null_day;
  if (array.is_null(i)) return fine;
  const ArrowType& type = *array.type;
  if (type.kind == Kind::dictionary) {
    const std::int64_t at = array.code(i);
    if (at < 0) return mark(RejectReason::not_a_date);
    return day_at(*array.child, at, reading, out);
  }
  std::int64_t clock = 0;
  bool zoned = type.zoned;
  if (type.is_text()) {
    const auto text = array.text(i);
    if (!text) return mark(RejectReason::not_a_date);
    const std::string_view plain = trimmed(*text);
    if (plain.empty()) return fine;
    const auto time = time_of(plain, reading);
    if (!time) return mark(RejectReason::not_a_date);
    clock = time->micros - time->offset;
    zoned = time->zoned;
  } else if (!clock_at(array, i, clock)) {
    return mark(RejectReason::date_out_of_range);
  }
  if (!in_range(clock)) return mark(RejectReason::date_out_of_range);
  if (zoned) clock += reading.zone.offset_micros(Instant{std::chrono::microseconds{clock}});
  if (!in_range(clock)) return mark(RejectReason::date_out_of_range);
  out = static_cast<std::int32_t>(floor_div(clock, micros_per_day));
  return fine;
}

Mark boolean_at(const ArrayView& array, std::int64_t i, std::uint8_t& out) {
  constexpr std::uint8_t none = 2;
  out = none;
  if (array.is_null(i)) return fine;
  const ArrowType& type = *array.type;
  if (type.kind == Kind::dictionary) {
    const std::int64_t at = array.code(i);
    if (at < 0) return mark(RejectReason::unknown_value);
    return boolean_at(*array.child, at, out);
  }
  if (type.kind == Kind::boolean) {
    const auto* bits = static_cast<const std::uint8_t*>(array.data);
    const std::int64_t at = array.offset + i;
    out = (bits[at >> 3] >> (at & 7)) & 1;
    return fine;
  }
  if (type.is_text()) {
    const auto text = array.text(i);
    if (!text) return mark(RejectReason::unknown_value);
    const std::string_view plain = trimmed(*text);
    if (plain.empty()) return fine;
    std::string low(plain);
    for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    for (const std::string_view yes : {"true", "1", "yes", "y", "t", "on", "да", "Да", "ДА", "истина", "ИСТИНА", "是"})
      if (low == yes) {
        out = 1;
        return fine;
      }
    for (const std::string_view no : {"false", "0", "no", "n", "f", "off", "нет", "Нет", "НЕТ", "ложь", "ЛОЖЬ", "否"})
      if (low == no) {
        out = 0;
        return fine;
      }
    return mark(RejectReason::unknown_value);
  }
  std::int64_t value = -1;
  if (type.is_float()) {
    const double number = float_at(array, i);
    if (std::isnan(number)) return fine;
    value = number == 0 ? 0 : number == 1 ? 1 : -1;
  } else if (!whole_at(array, i, value)) {
    value = -1;
  }
  if (value != 0 && value != 1) return mark(RejectReason::unknown_value);
  out = static_cast<std::uint8_t>(value);
  return fine;
}

bool integer_at(const ArrayView& array, std::int64_t i, std::int64_t& out, Mark& why) {
  why = fine;
  if (array.is_null(i)) return false;
  if (!array.type->is_float()) return whole_at(array, i, out);
  const double value = float_at(array, i);
  if (std::isnan(value)) return false;  // how tables of floats say null
  if (!(value > -9.2233720368547e18 && value < 9.2233720368547e18) || value != std::trunc(value)) {
    why = mark(RejectReason::not_a_number);
    return false;
  }
  out = static_cast<std::int64_t>(value);
  return true;
}

std::string_view text_at(const ArrayView& array, std::int64_t i, std::string& scratch) {
  if (array.is_null(i)) return {};
  const ArrowType& type = *array.type;
  if (type.kind == Kind::dictionary) {
    const std::int64_t at = array.code(i);
    return at < 0 ? std::string_view{} : text_at(*array.child, at, scratch);
  }
  if (type.is_text()) return array.text(i).value_or(std::string_view{});
  if (type.is_float()) {
    const double value = float_at(array, i);
    if (std::isfinite(value) && value == std::trunc(value) && std::fabs(value) < 1e15) {
      scratch = fmt::format("{}", static_cast<std::int64_t>(value));
    } else if (type.kind == Kind::float64) {
      scratch = fmt::format("{}", value);
    } else {
      scratch = fmt::format("{}", static_cast<float>(value));
    }
  } else if (type.is_decimal()) {
    Int128 value = 0;
    scratch = decimal_value(array, i, value) ? decimal_text(value, type.scale) : "a decimal beyond 128 bits";
  } else if (type.kind == Kind::boolean) {
    std::uint8_t value = 2;
    static_cast<void>(boolean_at(array, i, value));
    scratch = value == 1 ? "true" : "false";
  } else if (type.is_list()) {
    scratch.clear();
    if (const auto range = array.list(i)) {
      std::string part;
      for (std::int64_t k = range->first; k < range->second && scratch.size() < 400; ++k) {
        if (k > range->first) scratch += ';';
        scratch += text_at(*array.child, k, part);
      }
    }
  } else if (type.kind == Kind::uint64) {
    scratch = fmt::format("{}", array.values<std::uint64_t>()[i]);
  } else if (type.is_integer()) {
    std::int64_t value = 0;
    static_cast<void>(whole_at(array, i, value));
    scratch = fmt::format("{}", value);
  } else {
    std::int64_t clock = 0;
    if (!clock_at(array, i, clock) || !in_range(clock)) {
      const bool narrow = type.kind == Kind::date32;
      scratch = fmt::format("{}", narrow ? array.values<std::int32_t>()[i] : array.values<std::int64_t>()[i]);
    } else if (type.kind == Kind::timestamp) {
      scratch = to_text(Instant{std::chrono::microseconds{clock}});
      if (!type.zoned) scratch.pop_back();  // a wall clock is not in UTC
    } else {
      scratch = to_text(Day{std::chrono::days{floor_div(clock, micros_per_day)}});
    }
  }
  return scratch;
}

bool valid_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    std::uint64_t word = 0;
    if (text.size() - i >= 8) {
      std::memcpy(&word, text.data() + i, 8);
      if ((word & 0x8080'8080'8080'8080U) == 0) {
        i += 8;
        continue;
      }
    }
    const std::size_t length = character_size(text.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string shown(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character_size(text);
    const std::string_view piece = length == 0 ? replacement_character : text.substr(0, length);
    if (out.size() + piece.size() > most) break;
    out += piece;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace klientela::detail
