"""Installs a wheel into environments that have nothing else, and does the main job there.

`try_wheel.py WHEEL [EXTRA ...]`: without an EXTRA, every one is tried, each in an environment of its own, and none too.
That takes some minutes, and the libraries are fetched from PyPI. `none` is the wheel without an extra.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_HEADLINES = _ROOT / "examples" / "headlines.csv"
# What each extra adds, as a command of that environment that fails without it.
CHECKS = {
    "none": ["newsgate", "--version"],
    "postgres": ["python", "-c", "import psycopg"],
    "metrics": ["python", "-c", "import newsgate.tasks.metrics.system_collector"],
    "files": ["newsgate", "results", "1", "--format", "parquet", "-o", "verdicts.parquet"],
    "web": ["python", "-c", "import newsgate.web.server"],
    # TensorFlow itself scores the texts.
    "training": ["newsgate", "classify", "--again", str(_HEADLINES)],
}
_SETTINGS = {"training": {"NEWSGATE_RUNTIME": "keras"}}
_PATIENCE_SECONDS = 600


class TrialError(Exception):
    """What was tried does not do what it should."""


def main(wheel: Path, extras: Sequence[str]) -> None:
    """Try the wheel with each extra. Raises TrialError."""
    for extra in extras or CHECKS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="newsgate-wheel-") as folder:
            said = try_wheel(wheel.resolve(), extra, Path(folder))
        print(f"{wheel.name}, {extra}: {said} ({time.monotonic() - began:.0f} s)", flush=True)


def try_wheel(wheel: Path, extra: str, folder: Path) -> str:
    """Install, classify from another folder, and do what the extra is for; gives what doctor says of compiled code."""
    environment = _install(wheel, extra, folder)
    verdicts = _run(["newsgate", "classify", str(_HEADLINES)], environment, folder)
    rows = list(csv.DictReader(io.StringIO(verdicts)))
    if len(rows) != 36 or {row["label"] for row in rows} != {"fake", "real"}:
        raise TrialError(f"{len(rows)} verdicts came of 36 headlines")
    doctor = json.loads(_run(["newsgate", "doctor", "--json"], environment, folder))
    (compiled,) = [check for check in doctor["checks"] if check["part"] == "compiled code"]
    if ("shipped in the wheel" in compiled["detail"]) != ("manylinux" in wheel.name):
        raise TrialError(f"doctor says of {wheel.name}: {compiled['detail']}")
    _run(CHECKS[extra], {**environment, **_SETTINGS.get(extra, {})}, folder)
    return str(compiled["detail"])


def _install(wheel: Path, extra: str, folder: Path) -> dict[str, str]:
    """Make an environment with the wheel alone; gives the variables with which its programs are run."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if uv is None:
        raise TrialError("uv is missing: run `make dev`")
    here = folder / "environment"
    wanted = str(wheel) if extra == "none" else f"{wheel}[{extra}]"
    for command in (
        [uv, "venv", "-q", "--python", sys.executable, str(here)],
        [uv, "pip", "install", "-q", "--python", str(here / "bin" / "python"), wanted],
    ):
        _run(command, dict(os.environ), folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("NEWSGATE_", "PYTHON"))}
    return {**clean, "PATH": f"{here / 'bin'}:{os.environ['PATH']}", "NEWSGATE_HOME": str(folder / "home")}


def _run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False, timeout=_PATIENCE_SECONDS
    )
    if done.returncode:
        raise TrialError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2:])
    except TrialError as error:
        sys.exit(f"error: {error}")
