"""The benchmark of few labels: what is drawn, and its table."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

from benchmarks.accuracy.few_labels import Measured, _drawn, table


def write_set(folder: Path, *, part: str, fakes: int, reals: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder / f"{part}.csv.gz", "wt", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        rows.writerows((f"{part} hoax {number}", "fake") for number in range(fakes))
        rows.writerows((f"{part} news {number}", "real") for number in range(reals))


def test_so_many_labels_are_drawn_both_as_often_as_in_the_set(tmp_path: Path) -> None:
    for part, size in (("train", 100), ("val", 10), ("test", 20)):
        write_set(tmp_path / "onion", part=part, fakes=size, reals=3 * size)
    for labels in (49, 50, 101):
        train, test = _drawn("onion", labels=labels, seed=0, data=tmp_path)
        assert len(train) == labels == len(set(train.texts))
        assert abs(train.counts["fake"] - labels / 4) <= 1
        assert len(test) == 80
    one, same = (_drawn("onion", labels=50, seed=3, data=tmp_path)[0] for _ in range(2))
    assert one == same != _drawn("onion", labels=50, seed=4, data=tmp_path)[0]


def measured(labels: int, seed: int, newsgate: float, minilm: float | None) -> Measured:
    made = {"date": "2026-11-29", "commit": "abc", "processor": "any"}
    return Measured(
        set="onion",
        labels=labels,
        seed=seed,
        settings_sha256="",
        texts_sha256="",
        newsgate=newsgate,
        svc=0.5,
        minilm=minilm,
        made=made,
    )


def test_the_table_has_a_row_for_each_amount_and_leaves_out_what_was_not_measured() -> None:
    told = table([measured(100, 0, 0.8, 0.7), measured(100, 1, 0.9, None), measured(50, 0, 0.6, None)])
    assert "| onion | 50 | 1 | 60.0 | 50.0 |  |" in told
    assert "| onion | 100 | 2 | 85.0 (80.0 to 90.0) | 50.0 | 70.0 |" in told
    assert table([]) == "Not measured yet."
