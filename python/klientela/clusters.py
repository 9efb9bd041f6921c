"""k-means and Gaussian mixtures as estimators: tables of measures or plain arrays, with the manners of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from klientela import _core
from klientela._columns import table_of
from klientela.estimators import _Estimator

_Array = NDArray[np.float64]


def _is_array(X: Any) -> bool:
    """Whether X is rows of numbers, and not a table with named columns."""
    if isinstance(X, np.ndarray) or hasattr(X, "toarray"):
        return True
    return isinstance(X, (list, tuple)) or (
        hasattr(X, "__array__") and not hasattr(X, "__arrow_c_stream__") and not isinstance(X, Mapping)
    )


def _rows_of(X: Any, kind: str) -> _Array:
    if hasattr(X, "toarray"):
        raise TypeError(f"{kind} takes dense data, not a sparse matrix; use X.toarray()")
    rows = np.asarray(X)
    if rows.dtype.kind == "c":
        raise _core.InvalidArgumentError("Complex data not supported", "X")
    if rows.dtype.kind not in "biufO":
        raise _core.InvalidArgumentError(f"X holds {rows.dtype}, which is no number", "X")
    rows = rows.astype(np.float64)
    if rows.ndim != 2:
        raise _core.InvalidArgumentError(
            f"Expected 2D array, got {rows.ndim}D array instead. Reshape your data: a row for each client", "X"
        )
    if rows.shape[0] == 0:
        raise _core.InvalidArgumentError(
            f"Found array with 0 sample(s) (shape={rows.shape}) while a minimum of 1 is required", "X"
        )
    if rows.shape[1] == 0:
        raise _core.InvalidArgumentError(
            f"Found array with 0 feature(s) (shape={rows.shape}) while a minimum of 1 is required.", "X"
        )
    return rows


class _Clusters(_Estimator):
    """What both have in common."""

    model_: _core.Model
    labels_: NDArray[np.int64]

    def _names(self, rows: _Array) -> list[str]:
        measures: Sequence[str] | None = self.measures  # type: ignore[attr-defined]
        names = [f"x{i}" for i in range(rows.shape[1])] if measures is None else list(measures)
        if len(names) != rows.shape[1]:
            raise _core.InvalidArgumentError(
                f"X has {rows.shape[1]} features, but there are {len(names)} measures", "measures"
            )
        return names

    def _table(self, X: Any, fitting: bool) -> Any:
        """A table of columns out of rows; a table is left as it is."""
        if not _is_array(X):
            return X
        rows = _rows_of(X, type(self).__name__)
        if not fitting and rows.shape[1] != self.n_features_in_:
            raise _core.InvalidArgumentError(
                f"X has {rows.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features "
                "as input",
                "X",
            )
        names = self._names(rows) if fitting else self.feature_names_in_
        return table_of({name: np.ascontiguousarray(rows[:, i]) for i, name in enumerate(names)})

    def fit(self, X: Any, y: Any = None) -> Any:
        """Find the clusters.

        Parameters
        ----------
        X : array of shape (clients, measures), FeatureTable, Table, data frame or mapping of columns
            With names, the columns ``measures``; of an array every column. A row with a NaN or null is unclassified.
        y : ignored
            For pipelines.
        """
        array = _is_array(X)
        table = self._table(X, fitting=True)
        if array and len(table) == 1 and self.k > 1:  # type: ignore[attr-defined]
            raise _core.InvalidArgumentError(
                f"n_samples=1, but {self.k} clusters were asked for",  # type: ignore[attr-defined]
                "k",
            )
        options = self._options()
        if array:
            options["measures"] = list(table.columns)
        elif isinstance(options.get("measures"), str):
            options["measures"] = [options["measures"]]
        if "centers" in options:
            options["centers"] = np.asarray(options["centers"], dtype=np.float64).tolist()
        classifier = _core.Classifier(self._kind, self.name, **options)  # type: ignore[attr-defined]
        model = classifier.fit(table, threads=self.threads)  # type: ignore[attr-defined]
        self.model_ = model
        self.feature_names_in_ = list(classifier.inputs)
        self.n_features_in_ = len(self.feature_names_in_)
        self._document = model.to_dict()["model"]
        fit = self._document["fit"]
        self.n_iter_ = int(fit["iterations"])
        self.converged_ = bool(fit["converged"])
        self.silhouette_ = fit.get("silhouette")
        self.bic_ = float(fit["bic"])
        self.trials_ = self._document["trials"]
        self._take()
        self.labels_ = self._codes(table)
        return self

    def _take(self) -> None:
        raise NotImplementedError

    def _codes(self, table: Any) -> NDArray[np.int64]:
        column = self._fitted().classify(table, threads=self.threads).table  # type: ignore[attr-defined]
        labels = column.to_pydict()[self.name]  # type: ignore[attr-defined]
        return np.fromiter((-1 if text == "unclassified" else int(text[8:]) - 1 for text in labels), np.int64)

    def classify(self, X: Any) -> _core.Classification:
        """Classify by the frozen clusters; the result has the new columns and the reason for every row."""
        self._fitted()
        return super().classify(self._table(X, fitting=False))

    def transform(self, X: Any) -> Any:
        """Give the new columns of a table, a row per row; of an array the distance or probability of every cluster."""
        self._fitted()
        if not _is_array(X):
            return super().transform(X)
        self._table(X, fitting=False)
        return self._each(self._scaled(_rows_of(X, type(self).__name__)))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Find the clusters and transform the same rows."""
        return self.fit(X, y).transform(X)

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Give the number of each row's cluster, from 0; -1 where a value is missing."""
        self._fitted()
        return self._codes(self._table(X, fitting=False))

    def fit_predict(self, X: Any, y: Any = None) -> NDArray[np.int64]:
        """Find the clusters and give each row's."""
        return self.fit(X, y).labels_  # type: ignore[no-any-return]

    def _scaled(self, rows: _Array) -> _Array:
        scales = self._document["scales"]
        if self._document["options"]["scaling"] == "log":
            rows = np.copysign(np.log1p(np.abs(rows)), rows)
        shift = np.array([scale["shift"] for scale in scales])
        factor = np.array([scale["factor"] for scale in scales])
        scaled: _Array = (rows - shift) / factor
        return scaled

    def _unscaled(self, rows: _Array) -> _Array:
        scales = self._document["scales"]
        rows = rows * [scale["factor"] for scale in scales] + [scale["shift"] for scale in scales]
        if self._document["options"]["scaling"] == "log":
            rows = np.copysign(np.expm1(np.abs(rows)), rows)
        return rows

    def _each(self, rows: _Array) -> _Array:
        raise NotImplementedError

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn asks for its tags; klientela does not need it.
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags  # type: ignore[import-untyped,unused-ignore]

        return Tags(
            estimator_type="clusterer",
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(),
            input_tags=InputTags(allow_nan=True),
        )


