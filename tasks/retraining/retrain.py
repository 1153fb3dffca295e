"""Retraining, step by step: from the labels people gave to a decision about who is champion.

collect -> split -> suspects -> train -> store -> score -> decide. The job's row says which step is under way. Killed at
any of them, the champion goes on serving, and whoever takes the job next begins anew, or goes on behind `store` with
the challenger that is stored already. Only the last step changes who is champion, in one transaction with the decision
and the job's end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from newsgate.db.jobs import RETRAIN_JOB as RETRAIN_JOB  # part of what this module says
from newsgate.db.jobs import JobClaim, end_job, last_done, note_progress
from newsgate.db.label_history import GivenLabel, given_labels
from newsgate.db.labels import count_labels, count_labels_since, latest_label_id, text_hash
from newsgate.db.model_registry import add_model, champion_number, choose_model, model_record, read_bundle_bytes
from newsgate.db.promotions import count_comparisons, decide
from newsgate.db.review import add_suspects
from newsgate.db.session import Database
from newsgate.db.unlabelled import newest_unlabelled
from newsgate.model.recorded_facts import recorded_facts
from newsgate.tasks.running.retraining_recipe import recipe_of
from newsgate.worker.settings import Settings

if TYPE_CHECKING:
    from newsgate.model.classifier import Classifier
    from newsgate.training.judging_split import CorpusSplit
    from newsgate.training.progress import Progress
    from newsgate.training.promotion import Decision, PairedScores
    from newsgate.training.recipe import Recipe
    from newsgate.training.train import TrainedBundle

log = logging.getLogger("newsgate.trainer")

STEPS = ("collect", "split", "suspects", "train", "store", "score", "decide")
SUSPECT = "its label is suspect"
_TIMED_ROUNDS = 5
# More than are ever chosen; the bound is for a database of texts that were all enqueued many times.
_NEWEST_ITEMS = 200_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A decision about a challenger, and the champion it was compared with."""

    champion: int
    challenger: int
    decision: Decision


def retrain(claim: JobClaim, *, settings: Settings, database: Database) -> None:
    """Do the job that was claimed, to its end. Raises JobFencedError where another took it over meanwhile."""
    from newsgate.training.corpus import CorpusError

    journal = _Journal(claim, database)
    try:
        _retrain(claim, journal, settings=settings, database=database)
    except CorpusError as error:
        # Another attempt would find the same labels.
        reason = f"no model can be trained on the labels: {error.what}: label more texts, fake and real"
        journal.end("skipped", {**journal.facts, "reason": reason})


def _retrain(claim: JobClaim, journal: _Journal, *, settings: Settings, database: Database) -> None:
    recipe = recipe_of(settings)
    journal.begin("collect")
    challenger: int | None = claim.progress.get("challenger")
    labels = collect_labels(database, up_to=None if challenger is None else claim.progress["label_id"])
    journal.begin("split", label_id=labels[-1].id if labels else 0)
    split = part_labels(labels)
    if (why := too_few_judges(split)) is not None:
        journal.end("skipped", {**why, "label_id": split.label_id})
        return
    if challenger is None:
        journal.begin("suspects")
        split = send_suspects_to_review(split, labels, database=database)
        journal.begin("train", corpus=split.as_json())
        unlabelled = collect_unlabelled(split, recipe, database=database)
        bundle = train_challenger(split, recipe, unlabelled=unlabelled, cache_folder=settings.home / "cache")
        journal.begin("store")
        challenger = journal.store(bundle)
    journal.begin("score")
    comparison = compare(challenger, split, database=database)
    journal.begin("decide")
    journal.decide(comparison)


def new_labels(connection: Connection) -> int:
    """How many labels are new since the last training; all of them where no model is champion."""
    if champion_number(connection) is None:
        return count_labels(connection)
    return count_labels_since(connection, _last_label_trained_on(connection))


def too_few_labels(connection: Connection, *, needed: int) -> dict[str, Any] | None:
    """Why retraining is not worth its time now, as the outcome of a job; None where enough labels are new."""
    since = _last_label_trained_on(connection)
    new = count_labels_since(connection, since)
    if new >= needed:
        return None
    reason = f"{new} labels are new since the last training, fewer than {needed}"
    return {"reason": reason, "new_labels": new, "needed": needed, "since_label_id": since}


