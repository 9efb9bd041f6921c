// Plans one problem out of a file of numbers and says how long it took and how good the plan is, for peers/plan.py.
//
//     plan_solve FILE [threads] [gap] [rounds]
//
// The file holds a PlanProblem field by field, whitespace between, lists after their length, days as days since
// 1970-01-01 and -1 for no profile. One JSON object goes to standard output.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "klientela/plan/check.hpp"
#include "klientela/plan/contact_plan.hpp"

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

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: plan_solve FILE [threads] [gap] [rounds]\n", stderr);
    return 2;
  }
  try {
    const PlanProblem problem = problem_of(arguments[1]);
    ThreadPool pool(count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 0);
    PlanOptions options;
    if (count > 3) options.gap = std::strtod(arguments[3], nullptr);
    if (count > 4) options.rounds = static_cast<std::int32_t>(std::strtol(arguments[4], nullptr, 10));
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
    return check.ok() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
