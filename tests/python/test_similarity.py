"""Similarity of texts: equal to rapidfuzz on a million random pairs, one pair at a time and list by list."""

from __future__ import annotations

import random

import klientela
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from klientela import similarity
from rapidfuzz import distance, fuzz, process

THEIRS = {
    "jaro_similarity": distance.Jaro.similarity,
    "jaro_winkler_similarity": distance.JaroWinkler.similarity,
    "levenshtein_distance": distance.Levenshtein.distance,
    "levenshtein_similarity": distance.Levenshtein.normalized_similarity,
    "osa_distance": distance.OSA.distance,
    "osa_similarity": distance.OSA.normalized_similarity,
    "damerau_levenshtein_distance": distance.DamerauLevenshtein.distance,
    "damerau_levenshtein_similarity": distance.DamerauLevenshtein.normalized_similarity,
    "token_sort_ratio": fuzz.token_sort_ratio,
    "token_set_ratio": fuzz.token_set_ratio,
}
ALPHABETS = (
    "ab",
    "abcdefghijklmnopqrstuvwxyz ",
    "abc  \t",
    "áéíóúñçß ab",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя ",
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林\u3000",
    "aжé李😀\U0010ffff\0 ",
)
BLOCKS, SIDE = 25, 200  # blocks of 200 x 200 pairs: a million


def edited(rng: random.Random, text: str, alphabet: str) -> str:
    """Give a text after a few slips: swaps of neighbours, of words, changed, lost and added characters, another end."""
    made = list(text)
    for _ in range(rng.randrange(6)):
        at = rng.randrange(len(made) + 1)
        slip = rng.randrange(6)
        if slip == 0:
            made[at:at] = rng.choice(alphabet)
        elif slip == 1:
            del made[at : at + 1]
        elif slip == 2 and at + 1 < len(made):
            made[at], made[at + 1] = made[at + 1], made[at]
        elif slip == 3 and at < len(made):
            made[at] = rng.choice(alphabet)
        elif slip == 4:
            words = "".join(made).split(" ")
            rng.shuffle(words)
            made = list(" ".join(words))
        else:
            made[at:] = rng.choices(alphabet, k=rng.randrange(10))
    return "".join(made[:120])


