"""Texts go to a network in rectangles and in parts of similar length, and their scores come back in their own order."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from newsgate.model.batching import in_parts, in_rectangles, pad
from newsgate.model.tokenizer import PADDING_ID, Encoded
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, Int32

# Many texts of few lengths: among equals a sort that is not stable changes the order.
LENGTHS = np.random.default_rng(0).integers(1, 6, size=300)
TEXTS = [tuple(range(2 + 10 * row, 2 + 10 * row + int(length))) for row, length in enumerate(LENGTHS)]
TOKENS = Tokens.of([Encoded(ids, truncated=False) for ids in TEXTS])
# A score that tells the text and its length apart from every other.
EXPECTED = np.array([ids[0] + len(ids) / 8 for ids in TEXTS], np.float32)
LONGEST_FIRST = sorted(range(len(TEXTS)), key=lambda row: -len(TEXTS[row]))


class Recorder:
    """A network whose logit is the first id and an eighth of the length, and that keeps what it was asked."""

    def __init__(self) -> None:
        self.rectangles: list[Int32] = []
        self.parts: list[Tokens] = []
        self._lock = threading.Lock()

    def run(self, ids: Int32, lengths: Int32) -> Float32:
        self.rectangles.append(ids)
        np.testing.assert_array_equal(lengths, np.count_nonzero(ids, axis=1))
        return (ids[:, 0] + lengths / 8).astype(np.float32)

    def score(self, tokens: Tokens) -> Float32:
        with self._lock:
            self.parts.append(tokens)
        return (tokens.ids[tokens.starts] + tokens.lengths / 8).astype(np.float32)


def rows_of(first_ids: npt.NDArray[np.int32]) -> list[int]:
    return [(int(first) - 2) // 10 for first in first_ids]


@pytest.mark.parametrize("batch_rows", [1, 7, 300, 1000])
def test_rectangles_hold_the_longest_texts_first_and_neighbours_of_one_length(batch_rows: int) -> None:
    network = Recorder()
    logits = in_rectangles(network.run, TOKENS, batch_rows=batch_rows)
    np.testing.assert_array_equal(logits, EXPECTED)
    assert logits.dtype == np.float32
    order = [row for ids in network.rectangles for row in rows_of(ids[:, 0])]
    assert order == LONGEST_FIRST
    assert {len(ids) for ids in network.rectangles[:-1]} <= {batch_rows}
    # No column is padding alone.
    assert all((ids[:, -1] != PADDING_ID).any() for ids in network.rectangles)


def test_a_rectangle_has_at_most_128_texts_where_nothing_else_is_said() -> None:
    network = Recorder()
    in_rectangles(network.run, TOKENS)
    assert [len(ids) for ids in network.rectangles] == [128, 128, 44]


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_parts_are_of_equal_work(parts: int) -> None:
    network = Recorder()
    with ThreadPoolExecutor(parts) as pool:
        logits = in_parts(network.score, TOKENS, pool=pool, parts=parts)
    np.testing.assert_array_equal(logits, EXPECTED)
    assert logits.dtype == np.float32
    assert len(network.parts) == parts
    work = [int(part.lengths.sum()) for part in network.parts]
    assert max(work) - min(work) <= LENGTHS.max()
    dealt = sorted(rows_of(part.ids[part.starts]) for part in network.parts)
    assert dealt == sorted(LONGEST_FIRST[part::parts] for part in range(parts))


def test_fewer_texts_than_parts_make_no_empty_part() -> None:
    network = Recorder()
    few = TOKENS.pick(np.arange(3))
    with ThreadPoolExecutor(8) as pool:
        np.testing.assert_array_equal(in_parts(network.score, few, pool=pool, parts=8), EXPECTED[:3])
    assert [len(part) for part in network.parts] == [1, 1, 1]


def test_no_texts_give_no_logits() -> None:
    network = Recorder()
    none = TOKENS.pick(np.arange(0))
    with ThreadPoolExecutor(2) as pool:
        assert in_parts(network.score, none, pool=pool, parts=2).shape == (0,)
    assert in_rectangles(network.run, none).shape == (0,)
    assert (network.parts, network.rectangles) == ([], [])


def test_padding_stands_on_the_right() -> None:
    ids, lengths = pad([(5, 6), (7,), (8, 9, 10)])
    assert ids.tolist() == [[5, 6, PADDING_ID], [7, PADDING_ID, PADDING_ID], [8, 9, 10]]
    assert lengths.tolist() == [2, 1, 3]
    assert ids.dtype == lengths.dtype == np.dtype(np.int32)
