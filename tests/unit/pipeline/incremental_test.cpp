// Keeping a base up to date: extend it, refresh the features, apply the frozen models; equal to doing all anew.
#include <gtest/gtest.h>

#include <span>

#include "klientela/pipeline/run.hpp"
#include "unit/pipeline/deliveries.hpp"

namespace klientela {
namespace {

TEST(Incremental, EqualsAFullRunWithTheSameModels) {
  const Day first_end = Day{std::chrono::year{2025} / 6 / 30};
  const Day second_end = Day{std::chrono::year{2025} / 7 / 31};
  const auto before = testing::drawn_lines(4'000, 200, 21, Day{std::chrono::year{2025} / 1 / 1}, 181);
  const auto after = testing::drawn_lines(300, 240, 22, Day{std::chrono::year{2025} / 7 / 1}, 31);

  const RunResult first = run(testing::one(TableId::transactions, testing::table_of(before)), {}, first_end);

  const Policy policy;
  const IngestResult more =
      extend(first.base, testing::one(TableId::transactions, testing::table_of(after)), policy.ingest);
  EXPECT_TRUE(more.base.extends(first.base));
  const FeatureTable features = refresh_features(first.features, more.base, second_end);
  const Classified classified = classify(features.table(), std::span<const AnyModel>(first.models));

  auto all = before;
  all.insert(all.end(), after.begin(), after.end());
  const IngestResult whole = ingest(testing::one(TableId::transactions, testing::table_of(all)), policy.ingest);
  const FeatureTable anew = compute_features(whole.base, second_end, policy.features);
  EXPECT_EQ(to_csv(features.table()), to_csv(anew.table()));
  EXPECT_EQ(to_csv(classified.table), to_csv(classify(anew.table(), std::span<const AnyModel>(first.models)).table));
  EXPECT_EQ(first.base.clients(), 200U) << "the base that was extended stays as it was";
}

TEST(Incremental, FrozenModelsSurviveJson) {
  const RunResult result =
      run(testing::one(TableId::transactions, testing::table_of(testing::drawn_lines(2'000, 150, 31))));
  const FeatureTable plain = compute_features(result.base, result.as_of);
  std::vector<AnyModel> loaded;
  const ClassifierRegistry registry;
  for (const AnyModel& model : result.models) loaded.push_back(registry.model_from_json(model.to_json()));
  EXPECT_EQ(to_csv(classify(plain.table(), std::span<const AnyModel>(loaded)).table), to_csv(result.features.table()));
}

}  // namespace
}  // namespace klientela
