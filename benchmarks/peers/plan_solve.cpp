// Plans one problem out of a file of numbers and says how long it took and how good the plan is, for peers/plan.py.
//
//     plan_solve FILE [threads] [gap] [rounds] [absent] [improvements]
//
// The file holds a PlanProblem field by field, whitespace between, lists after their length, days as days since
// 1970-01-01 and -1 for no profile. One JSON object goes to standard output. With `absent` above 0 the first manager is
// then away for so many days from the middle of the plan on, and it is replanned, and planned anew.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

#include "klientela/plan/check.hpp"
#include "klientela/plan/contact_plan.hpp"
#include "klientela/plan/replan.hpp"

namespace {

using namespace klientela;  // NOLINT: a program of its own

class Reader {
 public:
  explicit Reader(const char* path) {
    std::ifstream file(path, std::ios::binary);
    text_.assign(std::istreambuf_iterator<char>(file), {});
    at_ = text_.c_str();
  }
  template <class T>
  T number() {
    char* end = nullptr;
    const long long value = std::strtoll(at_, &end, 10);
    if (end == at_) throw Error(Code::bad_data, "a number is missing");
    at_ = end;
    return static_cast<T>(value);
  }
  Day day() { return Day{std::chrono::days{number<int>()}}; }
  template <class Item>
  void list(std::vector<Item>& out) {
    out.resize(number<std::size_t>());
    for (Item& item : out) read(item);
  }

 private:
  void read(std::int32_t& value) { value = number<std::int32_t>(); }
  void read(std::uint32_t& value) { value = number<std::uint32_t>(); }
  void read(std::int64_t& value) { value = number<std::int64_t>(); }
  void read(Day& value) { value = day(); }
  void read(MinuteSpan& span) {
    read(span.from);
    read(span.to);
  }
  void read(PlanShift& shift) {
    read(shift.manager);
    read(shift.day);
    read(shift.span);
  }
  void read(RollingLimit& limit) {
    read(limit.contacts);
    read(limit.days);
    read(limit.channels);
  }
  void read(PlanClient& client) {
    read(client.consents);
    read(client.limits);
    client.one_manager = number<int>() != 0;
  }
  void read(PastContact& past) {
    read(past.client);
    read(past.channel);
    read(past.day);
  }
  void read(PlanTouch& touch) {
    for (std::uint32_t* field :
         {&touch.client, &touch.pool, &touch.channels, &touch.purpose, &touch.hours, &touch.preference})
      read(*field);
    read(touch.minutes);
    read(touch.gap_days);
    read(touch.value);
    read(touch.first);
    read(touch.last);
  }
  template <class Item>
  void read(std::vector<Item>& items) {
    list(items);
  }

