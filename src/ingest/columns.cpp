// Columns read block by block from Arrow memory in normal form, and the checks of the same blocks.
#include "ingest/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/simd.hpp"
#include "model/client_index.hpp"

namespace klientela::detail {

namespace {

// Kernels: vectorised, without branches that depend on the data.

/// Whether no value is bad. Columns are read in turns, over which the machine forgets each of them, so values are asked
/// for ahead.
template <class T, class Bad>
[[gnu::always_inline]] inline bool none_of_blocks(const T* values, std::size_t n, Bad bad) noexcept {
  constexpr std::size_t step = 64;
  constexpr std::size_t line = 64 / sizeof(T);
  int found = 0;
  std::size_t i = 0;
  for (; i + step <= n; i += step) {
    for (std::size_t k = 0; k < step; k += line) __builtin_prefetch(values + i + 4 * step + k);
    for (std::size_t k = 0; k < step; ++k) found |= static_cast<int>(bad(values[i + k]));
  }
  for (; i < n; ++i) found |= static_cast<int>(bad(values[i]));
  return found == 0;
}

/// Whether |v| * 10000 fits for every value; false for NaN too.
KLIENTELA_CLONES
bool all_amounts(const double* values, std::size_t n) noexcept {
  constexpr double limit = 9.2233720368547e14;
  return none_of_blocks(values, n, [](double value) { return !(std::fabs(value) < limit); });
}

/// Whether every rounded amount is exact in the fast way, that is |v| * 10000 <= 2^51.
KLIENTELA_CLONES
bool all_small(const double* values, std::size_t n) noexcept {
  constexpr double limit = 2251799813685248.0;
  int bad = 0;
  for (std::size_t i = 0; i < n; ++i) bad |= static_cast<int>(!(std::fabs(values[i] * 10000.0) <= limit));
  return bad == 0;
}

/// Adding 1.5 * 2^52 rounds half-even to a whole number and leaves it in the low bits.
KLIENTELA_CLONES
void round_small(const double* values, std::int64_t* out, std::size_t n) noexcept {
  constexpr double magic = 6755399441055744.0;
  constexpr std::int64_t magic_bits = 0x4338'0000'0000'0000;
  for (std::size_t i = 0; i < n; ++i) {
    const double shifted = values[i] * 10000.0 + magic;
    std::int64_t bits = 0;
    std::memcpy(&bits, &shifted, sizeof bits);
    out[i] = bits - magic_bits;
  }
}

/// Whether low <= v < high for every value.
KLIENTELA_CLONES
bool all_within(const std::int64_t* values, std::size_t n, std::int64_t low, std::int64_t high) noexcept {
  const auto range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  return none_of_blocks(values, n, [=](std::int64_t value) {
    return static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(low) >= range;
  });
}

KLIENTELA_CLONES
bool all_within(const std::int32_t* values, std::size_t n, std::int32_t low, std::int32_t high) noexcept {
  const auto range = static_cast<std::uint32_t>(high) - static_cast<std::uint32_t>(low);
  int bad = 0;
  for (std::size_t i = 0; i < n; ++i)
    bad |= static_cast<int>(static_cast<std::uint32_t>(values[i]) - static_cast<std::uint32_t>(low) >= range);
  return bad == 0;
}

KLIENTELA_CLONES
std::int64_t greatest(const std::int64_t* values, std::size_t n) noexcept {
  std::int64_t most = values[0];
  for (std::size_t i = 1; i < n; ++i) most = values[i] > most ? values[i] : most;
  return most;
}

KLIENTELA_CLONES
std::int32_t greatest(const std::int32_t* values, std::size_t n) noexcept {
  std::int32_t most = values[0];
  for (std::size_t i = 1; i < n; ++i) most = values[i] > most ? values[i] : most;
  return most;
}

/// Whether every 128-bit value is that of its low word; the low words then lie within the limit.
KLIENTELA_CLONES
bool all_narrow(const std::int64_t* words, std::size_t n, std::int64_t limit) noexcept {
  const auto range = 2 * static_cast<std::uint64_t>(limit);
  int bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int64_t low = words[2 * i];
    bad |= static_cast<int>(words[2 * i + 1] != (low >> 63)) |
           static_cast<int>(static_cast<std::uint64_t>(low) + static_cast<std::uint64_t>(limit) > range);
  }
  return bad == 0;
}

KLIENTELA_CLONES
void low_words(const std::int64_t* words, std::int64_t* out, std::size_t n, std::int64_t factor) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = words[2 * i] * factor;
}

