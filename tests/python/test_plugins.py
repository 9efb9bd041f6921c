"""Classifiers written in Python: wherever the library's stand, frozen, and those that misbehave."""

from __future__ import annotations

import gc
import json
import pickle
import threading
import time
import traceback
import weakref

import klientela
import numpy as np
import pytest
from conftest import ROOT

DAYS = ["2026-01-05", "2026-02-02", "2026-03-02", "2026-02-11", "2026-01-20"]
SALES = {"client": [1, 1, 1, 2, 3], "at": DAYS, "amount": ["120.5", "80", "410", "15.25", "700"]}
MATRIX = {
    "x": {"measure": "size", "bands": ["low", "high"], "labels": [["small"], ["large"]]},
    "y": {"measure": "size_ratio", "bands": ["little", "much"], "edges": [1]},
    "groups": [{"name": "ours", "rules": [{"x": ["high"]}]}, {"name": "others", "rules": [{}]}],
}


class Spender:
    inputs = ("money_net",)
    labels = {"": ["small", "large"], "_ratio": None}  # noqa: RUF012

    def __init__(self, times=1.0):
        if times <= 0:
            raise ValueError("times must be above 0")
        self.times = times

    def fit(self, table):
        self.edge = self.times * float(table["money_net"].mean())

    def classify(self, table):
        ratio = table["money_net"] / self.edge
        return {"_ratio": ratio, "": (ratio > 1).astype(int)}

    def reason(self, values, result):
        edge = round(self.edge, 2)
        return [
            {"high" if result == "small" else "low": edge, "rule": "spender.edge"},
            {"suffix": "_ratio", "en": f"{values['money_net']} over {edge}", "ru": f"{values['money_net']} на {edge}"},
        ]

    def to_dict(self):
        return {"edge": self.edge}

    def from_dict(self, document):
        self.edge = document["edge"]


@pytest.fixture
def registry():
    made = klientela.ClassifierRegistry()
    made.add("spender", Spender, schema={"type": "object", "properties": {"times": {"type": "number"}}})
    return made


@pytest.fixture
def ran(registry):
    policy = {"classifiers": {"size": {"kind": "spender"}, "matrix": MATRIX}}
    return klientela.run(SALES, policy, classifiers=registry)


def test_it_is_an_axis_and_stands_in_every_output(ran):
    clients = ran.clients.to_pydict()
    assert clients["size"] == ["large", "small", "large"]
    assert clients["cell"] == ["high / much", "low / little", "high / much"]
    assert ran.clients.types["size"] == "label" and ran.clients.types["size_ratio"] == "float64"
    assert clients["size_reason"][1] == (
        'size: "small", because money less refunds (money_net) is 15.25 (at most 441.92). '
        "size_ratio: 0.03450876862153498, 15.25 over 441.92."
    )
    assert "size: «small», так как сумма покупок" in ran.explain(2, "ru")["size"]
    assert "15.25 на 441.92" in ran.explain(2, "ru")["size"]
    reason = ran.classes["size"].reasons(0)[0]
    assert (reason["measure"], reason["low"], reason["rule"]) == ("money_net", "441.92", "spender.edge")
    assert ran.summary["classes"]["size"] == {"small": 1, "large": 2}
    assert "Other classes" in ran.html() and "Другие классы" in ran.html(language="ru")
    assert ran.models["size"].kind == "spender"


def test_policies_go_out_and_come_back(registry):
    document = {"classifiers": {"size": {"kind": "spender", "times": 2}, "matrix": MATRIX}}
    policy = klientela.Policy.from_dict(document, registry)
    again = klientela.Policy.from_json(policy.to_json(), registry)
    assert again == policy
    assert policy.to_dict()["classifiers"]["size"] == {"kind": "spender", "times": 2}
    assert "classifier_spender" in json.dumps(klientela.Policy.schema(registry))
    with pytest.raises(klientela.BadPolicyError) as error:
        klientela.Policy.from_dict(document)
    assert error.value.where == "/classifiers/size/kind"


