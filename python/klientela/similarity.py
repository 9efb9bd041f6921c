"""How alike two texts, numbers or places are, and every text of one list beside every text of another.

>>> from klientela import similarity
>>> round(similarity.jaro_winkler_similarity("MARTHA", "MARHTA"), 6)
0.961111
>>> similarity.cdist(["anna", "ann"], ["anna", "hanna", ""], scorer=similarity.osa_distance)
array([[0, 1, 4],
       [1, 2, 3]], dtype=int32)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from klientela._core import (
    _cdist,
    bigram_similarity,
    damerau_levenshtein_distance,
    damerau_levenshtein_similarity,
    haversine_distance,
    jaro_similarity,
    jaro_winkler_similarity,
    levenshtein_distance,
    levenshtein_similarity,
    osa_distance,
    osa_similarity,
    relative_difference,
    soundex,
    token_set_ratio,
    token_sort_ratio,
    trigram_similarity,
)

__all__ = [
    "bigram_similarity",
    "cdist",
    "damerau_levenshtein_distance",
    "damerau_levenshtein_similarity",
    "haversine_distance",
    "jaro_similarity",
    "jaro_winkler_similarity",
    "levenshtein_distance",
    "levenshtein_similarity",
    "osa_distance",
    "osa_similarity",
    "relative_difference",
    "soundex",
    "token_set_ratio",
    "token_sort_ratio",
    "trigram_similarity",
]


def cdist(
    queries: Iterable[str],
    choices: Iterable[str],
    *,
    scorer: str | Callable[..., Any] = "jaro_winkler_similarity",
    cutoff: float | None = None,
    dtype: DTypeLike | None = None,
    threads: int = 0,
) -> NDArray[Any]:
    """Compare every text of one list with every text of another.

    Many pairs are compared at once on vector units; give the longer list as choices.

    Parameters
    ----------
    queries, choices : iterable of str
        Of any length, empty ones and NUL included. A lone surrogate is an InvalidArgumentError.
    scorer : str or callable
        A function of this module that takes two texts, or its name.
    cutoff : float, optional
        Distances above it come out as cutoff + 1, similarities below it as 0.
    dtype : numpy dtype, optional
        float32, float64, or int32 for distances alone. None: int32 for distances, else float32.
    threads : int
        0: one per core.

    Returns
    -------
    numpy.ndarray of shape (queries, choices)
    """
    name = scorer if isinstance(scorer, str) else str(getattr(scorer, "__name__", scorer))
    if dtype is None:
        dtype = np.int32 if name.endswith("_distance") else np.float32
    return _cdist(list(queries), list(choices), name, cutoff, np.dtype(dtype).name, threads)
