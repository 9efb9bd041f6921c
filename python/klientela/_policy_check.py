"""Compiles the part plan of a policy beside the rest of it: playbooks may ask for classes that no classifier gives."""

from __future__ import annotations

import json
import re

from klientela import _core, synthetic
from klientela._columns import table_of
from klientela._run import run

_CLIENTS = 60  # enough for every column


def check_plan(policy: _core.Policy, plugins: bool = False) -> str | None:
    """Check the part plan as a plan does, by clients that are made up; what only data can tell counts as right.

    Parameters
    ----------
    policy : Policy
    plugins : bool
        Whether it has classifiers of others, of which clients that are made up say nothing.

    Returns
    -------
    str or None
        Why the part could not be checked so; None: it was, or there is none.

    Raises
    ------
    BadPolicyError
        For a part that cannot be used, naming the place in the policy.
    """
    document = policy.to_dict()
    plan = document["plan"]
    if not plan:
        return None
    if plugins:
        return "what classifiers of --plugins say shows with data"
    # Columns such as `interactions[phone,inbound,complaint]` are there for combinations that the data have.
    plan["may_be_absent"] += re.findall(r"`([^`]*\[[^`]*)`", json.dumps(plan, ensure_ascii=False))
    # How a company's tables are written is no matter of those made up here.
    document = {name: part for name, part in document.items() if name not in ("ingest", "dedupe")}
    try:
        result = run(synthetic.make_base(_CLIENTS), document, history=False)
    except _core.KlientelaError as error:
        return error.message
    managers = table_of({"manager": ["anybody"]})
    _core._make_schedule(result, managers, "2026-07", None, plan, None, None, None, [], False, 1, None)
    return None
