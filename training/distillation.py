"""What the network learns from beside the labels: variants of the texts and texts without one, as teachers see them.

Hinton et al. 2015, arXiv 1503.02531; for LSTMs Tang et al. 2019, arXiv 1903.12136. Two teachers that err differently
are asked, and held-back labels decide how much each one's word counts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from newsgate.foundation.private_file import open_private
from newsgate.model.gates import sigmoid
from newsgate.model.tensorflow_loading import load_tensorflow
from newsgate.training.corpus import Split
from newsgate.training.examples import Examples
from newsgate.training.linear_model import cross_fit_linear
from newsgate.training.logistic_regression import FEW_TEXTS
from newsgate.training.minilm import find_minilm
from newsgate.training.optional_libraries import training_unavailable
from newsgate.training.progress import Progress, ProgressCallback
from newsgate.training.recipe import Recipe
from newsgate.training.teacher_weights import weigh_teachers
from newsgate.training.text_variants import LONGEST_WORDS, VariantWriter
from newsgate.training.word_vectors import load_word_vectors

# Teachers and variants are the same whatever the recipe's seed, so that several networks can share their answers.
TEACHER_SEED: Final = 0
# To be raised when the same recipe no longer gives the same answers.
ANSWERS_VERSION: Final = 8
# How much a label itself says about its text beside what the teachers say.
_LABEL_SHARE: Final = 0.5
log = logging.getLogger("newsgate.trainer")

_PREFIX: Final = "teachers-"
# A megabyte each; more than the trainings that are repeated at a time.
_MOST_KEPT: Final = 20
_BLOCK_TEXTS: Final = 4096

Float32 = npt.NDArray[np.float32]


class Teacher(Protocol):
    """Anything that has an opinion on texts."""

    def logits(self, texts: Sequence[str], origins: Sequence[int] | None = None, /) -> Float32:
        """Return float32 [texts], positive for fake.

        origins: the fitted texts that these are, or were made of; None for new ones.
        """
        ...


@dataclass(frozen=True)
class _Asked:
    """What teachers are asked about: texts made of fitted ones, which one each is or was made of, and new texts."""

    made: tuple[str, ...]
    origins: tuple[int, ...]
    new: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        return self.made + self.new

    def blocks(self) -> Iterator[tuple[tuple[str, ...], tuple[int, ...] | None]]:
        """Yield the texts, in order, in blocks, each with the origins of its texts; None for new ones."""
        for start in range(0, len(self.made), _BLOCK_TEXTS):
            block = slice(start, start + _BLOCK_TEXTS)
            yield self.made[block], self.origins[block]
        for start in range(0, len(self.new), _BLOCK_TEXTS):
            yield self.new[start : start + _BLOCK_TEXTS], None


def distilled_examples(
    split: Split,
    *,
    unlabelled: tuple[str, ...] = (),
    recipe: Recipe,
    cache_folder: Path | None,
    progress: ProgressCallback,
) -> Examples:
    """Return `split.fitting`, `recipe.variants` variants of each of its texts and `unlabelled`, with targets.

    unlabelled: texts of neither side of `split`; the teachers alone say what they are, as with variants.
    cache_folder: where the teachers' answers are kept and looked for, since they take most of the time; a training that
    was cut short goes on from there. Raises PretrainedUnavailableError and TrainingUnavailableError where a teacher is
    not installed.
    """
    asked = replace(_with_variants(split.fitting.texts, recipe=recipe), new=unlabelled)
    logits = _cached_answers(split, asked=asked, recipe=recipe, cache_folder=cache_folder, progress=progress)
    opinions = sigmoid(logits)
    labels = Examples.of_labels(split.fitting, smoothing=recipe.label_smoothing).targets
    own = len(split.fitting)
    targets = np.concatenate([_LABEL_SHARE * labels + (1.0 - _LABEL_SHARE) * opinions[:own], opinions[own:]])
    return Examples(asked.texts, targets.astype(np.float32))


def _with_variants(texts: tuple[str, ...], *, recipe: Recipe) -> _Asked:
    writer = VariantWriter(texts, vectors=load_word_vectors(), seed=TEACHER_SEED)
    rounds = _rounds(recipe, texts)
    variants = tuple(writer.variants(rounds))
    return _Asked(texts + variants, tuple(range(len(texts))) + rounds * writer.origins)


def _rounds(recipe: Recipe, texts: Sequence[str]) -> int:
    """Return how many variants of each text are made: the fewer words there are to learn from, the more."""
    words = sum(min(len(text.split()), LONGEST_WORDS) for text in texts)
    return max(1, min(recipe.variants, recipe.transfer_words // max(1, words)))


def _cached_answers(
    split: Split, *, asked: _Asked, recipe: Recipe, cache_folder: Path | None, progress: ProgressCallback
) -> Float32:
    if cache_folder is None:
        return _ask_teachers(split, asked=asked, recipe=recipe, progress=progress)
    path = cache_folder / f"{_PREFIX}{_name(split, asked, recipe)}.npz"
    kept = _read_answers(path, texts=len(asked.texts))
    if kept is not None:
        return kept
    logits = _ask_teachers(split, asked=asked, recipe=recipe, progress=progress)
    try:
        _keep_answers(logits, path)
    except OSError as error:
        # A full disk, most often: the training goes on, and the next one asks again.
        log.warning("the teachers' answers are not kept: %s: %s", path.parent, error.strerror or error)
    return logits


def _keep_answers(logits: Float32, path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Of its own name: another training may be asking the same.
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        with open_private(unfinished, "wb") as file:
            np.savez_compressed(file, logits=logits)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    _forget_oldest(path.parent)


def _read_answers(path: Path, *, texts: int) -> Float32 | None:
    """Return the answers kept in a file, None where there are none or they are damaged: asking again mends that."""
    try:
        # NumPy does not close a file that it opened and cannot read.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as answers:
            logits = np.asarray(answers["logits"], dtype=np.float32)
    except Exception:  # noqa: BLE001 - zlib, zipfile and NumPy each have their own errors of a damaged file
        return None
    return logits if logits.shape == (texts,) and bool(np.isfinite(logits).all()) else None


def _forget_oldest(cache_folder: Path) -> None:
    with suppress(FileNotFoundError):  # another training forgets at the same moment
        by_age = sorted(cache_folder.glob(f"{_PREFIX}*"), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in by_age[_MOST_KEPT:]:
            path.unlink()


def _name(split: Split, asked: _Asked, recipe: Recipe) -> str:
    """Return what the answers depend on, in hexadecimal: the texts, who is asked, and about how many variants."""
    facts = [
        ANSWERS_VERSION,
        # In order: the variants depend on it.
        _hashes(split.fitting.texts),
        split.fitting.labels,
        split.held_back.fingerprint(),
        _hashes(asked.new),
        recipe.teacher,
        recipe.variants,
        recipe.transfer_words,
        recipe.linear_folds,
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


def _hashes(texts: Sequence[str]) -> list[str]:
    return [hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest() for text in texts]


def _ask_teachers(split: Split, *, asked: _Asked, recipe: Recipe, progress: ProgressCallback) -> Float32:
    teachers = _fit_teachers(split, recipe=recipe, progress=progress)
    held_back = np.stack([teacher.logits(split.held_back.texts) for teacher in teachers], axis=1)
    of_fitted = None
    if len(held_back) < FEW_TEXTS:
        of_fitted = np.stack([teacher.logits(split.fitting.texts) for teacher in teachers], axis=1)
    weights, bias = weigh_teachers(held_back, split.held_back.labels, of_fitted=of_fitted)
    blocks: list[Float32] = []
    for texts, origins in asked.blocks():
        progress(Progress(stage="transfer", step=sum(map(len, blocks)), steps=len(asked.texts)))
        opinions = np.stack([teacher.logits(texts, origins) for teacher in teachers], axis=1)
        blocks.append(opinions @ weights + bias)
    progress(Progress(stage="transfer", step=len(asked.texts), steps=len(asked.texts)))
    return np.concatenate(blocks).astype(np.float32)


def _fit_teachers(split: Split, *, recipe: Recipe, progress: ProgressCallback) -> list[Teacher]:
    if recipe.teacher == "linear":
        return [cross_fit_linear(split.fitting, folds=recipe.linear_folds)]
    # What is missing is told before anything takes its time.
    files = find_minilm()
    try:
        # TensorFlow takes seconds and hundreds of megabytes to import, and a base install lacks it.
        load_tensorflow()
        from newsgate.training.minilm_teacher import fit_teacher
    except ImportError as error:
        raise training_unavailable(error, needs="TensorFlow") from error
    return [
        cross_fit_linear(split.fitting, folds=recipe.linear_folds),
        fit_teacher(split, files=files, seed=TEACHER_SEED, progress=progress),
    ]
