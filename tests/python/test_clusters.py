"""KMeans and GaussianMixture against scikit-learn, and by scikit-learn's own checks of estimators."""

from __future__ import annotations

import pickle
import warnings

import klientela
import numpy as np
import pytest

cluster = pytest.importorskip("sklearn.cluster")
metrics = pytest.importorskip("sklearn.metrics")
mixture = pytest.importorskip("sklearn.mixture")
checks = pytest.importorskip("sklearn.utils.estimator_checks")


def heaps(n: int, d: int, k: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    centers = random.normal(size=(k, d)) * 4
    return centers[random.integers(0, k, n)] + random.normal(size=(n, d)) * random.uniform(0.5, 2, d)


@pytest.mark.parametrize("seed", range(12))
def test_kmeans_from_the_same_start(seed):
    random = np.random.default_rng(seed)
    n, d, k = int(random.integers(50, 30_000)), int(random.integers(1, 10)), int(random.integers(2, 12))
    points = heaps(n, d, k, seed)
    start = points[random.choice(n, k, replace=False)]
    iterations = int(random.integers(1, 60))
    tolerance = float(random.choice([0, 1e-4, 1e-2]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = cluster.KMeans(k, init=start, n_init=1, max_iter=iterations, tol=tolerance, algorithm="lloyd").fit(
            points
        )
    ours = klientela.KMeans(centers=start, scaling="none", max_iterations=iterations, tolerance=tolerance).fit(points)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9, atol=1e-9)
    assert (ours.labels_ == theirs.labels_).mean() > 0.9999
    np.testing.assert_array_equal(ours.predict(points), ours.labels_)
    np.testing.assert_allclose(ours.transform(points), theirs.transform(points), rtol=1e-6, atol=1e-6)
    assert ours.score(points) == pytest.approx(theirs.score(points), rel=1e-9)


def test_kmeans_refills_as_scikit_learn():
    points = heaps(500, 2, 3, 5)
    start = np.array([[0.0, 0.0], [1e6, 1e6], [-1e6, 1e6], [2e6, 0]])
    theirs = cluster.KMeans(4, init=start, n_init=1, tol=0).fit(points)
    ours = klientela.KMeans(centers=start, scaling="none", tolerance=0).fit(points)
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-9)


def test_random_starts_are_as_good():
    points = heaps(5000, 3, 6, 8)
    theirs = min(cluster.KMeans(6, n_init=4, random_state=seed).fit(points).inertia_ for seed in range(3))
    ours = min(klientela.KMeans(6, scaling="none", seed=seed).fit(points).inertia_ for seed in range(3))
    assert ours == pytest.approx(theirs, rel=0.01)


def test_silhouette():
    points = heaps(900, 3, 4, 2)
    ours = klientela.KMeans(4, scaling="none").fit(points)
    assert ours.silhouette_ == pytest.approx(metrics.silhouette_score(points, ours.labels_), rel=1e-9)


@pytest.mark.parametrize(
    ("shape", "theirs_shape"), [("full", "full"), ("diagonal", "diag"), ("spherical", "spherical")]
)
@pytest.mark.parametrize("seed", range(4))
def test_mixture_from_the_same_start(shape, theirs_shape, seed):
    random = np.random.default_rng(seed)
    d, k = int(random.integers(1, 5)), int(random.integers(1, 5))
    points = heaps(int(random.integers(200, 20_000)), d, k, seed)
    means = points[random.choice(len(points), k, replace=False)]
    variances = points.var(axis=0)
    covariance, precision = {
        "full": (np.diag(variances).ravel(), np.diag(1 / variances)),
        "diagonal": (variances, 1 / variances),
        "spherical": (np.array([variances.mean()]), 1 / variances.mean()),
    }[shape]
    iterations = int(random.integers(1, 40))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = mixture.GaussianMixture(
            k,
            covariance_type=theirs_shape,
            weights_init=np.full(k, 1 / k),
            means_init=means,
            max_iter=iterations,
            precisions_init=np.repeat(np.asarray(precision)[None], k, axis=0),
        ).fit(points)
    components = [{"mean": mean.tolist(), "covariance": covariance.tolist()} for mean in means]
    ours = klientela.GaussianMixture(
        components=components, scaling="none", covariance=shape, max_iterations=iterations
    ).fit(points)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.weights_, theirs.weights_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.means_, theirs.means_, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(np.ravel(ours.covariances_), np.ravel(theirs.covariances_), rtol=1e-6, atol=1e-8)
    assert ours.score(points) == pytest.approx(theirs.score(points), rel=1e-9)
    assert ours.bic_ == pytest.approx(theirs.bic(points), rel=1e-9)
    assert (ours.labels_ == theirs.predict(points)).mean() > 0.9999
    np.testing.assert_allclose(ours.predict_proba(points), theirs.predict_proba(points), atol=1e-6)


def test_tables_names_and_nulls():
    points = heaps(300, 2, 3, 1)
    table = {"client": list(range(300)), "money_net": points[:, 0], "frequency": points[:, 1].copy()}
    table["frequency"][7] = np.nan
    found = klientela.KMeans(3, measures=["money_net", "frequency"], name="kind").fit(table)
    assert found.labels_[7] == -1 and set(found.labels_) == {-1, 0, 1, 2}
    assert found.transform(table).columns == ["kind", "kind_distance"]
    assert "no value of orders (frequency)" in found.classify(table).explain(7)
    chosen = klientela.KMeans(measures=["money_net", "frequency"], choose={"from": 2, "to": 6}).fit(table)
    assert [trial["k"] for trial in chosen.trials_] == [2, 3, 4, 5, 6]
    with pytest.raises(klientela.InvalidArgumentError, match="only 299"):
        klientela.KMeans(300, measures=["money_net", "frequency"]).fit(table)
    with pytest.raises(klientela.InvalidArgumentError, match="the same for every client") as caught:
        klientela.KMeans(2).fit(np.column_stack([points, np.ones(300)]))
    assert caught.value.where == "x2"


# What scikit-learn asks for and klientela does otherwise.
OTHERWISE = {"check_estimators_unfitted": "klientela raises its own error, which is no NotFittedError"}


@pytest.mark.parametrize("kind", [klientela.KMeans, klientela.GaussianMixture])
def test_manners_of_scikit_learn(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        checks.check_estimator(kind(2), expected_failed_checks=OTHERWISE)


@pytest.mark.parametrize("kind", [klientela.KMeans, klientela.GaussianMixture])
def test_pickling(kind):
    points = heaps(200, 2, 3, 4)
    fitted = kind(3).fit(points)
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict(points), fitted.predict(points))
    assert copy.get_params() == fitted.get_params()


@pytest.mark.parametrize("kind", [klientela.XYZ, klientela.Tiers, klientela.Lifecycle, klientela.Cohort])
@pytest.mark.parametrize(
    "check", ["check_no_attributes_set_in_init", "check_parameters_default_constructible", "check_set_params"]
)
def test_manners_without_data(kind, check):
    getattr(checks, check)(kind.__name__, kind())
