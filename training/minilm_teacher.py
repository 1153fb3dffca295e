"""The teacher: MiniLM, fine-tuned on the labels, that tells the LSTM what it thinks of texts without one.

It is far too slow to serve, and knows more English than the labels can teach.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from newsgate.model.batching import pad
from newsgate.model.tokenizer import unescape, without_addresses
from newsgate.model.weights import Int32
from newsgate.training.corpus import Split
from newsgate.training.examples import Examples
from newsgate.training.fit_loop import fit_epochs
from newsgate.training.fit_progress import Reporter
from newsgate.training.learning_rate import warm_up_then_cosine
from newsgate.training.length_batches import LengthBatches
from newsgate.training.minilm import MiniLmFiles
from newsgate.training.minilm_network import MiniLm, build_minilm
from newsgate.training.progress import ProgressCallback
from newsgate.training.stop_when_worse import StopWhenWorse

# Attention grows with the square of this; posts and headlines are shorter.
MAX_TOKENS: Final = 128
EPOCHS: Final = 4
BATCH_ROWS: Final = 32
LEARNING_RATE: Final = 7e-5
WEIGHT_DECAY: Final = 0.01
LABEL_SMOOTHING: Final = 0.05

_LABELLING_ROWS: Final = 64


@dataclass(frozen=True)
class Teacher:
    """A fine-tuned network and what it reads."""

    network: MiniLm
    tokenizer: Tokenizer

    def logits(self, texts: Sequence[str], _origins: Sequence[int] | None = None) -> npt.NDArray[np.float32]:
        """Return the logits of P(fake), float32 [texts], whatever texts they were made of."""
        return self._of_each(texts, self.network.predict_on_batch, width=1)[:, 0]

    def embeddings(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the mean of each text's last states, float32 [texts, width]: what the last layer is given."""
        width = self.network.logit.kernel.shape[0]
        return self._of_each(texts, lambda ids: np.asarray(self.network.embed(ids)), width=width)

    def _of_each(
        self, texts: Sequence[str], compute: Callable[[Int32], npt.NDArray[np.float32]], *, width: int
    ) -> npt.NDArray[np.float32]:
        """Return what `compute` makes of padded ids, float32 [texts, width], in batches of about the same length."""
        token_ids = _encode(self.tokenizer, texts)
        found = np.empty((len(texts), width), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(token_ids[row]))
        for start in range(0, len(by_length), _LABELLING_ROWS):
            rows = by_length[start : start + _LABELLING_ROWS]
            ids, _lengths = pad([token_ids[row] for row in rows])
            found[rows] = compute(ids)
        return found


def untaught(files: MiniLmFiles) -> Teacher:
    """Return MiniLM as it came, with a last layer that knows nothing: for measuring what asking it costs."""
    return Teacher(network=build_minilm(files.arrays()), tokenizer=_tokenizer(files))


def fit_teacher(split: Split, *, files: MiniLmFiles, seed: int, progress: ProgressCallback) -> Teacher:
    """Return MiniLM fine-tuned on `split.fitting`; `split.held_back` is reported on, and ends it if it gets worse."""
    keras.utils.set_random_seed(seed)
    tokenizer = _tokenizer(files)
    network = build_minilm(files.arrays())
    fitting = LengthBatches(
        _encode(tokenizer, split.fitting.texts),
        Examples.of_labels(split.fitting, smoothing=LABEL_SMOOTHING).targets,
        batch_rows=BATCH_ROWS,
        shuffle_seed=seed,
    )
    held_back = LengthBatches(
        _encode(tokenizer, split.held_back.texts),
        Examples.of_labels(split.held_back, smoothing=0.0).targets,
        batch_rows=_LABELLING_ROWS,
    )
    rate = warm_up_then_cosine(LEARNING_RATE, first=LEARNING_RATE / 20, steps=EPOCHS * len(fitting))
    fit_epochs(
        network,
        fitting=fitting,
        held_back=held_back,
        epochs=EPOCHS,
        optimizer=keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, clipnorm=1.0),
        callbacks=[
            Reporter(progress, stage="teacher", steps=len(fitting)),
            StopWhenWorse(held_back_rows=len(split.held_back.texts)),
        ],
    )
    # XLA would compile anew for every length of a batch.
    network.compile(jit_compile=False)
    return Teacher(network=network, tokenizer=tokenizer)


def _tokenizer(files: MiniLmFiles) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(files.tokenizer))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def _encode(tokenizer: Tokenizer, texts: Iterable[str]) -> list[tuple[int, ...]]:
    # An address is random letters: the LSTM's tokenizer reads it as one token, so the teacher does too.
    readable = [without_addresses(unescape(text)) for text in texts]
    encoded: list[Any] = tokenizer.encode_batch(readable)
    return [tuple(each.ids) for each in encoded]
