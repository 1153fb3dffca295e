"""Files that come at random, most of them small and a few large, as work for `benchmarks.scale.queue_simulation`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.scale.capacity import Site
from benchmarks.scale.queue_simulation import Batch, Chunk, Float64

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FileSizes:
    """Rows of a file: Pareto's law between two bounds, so that a few large files hold much of all rows.

    The chance of more than x rows falls as x ** -tail (Johnson, Kotz and Balakrishnan 1994, chapter 20, truncated).
    """

    smallest: int = 1_000
    largest: int = 100_000
    tail: float = 1.5

    def draw(self, random: np.random.Generator, files: int) -> Int64:
        """Return the rows of so many files, [files]."""
        beyond = (self.smallest / self.largest) ** self.tail
        survival = 1.0 - random.random(files) * (1.0 - beyond)
        rows: Float64 = np.floor(self.smallest * survival ** (-1.0 / self.tail))
        return rows.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Work:
    """Files without their times, so that the same ones can come faster or slower.

    files: the chunks of each. rows: of each file, [files]. gaps: before each file, with a mean of one, [files].
    """

    files: tuple[tuple[Chunk, ...], ...]
    rows: Int64
    gaps: Float64

    def arriving(self, rows_per_second: float) -> list[Batch]:
        """Return the files as batches that bring so many rows a second on average."""
        times = np.cumsum(self.gaps) * (float(self.rows.mean()) / rows_per_second)
        return [Batch(float(at), chunks) for at, chunks in zip(times, self.files, strict=True)]


def draw_work(site: Site, sizes: FileSizes, *, files: int, spread: float, seed: int) -> Work:
    """Return `files` files that come as a Poisson process.

    spread: how much the time of a chunk in a thread differs, as the sigma of a log-normal factor with a mean of one.
    """
    random = np.random.default_rng(seed)
    rows, gaps = sizes.draw(random, files), random.exponential(size=files)
    chunks = [-(-int(of_file) // site.chunk_rows) for of_file in rows]
    factors = np.split(random.lognormal(-(spread**2) / 2, spread, sum(chunks)), np.cumsum(chunks)[:-1])
    cut = (_cut(site, int(of_file), factors=each) for of_file, each in zip(rows, factors, strict=True))
    # Without the division so few gaps would miss the wanted load by a percent or two, which is much close to one.
    return Work(tuple(cut), rows, gaps / gaps.mean())


def _cut(site: Site, rows: int, *, factors: Float64) -> tuple[Chunk, ...]:
    """Return the chunks of one file; factors: what the time of each in a thread is multiplied by, [chunks]."""
    sizes = [min(site.chunk_rows, rows - first) for first in range(0, rows, site.chunk_rows)]
    return tuple(
        Chunk(
            read_seconds=site.reading.of(size),
            store_seconds=site.database.store.of(size),
            work_seconds=site.working.of(size) * float(factor),
            commit_seconds=site.committing.of(size),
        )
        for size, factor in zip(sizes, factors, strict=True)
    )
