"""The whole story of one item: where it is from, what happened to it and when, and what is said about it now."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from newsgate.db.errors import NoSuchItemError
from newsgate.db.item_history import (
    ChampionChange,
    ItemChunk,
    ItemDeletedError,
    ItemRun,
    ItemVerdict,
    ShadowVerdict,
    StoredItem,
    TextLabel,
    champion_changes,
    item_or_reject,
    item_runs,
    labels_of_text,
    shadow_verdicts_of,
    stored_item,
)
from newsgate.db.item_numbers import was_given
from newsgate.db.model_registry import champion_number
from newsgate.db.results import Reject

# What a person counts to find a row of a file again.
_ROW_WORDS = {"csv": "line", "lines": "line", "chat": "line", "jsonl": "line", "json": "record"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an item, or to what is said about it."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class ItemStory:
    """One item with everything that the database knows of it.

    runs: of its batch, oldest first. promotions: changes of the champion since the batch was made. champion: the model
    that is it now.
    """

    item: StoredItem
    runs: tuple[ItemRun, ...]
    shadows: tuple[ShadowVerdict, ...]
    labels: tuple[TextLabel, ...]
    promotions: tuple[ChampionChange, ...]
    champion: int | None

    @property
    def place(self) -> str:
        """Where a person finds the row: its line, its record or its row, and the name of the file."""
        form = json.loads(self.item.layout).get("format", "")
        return f"{_ROW_WORDS.get(form, 'row')} {self.item.row} of {self.item.file}"

    @property
    def latest(self) -> ItemRun | None:
        """The last run that has a verdict, or an error, of the item."""
        judged = [run for run in self.runs if run.verdict is not None]
        return judged[-1] if judged else None

    @property
    def label(self) -> TextLabel | None:
        """The judgement that counts: the last one that nobody took back."""
        counting = [label for label in self.labels if label.retracted_at is None]
        return counting[-1] if counting else None

    @property
    def steered(self) -> ItemRun | None:
        """The batch's latest run, which `newsgate pause` and `newsgate priority` are about; None where it is over."""
        return self.runs[-1] if self.runs and self.runs[-1].state in ("queued", "running") else None

    def events(self) -> list[Event]:
        """What happened, in the order in which it did."""
        found = [Event(self.item.enqueued_at, f"batch {self.item.batch} begins: {self.item.file} is enqueued")]
        for run in self.runs:
            found += _events_of_run(run)
        for label in self.labels:
            found += _events_of_label(label)
        found += [Event(change.decided_at, _told_change(change)) for change in self.promotions]
        return sorted(found, key=lambda event: event.at)

    def as_json(self) -> dict[str, Any]:
        """The story as JSON values; times in UTC."""
        item = self.item
        return {
            "item": item.item,
            "batch": item.batch,
            "file": item.file,
            "row": item.row,
            "place": self.place,
            "external_id": item.external_id,
            "text": item.text,
            "enqueued_at": item.enqueued_at.isoformat(),
            "champion": self.champion,
            "runs": [_run_figures(run) for run in self.runs],
            "shadows": [_figures(shadow) for shadow in self.shadows],
            "labels": [_figures(label, leave_out=("id",)) for label in self.labels],
            "promotions": [_figures(change) for change in self.promotions],
        }


def tell_story(
    connection: Connection, *, item: int | None = None, batch: int | None = None, row: int | None = None
) -> ItemStory | Reject:
    """The story of an item, named by its number or by a row of a batch's file; of a refused row why it was refused.

    Raises NoSuchItemError, ItemDeletedError, NoSuchBatchError, BatchPurgedError, NoDataRowError.
    """
    found = _find(connection, item) if item is not None else item_or_reject(connection, batch=batch or 0, row=row or 0)
    if isinstance(found, Reject):
        return found
    return ItemStory(
        item=found,
        runs=tuple(item_runs(connection, found)),
        shadows=tuple(shadow_verdicts_of(connection, found.item)),
        labels=tuple(labels_of_text(connection, found.text_hash)),
        promotions=tuple(champion_changes(connection, since=found.enqueued_at)),
        champion=champion_number(connection),
    )


