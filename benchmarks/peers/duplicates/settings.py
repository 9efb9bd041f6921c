"""Settings of the peers for each set: columns made alike for both, Splink's model and training, dedupe's variables.

Splink's follow its documentation: the quick start for fake_1000, the FEBRL 3 and FEBRL 4 examples for persons; for
organisations, which it has no example of, names, addresses and phones at several similarities. Blocking is wider than
there, since small sets allow it. dedupe's follow csv_example.py of dedupe-examples: a String or a ShortString a column,
Exact for codes, has_missing where values are missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd

FEBRL = ["given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state"]


def cleaned(name: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Lower case without punctuation, as the examples of both do; phones as digits."""
    keep = {
        "fake_1000": ["first_name", "surname", "dob", "city", "email"],
        "early_childhood_orgs": ["Site name", "Address", "Zip", "Phone"],
    }.get(name, [*FEBRL, "date_of_birth", "soc_sec_id"])
    frame = rows[[each for each in (*keep, "list") if each in rows]].map(str.casefold)
    if name == "early_childhood_orgs":
        frame = frame.rename(columns={"Site name": "name", "Address": "address", "Zip": "zip", "Phone": "phone"})
        frame["phone"] = frame["phone"].str.replace(r"\D", "", regex=True)
        for column in ("name", "address"):
            frame[column] = frame[column].map(lambda text: re.sub(r"[^\w ]+", " ", text)).str.split().str.join(" ")
    return frame


def splink(name: str) -> tuple[Any, Callable[[Any], None]]:
    """Settings, and what trains a linker that has them."""
    import splink.comparison_library as cl
    from splink import SettingsCreator, block_on

    if name == "fake_1000":
        comparisons = [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.ExactMatch("city").configure(term_frequency_adjustments=True),
            cl.EmailComparison("email"),
        ]
        rules = [block_on(each) for each in ("first_name", "surname", "dob", "email")]
        sure, recall = [block_on("first_name", "surname", "dob"), block_on("email")], 0.7
        passes = [block_on("first_name", "surname"), block_on("dob")]
    elif name == "early_childhood_orgs":
        comparisons = [
            cl.JaroWinklerAtThresholds("name", [0.95, 0.88, 0.75]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("address", [0.95, 0.88, 0.75]).configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("zip", [1]),
            cl.LevenshteinAtThresholds("phone", [1, 2]).configure(term_frequency_adjustments=True),
        ]
        rules = [
            block_on("phone"),
            block_on("address"),
            block_on("name"),
            block_on("substr(name, 1, 5)"),
            block_on("substr(address, 1, 6)"),
        ]
        sure, recall = [block_on("phone", "substr(name, 1, 3)"), block_on("name", "address")], 0.7
        passes = [block_on("phone"), block_on("substr(address, 1, 6)"), block_on("substr(name, 1, 5)")]
    else:
        comparisons = [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("suburb", [0.9]).configure(term_frequency_adjustments=True),
        ]
        rules = [
            block_on(each) for each in ("soc_sec_id", "given_name", "surname", "date_of_birth", "postcode", "address_1")
        ]
        sure = [block_on("soc_sec_id"), block_on("given_name", "surname", "date_of_birth")]
        recall = 0.9
        passes = [block_on("date_of_birth"), block_on("postcode"), block_on("given_name", "surname")]

    settings = SettingsCreator(
        link_type="link_only" if name == "febrl4" else "dedupe_only",
        blocking_rules_to_generate_predictions=rules,
        comparisons=comparisons,
        retain_intermediate_calculation_columns=False,
    )

    def train(linker: Any) -> None:
        linker.training.estimate_probability_two_random_records_match(sure, recall=recall)
        linker.training.estimate_u_using_random_sampling(max_pairs=1e7, seed=1)
        for each in passes:
            linker.training.estimate_parameters_using_expectation_maximisation(each)

    return settings, train


def dedupe_variables(name: str) -> list[Any]:
    """What dedupe compares."""
    from dedupe.variables import Exact, ShortString, String

    if name == "fake_1000":
        return [
            String("first_name", has_missing=True),
            String("surname", has_missing=True),
            ShortString("dob", has_missing=True),
            String("city", has_missing=True),
            String("email", has_missing=True),
        ]
    if name == "early_childhood_orgs":
        return [
            String("name"),
            String("address"),
            Exact("zip", has_missing=True),
            String("phone", has_missing=True),
        ]
    return [
        String("given_name", has_missing=True),
        String("surname", has_missing=True),
        ShortString("street_number", has_missing=True),
        String("address_1", has_missing=True),
        String("suburb", has_missing=True),
        ShortString("postcode", has_missing=True),
        ShortString("date_of_birth", has_missing=True),
        ShortString("soc_sec_id", has_missing=True),
    ]
