// Classes by rules: conditions over any columns in order, above or below what was assigned by hand, in bulk or
// delivered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/classification.hpp"
#include "klientela/classify/expression.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela {

/// Gives a value to the rows for which the condition is true; false and null (not known) do not fit.
struct Rule {
  std::string id{};          ///< 1 to 200 bytes, unlike any other of the set; empty: its place, from 1
  Expression when{};         ///< of type boolean
  std::string value{};       ///< 1 to 200 bytes
  std::int32_t priority{0};  ///< used by RuleMatch::priority only
  std::string english{};     ///< why, as the end of a sentence: "they have bought"; empty: the condition itself
  std::string russian{};
  friend bool operator==(const Rule&, const Rule&) = default;
};

/// Which of several rules that fit decides.
enum class RuleMatch : std::uint8_t {
  first,     ///< the first in order
  priority,  ///< the one of the highest priority, of equals the first in order
};

/// Where a value can come from.
enum class ValueSource : std::uint8_t { hand, bulk, delivered, rules };
/// "hand", "bulk", "delivered", "rules".
[[nodiscard]] std::string_view name(ValueSource source) noexcept;

struct RuleOptions {
  std::vector<Rule> rules;  ///< 0 to 1000
  RuleMatch match{RuleMatch::first};
  /// Value of rows that nothing decides; empty: "unclassified".
  std::string otherwise{};
  /// The values that there may be, in the order of the labels. Empty: those of the rules in order, then `otherwise`,
  /// then what was assigned, by bytes.
  std::vector<std::string> values{};
  /// Columns that the table may lack; they count as null. Any other that is missing is an error.
  std::vector<std::string> may_be_absent{};
  /// The attribute A that is also assigned: values stand in the columns hand.A, bulk.A and card.A (see
  /// with_base_columns), where they are there. Empty: rules only.
  std::string assigned{};
  /// Which source decides before which; all four, each once.
  std::vector<ValueSource> precedence{ValueSource::hand, ValueSource::bulk, ValueSource::rules, ValueSource::delivered};
  friend bool operator==(const RuleOptions&, const RuleOptions&) = default;

  /// The names that named() knows.
  [[nodiscard]] static std::vector<std::string> names();
  /// A set of rules that comes with the library: "relationship_type" (client, potential, target, non-client, other).
  /// \throws Error not_found naming those there are
  [[nodiscard]] static RuleOptions named(std::string_view name);
};

/// Rules that were checked against a table. Two label columns without nulls: NAME, and NAME_source with "hand", "bulk",
/// "delivered", "rule:ID" or "otherwise". A row's class depends on that row alone.
class RulesModel {
 public:
  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] std::string kind() const { return "rules"; }
  [[nodiscard]] const RuleOptions& options() const noexcept;
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// O(rows x parts of the rules); a rule is only asked about rows that nothing before it decided.
  /// \throws Error not_found, invalid_argument as Expression::check, where() being the rule's id; cancelled
  [[nodiscard]] Classification classify(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static RulesModel from_json(const std::string& name, std::string_view json,
                                            const std::string& pointer = {});

  struct Data;
  explicit RulesModel(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

 private:
  std::shared_ptr<const Data> data_;
};

class RulesClassifier {
 public:
  /// \throws Error bad_policy whose where() is a JSON pointer into the options
  explicit RulesClassifier(RuleOptions options, std::string name = "rules");
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::string kind() const { return "rules"; }
  [[nodiscard]] const RuleOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::vector<std::string> inputs() const;
  /// Checks the rules against the columns; learns nothing. \throws Error as RulesModel::classify
  [[nodiscard]] RulesModel fit(const Table& table, const Control& control = {}) const;
  [[nodiscard]] std::string to_json() const;
  /// \throws Error bad_policy
  [[nodiscard]] static RulesClassifier from_json(std::string_view json, const std::string& name = "rules",
                                                 const std::string& pointer = {});

 private:
  RuleOptions options_;
  std::string name_;
};

/// What the rules of a set do on one table, each asked about every row.
struct RuleCheck {
  struct PerRule {
    std::string id;
    std::string value;
    std::uint64_t fits;       ///< rows for which it is true; 0: it never fires
    std::uint64_t decides;    ///< rows that got their value from it; 0 with fits above 0: it is hidden by others
    std::uint64_t undecided;  ///< rows for which it is null: a value is missing, or arithmetic had no answer
  };
  /// Two rules that fit the same rows and give different values; the first one takes precedence.
  struct Contradiction {
    std::string first;
    std::string second;
    std::string first_value;
    std::string second_value;
    std::uint64_t rows;
    std::size_t example;  ///< the first such row
  };
  std::vector<PerRule> rules;                 ///< in order of precedence
  std::vector<Contradiction> contradictions;  ///< by first, then second
  /// rule, value, fits, decides, undecided, state ("fires", "hidden", "never fires").
  [[nodiscard]] Table rules_table() const;
  /// first, second, first_value, second_value, rows, and, with a `client` column in the table, example: a client.
  [[nodiscard]] Table contradictions_table(const Table& table) const;
};
/// O(rows x (parts of the rules + pairs of rules / 64)). \throws Error as RulesModel::classify
[[nodiscard]] RuleCheck check_rules(const RulesModel& model, const Table& table, const Control& control = {});

}  // namespace klientela
