"""`Batch` for asyncio: each call is made in a thread, so that the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack

from newsgate.api.batch import Batch, VerdictOptions

if TYPE_CHECKING:
    import pandas
    import pyarrow

    from newsgate.db.batch_status import BatchStatus
    from newsgate.tasks.inspecting.promise import Promise

# Going to a thread and back costs as much as some dozen rows.
_BLOCK_ROWS: Final = 1000


class _WaitingEndedError(Exception):
    """Nobody waits for the batch any more."""


class AsyncBatch:
    """A `Batch` whose methods are awaited; `batch` is the plain one, whose attributes say what it is.

    >>> import asyncio
    >>> from newsgate import AsyncClient
    >>> async def main():
    ...     async with await AsyncClient.open() as client:
    ...         batch = await client.enqueue(["Garlic cures the virus, share it now!", "Schools reopen on Monday"])
    ...         await batch.wait()
    ...         return [row["label"] async for row in batch.verdicts()]
    >>> asyncio.run(main())
    ['fake', 'real']
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch

    def __repr__(self) -> str:
        return f"<Async{repr(self.batch)[1:]}"

    async def status(self) -> BatchStatus:
        """Return where the batch stands now; as `Batch.status`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         return (await batch.status()).total
        >>> asyncio.run(main())
        1
        """
        return await asyncio.to_thread(self.batch.status)

    async def wait(self, *, progress: bool = True, timeout_seconds: float | None = None) -> BatchStatus:
        """Wait until every row has its verdict; as `Batch.wait`. Cancelling the task ends the waiting.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         return (await batch.wait(timeout_seconds=60)).state
        >>> asyncio.run(main())
        'done'
        """
        ended = threading.Event()

        def meanwhile() -> None:
            if ended.is_set():
                raise _WaitingEndedError

        try:
            return await asyncio.to_thread(
                self.batch._wait_unless, meanwhile, progress=progress, timeout_seconds=timeout_seconds
            )
        finally:
            # The thread of a task that was cancelled would look on for ever.
            ended.set()

    async def verdicts(self, **wanted: Unpack[VerdictOptions]) -> AsyncIterator[dict[str, Any]]:
        """Yield each row's verdict, a block of rows in memory at a time; as `Batch.verdicts`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         await batch.wait()
        ...         return [row["label"] async for row in batch.verdicts(limit=10)]
        >>> asyncio.run(main())
        ['real']
        """
        rows = await asyncio.to_thread(self.batch.verdicts, **wanted)
        try:
            while block := await asyncio.to_thread(_next_block, rows):
                for row in block:
                    yield row
        finally:
            await asyncio.to_thread(rows.close)

    async def to_arrow(self, **wanted: Unpack[VerdictOptions]) -> pyarrow.Table:
        """Return the verdicts as a `pyarrow.Table`; as `Batch.to_arrow`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         await batch.wait()
        ...         return (await batch.to_arrow()).num_rows
        >>> asyncio.run(main())
        1
        """
        return await asyncio.to_thread(self.batch.to_arrow, **wanted)

    async def to_pandas(self, **wanted: Unpack[VerdictOptions]) -> pandas.DataFrame:
        """Return the verdicts as a `pandas.DataFrame`; as `Batch.to_pandas`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         await batch.wait()
        ...         return len(await batch.to_pandas())
        >>> asyncio.run(main())
        1
        """
        return await asyncio.to_thread(self.batch.to_pandas, **wanted)

    async def promise(self, max_error: float) -> Promise:
        """Return what holds of the labels at a wanted error; as `Batch.promise`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         await batch.wait()
        ...         return (await batch.promise(0.1)).is_kept
        >>> asyncio.run(main())
        False
        """
        return await asyncio.to_thread(self.batch.promise, max_error)

    async def label(self, row: int, label: Literal["fake", "real"], *, by: str | None = None) -> None:
        """Say what the text of a row is; as `Batch.label`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         await batch.label(1, "real", by="Ada")
        >>> asyncio.run(main())
        """
        await asyncio.to_thread(self.batch.label, row, label, by=by)


def _next_block(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(islice(rows, _BLOCK_ROWS))
