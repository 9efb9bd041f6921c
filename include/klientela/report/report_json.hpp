// The report part of the policy document: options from and to JSON, and its schema.
#pragma once

#include <string>
#include <string_view>

#include "klientela/report/report.hpp"

namespace klientela {

/// Reads {"language": "en" or "ru", "title", "top_clients", "profiles": {...}, "attention": {...}, "hide": [...]};
/// every key optional. "attention" is as attention_options_from_json() reads it, without a language of its own. \param
/// pointer  JSON pointer of the object in the document it was cut from; where() of errors begins with it \throws Error
/// bad_policy for unknown keys, wrong types and values out of range
[[nodiscard]] ReportOptions report_options_from_json(std::string_view json, std::string_view pointer = {});
/// The part "profiles" by itself: {"columns", "test": "greater" or "two_sided", "min_clients", "top",
/// "positive_outcomes", "reply_days"}; every key optional. \throws Error bad_policy as above
[[nodiscard]] ProfileOptions profile_options_from_json(std::string_view json, std::string_view pointer = {});
/// Every key written out; report_options_from_json gives the same options back.
[[nodiscard]] std::string to_json(const ReportOptions& options);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string report_options_schema();

}  // namespace klientela
