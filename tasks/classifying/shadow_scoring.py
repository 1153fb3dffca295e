"""Shadowing: a challenger scores a share of the champion's chunks too, where nobody sees its verdicts.

It begins when the chunk's own verdicts are committed, so that nothing that happens here can cost or delay them.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from newsgate.db.chunks import Claim
from newsgate.db.session import Database
from newsgate.db.shadow import Shadow, ShadowVerdict, add_shadow_verdicts, find_shadows
from newsgate.model.bundle import NewerBundleError
from newsgate.model.labels import label_of
from newsgate.worker.shared_models import SharedModels
from newsgate.worker.watchdog import InFlight

if TYPE_CHECKING:
    from newsgate.model.classifier import Scores

log = logging.getLogger("newsgate.worker")

_HASH_BYTES = 8


def is_shadowed(chunk: int, *, share: float) -> bool:
    """Whether a chunk is in a share of all chunks: by a hash of its number, so the same wherever and whenever asked.

    A larger share contains every chunk of a smaller one.
    """
    digest = hashlib.blake2b(str(chunk).encode(), digest_size=_HASH_BYTES).digest()
    place: float = int.from_bytes(digest) / 256**_HASH_BYTES
    return place < share


def shadow_chunk(
    claim: Claim,
    items: Sequence[int],
    texts: Sequence[str],
    *,
    database: Database,
    models: SharedModels,
    in_flight: InFlight,
) -> None:
    """Score the items of a committed chunk with the challengers that shadow it. Whatever fails is logged, no more."""
    try:
        with database.read() as connection:
            shadows = find_shadows(connection, claim.model)
        for each in shadows:
            if each.model not in models.newer and is_shadowed(claim.chunk, share=each.share):
                # A time of its own under the watchdog: the chunk has used up some of its lease.
                with in_flight.working_on():
                    _score(each, claim, items, texts, database=database, models=models)
    except NewerBundleError:
        # Newer workers score it, and the log has a line.
        return
    except Exception as error:  # noqa: BLE001 - the chunk is done, and stays done
        log.warning("chunk %d was not shadowed: %s: %s", claim.chunk, type(error).__name__, error)


def _score(
    shadow: Shadow,
    claim: Claim,
    items: Sequence[int],
    texts: Sequence[str],
    *,
    database: Database,
    models: SharedModels,
) -> None:
    said = _said(items, models.get(shadow.model, sha256=shadow.sha256).classify(texts))
    with database.write() as connection:
        add_shadow_verdicts(connection, claim.run, model=shadow.model, said=said)


def _said(items: Sequence[int], scores: Scores) -> list[ShadowVerdict]:
    return [
        ShadowVerdict(item, label_of(p_fake), p_fake)
        for item, p_fake in zip(items, scores.p_fake.tolist(), strict=True)
        if math.isfinite(p_fake)
    ]