KLIENTELA_CLONES
void times(const std::int64_t* values, std::int64_t* out, std::size_t n, std::int64_t factor) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = values[i] * factor;
}

constexpr std::int64_t power_of_ten(int exponent) noexcept {
  std::int64_t value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

template <class T, class Null>
void put_nulls(const ArrayView& array, std::int64_t first, std::size_t n, T* out, Null null) noexcept {
  if (array.validity == nullptr) return;
  for (std::size_t i = 0; i < n; ++i)
    if (array.is_null(first + static_cast<std::int64_t>(i))) out[i] = null;
}

/// Whether every row of a piece has a value, so that a block check is enough.
bool none_null(const ArrayView& array, std::int64_t first, std::size_t n) noexcept {
  if (array.validity == nullptr) return true;
  for (std::size_t i = 0; i < n; ++i)
    if (array.is_null(first + static_cast<std::int64_t>(i))) return false;
  return true;
}

// Numbers straight from floats, decimals up to 128 bits and integers.

class DirectNumbers final : public Field {
 public:
  DirectNumbers(FieldType type, std::shared_ptr<const Source> source, std::shared_ptr<const Reading> reading)
      : Field(type, std::move(source)), reading_(std::move(reading)) {}

  static bool reads(const ArrowType& type) noexcept {
    if (type.kind == Kind::decimal128) return type.scale >= 0 && type.scale <= Money::decimals;
    return type.kind == Kind::float64 || type.kind == Kind::float32 || type.kind == Kind::int64 ||
           type.kind == Kind::int32;
  }

  void check(std::size_t begin, std::span<Mark> marks, bool required) override {
    source_->for_parts(begin, marks.size(),
                       [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
                         if (none_null(array, first, n) && clean(array, first, n)) return;
                         for (std::size_t i = 0; i < n; ++i) {
                           Mark& row = marks[done + i];
                           if (row != fine) continue;
                           std::int64_t value = 0;
                           row = number_at(array, first + static_cast<std::int64_t>(i), *reading_, value);
                           if (row == fine && value == null_number && required) row = mark(RejectReason::missing_value);
                         }
                       });
  }

  void numbers(std::size_t begin, std::span<std::int64_t> out) const override {
    check_bounds(begin, out.size());
    source_->for_parts(begin, out.size(),
                       [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
                         read(array, first, n, out.data() + done);
                       });
  }

  [[nodiscard]] bool is_null(std::size_t row) const override {
    check_bounds(row, 1);
    std::int64_t value = 0;
    const auto& part = source_->at(row);
    static_cast<void>(number_at(part.array, static_cast<std::int64_t>(row - part.begin), *reading_, value));
    return value == null_number;
  }

 private:
  static constexpr std::int64_t whole_limit = std::numeric_limits<std::int64_t>::max() / Money::scale;

  bool clean(const ArrayView& array, std::int64_t first, std::size_t n) const noexcept {
    switch (array.type->kind) {
      case Kind::float64: return all_amounts(array.values<double>() + first, n);
      case Kind::decimal128:
        return all_narrow(words(array, first), n,
                          std::numeric_limits<std::int64_t>::max() / power_of_ten(Money::decimals - array.type->scale));
      case Kind::int64: return all_within(array.values<std::int64_t>() + first, n, -whole_limit, whole_limit + 1);
      case Kind::int32: return true;
      default: return false;
    }
  }

  static const std::int64_t* words(const ArrayView& array, std::int64_t first) noexcept {
    return static_cast<const std::int64_t*>(array.data) + 2 * (array.offset + first);
  }

  void read(const ArrayView& array, std::int64_t first, std::size_t n, std::int64_t* out) const {
    bool fast = clean(array, first, n);
    if (fast) {
      switch (array.type->kind) {
        case Kind::float64:
          fast = all_small(array.values<double>() + first, n);
          if (fast) round_small(array.values<double>() + first, out, n);
          break;
        case Kind::decimal128:
          low_words(words(array, first), out, n, power_of_ten(Money::decimals - array.type->scale));
          break;
        case Kind::int64: times(array.values<std::int64_t>() + first, out, n, Money::scale); break;
        default: {
          const auto* values = array.values<std::int32_t>() + first;
          for (std::size_t i = 0; i < n; ++i) out[i] = values[i] * Money::scale;
        }
      }
    }
    if (fast) {
      put_nulls(array, first, n, out, null_number);
      return;
    }
    for (std::size_t i = 0; i < n; ++i)
      static_cast<void>(number_at(array, first + static_cast<std::int64_t>(i), *reading_, out[i]));
  }

  std::shared_ptr<const Reading> reading_;
};

// Instants straight from timestamps and dates.

class DirectTimes final : public Field {
 public:
  DirectTimes(FieldType type, std::shared_ptr<const Source> source, std::shared_ptr<const Reading> reading)
      : Field(type, std::move(source)), reading_(std::move(reading)), utc_(reading_->zone.is_utc()) {}

  static bool reads(const ArrowType& type) noexcept {
    return type.kind == Kind::timestamp || type.kind == Kind::date32 || type.kind == Kind::date64;
  }

  void check(std::size_t begin, std::span<Mark> marks, bool required) override {
    source_->for_parts(begin, marks.size(),
                       [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
                         if (none_null(array, first, n) && clean(array, first, n)) return;
                         for (std::size_t i = 0; i < n; ++i) {
                           Mark& row = marks[done + i];
                           if (row != fine) continue;
                           bool missing = false;
                           row = cell(array, first + static_cast<std::int64_t>(i), missing);
                           if (row == fine && missing && required) row = mark(RejectReason::missing_value);
                         }
                       });
  }

  void instants(std::size_t begin, std::span<std::int64_t> out) const override {
    if (type_ != FieldType::instant) Values::instants(begin, out);
    check_bounds(begin, out.size());
    source_->for_parts(
        begin, out.size(), [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
          std::int64_t* const to = out.data() + done;
          if (!clean(array, first, n) || array.type->kind == Kind::date32 || array.type->kind == Kind::date64) {
            for (std::size_t i = 0; i < n; ++i)
              static_cast<void>(instant_at(array, first + static_cast<std::int64_t>(i), *reading_, to[i]));
            return;
          }
          clocks(array, first, n, to);
          put_nulls(array, first, n, to, null_instant);
          if (!array.type->zoned && !utc_) reading_->zone.from_local(std::span(to, n));
        });
  }

  void days(std::size_t begin, std::span<std::int32_t> out) const override {
    check_bounds(begin, out.size());
    source_->for_parts(
        begin, out.size(), [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
          std::int32_t* const to = out.data() + done;
          if (array.type->kind == Kind::date32 && clean(array, first, n)) {
            std::memcpy(to, array.values<std::int32_t>() + first, n * sizeof(std::int32_t));
            put_nulls(array, first, n, to, null_day);
            return;
          }
          if (array.type->kind == Kind::date64 || array.type->kind == Kind::date32 || !clean(array, first, n)) {
            for (std::size_t i = 0; i < n; ++i) slow_day(array, first + static_cast<std::int64_t>(i), to[i]);
            return;
          }
          constexpr std::size_t block = 1024;
          std::int64_t micros[block];
          for (std::size_t at = 0; at < n; at += block) {
            const std::size_t count = std::min(block, n - at);
            const std::int64_t from = first + static_cast<std::int64_t>(at);
            clocks(array, from, count, micros);
            put_nulls(array, from, count, micros, null_instant);
            // A day field takes the day off the clock; an instant field takes that of the instant.
            if (array.type->zoned) {
              reading_->zone.days_of(std::span(micros, count), std::span(to + at, count));
            } else if (type_ == FieldType::day || utc_) {
              TimeZone().days_of(std::span(micros, count), std::span(to + at, count));
            } else {
              reading_->zone.from_local(std::span(micros, count));
              reading_->zone.days_of(std::span(micros, count), std::span(to + at, count));
            }
          }
        });
  }

  [[nodiscard]] std::optional<std::int32_t> last_day(std::size_t begin, std::size_t n) const override {
    const ArrowType& type = *source_->type;
    if (type.kind != Kind::date32 && !utc_) return std::nullopt;  // elsewhere a later instant may lie on an earlier day
    std::int64_t last = std::numeric_limits<std::int64_t>::min();
    const std::int64_t per_day = 86'400 * (type.kind == Kind::date64 ? 1'000 : type.per_second);
    source_->for_parts(
        begin, n, [&](const ArrayView& array, std::int64_t first, std::size_t /*done*/, std::size_t count) {
          last = std::max(last, type.kind == Kind::date32
                                    ? std::int64_t{greatest(array.values<std::int32_t>() + first, count)}
                                    : floor_div(greatest(array.values<std::int64_t>() + first, count), per_day));
        });
    return static_cast<std::int32_t>(last);
  }

  [[nodiscard]] bool is_null(std::size_t row) const override {
    check_bounds(row, 1);
    bool missing = false;
    const auto& part = source_->at(row);
    return cell(part.array, static_cast<std::int64_t>(row - part.begin), missing) != fine || missing;
  }

 private:
  Mark cell(const ArrayView& array, std::int64_t i, bool& missing) const {
    if (type_ == FieldType::day) {
      std::int32_t day = 0;
      const Mark row = day_at(array, i, *reading_, day);
      missing = day == null_day;
      return row;
    }
    std::int64_t micros = 0;
    const Mark row = instant_at(array, i, *reading_, micros);
    missing = micros == null_instant;
    return row;
  }

  void slow_day(const ArrayView& array, std::int64_t i, std::int32_t& out) const {
    out = null_day;
    if (type_ == FieldType::day || array.type->kind != Kind::timestamp) {
      static_cast<void>(day_at(array, i, *reading_, out));
      return;
    }
    std::int64_t micros = 0;
    if (instant_at(array, i, *reading_, micros) != fine || micros == null_instant) return;
    out = static_cast<std::int32_t>(
        reading_->zone.day_of(Instant{std::chrono::microseconds{micros}}).time_since_epoch().count());
  }

  /// Whether every value is a date in range whatever the zone; the edges are left to the slow way.
  [[nodiscard]] bool clean(const ArrayView& array, std::int64_t first, std::size_t n) const noexcept {
    const std::int64_t margin = utc_ ? 0 : 2;
    const std::int64_t low = first_micros / micros_per_day + margin;
    const std::int64_t high = end_micros / micros_per_day - margin;
    if (array.validity != nullptr) {
      // Null cells may hold anything: only those with a value count.
      for (std::size_t i = 0; i < n; ++i) {
        const std::int64_t at = first + static_cast<std::int64_t>(i);
        if (!array.is_null(at) && !within(array, at, 1, low, high)) return false;
      }
      return true;
    }
    return within(array, first, n, low, high);
  }

  static bool within(const ArrayView& array, std::int64_t first, std::size_t n, std::int64_t low,
                     std::int64_t high) noexcept {
    if (array.type->kind == Kind::date32)
      return all_within(array.values<std::int32_t>() + first, n, static_cast<std::int32_t>(low),
                        static_cast<std::int32_t>(high));
    const std::int64_t per_day = 86'400 * (array.type->kind == Kind::date64 ? 1'000 : array.type->per_second);
    // 2200 does not come to pass in int64 nanoseconds: 2262 does, so the product fits.
    return all_within(array.values<std::int64_t>() + first, n, low * per_day, high * per_day);
  }

  static void clocks(const ArrayView& array, std::int64_t first, std::size_t n, std::int64_t* out) noexcept {
    const auto* values = array.values<std::int64_t>() + first;
    const std::int64_t per_second = array.type->per_second;
    if (per_second == 1'000'000) {
      std::memcpy(out, values, n * sizeof(std::int64_t));
    } else if (per_second < 1'000'000) {
      const std::int64_t factor = 1'000'000 / per_second;
      for (std::size_t i = 0; i < n; ++i)
        out[i] = static_cast<std::int64_t>(static_cast<std::uint64_t>(values[i]) * static_cast<std::uint64_t>(factor));
    } else {
      for (std::size_t i = 0; i < n; ++i) out[i] = floor_div(values[i], 1'000);
    }
  }

  std::shared_ptr<const Reading> reading_;
  bool utc_;
};

