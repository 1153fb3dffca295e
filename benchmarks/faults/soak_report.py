"""What a soak counts, and its closing table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.shared.report import circumstances, markdown_table


@dataclass
class Tally:
    """What happened so far. recoveries: seconds from each fault to the next verdict."""

    faults: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    files: int = 0
    recoveries: list[float] = field(default_factory=list)
    worker_mebibytes: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Closing:
    """What the database says at the end."""

    lost: int
    doubled: int
    failed: int
    broken: tuple[str, ...]
    left_running: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.doubled or self.failed or self.broken or self.left_running)


def report(tally: Tally, closing: Closing, *, kinds: Iterable[str], setting: str) -> str:
    """The closing table as Markdown."""
    weights = tally.worker_mebibytes
    drift = f"{weights[-1] - weights[0]:+.1f} MB (of {weights[0]:.0f} MB)" if weights else "not measured"
    rows = [
        ("minutes, seed, on", setting),
        *((f"faults: {kind}", str(tally.faults[kind])) for kind in kinds),
        ("files enqueued", str(tally.files)),
        ("rows enqueued", str(tally.rows)),
        ("rows lost", str(closing.lost)),
        ("rows doubled", str(closing.doubled)),
        ("rows failed", str(closing.failed)),
        ("worst seconds from a fault to the next verdict", f"{max(tally.recoveries, default=0):.1f}"),
        ("worker memory over the calm end", drift),
        ("left running at the end", "; ".join(closing.left_running) or "nothing"),
        ("audit", "; ".join(closing.broken) or "every invariant holds"),
    ]
    return f"{markdown_table(('soak', 'figure'), rows)}\n\n{circumstances()}"
