"""Reads a policy argument in whatever form it comes: a document, a preset's name, JSON text or a file."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from klientela import _core

_DEEPEST = 200


def policy_of(policy: Any, registry: _core.ClassifierRegistry | None = None) -> _core.Policy:
    """Make a policy of None (the default), a Policy, a mapping, a preset's name, JSON text, or a path."""
    if policy is None:
        return _core.Policy()
    if isinstance(policy, _core.Policy):
        return policy
    if isinstance(policy, Mapping):
        return _core.Policy.from_dict(dict(policy), registry)
    if isinstance(policy, os.PathLike):
        return _core.Policy.from_json(read_policy_file(policy), registry)
    if isinstance(policy, str):
        if policy.lstrip().startswith("{"):
            return _core.Policy.from_json(policy, registry)
        if policy in _core.Policy.presets():
            return _core.Policy.preset(policy)
        if policy.endswith(".json") or os.sep in policy:
            return _core.Policy.from_json(read_policy_file(policy), registry)
        return _core.Policy.preset(policy)  # raises, naming the presets there are
    raise TypeError(f"policy must be a Policy, mapping, preset name, JSON text or path, not {type(policy).__name__}")


def read_policy_file(path: str | os.PathLike[str]) -> str:
    """Text of a policy file; a byte order mark is taken off."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _core.BadPolicyError(f"{os.fspath(path)} is not UTF-8: {error}") from error


def layered(
    preset: str | None,
    policy: str | os.PathLike[str] | None,
    registry: _core.ClassifierRegistry | None = None,
    ingest: Mapping[str, Any] | None = None,
    parts: Collection[str] | None = None,
) -> _core.Policy:
    """Lay a policy file over a preset: what the file says wins, what it leaves out comes from the preset.

    ``preset`` is a name or the path of a file. A policy that names a preset itself keeps its own. ``ingest`` wins over
    both in the part of that name. Where ``parts`` are named the files' other parts are passed over, so that it does not
    matter which plug-ins they need.
    """
    chosen = _file_over_preset(preset, policy, registry, parts)
    if not ingest:
        return chosen
    return _core.Policy.from_dict(_merge_patch(chosen.to_dict(), {"ingest": dict(ingest)}), registry)


def _file_over_preset(
    preset: str | None,
    policy: str | os.PathLike[str] | None,
    registry: _core.ClassifierRegistry | None,
    parts: Collection[str] | None,
) -> _core.Policy:
    def of_file(file: str) -> _core.Policy:
        if parts is None:
            return policy_of(Path(file), registry)
        return _core.Policy.from_dict(_document(file, parts), registry)

    if policy is None:
        return of_file(preset) if preset is not None and Path(preset).is_file() else policy_of(preset, registry)
    document = _document(policy, parts)
    if preset is None:
        return _core.Policy.from_dict(document, registry)
    if preset in _core.Policy.presets():
        return _core.Policy.from_dict({"preset": preset, **document}, registry)
    base = of_file(preset) if Path(preset).is_file() else policy_of(preset, registry)
    return _core.Policy.from_dict(_merge_patch(base.to_dict(), document), registry)


def _document(file: str | os.PathLike[str], parts: Collection[str] | None) -> dict[str, Any]:
    document = parse_document(read_policy_file(file), os.fspath(file))
    others = set() if parts is None else {*_core.Policy().to_dict()} - {*parts}
    return {name: part for name, part in document.items() if name not in others}


def parse_document(text: str, name: str) -> dict[str, Any]:
    """Parse a JSON object, or say where it is broken: no repeated names, no numbers that JSON does not know."""
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        repeated = _repeated(document)
    except ValueError as error:
        raise _core.BadPolicyError(f"{name} is not JSON: {error}") from error
    except RecursionError:
        raise _core.BadPolicyError(f"{name} is nested too deeply") from None
    if repeated is not None:
        raise _core.BadPolicyError(f"{name} says {repeated} twice", repeated)
    if not isinstance(document, dict):
        raise _core.BadPolicyError(f"{name} must hold a JSON object")
    return document


def json_of(value: Any) -> str:
    """Write a document as JSON text, or say by JSON pointer which value in it JSON does not know."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        pointer, problem = _unwritable(value, 0) or ("", str(error))
        raise _core.BadPolicyError(f"{pointer}: {problem}" if pointer else problem, pointer) from None
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__} is no value of JSON")


def _unwritable(value: Any, depth: int) -> tuple[str, str] | None:
    """JSON pointer of the first value that cannot be written, and why."""
    if depth > _DEEPEST:
        return "", "is nested too deeply"
    if isinstance(value, dict):
        for key in value:
            if isinstance(key, str) and (problem := _no_utf8(key)):
                return f"/{_escaped(ascii(key)[1:-1])}", f"the name {problem}"
            if not isinstance(key, str):
                return "", f"{key!r} is no name: names are texts"
        items: Any = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    elif isinstance(value, str):
        return ("", f"the text {problem}") if (problem := _no_utf8(value)) else None
    else:
        try:
            json.dumps(value, allow_nan=False, default=_plain)
        except (TypeError, ValueError):
            shown = repr(value) if isinstance(value, float) else f"a {type(value).__name__}"
            return "", f"{shown} is no value of JSON"
        return None
    for key, each in items:
        if below := _unwritable(each, depth + 1):
            return f"/{_escaped(str(key))}{below[0]}", below[1]
    return None


def _no_utf8(text: str) -> str | None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return f"{ascii(text)[:200]} holds a lone surrogate, which is no character"
    return None


class _Object(dict[str, Any]):
    """An object with the first of its names that stood there twice."""

    repeated: str | None = None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object()
    for key, value in pairs:
        if key in result and result.repeated is None:
            result.repeated = key
        result[key] = value
    return result


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a number of JSON")


def _repeated(value: Any) -> str | None:
    """JSON pointer of a name that stands twice in its object."""
    if isinstance(value, _Object):
        if value.repeated is not None:
            return f"/{_escaped(value.repeated)}"
        items: Any = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return None
    for key, each in items:
        if (below := _repeated(each)) is not None:
            return f"/{_escaped(str(key))}{below}"
    return None


def _escaped(key: str) -> str:
    # RFC 6901
    return key.replace("~", "~0").replace("/", "~1")


def _merge_patch(target: Any, patch: Any) -> Any:
    # RFC 7396
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_patch(result.get(key), value)
    return result
