"""The job every system is given: made-up purchases, the rules of the answer, and a digest to compare answers by."""

from __future__ import annotations

import hashlib
import json
import pathlib
from dataclasses import asdict, dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

GENERATOR_VERSION = 1
CHUNK_ROWS = 1 << 20
FIRST_DAY = np.datetime64("2023-01-01", "D")
DAYS = 731  # two years, one of them a leap year
DAY_MICROSECONDS = 86_400_000_000

# The ranges of R's rfm package, R then F then M, both ends in; the first row that fits wins.
SEGMENTS: list[tuple[str, tuple[int, int], tuple[int, int], tuple[int, int]]] = [
    ("Champions", (5, 5), (5, 5), (5, 5)),
    ("Potential Loyalist", (3, 5), (3, 5), (2, 5)),
    ("Loyal", (2, 4), (2, 4), (2, 4)),
    ("Promising", (3, 4), (1, 3), (3, 5)),
    ("New", (4, 5), (1, 3), (1, 5)),
    ("Can't Lose", (1, 2), (3, 4), (4, 5)),
    ("At Risk", (1, 2), (2, 5), (4, 5)),
    ("Need Attention", (1, 3), (3, 5), (3, 5)),
    ("About To Sleep", (2, 3), (1, 3), (1, 4)),
    ("Lost", (1, 1), (1, 5), (1, 5)),
]
SEGMENT_NAMES = [row[0] for row in SEGMENTS] + ["Others"]
CLASS_NAMES = ["A", "B", "C"]
EDGES = [0.2, 0.4, 0.6, 0.8]


def segment_of(r: int, f: int, m: int) -> int:
    """Index into SEGMENT_NAMES of the first row that holds the three scores."""
    for index, (_, (r_lo, r_hi), (f_lo, f_hi), (m_lo, m_hi)) in enumerate(SEGMENTS):
        if r_lo <= r <= r_hi and f_lo <= f <= f_hi and m_lo <= m <= m_hi:
            return index
    return len(SEGMENTS)


def segment_codes() -> np.ndarray:
    """Segment index of the 125 cells, at (r - 1) * 25 + (f - 1) * 5 + (m - 1)."""
    cells = [segment_of(r, f, m) for r in range(1, 6) for f in range(1, 6) for m in range(1, 6)]
    return np.array(cells, dtype=np.int8)


@dataclass(frozen=True)
class Workload:
    """What to generate; equal workloads give equal bytes."""

    purchases: int
    clients: int
    keys: str = "int"  # int | string
    when: str = "timestamp"  # timestamp | date
    amount: str = "float64"  # float64 | decimal128
    seed: int = 20240229

    def label(self) -> str:
        text = json.dumps({**asdict(self), "version": GENERATOR_VERSION, "chunk": CHUNK_ROWS}, sort_keys=True)
        return "purchases-" + hashlib.blake2b(text.encode(), digest_size=8).hexdigest() + ".arrow"


def _mix63(values: np.ndarray) -> np.ndarray:
    """A one-to-one scramble of 63-bit whole numbers; zero stays zero."""
    mask = np.uint64((1 << 63) - 1)
    x = values.astype(np.uint64)
    for shift, factor in ((np.uint64(31), 0x3F58476D1CE4E5B9), (np.uint64(29), 0x14D049BB133111EB)):
        x ^= x >> shift
        x = (x * np.uint64(factor)) & mask
    x ^= x >> np.uint64(32)
    return x.astype(np.int64)


def _int_keys(clients: int) -> np.ndarray:
    return _mix63(np.arange(1, clients + 1, dtype=np.uint64))


def _string_keys(clients: int) -> np.ndarray:
    """One row of 14 bytes a client: 'C-' and twelve digits."""
    if clients > 140_000_000:
        raise ValueError("string keys: at most 140,000,000 clients")
    number = np.arange(1, clients + 1, dtype=np.uint64) * np.uint64(123_456_789_013) % np.uint64(10**12)
    text = np.empty((clients, 14), dtype=np.uint8)
    text[:, 0], text[:, 1] = ord("C"), ord("-")
    for column in range(13, 1, -1):
        text[:, column] = number % np.uint64(10) + np.uint64(ord("0"))
        number //= np.uint64(10)
    return text


