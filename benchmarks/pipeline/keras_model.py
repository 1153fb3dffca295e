"""The peers' model: the network that newsgate serves, as Keras runs it, with newsgate's tokenizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from newsgate.model.batching import pad
from newsgate.model.bundle import read_bundle
from newsgate.model.classifier import calibrated
from newsgate.model.starter import starter_bundle
from newsgate.model.tokenizer import Tokenizer

BATCH_TEXTS = 128
_WARM_UP_WORDS = (5, 10, 20, 40, 80)


@dataclass(frozen=True)
class KerasModel:
    """A network, and what stands before and behind it."""

    network: Any
    tokenizer: Tokenizer
    max_tokens: int
    temperature: float

    @classmethod
    def load(cls) -> KerasModel:
        """Load the starter model, warm, in a process that shares the machine with one such process a core."""
        import tensorflow as tf

        from newsgate.model.network import network_from_bytes

        # Their threads would only contend with the other processes.
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        bundle = read_bundle(starter_bundle())
        loaded = cls(
            network=network_from_bytes(bundle.keras_model),
            tokenizer=bundle.tokenizer,
            max_tokens=bundle.metadata.max_tokens,
            temperature=bundle.metadata.temperature,
        )
        loaded._warm_up()
        return loaded

    def p_fake_of_one(self, text: str) -> float:
        """The calibrated probability of `fake`, by `predict`."""
        logits = self.network.predict(pad([self._ids(text)])[0], verbose=0)
        return float(calibrated(logits[0], temperature=self.temperature)[0])

    def p_fake(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """The calibrated probabilities of `fake`, by `predict_on_batch`; texts of similar length share a batch."""
        ids = [self._ids(text) for text in texts]
        # A batch is as wide as its longest text, and what is narrower costs as much: sorting more than halves the work.
        by_length = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        logits = np.empty(len(ids), dtype=np.float32)
        for start in range(0, len(ids), BATCH_TEXTS):
            rows = by_length[start : start + BATCH_TEXTS]
            logits[rows] = self.network.predict_on_batch(pad([ids[row] for row in rows])[0])[:, 0]
        return calibrated(logits, temperature=self.temperature)

    def _ids(self, text: str) -> tuple[int, ...]:
        return self.tokenizer.encode(text, max_tokens=self.max_tokens).ids

    def _warm_up(self) -> None:
        for words in _WARM_UP_WORDS:
            self.p_fake_of_one("word " * words)
            self.p_fake(["word " * words] * BATCH_TEXTS)
