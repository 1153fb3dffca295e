"""What a vocabulary is learned from: frequent words, their capitals, and nothing that depends on the order of texts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.model.tokenizer import CASE_PIECES, RESERVED_PIECES
from newsgate.training.vocabulary import CAPITALS_SHARE, MIN_CAPITALS_COUNT, MIN_CHARACTER_COUNT, learn_tokenizer

# So often that every letter is known.
LETTERS = ["the quick brown fox jumps over the lazy dog"] * MIN_CHARACTER_COUNT


def capitals_of(pieces: tuple[str, ...]) -> list[str]:
    return [piece for piece in pieces[len(RESERVED_PIECES) + len(CASE_PIECES) :] if piece != piece.lower()]


def test_a_word_with_capitals_is_a_piece_from_the_third_time_on() -> None:
    texts = [*LETTERS, *["Police NEWS iPhone"] * MIN_CAPITALS_COUNT, *["Rare WORD"] * (MIN_CAPITALS_COUNT - 1)]
    tokenizer = learn_tokenizer(texts, vocabulary_size=500)
    assert sorted(capitals_of(tokenizer.pieces)) == ["NEWS", "Police", "iPhone"]
    assert tokenizer.keeps_case


def test_words_with_capitals_are_a_third_of_the_vocabulary_at_most_and_the_most_frequent_ones() -> None:
    names = [f"{first}{second}x" for first in "ABCDEFGH" for second in "abcdefgh"]
    texts = [*LETTERS, *(" ".join(names) for _ in range(3)), *(" ".join(names[:10]) for _ in range(3))]
    pieces = learn_tokenizer(texts, vocabulary_size=120).pieces
    assert len(pieces) <= 120
    assert len(capitals_of(pieces)) == int(120 * CAPITALS_SHARE)
    assert capitals_of(pieces)[:10] == sorted(names[:10])


def test_a_word_with_a_character_that_is_too_rare_is_no_piece() -> None:
    assert "Caf\u00e9" not in learn_tokenizer([*LETTERS * 120, *["Caf\u00e9"] * 4], vocabulary_size=500).pieces


def test_an_address_teaches_no_piece() -> None:
    plain = learn_tokenizer(LETTERS, vocabulary_size=500)
    assert (
        learn_tokenizer([*LETTERS, *["HTTPS://T.CO/Abc www.Who.int"] * 9], vocabulary_size=500).pieces == plain.pieces
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abAB \u00e9!", max_size=30), max_size=30), st.integers(20, 60))
def test_the_same_texts_in_any_order_give_the_same_pieces_and_no_more_than_asked(texts: list[str], size: int) -> None:
    pieces = learn_tokenizer(texts, vocabulary_size=size).pieces
    assert pieces == learn_tokenizer(reversed(texts), vocabulary_size=size).pieces
    assert len(pieces) <= size
    assert pieces[: len(RESERVED_PIECES) + len(CASE_PIECES)] == (*RESERVED_PIECES, *CASE_PIECES)
    assert len(capitals_of(pieces)) <= size * CAPITALS_SHARE


def test_every_character_is_a_piece_even_where_that_is_more_than_asked_and_capitals_then_get_none() -> None:
    pieces = learn_tokenizer([*LETTERS, *["Police"] * 9], vocabulary_size=30).pieces
    assert len(pieces) == len(RESERVED_PIECES) + len(CASE_PIECES) + 2 * 26
    assert capitals_of(pieces) == []


def test_a_few_texts_in_chinese_are_not_all_unknown() -> None:
    texts = ["医生说疫苗是安全的", "秘密芯片藏在疫苗里", "医生说喝水是安全的", "秘密医生藏在学校里"]
    assert {"疫", "苗", "医", "生"} <= set(learn_tokenizer(texts, vocabulary_size=500).pieces)