def told_verdict(verdict: ItemVerdict) -> str:
    """A verdict in words."""
    if verdict.label is None:
        return f"no label: {verdict.error}"
    cut = ", the beginning of the text alone" if verdict.truncated else ""
    known = "" if verdict.familiarity is None else f", familiarity {verdict.familiarity:.3f}"
    return f"{verdict.label}, p_fake {verdict.p_fake:.3f}, {verdict.token_count} tokens{cut}{known}"


def told_chunk(chunk: ItemChunk) -> str:
    """Where a chunk stands, in words."""
    name = f"chunk {chunk.chunk} (rows {chunk.first_row} to {chunk.last_row})"
    attempt = f"attempt {chunk.attempt} by {chunk.worker}"
    why = f"; the attempt before failed: {chunk.last_error}" if chunk.last_error else ""
    if chunk.taken_ahead:
        return f"{name} waits{_told_taker(chunk)}{why}"
    if chunk.state == "queued":
        tried = f", after {attempt}" if chunk.attempt else ""
        return f"{name} waits for a worker{tried}{why}"
    if chunk.state == "running" and chunk.lapsed:
        return f"{name}: {attempt} fell silent, and its lease has run out; the next worker takes it over{why}"
    if chunk.state == "running":
        return f"{name}: {attempt} is under way{why}"
    if chunk.state == "cancelled":
        return f"{name} is cancelled{f' after {attempt}' if chunk.attempt else ''}"
    ended = "done" if chunk.state == "done" else f"failed: {chunk.last_error}"
    return f"{name} is {ended}, at {attempt}"


def _told_taker(chunk: ItemChunk) -> str:
    # Whose the last attempt was is not known any more.
    tried = f", after attempt {chunk.attempt}" if chunk.attempt else ""
    if chunk.lapsed:
        return f"{tried}; {chunk.worker} had taken it ahead and fell silent, and the next worker takes it over"
    return f"{tried}, taken ahead by {chunk.worker}, until {chunk.lease_until:%Y-%m-%d %H:%M:%S} UTC"


def _find(connection: Connection, number: int) -> StoredItem:
    found = stored_item(connection, number)
    if found is None:
        raise ItemDeletedError(number) if was_given(connection, number) else NoSuchItemError(number)
    return found


def _events_of_run(run: ItemRun) -> list[Event]:
    model = f"model {run.model}"
    found = [Event(run.created_at, f"run {run.run} begins: {model} ({run.model_name}) is to classify the batch")]
    if run.paused_at is not None:
        found.append(Event(run.paused_at, f"run {run.run} is paused"))
    if run.chunk is not None:
        found.append(Event(_time_of(run.chunk), told_chunk(run.chunk)))
    if run.verdict is not None:
        found.append(Event(run.verdict.classified_at, f"{model}: {told_verdict(run.verdict)}"))
    return found


def _time_of(chunk: ItemChunk) -> datetime:
    if (chunk.state == "running" or chunk.taken_ahead) and chunk.leased_at is not None:
        return chunk.leased_at
    return chunk.finished_at or chunk.queued_at


def _events_of_label(label: TextLabel) -> list[Event]:
    given = Event(label.labelled_at, f"{label.labelled_by} says {label.label} (chosen: {label.chosen})")
    if label.retracted_at is None:
        return [given]
    said = "saying" if label.retracted_by == label.labelled_by else f"that {label.labelled_by} said"
    taken_back = f"{label.retracted_by} takes back {said} {label.label}"
    return [given, Event(label.retracted_at, taken_back)]


def _told_change(change: ChampionChange) -> str:
    before = "" if change.champion is None else f" in the place of model {change.champion}"
    return f"model {change.challenger} becomes champion{before}: {change.reason}"


def _run_figures(run: ItemRun) -> dict[str, Any]:
    return {
        **_figures(run, leave_out=("chunk", "verdict")),
        "chunk": None if run.chunk is None else _figures(run.chunk),
        "verdict": None if run.verdict is None else _figures(run.verdict),
    }


def _figures(record: Any, *, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    values = {name: getattr(record, name) for name in record.__slots__ if name not in leave_out}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
