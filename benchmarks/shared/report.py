"""Figures for people: Markdown tables, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.shared.processes import ROOT, cores
from newsgate.db.session import sqlite_driver

_LIBRARIES = ("celery", "redis", "sqlalchemy", "keras", "tensorflow", "onnxruntime", "numpy")


def markdown_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; every column but the first stands to the right."""
    ruler = ["---"] + ["---:"] * (len(headers) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (headers, ruler, *rows))


def spread(rates: Sequence[float]) -> tuple[str, str, str]:
    """Median, smallest and largest, as cells of a table."""
    return figure(statistics.median(rates)), figure(min(rates)), figure(max(rates))


def over_seeds(shares: Sequence[float]) -> str:
    """The mean in percent, as a cell, with the smallest and the largest of several in brackets."""
    mean, least, most = (f"{100 * share:.1f}" for share in (statistics.fmean(shares), min(shares), max(shares)))
    return mean if least == most else f"{mean} ({least} to {most})"


def figure(value: float) -> str:
    """A number with as many digits as a measurement of this kind carries."""
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}".replace(",", " ")


def circumstances() -> str:
    """When, of which commit, on what machine and with which libraries, as one Markdown paragraph."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit()}; {processor()}, {cores()} cores, "
        f"load average {os.getloadavg()[1]:.1f} with this benchmark; "
        f"Python {platform.python_version()}, {libraries}, SQLite {sqlite_driver().sqlite_version}."
    )


def processor() -> str:
    """What the processor calls itself."""
    information = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", information.read_text()) if information.exists() else None
    return found[1].strip() if found else platform.processor() or platform.machine()


def commit() -> str:
    """The commit that is checked out, and whether a tracked file other than a page or a result differs from it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    short = git("rev-parse", "--short", "HEAD") or "unknown"
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs", ":!benchmarks/results")
    return f"{short} with changes" if changed else short
