"""What a model says of texts: a sequence of records, and the same as dictionaries, Arrow or pandas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, overload

from newsgate.tasks.exporting.table import Column

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from newsgate.tasks.inspecting.promise import Promise

COLUMNS: Final = (
    Column("text", "text"),
    Column("label", "label"),
    Column("p_fake", "p_fake", "number"),
    Column("familiarity", "familiarity", "number"),
    Column("truncated", "truncated", "boolean"),
    Column("token_count", "token_count", "integer"),
    Column("error", "error"),
)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model says of one text.

    label: None where there is an error, `unsure` where the model is not sure enough for the error that was asked for.
    p_fake: the calibrated probability of `fake`. familiarity: from 0 to 1, how much the text is like those that the
    model learned from; None where the model does not tell. truncated: the text goes on where the model stops reading,
    after `token_count` tokens. error: why there is no label.

    >>> from newsgate import Classification
    >>> Classification("Share this now!", "fake", 0.97).label
    'fake'
    """

    text: str
    label: Literal["fake", "real", "unsure"] | None
    p_fake: float | None
    familiarity: float | None = None
    truncated: bool = False
    token_count: int = 0
    error: str | None = None


class Classifications(Sequence[Classification]):
    """What a model says of several texts, in their order.

    promise: what holds of the labels at the error that was asked for, None where none was; `str(promise)` says it.

    >>> from newsgate import Classifier
    >>> found = Classifier.load().classify(["Garlic cures the virus, share it now!", "Schools reopen on Monday"])
    >>> [each.label for each in found]
    ['fake', 'real']
    >>> found
    <Classifications: 1 fake, 1 real>
    """

    def __init__(self, rows: Sequence[Classification], *, promise: Promise | None = None, index: Any = None) -> None:
        self._rows = tuple(rows)
        self.promise = promise
        self._index = index

    @overload
    def __getitem__(self, place: int) -> Classification: ...
    @overload
    def __getitem__(self, place: slice) -> Classifications: ...
    def __getitem__(self, place: int | slice) -> Classification | Classifications:
        if isinstance(place, int):
            return self._rows[place]
        index = None if self._index is None else self._index[place]
        return Classifications(self._rows[place], promise=self.promise, index=index)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Classification]:
        return iter(self._rows)

    def __repr__(self) -> str:
        counts = Counter(each.label or "without a label" for each in self)
        said = ", ".join(f"{count} {label}" for label, count in sorted(counts.items())) or "of no texts"
        return f"<Classifications: {said}>"

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return each text's record as a dictionary.

        >>> from newsgate import Classification, Classifications
        >>> found = Classifications([Classification("Share this now!", "fake", 0.97)])
        >>> found.to_dicts()[0]["p_fake"]
        0.97
        """
        return [asdict(each) for each in self._rows]

    def to_arrow(self) -> pyarrow.Table:
        """Return a `pyarrow.Table` with a row for each text. Raises NotInstalledError where pyarrow is missing.

        >>> from newsgate import Classification, Classifications
        >>> Classifications([Classification("Share this now!", "fake", 0.97)]).to_arrow().column_names[:3]
        ['text', 'label', 'p_fake']
        """
        from newsgate.tasks.exporting.arrow_table import to_arrow

        return to_arrow(_ClassificationTable(self._rows))

    def to_pandas(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame` with a row for each text. Raises NotInstalledError where pandas is missing.

        Its index is that of the Series that was classified, so that `table.join(found.to_pandas())` fits.

        >>> from newsgate import Classification, Classifications
        >>> Classifications([Classification("Share this now!", "fake", 0.97)]).to_pandas().loc[0, "label"]
        'fake'
        """
        from newsgate.tasks.exporting.data_frame import to_pandas

        return to_pandas(_ClassificationTable(self._rows), index=self._index)


class _ClassificationTable:
    """The records as every format is written from."""

    columns: tuple[Column, ...] = COLUMNS

    def __init__(self, rows: Sequence[Classification]) -> None:
        self._rows = rows

    def cells(self) -> Iterator[list[Any]]:
        return ([getattr(row, column.key) for column in COLUMNS] for row in self._rows)

    def records(self) -> Iterator[dict[str, Any]]:
        return map(asdict, self._rows)
