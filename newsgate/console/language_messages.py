"""What is said of a batch whose texts are in other languages than those that its model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from newsgate.console.messages import print_warning
from newsgate.model.languages import TextLanguages, read_languages

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.db.batch_status import BatchStatus


def warn_of_other_languages(connection: Connection, batches: Sequence[BatchStatus]) -> None:
    """Print a line for each batch most of whose texts the model of its run cannot read."""
    for status in batches:
        languages, own = _languages(connection, status)
        if others := languages.other_than(own):
            from newsgate.model.language_names import describe_other_languages

            described = describe_other_languages(others, own, model=f"model {status.model}")
            print_warning(f"batch {status.batch}: {described}")


def language_figures(connection: Connection, status: BatchStatus) -> dict[str, Any]:
    """What a program is told: the shares of the languages, null where they were not looked at, and `other_language`.

    other_language: the one that most texts are in and the model of the run was not trained on, or null.
    """
    languages, own = _languages(connection, status)
    return {
        "languages": dict(languages.shares) if languages.texts else None,
        "other_language": next(iter(languages.other_than(own)), None),
    }


def _languages(connection: Connection, status: BatchStatus) -> tuple[TextLanguages, tuple[str, ...]]:
    languages = read_languages(status.languages)
    if languages.together is None:
        # Of few texts or mixed ones nothing is said, whatever the model knows.
        return languages, ()
    from newsgate.db.model_registry import model_record
    from newsgate.model.recorded_facts import recorded_facts

    return languages, recorded_facts(model_record(connection, status.model).metadata).languages or ()
