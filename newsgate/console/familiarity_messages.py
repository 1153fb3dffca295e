"""What is said of a batch whose texts are unlike those that its model has learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsgate.console.messages import print_warning

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsgate.db.batch_status import BatchStatus


def warn_of_unfamiliar_texts(connection: Connection, status: BatchStatus) -> None:
    """Print a line where the model of the run has not learned from texts like most of the batch's."""
    from newsgate.tasks.inspecting.likeness import describe_unfamiliar, familiar_rows

    sentence = describe_unfamiliar(familiar_rows(connection, status.run), model=f"model {status.model}")
    if sentence is not None:
        print_warning(f"batch {status.batch}: {sentence}")


def warn_of_unknown_familiarity(connection: Connection, status: BatchStatus) -> None:
    """Print a line where some rows of the run are of no known familiarity, so that no filter finds them."""
    from newsgate.tasks.inspecting.likeness import familiar_rows

    missing = status.done - familiar_rows(connection, status.run).rows
    if missing > 0:
        print_warning(
            f"batch {status.batch}: {missing} of {status.done} rows have no familiarity: model {status.model} or the "
            "worker was made before newsgate recorded it. A model that you train again tells it"
        )
