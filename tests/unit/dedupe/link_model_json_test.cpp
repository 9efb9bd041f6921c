// Link models and their options as JSON: read back to the last bit, and errors that name the pointer.
#include "klientela/dedupe/link_model_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/json_reader.hpp"
#include "klientela/core/error.hpp"

namespace klientela {
namespace {

using testing::HasSubstr;

template <class Call>
std::string refused(Call call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::bad_policy);
    EXPECT_THAT(error.what(), HasSubstr(error.where()));
    return error.where();
  }
  return "nothing";
}

TEST(LinkModelJson, ReadsWeightsGivenByHand) {
  const LinkModel model = link_model_from_json(R"({
    "prior": 0.3,
    "fields": [
      {"name": "city", "levels": ["different", "same"], "m": [0.1, 0.9], "u": [0.99, 0.01], "tf_weight": 0.5,
       "tf_minimum_u": 0.001},
      {"name": "street", "levels": ["different", "alike", "same"], "weights": [-4, 1, 2.5], "tf_weight": 1,
       "tf_average_u": 0.02}
    ]})");
  EXPECT_NEAR(model.weight(0, 2), 6.49, 0.005);
  EXPECT_EQ(model.weight(1, 3), 2.5);
  EXPECT_NEAR(model.term_weight(1, 0.01), 1, 1e-12);
  EXPECT_EQ(model.fields()[0].tf_minimum_u, 0.001);
  EXPECT_EQ(link_model_from_json(to_json(model)), model);
}

TEST(LinkModelJson, ReadsBackToTheLastBit) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> uniform(1e-6, 1);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<LinkField> fields(1 + random() % 5);
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const std::size_t levels = 2 + random() % 4;
      fields[f].comparison.name = "field/\"" + std::to_string(f);
      for (std::size_t l = 0; l < levels; ++l) fields[f].comparison.levels.push_back("~" + std::to_string(l));
      const auto chances = [&] {
        std::vector<double> some(levels);
        double sum = 0;
        for (double& chance : some) sum += chance = uniform(random);
        for (double& chance : some) chance /= sum;
        return some;
      };
      if (random() % 2 == 0) {
        fields[f].m = chances();
        fields[f].u = chances();
      } else {
        for (std::size_t l = 0; l < levels; ++l) fields[f].weights.push_back(uniform(random) * 120 - 60);
        fields[f].tf_average_u = uniform(random);
      }
      fields[f].tf_weight = uniform(random);
      fields[f].tf_minimum_u = uniform(random);
    }
    const LinkModel model(uniform(random) / 2, fields);
    const LinkModel again = link_model_from_json(to_json(model));
    EXPECT_EQ(again, model);
    EXPECT_EQ(again.prior_weight(), model.prior_weight());
    for (std::size_t f = 0; f < fields.size(); ++f)
      EXPECT_TRUE(std::equal(model.weights(f).begin(), model.weights(f).end(), again.weights(f).begin()));
    EXPECT_EQ(to_json(again), to_json(model));
  }
}

TEST(LinkModelJson, KeepsClasses) {
  const std::string fields = R"("prior": 0.001, "fields": [{"name": "phone", "levels": ["different", "same"],
    "m": [0.2, 0.8], "u": [0.999, 0.001]}])";
  EXPECT_TRUE(link_model_from_json('{' + fields + '}').classes().empty());
  const LinkModel model = link_model_from_json('{' + fields + R"(, "classes": [{"name": "household",
    "share": 0.01, "fields": [{"comparison": "phone", "m": [0.4, 0.6]}]}]})");
  ASSERT_EQ(model.classes().size(), 1U);
  EXPECT_EQ(model.classes()[0], (LinkClass{"household", 0.01, {{"phone", {0.4, 0.6}}}}));
  const LinkModel again = link_model_from_json(to_json(model));
  EXPECT_EQ(again, model);
  const std::vector<std::uint8_t> same{2};
  EXPECT_EQ(again.score(same), model.score(same));
  const auto at = [&](const std::string& members) {
    return refused(
        [&] { (void)link_model_from_json('{' + fields + R"(, "classes": [{)" + members + "}]}", "/model"); });
  };
  EXPECT_EQ(at(R"("name": "x", "share": 2, "fields": [{"comparison": "phone", "m": [0.4, 0.6]}])"),
            "/model/classes/0/share");
  EXPECT_EQ(at(R"("name": "x", "share": 0.1, "fields": [{"comparison": "fax", "m": [0.4, 0.6]}])"),
            "/model/classes/0/fields/0/comparison");
  EXPECT_EQ(at(R"("name": "x", "share": 0.1, "fields": [{"comparison": "phone", "m": [1]}])"),
            "/model/classes/0/fields/0/m");
  EXPECT_EQ(at(R"("name": "x", "share": 0.1)"), "/model/classes/0/fields");
  EXPECT_EQ(at(R"("name": "x", "share": 0.1, "fields": [], "u": 1)"), "/model/classes/0/u");
}

