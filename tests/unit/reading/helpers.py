from __future__ import annotations

from pathlib import Path
from typing import Any

from newsgate.tasks.reading import Layout, Limits, ReadOptions, Rejected, Row, Source, open_source


class Reading:
    """Reads bytes as one file would be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self, data: bytes, *, name: str = "rows.csv", limits: Limits | None = None) -> Source:
        path = self.folder / name
        path.write_bytes(data)
        return open_source(path, spool_folder=self.folder, limits=limits)

    def read(
        self,
        data: bytes | str,
        *,
        name: str = "rows.csv",
        limits: Limits | None = None,
        after_row: int = 0,
        **options: Any,
    ) -> list[Row | Rejected]:
        raw = data.encode() if isinstance(data, str) else data
        with self.open(raw, name=name, limits=limits) as source:
            return list(source.rows(source.layout(ReadOptions(**options)), after_row=after_row))

    def layout(self, data: bytes | str, *, name: str = "rows.csv", **options: Any) -> Layout:
        raw = data.encode() if isinstance(data, str) else data
        with self.open(raw, name=name) as source:
            return source.layout(ReadOptions(**options))

    def warnings(self, data: bytes | str, *, name: str = "rows.csv", **options: Any) -> tuple[str, ...]:
        raw = data.encode() if isinstance(data, str) else data
        with self.open(raw, name=name) as source:
            for _ in source.rows(source.layout(ReadOptions(**options))):
                pass
            return source.warnings


def texts(rows: list[Row | Rejected]) -> list[str]:
    return [row.text for row in rows if isinstance(row, Row)]


def rejects(rows: list[Row | Rejected]) -> list[tuple[int, str]]:
    return [(row.row, row.reason) for row in rows if isinstance(row, Rejected)]
