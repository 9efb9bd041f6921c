// The classifiers of a policy document: {"rfm": {"kind": "rfm", ...}, ...} from and to JSON, and the schema of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classifier.hpp"

namespace klientela {

/// Reads an object of named classifiers in document order. "kind" may be left out where the name is a kind.
/// \param pointer  JSON pointer of that object in its document, for errors
/// \throws Error bad_policy whose where() is a JSON pointer: unknown kind or key, contradiction, two classifiers that
///         write the same column
[[nodiscard]] std::vector<AnyClassifier> classifiers_from_json(std::string_view json,
                                                               const ClassifierRegistry& registry = {},
                                                               const std::string& pointer = "/classifiers");
/// The same object written out with every option; reading it back gives equal classifiers.
[[nodiscard]] std::string classifiers_to_json(std::span<const AnyClassifier> classifiers);
/// RFM, ABC, the contact matrix and tiers with their defaults.
[[nodiscard]] std::vector<AnyClassifier> default_classifiers();
/// JSON Schema (draft 2020-12) of the object that classifiers_from_json reads, with the kinds of the registry.
[[nodiscard]] std::string classify_schema(const ClassifierRegistry& registry = {});

}  // namespace klientela
