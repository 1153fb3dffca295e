"""A batch in another language than its model's is told wherever it is shown, and nothing of it is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsgate.db.batch_status import batch_status
from newsgate.db.session import Database
from newsgate.main import newsgate
from newsgate.model.languages import read_languages
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import EnqueueInterruptedError, Progress, Request
from tests.bundles import contrary_bundle, store_bundle
from tests.desk import Desk
from tests.unit.test_languages import SENTENCES

_TOLD = "most texts are in German (100%), and {} was trained on English: its verdicts on others mean little"


def _file(folder: Path, language: str, rows: int = 6) -> Path:
    file = folder / f"{language}.csv"
    sentences = SENTENCES[language]
    file.write_text("text\n" + "".join(f'"{sentences[row % len(sentences)]}"\n' for row in range(rows)))
    return file


def _run(*arguments: str | Path) -> Result:
    done = CliRunner().invoke(newsgate, list(map(str, arguments)))
    assert done.exit_code == 0, done.output
    return done


def test_it_is_told_by_enqueue_status_and_report(tmp_path: Path) -> None:
    done = _run("enqueue", "--json", _file(tmp_path, "de"))
    assert f"warning: batch 1: {_TOLD.format('model 1')}\n" in done.stderr
    figures = json.loads(done.stdout)
    assert (figures["items"], figures["rejected"], figures["other_language"]) == (6, 0, "de")
    assert f"warning: batch 1: {_TOLD.format('model 1')}\n" in _run("status", "1").stderr
    assert f"warning: batch 1: {_TOLD.format('model 1')}\n" in _run("status").stderr
    status = json.loads(_run("status", "1", "--json").stdout)
    assert (status["languages"], status["other_language"]) == ({"de": 1.0}, "de")
    page = _run("report", "1").stdout
    assert '<p class="caution">Most texts are in German (100%), and the model was trained on English:' in page


def test_a_model_that_was_trained_on_the_language_reads_it(tmp_path: Path) -> None:
    english = tmp_path / "en.csv"
    english.write_text("text\n" + "The minister says that schools will open again on Monday.\n" * 3)
    first = _run("enqueue", "--json", english)
    assert json.loads(first.stdout)["other_language"] is None
    database = Database(f"sqlite:///{tmp_path / 'home' / 'newsgate.db'}")
    german = store_bundle(database, contrary_bundle(), name="german", changed={"languages": ["de"]})
    silent = _run("enqueue", "--model", str(german), _file(tmp_path, "de"))
    assert "most texts" not in silent.stderr
    listed = _run("enqueue", "--model", str(german), "--again", "--json", english, _file(tmp_path, "fr"))
    assert [each["other_language"] for each in json.loads(listed.stdout)] == ["en", "fr"]
    assert "most texts" not in _run("report", "2").stdout
    database.close()


def test_a_file_that_was_stored_in_two_parts_is_looked_at_as_a_whole(desk: Desk) -> None:
    request = Request(str(_file(desk.folder, "de", rows=25)))

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(EnqueueInterruptedError):
        enqueue(request, settings=desk.settings, database=desk.database, progress=stop)
    done = enqueue(request, settings=desk.settings, database=desk.database)
    with desk.database.read() as connection:
        languages = read_languages(batch_status(connection, done.batch).languages)
    assert (languages.texts, languages.together) == (25, "de")
