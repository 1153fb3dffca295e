"""The columns of a file by their names: as a person types one, and as files usually spell it."""

from __future__ import annotations

from collections.abc import Sequence

from newsgate.tasks.reading.column_names import ID_NAMES, TEXT_NAMES, fold_name
from newsgate.tasks.reading.errors import ambiguous_column, unknown_column


def folded(name: str) -> str:
    """A name without blanks around it, in any case."""
    return name.strip().casefold()


class ColumnNames:
    """The header's names, found exactly or else by their folded spelling."""

    def __init__(self, columns: Sequence[str], where: str, *, is_headed: bool) -> None:
        self.columns = columns
        self.where = where
        self.is_headed = is_headed
        self._by_fold: dict[str, list[str]] = {}
        self._by_usual: dict[str, list[str]] = {}
        for name in columns:
            self._by_fold.setdefault(folded(name), []).append(name)
            self._by_usual.setdefault(fold_name(name), []).append(name)
        # Those of nested objects go by their last part too, after the others.
        for name in columns:
            if "." in name and (last := fold_name(name.rpartition(".")[2])) != fold_name(name):
                self._by_usual.setdefault(last, []).append(name)

    def named(self, wanted: str, *, option: str) -> str:
        """The column that a person named. Raises UnknownColumnError, AmbiguousColumnError."""
        spelled = self._by_fold.get(folded(wanted), [])
        exact = [name for name in spelled if name == wanted]
        candidates = exact or spelled
        if len(candidates) > 1:
            raise ambiguous_column(candidates[0], self.columns, self.where)
        if not candidates:
            raise unknown_column(wanted, self.columns, option=option, where=self.where)
        return candidates[0]

    def usual(self, name: str) -> list[str]:
        """The columns that have this usual name, the best spelled first."""
        found = self._by_usual.get(fold_name(name), [])
        return sorted(found, key=lambda each: (each != name, folded(each) != name))

    def usual_texts(self) -> list[str]:
        """The columns with a usual name of texts, the likeliest first."""
        return list(dict.fromkeys(name for usual in TEXT_NAMES for name in self.usual(usual)))

    def sure(self, name: str) -> str:
        """The name itself. Raises AmbiguousColumnError where two columns have it."""
        if not self.is_unique(name):
            raise ambiguous_column(name, self.columns, self.where)
        return name

    def is_unique(self, name: str) -> bool:
        """Whether one column alone has the name."""
        return self._by_fold[folded(name)].count(name) == 1

    def guess_id(self, *, taken: Sequence[str]) -> str | None:
        """The column of ids, if there is one for sure."""
        beside = taken[0].rpartition(".")[0]
        for guess in ID_NAMES:
            spelled = [name for name in self.usual(guess) if name.rpartition(".")[0] == beside]
            # The text's own id comes before that of what is around it.
            spelled = spelled or [name for name in self.usual(guess) if "." not in name]
            # Nobody asked for an id, so a doubtful one is left alone instead of refusing the file.
            if len(spelled) == 1 and spelled[0] not in taken:
                return spelled[0]
        return None