def test_models_are_frozen_and_travel(ran, registry):
    text = ran.models["size"].to_json()
    assert json.loads(text)["model"]["learnt"]["edge"] == pytest.approx(441.9167)
    model = klientela.Model.from_json(text, registry)
    judged = model.classify({"money_net": [500.0, 100.0]})
    assert judged.table.to_pydict()["size"] == ["large", "small"]
    with pytest.raises(klientela.BadPolicyError):
        klientela.Model.from_json(text)
    classifier = registry.make("spender", "size", times=3)
    assert (classifier.inputs, classifier.outputs) == (["money_net"], ["size", "size_ratio"])
    first = classifier.fit(ran.features)
    classifier.fit({"client": [1], "money_net": [1.0]})  # another fit leaves the first model as it is
    assert json.loads(first.to_json())["model"]["learnt"]["edge"] == pytest.approx(3 * 441.9167)


def test_history_takes_one_pass_and_migration_has_reasons(ran, registry):
    history = ran.history(every="month")
    assert history.one_pass
    assert [label for _, label in history.of_client(1, "size")] == ["small", "small", "large"]
    table = history.migration(column="size").to_pydict()
    assert sum(table["clients"]) >= 3
    moves = history.transitions(column="size", client=1).to_pydict()
    assert moves["measure"] == ["money_net"] and moves["threshold"] == ["441.92"]
    refitted = klientela.history(
        ran.base,
        {"classifiers": {"size": {"kind": "spender"}}},
        every="month",
        thresholds="refit",
        classifiers=registry,
    )
    assert refitted.one_pass and refitted.class_columns == ["size"]
    tracker = klientela.Tracker(ran)
    change = tracker.purchase(2, ran.as_of, 5000)
    assert change.moves[0] == {"column": "size", "from": "small", "to": "large"}


def test_functions_take_columns_and_options(ran):
    registry = klientela.ClassifierRegistry()

    @registry.classifier("vip", inputs=["money_net", "frequency"], labels=["no", "yes"])
    def vip(spent, orders, *, least=400):
        assert isinstance(spent, np.ndarray) and orders.dtype.kind == "i"
        return (spent > least) & (orders > 1)

    @registry.classifier(reason=lambda values, result: f"from {values['frequency']} orders")
    def words(frequency):
        return ["many" if count > 1 else None for count in frequency]

    @registry.classifier
    def ratio(money_net):
        return np.ma.masked_less(money_net / 100, 1)

    assert repr(registry) == "<klientela.ClassifierRegistry: ratio, vip, words>"
    policy = {"classifiers": {"vip": {}, "first": {"kind": "vip", "least": 600}, "words": {}, "ratio": {}}}
    features = klientela.run(SALES, policy, classifiers=registry)
    got = features.features.to_pydict()
    assert got["vip"] == ["yes", "no", "no"] and got["first"] == ["yes", "no", "no"]
    assert got["words"] == ["many", None, None]
    assert got["ratio"] == [6.105, None, 7.0]
    assert features.explain(1)["words"] == 'words: "many", from 3 orders.'
    assert features.explain(2)["words"] == "words: no value, from 1 orders."
    model = klientela.Model.from_json(features.models["first"].to_json(), registry)
    assert model.classify({"money_net": [601], "frequency": [2]}).table.to_pydict() == {"first": ["yes"]}
    for options, part in (({"most": 1}, "no option 'most'"), ({"least": "x", "more": 2}, "no option 'more'")):
        with pytest.raises(klientela.BadPolicyError, match=part) as error:
            klientela.run(SALES, {"classifiers": {"vip": options}}, classifiers=registry)
        assert error.value.where == "/classifiers/vip" and isinstance(error.value.__cause__, TypeError)


def test_a_mapping_adds_what_the_policy_does_not_name():
    policy = {"classifiers": {"size": {"kind": "spender", "times": 2}}}
    result = klientela.run(SALES, policy, classifiers={"spender": Spender, "twice": lambda frequency: 2 * frequency})
    assert list(result.classes) == ["size", "twice"]
    assert result.features["twice"].tolist() == [6, 2, 2]
    default = klientela.run(SALES, classifiers={"spender": Spender})
    assert list(default.classes)[-1] == "spender" and "matrix" in default.classes
    with pytest.raises(TypeError, match="ClassifierRegistry or a mapping"):
        klientela.run(SALES, classifiers=[Spender])


