// The rule packs of src/plan/data as they are compiled in.
#pragma once

#include <span>
#include <string_view>

namespace klientela::planning {

struct BuiltinRulePack {
  std::string_view name;
  std::string_view json;
};
/// By name, ascending.
[[nodiscard]] std::span<const BuiltinRulePack> builtin_rule_packs() noexcept;

}  // namespace klientela::planning
