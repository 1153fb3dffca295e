"""Results that stand in a file each, so that a day of trainings can be stopped and started again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from benchmarks.accuracy.newsgate_training import settings_of
from benchmarks.accuracy.results import settings_hash, texts_hash
from newsgate.training.corpus import LabelledTexts
from newsgate.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a measurement was made of: the settings of its training, the texts of both sides, and `Circumstances`."""

    settings_sha256: str
    texts_sha256: str
    made: Mapping[str, object]

    @property
    def made_where(self) -> str:
        """When, of which commit and on what it was measured."""
        return f"{self.made['date']}, commit {self.made['commit']}; {self.made['processor']}."

    def keep(self, path: Path) -> None:
        """Write this to its file, over an older one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return what `keep` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def load_all(cls, folder: Path) -> list[Self]:
        """Return every result of a folder, by file name."""
        return [cls.load(path) for path in sorted(folder.glob("*.json"))]

    @classmethod
    def is_kept(cls, path: Path, made_of: Mapping[str, str]) -> bool:
        """Whether there is a result of these settings and texts, as `hashes` has them."""
        if not path.exists():
            return False
        known = cls.load(path)
        return {"settings_sha256": known.settings_sha256, "texts_sha256": known.texts_sha256} == made_of


def hashes(recipe: Recipe, train: LabelledTexts, test: LabelledTexts) -> dict[str, str]:
    """Return what a result is told apart by, as fields of `Trained`."""
    return {
        "settings_sha256": settings_hash(settings_of(recipe)),
        "texts_sha256": texts_hash((train.fingerprint(), test.fingerprint())),
    }
