// Runs klientela by its C++ interface over files of tab-separated text: surface_cpp POLICY OUT TABLE=FILE...
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

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

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) return 2;
  std::ifstream policy_file(argv[1]);
  const std::string policy{std::istreambuf_iterator<char>(policy_file), {}};
  const std::string out = argv[2];

  klientela::Tables tables;
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t at = argument.find('=');
    ArrowArrayStream stream{};
    klientela::export_stream(read(argument.substr(at + 1)), &stream);
    tables.add(klientela::table_named(argument.substr(0, at)).value(), klientela::ArrowStream(&stream));
  }

  klientela::ThreadPool pool;
  klientela::Control control;
  control.executor = &pool;
  const klientela::RunResult result =
      klientela::run(std::move(tables), klientela::Policy::from_json(policy), std::nullopt, control);
  write(out + "/clients.csv", klientela::to_csv(result.clients()));
  write(out + "/matrix.csv", klientela::to_csv(result.matrix()));
  write(out + "/rejected.csv", klientela::to_csv(result.rejected()));
  write(out + "/summary.json", result.summary());
  write(out + "/report.html", result.page());
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