// Own buffers, filled while the rows are checked.

template <class T>
class OwnField : public Field {
 public:
  OwnField(FieldType type, std::shared_ptr<const Source> source, std::shared_ptr<const Reading> reading, T null)
      : Field(type, std::move(source)), reading_(std::move(reading)), values_(source_->rows), null_(null) {}

  void check(std::size_t begin, std::span<Mark> marks, bool required) override {
    source_->for_parts(begin, marks.size(),
                       [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
                         for (std::size_t i = 0; i < n; ++i) {
                           T& value = values_[begin + done + i];
                           Mark row = cell(array, first + static_cast<std::int64_t>(i), value);
                           if (row == fine && value == null_ && required) row = mark(RejectReason::missing_value);
                           if (marks[done + i] == fine) marks[done + i] = row;
                         }
                       });
  }

  [[nodiscard]] bool is_null(std::size_t row) const override {
    this->check_bounds(row, 1);
    return values_[row] == null_;
  }

 protected:
  virtual Mark cell(const ArrayView& array, std::int64_t i, T& out) const = 0;
  void copy(std::size_t begin, std::span<T> out) const {
    this->check_bounds(begin, out.size());
    if (!out.empty()) std::memcpy(out.data(), values_.data() + begin, out.size_bytes());
  }
  std::shared_ptr<const Reading> reading_;
  Buffer<T> values_;
  T null_;
};

