"""The labels of a file that is enqueued: people's judgements by their names, and what the file itself says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from newsgate.db.text_hashes import text_hash

if TYPE_CHECKING:
    from newsgate.db.labels import NewJudgement
    from newsgate.tasks.reading import Said

_OF_FILE = "file"


class FileLabels:
    """Stores labels beside the rows of one file.

    A file is nobody: it never takes the place of what a person said about a text.
    """

    def __init__(self, name: str) -> None:
        self._labelled_by = f"file:{name}"
        self._contradicted = 0

    def store(
        self, connection: Connection, labels: Sequence[tuple[str, str]], judgements: Sequence[tuple[str, Said]]
    ) -> None:
        """Store the labels of some rows: (text, label) pairs, and (text, what one person says) of a tool's export."""
        from newsgate.db.labels import NewJudgement, add_judgements

        of_file = [NewJudgement(text, label, self._labelled_by, _OF_FILE) for text, label in labels]
        add_judgements(connection, self._uncontradicted(connection, of_file))
        add_judgements(
            connection, self._uncontradicted(connection, [self._judgement(text, said) for text, said in judgements])
        )

    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the labels that were not stored."""
        if not self._contradicted:
            return ()
        rows, says = ("1 row", "says") if self._contradicted == 1 else (f"{self._contradicted} rows", "say")
        return (f"{rows} of the file {says} otherwise than people did about these texts; what people said stays",)

    def _judgement(self, text: str, said: Said) -> NewJudgement:
        from newsgate.db.labels import NewJudgement

        # What a person said by name is an opinion beside others'; what a file says without a name is not.
        by, chosen = (said.by, "import") if said.by else (self._labelled_by, _OF_FILE)
        return NewJudgement(text, said.values[0], labelled_by=by, chosen=chosen)

    def _uncontradicted(self, connection: Connection, fresh: Sequence[NewJudgement]) -> list[NewJudgement]:
        from newsgate.db.labels import said_by_people

        hashes = {text_hash(each.text) for each in fresh if each.chosen == _OF_FILE}
        said = said_by_people(connection, list(hashes))
        kept = list(_agreeing(fresh, said)) if said else list(fresh)
        self._contradicted += len(fresh) - len(kept)
        return kept


def _agreeing(fresh: Iterable[NewJudgement], said: dict[bytes, str]) -> Iterable[NewJudgement]:
    return (
        each for each in fresh if each.chosen != _OF_FILE or said.get(text_hash(each.text), each.label) == each.label
    )
