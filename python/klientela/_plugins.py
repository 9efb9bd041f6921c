"""Classifiers of your own in Python: functions and classes behind the kinds that a policy names."""

from __future__ import annotations

import inspect
import json
import runpy
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from klientela import _columns, _core, _policy

_MOST_LABELS = 65_535
_NUMBERS = {"boolean": np.uint8, "int64": np.int64, "float64": np.float64, "money": np.int64, "day": np.int32}
_REASON = {"measure": None, "low": None, "high": None, "rule": "", "en": "", "ru": ""}


def _add(
    self: _core.ClassifierRegistry,
    kind: str,
    plugin: Callable[..., Any],
    *,
    inputs: Sequence[str] | None = None,
    labels: Sequence[str] | Mapping[str, Sequence[str] | None] | None = None,
    reason: Callable[..., Any] | None = None,
    schema: Mapping[str, Any] | None = None,
) -> None:
    """Add a kind whose classifiers a class makes, or replace one that was added before.

    Parameters
    ----------
    kind : str
        What ``"kind"`` says in a policy.
    plugin : class or callable
        Called with the options of the policy as keywords. What it gives has ``classify(table)``, or ``predict(X)`` as
        scikit-learn's estimators, and may have ``fit`` (the same argument; what is learnt is frozen),
        ``reason(values, result)``, ``to_dict()`` and ``from_dict(document)``, ``inputs`` and ``labels``.
        ``table`` is a :class:`Table` of the inputs; ``X`` an array of floats, a row per client, NaN where empty.
    inputs : sequence of str, optional
        The columns that it reads; by default what the made object says in ``inputs``.
    labels : sequence of str or mapping, optional
        The labels that codes stand for, in their order. A mapping by suffix says that it writes several columns, each
        called as the classifier and the suffix; None stands for numbers.
    reason : callable, optional
        ``reason(values, result)`` tells why: a text, ``{"en": ..., "ru": ...}``, or a list of such mappings, which may
        have suffix, measure, low, high and rule. ``values`` are the client's inputs by name.
    schema : mapping, optional
        JSON Schema of the options.
    """
    if not callable(plugin):
        raise TypeError(f"a plug-in is a class or a function, not {type(plugin).__name__}")

    def factory(name: str, options: dict[str, Any]) -> _Made:
        options.pop("kind")
        return _Object(name, lambda: plugin(**options), inputs, labels, reason)

    self._add(kind, factory, _schema_text(schema))