class ReadNumbers final : public OwnField<std::int64_t> {
 public:
  ReadNumbers(FieldType type, std::shared_ptr<const Source> source, std::shared_ptr<const Reading> reading)
      : OwnField(type, std::move(source), std::move(reading), null_number) {}
  void numbers(std::size_t begin, std::span<std::int64_t> out) const override { copy(begin, out); }

 private:
  Mark cell(const ArrayView& array, std::int64_t i, std::int64_t& out) const override {
    return number_at(array, i, *reading_, out);
  }
};

class ReadInstants final : public OwnField<std::int64_t> {
 public:
  ReadInstants(std::shared_ptr<const Source> source, std::shared_ptr<const Reading> reading)
      : OwnField(FieldType::instant, std::move(source), std::move(reading), null_instant) {}
  void instants(std::size_t begin, std::span<std::int64_t> out) const override { copy(begin, out); }
  void days(std::size_t begin, std::span<std::int32_t> out) const override {
    check_bounds(begin, out.size());
    reading_->zone.days_of(std::span<const std::int64_t>(values_.data() + begin, out.size()), out);
  }

 private:
  Mark cell(const ArrayView& array, std::int64_t i, std::int64_t& out) const override {
    return instant_at(array, i, *reading_, out);
  }
};

class ReadDays final : public OwnField<std::int32_t> {
 public:
  ReadDays(std::shared_ptr<const Source> source, std::shared_ptr<const Reading> reading)
      : OwnField(FieldType::day, std::move(source), std::move(reading), null_day) {}
  void days(std::size_t begin, std::span<std::int32_t> out) const override { copy(begin, out); }

