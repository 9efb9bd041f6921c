// Feeds the tables of a plan as people might have edited them: each is read back and checked, or names its cell.
// A line is a row, with tabs between cells: "p" id manager channel start client minutes, "r" id reason surplus,
// "c" manager day resource channel price.
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "klientela/plan/plan_faults.hpp"
#include "klientela/plan/plan_json.hpp"
#include "small_base.hpp"

namespace {

using namespace klientela;
using fuzz::require;

class Texts {
 public:
  void add(const std::vector<std::string>& cells, std::size_t at) {
    values_.push_back(at < cells.size() && !cells[at].empty() ? std::optional(cells[at]) : std::nullopt);
  }
  [[nodiscard]] Column column(const char* name) const { return Column(name, values_); }

 private:
  std::vector<std::optional<std::string>> values_;
};

template <class T>
class Numbers {
 public:
  void add(const std::vector<std::string>& cells, std::size_t at) {
    T value{};
    if (at < cells.size()) std::from_chars(cells[at].data(), cells[at].data() + cells[at].size(), value);
    values_.push_back(value);
  }
  [[nodiscard]] Column column(const char* name, ColumnType type) const {
    Buffer<T> buffer(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) buffer[i] = values_[i];
    return Column(name, type, std::move(buffer));
  }

 private:
  std::vector<T> values_;
};

const ContactSchedule& planned() {
  static const ContactSchedule made = [] {
    PlanPolicy policy = *plan_policy_from_json(
        R"({"owners": {"dedicated": null}, "care": [], "revisits": null, "batching": null,
            "limits": [{"contacts": 2, "days": 3}], "playbooks": [{"name": "p", "quotas": [{"name": "q",
            "channels": ["phone", "email"], "contacts": 3, "per": "plan", "value": 1e8, "gap_days": 1}]}]})",
        "/plan");
    const Table managers({Column("manager", std::vector<std::string>{"a", "b"}),
                          Column("capacities", std::vector<std::string>{"phone=2", "phone=3"})});
    return make_schedule(fuzz::base(), Table({fuzz::base().client_column()}), managers, policy, fuzz::week);
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Texts ids, managers, channels, clients, minutes, refused, reasons, of, resources, by;
  Numbers<std::int64_t> starts, surplus, prices;
  Numbers<std::int32_t> days;
  for (const std::string& line : fuzz::cut(std::string_view(reinterpret_cast<const char*>(data), size), '\n')) {
    const std::vector<std::string> cells = fuzz::cut(line, '\t');
    if (cells[0] == "p") {
      ids.add(cells, 1), managers.add(cells, 2), channels.add(cells, 3), starts.add(cells, 4);
      clients.add(cells, 5), minutes.add(cells, 6);
    } else if (cells[0] == "r") {
      refused.add(cells, 1), reasons.add(cells, 2), surplus.add(cells, 3);
    } else {
      of.add(cells, 1), days.add(cells, 2), resources.add(cells, 3), by.add(cells, 4), prices.add(cells, 5);
    }
  }
  const ContactSchedule& schedule = planned();
  try {
    const ContactPlan plan = schedule.plan_of(
        Table({ids.column("id"), managers.column("manager"), channels.column("channel"),
               starts.column("start", ColumnType::instant), clients.column("client"), minutes.column("minutes")}),
        Table({refused.column("id"), reasons.column("reason"), surplus.column("surplus", ColumnType::money)}),
        Table({of.column("manager"), days.column("day", ColumnType::day), resources.column("resource"),
               by.column("channel"), prices.column("price", ColumnType::money)}));
    const ContactSchedule edited = schedule.with(plan);
    const PlanCheck check = check_schedule(edited, 1000);
    require(faults_table(edited, check).rows() == check.faults.size());
    static_cast<void>(edited.planned());
    static_cast<void>(edited.refused(Language::russian));
    static_cast<void>(edited.prices());
    static_cast<void>(edited.summary_json());
  } catch (const Error& error) {
    require(error.code() == Code::bad_data);
    require(error.where().find('.') != std::string::npos);
  }
  return 0;
}
