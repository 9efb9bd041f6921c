// Type-erased classifiers: plug-ins beside ours, errors that name them, policies, models that travel as JSON.
#include "klientela/classify/classifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "klientela/classify/abc.hpp"
#include "klientela/classify/policy.hpp"
#include "klientela/classify/rfm.hpp"
#include "unit/classify/tables.hpp"

namespace klientela {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A host's own: marks clients above the mean frequency.
struct BusyModel {
  std::string called;
  double mean{0};
  std::size_t extra_rows{0};
  bool throws{false};
  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "busy"; }
  [[nodiscard]] Classification classify(const Table& table, const Control&) const {
    if (throws) throw std::runtime_error("no power");
    const std::vector<double> values = table.column("frequency").to_doubles();
    Buffer<std::int8_t> busy(values.size() + extra_rows, 0);
    for (std::size_t i = 0; i < values.size(); ++i) busy[i] = values[i] > mean ? 1 : 0;
    std::vector<Column> columns;
    columns.emplace_back(called, ColumnType::int8, std::move(busy));
    return Classification(called, "busy", std::move(columns));
  }
  [[nodiscard]] std::string to_json() const { return nlohmann::json{{"mean", mean}}.dump(); }
};

struct Busy {
  std::string called{"busy"};
  BusyModel behaviour{};
  [[nodiscard]] std::string name() const { return called; }
  [[nodiscard]] std::string kind() const { return "busy"; }
  [[nodiscard]] BusyModel fit(const Table& table, const Control&) const {
    BusyModel model = behaviour;
    model.called = called;
    double sum = 0;
    for (const double value : table.column("frequency").to_doubles()) sum += value;
    model.mean = table.rows() ? sum / static_cast<double>(table.rows()) : 0;
    return model;
  }
  [[nodiscard]] std::string to_json() const { return R"({"kind": "busy"})"; }
};
static_assert(Classifier<Busy>);
static_assert(ClassifierModel<BusyModel>);
static_assert(Classifier<RfmClassifier>);
static_assert(ClassifierModel<RfmModel>);

ClassifierRegistry registry_with_busy() {
  ClassifierRegistry registry;
  registry.add("busy", {.make = [](const std::string& name, std::string_view,
                                   const std::string&) { return AnyClassifier(Busy{.called = name}); },
                        .load =
                            [](const std::string& name, std::string_view json, const std::string&) {
                              return AnyModel(BusyModel{name, nlohmann::json::parse(json).at("mean").get<double>()});
                            },
                        .schema = ""});
  return registry;
}

Table table() { return test::measures({1, 5, 9, 30, std::nullopt}, {9, 4, 2, 1, 0}, {90'000, 40'000, 5'000, 100, 0}); }

constexpr const char* policy = R"({
  "rfm": {"bins": 3},
  "busy": {"kind": "busy"},
  "second": {"kind": "abc", "measures": ["frequency"]},
  "matrix": {"x": {"measure": "busy", "bands": ["quiet", "busy"], "edges": [0]}}
})";

TEST(Classifier, PluggedInOneRunsByNameAndFeedsTheMatrix) {
  const ClassifierRegistry registry = registry_with_busy();
  const Classified result = [&] {
    // The default groups name bands of the default x axis, so this matrix brings its own.
    auto document = nlohmann::ordered_json::parse(policy);
    document["matrix"]["groups"] = nlohmann::ordered_json::parse(R"([{"name": "hot", "rules": [{"x": ["busy"]}]},
                                                                     {"name": "cold", "rules": [{}]}])");
    return classify(table(), classifiers_from_json(document.dump(), registry));
  }();
  EXPECT_THAT(test::texts(result.table.column("matrix_x")), ElementsAre("busy", "busy", "quiet", "quiet", "quiet"));
  EXPECT_THAT(test::texts(result.table.column("group")), ElementsAre("hot", "hot", "cold", "cold", "cold"));
  EXPECT_EQ(result.table.columns()[0].name(), "client");
  ASSERT_EQ(result.classifications.size(), 4U);
  EXPECT_EQ(result.classifications[2].name(), "second");
  EXPECT_EQ(result.models[0].kind(), "rfm");
  EXPECT_NE(result.models[0].get_if<RfmModel>(), nullptr);
  EXPECT_EQ(result.models[0].get_if<AbcModel>(), nullptr);
  // Frozen as JSON and applied again: the same columns.
  std::vector<AnyModel> loaded;
  for (const AnyModel& model : result.models) loaded.push_back(registry.model_from_json(model.to_json()));
  const Classified again = classify(table(), loaded);
  for (const Column& column : result.table.columns())
    EXPECT_EQ(test::texts(again.table.column(column.name())), test::texts(column)) << column.name();
}

