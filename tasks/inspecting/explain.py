"""Why a text, or a row that was classified, got its score: the explanation by the model that gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from newsgate.db.errors import NoSuchItemError
from newsgate.db.model_registry import choose_model, read_bundle_bytes
from newsgate.db.results import latest_result
from newsgate.db.review import ReviewItem, read_item
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.tasks.running.open_database import ensure_champion

if TYPE_CHECKING:
    from newsgate.model.explanation import Explanation
    from newsgate.model.runtime_names import RuntimeName

DEFAULT_MOST_TOKENS = 256
# The work grows with the square of the tokens.
LARGEST_MOST_TOKENS = 1024


class NoVerdictError(NewsgateError):
    """The item has no score that could be explained."""

    def __init__(self, item: int, reason: str) -> None:
        super().__init__(
            f"item {item} {reason}", remedy=f"`newsgate explain {item} --model N` explains what model N makes of it"
        )
        self.item = item


@dataclass(frozen=True, slots=True)
class Explained:
    """One explained text. item: the row it is from, None for a text that was given as such."""

    text: str
    model: int
    item: ReviewItem | None
    explanation: Explanation


def explain_text(
    text: str,
    *,
    database: Database,
    model: int | None = None,
    most_tokens: int = DEFAULT_MOST_TOKENS,
    runtime: RuntimeName = "auto",
) -> Explained:
    """Explain what a model, the champion where it is None, makes of a text. Raises WrongUsageError for an empty one."""
    if not text.strip():
        raise WrongUsageError("the text is empty", remedy="Give a text, or the number of an item")
    ensure_champion(database)
    return _explained(text, database=database, model=model, item=None, most_tokens=most_tokens, runtime=runtime)


def explain_item(
    number: int,
    *,
    database: Database,
    model: int | None = None,
    most_tokens: int = DEFAULT_MOST_TOKENS,
    runtime: RuntimeName = "auto",
) -> Explained:
    """Explain an item's latest verdict, or what `model` makes of its text. Raises NoSuchItemError, NoVerdictError."""
    with database.read() as connection:
        item = read_item(connection, number)
        verdict = latest_result(connection, number)
    if item is None:
        raise NoSuchItemError(number)
    if model is None:
        if verdict is None:
            raise NoVerdictError(number, "has no verdict yet")
        if verdict.error is not None:
            raise NoVerdictError(number, f"has an error in place of a verdict: {verdict.error}")
        model = verdict.model
    return _explained(item.text, database=database, model=model, item=item, most_tokens=most_tokens, runtime=runtime)


def _explained(
    text: str,
    *,
    database: Database,
    model: int | None,
    item: ReviewItem | None,
    most_tokens: int,
    runtime: RuntimeName,
) -> Explained:
    from newsgate.model.bundle import read_bundle
    from newsgate.model.explanation import explain
    from newsgate.model.runtime import open_runtime
    from newsgate.model.runtime_names import EXACT_RUNTIMES

    with database.read() as connection:
        number = choose_model(connection, model)
        data = read_bundle_bytes(connection, number)
    bundle = read_bundle(data)
    # The workers' own, so that the score is theirs; but TensorFlow would take its time to start.
    chosen = runtime if runtime in EXACT_RUNTIMES or runtime == "auto" else "numpy"
    network = open_runtime(bundle, runtime=chosen)
    return Explained(text, number, item, explain(bundle, network, text, most_tokens=most_tokens))
