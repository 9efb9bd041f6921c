// A rule set bound to one table, shared by classifying and by checking the rules.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "classify/expression_program.hpp"
#include "klientela/classify/rules.hpp"

namespace klientela {

struct RulesModel::Data {
  std::string name;
  RuleOptions options;
  std::vector<std::size_t> order;  // places of the rules by precedence
  Data(std::string called, RuleOptions chosen);
  [[nodiscard]] std::string id(std::size_t rule) const {
    return options.rules[rule].id.empty() ? std::to_string(rule + 1) : options.rules[rule].id;
  }
  [[nodiscard]] const std::string& otherwise() const noexcept;
};

namespace classifying {

/// Programs of the rules, by place. \throws Error not_found, invalid_argument
[[nodiscard]] std::vector<Program> bind_rules(const RulesModel::Data& data, const Table& table);

/// A rule set with its programs, labels and assigned values, bound to one table.
struct Applied;
/// \throws Error as bind_rules and assigned_column
[[nodiscard]] std::shared_ptr<const Applied> apply_rules(const RulesModel::Data& data, const Table& table);
/// Of the column of values: every code that decide() writes.
[[nodiscard]] const std::vector<std::string>& labels_of(const Applied& applied) noexcept;
/// Decides rows [begin, end), begin a multiple of 64, at most block_rows: codes into values[0..] and sources[0..].
void decide(const RulesModel::Data& data, const Applied& applied, std::size_t begin, std::size_t end,
            Program::Scratch& scratch, std::uint16_t* values, std::uint16_t* sources);

/// The column of a source, null where the table has none. \throws Error invalid_argument unless it holds text
[[nodiscard]] const Column* assigned_column(const RuleOptions& options, ValueSource source, const Table& table);

}  // namespace classifying
}  // namespace klientela
