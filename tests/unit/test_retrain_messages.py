"""What `newsgate retrain` says at its end: advice only where it helps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from newsgate.commands.retrain import _summary
from newsgate.db.jobs import JobRecord

_NOW = datetime(2026, 11, 29, tzinfo=UTC)


def record(state: str, **outcome: Any) -> JobRecord:
    return JobRecord("retrain", "by hand", state, 1, "worker", _NOW, _NOW, outcome)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            {"reason": "3 labels are new", "new_labels": 3, "needed": 200},
            "nothing was trained: 3 labels are new. --force trains anyway",
        ),
        ({"reason": "no text is labelled real"}, "nothing was trained: no text is labelled real"),
        # No decision could follow a training, so it is not begun with --force either.
        (
            {"reason": "34 texts may judge", "judging_rows": 34, "needed": 200},
            "nothing was trained: 34 texts may judge",
        ),
    ],
)
def test_force_is_advised_only_where_it_changes_something(outcome: dict[str, Any], said: str) -> None:
    assert _summary(record("skipped", **outcome)) == said
