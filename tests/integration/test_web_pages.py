"""The page on both databases, without a script: it shows what the commands show, and changes what they do."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest

from newsgate.db.batch_status import batch_status
from newsgate.db.labels import find_labels, text_hash
from newsgate.db.model_registry import add_model, champion_number
from newsgate.db.purge import begin_purge, purge_step
from newsgate.db.results import ResultFilter
from newsgate.db.session import Database
from newsgate.tasks.inspecting.verdict_page import VerdictPage, page_after, page_before
from tests.desk import Desk
from tests.texts import write_posts
from tests.web import WebSite, closing_site

ROWS = 23


@pytest.fixture
def web(desk: Desk) -> Iterator[WebSite]:
    with closing_site(WebSite(desk.settings, desk.database)) as made:
        yield made


@pytest.fixture
def batch(desk: Desk) -> int:
    """A batch of ROWS rows, of which rows 5 and 9 failed."""
    made = desk.enqueue(ROWS)
    desk.finish(made, failing=(5, 9))
    return made


def test_the_list_and_the_batch_show_the_counters(web: WebSite, batch: int) -> None:
    browser = web.browser("Vera")
    browser.get("/batches")
    assert f"{batch} posts-{ROWS}-0.csv done {ROWS} 2 0 1" in browser.shown
    browser.get(f"/batches/{batch}")
    assert f"done : {ROWS} of {ROWS} rows have a verdict . 2 failed ." in browser.shown
    assert "text body own id guid" in browser.shown or "format csv" in browser.shown


def test_an_empty_database_says_so_on_every_page(web: WebSite) -> None:
    browser = web.browser()
    for path, said in (
        ("/batches", "There are no batches yet."),
        ("/review", "Nothing is left to review."),
        ("/judgements", "Nobody has judged a text yet."),
        ("/models", "model 1 champion"),
        ("/drift", "No row was classified in the last 14 days."),
    ):
        browser.get(path)
        assert said in browser.shown


@pytest.mark.parametrize(
    "path",
    [
        "/batches/9",
        "/batches/9/verdicts",
        "/items/9",
        "/batches/9/download",
        "/batches/9/report",
        "/nothing",
        "/batches/99999999999999999999",
        "/items/9223372036854775808",
        "/review?batch=9",
    ],
)
def test_what_is_not_there_is_told_as_such(path: str, web: WebSite) -> None:
    browser = web.browser()
    browser.get(path, status=404)
    assert "That did not work" in browser.shown


def test_verdicts_are_filtered_by_what_they_say_and_by_words(web: WebSite, batch: int, desk: Desk) -> None:
    browser = web.browser("Vera")
    found = desk.results(batch)
    browser.get(f"/batches/{batch}/verdicts")
    assert all(f"/items/{each.item}?" in browser.html for each in found)
    browser.get(f"/batches/{batch}/verdicts?verdict=failed")
    assert [f"/items/{each.item}?" in browser.html for each in found] == [each.row in (5, 9) for each in found]
    browser.get(f"/batches/{batch}/verdicts?verdict=fake")
    assert "No verdict passes this filter" in browser.shown
    wanted = found[7]
    word = max(wanted.text.split(), key=len).upper()
    browser.get(f"/batches/{batch}/verdicts", status=200)
    html = browser.client.get(f"/batches/{batch}/verdicts", params={"text": word}).text
    shown = [each.item for each in found if f"/items/{each.item}?" in html]
    assert shown == [each.item for each in found if word.lower() in each.text.lower()]
    # What no filter can be is none.
    assert (
        browser.get(f"/batches/{batch}/verdicts?min_score=lots&verdict=both&after=-1&model=").count("/items/") == ROWS
    )


def test_pages_lead_through_all_verdicts_and_back(batch: int, desk: Desk) -> None:
    rows = [each.row for each in desk.results(batch)]
    with desk.database.read() as connection:
        wanted = ResultFilter(batch, model=1)
        pages: list[VerdictPage] = [page_after(connection, wanted, after=0, last_row=max(rows), limit=5)]
        while (after := pages[-1].more_after) is not None:
            pages.append(page_after(connection, wanted, after=after, last_row=max(rows), limit=5))
        assert [each.row for page in pages for each in page.rows] == rows
        assert [len(page.rows) for page in pages] == [5, 5, 5, 5, 3]
        assert (pages[0].more_before, all(page.looked_through for page in pages)) == (None, True)
        back: list[VerdictPage] = [pages[-1]]
        while (before := back[-1].more_before) is not None:
            back.append(page_before(connection, wanted, before=before, limit=5))
        assert [each.row for page in reversed(back) for each in page.rows] == rows
        assert back[-1].more_after == pages[0].more_after


def test_a_search_that_takes_long_says_how_far_it_came_and_goes_on(batch: int, desk: Desk) -> None:
    with desk.database.read() as connection:
        wanted = ResultFilter(batch, model=1, words=("no text says this",))
        late = iter(range(0, 1000, 10))
        first = page_after(
            connection, wanted, after=0, last_row=10_000, patience_seconds=1, clock=lambda: float(next(late))
        )
        assert (first.rows, first.more_after, first.looked_through) == ((), 2000, False)
        rest = page_after(connection, wanted, after=2000, last_row=10_000, patience_seconds=60)
        assert (rest.rows, rest.more_after, rest.looked_through) == ((), None, True)
        back = page_before(connection, wanted, before=10_000, patience_seconds=1, clock=lambda: float(next(late)))
        assert (back.rows, back.more_before, back.more_after, back.looked_through) == ((), 8000, 9999, False)


def test_a_row_has_its_story_its_explanation_and_what_people_say(web: WebSite, desk: Desk) -> None:
    batch = desk.enqueue(3)
    desk.work_off(batch)
    item = desk.results(batch)[0].item
    browser = web.browser("Rita")
    browser.get(f"/items/{item}")
    for said in ("What each token is worth", "What the gates did", "run 1 begins", "Nobody has judged it yet."):
        assert said in browser.shown
    browser.post(f"/items/{item}/label", label="fake")
    assert "fake Rita" in browser.shown
    rob = web.browser("Rob")
    rob.get(f"/items/{item}")
    rob.post(f"/items/{item}/label", label="real")
    browser.get("/judgements?disputed=1")
    assert "0 of 1 times two people said the same of a text (0.0%)" in browser.shown
    assert "1 text was called both fake and real; none waits to be judged again." in browser.shown
    assert browser.html.count("<td>Rita</td>") == browser.html.count("<td>Rob</td>") == 1
    rob.send(f"/items/{item}/undo")
    assert "Your judgement is taken back." in rob.shown
    assert "real , taken back Rob" in rob.shown
    # What others said is theirs to take back.
    assert "Take back" not in rob.shown


def test_a_row_without_a_verdict_says_why_there_is_no_explanation(web: WebSite, batch: int, desk: Desk) -> None:
    failed = next(each for each in desk.results(batch) if each.row == 5)
    browser = web.browser("Vera")
    browser.get(f"/items/{failed.item}")
    assert "has an error in place of a verdict" in browser.shown


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "json", "parquet", "xlsx"])
def test_verdicts_are_downloaded_in_every_format(form: str, web: WebSite, batch: int) -> None:
    answer = web.browser("Vera").client.get(f"/batches/{batch}/download?format={form}&own_columns=1")
    assert answer.status_code == 200
    assert f'filename="posts-{ROWS}-0-verdicts.{form}"' in answer.headers["content-disposition"]
    assert int(answer.headers["content-length"]) == len(answer.content) > 0


def test_whoever_downloads_a_workbook_knows_what_it_cuts(web: WebSite, batch: int) -> None:
    browser = web.browser("Vera")
    for path in (f"/batches/{batch}", f"/batches/{batch}/verdicts"):
        browser.get(path)
        assert "A cell of xlsx holds 32,767 characters; longer texts are cut there" in browser.shown


def test_a_download_holds_what_the_filter_passes(web: WebSite, batch: int) -> None:
    browser = web.browser("Vera")
    answer = browser.client.get(f"/batches/{batch}/download?format=csv&verdict=failed")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [int(row["row"]) for row in rows] == [5, 9]
    packed = browser.client.get(f"/batches/{batch}/download?format=csv&packing=gz&verdict=failed&own_columns=1")
    assert packed.content[:2] == b"\x1f\x8b"
    assert 'filename="posts-23-0-verdicts.csv.gz"' in packed.headers["content-disposition"]
    assert browser.client.get(f"/batches/{batch}/download?format=exe").status_code == 400
    assert b"<!doctype html>" in browser.client.get(f"/batches/{batch}/report").content


def test_a_file_becomes_a_batch(web: WebSite, desk: Desk) -> None:
    file = write_posts(desk.folder / "mine.csv", 12, seed=3)
    browser = web.browser("Rita")
    browser.get("/batches")
    browser.upload("C:\\texts\\mine.csv", file.read_bytes())
    assert "0 of 12 rows have a verdict" in browser.shown
    with desk.database.read() as connection:
        assert (batch_status(connection, 1).name, batch_status(connection, 1).total) == ("mine.csv", 12)
    # The same once more: the page of the form leads to the batch, and can enqueue it all the same.
    desk.work_off(1)
    browser.get("/upload")
    browser.upload("mine.csv", file.read_bytes(), status=422)
    assert "already enqueued as batch 1 (done). The page of batch 1 shows it; “Enqueue it once more”" in browser.shown
    browser.answer_about_upload(again="1")
    assert "0 of 12 rows have a verdict" in browser.shown


def test_a_question_about_a_file_is_asked_in_words_of_the_form_and_answered_there(web: WebSite, desk: Desk) -> None:
    data = b"text,verdict\n" + b"".join(b"text number %d,%d\n" % (place, place % 2) for place in range(8))
    browser = web.browser("Rita")
    browser.get("/upload")
    browser.upload("marked.csv", data, status=422, label_column="verdict")
    assert "“Meaning of the labels”" in browser.shown
    assert "--labels" not in browser.shown
    form = browser.html.split('action="/uploads/')[1].split('"')[0]
    assert 'name="label_column" value="verdict"' in browser.html
    # Nobody else gets at the file.
    assert web.browser("Rob").client.get(f"/uploads/{form}").status_code == 404
    browser.answer_about_upload(label_column="verdict", labels="fake=1,real=0")
    assert "0 of 8 rows have a verdict" in browser.shown
    with desk.database.read() as connection:
        assert find_labels(connection, [text_hash("text number 1")])[text_hash("text number 1")].label == "fake"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty.csv: the file is empty."),
        ("numbers.csv", b"a,b\n1,2\n3,4\n", "“Text column”"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "picture.png"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(name: str, content: bytes, said: str, web: WebSite) -> None:
    browser = web.browser("Rita")
    browser.get("/upload")
    browser.upload(name, content, status=422)
    assert said in browser.shown
    browser.post("/upload", status=422)
    assert "Choose a file first." in browser.shown


def test_models_stand_side_by_side_and_change_places(web: WebSite, database: Database) -> None:
    browser = web.browser("Ada")
    browser.get("/models")
    with database.write() as connection:
        other = add_model(connection, name="challenger", bundle=b"not read here", metadata={"metrics": "odd"})
    browser.get("/models")
    assert "challenger" in browser.shown
    browser.post("/models/promote", model=str(other), reason="it reads better")
    assert "It is champion now." in browser.shown
    assert "it reads better (Ada, on the page)" in browser.shown
    browser.post("/models/promote", status=400, model=str(other), reason="again")
    assert f"Model {other} is champion already" in browser.shown
    browser.get("/models")
    browser.post("/models/promote", status=400, model=str(other), reason=" ")
    browser.get("/models")
    browser.post("/models/roll-back", reason="it did not")
    with database.read() as connection:
        assert champion_number(connection) == 1
    assert "it did not (Ada, on the page)" in browser.shown


def test_drift_is_drawn_for_the_model_that_saw_rows(web: WebSite, desk: Desk) -> None:
    desk.work_off(desk.enqueue(20))
    browser = web.browser("Vera")
    browser.get("/drift?days=7")
    assert browser.html.count('class="chart"') == 1
    assert "share of fake by day, model 1:" in browser.html


def test_what_no_database_stores_is_left_out_of_what_is_typed(web: WebSite, batch: int, desk: Desk) -> None:
    browser = web.browser("Ada")
    browser.get(f"/batches/{batch}/verdicts?text=no%00text")
    assert "No verdict passes this filter" in browser.shown
    browser.get("/models")
    with desk.database.write() as connection:
        other = add_model(connection, name="challenger", bundle=b"not read here", metadata={})
    browser.post("/models/promote", model=str(other), reason="it\0reads better")
    assert "it reads better (Ada, on the page)" in browser.shown
    browser.get("/upload")
    answer = browser.client.post(
        "/upload",
        data={"csrf": browser.csrf, "name": "a\0name", "model": "1"},
        files={"file": ("other.csv", b"text\nanother text of some words\n")},
        follow_redirects=True,
    )
    assert "<h1><bdi>aname</bdi></h1>" in answer.text


@pytest.mark.parametrize("model", ["3000000000", "99999999999999999999"])
def test_a_number_that_no_model_can_have_is_the_number_of_none(
    model: str, web: WebSite, batch: int, desk: Desk
) -> None:
    browser = web.browser("Ada")
    item = desk.results(batch)[0].item
    browser.get(f"/items/{item}?model={model}")
    assert "There is no model" in browser.shown
    browser.get("/models")
    browser.post("/models/promote", status=404, model=model, reason="why not")
    browser.get("/upload")
    browser.upload("mine.csv", b"text\na text of some words\n", status=422, model=model)
    assert "The page “Models” lists them" in browser.shown


def test_a_form_about_an_older_champion_changes_nothing(web: WebSite, database: Database) -> None:
    numbers = []
    for name in ("second", "third"):
        with database.write() as connection:
            numbers.append(add_model(connection, name=name, bundle=name.encode(), metadata={}))
    browser = web.browser("Ada")
    for number in numbers:
        browser.get("/models")
        browser.post("/models/promote", model=str(number), reason="why not", champion=_champion_of(browser.html))
    seen = _champion_of(browser.html)
    assert seen == str(numbers[-1])
    browser.post("/models/roll-back", reason="it is worse", champion=seen)
    # The same once more, as a second click sends it, or a page that was open for hours.
    for path in ("/models/roll-back", "/models/promote"):
        browser.get("/models")
        browser.post(path, status=400, reason="it is worse", champion=seen, model="1")
        assert f"Model {numbers[0]} is champion by now, no longer model {numbers[1]}" in browser.shown
    with database.read() as connection:
        assert champion_number(connection) == numbers[0]


def _champion_of(html: str) -> str:
    champions = set(re.findall(r'name="champion" value="(\d+)"', html))
    assert len(champions) == 1
    return str(champions.pop())


def test_what_is_said_about_a_file_is_said_on_the_page_too(web: WebSite, desk: Desk) -> None:
    browser = web.browser("Rita")
    browser.get("/upload")
    browser.upload("posts.csv", "id,body\n1,un texte d\u00e9j\u00e0 lu par tous\n".encode("cp1252"))
    assert "Read as cp1252: not valid UTF-8 (“Encoding” overrides)." in browser.shown
    # Nobody else is told, nor is it of another batch.
    address = next(iter(web.site.uploads._uploads))
    assert "cp1252: not" not in web.browser("Rob").get(f"/batches/1?upload={address}")
    desk.enqueue(3)
    assert "cp1252: not" not in browser.get(f"/batches/2?upload={address}")


def test_all_refused_rows_can_be_looked_at(web: WebSite, desk: Desk) -> None:
    browser = web.browser("Rita")
    browser.get("/upload")
    browser.upload("holes.csv", b"id,text\n1,a text of some words\n" + b"".join(b"%d,\n" % n for n in range(2, 52)))
    assert "50 rows of the file were refused" in browser.shown
    assert browser.html.count('data-name="row"') == 20
    assert "And 30 more" in browser.shown
    browser.get(re.search(r'href="([^"]+)#refused"', browser.html)[1].replace("&amp;", "&"))  # type: ignore[index]
    assert browser.html.count('data-name="row"') == 50
    assert "more:" not in browser.shown


def test_a_purged_batch_offers_nothing_that_is_gone(web: WebSite, batch: int, desk: Desk) -> None:
    with desk.database.write() as connection:
        begin_purge(connection, batch)
        while purge_step(connection, batch, limit=100) is not None:
            pass
    browser = web.browser("Ada")
    browser.get(f"/batches/{batch}")
    assert "purged : 0 of 0 rows have a verdict" in browser.shown
    assert not re.search(rf'(action|href)="/batches/{batch}/', browser.html)
