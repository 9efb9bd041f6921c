// k-means and Gaussian mixtures: what they find, that nothing but the data and the seed decides, and their refusals.
#include "klientela/classify/clusters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "klientela/classify/classifier.hpp"
#include "unit/classify/tables.hpp"

namespace klientela::test {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <class Call>
std::string where_of(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    return std::string(name(error.code())) + ' ' + error.where();
  }
  return "nothing thrown";
}

/// Three heaps far apart, `each` clients in each, in a square of side 1 about (0, 0), (10, 0) and (0, 10).
Table heaps(std::size_t each, std::uint64_t seed = 3) {
  std::mt19937_64 random(seed);
  Reals x;
  Reals y;
  const auto jitter = [&] { return static_cast<double>(random() % 1000) / 1000 - 0.5; };
  for (std::size_t i = 0; i < 3 * each; ++i) {
    x.emplace_back((i % 3 == 1 ? 10 : 0) + jitter());
    y.emplace_back((i % 3 == 2 ? 10 : 0) + jitter());
  }
  return Table({clients(3 * each), column("x", ColumnType::float64, x), column("y", ColumnType::float64, y)});
}

KMeansOptions means(int k) {
  KMeansOptions options;
  options.measures = {"x", "y"};
  options.k = k;
  return options;
}

GaussianMixtureOptions mixture(int k) {
  GaussianMixtureOptions options;
  options.measures = {"x", "y"};
  options.k = k;
  return options;
}

TEST(KMeans, FindsHeaps) {
  for (const Scaling scaling : {Scaling::none, Scaling::standard, Scaling::robust, Scaling::log}) {
    KMeansOptions options = means(3);
    options.scaling = scaling;
    if (scaling == Scaling::robust) options.measures = {"x", "y"};
    const Table table = heaps(100);
    const KMeansModel model = KMeansClassifier(options).fit(table);
    EXPECT_THAT(model.sizes(), ElementsAre(100U, 100U, 100U));
    EXPECT_TRUE(model.fit().converged);
    EXPECT_GT(*model.fit().silhouette, 0.8);
    const Classification found = model.classify(table);
    for (std::size_t row = 0; row < 300; ++row)
      EXPECT_EQ(found.column("kmeans").text(row), found.column("kmeans").text(row % 3));
    // Numbered by the first measure: the heap at (10, 0) comes last.
    EXPECT_EQ(found.column("kmeans").text(1), "cluster 3");
    EXPECT_THAT(found.explain(1, Language::english), HasSubstr("\"cluster 3\", because kmeans_distance is"));
  }
}

TEST(KMeans, CentresAreTheMeansOfTheirClients) {
  const Table table = heaps(50);
  KMeansOptions options = means(3);
  options.scaling = Scaling::none;
  const KMeansModel model = KMeansClassifier(options).fit(table);
  const Classification found = model.classify(table);
  const auto x = table.column("x").values<double>();
  const auto codes = found.column("kmeans").values<std::uint16_t>();
  const auto distance = found.column("kmeans_distance").values<double>();
  double inertia = 0;
  for (std::size_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (std::size_t row = 0; row < 150; ++row)
      if (codes[row] == c) sum += x[row];
    EXPECT_NEAR(model.centers()[c][0], sum / 50, 1e-12);
  }
  for (std::size_t row = 0; row < 150; ++row) inertia += distance[row] * distance[row];
  EXPECT_NEAR(model.fit().inertia, inertia, 1e-9);
}

