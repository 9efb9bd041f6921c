"""What people know cards by, beside their ids: a name, and what tells two of one name apart."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from klientela import _core

_PARTS = ("given_name", "middle_name", "family_name")
# What tells cards of one name apart.
_APART = ("birthday", "emails", "phones", "city", "addresses", "street", "websites", "tax_numbers", "identifiers")
# What stands for a name where there is none, the first that there is.
_INSTEAD = ("emails", "phones", "websites", "addresses", "street", "tax_numbers", "identifiers", "city")

_SEVERAL = {field for field, told in _core.tables()["clients"].items() if told["type"] == "texts"}


def names_of(base: _core.ClientBase, ids: Collection[int | str] | None = None) -> dict[int | str, str]:
    """Give the names of these cards, or of all, else what they are known by instead; cards without any are left out."""
    table = base.table("clients")
    rows = _rows(table, ids)
    names: dict[int | str, str] = {}
    for fields in (("name",), _PARTS, *((field,) for field in _INSTEAD)):
        if not (missing := rows.keys() - names.keys()):
            break
        columns = [(field, table._column(field)) for field in fields if field in table]
        for client in missing if columns else ():
            if text := " ".join(filter(None, (_text(field, column[rows[client]]) for field, column in columns))):
                names[client] = text
    return names


def apart_of(base: _core.ClientBase, ids: Collection[int | str], most: int = 3) -> dict[int | str, list[str]]:
    """Give what tells these cards from others of their names, so many values at most."""
    table = base.table("clients")
    rows = _rows(table, ids)
    columns = [(field, table._column(field)) for field in _APART if field in table]
    return {
        client: [text for field, column in columns if (text := _text(field, column[row]))][:most]
        for client, row in rows.items()
    }


def _rows(table: _core.Table, ids: Collection[int | str] | None) -> dict[int | str, int]:
    """Where cards stand; of a card that was delivered again the last row counts."""
    clients = table._column("client") if "client" in table else []
    return {client: row for row, client in enumerate(clients) if ids is None or client in ids}


def _text(field: str, value: Any) -> str:
    """A cell as a text; of several values the first."""
    text = "" if value is None else str(value)
    return (text.partition(";")[0] if field in _SEVERAL else text).strip()
