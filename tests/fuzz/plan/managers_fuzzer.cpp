// Feeds tables of managers, tabs between cells and a line a row: each is read, and plans soundly, or names its cell.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/plan/managers.hpp"
#include "klientela/plan/plan_json.hpp"
#include "small_base.hpp"

namespace {

using namespace klientela;
using fuzz::require;

Table table_of(std::string_view text) {
  const std::vector<std::string> lines = fuzz::cut(text, '\n');
  const std::vector<std::string> names = fuzz::cut(lines.front(), '\t');
  std::vector<std::vector<std::optional<std::string>>> cells(names.size());
  for (std::size_t row = 1; row < lines.size(); ++row) {
    const std::vector<std::string> given = fuzz::cut(lines[row], '\t');
    for (std::size_t c = 0; c < names.size(); ++c)
      cells[c].push_back(c < given.size() && !given[c].empty() ? std::optional(given[c]) : std::nullopt);
  }
  Table table;
  for (std::size_t c = 0; c < names.size(); ++c)
    if (table.find(names[c]) == nullptr) table.add(Column(names[c], cells[c]));
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const PlanPolicy policy = *plan_policy_from_json(
      R"({"owners": {"dedicated": "card.city = 'Perm'"}, "care": [], "revisits": null,
          "solver": {"rounds": 5, "improvements": 10}, "playbooks": [{"name": "p", "quotas": [
            {"channels": ["phone", "email"], "contacts": 3, "per": "plan", "by": {"owner": true, "language": true}},
            {"channel": "meeting", "by": {"pool": "a", "skills": ["b"]}}]}]})",
      "/plan");
  const Table table = table_of(std::string_view(reinterpret_cast<const char*>(data), size));
  if (table.rows() > 20) return 0;  // big plans are slow, not different
  try {
    const std::vector<PlanManager> managers = managers_from_table(table, policy);
    require(managers.size() == table.rows());
    const ContactSchedule schedule =
        make_schedule(fuzz::base(), Table({fuzz::base().client_column()}), table, policy, fuzz::week);
    require(check_schedule(schedule).ok());
    static_cast<void>(schedule.planned());
    static_cast<void>(schedule.summary_json());
  } catch (const Error& error) {
    require(error.code() == Code::bad_data || error.code() == Code::not_found);
    if (error.code() == Code::bad_data) require(error.where().starts_with("managers."));
  }
  return 0;
}
