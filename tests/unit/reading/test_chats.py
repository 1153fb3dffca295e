"""Chats that WhatsApp exported as text."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsgate.tasks.reading import Limits, Rejected, Row
from newsgate.tasks.reading.chat_lines import NO_MESSAGE, NO_WORDS, are_chat_lines, read_message, words_of
from tests.unit.reading.helpers import Reading, rejects, texts

BRIDGE = "The river bridge reopened at noon."
ANDROID = f"""12/31/20, 10:10 PM - Messages and calls are end-to-end encrypted. Tap to learn more.
12/31/20, 10:11 PM - Bob Miller created group "Town: all of it"
12/31/20, 10:15 PM - Ann: {BRIDGE}
12/31/20, 10:16 PM - +44 7700 900123: A fruit, says he, cures: everything.
And more on the next line

- 12/31/20 was the day
12/31/20, 10:17 PM - Bob Miller: <Media omitted>
12/31/20, 10:18 PM - Ann: This message was deleted
12/31/20, 10:19 PM - Ann: IMG-20201231-WA0001.jpg (file attached)
Look at this map
12/31/20, 10:20 PM - Ann: Taxes rose. <This message was edited>
12/31/20, 10:21 PM - Ann:
12/31/20, 10:22 PM - Ann: null
"""
ANDROID_TEXTS = [
    BRIDGE,
    "A fruit, says he, cures: everything.\nAnd more on the next line\n\n- 12/31/20 was the day",
    "Look at this map",
    "Taxes rose.",
]
IOS = (
    "[31.12.20, 22:10:03] Town: \u200eMessages and calls are end-to-end encrypted.\r\n"
    "\u200e[31.12.20, 22:11:00] Ann: \u200eimage omitted\r\n"
    f"[31.12.20, 22:15:03] Ann: {BRIDGE}\r\nWho knew?\r\n"
    "\u200e[31.12.20, 22:16:03] ~\u202fBob: A map \u200e<attached: 00000012-PHOTO.jpg>\r\n"
    "[31.12.20, 22:17:03] Ann: It was so. \u200e<This message was edited>\r\n"
)


def test_a_message_is_a_row_whatever_lines_it_takes(reading: Reading) -> None:
    rows = reading.read(ANDROID, name="WhatsApp Chat with Town.txt", keep="all")
    accepted = [row for row in rows if isinstance(row, Row)]
    assert [row.text for row in accepted] == ANDROID_TEXTS
    assert [row.row for row in accepted] == [3, 4, 10, 12]
    assert [json.loads(row.columns or "{}")["author"] for row in accepted] == ["Ann", "+44 7700 900123", "Ann", "Ann"]
    assert json.loads(accepted[0].columns or "{}") == {"time": "12/31/20, 10:15 PM", "author": "Ann"}
    assert rejects(rows) == [
        (1, NO_MESSAGE),
        (2, NO_MESSAGE),
        (8, NO_WORDS),
        (9, NO_WORDS),
        (13, NO_WORDS),
        (14, "the text is only a word for a missing value"),
    ]


def test_a_chat_of_an_iphone_is_read_and_a_note_says_so(reading: Reading) -> None:
    with reading.open(IOS.encode(), name="_chat.txt") as source:
        layout = source.layout()
        rows = list(source.rows(layout))
    assert layout.format == "chat"
    assert layout.notes == (
        "read as a WhatsApp chat, each message a text (--no-header --delimiter none reads each line as one)",
    )
    assert texts(rows) == [f"{BRIDGE}\nWho knew?", "A map", "It was so."]
    assert rejects(rows) == [(1, NO_WORDS), (2, NO_WORDS)]


def test_lines_can_be_read_each_as_a_text(reading: Reading) -> None:
    rows = reading.read(ANDROID, name="chat.txt", no_header=True, delimiter="none")
    assert texts(rows)[2] == f"12/31/20, 10:15 PM - Ann: {BRIDGE}"
    assert len(rows) == 13


@pytest.mark.parametrize(
    "stamp",
    [
        "12/31/20, 10:15 PM - ",
        "12/31/20, 10:15\u202fPM - ",
        "31.12.20, 22:15 - ",
        "31/12/2020 22:15 - ",
        "31/12/20, 10:15 p. m. - ",
        "2020-12-31, 22:15 - ",
        "31.12.2020, 22.15 - ",
        "20/12/31 午後10:15 - ",
        "[31/12/2020, 22:15:03] ",
        "[12/31/20, 10:15:03\u202fPM] ",
        "\u200e[2020-12-31, 22:15:03] ",
    ],
)
def test_dates_and_times_are_known_as_they_are_written_in_many_countries(reading: Reading, stamp: str) -> None:
    rows = reading.read(f"{stamp}Ann: {BRIDGE}\n{stamp}Bob: A fruit cures all.\n", name="chat.txt")
    assert texts(rows) == [BRIDGE, "A fruit cures all."]


@pytest.mark.parametrize(
    "lines",
    [
        ["12/31/20, 10:15 PM - The bridge reopened", "12/31/20, 10:16 PM - Taxes rose"],
        ["Notes of the chat", "12/31/20, 10:15 PM - Ann: a", "12/31/20, 10:15 PM - Ann: b"],
        ["12/31/20,text", "1/1/21,another"],
        ["[1] Ann: see", "[2] Bob: there"],
        ["2020-12-31 22:15:03,123 ERROR: no", "2020-12-31 22:15:03,124 ERROR: no"],
        ["10:15 Ann: hello", "10:16 Bob: hello"],
        [],
    ],
)
def test_other_lines_are_no_chat(lines: list[str]) -> None:
    assert not are_chat_lines(lines)


@pytest.mark.parametrize(
    "said",
    ["<Media omitted>", "<Medien ausgeschlossen>", "\u200eimage omitted", "You deleted this message", "\u200e", " "],
)
def test_what_whatsapp_says_in_the_place_of_words_is_no_text(said: str) -> None:
    assert words_of(read_message([f"31.12.20, 22:15 - Ann: {said}\n"])) is None


@pytest.mark.parametrize(
    "said", ["look <here> now", "a.jpg (no file)?", "<3 you", "this message was deleted, she says"]
)
def test_what_a_person_says_stays(said: str) -> None:
    assert words_of(read_message([f"31.12.20, 22:15 - Ann: {said}\n"])) == said


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 4096])
def test_it_does_not_matter_where_the_file_is_cut_into_blocks(reading: Reading, block_bytes: int) -> None:
    limits = Limits(block_bytes=block_bytes)
    assert texts(reading.read(ANDROID, name="a.txt", limits=limits)) == ANDROID_TEXTS
    assert texts(reading.read(ANDROID, name="a.txt", limits=limits, after_row=4)) == ANDROID_TEXTS[2:]


def test_a_message_that_cannot_be_stored_or_is_too_long_costs_itself_alone(reading: Reading) -> None:
    line = "31.12.20, 22:15 - Ann: "
    long = f"{line}{'x' * 50}\n" + "y" * 300 + "\n"
    data = f"{line}one\n{line}b\0d\nand more\n{long}{line}two\n{line}{'z' * 400}\n{line}three".encode()
    rows = reading.read(data, name="a.txt", limits=Limits(record_chars=200), max_text_chars=200)
    assert texts(rows) == ["one", "two", "three"]
    assert [reason for _, reason in rejects(rows)] == [
        "a NUL at character 25 of line 2",
        "the message has 374 characters; at most 200 are accepted",
        "the message has 423 characters; at most 200 are accepted",
    ]


def test_the_only_chat_of_an_archive_is_found_among_pictures(reading: Reading) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("00000001-PHOTO.jpg", b"\xff\xd8\xff\xe0")
        packed.writestr("_chat.txt", IOS)
        packed.writestr("00000002-AUDIO.opus", b"OggS")
    assert texts(reading.read(out.getvalue(), name="WhatsApp Chat - Town.zip"))[0] == f"{BRIDGE}\nWho knew?"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")), max_size=20)
MESSAGES = st.lists(
    st.tuples(
        st.integers(1_262_304_000, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
        st.sampled_from(["Ann", "Bob Miller", "+44 7700 900123", "Zoë ❤"]),
        st.lists(WORDS.map(lambda words: f"x{words}x"), min_size=1, max_size=4),
    ),
    min_size=2,
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MESSAGES, st.sampled_from(["%m/%d/%y, %I:%M %p - ", "[%d.%m.%y, %H:%M:%S] "]), st.sampled_from(["\n", "\r\n"]))
def test_every_message_comes_back_once_and_in_order(
    reading: Reading, messages: list[tuple[datetime, str, list[str]]], stamp: str, line_end: str
) -> None:
    data = "".join(f"{at.strftime(stamp)}{author}: {line_end.join(said)}{line_end}" for at, author, said in messages)
    rows = reading.read(data, name="chat.txt", keep="all")
    assert not any(isinstance(row, Rejected) for row in rows)
    assert texts(rows) == ["\n".join(said) for _, _, said in messages]
    first_line = 1
    for row, (at, author, said) in zip(rows, messages, strict=True):
        assert isinstance(row, Row)
        assert row.row == first_line
        assert json.loads(row.columns or "{}")["author"] == author
        assert json.loads(row.columns or "{}")["time"] in at.strftime(stamp)
        first_line += len(said)
