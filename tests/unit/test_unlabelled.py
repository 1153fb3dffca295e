"""Which texts without a label are learned from: each once, as many as wanted, none that judges."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.training.recipe import Recipe
from newsgate.training.unlabelled import choose_unlabelled

POST = "Our daily update is published. States reported 734k tests, 39k new cases and 532 deaths to us on Tuesday"
OTHER = "The minister of health opened a new hospital in the north of the country, with beds for ninety patients"

texts = st.lists(st.lists(st.sampled_from(["a", "b", "A", "cure", "water"]), max_size=5).map(" ".join), max_size=20)


def test_the_first_texts_that_fit_are_chosen() -> None:
    assert choose_unlabelled(["one two", "three", "four five six"], most_words=3) == ("one two", "three")
    assert choose_unlabelled(["one two", "three"], most_words=0) == ()


def test_a_text_counts_once_however_it_is_written() -> None:
    assert choose_unlabelled([POST, POST.upper(), f" {POST}", OTHER], most_words=100) == (POST, OTHER)


def test_known_texts_are_left_out_and_what_only_resembles_them_is_not() -> None:
    another_day = POST.replace("Tuesday", "Monday")
    assert choose_unlabelled([POST.upper(), another_day], most_words=100, apart_from=[POST]) == (another_day,)


def test_what_nearly_repeats_a_judge_is_left_out() -> None:
    near = [POST, POST.replace("734k", "812k"), f"RT {POST} https://t.co/abc123"]
    assert choose_unlabelled([*near, OTHER], most_words=100, nearly_apart_from=[POST]) == (OTHER,)


def test_what_may_judge_later_is_left_out_and_so_is_what_nearly_repeats_it() -> None:
    before, after = POST.replace("734k", "812k"), f"RT {POST} https://t.co/abc123"
    offered = [before, POST, after, OTHER]
    assert choose_unlabelled(offered, most_words=100, reserved=lambda text: text == POST) == (OTHER,)
    # However it is written: what the tokenizer drops makes no other text, though another hash.
    assert choose_unlabelled([POST.upper(), POST], most_words=100, reserved=lambda text: text == POST) == ()


def test_no_more_is_read_than_is_needed() -> None:
    def endless() -> Iterator[str]:
        number = 0
        while True:
            yield f"text number {number}"
            number += 1

    assert len(choose_unlabelled(endless(), most_words=30)) == 10


def test_a_long_text_counts_as_far_as_it_is_read() -> None:
    article = "word " * 5_000
    assert choose_unlabelled([article, "short"], most_words=301) == (article, "short")


@given(offered=texts, known=texts, most_words=st.integers(0, 30))
def test_what_is_chosen_is_offered_new_different_and_not_too_much(
    offered: list[str], known: list[str], most_words: int
) -> None:
    chosen = choose_unlabelled(offered, most_words=most_words, apart_from=known)
    written = [" ".join(text.lower().split()) for text in chosen]
    assert set(chosen) <= set(offered)
    assert len(set(written)) == len(written)
    assert not {" ".join(text.lower().split()) for text in known} & set(written)
    assert sum(len(text.split()) for text in chosen) <= most_words


def test_a_recipe_wants_no_negative_number_of_words() -> None:
    with pytest.raises(ValueError, match="unlabelled_words is -1"):
        Recipe(unlabelled_words=-1)