 private:
  Mark cell(const ArrayView& array, std::int64_t i, std::int32_t& out) const override {
    return day_at(array, i, *reading_, out);
  }
};

class ReadBooleans final : public OwnField<std::uint8_t> {
 public:
  explicit ReadBooleans(std::shared_ptr<const Source> source)
      : OwnField(FieldType::boolean, std::move(source), nullptr, std::uint8_t{2}) {}
  void booleans(std::size_t begin, std::span<std::uint8_t> out) const override { copy(begin, out); }

 private:
  Mark cell(const ArrayView& array, std::int64_t i, std::uint8_t& out) const override {
    return boolean_at(array, i, out);
  }
};

// Texts: views of the host's bytes.

class DirectTexts final : public Field {
 public:
  DirectTexts(FieldType type, std::shared_ptr<const Source> source, std::shared_ptr<const void> owner)
      : Field(type, std::move(source)), owner_(std::move(owner)) {}

  void check(std::size_t begin, std::span<Mark> marks, bool required) override {
    if (!source_->type->is_list()) {
      check_texts(*source_, begin, marks, required);
      return;
    }
    source_->for_parts(
        begin, marks.size(), [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
          for (std::size_t i = 0; i < n; ++i) {
            if (marks[done + i] != fine) continue;
            const std::int64_t row = first + static_cast<std::int64_t>(i);
            if (array.is_null(row)) continue;
            const auto range = array.list(row);
            if (!range)
              throw Error(Code::bad_data, fmt::format("{}: a list leaves its values", source_->where), source_->where);
            for (std::int64_t k = range->first; k < range->second; ++k) {
              if (array.child->is_null(k)) continue;
              const auto text = array.child->text(k);
              if (!text || !valid_utf8(*text)) marks[done + i] = mark(RejectReason::invalid_utf8);
            }
          }
        });
  }

