"""What several people say of one text in several rows of a file, as exports with a row for each judgement have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from newsgate.tasks.reading import Said


@dataclass(slots=True)
class Opinions:
    """Judgements by text and then by name."""

    by_text: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def add(self, text: str, said: Sequence[Said]) -> None:
        """Note what the people say whom a row names."""
        for each in said:
            if each.by is not None:
                self.by_text.setdefault(text, {}).setdefault(each.by, set()).update(each.values)

    def settle(self, pairs: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], list[str]]:
        """Give each text on which people differ once, with what most of them say; beside them the texts that are even.

        pairs: the labelled rows, as (text, label). Those of all other texts stay as they are.
        """
        differ = {text: people for text, people in self.by_text.items() if len(set[str]().union(*people.values())) > 1}
        if not differ:
            return pairs, []
        most = {text: _label_of_most(people) for text, people in differ.items()}
        settled: list[tuple[str, str]] = []
        done: set[str] = set()
        for text, label in pairs:
            if text not in most:
                settled.append((text, label))
            elif text not in done:
                done.add(text)
                if (said := most[text]) is not None:
                    settled.append((text, said))
        return settled, [text for text in done if most[text] is None]


def _label_of_most(people: dict[str, set[str]]) -> str | None:
    # Whoever says both says nothing.
    votes = Counter(label for said in people.values() if len(said) == 1 for label in said).most_common()
    if not votes or (len(votes) > 1 and votes[0][1] == votes[1][1]):
        return None
    return votes[0][0]
