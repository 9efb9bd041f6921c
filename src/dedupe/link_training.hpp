// What both ways to learn a link model share: checks of options, and weights that rise with agreement.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "klientela/dedupe/link_training.hpp"

namespace klientela::linking {

[[noreturn]] void refuse_option(const std::string& option, const std::string& why);
/// \throws Error invalid_argument naming the option, as in "prior_m[2][0]"
void check(const LinkTrainingOptions& options);
void check(const LogisticOptions& options);
void check(std::span<const LinkClassSpec> classes, std::span<const ComparisonSpec> comparisons);

/// Isotonic regression of values with weights above 0 (pool adjacent violators), rising. O(n)
void make_rising(std::span<double> values, std::span<const double> weights);

}  // namespace klientela::linking
