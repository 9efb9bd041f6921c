// Gaussian mixtures as a classifier: expectation and maximisation over columns, the choice of k, frozen components.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cmath>
#include <numeric>

#include "classify/kinds.hpp"
#include "classify/points.hpp"
#include "classify/reading.hpp"
#include "classify/reasoning.hpp"
#include "klientela/classify/clusters.hpp"

namespace klientela {

using namespace classifying;  // NOLINT: the stage's own internals

namespace {

constexpr double log_two_pi = 1.8378770664093453;
constexpr std::size_t block = 256;
const std::vector<std::string_view> shapes{"full", "diagonal", "spherical"};

std::size_t numbers_in(CovarianceShape shape, std::size_t d) {
  if (shape == CovarianceShape::full) return d * d;
  return shape == CovarianceShape::diagonal ? d : 1;
}

void check(const GaussianMixtureOptions& options, const std::string& pointer) {
  classifying::check(options, pointer);
  if (options.covariance > CovarianceShape::spherical) json::fail(pointer + "/covariance", "is no shape");
  if (!(options.regularization >= 0 && options.regularization <= 1e6))
    json::fail(pointer + "/regularization", "must be from 0 to 1000000");
  if (options.components.empty()) return;
  const std::string at = pointer + "/components";
  if (options.choose) json::fail(at, "components fix their number, so that there is none to choose");
  if (options.components.size() > 1000) json::fail(at, "at most 1000 components");
  if (options.scaling == Scaling::log) json::fail(at, "cannot be given in the measures' own units with log scaling");
  if (options.covariance == CovarianceShape::spherical && options.scaling != Scaling::none)
    json::fail(at, "one variance for all measures can be given only without scaling");
  const std::size_t d = options.measures.size();
  for (std::size_t c = 0; c < options.components.size(); ++c) {
    const MixtureComponent& component = options.components[c];
    const std::string here = at + '/' + std::to_string(c);
    if (!(component.weight > 0 && component.weight <= 1e6)) json::fail(here + "/weight", "must be above 0");
    if (component.mean.size() != d) json::fail(here + "/mean", "must have one value for each measure");
    if (component.covariance.size() != numbers_in(options.covariance, d))
      json::fail(here + "/covariance",
                 "must have " + std::to_string(numbers_in(options.covariance, d)) + " numbers for this shape");
    for (const double value : component.mean)
      if (!std::isfinite(value)) json::fail(here + "/mean", "must be finite numbers");
    for (const double value : component.covariance)
      if (!std::isfinite(value)) json::fail(here + "/covariance", "must be finite numbers");
  }
}

json::Value to_value(const GaussianMixtureOptions& options) {
  json::Value value;
  value["kind"] = "gaussian_mixture";
  write(options, value);
  value["covariance"] = std::string(shapes[static_cast<std::size_t>(options.covariance)]);
  value["regularization"] = options.regularization;
  if (options.components.empty()) return value;
  json::Value& components = value["components"] = json::Value::array();
  for (const MixtureComponent& component : options.components)
    components.push_back(
        json::Value{{"weight", component.weight}, {"mean", component.mean}, {"covariance", component.covariance}});
  return value;
}

GaussianMixtureOptions options_of(const json::Node& node) {
  GaussianMixtureOptions options;
  json::Object object(node);
  check_kind(object, "gaussian_mixture");
  read(object, options);
  object.read("covariance", options.covariance, shapes);
  object.read("regularization", options.regularization, 0, 1e6);
  if (const auto components = object.find("components"); components && !components->is_null())
    for (const json::Node& item : components->items()) {
      json::Object entry(item);
      MixtureComponent& component = options.components.emplace_back();
      entry.read("weight", component.weight, 0, 1e6);
      for (const json::Node& number : entry.require("mean").items()) component.mean.push_back(number.number());
      for (const json::Node& number : entry.require("covariance").items())
        component.covariance.push_back(number.number());
      entry.done();
    }
  object.done();
  check(options, node.pointer());
  return options;
}

struct Mixture {
  CovarianceShape shape{CovarianceShape::full};
  std::size_t d{0};
  std::vector<double> weights;
  std::vector<double> means;                     ///< k rows of d, scaled
  std::vector<std::vector<double>> covariances;  ///< by shape
  std::vector<std::vector<double>> factors;      ///< Cholesky factors L, d x d row by row
  std::vector<double> constants;                 ///< log weight - d/2 log(2 pi) - log det L
  [[nodiscard]] std::size_t k() const noexcept { return weights.size(); }

