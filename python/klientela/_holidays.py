"""Public holidays out of the PyPI package ``holidays``, as the table that plans take."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from datetime import date
from typing import Any

import numpy as np

from klientela import _core
from klientela._columns import table_of


def holiday_table(countries: Iterable[str], years: Iterable[int], *, language: str | None = None) -> _core.Table:
    """Give the public holidays of countries and of their regions.

    Parameters
    ----------
    countries : iterable of str
        ISO 3166-1 codes (``"DE"``, ``"DEU"``) and ISO 3166-2 codes of regions (``"DE-BY"``), in any case. A region
        brings its country's holidays along.
    years : iterable of int
        Calendar years, 1900 to 2199; holidays moved from or to a year at its edge stand in the year they fall on.
    language : str, optional
        Of the names, such as ``"en_US"``, where the package has it for a country; by default the country's own.

    Returns
    -------
    Table
        Columns ``country``, ``region`` (null for the whole country), ``day`` and ``name``, by country, region, day. A
        region's rows are those that the country as a whole has not; names of one day are joined by ``"; "``. Days off
        in lieu of a weekend are among them.

    Raises
    ------
    UnsupportedError
        The package is not installed.
    NotFoundError
        It knows no such country or region.
    OutOfRangeError
        A year is out of range.
    """
    try:
        package = importlib.import_module("holidays")
    except ImportError:
        raise _core.UnsupportedError(
            "the package holidays is not installed: pip install holidays", "holidays"
        ) from None
    wanted = sorted(set(years))
    for year in wanted:
        if not 1900 <= year < 2200:
            raise _core.OutOfRangeError(f"the year {year} is not within 1900 to 2199", "years")
    places = {_place(package, text) for text in countries}
    rows: list[tuple[str, str | None, date, str]] = []
    national: dict[str, dict[date, list[str]]] = {}
    for country, region in sorted(places | {(country, "") for country, _ in places}):
        found = _names_by_day(package, country, region, wanted, language)
        if not region:
            national[country] = found
        for day in sorted(found):
            known = national[country].get(day, []) if region else []
            if names := [name for name in found[day] if name not in known]:
                rows.append((country, region or None, day, "; ".join(names)))
    return table_of(
        {
            "country": [row[0] for row in rows],
            "region": [row[1] for row in rows],
            "day": np.array([row[2] for row in rows], dtype="datetime64[D]"),
            "name": [row[3] for row in rows],
        }
    )


def _place(package: Any, text: str) -> tuple[str, str]:
    """Codes of a country, of two letters, and of its region."""
    country, _, region = text.strip().upper().partition("-")
    try:
        return package.country_holidays(country, subdiv=region or None).country, region
    except NotImplementedError:
        meant = _meant(package, country, region)
        raise _core.NotFoundError(
            f"the package holidays knows no country or region {text!r}; "
            + (f"did you mean {meant}?" if meant else "it takes codes such as DE, and DE-BY for a region"),
            "countries",
        ) from None


def _meant(package: Any, country: str, region: str) -> str | None:
    """The code of what was called by its name."""
    for name, code, *_ in importlib.import_module("holidays.registry").COUNTRIES.values():
        if name.upper() == country.replace(" ", "") and not region:
            return str(code)
        if code == country:
            for called, of in getattr(package.country_holidays(code), "subdivisions_aliases", {}).items():
                if called.upper() == region:
                    return f"{code}-{of}"
    return None


def _names_by_day(
    package: Any, country: str, region: str, years: list[int], language: str | None
) -> dict[date, list[str]]:
    """The names of each day, in the package's order."""
    # Without a language the package would ask the environment for one.
    language = language or package.country_holidays(country).default_language
    found = package.country_holidays(country, subdiv=region or None, years=years, language=language)
    return {day: found.get_list(day) for day in sorted(found) if day.year in years}
