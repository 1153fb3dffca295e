"""`--labels`: what is typed, what it means, and that what newsgate proposes to type means what it says."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from newsgate.foundation.errors import WrongUsageError
from newsgate.tasks.reading import parse_vocabulary
from newsgate.tasks.reading.label_values.vocabulary import label_option
from newsgate.tasks.reading.label_values.words import fold

VALUES = st.lists(st.text(min_size=1, max_size=8).filter(lambda value: value.strip()), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("typed", "fake", "real"),
    [
        ("fake=1,real=0", ["1", "1.0", " 1 ", "TRUE", "wahr", "Vrai"], ["0", "0.0", "False", "FALSCH", "falso"]),
        ("real=1;fake=0", ["0", "false", "FAUX"], ["1", "1.", "1,0", "VERDADERO"]),
        (
            "fake=false,pants-fire,barely-true;real=true,mostly-true",
            ["FALSE", "Pants Fire", "pants_fire!", "barely true", "0"],
            ["true", "Mostly-True", "1"],
        ),
        ("FAKE = a ; REAL = b", ["a", "A"], ["b"]),
        ("""fake="a, b";real='c=d',"say ""no"" to it" """, ["a, b"], ["c=d", 'say "no" to it']),
        ("fake=-1,real=1", ["-1", "-1.0"], ["1", "true"]),
        ("fake=don't know,real=known", ["don't know"], ["known"]),
    ],
)
def test_what_is_typed_means(typed: str, fake: list[str], real: list[str]) -> None:
    vocabulary = parse_vocabulary(typed)
    assert {vocabulary.label_of(value) for value in fake} == {"fake"}
    assert {vocabulary.label_of(value) for value in real} == {"real"}
    assert {vocabulary.label_of(value) for value in ("other", "2", "", "!fake", "-0.5")} == {None}


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "which values are fake"),
        ("fake=1", "which values are real"),
        ("real=1;", "which values are fake"),
        ("fake=,real=0", "which values are fake"),
        ("1,0", "'1' stands before fake= and real="),
        ("fake=1,real=1.0", "'1' is on both sides"),
        ("fake=1,real=TRUE", "'true' is on both sides"),
        ("fake=a,b;real=B", "'b' is on both sides"),
        ("fake='a,real=b", "never closed"),
        ("fake='a'b,real=c", "follows the closing quote"),
        ("fake='',real=c", "an empty value"),
    ],
)
def test_what_is_typed_wrongly_is_refused_with_an_example(typed: str, why: str) -> None:
    with pytest.raises(WrongUsageError, match="--labels fake=1,real=0") as refused:
        parse_vocabulary(typed)
    assert why in str(refused.value)


@given(fake=VALUES, real=VALUES, others=VALUES)
def test_an_option_that_is_proposed_means_what_it_says(fake: list[str], real: list[str], others: list[str]) -> None:
    sides = set(map(fold, fake)), set(map(fold, real))
    yes_and_no = {"0", "1", "true", "false", "wahr", "falsch", "vrai", "faux", "verdadero", "falso", "vero", "waar"}
    assume(not sides[0] & sides[1] and not (sides[0] | sides[1]) & yes_and_no)
    option, typed = shlex.split(label_option(fake, real))
    vocabulary = parse_vocabulary(typed)
    assert option == "--labels"
    assert {vocabulary.label_of(value) for value in fake} == {"fake"}
    assert {vocabulary.label_of(value) for value in real} == {"real"}
    assert all(vocabulary.label_of(value) is None for value in others if fold(value) not in sides[0] | sides[1])
    assert parse_vocabulary(shlex.split(vocabulary.as_option())[1]).fake == vocabulary.fake


@pytest.mark.parametrize("value", ["-1", "!fake", "fake?", "-fake", "fake/real", "not", "1,000", "10", "01"])
def test_what_looks_like_a_value_is_not_that_value(value: str) -> None:
    assert parse_vocabulary("fake=1,fake;real=0,real").label_of(value) is None
