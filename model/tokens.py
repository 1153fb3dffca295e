"""Many texts' token ids in one array, and how they are put into the rectangles that some runtimes want."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from newsgate.model.tokenizer import PADDING_ID, UNKNOWN_ID, Encoded
from newsgate.model.weights import Int32

Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tokens:
    """The tokens of some texts: text t has `ids[starts[t] : starts[t] + lengths[t]]`, at least one.

    ids: int32 [all tokens]. starts: int64 [texts]. lengths: int32 [texts]. truncated: bool [texts], the text had more.
    """

    ids: Int32
    starts: Int64
    lengths: Int32
    truncated: Bool

    def __len__(self) -> int:
        return len(self.lengths)

    @classmethod
    def of(cls, encoded: Sequence[Encoded]) -> Tokens:
        """Return the tokens of texts that were encoded one by one."""
        lengths = np.array([len(each.ids) for each in encoded], np.int32)
        ids = np.fromiter(chain.from_iterable(each.ids for each in encoded), np.int32, int(lengths.sum()))
        truncated = np.array([each.truncated for each in encoded], np.bool_)
        return cls(ids=ids, starts=starts_of(lengths), lengths=lengths, truncated=truncated)

    def pick(self, rows: npt.NDArray[np.intp]) -> Tokens:
        """Return the texts at `rows`, counted from 0, in that order."""
        return Tokens(
            ids=self.ids, starts=self.starts[rows], lengths=self.lengths[rows], truncated=self.truncated[rows]
        )

    def padded(self, rows: npt.NDArray[np.intp]) -> Int32:
        """Return the ids of the texts at `rows`, int32 [rows, longest], padded on the right."""
        lengths = self.lengths[rows]
        times = np.arange(int(lengths.max()))
        places = np.minimum(self.starts[rows][:, np.newaxis] + times, len(self.ids) - 1)
        return np.where(times < lengths[:, np.newaxis], self.ids[places], np.int32(PADDING_ID))

    @property
    def unknown_counts(self) -> Int32:
        """How many tokens of each text are outside the vocabulary, int32 [texts]."""
        before = np.zeros(len(self.ids) + 1, np.int32)
        np.cumsum(self.ids == UNKNOWN_ID, out=before[1:])
        counts: Int32 = before[self.starts + self.lengths] - before[self.starts]
        return counts


def starts_of(lengths: Int32) -> Int64:
    """Return where texts of these lengths start that stand one after the other."""
    ends = np.cumsum(lengths, dtype=np.int64)
    return ends - lengths