  [[nodiscard]] std::string_view text(std::size_t row) const override {
    if (type_ != FieldType::text) return Values::text(row);
    check_bounds(row, 1);
    return cell(row);
  }

  [[nodiscard]] std::vector<std::string_view> texts(std::size_t row) const override {
    if (type_ != FieldType::texts) return Values::texts(row);
    check_bounds(row, 1);
    std::vector<std::string_view> out;
    if (source_->type->is_list()) {
      const auto& part = source_->at(row);
      const auto i = static_cast<std::int64_t>(row - part.begin);
      if (part.array.is_null(i)) return out;
      if (const auto range = part.array.list(i))
        for (std::int64_t k = range->first; k < range->second; ++k)
          if (!part.array.child->is_null(k)) add(part.array.child->text(k).value_or(std::string_view{}), out);
      return out;
    }
    std::string_view rest = cell(row);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      add(rest.substr(0, end), out);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
  }

  [[nodiscard]] bool is_null(std::size_t row) const override {
    check_bounds(row, 1);
    return source_->is_null(row);
  }

 private:
  [[nodiscard]] std::string_view cell(std::size_t row) const {
    const auto& part = source_->at(row);
    const auto i = static_cast<std::int64_t>(row - part.begin);
    if (part.array.is_null(i)) return {};
    return part.array.text(i).value_or(std::string_view{});
  }
  static void add(std::string_view text, std::vector<std::string_view>& out) {
    text = trimmed(text);
    if (!text.empty()) out.push_back(text);
  }

  std::shared_ptr<const void> owner_;
};

/// A source of one part over texts that were written out here.
struct OwnTexts {
  std::vector<std::int64_t> offsets;
  std::string characters;
  std::vector<std::uint8_t> valid;
};

}  // namespace

void Field::check_bounds(std::size_t begin, std::size_t n) const {
  if (begin > source_->rows || n > source_->rows - begin)
    throw Error(Code::out_of_range,
                fmt::format("rows [{}, {}) leave {} with its {} rows", begin, begin + n, source_->where, source_->rows),
                source_->where);
}

