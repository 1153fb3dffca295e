"""The page in a real Chromium, before the real system: the whole path by mouse and by keyboard, narrow and wide."""

from __future__ import annotations

import http.client
import re
import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from newsgate.db.batches import AcceptedRow, NewBatch, add_rows, create_batch, finish_loading
from newsgate.db.labels import count_labels, current_labels, text_hash
from newsgate.db.model_registry import add_model, champion_number
from newsgate.db.session import Database
from newsgate.db.steering import pause_run
from tests.chromium import Scheme, Window, running_chromium
from tests.programs import World
from tests.proxies import TlsFront
from tests.services import short_folder, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROWS = 120
PEOPLE = {"Ada": "admin", "Bob": "reviewer", "Cid": "viewer"}
SHOWN = ("/batches", "/batches/1", "/batches/1/verdicts", "/items/2", "/review", "/judgements", "/models", "/drift")


@dataclass(frozen=True)
class Site:
    """The system with its page, which has a batch of ROWS rows, and the address of each person."""

    world: World
    addresses: dict[str, str]
    file: Path

    def path(self, path: str) -> str:
        """The whole address of a path."""
        return re.sub(r"/sign-in.*", path, self.addresses["Ada"])

    def sign_in(self, window: Window, name: str) -> None:
        """Open the address of a person."""
        window.page.goto(self.addresses[name])
        window.page.wait_for_url("**/batches")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(chromium: Browser, prepared_home: Path) -> Iterator[Site]:
    """One for the module; `chromium` comes first, so that nothing is started where it is missing."""
    with short_folder("newsgate-web-") as folder:
        shutil.copytree(prepared_home, folder / "home")
        file = folder / "posts.csv"
        rows = "".join(
            f"p{row},{'Garlic cures the virus; share it' if row % 3 else 'The council meets'} {row},"
            f"https://example.org/{row}\n"
            for row in range(ROWS)
        )
        file.write_text(f"id,text,link\n{rows}")
        users = folder / "people.jsonl"
        extra = {"NEWSGATE_WEB_PORT": "0"}
        world = World(folder / "home", f"sqlite:///{folder / 'home' / 'newsgate.db'}", extra)
        names = [part for name, role in PEOPLE.items() for part in (f"--{role}", name)]
        with world.started("up"), world.started("web", *names, "--users", str(users)):
            log = folder / "web.log"
            wait_until(lambda: log.exists() and "Ctrl-C stops it" in log.read_text(), what="the page is up", seconds=90)
            told = re.findall(r"(http://\S+) is for (\w+)", log.read_text())
            # On a busy machine a worker takes its time to begin.
            count = "select count(*) from workers"
            wait_until(lambda: world.figure(count) == 1, what="the worker lives", seconds=90)
            yield Site(world, {name: address for address, name in told}, file)


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    made = Window(chromium)
    yield made
    made.close()


@pytest.fixture
def _first_batch(site: Site) -> None:
    """Batch 1 is done, in a process that has not been given the test that drops its file as well."""
    if site.world.figure("select count(*) from batches") == 0:
        site.world.enqueue(site.file)
    site.world.wait_for(1)


def test_a_file_is_dropped_in_watched_browsed_and_taken_away_by_mouse(site: Site, window: Window) -> None:
    page = window.page
    site.sign_in(window, "Ada")
    page.get_by_text("There are no batches yet").wait_for()
    # As a hand does it that lets a file go over the page, whose script is there by then.
    page.wait_for_load_state()
    page.evaluate(
        """([name, text]) => {
            const dropped = new DataTransfer();
            dropped.items.add(new File([text], name, {type: "text/csv"}));
            for (const kind of ["dragenter", "drop"])
                document.body.dispatchEvent(
                    new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: dropped}));
        }""",
        ["posts.csv", site.file.read_text()],
    )
    page.wait_for_url("**/batches/1")
    # Nobody loads the page again: it learns by itself that the batch is done.
    page.get_by_text(f"done: {ROWS} of {ROWS} rows have a verdict").wait_for()
    page.get_by_role("heading", name="What the model says").wait_for()
    page.get_by_label("Words in the text").fill("council 30")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="The council meets 30").wait_for()
    assert page.get_by_role("row").count() == 2
    page.get_by_role("cell", name="p30").click()
    page.get_by_role("heading", name="What each token is worth").wait_for()
    assert page.locator(".tokens span").count() > 3
    page.get_by_role("link", name="batch 1").click()
    page.get_by_label("Format").select_option("jsonl")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "posts-verdicts.jsonl"
    assert len(Path(download.value.path()).read_text().splitlines()) == ROWS
    site.world.assert_sound()


