"""The words that say fake or real by themselves, those that say neither, and the columns that say of what a yes is.

A word stands here only if nobody means the opposite by it; docs/labels-from-tools.md shows these tables. Numbers never
do: the two sets that people copy most mean opposite things by 0 and 1.
"""

from __future__ import annotations

import re
from typing import Final

# Between words only: -1 is not 1, and -fake may be no fake.
_SEPARATORS = re.compile(r"(?<=\w)[\s_\-\u2010-\u2015/]+(?=\w)")
_NEW_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_END = re.compile(r"[\s!.]+$")
# 1.0 and 1,00: what workbooks and pandas make of a whole number.
_WHOLE_NUMBER = re.compile(r"\+?(-?\d+)(?:\.0*|,00?)?")

FAKE_WORDS: Final = frozenset(
    {
        "fake",
        "fake news",
        "fakenews",
        "false",
        "false news",
        "not true",
        "not real",
        "untrue",
        "unreliable",
        "not reliable",
        "not credible",
        "hoax",
        "misinformation",
        "misinfo",
        "disinformation",
        "disinfo",
        "fabricated",
        "bogus",
        "pants fire",
        "pants on fire",
        "falsch",
        "unwahr",
        "gefälscht",
        "faux",
        "fausse",
        "falso",
        "falsa",
        "onwaar",
    }
)
REAL_WORDS: Final = frozenset(
    {
        "real",
        "real news",
        "true",
        "true news",
        "not fake",
        "non fake",
        "not false",
        "reliable",
        "genuine",
        "authentic",
        "credible",
        "legit",
        "legitimate",
        "factual",
        "accurate",
        "wahr",
        "echt",
        "vrai",
        "vraie",
        "verdadero",
        "verdadera",
        "verdadeiro",
        "verdadeira",
        "vero",
        "vera",
        "waar",
    }
)
# People know these, and they are neither: a row that says one of them has no label.
NEITHER_WORDS: Final = frozenset(
    {
        "half true",
        "half false",
        "half",
        "mixture",
        "mixed",
        "partially true",
        "partially false",
        "partly true",
        "partly false",
        "unproven",
        "unverified",
        "unverifiable",
        "unknown",
        "unsure",
        "undetermined",
        "unclear",
        "other",
        "none",
        "neither",
        "n a",
        "na",
        "nan",
        "null",
        "not enough info",
        "satire",
        "misleading",
        "opinion",
        "no label",
        "skip",
    }
)
# Steps of a scale: where it divides into fake and real, people do not agree.
LEANING_FAKE_WORDS: Final = frozenset({"barely true", "mostly false"})
LEANING_REAL_WORDS: Final = frozenset({"mostly true"})

# What a spreadsheet shows for its yes and no, in English, German, French, Spanish, Portuguese, Italian and Dutch: each
# is one value with 1 or 0.
TRUE_WORDS: Final = frozenset({"true", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar"})
FALSE_WORDS: Final = frozenset({"false", "falsch", "faux", "falso", "onwaar"})
YES_WORDS: Final = frozenset({"1", "yes", "y", "t", "ja", "oui", "sí", "si"}) | TRUE_WORDS
NO_WORDS: Final = frozenset({"0", "no", "n", "f", "nein", "non"}) | FALSE_WORDS

# Columns whose name says of what their yes is.
FAKE_COLUMNS: Final = frozenset(
    {
        "fake",
        "is fake",
        "isfake",
        "fake news",
        "is fake news",
        "is misinfo",
        "is misinformation",
        "misinfo",
        "misinformation",
        "is disinformation",
        "disinformation",
        "is hoax",
        "hoax",
        "is false",
        "is unreliable",
        "unreliable",
    }
)
REAL_COLUMNS: Final = frozenset(
    {"real", "is real", "isreal", "is true", "is reliable", "reliable", "is genuine", "is credible", "credible"}
)
# Where people keep labels that are not in a column `label`.
LABEL_COLUMNS: Final = frozenset(
    {
        "labels",
        "class",
        "target",
        "verdict",
        "rating",
        "our rating",
        "truth rating",
        "truth value",
        "truth",
        "truthfulness",
        "veracity",
        "ground truth",
        "gold",
        "gold label",
        "news label",
        "fake or real",
        "real or fake",
        "textual rating",
        # Of a fact check in the form of schema.org.
        "alternate name",
        "fact check",
    }
)
# Names that say nothing of what a yes is. Prodigy calls what was chosen `accept`, whatever was asked.
NEUTRAL_COLUMNS: Final = LABEL_COLUMNS | {"label", "accept"}
_STEPS_OF_TRUTH: Final = (
    LEANING_FAKE_WORDS
    | LEANING_REAL_WORDS
    | {"half true", "half false", "partially true", "partially false", "partly true", "partly false"}
)
# Where one of these stands in a column, true and false are said of the texts too, whatever the column is called.
WORDS_OF_TEXTS: Final = (FAKE_WORDS | REAL_WORDS | _STEPS_OF_TRUTH) - (TRUE_WORDS | FALSE_WORDS)

# In questions, as forms ask them: `Is this fake?` is `is fake`.
_POINTING_WORDS = re.compile(
    r"(?<=^is )(?:it|this|that)(?: (?:post|text|news|article|claim|headline))?(?: an?)? (?=\w)"
)


def fold_column(name: str) -> str:
    """The form in which names of columns are compared: the last part of those of nested objects, word by word."""
    return _POINTING_WORDS.sub("", fold(_NEW_WORD.sub(" ", name.rpartition(".")[2]).rstrip(" ?")))


def may_name_its_yes(column: str) -> bool:
    """Whether the name may say of what a yes is, in words that are not known: `debunked`, `Gefälscht`."""
    folded = fold_column(column)
    return not (folded in FAKE_COLUMNS | REAL_COLUMNS | NEUTRAL_COLUMNS or folded.isdecimal())


def fold(written: str) -> str:
    """The form in which values and names of columns are compared: `Pants-Fire!` is `pants fire`, and 1.0 is 1."""
    folded = written.strip().casefold()
    bare = _SEPARATORS.sub(" ", _END.sub("", folded.replace("_", " "))).lstrip()
    whole = _WHOLE_NUMBER.fullmatch(bare)
    return whole[1] if whole else bare or folded
