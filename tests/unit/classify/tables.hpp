// Small tables of measures for the tests of classify.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "klientela/core/executor.hpp"
#include "klientela/core/table.hpp"

namespace klientela::test {

template <class T>
Column column(const std::string& name, ColumnType type, const std::vector<std::optional<T>>& values) {
  Buffer<T> buffer(values.size());
  Buffer<std::uint8_t> valid((values.size() + 7) / 8, 0);
  bool nulls = false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    buffer[i] = values[i].value_or(T{7});  // what stands under a null must not matter
    if (values[i])
      valid[i >> 3] = static_cast<std::uint8_t>(valid[i >> 3] | (1U << (i & 7)));
    else
      nulls = true;
  }
  return nulls ? Column(name, type, std::move(buffer), std::move(valid)) : Column(name, type, std::move(buffer));
}

inline Column clients(std::size_t rows) {
  std::vector<std::optional<std::int64_t>> ids;
  for (std::size_t i = 0; i < rows; ++i) ids.emplace_back(static_cast<std::int64_t>(10 * i) - 50);
  return column<std::int64_t>("client", ColumnType::int64, ids);
}

inline Column labels(const std::string& name, std::vector<std::string> labels,
                     const std::vector<std::uint16_t>& codes) {
  Buffer<std::uint16_t> buffer(codes.size());
  for (std::size_t i = 0; i < codes.size(); ++i) buffer[i] = codes[i];
  return Column(name, std::move(buffer), std::make_shared<const std::vector<std::string>>(std::move(labels)));
}

using Days = std::vector<std::optional<std::int32_t>>;
using Counts = std::vector<std::optional<std::int64_t>>;
using Reals = std::vector<std::optional<double>>;

/// Money in units of 1/10000.
inline Table measures(const Days& recency, const Counts& frequency, const Counts& money) {
  return Table({clients(recency.size()), column("recency_days", ColumnType::int32, recency),
                column("frequency", ColumnType::int64, frequency), column("money_net", ColumnType::money, money)});
}

template <class T>
std::vector<int> numbers(const Column& from) {
  std::vector<int> list;
  for (const T value : from.values<T>()) list.push_back(static_cast<int>(value));
  return list;
}

inline std::vector<std::string> texts(const Column& from) {
  std::vector<std::string> list;
  for (std::size_t row = 0; row < from.size(); ++row) list.push_back(from.to_text(row));
  return list;
}

inline std::string joined(const Column& from) {
  std::string all;
  for (const std::string& text : texts(from)) all += text;
  return all;
}

/// Calls check(control) for one thread without an executor, and for 1, 2 and 7 threads.
template <class Check>
void for_thread_counts(const Check& check) {
  check(Control{});
  for (const std::size_t threads : {1U, 2U, 7U}) {
    ThreadPool pool(threads);
    Control control;
    control.executor = &pool;
    check(control);
  }
}

/// Random columns that look for trouble: ties, nulls, negatives, wide and narrow ranges, all equal.
class Trouble {
 public:
  explicit Trouble(std::uint64_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  template <class T>
  std::vector<std::optional<T>> values(std::size_t n, bool nulls) {
    std::vector<std::optional<T>> list;
    const std::int64_t shape = below(6);
    for (std::size_t i = 0; i < n; ++i) {
      if (nulls && below(5) == 0) {
        list.emplace_back();
        continue;
      }
      std::int64_t value = 0;
      if (shape == 0) value = 42;
      if (shape == 1) value = below(4);
      if (shape == 2) value = below(2'000'000) - 1'000'000;
      if (shape == 3) value = std::int64_t{1} << below(31);
      if (shape == 4) value = below(100) * 5000 - 20'000;
      if (shape == 5) value = below(3) == 0 ? below(1'000'000'000) : 2048 + below(3);
      list.emplace_back(static_cast<T>(value));
    }
    return list;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace klientela::test