TEST(KMeans, NothingButDataAndSeedDecides) {
  Table table = heaps(4000, 9);
  std::vector<std::uint32_t> order(table.rows());
  std::iota(order.begin(), order.end(), 0U);
  std::mt19937_64 random(5);
  std::shuffle(order.begin(), order.end(), random);
  const Table shuffled = table.take(order);
  const AnyClassifier both[] = {KMeansClassifier(means(7)), GaussianMixtureClassifier(mixture(4))};
  for (const AnyClassifier& classifier : both) {
    const std::string wanted = classifier.fit(table).to_json();
    const auto labels = texts(classifier.fit(table).classify(table).columns()[0]);
    for_thread_counts([&](const Control& control) {
      EXPECT_EQ(classifier.fit(table, control).to_json(), wanted);
      const AnyModel model = classifier.fit(shuffled, control);
      EXPECT_EQ(model.to_json(), wanted);
      const AnyModel read = ClassifierRegistry().model_from_json(model.to_json());
      EXPECT_EQ(read.to_json(), model.to_json());
      const Classification found = read.classify(shuffled, control);
      for (std::size_t row = 0; row < order.size(); row += 97)
        EXPECT_EQ(found.columns()[0].text(row), labels[order[row]]);
    });
  }
  KMeansOptions other = means(7);
  other.seed = 1;
  other.n_init = 1;
  KMeansOptions same = means(7);
  same.n_init = 1;
  EXPECT_NE(KMeansClassifier(other).fit(table).to_json(), KMeansClassifier(same).fit(table).to_json());
}

TEST(KMeans, ARestartFromItsOwnCentresStays) {
  const Table table = heaps(200);
  KMeansOptions options = means(5);
  options.tolerance = 0;
  const KMeansModel model = KMeansClassifier(options).fit(table);
  options.centers = model.centers();
  const KMeansModel again = KMeansClassifier(options).fit(table);
  EXPECT_LE(again.fit().iterations, 2);
  EXPECT_NEAR(again.fit().inertia, model.fit().inertia, 1e-9 * model.fit().inertia);
  EXPECT_EQ(again.sizes(), model.sizes());
}

TEST(KMeans, GivenCentresKeepTheirOrderAndEmptyOnesAreRefilled) {
  KMeansOptions options = means(1);
  options.scaling = Scaling::none;
  options.centers = {{10, 0}, {0, 10}, {0, 0}};
  KMeansModel model = KMeansClassifier(options).fit(heaps(20));
  EXPECT_EQ(model.k(), 3);
  EXPECT_THAT(model.centers()[0][0], DoubleNear(10, 0.5));
  EXPECT_THAT(model.centers()[1][1], DoubleNear(10, 0.5));
  // Nobody is near the last two at first.
  options.centers = {{0, 0}, {1e6, 1e6}, {-1e6, 2e6}};
  model = KMeansClassifier(options).fit(heaps(20));
  for (const std::uint64_t size : model.sizes()) EXPECT_GT(size, 0U);
}

TEST(KMeans, ChoosesTheNumberOfHeaps) {
  for (const ClusterCriterion by : {ClusterCriterion::silhouette, ClusterCriterion::bic}) {
    KMeansOptions options = means(1);
    options.choose = ClusterRange{2, 6, by};
    const KMeansModel model = KMeansClassifier(options).fit(heaps(60));
    EXPECT_EQ(model.trials().size(), 5U);
    if (by == ClusterCriterion::silhouette) {
      EXPECT_EQ(model.k(), 3);
    }
    for (const ClusterTrial& trial : model.trials()) {
      if (by == ClusterCriterion::silhouette) {
        EXPECT_LE(*trial.silhouette, *model.fit().silhouette);
      } else {
        EXPECT_GE(trial.bic, model.fit().bic);
      }
    }
  }
}

TEST(KMeans, SilhouetteByHand) {
  // 0, 1 and 10, 12: (b - a) / max(a, b) with a = 1, 1, 2, 2 and b = 11, 10, 9.5, 11.5.
  const Table table({clients(4), column("x", ColumnType::float64, Reals{0.0, 1.0, 10.0, 12.0})});
  KMeansOptions options;
  options.measures = {"x"};
  options.k = 2;
  options.scaling = Scaling::none;
  const KMeansModel model = KMeansClassifier(options).fit(table);
  EXPECT_NEAR(*model.fit().silhouette, (10.0 / 11 + 9.0 / 10 + 7.5 / 9.5 + 9.5 / 11.5) / 4, 1e-15);
  EXPECT_NEAR(model.fit().inertia, 2.5, 1e-15);
}

