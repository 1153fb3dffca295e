"""What a person typed into a filter, out of the address; what cannot be is as if it were not there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from newsgate.db.results import ResultFilter
from newsgate.db.text_search import parse_words

_LARGEST = 2**62


@dataclass(frozen=True, slots=True)
class VerdictQuery:
    """A filter of verdicts, as the address has it. verdict: fake, real or failed."""

    words: str = ""
    verdict: str = ""
    min_score: float | None = None
    max_familiarity: float | None = None
    model: int | None = None

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> VerdictQuery:
        """The filter in the parameters of an address."""
        verdict = parameters.get("verdict", "")
        return cls(
            words=typed(parameters.get("text", ""))[:500],
            verdict=verdict if verdict in ("fake", "real", "failed") else "",
            min_score=share_of(parameters.get("min_score"), least=0.5),
            max_familiarity=share_of(parameters.get("max_familiarity")),
            model=number_of(parameters.get("model")),
        )

    def as_filter(self, batch: int, *, model: int) -> ResultFilter:
        """The same for the database, about one run."""
        return ResultFilter(
            batch,
            self.verdict if self.verdict in ("fake", "real") else None,
            self.min_score,
            model=model,
            max_familiarity=self.max_familiarity,
            words=parse_words(self.words),
            failed=self.verdict == "failed",
        )

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves any verdict out."""
        return bool(self.words or self.verdict) or self.min_score is not None or self.max_familiarity is not None

    def address(self, **more: object) -> str:
        """The parameters of an address that means this filter, and more."""
        given = {
            "text": self.words,
            "verdict": self.verdict,
            "min_score": self.min_score,
            "max_familiarity": self.max_familiarity,
            "model": self.model,
            **more,
        }
        return urlencode({name: value for name, value in given.items() if value not in (None, "")})


def typed(text: str) -> str:
    """One line as it was typed into a field, without NUL, which PostgreSQL cannot store, and blanks around it."""
    return " ".join(text.replace("\0", " ").split())


def number_of(text: str | None) -> int | None:
    """A number of something that is stored, from 0 up."""
    if text is None or not text.strip().isascii() or not text.strip().isdigit():
        return None
    return min(int(text.strip()[:20]), _LARGEST)


def share_of(text: str | None, *, least: float = 0.0) -> float | None:
    """A share from `least` to 1, typed with a point or a comma."""
    try:
        share = float((text or "").strip().replace(",", "."))
    except ValueError:
        return None
    return share if math.isfinite(share) and least <= share <= 1 else None