@pytest.mark.usefixtures("_first_batch")
def test_verdicts_are_walked_through_by_keyboard(site: Site, window: Window) -> None:
    page = window.page
    site.sign_in(window, "Cid")
    page.goto(site.path("/batches/1/verdicts"))
    window.press("n")
    page.wait_for_url("**after=51**")
    window.press("p")
    page.wait_for_url("**before=52**")
    for _ in range(3):
        window.press("j")
    window.press("k")
    assert page.locator("tr.current").inner_text().startswith("3\t")
    window.press("Enter")
    page.wait_for_url("**/items/2?**")
    # What is typed into a field is no command.
    page.goto(site.path("/batches/1/verdicts"))
    page.get_by_label("Words in the text").press_sequentially("jnk")
    assert page.locator("tr.current").count() == 0


@pytest.mark.usefixtures("_first_batch")
def test_two_people_review_at_once_by_keyboard(site: Site, chromium: Browser) -> None:
    windows = {name: Window(chromium) for name in ("Ada", "Bob")}
    for name, window in windows.items():
        site.sign_in(window, name)
        window.page.get_by_role("link", name="Review").click()
        window.page.locator("blockquote").wait_for()
    texts = {name: window.page.locator("blockquote").inner_text() for name, window in windows.items()}
    assert texts["Ada"] != texts["Bob"]
    assert windows["Ada"].page.get_by_text("https://example.org/").count() == 1
    for name, key in (("Ada", "f"), ("Bob", "r")):
        window = windows[name]
        window.press(key)
        window.page.get_by_text("1 labelled, 0 skipped").wait_for()
    window = windows["Bob"]
    window.press("s")
    window.page.get_by_text("1 labelled, 1 skipped").wait_for()
    for shown in ("1 labelled, 0 skipped", "0 labelled, 0 skipped"):
        window.press("u")
        window.page.get_by_text(shown).wait_for()
    assert window.page.locator("blockquote").inner_text() == texts["Bob"]
    window.press("r")
    window.page.get_by_text("1 labelled, 0 skipped").wait_for()
    with site.world.database.read() as connection:
        said = {each.text: (each.label, each.labelled_by) for each in current_labels(connection)}
    assert said == {texts["Ada"]: ("fake", "Ada"), texts["Bob"]: ("real", "Bob")}
    window.page.get_by_role("link", name="Judgements").click()
    for name, label in (("Ada", "fake"), ("Bob", "real")):
        row = window.page.get_by_role("row").filter(has_text=texts[name]).first
        assert [name in row.inner_text(), label in row.inner_text()] == [True, True]
    for each in windows.values():
        each.page.get_by_role("button", name="Sign out").click()
        each.page.get_by_role("heading", name="Sign in").wait_for()
        each.close()
    assert site.world.figure("select count(*) from review_leases") == 0


@pytest.mark.usefixtures("_first_batch")
def test_the_review_is_loaded_again_without_a_question_about_a_form(site: Site, window: Window) -> None:
    page = window.page
    site.sign_in(window, "Bob")
    page.get_by_role("link", name="Review").click()
    for count in (1, 2):
        window.press("s")
        page.get_by_text(f"0 labelled, {count} skipped").wait_for()
    text = page.locator("blockquote").inner_text()
    page.reload()
    page.get_by_text("0 labelled, 2 skipped").wait_for()
    assert page.locator("blockquote").inner_text() == text
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def test_an_admin_promotes_a_model_and_rolls_back(site: Site, window: Window) -> None:
    with site.world.database.write() as connection:
        other = add_model(connection, name="challenger", bundle=b"not read here", metadata={})
    page = window.page
    site.sign_in(window, "Ada")
    page.get_by_role("link", name="Models").click()
    why = page.get_by_label("Why")
    why.first.fill("it reads better")
    page.get_by_role("button", name="Promote").click()
    page.get_by_text("It is champion now.").wait_for()
    page.get_by_label("Why").last.fill("it does not")
    page.get_by_role("button", name="Roll back to the champion before").click()
    page.get_by_text("The champion before is champion again.").wait_for()
    with site.world.database.read() as connection:
        assert (champion_number(connection), other) == (1, 2)


def test_an_admin_cancels_a_batch_that_is_paused_and_has_it_tried_again(site: Site, window: Window) -> None:
    batch = _paused_batch(site.world.database)
    page = window.page
    site.sign_in(window, "Ada")
    page.goto(site.path(f"/batches/{batch}"))
    page.get_by_text("Cancel it").click()
    page.get_by_role("button", name=f"Cancel batch {batch}").click()
    page.get_by_text("It is cancelled.").wait_for()
    page.get_by_role("button", name="Try 2 rows again").click()
    page.get_by_text("2 rows are tried again.").wait_for()
    # The page learns by itself that they are done, and offers nothing any more.
    page.get_by_text("done: 2 of 2 rows have a verdict").wait_for()
    page.get_by_role("heading", name="What the model says").wait_for()
    steering = page.get_by_role("group", name="Steer it")
    assert steering.get_by_role("button", name=re.compile("Pause|Cancel|Try|Set|go on")).count() == 0
    site.world.assert_sound()


