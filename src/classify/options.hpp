// What the option readers of the classifiers share: names, whole-document checks, and the kinds' schemas.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/json_reader.hpp"
#include "klientela/classify/abc.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/classify/matrix.hpp"
#include "klientela/classify/rfm.hpp"
#include "klientela/classify/rules.hpp"

namespace klientela::classifying {

/// Throws bad_policy at `pointer` where the options contradict themselves.
void check(const RfmOptions& options, const std::string& pointer);
void check(const AbcOptions& options, const std::string& pointer);
void check(const MatrixOptions& options, const std::string& pointer);
void check(const RuleOptions& options, const std::string& pointer);

void check_name(const std::string& name, const std::string& pointer);
/// That no two of a policy write one column. \throws Error bad_policy naming the later one by its pointer
void check_outputs(std::span<const AnyClassifier> classifiers, const std::string& pointer);

[[nodiscard]] json::Value to_value(const RfmOptions& options);
[[nodiscard]] json::Value to_value(const AbcOptions& options);
[[nodiscard]] json::Value to_value(const MatrixOptions& options);
[[nodiscard]] json::Value to_value(const RuleOptions& options);

[[nodiscard]] RfmOptions rfm_options(const json::Node& node);
[[nodiscard]] AbcOptions abc_options(const json::Node& node);
[[nodiscard]] MatrixOptions matrix_options(const json::Node& node);
[[nodiscard]] RuleOptions rule_options(const json::Node& node);

[[nodiscard]] std::string rfm_schema();
[[nodiscard]] std::string abc_schema();
[[nodiscard]] std::string matrix_schema();
[[nodiscard]] std::string rules_schema();

/// The table in use: the given one, or the default for these options.
[[nodiscard]] SegmentTable segments_in_use(const RfmOptions& options);

/// Not empty, as short as a label should be.
void check_text(const std::string& text, const std::string& pointer, std::string_view what);
/// Consumes "kind" and refuses another one.
void check_kind(json::Object& object, std::string_view kind);

}  // namespace klientela::classifying
