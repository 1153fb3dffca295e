"""What other programs export: recognised, or read with the option that docs/files.md gives."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from newsgate.enqueue import enqueue
from newsgate.tasks.reading import NotTextError, Row
from newsgate.tasks.reading.file_signatures import refuse_known_formats
from tests.unit.reading.helpers import Reading, rejects, texts
from tests.unit.reading.tables import xlsx

LONG = "The river bridge reopened at noon."
LETTER = (
    b"Received: from mx (mx [192.0.2.1])\n\tby mail; Thu, 31 Dec 2020 22:15:00 +0000\nFrom: News <n@example.org>\n"
    b"To: ann@example.net\nSubject: =?utf-8?q?The_caf=C3=A9_reopens?=\nMessage-ID: <1@example.org>\n"
    b"Content-Type: text/plain; charset=utf-8\n\nThe river bridge reopened at noon.\n"
)
BOX = (
    b"From MAILER-DAEMON Thu Dec 31 22:15:00 2020\n"
    + LETTER
    + b"\nFrom MAILER-DAEMON Thu Dec 31 22:16:00 2020\n"
    + LETTER
)
FEED = (
    f"<?xml version='1.0'?><rss version='2.0'><channel><title>News</title><item><title>The bridge is open</title>"
    f"<description>{LONG}</description><guid>1</guid></item></channel></rss>"
).encode()
PAGE = (Path(__file__).parents[3] / "docs" / "files.md").read_text(encoding="utf-8")
PARTS = ["See ", {"type": "link", "text": "https://example.org"}, " now"]
MESSAGES = [
    {"id": 1, "type": "service", "action": "create_channel", "text": ""},
    {"id": 2, "type": "message", "from": "Town", "text": LONG, "text_entities": [{"type": "plain", "text": LONG}]},
    {"id": 3, "type": "message", "text": PARTS, "reactions": [{"type": "emoji", "text": "x"}]},
]
TWEET = {"tweet": {"id_str": "9", "full_text": LONG, "entities": {"hashtags": [{"text": "x"}]}}}
COMMENT = {"snippet": {"textOriginal": LONG, "textDisplay": f"<b>{LONG}</b>", "authorDisplayName": "someone"}}
REVIEW = {"@type": "ClaimReview", "url": "https://example.org", "claimReviewed": LONG, "author": {"name": "A desk"}}


def archive(name: str, data: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(name, data)
        packed.writestr("data/account.js", 'window.YTD.account.part0 = [{"account": {"username": "x"}}]')
    return out.getvalue()


EXPORTS: dict[str, tuple[bytes | str, dict[str, Any], list[str]]] = {
    "result.json": (
        json.dumps({"name": "Town", "type": "public_channel", "id": 1, "messages": MESSAGES}, indent=1),
        {},
        [LONG, "See https://example.org now"],
    ),
    "account/result.json": (
        json.dumps(
            {"about": "x", "contacts": {"list": [{"first_name": "A"}]}, "chats": {"list": [{"messages": MESSAGES}] * 2}}
        ),
        {"records": "chats.list.messages"},
        [LONG, "See https://example.org now"] * 2,
    ),
    "tweets.js": ("window.YTD.tweets.part0 = " + json.dumps([TWEET], indent=1), {}, [LONG]),
    "archive.zip": (
        archive("data/tweets.js", "window.YTD.tweets.part0 = " + json.dumps([TWEET])),
        {"member": "data/tweets.js"},
        [LONG],
    ),
    "answer.json": (
        json.dumps(
            {"data": [{"id": "5", "text": LONG}], "includes": {"users": [{"id": "1", "description": LONG * 2}]}}
        ),
        {},
        [LONG],
    ),
    "RS_2020-01.zst": (
        json.dumps({"title": "Bridge", "selftext": LONG, "id": "a", "media": {"oembed": {"title": "x"}}})
        + "\n"
        + json.dumps({"title": "Fruit", "selftext": "[removed]", "id": "b"}),
        {},
        [f"Bridge\n{LONG}", "Fruit"],
    ),
    "RC_2020-01.ndjson": ('{"body": "[deleted]", "id": "a"}\n' + json.dumps({"body": LONG, "id": "b"}), {}, [LONG]),
    "posts.csv": (f"Message,URL,Image Text,Link Text,Description\n{LONG},u,,,\n,u,,,A photo\n", {}, [LONG, "A photo"]),
    "your_posts_1.json": (
        json.dumps([{"timestamp": 1, "data": [{"post": LONG}], "title": "A updated their status."}]),
        {},
        [LONG],
    ),
    "outbox.json": (
        json.dumps(
            {
                "type": "OrderedCollection",
                "orderedItems": [
                    {"id": "a/activity", "type": "Create", "object": {"id": "a", "content": f"<p>{LONG}</p>"}},
                    {"id": "b/activity", "type": "Announce", "object": "https://mas.to/b"},
                ],
            }
        ),
        {},
        [LONG],
    ),
    "feed.jsonl": (
        json.dumps({"feed": [{"post": {"uri": "at://a", "record": {"text": LONG}}}], "cursor": "c"}) + "\n",
        {},
        [LONG],
    ),
    "jetstream.jsonl": (
        json.dumps({"kind": "identity", "identity": {"handle": "a.b"}})
        + "\n"
        + json.dumps({"kind": "commit", "commit": {"rkey": "3l", "record": {"text": LONG}}}),
        {},
        [LONG],
    ),
    "town.json": (
        json.dumps(
            {
                "guild": {"name": "Town"},
                "channel": {"topic": "All that is of interest"},
                "messages": [
                    {"id": str(number), "type": kind, "timestampEdited": None, "isPinned": False, "content": LONG}
                    for number, kind in enumerate(["Default", "GuildMemberJoin", "Reply", "ChannelPinnedMessage"])
                ],
            }
        ),
        {},
        [LONG, LONG],
    ),
    "general/2020-12-31.json": (
        json.dumps(
            [
                {"type": "message", "subtype": "channel_join", "ts": "1.1", "text": "<@U1> has joined the channel"},
                {"type": "message", "ts": "1.2", "text": LONG},
                {"type": "message", "subtype": "bot_message", "ts": "1.3", "text": LONG},
            ]
        ),
        {},
        [LONG, LONG],
    ),
    "videos.json": (
        json.dumps(
            {
                "data": {"videos": [{"id": 7, "video_description": LONG, "voice_to_text": "Said in the film"}]},
                "error": {"code": "ok", "message": ""},
            }
        ),
        {},
        [LONG],
    ),
    "thread.json": (
        json.dumps(
            {
                "posts": [
                    {"no": 1, "name": "Anonymous", "sub": "The bridge is open", "com": LONG},
                    {"no": 2, "name": "Anonymous", "com": f'<a href="#p1">&gt;&gt;1</a><br>{LONG}'},
                    {"no": 3, "name": "Anonymous", "filename": "a"},
                ]
            }
        ),
        {},
        [LONG, f">>1\n{LONG}"],
    ),
    "Shares.csv": (f"Date,ShareLink,ShareCommentary,SharedUrl\n2020-12-31,https://e.org,{LONG},\n", {}, [LONG]),
    "notes-00000.tsv": (
        f"noteId\ttweetId\tclassification\tsummary\n1\t9\tNOT_MISLEADING\t{LONG}\n2\t8\tNOT_MISLEADING\t{LONG}\n",
        {},
        [LONG, LONG],
    ),
    "comments.json": (
        json.dumps(
            [
                {"kind": "Listing", "data": {"children": [{"data": {"id": "a", "title": "Fees", "selftext": LONG}}]}},
                {"kind": "Listing", "data": {"children": [{"data": {"id": "b", "body": LONG}}]}},
            ]
        ),
        {},
        [f"Fees\n{LONG}", LONG],
    ),
    "_chat.txt": (f"[31.12.20, 22:15:03] Ann: {LONG}\n[31.12.20, 22:15:03] Bob: No!\n", {}, [LONG, "No!"]),
    "message_1.json": (
        json.dumps({"participants": [{"name": "A"}], "messages": [{"sender_name": "A", "content": f"{LONG} CafÃ©"}]}),
        {},
        [f"{LONG} Café"],
    ),
    "post_comments_1.json": (
        json.dumps([{"media_list_data": [{"uri": ""}], "string_map_data": {"Comment": {"value": LONG}}}]),
        {},
        [LONG],
    ),
    "threads_and_replies.json": (
        json.dumps({"text_post_app_text_posts": [{"media": [{"uri": "", "creation_timestamp": 1, "title": LONG}]}]}),
        {},
        [LONG],
    ),
    "comments.csv": (
        'Comment ID,Channel ID,Comment Text\nUg1,UC1,"{""text"":""The river bridge reopened at noon.""}"\n',
        {},
        [LONG],
    ),
    "threads.json": (
        json.dumps({"kind": "x", "items": [{"id": "1", "snippet": {"topLevelComment": COMMENT, "videoId": "v"}}]}),
        {"text_columns": ("snippet.topLevelComment.snippet.textOriginal",)},
        [LONG],
    ),
    "NAME.info.json": (
        json.dumps({"id": "v", "title": "A film", "description": "About it", "comments": [{"id": "c", "text": LONG}]}),
        {"records": "comments"},
        [LONG],
    ),
    "feed.json": (
        json.dumps(
            {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": [REVIEW]}, {"item": []}]}
        ),
        {},
        [LONG],
    ),
    "mentions.csv": (
        f"Report:,Mentions\nBrand:,Town\n\nQuery Id,Date,Title,Snippet,Url,Full Text\n1,2023-05-01,Town,…,u,{LONG}\n",
        {},
        [LONG],
    ),
    "meltwater.csv": (
        f"\ufeffDate\tHeadline\tOpening Text\tHit Sentence\n1\tBridge\t{LONG}\t…\n2\t\t\t{LONG}\n".encode("utf-16-le"),
        {},
        [f"Bridge\n{LONG}", LONG],
    ),
    "export.xlsx": (
        xlsx([("Talkwalker",), ("Title", "Town")], Results=[("url", "title", "content"), ("u", "Bridge", LONG)]),
        {"sheet": "Results"},
        [LONG],
    ),
    "answers.csv": (
        'Q1,Q2\nWhat did you hear?,Why?\n"{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n' + f"{LONG},{LONG}\n",
        {"text_columns": ("Q1",)},
        [LONG],
    ),
    "dump.json": (json.dumps({"took": 3, "hits": {"hits": [{"_id": "a", "_source": {"message": LONG}}]}}), {}, [LONG]),
    "mongo.json": (json.dumps({"_id": {"$oid": "64"}, "text": LONG, "likes": {"$numberInt": "7"}}), {}, [LONG]),
    "graph.json": (json.dumps({"@context": "https://schema.org", "@graph": [REVIEW, REVIEW]}), {}, [LONG, LONG]),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_read(reading: Reading, name: str) -> None:
    data, options, expected = EXPORTS[name]
    rows = reading.read(data, name=Path(name).name.replace(".zst", ".ndjson"), **options)
    assert texts(rows) == expected
    assert len(rows) == len(expected) + len(rejects(rows))


@pytest.mark.parametrize(
    ("name", "ids"),
    [("outbox.json", ["a"]), ("notes-00000.tsv", ["1", "2"]), ("comments.json", ["a", "b"]), ("town.json", ["0", "2"])],
)
def test_the_id_is_that_of_the_text_and_of_nothing_around_it(reading: Reading, name: str, ids: list[str]) -> None:
    rows = reading.read(EXPORTS[name][0], name=name)
    assert [row.external_id for row in rows if isinstance(row, Row)] == ids


def test_what_a_program_wrote_is_refused_by_its_name(reading: Reading) -> None:
    rows = reading.read(EXPORTS["town.json"][0], name="town.json")
    assert rejects(rows) == [
        (2, "no message of a person: the program wrote it (type: GuildMemberJoin)"),
        (4, "no message of a person: the program wrote it (type: ChannelPinnedMessage)"),
    ]
    others = json.dumps([{"type": "GuildMemberJoin", "subtype": "channel_join", "text": LONG}])
    assert texts(reading.read(others, name="a.json")) == [LONG]


def test_the_commands_of_the_page_are_those_that_are_tried() -> None:
    typed = re.findall(r"`enqueue ([^`]+)`", PAGE.split("## Exports of other programs")[1].split("\n## ")[0])
    assert len(typed) >= 10
    names = {option for parameter in enqueue.params for option in parameter.opts}
    for each in typed:
        assert {word for word in each.split() if word.startswith("--")} <= names
        file = each.split()[-1]
        if file.endswith(".parquet"):
            continue
        _, options, _ = EXPORTS["account/result.json" if "chats.list" in each else file]
        assert [value[0] if isinstance(value, tuple) else value for value in options.values()] == each.split()[1:-1:2]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "a Git LFS pointer.*git lfs pull",
        ),
        (b"\n<!DOCTYPE html>\n<html><head><title>data.csv</title>", "a web page, saved in place of the data"),
        (b"<!-- saved -->\n<HTML lang='en'>", "a web page"),
        (b"<?xml version='1.0'?><opml/>", "an XML document"),
        (b"\x80\x04\x95\x10\0\0\0", "a Python pickle"),
        (b"<?xml version='1.0'?>\n<rss version='2.0'>", "an RSS or Atom feed.*python feed.py train.csv > posts.jsonl"),
        (b"<rss version='2.0'><channel>\n<item>", "an RSS or Atom feed"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'>\n<entry>", "an RSS or Atom feed"),
        (LETTER, "mail, of which each line.*python letters.py train.csv > posts.jsonl"),
        (LETTER.replace(b"\n", b"\r\n"), "mail"),
        (BOX, "mail"),
    ],
)
def test_what_is_no_file_of_rows_is_named_for_what_it_is(data: bytes, what: str, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_bytes(data)
    done = CliRunner().invoke(enqueue, ["--dry-run", str(tmp_path / "train.csv")])
    assert done.exit_code == 1
    assert re.search(f"train.csv: this is {what}", done.stderr), done.stderr


@pytest.mark.parametrize(
    ("script", "data", "expected"),
    [
        ("feed.py", FEED, [f"The bridge is open\n{LONG}"]),
        ("letters.py", LETTER, [f"The café reopens\n{LONG}\n"]),
        ("letters.py", BOX, [f"The café reopens\n{LONG}\n"] * 2),
    ],
)
def test_the_scripts_of_the_page_make_lines_that_are_read(
    reading: Reading, tmp_path: Path, script: str, data: bytes, expected: list[str]
) -> None:
    source = re.search(rf"```python {script}\n(.*?)```", PAGE, re.DOTALL)
    assert source is not None
    (tmp_path / "given").write_bytes(data)
    made = subprocess.run(
        [sys.executable, "-c", source[1], str(tmp_path / "given")], capture_output=True, text=True, check=True
    )
    assert texts(reading.read(made.stdout, name="posts.jsonl")) == expected


@pytest.mark.parametrize(
    "data",
    [
        "Note: this is a text\nSubject: of a kind\nand one more line\n",
        "Date: Monday\n",
        "<rssi> is a word, and so on\nAnother line of text\n",
    ],
)
def test_texts_that_only_look_like_mail_are_read(reading: Reading, data: str) -> None:
    assert len(texts(reading.read(data, name="a.txt"))) == data.count("\n")


def test_a_file_that_begins_with_many_comments_is_looked_at_in_no_time() -> None:
    with pytest.raises(NotTextError, match="a web page"):
        refuse_known_formats(b"<!-- saved - -- > -->\n" * 100 + b"<html>", where="a")
    for begin in (b"<!-- -->", b"<!-- -- -", b"<?a ?>", b"<!--", b"a: b\n"):
        refuse_known_formats(begin * 500 + b"x", where="a")
