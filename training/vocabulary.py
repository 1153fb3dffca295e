"""Which pieces the tokenizer knows: learned from the training texts, most useful first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from model.text import CONTINUATION, MAX_WORD_CHARACTERS, RESERVED_PIECES, URL_PIECE, Tokenizer, split_words

# A character seen less often teaches nothing; a word that holds one becomes an unknown token.
MIN_CHARACTER_COUNT = 5


def learn_tokenizer(texts: Iterable[str], *, vocabulary_size: int) -> Tokenizer:
    """Return a tokenizer of at most `vocabulary_size` pieces for `texts`; the same texts give the same pieces.

    The pieces are those of byte-pair merging (Sennrich et al. 2016, arXiv 1508.07909) inside words.
    """
    words = _count_words(texts)
    alphabet = _alphabet(words)
    known = (word for word, count in sorted(words.items()) if alphabet.issuperset(word) for _ in range(count))
    return Tokenizer(_merge_pieces(known, alphabet=alphabet, vocabulary_size=vocabulary_size))


def _count_words(texts: Iterable[str]) -> Counter[str]:
    words: Counter[str] = Counter()
    for text in texts:
        words.update(word for word in split_words(text) if len(word) <= MAX_WORD_CHARACTERS and word != URL_PIECE)
    return words


def _alphabet(words: Counter[str]) -> frozenset[str]:
    characters: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            characters[character] += count
    return frozenset(character for character, count in characters.items() if count >= MIN_CHARACTER_COUNT)


def _merge_pieces(words: Iterable[str], *, alphabet: frozenset[str], vocabulary_size: int) -> list[str]:
    # `tokenizers` is in the training extra and absent from a base install.
    from tokenizers import Tokenizer as HubTokenizer
    from tokenizers import models, pre_tokenizers, trainers

    characters = sorted(alphabet)
    # Ties between merges are broken by id, and the library gives `##x` pieces ids in the order of a randomised hash
    # map. Naming them all beforehand, as special tokens, fixes the ids and makes the result repeatable.
    fixed = [*RESERVED_PIECES, *characters, *(CONTINUATION + character for character in characters)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=max(vocabulary_size, len(fixed)),
        min_frequency=2,
        special_tokens=fixed,
        continuing_subword_prefix=CONTINUATION,
        show_progress=False,
    )
    learner = HubTokenizer(models.WordPiece(unk_token=RESERVED_PIECES[1]))
    learner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    learner.train_from_iterator(words, trainer)
    vocabulary: dict[str, int] = learner.get_vocab()
    return sorted(vocabulary, key=vocabulary.__getitem__)
