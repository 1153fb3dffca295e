"""Texts and names as people have them: long, from right to left, with links; and why a row has no verdict."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from newsgate.db.model_registry import add_model
from newsgate.tasks.classifying.reclassify import reclassify
from tests.desk import Desk
from tests.web import Browser, WebSite, closing_site

LONG = "a" * 3999 + "END OF WHAT IS SHOWN" + "b" * 100_000
FILE = (
    "id,text,link,note\n"
    "p1,قال إن الثوم يشفي,https://example.org/a?b=c&d=e,see https://example.org/\n"
    f"p2,{LONG},javascript:alert(1),https://example.org/{'x' * 600}\n"
)


@pytest.fixture
def web(desk: Desk) -> Iterator[WebSite]:
    with closing_site(WebSite(desk.settings, desk.database)) as made:
        yield made


@pytest.fixture
def rita(web: WebSite, desk: Desk) -> Browser:
    """A reviewer, before the one batch, whose second row failed."""
    browser = web.browser("Rita")
    browser.upload("posts.csv", FILE.encode())
    desk.finish(1, failing=(3,))
    return browser


def test_a_text_is_apart_from_the_id_before_it_and_a_failure_says_why(rita: Browser, desk: Desk) -> None:
    rita.get("/batches/1")
    assert 'href="/batches/1/verdicts?verdict=failed">1 failed</a>' in rita.html
    rita.get("/batches/1/verdicts")
    assert "<bdi>قال إن الثوم يشفي</bdi>" in rita.html
    assert rita.shown.count("Why: no") == 1


def test_a_batch_without_any_verdict_leads_to_the_reasons(rita: Browser, desk: Desk) -> None:
    rita.upload("others.csv", b"text\nThe bridge closes\n")
    desk.finish(2, failing=(2,))
    rita.get("/batches/2")
    assert 'verdict=failed">1 failed</a>' in rita.html


def test_a_long_text_can_be_read_to_its_end(rita: Browser, desk: Desk) -> None:
    short, long = (each.item for each in desk.results(1))
    rita.get(f"/items/{long}")
    assert f"{'a' * 3999}E…" in rita.html
    assert f"It goes on: show the other {len(LONG) - 4000:,} characters" in rita.shown
    assert f"…ND OF WHAT IS SHOWN{'b' * 100_000}" in rita.html
    rita.get(f"/items/{short}")
    assert "It goes on" not in rita.shown


def test_a_column_that_is_a_link_can_be_followed(rita: Browser, desk: Desk) -> None:
    short, long = (each.item for each in desk.results(1))
    for path in (f"/items/{short}", "/review"):
        rita.get(path)
        assert (
            '<a href="https://example.org/a?b=c&amp;d=e" target="_blank" rel="noopener noreferrer nofollow">'
            in rita.html
        )
        assert rita.html.count("<a href=") - rita.html.count('<a href="/') == 1
    # What runs in the page is no link, and one that was cut leads nowhere.
    rita.get(f"/items/{long}")
    assert rita.html.count("<a href=") - rita.html.count('<a href="/') == 0


def test_what_is_said_of_an_item_is_said_only_as_long_as_it_is_true(rita: Browser, desk: Desk) -> None:
    item = desk.results(1)[0].item
    rita.get(f"/items/{item}")
    rita.send(f"/items/{item}/label", label="fake")
    assert "Recorded." in rita.shown
    rita.send(f"/items/{item}/undo")
    rita.get(f"/items/{item}?said=fake")
    assert "Recorded." not in rita.shown
    rita.send(f"/items/{item}/label", label="real")
    rita.get(f"/items/{item}?said=undone")
    assert "is taken back" not in rita.shown


def test_an_item_of_an_older_run_leads_to_that_run(rita: Browser, desk: Desk) -> None:
    with desk.database.write() as connection:
        other = add_model(connection, name="second", bundle=b"not read here", metadata={})
    reclassify(1, model=other, settings=desk.settings, database=desk.database)
    item = desk.results(1, model=1)[0].item
    rita.get(f"/items/{item}?model=1")
    assert 'href="/batches/1?model=1"' in rita.html
    assert "/verdicts?after=1&amp;model=1" in rita.html
    rita.send(f"/items/{item}/label", label="real")
    assert 'href="/batches/1?model=1"' in rita.html


def test_a_file_that_is_none_can_be_replaced_by_another(rita: Browser) -> None:
    rita.upload("empty.csv", b"", status=422)
    assert "The file is kept for an hour" in rita.shown
    assert '<a href="/upload">choose another file</a>' in rita.html


def test_a_file_keeps_the_name_that_a_browser_has_written_otherwise(rita: Browser) -> None:
    # As browsers write a quote in the name of a file that they send.
    body = (
        f'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{rita.csrf}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="the %22new%22 ones.csv"\r\n'
        "Content-Type: text/csv\r\n\r\ntext\nThe bridge closes on Friday\n\r\n--x--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = rita.client.post("/upload", content=body.encode(), headers=headers)
    assert answer.status_code == 303
    rita.get("/batches/2")
    assert "<bdi>the &#34;new&#34; ones.csv</bdi>" in rita.html
