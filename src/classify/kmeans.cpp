// k-means as a classifier: options, the choice of k, frozen centres and the reasons for a client's cluster.
#include <cmath>

#include "classify/kinds.hpp"
#include "classify/points.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"
#include "klientela/classify/clusters.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

constexpr double pi = 3.141592653589793;

void check(const KMeansOptions& options, const std::string& pointer) {
  classifying::check(options, pointer);
  if (options.centers.empty()) return;
  const std::string at = pointer + "/centers";
  if (options.choose) json::fail(at, "centers fix the number of clusters, so that there is none to choose");
  if (options.centers.size() > 1000) json::fail(at, "at most 1000 centers");
  for (std::size_t c = 0; c < options.centers.size(); ++c) {
    if (options.centers[c].size() != options.measures.size())
      json::fail(at + '/' + std::to_string(c), "must have one value for each measure");
    for (const double value : options.centers[c])
      if (!std::isfinite(value)) json::fail(at + '/' + std::to_string(c), "must be finite numbers");
  }
}

json::Value to_value(const KMeansOptions& options) {
  json::Value value;
  value["kind"] = "kmeans";
  write(options, value);
  if (!options.centers.empty()) value["centers"] = options.centers;
  return value;
}

KMeansOptions options_of(const json::Node& node) {
  KMeansOptions options;
  json::Object object(node);
  check_kind(object, "kmeans");
  read(object, options);
  if (const auto centers = object.find("centers"); centers && !centers->is_null())
    for (const json::Node& center : centers->items())
      options.centers.push_back(numbers_of(center, options.measures.size()));
  object.done();
  check(options, node.pointer());
  return options;
}

/// Of round clusters of one common variance, each point wholly in its own.
void judge(ClusterTrial& trial, const Lloyd& found, std::size_t n, std::size_t d, std::size_t k) {
  std::vector<double> counts(k, 0.0);
  for (const std::uint16_t label : found.labels) counts[label] += 1;
  const auto size = static_cast<double>(n);
  const auto dims = static_cast<double>(d);
  double log_likelihood = 0;
  for (const double count : counts)
    if (count > 0) log_likelihood += count * std::log(count / size);
  const double variance = std::max(found.inertia / (size * dims), 1e-300);
  log_likelihood -= size * dims / 2 * (std::log(2 * pi * variance) + 1);
  trial.k = static_cast<int>(k);
  trial.inertia = found.inertia;
  trial.log_likelihood = log_likelihood / size;
  trial.bic = -2 * log_likelihood + static_cast<double>(k * d + k) * std::log(size);
  trial.iterations = found.iterations;
  trial.converged = found.converged;
}

}  // namespace

struct KMeansModel::Data {
  std::string name;
  KMeansOptions options;
  std::vector<Scale> scales;
  std::vector<double> centers;  ///< scaled, k rows of d
  std::vector<std::uint64_t> sizes;
  ClusterTrial fit;
  std::vector<ClusterTrial> trials;
  Labels labels;
  [[nodiscard]] std::size_t d() const noexcept { return options.measures.size(); }
  [[nodiscard]] std::size_t k() const noexcept { return centers.size() / d(); }
};

KMeansClassifier::KMeansClassifier(KMeansOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
  if (!options_.centers.empty()) {
    options_.k = static_cast<int>(options_.centers.size());
    options_.n_init = 1;
  }
}