def collect_labels(database: Database, *, up_to: int | None) -> list[GivenLabel]:
    """Every label up to the latest one; up to `up_to` where the challenger was trained in an earlier attempt."""
    with database.read() as connection:
        return list(given_labels(connection, up_to=up_to or latest_label_id(connection)))


def part_labels(labels: Sequence[GivenLabel]) -> CorpusSplit:
    """The texts that train and the texts that judge."""
    from newsgate.training.judging_split import Judgement, split_labels

    return split_labels(
        Judgement(each.id, each.text, each.label, judges=each.judges, is_test=each.is_test, counts=each.counts)
        for each in labels
    )


def too_few_judges(split: CorpusSplit) -> dict[str, Any] | None:
    """Why no decision could follow a training, as the outcome of a job; None where one can."""
    from newsgate.training.promotion import MIN_ROWS

    rows = split.counts["judging"]
    if rows >= MIN_ROWS and split.judging is not None:
        return None
    too_few = f", fewer than {MIN_ROWS}" if rows < MIN_ROWS else ", but all of them have the same label"
    reason = (
        f"{rows} labelled texts may judge models{too_few}: label texts chosen at random, "
        "or import a test set of both labels"
    )
    return {"reason": reason, "judging_rows": rows, "needed": MIN_ROWS}


def send_suspects_to_review(split: CorpusSplit, labels: Sequence[GivenLabel], *, database: Database) -> CorpusSplit:
    """Leave out the training texts whose labels are probably wrong, and ask people about them again."""
    from newsgate.training.suspect_labels import find_suspects

    suspects = find_suspects(split.train, clusters=split.train_clusters, never=confirmed_rows(split, labels))
    with database.write() as connection:
        waiting = add_suspects(connection, [text_hash(split.train.texts[row]) for row in suspects])
    log.info("%d labels are suspect, %d of them wait for review", len(suspects), waiting)
    return split.without(suspects, reason=SUSPECT)


def confirmed_rows(split: CorpusSplit, labels: Sequence[GivenLabel]) -> list[int]:
    """The training rows whose labels somebody confirmed after they were suspect, whoever said the same later."""
    confirmed = {(each.text, each.label) for each in labels if each.chosen == "suspect" and each.counts}
    rows = enumerate(zip(split.train.texts, split.train.labels, strict=True))
    return [row for row, said in rows if said in confirmed]


def collect_unlabelled(split: CorpusSplit, recipe: Recipe, *, database: Database) -> tuple[str, ...]:
    """The newest texts that nobody has labelled, as many as the recipe wants, none of them near a judging one.

    Nor is any of them a text that would judge if it were labelled at random tomorrow, or near one that was read: a
    teacher's word on a text gives none of its label away, but a model is better on texts that it has met.
    """
    from newsgate.training.judging_split import would_judge
    from newsgate.training.unlabelled import choose_unlabelled

    judging = () if split.judging is None else split.judging.texts
    with database.read() as connection, closing(newest_unlabelled(connection, limit=_NEWEST_ITEMS)) as texts:
        return choose_unlabelled(
            texts,
            most_words=recipe.wanted_unlabelled_words,
            nearly_apart_from=judging,
            reserved=lambda text: would_judge(text, split.judging_share),
        )


def train_challenger(
    split: CorpusSplit, recipe: Recipe, *, unlabelled: Sequence[str], cache_folder: Path
) -> TrainedBundle:
    """A new bundle, trained on the labels of the training side alone."""
    from newsgate.training.train import train_bundle

    return train_bundle(
        split.train,
        unlabelled=unlabelled,
        recipe=recipe,
        corpus=split.as_json(),
        cache_folder=cache_folder,
        progress=_tell,
    )


def compare(challenger: int, split: CorpusSplit, *, database: Database) -> Comparison:
    """Score both models on the judging texts, and decide between them."""
    from newsgate.training.promotion import judge

    assert split.judging is not None  # noqa: S101 - `too_few_judges` was asked before
    with database.read() as connection:
        champion = choose_model(connection, None)
        looks = count_comparisons(connection, champion) + 1
        bundles = [read_bundle_bytes(connection, number) for number in (champion, challenger)]
    ours, theirs = score(bundles, split.judging.texts)
    return Comparison(champion, challenger, judge(ours, theirs, split.judging.labels, looks=looks))