def _classifier(
    self: _core.ClassifierRegistry,
    kind: Any = None,
    *,
    inputs: Sequence[str] | None = None,
    labels: Sequence[str] | Mapping[str, Sequence[str] | None] | None = None,
    reason: Callable[..., Any] | None = None,
    schema: Mapping[str, Any] | None = None,
) -> Any:
    """Add a plain function of columns as a kind; a decorator.

    The function takes the inputs as NumPy arrays, by position, and options of the policy as keyword-only arguments. It
    gives a value per client: codes of ``labels`` (whole numbers), labels themselves (text), or numbers.

    Parameters
    ----------
    kind : str, optional
        What ``"kind"`` says in a policy; by default the function's name.
    inputs : sequence of str, optional
        The columns that it reads; by default the names of its positional arguments.
    labels, reason, schema
        As in ``add``.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        called = kind if isinstance(kind, str) else function.__name__

        def factory(name: str, options: dict[str, Any]) -> _Made:
            options.pop("kind")
            return _Function(name, function, options, inputs, labels, reason)

        self._add(called, factory, _schema_text(schema))
        return function

    return decorate(kind) if callable(kind) else decorate


def _make(self: _core.ClassifierRegistry, kind: str, name: str = "", **options: Any) -> _core.Classifier:
    """Make a classifier of a kind: to be fitted by hand.

    Parameters
    ----------
    kind : str
        One of ``kinds``.
    name : str
        Prefix of the columns; by default the kind.
    **options
        As in the classifiers part of a policy.
    """
    return self._make(name or kind, {**options, "kind": kind})


def _schema_text(schema: Mapping[str, Any] | None) -> str:
    return "" if schema is None else json.dumps(schema)


class _Model(NamedTuple):
    """What fit() learnt, and the types of the columns without labels as they were given first, by suffix."""

    learnt: Any
    types: dict[str, str]


class _Made:
    """One classifier: what the compiled side asks for its columns, its reasons and its model."""

    learns = False

    def __init__(self, name: str, inputs: Any, labels: Any, reason: Any) -> None:
        if isinstance(inputs, str) or not isinstance(inputs, Iterable):
            raise TypeError(f"classifier {name} must say its inputs as a sequence of names of columns")
        self.name = name
        self.inputs = list(dict.fromkeys(inputs))
        if not self.inputs or not all(isinstance(each, str) and each for each in self.inputs):
            raise TypeError(f"classifier {name} must say its inputs as a sequence of names of columns")
        by_suffix = labels if isinstance(labels, Mapping) else {"": labels}
        if not by_suffix:
            raise ValueError(f"classifier {name} writes no column")
        self.labels = {suffix: self._checked(suffix, each) for suffix, each in by_suffix.items()}
        self.outputs = [name + suffix for suffix in self.labels]
        self.types = {suffix: [*_NUMBERS, "label"] for suffix, each in self.labels.items() if each is None}
        self._reason = reason
        self.tells_reasons = reason is not None

    def _checked(self, suffix: str, labels: Sequence[str] | None) -> list[str] | None:
        if labels is None:
            return None
        found = list(labels)
        if isinstance(labels, str) or not found or not all(isinstance(label, str) for label in found):
            raise TypeError(f"the labels of column {self.name}{suffix} must be a sequence of texts")
        if len(set(found)) < len(found) or len(found) > _MOST_LABELS:
            raise ValueError(f"the labels of column {self.name}{suffix} must be different and at most {_MOST_LABELS:,}")
        return found

    def _fail(self, what: str) -> _core.InternalError:
        return _core.InternalError(f"classifier {self.name} {what}", self.name)

    # What the compiled side calls.

    def fit(self, table: _core.Table) -> _Model:
        return _Model(self._fit(table), {})

    def classify(self, model: _Model, table: _core.Table) -> _core.Table:
        given = self._given(model.learnt, table)
        if not isinstance(given, Mapping):
            if len(self.labels) > 1:
                raise self._fail(f"gave one column, and should give {', '.join(self.outputs)} in a mapping by suffix")
            given = {next(iter(self.labels)): given}
        if set(given) != set(self.labels):
            got = ", ".join(f"{self.name}{suffix}" for suffix in given)
            raise self._fail(f"gave the columns {got or '(none)'}, and should give {', '.join(self.outputs)}")
        return _core.Table._from_columns(
            [self._column(model.types, suffix, given[suffix], len(table)) for suffix in self.labels]
        )

    def reasons(self, model: _Model, inputs: _core.Table, given: _core.Table) -> list[dict[str, Any]]:
        values = {name: inputs._column(name)[0] for name in self.inputs}
        told = self._told(model.learnt, values, given._column(self.outputs[0])[0])
        if told is None:
            return []
        parts = [told] if isinstance(told, (str, Mapping)) else told
        return [self._one_reason(part) for part in parts]

    def dump(self, model: _Model) -> dict[str, Any]:
        learnt = {"learnt": self._dump(model.learnt)} if self.learns else {}
        return {**learnt, "types": dict(model.types)} if model.types else learnt

    def load(self, document: Any, types: dict[str, str]) -> _Model:
        return _Model(self._load(document), types)

    # What its parts do.

    def _fit(self, table: _core.Table) -> Any:
        return None

    def _dump(self, learnt: Any) -> Any:
        raise NotImplementedError

    def _load(self, document: Any) -> Any:
        return None

    def _given(self, learnt: Any, table: _core.Table) -> Any:
        raise NotImplementedError

    def _told(self, learnt: Any, values: dict[str, Any], result: Any) -> Any:
        return self._reason(values, result)

    def _one_reason(self, part: Any) -> dict[str, Any]:
        if isinstance(part, str):
            part = {"en": part}
        if not isinstance(part, Mapping):
            raise self._fail(f"gave a reason that is a {type(part).__name__}, neither text nor mapping")
        if unknown := [key for key in part if key != "suffix" and key not in _REASON]:
            raise self._fail(f"gave a reason with {unknown[0]!r}; there are: suffix, {', '.join(_REASON)}")
        suffix = part.get("suffix", next(iter(self.labels)))
        if suffix not in self.labels:
            raise self._fail(f"gave a reason of {suffix!r}, which is none of its suffixes")
        reason = {**_REASON, **{key: value for key, value in part.items() if key != "suffix"}}
        measure = reason["measure"] or self.inputs[0]
        if measure not in self.inputs:
            raise self._fail(f"gave a reason of {measure!r}, which it does not read")
        return {**reason, "column": self.name + suffix, "measure": measure}

    def _column(self, types: dict[str, str], suffix: str, values: Any, rows: int) -> tuple[str, str, Any, Any]:
        name = self.name + suffix
        if np.isscalar(values) or values is None or isinstance(values, (str, bytes)):
            raise self._fail(f"gave a {type(values).__name__} for column {name}, not a value per row")
        try:
            if not hasattr(values, "to_numpy") and not isinstance(values, (np.ndarray, Sequence)):
                values = np.asarray(values)
            _, kind, prepared, valid = _columns.prepare(name, values)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._fail(f"gave what column {name} cannot hold: {error}") from error
        if len(prepared) != rows:
            raise self._fail(f"gave {len(prepared):,} rows for a table of {rows:,} in column {name}")
        labels = self.labels[suffix]
        if labels is None:
            return self._frozen(types, suffix, values, (kind, prepared, valid))
        if kind == "text":
            return self._texts(name, prepared, labels)
        if kind not in ("int64", "boolean"):
            raise self._fail(
                f"gave {kind} for column {name}; a plug-in gives whole numbers that are codes of its labels, or labels"
            )
        codes = np.where(True if valid is None else valid, prepared, 0)
        outside = np.flatnonzero((codes < 0) | (codes >= len(labels)))
        if outside.size:
            row = int(outside[0])
            raise self._fail(f"gave code {codes[row]} in row {row} of column {name}, which has {len(labels)} labels")
        return name, "label", (codes.astype(np.int32), labels), valid

    def _frozen(
        self, types: dict[str, str], suffix: str, values: Any, given: tuple[str, Any, Any]
    ) -> tuple[str, str, Any, Any]:
        """A column without labels, of the type that it had when the model first gave it."""
        name = self.name + suffix
        kind, prepared, valid = given
        rows = len(prepared)
        objects = isinstance(values, Sequence) or getattr(getattr(values, "dtype", None), "kind", "") == "O"
        if kind == "text":
            known = [text is not None for text in prepared]
            if not any(known) and isinstance(values, (Sequence, np.ndarray)):
                known = [isinstance(value, (float, np.floating)) for value in values]  # NaN is no missing value
                if any(known):
                    kind, prepared, valid = "float64", np.full(rows, np.nan), np.array(known)
            missing = not any(known)
        else:
            missing = not rows or (valid is not None and not np.any(valid))
        if kind == "text":
            kind = "float64" if missing else "label"
        elif kind not in _NUMBERS:
            raise self._fail(f"gave {kind} for column {name}; a plug-in gives numbers or labels")
        first = "float64" if kind == "int64" and objects else kind  # the next list may hold a fraction
        wanted = types.setdefault(suffix, first) if rows else types.get(suffix, first)
        if missing and wanted != "label":
            return name, wanted, np.zeros(rows, dtype=_NUMBERS[wanted]), np.zeros(rows, dtype=bool)
        if missing:
            return self._texts(name, [None] * rows, None)
        if kind == "int64" and wanted == "float64":
            return name, wanted, prepared.astype(np.float64), valid
        if kind != wanted:
            raise self._fail(f"gave {kind} for column {name}, which is {wanted} since its model first gave it")
        if kind == "label":
            return self._texts(name, prepared, None)
        return name, kind, prepared, valid

    def _texts(self, name: str, texts: Sequence[str | None], labels: list[str] | None) -> tuple[str, str, Any, Any]:
        if labels is None:
            labels = sorted({text for text in texts if text is not None})
            if len(labels) > _MOST_LABELS:
                raise self._fail(f"gave {len(labels):,} different labels in column {name}; at most {_MOST_LABELS:,}")
        place = {label: code for code, label in enumerate(labels)}
        valid = np.fromiter((text is not None for text in texts), dtype=bool, count=len(texts))
        codes = np.fromiter(
            (0 if text is None else place.get(text, -1) for text in texts), dtype=np.int32, count=len(texts)
        )
        if (unknown := np.flatnonzero(codes < 0)).size:
            row = int(unknown[0])
            raise self._fail(f"gave {texts[row]!r} in row {row} of column {name}, which is none of its labels")
        return name, "label", (codes, labels), None if valid.all() else valid


class _Function(_Made):
    """A function of columns: there is nothing to learn."""

    def __init__(
        self, name: str, function: Callable[..., Any], options: dict[str, Any], inputs: Any, labels: Any, reason: Any
    ) -> None:
        parameters = inspect.signature(function).parameters.values()
        if inputs is None:
            inputs = [
                each.name for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
            ]
        super().__init__(name, inputs, labels, reason)
        known = {each.name: each for each in parameters if each.kind == each.KEYWORD_ONLY}
        if not any(each.kind == each.VAR_KEYWORD for each in parameters):
            for option in options:
                if option not in known:
                    raise TypeError(f"there is no option {option!r}; there are: {', '.join(known) or 'none'}")
        for option, each in known.items():
            if each.default is each.empty and option not in options:
                raise TypeError(f"option {option!r} is missing")
        self._function = function
        self._options = options

    def _given(self, learnt: Any, table: _core.Table) -> Any:
        return self._function(*(table[name] for name in self.inputs), **self._options)


class _Object(_Made):
    """An object with classify() or predict(), made anew for each fit, so that a frozen model stays as it is."""

    def __init__(self, name: str, make: Callable[[], Any], inputs: Any, labels: Any, reason: Any) -> None:
        sample = make()
        self._style = next((each for each in ("classify", "predict") if callable(getattr(sample, each, None))), "")
        if not self._style:
            raise TypeError(f"{type(sample).__name__} has neither classify() nor predict()")
        super().__init__(
            name,
            getattr(sample, "inputs", ()) if inputs is None else inputs,
            getattr(sample, "labels", None) if labels is None else labels,
            reason,
        )
        self.tells_reasons = reason is not None or callable(getattr(sample, "reason", None))
        self.learns = callable(getattr(sample, "fit", None))
        self._make = make

    def _fit(self, table: _core.Table) -> Any:
        made = self._make()
        if not self.learns:
            return made
        learnt = made.fit(self._argument(table))
        return learnt if callable(getattr(learnt, self._style, None)) else made

    def _dump(self, learnt: Any) -> Any:
        if not callable(getattr(learnt, "to_dict", None)):
            raise _core.UnsupportedError(
                f"classifier {self.name} cannot be written: {type(learnt).__name__} has no to_dict()", self.name
            )
        document = learnt.to_dict()
        if not isinstance(document, Mapping):
            raise self._fail(f"gave a {type(document).__name__} by to_dict(), not a mapping")
        try:
            _policy.json_of(document)
        except _core.BadPolicyError as error:
            raise self._fail(f"gave by to_dict() what is no JSON: {error}") from error
        return document

    def _load(self, document: Any) -> Any:
        made = self._make()
        if not self.learns:
            return made
        if not callable(getattr(made, "from_dict", None)):
            raise _core.UnsupportedError(
                f"classifier {self.name} cannot be read: {type(made).__name__} has no from_dict()", self.name
            )
        learnt = made.from_dict(document)
        return learnt if callable(getattr(learnt, self._style, None)) else made

    def _argument(self, table: _core.Table) -> Any:
        if self._style == "classify":
            return table
        columns = [_as_floats(table[name]) for name in self.inputs]
        return np.column_stack(columns) if len(table) else np.empty((0, len(columns)))

    def _given(self, learnt: Any, table: _core.Table) -> Any:
        if self._style == "predict" and not len(table):  # scikit-learn's refuse to judge nobody
            return {suffix: np.empty(0, dtype=np.int64) for suffix in self.labels}
        return getattr(learnt, self._style)(self._argument(table))

    def _told(self, learnt: Any, values: dict[str, Any], result: Any) -> Any:
        return (self._reason or learnt.reason)(values, result)


def _as_floats(values: Any) -> Any:
    return np.ma.filled(values.astype(np.float64), np.nan)


def registry_of(classifiers: Any) -> _core.ClassifierRegistry:
    """Make a registry of a registry, or of a mapping of classes and functions by kind."""
    if isinstance(classifiers, _core.ClassifierRegistry):
        return classifiers
    if not isinstance(classifiers, Mapping):
        raise TypeError(
            f"classifiers must be a ClassifierRegistry or a mapping by kind, not {type(classifiers).__name__}"
        )
    registry = _core.ClassifierRegistry()
    for kind, plugin in classifiers.items():
        if inspect.isfunction(plugin):
            _classifier(registry, kind)(plugin)
        else:
            _add(registry, kind, plugin)
    return registry


def registry_in(file: str | None) -> _core.ClassifierRegistry | None:
    """Run a Python file and take its registry; None without a file."""
    if file is None:
        return None
    if not Path(file).exists():
        raise _core.InvalidArgumentError(f"there is no file {file}", "plugins")
    try:
        registry = runpy.run_path(file).get("registry")
    except Exception as error:
        raise _core.InvalidArgumentError(f"{file}: {type(error).__name__}: {error}", "plugins") from error
    if not isinstance(registry, _core.ClassifierRegistry):
        raise _core.InvalidArgumentError(f"{file} has no klientela.ClassifierRegistry called registry", "plugins")
    return registry


def policy_with(policy: Any, classifiers: Any) -> Any:
    """Read a policy by the kinds of a registry. Those of a mapping that it does not name come last, by their names."""
    if classifiers is None:
        return policy
    registry = registry_of(classifiers)
    read = _policy.policy_of(policy, registry)
    if isinstance(classifiers, _core.ClassifierRegistry):
        return read
    named = read.to_dict()["classifiers"]
    kinds = {options["kind"] for options in named.values()} | set(named)
    return read._add([registry._make(kind, {"kind": kind}) for kind in classifiers if kind not in kinds])


def attach() -> None:
    """Give the compiled class its Python methods; called once when the package is imported."""
    for name, function in {"add": _add, "classifier": _classifier, "make": _make}.items():
        setattr(_core.ClassifierRegistry, name, function)
