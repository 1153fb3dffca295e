"""Texts written for the tests: short made-up posts, always the same for the same seed."""

from __future__ import annotations

import csv
import random
from pathlib import Path

_SUBJECTS = ("The ministry", "A doctor in town", "My neighbour", "The health agency", "A viral video", "The mayor")
_VERBS = ("reports", "denies", "confirms", "claims", "hides", "announces")
_OBJECTS = ("new cases", "a secret cure", "the vaccine trial", "that masks glow", "12 recoveries", "a 5G plot")
_ENDS = ("on Monday", "again", "in three districts", "while nobody looks", "according to the bulletin", "for free")


def posts(count: int, *, seed: int = 0) -> list[str]:
    """`count` posts of about ten words; most differ from each other."""
    pick = random.Random(seed).choice
    number = random.Random(seed + 1).randrange
    return [
        f"{pick(_SUBJECTS)} {pick(_VERBS)} {pick(_OBJECTS)} {pick(_ENDS)}, note {number(10_000)}" for _ in range(count)
    ]


def write_posts(path: Path, count: int, *, seed: int = 0) -> Path:
    """A CSV file of posts with ids."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "text"))
        writer.writerows((f"post-{number}", text) for number, text in enumerate(posts(count, seed=seed)))
    return path