TEST(Classifier, FailuresOfPlugInsNameThem) {
  const auto failure = [](Busy busy) -> Error {
    const std::vector<AnyClassifier> classifiers{AnyClassifier(std::move(busy))};
    try {
      (void)classify(table(), classifiers);
    } catch (const Error& error) {
      return error;
    }
    return Error(Code::invalid_argument, "nothing thrown");
  };
  const Error thrown = failure({.called = "mine", .behaviour = {.called = "", .throws = true}});
  EXPECT_EQ(thrown.code(), Code::internal);
  EXPECT_EQ(thrown.where(), "mine");
  EXPECT_THAT(thrown.what(), HasSubstr("no power"));
  const Error size = failure({.called = "mine", .behaviour = {.called = "", .extra_rows = 2}});
  EXPECT_EQ(size.code(), Code::internal);
  EXPECT_THAT(size.what(), HasSubstr("mine gave 7 rows for a table of 5"));
  const Error clash = failure({.called = "frequency"});
  EXPECT_EQ(clash.code(), Code::invalid_argument);
  EXPECT_EQ(clash.where(), "frequency");
}

std::string where(const std::string& json, const ClassifierRegistry& registry = {}) {
  try {
    (void)classifiers_from_json(json, registry, "/classifiers");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy) << error.what();
    return error.where();
  }
  return "accepted";
}

TEST(Classifier, PolicyErrorsPointAtTheirPlace) {
  EXPECT_EQ(where("{}"), "accepted");
  EXPECT_EQ(where(R"({"a/b": {"kind": "rfm", "bins": 0}})"), "/classifiers/a~1b/bins");
  EXPECT_EQ(where(R"({"mine": {}})"), "/classifiers/mine/kind");
  EXPECT_EQ(where(R"({"mine": {"kind": "nn"}})"), "/classifiers/mine/kind");
  EXPECT_EQ(where(R"({"mine": {"kind": 5}})"), "/classifiers/mine/kind");
  EXPECT_EQ(where(R"({"mine": []})"), "/classifiers/mine");
  EXPECT_EQ(where(R"({"": {"kind": "abc"}})"), "/classifiers/");
  EXPECT_EQ(where(R"({"rfm": {}, "rfm_r": {"kind": "abc"}})"), "/classifiers/rfm_r") << "both write rfm_r";
  EXPECT_EQ(where(R"({"busy": {}})"), "/classifiers/busy/kind");
  EXPECT_EQ(where(R"({"busy": {}})", registry_with_busy()), "accepted");
}

TEST(Classifier, DefaultsRoundTripInOrder) {
  const std::vector<AnyClassifier> made = default_classifiers();
  const std::string json = classifiers_to_json(made);
  const std::vector<AnyClassifier> again = classifiers_from_json(json);
  ASSERT_EQ(again.size(), 5U);
  EXPECT_EQ(again[0].name(), "rfm");
  EXPECT_EQ(again[2].name(), "matrix");
  EXPECT_EQ(classifiers_to_json(again), json);
  EXPECT_THAT(again[0].inputs(), ElementsAre("recency_days", "frequency", "money_net"));
  EXPECT_THAT(again[2].inputs(), ElementsAre("engagement", "frequency", "money_net", "tenure_days"));
}

TEST(Classifier, SchemaNamesEveryKindAndResolvesItsReferences) {
  const auto schema = nlohmann::json::parse(classify_schema(registry_with_busy()));
  for (const char* kind : {"rfm", "abc", "matrix", "busy"})
    EXPECT_TRUE(schema["$defs"].contains(std::string("classifier_") + kind)) << kind;
  const std::string text = schema.dump();
  for (std::size_t at = text.find("#/$defs/"); at != std::string::npos; at = text.find("#/$defs/", at + 1)) {
    const std::string name = text.substr(at + 8, text.find('"', at) - at - 8);
    EXPECT_TRUE(schema["$defs"].contains(name)) << name;
  }
}

TEST(Classifier, RegistryRefusesWhatItCannotUse) {
  ClassifierRegistry registry;
  EXPECT_THROW(registry.add("", {}), Error);
  EXPECT_THROW(registry.add("x", {}), Error);
  EXPECT_THAT(registry.kinds(), testing::IsSupersetOf({"abc", "cohort", "gaussian_mixture", "ideal_client", "kmeans",
                                                       "lifecycle", "matrix", "rfm", "rules", "tiers", "xyz"}));
  EXPECT_THROW((void)registry.model_from_json("{}"), Error);
  EXPECT_THROW((void)registry.model_from_json(R"({"name": "a", "kind": "b", "model": {}})"), Error);
  EXPECT_THROW((void)registry.model_from_json(R"({"name": "a", "kind": "rfm", "model": {}, "more": 1})"), Error);
}

TEST(Classifier, ModelsWithoutALoaderAreUnsupported) {
  ClassifierRegistry registry = registry_with_busy();
  ClassifierKind kind = *registry.find("busy");
  kind.load = nullptr;
  registry.add("busy", kind);
  try {
    (void)registry.model_from_json(R"({"name": "a", "kind": "busy", "model": {"mean": 1}})");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::unsupported);
  }
}

}  // namespace
}  // namespace klientela
