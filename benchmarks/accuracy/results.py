"""What was measured, one file a training: everything the page is made from."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.shared.processes import ROOT, cores
from benchmarks.shared.report import commit, processor

RESULTS: Final = ROOT / "benchmarks" / "results" / "accuracy"

_LIBRARIES: Final = ("keras", "tensorflow", "onnxruntime", "numpy", "scikit-learn")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A model on one file of labelled texts; shares from 0 to 1, None where it has no such figure.

    ece: expected calibration error. kept, kept_error: the share of rows that get a label where at most 2% of the labels
    may be wrong, and the share of those that are.
    """

    rows: int
    accuracy: float
    weighted_f1: float
    macro_f1: float
    ece: float | None = None
    kept: float | None = None
    kept_error: float | None = None


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """When, of which commit and where something was measured."""

    date: str
    commit: str
    processor: str
    cores: int
    load_average: float
    libraries: Mapping[str, str]

    @classmethod
    def now(cls) -> Circumstances:
        """Return those of this moment."""
        return cls(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            commit=commit(),
            processor=processor(),
            cores=cores(),
            load_average=round(os.getloadavg()[1], 2),
            libraries={"Python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """One method, trained once on one set and tested.

    method: a recipe's name or a baseline's. settings: all there is to set of it. texts_sha256: of the texts trained and
    tested on. tests: what it was tested on, by name. texts_per_second: from texts to labels, by number of threads.
    """

    set: str
    method: str
    seed: int
    made: Circumstances
    settings: Mapping[str, Any]
    settings_sha256: str
    texts_sha256: str
    train_rows: int
    tests: Mapping[str, Figures]
    training_seconds: float | None = None
    epochs: int | None = None
    bundle_bytes: int | None = None
    held_back: Figures | None = None
    validation: Figures | None = None
    texts_per_second: Mapping[str, float] = field(default_factory=dict)

    @property
    def own(self) -> Figures:
        """The figures on the set's own test texts."""
        return self.tests[self.set]

    def save(self, folder: Path) -> Path:
        """Write this to its file in `folder`, over an older one."""
        folder.mkdir(parents=True, exist_ok=True)
        path = result_path(folder, set_name=self.set, method=self.method, seed=self.seed)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        unfinished.replace(path)
        return path

    @classmethod
    def load(cls, path: Path) -> Result:
        """Return what `save` wrote."""
        document = json.loads(path.read_text(encoding="utf-8"))
        document["made"] = Circumstances(**document["made"])
        document["tests"] = {name: Figures(**figures) for name, figures in document["tests"].items()}
        for name in ("held_back", "validation"):
            document[name] = Figures(**document[name]) if document.get(name) else None
        return cls(**document)


def result_path(folder: Path, *, set_name: str, method: str, seed: int) -> Path:
    """Return where one result stands."""
    return folder / f"{set_name}-{method}-{seed}.json"


def load_results(folder: Path) -> list[Result]:
    """Return every result in `folder`, by file name."""
    return [Result.load(path) for path in sorted(folder.glob("*.json"))]


def is_measured(
    folder: Path,
    *,
    set_name: str,
    method: str,
    seed: int,
    settings: Mapping[str, Any],
    texts_sha256: str,
    defaults: Mapping[str, Any] | None = None,
) -> bool:
    """Whether there is a result of these settings and these texts.

    defaults: a setting that came after the result had the effect of its default when the result was measured.
    """
    path = result_path(folder, set_name=set_name, method=method, seed=seed)
    if not path.exists():
        return False
    found = Result.load(path)
    later = {name: value for name, value in (defaults or {}).items() if name not in found.settings}
    known = {name: value for name, value in settings.items() if name not in later or value != later[name]}
    return (found.settings_sha256, found.texts_sha256) == (settings_hash(known), texts_sha256)


def settings_hash(settings: Mapping[str, Any]) -> str:
    """Return a sha256 of settings, in hexadecimal; their order makes no difference."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def texts_hash(fingerprints: Iterable[str]) -> str:
    """Return one sha256 of several, in hexadecimal."""
    return hashlib.sha256("".join(fingerprints).encode()).hexdigest()