TEST(KMeans, NullsAreUnclassifiedWithTheReason) {
  const Table table({clients(5), column("x", ColumnType::float64, Reals{0.0, 1.0, std::nullopt, 9.0, std::nan("")}),
                     column<std::int64_t>("y", ColumnType::int64, {0, 1, 2, std::nullopt, 4})});
  const KMeansModel model = KMeansClassifier(means(2)).fit(table);
  const Classification found = model.classify(table);
  EXPECT_THAT(texts(found.column("kmeans")),
              ElementsAre("cluster 1", "cluster 2", "unclassified", "unclassified", "unclassified"));
  EXPECT_EQ(found.column("kmeans_distance").null_count(), 3U);
  EXPECT_EQ(found.reasons(3)[0].measure, "y");
  EXPECT_THAT(found.explain(4, Language::english), HasSubstr("because there is no value of x"));
}

TEST(Clusters, RefuseWhatCannotBe) {
  const Table table = heaps(2);
  const auto fails = [&](const KMeansOptions& options) {
    return where_of([&] { (void)KMeansClassifier(options).fit(table); });
  };
  EXPECT_EQ(fails(means(7)), "invalid_argument k");
  EXPECT_EQ(fails(means(0)), "bad_policy /k");
  KMeansOptions options = means(2);
  options.measures = {"x", "x"};
  EXPECT_EQ(fails(options), "bad_policy /measures/1");
  options.measures = {"x", "z"};
  EXPECT_EQ(fails(options), "not_found z");
  options = means(2);
  options.centers = {{1, 2}, {1}};
  EXPECT_EQ(fails(options), "bad_policy /centers/1");
  options.centers = {{1, 2}};
  options.choose = ClusterRange{};
  EXPECT_EQ(fails(options), "bad_policy /centers");
  options = means(2);
  options.choose = ClusterRange{4, 4};
  EXPECT_EQ(fails(options), "bad_policy /choose");

  const Table flat({clients(4), column("x", ColumnType::float64, Reals{1.0, 1.0, 1.0, 1.0}),
                    column("y", ColumnType::float64, Reals{1.0, 2.0, 1.0, 2.0})});
  EXPECT_EQ(where_of([&] { (void)KMeansClassifier(means(2)).fit(flat); }), "invalid_argument x");
  EXPECT_EQ(where_of([&] { (void)GaussianMixtureClassifier(mixture(2)).fit(flat); }), "invalid_argument x");
  options = means(3);
  options.measures = {"y"};
  EXPECT_EQ(where_of([&] { (void)KMeansClassifier(options).fit(flat); }), "invalid_argument k");  // two values only
  const Table mostly({clients(5), column("x", ColumnType::float64, Reals{1.0, 1.0, 1.0, 1.0, 9.0})});
  options = means(2);
  options.measures = {"x"};
  options.scaling = Scaling::robust;
  EXPECT_EQ(where_of([&] { (void)KMeansClassifier(options).fit(mostly); }), "invalid_argument x");
  EXPECT_EQ(where_of([&] {
              (void)KMeansClassifier(means(1)).fit(Table(
                  {clients(0), column("x", ColumnType::float64, Reals{}), column("y", ColumnType::float64, Reals{})}));
            }),
            "invalid_argument k");
}

TEST(Clusters, SurviveWideRanges) {
  const Table table({clients(4), column("x", ColumnType::float64, Reals{1e300, -1e300, 0.0, 1.0}),
                     column("y", ColumnType::float64, Reals{1.0, 2.0, 3.0, 4.0})});
  EXPECT_EQ(where_of([&] { (void)KMeansClassifier(means(2)).fit(table); }), "invalid_argument x");
  KMeansOptions options = means(2);
  options.scaling = Scaling::log;
  EXPECT_EQ(KMeansClassifier(options).fit(table).k(), 2);
}

