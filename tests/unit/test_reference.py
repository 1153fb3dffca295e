"""What a model's scores were like at its training, kept in its bundle, and what they are like now: one form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from newsgate.model.bundle import read_bundle
from newsgate.model.classifier import Classifier, Scores
from newsgate.model.metadata import BundleMetadata
from newsgate.model.score_summary import HISTOGRAM_BINS, Summary, summarise
from newsgate.model.starter import starter_bundle


def scores_of(*p_fake: float) -> Scores:
    rows = len(p_fake)
    return Scores(
        np.array(p_fake, np.float64),
        token_counts=np.full(rows, 10, np.int32),
        truncated=np.zeros(rows, np.bool_),
        unknown_counts=np.arange(rows, dtype=np.int32),
    )


def test_scores_are_counted_in_twenty_equal_bins() -> None:
    summary = summarise(scores_of(0.0, 0.049, 0.05, 0.5, 0.999, 1.0, float("nan")))
    expected = [0] * HISTOGRAM_BINS
    expected[0], expected[1], expected[10], expected[19] = 2, 1, 1, 2
    assert summary == Summary(tuple(expected), tokens=70, unknown=21, items=7)


def test_the_summary_of_the_parts_is_the_summary_of_the_whole() -> None:
    p_fake = np.random.default_rng(0).random(50)
    parts = summarise(Scores(p_fake[:20], np.ones(20, np.int32), np.zeros(20, np.bool_)))
    rest = summarise(Scores(p_fake[20:], np.ones(30, np.int32), np.zeros(30, np.bool_)))
    assert parts + rest == summarise(Scores(p_fake, np.ones(50, np.int32), np.zeros(50, np.bool_)))
    assert parts + Summary() == parts


def test_no_texts_have_an_empty_summary() -> None:
    assert summarise(Classifier.from_bundle_bytes(starter_bundle()).classify([])) == Summary()


def test_a_summary_is_json_and_back() -> None:
    summary = summarise(scores_of(0.1, 0.9))
    assert Summary.from_json(summary.as_json()) == summary
    assert summary.as_json().keys() == {"histogram", "tokens", "unknown", "items"}


@pytest.mark.parametrize(
    "changes",
    [{"histogram": [1]}, {"unknown": 21}, {"items": 1}, {"histogram": [-1] * 20}, {"tokens": None}, {"tokens": -1}],
)
def test_what_is_no_summary_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Summary.from_json(summarise(scores_of(0.1, 0.9)).as_json() | changes)


def test_unknown_tokens_are_counted_text_by_text() -> None:
    classifier = Classifier.from_bundle_bytes(starter_bundle())
    scores = classifier.classify(["the virus", "the \u6f22\u5b57 \u6f22 virus", "", "the virus"])
    np.testing.assert_array_equal(scores.unknown_counts, [0, 2, 1, 0])
    assert scores.unknown_counts.dtype == np.int32


def test_scores_made_without_unknown_counts_have_none() -> None:
    scores = Scores(np.array([0.5, 0.5]), np.array([3, 4], np.int32), np.array([False, False]))
    np.testing.assert_array_equal(scores.unknown_counts, [0, 0])


def test_metadata_says_nothing_of_what_nobody_recorded_and_is_read_either_way() -> None:
    metadata = replace(read_bundle(starter_bundle()).metadata, corpus=None, reference=None)
    old = metadata.as_dict()
    assert not {"corpus", "reference"} & old.keys()
    assert BundleMetadata.from_dict(old) == metadata
    recorded = replace(metadata, corpus={"label_id": 7}, reference=Summary().as_json())
    assert BundleMetadata.from_dict(recorded.as_dict()) == recorded
    # A program of before ignores what it does not know; one of later reads what was left out as None.
    assert BundleMetadata.from_dict(recorded.as_dict() | {"of tomorrow": 1}) == recorded
