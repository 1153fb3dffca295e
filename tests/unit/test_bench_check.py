"""`make bench-check`: what is judged, and how it is told; nothing is timed here."""

from __future__ import annotations

import pytest

from benchmarks.pipeline import check
from benchmarks.pipeline.check import Compared, last_tag, require_fast_enough, table
from benchmarks.pipeline.gpu import report
from benchmarks.shared.processes import BenchmarkError


def test_the_median_of_the_repeats_is_judged() -> None:
    good, bad = Compared("newsgate", [0.5, 0.9, 1.4]), Compared("servers", [0.89, 0.2, 1.4])
    assert [good.is_fast_enough, bad.is_fast_enough] == [True, False]
    require_fast_enough([good], commit="v1")
    with pytest.raises(BenchmarkError, match=r"^slower than 0\.9 of what v1 does: servers 0\.89$"):
        require_fast_enough([good, bad], commit="v1")
    told = table([good, bad])
    assert "| newsgate | 0.90 | 0.50 to 1.40 | yes |" in told
    assert "| servers | 0.89 | 0.20 to 1.40 | no |" in told


def test_the_last_tag_is_compared_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "run_to_end", lambda *_, **__: "v0.2.0\n")
    assert last_tag() == "v0.2.0"


def test_where_there_is_no_tag_it_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise BenchmarkError("fatal: No names found")

    monkeypatch.setattr(check, "run_to_end", fail)
    with pytest.raises(BenchmarkError, match=r"there is no tag .*make bench-check BESIDE="):
        last_tag()


def test_the_report_of_a_gpu_has_both_tables() -> None:
    seconds, rates = {"on the CPU": [30.0], "on the GPU": [10.0]}, {"Keras on the GPU": [50_000.0]}
    told = report("a GPU", seconds, rates, labels=100, rows=2000)
    assert "| on the GPU | 10.0 |" in told
    assert "| Keras on the GPU | 50 000 |" in told
    assert "a GPU, beside" in told