TEST(GaussianMixture, FindsHeapsInEveryShape) {
  for (const CovarianceShape shape : {CovarianceShape::full, CovarianceShape::diagonal, CovarianceShape::spherical}) {
    GaussianMixtureOptions options = mixture(3);
    options.covariance = shape;
    const Table table = heaps(100);
    const GaussianMixtureModel model = GaussianMixtureClassifier(options).fit(table);
    EXPECT_THAT(model.weights(),
                ElementsAre(DoubleNear(1.0 / 3, 1e-9), DoubleNear(1.0 / 3, 1e-9), DoubleNear(1.0 / 3, 1e-9)));
    const Classification found = model.classify(table);
    for (std::size_t row = 0; row < 300; ++row) {
      EXPECT_EQ(found.columns()[0].text(row), found.columns()[0].text(row % 3));
      EXPECT_GT(found.columns()[1].values<double>()[row], 0.99);
    }
    EXPECT_THAT(model.means()[2][0], DoubleNear(10, 0.2));
  }
}

TEST(GaussianMixture, OneComponentIsTheSample) {
  const Table table = heaps(30);
  GaussianMixtureOptions options = mixture(1);
  options.scaling = Scaling::none;
  options.regularization = 0;
  const GaussianMixtureModel model = GaussianMixtureClassifier(options).fit(table);
  const auto x = table.column("x").values<double>();
  const auto y = table.column("y").values<double>();
  double mx = 0;
  double my = 0;
  for (std::size_t i = 0; i < 90; ++i) mx += x[i] / 90, my += y[i] / 90;
  double xy = 0;
  for (std::size_t i = 0; i < 90; ++i) xy += (x[i] - mx) * (y[i] - my) / 90;
  EXPECT_NEAR(model.covariances()[0][1], xy, 1e-10);
  EXPECT_NEAR(model.means()[0][0], mx, 1e-10);
}

TEST(GaussianMixture, ChoosesByBicAndRestartsFromItsOwnComponents) {
  GaussianMixtureOptions options = mixture(1);
  options.choose = ClusterRange{2, 5, ClusterCriterion::bic};
  options.covariance = CovarianceShape::spherical;
  const Table table = heaps(80);
  const GaussianMixtureModel model = GaussianMixtureClassifier(options).fit(table);
  EXPECT_EQ(model.trials().size(), 4U);
  for (const ClusterTrial& trial : model.trials()) EXPECT_GE(trial.bic, model.fit().bic);

  options = mixture(3);
  options.scaling = Scaling::none;
  const GaussianMixtureModel first = GaussianMixtureClassifier(options).fit(table);
  for (std::size_t c = 0; c < 3; ++c)
    options.components.push_back({first.weights()[c], first.means()[c], first.covariances()[c]});
  const GaussianMixtureModel again = GaussianMixtureClassifier(options).fit(table);
  EXPECT_NEAR(again.fit().log_likelihood, first.fit().log_likelihood, 1e-6);
  EXPECT_LE(again.fit().iterations, 2);
}

TEST(GaussianMixture, RefusesWhatCannotBe) {
  GaussianMixtureOptions options = mixture(2);
  options.components = {{1, {0, 0}, {1, 0, 0, -1}}};
  options.scaling = Scaling::none;
  EXPECT_EQ(where_of([&] { (void)GaussianMixtureClassifier(options).fit(heaps(5)); }),
            "invalid_argument regularization");
  options.components[0].covariance = {1};
  EXPECT_EQ(where_of([&] { (void)GaussianMixtureClassifier(options); }), "bad_policy /components/0/covariance");
  options = mixture(2);
  options.regularization = std::nan("");
  EXPECT_EQ(where_of([&] { (void)GaussianMixtureClassifier(options); }), "bad_policy /regularization");
  // All on a line, and nothing added to the variances.
  const Table line({clients(4), column("x", ColumnType::float64, Reals{1.0, 2.0, 3.0, 4.0}),
                    column("y", ColumnType::float64, Reals{2.0, 4.0, 6.0, 8.0})});
  options = mixture(2);
  options.regularization = 0;
  EXPECT_EQ(where_of([&] { (void)GaussianMixtureClassifier(options).fit(line); }), "invalid_argument regularization");
}

TEST(Clusters, StopWhenTheHostAsks) {
  std::stop_source stop;
  stop.request_stop();
  Control control;
  control.stop = stop.get_token();
  EXPECT_EQ(where_of([&] { (void)KMeansClassifier(means(2)).fit(heaps(5), control); }), "cancelled ");
}

}  // namespace
}  // namespace klientela::test