void OwnNumbers::numbers(std::size_t begin, std::span<std::int64_t> out) const {
  if (begin > values_.size() || out.size() > values_.size() - begin)
    throw Error(Code::out_of_range, fmt::format("rows [{}, {}) leave the column", begin, begin + out.size()));
  if (!out.empty()) std::memcpy(out.data(), values_.data() + begin, out.size_bytes());
}

bool OwnNumbers::is_null(std::size_t row) const {
  if (row >= values_.size()) throw Error(Code::out_of_range, fmt::format("row {} leaves the column", row));
  return values_[row] == null_number;
}

void OwnCodes::codes(std::size_t begin, std::span<std::uint32_t> out) const {
  if (begin > codes_.size() || out.size() > codes_.size() - begin)
    throw Error(Code::out_of_range, fmt::format("rows [{}, {}) leave the column", begin, begin + out.size()));
  if (!out.empty()) std::memcpy(out.data(), codes_.data() + begin, out.size_bytes());
}

bool OwnCodes::is_null(std::size_t row) const {
  if (row >= codes_.size()) throw Error(Code::out_of_range, fmt::format("row {} leaves the column", row));
  return codes_[row] == no_code;
}

namespace {

template <class Offset>
[[gnu::always_inline]] inline bool follow_one_another(const Offset* offsets, std::size_t n) noexcept {
  int bad = static_cast<int>(offsets[0] < 0);
  for (std::size_t i = 0; i < n; ++i) bad |= static_cast<int>(offsets[i + 1] < offsets[i]);
  return bad == 0;
}
KLIENTELA_CLONES bool in_order(const std::int32_t* offsets, std::size_t n) noexcept {
  return follow_one_another(offsets, n);
}
KLIENTELA_CLONES bool in_order(const std::int64_t* offsets, std::size_t n) noexcept {
  return follow_one_another(offsets, n);
}
KLIENTELA_CLONES bool is_ascii(const char* text, std::size_t size) noexcept {
  unsigned char high = 0;
  for (std::size_t i = 0; i < size; ++i) high = static_cast<unsigned char>(high | static_cast<unsigned char>(text[i]));
  return high < 0x80;
}

template <class Offset>
bool all_ascii_between(const Offset* offsets, std::size_t n, const char* characters) noexcept {
  if (!in_order(offsets, n)) return false;
  const auto size = static_cast<std::size_t>(offsets[n] - offsets[0]);
  return size == 0 || (characters != nullptr && is_ascii(characters + offsets[0], size));
}

/// Whether n texts from `first` on lie one after the other within their buffers, none null, and hold ASCII alone.
bool all_ascii(const ArrayView& array, std::int64_t first, std::size_t n) noexcept {
  if (array.validity != nullptr) return false;
  if (array.type->kind == Kind::text32)
    return all_ascii_between(array.values<std::int32_t>() + first, n, array.characters);
  if (array.type->kind == Kind::text64)
    return all_ascii_between(array.values<std::int64_t>() + first, n, array.characters);
  return false;
}

}  // namespace

void check_texts(const Source& source, std::size_t begin, std::span<Mark> marks, bool required) {
  source.for_parts(
      begin, marks.size(), [&](const ArrayView& array, std::int64_t first, std::size_t done, std::size_t n) {
        if (all_ascii(array, first, n)) {
          for (std::size_t i = 0; i < n && required; ++i)
            if (marks[done + i] == fine && index::plain_id(*array.text(first + static_cast<std::int64_t>(i))).empty())
              marks[done + i] = mark(RejectReason::missing_value);
          return;
        }
        for (std::size_t i = 0; i < n; ++i) {
          if (marks[done + i] != fine) continue;
          const std::int64_t row = first + static_cast<std::int64_t>(i);
          if (array.is_null(row)) {
            if (required) marks[done + i] = mark(RejectReason::missing_value);
            continue;
          }
          const auto text = array.text(row);
          if (!text)
            throw Error(Code::bad_data,
                        fmt::format("{}: row {} has a text outside its buffers", source.where, begin + done + i),
                        source.where);
          if (required && index::plain_id(*text).empty()) {
            marks[done + i] = mark(RejectReason::missing_value);
          } else if (!valid_utf8(*text)) {
            marks[done + i] = mark(RejectReason::invalid_utf8);
          }
        }
      });
}