class Halves:
    """With the manners of scikit-learn."""

    def fit(self, X, y=None):
        assert X.dtype == np.float64 and X.ndim == 2
        self.centre = np.nanmean(X, axis=0)
        return self

    def predict(self, X):
        return (X[:, 0] > self.centre[0]).astype(np.int32)


def test_an_estimator_predicts():
    registry = klientela.ClassifierRegistry()
    registry.add("halves", Halves, inputs=["frequency", "gap_days_mean"], labels=["low", "high"])
    result = klientela.run(SALES, {"classifiers": {"halves": {}}}, classifiers=registry)
    assert result.features.to_pydict()["halves"] == ["high", "low", "low"]
    assert result.history(every="month").labels("halves") == ["low", "high"]
    with pytest.raises(klientela.UnsupportedError, match=r"halves cannot be written: Halves has no to_dict"):
        result.models["halves"].to_json()


def test_an_estimator_of_scikit_learn_predicts():
    cluster = pytest.importorskip("sklearn.cluster")

    def make(groups=2):
        return cluster.KMeans(groups, n_init=1, random_state=0)

    registry = klientela.ClassifierRegistry()
    registry.add("groups", make, inputs=["frequency", "money_net"], labels=["0", "1", "2"])
    result = klientela.run(SALES, {"classifiers": {"groups": {"groups": 3}}}, classifiers=registry)
    assert sorted(result.features.to_pydict()["groups"]) == ["0", "1", "2"]
    assert result.history(every="month").one_pass


BAD = {
    "short": (lambda frequency: frequency[1:], None, "gave 2 rows for a table of 3 in column bad"),
    "high": (lambda frequency: frequency, ["a", "b"], "gave code 3 in row 0 of column bad, which has 2 labels"),
    "negative": (lambda frequency: -frequency, ["a", "b"], "gave code -3 in row 0"),
    "huge": (lambda frequency: frequency.astype(np.int64) + 2**40, ["a"], "gave code 10"),
    "nan": (lambda frequency: np.where(frequency > 1, np.nan, 1.0), None, "gave NaN in row 0 of column bad"),
    "floats": (lambda frequency: frequency * 0.5, ["a", "b"], "gave float64 for column bad"),
    "label": (
        lambda frequency: ["a", "c", "a"],
        ["a", "b"],
        "gave 'c' in row 1 of column bad, which is none of its labels",
    ),
    "scalar": (lambda frequency: 1, None, "gave a int for column bad, not a value per row"),
    "nothing": (lambda frequency: None, None, "gave a NoneType for column bad"),
    "objects": (lambda frequency: [object()] * 3, None, "holds a object"),
    "matrix": (lambda frequency: np.zeros((3, 2)), None, "must have one dimension"),
    "complex": (lambda frequency: frequency + 1j, None, "complex"),
    "moments": (lambda frequency: np.array(["2026-01-01T10"] * 3, dtype="datetime64[s]"), None, "gave zoneless"),
    "suffix": (lambda frequency: {"_x": frequency}, None, "gave the columns bad_x, and should give bad"),
    "columns": (lambda frequency: frequency, {"": None, "_b": None}, "gave one column, and should give bad, bad_b"),
}


@pytest.mark.parametrize("how", BAD)
def test_bad_answers_name_the_plug_in(how):
    function, labels, part = BAD[how]
    registry = klientela.ClassifierRegistry()
    registry.classifier("bad", labels=labels)(function)
    with pytest.raises(klientela.InternalError) as error:
        klientela.run(SALES, {"classifiers": {"bad": {}}}, classifiers=registry)
    assert str(error.value).startswith("classifier bad ") and part in str(error.value)
    assert error.value.where == "bad"


def raises(error):
    def bad(frequency):
        raise error

    return bad


