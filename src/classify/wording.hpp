// What people call klientela's own measures and labels, and how sentences say numbers.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "klientela/classify/classification.hpp"

namespace klientela::classifying {

/// What a measure means; empty for one that is called by its column alone.
[[nodiscard]] std::string_view words_of(std::string_view measure, Language language) noexcept;
/// The same with the column's name behind it, or the name alone.
[[nodiscard]] std::string called(const std::string& measure, Language language);
/// What one of our own labels means in Russian; empty for others.
[[nodiscard]] std::string_view russian_of(std::string_view label) noexcept;

/// Texts of quantities that stand in one sentence: floats get two decimals, below 1 four. Where that would change which
/// of them is the larger, all get four, and where that would too, all stay exact.
void round_together(std::span<Quantity* const> quantities);

}  // namespace klientela::classifying
