"""The benchmarks of partitions and of settings of tables: what their figures become on the page."""

from __future__ import annotations

from benchmarks.scale.partitions import Purged, RowCost, report_cost, report_gain
from benchmarks.scale.table_settings import SETTINGS, Worked, report


def test_a_row_is_compared_with_the_same_row_in_plain_tables() -> None:
    told = report_cost([RowCost(0, 40.0, 636.0), RowCost(100, 41.0, 640.0)])
    assert "| plain | 40.0 | 1.000 | 636 |" in told
    assert "| 100 partitions | 41.0 | 1.025 | 640 |" in told


def test_what_is_on_paper_comes_from_what_was_measured() -> None:
    def purged(kind: str, seconds: float) -> Purged:
        return Purged(
            kind=kind,
            rows=1_000_000,
            batch_rows=100_000,
            bytes_a_row=500.0,
            question_pages=4000,
            export_pages=5000,
            purge_seconds=seconds,
            purge_log_bytes=30_000_000,
            dead_rows=200_000,
            freed_bytes=0,
        )

    told = report_gain([purged("plain", 60.0), purged("partitioned", 0.6)])
    assert "| on paper: 100 000 000 rows, GB | 50.0 | 50.0 |" in told
    # A hundred times the rows, one after the other; a partition is dropped as soon whatever is in it.
    assert "| on paper: a purge of 10 000 000 of them, minutes | 100 | as above: 0.01 |" in told
    assert "| write-ahead log of the purge, MB | 30.0 | 30.0 |" in told
    assert "| dead rows left for VACUUM | 200 000 | 200 000 |" in told


def test_each_setting_has_a_line() -> None:
    worked = [Worked(name, 5, 26, 47, 233, 0.0, 1.0, 1, 1530.0) for name in SETTINGS]
    told = report(worked, chunks=4000)
    assert "a line of 4 000 chunks" in told
    assert told.count("| 5 | 26 | 47 | 233 | 0% | 100% | 1 | 1 530 |") == len(SETTINGS)