  std::string text_;
  const char* at_;
};

PlanProblem problem_of(const char* path) {
  Reader reader(path);
  PlanProblem problem;
  reader.list(problem.days);
  problem.managers = reader.number<std::size_t>();
  problem.channels = reader.number<std::size_t>();
  reader.list(problem.minutes);
  reader.list(problem.contacts);
  reader.list(problem.shifts);
  reader.list(problem.pools);
  reader.list(problem.hours);
  reader.list(problem.preferences);
  reader.list(problem.consents);
  reader.list(problem.limits);
  reader.list(problem.clients);
  reader.list(problem.past);
  reader.list(problem.touches);
  return problem;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double processor_since(std::clock_t begin) {
  return static_cast<double>(std::clock() - begin) / static_cast<double>(CLOCKS_PER_SEC);
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int replan(PlanProblem problem, const ContactPlan& plan, const PlanOptions& options, const Control& control,
           std::uint32_t absent) {
  const PlanProblem before = problem;
  const auto from = static_cast<std::uint32_t>(problem.days.size() / 2);
  const auto away = [&](std::uint32_t manager, std::uint32_t day) {
    return manager == 0 && day >= from && day < from + absent;
  };
  for (std::uint32_t day = 0; day < problem.days.size(); ++day)
    if (away(0, day)) problem.minutes[day] = 0;
  std::erase_if(problem.shifts, [&](const PlanShift& shift) { return away(shift.manager, shift.day); });
  std::size_t must = 0;
  for (const PlannedTouch& row : plan.planned) must += away(row.manager, row.day) ? 1 : 0;
  std::vector<std::uint32_t> touches(problem.touches.size()), managers(problem.managers);
  std::iota(touches.begin(), touches.end(), 0U);
  std::iota(managers.begin(), managers.end(), 0U);
  const Announcement announced = announcement_of(before, plan, problem, touches, managers);
  ReplanOptions choices;
  choices.plan = options;
  std::clock_t processor = std::clock();
  const auto begin = std::chrono::steady_clock::now();
  const Replan made = replan_contacts(problem, announced, problem.days[from], choices, control);
  const double replanned = seconds_since(begin), replan_processor = processor_since(processor);
  processor = std::clock();
  const auto again = std::chrono::steady_clock::now();
  const ContactPlan anew = plan_contacts(problem, options, control);
  const double planned = seconds_since(again), anew_processor = processor_since(processor);
  const PlanCheck check = check_plan(problem, made.plan, 3);
  for (const PlanFault& fault : check.faults)
    std::fprintf(stderr, "%s: %s\n", std::string(name(fault.violation)).c_str(), fault.text.c_str());
  std::printf(
      "{\"replan_seconds\": %.4f, \"replan_processor\": %.4f, \"anew_seconds\": %.4f, \"anew_processor\": %.4f, "
      "\"must_move\": %zu, \"changed\": %zu, \"least_changed\": "
      "%zu, "
      "\"changes\": %zu, \"objective\": %lld, \"completion_gap\": %.8f, \"gap\": %.8f, \"anew_objective\": %lld, "
      "\"faults\": %zu}\n",
      replanned, replan_processor, planned, anew_processor, must, made.changed, made.least_changed, made.changes.size(),
      static_cast<long long>(made.plan.objective), made.gap(), made.plan.gap(), static_cast<long long>(anew.objective),
      check.fault_count);
  return check.ok() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: plan_solve FILE [threads] [gap] [rounds] [absent] [improvements]\n", stderr);
    return 2;
  }
  try {
    const PlanProblem problem = problem_of(arguments[1]);
    ThreadPool pool(count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 0);
    PlanOptions options;
    if (count > 3) options.gap = std::strtod(arguments[3], nullptr);
    if (count > 4) options.rounds = static_cast<std::int32_t>(std::strtol(arguments[4], nullptr, 10));
    if (count > 6) options.improvements = static_cast<std::int32_t>(std::strtol(arguments[6], nullptr, 10));
    Control control;
    control.executor = &pool;
    const auto begin = std::chrono::steady_clock::now();
    const ContactPlan plan = plan_contacts(problem, options, control);
    const double planned = seconds_since(begin);
    const long peak = peak_kib();
    const auto checking = std::chrono::steady_clock::now();
    const PlanCheck check = check_plan(problem, plan, 3);
    const double checked = seconds_since(checking);
    for (const PlanFault& fault : check.faults)
      std::fprintf(stderr, "%s: %s\n", std::string(name(fault.violation)).c_str(), fault.text.c_str());
    std::printf(
        "{\"seconds\": %.4f, \"check_seconds\": %.4f, \"peak_kib\": %ld, \"objective\": %lld, \"bound\": %lld, "
        "\"checked_bound\": %lld, \"gap\": %.8f, \"planned\": %zu, \"refused\": %zu, \"exact_groups\": %zu, "
        "\"coupled_groups\": %zu, \"rounds\": %d, \"faults\": %zu}\n",
        planned, checked, peak, static_cast<long long>(plan.objective), static_cast<long long>(plan.upper_bound),
        static_cast<long long>(check.upper_bound), plan.gap(), plan.planned.size(), plan.refused.size(),
        plan.exact_groups, plan.coupled_groups, plan.rounds, check.fault_count);
    if (!check.ok()) return 1;
    const auto absent = static_cast<std::uint32_t>(count > 5 ? std::strtoul(arguments[5], nullptr, 10) : 0);
    return absent == 0 ? 0 : replan(problem, plan, options, control, absent);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