class KMeans(_Clusters):
    """Clusters by Lloyd's algorithm, the same for any number of threads and any order of clients.

    Parameters
    ----------
    k : int
        Number of clusters.
    measures : sequence of str, optional
        The columns looked at. None: recency_days, frequency and money_net; of an array every column.
    choose : mapping, optional
        ``{"from": 2, "to": 8, "by": "silhouette"}`` (or ``"bic"``): fit every number and keep the best.
    scaling : {"standard", "none", "robust", "log"}
        What is done to the measures first.
    centers : array of shape (k, measures), optional
        Where to start, in the measures' own units, instead of k-means++; clusters keep this order.
    n_init : int
        Starts by k-means++; the best is kept.
    max_iterations : int
        Of one start.
    tolerance : float
        A start ends where the centres move by no more than this part of the measures' mean variance.
    seed : int
        Of the starts, together with the clients' ids.
    silhouette_sample : int
        How many clients silhouettes are of.
    name : str
        Prefix of the columns: kmeans, kmeans_distance.
    threads : int
        0: one per core.

    Attributes
    ----------
    cluster_centers_ : array of shape (k, measures)
        In the measures' own units.
    labels_ : array of int
        Cluster of each row fitted, from 0; -1 where a value is missing.
    inertia_ : float
        Sum of squared distances to the own centre, in scaled measures.
    n_iter_, converged_, silhouette_, bic_, trials_
        Of the fit that was kept, and of every number of clusters tried.
    """

    _kind = "kmeans"

    def __init__(
        self,
        k: int = 5,
        *,
        measures: Sequence[str] | None = None,
        choose: Mapping[str, Any] | None = None,
        scaling: str = "standard",
        centers: Any = None,
        n_init: int = 4,
        max_iterations: int = 300,
        tolerance: float = 1e-4,
        seed: int = 0,
        silhouette_sample: int = 1000,
        name: str = "kmeans",
        threads: int = 0,
    ) -> None:
        self.k = k
        self.measures = measures
        self.choose = choose
        self.scaling = scaling
        self.centers = centers
        self.n_init = n_init
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.seed = seed
        self.silhouette_sample = silhouette_sample
        self.name = name
        self.threads = threads

    def _take(self) -> None:
        self._centers = np.array([cluster["center"] for cluster in self._document["clusters"]])
        self.cluster_centers_ = self._unscaled(self._centers)
        self.inertia_ = float(self._document["fit"]["inertia"])

    def _each(self, rows: _Array) -> _Array:
        squares = np.stack([((rows - center) ** 2).sum(axis=1) for center in self._centers], axis=1)
        distances: _Array = np.sqrt(squares)
        return distances

    def score(self, X: Any, y: Any = None) -> float:
        """Less the sum of squared distances of rows to their centres: larger is better."""
        self._fitted()
        table = self.classify(X).table
        distances = np.array(
            [value for value in table.to_pydict()[f"{self.name}_distance"] if value is not None], dtype=np.float64
        )
        return -float((distances**2).sum())


