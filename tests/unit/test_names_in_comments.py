"""What docstrings and comments call a module of newsgate is one: a room that was renamed takes its name along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("db", "foundation", "model", "tasks", "training", "worker")
# A name in a file whose suffix looks like a module of that name.
FILES = {"model.keras", "model.onnx"}
_NAMED = re.compile(rf"`(?:newsgate\.)?((?:{'|'.join(ROOMS)})(?:\.\w+)+)`")


def _is_there(name: str) -> bool:
    """Whether `name` is a module, a package, or what the module before its last one or two words speaks of."""
    place = ROOT.joinpath(*name.split("."))
    if place.is_dir() or place.with_suffix(".py").is_file():
        return True
    for module in (place.parent, place.parent.parent):
        file = module.with_suffix(".py")
        if file.is_file():
            return re.search(rf"\b{place.name}\b", file.read_text(encoding="utf-8")) is not None
    return False


@pytest.mark.parametrize("room", [*ROOMS, "newsgate", "benchmarks", "tests"])
def test_every_module_that_is_named_is_there(room: str) -> None:
    missing = {
        (str(path.relative_to(ROOT)), name)
        for path in (ROOT / room).rglob("*.py")
        for name in _NAMED.findall(path.read_text(encoding="utf-8"))
        if name not in FILES and not _is_there(name)
    }
    assert missing == set()
