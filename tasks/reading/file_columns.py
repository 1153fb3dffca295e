"""What the columns of a file are, as its batch remembers them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from newsgate.tasks.reading.kept_columns import LeftOut, unique_names
from newsgate.tasks.reading.records import Format, Keep, Layout

_TEXT_FORMATS = frozenset({"csv", "lines", "chat", "xlsx", "ods"})


@dataclass(frozen=True, slots=True)
class FileColumns:
    """The columns of a file in its order, what each is for, and which of them are kept beside a row.

    names: as the file spells them; of JSON, those of its first records. tool: which one for labelling wrote it.
    """

    format: Format
    names: tuple[str, ...]
    text_columns: tuple[str, ...]
    id_column: str | None
    label_column: str | None
    keep: Keep
    tool: str | None = None
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def keys(self) -> tuple[str, ...]:
        """The names by which a row's JSON has the columns: no two are the same."""
        return unique_names(self.names)

    @property
    def are_texts(self) -> bool:
        """Whether every cell is a text and every row has the columns of the header."""
        return self.format in _TEXT_FORMATS

    def without(self, left_out: LeftOut) -> FileColumns:
        """The same, where these were too long to be kept."""
        return replace(self, left_out=left_out)

    def as_json(self) -> str:
        """As it is stored."""
        return json.dumps(asdict(self), ensure_ascii=False)


def columns_of(layout: Layout) -> FileColumns:
    """What the columns are where a file is read so."""
    return FileColumns(
        layout.format,
        layout.columns,
        layout.text_columns,
        layout.id_column,
        layout.label_column,
        layout.keep,
        None if layout.tool is None else layout.tool.tool,
    )


def parse_columns(stored: str) -> FileColumns:
    """What `FileColumns.as_json` gave."""
    value: dict[str, Any] = json.loads(stored)
    left_out = LeftOut(value["left_out"]["rows"], tuple(value["left_out"]["columns"]))
    said = value["keep"]
    keep: Keep = said if said in ("all", "none") else tuple(said)
    return FileColumns(
        value["format"],
        tuple(value["names"]),
        tuple(value["text_columns"]),
        value["id_column"],
        value["label_column"],
        keep,
        value["tool"],
        left_out,
    )
