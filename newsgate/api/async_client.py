"""`Client` for asyncio: each call is made in a thread, so that the event loop goes on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, Unpack

from newsgate.api.async_batch import AsyncBatch
from newsgate.api.client import Client, Rows
from newsgate.api.reading_options import ReadingOptions

if TYPE_CHECKING:
    from newsgate.api.batch import Batch
    from newsgate.db.batch_status import BatchStatus


class AsyncClient:
    """A `Client` whose methods are awaited; `client` is the plain one.

    >>> import asyncio
    >>> from newsgate import AsyncClient
    >>> async def main():
    ...     async with await AsyncClient.open() as client:
    ...         batch = await client.enqueue(["Schools reopen on Monday"])
    ...         return (await batch.wait()).done
    >>> asyncio.run(main())
    1
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @classmethod
    async def open(
        cls, database: str | None = None, broker: str | None = None, *, home: str | os.PathLike[str] | None = None
    ) -> Self:
        """Open the database; the arguments are those of `Client`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     client = await AsyncClient.open()
        ...     await client.close()
        >>> asyncio.run(main())
        """
        return cls(await asyncio.to_thread(Client, database, broker, home=home))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Async{repr(self.client)[1:]}"

    async def close(self) -> None:
        """Close the connections to the database.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     await (await AsyncClient.open()).close()
        >>> asyncio.run(main())
        """
        await asyncio.to_thread(self.client.close)

    async def enqueue(
        self,
        rows: Rows,
        *,
        name: str | None = None,
        model: int | None = None,
        again: bool = False,
        priority: int = 10,
        notify: str | Sequence[str] | None = None,
        **reading: Unpack[ReadingOptions],
    ) -> AsyncBatch:
        """Store rows and ring the workers; as `Client.enqueue`. An iterable is read in another thread.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         return (await client.enqueue(["Schools reopen on Monday", ""])).batch.rejected
        >>> asyncio.run(main())
        1
        """
        made = await asyncio.to_thread(
            self.client.enqueue,
            rows,
            name=name,
            model=model,
            again=again,
            priority=priority,
            notify=notify,
            **reading,
        )
        return AsyncBatch(made)

    async def batch(self, batch: int | str, *, model: int | None = None) -> AsyncBatch:
        """Return a batch that is there; as `Client.batch`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         await client.enqueue(["The bridge closes on Friday"], name="friday")
        ...         return (await client.batch("friday")).batch.items
        >>> asyncio.run(main())
        1
        """
        return AsyncBatch(await asyncio.to_thread(self.client.batch, batch, model=model))

    async def batches(self, *, limit: int = 20) -> list[BatchStatus]:
        """Return where the latest batches stand; as `Client.batches`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         await client.enqueue(["The bridge closes on Friday"], name="friday")
        ...         return [status.name for status in await client.batches()]
        >>> "friday" in asyncio.run(main())
        True
        """
        return await asyncio.to_thread(self.client.batches, limit=limit)

    async def label(self, item: int, label: Literal["fake", "real"], *, by: str | None = None) -> None:
        """Say what the text of an item is; as `Client.label`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         await batch.wait()
        ...         async for row in batch.verdicts():
        ...             await client.label(row["item"], "real", by="Ada")
        >>> asyncio.run(main())
        """
        await asyncio.to_thread(self.client.label, item, label, by=by)

    async def pause(self, batch: AsyncBatch | Batch | int | str) -> BatchStatus:
        """Begin no more rows of a batch until `resume`; as `Client.pause`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         return (await client.pause(batch)).state in ("paused", "done")
        >>> asyncio.run(main())
        True
        """
        return await asyncio.to_thread(self.client.pause, _plain(batch))

    async def resume(self, batch: AsyncBatch | Batch | int | str) -> BatchStatus:
        """Let a paused batch go on; as `Client.resume`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         paused = await client.pause(batch)
        ...         return (await client.resume(batch)).state == "paused"
        >>> asyncio.run(main())
        False
        """
        return await asyncio.to_thread(self.client.resume, _plain(batch))

    async def cancel(self, batch: AsyncBatch | Batch | int | str) -> BatchStatus:
        """Stop classifying a batch; as `Client.cancel`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         return (await client.cancel(batch)).state in ("cancelled", "done")
        >>> asyncio.run(main())
        True
        """
        return await asyncio.to_thread(self.client.cancel, _plain(batch))

    async def requeue(self, batch: AsyncBatch | Batch | int | str) -> BatchStatus:
        """Try a batch's failed and cancelled rows again; as `Client.requeue`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         cancelled = await client.cancel(batch)
        ...         return (await client.requeue(batch)).state == "cancelled"
        >>> asyncio.run(main())
        False
        """
        return await asyncio.to_thread(self.client.requeue, _plain(batch))

    async def priority(self, batch: AsyncBatch | Batch | int | str, priority: int) -> BatchStatus:
        """Give a batch so many turns beside the others; as `Client.priority`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client:
        ...         batch = await client.enqueue(["Schools reopen on Monday"], again=True, priority=50)
        ...         return (await client.priority(batch, 50)).priority
        >>> asyncio.run(main())
        50
        """
        return await asyncio.to_thread(self.client.priority, _plain(batch), priority)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Self]:
        """Run broker and workers for as long as the block lasts; as `Client.up`.

        >>> import asyncio
        >>> from newsgate import AsyncClient
        >>> async def main():
        ...     async with await AsyncClient.open() as client, client.up():
        ...         batch = await client.enqueue(["Schools reopen on Monday"])
        ...         return (await batch.wait()).state
        >>> asyncio.run(main())
        'done'
        """
        running = self.client.up()
        await asyncio.to_thread(running.__enter__)
        try:
            yield self
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def _plain(batch: AsyncBatch | Batch | int | str) -> Batch | int | str:
    return batch.batch if isinstance(batch, AsyncBatch) else batch
