"""Which pieces the tokenizer knows: learned from the training texts, most useful first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from newsgate.model.tokenizer import (
    CASE_PIECES,
    CONTINUATION,
    MAX_WORD_CHARACTERS,
    RESERVED_PIECES,
    UNKNOWN_PIECE,
    URL_PIECE,
    Tokenizer,
    split_words,
)

# A character seen less often teaches nothing; a word that holds one becomes an unknown token.
MIN_CHARACTER_COUNT: Final = 5
# In few texts hardly any character is seen so often, of Chinese none; what is in two places may then tell something.
MIN_CHARACTER_COUNT_OF_FEW: Final = 2
_FEW_CHARACTERS: Final = 20_000
# A word with capitals that is seen less often is read as its case mark and its small letters.
MIN_CAPITALS_COUNT: Final = 3
# Of the vocabulary, what words with capitals may take.
CAPITALS_SHARE: Final = 1 / 3


def learn_tokenizer(texts: Iterable[str], *, vocabulary_size: int) -> Tokenizer:
    """Return a tokenizer of at most `vocabulary_size` pieces for `texts`; the same texts give the same pieces.

    The pieces are those of byte-pair merging (Sennrich et al. 2016, arXiv 1508.07909) inside words in small letters,
    and whole words with capitals as they are written. Each character of the texts is a piece, however many there are.
    """
    written = _count_words(texts)
    words = _in_small_letters(written)
    alphabet = _alphabet(words)
    fixed = _fixed_pieces(alphabet)
    room = max(0, vocabulary_size - len(fixed))
    capitals = _frequent_capitals(written, alphabet=alphabet, most=min(room, int(vocabulary_size * CAPITALS_SHARE)))
    known = (word for word, count in sorted(words.items()) if alphabet.issuperset(word) for _ in range(count))
    pieces = _merge_pieces(known, fixed=fixed, vocabulary_size=vocabulary_size - len(capitals))
    return Tokenizer([*pieces, *capitals])


def _count_words(texts: Iterable[str]) -> Counter[str]:
    words: Counter[str] = Counter()
    for text in texts:
        words.update(
            word for word in split_words(text, keep_case=True) if len(word) <= MAX_WORD_CHARACTERS and word != URL_PIECE
        )
    return words


def _in_small_letters(written: Counter[str]) -> Counter[str]:
    small: Counter[str] = Counter()
    for word, count in written.items():
        small[word.lower()] += count
    return small


def _frequent_capitals(written: Counter[str], *, alphabet: frozenset[str], most: int) -> list[str]:
    """Return the words with capitals that are seen most often, at most `most`; ties in the alphabet's order."""
    seen = [
        (word, count)
        for word, count in written.items()
        if word != word.lower() and count >= MIN_CAPITALS_COUNT and alphabet.issuperset(word.lower())
    ]
    return [word for word, _count in sorted(seen, key=lambda each: (-each[1], each[0]))[:most]]


def _alphabet(words: Counter[str]) -> frozenset[str]:
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    few = characters.total() < _FEW_CHARACTERS
    least = MIN_CHARACTER_COUNT_OF_FEW if few else MIN_CHARACTER_COUNT
    return frozenset(character for character, count in characters.items() if count >= least)


def _fixed_pieces(alphabet: frozenset[str]) -> list[str]:
    characters = sorted(alphabet)
    return [*RESERVED_PIECES, *CASE_PIECES, *characters, *(CONTINUATION + character for character in characters)]


def _merge_pieces(words: Iterable[str], *, fixed: list[str], vocabulary_size: int) -> list[str]:
    # `tokenizers` is in the training extra and absent from a base install.
    from tokenizers import Tokenizer as HubTokenizer
    from tokenizers import models, pre_tokenizers, trainers

    # Ties between merges are broken by id, and the library gives `##x` pieces ids in the order of a randomised hash
    # map. Naming them all beforehand, as special tokens, fixes the ids and makes the result repeatable.
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(vocabulary_size, len(fixed)),
        min_frequency=2,
        special_tokens=fixed,
        continuing_subword_prefix=CONTINUATION,
        show_progress=False,
    )
    learner = HubTokenizer(models.WordPiece(unk_token=UNKNOWN_PIECE))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(words, trainer)
    vocabulary: dict[str, int] = learner.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)
