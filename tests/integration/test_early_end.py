"""Whoever stops reading early, as `| head` does, hears of nothing but what stopped them."""

from __future__ import annotations

import io
import sys

import pytest

from newsgate.console.results_output import ResultsOutput, write_results
from newsgate.db.results import ResultFilter
from newsgate.tasks.exporting.formats import OutputForm
from tests.desk import Desk


class _ReaderWhoSawEnough(io.StringIO):
    """A pipe that is closed after the first line."""

    def write(self, text: str, /) -> int:
        if self.getvalue():
            raise BrokenPipeError
        return super().write(text)


@pytest.mark.parametrize(
    ("form", "own_columns"), [("table", False), ("csv", False), ("jsonl", False), ("csv", True), ("jsonl", True)]
)
def test_no_cursor_outlives_its_connection(
    desk: Desk, form: str, own_columns: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    batch = desk.enqueue(250)
    desk.finish(batch)
    monkeypatch.setattr(sys, "stdout", _ReaderWhoSawEnough())
    with pytest.raises(BrokenPipeError) as stopped:
        write_results(desk.database, ResultFilter(batch), ResultsOutput(OutputForm(form), own_columns=own_columns))
    desk.database.close()
    # With it goes all that it had left half done.
    del stopped
    assert caplog.records == []
