// Options of clustering cards: names, JSON and its schema.
#include <limits>
#include <string>
#include <vector>

#include "core/json_reader.hpp"
#include "dedupe/card_clusters_component.hpp"
#include "klientela/dedupe/card_clusters_json.hpp"

namespace klientela {

namespace {

using clustering::largest_score;

const std::vector<std::string_view> method_names{
    "connected_components", "average_linkage", "min_cut", "correlation", "star", "merge_center"};
const std::vector<std::string_view> source_names{"any", "one_per_source", "one_to_one", "one_to_many"};
constexpr std::int64_t most_scored_per_card = 1'000'000;
constexpr std::int64_t most_work = std::int64_t{1} << 53;
constexpr std::int64_t most_review_pairs = std::numeric_limits<std::uint32_t>::max();
constexpr double most_review_change = 1e6;

json::Value names_json(const std::vector<std::string_view>& names) {
  json::Value values = json::Value::array();
  for (const std::string_view name : names) values.push_back(std::string(name));
  return values;
}

json::Value number_schema(double low, double high, double standard, const char* description) {
  return {{"type", "number"}, {"minimum", low}, {"maximum", high}, {"default", standard}, {"description", description}};
}

json::Value whole_schema(std::int64_t high, std::uint64_t standard, const char* description) {
  return {{"type", "integer"}, {"minimum", 0}, {"maximum", high}, {"default", standard}, {"description", description}};
}

}  // namespace

CardClusterOptions card_cluster_options_from_json(std::string_view text, std::string_view pointer) {
  const json::Value document = json::parse(text);
  json::Object object(json::Node(document, std::string(pointer)));
  CardClusterOptions options;
  object.read("method", options.method, method_names);
  object.read("threshold", options.threshold, -largest_score, largest_score);
  object.read("unscored", options.unscored, -largest_score, largest_score);
  if (options.unscored + clustering::least_penalty > options.threshold)
    json::fail(std::string(pointer) + (object.find("unscored") ? "/unscored" : "/threshold"),
               "unscored must be at least 1 below the threshold");
  object.read("density", options.density, 0, 1);
  object.read("sources", options.sources, source_names);
  object.read("scored_per_card", options.scored_per_card, 0, most_scored_per_card);
  object.read("max_work", options.max_work, 0, most_work);
  object.read("review_pairs", options.review_pairs, 0, most_review_pairs);
  object.read("review_change", options.review_change, 0, most_review_change);
  object.done();
  return options;
}

std::string to_json(const CardClusterOptions& options) {
  json::Value document = json::Value::object();
  document["method"] = std::string(method_names.at(static_cast<std::size_t>(options.method)));
  document["threshold"] = options.threshold;
  document["unscored"] = options.unscored;
  document["density"] = options.density;
  document["sources"] = std::string(source_names.at(static_cast<std::size_t>(options.sources)));
  document["scored_per_card"] = options.scored_per_card;
  document["max_work"] = options.max_work;
  document["review_pairs"] = options.review_pairs;
  document["review_change"] = options.review_change;
  return document.dump(2);
}

std::string card_cluster_options_schema() {
  using json::Value;
  const CardClusterOptions defaults;
  Value properties = Value::object();
  properties["method"] = {{"enum", names_json(method_names)},
                          {"default", method_names.at(static_cast<std::size_t>(defaults.method))},
                          {"description", "How scored pairs become clusters."}};
  properties["threshold"] = number_schema(-largest_score, largest_score, defaults.threshold,
                                          "Log2 odds from which a score speaks for one client.");
  properties["unscored"] =
      number_schema(-largest_score, largest_score, defaults.unscored,
                    "Log2 odds that a pair counts which nobody scored; at least 1 below the threshold.");
  properties["density"] =
      number_schema(0, 1, defaults.density, "Share of a part's pairs that must reach the threshold, for min_cut.");
  properties["sources"] = {
      {"enum", names_json(source_names)},
      {"default", source_names.at(static_cast<std::size_t>(defaults.sources))},
      {"description", "What the sources of cards say; one_to_one and one_to_many link two lists."}};
  properties["scored_per_card"] =
      whole_schema(most_scored_per_card, defaults.scored_per_card,
                   "Missing pairs that are scored at most, per card of a component; 0: none.");
  properties["max_work"] =
      whole_schema(most_work, defaults.max_work, "Steps of exact minimum cuts and assignments at most, per component.");
  properties["review_pairs"] =
      whole_schema(most_review_pairs, defaults.review_pairs, "Pairs at most on the list for clerical review.");
  properties["review_change"] =
      number_schema(0, most_review_change, defaults.review_change,
                    "Card pairs that an answer is expected to change, from which a pair is on that list.");
  const Value schema = {{"type", "object"},
                        {"title", "Clusters of cards"},
                        {"properties", std::move(properties)},
                        {"additionalProperties", false}};
  return schema.dump(2);
}

}  // namespace klientela