TEST(LinkModelJson, NamesThePlaceOfAnError) {
  const auto at = [](const std::string& json) {
    return refused([&] { (void)link_model_from_json(json, "/dedupe/model"); });
  };
  const auto field = [&](const std::string& members) {
    return at(R"({"prior": 0.1, "fields": [{"name": "a", "levels": ["x", "y"], "weights": [0, 1]}, {)" + members +
              "}]}");
  };
  const std::string named = R"("name": "b", "levels": ["x", "y"], )";
  EXPECT_EQ(field(named + R"("weights": [0, 1])"), "nothing");
  EXPECT_EQ(at(R"({"prior": 2, "fields": []})"), "/dedupe/model/prior");
  EXPECT_EQ(at(R"({"prior": "x", "fields": []})"), "/dedupe/model/prior");
  EXPECT_EQ(at(R"({"fields": []})"), "/dedupe/model/prior");
  EXPECT_EQ(at(R"({"prior": 0.1, "fields": [], "extra": 1})"), "/dedupe/model/extra");
  EXPECT_EQ(at(R"({"prior": 0.1, "fields": {}})"), "/dedupe/model/fields");
  EXPECT_EQ(field(named + R"("m": [0.1], "u": [0.5, 0.5])"), "/dedupe/model/fields/1/m");
  EXPECT_EQ(field(named + R"("m": [0.1, 0.9])"), "/dedupe/model/fields/1/u");
  EXPECT_EQ(field(named + R"("m": [0.1, "x"], "u": [0.5, 0.5])"), "/dedupe/model/fields/1/m/1");
  EXPECT_EQ(field(named + R"("m": [0.1, 0.9], "u": [0.5, 0.5], "weights": [1, 2])"), "/dedupe/model/fields/1/weights");
  EXPECT_EQ(field(named + R"("weights": [])"), "/dedupe/model/fields/1/weights");
  EXPECT_EQ(field(named + R"("weights": [1, 61])"), "/dedupe/model/fields/1/weights");
  EXPECT_EQ(field(named + R"("weights": [1, 2], "tf_weight": 2)"), "/dedupe/model/fields/1/tf_weight");
  EXPECT_EQ(field(named + R"("weights": [1, 2], "tf_weight": 1)"), "/dedupe/model/fields/1/tf_average_u");
  EXPECT_EQ(field(named + R"("weights": [1, 2], "tf": 1)"), "/dedupe/model/fields/1/tf");
  EXPECT_EQ(field(R"("name": "a", "levels": ["x", "y"], "weights": [1, 2])"), "/dedupe/model/fields/1/name");
  EXPECT_EQ(field(R"("name": "b", "levels": ["x"], "weights": [1])"), "/dedupe/model/fields/1/levels");
  EXPECT_EQ(field(R"("name": "b", "levels": ["x", 2], "weights": [1, 2])"), "/dedupe/model/fields/1/levels/1");
  EXPECT_EQ(field(R"("levels": ["x", "y"], "weights": [1, 2])"), "/dedupe/model/fields/1/name");
  EXPECT_NE(refused([] { (void)link_model_from_json("{"); }), "nothing");
  try {
    (void)link_model_from_json(R"({"prior": 2, "fields": []})");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/prior: must be at least 1e-18 and below 1");
  }
}