def _paused_batch(database: Database) -> int:
    """A batch of two rows, which is paused before any worker can begin it; gives its number."""
    texts = ["The council meets", "Garlic cures the virus"]
    new = NewBatch(name="paused.csv", sha256="0" * 64, size_bytes=1, layout="{}")
    with database.write() as connection:
        loading = create_batch(connection, new, model=1)
        assert pause_run(connection, loading.run)
        rows = [AcceptedRow(row, None, text, text_hash(text)) for row, text in enumerate(texts, 2)]
        add_rows(connection, loading, accepted=rows, refused=[], last_row=3)
        finish_loading(connection, loading)
    return loading.batch


def test_a_stranger_sees_nothing(site: Site, window: Window) -> None:
    page = window.page
    page.goto(site.path("/sign-in?token=guessed"))
    page.get_by_text("Nobody here has this token.").wait_for()
    page.goto(site.path("/batches/1/verdicts"))
    page.get_by_role("heading", name="Sign in").wait_for()
    assert page.get_by_role("navigation").count() == 0
    # The browser itself says that both were refused.
    assert [("403" in each or "401" in each) for each in window.faults] == [True, True]
    window.faults.clear()


@pytest.mark.usefixtures("_first_batch")
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_every_page_fits_and_keeps_nobody_out(width: int, scheme: Scheme, site: Site, chromium: Browser) -> None:
    window = Window(chromium, width=width, scheme=scheme)
    site.sign_in(window, "Ada")
    findings, too_wide = [], []
    for path in (*SHOWN, "/upload"):
        window.page.goto(site.path(path))
        # Of what axe looks at, contrast alone differs from one scheme to the other.
        findings += window.grave_findings(only=None if scheme == "light" else "color-contrast")
        if window.overflow_pixels() > 0:
            too_wide.append(path)
    assert findings == []
    assert too_wide == []
    window.close()


def test_without_a_script_a_person_gets_as_far(site: Site, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.addresses["Bob"])
    page.wait_for_url("**/batches")
    page.locator('input[type="file"]').set_input_files(
        {"name": "more.csv", "mimeType": "text/csv", "buffer": b"text\nThe bridge closes on Friday\n"}
    )
    page.get_by_role("button", name="Classify it").click()
    page.wait_for_url(re.compile(r"/batches/\d+(\?upload=[\w-]+)?$"))
    page.goto(site.path("/review"))
    with site.world.database.read() as connection:
        before = count_labels(connection)
    page.get_by_role("button", name="real").click()
    page.get_by_text("1 labelled").wait_for()
    with site.world.database.read() as connection:
        assert count_labels(connection) == before + 1
    context.close()


def test_up_serves_the_page_too_and_takes_it_down(alone: World) -> None:
    world = World(alone.home, alone.database_url, {"NEWSGATE_WEB_PORT": "0"})
    log = alone.home.parent / "up.log"
    with world.started("up", "--web") as up:
        wait_until(lambda: log.exists() and "sign-in?token=" in log.read_text(), what="the page is up", seconds=90)
        told = re.search(r"http://127\.0\.0\.1:(\d+)/sign-in\?token=(\S+) is for", log.read_text())
        assert told is not None
        for path, code in (("/batches", 401), (f"/sign-in?token={told[2]}", 200)):
            connection = http.client.HTTPConnection("127.0.0.1", int(told[1]))
            connection.request("GET", path)
            assert connection.getresponse().status == code
            connection.close()
        pages = [each for each in psutil.Process(up.pid).children() if "web" in each.cmdline()]
        assert len(pages) == 1
    wait_until(lambda: not pages[0].is_running(), what="the page is down")
    assert list(alone.home.glob("web-*")) == []


def test_with_a_certificate_it_speaks_tls_alone(alone: World, tmp_path: Path) -> None:
    world = World(alone.home, alone.database_url, {"NEWSGATE_WEB_PORT": "0"})
    log = alone.home.parent / "web.log"
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    files = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    # It writes both files.
    with TlsFront(0, folder=tmp_path), world.started("web", *files):
        wait_until(lambda: log.exists() and "sign-in?token=" in log.read_text(), what="the page is up", seconds=90)
        told = re.search(r"https://127\.0\.0\.1:(\d+)(/sign-in\?token=\S+)", log.read_text())
        assert told is not None
        context = ssl.create_default_context(cafile=certificate)
        # The certificate is for this name alone.
        connection = http.client.HTTPSConnection("localhost", int(told[1]), context=context)
        connection.request("GET", told[2])
        answer = connection.getresponse()
        assert answer.status == 200
        assert "secure" in (answer.getheader("Set-Cookie") or "").lower()
        assert answer.getheader("Strict-Transport-Security") is not None
        connection.close()
        plain = http.client.HTTPConnection("localhost", int(told[1]))
        plain.request("GET", told[2])
        with pytest.raises((http.client.HTTPException, OSError)):
            plain.getresponse()
        plain.close()
