// Checks of feature options that every entry point shares.
#pragma once

#include "klientela/features/features.hpp"

namespace klientela::features_internal {

/// \throws Error invalid_argument naming the option
void check_options(const FeatureOptions& options, Day as_of);

}  // namespace klientela::features_internal
