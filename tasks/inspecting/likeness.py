"""Is a batch like the texts that its model was measured on? docs/abstaining.md explains the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from newsgate.tasks.inspecting.drift import SIGNIFICANT, summary_of_run, tokens_as_texts, total_variation

if TYPE_CHECKING:
    from newsgate.model.score_summary import Summary

# A difference that is certain but smaller changes no error that anybody would notice.
LEAST_SEPARATION: Final = 0.55
_LEAST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class Likeness:
    """A run's rows beside the texts held back from its model's training.

    alike: None where they could not be compared. rows: with a score. p_value: the smallest of the tests', corrected for
    their number (Bonferroni). separation: how well the two can be told apart, from 0.5 (not at all) to 1; that of the
    test that tells them apart best.
    """

    alike: bool | None
    rows: int
    p_value: float | None = None
    separation: float | None = None


@dataclass(frozen=True, slots=True)
class Familiar:
    """Of the rows of a run whose familiarity is known, how many are unfamiliar to the model."""

    rows: int
    unfamiliar: int

    @property
    def is_other_kind(self) -> bool:
        """Whether the model has not learned from texts like these."""
        from newsgate.model.familiarity import is_other_kind

        return is_other_kind(texts=self.rows, unfamiliar=self.unfamiliar)


def describe_unfamiliar(seen: Familiar, *, model: str) -> str | None:
    """Say that the model has not learned from texts like these; None where it has, or where that is not known."""
    from newsgate.model.familiarity import UNFAMILIAR

    if not seen.is_other_kind:
        return None
    share = f"{seen.unfamiliar} of {seen.rows} rows have a familiarity below {UNFAMILIAR}"
    return f"{model} has not learned from texts like these: {share}"


def familiar_rows(connection: Connection, run: int) -> Familiar:
    """Count the rows of a run that are unfamiliar to its model."""
    seen = summary_of_run(connection, run)
    return Familiar(sum(seen.familiarity), seen.unfamiliar)


def likeness_of_run(connection: Connection, run: int, metadata: Mapping[str, Any]) -> Likeness:
    """Compare a run's rows with the reference in its model's metadata."""
    return compare_summaries(reference_of(metadata), summary_of_run(connection, run))


def compare_summaries(reference: Summary | None, seen: Summary) -> Likeness:
    """Compare by the scores, by the unknown tokens, and by a linear classifier of texts (`model.two_samples`)."""
    rows = sum(seen.histogram)
    tests = [] if reference is None or rows < _LEAST_ROWS else list(_tests(reference, seen))
    if not tests:
        return Likeness(None, rows)
    corrected = [(min(1.0, p_value * len(tests)), separation) for p_value, separation in tests]
    unlike = [each for each in corrected if each[0] < SIGNIFICANT and each[1] >= LEAST_SEPARATION]
    shown = max(unlike or corrected, key=lambda each: each[1] if unlike else -each[0])
    return Likeness(not unlike, rows, shown[0], shown[1])


def _tests(reference: Summary, seen: Summary) -> Iterator[tuple[float, float]]:
    """Yield the p-value of each test that can be made, and how well what it looks at tells the texts apart."""
    from newsgate.model.chi_square import compare_counts
    from newsgate.model.two_samples import compare_moments

    scores = compare_counts(reference.histogram, seen.histogram)
    if scores is not None:
        yield scores.p_value, _best_guess(reference.histogram, seen.histogram)
    unknown, unknown_here = tokens_as_texts(reference), tokens_as_texts(seen)
    tokens = compare_counts(unknown, unknown_here)
    if tokens is not None:
        yield tokens.p_value, _best_guess(unknown, unknown_here)
    texts = compare_moments(reference.moments, seen.moments)
    if texts is not None:
        yield texts.p_value, texts.separation


def _best_guess(counts: Sequence[float], others: Sequence[float]) -> float:
    """How often the best guess is right that sees a text's bin alone: one half, and half the total variation."""
    return 0.5 + 0.5 * total_variation(counts, others)


def reference_of(metadata: Mapping[str, Any]) -> Summary | None:
    """How the scores of the texts held back from a model's training were distributed; None where that is not known."""
    from newsgate.model.score_summary import Summary

    document = metadata.get("reference")
    try:
        return Summary.from_json({"items": sum(document["histogram"]), **document}) if document else None
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError):
        return None