  /// Factors and constants from the rest. \throws Error invalid_argument "regularization"
  void prepare() {
    factors.assign(k(), std::vector<double>(d * d, 0.0));
    constants.resize(k());
    for (std::size_t c = 0; c < k(); ++c) {
      const auto n = static_cast<Eigen::Index>(d);
      Eigen::MatrixXd matrix = Eigen::MatrixXd::Zero(n, n);
      for (Eigen::Index i = 0; i < n; ++i)
        for (Eigen::Index j = 0; j < n; ++j) {
          if (shape != CovarianceShape::full && i != j) continue;
          const auto at = shape == CovarianceShape::full ? static_cast<std::size_t>(i) * d + static_cast<std::size_t>(j)
                          : shape == CovarianceShape::diagonal ? static_cast<std::size_t>(i)
                                                               : std::size_t{0};
          matrix(i, j) = covariances[c][at];
        }
      const Eigen::LLT<Eigen::MatrixXd> cholesky(matrix);
      bool good = cholesky.info() == Eigen::Success && weights[c] > 0;
      const Eigen::MatrixXd lower = cholesky.matrixL();
      double log_det = 0;
      for (Eigen::Index i = 0; i < n && good; ++i) {
        good = lower(i, i) > 0 && std::isfinite(lower(i, i));
        log_det += good ? std::log(lower(i, i)) : 0;
        for (Eigen::Index j = 0; j <= i; ++j)
          factors[c][static_cast<std::size_t>(i) * d + static_cast<std::size_t>(j)] = lower(i, j);
      }
      if (!good)
        throw Error(Code::invalid_argument,
                    "a component of the mixture has no spread in some direction; take fewer components or a larger "
                    "regularization",
                    "regularization");
      constants[c] = std::log(weights[c]) - 0.5 * static_cast<double>(d) * log_two_pi - log_det;
    }
  }

  /// out[i] = log(weight density) of component c at rows [begin, begin + n), n <= block. scratch: d x block.
  void log_density(std::size_t c, const double* const* x, std::size_t begin, std::size_t n, double* scratch,
                   double* out) const noexcept {
    const double* const lower = factors[c].data();
    const double* const mean = means.data() + c * d;
    std::fill_n(out, n, 0.0);
    for (std::size_t i = 0; i < d; ++i) {
      double* const y = scratch + i * block;
      for (std::size_t r = 0; r < n; ++r) y[r] = x[i][begin + r] - mean[i];
      if (shape == CovarianceShape::full)
        for (std::size_t j = 0; j < i; ++j) {
          const double l = lower[i * d + j];
          const double* const other = scratch + j * block;
          for (std::size_t r = 0; r < n; ++r) y[r] -= l * other[r];
        }
      const double own = lower[i * d + i];
      for (std::size_t r = 0; r < n; ++r) {
        y[r] /= own;
        out[r] += y[r] * y[r];
      }
    }
    for (std::size_t r = 0; r < n; ++r) out[r] = constants[c] - 0.5 * out[r];
  }

