"""klientela: who the clients are, which cell of the contact matrix each one sits in, and why.

Tables come from pandas, polars, pyarrow, DuckDB or plain columns; results go back to them.

>>> import klientela
>>> base = klientela.synthetic.make_base(clients=500, seed=1)
>>> result = klientela.run(base)
>>> len(result.clients)
500
"""

from klientela import _duplicates, _history, _plan, _plugins, _run, _table

_table.attach()
_plugins.attach()
_run.attach()
_history.attach()
_duplicates.attach()
_plan.attach()

from klientela import directories, similarity, synthetic  # noqa: E402
from klientela._core import (  # noqa: E402
    ArithmeticOverflowError,
    Assignments,
    BadDataError,
    BadPolicyError,
    CancelledError,
    CardIndex,
    Classification,
    Classifier,
    ClassifierRegistry,
    ClientBase,
    Crosswalk,
    Directory,
    Duplicates,
    Expression,
    FeatureTable,
    History,
    IngestResult,
    InternalError,
    InvalidArgumentError,
    KlientelaError,
    Model,
    NotFoundError,
    OutOfMemoryError,
    OutOfRangeError,
    Policy,
    Profiles,
    Result,
    RuleProposals,
    Schedule,
    Table,
    Tracker,
    TrackerChange,
    UnsupportedError,
    __version__,
    attention,
    base_columns,
    check_segments,
    cohorts,
    contacts,
    coverage,
    default_segments,
    features,
    hierarchy,
    ingest,
    merge,
    periods,
    refresh,
    rfm10_segments,
    roll_up,
    rule_set,
    tables,
    to_csv,
)
from klientela._duplicates import find_duplicates, link_lists, propose_rules  # noqa: E402
from klientela._history import history  # noqa: E402
from klientela._merge import Erasure, MergedBase, MergePreview  # noqa: E402
from klientela._plan import make_schedule  # noqa: E402
from klientela._run import run  # noqa: E402
from klientela.clusters import GaussianMixture, KMeans  # noqa: E402
from klientela.estimators import (  # noqa: E402
    ABC,
    RFM,
    XYZ,
    Cohort,
    ContactMatrix,
    IdealClient,
    Lifecycle,
    Tiers,
)

__all__ = [
    "ABC",
    "RFM",
    "XYZ",
    "ArithmeticOverflowError",
    "Assignments",
    "BadDataError",
    "BadPolicyError",
    "CancelledError",
    "CardIndex",
    "Classification",
    "Classifier",
    "ClassifierRegistry",
    "ClientBase",
    "Cohort",
    "ContactMatrix",
    "Crosswalk",
    "Directory",
    "Duplicates",
    "Erasure",
    "Expression",
    "FeatureTable",
    "GaussianMixture",
    "History",
    "IdealClient",
    "IngestResult",
    "InternalError",
    "InvalidArgumentError",
    "KMeans",
    "KlientelaError",
    "Lifecycle",
    "MergePreview",
    "MergedBase",
    "Model",
    "NotFoundError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "Policy",
    "Profiles",
    "Result",
    "RuleProposals",
    "Schedule",
    "Table",
    "Tiers",
    "Tracker",
    "TrackerChange",
    "UnsupportedError",
    "__version__",
    "attention",
    "base_columns",
    "check_segments",
    "cohorts",
    "contacts",
    "coverage",
    "default_segments",
    "directories",
    "features",
    "find_duplicates",
    "hierarchy",
    "history",
    "ingest",
    "link_lists",
    "make_schedule",
    "merge",
    "periods",
    "propose_rules",
    "refresh",
    "rfm10_segments",
    "roll_up",
    "rule_set",
    "run",
    "similarity",
    "synthetic",
    "tables",
    "to_csv",
]

for _name in __all__:
    _each = globals()[_name]
    if isinstance(_each, type) and _each.__module__.startswith("klientela._"):
        _each.__module__ = "klientela"
del _name, _each
