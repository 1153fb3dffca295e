"""Modules that are loaded when they are used: what uses them gets the real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_MODULE = """
def gcd_of(x):
    return x + 1
class Fraction:
    def __init__(self, *parts):
        self.a = parts
"""
_USER = """
import {module}
try_it = {module}.{function}
def later():
    return {module}.{other}
"""


def _run(folder: Path, code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_module_is_loaded_when_a_name_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(_USER.format(module="fractions", function="gcd_of", other="Fraction(1, 3)"))
    (tmp_path / "fractions.py").write_text(_MODULE)
    code = """
import sys
sys.path.insert(0, ".")
from newsgate.foundation.late_modules import imported_late
with imported_late({"fractions": ("gcd_of",)}):
    import user
print("fractions" in sys.modules, end=" ")
print(user.try_it(2), "fractions" in sys.modules, user.later().a)
import fractions
print(fractions.__file__ is not None)
"""
    assert _run(tmp_path, code) == "False 3 True (1, 3)\nTrue"


def test_what_is_needed_at_once_is_loaded_at_once(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text("import base64\nclass Mine:\n    encode = staticmethod(base64.b64encode)\n")
    code = """
import sys
sys.path.insert(0, ".")
sys.modules.pop("base64", None)
from newsgate.foundation.late_modules import imported_late
with imported_late({"base64": ()}):
    import user
print(user.Mine.encode(b"a"), sys.modules["base64"].__file__ is not None)
"""
    assert _run(tmp_path, code) == "b'YQ==' True"


def test_what_is_loaded_already_stays(tmp_path: Path) -> None:
    code = """
import json, sys
from newsgate.foundation.late_modules import imported_late
with imported_late({"json": ()}):
    import json as again
print(again is json, sys.modules["json"] is json)
"""
    assert _run(tmp_path, code) == "True True"