  /// Probabilities of the components of n <= block rows (k rows of block), and the log of the density.
  void expect(const double* const* x, std::size_t begin, std::size_t n, double* scratch, double* probability,
              double* log_sum) const noexcept {
    for (std::size_t c = 0; c < k(); ++c) log_density(c, x, begin, n, scratch, probability + c * block);
    for (std::size_t r = 0; r < n; ++r) {
      double most = probability[r];
      for (std::size_t c = 1; c < k(); ++c) most = std::max(most, probability[c * block + r]);
      double sum = 0;
      for (std::size_t c = 0; c < k(); ++c) sum += std::exp(probability[c * block + r] - most);
      log_sum[r] = most + std::log(sum);
      for (std::size_t c = 0; c < k(); ++c)
        probability[c * block + r] = std::exp(probability[c * block + r] - log_sum[r]);
    }
  }
};

/// Expectation and maximisation over one set of points.
class Estimator {
 public:
  Estimator(const Points& points, const GaussianMixtureOptions& options, const Control& control)
      : points_(points), options_(options), control_(control) {
    for (const Buffer<double>& column : points.x) x_.push_back(column.data());
    pieces_ = (points.n + piece_rows - 1) / piece_rows;
  }

  struct Found {
    Mixture mixture;
    std::vector<std::uint16_t> labels;
    double bound{0};           ///< mean log-likelihood of the last expectation
    double log_likelihood{0};  ///< of the final parameters
    int iterations{0};
    bool converged{false};
  };

  [[nodiscard]] Found from(Mixture mixture) {
    Found found;
    probability_ = Buffer<double>(points_.n * mixture.k());
    double bound = -std::numeric_limits<double>::infinity();
    while (found.iterations < options_.max_iterations) {
      ++found.iterations;
      const double before = bound;
      bound = expectation(mixture, nullptr);
      maximise(mixture);
      if (std::fabs(bound - before) < options_.tolerance) {
        found.converged = true;
        break;
      }
    }
    found.bound = bound;
    found.labels.resize(points_.n);
    found.log_likelihood = expectation(mixture, found.labels.data());
    found.mixture = std::move(mixture);
    return found;
  }

  [[nodiscard]] Found from(const std::vector<std::uint16_t>& labels, std::size_t k) {
    Mixture mixture;
    mixture.shape = options_.covariance;
    mixture.d = points_.d();
    mixture.weights.assign(k, 0.0);
    mixture.means.assign(k * points_.d(), 0.0);
    probability_ = Buffer<double>(points_.n * k);
    for (std::size_t c = 0; c < k; ++c)
      for (std::size_t i = 0; i < points_.n; ++i) probability_[c * points_.n + i] = labels[i] == c ? 1.0 : 0.0;
    maximise(mixture);
    return from(std::move(mixture));
  }

 private:
  /// Probabilities of every point; the mean log-likelihood; the most probable component where `labels` is given.
  double expectation(const Mixture& mixture, std::uint16_t* labels) {
    const std::size_t k = mixture.k();
    std::vector<double> sums(pieces_, 0.0);
    for_pieces(points_.n, control_, [&](std::size_t piece, std::size_t begin, std::size_t end) {
      std::vector<double> scratch(mixture.d * block);
      std::vector<double> probability(k * block);
      double log_sum[block];
      for (std::size_t from = begin; from < end; from += block) {
        const std::size_t n = std::min(end, from + block) - from;
        mixture.expect(x_.data(), from, n, scratch.data(), probability.data(), log_sum);
        for (std::size_t c = 0; c < k; ++c)
          std::copy_n(probability.data() + c * block, n, probability_.data() + c * points_.n + from);
        for (std::size_t r = 0; r < n; ++r) {
          sums[piece] += log_sum[r];
          if (labels == nullptr) continue;
          std::size_t best = 0;
          for (std::size_t c = 1; c < k; ++c)
            if (probability[c * block + r] > probability[best * block + r]) best = c;
          labels[from + r] = static_cast<std::uint16_t>(best);
        }
      }
    });
    return std::accumulate(sums.begin(), sums.end(), 0.0) / static_cast<double>(points_.n);
  }

  /// Sums of f(piece sums) in the order of pieces.
  [[nodiscard]] static std::vector<double> added(const std::vector<std::vector<double>>& parts, std::size_t size) {
    std::vector<double> total(size, 0.0);
    for (const std::vector<double>& part : parts)
      for (std::size_t i = 0; i < size; ++i) total[i] += part[i];
    return total;
  }

