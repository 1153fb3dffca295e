"""In which languages texts are: measured on a few of them, by a small network that comes with CLD3.

A short text alone is often taken for another language: of English headlines CLD3 is sure of three in four, and wrong
about one in ten of these. So texts count as another language only where most look so, and all of them together do.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

Anything = TypeVar("Anything")

MOST_TEXTS: Final = 200
# More of a text tells nothing new about its language.
MOST_CHARS: Final = 300
_POOLED_TEXTS = 20
_POOLED_LEAST_BYTES = 120
_POOLED_MOST_BYTES = 8000
# What is in no language: addresses, the names of people and subjects, and characters written as HTML.
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|[@#]\w+|&#?\w+;")
# Of a model's training texts. What is rarer may be mistakes of the measure.
_OWN_LEAST_SHARE = 0.1
_SHARES_KEPT = 5


@dataclass(frozen=True, slots=True)
class TextLanguages:
    """The languages of some texts, as BCP 47 codes.

    texts: how many have words. shares: of these, the most frequent language first; the rest is not clear. together: the
    language of all in one, None where they are too few or too mixed to tell.
    """

    texts: int
    shares: Mapping[str, float]
    together: str | None

    def other_than(self, own: Sequence[str]) -> dict[str, float]:
        """Languages that are none of `own`, with their shares, where most texts are in such; else an empty dictionary.

        own: of a model; of one that does not say its own, nothing is said.
        """
        others = {language: share for language, share in self.shares.items() if language not in own}
        are_most = self.together is not None and self.together not in own and sum(others.values()) > 0.5
        return others if own and are_most else {}

    def as_json(self) -> str:
        """The measurement as `read_languages` reads it."""
        return json.dumps({"texts": self.texts, "shares": dict(self.shares), "together": self.together})


def read_languages(document: str | None) -> TextLanguages:
    """Read a measurement back; where nobody measured, it is of no texts."""
    if document is None:
        return TextLanguages(0, {}, None)
    found: dict[str, Any] = json.loads(document)
    return TextLanguages(found["texts"], found["shares"], found["together"])


def measure_languages(texts: Sequence[str]) -> TextLanguages:
    """Measure the languages of at most `MOST_TEXTS` texts, spread evenly over those given."""
    looked_at = [words for text in spread(texts, most=MOST_TEXTS) if any(map(str.isalpha, words := _words(text)))]
    one = _detector(most_bytes=4 * MOST_CHARS)
    counts: Counter[str] = Counter()
    for text in looked_at:
        found = one.FindLanguage(text=text)
        if found.is_reliable:
            counts[found.language] += 1
    shares = {language: round(count / len(looked_at), 3) for language, count in counts.most_common(_SHARES_KEPT)}
    return TextLanguages(len(looked_at), shares, _language_together(looked_at))


def own_languages(texts: Sequence[str]) -> tuple[str, ...] | None:
    """The languages of the texts that a model is trained on; None where they are too few to tell."""
    found = measure_languages(texts)
    own = tuple(language for language, share in found.shares.items() if share >= _OWN_LEAST_SHARE)
    return own if own and found.together is not None else None


def spread(these: Sequence[Anything], *, most: int) -> Sequence[Anything]:
    """At most `most` of these, as far from each other as can be."""
    return these if len(these) <= most else [these[place * len(these) // most] for place in range(most)]


def _language_together(texts: Sequence[str]) -> str | None:
    pooled = " ".join(spread(texts, most=_POOLED_TEXTS))
    if len(pooled.encode()) < _POOLED_LEAST_BYTES:
        return None
    found = _detector(most_bytes=_POOLED_MOST_BYTES).FindLanguage(text=pooled)
    return str(found.language) if found.is_reliable else None


def _detector(*, most_bytes: int) -> Any:
    # CLD3 and TensorFlow each have a Protocol Buffers of their own. Loaded after TensorFlow in the usual way, CLD3 is
    # bound to TensorFlow's, and the process dies. Where a linker knows no such flag, it binds no library that way.
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | getattr(os, "RTLD_DEEPBIND", 0))
    try:
        # Only where texts are looked at: nearly every command imports this module.
        import gcld3
    finally:
        sys.setdlopenflags(flags)
    return gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=most_bytes)


def _words(text: str) -> str:
    # Lone surrogates, which some training texts have, cannot be given to CLD3.
    storable = text[:MOST_CHARS].encode(errors="ignore").decode()
    return " ".join(_NO_WORDS.sub(" ", storable).split())
