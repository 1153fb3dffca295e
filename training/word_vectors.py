"""What words mean before the first label: vectors that the network's embedding starts from.

The table `training/word_vectors.npz` is MiniLM's input embedding (`training.minilm`), centred, cut to its principal
components and rounded to a byte a number. `python -m newsgate.training.word_vectors` makes it again.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.model.tokenizer import CASE_PIECES, CONTINUATION, RESERVED_PIECES, URL_PIECE, longest_pieces
from newsgate.training.minilm import MiniLmFiles, find_minilm

WIDTH: Final = 128
TABLE: Final = Path(__file__).with_name("word_vectors.npz")

_MARKS: Final = frozenset({*RESERVED_PIECES, *CASE_PIECES} - {URL_PIECE})
# What MiniLM's vocabulary has for an address.
_ADDRESS_WORD: Final = "http"
# The first thousand pieces of its vocabulary are marks and placeholders, which would bend the centre.
_FIRST_WORD: Final = 1000
_LARGEST_BYTE: Final = 127

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class WordVectors:
    """A vector for each piece of a vocabulary: float32 [pieces, width], and the place of each piece."""

    places: Mapping[str, int]
    vectors: Float32

    def of_pieces(self, pieces: Sequence[str]) -> Float32:
        """Return a vector for each of a tokenizer's `pieces`: float32 [pieces, width], about 1 in size a number.

        A piece that is not in the table gets the mean of the table's pieces that spell it (WordPiece, longest first);
        padding, marks and what cannot be spelled get zeros.
        """
        table = np.stack([self._of_piece(piece) for piece in pieces])
        known = np.flatnonzero(table.any(axis=1))
        if len(known):
            table[known] -= table[known].mean(axis=0)
            table[known] /= max(float(table[known].std()), 1e-6)
        return table

    def _of_piece(self, piece: str) -> Float32:
        if piece in _MARKS:
            return np.zeros(self.vectors.shape[1], np.float32)
        # The table knows small letters alone: "Police" begins where "police" does.
        spelled = self.spell(_ADDRESS_WORD if piece == URL_PIECE else piece.lower())
        if not spelled:
            return np.zeros(self.vectors.shape[1], np.float32)
        mean: Float32 = self.vectors[list(spelled)].mean(axis=0)
        return mean

    def spell(self, piece: str) -> tuple[int, ...] | None:
        """Return the places in the table of the piece, or of the longest ones that spell it; None where none do."""
        if piece in self.places:
            return (self.places[piece],)
        continues = piece.startswith(CONTINUATION) and len(piece) > len(CONTINUATION)
        rest = piece.removeprefix(CONTINUATION) if continues else piece
        return longest_pieces(rest, self.places, longest=len(rest), continues=continues)


@cache
def load_word_vectors(path: Path = TABLE) -> WordVectors:
    """Return the table that comes with newsgate."""
    with np.load(path, allow_pickle=False) as table:
        pieces = bytes(table["pieces"]).decode().split("\n")
        vectors = table["vectors"].astype(np.float32) * table["scales"]
    return WordVectors(places={piece: place for place, piece in enumerate(pieces)}, vectors=vectors)


def build_table(files: MiniLmFiles) -> bytes:
    """Return the content of the table, from MiniLM's input embedding float32 [30522, 384]."""
    (embedding,) = (array for name, array in files.arrays().items() if name.endswith("word_embeddings.weight"))
    centred = embedding - embedding[_FIRST_WORD:].mean(axis=0)
    _, components = np.linalg.eigh(np.cov(centred[_FIRST_WORD:].T))
    reduced = centred @ components[:, ::-1][:, :WIDTH].astype(np.float32)
    pieces = files.pieces()
    kept = [place for place, piece in enumerate(pieces) if _is_of_use(piece)]
    scales = np.abs(reduced[kept]).max(axis=1, keepdims=True) / _LARGEST_BYTE
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        pieces=np.frombuffer("\n".join(pieces[place] for place in kept).encode(), np.uint8),
        vectors=np.round(reduced[kept] / scales).astype(np.int8),
        scales=scales.astype(np.float32),
    )
    return buffer.getvalue()


def _is_of_use(piece: str) -> bool:
    # The rest are placeholders, and scripts of which the vocabulary has single characters alone.
    return not (piece.startswith("[") and piece.endswith("]") and len(piece) > 1) and (
        piece.isascii() or len(piece) > 1
    )


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m newsgate.training.word_vectors", description="Make the table again."
    )
    parser.add_argument("--minilm", type=Path, help="MiniLM's folder. [default: the installed wheel's]")
    parser.add_argument("--output", type=Path, default=TABLE)
    arguments = parser.parse_args()
    content = build_table(find_minilm(arguments.minilm))
    arguments.output.write_bytes(content)
    print(f"{arguments.output}: {len(content)} bytes, {len(load_word_vectors(arguments.output).places)} pieces")


if __name__ == "__main__":
    _main()
