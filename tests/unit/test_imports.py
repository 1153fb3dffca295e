"""What is imported when, and from where: the packages' names are generic, and heavy libraries must stay away."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "keras", "tensorflow", "onnxruntime", "onnx", "tokenizers")
_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("package", ["newsgate", "tasks", "worker", "training", "model", "db", "foundation"])
def test_each_package_is_this_projects_own(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).parent == _ROOT / package


def _imported_after(code: str) -> set[str]:
    probe = f"{code}\nimport json, sys; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    printed = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, cwd="/").stdout
    return set(json.loads(printed.splitlines()[-1]))


def test_importing_enqueue_leaves_heavy_libraries_out() -> None:
    imported = _imported_after("import newsgate.enqueue")
    assert imported.isdisjoint(HEAVY)
    # Nor what only its work needs: `enqueue --help` answers at once.
    assert imported.isdisjoint({"sqlalchemy", "celery", "pydantic"})


def test_enqueueing_a_file_leaves_heavy_libraries_out(tmp_path: Path) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("text\nhello\n")
    code = f"import newsgate.enqueue as e\ne.enqueue([{str(file)!r}], standalone_mode=False)"
    assert _imported_after(code).isdisjoint(HEAVY)


def test_a_classifying_worker_never_imports_tensorflow(tmp_path: Path) -> None:
    code = f"""
import tasks.work as work
from tasks.classify import classify_chunk
from tasks.enqueue import Request, enqueue
from tasks.opening import open_database
from worker.settings import load_settings
settings = load_settings(home={str(tmp_path)!r})
database = open_database(settings)
file = {str(tmp_path / "posts.csv")!r}
open(file, "w").write("text\\nhello\\n")
enqueue(Request(file), settings=settings, database=database)
assert classify_chunk(1, work.make_workshop(settings, database), from_broker=True) == "done"
"""
    imported = _imported_after(code)
    assert "numpy" in imported
    assert imported.isdisjoint({"keras", "tensorflow", "onnx", "onnxruntime", "tokenizers"})
