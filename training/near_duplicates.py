"""Near-duplicates among texts: MinHash finds the pairs that may be, an exact comparison decides.

Texts are compared by what is left of them without addresses, digits and punctuation, since a post that returns with
another link or another number of the day is the same post. Two of them are near-duplicates where the Jaccard
similarity of their sets of character 5-grams reaches `SIMILARITY` (Broder 1997, "On the resemblance and containment of
documents"). Candidates come from banded MinHash signatures (Leskovec, Rajaraman and Ullman 2020, "Mining of Massive
Datasets", section 3.4): 40 bands of 4 rows miss a pair of similarity s with probability (1 - s^4)^40, which is 2e-5 at
0.7 and 5e-10 at 0.8. Whether two texts are a pair depends on nothing but the two texts.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any, Final

from newsgate.model.tokenizer import URL_PIECE, normalise, split_words
from newsgate.training.optional_libraries import training_unavailable

SIMILARITY: Final = 0.7
SHINGLE_CHARACTERS: Final = 5
BANDS: Final = 40
BAND_ROWS: Final = 4
# Raised when what counts as a near-duplicate changes: recorded with every training, see docs/retraining.md.
CLUSTERING: Final = "char5-jaccard0.7-minhash40x4-seed1"

# Longer texts are told apart by their beginning; a signature costs time for every shingle.
_MAX_CHARACTERS: Final = 5_000
_SEED: Final = 1
_DIGITS: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"\w")


class NearDuplicates:
    """Texts that came so far; each new one is told which of them it nearly repeats.

    Raises TrainingUnavailableError where datasketch is not installed.
    """

    def __init__(self) -> None:
        try:
            from datasketch import MinHash, MinHashLSH
        except ImportError as error:
            raise training_unavailable(error, needs="datasketch") from error
        self._signature = MinHash(num_perm=BANDS * BAND_ROWS, seed=_SEED, scheme="affine32")
        self._candidates: Any = MinHashLSH(num_perm=BANDS * BAND_ROWS, params=(BANDS, BAND_ROWS))
        self._shingles: dict[int, frozenset[bytes]] = {}
        self._first_with_key: dict[str, int] = {}
        self._texts = 0

    def add(self, text: str) -> tuple[int, ...]:
        """Return which earlier texts `text` nearly repeats, counted from 0, in ascending order; remember it too.

        Of texts that are equal in what is compared only the first is named.
        """
        number = self._texts
        self._texts += 1
        key = _compared(text)
        first = self._first_with_key.setdefault(key, number)
        if first != number:
            return (first,)
        shingles = _shingles(key)
        signature = self._signed(shingles)
        near = self._near(shingles, signature)
        self._candidates.insert(number, signature, check_duplication=False)
        self._shingles[number] = shingles
        return near

    def find(self, text: str) -> tuple[int, ...]:
        """Return which of the texts so far `text` nearly repeats, as `add` does, and forget it."""
        key = _compared(text)
        if key in self._first_with_key:
            return (self._first_with_key[key],)
        shingles = _shingles(key)
        return self._near(shingles, self._signed(shingles))

    def _signed(self, shingles: frozenset[bytes]) -> Any:
        signature = self._signature.copy()
        signature.update_batch(list(shingles))
        return signature

    def _near(self, shingles: frozenset[bytes], signature: Any) -> tuple[int, ...]:
        candidates = self._candidates.query(signature)
        return tuple(sorted(each for each in candidates if jaccard(self._shingles[each], shingles) >= SIMILARITY))


def cluster_texts(texts: Iterable[str]) -> tuple[int, ...]:
    """Return the cluster of each text: the place, from 0, of the first text of the cluster.

    A cluster is a connected component of near-duplicates, so the parts do not depend on the texts' order, and more
    texts can join clusters but never part them.
    """
    index = NearDuplicates()
    forest = Forest()
    for text in texts:
        forest.add(index.add(text))
    return forest.roots()


class Forest:
    """Things counted from 0 that are joined to trees; the root of a tree is its first thing."""

    def __init__(self) -> None:
        self._parents: list[int] = []

    def __len__(self) -> int:
        return len(self._parents)

    def add(self, joined: Iterable[int] = ()) -> tuple[int, frozenset[int]]:
        """Add a thing and join it to the trees of `joined`; return its root and the roots these trees had."""
        thing = len(self._parents)
        self._parents.append(thing)
        roots = frozenset(self.root(other) for other in joined)
        root = min(roots, default=thing)
        for other in (*roots, thing):
            self._parents[other] = root
        return root, roots

    def root(self, thing: int) -> int:
        """Return the first thing of the tree of `thing`."""
        while self._parents[thing] != thing:
            self._parents[thing] = self._parents[self._parents[thing]]
            thing = self._parents[thing]
        return thing

    def roots(self) -> tuple[int, ...]:
        """Return the root of each thing."""
        return tuple(self.root(thing) for thing in range(len(self._parents)))


def jaccard(one: frozenset[bytes], other: frozenset[bytes]) -> float:
    """Return the share of what is in either set that is in both; 1 for two empty ones."""
    both = len(one & other)
    either = len(one) + len(other) - both
    return both / either if either else 1.0


def near_duplicates(one: str, other: str) -> bool:
    """Return whether the exact comparison finds two texts near-duplicates."""
    return jaccard(_shingles(_compared(one)), _shingles(_compared(other))) >= SIMILARITY


def _compared(text: str) -> str:
    """Return what of `text` is compared; a text of nothing but addresses, digits and marks is compared as it is."""
    words = (_DIGITS.sub("", word) for word in split_words(text[:_MAX_CHARACTERS]) if word != URL_PIECE)
    return " ".join(word for word in words if _WORD.match(word)) or f"\0{_name(normalise(text))}"


def _shingles(key: str) -> frozenset[bytes]:
    if key.startswith("\0") or len(key) <= SHINGLE_CHARACTERS:
        return frozenset([key.encode(errors="surrogatepass")])
    return frozenset(
        key[start : start + SHINGLE_CHARACTERS].encode(errors="surrogatepass")
        for start in range(len(key) - SHINGLE_CHARACTERS + 1)
    )


def _name(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()
