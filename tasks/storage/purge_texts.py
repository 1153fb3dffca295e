"""Purge of single texts: wherever they occur, whatever batch holds them; the batches stay, with fewer rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from newsgate.db.batches import hold_batch
from newsgate.db.labels import text_hash
from newsgate.db.purge import delete_items, finish_runs_of, take_items_out_of_chunks
from newsgate.db.purge_texts import (
    batch_names,
    count_judgements,
    delete_judgements,
    find_refused,
    find_texts,
    forget_refused,
)
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError
from newsgate.tasks.reading import ReadOptions, Row, open_source
from newsgate.tasks.storage.small_steps import STEP_ROWS
from newsgate.worker.doorbell import Doorbell
from newsgate.worker.settings import Settings, prepare_home

_PACKED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
_TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xlsx", ".ods", ".parquet", ".zip")
# So much of a text tells it from others, and is shown of a refused row that begins with another column.
_BEGINNING_CHARS = 40
# A text shorter than that stands in many a refused row that is about something else.
_SHORTEST_BEGINNING_CHARS = 12


class UnreadableTextError(NewsgateError):
    """The file with the text cannot be read as one."""


@dataclass(frozen=True, slots=True)
class TextPurge:
    """What a purge of texts would delete.

    items: by batch. names: of these batches. refused: rows that were refused and show one of the texts, of which no
    more will be shown. labels: how many judgements go too.
    """

    texts: int
    hashes: tuple[bytes, ...]
    items: Mapping[int, Sequence[int]]
    names: Mapping[int, str]
    refused: tuple[tuple[int, int], ...]
    labels: int

    @property
    def rows(self) -> int:
        """How many rows hold one of the texts."""
        return sum(map(len, self.items.values()))


def read_texts(path: str, *, options: ReadOptions, settings: Settings) -> list[str]:
    """The texts of a file: those of its rows where it is a table, else the one that it is.

    A file that ends with a line break may be a text with it or without: both are given. Raises ReadError,
    UnreadableTextError.
    """
    suffixes = [each for each in Path(path.lower()).suffixes if each not in _PACKED_SUFFIXES]
    if options.text_columns or (suffixes and suffixes[-1] in _TABLE_SUFFIXES):
        with open_source(path, spool_folder=prepare_home(settings) / "spool") as source:
            rows = source.rows(source.layout(options))
            return list(dict.fromkeys(each.text for each in rows if isinstance(each, Row)))
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        whole = raw.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableTextError(f"it cannot be read: {error.strerror}", where=path) from error
    except UnicodeDecodeError as error:
        raise UnreadableTextError(
            "it is no text in UTF-8", where=path, remedy="Save the text in UTF-8, or as a CSV with --text-column"
        ) from error
    spellings = (whole, whole.removesuffix("\n").removesuffix("\r"), whole.strip(), whole.replace("\r\n", "\n").strip())
    return [each for each in dict.fromkeys(spellings) if each]


def plan_text_purge(texts: Sequence[str], *, database: Database, with_labels: bool) -> TextPurge:
    """What would be deleted of these texts."""
    hashes = tuple(dict.fromkeys(map(text_hash, texts)))
    with database.read() as connection:
        found = find_texts(connection, hashes)
        return TextPurge(
            texts=len(hashes),
            hashes=hashes,
            items=found,
            names=batch_names(connection, found),
            refused=tuple(find_refused(connection, _beginnings(texts))),
            labels=count_judgements(connection, hashes) if with_labels else 0,
        )


def purge_texts(plan: TextPurge, *, database: Database, settings: Settings) -> None:
    """Delete what was planned, and ring for the chunks that have to be classified without those rows."""
    to_ring: list[int] = []
    found = plan.items
    while found:
        for batch, doomed in found.items():
            for start in range(0, len(doomed), STEP_ROWS):
                to_ring += _delete_items(database, batch, doomed[start : start + STEP_ROWS])
        # An enqueue may have been at work meanwhile.
        with database.read() as connection:
            found = find_texts(connection, plan.hashes)
    for start in range(0, len(plan.refused), STEP_ROWS):
        with database.write() as connection:
            forget_refused(connection, plan.refused[start : start + STEP_ROWS])
    if plan.labels:
        for start in range(0, len(plan.hashes), STEP_ROWS):
            with database.write() as connection:
                delete_judgements(connection, plan.hashes[start : start + STEP_ROWS])
    bell = Doorbell(settings)
    try:
        bell.ring(dict.fromkeys(to_ring))
    finally:
        bell.close()


def _delete_items(database: Database, batch: int, doomed: Sequence[int]) -> list[int]:
    with database.write() as connection:
        hold_batch(connection, batch)
        to_ring = take_items_out_of_chunks(connection, batch, doomed)
        delete_items(connection, batch, doomed)
        finish_runs_of(connection, batch)
    return to_ring


def _beginnings(texts: Sequence[str]) -> list[str]:
    """How the texts begin in a row as it stands: as they are, in quotes of CSV, and as JSON writes them."""
    found: dict[str, None] = {}
    for text in texts:
        first = text.strip()[:_BEGINNING_CHARS]
        as_json = (json.dumps(first, ensure_ascii=is_ascii)[1:-1] for is_ascii in (True, False))
        for spelling in (first, first.replace('"', '""'), *as_json):
            if len(spelling) >= _SHORTEST_BEGINNING_CHARS:
                found[spelling[:_BEGINNING_CHARS]] = None
    return list(found)
