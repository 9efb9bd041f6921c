// Options, scalings and trials of clusters in JSON, and the part of their schemas that is common.
#include <cmath>
#include <set>

#include "classify/options.hpp"
#include "classify/points.hpp"

namespace klientela::classifying {
namespace {

const std::vector<std::string_view> scalings{"none", "standard", "robust", "log"};
const std::vector<std::string_view> criteria{"silhouette", "bic"};
constexpr std::size_t most_measures = 100;
constexpr int most_clusters = 1000;

}  // namespace

void check(const ClusterOptions& options, const std::string& pointer) {
  const auto need = [&](bool good, const char* key, const char* what) {
    if (!good) json::fail(pointer + '/' + key, what);
  };
  need(!options.measures.empty() && options.measures.size() <= most_measures, "measures", "1 to 100 measures");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < options.measures.size(); ++i) {
    const std::string at = pointer + "/measures/" + std::to_string(i);
    check_text(options.measures[i], at, "a measure");
    if (!seen.insert(options.measures[i]).second) json::fail(at, "is there twice");
  }
  need(options.k >= 1 && options.k <= most_clusters, "k", "must be from 1 to 1000");
  if (options.choose) {
    need(options.choose->from >= 2 && options.choose->from < options.choose->to && options.choose->to <= 100, "choose",
         "must be from at least 2 up to a larger number, at most 100");
    need(options.choose->by <= ClusterCriterion::bic, "choose", "is no criterion");
  }
  need(options.scaling <= Scaling::log, "scaling", "is no scaling");
  need(options.seed <= (std::uint64_t{1} << 53), "seed", "must be at most 2^53");
  need(options.n_init >= 1 && options.n_init <= 1000, "n_init", "must be from 1 to 1000");
  need(options.max_iterations >= 1 && options.max_iterations <= 100'000, "max_iterations", "must be from 1 to 100000");
  need(options.tolerance >= 0 && options.tolerance <= 1e6, "tolerance", "must be from 0 to 1000000");
  need(options.silhouette_sample >= 100 && options.silhouette_sample <= 20'000, "silhouette_sample",
       "must be from 100 to 20000");
}

void write(const ClusterOptions& options, json::Value& value) {
  value["measures"] = options.measures;
  value["k"] = options.k;
  if (options.choose) {
    json::Value& choose = value["choose"];
    choose["from"] = options.choose->from;
    choose["to"] = options.choose->to;
    choose["by"] = std::string(criteria[static_cast<std::size_t>(options.choose->by)]);
  }
  value["scaling"] = std::string(scalings[static_cast<std::size_t>(options.scaling)]);
  value["seed"] = options.seed;
  value["n_init"] = options.n_init;
  value["max_iterations"] = options.max_iterations;
  value["tolerance"] = options.tolerance;
  value["silhouette_sample"] = options.silhouette_sample;
}

void read(json::Object& object, ClusterOptions& options) {
  if (const auto measures = object.find("measures")) {
    options.measures.clear();
    for (const json::Node& item : measures->items()) options.measures.push_back(item.text());
  }
  object.read("k", options.k, 1, most_clusters);
  if (const auto choose = object.find("choose"); choose && !choose->is_null()) {
    json::Object range(*choose);
    ClusterRange& into = options.choose.emplace();
    range.read("from", into.from, 2, 100);
    range.read("to", into.to, 2, 100);
    range.read("by", into.by, criteria);
    range.done();
  }
  object.read("scaling", options.scaling, scalings);
  object.read("seed", options.seed, 0, std::int64_t{1} << 53);
  object.read("n_init", options.n_init, 1, 1000);
  object.read("max_iterations", options.max_iterations, 1, 100'000);
  object.read("tolerance", options.tolerance, 0, 1e6);
  object.read("silhouette_sample", options.silhouette_sample, 100, 20'000);
}

std::string cluster_schema(double tolerance, int n_init) {
  json::Value value = json::Value::parse(R"({
    "measures": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "minItems": 1,
      "maxItems": 100, "uniqueItems": true, "default": ["recency_days", "frequency", "money_net"]},
    "k": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 5},
    "choose": {"type": ["object", "null"], "additionalProperties": false,
      "description": "Instead of k: fits every number from one to another and keeps the best.",
      "properties": {
        "from": {"type": "integer", "minimum": 2, "maximum": 100, "default": 2},
        "to": {"type": "integer", "minimum": 2, "maximum": 100, "default": 8},
        "by": {"enum": ["silhouette", "bic"], "default": "silhouette"}}},
    "scaling": {"enum": ["none", "standard", "robust", "log"], "default": "standard"},
    "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740992, "default": 0},
    "n_init": {"type": "integer", "minimum": 1, "maximum": 1000},
    "max_iterations": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 300},
    "tolerance": {"type": "number", "minimum": 0, "maximum": 1000000},
    "silhouette_sample": {"type": "integer", "minimum": 100, "maximum": 20000, "default": 1000}
  })");
  value["n_init"]["default"] = n_init;
  value["tolerance"]["default"] = tolerance;
  const std::string text = value.dump();
  return text.substr(1, text.size() - 2);
}