  void maximise(Mixture& mixture) {
    const std::size_t k = mixture.k();
    const std::size_t d = mixture.d;
    const std::size_t n = points_.n;
    std::vector<std::vector<double>> parts(pieces_);
    for_pieces(n, control_, [&](std::size_t piece, std::size_t begin, std::size_t end) {
      std::vector<double>& sums = parts[piece];
      sums.assign(k * (d + 1), 0.0);
      for (std::size_t c = 0; c < k; ++c) {
        const double* const p = probability_.data() + c * n;
        double* const own = sums.data() + c * (d + 1);
        for (std::size_t i = begin; i < end; ++i) own[d] += p[i];
        for (std::size_t j = 0; j < d; ++j)
          for (std::size_t i = begin; i < end; ++i) own[j] += p[i] * x_[j][i];
      }
    });
    const std::vector<double> sums = added(parts, k * (d + 1));
    double whole = 0;
    std::vector<double> counts(k);
    for (std::size_t c = 0; c < k; ++c) {
      counts[c] = sums[c * (d + 1) + d] + 10 * std::numeric_limits<double>::epsilon();
      whole += counts[c];
      for (std::size_t j = 0; j < d; ++j) mixture.means[c * d + j] = sums[c * (d + 1) + j] / counts[c];
    }
    for (std::size_t c = 0; c < k; ++c) mixture.weights[c] = counts[c] / whole;
    const bool full = mixture.shape == CovarianceShape::full;
    const std::size_t size = full ? d * d : d;
    for_pieces(n, control_, [&](std::size_t piece, std::size_t begin, std::size_t end) {
      std::vector<double>& squares = parts[piece];
      squares.assign(k * size, 0.0);
      std::vector<double> away(d * block);
      for (std::size_t from = begin; from < end; from += block) {
        const std::size_t to = std::min(end, from + block);
        for (std::size_t c = 0; c < k; ++c) {
          const double* const p = probability_.data() + c * n;
          const double* const mean = mixture.means.data() + c * d;
          double* const own = squares.data() + c * size;
          for (std::size_t j = 0; j < d; ++j)
            for (std::size_t i = from; i < to; ++i) away[j * block + i - from] = x_[j][i] - mean[j];
          for (std::size_t j = 0; j < d; ++j)
            for (std::size_t l = full ? 0 : j; l <= j; ++l) {
              double sum = 0;
              for (std::size_t i = from; i < to; ++i)
                sum += p[i] * away[j * block + i - from] * away[l * block + i - from];
              own[full ? j * d + l : j] += sum;
            }
        }
      }
    });
    const std::vector<double> squares = added(parts, k * size);
    mixture.covariances.resize(k);
    for (std::size_t c = 0; c < k; ++c) {
      std::vector<double>& covariance = mixture.covariances[c];
      covariance.assign(numbers_in(mixture.shape, d), 0.0);
      for (std::size_t j = 0; j < d; ++j) {
        if (!full) {
          const double variance = squares[c * size + j] / counts[c] + options_.regularization;
          if (mixture.shape == CovarianceShape::diagonal)
            covariance[j] = variance;
          else
            covariance[0] += variance / static_cast<double>(d);
          continue;
        }
        for (std::size_t l = 0; l <= j; ++l) {
          const double value = squares[c * size + j * d + l] / counts[c] + (j == l ? options_.regularization : 0.0);
          covariance[j * d + l] = covariance[l * d + j] = value;
        }
      }
    }
    mixture.prepare();
  }

