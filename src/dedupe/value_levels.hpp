// The level of two values by the kind of their comparison.
#pragma once

#include <cstdint>
#include <string_view>

#include "dedupe/card_data.hpp"
#include "klientela/core/time.hpp"
#include "klientela/dedupe/comparison.hpp"

namespace klientela::dedupe {

/// Levels of ComparisonKind::name.
enum NameLevel : std::uint8_t {
  name_different = 1,
  name_initial,
  name_similar,
  name_close,
  name_crossed,
  name_variant,
  name_same
};

struct FormRange {
  std::uint8_t begin;
  std::uint8_t end;
};
/// The forms that full_level() looks at whatever they are.
[[nodiscard]] FormRange first_forms(const Comparison& comparison) noexcept;
/// The level of two values, looked at in full: value x of one column and y of another, or of the same. O(length^2 / 64)
[[nodiscard]] std::uint8_t full_level(const Comparison& comparison, const FieldColumn& xs, std::uint32_t x,
                                      const FieldColumn& ys, std::uint32_t y);
[[nodiscard]] std::uint8_t birthday_level(Day a, Day b) noexcept;
/// The day that the form of a birthday shows. \pre "2026-11-21"
[[nodiscard]] Day day_of(std::string_view text) noexcept;

/// Latin forms of a card's first names; empty where it has none.
struct Names {
  std::string_view given;
  std::string_view family;
};
/// Sets the levels to crossed where given and family name stand in each other's place: both, or, where a name is
/// missing, that of the one field which the name in common speaks for. \param given, family  levels as they stand
void cross_names(const Names& a, const Names& b, std::uint8_t& given, std::uint8_t& family, double close);

}  // namespace klientela::dedupe
