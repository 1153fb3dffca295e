"""newsgate: a file of texts in, fake or real verdicts in your database.

For Python programs `Classifier` classifies in this process, and `Client` speaks to a database and its workers; both
have twins for asyncio. docs/python.md shows them at work.
"""

# Type checkers take it for true. `typing` has the same constant, and would be the one import here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from newsgate.api.async_batch import AsyncBatch
    from newsgate.api.async_classifier import AsyncClassifier
    from newsgate.api.async_client import AsyncClient
    from newsgate.api.batch import Batch
    from newsgate.api.classifications import Classification, Classifications
    from newsgate.api.classifier import Classifier
    from newsgate.api.client import Client
    from newsgate.api.explanation import ExplainedToken, Explanation

__version__ = "0.2.0"

__all__ = [
    "AsyncBatch",
    "AsyncClassifier",
    "AsyncClient",
    "Batch",
    "Classification",
    "Classifications",
    "Classifier",
    "Client",
    "ExplainedToken",
    "Explanation",
    "__version__",
]

_HOMES = {
    "AsyncBatch": "newsgate.api.async_batch",
    "AsyncClassifier": "newsgate.api.async_classifier",
    "AsyncClient": "newsgate.api.async_client",
    "Batch": "newsgate.api.batch",
    "Classification": "newsgate.api.classifications",
    "Classifications": "newsgate.api.classifications",
    "Classifier": "newsgate.api.classifier",
    "Client": "newsgate.api.client",
    "ExplainedToken": "newsgate.api.explanation",
    "Explanation": "newsgate.api.explanation",
}

# Hidden from type checkers, which would otherwise take any name for one that is here.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import what a program asks for when it asks: `enqueue --help` needs none of it."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(_HOMES[name]), name)
        globals()[name] = found
        return found

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES})
