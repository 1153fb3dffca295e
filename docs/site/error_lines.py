"""Writes into docs/troubleshooting.md the lines that each error can say: `make reference`. A test compares them.

The lines are read out of the code: the text that an error is made with, each part that is only known then as `…`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

_ROOT = Path(__file__).parents[2]
PAGE = _ROOT / "docs" / "troubleshooting.md"
_ROOMS = ("db", "foundation", "model", "newsgate", "tasks", "training", "worker")
_BLOCK = re.compile(r"^<!-- (\w+) -->\n(?:```text\n.*?^```\n)?", re.DOTALL | re.MULTILINE)
_UNKNOWN = "…"


@cache
def error_tree() -> dict[str, list[str]]:
    """Every error that a person can see, with the lines it can say: none for one that is only the root of others."""
    texts = (file.read_text(encoding="utf-8") for file in _sources())
    # Where neither stands, no error is made or defined.
    modules = [ast.parse(text) for text in texts if "Error(" in text]
    classes = {each.name: each for module in modules for each in ast.walk(module) if isinstance(each, ast.ClassDef)}
    names = {"NewsgateError"}
    while more := {name for name, each in classes.items() if names & set(_bases(each))} - names:
        names |= more
    lines: dict[str, list[str]] = defaultdict(list)
    for name in names:
        lines[name] += _lines_of_class(classes[name])
    for module in modules:
        for function in ast.walk(module):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for name, line in _lines_of_function(function, names):
                    lines[name].append(line)
        for name, line in _lines_of_tables(module, names):
            lines[name].append(line)
    return {name: sorted(set(lines[name])) for name in sorted(names)}


def entries(page: str) -> list[str]:
    """The errors that the page explains."""
    return [found[1] for found in _BLOCK.finditer(page)]


def with_lines(page: str) -> str:
    """The page with the lines of each error below its mark."""
    tree = error_tree()

    def block(found: re.Match[str]) -> str:
        lines = "".join(f"{line}\n" for line in tree.get(found[1], []))
        return f"<!-- {found[1]} -->\n" + (f"```text\n{lines}```\n" if lines else "")

    return _BLOCK.sub(block, page)


def _sources() -> Iterator[Path]:
    for room in _ROOMS:
        # The rooms are links within newsgate/, which are not followed.
        yield from sorted((_ROOT / room).rglob("*.py"))


def _bases(each: ast.ClassDef) -> list[str]:
    return [base.id for base in each.bases if isinstance(base, ast.Name)]


def _lines_of_class(each: ast.ClassDef) -> Iterator[str]:
    """What the error says by itself, whatever it is made with."""
    for method in each.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for call in ast.walk(method):
                if isinstance(call, ast.Call) and ast.unparse(call.func) == "super().__init__" and call.args:
                    yield from _said(call.args[0], method)


def _lines_of_function(function: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]) -> Iterator[tuple[str, str]]:
    for call in ast.walk(function):
        name = ast.unparse(call.func).split(".")[-1] if isinstance(call, ast.Call) else ""
        if isinstance(call, ast.Call) and name in names and call.args:
            yield from ((name, line) for line in _said(call.args[0], function))


def _lines_of_tables(module: ast.Module, names: set[str]) -> Iterator[tuple[str, str]]:
    """What is made later of a row that holds an error's class, and what it says beside it."""
    for call in ast.walk(module):
        if isinstance(call, ast.Call):
            for held, text in pairwise(call.args):
                if isinstance(held, ast.Name) and held.id in names and isinstance(text, ast.Constant):
                    line = re.sub(r"\{\w+\}", _UNKNOWN, str(text.value))
                    if re.search(r"\w", line):
                        yield held.id, line


def _said(text: ast.expr, function: ast.FunctionDef) -> Iterator[str]:
    """What an expression can be, as far as the function itself says it."""
    if isinstance(text, ast.Name):
        for statement in ast.walk(function):
            if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == text.id:
                yield from _said(statement.value, function)
    for line in _texts(text):
        if re.search(r"\w", line):
            yield re.sub(r"…(?:[ ,]*…)+", _UNKNOWN, line)


def _texts(text: ast.expr) -> list[str]:
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return [text.value]
    if isinstance(text, ast.IfExp):
        return [*_texts(text.body), *_texts(text.orelse)]
    if isinstance(text, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else _UNKNOWN for part in text.values)
        return ["".join(map(str, parts))]
    return []


if __name__ == "__main__":
    PAGE.write_text(with_lines(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"{PAGE.relative_to(_ROOT)} is written")
