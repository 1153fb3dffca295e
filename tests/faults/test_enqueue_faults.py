"""enqueue killed at any moment, again and again, and run once more."""

from __future__ import annotations

import csv
import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.faults.conftest import MakeSite
from tests.faults.helpers import Site
from tests.programs import BIN
from tests.services import wait_until
from tests.texts import posts

_ROWS_A_BAD_ROW = 100


@pytest.mark.parametrize(("kills", "rows"), [(4, 6_000), pytest.param(12, 9_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    # Rows without labels are stored by one statement on PostgreSQL.
    ("kind", "labels"),
    [("sqlite", True), ("postgresql", True), ("postgresql", False)],
)
def test_enqueue_killed_again_and_again_stores_each_row_exactly_once(
    kind: str, labels: bool, kills: int, rows: int, new_site: MakeSite, tmp_path: Path
) -> None:
    site = new_site(kind, broker_url="redis://127.0.0.1:1/0", extra={"NEWSGATE_CHUNK_ROWS": "20"})
    file = _write_labelled(tmp_path / "posts.csv", rows)
    options = ["--label-column", "label"] if labels else []
    command = [str(BIN / "enqueue"), str(file), *options]
    pick = random.Random(42)
    stored = [0]
    for kill in range(kills):
        process = subprocess.Popen(command, env=site.world.environment, stderr=subprocess.DEVNULL)
        if kill % 4 == 0:
            # While it starts, or a little later.
            with suppress(subprocess.TimeoutExpired):
                process.wait(pick.uniform(0.0, 0.7))
        else:
            _wait_for_rows(process, site, count=stored[-1] + pick.randrange(600))
        process.kill()
        process.wait()
        stored.append(site.figure("select count(*) from items"))
        site.world.assert_sound()
    assert stored == sorted(stored)
    assert any(0 < count < rows for count in stored)

    last = site.world.run("enqueue", file, *options)
    assert last.code == 3, last.err
    assert f"batch 1: {rows} rows for model 1, {rows // _ROWS_A_BAD_ROW} refused" in last.err
    with site.database.read() as connection:
        items = connection.execute(text("select count(*), count(distinct external_id) from items")).one()
    assert tuple(items) == (rows, rows)
    assert site.figure("select count(*) from rejects") == rows // _ROWS_A_BAD_ROW
    assert site.figure("select count(*) from batches") == 1
    assert site.figure("select sum(item_count) from chunks") == rows
    # A label comes with its row, in the row's own transaction.
    assert site.figure("select count(*) from labels where text like 'Number%'") == (rows if labels else 0)
    site.world.assert_sound()


def _wait_for_rows(process: subprocess.Popen[bytes], site: Site, *, count: int) -> None:
    wait_until(
        lambda: process.poll() is not None or site.figure("select count(*) from items") > count,
        what=f"more than {count} rows are stored",
    )


def _write_labelled(path: Path, rows: int) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "text", "label"))
        for number, each in enumerate(posts(rows)):
            writer.writerow((f"post-{number}", f"Number {number}: {each}", "fake" if number % 3 else "real"))
            if number % _ROWS_A_BAD_ROW == 0:
                writer.writerow((f"bad-{number}", "", ""))
    return path
