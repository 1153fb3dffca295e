"""What a person is told before and after rows are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsgate.db.purge import StoredBatch
    from newsgate.tasks.storage.free_space import FreeSpace
    from newsgate.tasks.storage.purge_batches import BatchPurge
    from newsgate.tasks.storage.purge_texts import TextPurge
    from newsgate.tasks.storage.write_off import Missing

_MEBIBYTE = 1024 * 1024


def batch_purge_lines(plan: BatchPurge, *, with_labels: bool) -> list[str]:
    """Return what a purge of batches deletes, a line each."""
    return [*(_batch_line(each) for each in plan.batches), _labels_line(plan.labels, with_labels=with_labels)]


def text_purge_lines(plan: TextPurge, *, with_labels: bool) -> list[str]:
    """Return what a purge of texts deletes, a line each."""
    lines = [
        f"batch {number} ({plan.names.get(number, 'gone')}): {len(found)} rows with their verdicts"
        for number, found in plan.items.items()
    ]
    if plan.refused:
        lines.append(f"what is shown of {len(plan.refused)} refused rows")
    return [*lines, _labels_line(plan.labels, with_labels=with_labels)]


def missing_lines(found: Missing) -> list[str]:
    """Return what was deleted by hand, a line each."""
    lines = [f"{each}: these are deleted too" for each in found.remains]
    if found.batches:
        numbers = ", ".join(map(str, found.batches))
        lines.append(f"batches that count more than there is: {numbers}. What is missing is counted as purged")
    return lines


def space_line(space: FreeSpace, *, vacuumed: bool) -> str:
    """Return how large the file is, and how much of it is free."""
    size = f"the file has {space.size_bytes / _MEBIBYTE:,.1f} MiB"
    if vacuumed:
        return size
    free = f"{space.free_bytes / _MEBIBYTE:,.1f} MiB of them are free for new rows"
    return f"{size}; {free}, and what was deleted can still be found there. --vacuum removes it"


def _batch_line(each: StoredBatch) -> str:
    going_on = "" if each.is_over else ". It is being classified, and will be cancelled"
    counts = f"{each.items} rows, {each.rejects} refused rows, {each.verdicts} verdicts"
    return f"batch {each.batch} ({each.name}): {counts}{going_on}"


def _labels_line(labels: int, *, with_labels: bool) -> str:
    return f"{labels} labels of these texts" if with_labels else "what people said about them stays: see --labels"
