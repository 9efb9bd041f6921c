// The kinds of classifiers beside RFM, ABC and the matrix: their schemas, the columns they write, their registration.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "klientela/classify/classifier.hpp"

namespace klientela::classifying {

[[nodiscard]] std::string xyz_schema();
[[nodiscard]] std::string tiers_schema();
[[nodiscard]] std::string lifecycle_schema();
[[nodiscard]] std::string ideal_client_schema();
[[nodiscard]] std::string cohort_schema();
[[nodiscard]] std::string kmeans_schema();
[[nodiscard]] std::string gaussian_mixture_schema();

/// Adds the kinds to those of a registry.
void add_more_kinds(std::map<std::string, ClassifierKind, std::less<>>& kinds);
/// The columns that a classifier writes; empty for one of a host.
[[nodiscard]] std::vector<std::string> own_outputs(const AnyClassifier& classifier);
/// Whether it comes with the library, whatever its kind is called.
[[nodiscard]] bool is_own(const AnyClassifier& classifier) noexcept;
[[nodiscard]] bool is_own(const AnyModel& model) noexcept;

}  // namespace klientela::classifying
