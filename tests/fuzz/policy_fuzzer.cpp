// Feeds bytes to the readers of classifiers and of frozen models; what they accept must run and read back the same.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "klientela/classify/classifier.hpp"
#include "klientela/classify/policy.hpp"

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
      Column("client", ColumnType::int64, filled<std::int64_t>({1, 2, 3, 5, 8})),
      Column("recency_days", ColumnType::int32, filled<std::int32_t>({3, 0, 900, 3, 7}),
             filled<std::uint8_t>({0b01111})),
      Column("frequency", ColumnType::int64, filled<std::int64_t>({1, 40, 2, 1, 0})),
      Column("money_net", ColumnType::money, filled<std::int64_t>({90'000, 1, -5, 90'000, 0})),
      Column("tenure_days", ColumnType::int32, filled<std::int32_t>({3, 800, 900, 4, 0})),
      Column("engagement", ColumnType::float64, filled<double>({0.5, 1e300, -1, 3, 0})),
  });
  return table;
}

void require(bool holds) {
  if (!holds) __builtin_trap();
}

/// Runs them; they may only fail as their headers say.
void run(const std::vector<AnyClassifier>& classifiers) {
  try {
    const Classified result = classify(clients(), classifiers);
    std::vector<AnyModel> models;
    for (std::size_t i = 0; i < result.models.size(); ++i) {
      const std::string json = result.models[i].to_json();
      models.push_back(ClassifierRegistry().model_from_json(json));
      require(models.back().to_json() == json);
      for (std::size_t row = 0; row < clients().rows(); ++row) {
        static_cast<void>(result.classifications[i].explain(row, Language::english));
        static_cast<void>(result.classifications[i].explain(row, Language::russian));
      }
    }
    const Classified again = classify(clients(), models);
    for (const Column& column : result.table.columns())
      for (std::size_t row = 0; row < clients().rows(); ++row)
        require(again.table.column(column.name()).to_text(row) == column.to_text(row));
  } catch (const Error& error) {
    require(error.code() != Code::internal && error.code() != Code::bad_policy);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const std::vector<AnyClassifier> classifiers = classifiers_from_json(text);
    const std::string json = classifiers_to_json(classifiers);
    require(classifiers_to_json(classifiers_from_json(json)) == json);
    run(classifiers);
  } catch (const Error& error) {
    require(error.code() == Code::bad_policy);
  }
  try {
    const AnyModel model = ClassifierRegistry().model_from_json(text);
    try {
      static_cast<void>(model.classify(clients()));
    } catch (const Error& error) {
      require(error.code() != Code::internal);
    }
  } catch (const Error& error) {
    require(error.code() == Code::bad_policy || error.code() == Code::unsupported);
  }
  return 0;
}