def score(bundles: Sequence[bytes], texts: Sequence[str]) -> list[PairedScores]:
    """What each model says about the texts, and how many it does in a second of processor time.

    The models take turns, and the best of several rounds counts: that is the speed of the model and not of whatever
    else the machine did.
    """
    from newsgate.model.classifier import Classifier
    from newsgate.training.promotion import PairedScores

    classifiers = [Classifier.from_bundle_bytes(data) for data in bundles]
    for classifier in classifiers:
        classifier.warm_up()
    rounds = [[_seconds(classifier, texts) for classifier in classifiers] for _ in range(_TIMED_ROUNDS)]
    return [
        PairedScores(
            p_fake=classifier.classify(texts).p_fake,
            texts_per_second=len(texts) / min(seconds),
            labels=classifier.metadata.labels,
        )
        for classifier, seconds in zip(classifiers, zip(*rounds, strict=True), strict=True)
    ]


class _Journal:
    """What the job's row says about this attempt; every entry fails where another attempt took over."""

    def __init__(self, claim: JobClaim, database: Database) -> None:
        self._claim = claim
        self._database = database
        self._facts: dict[str, Any] = {
            name: claim.progress[name] for name in ("label_id", "corpus", "challenger") if name in claim.progress
        }

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is known by now."""
        return dict(self._facts)

    def begin(self, step: str, **facts: Any) -> None:
        """Say that a step begins, and what is known by now."""
        self._facts |= {"step": step, **facts}
        with self._database.write() as connection:
            note_progress(connection, self._claim, self._facts)
        log.info("%s: %s", self._claim.period, step)

    def store(self, bundle: TrainedBundle) -> int:
        """Store the challenger, in one transaction with the note that it is there."""
        with self._database.write() as connection:
            number = add_model(
                connection,
                name=f"retrained {self._claim.period}",
                bundle=bundle.data,
                metadata=bundle.metadata.as_dict(),
            )
            self._facts["challenger"] = number
            note_progress(connection, self._claim, self._facts)
        return number

    def decide(self, comparison: Comparison) -> None:
        """Promote or reject the challenger, in one transaction with the job's end. Raises ChampionChangedError."""
        decision = comparison.decision
        reason = "; ".join(decision.reasons)
        corpus: Mapping[str, Any] = self._facts.get("corpus", {})
        outcome = {
            **self._facts,
            "champion": comparison.champion,
            "promoted": decision.promote,
            "reason": reason,
        }
        with self._database.write() as connection:
            if champion_number(connection) == comparison.challenger:
                outcome |= {"promoted": True, "reason": "a person made it champion meanwhile"}
            else:
                decide(
                    connection,
                    comparison.challenger,
                    champion=comparison.champion,
                    promoted=decision.promote,
                    reason=reason,
                    figures={**decision.figures, "corpus": corpus},
                )
            end_job(connection, self._claim, state="done", outcome=outcome)
        log.info("model %d: %s: %s", comparison.challenger, "promoted" if decision.promote else "rejected", reason)

    def end(self, state: Any, outcome: Mapping[str, Any]) -> None:
        """End the job without a decision."""
        with self._database.write() as connection:
            end_job(connection, self._claim, state=state, outcome=outcome)
        log.info("%s is %s: %s", self._claim.period, state, outcome["reason"])


def _last_label_trained_on(connection: Connection) -> int:
    champion = model_record(connection, choose_model(connection, None))
    done = last_done(connection, RETRAIN_JOB)
    return max(recorded_facts(champion.metadata).label_id, int(done.outcome.get("label_id", 0)) if done else 0)


def _seconds(classifier: Classifier, texts: Sequence[str]) -> float:
    started = time.thread_time()
    classifier.classify(texts)
    # A clock that did not move would make a speed without end.
    return max(time.thread_time() - started, 1e-6)


def _tell(progress: Progress) -> None:
    if progress.step != progress.steps:
        return
    if progress.epochs == 0:
        log.info("training: %s", progress.stage)
    else:
        log.info(
            "training: %sepoch %d of %d, held-back accuracy %.4f",
            "teacher, " if progress.stage == "teacher" else "",
            progress.epoch,
            progress.epochs,
            progress.held_back_accuracy or 0.0,
        )
