"""The tokenizer: what it reads, what it leaves out, and that it stops in time."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.model.tokenizer import (
    CASE_PIECES,
    RESERVED_PIECES,
    UNKNOWN_ID,
    Encoded,
    Tokenizer,
    _normal_form,
    normalise,
    split_words,
)

PIECES = (*RESERVED_PIECES, "un", "##believ", "##able", "#", "@", "news", "!", "a", "##b")
CASED_PIECES = (*RESERVED_PIECES, *CASE_PIECES, *PIECES[3:], "i", "##phone", "News", "US")
ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("abABNEWSnews @i")), max_size=80)


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(PIECES)


def pieces_of(tokenizer: Tokenizer, text: str, *, max_tokens: int = 16) -> list[str]:
    return [tokenizer.pieces[token_id] for token_id in tokenizer.encode(text, max_tokens=max_tokens).ids]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Caf\u00e9 NEWS", "caf\u00e9 news"),
        ("Cafe\u0301", "caf\u00e9"),
        ("\uff21\uff22\uff23", "abc"),
        ("Tom &amp; Jerry", "tom & jerry"),
        (f"a &#{'9' * 5000}; b &#{'9' * 5000} &lt;", "a \ufffd b \ufffd <"),
        ("\u201cit\u2019s\u201d", '"it\'s"'),
    ],
)
def test_normalise_drops_differences_without_meaning(text: str, expected: str) -> None:
    assert normalise(text) == expected


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=8), st.integers(0, 40))
def test_a_text_of_mostly_ascii_has_the_normal_form_of_the_library(odd: list[str], plain: int) -> None:
    for between in ("plain words e " * plain, "A" * plain, "\u0301".join("ea" * plain)):
        text = between.join(["", *odd, "\u2026"])
        assert _normal_form(text) == unicodedata.normalize("NFKC", text)


def test_words_marks_and_addresses() -> None:
    assert split_words("See #Covid19 @who: https://t.co/x1?y=2 or www.who.int ok.") == [
        *("see", "#", "covid19", "@", "who", ":", "<url>", "or", "<url>", "ok", "."),
    ]


def test_a_mark_with_a_colon_or_a_dot_is_no_address() -> None:
    assert split_words("a... b::::: <url>") == ["a", *"...", "b", *":::::", "<", "url", ">"]


def test_longest_piece_wins_and_unknown_words_are_one_token(tokenizer: Tokenizer) -> None:
    assert pieces_of(tokenizer, "Unbelievable news! zzz http://x") == [
        *("un", "##believ", "##able", "news", "!", "<unk>", "<url>"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("News", ["News"]),
        ("US", ["US"]),
        ("news", ["news"]),
        ("NEWS", ["<upper>", "news"]),
        ("Unbelievable", ["<cap>", "un", "##believ", "##able"]),
        ("iPhone nEWS", ["<cap>", "i", "##phone", "<cap>", "news"]),
        ("A", ["<cap>", "a"]),
        ("us", ["<unk>"]),
        ("Zzz ZZZ", ["<cap>", "<unk>", "<upper>", "<unk>"]),
        ("HTTPS://T.CO/X", ["<url>"]),
    ],
)
def test_a_known_word_with_capitals_is_one_piece_and_another_its_mark_and_small_pieces(
    text: str, expected: Sequence[str]
) -> None:
    assert pieces_of(Tokenizer(CASED_PIECES), text) == expected


def test_a_vocabulary_without_marks_ignores_capitals(tokenizer: Tokenizer) -> None:
    assert pieces_of(tokenizer, "NEWS Unbelievable nEws") == pieces_of(tokenizer, "news unbelievable news")
    assert tokenizer.words("NEWS") == ["news"]


@given(ANY_TEXT)
def test_a_text_in_small_letters_has_no_mark(text: str) -> None:
    # Small after normalising: U+211D, for one, is small already, and normalises to R. An entity may stand for anything.
    small = normalise(text).replace("&", " ")
    tokenizer = Tokenizer(CASED_PIECES)
    assert set(CASE_PIECES).isdisjoint(pieces_of(tokenizer, small, max_tokens=100))


@given(ANY_TEXT, st.integers(1, 8), st.integers(0, 8))
def test_a_truncated_text_is_the_beginning_of_the_whole(text: str, max_tokens: int, more: int) -> None:
    tokenizer = Tokenizer(CASED_PIECES)
    encoded = tokenizer.encode(text, max_tokens=max_tokens)
    longer = tokenizer.encode(text, max_tokens=max_tokens + more)
    assert 1 <= len(encoded.ids) <= max_tokens
    assert longer.ids[:max_tokens] == encoded.ids
    assert encoded.truncated == (len(tokenizer.encode(text, max_tokens=1_000).ids) > max_tokens)


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200b" * 0])
def test_a_text_without_words_is_one_unknown_token(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.encode(text, max_tokens=4) == Encoded((UNKNOWN_ID,), truncated=False)


@pytest.mark.parametrize(("words", "truncated"), [(3, False), (4, False), (5, True)])
def test_truncated_says_whether_there_was_more(tokenizer: Tokenizer, words: int, truncated: bool) -> None:
    encoded = tokenizer.encode("news " * words, max_tokens=4)
    assert (len(encoded.ids), encoded.truncated) == (min(words, 4), truncated)


def test_truncation_may_cut_inside_a_word(tokenizer: Tokenizer) -> None:
    assert pieces_of(tokenizer, "news unbelievable", max_tokens=2) == ["news", "un"]
    assert tokenizer.encode("news unbelievable", max_tokens=2).truncated


@pytest.mark.parametrize(
    "text",
    [
        "news " * 1_000_000,
        "n" * 5_000_000,
        "http://" * 500_000,
        "&amp; \u00e9 " * 200_000,
        "a" + "\u0315\u0300" * 300_000,
        "a" + "\u0315\uff9e" * 300_000,
    ],
)
def test_a_huge_text_costs_little_more_than_lowering_it(tokenizer: Tokenizer, text: str) -> None:
    began = time.thread_time()
    encoded = tokenizer.encode(text, max_tokens=256)
    # Processor time, so that a busy machine matters little; the slip this guards against costs several seconds.
    assert time.thread_time() - began < 2.0
    assert len(encoded.ids) <= 256


@given(st.text(max_size=80), st.integers(1, 12))
def test_any_text_encodes_within_the_limit_and_the_memo_changes_nothing(text: str, max_tokens: int) -> None:
    fresh, used = Tokenizer(PIECES), Tokenizer(PIECES)
    used.encode(text + " news unbelievable", max_tokens=64)
    encoded = fresh.encode(text, max_tokens=max_tokens)
    assert 1 <= len(encoded.ids) <= max_tokens
    assert encoded == used.encode(text, max_tokens=max_tokens)
    assert encoded == fresh.encode(text + "\n", max_tokens=max_tokens)


@given(st.text(alphabet=st.sampled_from("ab #\u00e9:/w.htps"), max_size=300), st.integers(1, 8))
def test_reading_lazily_gives_what_reading_everything_gives(text: str, limit: int) -> None:
    assert split_words(text, limit=limit) == split_words(text)[:limit]


def test_lone_surrogates_do_not_matter(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("news \ud800", max_tokens=4).ids[0] == PIECES.index("news")


@pytest.mark.parametrize(("pieces", "number", "keeps_case"), [(PIECES, 1, False), (CASED_PIECES, 2, True)])
def test_json_round_trip_in_the_format_that_tells_whether_capitals_count(
    pieces: tuple[str, ...], number: int, keeps_case: bool
) -> None:
    document = Tokenizer(pieces).to_json()
    assert json.loads(document)["format"] == number
    again = Tokenizer.from_json(document)
    assert (again.pieces, again.keeps_case) == (pieces, keeps_case)


@pytest.mark.parametrize(
    "document", ["[]", "{}", '{"format": 2, "pieces": []}', '{"format": 1, "pieces": [1]}', "{", '{"format": 1}']
)
def test_a_document_that_is_no_tokenizer_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Tokenizer.from_json(document)


@pytest.mark.parametrize("pieces", [("a", "b", "c"), (*RESERVED_PIECES, "a", "a")])
def test_a_vocabulary_is_checked(pieces: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a vocabulary"):
        Tokenizer(pieces)
