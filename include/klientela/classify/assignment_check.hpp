// Lines of the journal of assignments that name a client or a value that is not known.
#pragma once

#include <span>

#include "klientela/classify/assignment.hpp"
#include "klientela/classify/classifier.hpp"
#include "klientela/core/table.hpp"
#include "klientela/model/client_base.hpp"

namespace klientela {

/// By row: row (int64, the first is 1), client, attribute, value (text), reason (label): `unknown_client` where the
/// base has no such client, else `unknown_value`. A value is known to a rule set of the attribute
/// (RuleOptions::assigned) that lists or gives it; rule sets without `values`, and attributes without a rule set, take
/// any other as well, but for one that Directory::of() the attribute lacks where it has entries. Lines that take back
/// name no value. O(lines + entries of those directories). Thread-safe. \throws Error bad_data for a directory that is
/// no tree
[[nodiscard]] Table unknown_assignments(const Assignments& assignments, const ClientBase& base,
                                        std::span<const AnyModel> models = {});

}  // namespace klientela
