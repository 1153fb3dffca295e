"""Near-duplicates: which texts count as one, and that nothing but the texts decides it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.training.near_duplicates import NearDuplicates, cluster_texts, near_duplicates

POST = "Our daily update is published. States reported 734k tests, 39k new cases and 532 deaths to us on Tuesday"
OTHER = "The minister of health opened a new hospital in the north of the country, with beds for ninety patients"

WORDS = "the virus vaccine minister says cure found in garlic water new cases today"

words = st.sampled_from(WORDS.split())
posts = st.lists(words, min_size=1, max_size=14).map(" ".join)


@pytest.mark.parametrize(
    "copy",
    [
        POST.upper(),
        f"{POST} https://t.co/abc123",
        POST.replace("734k", "812k").replace("532", "1,044"),
        POST.replace(".", " !!!").replace("&", "&amp;"),
        POST.replace("Tuesday", "Monday"),
        f"RT {POST}",
    ],
)
def test_a_post_that_returns_with_another_link_or_number_is_the_same_post(copy: str) -> None:
    assert near_duplicates(POST, copy)
    assert cluster_texts([OTHER, POST, copy]) == (0, 1, 1)


def test_a_text_can_be_looked_for_without_being_remembered() -> None:
    index = NearDuplicates()
    index.add(POST)
    for _ in range(2):
        assert index.find(f"RT {POST}") == index.find(POST.upper()) == (0,)
        assert index.find(OTHER) == ()
    assert index.add(OTHER) == ()


def test_different_posts_are_different() -> None:
    assert not near_duplicates(POST, OTHER)
    assert cluster_texts([POST, OTHER, "", "5", "6", "https://t.co/a"]) == (0, 1, 2, 3, 4, 5)


def test_texts_without_words_are_compared_as_they_are() -> None:
    assert cluster_texts(["!!!", "???", "!!!", "\N{PILE OF POO}", "\ud800", "\ud800"]) == (0, 1, 0, 3, 4, 4)


def test_a_chain_of_near_duplicates_is_one_cluster() -> None:
    whole = [f"{chr(97 + place)}word{chr(110 + place % 13)}ing" for place in range(20)]
    chain = [" ".join(whole[start : start + 14]) for start in range(7)]
    assert not near_duplicates(chain[0], chain[-1])
    assert set(cluster_texts(chain)) == {0}


def test_each_text_is_told_what_it_repeats() -> None:
    index = NearDuplicates()
    assert [index.add(text) for text in (POST, OTHER, f"RT {POST}", POST)] == [(), (), (0,), (0,)]


@settings(max_examples=60, deadline=None)
@given(st.lists(posts, max_size=12), st.data())
def test_the_order_of_the_texts_does_not_move_the_clusters(texts: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    shuffled = cluster_texts([texts[place] for place in order])
    assert partition(cluster_texts(texts), range(len(texts))) == partition(shuffled, order)


def partition(clusters: Sequence[int], places: Sequence[int]) -> set[frozenset[int]]:
    members: dict[int, set[int]] = {}
    for cluster, place in zip(clusters, places, strict=True):
        members.setdefault(cluster, set()).add(place)
    return {frozenset(group) for group in members.values()}


@settings(max_examples=60, deadline=None)
@given(st.lists(posts, min_size=2, max_size=10))
def test_no_near_duplicate_is_in_another_cluster(texts: list[str]) -> None:
    clusters = cluster_texts(texts)
    for one, first in zip(texts, clusters, strict=True):
        for other, second in zip(texts, clusters, strict=True):
            assert first == second or not near_duplicates(one, other)
