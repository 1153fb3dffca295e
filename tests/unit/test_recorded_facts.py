"""What a model's metadata may hold: facts, or anything at all."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.model.abstention import MOST_ROWS, RiskCoverage, Step, threshold_for
from newsgate.model.bundle import read_bundle
from newsgate.model.recorded_facts import JudgedFigures, recorded_facts, without_odd_numbers
from newsgate.model.starter import starter_bundle

_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("rows", "fake", "real")), inner),
    max_leaves=6,
)
_METADATA = st.dictionaries(
    st.sampled_from(("training_data", "metrics", "corpus")),
    _ANY_JSON
    | st.dictionaries(st.sampled_from(("rows", "validation", "held_back", "label_id")), _ANY_JSON)
    | st.fixed_dictionaries({"validation": st.fixed_dictionaries({"rows": _ANY_JSON, "accuracy": _ANY_JSON})}),
)


def test_the_starters_facts_are_read() -> None:
    facts = recorded_facts(read_bundle(starter_bundle()).metadata.as_dict())
    assert facts.trained_rows is not None
    assert facts.trained_texts == sum(facts.trained_rows.values())
    assert facts.judged is not None
    assert facts.judged.rows == 527
    assert facts.damaged == ()


def test_nothing_recorded_is_not_damage() -> None:
    facts = recorded_facts({})
    assert (facts.trained_rows, facts.judged, facts.label_id, facts.damaged) == (None, None, 0, ())


@given(_METADATA)
def test_no_metadata_breaks_what_shows_a_model(metadata: dict[str, Any]) -> None:
    facts = recorded_facts(metadata)
    assert set(facts.damaged) <= {"training_data", "metrics", "corpus"}
    assert facts.trained_texts is None or facts.trained_texts >= 0
    assert facts.judged is None or 0 <= facts.judged.accuracy <= 1
    json.dumps(without_odd_numbers(metadata), allow_nan=False)


@pytest.mark.parametrize(
    "figures",
    [
        {"rows": 9},
        {"rows": "9", "accuracy": 0.5},
        {"rows": -1, "accuracy": 0.5},
        {"rows": 10**30, "accuracy": 0.5},
        {"rows": 9, "accuracy": float("nan")},
        {"rows": 9, "accuracy": "0.5"},
        {"rows": True, "accuracy": 0.5},
        {"rows": 9, "accuracy": 0.5, "weighted_f1": [0.5]},
        [0.5],
        7,
    ],
)
def test_odd_metrics_are_left_out_and_named(figures: Any) -> None:
    facts = recorded_facts({"metrics": {"held_back": figures}, "training_data": {"rows": {"fake": 1, "real": 2}}})
    assert (facts.judged, facts.damaged, facts.trained_texts) == (None, ("metrics",), 3)
    assert recorded_facts({"metrics": {"held_back": {"rows": 9, "accuracy": 1}}}).judged == JudgedFigures(9, 1.0, None)


def test_a_record_of_a_thousand_million_mistakes_costs_neither_memory_nor_time() -> None:
    record = RiskCoverage(MOST_ROWS, (Step(0.5, MOST_ROWS, 10**9), Step(0.6, 10**9, 499_999_000), Step(0.7, 10**8, 7)))
    tracemalloc.start()
    began = time.process_time()
    assert threshold_for(record, max_error=0.5) == 0.7
    took = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6
    assert took < 5


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        (MOST_ROWS + 1, [{"threshold": 0.5, "rows": 3, "mistakes": 0}]),
        (2000, [{"threshold": 0.5 + step / 1000, "rows": 900, "mistakes": 400 - step} for step in range(65)]),
    ],
)
def test_a_record_larger_than_any_is_refused(rows: int, steps: list[dict[str, float]]) -> None:
    with pytest.raises(ValueError, match="more than"):
        RiskCoverage.from_json({"rows": rows, "steps": steps})
