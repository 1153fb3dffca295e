"""`Classifier` for asyncio: each call is made in a thread, so that the event loop goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Self

from newsgate.api.classifications import Classifications
from newsgate.api.classifier import STARTER, Classifier

if TYPE_CHECKING:
    from newsgate.api.explanation import Explanation
    from newsgate.model.runtime_names import RuntimeName


class AsyncClassifier:
    """A `Classifier` whose methods are awaited. The network is computed outside Python's lock, beside the event loop.

    >>> import asyncio
    >>> from newsgate import AsyncClassifier
    >>> async def main():
    ...     classifier = await AsyncClassifier.load("starter")
    ...     found = await classifier.classify(["Garlic cures the virus, share it now!"])
    ...     return found[0].label
    >>> asyncio.run(main())
    'fake'
    """

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier

    def __repr__(self) -> str:
        return f"<AsyncClassifier: model {self.classifier.name}>"

    @classmethod
    async def load(
        cls,
        model: str | PathLike[str] | int = STARTER,
        *,
        database: str | None = None,
        runtime: RuntimeName = "auto",
        threads: int = 1,
    ) -> Self:
        """Load a model; as `Classifier.load`.

        >>> import asyncio
        >>> from newsgate import AsyncClassifier
        >>> asyncio.run(AsyncClassifier.load())
        <AsyncClassifier: model starter>
        """
        return cls(await asyncio.to_thread(Classifier.load, model, database=database, runtime=runtime, threads=threads))

    async def classify(
        self, texts: Iterable[str | None], *, max_error: float | None = None, strict: bool = False
    ) -> Classifications:
        """Classify texts; as `Classifier.classify`.

        >>> import asyncio
        >>> from newsgate import AsyncClassifier
        >>> async def main():
        ...     classifier = await AsyncClassifier.load()
        ...     return await classifier.classify(["Schools reopen on Monday"])
        >>> asyncio.run(main())
        <Classifications: 1 real>
        """
        return await asyncio.to_thread(self.classifier.classify, texts, max_error=max_error, strict=strict)

    async def explain(self, text: str, *, max_tokens: int = 256) -> Explanation:
        """Explain what the model makes of a text; as `Classifier.explain`.

        >>> import asyncio
        >>> from newsgate import AsyncClassifier
        >>> async def main():
        ...     classifier = await AsyncClassifier.load()
        ...     return await classifier.explain("microchip in the vaccine")
        >>> asyncio.run(main()).label
        'fake'
        """
        return await asyncio.to_thread(self.classifier.explain, text, max_tokens=max_tokens)
