"""Texts to the tokens of all of them: in C where that was built, and by `model.tokenizer.Tokenizer` elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from newsgate.model.native.library import native_library
from newsgate.model.tokenizer import Tokenizer
from newsgate.model.tokens import Tokens


class Encoder(Protocol):
    """Encodes with one vocabulary; safe to share between threads."""

    def encode(self, texts: Sequence[str], *, max_tokens: int) -> Tokens:
        """Return the first `max_tokens` tokens of each text; a text without words is one unknown token."""
        ...


class PythonEncoder:
    """The tokenizer itself, text by text: what every other encoder must equal."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str], *, max_tokens: int) -> Tokens:
        """Return the first `max_tokens` tokens of each text."""
        return Tokens.of(self._tokenizer.encode_all(texts, max_tokens=max_tokens))


def open_encoder(tokenizer: Tokenizer, *, compiled: bool) -> Encoder:
    """Return the fastest encoder there is; with `compiled` false, none that was built with newsgate."""
    library = native_library() if compiled else None
    if library is None:
        return PythonEncoder(tokenizer)
    from newsgate.model.native.encoder import NativeEncoder

    return NativeEncoder(library, tokenizer)
