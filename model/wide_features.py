"""What the wide part reads of a text: its tokens, the same in small letters, and pairs of neighbours in small letters.

Small letters, because a word at the beginning of a sentence is the same word; and as they stand, because capitals tell
much about where a text comes from. A mark for capitals stands between no two neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from newsgate.model.token_pairs import pair_slots
from newsgate.model.tokens import Tokens

Int64 = npt.NDArray[np.int64]
# In place of the small letters of a case mark, which has none.
NO_PIECE = -1


@dataclass(frozen=True)
class Features:
    """Every feature at every place of some texts, int64 [features] each.

    owners: the number of its text. numbers: a token's id, or behind all tokens the slot of a pair. firsts, seconds: the
    places of its tokens, counted over all texts; twice the same for a token.
    """

    owners: Int64
    numbers: Int64
    firsts: Int64
    seconds: Int64


def features_of(tokens: Tokens, *, small: Int64, bits: int) -> Features:
    """Return the features of the texts.

    small: int64 [pieces], the id of each piece in small letters, `NO_PIECE` for a case mark. bits: pairs have
    2 ** `bits` slots. The neighbour of a token is the one before it, or the one before its case mark.
    """
    owners = np.repeat(np.arange(len(tokens)), tokens.lengths)
    within = np.arange(len(owners)) - np.repeat(np.cumsum(tokens.lengths) - tokens.lengths, tokens.lengths)
    ids = tokens.ids[tokens.starts[owners] + within].astype(np.int64)
    places = np.arange(len(ids))
    folded = small[ids]
    own = folded != NO_PIECE
    before = places - 1
    before[(before >= 0) & ~own[before]] -= 1
    paired = own & (before >= places - within) & own[before]
    firsts, seconds = before[paired], places[paired]
    pairs = len(small) + pair_slots(folded[firsts], folded[seconds], bits=bits).astype(np.int64)
    return Features(
        owners=np.concatenate([owners, owners[own], owners[paired]]),
        numbers=np.concatenate([ids, folded[own], pairs]),
        firsts=np.concatenate([places, places[own], firsts]),
        seconds=np.concatenate([places, places[own], seconds]),
    )


def different(features: Features, *, count: int) -> tuple[Int64, Int64]:
    """Return the owners and the numbers of each text's different features, ordered; count: of all features."""
    keys = np.unique(features.owners * count + features.numbers)
    return keys // count, keys % count
