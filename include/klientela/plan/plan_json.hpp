// The plan part of the policy document: from and to JSON, and its schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "klientela/plan/plan_policy.hpp"

namespace klientela {

/// Reads the object of docs/policy.md; `true`: the default, `null` and `false`: none. Every key optional; lists replace
/// those of the default. \param pointer  JSON pointer of the object in the document it was cut from; where() of errors
/// begins with it
/// \throws Error bad_policy for unknown keys, wrong types, values out of range, expressions that cannot be read (with
/// the character), names that are there twice or that nothing has, quotas that contradict themselves, unknown time
/// zones and rule packs
[[nodiscard]] std::optional<PlanPolicy> plan_policy_from_json(std::string_view json, std::string_view pointer = {});
/// Every key written out; plan_policy_from_json gives the same policy back.
[[nodiscard]] std::string to_json(const PlanPolicy& policy);
/// JSON Schema (2020-12) of the object.
[[nodiscard]] std::string plan_policy_schema();
/// The default playbooks as the JSON array that `playbooks` takes: what to begin one's own with.
[[nodiscard]] std::string default_playbooks_json();

}  // namespace klientela
