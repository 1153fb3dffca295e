"""Texts that nobody has labelled, from the database to a challenger that has learned from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsgate.db.labels import add_labels, latest_label_id
from newsgate.db.unlabelled import newest_unlabelled
from newsgate.tasks.retraining.retrain import collect_labels, collect_unlabelled, part_labels, train_challenger
from newsgate.training.judging_split import CorpusSplit, would_judge
from newsgate.training.near_duplicates import near_duplicates
from newsgate.training.recipe import Recipe
from tests.desk import Desk
from tests.labelled import labelled_posts

RECIPE = Recipe(
    vocabulary_size=300,
    embedding_width=8,
    lstm_units=4,
    max_tokens=8,
    max_epochs=1,
    batch_rows=128,
    word_vectors=False,
    teacher="linear",
    variants=1,
)


def unlabelled(desk: Desk, *, limit: int = 1000) -> list[str]:
    with desk.database.read() as connection:
        return list(newest_unlabelled(connection, limit=limit))


def label(desk: Desk, judged: list[tuple[str, str]], *, chosen: str) -> None:
    with desk.database.write() as connection:
        add_labels(connection, judged, labelled_by="ann", chosen=chosen)


def test_the_newest_texts_without_a_label_come_first(desk: Desk) -> None:
    old, new = desk.enqueue(5, seed=1), desk.enqueue(5, seed=2)
    texts = {batch: [row.text for row in _finished(desk, batch)] for batch in (old, new)}
    assert unlabelled(desk) == texts[new][::-1] + texts[old][::-1]
    label(desk, [(texts[new][4], "fake"), (texts[old][0], "real")], chosen="direct")
    assert unlabelled(desk) == texts[new][3::-1] + texts[old][:0:-1]
    assert unlabelled(desk, limit=5) == texts[new][3::-1]
    desk.assert_sound()


@pytest.mark.usefixtures("eagerly")
def test_a_challenger_learns_from_them_and_never_from_what_judges(desk: Desk, tmp_path: Path) -> None:
    batch = desk.enqueue(30)
    first, second, *others = [row.text for row in _finished(desk, batch)]
    label(desk, labelled_posts(60, seed=1), chosen="direct")
    # One judging text was enqueued too, and the other comes with another link.
    label(desk, [*labelled_posts(40, seed=2), (first, "fake"), (f"{second} https://t.co/1", "real")], chosen="test")
    split = _split(desk)

    chosen = collect_unlabelled(split, RECIPE, database=desk.database)
    assert chosen == tuple(text for text in others[::-1] if not would_judge(text, split.judging_share))
    none = replace(RECIPE, unlabelled_words=0)
    assert collect_unlabelled(split, none, database=desk.database) == ()

    bundle = train_challenger(split, RECIPE, unlabelled=chosen, cache_folder=tmp_path)
    assert bundle.metadata.recipe["unlabelled_texts"] == len(chosen)
    assert sum(bundle.metadata.training_data.rows.values()) == 60


@pytest.mark.usefixtures("eagerly")
def test_no_text_that_judges_tomorrow_is_trained_on_tonight(desk: Desk, tmp_path: Path) -> None:
    texts = [row.text for row in _finished(desk, desk.enqueue(60))]
    label(desk, labelled_posts(60, seed=1), chosen="direct")
    tonight = _split(desk)
    trained_on = collect_unlabelled(tonight, RECIPE, database=desk.database)
    bundle = train_challenger(tonight, RECIPE, unlabelled=trained_on, cache_folder=tmp_path)
    assert bundle.metadata.recipe["unlabelled_texts"] == len(trained_on) > 30

    label(desk, [(text, "fake" if row % 2 else "real") for row, text in enumerate(texts)], chosen="random")
    judging = _split(desk).judging
    assert judging is not None
    assert len(judging) > 5
    assert not {(one, other) for one in judging.texts for other in trained_on if near_duplicates(one, other)}
    desk.assert_sound()


def _split(desk: Desk) -> CorpusSplit:
    with desk.database.read() as connection:
        last = latest_label_id(connection)
    return part_labels(collect_labels(desk.database, up_to=last))


def _finished(desk: Desk, batch: int) -> list[Any]:
    desk.finish(batch)
    return desk.results(batch)
