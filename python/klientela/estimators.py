"""RFM, ABC and the contact matrix as estimators, with the manners of scikit-learn (which is not needed)."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from klientela import _core


class _Estimator:
    """What the estimators share: parameters, and fit, transform and their combination."""

    _kind = ""

    @classmethod
    def _parameters(cls) -> list[str]:
        return [name for name in inspect.signature(cls).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Give the parameters by name."""
        return {name: getattr(self, name) for name in self._parameters()}

    def set_params(self, **params: Any) -> Any:
        """Set parameters by name; unknown names raise InvalidArgumentError and change nothing."""
        known = self._parameters()
        for name in params:
            if name not in known:
                raise _core.InvalidArgumentError(
                    f"{type(self).__name__} has no parameter '{name}'; there are: {', '.join(known)}", name
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _options(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.get_params().items()
            if name not in ("name", "threads") and value is not None
        }

    def fit(self, X: Any, y: Any = None) -> Any:
        """Learn the thresholds.

        Parameters
        ----------
        X : FeatureTable, Table, data frame or mapping of columns
            The measures, a row per client. Columns of decimals are compared exactly.
        y : ignored
            For pipelines.
        """
        classifier = _core.Classifier(self._kind, self.name, **self._options())  # type: ignore[attr-defined]
        self.model_ = classifier.fit(X, threads=self.threads)  # type: ignore[attr-defined]
        self.feature_names_in_ = list(classifier.inputs)
        return self

    def classify(self, X: Any) -> _core.Classification:
        """Classify by the frozen thresholds; the result has the new columns and the reason for every row."""
        return self._fitted().classify(X, threads=self.threads)  # type: ignore[attr-defined]

    def transform(self, X: Any) -> _core.Table:
        """Give the new columns, a row per row of X."""
        return self.classify(X).table

    def fit_transform(self, X: Any, y: Any = None) -> _core.Table:
        """Learn the thresholds and give the new columns."""
        return self.fit(X, y).transform(X)  # type: ignore[no-any-return]

    def _fitted(self) -> _core.Model:
        model: _core.Model | None = getattr(self, "model_", None)
        if model is None:
            raise _core.InvalidArgumentError(f"{type(self).__name__} is not fitted yet; call fit first", "model_")
        return model

    def __sklearn_is_fitted__(self) -> bool:
        return getattr(self, "model_", None) is not None

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = (f"{k}={v!r}" for k, v in self.get_params().items() if v != defaults[k].default)
        return f"{type(self).__name__}({', '.join(changed)})"


class RFM(_Estimator):
    """Recency, frequency and money: scores by quantiles, ranks or fixed cut-offs, and segments.

    Parameters
    ----------
    recency, frequency, money : str or mapping, optional
        The column looked at, or ``{"measure": ..., "better": "low", "cutoffs": [...]}``. Defaults: recency_days
        (low is better), frequency, money_net.
    bins : int
        Number of scores, 2 to 9.
    method : {"quantile", "rank", "fixed"}
        Type-7 quantile edges with bins (lo, hi]; ranks; or the cut-offs of the measures.
    ties : {"average", "min", "max", "first"}, optional
        Rank of equal values; rank only.
    best : {"high", "low"}
        Whether ``bins`` or 1 is best.
    nesting : {"independent", "nested"}
        Whether frequency is cut within recency and money within both.
    segments : mapping, optional
        ``{"rows": [{"segment": ..., "recency": [lo, hi], ...}], "match": "first", "otherwise": ...}``; checked to be
        complete, disjoint (where asked) and reachable. None: the default table.
    name : str
        Prefix of the columns: rfm_r, rfm_f, rfm_m, rfm_segment.
    threads : int
        0: one per core.
    """

    _kind = "rfm"
    model_: _core.Model

    def __init__(
        self,
        *,
        recency: str | Mapping[str, Any] | None = None,
        frequency: str | Mapping[str, Any] | None = None,
        money: str | Mapping[str, Any] | None = None,
        bins: int = 5,
        method: str = "quantile",
        ties: str | None = None,
        best: str = "high",
        nesting: str = "independent",
        segments: Mapping[str, Any] | None = None,
        name: str = "rfm",
        threads: int = 0,
    ) -> None:
        self.recency = recency
        self.frequency = frequency
        self.money = money
        self.bins = bins
        self.method = method
        self.ties = ties
        self.best = best
        self.nesting = nesting
        self.segments = segments
        self.name = name
        self.threads = threads

    def _options(self) -> dict[str, Any]:
        options = super()._options()
        for measure, better in (("recency", "low"), ("frequency", "high"), ("money", "high")):
            if isinstance(options.get(measure), str):
                options[measure] = {"measure": options[measure], "better": better}
        return options


class ABC(_Estimator):
    """ABC classes: the few clients that bring most of a measure.

    Parameters
    ----------
    measures : sequence of str
        One or two numeric columns; two give pairs such as "AB".
    limits : {"shares", "computed"}
        The two shares below, or limits computed from the curve (Ultsch and Lötsch).
    a, b : float
        Shares of the total that A, and A and B together, reach; 0 < a < b <= 1.
    convention : {"reach", "stay"}
        The client that crosses a limit belongs above it (the class reaches the limit) or below (it stays within).
    name : str
        The column's name.
    threads : int
        0: one per core.
    """

    _kind = "abc"
    model_: _core.Model

    def __init__(
        self,
        *,
        measures: Sequence[str] = ("money_net",),
        limits: str = "shares",
        a: float = 0.8,
        b: float = 0.95,
        convention: str = "reach",
        name: str = "abc",
        threads: int = 0,
    ) -> None:
        self.measures = measures
        self.limits = limits
        self.a = a
        self.b = b
        self.convention = convention
        self.name = name
        self.threads = threads

    def _options(self) -> dict[str, Any]:
        options = super()._options()
        measures = options["measures"]
        options["measures"] = [measures] if isinstance(measures, str) else list(measures)
        if options["limits"] == "computed":
            del options["a"], options["b"]
        return options


class ContactMatrix(_Estimator):
    """The contact matrix: two axes of ordered, named bands over any measures, and cells grouped by rules in order.

    Parameters
    ----------
    x, y : mapping, optional
        ``{"bands": [...], "measure": ..., "edges": [...], "substitute": {...}}``; None: the default axis.
    groups : sequence of mapping, optional
        Groups in precedence; None: partner, hot, warm, cold.
    otherwise : str, optional
        Group of whoever fits none.
    name : str
        Prefix of the columns: matrix_x, matrix_y, cell, group for the name "matrix".
    threads : int
        0: one per core.
    """

    _kind = "matrix"
    model_: _core.Model

    def __init__(
        self,
        *,
        x: Mapping[str, Any] | None = None,
        y: Mapping[str, Any] | None = None,
        groups: Sequence[Mapping[str, Any]] | None = None,
        otherwise: str | None = None,
        name: str = "matrix",
        threads: int = 0,
    ) -> None:
        self.x = x
        self.y = y
        self.groups = groups
        self.otherwise = otherwise
        self.name = name
        self.threads = threads
