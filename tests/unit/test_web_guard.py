"""Who gets in, and what a browser is told: tokens, sessions, roles, forged forms, hosts, sizes and headers."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsgate.db.errors import BatchPurgedError, NoSuchItemError, NoSuchModelError
from newsgate.db.promotions import NoEarlierChampionError
from newsgate.db.session import Database
from newsgate.foundation.errors import NewsgateError, WrongUsageError
from newsgate.web.guard import MOST_FORM_BYTES
from newsgate.web.page_words import in_words_of_the_page
from newsgate.web.people import People, Person, admit, invite
from newsgate.web.sessions import IDLE_SECONDS, Sessions
from newsgate.worker.settings import load_settings
from tests.web import ADDRESS, WebSite, closing_site

# (path, least role): every address that changes something.
POSTS = {
    "/sign-out": "viewer",
    "/items/1/label": "reviewer",
    "/items/1/undo": "reviewer",
    "/batches/1/pause": "admin",
    "/batches/1/resume": "admin",
    "/batches/1/cancel": "admin",
    "/batches/1/requeue": "admin",
    "/batches/1/priority": "admin",
    "/batches/1/reclassify": "admin",
    "/upload": "reviewer",
    "/uploads/unknown": "reviewer",
    "/review/answer": "reviewer",
    "/models/promote": "admin",
    "/models/roll-back": "admin",
}
NAMES = {"viewer": "Vera", "reviewer": "Rita", "admin": "Ada"}


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{shutil.copy(migrated_file, tmp_path)}")
    yield made
    made.close()


@pytest.fixture
def web(database: Database) -> Iterator[WebSite]:
    with closing_site(WebSite(load_settings(), database)) as made:
        yield made


def test_every_address_is_closed_to_strangers_but_the_sign_in_and_its_styles(web: WebSite) -> None:
    stranger = web.stranger()
    paths = [getattr(route, "path", "") for route in web.app.routes]
    for path in paths:
        address = re.sub(r"\{[^}]+\}", "1", path)
        if address.startswith(("/static", "/sign-in")):
            continue
        answer = stranger.client.get(address)
        assert answer.status_code == 401, path
        assert "Sign in" in answer.text
    for address in ("/static/web.css", "/static/web.js", "/static/pages/page.css", "/static/icon.svg", "/sign-in"):
        assert stranger.client.get(address).status_code == 200
    assert stranger.client.get("/static/pages/page.html.j2").status_code == 404
    assert stranger.client.get("/static/..%2fapp.py").status_code == 404


def test_a_strangers_token_is_refused(web: WebSite) -> None:
    stranger = web.stranger()
    for token in ("x", "é", "0" * 43, next(iter(web.tokens.values()))[:-1]):
        answer = stranger.client.get("/sign-in", params={"token": token})
        assert answer.status_code == 403
        assert "Nobody here has this token." in answer.text
        assert "set-cookie" not in answer.headers
    assert stranger.client.post("/sign-in", data={"token": "x"}).status_code == 403


def test_a_token_signs_in_by_a_cookie_that_no_script_and_no_other_site_gets(web: WebSite) -> None:
    stranger = web.stranger()
    answer = stranger.client.post("/sign-in", data={"token": web.tokens["Ada"]})
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/"))
    assert "secure" not in cookie
    # The token is not in the address that follows.
    assert 'content="0; url=/batches"' in answer.text
    assert web.tokens["Ada"] not in answer.text
    assert stranger.client.get("/batches").status_code == 200


def test_behind_tls_the_cookie_is_secure_and_the_browser_stays_with_tls(database: Database) -> None:
    settings = load_settings(web_public_url="https://news.example.org")
    with closing_site(WebSite(settings, database, address="https://news.example.org/")) as web:
        browser = web.browser()
        answer = browser.client.get("/batches")
        assert "max-age" in answer.headers["strict-transport-security"]
        # What the process listens on is no name of the page then.
        assert browser.client.get("/batches", headers={"Host": "localhost:8765"}).status_code == 421


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost:80:80", "a b", "[::2]"])
def test_another_host_name_is_refused(host: str, web: WebSite) -> None:
    answer = web.browser().client.get("/batches", headers={"Host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:1234", "localhost", "LOCALHOST:8765", "[::1]:8765"])
def test_every_name_of_this_machine_is_taken(host: str, web: WebSite) -> None:
    assert web.stranger().client.get("/sign-in", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", POSTS)
def test_a_form_without_the_sessions_secret_changes_nothing(path: str, web: WebSite) -> None:
    browser = web.browser("Ada")
    browser.get("/batches")
    other = web.browser("Ada")
    other.get("/batches")
    for csrf in ("", "x", other.csrf):
        # The upload that nobody knows is looked for first, which changes nothing either.
        wanted = 404 if path == "/uploads/unknown" else 403
        browser.post(path, status=wanted, csrf=csrf, label="fake", model="1", reason="why", action="fake")


@pytest.mark.parametrize(("headers", "code"), [
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": ADDRESS.rstrip("/"), "Sec-Fetch-Site": "same-origin"}, 303),
])  # fmt: skip
def test_a_form_from_another_site_is_refused(headers: dict[str, str], code: int, web: WebSite) -> None:
    browser = web.browser("Ada")
    answer = browser.client.post("/sign-out", data={"csrf": browser.csrf}, headers=headers)
    assert answer.status_code == code


def test_every_post_of_the_page_is_known_here(web: WebSite) -> None:
    posts = {
        getattr(route, "path", "") for route in web.app.routes if "POST" in (getattr(route, "methods", None) or ())
    }
    known = {path.replace("unknown", "1") for path in POSTS}
    assert {re.sub(r"\{[^}]+\}", "1", path) for path in posts - {"/sign-in"}} == known


@pytest.mark.parametrize(("path", "role"), POSTS.items())
def test_who_has_too_small_a_role_is_refused(path: str, role: str, web: WebSite) -> None:
    for name in ("Vera", "Rita"):
        browser = web.browser(name)
        browser.get("/batches")
        if web.site.people.find(web.tokens[name]).may(role):  # type: ignore[union-attr,arg-type]
            continue
        browser.post(path, status=403, label="fake", model="1", reason="why", action="fake")
        assert f"This needs the role {role}." in browser.shown


def test_a_viewer_is_offered_nothing_that_they_may_not_do(web: WebSite) -> None:
    browser = web.browser("Vera")
    for path in ("/batches", "/models"):
        browser.get(path)
        actions = set(re.findall(r'method="post" action="([^"]+)"', browser.html))
        assert actions == {"/sign-out"}
    assert "/review" not in browser.html
    browser.get("/upload", status=403)
    browser.get("/review", status=403)


def test_every_answer_has_the_headers_that_protect(web: WebSite) -> None:
    browser, stranger = web.browser(), web.stranger()
    answers = [
        browser.client.get("/batches"),
        browser.client.get("/nothing"),
        stranger.client.get("/batches"),
        stranger.client.get("/static/web.js"),
        stranger.client.get("/sign-in", headers={"Host": "evil.example"}),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
    assert answers[0].headers["cache-control"] == "no-store"


def test_no_page_has_a_script_or_a_style_of_its_own(web: WebSite) -> None:
    browser = web.browser()
    for path in ("/batches", "/upload", "/review", "/judgements", "/models", "/drift", "/sign-in"):
        html = browser.get(path)
        assert re.findall(r"<script[^>]*>", html) == ['<script src="/static/web.js" defer>']
        assert "<style" not in html
        assert not re.search(r"\son\w+\s*=", html)


def test_a_form_that_is_too_large_is_refused_before_it_is_read(web: WebSite, database: Database) -> None:
    browser = web.browser()
    browser.get("/batches")
    browser.post("/items/1/label", status=413, label="x" * (MOST_FORM_BYTES + 1))
    # One that says nothing of its size is stopped on the way.
    pieces = (b"x" * 10_000 for _ in range(10))
    answer = browser.client.post(
        "/sign-out", content=pieces, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
    small = WebSite(load_settings(web_upload_bytes=1000), database)
    with closing_site(small):
        uploader = small.browser("Rita")
        uploader.get("/upload")
        uploader.post("/upload", status=413, files={"file": ("a.csv", b"text\n" + b"x" * 2000, "text/csv")})
        assert "more than the 1,000 bytes" in uploader.shown


def test_text_from_anywhere_is_escaped(web: WebSite) -> None:
    nasty = "<script>alert(1)</script>\x1b[31m‮"
    browser = web.browser("Rita")
    browser.get("/upload")
    data = f"id,text\n{nasty},{nasty} and more words of it\n".encode()
    browser.upload(f"{nasty}.csv", data)
    for path in ("/batches", "/batches/1", "/items/1", "/batches/1/verdicts?text=%3Cscript%3E%22"):
        html = browser.get(path)
        assert "<script>alert" not in html
        assert "\x1b" not in html
        assert "‮" not in html


def test_a_session_ends_after_hours_without_use() -> None:
    now = [0.0]
    sessions = Sessions(clock=lambda: now[0])
    session = sessions.begin(Person("Ada", "admin"))
    now[0] = IDLE_SECONDS
    assert sessions.find(session.id) is session
    now[0] += IDLE_SECONDS + 1
    assert sessions.find(session.id) is None
    other = sessions.begin(Person("Ada", "admin"))
    now[0] += IDLE_SECONDS + 1
    sessions.end_idle()
    assert sessions.find(other.id) is None


def test_signing_in_again_and_again_fills_no_memory() -> None:
    sessions = Sessions()
    first = sessions.begin(Person("Ada", "admin"))
    for _ in range(1000):
        sessions.begin(Person("Ada", "admin"))
    assert sessions.find(first.id) is None


def test_the_file_of_people_keeps_hashes_and_addresses(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    people, invited = admit([Person("Ada", "admin"), Person("Bob", "viewer")], file=file)
    tokens = {each.person.name: each.token for each in invited}
    assert people.find(tokens["Ada"]) == Person("Ada", "admin")
    assert not any(token in file.read_text() for token in tokens.values())
    assert file.stat().st_mode & 0o077 == 0
    again, new = admit([Person("Ada", "admin"), Person("Cid", "reviewer")], file=file)
    assert [each.person.name for each in new] == ["Cid"]
    assert again.find(tokens["Bob"]) == Person("Bob", "viewer")
    assert again.find("") is None


def test_a_file_of_people_that_cannot_be_is_told(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    admit([Person("Ada", "admin")], file=file)
    with pytest.raises(WrongUsageError, match="Ada is admin there, not viewer"):
        admit([Person("Ada", "viewer")], file=file)
    for line in ('{"name": "Bob", "role": "king", "sha256": "00"}', "Bob", '{"name": "Bob"}'):
        file.write_text(line)
        with pytest.raises(WrongUsageError, match="line 1 names nobody"):
            admit([], file=file)
    file.chmod(0o644)
    with pytest.raises(WrongUsageError, match="other users of this machine may read it"):
        admit([], file=file)
    with pytest.raises(WrongUsageError, match="'Ada' is named twice"):
        admit([Person("Ada", "viewer"), Person("Ada", "admin")], file=None)
    for name in (" ", "x" * 101, "a\nb"):
        with pytest.raises(WrongUsageError, match="is no name for a person"):
            invite(Person(name, "viewer"))


def test_nobody_is_found_among_nobody() -> None:
    assert People([]).find("x") is None


@pytest.mark.parametrize(
    ("error", "what", "remedy"),
    [
        (
            NewsgateError(
                "there is no text column", where="a.csv", remedy="Name it with --text-column, or --no-header"
            ),
            "a.csv: there is no text column.",
            "Name it with “Text column”, or “The first line is a row”.",
        ),
        (
            NewsgateError("already enqueued", remedy="`newsgate results 3 --model 2` shows it; --again enqueues it"),
            "Already enqueued.",
            "The page of batch 3 shows it; “Enqueue it once more” enqueues it.",
        ),
        (
            NewsgateError("no text encoding is called 'utf9'", where="--encoding", remedy="Name one such as utf-8"),
            "“Encoding”: no text encoding is called 'utf9'.",
            "Name one such as utf-8.",
        ),
        (NewsgateError("--labels-strict is no field"), "--labels-strict is no field.", None),
        (
            NewsgateError("this is no text", remedy="Leave --quoting out"),
            "This is no text.",
            "Leave “A quote is a character like any other” out.",
        ),
        (
            NoSuchModelError(7),
            "There is no model 7.",
            "The page “Models” lists them, `newsgate train` (in a terminal) makes one.",
        ),
        (
            NoEarlierChampionError(),
            "No model was champion before this one.",
            "“Promote” on the page “Models” makes another champion.",
        ),
        (NoSuchItemError(7), "There is no item 7.", "The verdicts of each batch lead to its items."),
        (
            BatchPurgedError(7),
            "Batch 7 was purged: its rows are deleted.",
            "Uploading its file again makes a new batch.",
        ),
        (
            NewsgateError("already enqueued", remedy="`newsgate requeue 3` goes on with it; --again enqueues it"),
            "Already enqueued.",
            "“Try rows again” on the page of batch 3 goes on with it; “Enqueue it once more” enqueues it.",
        ),
        (
            NewsgateError("it never met model 2", remedy="`newsgate reclassify 1 --model 2` has it classify"),
            "It never met model 2.",
            "“Classify it again” on the page of batch 1 has it classify.",
        ),
        (
            NewsgateError("it says neither", remedy="Say which is which: --labels 'fake=pants on fire;real=true'"),
            "It says neither.",
            "Say which is which: “Meaning of the labels” fake=pants on fire;real=true.",
        ),
    ],
)
def test_options_are_told_as_fields_of_the_form(error: NewsgateError, what: str, remedy: str | None) -> None:
    told = in_words_of_the_page(error)
    assert (told.what, told.remedy) == (what, remedy)


# Rooms whose errors the page shows, and options in them that its forms never lead to.
_SHOWN = ("tasks/reading", "tasks/enqueueing", "tasks/exporting")
_ELSEWHERE = {"--from", "--text-fallback", "--keep", "--labels-strict", "--format", "--limit"}


def test_every_option_that_an_error_names_has_a_name_on_the_page() -> None:
    told = set()
    for room in _SHOWN:
        for file in (Path(__file__).parents[2] / room).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            docstrings = {
                id(node.body[0].value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                and node.body
                and isinstance(node.body[0], ast.Expr)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                    told.update(re.findall(r"(?<![\w`-])--[a-z][a-z-]+", re.sub(r"`[^`]*`?", "", node.value)))
    assert "--text-column" in told
    left = {option for option in told if "“" not in in_words_of_the_page(NewsgateError(f"leave {option} out")).what}
    assert left <= _ELSEWHERE
