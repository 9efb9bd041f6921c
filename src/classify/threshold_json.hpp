// Thresholds and frozen edges in the JSON of models.
#pragma once

#include <string>

#include "core/json_reader.hpp"
#include "klientela/classify/threshold.hpp"

namespace klientela::classifying {

[[nodiscard]] inline json::Value threshold_to_json(const Threshold& edge) {
  json::Value value;
  if (edge.form() == Threshold::Form::lowest) return value;
  if (edge.form() == Threshold::Form::real) {
    value["real"] = edge.to_double();
    return value;
  }
  if (edge.scale() == 1)
    value["whole"] = edge.units();
  else
    value["money_units"] = edge.units();
  if (edge.numerator() != 0) value["plus"] = json::Value::array({edge.numerator(), edge.denominator()});
  return value;
}

[[nodiscard]] inline Threshold threshold_from_json(const json::Node& node) {
  if (node.is_null()) return {};
  json::Object object(node);
  const auto real = object.find("real");
  const auto whole = object.find("whole");
  const auto money = object.find("money_units");
  const auto plus = object.find("plus");
  object.done();
  if ((real ? 1 : 0) + (whole ? 1 : 0) + (money ? 1 : 0) != 1)
    node.fail("an edge is one of real, whole and money_units, or null");
  if (real) {
    if (plus) plus->fail("only exact edges have a fraction");
    return Threshold::real(real->number());
  }
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;
  if (plus) {
    const auto items = plus->items();
    if (items.size() != 2) plus->fail("must be a numerator and a denominator");
    denominator = static_cast<std::uint32_t>(items[1].integer(1, 1'000'000'000));
    numerator = static_cast<std::uint32_t>(items[0].integer(0, std::int64_t{denominator} - 1));
  }
  return Threshold::exact(whole ? whole->integer() : money->integer(), whole ? 1 : Money::scale, numerator,
                          denominator);
}

}  // namespace klientela::classifying