def _purchasers(work: Workload, rng: np.random.Generator) -> np.ndarray:
    """Who buys, row by row: everybody once, the rest by gamma rates (the buyer model of the field), shuffled."""
    if work.purchases <= work.clients:
        return rng.permutation(np.arange(work.purchases, dtype=np.uint32))
    rates = rng.gamma(0.6, 1.0, work.clients) + 1e-12
    counts = 1 + rng.multinomial(work.purchases - work.clients, rates / rates.sum())
    who = np.repeat(np.arange(work.clients, dtype=np.uint32), counts)
    rng.shuffle(who)
    return who


def _decimal_array(cents: np.ndarray) -> pa.Array:
    words = np.empty((len(cents), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = cents, cents >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(words)])


def schema_of(work: Workload) -> pa.Schema:
    return pa.schema(
        [
            ("client", pa.int64() if work.keys == "int" else pa.string()),
            ("at", pa.timestamp("us") if work.when == "timestamp" else pa.date32()),
            ("amount", pa.float64() if work.amount == "float64" else pa.decimal128(18, 2)),
        ]
    )


def generate(work: Workload, path: pathlib.Path) -> None:
    """Write the purchases as an uncompressed Arrow file, CHUNK_ROWS rows a batch."""
    rng = np.random.default_rng([work.seed, work.purchases, work.clients])
    who = _purchasers(work, rng)
    keys = _int_keys(work.clients) if work.keys == "int" else _string_keys(work.clients)
    # A client is active from a first to a last moment, and spends around a level of his own.
    bounds = np.sort(rng.random((work.clients, 2), dtype=np.float32), axis=1)
    level = rng.normal(3.4, 0.7, work.clients).astype(np.float32)
    schema = schema_of(work)
    temporary = path.with_suffix(".part")
    with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        for number, start in enumerate(range(0, work.purchases, CHUNK_ROWS)):
            part = who[start : start + CHUNK_ROWS]
            chunk = np.random.default_rng([work.seed, 7, number])
            share = bounds[part, 0] + chunk.random(len(part)) * (bounds[part, 1] - bounds[part, 0])
            moment = np.minimum((share * (DAYS * DAY_MICROSECONDS)).astype(np.int64), DAYS * DAY_MICROSECONDS - 1)
            cents = np.rint(100 * np.exp(level[part] + 0.8 * chunk.standard_normal(len(part)))).astype(np.int64)
            cents = np.clip(cents, 1, 100_000_000)
            if work.keys == "int":
                client = pa.array(keys[part])
            else:
                offsets = pa.py_buffer(np.arange(0, 14 * len(part) + 1, 14, dtype=np.int32))
                text = pa.py_buffer(np.ascontiguousarray(keys[part]))
                client = pa.StringArray.from_buffers(len(part), offsets, text)
            if work.when == "timestamp":
                at = pa.array(moment + FIRST_DAY.astype("datetime64[us]").astype(np.int64)).cast(pa.timestamp("us"))
            else:
                days = (moment // DAY_MICROSECONDS + FIRST_DAY.astype(np.int64)).astype(np.int32)
                at = pa.array(days).cast(pa.date32())
            amount = pa.array(cents / 100.0) if work.amount == "float64" else _decimal_array(cents)
            writer.write_batch(pa.record_batch([client, at, amount], schema=schema))
    temporary.rename(path)


def load(path: pathlib.Path) -> pa.Table:
    """The purchases as chunked Arrow columns that live in this process's own memory."""
    with pa.OSFile(str(path), "rb") as source:
        return pa.ipc.open_file(source).read_all()


# --------------------------------------------------------------------------------------------------- answers

ANSWER_COLUMNS = ["client", "recency", "frequency", "cents", "r", "f", "m", "segment", "abc"]


def _flat(column) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column if isinstance(column, pa.Array) else pa.array(column)


def _codes(column: pa.Array, names: list[str]) -> np.ndarray:
    if pa.types.is_integer(column.type):
        return column.to_numpy(zero_copy_only=False).astype(np.int8)
    if pa.types.is_dictionary(column.type):
        # A dictionary may hold names that no row has.
        table = pc.fill_null(pc.index_in(column.dictionary.cast(pa.string()), value_set=pa.array(names)), -1)
        return table.to_numpy(zero_copy_only=False).astype(np.int8)[column.indices.to_numpy(zero_copy_only=False)]
    found = pc.index_in(column.cast(pa.string()), value_set=pa.array(names))
    if found.null_count:
        raise ValueError(f"a name outside {names}")
    return found.to_numpy(zero_copy_only=False).astype(np.int8)


def digest(answer: dict) -> dict[str, str | int]:
    """Fingerprint of an answer, whatever its row order; one per column besides, to say where two answers part."""
    client = _flat(answer["client"])
    if pa.types.is_integer(client.type):
        keys = client.to_numpy(zero_copy_only=False).astype(np.int64)
        order = np.argsort(keys)
        key_bytes = keys[order].tobytes()
    else:
        text = client.cast(pa.large_string())
        order = pc.sort_indices(text).to_numpy()
        key_bytes = _text_bytes(text.take(pa.array(order)))
    columns = {"client": key_bytes}
    for name, kind in (
        ("recency", np.int32),
        ("frequency", np.int64),
        ("cents", np.int64),
        ("r", np.int8),
        ("f", np.int8),
        ("m", np.int8),
    ):
        values = _flat(answer[name])
        if values.null_count:
            raise ValueError(f"{name} has nulls")
        columns[name] = values.to_numpy(zero_copy_only=False).astype(kind)[order].tobytes()
    columns["segment"] = _codes(_flat(answer["segment"]), SEGMENT_NAMES)[order].tobytes()
    columns["abc"] = _codes(_flat(answer["abc"]), CLASS_NAMES)[order].tobytes()
    total = hashlib.blake2b(digest_size=16)
    result: dict[str, str | int] = {"rows": len(client)}
    for name in ANSWER_COLUMNS:
        total.update(columns[name])
        result[name] = hashlib.blake2b(columns[name], digest_size=8).hexdigest()
    result["all"] = total.hexdigest()
    return result


def _text_bytes(column: pa.Array) -> bytes:
    """Offsets and text of a column that starts at offset zero (as `take` makes them)."""
    _, offsets, text = column.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    return (ends - ends[0]).tobytes() + memoryview(text)[ends[0] : ends[-1]].tobytes()


def reference(table: pa.Table) -> dict:
    """The answer in whole numbers and fractions, the long way round: the oracle for small inputs."""
    scale = 1 if pa.types.is_decimal(table.schema.field("amount").type) else None
    frequency: dict = {}
    cents: dict = {}
    last: dict = {}
    days = table["at"].cast(pa.date32()).cast(pa.int32()).to_pylist()
    for client, day, amount in zip(table["client"].to_pylist(), days, table["amount"].to_pylist(), strict=True):
        frequency[client] = frequency.get(client, 0) + 1
        cents[client] = cents.get(client, 0) + (int(amount * 100) if scale else round(amount * 100))
        last[client] = max(last.get(client, day), day)
    as_of = max(last.values())
    clients = sorted(frequency)
    recency = {client: as_of - last[client] for client in clients}

    def scores(values: dict) -> dict:
        line = sorted(values.values())
        edges = []
        for fifth in range(1, 5):
            place = Fraction(fifth * (len(line) - 1), 5)
            low = int(place)
            high = min(low + 1, len(line) - 1)
            edges.append(line[low] + (place - low) * (line[high] - line[low]))
        cache = {value: 1 + sum(edge < value for edge in edges) for value in set(line)}
        return {client: cache[value] for client, value in values.items()}

    r = {client: 6 - score for client, score in scores(recency).items()}
    f, m = scores(frequency), scores(cents)
    total, before, abc = sum(cents.values()), 0, {}
    for client in sorted(clients, key=lambda c: (-cents[c], c)):
        below_b = 2 if cents[client] <= 0 or 20 * before >= 19 * total else 1
        abc[client] = 0 if below_b == 1 and 5 * before < 4 * total else below_b
        before += cents[client]
    names = {
        "recency": recency,
        "frequency": frequency,
        "cents": cents,
        "r": r,
        "f": f,
        "m": m,
        "segment": {c: segment_of(r[c], f[c], m[c]) for c in clients},
        "abc": abc,
    }
    return {
        "client": pa.array(clients),
        **{name: pa.array([values[c] for c in clients]) for name, values in names.items()},
    }
