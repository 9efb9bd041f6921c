// Runs klientela by its C++ interface over files of tab-separated text: surface_cpp POLICY OUT TABLE=FILE...
#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "klientela/classify/migration.hpp"
#include "klientela/core/arrow.hpp"
#include "klientela/core/executor.hpp"
#include "klientela/pipeline/run.hpp"

namespace {

std::vector<std::string> cut(const std::string& line) {
  std::vector<std::string> cells(1);
  for (const char character : line) {
    if (character == '\t')
      cells.emplace_back();
    else
      cells.back() += character;
  }
  return cells;
}

/// Every column as text; an empty cell is null.
klientela::Table read(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path);
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> names = cut(line);
  std::vector<std::vector<std::optional<std::string>>> columns(names.size());
  while (std::getline(file, line)) {
    const std::vector<std::string> cells = cut(line);
    for (std::size_t c = 0; c < names.size(); ++c)
      columns[c].push_back(cells.at(c).empty() ? std::nullopt : std::optional(cells[c]));
  }
  klientela::Table table;
  for (std::size_t c = 0; c < names.size(); ++c) table.add(klientela::Column(names[c], columns[c]));
  return table;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

/// The plug-in that each of the surfaces has: who spends more than `times` the mean, and how many times as much.
struct SpenderModel {
  std::string called;
  double times;
  double edge;
  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "spender"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"money_net"}; }
  [[nodiscard]] std::vector<std::string> outputs() const { return {called, called + "_ratio"}; }
  [[nodiscard]] klientela::Classification classify(const klientela::Table& table, const klientela::Control&) const {
    const klientela::Column& money = table.column("money_net");
    const auto units = money.values<std::int64_t>();
    klientela::Buffer<std::uint16_t> codes(units.size());
    klientela::Buffer<double> ratios(units.size());
    klientela::Buffer<std::uint8_t> valid((units.size() + 7) / 8, 0xFF);
    for (std::size_t row = 0; row < units.size(); ++row) {
      codes[row] = 0;
      ratios[row] = 0;
      if (money.is_null(row)) {
        valid[row >> 3] = static_cast<std::uint8_t>(valid[row >> 3] & ~(1U << (row & 7)));
        continue;
      }
      ratios[row] = static_cast<double>(units[row]) / edge;
      codes[row] = ratios[row] > 1 ? 1 : 0;
    }
    klientela::Buffer<std::uint8_t> same(valid.size());
    std::copy(valid.begin(), valid.end(), same.begin());
    const auto labels = std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"small", "large"});
    std::vector<klientela::Column> columns;
    columns.emplace_back(called, std::move(codes), labels, std::move(valid));
    columns.emplace_back(called + "_ratio", klientela::ColumnType::float64, std::move(ratios), std::move(same));
    auto reasons = [column = columns[0],
                    plain = klientela::reasons_by_measures(klientela::Table({money}), {columns[0]})](std::size_t row) {
      if (column.is_null(row)) return std::vector<klientela::Reason>();
      std::vector<klientela::Reason> found = plain(row);
      const bool large = column.text(row) == "large";
      found[0].rule = large ? "spender.above" : "spender.below";
      found[0].english = large ? "which is above the mean" : "which is not above the mean";
      found[0].russian = large ? "это выше среднего" : "это не выше среднего";
      return found;
    };
    return klientela::Classification(called, "spender", columns, std::move(reasons));
  }
  [[nodiscard]] std::string to_json() const { return "{}"; }
};

struct Spender {
  std::string called;
  double times;
  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "spender"; }
  [[nodiscard]] std::vector<std::string> inputs() const { return {"money_net"}; }
  [[nodiscard]] std::vector<std::string> outputs() const { return {called, called + "_ratio"}; }
  [[nodiscard]] SpenderModel fit(const klientela::Table& table, const klientela::Control&) const {
    const klientela::Column& money = table.column("money_net");
    std::int64_t sum = 0;
    std::int64_t count = 0;
    for (std::size_t row = 0; row < money.size(); ++row) {
      if (money.is_null(row)) continue;
      sum += money.values<std::int64_t>()[row];
      ++count;
    }
    return {called, times, times * (static_cast<double>(sum) / static_cast<double>(count))};
  }
  [[nodiscard]] std::string to_json() const {
    return "{\"kind\": \"spender\", \"times\": " + std::to_string(times) + "}";
  }
};

klientela::ClassifierRegistry registry_with_spender() {
  klientela::ClassifierRegistry registry;
  registry.add("spender", {.make =
                               [](const std::string& name, std::string_view options, const std::string&) {
                                 const std::string text(options);
                                 const std::size_t at = text.find("\"times\":");
                                 return klientela::AnyClassifier(
                                     Spender{name, at == std::string::npos ? 1.0 : std::stod(text.substr(at + 8))});
                               },
                           .load = {},
                           .schema = {}});
  return registry;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) return 2;
  std::ifstream policy_file(argv[1]);
  const std::string policy{std::istreambuf_iterator<char>(policy_file), {}};
  const std::string out = argv[2];

  klientela::Tables tables;
  klientela::Table managers;
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t at = argument.find('=');
    if (argument.substr(0, at) == "managers") {
      managers = read(argument.substr(at + 1));
      continue;
    }
    ArrowArrayStream stream{};
    klientela::export_stream(read(argument.substr(at + 1)), &stream);
    tables.add(klientela::table_named(argument.substr(0, at)).value(), klientela::ArrowStream(&stream));
  }

  klientela::ThreadPool pool;
  klientela::Control control;
  control.executor = &pool;
  const klientela::RunResult result = klientela::run(
      std::move(tables), klientela::Policy::from_json(policy, registry_with_spender()), std::nullopt, control);
  write(out + "/clients.csv", klientela::to_csv(result.clients()));
  write(out + "/matrix.csv", klientela::to_csv(result.matrix()));
  write(out + "/attention.csv", klientela::to_csv(result.attention()));
  write(out + "/cohorts.csv", klientela::to_csv(result.cohorts()));
  const klientela::History* history = result.history(control);
  if (history == nullptr) throw std::runtime_error("the policy has no history");
  klientela::TransitionOptions moves;
  moves.states.column = "group";
  moves.language = klientela::Language::russian;
  write(out + "/transitions.csv", klientela::to_csv(klientela::transitions(*history, moves, control)));
  write(out + "/rejected.csv", klientela::to_csv(result.rejected()));
  write(out + "/summary.json", result.summary());
  write(out + "/report.html", result.page());
  const klientela::ContactSchedule schedule =
      result.schedule(managers, klientela::SchedulePeriod::parse("2026-07"), std::nullopt, {}, control);
  write(out + "/planned.csv", klientela::to_csv(schedule.planned(klientela::Language::russian)));
  write(out + "/refused.csv", klientela::to_csv(schedule.refused(klientela::Language::russian)));
  write(out + "/plan.json", schedule.summary_json(klientela::Language::russian));
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
