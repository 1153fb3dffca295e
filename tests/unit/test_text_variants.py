"""Variants of texts: the same for the same seed, of the texts' own words and their neighbours, capitals kept."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.training.text_variants import VariantWriter
from newsgate.training.word_vectors import WordVectors

WORDS = (
    *("doctor", "nurse", "hospital", "virus", "vaccine", "police", "court", "mayor", "bridge", "river"),
    *("school", "teacher", "report", "garlic", "water", "cure"),
)
VECTORS = WordVectors(
    places={word: place for place, word in enumerate(WORDS)},
    vectors=np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32),
)
TEXTS = (
    "Doctor and nurse: the hospital has a NEW vaccine!",
    "The police closed the bridge over the river, says the Mayor.",
    "Garlic water is a cure for the virus https://t.co/AbC",
    "The court heard the teacher; the school wrote a report",
)
SMALL_CORPORA = st.lists(st.text(st.sampled_from("abcAB .,!\u00e9#@\n"), max_size=40), max_size=6)


def variants(texts: tuple[str, ...], *, count: int = 8, seed: int = 0) -> list[str]:
    return list(VariantWriter(texts, vectors=VECTORS, seed=seed).variants(count))


def words_of(text: str) -> set[str]:
    return set(re.findall(r"https?://\S*|\w+|[^\w\s]", text.lower()))


def test_the_same_seed_gives_the_same_variants_and_another_seed_others() -> None:
    assert variants(TEXTS) == variants(TEXTS)
    assert variants(TEXTS) != variants(TEXTS, seed=1)


def test_each_text_with_words_has_as_many_variants_as_asked() -> None:
    assert len(variants((*TEXTS, "", " \n"), count=3)) == 3 * len(TEXTS)
    assert variants(TEXTS, count=0) == []


def test_more_variants_begin_with_those_of_fewer() -> None:
    assert variants(TEXTS, count=5)[: 2 * len(TEXTS)] == variants(TEXTS, count=2)


def test_most_variants_are_texts_nobody_wrote() -> None:
    assert len(set(variants(TEXTS, count=20)) - set(TEXTS)) > 40


def test_variants_of_small_letters_are_the_variants_in_small_letters() -> None:
    small = tuple(text.lower() for text in TEXTS)
    assert [variant.lower() for variant in variants(TEXTS, count=30)] == variants(small, count=30)


def test_what_gives_way_to_another_word_passes_its_capitals_on() -> None:
    plain = [re.sub(r"[^a-z ]|\b[a-z]\b", "", text.lower()) for text in TEXTS]
    assert all(made == made.upper() for made in variants(tuple(map(str.upper, plain)), count=20))
    assert all(made == made.lower() for made in variants(tuple(plain), count=20))
    began = variants(tuple(map(str.title, plain)), count=20)
    assert all(word[0].isupper() for made in began for word in made.split())


def test_only_words_of_the_corpus_occur_though_other_words_may_be_nearer_in_meaning() -> None:
    known = set().union(*map(words_of, TEXTS))
    assert set().union(*map(words_of, variants(TEXTS, count=60))) <= known
    without = tuple(text for text in TEXTS if "doctor" not in text.lower())
    assert "doctor" not in " ".join(variants(without, count=60)).lower()


def test_an_address_is_never_put_in_the_place_of_a_word() -> None:
    for variant in variants(TEXTS, count=60):
        assert variant.count("https://") <= 1


@pytest.mark.parametrize("texts", [(), ("",), ("one",), ("one one one one",), ("!",), ("word " * 1_000,)])
def test_a_corpus_of_next_to_nothing_has_variants_too(texts: tuple[str, ...]) -> None:
    made = variants(texts)
    assert len(made) == 8 * sum(bool(text.strip()) for text in texts)
    assert all(made)
    assert all(len(variant.split()) <= 300 for variant in made)


@settings(max_examples=60, deadline=None)
@given(SMALL_CORPORA, st.integers(0, 3))
def test_whatever_the_texts_no_variant_is_empty_or_holds_a_letter_of_nowhere(corpus: list[str], seed: int) -> None:
    made = variants(tuple(corpus), count=2, seed=seed)
    assert len(made) == 2 * sum(bool(words_of(text)) for text in corpus)
    assert all(variant.strip() for variant in made)
    letters = {letter for text in corpus for letter in text.lower()} | {" "}
    assert all(set(variant.lower()) <= letters for variant in made)
