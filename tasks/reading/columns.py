"""Which columns hold the text, the id and the label: what the person named, or the usual names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsgate.tasks.reading.errors import ambiguous_column, no_text_column, unknown_column
from newsgate.tasks.reading.records import ReadOptions

TEXT_NAMES = (
    "text",
    "tweet",
    "content",
    "statement",
    "body",
    "post",
    "message",
    "article",
    "headline",
    "claim",
    "news",
    "sentence",
    "full_text",
    "title",
)
ID_NAMES = ("id", "item_id", "tweet_id", "post_id", "uuid")


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """The columns to read, each by its name in the file."""

    text_columns: tuple[str, ...]
    id_column: str | None
    label_column: str | None


def choose_columns(columns: Sequence[str], options: ReadOptions, *, where: str) -> ColumnChoice:
    """Settle the columns; raises NoTextColumnError, UnknownColumnError or AmbiguousColumnError."""
    names = _Names(columns, where)
    if options.text_columns:
        wanted = (names.named(name, option="--text-column") for name in options.text_columns)
        text_columns = tuple(dict.fromkeys(wanted))
    else:
        text_columns = names.guess_text()
    if options.id_column is not None:
        id_column: str | None = names.named(options.id_column, option="--id-column")
    else:
        id_column = names.guess_id(taken=text_columns)
    label_column = None
    if options.label_column is not None:
        label_column = names.named(options.label_column, option="--label-column")
    return ColumnChoice(text_columns, id_column, label_column)


def has_text_column(columns: Sequence[str], options: ReadOptions) -> bool:
    """Whether the named text columns, or one with a usual name, are among these."""
    folded = {_fold(name) for name in columns}
    if options.text_columns:
        return all(_fold(name) in folded for name in options.text_columns)
    return any(name in folded for name in TEXT_NAMES)


def _fold(name: str) -> str:
    return name.strip().casefold()


class _Names:
    """The header's names, found exactly or else by their folded spelling."""

    def __init__(self, columns: Sequence[str], where: str) -> None:
        self._columns = columns
        self._where = where
        self._by_fold: dict[str, list[str]] = {}
        for name in columns:
            self._by_fold.setdefault(_fold(name), []).append(name)

    def named(self, wanted: str, *, option: str) -> str:
        found = self._find(wanted)
        if found is None:
            raise unknown_column(wanted, self._columns, option=option, where=self._where)
        return found

    def guess_text(self) -> tuple[str, ...]:
        title, text = self._find("title"), self._find("text")
        if title is not None and text is not None:
            return (title, text)
        for guess in TEXT_NAMES:
            if (found := self._find(guess)) is not None:
                return (found,)
        raise no_text_column(self._columns, self._where)

    def guess_id(self, *, taken: Sequence[str]) -> str | None:
        for guess in ID_NAMES:
            spelled = self._by_fold.get(guess, ())
            # Nobody asked for an id, so a doubtful one is left alone instead of refusing the file.
            if len(spelled) == 1 and spelled[0] not in taken:
                return spelled[0]
        return None

    def _find(self, wanted: str) -> str | None:
        spelled = self._by_fold.get(_fold(wanted), [])
        exact = [name for name in spelled if name == wanted]
        candidates = exact or spelled
        if len(candidates) > 1:
            raise ambiguous_column(candidates[0], self._columns, self._where)
        return candidates[0] if candidates else None
