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

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        if state.get("model_") is not None:
            state["model_"] = state["model_"].to_json()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if state.get("model_") is not None:
            self.model_ = _core.Model.from_json(state["model_"])

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


class XYZ(_Estimator):
    """XYZ classes: how steadily a client buys over calendar periods, alone or crossed with ABC.

    Parameters
    ----------
    measure : str
        A coefficient of variation, as :func:`klientela.periods` measures it.
    x, y : float
        X up to ``x``, Y up to ``y``, both included, Z above.
    cross : str, optional
        A label column to cross with: "abc" gives a second column abc_xyz with AX to CZ.
    name : str
        The column's name.
    threads : int
        0: one per core.
    """

    _kind = "xyz"
    model_: _core.Model

    def __init__(
        self,
        *,
        measure: str = "period_money_cv",
        x: float = 0.1,
        y: float = 0.25,
        cross: str | None = None,
        name: str = "xyz",
        threads: int = 0,
    ) -> None:
        self.measure = measure
        self.x = x
        self.y = y
        self.cross = cross
        self.name = name
        self.threads = threads


class Tiers(_Estimator):
    """Tiers by points from several measures: strategic, important, ordinary; potential without an order.

    Parameters
    ----------
    measures : sequence of mapping, optional
        ``{"measure": ..., "edges": [...], "weight": ...}``; an edge is a number or ``{"quantile": 0.8}``. None:
        money_net, profit and tenure_days.
    orders : str
        Column that says whether a client ever ordered.
    strategic, important : float
        Points from which a client is so, included; 0 < important < strategic <= 1.
    name : str
        Prefix of the columns: tier, tier_points for the name "tiers".
    threads : int
        0: one per core.
    """

    _kind = "tiers"
    model_: _core.Model

    def __init__(
        self,
        *,
        measures: Sequence[Mapping[str, Any]] | None = None,
        orders: str = "frequency",
        strategic: float = 0.8,
        important: float = 0.4,
        name: str = "tiers",
        threads: int = 0,
    ) -> None:
        self.measures = measures
        self.orders = orders
        self.strategic = strategic
        self.important = important
        self.name = name
        self.threads = threads


class Lifecycle(_Estimator):
    """New, active, cooling, sleeping, lost and returned clients, each by its own rhythm, and the risk of losing it.

    Parameters
    ----------
    cooling, sleeping, lost : float
        Spreads past the client's expected gap; ascending.
    returned : float
        Spreads by which the last gap was too long.
    prior_gaps : float
        How many gaps of its own the base's typical gap counts for.
    least_cv : float
        Nobody is taken to be steadier than this.
    typical_gap_days, typical_cv : float, optional
        None: the medians of the clients fitted.
    dropout_a, dropout_b : float
        Beta distribution of the chance that a purchase is the last.
    name : str
        Prefix of the columns: lifecycle, lifecycle_overdue, lifecycle_loss_risk.
    threads : int
        0: one per core.
    """

    _kind = "lifecycle"
    model_: _core.Model

    def __init__(
        self,
        *,
        cooling: float = 1,
        sleeping: float = 3,
        lost: float = 6,
        returned: float = 3,
        prior_gaps: float = 1,
        least_cv: float = 0.25,
        typical_gap_days: float | None = None,
        typical_cv: float | None = None,
        dropout_a: float = 0.8,
        dropout_b: float = 2.5,
        name: str = "lifecycle",
        threads: int = 0,
    ) -> None:
        self.cooling = cooling
        self.sleeping = sleeping
        self.lost = lost
        self.returned = returned
        self.prior_gaps = prior_gaps
        self.least_cv = least_cv
        self.typical_gap_days = typical_gap_days
        self.typical_cv = typical_cv
        self.dropout_a = dropout_a
        self.dropout_b = dropout_b
        self.name = name
        self.threads = threads


class IdealClient(_Estimator):
    """How well each client fits each of several described profiles.

    Parameters
    ----------
    profiles : sequence of mapping
        ``{"name": ..., "fits_from": 0.6, "criteria": [{"measure": ..., "weight": 1, "at_least": ...}]}``; a criterion
        has at_least or at_most, or worst and best, or labels.
    name : str
        Prefix of the columns: ideal_client, ideal_client_fit, ideal_client[profile].
    threads : int
        0: one per core.
    """

    _kind = "ideal_client"
    model_: _core.Model

    def __init__(
        self, profiles: Sequence[Mapping[str, Any]] = (), *, name: str = "ideal_client", threads: int = 0
    ) -> None:
        self.profiles = profiles
        self.name = name
        self.threads = threads

    def _options(self) -> dict[str, Any]:
        options = super()._options()
        options["profiles"] = list(options["profiles"])
        return options


class Cohort(_Estimator):
    """The period of a client's first purchase.

    Parameters
    ----------
    period : {"day", "week", "month", "quarter", "year"}
        Weeks begin on Monday.
    measure : str
        A column of days.
    name : str
        The column's name.
    threads : int
        0: one per core.
    """

    _kind = "cohort"
    model_: _core.Model

    def __init__(
        self, *, period: str = "month", measure: str = "first_purchase", name: str = "cohort", threads: int = 0
    ) -> None:
        self.period = period
        self.measure = measure
        self.name = name
        self.threads = threads