KMeansModel KMeansClassifier::fit(const Table& table, const Control& control) const {
  auto data = std::make_shared<KMeansModel::Data>();
  data->name = name_;
  data->options = options_;
  Points points = points_of(table, options_.measures, control);
  const std::size_t d = points.d();
  check_count(points, static_cast<std::size_t>(options_.choose ? options_.choose->from : options_.k));
  data->scales = scale(points, options_, control);
  const double tolerance = options_.tolerance * mean_variance(points, control);
  std::optional<Lloyd> kept;
  const auto attempt = [&](std::size_t k) {
    Lloyd found;
    if (options_.centers.empty()) {
      found = best_lloyd(points, k, options_, tolerance, options_.n_init, control);
    } else {
      std::vector<double> start;
      for (const std::vector<double>& center : options_.centers)
        for (std::size_t j = 0; j < d; ++j) start.push_back(scaled(options_.scaling, data->scales[j], center[j]));
      found = lloyd(points, std::move(start), options_.max_iterations, tolerance, control);
    }
    ClusterTrial trial;
    judge(trial, found, points.n, d, k);
    trial.silhouette = silhouette(points, found.labels, k, options_, control);
    data->trials.push_back(trial);
    const auto better = [&] {
      if (!kept) return true;
      if (options_.choose->by == ClusterCriterion::bic) return trial.bic < data->fit.bic;
      return trial.silhouette.value_or(-2) > data->fit.silhouette.value_or(-2);
    };
    if (!better()) return;
    data->fit = trial;
    kept = std::move(found);
  };
  if (options_.choose) {
    for (int k = options_.choose->from; k <= options_.choose->to; ++k)
      if (static_cast<std::size_t>(k) <= points.n) attempt(static_cast<std::size_t>(k));
  } else {
    attempt(static_cast<std::size_t>(options_.k));
  }
  const std::size_t k = kept->centers.size() / d;
  std::vector<std::size_t> order(k);
  if (options_.centers.empty())
    order = order_of(kept->centers, k, d);
  else
    for (std::size_t c = 0; c < k; ++c) order[c] = c;
  std::vector<std::uint64_t> counts(k, 0);
  for (const std::uint16_t label : kept->labels) ++counts[label];
  for (const std::size_t c : order) {
    for (std::size_t j = 0; j < d; ++j) data->centers.push_back(kept->centers[c * d + j]);
    data->sizes.push_back(counts[c]);
  }
  data->labels = cluster_labels(k);
  return KMeansModel(std::move(data));
}

const std::string& KMeansModel::name() const noexcept { return data_->name; }
const KMeansOptions& KMeansModel::options() const noexcept { return data_->options; }
std::vector<std::string> KMeansModel::inputs() const { return data_->options.measures; }
int KMeansModel::k() const noexcept { return static_cast<int>(data_->k()); }
const std::vector<std::uint64_t>& KMeansModel::sizes() const noexcept { return data_->sizes; }
const ClusterTrial& KMeansModel::fit() const noexcept { return data_->fit; }
const std::vector<ClusterTrial>& KMeansModel::trials() const noexcept { return data_->trials; }

std::vector<std::vector<double>> KMeansModel::centers() const {
  std::vector<std::vector<double>> centers(data_->k());
  for (std::size_t c = 0; c < centers.size(); ++c)
    for (std::size_t j = 0; j < data_->d(); ++j)
      centers[c].push_back(unscaled(data_->options.scaling, data_->scales[j], data_->centers[c * data_->d() + j]));
  return centers;
}

