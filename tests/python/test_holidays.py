"""The table of public holidays out of the package holidays, which tests may lack."""

from __future__ import annotations

import datetime as dt
import importlib
from typing import Any

import klientela
import pytest
from klientela._holidays import holiday_table


def rows(*arguments: Any, **options: Any) -> list[tuple[Any, ...]]:
    pytest.importorskip("holidays")
    table = holiday_table(*arguments, **options).to_pydict()
    return list(zip(table["country"], table["region"], table["day"], table["name"], strict=True))


def test_countries_with_their_regions() -> None:
    found = rows(["de-by", "DE"], [2026], language="en_US")
    assert ("DE", None, dt.date(2026, 12, 25), "Christmas Day") in found
    assert ("DE", "BY", dt.date(2026, 1, 6), "Epiphany") in found
    assert ("DE", "BY", dt.date(2026, 12, 25), "Christmas Day") not in found
    assert found == sorted(found, key=lambda row: (row[0], row[1] or "", row[2]))
    assert found == rows(["DE-BY"], [2026], language="en_US")
    assert not [row for row in rows(["DE"], [2026]) if row[1]]


def test_names_are_the_countrys_own_by_default() -> None:
    assert ("RU", None, dt.date(2026, 5, 9), "День Победы") in rows(["ru"], [2026])


def test_years_are_those_asked_for() -> None:
    days = [row[2] for row in rows(["US"], [2028, 2027, 2027])]
    assert {day.year for day in days} == {2027, 2028}
    assert len(days) == len(set(days))


def test_nothing_asked_is_an_empty_table() -> None:
    assert rows([], [2026]) == []
    assert rows(["DE"], []) == []


@pytest.mark.parametrize("place", ["XX", "DE-XX", "", "Germany!"])
def test_unknown_places_are_named(place: str) -> None:
    pytest.importorskip("holidays")
    with pytest.raises(klientela.NotFoundError, match="knows no country or region") as caught:
        holiday_table([place], [2026])
    assert caught.value.where == "countries"


@pytest.mark.parametrize(
    ("place", "meant"),
    [
        ("Germany", "did you mean DE?"),
        ("united states", "did you mean US?"),
        ("de-bayern", "did you mean DE-BY?"),
        ("DE-BYY", "codes such as DE"),
        ("Germania", "codes such as DE"),
    ],
)
def test_codes_are_named_where_names_are_given(place: str, meant: str) -> None:
    pytest.importorskip("holidays")
    with pytest.raises(klientela.NotFoundError) as caught:
        holiday_table([place], [2026])
    assert repr(place) in str(caught.value) and meant in str(caught.value)


def test_codes_of_other_kinds_are_those_of_two_letters() -> None:
    assert rows(["DEU"], [2026]) == rows(["DE", "deu"], [2026]) == rows(["DE"], [2026])
    assert rows(["UK"], [2026]) == rows(["GB"], [2026])


@pytest.mark.parametrize("year", [1899, 2200])
def test_years_out_of_range_are_named(year: int) -> None:
    pytest.importorskip("holidays")
    with pytest.raises(klientela.OutOfRangeError, match=str(year)):
        holiday_table(["DE"], [year])


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *_: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(klientela.UnsupportedError, match="pip install holidays"):
        holiday_table(["DE"], [2026])
