"""The labels of a tool's rows while they are read: each judgement as fake or real, and how many are none, and why."""

from __future__ import annotations

from collections import Counter

from newsgate.tasks.reading.label_tools.recognise import TOOLS
from newsgate.tasks.reading.label_tools.said import BOTH, DISPUTED, OTHER, Record, Said
from newsgate.tasks.reading.label_values.vocabulary import LabelVocabulary


class ToolLabels:
    """Reads the answers to one question of a tool's export.

    vocabulary: what they mean; None gives them as they stand. counts: of judgements that are no label, by why not.
    """

    def __init__(self, tool: str, question: str, vocabulary: LabelVocabulary | None) -> None:
        self.counts: Counter[str] = Counter()
        self._tool = TOOLS[tool]
        self._question = question
        self._vocabulary = vocabulary

    def read(self, record: Record) -> tuple[str | None, tuple[Said, ...]] | str:
        """What most say about a row, None where nobody does or as many say the other, and who says what.

        Gives the reason where the row is refused. Where opinions differ, what most say stands last.
        """
        found = self._tool.read(record, self._question)
        if self._vocabulary is None:
            self.counts.update(found.unsaid)
            return None, found.said
        unsaid = list(found.unsaid)
        said: list[Said] = []
        for each in found.said:
            sides = {label for value in each.values if (label := self._vocabulary.label_of(value)) is not None}
            if len(sides) == 1:
                said.append(Said((sides.pop(),), each.by))
                continue
            if not sides and self._vocabulary.strict:
                return f"the label {', '.join(each.values)!r} is none of {self._vocabulary.described()}"
            unsaid.append(BOTH if sides else OTHER)
        self.counts.update(unsaid)
        votes = Counter(each.values[0] for each in said)
        said.sort(key=lambda each: votes[each.values[0]])
        if len(votes) == 2 and len(set(votes.values())) == 1:
            self.counts[DISPUTED] += 1
            return None, tuple(said)
        return (said[-1].values[0] if said else None), tuple(said)
