"""Examples in Python that are run: the doctests of what can be imported from newsgate, a page's and a notebook's."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from newsgate.db.session import Database
from newsgate.db.tables import chunks
from newsgate.model.starter import starter_bundle
from newsgate.tasks.classifying.classify_chunk import classify_chunk
from newsgate.tasks.classifying.worker_process import make_worker_context
from newsgate.worker.settings import load_settings
from newsgate.worker.shared_models import SharedModels

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_LOOK_SECONDS = 0.02
# Every home of these tests has the starter alone, so one copy of it serves all of them.
MODELS = SharedModels(lambda _: starter_bundle(), runtime="auto", keep=1)


@contextmanager
def working(home: Path, prepared_home: Path) -> Iterator[None]:
    """A home folder in which somebody classifies what waits, as `newsgate up` would."""
    shutil.copytree(prepared_home, home)
    settings = load_settings(home=home)
    database = Database(settings.effective_database_url)
    context = make_worker_context(settings, database)
    # The class is frozen, and the models of a process are shared.
    object.__setattr__(context, "models", MODELS)
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(_LOOK_SECONDS):
            with database.read() as connection:
                waiting = connection.execute(select(chunks.c.id).where(chunks.c.state == "queued")).scalars().all()
            for chunk in waiting:
                classify_chunk(chunk, context, from_broker=True)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()
        database.close()


def run_examples(test: doctest.DocTest) -> str:
    """Run what a docstring or a part of a page shows; gives what is wrong with it."""
    told = io.StringIO()
    doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=told.write, clear_globs=False)
    return told.getvalue()


def page_parts(page: Path) -> Iterator[tuple[str, str, int]]:
    """What a page shows, in its order: as (kind, name or code, line): files with their content, and examples."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"^```(csv|pycon)(?: (\S+))?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        kind, name, content = found.groups()
        if kind == "csv":
            Path(name).write_text(content, encoding="utf-8")
        else:
            yield kind, content, text[: found.start()].count("\n") + 1


def notebook_cells(notebook: Path) -> Iterator[tuple[str, str]]:
    """The code of each cell, and what the notebook shows below it."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"]), "".join(_shown(output) for output in cell["outputs"])


def run_cell(code: str, names: dict[str, Any]) -> str:
    """Run a cell as a notebook does; gives what it prints and the text of its last expression."""
    tree = ast.parse(code)
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr):
        tree.body.pop()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
            if value is not None:
                print(repr(value))
    return printed.getvalue()


def _shown(output: dict[str, Any]) -> str:
    if output["output_type"] == "stream":
        return "".join(output["text"]) if output["name"] == "stdout" else ""
    return "".join(output["data"]["text/plain"]) + "\n"


def _write_outputs(notebook: Path) -> None:
    """Run the notebook where it stands, and put what it prints now into it."""
    os.chdir(notebook.parent)
    document = json.loads(Path(notebook.name).read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for count, cell in enumerate((each for each in document["cells"] if each["cell_type"] == "code"), 1):
        code = "".join(cell["source"])
        lines = run_cell(code, names).splitlines(keepends=True)
        cell["execution_count"] = count
        cell["outputs"] = []
        if lines and _prints(code):
            cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": lines}]
        elif lines:
            lines[-1] = lines[-1].removesuffix("\n")
            shown = {"data": {"text/plain": lines}, "execution_count": count, "metadata": {}}
            cell["outputs"] = [{**shown, "output_type": "execute_result"}]
    Path(notebook.name).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _prints(code: str) -> bool:
    last = ast.parse(code).body[-1]
    return not isinstance(last, ast.Expr) or ast.unparse(last).startswith("print(")


# After the starter was trained anew: NEWSGATE_HOME=$(mktemp -d) python -m tests.python_examples examples/newsgate.ipynb
if __name__ == "__main__":
    _write_outputs(Path(sys.argv[1]).absolute())
