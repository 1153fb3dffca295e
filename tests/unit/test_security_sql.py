"""No SQL is put together from values: what is not a constant travels as a bound parameter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_FILES = sorted(path for room in ("db", "tasks", "worker", "newsgate") for path in (_ROOT / room).rglob("*.py"))
# What takes SQL as text, and so must be given a constant.
_TAKES_SQL = {"text", "exec_driver_sql", "literal_column", "DDL", "execute", "executemany", "copy", "op.execute"}
# (file, function): where names of tables, columns or checks from this code itself are put into SQL.
_ALLOWED = {
    ("db/audit.py", "_run"),
    ("db/bulk_insert.py", "_copy"),
    ("db/bulk_insert.py", "_insert"),
    ("db/migrations/versions/0006_other_columns.py", "downgrade"),
    ("db/migrations/versions/0006_other_columns.py", "upgrade"),
    # `newsgate migrate --partition` and its partitions: names of tables, numbers of batches and of items.
    ("db/partitions.py", "define"),
    ("db/session.py", "set_up"),
    ("db/session.py", "begin"),
}


def made_sql(source: str) -> Iterator[tuple[str, int]]:
    """The functions, with the line, that give SQL which is put together, or that is not seen to be a constant."""
    for function in [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.Module)]:
        for call in _own_calls(function):
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if name in _TAKES_SQL and call.args and _is_made(call.args[0], strictly=name not in ("execute", "copy")):
                yield getattr(function, "name", "module"), call.lineno


def _own_calls(function: ast.AST) -> Iterator[ast.Call]:
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def _is_made(given: ast.expr, *, strictly: bool) -> bool:
    if isinstance(given, ast.Constant):
        return False
    if isinstance(given, ast.JoinedStr | ast.BinOp):
        return True
    if isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute) and given.func.attr in ("format", "join"):
        return True
    # `execute` takes SQLAlchemy's own statements too, under any name.
    return strictly and not (isinstance(given, ast.Name) and given.id.isupper())


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_sql_is_constant_outside_the_places_that_say_why(path: Path) -> None:
    file = str(path.relative_to(_ROOT))
    found = [(function, line) for function, line in made_sql(path.read_text()) if (file, function) not in _ALLOWED]
    assert found == []


def test_every_allowed_place_still_needs_it() -> None:
    needed = {
        (file, function)
        for file in {file for file, _ in _ALLOWED}
        for function, _ in made_sql((_ROOT / file).read_text())
    }
    assert needed >= _ALLOWED


@pytest.mark.parametrize(
    "code",
    [
        "def f(c, name): c.execute(text(f'select * from {name}'))",
        "def f(c, name): c.execute(text('select * from ' + name))",
        "def f(c, name): c.execute(text('select * from %s' % name))",
        "def f(c, name): c.exec_driver_sql('select * from {}'.format(name))",
        "def f(c, query): c.execute(text(query))",
        "def f(c, name): c.execute(f'select * from {name}')",
    ],
)
def test_the_search_finds_sql_that_is_put_together(code: str) -> None:
    assert [function for function, _ in made_sql(code)] == ["f"]
