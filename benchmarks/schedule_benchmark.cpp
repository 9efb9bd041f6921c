// How long it takes to compile a policy and a base to a plan's problem, and to render what was planned.
#include <benchmark/benchmark.h>

#include <map>
#include <random>

#include "klientela/ingest/builder.hpp"
#include "klientela/plan/schedule.hpp"

namespace klientela {
namespace {

struct World {
  ClientBase base;
  Table classified;
  Table managers;
};

Column labels(const char* name, std::vector<std::string> all, std::size_t rows, std::mt19937& random) {
  Buffer<std::uint16_t> codes(rows);
  for (std::uint16_t& code : codes) code = static_cast<std::uint16_t>(random() % all.size());
  return Column(name, std::move(codes), std::make_shared<const std::vector<std::string>>(std::move(all)));
}

const World& world(std::int64_t clients) {
  static std::map<std::int64_t, World> worlds;
  World& made = worlds[clients];
  if (made.classified.rows() > 0) return made;
  std::mt19937 random(1);
  const std::vector<std::string> zones{"Europe/Moscow", "Asia/Yekaterinburg", "Europe/Samara", ""};
  const std::vector<std::string> cities{"Tver", "Kazan", "Perm", "Samara", "Omsk"};
  BaseBuilder builder;
  const Instant november{std::chrono::sys_days{std::chrono::year{2026} / 11 / 1}};
  for (std::int64_t id = 1; id <= clients; ++id) {
    ClientRow row{.client = id};
    row.name = "Client " + std::to_string(id);
    row.time_zone = zones[random() % zones.size()];
    row.city = cities[random() % cities.size()];
    row.country = "RU";
    row.birthday = Day{std::chrono::year{1980} / 1 / 1} + std::chrono::days{random() % 7000};
    builder.add(row);
    if (random() % 2 == 0)
      builder.add(InteractionRow{.client = id,
                                 .channel = "phone",
                                 .initiative = "outbound",
                                 .started_at = november + std::chrono::hours{random() % 700}});
    if (random() % 4 == 0)
      builder.add(ConsentRow{.client = id, .channel = "email", .purpose = "marketing", .granted = random() % 8 != 0});
  }
  made.base = builder.build().base;
  made.classified = Table({made.base.client_column()});
  const auto rows = static_cast<std::size_t>(clients);
  made.classified.add(labels("tier", {"strategic", "important", "ordinary", "potential"}, rows, random));
  made.classified.add(labels("group", {"partner", "hot", "warm", "cold"}, rows, random));
  made.classified.add(labels("abc", {"A", "B", "C"}, rows, random));
  std::vector<std::string> managers, dedicated;
  for (int m = 0; m < 50; ++m) {
    managers.push_back("m" + std::to_string(m));
    dedicated.emplace_back(m < 10 ? "true" : "false");
  }
  made.managers = Table({Column("manager", managers), Column("dedicated", dedicated)});
  return made;
}

const SchedulePeriod december = SchedulePeriod::parse("2026-12");

/// The default policy for 50 managers and a month.
void compile(benchmark::State& state) {
  const World& given = world(state.range(0));
  std::size_t touches = 0;
  for (auto _ : state) {
    const ContactSchedule schedule =
        compile_schedule(given.base, given.classified, given.managers, PlanPolicy(), december);
    touches = schedule.problem().touches.size();
    benchmark::DoNotOptimize(touches);
  }
  state.counters["touches"] = static_cast<double>(touches);
}
BENCHMARK(compile)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);

/// The table of refused contacts, of a schedule that plans nothing.
void render(benchmark::State& state) {
  const World& given = world(state.range(0));
  const ContactSchedule compiled =
      compile_schedule(given.base, given.classified, given.managers, PlanPolicy(), december);
  ContactPlan plan;
  for (std::uint32_t t = 0; t < compiled.problem().touches.size(); ++t)
    plan.refused.push_back({t, Refusal::capacity, 0});
  const ContactSchedule schedule = compiled.with(std::move(plan));
  for (auto _ : state) benchmark::DoNotOptimize(schedule.refused().rows());
}
BENCHMARK(render)->Arg(100'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace klientela

BENCHMARK_MAIN();
