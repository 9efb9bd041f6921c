// Sketches of values by the kind of their comparison.
#include "dedupe/value_sketch.hpp"

#include <functional>

namespace klientela::dedupe {
namespace {

std::uint64_t spread(std::uint64_t x) noexcept { return (x * 0x9E37'79B9'7F4A'7C15U) >> 32; }

/// Letters and digits have a bit of their own; all other bytes share the rest.
std::uint64_t character_bit(char c) noexcept {
  if (c >= 'a' && c <= 'z') return std::uint64_t{1} << (c - 'a');
  if (c >= '0' && c <= '9') return std::uint64_t{1} << (26 + c - '0');
  return std::uint64_t{1} << (36 + static_cast<unsigned char>(c) % 20);
}

std::uint64_t with_length(std::uint64_t bits, std::size_t length) noexcept {
  return bits | std::uint64_t{std::min<std::size_t>(length, 255)} << 56;
}

std::uint64_t characters_of(std::string_view text) noexcept {
  std::uint64_t bits = 0;
  for (const char c : text) bits |= character_bit(c);
  return with_length(bits, text.size());
}

/// Which neighbours there are, the ends with what is beyond them.
std::uint64_t neighbours_of(std::string_view text) noexcept {
  std::uint64_t bits = 0;
  std::uint64_t before = 0;
  for (const char c : text) {
    const std::uint64_t code = static_cast<unsigned char>(c);
    bits |= std::uint64_t{1} << (spread(before << 8 | code) % 56);
    before = code;
  }
  return with_length(bits | std::uint64_t{1} << (spread(before << 8) % 56), text.size());
}

std::uint64_t whole_bit(std::string_view text) noexcept {
  return text.empty() ? 0 : std::uint64_t{1} << (spread(std::hash<std::string_view>{}(text)) % 56);
}

std::uint64_t word_bits(std::string_view text) noexcept {
  std::uint64_t bits = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    bits |= whole_bit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return bits;
}

/// Of a text that is compared by Jaro and Winkler, with the bits of what may be equal as a whole.
Sketch of_text(std::string_view text, std::uint64_t wholes) noexcept {
  const std::uint64_t first = text.empty() ? 0 : static_cast<unsigned char>(text[0]);
  return {characters_of(text), wholes | first << 56};
}

Sketch sketch_of(const std::array<std::string_view, max_forms>& value, ComparisonKind kind) noexcept {
  switch (kind) {
    case ComparisonKind::name: return of_text(value[0], whole_bit(value[1]) | word_bits(value[2]));
    case ComparisonKind::text: return of_text(value[0], word_bits(value[0]) | whole_bit(value[1]));
    case ComparisonKind::email: return of_text(value[1], whole_bit(value[1]));
    case ComparisonKind::phone:
      return {neighbours_of(value[0]),
              whole_bit(value[0].substr(value[0].size() - std::min<std::size_t>(value[0].size(), 7)))};
    case ComparisonKind::code: return {neighbours_of(value[0]), 0};
    case ComparisonKind::organisation:
      return of_text(value[0], word_bits(value[0]) | word_bits(value[1]) | whole_bit(value[0]) | whole_bit(value[3]));
    case ComparisonKind::address: {
      const std::string_view street = value[2].empty() ? value[0] : value[2];
      return of_text(street, word_bits(street) | whole_bit(value[3]));
    }
    case ComparisonKind::birthday:
    case ComparisonKind::exact: break;
  }
  return {};
}

}  // namespace

Verdict::Verdict(const Comparison& comparison) noexcept : kind_(comparison.kind), limit_(comparison.similar) {
  if (kind_ == ComparisonKind::address) limit_ = comparison.close;
  if (kind_ == ComparisonKind::email) limit_ = std::min(comparison.similar, comparison.close);
  for (const bool boosted : {false, true}) {
    for (std::uint32_t m = 0; m < short_length; ++m) {
      std::uint8_t common = 1;  // grows with the other length
      for (std::uint32_t n = 0; n < short_length; ++n) {
        while (common <= std::min(m, n) && !may_reach(m, n, common, boosted)) ++common;
        needed_[boosted ? 1 : 0][m][n] = common;
      }
    }
  }
}

void add_sketches(const FieldColumn& column, const Comparison& comparison, Grown<Sketch>& all) {
  if (comparison.kind == ComparisonKind::birthday || comparison.kind == ComparisonKind::exact) return;
  all.reserve(column.distinct());
  const std::size_t count = forms(comparison.field).size();
  for (std::size_t code = all.size(); code < column.distinct(); ++code) {
    std::array<std::string_view, max_forms> value{};
    for (std::size_t form = 0; form < count; ++form) value[form] = column.forms[form][code];
    all.push_back(sketch_of(value, comparison.kind));
  }
  all.settle_if_many();
}

}  // namespace klientela::dedupe
