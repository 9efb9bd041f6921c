// Pieces of reasons that the classifiers share.
#pragma once

#include <cctype>
#include <span>
#include <string>
#include <string_view>

#include "classify/measure.hpp"
#include "klientela/classify/classification.hpp"

namespace klientela::classifying {

[[nodiscard]] inline Quantity quantity_of(const Threshold& edge) {
  return {edge.to_double(), edge.to_text(), edge.form() == Threshold::Form::real};
}

/// What a row holds; empty for a null and for a float that is not finite.
[[nodiscard]] inline Quantity quantity_of(const Measure& measure, std::size_t row) {
  if (!measure.has_value(row)) return {};
  const std::int64_t key = measure.key(row);
  const double number =
      measure.is_real() ? real_of(key) : static_cast<double>(key) / static_cast<double>(measure.scale());
  return {number, measure.column().to_text(row), measure.is_real()};
}

/// Sets low and high from the edges around bin number `bin`.
inline void set_edges(Reason& reason, std::span<const Threshold> edges, std::size_t bin) {
  if (bin > 0 && edges[bin - 1].form() != Threshold::Form::lowest) reason.low = quantity_of(edges[bin - 1]);
  if (bin < edges.size()) reason.high = quantity_of(edges[bin]);
}

/// A name as part of a rule id: ASCII letters and digits lowered, everything else but UTF-8 letters a dash.
[[nodiscard]] inline std::string slug(std::string_view name) {
  std::string id;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte))
      id += static_cast<char>(byte < 0x80 ? std::tolower(byte) : byte);
    else if (c != '\'' && !id.empty() && id.back() != '-')
      id += '-';
  }
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id;
}

}  // namespace klientela::classifying
