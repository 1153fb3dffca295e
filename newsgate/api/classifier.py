"""A model in this process: texts in, labels out, with no database, broker or worker."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from newsgate.api.arguments import wanted_error, whole_number, words
from newsgate.api.classifications import Classification, Classifications
from newsgate.api.texts import GivenTexts, given_texts
from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.model.labels import NOT_FINITE, label_of

if TYPE_CHECKING:
    from newsgate.api.explanation import Explanation
    from newsgate.model.classifier import Classifier as ModelClassifier
    from newsgate.model.classifier import Scores
    from newsgate.model.runtime_names import RuntimeName
    from newsgate.model.score_summary import Summary
    from newsgate.tasks.inspecting.promise import Promise

log = logging.getLogger("newsgate.classifier")

STARTER: Final = "starter"
CHAMPION: Final = "champion"
# Between two of them nothing but the scores is kept in memory.
_BLOCK_TEXTS: Final = 2000


class NoSuchModelFileError(NewsgateError):
    """The file of a model is not there, or cannot be read."""


class Classifier:
    """One model, loaded; many threads may use it at once.

    name: by what it was loaded.

    >>> from newsgate import Classifier
    >>> classifier = Classifier.load("starter")
    >>> found = classifier.classify(["Garlic cures the virus, share it now!", "Schools reopen on Monday"])
    >>> [each.label for each in found]
    ['fake', 'real']
    """

    def __init__(self, bundle: bytes, *, name: str, runtime: RuntimeName = "auto", threads: int = 1) -> None:
        from newsgate.model.classifier import Classifier as ModelClassifier

        self.name = name
        self._bundle = bundle
        self._runtime: RuntimeName = runtime
        self._classifier: ModelClassifier = ModelClassifier.from_bundle_bytes(bundle, runtime=runtime, threads=threads)

    def __repr__(self) -> str:
        return f"<Classifier: model {self.name}>"

    @classmethod
    def load(
        cls,
        model: str | PathLike[str] | int = STARTER,
        *,
        database: str | None = None,
        runtime: RuntimeName = "auto",
        threads: int = 1,
    ) -> Self:
        """Load a model.

        model: `starter`, which comes with newsgate; the path of a bundle, as `newsgate train --output` writes it; the
        number of a model in the database; or `champion`, the one that the database uses now.
        database: its address; by default as the settings say. threads: over how many a call's texts are spread.

        Raises NoSuchModelFileError, BundleError, NoSuchModelError, DatabaseError and RuntimeUnavailableError.

        >>> from newsgate import Classifier
        >>> Classifier.load()
        <Classifier: model starter>
        """
        threads = whole_number(threads, "threads", least=0)
        if not isinstance(model, str | PathLike):
            model = whole_number(model, "a model that is given by no name or path")
        from newsgate.model.bundle import BundleError

        if model == STARTER:
            from newsgate.model.starter import starter_bundle

            return cls(starter_bundle(), name=STARTER, runtime=runtime, threads=threads)
        if isinstance(model, int) or model == CHAMPION:
            number, bundle = _from_database(model if isinstance(model, int) else None, database=database)
            return cls(bundle, name=str(number), runtime=runtime, threads=threads)
        try:
            return cls(_read_file(Path(model)), name=fspath(model), runtime=runtime, threads=threads)
        except BundleError as error:
            error.where = fspath(model)
            raise

    def classify(
        self, texts: Iterable[str | None], *, max_error: float | None = None, strict: bool = False
    ) -> Classifications:
        """Classify texts: a list, a Series of pandas or polars, an Arrow array, any iterable of str.

        A text that is missing or empty keeps its place and has an `error`, as a row of a file has.
        max_error: call texts `unsure`, so that at most about this share of the other labels is wrong; whether that is
        promised of these texts, `promise` of the result says. strict: raise NoPromiseError where it is not.

        Raises WrongUsageError, and NoRecordError where the model cannot tell when it is sure.

        >>> from newsgate import Classifier
        >>> found = Classifier.load().classify(["The state laboratory processed 18,500 tests this week"], max_error=0.1)
        >>> found[0].label, found.promise.is_kept
        ('unsure', False)
        >>> print(found.promise)
        an error of 0.1 is not promised: there is too little to compare it with what the error was measured on
        """
        accepted = None if max_error is None else wanted_error(max_error)
        if strict and accepted is None:
            raise WrongUsageError("strict is about max_error", remedy="Give max_error, the error that you accept")
        given = given_texts(texts)
        scores, summary = self._scores(given.scorable())
        promise = None if accepted is None else self._promise(summary, max_error=accepted, strict=strict)
        if promise is not None and not promise.is_kept:
            log.warning("%s", promise)
        self._warn_of_other_kind(summary)
        rows = list(_rows(given, scores, threshold=None if promise is None else promise.threshold))
        return Classifications(rows, promise=promise, index=given.index)

    def explain(self, text: str, *, max_tokens: int = 256) -> Explanation:
        """Explain what the model makes of a text: what each of its first `max_tokens` tokens is worth to the score.

        The time grows with the square of the tokens. Raises WrongUsageError for an empty text.

        >>> from newsgate import Classifier
        >>> why = Classifier.load().explain("Nurse reveals: microchip in the vaccine")
        >>> most = sorted(why.tokens, key=lambda token: -token.effect)[:4]
        >>> "vaccine" in [token.word for token in most]
        True
        """
        from newsgate.api.explanation import explanation_of
        from newsgate.model.bundle import read_bundle
        from newsgate.model.explanation import explain
        from newsgate.model.runtime import open_runtime

        if not words(text, "the text").strip():
            raise WrongUsageError("the text is empty", remedy="Give a text")
        most = whole_number(max_tokens, "max_tokens", least=1)
        bundle = read_bundle(self._bundle)
        return explanation_of(explain(bundle, open_runtime(bundle, runtime=self._runtime), text, most_tokens=most))

    def _scores(self, texts: list[str]) -> tuple[list[Scores], Summary]:
        from newsgate.model.score_summary import Summary, summarise

        blocks = [
            self._classifier.classify(texts[start : start + _BLOCK_TEXTS])
            for start in range(0, len(texts), _BLOCK_TEXTS)
        ]
        return blocks, sum(map(summarise, blocks), Summary())

    def _promise(self, summary: Summary, *, max_error: float, strict: bool) -> Promise:
        from newsgate.tasks.inspecting.likeness import compare_summaries, reference_of
        from newsgate.tasks.inspecting.promise import NoPromiseError, promise_by_likeness
        from newsgate.tasks.models.abstention import threshold_of_metadata

        metadata = self._classifier.metadata.as_dict()
        promise = promise_by_likeness(
            compare_summaries(reference_of(metadata), summary),
            max_error=max_error,
            threshold=lambda error: threshold_of_metadata(metadata, model=self.name, max_error=error),
        )
        if strict and not promise.is_kept:
            raise NoPromiseError(str(promise), remedy="Leave strict out, or accept a larger error")
        return promise

    def _warn_of_other_kind(self, summary: Summary) -> None:
        from newsgate.tasks.inspecting.likeness import Familiar, describe_unfamiliar

        seen = Familiar(sum(summary.familiarity), summary.unfamiliar)
        if (said := describe_unfamiliar(seen, model=f"model {self.name}")) is not None:
            log.warning("%s", said)


def _rows(given: GivenTexts, blocks: list[Scores], *, threshold: float | None) -> Iterator[Classification]:
    scored = (
        row
        for scores in blocks
        for row in zip(
            scores.p_fake.tolist(),
            scores.familiarity.tolist(),
            scores.truncated.tolist(),
            scores.token_counts.tolist(),
            strict=True,
        )
    )
    for place, text in enumerate(given.texts):
        if (error := given.errors.get(place)) is not None:
            yield Classification(text, None, None, error=error)
            continue
        p_fake, familiarity, truncated, token_count = next(scored)
        known = familiarity if math.isfinite(familiarity) else None
        if math.isfinite(p_fake):
            label = _label(p_fake, threshold)
            yield Classification(text, label, p_fake, known, truncated, token_count)
        else:
            yield Classification(text, None, None, known, truncated, token_count, NOT_FINITE)


def _label(p_fake: float, threshold: float | None) -> Literal["fake", "real", "unsure"]:
    # As `db.results.is_sure` asks it in SQL.
    if threshold is not None and not (p_fake >= threshold or 1 - p_fake >= threshold):
        return "unsure"
    return label_of(p_fake)


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NoSuchModelFileError(
            f"the model cannot be read ({error.strerror})",
            where=str(path),
            remedy=f"Give the path of a bundle, the number of a model, {STARTER!r} or {CHAMPION!r}",
        ) from error


def _from_database(number: int | None, *, database: str | None) -> tuple[int, bytes]:
    from newsgate.db.model_registry import choose_model, read_bundle_bytes
    from newsgate.tasks.running.open_database import ensure_champion, open_database
    from newsgate.worker.settings import load_settings

    opened = open_database(load_settings(database_url=database))
    try:
        if number is None:
            ensure_champion(opened)
        with opened.read() as connection:
            chosen = choose_model(connection, number)
            return chosen, read_bundle_bytes(connection, chosen)
    finally:
        opened.close()