json::Value to_value(const ClusterTrial& trial) {
  json::Value value;
  value["k"] = trial.k;
  value["inertia"] = trial.inertia;
  value["log_likelihood"] = trial.log_likelihood;
  value["bic"] = trial.bic;
  if (trial.silhouette) value["silhouette"] = *trial.silhouette;
  value["iterations"] = trial.iterations;
  value["converged"] = trial.converged;
  return value;
}

ClusterTrial trial_of(const json::Node& node) {
  ClusterTrial trial;
  json::Object object(node);
  trial.k = static_cast<int>(object.require("k").integer(1, most_clusters));
  trial.inertia = object.require("inertia").number();
  trial.log_likelihood = object.require("log_likelihood").number();
  trial.bic = object.require("bic").number();
  if (const auto silhouette = object.find("silhouette")) trial.silhouette = silhouette->number();
  trial.iterations = static_cast<int>(object.require("iterations").integer(0, 100'000));
  trial.converged = object.require("converged").boolean();
  object.done();
  return trial;
}

void write(const ClusterTrial& fit, const std::vector<ClusterTrial>& trials, json::Value& value) {
  value["fit"] = to_value(fit);
  json::Value& all = value["trials"] = json::Value::array();
  for (const ClusterTrial& trial : trials) all.push_back(to_value(trial));
}

void read(json::Object& object, ClusterTrial& fit, std::vector<ClusterTrial>& trials) {
  fit = trial_of(object.require("fit"));
  for (const json::Node& item : object.require("trials").items()) trials.push_back(trial_of(item));
}

json::Value to_value(const std::vector<Scale>& scales) {
  json::Value value = json::Value::array();
  for (const Scale& scale : scales) value.push_back(json::Value{{"shift", scale.shift}, {"factor", scale.factor}});
  return value;
}

std::vector<Scale> scales_of(const json::Node& node, std::size_t d) {
  std::vector<Scale> scales;
  for (const json::Node& item : node.items()) {
    json::Object object(item);
    const double shift = object.require("shift").number();
    const double factor = object.require("factor").number();
    if (!(factor > 0)) item.fail("factor must be above 0");
    object.done();
    scales.push_back({shift, factor});
  }
  if (scales.size() != d) node.fail("must have one entry for each measure");
  return scales;
}

std::vector<double> numbers_of(const json::Node& node, std::size_t wanted) {
  std::vector<double> numbers;
  for (const json::Node& item : node.items()) numbers.push_back(item.number());
  if (numbers.size() != wanted)
    node.fail("must have " + std::to_string(wanted) + " numbers, not " + std::to_string(numbers.size()));
  return numbers;
}

}  // namespace klientela::classifying
