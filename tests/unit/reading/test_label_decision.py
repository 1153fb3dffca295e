"""What the values of a column say by themselves, and where a person must say it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

import pytest

from newsgate.tasks.reading import LabelValuesError, parse_vocabulary
from newsgate.tasks.reading.label_values.decision import decide_vocabulary
from newsgate.tasks.reading.label_values.words import (
    FAKE_WORDS,
    LEANING_FAKE_WORDS,
    LEANING_REAL_WORDS,
    NEITHER_WORDS,
    REAL_WORDS,
    fold,
)


def decided(values: Mapping[str, int], column: str = "label") -> dict[str, str | None]:
    vocabulary = decide_vocabulary(values, column=column, where="x.csv")
    return {value: vocabulary.label_of(value) for value in values}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("label", {"fake": "fake", "REAL": "real", "Fake ": "fake"}),
        ("Label", {"FALSE": "fake", "TRUE": "real"}),
        ("label", {"WAHR": "real", "FALSCH": "fake"}),
        ("label", {"VRAI": "real", "FAUX": "fake"}),
        ("label", {"VERDADERO": "real", "FALSO": "fake"}),
        ("label", {"unreliable": "fake", "reliable": "real"}),
        ("label", {"Fake": "fake", "True": "real"}),
        ("label", {"hoax": "fake", "genuine": "real", "satire": None, "banana": None}),
        ("our rating", {"false": "fake", "true": "real", "partially false": None, "other": None}),
        ("is_fake", {"1": "fake", "0": "real"}),
        ("isFake", {"1.0": "fake", "0.0": "real"}),
        ("review.isReal", {"1": "real", "0": "fake"}),
        ("is_misinfo", {"True": "fake", "False": "real"}),
        ("IS-FAKE", {"WAHR": "fake", "FALSCH": "real"}),
        ("is_fake", {"VERO": "fake", "FALSO": "real"}),
        ("is_fake", {"VERDADEIRO": "fake", "FALSO": "real"}),
        ("is_fake", {"WAAR": "fake", "ONWAAR": "real"}),
        ("is_real", {"WAAR": "real", "FALSO": "fake", "VERO": "real", "fake": "fake"}),
        ("hoax", {"hoax": "fake", "0": "real"}),
        ("fake", {"oui": "fake", "non": "real"}),
        ("is_fake", {"fake": "fake", "real": "real"}),
        ("is_real", {"1": "real", "FALSE": "fake"}),
        ("is_fake", {"1": "fake"}),
        ("label", {"fake": "fake"}),
        ("label", {}),
    ],
)
def test_words_that_mean_one_thing_are_understood(column: str, values: dict[str, str | None]) -> None:
    assert decided(dict.fromkeys(values, 5), column) == values


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"0": 2, "1": 3}, ("1 (3 rows) and 0 (2 rows)", "--labels fake=1,real=0 or --labels fake=0,real=1")),
        ({"0.0": 1, "1.0": 1, "1": 1}, ("--labels fake=1,real=0 or --labels fake=0,real=1",)),
        ({"1": 3}, ("--labels fake=1,real=0",)),
        ({"1": 1, "2": 1}, ("--labels fake=1,real=2 or --labels fake=2,real=1",)),
        ({"yes": 1, "no": 1}, ("--labels fake=yes,real=no or --labels fake=no,real=yes",)),
        ({"a": 1, "b": 1, "c d": 1}, ("--labels 'fake=a;real=b,c d'",)),
        # What is known to be neither is proposed for no side.
        (
            {"SUPPORTS": 1, "REFUTES": 1, "NOT ENOUGH INFO": 1},
            ("fake=SUPPORTS,real=REFUTES or --labels fake=REFUTES,real=SUPPORTS; what is on no side is no label",),
        ),
        ({"only": 7, "unknown": 2}, ("--labels fake=only,real=unknown",)),
        ({"only": 7}, ("--label fake", "--label real", "only (7 rows)")),
        ({"Fake": 146, "Trustworthy": 90}, ("only which values say fake", "--labels fake=Fake,real=Trustworthy")),
        ({"true": 3, "0": 4}, ("a number and a truth value",)),
        # In what is typed, 1 and true are one value, so no proposal may part them.
        ({"true": 3, "false": 4, "1": 1}, ("--labels 'fake=true,1;real=false' or --labels 'fake=false;real=true,1'",)),
        ({"1": 3, "VERO": 4, "0": 1, "x": 1}, ("such as --labels 'fake=1,VERO;real=0,x'",)),
        ({"true": 3, "1": 4}, ("If true is fake, --label fake labels the whole file",)),
        ({"fake": 3, "0": 4}, ("only which values say fake", "--labels fake=fake,real=0")),
        ({"fake": 2, "other": 90, "x": 1}, ("only which values say fake", "If x is real: --labels fake=fake,real=x")),
        (
            {"FALSE": 9, "Misleading": 3, "No evidence": 2, "Explains": 1},
            ("--labels 'fake=FALSE;real=No evidence,Explains'",),
        ),
        ({"FALSE": 9, "Misleading": 3}, ("If Misleading is real: --labels fake=FALSE,real=Misleading",)),
        ({"false": 1, "true": 1, "x": 9}, ("most rows say neither", "--labels fake=false,real=true")),
        (
            {"pants-fire": 1, "false": 1, "barely-true": 1, "half-true": 1, "mostly-true": 1, "true": 1},
            (
                "a scale",
                "--labels 'fake=pants-fire,false,barely-true;real=half-true,true,mostly-true'",
                "--labels 'fake=pants-fire,false,barely-true;real=true,mostly-true'",
            ),
        ),
        ({"pants-fire": 1, "half-true": 1, "true": 1}, ("a scale", "--labels 'fake=pants-fire;real=half-true,true'")),
        ({"mostly true": 1, "mostly false": 1}, ("--labels 'fake=mostly false,real=mostly true'",)),
        ({str(number): 1 for number in range(40)}, ("30 other values",)),
    ],
)
def test_what_could_mean_the_opposite_is_asked_about(values: dict[str, int], says: tuple[str, ...]) -> None:
    with pytest.raises(LabelValuesError) as asked:
        decide_vocabulary(values, column="label", where="x.csv")
    assert asked.value.values == values
    assert [words for words in says if words not in str(asked.value)] == []
    for proposed in re.findall(r"--labels (?:'[^']*'|\S+)", str(asked.value)):
        if "…" not in proposed:
            parse_vocabulary(shlex.split(proposed)[1].rstrip(";"))


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"fake": 3, "true": 4}, "Say which is which: --labels fake=fake,real=true"),
        ({"fake": 3, "false": 4}, "Say which is which: --labels fake=fake,real=false"),
        ({"fake": 3, "true": 4, "1": 2}, "Say which is which: --labels 'fake=fake;real=true,1'"),
        ({"real": 3, "VERO": 4}, "Say which is which: --labels fake=VERO,real=real"),
        (
            {"hoax": 3, "genuine": 2, "TRUE": 4},
            "Say which is which: --labels 'fake=hoax;real=TRUE,genuine' or --labels 'fake=hoax,TRUE;real=genuine'",
        ),
    ],
)
def test_true_beside_fake_in_a_column_whose_yes_is_fake_is_asked_about(values: dict[str, int], remedy: str) -> None:
    with pytest.raises(LabelValuesError) as asked:
        decide_vocabulary(values, column="fake_news", where="x.csv")
    assert remedy in str(asked.value)
    assert "of the text, or of the name of the column" in str(asked.value)


@pytest.mark.parametrize(
    "column", ["Gefälscht", "debunked", "Contains false claims?", "clickbait", "flagged.by_users", "étiquette"]
)
@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"TRUE": 3, "FALSE": 4}, "--labels fake=FALSE,real=TRUE or --labels fake=TRUE,real=FALSE"),
        ({"WAHR": 3, "FALSCH": 4, "unknown": 1}, "--labels fake=FALSCH,real=WAHR or --labels fake=WAHR,real=FALSCH"),
        ({"true": 3}, "If true is fake, --label fake labels the whole file"),
        ({"true": 3, "false": 3, "0": 1}, "--labels 'fake=false,0;real=true' or --labels 'fake=true;real=false,0'"),
    ],
)
def test_true_in_a_column_whose_name_may_say_of_what_is_asked_about(
    column: str, values: dict[str, int], remedy: str
) -> None:
    with pytest.raises(LabelValuesError) as asked:
        decide_vocabulary(values, column=column, where="x.csv")
    assert "of the text, or of the name of the column" in str(asked.value)
    assert remedy in str(asked.value)


@pytest.mark.parametrize("column", ["Is this fake?", "fake?", "isFake ?", "Is this post fake?", "Is it a hoax?"])
def test_a_question_says_of_what_its_yes_is(column: str) -> None:
    assert decided({"TRUE": 1, "FALSE": 1}, column) == {"TRUE": "fake", "FALSE": "real"}
    assert decided({"1": 1, "no": 1}, column) == {"1": "fake", "no": "real"}
    assert decided({"oui": 1, "0": 1}, "Is this true?") == {"oui": "real", "0": "fake"}


@pytest.mark.parametrize("column", ["ruling", "2", "accept", "Is it true or fake?"])
def test_true_is_said_of_the_text_where_the_other_values_or_the_lack_of_a_name_say_so(column: str) -> None:
    values = {"true": "real", "false": "fake", "hoax": "fake", "partly true": None}
    assert decided(dict.fromkeys(values, 1), column) == values
    if column in {"2", "accept"}:
        assert decided({"true": 1, "false": 1}, column) == {"true": "real", "false": "fake"}


def test_the_words_are_folded_and_in_one_table_each() -> None:
    tables = (FAKE_WORDS, REAL_WORDS, NEITHER_WORDS, LEANING_FAKE_WORDS, LEANING_REAL_WORDS)
    words = [word for table in tables for word in table]
    assert [word for word in words if fold(word) != word] == []
    assert len(set(words)) == len(words)