def texts(rng: random.Random, block: int) -> list[str]:
    """Give texts of 0 to 120 characters in families that share prefixes and differ by slips."""
    alphabet = ALPHABETS[block % len(ALPHABETS)]
    longest = (12, 30, 66, 120)[block // len(ALPHABETS) % 4]
    family = ["".join(rng.choices(alphabet, k=rng.randint(0, longest))) for _ in range(40)]
    return [edited(rng, text, alphabet) for text in (rng.choice(family) for _ in range(SIDE))]


@pytest.fixture(scope="module")
def blocks():
    rng = random.Random(20240229)
    return [(texts(rng, block), texts(random.Random(block), block)) for block in range(BLOCKS)]


def same(name: str, ours: np.ndarray, theirs: np.ndarray) -> bool:
    if name.endswith("_distance"):
        return bool((ours == theirs).all())
    return bool(np.allclose(ours, theirs, rtol=0, atol=1e-12 * (100 if name.endswith("_ratio") else 1)))


@pytest.mark.parametrize("name", THEIRS)
def test_a_million_pairs_are_as_rapidfuzz_has_them(name, blocks):
    compared = 0
    for mine, others in blocks:
        # Both lists share a family, so that most kinds of likeness come up.
        choices = others[: SIDE // 2] + mine[SIDE // 2 :]
        ours = similarity.cdist(mine, choices, scorer=name, dtype="int32" if name.endswith("_distance") else "float64")
        dtype = np.int32 if name.endswith("_distance") else np.float64
        theirs = process.cdist(mine, choices, scorer=THEIRS[name], dtype=dtype)
        assert same(name, ours, theirs), name
        compared += ours.size
    assert compared == 1_000_000


@pytest.mark.parametrize("name", [*THEIRS, "bigram_similarity", "trigram_similarity"])
def test_one_pair_is_as_in_a_list(name, blocks):
    score = getattr(similarity, name)
    for mine, others in blocks[:: BLOCKS // 6]:
        listed = similarity.cdist(mine[:60], others[:60], scorer=score, dtype="float64", threads=1)
        single = [[score(a, b) for b in others[:60]] for a in mine[:60]]
        assert (listed == np.array(single, dtype=float)).all()


# U+0085 and U+00A0 part words here; to rapidfuzz only in texts with a character beyond U+00FF.
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x85\xa0"), max_size=70)


@given(any_text, any_text)
def test_any_text(a, b):
    for name, theirs in THEIRS.items():
        assert abs(getattr(similarity, name)(a, b) - theirs(a, b)) <= 1e-10, name


@pytest.mark.parametrize("name", sorted(THEIRS))
def test_cutoffs(name, blocks):
    mine, others = blocks[8][0][:80], blocks[8][0][40:120]
    full = similarity.cdist(mine, others, scorer=name, dtype="float64")
    cutoff = float(np.median(full))
    kept = similarity.cdist(mine, others, scorer=name, dtype="float64", cutoff=cutoff)
    if name.endswith("_distance"):
        assert (kept == np.minimum(full, cutoff // 1 + 1)).all()
    else:
        assert (kept == np.where(full < cutoff, 0, full)).all()


def test_types_and_threads():
    words = ["anna", "hanna", "", "ann\0", "анна"]
    assert similarity.cdist(words, words).dtype == np.float32
    assert similarity.cdist(words, words, scorer="osa_distance").dtype == np.int32
    assert similarity.cdist(iter(words), words[:2], scorer=similarity.jaro_similarity, dtype=np.float64).shape == (5, 2)
    assert similarity.cdist([], words).shape == (0, 5)
    assert similarity.cdist(words, []).shape == (5, 0)
    many = [f"{word}{i}" for i in range(700) for word in words]
    one = similarity.cdist(many, many[:1100], threads=1)
    assert (one == similarity.cdist(many, many[:1100], threads=3)).all()
    assert (np.diag(similarity.cdist(words, words)) == 1).all()


def test_what_cannot_be_compared():
    with pytest.raises(klientela.InvalidArgumentError, match="lone surrogate"):
        similarity.osa_distance("a", "\ud800")
    with pytest.raises(klientela.InvalidArgumentError, match="lone surrogate"):
        similarity.cdist(["a"], ["\udfff"])
    with pytest.raises(klientela.InvalidArgumentError, match=r"queries\[1\] is no text but of the type NoneType"):
        similarity.cdist(["a", None], ["a"])
    with pytest.raises(klientela.InvalidArgumentError, match="a cannot be of the type bytes"):
        similarity.jaro_similarity(b"a", "a")
    with pytest.raises(klientela.NotFoundError, match="there are jaro_similarity"):
        similarity.cdist(["a"], ["a"], scorer="soundex")
    with pytest.raises(klientela.InvalidArgumentError, match="int32 cannot hold"):
        similarity.cdist(["a"], ["a"], scorer="jaro_similarity", dtype=np.int32)
    with pytest.raises(klientela.InvalidArgumentError, match="dtype"):
        similarity.cdist(["a"], ["a"], dtype=np.int8)


def test_names_numbers_and_places():
    assert similarity.soundex("Pfister") == "P236"
    assert similarity.soundex("Ли") == ""
    assert similarity.relative_difference(80, 100) == pytest.approx(0.2)
    assert similarity.haversine_distance(0, 0, 0, 180) == pytest.approx(20015114.4, abs=1)
    assert similarity.damerau_levenshtein_distance("jellyifhs", "jellyfish") == 2
    assert similarity.bigram_similarity("night", "nacht") == 0.25