class GaussianMixture(_Clusters):
    """Clusters as a mixture of Gaussian distributions, by expectation and maximisation from the clusters of k-means.

    Parameters
    ----------
    k : int
        Number of components.
    measures, choose, scaling, max_iterations, seed, silhouette_sample, threads
        As of :class:`KMeans`.
    covariance : {"full", "diagonal", "spherical"}
        Shape of the components.
    regularization : float
        Added to every variance of the scaled measures.
    components : sequence of mapping, optional
        ``{"weight": ..., "mean": [...], "covariance": [...]}``: where to start, in the measures' own units.
    n_init : int
        Starts; the most likely is kept.
    tolerance : float
        A start ends where the mean log-likelihood changes by less.
    name : str
        Prefix of the columns: gaussian_mixture, gaussian_mixture_probability.

    Attributes
    ----------
    weights_, means_ : arrays
        Of the components; means in the measures' own units.
    covariances_ : list of list of float
        Of the scaled measures, by shape.
    lower_bound_ : float
        Mean log-likelihood of the clients, in scaled measures.
    labels_, n_iter_, converged_, silhouette_, bic_, trials_
        As of :class:`KMeans`.
    """

    _kind = "gaussian_mixture"

    def __init__(
        self,
        k: int = 5,
        *,
        measures: Sequence[str] | None = None,
        choose: Mapping[str, Any] | None = None,
        scaling: str = "standard",
        covariance: str = "full",
        regularization: float = 1e-6,
        components: Sequence[Mapping[str, Any]] | None = None,
        n_init: int = 1,
        max_iterations: int = 300,
        tolerance: float = 1e-3,
        seed: int = 0,
        silhouette_sample: int = 1000,
        name: str = "gaussian_mixture",
        threads: int = 0,
    ) -> None:
        self.k = k
        self.measures = measures
        self.choose = choose
        self.scaling = scaling
        self.covariance = covariance
        self.regularization = regularization
        self.components = components
        self.n_init = n_init
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.seed = seed
        self.silhouette_sample = silhouette_sample
        self.name = name
        self.threads = threads

    def _take(self) -> None:
        components = self._document["components"]
        self.weights_ = np.array([component["weight"] for component in components])
        self._means = np.array([component["mean"] for component in components])
        self.means_ = self._unscaled(self._means)
        self.covariances_ = [component["covariance"] for component in components]
        self.lower_bound_ = float(self._document["fit"]["log_likelihood"])

    def _each(self, rows: _Array) -> _Array:
        probability: _Array = np.exp(self._log_densities(rows) - self._log_density(rows)[:, None])
        return probability

    def _log_densities(self, rows: _Array) -> _Array:
        d = rows.shape[1]
        columns = []
        for weight, mean, numbers in zip(self.weights_, self._means, self.covariances_, strict=True):
            matrix = np.reshape(numbers, (d, d)) if len(numbers) == d * d and d > 1 else np.diag(np.resize(numbers, d))
            away = np.linalg.solve(np.linalg.cholesky(matrix), (rows - mean).T)
            _, log_det = np.linalg.slogdet(matrix)
            columns.append(np.log(weight) - 0.5 * (d * np.log(2 * np.pi) + log_det + (away**2).sum(axis=0)))
        return np.stack(columns, axis=1)

    def _log_density(self, rows: _Array) -> _Array:
        parts = self._log_densities(rows)
        most = parts.max(axis=1)
        result: _Array = most + np.log(np.exp(parts - most[:, None]).sum(axis=1))
        return result

    def predict_proba(self, X: Any) -> _Array:
        """Give the probability of every component for every row of an array."""
        self._fitted()
        self._table(X, fitting=False)
        return self._each(self._scaled(_rows_of(X, type(self).__name__)))

    def score(self, X: Any, y: Any = None) -> float:
        """Mean log-likelihood of the rows of an array, in scaled measures."""
        self._fitted()
        self._table(X, fitting=False)
        return float(self._log_density(self._scaled(_rows_of(X, type(self).__name__))).mean())
