"""What is said about a model whose metadata is not what it should be."""

from __future__ import annotations

from newsgate.console.messages import print_warning
from newsgate.db.model_registry import ModelRecord
from newsgate.model.recorded_facts import RecordedFacts, recorded_facts
from newsgate.tasks.inspecting.drift import is_reference_damaged


def warn_of_damaged_metadata(record: ModelRecord, *, tell_reference: bool = True) -> RecordedFacts:
    """Say in one line which parts of a model's metadata are left out, if any are; gives what can be used."""
    facts = recorded_facts(record.metadata)
    parts = [*facts.damaged, *(["reference"] if tell_reference and is_reference_damaged(record) else [])]
    if parts:
        verb = "is" if len(parts) == 1 else "are"
        print_warning(
            f"{' and '.join(parts)} in model {record.number}'s metadata {verb} damaged and left out. It classifies as "
            "before; a model that you train again has its figures"
        )
    return facts
