"""Exports of Facebook, Instagram, Messenger and Threads, which write the bytes of UTF-8 as characters."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.tasks.reading import ReadOptions, Row
from newsgate.tasks.reading.meta_exports import has_bytes_as_characters, mend
from tests.unit.reading.helpers import Reading, texts

TEXTS = ["Das Café in Zürich öffnet am Montag.", "Ein Tee heilt alles 😡 — sagt „Ann“", "The bridge reopened at noon."]
NOTE = "Facebook and Instagram write é as Ã©: such characters are mended (--encoding utf-8 leaves them)"


def as_bytes(value: Any) -> Any:
    """As Meta's programs write it."""
    if isinstance(value, str):
        return value.encode().decode("latin-1")
    if isinstance(value, dict):
        return {as_bytes(key): as_bytes(inner) for key, inner in value.items()}
    return [as_bytes(inner) for inner in value] if isinstance(value, list) else value


EXPORTS: dict[str, Any] = {
    "your_posts_1.json": [{"timestamp": 1, "data": [{"post": text}], "title": "Ann Müller"} for text in TEXTS],
    "comments.json": {
        "comments_v2": [{"timestamp": 1, "data": [{"comment": {"comment": text, "author": "Zoë"}}]} for text in TEXTS]
    },
    "message_1.json": {
        "participants": [{"name": "Zoë"}],
        "messages": [{"sender_name": "Zoë", "timestamp_ms": 1, "content": text} for text in TEXTS],
    },
    "post_comments_1.json": [
        {"string_map_data": {"Commentaire": {"value": text}, "Média": {"value": "zoë"}, "Heure": {"timestamp": 1}}}
        for text in TEXTS
    ],
    "threads_and_replies.json": {
        "text_post_app_text_posts": [{"media": [{"uri": "", "creation_timestamp": 1, "title": text}]} for text in TEXTS]
    },
}


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("ensure_ascii", [True, False])
def test_characters_are_mended_and_a_note_says_so(reading: Reading, name: str, ensure_ascii: bool) -> None:
    data = json.dumps(as_bytes(EXPORTS[name]), ensure_ascii=ensure_ascii, indent=1)
    with reading.open(data.encode(), name=name) as source:
        layout = source.layout()
        assert texts(list(source.rows(layout))) == TEXTS
        assert NOTE in layout.notes


def test_the_other_columns_and_their_names_are_mended_too(reading: Reading) -> None:
    data = json.dumps(as_bytes(EXPORTS["post_comments_1.json"]))
    layout = reading.layout(data, name="a.json")
    assert "string_map_data.Média.value" in layout.columns
    rows = reading.read(data, name="a.json", keep="all", id_column="string_map_data.Média.value")
    assert [row.external_id for row in rows if isinstance(row, Row)] == ["zoë"] * 3
    kept = json.loads(rows[0].columns or "{}")
    assert "Média" in kept["string_map_data"]


def test_it_can_be_left_as_it_stands(reading: Reading) -> None:
    data = json.dumps(as_bytes(EXPORTS["message_1.json"]))
    with reading.open(data.encode(), name="message_1.json") as source:
        layout = source.layout(ReadOptions(encoding="utf-8"))
        assert texts(list(source.rows(layout))) == as_bytes(TEXTS)
        assert NOTE not in layout.notes


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_that_is_right_stays_so(reading: Reading, name: str) -> None:
    data = json.dumps(EXPORTS[name])
    with reading.open(data.encode(), name=name) as source:
        layout = source.layout()
        assert texts(list(source.rows(layout))) == TEXTS
        assert NOTE not in layout.notes


@pytest.mark.parametrize(
    "posts",
    [
        # Somebody else's records, which were broken elsewhere or speak of broken characters.
        [{"id": 1, "text": "The file has Ã© in the place of é."}],
        [{"id": 1, "text": "The file has Ã© in it, says a reader."}],
        # French, of which one string alone could be bytes: an É and a no-break space.
        [{"timestamp_ms": 1, "content": "LE CAF\u00c9\u00a0!"}, {"timestamp_ms": 2, "content": "Le café rouvre."}],
    ],
)
def test_texts_that_may_be_right_are_never_changed(reading: Reading, posts: list[dict[str, Any]]) -> None:
    rows = reading.read(json.dumps({"messages": posts}), name="a.json")
    assert texts(rows) == [post.get("text") or post["content"] for post in posts]


def test_a_string_that_was_cut_within_a_character_stays_and_costs_no_other(reading: Reading) -> None:
    messages = [{"timestamp_ms": number, "content": as_bytes(f"Zoë {number} sagt es")} for number in range(40)]
    messages.append({"timestamp_ms": 41, "content": "Ein Tee heilt alles, sagt Zo\u00c3"})
    rows = texts(reading.read(json.dumps({"messages": messages}), name="a.json"))
    assert rows[:2] == ["Zoë 0 sagt es", "Zoë 1 sagt es"]
    assert rows[-1] == "Ein Tee heilt alles, sagt Zo\u00c3"


VALUES = st.recursive(
    st.none() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("aé😡", max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_mending_undoes_what_meta_does(value: Any) -> None:
    assert mend(as_bytes(value)) == value


@given(st.lists(st.text(st.characters(codec="utf-8", min_codepoint=0x100), min_size=1), min_size=1))
def test_texts_with_characters_that_are_no_bytes_are_not_of_meta(said: list[str]) -> None:
    assert not has_bytes_as_characters([{"timestamp_ms": 1, "content": text} for text in said])


def test_what_is_nested_deeply_is_left_alone() -> None:
    value: Any = as_bytes("Zoë")
    for _ in range(900):
        value = [value]
    assert mend(value) == value
    assert not has_bytes_as_characters([value])
