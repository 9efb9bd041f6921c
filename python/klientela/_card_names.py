"""What people know cards by, beside their ids: a name, and what tells two of one name apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from klientela import _core

_PARTS = ("given_name", "middle_name", "family_name")
# What tells cards of one name apart.
_APART = ("birthday", "emails", "phones", "city", "addresses", "street", "websites", "tax_numbers", "identifiers")
# What stands for a name where there is none, the first that there is.
_INSTEAD = ("emails", "phones", "websites", "addresses", "street", "tax_numbers", "identifiers", "city")


def values_of(base: _core.ClientBase, ids: Collection[int | str]) -> dict[int | str, dict[str, str]]:
    """By id the fields of cards that they are known by, of several values the first; those that a card has not are left out."""
    table = base.table("clients")
    if "client" not in table:
        return {}
    # Of a card that was delivered again the last row counts.
    rows = {client: row for row, client in enumerate(table._column("client")) if client in ids}
    cards: dict[int | str, dict[str, str]] = {client: {} for client in rows}
    for field in ("name", *_PARTS, *_APART):
        if field not in table:
            continue
        values = table._column(field)
        for client, row in rows.items():
            text = "" if values[row] is None else str(values[row]).split(";")[0].strip()
            if text:
                cards[client][field] = text
    return cards


def name_of(card: Mapping[str, str]) -> str | None:
    """Give the name of a card, else what it is known by instead; None where it has no such value."""
    whole = card.get("name") or " ".join(card[part] for part in _PARTS if part in card)
    return whole or next((card[field] for field in _INSTEAD if field in card), None)


def apart(card: Mapping[str, str], most: int = 3) -> list[str]:
    """Give what tells the card from others of its name."""
    name = name_of(card)
    return [card[field] for field in _APART if field in card and card[field] != name][:most]
