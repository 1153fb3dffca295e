"""Texts that are HTML, as Mastodon, Truth Social, 4chan and WordPress give them, are read out of it."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsgate.tasks.reading import ReadOptions, Row
from newsgate.tasks.reading.html_column import is_html_column
from newsgate.tasks.reading.html_text import text_of_html
from tests.unit.reading.helpers import Reading, rejects, texts
from tests.unit.reading.tables import ods, ods_sheet, parquet, xlsx

POST = "<p>The bridge <b>reopened</b> at noon.</p><p>Taxes &amp; fees rose.<br>It&#39;s <em>not</em> so.</p>"
READ = "The bridge reopened at noon.\nTaxes & fees rose.\nIt's not so."
POSTS = [POST, "<p>A fruit cures everything.</p>", '<p><a href="https://e.org/?a>b">See</a> this</p>']
READS = [READ, "A fruit cures everything.", "See this"]
NOTE = "text read out of the HTML in {!r} (--html keep leaves it as it stands)"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (POST, READ),
        ("<p></p>", ""),
        ("1 < 2 & 3 > 2, I <3 it", "1 < 2 & 3 > 2, I <3 it"),
        ("two  blanks\nand a line", "two  blanks\nand a line"),
        ("<p>two  blanks\nand a line</p>", "two blanks and a line"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("&lt;b&gt; stays &amp;amp; so", "<b> stays &amp; so"),
        ("a<wbr>b<span>c</span>d", "abcd"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a  b"),
        ("x<!-- <b>left out</b> -->y", "xy"),
        ("x<script>if (a<b) {}</script>y<style>p {}</style>z", "xyz"),
        ("x<script>is never closed", "xis never closed"),
        ("x<!-- is never closed", "x is never closed"),
        ('x<a href="y>z</a>', "xz"),
        ("<header>Bridge</header>reopened", "Bridge\nreopened"),
        (
            '<p>At <a href="https://e.org"><span class="invisible">https://</span>e.org</span></a></p>',
            "At https://e.org",
        ),
        (
            '<a href="#p1" class="quotelink">&gt;&gt;1</a><br><span class="quote">&gt;so it is</span><br>no<wbr>body',
            ">>1\n>so it is\nnobody",
        ),
    ],
)
def test_the_text_is_what_a_person_reads(markup: str, text: str) -> None:
    assert text_of_html(markup) == text


@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")) | st.just(" "), max_size=40))
def test_a_text_that_was_made_html_comes_back(text: str) -> None:
    assert text_of_html(f"<p>{html.escape(text)}</p>") == re.sub(" +", " ", text).strip()


class Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.read: list[str] = []

    def handle_data(self, data: str) -> None:
        self.read.append(data)


INLINE = st.sampled_from(["b", "em", "span", "a", "i"])
WORDS = st.text("ab <>&\"'é", max_size=8).map(html.escape)
ATTRIBUTES = st.sampled_from(["", ' class="x"', " href='a>b'", ' title="a&quot;>b" hidden'])
HTML = st.recursive(
    WORDS | st.just("<!-- x -->"),
    lambda inner: st.tuples(INLINE, ATTRIBUTES, st.lists(inner, max_size=3)).map(
        lambda made: f"<{made[0]}{made[1]}>{''.join(made[2])}</{made[0]}>"
    ),
)


@given(HTML)
def test_marks_inside_a_line_are_read_as_the_standard_library_reads_them(markup: str) -> None:
    parser = Plain()
    parser.feed(markup)
    parser.close()
    assert "".join(text_of_html(markup).split()) == "".join("".join(parser.read).split())


@given(st.text("<>&\"'/ab!-# \n;x0", max_size=60))
def test_whatever_is_given_is_read_and_gets_no_longer(markup: str) -> None:
    assert len(text_of_html(markup)) <= len(markup)


def files() -> dict[str, bytes]:
    rows = [{"id": str(number), "content": post, "by": "ann"} for number, post in enumerate(POSTS)]
    table = [["id", "content", "by"], *([row["id"], row["content"], row["by"]] for row in rows)]
    quoted = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in table)
    return {
        "posts.csv": quoted.encode(),
        "posts.jsonl": "\n".join(map(json.dumps, rows)).encode(),
        "posts.json": json.dumps({"orderedItems": [{"object": row} for row in rows]}).encode(),
        "posts.xlsx": xlsx(table),
        "posts.ods": ods(ods_sheet(table)),
        "posts.parquet": parquet({name: [row[name] for row in rows] for name in ("id", "content", "by")}),
        "posts.txt": "\n".join(POSTS).encode(),
    }


@pytest.mark.parametrize("name", files())
def test_a_column_of_html_is_read_in_every_format_and_a_note_says_so(reading: Reading, name: str) -> None:
    data = files()[name]
    with reading.open(data, name=name) as source:
        layout = source.layout()
        assert texts(list(source.rows(layout))) == READS
        assert NOTE.format(layout.text_columns[0]) in layout.notes
        kept = source.layout(ReadOptions(html="keep"))
        assert texts(list(source.rows(kept))) == POSTS
        assert not any("HTML" in note for note in kept.notes)


@pytest.mark.parametrize("name", ["posts.csv", "posts.jsonl"])
def test_what_stood_in_the_file_is_kept_beside_the_text(reading: Reading, name: str) -> None:
    rows = reading.read(files()[name], name=name, keep="all")
    kept = [json.loads(row.columns or "{}")["content"] for row in rows if isinstance(row, Row)]
    assert kept == POSTS


def test_the_last_of_joined_columns_is_kept_as_it_stood(reading: Reading) -> None:
    data = json.dumps([{"title": "Fees rise again", "text": post} for post in POSTS])
    rows = reading.read(data, name="posts.json", keep="all")
    assert texts(rows)[0] == f"Fees rise again\n{READ}"
    assert [json.loads(row.columns or "{}")["text"] for row in rows if isinstance(row, Row)] == POSTS


def test_html_without_a_text_is_an_empty_text(reading: Reading) -> None:
    posts = [*POSTS, "<p></p>", "<p> <br/> </p>"]
    rows = reading.read("\n".join(json.dumps({"content": post}) for post in posts), name="posts.jsonl")
    assert texts(rows) == READS
    assert rejects(rows) == [(4, "empty text"), (5, "empty text")]


@pytest.mark.parametrize(
    "cells",
    [
        ["The <b>bridge</b> reopened at noon."],
        [*["The bridge reopened at noon."] * 9, *POSTS],
        ["I <3 the bridge", "it is <user>'s", "a < b > c", "<url> <number> x", "see <name>"] * 3,
        ["<https://example.org>", "<ann@example.org>"] * 5,
        ["", None],
    ],
)
def test_texts_that_are_no_html_stay_as_they_are(cells: list[str | None]) -> None:
    assert not is_html_column("text", cells)


@pytest.mark.parametrize("name", ["com", "snippet.textDisplay", "content.rendered"])
def test_a_column_that_is_html_by_its_name_needs_one_cell_that_shows_it(name: str) -> None:
    assert is_html_column(name, [*["The bridge reopened at noon."] * 9, "&gt;so it is"])
    assert not is_html_column(name, ["The bridge reopened at noon.", "AT&T; a < b"])


@pytest.mark.parametrize("options", [{"html": "read"}, {"html": "read", "text_columns": ("text",)}])
def test_it_can_be_said(reading: Reading, options: dict[str, Any]) -> None:
    data = "id,text\n1,A <i>fruit</i> cures.\n2,Nobody saw it\n"
    assert texts(reading.read(data, **options)) == ["A fruit cures.", "Nobody saw it"]
    assert texts(reading.read(data)) == ["A <i>fruit</i> cures.", "Nobody saw it"]
