// Checks of feature options that every entry point shares.
#pragma once

#include <optional>
#include <string_view>

#include "klientela/features/features.hpp"

namespace klientela::features_internal {

/// \throws Error invalid_argument naming the option
void check_options(const FeatureOptions& options, Day as_of);

/// The group that has a column of this name, with any base; none: no column is called so.
[[nodiscard]] std::optional<FeatureGroup> group_of(std::string_view column) noexcept;
/// Whether a column of the groups asked for belongs into the table.
[[nodiscard]] bool wants(const FeatureOptions& options, std::string_view column) noexcept;

}  // namespace klientela::features_internal
