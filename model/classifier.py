"""Texts to probabilities: fast, thread-safe, and the same for a text whatever else is scored with it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from newsgate.model.batching import in_parts
from newsgate.model.bundle import read_bundle
from newsgate.model.familiarity import Familiarity, familiarity_of
from newsgate.model.metadata import BundleMetadata
from newsgate.model.runtime import Runtime, open_runtime
from newsgate.model.runtime_names import RuntimeName
from newsgate.model.text_encoder import Encoder, open_encoder
from newsgate.model.tokens import Tokens
from newsgate.model.weights import Float32, Int32


@dataclass(frozen=True)
class Scores:
    """The scores of some texts, in the texts' order.

    p_fake: float64 [texts], the calibrated probability of `fake`; NaN where the network gave no number.
    token_counts: int32 [texts], the tokens the model read. truncated: bool [texts], there were more of them.
    unknown_counts: int32 [texts], how many of the tokens read are outside the vocabulary; zeros where left out.
    familiarity: float64 [texts], how much each is like the texts the model learned from (`model.familiarity`); NaN
    where the bundle does not tell.
    """

    p_fake: npt.NDArray[np.float64]
    token_counts: Int32
    truncated: npt.NDArray[np.bool_]
    unknown_counts: Int32 = field(default_factory=lambda: np.zeros(0, np.int32))
    familiarity: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0, np.float64))

    def __post_init__(self) -> None:
        if len(self.unknown_counts) == 0:
            object.__setattr__(self, "unknown_counts", np.zeros(len(self.p_fake), np.int32))
        if len(self.familiarity) == 0:
            object.__setattr__(self, "familiarity", np.full(len(self.p_fake), np.nan))

    def __len__(self) -> int:
        return len(self.p_fake)


class Classifier:
    """One bundle, loaded; many threads may call `classify` at once."""

    def __init__(
        self,
        *,
        encoder: Encoder,
        runtime: Runtime,
        metadata: BundleMetadata,
        familiarity: Familiarity | None = None,
        threads: int = 1,
    ) -> None:
        self.metadata = metadata
        self._familiarity = familiarity
        self._encoder = encoder
        self._runtime = runtime
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="classify") if threads > 1 else None

    @classmethod
    def from_bundle_bytes(cls, data: bytes, *, runtime: RuntimeName = "auto", threads: int = 1) -> Classifier:
        """Return the classifier of a bundle, its texts spread over `threads` threads.

        Raises BundleError for a broken bundle and RuntimeUnavailableError where `runtime` is not installed.
        """
        bundle = read_bundle(data)
        # Who asks for NumPy wants nothing of what was compiled here.
        compiled = runtime != "numpy"
        return cls(
            encoder=open_encoder(bundle.tokenizer, compiled=compiled),
            runtime=open_runtime(bundle, runtime=runtime),
            metadata=bundle.metadata,
            familiarity=familiarity_of(bundle, compiled=compiled),
            threads=threads,
        )

    def classify(self, texts: Sequence[str]) -> Scores:
        """Return the scores of `texts`; equal texts are scored once."""
        places: dict[str, int] = {}
        rows = [places.setdefault(text, len(places)) for text in texts]
        tokens = self._encoder.encode(list(places), max_tokens=self.metadata.max_tokens)
        p_fake = calibrated(self._logits(tokens), temperature=self.metadata.temperature)
        return Scores(
            p_fake=p_fake[rows],
            token_counts=tokens.lengths[rows],
            truncated=tokens.truncated[rows],
            unknown_counts=tokens.unknown_counts[rows],
            familiarity=self._familiarity_of(tokens)[rows],
        )

    def _familiarity_of(self, tokens: Tokens) -> npt.NDArray[np.float64]:
        return np.full(len(tokens), np.nan) if self._familiarity is None else self._familiarity.of(tokens)

    def _logits(self, tokens: Tokens) -> Float32:
        if self._pool is None:
            return self._runtime.logits(tokens)
        return in_parts(self._runtime.logits, tokens, pool=self._pool, parts=self._threads)

    def warm_up(self) -> None:
        """Run short and long batches once, so that the first real text does not pay for lazy set-up."""
        self.classify(["warm up", "warm up " * self.metadata.max_tokens])


def calibrated(logits: Float32, *, temperature: float) -> npt.NDArray[np.float64]:
    """Return `sigmoid(logits / temperature)` (Guo et al. 2017, arXiv 1706.04599, section 4.2)."""
    # tanh neither overflows nor warns at the ends, unlike exp.
    return 0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64) / temperature))