def test_what_it_raises_is_the_cause():
    with pytest.raises(klientela.InternalError) as error:
        klientela.run(SALES, classifiers={"bad": raises(ZeroDivisionError("no power"))})
    assert str(error.value) == "classifier bad failed: ZeroDivisionError: no power"
    cause = error.value.__cause__
    assert isinstance(cause, ZeroDivisionError)
    assert traceback.extract_tb(cause.__traceback__)[-1].line == "raise error"
    for raised in (klientela.CancelledError("enough"), klientela.NotFoundError("no file", "model.bin")):
        with pytest.raises(type(raised)) as error:
            klientela.run(SALES, classifiers={"bad": raises(raised)})
        assert error.value.__cause__ is raised and "classifier bad failed" in str(error.value)
    for raised in (KeyboardInterrupt(), SystemExit(3)):
        with pytest.raises(type(raised)) as stopped:
            klientela.run(SALES, classifiers={"bad": raises(raised)})
        assert stopped.value is raised


def test_bad_options_and_shapes_are_errors_of_the_policy(registry):
    def where(options, kind="spender", using=registry):
        with pytest.raises(klientela.BadPolicyError) as error:
            klientela.Policy.from_dict({"classifiers": {"mine": {"kind": kind, **options}}}, using)
        assert "classifier mine failed" in str(error.value) and error.value.__cause__ is not None
        return error.value.where

    assert where({"times": -1}) == "/classifiers/mine"
    assert where({"often": 1}) == "/classifiers/mine"
    other = klientela.ClassifierRegistry()
    other.add("none", object)
    other.add("text", Spender, inputs="money_net")
    other.add("twice", Spender, labels=["a", "a"])
    other.add("empty", Spender, inputs=[])
    for kind in ("none", "text", "twice", "empty"):
        assert where({}, kind, other) == "/classifiers/mine"
    with pytest.raises(klientela.InvalidArgumentError, match="comes with the library"):
        registry.add("abc", Spender)
    with pytest.raises(TypeError):
        registry.add("mine", 5)


def test_what_goes_wrong_in_making_has_the_code_that_it_has_in_c():
    def code(raised):
        class Bad:
            def __init__(self):
                raise raised

        registry = klientela.ClassifierRegistry()
        registry.add("bad", Bad, inputs=["frequency"])
        with pytest.raises(klientela.KlientelaError) as error:
            klientela.Policy.from_dict({"classifiers": {"mine": {"kind": "bad"}}}, registry)
        assert error.value.__cause__ is raised and "classifier mine failed" in str(error.value)
        return error.value.code, error.value.where

    policy = ("bad_policy", "/classifiers/mine")
    for about_options in (TypeError("x"), ValueError("x"), KeyError("x"), klientela.NotFoundError("x", "file")):
        assert code(about_options) == policy
    assert code(MemoryError()) == ("out_of_memory", "mine")
    assert code(ZeroDivisionError()) == ("internal", "mine")
    assert code(klientela.UnsupportedError("x")) == ("unsupported", "mine")
    assert code(klientela.CancelledError("x"))[0] == "cancelled"
    registry = klientela.ClassifierRegistry()
    registry.classifier("bad", inputs=["\ud800"])(lambda frequency: frequency)
    with pytest.raises(klientela.BadPolicyError) as error:
        klientela.Policy.from_dict({"classifiers": {"bad": {}}}, registry)
    assert error.value.where == "/classifiers/bad"


def test_models_that_lack_what_was_learnt_or_have_too_much(ran, registry):
    text = ran.models["size"].to_json()
    registry.classifier("plain")(lambda frequency: frequency)

    def where(change, source=text):
        document = json.loads(source)
        change(document)
        with pytest.raises(klientela.BadPolicyError) as error:
            klientela.Model.from_json(json.dumps(document), registry)
        return error.value.where

    assert where(lambda document: document["model"].pop("learnt")) == "/model"
    assert where(lambda document: document["model"].update(options=5)) == "/model/options"
    assert where(lambda document: document["model"].update(types={"_other": "int64"})) == "/model/types/_other"
    assert where(lambda document: document["model"].update(types={"": "label"})) == "/model/types/"
    assert where(lambda document: document["model"].update(types={"_ratio": "text"})) == "/model/types/_ratio"
    plain = registry.make("plain").fit(ran.features).to_json()
    assert where(lambda document: document["model"].update(learnt={}), plain) == "/model"