Classification KMeansModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  const std::size_t d = data->d();
  const std::size_t k = data->k();
  const auto measures = std::make_shared<std::vector<Measure>>();
  std::vector<const Measure*> borrowed;
  for (const std::string& measure : data->options.measures) measures->emplace_back(table, measure);
  for (const Measure& measure : *measures) borrowed.push_back(&measure);
  const RowSet set = rows_with_values(borrowed, control);
  const std::size_t rows = table.rows();
  Buffer<std::uint16_t> codes(rows);
  Buffer<double> distances(rows);
  for_ranges(rows, control, [&](std::size_t, std::size_t begin, std::size_t end) {
    constexpr std::size_t block = 512;
    std::vector<std::vector<double>> values(d, std::vector<double>(block));
    std::vector<const double*> x;
    for (const auto& column : values) x.push_back(column.data());
    double best[block];
    std::int64_t label[block];
    for (std::size_t from = begin; from < end; from += block) {
      const std::size_t to = std::min(end, from + block);
      for (std::size_t j = 0; j < d; ++j)
        for (std::size_t row = from; row < to; ++row)
          values[j][row - from] =
              set.has(row) ? scaled(data->options.scaling, data->scales[j], number_of((*measures)[j], row)) : 0;
      nearest(x.data(), d, 0, to - from, data->centers.data(), k, best, label);
      for (std::size_t row = from; row < to; ++row) {
        const bool known = set.has(row);
        codes[row] = static_cast<std::uint16_t>(known ? static_cast<std::size_t>(label[row - from]) : k);
        distances[row] = known ? std::sqrt(best[row - from]) : std::numeric_limits<double>::quiet_NaN();
      }
    }
  });
  std::vector<Column> columns;
  columns.emplace_back(data->name, std::move(codes), data->labels);
  columns.push_back(real_column(data->name + "_distance", std::move(distances)));
  auto reasons = [data, measures, columns](std::size_t row) {
    const std::size_t own = columns[0].values<std::uint16_t>()[row];
    double other = std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < data->k() && own != data->k(); ++c) {
      if (c == own) continue;
      double squares = 0;
      for (std::size_t j = 0; j < data->d(); ++j) {
        const double value = scaled(data->options.scaling, data->scales[j], number_of((*measures)[j], row));
        squares += (value - data->centers[c * data->d() + j]) * (value - data->centers[c * data->d() + j]);
      }
      other = std::min(other, std::sqrt(squares));
    }
    std::optional<Quantity> limit;
    if (std::isfinite(other)) limit = quantity_of(Threshold::real(other));
    return cluster_reasons(columns, *measures, row, data->k(), limit);
  };
  return Classification(data->name, "kmeans", std::vector<Column>(columns), std::move(reasons));
}

std::string KMeansModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  value["scales"] = classifying::to_value(data_->scales);
  json::Value& clusters = value["clusters"] = json::Value::array();
  for (std::size_t c = 0; c < data_->k(); ++c) {
    json::Value cluster;
    const auto begin = data_->centers.begin() + static_cast<std::ptrdiff_t>(c * data_->d());
    cluster["center"] = std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(data_->d()));
    cluster["clients"] = data_->sizes[c];
    clusters.push_back(std::move(cluster));
  }
  write(data_->fit, data_->trials, value);
  return written(value);
}

KMeansModel KMeansModel::from_json(const std::string& name, std::string_view text, const std::string& pointer) {
  auto data = read_model(name, text, pointer, [&](json::Object& object) {
    auto made = std::make_shared<Data>();
    made->name = name;
    made->options = options_of(object.require("options"));
    made->scales = scales_of(object.require("scales"), made->d());
    const json::Node clusters = object.require("clusters");
    for (const json::Node& item : clusters.items()) {
      json::Object cluster(item);
      for (const double value : numbers_of(cluster.require("center"), made->d())) made->centers.push_back(value);
      made->sizes.push_back(static_cast<std::uint64_t>(cluster.require("clients").integer(0)));
      cluster.done();
    }
    if (made->sizes.empty() || made->sizes.size() > 1000) clusters.fail("1 to 1000 clusters");
    read(object, made->fit, made->trials);
    made->labels = cluster_labels(made->k());
    return made;
  });
  return KMeansModel(std::move(data));
}

std::string KMeansClassifier::to_json() const { return written(to_value(options_)); }

KMeansClassifier KMeansClassifier::from_json(std::string_view text, const std::string& name,
                                             const std::string& pointer) {
  return KMeansClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string kmeans_schema() {
  const KMeansOptions defaults;
  return R"({"type": "object", "additionalProperties": false,
  "description": "Clusters of clients that are alike in several measures.",
  "properties": {"kind": {"const": "kmeans"}, )" +
         cluster_schema(defaults.tolerance, defaults.n_init) + R"(,
    "centers": {"type": ["array", "null"], "maxItems": 1000,
      "items": {"type": "array", "items": {"type": "number"}},
      "description": "Where to start, in the measures' own units; fixes the number of clusters."}
  }})";
}

}  // namespace classifying
}  // namespace klientela
