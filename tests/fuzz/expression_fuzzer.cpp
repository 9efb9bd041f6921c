// Feeds texts to the reader of expressions; what it accepts must evaluate, and refusals must point into the text.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "klientela/classify/expression.hpp"

namespace {

using namespace klientela;

template <class T>
Buffer<T> filled(std::initializer_list<T> values) {
  Buffer<T> buffer(values.size());
  std::size_t i = 0;
  for (const T value : values) buffer[i++] = value;
  return buffer;
}

const Table& clients() {
  static const Table table({
      Column("a", ColumnType::int64, filled<std::int64_t>({1, INT64_MAX, INT64_MIN}), filled<std::uint8_t>({0b111})),
      Column("b", ColumnType::int32, filled<std::int32_t>({3, 0, -900}), filled<std::uint8_t>({0b101})),
      Column("m", ColumnType::money, filled<std::int64_t>({90'000, -INT64_MAX, -5})),
      Column("r", ColumnType::float64, filled<double>({0.5, 1e300, -1})),
      Column("d", ColumnType::day, filled<std::int32_t>({20'000, -25'000, 2'000'000'000})),
      Column("i", ColumnType::instant, filled<std::int64_t>({0, 1'700'000'000'000'000, INT64_MAX})),
      Column("f", ColumnType::boolean, filled<std::uint8_t>({0, 1, 1}), filled<std::uint8_t>({0b011})),
      Column("t", filled<std::uint16_t>({0, 1, 0}),
             std::make_shared<const std::vector<std::string>>(std::vector<std::string>{"North", "\xD0\xAE\xD0\xB3"})),
      Column("n", std::vector<std::string>{"", "a%b_c", "\xC3\x28"}),
  });
  return table;
}

void require(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto problem = Expression::problem(text);
  if (problem) {
    require(problem->offset <= size && problem->line > 0 && problem->column > 0);
    require(problem->excerpt.size() < 1000 && !problem->to_text().empty());
  }
  try {
    const Expression expression = Expression::parse(text);
    require(!problem && expression.text() == text);
    const Column values = expression.evaluate(clients());
    require(values.size() == clients().rows());
    // A row is the same alone as among others.
    for (std::uint32_t row = 0; row < clients().rows(); ++row) {
      const std::uint32_t one[1] = {row};
      require(expression.evaluate(clients().take(one)).to_text(0) == values.to_text(row));
    }
  } catch (const Error& error) {
    if (problem) require(error.code() == Code::bad_policy);
    require(error.code() == Code::bad_policy || error.code() == Code::not_found ||
            error.code() == Code::invalid_argument);
  }
  return 0;
}