TEST(LinkTrainingOptionsJson, ReadsBackAndNamesErrors) {
  EXPECT_EQ(link_training_options_from_json("{}"), LinkTrainingOptions{});
  LinkTrainingOptions options{.prior = 0.001, .max_iterations = 7, .tolerance = 1e-3, .start_share = 0.3};
  options.smoothing_m = 2;
  options.smoothing_u = 3;
  options.smoothing_classes = 70;
  options.prior_m = {{0.2, 0.8}, {}};
  options.prior_u = {{}, {0.9, 0.05, 0.05}};
  options.monotone = false;
  options.min_pairs = 5;
  EXPECT_EQ(link_training_options_from_json(to_json(options)), options);
  EXPECT_EQ(link_training_options_from_json(to_json(LinkTrainingOptions{})), LinkTrainingOptions{});
  const auto at = [](const std::string& json) {
    return refused([&] { (void)link_training_options_from_json(json, "/t"); });
  };
  EXPECT_EQ(at(R"({"prior": 0.9})"), "/t/prior");
  EXPECT_EQ(at(R"({"max_iterations": 0})"), "/t/max_iterations");
  EXPECT_EQ(at(R"({"max_iterations": 1.5})"), "/t/max_iterations");
  EXPECT_EQ(at(R"({"tolerance": 0})"), "/t/tolerance");
  EXPECT_EQ(at(R"({"start_share": 1})"), "/t/start_share");
  EXPECT_EQ(at(R"({"smoothing_m": -1})"), "/t/smoothing_m");
  EXPECT_EQ(at(R"({"smoothing_classes": -1})"), "/t/smoothing_classes");
  EXPECT_EQ(at(R"({"prior_m": [[1, 2], [1, 0]]})"), "/t/prior_m/1/1");
  EXPECT_EQ(at(R"({"prior_u": [1]})"), "/t/prior_u/0");
  EXPECT_EQ(at(R"({"min_pairs": 0})"), "/t/min_pairs");
  EXPECT_EQ(at(R"({"total_pairs": 5})"), "/t/total_pairs");
}

TEST(LogisticOptionsJson, ReadsBackAndNamesErrors) {
  EXPECT_EQ(logistic_options_from_json("{}"), LogisticOptions{});
  const LogisticOptions options{
      .l2 = 0.5, .max_iterations = 7, .tolerance = 1e-3, .monotone = false, .min_pairs = 5, .share = 0.01};
  EXPECT_EQ(logistic_options_from_json(to_json(options)), options);
  const auto at = [](const std::string& json) {
    return refused([&] { (void)logistic_options_from_json(json, "/l"); });
  };
  EXPECT_EQ(at(R"({"l2": 0})"), "/l/l2");
  EXPECT_EQ(at(R"({"share": 1})"), "/l/share");
  EXPECT_EQ(at(R"({"tolerance": true})"), "/l/tolerance");
  EXPECT_EQ(at(R"({"c": 1})"), "/l/c");
}

/// That a schema's properties are the keys of a full document, at the places given.
void expect_described(const json::Value& schema, const std::string& full) {
  const json::Value document = json::parse(full);
  EXPECT_EQ(schema.at("additionalProperties"), false);
  for (const auto& [key, value] : document.items()) EXPECT_TRUE(schema.at("properties").contains(key)) << key;
  for (const auto& [key, value] : schema.at("properties").items()) EXPECT_TRUE(document.contains(key)) << key;
}

TEST(LinkJsonSchemas, DescribeEveryMember) {
  LinkTrainingOptions options;
  options.prior = 0.1;
  expect_described(json::parse(link_training_options_schema()), to_json(options));
  expect_described(json::parse(logistic_options_schema()), to_json(LogisticOptions{.share = 0.1}));
  const json::Value schema = json::parse(link_model_schema());
  LinkField field{.comparison = {"a", {"x", "y"}}, .m = {0.1, 0.9}, .u = {0.9, 0.1}, .tf_average_u = 0.1};
  const std::string model = to_json(LinkModel(0.1, {field}, {{"household", 0.1, {{"a", {0.3, 0.7}}}}}));
  expect_described(schema, model);
  json::Value full = json::parse(model).at("fields").at(0);
  full["weights"] = json::Value::array({1, 2});
  expect_described(schema.at("properties").at("fields").at("items"), full.dump());
}

}  // namespace
}  // namespace klientela