def test_what_it_raises_may_have_no_text():
    class Odd(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    for raised, text in ((ValueError("\ud800"), "ValueError: \\ud800"), (Odd(), "Odd")):
        with pytest.raises(klientela.InternalError) as error:
            klientela.run(SALES, classifiers={"bad": raises(raised)})
        assert str(error.value) == f"classifier bad failed: {text}"
        assert error.value.__cause__ is raised
    with pytest.raises(klientela.NotFoundError) as error:
        klientela.run(SALES, classifiers={"bad": raises(klientela.NotFoundError("\udc80", "\udc80"))})
    assert error.value.where == "\\udc80"
    with pytest.raises(klientela.OutOfMemoryError):
        klientela.run(SALES, classifiers={"bad": raises(MemoryError())})


def test_what_it_has_learnt_is_json():
    class Bad(Spender):
        def to_dict(self):
            return {"edge": {1, 2}}

    result = klientela.run(SALES, classifiers={"bad": Bad})
    with pytest.raises(klientela.InternalError, match=r"classifier bad gave by to_dict.*/edge"):
        result.models["bad"].to_json()


def numbers_of(answers):
    """A model of a function that gives these, one after the other."""
    left = iter(answers)
    registry = klientela.ClassifierRegistry()
    registry.classifier("odd")(lambda frequency: next(left))
    return registry.make("odd").fit({"frequency": [1]}), registry


def test_types_are_frozen_with_the_first_answer():
    def given(*answers):
        model, _ = numbers_of(answers)
        tables = [model.classify({"frequency": [1] * len(answer)}).table for answer in answers]
        return [table.types["odd"] for table in tables], [table.to_pydict()["odd"] for table in tables]

    assert given([0.5, 1], [1], [None]) == (["float64"] * 3, [[0.5, 1], [1], [None]])
    assert given([1, 2], [0.5], np.array([3])) == (["float64"] * 3, [[1, 2], [0.5], [3]])
    assert given(np.array([1, 2]), [3], [None]) == (["int64"] * 3, [[1, 2], [3], [None]])
    assert given([None], [0.5], [2]) == (["float64"] * 3, [[None], [0.5], [2]])
    assert given([], ["a"], [None]) == (["float64", "label", "label"], [[], ["a"], [None]])
    assert given([True], [None]) == (["boolean"] * 2, [[True], [None]])
    assert given(["a", None], [None, None]) == (["label"] * 2, [["a", None], [None, None]])
    masked = np.ma.masked_all(2, dtype=np.float64)
    assert given(np.array([1, 2]), masked) == (["int64"] * 2, [[1, 2], [None, None]])
    for first, second, part in (
        ([0.5], ["a"], "gave label for column odd, which is float64 since"),
        ([None], ["a"], "gave label for column odd, which is float64 since"),
        (["a"], [1], "gave int64 for column odd, which is label since"),
        (np.array([1]), [0.5], "gave float64 for column odd, which is int64 since"),
        ([True], [1], "gave int64 for column odd, which is boolean since"),
        ([0.5], [float("nan")], "gave NaN in row 0"),
        ([float("nan")], [], "gave NaN in row 0"),
    ):
        with pytest.raises(klientela.InternalError, match=part):
            given(first, second)


def test_frozen_types_travel():
    model, registry = numbers_of([np.array([1, 2]), [None], [0.5]])
    assert "types" not in json.loads(model.to_json())["model"]
    model.classify({"frequency": [1, 2]})
    assert json.loads(model.to_json())["model"]["types"] == {"": "int64"}
    again = klientela.Model.from_json(model.to_json(), registry)
    assert again.classify({"frequency": [1]}).table.types["odd"] == "int64"
    with pytest.raises(klientela.InternalError, match="gave float64 for column odd"):
        again.classify({"frequency": [1]})


def test_lists_keep_their_type_in_a_tracker_and_through_time():
    def shares(frequency):
        return [1 if count > 2 else 0.5 if count > 1 else None for count in frequency]

    result = klientela.run(SALES, {"classifiers": {"share": {"kind": "shares"}}}, classifiers={"shares": shares})
    assert result.features.to_pydict()["share"] == [1, None, None]
    assert result.features.types["share"] == "float64"
    tracker = klientela.Tracker(result)
    assert tracker.snapshot().to_pydict()["share"] == [1, None, None]
    for orders, want in ((2, 0.5), (3, 1), (4, 1)):
        tracker.purchase(2, result.as_of, 10)
        row = tracker.of_client(2)
        assert (row.types["share"], row.to_pydict()["share"], orders) == ("float64", [want], orders)
    tracker.purchase(9, result.as_of, 10)
    assert tracker.of_client(9).to_pydict()["share"] == [None]
    history = result.history(every="month", columns=["share"])
    assert history.on(result.as_of).to_pydict()["share"] == [1, None, None]


def slow_tracker(work):
    """A tracker whose plug-in runs `work` once it is made."""
    calls = []

    def slow(frequency):
        for each in calls:
            each()
        return np.where(frequency > 1, "many", "few")

    tracker = klientela.Tracker(klientela.run(SALES, {"classifiers": {}}, classifiers={"slow": slow}))
    calls.append(lambda: work(tracker))
    return tracker


def test_threads_take_turns_at_a_tracker():
    tracker = slow_tracker(lambda tracker: time.sleep(0.05))
    change = tracker.purchase(2, "2026-03-02", 10)
    seen = []

    def read():
        for _ in range(3):
            seen.append(tracker.of_client(2).to_pydict()["slow"])
            seen.append(tracker.explain(change)[0]["column"])
            seen.append((tracker.as_of, tracker.events, len(tracker), repr(tracker)))

    def write():
        for _ in range(5):
            tracker.purchase(2, "2026-03-02", 10)

    threads = [threading.Thread(target=each, daemon=True) for each in (write, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "deadlock"
    assert tracker.events == 6 and len(seen) == 9


@pytest.mark.parametrize(
    "call",
    [
        lambda tracker: tracker.snapshot(),
        lambda tracker: tracker.of_client(1),
        lambda tracker: tracker.purchase(1, "2026-03-02", 1),
        lambda tracker: tracker.advance("2026-03-03"),
        lambda tracker: tracker.events,
        lambda tracker: len(tracker),
    ],
)
def test_a_plug_in_cannot_call_the_tracker_that_asks_it(call):
    tracker = slow_tracker(call)
    with pytest.raises(klientela.InvalidArgumentError, match="cannot call the tracker that is asking it"):
        tracker.purchase(2, "2026-03-02", 10)
    with pytest.raises(klientela.InvalidArgumentError, match="cannot call the tracker that is asking it"):
        tracker.advance("2026-03-03")
    assert tracker.events == 0 and str(tracker.as_of) == "2026-03-02"


def test_what_a_mapping_adds_may_not_write_a_column_twice():
    with pytest.raises(klientela.BadPolicyError, match="writes column size_ratio, as classifier size does") as error:
        klientela.run(
            SALES, {"classifiers": {"size": {"kind": "size"}}}, classifiers={"size": Spender, "size_ratio": raises}
        )
    assert error.value.where == "/classifiers/size_ratio"


def test_columns_that_clash_or_are_absent():
    registry = klientela.ClassifierRegistry()
    registry.classifier("frequency")(lambda money_net: money_net)
    with pytest.raises(klientela.InvalidArgumentError, match="classifier frequency writes column frequency"):
        klientela.run(SALES, {"classifiers": {"frequency": {}}}, classifiers=registry)
    registry.add("spender", Spender)
    with pytest.raises(klientela.BadPolicyError, match="writes column size_ratio"):
        klientela.Policy.from_dict(
            {"classifiers": {"size": {"kind": "spender"}, "size_ratio": {"kind": "abc"}}}, registry
        )
    with pytest.raises(klientela.NotFoundError, match=r"classifier lost.*nowhere"):
        klientela.run(SALES, classifiers={"lost": lambda nowhere: nowhere})


def test_bad_reasons_name_the_plug_in():
    for told, part in (
        (5, "not iterable"),
        ([5], "gave a reason that is a int"),
        ({"why": "x"}, "'why'"),
        ({"suffix": "_x"}, "'_x'"),
        ({"measure": "money_net"}, "'money_net'"),
    ):
        registry = klientela.ClassifierRegistry()
        registry.classifier("odd", reason=lambda values, result, told=told: told)(lambda frequency: frequency)
        result = klientela.run(SALES, {"classifiers": {"odd": {}}}, classifiers=registry)
        with pytest.raises(klientela.InternalError) as error:
            _ = result.clients
        assert "classifier odd" in str(error.value) and part in str(error.value)


def test_reasons_and_work_are_asked_for_one_at_a_time():
    inside = threading.Lock()
    threads = set()

    def reason(values, result):
        assert inside.acquire(blocking=False)
        threads.add(threading.get_ident())
        inside.release()
        return "so it is"

    rng = np.random.default_rng(3)
    sales = {"client": rng.integers(0, 9000, 20_000), "at": ["2026-01-01"] * 20_000, "amount": np.ones(20_000)}
    registry = klientela.ClassifierRegistry()
    registry.classifier("plain", reason=reason)(lambda frequency: frequency)
    result = klientela.run(sales, {"classifiers": {"plain": {}}}, classifiers=registry, threads=4)
    assert len(result.clients.to_pydict()["plain_reason"]) == len(result.features)
    assert len(threads) == 1


def test_nothing_is_held_too_long():
    alive = weakref.WeakSet()

    class Kept(Spender):
        def __init__(self):
            super().__init__()
            alive.add(self)

    result = klientela.run(SALES, classifiers={"kept": Kept})
    model = result.models["kept"]
    del result
    gc.collect()
    assert len(alive) == 1
    model.classify({"money_net": [1.0]})
    del model
    gc.collect()
    assert len(alive) == 0


def test_results_say_that_they_do_not_pickle(ran):
    for each in (ran, ran.models["size"], ran.classes["size"]):
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(each)


def test_the_command_line_runs_them(cli, tmp_path):
    (tmp_path / "sales.csv").write_text(
        "client,at,amount\n" + "".join(f"{c},{d},{a}\n" for c, d, a in zip(*SALES.values(), strict=True)),
        encoding="utf-8",
    )
    (tmp_path / "policy.json").write_text('{"classifiers": {"habit": {"orders": 2}}}', encoding="utf-8")
    plugins = ROOT / "examples" / "python" / "plugin.py"
    shared = ("--transactions", "sales.csv", "--policy", "policy.json", "--plugins", plugins, "--quiet")
    done = cli("run", "--out", "out", *shared)
    assert done.returncode == 0, done.stderr
    assert "regular" in (tmp_path / "out" / "clients.csv").read_text(encoding="utf-8")
    done = cli("history", "--out", "through", "--every", "month", *shared)
    assert done.returncode == 0, done.stderr
    assert "casual,regular" in (tmp_path / "through" / "transitions.csv").read_text(encoding="utf-8")
    assert cli("policy", "check", "policy.json", "--plugins", plugins).returncode == 0
    assert cli("policy", "check", "policy.json").returncode != 0
    (tmp_path / "none.py").write_text("registry = 5\n", encoding="utf-8")
    (tmp_path / "bad.py").write_text("1 / 0\n", encoding="utf-8")
    for file, part in (
        ("none.py", "no klientela.ClassifierRegistry"),
        ("bad.py", "ZeroDivisionError"),
        ("no.py", "no.py"),
    ):
        done = cli("run", "--out", "out", *shared[:-3], "--plugins", file)
        assert done.returncode != 0 and part in done.stderr and "Traceback" not in done.stderr
