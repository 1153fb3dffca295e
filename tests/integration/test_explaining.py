"""`newsgate explain` on a database: the item's own verdict by its own model, and nothing of TensorFlow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.db.schema import ensure_schema
from newsgate.db.session import Database
from newsgate.main import newsgate
from newsgate.tasks.classifying.reclassify import reclassify
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk on SQLite that the command line finds as its own database."""
    url = f"sqlite:///{tmp_path / 'newsgate.db'}"
    monkeypatch.setenv("NEWSGATE_DATABASE_URL", url)
    database = Database(url)
    ensure_schema(database)
    yield Desk(database, tmp_path)
    database.close()


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(newsgate, ["explain", *arguments], catch_exceptions=False)


def test_an_item_is_explained_by_the_model_of_its_latest_verdict(desk: Desk, tmp_path: Path) -> None:
    batch = desk.enqueue(3)
    item = str(_first_item(desk))
    before = explain(item)
    assert before.exit_code == 1
    assert f"item {item} has no verdict yet" in before.stderr

    desk.work_off(batch)
    first = desk.results(batch)[0]
    told = json.loads(explain(item, "--format", "json").stdout)
    assert (told["item"], told["model"], told["label"]) == (first.item, first.model, first.label)
    assert told["p_fake"] == pytest.approx(first.p_fake, abs=1e-5)
    assert len(told["tokens"]) == first.token_count

    other = store_bundle(desk.database, contrary_bundle(), name="contrary")
    by_other = json.loads(explain(item, "--model", str(other), "--format", "json").stdout)
    assert by_other["model"] == other
    reclassify(batch, model=other, settings=desk.settings, database=desk.database)
    desk.work_off(batch)
    latest = json.loads(explain(item, "--format", "json").stdout)
    assert latest == by_other
    assert latest["p_fake"] == pytest.approx(desk.results(batch)[0].p_fake, abs=1e-5)

    page = tmp_path / "why.html"
    shown = explain(item, "--html", str(page))
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert f"batch {batch}, row {first.row}, item {item}" in page.read_text(encoding="utf-8")


def test_an_item_that_failed_says_why_it_has_no_score(desk: Desk) -> None:
    batch = desk.enqueue(2)
    desk.finish(batch, failing=[2])
    failed = explain(str(_first_item(desk)))
    assert failed.exit_code == 1
    assert "has an error in place of a verdict: no" in failed.stderr


def test_a_hostile_text_reaches_no_terminal_and_a_table_fits_a_hundred_columns() -> None:
    done = explain("\x1b[2J\x07 <script> \u202eevil " + "word " * 20 + "a" * 60)
    assert done.exit_code == 0
    assert all(character.isprintable() or character == "\n" for character in done.output)
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert "gates describe what the network did; leaving a token out attributes" in done.stderr


def test_explaining_imports_nothing_of_the_training_extra(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom newsgate.main import newsgate\n"
        f"newsgate(['explain', 'a text', '--html', {str(tmp_path / 'a.html')!r}], standalone_mode=False)\n"
        "print(*sorted({'keras', 'tensorflow', 'onnx', 'tokenizers', 'h5py', 'sklearn'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def _first_item(desk: Desk) -> int:
    from sqlalchemy import func, select

    from newsgate.db.tables import items

    with desk.database.read() as connection:
        number: int = connection.execute(select(func.min(items.c.id))).scalar_one()
    return number