  const Points& points_;
  const GaussianMixtureOptions& options_;
  const Control& control_;
  std::vector<const double*> x_;
  std::size_t pieces_{0};
  Buffer<double> probability_;  ///< by component, then point
};

double parameters_of(CovarianceShape shape, std::size_t k, std::size_t d) {
  const std::size_t each = shape == CovarianceShape::full ? d * (d + 1) / 2 : numbers_in(shape, d);
  return static_cast<double>(k * each + k * d + k - 1);
}

/// The components to start from, scaled.
Mixture given(const GaussianMixtureOptions& options, const std::vector<Scale>& scales) {
  Mixture mixture;
  mixture.shape = options.covariance;
  mixture.d = scales.size();
  double whole = 0;
  for (const MixtureComponent& component : options.components) whole += component.weight;
  for (const MixtureComponent& component : options.components) {
    mixture.weights.push_back(component.weight / whole);
    for (std::size_t j = 0; j < mixture.d; ++j)
      mixture.means.push_back(scaled(options.scaling, scales[j], component.mean[j]));
    std::vector<double> covariance = component.covariance;
    for (std::size_t i = 0; i < covariance.size(); ++i) {
      const std::size_t a = options.covariance == CovarianceShape::full ? i / mixture.d : i;
      const std::size_t b = options.covariance == CovarianceShape::full ? i % mixture.d : i;
      if (options.covariance != CovarianceShape::spherical) covariance[i] /= scales[a].factor * scales[b].factor;
    }
    mixture.covariances.push_back(std::move(covariance));
  }
  mixture.prepare();
  return mixture;
}

}  // namespace

struct GaussianMixtureModel::Data {
  std::string name;
  GaussianMixtureOptions options;
  std::vector<Scale> scales;
  Mixture mixture;
  ClusterTrial fit;
  std::vector<ClusterTrial> trials;
  Labels labels;
};

GaussianMixtureClassifier::GaussianMixtureClassifier(GaussianMixtureOptions options, std::string name)
    : options_(std::move(options)), name_(std::move(name)) {
  check_name(name_, "");
  check(options_, "");
  if (!options_.components.empty()) {
    options_.k = static_cast<int>(options_.components.size());
    options_.n_init = 1;
  }
}

GaussianMixtureModel GaussianMixtureClassifier::fit(const Table& table, const Control& control) const {
  auto data = std::make_shared<GaussianMixtureModel::Data>();
  data->name = name_;
  data->options = options_;
  Points points = points_of(table, options_.measures, control);
  const std::size_t d = points.d();
  check_count(points, static_cast<std::size_t>(options_.choose ? options_.choose->from : options_.k));
  data->scales = scale(points, options_, control);
  const double tolerance = 1e-4 * mean_variance(points, control);
  Estimator estimator(points, options_, control);
  std::optional<Mixture> kept;
  const auto attempt = [&](std::size_t k) {
    std::optional<Estimator::Found> best;
    for (int start = 0; start < options_.n_init; ++start) {
      ClusterOptions seeded = options_;
      seeded.seed = options_.seed + static_cast<std::uint64_t>(start);
      Estimator::Found found = options_.components.empty()
                                   ? estimator.from(best_lloyd(points, k, seeded, tolerance, 1, control).labels, k)
                                   : estimator.from(given(options_, data->scales));
      if (!best || found.bound > best->bound) best = std::move(found);
    }
    ClusterTrial trial;
    trial.k = static_cast<int>(k);
    trial.log_likelihood = best->log_likelihood;
    const auto n = static_cast<double>(points.n);
    trial.bic = -2 * n * best->log_likelihood + parameters_of(options_.covariance, k, d) * std::log(n);
    trial.silhouette = silhouette(points, best->labels, k, options_, control);
    trial.iterations = best->iterations;
    trial.converged = best->converged;
    data->trials.push_back(trial);
    const auto better = [&] {
      if (!kept) return true;
      if (options_.choose->by == ClusterCriterion::bic) return trial.bic < data->fit.bic;
      return trial.silhouette.value_or(-2) > data->fit.silhouette.value_or(-2);
    };
    if (!better()) return;
    data->fit = trial;
    kept = std::move(best->mixture);
  };
  if (options_.choose) {
    for (int k = options_.choose->from; k <= options_.choose->to; ++k)
      if (static_cast<std::size_t>(k) <= points.n) attempt(static_cast<std::size_t>(k));
  } else {
    attempt(static_cast<std::size_t>(options_.k));
  }
  const std::size_t k = kept->k();
  std::vector<std::size_t> order = order_of(kept->means, k, d);
  if (!options_.components.empty()) std::iota(order.begin(), order.end(), std::size_t{0});
  Mixture& mixture = data->mixture;
  mixture.shape = options_.covariance;
  mixture.d = d;
  for (const std::size_t c : order) {
    mixture.weights.push_back(kept->weights[c]);
    for (std::size_t j = 0; j < d; ++j) mixture.means.push_back(kept->means[c * d + j]);
    mixture.covariances.push_back(kept->covariances[c]);
  }
  mixture.prepare();
  data->labels = cluster_labels(k);
  return GaussianMixtureModel(std::move(data));
}

const std::string& GaussianMixtureModel::name() const noexcept { return data_->name; }
const GaussianMixtureOptions& GaussianMixtureModel::options() const noexcept { return data_->options; }
std::vector<std::string> GaussianMixtureModel::inputs() const { return data_->options.measures; }
int GaussianMixtureModel::k() const noexcept { return static_cast<int>(data_->mixture.k()); }
const std::vector<double>& GaussianMixtureModel::weights() const noexcept { return data_->mixture.weights; }
const std::vector<std::vector<double>>& GaussianMixtureModel::covariances() const noexcept {
  return data_->mixture.covariances;
}
const ClusterTrial& GaussianMixtureModel::fit() const noexcept { return data_->fit; }
const std::vector<ClusterTrial>& GaussianMixtureModel::trials() const noexcept { return data_->trials; }

std::vector<std::vector<double>> GaussianMixtureModel::means() const {
  std::vector<std::vector<double>> means(data_->mixture.k());
  const std::size_t d = data_->mixture.d;
  for (std::size_t c = 0; c < means.size(); ++c)
    for (std::size_t j = 0; j < d; ++j)
      means[c].push_back(unscaled(data_->options.scaling, data_->scales[j], data_->mixture.means[c * d + j]));
  return means;
}

Classification GaussianMixtureModel::classify(const Table& table, const Control& control) const {
  const std::shared_ptr<const Data> data = data_;
  const Mixture& mixture = data->mixture;
  const std::size_t d = mixture.d;
  const std::size_t k = mixture.k();
  const auto measures = std::make_shared<std::vector<Measure>>();
  std::vector<const Measure*> borrowed;
  for (const std::string& measure : data->options.measures) measures->emplace_back(table, measure);
  for (const Measure& measure : *measures) borrowed.push_back(&measure);
  const RowSet set = rows_with_values(borrowed, control);
  const std::size_t rows = table.rows();
  Buffer<std::uint16_t> codes(rows);
  Buffer<double> certainty(rows);
  for_ranges(rows, control, [&](std::size_t, std::size_t begin, std::size_t end) {
    std::vector<std::vector<double>> values(d, std::vector<double>(block));
    std::vector<const double*> x;
    for (const auto& column : values) x.push_back(column.data());
    std::vector<double> scratch(d * block);
    std::vector<double> probability(k * block);
    double log_sum[block];
    for (std::size_t from = begin; from < end; from += block) {
      const std::size_t to = std::min(end, from + block);
      for (std::size_t j = 0; j < d; ++j)
        for (std::size_t row = from; row < to; ++row)
          values[j][row - from] =
              set.has(row) ? scaled(data->options.scaling, data->scales[j], number_of((*measures)[j], row)) : 0;
      mixture.expect(x.data(), 0, to - from, scratch.data(), probability.data(), log_sum);
      for (std::size_t row = from; row < to; ++row) {
        std::size_t best = 0;
        for (std::size_t c = 1; c < k; ++c)
          if (probability[c * block + row - from] > probability[best * block + row - from]) best = c;
        const bool known = set.has(row);
        codes[row] = static_cast<std::uint16_t>(known ? best : k);
        certainty[row] = known ? probability[best * block + row - from] : std::numeric_limits<double>::quiet_NaN();
      }
    }
  });
  std::vector<Column> columns;
  columns.emplace_back(data->name, std::move(codes), data->labels);
  columns.push_back(real_column(data->name + "_probability", std::move(certainty)));
  auto reasons = [measures, columns, none = k](std::size_t row) {
    return cluster_reasons(columns, *measures, row, none);
  };
  return Classification(data->name, "gaussian_mixture", std::vector<Column>(columns), std::move(reasons));
}

std::string GaussianMixtureModel::to_json() const {
  json::Value value;
  value["options"] = to_value(data_->options);
  value["scales"] = classifying::to_value(data_->scales);
  json::Value& components = value["components"] = json::Value::array();
  const Mixture& mixture = data_->mixture;
  for (std::size_t c = 0; c < mixture.k(); ++c) {
    json::Value component;
    component["weight"] = mixture.weights[c];
    const auto begin = mixture.means.begin() + static_cast<std::ptrdiff_t>(c * mixture.d);
    component["mean"] = std::vector<double>(begin, begin + static_cast<std::ptrdiff_t>(mixture.d));
    component["covariance"] = mixture.covariances[c];
    components.push_back(std::move(component));
  }
  write(data_->fit, data_->trials, value);
  return written(value);
}

GaussianMixtureModel GaussianMixtureModel::from_json(const std::string& name, std::string_view text,
                                                     const std::string& pointer) {
  auto data = read_model(name, text, pointer, [&](json::Object& object) {
    auto made = std::make_shared<Data>();
    made->name = name;
    made->options = options_of(object.require("options"));
    Mixture& mixture = made->mixture;
    mixture.shape = made->options.covariance;
    mixture.d = made->options.measures.size();
    made->scales = scales_of(object.require("scales"), mixture.d);
    const json::Node components = object.require("components");
    for (const json::Node& item : components.items()) {
      json::Object component(item);
      const json::Node weight = component.require("weight");
      if (!(weight.number(0, 1) > 0)) weight.fail("must be above 0");
      mixture.weights.push_back(weight.number());
      for (const double one : numbers_of(component.require("mean"), mixture.d)) mixture.means.push_back(one);
      mixture.covariances.push_back(numbers_of(component.require("covariance"), numbers_in(mixture.shape, mixture.d)));
      component.done();
    }
    if (mixture.weights.empty() || mixture.weights.size() > 1000) components.fail("1 to 1000 components");
    read(object, made->fit, made->trials);
    try {
      mixture.prepare();
    } catch (const Error&) {
      components.fail("a covariance is not positive definite");
    }
    made->labels = cluster_labels(mixture.k());
    return made;
  });
  return GaussianMixtureModel(std::move(data));
}

std::string GaussianMixtureClassifier::to_json() const { return written(to_value(options_)); }

GaussianMixtureClassifier GaussianMixtureClassifier::from_json(std::string_view text, const std::string& name,
                                                               const std::string& pointer) {
  return GaussianMixtureClassifier(read_options(name, text, pointer, options_of), name);
}

namespace classifying {

std::string gaussian_mixture_schema() {
  const GaussianMixtureOptions defaults;
  return R"({"type": "object", "additionalProperties": false,
  "description": "Clusters as a mixture of Gaussian distributions.",
  "properties": {"kind": {"const": "gaussian_mixture"}, )" +
         cluster_schema(defaults.tolerance, defaults.n_init) + R"(,
    "covariance": {"enum": ["full", "diagonal", "spherical"], "default": "full"},
    "regularization": {"type": "number", "minimum": 0, "maximum": 1000000, "default": 1e-6},
    "components": {"type": ["array", "null"], "maxItems": 1000,
      "description": "Where to start, in the measures' own units; fixes the number of components.",
      "items": {"type": "object", "additionalProperties": false, "required": ["mean", "covariance"], "properties": {
        "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000000, "default": 1},
        "mean": {"type": "array", "items": {"type": "number"}},
        "covariance": {"type": "array", "items": {"type": "number"}}}}}
  }})";
}

}  // namespace classifying
}  // namespace klientela