std::shared_ptr<const Source> as_texts(const Source& source, std::shared_ptr<const void>& owner) {
  auto own = std::make_shared<OwnTexts>();
  own->offsets.reserve(source.rows + 1);
  own->offsets.push_back(0);
  own->valid.assign((source.rows + 7) / 8, 0);
  std::string scratch;
  std::size_t row = 0;
  for (const auto& part : source.parts) {
    for (std::size_t i = 0; i < part.size; ++i, ++row) {
      const auto at = static_cast<std::int64_t>(i);
      if (!part.array.is_null(at)) {
        const auto text = text_at(part.array, at, scratch);
        own->characters += text;
        own->valid[row >> 3] = static_cast<std::uint8_t>(own->valid[row >> 3] | (1U << (row & 7)));
      }
      own->offsets.push_back(static_cast<std::int64_t>(own->characters.size()));
    }
  }
  static const std::shared_ptr<const ArrowType> text_type = [] {
    auto type = std::make_shared<ArrowType>();
    type->kind = Kind::text64;
    return type;
  }();
  auto out = std::make_shared<Source>();
  out->name = source.name;
  out->where = source.where;
  out->type = text_type;
  out->rows = source.rows;
  if (source.rows > 0) {
    ArrayView view;
    view.type = text_type.get();
    view.length = static_cast<std::int64_t>(source.rows);
    view.validity = own->valid.data();
    view.data = own->offsets.data();
    view.characters = own->characters.data();
    out->parts.push_back({0, source.rows, view});
  }
  owner = std::move(own);
  return out;
}

bool can_feed(FieldType field, const ArrowType& type) noexcept {
  const ArrowType& value = type.decoded();
  if (value.kind == Kind::null) return true;
  const bool number = value.is_integer() || value.is_float() || value.is_decimal();
  const bool time = value.kind == Kind::timestamp || value.kind == Kind::date32 || value.kind == Kind::date64;
  switch (field) {
    case FieldType::client: return value.is_text() || number;
    case FieldType::text:
    case FieldType::term: return !value.is_list();
    case FieldType::texts:
      return !value.is_list() || value.value->decoded().is_text() || value.value->decoded().kind == Kind::null;
    case FieldType::money:
    case FieldType::number: return value.is_text() || number;
    case FieldType::day:
    case FieldType::instant: return value.is_text() || time;
    case FieldType::boolean:
      return value.is_text() || value.kind == Kind::boolean || value.is_integer() || value.is_float();
  }
  return false;
}

std::unique_ptr<Field> make_field(FieldType type, std::shared_ptr<const Source> source,
                                  std::shared_ptr<const Reading> reading) {
  const ArrowType& arrow = *source->type;
  switch (type) {
    case FieldType::money:
    case FieldType::number:
      if (DirectNumbers::reads(arrow))
        return std::make_unique<DirectNumbers>(type, std::move(source), std::move(reading));
      return std::make_unique<ReadNumbers>(type, std::move(source), std::move(reading));
    case FieldType::instant:
      if (DirectTimes::reads(arrow)) return std::make_unique<DirectTimes>(type, std::move(source), std::move(reading));
      return std::make_unique<ReadInstants>(std::move(source), std::move(reading));
    case FieldType::day:
      if (DirectTimes::reads(arrow)) return std::make_unique<DirectTimes>(type, std::move(source), std::move(reading));
      return std::make_unique<ReadDays>(std::move(source), std::move(reading));
    case FieldType::boolean: return std::make_unique<ReadBooleans>(std::move(source));
    default: {
      std::shared_ptr<const void> owner;
      if (!arrow.decoded().is_text() && !arrow.is_list()) source = as_texts(*source, owner);
      return std::make_unique<DirectTexts>(type, std::move(source), std::move(owner));
    }
  }
}

}  // namespace klientela::detail
