// The journal of assignments against what a base, its directories and the rule sets know.
#include "klientela/classify/assignment_check.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "klientela/classify/rules.hpp"
#include "klientela/model/directory.hpp"

namespace klientela {

namespace {

/// The values that one attribute may have.
class KnownValues {
 public:
  KnownValues(const std::string& attribute, const ClientBase& base, std::span<const AnyModel> models)
      : directory_(Directory::of(base, attribute)) {
    bool any_set = false;
    for (const AnyModel& model : models) {
      const auto* set = model.get_if<RulesModel>();
      if (set == nullptr || set->options().assigned != attribute) continue;
      const RuleOptions& options = set->options();
      any_set = true;
      open_ = open_ || options.values.empty();
      names_.insert(options.values.begin(), options.values.end());
      for (const Rule& rule : options.rules) names_.insert(rule.value);
      if (!options.otherwise.empty()) names_.insert(options.otherwise);
    }
    open_ = open_ || !any_set;
  }
  [[nodiscard]] bool has(const std::string& value) const {
    return names_.contains(value) || (open_ && (directory_.empty() || directory_.find(value)));
  }

 private:
  Directory directory_;
  std::set<std::string> names_;  // of rule sets
  bool open_{false};             // others are taken too
};

}  // namespace

Table unknown_assignments(const Assignments& assignments, const ClientBase& base, std::span<const AnyModel> models) {
  std::map<std::string, KnownValues> known;
  std::vector<std::size_t> rows;
  std::vector<std::uint16_t> reasons;
  const std::vector<Assignment>& lines = assignments.lines();
  for (std::size_t row = 0; row < lines.size(); ++row) {
    const Assignment& line = lines[row];
    const bool client = base.code_of(ClientId(line.client)).has_value();
    if (client && line.value.empty()) continue;
    if (client) {
      auto values = known.find(line.attribute);
      if (values == known.end())
        values = known.emplace(line.attribute, KnownValues(line.attribute, base, models)).first;
      if (values->second.has(line.value)) continue;
    }
    rows.push_back(row);
    reasons.push_back(client ? 1 : 0);
  }
  Buffer<std::int64_t> numbers(rows.size());
  Buffer<std::uint16_t> codes(rows.size());
  std::vector<std::string> clients;
  std::vector<std::string> attributes;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    numbers[i] = static_cast<std::int64_t>(rows[i]) + 1;
    codes[i] = reasons[i];
    clients.push_back(lines[rows[i]].client);
    attributes.push_back(lines[rows[i]].attribute);
    values.push_back(lines[rows[i]].value);
  }
  std::vector<Column> columns;
  columns.emplace_back("row", ColumnType::int64, std::move(numbers));
  columns.emplace_back("client", clients);
  columns.emplace_back("attribute", attributes);
  columns.emplace_back("value", values);
  columns.emplace_back(
      "reason", std::move(codes),
      std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"unknown_client", "unknown_value"}));
  return Table(std::move(columns));
}

}  // namespace klientela
