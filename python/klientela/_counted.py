"""Numbers with their nouns, as people say them."""

from __future__ import annotations


def noun(count: int, one: str, many: str | None = None) -> str:
    """Give the noun of so many things: of one, or of several, which ends with an s where nothing else is said."""
    return one if count == 1 else f"{one}s" if many is None else many


def counted(count: int, one: str, many: str | None = None) -> str:
    """Give a number with its noun.

    >>> counted(1, "card"), counted(1234, "card"), counted(0, "entry", "entries")
    ('1 card', '1,234 cards', '0 entries')
    """
    return f"{count:,} {noun(count, one, many)}"
